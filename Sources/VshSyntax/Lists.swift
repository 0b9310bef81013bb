// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What stands at the cursor where a command may start.
enum Lead: UInt8 {
    // A command starts.
    case word, redirection, subshell, bang, braceGroup, ifClause, whileClause, untilClause, forClause
    case conditional, functionWord, selectClause, timeWord, caseClause
    // No command starts.
    case then, elseWord, elifWord, fi, doWord, done, esac, inWord, closeBrace
    case closeParen, newline, semicolon, ampersand, bar, end

    @inline(__always)
    var startsCommand: Bool { rawValue <= Lead.caseClause.rawValue }
}

extension Parser {
    // MARK: Tokens

    /// What stands at the cursor where a command may start, after blanks and comments are skipped and aliases substituted. The end of a reserved
    /// word is then in `tokenEnd`.
    @inline(__always)
    mutating func lead() throws(Stop) -> Lead {
        while true {
            skipBlanks()
            let byte = base[pos]
            if classOf(byte) & ByteClass.delimiter != 0 {
                switch byte {
                case Byte.newline: return .newline
                case Byte.less, Byte.greater: return .redirection
                case Byte.openParen: return .subshell
                case Byte.closeParen: return .closeParen
                case Byte.semicolon: return .semicolon
                case Byte.ampersand: return isOutputAndError() ? .redirection : .ampersand
                case Byte.bar: return .bar
                default: return .end
                }
            }
            let reserved = reservedWord()
            if reserved != .word { return reserved }
            if alias == nil { return .word }
            if frame == .alias { _ = passAliases() }
            if !substituteAlias() { return .word }
        }
    }

    /// The reserved word at the cursor (XCU 2.4), its end in `tokenEnd`; `.word` when it is none.
    @inline(__always)
    mutating func reservedWord() -> Lead {
        switch base[pos] {
        case Byte.bang, Byte.openBrace, Byte.closeBrace, UInt8(ascii: "c")...UInt8(ascii: "f"), UInt8(ascii: "i"),
            UInt8(ascii: "t"), UInt8(ascii: "u"), UInt8(ascii: "w"):
            return reservedWordSlowly()
        case Byte.openBracket: return base[pos &+ 1] == Byte.openBracket ? reservedWordSlowly() : .word
        case UInt8(ascii: "s"): return base[pos &+ 1] == UInt8(ascii: "e") ? reservedWordSlowly() : .word
        default: return .word
        }
    }

    @inline(never)
    private mutating func reservedWordSlowly() -> Lead {
        var packed: UInt64 = 0
        var p = pos
        var count = 0
        while true {
            let byte = base[p]
            if classOf(byte) & ByteClass.delimiter != 0 { break }
            if byte == Byte.backslash && stepOverContinuation(&p) { continue }
            if count == 5 { return longReservedWord(packed) }
            packed = packed << 8 | UInt64(byte)
            count &+= 1
            p &+= 1
        }
        tokenEnd = p
        switch packed {
        case 0x21: return .bang
        case 0x7b: return .braceGroup
        case 0x7d: return .closeBrace
        case 0x6966: return .ifClause
        case 0x7468_656e: return .then
        case 0x656c_7365: return .elseWord
        case 0x656c_6966: return .elifWord
        case 0x6669: return .fi
        case 0x646f: return .doWord
        case 0x646f_6e65: return .done
        case 0x6361_7365: return .caseClause
        case 0x6573_6163: return .esac
        case 0x7768_696c_65: return .whileClause
        case 0x756e_7469_6c: return .untilClause
        case 0x666f_72: return .forClause
        case 0x696e: return .inWord
        case 0x5b5b: return options.isPosix ? .word : .conditional
        case 0x7469_6d65: return isTimeWord() ? .timeWord : .word
        default: return .word
        }
    }

    /// Goes past the newline at the cursor, and past the bodies of here-documents that start there.
    @inline(__always)
    mutating func takeNewline(_ code: Code) throws(Stop) {
        note(.newline, pos)
        pos &+= 1
        note(.blank, pos)
        if frame != .source { leaveAliasLine() }
        if pending.count > pendingMark { try readHereDocuments(code) }
    }

    /// Returns from an alias value to the text around it when the line is read.
    @inline(never)
    private mutating func leaveAliasLine() {
        while frame == .alias && pos == end { leaveFrame() }
    }

    /// Grammar `linebreak`.
    @inline(__always)
    mutating func linebreak(_ code: Code) throws(Stop) {
        while true {
            skipBlanks()
            if base[pos] != Byte.newline { return }
            try takeNewline(code)
        }
    }

    /// What stands after newlines where a command may start: never a newline.
    @inline(__always)
    mutating func leadAfterLinebreak(_ code: Code) throws(Stop) -> Lead {
        while true {
            try linebreak(code)
            let lead = try lead()
            if lead != .newline { return lead }
        }
    }

    /// Counts a construct inside others.
    @inline(__always)
    mutating func enter(_ offset: Int) throws(Stop) {
        depth &+= 1
        if depth > options.maximumDepth { throw nestedTooDeeply(offset) }
    }

    // MARK: Lists

    /// Grammar `complete_command`, with the newline that ends it.
    mutating func completeCommand(_ code: Code) throws(Stop) -> ParsedCommand {
        switch try lead() {
        case .newline:
            try takeNewline(code)
            return .empty
        case .end: return .endOfInput
        default: break
        }
        let root = try list(code, isComplete: true)
        if base[pos] == Byte.newline {
            try takeNewline(code)
        } else if base[pos] == 0 && pos == end {
            if pending.count > 0 { try readHereDocuments(code) }
            if !options.isWhole && pos >= 2 && base[pos &- 1] == Byte.newline && base[pos &- 2] == Byte.backslash {
                throw endsInContinuation()
            }
        } else {
            let isOperator = classOf(base[pos]) & ByteClass.delimiter != 0 && base[pos] != Byte.closeParen
            throw unexpected(code, isOperator || root < 0 ? "a command" : "a newline or ';'")
        }
        return .command(root)
    }

    /// Grammar `compound_list`, which may be empty (-1): everything up to what starts no command. With `isComplete` a newline ends it.
    mutating func list(_ code: Code, isComplete: Bool = false) throws(Stop) -> Int32 {
        let mark = ints.count
        var position: Int32 = 0
        while true {
            if !isComplete { try linebreak(code) }
            let lead = try lead()
            if !lead.startsCommand {
                // An alias can have the value of a newline.
                if lead == .newline && !isComplete { continue }
                break
            }
            let start = pos
            if ints.count == mark { position = place(start) }
            let child = try andOrList(code, lead)
            skipBlanks()
            let byte = base[pos]
            if byte == Byte.semicolon {
                ints.append(child)
                let next = following().byte
                if next == Byte.semicolon || next == Byte.ampersand { break }
                takeOperator(pos &+ 1)
            } else if byte == Byte.newline {
                ints.append(child)
                if isComplete { break }
                try takeNewline(code)
            } else if byte == Byte.ampersand {
                var textEnd = pos
                while textEnd > start && classOf(base[textEnd &- 1]) & ByteClass.blank != 0 { textEnd &-= 1 }
                let textPlace = place(textEnd)
                takeOperator(pos &+ 1)
                ints.append(
                    add(
                        code,
                        Node(.background, a: child, b: textPlace, position: code.nodes[child].position)))
            } else {
                ints.append(child)
                break
            }
        }
        let count = ints.count &- mark
        if count == 0 { return -1 }
        if count == 1 { return ints.removeLast() }
        let first = takeInts(code, mark)
        return add(code, Node(.sequence, n: Int32(truncatingIfNeeded: count), a: first, position: position))
    }

    /// Moves the integers from `mark` on to the code; returns the index of the first.
    @inline(__always)
    mutating func takeInts(_ code: Code, _ mark: Int) -> Int32 {
        let first = Int32(truncatingIfNeeded: code.ints.count)
        for index in mark..<ints.count { code.ints.append(ints[index]) }
        ints.pop(to: mark)
        return first
    }

    @inline(__always)
    func add(_ code: Code, _ node: Node) -> Int32 {
        let index = Int32(truncatingIfNeeded: code.nodes.count)
        code.nodes.append(node)
        return index
    }

    /// Grammar `and_or`.
    private mutating func andOrList(_ code: Code, _ lead: Lead) throws(Stop) -> Int32 {
        let position = place(pos)
        let first = try pipeline(code, lead)
        skipBlanks()
        var byte = base[pos]
        if byte != Byte.ampersand && byte != Byte.bar { return first }
        let mark = ints.count
        while byte == Byte.ampersand || byte == Byte.bar {
            let next = following()
            if next.byte != byte { break }
            if ints.count == mark {
                ints.append(first)
                ints.append(0)
            }
            let operatorOffset = pos
            takeOperator(next.offset &+ 1)
            let lead = try leadAfterLinebreak(code)
            if !lead.startsCommand {
                throw unexpected(
                    code, byte == Byte.bar ? "a command after '||'" : "a command after '&&'", opener: nil,
                    at: place(operatorOffset))
            }
            let child = try pipeline(code, lead)
            ints.append(child)
            ints.append(byte == Byte.bar ? 1 : 0)
            skipBlanks()
            byte = base[pos]
        }
        let count = (ints.count &- mark) / 2
        if count == 0 { return first }
        let a = takeInts(code, mark)
        return add(code, Node(.andOr, n: Int32(truncatingIfNeeded: count), a: a, position: position))
    }

    /// Grammar `pipeline`.
    mutating func pipeline(_ code: Code, _ lead: Lead) throws(Stop) -> Int32 {
        if lead == .timeWord { return try timed(code) }
        if lead == .bang {
            let position = place(pos)
            takeReserved()
            let next = try self.lead()
            if !next.startsCommand || next == .bang { throw unexpected(code, "a command after '!'") }
            let child = next == .timeWord ? try timed(code) : try pipeSequence(code, next)
            return add(code, Node(.not, a: child, position: position))
        }
        return try pipeSequence(code, lead)
    }

    @inline(__always)
    private mutating func pipeSequence(_ code: Code, _ lead: Lead) throws(Stop) -> Int32 {
        let start = pos
        let first = try command(code, lead)
        skipBlanks()
        if base[pos] != Byte.bar || following().byte == Byte.bar { return first }
        return try pipeRest(
            code, first, code.nodes[first].position == place(start) ? place(start) : code.nodes[first].position)
    }

    @inline(never)
    private mutating func pipeRest(_ code: Code, _ first: Int32, _ position: Int32) throws(Stop) -> Int32 {
        let mark = ints.count
        ints.append(first)
        while base[pos] == Byte.bar && following().byte != Byte.bar {
            let next = following()
            if next.byte == Byte.ampersand && !options.isPosix {
                // `|&`
                takeOperator(next.offset &+ 1)
                ints.last = redirectingErrors(code, ints.last)
            } else {
                takeOperator(pos &+ 1)
            }
            let lead = try leadAfterLinebreak(code)
            if !lead.startsCommand || lead == .bang || lead == .timeWord {
                throw unexpected(code, "a command after '|'")
            }
            let child = try command(code, lead)
            ints.append(child)
            skipBlanks()
        }
        let count = ints.count &- mark
        let a = takeInts(code, mark)
        return add(code, Node(.pipeline, n: Int32(truncatingIfNeeded: count), a: a, position: position))
    }
}
