// SPDX-License-Identifier: MPL-2.0
import VshCore
import VshStore
import VshSystem

/// What to do about paths that are not as the operation left them.
public enum ConflictPolicy: Sendable {
    /// Undo nothing, and list them.
    case refuse
    /// Leave them alone and undo the rest.
    case skip
    /// Save what is there, then restore.
    case force
}

/// A path that is not as recorded.
public struct Conflict: Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        case changed(Difference)
        /// Another operation touched it later.
        case laterOperation(OperationID)
        /// A directory made by the operation holds something that it did not make: the name of one such entry.
        case holds([UInt8])
        /// Something in a tree that was put there whole has changed since: its path.
        case changedInside([UInt8])
        /// A file that is to be written to got another name, under which it would change too.
        case linked
        /// A file that was removed has been changed since under another name.
        case changedElsewhere
    }

    /// Absolute.
    public var path: [UInt8]
    public var reason: Reason
}

/// One entry of the history as undo or redo presents it.
public struct EntrySummary: Sendable {
    public var operation: LoggedOperation
    /// Changes that are taken back, as people count them: a tree that came or went is one, and so is a rename.
    public var changes: Int
    /// Paths that cannot be put back.
    public var missing: Int
    /// What taking it back changes.
    public var rows: [PathChange] = []
    /// All its changes, when only some of them are taken back.
    public var total: Int?
}

/// An operation that rests on another one.
public struct Dependent: Sendable {
    public var operation: LoggedOperation
    /// Paths that show it; empty: it rests on another dependent.
    public var paths: [[UInt8]]
}

/// What an undo, redo or rollback did, or would do.
public struct UndoReport: Sendable {
    /// The entries, in the order in which they were taken.
    public var entries: [EntrySummary] = []
    /// Entries asked for that are not there: `undo 5` with three left gives 2.
    public var shortfall = 0
    /// The entries are another session's: this one had none of its own.
    public var isOtherSession = false
    public var isDryRun = false
    /// When the session obliterated something, if that was the last it did: it cannot be taken back.
    public var obliteration: Int64?
    /// Paths left alone under `.skip`, or overridden under `.force`.
    public var conflicts: [Conflict] = []
    /// Paths that could not be put back, as their content was not kept.
    public var lost: [[UInt8]] = []

    public init() {}
}

/// Why an undo, redo, begin, commit or rollback was not done. Nothing is changed then.
public enum UndoError: Error, Sendable {
    /// There is no history: no state directory, or an empty one.
    case nothing
    /// Likewise, after an obliteration, which cannot be taken back.
    case obliterated
    /// Nothing is left in the open transaction.
    case nothingInTransaction
    case noTransaction
    case unknown(OperationID)
    /// The entry is not done (for undo) or not undone (for redo).
    case wrongState(OperationID, isUndo: Bool)
    case running(OperationID)
    case expired(OperationID)
    /// It is a part of this transaction.
    case partOf(OperationID, transaction: OperationID)
    /// No operation touched the path.
    case untouched([UInt8])
    /// All that operations did to the path is taken back.
    case nothingLeft([UInt8])
    /// The path went with this directory.
    case wentWith([UInt8], [UInt8])
    case conflicts([Conflict], EntrySummary)
    /// Operations that came later rest on it, the newest first.
    case dependents([Dependent], EntrySummary)
    /// No checkpoint has this name.
    case unknownName([UInt8])
    /// No point of the history that can be reached from here.
    case noPoint(OperationID)
    /// The point is outside the transaction that is open here.
    case outsideTransaction(OperationID)
    /// The point is in effect already.
    case alreadyThere
    /// The same, before it is known what entry it is about.
    case differing([Conflict])
    /// It failed half-way and was taken back. `isClean`: taking back worked.
    case failed([UInt8], Errno, isClean: Bool)
    /// The path lies outside the sandbox; nothing was begun.
    case outsideSandbox([UInt8])
    case tooDeep
    case store(StoreError)
    /// Recording is off.
    case off
}
