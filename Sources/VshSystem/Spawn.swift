// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc
import VshBase

/// A vector of NUL-terminated strings for execve, built in one block that is used again and again.
public struct ArgumentVector: ~Copyable {
    private var bytes: UnsafeMutablePointer<UInt8>
    private var byteCount = 0
    private var byteCapacity: Int
    private var slots: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    /// Where each string starts in `bytes`, which moves when it grows.
    private var offsets: UnsafeMutablePointer<Int>
    public private(set) var count = 0
    private var slotCapacity: Int

    public init() {
        byteCapacity = 1024
        slotCapacity = 32
        bytes = .allocate(capacity: byteCapacity)
        slots = .allocate(capacity: slotCapacity + 1)
        offsets = .allocate(capacity: slotCapacity)
    }

    deinit {
        bytes.deallocate()
        slots.deallocate()
        offsets.deallocate()
    }

    /// Whether every string after the first begins with `-`.
    public var hasOnlyOptions: Bool {
        var index = 1
        while index < count {
            if bytes[offsets[index]] != UInt8(ascii: "-") { return false }
            index += 1
        }
        return true
    }

    /// Whether a string is among them.
    public func contains(_ string: StaticString) -> Bool {
        let size = string.utf8CodeUnitCount
        for index in 0..<count {
            let start = offsets[index]
            let end = index + 1 < count ? offsets[index + 1] : byteCount
            guard end - start == size + 1 else { continue }
            if (0..<size).allSatisfy({ bytes[start + $0] == string.utf8Start[$0] }) { return true }
        }
        return false
    }

    /// Forgets the strings but keeps the room.
    public mutating func removeAll() {
        byteCount = 0
        count = 0
    }

    public mutating func append(_ string: UnsafeBufferPointer<UInt8>) {
        open()
        extend(string)
        close()
    }

    public mutating func append(_ text: Text) { text.withBytes { append($0) } }
    public mutating func append(_ string: [UInt8]) { string.withUnsafeBufferPointer { append($0) } }

    /// A string in parts: `open`, any number of `extend`, `close`. For NAME=VALUE.
    public mutating func open() {
        if count == slotCapacity { growSlots() }
        offsets[count] = byteCount
    }

    public mutating func extend(_ part: UnsafeBufferPointer<UInt8>) {
        reserve(part.count)
        if part.count > 0 { (bytes + byteCount).update(from: part.baseAddress!, count: part.count) }
        byteCount += part.count
    }

    public mutating func extend(_ byte: UInt8) {
        reserve(1)
        bytes[byteCount] = byte
        byteCount += 1
    }

    public mutating func extend(_ text: Text) { text.withBytes { extend($0) } }

    public mutating func close() {
        extend(0)
        count += 1
    }

    /// The vector, NULL at its end. Valid until the next change.
    public mutating func pointers() -> UnsafePointer<UnsafeMutablePointer<CChar>?> {
        for i in 0..<count {
            slots[i] = UnsafeMutableRawPointer(bytes + offsets[i]).assumingMemoryBound(to: CChar.self)
        }
        slots[count] = nil
        return UnsafePointer(slots)
    }

    private mutating func reserve(_ more: Int) {
        if byteCount + more <= byteCapacity { return }
        let capacity = max(byteCapacity * 2, byteCount + more)
        let bigger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        bigger.update(from: bytes, count: byteCount)
        bytes.deallocate()
        bytes = bigger
        byteCapacity = capacity
    }

    private mutating func growSlots() {
        let bigger = UnsafeMutablePointer<Int>.allocate(capacity: slotCapacity * 2)
        bigger.update(from: offsets, count: count)
        offsets.deallocate()
        slots.deallocate()
        offsets = bigger
        slotCapacity *= 2
        slots = .allocate(capacity: slotCapacity + 1)
    }
}

/// One change to the descriptors of a new process. Sources always are the parent's descriptors, whatever earlier
/// actions did to that number: a list can exchange two of them.
public struct DescriptorAction: Sendable {
    /// -1: close `target`.
    var source: Int32
    var target: Int32

    /// `target` becomes a copy of `source`; when both are the same, it stays open across exec.
    @inline(__always)
    public static func duplicate(_ source: Int32, to target: Int32) -> DescriptorAction {
        .init(source: source, target: target)
    }
    @inline(__always)
    public static func close(_ target: Int32) -> DescriptorAction { .init(source: -1, target: target) }
}

/// How a new process differs from the shell.
public struct Launch {
    public enum ProcessGroup: Equatable, Sendable {
        case inherit
        /// A new group with the child as its leader.
        case own
        case join(Int32)
    }
    public var processGroup = ProcessGroup.inherit
    /// Descriptor of the terminal to give to the new group, or -1.
    public var terminal: Int32 = -1
    /// Descriptor of the working directory, or -1 for the shell's own.
    public var directory: Int32 = -1
    /// Signals to reset to default. Those that the shell catches always are.
    public var defaultSignals: SignalSet = []
    /// Signals to ignore (SIGINT and SIGQUIT of an asynchronous list without job control, XCU 2.12).
    public var ignoredSignals: SignalSet = []
    /// Signals blocked in the new process.
    public var mask: SignalSet = []
    /// What to run as `interpreterName path argument…` when the system does not know the format of the file
    /// (XCU 2.9.1.6); nil: ENOEXEC is thrown. NUL-terminated bytes.
    public var interpreter: UnsafePointer<CChar>?
    public var interpreterName: UnsafePointer<CChar>?
    /// First step in a child that shares the shell's descriptors, which it has to end. The rest is as for `prepare`. Spawn only.
    public var begin: (@convention(c) (UnsafeMutableRawPointer?) -> Int32)?
    /// What starts the process instead of vfork: see `vsh_launch.fork`. Spawn only.
    public var fork:
        (
            @convention(c) (
                @convention(c) (UnsafeMutableRawPointer?) -> Int32, UnsafeMutableRawPointer?, UnsafeMutableRawPointer
            ) -> Int32
        )?
    /// Last step before exec, given `context`. Async-signal-safe C code only; a negative errno ends the attempt.
    public var prepare: (@convention(c) (UnsafeMutableRawPointer?) -> Int32)?
    public var context: UnsafeMutableRawPointer?

    public init() {}

    @inline(__always)
    fileprivate func with<R>(
        _ path: UnsafePointer<CChar>, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>, _ actions: UnsafeBufferPointer<DescriptorAction>,
        _ body: (UnsafePointer<vsh_launch>) -> R
    ) -> R {
        let group: Int32 =
            switch processGroup {
            case .inherit: -1
            case .own: 0
            case .join(let group): group
            }
        var raw = vsh_launch(
            path: path, argv: arguments, envp: environment, begin: begin, fork: fork, pgroup: group, terminal: terminal,
            actions: UnsafeRawPointer(actions.baseAddress)?.assumingMemoryBound(to: vsh_fd_action.self),
            action_count: actions.count, directory: directory, default_signals: defaultSignals.rawValue,
            ignored_signals: ignoredSignals.rawValue, prepare: prepare, context: context, mask: mask.rawValue,
            interpreter: interpreter, interpreter_name: interpreterName ?? interpreter)
        return body(&raw)
    }
}

extension System {
    /// Starts a program without copying the shell's memory, and returns its pid. Errors of every step, exec included,
    /// are thrown. Nothing is searched in PATH. (C: vfork, execve)
    /// - Parameters:
    ///   - arguments: argv, NULL at the end. `environment`: envp, NULL at the end.
    public static func spawn(
        _ path: some PathArgument, arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        environment: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        actions: UnsafeBufferPointer<DescriptorAction> = .init(start: nil, count: 0), _ launch: Launch = Launch()
    ) throws(Errno) -> Int32 {
        try check(path.withPath { launch.with($0, arguments, environment, actions) { vsh_spawn($0) } })
    }

    /// Replaces this process by a program. Returns only by throwing; then working directory and process group may have
    /// changed already, while descriptors and signals are as before. (C: execve)
    public static func exec(
        _ path: some PathArgument, arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        environment: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        actions: UnsafeBufferPointer<DescriptorAction> = .init(start: nil, count: 0), _ launch: Launch = Launch()
    ) throws(Errno) -> Never {
        let result = path.withPath { launch.with($0, arguments, environment, actions) { vsh_exec($0) } }
        throw Errno(rawValue: -result)
    }

    /// `spawn` with arrays: for rare uses and tests.
    public static func spawn(
        _ path: some PathArgument, _ arguments: [[UInt8]], environment: [[UInt8]] = [],
        actions: [DescriptorAction] = [], _ launch: Launch = Launch()
    ) throws(Errno) -> Int32 {
        var argv = ArgumentVector()
        var envp = ArgumentVector()
        for argument in arguments { argv.append(argument) }
        for variable in environment { envp.append(variable) }
        let (a, e) = (argv.pointers(), envp.pointers())
        return try actions.withUnsafeBufferPointer { (actions) throws(Errno) in
            try spawn(path, arguments: a, environment: e, actions: actions, launch)
        }
    }

    /// A copy of this process: nil in the child, its pid in the parent. In the child, caught signals and `resetSignals`
    /// are reset, those of `ignoredSignals` are ignored, and signals noted earlier are forgotten; all
    /// are blocked until that is done. A child ends with `exit`. (C: fork)
    public static func fork(resetSignals: SignalSet = [], ignoredSignals: SignalSet = []) throws(Errno) -> Int32? {
        let pid = try check(vsh_fork(resetSignals.rawValue, ignoredSignals.rawValue))
        return pid == 0 ? nil : pid
    }

    /// A copy of this process that nobody waits for, with none of its descriptors, handlers and directories: true in it. It
    /// ends with `exit`.
    public static func detach() throws(Errno) -> Bool { try check(vsh_detach()) == 1 }

    /// Forks (not spawns) between the first process and this one.
    public static var forkDepth: Int { Int(vsh_fork_depth()) }

    /// Ends the process at once: no handlers, no flushing. (C: _exit)
    public static func exit(_ status: Int32) -> Never { vsh_exit(status) }
}
