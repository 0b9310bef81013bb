// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// Parameter expansions of bash that POSIX does not have (docs/extensions.md).
extension Shell {
    // MARK: ${x:offset:length}

    /// The value of a word that is only arithmetic.
    func evaluate(_ code: Code, word: Int32) throws(ShellError) -> Int {
        try evaluate(code, code.parts[code.words[word].a])
    }

    /// The elements `offset ..< offset + length` of `count`, as the operands of `:` say; negative ones count from the end. Nil: none.
    /// `isOpenEnded`: the length counts what is there, which may be further on than `count` says.
    func range(
        _ code: Code, _ part: Part, count: Int, countsBack: Bool = true, isOpenEnded: Bool = false
    ) throws(ShellError) -> Range<Int>? {
        var offset = try evaluate(code, word: part.b)
        if offset < 0 { offset &+= count }
        if offset < 0 || offset > count || count < 0 { return nil }
        if part.c < 0 { return offset..<count }
        let length = try evaluate(code, word: part.c)
        if length >= 0 && isOpenEnded { return offset..<(offset &+ min(length, 1 << 40)) }
        if length >= 0 { return offset..<(length > count - offset ? count : offset + length) }
        if !countsBack || count &+ length < offset {
            report(name: Text(decimal: length), "the length of a substring is below 0")
            throw ShellError(.expansion, status: 1)
        }
        return offset..<count + length
    }

    func substring(_ code: Code, _ part: Part, _ text: Text) throws(ShellError) -> Text {
        guard let range = try range(code, part, count: characterCount(text)) else { return Text() }
        return text.slice(byteOffset(text, range.lowerBound)..<byteOffset(text, range.upperBound))
    }

    /// The offset of a character.
    private func byteOffset(_ text: Text, _ characters: Int) -> Int {
        if !isUTF8 { return characters }
        return text.withBytes { bytes in
            var offset = 0
            for _ in 0..<characters where offset < bytes.count {
                offset += utf8Length(bytes.baseAddress! + offset, bytes.count - offset)
            }
            return offset
        }
    }

    /// `${@:offset:length}`: number 0 is the shell's name.
    func expandParameterRange(_ code: Code, _ part: Part, _ builder: inout WordBuilder) throws(ShellError) {
        guard let range = try range(code, part, count: paramCount + 1, countsBack: false) else { return }
        let texts = range.map { $0 == 0 ? name : params[paramBase + $0 - 1] }
        appendList(texts, quoted: part.isQuoted, star: part.a == 42, &builder)
    }

    // MARK: ${x^p} and ${x,p}

    /// Changes the case of the first character, or of all, where the pattern matches.
    func changeCase(_ code: Code, _ part: Part, _ text: Text) throws(ShellError) -> Text {
        let pattern = try expandToPattern(code, part.b)
        return changedCase(
            text, isUpper: part.op == .upper || part.op == .upperAll,
            isAll: part.op == .upperAll || part.op == .lowerAll,
            pattern)
    }

    func changedCase(_ text: Text, isUpper: Bool, isAll: Bool, _ pattern: Pattern? = nil) -> Text {
        var result = ByteStack(capacity: text.count + 8)
        text.withBytes { bytes in
            var index = 0
            while index < bytes.count {
                let length = isUTF8 ? utf8Length(bytes.baseAddress! + index, bytes.count - index) : 1
                let character = UnsafeBufferPointer(rebasing: bytes[index..<index + length])
                if (isAll || index == 0) && (pattern.map { $0.text.isEmpty || $0.matches(character) } ?? true) {
                    appendConverted(character, isUpper: isUpper, &result)
                } else {
                    result.append(character)
                }
                index += length
            }
        }
        return result.text(from: 0)
    }

    /// One character in the other case: letters of ASCII, and in UTF-8 those of Latin-1, Greek and Cyrillic.
    private func appendConverted(_ character: UnsafeBufferPointer<UInt8>, isUpper: Bool, _ result: inout ByteStack) {
        if character.count == 1 {
            let byte = character[0]
            let isLetter = isUpper ? byte >= 97 && byte <= 122 : byte >= 65 && byte <= 90
            result.append(isLetter ? byte ^ 32 : byte)
            return
        }
        if character.count != 2 {
            result.append(character)
            return
        }
        var scalar = Int(character[0] & 0x1f) << 6 | Int(character[1] & 0x3f)
        let distance: Int
        switch scalar {
        case 0xE0...0xFE where isUpper && scalar != 0xF7: distance = -32
        case 0xC0...0xDE where !isUpper && scalar != 0xD7: distance = 32
        case 0x3B1...0x3C9 where isUpper && scalar != 0x3C2: distance = -32
        case 0x391...0x3A9 where !isUpper: distance = 32
        case 0x430...0x44F where isUpper: distance = -32
        case 0x410...0x42F where !isUpper: distance = 32
        case 0x450...0x45F where isUpper: distance = -80
        case 0x400...0x40F where !isUpper: distance = 80
        default: distance = 0
        }
        scalar += distance
        result.append(UInt8(0xC0 | scalar >> 6))
        result.append(UInt8(0x80 | scalar & 0x3f))
    }

    // MARK: ${!x}

    /// `${!x…}`, `${!x*}` and `${!x@}`.
    func expandIndirect(_ code: Code, _ part: Part, _ builder: inout WordBuilder) throws(ShellError) {
        let name = symbols.name(part.a)
        if part.op == .names {
            let count = name.count
            var names: [Text] = []
            for symbol in 0..<Int32(variables.count) where isSet(symbol) || variables[symbol].flags.contains(.array) {
                let other = symbols.name(symbol)
                if other.count >= count, other.slice(0..<count) == name, isName(other) { names.append(other) }
            }
            names.sort { left, right in
                left.withBytes { a in right.withBytes { b in VshSystem.ByteSearch.compare(a, b) < 0 } }
            }
            return appendList(names, quoted: part.isQuoted, star: part.c == 42, &builder)
        }
        var target = Text()
        var isKnown = true
        if let number = name.decimalInteger {
            isKnown = number <= paramCount
            target = number == 0 ? self.name : isKnown ? params[paramBase + number - 1] : Text()
        } else if name.equals("#") {
            target = Text(decimal: paramCount)
        } else {
            if variables[part.a].flags.contains(.reference) {
                // The name of what a reference means.
                append(variables[part.a].text, quoted: part.isQuoted, &builder)
                return
            }
            let text = isSet(part.a) ? value(part.a) : try unusualValue(part.a)
            isKnown = text != nil
            target = text ?? Text()
        }
        if !isKnown {
            report(name: name, "is not set, so that it names no other parameter")
            throw ShellError(.expansion, status: 1)
        }
        try expandMeant(code, part, target, &builder)
    }

    /// The parameter that `target` names, with the operator of `part`.
    func expandMeant(
        _ code: Code, _ part: Part, _ target: Text, _ builder: inout WordBuilder
    ) throws(ShellError) {
        var meant = part
        meant.flags.remove(.isIndirect)
        if isName(target) {
            meant.kind = .parameter
            meant.a = symbols.intern(target)
            syncTables()
        } else if let number = target.decimalInteger, number >= 0, number < 1 << 30 {
            meant.kind = number == 0 ? .special : .positional
            meant.a = number == 0 ? 48 : Int32(number)
        } else if target.count == 1, [64, 42, 35, 63, 45, 36, 33].contains(target[0]) {
            meant.kind = .special
            meant.a = Int32(target[0])
        } else if let found = try reference(target) {
            if found.isAll {
                var all = part
                all.kind = .special
                all.a = found.subscriptText!.equals("*") ? 42 : 64
                return try expandList(
                    code, all, elementValues(found.symbol), star: all.a == 42, &builder)
            }
            let text = try value(found)
            // Its name, for messages.
            code.ints.append(found.symbol)
            code.ints.append(-1)
            code.ints.append(-1)
            meant.kind = .element
            meant.a = Int32(truncatingIfNeeded: code.ints.count - 3)
            defer { code.ints.pop(to: code.ints.count - 3) }
            return try expandParameter(code, meant, text, &builder)
        } else {
            report(name: target, "is no name of a parameter")
            throw ShellError(.expansion, status: 1)
        }
        try expandParameter(code, meant, &builder)
    }
}
