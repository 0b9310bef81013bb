// SPDX-License-Identifier: MPL-2.0

/// A compiled shell pattern (XCU 2.14): `*`, `?` and bracket expressions, in which a backslash makes the next byte literal.
///
/// A bracket expression that is not closed is literal, as is a backslash at the end. `[!…]` and `[^…]` match what the list does not
/// hold. Ranges are in the order of the bytes, or, for UTF-8, of the code points. Slashes and leading dots have no meaning here.
///
/// Matching allocates nothing and never returns to a star once the text between it and the next was found, so it is linear in the
/// subject for every operation.
///
/// A pattern is one reference: copying it is a retain, keeping it in a table takes eight bytes.
public struct Pattern {
    let program: PatternProgram

    /// Compiles `text` for single-byte characters.
    public init(_ text: Text) { self.init(text, isUTF8: false) }

    /// Compiles `text`, in which groups such as `@(a|b)` count.
    public init(extended text: Text, isUTF8: Bool) {
        if !text.withBytes({ ExtendedPattern.hasGroup($0) }) {
            self.init(text, isUTF8: isUTF8)
            return
        }
        self.init(program: text.withBytes { .extended(ExtendedPattern($0, isUTF8: isUTF8), isUTF8: isUTF8) })
        program.withUnsafeMutablePointerToHeader { $0.pointee.text = text }
    }

    private init(program: PatternProgram) { self.program = program }

    /// The fewest bytes that it matches.
    var minimumLength: Int {
        program.withUnsafeMutablePointerToHeader {
            $0.pointee.shape == .literal ? $0.pointee.literalCount : $0.pointee.minimum
        }
    }

    /// Compiles `text`.
    public init(_ text: Text, isUTF8: Bool) {
        program = text.withBytes { bytes in
            let survey = PatternSurvey(bytes)
            return survey.isPlain
                ? PatternProgram.literal(bytes, isUTF8: isUTF8) : PatternProgram.compile(bytes, survey, isUTF8: isUTF8)
        }
        program.withUnsafeMutablePointerToHeader { $0.pointee.text = text }
    }

    /// The pattern text: a backslash makes the next byte literal.
    public var text: Text { program.withUnsafeMutablePointerToHeader { $0.pointee.text } }

    /// `?` and bracket expressions match one UTF-8 character; an invalid byte counts as a character. Else they match a byte.
    @inline(__always)
    public var isUTF8: Bool { program.withUnsafeMutablePointerToHeader { $0.pointee.isUTF8 } }

    /// No pattern character is active: it matches one text only, `literal`. (`[a]` is active, although it matches `a` only.)
    @inline(__always)
    public var isLiteral: Bool {
        program.withUnsafeMutablePointerToHeader { $0.pointee.shape == .literal && !$0.pointee.hasBrackets }
    }

    /// The text that a literal pattern matches, backslashes removed; empty for other patterns.
    public var literal: Text {
        program.withUnsafeMutablePointerToHeader { header in
            if header.pointee.shape != .literal || header.pointee.hasBrackets { return Text() }
            return Text(UnsafeBufferPointer(start: header.pointee.literals, count: header.pointee.literalCount))
        }
    }

    /// True when `text` has none of the bytes `*`, `?`, `[` and backslash: no pattern need be compiled to know that it is literal.
    public static func isPlain(_ text: Text) -> Bool { text.withBytes { PatternSurvey($0).isPlain } }

    /// `text` without the backslashes that make bytes literal.
    public static func unescape(_ text: Text) -> Text {
        text.withBytes { bytes in
            var result = Text()
            let count = bytes.count
            var start = 0
            var at = 0
            while at < count {
                if bytes[at] == 0x5C, at + 1 < count {
                    result.append(UnsafeBufferPointer(rebasing: bytes[start..<at]))
                    start = at + 1
                    at += 2
                } else {
                    at += 1
                }
            }
            result.append(UnsafeBufferPointer(rebasing: bytes[start..<count]))
            return result
        }
    }
}

extension Pattern {
    /// True when the pattern matches the whole of `text`.
    @inline(__always)
    public func matches(_ text: Text) -> Bool { text.withBytes { program.matches($0) } }

    /// True when the pattern matches the whole of `bytes`.
    @inline(__always)
    public func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool { program.matches(bytes) }

    /// The length of the shortest or longest prefix of `bytes` that the pattern matches (`${x#p}`, `${x##p}`); nil when none does.
    @inline(__always)
    public func prefixLength(_ bytes: UnsafeBufferPointer<UInt8>, longest: Bool) -> Int? {
        let end = program.prefix(bytes, longest: longest)
        return end < 0 ? nil : end
    }

    /// Where the shortest or longest suffix of `bytes` that the pattern matches begins (`${x%p}`, `${x%%p}`); nil when none does.
    @inline(__always)
    public func suffixStart(_ bytes: UnsafeBufferPointer<UInt8>, longest: Bool) -> Int? {
        let start = program.suffix(bytes, longest: longest)
        return start < 0 ? nil : start
    }

    /// The first match from `start` on that is not empty, the longest there; nil when there is none (`${x/p/w}`).
    public func search(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Range<Int>? {
        start < bytes.count ? program.search(bytes, from: start) : nil
    }
}
