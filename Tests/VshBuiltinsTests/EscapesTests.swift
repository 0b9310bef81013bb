// SPDX-License-Identifier: MPL-2.0

import Testing
import VshBase

@testable import VshBuiltins

@Suite struct EscapesTests {
    private func escaped(_ text: String, _ style: EscapeStyle) -> ([UInt8], Bool) {
        var output = ByteStack()
        let goesOn = output.append(escaped: Text(text), style)
        return (output.withBytes { Array($0) }, goesOn)
    }

    @Test func `what differs between the styles`() {
        for style in [EscapeStyle.format, .argument, .echo] {
            #expect(escaped("\\a\\b\\f\\n\\r\\t\\v\\\\", style).0 == [7, 8, 12, 10, 13, 9, 11, 92])
            #expect(escaped("plain \\q\\", style).0 == Array("plain \\q\\".utf8))
            #expect(escaped("", style).0 == [])
        }
        #expect(escaped("\\101\\0101", .format).0 == [0x41, 8, 0x31])
        #expect(escaped("\\101\\0101\\0", .argument).0 == [0x41, 0x41, 0])
        #expect(escaped("\\101\\0101\\01012\\08", .echo).0 == Array("\\101AA2".utf8) + [0, 0x38])
        #expect(escaped("\\e", .format).0 == [27])
        // Not among XCU echo's; bash, ksh93 and busybox leave it too.
        #expect(escaped("\\e", .echo).0 == Array("\\e".utf8))
        #expect(escaped("\\x41\\x4g", .format).0 == [0x41, 4, 0x67])
        #expect(escaped("\\x41", .echo).0 == Array("\\x41".utf8))
        #expect(escaped("\\xg", .format).0 == Array("\\xg".utf8))
        #expect(escaped("a\\cb", .format) == (Array("a\\cb".utf8), true))
        #expect(escaped("a\\cb", .argument) == ([0x61], false))
        #expect(escaped("a\\cb", .echo) == ([0x61], false))
        #expect(escaped("\\\"\\'", .format).0 == Array("\"'".utf8))
        #expect(escaped("\\\"", .argument).0 == Array("\\\"".utf8))
    }

    @Test func `echo of dash`() throws {
        var random = SplitMix64(state: 3)
        let pieces = ["a", "\\n", "\\t", "\\\\", "\\0101", "\\07", "\\q", "\\a", "x y", "\\c", "é", "\\"]
        var script: [UInt8] = []
        var mine: [UInt8] = []
        for _ in 0..<300 {
            var text = ""
            for _ in 0..<Int.random(in: 0...6, using: &random) { text += pieces.randomElement(using: &random)! }
            script += Array("echo ".utf8) + quoted(Array(("=" + text).utf8)) + [10]
            let (bytes, goesOn) = escaped("=" + text, .echo)
            mine += bytes
            if goesOn { mine.append(10) }
        }
        guard let theirs = try output(of: "dash", script) else { return }
        #expect(mine == theirs)
    }
}
