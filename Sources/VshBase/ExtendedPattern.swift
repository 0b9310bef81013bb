// SPDX-License-Identifier: MPL-2.0

/// A pattern with groups of bash: `?(a|b)`, `*(…)`, `+(…)`, `@(…)`, `!(…)`.
///
/// It is matched by an automaton of its positions; where it has too many, or `!(…)`, by the set of all places that a part can end at, so that no
/// pattern takes more than polynomial time.
final class ExtendedPattern {
    private enum Element {
        /// A pattern without groups; `isFixed`: no star is in it, so that it takes `minimum` to `4 · minimum` bytes.
        case plain(Pattern, isFixed: Bool, minimum: Int)
        case group(UInt8, [[Element]])
    }

    private var elements: [Element] = []
    private let isUTF8: Bool
    private var automaton: PatternAutomaton?

    /// Whether the text has a group.
    static func hasGroup(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var at = 0
        while at + 1 < text.count {
            if text[at] == 0x5C {
                at += 2
                continue
            }
            if isKind(text[at]) && text[at + 1] == 0x28 { return true }
            at += 1
        }
        return false
    }

    @inline(__always)
    private static func isKind(_ byte: UInt8) -> Bool {
        byte == 0x3F || byte == 0x2A || byte == 0x2B || byte == 0x40 || byte == 0x21
    }

    init(_ text: UnsafeBufferPointer<UInt8>, isUTF8: Bool) {
        self.isUTF8 = isUTF8
        var at = 0
        elements = sequence(text, &at, isInGroup: false, depth: 0)
        let automaton = PatternAutomaton(isUTF8: isUTF8)
        guard let whole = fragment(elements, automaton) else { return }
        automaton.finish(whole)
        self.automaton = automaton
    }

    /// The elements as positions; nil when there can be no automaton.
    private func fragment(_ elements: [Element], _ automaton: PatternAutomaton) -> PatternAutomaton.Fragment? {
        var whole = PatternAutomaton.Fragment()
        for element in elements {
            let part: PatternAutomaton.Fragment?
            switch element {
            case .plain(let pattern, _, _): part = pattern.text.withBytes { automaton.plain($0) }
            case .group(0x21, _): return nil
            case .group(let kind, let alternatives):
                var parts: [PatternAutomaton.Fragment] = []
                for alternative in alternatives {
                    guard let part = fragment(alternative, automaton) else { return nil }
                    parts.append(part)
                }
                part = automaton.group(kind, parts)
            }
            guard let part else { return nil }
            automaton.append(part, to: &whole)
        }
        return whole
    }

    // MARK: reading

    private func sequence(
        _ text: UnsafeBufferPointer<UInt8>, _ at: inout Int, isInGroup: Bool, depth: Int
    ) -> [Element] {
        var found: [Element] = []
        var start = at
        func endPlain(_ end: Int) {
            if end > start { found.append(plain(UnsafeBufferPointer(rebasing: text[start..<end]))) }
        }
        while at < text.count {
            let byte = text[at]
            if byte == 0x5C {
                at = min(at + 2, text.count)
            } else if byte == 0x5B, let end = bracketEnd(text, at) {
                at = end
            } else if isInGroup && (byte == 0x7C || byte == 0x29) {
                break
            } else if depth < 200, ExtendedPattern.isKind(byte), at + 1 < text.count, text[at + 1] == 0x28,
                let (alternatives, end) = group(text, at + 2, depth)
            {
                endPlain(at)
                found.append(.group(byte, alternatives))
                at = end
                start = end
            } else {
                at += 1
            }
        }
        endPlain(at)
        return found
    }

    /// The alternatives of the group whose text begins at `start`, and where it ends; nil when it is not closed.
    private func group(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ depth: Int
    ) -> (alternatives: [[Element]], end: Int)? {
        var at = start
        var alternatives: [[Element]] = []
        while true {
            alternatives.append(sequence(text, &at, isInGroup: true, depth: depth + 1))
            if at >= text.count { return nil }
            at += 1
            if text[at - 1] == 0x29 { return (alternatives, at) }
        }
    }

    /// Where the bracket expression at `start` ends, roughly: what is inside is no group.
    private func bracketEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        var at = start + 1
        if at < text.count && (text[at] == 0x21 || text[at] == 0x5E) { at += 1 }
        if at < text.count && text[at] == 0x5D { at += 1 }
        while at < text.count {
            if text[at] == 0x5C {
                at += 2
                continue
            }
            if text[at] == 0x5D { return at + 1 }
            if text[at] == 0x5B, at + 1 < text.count,
                text[at + 1] == 0x3A || text[at + 1] == 0x2E || text[at + 1] == 0x3D
            {
                let kind = text[at + 1]
                var end = at + 2
                while end + 1 < text.count && !(text[end] == kind && text[end + 1] == 0x5D) { end += 1 }
                at = end + 2
                continue
            }
            at += 1
        }
        return nil
    }

    private func plain(_ text: UnsafeBufferPointer<UInt8>) -> Element {
        let pattern = Pattern(Text(text), isUTF8: isUTF8)
        let survey = PatternSurvey(text)
        return .plain(pattern, isFixed: survey.stars == 0, minimum: pattern.minimumLength)
    }

    // MARK: matching

    /// All places where the elements can end that begin at one of `starts`; both ascending.
    private func ends(
        _ elements: [Element], _ starts: [Int], _ bytes: UnsafeBufferPointer<UInt8>
    ) -> [Int] {
        var places = starts
        for element in elements {
            if places.isEmpty { return [] }
            places = ends(element, places, bytes)
        }
        return places
    }

    private func ends(_ element: Element, _ starts: [Int], _ bytes: UnsafeBufferPointer<UInt8>) -> [Int] {
        let count = bytes.count
        switch element {
        case .plain(let pattern, let isFixed, let minimum):
            var isEnd = [Bool](repeating: false, count: count + 1)
            for start in starts {
                let last = isFixed ? min(count, start + (isUTF8 ? 4 * minimum : minimum)) : count
                if start + minimum > last { continue }
                for end in start + minimum...last where !isEnd[end] && isBoundary(bytes, end) {
                    isEnd[end] = pattern.matches(UnsafeBufferPointer(rebasing: bytes[start..<end]))
                }
            }
            return isEnd.indices.filter { isEnd[$0] }
        case .group(let kind, let alternatives):
            if kind == 0x21 {
                var isEnd = [Bool](repeating: false, count: count + 1)
                for start in starts {
                    var matched = Set<Int>()
                    for alternative in alternatives { matched.formUnion(ends(alternative, [start], bytes)) }
                    for end in start...count where !matched.contains(end) && isBoundary(bytes, end) {
                        isEnd[end] = true
                    }
                }
                return isEnd.indices.filter { isEnd[$0] }
            }
            var isEnd = [Bool](repeating: false, count: count + 1)
            if kind == 0x3F || kind == 0x2A { for start in starts { isEnd[start] = true } }
            var fresh = starts
            while !fresh.isEmpty {
                var next: [Int] = []
                for alternative in alternatives {
                    for end in ends(alternative, fresh, bytes) where !isEnd[end] {
                        isEnd[end] = true
                        next.append(end)
                    }
                }
                // Only these repeat.
                if kind != 0x2A && kind != 0x2B { break }
                fresh = next.sorted()
            }
            return isEnd.indices.filter { isEnd[$0] }
        }
    }

    /// No character spans `place`.
    @inline(__always)
    private func isBoundary(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Int) -> Bool {
        if !isUTF8 || place == 0 || place == bytes.count { return true }
        return UTF8Characters.isBoundary(bytes.baseAddress!, place, count: bytes.count)
    }

    func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if let automaton { return automaton.prefix(bytes, longest: true) == bytes.count }
        return ends(elements, [0], bytes).last == bytes.count
    }

    func prefix(_ bytes: UnsafeBufferPointer<UInt8>, longest: Bool) -> Int {
        if let automaton { return automaton.prefix(bytes, longest: longest) }
        let found = ends(elements, [0], bytes)
        return (longest ? found.last : found.first) ?? -1
    }

    func suffix(_ bytes: UnsafeBufferPointer<UInt8>, longest: Bool) -> Int {
        if let automaton { return automaton.suffix(bytes, longest: longest) }
        for distance in 0...bytes.count {
            let start = longest ? distance : bytes.count - distance
            if !isBoundary(bytes, start) { continue }
            if ends(elements, [start], bytes).last == bytes.count { return start }
        }
        return -1
    }

    /// The first match from `start` on that is not empty, the longest there.
    func search(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Range<Int>? {
        var at = start
        while at < bytes.count {
            var end = -1
            if let automaton {
                at = automaton.firstStart(bytes, from: at)
                if at == bytes.count { return nil }
                end = automaton.prefix(bytes, from: at, longest: true)
            } else {
                end = at + (ends(elements, [0], UnsafeBufferPointer(rebasing: bytes[at...])).last ?? -1)
            }
            if end > at { return at..<end }
            at += isUTF8 ? UTF8Characters.decode(bytes.baseAddress!, at, bytes.count).length : 1
        }
        return nil
    }
}
