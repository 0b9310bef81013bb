// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Command substitutions.
extension Parser {
    // MARK: $(…)

    /// `$(…)` or `$((…))`; the cursor is on the parenthesis.
    mutating func parenthesised(
        _ code: Code, _ start: Int, _ position: Int32, isQuoted: Bool
    ) throws(Stop) {
        let next = following()
        if next.byte == Byte.openParen,
            try arithmeticExpansion(code, start, next.offset, position, isQuoted: isQuoted)
        {
            return
        }
        try commandSubstitution(code, start, position, isQuoted: isQuoted)
    }

    mutating func commandSubstitution(
        _ code: Code, _ start: Int, _ position: Int32, isQuoted: Bool, opener: StaticString = "$("
    ) throws(Stop) {
        note(.substitution, start)
        pos &+= 1
        note(.blank, pos)
        wordKind = .word
        try enter(start)
        let outerMark = pendingMark
        let outerBuild = build
        pendingMark = pending.count
        let inner = pos
        let innerSerial = serial
        let outerAlias = takeAlias()
        let body = try list(code)
        if try lead() != .closeParen {
            throw unexpected(code, "')'", opener: opener, at: position)
        }
        var command: Int32 = -1
        if isReadAgain(outerAlias), serial == innerSerial, pending.count == pendingMark {
            command = constant(code, inner, pos)
        }
        alias = outerAlias.alias
        note(.substitution, pos)
        pos &+= 1
        if frame == .alias { _ = passAliases() }
        pendingMark = outerMark
        build = outerBuild
        depth &-= 1
        addSubstitution(code, body, [], position, isQuoted: isQuoted, text: command)
    }

    /// Inside a command substitution no alias counts while its end is looked for: they count when it is run (XCU 2.6.3).
    private mutating func takeAlias() -> (alias: ((Symbol) -> Text?)?, definesAlias: Bool) {
        let outer = (alias, definesAlias)
        definesAlias = false
        if alias != nil { alias = nil }
        return outer
    }

    /// Whether the text of a command substitution can mean something else when it is run.
    private mutating func isReadAgain(_ outer: (alias: ((Symbol) -> Text?)?, definesAlias: Bool)) -> Bool {
        let result = outer.alias != nil || definesAlias
        if outer.definesAlias { definesAlias = true }
        return result
    }

    mutating func addSubstitution(
        _ code: Code, _ body: Int32, _ flags: PartFlags, _ position: Int32, isQuoted: Bool, text: Int32 = -1
    ) {
        var body = body
        if body < 0 {
            body = add(code, Node(.empty, position: position))
        } else if text >= 0 {
            body = add(code, Node(.text, a: body, b: text, position: position))
        }
        build.flags.formUnion([.hasSubstitution, .hasSideEffects])
        parts.append(Part(.commandSubstitution, isQuoted: isQuoted, flags: flags, a: body))
    }

    // MARK: Backquotes

    /// `` `…` `` (XCU 2.6.3); the cursor is on the first backquote.
    @inline(never)
    mutating func backquotes(_ code: Code, isQuoted: Bool) throws(Stop) {
        let start = pos
        let position = place(start)
        try enter(start)
        let outerKind = wordKind
        note(.substitution, pos)
        pos &+= 1
        let inner = pos
        let mark = text.count
        var wasChanged = false
        while true {
            let byte = base[pos]
            if byte == Byte.backquote { break }
            if byte == 0 {
                if pos < end {
                    pos &+= 1
                    wasChanged = true
                } else if !more() {
                    throw unterminated("`", at: position)
                }
                continue
            }
            if byte == Byte.backslash {
                if pos &+ 1 == end { _ = more() }
                let next = base[pos &+ 1]
                if next == Byte.dollar || next == Byte.backquote || next == Byte.backslash
                    || (next == Byte.doubleQuote && isQuoted)
                {
                    pos &+= 1
                    wasChanged = true
                    text.append(next)
                    pos &+= 1
                    continue
                }
            }
            text.append(byte)
            pos &+= 1
        }
        let count = text.count - mark
        let block = UnsafeMutablePointer<UInt8>.allocate(capacity: count + 1)
        text.withBytes(from: mark) { if count > 0 { block.update(from: $0.baseAddress!, count: count) } }
        text.pop(to: mark)
        pos &+= 1
        let innerPlace = Int(place(inner))
        enterFrame(
            .backquote, block: block, start: 0, end: count,
            mapping: wasChanged || inner < mapping.fixedEnd
                ? PlaceMapping(fixedEnd: Int.max, fixed: Int(position), delta: 0)
                : PlaceMapping(fixedEnd: 0, fixed: 0, delta: innerPlace))
        let outerMark = pendingMark
        let outerBuild = build
        pendingMark = pending.count
        let depthOfFrame = frames.count
        wordKind = .word
        let outerAlias = takeAlias()
        let body = try list(code)
        if try lead() != .end { throw unexpected(code, "a command", opener: "`", at: position) }
        let command = isReadAgain(outerAlias) ? constant(code, 0, end) : -1
        alias = outerAlias.alias
        while frames.count > depthOfFrame { leaveFrame() }
        if pending.count > pendingMark { try readHereDocuments(code) }
        leaveFrame()
        note(.substitution, pos &- 1)
        wordKind = outerKind
        note(outerKind, pos)
        pendingMark = outerMark
        build = outerBuild
        depth &-= 1
        addSubstitution(code, body, .isBackquoted, position, isQuoted: isQuoted, text: command)
    }
}
