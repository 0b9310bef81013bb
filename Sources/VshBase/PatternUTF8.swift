// SPDX-License-Identifier: MPL-2.0

/// Segments in UTF-8 text. Every `from` and `to` is a boundary of characters, as is every offset returned.
extension PatternTables {
    /// True when the character at `at` is a member; `length` is set to its bytes.
    @inline(__always)
    private func contains(
        _ set: UnsafePointer<PatternSet>, _ base: UnsafePointer<UInt8>, _ at: Int, _ to: Int, _ length: inout Int
    ) -> Bool {
        let byte = base[at]
        length = 1
        if byte < 0x80 { return set.pointee.contains(byte) }
        return containsMultibyte(set, base, at, to, &length)
    }

    @inline(never)
    private func containsMultibyte(
        _ set: UnsafePointer<PatternSet>, _ base: UnsafePointer<UInt8>, _ at: Int, _ to: Int, _ length: inout Int
    ) -> Bool {
        let value: UInt32
        (value, length) = UTF8Characters.decode(base, at, to)
        if value >= UTF8Characters.invalid { return set.pointee.contains(base[at]) }
        for index in 0..<Int(set.pointee.rangeCount) {
            let range = ranges[Int(set.pointee.firstRange) &+ index]
            if range.low <= value && value <= range.high { return !set.pointee.isNegated }
        }
        if !set.pointee.classes.isEmpty, set.pointee.classes.contains(codePoint: value) {
            return !set.pointee.isNegated
        }
        return set.pointee.isNegated
    }

    @inline(__always)
    private func fitsLiteral(_ op: PatternOp, _ base: UnsafePointer<UInt8>, _ at: Int, _ to: Int) -> Bool {
        let end = at &+ Int(op.count)
        if end > to || !ByteSearch.equal(base + at, literals + Int(op.offset), Int(op.count)) { return false }
        return !op.checksBoundaries
            || UTF8Characters.isBoundary(base, at, count: to) && UTF8Characters.isBoundary(base, end, count: to)
    }

    @inline(never)
    func wideForward(_ segment: UnsafePointer<PatternSegment>, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int)
        -> Int
    {
        var at = from
        var length = 0
        for index in Int(segment.pointee.firstOp)..<Int(segment.pointee.firstOp &+ segment.pointee.opCount) {
            let op = ops[index]
            switch op.kind {
            case .byte, .literal:
                if !fitsLiteral(op, base, at, to) { return -1 }
                at &+= Int(op.count)
            case .any:
                var rest = op.count
                while rest > 0 {
                    if at >= to { return -1 }
                    at &+= UTF8Characters.decode(base, at, to).length
                    rest &-= 1
                }
            case .set:
                if at >= to || !contains(sets + Int(op.offset), base, at, to, &length) { return -1 }
                at &+= length
            }
        }
        return at
    }

    @inline(never)
    func wideBackward(_ segment: UnsafePointer<PatternSegment>, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int)
        -> Int
    {
        var at = to
        var length = 0
        var index = Int(segment.pointee.firstOp &+ segment.pointee.opCount)
        while index > Int(segment.pointee.firstOp) {
            index &-= 1
            let op = ops[index]
            switch op.kind {
            case .byte, .literal:
                at &-= Int(op.count)
                if at < from || !fitsLiteral(op, base, at, to) { return -1 }
            case .any:
                var rest = op.count
                while rest > 0 {
                    if at <= from { return -1 }
                    at = UTF8Characters.previous(base, at, floor: from)
                    rest &-= 1
                }
            case .set:
                if at <= from { return -1 }
                at = UTF8Characters.previous(base, at, floor: from)
                if !contains(sets + Int(op.offset), base, at, to, &length) { return -1 }
            }
        }
        return at
    }

    @inline(never)
    func wideFindFirst(
        _ segment: UnsafePointer<PatternSegment>, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int
    ) -> (start: Int, end: Int) {
        let lastStart = to &- Int(segment.pointee.minimum)
        let first = ops[Int(segment.pointee.firstOp)]
        let isAnchored = segment.pointee.anchorOp == segment.pointee.firstOp
        var at = from
        while at <= lastStart {
            if isAnchored {
                at = ByteSearch.first(literals + Int(first.offset), length: Int(first.count), base, from: at, to: to)
                if at < 0 { break }
            }
            let end = wideForward(segment, base, at, to)
            if end >= 0 { return (at, end) }
            at &+= isAnchored ? 1 : UTF8Characters.decode(base, at, to).length
        }
        return (-1, -1)
    }

    @inline(never)
    func wideFindLast(
        _ segment: UnsafePointer<PatternSegment>, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int
    ) -> (start: Int, end: Int) {
        let first = ops[Int(segment.pointee.firstOp)]
        let isAnchored = segment.pointee.anchorOp == segment.pointee.firstOp
        // Where the segment may begin at the latest: a boundary, or the place of a literal.
        var at = to
        while true {
            if isAnchored {
                at = ByteSearch.last(
                    literals + Int(first.offset), length: Int(first.count), base, from: from,
                    to: min(to, at &+ Int(first.count)))
                if at < 0 { break }
            }
            let end = wideForward(segment, base, at, to)
            if end >= 0 { return (at, end) }
            if at <= from { break }
            at = isAnchored ? at &- 1 : UTF8Characters.previous(base, at, floor: from)
        }
        return (-1, -1)
    }
}
