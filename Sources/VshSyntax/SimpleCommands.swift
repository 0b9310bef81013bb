// SPDX-License-Identifier: MPL-2.0
import VshBase

extension Parser {
    /// Grammar `command`: `lead` is what stands at the cursor.
    mutating func command(_ code: Code, _ lead: Lead) throws(Stop) -> Int32 {
        if lead == .word || lead == .redirection { return try simpleCommand(code) }
        return try compoundCommand(code, lead)
    }

    /// Grammar `simple_command`, or a function definition.
    private mutating func simpleCommand(_ code: Code) throws(Stop) -> Int32 {
        let position = place(pos)
        let wordMark = words.count
        let assignmentMark = assignments.count
        let redirectionMark = redirections.count
        let substitutions = processSubstitutions
        var flags: NodeFlags = []
        var symbol: Symbol = -1
        var context: WordContext = .fields
        var isAfterCommand = false
        var isFirst = true
        loop: while true {
            let byte = base[pos]
            let kind = classOf(byte)
            if kind & ByteClass.delimiter != 0 {
                if byte == Byte.less || byte == Byte.greater || byte == Byte.ampersand && isOutputAndError() {
                    if isProcessSubstitution() {
                        try wordOfProcessSubstitution(code, context)
                    } else {
                        var descriptor: Int32 = -1
                        if words.count > wordMark, base[pos &- 1] == Byte.closeBrace, !options.isPosix {
                            descriptor = takeNamedDescriptor(code)
                            if words.count == wordMark { (symbol, context, isAfterCommand) = (-1, .fields, false) }
                        }
                        try redirection(code, descriptor, &flags)
                    }
                } else if byte == Byte.openParen {
                    if words.count == wordMark &+ 1 && assignments.count == assignmentMark
                        && redirections.count == redirectionMark && symbol >= 0
                        && words[wordMark].flags.isEmpty
                    {
                        words.pop(to: wordMark)
                        return try functionDefinition(code, symbol, position)
                    }
                    if try declaredList(code, context, wordMark, &flags) {
                        skipBlanksAndAliases()
                        continue
                    }
                    throw unexpected(code, "a word or the end of the command")
                } else {
                    break loop
                }
            } else if kind & ByteClass.digit != 0, let descriptor = ioNumber() {
                try redirection(code, descriptor, &flags)
            } else if words.count == wordMark {
                // Before the command name.
                if kind & ByteClass.name != 0, let nameEnd = assignmentName(takesElements: true) {
                    try assignment(code, nameEnd, &flags)
                } else if !isFirst && alias != nil && isAliasHere() {
                    skipBlanks()
                    continue
                } else {
                    let word = try word(code, .fields, as: .command)
                    words.append(word)
                    if word.form == .constant {
                        symbol = code.constants[word.a].withBytes { symbols.intern($0) }
                        (context, isAfterCommand) = declarationUtility(code.constants[word.a])
                    } else if word.flags.contains(.hasSubstitution) {
                        flags.insert(.hasSubstitution)
                    }
                }
            } else {
                let word = try word(code, context, as: .word)
                words.append(word)
                if word.flags.contains(.hasSubstitution) { flags.insert(.hasSubstitution) }
                if isAfterCommand { (context, isAfterCommand) = declarationAfterCommand(code, word) }
            }
            isFirst = false
            skipBlanksAndAliases()
        }
        let wordCount = words.count &- wordMark
        let assignmentCount = assignments.count &- assignmentMark
        let firstAssignment = takeAssignments(code, assignmentMark)
        if wordCount == 0 && redirections.count == redirectionMark {
            let node = add(
                code,
                Node(
                    .assignment, flags: flags, n: Int32(truncatingIfNeeded: assignmentCount), a: firstAssignment,
                    position: position))
            return substitutions == processSubstitutions ? node : processScope(code, node)
        }
        let firstWord = takeWords(code, wordMark)
        let node = add(
            code,
            Node(
                .simpleCommand, flags: flags, n: Int32(truncatingIfNeeded: wordCount), a: firstWord, b: symbol,
                c: firstAssignment, d: Int32(truncatingIfNeeded: assignmentCount),
                e: takeRedirections(code, redirectionMark), position: position))
        return substitutions == processSubstitutions ? node : processScope(code, node)
    }

    private mutating func isAliasHere() -> Bool {
        if frame == .alias { _ = passAliases() }
        return substituteAlias()
    }

    /// Moves the words from `mark` on to the code; returns the index of the first.
    @inline(__always)
    mutating func takeWords(_ code: Code, _ mark: Int) -> Int32 {
        let first = Int32(truncatingIfNeeded: code.words.count)
        for index in mark..<words.count { code.words.append(words[index]) }
        words.pop(to: mark)
        return first
    }

    @inline(__always)
    private mutating func takeAssignments(_ code: Code, _ mark: Int) -> Int32 {
        let first = Int32(truncatingIfNeeded: code.assignments.count)
        for index in mark..<assignments.count { code.assignments.append(assignments[index]) }
        assignments.pop(to: mark)
        return first
    }

    /// Moves the redirections from `mark` on to the code; -1 when there are none.
    @inline(__always)
    mutating func takeRedirections(_ code: Code, _ mark: Int) -> Int32 {
        if redirections.count == mark { return -1 }
        redirections.last.isLast = true
        let first = Int32(truncatingIfNeeded: code.redirections.count)
        for index in mark..<redirections.count { code.redirections.append(redirections[index]) }
        redirections.pop(to: mark)
        return first
    }

    // MARK: Declaration utilities

    /// How the arguments of the command `name` are read, and whether it is `command`, whose operand decides (XCU 2.9.1.1).
    @inline(__always)
    private mutating func declarationUtility(_ name: Text) -> (WordContext, Bool) {
        switch name.count {
        case 5, 6, 7, 8: return declarationUtilitySlowly(name)
        default: return (.fields, false)
        }
    }

    private mutating func declarationUtilitySlowly(_ name: Text) -> (WordContext, Bool) {
        let isDeclaration: Bool
        switch name[0] {
        case UInt8(ascii: "a"):
            if name.equals("alias") { definesAlias = true }
            return (.fields, false)
        case UInt8(ascii: "b"): return (.fields, name.equals("builtin") && !options.isPosix)
        case UInt8(ascii: "c"): return (.fields, name.equals("command"))
        case UInt8(ascii: "d"): isDeclaration = name.equals("declare")
        case UInt8(ascii: "e"): isDeclaration = name.equals("export")
        case UInt8(ascii: "l"): isDeclaration = name.equals("local")
        case UInt8(ascii: "r"): isDeclaration = name.equals("readonly")
        case UInt8(ascii: "t"): isDeclaration = name.equals("typeset")
        default: isDeclaration = false
        }
        return (isDeclaration ? [.fields, .declaration] : .fields, false)
    }

    /// The same after a word after `command`: its options are stepped over.
    private mutating func declarationAfterCommand(_ code: Code, _ word: Word) -> (WordContext, Bool) {
        if word.form != .constant { return (.fields, false) }
        let text = code.constants[word.a]
        if text.count > 0 && text[0] == Byte.minus { return (.fields, true) }
        return declarationUtility(text)
    }

    // MARK: Assignments

    /// The offset of the `=` when an assignment starts at the cursor; of the `[` when it is one to an element. A name that a line continuation
    /// breaks counts.
    @inline(__always)
    mutating func assignmentName(takesElements: Bool = false) -> Int? {
        var p = pos
        while classOf(base[p]) & ByteClass.name != 0 { p &+= 1 }
        if p == pos || classOf(base[pos]) & ByteClass.digit != 0 { return nil }
        if base[p] == Byte.equal { return p }
        if base[p] == Byte.plus && base[p &+ 1] == Byte.equal && !options.isPosix { return p &+ 1 }
        if base[p] != Byte.backslash {
            return takesElements && base[p] == Byte.openBracket && isElementAssignment(p) ? p : nil
        }
        while classOf(base[p]) & ByteClass.name != 0 || (base[p] == Byte.backslash && stepOverContinuation(&p)) {
            if classOf(base[p]) & ByteClass.name != 0 { p &+= 1 }
        }
        return base[p] == Byte.equal ? p : nil
    }

    private mutating func assignment(_ code: Code, _ nameEnd: Int, _ flags: inout NodeFlags) throws(Stop) {
        note(.assignment, pos)
        let symbol = name()
        if base[nameEnd] == Byte.openBracket {
            pos = nameEnd
            return try elementAssignment(code, symbol, &flags)
        }
        // An alias that begins a substitution can end within it: afterwards this text may be gone.
        let isAppending = base[nameEnd &- 1] == Byte.plus
        pos = nameEnd &+ 1
        if base[pos] == Byte.openParen && !options.isPosix {
            return try listAssignment(code, symbol, isAppending: isAppending, &flags)
        }
        let index = try value(code)
        if isAppending { appendValue(code, index, symbol) }
        let word = code.words[index]
        if word.flags.contains(.hasSubstitution) { flags.insert(.hasSubstitution) }
        var assignment = Assignment(symbol: symbol, word: index)
        if isAppending { assignment.flags.insert(.append) }
        if word.form == .general {
            if appendsToSelf(code, word, symbol) {
                assignment.flags.insert(.appendsToSelf)
                if mayAssign(code, word) { assignment.flags.insert(.mayChangeSelf) }
            } else if !isAppending && prependsToSelf(code, word, symbol) {
                assignment.flags.insert(.prependsToSelf)
            }
        }
        assignments.append(assignment)
    }

    /// The value after `name=`, which may be empty: its index in `Code.words`.
    @inline(__always)
    private mutating func value(_ code: Code) throws(Stop) -> Int32 {
        let word = try word(code, .assignment, as: .word)
        let index = Int32(truncatingIfNeeded: code.words.count)
        code.words.append(word)
        return index
    }

    /// Whether `word` is the value of `symbol` and then more.
    private func appendsToSelf(_ code: Code, _ word: Word, _ symbol: Symbol) -> Bool {
        let first = code.parts[word.a]
        if first.kind != .parameter || first.a != symbol { return false }
        return first.op == .none || first.op == .useDefault && first.b < 0
    }

    /// Whether to expand what stands behind the first part may assign something: an expression may even if it has no assignment, as the
    /// values of its variables are expressions.
    private func mayAssign(_ code: Code, _ word: Word) -> Bool {
        if word.flags.contains(.hasSideEffects) { return true }
        for index in word.a &+ 1..<word.a &+ word.count {
            let part = code.parts[index]
            switch part.kind {
            case .literal, .tilde: break
            case .parameter, .positional, .special: if part.op != .none { return true }
            default: return true
            }
        }
        return false
    }

    /// The same with the value at the end.
    private func prependsToSelf(_ code: Code, _ word: Word, _ symbol: Symbol) -> Bool {
        let value = code.parts[word.a &+ word.count &- 1]
        return value.kind == .parameter && value.a == symbol && value.op == .none
    }

    // MARK: Redirections

    /// The number at the cursor when a redirection operator follows it (grammar `IO_NUMBER`); the cursor is then on the operator.
    @inline(__always)
    mutating func ioNumber() -> Int32? {
        var p = pos &+ 1
        while classOf(base[p]) & ByteClass.digit != 0 { p &+= 1 }
        if base[p] != Byte.less && base[p] != Byte.greater && base[p] != Byte.backslash { return nil }
        return ioNumberSlowly()
    }

    @inline(never)
    private mutating func ioNumberSlowly() -> Int32? {
        var p = pos
        var number = 0
        while true {
            let byte = base[p]
            if classOf(byte) & ByteClass.digit != 0 {
                number = min(number &* 10 &+ Int(byte &- Byte.zero), Int(Int32.max))
                p &+= 1
            } else if byte == Byte.backslash && stepOverContinuation(&p) {
                continue
            } else if byte == Byte.less || byte == Byte.greater {
                note(.redirection, pos)
                pos = p
                return Int32(number)
            } else {
                return nil
            }
        }
    }

    /// `{name}` right before the operator at the cursor, which was read as a word: taken back from the words, it is the redirection's
    /// `descriptor`; else -1.
    @inline(never)
    private mutating func takeNamedDescriptor(_ code: Code) -> Int32 {
        let word = words[words.count &- 1]
        if word.form != .constant || word.flags.contains(.hasQuotes) { return -1 }
        let start = pos &- code.constants[word.a].count
        guard start >= 0, let (symbol, end) = namedDescriptor(start), end == pos else { return -1 }
        words.pop(to: words.count &- 1)
        return Redirection.named(symbol)
    }

    /// `{name}` at `start` where `<` or `>` follows: the name, and the offset after it. An extension.
    func namedDescriptor(_ start: Int) -> (Symbol, end: Int)? {
        if base[start] != Byte.openBrace || options.isPosix { return nil }
        var end = start &+ 1
        if classOf(base[end]) & ByteClass.digit != 0 { return nil }
        while classOf(base[end]) & (ByteClass.name | ByteClass.digit) != 0 { end &+= 1 }
        if base[end] != Byte.closeBrace || end == start &+ 1 { return nil }
        if base[end &+ 1] != Byte.less && base[end &+ 1] != Byte.greater { return nil }
        let symbol = symbols.intern(UnsafeBufferPointer(start: base + start + 1, count: end - start - 1))
        return (symbol, end &+ 1)
    }

    /// Whether the `&` at the cursor begins the operator `&>` or `&>>`. What can only be `&` and then `>&` or `>|` is left as that.
    @inline(never)
    mutating func isOutputAndError() -> Bool {
        let next = following()
        if next.byte != Byte.greater { return false }
        var offset = next.offset &+ 1
        while base[offset] == Byte.backslash && stepOverContinuation(&offset) {}
        return base[offset] != Byte.ampersand && base[offset] != Byte.bar
    }

    /// Grammar `io_redirect`, after its number, or -1 without one: the cursor is on the operator.
    mutating func redirection(_ code: Code, _ descriptor: Int32, _ flags: inout NodeFlags) throws(Stop) {
        let position = place(pos)
        let first = base[pos]
        if descriptor < 0 { note(.redirection, pos) }
        pos &+= 1
        let second = current()
        var op: RedirectionOperator = first == Byte.less ? .input : .output
        var length = 1
        if first == Byte.ampersand {
            pos &+= 1
            if current() == Byte.greater { op = .appendOutputAndError } else { (op, length) = (.outputAndError, 0) }
        } else if first == Byte.less {
            switch second {
            case Byte.less: op = .hereDocument
            case Byte.ampersand: op = .duplicateInput
            case Byte.greater: op = .readWrite
            default: length = 0
            }
        } else {
            switch second {
            case Byte.greater: op = .append
            case Byte.ampersand: op = .duplicateOutput
            case Byte.bar: op = .clobber
            default: length = 0
            }
        }
        pos &+= length
        if op == .hereDocument {
            let next = current()
            if next == Byte.minus {
                pos &+= 1
                op = .hereDocumentStrip
            } else if next == Byte.less && !options.isPosix {
                pos &+= 1
                op = .hereString
            }
        }
        note(.blank, pos)
        skipBlanksAndAliases()
        if classOf(base[pos]) & ByteClass.delimiter != 0 && !isProcessSubstitution() { throw missingTarget(code, op) }
        let number = descriptor != -1 ? descriptor : first == Byte.less ? 0 : 1
        if op == .hereDocument || op == .hereDocumentStrip {
            note(.hereDocumentDelimiter, pos)
            let delimiter = try hereDocumentDelimiter(code)
            note(.blank, pos)
            let word = Int32(truncatingIfNeeded: code.words.count)
            code.words.append(Word(.constant))
            pending.append(
                PendingHereDocument(
                    word: word, delimiter: delimiter.constant, stripsTabs: op == .hereDocumentStrip,
                    isQuoted: delimiter.isQuoted, position: position))
            redirections.append(
                Redirection(
                    op: op, isQuoted: delimiter.isQuoted, descriptor: number, word: word, delimiter: delimiter.constant,
                    position: position))
            return
        }
        let word = try word(code, [], as: .word)
        if word.flags.contains(.hasSubstitution) { flags.insert(.hasSubstitution) }
        let index = Int32(truncatingIfNeeded: code.words.count)
        code.words.append(word)
        redirections.append(Redirection(op: op, descriptor: number, word: index, position: position))
    }
}
