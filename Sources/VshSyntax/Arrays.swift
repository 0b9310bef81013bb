// SPDX-License-Identifier: MPL-2.0
import VshBase

/// `x=(…)`, `x[i]=…` and `${x[i]}` of bash; never read in POSIX mode (docs/decisions/0010-arrays.md).
extension Parser {
    /// In place of a subscript's word: `[@]` and `[*]`.
    static var allElements: Int32 { -1 }
    static var joinedElements: Int32 { -2 }

    // MARK: Subscripts

    /// Where the `]` is that belongs to the `[` at `open`, or -1 when there is none before the end of the line: quotes and expansions are
    /// stepped over, nothing is parsed.
    mutating func subscriptEnd(_ open: Int) -> Int {
        var p = open &+ 1
        // What is open: `]`, `)`, `}`; and without the first.
        var depth = 0
        var substitutions = 0
        while p < end || substitutions > 0 && isRead(p) {
            let byte = base[p]
            switch byte {
            case Byte.backslash: p &+= 1
            case Byte.singleQuote, Byte.doubleQuote, Byte.backquote:
                p &+= 1
                while isRead(p) && base[p] != byte {
                    p &+= base[p] == Byte.backslash && byte != Byte.singleQuote ? 2 : 1
                }
            case Byte.dollar where base[p &+ 1] == Byte.openParen || base[p &+ 1] == Byte.openBrace:
                depth &+= 1
                substitutions &+= 1
                p &+= 1
            case Byte.openBracket: depth &+= 1
            case Byte.openParen where substitutions > 0:
                depth &+= 1
                substitutions &+= 1
            case Byte.closeParen where substitutions > 0, Byte.closeBrace where substitutions > 0:
                depth &-= 1
                substitutions &-= 1
            case Byte.closeBracket:
                if depth == 0 { return p }
                depth &-= 1
            case Byte.newline, Byte.semicolon:
                if substitutions == 0 { return -1 }
            default: break
            }
            p &+= 1
        }
        return -1
    }

    /// Whether there is a byte at `offset`, which is read if need be.
    private mutating func isRead(_ offset: Int) -> Bool {
        while offset >= end { if !more() { return false } }
        return true
    }

    /// Whether the `[` at `open`, after a name, begins the subscript of an assignment.
    @inline(never)
    mutating func isElementAssignment(_ open: Int) -> Bool {
        if options.isPosix { return false }
        let close = subscriptEnd(open)
        if close <= open &+ 1 { return false }
        return base[close &+ 1] == Byte.equal || base[close &+ 1] == Byte.plus && base[close &+ 2] == Byte.equal
    }

    /// The subscript whose `[` is at the cursor, into three of `Code.ints`: the symbol, its word (or `allElements`, `joinedElements`), and the
    /// root of its expression in `Code.arithmetic` where that is known (or -1). Nil, with the cursor where it goes wrong, when it is none.
    mutating func elementSubscript(
        _ code: Code, _ symbol: Symbol, _ context: WordContext
    ) throws(Stop) -> Int32? {
        let start = pos
        var word = Parser.allElements
        var root: Int32 = -1
        pos &+= 1
        if base[pos] == Byte.closeBracket { return nil }
        if (base[pos] == Byte.at || base[pos] == Byte.star) && base[pos &+ 1] == Byte.closeBracket {
            if base[pos] == Byte.star { word = Parser.joinedElements }
            pos &+= 2
        } else {
            try enter(start)
            let outer = beginWord()
            try unquotedText(code, context.union(.subscripted))
            let isClosed = base[pos] == Byte.closeBracket
            let made = makeWord(code, [])
            endWord(outer)
            depth &-= 1
            if !isClosed {
                if base[pos] == 0 { throw unterminated("[", start) }
                return nil
            }
            pos &+= 1
            word = Int32(truncatingIfNeeded: code.words.count)
            code.words.append(made)
            if made.form == .constant {
                root = constantSubscript(code, code.constants[made.a])
            } else {
                build.flags.insert(.hasSideEffects)
            }
        }
        let first = Int32(truncatingIfNeeded: code.ints.count)
        code.ints.append(symbol)
        code.ints.append(word)
        code.ints.append(root)
        return first
    }

    /// The root of the expression of a subscript without expansions; -1 when it is none, which matters only if it is evaluated.
    private mutating func constantSubscript(_ code: Code, _ text: Text) -> Int32 {
        let (nodes, integers, constants) = (code.arithmetic.count, code.integers.count, code.constants.count)
        let symbols = symbols
        let compiled = text.withBytes { bytes in
            var expression = ArithmeticParser(bytes, symbols: symbols, code: code)
            expression.isExtended = true
            do throws(ArithmeticFailure) {
                return (try expression.parse(), expression.hasAssignment)
            } catch {
                return (Int32(-1), true)
            }
        }
        if compiled.1 { build.flags.insert(.hasSideEffects) }
        if compiled.0 < 0 {
            code.arithmetic.pop(to: nodes)
            code.integers.pop(to: integers)
            code.constants.pop(to: constants)
        }
        return compiled.0
    }

    /// `${x[…`, after the name: makes `part` the element; false, with the cursor where it goes wrong, when it is none.
    mutating func element(_ code: Code, _ part: inout Part) throws(Stop) -> Bool {
        guard let first = try elementSubscript(code, part.a, .operand) else { return false }
        part.kind = .element
        part.a = first
        return true
    }

    /// The subscript of `${!x[…`: `${!x[@]}` lists subscripts, others name the parameter that is meant by their value.
    mutating func indirectElement(_ code: Code, _ part: inout Part) throws(Stop) -> Bool {
        guard try element(code, &part) else { return false }
        if code.ints[part.a &+ 1] < 0 && current() == Byte.closeBrace {
            part.op = .keys
        } else {
            part.flags.insert(.isIndirect)
        }
        return true
    }

    /// `@Q}` and the like after a parameter: false when it is none.
    mutating func transformation(_ part: inout Part) -> Bool {
        let letter = base[pos &+ 1]
        switch letter {
        case UInt8(ascii: "Q"), UInt8(ascii: "E"), UInt8(ascii: "P"), UInt8(ascii: "A"), UInt8(ascii: "K"),
            UInt8(ascii: "k"), UInt8(ascii: "a"), UInt8(ascii: "u"), UInt8(ascii: "U"), UInt8(ascii: "L"):
            break
        default: return false
        }
        if base[pos &+ 2] != Byte.closeBrace { return false }
        part.op = .transform
        part.c = Int32(letter)
        pos &+= 3
        return true
    }

    // MARK: Groups in patterns

    /// Whether the delimiter at the cursor belongs to a group such as `@(a|b)`.
    mutating func isPatternGroup(_ byte: UInt8, _ context: WordContext) -> Bool {
        if byte == Byte.openParen {
            if build.openParentheses == 0 {
                if !options.hasPatternGroups && !context.contains(.patternGroups)
                    || parts.count == build.partMark || parts.last.kind != .literal || parts.last.isQuoted
                    || parts.last.b == 0
                {
                    return false
                }
                switch text[text.count &- 1] {
                case Byte.star, Byte.question, Byte.plus, Byte.at, Byte.bang: break
                default: return false
                }
            }
            build.openParentheses &+= 1
            build.hasPattern = true
        } else if byte == Byte.closeParen {
            build.openParentheses &-= 1
        }
        return true
    }

    // MARK: Assignments

    /// `x[i]=…` or `x[i]+=…`; the cursor is on the `[`.
    mutating func elementAssignment(
        _ code: Code, _ symbol: Symbol, _ flags: inout NodeFlags
    ) throws(Stop) {
        let start = pos
        let substitutions = build.flags
        build.flags = []
        guard let first = try elementSubscript(code, symbol, []) else { throw unexpected(code, "a subscript and ']='") }
        if build.flags.contains(.hasSubstitution) { flags.insert(.hasSubstitution) }
        build.flags = substitutions
        let isAppending = base[pos] == Byte.plus
        if isAppending { pos &+= 1 }
        if base[pos] != Byte.equal { throw unexpected(code, "'=' after a subscript") }
        pos &+= 1
        if base[pos] == Byte.openParen { throw listInElement(start) }
        let value = try word(code, .assignment, as: .word)
        if value.flags.contains(.hasSubstitution) { flags.insert(.hasSubstitution) }
        var assignment = Assignment(
            symbol: symbol, word: append(code, value),
            flags: isAppending ? [.element, .append] : .element)
        assignment.word = append(code, Word(.arrayElement, a: assignment.word))
        assignment.subscriptWord = first
        assignments.append(assignment)
    }

    func append(_ code: Code, _ word: Word) -> Int32 {
        code.words.append(word)
        return Int32(truncatingIfNeeded: code.words.count &- 1)
    }

    /// `x=(…)` or `x+=(…)`; the cursor is on the parenthesis.
    mutating func listAssignment(
        _ code: Code, _ symbol: Symbol, isAppending: Bool, _ flags: inout NodeFlags
    ) throws(Stop) {
        let list = try arrayList(code)
        if list.flags.contains(.hasSubstitution) { flags.insert(.hasSubstitution) }
        assignments.append(
            Assignment(
                symbol: symbol, word: append(code, list), flags: isAppending ? [.list, .append] : .list))
    }

    /// The elements between parentheses, each three of `Code.ints`: its subscript (as `elementSubscript` makes it, or -1), its word, and 1 for
    /// `[i]+=`. The cursor is on the parenthesis.
    mutating func arrayList(_ code: Code) throws(Stop) -> Word {
        let open = place(pos)
        try enter(pos)
        let mark = ints.count
        var flags: WordFlags = []
        note(.operator, pos)
        pos &+= 1
        note(.blank, pos)
        while true {
            try linebreak(code)
            let byte = base[pos]
            if byte == Byte.closeParen { break }
            if classOf(byte) & ByteClass.delimiter != 0 && !isProcessSubstitution() {
                if byte == 0 && pos == end { throw unterminated("(", at: open) }
                throw unexpected(code, "a word or ')'", opener: "(", at: open)
            }
            var subscripts: Int32 = -1
            var isAppending = false
            var context = WordContext.fields
            let outer = build.flags
            build.flags = []
            if byte == Byte.openBracket && isElementAssignment(pos) {
                note(.assignment, pos)
                let start = pos
                guard let first = try elementSubscript(code, -1, []), base[pos] == Byte.equal || base[pos] == Byte.plus
                else { throw unexpected(code, "a subscript and ']='") }
                subscripts = first
                isAppending = base[pos] == Byte.plus
                pos &+= isAppending ? 2 : 1
                if base[pos] == Byte.openParen { throw listInElement(start) }
                context = .assignment
            }
            let value = try word(code, context, as: .word)
            flags.formUnion(value.flags.union(build.flags).intersection([.hasSubstitution, .hasSideEffects]))
            build.flags = outer
            ints.append(subscripts)
            ints.append(append(code, value))
            ints.append(isAppending ? 1 : 0)
        }
        note(.operator, pos)
        pos &+= 1
        note(.blank, pos)
        depth &-= 1
        let first = Int32(truncatingIfNeeded: code.ints.count)
        for index in mark..<ints.count { code.ints.append(ints[index]) }
        let count = (ints.count &- mark) / 3
        ints.pop(to: mark)
        return Word(.list, flags: flags, count: Int32(truncatingIfNeeded: count), a: first)
    }

    /// `declare x=(…)`: the list after the argument `x=` that was read last becomes a part of it. False when there is no such argument.
    mutating func declaredList(_ code: Code, _ context: WordContext, _ mark: Int, _ flags: inout NodeFlags) throws(Stop)
        -> Bool
    {
        if options.isPosix || !context.contains(.declaration) || words.count &- mark < 2 { return false }
        let last = words.last
        if last.form != .constant || !last.flags.contains(.isAssignmentLike) || last.flags.contains(.hasQuotes) {
            return false
        }
        let text = code.constants[last.a]
        if text.count < 2 || text[text.count &- 1] != Byte.equal || base[pos &- 1] != Byte.equal { return false }
        var list = try arrayList(code)
        list.b = last.a
        if list.flags.contains(.hasSubstitution) { flags.insert(.hasSubstitution) }
        words.last = list
        return true
    }

    @inline(never)
    mutating func listInElement(_ start: Int) -> Stop {
        failure("an element of an array holds one text; a list is assigned to the whole: name=(…)", start, pos &+ 1)
    }
}
