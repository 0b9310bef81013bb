// SPDX-License-Identifier: MPL-2.0

import Testing

@testable import VshBase

@Suite struct ByteSearchTests {
    @Test func `first and last occurrences`() {
        var random = SplitMix64(state: 4)
        for _ in 0..<4000 {
            let haystack = random.text([[1], [2], [0x81], [0x80], [1, 2]], atMost: 90)
            let needle = random.text([[1], [2], [0x81], [0x80]], atMost: 5)
            if needle.isEmpty { continue }
            let from = Int.random(in: 0...haystack.count, using: &random)
            let to = Int.random(in: from...haystack.count, using: &random)
            let places = (from...to).filter {
                $0 + needle.count <= to && Array(haystack[$0..<$0 + needle.count]) == needle
            }
            haystack.withUnsafeBufferPointer { bytes in
                guard let base = bytes.baseAddress else { return }
                #expect(ByteSearch.first(needle, length: needle.count, base, from: from, to: to) == places.first ?? -1)
                #expect(ByteSearch.last(needle, length: needle.count, base, from: from, to: to) == places.last ?? -1)
            }
        }
    }

    @Test func `equality of every length`() {
        for count in 0..<40 {
            let a = (0..<count).map { UInt8($0) }
            #expect(ByteSearch.equal(a, a, count))
            for index in 0..<count {
                var b = a
                b[index] ^= 0x40
                #expect(!ByteSearch.equal(a, b, count))
            }
        }
    }

    @Test func `UTF-8 characters from both ends`() {
        var random = SplitMix64(state: 5)
        for _ in 0..<3000 {
            let bytes = random.text(
                [
                    [0x61], [0xC3, 0xA9], [0xE6, 0x97, 0xA5], [0xF0, 0x9F, 0x98, 0x80], [0xC3], [0xA9], [0xE6],
                    [0xF0, 0x9F], [0xFF],
                ], atMost: 12)
            let parts = ReferenceMatcher.split(bytes, true)
            var offsets = [0]
            for part in parts { offsets.append(offsets.last! + part.count) }
            bytes.withUnsafeBufferPointer { buffer in
                #expect(UTF8Characters.count(buffer) == parts.count)
                guard let base = buffer.baseAddress else { return }
                for (start, end) in zip(offsets, offsets.dropFirst()) {
                    #expect(UTF8Characters.decode(base, start, bytes.count).length == end - start)
                    #expect(UTF8Characters.previous(base, end, floor: 0) == start)
                }
                for at in 0...bytes.count {
                    #expect(UTF8Characters.isBoundary(base, at, count: bytes.count) == offsets.contains(at))
                }
            }
        }
    }
}
