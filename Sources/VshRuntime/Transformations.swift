// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax

/// `${x@Q}` and its like, and variables as the commands that declare them.
extension Shell {
    /// One value. `symbol`: the variable it belongs to, or -1.
    func transformed(_ letter: Int32, _ text: Text, _ symbol: Symbol) throws(ShellError) -> Text {
        switch UInt8(truncatingIfNeeded: letter) {
        case UInt8(ascii: "Q"), UInt8(ascii: "K"), UInt8(ascii: "k"): return quotedAlways(text)
        case UInt8(ascii: "E"): return try escapesExpanded(text)
        case UInt8(ascii: "P"): return try expandPrompt(decodesPrompt?(self, text) ?? text)
        case UInt8(ascii: "U"): return changedCase(text, isUpper: true, isAll: true)
        case UInt8(ascii: "u"): return changedCase(text, isUpper: true, isAll: false)
        case UInt8(ascii: "L"): return changedCase(text, isUpper: false, isAll: true)
        case UInt8(ascii: "a"): return symbol < 0 ? Text() : attributeLetters(symbol)
        default: return symbol < 0 ? quotedAlways(text) : assignmentText(symbol)
        }
    }

    /// `${x[@]@Q}` and its like.
    func transformedElements(_ letter: Int32, _ symbol: Symbol) throws(ShellError) -> [Text] {
        let values = elementValues(symbol)
        switch UInt8(truncatingIfNeeded: letter) {
        case UInt8(ascii: "A"): return values.isEmpty ? [] : [assignmentText(symbol)]
        case UInt8(ascii: "K"), UInt8(ascii: "k"):
            let keys = array(symbol)?.subscriptTexts ?? values.map { _ in Text("0") }
            let isWhole = letter == Int32(UInt8(ascii: "K"))
            var texts: [Text] = []
            for (key, value) in zip(keys, values) {
                texts.append(key)
                texts.append(isWhole ? doubleQuoted(value) : value)
            }
            if !isWhole { return texts }
            var line = ByteStack(capacity: 64)
            for (index, text) in texts.enumerated() {
                if index > 0 { line.append(32) }
                line.append(text)
            }
            if variables[symbol].flags.contains(.associative) { line.append(32) }
            return texts.isEmpty ? [] : [line.text(from: 0)]
        default:
            var changed: [Text] = []
            for value in values { changed.append(try transformed(letter, value, symbol)) }
            return changed
        }
    }

    /// What `$'…'` would make of the text.
    private func escapesExpanded(_ text: Text) throws(ShellError) -> Text {
        if !text.withBytes({ $0.contains(92) }) { return text }
        var source = ByteStack(capacity: text.count + 8)
        source.append("x=$'")
        text.withBytes { bytes in
            var index = 0
            while index < bytes.count {
                if bytes[index] == 39 { source.append(92) }
                source.append(bytes[index])
                if bytes[index] == 92 && index + 1 < bytes.count {
                    index += 1
                    source.append(bytes[index])
                }
                index += 1
            }
        }
        source.append("'\n")
        guard let (code, root) = parsed(source.text(from: 0)), code.nodes[root].kind == .assignment else { return text }
        return try expandToText(code, code.assignments[code.nodes[root].a].word)
    }

    /// One command that is parsed from `text`; nil when it is none.
    func parsed(_ text: Text) -> (Code, Int32)? {
        let code = Code(source: Source(name: name, origin: .eval, text: text))
        var parser = Parser(source: code.source, symbols: symbols, options: parserOptions)
        do throws(SyntaxError) {
            guard case .command(let root) = try parser.nextCommand(into: code) else { return nil }
            syncTables()
            return (code, root)
        } catch {
            syncTables()
            return nil
        }
    }

    // MARK: quoting

    /// In single quotes, or in `$'…'` when there are control characters: what `${x@Q}` is.
    public func quotedAlways(_ text: Text) -> Text {
        var result = ByteStack(capacity: text.count + 8)
        text.withBytes { bytes in
            if bytes.contains(where: { $0 < 32 || $0 == 127 }) {
                appendEscapes(bytes, &result)
            } else {
                result.append(39)
                for byte in bytes {
                    if byte == 39 { result.append("'\\''") } else { result.append(byte) }
                }
                result.append(39)
            }
        }
        return result.text(from: 0)
    }

    /// In double quotes, or in `$'…'` when there are control characters: as `declare -p` writes values.
    public func doubleQuoted(_ text: Text) -> Text {
        var result = ByteStack(capacity: text.count + 8)
        text.withBytes { bytes in
            if bytes.contains(where: { $0 < 32 || $0 == 127 }) {
                appendEscapes(bytes, &result)
                return
            }
            result.append(34)
            for byte in bytes {
                if byte == 34 || byte == 36 || byte == 92 || byte == 96 { result.append(92) }
                result.append(byte)
            }
            result.append(34)
        }
        return result.text(from: 0)
    }

    /// `$'…'`
    private func appendEscapes(_ bytes: UnsafeBufferPointer<UInt8>, _ result: inout ByteStack) {
        result.append("$'")
        for byte in bytes {
            switch byte {
            case 7: result.append("\\a")
            case 8: result.append("\\b")
            case 9: result.append("\\t")
            case 10: result.append("\\n")
            case 11: result.append("\\v")
            case 12: result.append("\\f")
            case 13: result.append("\\r")
            case 27: result.append("\\E")
            case 39: result.append("\\'")
            case 92: result.append("\\\\")
            case 0..<32, 127:
                // Three digits, so that a digit after it is no part of it.
                result.append(92)
                result.append(48 + byte >> 6)
                result.append(48 + byte >> 3 & 7)
                result.append(48 + byte & 7)
            default: result.append(byte)
            }
        }
        result.append(39)
    }

    // MARK: declarations

    /// The letters of the attributes of a variable, as `declare` has them.
    public func attributeLetters(_ symbol: Symbol) -> Text {
        let flags = variables[symbol].flags
        var letters: [UInt8] = []
        if flags.contains(.array) { letters.append(flags.contains(.associative) ? 65 : 97) }
        if flags.contains(.numeric) { letters.append(105) }
        if flags.contains(.reference) { letters.append(110) }
        if flags.contains(.readonly) { letters.append(114) }
        if flags.contains(.exported) { letters.append(120) }
        if flags.contains(.lowercase) { letters.append(108) }
        if flags.contains(.uppercase) { letters.append(117) }
        return Text(letters)
    }

    /// The elements as they are written: `([0]="a" [1]="b")`.
    public func listText(_ array: ArrayValue) -> Text {
        var result = ByteStack(capacity: 64)
        result.append(40)
        for (place, value) in array.values.enumerated() {
            if place > 0 && !array.isAssociative { result.append(32) }
            result.append(91)
            let key = array.subscriptText(place)
            result.append(isPlainKey(key) ? key : doubleQuoted(key))
            result.append("]=")
            result.append(doubleQuoted(value))
            if array.isAssociative { result.append(32) }
        }
        result.append(41)
        return result.text(from: 0)
    }

    private func isPlainKey(_ key: Text) -> Bool {
        key.withBytes { bytes in
            bytes.allSatisfy {
                $0 | 32 >= 97 && $0 | 32 <= 122 || $0 >= 48 && $0 <= 57
                    || [95, 45, 46, 47, 58, 44, 43, 37].contains($0)
            }
        }
    }

    /// `declare -a x=(…)`, `declare -- x="…"`: the command that declares a variable.
    public func declarationText(_ symbol: Symbol) -> Text {
        let letters = attributeLetters(symbol)
        var text = Text("declare -")
        text.append(letters.isEmpty ? Text("-") : letters)
        text.append(Text(" "))
        text.append(symbols.name(symbol))
        if let array = array(symbol) {
            if array.count == 0 && !variables[symbol].flags.contains(.dynamic) && isUnassigned(symbol) { return text }
            text.append(Text("="))
            text.append(listText(array))
        } else if variables[symbol].flags.contains(.reference) {
            text.append(Text("="))
            text.append(doubleQuoted(variables[symbol].text))
        } else if isSet(symbol) {
            text.append(Text("="))
            text.append(doubleQuoted(value(symbol)))
        }
        return text
    }

    /// An array that was declared, and never given elements.
    private func isUnassigned(_ symbol: Symbol) -> Bool { arrays[variables[symbol].integer]?.isDeclaredOnly ?? false }

    /// `${x@A}`
    private func assignmentText(_ symbol: Symbol) -> Text {
        if array(symbol) != nil { return declarationText(symbol) }
        var text = Text()
        let letters = attributeLetters(symbol)
        if !letters.isEmpty {
            text.append(Text("declare -"))
            text.append(letters)
            text.append(Text(" "))
        }
        text.append(symbols.name(symbol))
        text.append(Text("="))
        text.append(quotedAlways(value(symbol)))
        return text
    }
}
