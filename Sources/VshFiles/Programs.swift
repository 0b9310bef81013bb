// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

/// How a program is started.
public enum ProgramRole: Sendable {
    /// Nothing else happens until it ends: `watchProgram` will be called, and `didAwaitProgram`.
    case awaited
    /// Others of the same command run beside it.
    case accompanied
    /// What it changes is an operation of its own, that ends with it.
    case background
    /// It takes the place of this process.
    case replacement
}

/// Recording of what programs change.
extension FileSystem {
    /// To be called before a program is started. What it changes will belong to the running operation.
    /// - Parameters:
    ///   - exempt: the value of VSH_NORECORD: names of programs that run unrecorded, with colons between; nil: not set.
    ///   - isAlone: it is started with options at most.
    ///   - isWanted: `set -o record`.
    ///   - startsStrictShell: it is asked for the level `strict`, should it be a vsh.
    /// - Returns: for `Launch.record`; nil when the program is to run unrecorded (a notice may say why).
    public func willStartProgram(
        _ path: Text, _ role: ProgramRole, exempt: Text?, isAlone: Bool, isWanted: Bool, startsStrictShell: Bool = false
    ) -> UnsafeMutablePointer<ProgramRecording>? {
        let sandbox = sandbox
        if leavesSandbox { return nil }
        let isRecorded =
            isWanted && isRecording
            && !Exempt.contains(path, list: exempt, isAlone: isAlone, isSandboxed: sandbox != nil)
        // In a sandbox the recorder is there all the same: it refuses what Landlock does not know.
        guard isRecorded || sandbox != nil && mayRecord, let recorder = openRecorder() else {
            // Of sudo and its like, which are on the list that vsh comes with, nobody asked for silence.
            if isWanted, isRecording, exempt == nil, sandbox == nil { noteGains(path) }
            return nil
        }
        let rules = sandbox?.rulesForPrograms(isFirst: startsFirst)?.pointee
        let isHeld = role == .awaited && recorder.holdsNext
        if !(isHeld ? recorder.checkPrograms() : recorder.startPrograms()) { return nil }
        if sandbox == nil, noteGains(path) { return nil }
        // The thread that would read for the recorder goes with the shell.
        if role == .replacement, sandbox == nil, ProgramRecorder.readsAsAncestor, !canHandOver {
            recorder.say(path.bytes + Array(": takes the shell's place, what it changes cannot be undone".utf8))
            return nil
        }
        let reads = watchedReading(startsStrictShell)
        if isHeld {
            recorder.heldPrograms += 1
            recorder.recording.pointee.hold(rules, isRecorded: isRecorded, reads: reads)
            return recorder.recording
        }
        return recorder.record(role, rules, isRecorded, reads)
    }

    private func watchedReading(_ startsStrictShell: Bool) -> WatchedReading {
        if let sandbox, sandbox.level == .strict { return sandbox.watchesReading ? .its : .nobodys }
        return startsStrictShell && ProgramRecorder.watchReadingInside() ? .shellsInside : .nobodys
    }

    /// Whether a program is a vsh, by its name.
    public static func isShell(_ path: Text) -> Bool { Exempt.isShell(path) }

    /// Whether a program that was typed at the prompt runs outside the bounds without a question: one in which shells live on that
    /// are to have bounds, and a record, of their own. Not where commands in the sandbox could have put it there, and not
    /// when somebody asked for the sandbox.
    public func leavesByItself(_ path: Text) -> Bool {
        guard let sandbox, sandbox.hasWayOut, Exempt.isMultiplexer(path), System.isTerminal(0) else { return false }
        return reasonAgainstLeaving == nil && !mayBeChangedInside(path)
    }

    /// Whether no program was started yet, by a shell that may end with it: none that somebody types into.
    var startsFirst: Bool {
        (recorder?.heldPrograms ?? 0) == 0 && !ProgramRecorder.isStarted && !(sandbox?.hasWayOut ?? false)
    }

    /// To be called before a process is forked whose place a program will take: what that one needs is then there for the next
    /// ones too.
    public func prepareForProgram(isWanted: Bool) {
        guard isWanted && isRecording || sandbox != nil && mayRecord, let recorder = openRecorder() else { return }
        _ = sandbox?.rulesForPrograms()
        _ = recorder.startPrograms()
    }

    /// Says so of a program that gains privileges. Whether it does.
    @discardableResult
    private func noteGains(_ path: Text) -> Bool {
        guard ProgramRecorder.privileges(path) != .none, let recorder = openRecorder() else { return false }
        recorder.unseenPrograms += 1
        recorder.say(path.bytes + Array(": gains privileges, what it changes cannot be undone".utf8))
        return true
    }

    /// After `willStartProgram` gave nil: nothing would keep the program from changing attributes outside the sandbox.
    public var mayNotStartProgram: Bool { recorder?.mayNotStart ?? false }

    /// To be called after it was started.
    public func didStartProgram(_ recording: UnsafeMutablePointer<ProgramRecording>) {
        if recording.pointee.isHeld || recording.pointee.hasStarter { return }
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

    /// Waits while the program that was started changes nothing: many end so, and no recorder is needed for them. What
    /// goes on gets one.
    /// - Parameters:
    ///   - pid: the program; -1: wait for all that it started too.
    ///   - descriptor: what else ends the waiting when it can be read; -1: nothing.
    public func watchProgram(_ pid: Int32, descriptor: Int32 = -1) {
        guard let recorder else { return }
        while recorder.recording.pointee.isHeld,
            ProgramRecorder.watch(recorder.recording, pid: pid, descriptor: descriptor) == .needsRecorder
        {
            recorder.handOver()
        }
    }

    /// To be called when a program that was started is not watched after all.
    public func handOverProgram() {
        if let recorder, recorder.recording.pointee.isHeld { recorder.handOver() }
    }

    /// To be called after the program has ended or stopped, or could not be started.
    public func didAwaitProgram() {
        guard let recorder, recorder.recording.pointee.isHeld else { return }
        if !ProgramRecorder.hasEnded(recorder.recording) { recorder.handOver() }
        ProgramRecorder.drop(recorder.recording)
    }

    /// Starts a program that a builtin needs, or the editor of command lines: in a sandbox confined and watched as those of commands are, and
    /// nowhere recorded. Commands may have put it where it was found, and its environment says what it loads.
    /// - Throws: EPERM: the sandbox does not let it run.
    public func startHelper(
        _ path: [UInt8], _ arguments: [[UInt8]], environment: [[UInt8]], actions: [DescriptorAction],
        _ given: Launch = Launch()
    ) throws(Errno) -> Int32 {
        var launch = given
        var recording: UnsafeMutablePointer<ProgramRecording>?
        if sandbox != nil {
            if refusal(ofProgram: Text(path)) != nil { throw .permission }
            recording = willStartProgram(Text(path), .accompanied, exempt: nil, isAlone: false, isWanted: false)
            if recording == nil, mayNotStartProgram { throw .permission }
        }
        if let recording { launch.record(recording) } else { confineProgram(&launch) }
        defer { if let recording { didStartProgram(recording) } }
        return try System.spawn(path, arguments, environment: environment, actions: actions, launch)
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
    /// Those of them in which shells live on.
    static var multiplexers: StaticString { "tmux:screen:zellij:dtach" }
    /// A shell that is started to be typed into is one more place of its own.
    static var shells: StaticString { "sh:bash:dash:zsh:fish:ksh:ksh93:mksh:yash:tcsh:csh" }
    /// In a sandbox a shell of ours cannot record by itself: it is one operation here.
    static var own: StaticString { "vsh" }

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

    private static func withName<R>(of path: Text, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        path.withBytes { path in
            let start = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
            return body(UnsafeBufferPointer(rebasing: path[start...]))
        }
    }

    static func isShell(_ path: Text) -> Bool { withName(of: path) { contains(own, $0) } }

    static func isMultiplexer(_ path: Text) -> Bool { withName(of: path) { contains(multiplexers, $0) } }

    /// - Parameters:
    ///   - list: the value of VSH_NORECORD; nil: not set.
    ///   - isAlone: no words but options follow its name.
    static func contains(_ path: Text, list: Text?, isAlone: Bool, isSandboxed: Bool) -> Bool {
        withName(of: path) { name in
            if isAlone, contains(shells, name) || !isSandboxed && contains(own, name), System.isTerminal(0) {
                return true
            }
            guard let list else { return contains(names, name) }
            return list.withBytes { contains($0, name) }
        }
    }
}

extension Recorder {
    /// Whether a program that is waited for is watched by the shell. That is cheaper than to start the recorder, and dearer
    /// than one that is there.
    var holdsNext: Bool { heldPrograms < 3 && !ProgramRecorder.isStarted }

    /// Whether the recorder of programs can be had; says so once when not.
    func checkPrograms() -> Bool {
        if hasNoPrograms { return false }
        return attempt { () throws(Errno) in try ProgramRecorder.check() }
    }

    /// Starts the recorder of programs; false when it cannot be had.
    func startPrograms() -> Bool {
        if hasNoPrograms { return false }
        if ProgramRecorder.isStarted { return true }
        if !attempt({ () throws(Errno) in try ProgramRecorder.start(state.place) }) { return false }
        if let sandbox {
            sandbox.withLists { ProgramRecorder.confine($0) }
            if sandbox.needsCallsMade { ProgramRecorder.makeCalls(isAsked: !sandbox.isDefault) }
        }
        return true
    }

    private func attempt(_ body: () throws(Errno) -> Void) -> Bool {
        do throws(Errno) {
            try body()
            return true
        } catch {
            giveUpPrograms(error)
            return false
        }
    }

    /// Gives a held program to the recorder, where it can be had; else it goes on unrecorded.
    func handOver() {
        // Without an operation the recorder lets everything pass.
        recording.pointee.setPlace(openForProgram() ?? (0, 0, 0))
        for _ in 0..<2 {
            if !startPrograms() { break }
            do throws(Errno) {
                return try ProgramRecorder.handOver(recording)
            } catch {
                if error != .brokenPipe { break }
                ProgramRecorder.forget()
            }
        }
        // In a sandbox it may change nothing then: its calls fail.
        if sandbox == nil { ProgramRecorder.release(recording) } else { ProgramRecorder.drop(recording) }
    }

    /// Programs run unrecorded from now on, which is said once.
    func giveUpPrograms(_ error: Errno) {
        hasNoPrograms = true
        // What a machine cannot do it says beforehand; what a script took away is no way out.
        switch error {
        case .notSupported, .invalid, .permission, .busy: break
        default:
            if sandbox != nil {
                mayNotStart = true
                return
            }
        }
        let reason =
            switch error {
            case .notSupported, .invalid: "the kernel has no user notification"
            case .permission: "ptrace_scope keeps processes apart"
            case .busy: "another recorder is at work"
            default: error.message
            }
        say(Array("programs run unrecorded (\(reason)); builtins and redirections can be undone".utf8))
    }

    func record(
        _ role: ProgramRole, _ rules: Int32?, _ isRecorded: Bool, _ reads: WatchedReading
    ) -> UnsafeMutablePointer<ProgramRecording>? {
        guard let (journal, operation, start) = openForProgram() else { return nil }
        recording.pointee.set(
            journal: journal, operation: operation, start: start, endsOperation: role == .replacement && isOwner,
            isApart: role == .background, rules: rules, isRecorded: isRecorded, reads: reads)
        // One that is filtered already pays when there are several.
        if role == .awaited, isRecorded, isOwner, reads != .shellsInside {
            awaitedPrograms = operation == awaitingOperation ? awaitedPrograms + 1 : 1
            awaitingOperation = operation
            if awaitedPrograms > 2 { recording.pointee.useStarter() }
        }
        return recording
    }
}
