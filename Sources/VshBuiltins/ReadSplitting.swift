// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// The line that `read` splits: the top of `Shell.scratch`, all offsets from its beginning.
struct SplitLine {
    let shell: Shell
    let mark: Int
    /// A backslash takes the meaning from the byte after it.
    let hasEscapes: Bool

    var count: Int { shell.scratch.count - mark }

    /// Past the white space that the line begins with.
    func start() -> Int { withBytes { $0.skipWhiteSpace(0) } }

    /// The field at `position`, and where the one after it begins.
    func field(_ position: Int) -> (field: Range<Int>, next: Int) {
        withBytes { bytes in
            let end = bytes.endOfField(position)
            return (position..<end, bytes.skipDelimiter(end))
        }
    }

    /// What the last variable gets: the one field when nothing but a delimiter follows, else all up to the white space at the end of the line.
    func rest(_ position: Int) -> Range<Int> { withBytes { position..<$0.endOfRest(position) } }

    /// The bytes of a field, without the backslashes that escaped something in it. It is read once: that happens in place.
    func value(_ field: Range<Int>) -> Text {
        let range = mark + field.lowerBound..<mark + field.upperBound
        if !hasEscapes { return shell.scratch.text(range) }
        var kept = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound {
            var byte = shell.scratch[index]
            index &+= 1
            if byte == 92 {
                if index == range.upperBound { break }
                byte = shell.scratch[index]
                index &+= 1
                if byte == 10 { continue }
            }
            shell.scratch[kept] = byte
            kept &+= 1
        }
        return shell.scratch.text(range.lowerBound..<kept)
    }

    @inline(__always)
    private func withBytes<R>(_ body: (SplitBytes) -> R) -> R {
        shell.scratch.withBytes(from: mark) { bytes in
            shell.ifsClass.withElements { classes in
                body(
                    SplitBytes(
                        bytes: bytes, classes: classes, shell: shell, hasEscapes: hasEscapes,
                        isDefault: shell.ifsIsDefault))
            }
        }
    }
}

/// The bytes of the line and what IFS says of each byte: `classes` has 256 elements.
private struct SplitBytes {
    let bytes: UnsafeBufferPointer<UInt8>
    let classes: UnsafeBufferPointer<UInt8>
    unowned(unsafe) let shell: Shell
    let hasEscapes: Bool
    /// IFS is space, tab and newline.
    let isDefault: Bool

    @inline(__always)
    private func isWhiteSpace(_ byte: UInt8) -> Bool { classes[Int(byte)] & 3 == 1 }

    /// Bytes of the character of IFS at `index` that is no white space; 0 when there is none.
    @inline(__always)
    private func separator(_ index: Int) -> Int {
        switch classes[Int(bytes[index])] & 11 {
        case 2: 1
        case 8: shell.longSeparator(UnsafeBufferPointer(rebasing: bytes[index...]))
        default: 0
        }
    }

    @inline(__always)
    func skipWhiteSpace(_ position: Int) -> Int {
        var index = position
        while index < bytes.count && isWhiteSpace(bytes[index]) { index &+= 1 }
        return index
    }

    /// Past white space, at most one other IFS character, and white space. A backslash that escapes is none.
    @inline(__always)
    func skipDelimiter(_ position: Int) -> Int {
        let next = skipWhiteSpace(position)
        if next == bytes.count || hasEscapes && bytes[next] == 92 { return next }
        let width = separator(next)
        return width == 0 ? next : skipWhiteSpace(next &+ width)
    }

    /// The first IFS character that is not escaped, or the end.
    @inline(__always)
    func endOfField(_ position: Int) -> Int {
        let count = bytes.count
        var index = position
        if isDefault && !hasEscapes { index = skipOthers(position) }
        while index < count {
            let byte = bytes[index]
            if hasEscapes && byte == 92 {
                index &+= 2
                continue
            }
            if classes[Int(byte)] & 11 != 0, isWhiteSpace(byte) || separator(index) > 0 { return index }
            index &+= 1
        }
        return count
    }

    /// From `position` on, eight bytes at a time, past those that are no space, tab or newline; a few may be left.
    @inline(__always)
    private func skipOthers(_ position: Int) -> Int {
        guard let base = bytes.baseAddress else { return position }
        var index = position
        while index &+ 8 <= bytes.count {
            let word = UnsafeRawPointer(base).loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if hasZero(word ^ 0x2020_2020_2020_2020) || hasZero(word ^ 0x0909_0909_0909_0909)
                || hasZero(word ^ 0x0A0A_0A0A_0A0A_0A0A)
            {
                break
            }
            index &+= 8
        }
        return index
    }

    @inline(__always)
    private func hasZero(_ word: UInt64) -> Bool {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0
    }

    func endOfRest(_ position: Int) -> Int {
        let count = bytes.count
        let end = endOfField(position)
        if skipDelimiter(end) == count { return end }
        var last = count
        if !hasEscapes {
            while last > end && isWhiteSpace(bytes[last &- 1]) { last &-= 1 }
            return last
        }
        last = end
        var index = end
        while index < count {
            let byte = bytes[index]
            if byte == 92 {
                index &+= 2
                // One that nothing follows is dropped.
                if index <= count { last = index }
                continue
            }
            index &+= 1
            if !isWhiteSpace(byte) { last = index }
        }
        return last
    }
}
