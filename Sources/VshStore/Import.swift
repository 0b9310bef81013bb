// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// Taking journals into the log.
///
/// Operations that ended are taken from every journal, also of shells that still run. Journals of dead shells are
/// drained: what did not end is completed with the present states, taken as interrupted, and the file is removed after
/// the log has it. All of it can be done twice, by two shells at once, and can be killed at any point.
extension OperationLog {
    /// Takes all journals in.
    /// - Parameter patience: how long to wait for a process to be quite gone that was just killed, in milliseconds.
    /// - Parameter canStop: ^C throws. Not where something is being put in order just because of a ^C.
    /// - Returns: the operations that were found interrupted.
    @discardableResult
    public func importJournals(_ state: StateDirectory, patience: Int = 0, canStop: Bool = false) throws(StoreError)
        -> [OperationID]
    {
        var numbers: [UInt64] = []
        do {
            var reader = try DirectoryReader(state.journals)
            while let entry = try reader.next() {
                if let number = UInt64(String(decoding: entry.name, as: UTF8.self)) { numbers.append(number) }
            }
        } catch {
            if error == .noEntry { return [] }
            throw StoreError(.system(error), state.journals)
        }
        numbers.sort()
        // For all of them together: a program may keep locks on many.
        let deadline = Clock.monotonic + Int64(patience) * 1_000_000
        var interrupted: [OperationID] = []
        // Each journal stays open, and by that locked, until the log has it.
        for start in stride(from: 0, to: numbers.count, by: 200) {
            interrupted += try importBatch(numbers[start..<min(start + 200, numbers.count)], state, deadline, canStop)
        }
        return interrupted
    }

    private func importBatch(_ numbers: ArraySlice<UInt64>, _ state: StateDirectory, _ deadline: Int64, _ canStop: Bool)
        throws(StoreError) -> [OperationID]
    {
        var descriptors: [Int32] = []
        defer { for fd in descriptors { try? System.close(fd) } }
        var journals: [JournalFile] = []
        for number in numbers {
            let path = state.journal(number)
            // One that is gone was taken in by another. What cannot be read must not be passed over: operations would
            // be missing from the history.
            do {
                let fd = try System.open(path, [.readWrite, .closeOnExec])
                descriptors.append(fd)
                let left = Int((deadline - Clock.monotonic) / 1_000_000)
                if let journal = try JournalFile(number: number, path: path, fd: fd, patience: max(0, left)) {
                    journals.append(journal)
                }
            } catch {
                if error != .noEntry { throw StoreError(.system(error), path) }
            }
        }
        var found: [(operation: JournaledOperation, journal: Int)] = []
        for index in journals.indices {
            for operation in journals[index].bytes.operations() { found.append((operation, index)) }
        }
        found.sort { $0.operation.record.id < $1.operation.record.id }
        var interrupted: [OperationID] = []
        let log = Importer(database)
        var progress = ProgressLine(
            "recovery", total: found.reduce(0) { $0 + $1.operation.changes.count }, canStop: canStop)
        // What there is to do is found out, and prepared, before anybody has to wait for the lock.
        var new: [JournaledOperation] = []
        for (operation, journal) in found {
            let (id, kind) = (operation.record.id, operation.record.kind)
            let action = RecoveryDecision.action(
                for: journals[journal].sighting, end: operation.end?.outcome, wasReplaced: operation.wasReplaced,
                changes: operation.end.map { Int($0.changes) + Int($0.touched) } ?? operation.changes.count,
                isEvent: kind.isEvent, standsEmpty: kind.standsEmpty)
            if action == .leave || action == .drop { continue }
            if try log.knows(id) { continue }
            var operation = operation
            if case .completeAndTake(let outcome) = action {
                // Each path is looked at, in one go.
                if operation.changes.count > 20_000 { progress.expectDelay() }
                operation.complete(outcome)
                if operation.end?.changes == 0, operation.end?.touched == 0 { continue }
                if outcome == .interrupted { interrupted.append(id) }
            }
            operation.results = Self.inOrder(operation.results)
            new.append(operation)
        }
        let hasNewRefusals = try log.hasNewRefusals(journals)
        if !new.isEmpty || hasNewRefusals {
            try database.transaction { () throws(StoreError) in
                // A later vsh may have migrated it since it was opened: what it wants with each row is not known here.
                if try version() != Self.version { throw StoreError(.newer, state.log) }
                for journal in journals where journal.session != 0 {
                    try log.addSession(journal.session, process: journal.shell, start: journal.shellStart)
                }
                for operation in new {
                    // Another may have taken it in meanwhile.
                    if try !log.knows(operation.record.id) { try log.add(operation, &progress) }
                }
                for journal in journals { try log.addRefusals(journal) }
            }
            if let head = log.audit.head { save(head, state) }
        }
        for journal in journals where journal.sighting.isAbandoned && journal.isInPlace {
            if wipesJournals { Self.wipe(journal.path) }
            try? System.unlink(journal.path)
        }
        return interrupted
    }
}

extension OperationLog {
    /// As the table holds them: one for each path, the last, in the order of their bytes. So they are entered soonest, too.
    fileprivate static func inOrder(_ results: [ResultRecord]) -> [ResultRecord] {
        if results.count < 2 { return results }
        let order = results.indices.sorted { a, b in
            let difference = results[a].path.withUnsafeBufferPointer { a in
                results[b].path.withUnsafeBufferPointer { b in ByteSearch.compare(a, b) }
            }
            return difference == 0 ? a < b : difference < 0
        }
        var found: [ResultRecord] = []
        found.reserveCapacity(results.count)
        for index in order {
            if found.last?.path == results[index].path { found.removeLast() }
            found.append(results[index])
        }
        return found
    }
}

extension JournaledOperation {
    /// Adds results and end from what is seen now.
    mutating func complete(_ outcome: OperationOutcome) {
        let observed = Results(observing: changes)
        results = observed.records
        var end = EndRecord()
        end.outcome = outcome
        end.ended = Clock.realTime
        end.changes = UInt32(observed.changed)
        end.missing = UInt32(observed.missing)
        end.touched = UInt32(observed.touched)
        self.end = end
    }
}

/// Statements of an import, prepared once.
private final class Importer {
    private let database: Database
    private var prepared: [Int: Statement] = [:]
    private var owners: [UInt64: (process: Int64, start: Int64)] = [:]
    /// The row of `states` that the operation being added left.
    private var lastState: StateRow?
    let audit: AuditWriter

    init(_ database: Database) {
        self.database = database
        audit = AuditWriter(database)
    }

    private func statement(_ number: Int, _ sql: StaticString) throws(StoreError) -> Statement {
        if let known = prepared[number] { return known }
        let made = try database.prepare(sql)
        prepared[number] = made
        return made
    }

    func knows(_ id: OperationID) throws(StoreError) -> Bool {
        let query = try statement(0, "SELECT 1 FROM operations WHERE id = ?1").bind(id)
        defer { query.reset() }
        return try query.step()
    }

    func addSession(_ id: UInt64, process: UInt64, start: UInt64) throws(StoreError) {
        let insert = try statement(1, "INSERT OR IGNORE INTO sessions VALUES(?1, ?2, ?3)")
        try insert.bind(id).bind(process).bind(start).run()
    }

    /// Adds refusals that the audit log does not have yet.
    func addRefusals(_ journal: JournalFile) throws(StoreError) {
        for (id, refusal) in journal.refusals {
            try audit.open()
            if try !knows(refusal: id) { try audit.append(refusal, id: id) }
        }
    }

    private func knows(refusal id: UInt64) throws(StoreError) -> Bool {
        let query = try statement(10, "SELECT 1 FROM audit WHERE subject = ?1 AND type IN (100, 102)").bind(id)
        defer { query.reset() }
        return try query.step()
    }

    /// Whether there is anything for `addRefusals` to do.
    func hasNewRefusals(_ journals: [JournalFile]) throws(StoreError) -> Bool {
        let all = journals.flatMap(\.refusals)
        if all.isEmpty { return false }
        if try !AuditWriter.exists(database) { return true }
        for (id, _) in all {
            if try !knows(refusal: id) { return true }
        }
        return false
    }

    /// ^C throws, and with that takes back all of the import: it is done again when the log is opened next.
    func add(_ operation: JournaledOperation, _ progress: inout ProgressLine) throws(StoreError) {
        try audit.open()
        let record = operation.record
        let transaction = record.kind == .commit ? 0 : try openTransaction(record.transaction)
        let end = operation.end ?? EndRecord()
        let insert = try statement(
            2, "INSERT INTO operations VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)")
        insert.bind(record.id).bind(Int64(record.kind.rawValue)).bind(record.session).bind(transaction)
        var numbers = AuditNumbers()
        let parent = try head(record.session, transaction)
        numbers.parent = Int64(bitPattern: parent)
        (numbers.process, numbers.start) = try sessionOwner(record.session)
        insert.bind(parent).bind(Int64(record.process)).bind(record.began)
        insert.bind(operation.end == nil ? record.began : end.ended).bind(Int64(end.outcome.rawValue))
        insert.bind(Int64(end.status)).bind(Int64(end.changes)).bind(Int64(end.missing))
        let target = record.kind == .commit ? record.transaction : record.targets.first ?? 0
        insert.bind(target)
        try insert.bind(record.directory).bind(record.command).run()
        try addChanges(operation, &progress)
        lastState = nil
        try addState(record, end.outcome, isEmpty: end.changes == 0)
        try audit.append(operation, transaction: transaction, target: target, numbers: numbers, state: lastState)
    }

    /// The process of a session, and when it was started, as the table has them.
    private func sessionOwner(_ id: UInt64) throws(StoreError) -> (process: Int64, start: Int64) {
        if let known = owners[id] { return known }
        let query = try statement(11, "SELECT process, start FROM sessions WHERE id = ?1").bind(id)
        defer { query.reset() }
        let owner = try query.step() ? (query.int(0), query.int(1)) : (0, 0)
        owners[id] = owner
        return owner
    }

    private func addChanges(_ operation: JournaledOperation, _ progress: inout ProgressLine) throws(StoreError) {
        let id = operation.record.id
        let insert = try statement(3, "INSERT INTO changes VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)")
        var number: Int64 = 0
        for change in operation.changes {
            number += 1
            if !progress.step() { throw StoreError(.system(.interrupted), Array("recovery".utf8)) }
            insert.bind(id).bind(number).bind(Int64(change.kind.rawValue)).bind(Int64(change.preimage.rawValue))
            insert.bind(Int64(change.reason.rawValue)).bind(change.item).bind(change.path).bind(change.other)
            insert.bind(change.location).bind(change.before.encoded).bind(change.attributes)
            try insert.bind(change.content).run()
        }
        let result = try statement(4, "INSERT OR REPLACE INTO results VALUES(?1,?2,?3,?4,?5)")
        for record in operation.results {
            result.bind(id).bind(record.path).bind(record.after.encoded).bind(record.digest)
            try result.bind(Int64(record.isSoft ? 1 : 0)).run()
        }
    }

    /// The transaction itself, or the nearest around it that is still open: a background job may end after its
    /// transaction.
    private func openTransaction(_ id: OperationID) throws(StoreError) -> OperationID {
        var id = id
        while id != 0, let state = try latest(id), state.state != UInt8(Entry.State.open.rawValue) {
            let query = try statement(5, "SELECT transaction_id FROM operations WHERE id = ?1").bind(id)
            defer { query.reset() }
            id = try query.step() ? query.number(0) : 0
        }
        return id
    }

    /// The newest entry in effect of a session, in a transaction.
    private func head(_ session: UInt64, _ transaction: OperationID) throws(StoreError) -> OperationID {
        let query = try statement(
            6,
            """
            SELECT o.id FROM operations o WHERE o.session = ?1 AND o.transaction_id = ?2
              AND (SELECT state FROM states WHERE entry = o.id ORDER BY number DESC LIMIT 1) = 0
            ORDER BY o.id DESC LIMIT 1
            """
        ).bind(session).bind(transaction)
        defer { query.reset() }
        return try query.step() ? query.number(0) : 0
    }

    private func latest(_ entry: OperationID) throws(StoreError) -> (state: UInt8, position: UInt64)? {
        let query = try statement(
            7, "SELECT state, position FROM states WHERE entry = ?1 ORDER BY number DESC LIMIT 1"
        ).bind(entry)
        defer { query.reset() }
        return try query.step() ? (UInt8(truncatingIfNeeded: query.int(0)), query.number(1)) : nil
    }

    /// The row that says how an entry stands after an event.
    /// - Parameter isEmpty: no path is changed in the end. Then a command is no entry; what it left of the times of
    ///   directories is in the log all the same, so that an undo of what came before it knows them.
    private func addState(_ record: OperationRecord, _ outcome: OperationOutcome, isEmpty: Bool) throws(StoreError) {
        let id = record.id
        switch record.kind {
        case .command, .undoPaths, .restore:
            if isEmpty || outcome == .failed { return }
            try addState(id, .done, position: id, event: id, [id])
        case .undo, .redo, .rollback:
            if outcome == .failed { return }
            guard outcome == .finished, let target = record.targets.first else {
                // Half-way: something to be taken back itself.
                try addState(id, .done, position: id, event: id, [id])
                return
            }
            let position = try latest(target)?.position ?? target
            switch record.kind {
            case .redo: try addState(target, .done, position: position == 0 ? id : position, event: id, [id])
            case .rollback where try effective(in: target).isEmpty:
                try addState(target, nil, position: 0, event: id, [])
            default: try addState(target, .undone, position: position, event: id, [id])
            }
        case .begin:
            try addState(id, .open, position: 0, event: id, [])
        case .commit:
            let inside = try effective(in: record.transaction)
            try addState(record.transaction, inside.isEmpty ? nil : .done, position: id, event: id, inside)
        case .repair, .aside, .checkpoint:
            break
        }
    }

    /// `state` nil: the transaction was closed without effect, and is no entry.
    private func addState(
        _ entry: OperationID, _ state: Entry.State?, position: OperationID, event: OperationID,
        _ effective: [OperationID]
    ) throws(StoreError) {
        let insert = try statement(
            8, "INSERT INTO states(entry, state, position, event, effective) VALUES(?1,?2,?3,?4,?5)")
        var row = StateRow(
            number: 0, entry: Int64(bitPattern: entry), state: Int64(state?.rawValue ?? 255),
            position: Int64(bitPattern: position), event: Int64(bitPattern: event),
            effective: OperationLog.bytes(effective))
        insert.bind(row.entry).bind(row.state).bind(row.position).bind(row.event)
        try insert.bind(row.effective).run()
        row.number = database.lastRow
        lastState = row
    }

    private func effective(in transaction: OperationID) throws(StoreError) -> [OperationID] {
        let query = try statement(
            9,
            """
            SELECT s.effective FROM operations o
            JOIN states s ON s.number = (SELECT max(number) FROM states WHERE entry = o.id)
            WHERE o.transaction_id = ?1 AND o.transaction_id <> 0 AND s.state = 0 ORDER BY s.event
            """
        ).bind(transaction)
        var numbers: [OperationID] = []
        while try query.step() { numbers += OperationLog.numbers(query.bytes(0)) }
        return numbers
    }
}
