// SPDX-License-Identifier: MPL-2.0
import CVshRecorder

/// Whose reading and running of programs is looked at before.
public enum WatchedReading: Sendable {
    case nobodys
    /// The program's, and that of what it starts.
    case its
    /// That of shells among these that have bounds of their own, and of what they start.
    case shellsInside
}

/// What the changes of a program that is about to start belong to.
public struct ProgramRecording {
    fileprivate var raw = vsh_recording()

    public init() { raw.listener = -1 }

    /// - Parameters:
    ///   - start: where the operation's first record stands in the journal.
    ///   - endsOperation: the program takes the shell's place, so that the recorder has to end the operation.
    ///   - isApart: its first change begins another operation like this one, which the recorder ends.
    ///   - rules: a descriptor of Landlock rules that the program is confined by; nil: by none but the shell's.
    ///   - isRecorded: false: what lies outside the sandbox is refused, and nothing is recorded.
    ///   - reads: whose reading and running of programs is looked at (`ProgramRecorder.watchReading`).
    public mutating func set(
        journal: UInt64, operation: UInt64, start: UInt64, endsOperation: Bool, isApart: Bool = false,
        rules: Int32?, isRecorded: Bool, reads: WatchedReading = .nobodys
    ) {
        raw.journal = journal
        raw.operation = operation
        raw.start = start
        raw.flags = endsOperation ? UInt32(VSH_RECORDING_ENDS) : isApart ? UInt32(VSH_RECORDING_APART) : 0
        confine(rules, isRecorded, reads)
        raw.error = 0
        raw.listener = -1
        hasStarter = false
    }

    /// Has it started by a thread that is filtered already, which serves the whole operation. To be called after `set`.
    public mutating func useStarter() { hasStarter = vsh_recorder_employ(&raw) == 0 }

    /// The shell is to hold its listener.
    fileprivate var isToBeHeld: Bool { raw.flags & UInt32(VSH_RECORDING_HELD) != 0 }

    /// It is started by a thread that is filtered already.
    public private(set) var hasStarter = false

    private mutating func confine(_ rules: Int32?, _ isRecorded: Bool, _ reads: WatchedReading) {
        raw.ruleset = rules ?? -1
        raw.rules = rules == nil ? 0 : vsh_recorder_rules()
        if rules != nil { raw.flags |= UInt32(VSH_RECORDING_CONFINED) }
        if !isRecorded { raw.flags |= UInt32(VSH_RECORDING_UNRECORDED) }
        switch reads {
        case .nobodys: break
        case .its: raw.flags |= UInt32(VSH_RECORDING_READS)
        case .shellsInside: raw.flags |= UInt32(VSH_RECORDING_READS_INSIDE)
        }
    }

    /// For a program that the shell waits for: what it belongs to is told when it is handed over.
    public mutating func hold(_ rules: Int32?, isRecorded: Bool, reads: WatchedReading = .nobodys) {
        raw = vsh_recording()
        raw.flags = UInt32(VSH_RECORDING_HELD)
        confine(rules, isRecorded, reads)
        hasStarter = false
        raw.listener = -1
    }

    /// What a held program belongs to, before it is handed over.
    public mutating func setPlace(_ place: (journal: UInt64, operation: UInt64, start: UInt64)) {
        raw.journal = place.journal
        raw.operation = place.operation
        raw.start = place.start
        raw.flags &= UInt32(VSH_RECORDING_UNRECORDED | VSH_RECORDING_READS | VSH_RECORDING_READS_INSIDE)
    }

    /// The shell holds the listener of a program.
    public var isHeld: Bool { raw.listener >= 0 }

    /// Why the program that was started runs unrecorded.
    public var failure: Errno? { raw.error == 0 ? nil : Errno(rawValue: -raw.error) }
}

/// The recorder of what programs change: a process that outlives the shell (docs/recorder.md).
public enum ProgramRecorder {
    /// Whether it can be had. Throws what `start` would.
    public static func check() throws(Errno) { try run(vsh_recorder_check()) }

    /// Whether it can be had, and sees all calls of all programs whoever is left of those that started them.
    public static var looksFreely: Bool { vsh_recorder_check() == 0 && !readsAsAncestor }

    /// Starts it, if this shell has none. `state`: the state directory, NUL-terminated.
    /// - Throws: EOPNOTSUPP: the kernel has no user notification; EPERM: other processes may not be looked into.
    public static func start(_ state: some PathArgument) throws(Errno) {
        try run(state.withPath { vsh_recorder_start($0) })
    }

    /// Tells the recorder, once it is started, below which directories programs may change attributes, and where nothing may
    /// be changed at all.
    /// - Parameter lists: absolute paths of both, each with a zero byte behind it, and behind both groups another one.
    public static func confine(_ lists: UnsafeRawBufferPointer) {
        vsh_recorder_confine(lists.baseAddress!, lists.count)
    }

    /// Gives rules for programs rights on all directories of a sandbox that neither are nor hold what is forbidden, a mount or a store:
    /// there they make their calls themselves.
    /// - Parameters:
    ///   - lists: as for `confine`.
    ///   - isBrief: only on what this process is in, unless it is in one that holds what is forbidden.
    /// - Throws: EOPNOTSUPP: the recorder could not make all other calls. The rules are of no use then.
    public static func cover(
        _ ruleset: Int32, _ rights: Landlock.Rights, _ lists: UnsafeRawBufferPointer, isBrief: Bool
    ) throws(Errno) {
        try run(vsh_recorder_cover(ruleset, rights.rawValue, lists.baseAddress!, isBrief ? 1 : 0))
    }

    /// Whether the rules that were made last are such ones, and whether directories may have come since.
    public static var hasRules: Bool { vsh_recorder_rules() != 0 }
    public static var areRulesOld: Bool { vsh_recorder_rules_are_old() != 0 }
    /// Whether this process is in a directory that they do not know, and was elsewhere when they were made.
    public static var isSomewhereNew: Bool { vsh_recorder_is_somewhere_new() != 0 }
    /// Programs get other rules from now on.
    public static func forgetRules() { vsh_recorder_forget_rules() }

    /// What programs that are started with `reads` open for reading, or run, is looked at before. What lies elsewhere than in these places is
    /// noted, and refused by the kernel.
    /// - Parameter list: absolute paths, each with a zero byte behind it, and behind all another one.
    /// - Returns: false: it cannot be had.
    public static func watchReading(_ list: UnsafeRawBufferPointer) -> Bool {
        vsh_recorder_watch_reading(list.baseAddress!, list.count) == 0
    }

    /// The same for shells inside programs that are started so, which tell it of such places.
    public static func watchReadingInside() -> Bool { vsh_recorder_watch_reading(nil, 0) == 0 }

    /// Tells the recorder of the shell around this one the same, once it has taken the bounds.
    public static func tellReadable(_ list: UnsafeRawBufferPointer) {
        vsh_recorder_tell_readable(list.baseAddress!, list.count)
    }

    /// What a file is run by: the interpreter of a script, the loader of a program; nil: by the kernel alone.
    public static func interpreter(_ path: some PathArgument) -> [UInt8]? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { room in
            let count = path.withPath { path in
                room.withMemoryRebound(to: CChar.self) {
                    vsh_recorder_interpreter(path, $0.baseAddress!, $0.count)
                }
            }
            return count == 0 ? nil : Array(room[..<count])
        }
    }

    /// Has it make the calls of programs on names itself from now on.
    /// - Parameter isAsked: somebody asked for bounds: what outlives the only process that may read its memory changes nothing.
    public static func makeCalls(isAsked: Bool) {
        vsh_recorder_make_calls(UInt32(isAsked ? VSH_CALLS_AS_ASKED : VSH_CALLS_BY_DEFAULT))
    }

    public static var isStarted: Bool { vsh_recorder_is_started() != 0 }

    /// Whether a shell around this one records what it does, and whether it confines it.
    public static var isNested: Bool { vsh_recorder_is_nested() != 0 }
    public static var isConfined: Bool { vsh_recorder_is_nested() == 2 }

    /// Tells the recorder of a shell around this one of narrower bounds, which it keeps for this process and all that it starts. Landlock
    /// rules are let through then.
    /// - Parameter lists: as for `confine`.
    /// - Returns: false: there is none, or it takes no more.
    public static func takeBounds(_ lists: UnsafeRawBufferPointer) -> Bool {
        vsh_recorder_take_bounds(lists.baseAddress!, lists.count) == 0
    }

    /// Tells it what was refused here, for the audit log.
    public static func noteRefusal(_ action: StaticString, _ path: [UInt8]) {
        let text = Array("\(action)".utf8) + [0] + path + [0]
        text.withUnsafeBytes { vsh_recorder_note_refusal($0.baseAddress!, $0.count) }
    }

    /// Calls of programs that the sandbox did not allow so far.
    public static var refusals: UInt32 {
        var action: UnsafePointer<CChar>?
        var path: UnsafePointer<CChar>?
        return vsh_recorder_refusals(&action, &path)
    }

    /// The same, and what the last one was about.
    public static var lastRefusal: (count: UInt32, action: [UInt8], path: [UInt8]) {
        var action: UnsafePointer<CChar>?
        var path: UnsafePointer<CChar>?
        let count = vsh_recorder_refusals(&action, &path)
        func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8] {
            guard var next = text else { return [] }
            var bytes: [UInt8] = []
            while next.pointee != 0 {
                bytes.append(UInt8(bitPattern: next.pointee))
                next += 1
            }
            return bytes
        }
        return (count, bytes(action), bytes(path))
    }

    /// The next recorded program is started by a thread that is made anew.
    public static func retireStarter() { vsh_recorder_retire() }

    /// Keeps a way to start programs that are not confined, before this process confines itself. False: there is none.
    public static func keepWayOut() -> Bool { vsh_way_out_keep() == 0 }
    public static var hasWayOut: Bool { vsh_way_out_is_kept() != 0 }

    /// Waits a moment for the operations of programs that were started apart and have ended.
    public static func settle() { vsh_recorder_settle() }

    /// How many changes of programs nobody could look at since this was asked last.
    public static func takeUnseen() -> UInt32 { vsh_recorder_take_unseen() }

    /// Whether the recorder can see programs only as long as the shell lives (Yama's ptrace_scope 1).
    public static var readsAsAncestor: Bool { vsh_recorder_reads_as_ancestor() != 0 }

    /// It died: the next start starts another.
    public static func forget() { vsh_recorder_forget() }

    /// After a spawn: lets the recorder fetch the new listener.
    public static func kick() { vsh_recorder_kick() }

    public enum Watched: Sendable {
        case ended
        /// A file is about to be changed, or time is up.
        case needsRecorder
        case readable
    }

    /// Waits while a held program changes nothing, or until `descriptor` (-1: none) can be read.
    public static func watch(
        _ recording: UnsafeMutablePointer<ProgramRecording>, pid: Int32, descriptor: Int32 = -1
    ) -> Watched {
        switch vsh_recorder_watch(&recording.pointee.raw, pid, descriptor) {
        case Int32(VSH_WATCH_ENDED): .ended
        case Int32(VSH_WATCH_READABLE): .readable
        default: .needsRecorder
        }
    }

    /// Nothing that a held program started is left.
    public static func hasEnded(_ recording: UnsafeMutablePointer<ProgramRecording>) -> Bool {
        vsh_recorder_has_ended(&recording.pointee.raw) != 0
    }

    /// Hands a held program to the recorder, which must have been started.
    public static func handOver(_ recording: UnsafeMutablePointer<ProgramRecording>) throws(Errno) {
        try run(vsh_recorder_hand_over(&recording.pointee.raw))
    }

    /// While it is watched, a held program goes on unrecorded.
    public static func release(_ recording: UnsafeMutablePointer<ProgramRecording>) {
        vsh_recorder_release(&recording.pointee.raw)
    }

    /// Lets go of a held program, of which nothing is left.
    public static func drop(_ recording: UnsafeMutablePointer<ProgramRecording>) {
        vsh_recorder_drop(&recording.pointee.raw)
    }

    /// Programs of the operation that still run belong to another one from now on.
    public static func close(operation: UInt64) { vsh_recorder_close(operation) }

    public enum Privileges: Sendable {
        case none
        /// Set-user-ID.
        case user
        /// Set-group-ID, capabilities.
        case other
    }

    /// What a program gains at its start, which a recorded or confined one cannot.
    public static func privileges(_ path: some PathArgument) -> Privileges {
        switch path.withPath({ vsh_recorder_gains_privileges($0) }) {
        case Int32(VSH_GAINS_NOTHING): .none
        case Int32(VSH_GAINS_USER): .user
        default: .other
        }
    }
}

extension Launch {
    /// Has the program started by what `keepWayOut` kept.
    public mutating func leave() { fork = { vsh_way_out_fork($0, $1, $2) } }

    /// Has the program recorded; `recording` must stay valid until the spawn has returned.
    public mutating func record(_ recording: UnsafeMutablePointer<ProgramRecording>) {
        context = UnsafeMutableRawPointer(recording)
        if recording.pointee.hasStarter {
            fork = { vsh_recorder_fork($0, $1, $2) }
        } else if recording.pointee.isToBeHeld {
            begin = { vsh_recorder_hold($0) }
        } else {
            prepare = { vsh_recorder_prepare($0) }
        }
    }
}
