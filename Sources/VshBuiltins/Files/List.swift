// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// The row of `ls`.
func registerList(_ shell: Shell) {
    shell.registerFile(
        "ls", synopsis: "[-aAbBcCdfFgGhHiklLmnNopqQrRsStuUxX1] [-T cols] [-w cols] [file...]",
        summary: "List files and directories.", list)
}

private func list(_ command: FileCommand) -> FileCommand.Outcome {
    let output = command.shell.realDescriptor(1)
    let terminal = output >= 0 && System.isTerminal(output) ? output : -1
    guard let options = ListOptions(command, terminal: terminal) else { return .external }
    if options.format == .long && System.isAccessible("/sys/fs/selinux" as StaticString, .exists) { return .external }
    Listing(command, options).run()
    return .done
}

/// One file to show. (A class, so that sorting moves pointers.)
final class ListEntry {
    let name: Text
    var status: FileStatus?
    var type: FileType
    var inode: UInt64
    /// A directory of the command line whose content is shown instead.
    var isArgumentDirectory = false
    var linkTarget: Text?
    /// The mode of what the link leads to, 0 when that is not known.
    var linkMode: UInt32 = 0
    var hasACL = false
    /// The name is shown in quotes.
    var isQuoted = false

    init(name: Text, type: FileType, inode: UInt64) {
        self.name = name
        self.type = type
        self.inode = inode
    }

    var isDirectory: Bool { type == .directory || isArgumentDirectory }
}

/// One run of `ls`: files are gathered, sorted and shown, then each directory in turn.
final class Listing {
    struct Pending {
        /// Empty: the mark after the directories below one that was being listed.
        var path: Text
        var isArgument: Bool
    }

    let command: FileCommand
    let options: ListOptions
    var entries: [ListEntry] = []
    /// Directories still to list, the next one last.
    private var pending: [Pending] = []
    /// The directories that the present one lies in, when links are followed downwards.
    private var visited: [(device: UInt64, inode: UInt64)] = []
    private var showsDirectoryNames = true
    private var isFirst = true
    /// Columns of the present directory: see ListLong.swift.
    var widths = ListWidths()
    var someAreQuoted = false
    let names = NameCache()
    var now = Clock.realTime
    /// The time that was converted last.
    var lastTime: (seconds: Int64, local: Clock.LocalTime)?
    /// How names are quoted.
    let quoting: Quoting
    /// Names without quotes get a blank before them where others have quotes.
    let isAligned: Bool

    init(_ command: FileCommand, _ options: ListOptions) {
        self.command = command
        self.options = options
        quoting = options.nameQuoting(isUTF8: command.isUTF8)
        isAligned = options.alignsQuotes
    }

    func run() {
        if options.operands.isEmpty {
            if options.listsDirectoriesThemselves {
                gather(Text("."), .directory, 0, isArgument: true, in: nil)
            } else {
                pending.append(Pending(path: Text("."), isArgument: true))
            }
        }
        for operand in options.operands { gather(operand, .unknown, 0, isArgument: true, in: nil) }
        if !entries.isEmpty {
            sort()
            if !options.listsDirectoriesThemselves { queueDirectories(below: nil) }
        }
        if !entries.isEmpty {
            showEntries()
            if !pending.isEmpty { command.shell.output.append(10) }
        } else if options.operands.count <= 1 && pending.count == 1 {
            showsDirectoryNames = false
        }
        while let next = pending.popLast() {
            if next.path.isEmpty {
                visited.removeLast()
                continue
            }
            showDirectory(next)
            showsDirectoryNames = true
        }
    }

    // MARK: gathering

    private func clear() {
        entries.removeAll(keepingCapacity: true)
        widths = ListWidths()
        someAreQuoted = false
    }

    private func showDirectory(_ directory: Pending) {
        let path = directory.path
        let opened: FileDescriptor
        do throws(Errno) {
            opened = try FileDescriptor(path, [.readOnly, .directory])
        } catch {
            command.files.noteUnreadable(path, error)
            fail("cannot open directory \(path)", error, directory.isArgument)
            return
        }
        if options.isRecursive, let status = try? FileStatus(descriptor: opened.rawValue) {
            if visited.contains(where: { $0.device == status.device && $0.inode == status.inode }) {
                command.warn("\(bare: path): not listing already-listed directory")
                command.status = 2
                return
            }
            visited.append((status.device, status.inode))
        }
        clear()
        if options.isRecursive || showsDirectoryNames {
            if !isFirst { command.shell.output.append(10) }
            isFirst = false
            var quoting = self.quoting
            quoting.quotesColon = true
            appendName(path, quoting)
            command.shell.output.append(":\n")
        }
        var reader = DirectoryReader(opened)
        var blocks: Int64 = 0
        let showsAtOnce =
            options.format == .onePerLine && options.sorting == .none && !options.showsBlocks && !options.isRecursive
        while true {
            do throws(Errno) {
                guard let entry = try reader.next() else { break }
                if isHidden(entry.name) { continue }
                blocks += gather(
                    Text(entry.name), entry.type, entry.inode, isArgument: false, in: path, at: reader.descriptor)
            } catch {
                fail("reading directory \(path)", error, directory.isArgument)
                break
            }
            if showsAtOnce {
                showEntries()
                clear()
            }
        }
        sort()
        if options.isRecursive { queueDirectories(below: path) }
        if options.format == .long || options.showsBlocks {
            command.shell.output.append("total ")
            command.shell.output.append(blockText(blocks))
            command.shell.output.append(10)
        }
        if !entries.isEmpty { showEntries() }
        command.shell.flushOutput()
    }

    private func isHidden(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        if name[0] == 46 && options.hidden != .none {
            if options.hidden == .dotNames { return true }
            if name.count == 1 || name.count == 2 && name[1] == 46 { return true }
        }
        return options.hidesBackups && name[name.count - 1] == 126
    }

    /// Adds a file. The blocks that it has.
    @discardableResult
    private func gather(
        _ name: Text, _ type: FileType, _ inode: UInt64, isArgument: Bool, in directory: Text?, at: Int32 = At.current
    ) -> Int64 {
        let entry = ListEntry(name: name, type: type, inode: inode)
        entry.isQuoted = isAligned && name.withBytes { quoting.needsQuotes($0) }
        if entry.isQuoted { someAreQuoted = true }
        let needsStatus =
            isArgument || options.needsStatus
            || (options.needsType || options.showsInode) && (type == .symbolicLink || type == .unknown)
                && options.following == .always
            || options.needsType
                && (type == .unknown || options.indicators == .classify && type == .regular
                    || options.directoriesFirst && type == .symbolicLink)
        var blocks: Int64 = 0
        if needsStatus {
            let status: FileStatus
            do throws(Errno) {
                status = try self.status(name, isArgument, at)
            } catch {
                let path = shownPath(directory, name)
                fail("cannot access \(path)", error, isArgument)
                if !isArgument { entries.append(entry) }
                return 0
            }
            entry.status = status
            entry.inode = status.inode
            entry.type = status.type
            let isLink = status.isSymbolicLink
            if options.format == .long && !isLink { entry.hasACL = hasACL(name, directory, status.isDirectory) }
            if isLink && (options.format == .long || options.directoriesFirst) {
                readLink(entry, directory, at, isArgument)
            }
            if status.isDirectory && isArgument && !options.listsDirectoriesThemselves {
                entry.isArgumentDirectory = true
            }
            blocks = status.blocks
        }
        measure(entry)
        entries.append(entry)
        return blocks
    }

    /// The status of the file or of what it leads to, as the options say.
    private func status(_ name: Text, _ isArgument: Bool, _ at: Int32) throws(Errno) -> FileStatus {
        switch options.following {
        case .always: return try FileStatus(name, at: at)
        case .commandLine where isArgument: return try FileStatus(name, at: at)
        case .commandLineDirectories where isArgument:
            do throws(Errno) {
                let status = try FileStatus(name, at: at)
                if status.isDirectory { return status }
            } catch {
                if error != .noEntry { throw error }
            }
            return try FileStatus(name, at: at, follow: false)
        default: return try FileStatus(name, at: at, follow: false)
        }
    }

    private func readLink(_ entry: ListEntry, _ directory: Text?, _ at: Int32, _ isArgument: Bool) {
        do throws(Errno) {
            entry.linkTarget = Text(try System.readLink(entry.name, at: at))
        } catch {
            let path = shownPath(directory, entry.name)
            fail("cannot read symbolic link \(path)", error, isArgument)
        }
        let needsMode =
            options.indicators.rawValue >= ListOptions.Indicators.fileType.rawValue || options.directoriesFirst
        if needsMode, let target = try? FileStatus(entry.name, at: at) { entry.linkMode = target.mode }
    }

    private func hasACL(_ name: Text, _ directory: Text?, _ isDirectory: Bool) -> Bool {
        var path = (directory.map { join($0, name) } ?? name).bytes
        path.append(0)
        return path.withUnsafeBytes { bytes in
            let path = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
            let access = "system.posix_acl_access" as StaticString
            if let value = try? ExtendedAttributes.value(.path(path, follow: true), access), value.count > 0 {
                return true
            }
            if !isDirectory { return false }
            let initial = "system.posix_acl_default" as StaticString
            return ((try? ExtendedAttributes.value(.path(path, follow: true), initial)) ?? nil)?.isEmpty == false
        }
    }

    /// The path in messages: without the directory when that is `.`.
    private func shownPath(_ directory: Text?, _ name: Text) -> Text {
        guard let directory, !directory.equals(".") else { return name }
        return join(directory, name)
    }

    func join(_ directory: Text, _ name: Text) -> Text {
        var path = ByteStack(capacity: directory.count + name.count + 1)
        path.append(directory)
        if directory[directory.count - 1] != 47 { path.append(47) }
        path.append(name)
        return path.text(from: 0)
    }

    /// Moves directories among the entries to those that are still to be listed. nil: those of the command line.
    private func queueDirectories(below directory: Text?) {
        if directory != nil { pending.append(Pending(path: Text(), isArgument: false)) }
        for entry in entries.reversed() where entry.isDirectory {
            if let directory {
                if entry.name.equals(".") || entry.name.equals("..") { continue }
                let path = entry.name[0] == 47 ? entry.name : join(directory, entry.name)
                pending.append(Pending(path: path, isArgument: false))
            } else {
                pending.append(Pending(path: entry.name, isArgument: true))
            }
        }
        if entries.contains(where: { $0.isArgumentDirectory }) { entries.removeAll { $0.isArgumentDirectory } }
    }

    private func fail(_ message: Message, _ error: Errno, _ isSerious: Bool) {
        command.warn(message, error.rawValue)
        command.status = max(command.status, isSerious ? 2 : 1)
    }

    // MARK: sorting

    private func sort() {
        if options.sorting == .none && !options.directoriesFirst { return }
        let isReversed = options.isReversed
        let sorting = options.sorting
        let directoriesFirst = options.directoriesFirst
        if !directoriesFirst {
            // Keys decide nearly always. The order is that of the bytes: see ListOptions.suits.
            var keyed = entries.map { (key: isReversed ? ~key($0) : key($0), entry: $0) }
            keyed.sort { a, b in
                if a.key != b.key { return a.key < b.key }
                return isReversed ? precedes(b.entry, a.entry) : precedes(a.entry, b.entry)
            }
            for index in 0..<keyed.count { entries[index] = keyed[index].entry }
            return
        }
        entries.sort { a, b in
            if directoriesFirst {
                let first = a.isDirectory || a.linkMode & Mode.type == 0o040000
                let second = b.isDirectory || b.linkMode & Mode.type == 0o040000
                if first != second { return first }
            }
            if sorting == .none { return false }
            return isReversed ? precedes(b, a) : precedes(a, b)
        }
    }

    /// A number that orders entries as `precedes` does, as far as it goes.
    private func key(_ entry: ListEntry) -> UInt64 {
        switch options.sorting {
        case .name:
            return entry.name.withBytes { bytes in
                var key: UInt64 = 0
                for index in 0..<8 { key = key << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0) }
                return key
            }
        case .size: return ~UInt64(entry.status?.size ?? 0)
        case .time: return ~(UInt64(bitPattern: time(entry).seconds) ^ 1 << 63)
        default: return 0
        }
    }

    private func precedes(_ a: ListEntry, _ b: ListEntry) -> Bool {
        switch options.sorting {
        case .size:
            let (first, second) = (a.status?.size ?? 0, b.status?.size ?? 0)
            if first != second { return first > second }
        case .time:
            let (first, second) = (time(a), time(b))
            if first != second { return first > second }
        case .extension:
            let order = compare(suffix(a.name), suffix(b.name))
            if order != 0 { return order < 0 }
        default: break
        }
        return compare(a.name, b.name) < 0
    }

    private func compare(_ a: Text, _ b: Text) -> Int {
        a.withBytes { a in
            b.withBytes { b in
                var index = 0
                let count = min(a.count, b.count)
                while index < count && a[index] == b[index] { index += 1 }
                return index < count ? Int(a[index]) - Int(b[index]) : a.count - b.count
            }
        }
    }

    private func suffix(_ name: Text) -> Text {
        guard let dot = name.withBytes({ $0.lastIndex(of: 46) }) else { return Text() }
        return name.slice(dot..<name.count)
    }

    func time(_ entry: ListEntry) -> FileTime {
        guard let status = entry.status else { return FileTime(seconds: 0) }
        switch options.time {
        case .modification: return status.modificationTime
        case .change: return status.changeTime
        case .access: return status.accessTime
        case .birth: return status.birthTime ?? FileTime(seconds: 0)
        }
    }
}
