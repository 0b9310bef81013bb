// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// The row of `ln`.
func registerLink(_ shell: Shell) {
    shell.registerFile(
        "ln", synopsis: "[-sfinvrTLP] [-t dir] target... [link | dir]", summary: "Make links.", makeLinks)
}

private func makeLinks(_ command: FileCommand) -> FileCommand.Outcome {
    let options = FileOptions(
        command.words, letters: "sfinvrTLPt:",
        long: [
            .init("symbolic", 115), .init("force", 102), .init("interactive", 105), .init("no-dereference", 110),
            .init("verbose", 118), .init("relative", 114), .init("no-target-directory", 84), .init("logical", 76),
            .init("physical", 80), .init("target-directory", 116, argument: 1),
        ], isPOSIX: command.isPOSIX)
    if options.isUnknown { return .external }
    var linking = Linking(command)
    var target: Text?
    var isFile = false
    for (code, value) in options.given {
        switch code {
        case 115: linking.isSymbolic = true
        case 102:
            linking.replaces = true
            linking.asks = false
        case 105:
            linking.asks = true
            linking.replaces = false
        case 110: linking.keepsLinks = true
        case 118: linking.isVerbose = true
        case 114: linking.isRelative = true
        case 84: isFile = true
        case 76: linking.follows = true
        case 80: linking.follows = false
        default:
            if target != nil { return .external }
            target = value
        }
    }
    if linking.isRelative && !linking.isSymbolic { return .external }
    var operands = options.operands
    if operands.isEmpty {
        command.reportUsage("missing file operand")
        return .done
    }
    if isFile {
        if target != nil { return .external }
        if operands.count != 2 {
            if operands.count < 2 {
                command.reportUsage("missing destination file operand after \(operands[0])")
            } else {
                command.reportUsage("extra operand \(operands[2])")
            }
            return .done
        }
        linking.link(operands[0], operands[1])
        return .done
    }
    if let target {
        if let info = try? FileStatus(target), !info.isDirectory {
            command.report("target \(target): Not a directory")
            return .done
        }
        for operand in operands { linking.link(operand, command.joined(target, command.lastComponent(operand))) }
        return .done
    }
    if operands.count == 1 {
        linking.link(operands[0], command.joined(Text("."), command.lastComponent(operands[0])))
        return .done
    }
    let last = operands.removeLast()
    let isDirectory: Bool
    if linking.keepsLinks && operands.count == 1 {
        isDirectory = (try? FileStatus(last, follow: false))?.isDirectory ?? false
    } else {
        isDirectory = (try? FileStatus(last))?.isDirectory ?? false
    }
    if isDirectory {
        for operand in operands { linking.link(operand, command.joined(last, command.lastComponent(operand))) }
    } else if operands.count == 1 {
        linking.link(operands[0], last)
    } else {
        command.report(
            "target \(last): \(raw: Text((try? FileStatus(last)) == nil ? "No such file or directory" : "Not a directory"))"
        )
    }
    return .done
}

/// One run of `ln`.
private struct Linking {
    let command: FileCommand
    var isSymbolic = false
    var replaces = false
    var asks = false
    /// `-n`: a destination that is a symbolic link to a directory is a link like others.
    var keepsLinks = false
    var isVerbose = false
    var isRelative = false
    var follows = false

    init(_ command: FileCommand) { self.command = command }

    func link(_ source: Text, _ path: Text) {
        if !isSymbolic {
            let info: FileStatus
            do throws(Errno) {
                info = try FileStatus(source, follow: follows)
            } catch {
                command.report("failed to access \(source)", error.rawValue)
                return
            }
            if info.isDirectory {
                command.report("\(bare: source): hard link not allowed for directory")
                return
            }
        }
        if replaces || asks, let old = try? FileStatus(path, follow: false) {
            if old.isDirectory {
                command.report("\(bare: path): cannot overwrite directory")
                return
            }
            // Removing the old one must not remove what is linked to.
            if let info = try? FileStatus(source, follow: isSymbolic || follows), info.isSameFile(as: old),
                info.linkCount == 1 || isSameName(source, path)
            {
                command.report("\(source) and \(path) are the same file")
                return
            }
            if asks && !command.asks("replace \(path)?") { return }
            do throws(FileOpError) {
                try command.files.unlink(path)
            } catch {
                command.report("cannot remove \(path)", error.code)
                return
            }
        }
        let shown = isRelative ? relative(source, to: path) : source
        do throws(FileOpError) {
            if isSymbolic {
                try command.files.symbolicLink(target: shown, at: path)
            } else {
                try command.files.link(source, to: path, follow: follows)
            }
            if isVerbose {
                command.say(isSymbolic ? "\(path) -> \(shown)" : "\(path) => \(source)")
            }
        } catch {
            if isSymbolic && source.isEmpty {
                command.report("failed to create symbolic link \(path) -> \(source)", error.code)
            } else if isSymbolic {
                command.report("failed to create symbolic link \(path)", error.code)
            } else if error.code == Errno.exists.rawValue {
                command.report("failed to create hard link \(path)", error.code)
            } else {
                command.report("failed to create hard link \(path) => \(source)", error.code)
            }
        }
    }

    /// `source` as seen from the directory of `path` (`-r`).
    private func relative(_ source: Text, to path: Text) -> Text {
        let from = components(absolute(parent(path)))
        let to = components(absolute(source))
        var common = 0
        while common < from.count && common < to.count && from[common] == to[common] { common += 1 }
        var parts = Array(repeating: Text(".."), count: from.count - common) + to[common...]
        if parts.isEmpty { parts = [Text(".")] }
        var result = parts[0]
        for part in parts.dropFirst() {
            result.append(Text("/"))
            result.append(part)
        }
        return result
    }

    /// Whether two paths are the same name in the same directory.
    private func isSameName(_ a: Text, _ b: Text) -> Bool {
        guard command.lastComponent(a) == command.lastComponent(b), let first = try? FileStatus(parent(a)),
            let second = try? FileStatus(parent(b))
        else { return false }
        return first.isSameFile(as: second)
    }

    private func parent(_ path: Text) -> Text {
        var end = path.count
        while end > 1 && path[end - 1] == 47 { end -= 1 }
        while end > 0 && path[end - 1] != 47 { end -= 1 }
        return end == 0 ? Text(".") : path.slice(0..<end)
    }

    /// The path from the root with `.` and `..` and symbolic links of its directories resolved as far as they exist.
    private func absolute(_ path: Text, depth: Int = 0) -> Text {
        if let file = try? System.open(path, [.path, .closeOnExec]) {
            defer { try? System.close(file) }
            if let real = try? System.readLink(Text("/proc/self/fd/\(file)")) { return Text(real) }
        }
        if depth < 40, !path.isEmpty, path[path.count - 1] != 47, let target = try? System.readLink(path) {
            let target = Text(target)
            let isRooted = !target.isEmpty && target[0] == 47
            return absolute(isRooted ? target : command.joined(parent(path), target), depth: depth + 1)
        }
        let last = command.lastComponent(path)
        if path.equals("/") || path.isEmpty { return path }
        return command.joined(absolute(parent(path)), last)
    }

    private func components(_ path: Text) -> [Text] { path.bytes.split(separator: 47).map { Text($0) } }
}
