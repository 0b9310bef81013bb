// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// A row of the audit log with the clear text that is still there.
public struct AuditEntry: Sendable {
    public var row: AuditRow
    /// Empty when they were erased.
    public var directory: [UInt8] = []
    public var command: [UInt8] = []
    /// Paths that an operation changed, or that was refused.
    public var paths: [[UInt8]] = []
    /// Of a refusal: what was tried, and the root. Of an obliteration: how it was done. Of the first row: machine,
    /// its number and the user's name.
    public var notes: [[UInt8]] = []
}

/// Which rows are asked for.
public struct AuditQuery: Sendable {
    /// Rows from this number on.
    public var first: Int64 = 0
    public var limit = Int.max
    /// Nanoseconds since 1970: rows that ended then or later.
    public var since: Int64?
    public var user: Int64?
    /// Names of types.
    public var types: [String] = []
    /// Absolute: rows about it or what is below it.
    public var path: [UInt8]?
    /// Whether paths are looked up.
    public var wantsPaths = false

    public init() {}
}

extension OperationLog {
    /// Calls `body` with each row that the query asks for, oldest first.
    public func forEachAuditEntry(_ query: AuditQuery, _ body: (AuditEntry) -> Void) throws(StoreError) {
        guard try AuditWriter.exists(database) else { return }
        let clear = try database.prepare("SELECT note FROM audit_clear WHERE number = ?1")
        let plain = try database.prepare("SELECT directory, command FROM operations WHERE id = ?1")
        let paths = try database.prepare("SELECT path FROM results WHERE operation = ?1 AND soft = 0 ORDER BY path")
        var touching: Set<UInt64>?
        if let path = query.path { touching = Set(try operations(touching: path)) }
        var left = query.limit
        try forEachAuditRow(from: query.first) { (row) throws(StoreError) in
            if left == 0 { return false }
            if let since = query.since, row.ended < since { return true }
            if let user = query.user, row.user != user { return true }
            if !query.types.isEmpty, !query.types.contains(row.type.name) { return true }
            var entry = AuditEntry(row: row)
            if row.type.isOperation {
                if let touching, !touching.contains(row.subject) { return true }
                plain.bind(row.subject)
                if try plain.step() {
                    entry.directory = plain.bytes(0)
                    entry.command = plain.bytes(1)
                }
                plain.reset()
                if query.wantsPaths {
                    paths.bind(row.subject)
                    while try paths.step() { entry.paths.append(paths.bytes(0)) }
                }
            } else {
                clear.bind(row.number)
                let note = try clear.step() ? clear.bytes(0) : []
                clear.reset()
                entry.read(note)
                if row.type == .expiration { entry.notes = row.expired.map { Array("@\($0)".utf8) } }
                if let path = query.path, !entry.paths.contains(where: { isBelow($0, path) }) { return true }
            }
            left -= 1
            body(entry)
            return true
        }
    }
}

extension AuditEntry {
    fileprivate mutating func read(_ note: [UInt8]) {
        if note.isEmpty { return }
        if row.type == .refusal || row.type == .unconfined, let refusal = RefusalRecord(note: note) {
            var path = refusal.path
            if path.first != UInt8(ascii: "/"), !refusal.directory.isEmpty {
                path = refusal.directory + [UInt8(ascii: "/")] + path
            }
            paths = [path]
            directory = refusal.directory
            command = refusal.command
            notes = [refusal.action, refusal.root]
        } else {
            notes = note.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
        }
    }
}
