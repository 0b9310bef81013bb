// SPDX-License-Identifier: MPL-2.0

/// A growable array of one owner: a stack or a table that is never copied, so that no access asks whether it is shared.
///
/// Indexing is checked. Elements are not moved except when the table grows; then bit by bit, so they hold no weak references.
/// 16 bytes.
public struct Table<Element>: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<Element>
    private var used: UInt32
    /// 0 where the elements are in a block that is not the table's own.
    private var room: UInt32

    @inline(__always)
    public private(set) var count: Int {
        get { Int(used) }
        set { used = UInt32(truncatingIfNeeded: newValue) }
    }

    /// For how many elements it has memory of its own.
    @inline(__always)
    public var capacity: Int { Int(room) }

    /// An empty table with room for `capacity` elements; none: it takes no memory before the first one.
    public init(capacity: Int = 8) {
        base =
            capacity == 0
            ? UnsafeMutablePointer<Element>(bitPattern: 16).unsafelyUnwrapped
            : UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        used = 0
        room = UInt32(capacity)
    }

    /// A table with the elements of another one.
    public init(copying other: borrowing Table) {
        self.init(capacity: other.count)
        for index in 0..<other.count { append(other[index]) }
    }

    deinit {
        if count > 0 { base.deinitialize(count: count) }  // of none, it would still ask for the metadata
        if capacity > 0 { base.deallocate() }
    }

    /// Moves the elements and their memory to the table returned.
    public mutating func takeAll() -> Table {
        var taken = Table(capacity: 0)
        swap(&self, &taken)
        return taken
    }

    /// Moves the elements to `free`, which is moved behind them (see `BlockSize`), and gives the room that they had, emptied, to the
    /// table returned. The memory there must outlive the elements of this table: they are dropped by `pop`.
    public mutating func takeRoom(_ free: inout UnsafeMutableRawPointer) -> Table {
        var spare = takeAll()
        if spare.count > 0 {
            base = free.alignedUp(for: Element.self).assumingMemoryBound(to: Element.self)
            base.moveInitialize(from: spare.base, count: spare.count)
            used = spare.used
            spare.used = 0
            free = UnsafeMutableRawPointer(base + count)
        }
        return spare
    }

    @inline(__always)
    public var isEmpty: Bool { count == 0 }

    /// Element `index`, checked.
    @inline(__always)
    public subscript(index: Int) -> Element {
        _read {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "table index out of range")
            yield base[index]
        }
        _modify {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "table index out of range")
            yield &base[index]
        }
    }

    /// Element `index`, checked.
    @inline(__always)
    public subscript(index: Int32) -> Element {
        _read {
            precondition(UInt(bitPattern: Int(index)) < UInt(bitPattern: count), "table index out of range")
            yield base[Int(index)]
        }
        _modify {
            precondition(UInt(bitPattern: Int(index)) < UInt(bitPattern: count), "table index out of range")
            yield &base[Int(index)]
        }
    }

    /// The last element. The table must not be empty.
    @inline(__always)
    public var last: Element {
        _read {
            precondition(count > 0, "empty table has no last element")
            yield base[count &- 1]
        }
        _modify {
            precondition(count > 0, "empty table has no last element")
            yield &base[count &- 1]
        }
    }

    @inline(__always)
    public mutating func append(_ element: Element) {
        if used >= room { grow() }
        (base + count).initialize(to: element)
        used &+= 1
    }

    /// Takes the last element off and returns it.
    @inline(__always)
    public mutating func removeLast() -> Element {
        precondition(count > 0, "empty table has no last element")
        used &-= 1
        return (base + count).move()
    }

    /// Drops the elements from `mark` on.
    @inline(__always)
    public mutating func pop(to mark: Int) {
        if mark < count {
            precondition(mark >= 0, "negative mark")
            (base + mark).deinitialize(count: count &- mark)
            count = mark
        }
    }

    /// Drops all elements; gives memory back when more than `keep` elements had room.
    public mutating func removeAll(keepingCapacityUpTo keep: Int = Int.max) {
        if count > 0 { base.deinitialize(count: count) }
        count = 0
        if capacity > max(keep, 1) {
            base.deallocate()
            base = UnsafeMutablePointer<Element>.allocate(capacity: max(keep, 1))
            room = UInt32(max(keep, 1))
        }
    }

    /// Removes the elements `range` and closes the gap.
    public mutating func removeSubrange(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range out of bounds")
        (base + range.lowerBound).deinitialize(count: range.count)
        let tail = count - range.upperBound
        (base + range.lowerBound).moveInitialize(from: base + range.upperBound, count: tail)
        count -= range.count
    }

    @inline(never)
    private mutating func grow() {
        precondition(used <= UInt32.max / 2, "too many elements")
        let newRoom = max(4, used * 2)
        if room > 0 {
            base = reallocate(base, capacity: Int(newRoom))
        } else {
            let old = base
            base = UnsafeMutablePointer<Element>.allocate(capacity: Int(newRoom))
            if count > 0 { base.moveInitialize(from: old, count: count) }
        }
        room = newRoom
    }

    /// Calls `body` with the elements. The table must not change during the call.
    @inline(__always)
    public func withElements<R, E: Error>(_ body: (UnsafeBufferPointer<Element>) throws(E) -> R) throws(E) -> R {
        try body(UnsafeBufferPointer(start: base, count: count))
    }
}

/// The size of a block that is to take the elements of several tables.
public struct BlockSize {
    public private(set) var bytes = 0

    public init() {}

    public mutating func add<Element>(_ table: borrowing Table<Element>) {
        let alignment = MemoryLayout<Element>.alignment
        bytes = (bytes + alignment - 1) / alignment * alignment + table.count * MemoryLayout<Element>.stride
    }
}
