// SPDX-License-Identifier: MPL-2.0

/// The shapes of pattern that need no walk over ops: one literal, or none, and stars only at the ends.
enum PatternShape: UInt8 {
    /// `abc`, `abc*`, `*abc`, `*abc*`, `*`.
    case literal, prefix, suffix, infix, any
    /// With groups: `PatternHeader.extended`.
    case extended
    case general
}

extension PatternHeader {
    /// The shape that the segments amount to.
    func findShape() -> PatternShape {
        let last = Int(segmentCount) - 1
        var only = -1
        for index in 0...last where segments[index].opCount > 0 {
            if only >= 0 || segments[index].opCount > 1 { return .general }
            only = index
        }
        if only < 0 { return last == 0 ? .literal : .any }
        let op = ops[Int(segments[only].firstOp)]
        if op.kind == .any || op.kind == .set || op.checksBoundaries && last > 0 { return .general }
        switch (last, only) {
        case (0, _): return .literal
        case (1, 0): return .prefix
        case (1, 1): return .suffix
        default: return .infix
        }
    }
}

extension PatternTables {
    /// The bytes that the shape looks for.
    @inline(__always) var length: Int { header.pointee.literalCount }

    @inline(__always)
    func matchesSimple(_ base: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        switch header.pointee.shape {
        case .literal: return count == length && ByteSearch.equal(base, literals, length)
        case .prefix: return count >= length && ByteSearch.equal(base, literals, length)
        case .suffix: return count >= length && ByteSearch.equal(base + (count &- length), literals, length)
        case .infix: return ByteSearch.first(literals, length: length, base, from: 0, to: count) >= 0
        case .extended: return header.pointee.extended?.matches(.init(start: base, count: count)) ?? false
        default: return true
        }
    }

    @inline(__always)
    func simplePrefix(_ base: UnsafePointer<UInt8>, _ count: Int, _ longest: Bool) -> Int {
        switch header.pointee.shape {
        case .literal:
            if count < length || !ByteSearch.equal(base, literals, length) { return -1 }
            return checksBoundary && !UTF8Characters.isBoundary(base, length, count: count) ? -1 : length
        case .prefix:
            if count < length || !ByteSearch.equal(base, literals, length) { return -1 }
            return longest ? count : length
        case .suffix:
            let start =
                longest
                ? ByteSearch.last(literals, length: length, base, from: 0, to: count)
                : ByteSearch.first(literals, length: length, base, from: 0, to: count)
            return start < 0 ? -1 : start &+ length
        case .infix:
            let start = ByteSearch.first(literals, length: length, base, from: 0, to: count)
            return start < 0 ? -1 : longest ? count : start &+ length
        case .extended: return header.pointee.extended?.prefix(.init(start: base, count: count), longest: longest) ?? -1
        default: return longest ? count : 0
        }
    }

    @inline(__always)
    func simpleSuffix(_ base: UnsafePointer<UInt8>, _ count: Int, _ longest: Bool) -> Int {
        let last = count &- length
        switch header.pointee.shape {
        case .literal:
            if last < 0 || !ByteSearch.equal(base + last, literals, length) { return -1 }
            return checksBoundary && !UTF8Characters.isBoundary(base, last, count: count) ? -1 : last
        case .suffix:
            if last < 0 || !ByteSearch.equal(base + last, literals, length) { return -1 }
            return longest ? 0 : last
        case .prefix:
            return longest
                ? ByteSearch.first(literals, length: length, base, from: 0, to: count)
                : ByteSearch.last(literals, length: length, base, from: 0, to: count)
        case .infix:
            let start = ByteSearch.last(literals, length: length, base, from: 0, to: count)
            return start < 0 ? -1 : longest ? 0 : start
        case .extended: return header.pointee.extended?.suffix(.init(start: base, count: count), longest: longest) ?? -1
        default: return longest ? 0 : count
        }
    }
}
