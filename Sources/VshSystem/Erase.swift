// SPDX-License-Identifier: MPL-2.0
import CVshSystem

/// Overwriting of content.
extension System {
    /// Writes `size` bytes from the start on, each `value`, or random ones made from `seed` when it is nil, and waits until
    /// they are on the disk. (C: pwrite, fsync)
    public static func overwrite(_ fd: Int32, size: Int64, value: UInt8?, seed: UInt64) throws(Errno) {
        try run(vsh_overwrite(fd, size, value.map { Int32($0) } ?? -1, seed))
    }

    /// Whether reading gives back what `overwrite` wrote; the cache is passed by where that can be. (C: pread)
    public static func wasOverwritten(_ fd: Int32, size: Int64, value: UInt8?, seed: UInt64) throws(Errno) -> Bool {
        try check(vsh_was_overwritten(fd, size, value.map { Int32($0) } ?? -1, seed)) == 1
    }
}
