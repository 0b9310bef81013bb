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
