// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Makes keys of the bytes that a terminal sends: UTF-8, CSI and SS3 sequences, Alt as ESC, bracketed paste.
///
/// Bytes are fed as they come; `next` gives a key as soon as one is complete. What is incomplete waits for more, or for `timeOut`, which
/// makes the most of what is there (ESC alone is the Escape key).
struct KeyDecoder {
    private var bytes: [UInt8] = []
    private var position = 0
    /// Pasted text so far; nil outside a paste.
    private var pasted: [UInt8]?
    private var pasteLast: UInt8 = 0

    /// Nothing waits to be decoded.
    var isEmpty: Bool { position >= bytes.count && pasted == nil }
    /// There is a beginning that may be a key by itself: the caller waits a moment and calls `timeOut`.
    var isWaiting: Bool { position < bytes.count && pasted == nil }
    var isPasting: Bool { pasted != nil }

    mutating func feed(_ new: UnsafeRawBufferPointer) {
        if position > 0 {
            bytes.removeSubrange(0..<position)
            position = 0
        }
        bytes.append(contentsOf: new)
    }

    mutating func feed(_ new: [UInt8]) { new.withUnsafeBytes { feed($0) } }

    /// Forgets everything, such as after an interrupt.
    mutating func reset() {
        bytes = []
        position = 0
        pasted = nil
    }

    /// The next key, or nil when more bytes are needed.
    mutating func next() -> Key? {
        while position < bytes.count {
            if pasted != nil {
                if let text = takePaste() { return .paste(text) }
                return nil
            }
            let before = position
            switch decode(isFinal: false) {
            case .key(let key): return key
            case .nothing: continue
            case .more:
                position = before
                return nil
            }
        }
        return nil
    }

    /// No more bytes came for a while: what is there is all of it.
    mutating func timeOut() -> Key? {
        while position < bytes.count, pasted == nil {
            if case .key(let key) = decode(isFinal: true) { return key }
        }
        return nil
    }

    private enum Step {
        case key(Key)
        /// Bytes were used up, without a key.
        case nothing
        case more
    }

    private mutating func decode(isFinal: Bool) -> Step {
        let first = bytes[position]
        if first == 27 { return decodeEscape(isFinal: isFinal) }
        return decodeCharacter(isFinal: isFinal)
    }

    private mutating func decodeCharacter(isFinal: Bool) -> Step {
        let first = bytes[position]
        if first < 32 || first == 127 {
            position += 1
            switch first {
            case 13, 10: return .key(.special(.enter, []))
            case 9: return .key(.special(.tab, []))
            case 127, 8: return .key(.special(.backspace, []))
            default: return .key(.control(first))
            }
        }
        let needed = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1
        let have = bytes.count - position
        if have < needed && !isFinal {
            let isGood = bytes[(position + 1)...].allSatisfy { $0 & 0xC0 == 0x80 }
            if isGood { return .more }
        }
        let (value, length) = bytes.withUnsafeBufferPointer {
            UTF8Characters.decode($0.baseAddress!, position, $0.count)
        }
        position += length
        return .key(.text(value))
    }

    private mutating func decodeEscape(isFinal: Bool) -> Step {
        if position + 1 >= bytes.count {
            if !isFinal { return .more }
            position += 1
            return .key(.special(.escape, []))
        }
        let second = bytes[position + 1]
        switch second {
        case 91: return decodeControlSequence(isFinal: isFinal)
        case 79:
            if position + 2 >= bytes.count {
                if !isFinal { return .more }
                position += 2
                return .key(.alt(79))
            }
            return decodeShifted()
        case 93, 80, 95, 94: return skipString(isFinal: isFinal)
        case 27:
            // ESC ESC [ A: Alt and an arrow key in some terminals; else Escape by itself.
            if position + 2 >= bytes.count && !isFinal { return .more }
            if position + 2 < bytes.count, bytes[position + 2] == 91 || bytes[position + 2] == 79 {
                let before = position
                position += 1
                let step = decodeEscape(isFinal: isFinal)
                switch step {
                case .key(.special(let key, let modifiers)):
                    return .key(.special(key, modifiers.union(.alt)))
                case .more:
                    position = before
                    return .more
                default: return step
                }
            }
            position += 1
            return .key(.special(.escape, []))
        default:
            position += 1
            let before = position
            let step = decodeCharacter(isFinal: isFinal)
            switch step {
            case .more:
                position = before - 1
                return .more
            case .key(.text(let value)): return .key(.alt(value))
            case .key(.control(let value)): return .key(.altControl(value))
            case .key(.special(let key, let modifiers)): return .key(.special(key, modifiers.union(.alt)))
            default: return step
            }
        }
    }

    /// SS3: `ESC O` and a letter.
    private mutating func decodeShifted() -> Step {
        let letter = bytes[position + 2]
        position += 3
        if let key = KeyDecoder.letterKey(letter) { return .key(.special(key, [])) }
        return letter == 77 ? .key(.special(.enter, [])) : .key(.unknown)
    }

    private static func letterKey(_ letter: UInt8) -> Key.Special? {
        switch letter {
        case 65: .up
        case 66: .down
        case 67: .right
        case 68: .left
        case 70: .end
        case 72: .home
        case 80: .f1
        case 81: .f2
        case 82: .f3
        case 83: .f4
        default: nil
        }
    }

    /// The longest control sequence that is waited for; longer ones are noise.
    private static var longest: Int { 64 }

    private mutating func decodeControlSequence(isFinal: Bool) -> Step {
        var at = position + 2
        // The linux console: ESC [ [ A.
        if at < bytes.count, bytes[at] == 91 {
            if at + 1 >= bytes.count && !isFinal { return .more }
            let letter = at + 1 < bytes.count ? bytes[at + 1] : 0
            position = min(at + 2, bytes.count)
            let keys: [Key.Special] = [.f1, .f2, .f3, .f4, .f5]
            return letter >= 65 && letter < 70 ? .key(.special(keys[Int(letter) - 65], [])) : .key(.unknown)
        }
        while at < bytes.count, bytes[at] >= 32, bytes[at] < 64 { at += 1 }
        if at >= bytes.count {
            if !isFinal && at - position < KeyDecoder.longest { return .more }
            if at == position + 2 {
                position = at
                return .key(.alt(91))
            }
            position = at
            return .nothing
        }
        let final = bytes[at]
        let body = Array(bytes[(position + 2)..<at])
        // A byte that cannot be in the sequence ends it; it is a key of its own.
        if final < 64 || final > 126 {
            position = at
            return .nothing
        }
        position = at + 1
        return interpret(body, final)
    }

    private mutating func interpret(_ body: [UInt8], _ final: UInt8) -> Step {
        if let first = body.first, first >= 60 { return .key(.unknown) }
        var numbers: [Int] = []
        for part in body.split(separator: 59, omittingEmptySubsequences: false) {
            // Sub-parameters after a colon are left out.
            let digits = part.prefix { $0 >= 48 && $0 <= 57 }.prefix(6)
            numbers.append(digits.reduce(0) { $0 * 10 + Int($1 - 48) })
        }
        let modifiers =
            numbers.count > 1 && numbers[1] > 0
            ? Key.Modifiers(rawValue: UInt8(truncatingIfNeeded: (numbers[1] - 1) & 7)) : []
        switch final {
        case 65, 66, 67, 68, 70, 72, 80, 81, 82, 83:
            return .key(.special(KeyDecoder.letterKey(final)!, modifiers))
        case 90: return .key(.special(.tab, .shift))
        case 73: return .key(.special(.focusIn, []))
        case 79: return .key(.special(.focusOut, []))
        case 117: return .key(codePoint(numbers.first ?? 0, modifiers))
        case 126: return tilde(numbers, modifiers)
        default: return .key(.unknown)
        }
    }

    private mutating func tilde(_ numbers: [Int], _ modifiers: Key.Modifiers) -> Step {
        let key: Key.Special
        switch numbers.first ?? 0 {
        case 200:
            pasted = []
            pasteLast = 0
            return .nothing
        case 201: return .nothing
        case 27 where numbers.count > 2: return .key(codePoint(numbers[2], modifiers))
        case 1, 7: key = .home
        case 2: key = .insert
        case 3: key = .delete
        case 4, 8: key = .end
        case 5: key = .pageUp
        case 6: key = .pageDown
        case 11: key = .f1
        case 12: key = .f2
        case 13: key = .f3
        case 14: key = .f4
        case 15: key = .f5
        case 17: key = .f6
        case 18: key = .f7
        case 19: key = .f8
        case 20: key = .f9
        case 21: key = .f10
        case 23: key = .f11
        case 24: key = .f12
        default: return .key(.unknown)
        }
        return .key(.special(key, modifiers))
    }

    /// A key that was sent as its code point (CSI u, modifyOtherKeys).
    private func codePoint(_ value: Int, _ modifiers: Key.Modifiers) -> Key {
        switch value {
        case 13: return .special(.enter, modifiers)
        case 9: return .special(.tab, modifiers)
        case 27: return .special(.escape, modifiers)
        case 127, 8: return .special(.backspace, modifiers)
        case 0..<32, 0x11_0000...: return .unknown
        default: break
        }
        if modifiers.contains(.control) {
            let letter = value & 0x1F
            if value < 64 || value > 127 { return .unknown }
            return modifiers.contains(.alt) ? .altControl(UInt8(letter)) : .control(UInt8(letter))
        }
        if (0xD800...0xDFFF).contains(value) { return .unknown }
        return modifiers.contains(.alt) ? .alt(UInt32(value)) : .text(UInt32(value))
    }

    /// OSC, DCS, APC and PM strings are answers to questions that nobody here asked.
    private mutating func skipString(isFinal: Bool) -> Step {
        var at = position + 2
        while at < bytes.count {
            if bytes[at] == 7 {
                position = at + 1
                return .nothing
            }
            if bytes[at] == 27, at + 1 < bytes.count, bytes[at + 1] == 92 {
                position = at + 2
                return .nothing
            }
            at += 1
        }
        if !isFinal && at - position < 4096 { return .more }
        if at == position + 2 {
            let letter = bytes[position + 1]
            position = at
            return .key(.alt(UInt32(letter)))
        }
        position = at
        return .nothing
    }

    // MARK: paste

    /// Goes on with a paste; its text when its end was there. Control characters are left out, but for newline and tab; what ends a line
    /// is a newline, and the last one is dropped, so that nothing runs unseen.
    private mutating func takePaste() -> [UInt8]? {
        let end: [UInt8] = [27, 91, 50, 48, 49, 126]
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 27 {
                let have = min(bytes.count - position, end.count)
                if bytes[position..<position + have].elementsEqual(end[0..<have]) {
                    if have < end.count { return nil }
                    position += end.count
                    var text = pasted ?? []
                    pasted = nil
                    while text.last == 10 { text.removeLast() }
                    return text
                }
            }
            position += 1
            if byte == 13 || byte == 10 && pasteLast != 13 {
                pasted?.append(10)
            } else if byte >= 32 && byte != 127 || byte == 9 {
                pasted?.append(byte)
            }
            pasteLast = byte
        }
        return nil
    }

    /// The terminal went quiet in the middle of a paste: what has come of it is the text.
    mutating func abandonPaste() -> Key? {
        guard var text = pasted else { return nil }
        pasted = nil
        position = bytes.count
        while text.last == 10 { text.removeLast() }
        return .paste(text)
    }
}
