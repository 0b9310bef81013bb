// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// Opening the database: a new one is made, one of an earlier version is migrated, one of a later version is refused,
/// and what is damaged or no log of ours is set aside, never overwritten.
extension OperationLog {
    static var version: Int64 { 3 }

    /// - Returns: also where a damaged one was put.
    static func openDatabase(_ state: StateDirectory, _ patience: Int32) throws(StoreError) -> (Database, [UInt8]?) {
        let deadline = Clock.monotonic + Int64(patience) * 1_000_000
        while true {
            do {
                return (try openOnce(state, patience), nil)
            } catch {
                // Where several make the log at once, SQLite does not wait for the change to write-ahead logging.
                if case .database = error.code, error.isBusy, Clock.monotonic < deadline {
                    try? Clock.sleep(nanoseconds: 1_000_000)
                    continue
                }
                guard error.isDamage else { throw error }
                break
            }
        }
        // One shell at a time, and only what is damaged still: another may have set it aside just now.
        do {
            let lock = try FileDescriptor(state.path, [.readOnly, .directory])
            try System.lock(lock.rawValue, .exclusive)
            return try openLocked(state, patience)
        } catch let error as StoreError {
            throw error
        } catch let error as Errno {
            throw StoreError(.system(error), state.path)
        } catch {
            throw StoreError(.damaged, state.path)
        }
    }

    private static func openLocked(_ state: StateDirectory, _ patience: Int32) throws(StoreError) -> (
        Database, [UInt8]?
    ) {
        do {
            return (try openOnce(state, patience), nil)
        } catch {
            guard error.isDamage else { throw error }
        }
        let name = try setAside(state)
        return (try openOnce(state, patience), name)
    }

    /// After a query has found damage: puts the database aside, so that the next opening begins a new one.
    /// - Returns: where it is now.
    public static func setDamagedAside(_ state: StateDirectory) throws(StoreError) -> [UInt8] { try setAside(state) }

    static func openOnce(_ state: StateDirectory, _ patience: Int32) throws(StoreError) -> Database {
        try tighten(state)
        let database = try Database(path: state.log, patience: patience)
        let query = try database.prepare(
            """
            SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id),
              (SELECT count(*) FROM sqlite_master), (SELECT count(*) FROM sqlite_master WHERE name = 'operations')
            """)
        guard try query.step() else { throw StoreError(.damaged, state.log) }
        let (found, application, tables, own) = (query.int(0), query.int(1), query.int(2), query.int(3))
        query.reset()
        // What is deleted leaves nothing behind in free pages (docs/audit.md). The write-ahead log is taken into the database
        // by a process that nobody waits for (`shorten`).
        try database.run(
            """
            PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON; PRAGMA journal_size_limit=4194304;
            PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-32768
            """)
        if found == version, own == 1 { return database }
        if tables == 0, found == 0 {
            try database.run("PRAGMA journal_mode=WAL")
            try database.transaction { () throws(StoreError) in try database.run(schema) }
            return database
        }
        if own == 0 || application != 0 && application != 1_987_274_798 { throw StoreError(.damaged, state.log) }
        if found > version { throw StoreError(.newer, state.log) }
        if found < 1 { throw StoreError(.damaged, state.log) }
        // What a later version adds is made where it is missing; rows stay as they are.
        try database.transaction { () throws(StoreError) in
            // Another may have done it meanwhile.
            if try self.version(database) == version { return }
            if found < 3 { try AuditWriter(database).adoptExpirations() }
            try database.run(schema)
        }
        return database
    }

    /// The version that the database has now.
    func version() throws(StoreError) -> Int64 { try Self.version(database) }

    private static func version(_ database: Database) throws(StoreError) -> Int64 {
        let query = try database.prepare("PRAGMA user_version")
        defer { query.reset() }
        return try query.step() ? query.int(0) : 0
    }

    /// The directory is for its user only, and so is a new database.
    private static func tighten(_ state: StateDirectory) throws(StoreError) {
        do {
            let status = try FileStatus(state.path)
            if status.permissions & 0o077 != 0 { try System.changeMode(state.path, 0o700) }
            if (try? FileStatus(state.log)) == nil {
                // Not when it is there: to close it here would end the locks of another connection of this process.
                _ = try? FileDescriptor(state.log, [.readWrite, .create, .exclusive], mode: 0o600)
            }
        } catch {
            throw StoreError(.system(error), state.path)
        }
    }

    /// Renames the database and what belongs to it: `log.sqlite.damaged-NUMBER`. The number is one of a journal that
    /// was never used: what lies in the store under lower ones may be the damaged log's.
    private static func setAside(_ state: StateDirectory) throws(StoreError) -> [UInt8] {
        let control = try Control(state, highest: { state.highestNumbers() })
        let number = control.nextNumber()
        let name = state.log + Array(".damaged-\(number)".utf8)
        do {
            try System.rename(state.log, to: name)
        } catch {
            throw StoreError(.system(error), state.log)
        }
        for end in ["-wal", "-shm"] {
            try? System.rename(state.log + Array(end.utf8), to: name + Array(end.utf8))
        }
        return name
    }

    /// The number in the name of a log that was set aside.
    static func setAside(_ name: [UInt8]) -> UInt64? {
        let start = Array("log.sqlite.damaged-".utf8)
        guard name.starts(with: start) else { return nil }
        return UInt64(String(decoding: name[start.count...], as: UTF8.self))
    }

    /// The newest log that was set aside, as a path.
    public static func newestSetAside(_ state: StateDirectory) -> [UInt8]? {
        guard var reader = try? DirectoryReader(state.path) else { return nil }
        var newest: (number: UInt64, name: [UInt8])?
        while let entry = try? reader.next() {
            let name = Array(entry.name)
            if let number = setAside(name), number > newest?.number ?? 0 { newest = (number, name) }
        }
        return newest.map { state.path + [UInt8(ascii: "/")] + $0.name }
    }

    static var schema: StaticString {
        """
        CREATE TABLE IF NOT EXISTS sessions(
          id INTEGER PRIMARY KEY, process INTEGER NOT NULL, start INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS operations(
          id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, session INTEGER NOT NULL, transaction_id INTEGER NOT NULL,
          parent INTEGER NOT NULL, process INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,
          outcome INTEGER NOT NULL, status INTEGER NOT NULL, changes INTEGER NOT NULL, missing INTEGER NOT NULL,
          target INTEGER NOT NULL, directory BLOB NOT NULL, command BLOB NOT NULL);
        CREATE INDEX IF NOT EXISTS operations_session ON operations(session, id);
        CREATE INDEX IF NOT EXISTS operations_transaction ON operations(transaction_id) WHERE transaction_id <> 0;
        CREATE TABLE IF NOT EXISTS changes(
          operation INTEGER NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL, preimage INTEGER NOT NULL,
          reason INTEGER NOT NULL, item INTEGER NOT NULL, path BLOB NOT NULL, other BLOB NOT NULL,
          location BLOB NOT NULL, before BLOB NOT NULL, attributes BLOB NOT NULL, content BLOB NOT NULL,
          PRIMARY KEY(operation, number)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS results(
          operation INTEGER NOT NULL, path BLOB NOT NULL, after BLOB NOT NULL, digest BLOB NOT NULL,
          soft INTEGER NOT NULL, PRIMARY KEY(operation, path)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS results_path ON results(path, operation);
        CREATE TABLE IF NOT EXISTS states(
          number INTEGER PRIMARY KEY, entry INTEGER NOT NULL, state INTEGER NOT NULL, position INTEGER NOT NULL,
          event INTEGER NOT NULL, effective BLOB NOT NULL);
        CREATE INDEX IF NOT EXISTS states_entry ON states(entry, number);
        CREATE INDEX IF NOT EXISTS states_open ON states(entry) WHERE state = 2;
        CREATE TABLE IF NOT EXISTS expirations(operation INTEGER PRIMARY KEY, time INTEGER NOT NULL);
        CREATE TRIGGER IF NOT EXISTS operations_keep BEFORE UPDATE ON operations
          BEGIN SELECT raise(ABORT, 'append only'); END;
        CREATE TRIGGER IF NOT EXISTS operations_stay BEFORE DELETE ON operations
          BEGIN SELECT raise(ABORT, 'append only'); END;
        CREATE TRIGGER IF NOT EXISTS states_keep BEFORE UPDATE ON states
          BEGIN SELECT raise(ABORT, 'append only'); END;
        CREATE TRIGGER IF NOT EXISTS states_stay BEFORE DELETE ON states
          BEGIN SELECT raise(ABORT, 'append only'); END;
        CREATE INDEX IF NOT EXISTS changes_item ON changes(operation) WHERE item <> 0;
        PRAGMA application_id=1987274798;
        PRAGMA user_version=3;
        """
    }
}

extension StoreError {
    /// The database is damaged, or none (SQLITE_CORRUPT, SQLITE_NOTADB).
    public var isDamage: Bool {
        switch code {
        case .damaged: true
        case .database(let code): code & 0xff == 11 || code & 0xff == 26
        default: false
        }
    }
}
