// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// How the history is shown.
struct UndoText {
    /// Nanoseconds since 1970.
    let now: Int64
    /// Paths below it are shown relative to it.
    let directory: [UInt8]

    init() {
        now = Clock.realTime
        directory = (try? System.currentDirectory()) ?? []
    }

    /// `2 minutes ago`
    func age(of time: Int64) -> String {
        let seconds = max(0, (now - time) / 1_000_000_000)
        let units: [(Int64, String)] = [(86400 * 365, "year"), (86400, "day"), (3600, "hour"), (60, "minute")]
        for (length, name) in units where seconds >= length { return count(Int(seconds / length), name) + " ago" }
        return seconds < 5 ? "just now" : count(Int(seconds), "second") + " ago"
    }

    func count(_ number: Int, _ name: String) -> String { "\(number) \(name)\(number == 1 ? "" : "s")" }

    /// A path as short as it can be said, on one line.
    func path(_ path: [UInt8]) -> [UInt8] {
        if path == directory { return [UInt8(ascii: ".")] }
        if !directory.isEmpty, isBelow(path, directory) {
            return printable(Array(path[(directory.count == 1 ? 1 : directory.count + 1)...]))
        }
        return printable(path)
    }

    /// Control characters and bytes that are no UTF-8 as `\ooo`.
    func printable(_ bytes: [UInt8]) -> [UInt8] {
        var shown: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let length = utf8Length(bytes, index)
            if length == 0 || bytes[index] < 32 || bytes[index] == 127 {
                let byte = bytes[index]
                shown.append(UInt8(ascii: "\\"))
                for shift in [6, 3, 0] as [UInt8] { shown.append(UInt8(ascii: "0") + (byte >> shift & 7)) }
                index += 1
            } else {
                shown.append(contentsOf: bytes[index..<(index + length)])
                index += length
            }
        }
        return shown
    }

    /// Bytes of the UTF-8 character at `index`, 0 when there is none.
    func utf8Length(_ bytes: [UInt8], _ index: Int) -> Int {
        let lead = bytes[index]
        let length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
        if length == 0 || index + length > bytes.count { return 0 }
        for next in 1..<max(length, 1) where bytes[index + next] & 0xc0 != 0x80 { return 0 }
        if length == 3 {
            let second = bytes[index + 1]
            if lead == 0xe0 && second < 0xa0 || lead == 0xed && second >= 0xa0 { return 0 }
        }
        if length == 4 {
            let second = bytes[index + 1]
            if lead == 0xf0 && second < 0x90 || lead == 0xf4 && second >= 0x90 { return 0 }
        }
        return length
    }

    /// The command on one line.
    func command(_ operation: LoggedOperation) -> [UInt8] {
        if operation.kind == .checkpoint { return Array("checkpoint ".utf8) + printable(operation.command) }
        if operation.kind == .begin {
            let name = operation.command
            if name.starts(with: Array("try ".utf8)) || name.starts(with: Array("replay ".utf8)) {
                return printable(name)
            }
            return Array("begin".utf8) + (operation.command.isEmpty ? [] : [32] + printable(operation.command))
        }
        let lines = operation.command.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: true)
        guard let first = lines.first else { return [] }
        return printable(Array(first)) + (lines.count > 1 ? Array(" …".utf8) : [])
    }

    /// `@12: rm -r project (2 minutes ago, 3 changes)`
    func summary(_ entry: EntrySummary) -> [UInt8] {
        let operation = entry.operation
        var changes = count(entry.changes, "change")
        if let total = entry.total { changes = "\(entry.changes) of \(count(total, "change"))" }
        return Array("@\(operation.id): ".utf8) + command(operation)
            + Array(" (\(age(of: operation.began)), \(changes))".utf8)
    }

    /// The same without counts.
    func brief(_ operation: LoggedOperation) -> [UInt8] {
        Array("@\(operation.id): ".utf8) + command(operation) + Array(" (\(age(of: operation.began)))".utf8)
    }

    /// What an undo, redo or restore did, a row for each path; a tree that came or went is one row.
    /// - Parameters:
    ///   - limit: at most so many rows.
    ///   - isBackwards: something of the past is brought back.
    func rows(_ changes: [PathChange], isBackwards: Bool, limit: Int = 10) -> [UInt8] {
        let roots = changes.roots
        var inside: PathMap<Int> = [:]
        if roots.count != changes.count {
            let tops = Set(roots.map(\.path))
            for change in changes where change.isInside {
                // The outermost directory that came or went with it.
                var above = parent(of: change.path)
                while above.count > 1, !tops.contains(above) { above = parent(of: above) }
                inside[above, default: 0] += 1
            }
        }
        var text: [UInt8] = []
        for change in roots.prefix(roots.count == limit + 1 ? limit + 1 : limit) {
            text += Array("  ".utf8) + row(change, isReport: true, isBackwards: isBackwards)
            if let count = inside[change.path] { text += Array(" (and \(count) in it)".utf8) }
            text.append(10)
        }
        if roots.count > limit + 1 { text += Array("  … and \(roots.count - limit) more\n".utf8) }
        return text
    }

    func reason(_ reason: Conflict.Reason) -> [UInt8] {
        switch reason {
        case .changed(let difference):
            let text =
                switch difference {
                case .none, .timesOnly, .content: "its content has changed"
                case .appeared: "something is there now"
                case .disappeared: "it is gone"
                case .replaced: "it is another file now"
                case .permissions: "its mode has changed"
                case .owner: "its owner has changed"
                }
            return Array(text.utf8)
        case .laterOperation(let id): return Array("@\(id) changed it later".utf8)
        case .holds(let name): return Array("it holds something else: ".utf8) + printable(name)
        case .changedInside(let path): return Array("has changed inside: ".utf8) + self.path(path)
        case .changedElsewhere: return Array("it has been changed under another name".utf8)
        case .linked: return Array("it has got another name, under which it would change too".utf8)
        }
    }

    /// State of an operation in one word, empty for the usual.
    func state(_ operation: LoggedOperation) -> String {
        if operation.isExpired { return "expired" }
        if operation.entry?.state == .undone { return "undone" }
        if operation.entry?.state == .open { return "open" }
        if operation.outcome == .interrupted { return "interrupted" }
        if operation.outcome == .failed { return "failed" }
        if operation.missing > 0 { return operation.missing >= operation.changes ? "none" : "partial" }
        return ""
    }

    /// A row of `ops`.
    func row(_ operation: LoggedOperation, changes number: Int) -> [UInt8] {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.utf8.count))
        }
        let state = state(operation)
        var line = Array((padded("@\(operation.id)", 7) + padded(age(of: operation.began), 15)).utf8)
        let changes = operation.kind.isEvent && operation.kind != .begin ? "" : count(number, "change")
        line += Array((padded(changes, 13) + (state.isEmpty ? "" : "\(state): ")).utf8)
        line += command(operation)
        return line
    }

    /// A row of `ops show`, or of what an undo did.
    func row(_ change: PathChange, isReport: Bool = false, isBackwards: Bool = false) -> [UInt8] {
        var text: String
        var tail: [UInt8] = []
        switch change.kind {
        case .created: text = isBackwards ? "restored" : "created"
        case .removed: text = "removed"
        case .replaced: text = isBackwards ? "restored" : "replaced"
        case .written: text = isBackwards ? "restored" : "written"
        case .attributes: text = isBackwards ? "restored" : "attributes"
        case .moved(let other):
            text = "moved"
            tail = Array(" -> ".utf8) + path(other)
        }
        if isReport { text += ":" }
        text += String(repeating: " ", count: max(12 - text.utf8.count, 1))
        var line = Array(text.utf8) + path(change.path)
        let shown = change.before.isAbsent ? change.after : change.before
        if shown.isDirectory { line.append(UInt8(ascii: "/")) }
        line += tail
        let details = details(change)
        if !details.isEmpty { line += Array(" (\(details.joined(separator: ", ")))".utf8) }
        if change.missing != .none { line += Array(" (not undoable: \(why(change.missing)))".utf8) }
        return line
    }

    private func details(_ change: PathChange) -> [String] {
        let (before, after) = (change.before, change.after)
        if before.isAbsent || after.isAbsent { return [] }
        var details: [String] = []
        if before.kind != after.kind { details.append("\(name(before.kind)) -> \(name(after.kind))") }
        if before.kind == .regular, after.kind == .regular, before.size != after.size {
            details.append("\(humanSize(before.size)) -> \(humanSize(after.size))")
        }
        if before.kind == after.kind, before.permissions != after.permissions {
            details.append(
                "mode \(String(before.permissions, radix: 8)) -> \(String(after.permissions, radix: 8))")
        }
        if before.owner != after.owner || before.group != after.group {
            details.append("owner \(before.owner):\(before.group) -> \(after.owner):\(after.group)")
        }
        if details.isEmpty, change.kind == .attributes, before.modification != after.modification {
            details.append("time")
        }
        return details
    }

    func name(_ kind: NodeState.Kind) -> String {
        switch kind {
        case .absent: "nothing"
        case .fifo: "fifo"
        case .characterDevice, .blockDevice: "device"
        case .directory: "directory"
        case .regular: "file"
        case .symbolicLink: "symbolic link"
        case .socket: "socket"
        }
    }

    private func why(_ reason: MissingReason) -> String {
        switch reason {
        case .none, .fileCap: "over the cap"
        case .operationCap: "over the cap of one operation"
        case .unreadable: "could not be read"
        case .storeFailed: "could not be kept"
        case .unrepeatable: "cannot be made again"
        case .otherNames: "only its content"
        case .noRoom: "no space to keep it"
        }
    }

    /// `1.2 s`, `3 ms`
    func duration(_ nanoseconds: Int64) -> String {
        if nanoseconds < 1_000_000 { return "\(max(nanoseconds, 0) / 1000) µs" }
        if nanoseconds < 1_000_000_000 { return "\(nanoseconds / 1_000_000) ms" }
        if nanoseconds < 60_000_000_000 {
            return "\(nanoseconds / 1_000_000_000).\(nanoseconds / 100_000_000 % 10) s"
        }
        return "\(nanoseconds / 60_000_000_000) min \(nanoseconds / 1_000_000_000 % 60) s"
    }

    /// `2026-11-21 07:35:00`, local time.
    func date(_ time: Int64) -> String {
        guard let local = try? Clock.local(time / 1_000_000_000) else { return "@\(time / 1_000_000_000)" }
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(local.year)-\(two(local.month))-\(two(local.day)) "
            + "\(two(local.hour)):\(two(local.minute)):\(two(local.second))"
    }

    // MARK: JSON

    /// A JSON string. Bytes that are no UTF-8 become lone surrogates U+DC80 to U+DCFF, as in Python's surrogateescape.
    func json(_ bytes: [UInt8]) -> String {
        var text = "\""
        var index = 0
        while index < bytes.count {
            let length = utf8Length(bytes, index)
            let byte = bytes[index]
            if length == 0 {
                text += "\\udc" + String(byte, radix: 16)
                index += 1
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): text += "\\\""
            case UInt8(ascii: "\\"): text += "\\\\"
            case 10: text += "\\n"
            case 9: text += "\\t"
            case 0..<32: text += "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            default: text += String(decoding: bytes[index..<(index + length)], as: UTF8.self)
            }
            index += length
        }
        return text + "\""
    }

    func json(_ operation: LoggedOperation) -> String {
        let kinds = [
            "command", "undo", "redo", "rollback", "begin", "commit", "undo-paths", "repair", "aside", "checkpoint",
            "restore",
        ]
        let outcomes = ["finished", "interrupted", "failed", "replaced"]
        var text = "{\"id\":\(operation.id),\"kind\":\"\(kinds[Int(operation.kind.rawValue)])\""
        text += ",\"session\":\(operation.session),\"transaction\":\(operation.transaction)"
        text += ",\"parent\":\(operation.parent),\"target\":\(operation.target)"
        text += ",\"began\":\(operation.began),\"ended\":\(operation.ended),\"process\":\(operation.process)"
        text += ",\"outcome\":\"\(outcomes[Int(operation.outcome.rawValue)])\",\"status\":\(operation.status)"
        let state =
            switch operation.entry?.state {
            case .done: "\"done\""
            case .undone: "\"undone\""
            case .open: "\"open\""
            case nil: "null"
            }
        text += ",\"state\":\(state),\"expired\":\(operation.isExpired)"
        text += ",\"changes\":\(operation.changes),\"missing\":\(operation.missing)"
        text += ",\"directory\":\(json(operation.directory)),\"command\":\(json(operation.command))"
        return text
    }

    func json(_ change: PathChange) -> String {
        var kind = ""
        var other = ""
        switch change.kind {
        case .created: kind = "created"
        case .removed: kind = "removed"
        case .replaced: kind = "replaced"
        case .written: kind = "written"
        case .attributes: kind = "attributes"
        case .moved(let path):
            kind = "moved"
            other = ",\"to\":\(json(path))"
        }
        func state(_ state: NodeState) -> String {
            if state.isAbsent { return "null" }
            return "{\"mode\":\(state.mode),\"owner\":\(state.owner),\"group\":\(state.group),\"size\":\(state.size)"
                + ",\"inode\":\(state.inode),\"modified\":\(state.modification.seconds).\(nanoseconds(state))}"
        }
        func nanoseconds(_ state: NodeState) -> String {
            let digits = String(state.modification.nanoseconds)
            return String(repeating: "0", count: 9 - digits.utf8.count) + digits
        }
        return "{\"path\":\(json(change.path)),\"kind\":\"\(kind)\"\(other),\"before\":\(state(change.before))"
            + ",\"after\":\(state(change.after)),\"undoable\":\(change.missing == .none)}"
    }
}
