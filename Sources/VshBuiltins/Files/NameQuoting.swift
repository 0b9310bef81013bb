// SPDX-License-Identifier: MPL-2.0
import VshBase

/// How names are shown so that they are told from the text around them, as GNU utilities show them.
enum QuotingStyle: UInt8 {
    case literal
    /// For a shell, in single quotes where needed; always; the same with $'…' for what is not printable.
    case shell, shellAlways, shellEscape, shellEscapeAlways
    /// A C string in double quotes; the same without quotes.
    case c, escape
    /// As `c` in single quotes; in double quotes.
    case locale, cLocale
}

/// Quotes names in one style.
struct Quoting {
    var style: QuotingStyle
    /// Valid UTF-8 counts as printable; otherwise only ASCII does.
    var isUTF8: Bool
    /// A colon needs quotes: for names that are followed by one.
    var quotesColon = false
    /// A space is escaped in style `escape`.
    var escapesSpace = false
    /// Characters that `ls` puts after names need quotes too: 1 all but `*`, 2 all, `*=>@|`.
    var quotesIndicators: UInt8 = 0

    init(_ style: QuotingStyle, isUTF8: Bool) {
        self.style = style
        self.isUTF8 = isUTF8
    }

    /// Appends `name` to `out` as the style says.
    @inline(__always)
    func append(_ name: Text, to out: inout ByteStack) {
        name.withBytes { append($0, to: &out) }
    }

    func append(_ name: UnsafeBufferPointer<UInt8>, to out: inout ByteStack) {
        switch style {
        case .literal: out.append(name)
        case .shell, .shellEscape:
            if needsQuotes(name) { appendShell(name, to: &out) } else { out.append(name) }
        case .shellAlways, .shellEscapeAlways: appendShell(name, to: &out)
        case .c: appendC(name, quote: 34, to: &out)
        case .cLocale: appendC(name, quote: 34, to: &out)
        case .locale:
            if isUTF8 { appendCurly(name, to: &out) } else { appendC(name, quote: 39, to: &out) }
        case .escape: appendC(name, quote: 0, to: &out)
        }
    }

    private var escapes: Bool { style == .shellEscape || style == .shellEscapeAlways }

    /// Whether a style that quotes only where needed would quote `name`.
    func needsQuotes(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        if name.isEmpty { return true }
        var index = 0
        while index < name.count {
            let byte = name[index]
            switch byte {
            case 35, 126:  // # ~
                if index == 0 { return true }
            case 123, 125:  // { }
                if name.count == 1 { return true }
            case 32, 33, 34, 36, 38, 39, 40, 41, 42, 59, 60, 61, 62, 63, 91, 92, 94, 96, 124: return true
            case 58: if quotesColon { return true }
            case 64: if quotesIndicators > 0 { return true }
            case 7...13: return true
            case 0x21...0x7e: break
            default:
                if escapes {
                    let length = printableLength(name, index)
                    if length == 0 { return true }
                    index += length
                    continue
                }
            }
            index += 1
        }
        return false
    }

    /// Single quotes, or double ones when the only special character is a single quote.
    private func appendShell(_ name: UnsafeBufferPointer<UInt8>, to out: inout ByteStack) {
        if name.contains(39) && suitsDoubleQuotes(name) {
            out.append(34)
            out.append(name)
            out.append(34)
            return
        }
        out.append(39)
        var isEscaping = false  // inside $'…'
        var index = 0
        while index < name.count {
            let byte = name[index]
            if byte == 39 {
                out.append("'\\''")
                isEscaping = false
                index += 1
                continue
            }
            let length = escapes ? printableLength(name, index) : 1
            if length == 0 {
                if !isEscaping {
                    out.append("'$'")
                    isEscaping = true
                }
                appendEscape(byte, to: &out)
                index += 1
                continue
            }
            if isEscaping {
                out.append("''")
                isEscaping = false
            }
            out.append(UnsafeBufferPointer(rebasing: name[index..<index + length]))
            index += length
        }
        out.append(39)
    }

    /// Whether all characters mean themselves both in C strings and in the shell's double quotes.
    private func suitsDoubleQuotes(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < name.count {
            switch name[index] {
            case 35, 126: if index != 0 { return false }
            case 123, 125: if name.count != 1 { return false }
            case 32, 37, 39, 43...58, 64...90, 93, 95, 97...122: break
            case 0x80...:
                let length = printableLength(name, index)
                if length == 0 { return false }
                index += length
                continue
            default: return false
            }
            index += 1
        }
        return true
    }

    private func appendC(_ name: UnsafeBufferPointer<UInt8>, quote: UInt8, to out: inout ByteStack) {
        if quote != 0 { out.append(quote) }
        var index = 0
        while index < name.count {
            let byte = name[index]
            let length = printableLength(name, index)
            if length == 0 {
                appendEscape(byte, to: &out)
                index += 1
                continue
            }
            if byte == 92 || byte == quote || byte == 32 && escapesSpace && quote == 0 || byte == 58 && quotesColon
                || quotesIndicators > 0 && isIndicator(byte)
            {
                out.append(92)
            }
            out.append(UnsafeBufferPointer(rebasing: name[index..<index + length]))
            index += length
        }
        if quote != 0 { out.append(quote) }
    }

    private func isIndicator(_ byte: UInt8) -> Bool {
        byte == 61 || byte == 62 || byte == 64 || byte == 124 || byte == 42 && quotesIndicators == 2
    }

    /// In ‘…’, the quotes of a UTF-8 locale.
    private func appendCurly(_ name: UnsafeBufferPointer<UInt8>, to out: inout ByteStack) {
        out.append("‘")
        var index = 0
        while index < name.count {
            let length = printableLength(name, index)
            if length == 0 {
                appendEscape(name[index], to: &out)
                index += 1
                continue
            }
            let isClosing = length == 3 && name[index] == 0xE2 && name[index + 1] == 0x80 && name[index + 2] == 0x99
            if name[index] == 92 || isClosing { out.append(92) }
            out.append(UnsafeBufferPointer(rebasing: name[index..<index + length]))
            index += length
        }
        out.append("’")
    }

    private func appendEscape(_ byte: UInt8, to out: inout ByteStack) {
        out.append(92)
        switch byte {
        case 7: out.append(97)
        case 8: out.append(98)
        case 9: out.append(116)
        case 10: out.append(110)
        case 11: out.append(118)
        case 12: out.append(102)
        case 13: out.append(114)
        default:
            out.append(48 + (byte >> 6))
            out.append(48 + (byte >> 3 & 7))
            out.append(48 + (byte & 7))
        }
    }

    /// Bytes of the printable character at `index`; 0 when there is none.
    @inline(__always)
    func printableLength(_ name: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
        let byte = name[index]
        if byte < 0x80 { return byte >= 32 && byte < 127 ? 1 : 0 }
        if !isUTF8 { return 0 }
        let decoded = UTF8Characters.decode(name.baseAddress!, index, name.count)
        return decoded.value >= UTF8Characters.invalid || CharacterWidth.of(decoded.value) < 0 ? 0 : decoded.length
    }
}
