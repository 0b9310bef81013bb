// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// What a restore does, step by step.
public struct RestoreReport: Sendable {
    /// Entries taken back, and entries taken up again, in the order in which that is done.
    public var undone: [LoggedOperation] = []
    public var redone: [LoggedOperation] = []
    /// What it changed in the end; empty for a dry run.
    public var rows: [PathChange] = []
    public var conflicts: [Conflict] = []
    public var lost: [[UInt8]] = []
    /// The number of the restore itself, or 0.
    public var operation: OperationID = 0
    /// Operations of all sessions count.
    public var isOfAll = false
}

/// Points of the history: the tree, checkpoints, and the way from here to any point.
extension UndoEngine {
    /// The tree of a level of the history.
    struct Landscape {
        var tree: HistoryTree
        var isOfAll: Bool
    }

    /// The tree of this session, or of all sessions when it has done nothing itself.
    func landscape(all: Bool = false) throws(UndoError) -> Landscape {
        let session = recorder.sessionNumber
        let level = recorder.transaction
        if session != 0, !all {
            let events = try load { () throws(StoreError) in try log.stateEvents(session: session) }
            if !events.isEmpty {
                return Landscape(tree: HistoryTree(events: events, transaction: level), isOfAll: false)
            }
        }
        var events = try load { () throws(StoreError) in try log.stateEvents(session: nil) }
        // What an ended session left in an open transaction stands by itself.
        var around: [OperationID: OperationID] = [:]
        for open in try openTransactions() where try !isLive(open) { around[open.id] = open.transaction }
        if !around.isEmpty {
            for index in events.indices {
                while let outer = around[events[index].transaction] { events[index].transaction = outer }
            }
        }
        return Landscape(tree: HistoryTree(events: events, transaction: level), isOfAll: true)
    }

    /// A point that the user named: `@ID`, or the name of a checkpoint.
    struct Point {
        var id: OperationID
        var sequence: [OperationID]
        var landscape: Landscape
    }

    func point(_ id: OperationID) throws(UndoError) -> Point {
        guard let operation = try operation(id) else { throw .unknown(id) }
        var landscape = try landscape()
        let own = recorder.sessionNumber
        for isLast in [false, true] {
            if let node = landscape.tree.node(id), node.event != 0 {
                return Point(id: id, sequence: landscape.tree.sequence(at: node.event), landscape: landscape)
            }
            if landscape.tree.isPoint(id) {
                return Point(id: id, sequence: landscape.tree.sequence(at: id), landscape: landscape)
            }
            let isHere = landscape.isOfAll || operation.session == own
            if operation.kind == .checkpoint, isHere, try isOnLevel(operation.transaction, landscape) {
                return Point(id: id, sequence: landscape.tree.sequence(at: id), landscape: landscape)
            }
            if isLast || landscape.isOfAll { break }
            landscape = try self.landscape(all: true)
        }
        if operation.transaction != 0, operation.transaction != recorder.transaction {
            throw .partOf(id, transaction: operation.transaction)
        }
        if recorder.transaction != 0 { throw .outsideTransaction(id) }
        throw .noPoint(id)
    }

    private func isOnLevel(_ transaction: OperationID, _ landscape: Landscape) throws(UndoError) -> Bool {
        var transaction = transaction
        while transaction != recorder.transaction {
            guard landscape.isOfAll, transaction != 0, let around = try operation(transaction),
                around.entry?.state == .open, try !isLive(around)
            else { return false }
            transaction = around.transaction
        }
        return true
    }

    func point(named name: [UInt8]) throws(UndoError) -> Point {
        let found = try load { () throws(StoreError) in try log.checkpoints(named: name) }
        // One of this session goes before others.
        let own = recorder.sessionNumber
        guard let checkpoint = found.first(where: { $0.session == own }) ?? found.first else {
            throw .unknownName(name)
        }
        return try point(checkpoint.id)
    }

    public func checkpoints() throws(UndoError) -> [OperationLog.Checkpoint] {
        try load { () throws(StoreError) in try log.checkpoints() }
    }

    /// Goes to a point of the history, as one operation.
    /// - Parameters:
    ///   - point: where to.
    ///   - text: what the log is to show.
    func restore(_ point: Point, policy: ConflictPolicy, dryRun: Bool, text: [UInt8]) throws(UndoError)
        -> RestoreReport
    {
        let steps = HistoryTree.steps(from: point.landscape.tree.sequence, to: point.sequence)
        if steps.undo.isEmpty && steps.redo.isEmpty { throw .alreadyThere }
        var report = RestoreReport()
        report.isOfAll = point.landscape.isOfAll
        var plan = Plan()
        var among: [OperationID] = []
        for (id, isUndo) in steps.undo.map({ ($0, true) }) + steps.redo.map({ ($0, false) }) {
            guard let operation = try operation(id), let entry = operation.entry else { throw .unknown(id) }
            if entry.state != (isUndo ? .done : .undone) { throw .wrongState(id, isUndo: isUndo) }
            let part = try self.plan(entry.effective)
            if part.isExpired { throw .expired(id) }
            plan.append(part, position: max(entry.position, id))
            among += entry.effective
            if isUndo { report.undone.append(operation) } else { report.redone.append(operation) }
        }
        report.lost = plan.missing
        let verification = Verification(self, among: among, position: 0)
        if dryRun {
            if let first = plan.parts.first { report.conflicts = try verification.check(first) }
            return report
        }
        guard let target = try operation(point.id) else { throw .unknown(point.id) }
        let summary = EntrySummary(operation: target, changes: 0, missing: 0)
        report.conflicts = try named(summary) { () throws(UndoError) in
            try execute(plan, .restore, target: point.id, verification, policy, command: text)
        }
        report.operation = lastExecuted
        try importOwn()
        if report.operation != 0 { report.rows = try details(report.operation).1 }
        return report
    }
}

extension FileSystem {
    /// Gives the present point of the history a name.
    public func addCheckpoint(name: [UInt8]) throws(UndoError) -> OperationID {
        guard isRecording, let recorder = openRecorder() else { throw .off }
        splitOperation()
        do {
            return try recorder.addEvent(.checkpoint, name: name, transaction: recorder.transaction)
        } catch {
            throw .store(error)
        }
    }
}
