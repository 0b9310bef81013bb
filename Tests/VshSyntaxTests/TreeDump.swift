// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax

/// Writes a tree as one line of nested parentheses, for comparisons in tests.
///
/// Words: bare text is a constant, `'…'` one with quotes, `$x` `"$x"` `$1` `"$1"` `"$@"` the short forms, `*(…)` a glob with its pattern text,
/// `/…/` a pattern, `[…]` a list of parts. Unlike the parts, spaces and special bytes are escaped.
struct TreeDump {
    let code: Code
    let symbols: SymbolTable
    var out: [UInt8] = []

    init(_ code: Code, _ symbols: SymbolTable) {
        self.code = code
        self.symbols = symbols
    }

    static func command(_ code: Code, _ root: Int32, _ symbols: SymbolTable) -> String {
        var dump = TreeDump(code, symbols)
        dump.node(root)
        return String(decoding: dump.out, as: UTF8.self)
    }

    private mutating func put(_ string: String) { out += Array(string.utf8) }

    private mutating func put(_ text: Text) {
        for byte in text.bytes {
            switch byte {
            case 10: put("\\n")
            case 9: put("\\t")
            case 32: put("\\s")
            case 92: put("\\\\")
            default: out.append(byte)
            }
        }
    }

    private func name(_ symbol: Int32) -> String { symbols.name(symbol).description }

    mutating func node(_ index: Int32) {
        if index < 0 {
            put("-")
            return
        }
        let n = code.nodes[index]
        switch n.kind {
        case .assignment:
            put("(set")
            assignments(n.a, n.n)
            put(")")
        case .simpleCommand:
            put("(cmd")
            assignments(n.c, n.d)
            words(n.a, n.n)
            redirections(n.e)
            if n.flags.contains(.hasSubstitution) { put(" !sub") }
            if n.n > 0, code.words[n.a].form == .constant,
                n.b < 0 || symbols.name(n.b) != code.constants[code.words[n.a].a]
            {
                put(" !symbol")
            }
            put(")")
        case .sequence:
            put("(seq")
            for i in 0..<n.n { child(code.ints[n.a + i]) }
            put(")")
        case .andOr:
            put("(andor")
            for i in 0..<n.n {
                if i > 0 { put(code.ints[n.a + 2 * i + 1] == 0 ? " &&" : " ||") }
                child(code.ints[n.a + 2 * i])
            }
            put(")")
        case .not: one("not", n)
        case .pipeline:
            put("(pipe")
            for i in 0..<n.n { child(code.ints[n.a + i]) }
            put(")")
        case .background: one("bg", n)
        case .redirected:
            put("(redir")
            child(n.a)
            redirections(n.e)
            put(")")
        case .braceGroup: one("brace", n)
        case .subshell: one("sub", n)
        case .ifClause:
            put(n.flags.contains(.isElif) ? "(elif" : "(if")
            child(n.a)
            child(n.b)
            if n.c >= 0 { child(n.c) }
            put(")")
        case .whileClause, .untilClause:
            put(n.kind == .whileClause ? "(while" : "(until")
            child(n.a)
            child(n.b)
            put(")")
        case .forClause:
            put("(for " + name(n.b))
            if n.d != 0 { put(" in") }
            words(n.a, n.n)
            put(" do")
            child(n.c)
            put(")")
        case .caseClause:
            put("(case ")
            word(n.a)
            for i in 0..<n.n {
                let item = code.caseItems[n.b + i]
                put(" (")
                for p in 0..<item.patternCount {
                    if p > 0 { put("|") }
                    word(item.firstPattern + p)
                }
                child(item.body)
                switch item.terminator {
                case .breakCase: break
                case .fallThrough: put(" ;&")
                case .testNext: put(" ;;&")
                }
                put(")")
            }
            put(")")
        case .functionDefinition:
            put("(fun " + name(n.a))
            child(n.b)
            put(")")
        case .empty: put("(empty)")
        case .text:
            put("(text")
            child(n.a)
            put(")")
        case .arithmeticCommand:
            put("(arith ")
            word(n.a)
            put(")")
        case .conditionalCommand: condition(n)
        case .arithmeticFor:
            put("(for((")
            for index in [n.a, n.b, n.c] { if index < 0 { put(" -") } else { word(index) } }
            child(n.d)
            put(")")
        case .selectClause:
            put("(select " + name(n.b))
            if n.d != 0 { put(" in") }
            words(n.a, n.n)
            child(n.c)
            put(")")
        case .timed: one(n.flags.contains(.isPortable) ? "time-p" : "time", n)
        case .processScope: one("scope", n)
        }
    }

    private mutating func condition(_ n: Node) {
        guard let op = ConditionalOperator(rawValue: n.n) else { return put("?") }
        put("(\(op)")
        switch op {
        case .and, .or, .not, .group:
            child(n.a)
            if n.b >= 0 { child(n.b) }
        default:
            if n.c >= 0 { put(" -\(UnicodeScalar(UInt8(n.c)))") }
            put(" ")
            word(n.a)
            if n.b >= 0 {
                put(" ")
                word(n.b)
            }
        }
        put(")")
    }

    private mutating func child(_ index: Int32) {
        put(" ")
        node(index)
    }

    private mutating func one(_ name: String, _ n: Node) {
        put("(" + name)
        child(n.a)
        put(")")
    }

    private mutating func assignments(_ first: Int32, _ count: Int32) {
        for i in 0..<count {
            let a = code.assignments[first + i]
            put(" " + name(a.symbol) + (a.flags.contains(.appendsToSelf) ? "+=" : "="))
            word(a.word)
        }
    }

    private mutating func words(_ first: Int32, _ count: Int32) {
        for i in 0..<count {
            put(" ")
            word(first + i)
        }
    }

    private mutating func redirections(_ first: Int32) {
        if first < 0 { return }
        var index = first
        while true {
            let r = code.redirections[index]
            put(" \(r.descriptor)")
            switch r.op {
            case .input: put("<")
            case .output: put(">")
            case .clobber: put(">|")
            case .append: put(">>")
            case .readWrite: put("<>")
            case .duplicateInput: put("<&")
            case .duplicateOutput: put(">&")
            case .hereDocument: put(r.isQuoted ? "<<'" : "<<")
            case .hereDocumentStrip: put(r.isQuoted ? "<<-'" : "<<-")
            default: put("?")
            }
            if r.delimiter >= 0 {
                put(code.constants[r.delimiter])
                put(":")
            }
            word(r.word)
            if r.isLast { break }
            index += 1
        }
    }

    mutating func word(_ index: Int32) {
        let w = code.words[index]
        if w.flags.contains(.isAssignmentLike) { put("@") }
        switch w.form {
        case .constant:
            if w.flags.contains(.hasQuotes) { put("'") }
            put(code.constants[w.a])
            if w.flags.contains(.hasQuotes) { put("'") }
        case .variable: put("$" + name(w.a))
        case .quotedVariable: put("\"$" + name(w.a) + "\"")
        case .positional: put("$\(w.a)")
        case .quotedPositional: put("\"$\(w.a)\"")
        case .allParameters: put("\"$@\"")
        case .glob:
            put(code.constants[w.a])
            put("*(")
            put(code.constants[w.b])
            put(")")
        case .pattern:
            put("/")
            put(code.constants[w.a])
            put("/")
            if w.b < 0 { put("!slot") }
        case .general:
            put("[")
            for i in 0..<w.count {
                if i > 0 { put(" ") }
                part(code.parts[w.a + i])
            }
            put("]")
            if w.b >= 0 { put("/") }
        case .braces:
            put("{")
            words(w.a, w.count)
            put(" }")
        case .arrayElement:
            put("[]=")
            word(w.a)
        case .list:
            for i in 0..<w.count {
                put(i > 0 ? " " : "(")
                word(code.ints[w.a + 3 * i + 1])
            }
            put(")")
        }
    }

    private mutating func part(_ p: Part) {
        if p.isQuoted && p.kind != .tilde { put("\"") }
        switch p.kind {
        case .literal:
            put(code.constants[p.a])
        case .tilde:
            put("~")
            put(code.constants[p.a])
        case .parameter: parameter(p, name(p.a))
        case .positional: parameter(p, "\(p.a)")
        case .special: parameter(p, String(UnicodeScalar(UInt8(p.a))))
        case .commandSubstitution:
            put(p.flags.contains(.isBackquoted) ? "`" : "$")
            node(p.a)
        case .arithmetic:
            put("$((")
            if p.a < 0 { put("!") } else { arithmetic(p.a) }
            put(";")
            word(p.b)
            put("))")
        case .badSubstitution:
            put("!bad:")
            put(code.constants[p.a])
        case .indirectParameter: parameter(p, "!" + name(p.a))
        case .processSubstitution:
            put(p.b == 0 ? "<" : ">")
            node(p.a)
        case .element: parameter(p, name(code.ints[p.a]) + "[]")
        }
        if p.isQuoted && p.kind != .tilde { put("\"") }
    }

    private mutating func parameter(_ p: Part, _ name: String) {
        put("$")
        if p.op == .none {
            put(name)
            return
        }
        put("{")
        if p.op == .length { put("#") }
        put(name)
        if p.flags.contains(.colon) { put(":") }
        switch p.op {
        case .useDefault: put("-")
        case .assignDefault: put("=")
        case .indicateError: put("?")
        case .useAlternative: put("+")
        case .removeSmallestPrefix: put("#")
        case .removeLargestPrefix: put("##")
        case .removeSmallestSuffix: put("%")
        case .removeLargestSuffix: put("%%")
        case .replaceFirst: put("/")
        case .replaceAll: put("//")
        case .replacePrefix: put("/#")
        case .replaceSuffix: put("/%")
        case .none, .length: break
        case .substring, .upper, .upperAll, .lower, .lowerAll, .names, .keys, .transform: put("<\(p.op)>")
        }
        if p.op == .names || p.op == .keys || p.op == .transform { return put("}") }
        if p.b >= 0 { word(p.b) }
        if p.c >= 0 {
            put("/")
            word(p.c)
        }
        put("}")
    }

    mutating func arithmetic(_ index: Int32) {
        let n = code.arithmetic[index]
        switch n.op {
        case .constant: put("\(code.integers[n.a])")
        case .variable: put(name(n.a))
        case .expansion: word(n.a)
        case .operand: put("#\(n.a)")
        case .plus, .negate, .complement, .not:
            put("(\(n.op) ")
            arithmetic(n.a)
            put(")")
        case .assign:
            put("(" + name(n.a) + (n.c < 0 ? "" : " \(ArithmeticOperator(rawValue: UInt8(n.c))!)") + " = ")
            arithmetic(n.b)
            put(")")
        case .preIncrement, .preDecrement, .postIncrement, .postDecrement: put("(\(n.op) \(name(n.a)))")
        case .chain: arithmetic(n.a)
        default:
            put("(\(n.op) ")
            arithmetic(n.a)
            put(" ")
            arithmetic(n.b)
            if n.op == .conditional {
                put(" ")
                arithmetic(n.c)
            }
            put(")")
        }
    }
}
