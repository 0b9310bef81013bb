// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// The rows of `cp` and `mv`.
func registerCopy(_ shell: Shell) {
    shell.registerFile(
        "cp", synopsis: "[-aRrpPLHdfinuvTlsx] [-t dir] source... target", summary: "Copy files and trees.",
        copyFiles)
    shell.registerFile(
        "mv", synopsis: "[-finuvT] [-t dir] source... target", summary: "Move or rename files.", moveFiles)
}

/// Where the operands go: into a directory, or to one name.
private struct Destination {
    var sources: [Text]
    let target: Text
    let isDirectory: Bool

    /// nil after a message.
    init?(_ command: FileCommand, _ operands: [Text], directory: Text?, isFile: Bool) {
        if operands.isEmpty {
            command.reportUsage("missing file operand")
            return nil
        }
        if let directory {
            guard let info = try? FileStatus(directory) else {
                command.report("target directory \(directory): No such file or directory")
                return nil
            }
            if !info.isDirectory {
                command.report("target directory \(directory): Not a directory")
                return nil
            }
            (sources, target, isDirectory) = (operands, directory, true)
            return
        }
        guard operands.count > 1, let last = operands.last else {
            command.reportUsage("missing destination file operand after \(operands[0])")
            return nil
        }
        if isFile {
            if operands.count > 2 {
                command.reportUsage("extra operand \(operands[2])")
                return nil
            }
            (sources, target, isDirectory) = ([operands[0]], last, false)
            return
        }
        let info = try? FileStatus(last)
        sources = Array(operands.dropLast())
        target = last
        isDirectory = info?.isDirectory ?? false
        if !isDirectory && sources.count > 1 {
            command.report(
                "target \(last): \(raw: Text(info == nil ? "No such file or directory" : "Not a directory"))")
            return nil
        }
    }
}

/// What is left to the external program, which tells what is wrong: two target directories, -t with -T, a target that is a
/// link to itself.
private func isUnusual(_ options: FileOptions) -> Bool {
    var directories = 0
    var isFile = false
    for (code, _) in options.given {
        if code == 116 { directories += 1 }
        if code == 84 { isFile = true }
    }
    if directories > 1 || directories == 1 && isFile { return true }
    guard directories == 0, let last = options.operands.last else { return false }
    do throws(Errno) {
        _ = try FileStatus(last)
        return false
    } catch {
        return error != .noEntry && error != .notDirectory && error != .accessDenied
    }
}

private func copyFiles(_ command: FileCommand) -> FileCommand.Outcome {
    let options = FileOptions(
        command.words, letters: "aRrpPLHdfinuvTlsxt:",
        long: [
            .init("archive", 97), .init("recursive", 114), .init("no-dereference", 80), .init("dereference", 76),
            .init("force", 102), .init("interactive", 105), .init("no-clobber", 110), .init("update", 117),
            .init("verbose", 118), .init("no-target-directory", 84), .init("link", 108), .init("symbolic-link", 115),
            .init("one-file-system", 120), .init("target-directory", 116, argument: 1),
            .init("preserve", 256, argument: 2),
            .init("no-preserve", 257, argument: 1), .init("reflink", 258, argument: 2),
            .init("sparse", 259, argument: 1),
        ], isPOSIX: command.isPOSIX)
    if options.isUnknown || isUnusual(options) { return .external }
    var copying = Copying(command)
    var directory: Text?
    var isFile = false
    var linksChosen = false
    func preserve(_ list: Text?, _ isOn: Bool) -> Bool {
        guard let list else {
            copying.preservesMode = isOn
            copying.preservesOwner = isOn
            copying.preservesTimes = isOn
            return true
        }
        for item in list.bytes.split(separator: 44) {
            switch String(decoding: item, as: UTF8.self) {
            case "mode":
                copying.preservesMode = isOn
                copying.forgetsMode = !isOn
            case "ownership": copying.preservesOwner = isOn
            case "timestamps": copying.preservesTimes = isOn
            case "links": copying.preservesLinks = isOn
            case "xattr": copying.preservesAttributes = isOn
            case "all":
                copying.preservesMode = isOn
                copying.preservesOwner = isOn
                copying.preservesTimes = isOn
                copying.preservesLinks = isOn
                copying.preservesAttributes = isOn
            default: return false
            }
        }
        return true
    }
    for (code, value) in options.given {
        switch code {
        case 97:
            copying.isRecursive = true
            copying.links = .keep
            linksChosen = true
            _ = preserve(Text("all"), true)
        case 82, 114: copying.isRecursive = true
        case 112: _ = preserve(nil, true)
        case 80, 76, 72:
            copying.links = code == 80 ? .keep : code == 76 ? .follow : .followOperands
            linksChosen = true
        case 100:
            copying.links = .keep
            linksChosen = true
            copying.preservesLinks = true
        case 102: copying.forces = true
        case 105:
            copying.asks = true
            copying.keepsExisting = false
        case 110:
            copying.keepsExisting = true
            copying.asks = false
        case 117: copying.onlyNewer = true
        case 118: copying.isVerbose = true
        case 84: isFile = true
        case 108: copying.makesHardLinks = true
        case 115: copying.makesSymbolicLinks = true
        case 120: copying.staysOnDevice = true
        case 116: directory = value
        case 256: if !preserve(value, true) { return .external }
        case 257: if !preserve(value, false) { return .external }
        case 258:
            guard let value else {
                copying.reflink = .always
                continue
            }
            if value.equals("auto") {
                copying.reflink = .auto
            } else if value.equals("always") {
                copying.reflink = .always
            } else if value.equals("never") {
                copying.reflink = .never
            } else {
                return .external
            }
        default: if !(value?.equals("auto") ?? false) { return .external }
        }
    }
    if copying.makesSymbolicLinks {
        // Two kinds of links, and relative ones elsewhere: errors that the external program words.
        let target = directory ?? options.operands.last ?? Text()
        let isHere =
            directory == nil && !target.withBytes { $0.contains(47) }
            && !((try? FileStatus(target))?.isDirectory ?? false)
        if copying.makesHardLinks || !isHere { return .external }
    }
    // Links found in a tree are copied as links, unless an option says otherwise.
    if copying.isRecursive && !linksChosen && !copying.makesHardLinks { copying.links = .keep }
    guard let destination = Destination(command, options.operands, directory: directory, isFile: isFile) else {
        return .done
    }
    for source in destination.sources {
        if destination.isDirectory {
            let last = command.lastComponent(source)
            // The content of `.` and `..` goes into the directory itself.
            let isDots = last.equals(".") || last.equals("..")
            _ = copying.copy(source, to: isDots ? destination.target : command.joined(destination.target, last))
        } else {
            if destination.target.count > 0, destination.target[destination.target.count - 1] == 47,
                !((try? FileStatus(source))?.isDirectory ?? false), (try? FileStatus(source)) != nil,
                isMissing(destination.target)
            {
                command.report("cannot create regular file \(destination.target)", Errno.notDirectory.rawValue)
                continue
            }
            _ = copying.copy(source, to: destination.target)
        }
    }
    return .done
}

/// Whether nothing is there.
private func isMissing(_ path: Text) -> Bool {
    do throws(Errno) {
        _ = try FileStatus(path, follow: false)
        return false
    } catch {
        return error == .noEntry
    }
}

private func moveFiles(_ command: FileCommand) -> FileCommand.Outcome {
    let options = FileOptions(
        command.words, letters: "finuvTt:",
        long: [
            .init("force", 102), .init("interactive", 105), .init("no-clobber", 110), .init("update", 117),
            .init("verbose", 118), .init("no-target-directory", 84), .init("target-directory", 116, argument: 1),
        ], isPOSIX: command.isPOSIX)
    if options.isUnknown || isUnusual(options) { return .external }
    var moving = Moving(command)
    var directory: Text?
    var isFile = false
    for (code, value) in options.given {
        switch code {
        case 102: moving.mode = .force
        case 105: moving.mode = .ask
        case 110: moving.mode = .keep
        case 117: moving.onlyNewer = true
        case 118: moving.isVerbose = true
        case 84: isFile = true
        default: directory = value
        }
    }
    guard let destination = Destination(command, options.operands, directory: directory, isFile: isFile) else {
        return .done
    }
    for source in destination.sources {
        moving.move(
            source,
            to: destination.isDirectory
                ? command.joined(destination.target, command.lastComponent(source)) : destination.target)
    }
    return .done
}

/// One run of `mv`.
private struct Moving {
    enum Mode { case normal, force, ask, keep }

    let command: FileCommand
    var mode = Mode.normal
    var onlyNewer = false
    var isVerbose = false

    init(_ command: FileCommand) { self.command = command }

    func move(_ source: Text, to target: Text) {
        let info: FileStatus
        do throws(Errno) {
            info = try FileStatus(source, follow: false)
        } catch {
            command.report("cannot stat \(source)", error.rawValue)
            return
        }
        if let old = try? FileStatus(target, follow: false) {
            if mode == .keep { return }
            if old.isSameFile(as: info) {
                command.report("\(source) and \(target) are the same file")
                return
            }
            if onlyNewer && !info.isDirectory && old.modificationTime >= info.modificationTime { return }
            if !mayReplace(target, old) { return }
            if info.isDirectory && !old.isDirectory {
                command.report("cannot overwrite non-directory \(target) with directory \(source)")
                return
            }
            if old.isDirectory && !info.isDirectory {
                command.report("cannot overwrite directory \(target) with non-directory")
                return
            }
        } else if !isMissing(target) {
            command.report("cannot stat \(target)", Errno.notDirectory.rawValue)
            return
        }
        do throws(FileOpError) {
            try command.files.rename(source, to: target)
            if isVerbose { command.say("renamed \(source) -> \(target)") }
        } catch {
            if error.code == Errno.crossDevice.rawValue {
                moveAcross(source, info, to: target)
            } else if error.code == Errno.invalid.rawValue && info.isDirectory {
                command.report("cannot move \(source) to a subdirectory of itself, \(target)")
            } else {
                command.report("cannot move \(source) to \(target)", error.code)
            }
        }
    }

    /// Whether the user lets the old file go, where that is to be asked.
    private func mayReplace(_ target: Text, _ old: FileStatus) -> Bool {
        if mode == .force { return true }
        let isWritable = old.isSymbolicLink || System.isAccessible(target, .write)
        if mode != .ask {
            let descriptor = command.inputDescriptor
            if isWritable || descriptor < 0 || !System.isTerminal(descriptor) { return true }
        }
        if isWritable { return command.asks("overwrite \(target)?") }
        let letters = permissionLetters(old.permissions)
        return command.asks(
            "replace \(target), overriding mode \(raw: octalMode(old.permissions)) (\(raw: letters))?")
    }

    /// To another file system: a copy with everything kept, then the original goes.
    private func moveAcross(_ source: Text, _ info: FileStatus, to target: Text) {
        var copying = Copying(command)
        copying.isRecursive = true
        copying.links = .keep
        copying.preservesMode = true
        copying.preservesOwner = true
        copying.preservesTimes = true
        copying.preservesLinks = true
        copying.preservesAttributes = true
        do throws(FileOpError) {
            if let old = try? FileStatus(target, follow: false) {
                if old.isDirectory {
                    try command.files.removeDirectory(target)
                } else {
                    try command.files.unlink(target)
                }
            }
        } catch {
            command.report("inter-device move failed: \(source) to \(target); unable to remove target", error.code)
            return
        }
        if !copying.copy(source, to: target) { return }
        remove(source, info.isDirectory)
        if isVerbose { command.say("renamed \(source) -> \(target)") }
    }

    private func remove(_ path: Text, _ isDirectory: Bool) {
        do throws(FileOpError) {
            if !isDirectory {
                try command.files.unlink(path)
                return
            }
            if command.files.removeTree(path) { return }
            let directory = try command.files.openDirectory(path, follow: false)
            let entries = (try? command.entries(of: directory)) ?? []
            for entry in entries {
                let child = command.joined(path, entry.name)
                remove(child, (try? FileStatus(child, follow: false))?.isDirectory ?? false)
            }
            try command.files.removeDirectory(path)
        } catch {
            command.report("cannot remove \(path)", error.code)
        }
    }
}
