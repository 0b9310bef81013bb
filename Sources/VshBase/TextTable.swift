// SPDX-License-Identifier: MPL-2.0

/// A table of texts that do not change: 16 bytes each where a `Text` takes 24. A text that is held inline is two words as it is; of a slice
/// the first word is its block, and the second has the offset and the count.
public struct TextTable: ~Copyable {
    private struct Item {
        var low: UInt64
        var high: UInt64

        /// Of a slice. The inline form has its count there, which is small.
        static var sliceBit: UInt64 { 1 << 63 }
        static var offsetShift: UInt64 { 40 }
        static var largestOffset: Int { 1 << 23 }
        static var largestCount: Int { 1 << 40 }

        @inline(__always)
        var isSlice: Bool { high & Item.sliceBit != 0 }

        var block: Unmanaged<ByteStorage> {
            Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: UInt(low)).unsafelyUnwrapped)
        }
    }

    private var items: Table<Item>

    public init(capacity: Int = 8) { items = Table(capacity: capacity) }

    private init(_ items: consuming Table<Item>) { self.items = items }

    deinit {
        for index in 0..<items.count where items[index].isSlice { items[index].block.release() }
    }

    @inline(__always)
    public var count: Int { items.count }

    @inline(__always)
    public subscript(index: Int32) -> Text { self[Int(index)] }

    @inline(__always)
    public subscript(index: Int) -> Text {
        let item = items[index]
        return item.isSlice ? slice(item) : Text(low: item.low, high: item.high)
    }

    @inline(never)
    private func slice(_ item: Item) -> Text {
        Text(
            slice: item.block.takeUnretainedValue(),
            offset: Int(truncatingIfNeeded: item.high &>> Item.offsetShift) & (Item.largestOffset - 1),
            count: Int(truncatingIfNeeded: item.high) & (Item.largestCount - 1))
    }

    /// True when the text at `index` has the bytes of `text`; no reference is counted for the most of them, which are inline.
    @inline(__always)
    public func isEqual(_ index: Int32, _ text: borrowing Text) -> Bool {
        let item = items[index]
        if text.storage == nil && !item.isSlice { return item.low == text.low && item.high == text.high }
        return isEqual(item, text)
    }

    @inline(never)
    private func isEqual(_ item: Item, _ text: borrowing Text) -> Bool {
        if item.isSlice { return slice(item) == copy text }
        return Text(low: item.low, high: item.high) == copy text
    }

    @inline(__always)
    public mutating func append(_ text: Text) {
        if text.storage == nil {
            items.append(Item(low: text.low, high: text.high))
        } else {
            appendSlice(text)
        }
    }

    @inline(never)
    private mutating func appendSlice(_ text: Text) {
        var text = text
        if text.low >= Item.largestOffset { text = text.withBytes { Text($0) } }
        precondition(text.high < Item.largestCount, "text too long")
        guard let block = text.storage else { return items.append(Item(low: text.low, high: text.high)) }
        let address = UInt(bitPattern: Unmanaged.passRetained(block).toOpaque())
        items.append(
            Item(low: UInt64(address), high: Item.sliceBit | text.low &<< Item.offsetShift | text.high))
    }

    /// Drops the texts from `mark` on.
    public mutating func pop(to mark: Int) {
        while items.count > mark {
            let item = items.removeLast()
            if item.isSlice { item.block.release() }
        }
    }

    /// Drops all texts; gives memory back when more than `keep` of them had room.
    public mutating func removeAll(keepingCapacityUpTo keep: Int) {
        pop(to: 0)
        items.removeAll(keepingCapacityUpTo: keep)
    }

    /// As `Table.takeRoom`.
    public mutating func takeRoom(_ free: inout UnsafeMutableRawPointer) -> TextTable {
        TextTable(items.takeRoom(&free))
    }

    /// What the elements take of a block.
    func addSize(to size: inout BlockSize) { size.add(items) }
}

extension BlockSize {
    public mutating func add(_ texts: borrowing TextTable) { texts.addSize(to: &self) }
}
