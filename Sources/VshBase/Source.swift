// SPDX-License-Identifier: MPL-2.0

/// A piece of shell text with its name: where tokens, trees and errors point to. It may grow while it is read (standard input, a terminal).
public final class Source {
    /// Why the text exists.
    public enum Origin: UInt8 {
        case file, commandString, standardInput, terminal, eval, dot, trap, alias, commandSubstitution, environment

        /// What the shell was called for, not what its commands bring.
        public var isMain: Bool { rawValue <= Origin.terminal.rawValue }
    }

    /// What messages call it: a file name, or the shell's name.
    public let name: Text
    public let origin: Origin
    /// The line number of the first byte, counted from 1.
    public let firstLine: Int

    /// The bytes; `bytes[count]` is always readable and 0. The pointer changes when the source grows.
    public private(set) var base: UnsafeMutablePointer<UInt8>
    public private(set) var count: Int
    private var capacity: Int
    /// Offsets of the starts of further lines found so far, for `line(at:)`.
    private var lineStarts = Table<Int>(capacity: 0)
    private var scanned = 0

    public init(name: Text, origin: Origin, firstLine: Int = 1, bytes: UnsafeBufferPointer<UInt8>) {
        self.name = name
        self.origin = origin
        self.firstLine = firstLine
        count = bytes.count
        capacity = bytes.count
        base = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + 1)
        if count > 0 { base.update(from: bytes.baseAddress!, count: count) }
        base[count] = 0
    }

    /// Takes over `base`, which holds `count` bytes, has room for one more, and was allocated by `UnsafeMutablePointer.allocate`.
    public init(
        name: Text, origin: Origin, firstLine: Int = 1, adopting base: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        self.name = name
        self.origin = origin
        self.firstLine = firstLine
        self.base = base
        self.count = count
        capacity = count
        base[count] = 0
    }

    public convenience init(name: Text, origin: Origin, firstLine: Int = 1, text: Text) {
        let length = text.count
        let base = UnsafeMutablePointer<UInt8>.allocate(capacity: length + 1)
        text.withBytes { if length > 0 { base.update(from: $0.baseAddress!, count: length) } }
        self.init(name: name, origin: origin, firstLine: firstLine, adopting: base, count: length)
    }

    deinit { base.deallocate() }

    /// Adds bytes at the end.
    public func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        if bytes.isEmpty { return }
        if count + bytes.count > capacity {
            capacity = max(capacity * 2, count + bytes.count, 256)
            base = reallocate(base, capacity: capacity + 1)
        }
        (base + count).update(from: bytes.baseAddress!, count: bytes.count)
        count += bytes.count
        base[count] = 0
    }

    public func append(_ text: Text) { text.withBytes { append($0) } }

    /// Makes room for exactly `room` more bytes, lets `fill` write there, and keeps as many as it says it wrote.
    public func append<E: Error>(
        unfilled room: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) throws(E) -> Int
    ) throws(E) {
        if count + room > capacity {
            capacity = count + room
            base = reallocate(base, capacity: capacity + 1)
        }
        let written = try fill(UnsafeMutableBufferPointer(start: base + count, count: room))
        precondition(written >= 0 && written <= room, "wrote past the room")
        count += written
        base[count] = 0
    }

    /// The line of the byte at `offset`, counted from `firstLine`. Amortised O(log lines).
    public func line(at offset: Int) -> Int { firstLine + lineIndex(offset) }

    /// The column of the byte at `offset`, in bytes from 1.
    public func column(at offset: Int) -> Int { min(offset, count) - lineStart(offset) + 1 }

    /// The bytes of the line that holds `offset`, without its newline.
    public func lineBytes(at offset: Int) -> [UInt8] {
        let start = lineStart(offset)
        var end = start
        while end < count && base[end] != 10 { end += 1 }
        return Array(UnsafeBufferPointer(start: base + start, count: end - start))
    }

    private func lineStart(_ offset: Int) -> Int {
        let index = lineIndex(offset)
        return index == 0 ? 0 : lineStarts[index - 1]
    }

    private func lineIndex(_ offset: Int) -> Int {
        let limit = min(offset, count)
        while scanned < limit {
            if base[scanned] == 10 { lineStarts.append(scanned + 1) }
            scanned += 1
        }
        var low = 0
        var high = lineStarts.count
        while low < high {
            let middle = (low + high) / 2
            if lineStarts[middle] <= limit { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
