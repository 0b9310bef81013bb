// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// An operation as the log holds it.
public struct LoggedOperation: Sendable {
    public var id: OperationID
    public var kind: OperationKind
    public var session: UInt64
    public var transaction: OperationID
    public var parent: OperationID
    public var process: Int32
    /// Nanoseconds since 1970.
    public var began: Int64
    public var ended: Int64
    public var outcome: OperationOutcome
    public var status: Int32
    /// Paths changed, and those among them that cannot be put back.
    public var changes: Int
    public var missing: Int
    /// The entry that an undo, redo, rollback or commit is about, or 0.
    public var target: OperationID
    public var directory: [UInt8]
    public var command: [UInt8]
    /// Its pre-images were given up to make room.
    public var isExpired: Bool
    /// As an entry of the history; nil for undos, redos and other events.
    public var entry: Entry?
}

/// The database `log.sqlite`: operations, changes, results and the states of entries. Rows are only added; a change of
/// state is a new row. Every use opens it anew (see `Database`).
public final class OperationLog {
    let database: Database
    /// Whether journals are overwritten before they are removed.
    public var wipesJournals = false
    /// Where a damaged log was put when this one was opened.
    public let setAside: [UInt8]?

    /// Opens the log and makes its tables when it is new; see `LogOpening.swift`.
    /// - Parameter patience: how long to wait for another process's lock, in milliseconds.
    public init(_ state: StateDirectory, patience: Int32 = 10_000) throws(StoreError) {
        (database, setAside) = try Self.openDatabase(state, patience)
    }

    /// Opens the log unless another uses it or it is damaged.
    init(undamaged state: StateDirectory) throws(StoreError) {
        database = try Self.openOnce(state, 0)
        setAside = nil
    }

    /// The highest numbers used: of sessions, and of operations.
    public func highestNumbers() throws(StoreError) -> (number: UInt64, operation: OperationID) {
        let query = try database.prepare("SELECT (SELECT max(id) FROM sessions), (SELECT max(id) FROM operations)")
        defer { query.reset() }
        return try query.step() ? (query.number(0), query.number(1)) : (0, 0)
    }

    // MARK: Queries

    /// What is asked for.
    public struct Query: Sendable {
        /// Only of this session.
        public var session: UInt64?
        /// Only with numbers below this.
        public var before: OperationID?
        /// Only what is an entry of the history, not undos, redos and other events.
        public var entriesOnly = false
        /// Only entries, those first whose state changed last: the order that undo and redo go by.
        public var byChange = false
        /// At most so many, newest first.
        public var limit = Int.max

        public init() {}
    }

    private static var columns: StaticString {
        """
        SELECT o.id, o.kind, o.session, o.transaction_id, o.parent, o.process, o.began, o.ended, o.outcome, o.status,
          o.changes, o.missing, o.target, o.directory, o.command,
          EXISTS(SELECT 1 FROM expirations x WHERE x.operation = o.id),
          s.state, s.position, s.event, s.effective
        """
    }

    private static var all: StaticString {
        """
        FROM operations o LEFT JOIN states s ON s.number = (SELECT max(number) FROM states WHERE entry = o.id)
        WHERE ?1 = 0 AND o.id < ?2 AND (?3 = 0 OR o.session = ?3) AND (?4 = 0 OR s.number IS NOT NULL)
        ORDER BY o.id DESC LIMIT ?5
        """
    }

    /// The session's index is used only when its number stands in the text of the query.
    private static var ofSession: StaticString {
        """
        FROM operations o LEFT JOIN states s ON s.number = (SELECT max(number) FROM states WHERE entry = o.id)
        WHERE ?1 = 0 AND o.session = ?3 AND o.id < ?2 AND (?4 = 0 OR s.number IS NOT NULL)
        ORDER BY o.id DESC LIMIT ?5
        """
    }

    /// From the newest change of a state backwards, without a sort.
    private static var byChange: StaticString {
        """
        FROM states s CROSS JOIN operations o ON o.id = s.entry
        WHERE ?1 = 0 AND s.entry < ?2 AND (?3 = 0 OR o.session = ?3) AND ?4 = ?4
          AND s.number = (SELECT max(number) FROM states WHERE entry = s.entry)
        ORDER BY s.number DESC LIMIT ?5
        """
    }

    private static var single: StaticString {
        """
        FROM operations o LEFT JOIN states s ON s.number = (SELECT max(number) FROM states WHERE entry = o.id)
        WHERE o.id = ?1 AND ?2 > 0 AND ?3 >= 0 AND ?4 >= 0 LIMIT ?5
        """
    }

    /// Operations, newest first.
    public func operations(_ query: Query) throws(StoreError) -> [LoggedOperation] {
        try fetch(id: 0, query)
    }

    /// One operation, or nil.
    public func operation(_ id: OperationID) throws(StoreError) -> LoggedOperation? {
        var query = Query()
        query.limit = 1
        return try fetch(id: id, query).first
    }

    private func fetch(id: OperationID, _ query: Query) throws(StoreError) -> [LoggedOperation] {
        let rest =
            id != 0 ? Self.single : query.byChange ? Self.byChange : query.session != nil ? Self.ofSession : Self.all
        let statement = try database.prepare(Self.columns, rest)
        statement.bind(id).bind(min(query.before ?? UInt64(Int64.max), UInt64(Int64.max)))
        statement.bind(query.session ?? 0).bind(Int64(query.entriesOnly ? 1 : 0)).bind(Int64(query.limit))
        var found: [LoggedOperation] = []
        while try statement.step() {
            let state = Entry.State(rawValue: UInt8(truncatingIfNeeded: statement.int(16)))
            var operation = LoggedOperation(
                id: statement.number(0), kind: OperationKind(statement.int(1)) ?? .command,
                session: statement.number(2), transaction: statement.number(3), parent: statement.number(4),
                process: Int32(truncatingIfNeeded: statement.int(5)), began: statement.int(6), ended: statement.int(7),
                outcome: OperationOutcome(statement.int(8)) ?? .finished,
                status: Int32(truncatingIfNeeded: statement.int(9)), changes: Int(statement.int(10)),
                missing: Int(statement.int(11)), target: statement.number(12), directory: statement.bytes(13),
                command: statement.bytes(14), isExpired: statement.int(15) != 0, entry: nil)
            // Column 18 is never 0 in a row of states.
            if statement.int(18) != 0, let state {
                operation.entry = Entry(
                    id: operation.id, transaction: operation.transaction, parent: operation.parent,
                    isTransaction: operation.kind == .begin, state: state, position: statement.number(17),
                    changed: statement.number(18), effective: Self.numbers(statement.bytes(19)))
            }
            found.append(operation)
        }
        return found
    }

    /// Whether the process that a session belonged to still runs.
    public func isLive(session: UInt64) throws(StoreError) -> Bool {
        let query = try database.prepare("SELECT process, start FROM sessions WHERE id = ?1").bind(session)
        defer { query.reset() }
        guard try query.step() else { return false }
        return System.startTime(of: Int32(truncatingIfNeeded: query.int(0))) == query.number(1)
    }

    /// The changes of an operation, in the order in which they were made.
    public func changes(of operation: OperationID) throws(StoreError) -> [ChangeRecord] {
        let query = try database.prepare(
            """
            SELECT kind, preimage, reason, item, path, other, location, before, attributes, content
            FROM changes WHERE operation = ?1 ORDER BY number
            """
        ).bind(operation)
        var changes: [ChangeRecord] = []
        while try query.step() {
            var change = ChangeRecord()
            change.kind = ChangeKind(query.int(0)) ?? .created
            change.preimage = Preimage(query.int(1)) ?? .missing
            change.reason = MissingReason(query.int(2)) ?? .none
            change.item = query.number(3)
            change.path = query.bytes(4)
            change.other = query.bytes(5)
            change.location = query.bytes(6)
            change.before = NodeState(encoded: query.bytes(7)) ?? .absent
            change.attributes = query.bytes(8)
            change.content = query.bytes(9)
            changes.append(change)
        }
        return changes
    }

    /// The states that an operation left.
    public func results(of operation: OperationID) throws(StoreError) -> [ResultRecord] {
        let query = try database.prepare("SELECT path, after, digest, soft FROM results WHERE operation = ?1").bind(
            operation)
        var results: [ResultRecord] = []
        while try query.step() {
            var result = ResultRecord()
            result.path = query.bytes(0)
            result.after = NodeState(encoded: query.bytes(1)) ?? .absent
            result.digest = query.bytes(2)
            result.isSoft = query.int(3) != 0
            results.append(result)
        }
        return results
    }

    /// The highest operation number that has results.
    public func newestOperation() throws(StoreError) -> OperationID {
        let query = try database.prepare("SELECT max(id) FROM operations WHERE kind NOT IN (4, 5)")
        defer { query.reset() }
        return try query.step() ? query.number(0) : 0
    }

    /// Asks what later operations left at a path, again and again.
    public final class LaterResults {
        private let statement: Statement
        init(_ statement: Statement) { self.statement = statement }

        /// Operations above `operation` that touched the path, newest first, with what they left.
        public func find(_ path: [UInt8], after operation: OperationID) throws(StoreError) -> [(
            operation: OperationID, result: ResultRecord
        )] {
            statement.bind(path).bind(operation)
            var found: [(OperationID, ResultRecord)] = []
            while try statement.step() {
                var result = ResultRecord()
                result.path = path
                result.after = NodeState(encoded: statement.bytes(1)) ?? .absent
                result.digest = statement.bytes(2)
                result.isSoft = statement.int(3) != 0
                found.append((statement.number(0), result))
            }
            return found
        }
    }

    public func laterResults() throws(StoreError) -> LaterResults {
        LaterResults(
            try database.prepare(
                """
                SELECT operation, after, digest, soft FROM results WHERE path = ?1 AND operation > ?2
                ORDER BY operation DESC
                """))
    }

    static func numbers(_ bytes: [UInt8]) -> [OperationID] {
        bytes.withUnsafeBytes { raw in
            stride(from: 0, to: raw.count & ~7, by: 8).map { raw.loadUnaligned(fromByteOffset: $0, as: UInt64.self) }
        }
    }

    static func bytes(_ numbers: [OperationID]) -> [UInt8] {
        var bytes: [UInt8] = []
        for number in numbers { withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) } }
        return bytes
    }
}

extension RawRepresentable where RawValue == UInt8 {
    /// The value of a column; nil when it is none.
    init?(_ column: Int64) {
        guard let value = UInt8(exactly: column) else { return nil }
        self.init(rawValue: value)
    }
}

/// Questions of the undo engine.
extension OperationLog {
    /// Operations that left a state at a path or below it, newest first.
    public func operations(touching path: [UInt8]) throws(StoreError) -> [OperationID] {
        let query = try database.prepare(
            """
            SELECT DISTINCT operation FROM results WHERE soft = 0 AND path = ?1
            UNION SELECT DISTINCT operation FROM results WHERE soft = 0 AND path > ?2 AND path < ?3
            ORDER BY operation DESC
            """)
        query.bind(path).bind(path + [UInt8(ascii: "/")]).bind(path + [UInt8(ascii: "/") + 1])
        return try numbers(query)
    }

    /// The operations in effect inside a transaction, oldest first.
    public func effective(inside transaction: OperationID) throws(StoreError) -> [OperationID] {
        let query = try database.prepare(
            """
            SELECT s.effective FROM operations o
            JOIN states s ON s.number = (SELECT max(number) FROM states WHERE entry = o.id)
            WHERE o.transaction_id = ?1 AND o.transaction_id <> 0 AND s.state = 0 ORDER BY s.event
            """
        ).bind(transaction)
        var found: [OperationID] = []
        while try query.step() { found += Self.numbers(query.bytes(0)) }
        return found
    }

    /// Everything that was done inside a transaction, undone or not, oldest first.
    public func members(of transaction: OperationID) throws(StoreError) -> [OperationID] {
        let query = try database.prepare(
            """
            WITH RECURSIVE inside(id) AS (
              SELECT id FROM operations WHERE transaction_id = ?1 AND transaction_id <> 0
              UNION SELECT o.id FROM operations o JOIN inside i ON o.transaction_id = i.id)
            SELECT id FROM inside ORDER BY id
            """
        ).bind(transaction)
        return try numbers(query)
    }

    /// Open transactions, newest first.
    public func openTransactions() throws(StoreError) -> [LoggedOperation] {
        let query = try database.prepare(
            """
            SELECT entry FROM states s WHERE state = 2
              AND number = (SELECT max(number) FROM states WHERE entry = s.entry) ORDER BY entry DESC
            """)
        var found: [LoggedOperation] = []
        for id in try numbers(query) {
            if let operation = try operation(id) { found.append(operation) }
        }
        return found
    }

    private func numbers(_ query: Statement) throws(StoreError) -> [OperationID] {
        var found: [OperationID] = []
        while try query.step() { found.append(query.number(0)) }
        return found
    }
}
