// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc

/// One name in a directory.
public struct DirectoryEntry {
    /// The bytes of the name, followed by a NUL. Valid until the next call of the reader that gave it.
    public let name: UnsafeBufferPointer<UInt8>
    /// What the directory says the name is; `.unknown` on file systems that do not say.
    public let type: FileType
    public let inode: UInt64

    /// Whether the name is `.` or `..`.
    public var isDot: Bool {
        name[0] == 46 && (name.count == 1 || name.count == 2 && name[1] == 46)
    }

    /// The NUL-terminated name.
    public var path: UnsafePointer<CChar> {
        UnsafeRawPointer(name.baseAddress!).assumingMemoryBound(to: CChar.self)
    }
}

/// Reads a directory in big steps without allocating for an entry.
public struct DirectoryReader: ~Copyable {
    /// Bytes fetched per call; a buffer given to `init` may have another size (at least 4 KiB).
    public static var bufferSize: Int { 1 << 16 }

    /// The directory's descriptor, for calls relative to it. Belongs to the reader.
    public let descriptor: Int32
    private let buffer: UnsafeMutableRawBufferPointer
    private let ownsBuffer: Bool
    private var filled = 0
    private var offset = 0

    /// Reads the directory that `descriptor` is open on, from its present place.
    /// - Parameter buffer: room that the caller keeps for as long as the reader lives and may use for the next one.
    public init(_ descriptor: consuming FileDescriptor, buffer: UnsafeMutableRawBufferPointer? = nil) {
        self.descriptor = descriptor.release()
        ownsBuffer = buffer == nil
        self.buffer = buffer ?? .allocate(byteCount: Self.bufferSize, alignment: 8)
    }

    /// Opens the directory at `path`. (C: openat)
    public init(
        _ path: some PathArgument, at directory: Int32 = At.current, follow: Bool = true,
        buffer: UnsafeMutableRawBufferPointer? = nil
    ) throws(Errno) {
        let flags: OpenFlags = follow ? [.readOnly, .directory] : [.readOnly, .directory, .noFollow]
        self.init(try FileDescriptor(path, flags, at: directory), buffer: buffer)
    }

    deinit {
        _ = vsh_close(descriptor)
        if ownsBuffer { buffer.deallocate() }
    }

    /// The next entry, `.` and `..` included, in the order of the file system; nil at the end. (C: getdents64)
    public mutating func next() throws(Errno) -> DirectoryEntry? {
        if offset >= filled {
            offset = 0
            filled = 0
            filled = try check(vsh_read_directory(descriptor, buffer.baseAddress!, buffer.count))
            if filled == 0 { return nil }
        }
        var entry = vsh_entry()
        offset = vsh_next_entry(buffer.baseAddress!, offset, &entry)
        let name = UnsafeRawPointer(entry.name).assumingMemoryBound(to: UInt8.self)
        return DirectoryEntry(
            name: UnsafeBufferPointer(start: name, count: entry.length),
            type: FileType(rawValue: entry.type) ?? .unknown, inode: entry.inode)
    }

    /// Starts again at the first entry. (C: lseek)
    public mutating func rewind() throws(Errno) {
        _ = try System.seek(descriptor, 0)
        offset = 0
        filled = 0
    }
}

/// Changes of directories, and the working directory.
extension System {
    /// (C: mkdirat) `mode` is before the umask.
    public static func makeDirectory(_ path: some PathArgument, mode: UInt32 = 0o777, at directory: Int32 = At.current)
        throws(Errno)
    {
        try run(path.withPath { vsh_make_directory(directory, $0, mode) })
    }

    /// (C: unlinkat, AT_REMOVEDIR)
    public static func removeDirectory(_ path: some PathArgument, at directory: Int32 = At.current) throws(Errno) {
        try run(path.withPath { vsh_unlink(directory, $0, Int32(VSH_AT_REMOVE_DIRECTORY)) })
    }

    /// (C: unlinkat)
    public static func unlink(_ path: some PathArgument, at directory: Int32 = At.current) throws(Errno) {
        try run(path.withPath { vsh_unlink(directory, $0, 0) })
    }

    public enum RenameMode: UInt32, Sendable {
        case replace = 0
        /// EEXIST when the new name exists.
        case noReplace = 1
        /// Both names exist and change places.
        case exchange = 2
    }

    /// (C: renameat2)
    public static func rename(
        _ old: some PathArgument, at oldDirectory: Int32 = At.current, to new: some PathArgument,
        at newDirectory: Int32 = At.current, _ mode: RenameMode = .replace
    ) throws(Errno) {
        try run(old.withPath { o in new.withPath { vsh_rename(oldDirectory, o, newDirectory, $0, mode.rawValue) } })
    }

    /// A hard link. `follow`: to the target of the symbolic link `old`. (C: linkat)
    public static func link(
        _ old: some PathArgument, at oldDirectory: Int32 = At.current, to new: some PathArgument,
        at newDirectory: Int32 = At.current, follow: Bool = false
    ) throws(Errno) {
        let flags = follow ? Int32(VSH_AT_FOLLOW) : 0
        try run(old.withPath { o in new.withPath { vsh_link(oldDirectory, o, newDirectory, $0, flags) } })
    }

    /// Gives a name to an open file, as one opened with `.temporaryFile`. (C: linkat, AT_EMPTY_PATH or /proc/self/fd)
    public static func link(descriptor fd: Int32, to new: some PathArgument, at directory: Int32 = At.current)
        throws(Errno)
    {
        try run(new.withPath { vsh_link_descriptor(fd, directory, $0) })
    }

    /// (C: symlinkat)
    public static func symbolicLink(
        target: some PathArgument, path: some PathArgument, at directory: Int32 = At.current
    ) throws(Errno) {
        try run(target.withPath { t in path.withPath { vsh_symbolic_link(t, directory, $0) } })
    }

    /// The target of a symbolic link, without NUL. (C: readlinkat)
    public static func readLink(_ path: some PathArgument, at directory: Int32 = At.current) throws(Errno) -> [UInt8] {
        var capacity = 256
        while true {
            var length = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                let room = UnsafeMutableRawPointer(buffer.baseAddress!).assumingMemoryBound(to: CChar.self)
                length = path.withPath { vsh_read_link(directory, $0, room, capacity) }
                count = max(length, 0)
            }
            if try check(length) < capacity { return bytes }
            capacity *= 4
        }
    }

    /// FIFOs, devices, sockets. `mode` holds the type too, before the umask. (C: mknodat)
    public static func makeNode(
        _ path: some PathArgument, mode: UInt32, device: UInt64 = 0, at directory: Int32 = At.current
    ) throws(Errno) {
        try run(path.withPath { vsh_make_node(directory, $0, mode, device) })
    }

    /// (C: chdir)
    public static func changeDirectory(_ path: some PathArgument) throws(Errno) {
        try run(path.withPath { vsh_change_directory($0) })
    }

    /// (C: fchdir)
    public static func changeDirectory(descriptor fd: Int32) throws(Errno) {
        try run(vsh_change_directory_descriptor(fd))
    }

    /// The absolute path of the working directory, without NUL. (C: getcwd)
    public static func currentDirectory() throws(Errno) -> [UInt8] {
        var capacity = 1024
        while true {
            var length = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                let room = UnsafeMutableRawPointer(buffer.baseAddress!).assumingMemoryBound(to: CChar.self)
                length = vsh_current_directory(room, capacity)
                count = max(length, 0)
            }
            if length != Int(-ERANGE) {
                _ = try check(length)
                return bytes
            }
            capacity *= 4
        }
    }
}
