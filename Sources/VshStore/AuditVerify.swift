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
        var known: [OperationID: Int64] = [:]
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
                known[row.subject] = row.number
                do throws(LogViolation) {
                    try check.apply(row)
                } catch {
                    add(row.number, "is no step that could have been made: \(error.text)")
                }
            }
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
            try checkOperations(known, oldest, add)
            try checkStates(check, add)
        }
        return report
    }

    /// Every operation must have its row, and the tables their guards.
    private func checkOperations(_ known: [OperationID: Int64], _ oldest: OperationID, _ add: (Int64?, String) -> Void)
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

/// Compares rows with the clear text that is still there.
private final class CommitmentCheck {
    private let log: OperationLog
    private let clear: Statement
    private let plain: Statement

    init(_ log: OperationLog) throws(StoreError) {
        self.log = log
        clear = try log.database.prepare("SELECT salts, note FROM audit_clear WHERE number = ?1")
        plain = try log.database.prepare(
            """
            SELECT kind, session, process, began, ended, outcome, status, changes, missing, target, transaction_id,
              directory, command FROM operations WHERE id = ?1
            """)
    }

    func check(_ row: AuditRow, _ report: inout AuditReport, _ add: (Int64?, String) -> Void) throws(StoreError) {
        clear.bind(row.number)
        guard try clear.step() else {
            clear.reset()
            // What is erased leaves zeros.
            if row.itemCount > 0 { add(row.number, "has lost the salts of its commitments") }
            return
        }
        let (salts, note) = (clear.bytes(0), clear.bytes(1))
        clear.reset()
        if salts.count != row.itemCount * AuditRow.saltSize {
            return add(row.number, "has lost the salts of its commitments")
        }
        var opening = Opening(row: row, salts: salts)
        if row.type.isOperation {
            try check(row, &opening, add)
        } else if !opening.isErased(0) {
            opening.expect(0) { $0.add(note, salt: $1) }
        } else if !note.isEmpty, !(RefusalRecord(note: note).map { OperationLog.isErased($0.command) } ?? false) {
            return add(row.number, "has a text that nothing vouches for: its salt was erased")
        }
        opening.compare()
        report.opened += opening.opened
        report.erased += opening.erased
        if let what = opening.wrong { add(row.number, what) }
    }

    private func check(_ row: AuditRow, _ opening: inout Opening, _ add: (Int64?, String) -> Void)
        throws(StoreError)
    {
        plain.bind(row.subject)
        defer { plain.reset() }
        guard try plain.step() else { return add(row.number, "is about @\(row.subject), which the log no longer has") }
        let stated: [Int64] = [
            row.type.rawValue - 1, Int64(bitPattern: row.session), row.process, row.began, row.ended, row.outcome,
            row.status, row.changes, row.missing, Int64(bitPattern: row.target), Int64(bitPattern: row.transaction),
        ]
        for (column, value) in stated.enumerated() where plain.int(Int32(column)) != value {
            return add(row.number, "says something else of @\(row.subject) than the log does")
        }
        if !opening.isErased(0) {
            opening.expect(0) { $0.add(directory: plain.bytes(11), command: plain.bytes(12), salt: $1) }
        } else if !OperationLog.isErased(plain.bytes(12)) {
            return add(row.number, "has a command that nothing vouches for: its salt was erased")
        }
        let changes = try log.numberedChanges(of: row.subject)
        let results = try log.resultsInOrder(of: row.subject)
        let split = Int(row.records) + 1
        // Rows that expired to make room are gone altogether.
        if changes.isEmpty, results.isEmpty, row.itemCount > 1, try log.isExpired(row.subject) {
            opening.erased += row.itemCount - 1
            return
        }
        for (number, change) in changes {
            let index = Int(number)
            if index < 1 || index >= split { return add(row.number, "@\(row.subject) has a change too many") }
            if !opening.isErased(index) { opening.expect(index) { $0.add(change, salt: $1) } }
        }
        for index in 1..<max(split, 1) where opening.isOpen(index) {
            return add(row.number, "a change of @\(row.subject) is missing from the log")
        }
        var index = split
        for result in results {
            while index < row.itemCount, opening.isErased(index) { index += 1 }
            if index >= row.itemCount { return add(row.number, "@\(row.subject) has a result too many") }
            opening.expect(index) { $0.add(result, salt: $1) }
            index += 1
        }
        while index < row.itemCount, opening.isErased(index) { index += 1 }
        if index < row.itemCount { return add(row.number, "a result of @\(row.subject) is missing from the log") }
    }
}

/// The commitments of one row, with their salts.
private struct Opening {
    let row: AuditRow
    let salts: Salts
    var opened = 0
    var erased = 0
    var wrong: String?
    private var checked: Set<Int> = []
    private var expected: [Int] = []
    private var texts = Commitments()

    init(row: AuditRow, salts: [UInt8]) {
        self.row = row
        self.salts = Salts(salts)
    }

    /// Whether the clear text was erased on purpose: with its salt. Counts it.
    mutating func isErased(_ index: Int) -> Bool {
        if salts[index].contains(where: { $0 != 0 }) { return false }
        if checked.insert(index).inserted { erased += 1 }
        return true
    }

    /// Whether there should be a clear text that was not seen.
    mutating func isOpen(_ index: Int) -> Bool { !isErased(index) && !checked.contains(index) }

    /// Notes a clear text, to be compared with the commitment of that number when all of them are there.
    mutating func expect(_ index: Int, _ add: (inout Commitments, ArraySlice<UInt8>) -> Void) {
        checked.insert(index)
        opened += 1
        expected.append(index)
        add(&texts, salts[index])
    }

    /// Compares what was expected.
    mutating func compare() {
        let digests = texts.digests
        for (place, index) in expected.enumerated() where wrong == nil {
            let start = place * AuditRow.hashSize
            if digests[start..<(start + AuditRow.hashSize)] != row.item(index) {
                wrong = "does not fit its clear text, which was changed"
            }
        }
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
