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
    private var outer: [Frame] = []

    private struct Frame {
        enum Opening { case parenthesis, substitution, backquote, arithmetic }
        var opening: Opening
        var words: [[UInt8]]
        var current: Word
        var inWord: Bool
        var quote: Quote
        var redirects: Bool
        var isHeader: Bool
    }

    private var inWord = false
    private var redirects = false
    /// After `for` and `case`: the words are no commands.
    private var isHeader = false
    /// After `function`: the next word is no command.
    private var namesFunction = false
    private var heredocs: [[UInt8]] = []
    private var expectsDelimiter = false
    private let line: [UInt8]
    private let end: Int
    private let lookup: ([UInt8]) -> [UInt8]?

    /// - Parameter lookup: the value of a variable.
    init(_ line: [UInt8], cursor: Int, lookup: @escaping ([UInt8]) -> [UInt8]? = { _ in nil }) {
        self.line = line
        end = min(cursor, line.count)
        self.lookup = lookup
        read()
    }

    private mutating func begin(_ place: Int) {
        if inWord { return }
        inWord = true
        current = Word()
        current.start = place
        current.baseStart = place
    }

    private mutating func append(_ byte: UInt8, next: Int) {
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

    private mutating func finishWord() {
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

    private mutating func finishCommand() {
        finishWord()
        words = []
        isHeader = false
        redirects = false
    }

    private mutating func push(_ opening: Frame.Opening) {
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

    private mutating func pop() {
        guard let frame = outer.popLast() else { return }
        words = frame.words
        current = frame.current
        inWord = frame.inWord
        quote = frame.quote
        redirects = frame.redirects
        isHeader = frame.isHeader
        if frame.opening == .substitution || frame.opening == .backquote { current.isOpaque = true }
    }

    // MARK: reading

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

    private mutating func readDollarQuote(_ index: Int) -> Int {
        if line[index] == 39 {
            quote = .none
            return index + 1
        }
        if line[index] == 92, index + 1 < end {
            switch line[index + 1] {
            case 97: append(7, next: index + 2)
            case 98: append(8, next: index + 2)
            case 101: append(27, next: index + 2)
            case 102: append(12, next: index + 2)
            case 110: append(10, next: index + 2)
            case 114: append(13, next: index + 2)
            case 116: append(9, next: index + 2)
            case 118: append(11, next: index + 2)
            case 48...55:
                var value = 0
                var next = index + 1
                while next < end, next < index + 4, line[next] >= 48, line[next] <= 55 {
                    value = value * 8 + Int(line[next] - 48)
                    next += 1
                }
                append(UInt8(truncatingIfNeeded: value), next: next)
                return next
            default: append(line[index + 1], next: index + 2)
            }
            return index + 2
        }
        append(line[index], next: index + 1)
        return index + 1
    }

    private mutating func readDouble(_ index: Int) -> Int {
        switch line[index] {
        case 34:
            quote = .none
            return index + 1
        case 92:
            if index + 1 < end {
                let next = line[index + 1]
                if next == 36 || next == 96 || next == 34 || next == 92 {
                    append(next, next: index + 2)
                    return index + 2
                }
            }
            append(92, next: index + 1)
            return index + 1
        case 36: return readDollar(index)
        case 96:
            push(.backquote)
            return index + 1
        default:
            append(line[index], next: index + 1)
            return index + 1
        }
    }

    /// Nil when the rest of the line is settled.
    private mutating func readPlain(_ index: Int) -> Int? {
        let byte = line[index]
        switch byte {
        case 32, 9: finishWord()
        case 10:
            finishCommand()
            if !heredocs.isEmpty { return skipHereDocuments(index + 1) }
        case 59, 38:
            // `>&` is part of the redirection.
            if byte == 38, redirects, !inWord { return index + 1 }
            finishCommand()
        case 124:
            if redirects, !inWord { return index + 1 }
            finishCommand()
        case 40:
            if inWord, !redirects {
                // `name()`: what follows is its body.
                inWord = false
            }
            push(.parenthesis)
        case 41:
            if outer.isEmpty { finishCommand() } else { pop() }
            if !inWord { words = words.isEmpty ? [] : words }
        case 60, 62: return readRedirection(index)
        case 35 where !inWord:
            var next = index
            while next < end, line[next] != 10 { next += 1 }
            if next == end {
                kind = .nothing
                current.start = end
                return nil
            }
            return next
        case 39:
            begin(index)
            current.isQuoted = true
            quote = .single
        case 34:
            begin(index)
            current.isQuoted = true
            quote = .double
        case 92:
            begin(index)
            current.isQuoted = true
            if index + 1 >= end { return end }
            if line[index + 1] != 10 { append(line[index + 1], next: index + 2) }
            return index + 2
        case 36:
            begin(index)
            return readDollar(index)
        case 96:
            if let frame = outer.last, frame.opening == .backquote {
                pop()
            } else {
                begin(index)
                push(.backquote)
            }
        default:
            begin(index)
            append(byte, next: index + 1)
        }
        return index + 1
    }

    private mutating func readRedirection(_ index: Int) -> Int {
        if index + 1 < end, line[index + 1] == 40 {
            // `<(` and `>(`
            begin(index)
            push(.substitution)
            return index + 2
        }
        // Digits just before are the descriptor.
        if inWord, !current.isQuoted, current.value.allSatisfy({ $0 >= 48 && $0 <= 57 }) { inWord = false }
        finishWord()
        var next = index + 1
        redirects = true
        if line[index] == 60, next < end, line[next] == 60 {
            expectsDelimiter = true
            next += 1
            if next < end, line[next] == 60 {
                // A here-string.
                expectsDelimiter = false
                return next + 1
            }
            if next < end, line[next] == 45 { next += 1 }
            return next
        }
        while next < end, line[next] == 62 || line[next] == 124 || line[next] == 38 { next += 1 }
        return next
    }

    /// Bodies of here-documents, from the line at `index` on.
    private mutating func skipHereDocuments(_ start: Int) -> Int? {
        var index = start
        while let delimiter = heredocs.first {
            var lineEnd = index
            while lineEnd < end, line[lineEnd] != 10 { lineEnd += 1 }
            let text = line[index..<lineEnd].drop { $0 == 9 }
            if lineEnd >= end {
                kind = .nothing
                current.start = end
                return nil
            }
            if Array(text) == delimiter { heredocs.removeFirst() }
            index = lineEnd + 1
        }
        return index
    }

    private mutating func readDollar(_ index: Int) -> Int {
        guard index + 1 < end else {
            // A `$` at the cursor.
            if index + 1 == end { variableStart = end }
            append(36, next: index + 1)
            return index + 1
        }
        let next = line[index + 1]
        switch next {
        case 39 where quote == .none:
            current.isQuoted = true
            quote = .dollar
            return index + 2
        case 40:
            if index + 2 < end, line[index + 2] == 40 {
                push(.arithmetic)
                return skipArithmetic(index + 3)
            }
            push(.substitution)
            return index + 2
        case 123:
            var stop = index + 2
            while stop < end, isNameByte(line[stop]) { stop += 1 }
            if stop == end {
                variableStart = index + 2
                isBraced = true
                return end
            }
            let name = Array(line[(index + 2)..<stop])
            if line[stop] == 125 {
                insert(name, next: stop + 1)
                return stop + 1
            }
            var depth = 1
            while stop < end, depth > 0 {
                if line[stop] == 123 { depth += 1 }
                if line[stop] == 125 { depth -= 1 }
                stop += 1
            }
            current.isOpaque = true
            if depth > 0 { isSettled = true }
            return stop
        default:
            if !isNameByte(next) {
                if next == 64 || next == 42 || next == 35 || next == 63 || next == 33 || next == 45 || next == 36 {
                    current.isOpaque = true
                    return index + 2
                }
                append(36, next: index + 1)
                return index + 1
            }
            var stop = index + 1
            while stop < end, isNameByte(line[stop]) { stop += 1 }
            if stop == end {
                variableStart = index + 1
                return end
            }
            insert(Array(line[(index + 1)..<stop]), next: stop)
            return stop
        }
    }

    /// Set when the cursor stands in a variable's name.
    private var variableStart = -1
    private var isBraced = false
    private var isSettled = false

    private mutating func insert(_ name: [UInt8], next: Int) {
        guard let value = lookup(name) else {
            current.isOpaque = true
            return
        }
        for byte in value { append(byte, next: next) }
        // What is behind the value begins after the expansion.
        if current.baseValue > current.value.count - value.count { current.baseStart = next }
    }

    private mutating func skipArithmetic(_ start: Int) -> Int {
        var depth = 2
        var index = start
        while index < end, depth > 0 {
            if line[index] == 40 { depth += 1 }
            if line[index] == 41 { depth -= 1 }
            if depth > 0 || index + 1 <= end { index += 1 }
        }
        pop()
        if depth > 0 { isSettled = true }
        return index
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        byte >= 48 && byte <= 57 || byte | 32 >= 97 && byte | 32 <= 122 || byte == 95
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
