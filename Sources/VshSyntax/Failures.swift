// SPDX-License-Identifier: MPL-2.0
import VshBase

/// The messages of the parser. Each function records the error and returns what to throw.
extension Parser {
    private mutating func fail(
        _ message: borrowing ByteStack, _ range: Range<Int>, isIncomplete: Bool, notes: [[UInt8]] = []
    )
        -> Stop
    {
        let low = min(range.lowerBound, source.count)
        let range = low..<max(low, min(range.upperBound, source.count))
        failures.removeAll()
        failures.append(
            SyntaxError(message.withBytes { Array($0) }, range: range, isIncomplete: isIncomplete, notes: notes))
        return Stop()
    }

    /// `unexpected X; expected Y`, where X is the token at the cursor, and where the construct `opener` started.
    @inline(never)
    mutating func unexpected(
        _ code: Code, _ expected: StaticString?, opener: StaticString? = nil, at position: Int32 = -1
    ) -> Stop {
        skipBlanks()
        let start = pos
        var message = ByteStack()
        message.append("unexpected ")
        let isEnd = base[pos] == 0 && pos == end
        let length = describeToken(&message)
        if let expected {
            message.append("; expected ")
            message.append(expected)
        }
        var notes: [[UInt8]] = []
        if let opener {
            var note = ByteStack()
            note.append("'")
            note.append(opener)
            note.append("' was opened in line ")
            note.append(decimal: source.line(at: Int(position)))
            notes.append(note.withBytes { Array($0) })
            if let expected, let hint = misplacedWord(code, expected, after: position) { notes.append(hint) }
        }
        let place = Int(place(start))
        return fail(
            message, place..<min(place + length, max(place, source.count)), isIncomplete: isEnd && frame != .backquote,
            notes: notes)
    }

    /// A hint when one of the words that `expected` names in quotes stands where it is only an argument, as in `if a then b; fi`.
    private func misplacedWord(_ code: Code, _ expected: StaticString, after position: Int32) -> [UInt8]? {
        var index = code.words.count - 1
        while index >= 0 {
            let word = code.words[index]
            index -= 1
            // The body of a here-document that was not read yet has no text.
            if word.form != .constant || word.a < 0 || word.flags.contains(.hasQuotes) { continue }
            let text = code.constants[word.a]
            if text.count < 1 || text.count > 4 { continue }
            var quoted = ByteStack()
            quoted.append("'")
            quoted.append(text)
            quoted.append("'")
            guard contains(expected, quoted), let place = lastPlace(of: text, after: Int(position)) else { continue }
            quoted.append(" in line ")
            quoted.append(decimal: source.line(at: place))
            quoted.append(" is an argument: put ';' or a newline before it")
            return quoted.withBytes { Array($0) }
        }
        return nil
    }

    /// Where a word last stands alone in what was read of the source from `start` on.
    private func lastPlace(of word: Text, after start: Int) -> Int? {
        let end = min(Int(place(pos)), source.count)
        var index = end - word.count
        while index > start {
            let found = UnsafeBufferPointer(start: UnsafePointer(source.base) + index, count: word.count)
            if word.withBytes({ bytesEqual($0, found) }), classOf(source.base[index - 1]) & ByteClass.delimiter != 0,
                index + word.count == end || classOf(source.base[index + word.count]) & ByteClass.delimiter != 0
            {
                return index
            }
            index -= 1
        }
        return nil
    }

    private func contains(_ text: StaticString, _ part: borrowing ByteStack) -> Bool {
        let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        let length = part.count
        if length > bytes.count { return false }
        return part.withBytes { wanted in
            (0...bytes.count - length).contains {
                bytesEqual(UnsafeBufferPointer(rebasing: bytes[$0..<$0 + length]), wanted)
            }
        }
    }

    /// Appends the name of the token at the cursor; returns its length in bytes.
    private func describeToken(_ message: inout ByteStack) -> Int {
        let byte = base[pos]
        if byte == 0 {
            message.append(frame == .backquote ? "'`'" : "end of input")
            return 0
        }
        if byte == Byte.newline {
            message.append("newline")
            return 1
        }
        var p = pos
        if classOf(byte) & ByteClass.delimiter != 0 {
            p += 1
            switch (byte, base[p]) {
            case (Byte.semicolon, Byte.semicolon), (Byte.semicolon, Byte.ampersand), (Byte.ampersand, Byte.ampersand),
                (Byte.bar, Byte.bar), (Byte.less, Byte.less), (Byte.greater, Byte.greater), (Byte.less, Byte.ampersand),
                (Byte.greater, Byte.ampersand), (Byte.less, Byte.greater), (Byte.greater, Byte.bar):
                p += 1
            default: break
            }
        } else {
            while classOf(base[p]) & ByteClass.delimiter == 0 && p - pos < 40 { p += 1 }
        }
        message.append("'")
        message.append(bytes(pos, p))
        message.append(p - pos == 40 ? "…'" : "'")
        return p - pos
    }

    /// A quote or brace that is not closed at the end of input.
    mutating func unterminated(_ opener: StaticString, _ offset: Int) -> Stop {
        unterminated(opener, at: place(offset))
    }

    @inline(never)
    mutating func unterminated(_ opener: StaticString, at position: Int32) -> Stop {
        var message = ByteStack()
        let quote: StaticString = opener.utf8Start[opener.utf8CodeUnitCount - 1] == Byte.singleQuote ? "\"" : "'"
        message.append(quote)
        message.append(opener)
        message.append(quote)
        message.append(" is not closed")
        let place = Int(position)
        return fail(
            message, place..<min(place + opener.utf8CodeUnitCount, max(place, source.count)),
            isIncomplete: frames.isEmpty || frame == .alias)
    }

    @inline(never)
    mutating func unterminatedHereDocument(_ position: Int32, _ delimiter: Text) -> Stop {
        var message = ByteStack()
        message.append("unexpected end of input; the here-document has no line '")
        message.append(delimiter)
        message.append("'")
        return fail(message, Int(position)..<Int(position) + 2, isIncomplete: true)
    }

    @inline(never)
    mutating func brokenDelimiter(_ position: Int32) -> Stop {
        var message = ByteStack()
        message.append("the delimiter of a here-document holds a newline")
        return fail(message, Int(position)..<Int(position) + 1, isIncomplete: false)
    }

    @inline(never)
    mutating func endsInContinuation() -> Stop {
        var message = ByteStack()
        message.append("unexpected end of input after a line continuation")
        return fail(message, pos - 2..<pos, isIncomplete: true)
    }

    @inline(never)
    mutating func missingTarget(_ code: Code, _ op: RedirectionOperator) -> Stop {
        switch op {
        case .hereDocument, .hereDocumentStrip: unexpected(code, "the delimiter of a here-document")
        case .duplicateInput, .duplicateOutput: unexpected(code, "a file descriptor or '-'")
        case .hereString: unexpected(code, "a word")
        default: unexpected(code, "a file name")
        }
    }

    /// What is wrong with the text `start ..< end` of what is being read.
    mutating func failure(_ text: StaticString, _ start: Int, _ end: Int) -> Stop {
        var message = ByteStack()
        message.append(text)
        return fail(message, Int(place(start))..<Int(place(end)), isIncomplete: false)
    }

    @inline(never)
    mutating func tooManyWords(_ position: Int32) -> Stop {
        var message = ByteStack()
        message.append("the braces make more than 4,194,304 words")
        return fail(message, Int(position)..<Int(position) + 1, isIncomplete: false)
    }

    @inline(never)
    mutating func nestedTooDeeply(_ offset: Int) -> Stop {
        var message = ByteStack()
        message.append("nested too deeply")
        isTooDeep = true
        let place = Int(place(offset))
        return fail(message, place..<place + 1, isIncomplete: false)
    }
}
