// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc
import VshBase

/// Opening, reading, writing and duplicating descriptors, as plain numbers. `FileDescriptor` owns one.
extension System {
    /// Opens a file. EINTR is thrown: opening a FIFO waits. (C: openat)
    /// - Parameter mode: permission bits of a new file, before the umask.
    public static func open(
        _ path: some PathArgument, _ flags: OpenFlags, mode: UInt32 = 0o666, at directory: Int32 = At.current
    ) throws(Errno) -> Int32 {
        if flags.contains(.noLinks) {
            return try open(path, flags.subtracting(.noLinks), mode: mode, at: directory, resolve: .noSymbolicLinks)
        }
        return try check(path.withPath { vsh_open(directory, $0, flags.rawValue, mode) })
    }

    /// Opens a file and resolves its path as `resolve` says; a rename that raced is tried again. (C: openat2)
    public static func open(
        _ path: some PathArgument, _ flags: OpenFlags, mode: UInt32 = 0o666, at directory: Int32 = At.current,
        resolve: ResolveFlags
    ) throws(Errno) -> Int32 {
        try check(path.withPath { vsh_open_resolved(directory, $0, flags.rawValue, mode, resolve.rawValue) })
    }

    /// Closes a descriptor. Never repeated, as it is gone even after EINTR, which is not thrown. (C: close)
    public static func close(_ fd: Int32) throws(Errno) { try run(vsh_close(fd)) }

    /// The bytes read, 0 at the end. EINTR is thrown. (C: read)
    @inline(__always)
    public static func read(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        try check(vsh_read(fd, buffer.baseAddress, buffer.count))
    }

    /// The bytes written, perhaps not all. EINTR is thrown. (C: write)
    @inline(__always)
    public static func write(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int {
        try check(vsh_write(fd, bytes.baseAddress, bytes.count))
    }

    /// Writes all bytes, going on after short writes and EINTR. (C: write)
    public static func writeAll(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) throws(Errno) {
        try run(vsh_write_all(fd, bytes.baseAddress, bytes.count, nil))
    }

    /// Writes all bytes, going on after short writes and EINTR. (C: write)
    public static func writeAll(_ fd: Int32, _ bytes: [UInt8]) throws(Errno) {
        try run(vsh_write_all(fd, bytes, bytes.count, nil))
    }

    /// (C: pread)
    public static func read(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer, offset: Int64) throws(Errno)
        -> Int
    {
        try check(vsh_read_at(fd, buffer.baseAddress, buffer.count, offset))
    }

    /// (C: pwrite)
    public static func write(_ fd: Int32, _ bytes: UnsafeRawBufferPointer, offset: Int64) throws(Errno) -> Int {
        try check(vsh_write_at(fd, bytes.baseAddress, bytes.count, offset))
    }

    /// Everything from the present offset to the end of the file, at most `limit` bytes (then EFBIG). (C: read)
    public static func readAll(_ fd: Int32, expecting size: Int = 0, limit: Int = Int.max) throws(Errno) -> [UInt8] {
        if size > 0 {
            // One call, when it is as large as expected: less than was asked for is its end.
            var result = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, count in
                repeat { result = vsh_read(fd, buffer.baseAddress!, size + 1) } while result == Int(-EINTR)
                count = max(result, 0)
            }
            if try check(result) == size { return bytes }
            return try readRest(fd, bytes, limit: limit)
        }
        return try readRest(fd, [], limit: limit)
    }

    private static func readRest(_ fd: Int32, _ start: [UInt8], limit: Int) throws(Errno) -> [UInt8] {
        var bytes = start
        var chunk = 4096
        while true {
            let used = bytes.count
            var result = 0
            bytes.append(contentsOf: repeatElement(0, count: chunk))
            bytes.withUnsafeMutableBytes { raw in
                repeat { result = vsh_read(fd, raw.baseAddress! + used, chunk) } while result == Int(-EINTR)
            }
            bytes.removeLast(chunk - max(result, 0))
            if try check(result) == 0 { return bytes }
            if bytes.count > limit { throw .fileTooBig }
            chunk = min(chunk * 2, 1 << 20)
        }
    }

    public enum Whence: Int32, Sendable {
        case start = 0
        case current = 1
        case end = 2
        /// The next data (SEEK_DATA) or hole (SEEK_HOLE); ENXIO behind the last.
        case data = 3
        case hole = 4
    }

    /// Moves the offset and returns it, from the start. ESPIPE for pipes and terminals. (C: lseek)
    public static func seek(_ fd: Int32, _ offset: Int64, from whence: Whence = .start) throws(Errno) -> Int64 {
        try check(vsh_seek(fd, offset, whence.rawValue))
    }

    /// A copy of `fd` with the lowest free number from `minimum` on. (C: fcntl F_DUPFD, F_DUPFD_CLOEXEC)
    public static func duplicate(_ fd: Int32, from minimum: Int32 = 10, closeOnExec: Bool = true) throws(Errno)
        -> Int32
    {
        try check(vsh_dup_above(fd, minimum, closeOnExec ? 1 : 0))
    }

    /// Makes `target` a copy of `fd`, closing what it was. (C: dup3)
    public static func duplicate(_ fd: Int32, to target: Int32, closeOnExec: Bool = false) throws(Errno) {
        try run(vsh_dup_to(fd, target, closeOnExec ? 1 : 0))
    }

    /// A pipe; both ends are closed on exec. `flags`: `.nonBlocking`, `.direct`. (C: pipe2)
    public static func pipe(_ flags: OpenFlags = []) throws(Errno) -> (read: Int32, write: Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) {
                vsh_pipe($0, flags.union(.closeOnExec).rawValue)
            }
        }
        try run(result)
        return ends
    }

    /// Bytes that a pipe can hold. (C: fcntl F_GETPIPE_SZ)
    public static func pipeCapacity(_ fd: Int32) throws(Errno) -> Int { Int(try check(vsh_pipe_capacity(fd, 0))) }

    /// Bytes that can be read without waiting. (C: ioctl FIONREAD)
    public static func readableBytes(_ fd: Int32) throws(Errno) -> Int { Int(try check(vsh_readable_bytes(fd))) }

    /// A stream to the server whose socket has that path; reading and writing do not wait. (C: socket, connect)
    public static func connect(toLocal path: some PathArgument) throws(Errno) -> Int32 {
        try check(path.withPath { vsh_connect_local($0) })
    }

    /// Whether `fd` is open. (C: fcntl F_GETFD)
    public static func isOpen(_ fd: Int32) -> Bool { vsh_descriptor_flags(fd) >= 0 }

    /// (C: fcntl F_GETFD)
    public static func isClosedOnExec(_ fd: Int32) throws(Errno) -> Bool {
        try check(vsh_descriptor_flags(fd)) & FD_CLOEXEC != 0
    }

    /// (C: fcntl F_SETFD)
    public static func setClosedOnExec(_ fd: Int32, _ isClosed: Bool) throws(Errno) {
        try run(vsh_set_descriptor_flags(fd, isClosed ? FD_CLOEXEC : 0))
    }

    /// Access mode and status flags. (C: fcntl F_GETFL)
    public static func statusFlags(_ fd: Int32) throws(Errno) -> OpenFlags {
        .init(rawValue: try check(vsh_status_flags(fd)))
    }

    /// Sets `.append`, `.nonBlocking` and the like. (C: fcntl F_SETFL)
    public static func setStatusFlags(_ fd: Int32, _ flags: OpenFlags) throws(Errno) {
        try run(vsh_set_status_flags(fd, flags.rawValue))
    }

    /// A file in memory, with close-on-exec. (C: memfd_create)
    public static func memoryFile(_ name: StaticString = "vsh") throws(Errno) -> Int32 {
        try check(name.withPath { vsh_memory_file($0, 1) })
    }

    /// Closes, or marks close-on-exec, all descriptors in the range. (C: close_range)
    public static func closeRange(_ range: ClosedRange<UInt32>, onExec: Bool = false) throws(Errno) {
        try run(vsh_close_range(range.lowerBound, range.upperBound, onExec ? 4 : 0))
    }

    /// Copies up to `count` bytes from one pipe into another without consuming them. The number copied, 0 when nothing waits and no
    /// writer is left; EINVAL when either is not a pipe, EAGAIN when it `waits` for nothing. (C: tee, SPLICE_F_NONBLOCK)
    public static func tee(from source: Int32, to target: Int32, count: Int, waits: Bool = false) throws(Errno) -> Int {
        try check(vsh_tee(source, target, count, waits ? 0 : 2))
    }
}
