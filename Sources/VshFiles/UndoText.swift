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
        if operation.kind == .begin {
            return Array("begin".utf8) + (operation.command.isEmpty ? [] : [32] + printable(operation.command))
        }
        let lines = operation.command.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: true)
        guard let first = lines.first else { return [] }
        return printable(Array(first)) + (lines.count > 1 ? Array(" …".utf8) : [])
    }

    /// `@12: rm -r project (2 minutes ago, 3 changes)`
    func summary(_ entry: EntrySummary) -> [UInt8] {
        let operation = entry.operation
        var line = Array("@\(operation.id): ".utf8) + command(operation)
        line += Array(" (\(age(of: operation.began)), \(count(entry.changes, "change")))".utf8)
        return line
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
    func row(_ operation: LoggedOperation) -> [UInt8] {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.utf8.count))
        }
        let state = state(operation)
        var line = Array((padded("@\(operation.id)", 7) + padded(age(of: operation.began), 15)).utf8)
        let changes = operation.kind == .begin ? "" : count(operation.changes, "change")
        line += Array((padded(changes, 13) + (state.isEmpty ? "" : "\(state): ")).utf8)
        line += command(operation)
        return line
    }

    /// A row of `ops show`.
    func row(_ change: PathChange) -> [UInt8] {
        var text: String
        var tail: [UInt8] = []
        switch change.kind {
        case .created: text = "created     "
        case .removed: text = "removed     "
        case .replaced: text = "replaced    "
        case .written: text = "written     "
        case .attributes: text = "attributes  "
        case .moved(let other):
            text = "moved       "
            tail = Array(" -> ".utf8) + path(other)
        }
        var line = Array(text.utf8) + path(change.path)
        if (change.before.isAbsent ? change.after : change.before).isDirectory { line.append(UInt8(ascii: "/")) }
        line += tail
        if change.before.kind == .regular, change.after.kind == .regular, change.before.size != change.after.size {
            line += Array(" (\(humanSize(change.before.size)) -> \(humanSize(change.after.size)))".utf8)
        } else if change.before.permissions != change.after.permissions, !change.before.isAbsent, !change.after.isAbsent
        {
            line += Array(
                " (mode \(String(change.before.permissions, radix: 8)) -> \(String(change.after.permissions, radix: 8)))"
                    .utf8)
        }
        if change.missing != .none { line += Array(" (not undoable)".utf8) }
        return line
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
        let kinds = ["command", "undo", "redo", "rollback", "begin", "commit", "undo-paths", "repair", "aside"]
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
