// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

extension ByteStack {
    /// Appends `text` in single quotes, those inside as `'\''`: a word that the shell reads back as `text` in every place,
    /// also where unquoted `~` or `=` would mean something.
    mutating func append(quoted text: Text) {
        append(39)
        text.withBytes { bytes in
            for byte in bytes {
                if byte == 39 { append("'\\''") } else { append(byte) }
            }
        }
        append(39)
    }

    /// The same, but with `$'…'` when there are control characters, so that a value is one line (XCU 2.2.4).
    mutating func append(quotedOnOneLine text: Text) {
        let hasControls = text.withBytes { bytes in bytes.contains { $0 < 32 || $0 == 127 } }
        if !hasControls {
            append(quoted: text)
            return
        }
        append("$'")
        text.withBytes { bytes in
            for byte in bytes {
                switch byte {
                case 7: append("\\a")
                case 8: append("\\b")
                case 9: append("\\t")
                case 10: append("\\n")
                case 11: append("\\v")
                case 12: append("\\f")
                case 13: append("\\r")
                case 27: append("\\e")
                case 39: append("\\'")
                case 92: append("\\\\")
                case 0..<32, 127:
                    // Three digits, so that a digit after it is no part of it.
                    append(92)
                    append(48 + byte >> 6)
                    append(48 + byte >> 3 & 7)
                    append(48 + byte & 7)
                default: append(byte)
                }
            }
        }
        append(39)
    }

    /// Appends `text` as a word that the shell reads back, as bash's `%q` does: backslashes where they are needed, `$'…'` where there are control
    /// characters or bytes that are no UTF-8.
    mutating func append(shellWord text: Text, isUTF8: Bool) {
        let isPrintable = text.withBytes { bytes in
            if bytes.contains(where: { $0 < 32 || $0 == 127 }) { return false }
            var at = 0
            while let found = bytes[at...].firstIndex(where: { $0 > 127 }) {
                let length = isUTF8 ? characterLength(bytes, found) : 0
                if length < 2 { return false }
                at = found + length
            }
            return true
        }
        if text.isEmpty {
            append("''")
            return
        }
        text.withBytes { bytes in
            if !isPrintable { append("$'") }
            for (place, byte) in bytes.enumerated() {
                if isPrintable {
                    if needsBackslash(byte, isFirst: place == 0) { append(92) }
                    append(byte)
                } else {
                    appendEscaped(byte, isValid: isUTF8 && byte > 127 && isInCharacter(bytes, place))
                }
            }
            if !isPrintable { append(39) }
        }
    }

    private func needsBackslash(_ byte: UInt8, isFirst: Bool) -> Bool {
        switch byte {
        case 32, 33, 34, 36, 38, 39, 40, 41, 42, 44, 59, 60, 62, 63, 91, 92, 93, 94, 96, 123, 124, 125: true
        case 35, 126: isFirst
        default: false
        }
    }

    /// One byte in `$'…'`.
    private mutating func appendEscaped(_ byte: UInt8, isValid: Bool) {
        let letters: [UInt8: UInt8] = [
            7: 97, 8: 98, 9: 116, 10: 110, 11: 118, 12: 102, 13: 114, 27: 69, 39: 39, 92: 92,
        ]
        if let letter = letters[byte] {
            append(92)
            append(letter)
        } else if byte < 32 || byte == 127 || byte > 127 && !isValid {
            // Three digits, so that a digit after it is no part of it.
            append(92)
            append(48 + byte >> 6)
            append(48 + byte >> 3 & 7)
            append(48 + byte & 7)
        } else {
            append(byte)
        }
    }

    /// Whether the byte at `place` belongs to a character of UTF-8.
    private func isInCharacter(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Int) -> Bool {
        for start in max(0, place - 3)...place {
            let length = characterLength(bytes, start)
            if length > 1 && start + length > place { return true }
        }
        return false
    }

    /// Bytes of the character of UTF-8 at `place`; 1 where there is none.
    private func characterLength(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Int) -> Int {
        utf8Length(bytes.baseAddress! + place, bytes.count - place)
    }

    /// Appends `text` and blanks up to `width` bytes.
    mutating func append(_ text: Text, padTo width: Int) {
        append(text)
        for _ in 0..<max(0, width - text.count) { append(32) }
    }

    /// Appends `value` with zeros before it up to `width` digits.
    mutating func append(decimal value: Int, digits width: Int) {
        let text = Text(decimal: value)
        for _ in 0..<max(0, width - text.count) { append(48) }
        append(text)
    }
}

/// Whether `a` comes before `b`, compared as unsigned bytes (the collating order of the POSIX locale).
func isOrderedBefore(_ a: Text, _ b: Text) -> Bool {
    a.withBytes { left in
        b.withBytes { right in
            let shared = min(left.count, right.count)
            if shared > 0 {
                let order = compareMemory(left.baseAddress!, right.baseAddress!, shared)
                if order != 0 { return order < 0 }
            }
            return left.count < right.count
        }
    }
}

extension Shell {
    /// The symbols that `isWanted` picks, sorted by name.
    func sortedSymbols(_ isWanted: (Symbol) -> Bool) -> [Symbol] {
        var list: [Symbol] = []
        for symbol in 0..<Int32(truncatingIfNeeded: symbols.count) where isWanted(symbol) { list.append(symbol) }
        list.sort { isOrderedBefore(symbols.name($0), symbols.name($1)) }
        return list
    }
}
