// SPDX-License-Identifier: MPL-2.0

/// A growable stack of bytes of one owner: scratch space for words under construction, captured output, messages.
public struct ByteStack: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    public private(set) var count: Int
    public private(set) var capacity: Int

    public init(capacity: Int = 256) {
        base = UnsafeMutablePointer<UInt8>.allocate(capacity: max(capacity, 16))
        count = 0
        self.capacity = max(capacity, 16)
    }

    /// Without memory.
    private init() {
        base = UnsafeMutablePointer<UInt8>(bitPattern: 16).unsafelyUnwrapped
        count = 0
        capacity = 0
    }

    /// Moves the bytes and their memory to the stack returned.
    public mutating func takeAll() -> ByteStack {
        var taken = ByteStack()
        swap(&self, &taken)
        return taken
    }

    deinit {
        if capacity > 0 { base.deallocate() }
    }

    @inline(__always)
    public var isEmpty: Bool { count == 0 }

    @inline(__always)
    public subscript(index: Int) -> UInt8 {
        get {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "byte index out of range")
            return base[index]
        }
        set {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "byte index out of range")
            base[index] = newValue
        }
    }

    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        if count == capacity { grow(1) }
        base[count] = byte
        count &+= 1
    }

    @inline(__always)
    public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        let added = bytes.count
        if added == 0 { return }
        if count &+ added > capacity { grow(added) }
        (base + count).update(from: bytes.baseAddress!, count: added)
        count &+= added
    }

    @inline(__always)
    public mutating func append(_ text: Text) {
        if text.storage != nil { return text.withBytes { self.append($0) } }
        // Two words, whatever the count: what stands behind the text is not in use.
        if count &+ 16 > capacity { grow(16) }
        let place = UnsafeMutableRawPointer(base + count)
        place.storeBytes(of: text.low, as: UInt64.self)
        place.storeBytes(of: text.high, toByteOffset: 8, as: UInt64.self)
        count &+= Int(truncatingIfNeeded: text.high >> 56)
    }

    public mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { self.append($0) }
    }

    @inline(__always)
    public mutating func append(_ literal: StaticString) {
        append(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Appends the UTF-8 bytes of `string`; for messages.
    public mutating func append(string: String) {
        for byte in string.utf8 { append(byte) }
    }

    /// Appends the decimal digits of `value`.
    public mutating func append(decimal value: Int) { append(Text(decimal: value)) }

    /// Makes room for `count` more bytes, lets `fill` write there, and keeps as many as it says it wrote.
    @inline(__always)
    public mutating func append<E: Error>(
        unfilled room: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) throws(E) -> Int
    ) throws(E) {
        if count &+ room > capacity { grow(room) }
        let written = try fill(UnsafeMutableBufferPointer(start: base + count, count: room))
        precondition(written >= 0 && written <= room, "wrote past the room")
        count &+= written
    }

    /// Drops the bytes from `mark` on.
    @inline(__always)
    public mutating func pop(to mark: Int) {
        precondition(mark >= 0 && mark <= count, "mark out of range")
        count = mark
    }

    /// A copy of the bytes from `mark` on.
    @inline(__always)
    public func text(from mark: Int) -> Text {
        precondition(mark >= 0 && mark <= count, "mark out of range")
        return Text(UnsafeBufferPointer(start: base + mark, count: count &- mark))
    }

    /// A copy of the bytes `range`.
    @inline(__always)
    public func text(_ range: Range<Int>) -> Text {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range out of bounds")
        return Text(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// Calls `body` with the bytes from `mark` on. The stack must not change during the call.
    @inline(__always)
    public func withBytes<R, E: Error>(
        from mark: Int = 0, _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(mark >= 0 && mark <= count, "mark out of range")
        return try body(UnsafeBufferPointer(start: base + mark, count: count &- mark))
    }

    /// Gives memory back when more than `keep` bytes have room, once the stack is empty.
    public mutating func shrink(to keep: Int) {
        if count == 0 && capacity > keep {
            base.deallocate()
            base = UnsafeMutablePointer<UInt8>.allocate(capacity: max(keep, 16))
            capacity = max(keep, 16)
        }
    }

    @inline(never)
    private mutating func grow(_ added: Int) {
        let old = capacity
        capacity = max(capacity &* 2, count &+ added)
        base = old > 0 ? reallocate(base, capacity: capacity) : .allocate(capacity: capacity)
    }
}
