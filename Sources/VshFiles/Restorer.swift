// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

extension UndoEngine {
    /// Nothing of a plan is done when a part of it lies outside the sandbox: made with another root, or with none.
    private func refuseOutside(_ plan: Plan) throws(UndoError) {
        guard let sandbox = files.sandbox else { return }
        for part in plan.parts {
            for change in part.changes where change.kind != .directoryTimes {
                for place in change.kind == .moved ? [change.path, change.other] : [change.path]
                where !sandbox.allows(place) {
                    _ = files.refuse(place, "undo")
                    throw .outsideSandbox(place)
                }
            }
        }
    }

    /// Carries a plan out, as an operation of its own: part after part is compared with what is there, then taken back.
    /// When a part is not as it was left, or a step fails, what was done goes back.
    /// - Parameters:
    ///   - target: the entry that this is about, or 0.
    ///   - verification: nil: whatever is there.
    ///   - text: what the log is to show, when it is not the usual.
    /// - Returns: paths that were not as they were left, under a policy that goes on.
    func execute(
        _ plan: Plan, _ kind: OperationKind, target: OperationID, _ verification: Verification?,
        _ policy: ConflictPolicy, command text: [UInt8]? = nil
    ) throws(UndoError) -> [Conflict] {
        var conflicts: [Conflict] = []
        // The newest part before anything is begun: mostly it is the only one.
        if let verification, let part = plan.parts.first {
            conflicts = try verification.check(part)
            if !conflicts.isEmpty, policy == .refuse { throw .differing(conflicts) }
        }
        let command: String
        switch kind {
        case .redo: command = "redo @\(target)"
        case .rollback: command = "rollback @\(target)"
        case .repair: command = "repair @\(target)"
        default: command = target == 0 ? "undo" : "undo @\(target)"
        }
        try refuseOutside(plan)
        recorder.describe(kind: kind, command: text ?? Array(command.utf8), targets: target == 0 ? [] : [target])
        let limits = recorder.limits
        recorder.limits = .none
        files.isStrict = true
        defer {
            files.isStrict = false
            recorder.limits = limits
            files.describeAgain()
        }
        guard recorder.open() else {
            let line = recorder.takeNotice() ?? []
            throw .store(StoreError(.system(.inputOutput), line))
        }
        let number = recorder.operation
        lastExecuted = number
        let restorer = Restorer(files, recorder, verification, policy)
        var progress = ProgressLine(
            kind == .redo ? "redo" : kind == .rollback ? "rollback" : "undo",
            total: plan.parts.reduce(0) { $0 + $1.changes.count }, canStop: kind != .repair)
        do throws(UndoError) {
            for (index, part) in plan.parts.enumerated() {
                if let verification, index > 0 {
                    let found = try verification.check(part)
                    if !found.isEmpty, policy == .refuse { throw .differing(found) }
                    conflicts += found
                }
                let whole = part.wholeDirectories(except: verification?.differing ?? [])
                for change in part.changes.reversed() {
                    if !progress.step() { throw .failed(change.path, .interrupted, isClean: true) }
                    if !whole.isEmpty, hasAncestor(change.path, in: whole) { continue }
                    do {
                        try restorer.restore(change)
                    } catch {
                        throw .failed(error.path, error.cause, isClean: true)
                    }
                }
            }
        } catch {
            recorder.close(status: 1, outcome: .failed)
            var isClean = kind != .repair
            if isClean {
                do {
                    try importOwn()
                    let done = try self.plan([number])
                    _ = try execute(done, .repair, target: number, nil, .force)
                    try importOwn()
                } catch {
                    isClean = false
                }
            }
            if case .failed(let path, let cause, _) = error { throw .failed(path, cause, isClean: isClean) }
            throw error
        }
        recorder.close(status: 0, outcome: .finished)
        if kind == .undoPaths || kind == .restore {
            // What changed nothing is no entry; the objects that it moved about go back to where entries look for them.
            try importOwn()
            guard let made = try operation(number), made.entry == nil else { return conflicts }
            lastExecuted = 0
            _ = try execute(try self.plan([number]), .repair, target: number, nil, .force)
            try importOwn()
            lastExecuted = 0
        }
        return conflicts
    }
}

extension Plan.Part {
    /// Directories that the operation made and that go into the store in one piece with all that it made in them.
    /// - Parameter differing: paths that need a look of their own.
    func wholeDirectories(except differing: Set<[UInt8]>) -> Set<[UInt8]> {
        var first: Set<[UInt8]> = []
        var whole: Set<[UInt8]> = []
        var linked: Set<[UInt8]> = []
        for change in changes where change.kind != .directoryTimes {
            // A rename may have carried something in or out.
            if change.kind == .moved { return [] }
            // A link kept in the store would show in the number of links of what stays outside.
            if change.kind == .created, !change.location.isEmpty, change.item == 0 {
                var above = parent(of: change.path)
                while above.count > 1 {
                    linked.insert(above)
                    above = parent(of: above)
                }
            }
            if change.kind == .created, change.item != 0 {
                // It goes back to its item by itself, with what is in it as it was there.
                var above = parent(of: change.path)
                while above.count > 1, linked.insert(above).inserted { above = parent(of: above) }
            }
            if first.insert(change.path).inserted, change.kind == .created, change.item == 0,
                results[change.path]?.after.isDirectory == true, !hasAncestor(change.path, in: whole)
            {
                whole.insert(change.path)
            }
        }
        whole.subtract(linked)
        for path in differing {
            var path = path
            while path.count > 1 {
                whole.remove(path)
                path = parent(of: path)
            }
        }
        return whole
    }
}

/// Whether a directory above the path is in the set.
private func hasAncestor(_ path: [UInt8], in set: Set<[UInt8]>) -> Bool {
    var path = parent(of: path)
    while path.count > 1 {
        if set.contains(path) { return true }
        path = parent(of: path)
    }
    return false
}

/// Puts paths back, one change after another, through the recorded file operations.
final class Restorer {
    private let files: FileSystem
    private let recorder: Recorder
    private let verification: Verification?
    private let policy: ConflictPolicy
    /// Objects that were made again from copies: further links to them.
    private var remade: [InodeKey: [UInt8]] = [:]

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

    private static func status(_ path: [UInt8]) throws(Errno) -> FileStatus? { try FileStatus.look(path) }

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
        defer { if parent >= 0 { try? System.close(parent) } }
        if files.sandbox != nil {
            do {
                parent = try Self.openParent(of: change.path)
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
            try restore(change, path)
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
    private static func openParent(of path: [UInt8]) throws(Errno) -> Int32 {
        guard let slash = path.lastIndex(of: 47), slash + 1 < path.count else { return -1 }
        do {
            return try System.open(
                Array(path[...slash]), [.path, .directory, .closeOnExec], resolve: .noSymbolicLinks)
        } catch {
            if error == .noEntry || error == .notDirectory { return -1 }
            throw error
        }
    }

    private func isSkipped(_ change: ChangeRecord) -> Bool {
        guard let differing = verification?.differing, !differing.isEmpty else { return false }
        return differing.contains(change.path) || change.kind == .moved && differing.contains(change.other)
    }

    private func restore(_ change: ChangeRecord, _ path: [UInt8]) throws(Errno) {
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
            try files.putAway(name, item: change.item, location: change.location)
        }
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
        var children: [[UInt8]] = []
        var reader = try DirectoryReader(path, follow: false)
        while let entry = try reader.next() {
            if !entry.isDot { children.append(Array(path.dropLast()) + [UInt8(ascii: "/")] + Array(entry.name) + [0]) }
        }
        for child in children { try putAway(child) }
    }

    /// Moves an object from the store to its path.
    private func place(_ item: [UInt8], _ path: [UInt8], _ change: ChangeRecord, _ object: NodeState) throws(Errno) {
        guard files.first.set(change.path) else { throw .nameTooLong }
        let record = recorder.recordPlaced(files.first, object, item: change.item, location: change.location)
        do {
            try System.rename(item, to: path, .noReplace)
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
        if before.kind == .regular, before.links > 1, let other = remade[key] {
            return try unwrapped { () throws(FileOpError) in try files.link(Text(other), to: name) }
        }
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
    private func fill(_ target: Int32, _ change: ChangeRecord, _ item: [UInt8]?) throws(Errno) {
        guard let item, !item.isEmpty else { return try System.writeAll(target, change.content) }
        let source = try FileDescriptor(item, .readOnly)
        do {
            try ContentCopy.copy(from: source.rawValue, to: target)
        } catch {
            throw error.cause
        }
    }

    // MARK: Content

    /// Opens a regular file for writing, after its present content was kept.
    private func opened(_ path: [UInt8], _ change: ChangeRecord, _ body: (Int32, FileStatus) throws(Errno) -> Void)
        throws(Errno)
    {
        var flags: OpenFlags = [.writeOnly, .noFollow, .nonBlocking]
        var restored: UInt32?
        let fd: FileDescriptor
        do {
            fd = try FileDescriptor(path, flags)
        } catch {
            // The owner may have taken away the right to write, which is no reason to leave the content.
            guard error == .accessDenied, let status = try Self.status(path),
                status.owner == System.effectiveUserID
            else { throw error }
            restored = status.permissions
            if files.first.set(change.path) {
                recorder.recordAttributes(files.first, status, extended: false)
            }
            try System.changeMode(path, status.permissions | 0o600, follow: false)
            flags = [.writeOnly, .noFollow, .nonBlocking]
            fd = try FileDescriptor(path, flags)
        }
        let status = try FileStatus(descriptor: fd.rawValue)
        guard status.isRegular, files.first.set(change.path) else { throw .invalid }
        do {
            try body(fd.rawValue, status)
        } catch {
            if let restored { try? System.changeMode(path, restored, follow: false) }
            throw error
        }
        if let restored { try System.changeMode(path, restored, follow: false) }
    }

    private func rewrite(_ path: [UInt8], _ change: ChangeRecord, _ item: [UInt8]) throws(Errno) {
        try opened(path, change) { (fd, status) throws(Errno) in
            if recorder.recordContent(files.first, status, fd: fd) != .none { throw .noSpace }
            try System.truncate(fd, to: 0)
            try fill(fd, change, item)
        }
        try applyAttributes(path, change.before, change.attributes)
    }

    private func cut(_ path: [UInt8], _ change: ChangeRecord) throws(Errno) {
        try opened(path, change) { (fd, status) throws(Errno) in
            if UInt64(status.size) == change.before.size { return }
            if recorder.recordTail(files.first, status, fd: fd, size: change.before.size) != .none { throw .noSpace }
            try System.truncate(fd, to: Int64(change.before.size))
        }
        try setAttributes(path, change)
    }

    private func restoreTail(_ path: [UInt8], _ change: ChangeRecord, _ item: [UInt8]) throws(Errno) {
        guard let start = Int64(String(decoding: change.other, as: UTF8.self)) else { throw .invalid }
        try opened(path, change) { (fd, status) throws(Errno) in
            // As the cut left it; anything else would be content of another time.
            if status.size != start, status.size != Int64(change.before.size) { throw .invalid }
            recorder.recordAppended(files.first, status)
            _ = try System.seek(fd, start)
            try fillTail(fd, change, item)
            try System.truncate(fd, to: Int64(change.before.size))
        }
        try applyAttributes(path, change.before, change.attributes)
    }

    private func fillTail(_ fd: Int32, _ change: ChangeRecord, _ item: [UInt8]) throws(Errno) {
        if item.isEmpty { return try System.writeAll(fd, change.content) }
        let source = try FileDescriptor(item, .readOnly)
        try System.writeAll(fd, try source.readAll())
    }

    // MARK: Attributes

    private func setAttributes(_ path: [UInt8], _ change: ChangeRecord) throws(Errno) {
        guard let status = try Self.status(path), files.first.set(change.path) else { throw .noEntry }
        recorder.recordAttributes(files.first, status, extended: !change.attributes.isEmpty)
        var before = change.before
        if before.isDirectory {
            let times = try times(change) ?? NodeState(status)
            (before.access, before.modification) = (times.access, times.modification)
        }
        try applyAttributes(path, before, change.attributes)
    }

    /// Gives an object the owner, mode, extended attributes and times of a state. Nothing is recorded here.
    private func applyAttributes(_ path: [UInt8], _ before: NodeState, _ attributes: [UInt8]) throws(Errno) {
        guard let status = try Self.status(path) else { throw .noEntry }
        if status.owner != before.owner || status.group != before.group {
            try System.changeOwner(path, owner: before.owner, group: before.group, follow: false)
        }
        if before.kind != .symbolicLink {
            if !attributes.isEmpty {
                try path.withPath { (path) throws(Errno) in
                    try AttributeList.write(attributes, to: .path(path, follow: false))
                }
            }
            // After the owner and the access list, which both alter it.
            if try FileStatus(path, follow: false).permissions != before.permissions {
                try System.changeMode(path, before.permissions)
            }
        }
        try System.setTimes(
            path, access: .set(before.access.fileTime), modification: .set(before.modification.fileTime), follow: false)
    }

    /// The times that a directory is to get, when it is to get any.
    private func times(_ change: ChangeRecord) throws(Errno) -> NodeState? {
        guard let verification else { return change.before }
        do {
            return try verification.times(of: change.path, before: change.before)
        } catch {
            throw .inputOutput
        }
    }

    private func restoreTimes(_ path: [UInt8], _ change: ChangeRecord, _ times: NodeState) throws(Errno) {
        guard let status = try Self.status(path), status.isDirectory, files.first.set(change.path) else { return }
        recorder.recordTimes(of: files.first, status)
        do {
            try System.setTimes(
                path, access: .set(times.access.fileTime), modification: .set(times.modification.fileTime),
                follow: false)
        } catch {
            // In a directory of another (/tmp) names may be made, but its times not be set.
            if error != .permission && error != .accessDenied && error != .noEntry { throw error }
        }
    }
}
