// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// Names of a git repository, read from its files without running git.
enum GitNames {
    /// The repository's own directory, and the one that holds its refs (another one for a linked work tree).
    private static func directories(_ shell: Shell) -> (own: [UInt8], common: [UInt8])? {
        var path = shell.workingDirectory.bytes
        for _ in 0..<64 {
            let candidate = (path == [47] ? [] : path) + Array("/.git".utf8)
            if let status = try? FileStatus(candidate) {
                var own = candidate
                if status.isRegular {
                    guard let text = SystemNames.contents(candidate), text.starts(with: Array("gitdir: ".utf8)) else {
                        return nil
                    }
                    let target = Array(text.dropFirst(8).prefix { $0 != 10 })
                    own = target.first == 47 ? target : path + [47] + target
                }
                var common = own
                if let text = SystemNames.contents(own + Array("/commondir".utf8)) {
                    let target = Array(text.prefix { $0 != 10 })
                    common = target.first == 47 ? target : own + [47] + target
                }
                return (own, common)
            }
            if path.count <= 1 { return nil }
            let slash = path.lastIndex(of: 47) ?? 0
            path = slash == 0 ? [47] : Array(path[..<slash])
        }
        return nil
    }

    private static func refs(_ shell: Shell, below prefix: String) -> [[UInt8]] {
        guard let common = directories(shell)?.common else { return [] }
        var found: Set<[UInt8]> = []
        let start = Array("refs/\(prefix)/".utf8)
        for line in (SystemNames.contents(common + Array("/packed-refs".utf8), limit: 64 << 20) ?? []).split(
            separator: 10)
        {
            guard line.first != 35, line.first != 94, let space = line.firstIndex(of: 32) else { continue }
            let name = line[(space + 1)...]
            if name.starts(with: start) { found.insert(Array(name.dropFirst(start.count))) }
        }
        var directories = [([UInt8](), 0)]
        let root = common + Array("/refs/\(prefix)".utf8)
        while let (directory, depth) = directories.popLast() {
            if depth > 8 || found.count > 5000 { break }
            guard var reader = try? DirectoryReader(directory.isEmpty ? root : root + [47] + directory) else {
                continue
            }
            while let entry = try? reader.next() {
                if entry.isDot { continue }
                let name = directory.isEmpty ? Array(entry.name) : directory + [47] + Array(entry.name)
                if entry.type == .directory { directories.append((name, depth + 1)) } else { found.insert(name) }
            }
        }
        return Array(found)
    }

    static func branches(_ shell: Shell) -> [[UInt8]] { refs(shell, below: "heads") }
    static func remoteBranches(_ shell: Shell) -> [[UInt8]] {
        refs(shell, below: "remotes").filter { !$0.reversed().starts(with: "DAEH/".utf8) }
    }
    static func tags(_ shell: Shell) -> [[UInt8]] { refs(shell, below: "tags") }

    /// Lines `key = value` of a section of git's configuration, the repository's and the user's; for `[remote "name"]` the
    /// part in quotes too.
    private static func settings(_ shell: Shell, section wanted: String) -> [(
        part: [UInt8], key: [UInt8], value: [UInt8]
    )] {
        var files: [[UInt8]] = []
        if let common = directories(shell)?.common { files.append(common + Array("/config".utf8)) }
        let home = shell.value(.home).bytes
        if home.first == 47 {
            files.append(home + Array("/.gitconfig".utf8))
            files.append(home + Array("/.config/git/config".utf8))
        }
        var found: [(part: [UInt8], key: [UInt8], value: [UInt8])] = []
        for file in files {
            var part: [UInt8]?
            for line in (SystemNames.contents(file) ?? []).split(separator: 10) {
                let text = line.drop { $0 == 32 || $0 == 9 }
                if text.first == 91 {
                    let inner = text.dropFirst().prefix { $0 != 93 }
                    let name = inner.prefix { $0 != 32 && $0 != 9 }
                    let isWanted = String(decoding: name.map(lowercased), as: UTF8.self) == wanted
                    part = isWanted ? Array(inner.drop { $0 != 34 }.dropFirst().prefix { $0 != 34 }) : nil
                } else if let part, let equals = text.firstIndex(of: 61), text.first != 35, text.first != 59 {
                    let key = text[..<equals].filter { $0 != 32 && $0 != 9 }
                    found.append((part, key, Array(text[(equals + 1)...].drop { $0 == 32 || $0 == 9 })))
                }
            }
        }
        return found
    }

    static func aliases(_ shell: Shell) -> [([UInt8], [UInt8])] {
        settings(shell, section: "alias").map { ($0.key, $0.value) }
    }

    static func remotes(_ shell: Shell) -> [([UInt8], [UInt8])] {
        settings(shell, section: "remote").filter { $0.key == Array("url".utf8) }.map { ($0.part, $0.value) }
    }

    /// `stash@{0}` with its message, from the reflog.
    static func stashes(_ shell: Shell) -> [([UInt8], [UInt8])] {
        guard let common = directories(shell)?.common,
            let log = SystemNames.contents(common + Array("/logs/refs/stash".utf8))
        else { return [] }
        let lines = log.split(separator: 10)
        return lines.reversed().enumerated().map { index, line in
            (Array("stash@{\(index)}".utf8), line.firstIndex(of: 9).map { Array(line[($0 + 1)...]) } ?? [])
        }
    }
}
