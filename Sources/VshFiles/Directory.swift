// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// A directory that names are resolved from. Only a `FileSystem` makes one, so that a name together with its directory
/// is always below the root. Owns its descriptor.
///
/// A recursive walk opens each directory with `FileSystem.openDirectory(_:in:follow: false)` and then works with entry
/// names relative to it: nobody can lead the walk astray by exchanging a directory for a symbolic link.
public final class Directory {
    /// Opened with O_RDONLY|O_DIRECTORY|O_CLOEXEC; AT_FDCWD for the working directory. Belongs to this object. Reading
    /// calls (getdents, statx, readlinkat, faccessat) may use it directly; changes go through the `FileSystem`.
    public let descriptor: Int32
    /// Absolute path without symbolic links, as it was in `epoch`.
    private var canonical: [UInt8]?
    private var epoch = -1
    /// Why there is no path, where that says nothing about the directory.
    private(set) var trouble: Errno?

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        if descriptor >= 0 { try? System.close(descriptor) }
    }

    /// The absolute path, free of symbolic links; nil when it has none (removed, or outside the root).
    /// - Parameter epoch: what was found in another epoch is looked up again.
    func path(epoch: Int) -> [UInt8]? {
        if self.epoch == epoch { return canonical }
        trouble = nil
        do {
            canonical = descriptor < 0 ? try System.currentDirectory() : try pathOfOpenFile(descriptor)
            self.epoch = epoch
        } catch {
            canonical = nil
            if !error.saysUnreachable { trouble = error }
        }
        if let found = canonical, found.first != UInt8(ascii: "/") { canonical = nil }
        return canonical
    }

    /// Forgets the path, as after chdir.
    func forgetPath() { epoch = -1 }
}

/// The path of what is open as `fd`; nil when it has none. (C: readlink of /proc/self/fd/N)
func pathOfOpenFile(_ fd: Int32) throws(Errno) -> [UInt8]? {
    var name = Array("/proc/self/fd/".utf8)
    name.append(decimal: UInt64(fd))
    name.append(0)
    let path = try System.readLink(name)
    return path.first == UInt8(ascii: "/") ? path : nil
}

extension [UInt8] {
    mutating func append(decimal value: UInt64) {
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") + UInt8(value % 10))
    }
}
