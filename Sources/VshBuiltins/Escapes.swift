// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Where an escape sequence stands: the sets differ a little (XBD 5, XCU echo and printf).
enum EscapeStyle {
    /// The format of printf: `\ddd`; `\c` means nothing.
    case format
    /// The argument of `%b`: `\0ddd` and, as everywhere, `\ddd`; `\c` ends all output.
    case argument
    /// An argument of echo: `\0ddd`; `\c` ends all output.
    case echo
    /// The same after `-e`: `\e`, `\xhh`, `\uhhhh` and `\Uhhhhhhhh` too, as in formats and arguments.
    case extendedEcho
}

extension ByteStack {
    /// Appends `text` with its escape sequences replaced; false after `\c`, which ends all output.
    mutating func append(escaped text: Text, _ style: EscapeStyle) -> Bool {
        text.withBytes { bytes in
            var start = 0
            while start < bytes.count {
                let rest = UnsafeBufferPointer(rebasing: bytes[start...])
                guard let place = ByteSearch.first(92, in: rest) else {
                    append(rest)
                    break
                }
                append(UnsafeBufferPointer(rebasing: rest[..<place]))
                start &+= place &+ 1
                if !appendEscape(bytes, &start, style) { return false }
            }
            return true
        }
    }

    /// Appends what the escape sequence stands for whose backslash is before `at`, and moves `at` past it; false for `\c`.
    /// Bytes that are no sequence are appended as they are.
    mutating func appendEscape(_ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int, _ style: EscapeStyle) -> Bool {
        guard at < bytes.count else {
            append(92)
            return true
        }
        let byte = bytes[at]
        at += 1
        switch byte {
        case 92: append(92)
        case 97: append(7)
        case 98: append(8)
        case 69 where style == .argument, 101 where style != .echo: append(27)
        case 102: append(12)
        case 110: append(10)
        case 114: append(13)
        case 116: append(9)
        case 118: append(11)
        case 99 where style != .format: return false
        case 34 where style == .format, 39 where style == .format: append(byte)
        case 48 where style != .format: append(octal(bytes, &at, 0))
        case 48...55 where style == .format || style == .argument: append(octal(bytes, &at, byte &- 48, digits: 2))
        case 120 where style != .echo && at < bytes.count && hexadecimalDigit(bytes[at]) != nil:
            var value: UInt8 = 0
            let end = min(at + 2, bytes.count)
            while at < end, let digit = hexadecimalDigit(bytes[at]) {
                value = value << 4 | digit
                at += 1
            }
            append(value)
        case 117 where style != .echo: appendCharacter(bytes, &at, byte, digits: 4)
        case 85 where style != .echo: appendCharacter(bytes, &at, byte, digits: 8)
        default:
            append(92)
            append(byte)
        }
        return true
    }

    /// The character with the number that up to `digits` hexadecimal digits give, in UTF-8; the letter as it is where there is none.
    private mutating func appendCharacter(
        _ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int, _ letter: UInt8, digits: Int
    ) {
        var value: UInt32 = 0
        var next = at
        while next < bytes.count, next < at + digits, let digit = hexadecimalDigit(bytes[next]) {
            value = value << 4 | UInt32(digit)
            next += 1
        }
        guard next > at, let character = Unicode.Scalar(value), let units = UTF8.encode(character) else {
            append(92)
            append(letter)
            return
        }
        at = next
        for unit in units { append(unit) }
    }

    /// The byte of up to `digits` octal digits from `at` on, after those that gave `value`.
    private func octal(_ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int, _ value: UInt8, digits: Int = 3) -> UInt8 {
        var value = value
        let end = min(at + digits, bytes.count)
        while at < end, bytes[at] & 0xF8 == 48 {
            value = value &<< 3 | bytes[at] & 7
            at += 1
        }
        return value
    }
}

/// The value of a hexadecimal digit.
@inline(__always)
func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    if byte &- 48 <= 9 { return byte &- 48 }
    let letter = byte | 0x20
    return letter &- 97 <= 5 ? letter &- 87 : nil
}
