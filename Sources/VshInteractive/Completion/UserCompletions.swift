// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// Completion that the user defines for commands, as in bash: `complete -W words`, `-F function`, `-C command`, with `compgen` and `compopt` for
/// the functions. A function runs in a process of its own, where what it writes is lost, and so are its variables but COMPREPLY.
final class UserCompletions {
    private var rules: [[UInt8]: CompletionRule] = [:]
    /// `complete -D`: for commands that have none; often a function that loads one.
    private var fallback: CompletionRule?
    /// Commands that the fallback was asked for, in vain.
    private var unknown: Set<[UInt8]> = []

    var isEmpty: Bool { rules.isEmpty && fallback == nil }

    /// The commands that define them, sorted by name.
    var commands: [[UInt8]] {
        let named = rules.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { text(of: $0) }
        return named
            + (fallback.map { [Array("complete".utf8) + $0.text(quoted: Self.quoted) + Array(" -D".utf8)] } ?? [])
    }

    private func text(of name: [UInt8]) -> [UInt8] {
        Array("complete".utf8) + (rules[name]?.text(quoted: Self.quoted) ?? []) + [32] + Self.quoted(name)
    }

    private static func quoted(_ text: [UInt8]) -> [UInt8] {
        if !text.isEmpty, text.allSatisfy({ CompletionWords.isPlain($0) }) { return text }
        return [39] + text.flatMap { $0 == 39 ? Array("'\\''".utf8) : [$0] } + [39]
    }

    /// Defines the builtins.
    func register(_ shell: Shell) {
        shell.register(
            "complete", .extension_,
            synopsis:
                "[-o option] [-A action] [-G glob] [-W words] [-F function] [-C command] [-X filter] [-P prefix] [-S suffix] [-abcdefgjksuv] name... | -D | -r [name...] | -p [name...]",
            summary: "Define how the words of a command are completed."
        ) { [unowned self] (shell: Shell, arguments: Arguments) throws(ShellError) -> Flow in
            self.define(shell, arguments)
            return .normal
        }
        shell.register(
            "compgen", .extension_,
            synopsis:
                "[-o option] [-A action] [-G glob] [-W words] [-F function] [-C command] [-X filter] [-P prefix] [-S suffix] [-abcdefgjksuv] [--] [word]",
            summary: "Write the possible completions of a word."
        ) { (shell: Shell, arguments: Arguments) throws(ShellError) -> Flow in
            try CompletionWords.compgen(shell, arguments)
            return .normal
        }
        shell.register(
            "compopt", .extension_, synopsis: "[-o option] [+o option]",
            summary: "Say, in a function for complete, what follows the completed word."
        ) { (shell: Shell, arguments: Arguments) throws(ShellError) -> Flow in
            let words = Self.words(shell, arguments)
            if words == [Array("--help".utf8)] { shell.writeBuiltinHelp(Text("compopt")) }
            for (option, name) in zip(words, words.dropFirst()) where name == Self.noSpace {
                let symbol = shell.symbols.intern(Self.optionVariable)
                shell.syncTables()
                try shell.assign(symbol, option == [45, 111] ? Text(Self.noSpace) : Text())
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
        var names = Self.words(shell, arguments)[...]
        shell.status = 0
        if names.elementsEqual([Array("--help".utf8)]) {
            shell.writeBuiltinHelp(Text("complete"))
            return
        }
        let listsAll = names.isEmpty
        let option = names.first ?? []
        var rule = CompletionRule()
        if let problem = rule.read(&names) {
            shell.report(arguments, Text(option), problem)
            shell.status = 2
        } else if rule.modes.contains(112) || listsAll {
            list(shell, arguments, Array(names))
        } else if rule.modes.contains(114) {
            remove(shell, arguments, Array(names), rule)
        } else if rule.modes.contains(68) {
            (fallback, unknown) = (rule, [])
        } else if rule.modes.contains(69) || rule.modes.contains(73) {
            // For an empty line and for the first word vsh has its own.
        } else if !names.isEmpty, !rule.isEmpty || !rule.options.isEmpty {
            for name in names { rules[name] = rule }
        } else {
            shell.report(arguments, Text(), "needs words, a function or a command, and names")
            shell.status = 2
        }
    }

    private func list(_ shell: Shell, _ arguments: Arguments, _ names: [[UInt8]]) {
        for name in names where rules[name] == nil { report(shell, arguments, name) }
        for command in names.isEmpty ? commands : names.filter({ rules[$0] != nil }).map({ text(of: $0) }) {
            shell.output.append(command)
            shell.output.append(10)
        }
    }

    private func remove(_ shell: Shell, _ arguments: Arguments, _ names: [[UInt8]], _ rule: CompletionRule) {
        if rule.modes.contains(68) {
            fallback = nil
        } else if names.isEmpty {
            (rules, fallback) = ([:], nil)
        }
        for name in names where rules.removeValue(forKey: name) == nil { report(shell, arguments, name) }
    }

    private func report(_ shell: Shell, _ arguments: Arguments, _ name: [UInt8]) {
        shell.report(arguments, Text(name), "no completion is defined for it")
        shell.status = 1
    }

    /// What completes the words of a command; those that the fallback knows are loaded by it when `loads`.
    private func rule(_ name: [UInt8], _ shell: Shell, loads: Bool) -> CompletionRule? {
        let base = name.lastIndex(of: 47).map { Array(name[($0 + 1)...]) } ?? name
        if let rule = rules[name] ?? rules[base] { return rule }
        guard loads, let fallback, !unknown.contains(base) else { return nil }
        unknown.insert(base)
        guard let function = fallback.function else { return fallback }
        // In this process, so that what it defines stays.
        let saved = shell.status
        defer { shell.status = saved }
        let text = Self.quoted(function) + [32] + Self.quoted(base) + Array(" '' '' >/dev/null 2>&1 </dev/null".utf8)
        do throws(ShellError) { _ = try shell.runString(Text(text), origin: .eval, name: shell.name) } catch {
            return nil
        }
        guard shell.status == 124, let rule = rules[base], rule.function != Array("_minimal".utf8) else {
            rules[base] = nil
            return nil
        }
        return rule
    }

    /// What the rule of a command gives; nil: there is none. No replies at all: they are not to be had.
    /// - Parameter words: those before the word at the cursor, the command's name first.
    func replies(_ shell: Shell, _ words: [[UInt8]], _ word: [UInt8], line: [UInt8], cursor: Int, loads: Bool) -> (
        replies: [[UInt8]]?, rule: CompletionRule
    )? {
        guard let name = words.first, var rule = rule(name, shell, loads: loads) else { return nil }
        let saved = shell.status
        defer { shell.status = saved }
        var found = rule.names(shell, word)
        if let text = call(rule, words, word, Self.shown(line, cursor, words + [word])) {
            guard var lines = CompletionWords.output(of: text, shell) else { return (nil, rule) }
            if lines.removeFirst() == Self.noSpace { rule.options.append(Self.noSpace) }
            // What a function replies is as it wants it.
            found += rule.function == nil ? rule.around(lines, word) : lines
        }
        for option in rule.options where found.isEmpty || option == Array("plusdirs".utf8) {
            if option == Array("dirnames".utf8) || option == Array("plusdirs".utf8) {
                found += CompletionWords.list(Array("directory".utf8), shell, word).filter { $0.starts(with: word) }
            }
        }
        return (found, rule)
    }

    /// The line up to the cursor, as the words are: a function that looks for them in it must find them.
    private static func shown(_ line: [UInt8], _ cursor: Int, _ words: [[UInt8]]) -> [UInt8] {
        let start = Array(line[..<cursor])
        return start.contains { "'\"\\;|&()<>`$\n".utf8.contains($0) } ? Array(words.joined(separator: [32])) : start
    }

    /// The text of the command that writes an option, and the replies; nil: the rule has none.
    private func call(_ rule: CompletionRule, _ words: [[UInt8]], _ word: [UInt8], _ line: [UInt8]) -> [UInt8]? {
        let operands = [32] + Self.quoted(words[0]) + [32] + Self.quoted(word) + [32] + Self.quoted(words.last ?? [])
        let point = line.count { $0 & 0xC0 != 0x80 }
        var text =
            Array("COMP_LINE=".utf8) + Self.quoted(line) + Array("; COMP_POINT=\(point) COMP_TYPE=9 COMP_KEY=9; ".utf8)
        if let function = rule.function {
            text += Array(#"COMP_WORDBREAKS=" "$'\t\n'"\"'><;|&("; COMP_WORDS=("#.utf8)
            for word in words { text += Self.quoted(word) + [32] }
            text += Self.quoted(word) + Array("); COMP_CWORD=\(words.count); COMPREPLY=() COMP_OPTION=; ".utf8)
            text += Self.quoted(function) + operands + Array(" >/dev/null 2>&1 </dev/null; ".utf8)
            return text + Array(#"printf '%s\n' "$COMP_OPTION" "${COMPREPLY[@]}""#.utf8)
        }
        guard let command = rule.command else { return nil }
        text += Array("export COMP_LINE COMP_POINT COMP_TYPE COMP_KEY; echo; ".utf8) + command + operands
        return text + Array(" 2>/dev/null </dev/null".utf8)
    }
}

extension Completer {
    /// What the user defined for the command, or with `loads` what a program for it has; nil: nothing, or it has nothing to say.
    func userDefined(_ context: LineContext, _ words: [[UInt8]], loads: Bool) -> Completion? {
        guard let completions = (shell.interactive as? InteractiveShell)?.completions,
            let found = completions.replies(
                shell, words, context.current.value, line: line, cursor: cursor, loads: loads)
        else { return nil }
        var list = CandidateList(typed: context.current.value)
        guard let replies = found.replies else { return Completion(start: context.current.start) }
        let areFiles = found.rule.options.contains(Array("filenames".utf8)) || loads
        for reply in replies {
            // A blank at its end is the one that follows a word.
            var name = reply.last == 32 ? Array(reply.dropLast()) : reply
            if name.isEmpty { continue }
            if areFiles, name.last != 47, (try? FileStatus(Text(name)))?.isDirectory ?? false { name.append(47) }
            list.add(name) {
                Candidate(
                    text: quoted(name, context, whole: true), display: WordQuoting.display(name),
                    noSpace: reply.last != 32 && (found.rule.addsNoSpace || name.last == 47 || name.last == 61))
            }
        }
        return list.isEmpty ? nil : Completion(start: context.current.start, candidates: list.finished())
    }
}
