// SPDX-License-Identifier: MPL-2.0
import CVshSystem

/// CRC-32C (Castagnoli): for records that a crash may cut short.
public enum CRC32C {
    /// The checksum of `bytes`, continued from `seed`, the checksum of what came before.
    @inline(__always)
    public static func checksum(_ bytes: UnsafeRawBufferPointer, continuing seed: UInt32 = 0) -> UInt32 {
        guard let start = bytes.baseAddress else { return seed }
        return vsh_crc32c(seed, start, bytes.count)
    }
}

/// SHA-256 (FIPS 180-4) of a stream of bytes.
public struct SHA256 {
    private var raw = vsh_sha256()

    public init() { vsh_sha256_start(&raw) }

    public mutating func add(_ bytes: UnsafeRawBufferPointer) { vsh_sha256_add(&raw, bytes.baseAddress, bytes.count) }
    public mutating func add(_ bytes: [UInt8]) { vsh_sha256_add(&raw, bytes, bytes.count) }

    /// The 32 bytes of the digest of what was added; more can be added afterwards.
    public func digest() -> [UInt8] {
        var copy = raw
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            vsh_sha256_finish(&copy, buffer.baseAddress!)
            count = 32
        }
    }

    /// The digest of `bytes`.
    public static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.add(bytes)
        return hash.digest()
    }

    /// The digests of many messages, 32 bytes each: several at a time, where the processor can.
    /// - Parameters:
    ///   - messages: one behind the other.
    ///   - ends: where each ends, in order.
    public static func digests(_ messages: [UInt8], ends: [Int]) -> [UInt8] {
        if ends.isEmpty { return [] }
        precondition(ends.last! <= messages.count)
        return [UInt8](unsafeUninitializedCapacity: 32 * ends.count) { buffer, count in
            ends.withUnsafeBufferPointer { ends in
                messages.withUnsafeBytes { messages in
                    ends.withMemoryRebound(to: UInt.self) { ends in
                        // Of empty messages there may be nothing to point to.
                        var nothing: UInt8 = 0
                        vsh_sha256_many(
                            messages.baseAddress ?? UnsafeRawPointer(&nothing), ends.baseAddress!, ends.count,
                            buffer.baseAddress!)
                    }
                }
            }
            count = 32 * ends.count
        }
    }
}
