// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshSyntax
import VshSystem

/// The redirections of a command that deals with them itself (`explain`, `try`).
struct OwnRedirections {
    var code: Code
    var first: Int32
}

/// What `explain` is told of a command.
public enum ExplainedCommand {
    /// Words (none: only redirections), and redirections of files: the operator as typed, and the file.
    case simple(Arguments, [(sign: StaticString, file: Text)])
    /// What a command of this kind does is only known when it runs.
    case unknown(StaticString)
}

/// Running and looking at commands given as words.
extension Shell {
    /// Runs words as a command: a function, a builtin or a program.
    public func runWords(_ arguments: Arguments) throws(ShellError) -> Flow {
        let symbol = symbols.find(argument(arguments, 0)) ?? -1
        if symbol >= 0, functions[symbol] != nil { return try call(symbol, arguments) }
        let number = symbol >= 0 ? builtinNumber(symbol) : -1
        if number >= 0 { return try runBuiltin(number, arguments) }
        return try runExternal(arguments, symbol: symbol, tail: false)
    }

    /// Whether the words are a function's name.
    public func isFunction(_ name: Text) -> Bool {
        guard let symbol = symbols.find(name) else { return false }
        return functions[symbol] != nil
    }

    /// The path that a command's name finds, without a message.
    public func findProgram(_ name: Text) -> Text? {
        if case .found(let path) = searchPath(name) { return path }
        return nil
    }

    /// Performs the redirections that the running builtin was given, for `body`. Nil: one failed, with a message.
    public func withOwnRedirections(_ body: () throws(ShellError) -> Flow) throws(ShellError) -> Flow? {
        guard let own = ownRedirections else { return try body() }
        ownRedirections = nil
        guard let mark = try beginRedirections(own.code, own.first) else { return nil }
        defer { endRedirections(to: mark) }
        return try body()
    }

    /// The redirections of files that the running builtin was given, expanded.
    public func takeOwnRedirections() throws(ShellError) -> [(sign: StaticString, file: Text)] {
        guard let own = ownRedirections else { return [] }
        ownRedirections = nil
        return try fileRedirections(own.code, own.first)
    }

    private func fileRedirections(_ code: Code, _ first: Int32) throws(ShellError) -> [(
        sign: StaticString, file: Text
    )] {
        var found: [(sign: StaticString, file: Text)] = []
        var index = first
        while index >= 0 {
            let redirection = code.redirections[index]
            let sign: StaticString?
            switch redirection.op {
            case .input: sign = "<"
            case .output: sign = options.contains(.noclobber) ? ">!" : ">"
            case .clobber: sign = ">"
            case .append, .appendOutputAndError: sign = ">>"
            case .outputAndError: sign = ">"
            case .readWrite: sign = "<>"
            default: sign = nil
            }
            if let sign { found.append((sign, try expandToText(code, redirection.word))) }
            if redirection.isLast { break }
            index += 1
        }
        return found
    }

    /// Parses text and shows `body` each simple command in it, expanded, without running anything.
    public func explainText(_ text: Text, _ body: (ExplainedCommand) throws(ShellError) -> Void) throws(ShellError) {
        let code = Code(source: Source(name: name, origin: .eval, text: text))
        let (callerCode, position) = (currentCode, currentPosition)
        currentCode = code
        defer { (currentCode, currentPosition) = (callerCode, position) }
        var parser = Parser(source: code.source, symbols: symbols, options: parserOptions)
        while true {
            let parsed: ParsedCommand
            do throws(SyntaxError) {
                parsed = try parser.nextCommand(into: code)
            } catch {
                syncTables()
                reportSyntax(error, code.source)
                throw ShellError(.specialBuiltin, status: 2)
            }
            syncTables()
            switch parsed {
            case .command(let root): try explainNode(code, root, body)
            case .empty: continue
            default: return
            }
        }
    }

    private func explainNode(
        _ code: Code, _ index: Int32, _ body: (ExplainedCommand) throws(ShellError) -> Void
    ) throws(ShellError) {
        let node = code.nodes[index]
        switch node.kind {
        case .simpleCommand:
            if node.flags.contains(.hasSubstitution) {
                return try body(.unknown("a command with a command substitution"))
            }
            let mark = fields.count
            defer { fields.pop(to: mark) }
            for word in node.a..<node.a &+ node.n { try expand(code, word) }
            let count = fields.count - mark
            let files = try fileRedirections(code, node.e)
            try body(.simple(Arguments(base: mark, count: count), files))
        case .sequence, .pipeline:
            for place in 0..<node.n { try explainNode(code, code.ints[node.a &+ place], body) }
        case .andOr:
            for place in 0..<node.n { try explainNode(code, code.ints[node.a &+ 2 &* place], body) }
        case .not, .braceGroup, .subshell, .background: try explainNode(code, node.a, body)
        case .redirected:
            let files = try fileRedirections(code, node.e)
            try body(.simple(Arguments(base: fields.count, count: 0), files))
            try explainNode(code, node.a, body)
        case .assignment: try body(.unknown("an assignment"))
        case .functionDefinition: try body(.unknown("the definition of a function"))
        case .empty: return
        default: try body(.unknown("a compound command"))
        }
    }
}
