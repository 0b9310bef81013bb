// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// Puts paths back, one change after another, through the recorded file operations.
final class Restorer {
    let files: FileSystem
    let recorder: Recorder
    let verification: Verification?
    private let policy: ConflictPolicy
    /// Objects that were made again from copies: further links to them.
    private var remade: [InodeKey: [UInt8]] = [:]

    /// The directory that was opened last, with a slash at its end.
    private var parentPath: [UInt8] = []
    private var parentDescriptor: Int32 = -1

    /// The store that an object came from last.
    private var storePath: [UInt8] = []
    private var storeDescriptor: Int32 = -1

    deinit {
        forgetParent()
        if storeDescriptor >= 0 { try? System.close(storeDescriptor) }
    }

    init(_ files: FileSystem, _ recorder: Recorder, _ verification: Verification?, _ policy: ConflictPolicy) {
        self.files = files
        self.recorder = recorder
        self.verification = verification
        self.policy = policy
    }

    /// Without a verification, which keeps them otherwise.
    private var aliases = Aliases()

    /// The state with the numbers that its object has now.
    private func current(_ state: NodeState) -> NodeState { (verification?.aliases ?? aliases).current(state) }

    static func status(_ path: [UInt8]) throws(Errno) -> FileStatus? { try FileStatus.look(path) }

    private static func state(_ status: FileStatus?) -> NodeState { status.map { NodeState($0) } ?? .absent }

    /// Makes what a change altered as it was before.
    func restore(_ change: ChangeRecord) throws(FileOpError) {
        var path = change.path + [0]
        if let sandbox = files.sandbox {
            sandbox.engage()
            for place in [change.path, change.kind == .moved ? change.other : change.path] {
                if !sandbox.allows(place) {
                    if change.kind == .directoryTimes { return }
                    throw FileOpError(cause: files.refuse(place, "undo"), path: place)
                }
            }
        }
        // Recorded paths have no symbolic links in them. Should another process put one there now, it is not followed.
        var parent: Int32 = -1
        // What puts files back moves no directory: the next one may use the same descriptor.
        let isFile = change.kind == .removed && !change.before.isDirectory
        if !isFile { forgetParent() }
        defer { if !isFile { forgetParent() } }
        if files.sandbox != nil {
            do {
                parent = try openParent(of: change.path)
            } catch {
                throw FileOpError(cause: error, path: change.path)
            }
        }
        if parent >= 0 {
            path = Array("/proc/self/fd/\(parent)".utf8) + change.path[(change.path.lastIndex(of: 47) ?? 0)...] + [0]
        }
        if change.kind == .directoryTimes {
            do {
                if let times = try times(change) { try restoreTimes(path, change, times) }
            } catch {
                throw FileOpError(cause: error, path: change.path)
            }
            return
        }
        if policy == .skip, isSkipped(change) { return }
        do {
            try restore(change, path, in: parent)
        } catch {
            // Around a path that was left alone not everything can be put back.
            if policy == .skip, !(verification?.differing.isEmpty ?? true),
                [.noEntry, .notDirectory, .directoryNotEmpty, .exists].contains(error)
            {
                return
            }
            throw FileOpError(cause: error, path: change.path)
        }
    }

    /// The directory that a path without symbolic links is in; -1 when it is not there.
    private func openParent(of path: [UInt8]) throws(Errno) -> Int32 {
        guard let slash = path.lastIndex(of: 47), slash + 1 < path.count else { return -1 }
        if parentDescriptor >= 0, parentPath.elementsEqual(path[...slash]) { return parentDescriptor }
        forgetParent()
        do {
            parentPath = Array(path[...slash])
            parentDescriptor = try System.open(
                parentPath, [.path, .directory, .closeOnExec], resolve: .noSymbolicLinks)
            return parentDescriptor
        } catch {
            if error == .noEntry || error == .notDirectory { return -1 }
            throw error
        }
    }

    private func forgetParent() {
        if parentDescriptor >= 0 { try? System.close(parentDescriptor) }
        parentDescriptor = -1
    }

    private func openStore(_ item: UInt64, _ location: [UInt8]) -> Int32 {
        guard let path = recorder.store?.directory(of: item, location: location) else { return -1 }
        if storeDescriptor >= 0 {
            if storePath == path { return storeDescriptor }
            try? System.close(storeDescriptor)
        }
        storePath = path
        storeDescriptor = (try? System.open(path, [.path, .directory, .closeOnExec])) ?? -1
        return storeDescriptor
    }

    /// What nearly all of a removal takes: the object goes from the store to its name, where nothing is. False, and nothing
    /// has changed: it takes a closer look.
    private func putBack(_ change: ChangeRecord, in parent: Int32) throws(Errno) -> Bool {
        guard change.kind == .removed, change.preimage == .object, change.item != 0, !change.before.isDirectory,
            let slash = change.path.lastIndex(of: UInt8(ascii: "/"))
        else { return false }
        let store = openStore(change.item, change.location)
        let item = ItemNames.name(change.item)
        guard store >= 0, let status = try FileStatus.look(item, at: store) else { return false }
        // That nothing is at the path the rename finds out.
        let sighting = RestoreSighting(present: .absent, item: NodeState(status))
        let step = Restoring.step(
            change.kind, before: current(change.before), preimage: change.preimage, sighting: sighting)
        guard step == .placeItem(putAway: false) else { return false }
        do {
            try place(item, in: store, Array(change.path[(slash + 1)...]), in: parent, change, sighting.item)
        } catch {
            if error == .exists { return false }
            throw error
        }
        return true
    }

    private func isSkipped(_ change: ChangeRecord) -> Bool {
        guard let differing = verification?.differing, !differing.isEmpty else { return false }
        return differing.contains(change.path) || change.kind == .moved && differing.contains(change.other)
    }

    private func restore(_ change: ChangeRecord, _ path: [UInt8], in parent: Int32) throws(Errno) {
        if parent >= 0, try putBack(change, in: parent) { return }
        let present = try Self.status(path)
        var sighting = RestoreSighting(present: Self.state(present))
        let item = change.item == 0 ? [] : recorder.store?.path(change.item, location: change.location) ?? []
        if change.item != 0 { sighting.item = try Self.state(Self.status(item)) }
        if change.kind == .moved {
            sighting.other = try Self.state(Self.status(change.other + [0]))
            // Made again under that name: it stands for the object that was there.
            if !sighting.other.isAbsent, remade[InodeKey(change.before)] == change.other {
                sighting.other = current(change.before)
            }
        }
        var step = Restoring.step(
            change.kind, before: current(change.before), preimage: change.preimage, sighting: sighting)
        if step == .impossible {
            // What was never kept was announced; what has gone from the store was not.
            if change.preimage == .missing { return }
            if policy == .force, change.kind == .content {
                step = change.preimage == .inRecord ? .recreate(putAway: true) : .copyItem(putAway: true)
            } else {
                if policy != .refuse { return }
                throw change.item != 0 && sighting.item.isAbsent ? .staleHandle : .noEntry
            }
        }
        switch step {
        case .nothing:
            // The object is in its place; a second link to it in the store would show in the number of links.
            if change.kind == .removed, change.preimage == .object,
                sighting.item.isSameObject(as: sighting.present), !sighting.present.isDirectory
            {
                try? System.unlink(item)
            }
        case .impossible: break
        case .putAway:
            if change.location.isEmpty || change.item != 0 {
                if try !returnToStore(path, change) { try putAway(path) }
            } else {
                try removeLink(path, change)
            }
        case .placeItem(let isInTheWay):
            if isInTheWay { try putAway(path) }
            try place(item, path, change, sighting.item)
        case .copyItem(let isInTheWay):
            if isInTheWay { try putAway(path) }
            try remake(path, change, item)
        case .recreate(let isInTheWay):
            if isInTheWay { try putAway(path) }
            try remake(path, change, nil)
        case .moveBack(let isInTheWay):
            if isInTheWay { try putAway(path) }
            try (change.other + [0]).withPath { (other) throws(Errno) in
                try path.withPath { (path) throws(Errno) in try files.rename(other, nil, path, nil, .noReplace) }
            }
            if remade[InodeKey(change.before)] != nil { remade[InodeKey(change.before)] = change.path }
        case .rewrite: try rewrite(path, change, item)
        case .cut: try cut(path, change)
        case .restoreTail: try restoreTail(path, change, item)
        case .setAttributes: try setAttributes(path, change)
        }
    }

    // MARK: Names

    /// Takes what is at a path into the store.
    private func putAway(_ path: [UInt8]) throws(Errno) {
        try path.withPath { (name) throws(Errno) in
            guard let status = try FileStatus.look(name) else { return }
            if !status.isDirectory { return try files.unlink(name, nil) }
            if files.removeTree(name, nil) { return }
            if unlock(path), files.removeTree(name, nil) { return }
            try putAwayContents(path)
            try files.removeDirectory(name, nil)
        }
    }

    /// Moves an object that came from the store back to the item that it was. False when it is another, or cannot go
    /// there.
    private func returnToStore(_ path: [UInt8], _ change: ChangeRecord) throws(Errno) -> Bool {
        guard change.item != 0, let object = NodeState(encoded: change.content), !object.isAbsent,
            mayReturn(object, try Self.state(Self.status(path)))
        else { return false }
        return try path.withPath { (name) throws(Errno) in
            if try files.putAway(name, item: change.item, location: change.location) { return true }
            if !unlock(path) { return false }
            return try files.putAway(name, item: change.item, location: change.location)
        }
    }

    /// Lets the user take away what is in a tree, of whose directories the operation may have taken this right.
    /// - Returns: whether there was something to do.
    private func unlock(_ path: [UInt8]) -> Bool {
        guard System.effectiveUserID != 0, let status = try? Self.status(path), status.isDirectory else { return false }
        var isChanged = false
        if status.permissions & 0o700 != 0o700, status.owner == System.effectiveUserID {
            let mode = status.permissions | 0o700
            isChanged = (try? files.setMode(Text(Array(path.dropLast())), mode: mode, follow: false)) != nil
        }
        for child in (try? children(path)) ?? [] where unlock(child) { isChanged = true }
        return isChanged
    }

    /// Whether what is there now is what came out of the store, or was made again in its place.
    private func mayReturn(_ object: NodeState, _ present: NodeState) -> Bool {
        if current(object).isSameObject(as: present) { return true }
        // It has been compared with what was left, or is taken back at once.
        return object.kind == present.kind && (policy == .refuse || verification == nil)
    }

    /// Removes a hard link that the operation made. While its source has the object too, nothing has to be kept.
    private func removeLink(_ path: [UInt8], _ change: ChangeRecord) throws(Errno) {
        guard let status = try Self.status(path), !status.isDirectory, let source = try Self.status(change.location),
            source.isSameFile(as: status), files.first.set(change.path)
        else { return try putAway(path) }
        let record = recorder.recordRemovedLink(files.first, status, linkedTo: change.location)
        do {
            try System.unlink(path)
            recorder.changeEpoch()
        } catch {
            recorder.void(record)
            throw error
        }
    }

    private func putAwayContents(_ path: [UInt8]) throws(Errno) {
        for child in try children(path) { try putAway(child) }
    }

    /// What is in a directory.
    private func children(_ path: [UInt8]) throws(Errno) -> [[UInt8]] {
        var children: [[UInt8]] = []
        var reader = try DirectoryReader(path, follow: false)
        while let entry = try reader.next() {
            if !entry.isDot { children.append(Array(path.dropLast()) + [UInt8(ascii: "/")] + Array(entry.name) + [0]) }
        }
        return children
    }

    /// Moves an object from the store to its path.
    private func place(
        _ item: [UInt8], in store: Int32 = At.current, _ path: [UInt8], in parent: Int32 = At.current,
        _ change: ChangeRecord, _ object: NodeState
    ) throws(Errno) {
        guard files.first.set(change.path) else { throw .nameTooLong }
        let record = recorder.recordPlaced(files.first, object, item: change.item, location: change.location)
        do {
            try System.rename(item, at: store, to: path, at: parent, .noReplace)
        } catch {
            recorder.void(record)
            throw error
        }
        recorder.changeEpoch()
    }

    /// Makes an object again: from the record, and for a regular file from the item that is a copy of its content.
    private func remake(_ path: [UInt8], _ change: ChangeRecord, _ item: [UInt8]?) throws(Errno) {
        let before = change.before
        let name = Text(change.path)
        let key = InodeKey(before)
        if change.preimage == .inRecord, !change.location.isEmpty {
            guard try Self.state(Self.status(change.location)).isSameObject(as: current(before)) else {
                throw .staleHandle
            }
            return try unwrapped { () throws(FileOpError) in try files.link(Text(change.location), to: name) }
        }
        var other = before.kind == .regular && before.links > 1 ? remade[key] : nil
        if other == nil, before.kind != .symbolicLink, !change.other.isEmpty,
            try current(before).isLike(Self.state(Self.status(change.other)))
        {
            other = change.other
        }
        if let other { return try unwrapped { () throws(FileOpError) in try files.link(Text(other), to: name) } }
        switch before.kind {
        case .directory:
            try unwrapped { () throws(FileOpError) in try files.makeDirectory(name, mode: 0o700) }
        case .symbolicLink:
            try unwrapped { () throws(FileOpError) in try files.symbolicLink(target: Text(change.other), at: name) }
        case .regular:
            let flags: OpenFlags = [.writeOnly, .create, .exclusive, .closeOnExec, .noFollow]
            let result = files.open(name, flags: flags.rawValue, mode: 0o600)
            if result < 0 { throw Errno(rawValue: -result) }
            let target = FileDescriptor(owning: result)
            try fill(target.rawValue, change, item)
        case .fifo, .socket, .characterDevice, .blockDevice:
            try unwrapped { () throws(FileOpError) in
                try files.makeNode(name, mode: before.mode, device: before.representedDevice)
            }
        case .absent: return
        }
        remade[key] = change.path
        try applyAttributes(path, before, change.attributes)
        let made = try Self.state(Self.status(path))
        if let verification {
            verification.aliases.add(current(before), is: made)
        } else {
            aliases.add(current(before), is: made)
        }
    }

    private func unwrapped(_ body: () throws(FileOpError) -> Void) throws(Errno) {
        do {
            try body()
        } catch {
            throw error.cause
        }
    }

    /// Writes the content before into an empty file.
    func fill(_ target: Int32, _ change: ChangeRecord, _ item: [UInt8]?) throws(Errno) {
        guard let item, !item.isEmpty else { return try System.writeAll(target, change.content) }
        let source = try FileDescriptor(item, .readOnly)
        do {
            try ContentCopy.copy(from: source.rawValue, to: target)
        } catch {
            throw error.cause
        }
    }
}
