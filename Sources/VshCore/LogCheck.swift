// SPDX-License-Identifier: MPL-2.0

/// Whether a sequence of logged events is one that the undo machine can have produced: nothing undone that was not in
/// effect, nothing redone that was not undone, no transaction closed that was not open.
public struct LogCheck: Sendable {
    public enum Event: Sendable {
        /// A command, or the undo of single paths, with the number of paths changed.
        case operation(changes: Int64)
        case undo(OperationID, OperationOutcome)
        case redo(OperationID, OperationOutcome)
        case rollback(OperationID, OperationOutcome)
        case begin
        case commit(OperationID)
        /// Logged, but nothing that can be undone.
        case other
    }

    public enum Violation: Error, Equatable, Sendable {
        case repeated(OperationID)
        /// The entry that it is about was never logged.
        case unknown(OperationID)
        case notDone(OperationID)
        case notUndone(OperationID)
        case notOpen(OperationID)
    }

    public enum Standing: Equatable, Sendable {
        case done, undone, open
        /// A transaction that ended without effect.
        case closed
    }

    /// What is not newer than this was logged before the check begins.
    private let oldest: OperationID
    public private(set) var standings: [OperationID: Standing] = [:]
    private var seen: Set<OperationID> = []
    private var members: [OperationID: [OperationID]] = [:]

    /// - Parameter oldest: events about operations up to this number are believed.
    public init(after oldest: OperationID) { self.oldest = oldest }

    private func standing(_ id: OperationID) throws(Violation) -> Standing? {
        if let found = standings[id] { return found }
        if id <= oldest { return nil }
        throw .unknown(id)
    }

    private func hasEffect(_ transaction: OperationID) -> Bool {
        members[transaction, default: []].contains { standings[$0] == .done }
    }

    /// Takes up the next event.
    public mutating func apply(_ id: OperationID, _ event: Event, inside transaction: OperationID) throws(Violation) {
        if !seen.insert(id).inserted { throw .repeated(id) }
        if transaction != 0 {
            if let around = try standing(transaction), around != .open { throw .notOpen(transaction) }
            members[transaction, default: []].append(id)
        }
        switch event {
        case .operation(let changes):
            if changes > 0 { standings[id] = .done }
        case .begin: standings[id] = .open
        case .other: break
        case .commit(let target):
            if let found = try standing(target), found != .open { throw .notOpen(target) }
            standings[target] = target <= oldest || hasEffect(target) ? .done : .closed
        case .undo(let target, let outcome):
            if try isWhole(id, target, outcome) {
                if let found = try standing(target), found != .done { throw .notDone(target) }
                standings[target] = .undone
            }
        case .redo(let target, let outcome):
            if try isWhole(id, target, outcome) {
                if let found = try standing(target), found != .undone { throw .notUndone(target) }
                standings[target] = .done
            }
        case .rollback(let target, let outcome):
            if try isWhole(id, target, outcome) {
                if let found = try standing(target), found != .open { throw .notOpen(target) }
                standings[target] = target <= oldest || hasEffect(target) ? .undone : .closed
            }
        }
    }

    /// Whether an undo or its like came to its end. One that was cut short is something to be undone itself; one that
    /// failed was taken back.
    private mutating func isWhole(_ id: OperationID, _ target: OperationID, _ outcome: OperationOutcome)
        throws(Violation) -> Bool
    {
        if outcome == .failed { return false }
        if outcome == .finished && target != 0 { return true }
        standings[id] = .done
        return false
    }
}
