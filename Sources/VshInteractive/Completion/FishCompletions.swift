// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Reads fish's completion files where fish is installed: the `complete` lines that say all they say without running anything,
/// and of conditions those on subcommands. Everything else in the files is passed over; nothing of them is run.
enum FishCompletions {
    static var directories: [StaticString] {
        [
            "/usr/local/share/fish/vendor_completions.d/", "/usr/share/fish/vendor_completions.d/",
            "/usr/local/share/fish/completions/", "/usr/share/fish/completions/",
        ]
    }

    static func read(_ name: [UInt8], home: [UInt8], _ configuration: [UInt8]) -> CommandSpec? {
        if name.isEmpty || name.contains(47) || name.first == 46 { return nil }
        let file = name + Array(".fish".utf8)
        let base = configuration.first == 47 ? configuration : home + Array("/.config".utf8)
        if let text = SystemNames.contents(base + Array("/fish/completions/".utf8) + file) {
            return read(text, command: name)
        }
        for directory in directories {
            if let text = SystemNames.contents(SystemNames.bytes(directory) + file) { return read(text, command: name) }
        }
        return nil
    }

    /// - Parameter command: whose lines are wanted; files hold those of several commands at times.
    static func read(_ text: [UInt8], command: [UInt8]) -> CommandSpec {
        var spec = CommandSpec()
        spec.name = command
        var variables: [[UInt8]: [[UInt8]]] = [:]
        var depth = 0
        for words in FishLines(text) {
            guard let first = words.first else { continue }
            switch String(decoding: first.bytes, as: UTF8.self) {
            case "set":
                let values = words.dropFirst().filter { !($0.bytes.first == 45) }
                if let name = values.first, values.allSatisfy({ !$0.isComputed }) {
                    variables[name.bytes] = values.dropFirst().map(\.bytes)
                }
            case "if", "for", "while", "switch", "function", "begin": depth += 1
            case "end": depth = max(0, depth - 1)
            // What stands inside conditions and loops holds only at times.
            case "complete": if depth == 0 { add(Array(words.dropFirst()), command, variables, to: &spec) }
            default: continue
            }
        }
        return spec
    }

    private static func add(
        _ words: [FishLines.Word], _ command: [UInt8], _ variables: [[UInt8]: [[UInt8]]], to spec: inout CommandSpec
    ) {
        var option = SpecOption(names: [])
        var (isFor, requires, noFiles, isUsable) = (false, false, false, true)
        var arguments: [UInt8]?
        var condition: [UInt8]?
        var index = 0
        func next() -> FishLines.Word? {
            index += 1
            return index < words.count ? words[index] : nil
        }
        while index < words.count {
            let word = words[index]
            var letters = word.bytes
            if letters.starts(with: [45, 45]) {
                letters = longOption(letters)
                if letters.isEmpty {
                    isUsable = false
                    break
                }
            }
            guard letters.first == 45 else {
                // `complete NAME …`
                if !isFor { isFor = word.bytes == command }
                index += 1
                continue
            }
            var place = 1
            while place < letters.count {
                let letter = letters[place]
                place += 1
                switch letter {
                case 99, 112, 115, 108, 111, 100, 97, 110, 119:
                    var value: FishLines.Word?
                    if place < letters.count {
                        value = FishLines.Word(bytes: Array(letters[place...]), isComputed: word.isComputed)
                        place = letters.count
                    } else {
                        value = next()
                    }
                    guard let value else { return }
                    switch letter {
                    case 99: isFor = isFor || value.bytes == command
                    case 115: option.names.append([45] + value.bytes)
                    case 108: option.names.append([45, 45] + value.bytes)
                    case 111: option.names.append([45] + value.bytes)
                    case 100: option.description = value.bytes
                    case 97:
                        // fish expands these also inside single quotes.
                        arguments = expanded(value.bytes, variables)
                        if arguments == nil, option.names.isEmpty { isUsable = false }
                    // Of several conditions all have to hold, which a place among the subcommands does not say.
                    case 110 where condition != nil: isUsable = false
                    case 110: condition = value.isComputed ? expanded(value.bytes, variables) ?? [33] : value.bytes
                    default: isUsable = false
                    }
                case 114: requires = true
                case 120:
                    requires = true
                    noFiles = true
                case 102: noFiles = true
                case 70, 107: break
                default: isUsable = false
                }
            }
            index += 1
        }
        guard isFor, isUsable else { return }
        let values = values(arguments ?? [])
        if requires || !values.isEmpty, !option.names.isEmpty {
            option.argument = values.isEmpty ? (noFiles ? .nothing : .file) : .words(values)
            option.isArgumentOptional = !requires
        }
        place(option, values, condition, to: &spec)
    }

    /// The words of `-a`, which fish reads like a command line: `name\t'description' name …`.
    private static func values(_ arguments: [UInt8]) -> [(name: [UInt8], description: [UInt8])] {
        func halves(_ word: [UInt8]) -> (name: [UInt8], description: [UInt8]) {
            (Array(word.prefix { $0 != 9 }), Array(word.drop { $0 != 9 }.dropFirst()))
        }
        // Tabs are there already when the words had no quotes around them all: then it is one.
        if arguments.contains(9) { return [halves(arguments)] }
        return FishLines(arguments).flatMap { $0 }.filter { !$0.isComputed && !$0.bytes.isEmpty }.map {
            halves($0.bytes)
        }
    }

    /// Under the subcommand that the condition names, or the command itself; nowhere when the condition is another one.
    private static func place(
        _ option: SpecOption, _ values: [(name: [UInt8], description: [UInt8])], _ condition: [UInt8]?,
        to spec: inout CommandSpec
    ) {
        var subcommands: [[UInt8]] = []
        if let condition {
            var words = condition.split { $0 == 32 || $0 == 9 }.map { Array($0) }
            while let last = words.last, last == [59] { words.removeLast() }
            let isNegated = words.first == Array("not".utf8) || words.first == [33]
            if isNegated { words.removeFirst() }
            guard let test = words.first else { return }
            let name = String(decoding: test, as: UTF8.self)
            let rest = Array(words.dropFirst())
            if rest.contains(where: { $0.contains(59) || $0 == Array("and".utf8) || $0 == Array("or".utf8) }) { return }
            if name == "__fish_use_subcommand" || name.hasSuffix("_needs_command") || name.hasSuffix("_no_subcommand") {
                if isNegated { return }
            } else if name == "__fish_seen_subcommand_from" || name.hasSuffix("_using_command")
                || name.hasSuffix("_using_subcommand")
            {
                if !isNegated { subcommands = rest }
                if rest.isEmpty { return }
            } else {
                return
            }
        }
        if subcommands.isEmpty {
            if !option.names.isEmpty {
                spec.options.append(option)
            } else {
                for value in values {
                    var made = CommandSpec()
                    made.name = value.name
                    made.description = value.description.isEmpty ? option.description : value.description
                    if let known = spec.subcommands.firstIndex(where: { $0.names[0] == value.name }) {
                        if spec.subcommands[known].description.isEmpty {
                            spec.subcommands[known].description = made.description
                        }
                    } else {
                        spec.subcommands.append(([value.name], made.description, made))
                    }
                }
            }
            return
        }
        for name in subcommands {
            let index: Int
            if let known = spec.subcommands.firstIndex(where: { $0.names.contains(name) }) {
                index = known
            } else {
                var made = CommandSpec()
                made.name = name
                spec.subcommands.append(([name], [], made))
                index = spec.subcommands.count - 1
            }
            if !option.names.isEmpty {
                spec.subcommands[index].spec.options.append(option)
            } else if !values.isEmpty {
                var kind = values
                if case .words(let old)? = spec.subcommands[index].spec.operands.first { kind = old + kind }
                spec.subcommands[index].spec.operands = [
                    .words(kind.map { ($0.name, $0.description.isEmpty ? option.description : $0.description) })
                ]
            }
        }
    }

    /// `$name` of a list that was set above, and nothing else.
    private static func expanded(_ text: [UInt8], _ variables: [[UInt8]: [[UInt8]]]) -> [UInt8]? {
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == 39 {
                // A description in quotes.
                let start = index
                index += 1
                while index < text.count, text[index] != 39 { index += text[index] == 92 ? 2 : 1 }
                index = min(index + 1, text.count)
                result += text[start..<index]
                continue
            }
            if text[index] == 40 { return nil }
            if text[index] == 36 {
                var end = index + 1
                while end < text.count,
                    text[end] == 95 || text[end] | 32 >= 97 && text[end] | 32 <= 122
                        || text[end] >= 48 && text[end] <= 57
                { end += 1 }
                guard let list = variables[Array(text[(index + 1)..<end])] else { return nil }
                result += Array(list.joined(separator: [32]))
                index = end
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    /// The short form of complete's own long options.
    private static func longOption(_ word: [UInt8]) -> [UInt8] {
        switch String(decoding: word, as: UTF8.self) {
        case "--command": Array("-c".utf8)
        case "--short-option": Array("-s".utf8)
        case "--long-option": Array("-l".utf8)
        case "--old-option": Array("-o".utf8)
        case "--description": Array("-d".utf8)
        case "--arguments": Array("-a".utf8)
        case "--condition": Array("-n".utf8)
        case "--exclusive": Array("-x".utf8)
        case "--no-files": Array("-f".utf8)
        case "--force-files": Array("-F".utf8)
        case "--require-parameter": Array("-r".utf8)
        case "--keep-order": Array("-k".utf8)
        default: []
        }
    }
}

/// Splits a fish script into commands of words: quotes and backslashes are taken off, variables and command substitutions
/// are only noted.
struct FishLines: Sequence, IteratorProtocol {
    struct Word {
        var bytes: [UInt8]
        /// It has a variable or a command substitution outside single quotes.
        var isComputed: Bool
    }

    private let text: [UInt8]
    private var index = 0

    init(_ text: [UInt8]) { self.text = text }

    mutating func next() -> [Word]? {
        if index >= text.count { return nil }
        var words: [Word] = []
        var word = Word(bytes: [], isComputed: false)
        var isWord = false
        while index < text.count {
            let byte = text[index]
            index += 1
            switch byte {
            case 10, 59:
                if isWord { words.append(word) }
                return words
            case 32, 9:
                if isWord { words.append(word) }
                word = Word(bytes: [], isComputed: false)
                isWord = false
            case 35 where !isWord:
                while index < text.count, text[index] != 10 { index += 1 }
            case 92:
                guard index < text.count else { break }
                if text[index] == 10 {
                    index += 1
                } else {
                    isWord = true
                    word.bytes.append(text[index] == 116 ? 9 : text[index] == 110 ? 10 : text[index])
                    index += 1
                }
            case 39:
                isWord = true
                while index < text.count, text[index] != 39 {
                    if text[index] == 92, index + 1 < text.count, text[index + 1] == 39 || text[index + 1] == 92 {
                        index += 1
                    }
                    word.bytes.append(text[index])
                    index += 1
                }
                index += 1
            case 34:
                isWord = true
                while index < text.count, text[index] != 34 {
                    if text[index] == 36 { word.isComputed = true }
                    if text[index] == 92, index + 1 < text.count, [34, 36, 92, 10].contains(text[index + 1]) {
                        index += 1
                    }
                    word.bytes.append(text[index])
                    index += 1
                }
                index += 1
            case 40:
                // A command substitution, up to its end.
                isWord = true
                word.isComputed = true
                word.bytes.append(40)
                var depth = 1
                while index < text.count, depth > 0 {
                    if text[index] == 40 { depth += 1 }
                    if text[index] == 41 { depth -= 1 }
                    index += 1
                }
            case 36:
                isWord = true
                word.isComputed = true
                word.bytes.append(36)
            default:
                isWord = true
                word.bytes.append(byte)
            }
        }
        if isWord { words.append(word) }
        return words
    }
}
