// SPDX-License-Identifier: MPL-2.0
import CSQLite
import VshSystem

/// A connection to an SQLite file. Opened for one purpose and closed after it: it never crosses a fork, and its
/// descriptors never stand while the user's commands run.
public final class Database {
    private var handle: OpaquePointer?
    private let path: [UInt8]
    private let patience: Int32
    /// Who has a lock that no SQLite takes.
    private var intruder: Int32?

    /// - Parameter patience: how long to wait for another process's lock, in milliseconds.
    public init(path: [UInt8], patience: Int32 = 10_000) throws(StoreError) {
        self.path = path
        self.patience = patience
        var db: OpaquePointer?
        let name = path + [0]
        let code = name.withUnsafeBytes {
            sqlite3_open_v2(
                $0.baseAddress!.assumingMemoryBound(to: CChar.self), &db,
                SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
        }
        handle = db
        if code != SQLITE_OK {
            sqlite3_close_v2(db)
            handle = nil
            throw StoreError(.database(code), path)
        }
        sqlite3_busy_handler(
            db, { Unmanaged<Database>.fromOpaque($0!).takeUnretainedValue().waits($1) ? 1 : 0 },
            Unmanaged.passUnretained(self).toOpaque())
        _ = vsh_sqlite_keep_log(db)
    }

    deinit { sqlite3_close_v2(handle) }

    /// Waits a millisecond between tries for the lock of another process, up to the patience. (The waits of sqlite3_busy_timeout
    /// grow to a tenth of a second.) Not for a program that is no SQLite: it may have a file of the shell's open for reading, and keep a lock on it.
    private func waits(_ tries: Int32) -> Bool {
        intruder = nil
        if tries >= patience { return false }
        if tries % 512 == 200, let index = try? FileStatus(path + Array("-shm".utf8)) {
            // The bytes of WAL_WRITE_LOCK and WAL_CKPT_LOCK are never locked for reading (walformat.html, 2.3).
            intruder = System.readLockHolder(index.inode, 120...121)
            if intruder != nil { return false }
        }
        try? Clock.sleep(nanoseconds: 1_000_000)
        return true
    }

    func error(_ code: Int32) -> StoreError {
        if code & 0xff == SQLITE_BUSY, let intruder { return StoreError(.foreignLock(intruder), path) }
        return StoreError(.database(code), path)
    }

    /// Runs statements without parameters and results.
    public func run(_ sql: StaticString) throws(StoreError) {
        let code = sql.utf8Start.withMemoryRebound(to: CChar.self, capacity: sql.utf8CodeUnitCount) {
            sqlite3_exec(handle, $0, nil, nil, nil)
        }
        if code != SQLITE_OK { throw error(code) }
    }

    /// - Parameter rest: more of the text, behind a blank.
    public func prepare(_ sql: StaticString, _ rest: StaticString = "") throws(StoreError) -> Statement {
        var statement: OpaquePointer?
        var text = Array(UnsafeBufferPointer(start: sql.utf8Start, count: sql.utf8CodeUnitCount))
        text.append(UInt8(ascii: " "))
        text += UnsafeBufferPointer(start: rest.utf8Start, count: rest.utf8CodeUnitCount)
        let code = text.withUnsafeBytes {
            sqlite3_prepare_v2(
                handle, $0.baseAddress!.assumingMemoryBound(to: CChar.self), Int32($0.count), &statement, nil)
        }
        guard code == SQLITE_OK, let statement else { throw error(code) }
        return Statement(statement, self)
    }

    /// Files that SQLite opens from now on have numbers from 10 on, where no script writes that never opened them.
    public static func useHighDescriptors() { vsh_sqlite_use_high_descriptors() }

    /// The number of the row that was inserted last.
    public var lastRow: Int64 { sqlite3_last_insert_rowid(handle) }

    /// Rows that the last statement changed.
    public var changedRows: Int { Int(sqlite3_changes(handle)) }

    /// Runs `body` in one transaction that holds the write lock from the start.
    public func transaction<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        try run("BEGIN IMMEDIATE")
        do {
            let result = try body()
            try run("COMMIT")
            return result
        } catch {
            try? run("ROLLBACK")
            throw error
        }
    }
}

/// A prepared statement. Parameters are bound in order, from 1; columns count from 0.
public final class Statement {
    private let handle: OpaquePointer
    private let database: Database
    private var bound: Int32 = 0

    fileprivate init(_ handle: OpaquePointer, _ database: Database) {
        self.handle = handle
        self.database = database
    }

    deinit { sqlite3_finalize(handle) }

    @discardableResult
    public func bind(_ value: Int64) -> Statement {
        bound += 1
        sqlite3_bind_int64(handle, bound, value)
        return self
    }

    @discardableResult
    public func bind(_ value: UInt64) -> Statement { bind(Int64(bitPattern: value)) }

    @discardableResult
    public func bind(_ value: [UInt8]) -> Statement {
        bound += 1
        _ = value.withUnsafeBytes { raw in
            // An empty array may have no address, which would bind NULL.
            raw.isEmpty
                ? sqlite3_bind_zeroblob(handle, bound, 0)
                : sqlite3_bind_blob(handle, bound, raw.baseAddress, Int32(raw.count), vsh_sqlite_transient())
        }
        return self
    }

    /// Goes to the next row; false behind the last, with the statement ready for new parameters.
    public func step() throws(StoreError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        sqlite3_reset(handle)
        bound = 0
        if code != SQLITE_DONE { throw database.error(code) }
        return false
    }

    /// Runs a statement that gives no rows.
    public func run() throws(StoreError) { while try step() {} }

    /// Leaves the rows that were not read.
    public func reset() {
        sqlite3_reset(handle)
        bound = 0
    }

    public func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    public func number(_ column: Int32) -> UInt64 { UInt64(bitPattern: int(column)) }
    /// Calls `body` with the bytes of a column, valid during the call.
    public func withBytes<R>(_ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        let count = Int(sqlite3_column_bytes(handle, column))
        guard count > 0, let start = sqlite3_column_blob(handle, column) else {
            return body(UnsafeBufferPointer(start: nil, count: 0))
        }
        return body(UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: count))
    }

    public func bytes(_ column: Int32) -> [UInt8] {
        let count = Int(sqlite3_column_bytes(handle, column))
        guard count > 0, let start = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }
}
