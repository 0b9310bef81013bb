// SPDX-License-Identifier: MPL-2.0
import VshBase

/// `[[ … ]]` of bash and ksh; never read in POSIX mode. From weak to strong: `||`, `&&`, `!`, primaries and parentheses.
extension Parser {
    /// The command; the cursor is on `[[`.
    mutating func conditionalCommand(_ code: Code, _ position: Int32) throws(Stop) -> Int32 {
        takeReserved()
        let root = try disjunction(code, position)
        if !isConditionalEnd() { throw unexpected(code, "'&&', '||' or ']]'", opener: "[[", at: position) }
        tokenEnd = pos &+ 2
        takeReserved()
        return root
    }

    private func isConditionalEnd() -> Bool {
        base[pos] == Byte.closeBracket && base[pos &+ 1] == Byte.closeBracket
            && classOf(base[pos &+ 2]) & ByteClass.delimiter != 0
    }

    private func node(
        _ op: ConditionalOperator, a: Int32, b: Int32 = -1, c: Int32 = -1, _ position: Int32
    ) -> Node {
        Node(.conditionalCommand, n: op.rawValue, a: a, b: b, c: c, position: position)
    }

    private mutating func disjunction(_ code: Code, _ position: Int32) throws(Stop) -> Int32 {
        var left = try conjunction(code, position)
        while base[pos] == Byte.bar, following().byte == Byte.bar {
            takeOperator(following().offset &+ 1)
            let right = try conjunction(code, position)
            left = add(code, node(.or, a: left, b: right, position))
        }
        return left
    }

    private mutating func conjunction(_ code: Code, _ position: Int32) throws(Stop) -> Int32 {
        var left = try condition(code, position)
        while base[pos] == Byte.ampersand, following().byte == Byte.ampersand {
            takeOperator(following().offset &+ 1)
            let right = try condition(code, position)
            left = add(code, node(.and, a: left, b: right, position))
        }
        return left
    }

    /// What `&&` and `||` connect, and the newlines after it.
    private mutating func condition(_ code: Code, _ position: Int32) throws(Stop) -> Int32 {
        try enter(pos)
        try linebreak(code)
        let result: Int32
        if base[pos] == Byte.openParen {
            takeOperator(pos &+ 1)
            let inner = try disjunction(code, position)
            if base[pos] != Byte.closeParen { throw unexpected(code, "'&&', '||' or ')'", opener: "[[", at: position) }
            takeOperator(pos &+ 1)
            result = add(code, node(.group, a: inner, position))
        } else if base[pos] == Byte.bang, classOf(following().byte) & ByteClass.delimiter != 0 {
            takeOperator(pos &+ 1)
            let inner = try condition(code, position)
            result = add(code, node(.not, a: inner, position))
        } else if let letter = unaryOperator() {
            takeOperator(pos &+ 2)
            skipBlanks()
            let operand = try conditionalWord(code, position, [])
            result = add(code, node(.unary, a: operand, c: Int32(letter), position))
        } else {
            result = try comparison(code, position)
        }
        try linebreak(code)
        depth &-= 1
        return result
    }

    /// The letter of the unary operator at the cursor.
    private func unaryOperator() -> UInt8? {
        if base[pos] != Byte.minus || base[pos &+ 1] == 0 { return nil }
        let known: StaticString = "abcdefghkLnNoGOprRsStuvwxz"
        let letter = base[pos &+ 1]
        if classOf(base[pos &+ 2]) & ByteClass.delimiter == 0 { return nil }
        for index in 0..<known.utf8CodeUnitCount where known.utf8Start[index] == letter { return letter }
        return nil
    }

    /// A word, or two with an operator between them.
    private mutating func comparison(_ code: Code, _ position: Int32) throws(Stop) -> Int32 {
        let left = try conditionalWord(code, position, [])
        skipBlanks()
        guard let (op, length) = binaryOperator() else { return add(code, node(.word, a: left, position)) }
        takeOperator(pos &+ length)
        skipBlanks()
        let context: WordContext
        switch op {
        case .equal, .singleEqual, .notEqual: context = [.pattern, .patternGroups]
        case .matches: context = [.regularExpression, .keepsQuoting]
        default: context = []
        }
        let right = try conditionalWord(code, position, context)
        return add(code, node(op, a: left, b: right, position))
    }

    private func binaryOperator() -> (ConditionalOperator, Int)? {
        let second = base[pos] == 0 ? 0 : base[pos &+ 1]
        func ends(_ length: Int) -> Bool { classOf(base[pos &+ length]) & ByteClass.delimiter != 0 }
        switch base[pos] {
        case Byte.less: return (.before, 1)
        case Byte.greater: return (.after, 1)
        case Byte.bang where second == Byte.equal && ends(2): return (.notEqual, 2)
        case Byte.equal:
            if second == Byte.equal && ends(2) { return (.equal, 2) }
            if second == Byte.tilde && ends(2) { return (.matches, 2) }
            return ends(1) ? (.singleEqual, 1) : nil
        case Byte.minus:
            if second == 0 || base[pos &+ 2] == 0 || !ends(3) { return nil }
            switch (second, base[pos &+ 2]) {
            case (101, 113): return (.eq, 3)
            case (110, 101): return (.ne, 3)
            case (108, 116): return (.lt, 3)
            case (108, 101): return (.le, 3)
            case (103, 116): return (.gt, 3)
            case (103, 101): return (.ge, 3)
            case (110, 116): return (.newer, 3)
            case (111, 116): return (.older, 3)
            case (101, 102): return (.sameFile, 3)
            default: return nil
            }
        default: return nil
        }
    }

    /// The index of the word at the cursor.
    private mutating func conditionalWord(
        _ code: Code, _ position: Int32, _ context: WordContext
    ) throws(Stop) -> Int32 {
        let startsGroup = context.contains(.regularExpression) && (base[pos] == Byte.openParen || base[pos] == Byte.bar)
        if isConditionalEnd() || classOf(base[pos]) & ByteClass.delimiter != 0 && !startsGroup {
            throw unexpected(code, "an operand", opener: "[[", at: position)
        }
        note(.word, pos)
        let word =
            context.contains(.regularExpression) ? try wordSlowly(code, context) : try word(code, context, as: .word)
        note(.blank, pos)
        code.words.append(word)
        return Int32(truncatingIfNeeded: code.words.count &- 1)
    }

    /// Whether the delimiter at the cursor is a part of the regular expression that is read.
    mutating func isRegularExpressionText(_ byte: UInt8) -> Bool {
        switch byte {
        case Byte.openParen:
            build.openParentheses &+= 1
            return true
        case Byte.closeParen:
            if build.openParentheses == 0 { return false }
            build.openParentheses &-= 1
            return true
        case Byte.bar: return build.openParentheses > 0 || following().byte != Byte.bar
        default: return build.openParentheses > 0
        }
    }
}
