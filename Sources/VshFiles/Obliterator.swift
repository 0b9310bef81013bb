// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// How often content is overwritten before it is removed.
public enum ErasureLevel: Sendable {
    /// Once, with zeros.
    case clear
    /// Three times: zeros, ones, random bytes.
    case purge
    /// Seven times.
    case destroy

    /// The bytes of each pass; nil: random ones.
    var passes: [UInt8?] {
        switch self {
        case .clear: [0]
        case .purge: [0, 0xff, nil]
        case .destroy: [0, 0xff, nil, 0x96, 0x69, nil, 0]
        }
    }

    var name: String {
        switch self {
        case .clear: "clear"
        case .purge: "purge"
        case .destroy: "destroy"
        }
    }
}

/// Erases files, and everything that the store, the journals and the log keep of them. Nothing of it is recorded for
/// undo. Symbolic links are never followed.
public final class Obliterator {
    private let files: FileSystem
    private let level: ErasureLevel
    private let log: OperationLog?
    private let state: StateDirectory?
    private var evidence = ObliterationEvidence()
    /// Lines for standard error that stop nothing.
    public private(set) var warnings: [[UInt8]] = []
    /// What could not be erased, and why.
    public private(set) var failures: [(path: [UInt8], reason: String)] = []
    /// Files that were overwritten and removed.
    public private(set) var erasedFiles = 0
    /// The texts of commands that were erased from the log: the history has them too.
    public private(set) var erasedCommands: [[UInt8]] = []
    private var warnedDevices: Set<UInt64> = []

    /// Ends the running operation and takes all journals into the log.
    public init(_ files: FileSystem, level: ErasureLevel) throws(Problem) {
        self.files = files
        self.level = level
        files.splitOperation()
        guard let state = files.state, (try? FileStatus(state.control)) != nil else {
            log = nil
            state = nil
            return
        }
        log = try Self.checked { () throws(StoreError) in
            let log = try OperationLog(state)
            log.wipesJournals = true
            try log.importJournals(state)
            return log
        }
        self.state = state
        evidence.session = files.recorder?.sessionNumber ?? 0
        if evidence.session == 0, files.isRecording, let recorder = files.openRecorder(),
            let control = try? recorder.openControl()
        {
            evidence.session = recorder.openSession(control)
        }
        evidence.began = Clock.realTime
    }

    /// The log or the store cannot be used.
    public struct Problem: Error {
        public let path: [UInt8]
        public let reason: String

        init(_ path: String, _ reason: String) {
            self.path = Array(path.utf8)
            self.reason = reason
        }

        init(_ error: StoreError) {
            path = error.path
            reason = error.reason
        }
    }

    /// What the audit log has of it.
    public struct Evidence {
        public let row: Int
        /// Hexadecimal: the salt of the commitment to the paths, which is kept nowhere else.
        public let opening: String
    }

    private static func checked<R>(_ body: () throws(StoreError) -> R) throws(Problem) -> R {
        do {
            return try body()
        } catch {
            throw Problem(error)
        }
    }

    // MARK: What there is

    /// A path to be erased, as it was found.
    public struct Target {
        /// As it was given.
        public let path: [UInt8]
        /// Absolute, free of symbolic links in its directory.
        let place: [UInt8]
        /// Nil: nothing is there, but the store keeps something of it.
        public let status: FileStatus?
        /// Regular files, with the bytes in them.
        public internal(set) var files = 0
        public internal(set) var bytes: Int64 = 0
        var objects: [NodeState] = []
    }

    /// Looks at a path. Nil after adding to `failures`.
    /// - Parameter followsAllLinks: other names of the files go too.
    public func survey(_ path: [UInt8], isRecursive: Bool, followsAllLinks: Bool) -> Target? {
        func fail(_ reason: String) -> Target? {
            failures.append((path, reason))
            return nil
        }
        guard let place = locate(path) else { return fail(Errno.noEntry.message) }
        if let sandbox = files.sandbox {
            sandbox.engage()
            if !sandbox.allows(place) {
                _ = files.refuse(path, "obliterate")
                return fail(Errno.accessDenied.message)
            }
        }
        if let state, isBelow(place, state.path) {
            return fail("belongs to the shell's own records; see obliterate --operation")
        }
        guard let status = try? FileStatus(path + [0], follow: false) else {
            var target = Target(path: path, place: place, status: nil)
            let kept = try? erasure([target], nil)
            guard let kept, !kept.isEmpty else { return fail(Errno.noEntry.message) }
            target.files = 0
            return target
        }
        if status.isSymbolicLink { return fail("is a symbolic link, which is not followed") }
        var target = Target(path: path, place: place, status: status)
        if status.isDirectory {
            if !isRecursive { return fail("is a directory: -r erases what is in it") }
            if status.isMountRoot { return fail("is a mount point") }
            gather(place, &target, followsAllLinks)
        } else {
            note(place, status, &target, followsAllLinks)
        }
        if !failures.isEmpty { return nil }
        return target
    }

    /// The absolute path; of what is gone, with its directory, as it was given.
    private func locate(_ path: [UInt8]) -> [UInt8]? {
        var name = path
        while name.count > 1, name.last == UInt8(ascii: "/") { name.removeLast() }
        if (name + [0]).withPath({ files.locate($0, nil, files.first) }) { return files.first.array }
        guard let slash = name.lastIndex(of: UInt8(ascii: "/")), slash > 0, (try? FileStatus(name + [0])) == nil else {
            return nil
        }
        let last = name[(slash + 1)...]
        if last.elementsEqual([46]) || last.elementsEqual([46, 46]) { return nil }
        return locate(Array(name[..<slash])).map { $0 + [UInt8(ascii: "/")] + last }
    }

    private func note(_ place: [UInt8], _ status: FileStatus, _ target: inout Target, _ followsAllLinks: Bool) {
        guard status.isRegular else { return }
        target.files += 1
        target.bytes += status.size
        target.objects.append(NodeState(status))
        warn(about: place, status)
        if status.linkCount < 2 || followsAllLinks { return }
        let others = otherNames(place, status)
        if others.isEmpty { return }
        let names = others.map { String(decoding: UndoText().printable($0), as: UTF8.self) }.joined(separator: ", ")
        failures.append((place, "has other names: \(names); --all-links erases them too"))
    }

    private func gather(_ directory: [UInt8], _ target: inout Target, _ followsAllLinks: Bool) {
        guard var reader = try? DirectoryReader(directory, follow: false) else {
            failures.append((directory, "cannot be read"))
            return
        }
        while let entry = try? reader.next() {
            if entry.isDot { continue }
            let path = directory + [UInt8(ascii: "/")] + entry.name
            guard let status = try? FileStatus(entry.path, at: reader.descriptor, follow: false) else { continue }
            if status.isMountRoot {
                failures.append((path, "is a mount point"))
            } else if status.isDirectory {
                gather(path, &target, followsAllLinks)
            } else {
                note(path, status, &target, followsAllLinks)
            }
        }
    }

    /// Other names of a file, outside the stores: everything on its file system is looked at.
    private func otherNames(_ place: [UInt8], _ status: FileStatus) -> [[UInt8]] {
        var top = place
        while top.count > 1 {
            let above = parent(of: top)
            guard let found = try? FileStatus(above, follow: false), found.device == status.device,
                found.mount == status.mount
            else { break }
            top = above
        }
        var names: [[UInt8]] = []
        var left = Int(status.linkCount) - 1
        func search(_ directory: [UInt8]) {
            guard left > 0, var reader = try? DirectoryReader(directory, follow: false) else { return }
            var below: [[UInt8]] = []
            while let entry = try? reader.next() {
                if entry.isDot { continue }
                let path = (directory.count == 1 ? [] : directory) + [UInt8(ascii: "/")] + entry.name
                if entry.type == .directory || entry.type == .unknown {
                    below.append(path)
                } else if entry.inode == status.inode, path != place {
                    left -= 1
                    if !isKept(path) { names.append(path) }
                }
            }
            for path in below {
                guard let found = try? FileStatus(path, follow: false), found.isDirectory,
                    found.device == status.device, found.mount == status.mount
                else { continue }
                search(path)
            }
        }
        search(top)
        return names
    }

    /// Whether a path lies in the state directory or another store.
    private func isKept(_ path: [UInt8]) -> Bool {
        if let state, isBelow(path, state.path) { return true }
        let own = Array("/.vsh-\(System.effectiveUserID)/".utf8)
        return path.count > own.count && path.indices.dropLast(own.count).contains { path[$0...].starts(with: own) }
    }

    // MARK: What cannot be promised

    private func warn(about place: [UInt8], _ status: FileStatus) {
        if !warnedDevices.insert(status.device).inserted { return }
        guard let file = try? FileDescriptor(parent(of: place), [.readOnly, .directory]),
            let system = try? System.fileSystemStatus(file.rawValue)
        else { return }
        let reason: String? =
            switch system.type {
            case 0x9123_683e: "btrfs writes to new places: old blocks and snapshots stay"
            case 0x2fc1_2fc1: "ZFS writes to new places: old blocks and snapshots stay"
            case 0xca45_1a4e: "bcachefs writes to new places: old blocks and snapshots stay"
            case 0xf2f5_2010: "F2FS writes to new places: old blocks stay"
            case 0x794c_7630: "an overlay: the file below it stays"
            case 0x6969, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997, 0x00c3_6400:
                "a network mount: the server may keep copies"
            case 0x6573_5546: "FUSE: what is below it may keep copies"
            case 0x5846_5342: "XFS: blocks shared with another file stay with that"
            case 0x0102_1994: nil
            default: nil
            }
        var line = UndoText().path(place) + Array(": ".utf8)
        if let reason {
            line += Array(
                (reason + "; deleting snapshots, or an encrypted file system whose key is destroyed, would help").utf8)
            warnings.append(line)
        } else if system.type != 0x0102_1994, isFlash(status.device) {
            line += Array(
                "flash memory keeps old copies that cannot be addressed; an encrypted disk whose key is destroyed, or the drive's own secure erase, would help"
                    .utf8)
            warnings.append(line)
        }
    }

    /// Whether a block device says that it does not rotate.
    private func isFlash(_ device: UInt64) -> Bool {
        let base = "/sys/dev/block/\(FileStatus.major(device)):\(FileStatus.minor(device))/"
        for name in ["queue/rotational", "../queue/rotational"] {
            if let file = try? FileDescriptor(Array((base + name).utf8) + [0], .readOnly),
                let text = try? file.readAll(limit: 16)
            {
                return text.first == UInt8(ascii: "0")
            }
        }
        return false
    }

    // MARK: Erasing

    private func erasure(_ targets: [Target], _ operation: OperationID?) throws(StoreError) -> Erasure {
        guard let log, let state else { return Erasure() }
        var scope = ErasureScope()
        scope.paths = targets.map(\.place)
        scope.objects = targets.flatMap(\.objects)
        scope.operation = operation
        return try log.erasure(scope, state)
    }

    /// Erases the targets, and what is kept of them.
    /// - Returns: nil without a log.
    public func erase(_ targets: [Target], followsAllLinks: Bool) throws(Problem) -> Evidence? {
        let kept = try Self.checked { () throws(StoreError) in try erasure(targets, nil) }
        evidence.paths = targets.map(\.place)
        return try run(kept) {
            // Links in the store first: the content goes with the file itself.
            for item in kept.items { self.eraseKept(item) }
            for target in targets where target.status != nil {
                if followsAllLinks, let status = target.status, status.isRegular, status.linkCount > 1 {
                    for other in self.otherNames(target.place, status) { try? System.unlink(other) }
                }
                // No link that was put there since it was looked at.
                self.erase(target.place, resolve: .noSymbolicLinks)
            }
        }
    }

    /// Erases what the store, the journals and the log keep of one operation. The files themselves stay as they are.
    /// - Returns: nil when there is no such operation.
    public func erase(operation: UInt64) throws(Problem) -> Evidence? {
        guard let log, let state else { return nil }
        guard try Self.checked({ () throws(StoreError) in try log.operation(operation) }) != nil else {
            if !log.isRunning(operation, state) { return nil }
            throw Problem("@\(operation)", "still runs: what is kept of it can be erased when it has ended")
        }
        let kept = try Self.checked { () throws(StoreError) in try erasure([], operation) }
        evidence.operation = operation
        return try run(kept) { for item in kept.items { self.eraseKept(item) } }
    }

    private func run(_ kept: Erasure, _ body: () -> Void) throws(Problem) -> Evidence? {
        let passes = level.passes.count
        evidence.method = "\(level.name), \(passes) \(passes == 1 ? "pass" : "passes")"
        guard let log, let state else {
            body()
            return nil
        }
        return try Self.checked { () throws(StoreError) in
            // Should it be cut short, this row says so.
            evidence.operations = kept.operations + kept.namesakes
            try log.add(evidence, .interrupted, state)
            body()
            evidence.files = erasedFiles
            try log.erase(kept)
            log.wipeRecords(of: kept, state)
            erasedCommands = kept.commands
            files.forgetCommand(among: kept.commands)
            try OperationLog.eraseHistory(kept.commands, state)
            let done = try log.add(evidence, failures.isEmpty ? .finished : .failed, state)
            try log.scrub(state)
            return Evidence(row: Int(done.row), opening: hex(done.salt))
        }
    }

    /// An item of a store. One that is another link to what stands elsewhere, and is not to be erased there, is only
    /// taken away.
    private func eraseKept(_ item: [UInt8]) {
        guard let status = try? FileStatus(item, follow: false) else { return }
        if status.isRegular, status.linkCount > 1 {
            try? System.unlink(item)
        } else {
            erase(item)
        }
    }

    /// Erases a file or a tree.
    private func erase(_ place: [UInt8], resolve: ResolveFlags = []) {
        guard let directory = try? FileDescriptor(parent(of: place), [.readOnly, .directory], resolve: resolve) else {
            failures.append((place, Errno.noEntry.message))
            return
        }
        let name = Array(place[((place.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...])
        erase(name, at: directory.rawValue, place)
        try? System.sync(directory.rawValue)
    }

    private func erase(_ name: [UInt8], at directory: Int32, _ place: [UInt8]) {
        do {
            let status = try FileStatus(name, at: directory, follow: false)
            if status.isDirectory {
                try eraseTree(name, at: directory, place)
            } else if status.isRegular {
                try overwrite(name, at: directory, status)
                erasedFiles += 1
            } else {
                try System.unlink(name, at: directory)
            }
        } catch {
            failures.append((place, error.message))
        }
    }

    private func eraseTree(_ name: [UInt8], at directory: Int32, _ place: [UInt8]) throws(Errno) {
        var names: [[UInt8]] = []
        var reader = try DirectoryReader(name, at: directory, follow: false)
        while let entry = try reader.next() { if !entry.isDot { names.append(Array(entry.name)) } }
        for child in names { erase(child, at: reader.descriptor, place + [UInt8(ascii: "/")] + child) }
        try System.removeDirectory(try rename(name, at: directory), at: directory)
    }

    /// Gives a name of the same length that says nothing; the name.
    private func rename(_ name: [UInt8], at directory: Int32) throws(Errno) -> [UInt8] {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        for _ in 0..<100 {
            let random = try System.random(count: name.count)
            let other = random.map { letters[Int($0) % letters.count] }
            do {
                try System.rename(name, at: directory, to: other, at: directory, .noReplace)
                return other
            } catch {
                if error != .exists { throw error }
            }
        }
        return name
    }

    /// Overwrites, reads back, renames, cuts and removes a regular file.
    private func overwrite(_ name: [UInt8], at directory: Int32, _ status: FileStatus) throws(Errno) {
        let file: FileDescriptor
        do {
            file = try FileDescriptor(name, [.readWrite, .noFollow, .nonBlocking], at: directory)
        } catch {
            if error != .accessDenied { throw error }
            try System.changeMode(name, status.permissions | 0o600, at: directory, follow: false)
            file = try FileDescriptor(name, [.readWrite, .noFollow, .nonBlocking], at: directory)
        }
        guard try FileStatus(descriptor: file.rawValue).isSameFile(as: status) else { throw .staleHandle }
        // Whole blocks: what stands behind the end in the last one goes too.
        let size = (max(status.size, status.blocks * 512) + 4095) / 4096 * 4096
        if size > 0 {
            for value in level.passes {
                let seed = try System.random(count: 8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
                try System.overwrite(file.rawValue, size: size, value: value, seed: seed)
                guard try System.wasOverwritten(file.rawValue, size: size, value: value, seed: seed) else {
                    throw .inputOutput
                }
                evidence.passesVerified += 1
            }
        }
        let other = try rename(name, at: directory)
        try System.truncate(file.rawValue, to: 0)
        try System.sync(file.rawValue)
        try System.unlink(other, at: directory)
    }
}
