// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax

/// A line as the parser sees it while it is typed: tokens, words and what is wrong, whether or not it is complete.
struct LineSyntax {
    /// A word of a command.
    struct Word {
        /// Bytes of the line.
        var range: Range<Int>
        /// It names a command.
        var isCommand: Bool
        /// Its text without quotes; nil when it has expansions, which only running it would tell.
        var value: [UInt8]?
        /// It has quotes or backslashes.
        var isQuoted: Bool
        /// It has `*`, `?` or `[` outside quotes.
        var isPattern: Bool
        /// It is the target of this redirection operator, such as `>`.
        var redirection: [UInt8]?
    }

    private(set) var tokens: [Token] = []
    private(set) var words: [Word] = []
    private(set) var failure: SyntaxError?

    /// - Parameter symbols: names of the line are interned there; not the shell's table, as much of what is typed never runs.
    init(_ line: [UInt8], symbols: SymbolTable) {
        if line.isEmpty { return }
        let source = line.withUnsafeBufferPointer { Source(name: Text(), origin: .terminal, bytes: $0) }
        (tokens, failure) = VshSyntax.tokens(of: source, symbols: symbols)
        collectWords(line)
    }

    private mutating func collectWords(_ line: [UInt8]) {
        var index = 0
        var redirection: [UInt8]?
        while index < tokens.count {
            let token = tokens[index]
            switch token.kind {
            case .assignment:
                // Its value is no word of the command.
                index += 1
                while index < tokens.count, LineSyntax.isWordPart(tokens[index].kind) { index += 1 }
            case .blank, .newline, .comment, .operator, .reservedWord, .hereDocument, .hereDocumentDelimiter, .error,
                .function, .arithmetic:
                if token.kind != .blank { redirection = nil }
                index += 1
            case .redirection:
                redirection = Array(line[token.range])
                index += 1
            default:
                let first = index
                var word = Word(
                    range: token.range, isCommand: false, value: [], isQuoted: false, isPattern: false,
                    redirection: redirection)
                while index < tokens.count, LineSyntax.isWordPart(tokens[index].kind) {
                    add(tokens[index], line, to: &word)
                    index += 1
                }
                // What is inside a command substitution has words of its own.
                if index == first { index += 1 }
                word.range = tokens[first].range.lowerBound..<tokens[index - 1].range.upperBound
                words.append(word)
                redirection = nil
            }
        }
    }

    private static func isWordPart(_ kind: TokenKind) -> Bool {
        switch kind {
        case .command, .word, .singleQuoted, .doubleQuoted, .escape, .parameter, .tilde, .substitution: true
        default: false
        }
    }

    private func add(_ token: Token, _ line: [UInt8], to word: inout Word) {
        let bytes = line[token.range]
        switch token.kind {
        case .command, .word:
            if token.kind == .command { word.isCommand = true }
            word.value? += bytes
            if bytes.contains(where: { $0 == 42 || $0 == 63 || $0 == 91 }) { word.isPattern = true }
        case .tilde: word.value? += bytes
        case .escape:
            word.isQuoted = true
            word.value? += bytes.dropFirst()
        case .singleQuoted:
            word.isQuoted = true
            if bytes.first == 36 {
                word.value = nil
            } else {
                word.value? += bytes.filter { $0 != 39 }
            }
        case .doubleQuoted:
            word.isQuoted = true
            if bytes.contains(92) { word.value = nil } else { word.value? += bytes.filter { $0 != 34 } }
        default: word.value = nil
        }
    }

    /// Simple commands: the name and the arguments of each that is known without running anything.
    var commands: [(name: Word, arguments: [[UInt8]])] {
        var commands: [(name: Word, arguments: [[UInt8]])] = []
        for word in words {
            if word.isCommand {
                commands.append((name: word, arguments: []))
            } else if !commands.isEmpty, word.redirection == nil {
                commands[commands.count - 1].arguments.append(word.value ?? [])
            }
        }
        return commands
    }
}
