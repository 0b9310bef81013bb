// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Where the cursor stands in a command line: the command, the words before, and the word that is to be completed. Reads any
/// prefix of shell text, also where quotes and parentheses are still open.
struct LineContext {
    enum Kind: Equatable {
        /// A comment, a here-document, an arithmetic expression: nothing to complete.
        case nothing
        /// The word names a command.
        case command
        case argument
        /// The target of `>`, `<` and the like.
        case redirection
        /// The value of `name=value` before a command.
        case assignment
        /// A name after `$` or `${`.
        case variable(isBraced: Bool)
    }

    enum Quote { case none, single, double, dollar }

    /// A word as far as it is known without running anything.
    struct Word {
        /// Byte offset in the line.
        var start = 0
        /// Without quotes, variables replaced by their values.
        var value: [UInt8] = []
        /// It has a command substitution or an operator in `${}`, so that the value is not known.
        var isOpaque = false
        /// A quote or a backslash was in it.
        var isQuoted = false
        /// Behind the last slash: the offset in the line, the count of `value`, and the quote that is open there.
        var baseStart = 0
        var baseValue = 0
        var baseQuote = Quote.none
        /// Behind the first `=` likewise, when there is one: offset and count of `value`.
        var equalsStart = -1
        var equalsValue = 0
        /// Behind the last `:`.
        var colonStart = -1
        var colonValue = 0
    }

    var kind = Kind.command
    /// The words of the command before the one at the cursor, its name first; redirections and assignments left out.
    var words: [[UInt8]] = []
    var current = Word()
    var quote = Quote.none
    /// What is open around the command, outermost first.
    var outer: [Frame] = []

    struct Frame {
        enum Opening { case parenthesis, substitution, backquote, arithmetic }
        var opening: Opening
        var words: [[UInt8]]
        var current: Word
        var inWord: Bool
        var quote: Quote
        var redirects: Bool
        var isHeader: Bool
    }

    var inWord = false
    var redirects = false
    /// After `for` and `case`: the words are no commands.
    private var isHeader = false
    /// After `function`: the next word is no command.
    private var namesFunction = false
    var heredocs: [[UInt8]] = []
    var expectsDelimiter = false
    /// Set when the cursor stands in a variable's name.
    var variableStart = -1
    var isBraced = false
    var isSettled = false
    let line: [UInt8]
    let end: Int
    let lookup: ([UInt8]) -> [UInt8]?

    /// - Parameter lookup: the value of a variable.
    init(_ line: [UInt8], cursor: Int, lookup: @escaping ([UInt8]) -> [UInt8]? = { _ in nil }) {
        self.line = line
        end = min(cursor, line.count)
        self.lookup = lookup
        read()
    }

    mutating func begin(_ place: Int) {
        if inWord { return }
        inWord = true
        current = Word()
        current.start = place
        current.baseStart = place
    }

    mutating func append(_ byte: UInt8, next: Int) {
        current.value.append(byte)
        switch byte {
        case 47:
            current.baseStart = next
            current.baseValue = current.value.count
            current.baseQuote = quote
        case 61 where current.equalsStart < 0:
            current.equalsStart = next
            current.equalsValue = current.value.count
        case 58:
            current.colonStart = next
            current.colonValue = current.value.count
        default: break
        }
    }

    mutating func finishWord() {
        guard inWord else { return }
        inWord = false
        if redirects {
            if expectsDelimiter { heredocs.append(current.value) }
            expectsDelimiter = false
            redirects = false
            return
        }
        if words.isEmpty, !isHeader {
            if !current.isQuoted, LineContext.keepsCommandPosition(current.value) { return }
            if isAssignment(current) { return }
            if namesFunction {
                namesFunction = false
                return
            }
            if !current.isQuoted {
                switch String(decoding: current.value, as: UTF8.self) {
                case "for", "case", "select":
                    isHeader = true
                    return
                case "function":
                    namesFunction = true
                    return
                default: break
                }
            }
        }
        if isHeader { return }
        words.append(current.value)
    }

    private func isAssignment(_ word: Word) -> Bool {
        guard word.equalsStart >= 0 else { return false }
        var name = word.value[..<(word.equalsValue - 1)]
        if name.last == 43 { name = name.dropLast() }
        return name.withUnsafeBufferPointer { isShellName($0) }
    }

    private func isShellName(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first, first < 48 || first > 57 else { return false }
        return bytes.allSatisfy { $0 >= 48 && $0 <= 57 || $0 | 32 >= 97 && $0 | 32 <= 122 || $0 == 95 }
    }

    mutating func finishCommand() {
        finishWord()
        words = []
        isHeader = false
        redirects = false
    }

    mutating func push(_ opening: Frame.Opening) {
        outer.append(
            Frame(
                opening: opening, words: words, current: current, inWord: inWord, quote: quote, redirects: redirects,
                isHeader: isHeader))
        words = []
        inWord = false
        quote = .none
        redirects = false
        isHeader = false
    }

    mutating func pop() {
        guard let frame = outer.popLast() else { return }
        words = frame.words
        current = frame.current
        inWord = frame.inWord
        quote = frame.quote
        redirects = frame.redirects
        isHeader = frame.isHeader
        if frame.opening == .substitution || frame.opening == .backquote { current.isOpaque = true }
    }

    // MARK: reading, of which LineContextReading.swift has the parts

    private mutating func read() {
        var index = 0
        while index < end {
            let byte = line[index]
            switch quote {
            case .single:
                if byte == 39 { quote = .none } else { append(byte, next: index + 1) }
                index += 1
            case .dollar:
                index = readDollarQuote(index)
            case .double:
                index = readDouble(index)
            case .none:
                guard let next = readPlain(index) else { return }
                index = next
            }
        }
        finish()
    }

    private mutating func finish() {
        if kind == .nothing { return }
        if variableStart >= 0 {
            kind = .variable(isBraced: isBraced)
            let start = variableStart
            current = Word()
            current.start = start
            current.value = Array(line[start..<end])
            return
        }
        if isSettled {
            kind = .nothing
            current.start = end
            return
        }
        if !inWord {
            current = Word()
            current.start = end
            current.baseStart = end
        }
        if redirects {
            kind = expectsDelimiter ? .nothing : .redirection
        } else if isHeader {
            kind = .argument
        } else if words.isEmpty {
            kind = inWord && isAssignment(current) ? .assignment : .command
        } else {
            kind = .argument
        }
    }

    /// Reserved words after which a command stands again.
    private static func keepsCommandPosition(_ word: [UInt8]) -> Bool {
        switch String(decoding: word, as: UTF8.self) {
        case "if", "then", "else", "elif", "while", "until", "do", "!", "{", "time": true
        default: false
        }
    }
}
