// SPDX-License-Identifier: MPL-2.0

/// What one look over a pattern's text tells: which special bytes it has, hence how much room its program can need.
struct PatternSurvey {
    var stars = 0
    var questions = 0
    var brackets = 0
    var backslashes = 0
    let count: Int

    init(_ text: UnsafeBufferPointer<UInt8>) {
        count = text.count
        var at = 0
        while at < count {
            switch text[at] {
            case 0x2A: stars &+= 1
            case 0x3F: questions &+= 1
            case 0x5B: brackets &+= 1
            case 0x5C:
                backslashes &+= 1
                at &+= 1
            default: break
            }
            at &+= 1
        }
    }

    /// No byte is special.
    var isPlain: Bool { stars | questions | brackets | backslashes == 0 }
}

extension PatternProgram {
    /// The program of a text without special bytes.
    static func literal(_ text: UnsafeBufferPointer<UInt8>, isUTF8: Bool) -> PatternProgram {
        let program = allocate(segments: 0, ops: 0, sets: 0, ranges: 0, literals: text.count)
        program.withUnsafeMutablePointerToHeader { header in
            if let base = text.baseAddress { header.pointee.literals.update(from: base, count: text.count) }
            header.pointee.literalCount = text.count
            header.pointee.shape = .literal
            header.pointee.isUTF8 = isUTF8
            header.pointee.checksBoundary = isUTF8 && !UTF8Characters.isValid(text)
        }
        return program
    }

    /// The program of a pattern with groups.
    static func extended(_ pattern: ExtendedPattern, isUTF8: Bool) -> PatternProgram {
        let program = allocate(segments: 0, ops: 0, sets: 0, ranges: 0, literals: 0)
        program.withUnsafeMutablePointerToHeader { header in
            header.pointee.shape = .extended
            header.pointee.isUTF8 = isUTF8
            header.pointee.extended = pattern
        }
        return program
    }

    /// Compiles pattern text that has at least one special byte.
    static func compile(
        _ text: UnsafeBufferPointer<UInt8>, _ survey: PatternSurvey, isUTF8: Bool
    ) -> PatternProgram {
        let program = allocate(
            segments: survey.stars + 1,
            // A run of literal bytes before each active byte and after the last.
            ops: 2 * (survey.questions + survey.brackets + survey.stars) + 1,
            sets: survey.brackets,
            // An element of a range list takes at least one byte of text beside the brackets.
            ranges: isUTF8 && survey.brackets > 0 ? survey.count : 0,
            literals: survey.count)
        program.withUnsafeMutablePointerToHeader {
            var compiler = PatternCompiler(text: text, isUTF8: isUTF8, header: $0)
            compiler.run()
        }
        return program
    }
}

/// Fills in the tables of a program, which have room enough.
struct PatternCompiler {
    let text: UnsafeBufferPointer<UInt8>
    let isUTF8: Bool
    let header: UnsafeMutablePointer<PatternHeader>
    var opCount = 0
    var setCount = 0
    var literalCount = 0
    /// Where the literal run under construction begins in the literal bytes.
    var runStart = 0
    /// Where the segment under construction begins in the ops.
    var segmentStart = 0

    mutating func run() {
        let count = text.count
        let lastCloser = ByteSearch.last(0x5D, text.baseAddress!, from: 0, to: count)
        var at = 0
        while at < count {
            let byte = text[at]
            switch byte {
            case 0x2A:
                endRun()
                // Stars in a row are one.
                if opCount > segmentStart || header.pointee.segmentCount == 0 { endSegment() }
                at &+= 1
            case 0x3F:
                endRun()
                appendAny()
                at &+= 1
            case 0x5B:
                if at < lastCloser, let end = bracket(at &+ 1) {
                    at = end
                } else {
                    appendLiteral(byte)
                    at &+= 1
                }
            case 0x5C where at &+ 1 < count:
                appendLiteral(text[at &+ 1])
                at &+= 2
            default:
                appendLiteral(byte)
                at &+= 1
            }
        }
        // A pattern that begins or ends with a star has an empty first or last segment; none in between is empty.
        endRun()
        endSegment()
        header.pointee.literalCount = literalCount
        header.pointee.isUTF8 = isUTF8
        header.pointee.shape = header.pointee.findShape()
        header.pointee.checksBoundary =
            header.pointee.shape == .literal && opCount > 0 && header.pointee.ops[0].checksBoundaries
    }

    /// Parses the bracket expression after the `[` before `start`; where it ends, or nil when it is none.
    private mutating func bracket(_ start: Int) -> Int? {
        var parser = BracketParser(text: text, isUTF8: isUTF8, at: start, ranges: header.pointee.ranges)
        parser.rangeCount = header.pointee.rangeCount
        guard let parsed = parser.parse() else { return nil }
        header.pointee.hasBrackets = true
        if let only = parsed.onlyByte {
            appendLiteral(only)
            return parser.at
        }
        endRun()
        header.pointee.rangeCount = parser.rangeCount
        header.pointee.sets[setCount] = parsed
        header.pointee.ops[opCount] = PatternOp(kind: .set, offset: setCount, count: 1)
        setCount &+= 1
        opCount &+= 1
        return parser.at
    }

    private mutating func appendLiteral(_ byte: UInt8) {
        header.pointee.literals[literalCount] = byte
        literalCount &+= 1
    }

    private mutating func appendAny() {
        if opCount > segmentStart, header.pointee.ops[opCount &- 1].kind == .any {
            header.pointee.ops[opCount &- 1].count &+= 1
        } else {
            header.pointee.ops[opCount] = PatternOp(kind: .any, offset: 0, count: 1)
            opCount &+= 1
        }
    }

    private mutating func endRun() {
        let length = literalCount &- runStart
        if length == 0 { return }
        let bytes = header.pointee.literals + runStart
        var op = PatternOp(kind: length == 1 ? .byte : .literal, offset: runStart, count: length)
        op.byte = bytes[0]
        op.checksBoundaries = isUTF8 && !UTF8Characters.isValid(UnsafeBufferPointer(start: bytes, count: length))
        header.pointee.ops[opCount] = op
        opCount &+= 1
        runStart = literalCount
    }

    private mutating func endSegment() {
        var segment = PatternSegment(firstOp: segmentStart, opCount: opCount &- segmentStart)
        for index in segmentStart..<opCount {
            let op = header.pointee.ops[index]
            switch op.kind {
            case .byte, .literal:
                if op.checksBoundaries { segment.isWide = true }
                if segment.anchorOp < 0 {
                    segment.anchorOp = Int32(truncatingIfNeeded: index)
                    segment.anchorOffset = segment.minimum
                }
            case .any, .set:
                if isUTF8 { segment.isWide = true }
            }
            segment.minimum &+= op.count
        }
        header.pointee.segments[Int(header.pointee.segmentCount)] = segment
        header.pointee.segmentCount &+= 1
        header.pointee.minimum &+= Int(segment.minimum)
        segmentStart = opCount
    }
}
