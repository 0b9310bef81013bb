// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What is wrong with an arithmetic expression, and where in its text.
struct ArithmeticFailure: Error {
    var message: StaticString
    var offset: Int
}

/// A parser of the expressions of XCU 2.6.4: those of ISO C without `sizeof`, pointers and casts, on signed 64-bit integers.
///
/// It works on text without quotes; in the text of an expansion that is compiled at parse time each nested expansion is a placeholder byte.
struct ArithmeticParser {
    private let base: UnsafePointer<UInt8>
    private let end: Int
    private var pos = 0
    private let symbols: SymbolTable
    private let code: Code
    /// The word that placeholders stand for parts of, in `Code.words`; -1 when the text has none.
    var textWord: Int32 = -1
    /// `**` and `base#number` of bash are read too.
    var isExtended = false
    /// Operands are expanded before the expression is evaluated, and named by their place (`ArithmeticOperator.operand`).
    var hasOperands = false
    private var operandCount: Int32 = 0
    /// The next part of that word to look at.
    private var nextPart: Int32 = 0
    private(set) var hasAssignment = false
    private var depth = 0
    /// So deep that a debug build's stack of 8 MiB holds it.
    private static var maximumDepth: Int { 700 }

    init(_ text: UnsafeBufferPointer<UInt8>, symbols: SymbolTable, code: Code) {
        // An empty buffer may have no address; it is never read.
        base = text.baseAddress ?? UnsafePointer(bitPattern: 1)!
        end = text.count
        self.symbols = symbols
        self.code = code
    }

    /// The root of the whole text. Text of nothing but blanks is 0.
    mutating func parse() throws(ArithmeticFailure) -> Int32 {
        if peek() == 0 && pos == end { return integer(0) }
        let root = try comma()
        if peek() != 0 || pos < end { throw failed("unexpected text after the expression") }
        return root
    }

    // MARK: Bytes

    private func byte(_ offset: Int) -> UInt8 { offset < end ? base[offset] : 0 }

    /// The next byte that is not a blank, with the cursor on it; 0 at the end.
    @inline(__always)
    private mutating func peek() -> UInt8 {
        while pos < end {
            let byte = base[pos]
            if byte != Byte.space && byte != Byte.tab && byte != Byte.newline {
                return byte
            }
            pos &+= 1
        }
        return 0
    }

    private func failed(_ message: StaticString) -> ArithmeticFailure {
        ArithmeticFailure(message: message, offset: pos)
    }

    private func isName(_ byte: UInt8) -> Bool { ByteClass.table[Int(byte)] & ByteClass.name != 0 }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= Byte.zero && byte <= Byte.nine }

    // MARK: Nodes

    private func node(_ op: ArithmeticOperator, a: Int32, b: Int32 = -1, c: Int32 = -1) -> Int32 {
        code.arithmetic.append(ArithmeticNode(op, a: a, b: b, c: c))
        return Int32(truncatingIfNeeded: code.arithmetic.count &- 1)
    }

    /// One more operator in a chain, which is as deep a tree as it is long: the walk is told before it gets too deep.
    private func link(_ op: ArithmeticOperator, _ left: Int32, _ right: Int32, _ length: inout Int) -> Int32 {
        let whole = node(op, a: left, b: right)
        length &+= 1
        return length % 512 == 0 ? node(.chain, a: whole) : whole
    }

    private func integer(_ value: Int) -> Int32 {
        code.integers.append(value)
        code.arithmetic.append(ArithmeticNode(.constant, a: Int32(truncatingIfNeeded: code.integers.count &- 1)))
        return Int32(truncatingIfNeeded: code.arithmetic.count &- 1)
    }

    // MARK: Grammar

    private mutating func comma() throws(ArithmeticFailure) -> Int32 {
        depth &+= 1
        if depth > Self.maximumDepth { throw failed("expression nested too deeply") }
        var left = try assignment()
        var length = 0
        while peek() == Byte.comma {
            pos &+= 1
            left = link(.comma, left, try assignment(), &length)
        }
        depth &-= 1
        return left
    }

    private mutating func assignment() throws(ArithmeticFailure) -> Int32 {
        let start = pos
        let first = peek()
        if isName(first) && !isDigit(first) {
            let nameStart = pos
            while pos < end && isName(base[pos]) { pos &+= 1 }
            let nameEnd = pos
            if isExtended && byte(pos) == Byte.openBracket {
                if let node = try elementAssignment(nameStart) { return node }
                pos = start
                return try conditional()
            }
            if let op = assignmentOperator() {
                hasAssignment = true
                let symbol = symbols.intern(UnsafeBufferPointer(start: base + nameStart, count: nameEnd - nameStart))
                depth &+= 1
                if depth > Self.maximumDepth { throw failed("expression nested too deeply") }
                let value = try assignment()
                depth &-= 1
                return node(.assign, a: symbol, b: value, c: op)
            }
            pos = start
        }
        return try conditional()
    }

    /// The assignment operator at the cursor: the raw value of its binary operator, -1 for `=`; nil when there is none.
    private mutating func assignmentOperator() -> Int32? {
        let first = peek()
        let second = byte(pos &+ 1)
        if first == Byte.equal {
            if second == Byte.equal { return nil }
            pos &+= 1
            return -1
        }
        let op: ArithmeticOperator
        var length = 2
        switch first {
        case Byte.star: op = .multiply
        case Byte.slash: op = .divide
        case Byte.percent: op = .remainder
        case Byte.plus: op = .add
        case Byte.minus: op = .subtract
        case Byte.ampersand: op = .bitAnd
        case Byte.caret: op = .bitXor
        case Byte.bar: op = .bitOr
        case Byte.less where second == Byte.less:
            op = .shiftLeft
            length = 3
        case Byte.greater where second == Byte.greater:
            op = .shiftRight
            length = 3
        default: return nil
        }
        if byte(pos &+ length &- 1) != Byte.equal { return nil }
        pos &+= length
        return Int32(op.rawValue)
    }

    private mutating func conditional() throws(ArithmeticFailure) -> Int32 {
        let condition = try binary(minimum: 1)
        if peek() != Byte.question { return condition }
        pos &+= 1
        let then = try comma()
        if peek() != Byte.colon { throw failed("expected ':'") }
        pos &+= 1
        depth &+= 1
        if depth > Self.maximumDepth { throw failed("expression nested too deeply") }
        let otherwise = try conditional()
        depth &-= 1
        return node(.conditional, a: condition, b: then, c: otherwise)
    }

    /// The binary operator at the cursor, its precedence (1 is `||`) and its length; nil when there is none.
    private mutating func binaryOperator() -> (op: ArithmeticOperator, precedence: Int, length: Int)? {
        let first = peek()
        let second = byte(pos &+ 1)
        switch first {
        case Byte.bar:
            if second == Byte.bar { return (.or, 1, 2) }
            return second == Byte.equal ? nil : (.bitOr, 3, 1)
        case Byte.ampersand:
            if second == Byte.ampersand { return (.and, 2, 2) }
            return second == Byte.equal ? nil : (.bitAnd, 5, 1)
        case Byte.caret: return second == Byte.equal ? nil : (.bitXor, 4, 1)
        case Byte.equal: return second == Byte.equal ? (.equal, 6, 2) : nil
        case Byte.bang: return second == Byte.equal ? (.notEqual, 6, 2) : nil
        case Byte.less:
            if second == Byte.less { return byte(pos &+ 2) == Byte.equal ? nil : (.shiftLeft, 8, 2) }
            return second == Byte.equal ? (.lessOrEqual, 7, 2) : (.less, 7, 1)
        case Byte.greater:
            if second == Byte.greater { return byte(pos &+ 2) == Byte.equal ? nil : (.shiftRight, 8, 2) }
            return second == Byte.equal ? (.greaterOrEqual, 7, 2) : (.greater, 7, 1)
        case Byte.plus: return second == Byte.equal ? nil : (.add, 9, 1)
        case Byte.minus: return second == Byte.equal ? nil : (.subtract, 9, 1)
        case Byte.star:
            if second == Byte.star { return isExtended ? (.power, 11, 2) : nil }
            return second == Byte.equal ? nil : (.multiply, 10, 1)
        case Byte.slash: return second == Byte.equal ? nil : (.divide, 10, 1)
        case Byte.percent: return second == Byte.equal ? nil : (.remainder, 10, 1)
        default: return nil
        }
    }

    /// Operators of at least this precedence.
    private mutating func binary(minimum: Int) throws(ArithmeticFailure) -> Int32 {
        var left = try unary()
        var length = 0
        while let found = binaryOperator(), found.precedence >= minimum {
            pos &+= found.length
            // All but the power associate to the left.
            if found.op == .power {
                depth &+= 1
                if depth > Self.maximumDepth { throw failed("expression nested too deeply") }
                left = node(.power, a: left, b: try binary(minimum: found.precedence))
                depth &-= 1
            } else {
                left = link(found.op, left, try binary(minimum: found.precedence &+ 1), &length)
            }
        }
        return left
    }

    private mutating func unary() throws(ArithmeticFailure) -> Int32 {
        let first = peek()
        let op: ArithmeticOperator
        switch first {
        case Byte.plus, Byte.minus:
            if byte(pos &+ 1) == first {
                // `++x`; without a name after it, two signs.
                let mark = pos
                pos &+= 2
                let next = peek()
                if isName(next) && !isDigit(next) {
                    hasAssignment = true
                    let op: ArithmeticOperator = first == Byte.plus ? .preIncrement : .preDecrement
                    let symbol = name()
                    if isExtended && byte(pos) == Byte.openBracket {
                        return node(.stepElement, a: try element(symbol), c: Int32(op.rawValue))
                    }
                    return node(op, a: symbol)
                }
                pos = mark
            }
            op = first == Byte.plus ? .plus : .negate
        case Byte.tilde: op = .complement
        case Byte.bang: op = .not
        default: return try primary(first)
        }
        pos &+= 1
        depth &+= 1
        if depth > Self.maximumDepth { throw failed("expression nested too deeply") }
        let operand = try unary()
        depth &-= 1
        return node(op, a: operand)
    }

    private mutating func primary(_ first: UInt8) throws(ArithmeticFailure) -> Int32 {
        if first == Byte.openParen {
            pos &+= 1
            let inner = try comma()
            if peek() != Byte.closeParen { throw failed("expected ')'") }
            pos &+= 1
            return inner
        }
        if first == Parser.placeholder && textWord >= 0 { return try expansion() }
        if isDigit(first) { return integer(try number()) }
        if isName(first) {
            let symbol = name()
            if byte(pos) == Parser.placeholder && textWord >= 0 { throw failed("a name broken by an expansion") }
            let element = isExtended && byte(pos) == Byte.openBracket ? try element(symbol) : -1
            let next = peek()
            if next == Byte.plus || next == Byte.minus, byte(pos &+ 1) == next {
                // `x--y` is `x - -y`; `x--` is an operation only when no operand follows.
                let mark = pos
                pos &+= 2
                let after = peek()
                if !isName(after) && after != Byte.openParen && after != Parser.placeholder {
                    hasAssignment = true
                    let op: ArithmeticOperator = next == Byte.plus ? .postIncrement : .postDecrement
                    if element >= 0 { return node(.stepElement, a: element, c: Int32(op.rawValue)) }
                    return node(op, a: symbol)
                }
                pos = mark
            }
            return element >= 0 ? element : node(.variable, a: symbol)
        }
        throw failed(first == 0 ? "unexpected end; expected an operand" : "expected an operand")
    }

    // MARK: Elements of arrays

    /// `[i]` at the cursor, after the name of an array: a node of kind `element`.
    private mutating func element(_ symbol: Symbol) throws(ArithmeticFailure) -> Int32 {
        let start = pos &+ 1
        var open = 0
        var p = start
        while p < end {
            if base[p] == Byte.openBracket { open &+= 1 }
            if base[p] == Byte.closeBracket {
                if open == 0 { break }
                open &-= 1
            }
            if base[p] == Parser.placeholder && textWord >= 0 { throw failed("an expansion in a subscript") }
            p &+= 1
        }
        if p >= end { throw failed("expected ']'") }
        if p == start { throw failed("expected a subscript") }
        let text = UnsafeBufferPointer(start: base + start, count: p &- start)
        let (nodes, integers) = (code.arithmetic.count, code.integers.count)
        var inner = ArithmeticParser(text, symbols: symbols, code: code)
        inner.isExtended = true
        inner.depth = depth &+ 1
        var root: Int32 = -1
        do throws(ArithmeticFailure) {
            root = try inner.parse()
            if inner.hasAssignment { hasAssignment = true }
        } catch {
            // Only the key of an associative array, if it is one.
            code.arithmetic.pop(to: nodes)
            code.integers.pop(to: integers)
        }
        pos = p &+ 1
        code.constants.append(Text(text))
        return node(.element, a: symbol, b: root, c: Int32(truncatingIfNeeded: code.constants.count &- 1))
    }

    /// `x[i] = …` and the like, the cursor after the name that begins at `start`; nil when no assignment operator follows.
    private mutating func elementAssignment(_ start: Int) throws(ArithmeticFailure) -> Int32? {
        let symbol = symbols.intern(UnsafeBufferPointer(start: base + start, count: pos - start))
        let target = try element(symbol)
        guard let op = assignmentOperator() else { return nil }
        hasAssignment = true
        depth &+= 1
        if depth > Self.maximumDepth { throw failed("expression nested too deeply") }
        let value = try assignment()
        depth &-= 1
        return node(.assignElement, a: target, b: value, c: op)
    }

    private mutating func name() -> Symbol {
        let start = pos
        while pos < end && isName(base[pos]) { pos &+= 1 }
        return symbols.intern(UnsafeBufferPointer(start: base + start, count: pos - start))
    }

    /// A decimal, octal (`0…`) or hexadecimal (`0x…`) constant; one that does not fit wraps around.
    private mutating func number() throws(ArithmeticFailure) -> Int {
        let start = pos
        var radix = 10
        if base[pos] == Byte.zero {
            radix = 8
            if byte(pos &+ 1) | 32 == UInt8(ascii: "x") {
                radix = 16
                pos &+= 2
            }
        }
        let digits = pos
        var value = 0
        while pos < end, isName(base[pos]) {
            let byte = base[pos]
            let digit: Int
            switch byte {
            case 48...57: digit = Int(byte) &- 48
            case 65...70: digit = Int(byte) &- 55
            case 97...102: digit = Int(byte) &- 87
            default: digit = 99
            }
            if digit >= radix {
                pos = start
                throw failed("invalid number")
            }
            value = value &* radix &+ digit
            pos &+= 1
        }
        if pos == digits {
            pos = start
            throw failed("invalid number")
        }
        if isExtended && radix == 10 && byte(pos) == Byte.hash { return try based(value, start) }
        if byte(pos) == Parser.placeholder && textWord >= 0 { throw failed("a number broken by an expansion") }
        return value
    }

    /// `base#number`, the cursor on `#`: digits, then small and capital letters (alike up to base 36), then `@` and `_`.
    private mutating func based(_ radix: Int, _ start: Int) throws(ArithmeticFailure) -> Int {
        pos &+= 1
        let digits = pos
        var value = 0
        while pos < end, isName(base[pos]) || base[pos] == Byte.at {
            let byte = base[pos]
            let digit: Int
            switch byte {
            case 48...57: digit = Int(byte) &- 48
            case 97...122: digit = Int(byte) &- 87
            case 65...90: digit = Int(byte) &- (radix <= 36 ? 55 : 29)
            case Byte.at: digit = 62
            default: digit = 63
            }
            if digit >= radix { break }
            value = value &* radix &+ digit
            pos &+= 1
        }
        if radix < 2 || radix > 64 || pos == digits || pos < end && isName(base[pos]) {
            pos = start
            throw failed("invalid number")
        }
        return value
    }

    /// The operand that a placeholder stands for.
    private mutating func expansion() throws(ArithmeticFailure) -> Int32 {
        pos &+= 1
        let after = byte(pos)
        if isName(after) || after == Parser.placeholder { throw failed("an operand made of several expansions") }
        if hasOperands {
            operandCount &+= 1
            try checkNoAssignment()
            return node(.operand, a: operandCount &- 1)
        }
        let whole = code.words[textWord]
        if whole.form != .general { return node(.expansion, a: textWord) }
        while code.parts[whole.a &+ nextPart].kind == .literal { nextPart &+= 1 }
        let index = whole.a &+ nextPart
        nextPart &+= 1
        let part = code.parts[index]
        var word = Word(.general, flags: whole.flags, count: 1, a: index)
        if part.op == .none && part.kind == .parameter {
            word = Word(.quotedVariable, a: part.a)
        } else if part.op == .none && part.kind == .positional {
            word = Word(.quotedPositional, a: part.a)
        }
        code.words.append(word)
        try checkNoAssignment()
        return node(.expansion, a: Int32(truncatingIfNeeded: code.words.count &- 1))
    }

    /// What follows an operand that is expanded cannot be an assignment to it.
    private mutating func checkNoAssignment() throws(ArithmeticFailure) {
        let mark = pos
        if assignmentOperator() != nil { throw failed("assignment to an expansion") }
        pos = mark
    }
}

/// Parses text that resulted from expansion as an arithmetic expression into `code`: the root, in `Code.arithmetic`.
///
/// `text` has no `$` left. Names are interned in `symbols`. The range of an error is in `text`. `isExtended`: bash's `**` and `base#number` are
/// read too.
public func parseArithmetic(
    _ text: UnsafeBufferPointer<UInt8>, symbols: SymbolTable, into code: Code, isExtended: Bool = false
) throws(SyntaxError) -> Int32 {
    var expression = ArithmeticParser(text, symbols: symbols, code: code)
    expression.isExtended = isExtended
    do throws(ArithmeticFailure) {
        return try expression.parse()
    } catch {
        var message = ByteStack()
        message.append(error.message)
        if text.count > 0 {
            message.append(" in '")
            message.append(UnsafeBufferPointer(rebasing: text.prefix(80)))
            message.append(text.count > 80 ? "…'" : "'")
        }
        throw SyntaxError(message.withBytes { Array($0) }, range: error.offset..<error.offset)
    }
}
