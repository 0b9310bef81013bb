// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What ends the text of an expression.
enum ArithmeticEnd {
    /// `))`
    case parentheses
    /// `;`
    case semicolon
    /// `:` outside `?:`, or `}`, on which the cursor stays.
    case colonOrBrace
    /// `}`, on which the cursor stays.
    case brace
    /// `]`
    case bracket
}

extension Parser {
    /// What opened the expression that belongs to `position`: an expansion, or a command.
    private func arithmeticOpener(_ position: Int32) -> StaticString {
        if Int(position) >= source.count || source.base[Int(position)] != Byte.dollar { return "((" }
        return source.base[Int(position) &+ 1] == Byte.openBracket ? "$[" : "$(("
    }

    /// `$[…]`, the form of `$((…))` that bash had before; the cursor is on the bracket.
    mutating func bracketArithmetic(_ code: Code, _ start: Int, _ position: Int32, isQuoted: Bool) throws(Stop) {
        let outerKind = wordKind
        wordKind = .arithmetic
        note(.arithmetic, start)
        pos &+= 1
        _ = try arithmeticText(code, position, isQuoted: isQuoted, ending: .bracket)
        wordKind = outerKind
        note(outerKind, pos)
    }

    /// Whether `$((` at this place was found to begin a command substitution.
    private func isKnownCommand(_ place: Int) -> Bool {
        notArithmetic.withElements { places in
            for known in places where known == place { return true }
            return false
        }
    }

    /// Stands in the text of an arithmetic expansion for a part that is not a literal.
    static var placeholder: UInt8 { 1 }

    /// `$((…))` (XCU 2.6.4), if it is one: `inner` is the offset of the second parenthesis. False, with the cursor where it was, when the text
    /// can only be a command substitution that starts with a subshell.
    mutating func arithmeticExpansion(
        _ code: Code, _ start: Int, _ inner: Int, _ position: Int32, isQuoted: Bool
    ) throws(Stop) -> Bool {
        let mark = pos
        if frame != .alias && !notArithmetic.isEmpty && isKnownCommand(serial << 40 | start) { return false }
        // No way back where the text may move while it is read, nor, lest time be endless, after many ways back: text in
        // backquotes is another each time.
        let isFinal = frame == .alias || notArithmetic.count > 1024
        if isFinal && !looksLikeArithmetic(inner &+ 1) { return false }
        let outerKind = wordKind
        wordKind = .arithmetic
        note(.arithmetic, start)
        pos = inner &+ 1
        let undo = Marks(code, self)
        let (outerAlias, definedAlias) = (alias, definesAlias)
        do throws(Stop) {
            if try arithmeticText(code, position, isQuoted: isQuoted) { return true }
        } catch {
            if isFinal || isTooDeep { throw error }
        }
        if isFinal { throw unterminated(arithmeticOpener(position), at: position) }
        // Text without end is not tried as another thing (XCU 2.6.4).
        if !failures.isEmpty, failures[0].isIncomplete, failures[0].range.lowerBound == Int(position) { throw Stop() }
        failures.removeAll()
        wordKind = outerKind
        (alias, definesAlias) = (outerAlias, definedAlias)
        undo.restore(code, &self)
        notArithmetic.append(serial << 40 | start)
        pos = mark
        return false
    }

    /// The text up to `ending`, and the expression in it; false when a single `)` ends it.
    mutating func arithmeticText(
        _ code: Code, _ position: Int32, isQuoted: Bool, ending: ArithmeticEnd = .parentheses
    ) throws(Stop) -> Bool {
        try enter(pos)
        let outer = beginWord()
        var open = 0
        var isPlain = true
        var brackets = 0
        // `?` whose `:` is still to come.
        var questions = 0
        scan: while true {
            let byte = base[pos]
            switch byte {
            case Byte.openParen:
                open &+= 1
                literal(byte: byte, isQuoted: true)
                pos &+= 1
            case Byte.closeParen:
                if open == 0 && ending == .bracket { throw unexpected(code, "']'", opener: "$[", at: position) }
                if open == 0 && ending != .colonOrBrace && ending != .brace && ending != .bracket {
                    if ending == .semicolon { return false }
                    pos &+= 1
                    let next = current()
                    if next == 0 { throw unterminated(arithmeticOpener(position), at: position) }
                    if next != Byte.closeParen { return false }
                    pos &+= 1
                    break scan
                }
                open &-= 1
                literal(byte: byte, isQuoted: true)
                pos &+= 1
            case Byte.semicolon where ending == .semicolon && open == 0:
                pos &+= 1
                break scan
            case Byte.closeBrace where ending == .colonOrBrace || ending == .brace: break scan
            case Byte.openBracket where ending == .bracket:
                brackets &+= 1
                literal(byte: byte, isQuoted: true)
                pos &+= 1
            case Byte.closeBracket where ending == .bracket:
                // Parentheses balance, so that it can be written as `$((…))`.
                if brackets == 0 && open > 0 { throw unexpected(code, "')'", opener: "$[", at: position) }
                pos &+= 1
                if brackets == 0 { break scan }
                brackets &-= 1
                literal(byte: byte, isQuoted: true)
            case Byte.question where ending == .colonOrBrace:
                questions &+= 1
                literal(byte: byte, isQuoted: true)
                pos &+= 1
            case Byte.colon where ending == .colonOrBrace && open == 0:
                if questions == 0 { break scan }
                questions &-= 1
                literal(byte: byte, isQuoted: true)
                pos &+= 1
            case Byte.dollar:
                let count = parts.count
                try dollar(code, isQuoted: true, isText: true)
                if parts.count > count && parts.last.kind != .literal { text.append(Parser.placeholder) }
            case Byte.backquote:
                try backquotes(code, isQuoted: true)
                text.append(Parser.placeholder)
            case Byte.backslash:
                quotedBackslash(alsoEscapes: Byte.doubleQuote)
            case Byte.doubleQuote:
                pos &+= 1
            case Parser.placeholder:
                isPlain = false
                literal(byte: byte, isQuoted: true)
                pos &+= 1
            case 0:
                if pos < end {
                    pos &+= 1
                } else if !more() {
                    throw unterminated(
                        ending == .colonOrBrace || ending == .brace ? "${" : arithmeticOpener(position), at: position)
                }
            default:
                literal(byte: byte, isQuoted: true)
                pos &+= 1
            }
        }
        let hasExpansions = text.count &- build.textMark != literalBytes()
        let word = makeWord(code, [])
        let index = Int32(truncatingIfNeeded: code.words.count)
        code.words.append(word)
        var root: Int32 = -1
        var assigns = true
        let hasOperands = hasExpansions && needsOperands(code, word)
        if isPlain {
            let nodeMark = code.arithmetic.count
            let integerMark = code.integers.count
            let wordMark = code.words.count
            let symbols = symbols
            let isExtended = !options.isPosix
            let compiled = text.withBytes(from: build.textMark) { bytes in
                var expression = ArithmeticParser(bytes, symbols: symbols, code: code)
                expression.textWord = index
                expression.hasOperands = hasOperands
                expression.isExtended = isExtended
                do throws(ArithmeticFailure) {
                    return (try expression.parse(), expression.hasAssignment)
                } catch {
                    return (Int32(-1), true)
                }
            }
            root = compiled.0
            assigns = compiled.1
            if root < 0 {
                code.arithmetic.pop(to: nodeMark)
                code.integers.pop(to: integerMark)
                code.words.pop(to: wordMark)
            }
        }
        endWord(outer)
        depth &-= 1
        if assigns || hasExpansions { build.flags.insert(.hasSideEffects) }
        parts.append(Part(.arithmetic, isQuoted: isQuoted, a: root, b: index, c: hasOperands ? 0 : -1))
        return true
    }

    /// Whether some expansion in the text of an expression is more than the plain value of a variable or positional parameter.
    private func needsOperands(_ code: Code, _ word: Word) -> Bool {
        if word.form != .general { return false }
        for index in word.a..<word.a &+ word.count {
            let part = code.parts[index]
            if part.kind != .literal && (part.op != .none || part.kind != .parameter && part.kind != .positional) {
                return true
            }
        }
        return false
    }

    /// How many bytes the literals of the word under construction hold.
    private func literalBytes() -> Int {
        var count = 0
        for index in build.partMark..<parts.count where parts[index].kind == .literal { count &+= Int(parts[index].b) }
        return count
    }

    /// Whether parentheses in the text from `offset` on balance such that `))` ends it; quotes are stepped over, nothing is parsed.
    private mutating func looksLikeArithmetic(_ offset: Int) -> Bool {
        var p = offset
        var open = 0
        while true {
            switch base[p] {
            case Byte.openParen: open &+= 1
            case Byte.closeParen:
                if open == 0 { return base[p &+ 1] == Byte.closeParen }
                open &-= 1
            case Byte.backslash:
                if p &+ 1 < end { p &+= 1 }
            case Byte.singleQuote, Byte.doubleQuote, Byte.backquote:
                let quote = base[p]
                p &+= 1
                while p < end && base[p] != quote {
                    p &+= base[p] == Byte.backslash && quote != Byte.singleQuote && p &+ 1 < end ? 2 : 1
                }
                if p >= end {
                    if !more() { return true }
                    p &-= 1
                }
            case 0:
                if p >= end {
                    if !more() { return true }
                    continue
                }
            default: break
            }
            p &+= 1
        }
    }
}

/// How full the tables are, to go back to after an attempt that failed.
struct Marks {
    private let code: (Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int)
    private let stacks: (Int, Int, Int, Int, Int, Int, Int, Int)
    private let pendingMark: Int
    private let tokenMarks: Int
    private let build: WordBuild
    private let depth: Int
    private let frames: Int

    init(_ c: Code, _ p: borrowing Parser) {
        code = (
            c.nodes.count, c.words.count, c.parts.count, c.ints.count, c.assignments.count, c.redirections.count,
            c.caseItems.count, c.arithmetic.count, c.integers.count, c.constants.count, c.patterns.count
        )
        stacks = (
            p.words.count, p.parts.count, p.ints.count, p.assignments.count, p.redirections.count, p.caseItems.count,
            p.pending.count, p.text.count
        )
        pendingMark = p.pendingMark
        tokenMarks = p.tokenMarks.count
        build = p.build
        depth = p.depth
        frames = p.frames.count
    }

    func restore(_ c: Code, _ p: inout Parser) {
        c.nodes.pop(to: code.0)
        c.words.pop(to: code.1)
        c.parts.pop(to: code.2)
        c.ints.pop(to: code.3)
        c.assignments.pop(to: code.4)
        c.redirections.pop(to: code.5)
        c.caseItems.pop(to: code.6)
        c.arithmetic.pop(to: code.7)
        c.integers.pop(to: code.8)
        c.constants.pop(to: code.9)
        c.patterns.pop(to: code.10)
        p.words.pop(to: stacks.0)
        p.parts.pop(to: stacks.1)
        p.ints.pop(to: stacks.2)
        p.assignments.pop(to: stacks.3)
        p.redirections.pop(to: stacks.4)
        p.caseItems.pop(to: stacks.5)
        p.pending.pop(to: stacks.6)
        p.text.pop(to: stacks.7)
        p.pendingMark = pendingMark
        p.tokenMarks.pop(to: tokenMarks)
        p.build = build
        p.depth = depth
        while p.frames.count > frames { p.leaveFrame() }
    }
}
