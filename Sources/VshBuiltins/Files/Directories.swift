// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// The rows of `mkdir` and `rmdir`.
func registerDirectory(_ shell: Shell) {
    shell.registerFile("mkdir", synopsis: "[-pv] [-m mode] dir...", summary: "Make directories.", makeDirectories)
    shell.registerFile(
        "rmdir", synopsis: "[-pv] [--ignore-fail-on-non-empty] dir...", summary: "Remove empty directories.",
        removeDirectories)
}

private func makeDirectories(_ command: FileCommand) -> FileCommand.Outcome {
    let options = FileOptions(
        command.words, letters: "pvm:",
        long: [.init("parents", 112), .init("verbose", 118), .init("mode", 109, argument: 1)], isPOSIX: command.isPOSIX)
    if options.isUnknown { return .external }
    var parents = false
    var verbose = false
    var modeText: Text?
    for (code, value) in options.given {
        switch code {
        case 112: parents = true
        case 118: verbose = true
        default: modeText = value
        }
    }
    if options.operands.isEmpty {
        command.reportUsage("missing operand")
        return .done
    }
    let change = modeText.flatMap { ModeChange($0) }
    if modeText != nil && change == nil { return .external }
    let mask = System.fileModeMask()
    for path in options.operands {
        if parents && !makeParents(command, path, mask, verbose) { continue }
        do throws(FileOpError) {
            if let change {
                // The final mode at once, so that nobody enters in between.
                let affected = change.affected(mask: mask)
                let wanted = change.apply(to: 0o777, isDirectory: true, mask: mask)
                let mode = change.namesEveryWho ? wanted : 0o777 & ~mask & ~affected | wanted & affected
                try command.files.makeDirectory(path, mode: mode)
                if mode & ~mask & 0o777 != mode & 0o777 || mode & 0o7000 != 0 {
                    try command.files.setMode(path, mode: mode)
                }
            } else {
                try command.files.makeDirectory(path)
            }
            if verbose { command.say("\(raw: command.name): created directory \(path)") }
        } catch {
            if parents, error.code == Errno.exists.rawValue, (try? FileStatus(path))?.isDirectory ?? false { continue }
            command.report("cannot create directory \(said: path)", error.code)
        }
    }
    return .done
}

/// Makes the directories above `path` that are missing; false after an error, which is reported.
private func makeParents(_ command: FileCommand, _ path: Text, _ mask: UInt32, _ verbose: Bool) -> Bool {
    var end = path.count
    while end > 1 && path[end - 1] == 47 { end -= 1 }
    while end > 0 && path[end - 1] != 47 { end -= 1 }
    while end > 1 && path[end - 1] == 47 { end -= 1 }
    if end == 0 || end == 1 && path[0] == 47 { return true }
    let parent = path.slice(0..<end)
    if let info = try? FileStatus(parent) {
        if info.isDirectory { return true }
        command.report("cannot create directory \(said: parent)", Errno.notDirectory.rawValue)
        return false
    }
    if !makeParents(command, parent, mask, verbose) { return false }
    do throws(FileOpError) {
        try command.files.makeDirectory(parent)
        // Parents are made so that they can be entered (XCU mkdir -p).
        if mask & 0o300 != 0 { try command.files.setMode(parent, mode: 0o777 & ~mask | 0o300) }
        if verbose { command.say("\(raw: command.name): created directory \(parent)") }
        return true
    } catch {
        if error.code == Errno.exists.rawValue, (try? FileStatus(parent))?.isDirectory ?? false { return true }
        command.report("cannot create directory \(said: parent)", error.code)
        return false
    }
}

/// Whether `path` is `link/`, where the link leads to a directory or to nothing.
private func isLinkWithSlash(_ path: Text) -> Bool {
    var end = path.count
    while end > 1 && path[end - 1] == 47 { end -= 1 }
    guard end < path.count, (try? FileStatus(path.slice(0..<end), follow: false))?.isSymbolicLink ?? false else {
        return false
    }
    do throws(Errno) {
        return try FileStatus(path).isDirectory
    } catch {
        return error != .notDirectory
    }
}

private func removeDirectories(_ command: FileCommand) -> FileCommand.Outcome {
    let options = FileOptions(
        command.words, letters: "pv",
        long: [.init("parents", 112), .init("verbose", 118), .init("ignore-fail-on-non-empty", 256)],
        isPOSIX: command.isPOSIX)
    if options.isUnknown { return .external }
    let codes = options.given.map(\.code)
    let ignoresFull = codes.contains(256)
    if options.operands.isEmpty {
        command.reportUsage("missing operand")
        return .done
    }
    for operand in options.operands {
        var path = operand
        while true {
            if codes.contains(118) { command.say("\(raw: command.name): removing directory, \(path)") }
            do throws(FileOpError) {
                try command.files.removeDirectory(path)
            } catch {
                let isFull = error.code == Errno.directoryNotEmpty.rawValue || error.code == Errno.exists.rawValue
                if ignoresFull && isFull { break }
                if error.code == Errno.notDirectory.rawValue && isLinkWithSlash(path) {
                    command.report("failed to remove \(path): Symbolic link not followed")
                } else if path == operand {
                    command.report("failed to remove \(path)", error.code)
                } else {
                    command.report("failed to remove directory \(path)", error.code)
                }
                break
            }
            guard codes.contains(112) else { break }
            var end = path.count
            while end > 1 && path[end - 1] == 47 { end -= 1 }
            while end > 0 && path[end - 1] != 47 { end -= 1 }
            while end > 1 && path[end - 1] == 47 { end -= 1 }
            if end == 0 { break }
            path = path.slice(0..<end)
            if path.equals("/") { break }
        }
    }
    return .done
}
