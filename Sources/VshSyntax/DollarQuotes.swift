// SPDX-License-Identifier: MPL-2.0
import VshBase

extension Parser {
    /// `$'…'` (XCU 2.2.4); the cursor is on the quote.
    mutating func dollarSingleQuotes(_ start: Int, skipping count: Int = 0) throws(Stop) {
        pos &+= 1 &+ count
        build.flags.insert(.hasQuotes)
        note(.singleQuoted, start)
        openLiteral(isQuoted: true)
        let mark = text.count
        var isCut = false
        while true {
            let byte = base[pos]
            if byte == Byte.singleQuote { break }
            if byte == 0 {
                if pos < end {
                    pos &+= 1
                } else if !more() {
                    throw unterminated("$'", start)
                }
                continue
            }
            pos &+= 1
            if byte != Byte.backslash {
                text.append(byte)
            } else {
                if pos == end { _ = more() }
                // A NUL ends the value; the rest is read only to find its end.
                if escape() && !isCut {
                    isCut = true
                    parts.last.b = Int32(truncatingIfNeeded: text.count &- Int(parts.last.a))
                }
            }
        }
        pos &+= 1
        note(wordKind, pos)
        if isCut {
            text.pop(to: Int(parts.last.a) &+ Int(parts.last.b))
        } else {
            parts.last.b &+= Int32(truncatingIfNeeded: text.count &- mark)
        }
    }

    /// The escape sequence at the cursor, which is after the backslash; true when it means a NUL.
    private mutating func escape() -> Bool {
        let byte = base[pos]
        switch byte {
        case UInt8(ascii: "a"): text.append(7)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "e"): text.append(27)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "v"): text.append(11)
        case Byte.doubleQuote, Byte.singleQuote, Byte.backslash, Byte.question: text.append(byte)
        case UInt8(ascii: "c"):
            var next = base[pos &+ 1]
            if next == 0 || next == Byte.singleQuote { break }
            pos &+= 2
            if next == Byte.backslash && base[pos] == Byte.backslash { pos &+= 1 }
            if next >= 97 && next <= 122 { next &-= 32 }
            let control = next == Byte.question ? 127 : next & 31
            if control == 0 { return true }
            text.append(control)
            return false
        case UInt8(ascii: "x"):
            var value: UInt8 = 0
            var count = 0
            while count < 2, let digit = hexDigit(base[pos &+ 1 &+ count]) {
                value = value &* 16 &+ digit
                count &+= 1
            }
            if count == 0 {
                text.append(Byte.backslash)
                text.append(byte)
                break
            }
            pos &+= 1 &+ count
            if value == 0 { return true }
            text.append(value)
            return false
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            var value: UInt32 = 0
            var count = 0
            while count < (byte == UInt8(ascii: "u") ? 4 : 8), let digit = hexDigit(base[pos &+ 1 &+ count]) {
                value = value &* 16 &+ UInt32(digit)
                count &+= 1
            }
            guard count > 0, let character = Unicode.Scalar(value) else {
                text.append(Byte.backslash)
                text.append(byte)
                break
            }
            pos &+= 1 &+ count
            if value == 0 { return true }
            for unit in UTF8.encode(character)! { text.append(unit) }
            return false
        case 48...55:
            var value = 0
            var count = 0
            while count < 3, base[pos &+ count] >= 48, base[pos &+ count] <= 55 {
                value = value &* 8 &+ Int(base[pos &+ count] &- 48)
                count &+= 1
            }
            pos &+= count
            let result = UInt8(truncatingIfNeeded: value)
            if result == 0 { return true }
            text.append(result)
            return false
        case Byte.newline, 0:
            text.append(Byte.backslash)
            return false
        default:
            text.append(Byte.backslash)
            text.append(byte)
        }
        pos &+= 1
        return false
    }

    private func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte &- 48
        case 65...70: byte &- 55
        case 97...102: byte &- 87
        default: nil
        }
    }
}
