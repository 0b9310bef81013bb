// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshSystem

/// Copies files and trees, for `cp` and for `mv` across file systems.
struct Copying {
    enum Links { case follow, followOperands, keep }

    let command: FileCommand
    var isRecursive = false
    var links = Links.follow
    var preservesMode = false
    /// `--no-preserve=mode`: new files get the bits that the umask leaves.
    var forgetsMode = false
    var preservesOwner = false
    var preservesTimes = false
    var preservesLinks = false
    var preservesAttributes = false
    /// Owners, links and attributes must be kept; otherwise what cannot be kept is left out silently.
    var insists = false
    var forces = false
    var asks = false
    var keepsExisting = false
    var onlyNewer = false
    var isVerbose = false
    var staysOnDevice = false
    var makesHardLinks = false
    var makesSymbolicLinks = false
    var reflink = FileSystem.Reflink.auto
    /// Where inodes with several links were copied to, by device and inode.
    private var copied: [Inode: Text] = [:]
    private let mask: UInt32

    private struct Inode: Hashable {
        let device: UInt64
        let number: UInt64
    }

    init(_ command: FileCommand) {
        self.command = command
        mask = System.fileModeMask()
    }

    /// Copies `source` to `target`, which is the name of the copy itself. False after an error, which is reported.
    mutating func copy(_ source: Text, to target: Text) -> Bool {
        copy(source, to: target, isOperand: true, ancestors: [], device: nil)
    }

    private mutating func copy(
        _ source: Text, to target: Text, isOperand: Bool, ancestors: [FileStatus], device: UInt64?
    ) -> Bool {
        let follows = links == .follow || links == .followOperands && isOperand
        let info: FileStatus
        do throws(Errno) {
            info = try FileStatus(source, follow: follows)
        } catch {
            command.report("cannot stat \(source)", error.rawValue)
            return false
        }
        if let device, staysOnDevice, info.device != device { return true }
        if info.isDirectory && !isRecursive {
            command.report("-r not specified; omitting directory \(source)")
            return false
        }
        var old: FileStatus?
        do throws(Errno) {
            old = try FileStatus(target, follow: false)
        } catch {
            if error == .notDirectory {
                command.report("cannot stat \(target)", error.rawValue)
                return false
            }
        }
        // A symbolic link at the target is written through, except when links themselves are copied.
        var throughLink = false
        if let present = old, present.isSymbolicLink, info.isRegular || info.isDirectory, !makesHardLinks,
            !makesSymbolicLinks,
            !(links == .keep && !isOperand)
        {
            if let behind = try? FileStatus(target) {
                old = behind
                throughLink = true
            } else if info.isRegular && links != .keep && !forces {
                command.report("not writing through dangling symlink \(target)")
                return false
            }
        }
        if let old {
            if old.isSameFile(as: info) && !(makesHardLinks || makesSymbolicLinks && forces) {
                if !(info.isSymbolicLink && links == .keep && source != target) || source == target {
                    command.report("\(source) and \(target) are the same file")
                    return false
                }
            }
            if old.isDirectory && !info.isDirectory {
                command.report("cannot overwrite directory \(target) with non-directory")
                return false
            }
            if info.isDirectory && !old.isDirectory {
                command.report("cannot overwrite non-directory \(target) with directory \(source)")
                return false
            }
            if !info.isDirectory {
                if keepsExisting { return true }
                if onlyNewer && old.modificationTime >= info.modificationTime { return true }
                if asks && !command.asks("overwrite \(target)?") { return true }
            }
        }
        if info.isDirectory {
            return copyDirectory(
                source, info, to: target, old, isOperand: isOperand, ancestors: ancestors, device: device)
        }
        if makesHardLinks || makesSymbolicLinks { return linkInstead(source, target, old != nil) }
        let inode = Inode(device: info.device, number: info.inode)
        if preservesLinks && info.linkCount > 1 {
            if let first = copied[inode] {
                return linkCopy(first, target, old != nil, source)
            }
            copied[inode] = target
        }
        let isDone: Bool
        switch info.type {
        case .symbolicLink: isDone = copyLink(source, target, old != nil)
        case .regular: isDone = copyFile(source, info, target, old, throughLink)
        default:
            if !isRecursive {
                // A FIFO or device as an operand is read like a file.
                isDone = copyFile(source, info, target, old, throughLink)
            } else {
                isDone = copyNode(source, info, target, old != nil)
            }
        }
        if isDone {
            if isVerbose { command.say("\(source) -> \(target)") }
            finish(source, info, target, isNew: old == nil)
        }
        return isDone
    }

    private func copyFile(
        _ source: Text, _ info: FileStatus, _ target: Text, _ old: FileStatus?, _ throughLink: Bool
    ) -> Bool {
        let input: FileDescriptor
        do throws(Errno) {
            input = try FileDescriptor(source, .readOnly)
        } catch {
            command.files.noteUnreadable(source, error)
            command.report("cannot open \(source) for reading", error.rawValue)
            return false
        }
        let mode = forgetsMode ? 0o666 : preservesMode ? info.permissions & 0o700 : info.permissions & 0o777
        var flags = OpenFlags([.writeOnly, .closeOnExec, .create])
        flags.formUnion(old == nil ? .exclusive : .truncate)
        var output = command.files.open(target, flags: flags.rawValue, mode: mode)
        if output < 0 && old != nil && forces {
            do throws(FileOpError) {
                try command.files.unlink(target)
            } catch {
                command.report("cannot remove \(target)", error.code)
                return false
            }
            output = command.files.open(
                target, flags: OpenFlags([.writeOnly, .closeOnExec, .create, .exclusive]).rawValue, mode: mode)
        }
        if output < 0 {
            command.report("cannot create regular file \(target)", -output)
            return false
        }
        defer { try? System.close(output) }
        let result = command.files.copyContent(from: input.rawValue, to: output, reflink: reflink)
        if result.code != 0 {
            if result.failedReading {
                command.report("error reading \(source)", result.code)
            } else {
                command.report("error writing \(target)", result.code)
            }
            return false
        }
        return true
    }

    private func replaceOld(_ target: Text, _ exists: Bool) -> Bool {
        if !exists { return true }
        do throws(FileOpError) {
            try command.files.unlink(target)
            return true
        } catch {
            command.report("cannot remove \(target)", error.code)
            return false
        }
    }

    private func copyLink(_ source: Text, _ target: Text, _ exists: Bool) -> Bool {
        let content: Text
        do throws(Errno) {
            content = Text(try System.readLink(source))
        } catch {
            command.report("cannot read symbolic link \(source)", error.rawValue)
            return false
        }
        if !replaceOld(target, exists) { return false }
        do throws(FileOpError) {
            try command.files.symbolicLink(target: content, at: target)
            return true
        } catch {
            command.report("cannot create symbolic link \(target)", error.code)
            return false
        }
    }

    private func copyNode(_ source: Text, _ info: FileStatus, _ target: Text, _ exists: Bool) -> Bool {
        if !replaceOld(target, exists) { return false }
        do throws(FileOpError) {
            try command.files.makeNode(target, mode: info.mode, device: info.representedDevice)
            return true
        } catch {
            if info.type == .fifo {
                command.report("cannot create fifo \(target)", error.code)
            } else {
                command.report("cannot create special file \(target)", error.code)
            }
            return false
        }
    }

    private func linkCopy(_ first: Text, _ target: Text, _ exists: Bool, _ source: Text) -> Bool {
        if !replaceOld(target, exists) { return false }
        do throws(FileOpError) {
            try command.files.link(first, to: target)
            if isVerbose { command.say("\(source) -> \(target)") }
            return true
        } catch {
            command.report("cannot create hard link \(target) to \(first)", error.code)
            return false
        }
    }

    private func linkInstead(_ source: Text, _ target: Text, _ exists: Bool) -> Bool {
        if exists && !forces {
            if makesSymbolicLinks {
                command.report("cannot create symbolic link \(target) to \(source)", Errno.exists.rawValue)
            } else {
                command.report("cannot create hard link \(target) to \(source)", Errno.exists.rawValue)
            }
            return false
        }
        if !replaceOld(target, exists) { return false }
        do throws(FileOpError) {
            if makesSymbolicLinks {
                try command.files.symbolicLink(target: source, at: target)
            } else {
                try command.files.link(source, to: target, follow: links == .follow)
            }
            if isVerbose { command.say("\(source) -> \(target)") }
            return true
        } catch {
            if makesSymbolicLinks {
                command.report("cannot create symbolic link \(target) to \(source)", error.code)
            } else {
                command.report("cannot create hard link \(target) to \(source)", error.code)
            }
            return false
        }
    }

    private mutating func copyDirectory(
        _ source: Text, _ info: FileStatus, to target: Text, _ old: FileStatus?, isOperand: Bool,
        ancestors: [FileStatus],
        device: UInt64?
    ) -> Bool {
        for ancestor in ancestors where ancestor.isSameFile(as: info) {
            command.report("cannot copy cyclic symbolic link \(source)")
            return false
        }
        if isOperand && isInside(target, info) {
            command.report("cannot copy a directory, \(source), into itself, \(target)")
            return false
        }
        if old == nil {
            do throws(FileOpError) {
                // Writable for us until its content is there.
                try command.files.makeDirectory(target, mode: info.permissions & 0o777 | 0o700)
            } catch {
                command.report("cannot create directory \(target)", error.code)
                return false
            }
            if isVerbose { command.say("\(source) -> \(target)") }
        }
        var isComplete = true
        do throws(Errno) {
            var names: [Text] = []
            var reader = try DirectoryReader(source, follow: links != .keep || isOperand)
            while let entry = try reader.next() {
                if !entry.isDot { names.append(Text(entry.name)) }
            }
            for name in names {
                let isDone = copy(
                    command.joined(source, name), to: command.joined(target, name), isOperand: false,
                    ancestors: ancestors + [info],
                    device: device ?? info.device)
                isComplete = isComplete && isDone
            }
        } catch {
            command.files.noteUnreadable(source, error)
            command.report("cannot access \(source)", error.rawValue)
            isComplete = false
        }
        finish(source, info, target, isNew: old == nil)
        if old == nil && !preservesMode
            && info.permissions & 0o777 & ~mask != (info.permissions & 0o777 | 0o700) & ~mask
        {
            try? command.files.setMode(target, mode: info.permissions & 0o777 & ~mask)
        }
        return isComplete
    }

    /// Whether a name lies in the directory `info` or below.
    private func isInside(_ target: Text, _ info: FileStatus) -> Bool {
        var path = target
        while true {
            var end = path.count
            while end > 1 && path[end - 1] == 47 { end -= 1 }
            while end > 0 && path[end - 1] != 47 { end -= 1 }
            let parent = end == 0 ? Text(".") : path.slice(0..<end)
            guard let status = try? FileStatus(parent) else { return false }
            if status.isSameFile(as: info) { return true }
            // Go up by the real parents from here.
            var up = parent
            for _ in 0..<4096 {
                up = command.joined(up, Text(".."))
                guard let above = try? FileStatus(up) else { return false }
                if above.isSameFile(as: info) { return true }
                if let higher = try? FileStatus(command.joined(up, Text(".."))), higher.isSameFile(as: above) {
                    return false
                }
            }
            path = parent
            return false
        }
    }

    /// Gives a copy what is kept of its original: attributes, owner, mode, times, in this order.
    private func finish(_ source: Text, _ info: FileStatus, _ target: Text, isNew: Bool) {
        let isLink = info.isSymbolicLink
        if preservesAttributes && !isLink {
            source.withCString { path in
                guard let names = try? ExtendedAttributes.names(.path(path, follow: true)) else { return }
                for name in names {
                    guard let value = try? ExtendedAttributes.value(.path(path, follow: true), name) else { continue }
                    try? command.files.setAttribute(target, name: Text(name), value: value, follow: true)
                }
            }
        }
        if preservesOwner {
            let present = try? FileStatus(target, follow: false)
            if present.map({ $0.owner != info.owner || $0.group != info.group }) ?? true {
                do throws(FileOpError) {
                    try command.files.setOwner(target, owner: info.owner, group: info.group, follow: false)
                } catch {
                    try? command.files.setOwner(target, owner: nil, group: info.group, follow: false)
                    if insists && error.code != Errno.permission.rawValue {
                        command.report("failed to preserve ownership for \(target)", error.code)
                    }
                }
            }
        }
        if preservesMode && !isLink {
            do throws(FileOpError) {
                try command.files.setMode(target, mode: info.permissions)
            } catch {
                command.report("preserving permissions for \(target)", error.code)
            }
        }
        if preservesTimes {
            do throws(FileOpError) {
                try command.files.setTimes(
                    target,
                    access: .at(seconds: info.accessTime.seconds, nanoseconds: Int64(info.accessTime.nanoseconds)),
                    modification: .at(
                        seconds: info.modificationTime.seconds, nanoseconds: Int64(info.modificationTime.nanoseconds)),
                    follow: !isLink)
            } catch {
                if !isLink { command.report("preserving times for \(target)", error.code) }
            }
        }
    }
}
