// SPDX-License-Identifier: MPL-2.0
import CVshRecorder

/// What the changes of a program that is about to start belong to.
public struct ProgramRecording {
    fileprivate var raw = vsh_recording()

    public init() {}

    /// - Parameters:
    ///   - start: where the operation's first record stands in the journal.
    ///   - endsOperation: the program takes the shell's place, so that the recorder has to end the operation.
    public mutating func set(journal: UInt64, operation: UInt64, start: UInt64, endsOperation: Bool) {
        raw.journal = journal
        raw.operation = operation
        raw.start = start
        raw.flags = endsOperation ? UInt32(VSH_RECORDING_ENDS) : 0
        raw.error = 0
    }

    /// Why the program that was started runs unrecorded.
    public var failure: Errno? { raw.error == 0 ? nil : Errno(rawValue: -raw.error) }
}

/// The recorder of what programs change: a process that outlives the shell (docs/recorder.md).
public enum ProgramRecorder {
    /// Starts it, if this shell has none. `state`: the state directory, NUL-terminated.
    /// - Throws: EOPNOTSUPP: the kernel has no user notification; EPERM: other processes may not be looked into.
    public static func start(_ state: some PathArgument) throws(Errno) {
        try run(state.withPath { vsh_recorder_start($0) })
    }

    public static var isStarted: Bool { vsh_recorder_is_started() != 0 }

    /// Whether a shell around this one records what it does.
    public static var isNested: Bool { vsh_recorder_is_nested() != 0 }

    /// Whether programs of this shell may still run.
    public static var isBusy: Bool { vsh_recorder_is_busy() != 0 }

    /// It died: the next start starts another.
    public static func forget() { vsh_recorder_forget() }

    /// After a spawn: lets the recorder fetch the new listener.
    public static func kick() { vsh_recorder_kick() }

    /// Programs of the operation that still run belong to another one from now on.
    public static func close(operation: UInt64) { vsh_recorder_close(operation) }

    /// Whether a program gains privileges at its start, which a recorded one cannot. (set-user-ID, capabilities)
    public static func gainsPrivileges(_ path: some PathArgument) -> Bool {
        path.withPath { vsh_recorder_gains_privileges($0) } != 0
    }
}

extension Launch {
    /// Has the program recorded; `recording` must stay valid until the spawn has returned.
    public mutating func record(_ recording: UnsafeMutablePointer<ProgramRecording>) {
        prepare = { vsh_recorder_prepare($0) }
        context = UnsafeMutableRawPointer(recording)
    }
}
