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

    /// The locks of a file: `1: FLOCK  ADVISORY  READ  812 00:19:4711 0 EOF`, in words. Who waits has `->` behind the number. (/proc/locks)
    private static func locks(_ inode: UInt64) -> [[ArraySlice<UInt8>]] {
        guard let fd = try? FileDescriptor("/proc/locks", .readOnly), let text = try? fd.readAll() else { return [] }
        let end = Array(":\(inode)".utf8)
        return text[...].split(separator: 10).map { $0.split(separator: 32) }
            .filter { $0.count > 7 && $0[5].suffix(end.count).elementsEqual(end) }
    }

    private static func number<N: FixedWidthInteger>(_ word: ArraySlice<UInt8>) -> N? {
        N(String(decoding: word, as: UTF8.self))
    }

    /// The processes that hold locks of a whole file, as they were when they took them.
    public static func lockHolders(_ inode: UInt64) -> [(process: Int32, isShared: Bool)] {
        locks(inode).compactMap { words in
            guard words[1].elementsEqual("FLOCK".utf8), let process: Int32 = number(words[4]) else { return nil }
            return (process, words[3].elementsEqual("READ".utf8))
        }
    }

    /// Whether a process runs this program, too; also when that cannot be seen.
    public static func isSameProgram(_ process: Int32) -> Bool {
        guard let own = try? FileStatus(Array("/proc/self/exe".utf8)),
            let other = try? FileStatus(Array("/proc/\(process)/exe".utf8))
        else { return true }
        return own.isSameFile(as: other)
    }

    /// A process that has a record lock for reading on some of these bytes of a file; -1 when it is not known which (an open file description's),
    /// nil when there is none.
    public static func readLockHolder(_ inode: UInt64, _ range: ClosedRange<Int64>) -> Int32? {
        let found = locks(inode).first { words in
            guard words[1].elementsEqual("POSIX".utf8) || words[1].elementsEqual("OFDLCK".utf8),
                words[3].elementsEqual("READ".utf8), let first: Int64 = number(words[6])
            else { return false }
            return first <= range.upperBound && number(words[7]) ?? Int64.max >= range.lowerBound
        }
        return found.map { number($0[4]) ?? -1 }
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

    /// Maps a file into memory; -1: none, the memory is zero at first. (C: mmap)
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
