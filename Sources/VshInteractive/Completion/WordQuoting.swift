// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Writes names so that the shell reads them back, in the quotes that are open where they are put.
enum WordQuoting {
    /// - Parameters:
    ///   - quote: what is open where the text begins.
    ///   - isFirst: it begins the word: a `~` or `#` there means something.
    ///   - closes: the quote is closed at the end.
    static func quoted(_ name: [UInt8], in quote: LineContext.Quote, isFirst: Bool, closes: Bool) -> [UInt8] {
        switch quote {
        case .none: return plain(name, isFirst: isFirst)
        case .single:
            var text: [UInt8] = []
            for byte in name { if byte == 39 { text += [39, 92, 39, 39] } else { text.append(byte) } }
            return closes ? text + [39] : text
        case .double:
            var text: [UInt8] = []
            for byte in name {
                if byte == 34 || byte == 36 || byte == 96 || byte == 92 { text.append(92) }
                text.append(byte)
            }
            return closes ? text + [34] : text
        case .dollar:
            let text = dollar(name)
            return closes ? text + [39] : text
        }
    }

    private static func plain(_ name: [UInt8], isFirst: Bool) -> [UInt8] {
        if name.contains(where: { $0 < 32 || $0 == 127 }) || !isValidUTF8(name) {
            return [36, 39] + dollar(name) + [39]
        }
        var text: [UInt8] = []
        for (index, byte) in name.enumerated() {
            switch byte {
            case 32, 33, 34, 36, 38, 39, 40, 41, 42, 59, 60, 62, 63, 91, 92, 93, 94, 96, 123, 124, 125: text.append(92)
            case 35, 126: if index == 0, isFirst { text.append(92) }
            default: break
            }
            text.append(byte)
        }
        return text
    }

    /// The inside of `$'…'`.
    private static func dollar(_ name: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        let isValid = isValidUTF8(name)
        for byte in name {
            switch byte {
            case 10: text += [92, 110]
            case 9: text += [92, 116]
            case 13: text += [92, 114]
            case 27: text += [92, 101]
            case 39, 92: text += [92, byte]
            case 0..<32, 127: text += octal(byte)
            case 128...: if isValid { text.append(byte) } else { text += octal(byte) }
            default: text.append(byte)
            }
        }
        return text
    }

    private static func octal(_ byte: UInt8) -> [UInt8] { [92, 48 + byte >> 6, 48 + byte >> 3 & 7, 48 + byte & 7] }

    static func isValidUTF8(_ bytes: [UInt8]) -> Bool {
        if bytes.allSatisfy({ $0 < 128 }) { return true }
        return String(validating: bytes, as: UTF8.self) != nil
    }

    /// What a menu shows of a name: no control characters, nothing that is not UTF-8.
    static func display(_ name: [UInt8]) -> [UInt8] {
        if !name.contains(where: { $0 < 32 || $0 >= 127 }) { return name }
        let printable = name.map { $0 < 32 || $0 == 127 ? UInt8(63) : $0 }
        return isValidUTF8(printable) ? printable : Array(String(decoding: printable, as: UTF8.self).utf8)
    }
}
