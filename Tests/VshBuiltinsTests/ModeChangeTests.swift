// SPDX-License-Identifier: MPL-2.0

import Testing
import VshBase

@testable import VshBuiltins

@Suite struct ModeChangeTests {
    private func apply(_ text: String, _ mode: UInt32, directory: Bool = false, umask: UInt32 = 0o022) -> UInt32? {
        ModeChange(Text(text))?.apply(to: mode, isDirectory: directory, mask: umask)
    }

    @Test func `symbolic modes`() {
        #expect(apply("u+x", 0o644) == 0o744)
        #expect(apply("go-rwx", 0o777) == 0o700)
        #expect(apply("a=r", 0o777) == 0o444)
        #expect(apply("+w", 0o444) == 0o644)
        #expect(apply("=rw", 0o777) == 0o644)
        #expect(apply("u=g,o=u", 0o751) == 0o555)
        #expect(apply("u+rwX,g=u,o-t", 0o1644) == 0o664)
        #expect(apply("a+X", 0o644) == 0o644)
        #expect(apply("a+X", 0o644, directory: true) == 0o755)
        #expect(apply("ug+s", 0o755) == 0o6755)
        #expect(apply("+t", 0o755) == 0o1755)
        #expect(apply("u=rw+x-r", 0o000) == 0o300)
        #expect(apply("g=", 0o777) == 0o707)
        #expect(apply("a=rx", 0o2755, directory: true) == 0o2555)
        #expect(apply("a-s", 0o6755, directory: true) == 0o755)
    }

    @Test func `octal modes`() {
        #expect(apply("755", 0o2644) == 0o755)
        #expect(apply("755", 0o2644, directory: true) == 0o2755)
        #expect(apply("00755", 0o2644, directory: true) == 0o755)
        #expect(apply("4755", 0) == 0o4755)
        #expect(apply("0", 0o777) == 0)
        #expect(apply("=0640,u+x", 0) == 0o740)
    }

    @Test func `texts that are no modes`() {
        for text in ["", "8", "78", "77777", "u", "u+z", "z+r", "u+r,", ",u+r", "+r u", "u755", "u+7x", "rw", "u=gr"] {
            #expect(ModeChange(Text(text)) == nil, "\(text)")
        }
    }

    @Test func `the same modes as chmod`() throws {
        var random = SplitMix64(state: 2)
        var script = Array("cd \"$(mktemp -d)\" || exit; umask 027; mkdir d; : > f\n".utf8)
        var expected = ""
        var number = 0
        for _ in 0..<250 {
            var clauses: [String] = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                var clause = ["u", "g", "o", "a", "ug", "go", "", "uo"].randomElement(using: &random)!
                for _ in 0..<Int.random(in: 1...2, using: &random) {
                    clause += ["+", "-", "="].randomElement(using: &random)!
                    clause += ["r", "w", "x", "X", "s", "t", "rw", "rwx", "xs", "u", "g", "o", "", "X"].randomElement(
                        using: &random)!
                }
                clauses.append(clause)
            }
            let text =
                Bool.random(using: &random) || number < 20
                ? clauses.joined(separator: ",") : String(UInt32.random(in: 0...0o7777, using: &random), radix: 8)
            let start = UInt32.random(in: 0...0o7777, using: &random)
            number += 1
            // A directory keeps its set-ID bits through an octal mode of four digits: start from one of five.
            script += Array(
                "chmod 0\(String(0o10000 + start, radix: 8).dropFirst()) f; chmod 0\(String(0o10000 + start, radix: 8).dropFirst()) d; chmod -- '\(text)' f d; stat -c %a f d\n"
                    .utf8)
            for isDirectory in [false, true] {
                let mode = try #require(apply(text, start, directory: isDirectory, umask: 0o027), "\(text)")
                expected += String(mode, radix: 8) + "\n"
            }
        }
        script += Array("rm -rf \"$PWD\"\n".utf8)
        guard let theirs = try output(of: "dash", script) else { return }
        let mine = expected.split(separator: "\n")
        let lines = String(decoding: theirs, as: UTF8.self).split(separator: "\n")
        #expect(mine.count == lines.count)
        #expect(zip(mine, lines).enumerated().first { $1.0 != $1.1 }.map { "\($0): \($1)" } == nil)
    }
}
