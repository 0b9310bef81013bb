// SPDX-License-Identifier: MPL-2.0

@testable import VshBase

/// A pattern matcher as plain as it can be: lists of characters, recursion at each star, every end tried for prefixes and suffixes.
struct ReferenceMatcher {
    enum Item {
        case star
        case any
        case character(UInt32)
        case list([ClosedRange<UInt32>], isNegated: Bool)
    }

    let items: [Item]
    let isUTF8: Bool

    init(_ pattern: [UInt8], isUTF8: Bool) {
        self.isUTF8 = isUTF8
        var items: [Item] = []
        // Literal bytes in a row are read as characters together, whether escaped or not.
        var literal: [UInt8] = []
        func flush() {
            for part in ReferenceMatcher.split(literal, isUTF8) {
                items.append(.character(ReferenceMatcher.value(part)))
            }
            literal = []
        }
        var at = 0
        while at < pattern.count {
            let byte = pattern[at]
            if byte == 0x2A {
                flush()
                items.append(.star)
                at += 1
            } else if byte == 0x3F {
                flush()
                items.append(.any)
                at += 1
            } else if byte == 0x5B, let (item, end) = ReferenceMatcher.bracket(pattern, at + 1, isUTF8) {
                if case .list(let ranges, false) = item, ranges.count == 1, ranges[0].count == 1,
                    ranges[0].lowerBound < 128
                {
                    literal.append(UInt8(ranges[0].lowerBound))
                } else {
                    flush()
                    items.append(item)
                }
                at = end
            } else if byte == 0x5C, at + 1 < pattern.count {
                literal.append(pattern[at + 1])
                at += 2
            } else {
                literal.append(byte)
                at += 1
            }
        }
        flush()
        self.items = items
    }

    /// Elements, without classes and collating symbols.
    static func bracket(_ pattern: [UInt8], _ start: Int, _ isUTF8: Bool) -> (Item, Int)? {
        var at = start
        var isNegated = false
        if at < pattern.count, pattern[at] == 0x21 || pattern[at] == 0x5E {
            isNegated = true
            at += 1
        }
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        func element() -> UInt32? {
            if at < pattern.count, pattern[at] == 0x5C { at += 1 }
            guard at < pattern.count else { return nil }
            let part = split(Array(pattern[at...]), isUTF8)[0]
            at += part.count
            return value(part)
        }
        while at < pattern.count {
            if pattern[at] == 0x5D, !isFirst { return (.list(ranges, isNegated: isNegated), at + 1) }
            isFirst = false
            guard let low = element() else { return nil }
            if at + 1 < pattern.count, pattern[at] == 0x2D, pattern[at + 1] != 0x5D {
                at += 1
                guard let high = element() else { return nil }
                if low <= high { ranges.append(low...high) }
            } else {
                ranges.append(low...low)
            }
        }
        return nil
    }

    static func value(_ part: [UInt8]) -> UInt32 {
        if part.count == 1 { return part[0] < 128 ? UInt32(part[0]) : 0x110000 + UInt32(part[0]) }
        return String(decoding: part, as: UTF8.self).unicodeScalars.first!.value
    }

    /// The characters of `bytes`: by the standard library's decoder.
    static func split(_ bytes: [UInt8], _ isUTF8: Bool) -> [[UInt8]] {
        if !isUTF8 { return bytes.map { [$0] } }
        var result: [[UInt8]] = []
        var at = 0
        while at < bytes.count {
            var length = 1
            for candidate in stride(from: min(4, bytes.count - at), to: 1, by: -1) {
                let part = Array(bytes[at..<at + candidate])
                if let text = String(validating: part, as: UTF8.self), text.unicodeScalars.count == 1 {
                    length = candidate
                    break
                }
            }
            result.append(Array(bytes[at..<at + length]))
            at += length
        }
        return result
    }

    func matches(_ characters: ArraySlice<UInt32>, from index: Int = 0) -> Bool {
        if index == items.count { return characters.isEmpty }
        switch items[index] {
        case .star:
            for start in characters.startIndex...characters.endIndex
            where matches(characters[start...], from: index + 1) { return true }
            return false
        case .any:
            return !characters.isEmpty && matches(characters.dropFirst(), from: index + 1)
        case .character(let value):
            return characters.first == value && matches(characters.dropFirst(), from: index + 1)
        case .list(let ranges, let isNegated):
            guard let first = characters.first else { return false }
            return ranges.contains { $0.contains(first) } != isNegated
                && matches(characters.dropFirst(), from: index + 1)
        }
    }

    /// Everything a pattern can be asked about `subject`, with offsets in bytes.
    struct Answers: Equatable {
        var matches: Bool
        var shortestPrefix: Int?
        var longestPrefix: Int?
        var shortestSuffix: Int?
        var longestSuffix: Int?
    }

    func answers(_ subject: [UInt8]) -> Answers {
        let parts = ReferenceMatcher.split(subject, isUTF8)
        let characters = parts.map(ReferenceMatcher.value)
        var offsets = [0]
        for part in parts { offsets.append(offsets.last! + part.count) }
        let ends = (0...characters.count).filter { matches(characters[0..<$0]) }.map { offsets[$0] }
        let starts = (0...characters.count).filter { matches(characters[$0...]) }.map { offsets[$0] }
        return Answers(
            matches: matches(characters[...]), shortestPrefix: ends.first, longestPrefix: ends.last,
            shortestSuffix: starts.last, longestSuffix: starts.first)
    }
}

extension Pattern {
    func answers(_ subject: [UInt8]) -> ReferenceMatcher.Answers {
        subject.withUnsafeBufferPointer { bytes in
            ReferenceMatcher.Answers(
                matches: matches(bytes), shortestPrefix: prefixLength(bytes, longest: false),
                longestPrefix: prefixLength(bytes, longest: true), shortestSuffix: suffixStart(bytes, longest: false),
                longestSuffix: suffixStart(bytes, longest: true))
        }
    }
}

/// A generator whose sequence is the same in every run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// Up to `most` pieces of `pieces`.
    mutating func text(_ pieces: [[UInt8]], atMost most: Int) -> [UInt8] {
        var result: [UInt8] = []
        for _ in 0..<Int.random(in: 0...most, using: &self) { result += pieces.randomElement(using: &self)! }
        return result
    }
}
