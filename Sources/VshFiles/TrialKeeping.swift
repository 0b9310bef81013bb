// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// Making what a trial left real, with calls that are recorded: one `undo` takes all of it back.
extension Trial {
    /// To be called in a transaction, which the caller rolls back when this fails.
    /// - Throws: the path that was not as the trial had seen it (`Errno.staleHandle`), or at which something failed.
    public func keep() throws(FileOpError) {
        for change in list { try check(change) }
        // What is there and stays has the other names, whichever comes first.
        var linked: [Name: Text] = [:]
        for change in list where change.isCopied {
            if let after = change.after, after.linkCount > 1 { linked[Name(after)] = Text(change.path) }
        }
        for change in list { try make(change, &linked) }
        // From the inside out: what is done in a directory changes its times, and needs its mode.
        for change in list.reversed() where change.after?.isDirectory == true { try dress(change) }
    }

    private struct Name: Hashable {
        let device: UInt64
        let inode: UInt64

        init(_ status: FileStatus) {
            device = status.device
            inode = status.inode
        }
    }

    /// Somebody else may have been there meanwhile.
    private func check(_ change: TrialChange) throws(FileOpError) {
        if change.before == nil, change.isInside { return }
        let now = try? FileStatus(change.path, follow: false)
        let isSame: Bool
        switch (change.before, now) {
        case (nil, nil): isSame = true
        case (let before?, let now?):
            isSame =
                before.isSameFile(as: now)
                && (before.isDirectory || before.modificationTime == now.modificationTime && before.size == now.size)
        default: isSame = false
        }
        if !isSame { throw FileOpError(cause: .staleHandle, path: change.path) }
    }

    private func failed(_ path: [UInt8], _ error: Errno) -> FileOpError { FileOpError(cause: error, path: path) }

    private func reading<R>(_ path: [UInt8], _ body: () throws(Errno) -> R) throws(FileOpError) -> R {
        do {
            return try body()
        } catch {
            throw failed(path, error)
        }
    }

    private func make(_ change: TrialChange, _ linked: inout [Name: Text]) throws(FileOpError) {
        let path = Text(change.path)
        guard let after = change.after else {
            if !change.isInside, let before = change.before { try remove(path, before.isDirectory) }
            return
        }
        if after.isDirectory {
            if !change.isWhole { return }
            if let before = change.before { try remove(path, before.isDirectory) }
            // Writable for us until its content is there.
            return try files.makeDirectory(path, mode: after.permissions & 0o777 | 0o700)
        }
        if change.hasSameContent { return try dress(change) }
        if after.isRegular, change.isCopied, change.before?.isRegular == true {
            try write(change, [.writeOnly, .truncate])
            return try dress(change)
        }
        if let before = change.before { try remove(path, before.isDirectory) }
        if after.linkCount > 1 {
            if let first = linked[Name(after)] { return try files.link(first, to: path) }
            linked[Name(after)] = path
        }
        switch after.type {
        case .regular: try write(change, [.writeOnly, .create, .exclusive])
        case .symbolicLink:
            try files.symbolicLink(
                target: Text(try reading(change.path) { () throws(Errno) in try System.readLink(change.source) }),
                at: path)
        default: try files.makeNode(path, mode: after.mode, device: after.representedDevice)
        }
        try dress(change)
    }

    private func remove(_ path: Text, _ isDirectory: Bool) throws(FileOpError) {
        if !isDirectory { return try files.unlink(path) }
        if files.removeTree(path) { return }
        // Name by name where it cannot go in one piece.
        let entries = try reading(path.bytes) { () throws(Errno) in
            var entries: [(name: Text, isDirectory: Bool)] = []
            var reader = try DirectoryReader(path.bytes, follow: false)
            while let entry = try reader.next() {
                if entry.isDot { continue }
                let status = try FileStatus(entry.path, at: reader.descriptor, follow: false)
                entries.append((Text(path.bytes + [UInt8(ascii: "/")] + Array(entry.name)), status.isDirectory))
            }
            return entries
        }
        for entry in entries { try remove(entry.name, entry.isDirectory) }
        try files.removeDirectory(path)
    }

    private func write(_ change: TrialChange, _ flags: OpenFlags) throws(FileOpError) {
        let source = try reading(change.path) { () throws(Errno) in
            try System.open(change.source, [.readOnly, .noFollow, .closeOnExec])
        }
        defer { try? System.close(source) }
        let target = files.open(Text(change.path), flags: flags.union([.closeOnExec, .noFollow]).rawValue, mode: 0o600)
        if target < 0 { throw failed(change.path, Errno(rawValue: -target)) }
        defer { try? System.close(target) }
        let result = files.copyContent(from: source, to: target)
        if result.code != 0 { throw failed(change.path, Errno(rawValue: result.code)) }
    }

    /// Owner, mode, extended attributes and times.
    private func dress(_ change: TrialChange) throws(FileOpError) {
        guard let after = change.after, let now = try? FileStatus(change.path, follow: false) else { return }
        let path = Text(change.path)
        if change.isTop {
            // Its owner, who may be somebody else, is not known; nothing but an explicit chmod is to be repeated.
            if after.permissions != now.permissions { try files.setMode(path, mode: after.permissions) }
            return
        }
        if now.owner != after.owner || now.group != after.group {
            try files.setOwner(
                path, owner: now.owner == after.owner ? nil : after.owner,
                group: now.group == after.group ? nil : after.group, follow: false)
        }
        if !after.isSymbolicLink {
            // First what the mode may forbid.
            try setAttributes(change, path)
            // A change of owner may take bits away.
            if now.owner != after.owner || now.group != after.group || now.permissions != after.permissions {
                try files.setMode(path, mode: after.permissions)
            }
        }
        // A directory's time comes with what is done in it.
        if now.modificationTime == after.modificationTime || change.isOnTheWay { return }
        // Written through memory: a tmpfs does not notice when.
        if change.isCopied, !change.hasSameContent, change.before?.modificationTime == after.modificationTime { return }
        let (access, modification) = (after.accessTime, after.modificationTime)
        try files.setTimes(
            path, access: .at(seconds: access.seconds, nanoseconds: Int64(access.nanoseconds)),
            modification: .at(seconds: modification.seconds, nanoseconds: Int64(modification.nanoseconds)),
            follow: false)
    }

    private func setAttributes(_ change: TrialChange, _ path: Text) throws(FileOpError) {
        let (now, wanted) = (Self.attributes(change.path), Self.attributes(change.source))
        for (name, _) in now where !wanted.contains(where: { $0.name == name }) {
            try files.setAttribute(path, name: Text(name), value: nil)
        }
        for (name, value) in wanted where !now.contains(where: { $0.name == name && $0.value == value }) {
            try files.setAttribute(path, name: Text(name), value: value)
        }
    }
}
