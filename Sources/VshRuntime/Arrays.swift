// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax

/// An element of an array that is meant.
public enum ElementSubscript {
    case number(Int)
    case key(Text)
}

/// An element of `(…)`.
public struct ListElement {
    public var key: Text?
    public var value: Text
    /// `[i]+=value`
    public var isAppending = false

    public init(_ value: Text) { self.value = value }
}

/// Arrays: a variable with the flag `array` has the number of its elements in `integer`, and its element 0 as its own text, so that
/// `$x` costs what it always did.
extension Shell {
    // MARK: numbers

    /// The elements of a variable, if it is an array.
    public func array(_ symbol: Symbol) -> ArrayValue? {
        let flags = variables[symbol].flags
        if !flags.contains(.array) { return nil }
        return flags.contains(.dynamic) ? computedArray(symbol) : arrays[variables[symbol].integer]
    }

    /// A number for new elements. When many were given out, those that nothing names any more are taken back.
    private func addArray(_ value: ArrayValue) -> Int {
        if freeArrays.isEmpty && arrays.count >= arraySweep { sweepArrays() }
        if let number = freeArrays.popLast() {
            arrays[number] = value
            return number
        }
        arrays.append(value)
        return arrays.count - 1
    }

    private func sweepArrays() {
        var isUsed = [Bool](repeating: false, count: arrays.count)
        func mark(_ variable: Variable) {
            if variable.flags.contains(.array) && !variable.flags.contains(.dynamic) { isUsed[variable.integer] = true }
        }
        for index in 0..<variables.count { mark(variables[index]) }
        for index in 0..<variableTrail.count { mark(variableTrail[index].old) }
        for index in 0..<localTrail.count { mark(localTrail[index].old) }
        for index in 0..<localTemporaries.count { mark(localTemporaries[index].old) }
        for number in arrays.indices where !isUsed[number] {
            arrays[number] = nil
            freeArrays.append(number)
        }
        arraySweep = max(64, 2 * (arrays.count - freeArrays.count))
    }

    /// The present value of a variable, to be put back later.
    func saved(_ symbol: Symbol) -> VariableChange {
        if variables[symbol].flags.contains(.array) { noteShared(symbol) }
        return VariableChange(symbol: symbol, old: variables[symbol])
    }

    @inline(never)
    func noteShared(_ symbol: Symbol) {
        if !variables[symbol].flags.contains(.dynamic) { arrays[variables[symbol].integer]?.isShared = true }
    }

    // MARK: changing

    /// Makes a variable the array `value`.
    public func setArray(_ symbol: Symbol, _ value: ArrayValue) {
        willChange(symbol)
        let flags = variables[symbol].flags
        if flags.contains(.array), !flags.contains(.dynamic), arrays[variables[symbol].integer]?.isShared == false {
            arrays[variables[symbol].integer] = value
        } else {
            // What holds the old one must not lose it to the sweep.
            let number = addArray(value)
            variables[symbol].integer = number
        }
        variables[symbol].flags.subtract([.dynamic, .hasInteger, .associative, .reference])
        variables[symbol].flags.insert(value.isAssociative ? [.array, .associative] : .array)
        didChangeArray(symbol, value)
    }

    /// The elements of a variable, to be changed and then given to `didChangeArray`; one that is no array becomes one, with its value as
    /// the element 0.
    public func writableArray(_ symbol: Symbol) -> ArrayValue {
        willChange(symbol)
        if let value = array(symbol) {
            if !value.isShared && !variables[symbol].flags.contains(.dynamic) { return value }
            let copy = value.copy()
            setArray(symbol, copy)
            return copy
        }
        let value = ArrayValue()
        if isSet(symbol) { value.set(0, self.value(symbol)) }
        setArray(symbol, value)
        return value
    }

    /// What `$x` stands for follows the elements.
    public func didChangeArray(_ symbol: Symbol, _ value: ArrayValue) {
        let flags = variables[symbol].flags
        let first = value.first
        value.isDeclaredOnly = false
        variables[symbol].text = first ?? Text()
        variables[symbol].flags =
            first == nil ? flags.subtracting(.isSet).union(.hasText) : flags.union(.textValue)
        if flags.contains(.exported) { environmentIsStale = true }
        if flags.contains(.watched) { variableChanged(symbol) }
    }

    /// The text that an assignment to a variable with attributes stores.
    func converted(_ symbol: Symbol, _ text: Text) throws(ShellError) -> Text {
        let flags = variables[symbol].flags
        if flags.contains(.numeric) { return Text(decimal: try evaluateText(text, 0)) }
        if flags.contains(.lowercase) { return changedCase(text, isUpper: false, isAll: true) }
        if flags.contains(.uppercase) { return changedCase(text, isUpper: true, isAll: true) }
        return text
    }

    /// What `x+=text` stores where `old` is the value.
    func appended(_ symbol: Symbol, _ old: Text?, _ text: Text) throws(ShellError) -> Text {
        if variables[symbol].flags.contains(.numeric) {
            return Text(decimal: (old?.decimalInteger ?? 0) &+ (try evaluateText(text, 0)))
        }
        var whole = old ?? Text()
        whole.append(text)
        return try converted(symbol, whole)
    }

    /// `x[i]=text` or `x[i]+=text`.
    public func assign(
        _ symbol: Symbol, _ element: ElementSubscript, _ text: Text, isAppending: Bool = false
    ) throws(ShellError) {
        if variables[symbol].flags.contains(.readonly) { throw readonlyError(symbol) }
        let old = isAppending ? try elementValue(symbol, element) : nil
        let new = isAppending ? try appended(symbol, old, text) : try converted(symbol, text)
        let array = writableArray(symbol)
        switch element {
        case .number(let number): array.set(try subscriptNumber(symbol, number, array), new)
        case .key(let key): array.set(key, new)
        }
        didChangeArray(symbol, array)
    }

    /// `unset x[i]`
    public func unset(_ symbol: Symbol, _ element: ElementSubscript) throws(ShellError) {
        if variables[symbol].flags.contains(.readonly) { throw readonlyError(symbol) }
        if !variables[symbol].flags.contains(.array) {
            if case .number(0) = element { return try unset(symbol) }
            return
        }
        let array = writableArray(symbol)
        switch element {
        case .number(let number): array.remove(try subscriptNumber(symbol, number, array))
        case .key(let key): array.remove(key)
        }
        didChangeArray(symbol, array)
    }

    /// A subscript as it is stored: a negative one counts from the end.
    private func subscriptNumber(_ symbol: Symbol, _ number: Int, _ array: ArrayValue?) throws(ShellError) -> Int {
        if number == Int.max {
            report(name: symbols.name(symbol), "the subscript is too large")
            throw ShellError(.expansion, status: 1)
        }
        if number >= 0 { return number }
        let next = array?.nextSubscript ?? (isSet(symbol) ? 1 : 0)
        if next + number >= 0 { return next + number }
        report(name: symbols.name(symbol), "the array has no element \(number)")
        throw ShellError(.expansion, status: 1)
    }

    /// The value of an element, or nil. A variable that is no array is its own element 0.
    public func elementValue(_ symbol: Symbol, _ element: ElementSubscript) throws(ShellError) -> Text? {
        let array = array(symbol)
        switch element {
        case .key(let key): return array?[key]
        case .number(var number):
            if number < 0 {
                number += array?.nextSubscript ?? (isSet(symbol) ? 1 : 0)
                if number < 0 {
                    report(name: symbols.name(symbol), "the array has no such element")
                    return nil
                }
            }
            if let array { return array[number] }
            return number == 0 && isSet(symbol) ? value(symbol) : nil
        }
    }

    /// The values of all elements.
    public func elementValues(_ symbol: Symbol) -> [Text] {
        if let array = array(symbol) { return array.values }
        return isSet(symbol) ? [value(symbol)] : []
    }

    /// `x=(…)` or `x+=(…)`.
    public func assignList(
        _ symbol: Symbol, _ elements: [ListElement], isAppending: Bool
    ) throws(ShellError) {
        let flags = variables[symbol].flags
        if flags.contains(.readonly) { throw readonlyError(symbol) }
        let isAssociative = flags.contains(.associative)
        if isAppending, flags.isDisjoint(with: [.associative, .numeric]), elements.allSatisfy({ $0.key == nil }) {
            let array = writableArray(symbol)
            for element in elements { array.set(array.nextSubscript, try converted(symbol, element.value)) }
            return didChangeArray(symbol, array)
        }
        // Made beside the old one, which the elements may still speak of.
        let new: ArrayValue
        if isAppending {
            new = writableArray(symbol).copy()
        } else {
            new = ArrayValue(isAssociative: isAssociative)
        }
        if isAssociative {
            try addPairs(symbol, elements, new)
        } else {
            var next = new.nextSubscript
            for element in elements {
                if let key = element.key {
                    var number = try evaluateText(key, 0)
                    number = try subscriptNumber(symbol, number, new)
                    next = number
                }
                new.set(next, try listValue(symbol, element, new[next]))
                next += 1
            }
        }
        setArray(symbol, new)
    }

    private func listValue(_ symbol: Symbol, _ element: ListElement, _ old: Text?) throws(ShellError) -> Text {
        element.isAppending ? try appended(symbol, old, element.value) : try converted(symbol, element.value)
    }

    /// Keys are written as `[key]=value`, or keys and values alternate.
    private func addPairs(_ symbol: Symbol, _ elements: [ListElement], _ new: ArrayValue) throws(ShellError) {
        var index = 0
        while index < elements.count {
            var element = elements[index]
            index += 1
            let key: Text
            if let given = element.key {
                key = given
            } else {
                key = element.value
                element.value = index < elements.count ? elements[index].value : Text()
                index += 1
            }
            if key.isEmpty {
                report(name: symbols.name(symbol), "an associative array has no empty key")
                status = 1
                continue
            }
            new.set(key, try listValue(symbol, element, new[key]))
        }
    }

    // MARK: attributes

    /// `x+=text`
    public func append(_ symbol: Symbol, _ text: Text) throws(ShellError) {
        let symbol = resolved(symbol)
        try assign(symbol, appended(symbol, isSet(symbol) ? value(symbol) : nil, text))
    }

    /// `declare -a`, `declare -A`: one that was no array has its value as the element 0.
    public func becomeArray(_ symbol: Symbol, isAssociative: Bool) {
        let value = ArrayValue(isAssociative: isAssociative)
        if isSet(symbol) {
            if isAssociative { value.set(Text("0"), self.value(symbol)) } else { value.set(0, self.value(symbol)) }
        }
        setArray(symbol, value)
        value.isDeclaredOnly = value.count == 0
    }

    public func setAttributes(_ symbol: Symbol, added: VariableFlags, removed: VariableFlags) {
        willChange(symbol)
        var flags = variables[symbol].flags.subtracting(removed)
        if added.contains(.lowercase) { flags.remove(.uppercase) }
        if added.contains(.uppercase) { flags.remove(.lowercase) }
        variables[symbol].flags = flags.union(added)
    }

    /// `declare -n symbol=target`
    public func setReference(_ symbol: Symbol, _ target: Text) {
        willChange(symbol)
        variables[symbol].text = target
        let kept: VariableFlags = [.local, .watched, .exported]
        variables[symbol].flags = variables[symbol].flags.intersection(kept).union(.reference)
    }

    /// `declare +n`: the name is its value.
    public func removeReference(_ symbol: Symbol) {
        if !variables[symbol].flags.contains(.reference) { return }
        willChange(symbol)
        variables[symbol].flags.remove(.reference)
        variables[symbol].flags.insert(.textValue)
    }

    /// A variable that was just made local has no value and no attribute of the one it hides.
    public func clearLocal(_ symbol: Symbol, keepsExport: Bool) {
        willChange(symbol)
        let flags = variables[symbol].flags
        let kept = flags.intersection(keepsExport ? [.watched, .local, .exported] : [.watched, .local])
        variables[symbol].text = Text()
        variables[symbol].flags = kept.union(.hasText)
        if flags.contains(.exported) { environmentIsStale = true }
        if flags.contains(.watched) { variableChanged(symbol) }
    }

    // MARK: commands

    /// `x[i]=…` and `x=(…)`.
    @inline(never)
    func performArray(_ code: Code, _ assignment: Assignment) throws(ShellError) {
        let isAppending = assignment.flags.contains(.append)
        let symbol = resolved(assignment.symbol)
        let word = code.words[assignment.word]
        if word.form == .list {
            try assignList(symbol, expandList(code, word), isAppending: isAppending)
            return
        }
        let text = try expandToText(code, word.a)
        guard let element = try elementSubscript(code, assignment.subscriptWord, symbol) else {
            report(name: symbols.name(symbol), "'@' and '*' are no subscripts to assign to")
            throw ShellError(.expansion, status: 1)
        }
        try assign(symbol, element, text, isAppending: isAppending)
    }

    /// `x+=text` for a variable whose value is a number or in one case.
    @inline(never)
    func performAppend(_ code: Code, _ assignment: Assignment) throws(ShellError) {
        var rest = code.words[assignment.word]
        rest.a += 1
        rest.count -= 1
        let text = try expandGeneralToText(code, rest)
        let symbol = resolved(assignment.symbol)
        let old = isSet(symbol) ? value(symbol) : nil
        try assign(symbol, appended(symbol, old, text))
    }

    /// The elements that the words between parentheses make.
    func expandList(_ code: Code, _ word: Word) throws(ShellError) -> [ListElement] {
        var elements: [ListElement] = []
        let mark = fields.count
        defer { fields.pop(to: mark) }
        for place in 0..<word.count {
            let index = word.a + 3 * place
            if code.ints[index] >= 0 {
                var element = ListElement(try expandToText(code, code.ints[index + 1]))
                let subscriptWord = code.ints[code.ints[index] + 1]
                element.key =
                    subscriptWord >= 0 ? try expandToText(code, subscriptWord) : Text(subscriptWord == -1 ? "@" : "*")
                element.isAppending = code.ints[index + 2] == 1
                elements.append(element)
            } else {
                try expand(code, code.ints[index + 1])
                for field in mark..<fields.count { elements.append(ListElement(fields[field])) }
                fields.pop(to: mark)
            }
        }
        return elements
    }

    /// The argument `x=(…)` of a declaration utility: what it takes from `declaredLists` when it runs.
    func expandDeclaredList(_ code: Code, _ word: Word) throws(ShellError) {
        let elements = try expandList(code, word)
        declaredLists.removeAll { $0.place >= fields.count }
        declaredLists.append((fields.count, elements))
        fields.append(code.constants[word.b])
    }

    /// The elements that `text`, `(a b)`, would give an array; nil when it cannot be read so.
    public func list(_ text: Text) throws(ShellError) -> [ListElement]? {
        var source = Text("x=")
        source.append(text)
        source.append(Text("\n"))
        guard let (code, root) = parsed(source), code.nodes[root].kind == .assignment, code.nodes[root].n == 1,
            code.assignments[code.nodes[root].a].flags.contains(.list)
        else { return nil }
        return try expandList(code, code.words[code.assignments[code.nodes[root].a].word])
    }

    /// The elements of the argument of a declaration utility at `place` of `fields`; nil when it is not written `x=(…)`.
    public func takeDeclaredList(_ place: Int) -> [ListElement]? {
        guard let index = declaredLists.firstIndex(where: { $0.place == place }) else { return nil }
        return declaredLists.remove(at: index).elements
    }
}
