// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc

/// The reason why a system call failed: errno.
public struct Errno: Error, Equatable, Hashable, RawRepresentable, Sendable {
    /// The positive number of the C macro.
    public var rawValue: Int32

    @inline(__always)
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The text of strerror in the C locale, such as "No such file or directory". (C: strerrordesc_np)
    public var message: String {
        guard let text = vsh_error_text(rawValue) else { return "Unknown error \(rawValue)" }
        return String(cString: text)
    }

    public static var permission: Errno { .init(rawValue: EPERM) }
    public static var noEntry: Errno { .init(rawValue: ENOENT) }
    public static var noProcess: Errno { .init(rawValue: ESRCH) }
    public static var interrupted: Errno { .init(rawValue: EINTR) }
    public static var inputOutput: Errno { .init(rawValue: EIO) }
    public static var noDeviceAddress: Errno { .init(rawValue: ENXIO) }
    public static var argumentsTooLong: Errno { .init(rawValue: E2BIG) }
    public static var execFormat: Errno { .init(rawValue: ENOEXEC) }
    public static var badDescriptor: Errno { .init(rawValue: EBADF) }
    public static var noChild: Errno { .init(rawValue: ECHILD) }
    public static var wouldBlock: Errno { .init(rawValue: EAGAIN) }
    public static var noMemory: Errno { .init(rawValue: ENOMEM) }
    public static var accessDenied: Errno { .init(rawValue: EACCES) }
    public static var badAddress: Errno { .init(rawValue: EFAULT) }
    public static var busy: Errno { .init(rawValue: EBUSY) }
    public static var exists: Errno { .init(rawValue: EEXIST) }
    public static var crossDevice: Errno { .init(rawValue: EXDEV) }
    public static var noDevice: Errno { .init(rawValue: ENODEV) }
    public static var notDirectory: Errno { .init(rawValue: ENOTDIR) }
    public static var isDirectory: Errno { .init(rawValue: EISDIR) }
    public static var invalid: Errno { .init(rawValue: EINVAL) }
    public static var tooManySystemFiles: Errno { .init(rawValue: ENFILE) }
    public static var tooManyFiles: Errno { .init(rawValue: EMFILE) }
    public static var notTerminal: Errno { .init(rawValue: ENOTTY) }
    public static var textBusy: Errno { .init(rawValue: ETXTBSY) }
    public static var fileTooBig: Errno { .init(rawValue: EFBIG) }
    public static var noSpace: Errno { .init(rawValue: ENOSPC) }
    public static var illegalSeek: Errno { .init(rawValue: ESPIPE) }
    public static var readOnlyFileSystem: Errno { .init(rawValue: EROFS) }
    public static var tooManyLinks: Errno { .init(rawValue: EMLINK) }
    public static var brokenPipe: Errno { .init(rawValue: EPIPE) }
    public static var outOfRange: Errno { .init(rawValue: ERANGE) }
    public static var nameTooLong: Errno { .init(rawValue: ENAMETOOLONG) }
    public static var notImplemented: Errno { .init(rawValue: ENOSYS) }
    public static var directoryNotEmpty: Errno { .init(rawValue: ENOTEMPTY) }
    public static var tooManySymbolicLinks: Errno { .init(rawValue: ELOOP) }
    public static var noData: Errno { .init(rawValue: ENODATA) }
    public static var overflow: Errno { .init(rawValue: EOVERFLOW) }
    public static var notSupported: Errno { .init(rawValue: EOPNOTSUPP) }
    public static var quotaExceeded: Errno { .init(rawValue: EDQUOT) }
    public static var staleHandle: Errno { .init(rawValue: ESTALE) }
    public static var timedOut: Errno { .init(rawValue: ETIMEDOUT) }
}

/// System calls, by concern in the files of this module. Unless a comment says otherwise, a failing call throws its
/// `Errno`, and a call interrupted by a signal is repeated.
public enum System {}

/// A negative result as a thrown `Errno`.
@inline(__always)
func check(_ result: Int32) throws(Errno) -> Int32 {
    if result < 0 { throw Errno(rawValue: -result) }
    return result
}

@inline(__always)
func check(_ result: Int) throws(Errno) -> Int {
    if result < 0 { throw Errno(rawValue: Int32(truncatingIfNeeded: -result)) }
    return result
}

@inline(__always)
func check(_ result: Int64) throws(Errno) -> Int64 {
    if result < 0 { throw Errno(rawValue: Int32(truncatingIfNeeded: -result)) }
    return result
}

/// The same for calls whose result says nothing more.
@inline(__always)
func run(_ result: Int32) throws(Errno) {
    if result < 0 { throw Errno(rawValue: -result) }
}
