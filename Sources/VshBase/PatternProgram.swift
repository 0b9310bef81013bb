// SPDX-License-Identifier: MPL-2.0

enum PatternOpKind: UInt8 {
    /// One byte, `byte`; several, from `offset` of the literal bytes; `count` characters; a member of set `offset`.
    case byte, literal, any, set
}

struct PatternOp {
    var kind: PatternOpKind
    /// The literal is not valid UTF-8: both its ends must be boundaries of characters.
    var checksBoundaries = false
    var byte: UInt8 = 0
    var offset: UInt32
    /// Bytes, or characters: the fewest bytes it takes.
    var count: UInt32

    init(kind: PatternOpKind, offset: Int, count: Int) {
        self.kind = kind
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.count = UInt32(truncatingIfNeeded: count)
    }
}

/// What stands between two stars. It takes a fixed number of characters, so that the first place found for it is never worse than
/// a later one.
struct PatternSegment {
    var firstOp: Int32
    var opCount: Int32
    /// The fewest bytes it takes; without UTF-8 all that it takes.
    var minimum: UInt32 = 0
    /// The first literal op, which the segment is searched by; -1 when there is none.
    var anchorOp: Int32 = -1
    /// Bytes before the anchor, when characters are bytes.
    var anchorOffset: UInt32 = 0
    /// Some op reads characters that may have several bytes.
    var isWide = false

    init(firstOp: Int, opCount: Int) {
        self.firstOp = Int32(truncatingIfNeeded: firstOp)
        self.opCount = Int32(truncatingIfNeeded: opCount)
    }
}

/// The tables of a program, all in one block.
struct PatternHeader {
    let segments: UnsafeMutablePointer<PatternSegment>
    let ops: UnsafeMutablePointer<PatternOp>
    let sets: UnsafeMutablePointer<PatternSet>
    let ranges: UnsafeMutablePointer<PatternRange>
    let literals: UnsafeMutablePointer<UInt8>
    var segmentCount: Int32 = 0
    var rangeCount: Int32 = 0
    var literalCount = 0
    /// The fewest bytes that the pattern matches.
    var minimum = 0
    var isUTF8 = false
    /// UTF-8 and the one literal is not valid: where it ends must then be the end of a character.
    var checksBoundary = false
    /// There is a bracket expression.
    var hasBrackets = false
    var shape = PatternShape.general
    var text = Text()
    /// Of a pattern with groups.
    var extended: ExtendedPattern?
}

/// A pattern as segments between stars. All offsets are into the subject; -1 stands for "no match".
final class PatternProgram: ManagedBuffer<PatternHeader, UInt64> {
    static func allocate(segments: Int, ops: Int, sets: Int, ranges: Int, literals: Int) -> PatternProgram {
        func words<T>(_ type: T.Type, _ count: Int) -> Int { (MemoryLayout<T>.stride * count + 7) / 8 }
        let sizes = (
            words(PatternSegment.self, segments), words(PatternOp.self, ops), words(PatternSet.self, sets),
            words(PatternRange.self, ranges), words(UInt8.self, literals)
        )
        let total = sizes.0 + sizes.1 + sizes.2 + sizes.3 + sizes.4
        let buffer = PatternProgram.create(minimumCapacity: total) { buffer in
            buffer.withUnsafeMutablePointerToElements { base in
                let raw = UnsafeMutableRawPointer(base)
                var offset = 0
                func table<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
                    defer { offset += 8 * count }
                    return (raw + offset).bindMemory(to: type, capacity: 8 * count / MemoryLayout<T>.stride)
                }
                return PatternHeader(
                    segments: table(PatternSegment.self, sizes.0), ops: table(PatternOp.self, sizes.1),
                    sets: table(PatternSet.self, sizes.2), ranges: table(PatternRange.self, sizes.3),
                    literals: table(UInt8.self, sizes.4))
            }
        }
        return unsafeDowncast(buffer, to: PatternProgram.self)
    }

    /// Valid as long as the program is alive.
    @inline(__always)
    private var tables: PatternTables { PatternTables(header: withUnsafeMutablePointerToHeader { $0 }) }

    @inline(never)
    func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        defer { withExtendedLifetime(self) {} }
        let tables = tables
        let base = tables.start(bytes)
        if tables.isSimple { return tables.matchesSimple(base, bytes.count) }
        return tables.minimum <= bytes.count && tables.matches(base, bytes.count)
    }

    /// The length of the prefix.
    @inline(never)
    func prefix(_ bytes: UnsafeBufferPointer<UInt8>, longest: Bool) -> Int {
        defer { withExtendedLifetime(self) {} }
        let tables = tables
        let base = tables.start(bytes)
        if tables.isSimple { return tables.simplePrefix(base, bytes.count, longest) }
        if tables.minimum > bytes.count { return -1 }
        return longest ? tables.longestPrefix(base, bytes.count) : tables.shortestPrefix(base, bytes.count)
    }

    /// Where the suffix begins.
    @inline(never)
    func suffix(_ bytes: UnsafeBufferPointer<UInt8>, longest: Bool) -> Int {
        defer { withExtendedLifetime(self) {} }
        let tables = tables
        let base = tables.start(bytes)
        if tables.isSimple { return tables.simpleSuffix(base, bytes.count, longest) }
        if tables.minimum > bytes.count { return -1 }
        return longest ? tables.longestSuffix(base, bytes.count) : tables.shortestSuffix(base, bytes.count)
    }
}

extension PatternProgram {
    /// The first match in `bytes` from `start` on, which is below their count, that is not empty, the longest there.
    ///
    /// Where the first segment fits but what follows it is nowhere behind, it is nowhere behind a later place either: no second one is tried.
    @inline(never)
    func search(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Range<Int>? {
        defer { withExtendedLifetime(self) {} }
        let tables = tables
        let (base, count) = (tables.start(bytes), bytes.count)
        if tables.header.pointee.shape == .extended {
            return tables.header.pointee.extended?.search(bytes, from: start)
        }
        var first = start
        if tables.isSimple {
            let literals = tables.literals
            let length = tables.length
            switch tables.header.pointee.shape {
            case .literal where tables.checksBoundary:
                return searchBoundaries(bytes, from: start)
            case .literal where length == 0: return nil
            case .literal, .prefix:
                first = ByteSearch.first(literals, length: length, base, from: start, to: count)
            default: break
            }
        } else if tables.segments.pointee.opCount > 0 {
            first = tables.findFirst(tables.segments, base, start, count).start
        }
        if first < 0 { return nil }
        let rest = UnsafeBufferPointer(rebasing: bytes[first...])
        let end = prefix(rest, longest: true)
        return end > 0 ? first..<first + end : nil
    }

    /// The same, one character after the other.
    private func searchBoundaries(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Range<Int>? {
        var at = start
        while at < bytes.count {
            let end = prefix(UnsafeBufferPointer(rebasing: bytes[at...]), longest: true)
            if end > 0 { return at..<at + end }
            at += UTF8Characters.decode(bytes.baseAddress!, at, bytes.count).length
        }
        return nil
    }
}

/// The tables of a program, where they are: copying the header would cost more than most matches.
struct PatternTables {
    let header: UnsafeMutablePointer<PatternHeader>

    /// An empty subject may have no address; nothing is read there.
    @inline(__always)
    func start(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafePointer<UInt8> {
        bytes.baseAddress ?? UnsafePointer(header.pointee.literals)
    }

    @inline(__always) var isSimple: Bool { header.pointee.shape != .general }
    @inline(__always) var checksBoundary: Bool { header.pointee.checksBoundary }
    @inline(__always) var segmentCount: Int { Int(header.pointee.segmentCount) }
    @inline(__always) var segments: UnsafePointer<PatternSegment> { UnsafePointer(header.pointee.segments) }
    @inline(__always) var ops: UnsafePointer<PatternOp> { UnsafePointer(header.pointee.ops) }
    @inline(__always) var sets: UnsafePointer<PatternSet> { UnsafePointer(header.pointee.sets) }
    @inline(__always) var ranges: UnsafePointer<PatternRange> { UnsafePointer(header.pointee.ranges) }
    @inline(__always) var literals: UnsafePointer<UInt8> { UnsafePointer(header.pointee.literals) }
    @inline(__always) var minimum: Int { header.pointee.minimum }

    /// The first and last segment are tied to the ends; those between take the first place where they fit.
    @inline(__always)
    func matches(_ base: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        var at = forward(segments, base, 0, count)
        if at < 0 { return false }
        let last = segmentCount &- 1
        if last == 0 { return at == count }
        let end = backward(segments + last, base, at, count)
        if end < 0 { return false }
        var index = 1
        while index < last {
            at = findFirst(segments + index, base, at, end).end
            if at < 0 { return false }
            index &+= 1
        }
        return true
    }

    @inline(__always)
    func shortestPrefix(_ base: UnsafePointer<UInt8>, _ count: Int) -> Int {
        var at = forward(segments, base, 0, count)
        var index = 1
        while at >= 0, index < segmentCount {
            at = findFirst(segments + index, base, at, count).end
            index &+= 1
        }
        return at
    }

    @inline(__always)
    func longestPrefix(_ base: UnsafePointer<UInt8>, _ count: Int) -> Int {
        var at = forward(segments, base, 0, count)
        let last = segmentCount &- 1
        if last == 0 { return at }
        var index = 1
        while at >= 0, index < last {
            at = findFirst(segments + index, base, at, count).end
            index &+= 1
        }
        if at < 0 { return -1 }
        return segments[last].opCount == 0 ? count : findLast(segments + last, base, at, count).end
    }

    @inline(__always)
    func shortestSuffix(_ base: UnsafePointer<UInt8>, _ count: Int) -> Int {
        var index = segmentCount &- 1
        var at = backward(segments + index, base, 0, count)
        while at >= 0, index > 0 {
            index &-= 1
            at = findLast(segments + index, base, 0, at).start
        }
        return at
    }

    @inline(__always)
    func longestSuffix(_ base: UnsafePointer<UInt8>, _ count: Int) -> Int {
        var index = segmentCount &- 1
        var at = backward(segments + index, base, 0, count)
        if index == 0 { return at }
        while at >= 0, index > 1 {
            index &-= 1
            at = findLast(segments + index, base, 0, at).start
        }
        if at < 0 { return -1 }
        return segments[0].opCount == 0 ? 0 : findFirst(segments, base, 0, at).start
    }
}

/// One segment in `from ..< to`.
extension PatternTables {
    /// Where the segment ends when it begins at `from`.
    @inline(__always)
    func forward(_ segment: UnsafePointer<PatternSegment>, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int) -> Int
    {
        let end = from &+ Int(segment.pointee.minimum)
        if end > to { return -1 }
        if segment.pointee.isWide { return wideForward(segment, base, from, to) }
        return fits(segment, base + from) ? end : -1
    }

    /// Where the segment begins when it ends at `to`.
    @inline(__always)
    func backward(_ segment: UnsafePointer<PatternSegment>, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int) -> Int
    {
        let start = to &- Int(segment.pointee.minimum)
        if start < from { return -1 }
        if segment.pointee.isWide { return wideBackward(segment, base, from, to) }
        return fits(segment, base + start) ? start : -1
    }

    /// The first place of the segment.
    @inline(__always)
    func findFirst(
        _ segment: UnsafePointer<PatternSegment>, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int
    ) -> (start: Int, end: Int) {
        if segment.pointee.opCount == 0 { return (from, from) }
        if from &+ Int(segment.pointee.minimum) > to { return (-1, -1) }
        if segment.pointee.isWide { return wideFindFirst(segment, base, from, to) }
        let start = narrowFindFirst(segment, base, from, to)
        return start < 0 ? (-1, -1) : (start, start &+ Int(segment.pointee.minimum))
    }

    /// The last place of the segment.
    @inline(__always)
    func findLast(
        _ segment: UnsafePointer<PatternSegment>, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int
    ) -> (start: Int, end: Int) {
        if segment.pointee.opCount == 0 { return (to, to) }
        if from &+ Int(segment.pointee.minimum) > to { return (-1, -1) }
        if segment.pointee.isWide { return wideFindLast(segment, base, from, to) }
        let start = narrowFindLast(segment, base, from, to)
        return start < 0 ? (-1, -1) : (start, start &+ Int(segment.pointee.minimum))
    }

    /// True when the segment, whose characters are bytes, fits at `start`, where that many bytes are.
    @inline(__always)
    func fits(_ segment: UnsafePointer<PatternSegment>, _ start: UnsafePointer<UInt8>) -> Bool {
        var at = start
        var op = ops + Int(segment.pointee.firstOp)
        let end = op + Int(segment.pointee.opCount)
        while op < end {
            switch op.pointee.kind {
            case .byte: if at.pointee != op.pointee.byte { return false }
            case .literal:
                if !ByteSearch.equal(at, literals + Int(op.pointee.offset), Int(op.pointee.count)) { return false }
            case .any: break
            case .set: if !sets[Int(op.pointee.offset)].contains(at.pointee) { return false }
            }
            at += Int(op.pointee.count)
            op += 1
        }
        return true
    }

    @inline(never)
    func narrowFindFirst(_ segment: UnsafePointer<PatternSegment>, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int)
        -> Int
    {
        let lastStart = to &- Int(segment.pointee.minimum)
        var at = from
        if segment.pointee.anchorOp >= 0 {
            let anchor = ops[Int(segment.pointee.anchorOp)]
            let offset = Int(segment.pointee.anchorOffset)
            let length = Int(anchor.count)
            while at <= lastStart {
                let found = ByteSearch.first(
                    literals + Int(anchor.offset), length: length, base, from: at &+ offset,
                    to: lastStart &+ offset &+ length)
                if found < 0 { return -1 }
                at = found &- offset
                if segment.pointee.opCount == 1 || fits(segment, base + at) { return at }
                at &+= 1
            }
            return -1
        }
        let first = ops[Int(segment.pointee.firstOp)]
        if segment.pointee.opCount == 1, first.kind == .set {
            let set = sets + Int(first.offset)
            while at <= lastStart {
                if set.pointee.contains(base[at]) { return at }
                at &+= 1
            }
            return -1
        }
        while at <= lastStart {
            if fits(segment, base + at) { return at }
            at &+= 1
        }
        return -1
    }

    @inline(never)
    func narrowFindLast(_ segment: UnsafePointer<PatternSegment>, _ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int)
        -> Int
    {
        var at = to &- Int(segment.pointee.minimum)
        if segment.pointee.anchorOp >= 0 {
            let anchor = ops[Int(segment.pointee.anchorOp)]
            let offset = Int(segment.pointee.anchorOffset)
            let length = Int(anchor.count)
            while at >= from {
                let found = ByteSearch.last(
                    literals + Int(anchor.offset), length: length, base, from: from &+ offset,
                    to: at &+ offset &+ length)
                if found < 0 { return -1 }
                at = found &- offset
                if segment.pointee.opCount == 1 || fits(segment, base + at) { return at }
                at &-= 1
            }
            return -1
        }
        while at >= from {
            if fits(segment, base + at) { return at }
            at &-= 1
        }
        return -1
    }
}
