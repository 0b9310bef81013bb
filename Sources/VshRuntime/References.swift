// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax

/// A variable, or an element of one, that a builtin was given by name: `x`, `x[i]`.
public struct VariableReference {
    public let symbol: Symbol
    /// The subscript as text; nil for the variable itself.
    public let subscriptText: Text?

    public init(symbol: Symbol, subscriptText: Text?) {
        self.symbol = symbol
        self.subscriptText = subscriptText
    }

    public var isAll: Bool { subscriptText.map { $0.equals("@") || $0.equals("*") } ?? false }
}

extension Shell {
    /// What `word` names; nil when it is no name. Elements are named outside POSIX mode only.
    public func reference(_ word: Text) throws(ShellError) -> VariableReference? {
        if isName(word) {
            return VariableReference(symbol: intern(word), subscriptText: nil)
        }
        let open = word.withBytes { $0.firstIndex(of: 91) }
        guard let open, open > 0, word.count > open + 2, word[word.count - 1] == 93, !options.contains(.posix),
            isName(word.slice(0..<open))
        else { return nil }
        return VariableReference(
            symbol: resolved(intern(word.slice(0..<open))), subscriptText: word.slice(open + 1..<word.count - 1))
    }

    /// The symbol of a name, with its place in the tables.
    public func intern(_ name: Text) -> Symbol {
        let symbol = symbols.intern(name)
        syncTables()
        return symbol
    }

    /// Whether `word` is a name, or outside POSIX mode that of an element.
    public func isReference(_ word: Text) -> Bool {
        if isName(word) { return true }
        return (try? reference(word)) != nil
    }

    /// The subscript of a reference: a key as it is when there is one, else after expansion, as in `unset 'm[$k]'`.
    private func element(_ reference: VariableReference, _ text: Text) throws(ShellError) -> ElementSubscript {
        let symbol = reference.symbol
        if variables[symbol].flags.contains(.associative) {
            if array(symbol)?[text] != nil { return .key(text) }
            return .key(try expandedSubscript(text))
        }
        return .number(try evaluateText(expandedSubscript(text), 0))
    }

    private func expandedSubscript(_ text: Text) throws(ShellError) -> Text {
        let isPlain = text.withBytes { bytes in
            !bytes.contains { $0 == 36 || $0 == 34 || $0 == 39 || $0 == 92 || $0 == 96 }
        }
        if isPlain { return text }
        var source = Text("x[")
        source.append(text)
        source.append(Text("]=\n"))
        guard let (code, root) = parsed(source), code.nodes[root].kind == .assignment,
            code.assignments[code.nodes[root].a].flags.contains(.element)
        else { return text }
        let word = code.ints[code.assignments[code.nodes[root].a].subscriptWord + 1]
        return word < 0 ? text : try expandToText(code, word)
    }

    public func value(_ reference: VariableReference) throws(ShellError) -> Text? {
        guard let text = reference.subscriptText else {
            let symbol = reference.symbol
            return isSet(symbol) ? value(symbol) : try unusualValue(symbol)
        }
        if reference.isAll {
            let values = elementValues(reference.symbol)
            if values.isEmpty { return nil }
            var whole = values[0]
            for value in values.dropFirst() {
                whole.append(Text(" "))
                whole.append(value)
            }
            return whole
        }
        return try elementValue(reference.symbol, element(reference, text))
    }

    public func assign(
        _ reference: VariableReference, _ text: Text, isAppending: Bool = false
    ) throws(ShellError) {
        guard let subscriptText = reference.subscriptText else { return try assign(reference.symbol, text) }
        try assign(reference.symbol, element(reference, subscriptText), text, isAppending: isAppending)
    }

    /// What a reference (`declare -n`) means in the end; nil when that is nothing.
    public func target(_ reference: VariableReference) throws(ShellError) -> VariableReference? {
        let symbol = resolved(reference.symbol)
        if !variables[symbol].flags.contains(.reference) {
            return VariableReference(symbol: symbol, subscriptText: nil)
        }
        return try self.reference(variables[symbol].text)
    }

    public func isSet(_ reference: VariableReference) throws(ShellError) -> Bool {
        try value(reference) != nil
    }

    public func unset(_ reference: VariableReference) throws(ShellError) {
        guard let subscriptText = reference.subscriptText else { return try unset(reference.symbol) }
        if reference.isAll && !variables[reference.symbol].flags.contains(.associative) {
            return try unset(reference.symbol)
        }
        try unset(reference.symbol, element(reference, subscriptText))
    }
}
