// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// The completion engine. Knows builtins from their table, other programs from specs, fish's completion files and manual pages,
/// in this order, and the names of everything that the shell and the system can list; before them what the user defined (`complete`). Runs no
/// program by itself but tmux, which it asks for its sessions.
public final class Completer: CompletionSource {
    unowned let shell: Shell
    /// Called before databases other than the history's are opened, and so on: the history's file is closed.
    let sources: SpecSources
    /// What is completed, for functions of the user's.
    private(set) var line: [UInt8] = []
    private(set) var cursor = 0

    public init(_ shell: Shell) {
        self.shell = shell
        sources = SpecSources(shell)
    }

    public func complete(_ line: [UInt8], at cursor: Int) -> Completion {
        (self.line, self.cursor) = (line, cursor)
        let context = LineContext(line, cursor: cursor) { [unowned self] name in self.value(name) }
        return complete(context, depth: 0)
    }

    private func value(_ name: [UInt8]) -> [UInt8]? {
        guard let symbol = shell.symbols.find(Text(name)), Int(symbol) < shell.variables.count, shell.isSet(symbol)
        else { return nil }
        return shell.value(symbol).bytes
    }

    private func complete(_ context: LineContext, depth: Int) -> Completion {
        switch context.kind {
        case .nothing: return Completion(start: context.current.start)
        case .variable(let isBraced):
            return Completion(start: context.current.start, candidates: variables(context.current.value, isBraced))
        case .command: return command(context)
        case .redirection: return files(context, from: nil)
        case .assignment: return files(context, from: .equals)
        case .argument: return argument(context)
        }
    }

    // MARK: commands

    private func command(_ context: LineContext) -> Completion {
        let word = context.current
        if word.value.contains(47) || word.isOpaque {
            return files(context, from: nil, kind: .command)
        }
        if word.value.first == 126, !word.isQuoted { return users(word) }
        var list = CandidateList(typed: word.value)
        addCommands(to: &list, word, context)
        if list.isEmpty { return files(context, from: nil, kind: .command) }
        return Completion(start: word.start, candidates: list.finished())
    }

    private func addCommands(to list: inout CandidateList, _ word: LineContext.Word, _ context: LineContext) {
        let isPosix = shell.options.contains(.posix)
        func text(_ name: [UInt8]) -> [UInt8] { quoted(name, context, whole: true) }
        for (symbol, value) in shell.aliases {
            let name = shell.symbols.name(symbol).bytes
            list.add(name) {
                Candidate(
                    text: text(name), display: WordQuoting.display(name),
                    description: Array("alias: ".utf8) + WordQuoting.display(value.bytes), kind: .builtin)
            }
        }
        for symbol in 0..<Int32(min(shell.symbols.count, shell.functions.count)) where shell.functions[symbol] != nil {
            let name = shell.symbols.name(symbol).bytes
            list.add(name) {
                Candidate(
                    text: text(name), display: WordQuoting.display(name), description: Array("function".utf8),
                    kind: .builtin)
            }
        }
        for index in 0..<shell.builtinTable.count {
            let row = shell.builtinTable[index]
            if isPosix, row.kind == .extension_ { continue }
            let name = Text(row.name).bytes
            list.add(name) {
                Candidate(
                    text: text(name), display: name, description: SystemNames.bytes(row.summary), kind: .builtin)
            }
        }
        for name in SystemNames.reservedWords {
            let bytes = SystemNames.bytes(name)
            list.add(bytes) {
                Candidate(text: bytes, display: bytes, description: Array("reserved word".utf8), kind: .builtin)
            }
        }
        // All of PATH is too much to look at when nothing was typed.
        if word.value.isEmpty { return }
        for directory in SystemNames.searchDirectories(shell.value(.path).bytes) {
            guard var reader = try? DirectoryReader(directory) else { continue }
            while let entry = try? reader.next() {
                if entry.type == .directory || entry.isDot { continue }
                guard list.accepts(entry.name) != nil else { continue }
                guard System.isAccessible(entry.name, .execute, at: reader.descriptor) else { continue }
                let name = Array(entry.name)
                list.add(name) {
                    Candidate(
                        text: text(name), display: WordQuoting.display(name), description: sources.summary(of: name),
                        kind: .command)
                }
            }
        }
    }

    // MARK: arguments

    private func argument(_ context: LineContext) -> Completion {
        var words = expandedAlias(context.words)
        let word = context.current
        if let inner = WrapperCommands.inner(words) {
            if inner.isEmpty {
                if !(word.value.first == 45) { return command(context) }
            } else {
                words = expandedAlias(inner)
            }
        }
        guard let name = words.first else { return command(context) }
        if word.value.first == 126, !word.isQuoted, !word.value.contains(47) { return users(word) }
        if let found = userDefined(context, words, loads: false) { return found }
        let base = name.lastIndex(of: 47).map { Array(name[($0 + 1)...]) } ?? name
        if sources.isUnknown(base, isOption: word.value.first == 45),
            let found = userDefined(context, words, loads: true)
        {
            return found
        }
        let path = SpecPath(sources.spec(for: base, wantsOptions: word.value.first == 45), words: words, sources)
        if let option = path.pending {
            return complete(option, context, words)
        }
        if !path.isOverOptions, word.value.first == 45, base != Array("kill".utf8) || word.value.count < 2 {
            if let found = attachedArgument(context, path, words) { return found }
            let found = options(context, path)
            if !found.candidates.isEmpty { return found }
        }
        if let found = special(context, words) { return found }
        var list = CandidateList(typed: word.value)
        if path.takesSubcommand {
            for subcommand in path.spec.subcommands {
                for (place, name) in subcommand.names.enumerated() where place == 0 || !word.value.isEmpty {
                    list.add(name) {
                        Candidate(
                            text: quoted(name, context, whole: true), display: name,
                            description: subcommand.description, kind: .other)
                    }
                }
            }
            if base == Array("git".utf8) {
                for (name, text) in GitNames.aliases(shell) {
                    list.add(name) {
                        Candidate(
                            text: quoted(name, context, whole: true), display: name,
                            description: Array("alias: ".utf8) + WordQuoting.display(text), kind: .other)
                    }
                }
            }
        }
        if !list.isEmpty { return Completion(start: word.start, candidates: list.finished()) }
        return complete(path.operand, context, words)
    }

    /// Words that mean the same for any command that takes them: `%job`, `@operation`.
    private func special(_ context: LineContext, _ words: [[UInt8]]) -> Completion? {
        let name = String(decoding: words[0], as: UTF8.self)
        if context.current.value.first == 37, ["fg", "bg", "wait", "jobs", "kill", "disown"].contains(name) {
            return complete(.job, context, words)
        }
        // `kill -HUP`
        if name == "kill", words.count == 1, context.current.value.first == 45 {
            var list = CandidateList(typed: context.current.value)
            for (name, text) in Completer.signals {
                list.add([45] + name) {
                    Candidate(text: [45] + name, display: [45] + name, description: text, kind: .signal)
                }
            }
            if !list.isEmpty { return Completion(start: context.current.start, candidates: list.finished()) }
        }
        return nil
    }

    private func expandedAlias(_ words: [[UInt8]]) -> [[UInt8]] {
        var words = words
        var depth = 0
        while depth < 4, let name = words.first, let symbol = shell.symbols.find(Text(name)),
            let text = shell.aliases[symbol]
        {
            depth += 1
            let replacement = HistoryPaths.words(text.bytes)
            if replacement.isEmpty || replacement[0] == name { break }
            words = replacement + words.dropFirst()
        }
        return words
    }

    private func options(_ context: LineContext, _ path: SpecPath) -> Completion {
        let word = context.current
        var list = CandidateList(typed: word.value)
        for spec in path.specs {
            for option in spec.options {
                // One line for `-a --all`: the name that goes on with what was typed, long ones rather than short ones.
                let fitting = option.names.filter { $0.starts(with: word.value) }
                guard
                    let name = fitting.max(by: { $0.count < $1.count }) ?? option.names.max(by: { $0.count < $1.count })
                else { continue }
                let takesArgument = option.argument != nil
                let isLong = name.starts(with: [45, 45])
                list.add(name) {
                    var text = name
                    var display = option.names.sorted { $0.count < $1.count }.joined(separator: [44, 32]).map { $0 }
                    if takesArgument, isLong, !path.separatesArguments {
                        if !option.isArgumentOptional { text.append(61) }
                        display.append(61)
                    }
                    return Candidate(
                        text: text, display: display, description: option.description, kind: .option,
                        noSpace: takesArgument && isLong && !option.isArgumentOptional && !path.separatesArguments)
                }
            }
        }
        return Completion(start: word.start, candidates: list.finished())
    }

    /// `--name=value`: the value.
    private func attachedArgument(_ context: LineContext, _ path: SpecPath, _ words: [[UInt8]]) -> Completion? {
        let word = context.current
        guard word.equalsStart >= 0, word.value.starts(with: [45, 45]) else { return nil }
        let name = Array(word.value[..<(word.equalsValue - 1)])
        guard let argument = path.option(name)?.argument else { return files(context, from: .equals) }
        return complete(argument, context, words, from: .equals)
    }

    private func complete(_ kind: WordKind, _ context: LineContext, _ words: [[UInt8]], from place: WordPlace? = nil)
        -> Completion
    {
        let word = context.current
        switch kind {
        case .file: return files(context, from: place)
        case .directory: return files(context, from: place, kind: .directory)
        case .command: return command(context)
        case .commandLine: return words.count <= 1 ? command(context) : files(context, from: place)
        default: break
        }
        let start = place == .equals ? word.equalsStart : word.start
        let typed = place == .equals ? Array(word.value[word.equalsValue...]) : word.value
        var list = CandidateList(typed: typed)
        names(kind, context, words, typed, whole: place == nil, into: &list)
        if list.isEmpty, !kind.isNeverFile, kind != .operation || typed.first != 64 && !typed.isEmpty {
            return files(context, from: place)
        }
        return Completion(start: start, candidates: list.finished())
    }

    // MARK: words

    /// A name as it is written where the current word begins.
    func quoted(_ name: [UInt8], _ context: LineContext, whole: Bool) -> [UInt8] {
        WordQuoting.quoted(name, in: .none, isFirst: whole, closes: true)
    }

    private func variables(_ typed: [UInt8], _ isBraced: Bool) -> [Candidate] {
        var list = CandidateList(typed: typed)
        for symbol in 0..<Int32(min(shell.symbols.count, shell.variables.count)) where shell.isSet(symbol) {
            let name = shell.symbols.name(symbol)
            guard shell.isName(name) else { continue }
            let bytes = name.bytes
            list.add(bytes) {
                Candidate(
                    text: isBraced ? bytes + [125] : bytes, display: bytes,
                    description: WordQuoting.display(Array(shell.value(symbol).bytes.prefix(60))), kind: .variable,
                    noSpace: true)
            }
        }
        return list.finished()
    }

    private func users(_ word: LineContext.Word) -> Completion {
        var list = CandidateList(typed: Array(word.value.dropFirst()))
        for user in UserDatabase.localUsers() {
            list.add(user.name) {
                Candidate(
                    text: [126] + user.name + [47], display: [126] + user.name, description: user.home, kind: .user,
                    noSpace: true)
            }
        }
        return Completion(start: word.start, candidates: list.finished())
    }
}

/// Where the text to complete begins inside a word.
enum WordPlace {
    /// Behind the first `=`.
    case equals
}
