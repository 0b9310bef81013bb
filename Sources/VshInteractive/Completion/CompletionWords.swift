// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// The words that `complete` and `compgen` choose from.
enum CompletionWords {
    /// Letters of options that name a list: aliases, builtins, commands, directories, files, users, variables.
    static var actions: [UInt8] { Array("abcdfuv".utf8) }

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
            var text = Array("set -f; IFS=' \t\n'; printf '%s\\n' ".utf8)
            for byte in list {
                if separators.contains(byte) {
                    text.append(32)
                } else {
                    // Only quotes and expansions mean something; a word separator that is none for IFS is part of the word.
                    if " \t;|&<>()#".utf8.contains(byte) { text.append(92) }
                    text.append(byte)
                }
            }
            if let words = output(of: text, shell) { return words }
        }
        return list.split { separators.contains($0) }.map { Array($0) }
    }

    /// The names that a letter stands for, those of files as they begin with `word`.
    static func list(_ letter: UInt8, _ shell: Shell, _ word: [UInt8]) -> [[UInt8]] {
        var names: [[UInt8]] = []
        if letter == 97 || letter == 99 { names += shell.aliases.keys.map { shell.symbols.name($0).bytes } }
        if letter == 98 || letter == 99 {
            names += (0..<shell.builtinTable.count).map { Text(shell.builtinTable[$0].name).bytes }
        }
        switch letter {
        case 99:
            for symbol in 0..<Int32(min(shell.symbols.count, shell.functions.count))
            where shell.functions[symbol] != nil {
                names.append(shell.symbols.name(symbol).bytes)
            }
            names += SystemNames.reservedWords.map { SystemNames.bytes($0) }
            for directory in SystemNames.searchDirectories(shell.value(.path).bytes) {
                names += SystemNames.entries(directory).filter { $0.starts(with: word) }
            }
        case 100, 102:
            let folder = word.lastIndex(of: 47).map { Array(word[...$0]) } ?? []
            let type: FileType? = letter == 100 ? .directory : nil
            names += SystemNames.entries(folder.isEmpty ? [46] : folder, type: type).map { folder + $0 }
        case 117: names += UserDatabase.localUsers().map(\.name)
        case 118:
            for symbol in 0..<Int32(min(shell.symbols.count, shell.variables.count)) where shell.isSet(symbol) {
                let name = shell.symbols.name(symbol)
                if shell.isName(name) { names.append(name.bytes) }
            }
        default: break
        }
        return names
    }

    /// What `compgen -A` calls the lists.
    private static func letter(_ action: [UInt8]) -> UInt8? {
        switch String(decoding: action, as: UTF8.self) {
        case "alias": 97
        case "builtin": 98
        case "command": 99
        case "directory": 100
        case "file": 102
        case "user": 117
        case "variable": 118
        default: nil
        }
    }

    /// The builtin: status 1 when nothing begins with the word.
    static func compgen(_ shell: Shell, _ arguments: Arguments) {
        var words = UserCompletions.words(shell, arguments)[...]
        if words.elementsEqual([Array("--help".utf8)]) {
            shell.writeBuiltinHelp(Text("compgen"))
            shell.status = 0
            return
        }
        var (list, letters, prefix, suffix): ([UInt8]?, [UInt8], [UInt8], [UInt8]) = (nil, [], [], [])
        shell.status = 2
        while let word = words.first, word.count > 1, word[0] == 45 {
            words.removeFirst()
            if word == [45, 45] { break }
            if word.count == 2, "WAPSo".utf8.contains(word[1]) {
                guard let value = words.popFirst() else {
                    return shell.report(arguments, Text(word), "needs an argument")
                }
                switch word[1] {
                case 87: list = value
                case 80: prefix = value
                case 83: suffix = value
                case 65:
                    guard let letter = letter(value) else {
                        return shell.report(arguments, Text(value), "no such action")
                    }
                    letters.append(letter)
                default: break
                }
            } else if word.dropFirst().allSatisfy({ actions.contains($0) }) {
                letters += word.dropFirst()
            } else {
                return shell.report(arguments, Text(word), "no such option here; -W -A -P -S -o and -abcdfuv are known")
            }
        }
        let word = words.first ?? []
        var names = letters.flatMap { self.list($0, shell, word) }
        if let list { names += split(list, shell) }
        shell.status = 1
        for name in names where name.starts(with: word) {
            shell.output.append(prefix + name + suffix)
            shell.output.append(10)
            shell.status = 0
        }
    }
}
