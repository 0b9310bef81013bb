// SPDX-License-Identifier: MPL-2.0
import VshBase

extension Parser {
    /// The delimiter at the cursor: quotes are removed, nothing is expanded (XCU 2.7.4).
    mutating func hereDocumentDelimiter(_ code: Code) throws(Stop) -> (constant: Int32, isQuoted: Bool) {
        let start = place(pos)
        let mark = text.count
        var isQuoted = false
        scan: while true {
            let byte = base[pos]
            if classOf(byte) & ByteClass.delimiter != 0 {
                if byte != 0 { break }
                if pos < end {
                    pos &+= 1
                } else if !more() {
                    break
                }
                continue
            }
            switch byte {
            case Byte.backslash:
                if pos &+ 1 == end { _ = more() }
                let next = base[pos &+ 1]
                if next == Byte.newline {
                    pos &+= 2
                } else if next == 0 {
                    // The last byte of the input stands for itself.
                    if pos &+ 1 == end {
                        isQuoted = true
                        text.append(byte)
                    }
                    pos &+= 1
                } else {
                    isQuoted = true
                    text.append(next)
                    pos &+= 2
                }
            case Byte.singleQuote, Byte.doubleQuote:
                let open = pos
                isQuoted = true
                pos &+= 1
                while base[pos] != byte {
                    if base[pos] == 0 && pos == end {
                        if !more() { throw unterminated(byte == Byte.singleQuote ? "'" : "\"", open) }
                        continue
                    }
                    if base[pos] == 0 {
                        pos &+= 1
                        continue
                    }
                    if byte == Byte.doubleQuote && base[pos] == Byte.backslash && pos &+ 1 < end {
                        let next = base[pos &+ 1]
                        if next == Byte.newline {
                            pos &+= 2
                            continue
                        }
                        if next == Byte.dollar || next == Byte.backquote || next == Byte.doubleQuote
                            || next == Byte.backslash
                        {
                            pos &+= 1
                        }
                    }
                    text.append(base[pos])
                    pos &+= 1
                }
                pos &+= 1
            case Byte.dollar where base[pos &+ 1] == Byte.singleQuote:
                isQuoted = true
                let outer = beginWord()
                try dollarSingleQuotes(pos, skipping: 1)
                let value = text.text(from: build.textMark)
                endWord(outer)
                text.append(value)
            default:
                text.append(byte)
                pos &+= 1
            }
        }
        let delimiter = text.text(from: mark)
        text.pop(to: mark)
        // No line can be it.
        if delimiter.withBytes({ $0.contains(Byte.newline) }) { throw brokenDelimiter(start) }
        let constant = Int32(truncatingIfNeeded: code.constants.count)
        code.constants.append(delimiter)
        return (constant, isQuoted)
    }

    /// Reads the bodies of the here-documents of the line that was just ended.
    @inline(never)
    mutating func readHereDocuments(_ code: Code) throws(Stop) {
        let mark = pendingMark
        var index = mark
        while index < pending.count {
            let document = pending[index]
            // A substitution in the body has here-documents of its own.
            pendingMark = pending.count
            let delimiter = code.constants[document.delimiter]
            if isRecording { noteBody(document) }
            let word =
                document.isQuoted
                ? try quotedBody(code, document, delimiter) : try expandedBody(code, document, delimiter)
            code.words[document.word] = word
            note(.blank, pos)
            index += 1
        }
        wordKind = .word
        pendingMark = mark
        pending.pop(to: mark)
    }

    private mutating func noteBody(_ document: PendingHereDocument) {
        wordKind = .hereDocument
        note(.hereDocument, pos)
    }

    /// Whether the line at the cursor is the delimiter; then the cursor is after it. Calls `more` as needed, so that the whole line is there.
    /// In a body that is expanded the line may go on after a backslash (XCU 2.7.4), but not before the delimiter begins.
    private mutating func takeDelimiter(_ delimiter: Text, isQuoted: Bool) -> Bool {
        let length = delimiter.count
        var place = pos
        var index = 0
        while index < length {
            if base[place] == delimiter[index] {
                place &+= 1
                index &+= 1
            } else if isQuoted || index == 0 || base[place] != Byte.backslash || !stepOverContinuation(&place) {
                return false
            }
        }
        if !isQuoted && length > 0 {
            while base[place] == Byte.backslash && stepOverContinuation(&place) {}
        }
        if base[place] == Byte.newline {
            note(.hereDocumentDelimiter, pos)
            pos = place &+ 1
            if frame == .alias && pos == end { leaveFrame() }
            return true
        }
        if base[place] == 0 && place == end {
            note(.hereDocumentDelimiter, pos)
            pos = place
            return true
        }
        return false
    }

    /// At the start of a line of a here-document: goes past leading tabs with `<<-`; true at its end.
    @inline(__always)
    private mutating func isAtHereDocumentEnd(
        _ document: PendingHereDocument, _ delimiter: Text
    ) throws(Stop) -> Bool {
        if base[pos] == 0 && pos == end {
            if frame == .alias && frames.last.kind == .source { leaveFrame() }
            if base[pos] == 0 && pos == end && !more() {
                if options.isWhole { return true }
                throw unterminatedHereDocument(document.position, delimiter)
            }
        }
        if document.stripsTabs {
            while base[pos] == Byte.tab { pos &+= 1 }
        }
        return takeDelimiter(delimiter, isQuoted: document.isQuoted)
    }

    /// A body whose delimiter was quoted: its lines as they are.
    private mutating func quotedBody(
        _ code: Code, _ document: PendingHereDocument, _ delimiter: Text
    ) throws(Stop) -> Word {
        let mark = text.count
        while try !isAtHereDocumentEnd(document, delimiter) {
            while true {
                let start = pos
                while base[pos] != Byte.newline && base[pos] != 0 { pos &+= 1 }
                text.append(bytes(start, pos))
                if base[pos] == Byte.newline {
                    text.append(Byte.newline)
                    pos &+= 1
                    break
                }
                if pos < end {
                    pos &+= 1
                } else if !more() {
                    break
                }
            }
        }
        let constant = constant(code, literalFrom: mark)
        text.pop(to: mark)
        return Word(.constant, flags: .hasQuotes, a: constant)
    }

    /// A body whose delimiter was not quoted: expanded as in double quotes.
    private mutating func expandedBody(
        _ code: Code, _ document: PendingHereDocument, _ delimiter: Text
    ) throws(Stop) -> Word {
        let outer = beginWord()
        while try !isAtHereDocumentEnd(document, delimiter) {
            line: while true {
                var p = pos
                while classOf(base[p]) & ByteClass.quotedStop == 0 { p &+= 1 }
                if p != pos {
                    literal(pos, p, isQuoted: true)
                    pos = p
                }
                let byte = base[p]
                switch byte {
                case Byte.newline:
                    literal(byte: byte, isQuoted: true)
                    pos &+= 1
                    break line
                case Byte.dollar:
                    try dollar(code, isQuoted: true, isText: true)
                case Byte.backquote:
                    try backquotes(code, isQuoted: true)
                case Byte.backslash:
                    quotedBackslash(alsoEscapes: Byte.backslash)
                case 0:
                    if pos < end {
                        pos &+= 1
                    } else if !more() {
                        break line
                    }
                default:
                    literal(byte: byte, isQuoted: true)
                    pos &+= 1
                }
            }
        }
        let word = makeWord(code, [])
        endWord(outer)
        return word
    }
}
