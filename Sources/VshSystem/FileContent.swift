// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc

/// Sizes, durability, locks, mappings and copies of file content.
extension System {
    /// (C: ftruncate)
    public static func truncate(_ fd: Int32, to length: Int64) throws(Errno) { try run(vsh_truncate(fd, length)) }

    /// Reserves space. `keepSize`: the file's length does not grow. (C: fallocate)
    public static func allocate(_ fd: Int32, offset: Int64 = 0, length: Int64, keepSize: Bool = false) throws(Errno) {
        try run(vsh_allocate(fd, keepSize ? 1 : 0, offset, length))
    }

    /// (C: fsync)
    public static func sync(_ fd: Int32) throws(Errno) { try run(vsh_sync(fd)) }
    /// (C: fdatasync)
    public static func syncData(_ fd: Int32) throws(Errno) { try run(vsh_sync_data(fd)) }

    public enum Lock: Int32, Sendable {
        case shared = 1
        case exclusive = 2
        case unlocked = 8
    }

    /// Locks the open file description. EINTR is thrown. (C: flock)
    /// - Parameter wait: false: EWOULDBLOCK (= `.wouldBlock`) when another holds the lock.
    public static func lock(_ fd: Int32, _ lock: Lock, wait: Bool = true) throws(Errno) {
        try run(vsh_lock(fd, lock.rawValue | (wait ? 0 : 4)))
    }

    /// The processes that hold locks of a whole file, as they were when they took them. (/proc/locks)
    public static func lockHolders(_ inode: UInt64) -> [(process: Int32, isShared: Bool)] {
        guard let fd = try? FileDescriptor("/proc/locks", .readOnly), let text = try? fd.readAll() else { return [] }
        let end = Array(":\(inode)".utf8)
        var holders: [(process: Int32, isShared: Bool)] = []
        for line in text.split(separator: 10) {
            // `1: FLOCK  ADVISORY  READ  812 00:19:4711 0 EOF`
            let fields = line.split(separator: 32)
            if fields.count > 5, fields[1].elementsEqual("FLOCK".utf8),
                fields[5].suffix(end.count).elementsEqual(end),
                let process = Int32(String(decoding: fields[4], as: UTF8.self))
            {
                holders.append((process, fields[3].elementsEqual("READ".utf8)))
            }
        }
        return holders
    }

    /// Whether a process runs this program, too; also when that cannot be seen.
    public static func isSameProgram(_ process: Int32) -> Bool {
        guard let own = try? FileStatus(Array("/proc/self/exe".utf8)),
            let other = try? FileStatus(Array("/proc/\(process)/exe".utf8))
        else { return true }
        return own.isSameFile(as: other)
    }

    /// A process that has a record lock for reading on some of these bytes of a file; -1 when it is not known which (an open file description's),
    /// nil when there is none. (/proc/locks)
    public static func readLockHolder(_ inode: UInt64, _ range: ClosedRange<Int64>) -> Int32? {
        guard let fd = try? FileDescriptor("/proc/locks", .readOnly), let text = try? fd.readAll() else { return nil }
        let end = Array(":\(inode)".utf8)
        for line in text.split(separator: 10) {
            // `2: OFDLCK ADVISORY  READ  -1 00:19:4711 0 EOF`; who waits has `->` behind the number.
            let fields = line.split(separator: 32)
            guard fields.count > 7, fields[1].elementsEqual("POSIX".utf8) || fields[1].elementsEqual("OFDLCK".utf8),
                fields[3].elementsEqual("READ".utf8), fields[5].suffix(end.count).elementsEqual(end),
                let first = Int64(String(decoding: fields[6], as: UTF8.self))
            else { continue }
            let last = Int64(String(decoding: fields[7], as: UTF8.self)) ?? .max
            if first <= range.upperBound, last >= range.lowerBound {
                return Int32(String(decoding: fields[4], as: UTF8.self)) ?? -1
            }
        }
        return nil
    }

    /// Locks a range of bytes for the open file description; length 0: to the end. EINTR is thrown. (C: F_OFD_SETLK)
    public static func lockRange(_ fd: Int32, _ lock: Lock, start: Int64, length: Int64, wait: Bool = true)
        throws(Errno)
    {
        let type =
            switch lock {
            case .shared: F_RDLCK
            case .exclusive: F_WRLCK
            case .unlocked: F_UNLCK
            }
        try run(vsh_lock_range(fd, Int32(type), start, length, wait ? 1 : 0))
    }

    /// Maps a file into memory. (C: mmap)
    /// - Parameter isShared: writes reach the file and other processes; else a private copy.
    public static func map(
        _ fd: Int32, length: Int, isWritable: Bool = true, isShared: Bool = true, offset: Int64 = 0
    ) throws(Errno) -> UnsafeMutableRawPointer {
        var error: Int32 = 0
        guard let address = vsh_map(length, isWritable ? 1 : 0, isShared ? 1 : 0, fd, offset, &error) else {
            throw Errno(rawValue: -error)
        }
        return address
    }

    /// Gives a writable mapping its pages now. Nothing where the kernel does not know how. (C: madvise MADV_POPULATE_WRITE)
    public static func populate(_ address: UnsafeMutableRawPointer, length: Int) { vsh_populate(address, length) }

    /// (C: munmap)
    public static func unmap(_ address: UnsafeMutableRawPointer, length: Int) throws(Errno) {
        try run(vsh_unmap(address, length))
    }

    /// Waits until a shared mapping's pages are on disk. `address` is a multiple of the page size. (C: msync)
    public static func syncMap(_ address: UnsafeMutableRawPointer, length: Int) throws(Errno) {
        try run(vsh_sync_map(address, length))
    }

    /// Makes `target` share all blocks of `source`. EOPNOTSUPP, EXDEV, EINVAL where the file system cannot.
    /// (C: ioctl FICLONE)
    public static func clone(from source: Int32, to target: Int32) throws(Errno) { try run(vsh_clone(source, target)) }

    /// Copies from and to the present offsets; the bytes copied, 0 at the end. EINTR is thrown. (C: copy_file_range)
    public static func copyRange(from source: Int32, to target: Int32, count: Int) throws(Errno) -> Int {
        try check(vsh_copy_range(source, target, count))
    }
}
