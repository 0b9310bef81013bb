// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

extension FileSystem {
    /// open(2) for redirections and for builtins that write. Records what O_CREAT, O_TRUNC, writing and O_APPEND will
    /// change. Files that are not regular files are opened as they are and not recorded.
    /// - Parameters:
    ///   - flags: O_* flags; O_CLOEXEC is up to the caller.
    ///   - mode: permission bits for a new file, before the umask.
    /// - Returns: the descriptor, or a negative errno. -EINTR when a signal came while waiting (FIFO).
    public func open(_ path: Text, in directory: Directory? = nil, flags: Int32, mode: UInt32 = 0o666) -> Int32 {
        path.withCString { open($0, in: directory, flags: flags, mode: mode) }
    }

    /// The same for a NUL-terminated name.
    public func open(_ path: UnsafePointer<CChar>, in directory: Directory? = nil, flags: Int32, mode: UInt32 = 0o666)
        -> Int32
    {
        let flags = OpenFlags(rawValue: flags)
        do {
            if let planner, flags.isWritable || !flags.isDisjoint(with: [.create, .truncate]) {
                return try planner.open(path, directory, flags, mode)
            }
            if flags.isWritable || !flags.isDisjoint(with: [.create, .truncate]), sandbox != nil {
                return try openInside(path, directory, flags, mode)
            }
            return try openHere(path, directory, flags, mode)
        } catch {
            if bounds != nil, error == .accessDenied, !flags.isWritable { noteUnreadable(path, directory) }
            return -error.rawValue
        }
    }

    /// The same, wherever it is.
    @inline(__always)
    func openHere(_ path: UnsafePointer<CChar>, _ directory: Directory?, _ flags: OpenFlags, _ mode: UInt32)
        throws(Errno) -> Int32
    {
        guard isRecording, flags.isWritable || !flags.isDisjoint(with: [.create, .truncate]) else {
            return try System.open(path, flags, mode: mode, at: at(directory))
        }
        return try openRecorded(path, directory, flags, mode)
    }

    private func openRecorded(
        _ path: UnsafePointer<CChar>, _ directory: Directory?, _ flags: OpenFlags, _ mode: UInt32
    ) throws(Errno) -> Int32 {
        if flags.contains(.create) {
            if flags.contains(.exclusive) { return try openNew(path, directory, flags, mode, isVacant: false) }
            // After one new file another is likely, and to ask whether there is a name takes less than to fail to open it.
            if makesFiles, System.isVacant(path, at: at(directory)) {
                return try openNew(path, directory, flags, mode, isVacant: true)
            }
            makesFiles = false
            var isLink = false
            do {
                return try openExisting(path, directory, flags, &isLink)
            } catch {
                if error != .noEntry { throw error }
            }
            makesFiles = !isLink
            return try openNew(path, directory, flags, mode, isVacant: !isLink)
        }
        var isLink = false
        return try openExisting(path, directory, flags, &isLink)
    }

    @inline(__always)
    private func openExisting(
        _ path: UnsafePointer<CChar>, _ directory: Directory?, _ flags: OpenFlags, _ isLink: inout Bool
    ) throws(Errno) -> Int32 {
        let (at, plain) = (at(directory), flags.subtracting([.create, .truncate]))
        let fd: Int32
        do {
            // What is no symbolic link has the name that it was opened under.
            fd = try System.open(path, plain.union(.noFollow), at: at)
        } catch {
            guard error == .tooManySymbolicLinks, !flags.contains(.noFollow) else { throw error }
            isLink = true
            return try keepContent(System.open(path, plain, at: at), flags)
        }
        return try keepContent(fd, flags, path, directory)
    }

    /// The file is open and unchanged: records what is about to change in it, then cuts it when O_TRUNC asks.
    /// - Parameter path: its name, when that is no symbolic link.
    @inline(__always)
    private func keepContent(
        _ fd: Int32, _ flags: OpenFlags, _ path: UnsafePointer<CChar>? = nil, _ directory: Directory? = nil
    ) throws(Errno) -> Int32 {
        do {
            let status = try FileStatus(descriptor: fd)
            guard status.isRegular else { return fd }
            // What has no name any more need not be kept.
            if status.linkCount > 0, let recorder = recording() {
                try keep(fd, status, flags, path, directory, recorder)
            }
            if flags.contains(.truncate) { try System.truncate(fd, to: 0) }
            return fd
        } catch {
            try? System.close(fd)
            throw error
        }
    }

    private func keep(
        _ fd: Int32, _ status: FileStatus, _ flags: OpenFlags, _ path: UnsafePointer<CChar>?, _ directory: Directory?,
        _ recorder: Recorder
    ) throws(Errno) {
        let grows = flags.contains(.append) && !flags.contains(.truncate)
        if recorder.flags(status).known.contentPlan(grows: grows) == .nothing { return }
        if path.map({ !locate($0, directory, first) }) ?? true {
            let found: [UInt8]?
            do {
                found = try pathOfOpenFile(fd)
            } catch {
                if isStrict { throw error }
                recorder.say(Array("a file written to cannot be undone: \(error.message)".utf8))
                return
            }
            guard let found, first.set(found) else { return }
        }
        if isRemoved(first) { throw .noEntry }
        if isState(first) { return }
        recorder.useEarlierName(first, status)
        if grows {
            recorder.recordAppended(first, status)
        } else {
            recorder.recordContent(first, status, fd: fd)
        }
    }

    /// Nothing is there, as far as is known.
    /// - Parameter isVacant: nothing was there a moment ago, not even a symbolic link.
    private func openNew(
        _ path: UnsafePointer<CChar>, _ directory: Directory?, _ flags: OpenFlags, _ mode: UInt32, isVacant: Bool
    ) throws(Errno) -> Int32 {
        let at = at(directory)
        guard let recorder = recording(), locate(path, directory, first) else {
            try passUnrecorded(path)
            return try System.open(path, flags, mode: mode, at: at)
        }
        if isRemoved(first) { throw .noEntry }
        if isState(first) { return try System.open(path, flags, mode: mode, at: at) }
        if !isVacant, !recorder.paths[first.bytes].contains(.covered), try FileStatus.look(path, at: at) != nil {
            // O_EXCL of what exists, or a symbolic link to nothing: then its target is what will be made.
            if flags.contains(.exclusive) { return try System.open(path, flags, mode: mode, at: at) }
            return try openTarget(flags, mode, recorder)
        }
        let record = recorder.recordCreated(first)
        let fd: Int32
        do {
            fd = try System.open(path, flags.union(.exclusive), mode: mode, at: at)
        } catch {
            // Covered, so there is nothing false in the records; or made by another between two calls.
            if let record { recorder.uncover(first, record) }
            if error == .exists, !flags.contains(.exclusive) { return try openTarget(flags, mode, recorder) }
            throw error
        }
        if let status = try? FileStatus(descriptor: fd) { recorder.insert(status, .born) }
        return fd
    }

    /// `first` is a symbolic link, perhaps to nothing: follows it to the place where the file is to be.
    private func openTarget(_ flags: OpenFlags, _ mode: UInt32, _ recorder: Recorder) throws(Errno) -> Int32 {
        if flags.contains(.noFollow) { throw .tooManySymbolicLinks }
        for _ in 0..<40 {
            guard let target = try? System.readLink(first.path) else { break }
            // Relative to the directory of the link.
            let name: [UInt8]
            if target.first == UInt8(ascii: "/") {
                name = target
            } else {
                name = Array(first.parent) + [UInt8(ascii: "/")] + target
            }
            let isFound = (name + [0]).withPath { locate($0, nil, second) }
            guard isFound, first.set(second.array) else { return try System.open(first.path, flags, mode: mode) }
        }
        if isState(first) { return try System.open(first.path, flags, mode: mode) }
        do {
            let fd = try System.open(first.path, flags.subtracting([.create, .truncate]))
            return try keepContent(fd, flags)
        } catch {
            if error != .noEntry { throw error }
        }
        recorder.recordCreated(first)
        let fd = try System.open(first.path, flags.subtracting(.truncate), mode: mode)
        if let status = try? FileStatus(descriptor: fd) { recorder.insert(status, .born) }
        return fd
    }

    /// Opens a directory to work in.
    /// - Parameter follow: whether `path` may be a symbolic link; otherwise that is ELOOP or ENOTDIR.
    public func openDirectory(_ path: Text, in directory: Directory? = nil, follow: Bool = true) throws(FileOpError)
        -> Directory
    {
        let flags: OpenFlags = follow ? [.directory, .closeOnExec] : [.directory, .closeOnExec, .noFollow]
        let fd = try attempt(path) { () throws(Errno) in try System.open(path, flags, at: at(directory)) }
        return Directory(descriptor: fd)
    }

    /// `cp --reflink`.
    public enum Reflink: Sendable { case auto, always, never }

    /// Writes all of `source`'s content into `target`: shared blocks where the file system can (FICLONE), copied in the
    /// kernel otherwise, read and written at last. Holes stay holes. `target` is a descriptor that `open` gave, open for
    /// writing, of an empty file; its recording is done already.
    /// - Returns: 0, or a positive errno; `failedReading` tells which side.
    public func copyContent(from source: Int32, to target: Int32, reflink: Reflink = .auto) -> (
        code: Int32, failedReading: Bool
    ) {
        if isPlanning { return (0, false) }
        let sharing: ContentCopy.Sharing =
            switch reflink {
            case .auto: .whenPossible
            case .always: .always
            case .never: .never
            }
        do {
            try ContentCopy.copy(from: source, to: target, sharing: sharing)
            return (0, false)
        } catch {
            return (error.cause.rawValue, error.isReading)
        }
    }
}
