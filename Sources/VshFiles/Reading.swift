// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Reading at the level `strict`: Landlock keeps it, and what it refused is said here. It knows nothing of working directories: these are
/// looked at here too.
extension FileSystem {
    /// To be called when something could not be opened for reading: says so when the sandbox was the reason.
    public func noteUnreadable(_ path: Text, _ error: Errno) {
        if bounds != nil, error == .accessDenied { path.withCString { noteUnreadable($0, nil) } }
    }

    /// The same for EACCES.
    func noteUnreadable(_ path: UnsafePointer<CChar>, _ directory: Directory?) {
        guard sandbox?.level == .strict else { return }
        let whole = bytes(path)
        guard let (place, parent) = try? findParent(whole, directory), let sandbox else { return }
        let name = place.name.dropLast()
        let found = name.elementsEqual([UInt8(ascii: ".")]) ? parent : parent + [UInt8(ascii: "/")] + name
        if !sandbox.mayRead(found) { _ = refuse(whole, "read") }
    }

    /// As chdir(2); at the level `strict` only to where reading is allowed.
    public func changeDirectory(_ path: Text) throws(Errno) {
        guard let bounds, bounds.level == .strict else { return try System.changeDirectory(path) }
        // What was looked at is what is gone to.
        let place = try FileDescriptor(path, [.path, .directory])
        if let found = pathOfDescriptor(place.rawValue), !bounds.mayRead(found) { throw refuse(path.bytes, "cd") }
        try System.changeDirectory(descriptor: place.rawValue)
    }
}
