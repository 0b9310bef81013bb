// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Where the bytes being read come from.
enum FrameKind: UInt8 {
    case source
    /// The value of an alias, then the rest of the line it stood in.
    case alias
    /// The text between backquotes, unescaped.
    case backquote
}

/// Finds the place in the source of a byte of the text being read.
struct PlaceMapping {
    /// Bytes before this offset all have the place `fixed`, …
    var fixedEnd = 0
    var fixed = 0
    /// … the others are this much further on in the source.
    var delta = 0
}

/// A text whose reading was interrupted by another one inside it.
struct Frame {
    var kind: FrameKind
    var base: UnsafeMutablePointer<UInt8>
    var pos: Int
    var end: Int
    var block: UnsafeMutablePointer<UInt8>?
    var mapping: PlaceMapping
    var aliasCount: Int
    var serial: Int
}

/// An alias whose value is being read: not substituted again until the cursor has passed `end`.
struct ActiveAlias {
    var symbol: Symbol
    var end: Int
    /// The value ended in a blank: the next word is a candidate too.
    var endsInBlank: Bool
}

extension Parser {
    /// The place in the source of offset `offset` of the text being read.
    @inline(__always)
    func place(_ offset: Int) -> Int32 {
        Int32(truncatingIfNeeded: offset >= mapping.fixedEnd ? offset &+ mapping.delta : mapping.fixed)
    }

    @inline(__always)
    func classOf(_ byte: UInt8) -> UInt8 { ByteClass.table[Int(byte)] }

    /// The bytes `from ..< to` of the text being read, until more of it is read.
    @inline(__always)
    func bytes(_ from: Int, _ to: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: UnsafePointer(base) + from, count: to &- from)
    }

    /// The byte at the cursor, after line continuations; 0 at the end of input.
    @inline(__always)
    mutating func current() -> UInt8 {
        let byte = base[pos]
        if byte == 0 || byte == Byte.backslash { return currentSlowly() }
        return byte
    }

    @inline(never)
    private mutating func currentSlowly() -> UInt8 {
        while true {
            let byte = base[pos]
            if byte == Byte.backslash {
                if pos &+ 1 == end { _ = more() }
                if base[pos &+ 1] != Byte.newline { return byte }
                pos &+= 2
            } else if byte == 0 {
                if pos < end { pos &+= 1 } else if !more() { return 0 }
            } else {
                return byte
            }
        }
    }

    /// The byte after the one at the cursor, after line continuations, and its offset.
    @inline(__always)
    mutating func following() -> (byte: UInt8, offset: Int) {
        var offset = pos &+ 1
        while base[offset] == Byte.backslash && stepOverContinuation(&offset) {}
        return (base[offset], offset)
    }

    /// Goes past the line continuation at `offset`, where a backslash is, and sees to it that what follows is there; false when there is none.
    @inline(never)
    mutating func stepOverContinuation(_ offset: inout Int) -> Bool {
        if base[offset &+ 1] != Byte.newline { return false }
        offset &+= 2
        if offset == end { _ = more() }
        return true
    }

    /// Goes to the next token on this line: over blanks, line continuations and a comment.
    @inline(__always)
    mutating func skipBlanks() {
        while true {
            let byte = base[pos]
            if byte == Byte.space || byte == Byte.tab {
                pos &+= 1
            } else if byte == Byte.hash || byte == Byte.backslash || byte == 0 {
                if !skipBlanksSlowly(byte) { return }
            } else {
                return
            }
        }
    }

    /// A comment, a line continuation, a NUL or the end of the text; false when a token starts here or there is no more.
    @inline(never)
    private mutating func skipBlanksSlowly(_ byte: UInt8) -> Bool {
        if byte == Byte.hash {
            note(.comment, pos)
            while true {
                while base[pos] != Byte.newline && base[pos] != 0 { pos &+= 1 }
                if base[pos] == Byte.newline || pos == end {
                    note(.blank, pos)
                    return base[pos] == 0 && more()
                }
                pos &+= 1
            }
        }
        if byte == 0 {
            if pos < end {
                pos &+= 1
                return true
            }
            return more()
        }
        if pos &+ 1 == end { _ = more() }
        if base[pos &+ 1] == Byte.newline {
            pos &+= 2
            return true
        }
        return false
    }

    /// Tries to add text after `end`; false at the end of input.
    @inline(never)
    mutating func more() -> Bool {
        if isAtEnd { return false }
        switch frame {
        case .backquote: return false
        case .source:
            let old = source.count
            guard let refill, refill(), source.count > old else {
                isAtEnd = true
                return false
            }
            base = source.base
            end = source.count
            return true
        case .alias: return pullLine()
        }
    }

    /// Adds the next line of the text around an alias value.
    private mutating func pullLine() -> Bool {
        var outer = frames.last
        if outer.pos == outer.end {
            guard outer.kind == .source, let refill, refill(), source.count > outer.end else {
                isAtEnd = outer.kind == .source
                return false
            }
            outer.base = source.base
            outer.end = source.count
        }
        var lineEnd = outer.pos
        while lineEnd < outer.end && outer.base[lineEnd] != Byte.newline { lineEnd += 1 }
        if lineEnd < outer.end { lineEnd += 1 }
        let added = lineEnd - outer.pos
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: end + added + 1)
        larger.update(from: base, count: end)
        (larger + end).update(from: outer.base + outer.pos, count: added)
        block?.deallocate()
        block = larger
        base = larger
        end += added
        base[end] = 0
        outer.pos = lineEnd
        frames[frames.count - 1] = outer
        return true
    }

    /// Reads `count` bytes of `newBlock`, from `start`, instead of the current text, until `leaveFrame`.
    mutating func enterFrame(
        _ kind: FrameKind, block newBlock: UnsafeMutablePointer<UInt8>, start: Int, end newEnd: Int,
        mapping newMapping: PlaceMapping
    ) {
        frames.append(
            Frame(
                kind: frame, base: base, pos: pos, end: end, block: block, mapping: mapping, aliasCount: aliases.count,
                serial: serial))
        lastSerial &+= 1
        serial = lastSerial
        frame = kind
        base = newBlock
        block = newBlock
        pos = start
        end = newEnd
        base[end] = 0
        mapping = newMapping
    }

    /// Goes on with the text around the current one.
    mutating func leaveFrame() {
        block?.deallocate()
        let outer = frames.removeLast()
        frame = outer.kind
        base = outer.base
        pos = outer.pos
        end = outer.end
        block = outer.block
        mapping = outer.mapping
        serial = outer.serial
        aliases.pop(to: min(aliases.count, outer.aliasCount))
        if frame == .source {
            base = source.base
            end = source.count
        }
    }
}
