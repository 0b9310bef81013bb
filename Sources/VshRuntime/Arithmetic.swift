// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// Text that was parsed as an expression, and the last one so.
struct ArithmeticText {
    let code: Code
    var text = Text()
    /// Its root in `code`, or -1.
    var root: Int32 = -1

    init(code: Code) { self.code = code }

    /// The value of text that is one number, with a sign or without: decimal, octal or hexadecimal digits that certainly fit. Nil for all else.
    static func number(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let count = bytes.count
        if count == 0 || count > 18 { return nil }
        var at = bytes[0] == 45 || bytes[0] == 43 ? 1 : 0
        let isNegative = bytes[0] == 45
        if at == count { return nil }
        var value = 0
        if bytes[at] != 48 || at &+ 1 == count {
            while at < count {
                let digit = bytes[at] &- 48
                if digit > 9 { return nil }
                value = value &* 10 &+ Int(digit)
                at &+= 1
            }
        } else if bytes[at &+ 1] | 32 == 120 {
            at &+= 2
            if at == count || count &- at > 15 { return nil }
            while at < count {
                let byte = bytes[at]
                if byte &- 48 <= 9 {
                    value = value &<< 4 | Int(byte &- 48)
                } else if (byte | 32) &- 97 < 6 {
                    value = value &<< 4 | Int((byte | 32) &- 87)
                } else {
                    return nil
                }
                at &+= 1
            }
        } else {
            while at < count {
                let digit = bytes[at] &- 48
                if digit > 7 { return nil }
                value = value &<< 3 | Int(digit)
                at &+= 1
            }
        }
        return isNegative ? 0 &- value : value
    }
}

extension Shell {
    /// The value of `$((…))` (XCU 2.6.4): 64-bit, wrapping.
    func evaluate(_ code: Code, _ part: Part) throws(ShellError) -> Int {
        if part.a >= 0 {
            let word = code.words[part.b]
            if word.form == .constant { return try evaluate(code, part.a, 0) }
            if part.c >= 0 { return try evaluateOperands(code, part, word) }
            if !word.flags.contains(.hasSideEffects), try expansionsArePlain(code, part.a) {
                return try evaluate(code, part.a, 0)
            }
        }
        return try evaluateText(try expandToText(code, part.b), 0)
    }

    /// The same where operands are more than plain variables: all are expanded once, in their order. Numbers take their places in the expression
    /// that is compiled; else what they make with the text around them is parsed.
    @inline(never)
    private func evaluateOperands(_ code: Code, _ part: Part, _ word: Word) throws(ShellError) -> Int {
        let mark = fields.count
        let outer = operandBase
        defer {
            fields.pop(to: mark)
            operandBase = outer
        }
        var isPlain = true
        for index in word.a..<word.a &+ word.count where code.parts[index].kind != .literal {
            let text = try operand(code, index)
            if isPlain && !isPlainNumber(text) { isPlain = false }
            fields.append(text)
        }
        if isPlain {
            operandBase = mark
            return try evaluate(code, part.a, 0)
        }
        let start = scratch.count
        var next = mark
        for index in word.a..<word.a &+ word.count {
            if code.parts[index].kind == .literal {
                scratch.append(code.constants[code.parts[index].a])
            } else {
                scratch.append(fields[next])
                next &+= 1
            }
        }
        let text = scratch.text(from: start)
        scratch.pop(to: start)
        return try evaluateText(text, 0)
    }

    /// The text of one expansion in an expression.
    private func operand(_ code: Code, _ index: Int32) throws(ShellError) -> Text {
        let part = code.parts[index]
        switch part.kind {
        case .arithmetic: return Text(decimal: try evaluate(code, part))
        case .parameter where part.op == .none: return try parameterValue(part.a)
        case .positional where part.op == .none: return try positional(Int(part.a))
        default: return try expandGeneralToText(code, Word(.general, count: 1, a: index))
        }
    }

    /// A decimal number as `Text(decimal:)` writes it.
    @inline(__always)
    private func isPlainNumber(_ text: Text) -> Bool {
        guard let number = text.decimalInteger else { return false }
        return number == 0 ? text.count == 1 : text[0] != 48 && text[0] != 43
    }

    /// Parses and evaluates text that resulted from expansion, or a variable's value that is not a plain number.
    func evaluateText(_ text: Text, _ depth: Int) throws(ShellError) -> Int {
        if let number = text.withBytes({ ArithmeticText.number($0) }) { return number }
        let level = arithmeticLevel
        if level == arithmeticTexts.count {
            arithmeticTexts.append(ArithmeticText(code: Code(source: emptySource)))
        }
        arithmeticLevel = level + 1
        defer { arithmeticLevel = level }
        let code = arithmeticTexts[level].code
        var root = text == arithmeticTexts[level].text ? arithmeticTexts[level].root : -1
        if root < 0 {
            arithmeticTexts[level].root = -1
            code.reset()
            do throws(SyntaxError) {
                root = try text.withBytes { (bytes) throws(SyntaxError) in
                    try parseArithmetic(
                        bytes, symbols: symbols, into: code, isExtended: !options.contains(.posix))
                }
            } catch {
                report(name: text, "arithmetic: " + String(decoding: error.message, as: UTF8.self))
                throw ShellError(.expansion, status: 1)
            }
            syncTables()
            arithmeticTexts[level].text = text
            arithmeticTexts[level].root = root
        }
        return try evaluate(code, root, depth)
    }

    /// Every `$x` in the expression stands for a plain number now, so that it may be evaluated without expanding it as text first.
    private func expansionsArePlain(_ code: Code, _ index: Int32) throws(ShellError) -> Bool {
        let node = code.arithmetic[index]
        switch node.op {
        case .constant, .variable, .operand, .preIncrement, .preDecrement, .postIncrement, .postDecrement: return true
        case .expansion:
            let word = code.words[node.a]
            if word.form == .variable || word.form == .quotedVariable {
                if options.contains(.nounset) && !isSet(word.a) { throw unsetError(symbols.name(word.a)) }
                return isSet(word.a) && !value(word.a).isEmpty && integerValue(word.a) != nil
            }
            let text = try expandToText(code, node.a)
            return isPlainNumber(text)
        case .assign, .assignElement: return try expansionsArePlain(code, node.b)
        case .element, .stepElement: return true
        case .plus, .negate, .complement, .not: return try expansionsArePlain(code, node.a)
        case .conditional:
            if try !expansionsArePlain(code, node.a) { return false }
            if try !expansionsArePlain(code, node.b) { return false }
            return try expansionsArePlain(code, node.c)
        case .chain:
            var spine = leftSpine(code, index)
            if try !expansionsArePlain(code, spine.removeLast()) { return false }
            while !spine.isEmpty {
                let link = code.arithmetic[spine.removeLast()]
                if link.op != .chain, try !expansionsArePlain(code, link.b) { return false }
            }
            return true
        default:
            if try !expansionsArePlain(code, node.a) { return false }
            return try expansionsArePlain(code, node.b)
        }
    }

    /// The value of an expression without expansions.
    func evaluate(_ code: Code, root: Int32) throws(ShellError) -> Int { try evaluate(code, root, 0) }

    private func evaluate(_ code: Code, _ index: Int32, _ depth: Int) throws(ShellError) -> Int {
        let node = code.arithmetic[index]
        switch node.op {
        case .constant: return code.integers[node.a]
        case .variable: return try arithmeticValue(node.a, depth)
        case .expansion:
            let word = code.words[node.a]
            if word.form == .variable, let plain = integerValue(word.a) { return plain }
            let text = try expandToText(code, node.a)
            return text.decimalInteger ?? 0
        case .operand: return fields[operandBase &+ Int(node.a)].decimalInteger ?? 0
        case .plus: return try evaluate(code, node.a, depth)
        case .negate: return 0 &- (try evaluate(code, node.a, depth))
        case .complement: return ~(try evaluate(code, node.a, depth))
        case .not: return try evaluate(code, node.a, depth) == 0 ? 1 : 0
        case .and:
            if try evaluate(code, node.a, depth) == 0 { return 0 }
            return try evaluate(code, node.b, depth) != 0 ? 1 : 0
        case .or:
            if try evaluate(code, node.a, depth) != 0 { return 1 }
            return try evaluate(code, node.b, depth) != 0 ? 1 : 0
        case .conditional:
            return try evaluate(code, node.a, depth) != 0
                ? evaluate(code, node.b, depth) : evaluate(code, node.c, depth)
        case .comma:
            _ = try evaluate(code, node.a, depth)
            return try evaluate(code, node.b, depth)
        case .assign:
            var result: Int
            if node.c < 0 {
                result = try evaluate(code, node.b, depth)
            } else {
                let old = try arithmeticValue(node.a, depth)
                let operand = try evaluate(code, node.b, depth)
                guard let op = ArithmeticOperator(rawValue: UInt8(truncatingIfNeeded: node.c)) else {
                    preconditionFailure("compound assignment without its operator")
                }
                result = try apply(op, old, operand)
            }
            try assign(node.a, integer: result)
            return result
        case .preIncrement, .preDecrement, .postIncrement, .postDecrement:
            let old = try arithmeticValue(node.a, depth)
            let new = node.op == .preIncrement || node.op == .postIncrement ? old &+ 1 : old &- 1
            try assign(node.a, integer: new)
            return node.op == .preIncrement || node.op == .preDecrement ? new : old
        case .element, .assignElement, .stepElement: return try evaluateElement(code, node, depth)
        case .chain: return try evaluateChain(code, index, depth)
        default:
            let left = try evaluate(code, node.a, depth)
            let right = try evaluate(code, node.b, depth)
            return try apply(node.op, left, right)
        }
    }

    /// The nodes from this one down to the first operand of its chain.
    private func leftSpine(_ code: Code, _ index: Int32) -> Table<Int32> {
        var spine = Table<Int32>()
        var next = index
        while true {
            spine.append(next)
            let node = code.arithmetic[next]
            if !node.op.leansLeft { return spine }
            next = node.a
        }
    }

    /// A chain of binary operators of any length.
    @inline(never)
    private func evaluateChain(_ code: Code, _ index: Int32, _ depth: Int) throws(ShellError) -> Int {
        var spine = leftSpine(code, index)
        var value = try evaluate(code, spine.removeLast(), depth)
        while !spine.isEmpty {
            let link = code.arithmetic[spine.removeLast()]
            switch link.op {
            case .chain: break
            case .and where value == 0: break
            case .or where value != 0: value = 1
            case .and, .or: value = try evaluate(code, link.b, depth) != 0 ? 1 : 0
            case .comma: value = try evaluate(code, link.b, depth)
            default: value = try apply(link.op, value, evaluate(code, link.b, depth))
            }
        }
        return value
    }

    /// `x[i]`, `x[i] = …` and `x[i]++`.
    @inline(never)
    private func evaluateElement(_ code: Code, _ node: ArithmeticNode, _ depth: Int) throws(ShellError) -> Int {
        let target = node.op == .element ? node : code.arithmetic[node.a]
        let symbol = resolved(target.a)
        let element: ElementSubscript
        if variables[symbol].flags.contains(.associative) {
            element = .key(code.constants[target.c])
        } else if target.b >= 0 {
            element = .number(try evaluate(code, target.b, depth))
        } else {
            element = .number(try evaluateText(code.constants[target.c], depth + 1))
        }
        func present() throws(ShellError) -> Int {
            guard let text = try elementValue(symbol, element) else {
                if !options.contains(.nounset) { return 0 }
                throw unsetError(symbols.name(symbol))
            }
            if depth > 100 {
                report(name: symbols.name(symbol), "arithmetic: the value refers to itself")
                throw ShellError(.expansion, status: 1)
            }
            return text.isEmpty ? 0 : try evaluateText(text, depth + 1)
        }
        if node.op == .element { return try present() }
        guard let op = ArithmeticOperator(rawValue: UInt8(truncatingIfNeeded: max(node.c, 0))) else {
            preconditionFailure("an assignment without its operator")
        }
        var old = 0
        var new: Int
        if node.op == .stepElement {
            old = try present()
            new = op == .preIncrement || op == .postIncrement ? old &+ 1 : old &- 1
        } else {
            if node.c >= 0 { old = try present() }
            new = try evaluate(code, node.b, depth)
            if node.c >= 0 { new = try apply(op, old, new) }
        }
        try assign(symbol, element, Text(decimal: new))
        return node.op == .stepElement && (op == .postIncrement || op == .postDecrement) ? old : new
    }

    /// A variable as a number: an unset or empty one is 0; other text is evaluated as an expression itself.
    @inline(__always)
    private func arithmeticValue(_ symbol: Symbol, _ depth: Int) throws(ShellError) -> Int {
        if let integer = integerValue(symbol), isSet(symbol) || !options.contains(.nounset) { return integer }
        return try arithmeticText(symbol, depth)
    }

    @inline(never)
    private func arithmeticText(_ symbol: Symbol, _ depth: Int) throws(ShellError) -> Int {
        if depth > 100 {
            report(name: symbols.name(symbol), "arithmetic: the value refers to itself")
            throw ShellError(.expansion, status: 1)
        }
        return try evaluateText(parameterValue(symbol), depth + 1)
    }

    @inline(__always)
    private func apply(_ op: ArithmeticOperator, _ a: Int, _ b: Int) throws(ShellError) -> Int {
        switch op {
        case .add: return a &+ b
        case .subtract: return a &- b
        case .multiply: return a &* b
        case .less: return a < b ? 1 : 0
        case .lessOrEqual: return a <= b ? 1 : 0
        case .greater: return a > b ? 1 : 0
        case .greaterOrEqual: return a >= b ? 1 : 0
        case .equal: return a == b ? 1 : 0
        case .notEqual: return a != b ? 1 : 0
        case .bitAnd: return a & b
        case .bitXor: return a ^ b
        case .bitOr: return a | b
        case .shiftLeft: return a &<< b
        case .shiftRight: return a &>> b
        case .divide, .remainder: return try divide(op, a, b)
        case .power: return try power(a, b)
        default: preconditionFailure("not a binary operator")
        }
    }

    @inline(never)
    private func divide(_ op: ArithmeticOperator, _ a: Int, _ b: Int) throws(ShellError) -> Int {
        if b == 0 {
            report("arithmetic: division by zero")
            throw ShellError(.expansion, status: 1)
        }
        if b == -1 { return op == .divide ? 0 &- a : 0 }
        return op == .divide ? a / b : a % b
    }

    @inline(never)
    private func power(_ base: Int, _ exponent: Int) throws(ShellError) -> Int {
        if exponent < 0 {
            report("arithmetic: the exponent is below 0")
            throw ShellError(.expansion, status: 1)
        }
        var result = 1
        var factor = base
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result = result &* factor }
            factor = factor &* factor
            rest >>= 1
        }
        return result
    }
}
