// SPDX-License-Identifier: MPL-2.0
import CVshSystem

/// Landlock: rules that the kernel keeps for a process and all that it starts. (landlock(7))
public enum Landlock {
    /// What may be done with files.
    public struct Rights: OptionSet, Sendable {
        public var rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        public static var execute: Rights { Rights(rawValue: UInt64(VSH_LANDLOCK_EXECUTE)) }
        public static var writeFile: Rights { Rights(rawValue: UInt64(VSH_LANDLOCK_WRITE_FILE)) }
        public static var readFile: Rights { Rights(rawValue: UInt64(VSH_LANDLOCK_READ_FILE)) }
        public static var readDirectory: Rights { Rights(rawValue: UInt64(VSH_LANDLOCK_READ_DIRECTORY)) }
        /// Making and removing names.
        public static var changes: Rights { Rights(rawValue: UInt64(VSH_LANDLOCK_CHANGES)) }
        /// Making device files, a part of `changes`.
        public static var makeDevice: Rights { Rights(rawValue: 1 << 6 | 1 << 11) }
        /// Renames and links from one directory to another (version 2; before, they are never allowed).
        public static var refer: Rights { Rights(rawValue: UInt64(VSH_LANDLOCK_REFER)) }
        /// (version 3)
        public static var truncate: Rights { Rights(rawValue: UInt64(VSH_LANDLOCK_TRUNCATE)) }
    }

    /// A new set of rules, which takes `handled` away. The caller closes it.
    public static func ruleset(_ handled: Rights) throws(Errno) -> Int32 {
        let fd = try check(vsh_landlock_ruleset(handled.rawValue))
        return fd
    }

    /// Gives rights back at a path, and below it.
    public static func allow(_ ruleset: Int32, _ path: some PathArgument, _ rights: Rights) throws(Errno) {
        try run(path.withPath { vsh_landlock_allow(ruleset, $0, rights.rawValue) })
    }

    /// Gives rights back for a regular file that is open for writing; nothing when it is none.
    public static func allow(_ ruleset: Int32, open fd: Int32, _ rights: Rights) throws(Errno) {
        try run(vsh_landlock_allow_open(ruleset, fd, rights.rawValue))
    }

    /// Puts the rules on this process, for ever.
    public static func restrict(_ ruleset: Int32) throws(Errno) { try run(vsh_landlock_restrict(ruleset)) }
}

extension Launch {
    /// Has the program confined, and nothing else; `ruleset` must stay valid until the spawn has returned.
    public mutating func confine(_ ruleset: UnsafeMutablePointer<Int32>) {
        prepare = { vsh_landlock_prepare($0) }
        context = UnsafeMutableRawPointer(ruleset)
    }
}
