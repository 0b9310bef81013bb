// SPDX-License-Identifier: MPL-2.0
import VshBase

extension Parser {
    /// The word under construction in its most specific form, its parts copied to the code. `endWord` must follow.
    mutating func makeWord(_ code: Code, _ context: WordContext) -> Word {
        let mark = build.partMark
        let count = parts.count &- mark
        if count == 0 {
            code.constants.append(Text())
            let constant = Int32(truncatingIfNeeded: code.constants.count &- 1)
            return finished(code, context, Word(.constant, flags: build.flags, a: constant))
        }
        if count == 1 {
            let part = parts[mark]
            switch part.kind {
            case .literal:
                return constantWord(code, context)
            case .parameter where part.op == .none && !context.contains(.pattern):
                return Word(
                    part.isQuoted ? .quotedVariable : .variable, flags: build.flags, a: part.a)
            case .positional where part.op == .none && !context.contains(.pattern):
                return Word(
                    part.isQuoted ? .quotedPositional : .positional, flags: build.flags, a: part.a)
            case .special
            where part.op == .none && part.isQuoted && part.a == Int32(Byte.at) && !context.contains(.pattern):
                return Word(.allParameters, flags: build.flags)
            default: break
            }
        } else {
            var isConstant = true
            for index in mark..<parts.count where parts[index].kind != .literal { isConstant = false }
            if isConstant && (context.isDisjoint(with: [.keepsQuoting, .replacement]) || isUniform(mark)) {
                return constantWord(code, context)
            }
        }
        let first = Int32(truncatingIfNeeded: code.parts.count)
        for index in mark..<parts.count {
            var part = parts[index]
            if part.kind == .literal {
                part.a = text.withBytes(from: Int(part.a)) { bytes in
                    code.addConstant(UnsafeBufferPointer(rebasing: bytes[..<Int(part.b)]))
                }
                part.b = -1
            }
            code.parts.append(part)
        }
        var slot: Int32 = -1
        if context.contains(.pattern) {
            slot = Int32(truncatingIfNeeded: code.patterns.count)
            code.patterns.append(nil)
        }
        return Word(
            .general, flags: build.flags, count: Int32(truncatingIfNeeded: count), a: first, b: slot)
    }

    /// Whether the word so far is `name=` or `name+=` and unquoted text up to the end of that or to a colon: bash expands a tilde there in
    /// arguments too.
    func isAfterName() -> Bool {
        if parts.count == build.partMark || parts.last.kind != .literal || parts.last.isQuoted { return false }
        let first = parts[build.partMark]
        if first.kind != .literal || first.isQuoted { return false }
        let start = Int(first.a)
        let end = start &+ Int(first.b)
        var p = start
        while p < end && classOf(text[p]) & ByteClass.name != 0 { p &+= 1 }
        if p == start || classOf(text[start]) & ByteClass.digit != 0 { return false }
        if p < end && text[p] == Byte.plus { p &+= 1 }
        if p >= end || text[p] != Byte.equal { return false }
        return parts.count == build.partMark &+ 1 && p &+ 1 == text.count || text[text.count &- 1] == Byte.colon
    }

    /// All parts from `mark` on that hold bytes have the same quoting.
    private func isUniform(_ mark: Int) -> Bool {
        for index in mark &+ 1..<parts.count where parts[index].isQuoted != parts[mark].isQuoted { return false }
        return true
    }

    /// A word all of whose parts are literals.
    private mutating func constantWord(_ code: Code, _ context: WordContext) -> Word {
        let constant = constant(code, literalFrom: build.textMark)
        if parts[build.partMark].isQuoted { build.flags.insert(.hasQuotes) }
        return finished(code, context, Word(.constant, flags: build.flags, a: constant))
    }

    /// A constant word as its context wants it: with the text of its pattern where there is one.
    private mutating func finished(_ code: Code, _ context: WordContext, _ word: Word) -> Word {
        var word = word
        if context.contains(.pattern) {
            word.a = patternText(code, word.a)
            word.b = Int32(truncatingIfNeeded: code.patterns.count)
            word.form = .pattern
            if isLiteral(code.constants[word.a]) { word.flags.insert(.isLiteral) }
            code.patterns.append(nil)
        } else if context.contains(.fields) && build.hasPattern && !build.flags.contains(.isAssignmentLike) {
            word.b = patternText(code, word.a)
            word.form = .glob
        }
        return word
    }

    private func isLiteral(_ text: Text) -> Bool {
        text.withBytes { bytes in
            for byte in bytes {
                switch byte {
                case Byte.star, Byte.question, Byte.openBracket, Byte.backslash, Byte.openParen: return false
                default: continue
                }
            }
            return true
        }
    }

    /// The constant with the pattern text of a word of literals, whose text is the constant `plain`: a backslash before each quoted byte that
    /// could be special (XCU 2.14).
    private mutating func patternText(_ code: Code, _ plain: Int32) -> Int32 {
        var needsEscapes = false
        for index in build.partMark..<parts.count where parts[index].isQuoted && parts[index].b > 0 {
            needsEscapes = true
        }
        if !needsEscapes { return plain }
        let mark = text.count
        var isInBracket = false
        for index in build.partMark..<parts.count {
            let part = parts[index]
            for offset in Int(part.a)..<Int(part.a) &+ Int(part.b) {
                let byte = text[offset]
                if part.isQuoted {
                    switch byte {
                    case Byte.star, Byte.question, Byte.openBracket, Byte.closeBracket, Byte.backslash, Byte.openParen,
                        Byte.closeParen, Byte.bar:
                        text.append(Byte.backslash)
                    case Byte.minus, Byte.bang, Byte.caret, Byte.colon, Byte.dot, Byte.equal:
                        if isInBracket { text.append(Byte.backslash) }
                    default: break
                    }
                } else if byte == Byte.openBracket {
                    isInBracket = true
                }
                text.append(byte)
            }
        }
        defer { text.pop(to: mark) }
        return constant(code, literalFrom: mark)
    }
}
