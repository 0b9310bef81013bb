// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// Short words that become longer ones when they are typed as commands: `abbr gco 'git checkout'`.
public final class Abbreviations {
    private var expansions: [[UInt8]: [UInt8]] = [:]

    public init() {}

    /// All of them, by name.
    var all: [(name: [UInt8], text: [UInt8])] {
        expansions.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { ($0, expansions[$0] ?? []) }
    }

    /// The expansion of the word that ends at the cursor, if it stands where a command does and is unquoted.
    func expansion(in text: [UInt8], cursor: Int, _ highlighter: Highlighter) -> (range: Range<Int>, new: [UInt8])? {
        if expansions.isEmpty || cursor == 0 { return nil }
        let before = Array(text[0..<min(cursor, text.count)])
        let syntax = LineSyntax(before, symbols: highlighter.symbols)
        guard let word = syntax.words.last, word.range.upperBound == before.count, word.isCommand, !word.isQuoted,
            let value = word.value, let new = expansions[value]
        else { return nil }
        return (word.range, new)
    }

    /// Defines the builtin `abbr`.
    public func register(_ shell: Shell) {
        shell.register(
            "abbr", .extension_, synopsis: "[name [text...]] | -e name...",
            summary: "Define words that expand as they are typed."
        ) { (shell: Shell, arguments: Arguments) throws(ShellError) -> Flow in
            self.run(shell, arguments)
            return .normal
        }
    }

    private func run(_ shell: Shell, _ arguments: Arguments) {
        shell.status = 0
        var words: [Text] = []
        for index in 1..<max(arguments.count, 1) { words.append(shell.argument(arguments, index)) }
        if let first = words.first, first.equals("-e") {
            for word in words.dropFirst() where expansions.removeValue(forKey: word.bytes) == nil {
                shell.report(arguments, word, "no such abbreviation")
                shell.status = 1
            }
            return
        }
        if let first = words.first, first.equals("--") { words.removeFirst() }
        if let first = words.first, first.count > 1, first[0] == 45 {
            shell.report(arguments, first, "unknown option")
            shell.status = 2
            return
        }
        if words.count <= 1 {
            let names = words.isEmpty ? expansions.keys.sorted { $0.lexicographicallyPrecedes($1) } : [words[0].bytes]
            for name in names {
                guard let text = expansions[name] else {
                    shell.report(arguments, Text(name), "no such abbreviation")
                    shell.status = 1
                    continue
                }
                shell.output.append("abbr ")
                shell.output.append(shell.quoted(Text(name)))
                shell.output.append(" ")
                shell.output.append(shell.quoted(Text(text)))
                shell.output.append("\n")
            }
            return
        }
        let name = words[0].bytes
        if name.isEmpty || name.contains(where: { $0 <= 32 || $0 == 127 }) {
            shell.report(arguments, words[0], "not a word")
            shell.status = 1
            return
        }
        expansions[name] = Array(words.dropFirst().map { $0.bytes }.joined(separator: [32]))
    }
}

extension LineEditor {
    /// Replaces the abbreviation before the cursor; false when there is none.
    @discardableResult
    func expandAbbreviation() -> Bool {
        guard let found = abbreviations.expansion(in: text, cursor: cursor, highlighter) else { return false }
        text.replaceSubrange(found.range, with: found.new)
        cursor = found.range.lowerBound + found.new.count
        return true
    }
}
