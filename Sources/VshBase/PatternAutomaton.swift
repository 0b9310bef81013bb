// SPDX-License-Identifier: MPL-2.0

/// A pattern with groups as an automaton of positions (Glushkov 1961): each character of the pattern is a position, a set of positions is the
/// bits of a word. A character of the subject is one step, whatever the pattern, and a step allocates nothing.
///
/// Patterns with more than 64 positions or with `!(…)` have none.
final class PatternAutomaton {
    private enum Symbol {
        /// A code point, or an invalid byte as `UTF8Characters` has it; without UTF-8 a byte.
        case character(UInt32)
        case any
        case set(PatternSet, [PatternRange])

        /// For values from 128 on; `PatternTables.containsMultibyte` is the same of sets.
        func takes(_ value: UInt32) -> Bool {
            switch self {
            case .character(let own): return own == value
            case .any: return true
            case .set(let set, let ranges):
                if value >= UTF8Characters.invalid {
                    return set.contains(UInt8(truncatingIfNeeded: value &- UTF8Characters.invalid))
                }
                for range in ranges where range.low <= value && value <= range.high { return !set.isNegated }
                if !set.classes.isEmpty, set.classes.contains(codePoint: value) { return !set.isNegated }
                return set.isNegated
            }
        }
    }

    /// What a part of the pattern amounts to.
    struct Fragment {
        var first: UInt64 = 0
        var last: UInt64 = 0
        var isNullable = true
    }

    private let isUTF8: Bool
    private var symbols: [Symbol] = []
    /// The positions that can come after each, and before it.
    private var next: [UInt64] = []
    private var previous: [UInt64] = []
    /// By byte, the positions that take it; for UTF-8 those below 128 only.
    private var takers: [UInt64] = []
    private var whole = Fragment()

    init(isUTF8: Bool) { self.isUTF8 = isUTF8 }

    // MARK: making

    /// A position; nil when there are too many.
    private func position(_ symbol: Symbol) -> Fragment? {
        if symbols.count == 64 { return nil }
        let bit: UInt64 = 1 &<< UInt64(symbols.count)
        symbols.append(symbol)
        next.append(0)
        return Fragment(first: bit, last: bit, isNullable: false)
    }

    /// `right` can come after `left`.
    private func connect(_ left: UInt64, _ right: UInt64) {
        var rest = left
        while rest != 0 {
            next[rest.trailingZeroBitCount] |= right
            rest &= rest &- 1
        }
    }

    func append(_ part: Fragment, to fragment: inout Fragment) {
        connect(fragment.last, part.first)
        fragment.first |= fragment.isNullable ? part.first : 0
        fragment.last = part.last | (part.isNullable ? fragment.last : 0)
        fragment.isNullable = fragment.isNullable && part.isNullable
    }

    /// A group of `kind` with these alternatives.
    func group(_ kind: UInt8, _ alternatives: [Fragment]) -> Fragment {
        var group = Fragment(isNullable: false)
        for alternative in alternatives {
            group.first |= alternative.first
            group.last |= alternative.last
            group.isNullable = group.isNullable || alternative.isNullable
        }
        if kind == 0x2A || kind == 0x2B { connect(group.last, group.first) }
        if kind == 0x3F || kind == 0x2A { group.isNullable = true }
        return group
    }

    /// Text without groups; nil when there are too many positions.
    func plain(_ text: UnsafeBufferPointer<UInt8>) -> Fragment? {
        var fragment = Fragment()
        var at = 0
        while at < text.count {
            var byte = text[at]
            var part: Fragment?
            if byte == 0x2A {
                part = position(.any)
                if let star = part { part = group(0x2A, [star]) }
                at += 1
            } else if byte == 0x3F {
                part = position(.any)
                at += 1
            } else if byte == 0x5B, let (symbol, end) = bracket(text, at) {
                part = position(symbol)
                at = end
            } else {
                if byte == 0x5C && at + 1 < text.count {
                    at += 1
                    byte = text[at]
                }
                let (value, length) =
                    isUTF8 ? UTF8Characters.decode(text.baseAddress!, at, text.count) : (UInt32(byte), 1)
                part = position(.character(value))
                at += length
            }
            guard let part else { return nil }
            append(part, to: &fragment)
        }
        return fragment
    }

    private func bracket(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> (Symbol, Int)? {
        withUnsafeTemporaryAllocation(of: PatternRange.self, capacity: text.count) { ranges in
            var parser = BracketParser(text: text, isUTF8: isUTF8, at: at + 1, ranges: ranges.baseAddress!)
            guard let set = parser.parse() else { return nil }
            return (.set(set, Array(ranges[Int(set.firstRange)..<Int(set.firstRange + set.rangeCount)])), parser.at)
        }
    }

    func finish(_ whole: Fragment) {
        self.whole = whole
        previous = [UInt64](repeating: 0, count: symbols.count)
        for place in symbols.indices {
            for other in symbols.indices where next[place] &>> UInt64(other) & 1 == 1 {
                previous[other] |= 1 &<< UInt64(place)
            }
        }
        takers = [UInt64](repeating: 0, count: 256)
        for (place, symbol) in symbols.enumerated() {
            let bit: UInt64 = 1 &<< UInt64(place)
            switch symbol {
            case .character(let value): if value < (isUTF8 ? 128 : 256) { takers[Int(value)] |= bit }
            case .any: for byte in 0..<256 { takers[byte] |= bit }
            case .set(let set, _):
                for byte in 0..<256 where set.contains(UInt8(byte)) { takers[byte] |= bit }
            }
        }
    }

    // MARK: matching

    /// The positions that take a character of several bytes, or a byte that is no character.
    @inline(never)
    private func wideTakers(_ value: UInt32) -> UInt64 {
        var found: UInt64 = 0
        for (place, symbol) in symbols.enumerated() where symbol.takes(value) { found |= 1 &<< UInt64(place) }
        return found
    }

    @inline(__always)
    private func union(_ table: UnsafePointer<UInt64>, _ positions: UInt64) -> UInt64 {
        var (rest, all) = (positions, UInt64(0))
        while rest != 0 {
            all |= table[rest.trailingZeroBitCount]
            rest &= rest &- 1
        }
        return all
    }

    /// Where the shortest or the longest match that begins at `start` ends; -1 when there is none.
    func prefix(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int = 0, longest: Bool) -> Int {
        var found = whole.isNullable ? start : -1
        if found >= 0 && !longest { return found }
        var reach = whole.first
        var at = start
        next.withUnsafeBufferPointer { next in
            while at < bytes.count && reach != 0 {
                let taken: UInt64
                if !isUTF8 || bytes[at] < 128 {
                    taken = reach & takers[Int(bytes[at])]
                    at &+= 1
                } else {
                    let (value, length) = UTF8Characters.decode(bytes.baseAddress!, at, bytes.count)
                    taken = reach & wideTakers(value)
                    at &+= length
                }
                if taken & whole.last != 0 {
                    found = at
                    if !longest { return }
                }
                reach = taken == 0 ? 0 : union(next.baseAddress!, taken)
            }
        }
        return found
    }

    /// Where the shortest or the longest match that ends at the end begins; -1 when there is none.
    func suffix(_ bytes: UnsafeBufferPointer<UInt8>, longest: Bool) -> Int {
        var found = whole.isNullable ? bytes.count : -1
        if found >= 0 && !longest { return found }
        var reach = whole.last
        var at = bytes.count
        previous.withUnsafeBufferPointer { previous in
            while at > 0 && reach != 0 {
                let taken: UInt64
                if !isUTF8 || bytes[at &- 1] < 128 {
                    at &-= 1
                    taken = reach & takers[Int(bytes[at])]
                } else {
                    at = UTF8Characters.previous(bytes.baseAddress!, at, floor: 0)
                    taken = reach & wideTakers(UTF8Characters.decode(bytes.baseAddress!, at, bytes.count).value)
                }
                if taken & whole.first != 0 {
                    found = at
                    if !longest { return }
                }
                reach = taken == 0 ? 0 : union(previous.baseAddress!, taken)
            }
        }
        return found
    }

    /// The first place from `start` on where a match that is not empty can begin; the end when there is none.
    func firstStart(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var at = start
        while at < bytes.count && (!isUTF8 || bytes[at] < 128) && takers[Int(bytes[at])] & whole.first == 0 { at &+= 1 }
        return at
    }
}
