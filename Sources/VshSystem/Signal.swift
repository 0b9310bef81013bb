// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc

/// A signal by number.
public struct Signal: RawRepresentable, Equatable, Hashable, Sendable {
    public var rawValue: Int32
    @inline(__always)
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static var hangup: Signal { .init(rawValue: SIGHUP) }
    public static var interrupt: Signal { .init(rawValue: SIGINT) }
    public static var quit: Signal { .init(rawValue: SIGQUIT) }
    public static var illegalInstruction: Signal { .init(rawValue: SIGILL) }
    public static var trap: Signal { .init(rawValue: SIGTRAP) }
    public static var abort: Signal { .init(rawValue: SIGABRT) }
    public static var bus: Signal { .init(rawValue: SIGBUS) }
    public static var arithmetic: Signal { .init(rawValue: SIGFPE) }
    public static var kill: Signal { .init(rawValue: SIGKILL) }
    public static var user1: Signal { .init(rawValue: SIGUSR1) }
    public static var segmentation: Signal { .init(rawValue: SIGSEGV) }
    public static var user2: Signal { .init(rawValue: SIGUSR2) }
    public static var pipe: Signal { .init(rawValue: SIGPIPE) }
    public static var alarm: Signal { .init(rawValue: SIGALRM) }
    public static var terminate: Signal { .init(rawValue: SIGTERM) }
    public static var child: Signal { .init(rawValue: SIGCHLD) }
    public static var `continue`: Signal { .init(rawValue: SIGCONT) }
    public static var stop: Signal { .init(rawValue: SIGSTOP) }
    public static var terminalStop: Signal { .init(rawValue: SIGTSTP) }
    public static var terminalInput: Signal { .init(rawValue: SIGTTIN) }
    public static var terminalOutput: Signal { .init(rawValue: SIGTTOU) }
    public static var windowChange: Signal { .init(rawValue: SIGWINCH) }
    public static var fileSizeLimit: Signal { .init(rawValue: SIGXFSZ) }

    /// The highest number, SIGRTMAX. 32 and 33 belong to the C library.
    public static var maximum: Int32 { VSH_SIGNAL_MAX }

    /// The name without SIG, "RTMIN+n" and "RTMAX-n" included; empty when there is no such signal. 0 is "EXIT".
    public var name: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            let room = UnsafeMutableRawPointer(buffer.baseAddress!).assumingMemoryBound(to: CChar.self)
            count = Int(vsh_signal_name(rawValue, room))
        }
    }

    /// The signal with this name: upper case, no SIG in front. "EXIT" is 0.
    public init?(name: UnsafeBufferPointer<UInt8>) {
        guard let start = name.baseAddress else { return nil }
        let number = vsh_signal_number(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self), name.count)
        if number < 0 { return nil }
        rawValue = number
    }

    /// The signal with this name: upper case, no SIG in front. "EXIT" is 0.
    public init?(name: [UInt8]) {
        guard let signal = name.withUnsafeBufferPointer({ Signal(name: $0) }) else { return nil }
        self = signal
    }

    /// What a shell says of a process that this signal ended, such as "Terminated". (C: sigdescr_np)
    public var description: [UInt8] {
        guard let text = vsh_signal_text(rawValue) else { return Array("Unknown signal \(rawValue)".utf8) }
        return Array(String(cString: text).utf8)
    }

    /// The signals that a process cannot catch or ignore.
    public var isUncatchable: Bool { self == .kill || self == .stop }
}

/// A set of signals: number n at bit n − 1.
public struct SignalSet: OptionSet, Sendable {
    public var rawValue: UInt64
    @inline(__always)
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    @inline(__always)
    public init(_ signal: Signal) { rawValue = 1 << UInt64(signal.rawValue &- 1) }

    public init(_ signals: Signal...) {
        rawValue = 0
        for signal in signals { rawValue |= 1 << UInt64(signal.rawValue &- 1) }
    }

    public static var all: SignalSet { .init(rawValue: .max) }

    @inline(__always)
    public func contains(_ signal: Signal) -> Bool { rawValue & (1 << UInt64(signal.rawValue &- 1)) != 0 }

    /// Takes out the signal with the lowest number; nil when empty.
    public mutating func popFirst() -> Signal? {
        if rawValue == 0 { return nil }
        let signal = Signal(rawValue: Int32(rawValue.trailingZeroBitCount) + 1)
        rawValue &= rawValue - 1
        return signal
    }
}

/// Dispositions, masks and what has arrived. Handlers are in C and only set bits: the shell looks at command boundaries
/// and after EINTR.
public enum Signals {
    public enum Disposition: Int32, Sendable {
        case `default` = 0
        case ignored = 1
        case caught = 2
    }

    /// Whether a caught SIGINT arrived and was not taken.
    public static var isInterruptPending: Bool {
        isPending && SignalSet(rawValue: vsh_signals_peek()).contains(.interrupt)
    }

    /// Whether a caught signal arrived and was not taken. One load; SIGCHLD counts only when caught with `countsChild`.
    @inline(__always)
    public static var isPending: Bool { vsh_signals_pending() != 0 }

    /// Whether SIGCHLD arrived, while caught, since the last `clearChild`.
    @inline(__always)
    public static var childChanged: Bool { vsh_signals_child() != 0 }
    public static func clearChild() { vsh_signals_clear_child() }
    /// Catches SIGCHLD from now on, so that `childChanged` and `waitReady` tell of children.
    public static func watchChildren() { _ = vsh_signal_note_children() }

    /// Reads and clears the set of caught signals that arrived.
    public static func take() -> SignalSet { .init(rawValue: vsh_signals_take()) }

    /// Sets what a signal does. (C: sigaction)
    /// - Parameters:
    ///   - restarts: calls that the signal interrupts go on by themselves; otherwise they fail with EINTR.
    ///   - countsChild: for SIGCHLD: it enters the pending set too (`trap … CHLD`).
    public static func set(
        _ signal: Signal, _ disposition: Disposition, restarts: Bool = false, countsChild: Bool = false
    ) throws(Errno) {
        let options = (restarts ? VSH_SIGNAL_RESTART : 0) | (countsChild ? VSH_SIGNAL_COUNTED : 0)
        try run(vsh_signal_set(signal.rawValue, disposition.rawValue, Int32(options)))
    }

    /// What a signal does now.
    public static func disposition(_ signal: Signal) -> Disposition {
        Disposition(rawValue: vsh_signal_get(signal.rawValue)) ?? .default
    }

    /// Whether the signal was ignored when the shell started: such a signal cannot be trapped (XCU 2.15, trap).
    public static func wasIgnoredAtStart(_ signal: Signal) -> Bool { vsh_signal_ignored_at_start(signal.rawValue) != 0 }

    public static var caught: SignalSet { .init(rawValue: vsh_signals_caught()) }

    /// Blocks these too; returns the set blocked before. (C: sigprocmask)
    @discardableResult
    public static func block(_ set: SignalSet) -> SignalSet { .init(rawValue: vsh_signals_block(set.rawValue)) }

    /// Blocks exactly these; returns the set blocked before. (C: sigprocmask)
    @discardableResult
    public static func setMask(_ set: SignalSet) -> SignalSet { .init(rawValue: vsh_signals_set_mask(set.rawValue)) }

    /// Waits, with exactly `mask` blocked, until a handler has run. Block first, look at `isPending`, then wait: no
    /// signal is lost in between. (C: sigsuspend)
    public static func suspend(mask: SignalSet) { _ = vsh_signals_suspend(mask.rawValue) }

    /// Sends a signal: pid > 0 a process, 0 the own group, -1 all, < -1 the group -pid. `signal` 0 only looks. (C: kill)
    public static func send(_ signal: Signal, to pid: Int32) throws(Errno) { try run(vsh_kill(pid, signal.rawValue)) }

    /// Ends this process by `signal` with its default effect, so that the parent sees why. Returns if it is not fatal.
    public static func die(_ signal: Signal) {
        _ = vsh_signal_set(signal.rawValue, Disposition.default.rawValue, 0)
        setMask([])
        _ = vsh_kill(getpid(), signal.rawValue)
    }
}
