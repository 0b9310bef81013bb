// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// The row of `echo`: XSI escapes are interpreted, `-n` suppresses the newline; outside POSIX mode `-e` and `-E` turn escapes on and off.
func echoRows() -> [Builtin] {
    [
        Builtin(
            "echo", .regular, traits: .isPure, synopsis: "[-neE] [string ...]",
            summary: "Write arguments to standard output.",
            function: { (shell, arguments) throws(ShellError) -> Flow in
                var first = 1
                var newline = true
                var escapes = true
                options: while first < arguments.count {
                    let word = shell.argument(arguments, first)
                    if word.count < 2 || word[0] != 45 { break }
                    if shell.options.contains(.posix) {
                        if !word.equals("-n") { break }
                        newline = false
                        first += 1
                        break
                    }
                    for place in 1..<word.count where word[place] != 110 && word[place] != 101 && word[place] != 69 {
                        break options
                    }
                    for place in 1..<word.count {
                        switch word[place] {
                        case 110: newline = false
                        case 101: escapes = true
                        default: escapes = false
                        }
                    }
                    first += 1
                }
                shell.status = 0
                for index in first..<max(first, arguments.count) {
                    if index > first { shell.output.append(32) }
                    let word = shell.argument(arguments, index)
                    if escapes, !appendEscapes(word, to: &shell.output) { return .normal }
                    if !escapes { shell.output.append(word) }
                }
                if newline { shell.output.append(10) }
                return .normal
            })
    ]
}

/// Appends `text` with the escapes of echo replaced; false after `\c`, which ends all output.
private func appendEscapes(_ text: Text, to output: inout ByteStack) -> Bool {
    text.withBytes { bytes in
        var start = 0
        while let place = bytes[start...].firstIndex(of: 92) {
            output.append(UnsafeBufferPointer(rebasing: bytes[start..<place]))
            guard place + 1 < bytes.count else {
                output.append(92)
                return true
            }
            start = place + 2
            switch bytes[place + 1] {
            case 97: output.append(7)
            case 98: output.append(8)
            case 99: return false
            case 102: output.append(12)
            case 110: output.append(10)
            case 114: output.append(13)
            case 116: output.append(9)
            case 118: output.append(11)
            case 92: output.append(92)
            case 48:
                var value = 0
                var digits = 0
                while digits < 3 && start < bytes.count && bytes[start] >= 48 && bytes[start] <= 55 {
                    value = value * 8 + Int(bytes[start] - 48)
                    start += 1
                    digits += 1
                }
                output.append(UInt8(truncatingIfNeeded: value))
            default:
                output.append(92)
                output.append(bytes[place + 1])
            }
        }
        output.append(UnsafeBufferPointer(rebasing: bytes[start...]))
        return true
    }
}
