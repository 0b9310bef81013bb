// SPDX-License-Identifier: MPL-2.0

import Testing
import VshBase

@testable import VshBuiltins

/// The output of `printf format arguments...`, and the kinds of failures.
private func run(
    _ format: [UInt8], _ arguments: [[UInt8]], isUTF8: Bool = false
) -> ([UInt8], [PrintfFormat.Failure.Kind]) {
    var output = ByteStack()
    let failures = arguments.map { Text($0) }.withUnsafeBufferPointer {
        var engine = PrintfFormat(arguments: $0, isUTF8: isUTF8)
        engine.run(Text(format), into: &output)
        return engine.failures.map(\.kind)
    }
    return (output.withBytes { Array($0) }, failures)
}

@Suite struct PrintfFormatTests {
    private func check(
        _ format: String, _ arguments: [String], _ expected: String, _ failures: [PrintfFormat.Failure.Kind] = [],
        isUTF8: Bool = false
    ) {
        let found = run(Array(format.utf8), arguments.map { Array($0.utf8) }, isUTF8: isUTF8)
        #expect(String(decoding: found.0, as: UTF8.self) == expected, "\(format) \(arguments)")
        #expect(found.1 == failures, "\(format) \(arguments)")
    }

    @Test func `format reuse and missing arguments`() {
        check("%s %s|", ["a"], "a |")
        check("%d %s|", ["3", "x", "4"], "3 x|4 |")
        check("lit", ["a", "b"], "lit")
        check("%s\\n", [], "\n")
        check("%%%s%%", ["a", "b"], "%a%%b%")
        check("", ["a"], "")
    }

    @Test func `numbered arguments`() {
        check("%2$s %1$s|", ["a", "b"], "b a|")
        check("%2$s %1$s|", ["a", "b", "c"], "b a| c|")
        check("%1$*2$d|", ["7", "5"], "    7|")
        check("%1$.*2$f|%1$s|", ["1.25", "1"], "1.2|1.25|")
        check("%3$s|", ["a", "b", "c", "d"], "c||")
    }

    @Test func numbers() {
        check("%d|%i|%u|%o|%x|%X", ["-7", "010", "-1", "8", "255", "0xfe"], "-7|8|18446744073709551615|10|ff|FE")
        check(
            "%+d|% d|%05d|%-5d|%.3d|%05.3d|%+5d", ["1", "2", "-3", "4", "5", "6", "7"],
            "+1| 2|-0003|4    |005|  006|   +7")
        check("%#x|%#X|%#o|%#x|%#.5x|%#08x", ["255", "255", "8", "0", "10", "10"], "0xff|0XFF|010|0|0x0000a|0x00000a")
        check("%.0d|%.0x|%#.0o|%.d", ["0", "0", "0", "0"], "||0|")
        check("%*d|%-*d|%.*d|%*d", ["4", "1", "4", "2", "3", "5", "-4", "6"], "   1|2   |005|6   ")
        check("%d", ["'a"], "97")
        check("%d %d", ["\"é", "'日"], "233 26085", isUTF8: true)
        check("%d", ["'é"], "195")
        check("%hhd %lld %zu", ["1", "2", "3"], "1 2 3")
        check("%d", ["9223372036854775807"], "9223372036854775807")
        check("%d", ["-9223372036854775808"], "-9223372036854775808", [])
    }

    @Test func `numbers that are none`() {
        check("%d|", ["abc"], "0|", [.noNumber])
        check("%d|", [""], "0|")
        check("%d|", ["12abc", "5"], "12|5|", [.trailingBytes])
        check("%d|", ["12 "], "12|", [.trailingBytes])
        check("%d|", [" \t12"], "12|")
        check("%d|", ["08"], "0|", [.trailingBytes])
        check("%d|", ["0x"], "0|", [.trailingBytes])
        check("%d|", ["-"], "0|", [.noNumber])
        check("%d|", ["9223372036854775808"], "9223372036854775807|", [.outOfRange])
        check("%d|", ["-9223372036854775809"], "-9223372036854775808|", [.outOfRange])
        check("%u|", ["18446744073709551616"], "18446744073709551615|", [.outOfRange])
        check("%f|", ["abc"], "0.000000|", [.noNumber])
        check("%f|", ["1.5x"], "1.500000|", [.trailingBytes])
        check("%f|", ["1e999"], "inf|", [.outOfRange])
        check("%*d|", ["x", "5"], "5|", [.noNumber])
    }

    @Test func `floating-point numbers`() {
        check(
            "%f %.2e %g %G %.0f %#.0f", ["1.5", "31.4", "0.00001", "1e20", "2.5", "3"],
            "1.500000 3.14e+01 1e-05 1E+20 2 3.")
        check("%8.3f|%-8.1f|%+08.2f|% f", ["3.14159", "2", "1", "1"], "   3.142|2.0     |+0001.00| 1.000000")
        check("%a %A", ["1.5", "-1"], "0x1.8p+0 -0X1P+0")
        check("%f %F %5.1f", ["inf", "nan", "0x10"], "inf NAN  16.0")
        check("%.200f", ["1"], "1." + String(repeating: "0", count: 200))
        check("%f", ["'a"], "97.000000")
        check("%.-1f|", ["1"], "", [.badConversion])
    }

    @Test func `escapes in the format and in arguments`() {
        check("a\\tb\\\\c\\n\\101\\1012\\e", [], "a\tb\\c\nAA2\u{1B}")
        check("a\\cb\\q\\", [], "a\\cb\\q\\")
        check("%b|", ["\\0101\\101\\1\\n\\x41\\q"], "AA\u{1}\nA\\q|")
        check("%b-%s", ["ab\\cd", "z"], "ab")
        check("%5b|%.2b|%-4b|", ["a\\tb", "x\\tyz", "\\\\"], "  a\tb|x\t|\\   |")
        check("%s", ["a\\n"], "a\\n")
        #expect(run(Array("%b".utf8), [Array("\\0".utf8)]).0 == [0])
        #expect(run(Array("%c%3c".utf8), [[], [0xC3, 0xA9]]).0 == [0, 32, 32, 0xC3])
    }

    @Test func strings() {
        check("%5s|%-5s|%.2s|%5.1s|%s", ["ab", "ab", "abc", "xyz", ""], "   ab|ab   |ab|    x|")
        check("%*s|%-*s|", ["4", "a", "4", "b"], "   a|b   |")
        check("%q %q %q", ["a-b", "a b'c", ""], "a-b a\\ b\\'c ''")
    }

    @Test func `formats that are wrong`() {
        check("a%", ["x"], "a", [.missingConversion])
        check("a%5", ["x"], "a", [.missingConversion])
        check("a%yb", ["x"], "a", [.badConversion])
        check("%999999999999d", ["1"], "", [.tooWide])
        check("%.999999999999d", ["1"], "", [.tooWide])
        check("%*d", ["99999999999", "1"], "", [.tooWide])
    }

    @Test func `the same output as dash`() throws {
        var random = SplitMix64(state: 1)
        let numbers = [
            "0", "1", "-1", "42", "-7", "255", "0x1f", "017", "+5", "2147483648", "-9223372036854775808", "x", "3y",
            "08", "'A",
        ]
        let doubles = ["0", "1", "-1.5", "3.14159", "1e10", "2.5e-7", "inf", "-nan", "0x1p3", "123456789", "z"]
        let strings = ["", "a", "abc", "a b", "x\\ty", "\\0101b", "q\\\\", "%d", "é"]
        var script: [UInt8] = []
        var mine: [UInt8] = []
        for _ in 0..<1500 {
            var format = ""
            var arguments: [String] = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                format += ["", "x", "\\n", "%%", "\\134", " "].randomElement(using: &random)!
                format += "%"
                let isText = Int.random(in: 0..<4, using: &random) == 0
                // What # and 0 mean for strings is undefined.
                for flag in isText ? ["-", "+", " "] : ["-", "+", " ", "#", "0"]
                where Int.random(in: 0..<4, using: &random) == 0 { format += flag }
                if Bool.random(using: &random) { format += "\(Int.random(in: 1...12, using: &random))" }
                if Int.random(in: 0..<3, using: &random) == 0 { format += ".\(Int.random(in: 0...6, using: &random))" }
                switch Int.random(in: 0..<3, using: &random) {
                case _ where isText:
                    format += ["s", "b"].randomElement(using: &random)!
                    arguments.append(strings.randomElement(using: &random)!)
                case 0:
                    format += ["f", "e", "g", "E", "G", "a"].randomElement(using: &random)!
                    arguments.append(doubles.randomElement(using: &random)!)
                default:
                    format += ["d", "i", "u", "o", "x", "X"].randomElement(using: &random)!
                    arguments.append(numbers.randomElement(using: &random)!)
                }
            }
            if Bool.random(using: &random) { arguments += arguments }
            let result = run(Array(format.utf8), arguments.map { Array($0.utf8) })
            mine += result.0 + Array("=\(result.1.isEmpty ? 0 : 1)\n".utf8)
            script += Array("printf ".utf8) + quoted(Array(format.utf8))
            for argument in arguments { script += [32] + quoted(Array(argument.utf8)) }
            script += Array("; echo \"=$?\"\n".utf8)
        }
        guard let theirs = try output(of: "dash", script) else { return }
        #expect(theirs.count > 10000)
        let commands = script.split(separator: 10)
        if mine != theirs {
            let place = zip(mine, theirs).prefix { $0 == $1 }.count
            Issue.record(
                "\(String(decoding: mine[max(0, place - 60)...].prefix(100), as: UTF8.self)) but dash: \(String(decoding: theirs[max(0, place - 60)...].prefix(100), as: UTF8.self)) of \(commands.count)"
            )
        }
    }
}
