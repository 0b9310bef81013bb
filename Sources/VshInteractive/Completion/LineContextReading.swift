// SPDX-License-Identifier: MPL-2.0
import VshBase

/// How the text before the cursor is read: quotes, expansions, redirections and here-documents.
extension LineContext {
    mutating func readDollarQuote(_ index: Int) -> Int {
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

    mutating func readDouble(_ index: Int) -> Int {
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
    mutating func readPlain(_ index: Int) -> Int? {
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
}
