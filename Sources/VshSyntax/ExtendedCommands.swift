// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Commands of bash that POSIX does not have: never read in POSIX mode (docs/extensions.md).
extension Parser {
    // MARK: Reserved words

    /// `select` or `function` at the cursor, whose first five bytes are `packed`; its end goes to `tokenEnd`.
    mutating func longReservedWord(_ packed: UInt64) -> Lead {
        let rest: StaticString
        let lead: Lead
        switch packed {
        case 0x73_656c_6563: (rest, lead) = ("t", .selectClause)
        case 0x66_756e_6374: (rest, lead) = ("ion", .functionWord)
        default: return .word
        }
        if options.isPosix { return .word }
        let length = rest.utf8CodeUnitCount
        // The text ends in a NUL, so that no byte after its end is compared.
        for index in 0..<length where base[pos &+ 5 &+ index] != rest.utf8Start[index] { return .word }
        if classOf(base[pos &+ 5 &+ length]) & ByteClass.delimiter == 0 { return .word }
        tokenEnd = pos &+ 5 &+ length
        return lead
    }

    /// Whether `time`, which ends at `tokenEnd`, is the reserved word: before an option other than `-p` it names the program.
    func isTimeWord() -> Bool {
        if options.isPosix { return false }
        var p = tokenEnd
        while classOf(base[p]) & ByteClass.blank != 0 { p &+= 1 }
        if base[p] != Byte.minus { return base[tokenEnd] != Byte.openParen }
        return isPortableOption(p)
    }

    private func isPortableOption(_ p: Int) -> Bool {
        base[p] == Byte.minus && base[p &+ 1] == UInt8(ascii: "p") && classOf(base[p &+ 2]) & ByteClass.delimiter != 0
    }

    /// `time [-p] pipeline`
    mutating func timed(_ code: Code) throws(Stop) -> Int32 {
        let position = place(pos)
        takeReserved()
        skipBlanks()
        var flags: NodeFlags = []
        if isPortableOption(pos) {
            note(.word, pos)
            pos &+= 2
            note(.blank, pos)
            flags = .isPortable
        }
        let next = try lead()
        try enter(pos)
        let child = next.startsCommand ? try pipeline(code, next) : -1
        depth &-= 1
        return add(code, Node(.timed, flags: flags, a: child, position: position))
    }

    /// `function name { …; }`, with or without `()` after the name; the cursor is on `function`.
    mutating func functionWord(_ code: Code, _ position: Int32) throws(Stop) -> Int32 {
        takeReserved()
        skipBlanks()
        if classOf(base[pos]) & ByteClass.delimiter != 0 {
            throw unexpected(code, "a name", opener: "function", at: position)
        }
        let name = try word(code, [], as: .function)
        if name.form != .constant || name.flags.contains(.hasQuotes) {
            throw unexpected(code, "a name without quotes and expansions", opener: "function", at: position)
        }
        let symbol = code.constants[name.a].withBytes { symbols.intern($0) }
        skipBlanks()
        if base[pos] == Byte.openParen {
            let next = following()
            if next.byte == Byte.closeParen {
                takeOperator(pos &+ 1)
                takeOperator(next.offset &+ 1)
            }
        }
        return try functionBody(code, symbol, position)
    }

    // MARK: Arithmetic

    /// `((…))`; nil, with the cursor where it was, when that can only be a subshell in a subshell.
    mutating func arithmeticCommand(_ code: Code, _ position: Int32) throws(Stop) -> Int32? {
        let next = following()
        if next.byte != Byte.openParen { return nil }
        let outer = beginWord()
        let outerKind = wordKind
        if try !arithmeticExpansion(code, pos, next.offset, position, isQuoted: true) {
            endWord(outer)
            return nil
        }
        let word = arithmeticWord(code, outer)
        wordKind = outerKind
        note(.blank, pos)
        return add(code, Node(.arithmeticCommand, a: word, position: position))
    }

    /// The index of a word made of the arithmetic that was just read.
    private mutating func arithmeticWord(_ code: Code, _ outer: WordBuild) -> Int32 {
        let word = makeWord(code, [])
        endWord(outer)
        code.words.append(word)
        return Int32(truncatingIfNeeded: code.words.count &- 1)
    }

    /// An expression up to `ending`: the index of its word.
    mutating func arithmeticOperand(
        _ code: Code, _ position: Int32, isQuoted: Bool, _ ending: ArithmeticEnd
    ) throws(Stop) -> Int32 {
        let outer = beginWord()
        if try !arithmeticText(code, position, isQuoted: isQuoted, ending: ending) {
            throw unexpected(code, ending == .semicolon ? "';'" : "'))'", opener: "((", at: position)
        }
        return arithmeticWord(code, outer)
    }

    /// `for ((a; b; c))` and its body; the cursor is on the first parenthesis.
    mutating func arithmeticFor(_ code: Code, _ position: Int32) throws(Stop) -> Int32 {
        let outerKind = wordKind
        wordKind = .arithmetic
        note(.arithmetic, pos)
        pos = following().offset &+ 1
        let first = try arithmeticOperand(code, position, isQuoted: true, .semicolon)
        let condition = try arithmeticOperand(code, position, isQuoted: true, .semicolon)
        let step = try arithmeticOperand(code, position, isQuoted: true, .parentheses)
        wordKind = outerKind
        note(.blank, pos)
        skipBlanks()
        if base[pos] == Byte.semicolon && following().byte != Byte.semicolon { takeOperator(pos &+ 1) }
        let group: Int32
        switch try leadAfterLinebreak(code) {
        case .doWord: group = try doGroup(code, "for", position)
        case .braceGroup: group = try braceBody(code)
        default: throw unexpected(code, "'do'", opener: "for", at: position)
        }
        return add(
            code,
            Node(
                .arithmeticFor, a: unlessBlank(code, first), b: unlessBlank(code, condition),
                c: unlessBlank(code, step), d: group, position: position))
    }

    /// The word, or -1 when its expression is nothing but blanks.
    private func unlessBlank(_ code: Code, _ word: Int32) -> Int32 {
        let text = code.words[code.parts[code.words[word].a].b]
        if text.form != .constant { return word }
        return code.constants[text.a].withBytes { bytes in
            for byte in bytes where byte != Byte.newline && classOf(byte) & ByteClass.blank == 0 { return word }
            return -1
        }
    }

    // MARK: Pipes and process substitution

    /// The command of `command |&`, with `2>&1` after its own redirections.
    mutating func redirectingErrors(_ code: Code, _ node: Int32) -> Int32 {
        let n = code.nodes[node]
        if n.kind == .processScope {
            code.nodes[node].a = redirectingErrors(code, n.a)
            return node
        }
        let first = Int32(truncatingIfNeeded: code.redirections.count)
        if n.e >= 0 {
            var index = n.e
            repeat {
                code.redirections.append(code.redirections[index])
                code.redirections.last.isLast = false
                index &+= 1
            } while !code.redirections[index &- 1].isLast
        }
        let word = Int32(truncatingIfNeeded: code.words.count)
        code.constants.append(Text("1"))
        code.words.append(
            Word(.constant, a: Int32(truncatingIfNeeded: code.constants.count &- 1)))
        code.redirections.append(
            Redirection(op: .duplicateOutput, isLast: true, descriptor: 2, word: word, position: n.position))
        if n.kind == .simpleCommand || n.kind == .redirected {
            code.nodes[node].e = first
            return node
        }
        return add(code, Node(.redirected, a: node, e: first, position: n.position))
    }

    /// Whether `<(` or `>(` is at the cursor.
    @inline(never)
    func isProcessSubstitution() -> Bool {
        // In this order: the end of the text, a NUL, is the last byte that may be read.
        (base[pos] == Byte.less || base[pos] == Byte.greater) && base[pos &+ 1] == Byte.openParen && !options.isPosix
    }

    /// `<(list)` or `>(list)` at the cursor, as a part of the word.
    mutating func processSubstitution(_ code: Code) throws(Stop) {
        let start = pos
        let isOutput = base[pos] == Byte.greater
        let outerKind = wordKind
        pos &+= 1
        try commandSubstitution(code, start, place(start), isQuoted: true, opener: isOutput ? ">(" : "<(")
        parts.last.kind = .processSubstitution
        parts.last.b = isOutput ? 1 : 0
        processSubstitutions &+= 1
        wordKind = outerKind
        note(outerKind, pos)
    }

    /// A word that begins with a process substitution, which is at the cursor.
    @inline(never)
    mutating func wordOfProcessSubstitution(_ code: Code, _ context: WordContext) throws(Stop) {
        note(.word, pos)
        let word = try wordSlowly(code, context)
        note(.blank, pos)
        words.append(word)
    }

    /// The command with a process substitution in its words, whose descriptors are closed after it.
    func processScope(_ code: Code, _ node: Int32) -> Int32 {
        add(code, Node(.processScope, a: node, position: code.nodes[node].position))
    }
}
