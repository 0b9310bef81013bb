// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase

/// A directory that names are resolved from. Only a `FileSystem` makes one, so that a name together with its directory
/// is always below the root. Owns its descriptor.
///
/// A recursive walk opens each directory with `FileSystem.openDirectory(_:in:follow: false)` and then works with entry
/// names relative to it: nobody can lead the walk astray by exchanging a directory for a symbolic link.
public final class Directory {
    /// Opened with O_RDONLY|O_DIRECTORY|O_CLOEXEC; AT_FDCWD for the working directory. Belongs to this object. Reading
    /// calls (getdents, statx, readlinkat, faccessat) may use it directly; changes go through the `FileSystem`.
    public let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        if descriptor >= 0 { _ = close(descriptor) }
    }
}
