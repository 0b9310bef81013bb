// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// `${x/pattern/word}` and its like.
extension Shell {
    /// `/`, `//`, `/#` and `/%`: the longest matches, from the left.
    @inline(never)
    func replace(_ code: Code, _ part: Part, _ text: Text) throws(ShellError) -> Text {
        var pattern = try expandToPattern(code, part.b)
        let replacement = try replacement(code, part)
        let isAnchored = part.op == .replacePrefix || part.op == .replaceSuffix
        if pattern.text.isEmpty && !isAnchored { return text }
        let ignoresCase = options.contains(.nocasematch) && !options.contains(.posix)
        if ignoresCase { pattern = Pattern(extended: lowercased(pattern.text), isUTF8: isUTF8) }
        // What is searched; it has the same offsets.
        let searched = ignoresCase ? lowercased(text) : text
        var result = Text()
        text.withBytes { bytes in
            let count = bytes.count
            func append(_ range: Range<Int>) { result.append(UnsafeBufferPointer(rebasing: bytes[range])) }
            searched.withBytes { searched in
                if part.op == .replaceSuffix {
                    let start = pattern.suffixStart(searched, longest: true)
                    append(0..<(start ?? count))
                    if let start { replacement.append(to: &result, match: bytes[start...]) }
                    return
                }
                if isAnchored || count == 0 {
                    // Nothing is a match here too.
                    let length = pattern.prefixLength(searched, longest: true)
                    if let length { replacement.append(to: &result, match: bytes[..<length]) }
                    append((length ?? 0)..<count)
                    return
                }
                var kept = 0
                while let match = pattern.search(searched, from: kept) {
                    append(kept..<match.lowerBound)
                    replacement.append(to: &result, match: bytes[match])
                    kept = match.upperBound
                    if part.op != .replaceAll { break }
                }
                append(kept..<count)
            }
        }
        return result
    }

    /// The word after the second slash.
    private func replacement(_ code: Code, _ part: Part) throws(ShellError) -> Replacement {
        if part.c < 0 { return Replacement(text: Text(), isTemplate: false) }
        let word = code.words[part.c]
        if !options.isDisjoint(with: [.posix, .keepsAmpersand]) {
            return Replacement(text: try expandToText(code, part.c), isTemplate: false)
        }
        switch word.form {
        case .constant, .quotedVariable, .quotedPositional, .variable, .positional:
            let text = try expandToText(code, part.c)
            let isQuoted =
                word.form == .constant
                ? word.flags.contains(.hasQuotes) : word.form == .quotedVariable || word.form == .quotedPositional
            return Replacement(text: text, isTemplate: !isQuoted && text.withBytes { $0.contains(38) })
        default:
            let text = try expandGeneralToText(code, word, purpose: .replacement)
            return Replacement(text: text, isTemplate: text.withBytes { $0.contains(38) || $0.contains(0) })
        }
    }

    /// Appends quoted text of a replacement, where `&` is only itself.
    func appendMarked(_ text: Text) {
        text.withBytes { bytes in
            for byte in bytes { scratch.append(byte == 38 ? 0 : byte) }
        }
    }
}

/// What takes the place of a match. In a template `&` stands for the match; NUL and `\&` for `&`.
private struct Replacement {
    let text: Text
    let isTemplate: Bool

    func append(to result: inout Text, match: Slice<UnsafeBufferPointer<UInt8>>) {
        if !isTemplate { return result.append(text) }
        var made = ByteStack(capacity: text.count + match.count)
        text.withBytes { bytes in
            var index = 0
            while index < bytes.count {
                var byte = bytes[index]
                index += 1
                if byte == 38 {
                    made.append(UnsafeBufferPointer(rebasing: match))
                    continue
                }
                if byte == 92, index < bytes.count, bytes[index] == 38 {
                    byte = 38
                    index += 1
                }
                made.append(byte == 0 ? 38 : byte)
            }
        }
        made.withBytes { result.append($0) }
    }
}
