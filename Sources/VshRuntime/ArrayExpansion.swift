// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax

/// `${x[i]…}` in all forms, and variables whose value is not their own text.
extension Shell {
    // MARK: names

    /// The variable that a name stands for: the target of references (`declare -n`), else itself.
    @inline(__always)
    public func resolved(_ symbol: Symbol) -> Symbol {
        variables[symbol].flags.contains(.reference) ? followReferences(symbol) : symbol
    }

    @inline(never)
    private func followReferences(_ symbol: Symbol) -> Symbol {
        var symbol = symbol
        for _ in 0..<8 where variables[symbol].flags.contains(.reference) {
            let name = variables[symbol].text
            if !isName(name) { return symbol }
            symbol = intern(name)
        }
        return symbol
    }

    /// The value of a variable that is not set as its own text: a reference, a computed array. Nil when it has none.
    @inline(never)
    func unusualValue(_ symbol: Symbol) throws(ShellError) -> Text? {
        if variables[symbol].flags.contains(.reference) {
            let target = followReferences(symbol)
            if !variables[target].flags.contains(.reference) {
                return isSet(target) ? value(target) : try unusualValue(target)
            }
            // References that go round in a circle mean nothing.
            if isName(variables[target].text) { return nil }
            guard let reference = try reference(variables[target].text) else { return nil }
            return try value(reference)
        }
        return array(symbol)?.first
    }

    // MARK: subscripts

    /// What the subscript at `index` of `Code.ints` means for a variable; nil for `@` and `*`.
    func elementSubscript(
        _ code: Code, _ index: Int32, _ symbol: Symbol
    ) throws(ShellError) -> ElementSubscript? {
        let word = code.ints[index &+ 1]
        if word < 0 { return nil }
        if variables[symbol].flags.contains(.associative) { return .key(try expandToText(code, word)) }
        let root = code.ints[index &+ 2]
        if root >= 0 { return .number(try evaluate(code, root: root)) }
        return .number(try evaluateText(expandToText(code, word), 0))
    }

    /// As it is written, for messages.
    func elementName(_ code: Code, _ index: Int32) -> Text {
        var name = symbols.name(code.ints[index])
        name.append(Text("["))
        switch code.ints[index + 1] {
        case -1: name.append(Text("@"))
        case -2: name.append(Text("*"))
        case let word: name.append((try? expandToText(code, word)) ?? Text("…"))
        }
        name.append(Text("]"))
        return name
    }

    // MARK: ${x[i]}

    @inline(never)
    func expandElement(_ code: Code, _ part: Part, _ builder: inout WordBuilder) throws(ShellError) {
        let symbol = resolved(code.ints[part.a])
        if part.op == .keys {
            let keys = array(symbol)?.subscriptTexts ?? (isSet(symbol) ? [Text("0")] : [])
            return appendList(keys, quoted: part.isQuoted, star: code.ints[part.a + 1] == -2, &builder)
        }
        guard let element = try elementSubscript(code, part.a, symbol) else {
            return try expandElements(code, part, symbol, &builder)
        }
        let text = try elementValue(symbol, element)
        if part.flags.contains(.isIndirect) {
            guard let text else {
                report(name: elementName(code, part.a), "is not set, so that it names no other parameter")
                throw ShellError(.expansion, status: 1)
            }
            return try expandMeant(code, part, text, &builder)
        }
        if part.op == .transform {
            if let text { append(try transformed(part.c, text, symbol), quoted: part.isQuoted, &builder) }
            return
        }
        try expandParameter(code, part, text, &builder)
    }

    /// The operator of `${…}` on the value of an element.
    func expandParameter(
        _ code: Code, _ part: Part, _ value: Text?, _ builder: inout WordBuilder
    ) throws(ShellError) {
        let outer = presentElement
        presentElement = value
        defer { presentElement = outer }
        try expandParameter(code, part, &builder)
    }

    /// `${x[@]…}` and `${x[*]…}`.
    private func expandElements(
        _ code: Code, _ part: Part, _ symbol: Symbol, _ builder: inout WordBuilder
    ) throws(ShellError) {
        let isStar = code.ints[part.a + 1] == -2
        switch part.op {
        case .length:
            let count = array(symbol)?.count ?? (isSet(symbol) ? 1 : 0)
            append(Text(decimal: count), quoted: part.isQuoted, &builder)
        case .substring:
            appendList(
                try elements(code, part, symbol), quoted: part.isQuoted, star: isStar, &builder)
        case .transform:
            appendList(
                try transformedElements(part.c, symbol), quoted: part.isQuoted, star: isStar, &builder)
        default: try expandList(code, part, elementValues(symbol), star: isStar, &builder)
        }
    }

    /// `${x[@]:offset:length}`: from the first element whose subscript is not below the offset.
    private func elements(_ code: Code, _ part: Part, _ symbol: Symbol) throws(ShellError) -> [Text] {
        let array = array(symbol) ?? ArrayValue(elementValues(symbol))
        // Keys have no order: their elements are counted.
        let next = array.isAssociative ? array.count : array.nextSubscript
        guard let range = try range(code, part, count: next, countsBack: false, isOpenEnded: true) else { return [] }
        let start = array.isAssociative ? range.lowerBound : array.lowerBound(range.lowerBound)
        if start >= array.count { return [] }
        let count = min(range.count, array.count - start)
        return Array(array.values[start..<start + count])
    }

    // MARK: "$@" and lists

    /// The texts of `$@`, `$*`, `${x[@]}` or `${x[*]}` with an operator that is applied to each, or decides whether there are any.
    func expandList(
        _ code: Code, _ part: Part, _ texts: [Text], star: Bool, _ builder: inout WordBuilder
    ) throws(ShellError) {
        switch part.op {
        case .none: break
        case .useDefault, .useAlternative, .assignDefault, .indicateError:
            let isJoined = star && part.isQuoted
            let isEmpty = texts.isEmpty || part.flags.contains(.colon) && isNull(texts, joined: isJoined)
            if part.op == .useAlternative ? !isEmpty : isEmpty {
                if part.op == .assignDefault {
                    report(name: parameterName(code, part), "cannot be assigned in this way")
                    throw ShellError(.expansion, status: 1)
                }
                if part.op == .indicateError { throw try indicatedError(code, part) }
                try expandOperand(code, part, &builder)
                return
            }
            if part.op == .useAlternative { return }
        default:
            var changed: [Text] = []
            for text in texts { changed.append(try apply(code, part, text)) }
            return appendList(changed, quoted: part.isQuoted, star: star, &builder)
        }
        appendList(texts, quoted: part.isQuoted, star: star, &builder)
    }

    /// An operator that makes one text of another.
    private func apply(_ code: Code, _ part: Part, _ text: Text) throws(ShellError) -> Text {
        switch part.op {
        case .replaceFirst, .replaceAll, .replacePrefix, .replaceSuffix: try replace(code, part, text)
        case .upper, .upperAll, .lower, .lowerAll: try changeCase(code, part, text)
        case .transform: try transformed(part.c, text, -1)
        default: try trim(code, part, text)
        }
    }

    /// Whether texts together are null; `joined`: as `"$*"`, where an empty IFS puts nothing between them.
    private func isNull(_ texts: [Text], joined: Bool) -> Bool {
        if texts.count > 1 && !(joined && ifsJoin < 0) { return false }
        return texts.allSatisfy { $0.isEmpty }
    }

    /// Appends texts as `$@` or `$*` would.
    func appendList(_ texts: [Text], quoted: Bool, star: Bool, _ builder: inout WordBuilder) {
        let joint = joint(star: star)
        for (index, text) in texts.enumerated() {
            if index > 0 { separateParameters(joint, quoted: quoted, star: star, &builder) }
            append(text, quoted: quoted, &builder)
        }
        if quoted && star { builder.hasQuotes = true }
    }
}
