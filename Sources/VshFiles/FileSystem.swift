// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase

/// What the changes of a forked child belong to.
public enum ForkRole {
    /// A part of the same command (pipeline stage, subshell, command substitution): changes join the parent's operation.
    case sharedOperation
    /// A background job: an operation of its own, which ends when the child exits.
    case ownOperation
}

/// All changes to the file system that the shell itself makes, and their recording for `undo`. One per shell process.
///
/// Names are relative to a `Directory` (the working directory when none is given) or absolute; what is absolute starts
/// at the root. Every changing call first keeps what is needed to undo it, then acts. Nothing touches the disk until the
/// first change of an operation; a command that changes no file costs nothing.
///
/// When the recording itself fails (no space, a store that cannot be written, a file over the cap), the change is still
/// made, is listed as not undoable, and `takeNotice()` gives one line for the user.
public final class FileSystem {
    /// Whether changes are recorded (`--no-undo`, POSIX mode and an unusable state directory turn it off).
    public internal(set) var isRecording: Bool
    /// Where names without a directory start. Valid for the life of the file system.
    public let workingDirectory: Directory

    public init(isRecording: Bool) {
        self.isRecording = isRecording
        workingDirectory = Directory(descriptor: AT_FDCWD)
    }

    // MARK: Operations

    /// Opens an operation: what one `undo` takes back. Cheap: only notes the text.
    /// - Parameter command: the text to show in `ops` (the command line, or the script's name and arguments).
    public func beginOperation(command: Text) {}

    /// Closes the operation, if one is open, with the exit status of its command.
    public func endOperation(status: Int32) {}

    /// To be called in the child after every fork (not after a spawn).
    public func didFork(_ role: ForkRole) {}

    /// To be called before the shell replaces itself by a program (`exec`, last command in place).
    public func willExec(status: Int32) {}

    /// To be called after the working directory changed.
    public func didChangeDirectory() {}

    /// To be called after a program ran or was started: files may have changed without this object seeing it.
    public func didRunProgram() {}

    /// A line for standard error, without the newline and the `vsh: ` in front: what could not be made undoable since
    /// the last call. Nil when there is nothing to say. One load when there is nothing.
    public func takeNotice() -> [UInt8]? { nil }

    // MARK: Opening

    /// open(2) for redirections and for builtins that write. Records what O_CREAT, O_TRUNC, writing and O_APPEND will
    /// change. Files that are not regular files are opened as they are and not recorded.
    /// - Parameters:
    ///   - flags: O_* flags; O_CLOEXEC is up to the caller.
    ///   - mode: permission bits for a new file, before the umask.
    /// - Returns: the descriptor, or a negative errno. -EINTR when a signal came while waiting (FIFO).
    public func open(_ path: Text, in directory: Directory? = nil, flags: Int32, mode: UInt32 = 0o666) -> Int32 {
        let at = (directory ?? workingDirectory).descriptor
        let fd = path.withCString { openat(at, $0, flags, mode_t(mode)) }
        return fd < 0 ? -errno : fd
    }

    /// Opens a directory to work in.
    /// - Parameter follow: whether `path` may be a symbolic link; otherwise that is ELOOP or ENOTDIR.
    public func openDirectory(_ path: Text, in directory: Directory? = nil, follow: Bool = true) throws(FileOpError)
        -> Directory
    {
        let at = (directory ?? workingDirectory).descriptor
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW)
        let fd = path.withCString { openat(at, $0, flags) }
        guard fd >= 0 else { throw FileOpError(code: errno, path: path.bytes) }
        return Directory(descriptor: fd)
    }

    // MARK: Changes
    // Symbolic links are never followed in the last component unless a parameter says so.

    /// mkdirat(2). `mode` is before the umask.
    public func makeDirectory(_ path: Text, in directory: Directory? = nil, mode: UInt32 = 0o777) throws(FileOpError) {
        try check(path, path.withCString { mkdirat(at(directory), $0, mode_t(mode)) })
    }

    /// unlinkat(2) with AT_REMOVEDIR.
    public func removeDirectory(_ path: Text, in directory: Directory? = nil) throws(FileOpError) {
        try check(path, path.withCString { unlinkat(at(directory), $0, 0x200) })
    }

    /// unlinkat(2) of anything that is not a directory (EISDIR).
    public func unlink(_ path: Text, in directory: Directory? = nil) throws(FileOpError) {
        try check(path, path.withCString { unlinkat(at(directory), $0, 0) })
    }

    /// Removes a directory with everything below it in one step: the tree moves into the store.
    /// - Returns: false when that is not possible here (not recording, other file system, a mount point or a directory
    ///   that may not be changed inside, …) and nothing was changed; the caller then walks the tree and calls
    ///   `unlink` and `removeDirectory`, which report the errors that there are.
    public func removeTree(_ path: Text, in directory: Directory? = nil) -> Bool { false }

    /// renameat2(2). What is at `to` is replaced as rename(2) says, unless `noReplace` (then EEXIST).
    public func rename(
        _ from: Text, in fromDirectory: Directory? = nil, to: Text, in toDirectory: Directory? = nil,
        noReplace: Bool = false
    ) throws(FileOpError) {
        let (a, b) = (at(fromDirectory), at(toDirectory))
        let result = from.withCString { f in to.withCString { t in renameat(a, f, b, t) } }
        try check(from, result)
    }

    /// linkat(2). `follow`: link to what the symbolic link `from` points to.
    public func link(
        _ from: Text, in fromDirectory: Directory? = nil, to: Text, in toDirectory: Directory? = nil,
        follow: Bool = false
    ) throws(FileOpError) {
        let (a, b) = (at(fromDirectory), at(toDirectory))
        let result = from.withCString { f in to.withCString { t in linkat(a, f, b, t, follow ? 0x400 : 0) } }
        try check(to, result)
    }

    /// symlinkat(2).
    public func symbolicLink(target: Text, at path: Text, in directory: Directory? = nil) throws(FileOpError) {
        try check(path, target.withCString { t in path.withCString { symlinkat(t, at(directory), $0) } })
    }

    /// mknodat(2): FIFOs, devices, sockets. `mode` holds the type too, before the umask.
    public func makeNode(_ path: Text, in directory: Directory? = nil, mode: UInt32, device: UInt64 = 0)
        throws(FileOpError)
    {
        try check(path, path.withCString { mknodat(at(directory), $0, mode_t(mode), dev_t(device)) })
    }

    /// fchmodat(2). `mode`: permission bits with set-user-ID, set-group-ID and sticky.
    /// - Parameter follow: false: a symbolic link is left alone with EOPNOTSUPP.
    public func setMode(_ path: Text, in directory: Directory? = nil, mode: UInt32, follow: Bool = true)
        throws(FileOpError)
    {
        try check(path, path.withCString { fchmodat(at(directory), $0, mode_t(mode), follow ? 0 : 0x100) })
    }

    /// fchownat(2). Nil leaves that one as it is.
    public func setOwner(
        _ path: Text, in directory: Directory? = nil, owner: UInt32?, group: UInt32?, follow: Bool = true
    ) throws(FileOpError) {
        let (o, g) = (owner ?? UInt32.max, group ?? UInt32.max)
        try check(path, path.withCString { fchownat(at(directory), $0, o, g, follow ? 0 : 0x100) })
    }

    /// A time to set: seconds and nanoseconds since 1970, now, or leave.
    public enum Time {
        case now
        case omit
        case at(seconds: Int64, nanoseconds: Int64)

        var timespec: timespec {
            switch self {
            case .now: Glibc.timespec(tv_sec: 0, tv_nsec: 0x3fff_ffff)
            case .omit: Glibc.timespec(tv_sec: 0, tv_nsec: 0x3fff_fffe)
            case .at(let s, let n): Glibc.timespec(tv_sec: Int(s), tv_nsec: Int(n))
            }
        }
    }

    /// utimensat(2).
    public func setTimes(
        _ path: Text, in directory: Directory? = nil, access: Time, modification: Time, follow: Bool = true
    ) throws(FileOpError) {
        let result = path.withCString { p in
            var times = (access.timespec, modification.timespec)
            return withUnsafePointer(to: &times) {
                $0.withMemoryRebound(to: timespec.self, capacity: 2) {
                    utimensat(at(directory), p, $0, follow ? 0 : 0x100)
                }
            }
        }
        try check(path, result)
    }

    /// lsetxattr(2) or setxattr(2). Nil removes the attribute.
    public func setAttribute(
        _ path: Text, in directory: Directory? = nil, name: Text, value: [UInt8]?, follow: Bool = false
    ) throws(FileOpError) {
        throw FileOpError(code: ENOTSUP, path: path.bytes)
    }

    /// Writes all of `source`'s content into `target`, from offset 0 on: shared blocks where the file system can
    /// (FICLONE), copied in the kernel otherwise, read and written at last. Holes stay holes. `target` is a descriptor
    /// that `open` gave, open for writing, of an empty file; its recording is done already.
    /// - Returns: 0, or a positive errno; `failedReading` tells which side.
    public func copyContent(from source: Int32, to target: Int32, reflink: Reflink = .auto) -> (
        code: Int32, failedReading: Bool
    ) {
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count == 0 { return (0, false) }
            if count < 0 { return (errno, true) }
            var done = 0
            while done < count {
                let n = buffer.withUnsafeBytes { write(target, $0.baseAddress! + done, count - done) }
                if n < 0 { return (errno, false) }
                done += n
            }
        }
    }

    /// `cp --reflink`.
    public enum Reflink { case auto, always, never }

    private func at(_ directory: Directory?) -> Int32 { (directory ?? workingDirectory).descriptor }

    private func check(_ path: Text, _ result: Int32) throws(FileOpError) {
        if result != 0 { throw FileOpError(code: errno, path: path.bytes) }
    }
}
