// SPDX-License-Identifier: MPL-2.0

/// What a heap block of bytes knows of itself.
public struct ByteStorageHeader {
    /// Bytes in use, from the start of the block; only the owner of the last slice may extend it.
    public var used: Int
    /// Bytes the block can hold.
    public var capacity: Int
}

/// A heap block of bytes, shared by the `Text` values that are slices of it.
public final class ByteStorage: ManagedBuffer<ByteStorageHeader, UInt8> {
    /// A block of at least `capacity` bytes with none in use.
    @inline(__always)
    public static func allocate(_ capacity: Int) -> ByteStorage {
        let buffer = ByteStorage.create(minimumCapacity: capacity) { _ in
            ByteStorageHeader(used: 0, capacity: capacity)
        }
        return unsafeDowncast(buffer, to: ByteStorage.self)
    }

    /// The first byte. Valid as long as the block is alive.
    @inline(__always)
    public var base: UnsafeMutablePointer<UInt8> { withUnsafeMutablePointerToElements { $0 } }
}
