// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Text of JSON (RFC 8259), read leniently: what is broken off ends there.
indirect enum JSON {
    case string([UInt8])
    /// A number or a literal, as it is written.
    case other([UInt8])
    case array([JSON])
    case object([(name: [UInt8], value: JSON)])

    init(_ text: [UInt8]) {
        var reader = JSONReader(text: text)
        self = reader.value(depth: 0)
    }

    subscript(name: StaticString) -> JSON? {
        guard case .object(let fields) = self else { return nil }
        let wanted = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return fields.first { $0.name.elementsEqual(wanted) }?.value
    }

    var elements: [JSON] {
        if case .array(let elements) = self { return elements }
        return []
    }

    /// A string's content, or how a number is written.
    var text: [UInt8] {
        switch self {
        case .string(let text), .other(let text): text
        case .array, .object: []
        }
    }
}

private struct JSONReader {
    let text: [UInt8]
    var at = 0

    private mutating func skipBlanks() {
        while at < text.count, text[at] <= 32 || text[at] == 44 || text[at] == 58 { at += 1 }
    }

    mutating func value(depth: Int) -> JSON {
        skipBlanks()
        guard at < text.count, depth < 64 else {
            at = text.count
            return .other([])
        }
        switch text[at] {
        case 34: return .string(string())
        case 91:
            at += 1
            var elements: [JSON] = []
            while !closes(93) { elements.append(value(depth: depth + 1)) }
            return .array(elements)
        case 123:
            at += 1
            var fields: [(name: [UInt8], value: JSON)] = []
            while !closes(125) {
                let name = value(depth: depth + 1).text
                fields.append((name, value(depth: depth + 1)))
            }
            return .object(fields)
        default:
            let start = at
            at += 1
            while at < text.count, text[at] > 32, !",:]}[{\"".utf8.contains(text[at]) { at += 1 }
            return .other(Array(text[start..<at]))
        }
    }

    /// Whether the next character is that, or the end of everything; then it is read.
    private mutating func closes(_ byte: UInt8) -> Bool {
        skipBlanks()
        if at < text.count, text[at] != byte { return false }
        at = min(at + 1, text.count)
        return true
    }

    private mutating func string() -> [UInt8] {
        var found: [UInt8] = []
        at += 1
        while at < text.count, text[at] != 34 {
            if text[at] == 92, at + 1 < text.count {
                at += 1
                switch text[at] {
                case 98: found.append(8)
                case 102: found.append(12)
                case 110: found.append(10)
                case 114: found.append(13)
                case 116: found.append(9)
                case 117: appendCodePoint(to: &found)
                default: found.append(text[at])
                }
            } else {
                found.append(text[at])
            }
            at += 1
        }
        at += 1
        return found
    }

    /// `uXXXX`, and the second half of a surrogate pair; `at` is left at the last digit.
    private mutating func appendCodePoint(to found: inout [UInt8]) {
        var code = hexadecimal(at + 1)
        at = min(at + 4, text.count - 1)
        if code >> 10 == 0x36, at + 6 < text.count, text[at + 1] == 92, text[at + 2] == 117 {
            let low = hexadecimal(at + 3)
            if low >> 10 == 0x37 {
                code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
                at += 6
            }
        }
        Engine.append(code >> 11 == 0x1B ? 0xFFFD : code, to: &found)
    }

    private func hexadecimal(_ start: Int) -> UInt32 {
        var value: UInt32 = 0
        for byte in text[min(start, text.count)..<min(start + 4, text.count)] {
            value = value << 4 | UInt32(byte < 58 ? byte & 15 : byte & 15 + 9)
        }
        return value
    }
}
