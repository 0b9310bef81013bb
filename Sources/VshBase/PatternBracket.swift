// SPDX-License-Identifier: MPL-2.0

/// A bracket expression as a set of bytes; for UTF-8 also of code points from U+0080 on.
struct PatternSet {
    /// Bit b: byte b is a member. In UTF-8 text, bytes from 128 on stand for themselves where they are invalid. Complement applied.
    var bits: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    /// Code points from U+0080 on: ranges `firstRange ..< firstRange + rangeCount`, and classes. Complement not applied.
    var firstRange: Int32 = 0
    var rangeCount: Int32 = 0
    var classes = CharacterClass()
    var isNegated = false

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 128 ? (byte < 64 ? bits.0 : bits.1) : (byte < 192 ? bits.2 : bits.3)
        return word &>> UInt64(byte & 63) & 1 != 0
    }

    mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 &<< UInt64(byte & 63)
        switch byte >> 6 {
        case 0: bits.0 |= bit
        case 1: bits.1 |= bit
        case 2: bits.2 |= bit
        default: bits.3 |= bit
        }
    }

    mutating func complement() {
        isNegated = true
        bits = (~bits.0, ~bits.1, ~bits.2, ~bits.3)
    }

    /// The byte when the set has one member only, below 128: the expression is then literal.
    var onlyByte: UInt8? {
        if isNegated || rangeCount != 0 || !classes.isEmpty || bits.2 | bits.3 != 0 { return nil }
        if bits.0.nonzeroBitCount &+ bits.1.nonzeroBitCount != 1 { return nil }
        return UInt8(bits.0 != 0 ? bits.0.trailingZeroBitCount : 64 &+ bits.1.trailingZeroBitCount)
    }
}

/// Code points `low ... high` in a bracket expression.
struct PatternRange {
    var low: UInt32
    var high: UInt32
}

/// Reads a bracket expression (XBD 9.3.5, with `!` for `^`).
struct BracketParser {
    let text: UnsafeBufferPointer<UInt8>
    let isUTF8: Bool
    /// The next byte; at the end, the one after the closing bracket.
    var at: Int
    let ranges: UnsafeMutablePointer<PatternRange>
    var rangeCount: Int32 = 0
    var set = PatternSet()

    init(text: UnsafeBufferPointer<UInt8>, isUTF8: Bool, at: Int, ranges: UnsafeMutablePointer<PatternRange>) {
        self.text = text
        self.isUTF8 = isUTF8
        self.at = at
        self.ranges = ranges
    }

    private enum Element {
        case character(UInt32)
        case characterClass(CharacterClass)
        /// An unknown class or a collating symbol of several characters: no member.
        case nothing
    }

    /// The set, or nil when the expression is not closed.
    mutating func parse() -> PatternSet? {
        set.firstRange = rangeCount
        let isNegated = at < text.count && (text[at] == 0x21 || text[at] == 0x5E)
        if isNegated { at += 1 }
        var isFirst = true
        while at < text.count {
            if text[at] == 0x5D && !isFirst {
                at += 1
                set.rangeCount = rangeCount - set.firstRange
                if isNegated { set.complement() }
                return set
            }
            isFirst = false
            guard let element = element() else { return nil }
            switch element {
            case .character(let low):
                if let high = rangeEnd() { add(low, high) } else { add(low, low) }
            case .characterClass(let value): add(value)
            case .nothing: break
            }
        }
        return nil
    }

    /// The other end of a range when `-` and a character follow.
    private mutating func rangeEnd() -> UInt32? {
        guard at + 1 < text.count, text[at] == 0x2D, text[at + 1] != 0x5D else { return nil }
        let mark = at
        at += 1
        if case .character(let high)? = element() { return high }
        at = mark
        return nil
    }

    /// The next element; nil at the end of the text.
    private mutating func element() -> Element? {
        let byte = text[at]
        if byte == 0x5B, let named = bracketed() { return named }
        if byte == 0x5C {
            if at + 1 == text.count { return nil }
            at += 1
        }
        return .character(character())
    }

    private mutating func character() -> UInt32 {
        guard isUTF8 else {
            at += 1
            return UInt32(text[at - 1])
        }
        let (value, length) = UTF8Characters.decode(text.baseAddress!, at, text.count)
        at += length
        return value
    }

    /// `[:class:]`, `[=equivalence=]` or `[.symbol.]` at `at`; nil when there is none.
    private mutating func bracketed() -> Element? {
        guard at + 1 < text.count else { return nil }
        let kind = text[at + 1]
        guard kind == 0x3A || kind == 0x3D || kind == 0x2E else { return nil }
        let start = at + 2
        var end = start
        // The name has at least one byte, so that `[.].]` and `[===]` name a bracket and an equals sign. No name is longer than 24.
        repeat {
            end += 1
            if end + 1 >= text.count || end - start > 24 { return nil }
        } while text[end] != kind || text[end + 1] != 0x5D
        let name = UnsafeBufferPointer(rebasing: text[start..<end])
        if kind == 0x3A {
            for byte in name where !(byte >= 0x61 && byte <= 0x7A) { return nil }
            at = end + 2
            guard let value = CharacterClass(name: name) else { return .nothing }
            return .characterClass(value)
        }
        at = start
        if text[at] == 0x5C && name.count > 1 { at += 1 }
        let value = character()
        if at == end {
            at = end + 2
            return .character(value)
        }
        for byte in name where !isNameByte(byte) {
            at = start - 2
            return nil
        }
        at = end + 2
        if let value = collatingSymbol(name) { return .character(UInt32(value)) }
        return .nothing
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 <= 9 || (byte | 0x20) &- 0x61 <= 25 || byte == 0x2D
    }

    private mutating func add(_ low: UInt32, _ high: UInt32) {
        if low > high { return }
        let top = isUTF8 ? UInt32(0x80) : 0x100
        var value = low
        while value <= high && value < top {
            set.insert(UInt8(truncatingIfNeeded: value))
            value += 1
        }
        guard isUTF8, high >= 0x80 else { return }
        if high >= UTF8Characters.invalid {
            var byte = max(low, UTF8Characters.invalid + 0x80) - UTF8Characters.invalid
            while byte <= high - UTF8Characters.invalid {
                set.insert(UInt8(truncatingIfNeeded: byte))
                byte += 1
            }
        }
        if low < UTF8Characters.invalid {
            ranges[Int(rangeCount)] = PatternRange(low: max(low, 0x80), high: min(high, UTF8Characters.invalid - 1))
            rangeCount += 1
        }
    }

    private mutating func add(_ value: CharacterClass) {
        let mask = value.asciiMask
        set.bits.0 |= mask.0
        set.bits.1 |= mask.1
        if isUTF8 { set.classes.formUnion(value) }
    }
}
