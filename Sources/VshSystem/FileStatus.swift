// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc

/// What kind of file. The raw value is the type part of `st_mode` shifted right by 12, as in `d_type`.
public enum FileType: UInt8, Sendable {
    case unknown = 0
    case fifo = 1
    case characterDevice = 2
    case directory = 4
    case blockDevice = 6
    case regular = 8
    case symbolicLink = 10
    case socket = 12

    @inline(__always)
    public init(mode: UInt32) { self = FileType(rawValue: UInt8(truncatingIfNeeded: (mode >> 12) & 15)) ?? .unknown }

    /// The type part of `st_mode` (S_IFMT).
    public var mode: UInt32 { UInt32(rawValue) << 12 }
}

/// Permission bits of a mode.
public enum Mode {
    public static var setUserID: UInt32 { 0o4000 }
    public static var setGroupID: UInt32 { 0o2000 }
    public static var sticky: UInt32 { 0o1000 }
    /// All twelve bits that chmod sets.
    public static var permissions: UInt32 { 0o7777 }
    /// The bits that say the type (S_IFMT).
    public static var type: UInt32 { 0o170000 }
}

/// A point in time as the file system keeps it.
public struct FileTime: Equatable, Hashable, Comparable, Sendable {
    /// Seconds since 1970, negative before.
    public var seconds: Int64
    /// 0..<1,000,000,000, added to `seconds`.
    public var nanoseconds: UInt32

    @inline(__always)
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    public static func < (a: FileTime, b: FileTime) -> Bool {
        a.seconds != b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds
    }

    /// Nanoseconds since 1970, for times from 1677 to 2262.
    public var totalNanoseconds: Int64 { seconds &* 1_000_000_000 &+ Int64(nanoseconds) }
}

/// What the system knows of a file (stat).
public struct FileStatus: Sendable {
    @usableFromInline var raw: vsh_status

    /// The status of a path. (C: statx)
    @inline(__always)
    public init(_ path: some PathArgument, at directory: Int32 = At.current, follow: Bool = true) throws(Errno) {
        raw = vsh_status()
        try run(path.withPath { vsh_stat(directory, $0, follow ? 0 : Int32(VSH_AT_NO_FOLLOW), &raw) })
    }

    /// The status of an open file. (C: statx, AT_EMPTY_PATH)
    public init(descriptor fd: Int32) throws(Errno) {
        raw = vsh_status()
        try run(vsh_stat(fd, "", Int32(VSH_AT_EMPTY_PATH), &raw))
    }

    public var type: FileType { FileType(mode: raw.mode) }
    /// Type and permissions, `st_mode`.
    public var mode: UInt32 { raw.mode }
    /// The twelve permission bits.
    public var permissions: UInt32 { raw.mode & Mode.permissions }
    public var owner: UInt32 { raw.owner }
    public var group: UInt32 { raw.group }
    /// Bytes.
    public var size: Int64 { Int64(bitPattern: raw.size) }
    public var device: UInt64 { raw.device }
    public var inode: UInt64 { raw.inode }
    public var linkCount: UInt32 { raw.links }
    /// The device that a device file stands for.
    public var representedDevice: UInt64 { raw.rdevice }
    /// Blocks of 512 bytes in use.
    public var blocks: Int64 { Int64(bitPattern: raw.blocks) }
    /// The best size of reads and writes, in bytes.
    public var blockSize: Int { Int(raw.block_size) }
    public var accessTime: FileTime { .init(seconds: raw.access_seconds, nanoseconds: raw.access_nanoseconds) }
    public var modificationTime: FileTime { .init(seconds: raw.modify_seconds, nanoseconds: raw.modify_nanoseconds) }
    public var changeTime: FileTime { .init(seconds: raw.change_seconds, nanoseconds: raw.change_nanoseconds) }
    /// When the inode was made; nil where the file system does not keep it.
    public var birthTime: FileTime? {
        raw.birth_seconds == 0 && raw.birth_nanoseconds == 0
            ? nil : .init(seconds: raw.birth_seconds, nanoseconds: raw.birth_nanoseconds)
    }
    /// Identity of the mount, 0 on kernels before 5.8.
    public var mount: UInt64 { raw.mount }
    /// Nothing in the file can be changed, not even by root (chattr +i).
    public var isImmutable: Bool { raw.attributes & 0x10 != 0 }
    /// The file can only be appended to (chattr +a).
    public var isAppendOnly: Bool { raw.attributes & 0x20 != 0 }
    /// A mount is on this directory. (C: STATX_ATTR_MOUNT_ROOT)
    public var isMountRoot: Bool { raw.attributes & 0x2000 != 0 }

    public var isDirectory: Bool { raw.mode & 0o170000 == 0o040000 }
    public var isRegular: Bool { raw.mode & 0o170000 == 0o100000 }
    /// A FIFO, or the end of a pipe.
    public var isPipe: Bool { raw.mode & 0o170000 == 0o010000 }
    public var isSymbolicLink: Bool { raw.mode & 0o170000 == 0o120000 }

    /// The same inode.
    public func isSameFile(as other: FileStatus) -> Bool {
        raw.inode == other.raw.inode && raw.device == other.raw.device
    }

    /// Splits and joins a device number. (C: major, minor, makedev)
    public static func major(_ device: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: (device >> 8) & 0xfff | (device >> 32) & 0xffff_f000)
    }
    public static func minor(_ device: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: device & 0xff | (device >> 12) & 0xffff_ff00)
    }
    public static func device(major: UInt32, minor: UInt32) -> UInt64 {
        let (major, minor) = (UInt64(major), UInt64(minor))
        return minor & 0xff | (major & 0xfff) << 8 | (minor & 0xffff_ff00) << 12 | (major & 0xffff_f000) << 32
    }
}

extension System {
    public struct Access: OptionSet, Sendable {
        public var rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        public static var exists: Access { [] }
        public static var execute: Access { .init(rawValue: 1) }
        public static var write: Access { .init(rawValue: 2) }
        public static var read: Access { .init(rawValue: 4) }
    }

    /// Whether the effective user may do this with the file. (C: faccessat, AT_EACCESS)
    public static func isAccessible(
        _ path: some PathArgument, _ access: Access, at directory: Int32 = At.current, follow: Bool = true
    ) -> Bool {
        let flags = VSH_AT_EFFECTIVE | (follow ? 0 : VSH_AT_NO_FOLLOW)
        return path.withPath { vsh_access(directory, $0, access.rawValue, Int32(flags)) } == 0
    }

    /// Whether nothing has this name, not even a symbolic link; false where that cannot be told. (C: faccessat, AT_SYMLINK_NOFOLLOW)
    public static func isVacant(_ path: UnsafePointer<CChar>, at directory: Int32 = At.current) -> Bool {
        let flags = VSH_AT_EFFECTIVE | VSH_AT_NO_FOLLOW
        return vsh_access(directory, path, Access.exists.rawValue, Int32(flags)) == -Errno.noEntry.rawValue
    }

    /// The same, with the reason. (C: faccessat, AT_EACCESS)
    public static func checkAccess(_ path: some PathArgument, _ access: Access, at directory: Int32 = At.current)
        throws(Errno)
    {
        try run(path.withPath { vsh_access(directory, $0, access.rawValue, Int32(VSH_AT_EFFECTIVE)) })
    }

    /// What a file system has. (C: fstatfs)
    public struct FileSystemStatus: Sendable {
        @usableFromInline var raw: vsh_file_system
        /// The magic number of the type: 0xEF53 ext, 0x9123683E btrfs, 0x58465342 XFS, 0x01021994 tmpfs.
        public var type: UInt64 { raw.type }
        public var totalBytes: UInt64 { raw.blocks &* raw.block_size }
        /// Bytes that an unprivileged process can use.
        public var availableBytes: UInt64 { raw.available_blocks &* raw.block_size }
        public var totalFiles: UInt64 { raw.files }
        public var freeFiles: UInt64 { raw.free_files }
        public var longestName: Int { Int(raw.name_max) }
        public var isReadOnly: Bool { raw.flags & 1 != 0 }
        public var identity: UInt64 { raw.id }
    }

    /// (C: fstatfs)
    public static func fileSystemStatus(_ fd: Int32) throws(Errno) -> FileSystemStatus {
        var raw = vsh_file_system()
        try run(vsh_file_system(fd, &raw))
        return FileSystemStatus(raw: raw)
    }
}
