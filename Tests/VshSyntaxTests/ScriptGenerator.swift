// SPDX-License-Identifier: MPL-2.0

/// A small random number generator (xorshift), so that a failure can be repeated.
struct Random {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func below(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(max(limit, 1)))
    }

    mutating func one<T>(of values: [T]) -> T { values[below(values.count)] }
}

/// Makes scripts at random that are right by construction.
struct ScriptGenerator {
    private var random: Random
    private var out: [UInt8] = []
    private var bodies: [[UInt8]] = []
    private var depth = 0

    init(_ seed: Int) { random = Random(seed) }

    mutating func script() -> [UInt8] {
        for _ in 0..<1 + random.below(4) {
            list()
            newline()
        }
        return out
    }

    private mutating func put(_ text: String) { out += Array(text.utf8) }

    private mutating func newline() {
        put("\n")
        for body in bodies { out += body }
        bodies = []
    }

    private mutating func separator() {
        switch random.below(5) {
        case 0: newline()
        case 1: put(" & ")
        case 2:
            put(" ;\n")
            let due = bodies
            bodies = []
            for body in due { out += body }
        default: put("; ")
        }
    }

    private mutating func list() {
        for index in 0..<1 + random.below(3) {
            if index > 0 { separator() }
            andOr()
        }
    }

    private mutating func closedList() {
        list()
        separator()
    }

    private mutating func andOr() {
        for index in 0..<1 + random.below(10) / 8 {
            if index > 0 {
                put(random.below(2) == 0 ? " && " : " || ")
                if random.below(4) == 0 { newline() }
            }
            if random.below(8) == 0 { put("! ") }
            for stage in 0..<1 + random.below(10) / 8 {
                if stage > 0 { put(" | ") }
                command()
            }
        }
    }

    private mutating func command() {
        depth += 1
        defer { depth -= 1 }
        let choice = depth > 4 ? 0 : random.below(16)
        switch choice {
        case 8:
            put("{ ")
            closedList()
            put("}")
        case 9:
            put("( ")
            list()
            put(" )")
        case 10:
            put("if ")
            closedList()
            put("then ")
            closedList()
            for _ in 0..<random.below(3) {
                put("elif ")
                closedList()
                put("then ")
                closedList()
            }
            if random.below(2) == 0 {
                put("else ")
                closedList()
            }
            put("fi")
        case 11:
            put(random.below(2) == 0 ? "while " : "until ")
            closedList()
            put("do ")
            closedList()
            put("done")
        case 12:
            put("for \(name())")
            if random.below(3) > 0 {
                put(" in")
                for _ in 0..<random.below(4) {
                    put(" ")
                    word()
                }
            }
            put("; do ")
            closedList()
            put("done")
        case 13:
            put("case ")
            word()
            put(" in ")
            for _ in 0..<random.below(4) {
                put("(")
                for index in 0..<1 + random.below(3) {
                    if index > 0 { put(" | ") }
                    word()
                }
                put(") ")
                if random.below(4) > 0 { list() }
                // A here-document of the list must not begin inside the operator.
                put(random.below(6) == 0 ? " ;& " : " ;; ")
            }
            put("esac")
        case 14:
            put("\(name())() { ")
            closedList()
            put("}")
        default:
            simpleCommand()
            return
        }
        if random.below(5) == 0 { redirection() }
    }

    private mutating func simpleCommand() {
        for _ in 0..<random.below(8) / 6 {
            put("\(name())=")
            if random.below(4) > 0 { word() }
            put(" ")
        }
        put(random.one(of: ["echo", "a", "export", "command export", "[", ":", "b-c", "./x"]))
        for _ in 0..<random.below(5) {
            put(" ")
            if random.below(8) == 0 { put("\(name())=") }
            word()
        }
        if random.below(4) == 0 { redirection() }
    }

    private mutating func redirection() {
        put(" ")
        if random.below(4) == 0 { put("\(random.below(20))") }
        if random.below(4) == 0 {
            let delimiter = random.one(of: ["E", "'E'", "\\E F", "-E"])
            let strips = random.below(3) == 0
            put(strips ? "<<-" : "<< ")
            let text = delimiter == "\\E F" ? "E" : delimiter.replacingQuotes
            put(delimiter == "\\E F" ? "\\E" : delimiter)
            var inner = ScriptGenerator(random.below(1 << 30))
            inner.depth = depth + 2
            for _ in 0..<random.below(4) {
                if strips { inner.put("\t") }
                inner.hereDocumentLine(delimiter == "E" || delimiter == "-E")
                inner.put("\n")
            }
            bodies.append(inner.out + Array(((strips ? "\t" : "") + text + "\n").utf8))
            return
        }
        put(random.one(of: ["<", ">", ">>", ">|", "<>", "<&", ">&"]))
        word()
    }

    private mutating func hereDocumentLine(_ isExpanded: Bool) {
        for _ in 0..<random.below(4) {
            switch random.below(isExpanded ? 6 : 2) {
            case 0: put(" text \"q\" 's'")
            case 1: put("* ~ # ")
            case 2: put("\\$ \\\\ \\a")
            case 3: put("\\\n")
            default: expansion(inQuotes: true)
            }
        }
    }

    private mutating func name() -> String { random.one(of: ["x", "y1", "_z", "PATH"]) }

    private mutating func word() {
        for _ in 0..<1 + random.below(3) {
            piece()
            if random.below(20) == 0 { put("\\\n") }
        }
    }

    private mutating func piece() {
        switch random.below(14) {
        case 0: put("'a b$`\"\\'")
        case 1:
            put("\"")
            for _ in 0..<random.below(4) {
                if random.below(2) == 0 {
                    put(random.one(of: ["a b", "'", "\\$", "\\\"", "\\\\", "*", "~", "\n", "}", "é", "\\a"]))
                } else {
                    expansion(inQuotes: true)
                }
            }
            put("\"")
        case 2: put(random.one(of: ["\\ ", "\\'", "\\*", "\\$", "\\~", "\\é", "\\}"]))
        case 3: put(random.one(of: ["*", "?", "[a-z]", "[!x]", "[", "]", "{", "}", "{}"]))
        case 4: put(random.one(of: ["~", "~u", "~/", "=", ":~", "a=", ":"]))
        case 5: put(random.one(of: ["$'a\\n\\x41'", "\"\"", "''"]))
        case 6, 7, 8: expansion(inQuotes: false)
        default: put(random.one(of: ["a", "b.c", "-x", "/usr", "1", "x2", "if", "done", "é"]))
        }
    }

    private mutating func expansion(inQuotes: Bool) {
        depth += 1
        defer { depth -= 1 }
        switch depth > 6 ? random.below(3) : random.below(9) {
        case 0: put("$\(name())")
        case 1: put("${\(name())}")
        case 2: put(random.one(of: ["$1", "$@", "$*", "$#", "$?", "${10}", "${#x}", "${#}", "$$", "${x//a}"]))
        case 3, 4:
            put("${" + name() + random.one(of: ["-", ":-", "=", ":=", "?", ":?", "+", ":+"]))
            for _ in 0..<random.below(3) {
                switch random.below(4) {
                case 0: put(random.one(of: ["a b", "\\}", "~", "*", "|;&", "é"]))
                case 1: put("\"a\"")
                default: expansion(inQuotes: inQuotes)
                }
            }
            put("}")
        case 5:
            put("${" + name() + random.one(of: ["#", "##", "%", "%%"]))
            for _ in 0..<random.below(3) {
                switch random.below(5) {
                case 0: put(random.one(of: ["a b", "\\}", "'*'", "*", "[a\"-\"z]", "#", "%", "\\\\"]))
                case 1: put("\"a*\"")
                default: expansion(inQuotes: false)
                }
            }
            put("}")
        case 6:
            put("$(( ")
            arithmetic()
            put(" ))")
        default:
            put("$( ")
            var inner = ScriptGenerator(random.below(1 << 30))
            inner.depth = depth + 1
            inner.list()
            inner.newline()
            out += inner.out
            put(")")
        }
    }

    private mutating func arithmetic() {
        depth += 1
        defer { depth -= 1 }
        switch depth > 6 ? random.below(3) : random.below(9) {
        case 0: put("\(random.below(100))")
        case 1: put(name())
        case 2: put("$\(name())")
        case 3:
            put("(")
            arithmetic()
            put(")")
        case 4:
            put("\(name()) \(random.one(of: ["=", "+=", "<<=", "|="])) ")
            arithmetic()
        case 5:
            put(random.one(of: ["- ", "!", "~", "+ "]))
            arithmetic()
        case 6: put("\(name())++")
        default:
            arithmetic()
            put(random.one(of: [" + ", "*", " - ", "/", " << ", "<", " && ", "||", "&", ",", " ? 1 : "]))
            arithmetic()
        }
    }
}

extension String {
    fileprivate var replacingQuotes: String { String(filter { $0 != "'" }) }
}
