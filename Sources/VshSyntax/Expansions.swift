// SPDX-License-Identifier: MPL-2.0
import VshBase

extension Parser {
    /// The expansion at the cursor, which is on `$`; a `$` that starts none is text. `isText` is set in here-documents and arithmetic,
    /// where quotes are not special.
    @inline(__always)
    mutating func dollar(_ code: Code, isQuoted: Bool, isText: Bool) throws(Stop) {
        let next = base[pos &+ 1]
        if classOf(next) & (ByteClass.name | ByteClass.digit) == ByteClass.name {
            var p = pos &+ 2
            while classOf(base[p]) & ByteClass.name != 0 { p &+= 1 }
            if base[p] != Byte.backslash {
                let symbol = symbols.intern(
                    bytes(pos &+ 1, p))
                parts.append(Part(.parameter, isQuoted: isQuoted, a: symbol))
                note(.parameter, pos)
                pos = p
                note(wordKind, pos)
                return
            }
        }
        try dollarSlowly(code, isQuoted: isQuoted, isText: isText)
    }

    @inline(never)
    private mutating func dollarSlowly(_ code: Code, isQuoted: Bool, isText: Bool) throws(Stop) {
        let start = pos
        let position = place(start)
        pos &+= 1
        let byte = current()
        let kind = classOf(byte)
        if kind & ByteClass.digit != 0 {
            note(.parameter, start)
            pos &+= 1
            note(wordKind, pos)
            if byte == Byte.zero {
                parts.append(Part(.special, isQuoted: isQuoted, a: Int32(byte)))
            } else {
                parts.append(Part(.positional, isQuoted: isQuoted, a: Int32(byte &- Byte.zero)))
            }
            return
        }
        if kind & ByteClass.name != 0 {
            note(.parameter, start)
            let symbol = name()
            note(wordKind, pos)
            parts.append(Part(.parameter, isQuoted: isQuoted, a: symbol))
            return
        }
        if isSpecialParameter(byte) {
            note(.parameter, start)
            pos &+= 1
            note(wordKind, pos)
            parts.append(Part(.special, isQuoted: isQuoted, a: Int32(byte)))
            return
        }
        switch byte {
        case Byte.openBrace:
            let outerKind = wordKind
            wordKind = .parameter
            note(.parameter, start)
            try braces(code, start, position, isQuoted: isQuoted)
            wordKind = outerKind
            note(outerKind, pos)
        case Byte.openParen:
            let outerKind = wordKind
            try parenthesised(code, start, position, isQuoted: isQuoted)
            wordKind = outerKind
            note(outerKind, pos)
        case Byte.singleQuote where !isQuoted && !isText:
            try dollarSingleQuotes(start)
        case Byte.doubleQuote where !isQuoted && !isText && !options.isPosix:
            // A string to be translated: there are no translations.
            try doubleQuotes(code)
        case Byte.openBracket where !options.isPosix:
            try bracketArithmetic(code, start, position, isQuoted: isQuoted)
        default:
            openLiteral(isQuoted: isQuoted)
            text.append(Byte.dollar)
            parts.last.b &+= 1
        }
    }

    @inline(__always)
    func isSpecialParameter(_ byte: UInt8) -> Bool {
        switch byte {
        case Byte.at, Byte.star, Byte.hash, Byte.question, Byte.minus, Byte.dollar, Byte.bang: true
        default: false
        }
    }

    /// The symbol of the name at the cursor, which may be broken by line continuations.
    mutating func name() -> Symbol {
        let start = pos
        while classOf(base[pos]) & ByteClass.name != 0 { pos &+= 1 }
        if base[pos] != Byte.backslash || classOf(current()) & ByteClass.name == 0 {
            var nameEnd = pos
            while nameEnd > start && classOf(base[nameEnd &- 1]) & ByteClass.name == 0 { nameEnd &-= 1 }
            return symbols.intern(bytes(start, nameEnd))
        }
        let mark = text.count
        let afterBreak = pos
        pos = start
        while classOf(base[pos]) & ByteClass.name != 0 {
            text.append(base[pos])
            pos &+= 1
        }
        pos = afterBreak
        while classOf(current()) & ByteClass.name != 0 {
            text.append(base[pos])
            pos &+= 1
        }
        let symbol = text.withBytes(from: mark) { symbols.intern($0) }
        text.pop(to: mark)
        return symbol
    }

    // MARK: ${…}

    /// `${…}` (XCU 2.6.2); the cursor is on the brace.
    private mutating func braces(_ code: Code, _ start: Int, _ position: Int32, isQuoted: Bool) throws(Stop) {
        pos &+= 1
        var part = Part(.parameter, isQuoted: isQuoted, flags: .hasBraces, a: 0)
        var byte = current()
        if byte == Byte.hash, isLength() {
            part.op = .length
            pos &+= 1
            byte = current()
        }
        if byte == Byte.bang && !options.isPosix && part.op == .none, try indirection(code, &part) {
            byte = current()
            if part.op == .names || part.op == .keys || byte == Byte.closeBrace {
                pos &+= 1
                parts.append(part)
                return
            }
            return try parameterOperator(code, start, position, part)
        }
        let kind = classOf(byte)
        if kind & ByteClass.digit != 0 {
            var number = 0
            repeat {
                number = min(number &* 10 &+ Int(byte &- Byte.zero), Int(Int32.max))
                pos &+= 1
                byte = current()
            } while classOf(byte) & ByteClass.digit != 0
            part.kind = number == 0 ? .special : .positional
            part.a = number == 0 ? Int32(Byte.zero) : Int32(number)
        } else if kind & ByteClass.name != 0 {
            part.a = name()
            if base[pos] == Byte.openBracket && !options.isPosix, try !element(code, &part) {
                return try badSubstitution(code, start, position, isQuoted: isQuoted)
            }
        } else if isSpecialParameter(byte) {
            pos &+= 1
            part.kind = .special
            part.a = Int32(byte)
        } else {
            return try badSubstitution(code, start, position, isQuoted: isQuoted)
        }
        byte = current()
        if byte == Byte.closeBrace {
            pos &+= 1
            parts.append(part)
            return
        }
        if part.op == .length { return try badSubstitution(code, start, position, isQuoted: isQuoted) }
        try parameterOperator(code, start, position, part)
    }

    /// The operator after the parameter of `${…}`, and its operand, up to the brace.
    private mutating func parameterOperator(
        _ code: Code, _ start: Int, _ position: Int32, _ parameter: Part
    ) throws(Stop) {
        var part = parameter
        let isQuoted = part.isQuoted
        var byte = current()
        var isPattern = false
        if byte == Byte.colon {
            part.flags.insert(.colon)
            pos &+= 1
            byte = current()
        }
        switch byte {
        case Byte.minus: part.op = .useDefault
        case Byte.equal:
            part.op = .assignDefault
            build.flags.insert(.hasSideEffects)
        case Byte.question: part.op = .indicateError
        case Byte.plus: part.op = .useAlternative
        case Byte.hash where !part.flags.contains(.colon):
            part.op = .removeSmallestPrefix
            isPattern = true
        case Byte.percent where !part.flags.contains(.colon):
            part.op = .removeSmallestSuffix
            isPattern = true
        case Byte.slash where !part.flags.contains(.colon):
            try replacement(code, start, &part)
            return parts.append(part)
        case Byte.caret where !part.flags.contains(.colon) && !options.isPosix,
            Byte.comma where !part.flags.contains(.colon) && !options.isPosix:
            part.op = byte == Byte.caret ? .upper : .lower
            isPattern = true
        case Byte.at where !part.flags.contains(.colon) && !options.isPosix && transformation(&part):
            return parts.append(part)
        case _ where part.flags.contains(.colon) && !options.isPosix && byte != 0 && byte != Byte.closeBrace:
            part.flags.remove(.colon)
            try substring(code, start, &part)
            return parts.append(part)
        default: return try badSubstitution(code, start, position, isQuoted: isQuoted)
        }
        pos &+= 1
        if isPattern, current() == byte {
            pos &+= 1
            switch part.op {
            case .upper: part.op = .upperAll
            case .lower: part.op = .lowerAll
            default: part.op = byte == Byte.hash ? .removeLargestPrefix : .removeLargestSuffix
            }
        }
        let context: WordContext = isPattern ? [.pattern, .operand] : [.operand, .keepsQuoting]
        part.b = try operand(code, start, isQuoted: isQuoted, context)
        pos &+= 1
        parts.append(part)
    }

    /// `/pattern/word}`, where the second slash and what follows it may be missing; the cursor is on the first. Two slashes mean all places,
    /// `/#` the start and `/%` the end.
    private mutating func replacement(_ code: Code, _ start: Int, _ part: inout Part) throws(Stop) {
        pos &+= 1
        switch current() {
        case Byte.slash: part.op = .replaceAll
        case Byte.hash: part.op = .replacePrefix
        case Byte.percent: part.op = .replaceSuffix
        default: part.op = .replaceFirst
        }
        if part.op != .replaceFirst { pos &+= 1 }
        var context: WordContext = [.pattern, .operand, .endsAtSlash]
        if part.op == .replaceAll && current() == Byte.slash { context.insert(.startsWithSlash) }
        part.b = try operand(code, start, isQuoted: part.isQuoted, context)
        if base[pos] == Byte.slash {
            pos &+= 1
            part.c = try operand(code, start, isQuoted: part.isQuoted, [.operand, .replacement])
        }
        pos &+= 1
    }

    /// Text in braces that is no parameter expansion; the cursor is where it goes wrong. Other shells find that out only when they expand it, so
    /// that a script may hold what it never uses.
    @inline(never)
    private mutating func badSubstitution(
        _ code: Code, _ start: Int, _ position: Int32, isQuoted: Bool
    ) throws(Stop) {
        let startSerial = serial
        try enter(start)
        let outer = beginWord()
        if isQuoted { try quotedOperand(code) } else { try unquotedText(code, .operand) }
        endWord(outer)
        depth &-= 1
        if base[pos] != Byte.closeBrace { throw unterminated("${", at: position) }
        pos &+= 1
        let constant = Int32(truncatingIfNeeded: code.constants.count)
        code.constants.append(serial == startSerial ? Text(bytes(start, pos)) : Text("${…}"))
        parts.append(Part(.badSubstitution, isQuoted: isQuoted, a: constant))
    }

    /// Whether the `#` at the cursor, after `${`, asks for a length, and is not itself the parameter.
    private mutating func isLength() -> Bool {
        let mark = pos
        defer { pos = mark }
        pos &+= 1
        let byte = current()
        if classOf(byte) & ByteClass.name != 0 { return true }
        if !isSpecialParameter(byte) { return false }
        pos &+= 1
        // `${#?}` is the length of `$?`, `${#?x}` is `$#` with an operand.
        return current() == Byte.closeBrace
    }

    /// The word after an operator, up to the closing brace or the slash that ends it: its index in `Code.words`.
    private mutating func operand(
        _ code: Code, _ start: Int, isQuoted: Bool, _ context: WordContext
    ) throws(Stop) -> Int32 {
        let fixedStart = place(start)
        try enter(start)
        let isAssignment = build.isAssignment
        let outer = beginWord()
        build.isAssignment = isAssignment
        if context.contains(.startsWithSlash) {
            literal(byte: Byte.slash, isQuoted: false)
            pos &+= 1
        }
        if isQuoted && context.contains(.keepsQuoting) {
            try quotedOperand(code)
        } else {
            try unquotedText(code, context)
        }
        if base[pos] != Byte.closeBrace && base[pos] != Byte.slash { throw unterminated("${", at: fixedStart) }
        let word = makeWord(code, context)
        endWord(outer)
        depth &-= 1
        code.words.append(word)
        return Int32(truncatingIfNeeded: code.words.count &- 1)
    }
}
