// SPDX-License-Identifier: MPL-2.0
import VshBase

/// How far commands are confined.
public enum SandboxLevel: UInt8, Comparable, Sendable {
    case off = 0
    /// Reading and running anywhere; changes below the root, in the directories for temporary files, and to terminals.
    case write = 1
    /// Reading too only there and in the system's own directories.
    case strict = 2

    public static func < (a: SandboxLevel, b: SandboxLevel) -> Bool { a.rawValue < b.rawValue }

    /// By its name.
    public init?(_ name: [UInt8]) {
        guard let found = [Self.off, .write, .strict].first(where: { name.elementsEqual($0.name.utf8) }) else {
            return nil
        }
        self = found
    }

    public var name: String {
        switch self {
        case .off: "off"
        case .write: "write"
        case .strict: "strict"
        }
    }
}

/// What the bounds of commands are to be, as the command line and the environment say; looked up when they are first needed.
public struct SandboxRequest {
    public var level: SandboxLevel
    /// The root; empty: `home` when `here` is in it, else `here`.
    public var root = Text()
    /// Where the shell started, and the home directory, if there is one; absolute, perhaps by way of symbolic links.
    public var here: Text
    public var home: Text
    /// Nobody asked for it: inside another shell's bounds there are no others, and a person at the terminal may run single
    /// programs outside.
    public var isDefault = false
    /// A directory for temporary files besides the usual ones; empty: there is none.
    public var temporary = Text()
    /// The shell's own, which no command may change; absolute, it need not exist. Empty: there is none.
    public var configuration = Text()

    public init(level: SandboxLevel, here: Text, home: Text) {
        self.level = level
        self.here = here
        self.home = home
    }
}
