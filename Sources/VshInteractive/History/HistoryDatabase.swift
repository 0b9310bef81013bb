// SPDX-License-Identifier: MPL-2.0
import VshStore
import VshSystem

/// The tables of `history.db`, in the state directory, mode 0600.
///
/// Row numbers grow with time. `latest` has each command once, with the number of its newest row: what lists and
/// suggestions go through, so that a command run ten thousand times costs no more than another.
enum HistoryDatabase {
    /// Opens the database; makes it when it is new.
    static func open(_ path: [UInt8]) throws(StoreError) -> Database {
        let isNew = (try? FileStatus(path)) == nil
        if isNew {
            do {
                _ = try FileDescriptor(path, [.readWrite, .create], mode: 0o600)
            } catch {
                throw StoreError(.system(error), path)
            }
        }
        Database.useHighDescriptors()
        let database = try Database(path: path, patience: 500)
        let query = try database.prepare("PRAGMA user_version")
        let version = try query.step() ? query.int(0) : 0
        query.reset()
        if version == 0 {
            try database.run("PRAGMA journal_mode=WAL")
        } else if version != 1 {
            throw StoreError(.damaged, path)
        }
        // The first to open the file reads the whole write-ahead log: that is kept short.
        try database.run("PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=128; PRAGMA cache_size=-400")
        if version == 0 { try database.transaction { () throws(StoreError) in try database.run(schema) } }
        return database
    }

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
