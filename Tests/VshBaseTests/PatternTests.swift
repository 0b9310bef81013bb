// SPDX-License-Identifier: MPL-2.0

import Glibc
import Testing

@testable import VshBase

@Suite struct PatternTests {
    private func check(_ pattern: String, _ subject: String, _ expected: Bool, isUTF8: Bool = false) {
        let compiled = Pattern(Text(pattern), isUTF8: isUTF8)
        #expect(compiled.matches(Text(subject)) == expected, "\(pattern) against \(subject)")
        #expect(Array(subject.utf8).withUnsafeBufferPointer { compiled.matches($0) } == expected)
    }

    @Test func `what XCU 2.14 says`() {
        check("", "", true)
        check("", "a", false)
        check("abc", "abc", true)
        check("abc", "abcd", false)
        check("*", "", true)
        check("?", "", false)
        check("?*", "ab", true)
        check("**a**", "xay", true)
        check("a\\*", "a*", true)
        check("a\\*", "ab", false)
        check("a\\", "a\\", true)
        check("\\[a]", "[a]", true)
        check("[a-c]x", "bx", true)
        check("[!a-c]", "b", false)
        check("[^a-c]", "d", true)
        check("[]-a]", "^", true)
        check("[!]a]", "]", false)
        check("[a-]", "-", true)
        check("[--0]", ".", true)
        check("[a\\]b]", "]", true)
        check("[a\\-c]", "b", false)
        check("[\\!a]", "!", true)
        check("[a-c-e]", "d", false)
        check("[a-c-e]", "-", true)
        check("[z-a]", "m", false)
        check("[a", "[a", true)
        check("[a*", "[abc", true)
        check("[]", "[]", true)
        check("[!]", "[!]", true)
        check("[a/b]", "/", true)
    }

    @Test func `names in brackets`() {
        check("[[:alpha:]]", "x", true)
        check("[[:alpha:]]", "1", false)
        check("[![:space:][:digit:]]", "\t", false)
        check("[![:space:][:digit:]]", "x", true)
        check("[[:foo:]x]", "x", true)
        check("[[:foo:]]", "f", false)
        check("[[=a=]b]", "a", true)
        check("[a-[.c.]]", "b", true)
        check("[[.-.]-0]", ".", true)
        check("[[.].]]", "]", true)
        check("[[.hyphen.]]", "-", true)
        check("[[.tilde.]]", "~", true)
        check("[[.SOH.]]", "\u{1}", true)
        check("[[.ab.]]", "a", false)
        check("[\\[:alpha:]]", "a]", true)
        check("[[:alpha:]", "[a", true)
        check("[[:alpha:]-z]", "-", true)
        check("[[:]", ":", true)
    }

    @Test func `classes agree with the C locale's functions`() {
        let functions: [(String, (Int32) -> Int32)] = [
            ("alnum", isalnum), ("alpha", isalpha), ("blank", isblank), ("cntrl", iscntrl), ("digit", isdigit),
            ("graph", isgraph), ("lower", islower), ("print", isprint), ("punct", ispunct), ("space", isspace),
            ("upper", isupper), ("xdigit", isxdigit),
        ]
        for (name, function) in functions {
            let pattern = Pattern(Text("[[:\(name):]]"))
            for byte in UInt8(1)...255 {
                let expected = byte < 128 && function(Int32(byte)) != 0
                #expect(pattern.matches(Text([byte])) == expected, "[:\(name):] and \(byte)")
            }
        }
    }

    @Test func `UTF-8 characters`() {
        check("?", "é", true, isUTF8: true)
        check("?", "é", false)
        check("??", "é", true)
        check("[à-ü]", "é", true, isUTF8: true)
        check("[!à-ü]", "é", false, isUTF8: true)
        check("[!x]", "日", true, isUTF8: true)
        check("[[:alpha:]][[:upper:]]", "éÉ", true, isUTF8: true)
        check("[[:punct:]]", "…", true, isUTF8: true)
        check("[[:space:]]", "\u{2003}", true, isUTF8: true)
        check("*é?", "aéé", true, isUTF8: true)
        let invalid = Pattern(Text("?"), isUTF8: true)
        #expect(invalid.matches(Text([0xFF])))
        #expect(!invalid.matches(Text([0xC3, 0xFF])))
        #expect(Pattern(Text("[!a]"), isUTF8: true).matches(Text([0x80])))
        // Half a character is no prefix.
        #expect(Pattern(Text([0xC3]), isUTF8: true).answers([0xC3, 0xA9]).shortestPrefix == nil)
    }

    @Test func `literal patterns`() {
        #expect(Pattern(Text("abc")).isLiteral)
        #expect(Pattern(Text("a\\*c")).isLiteral)
        #expect(Pattern(Text("a\\*c")).literal == Text("a*c"))
        #expect(Pattern(Text("[")).isLiteral)
        #expect(Pattern(Text("[a")).literal == Text("[a"))
        #expect(!Pattern(Text("[[]x")).isLiteral)
        #expect(!Pattern(Text("a*")).isLiteral)
        #expect(Pattern.isPlain(Text("a]b")))
        #expect(!Pattern.isPlain(Text("a\\b")))
        #expect(Pattern.unescape(Text("\\a\\\\b\\")) == Text("a\\b\\"))
    }

    @Test func `the same answers as the reference matcher`() {
        var random = SplitMix64(state: 1)
        let pieces = ["a", "b", "ab", "*", "*", "?", "[ab]", "[!a]", "[", "]", "\\", "-", "!", "abc"].map {
            Array($0.utf8)
        }
        let letters = ["a", "b", "c", "ab", "[", "]", "\\", "-", "!"].map { Array($0.utf8) }
        compare(&random, pieces, letters, isUTF8: false)
    }

    @Test func `the same answers as the reference matcher on UTF-8`() {
        var random = SplitMix64(state: 2)
        var pieces = ["a", "é", "è", "日", "*", "*", "?", "[é]", "[!aè]", "[à-日]", "[a-é]", "\\", "-"].map {
            Array($0.utf8)
        }
        pieces += [
            [0xC3], [0xA9], [0xFF], [0x5B, 0xC3, 0x5D], [0x5B, 0x21, 0xFF, 0x5D], [0x5B, 0xE0, 0x2D, 0xFF, 0x5D],
        ]
        var letters = ["a", "é", "è", "日", "😀"].map { Array($0.utf8) }
        letters += [[0xC3], [0xA9], [0xFF], [0xE6, 0x97], [0xED, 0xA0, 0x80], [0xC0, 0x80]]
        compare(&random, pieces, letters, isUTF8: true)
        compare(&random, pieces, letters, isUTF8: false)
    }

    private func compare(_ random: inout SplitMix64, _ pieces: [[UInt8]], _ letters: [[UInt8]], isUTF8: Bool) {
        var positive = 0
        for _ in 0..<6000 {
            let text = random.text(pieces, atMost: 7)
            let reference = ReferenceMatcher(text, isUTF8: isUTF8)
            let pattern = Pattern(Text(text), isUTF8: isUTF8)
            for _ in 0..<6 {
                let subject = random.text(letters, atMost: 8)
                let expected = reference.answers(subject)
                let found = pattern.answers(subject)
                if expected.longestPrefix != nil { positive += 1 }
                if found != expected {
                    Issue.record(
                        "\(text) \(Text(text).description) against \(subject) \(Text(subject).description): \(found), not \(expected)"
                    )
                    return
                }
            }
        }
        #expect(positive > 1000)
    }

    @Test func `the same answers as dash and bash`() throws {
        var random = SplitMix64(state: 3)
        let pieces = [
            "a", "b", "*", "*", "?", "[ab]", "[!a]", "[a-c]", "[", "]", "\\*", "\\a", "-", "[[:digit:]]",
            "[![:alpha:]]", "1",
        ].map { Array($0.utf8) }
        let letters = ["a", "b", "c", "1", "*", "]", "[", "-"].map { Array($0.utf8) }
        var pairs: [([UInt8], [UInt8])] = []
        var script: [UInt8] = Array("LC_ALL=C\n".utf8)
        for _ in 0..<1200 {
            let pair = (random.text(pieces, atMost: 5), random.text(letters, atMost: 5))
            pairs.append(pair)
            script += Array("p='".utf8) + pair.0 + Array("' s='".utf8) + pair.1
            script += Array(
                "'; case $s in $p) echo y;; *) echo n;; esac; echo \"${s#$p}/${s##$p}/${s%$p}/${s%%$p}\"\n".utf8)
        }
        guard let dash = try? output(of: "dash", script), let bash = try? output(of: "bash", script) else { return }
        #expect(dash.count == 2 * pairs.count && bash.count == dash.count)
        var compared = 0
        for (index, (pattern, subject)) in pairs.enumerated() where dash[2 * index] == bash[2 * index] {
            let found = Pattern(Text(pattern)).answers(subject)
            let isMatch = dash[2 * index] == Array("y".utf8)
            #expect(found.matches == isMatch, "\(Text(pattern).description) against \(Text(subject).description)")
            let cut = [
                subject[(found.shortestPrefix ?? 0)...], subject[(found.longestPrefix ?? 0)...],
                subject[..<(found.shortestSuffix ?? subject.count)], subject[..<(found.longestSuffix ?? subject.count)],
            ].map { Array($0) }
            if dash[2 * index + 1] == bash[2 * index + 1] {
                compared += 1
                let line = Array(cut.joined(separator: [0x2F]))
                #expect(line == dash[2 * index + 1], "\(Text(pattern).description) in \(Text(subject).description)")
            }
        }
        #expect(compared > 1000)
    }

    /// The lines that `shell` prints when it reads `script`.
    private func output(of shell: String, _ script: [UInt8]) throws -> [[UInt8]] {
        var name = Array("/tmp/vsh-pattern-test.XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        try #require(descriptor >= 0)
        defer { unlink(name) }
        #expect(write(descriptor, script, script.count) == script.count)
        close(descriptor)
        let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let stream = try #require(popen("\(shell) \(path)", "r"))
        var bytes: [UInt8] = []
        while case let byte = fgetc(stream), byte >= 0 { bytes.append(UInt8(byte)) }
        try #require(pclose(stream) == 0)
        return bytes.split(separator: 10, omittingEmptySubsequences: false).dropLast().map { Array($0) }
    }

    @Test func `long subjects take time in proportion to their length`() {
        // 4 MB and hard patterns: a matcher that comes back to earlier stars, or tries every prefix, would take hours.
        let subject = [UInt8](repeating: 0x61, count: 1 << 22)
        for pattern in ["*b", "*a*a*a*b*", "b*", "*?a?b*", "*[b]", "*[bc]*"] {
            #expect(Pattern(Text(pattern)).answers(subject) == .init(matches: false), "\(pattern)")
        }
        let found = Pattern(Text("*a*a*a")).answers(subject)
        #expect(
            found
                == .init(
                    matches: true, shortestPrefix: 3, longestPrefix: 1 << 22, shortestSuffix: (1 << 22) - 3,
                    longestSuffix: 0))
    }
}

extension ReferenceMatcher.Answers {
    init(matches: Bool) {
        self.init(matches: matches, shortestPrefix: nil, longestPrefix: nil, shortestSuffix: nil, longestSuffix: nil)
    }
}
