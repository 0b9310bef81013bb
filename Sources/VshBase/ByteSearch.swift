// SPDX-License-Identifier: MPL-2.0

/// Searches in bytes, a word of eight at a time: what memchr, memrchr and memmem do, without libc.
///
/// All positions are offsets from `base`; -1 stands for "not found". Nothing outside `from ..< to` is read.
enum ByteSearch {
    /// The high bit of the lowest zero byte of `word` is set; those above it may be wrong.
    @inline(__always)
    static func lowestZero(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }

    /// The high bit of each zero byte of `word`, and no other bit.
    @inline(__always)
    static func zeros(_ word: UInt64) -> UInt64 {
        ~(((word & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F) | word | 0x7F7F_7F7F_7F7F_7F7F)
    }

    @inline(__always)
    static func word(_ base: UnsafePointer<UInt8>, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(base).loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The first `byte` in `from ..< to`.
    @inline(__always)
    static func first(_ byte: UInt8, _ base: UnsafePointer<UInt8>, from: Int, to: Int) -> Int {
        var at = from
        let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
        if to &- at >= 64 { return firstLong(pattern, base, at, to) }
        while at &+ 8 <= to {
            let hit = lowestZero(word(base, at) ^ pattern)
            if hit != 0 { return at &+ hit.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        while at < to {
            if base[at] == byte { return at }
            at &+= 1
        }
        return -1
    }

    @inline(never)
    static func firstLong(_ pattern: UInt64, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int) -> Int {
        var at = from
        while at &+ 32 <= to {
            let a = lowestZero(word(base, at) ^ pattern)
            let b = lowestZero(word(base, at &+ 8) ^ pattern)
            let c = lowestZero(word(base, at &+ 16) ^ pattern)
            let d = lowestZero(word(base, at &+ 24) ^ pattern)
            if a | b | c | d != 0 {
                if a != 0 { return at &+ a.trailingZeroBitCount >> 3 }
                if b != 0 { return at &+ 8 &+ b.trailingZeroBitCount >> 3 }
                if c != 0 { return at &+ 16 &+ c.trailingZeroBitCount >> 3 }
                return at &+ 24 &+ d.trailingZeroBitCount >> 3
            }
            at &+= 32
        }
        while at < to {
            if base[at] == UInt8(truncatingIfNeeded: pattern) { return at }
            at &+= 1
        }
        return -1
    }

    /// The last `byte` in `from ..< to`.
    @inline(__always)
    static func last(_ byte: UInt8, _ base: UnsafePointer<UInt8>, from: Int, to: Int) -> Int {
        var end = to
        let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
        while end &- 8 >= from {
            let hit = zeros(word(base, end &- 8) ^ pattern)
            if hit != 0 { return end &- 1 &- hit.leadingZeroBitCount >> 3 }
            end &-= 8
        }
        while end > from {
            end &-= 1
            if base[end] == byte { return end }
        }
        return -1
    }

    /// True when the `count` bytes at `a` and `b` are the same.
    @inline(__always)
    static func equal(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let rawA = UnsafeRawPointer(a)
        let rawB = UnsafeRawPointer(b)
        if count >= 8 {
            var at = 0
            while at &+ 8 < count {
                if rawA.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                    != rawB.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                {
                    return false
                }
                at &+= 8
            }
            return rawA.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
                == rawB.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        }
        if count >= 4 {
            return rawA.loadUnaligned(as: UInt32.self) == rawB.loadUnaligned(as: UInt32.self)
                && rawA.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
                    == rawB.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
        }
        if count >= 2 {
            return rawA.loadUnaligned(as: UInt16.self) == rawB.loadUnaligned(as: UInt16.self)
                && a[count &- 1] == b[count &- 1]
        }
        return count == 0 || a[0] == b[0]
    }

    /// Where the first occurrence of `needle` that lies wholly in `from ..< to` begins. `length` is at least 1.
    @inline(__always)
    static func first(
        _ needle: UnsafePointer<UInt8>, length: Int, _ base: UnsafePointer<UInt8>, from: Int, to: Int
    ) -> Int {
        if length == 1 { return first(needle[0], base, from: from, to: to) }
        return firstNeedle(needle, length, base, from, to)
    }

    /// Words of candidates: places where the first and the last byte of the needle both fit.
    @inline(never)
    static func firstNeedle(
        _ needle: UnsafePointer<UInt8>, _ length: Int, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int
    ) -> Int {
        var at = from
        let lastStart = to &- length
        let head = UInt64(needle[0]) &* 0x0101_0101_0101_0101
        let tail = UInt64(needle[length &- 1]) &* 0x0101_0101_0101_0101
        while at &+ 7 <= lastStart {
            var hits = zeros((word(base, at) ^ head) | (word(base, at &+ length &- 1) ^ tail))
            while hits != 0 {
                let start = at &+ hits.trailingZeroBitCount >> 3
                if equal(base + (start &+ 1), needle + 1, length &- 2) { return start }
                hits &= hits &- 1
            }
            at &+= 8
        }
        while at <= lastStart {
            if base[at] == needle[0], equal(base + at, needle, length) { return at }
            at &+= 1
        }
        return -1
    }

    /// Where the last occurrence of `needle` that lies wholly in `from ..< to` begins. `length` is at least 1.
    @inline(__always)
    static func last(
        _ needle: UnsafePointer<UInt8>, length: Int, _ base: UnsafePointer<UInt8>, from: Int, to: Int
    ) -> Int {
        if length == 1 { return last(needle[0], base, from: from, to: to) }
        return lastNeedle(needle, length, base, from, to)
    }

    @inline(never)
    static func lastNeedle(
        _ needle: UnsafePointer<UInt8>, _ length: Int, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int
    ) -> Int {
        let head = UInt64(needle[0]) &* 0x0101_0101_0101_0101
        let tail = UInt64(needle[length &- 1]) &* 0x0101_0101_0101_0101
        // `at` is one past the greatest start that is still to be tried.
        var at = to &- length &+ 1
        while at &- 8 >= from {
            var hits = zeros((word(base, at &- 8) ^ head) | (word(base, at &+ length &- 9) ^ tail))
            while hits != 0 {
                let start = at &- 1 &- hits.leadingZeroBitCount >> 3
                if equal(base + (start &+ 1), needle + 1, length &- 2) { return start }
                hits &= ~(0x8000_0000_0000_0000 &>> UInt64(truncatingIfNeeded: hits.leadingZeroBitCount))
            }
            at &-= 8
        }
        while at > from {
            at &-= 1
            if base[at] == needle[0], equal(base + at, needle, length) { return at }
        }
        return -1
    }
}

/// The first `byte` or 0 in `from ..< to`; `to` when there is neither.
@inline(__always)
public func firstByte(_ byte: UInt8, orZeroIn base: UnsafePointer<UInt8>, from: Int, to: Int) -> Int {
    var at = from
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    while at &+ 8 <= to {
        let word = ByteSearch.word(base, at)
        let hit = ByteSearch.lowestZero(word ^ pattern) | ByteSearch.lowestZero(word)
        if hit != 0 { return at &+ hit.trailingZeroBitCount >> 3 }
        at &+= 8
    }
    while at < to && base[at] != byte && base[at] != 0 { at &+= 1 }
    return at
}
