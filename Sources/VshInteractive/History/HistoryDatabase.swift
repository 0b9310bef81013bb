// SPDX-License-Identifier: MPL-2.0
import VshStore
import VshSystem

/// The tables of `history.db`, in the state directory, mode 0600.
///
/// Row numbers grow with time. `latest` has each command once, with the number of its newest row: what lists and
/// suggestions go through, so that a command run ten thousand times costs no more than another.
enum HistoryDatabase {
    /// Opens the database; makes it when it is new.
    /// - Parameter patience: how long to wait for another process's lock, in milliseconds.
    static func open(_ path: [UInt8], patience: Int32) throws(StoreError) -> Database {
        let isNew = (try? FileStatus(path)) == nil
        if isNew {
            do {
                _ = try FileDescriptor(path, [.readWrite, .create], mode: 0o600)
            } catch {
                throw StoreError(.system(error), path)
            }
        }
        Database.useHighDescriptors()
        let database = try Database(path: path, patience: patience)
        let query = try database.prepare("PRAGMA user_version")
        let version = try query.step() ? query.int(0) : 0
        query.reset()
        if version == 0 {
            try database.run("PRAGMA journal_mode=WAL")
        } else if version != 1 {
            throw StoreError(.damaged, path)
        }
        // No prompt waits for the disk: `shorten` takes the write-ahead log into the database.
        try database.run(
            """
            PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=524288;
            PRAGMA cache_size=-400
            """)
        if version == 0 { try database.transaction { () throws(StoreError) in try database.run(schema) } }
        return database
    }

    /// Has a process that nobody waits for take the write-ahead log into the database, when it is long: the first to open the file reads
    /// all of it, and the others wait. No connection may be open here.
    static func shorten(_ path: [UInt8]) {
        guard let log = try? FileStatus(path + Array("-wal".utf8)), log.size > longLog,
            (try? System.detach()) == true
        else { return }
        do {
            // One such process is enough. (Its lock is not of the kind that SQLite takes.)
            let file = try System.open(path, [.readOnly, .closeOnExec])
            try System.lock(file, .exclusive, wait: false)
            let database = try open(path, patience: 500)
            // First what nobody has to wait for; then, while others wait, what came meanwhile, and the log is cut.
            try database.run("PRAGMA wal_checkpoint(PASSIVE)")
            try database.run("PRAGMA wal_checkpoint(TRUNCATE)")
        } catch {}
        System.exit(0)
    }

    /// About 15 commands.
    private static var longLog: Int64 { 524_288 }

    private static var schema: StaticString {
        """
        CREATE TABLE IF NOT EXISTS history(
          id INTEGER PRIMARY KEY AUTOINCREMENT, command BLOB NOT NULL, directory BLOB NOT NULL,
          start INTEGER NOT NULL, duration INTEGER NOT NULL DEFAULT -1, status INTEGER NOT NULL DEFAULT -1,
          session INTEGER NOT NULL, undoable INTEGER NOT NULL DEFAULT 0, operations BLOB NOT NULL DEFAULT x'',
          paths BLOB NOT NULL DEFAULT x'');
        CREATE INDEX IF NOT EXISTS history_session ON history(session);
        CREATE INDEX IF NOT EXISTS history_command ON history(command, session);
        CREATE INDEX IF NOT EXISTS history_directory ON history(directory);
        CREATE TABLE IF NOT EXISTS latest(id INTEGER PRIMARY KEY, command BLOB NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS latest_command ON latest(command);
        PRAGMA user_version=1;
        """
    }

    /// Makes `latest` anew, after rows were deleted or changed.
    static func rebuildLatest(_ database: Database) throws(StoreError) {
        try database.run("DELETE FROM latest")
        try database.run("INSERT INTO latest(id, command) SELECT max(id), command FROM history GROUP BY command")
    }

    /// The bytes above every text that begins with `prefix`.
    static func upperBound(_ prefix: [UInt8]) -> [UInt8] {
        var bound = prefix
        while bound.last == 0xFF { bound.removeLast() }
        if bound.isEmpty { return [UInt8](repeating: 0xFF, count: 16) }
        bound[bound.count - 1] += 1
        return bound
    }
}
