// SPDX-License-Identifier: MPL-2.0
import CVshSystem

/// What the machine supports.
public enum Machine {
    /// The version of Landlock that the kernel has; 0: none.
    public static var landlock: Int { max(0, Int(vsh_landlock_version())) }

    public struct FileSystemInfo: Sendable {
        /// `ext4`; nil when it is none of those known.
        public var name: String?
        /// The number that statfs gives.
        public var type: UInt64
        /// Bytes.
        public var total: UInt64
        public var available: UInt64
    }

    /// The file system at a path. (C: statfs)
    public static func fileSystem(_ path: some PathArgument) throws(Errno) -> FileSystemInfo {
        var raw = vsh_mounted()
        try run(path.withPath { vsh_mounted($0, &raw) })
        return FileSystemInfo(
            name: raw.name.map { String(cString: $0) }, type: raw.type, total: raw.total, available: raw.available)
    }

    /// Whether files in a directory can share blocks (FICLONE). Throws when no file can be made there.
    public static func sharesBlocks(_ directory: some PathArgument) throws(Errno) -> Bool {
        try check(directory.withPath { vsh_shares_blocks($0) }) == 1
    }
}
