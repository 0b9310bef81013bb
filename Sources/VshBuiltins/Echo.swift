// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// The row of `echo`: XSI escapes are interpreted. POSIX leaves to the shell what a first operand of `-` and the letters n, e and E does: `-n`
/// suppresses the newline, `-e` adds escapes that XSI does not have, `-E` turns escapes off.
func registerEcho(_ shell: Shell) {
    shell.register(
        "echo", .regular, traits: .isPure, synopsis: "[-neE] [string ...]",
        summary: "Write arguments to standard output.",
        function: { (shell, arguments) throws(ShellError) -> Flow in
            var first = 1
            var newline = true
            var escapes = !shell.options.contains(.keepsBackslashes) || shell.options.contains(.posix)
            var style = EscapeStyle.echo
            options: while first < arguments.count {
                let word = shell.argument(arguments, first)
                if word.count < 2 || word[0] != 45 { break }
                for place in 1..<word.count where word[place] != 110 && word[place] != 101 && word[place] != 69 {
                    break options
                }
                for place in 1..<word.count {
                    switch word[place] {
                    case 110: newline = false
                    case 101:
                        escapes = true
                        style = .extendedEcho
                    default: escapes = false
                    }
                }
                first += 1
            }
            shell.status = 0
            for index in first..<max(first, arguments.count) {
                if index > first { shell.output.append(32) }
                let word = shell.argument(arguments, index)
                if escapes, !shell.output.append(escaped: word, style) { return .normal }
                if !escapes { shell.output.append(word) }
            }
            if newline { shell.output.append(10) }
            return .normal
        })
}
