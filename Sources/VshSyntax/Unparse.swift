// SPDX-License-Identifier: MPL-2.0
import VshBase

/// How `unparse` lays out lists.
public enum UnparseStyle {
    /// `if a; then b; fi`: for jobs. Here-documents follow in lines of their own.
    case singleLine
    /// One command per line, compound commands indented by four spaces: for functions.
    case multiLine
}

/// The text of the command `node`, which parses to the same tree; without a newline at the end.
///
/// Comments, the choice of quotes and of `` ` `` or `$(` are not in the tree, so they can differ from the original.
public func unparse(
    _ code: Code, _ node: Int32, symbols: SymbolTable, style: UnparseStyle = .multiLine
) -> [UInt8] {
    var unparser = Unparser(code: code, symbols: symbols, isMultiLine: style == .multiLine)
    unparser.node(node)
    unparser.flushHereDocuments()
    return unparser.out.withBytes { Array($0) }
}

/// The same of a simple command or another single node, in one line.
public func unparse(_ code: Code, _ node: Node, symbols: SymbolTable) -> [UInt8] {
    var unparser = Unparser(code: code, symbols: symbols, isMultiLine: false)
    unparser.command(node)
    return unparser.out.withBytes { Array($0) }
}

/// Writes commands; words are in UnparseWords.swift.
struct Unparser: ~Copyable {
    let code: Code
    let symbols: SymbolTable
    let isMultiLine: Bool
    var out = ByteStack(capacity: 1024)
    private var indent = 0
    /// Redirections whose here-documents are to follow the line.
    private var pending: [Int32] = []

    /// An unquoted `$` was just written.
    var endsInDollar = false

    init(code: Code, symbols: SymbolTable, isMultiLine: Bool) {
        self.code = code
        self.symbols = symbols
        self.isMultiLine = isMultiLine
    }

    // MARK: Lines

    /// Ends the line, if one is open, with the here-documents that belong after it.
    private mutating func newline() {
        out.append(Byte.newline)
        writeHereDocuments()
        for _ in 0..<indent { out.append("    ") }
    }

    /// At the end of a text: the here-documents that are still due.
    mutating func flushHereDocuments() {
        if pending.isEmpty { return }
        out.append(Byte.newline)
        writeHereDocuments()
        // The last delimiter needs no newline at the end of the input, but a closing parenthesis after it does.
        out.pop(to: out.count - 1)
    }

    private mutating func writeHereDocuments() {
        let due = pending
        pending = []
        for index in due {
            let redirection = code.redirections[index]
            let delimiter = code.constants[redirection.delimiter]
            hereDocument(redirection, delimiter)
            // A body that the end of the input ended.
            if out[out.count - 1] != Byte.newline { out.append(Byte.newline) }
            out.append(delimiter)
            out.append(Byte.newline)
        }
    }

    /// `; ` or a line break, after a command that is not in the background; only the break otherwise.
    private mutating func separator(after node: Int32) {
        let isBackground = endsInBackground(node)
        if isMultiLine {
            newline()
        } else {
            out.append(isBackground ? " " : "; ")
        }
    }

    private func endsInBackground(_ node: Int32) -> Bool {
        let n = code.nodes[node]
        switch n.kind {
        case .background: return true
        case .sequence: return code.nodes[code.ints[n.a + n.n - 1]].kind == .background
        default: return false
        }
    }

    /// A list between two words: ` list; ` or an indented block.
    private mutating func block(_ node: Int32) {
        indent += 1
        if isMultiLine { newline() } else { out.append(Byte.space) }
        self.node(node)
        indent -= 1
        separator(after: node)
    }

    /// A list on the line of the word before it: ` list; `.
    private mutating func condition(_ node: Int32) {
        out.append(Byte.space)
        indent += 1
        self.node(node)
        indent -= 1
        if isMultiLine && code.nodes[node].kind != .sequence && pending.isEmpty {
            out.append(endsInBackground(node) ? " " : "; ")
        } else {
            separator(after: node)
        }
    }

    // MARK: Commands

    mutating func node(_ index: Int32) { command(code.nodes[index]) }

    mutating func command(_ n: Node) {
        switch n.kind {
        case .assignment, .simpleCommand: simpleCommand(n)
        case .sequence:
            for offset in 0..<n.n {
                let child = code.ints[n.a + offset]
                if offset > 0 { separator(after: code.ints[n.a + offset - 1]) }
                node(child)
            }
        case .andOr:
            for offset in 0..<n.n {
                if offset > 0 { out.append(code.ints[n.a + 2 * offset + 1] == 0 ? " && " : " || ") }
                node(code.ints[n.a + 2 * offset])
            }
        case .not:
            out.append("! ")
            node(n.a)
        case .pipeline:
            for offset in 0..<n.n {
                if offset > 0 { out.append(" | ") }
                node(code.ints[n.a + offset])
            }
        case .background:
            node(n.a)
            out.append(" &")
        case .redirected:
            node(n.a)
            redirections(n.e)
        case .braceGroup:
            out.append("{")
            block(n.a)
            out.append("}")
        case .subshell:
            out.append("(")
            // Not `((`, which other shells read as arithmetic.
            if !isMultiLine && startsWithParenthesis(n.a) { out.append(Byte.space) }
            parenthesised(n.a)
            out.append(")")
        case .ifClause: ifClause(n)
        case .whileClause, .untilClause:
            out.append(n.kind == .whileClause ? "while" : "until")
            condition(n.a)
            doGroup(n.b)
        case .forClause, .selectClause:
            out.append(n.kind == .forClause ? "for " : "select ")
            out.append(symbols.name(n.b))
            if n.d != 0 {
                out.append(" in")
                words(n.a, n.n)
            }
            out.append("; ")
            doGroup(n.c)
        case .caseClause: caseClause(n)
        case .functionDefinition:
            out.append(symbols.name(n.a))
            // `$(` would begin something else.
            if out[out.count - 1] == Byte.dollar { out.append(Byte.space) }
            out.append("() ")
            node(n.b)
        case .text, .processScope: node(n.a)
        case .empty: break
        case .arithmeticCommand:
            out.append("((")
            arithmetic(n.a)
            out.append("))")
        case .conditionalCommand:
            out.append("[[ ")
            condition(n)
            out.append(" ]]")
        case .arithmeticFor:
            out.append("for ((")
            arithmetic(n.a)
            out.append(";")
            arithmetic(n.b)
            out.append(";")
            arithmetic(n.c)
            out.append(")); ")
            doGroup(n.d)
        case .timed:
            out.append(n.flags.contains(.isPortable) ? "time -p" : "time")
            if n.a < 0 { return }
            out.append(Byte.space)
            node(n.a)
        }
    }

    /// An expression in `[[ … ]]`.
    private mutating func condition(_ n: Node) {
        guard let op = ConditionalOperator(rawValue: n.n) else { return }
        switch op {
        case .and, .or:
            condition(code.nodes[n.a])
            out.append(Byte.space)
            out.append(op.text)
            out.append(Byte.space)
            condition(code.nodes[n.b])
        case .not:
            out.append("! ")
            condition(code.nodes[n.a])
        case .group:
            out.append("( ")
            condition(code.nodes[n.a])
            out.append(" )")
        case .unary:
            out.append(Byte.minus)
            out.append(UInt8(truncatingIfNeeded: n.c))
            out.append(Byte.space)
            word(n.a, .field)
        case .word: word(n.a, .field)
        default:
            word(n.a, .field)
            out.append(Byte.space)
            out.append(op.text)
            out.append(Byte.space)
            word(n.b, .field)
        }
    }

    private mutating func parenthesised(_ child: Int32) {
        if isMultiLine {
            indent += 1
            newline()
            node(child)
            indent -= 1
            newline()
        } else {
            node(child)
            if !pending.isEmpty { newline() }
        }
    }

    private mutating func doGroup(_ body: Int32) {
        out.append("do")
        block(body)
        out.append("done")
    }

    private mutating func ifClause(_ clause: Node) {
        var n = clause
        out.append("if")
        while true {
            condition(n.a)
            out.append("then")
            block(n.b)
            if n.c < 0 { break }
            if !n.flags.contains(.isElif) {
                out.append("else")
                block(n.c)
                break
            }
            out.append("elif")
            n = code.nodes[n.c]
        }
        out.append("fi")
    }

    private mutating func caseClause(_ n: Node) {
        out.append("case ")
        word(n.a, .field)
        out.append(" in")
        for offset in 0..<n.n {
            let item = code.caseItems[n.b + offset]
            if isMultiLine { newline() } else { out.append(Byte.space) }
            let first = code.words[item.firstPattern]
            if first.form == .pattern && code.constants[first.a].equals("esac") { out.append("(") }
            for pattern in 0..<item.patternCount {
                if pattern > 0 { out.append(" | ") }
                word(item.firstPattern + pattern, .field)
            }
            out.append(")")
            if item.body >= 0 {
                indent += 1
                if isMultiLine { newline() } else { out.append(Byte.space) }
                node(item.body)
                if isMultiLine || !pending.isEmpty { newline() } else { out.append(Byte.space) }
                indent -= 1
            } else {
                out.append(Byte.space)
            }
            switch item.terminator {
            case .breakCase: out.append(";;")
            case .fallThrough: out.append(";&")
            case .testNext: out.append(";;&")
            }
        }
        if isMultiLine { newline() } else { out.append(Byte.space) }
        out.append("esac")
    }

    private mutating func simpleCommand(_ n: Node) {
        let start = out.count
        let first = n.kind == .assignment ? n.a : n.c
        let count = n.kind == .assignment ? n.n : n.d
        for offset in 0..<count {
            if offset > 0 { out.append(Byte.space) }
            let assignment = code.assignments[first + offset]
            out.append(symbols.name(assignment.symbol))
            if !assignment.flags.isDisjoint(with: [.element, .list]) {
                arrayAssignment(assignment)
            } else if assignment.flags.contains(.append) {
                out.append("+=")
                var rest = code.words[assignment.word]
                rest.a += 1
                rest.count -= 1
                parts(rest, .assignment)
            } else {
                out.append("=")
                word(assignment.word, .assignment)
            }
        }
        if n.kind == .assignment { return }
        if count == 0 && n.n > 0 && n.e >= 0 && isReserved(n.a) {
            // `<x if`: only what comes first is a reserved word.
            redirections(n.e, isFirst: true)
            words(n.a, n.n)
            return
        }
        words(n.a, n.n, isFirst: out.count == start)
        redirections(n.e, isFirst: out.count == start)
    }

    /// Whether the word would be a reserved word where a command may start.
    private func isReserved(_ index: Int32) -> Bool {
        let word = code.words[index]
        if word.form != .constant || word.flags.contains(.hasQuotes) { return false }
        let text = code.constants[word.a]
        let reserved: [StaticString] = [
            "!", "[[", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
            "select", "then", "time", "until", "while",
        ]
        return reserved.contains { text.equals($0) }
    }

    private mutating func words(_ first: Int32, _ count: Int32, isFirst: Bool = false) {
        for offset in 0..<count {
            if offset > 0 || !isFirst { out.append(Byte.space) }
            word(first + offset, .field)
        }
    }

    private mutating func redirections(_ first: Int32, isFirst: Bool = false) {
        if first < 0 { return }
        var index = first
        while true {
            if index > first || !isFirst { out.append(Byte.space) }
            let redirection = code.redirections[index]
            let standard: Int32
            let text: StaticString
            switch redirection.op {
            case .input: (text, standard) = ("<", 0)
            case .output: (text, standard) = (">", 1)
            case .clobber: (text, standard) = (">|", 1)
            case .append: (text, standard) = (">>", 1)
            case .readWrite: (text, standard) = ("<>", 0)
            case .duplicateInput: (text, standard) = ("<&", 0)
            case .duplicateOutput: (text, standard) = (">&", 1)
            case .hereDocument: (text, standard) = ("<<", 0)
            case .hereDocumentStrip: (text, standard) = ("<<-", 0)
            case .hereString: (text, standard) = ("<<<", 0)
            case .outputAndError: (text, standard) = ("&>", 1)
            case .appendOutputAndError: (text, standard) = ("&>>", 1)
            }
            if let variable = redirection.variable {
                out.append("{")
                out.append(symbols.name(variable))
                out.append("}")
            } else if redirection.descriptor != standard {
                out.append(decimal: Int(redirection.descriptor))
            }
            out.append(text)
            if redirection.delimiter >= 0 {
                let delimiter = code.constants[redirection.delimiter]
                if redirection.isQuoted {
                    singleQuoted(delimiter)
                } else {
                    if delimiter.count > 0 && delimiter[0] == Byte.minus { out.append(Byte.space) }
                    out.append(delimiter)
                }
                pending.append(index)
            } else {
                let target = code.words[redirection.word]
                // `< <(x)`: together they would be another operator.
                if target.form == .general, code.parts[target.a].kind == .processSubstitution { out.append(Byte.space) }
                word(redirection.word, .field)
            }
            if redirection.isLast { return }
            index += 1
        }
    }

    // MARK: Substitutions

    /// `$(…)`, or another opener; its here-documents end inside it.
    mutating func commandSubstitution(_ child: Int32, _ opener: StaticString = "$(") {
        out.append(opener)
        if code.nodes[child].kind != .empty {
            let outer = pending
            pending = []
            if startsWithParenthesis(child) { out.append(Byte.space) }
            node(child)
            if !pending.isEmpty { newline() }
            pending = outer
        }
        out.append(")")
    }

    /// `` `…` ``, where `$(` cannot stand.
    mutating func backquoted(_ child: Int32) {
        let mark = out.count
        commandSubstitution(child)
        let text = out.text(mark + 2..<out.count - 1)
        out.pop(to: mark)
        out.append(Byte.backquote)
        text.withBytes {
            for byte in $0 {
                if byte == Byte.backslash || byte == Byte.backquote { out.append(Byte.backslash) }
                out.append(byte)
            }
        }
        out.append(Byte.backquote)
    }

    private func startsWithParenthesis(_ index: Int32) -> Bool {
        var index = index
        while true {
            let n = code.nodes[index]
            switch n.kind {
            case .subshell, .arithmeticCommand: return true
            case .sequence, .andOr, .pipeline: index = code.ints[n.a]
            case .background, .redirected, .text, .processScope: index = n.a
            default: return false
            }
        }
    }
}
