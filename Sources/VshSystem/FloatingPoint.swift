// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import VshBase

/// Floating-point numbers as text, as the C library reads and writes them in the POSIX locale.
public enum FloatingPoint {
    /// Flags of a conversion: `-`, `+`, blank, `#`, `0`.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt32
        @inline(__always)
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        public static var left: Flags { .init(rawValue: 1) }
        public static var plus: Flags { .init(rawValue: 2) }
        public static var blank: Flags { .init(rawValue: 4) }
        public static var alternate: Flags { .init(rawValue: 8) }
        public static var zero: Flags { .init(rawValue: 16) }
    }

    /// Appends `value` to `output`. (C: snprintf)
    /// - Parameters:
    ///   - width: bytes at least; not negative.
    ///   - precision: negative when none was given.
    ///   - conversion: one of `aAeEfFgG`.
    /// - Returns: false when there was no memory for it.
    public static func append(
        _ value: Double, _ flags: Flags, width: Int, precision: Int, conversion: UInt8, to output: inout ByteStack
    ) -> Bool {
        var room = 128
        while true {
            var length: Int32 = 0
            output.append(unfilled: room) { buffer in
                length = buffer.withMemoryRebound(to: CChar.self) {
                    vsh_format_double(
                        $0.baseAddress!, room, flags.rawValue, Int32(clamping: width), Int32(clamping: precision),
                        CChar(bitPattern: conversion), value)
                }
                return Int(length) < room ? max(0, Int(length)) : 0
            }
            if length < 0 { return false }
            if Int(length) < room { return true }
            room = Int(length) + 1
        }
    }

    /// The number that `text` begins with, blanks before it allowed: decimal, hexadecimal, `inf` or `nan`. (C: strtod)
    /// - Returns: the value, the bytes read (0 when there is no number), and whether it is too large for a `Double`.
    public static func parse(_ text: Text) -> (value: Double, length: Int, isOutOfRange: Bool) {
        text.withCString { string in
            var value = 0.0
            var range: Int32 = 0
            let length = vsh_parse_double(string, &value, &range)
            return (value, length, range != 0)
        }
    }
}
