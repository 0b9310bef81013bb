// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

extension Shell {
    /// `$n`; an error when unset under `set -u`.
    @inline(__always)
    func positional(_ number: Int) throws(ShellError) -> Text {
        if number <= paramCount { return params[paramBase &+ number &- 1] }
        if options.contains(.nounset) { throw unsetError(Text(decimal: number)) }
        return Text()
    }

    /// The error of expanding an unset parameter under `set -u`.
    func unsetError(_ name: Text) -> ShellError {
        report(name: name, "parameter not set")
        return ShellError(.expansion, status: 1)
    }

    /// The error that `${parameter?message}` asks for. Its status is open in the standard: 2 as in dash, yash and busybox where the shell is `sh`
    /// (scripts written for those tell trouble from their own "no" by it, as zgrep does), 1 as in bash under its own name.
    func indicatedError(_ code: Code, _ part: Part) throws(ShellError) -> ShellError {
        let message = try operandText(code, part)
        let isOrNull = part.flags.contains(.colon)
        report(
            name: parameterName(code, part),
            message.isEmpty ? "parameter \(isOrNull ? "null or " : "")not set" : message.description)
        return ShellError(.expansion, status: options.contains(.posix) ? 2 : 1)
    }

    /// A special parameter other than `@` and `*`.
    func special(_ byte: Int32) -> Text {
        switch byte {
        case 35: return Text(decimal: paramCount)
        case 63: return Text(decimal: Int(status))
        case 45: return optionLetters
        case 36: return Text(decimal: Int(shellPid))
        case 33: return lastBackgroundPid == 0 ? Text() : Text(decimal: Int(lastBackgroundPid))
        case 48: return name
        default: return Text()
        }
    }

    /// `$-`: the letters of the options that are on.
    public var optionLetters: Text {
        var letters: [UInt8] = []
        for row in ShellOptions.rows where row.letter != 0 && options.contains(row.option) {
            letters.append(row.letter)
        }
        return Text(letters)
    }

    /// `${…}` in all forms (XCU 2.6.2).
    func expandParameter(_ code: Code, _ part: Part, _ builder: inout WordBuilder) throws(ShellError) {
        if part.kind == .special && (part.a == 64 || part.a == 42) {
            try expandAllParameters(code, part, &builder)
            return
        }
        var text: Text
        var isSet: Bool
        switch part.kind {
        case .parameter:
            isSet = self.isSet(part.a)
            if isSet {
                text = try parameterValue(part.a)
            } else {
                text = Text()
                if let found = try unsetValue(part.a) { (isSet, text) = (true, found) }
            }
        case .element:
            text = presentElement ?? Text()
            isSet = presentElement != nil
        case .positional:
            isSet = Int(part.a) <= paramCount
            text = isSet ? params[paramBase + Int(part.a) - 1] : Text()
        default:
            text = special(part.a)
            isSet = part.a != 33 || lastBackgroundPid != 0
        }
        let useOperand = !isSet || part.flags.contains(.colon) && text.isEmpty
        switch part.op {
        case .none: break
        case .useDefault:
            if useOperand {
                try expandOperand(code, part, &builder)
                return
            }
        case .useAlternative:
            if !useOperand {
                try expandOperand(code, part, &builder)
            } else if part.isQuoted {
                builder.hasQuotes = true
            }
            return
        case .assignDefault:
            if useOperand {
                text = try operandText(code, part)
                if part.kind == .element {
                    let symbol = resolved(code.ints[part.a])
                    if let element = try elementSubscript(code, part.a, symbol) { try assign(symbol, element, text) }
                } else {
                    guard part.kind == .parameter else {
                        report(name: parameterName(code, part), "cannot be assigned in this way")
                        throw ShellError(.expansion, status: 1)
                    }
                    try assign(part.a, text)
                }
                isSet = true
            }
        case .indicateError:
            if useOperand {
                throw try indicatedError(code, part)
            }
        case .length:
            if !isSet && options.contains(.nounset) { throw unsetError(parameterName(code, part)) }
            append(Text(decimal: characterCount(text)), quoted: part.isQuoted, &builder)
            return
        case .removeSmallestPrefix, .removeLargestPrefix, .removeSmallestSuffix, .removeLargestSuffix:
            if !isSet && options.contains(.nounset) { throw unsetError(parameterName(code, part)) }
            text = try trim(code, part, text)
        case .replaceFirst, .replaceAll, .replacePrefix, .replaceSuffix:
            if !isSet && options.contains(.nounset) { throw unsetError(parameterName(code, part)) }
            text = try replace(code, part, text)
        case .substring:
            if !isSet && options.contains(.nounset) { throw unsetError(parameterName(code, part)) }
            text = try substring(code, part, text)
        case .upper, .upperAll, .lower, .lowerAll:
            if !isSet && options.contains(.nounset) { throw unsetError(parameterName(code, part)) }
            text = try changeCase(code, part, text)
        case .transform:
            if !isSet && options.contains(.nounset) { throw unsetError(parameterName(code, part)) }
            if !isSet { return }
            text = try transformed(part.c, text, part.kind == .parameter ? resolved(part.a) : -1)
        case .names, .keys: preconditionFailure("the parser makes no such operator")
        }
        if !isSet && part.op == .none && options.contains(.nounset) { throw unsetError(parameterName(code, part)) }
        append(text, quoted: part.isQuoted, &builder)
    }

    /// The value of a variable that has none as its own text.
    @inline(__always)
    private func unsetValue(_ symbol: Symbol) throws(ShellError) -> Text? {
        variables[symbol].flags.isDisjoint(with: [.reference, .array]) ? nil : try unusualValue(symbol)
    }

    /// Whether `directText` is worth asking.
    @inline(__always)
    func isDirect(_ part: Part) -> Bool { part.kind == .parameter || part.kind == .positional }

    /// The value of `${x#p}` and the like of a parameter that is set, without the detour over the scratch stack: what is cut off a value shares its
    /// block. Nil for all else.
    @inline(never)
    func directText(_ code: Code, _ part: Part) throws(ShellError) -> Text? {
        switch part.op {
        case .none, .length, .removeSmallestPrefix, .removeLargestPrefix, .removeSmallestSuffix, .removeLargestSuffix,
            .replaceFirst, .replaceAll, .replacePrefix, .replaceSuffix, .substring:
            break
        default: return nil
        }
        let text: Text
        switch part.kind {
        case .parameter where isSet(part.a): text = try parameterValue(part.a)
        case .positional where Int(part.a) <= paramCount: text = params[paramBase &+ Int(part.a) &- 1]
        default: return nil
        }
        switch part.op {
        case .none: return text
        case .length: return Text(decimal: characterCount(text))
        case .removeSmallestPrefix, .removeLargestPrefix, .removeSmallestSuffix, .removeLargestSuffix:
            return try trim(code, part, text)
        case .substring: return try substring(code, part, text)
        default: return try replace(code, part, text)
        }
    }

    /// `#`, `##`, `%` and `%%`.
    @inline(__always)
    func trim(_ code: Code, _ part: Part, _ text: Text) throws(ShellError) -> Text {
        if part.b < 0 { return text }
        let isPrefix = part.op == .removeSmallestPrefix || part.op == .removeLargestPrefix
        if let literal = try quotedText(code, part.b) { return trim(text, literal, isPrefix: isPrefix) }
        let pattern = try expandToPattern(code, part.b)
        let count = text.count
        if isPrefix {
            let length = text.withBytes { pattern.prefixLength($0, longest: part.op == .removeLargestPrefix) }
            if let length, length > 0 { return text.slice(length..<count) }
        } else {
            let start = text.withBytes { pattern.suffixStart($0, longest: part.op == .removeLargestSuffix) }
            if let start, start < count { return text.slice(0..<start) }
        }
        return text
    }

    /// `${x#"$y"}` and `${x%"$y"}`. Where both values lie at one place, as they do after `y=${x#?}`, no byte is looked at.
    @inline(never)
    private func trim(_ text: Text, _ literal: Text, isPrefix: Bool) -> Text {
        let (count, length) = (text.count, literal.count)
        if length == 0 || length > count { return text }
        let cut = isPrefix ? length : count - length
        let isThere = text.withBytes { bytes in
            literal.withBytes { literal in
                let part = UnsafeBufferPointer(rebasing: isPrefix ? bytes[..<cut] : bytes[cut...])
                return (part.baseAddress == literal.baseAddress || bytesEqual(part, literal))
                    && (!isUTF8 || UTF8Characters.isBoundary(bytes.baseAddress!, cut, count: count))
            }
        }
        if !isThere { return text }
        return isPrefix ? text.slice(cut..<count) : text.slice(0..<cut)
    }

    /// The text that a pattern stands for which is all in quotes and one expansion, or without special bytes; nil for others.
    @inline(__always)
    func quotedText(_ code: Code, _ index: Int32) throws(ShellError) -> Text? {
        let word = code.words[index]
        switch word.form {
        case .pattern where word.flags.contains(.isLiteral): return code.constants[word.a]
        case .general where word.count == 1 && code.parts[word.a].isQuoted:
            return try directText(code, code.parts[word.a])
        default: return nil
        }
    }

    func expandOperand(_ code: Code, _ part: Part, _ builder: inout WordBuilder) throws(ShellError) {
        if part.isQuoted { builder.hasQuotes = true }
        if part.b < 0 { return }
        let word = code.words[part.b]
        if part.isQuoted && word.form == .constant {
            appendQuoted(code.constants[word.a], &builder)
        } else {
            try expandParts(code, word, &builder, splitsLiterals: !part.isQuoted)
        }
    }

    func operandText(_ code: Code, _ part: Part) throws(ShellError) -> Text {
        part.b < 0 ? Text() : try expandToText(code, part.b)
    }

    func parameterName(_ code: Code, _ part: Part) -> Text {
        switch part.kind {
        case .element: elementName(code, part.a)
        case .parameter: symbols.name(part.a)
        case .positional: Text(decimal: Int(part.a))
        default: Text([UInt8(truncatingIfNeeded: part.a)])
        }
    }

    // MARK: "$@" and "$*"

    private func expandAllParameters(_ code: Code, _ part: Part, _ builder: inout WordBuilder) throws(ShellError) {
        let isStar = part.a == 42
        switch part.op {
        case .none: break
        case .length:
            append(Text(decimal: paramCount), quoted: part.isQuoted, &builder)
            return
        case .substring: return try expandParameterRange(code, part, &builder)
        default:
            let texts = (0..<paramCount).map { params[paramBase + $0] }
            return try expandList(code, part, texts, star: isStar, &builder)
        }
        appendAllParameters(quoted: part.isQuoted, star: isStar, &builder)
    }

    /// Appends `$@` or `$*`, quoted or not (XCU 2.5.2).
    func appendAllParameters(quoted: Bool, star: Bool, _ builder: inout WordBuilder) {
        let joint = joint(star: star)
        if builder.purpose == .text {
            for index in 0..<paramCount {
                if index > 0 { scratch.append(joint) }
                scratch.append(params[paramBase + index])
            }
            return
        }
        for index in 0..<paramCount {
            if index > 0 { separateParameters(joint, quoted: quoted, star: star, &builder) }
            append(params[paramBase + index], quoted: quoted, &builder)
        }
        if quoted && star { builder.hasQuotes = true }
    }

    /// What stands between two parameters: the end of a field, or a byte that joins them.
    @inline(__always)
    func separateParameters(_ joint: Text, quoted: Bool, star: Bool, _ builder: inout WordBuilder) {
        if builder.purpose == .fields && !(quoted && star) {
            if quoted || scratch.count > builder.start || builder.hasQuotes { closeField(&builder) }
        } else {
            appendQuoted(joint, &builder)
        }
    }

    /// What joins parameters in one field: a space, or for `$*` the first character of IFS.
    func joint(star: Bool) -> Text {
        if !star || ifsJoin == 32 { return Text(" ") }
        if ifsJoin < 0 { return Text() }
        let length = ifsJoin < 128 || !isUTF8 ? 1 : ifsText.withBytes { utf8Length($0.baseAddress!, $0.count) }
        return ifsText.slice(0..<length)
    }
}
