// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// The records of changes, each written before its change.
extension Recorder {
    /// Files up to this size are kept in the record itself.
    private static var smallContent: UInt64 { 8192 }

    private static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    /// Appends a change record; its offset, or nil when there is no room.
    @inline(__always)
    private func append(
        _ kind: ChangeKind, _ preimage: Preimage, reason: MissingReason = .none, item: UInt64 = 0,
        before: NodeState = .absent, path: UnsafeRawBufferPointer, other: UnsafeRawBufferPointer? = nil,
        location: [UInt8] = [], attributes: [UInt8] = [], content: [UInt8] = []
    ) -> Int? {
        guard let journal else { return nil }
        let offset = location.withUnsafeBytes { location in
            attributes.withUnsafeBytes { attributes in
                content.withUnsafeBytes { content in
                    journal.appendChange(
                        operation: operation, kind: kind, preimage: preimage, reason: reason, item: item,
                        before: before, path: path, other: other ?? Self.nothing, location: location,
                        attributes: attributes, content: content)
                }
            }
        }
        if offset == nil { say(Array("changes cannot be undone: no space for the journal".utf8)) }
        if isDurable, kind != .created { journal.sync() }
        return offset
    }

    func void(_ offset: Int?) {
        if let offset { _ = journal?.appendVoid(offset, operation: operation) }
    }

    /// Records the times of the directory that a path lies in, once in an operation: a change in it alters them.
    func touchParent(of path: PathBuffer) {
        let parent = path.parent
        if !paths[parent].known.needsTimes { return }
        var name = Array(parent)
        name.append(0)
        let found: FileStatus?
        do {
            found = try FileStatus.look(name)
        } catch {
            return say(
                Array("cannot be undone: the times of ".utf8) + name.dropLast() + Array(": \(error.message)".utf8))
        }
        guard let status = found, status.isDirectory else { return }
        paths.insert(parent, .touched)
        _ = append(.directoryTimes, .inRecord, before: NodeState(status), path: UnsafeRawBufferPointer(parent))
    }

    /// Nothing is at the path, and something will be.
    /// - Parameter source: of a hard link: a path of the object.
    /// - Returns: the record; nil when none was needed.
    @discardableResult
    func recordCreated(_ path: PathBuffer, linkedTo source: [UInt8] = []) -> Int? {
        // Of a link it must be known what it was, to take it away without a trace.
        if !paths[path.bytes].known.needsCreation(isLink: !source.isEmpty) { return nil }
        touchParent(of: path)
        let record = append(.created, .inRecord, path: path.raw, location: source)
        paths.insert(path.bytes, [.covered, .created])
        return record
    }

    /// What `recordCreated` told of did not happen: another made something there.
    func uncover(_ path: PathBuffer, _ record: Int) {
        void(record)
        paths.remove(path.bytes, [.covered, .created])
    }

    /// A hard link will be removed whose object is at `source` too: it can be linked again from there. (A link kept in
    /// the store would show in the number of links.)
    func recordRemovedLink(_ path: PathBuffer, _ status: FileStatus, linkedTo source: [UInt8]) -> Int? {
        touchParent(of: path)
        return append(.removed, .inRecord, before: NodeState(status), path: path.raw, location: source)
    }

    /// An object from the store will stand at the path, where nothing is; of a tree, all that is in it belongs to it.
    /// Which item it was is kept: taken back there, the records of the operation that removed it hold again.
    func recordPlaced(_ path: PathBuffer, _ object: NodeState, item: UInt64, location: [UInt8]) -> Int? {
        touchParent(of: path)
        paths.insert(path.bytes, [.covered, .created])
        return append(
            .created, .object, item: item, path: path.raw, location: location, content: object.encoded)
    }

    /// Times of a directory will be set.
    func recordTimes(of path: PathBuffer, _ status: FileStatus) {
        if !paths[path.bytes].known.needsTimes { return }
        paths.insert(path.bytes, .touched)
        _ = append(.directoryTimes, .inRecord, before: NodeState(status), path: path.raw)
    }

    /// An object will leave the path for the store by a rename: the record first, since the rename is the change.
    func recordRemovedObject(_ path: PathBuffer, _ status: FileStatus, item: UInt64, location: [UInt8]) -> Int? {
        touchParent(of: path)
        let offset = append(
            .removed, .object, item: item, before: NodeState(status), path: path.raw, location: location)
        return offset
    }

    /// An object will leave the path and can be made again from this record: a directory, a link, a node; or from a
    /// copy of its content in the store.
    func recordRemoved(
        _ path: PathBuffer, _ status: FileStatus, preimage: Preimage, reason: MissingReason = .none, item: UInt64 = 0,
        content: [UInt8] = [], otherName: [UInt8] = []
    ) -> Int? {
        touchParent(of: path)
        var target = otherName
        if status.isSymbolicLink { target = (try? System.readLink(path.path)) ?? [] }
        let attributes = AttributeList.read(.path(path.path, follow: false))
        return target.withUnsafeBytes { target in
            append(
                .removed, preimage, reason: reason, item: item, before: NodeState(status), path: path.raw,
                other: target, attributes: attributes, content: content)
        }
    }

    /// A hard link was made.
    func noteLinked(_ path: PathBuffer, from source: [UInt8]) { linked[path.array] = source }

    /// Another path of the object that the operation made a hard link of at `path`; nil when there is none any more.
    func source(ofLink path: PathBuffer, _ status: FileStatus) -> [UInt8]? {
        if status.linkCount < 2 || linked.isEmpty { return nil }
        let own = path.array
        var name = own
        // Over links that are gone; they can have been made in a circle.
        for _ in 0..<8 {
            guard let next = linked[name] else { return nil }
            if next != own, Self.isName(next, of: status) { return next }
            name = next
        }
        return nil
    }

    private static func isName(_ path: [UInt8], of status: FileStatus) -> Bool {
        (try? FileStatus(path, follow: false))?.isSameFile(as: status) ?? false
    }

    /// Another path of an object, where one can be found in short: made by the operation, or in the same directory. It may go
    /// before the undo.
    func otherName(of path: PathBuffer, _ status: FileStatus) -> [UInt8] {
        if status.linkCount < 2 || status.isDirectory || status.isSymbolicLink { return [] }
        let own = path.array
        let found =
            source(ofLink: path, status) ?? linked.first { $0.value == own && Self.isName($0.key, of: status) }?.key
        if let found { return found }
        guard var reader = try? DirectoryReader(Array(path.parent), follow: false) else { return [] }
        for _ in 0..<4096 {
            guard let entry = try? reader.next() else { return [] }
            if entry.inode != status.inode { continue }
            let name = (path.parentCount == 1 ? [] : Array(path.parent)) + [UInt8(ascii: "/")] + entry.name
            if name != own, Self.isName(name, of: status) { return name }
        }
        return []
    }

    /// In place of a hard link that the operation made, the name that the object had before: under that it is changed.
    func useEarlierName(_ path: PathBuffer, _ status: FileStatus) {
        if status.linkCount < 2 || linked.isEmpty { return }
        // Links can have been made in a circle.
        for _ in 0..<8 {
            guard let source = source(ofLink: path, status), path.set(source) else { return }
        }
    }

    /// A file with several names was renamed: where the old one is asked for, the new one is meant.
    func renameLink(_ from: PathBuffer, to path: PathBuffer, _ status: FileStatus) {
        if status.linkCount < 2 || linked.isEmpty { return }
        let (old, new, source) = (from.array, path.array, source(ofLink: from, status))
        linked[new] = source == new ? nil : source
        linked[old] = new
    }

    func markCovered(_ path: PathBuffer) { paths.insert(path.bytes, .covered) }

    /// The object at `from` will be renamed to `to`.
    func recordMoved(_ from: PathBuffer, _ status: FileStatus, to: PathBuffer) -> Int? {
        append(.moved, .inRecord, before: NodeState(status), path: from.raw, other: to.raw)
    }

    /// Nothing is at the path, and a rename will put something there.
    func recordCreatedUncovered(_ path: PathBuffer) -> Int? {
        append(.created, .inRecord, path: path.raw)
    }

    /// Mode, owner or times of an object will change. Of a directory each time: what was changed in it before may not be possible
    /// after it, and is taken back in reverse.
    /// - Parameter isBornToo: of a directory also when the operation made it, for what was there before may have come into it.
    func recordAttributes(_ path: PathBuffer, _ status: FileStatus, extended: Bool, isBornToo: Bool = false) {
        let known = flags(status).known
        let isAgain = status.isDirectory && (isBornToo || !known.isBorn)
        if !isAgain, !known.needsAttributes(extended: extended) { return }
        let attributes = extended ? AttributeList.read(.path(path.path, follow: false)) : []
        if append(
            .attributes, .inRecord, before: NodeState(status), path: path.raw, attributes: attributes) != nil
        {
            insert(status, extended ? [.attributes, .extended] : .attributes)
        }
    }

    /// A regular file will only grow.
    func recordAppended(_ path: PathBuffer, _ status: FileStatus) {
        if flags(status).known.contentPlan(grows: true) != .size { return }
        let attributes = status.permissions & 0o111 != 0 ? AttributeList.read(.path(path.path, follow: false)) : []
        if append(.appended, .inRecord, before: NodeState(status), path: path.raw, attributes: attributes) != nil {
            insert(status, [.appended, .attributes])
        }
    }

    /// A regular file will be cut to `size`; only the bytes from there on are kept.
    /// - Returns: why they could not be kept.
    func recordTail(_ path: PathBuffer, _ status: FileStatus, fd: Int32, size: UInt64) -> MissingReason {
        var tail = [UInt8](repeating: 0, count: 0)
        let count = UInt64(status.size) - min(size, UInt64(status.size))
        if count > 1 << 26 { return recordContent(path, status, fd: fd) }
        guard let source = readable(fd, status, at: path) else { return .unreadable }
        do {
            _ = try System.seek(source.rawValue, Int64(size))
            tail = try source.readAll(limit: Int(count))
        } catch {
            return .unreadable
        }
        var place: [UInt8] = []
        place.append(decimal: size)
        let offset: Int?
        if UInt64(tail.count) <= Self.smallContent {
            offset = place.withUnsafeBytes {
                append(
                    .tail, .inRecord, before: NodeState(status), path: path.raw, other: $0,
                    attributes: AttributeList.read(.path(path.path, follow: false)), content: tail)
            }
        } else {
            guard let item = writeItem(tail) else { return .storeFailed }
            offset = place.withUnsafeBytes {
                append(
                    .tail, .copy, item: item, before: NodeState(status), path: path.raw, other: $0,
                    attributes: AttributeList.read(.path(path.path, follow: false)))
            }
        }
        return offset == nil ? .storeFailed : .none
    }

    /// The content of a regular file will change in place.
    /// - Parameter fd: open on it in whatever mode.
    /// - Returns: why it could not be kept.
    @discardableResult
    func recordContent(_ path: PathBuffer, _ status: FileStatus, fd: Int32) -> MissingReason {
        if flags(status).known.contentPlan(grows: false) == .nothing { return .none }
        var (preimage, reason, item) = (Preimage.inRecord, MissingReason.none, UInt64(0))
        var content: [UInt8] = []
        let size = UInt64(status.size)
        if size > 0 {
            if size <= Self.smallContent, let source = readable(fd, status, at: path),
                let bytes = try? source.readAll(expecting: Int(size), limit: Int(size) * 2)
            {
                content = bytes
            } else {
                (item, reason) = copyItem(fd, status)
                preimage = item == 0 ? .missing : .copy
            }
        }
        let offset = append(
            .content, preimage, reason: reason, item: item, before: NodeState(status), path: path.raw,
            attributes: AttributeList.read(.descriptor(fd)), content: content)
        if offset == nil { return .storeFailed }
        insert(status, [.content, .attributes, .extended])
        return reason
    }

    /// Another descriptor of the same file, for reading from the start, without touching its access time if possible.
    /// - Parameter path: where it probably is: to open that takes a third of the time that /proc takes.
    private func readable(_ fd: Int32, _ status: FileStatus, at path: PathBuffer? = nil) -> FileDescriptor? {
        if let path, let source = try? FileDescriptor(path.path, [.readOnly, .noFollow, .noAccessTime, .nonBlocking]),
            let found = try? FileStatus(descriptor: source.rawValue), found.isSameFile(as: status)
        {
            return source
        }
        var name = Array("/proc/self/fd/".utf8)
        name.append(decimal: UInt64(fd))
        name.append(0)
        if let source = try? FileDescriptor(name, [.readOnly, .noAccessTime, .nonBlocking]) { return source }
        return try? FileDescriptor(name, [.readOnly, .nonBlocking])
    }

    /// Copies a file's content into a new store item. The item, or 0 and why not.
    func copyItem(_ fd: Int32, _ status: FileStatus) -> (UInt64, MissingReason) {
        let reason = mayCopy(UInt64(status.size))
        if reason != .none { return (0, reason) }
        guard let source = readable(fd, status) else { return (0, .unreadable) }
        guard let item = newItem(), let target = openItem(item) else { return (0, .storeFailed) }
        do {
            do {
                try System.clone(from: source.rawValue, to: target.rawValue)
                return (item, .none)
            } catch {}
            if !hasRoom(for: UInt64(status.size), target.rawValue) {
                dropItem(item)
                return (0, .noRoom)
            }
            try ContentCopy.copy(from: source.rawValue, to: target.rawValue, sharing: .never)
            return (item, .none)
        } catch {
            dropItem(item)
            return (0, error.isReading ? .unreadable : .storeFailed)
        }
    }

    /// Whether a copy of this size leaves the user some space. Where little is left, old entries are given up first.
    private func hasRoom(for bytes: UInt64, _ fd: Int32) -> Bool {
        func room(_ share: UInt64) -> Bool {
            guard let status = try? System.fileSystemStatus(fd) else { return true }
            return status.availableBytes >= bytes + status.totalBytes / share
        }
        if room(20) { return true }
        makeRoom()
        return room(100)
    }

    private func writeItem(_ bytes: [UInt8]) -> UInt64? {
        guard let item = newItem(), let target = openItem(item) else { return nil }
        if (try? target.writeAll(bytes)) != nil { return item }
        dropItem(item)
        return nil
    }

    /// A number for a store item.
    func newItem() -> UInt64? { journal?.nextItem() }

    private func openItem(_ item: UInt64) -> FileDescriptor? {
        guard let store else { return nil }
        return try? FileDescriptor(store.path(item), [.writeOnly, .create, .exclusive], mode: 0o600)
    }

    func dropItem(_ item: UInt64, location: [UInt8] = []) {
        if let store { try? System.unlink(store.path(item, location: location)) }
    }
}

/// Extended attributes as one block of bytes: for each, count and bytes of the name, count and bytes of the value. An
/// object without any has a block of four zeros; an empty block says that nothing was recorded.
enum AttributeList {
    static func read(_ target: ExtendedAttributes.Target) -> [UInt8] {
        guard let names = try? ExtendedAttributes.names(target), !names.isEmpty else { return [0, 0, 0, 0] }
        var block: [UInt8] = []
        func put(_ bytes: [UInt8]) {
            withUnsafeBytes(of: UInt32(bytes.count)) { block.append(contentsOf: $0) }
            block.append(contentsOf: bytes)
        }
        for name in names {
            guard let value = try? ExtendedAttributes.value(target, name) else { continue }
            put(name)
            put(value)
        }
        return block.isEmpty ? [0, 0, 0, 0] : block
    }

    static func decode(_ block: [UInt8]) -> [(name: [UInt8], value: [UInt8])] {
        var list: [(name: [UInt8], value: [UInt8])] = []
        RecordReader.reading(block) { reader in
            while true {
                let name = reader.getBytes()
                let value = reader.getBytes()
                if reader.isDamaged { return }
                list.append((name, value))
            }
        }
        return list
    }

    /// Gives an object exactly the attributes of a block. Those that the user may not set are left.
    static func write(_ block: [UInt8], to target: ExtendedAttributes.Target) throws(Errno) {
        let wanted = decode(block)
        var present: [[UInt8]] = []
        do {
            present = try ExtendedAttributes.names(target)
        } catch {
            if error != .notSupported { throw error }
        }
        for name in present where !wanted.contains(where: { $0.name == name }) {
            try skippingRefused { () throws(Errno) in try ExtendedAttributes.remove(target, name) }
        }
        for (name, value) in wanted {
            if let found = try ExtendedAttributes.value(target, name), found == value { continue }
            try skippingRefused { () throws(Errno) in try ExtendedAttributes.set(target, name, value) }
        }
    }

    private static func skippingRefused(_ body: () throws(Errno) -> Void) throws(Errno) {
        do {
            try body()
        } catch {
            if error != .permission && error != .notSupported && error != .noData { throw error }
        }
    }
}
