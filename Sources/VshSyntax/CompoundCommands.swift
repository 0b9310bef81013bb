// SPDX-License-Identifier: MPL-2.0
import VshBase

extension Parser {
    /// Grammar `compound_command redirect_list`: `lead` is what stands at the cursor.
    @inline(never)
    mutating func compoundCommand(_ code: Code, _ lead: Lead) throws(Stop) -> Int32 {
        let position = place(pos)
        try enter(pos)
        let node: Int32
        switch lead {
        case .braceGroup: node = try braceGroup(code, position)
        case .subshell:
            if !options.isPosix, let arithmetic = try arithmeticCommand(code, position) {
                node = arithmetic
            } else {
                node = try subshell(code, position)
            }
        case .ifClause: node = try ifClause(code, position, "if")
        case .whileClause: node = try loop(code, position, .whileClause, "while")
        case .untilClause: node = try loop(code, position, .untilClause, "until")
        case .forClause: node = try forClause(code, position)
        case .caseClause: node = try caseClause(code, position)
        case .conditional: node = try conditionalCommand(code, position)
        case .selectClause: node = try forClause(code, position, isSelect: true)
        case .functionWord:
            let definition = try functionWord(code, position)
            depth &-= 1
            return definition
        default: throw unexpected(code, "a command")
        }
        depth &-= 1
        return try withRedirections(code, node, position)
    }

    /// The redirections after a compound command.
    @inline(__always)
    private mutating func withRedirections(_ code: Code, _ node: Int32, _ position: Int32) throws(Stop) -> Int32 {
        skipBlanks()
        let byte = base[pos]
        if byte != Byte.less && byte != Byte.greater && byte != Byte.ampersand && classOf(byte) & ByteClass.digit == 0
            && byte != Byte.openBrace
        {
            return node
        }
        let mark = redirections.count
        let substitutions = processSubstitutions
        var flags: NodeFlags = []
        while true {
            let byte = base[pos]
            if byte == Byte.less || byte == Byte.greater || byte == Byte.ampersand && isOutputAndError() {
                try redirection(code, -1, &flags)
            } else if classOf(byte) & ByteClass.digit != 0, let descriptor = ioNumber() {
                try redirection(code, descriptor, &flags)
            } else if byte == Byte.openBrace, let (name, end) = namedDescriptor(pos) {
                pos = end
                try redirection(code, Redirection.named(name), &flags)
            } else {
                break
            }
            skipBlanks()
        }
        let first = takeRedirections(code, mark)
        if first < 0 { return node }
        let redirected = add(code, Node(.redirected, flags: flags, a: node, e: first, position: position))
        return substitutions == processSubstitutions ? redirected : processScope(code, redirected)
    }

    /// A list that must hold a command.
    @inline(__always)
    mutating func body(_ code: Code, _ opener: StaticString, _ position: Int32) throws(Stop) -> Int32 {
        let node = try list(code)
        if node < 0 { throw unexpected(code, "a command", opener: opener, at: position) }
        return node
    }

    mutating func braceGroup(_ code: Code, _ position: Int32) throws(Stop) -> Int32 {
        takeReserved()
        let child = try body(code, "{", position)
        if try lead() != .closeBrace { throw unexpected(code, "'}'", opener: "{", at: position) }
        takeReserved()
        return add(code, Node(.braceGroup, a: child, position: position))
    }

    private mutating func subshell(_ code: Code, _ position: Int32) throws(Stop) -> Int32 {
        takeOperator(pos &+ 1)
        let child = try body(code, "(", position)
        if try lead() != .closeParen { throw unexpected(code, "')'", opener: "(", at: position) }
        takeOperator(pos &+ 1)
        return add(code, Node(.subshell, a: child, position: position))
    }

    /// `if` or `elif`, up to and including the `fi`.
    private mutating func ifClause(_ code: Code, _ position: Int32, _ opener: StaticString) throws(Stop) -> Int32 {
        // A chain of `elif` is as deep a tree as it is long, but must not be as deep a recursion here: collect, then build from the end.
        let mark = ints.count
        takeReserved()
        var elsePart: Int32 = -1
        var branchPosition = position
        while true {
            let condition = try body(code, opener, position)
            if try lead() != .then { throw unexpected(code, "'then'", opener: opener, at: position) }
            takeReserved()
            let then = try body(code, "then", position)
            ints.append(condition)
            ints.append(then)
            ints.append(branchPosition)
            let next = try lead()
            if next == .elifWord {
                branchPosition = place(pos)
                takeReserved()
                continue
            }
            if next == .elseWord {
                takeReserved()
                elsePart = try body(code, "else", position)
                if try lead() != .fi { throw unexpected(code, "'fi'", opener: "if", at: position) }
            } else if next != .fi {
                throw unexpected(code, "'elif', 'else' or 'fi'", opener: "if", at: position)
            }
            takeReserved()
            break
        }
        var flags: NodeFlags = []
        while ints.count > mark {
            let branch = ints.removeLast()
            let then = ints.removeLast()
            let condition = ints.removeLast()
            elsePart = add(code, Node(.ifClause, flags: flags, a: condition, b: then, c: elsePart, position: branch))
            flags = .isElif
        }
        return elsePart
    }

    private mutating func loop(
        _ code: Code, _ position: Int32, _ kind: NodeKind, _ opener: StaticString
    ) throws(Stop) -> Int32 {
        takeReserved()
        let condition = try body(code, opener, position)
        if try lead() != .doWord { throw unexpected(code, "'do'", opener: opener, at: position) }
        let group = try doGroup(code, opener, position)
        return add(code, Node(kind, a: condition, b: group, position: position))
    }

    /// Grammar `do_group`; the cursor is on its `do`.
    mutating func doGroup(_ code: Code, _ opener: StaticString, _ position: Int32) throws(Stop) -> Int32 {
        takeReserved()
        let child = try body(code, "do", position)
        if try lead() != .done { throw unexpected(code, "'done'", opener: opener, at: position) }
        takeReserved()
        return child
    }

    /// `for`, and `select`, which is written the same.
    private mutating func forClause(
        _ code: Code, _ position: Int32, isSelect: Bool = false
    ) throws(Stop) -> Int32 {
        takeReserved()
        skipBlanksAndAliases()
        if base[pos] == Byte.openParen, !isSelect, !options.isPosix, following().byte == Byte.openParen {
            return try arithmeticFor(code, position)
        }
        let substitutions = processSubstitutions
        let kind = classOf(current())
        if kind & (ByteClass.name | ByteClass.digit) != ByteClass.name {
            throw unexpected(code, "a name", opener: "for", at: position)
        }
        let start = pos
        note(.word, pos)
        let symbol = name()
        note(.blank, pos)
        if classOf(current()) & ByteClass.delimiter == 0 {
            pos = start
            throw unexpected(code, "a name", opener: "for", at: position)
        }
        skipBlanks()
        if frame == .alias { try substituteAfterBlank(code, before: .inWord, .doWord) }
        var hasWords: Int32 = 0
        var expected: StaticString = "'do'"
        let mark = words.count
        if base[pos] == Byte.semicolon {
            if following().byte == Byte.semicolon {
                throw unexpected(code, "'in' or 'do'", opener: "for", at: position)
            }
            takeOperator(pos &+ 1)
            try linebreakAndAliases(code, before: .doWord, .doWord)
        } else {
            try linebreakAndAliases(code, before: .inWord, .doWord)
            expected = "'in' or 'do'"
            if reservedWord() == .inWord {
                expected = "'do'"
                takeReserved()
                hasWords = 1
                skipBlanksAndAliases()
                while classOf(base[pos]) & ByteClass.delimiter == 0 || isProcessSubstitution() {
                    let word = try word(code, .fields, as: .word)
                    words.append(word)
                    skipBlanksAndAliases()
                }
                let byte = base[pos]
                if byte == Byte.semicolon && following().byte != Byte.semicolon {
                    takeOperator(pos &+ 1)
                } else if byte != Byte.newline {
                    throw unexpected(code, "a word, a newline or ';'", opener: "for", at: position)
                }
                try linebreakAndAliases(code, before: .doWord, .doWord)
            }
        }
        let count = words.count &- mark
        let first = takeWords(code, mark)
        let opensScope = substitutions != processSubstitutions
        let next = try lead()
        if next != .doWord && (next != .braceGroup || options.isPosix) {
            throw unexpected(code, expected, opener: "for", at: position)
        }
        // bash takes `{ list; }` for `do list; done`.
        let group = next == .doWord ? try doGroup(code, "for", position) : try braceBody(code)
        let node = add(
            code,
            Node(
                isSelect ? .selectClause : .forClause, n: Int32(truncatingIfNeeded: count), a: first, b: symbol,
                c: group, d: hasWords, position: position))
        return opensScope ? processScope(code, node) : node
    }

    /// The list in braces that takes the place of a do group; the cursor is on its brace.
    mutating func braceBody(_ code: Code) throws(Stop) -> Int32 { code.nodes[try braceGroup(code, place(pos))].a }

    private mutating func caseClause(_ code: Code, _ position: Int32) throws(Stop) -> Int32 {
        takeReserved()
        skipBlanksAndAliases()
        if classOf(base[pos]) & ByteClass.delimiter != 0 {
            throw unexpected(code, "a word", opener: "case", at: position)
        }
        let word = try word(code, [], as: .word)
        let subject = Int32(truncatingIfNeeded: code.words.count)
        code.words.append(word)
        try linebreakAndAliases(code, before: .inWord, .inWord)
        if reservedWord() != .inWord { throw unexpected(code, "'in'", opener: "case", at: position) }
        takeReserved()
        let mark = caseItems.count
        while true {
            try linebreakAndAliases(code, before: .esac, .esac)
            let itemPosition = place(pos)
            if base[pos] == Byte.openParen {
                takeOperator(pos &+ 1)
                skipBlanksAndAliases()
            } else if reservedWord() == .esac {
                break
            }
            let wordMark = words.count
            while true {
                if classOf(base[pos]) & ByteClass.delimiter != 0 {
                    throw unexpected(
                        code,
                        words.count == wordMark && itemPosition == place(pos) ? "a pattern or 'esac'" : "a pattern",
                        opener: "case", at: position)
                }
                let pattern = try self.word(code, .pattern, as: .word)
                words.append(pattern)
                skipBlanksAndAliases()
                if base[pos] != Byte.bar { break }
                takeOperator(pos &+ 1)
                skipBlanksAndAliases()
            }
            if base[pos] != Byte.closeParen { throw unexpected(code, "')' or '|'", opener: "case", at: position) }
            takeOperator(pos &+ 1)
            let count = words.count &- wordMark
            let first = takeWords(code, wordMark)
            let body = try list(code)
            var terminator = CaseItem.Terminator.breakCase
            let lead = try lead()
            var isLast = false
            if lead == .semicolon {
                let next = following()
                if next.byte == Byte.semicolon {
                    var third = next.offset &+ 1
                    while base[third] == Byte.backslash && stepOverContinuation(&third) {}
                    if base[third] == Byte.ampersand && !options.isPosix {
                        terminator = .testNext
                        takeOperator(third &+ 1)
                    } else {
                        takeOperator(next.offset &+ 1)
                    }
                } else if next.byte == Byte.ampersand {
                    takeOperator(next.offset &+ 1)
                    terminator = .fallThrough
                } else {
                    throw unexpected(code, "a command, ';;' or 'esac'", opener: "case", at: position)
                }
            } else if lead == .esac {
                isLast = true
            } else {
                throw unexpected(code, "';;' or 'esac'", opener: "case", at: position)
            }
            caseItems.append(
                CaseItem(
                    firstPattern: first, patternCount: Int32(truncatingIfNeeded: count), body: body,
                    terminator: terminator))
            if isLast { break }
        }
        takeReserved()
        let count = caseItems.count &- mark
        let first = Int32(truncatingIfNeeded: code.caseItems.count)
        for index in mark..<caseItems.count { code.caseItems.append(caseItems[index]) }
        caseItems.pop(to: mark)
        return add(
            code,
            Node(.caseClause, n: Int32(truncatingIfNeeded: count), a: subject, b: first, position: position))
    }

    /// `name() compound_command`; the cursor is on the parenthesis.
    mutating func functionDefinition(_ code: Code, _ symbol: Symbol, _ position: Int32) throws(Stop) -> Int32 {
        try enter(pos)
        if isRecording { noteFunctionName() }
        takeOperator(pos &+ 1)
        skipBlanksAndAliases()
        if base[pos] != Byte.closeParen { throw unexpected(code, "')' in a function definition") }
        takeOperator(pos &+ 1)
        let node = try functionBody(code, symbol, position)
        depth &-= 1
        return node
    }

    /// The compound command after the name of a function.
    mutating func functionBody(_ code: Code, _ symbol: Symbol, _ position: Int32) throws(Stop) -> Int32 {
        let lead = try leadAfterLinebreak(code)
        switch lead {
        case .word, .redirection, .bang, .functionWord, .timeWord:
            throw unexpected(code, "a compound command as the body of the function")
        default:
            if !lead.startsCommand { throw unexpected(code, "a compound command as the body of the function") }
        }
        let body = try command(code, lead)
        return add(code, Node(.functionDefinition, a: symbol, b: body, position: position))
    }
}
