// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// Lines of `explain` about changes.
public enum PlannerText {
    /// A line for each change of a plan from a number on: what would happen, and how it would be undone.
    public static func lines(_ planner: Planner, from start: Int, isRecording: Bool) -> [[UInt8]] {
        let text = UndoText()
        var lines: [[UInt8]] = []
        for change in planner.changes[start...] {
            var line = Array("  would ".utf8)
            switch change.kind {
            case .create:
                line += Array("create \(text.name(change.after.kind)) ".utf8) + text.path(change.path)
                if !change.other.isEmpty { line += Array(", a hard link to ".utf8) + text.path(change.other) }
            case .remove:
                let verb = change.after.isAbsent ? "remove" : "replace"
                line += Array("\(verb) \(text.name(change.before.kind)) ".utf8) + text.path(change.path)
            case .removeTree:
                line += Array("remove directory ".utf8) + text.path(change.path)
                if change.entries > 0 { line += Array(" and \(change.entries) in it".utf8) }
            case .move:
                line += Array("move ".utf8) + text.path(change.path) + Array(" to ".utf8) + text.path(change.other)
            case .overwrite:
                line += Array("overwrite ".utf8) + text.path(change.path)
                line += Array(" (\(humanSize(change.before.size)))".utf8)
            case .append:
                line += Array("append to ".utf8) + text.path(change.path)
                line += Array(" (\(humanSize(change.before.size)))".utf8)
            case .attributes: line += Array("change ".utf8) + text.path(change.path) + attributes(change)
            }
            lines.append(line + Array("; ".utf8) + Array(inverse(change, isRecording).utf8))
        }
        for path in planner.outside {
            lines.append(
                Array("  would write to ".utf8) + text.path(path) + Array(", no regular file: cannot be undone".utf8))
        }
        return lines
    }

    private static func attributes(_ change: Planner.Change) -> [UInt8] {
        let (before, after) = (change.before, change.after)
        var details: [String] = []
        if before.permissions != after.permissions {
            details.append("mode \(String(before.permissions, radix: 8)) to \(String(after.permissions, radix: 8))")
        }
        if before.owner != after.owner { details.append("owner \(before.owner) to \(after.owner)") }
        if before.group != after.group { details.append("group \(before.group) to \(after.group)") }
        if details.isEmpty { details.append("times") }
        return Array(" (\(details.joined(separator: ", ")))".utf8)
    }

    private static func inverse(_ change: Planner.Change, _ isRecording: Bool) -> String {
        if !isRecording { return "nothing is recorded: cannot be undone" }
        if case .not(let reason) = change.keeping {
            switch reason {
            case .fileCap: return "cannot be undone: \(humanSize(change.before.size)), over the cap"
            case .operationCap: return "cannot be undone: over the cap of one operation"
            case .unreadable: return "cannot be undone: its content cannot be read"
            case .unrepeatable: return "cannot be undone: cannot be made again"
            default: return "cannot be undone: cannot be kept"
            }
        }
        let way: String
        switch change.keeping {
        case .rename: way = " (kept by a rename)"
        case .link: way = " (kept by a link)"
        case .copy(let bytes): way = " (kept as a copy of \(humanSize(bytes)))"
        default: way = ""
        }
        switch change.kind {
        case .create: return "undo removes it"
        case .remove, .removeTree: return "undo brings it back\(way)"
        case .move: return "undo moves it back"
        case .overwrite: return "undo brings the content back\(way)"
        case .append: return "undo cuts it to its size"
        case .attributes: return "undo sets them back"
        }
    }
}

/// What `try` and `replay` need of the history.
extension UndoCommand {
    /// What a transaction that is still open has changed.
    /// - Parameter reason: why others can see it.
    public static func tried(_ transaction: UInt64, status: Int32, reason: String, _ files: FileSystem) -> (
        output: [UInt8], isChanged: Bool
    ) {
        let text = UndoText()
        guard let engine = try? UndoEngine(files), let (_, changes) = try? engine.details(transaction) else {
            return (Array("nothing was changed\n".utf8), false)
        }
        if changes.isEmpty { return (Array("nothing was changed (status \(status))\n".utf8), false) }
        let head =
            "\(text.count(changes.roots.count, "change")), status \(status), made already (not isolated: \(reason)):\n"
        return (Array(head.utf8) + text.rows(changes, isBackwards: false, limit: 20), true)
    }

    /// Commands that were recorded.
    public struct Recorded: Sendable {
        public var steps: [(directory: [UInt8], command: [UInt8], status: Int32)] = []
        /// The directory that all of them ran in or below.
        public var top: [UInt8] = []
        /// Why there are none.
        public var message: String?
    }

    /// The commands of operations `@A` or `@A..@B` that are in effect, oldest first. Nil: the word is none of these.
    public static func commands(_ word: [UInt8], _ files: FileSystem) -> Recorded? {
        guard let (start, end) = identifier(word).map({ ($0, Optional($0)) }) ?? range(word) else { return nil }
        var recorded = Recorded()
        guard let engine = try? UndoEngine(files) else {
            recorded.message = "there is no history"
            return recorded
        }
        let last = end ?? OperationID.max >> 1
        var query = OperationLog.Query()
        query.before = min(last, OperationID.max >> 2) + 1
        query.limit = 256
        var isSeen = false
        scan: while let found = try? engine.operations(query), let oldest = found.last {
            for operation in found {
                if operation.id < start { break scan }
                isSeen = true
                guard operation.kind == .command, (try? engine.entryInEffect(operation.id)) ?? nil != nil else {
                    continue
                }
                if operation.command == Array("standard input".utf8) {
                    recorded.message = "@\(operation.id) was read from standard input: its commands are not known"
                    return recorded
                }
                recorded.steps.append((operation.directory, operation.command, operation.status))
            }
            if found.count < query.limit { break }
            query.before = oldest.id
        }
        recorded.steps.reverse()
        if recorded.steps.isEmpty {
            recorded.message =
                isSeen ? "none of these commands is in effect" : "there is no operation of these numbers"
            return recorded
        }
        recorded.top = recorded.steps[0].directory
        for step in recorded.steps {
            while recorded.top.count > 1, !isBelow(step.directory, recorded.top) {
                recorded.top = parent(of: recorded.top)
            }
        }
        return recorded
    }

    /// Transactions that ended sessions left open, a line for each.
    public static func leftOpen(_ files: FileSystem) -> [[UInt8]] {
        guard files.isRecording, let state = files.state, (try? FileStatus(state.log)) != nil || files.hasJournals,
            let engine = try? UndoEngine(files), let open = try? engine.openTransactions()
        else { return [] }
        let text = UndoText()
        var lines: [[UInt8]] = []
        for transaction in open {
            guard let isLive = try? engine.isLive(transaction), !isLive else { continue }
            let count = ((try? engine.details(transaction.id))?.1.roots.count) ?? 0
            var line = text.brief(transaction)
            line.removeLast()
            line += Array(
                ", \(text.count(count, "change"))) was left open: rollback takes it back, commit keeps it".utf8)
            lines.append(line)
        }
        return lines
    }
}

extension FileSystem {
    /// Whether journals lie in the state directory.
    var hasJournals: Bool {
        guard let state, var reader = try? DirectoryReader(state.journals) else { return false }
        while let entry = try? reader.next() {
            if !entry.isDot { return true }
        }
        return false
    }

    /// Ends the running operation; what follows is another one, with this text.
    public func nextOperation(command: Text) {
        splitOperation()
        beginOperation(command: command)
    }
}
