// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax

/// How control goes on after a command. The levels of `break` and `continue` and the statuses of `return` and `exit` are in the shell.
public enum Flow: UInt8 {
    case normal
    /// `Shell.pendingLevels` loops are left (`break n`).
    case breaking
    /// `Shell.pendingLevels` − 1 loops are left and the next one goes on (`continue n`).
    case continuing
    /// The function or dot script is left (`return`); the status is `Shell.status`.
    case returned
    /// The shell or subshell environment is left (`exit`); the status is `Shell.status`.
    case exited
    /// The rest of what was read is not run (`set -n`).
    case abandoned
}

/// An error after which more than the present command is given up; the message has been written when it is thrown.
public struct ShellError: Error {
    /// What is left, by XCU 2.8.1.
    public enum Kind: UInt8, Sendable {
        /// An expansion, assignment or syntax error: a non-interactive shell exits, an interactive one goes back to its prompt.
        case expansion
        /// A special builtin's error (usage or redirection): likewise, unless run through `command`.
        case specialBuiltin
        /// An interactive shell was interrupted: back to the prompt.
        case interrupted
        /// The complete command ends, not the shell (`shopt -s failglob`, as in bash).
        case discarded
        /// The commands that remain of a virtual subshell have been run by a process forked in its place: to the boundary, not further.
        case continuedElsewhere
    }

    public var kind: Kind
    public var status: Int32

    public init(_ kind: Kind, status: Int32) {
        self.kind = kind
        self.status = status
    }
}

/// The words of a command on the shell's field stack: `shell.fields[base]` is its name.
public struct Arguments {
    public let base: Int
    /// Words, the name included.
    public let count: Int

    @inline(__always)
    public init(base: Int, count: Int) {
        self.base = base
        self.count = count
    }

    /// The same words without the first `n`, so that word `n` becomes the name.
    @inline(__always)
    public func dropping(_ n: Int) -> Arguments { Arguments(base: base + n, count: count - n) }
}

/// A builtin: reads its words from the field stack, writes to `shell.output` and by `shell.report`, sets `shell.status`, and says how control goes on.
public typealias BuiltinFunction = (Shell, Arguments) throws(ShellError) -> Flow

/// A row of the builtin table. From it come lookup, `help`, `--help`, completion, the manual and tests.
public struct Builtin {
    /// The classes of XCU 2.9.1.4 and 2.14, and vsh's own.
    public enum Class: UInt8 {
        /// Found before functions; assignments before it persist; its errors end a non-interactive shell.
        case special
        /// Found after functions, whether or not it is in PATH.
        case intrinsic
        /// Likewise; POSIX would also find it in PATH.
        case regular
        /// A file utility; a run with an option it does not know is given to the external program.
        case file
        /// Present in vsh, not in POSIX: `undo`, `ops`, …; not found in POSIX mode.
        case extension_
    }

    public struct Traits: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Arguments of the form name=value are expanded as assignments (`export`, `readonly`, `local`).
        public static let declaration = Traits(rawValue: 1)
        /// It may read standard input or leave descriptors to a child: buffered input is given back first.
        public static let usesInput = Traits(rawValue: 2)
        /// Changes no variable, option, directory or other shell state, and reads nothing: it can run before its pipeline's other stages.
        public static let isPure = Traits(rawValue: 4)
        /// It acts on the history of operations: what ran before is an operation of its own, and its redirections are none.
        public static let standsApart = Traits(rawValue: 8)
        /// It deals with its redirections itself (`Shell.ownRedirections`).
        public static let takesRedirections = Traits(rawValue: 16)
        /// With more than one operand it is the program of that name, and does not stand apart.
        public static let mayBeProgram = Traits(rawValue: 32)
    }

    public let name: StaticString
    public let kind: Class
    public let traits: Traits
    /// Its arguments, as in a manual: `[-p] [name[=value]...]`.
    public let synopsis: StaticString
    /// One line.
    public let summary: StaticString
    public let function: BuiltinFunction

    public init(
        _ name: StaticString, _ kind: Class, traits: Traits = [], synopsis: StaticString, summary: StaticString,
        function: @escaping BuiltinFunction
    ) {
        self.name = name
        self.kind = kind
        self.traits = traits
        self.synopsis = synopsis
        self.summary = summary
        self.function = function
    }
}
