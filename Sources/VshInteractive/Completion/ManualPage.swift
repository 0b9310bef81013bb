// SPDX-License-Identifier: MPL-2.0

/// Finds options and what they do in the source of a manual page: man(7) with `.TP` or `.IP`, mdoc(7) with `.It Fl`, and what
/// DocBook and AsciiDoc make (`.PP`, the options, `.RS`).
enum ManualPage {
    static func options(_ source: [UInt8]) -> [SpecOption] {
        let lines = source.split(separator: 10, omittingEmptySubsequences: false).map { Array($0) }
        let isMdoc = lines.prefix(80).contains {
            $0.starts(with: Array(".Dd".utf8)) || $0.starts(with: Array(".Sh ".utf8))
        }
        return isMdoc ? mdoc(lines) : man(lines)
    }

    // MARK: man(7)

    private static func man(_ lines: [[UInt8]]) -> [SpecOption] {
        var found: [SpecOption] = []
        var index = 0
        func macro(_ place: Int, _ name: String) -> Bool {
            place < lines.count && lines[place].starts(with: Array(".\(name)".utf8))
                && (lines[place].count == name.utf8.count + 1 || lines[place][name.utf8.count + 1] == 32)
        }
        while index < lines.count {
            var header: [UInt8]?
            var start = index + 1
            if macro(index, "TP") {
                var place = index + 1
                while place < lines.count, lines[place].isEmpty || isIgnored(lines[place]) { place += 1 }
                if place < lines.count { header = lines[place] }
                start = place + 1
            } else if macro(index, "IP") {
                header = firstArgument(lines[index])
            } else if macro(index, "PP") || macro(index, "sp") || macro(index, "HP") || macro(index, "Pp") {
                // Headers in a paragraph of their own, the text indented after it.
                var place = index + 1
                var text: [UInt8] = []
                while place < lines.count, !lines[place].isEmpty,
                    lines[place].first != 46 || macro(place, "B") || macro(place, "BR")
                {
                    text += (text.isEmpty ? [] : [44, 32]) + lines[place]
                    place += 1
                }
                if !text.isEmpty, macro(place, "RS") || macro(place, "IP") && macro(index, "HP") {
                    header = text
                    start = place + 1
                }
            }
            guard let header else {
                index += 1
                continue
            }
            let names = optionNames(plain(header))
            if !names.names.isEmpty {
                var option = SpecOption(names: names.names)
                option.description = sentence(lines, from: start)
                if names.takesArgument {
                    option.argument = .file
                    option.isArgumentOptional = names.isOptional
                }
                found.append(option)
            }
            index = max(start, index + 1)
        }
        return found
    }

    private static func isIgnored(_ line: [UInt8]) -> Bool {
        line.starts(with: Array(".PD".utf8)) || line.starts(with: Array(".\\\"".utf8))
            || line.starts(with: Array("'\\\"".utf8))
            || line.starts(with: Array(".ie".utf8)) || line.starts(with: Array(".el".utf8))
    }

    /// The first argument of a macro line, quotes taken off.
    private static func firstArgument(_ line: [UInt8]) -> [UInt8] {
        var rest = line.drop { $0 != 32 }.drop { $0 == 32 }
        if rest.first == 34 {
            rest = rest.dropFirst()
            return Array(rest.prefix { $0 != 34 })
        }
        return Array(rest.prefix { $0 != 32 })
    }

    // MARK: mdoc(7)

    private static func mdoc(_ lines: [[UInt8]]) -> [SpecOption] {
        var found: [SpecOption] = []
        let item = Array(".It Fl".utf8)
        for index in lines.indices where lines[index].starts(with: item) {
            var option = SpecOption(names: [])
            var isFlag = false
            for word in lines[index].dropFirst(4).split(separator: 32) {
                switch String(decoding: word, as: UTF8.self) {
                case "Fl":
                    isFlag = true
                case "Ar", "Cm": if !option.names.isEmpty { option.argument = .file }
                case ",", "|", "Ns", "No", "Xo", "Xc", "Oo", "Oc", "=": isFlag = false
                default:
                    if isFlag {
                        let name = word.prefix { isNameByte($0) }
                        if !name.isEmpty { option.names.append([45] + (name.first == 45 ? Array(name) : Array(name))) }
                    }
                    isFlag = false
                }
            }
            if option.names.isEmpty { continue }
            option.description = sentence(lines, from: index + 1)
            found.append(option)
        }
        return found
    }

    // MARK: text

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte >= 48 && byte <= 57 || byte | 32 >= 97 && byte | 32 <= 122 || byte == 45 || byte == 95
    }

    /// The names in a header such as `-f, --file=FILE`.
    private static func optionNames(_ text: [UInt8]) -> (names: [[UInt8]], takesArgument: Bool, isOptional: Bool) {
        var names: [[UInt8]] = []
        var (takesArgument, isOptional) = (false, false)
        var index = 0
        guard text.first == 45 else { return ([], false, false) }
        while index < text.count {
            let isStart = index == 0 || [32, 44, 47, 124, 91].contains(text[index - 1])
            guard text[index] == 45, isStart else {
                index += 1
                continue
            }
            var end = index
            while end < text.count,
                isNameByte(text[end]) || text[end] == 35 || text[end] == 43 && end == index + 1
                    || text[end] == 63 && end == index + 1
            { end += 1 }
            let name = Array(text[index..<end])
            if name.count > 1, name != [45, 45], !names.contains(name), name.count < 50 { names.append(name) }
            if end < text.count {
                if text[end] == 61 { takesArgument = true }
                if text[end] == 91 {
                    takesArgument = true
                    isOptional = true
                }
                if text[end] == 32, end + 1 < text.count, text[end + 1] != 45, text[end + 1] != 44,
                    text[end + 1] != 124, text[end + 1] != 40
                {
                    takesArgument = true
                    if text[end + 1] == 91 { isOptional = true }
                }
            }
            index = max(end, index + 1)
            // Behind a name other names follow only after a comma, a bar or an argument.
            if names.count > 6 { break }
        }
        return (names, takesArgument, isOptional)
    }

    /// The first sentence of the text from a line on, up to 100 bytes.
    private static func sentence(_ lines: [[UInt8]], from start: Int) -> [UInt8] {
        var text: [UInt8] = []
        var index = start
        while index < lines.count, text.count < 240 {
            let line = lines[index]
            index += 1
            if line.first == 46 || line.first == 39 {
                let name = line.dropFirst().prefix { $0 != 32 }
                switch String(decoding: name, as: UTF8.self) {
                case "TP", "SH", "SS", "RE", "Sh", "It", "El", "Ss": index = lines.count
                case "IP", "PP", "P", "sp", "Pp", "LP", "HP", "nf", "Bl", "Bd", "EX":
                    if !text.isEmpty { index = lines.count }
                case "B", "I", "BR", "RB", "IR", "RI", "BI", "IB", "SM", "Ar", "Fl", "Pa", "Ev", "Em", "Sy", "Cm", "Li",
                    "Ql",
                    "Dq", "Sq", "Xr", "Nm", "Ic", "Va", "Dv", "Pq", "Qq":
                    let joins = name.count == 2 && name.allSatisfy { $0 >= 65 && $0 <= 90 }
                    let parts = macroArguments(line).map { plain($0) }
                    text += (text.isEmpty ? [] : [32]) + (name.elementsEqual("Fl".utf8) ? [45] : [])
                    text += joins ? Array(parts.joined()) : Array(parts.joined(separator: [32]))
                default: continue
                }
                continue
            }
            let part = plain(line)
            if part.isEmpty {
                if !text.isEmpty { break }
                continue
            }
            text += (text.isEmpty ? [] : [32]) + part
            if endOfSentence(text) != nil { break }
        }
        text = plain(text)
        while text.first == 32 { text.removeFirst() }
        if let end = endOfSentence(text) { text = Array(text[..<end]) }
        if text.count > 100 {
            let cut = text[..<97].lastIndex(of: 32) ?? 97
            text = Array(text[..<cut]) + Array("…".utf8)
        }
        while text.last == 32 || text.last == 46 || text.last == 58 { text.removeLast() }
        return WordQuoting.display(text)
    }

    private static func endOfSentence(_ text: [UInt8]) -> Int? {
        for index in text.indices where text[index] == 46 {
            if index + 1 == text.count || text[index + 1] == 32 {
                // `e.g.`, `i.e.` and `etc.`
                if index >= 2, text[index - 2] == 46 || text[index - 2] == 32 { continue }
                return index
            }
        }
        return nil
    }

    /// The arguments of a macro call, without the quotes around them; escapes stay.
    private static func macroArguments(_ line: [UInt8]) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var part: [UInt8] = []
        var isQuoted = false
        for byte in line.drop(while: { $0 != 32 }).dropFirst() {
            if byte == 34 {
                isQuoted.toggle()
            } else if byte == 32, !isQuoted {
                if !part.isEmpty { parts.append(part) }
                part = []
            } else {
                part.append(byte)
            }
        }
        if !part.isEmpty { parts.append(part) }
        return parts
    }

    /// Text without macros and escapes of roff.
    private static func plain(_ line: [UInt8]) -> [UInt8] {
        var source = line
        if source.first == 46 { source = Array(macroTail(source)) }
        var text: [UInt8] = []
        var index = 0
        while index < source.count {
            let byte = source[index]
            index += 1
            guard byte == 92, index < source.count else {
                if byte != 34 || text.isEmpty == false { text.append(byte) }
                continue
            }
            let kind = source[index]
            index += 1
            switch kind {
            case 102:  // \fB, \f(CW, \f[B]
                guard index < source.count else { break }
                if source[index] == 40 {
                    index += 3
                } else if source[index] == 91 {
                    index = (source[index...].firstIndex(of: 93) ?? source.count - 1) + 1
                } else {
                    index += 1
                }
            case 45: text.append(45)
            case 38, 47, 44, 124, 94, 37, 99, 58: break
            case 101, 92: text.append(92)
            case 32, 126, 48: text.append(32)
            case 40:  // \(xx
                let name = index + 1 < source.count ? Array(source[index...(index + 1)]) : []
                index += 2
                text += special(name)
            case 91:
                let end = source[index...].firstIndex(of: 93) ?? source.count
                text += special(Array(source[index..<end]))
                index = min(end + 1, source.count)
            case 42:  // \*(xx, \*x
                guard index < source.count else { break }
                index += source[index] == 40 ? 3 : 1
            case 115:  // \s-1, \s0
                while index < source.count,
                    source[index] == 45 || source[index] == 43 || source[index] >= 48 && source[index] <= 57
                { index += 1 }
            case 109:  // \m[blue]
                if index < source.count, source[index] == 91 {
                    index = (source[index...].firstIndex(of: 93) ?? source.count - 1) + 1
                }
            case 34: index = source.count
            default: text.append(kind)
            }
        }
        return text
    }

    /// The arguments of a font macro, joined as it joins them.
    private static func macroTail(_ line: [UInt8]) -> [UInt8] {
        let name = line.dropFirst().prefix { $0 != 32 }
        let parts = macroArguments(line)
        let joins = name.count == 2 && name.allSatisfy { $0 >= 65 && $0 <= 90 }
        return joins ? Array(parts.joined()) : Array(parts.joined(separator: [32]))
    }

    private static func special(_ name: [UInt8]) -> [UInt8] {
        switch String(decoding: name, as: UTF8.self) {
        case "aq", "cq", "oq": [39]
        case "lq", "rq", "dq": [34]
        case "hy", "mi", "en": [45]
        case "em": Array("--".utf8)
        case "bu": [42]
        case "co": Array("(C)".utf8)
        case "lB", "lb": [91]
        case "rB", "rb": [93]
        case "ti": [126]
        case "ha": [94]
        case "rs": [92]
        default: []
        }
    }
}
