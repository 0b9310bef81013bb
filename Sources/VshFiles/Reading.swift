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
        guard let sandbox, sandbox.level == .strict, let found = placeRead(path, directory) else { return }
        if !sandbox.mayRead(found) { _ = refuse(found, "read") }
    }

    /// Where a path leads, through whatever links.
    private func placeRead(_ path: some PathArgument, _ directory: Directory?) -> [UInt8]? {
        guard let place = try? FileDescriptor(path, .path, at: at(directory)) else { return nil }
        return pathOfDescriptor(place.rawValue)
    }

    /// To be called when a program could not be run for EACCES: says so when the sandbox was the reason, be it that what runs the program lies
    /// outside.
    public func noteUnrunnable(_ path: Text) {
        guard let sandbox, sandbox.level == .strict else { return }
        var next = path
        for _ in 0..<6 {
            guard let found = placeRead(next, nil) else { return }
            if !sandbox.mayRead(found) {
                _ = refuse(found, "run")
                refusalsTold = ProgramRecorder.refusals
                return
            }
            guard let interpreter = ProgramRecorder.interpreter(Text(found)) else { return }
            next = Text(interpreter)
        }
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
