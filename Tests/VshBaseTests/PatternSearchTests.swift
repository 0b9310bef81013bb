// SPDX-License-Identifier: MPL-2.0

import Testing

@testable import VshBase

/// `Pattern.search`, and patterns with groups: both against slower ways to the same answers.
@Suite struct PatternSearchTests {
    private let plain = ["a", "b", "ab", "*", "?", "[ab]", "[!a]", "abc", "é", "[é-ü]", "日"].map { Array($0.utf8) }
    private let letters: [[UInt8]] =
        ["a", "b", "c", "ab", "é", "ü", "日", "x"].map { Array($0.utf8) } + [[0xC3], [0xA9]]
    private let groups = [
        "@(a|b)", "+(ab|c)", "*(a)", "?(b)", "+([!a])", "@(*(a)b|c)", "+(?)", "*(é|[a-b])", "@(|a)", "+(*(b)|x)",
    ].map { Array($0.utf8) }

    /// The longest match at each place, one after the other.
    private func search(_ pattern: Pattern, _ subject: [UInt8], from start: Int, isUTF8: Bool) -> Range<Int>? {
        subject.withUnsafeBufferPointer { bytes in
            var at = start
            while at < bytes.count {
                let rest = UnsafeBufferPointer(rebasing: bytes[at...])
                if let length = pattern.prefixLength(rest, longest: true), length > 0 { return at..<at + length }
                at += isUTF8 ? UTF8Characters.decode(bytes.baseAddress!, at, bytes.count).length : 1
            }
            return nil
        }
    }

    @Test(arguments: [false, true]) func `a search finds what trying each place finds`(isUTF8: Bool) {
        var random = SplitMix64(state: 11)
        var found = 0
        for round in 0..<6000 {
            let text = random.text(round % 3 == 0 ? plain + groups : plain, atMost: 5)
            let pattern = Pattern(extended: Text(text), isUTF8: isUTF8)
            for _ in 0..<4 {
                let subject = random.text(letters, atMost: 9)
                let expected = search(pattern, subject, from: 0, isUTF8: isUTF8)
                let match = subject.withUnsafeBufferPointer { pattern.search($0, from: 0) }
                if match != nil { found += 1 }
                #expect(match == expected, "\(Text(text).description) in \(subject)")
                if match != expected { return }
                guard let end = match?.upperBound else { continue }
                let next = subject.withUnsafeBufferPointer { pattern.search($0, from: end) }
                #expect(next == search(pattern, subject, from: end, isUTF8: isUTF8), "\(Text(text).description)")
            }
        }
        #expect(found > 1000)
    }

    /// `!(?*)` matches nothing but the empty text, and no pattern with it has an automaton.
    @Test(arguments: [false, true]) func `automata answer as sets of places do`(isUTF8: Bool) {
        var random = SplitMix64(state: 12)
        var found = 0
        for _ in 0..<4000 {
            let text = random.text(plain + groups + groups, atMost: 5)
            let pattern = Pattern(extended: Text(text), isUTF8: isUTF8)
            let slow = Pattern(extended: Text(text + Array("!(?*)".utf8)), isUTF8: isUTF8)
            for _ in 0..<4 {
                let subject = random.text(letters, atMost: 7)
                let expected = slow.answers(subject)
                if expected.longestPrefix ?? 0 > 0 { found += 1 }
                let answers = pattern.answers(subject)
                #expect(answers == expected, "\(Text(text).description) against \(subject)")
                if answers != expected { return }
            }
        }
        #expect(found > 1000)
    }

    @Test func `no part of a character matches`() {
        for pattern in ["+(?)", "!(x)", "@(?|??)"] {
            let compiled = Pattern(extended: Text(pattern), isUTF8: true)
            let found = compiled.answers(Array("éü".utf8))
            #expect(found.shortestPrefix == (pattern == "!(x)" ? 0 : 2), "\(pattern)")
            #expect(found.shortestSuffix == (pattern == "!(x)" ? 4 : 2), "\(pattern)")
        }
    }

    @Test func `searches and groups take time in proportion to the length`() {
        let subject = [UInt8](repeating: 0x61, count: 1 << 20)
        subject.withUnsafeBufferPointer { bytes in
            for pattern in ["a*b", "*b", "a?*a*c", "[a]*[b]", "+(a)b", "*(a|aa)b"] {
                let compiled = Pattern(extended: Text(pattern), isUTF8: false)
                if pattern.contains("(") {
                    #expect(compiled.prefixLength(bytes, longest: true) == nil)
                    #expect(compiled.suffixStart(bytes, longest: true) == nil)
                } else {
                    #expect(compiled.search(bytes, from: 0) == nil)
                }
            }
            #expect(Pattern(extended: Text("+(a)"), isUTF8: false).search(bytes, from: 5) == 5..<1 << 20)
        }
    }
}
