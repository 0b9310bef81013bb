// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// Undo, redo, transactions and the list of operations. Made for one command: it keeps the log open while it lives, so
/// it must not live across a fork or the running of a program.
public final class UndoEngine {
    let files: FileSystem
    let recorder: Recorder
    let state: StateDirectory
    let log: OperationLog
    private var known: [OperationID: LoggedOperation?] = [:]
    /// The operation that carried out the last plan.
    var lastExecuted: OperationID = 0

    /// Ends the running operation and takes all journals into the log.
    public init(_ files: FileSystem) throws(UndoError) {
        guard files.isRecording, let recorder = files.openRecorder(), let state = files.state else { throw .off }
        files.splitOperation()
        // Without a state directory there is no history, and none is made for asking.
        guard (try? FileStatus(state.control)) != nil else { throw .nothing }
        self.files = files
        self.recorder = recorder
        self.state = state
        do {
            log = try OperationLog(state)
            if let name = log.setAside { recorder.say(Recorder.damaged(name)) }
            ProgramRecorder.settle()
            try log.importJournals(state, patience: 1000, canStop: true)
        } catch {
            throw .store(Self.setAside(error, state))
        }
    }

    // MARK: The history

    func load<R>(_ body: () throws(StoreError) -> R) throws(UndoError) -> R {
        do {
            return try body()
        } catch {
            throw .store(Self.setAside(error, state))
        }
    }

    /// A log in which a query found damage goes aside: the next command begins a new one.
    private static func setAside(_ error: StoreError, _ state: StateDirectory) -> StoreError {
        guard error.isDamage, let name = try? OperationLog.setDamagedAside(state) else { return error }
        return StoreError(error.code, name)
    }

    func operation(_ id: OperationID) throws(UndoError) -> LoggedOperation? {
        if let found = known[id] { return found }
        let found = try load { () throws(StoreError) in try log.operation(id) }
        known[id] = .some(found)
        return found
    }

    /// The history that undo and redo of this session work on.
    struct View {
        var history = History()
        var operations: [OperationID: LoggedOperation] = [:]
        var isOtherSession = false
    }

    /// Loads the newest entries of the session, or of all sessions when it has none of its own.
    /// - Parameter isEnough: whether the history goes back far enough; asked with more and more of it.
    func view(isEnough: (History) -> Bool) throws(UndoError) -> View {
        var view = View()
        let session = recorder.sessionNumber
        var query = OperationLog.Query()
        query.entriesOnly = true
        if session != 0 {
            query.session = session
            query.limit = 1
            let own = try load { () throws(StoreError) in try log.operations(query) }
            view.isOtherSession = own.isEmpty
        } else {
            view.isOtherSession = true
        }
        if view.isOtherSession { query.session = nil }
        // What is older than the last of these changed before it, so that no newer one can be missing.
        query.byChange = true
        query.limit = 64
        while true {
            let found = try load { () throws(StoreError) in try log.operations(query) }
            var entries: [Entry] = []
            for operation in found {
                guard let entry = operation.entry else { continue }
                view.operations[operation.id] = operation
                if !view.isOtherSession {
                    entries.append(entry)
                } else if let seen = try seenFromOutside(entry) {
                    entries.append(seen)
                }
            }
            view.history = History(entries: entries)
            let hasAllOpen = recorder.transactions.allSatisfy { view.history.entry($0) != nil }
            if found.count < query.limit || hasAllOpen && isEnough(view.history) { return view }
            query.limit *= 4
        }
    }

    /// How another session sees an entry: not at all inside a transaction that is still going on; without the
    /// transaction when the session that opened it is gone.
    func seenFromOutside(_ entry: Entry) throws(UndoError) -> Entry? {
        if entry.state == .open { return nil }
        var entry = entry
        while entry.transaction != 0, let around = try operation(entry.transaction), around.entry?.state == .open {
            if try load({ () throws(StoreError) in try log.isLive(session: around.session) }) { return nil }
            entry.transaction = around.transaction
        }
        return entry
    }

    /// The entry that brought an operation's changes into effect, when they are in effect now.
    func entryInEffect(_ id: OperationID) throws(UndoError) -> Entry? {
        guard let entry = try entry(about: id), entry.state == .done, entry.effective.contains(id) else { return nil }
        return entry
    }

    /// Whether what an operation left stands: of a command while it is done, of an undo while its entry is undone, and of
    /// what is no entry; or would stand if the other, of the same entry, were taken back.
    func stands(_ id: OperationID, beside other: OperationID) throws(UndoError) -> Bool {
        guard let found = try operation(id), let entry = try entry(about: id) else { return true }
        let own = try self.entry(about: other)
        if entry.id == own?.id { return true }
        let takesBack = found.kind == .undo || found.kind == .rollback
        var current = found.entry == nil ? try operation(found.target) : found
        guard let state = current?.entry?.state, (state == .undone) == takesBack else { return false }
        while let transaction = current?.transaction, transaction != 0, let around = try operation(transaction),
            around.entry?.state != .open
        {
            if around.entry?.state == .undone { return false }
            current = around
        }
        return true
    }

    /// The entry that an operation is, or is about; the transaction that it is a part of, when that is closed.
    private func entry(about id: OperationID) throws(UndoError) -> Entry? {
        guard let found = try operation(id) else { return nil }
        var current = found
        if found.entry == nil {
            guard found.target != 0, let target = try operation(found.target) else { return nil }
            current = target
        }
        // What a closed transaction says goes before what its members say.
        while current.transaction != 0, let around = try operation(current.transaction),
            around.entry?.state != .open
        {
            current = around
        }
        return current.entry
    }

    // MARK: Undo and redo

    /// Undoes the newest `count` entries.
    public func undo(count: Int = 1, policy: ConflictPolicy = .refuse, dryRun: Bool = false) throws(UndoError)
        -> UndoReport
    {
        let view = try view { $0.done.count >= count }
        let targets = Array(view.history.done.prefix(count))
        // A session that has nothing of its own goes on from what was done last, wherever.
        let session = view.isOtherSession ? nil : recorder.sessionNumber
        let obliteration = try load { () throws(StoreError) in try log.newestObliteration(session: session) }
        if obliteration != nil, targets.isEmpty { throw .obliterated }
        if targets.isEmpty { throw view.history.transactions.isEmpty ? .nothing : .nothingInTransaction }
        var report = try take(targets, .undo, view, count - targets.count, policy, dryRun)
        report.obliteration = obliteration
        return report
    }

    /// Undoes entries, whichever they are, the newest first; with nothing that came later and rests on them.
    public func undo(_ ids: [OperationID], policy: ConflictPolicy = .refuse, dryRun: Bool = false) throws(UndoError)
        -> UndoReport
    {
        var entries: [Entry] = []
        for id in ids { entries.append(try entry(id, isUndo: true)) }
        entries.sort { $0.changed > $1.changed }
        if policy == .refuse {
            let chosen = Set(entries.map(\.id))
            for entry in entries {
                let found = try dependents(of: entry).filter { !chosen.contains($0.operation.id) }
                if found.isEmpty { continue }
                guard let operation = try operation(entry.id) else { continue }
                throw .dependents(found, summary(operation, try plan(entry.effective)))
            }
        }
        return try take(entries, .undo, View(), 0, policy, dryRun)
    }

    /// Takes up again the `count` entries that were undone last.
    public func redo(count: Int = 1, policy: ConflictPolicy = .refuse, dryRun: Bool = false) throws(UndoError)
        -> UndoReport
    {
        let view = try view { $0.redoable.count >= count || $0.entries.count > 4096 }
        let targets = Array(view.history.redoable.prefix(count))
        if targets.isEmpty { throw .nothing }
        return try take(targets, .redo, view, count - targets.count, policy, dryRun)
    }

    func entry(_ id: OperationID, isUndo: Bool) throws(UndoError) -> Entry {
        guard let found = try operation(id) else { throw .unknown(id) }
        guard let entry = found.entry else { throw .wrongState(id, isUndo: isUndo) }
        if entry.transaction != 0, let around = try operation(entry.transaction), around.entry?.state != .open {
            throw .partOf(id, transaction: around.id)
        }
        if entry.state == .open { throw .running(id) }
        if entry.state != (isUndo ? .done : .undone) { throw .wrongState(id, isUndo: isUndo) }
        return entry
    }

    private func take(
        _ targets: [Entry], _ kind: OperationKind, _ view: View, _ shortfall: Int, _ policy: ConflictPolicy,
        _ dryRun: Bool
    ) throws(UndoError) -> UndoReport {
        var report = UndoReport()
        report.shortfall = shortfall
        report.isOtherSession = view.isOtherSession
        report.isDryRun = dryRun
        var finished: [OperationID] = []
        for target in targets {
            guard let operation = try operation(target.id) else { throw .unknown(target.id) }
            let plan = try plan(target.effective)
            let summary = summary(operation, plan)
            report.entries.append(summary)
            report.lost += plan.missing
            do throws(UndoError) {
                if plan.isExpired { throw .expired(target.id) }
                let verification = Verification(
                    self, among: target.effective, position: max(target.position, target.id))
                if dryRun {
                    // What older entries left is seen only when newer ones are undone.
                    if finished.isEmpty, let part = plan.parts.first {
                        report.conflicts += try verification.check(part)
                    }
                } else {
                    let conflicts = try execute(plan, kind, target: target.id, verification, policy)
                    report.conflicts += conflicts
                    if !conflicts.isEmpty {
                        try importOwn()
                        report.lost += try correct(
                            &report.entries[report.entries.count - 1], plan, conflicts, policy)
                    }
                }
            } catch {
                throw try takeBack(finished, kind, error, summary)
            }
            finished.append(target.id)
            // The last one is taken into the log by whoever asks next.
            if !dryRun, target.id != targets.last?.id { try importOwn() }
        }
        if dryRun, policy == .refuse, !report.conflicts.isEmpty, let first = report.entries.first {
            throw .conflicts(report.conflicts, first)
        }
        return report
    }

    /// After an undo around paths that another had changed: says what it did, in place of what it was to do.
    /// - Returns: under `.force`, paths that are not as they were to be.
    private func correct(
        _ summary: inout EntrySummary, _ plan: Plan, _ conflicts: [Conflict], _ policy: ConflictPolicy
    ) throws(UndoError) -> [[UInt8]] {
        var failed: [[UInt8]] = []
        if policy == .force {
            for row in summary.rows {
                var path = row.path
                if case .moved(let other) = row.kind { path = other }
                let present = (try? FileStatus(path, follow: false)).map { NodeState($0) } ?? .absent
                let isRegular = row.after.kind == .regular && present.kind == .regular
                if present.kind != row.after.kind
                    || isRegular && (present.size != row.after.size || present.links < row.after.links)
                {
                    failed.append(path)
                }
            }
            // Of what only grew or moved no content was kept.
            let spoiled: [Conflict.Reason] = [.changed(.content), .changed(.replaced), .changed(.disappeared)]
            for conflict in conflicts where spoiled.contains(conflict.reason) {
                let changes = plan.parts.flatMap(\.changes).filter {
                    $0.path == conflict.path || $0.kind == .moved && $0.other == conflict.path
                }
                let isKept = changes.contains { $0.kind == .content || $0.kind == .removed || $0.kind == .created }
                let needsIt = changes.contains { $0.kind == .appended || $0.kind == .moved }
                if needsIt, !isKept || changes.contains(where: { $0.kind == .moved }), !failed.contains(conflict.path) {
                    failed.append(conflict.path)
                }
            }
        }
        summary.rows = try details(lastExecuted).1
        return failed
    }

    /// An entry with what taking it back changes.
    func summary(_ operation: LoggedOperation, _ plan: Plan) -> EntrySummary {
        let rows = plan.changesByPath.map(\.inverse)
        return EntrySummary(
            operation: operation, changes: rows.roots.count, missing: plan.missing.count, rows: rows)
    }

    /// After a failure: entries of the same command that had been dealt with go back too.
    private func takeBack(
        _ finished: [OperationID], _ kind: OperationKind, _ error: UndoError, _ summary: EntrySummary
    ) throws(UndoError) -> UndoError {
        var isClean = true
        for id in finished.reversed() {
            guard let entry = try operation(id)?.entry else { continue }
            let plan = try plan(entry.effective)
            do {
                let verification = Verification(self, among: entry.effective, position: entry.position)
                _ = try execute(plan, kind == .undo ? .redo : .undo, target: id, verification, .force)
                try importOwn()
            } catch {
                isClean = false
            }
        }
        switch error {
        case .differing(let conflicts): return .conflicts(conflicts, summary)
        case .failed(let path, let cause, let wasClean): return .failed(path, cause, isClean: isClean && wasClean)
        default: return error
        }
    }

    /// Takes this session's journal into the log.
    func importOwn() throws(UndoError) {
        known = [:]
        try load { () throws(StoreError) in _ = try log.importJournals(state) }
    }

    // MARK: Transactions

    /// Takes back everything since the innermost `begin`, and closes it. Without an open transaction of its own, a
    /// session takes the newest that an ended session left open.
    public func rollback(policy: ConflictPolicy = .refuse) throws(UndoError) -> UndoReport {
        let (transaction, isOther) = try innermost()
        let inside = try load { () throws(StoreError) in try log.effective(inside: transaction.id) }
        var report = UndoReport()
        report.isOtherSession = isOther
        let plan = try plan(inside)
        if plan.isExpired { throw .expired(transaction.id) }
        let summary = summary(transaction, plan)
        report.entries = [summary]
        report.lost = plan.missing
        let verification = Verification(self, among: inside, position: transaction.id)
        report.conflicts = try named(summary) { () throws(UndoError) in
            try execute(plan, .rollback, target: transaction.id, verification, policy)
        }
        if !isOther { recorder.transactions.removeLast() }
        try importOwn()
        return report
    }

    /// Makes everything since the innermost `begin` one entry. The transaction, and how many paths it changed.
    public func commit() throws(UndoError) -> EntrySummary {
        let (transaction, isOther) = try innermost()
        let inside = try load { () throws(StoreError) in try log.effective(inside: transaction.id) }
        let plan = try plan(inside)
        do {
            _ = try recorder.addEvent(.commit, name: [], transaction: transaction.id)
        } catch {
            throw .store(error)
        }
        if !isOther { recorder.transactions.removeLast() }
        try importOwn()
        return summary(transaction, plan)
    }

    /// The innermost open transaction of the session; else the newest of a session that is gone.
    private func innermost() throws(UndoError) -> (LoggedOperation, isOther: Bool) {
        if recorder.transaction != 0 {
            guard let found = try operation(recorder.transaction) else { throw .noTransaction }
            return (found, false)
        }
        for found in try openTransactions() {
            let isLive = try load { () throws(StoreError) in try log.isLive(session: found.session) }
            if !isLive { return (found, true) }
        }
        throw .noTransaction
    }

    /// All open transactions, newest first.
    public func openTransactions() throws(UndoError) -> [LoggedOperation] {
        try load { () throws(StoreError) in try log.openTransactions() }
    }

    /// Whether the session that an operation belongs to still runs.
    public func isLive(_ operation: LoggedOperation) throws(UndoError) -> Bool {
        try load { () throws(StoreError) in try log.isLive(session: operation.session) }
    }

    // MARK: Lists

    /// The innermost open transaction of this session, or 0.
    var level: OperationID { recorder.transaction }

    /// Number of this session, 0 when it has changed nothing yet.
    public var session: UInt64 { recorder.sessionNumber }

    /// Operations, newest first.
    public func operations(_ query: OperationLog.Query) throws(UndoError) -> [LoggedOperation] {
        try load { () throws(StoreError) in try log.operations(query) }
    }

    /// What one operation, or everything in a transaction, changed.
    public func details(_ id: OperationID) throws(UndoError) -> (LoggedOperation, [PathChange]) {
        guard let found = try operation(id) else { throw .unknown(id) }
        var operations = [id]
        if found.kind == .begin {
            operations = try load { () throws(StoreError) in try log.members(of: id) }
            // What took it all back is no part of what it changed.
            if let entry = found.entry, entry.state == .undone {
                operations.removeAll { entry.effective.contains($0) }
            }
        }
        return (found, try plan(operations).changesByPath)
    }
}

extension FileSystem {
    /// Opens a transaction in this session: what follows until `commit` or `rollback` belongs together.
    /// - Returns: its number.
    public func beginTransaction(name: [UInt8]) throws(UndoError) -> OperationID {
        guard isRecording, let recorder = openRecorder() else { throw .off }
        splitOperation()
        var open = recorder.transactions
        if open.count == SharedWords.deepest { throw .tooDeep }
        do {
            let id = try recorder.addEvent(.begin, name: name, transaction: open.last ?? 0)
            open.append(id)
            recorder.transactions = open
            return id
        } catch {
            throw .store(error)
        }
    }

    /// Numbers of the session's open transactions, the innermost last.
    public var transactions: [OperationID] { recorder?.transactions ?? [] }
}
