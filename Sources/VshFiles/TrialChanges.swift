// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// What a trial left at one path.
struct TrialChange {
    /// Absolute.
    var path: [UInt8]
    /// Where the new state lies.
    var source: [UInt8]
    var before: FileStatus?
    /// Nil: it is removed.
    var after: FileStatus?
    /// A directory that has nothing of what was there before.
    var isWhole = false
    /// It came or went with the directory that it is in.
    var isInside = false
    /// What was there, changed in place.
    var isCopied = false
    /// At most attributes are different.
    var hasSameContent = false
    /// A directory in which something changed, and that may have got another time by that.
    var isOnTheWay = false
    /// The top of an area: its owner is not known.
    var isTop = false
}

/// Reading what overlayfs left (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories").
extension Trial {
    /// Compares all that the command left with what is there. To be called when it has ended.
    public func look() {
        list = []
        for (number, area) in areas.enumerated() where !area.isEmpty {
            let top = place(ofArea: number)
            guard let before = try? FileStatus(area, follow: false), let after = try? FileStatus(top, follow: false)
            else { continue }
            var change = TrialChange(path: area, source: top, before: before, after: after)
            change.isTop = true
            change.isOnTheWay = true
            list.append(change)
            walk(area, top)
        }
    }

    private func joined(_ directory: [UInt8], _ name: [UInt8]) -> [UInt8] { directory + [UInt8(ascii: "/")] + name }

    private func names(_ directory: [UInt8]) -> [[UInt8]] {
        var names: [[UInt8]] = []
        guard var reader = try? DirectoryReader(directory, follow: false) else { return [] }
        while let entry = try? reader.next() {
            if !entry.isDot { names.append(Array(entry.name)) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// What the command left unreadable is to be read all the same: it is a copy, of which the mode is known.
    private func makeReadable(_ path: [UInt8], _ status: FileStatus) {
        let bits: UInt32 = status.isDirectory ? 0o700 : 0o400
        if status.isDirectory || status.isRegular, status.permissions & bits != bits {
            try? System.changeMode(path, status.permissions | bits)
        }
    }

    private func has(_ name: String, _ path: [UInt8]) -> Bool {
        for space in ["user", "trusted"] {
            let found = (path + [0]).withPath { path in
                (try? ExtendedAttributes.value(.path(path, follow: false), "\(space).overlay.\(name)")) ?? nil
            }
            if found != nil { return true }
        }
        return false
    }

    /// - Parameter isNew: the directory has nothing of what was there before.
    private func walk(_ directory: [UInt8], _ source: [UInt8], isNew: Bool = false) {
        for name in names(source) {
            let path = joined(directory, name)
            // The shell's own directories and stores are not the command's to change.
            if files.sandbox?.allows(path) == false { continue }
            let from = joined(source, name)
            guard let after = try? FileStatus(from, follow: false) else { continue }
            makeReadable(from, after)
            let before = isNew ? nil : try? FileStatus(path, follow: false)
            var change = TrialChange(path: path, source: from, before: before, after: after)
            change.isInside = isNew
            if after.type == .characterDevice, after.representedDevice == 0 {
                guard let before else { continue }
                change.after = nil
                change.source = []
                list.append(change)
                if before.isDirectory { addRemoved(path) }
            } else if after.isDirectory {
                let merges = before?.isDirectory == true && !has("opaque", from)
                change.isWhole = !merges
                let number = list.count
                list.append(change)
                if change.isWhole, before?.isDirectory == true { addRemoved(path) }
                let start = list.count
                walk(path, from, isNew: change.isWhole)
                list[number].isOnTheWay = merges && list.count > start
            } else {
                if let before, before.type == after.type { compare(before, after, &change) }
                list.append(change)
            }
        }
    }

    private func compare(_ before: FileStatus, _ after: FileStatus, _ change: inout TrialChange) {
        // A file of several names is copied without a note of its origin; only what is new has another time of access.
        change.isCopied =
            before.linkCount > 1 ? after.accessTime == before.accessTime : has("origin", change.source)
        if before.linkCount > 1, !change.isCopied { return }
        switch after.type {
        case .regular:
            // What may not be read has the time of the original until it is written to.
            let isUntouched = change.isCopied && before.modificationTime == after.modificationTime
            change.hasSameContent =
                before.size == after.size && isSame(change.path, change.source) ?? isUntouched
        case .symbolicLink:
            change.hasSameContent = (try? System.readLink(change.path)) == (try? System.readLink(change.source))
        default: change.hasSameContent = before.representedDevice == after.representedDevice
        }
    }

    /// Whether two files have the same content; nil: they cannot be read.
    private func isSame(_ path: [UInt8], _ other: [UInt8]) -> Bool? {
        guard let first = try? FileDescriptor(path, [.readOnly, .noFollow, .nonBlocking]),
            let second = try? FileDescriptor(other, [.readOnly, .noFollow, .nonBlocking])
        else { return nil }
        let size = 1 << 16
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * size, alignment: 8)
        defer { space.deallocate() }
        let (one, two) = (
            UnsafeMutableRawBufferPointer(rebasing: space[..<size]),
            UnsafeMutableRawBufferPointer(rebasing: space[size...])
        )
        while true {
            guard let count = try? first.read(into: one), let same = try? second.read(into: two) else { return nil }
            if count != same { return false }
            if count == 0 { return true }
            if !one[..<count].elementsEqual(two[..<count]) { return false }
        }
    }

    /// What was in a directory that is gone.
    private func addRemoved(_ directory: [UInt8]) {
        for name in names(directory) {
            let path = joined(directory, name)
            guard let before = try? FileStatus(path, follow: false) else { continue }
            var change = TrialChange(path: path, source: [], before: before, after: nil)
            change.isInside = true
            list.append(change)
            if before.isDirectory { addRemoved(path) }
        }
    }

    /// Attributes of users and the system, without those that the overlay made.
    static func attributes(_ path: [UInt8]) -> [(name: [UInt8], value: [UInt8])] {
        let block = (path + [0]).withPath { AttributeList.read(.path($0, follow: false)) }
        return AttributeList.decode(block).filter { attribute in
            !["user.overlay.", "trusted.overlay.", "security.selinux"].contains { attribute.name.starts(with: $0.utf8) }
        }
    }
}

extension TrialChange {
    var changesAttributes: Bool {
        guard let before, let after else { return false }
        if before.permissions != after.permissions && !after.isSymbolicLink { return true }
        if !isTop, before.owner != after.owner || before.group != after.group { return true }
        if after.isSymbolicLink { return false }
        let (old, new) = (Trial.attributes(path), Trial.attributes(source))
        return old.count != new.count
            || old.contains { one in !new.contains { $0.name == one.name && $0.value == one.value } }
    }

    /// As the history shows changes; nil: nothing that people would call one.
    var shown: PathChange? {
        let (old, new) = (before.map { NodeState($0) } ?? .absent, after.map { NodeState($0) } ?? .absent)
        var kind = PathChange.Kind.replaced
        if before == nil {
            kind = .created
        } else if after == nil {
            kind = .removed
        } else if hasSameContent || after?.isDirectory == true && !isWhole {
            let isTouched = before?.modificationTime != after?.modificationTime && !isOnTheWay
            if !isTouched, !changesAttributes { return nil }
            kind = .attributes
        } else if isCopied {
            kind = .written
        }
        var change = PathChange(path: path, kind: kind, before: old, after: new, missing: .none)
        change.isInside = isInside
        return change
    }
}

/// What `try` shows.
extension Trial {
    /// A line for each change, and whether there are any.
    public func summary(status: Int32) -> (output: [UInt8], isChanged: Bool) {
        let text = UndoText()
        let changes = list.compactMap(\.shown)
        if changes.isEmpty { return (Array("nothing would change (status \(status))\n".utf8), false) }
        let head = "\(text.count(changes.roots.count, "change")), status \(status), seen by nobody else so far:\n"
        return (Array(head.utf8) + text.rows(changes, isBackwards: false, limit: 20), true)
    }

    /// The same as `diff` shows what was done.
    public func difference(isTerminal: Bool) -> [UInt8] {
        let touched = PathSet(list.filter(\.hasSameContent).map(\.path))
        let writer = DiffWriter(text: UndoText(), isTerminal: isTerminal, set: touched, linked: [:])
        var lines: [UInt8] = []
        for change in list where change.shown != nil {
            let old = change.before.map { node($0, change.path) }
            let new = change.after.map { node($0, change.source) }
            if let old, let new, old.state.kind != new.state.kind {
                lines += writer.difference(.init(oldPath: change.path, newPath: change.path, old: old, new: nil))
                lines += writer.difference(.init(oldPath: change.path, newPath: change.path, old: nil, new: new))
            } else {
                lines += writer.difference(.init(oldPath: change.path, newPath: change.path, old: old, new: new))
            }
        }
        return lines
    }

    private func node(_ status: FileStatus, _ path: [UInt8]) -> PastTree.Node {
        let node = PastTree.Node(NodeState(status), content: .file(path), source: path)
        if status.isSymbolicLink { node.target = (try? System.readLink(path)) ?? [] }
        return node
    }
}
