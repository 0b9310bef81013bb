// SPDX-License-Identifier: MPL-2.0
import VshBase

/// The options of `set` and the invocation (XCU `set`, `sh`).
public struct ShellOptions: OptionSet, Sendable {
    public let rawValue: UInt64
    @inline(__always)
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static let allexport = ShellOptions(rawValue: 1 << 0)
    public static let notify = ShellOptions(rawValue: 1 << 1)
    public static let noclobber = ShellOptions(rawValue: 1 << 2)
    public static let errexit = ShellOptions(rawValue: 1 << 3)
    public static let noglob = ShellOptions(rawValue: 1 << 4)
    public static let hashall = ShellOptions(rawValue: 1 << 5)
    public static let monitor = ShellOptions(rawValue: 1 << 6)
    public static let noexec = ShellOptions(rawValue: 1 << 7)
    public static let nounset = ShellOptions(rawValue: 1 << 8)
    public static let verbose = ShellOptions(rawValue: 1 << 9)
    public static let xtrace = ShellOptions(rawValue: 1 << 10)
    public static let ignoreeof = ShellOptions(rawValue: 1 << 11)
    public static let nolog = ShellOptions(rawValue: 1 << 12)
    public static let vi = ShellOptions(rawValue: 1 << 13)
    public static let emacs = ShellOptions(rawValue: 1 << 14)
    public static let pipefail = ShellOptions(rawValue: 1 << 15)
    public static let posix = ShellOptions(rawValue: 1 << 16)
    public static let interactive = ShellOptions(rawValue: 1 << 17)
    public static let readsStandardInput = ShellOptions(rawValue: 1 << 18)
    public static let login = ShellOptions(rawValue: 1 << 19)
    public static let commandString = ShellOptions(rawValue: 1 << 20)
    /// Changes to files are recorded, so that they can be undone.
    public static let undo = ShellOptions(rawValue: 1 << 21)
    /// What programs change is recorded too.
    public static let record = ShellOptions(rawValue: 1 << 22)
    /// `-h` was given: the utilities that a function calls are located when it is defined. (`hashall` is on by default and only remembers.)
    public static let locatesInDefinitions = ShellOptions(rawValue: 1 << 23)
    /// Braces make several words of one; not in POSIX mode.
    public static let braceexpand = ShellOptions(rawValue: 1 << 24)
    /// `**` matches any number of directories; not in POSIX mode.
    public static let globstar = ShellOptions(rawValue: 1 << 25)
    /// `set -E` and `-T`: functions and subshells inherit the traps ERR, and DEBUG and RETURN; not in POSIX mode.
    public static let errtrace = ShellOptions(rawValue: 1 << 26)
    public static let functrace = ShellOptions(rawValue: 1 << 27)
    /// There is a trap for ERR.
    static let hasErrorTrap = ShellOptions(rawValue: 1 << 28)
    // What `shopt` sets: see ShoptOptions.swift.
    public static let extglob = ShellOptions(rawValue: 1 << 32)
    public static let nullglob = ShellOptions(rawValue: 1 << 33)
    public static let dotglob = ShellOptions(rawValue: 1 << 34)
    public static let nocaseglob = ShellOptions(rawValue: 1 << 35)
    public static let nocasematch = ShellOptions(rawValue: 1 << 36)
    public static let failglob = ShellOptions(rawValue: 1 << 37)
    public static let cdableVars = ShellOptions(rawValue: 1 << 38)
    /// The last command of a pipeline runs in the shell itself.
    public static let lastpipe = ShellOptions(rawValue: 1 << 39)
    /// `patsub_replacement` is off: `&` in what `${x/pattern/word}` puts in is only itself.
    public static let keepsAmpersand = ShellOptions(rawValue: 1 << 40)
    /// `xpg_echo` is off: `echo` interprets escapes after `-e` only.
    public static let keepsBackslashes = ShellOptions(rawValue: 1 << 41)
    /// The options that POSIX mode does not know.
    public static let extensions: ShellOptions = [.braceexpand, .errtrace, .functrace, .globstar]

    /// After each operation a line says what it changed.
    public static let announce = ShellOptions(rawValue: 1 << 30)

    /// A row for each option: its letter (0 when it has none), its name for `set -o` (nil when it cannot be set so), and whether `set` may change it.
    public struct Row: Sendable {
        public let option: ShellOptions
        public let letter: UInt8
        public let name: StaticString?
        public let canChange: Bool
    }

    /// All rows, sorted by name; those without a name last.
    public static var rows: [Row] {
        [
            Row(option: .allexport, letter: 97, name: "allexport", canChange: true),
            Row(option: .announce, letter: 0, name: "announce", canChange: true),
            Row(option: .braceexpand, letter: 0, name: "braceexpand", canChange: true),
            Row(option: .emacs, letter: 0, name: "emacs", canChange: true),
            Row(option: .errexit, letter: 101, name: "errexit", canChange: true),
            Row(option: .errtrace, letter: 69, name: "errtrace", canChange: true),
            Row(option: .functrace, letter: 84, name: "functrace", canChange: true),
            Row(option: .globstar, letter: 0, name: "globstar", canChange: true),
            Row(option: .hashall, letter: 104, name: "hashall", canChange: true),
            Row(option: .ignoreeof, letter: 0, name: "ignoreeof", canChange: true),
            Row(option: .monitor, letter: 109, name: "monitor", canChange: true),
            Row(option: .noclobber, letter: 67, name: "noclobber", canChange: true),
            Row(option: .noexec, letter: 110, name: "noexec", canChange: true),
            Row(option: .noglob, letter: 102, name: "noglob", canChange: true),
            Row(option: .nolog, letter: 0, name: "nolog", canChange: true),
            Row(option: .notify, letter: 98, name: "notify", canChange: true),
            Row(option: .nounset, letter: 117, name: "nounset", canChange: true),
            Row(option: .pipefail, letter: 0, name: "pipefail", canChange: true),
            Row(option: .posix, letter: 0, name: "posix", canChange: true),
            Row(option: .record, letter: 0, name: "record", canChange: true),
            Row(option: .verbose, letter: 118, name: "verbose", canChange: true),
            Row(option: .vi, letter: 0, name: "vi", canChange: true),
            Row(option: .xtrace, letter: 120, name: "xtrace", canChange: true),
            Row(option: .interactive, letter: 105, name: nil, canChange: false),
            Row(option: .login, letter: 108, name: nil, canChange: false),
            Row(option: .readsStandardInput, letter: 115, name: nil, canChange: false),
            Row(option: .commandString, letter: 99, name: nil, canChange: false),
        ]
    }

    /// What `shopt` knows and can change, sorted by name.
    public static var shoptRows: [(option: ShellOptions, name: StaticString)] {
        [
            (.cdableVars, "cdable_vars"), (.dotglob, "dotglob"), (.extglob, "extglob"), (.failglob, "failglob"),
            (.globstar, "globstar"), (.lastpipe, "lastpipe"), (.nocaseglob, "nocaseglob"),
            (.nocasematch, "nocasematch"), (.nullglob, "nullglob"),
        ]
    }

    /// The same for those that are on while their bit is not set.
    public static var invertedRows: [(option: ShellOptions, name: StaticString)] {
        [(.keepsAmpersand, "patsub_replacement"), (.keepsBackslashes, "xpg_echo")]
    }

    /// An option that `shopt` can change, and whether it is on while its bit is set.
    public static func shoptOption(name: Text) -> (option: ShellOptions, isOn: Bool)? {
        if let row = shoptRows.first(where: { name.equals($0.name) }) { return (row.option, true) }
        return invertedRows.first { name.equals($0.name) }.map { ($0.option, false) }
    }

    /// What `shopt` knows as on, since the shell does it always, sorted by name.
    public static var alwaysOn: [StaticString] {
        [
            "checkhash", "checkwinsize", "cmdhist", "complete_fullquote", "expand_aliases", "extquote", "force_fignore",
            "globasciiranges", "globskipdots", "histappend", "inherit_errexit", "interactive_comments", "progcomp",
            "promptvars", "sourcepath",
        ]
    }

    /// What `shopt` knows as off: the shell does not do it.
    public static var alwaysOff: [StaticString] {
        [
            "assoc_expand_once", "autocd", "cdspell", "checkjobs", "compat31", "compat32", "compat40", "compat41",
            "compat42", "compat43", "compat44", "direxpand", "dirspell", "execfail", "extdebug", "gnu_errfmt",
            "histreedit", "histverify", "hostcomplete", "huponexit", "lithist", "localvar_inherit", "localvar_unset",
            "mailwarn", "no_empty_cmd_completion", "noexpand_translation", "progcomp_alias", "restricted_shell",
            "shift_verbose", "varredir_close",
        ]
    }

    /// Whether an option of bash's `set -o` is always as it is asked to be.
    public static func isFixed(name: Text, _ isOn: Bool) -> Bool {
        if isOn { return name.equals("interactive-comments") }
        let off: [StaticString] = ["histexpand", "history", "keyword", "onecmd", "physical", "privileged"]
        return off.contains { name.equals($0) }
    }

    /// The option of a letter of `set` or the command line.
    public static func option(letter: UInt8) -> ShellOptions? {
        switch letter {
        case 97: .allexport
        case 66: .braceexpand
        case 98: .notify
        case 67: .noclobber
        case 101: .errexit
        case 69: .errtrace
        case 84: .functrace
        case 102: .noglob
        case 104: .hashall
        case 109: .monitor
        case 110: .noexec
        case 117: .nounset
        case 118: .verbose
        case 120: .xtrace
        default: nil
        }
    }

    /// The option that `set -o` knows by this name.
    public static func option(name: Text) -> ShellOptions? {
        for row in rows {
            if let known = row.name, name.equals(known) { return row.option }
        }
        return nil
    }
}
