// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// Completion that the user defines for commands, as in bash: `complete -W words`, `-F function`, `-C command`, with `compgen` and `compopt` for
/// the functions. A function runs in a process of its own, where what it writes is lost, and so are its variables but COMPREPLY.
final class UserCompletions {
    enum Rule {
        case words([UInt8])
        case function([UInt8])
        case command([UInt8])
        /// A letter of `compgen`'s.
        case action(UInt8)
    }

    private var rules: [[UInt8]: (rule: Rule, options: [[UInt8]])] = [:]

    var isEmpty: Bool { rules.isEmpty }

    /// The commands that define them, sorted by name.
    var commands: [[UInt8]] {
        rules.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { name in
            let (rule, options) = rules[name]!
            var line = Array("complete".utf8)
            for option in options { line += Array(" -o ".utf8) + option }
            switch rule {
            case .words(let words): line += Array(" -W ".utf8) + Self.quoted(words)
            case .function(let function): line += Array(" -F ".utf8) + Self.quoted(function)
            case .command(let command): line += Array(" -C ".utf8) + Self.quoted(command)
            case .action(let letter): line += [32, 45, letter]
            }
            return line + [32] + Self.quoted(name)
        }
    }

    private static func quoted(_ text: [UInt8]) -> [UInt8] {
        if !text.isEmpty, text.allSatisfy({ CompletionWords.isPlain($0) }) { return text }
        return [39] + text.flatMap { $0 == 39 ? Array("'\\''".utf8) : [$0] } + [39]
    }

    /// Defines the builtins.
    func register(_ shell: Shell) {
        shell.register(
            "complete", .extension_,
            synopsis: "[-o option] [-W words | -F function | -C command | -abcdfuv] name... | -r [name...] | -p",
            summary: "Define how the words of a command are completed."
        ) { [unowned self] (shell: Shell, arguments: Arguments) throws(ShellError) -> Flow in
            self.define(shell, arguments)
            return .normal
        }
        shell.register(
            "compgen", .extension_, synopsis: "[-W words] [-abcdfuv] [-P prefix] [-S suffix] [--] [word]",
            summary: "Write the possible completions of a word."
        ) { (shell: Shell, arguments: Arguments) throws(ShellError) -> Flow in
            CompletionWords.compgen(shell, arguments)
            return .normal
        }
        shell.register(
            "compopt", .extension_, synopsis: "[-o option] [+o option]",
            summary: "Say, in a function for complete, what follows the completed word."
        ) { (shell: Shell, arguments: Arguments) throws(ShellError) -> Flow in
            let words = Self.words(shell, arguments)
            if words == [Array("--help".utf8)] { shell.writeBuiltinHelp(Text("compopt")) }
            if words.count > 1, words[1] == Self.noSpace {
                let symbol = shell.symbols.intern(Self.optionVariable)
                shell.syncTables()
                try shell.assign(symbol, words[0] == [45, 111] ? Text(Self.noSpace) : Text())
            }
            shell.status = 0
            return .normal
        }
    }

    private static var noSpace: [UInt8] { Array("nospace".utf8) }
    private static var optionVariable: StaticString { "COMP_OPTION" }

    static func words(_ shell: Shell, _ arguments: Arguments) -> [[UInt8]] {
        (1..<max(arguments.count, 1)).map { shell.argument(arguments, $0).bytes }
    }

    private func define(_ shell: Shell, _ arguments: Arguments) {
        var words = Self.words(shell, arguments)[...]
        var (rule, options, removes, lists): (Rule?, [[UInt8]], Bool, Bool) = (nil, [], false, words.isEmpty)
        shell.status = 0
        if words.elementsEqual([Array("--help".utf8)]) {
            shell.writeBuiltinHelp(Text("complete"))
            return
        }
        while let word = words.first, word.count == 2, word[0] == 45 {
            words.removeFirst()
            if word[1] == 45 { break }
            switch word[1] {
            case 111, 87, 70, 67:
                guard let value = words.popFirst() else {
                    shell.report(arguments, Text(word), "needs an argument")
                    shell.status = 2
                    return
                }
                switch word[1] {
                case 111: options.append(value)
                case 87: rule = .words(value)
                case 70: rule = .function(value)
                default: rule = .command(value)
                }
            case 114: removes = true
            case 112: lists = true
            case let letter where CompletionWords.actions.contains(letter): rule = .action(letter)
            default:
                shell.report(arguments, Text(word), "no such option here; -o -W -F -C -abcdfuv -r and -p are known")
                shell.status = 2
                return
            }
        }
        if lists {
            for command in commands {
                shell.output.append(command)
                shell.output.append(10)
            }
        } else if removes {
            if words.isEmpty { rules = [:] }
            for name in words where rules.removeValue(forKey: name) == nil {
                shell.report(arguments, Text(name), "no completion is defined for it")
                shell.status = 1
            }
        } else if let rule, !words.isEmpty {
            for name in words { rules[name] = (rule, options) }
        } else {
            shell.report(arguments, Text(), "needs words, a function or a command, and names")
            shell.status = 2
        }
    }

    /// What the rule of a command gives; nil: there is none. No replies at all: they are not to be had.
    /// - Parameter words: those before the word at the cursor, the command's name first.
    func replies(_ shell: Shell, _ words: [[UInt8]], _ word: [UInt8], line: [UInt8], cursor: Int) -> (
        replies: [[UInt8]]?, addsNoSpace: Bool
    )? {
        guard let name = words.first,
            let (rule, options) = rules[name] ?? name.lastIndex(of: 47).flatMap({ rules[Array(name[($0 + 1)...])] })
        else { return nil }
        let addsNoSpace = options.contains(Self.noSpace)
        let previous = Self.quoted(words.last ?? [])
        let operands = [32] + Self.quoted(name) + [32] + Self.quoted(word) + [32] + previous
        var text =
            Array("COMP_LINE=".utf8) + Self.quoted(line) + Array("; COMP_POINT=\(cursor) COMP_TYPE=9 COMP_KEY=9; ".utf8)
        switch rule {
        case .words(let list): return (CompletionWords.split(list, shell), addsNoSpace)
        case .action(let letter): return (CompletionWords.list(letter, shell, word), addsNoSpace)
        case .command(let command):
            text += Array("export COMP_LINE COMP_POINT COMP_TYPE COMP_KEY; echo; ".utf8) + command + operands
            text += Array(" 2>/dev/null </dev/null".utf8)
        case .function(let function):
            text += Array("COMP_WORDS=(".utf8)
            for word in words { text += Self.quoted(word) + [32] }
            text += Self.quoted(word) + Array("); COMP_CWORD=\(words.count); COMPREPLY=() COMP_OPTION=; ".utf8)
            text += Self.quoted(function) + operands + Array(" >/dev/null 2>&1 </dev/null; ".utf8)
            text += Array(#"printf '%s\n' "$COMP_OPTION" "${COMPREPLY[@]}""#.utf8)
        }
        let saved = shell.status
        defer { shell.status = saved }
        guard var lines = CompletionWords.output(of: text, shell) else { return (nil, false) }
        let option = lines.removeFirst()
        return (lines, addsNoSpace || option == Self.noSpace)
    }
}

extension Completer {
    /// What the user defined for the command; nil: nothing, or it has nothing to say.
    func userDefined(_ context: LineContext, _ words: [[UInt8]]) -> Completion? {
        guard let completions = (shell.interactive as? InteractiveShell)?.completions,
            let found = completions.replies(shell, words, context.current.value, line: line, cursor: cursor)
        else { return nil }
        var list = CandidateList(typed: context.current.value)
        guard let replies = found.replies else { return Completion(start: context.current.start) }
        for reply in replies {
            // A blank at its end is the one that follows a word.
            let name = reply.last == 32 ? Array(reply.dropLast()) : reply
            if name.isEmpty { continue }
            list.add(name) {
                Candidate(
                    text: quoted(name, context, whole: true), display: WordQuoting.display(name),
                    noSpace: reply.last != 32 && (found.addsNoSpace || name.last == 47 || name.last == 61))
            }
        }
        return list.isEmpty ? nil : Completion(start: context.current.start, candidates: list.finished())
    }
}
