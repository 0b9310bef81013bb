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
            part.c = try operand(code, start, isQuoted: part.isQuoted, .operand)
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

    // MARK: $(…)

    /// `$(…)` or `$((…))`; the cursor is on the parenthesis.
    private mutating func parenthesised(
        _ code: Code, _ start: Int, _ position: Int32, isQuoted: Bool
    ) throws(Stop) {
        let next = following()
        if next.byte == Byte.openParen,
            try arithmeticExpansion(code, start, next.offset, position, isQuoted: isQuoted)
        {
            return
        }
        try commandSubstitution(code, start, position, isQuoted: isQuoted)
    }

    mutating func commandSubstitution(
        _ code: Code, _ start: Int, _ position: Int32, isQuoted: Bool, opener: StaticString = "$("
    ) throws(Stop) {
        note(.substitution, start)
        pos &+= 1
        note(.blank, pos)
        wordKind = .word
        try enter(start)
        let outerMark = pendingMark
        let outerBuild = build
        pendingMark = pending.count
        let inner = pos
        let innerSerial = serial
        let outerAlias = takeAlias()
        let body = try list(code)
        if try lead() != .closeParen {
            throw unexpected(code, "')'", opener: opener, at: position)
        }
        var command: Int32 = -1
        if isReadAgain(outerAlias), serial == innerSerial, pending.count == pendingMark {
            command = constant(code, inner, pos)
        }
        alias = outerAlias.alias
        note(.substitution, pos)
        pos &+= 1
        if frame == .alias { _ = passAliases() }
        pendingMark = outerMark
        build = outerBuild
        depth &-= 1
        addSubstitution(code, body, [], position, isQuoted: isQuoted, text: command)
    }

    /// Inside a command substitution no alias counts while its end is looked for: they count when it is run (XCU 2.6.3).
    private mutating func takeAlias() -> (alias: ((Symbol) -> Text?)?, definesAlias: Bool) {
        let outer = (alias, definesAlias)
        definesAlias = false
        if alias != nil { alias = nil }
        return outer
    }

    /// Whether the text of a command substitution can mean something else when it is run.
    private mutating func isReadAgain(_ outer: (alias: ((Symbol) -> Text?)?, definesAlias: Bool)) -> Bool {
        let result = outer.alias != nil || definesAlias
        if outer.definesAlias { definesAlias = true }
        return result
    }

    mutating func addSubstitution(
        _ code: Code, _ body: Int32, _ flags: PartFlags, _ position: Int32, isQuoted: Bool, text: Int32 = -1
    ) {
        var body = body
        if body < 0 {
            body = add(code, Node(.empty, position: position))
        } else if text >= 0 {
            body = add(code, Node(.text, a: body, b: text, position: position))
        }
        build.flags.formUnion([.hasSubstitution, .hasSideEffects])
        parts.append(Part(.commandSubstitution, isQuoted: isQuoted, flags: flags, a: body))
    }

    // MARK: Backquotes

    /// `` `…` `` (XCU 2.6.3); the cursor is on the first backquote.
    @inline(never)
    mutating func backquotes(_ code: Code, isQuoted: Bool) throws(Stop) {
        let start = pos
        let position = place(start)
        try enter(start)
        let outerKind = wordKind
        note(.substitution, pos)
        pos &+= 1
        let inner = pos
        let mark = text.count
        var wasChanged = false
        while true {
            let byte = base[pos]
            if byte == Byte.backquote { break }
            if byte == 0 {
                if pos < end {
                    pos &+= 1
                    wasChanged = true
                } else if !more() {
                    throw unterminated("`", at: position)
                }
                continue
            }
            if byte == Byte.backslash {
                if pos &+ 1 == end { _ = more() }
                let next = base[pos &+ 1]
                if next == Byte.dollar || next == Byte.backquote || next == Byte.backslash
                    || (next == Byte.doubleQuote && isQuoted)
                {
                    pos &+= 1
                    wasChanged = true
                    text.append(next)
                    pos &+= 1
                    continue
                }
            }
            text.append(byte)
            pos &+= 1
        }
        let count = text.count - mark
        let block = UnsafeMutablePointer<UInt8>.allocate(capacity: count + 1)
        text.withBytes(from: mark) { if count > 0 { block.update(from: $0.baseAddress!, count: count) } }
        text.pop(to: mark)
        pos &+= 1
        let innerPlace = Int(place(inner))
        enterFrame(
            .backquote, block: block, start: 0, end: count,
            mapping: wasChanged || inner < mapping.fixedEnd
                ? PlaceMapping(fixedEnd: Int.max, fixed: Int(position), delta: 0)
                : PlaceMapping(fixedEnd: 0, fixed: 0, delta: innerPlace))
        let outerMark = pendingMark
        let outerBuild = build
        pendingMark = pending.count
        let depthOfFrame = frames.count
        wordKind = .word
        let outerAlias = takeAlias()
        let body = try list(code)
        if try lead() != .end { throw unexpected(code, "a command", opener: "`", at: position) }
        let command = isReadAgain(outerAlias) ? constant(code, 0, end) : -1
        alias = outerAlias.alias
        while frames.count > depthOfFrame { leaveFrame() }
        if pending.count > pendingMark { try readHereDocuments(code) }
        leaveFrame()
        note(.substitution, pos &- 1)
        wordKind = outerKind
        note(outerKind, pos)
        pendingMark = outerMark
        build = outerBuild
        depth &-= 1
        addSubstitution(code, body, .isBackquoted, position, isQuoted: isQuoted, text: command)
    }

    // MARK: $'…'

    /// `$'…'` (XCU 2.2.4); the cursor is on the quote.
    mutating func dollarSingleQuotes(_ start: Int, skipping count: Int = 0) throws(Stop) {
        pos &+= 1 &+ count
        build.flags.insert(.hasQuotes)
        note(.singleQuoted, start)
        openLiteral(isQuoted: true)
        let mark = text.count
        var isCut = false
        while true {
            let byte = base[pos]
            if byte == Byte.singleQuote { break }
            if byte == 0 {
                if pos < end {
                    pos &+= 1
                } else if !more() {
                    throw unterminated("$'", start)
                }
                continue
            }
            pos &+= 1
            if byte != Byte.backslash {
                text.append(byte)
            } else {
                if pos == end { _ = more() }
                // A NUL ends the value; the rest is read only to find its end.
                if escape() && !isCut {
                    isCut = true
                    parts.last.b = Int32(truncatingIfNeeded: text.count &- Int(parts.last.a))
                }
            }
        }
        pos &+= 1
        note(wordKind, pos)
        if isCut {
            text.pop(to: Int(parts.last.a) &+ Int(parts.last.b))
        } else {
            parts.last.b &+= Int32(truncatingIfNeeded: text.count &- mark)
        }
    }

    /// The escape sequence at the cursor, which is after the backslash; true when it means a NUL.
    private mutating func escape() -> Bool {
        let byte = base[pos]
        switch byte {
        case UInt8(ascii: "a"): text.append(7)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "e"): text.append(27)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "v"): text.append(11)
        case Byte.doubleQuote, Byte.singleQuote, Byte.backslash, Byte.question: text.append(byte)
        case UInt8(ascii: "c"):
            var next = base[pos &+ 1]
            if next == 0 || next == Byte.singleQuote { break }
            pos &+= 2
            if next == Byte.backslash && base[pos] == Byte.backslash { pos &+= 1 }
            if next >= 97 && next <= 122 { next &-= 32 }
            let control = next == Byte.question ? 127 : next & 31
            if control == 0 { return true }
            text.append(control)
            return false
        case UInt8(ascii: "x"):
            var value: UInt8 = 0
            var count = 0
            while count < 2, let digit = hexDigit(base[pos &+ 1 &+ count]) {
                value = value &* 16 &+ digit
                count &+= 1
            }
            if count == 0 {
                text.append(Byte.backslash)
                text.append(byte)
                break
            }
            pos &+= 1 &+ count
            if value == 0 { return true }
            text.append(value)
            return false
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            var value: UInt32 = 0
            var count = 0
            while count < (byte == UInt8(ascii: "u") ? 4 : 8), let digit = hexDigit(base[pos &+ 1 &+ count]) {
                value = value &* 16 &+ UInt32(digit)
                count &+= 1
            }
            guard count > 0, let character = Unicode.Scalar(value) else {
                text.append(Byte.backslash)
                text.append(byte)
                break
            }
            pos &+= 1 &+ count
            if value == 0 { return true }
            for unit in UTF8.encode(character)! { text.append(unit) }
            return false
        case 48...55:
            var value = 0
            var count = 0
            while count < 3, base[pos &+ count] >= 48, base[pos &+ count] <= 55 {
                value = value &* 8 &+ Int(base[pos &+ count] &- 48)
                count &+= 1
            }
            pos &+= count
            let result = UInt8(truncatingIfNeeded: value)
            if result == 0 { return true }
            text.append(result)
            return false
        case Byte.newline, 0:
            text.append(Byte.backslash)
            return false
        default:
            text.append(Byte.backslash)
            text.append(byte)
        }
        pos &+= 1
        return false
    }

    private func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte &- 48
        case 65...70: byte &- 55
        case 97...102: byte &- 87
        default: nil
        }
    }
}
