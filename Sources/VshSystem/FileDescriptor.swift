// SPDX-License-Identifier: MPL-2.0
import CVshSystem

/// The one owner of an open descriptor: it is closed when the value ends.
public struct FileDescriptor: ~Copyable {
    /// The number, for calls that borrow it.
    public let rawValue: Int32

    /// Takes over `fd`, which must be open and owned by nobody else.
    public init(owning fd: Int32) { rawValue = fd }

    /// Opens a file, always with close-on-exec. EINTR is thrown. (C: openat)
    public init(
        _ path: some PathArgument, _ flags: OpenFlags, mode: UInt32 = 0o666, at directory: Int32 = At.current
    ) throws(Errno) {
        rawValue = try System.open(path, flags.union(.closeOnExec), mode: mode, at: directory)
    }

    /// Opens a file within the bounds of `resolve`, always with close-on-exec. (C: openat2)
    public init(
        _ path: some PathArgument, _ flags: OpenFlags, mode: UInt32 = 0o666, at directory: Int32 = At.current,
        resolve: ResolveFlags
    ) throws(Errno) {
        rawValue = try System.open(path, flags.union(.closeOnExec), mode: mode, at: directory, resolve: resolve)
    }

    deinit { _ = vsh_close(rawValue) }

    /// Closes now and reports what the last writes met (EIO, ENOSPC, EDQUOT on network file systems). (C: close)
    public consuming func close() throws(Errno) {
        let fd = release()
        try System.close(fd)
    }

    /// Gives up ownership: the caller closes the descriptor.
    public consuming func release() -> Int32 {
        let fd = rawValue
        discard self
        return fd
    }

    /// Another owner of the same open file, with the lowest free number from `minimum` on. (C: fcntl F_DUPFD_CLOEXEC)
    public borrowing func duplicate(from minimum: Int32 = 10) throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: try System.duplicate(rawValue, from: minimum))
    }

    /// See `System.read`.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        try System.read(rawValue, into: buffer)
    }

    /// See `System.readAll`.
    public borrowing func readAll(expecting size: Int = 0, limit: Int = Int.max) throws(Errno) -> [UInt8] {
        try System.readAll(rawValue, expecting: size, limit: limit)
    }

    /// See `System.writeAll`.
    public borrowing func writeAll(_ bytes: [UInt8]) throws(Errno) { try System.writeAll(rawValue, bytes) }
}
