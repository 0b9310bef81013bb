// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// What the options of `complete` and `compgen` say: where words come from, which of them are left out, and what goes around them.
struct CompletionRule {
    /// Names of lists, as after `-A`.
    var actions: [[UInt8]] = []
    var words: [UInt8]?
    var function: [UInt8]?
    var command: [UInt8]?
    var glob: [UInt8]?
    /// Words that match this pattern are left out, or with `!` before it those that do not; `&` is the word at the cursor.
    var filter: [UInt8]?
    var prefix: [UInt8] = []
    var suffix: [UInt8] = []
    /// `nospace`, `filenames` and others.
    var options: [[UInt8]] = []

    /// What `complete` is to do with it: letters of its options.
    var modes: [UInt8] = []

    /// Options that are lists: their letters, and their names after `-A`.
    static var lists: [(letter: UInt8, name: StaticString)] {
        [
            (97, "alias"), (98, "builtin"), (99, "command"), (100, "directory"), (101, "export"), (102, "file"),
            (103, "group"),
            (106, "job"), (107, "keyword"), (115, "service"), (117, "user"), (118, "variable"),
        ]
    }

    /// Lists that only `-A` knows.
    private static var others: [StaticString] {
        [
            "arrayvar", "binding", "disabled", "enabled", "function", "helptopic", "hostname", "running", "setopt",
            "shopt", "signal",
            "stopped",
        ]
    }

    var isEmpty: Bool {
        actions.isEmpty && words == nil && function == nil && command == nil && glob == nil
    }

    var addsNoSpace: Bool { options.contains(Array("nospace".utf8)) }

    /// Takes the options off the words; what is wrong with them, or nil.
    mutating func read(_ arguments: inout ArraySlice<[UInt8]>) -> String? {
        while let word = arguments.first, word.count > 1, word[0] == 45 {
            arguments.removeFirst()
            if word == [45, 45] { break }
            var rest = word.dropFirst()
            while let letter = rest.popFirst() {
                if "oAGWFCXPS".utf8.contains(letter) {
                    var value = Array(rest)
                    if rest.isEmpty {
                        guard let next = arguments.popFirst() else { return "needs an argument" }
                        value = next
                    }
                    rest = []
                    if !set(letter, value) { return "no such action" }
                } else if "rpDEI".utf8.contains(letter) {
                    modes.append(letter)
                } else if let list = Self.lists.first(where: { $0.letter == letter }) {
                    actions.append(SystemNames.bytes(list.name))
                } else {
                    return "no such option"
                }
            }
        }
        return nil
    }

    private mutating func set(_ letter: UInt8, _ value: [UInt8]) -> Bool {
        switch letter {
        case 111: options.append(value)
        case 65:
            let isKnown = (Self.lists.map(\.name) + Self.others).contains { SystemNames.bytes($0) == value }
            if isKnown { actions.append(value) }
            return isKnown
        case 71: glob = value
        case 87: words = value
        case 70: function = value
        case 67: command = value
        case 88: filter = value
        case 80: prefix = value
        default: suffix = value
        }
        return true
    }

    /// The options that say it.
    func text(quoted: ([UInt8]) -> [UInt8]) -> [UInt8] {
        var line: [UInt8] = []
        for option in options { line += Array(" -o ".utf8) + option }
        for action in actions {
            if let list = Self.lists.first(where: { SystemNames.bytes($0.name) == action }) {
                line += [32, 45, list.letter]
            } else {
                line += Array(" -A ".utf8) + action
            }
        }
        let values: [(String, [UInt8]?)] = [
            (" -G ", glob), (" -W ", words), (" -P ", prefix.isEmpty ? nil : prefix),
            (" -S ", suffix.isEmpty ? nil : suffix),
            (" -X ", filter), (" -F ", function), (" -C ", command),
        ]
        for (option, value) in values {
            if let value { line += Array(option.utf8) + quoted(value) }
        }
        return line
    }

    /// The words that need no command to run, those that begin with `word`.
    func names(_ shell: Shell, _ word: [UInt8]) -> [[UInt8]] {
        var names = actions.flatMap { CompletionWords.list($0, shell, word) }
        if let glob { names += CompletionWords.output(of: Array("printf '%s\\n' ".utf8) + glob, shell) ?? [] }
        if let words { names += CompletionWords.split(words, shell) }
        return around(names.filter { $0.starts(with: word) }, word)
    }

    /// The names of directories or files that options such as `plusdirs` and `default` add.
    func fallbackNames(_ shell: Shell, _ word: [UInt8], isEmpty: Bool) -> [[UInt8]] {
        var names: [[UInt8]] = []
        for option in options {
            let list: StaticString
            switch String(decoding: option, as: UTF8.self) {
            case "plusdirs": list = "directory"
            case "dirnames" where isEmpty: list = "directory"
            case "default" where isEmpty, "bashdefault" where isEmpty: list = "file"
            default: continue
            }
            names += CompletionWords.list(SystemNames.bytes(list), shell, word).filter { $0.starts(with: word) }
        }
        return names
    }

    /// What is left of words, with what goes around them.
    func around(_ names: [[UInt8]], _ word: [UInt8]) -> [[UInt8]] {
        var names = names
        if var pattern = filter {
            let wanted = pattern.first == 33
            if wanted { pattern.removeFirst() }
            var text: [UInt8] = []
            for (place, byte) in pattern.enumerated() {
                if byte != 38 || place > 0 && pattern[place - 1] == 92 { text.append(byte) } else { text += word }
            }
            let compiled = Pattern(extended: Text(text), isUTF8: true)
            names = names.filter { compiled.matches(Text($0)) == wanted }
        }
        return prefix.isEmpty && suffix.isEmpty ? names : names.map { prefix + $0 + suffix }
    }
}
