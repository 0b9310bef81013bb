// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// The commands `undo`, `redo`, `ops`, `begin`, `commit` and `rollback` without their shell: words in, text and status
/// out. Statuses: 0 done, 1 nothing to do or partly done, 2 usage, 3 conflict.
public struct UndoCommand {
    /// What goes to standard output.
    public private(set) var output: [UInt8] = []
    /// Lines for standard error, to be written with the command's name in front.
    public private(set) var messages: [[UInt8]] = []
    public private(set) var status: Int32 = 0

    private let files: FileSystem
    private let text = UndoText()

    private init(_ files: FileSystem) { self.files = files }

    /// Runs one of the commands.
    /// - Parameters:
    ///   - name: one of the six.
    ///   - words: those after the name.
    public static func run(_ name: StaticString, _ words: [[UInt8]], _ files: FileSystem) -> UndoCommand {
        var command = UndoCommand(files)
        do throws(UndoError) {
            switch String(describing: name) {
            case "undo": try command.undo(words)
            case "redo": try command.redo(words)
            case "ops": try command.ops(words)
            case "begin": try command.begin(words)
            case "commit": try command.commit(words)
            default: try command.rollback(words)
            }
        } catch {
            command.show(error, isRedo: String(describing: name) == "redo")
        }
        return command
    }

    // MARK: Words

    private mutating func wrong(_ message: String, _ word: [UInt8] = []) {
        messages.append(Array(message.utf8) + text.printable(word))
        status = 2
    }

    private mutating func say(_ message: String, _ tail: [UInt8] = []) {
        messages.append(Array(message.utf8) + tail)
    }

    private static func number(_ word: [UInt8]) -> Int? {
        if word.isEmpty || word.count > 9 { return nil }
        return word.allSatisfy { $0 >= 48 && $0 <= 57 } ? Int(String(decoding: word, as: UTF8.self)) : nil
    }

    private static func identifier(_ word: [UInt8]) -> OperationID? {
        guard word.first == UInt8(ascii: "@"), word.count > 1, word.count < 20 else { return nil }
        let digits = word.dropFirst()
        return digits.allSatisfy { $0 >= 48 && $0 <= 57 } ? OperationID(String(decoding: digits, as: UTF8.self)) : nil
    }

    private static func equals(_ word: [UInt8], _ text: StaticString) -> Bool {
        word.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func exists(_ path: [UInt8]) -> Bool { (try? FileStatus(path, follow: false)) != nil }

    private static var noOperand: String { "neither a count, an @ID nor a path that an operation changed: " }

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
        } else if operands.count == 1, !areOptionsOver, let id = Self.identifier(operands[0]) {
            report = try UndoEngine(files).undo(id, policy: policy, dryRun: isDry)
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
        if isDry { showChanges(report) }
    }

    private mutating func redo(_ words: [[UInt8]]) throws(UndoError) {
        var count = 1
        if words.count > 1 {
            wrong("too many arguments")
            return
        }
        if let word = words.first {
            guard let number = Self.number(word), number > 0 else {
                wrong("not a count: ", word)
                return
            }
            count = number
        }
        show(try UndoEngine(files).redo(count: count), "redid", .refuse)
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

    private mutating func show(_ report: UndoReport, _ done: String, _ policy: ConflictPolicy) {
        if let time = report.obliteration {
            say("the obliteration (\(text.age(of: time))) cannot be undone; going on to what was before it")
        }
        for entry in report.entries {
            output += Array("\(done) ".utf8)
            if report.isOtherSession { output += Array("another session's ".utf8) }
            output += text.summary(entry) + [10]
        }
        if policy == .skip, !report.conflicts.isEmpty {
            status = 1
            for conflict in report.conflicts {
                say("left alone: ", text.path(conflict.path) + Array(": ".utf8) + text.reason(conflict.reason))
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

    private mutating func showChanges(_ report: UndoReport) {
        for entry in report.entries {
            guard let (_, changes) = try? UndoEngine(files).details(entry.operation.id) else { continue }
            for change in changes { output += Array("  ".utf8) + text.row(change) + [10] }
        }
    }

    // MARK: Transactions

    private func engineForTransactions() throws(UndoError) -> UndoEngine {
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

    // MARK: ops

    private mutating func ops(_ words: [[UInt8]]) throws(UndoError) {
        var query = OperationLog.Query()
        query.entriesOnly = true
        var limit: Int?
        var (isJSON, isAll) = (false, false)
        var shown: OperationID?
        var path: [UInt8]?
        var index = 0
        func next() -> [UInt8]? {
            index += 1
            return index < words.count ? words[index] : nil
        }
        while index < words.count {
            let word = words[index]
            if Self.equals(word, "--json") {
                isJSON = true
            } else if Self.equals(word, "--all") {
                isAll = true
            } else if Self.equals(word, "-n") {
                guard let value = next(), let number = Self.number(value) else {
                    wrong("-n needs a number")
                    return
                }
                limit = number
            } else if word.count > 2, word.starts(with: Array("-n".utf8)), let number = Self.number(Array(word[2...])) {
                limit = number
            } else if Self.equals(word, "--path") {
                guard let value = next() else {
                    wrong("--path needs a path")
                    return
                }
                path = value
            } else if Self.equals(word, "show"), shown == nil {
                guard let value = next(), let id = Self.identifier(value) else {
                    wrong("show needs an operation, such as @12")
                    return
                }
                shown = id
            } else {
                wrong(word.first == UInt8(ascii: "-") ? "unknown option " : "unknown argument ", word)
                return
            }
            index += 1
        }
        let engine: UndoEngine
        do throws(UndoError) {
            engine = try UndoEngine(files)
        } catch .nothing where shown == nil {
            if isJSON { output = Array("[]\n".utf8) }
            return
        }
        if let shown { return try show(shown, engine, isJSON) }
        try list(engine, query, isAll: isAll, limit: limit, path: path, isJSON: isJSON)
    }

    private mutating func list(
        _ engine: UndoEngine, _ query: OperationLog.Query, isAll: Bool, limit: Int?, path: [UInt8]?, isJSON: Bool
    ) throws(UndoError) {
        var query = query
        let limit = limit ?? (isJSON ? Int.max : 20)
        if isAll {
            query.entriesOnly = false
        } else if engine.session != 0 {
            query.session = engine.session
        }
        let touching = try path.map { (path) throws(UndoError) in try engine.operations(touching: path) }
        var rows: [LoggedOperation] = []
        while rows.count < limit {
            query.limit = min(max(limit - rows.count, 1), 1 << 20) + 64
            let found = try engine.operations(query)
            for operation in found where rows.count < limit {
                if let touching, !touching.contains(operation.id) { continue }
                // What a closed transaction took up is shown with it.
                if !isAll, try engine.isInsideClosed(operation) { continue }
                rows.append(operation)
            }
            guard found.count == query.limit, let last = found.last else { break }
            query.before = last.id
        }
        // A session without operations of its own sees those of all.
        if rows.isEmpty, query.session != nil {
            query.session = nil
            query.before = nil
            query.limit = limit
            for operation in try engine.operations(query) where try !engine.isInsideClosed(operation) {
                rows.append(operation)
            }
        }
        if isJSON {
            output = Array("[".utf8)
            for (index, operation) in rows.enumerated() {
                output += Array((index == 0 ? "\n" : ",\n").utf8) + Array((text.json(operation) + "}").utf8)
            }
            output += Array("\n]\n".utf8)
            return
        }
        for operation in rows { output += text.row(operation) + [10] }
        try showLeftOpen(engine, rows)
    }

    /// Transactions whose session has ended without `commit` or `rollback`.
    private mutating func showLeftOpen(_ engine: UndoEngine, _ rows: [LoggedOperation]) throws(UndoError) {
        for transaction in try engine.openTransactions() {
            if transaction.session == engine.session { continue }
            if try engine.isLive(transaction) { continue }
            output += Array("@\(transaction.id) is open, its session has ended: commit or rollback\n".utf8)
        }
    }

    private mutating func show(_ id: OperationID, _ engine: UndoEngine, _ isJSON: Bool) throws(UndoError) {
        let (operation, changes) = try engine.details(id)
        if isJSON {
            output = Array((text.json(operation) + ",\"paths\":[").utf8)
            for (index, change) in changes.enumerated() {
                output += Array((index == 0 ? "\n" : ",\n").utf8) + Array(text.json(change).utf8)
            }
            output += Array("\n]}\n".utf8)
            return
        }
        output += text.row(operation) + [10]
        output += Array("in ".utf8) + text.printable(operation.directory)
        output += Array(
            ", session \(operation.session), process \(operation.process), status \(operation.status)\n".utf8)
        for change in changes { output += Array("  ".utf8) + text.row(change) + [10] }
    }

    // MARK: Errors

    private mutating func show(_ error: UndoError, isRedo: Bool) {
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
        case .differing(let list): showConflicts(list, isRedo)
        case .conflicts(let list, let entry):
            say("nothing was changed, since after \(isRedo ? "the undo of " : "")", text.summary(entry))
            showConflicts(list, isRedo)
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

    private mutating func showConflicts(_ list: [Conflict], _ isRedo: Bool) {
        status = 3
        for conflict in list {
            say("", text.path(conflict.path) + Array(": ".utf8) + text.reason(conflict.reason))
        }
        if !isRedo { say("--skip leaves such paths alone, --force saves what is there and goes on") }
    }
}

extension UndoEngine {
    /// Whether an operation belongs to a transaction that was committed or rolled back.
    func isInsideClosed(_ operation: LoggedOperation) throws(UndoError) -> Bool {
        guard operation.transaction != 0, let around = try self.operation(operation.transaction) else { return false }
        if around.entry?.state != .open { return true }
        return try isInsideClosed(around)
    }

    /// Operations that changed a path, or something below it.
    func operations(touching path: [UInt8]) throws(UndoError) -> [OperationID] {
        let isFound = (path + [0]).withPath {
            files.locate($0, nil, files.first) || files.locateObject($0, nil, files.first)
        }
        if !isFound { return [] }
        do {
            return try log.operations(touching: files.first.array)
        } catch {
            throw .store(error)
        }
    }
}
