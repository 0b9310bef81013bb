// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc

/// Flags of open(2). The access mode is one of `readOnly`, `writeOnly`, `readWrite`.
public struct OpenFlags: OptionSet, Sendable {
    public var rawValue: Int32
    @inline(__always)
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static var readOnly: OpenFlags { .init(rawValue: O_RDONLY) }
    public static var writeOnly: OpenFlags { .init(rawValue: O_WRONLY) }
    public static var readWrite: OpenFlags { .init(rawValue: O_RDWR) }
    public static var create: OpenFlags { .init(rawValue: O_CREAT) }
    public static var exclusive: OpenFlags { .init(rawValue: O_EXCL) }
    public static var truncate: OpenFlags { .init(rawValue: O_TRUNC) }
    public static var append: OpenFlags { .init(rawValue: O_APPEND) }
    public static var nonBlocking: OpenFlags { .init(rawValue: O_NONBLOCK) }
    public static var closeOnExec: OpenFlags { .init(rawValue: O_CLOEXEC) }
    public static var directory: OpenFlags { .init(rawValue: O_DIRECTORY) }
    public static var noFollow: OpenFlags { .init(rawValue: O_NOFOLLOW) }
    public static var noControllingTerminal: OpenFlags { .init(rawValue: O_NOCTTY) }
    public static var dataSync: OpenFlags { .init(rawValue: O_DSYNC) }
    public static var sync: OpenFlags { .init(rawValue: O_SYNC) }
    /// Only a place in the tree, no access to content (O_PATH).
    public static var path: OpenFlags { .init(rawValue: Int32(VSH_O_PATH)) }
    /// A file without a name in the directory opened (O_TMPFILE); see `System.link(descriptor:to:)`.
    public static var temporaryFile: OpenFlags { .init(rawValue: Int32(VSH_O_TMPFILE)) }
    public static var noAccessTime: OpenFlags { .init(rawValue: Int32(VSH_O_NOATIME)) }
    public static var direct: OpenFlags { .init(rawValue: Int32(VSH_O_DIRECT)) }
    /// No part of the path may be a symbolic link, else ELOOP. No flag of open(2): openat2 is called instead (RESOLVE_NO_SYMLINKS).
    public static var noLinks: OpenFlags { .init(rawValue: 1 << 30) }

    /// The access mode alone.
    public var accessMode: OpenFlags { .init(rawValue: rawValue & O_ACCMODE) }
    /// Whether content can be written.
    public var isWritable: Bool { accessMode != .readOnly && !contains(.path) }
}

/// How openat2(2) may resolve a path.
public struct ResolveFlags: OptionSet, Sendable {
    public var rawValue: UInt64
    @inline(__always)
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static var noCrossDevice: ResolveFlags { .init(rawValue: 1) }
    public static var noMagicLinks: ResolveFlags { .init(rawValue: 2) }
    public static var noSymbolicLinks: ResolveFlags { .init(rawValue: 4) }
    public static var beneath: ResolveFlags { .init(rawValue: 8) }
    public static var inRoot: ResolveFlags { .init(rawValue: 16) }
}

/// A directory descriptor that names start from.
public enum At {
    /// The working directory (AT_FDCWD).
    public static var current: Int32 { -100 }
}
