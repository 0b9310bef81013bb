// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

// Symbolic links are never followed in the last component unless a parameter says so.

/// Changes that make a name.
extension FileSystem {
    /// Records that a name is to be made, unless something has it. What is recorded stays true when the call fails.
    private func willCreate(
        _ path: UnsafePointer<CChar>, _ directory: Directory?, _ buffer: PathBuffer, linkedTo source: [UInt8] = []
    ) throws(Errno) {
        guard isRecording else { return }
        guard locate(path, directory, buffer) else { return try passUnrecorded(path) }
        if isRemoved(buffer) { throw .noEntry }
        guard !isState(buffer), let recorder = recording() else { return }
        if !recorder.paths[buffer.bytes].known.needsCreation(isLink: !source.isEmpty) { return }
        if try FileStatus.look(path, at: at(directory)) != nil { return }
        recorder.recordCreated(buffer, linkedTo: source)
    }

    /// mkdirat(2). `mode` is before the umask.
    public func makeDirectory(_ path: Text, in directory: Directory? = nil, mode: UInt32 = 0o777) throws(FileOpError) {
        try attempt(path) { () throws(Errno) in
            try path.withCString { (name) throws(Errno) in
                if let planner { return try planner.create(name, directory, mode: 0o040000 | mode) }
                try inside(name, directory, "mkdir", creates: true) { (name, directory) throws(Errno) in
                    try willCreate(name, directory, first)
                    try System.makeDirectory(name, mode: mode, at: at(directory))
                }
            }
        }
    }

    /// linkat(2). `follow`: link to what the symbolic link `from` points to.
    public func link(
        _ from: Text, in fromDirectory: Directory? = nil, to: Text, in toDirectory: Directory? = nil,
        follow: Bool = false
    ) throws(FileOpError) {
        try attempt(to) { () throws(Errno) in
            try to.withCString { (name) throws(Errno) in
                if let planner {
                    return try from.withCString { (from) throws(Errno) in
                        try planner.link(from, fromDirectory, name, toDirectory, follow: follow)
                    }
                }
                try from.withCString { (from) throws(Errno) in
                    try inside(from, fromDirectory, "link", follow: follow) { (from, fromDirectory) throws(Errno) in
                        try inside(name, toDirectory, "link", replaces: true, creates: true) {
                            (name, toDirectory) throws(Errno) in
                            try link(from, fromDirectory, name, toDirectory, follow && sandbox == nil)
                        }
                    }
                }
            }
        }
    }

    private func link(
        _ from: UnsafePointer<CChar>, _ fromDirectory: Directory?, _ name: UnsafePointer<CChar>,
        _ toDirectory: Directory?, _ follow: Bool
    ) throws(Errno) {
        var source: [UInt8] = []
        if isRecording {
            let isFound =
                follow
                ? locateObject(from, fromDirectory, second)
                : locate(from, fromDirectory, second) || locateObject(from, fromDirectory, second)
            if isFound { source = second.array }
        }
        try willCreate(name, toDirectory, first, linkedTo: source)
        try System.link(from, at: at(fromDirectory), to: name, at: at(toDirectory), follow: follow)
        if let recorder, recorder.isOpen, !source.isEmpty { recorder.noteLinked(first, from: source) }
    }

    /// symlinkat(2).
    public func symbolicLink(target: Text, at path: Text, in directory: Directory? = nil) throws(FileOpError) {
        try attempt(path) { () throws(Errno) in
            try path.withCString { (name) throws(Errno) in
                if let planner { return try planner.create(name, directory, mode: 0o120777) }
                try inside(name, directory, "symlink", replaces: true, creates: true) {
                    (name, directory) throws(Errno) in
                    try willCreate(name, directory, first)
                    try System.symbolicLink(target: target, path: name, at: at(directory))
                }
            }
        }
    }

    /// mknodat(2): FIFOs, devices, sockets. `mode` holds the type too, before the umask.
    public func makeNode(_ path: Text, in directory: Directory? = nil, mode: UInt32, device: UInt64 = 0)
        throws(FileOpError)
    {
        try attempt(path) { () throws(Errno) in
            try path.withCString { (name) throws(Errno) in
                if let planner { return try planner.create(name, directory, mode: mode) }
                try inside(name, directory, "mknod", replaces: true, creates: true) { (name, directory) throws(Errno) in
                    try willCreate(name, directory, first)
                    try System.makeNode(name, mode: mode, device: device, at: at(directory))
                }
            }
        }
    }
}

/// Changes of attributes.
extension FileSystem {
    /// Records the attributes of what a name leads to.
    private func willAlter(_ path: UnsafePointer<CChar>, _ directory: Directory?, follow: Bool, extended: Bool)
        throws(Errno)
    {
        guard isRecording, let status = try FileStatus.look(path, at: at(directory)) else { return }
        if follow, status.isSymbolicLink {
            guard locateObject(path, directory, first) else { return try passUnrecorded(path) }
            guard let target = try FileStatus.look(first.path) else { return }
            return willAlter(target, extended: extended)
        }
        guard locate(path, directory, first) || locateObject(path, directory, first) else {
            return try passUnrecorded(path)
        }
        willAlter(status, extended: extended)
    }

    private func willAlter(_ status: FileStatus, extended: Bool) {
        if isState(first) { return }
        guard let recorder = recording() else { return }
        recorder.useEarlierName(first, status)
        recorder.recordAttributes(first, status, extended: extended)
    }

    /// fchmodat(2). `mode`: permission bits with set-user-ID, set-group-ID and sticky.
    /// - Parameter follow: false: a symbolic link is left alone with EOPNOTSUPP.
    public func setMode(_ path: Text, in directory: Directory? = nil, mode: UInt32, follow: Bool = true)
        throws(FileOpError)
    {
        try attempt(path) { () throws(Errno) in
            try path.withCString { (name) throws(Errno) in
                if let planner {
                    return try planner.alter(name, directory, follow: follow, needsOwner: true) {
                        $0.mode = $0.mode & 0o170000 | mode & 0o7777
                    }
                }
                try inside(name, directory, "chmod", follow: follow) { (name, directory) throws(Errno) in
                    let follow = follow && sandbox == nil
                    try willAlter(name, directory, follow: follow, extended: false)
                    try System.changeMode(name, mode, at: at(directory), follow: follow)
                }
            }
        }
    }

    /// fchownat(2). Nil leaves that one as it is.
    public func setOwner(
        _ path: Text, in directory: Directory? = nil, owner: UInt32?, group: UInt32?, follow: Bool = true
    ) throws(FileOpError) {
        try attempt(path) { () throws(Errno) in
            try path.withCString { (name) throws(Errno) in
                if let planner {
                    return try planner.alter(
                        name, directory, follow: follow, needsOwner: true, needsRoot: owner != nil
                    ) {
                        $0.owner = owner ?? $0.owner
                        $0.group = group ?? $0.group
                    }
                }
                // A change of owner takes away capabilities, which are an extended attribute.
                try inside(name, directory, "chown", follow: follow) { (name, directory) throws(Errno) in
                    let follow = follow && sandbox == nil
                    try willAlter(name, directory, follow: follow, extended: true)
                    try System.changeOwner(name, owner: owner, group: group, at: at(directory), follow: follow)
                }
            }
        }
    }

    /// A time to set: seconds and nanoseconds since 1970, now, or leave.
    public enum Time: Sendable {
        case now
        case omit
        case at(seconds: Int64, nanoseconds: Int64)

        var change: System.TimeChange {
            switch self {
            case .now: .now
            case .omit: .keep
            case .at(let seconds, let nanoseconds):
                .set(FileTime(seconds: seconds, nanoseconds: UInt32(truncatingIfNeeded: nanoseconds)))
            }
        }

        /// What it would set; nil: nothing.
        var planned: Timestamp? {
            switch self {
            case .now:
                let now = Clock.realTime
                return Timestamp(seconds: now / 1_000_000_000, nanoseconds: UInt32(now % 1_000_000_000))
            case .omit: return nil
            case .at(let seconds, let nanoseconds):
                return Timestamp(seconds: seconds, nanoseconds: UInt32(truncatingIfNeeded: nanoseconds))
            }
        }
    }

    /// utimensat(2).
    public func setTimes(
        _ path: Text, in directory: Directory? = nil, access: Time, modification: Time, follow: Bool = true
    ) throws(FileOpError) {
        try attempt(path) { () throws(Errno) in
            try path.withCString { (name) throws(Errno) in
                if let planner {
                    return try planner.alter(name, directory, follow: follow, needsOwner: false) {
                        if let time = modification.planned { $0.modification = time }
                    }
                }
                try inside(name, directory, "touch", follow: follow) { (name, directory) throws(Errno) in
                    let follow = follow && sandbox == nil
                    try willAlter(name, directory, follow: follow, extended: false)
                    try System.setTimes(
                        name, access: access.change, modification: modification.change, at: at(directory),
                        follow: follow)
                }
            }
        }
    }

    /// lsetxattr(2) or setxattr(2). Nil removes the attribute.
    public func setAttribute(
        _ path: Text, in directory: Directory? = nil, name: Text, value: [UInt8]?, follow: Bool = false
    ) throws(FileOpError) {
        try attempt(path) { () throws(Errno) in
            try path.withCString { (place) throws(Errno) in
                if let planner {
                    return try planner.alter(place, directory, follow: follow, needsOwner: true) { _ in }
                }
                try inside(place, directory, "setxattr", follow: follow) { (place, directory) throws(Errno) in
                    try setAttribute(place, directory, name, value, follow && sandbox == nil)
                }
            }
        }
    }

    private func setAttribute(
        _ place: UnsafePointer<CChar>, _ directory: Directory?, _ name: Text, _ value: [UInt8]?, _ follow: Bool
    ) throws(Errno) {
        try willAlter(place, directory, follow: follow, extended: true)
        // The calls know no directory descriptor.
        var whole: [UInt8] = []
        if at(directory) >= 0, place[0] != CChar(UInt8(ascii: "/")) {
            whole = Array("/proc/self/fd/".utf8)
            whole.append(decimal: UInt64(at(directory)))
            whole.append(UInt8(ascii: "/"))
        }
        for index in 0..<length(place) { whole.append(UInt8(bitPattern: place[index])) }
        try whole.withPath { (whole) throws(Errno) in
            let target = ExtendedAttributes.Target.path(whole, follow: follow)
            if let value {
                try ExtendedAttributes.set(target, name, value)
            } else {
                try ExtendedAttributes.remove(target, name)
            }
        }
    }
}
