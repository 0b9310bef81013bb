// SPDX-License-Identifier: MPL-2.0
import CVshSystem

/// Searches that the C library does with vector instructions. Offsets are from the start of the buffer; nil: absent.
public enum ByteSearch {
    /// (C: memchr)
    @inline(__always)
    public static func first(_ byte: UInt8, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let start = bytes.baseAddress else { return nil }
        let offset = vsh_find_byte(start, bytes.count, byte)
        return offset < 0 ? nil : offset
    }

    /// (C: memrchr)
    @inline(__always)
    public static func last(_ byte: UInt8, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let start = bytes.baseAddress else { return nil }
        let offset = vsh_find_last_byte(start, bytes.count, byte)
        return offset < 0 ? nil : offset
    }

    /// The first occurrence of `pattern`; an empty one is at 0. (C: memmem)
    @inline(__always)
    public static func first(_ pattern: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let patternStart = pattern.baseAddress, pattern.count > 0 else { return 0 }
        guard let start = bytes.baseAddress else { return nil }
        let offset = vsh_find(start, bytes.count, patternStart, pattern.count)
        return offset < 0 ? nil : offset
    }

    /// The order of the bytes: negative, 0 or positive; the shorter first when it is a prefix. (C: memcmp)
    @inline(__always)
    public static func compare(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
        let common = min(a.count, b.count)
        if common > 0 {
            let order = vsh_compare(a.baseAddress!, b.baseAddress!, common)
            if order != 0 { return Int(order) }
        }
        return a.count - b.count
    }
}
