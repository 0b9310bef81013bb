// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

/// Recording of what programs change.
extension FileSystem {
    /// To be called before a program is started. What it changes will belong to the running operation.
    /// - Parameters:
    ///   - takesOver: it takes the place of this process.
    ///   - exempt: the value of VSH_NORECORD: names of programs that run unrecorded, with colons between; nil: not set.
    ///   - isAlone: it is started without arguments.
    /// - Returns: for `Launch.record`; nil when the program is to run unrecorded (a notice may say why).
    public func willStartProgram(_ path: Text, takesOver: Bool, exempt: Text?, isAlone: Bool)
        -> UnsafeMutablePointer<ProgramRecording>?
    {
        guard isRecording, !Exempt.contains(path, list: exempt, isAlone: isAlone), let recorder = openRecorder()
        else { return nil }
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
        if failure == .brokenPipe {
            ProgramRecorder.forget()
            recorder?.say(Array("a program runs unrecorded: the recorder was killed".utf8))
        } else {
            // The next one would fare no better.
            recorder?.giveUpPrograms(failure)
        }
    }

    /// `norecord`: nothing is recorded until `resumeRecording`. Whether it was recorded before.
    public func pauseRecording() -> Bool {
        defer { isRecording = false }
        return isRecording
    }

    /// Records again, if `wasRecording`. What was changed meanwhile nobody knows.
    public func resumeRecording(_ wasRecording: Bool) {
        isRecording = wasRecording
        recorder?.forgetPaths()
    }

    /// Whether this process may be replaced by a program that is recorded: somebody else ends the operation.
    public var canHandOver: Bool { recorder.map { !$0.isOwner || $0.isBackground } ?? false }
}

/// Programs that run unrecorded.
private enum Exempt {
    /// Used when VSH_NORECORD is not set: what lives on, or starts programs that have to gain privileges.
    static var names: StaticString {
        "tmux:screen:zellij:dtach:login:su:sudo:doas:runuser:machinectl:systemd-run:sshd:ssh-agent:gpg-agent:dbus-daemon"
    }
    /// A shell that is started to be typed into is one more place of its own.
    static var shells: StaticString { "sh:bash:dash:zsh:fish:ksh:ksh93:mksh:yash:tcsh:csh:vsh" }

    static func contains(_ list: UnsafeBufferPointer<UInt8>, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        var start = 0
        while start < list.count {
            var end = start
            while end < list.count, list[end] != UInt8(ascii: ":") { end += 1 }
            if bytesEqual(UnsafeBufferPointer(rebasing: list[start..<end]), name) { return true }
            start = end + 1
        }
        return false
    }

    static func contains(_ list: StaticString, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        contains(UnsafeBufferPointer(start: list.utf8Start, count: list.utf8CodeUnitCount), name)
    }

    /// - Parameters:
    ///   - list: the value of VSH_NORECORD; nil: not set.
    ///   - isAlone: no words follow its name.
    static func contains(_ path: Text, list: Text?, isAlone: Bool) -> Bool {
        path.withBytes { path in
            let start = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
            let name = UnsafeBufferPointer(rebasing: path[start...])
            if isAlone, contains(shells, name), System.isTerminal(0) { return true }
            guard let list else { return contains(names, name) }
            return list.withBytes { contains($0, name) }
        }
    }
}

extension Recorder {
    /// Starts the recorder of programs; false when it cannot be had.
    func startPrograms() -> Bool {
        if hasNoPrograms { return false }
        if ProgramRecorder.isStarted { return true }
        do {
            try ProgramRecorder.start(state.path)
            return true
        } catch {
            giveUpPrograms(error)
            return false
        }
    }

    /// Programs run unrecorded from now on, which is said once.
    func giveUpPrograms(_ error: Errno) {
        hasNoPrograms = true
        let reason =
            switch error {
            case .notSupported, .invalid: "the kernel has no user notification"
            case .permission: "ptrace_scope keeps processes apart"
            case .busy: "another recorder is at work"
            default: error.message
            }
        say(Array("programs run unrecorded (\(reason)); builtins and redirections can be undone".utf8))
    }

    func record(takesOver: Bool) -> UnsafeMutablePointer<ProgramRecording>? {
        guard let (journal, operation, start) = openForProgram() else { return nil }
        recording.pointee.set(
            journal: journal, operation: operation, start: start, endsOperation: takesOver && isOwner)
        return recording
    }
}
