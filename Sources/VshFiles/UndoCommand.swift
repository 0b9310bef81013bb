// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// The commands on the history without their shell: words in, text and status out. Statuses: 0 done, 1 nothing to do or
/// partly done, 2 usage, 3 conflict.
public struct UndoCommand: CommandAnswer {
    /// What goes to standard output.
    public internal(set) var output: [UInt8] = []
    /// Lines for standard error, to be written with the command's name in front.
    public internal(set) var messages: [[UInt8]] = []
    public internal(set) var status: Int32 = 0

    let files: FileSystem
    let text = UndoText()
    /// Output goes to a terminal: colours may be used.
    let isTerminal: Bool
    /// Characters beyond ASCII are shown.
    let isUTF8: Bool

    private init(_ files: FileSystem, isTerminal: Bool, isUTF8: Bool) {
        self.files = files
        self.isTerminal = isTerminal
        self.isUTF8 = isUTF8
    }

    /// Runs one of the commands.
    /// - Parameters:
    ///   - name: undo, redo, ops, begin, commit, rollback, graph, checkpoint, restore or diff.
    ///   - words: those after the name.
    public static func run(
        _ name: StaticString, _ words: [[UInt8]], _ files: FileSystem, isTerminal: Bool = false, isUTF8: Bool = true
    ) -> UndoCommand {
        var command = UndoCommand(files, isTerminal: isTerminal, isUTF8: isUTF8)
        do throws(UndoError) {
            switch String(describing: name) {
            case "undo": try command.undo(words)
            case "redo": try command.redo(words)
            case "ops": try command.ops(words)
            case "begin": try command.begin(words)
            case "commit": try command.commit(words)
            case "graph": try command.graph(words)
            case "checkpoint": try command.checkpoint(words)
            case "restore": try command.restore(words)
            case "diff": try command.diff(words)
            default: try command.rollback(words)
            }
        } catch {
            command.show(error, isRedo: String(describing: name) == "redo")
        }
        files.openRecorder()?.careLater()
        return command
    }

    // MARK: Words

    mutating func wrong(_ message: String, _ word: [UInt8] = []) {
        messages.append(Array(message.utf8) + text.printable(word))
        status = 2
    }

    mutating func unknown(_ word: [UInt8]) {
        wrong(word.first == UInt8(ascii: "-") ? "unknown option " : "unknown argument ", word)
    }

    mutating func say(_ message: String, _ tail: [UInt8] = []) {
        messages.append(Array(message.utf8) + tail)
    }

    static func number(_ word: [UInt8]) -> Int? {
        if word.isEmpty || word.count > 9 { return nil }
        return word.allSatisfy { $0 >= 48 && $0 <= 57 } ? Int(String(decoding: word, as: UTF8.self)) : nil
    }

    static func identifier(_ word: [UInt8]) -> OperationID? {
        guard word.first == UInt8(ascii: "@"), word.count > 1, word.count < 20 else { return nil }
        let digits = word.dropFirst()
        return digits.allSatisfy { $0 >= 48 && $0 <= 57 } ? OperationID(String(decoding: digits, as: UTF8.self)) : nil
    }

    static func equals(_ word: [UInt8], _ text: StaticString) -> Bool {
        word.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    static func exists(_ path: [UInt8]) -> Bool { (try? FileStatus(path, follow: false)) != nil }

    static var noOperand: String { "neither a count, an @ID nor a path that an operation changed: " }

    // MARK: undo, redo, rollback

    private mutating func undo(_ words: [[UInt8]]) throws(UndoError) {
        var policy = ConflictPolicy.refuse
        var isDry = false
        var operands: [[UInt8]] = []
        var areOptionsOver = false
        for word in words {
            if areOptionsOver || word.first != UInt8(ascii: "-") || word.count == 1 {
                operands.append(word)
            } else if Self.equals(word, "--") {
                areOptionsOver = true
            } else if Self.equals(word, "-n") || Self.equals(word, "--dry-run") {
                isDry = true
            } else if Self.equals(word, "--skip") {
                policy = .skip
            } else if Self.equals(word, "--force") {
                policy = .force
            } else {
                wrong("unknown option ", word)
                return
            }
        }
        var report: UndoReport
        if operands.isEmpty {
            report = try UndoEngine(files).undo(policy: policy, dryRun: isDry)
        } else if operands.count == 1, !areOptionsOver, let count = Self.number(operands[0]) {
            if count == 0 {
                wrong("a count of 0")
                return
            }
            report = try UndoEngine(files).undo(count: count, policy: policy, dryRun: isDry)
        } else if !areOptionsOver, operands.allSatisfy({ Self.identifier($0) != nil }) {
            report = try UndoEngine(files).undo(
                operands.compactMap { Self.identifier($0) }, policy: policy, dryRun: isDry)
        } else {
            do throws(UndoError) {
                report = try UndoEngine(files).undo(paths: operands, policy: policy, dryRun: isDry)
            } catch {
                switch error {
                case .untouched(let path) where !Self.exists(path): wrong(Self.noOperand, path)
                case .nothing where operands.contains { !Self.exists($0) }:
                    wrong(Self.noOperand, operands.first { !Self.exists($0) } ?? [])
                default: throw error
                }
                return
            }
        }
        show(report, isDry ? "would undo" : "undid", policy)
    }

    private mutating func redo(_ words: [[UInt8]]) throws(UndoError) {
        var count = 1
        var policy = ConflictPolicy.refuse
        var isDry = false
        var hasCount = false
        for word in words {
            if Self.equals(word, "-n") || Self.equals(word, "--dry-run") {
                isDry = true
            } else if Self.equals(word, "--skip") {
                policy = .skip
            } else if Self.equals(word, "--force") {
                policy = .force
            } else if let number = Self.number(word), number > 0, !hasCount {
                (count, hasCount) = (number, true)
            } else {
                wrong(word.first == UInt8(ascii: "-") ? "unknown option " : "not a count: ", word)
                return
            }
        }
        show(
            try UndoEngine(files).redo(count: count, policy: policy, dryRun: isDry), isDry ? "would redo" : "redid",
            policy)
    }

    private mutating func rollback(_ words: [[UInt8]]) throws(UndoError) {
        var policy = ConflictPolicy.refuse
        for word in words {
            if Self.equals(word, "--skip") {
                policy = .skip
            } else if Self.equals(word, "--force") {
                policy = .force
            } else {
                wrong("unknown argument ", word)
                return
            }
        }
        show(try engineForTransactions().rollback(policy: policy), "rolled back", policy)
    }

    /// Says what was done, how old it was, and what it touched.
    mutating func show(_ report: UndoReport, _ done: String, _ policy: ConflictPolicy) {
        let isBackwards = !done.hasSuffix("redo") && !done.hasPrefix("redid")
        let alone = policy == .skip ? Set(report.conflicts.map(\.path)) : []
        if let time = report.obliteration {
            say("the obliteration (\(text.age(of: time))) cannot be undone; going on to what was before it")
        }
        for entry in report.entries {
            output += Array("\(done) ".utf8)
            if report.isOtherSession { output += Array("another session's ".utf8) }
            output += text.summary(entry) + [10]
            let rows = entry.rows.filter { change in
                if case .moved(let other) = change.kind, alone.contains(other) { return false }
                return !alone.contains(change.path)
            }
            output += text.rows(rows, isBackwards: isBackwards)
        }
        if policy == .skip, !report.conflicts.isEmpty {
            status = 1
            for conflict in report.conflicts {
                say("left alone: ", text.path(conflict.path) + Array(": ".utf8) + text.reason(conflict.reason))
            }
        }
        if policy == .force, !report.isDryRun {
            for conflict in report.conflicts {
                say(
                    "overridden: ",
                    text.path(conflict.path) + Array(": ".utf8) + text.reason(conflict.reason)
                        + Array(" (the next undo brings that back)".utf8))
            }
        }
        if !report.lost.isEmpty {
            status = 1
            for path in report.lost { say("not undone, for nothing was kept of it: ", text.path(path)) }
        }
        if report.shortfall > 0 {
            status = 1
            say("there is no more than \(text.count(report.entries.count, "operation"))")
        }
    }

    // MARK: Transactions

    func engineForTransactions() throws(UndoError) -> UndoEngine {
        do {
            return try UndoEngine(files)
        } catch {
            if case .nothing = error { throw .noTransaction }
            throw error
        }
    }

    private mutating func begin(_ words: [[UInt8]]) throws(UndoError) {
        if words.count > 1 {
            wrong("more than one name")
            return
        }
        _ = try files.beginTransaction(name: words.first ?? [])
    }

    private mutating func commit(_ words: [[UInt8]]) throws(UndoError) {
        if !words.isEmpty {
            wrong("too many arguments")
            return
        }
        let entry = try engineForTransactions().commit()
        output += Array("committed ".utf8) + text.summary(entry) + [10]
    }

    // MARK: Errors

    mutating func show(_ error: UndoError, isRedo: Bool) {
        let word = isRedo ? "redo" : "undo"
        status = 1
        switch error {
        case .nothing: say("nothing to \(word)")
        case .obliterated: say("nothing to \(word): an obliteration cannot be undone")
        case .nothingInTransaction: say("nothing to \(word) in the open transaction (rollback closes it)")
        case .noTransaction: say("no transaction is open")
        case .unknown(let id): say("there is no operation @\(id)")
        case .wrongState(let id, let isUndo):
            say("@\(id) is \(isUndo ? "undone already, or nothing that can be undone" : "not undone")")
        case .running(let id): say("@\(id) is still open")
        case .expired(let id): say("@\(id) has expired: what it replaced is no longer kept")
        case .partOf(let id, let transaction): say("@\(id) is a part of the transaction @\(transaction)")
        case .untouched(let path): say("no operation changed ", text.path(path))
        case .nothingLeft(let path): say("nothing is left to undo of ", text.path(path))
        case .wentWith(let path, let directory):
            say("", text.path(path) + Array(" went with ".utf8) + text.path(directory))
            say("undo brings all of that back by its name or its operation")
        case .dependents(let list, let entry): showDependents(list, entry)
        case .unknownName(let name): say("there is no checkpoint ", text.printable(name))
        case .noPoint(let id): say("@\(id) is no point of this history (graph draws it)")
        case .outsideTransaction(let id):
            say("@\(id) lies outside the open transaction: commit or rollback first")
        case .alreadyThere: say("nothing to do: that point is in effect")
        case .differing(let list): showConflicts(list, isRedo)
        case .conflicts(let list, let entry):
            say("nothing was changed, since after \(isRedo ? "the undo of " : "")", text.summary(entry))
            showConflicts(list, isRedo)
        case .outsideSandbox(let path):
            say("nothing was changed: it reaches out of the sandbox, to ", text.path(path))
        case .failed(let path, let cause, let isClean):
            say("", text.path(path) + Array(": \(cause.message)".utf8))
            say(
                isClean ? "what had been restored was taken back" : "what had been restored could not all be taken back"
            )
        case .tooDeep: say("too many transactions are open")
        case .store(let error): say("", text.printable(error.path) + Array(": \(error.reason)".utf8))
        case .off: say("nothing is recorded in this shell")
        }
    }

    private mutating func showDependents(_ list: [Dependent], _ entry: EntrySummary) {
        status = 3
        say("nothing was changed, since what came later rests on ", text.brief(entry.operation))
        for dependent in list.prefix(20) {
            var line = text.brief(dependent.operation)
            let shown = dependent.paths.prefix(3).map { text.path($0) }
            if !shown.isEmpty { line += Array(": ".utf8) + Array(shown.joined(separator: Array(", ".utf8))) }
            if dependent.paths.count > 3 { line += Array(" and \(dependent.paths.count - 3) more".utf8) }
            say("  ", line)
        }
        if list.count > 20 { say("  … and \(list.count - 20) more") }
        if list.count <= 20 {
            let all = (list.map(\.operation.id) + [entry.operation.id]).map { "@\($0)" }
            say("undo \(all.joined(separator: " ")) takes all of them back")
        }
        say("--skip leaves what they changed alone, --force saves what is there and goes on")
    }

    mutating func showConflicts(_ list: [Conflict], _ isRedo: Bool) {
        status = 3
        for conflict in list {
            say("", text.path(conflict.path) + Array(": ".utf8) + text.reason(conflict.reason))
        }
        if !isRedo { say("--skip leaves such paths alone, --force saves what is there and goes on") }
    }
}
