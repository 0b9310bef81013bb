// SPDX-License-Identifier: MPL-2.0

/// A point in time, since 1970.
public struct Timestamp: Equatable, Comparable, Sendable {
    public var seconds: Int64
    public var nanoseconds: UInt32

    public init(seconds: Int64 = 0, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        a.seconds != b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds
    }
}

/// What is at a path: absent, or an object with its attributes. Content, link target and extended attributes are kept
/// beside it where they matter.
public struct NodeState: Equatable, Sendable {
    /// Type and permission bits (S_IFMT and the lower twelve); 0 when nothing is there.
    public var mode: UInt32 = 0
    public var owner: UInt32 = 0
    public var group: UInt32 = 0
    public var links: UInt32 = 0
    public var device: UInt64 = 0
    public var inode: UInt64 = 0
    /// Bytes.
    public var size: UInt64 = 0
    /// The device that a device node stands for.
    public var representedDevice: UInt64 = 0
    public var modification = Timestamp()
    public var access = Timestamp()
    public var change = Timestamp()
    /// 0,0 where the file system does not know it.
    public var birth = Timestamp()

    public init() {}

    public static var absent: NodeState { NodeState() }

    public enum Kind: UInt32, Sendable {
        case absent = 0
        case fifo = 0o010000
        case characterDevice = 0o020000
        case directory = 0o040000
        case blockDevice = 0o060000
        case regular = 0o100000
        case symbolicLink = 0o120000
        case socket = 0o140000
    }

    public var kind: Kind { Kind(rawValue: mode & 0o170000) ?? .absent }
    public var permissions: UInt32 { mode & 0o7777 }
    public var isAbsent: Bool { mode == 0 }
    public var isDirectory: Bool { kind == .directory }
}
