// SPDX-License-Identifier: MPL-2.0

/// Characters of UTF-8 text in which each byte that is part of no valid sequence is a character of its own.
///
/// Whether a character begins at an offset depends on no more than the three bytes before it and the three after, so text can be
/// read from both ends. Values are code points; that of an invalid byte is `invalid + byte`.
public enum UTF8Characters {
    /// Above every code point: added to a byte that is no part of a valid sequence.
    public static let invalid: UInt32 = 0x11_0000

    /// The character that begins at `at` (below `limit`), and how many bytes it takes. Overlong forms and surrogates are invalid.
    @inline(__always)
    public static func decode(_ base: UnsafePointer<UInt8>, _ at: Int, _ limit: Int) -> (value: UInt32, length: Int) {
        let lead = base[at]
        if lead < 0x80 { return (UInt32(lead), 1) }
        return decodeMultibyte(base, at, limit)
    }

    @inline(never)
    static func decodeMultibyte(_ base: UnsafePointer<UInt8>, _ at: Int, _ limit: Int) -> (value: UInt32, length: Int) {
        let lead = UInt32(base[at])
        let none = (invalid &+ lead, 1)
        if lead < 0xC2 || lead > 0xF4 || at &+ 1 >= limit { return none }
        let second = UInt32(base[at &+ 1])
        if second & 0xC0 != 0x80 { return none }
        if lead < 0xE0 { return ((lead & 0x1F) &<< 6 | second & 0x3F, 2) }
        if at &+ 2 >= limit { return none }
        let third = UInt32(base[at &+ 2])
        if third & 0xC0 != 0x80 { return none }
        if lead < 0xF0 {
            let value = (lead & 0x0F) &<< 12 | (second & 0x3F) &<< 6 | third & 0x3F
            if value < 0x800 || value & 0xF800 == 0xD800 { return none }
            return (value, 3)
        }
        if at &+ 3 >= limit { return none }
        let fourth = UInt32(base[at &+ 3])
        if fourth & 0xC0 != 0x80 { return none }
        let value = (lead & 0x07) &<< 18 | (second & 0x3F) &<< 12 | (third & 0x3F) &<< 6 | fourth & 0x3F
        if value < 0x1_0000 || value > 0x10_FFFF { return none }
        return (value, 4)
    }

    /// Where the character that ends at `end` begins. `end` is the end of a character and above `floor`, where one begins.
    @inline(__always)
    public static func previous(_ base: UnsafePointer<UInt8>, _ end: Int, floor: Int) -> Int {
        if base[end &- 1] & 0xC0 != 0x80 { return end &- 1 }
        return previousMultibyte(base, end, floor)
    }

    @inline(never)
    static func previousMultibyte(_ base: UnsafePointer<UInt8>, _ end: Int, _ floor: Int) -> Int {
        var length = 2
        while length <= 4, end &- length >= floor {
            let byte = base[end &- length]
            if byte >= 0xC0 {
                return decode(base, end &- length, end).length == length ? end &- length : end &- 1
            }
            if byte < 0x80 { break }
            length &+= 1
        }
        return end &- 1
    }

    /// True when no character of the `count` bytes at `base` spans `at`.
    public static func isBoundary(_ base: UnsafePointer<UInt8>, _ at: Int, count: Int) -> Bool {
        if at >= count || base[at] & 0xC0 != 0x80 { return true }
        var lead = at &- 1
        while lead >= 0, at &- lead <= 3 {
            if base[lead] >= 0xC0 { return lead &+ decode(base, lead, count).length <= at }
            if base[lead] < 0x80 { return true }
            lead &-= 1
        }
        return true
    }

    /// Characters in `bytes`. Runs of ASCII are counted eight bytes at a time.
    public static func count(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        let end = bytes.count
        var at = 0
        var total = 0
        while at < end {
            while at &+ 8 <= end, ByteSearch.word(base, at) & 0x8080_8080_8080_8080 == 0 {
                at &+= 8
                total &+= 8
            }
            if at == end { break }
            at &+= decode(base, at, end).length
            total &+= 1
        }
        return total
    }

    /// True when `bytes` are valid UTF-8 throughout.
    public static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        var at = 0
        while at < bytes.count {
            let (value, length) = decode(base, at, bytes.count)
            if value >= invalid { return false }
            at &+= length
        }
        return true
    }
}
