// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// Contents and attributes of what has its name again.
extension Restorer {
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

    func rewrite(_ path: [UInt8], _ change: ChangeRecord, _ item: [UInt8]) throws(Errno) {
        try opened(path, change) { (fd, status) throws(Errno) in
            if recorder.recordContent(files.first, status, fd: fd) != .none { throw .noSpace }
            try System.truncate(fd, to: 0)
            try fill(fd, change, item)
        }
        try applyAttributes(path, change.before, change.attributes)
    }

    func cut(_ path: [UInt8], _ change: ChangeRecord) throws(Errno) {
        try opened(path, change) { (fd, status) throws(Errno) in
            if UInt64(status.size) == change.before.size { return }
            if recorder.recordTail(files.first, status, fd: fd, size: change.before.size) != .none { throw .noSpace }
            try System.truncate(fd, to: Int64(change.before.size))
        }
        try setAttributes(path, change)
    }

    func restoreTail(_ path: [UInt8], _ change: ChangeRecord, _ item: [UInt8]) throws(Errno) {
        guard let start = Int64(String(decoding: change.other, as: UTF8.self)) else { throw .invalid }
        try opened(path, change) { (fd, status) throws(Errno) in
            // As the cut left it; anything else would be content of another time.
            if status.size != start, status.size != Int64(change.before.size) { throw .invalid }
            recorder.recordAppended(files.first, status)
            // Which keeps no extended attributes; those of the record may be others.
            recorder.recordAttributes(files.first, status, extended: !change.attributes.isEmpty)
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

    func setAttributes(_ path: [UInt8], _ change: ChangeRecord) throws(Errno) {
        guard let status = try Self.status(path), files.first.set(change.path) else { throw .noEntry }
        recorder.recordAttributes(files.first, status, extended: !change.attributes.isEmpty, isBornToo: true)
        var before = change.before
        if before.isDirectory {
            let times = try times(change) ?? NodeState(status)
            (before.access, before.modification) = (times.access, times.modification)
        }
        try applyAttributes(path, before, change.attributes)
    }

    /// Gives an object the owner, mode, extended attributes and times of a state. Nothing is recorded here.
    func applyAttributes(_ path: [UInt8], _ before: NodeState, _ attributes: [UInt8]) throws(Errno) {
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
    func times(_ change: ChangeRecord) throws(Errno) -> NodeState? {
        guard let verification else { return change.before }
        do {
            return try verification.times(of: change.path, before: change.before)
        } catch {
            throw .inputOutput
        }
    }

    func restoreTimes(_ path: [UInt8], _ change: ChangeRecord, _ times: NodeState) throws(Errno) {
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
