// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Where a word stands decides which of its bytes are special.
struct WordContext: OptionSet {
    let rawValue: UInt16
    /// Unquoted pattern characters are active: pathname expansion.
    static let fields = WordContext(rawValue: 1)
    /// A case item or the operand of `#` or `%`: a pattern.
    static let pattern = WordContext(rawValue: 2)
    /// The value of an assignment: tildes are expanded after each unquoted `:`.
    static let assignment = WordContext(rawValue: 4)
    /// An operand in braces: it ends at `}`, and blanks and operators are text.
    static let operand = WordContext(rawValue: 8)
    /// An argument of a declaration utility.
    static let declaration = WordContext(rawValue: 16)
    /// The result of a parameter expansion, still to be split: literals of different quoting must stay apart.
    static let keepsQuoting = WordContext(rawValue: 32)
    /// An operand that ends at `/` as well.
    static let endsAtSlash = WordContext(rawValue: 64)
    /// … but not at the one it begins with.
    static let startsWithSlash = WordContext(rawValue: 128)
    /// The right side of `=~`: `|` and what parentheses enclose are text.
    static let regularExpression = WordContext(rawValue: 256)
    /// A subscript: it ends at its `]`, and blanks and operators are text.
    static let subscripted = WordContext(rawValue: 512)
    /// The right side of `==` in `[[`: `@(a|b)` and the like are patterns.
    static let patternGroups = WordContext(rawValue: 1024)
    /// What takes the place of matches: literals of different quoting stay apart, as an unquoted `&` is the match.
    static let replacement = WordContext(rawValue: 2048)
}

/// What is known of the word under construction; its parts are on `Parser.parts`, the bytes of its literals on `Parser.text`.
///
/// While a word is under construction a literal part holds in `a` and `b` the offset and the count of its bytes.
struct WordBuild {
    var partMark = 0
    var textMark = 0
    var flags: WordFlags = []
    /// An unquoted `*` or `?` was seen, or a `[` and then a `]`.
    var hasPattern = false
    var hasOpenBracket = false
    /// The value of an assignment, or an operand in one: tildes count after colons.
    var isAssignment = false
    /// An unquoted `{` was seen where braces make several words.
    var hasBrace = false
    /// Parentheses that are open in a regular expression or in groups of a pattern, brackets in a subscript.
    var openParentheses = 0
}

extension Parser {
    /// The word at the cursor, where one must start.
    @inline(__always)
    mutating func word(_ code: Code, _ context: WordContext) throws(Stop) -> Word {
        // A word of nothing but plain bytes is its own value.
        var p = pos
        while classOf(base[p]) & ByteClass.stop == 0 { p &+= 1 }
        // `<` and `>` differ in one bit.
        if classOf(base[p]) & ByteClass.delimiter != 0 && p != pos && base[p] != 0
            && context.isDisjoint(with: [.pattern, .declaration])
            && (base[p] | 2 != Byte.greater || base[p &+ 1] != Byte.openParen || options.isPosix)
            && (base[p] != Byte.openParen || !options.hasPatternGroups)
        {
            let start = pos
            pos = p
            return Word(.constant, a: constant(code, start, p))
        }
        return try wordSlowly(code, context)
    }

    /// A constant with the bytes `start ..< end` of the text being read.
    @inline(__always)
    func constant(_ code: Code, _ start: Int, _ end: Int) -> Int32 { code.addConstant(bytes(start, end)) }

    /// A constant with what is on the stack of literal bytes from `mark` on.
    @inline(__always)
    func constant(_ code: Code, literalFrom mark: Int) -> Int32 { text.withBytes(from: mark) { code.addConstant($0) } }

    @inline(never)
    mutating func wordSlowly(_ code: Code, _ context: WordContext) throws(Stop) -> Word {
        let position = place(pos)
        let outer = beginWord()
        let start = pos
        let startSerial = serial
        try unquotedText(code, context)
        let word =
            build.hasBrace && !isRecording && !build.flags.contains(.isAssignmentLike)
            ? try braceWord(code, context, position, serial == startSerial ? start : -1)
            : makeWord(code, context)
        endWord(outer)
        return word
    }

    /// Starts a word; give the result to `endWord`.
    @inline(__always)
    mutating func beginWord() -> WordBuild {
        let outer = build
        build = WordBuild(partMark: parts.count, textMark: text.count)
        return outer
    }

    /// Goes on with the word around this one, which gets the flags that concern it too.
    @inline(__always)
    mutating func endWord(_ outer: WordBuild) {
        parts.pop(to: build.partMark)
        text.pop(to: build.textMark)
        let inherited = build.flags.intersection([.hasSubstitution, .hasSideEffects])
        build = outer
        build.flags.formUnion(inherited)
    }

    // MARK: Literals

    /// Adds the bytes `start ..< end` of the text being read to the word.
    @inline(__always)
    mutating func literal(_ start: Int, _ end: Int, isQuoted: Bool) {
        openLiteral(isQuoted: isQuoted)
        text.append(bytes(start, end))
        parts.last.b = Int32(truncatingIfNeeded: text.count &- Int(parts.last.a))
    }

    @inline(__always)
    mutating func literal(byte: UInt8, isQuoted: Bool) {
        openLiteral(isQuoted: isQuoted)
        text.append(byte)
        parts.last.b &+= 1
    }

    /// Makes the last part a literal with this quoting.
    @inline(__always)
    mutating func openLiteral(isQuoted: Bool) {
        if parts.count > build.partMark {
            let last = parts.last
            if last.kind == .literal && last.isQuoted == isQuoted { return }
        }
        parts.append(
            Part(
                .literal, isQuoted: isQuoted, a: Int32(truncatingIfNeeded: text.count), b: 0))
    }

    // MARK: Unquoted text

    /// Reads unquoted text and all that is quoted inside it, up to what ends the word; the cursor is then on that.
    mutating func unquotedText(_ code: Code, _ context: WordContext) throws(Stop) {
        if context.contains(.assignment) { build.isAssignment = true }
        var tildeOffset = text.count
        var tildePart = parts.count
        if context.contains(.declaration), let nameEnd = assignmentName() {
            while pos <= nameEnd {
                if base[pos] == Byte.backslash {
                    pos &+= 2
                } else {
                    literal(byte: base[pos], isQuoted: false)
                    pos &+= 1
                }
            }
            build.flags.insert(.isAssignmentLike)
            build.isAssignment = true
            tildeOffset = text.count
            tildePart = parts.count
        }
        while true {
            var p = pos
            while classOf(base[p]) & ByteClass.stop == 0 { p &+= 1 }
            if !context.isDisjoint(with: [.endsAtSlash, .subscripted]), let last = findEnd(p, context) {
                if last > pos { literal(pos, last, isQuoted: false) }
                pos = last
                return
            }
            if p != pos {
                literal(pos, p, isQuoted: false)
                if build.hasOpenBracket && !build.hasPattern { findCloseBracket(pos, p) }
                pos = p
            }
            let byte = base[p]
            switch byte {
            case Byte.dollar:
                try dollar(code, isQuoted: false, isText: false)
            case Byte.doubleQuote:
                try doubleQuotes(code)
            case Byte.singleQuote:
                try singleQuotes()
            case Byte.backslash:
                backslash()
            case Byte.backquote:
                try backquotes(code, isQuoted: false)
            case Byte.star, Byte.question:
                literal(byte: byte, isQuoted: false)
                build.hasPattern = true
                pos &+= 1
            case Byte.openBracket:
                literal(byte: byte, isQuoted: false)
                build.hasOpenBracket = true
                if context.contains(.subscripted) { build.openParentheses &+= 1 }
                pos &+= 1
            case Byte.tilde:
                let isLeading = text.count == tildeOffset && parts.count == tildePart
                let isAfterColon =
                    build.isAssignment && parts.count > build.partMark && parts.last.kind == .literal
                    && !parts.last.isQuoted
                    && text[text.count &- 1] == Byte.colon
                let isAfterName =
                    !isLeading && !isAfterColon && context.contains(.fields) && !options.isPosix && isAfterName()
                if !((isLeading && !context.contains(.subscripted) || isAfterColon || isAfterName)
                    && tilde(code, context, endsAtColon: build.isAssignment || isAfterName))
                {
                    literal(byte: byte, isQuoted: false)
                    pos &+= 1
                }
            case Byte.closeBrace:
                if context.contains(.operand) { return }
                literal(byte: byte, isQuoted: false)
                pos &+= 1
            case Byte.openBrace:
                literal(byte: byte, isQuoted: false)
                pos &+= 1
                if context.contains(.fields) && options.expandsBraces && !options.isPosix { build.hasBrace = true }
            case 0:
                if pos < end {
                    pos &+= 1
                } else if !more() {
                    return
                }
            default:
                // A blank, a newline or an operator.
                if context.isDisjoint(with: [.operand, .subscripted]) {
                    if (byte == Byte.less || byte == Byte.greater) && isProcessSubstitution() {
                        try processSubstitution(code)
                        continue
                    }
                    if context.contains(.regularExpression) {
                        if !isRegularExpressionText(byte) { return }
                    } else if build.openParentheses == 0 && byte != Byte.openParen || !isPatternGroup(byte, context) {
                        return
                    }
                }
                literal(byte: byte, isQuoted: false)
                pos &+= 1
            }
        }
    }

    /// The slash or bracket before `limit` that ends what is read.
    private mutating func findEnd(_ limit: Int, _ context: WordContext) -> Int? {
        for p in pos..<limit {
            if base[p] == Byte.slash && context.contains(.endsAtSlash) { return p }
            if base[p] == Byte.closeBracket && context.contains(.subscripted) {
                if build.openParentheses == 0 { return p }
                build.openParentheses &-= 1
            }
        }
        return nil
    }

    private mutating func findCloseBracket(_ start: Int, _ end: Int) {
        for p in start..<end where base[p] == Byte.closeBracket {
            build.hasPattern = true
            return
        }
    }

    /// A backslash in unquoted text.
    private mutating func backslash() {
        if pos &+ 1 == end { _ = more() }
        let next = base[pos &+ 1]
        if next == Byte.newline {
            pos &+= 2
            return
        }
        if next == 0 {
            // The last byte of the input stands for itself.
            if pos &+ 1 == end {
                build.flags.insert(.hasQuotes)
                literal(byte: Byte.backslash, isQuoted: true)
            }
            pos &+= 1
            return
        }
        var p = pos &+ 2
        if next >= 0xC0 {
            while base[p] & 0xC0 == 0x80 { p &+= 1 }
        }
        build.flags.insert(.hasQuotes)
        note(.escape, pos)
        literal(pos &+ 1, p, isQuoted: true)
        pos = p
        note(wordKind, pos)
    }

    private mutating func singleQuotes() throws(Stop) {
        let open = pos
        note(.singleQuoted, pos)
        pos &+= 1
        build.flags.insert(.hasQuotes)
        openLiteral(isQuoted: true)
        var start = pos
        while true {
            pos = firstByte(Byte.singleQuote, orZeroIn: base, from: pos, to: end)
            if base[pos] == Byte.singleQuote { break }
            if pos > start { literal(start, pos, isQuoted: true) }
            if pos < end {
                pos &+= 1
            } else if !more() {
                throw unterminated("'", open)
            }
            start = pos
        }
        if pos > start { literal(start, pos, isQuoted: true) }
        pos &+= 1
        note(wordKind, pos)
    }

    // MARK: Quoted text

    mutating func doubleQuotes(_ code: Code) throws(Stop) {
        let open = pos
        let outerKind = wordKind
        wordKind = .doubleQuoted
        note(.doubleQuoted, pos)
        pos &+= 1
        build.flags.insert(.hasQuotes)
        let partCount = parts.count
        let textCount = text.count
        while true {
            var p = pos
            while classOf(base[p]) & ByteClass.quotedStop == 0 { p &+= 1 }
            if p != pos {
                literal(pos, p, isQuoted: true)
                pos = p
            }
            let byte = base[p]
            switch byte {
            case Byte.doubleQuote:
                pos &+= 1
                wordKind = outerKind
                note(outerKind, pos)
                if parts.count == partCount && text.count == textCount { openLiteral(isQuoted: true) }
                return
            case Byte.dollar:
                try dollar(code, isQuoted: true, isText: false)
            case Byte.backquote:
                try backquotes(code, isQuoted: true)
            case Byte.backslash:
                quotedBackslash(alsoEscapes: Byte.doubleQuote)
            case 0:
                if pos < end {
                    pos &+= 1
                } else if !more() {
                    throw unterminated("\"", open)
                }
            default:
                literal(byte: byte, isQuoted: true)
                pos &+= 1
            }
        }
    }

    /// A backslash in double quotes: it escapes `$`, `` ` ``, `\`, newline and one more byte, else it is text.
    mutating func quotedBackslash(alsoEscapes: UInt8, _ another: UInt8 = Byte.backslash) {
        if pos &+ 1 == end { _ = more() }
        let next = base[pos &+ 1]
        switch next {
        case Byte.newline:
            pos &+= 2
        case Byte.dollar, Byte.backquote, Byte.backslash, alsoEscapes, another:
            note(.escape, pos)
            literal(byte: next, isQuoted: true)
            pos &+= 2
            note(wordKind, pos)
        default:
            literal(byte: Byte.backslash, isQuoted: true)
            pos &+= 1
        }
    }

    /// The operand of `-`, `=`, `?`, `+` of a parameter expansion in double quotes, up to its `}` (XCU 2.6.2): `'` is text, `"` encloses text
    /// that is quoted as well.
    mutating func quotedOperand(_ code: Code) throws(Stop) {
        while true {
            var p = pos
            while classOf(base[p]) & ByteClass.quotedStop == 0 { p &+= 1 }
            if p != pos {
                literal(pos, p, isQuoted: true)
                pos = p
            }
            let byte = base[p]
            switch byte {
            case Byte.closeBrace: return
            case Byte.doubleQuote:
                try doubleQuotes(code)
            case Byte.dollar:
                try dollar(code, isQuoted: true, isText: false)
            case Byte.backquote:
                try backquotes(code, isQuoted: true)
            case Byte.backslash:
                quotedBackslash(alsoEscapes: Byte.doubleQuote, Byte.closeBrace)
            case 0:
                if pos < end {
                    pos &+= 1
                } else if !more() {
                    return
                }
            default:
                literal(byte: byte, isQuoted: true)
                pos &+= 1
            }
        }
    }

    // MARK: Tildes

    /// The tilde-prefix at the cursor (XCU 2.6.1); false when the tilde is only text.
    private mutating func tilde(_ code: Code, _ context: WordContext, endsAtColon: Bool) -> Bool {
        var p = pos &+ 1
        let mark = text.count
        while true {
            let byte = base[p]
            if byte == Byte.slash || (byte == Byte.colon && endsAtColon) { break }
            if byte == Byte.backslash && stepOverContinuation(&p) { continue }
            let kind = classOf(byte)
            if kind & ByteClass.stop != 0 {
                if kind & ByteClass.delimiter != 0 && (byte != 0 || p == end) { break }
                if byte == Byte.closeBrace && context.contains(.operand) { break }
                text.pop(to: mark)
                return false
            }
            text.append(byte)
            p &+= 1
        }
        let name = constant(code, literalFrom: mark)
        text.pop(to: mark)
        parts.append(Part(.tilde, isQuoted: true, a: name))
        note(.tilde, pos)
        pos = p
        note(wordKind, pos)
        return true
    }
}
