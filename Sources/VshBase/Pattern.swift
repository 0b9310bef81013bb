// SPDX-License-Identifier: MPL-2.0

/// A compiled shell pattern (XCU 2.14): `*`, `?` and bracket expressions, in which a backslash makes the next byte literal.
///
/// A bracket expression that is not closed is literal, as is a backslash at the end. `[!…]` and `[^…]` match what the list does not
/// hold. Ranges are in the order of the bytes, or, for UTF-8, of the code points. Slashes and leading dots have no meaning here.
///
/// Matching allocates nothing and never returns to a star once the text between it and the next was found, so it is linear in the
/// subject for every operation.
public struct Pattern {
    /// The pattern text: a backslash makes the next byte literal.
    public let text: Text
    /// `?` and bracket expressions match one UTF-8 character; an invalid byte counts as a character. Else they match a byte.
    public let isUTF8: Bool
    let shape: Shape
    /// UTF-8 and the literal is not valid: where it ends must then be the end of a character.
    let checksBoundary: Bool
    /// The bytes that a shape other than `general` looks for.
    let literalBytes: Text
    /// Keeps `tables` alive; nil when the shape is not `general`.
    let program: PatternProgram?
    let tables: PatternTables?

    /// Patterns that need no program.
    enum Shape: UInt8 {
        /// `abc`, `abc*`, `*abc`, `*abc*`, `*`.
        case literal, prefix, suffix, infix, any
        case general
    }

    /// Compiles `text` for single-byte characters.
    public init(_ text: Text) { self.init(text, isUTF8: false) }

    /// Compiles `text`.
    public init(_ text: Text, isUTF8: Bool) {
        let survey = text.withBytes { PatternSurvey($0) }
        var compiled: PatternProgram?
        self.text = text
        self.isUTF8 = isUTF8
        if survey.isPlain {
            shape = .literal
            literalBytes = text
        } else if let simple = survey.simpleShape {
            let (lower, upper) = survey.literalRange
            let middle = lower < upper ? text.slice(lower..<upper) : Text()
            literalBytes = survey.backslashes == 0 ? middle : Pattern.unescape(middle)
            let isWhole = !isUTF8 || simple == .literal || literalBytes.withBytes { UTF8Characters.isValid($0) }
            shape = isWhole ? simple : .general
            if !isWhole { compiled = text.withBytes { PatternProgram.compile($0, survey, isUTF8: isUTF8) } }
        } else {
            let general = text.withBytes { PatternProgram.compile($0, survey, isUTF8: isUTF8) }
            if let only = general.onlyLiteral {
                shape = .literal
                literalBytes = only
            } else {
                shape = .general
                literalBytes = Text()
                compiled = general
            }
        }
        program = compiled
        tables = compiled?.tables
        checksBoundary = isUTF8 && shape == .literal && !literalBytes.withBytes { UTF8Characters.isValid($0) }
    }

    /// No pattern character is active: it matches one text only, `literal`.
    @inline(__always)
    public var isLiteral: Bool { shape == .literal }

    /// The text that a literal pattern matches, backslashes removed; empty for other patterns.
    @inline(__always)
    public var literal: Text { shape == .literal ? literalBytes : Text() }

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
    public func matches(_ text: Text) -> Bool {
        if shape == .literal { return text == literalBytes }
        return text.withBytes { matches($0) }
    }

    /// True when the pattern matches the whole of `bytes`.
    @inline(__always)
    public func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if let tables {
            defer { withExtendedLifetime(self) {} }
            return tables.matches(bytes)
        }
        return matchesSimple(bytes)
    }

    @inline(never)
    func matchesSimple(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if shape == .any { return true }
        return literalBytes.withBytes { literal in
            let length = literal.count
            let count = bytes.count
            if length > count { return false }
            guard length > 0, let base = bytes.baseAddress, let needle = literal.baseAddress else {
                return shape != .literal || count == 0
            }
            switch shape {
            case .literal: return count == length && ByteSearch.equal(base, needle, length)
            case .prefix: return ByteSearch.equal(base, needle, length)
            case .suffix: return ByteSearch.equal(base + (count &- length), needle, length)
            default: return ByteSearch.first(needle, length: length, base, from: 0, to: count) >= 0
            }
        }
    }

    /// The length of the shortest or longest prefix of `bytes` that the pattern matches (`${x#p}`, `${x##p}`); nil when none does.
    @inline(__always)
    public func prefixLength(_ bytes: UnsafeBufferPointer<UInt8>, longest: Bool) -> Int? {
        if let tables {
            let end = tables.prefix(bytes, longest: longest)
            withExtendedLifetime(self) {}
            return end < 0 ? nil : end
        }
        let end = simplePrefixLength(bytes, longest)
        return end < 0 ? nil : end
    }

    /// Where the shortest or longest suffix of `bytes` that the pattern matches begins (`${x%p}`, `${x%%p}`); nil when none does.
    @inline(__always)
    public func suffixStart(_ bytes: UnsafeBufferPointer<UInt8>, longest: Bool) -> Int? {
        if let tables {
            let start = tables.suffix(bytes, longest: longest)
            withExtendedLifetime(self) {}
            return start < 0 ? nil : start
        }
        let start = simpleSuffixStart(bytes, longest)
        return start < 0 ? nil : start
    }

    @inline(never)
    func simplePrefixLength(_ bytes: UnsafeBufferPointer<UInt8>, _ longest: Bool) -> Int {
        let count = bytes.count
        if shape == .any { return longest ? count : 0 }
        return literalBytes.withBytes { literal in
            let length = literal.count
            if length > count { return -1 }
            guard length > 0, let base = bytes.baseAddress, let needle = literal.baseAddress else {
                return shape != .literal && longest ? count : 0
            }
            switch shape {
            case .literal:
                if !ByteSearch.equal(base, needle, length) { return -1 }
                return checksBoundary && !UTF8Characters.isBoundary(base, length, count: count) ? -1 : length
            case .prefix:
                return ByteSearch.equal(base, needle, length) ? (longest ? count : length) : -1
            case .suffix:
                let start =
                    longest
                    ? ByteSearch.last(needle, length: length, base, from: 0, to: count)
                    : ByteSearch.first(needle, length: length, base, from: 0, to: count)
                return start < 0 ? -1 : start &+ length
            default:
                let start = ByteSearch.first(needle, length: length, base, from: 0, to: count)
                return start < 0 ? -1 : longest ? count : start &+ length
            }
        }
    }

    @inline(never)
    func simpleSuffixStart(_ bytes: UnsafeBufferPointer<UInt8>, _ longest: Bool) -> Int {
        let count = bytes.count
        if shape == .any { return longest ? 0 : count }
        return literalBytes.withBytes { literal in
            let length = literal.count
            if length > count { return -1 }
            guard length > 0, let base = bytes.baseAddress, let needle = literal.baseAddress else {
                return shape != .literal && longest ? 0 : count
            }
            let last = count &- length
            switch shape {
            case .literal:
                if !ByteSearch.equal(base + last, needle, length) { return -1 }
                return checksBoundary && !UTF8Characters.isBoundary(base, last, count: count) ? -1 : last
            case .suffix:
                return ByteSearch.equal(base + last, needle, length) ? (longest ? 0 : last) : -1
            case .prefix:
                return longest
                    ? ByteSearch.first(needle, length: length, base, from: 0, to: count)
                    : ByteSearch.last(needle, length: length, base, from: 0, to: count)
            default:
                let start = ByteSearch.last(needle, length: length, base, from: 0, to: count)
                return start < 0 ? -1 : longest ? 0 : start
            }
        }
    }
}
