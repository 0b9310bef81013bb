// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Where a word is written decides what must be quoted in it.
enum UnparsePlace {
    case field
    case assignment
    /// Between braces, not in quotes: blanks and operators are text, `}` is not.
    case operand
    /// Between braces in quotes: everything is quoted already.
    case quotedOperand
    /// The operand of `#` or `%`; in quotes or not makes no difference.
    case patternOperand
    /// The pattern of `${x/p/w}`: `/` ends it too.
    case replacedOperand
    /// Between `$((` and `))`: `"` is dropped there.
    case arithmetic
}

extension Unparser {
    mutating func word(_ index: Int32, _ place: UnparsePlace) {
        let w = code.words[index]
        switch w.form {
        case .constant: constant(w, place)
        case .variable: parameter(name: symbols.name(w.a))
        case .quotedVariable: inQuotes(place) { $0.parameter(name: $0.symbols.name(w.a)) }
        case .positional: positional(w.a)
        case .quotedPositional: inQuotes(place) { $0.positional(w.a) }
        case .allParameters: inQuotes(place) { $0.out.append("$@") }
        case .glob: pattern(code.constants[w.b], w.flags, place)
        case .pattern: pattern(code.constants[w.a], w.flags, place)
        case .general: parts(w, place)
        case .arrayElement: word(w.a, place)
        case .list:
            if w.b >= 0 { out.append(code.constants[w.b]) }
            list(w)
        case .braces:
            if w.b >= 0 {
                let source = code.constants[w.b]
                out.append(source)
                // At the end of the input a backslash stands for itself; more text follows it now.
                let backslashes = source.withBytes { $0.reversed().prefix { $0 == Byte.backslash }.count }
                if backslashes % 2 == 1 { out.append(Byte.backslash) }
            } else {
                for offset in 0..<w.count {
                    if offset > 0 { out.append(Byte.space) }
                    word(w.a + offset, place)
                }
            }
        }
    }

    /// The expression of a word that is only arithmetic, or nothing for -1.
    mutating func arithmetic(_ index: Int32) {
        if index >= 0 { word(code.parts[code.words[index].a].b, .arithmetic) }
    }

    /// Writes something that is quoted: with quotes around, unless the place is quoted itself.
    private mutating func inQuotes(_ place: UnparsePlace, _ body: (inout Unparser) -> Void) {
        let isInside = place == .quotedOperand || place == .arithmetic
        if !isInside { out.append(Byte.doubleQuote) }
        body(&self)
        if !isInside { out.append(Byte.doubleQuote) }
    }

    // MARK: Constants

    private mutating func constant(_ w: Word, _ place: UnparsePlace) {
        let text = code.constants[w.a]
        if place == .quotedOperand || place == .arithmetic {
            if text.isEmpty && w.flags.contains(.hasQuotes) && place == .quotedOperand {
                out.append("\"\"")
            } else {
                quotedText(text, place)
            }
            return
        }
        if !w.flags.contains(.hasQuotes) {
            // Unquoted text stands as it was.
            out.append(text)
            return
        }
        if w.flags.contains(.isAssignmentLike) {
            var end = 0
            while text[end] != Byte.equal { end += 1 }
            out.append(text.slice(0..<end + 1))
            singleQuoted(text.slice(end + 1..<text.count))
            return
        }
        singleQuoted(text)
    }

    /// `'text'`; each `'` in it becomes `'\''`.
    mutating func singleQuoted(_ text: Text) {
        out.append(Byte.singleQuote)
        text.withBytes {
            for byte in $0 {
                if byte == Byte.singleQuote { out.append("'\\'") }
                out.append(byte)
            }
        }
        out.append(Byte.singleQuote)
    }

    /// Text inside double quotes.
    private mutating func quotedText(_ text: Text, _ place: UnparsePlace) {
        text.withBytes {
            for byte in $0 {
                switch byte {
                case Byte.dollar, Byte.backquote, Byte.backslash, Byte.doubleQuote: out.append(Byte.backslash)
                case Byte.closeBrace where place == .quotedOperand: out.append(Byte.backslash)
                default: break
                }
                out.append(byte)
            }
        }
    }

    /// Pattern text: a backslash is before each byte that was quoted and could be special in a pattern; what is special elsewhere was quoted.
    private mutating func pattern(_ text: Text, _ flags: WordFlags, _ place: UnparsePlace) {
        let start = out.count
        let hasQuotes = patternText(text, place, escapesBraces: flags.contains(.hasQuotes))
        if flags.contains(.hasQuotes) && (!hasQuotes || !flags.contains(.isAssignmentLike) && looksLikeAssignment(text))
        {
            // What was quoted needs no quotes now, but the word had some.
            out.pop(to: start)
            out.append("\"\"")
            _ = patternText(text, place, escapesBraces: true)
        }
    }

    private func looksLikeAssignment(_ text: Text) -> Bool {
        text.withBytes { bytes in
            let name = bytes.prefix { ByteClass.table[Int($0)] & ByteClass.name != 0 }
            return name.count > 0 && name.count < bytes.count && bytes[name.count] == Byte.equal
        }
    }

    /// Appends the pattern; true when it needed quotes.
    private mutating func patternText(_ text: Text, _ place: UnparsePlace, escapesBraces: Bool) -> Bool {
        let previous = out.isEmpty ? 0 : out[out.count - 1]
        let isOperand = place == .patternOperand || place == .replacedOperand
        var hasQuotes = false
        text.withBytes { bytes in
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                if byte == Byte.backslash && index + 1 < bytes.count {
                    out.append(byte)
                    out.append(bytes[index + 1])
                    hasQuotes = true
                    index += 2
                    continue
                }
                let isFirst = index == 0
                let isSpecial: Bool
                switch byte {
                case Byte.dollar, Byte.backquote, Byte.singleQuote, Byte.doubleQuote, Byte.backslash: isSpecial = true
                case Byte.tilde: isSpecial = isFirst
                case Byte.hash:
                    isSpecial =
                        isFirst && (!isOperand || previous == Byte.hash || previous == Byte.slash)
                case Byte.percent:
                    isSpecial = isFirst && isOperand && (previous == Byte.percent || previous == Byte.slash)
                case Byte.closeBrace: isSpecial = isOperand
                case Byte.openBrace: isSpecial = escapesBraces && !isOperand
                case Byte.slash: isSpecial = place == .replacedOperand
                default:
                    isSpecial = !isOperand && ByteClass.table[Int(byte)] & ByteClass.delimiter != 0
                }
                if byte == Byte.newline && isSpecial {
                    out.append("'\n'")
                    hasQuotes = true
                } else {
                    if isSpecial {
                        out.append(Byte.backslash)
                        hasQuotes = true
                    }
                    out.append(byte)
                }
                index += 1
            }
        }
        return hasQuotes
    }

    // MARK: Parts

    mutating func parts(_ w: Word, _ place: UnparsePlace) {
        let isInside = place == .quotedOperand || place == .arithmetic
        var isOpen = false
        for index in w.a..<w.a + w.count {
            let part = code.parts[index]
            if part.kind == .literal && part.isQuoted && code.constants[part.a].isEmpty {
                if isOpen { out.append(Byte.doubleQuote) }
                isOpen = false
                out.append("\"\"")
                continue
            }
            let wantsQuotes = part.isQuoted && part.kind != .tilde && part.kind != .processSubstitution && !isInside
            if wantsQuotes != isOpen { out.append(Byte.doubleQuote) }
            isOpen = wantsQuotes
            self.part(part, before: index + 1 < w.a + w.count ? index + 1 : -1, place)
        }
        if isOpen { out.append(Byte.doubleQuote) }
    }

    /// One part, without quotes around it. `next` is the part after it, or -1.
    private mutating func part(_ part: Part, before next: Int32, _ place: UnparsePlace) {
        switch part.kind {
        case .literal:
            let text = code.constants[part.a]
            if part.isQuoted {
                quotedText(text, place)
            } else {
                out.append(text)
                // `$$(a)` would be something else.
                endsInDollar = text.count > 0 && text[text.count - 1] == Byte.dollar
            }
        case .tilde:
            out.append(Byte.tilde)
            out.append(code.constants[part.a])
        case .parameter:
            if part.op == .none {
                parameter(name: symbols.name(part.a), isQuoted: part.isQuoted, before: next)
            } else {
                braces(part) { $0.out.append($0.symbols.name(part.a)) }
            }
        case .positional:
            if part.op == .none {
                positional(part.a)
            } else {
                braces(part) { $0.out.append(decimal: Int(part.a)) }
            }
        case .special:
            if part.op == .none {
                out.append(Byte.dollar)
                out.append(UInt8(truncatingIfNeeded: part.a))
            } else {
                braces(part) { $0.out.append(UInt8(truncatingIfNeeded: part.a)) }
            }
        case .commandSubstitution:
            if endsInDollar { backquoted(part.a) } else { commandSubstitution(part.a) }
            endsInDollar = false
        case .arithmetic:
            out.append("$((")
            word(part.b, .arithmetic)
            out.append("))")
        case .badSubstitution: out.append(code.constants[part.a])
        case .indirectParameter:
            braces(part) {
                $0.out.append(Byte.bang)
                $0.out.append($0.symbols.name(part.a))
            }
        case .processSubstitution: commandSubstitution(part.a, part.b == 0 ? "<(" : ">(")
        case .element:
            braces(part) {
                if part.op == .keys || part.flags.contains(.isIndirect) { $0.out.append(Byte.bang) }
                $0.out.append($0.symbols.name($0.code.ints[part.a]))
                $0.elementSubscript(part.a)
            }
        }
    }

    /// `$name`, in braces when the literal after it would continue the name.
    private mutating func parameter(name: Text, isQuoted: Bool = false, before next: Int32 = -1) {
        var needsBraces = false
        if next >= 0 {
            let part = code.parts[next]
            if part.kind == .literal && part.isQuoted == isQuoted {
                let text = code.constants[part.a]
                needsBraces = text.count > 0 && ByteClass.table[Int(text[0])] & ByteClass.name != 0
            }
        }
        out.append(needsBraces ? "${" : "$")
        out.append(name)
        if needsBraces { out.append(Byte.closeBrace) }
    }

    private mutating func positional(_ number: Int32) {
        out.append(number > 9 ? "${" : "$")
        out.append(decimal: Int(number))
        if number > 9 { out.append(Byte.closeBrace) }
    }

    private mutating func braces(_ part: Part, _ name: (inout Unparser) -> Void) {
        out.append("${")
        if part.op == .length { out.append(Byte.hash) }
        name(&self)
        if part.flags.contains(.colon) { out.append(Byte.colon) }
        var place = part.isQuoted ? UnparsePlace.quotedOperand : .operand
        switch part.op {
        case .useDefault: out.append("-")
        case .assignDefault: out.append("=")
        case .indicateError: out.append("?")
        case .useAlternative: out.append("+")
        case .removeSmallestPrefix: out.append("#")
        case .removeLargestPrefix: out.append("##")
        case .removeSmallestSuffix: out.append("%")
        case .removeLargestSuffix: out.append("%%")
        case .replaceFirst: out.append("/")
        case .replaceAll: out.append("//")
        case .replacePrefix: out.append("/#")
        case .replaceSuffix: out.append("/%")
        case .upper: out.append("^")
        case .upperAll: out.append("^^")
        case .lower: out.append(",")
        case .lowerAll: out.append(",,")
        case .names: out.append(UInt8(truncatingIfNeeded: part.c))
        case .substring:
            out.append(Byte.colon)
            arithmetic(part.b)
            if part.c >= 0 { out.append(Byte.colon) }
            arithmetic(part.c)
        case .transform:
            out.append(Byte.at)
            out.append(UInt8(truncatingIfNeeded: part.c))
        case .none, .length, .keys: break
        }
        if part.op == .substring || part.op == .names || part.op == .transform {
            out.append(Byte.closeBrace)
            return
        }
        switch part.op {
        case .removeSmallestPrefix, .removeSmallestSuffix: place = .patternOperand
        case .removeLargestPrefix, .removeLargestSuffix: place = .patternOperand
        case .upper, .upperAll, .lower, .lowerAll: place = .patternOperand
        case .replaceFirst, .replaceAll, .replacePrefix, .replaceSuffix: place = .replacedOperand
        default: break
        }
        if part.b >= 0 { word(part.b, place) }
        if part.c >= 0 {
            out.append(Byte.slash)
            word(part.c, .operand)
        }
        out.append(Byte.closeBrace)
    }

    // MARK: Here-documents

    /// The lines of a here-document, without its delimiter.
    mutating func hereDocument(_ redirection: Redirection, _ delimiter: Text) {
        let w = code.words[redirection.word]
        if redirection.isQuoted {
            out.append(code.constants[w.a])
            return
        }
        var isAtLineStart = true
        switch w.form {
        case .general:
            for index in w.a..<w.a + w.count {
                let part = code.parts[index]
                if part.kind == .literal {
                    hereDocumentText(code.constants[part.a], redirection, delimiter, &isAtLineStart)
                } else {
                    self.part(part, before: index + 1 < w.a + w.count ? index + 1 : -1, .field)
                    isAtLineStart = false
                }
            }
        case .constant: hereDocumentText(code.constants[w.a], redirection, delimiter, &isAtLineStart)
        default:
            inQuotes(.quotedOperand) { $0.word(redirection.word, .quotedOperand) }
            isAtLineStart = false
        }
        if !isAtLineStart { out.append(Byte.newline) }
    }

    private mutating func hereDocumentText(
        _ text: Text, _ redirection: Redirection, _ delimiter: Text, _ isAtLineStart: inout Bool
    ) {
        text.withBytes { bytes in
            for index in 0..<bytes.count {
                let byte = bytes[index]
                if isAtLineStart {
                    // A line that looks like the delimiter, or starts with a tab where tabs are stripped, came from a line continuation.
                    let rest = UnsafeBufferPointer(rebasing: bytes[index...])
                    let looksLikeEnd = delimiter.withBytes { rest.starts(with: $0) }
                    if looksLikeEnd && (delimiter.count > 0 || byte == Byte.newline)
                        || (byte == Byte.tab && redirection.op == .hereDocumentStrip)
                    {
                        out.append("\\\n")
                    }
                }
                if byte == Byte.dollar || byte == Byte.backquote || byte == Byte.backslash {
                    out.append(Byte.backslash)
                }
                out.append(byte)
                isAtLineStart = byte == Byte.newline
            }
        }
    }
}
