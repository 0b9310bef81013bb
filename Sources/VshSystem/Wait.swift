// SPDX-License-Identifier: MPL-2.0
import CVshSystem

/// How a child ended or changed, as wait gives it.
public struct WaitStatus: Equatable, Sendable {
    public var rawValue: Int32
    @inline(__always)
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Of a process that ended with this exit status.
    public init(exitCode: Int32) { rawValue = (exitCode & 0xff) << 8 }

    /// (C: WIFEXITED)
    @inline(__always)
    public var hasExited: Bool { rawValue & 0x7f == 0 }
    /// The exit status, when `hasExited`. (C: WEXITSTATUS)
    @inline(__always)
    public var exitCode: Int32 { (rawValue >> 8) & 0xff }
    /// (C: WIFSIGNALED)
    @inline(__always)
    public var wasSignaled: Bool { rawValue & 0x7f != 0 && rawValue & 0x7f != 0x7f }
    /// The signal that ended the child, when `wasSignaled`. (C: WTERMSIG)
    @inline(__always)
    public var signal: Signal { Signal(rawValue: rawValue & 0x7f) }
    /// (C: WCOREDUMP)
    public var hasCore: Bool { rawValue & 0x80 != 0 }
    /// (C: WIFSTOPPED)
    @inline(__always)
    public var isStopped: Bool { rawValue & 0xff == 0x7f }
    /// (C: WSTOPSIG)
    public var stopSignal: Signal { Signal(rawValue: (rawValue >> 8) & 0xff) }
    /// Stopped by SIGTSTP.
    public var isStoppedByTerminal: Bool { isStopped && stopSignal == .terminalStop }
    /// (C: WIFCONTINUED)
    public var isContinued: Bool { rawValue == 0xffff }

    /// The value of `$?`: the exit status, or 128 + the number of the signal that ended or stopped the child (XCU 2.8.2).
    @inline(__always)
    public var shellStatus: Int32 {
        if hasExited { return exitCode }
        return 128 + (isStopped ? stopSignal.rawValue : signal.rawValue)
    }
}

/// Resource use of processes.
public struct ResourceUsage: Sendable {
    @usableFromInline var raw = vsh_usage()
    /// Microseconds of processor time.
    public var user: Int64 { raw.user }
    public var system: Int64 { raw.system }
    /// KiB.
    public var maxResident: Int64 { raw.max_resident }
    public var minorFaults: Int64 { raw.minor_faults }
    public var majorFaults: Int64 { raw.major_faults }
    public var voluntarySwitches: Int64 { raw.voluntary_switches }
    public var involuntarySwitches: Int64 { raw.involuntary_switches }

    public init() {}
}

public struct WaitOptions: OptionSet, Sendable {
    public var rawValue: Int32
    @inline(__always)
    public init(rawValue: Int32) { self.rawValue = rawValue }
    /// Return nil when no child has changed.
    public static var noHang: WaitOptions { .init(rawValue: 1) }
    /// Report stopped children too.
    public static var stopped: WaitOptions { .init(rawValue: 2) }
    /// Report continued children too.
    public static var continued: WaitOptions { .init(rawValue: 8) }
}

/// Waiting for children. pid > 0: that child, -1: any, 0: of the own group, < -1: of group -pid. ECHILD: there is none.
extension System {
    public struct Child: Sendable {
        public var pid: Int32
        public var status: WaitStatus
    }

    @inline(__always)
    private static func child(_ pid: Int32, _ status: Int32) throws(Errno) -> Child? {
        try check(pid) == 0 ? nil : Child(pid: pid, status: WaitStatus(rawValue: status))
    }

    /// Waits through signals: a trap runs after the foreground command ended (XCU 2.12). (C: wait4, EINTR repeated)
    @inline(__always)
    public static func waitForeground(_ pid: Int32, _ options: WaitOptions = []) throws(Errno) -> Child? {
        var status: Int32 = 0
        return try child(vsh_wait_foreground(pid, &status, options.rawValue, nil), status)
    }

    /// The same, and adds up what the child used.
    public static func waitForeground(_ pid: Int32, _ options: WaitOptions = [], usage: inout ResourceUsage)
        throws(Errno) -> Child?
    {
        var status: Int32 = 0
        return try child(vsh_wait_foreground(pid, &status, options.rawValue, &usage.raw), status)
    }

    /// For the `wait` builtin: throws EINTR when a caught signal is pending or arrives, without a race between looking
    /// and sleeping; a child that has changed comes first. Catches SIGCHLD from the first call on.
    /// (C: waitpid WNOHANG, sigsuspend)
    public static func waitInterruptible(_ pid: Int32, _ options: WaitOptions = []) throws(Errno) -> Child? {
        var status: Int32 = 0
        return try child(vsh_wait_interruptible(pid, &status, options.rawValue, nil), status)
    }

    /// A child that has changed already, or nil. (C: waitpid WNOHANG)
    public static func poll(_ pid: Int32 = -1, _ options: WaitOptions = []) throws(Errno) -> Child? {
        var status: Int32 = 0
        return try child(vsh_wait(pid, &status, options.union(.noHang).rawValue, nil), status)
    }
}
