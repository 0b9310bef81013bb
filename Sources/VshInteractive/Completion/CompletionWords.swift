// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// The words that `complete` and `compgen` choose from.
enum CompletionWords {
    static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 128 || byte >= 48 && byte <= 57 || byte >= 65 && byte <= 90 || byte >= 97 && byte <= 122
            || "_-./:@%+,=".utf8.contains(byte)
    }

    /// The lines that commands write, run in a process of their own; nil when they are wrong, or ended by ^C.
    static func output(of commands: [UInt8], _ shell: Shell) -> [[UInt8]]? {
        let text = Text(Array("$(".utf8) + commands + Array("\n)".utf8))
        guard let output = try? shell.expandPrompt(text), output.bytes != text.bytes, !Signals.isInterruptPending
        else { return nil }
        return output.bytes.split(separator: 10, omittingEmptySubsequences: false).map { Array($0) }
    }

    /// The words of a list, split at the characters of IFS; quotes and expansions in it are the shell's.
    static func split(_ list: [UInt8], _ shell: Shell) -> [[UInt8]] {
        let separators = shell.isSet(KnownSymbol.ifs.rawValue) ? shell.value(.ifs).bytes : [32, 9, 10]
        if list.contains(where: { "'\"\\$`".utf8.contains($0) }) {
            let text = Array("set -f; printf '%s\\n' ".utf8) + ListText(list, separators).text
            if let words = output(of: text, shell) { return words }
        }
        return list.split { separators.contains($0) }.map { Array($0) }
    }

    /// The names of a list, those of files as they begin with `word`.
    static func list(_ name: [UInt8], _ shell: Shell, _ word: [UInt8]) -> [[UInt8]] {
        switch String(decoding: name, as: UTF8.self) {
        case "alias": aliases(shell)
        case "builtin", "enabled", "helptopic": builtins(shell)
        case "command": commands(shell, word)
        case "function": functions(shell)
        case "keyword": (SystemNames.reservedWords + ["!", "[[", "]]", "{", "}"]).map { SystemNames.bytes($0) }
        case "directory": files(word, .directory)
        case "file": files(word, nil)
        case "user": UserDatabase.localUsers().map(\.name)
        case "group": UserDatabase.localGroups().map(\.name)
        case "hostname": SystemNames.hosts(home: shell.value(.home).bytes).map(\.name)
        case "service": SystemNames.services(ofUser: false)
        case "signal": Completer.signals.map { Array("SIG".utf8) + $0.0 }
        case "job": shell.jobs.jobs.map { $0.command.bytes }
        case "running": shell.jobs.jobs.filter { $0.state == .running }.map { $0.command.bytes }
        case "stopped": shell.jobs.jobs.filter { $0.state == .stopped }.map { $0.command.bytes }
        case "variable": variables(shell) { _ in true }
        case "export": variables(shell) { shell.variables[$0].flags.contains(.exported) }
        case "arrayvar": variables(shell) { shell.variables[$0].flags.contains(.array) }
        case "setopt": ShellOptions.rows.filter(\.canChange).compactMap { $0.name.map { SystemNames.bytes($0) } }
        case "shopt":
            sorted(
                ShellOptions.shoptRows.map(\.name) + ShellOptions.invertedRows.map(\.name) + ShellOptions.alwaysOn
                    + ShellOptions.alwaysOff)
        default: []
        }
    }

    private static func sorted(_ names: [[UInt8]]) -> [[UInt8]] { names.sorted { $0.lexicographicallyPrecedes($1) } }

    private static func sorted(_ names: [StaticString]) -> [[UInt8]] { sorted(names.map { SystemNames.bytes($0) }) }

    private static func aliases(_ shell: Shell) -> [[UInt8]] {
        sorted(shell.aliases.keys.map { shell.symbols.name($0).bytes })
    }

    private static func builtins(_ shell: Shell) -> [[UInt8]] {
        // Some have a row for scripts and one for terminals.
        sorted(Array(Set((0..<shell.builtinTable.count).map { Text(shell.builtinTable[$0].name).bytes })))
    }

    private static func functions(_ shell: Shell) -> [[UInt8]] {
        sorted(
            (0..<Int32(min(shell.symbols.count, shell.functions.count))).filter { shell.functions[$0] != nil }
                .map { shell.symbols.name($0).bytes })
    }

    private static func commands(_ shell: Shell, _ word: [UInt8]) -> [[UInt8]] {
        var names = aliases(shell) + builtins(shell) + functions(shell)
        names += SystemNames.reservedWords.map { SystemNames.bytes($0) }
        for directory in SystemNames.searchDirectories(shell.value(.path).bytes) {
            names += SystemNames.entries(directory).filter { $0.starts(with: word) }
        }
        return names
    }

    private static func files(_ word: [UInt8], _ type: FileType?) -> [[UInt8]] {
        let folder = word.lastIndex(of: 47).map { Array(word[...$0]) } ?? []
        return SystemNames.entries(folder.isEmpty ? [46] : folder, type: type).map { folder + $0 }
    }

    private static func variables(_ shell: Shell, _ isWanted: (Symbol) -> Bool) -> [[UInt8]] {
        let isThere = { (symbol: Symbol) in shell.isSet(symbol) || shell.array(symbol)?.count ?? 0 > 0 }
        let wanted = (0..<Int32(min(shell.symbols.count, shell.variables.count))).filter { isThere($0) && isWanted($0) }
        return sorted(wanted.map { shell.symbols.name($0) }.filter { shell.isName($0) }.map(\.bytes))
    }

    /// The builtin: status 1 when nothing begins with the word.
    static func compgen(_ shell: Shell, _ arguments: Arguments) throws(ShellError) {
        var words = UserCompletions.words(shell, arguments)[...]
        if words.elementsEqual([Array("--help".utf8)]) {
            shell.writeBuiltinHelp(Text("compgen"))
            shell.status = 0
            return
        }
        var rule = CompletionRule()
        shell.status = 2
        let option = words.first ?? []
        if let problem = rule.read(&words) { return shell.report(arguments, Text(option), problem) }
        let word = words.first ?? []
        var names = rule.names(shell, word)
        if rule.function != nil || rule.command != nil { names += rule.around(try replies(shell, rule, word), word) }
        names += rule.fallbackNames(shell, word, isEmpty: names.isEmpty)
        shell.status = names.isEmpty ? 1 : 0
        for name in names {
            shell.output.append(name)
            shell.output.append(10)
        }
    }

    /// What `-F function` leaves in COMPREPLY, or `-C command` writes.
    private static func replies(_ shell: Shell, _ rule: CompletionRule, _ word: [UInt8]) throws(ShellError) -> [[UInt8]]
    {
        let operands = Array(" compgen ".utf8) + shell.quotedAlways(Text(word)).bytes + Array(" ''".utf8)
        var found: [[UInt8]] = []
        if let function = rule.function {
            let reply = shell.intern(Text("COMPREPLY"))
            let text =
                Array("COMP_WORDS=() COMP_CWORD=-1 COMP_LINE= COMP_POINT=0 COMPREPLY=(); ".utf8) + function + operands
            _ = try shell.runString(Text(text), origin: .eval, name: shell.name)
            found +=
                shell.array(reply).map { $0.values.map(\.bytes) }
                ?? (shell.isSet(reply) ? [shell.value(reply).bytes] : [])
        }
        if let command = rule.command { found += (output(of: command + operands, shell) ?? []).filter { !$0.isEmpty } }
        return found
    }
}

/// A list of words as text of a command: what separates words stays so, quotes and expansions too, and all else means nothing.
private struct ListText {
    private(set) var text: [UInt8] = []
    private let list: [UInt8]
    private var at = 0

    init(_ list: [UInt8], _ separators: [UInt8]) {
        self.list = list
        while at < list.count {
            let byte = list[at]
            if separators.contains(byte) {
                text.append(32)
                at += 1
            } else if byte == 92 {
                copy(2)
            } else if byte == 39 || byte == 34 || byte == 96 {
                copyQuoted(byte)
            } else if byte == 36, at + 1 < list.count, list[at + 1] == 40 || list[at + 1] == 123 {
                copyNested()
            } else {
                if " \t\n;|&<>()#*?[~{}".utf8.contains(byte) { text.append(92) }
                copy(1)
            }
        }
    }

    private mutating func copy(_ count: Int) {
        let end = min(at + count, list.count)
        text += list[at..<end]
        at = end
    }

    private mutating func copyQuoted(_ quote: UInt8) {
        copy(1)
        while at < list.count, list[at] != quote {
            if list[at] == 92, quote != 39 {
                copy(2)
            } else if quote == 34, list[at] == 36, at + 1 < list.count, list[at + 1] == 40 || list[at + 1] == 123 {
                copyNested()
            } else {
                copy(1)
            }
        }
        copy(1)
    }

    /// `$(…)` and `${…}`.
    private mutating func copyNested() {
        let open = list[at + 1]
        let close: UInt8 = open == 40 ? 41 : 125
        var depth = 0
        copy(1)
        while at < list.count {
            switch list[at] {
            case 92: copy(2)
            case 39, 34, 96: copyQuoted(list[at])
            case open:
                depth += 1
                copy(1)
            case close:
                depth -= 1
                copy(1)
                if depth == 0 { return }
            default: copy(1)
            }
        }
    }
}
