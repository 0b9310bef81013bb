// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

/// Recording of what programs change.
extension FileSystem {
    /// To be called before a program is started. What it changes will belong to the running operation.
    /// - Parameter takesOver: it takes the place of this process.
    /// - Returns: for `Launch.record`; nil when the program is to run unrecorded (a notice may say why).
    public func willStartProgram(_ path: Text, takesOver: Bool) -> UnsafeMutablePointer<ProgramRecording>? {
        guard isRecording, let recorder = openRecorder() else { return nil }
        if !recorder.startPrograms() { return nil }
        if ProgramRecorder.gainsPrivileges(path) {
            recorder.say(path.bytes + Array(": gains privileges, what it changes cannot be undone".utf8))
            return nil
        }
        return recorder.record(takesOver: takesOver)
    }

    /// To be called after it was started.
    public func didStartProgram(_ recording: UnsafeMutablePointer<ProgramRecording>) {
        ProgramRecorder.kick()
        guard let failure = recording.pointee.failure else { return }
        recorder?.say(Array("a program runs unrecorded: \(failure.message)".utf8))
    }

    /// Whether this process may be replaced by a program that is recorded: somebody else ends the operation.
    public var canHandOver: Bool { recorder.map { !$0.isOwner || $0.isBackground } ?? false }
}

extension Recorder {
    /// Starts the recorder of programs; false when it cannot be had.
    func startPrograms() -> Bool {
        if ProgramRecorder.isStarted { return true }
        if hasNoPrograms { return false }
        do {
            try ProgramRecorder.start(state.path)
            return true
        } catch {
            hasNoPrograms = true
            let reason =
                switch error {
                case .notSupported: "the kernel has no user notification"
                case .permission: "ptrace_scope keeps processes apart"
                default: error.message
                }
            say(Array("programs run unrecorded (\(reason)); builtins and redirections can be undone".utf8))
            return false
        }
    }

    func record(takesOver: Bool) -> UnsafeMutablePointer<ProgramRecording>? {
        guard let (journal, operation, start) = openForProgram() else { return nil }
        recording.pointee.set(
            journal: journal, operation: operation, start: start, endsOperation: takesOver && isOwner)
        return recording
    }
}
