// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `test` and `[` (XCU test): up to four arguments by their number, more by precedence with `-a`, `-o`, `!` and parentheses.
struct TestExpression {
    let shell: Shell
    /// The operands on the field stack: `first ..< end`.
    var first: Int
    let end: Int
    /// What is wrong with the expression; the status is then 2.
    var error: String?
    var errorSubject = Text()

    init(_ shell: Shell, first: Int, end: Int) {
        self.shell = shell
        self.first = first
        self.end = end
    }

    @inline(__always)
    private func word(_ index: Int) -> Text { shell.fields[index] }

    /// Whether the expression is true.
    mutating func evaluate() -> Bool { evaluate(first, end) }

    private mutating func evaluate(_ first: Int, _ end: Int) -> Bool {
        switch end - first {
        case 0: return false
        case 1: return !word(first).isEmpty
        case 2:
            if word(first).equals("!") { return word(first + 1).isEmpty }
            if let op = unaryOperator(word(first)) { return unary(op, word(first + 1)) }
            return fail("unknown unary operator", word(first))
        case 3:
            if let op = BinaryOperator(word(first + 1)) { return binary(op, first) }
            if word(first + 1).equals("-a") { return !word(first).isEmpty && !word(first + 2).isEmpty }
            if word(first + 1).equals("-o") { return !word(first).isEmpty || !word(first + 2).isEmpty }
            if word(first).equals("!") { return !evaluate(first + 1, end) }
            if word(first).equals("(") && word(first + 2).equals(")") { return !word(first + 1).isEmpty }
            return fail("unknown binary operator", word(first + 1))
        case 4:
            if word(first).equals("!") { return !evaluate(first + 1, end) }
            if word(first).equals("(") && word(first + 3).equals(")") { return evaluate(first + 1, end - 1) }
        default: break
        }
        self.first = first
        let result = disjunction(end)
        if error == nil && self.first < end { return fail("unexpected operand", word(self.first)) }
        return result
    }

    private mutating func fail(_ message: String, _ subject: Text) -> Bool {
        if error == nil {
            error = message
            errorSubject = subject
        }
        return false
    }

    // MARK: more than four arguments

    private mutating func disjunction(_ end: Int) -> Bool {
        var result = conjunction(end)
        while error == nil && first < end && word(first).equals("-o") {
            first += 1
            let right = conjunction(end)
            result = result || right
        }
        return result
    }

    private mutating func conjunction(_ end: Int) -> Bool {
        var result = negation(end)
        while error == nil && first < end && word(first).equals("-a") {
            first += 1
            let right = negation(end)
            result = result && right
        }
        return result
    }

    private mutating func negation(_ end: Int) -> Bool {
        var isNegated = false
        while first < end && word(first).equals("!")
            && !(first + 2 < end && BinaryOperator(word(first + 1)) != nil)
        {
            isNegated.toggle()
            first += 1
        }
        return primary(end) != isNegated
    }

    private mutating func primary(_ end: Int) -> Bool {
        if first >= end { return fail("operand expected", Text()) }
        if first + 2 < end, let op = BinaryOperator(word(first + 1)),
            // `( = )` is a string in parentheses, as in dash, bash, mksh and yash; `( = x` compares.
            !(word(first).equals("(") && word(first + 2).equals(")"))
        {
            let start = first
            first += 3
            return binary(op, start)
        }
        if word(first).equals("(") {
            first += 1
            let result = disjunction(end)
            if error != nil { return false }
            if first >= end || !word(first).equals(")") { return fail("')' expected", Text()) }
            first += 1
            return result
        }
        if first + 1 < end, let op = unaryOperator(word(first)) {
            first += 2
            return unary(op, word(first - 1))
        }
        first += 1
        return !word(first - 1).isEmpty
    }

    // MARK: primaries

    private func unaryOperator(_ text: Text) -> UInt8? {
        if text.count != 2 || text[0] != 45 { return nil }
        switch text[1] {
        case 97, 98, 99, 100, 101, 102, 103, 71, 104, 107, 76, 110, 78, 79, 112, 114, 115, 83, 116, 117, 119, 120, 122:
            return text[1]
        case 82, 111, 118: return shell.options.contains(.posix) ? nil : text[1]
        default: return nil
        }
    }

    private mutating func unary(_ op: UInt8, _ word: Text) -> Bool {
        switch op {
        case 110: return !word.isEmpty  // -n
        case 122: return word.isEmpty  // -z
        case 82: return shell.isNameReference(word)  // -R
        case 111: return shell.isOption(word)  // -o
        case 118:
            return (try? shell.reference(word).map { (found) throws(ShellError) in try shell.isSet(found) }) ?? false
        default: break
        }
        let operand = op == 104 || op == 76 ? word : shell.processPath(word)
        switch op {
        case 116:  // -t
            guard let number = integer(word) else { return false }
            if number < 0 || number > 1 << 20 { return false }
            let real = shell.realDescriptor(number)
            return real >= 0 && System.isTerminal(real)
        case 114: return System.isAccessible(operand, .read)  // -r
        case 119: return System.isAccessible(operand, .write)  // -w
        case 120:  // -x
            return System.isAccessible(operand, .execute)
        case 97, 101: return System.isAccessible(operand, .exists) || (try? FileStatus(operand)) != nil  // -e
        default: break
        }
        guard let info = try? FileStatus(operand, follow: op != 104 && op != 76) else { return false }
        switch op {
        case 98: return info.type == .blockDevice
        case 99: return info.type == .characterDevice
        case 100: return info.isDirectory
        case 102: return info.isRegular
        case 103: return info.mode & Mode.setGroupID != 0
        case 71: return info.group == System.effectiveGroupID
        case 104, 76: return info.isSymbolicLink
        case 107: return info.mode & Mode.sticky != 0
        case 78: return info.modificationTime > info.accessTime
        case 79: return info.owner == System.effectiveUserID
        case 112: return info.type == .fifo
        case 115: return info.size > 0
        case 83: return info.type == .socket
        default: return info.mode & Mode.setUserID != 0
        }
    }

    private enum BinaryOperator {
        case equal, notEqual, before, after, eq, ne, gt, ge, lt, le, sameFile, newer, older

        @inline(__always)
        init?(_ text: Text) {
            switch text.count {
            case 1:
                switch text[0] {
                case 61: self = .equal
                case 60: self = .before
                case 62: self = .after
                default: return nil
                }
            case 2:
                if text[1] != 61 { return nil }
                if text[0] == 33 { self = .notEqual } else if text[0] == 61 { self = .equal } else { return nil }
            case 3:
                if text[0] != 45 { return nil }
                switch (text[1], text[2]) {
                case (101, 113): self = .eq
                case (110, 101): self = .ne
                case (103, 116): self = .gt
                case (103, 101): self = .ge
                case (108, 116): self = .lt
                case (108, 101): self = .le
                case (101, 102): self = .sameFile
                case (110, 116): self = .newer
                case (111, 116): self = .older
                default: return nil
                }
            default: return nil
            }
        }
    }

    private mutating func binary(_ op: BinaryOperator, _ start: Int) -> Bool {
        let left = word(start)
        let right = word(start + 2)
        switch op {
        case .equal: return left == right
        case .notEqual: return left != right
        case .before: return order(left, right) < 0
        case .after: return order(left, right) > 0
        case .sameFile:
            guard let a = try? FileStatus(left), let b = try? FileStatus(right) else { return false }
            return a.isSameFile(as: b)
        case .newer:
            guard let a = try? FileStatus(left) else { return false }
            guard let b = try? FileStatus(right) else { return true }
            return a.modificationTime > b.modificationTime
        case .older:
            guard let b = try? FileStatus(right) else { return false }
            guard let a = try? FileStatus(left) else { return true }
            return a.modificationTime < b.modificationTime
        default: break
        }
        guard let a = integer(left), let b = integer(right) else { return false }
        switch op {
        case .eq: return a == b
        case .ne: return a != b
        case .gt: return a > b
        case .ge: return a >= b
        case .lt: return a < b
        default: return a <= b
        }
    }

    private func order(_ a: Text, _ b: Text) -> Int {
        a.withBytes { a in b.withBytes { b in VshSystem.ByteSearch.compare(a, b) } }
    }

    /// A decimal integer, with blanks around it allowed.
    @inline(__always)
    private mutating func integer(_ text: Text) -> Int? {
        if let value = text.decimalInteger { return value }
        return blankedInteger(text)
    }

    @inline(never)
    private mutating func blankedInteger(_ text: Text) -> Int? {
        var start = 0
        var stop = text.count
        while start < stop && (text[start] == 32 || text[start] >= 9 && text[start] <= 13) { start += 1 }
        while stop > start && (text[stop - 1] == 32 || text[stop - 1] >= 9 && text[stop - 1] <= 13) { stop -= 1 }
        if let value = text.slice(start..<stop).decimalInteger { return value }
        _ = fail("integer expected", text)
        return nil
    }
}

/// The rows of `test` and `[`.
func registerTest(_ shell: Shell) {
    shell.register(
        "[", .regular, synopsis: "expression ]", summary: "Evaluate a condition.",
        function: { (shell, arguments) throws(ShellError) -> Flow in
            let end = arguments.base + arguments.count
            if !shell.fields[end - 1].equals("]") {
                shell.report(arguments, Text(), "']' is missing at the end")
                shell.status = 2
                return .normal
            }
            return runTest(shell, arguments, end - 1)
        })
    shell.register(
        "test", .regular, synopsis: "[expression]", summary: "Evaluate a condition.",
        function: { (shell, arguments) throws(ShellError) -> Flow in
            runTest(shell, arguments, arguments.base + arguments.count)
        })
}

private func runTest(_ shell: Shell, _ arguments: Arguments, _ end: Int) -> Flow {
    var expression = TestExpression(shell, first: arguments.base + 1, end: end)
    let result = expression.evaluate()
    if let error = expression.error {
        shell.report(arguments, expression.errorSubject, error)
        shell.status = 2
    } else {
        shell.status = result ? 0 : 1
    }
    return .normal
}
