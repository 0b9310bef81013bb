// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

extension FileSystem {
    /// renameat2(2). What is at `to` is replaced as rename(2) says, unless `noReplace` (then EEXIST).
    public func rename(
        _ from: Text, in fromDirectory: Directory? = nil, to: Text, in toDirectory: Directory? = nil,
        noReplace: Bool = false
    ) throws(FileOpError) {
        try attempt(from) { () throws(Errno) in
            try from.withCString { (old) throws(Errno) in
                try to.withCString { (new) throws(Errno) in
                    try rename(old, fromDirectory, new, toDirectory, noReplace ? .noReplace : .replace)
                }
            }
        }
    }

    func rename(
        _ old: UnsafePointer<CChar>, _ oldDirectory: Directory?, _ new: UnsafePointer<CChar>,
        _ newDirectory: Directory?, _ mode: System.RenameMode
    ) throws(Errno) {
        if let planner {
            return try planner.rename(old, oldDirectory, new, newDirectory, noReplace: mode == .noReplace)
        }
        try inside(old, oldDirectory, "rename", replaces: true) { (old, oldDirectory) throws(Errno) in
            try inside(new, newDirectory, "rename", replaces: true) { (new, newDirectory) throws(Errno) in
                try renameHere(old, oldDirectory, new, newDirectory, mode)
            }
        }
    }

    private func renameHere(
        _ old: UnsafePointer<CChar>, _ oldDirectory: Directory?, _ new: UnsafePointer<CChar>,
        _ newDirectory: Directory?, _ mode: System.RenameMode
    ) throws(Errno) {
        let (oldAt, newAt) = (at(oldDirectory), at(newDirectory))
        guard isRecording, let status = try FileStatus.look(old, at: oldAt) else {
            return try System.rename(old, at: oldAt, to: new, at: newAt, mode)
        }
        guard locate(old, oldDirectory, first), locate(new, newDirectory, second) else {
            try passUnrecorded(old)
            return try System.rename(old, at: oldAt, to: new, at: newAt, mode)
        }
        if isRemoved(first) || isRemoved(second) { throw .noEntry }
        if isState(first) || isState(second) { return try System.rename(old, at: oldAt, to: new, at: newAt, mode) }
        let replaced = try FileStatus.look(new, at: newAt)
        if let replaced, replaced.isSameFile(as: status) || mode == .noReplace {
            // Two names of one file: nothing happens.
            return try System.rename(old, at: oldAt, to: new, at: newAt, mode)
        }
        guard let recorder = recording() else { return try System.rename(old, at: oldAt, to: new, at: newAt, mode) }

        let plan = recorder.flags(status).known.renamePlan(
            over: replaced.map { recorder.flags($0).known }, target: recorder.paths[second.bytes].known)
        recorder.touchParent(of: first)
        recorder.touchParent(of: second)
        var records: [Int?] = []
        var linked: (item: UInt64, location: [UInt8])?
        if let replaced, plan.keepsReplaced { records.append(keepReplaced(replaced, recorder, &linked)) }
        if plan.notesCreation { records.append(recorder.recordCreatedUncovered(second)) }
        if plan.notesMove { records.append(recorder.recordMoved(first, status, to: second)) }
        do {
            try System.rename(old, at: oldAt, to: new, at: newAt, mode)
        } catch {
            for record in records.reversed() { recorder.void(record) }
            if let linked { recorder.dropItem(linked.item, location: linked.location) }
            throw error
        }
        if status.isDirectory {
            recorder.forgetPaths()
        } else {
            recorder.renameLink(first, to: second, status)
            recorder.paths.insert(first.bytes, .covered)
            recorder.paths.insert(second.bytes, .covered)
            if status.isSymbolicLink || replaced?.isSymbolicLink == true { recorder.changeEpoch() }
        }
    }

    /// Keeps what a rename is about to replace at `second`: another link to it in the store, or what there is in a
    /// directory that must be empty, or a copy.
    private func keepReplaced(
        _ status: FileStatus, _ recorder: Recorder, _ linked: inout (item: UInt64, location: [UInt8])?
    ) -> Int? {
        if status.isDirectory { return recorder.recordRemoved(second, status, preimage: .inRecord) }
        if let source = recorder.source(ofLink: second, status) {
            return recorder.recordRemovedLink(second, status, linkedTo: source)
        }
        if let store = recorder.store, let item = recorder.newItem() {
            func keepLink(_ location: [UInt8]) -> Errno? {
                do {
                    try System.link(second.path, to: store.path(item, location: location))
                    linked = (item, location)
                    return nil
                } catch {
                    return error
                }
            }
            var failure: Errno? = .crossDevice
            if store.isMain(mount: status.mount, device: status.device) { failure = keepLink([]) }
            if failure == .crossDevice, let other = store.location(near: Array(second.parent)) {
                failure = keepLink(other)
            }
            if failure == nil, let linked {
                return recorder.recordRemovedObject(second, status, item: item, location: linked.location)
            }
        }
        var (preimage, reason, item) = (Preimage.inRecord, MissingReason.none, UInt64(0))
        if status.isRegular, status.size > 0 {
            if let fd = try? FileDescriptor(second.path, [.readOnly, .noFollow, .nonBlocking]) {
                (item, reason) = recorder.copyItem(fd.rawValue, status)
            } else {
                reason = .unreadable
            }
            preimage = item == 0 ? .missing : .copy
            if item != 0 { linked = (item, []) }
        }
        let otherName = recorder.otherName(of: second, status)
        if status.linkCount > 1, reason == .none, otherName.isEmpty { reason = .otherNames }
        return recorder.recordRemoved(
            second, status, preimage: preimage, reason: reason, item: item, otherName: otherName)
    }
}
