// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Alias substitution (XCU 2.3.1): the value takes the place of the word in the text that is read.
extension Parser {
    /// Replaces the unquoted word at the cursor by the value of its alias (XCU 2.3.1). False when it has none, or is part of its own value.
    @inline(never)
    mutating func substituteAlias() -> Bool {
        guard let alias else { return false }
        var wordEnd = pos
        guard let symbol = aliasName(&wordEnd) else { return false }
        let floor = frame == .alias ? frames.last.aliasCount : aliases.count
        for index in 0..<aliases.count where aliases[index].symbol == symbol {
            if index < floor || aliases[index].end > pos { return false }
        }
        guard let value = alias(symbol) else { return false }
        let valueEnd = splice(value, wordEnd)
        let endsInBlank = value.withBytes { (bytes: UnsafeBufferPointer<UInt8>) -> Bool in
            guard let last = bytes.last else { return false }
            return last == Byte.space || last == Byte.tab
        }
        aliases.append(ActiveAlias(symbol: symbol, end: valueEnd, endsInBlank: endsInBlank))
        return true
    }

    /// The symbol of the unquoted word at the cursor, and its end; nil when no alias can have that name. Line continuations are not part of it.
    private mutating func aliasName(_ wordEnd: inout Int) -> Symbol? {
        var isNumber = true
        let mark = text.count
        var segment = pos
        scan: while true {
            let byte = base[wordEnd]
            if classOf(byte) & ByteClass.delimiter != 0 { break }
            switch byte {
            case Byte.singleQuote, Byte.doubleQuote, Byte.backquote, Byte.dollar:
                text.pop(to: mark)
                return nil
            case Byte.backslash:
                text.append(bytes(segment, wordEnd))
                if !stepOverContinuation(&wordEnd) {
                    text.pop(to: mark)
                    return nil
                }
                segment = wordEnd
            default:
                if classOf(byte) & ByteClass.digit == 0 { isNumber = false }
                wordEnd &+= 1
            }
        }
        defer { text.pop(to: mark) }
        // `3>` is a redirection, whatever `3` is an alias of.
        if isNumber && (base[wordEnd] == Byte.less || base[wordEnd] == Byte.greater) { return nil }
        if text.count == mark { return segment == wordEnd ? nil : symbols.find(bytes(segment, wordEnd)) }
        text.append(bytes(segment, wordEnd))
        return text.withBytes(from: mark) { symbols.find($0) }
    }

    /// Puts `value` in the place of the bytes from the cursor to `wordEnd`; the cursor is then at its start. Returns where it ends.
    private mutating func splice(_ value: Text, _ wordEnd: Int) -> Int {
        let valueEnd: Int
        let place = Int(place(pos))
        if frame == .alias {
            if wordEnd > mapping.fixedEnd {
                mapping.fixedEnd = wordEnd
                mapping.fixed = place
            }
            if value.count > wordEnd {
                // Not enough room before the rest of the text: move it, with as much room again.
                let shift = value.count + end
                let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: end + shift + 1)
                (larger + wordEnd + shift).update(from: base + wordEnd, count: end - wordEnd + 1)
                block?.deallocate()
                block = larger
                base = larger
                end += shift
                if mapping.fixedEnd != Int.max { mapping.fixedEnd += shift }
                mapping.delta -= shift
                for index in frames.last.aliasCount..<aliases.count { aliases[index].end += shift }
                valueEnd = wordEnd + shift
            } else {
                valueEnd = wordEnd
            }
        } else {
            var lineEnd = wordEnd
            while lineEnd < end && base[lineEnd] != Byte.newline { lineEnd += 1 }
            if lineEnd < end { lineEnd += 1 }
            let room = value.count + 256
            let size = room + lineEnd - wordEnd
            let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: size + 1)
            (buffer + room).update(from: base + wordEnd, count: lineEnd - wordEnd)
            // Text that was unescaped has no places that the rest could have.
            let hasPlaces = wordEnd >= mapping.fixedEnd
            let restPlace = Int(self.place(wordEnd))
            pos = lineEnd
            enterFrame(
                .alias, block: buffer, start: room, end: size,
                mapping: PlaceMapping(
                    fixedEnd: hasPlaces ? room : Int.max, fixed: place, delta: restPlace - room))
            valueEnd = room
        }
        pos = valueEnd - value.count
        value.withBytes {
            if let start = $0.baseAddress { (base + pos).update(from: start, count: $0.count) }
        }
        return valueEnd
    }

    /// Forgets aliases whose value was read; true when one of them ended in a blank, so that the word at the cursor is a candidate.
    @inline(never)
    mutating func passAliases() -> Bool {
        var isCandidate = false
        let floor = frame == .alias ? frames.last.aliasCount : aliases.count
        while aliases.count > floor, aliases.last.end <= pos {
            if aliases.last.endsInBlank { isCandidate = true }
            aliases.pop(to: aliases.count - 1)
        }
        return isCandidate
    }

    /// Goes to the next token on this line. After an alias value that ended in a blank, that is a candidate for substitution too.
    @inline(__always)
    mutating func skipBlanksAndAliases() {
        skipBlanks()
        if frame == .alias { substituteAfterBlank() }
    }

    @inline(never)
    private mutating func substituteAfterBlank() {
        var isCandidate = passAliases()
        while isCandidate && substituteAlias() {
            skipBlanks()
            if hasPassedAlias() { isCandidate = passAliases() }
        }
    }

    /// The same over newlines, but a reserved word that the grammar asks for here is no candidate.
    @inline(__always)
    mutating func linebreakAndAliases(_ code: Code, before first: Lead, _ second: Lead) throws(Stop) {
        try linebreak(code)
        if frame == .alias { try substituteAfterBlank(code, before: first, second) }
    }

    @inline(never)
    mutating func substituteAfterBlank(_ code: Code, before first: Lead, _ second: Lead) throws(Stop) {
        var isCandidate = passAliases()
        while isCandidate && frame == .alias {
            let reserved = reservedWord()
            if reserved == first || reserved == second || !substituteAlias() { return }
            skipBlanks()
            if base[pos] == Byte.newline {
                try linebreak(code)
                return
            }
            if hasPassedAlias() { isCandidate = passAliases() }
        }
    }

    private func hasPassedAlias() -> Bool {
        frame == .alias && aliases.count > frames.last.aliasCount && aliases.last.end <= pos
    }
}
