// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// What `audit verify` found.
public struct AuditReport: Sendable {
    public struct Finding: Sendable {
        /// The row that is wrong, or nil when it is the log as a whole.
        public var row: Int64?
        public var text: String
    }

    /// Empty when everything is as it should be. Of the chain itself, only the first break is named.
    public var findings: [Finding] = []
    public var rows: Int64 = 0
    public var head: AuditHead?
    /// Commitments compared with their clear text, and those whose clear text was erased.
    public var opened = 0
    public var erased = 0
}

extension OperationLog {
    private static var auditColumns: StaticString {
        """
        SELECT number, type, subject, session, process, user, began, ended, outcome, status, changes, missing, target,
          transaction_id, records, items, hash FROM audit WHERE number >= ?1 ORDER BY number
        """
    }

    /// Calls `body` with each row from `first` on, until it gives false.
    func forEachAuditRow(from first: Int64, _ body: (AuditRow) throws(StoreError) -> Bool) throws(StoreError) {
        guard try AuditWriter.exists(database) else { return }
        let query = try database.prepare(Self.auditColumns).bind(first)
        defer { query.reset() }
        while try query.step() {
            var row = AuditRow()
            row.number = query.int(0)
            row.type = AuditType(rawValue: query.int(1))
            row.subject = query.number(2)
            row.session = query.number(3)
            row.process = query.int(4)
            row.user = query.int(5)
            row.began = query.int(6)
            row.ended = query.int(7)
            row.outcome = query.int(8)
            row.status = query.int(9)
            row.changes = query.int(10)
            row.missing = query.int(11)
            row.target = query.number(12)
            row.transaction = query.number(13)
            row.records = query.int(14)
            row.items = query.bytes(15)
            row.hash = query.bytes(16)
            if try !body(row) { return }
        }
    }

    /// A row, or nil.
    public func auditRow(_ number: Int64) throws(StoreError) -> AuditRow? {
        var found: AuditRow?
        try forEachAuditRow(from: number) { row in
            if row.number == number { found = row }
            return false
        }
        return found
    }

    /// The newest row's number and hash, or nil when there is no chain.
    public func auditHead() throws(StoreError) -> AuditHead? {
        guard try AuditWriter.exists(database) else { return nil }
        let query = try database.prepare("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
        defer { query.reset() }
        return try query.step() ? AuditHead(number: query.int(0), hash: query.bytes(1)) : nil
    }

    /// Checks the chain, the commitments whose clear text is still there, and that the log is a legal run.
    /// - Parameter expected: a head that was kept elsewhere: the chain must have it.
    public func verifyAudit(_ state: StateDirectory, expected: AuditHead?) throws(StoreError) -> AuditReport {
        var report = AuditReport()
        var previous = [UInt8](repeating: 0, count: AuditRow.hashSize)
        var next: Int64 = 0
        var check = LogCheck(oldest: 0)
        var known: [OperationID: KnownOperation] = [:]
        var expired: [OperationID: AuditRow] = [:]
        // Newest row that tells of an obliteration of an operation's records.
        var obliterated: [OperationID: Int64] = [:]
        var oldest: OperationID = 0
        var heads = state.savedHeads().map { (head: $0, isOutside: false) }
        let hasSaved = !heads.isEmpty
        if let expected { heads.append((expected, true)) }
        var met = [Bool](repeating: false, count: heads.count)
        let opener = try AuditWriter.exists(database) ? try CommitmentCheck(self) : nil
        func add(_ row: Int64?, _ text: String) {
            report.findings.append(AuditReport.Finding(row: row, text: text))
        }
        try forEachAuditRow(from: Int64.min) { (row) throws(StoreError) in
            switch AuditChain.verdict(
                expected: UInt64(bitPattern: next), number: UInt64(bitPattern: row.number),
                computed: row.digest(after: previous), stored: row.hash)
            {
            case .fits: break
            case .misplaced:
                add(next, row.number > next ? "is missing" : "is not the first, as it should be")
                return false
            case .broken:
                add(row.number, "was changed, or a row before it was: its hash does not fit")
                return false
            }
            if row.number == 0 {
                if row.type != .start { add(0, "is no first row") }
                oldest = row.subject
                check = LogCheck(oldest: oldest)
            }
            for index in heads.indices where heads[index].head == AuditHead(row) { met[index] = true }
            if let opener { try opener.check(row, &report, add) }
            if row.type.isOperation {
                known[row.subject] = KnownOperation(row)
                do throws(LogViolation) {
                    try check.apply(row)
                } catch {
                    add(row.number, "is no step that could have been made: \(error.text)")
                }
            }
            if row.type == .expiration { for id in row.expired { expired[id] = row } }
            if row.type == .obliteration { for id in row.obliterated { obliterated[id] = row.number } }
            previous = row.hash
            next += 1
            report.head = AuditHead(row)
            return true
        }
        report.rows = next
        if report.findings.isEmpty {
            for (index, (head, isOutside)) in heads.enumerated() where !met[index] {
                let which =
                    isOutside ? "the head given" : "the head saved in \(String(decoding: state.head, as: UTF8.self))"
                if head.number >= next {
                    add(next, "is missing: \(which) is row \(head.number): the log was cut, rolled back or replaced")
                } else {
                    add(head.number, "is another one than in \(which): the log was replaced")
                }
            }
            if next > 0, !hasSaved { add(nil, "the file with the newest head is gone") }
            for (id, row) in opener?.erasedOperations ?? [] where obliterated[id] ?? -1 < row {
                add(row, "has lost texts of @\(id), but no obliteration tells of it")
                break
            }
            try checkOperations(known, oldest, add)
            try checkStates(check, add)
            try checkOrder(known, oldest, add)
            try checkExpirations(expired, oldest, add)
            if next > 0 { try checkStrays(oldest, add) }
        }
        return report
    }

    /// Every operation must have its row, and the tables their guards.
    private func checkOperations(
        _ known: [OperationID: KnownOperation], _ oldest: OperationID, _ add: (Int64?, String) -> Void
    )
        throws(StoreError)
    {
        let ids = try database.prepare("SELECT id FROM operations WHERE id > ?1 ORDER BY id").bind(oldest)
        while try ids.step() {
            let id = ids.number(0)
            if known[id] == nil {
                add(nil, "operation @\(id) is in the log, but has no row in the audit log")
                ids.reset()
                break
            }
        }
        if known.isEmpty { return }
        let guards = try database.prepare(
            "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('audit', 'operations', 'states')"
        )
        defer { guards.reset() }
        if try guards.step(), guards.int(0) < 6 { add(nil, "triggers that keep rows from being changed are gone") }
    }

    /// What the chain says of each entry must be what undo goes by.
    private func checkStates(_ check: LogCheck, _ add: (Int64?, String) -> Void) throws(StoreError) {
        let query = try database.prepare(
            "SELECT entry, state FROM states s WHERE number = (SELECT max(number) FROM states WHERE entry = s.entry)")
        var states: [OperationID: Int64] = [:]
        while try query.step() { states[query.number(0)] = query.int(1) }
        for id in check.standings.keys.sorted() {
            guard let standing = check.standings[id] else { continue }
            let expected: Int64
            switch standing {
            case .done: expected = 0
            case .undone: expected = 1
            case .open: expected = 2
            case .closed: expected = 255
            case .event: continue
            }
            // What was obliterated is no entry any more.
            let found = states[id] ?? -1
            if found != expected && found != 255 {
                add(nil, "the state of @\(id) in the log is not what the audit log says")
                return
            }
        }
    }
}

/// The rest of what undo reads.
extension OperationLog {
    /// Rows of `states` were entered together with the operations, and in their order.
    private func checkOrder(
        _ known: [OperationID: KnownOperation], _ oldest: OperationID, _ add: (Int64?, String) -> Void
    ) throws(StoreError) {
        let query = try database.prepare(
            """
            SELECT s.number, s.entry, s.event, s.state,
              s.state = 255 AND s.entry = s.event AND (SELECT command FROM operations WHERE id = s.event) = ?1
            FROM states s ORDER BY s.number
            """
        ).bind(Self.erasedText)
        defer { query.reset() }
        var last: Int64 = 0
        while try query.step() {
            let (number, entry, event) = (query.int(0), query.number(1), query.number(2))
            // What was obliterated was closed after everything else.
            if query.int(4) != 0 { continue }
            guard let operation = known[event] else {
                if event > 0, event <= oldest { continue }
                return add(nil, "state \(number) in the log is of no operation")
            }
            if operation.row < last || query.int(3) == 255 && entry == event {
                return add(operation.row, "left a state that is not where it was in the log")
            }
            if operation.format > 0, entry != event, entry != operation.target {
                return add(operation.row, "left the state of another entry in the log")
            }
            last = operation.row
        }
    }

    /// What undo refuses because its pre-images were given up.
    private func checkExpirations(
        _ expired: [OperationID: AuditRow], _ oldest: OperationID, _ add: (Int64?, String) -> Void
    ) throws(StoreError) {
        let query = try database.prepare("SELECT operation, time FROM expirations")
        defer { query.reset() }
        var found: Set<OperationID> = []
        while try query.step() {
            let (id, time) = (query.number(0), query.int(1))
            found.insert(id)
            guard let row = expired[id] else {
                if id > 0, id <= oldest { continue }
                return add(nil, "@\(id) is marked as expired in the log, but not in the audit log")
            }
            // Of those from before there were such rows the time is not known.
            if row.began == 0 ? time > row.ended : time != row.ended {
                return add(row.number, "says something else of @\(id) than the log does")
            }
        }
        for id in expired.keys.sorted() where !found.contains(id) {
            return add(expired[id]?.number, "tells that @\(id) expired, which the log no longer says")
        }
    }

    /// Rows that belong to nothing.
    private func checkStrays(_ oldest: OperationID, _ add: (Int64?, String) -> Void) throws(StoreError) {
        for (table, sql) in [
            (
                "changes",
                """
                SELECT operation FROM changes WHERE operation NOT BETWEEN 1 AND ?1
                  AND NOT EXISTS(SELECT 1 FROM operations WHERE id = operation) LIMIT 1
                """ as StaticString
            ),
            (
                "results",
                """
                SELECT operation FROM results WHERE operation NOT BETWEEN 1 AND ?1
                  AND NOT EXISTS(SELECT 1 FROM operations WHERE id = operation) LIMIT 1
                """
            ),
            (
                "audit_clear",
                """
                SELECT number FROM audit_clear c WHERE ?1 = ?1
                  AND NOT EXISTS(SELECT 1 FROM audit a WHERE a.number = c.number) LIMIT 1
                """
            ),
        ] {
            let query = try database.prepare(sql).bind(oldest)
            if try query.step() { add(nil, "a row of the table \(table) belongs to nothing: \(query.int(0))") }
            query.reset()
        }
    }
}

/// An operation that the chain tells of.
private struct KnownOperation {
    var row: Int64
    var format: Int64
    var target: OperationID

    init(_ row: AuditRow) {
        self.row = row.number
        format = AuditLayout.format(row)
        target = row.target
    }
}

extension LogViolation {
    fileprivate var text: String {
        switch self {
        case .repeated(let id): "@\(id) is there twice"
        case .unknown(let id): "@\(id) is not there"
        case .notDone(let id): "@\(id) was not in effect"
        case .notUndone(let id): "@\(id) was not undone"
        case .notOpen(let id): "the transaction @\(id) was not open"
        }
    }
}

extension LogCheck {
    fileprivate mutating func apply(_ row: AuditRow) throws(LogViolation) {
        let outcome = OperationOutcome(rawValue: UInt8(truncatingIfNeeded: row.outcome)) ?? .finished
        let event: LogEvent =
            switch row.type.operation {
            case .command, .undoPaths, .restore: .operation(outcome != .failed && row.changes > 0)
            case .undo: .undo(row.target, outcome: outcome)
            case .redo: .redo(row.target, outcome: outcome)
            case .rollback: .rollback(row.target, outcome: outcome)
            case .begin: .begin
            case .commit: .commit(row.target)
            default: .other
            }
        try apply(row.subject, event, inside: row.transaction)
    }
}

extension OperationLog {
    func isExpired(_ operation: OperationID) throws(StoreError) -> Bool {
        let query = try database.prepare("SELECT 1 FROM expirations WHERE operation = ?1").bind(operation)
        defer { query.reset() }
        return try query.step()
    }

    /// Changes with their numbers, which count from 1.
    func numberedChanges(of operation: OperationID) throws(StoreError) -> [(number: Int64, change: ChangeRecord)] {
        let query = try database.prepare("SELECT number FROM changes WHERE operation = ?1 ORDER BY number").bind(
            operation)
        var numbers: [Int64] = []
        while try query.step() { numbers.append(query.int(0)) }
        let changes = try changes(of: operation)
        return Array(zip(numbers, changes))
    }

    /// Results in the order of their paths.
    func resultsInOrder(of operation: OperationID) throws(StoreError) -> [ResultRecord] {
        try results(of: operation).sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }
}
