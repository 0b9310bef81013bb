// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// `[[ … ]]` of bash.
extension Shell {
    func runConditional(_ code: Code, _ index: Int32) throws(ShellError) -> Flow {
        currentPosition = code.nodes[index].position
        status = try condition(code, index)
        return status == 0 ? .normal : checkErrexit()
    }

    /// 0 true, 1 false, 2 wrong.
    private func condition(_ code: Code, _ index: Int32) throws(ShellError) -> Int32 {
        let node = code.nodes[index]
        switch ConditionalOperator(rawValue: node.n) {
        case .and:
            let left = try condition(code, node.a)
            return left == 0 ? try condition(code, node.b) : left
        case .or:
            let left = try condition(code, node.a)
            return left == 0 ? 0 : try condition(code, node.b)
        case .not:
            let inner = try condition(code, node.a)
            return inner > 1 ? inner : 1 - inner
        case .group: return try condition(code, node.a)
        case .word:
            let text = try expandToText(code, node.a)
            trace([45, UInt8(ascii: "n")], text)
            return text.isEmpty ? 1 : 0
        case .unary:
            let text = try expandToText(code, node.a)
            return try unary(UInt8(truncatingIfNeeded: node.c), text)
        case .some(let op):
            let left = try expandToText(code, node.a)
            return try binary(op, left, code, node.b)
        case nil: preconditionFailure("the parser makes no such operator")
        }
    }

    private func unary(_ letter: UInt8, _ text: Text) throws(ShellError) -> Int32 {
        trace([45, letter], text)
        switch letter {
        case UInt8(ascii: "n"): return text.isEmpty ? 1 : 0
        case UInt8(ascii: "z"): return text.isEmpty ? 0 : 1
        case UInt8(ascii: "v"):
            if let number = text.decimalInteger { return number >= 0 && number <= paramCount ? 0 : 1 }
            return try reference(text).map { (found) throws(ShellError) in try isSet(found) } ?? false ? 0 : 1
        case UInt8(ascii: "o"): return isOption(text) ? 0 : 1
        case UInt8(ascii: "R"): return isNameReference(text) ? 0 : 1
        default: return try runTest([Text([45, letter]), text])
        }
    }

    /// Whether `name` is an option that is on (`-o`).
    public func isOption(_ name: Text) -> Bool {
        ShellOptions.option(name: name).map { options.contains($0) } ?? false
    }

    /// Whether `name` is a variable that names another one (`-R`).
    public func isNameReference(_ name: Text) -> Bool {
        guard let symbol = symbols.find(name) else { return false }
        return variables[symbol].flags.contains(.reference)
    }

    private func binary(
        _ op: ConditionalOperator, _ left: Text, _ code: Code, _ word: Int32
    ) throws(ShellError) -> Int32 {
        switch op {
        case .equal, .singleEqual, .notEqual:
            let pattern = try expandToPattern(code, word, hasGroups: true)
            trace(left, op, pattern.text)
            let isEqual =
                options.contains(.nocasematch)
                ? Pattern(extended: lowercased(pattern.text), isUTF8: isUTF8).matches(lowercased(left))
                : pattern.matches(left)
            return isEqual == (op != .notEqual) ? 0 : 1
        case .matches: return try matches(left, code, word)
        default: break
        }
        let right = try expandToText(code, word)
        trace(left, op, right)
        switch op {
        case .before, .after:
            let order = left.withBytes { a in right.withBytes { b in VshSystem.ByteSearch.compare(a, b) } }
            return (op == .before ? order < 0 : order > 0) ? 0 : 1
        case .newer, .older, .sameFile: return try runTest([left, Text(op.text), right])
        default: break
        }
        guard let a = try number(left), let b = try number(right) else { return 1 }
        let isTrue: Bool
        switch op {
        case .eq: isTrue = a == b
        case .ne: isTrue = a != b
        case .lt: isTrue = a < b
        case .le: isTrue = a <= b
        case .gt: isTrue = a > b
        default: isTrue = a >= b
        }
        return isTrue ? 0 : 1
    }

    /// The value of an expression; nil when it is none, after a message.
    private func number(_ text: Text) throws(ShellError) -> Int? {
        do throws(ShellError) {
            return try evaluateText(text, 0)
        } catch {
            // An unset parameter under `set -u` ends the shell all the same.
            if error.kind == .expansion && !options.contains(.nounset) { return nil }
            throw error
        }
    }

    /// What the builtin `test` says of the words.
    private func runTest(_ words: [Text]) throws(ShellError) -> Int32 {
        guard let test = builtin(named: Text("test")) else { return 2 }
        let mark = fields.count
        defer { fields.pop(to: mark) }
        fields.append(Text("[["))
        for word in words { fields.append(word) }
        _ = try test.function(self, Arguments(base: mark, count: words.count + 1))
        return status
    }

    // MARK: =~

    /// `left =~ word`: what matched, and its groups, are the array BASH_REMATCH.
    private func matches(_ left: Text, _ code: Code, _ index: Int32) throws(ShellError) -> Int32 {
        let word = code.words[index]
        let text: Text
        switch word.form {
        case .constant: text = quotedExpression(code.constants[word.a], isQuoted: word.flags.contains(.hasQuotes))
        case .quotedVariable, .quotedPositional, .variable, .positional:
            text = quotedExpression(
                try expandToText(code, index), isQuoted: word.form == .quotedVariable || word.form == .quotedPositional)
        default: text = try expandGeneralToText(code, word, purpose: .regularExpression)
        }
        trace(left, .matches, text)
        guard let expression = regularExpression(text) else {
            report(name: text, "is no regular expression")
            return 2
        }
        let found = expression.match(left)
        if matchSymbol < 0 {
            matchSymbol = symbols.intern("BASH_REMATCH")
            syncTables()
        }
        // Nothing matched before either: it is empty as it is.
        if found == nil, array(matchSymbol)?.count == 0, variables[matchSymbol].flags == [.array, .hasText] {
            return 1
        }
        setArray(matchSymbol, ArrayValue((found ?? []).map { left.slice($0) }))
        return found == nil ? 1 : 0
    }

    /// The expression compiled, or as it was compiled before.
    private func regularExpression(_ text: Text) -> RegularExpression? {
        let ignoresCase = options.contains(.nocasematch)
        for place in expressions.indices
        where expressions[place].ignoresCase == ignoresCase && expressions[place].text == text {
            let known = expressions[place]
            if place > 0 {
                expressions.remove(at: place)
                expressions.insert(known, at: 0)
            }
            return known
        }
        guard let compiled = RegularExpression(text, ignoresCase: ignoresCase) else { return nil }
        if expressions.count == 16 { expressions.removeLast() }
        expressions.insert(compiled, at: 0)
        return compiled
    }

    private func quotedExpression(_ text: Text, isQuoted: Bool) -> Text {
        if !isQuoted { return text }
        let mark = scratch.count
        appendEscapedExpression(text)
        defer { scratch.pop(to: mark) }
        return scratch.text(from: mark)
    }

    /// Appends with a backslash before each byte that is special in extended regular expressions.
    func appendEscapedExpression(_ text: Text) {
        text.withBytes { bytes in
            for byte in bytes {
                switch byte {
                case 36, 40, 41, 42, 43, 46, 63, 91, 92, 93, 94, 123, 124, 125: scratch.append(92)
                default: break
                }
                scratch.append(byte)
            }
        }
    }

    // MARK: set -x

    private func trace(_ left: Text, _ op: ConditionalOperator, _ right: Text) {
        if !options.contains(.xtrace) { return }
        traceLine([left, Text(op.text), right])
    }

    private func trace(_ op: [UInt8], _ operand: Text) {
        if !options.contains(.xtrace) { return }
        traceLine([Text(op), operand])
    }

    private func traceLine(_ words: [Text]) {
        let mark = fields.count
        fields.append(Text("[["))
        for word in words { fields.append(word) }
        fields.append(Text("]]"))
        trace(Arguments(base: mark, count: words.count + 2), isQuoting: false)
        fields.pop(to: mark)
    }
}
