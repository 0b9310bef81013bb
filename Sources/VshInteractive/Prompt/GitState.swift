// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// What a git work tree is at, read from its `.git` without running git.
struct GitState {
    /// The branch, or the first seven digits of a commit.
    var branch: [UInt8]
    /// `rebase`, `merge`, …; empty when nothing is going on.
    var operation = ""
    /// A file of the index is not as the index has it (size, mode and time of change; as far as was looked).
    var isModified = false

    /// `main*|rebase 2/5`
    var text: [UInt8] {
        var text = branch
        if isModified { text.append(42) }
        if !operation.isEmpty { text += Array("|\(operation)".utf8) }
        return text
    }

    /// The state of the work tree that a directory is in; nil when it is in none.
    static func of(_ directory: [UInt8]) -> GitState? {
        var path = directory
        var levels = 0
        while levels < 64 {
            levels += 1
            let candidate = (path == [47] ? [] : path) + Array("/.git".utf8)
            if let status = try? FileStatus(candidate) {
                var gitDirectory: [UInt8]? = candidate
                if status.isRegular { gitDirectory = linked(candidate, path) }
                if let gitDirectory, let state = read(gitDirectory, workTree: path) { return state }
            }
            if path.count <= 1 { return nil }
            let slash = path.lastIndex(of: 47) ?? 0
            path = slash == 0 ? [47] : Array(path[..<slash])
        }
        return nil
    }

    /// `gitdir: PATH` of a worktree or submodule.
    private static func linked(_ file: [UInt8], _ directory: [UInt8]) -> [UInt8]? {
        guard let line = firstLine(file), line.starts(with: Array("gitdir: ".utf8)) else { return nil }
        let path = Array(line.dropFirst(8))
        return path.first == 47 ? path : directory + [47] + path
    }

    private static func firstLine(_ path: [UInt8], limit: Int = 4096) -> [UInt8]? {
        guard let file = try? FileDescriptor(path, [.readOnly, .nonBlocking]),
            let bytes = try? file.readAll(limit: limit)
        else { return nil }
        return Array(bytes.prefix { $0 != 10 && $0 != 13 })
    }

    private static func exists(_ path: [UInt8]) -> Bool { (try? FileStatus(path)) != nil }

    private static func read(_ git: [UInt8], workTree: [UInt8]) -> GitState? {
        func file(_ name: String) -> [UInt8] { git + [47] + Array(name.utf8) }
        guard let head = firstLine(file("HEAD")) else { return nil }
        let prefix = Array("ref: refs/heads/".utf8)
        var state: GitState
        if head.starts(with: prefix) {
            state = GitState(branch: Array(head.dropFirst(prefix.count)))
        } else if head.starts(with: Array("ref: ".utf8)) {
            state = GitState(branch: Array(head.dropFirst(5)))
        } else {
            state = GitState(branch: Array(head.prefix(7)))
        }
        state.branch = PromptSegments.printable(Array(state.branch.prefix(100)))
        func number(_ name: String) -> String {
            firstLine(file(name)).map { String(decoding: $0.prefix(8).filter { $0 >= 48 && $0 <= 57 }, as: UTF8.self) }
                ?? ""
        }
        func progress(_ directory: String, _ next: String, _ end: String) -> String {
            let (done, all) = (number("\(directory)/\(next)"), number("\(directory)/\(end)"))
            return done.isEmpty || all.isEmpty ? "" : " \(done)/\(all)"
        }
        if exists(file("rebase-merge")) {
            state.operation = "rebase" + progress("rebase-merge", "msgnum", "end")
            // HEAD is detached meanwhile; the branch is the one being moved.
            if let name = firstLine(file("rebase-merge/head-name")), name.starts(with: Array("refs/heads/".utf8)) {
                state.branch = PromptSegments.printable(Array(name.dropFirst(11).prefix(100)))
            }
        } else if exists(file("rebase-apply")) {
            state.operation =
                (exists(file("rebase-apply/applying")) ? "am" : "rebase") + progress("rebase-apply", "next", "last")
        } else if exists(file("MERGE_HEAD")) {
            state.operation = "merge"
        } else if exists(file("CHERRY_PICK_HEAD")) {
            state.operation = "cherry-pick"
        } else if exists(file("REVERT_HEAD")) {
            state.operation = "revert"
        } else if exists(file("BISECT_LOG")) {
            state.operation = "bisect"
        }
        state.isModified = GitIndex.isModified(file("index"), workTree: workTree)
        return state
    }
}

/// The index of a git work tree (gitformat-index(5), versions 2 to 4).
enum GitIndex {
    /// A bigger index is not read for a prompt.
    private static var largest: Int { 2 << 20 }
    /// Nanoseconds that looking at files may take.
    private static var budget: Int64 { 4_000_000 }

    /// Whether a file differs from what the index knows of it. Stops when time is up.
    static func isModified(_ path: [UInt8], workTree: [UInt8]) -> Bool {
        guard let file = try? FileDescriptor(path, .readOnly), let status = try? FileStatus(descriptor: file.rawValue),
            status.size <= largest, let bytes = try? file.readAll(limit: largest)
        else { return false }
        guard let root = try? FileDescriptor(workTree, [.path, .directory]) else { return false }
        let deadline = Clock.monotonic + budget
        return bytes.withUnsafeBytes { raw in
            func number(_ offset: Int) -> UInt32 {
                UInt32(bigEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            }
            guard raw.count > 12, number(0) == 0x4449_5243 else { return false }
            let version = number(4)
            if version < 2 || version > 4 { return false }
            var offset = 12
            var name: [UInt8] = []
            for index in 0..<Int(number(8)) {
                if offset + 62 > raw.count { return false }
                if index & 63 == 63, Clock.monotonic > deadline { return false }
                let entry = offset
                let flags = number(entry + 58) >> 16 & 0xFFFF
                offset += 62
                var skips = false
                if flags & 0x4000 != 0 {
                    // skip-worktree, intent-to-add
                    skips = number(offset) >> 16 & 0x4000 != 0
                    offset += 2
                }
                if version == 4 {
                    var strip = 0
                    guard offset < raw.count else { return false }
                    var byte = raw[offset]
                    offset += 1
                    strip = Int(byte & 127)
                    while byte & 128 != 0, offset < raw.count {
                        strip += 1
                        byte = raw[offset]
                        offset += 1
                        strip = strip << 7 | Int(byte & 127)
                    }
                    if strip > name.count { return false }
                    name.removeLast(strip)
                    while offset < raw.count, raw[offset] != 0 {
                        name.append(raw[offset])
                        offset += 1
                    }
                    offset += 1
                } else {
                    var end = offset
                    while end < raw.count, raw[end] != 0 { end += 1 }
                    name = Array(raw[offset..<end])
                    offset = entry + ((end - entry) / 8 + 1) * 8
                }
                // Assumed unchanged, unmerged, submodules.
                let mode = number(entry + 24)
                if skips || flags & 0x8000 != 0 || mode & 0xF000 == 0xE000 { continue }
                if flags & 0x3000 != 0 { return true }
                guard let found = try? FileStatus(name, at: root.rawValue, follow: false) else { return true }
                // Size 0 is also what git writes when it could not tell by the time.
                if number(entry + 36) == 0 { continue }
                if UInt32(truncatingIfNeeded: found.size) != number(entry + 36) { return true }
                if UInt32(truncatingIfNeeded: found.modificationTime.seconds) != number(entry + 8) { return true }
                let nanoseconds = number(entry + 12)
                if nanoseconds != 0, found.modificationTime.nanoseconds != nanoseconds { return true }
                if mode & 0xF000 == 0x8000, found.mode & 0o100 != mode & 0o100 { return true }
            }
            return false
        }
    }
}
