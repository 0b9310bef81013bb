// SPDX-License-Identifier: MPL-2.0

/// Makes texts that live about as long as each other. Those that do not fit inline share blocks: one of its own would cost each of them
/// a call of the allocator and some 40 bytes more.
public struct TextArena: ~Copyable {
    /// Where the next text goes; nil before the first.
    private var block: ByteStorage?

    /// With its header and the allocator's own a kilobyte.
    private static var blockSize: Int { 976 }
    /// Whatever keeps a text keeps the block of all: a longer one has its own, as `Text.slice` copies what is an eighth of its block.
    private static var longest: Int { blockSize / 8 }

    public init() { block = nil }

    /// A copy of `bytes`.
    @inline(__always)
    public mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) -> Text {
        bytes.count <= Text.inlineCapacity ? Text(inline: bytes) : longText(bytes)
    }

    @inline(never)
    private mutating func longText(_ bytes: UnsafeBufferPointer<UInt8>) -> Text {
        let count = bytes.count
        if count > Self.longest { return Text(block: bytes, capacity: count) }
        if let block, block.header.used &+ count <= block.header.capacity { return add(bytes, to: block) }
        let fresh = ByteStorage.allocate(Self.blockSize)
        block = fresh
        return add(bytes, to: fresh)
    }

    @inline(__always)
    private func add(_ bytes: UnsafeBufferPointer<UInt8>, to block: ByteStorage) -> Text {
        let offset = block.header.used
        (block.base + offset).update(from: bytes.baseAddress!, count: bytes.count)
        block.header.used = offset &+ bytes.count
        return Text(slice: block, offset: offset, count: bytes.count)
    }

    /// To be called when texts were dropped: where none is left of the last block it is filled anew.
    @inline(__always)
    public mutating func reuse() {
        if block != nil, isKnownUniquelyReferenced(&block) { block.unsafelyUnwrapped.header.used = 0 }
    }
}
