// SPDX-License-Identifier: MPL-2.0

/// The character classes of the POSIX locale (XBD 7.3.1); from U+0080 on, those of the Unicode properties.
struct CharacterClass: OptionSet {
    let rawValue: UInt16
    init(rawValue: UInt16) { self.rawValue = rawValue }

    static let alnum = CharacterClass(rawValue: 1 << 0)
    static let alpha = CharacterClass(rawValue: 1 << 1)
    static let blank = CharacterClass(rawValue: 1 << 2)
    static let cntrl = CharacterClass(rawValue: 1 << 3)
    static let digit = CharacterClass(rawValue: 1 << 4)
    static let graph = CharacterClass(rawValue: 1 << 5)
    static let lower = CharacterClass(rawValue: 1 << 6)
    static let print = CharacterClass(rawValue: 1 << 7)
    static let punct = CharacterClass(rawValue: 1 << 8)
    static let space = CharacterClass(rawValue: 1 << 9)
    static let upper = CharacterClass(rawValue: 1 << 10)
    static let xdigit = CharacterClass(rawValue: 1 << 11)

    /// The class called `name`, such as `alpha`; nil when there is none.
    init?(name: UnsafeBufferPointer<UInt8>) {
        // Names have five or six bytes: compare them as one word.
        guard name.count == 5 || name.count == 6 else { return nil }
        var word: UInt64 = 0
        for byte in name { word = word &<< 8 | UInt64(byte) }
        switch word {
        case 0x61_6C6E_756D: self = .alnum
        case 0x61_6C70_6861: self = .alpha
        case 0x62_6C61_6E6B: self = .blank
        case 0x63_6E74_726C: self = .cntrl
        case 0x64_6967_6974: self = .digit
        case 0x67_7261_7068: self = .graph
        case 0x6C_6F77_6572: self = .lower
        case 0x70_7269_6E74: self = .print
        case 0x70_756E_6374: self = .punct
        case 0x73_7061_6365: self = .space
        case 0x75_7070_6572: self = .upper
        case 0x7864_6967_6974: self = .xdigit
        default: return nil
        }
    }

    /// Bits of the members below 128. For one class, not a union.
    var asciiMask: (UInt64, UInt64) {
        let digits: UInt64 = 0x03FF_0000_0000_0000
        let uppers: UInt64 = 0x0000_0000_07FF_FFFE
        let lowers: UInt64 = 0x07FF_FFFE_0000_0000
        switch self {
        case .alnum: return (digits, uppers | lowers)
        case .alpha: return (0, uppers | lowers)
        case .blank: return (0x1_0000_0200, 0)
        case .cntrl: return (0xFFFF_FFFF, 0x8000_0000_0000_0000)
        case .digit: return (digits, 0)
        case .graph: return (0xFFFF_FFFE_0000_0000, 0x7FFF_FFFF_FFFF_FFFF)
        case .lower: return (0, lowers)
        case .print: return (0xFFFF_FFFF_0000_0000, 0x7FFF_FFFF_FFFF_FFFF)
        case .punct: return (0xFFFF_FFFE_0000_0000 & ~digits, 0x7FFF_FFFF_FFFF_FFFF & ~(uppers | lowers))
        case .space: return (0x1_0000_3E00, 0)
        case .upper: return (0, uppers)
        case .xdigit: return (digits, 0x0000_007E_0000_007E)
        default: return (0, 0)
        }
    }

    /// True when one of the classes holds `value`, a code point from U+0080 on. Digits are ASCII only.
    @inline(never)
    func contains(codePoint value: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(value) else { return false }
        let properties = scalar.properties
        let category = properties.generalCategory
        if !isDisjoint(with: [.alpha, .alnum]), properties.isAlphabetic { return true }
        if contains(.alnum), category == .decimalNumber { return true }
        if contains(.lower), properties.isLowercase { return true }
        if contains(.upper), properties.isUppercase { return true }
        // No-break spaces are no place to break at.
        let isSpace = properties.isWhitespace && value != 0xA0 && value != 0x2007 && value != 0x202F
        if contains(.space), isSpace { return true }
        if contains(.blank), isSpace, category == .spaceSeparator { return true }
        let isControl = category == .control || category == .lineSeparator || category == .paragraphSeparator
        if contains(.cntrl), isControl { return true }
        let isPrinted = !isControl && category != .unassigned && category != .surrogate
        if contains(.print), isPrinted { return true }
        let isGraphic = isPrinted && !isSpace
        if contains(.graph), isGraphic { return true }
        return contains(.punct) && isGraphic && !properties.isAlphabetic && category != .decimalNumber
    }
}

/// The character that the POSIX locale calls `name` (XBD 6.1), as in `[.hyphen.]`.
func collatingSymbol(_ name: UnsafeBufferPointer<UInt8>) -> UInt8? {
    let names: StaticString = """
        1 SOH 2 STX 3 ETX 4 EOT 5 ENQ 6 ACK 7 alert 7 BEL 8 backspace 8 BS 9 tab 9 HT 10 newline 10 LF 11 vertical-tab 11 VT \
        12 form-feed 12 FF 13 carriage-return 13 CR 14 SO 15 SI 16 DLE 17 DC1 18 DC2 19 DC3 20 DC4 21 NAK 22 SYN 23 ETB 24 CAN \
        25 EM 26 SUB 27 ESC 28 IS4 28 FS 29 IS3 29 GS 30 IS2 30 RS 31 IS1 31 US 32 space 33 exclamation-mark 34 quotation-mark \
        35 number-sign 36 dollar-sign 37 percent-sign 38 ampersand 39 apostrophe 40 left-parenthesis 41 right-parenthesis \
        42 asterisk 43 plus-sign 44 comma 45 hyphen 45 hyphen-minus 46 period 46 full-stop 47 slash 47 solidus 48 zero 49 one \
        50 two 51 three 52 four 53 five 54 six 55 seven 56 eight 57 nine 58 colon 59 semicolon 60 less-than-sign 61 equals-sign \
        62 greater-than-sign 63 question-mark 64 commercial-at 91 left-square-bracket 92 backslash 92 reverse-solidus \
        93 right-square-bracket 94 circumflex 94 circumflex-accent 95 underscore 95 low-line 96 grave-accent 123 left-brace \
        123 left-curly-bracket 124 vertical-line 125 right-brace 125 right-curly-bracket 126 tilde 127 DEL\u{20}
        """
    let list = UnsafeBufferPointer(start: names.utf8Start, count: names.utf8CodeUnitCount)
    var at = 0
    while at < list.count {
        var value: UInt8 = 0
        while list[at] != 0x20 {
            value = value &* 10 &+ (list[at] &- 48)
            at += 1
        }
        at += 1
        let start = at
        while list[at] != 0x20 { at += 1 }
        if bytesEqual(UnsafeBufferPointer(rebasing: list[start..<at]), name) { return value }
        at += 1
    }
    return nil
}
