// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc

/// Modes of a terminal (termios), to keep and to put back.
public struct TerminalAttributes {
    @usableFromInline var raw = termios()

    /// (C: tcgetattr)
    public init(_ fd: Int32) throws(Errno) { try run(vsh_terminal_get(fd, &raw)) }

    /// Line editing by the terminal (ICANON).
    public var isCanonical: Bool {
        get { raw.c_lflag & tcflag_t(ICANON) != 0 }
        set { set(&raw.c_lflag, ICANON, newValue) }
    }
    /// Typed characters are shown (ECHO).
    public var echoes: Bool {
        get { raw.c_lflag & tcflag_t(ECHO) != 0 }
        set { set(&raw.c_lflag, ECHO, newValue) }
    }
    /// Control characters send signals (ISIG).
    public var sendsSignals: Bool {
        get { raw.c_lflag & tcflag_t(ISIG) != 0 }
        set { set(&raw.c_lflag, ISIG, newValue) }
    }
    /// Such a character throws away neither what was typed nor what is still to be shown (NOFLSH).
    public var keepsQueues: Bool {
        get { raw.c_lflag & tcflag_t(NOFLSH) != 0 }
        set { set(&raw.c_lflag, NOFLSH, newValue) }
    }
    /// Extensions such as literal-next (IEXTEN).
    public var isExtended: Bool {
        get { raw.c_lflag & tcflag_t(IEXTEN) != 0 }
        set { set(&raw.c_lflag, IEXTEN, newValue) }
    }

    private func set(_ flags: inout tcflag_t, _ bit: Int32, _ isOn: Bool) {
        flags = isOn ? flags | tcflag_t(bit) : flags & ~tcflag_t(bit)
    }

    /// A control character: `index` is VEOF 4, VINTR 0, VERASE 2, VKILL 3, VMIN 6, VTIME 5, VWERASE 14 and so on.
    public subscript(control index: Int) -> UInt8 {
        get { withUnsafeBytes(of: raw.c_cc) { $0[index] } }
        set { withUnsafeMutableBytes(of: &raw.c_cc) { $0[index] = newValue } }
    }

    public enum When: Int32, Sendable {
        case now = 0
        /// After everything written is out.
        case drained = 1
        /// The same, and input not yet read is dropped.
        case flushed = 2
    }

    /// Also from a background group: SIGTTOU is blocked. (C: tcsetattr)
    public func apply(to fd: Int32, _ when: When = .drained) throws(Errno) {
        var copy = raw
        try run(vsh_terminal_set(fd, when.rawValue, &copy))
    }

    /// The bytes of the structure, to compare two.
    public static func == (a: TerminalAttributes, b: TerminalAttributes) -> Bool {
        withUnsafeBytes(of: a.raw) { a in withUnsafeBytes(of: b.raw) { b in a.elementsEqual(b) } }
    }
}

extension System {
    /// (C: isatty)
    public static func isTerminal(_ fd: Int32) -> Bool { vsh_is_terminal(fd) != 0 }

    /// The foreground process group. ENOTTY: not the controlling terminal. (C: tcgetpgrp)
    public static func foregroundGroup(_ fd: Int32) throws(Errno) -> Int32 { try check(vsh_terminal_group(fd)) }

    /// Also from a background group: SIGTTOU is blocked. (C: tcsetpgrp)
    public static func setForegroundGroup(_ fd: Int32, _ group: Int32) throws(Errno) {
        try run(vsh_terminal_set_group(fd, group))
    }

    /// (C: ioctl TIOCGWINSZ)
    public static func terminalSize(_ fd: Int32) throws(Errno) -> (rows: Int, columns: Int) {
        var (rows, columns): (UInt16, UInt16) = (0, 0)
        try run(vsh_terminal_size(fd, &rows, &columns))
        return (Int(rows), Int(columns))
    }

    /// (C: ioctl TIOCSWINSZ)
    public static func setTerminalSize(_ fd: Int32, rows: UInt16, columns: UInt16) throws(Errno) {
        try run(vsh_terminal_set_size(fd, rows, columns))
    }

    /// Makes the terminal the controlling one of this session, which has none. (C: ioctl TIOCSCTTY)
    public static func acquireTerminal(_ fd: Int32) throws(Errno) { try run(vsh_terminal_acquire(fd)) }

    /// A new pseudo-terminal: its controlling side and the path of the other. (C: posix_openpt, unlockpt, ptsname_r)
    public static func openPseudoTerminal() throws(Errno) -> (fd: Int32, peer: [UInt8]) {
        let fd = try open("/dev/ptmx" as StaticString, [.readWrite, .noControllingTerminal, .closeOnExec])
        var name = [CChar](repeating: 0, count: 64)
        let result = vsh_terminal_unlock_peer(fd, &name, name.count)
        if result < 0 {
            _ = vsh_close(fd)
            throw Errno(rawValue: -result)
        }
        return (fd, name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }

    public struct PollEvents: OptionSet, Sendable {
        public var rawValue: Int16
        public init(rawValue: Int16) { self.rawValue = rawValue }
        public static var readable: PollEvents { .init(rawValue: 1) }
        public static var writable: PollEvents { .init(rawValue: 4) }
        public static var error: PollEvents { .init(rawValue: 8) }
        public static var hangup: PollEvents { .init(rawValue: 16) }
        public static var invalid: PollEvents { .init(rawValue: 32) }
    }

    public struct PollItem: Sendable {
        public var descriptor: Int32
        public var events: PollEvents
        public var result: PollEvents = []
        public init(_ descriptor: Int32, _ events: PollEvents) {
            self.descriptor = descriptor
            self.events = events
        }
    }

    /// Waits until one of the descriptors is ready and returns how many are; 0: `timeout` (nanoseconds, nil: for ever)
    /// has passed. EINTR is thrown. (C: ppoll)
    /// - Parameter mask: signals blocked meanwhile, in place of the present ones.
    public static func poll(_ items: inout [PollItem], timeout: Int64? = nil, mask: SignalSet? = nil) throws(Errno)
        -> Int
    {
        let result = items.withUnsafeMutableBytes { raw in
            vsh_poll(
                raw.baseAddress!.assumingMemoryBound(to: pollfd.self), raw.count / MemoryLayout<pollfd>.size,
                timeout ?? -1, mask == nil ? 0 : 1, mask?.rawValue ?? 0)
        }
        return Int(try check(result))
    }

    /// Waits until `fd` is ready; false: `timeout` (nanoseconds, nil: for ever) has passed. Throws EINTR when a caught
    /// signal is pending or arrives, without a race between looking and sleeping; with `heedsChildren` also when SIGCHLD
    /// arrived since `Signals.clearChild`. (C: ppoll)
    public static func waitReady(
        _ fd: Int32, _ events: PollEvents = .readable, timeout: Int64? = nil, heedsChildren: Bool = false
    ) throws(Errno) -> Bool {
        try check(vsh_poll_interruptible(fd, events.rawValue, timeout ?? -1, heedsChildren ? 1 : 0)) > 0
    }
}
