// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// The rows of `chmod` and `chown`.
func registerPermission(_ shell: Shell) {
    shell.registerFile(
        "chmod", synopsis: "[-Rcfv] mode[,mode]... file...", summary: "Change permission bits.", changeModes)
    shell.registerFile(
        "chown", synopsis: "[-RhcfvHLP] [owner][:[group]] file...", summary: "Change owner and group.", changeOwners
    )
}

/// How much `-v`, `-c` and `-f` make chmod and chown say.
private enum Verbosity { case silent, normal, changes, all }

private func changeModes(_ command: FileCommand) -> FileCommand.Outcome {
    // A mode such as -w looks like options: the first word of that kind is the mode.
    var words = command.words
    var modeText: Text?
    var isDashed = false
    for (index, word) in words.enumerated() {
        if word.equals("--") { break }
        if word.count > 1, word[0] == 45, word[1] != 45,
            word.withBytes({ bytes in bytes.dropFirst().contains { "rwxXstugoa,+=01234567".utf8.contains($0) } })
        {
            modeText = word
            isDashed = true
            words.remove(at: index)
            break
        }
    }
    let options = FileOptions(
        words, letters: "Rcfv",
        long: [
            .init("recursive", 82), .init("changes", 99), .init("quiet", 102), .init("silent", 102),
            .init("verbose", 118),
            .init("reference", 256, argument: 1), .init("preserve-root", 257), .init("no-preserve-root", 258),
        ], isPOSIX: command.isPOSIX)
    if options.isUnknown { return .external }
    var isRecursive = false
    var verbosity = Verbosity.normal
    var reference: Text?
    var preservesRoot = false
    for (code, value) in options.given {
        switch code {
        case 82: isRecursive = true
        case 99: verbosity = .changes
        case 102: verbosity = .silent
        case 118: verbosity = .all
        case 256: reference = value
        default: preservesRoot = code == 257
        }
    }
    var operands = options.operands
    var change: ModeChange?
    var fixed: UInt32?
    // Errors of usage are left to the external program, which then changes nothing.
    if let reference {
        if modeText != nil || operands.isEmpty { return .external }
        do throws(Errno) {
            fixed = try FileStatus(reference).permissions
        } catch {
            command.report("failed to get attributes of \(reference)", error.rawValue)
            return .done
        }
    } else {
        if modeText == nil {
            if operands.isEmpty { return .external }
            modeText = operands.removeFirst()
        }
        let text = modeText ?? Text()
        change = ModeChange(text)
        if change == nil || operands.isEmpty { return .external }
    }
    let mask = System.fileModeMask()
    func apply(_ shown: Text, _ name: Text, _ directory: Directory?, isTop: Bool) {
        let at = directory?.descriptor ?? At.current
        let info: FileStatus
        do throws(Errno) {
            info = try FileStatus(name, at: at, follow: isTop)
        } catch {
            if verbosity == .silent {
                command.status = 1
            } else if error == .noEntry, (try? FileStatus(name, at: at, follow: false)) != nil {
                command.report("cannot operate on dangling symlink \(shown)")
            } else {
                command.report("cannot access \(shown)", error.rawValue)
            }
            if verbosity == .all { command.say("\(shown) could not be accessed") }
            return
        }
        if info.isSymbolicLink {
            if verbosity == .all {
                command.say("neither symbolic link \(shown) nor referent has been changed")
            }
            return
        }
        let old = info.permissions
        let new = fixed ?? change?.apply(to: old, isDirectory: info.isDirectory, mask: mask) ?? old
        do throws(FileOpError) {
            try command.files.setMode(name, in: directory, mode: new, follow: isTop)
            // `chmod -w f` looks as if it took the bit from all, but goes by the umask: say so when that differs.
            if isDashed, let change {
                let naive = change.apply(to: old, isDirectory: info.isDirectory, mask: 0)
                if new & ~naive != 0 {
                    command.report(
                        "\(bare: shown): new permissions are \(raw: permissionLetters(new)), not \(raw: permissionLetters(naive))"
                    )
                }
            }
            if verbosity == .all && old == new {
                command.say(
                    "mode of \(shown) retained as \(raw: octalMode(old)) (\(raw: permissionLetters(old)))")
            } else if verbosity == .changes && old != new || verbosity == .all {
                command.say(
                    "mode of \(shown) changed from \(raw: octalMode(old)) (\(raw: permissionLetters(old))) to \(raw: octalMode(new)) (\(raw: permissionLetters(new)))"
                )
            }
        } catch {
            if verbosity == .silent {
                command.status = 1
            } else {
                command.report("changing permissions of \(shown)", error.code)
            }
        }
        guard isRecursive && info.isDirectory else { return }
        walk(command, shown, name, directory, verbosity == .silent) { (shown, entry, directory) in
            apply(shown, entry, directory, isTop: false)
        }
    }
    for path in operands {
        if isRecursive && preservesRoot && path.equals("/") {
            command.report("it is dangerous to operate recursively on \(path)")
            command.warn("use --no-preserve-root to override this failsafe")
            continue
        }
        apply(path, path, nil, isTop: true)
    }
    return .done
}

/// Calls `body` for each name in a directory.
private func walk(
    _ command: FileCommand, _ shown: Text, _ name: Text, _ parent: Directory?, _ isSilent: Bool, follow: Bool = false,
    _ body: (Text, Text, Directory) -> Void
) {
    do throws(FileOpError) {
        let directory = try command.files.openDirectory(name, in: parent, follow: parent == nil || follow)
        guard let entries = try? command.entries(of: directory) else { return }
        for entry in entries { body(command.joined(shown, entry.name), entry.name, directory) }
    } catch {
        if isSilent { command.status = 1 } else { command.report("cannot read directory \(shown)", error.code) }
    }
}

private func changeOwners(_ command: FileCommand) -> FileCommand.Outcome {
    let options = FileOptions(
        command.words, letters: "RhcfvHLP",
        long: [
            .init("recursive", 82), .init("changes", 99), .init("quiet", 102), .init("silent", 102),
            .init("no-dereference", 104),
            .init("dereference", 256), .init("reference", 257, argument: 1), .init("preserve-root", 258),
            .init("no-preserve-root", 259),
        ], isPOSIX: command.isPOSIX)
    let codes = options.given.map(\.code)
    // What it would say with -v and -c is left to the external program.
    if options.isUnknown || codes.contains(118) || codes.contains(99) { return .external }
    let isRecursive = codes.contains(82)
    let isSilent = codes.contains(102)
    let linkMode = codes.last { $0 == 72 || $0 == 76 || $0 == 80 } ?? 80
    var followsTop = !codes.contains(104)
    if isRecursive { followsTop = linkMode != 80 && !codes.contains(104) }
    let preservesRoot = codes.contains(258)
    var operands = options.operands
    var owner: UInt32?
    var group: UInt32?
    if let reference = options.given.last(where: { $0.code == 257 })?.value {
        do throws(Errno) {
            let info = try FileStatus(reference)
            owner = info.owner
            group = info.group
        } catch {
            command.report("failed to get attributes of \(reference)", error.rawValue)
            return .done
        }
    } else {
        if operands.isEmpty {
            command.reportUsage("missing operand")
            return .done
        }
        let text = operands.removeFirst()
        if operands.isEmpty { return .external }
        var name = text
        var groupName: Text?
        if let separator = text.withBytes({ $0.firstIndex(of: 58) }) {
            name = text.slice(0..<separator)
            groupName = text.slice(separator + 1..<text.count)
        }
        var loginGroup: UInt32?
        if !name.isEmpty {
            if let user = UserDatabase.user(named: name.bytes) {
                owner = user.id
                loginGroup = user.group
            } else if let number = name.decimalInteger, number >= 0, let id = UInt32(exactly: number) {
                owner = id
            } else {
                return .external
            }
        }
        if let groupName {
            if groupName.isEmpty {
                if owner != nil {
                    guard let loginGroup else { return .external }
                    group = loginGroup
                }
            } else if let entry = UserDatabase.group(named: groupName.bytes) {
                group = entry.id
            } else if let number = groupName.decimalInteger, number >= 0, let id = UInt32(exactly: number) {
                group = id
            } else {
                return .external
            }
        }
    }
    if operands.isEmpty {
        command.reportUsage("missing operand")
        return .done
    }
    func apply(_ shown: Text, _ name: Text, _ directory: Directory?, follow: Bool) {
        let at = directory?.descriptor ?? At.current
        let info: FileStatus
        do throws(Errno) {
            info = try FileStatus(name, at: at, follow: follow)
        } catch {
            if isSilent {
                command.status = 1
            } else if follow, (try? FileStatus(name, at: at, follow: false)) != nil {
                command.report("cannot dereference \(shown)", error.rawValue)
            } else {
                command.report("cannot access \(shown)", error.rawValue)
            }
            return
        }
        // Children first would change nothing: owners do not stop the walk of whoever may set them.
        if isRecursive && info.isDirectory {
            walk(command, shown, name, directory, isSilent, follow: follow) { (shown, entry, directory) in
                apply(shown, entry, directory, follow: linkMode == 76)
            }
        }
        if owner == nil && group == nil { return }
        do throws(FileOpError) {
            try command.files.setOwner(name, in: directory, owner: owner, group: group, follow: follow)
        } catch {
            if isSilent {
                command.status = 1
            } else if owner == nil {
                command.report("changing group of \(shown)", error.code)
            } else {
                command.report("changing ownership of \(shown)", error.code)
            }
        }
    }
    for path in operands {
        if isRecursive && preservesRoot && path.equals("/") {
            command.report("it is dangerous to operate recursively on \(path)")
            command.warn("use --no-preserve-root to override this failsafe")
            continue
        }
        apply(path, path, nil, follow: followsTop)
    }
    return .done
}
