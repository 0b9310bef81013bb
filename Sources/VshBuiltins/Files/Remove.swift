// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// The row of `rm`.
func registerRemove(_ shell: Shell) {
    shell.registerFile(
        "rm", synopsis: "[-dfiIrRv] [--] file...", summary: "Remove files and trees; undo brings them back."
    ) {
        command in
        var removal = Removal(command)
        return removal.run()
    }
}

/// One run of `rm`.
private struct Removal {
    enum Asking { case never, whenProtected, once, always }

    let command: FileCommand
    var asking = Asking.whenProtected
    var ignoresMissing = false
    var isRecursive = false
    var removesDirectories = false
    var isVerbose = false
    var preservesRoot = true
    var staysOnDevice = false
    let inputIsTerminal: Bool

    init(_ command: FileCommand) {
        self.command = command
        let descriptor = command.inputDescriptor
        inputIsTerminal = descriptor >= 0 && System.isTerminal(descriptor)
    }

    mutating func run() -> FileCommand.Outcome {
        let options = FileOptions(
            command.words, letters: "dfiIrRv",
            long: [
                .init("force", 102), .init("recursive", 114), .init("verbose", 118), .init("dir", 100),
                .init("interactive", 256, argument: 2), .init("one-file-system", 257),
                .init("preserve-root", 258, argument: 2),
                .init("no-preserve-root", 259),
            ], isPOSIX: command.isPOSIX)
        if options.isUnknown { return .external }
        for (code, value) in options.given {
            switch code {
            case 102:
                ignoresMissing = true
                asking = .never
            case 105:
                ignoresMissing = false
                asking = .always
            case 73:
                ignoresMissing = false
                asking = .once
            case 114, 82: isRecursive = true
            case 118: isVerbose = true
            case 100: removesDirectories = true
            case 257: staysOnDevice = true
            case 259: preservesRoot = false
            case 256:
                guard let value else {
                    asking = .always
                    ignoresMissing = false
                    continue
                }
                if value.equals("never") || value.equals("no") || value.equals("none") {
                    asking = .never
                } else if value.equals("once") {
                    asking = .once
                } else if value.equals("always") || value.equals("yes") {
                    asking = .always
                } else {
                    return .external
                }
                ignoresMissing = false
            default:
                if value != nil { return .external }
                preservesRoot = true
            }
        }
        let operands = options.operands
        if operands.isEmpty {
            if !ignoresMissing { command.reportUsage("missing operand") }
            return .done
        }
        // Empty directories by such names have messages of their own.
        if removesDirectories && !isRecursive && operands.contains(where: { isSpecial($0) }) { return .external }
        if asking == .once && (isRecursive || operands.count > 3) {
            let count = operands.count
            let noun = count == 1 ? "argument" : "arguments"
            let question: Message =
                isRecursive ? "remove \(count) \(noun) recursively?" : "remove \(count) \(noun)?"
            if !command.asks(question) { return .done }
        }
        for path in operands { remove(path) }
        return .done
    }

    /// Whether a name is that of a directory in a special way: `.`, `..`, `link/`.
    private func isSpecial(_ path: Text) -> Bool {
        let last = command.lastComponent(path)
        return last.equals(".") || last.equals("..") || path.count > 1 && path[path.count - 1] == 47
    }

    private func remove(_ path: Text) {
        let last = command.lastComponent(path)
        if last.equals(".") || last.equals("..") {
            if isRecursive {
                command.report("refusing to remove '.' or '..' directory: skipping \(path)")
                return
            }
        }
        let info: FileStatus
        do throws(Errno) {
            info = try FileStatus(path, follow: false)
        } catch {
            if ignoresMissing && (error == .noEntry || error == .notDirectory) { return }
            command.report("cannot remove \(path)", error.rawValue)
            return
        }
        if info.isDirectory {
            var end = path.count
            while end > 1 && path[end - 1] == 47 { end -= 1 }
            if end < path.count, (try? FileStatus(path.slice(0..<end), follow: false))?.isSymbolicLink ?? false {
                // `link/` names the directory: what is in it goes, the link itself cannot (as with GNU rm).
                if isRecursive {
                    _ = removeDirectory(path, path, nil, info.device, follow: true)
                } else {
                    command.report("cannot remove \(path)", Errno.notDirectory.rawValue)
                }
                return
            }
            if isRecursive && preservesRoot, let root = try? FileStatus("/"), root.isSameFile(as: info) {
                if path.equals("/") {
                    command.report("it is dangerous to operate recursively on \(path)")
                } else {
                    command.report("it is dangerous to operate recursively on \(path) (same as \(Text("/")))")
                }
                command.warn("use --no-preserve-root to override this failsafe")
                return
            }
            if !isRecursive && !removesDirectories {
                command.report("cannot remove \(path)", Errno.isDirectory.rawValue)
                return
            }
            let asks = asking == .always || asking == .whenProtected && inputIsTerminal
            if isRecursive && !asks && !isVerbose && !staysOnDevice && command.files.removeTree(path) { return }
            _ = removeDirectory(path, path, nil, info.device)
            return
        }
        _ = removeFile(path, path, nil, info)
    }

    /// Whether the user lets a file go that is asked about.
    private func mayRemove(_ shown: Text, _ name: Text, _ directory: Directory?, _ info: FileStatus) -> Bool {
        let at = directory?.descriptor ?? At.current
        let isProtected = isWriteProtected(name, at, info)
        if asking != .always && !isProtected { return true }
        let kind = kindName(info)
        if isProtected { return command.asks("remove write-protected \(kind) \(shown)?") }
        return command.asks("remove \(kind) \(shown)?")
    }

    private func isWriteProtected(_ name: Text, _ at: Int32, _ info: FileStatus) -> Bool {
        (asking == .always || asking == .whenProtected && inputIsTerminal) && !ignoresMissing && !info.isSymbolicLink
            && !System.isAccessible(name, .write, at: at)
    }

    private func kindName(_ info: FileStatus) -> String {
        switch info.type {
        case .regular: info.size == 0 ? "regular empty file" : "regular file"
        case .directory: "directory"
        case .symbolicLink: "symbolic link"
        case .fifo: "fifo"
        case .socket: "socket"
        case .characterDevice: "character special file"
        case .blockDevice: "block special file"
        case .unknown: "weird file"
        }
    }

    private func removeFile(_ shown: Text, _ name: Text, _ directory: Directory?, _ info: FileStatus?) -> Bool {
        if asking == .always || asking == .whenProtected && inputIsTerminal {
            let known = info ?? (try? FileStatus(name, at: directory?.descriptor ?? At.current, follow: false))
            if let known, !mayRemove(shown, name, directory, known) { return false }
        }
        do throws(FileOpError) {
            try command.files.unlink(name, in: directory)
            if isVerbose { command.say("removed \(shown)") }
            return true
        } catch {
            if ignoresMissing && error.code == Errno.noEntry.rawValue { return true }
            command.report("cannot remove \(shown)", error.code)
            return false
        }
    }

    /// Removes a directory, with `-r` all that is in it first.
    private func removeDirectory(
        _ shown: Text, _ name: Text, _ parent: Directory?, _ device: UInt64, follow: Bool = false
    ) -> Bool {
        var isComplete = true
        if isRecursive {
            do throws(FileOpError) {
                let directory = try command.files.openDirectory(name, in: parent, follow: follow)
                if staysOnDevice, let info = try? FileStatus(descriptor: directory.descriptor), info.device != device {
                    command.report("skipping \(shown), since it's on a different device")
                    return false
                }
                var entries: [(name: Text, type: FileType)] = []
                do throws(Errno) {
                    entries = try command.entries(of: directory)
                } catch {
                    throw FileOpError(cause: error, path: shown.bytes)
                }
                if asking == .always && !entries.isEmpty {
                    let isProtected =
                        !ignoresMissing && !System.isAccessible(name, .write, at: parent?.descriptor ?? At.current)
                    let kind = isProtected ? "write-protected directory" : "directory"
                    if !command.asks("descend into \(kind) \(shown)?") { return false }
                }
                for entry in entries {
                    let path = command.joined(shown, entry.name)
                    var isDirectory = entry.type == .directory
                    if entry.type == .unknown {
                        isDirectory =
                            (try? FileStatus(entry.name, at: directory.descriptor, follow: false))?.isDirectory ?? false
                    }
                    let isGone =
                        isDirectory
                        ? removeDirectory(path, entry.name, directory, device)
                        : removeFile(path, entry.name, directory, nil)
                    isComplete = isComplete && isGone
                }
            } catch {
                // An empty directory that cannot be read can still be removed.
                if (try? command.files.removeDirectory(name, in: parent)) != nil {
                    if isVerbose { command.say("removed directory \(shown)") }
                    return true
                }
                command.report("cannot remove \(shown)", error.code)
                return false
            }
        }
        if !isComplete { return false }
        if asking == .always || asking == .whenProtected && inputIsTerminal,
            let info = try? FileStatus(name, at: parent?.descriptor ?? At.current, follow: false),
            !mayRemove(shown, name, parent, info)
        {
            return false
        }
        do throws(FileOpError) {
            try command.files.removeDirectory(name, in: parent)
            if isVerbose { command.say("removed directory \(shown)") }
            return true
        } catch {
            command.report("cannot remove \(shown)", error.code)
            return false
        }
    }
}
