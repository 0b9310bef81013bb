// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

extension FileSystem {
    /// unlinkat(2) of anything that is not a directory (EISDIR). EBUSY for the shell's own state.
    public func unlink(_ path: Text, in directory: Directory? = nil) throws(FileOpError) {
        try attempt(path) { () throws(Errno) in
            try path.withCString { (name) throws(Errno) in try unlink(name, directory) }
        }
    }

    func unlink(_ path: UnsafePointer<CChar>, _ directory: Directory?) throws(Errno) {
        if let planner { return try planner.unlink(path, directory) }
        try inside(path, directory, "remove", replaces: true) { (path, directory) throws(Errno) in
            try unlinkHere(path, directory)
        }
    }

    private func unlinkHere(_ path: UnsafePointer<CChar>, _ directory: Directory?) throws(Errno) {
        let at = at(directory)
        guard isRecording, let status = try FileStatus.look(path, at: at), !status.isDirectory else {
            return try System.unlink(path, at: at)
        }
        guard locate(path, directory, first) else {
            try passUnrecorded(path)
            return try System.unlink(path, at: at)
        }
        if isState(first) { throw .busy }
        guard let recorder = recording() else { return try System.unlink(path, at: at) }
        if !recorder.flags(status).known.needsRemoval {
            recorder.touchParent(of: first)
            try System.unlink(path, at: at)
            if status.linkCount == 1 { recorder.forget(status) }
            return
        }
        if let source = recorder.source(ofLink: first, status) {
            let record = recorder.recordRemovedLink(first, status, linkedTo: source)
            do {
                try System.unlink(path, at: at)
            } catch {
                recorder.void(record)
                throw error
            }
            return
        }
        if status.isSymbolicLink { recorder.changeEpoch() }
        if try moveIntoStore(first, status, recorder) { return }
        try unlinkWithCopy(path, at, status, recorder)
    }

    private enum Move {
        case done
        /// The store is not on the same file system.
        case elsewhere
        case refused
    }

    /// Renames the object at a path into the store. False when it cannot go there and is where it was.
    private func moveIntoStore(_ path: PathBuffer, _ status: FileStatus, _ recorder: Recorder) throws(Errno) -> Bool {
        guard let store = recorder.store else { return false }
        if store.isMain(mount: status.mount, device: status.device) {
            switch try moveIntoStore(path, status, recorder, location: []) {
            case .done: return true
            case .elsewhere: break
            case .refused: return false
            }
        }
        guard let location = store.location(near: Array(path.parent)) else { return false }
        return try moveIntoStore(path, status, recorder, location: location) == .done
    }

    private func moveIntoStore(
        _ path: PathBuffer, _ status: FileStatus, _ recorder: Recorder, location: [UInt8]
    ) throws(Errno) -> Move {
        guard let item = recorder.newItem() else { return .refused }
        return try moveIntoStore(path, status, recorder, item: item, location: location)
    }

    private func moveIntoStore(
        _ path: PathBuffer, _ status: FileStatus, _ recorder: Recorder, item: UInt64, location: [UInt8],
        _ mode: System.RenameMode = .replace
    ) throws(Errno) -> Move {
        guard let store = recorder.store else { return .refused }
        let offset = recorder.recordRemovedObject(path, status, item: item, location: location)
        if offset == nil { return .refused }
        do {
            try System.rename(path.path, to: store.path(item, location: location), mode)
            recorder.markCovered(path)
            return .done
        } catch {
            recorder.void(offset)
            if error == .noEntry, (try? FileStatus(path.path, follow: false)) == nil { throw error }
            if error == .noEntry, store.makeGroup(of: item, location: location) {
                return try moveIntoStore(path, status, recorder, item: item, location: location, mode)
            }
            return error == .crossDevice ? .elsewhere : .refused
        }
    }

    /// Where no rename into a store is possible: keeps a link or a copy, then unlinks.
    private func unlinkWithCopy(_ path: UnsafePointer<CChar>, _ at: Int32, _ status: FileStatus, _ recorder: Recorder)
        throws(Errno)
    {
        // Whether the name may go at all is found out before anything is copied.
        if !System.isAccessible(Array(first.parent) + [0], [.write, .execute]) {
            return try System.unlink(path, at: at)
        }
        var (preimage, reason, item) = (Preimage.inRecord, MissingReason.none, UInt64(0))
        if status.isRegular, status.size > 0 {
            if let known = recorder.copies[Recorder.key(status)] {
                item = known
            } else {
                do {
                    let fd = try FileDescriptor(path, [.readOnly, .noFollow, .nonBlocking], at: at)
                    (item, reason) = recorder.copyItem(fd.rawValue, status)
                } catch {
                    reason = .unreadable
                }
                if item != 0, status.linkCount > 1 { recorder.copies[Recorder.key(status)] = item }
            }
            preimage = item == 0 ? .missing : .copy
        }
        let otherName = recorder.otherName(of: first, status)
        if status.linkCount > 1, reason == .none, !status.isDirectory, otherName.isEmpty { reason = .otherNames }
        let offset = recorder.recordRemoved(
            first, status, preimage: preimage, reason: reason, item: item, otherName: otherName)
        do {
            try System.unlink(path, at: at)
            recorder.markCovered(first)
        } catch {
            recorder.void(offset)
            if item != 0, status.linkCount == 1 { recorder.dropItem(item) }
            throw error
        }
    }

    /// unlinkat(2) with AT_REMOVEDIR. EBUSY for the shell's own state.
    public func removeDirectory(_ path: Text, in directory: Directory? = nil) throws(FileOpError) {
        try attempt(path) { () throws(Errno) in
            try path.withCString { (name) throws(Errno) in try removeDirectory(name, directory) }
        }
    }

    func removeDirectory(_ path: UnsafePointer<CChar>, _ directory: Directory?) throws(Errno) {
        if let planner { return try planner.removeDirectory(path, directory) }
        try inside(path, directory, "rmdir", replaces: true, isEmpty: true) { (path, directory) throws(Errno) in
            try removeDirectoryHere(path, directory)
        }
    }

    private func removeDirectoryHere(_ path: UnsafePointer<CChar>, _ directory: Directory?) throws(Errno) {
        let at = at(directory)
        guard isRecording, let status = try FileStatus.look(path, at: at), status.isDirectory else {
            return try System.removeDirectory(path, at: at)
        }
        guard locate(path, directory, first) else {
            try passUnrecorded(path)
            return try System.removeDirectory(path, at: at)
        }
        if isState(first) { throw .busy }
        guard let recorder = recording() else { return try System.removeDirectory(path, at: at) }
        let offset = recorder.recordRemoved(first, status, preimage: .inRecord)
        do {
            try System.removeDirectory(path, at: at)
        } catch {
            recorder.void(offset)
            throw error
        }
        recorder.markCovered(first)
        recorder.changeEpoch()
    }

    /// Removes a directory with everything below it in one step: the tree moves into the store.
    /// - Returns: false when that is not possible here (not recording, other file system, a mount point or a directory
    ///   that may not be changed inside, …) and nothing was changed; the caller then walks the tree and calls
    ///   `unlink` and `removeDirectory`, which report the errors that there are.
    public func removeTree(_ path: Text, in directory: Directory? = nil) -> Bool {
        path.withCString { removeTree($0, directory) }
    }

    func removeTree(_ path: UnsafePointer<CChar>, _ directory: Directory?) -> Bool {
        if let planner { return planner.removeTree(path, directory) }
        // What is refused the walk refuses again, name by name; the message and the record are its.
        if sandbox != nil, !isInside(path, directory) { return false }
        let isRemoved = try? inside(path, directory, "remove", replaces: true) { (path, directory) throws(Errno) in
            removeTreeHere(path, directory)
        }
        return isRemoved ?? false
    }

    private func removeTreeHere(_ path: UnsafePointer<CChar>, _ directory: Directory?) -> Bool {
        guard isRecording, let status = try? FileStatus(path, at: at(directory), follow: false),
            mayMoveTree(path, directory, status), let recorder = recording()
        else { return false }
        guard let moved = try? moveIntoStore(first, status, recorder), moved else { return false }
        recorder.changeEpoch()
        return true
    }

    /// Whether a tree may leave in one piece; `first` is its path then.
    private func mayMoveTree(_ path: UnsafePointer<CChar>, _ directory: Directory?, _ status: FileStatus) -> Bool {
        guard let state else { return false }
        return status.isDirectory && !status.isMountRoot && locate(path, directory, first) && !isState(first)
            // Our own state is in it: it stays, and so the tree does.
            && !isBelow(state.path, first.array) && !TreeCheck.hasMounts(below: first.array)
            && (System.effectiveUserID == 0 || TreeCheck.isRemovable(path, at: at(directory)))
    }

    /// Moves what is at a path to a given store item. False when it cannot go there and is where it was.
    func putAway(_ path: UnsafePointer<CChar>, item: UInt64, location: [UInt8]) throws(Errno) -> Bool {
        guard let status = try? FileStatus(path, follow: false), let recorder = recording() else { return false }
        if status.isDirectory ? !mayMoveTree(path, nil, status) : !locate(path, nil, first) || isState(first) {
            return false
        }
        guard try moveIntoStore(first, status, recorder, item: item, location: location, .noReplace) == .done else {
            return false
        }
        recorder.changeEpoch()
        return true
    }
}

/// What has to be known before a tree is taken away in one piece.
enum TreeCheck {
    /// Whether anything is mounted below a directory. (/proc/self/mountinfo, field 5)
    static func hasMounts(below directory: [UInt8]) -> Bool {
        guard let fd = try? FileDescriptor("/proc/self/mountinfo", .readOnly), let text = try? fd.readAll() else {
            return false
        }
        return text.split(separator: 10).contains { line in
            let fields = line.split(separator: 32, maxSplits: 5)
            guard fields.count > 4 else { return false }
            let point = unescaped(fields[4])
            return point.count > directory.count && isBelow(point, directory)
        }
    }

    /// Space, tab, newline and backslash stand as `\ooo`.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = field.startIndex
        while index < field.endIndex {
            if field[index] == UInt8(ascii: "\\"), index + 3 < field.endIndex {
                let digits = field[(index + 1)...(index + 3)].map { $0 &- UInt8(ascii: "0") }
                bytes.append(digits[0] << 6 | digits[1] << 3 | digits[2])
                index += 4
            } else {
                bytes.append(field[index])
                index += 1
            }
        }
        return bytes
    }

    /// Whether an unprivileged user could remove everything in a tree name by name: each directory that has entries can
    /// be read and changed. (A rename asks only about the tree's own directory.)
    static func isRemovable(_ path: some PathArgument, at directory: Int32) -> Bool {
        guard var reader = try? DirectoryReader(path, at: directory, follow: false),
            let status = try? FileStatus(descriptor: reader.descriptor)
        else { return false }
        var isEmpty = true
        do {
            while let entry = try reader.next() {
                if entry.isDot { continue }
                isEmpty = false
                var type = entry.type
                if type == .unknown {
                    type = try FileStatus(entry.path, at: reader.descriptor, follow: false).type
                }
                if type == .directory, !isRemovable(entry.path, at: reader.descriptor) { return false }
                // In a sticky directory only owners may remove.
                if status.permissions & Mode.sticky != 0, status.owner != System.effectiveUserID {
                    let owner = try FileStatus(entry.path, at: reader.descriptor, follow: false).owner
                    if owner != System.effectiveUserID { return false }
                }
            }
        } catch {
            return false
        }
        return isEmpty || System.isAccessible(".", [.write, .execute], at: reader.descriptor)
    }
}
