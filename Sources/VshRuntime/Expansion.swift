// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// From here on the bytes in `Shell.scratch` are quoted, or not, up to the next run.
struct QuoteRun {
    let start: Int
    let isQuoted: Bool
}

/// A word under construction at the top of `Shell.scratch`.
struct WordBuilder {
    /// What the word becomes.
    enum Purpose {
        /// Fields on the field stack: split and expanded to pathnames.
        case fields
        /// One text; no splitting.
        case text
        /// Pattern text: what was quoted gets backslashes.
        case pattern
        /// The same for an extended regular expression.
        case regularExpression
        /// What takes the place of matches: a quoted `&` becomes a NUL.
        case replacement
    }

    let purpose: Purpose
    /// Where the present field begins in `scratch` and in `runs`.
    let start: Int
    let runStart: Int
    /// A quoted part belongs to the field: it exists even if it is empty.
    var hasQuotes = false
    /// An unquoted pattern character is in the field.
    var hasPattern = false
    /// IFS white space just ended a field: a delimiter that follows belongs to it.
    var afterWhitespace = false
    /// Last run's state, to begin a new one only when it changes.
    var isQuoted = false
}

extension Shell {
    // MARK: words

    /// Expands a word to any number of fields on the field stack (XCU 2.6).
    @inline(__always)
    func expand(_ code: Code, _ index: Int32) throws(ShellError) {
        let word = code.words[index]
        switch word.form {
        case .constant: fields.append(code.constants[word.a])
        case .quotedVariable:
            fields.append(try parameterValue(word.a))
        case .variable:
            let text = try parameterValue(word.a)
            if isPlain(text) {
                if !text.isEmpty { fields.append(text) }
            } else {
                splitOne(text)
                if options.contains(.failglob) { try checkPatterns() }
            }
        default: try expandOther(code, word)
        }
    }

    /// No byte of `text` is special to splitting or pathname expansion.
    @inline(__always)
    private func isPlain(_ text: Text) -> Bool {
        text.withBytes { bytes in
            for byte in bytes where ifsClass[Int(byte)] != 0 { return false }
            return true
        }
    }

    @inline(never)
    private func expandOther(_ code: Code, _ word: Word) throws(ShellError) {
        switch word.form {
        case .positional:
            let text = try positional(Int(word.a))
            if isPlain(text) {
                if !text.isEmpty { fields.append(text) }
            } else {
                splitOne(text)
                if options.contains(.failglob) { try checkPatterns() }
            }
        case .quotedPositional: fields.append(try positional(Int(word.a)))
        case .allParameters:
            for index in 0..<paramCount { fields.append(params[paramBase + index]) }
        case .glob:
            if options.contains(.noglob) {
                fields.append(code.constants[word.a])
            } else {
                expandPattern(code.constants[word.b], unmatched: code.constants[word.a])
                try checkPatterns()
            }
        case .braces:
            for index in word.a..<word.a &+ word.count { try expand(code, index) }
        case .list: try expandDeclaredList(code, word)
        case _ where word.flags.contains(.isAssignmentLike): fields.append(try expandGeneralToText(code, word))
        default:
            if word.count == 1, isDirect(code.parts[word.a]), let text = try directText(code, code.parts[word.a]) {
                if code.parts[word.a].isQuoted { return fields.append(text) }
                if isPlain(text) {
                    if !text.isEmpty { fields.append(text) }
                } else {
                    splitOne(text)
                    try checkPatterns()
                }
                return
            }
            var builder = WordBuilder(purpose: .fields, start: scratch.count, runStart: runs.count)
            do throws(ShellError) {
                try expandParts(code, word, &builder, splitsLiterals: false)
            } catch {
                discard(builder)
                throw error
            }
            if scratch.count > builder.start || builder.hasQuotes { closeField(&builder) }
            discard(builder)
            try checkPatterns()
        }
    }

    /// `shopt -s failglob`: a pattern that matched nothing is an error.
    @inline(__always)
    private func checkPatterns() throws(ShellError) {
        if options.contains(.failglob) && hasFailedPattern {
            hasFailedPattern = false
            throw ShellError(.discarded, status: 1)
        }
    }

    private func discard(_ builder: WordBuilder) {
        scratch.pop(to: builder.start)
        runs.pop(to: builder.runStart)
    }

    /// Splits one unquoted value that is a whole word.
    @inline(never)
    private func splitOne(_ text: Text) {
        var builder = WordBuilder(purpose: .fields, start: scratch.count, runStart: runs.count)
        appendSplitting(text, &builder)
        if scratch.count > builder.start || builder.hasQuotes { closeField(&builder) }
        discard(builder)
    }

    /// The word as one text: no splitting, no pathname expansion (assignments, redirections, `case`, here-documents).
    @inline(__always)
    func expandToText(_ code: Code, _ index: Int32) throws(ShellError) -> Text {
        let word = code.words[index]
        switch word.form {
        case .constant, .glob: return code.constants[word.a]
        case .variable, .quotedVariable:
            return try parameterValue(word.a)
        case .positional, .quotedPositional: return try positional(Int(word.a))
        default: return try expandGeneralToText(code, word)
        }
    }

    @inline(never)
    func expandGeneralToText(_ code: Code, _ word: Word, purpose: WordBuilder.Purpose = .text) throws(ShellError)
        -> Text
    {
        if word.form == .general && word.count == 1 && purpose == .text, isDirect(code.parts[word.a]),
            let text = try directText(code, code.parts[word.a])
        {
            return text
        }
        var builder = WordBuilder(purpose: purpose, start: scratch.count, runStart: runs.count)
        if word.form == .allParameters {
            appendAllParameters(quoted: true, star: false, &builder)
        } else {
            do throws(ShellError) {
                try expandParts(code, word, &builder, splitsLiterals: false)
            } catch {
                discard(builder)
                throw error
            }
        }
        let text = scratch.text(from: builder.start)
        discard(builder)
        return text
    }

    /// The body of a here-document.
    func expandHereDocument(_ code: Code, _ index: Int32) throws(ShellError) -> Text { try expandToText(code, index) }

    /// The pattern of a word in a pattern context, compiled; kept with the word while its text stays the same.
    ///
    /// `hasGroups`: groups such as `@(a|b)` count even without `shopt -s extglob`.
    func expandToPattern(_ code: Code, _ index: Int32, hasGroups: Bool = false) throws(ShellError) -> Pattern {
        let word = code.words[index]
        if word.form == .pattern {
            if let known = code.patterns[word.b], known.isUTF8 == isUTF8 { return known }
            let pattern = compiled(code.constants[word.a], hasGroups)
            code.patterns[word.b] = pattern
            return pattern
        }
        let text = try patternText(code, word)
        if word.b >= 0, let known = code.patterns[word.b], known.text == text, known.isUTF8 == isUTF8 { return known }
        let pattern = compiled(text, hasGroups)
        if word.b >= 0 { code.patterns[word.b] = pattern }
        return pattern
    }

    private func compiled(_ text: Text, _ hasGroups: Bool) -> Pattern {
        if !hasGroups && !options.contains(.extglob) { return Pattern(text, isUTF8: isUTF8) }
        return Pattern(extended: text, isUTF8: isUTF8)
    }

    private func patternText(_ code: Code, _ word: Word) throws(ShellError) -> Text {
        switch word.form {
        case .constant, .pattern: return code.constants[word.a]
        case .glob: return code.constants[word.b]
        case .variable: return try expandToText(code, word)
        case .positional: return try positional(Int(word.a))
        case .quotedVariable, .quotedPositional:
            let text = word.form == .quotedVariable ? try expandToText(code, word) : try positional(Int(word.a))
            let mark = scratch.count
            appendEscaped(text)
            let escaped = scratch.text(from: mark)
            scratch.pop(to: mark)
            return escaped
        case .general, .allParameters, .braces, .list, .arrayElement:
            return try expandGeneralToText(code, word, purpose: .pattern)
        }
    }

    private func expandToText(_ code: Code, _ word: Word) throws(ShellError) -> Text {
        return try parameterValue(word.a)
    }

    // MARK: parts

    /// Appends the parts of a general word. `splitsLiterals`: the word is the operand of an unquoted parameter expansion, so that its
    /// unquoted literals are split too.
    func expandParts(
        _ code: Code, _ word: Word, _ builder: inout WordBuilder, splitsLiterals: Bool
    ) throws(ShellError) {
        switch word.form {
        case .general: break
        case .constant:
            if word.flags.contains(.hasQuotes) || !splitsLiterals {
                appendQuoted(code.constants[word.a], &builder)
                if word.flags.contains(.hasQuotes) { builder.hasQuotes = true }
            } else {
                appendSplitting(code.constants[word.a], &builder)
            }
            return
        case .glob:
            appendUnquoted(code.constants[word.a], &builder, splits: splitsLiterals)
            return
        case .pattern:
            appendUnquoted(code.constants[word.a], &builder, splits: false)
            return
        case .variable, .quotedVariable:
            append(try parameterValue(word.a), quoted: word.form == .quotedVariable, &builder)
            return
        case .positional, .quotedPositional:
            append(try positional(Int(word.a)), quoted: word.form == .quotedPositional, &builder)
            return
        case .allParameters:
            appendAllParameters(quoted: true, star: false, &builder)
            return
        case .list, .arrayElement: preconditionFailure("the parser makes no such word here")
        case .braces:
            for index in word.a..<word.a &+ word.count {
                if index > word.a { append(Text(" "), quoted: true, &builder) }
                try expandParts(code, code.words[index], &builder, splitsLiterals: false)
            }
            return
        }
        for index in word.a..<word.a + word.count {
            let part = code.parts[index]
            switch part.kind {
            case .literal:
                if part.isQuoted {
                    builder.hasQuotes = true
                    appendQuoted(code.constants[part.a], &builder)
                } else {
                    appendUnquoted(code.constants[part.a], &builder, splits: splitsLiterals)
                }
            case .tilde: appendTilde(code.constants[part.a], &builder)
            case .parameter, .positional, .special: try expandParameter(code, part, &builder)
            case .commandSubstitution: try expandCommandSubstitution(code, part, &builder)
            case .arithmetic:
                let result = try evaluate(code, part)
                append(Text(decimal: result), quoted: part.isQuoted, &builder)
            case .badSubstitution:
                let text = code.constants[part.a]
                report(name: text, "bad substitution")
                throw ShellError(.expansion, status: 1)
            case .indirectParameter: try expandIndirect(code, part, &builder)
            case .element: try expandElement(code, part, &builder)
            case .processSubstitution:
                append(try expandProcessSubstitution(code, part), quoted: true, &builder)
            }
        }
    }

    /// Appends the result of an expansion.
    @inline(__always)
    func append(_ text: Text, quoted: Bool, _ builder: inout WordBuilder) {
        if quoted {
            builder.hasQuotes = true
            appendQuoted(text, &builder)
        } else {
            appendSplitting(text, &builder)
        }
    }

    @inline(__always)
    private func beginRun(_ quoted: Bool, _ builder: inout WordBuilder) {
        if builder.isQuoted != quoted {
            builder.isQuoted = quoted
            runs.append(QuoteRun(start: scratch.count, isQuoted: quoted))
        }
    }

    func appendQuoted(_ text: Text, _ builder: inout WordBuilder) {
        if text.isEmpty { return }
        switch builder.purpose {
        case .text: scratch.append(text)
        case .pattern: appendEscaped(text)
        case .regularExpression: appendEscapedExpression(text)
        case .replacement: appendMarked(text)
        case .fields:
            builder.afterWhitespace = false
            beginRun(true, &builder)
            scratch.append(text)
        }
    }

    /// Appends with a backslash before each byte that is special in patterns.
    func appendEscaped(_ text: Text) {
        text.withBytes { bytes in
            for byte in bytes {
                switch byte {
                case 42, 63, 91, 92, 93, 33, 94, 45, 58, 46, 61, 40, 41, 124: scratch.append(92)
                default: break
                }
                scratch.append(byte)
            }
        }
    }

    private func appendUnquoted(_ text: Text, _ builder: inout WordBuilder, splits: Bool) {
        if splits {
            appendSplitting(text, &builder)
            return
        }
        if builder.purpose == .fields {
            builder.afterWhitespace = false
            beginRun(false, &builder)
            if !builder.hasPattern {
                builder.hasPattern = text.withBytes { bytes in
                    for byte in bytes where ifsClass[Int(byte)] & 4 != 0 { return true }
                    return false
                }
            }
        }
        scratch.append(text)
    }

    /// Appends the result of an unquoted expansion: splits it into fields at IFS (XCU 2.6.5) when the word makes fields.
    func appendSplitting(_ text: Text, _ builder: inout WordBuilder) {
        if builder.purpose != .fields {
            scratch.append(text)
            return
        }
        text.withBytes { bytes in
            let count = bytes.count
            var index = 0
            while index < count {
                var end = index
                // Bytes of the separator at `end`.
                var width = 1
                while end < count {
                    let kind = ifsClass[Int(bytes[end])]
                    if kind != 0 {
                        if kind & 3 != 0 { break }
                        if kind & 8 != 0 {
                            width = longSeparator(UnsafeBufferPointer(rebasing: bytes[end...]))
                            if width > 0 { break }
                            width = 1
                        }
                        if kind & 4 != 0 { builder.hasPattern = true }
                    }
                    end &+= 1
                }
                if end > index {
                    if end < count && scratch.count == builder.start && !builder.hasQuotes && !builder.hasPattern {
                        // A field that lies whole in this value, as most do: no detour over the scratch stack.
                        fields.append(Text(bytes, index..<end))
                        builder.afterWhitespace = false
                        let isWhitespace = ifsClass[Int(bytes[end])] & 3 == 1
                        end &+= width
                        if isWhitespace {
                            while end < count && ifsClass[Int(bytes[end])] & 3 == 1 { end &+= 1 }
                            builder.afterWhitespace = true
                        }
                        index = end
                        continue
                    }
                    beginRun(false, &builder)
                    scratch.append(UnsafeBufferPointer(rebasing: bytes[index..<end]))
                    builder.afterWhitespace = false
                    if end == count { return }
                }
                if ifsClass[Int(bytes[end])] & 3 == 1 {
                    if scratch.count > builder.start || builder.hasQuotes {
                        closeField(&builder)
                        builder.afterWhitespace = true
                    }
                    end &+= 1
                    while end < count && ifsClass[Int(bytes[end])] & 3 == 1 { end &+= 1 }
                } else {
                    if builder.afterWhitespace {
                        builder.afterWhitespace = false
                    } else {
                        closeField(&builder)
                    }
                    end &+= width
                }
                index = end
            }
        }
    }

    /// Ends the present field: it goes to the field stack, as the pathnames it matches if it is a pattern.
    func closeField(_ builder: inout WordBuilder) {
        if builder.hasPattern && !options.contains(.noglob) {
            let unmatched = scratch.text(from: builder.start)
            let mark = scratch.count
            var index = builder.start
            var run = builder.runStart
            var isQuoted = false
            var patternIsActive = false
            while index < mark {
                while run < runs.count && runs[run].start <= index {
                    isQuoted = runs[run].isQuoted
                    run &+= 1
                }
                let byte = scratch[index]
                if isQuoted {
                    switch byte {
                    case 42, 63, 91, 92, 93, 33, 94, 45, 58, 46, 61, 40, 41, 124: scratch.append(92)
                    default: break
                    }
                } else if byte == 42 || byte == 63 || byte == 91 || byte == 40 && options.contains(.extglob) {
                    patternIsActive = true
                }
                scratch.append(byte)
                index &+= 1
            }
            let pattern = scratch.text(from: mark)
            if patternIsActive {
                expandPattern(pattern, unmatched: unmatched)
            } else {
                fields.append(unmatched)
            }
        } else {
            fields.append(scratch.text(from: builder.start))
        }
        scratch.pop(to: builder.start)
        runs.pop(to: builder.runStart)
        builder.hasQuotes = false
        builder.hasPattern = false
        builder.isQuoted = false
        builder.afterWhitespace = false
    }

    /// Appends the pathnames that a pattern matches, or `unmatched` when there are none (XCU 2.6.6).
    private func expandPattern(_ pattern: Text, unmatched: Text) {
        let found = matchPathnames(pattern)
        if found > 0 { return }
        if options.contains(.failglob) {
            report(name: unmatched, "no file matches")
            hasFailedPattern = true
        }
        if !options.contains(.nullglob) { fields.append(unmatched) }
    }
}
