// SPDX-License-Identifier: MPL-2.0

/// What is seen of a journal from outside.
public struct JournalSighting: Equatable, Sendable {
    /// The process that began it still runs (same number, same start time, same boot).
    public var ownerIsAlive: Bool
    /// No process has it open.
    public var isUnlocked: Bool

    public init(ownerIsAlive: Bool, isUnlocked: Bool) {
        self.ownerIsAlive = ownerIsAlive
        self.isUnlocked = isUnlocked
    }

    /// Nobody can add to it any more. A living owner without a lock has handed the operation over (exec), or is about to
    /// take it up again after a subshell began it; a lock without an owner is a subshell that outlived its shell.
    public var isAbandoned: Bool { !ownerIsAlive && isUnlocked }
}

/// How an operation in a journal stands.
public enum OperationOutcome: UInt8, Sendable {
    case finished = 0
    /// Its process died before it ended; what it recorded can be undone.
    case interrupted = 1
    /// An undo, redo or rollback that failed half-way and was taken back.
    case failed = 2
    /// Handed to a program that replaced the shell, and ended with it.
    case replaced = 3
}

/// What recovery does with an operation that it finds in a journal.
public enum RecoveryAction: Equatable, Sendable {
    /// Still running: leave it.
    case leave
    /// Take it into the log as it stands in the journal.
    case take(OperationOutcome)
    /// Look at the present state of its paths, add that as the state after, then take it.
    case completeAndTake(OperationOutcome)
    /// It changed nothing.
    case drop
}

public enum RecoveryDecision {
    /// - Parameters:
    ///   - end: the outcome in the end record, when there is one.
    ///   - wasReplaced: the shell noted that it was about to exec.
    ///   - changes: valid change records.
    ///   - isEvent: a begin or commit, which is complete in one record.
    ///   - standsEmpty: it means something without changes, once it has ended (an undo, a redo, a rollback).
    public static func action(
        for sighting: JournalSighting, end: OperationOutcome?, wasReplaced: Bool, changes: Int, isEvent: Bool,
        standsEmpty: Bool
    ) -> RecoveryAction {
        if isEvent { return .take(.finished) }
        if let end { return changes == 0 && !standsEmpty ? .drop : .take(end) }
        guard sighting.isAbandoned else { return .leave }
        if changes == 0 { return .drop }
        return .completeAndTake(wasReplaced ? .replaced : .interrupted)
    }
}
