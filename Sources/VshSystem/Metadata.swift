// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc

/// Modes, owners and times.
extension System {
    /// `mode`: the twelve permission bits. (C: fchmodat)
    /// - Parameter follow: false: EOPNOTSUPP for a symbolic link.
    public static func changeMode(
        _ path: some PathArgument, _ mode: UInt32, at directory: Int32 = At.current, follow: Bool = true
    ) throws(Errno) {
        let flags = follow ? 0 : Int32(VSH_AT_NO_FOLLOW)
        try run(path.withPath { vsh_change_mode(directory, $0, mode, flags) })
    }

    /// Also for a descriptor opened with `.path`. (C: fchmod)
    public static func changeMode(descriptor fd: Int32, _ mode: UInt32) throws(Errno) {
        try run(vsh_change_mode(fd, "", mode, Int32(VSH_AT_EMPTY_PATH)))
    }

    /// Nil leaves that one as it is. (C: fchownat)
    public static func changeOwner(
        _ path: some PathArgument, owner: UInt32?, group: UInt32?, at directory: Int32 = At.current, follow: Bool = true
    ) throws(Errno) {
        let flags = follow ? 0 : Int32(VSH_AT_NO_FOLLOW)
        let (owner, group) = (owner ?? .max, group ?? .max)
        try run(path.withPath { vsh_change_owner(directory, $0, owner, group, flags) })
    }

    /// Also for a descriptor opened with `.path`. (C: fchownat, AT_EMPTY_PATH)
    public static func changeOwner(descriptor fd: Int32, owner: UInt32?, group: UInt32?) throws(Errno) {
        try run(vsh_change_owner(fd, "", owner ?? .max, group ?? .max, Int32(VSH_AT_EMPTY_PATH)))
    }

    /// A time to set.
    public enum TimeChange: Sendable {
        case now
        case keep
        case set(FileTime)

        @inline(__always)
        var fields: (seconds: Int64, nanoseconds: Int64) {
            switch self {
            case .now: (0, Int64(VSH_TIME_NOW))
            case .keep: (0, Int64(VSH_TIME_OMIT))
            case .set(let time): (time.seconds, Int64(time.nanoseconds))
            }
        }
    }

    /// (C: utimensat)
    public static func setTimes(
        _ path: some PathArgument, access: TimeChange, modification: TimeChange, at directory: Int32 = At.current,
        follow: Bool = true
    ) throws(Errno) {
        let (a, m) = (access.fields, modification.fields)
        let flags = follow ? 0 : Int32(VSH_AT_NO_FOLLOW)
        try run(
            path.withPath { vsh_set_times(directory, $0, a.seconds, a.nanoseconds, m.seconds, m.nanoseconds, flags) })
    }

    /// (C: futimens)
    public static func setTimes(descriptor fd: Int32, access: TimeChange, modification: TimeChange) throws(Errno) {
        let (a, m) = (access.fields, modification.fields)
        try run(vsh_set_times(fd, nil, a.seconds, a.nanoseconds, m.seconds, m.nanoseconds, 0))
    }

    /// Sets the file mode creation mask and returns the one before. (C: umask)
    @discardableResult
    public static func setFileModeMask(_ mask: UInt32) -> UInt32 { UInt32(umask(mode_t(mask))) }

    /// The file mode creation mask. (C: umask, twice)
    public static func fileModeMask() -> UInt32 {
        let mask = umask(0o077)
        umask(mask)
        return UInt32(mask)
    }
}

/// Extended attributes, which hold access control lists and capabilities too.
public enum ExtendedAttributes {
    /// What the attributes belong to.
    public enum Target {
        /// A descriptor, not one opened with `.path`.
        case descriptor(Int32)
        /// A descriptor opened with `.path`, of a symbolic link too. (/proc/self/fd)
        case place(Int32)
        /// A path relative to the working directory; NUL-terminated bytes, valid during the call.
        case path(UnsafePointer<CChar>, follow: Bool)
    }

    @inline(__always)
    private static func with<R>(_ target: Target, _ body: (Int32, UnsafePointer<CChar>?, Int32) -> R) -> R {
        switch target {
        case .descriptor(let fd): return body(fd, nil, 1)
        case .place(let fd): return Array("/proc/self/fd/\(fd)\0".utf8).withPath { body(-1, $0, 1) }
        case .path(let path, let follow): return body(-1, path, follow ? 1 : 0)
        }
    }

    /// Fetches bytes whose size may change between asking for it and reading.
    private static func fetch(_ call: (UnsafeMutableRawPointer?, Int) -> Int) throws(Errno) -> [UInt8] {
        while true {
            let capacity = try check(call(nil, 0))
            if capacity == 0 { return [] }
            var length = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                length = call(buffer.baseAddress!, capacity)
                count = max(length, 0)
            }
            if length == Int(-ERANGE) { continue }
            _ = try check(length)
            return bytes
        }
    }

    /// The names, without NUL. Empty where the file system has none. (C: listxattr, llistxattr, flistxattr)
    public static func names(_ target: Target) throws(Errno) -> [[UInt8]] {
        do {
            let bytes = try with(target) { fd, path, follow in
                Result { () throws(Errno) in
                    try fetch { vsh_list_attributes(fd, path, follow, $0?.assumingMemoryBound(to: CChar.self), $1) }
                }
            }.get()
            return bytes.split(separator: 0).map { Array($0) }
        } catch .notSupported {
            return []
        }
    }

    /// The value, nil when there is no such attribute. (C: getxattr, lgetxattr, fgetxattr)
    public static func value(_ target: Target, _ name: some PathArgument) throws(Errno) -> [UInt8]? {
        do {
            return try with(target) { fd, path, follow in
                Result { () throws(Errno) in
                    try name.withPath { (name) throws(Errno) in
                        try fetch { vsh_get_attribute(fd, path, follow, name, $0, $1) }
                    }
                }
            }.get()
        } catch .noData {
            return nil
        } catch .notSupported {
            return nil
        }
    }

    /// (C: setxattr, lsetxattr, fsetxattr)
    public static func set(_ target: Target, _ name: some PathArgument, _ value: [UInt8]) throws(Errno) {
        try run(
            with(target) { fd, path, follow in
                name.withPath { vsh_set_attribute(fd, path, follow, $0, value, value.count, 0) }
            })
    }

    /// ENODATA when there is no such attribute. (C: removexattr, lremovexattr, fremovexattr)
    public static func remove(_ target: Target, _ name: some PathArgument) throws(Errno) {
        try run(
            with(target) { fd, path, follow in name.withPath { vsh_remove_attribute(fd, path, follow, $0) } })
    }
}
