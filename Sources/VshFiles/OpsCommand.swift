// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// `ops`: the list of operations, and one of them in full.
extension UndoCommand {
    mutating func ops(_ words: [[UInt8]]) throws(UndoError) {
        var limit: Int?
        var (isJSON, isAll) = (false, false)
        var shown: OperationID?
        var path: [UInt8]?
        var since: TimeWord?
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
            } else if Self.equals(word, "--since") {
                guard let value = next(), let time = TimeWord.parse(value, now: text.now) else {
                    wrong("--since needs a time: 10m, 2h, 3d, 14:30, 2026-11-21, '2026-11-21 14:30' or @12")
                    return
                }
                since = time
            } else if Self.equals(word, "show"), shown == nil {
                guard let value = next(), let id = Self.identifier(value) else {
                    wrong("show needs an operation, such as @12")
                    return
                }
                shown = id
            } else {
                unknown(word)
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
        let filter = Filter(isAll: isAll, limit: limit ?? (isJSON ? Int.max : 20), path: path, since: since)
        try list(engine, filter, isJSON: isJSON)
    }

    /// Which operations are listed.
    private struct Filter {
        var isAll: Bool
        var limit: Int
        var path: [UInt8]?
        var since: TimeWord?
    }

    private mutating func list(_ engine: UndoEngine, _ filter: Filter, isJSON: Bool) throws(UndoError) {
        let touching = try filter.path.map { (path) throws(UndoError) in try engine.entries(touching: path) }
        var since = Int64.min
        switch filter.since {
        case .time(let time): since = time
        case .operation(let id):
            guard let operation = try engine.operation(id) else { throw .unknown(id) }
            since = operation.began
        case nil: break
        }
        func rows(session: UInt64?) throws(UndoError) -> [LoggedOperation] {
            var query = OperationLog.Query()
            query.entriesOnly = !filter.isAll
            query.session = session
            var rows: [LoggedOperation] = []
            if let touching {
                for id in touching.sorted(by: >) where rows.count < filter.limit {
                    guard let operation = try engine.operation(id), filter.isAll || operation.entry != nil,
                        session == nil || operation.session == session
                    else { continue }
                    if operation.began < since { break }
                    if !filter.isAll, try engine.isInsideClosed(operation) { continue }
                    rows.append(operation)
                }
                return rows
            }
            while rows.count < filter.limit {
                query.limit = min(max(filter.limit - rows.count, 1), 1 << 12) + 64
                let found = try engine.operations(query)
                for operation in found where rows.count < filter.limit {
                    // Numbers grow with the time of begin.
                    if operation.began < since { return rows }
                    if !filter.isAll, operation.entry == nil { continue }
                    // What a closed transaction took up is shown with it.
                    if !filter.isAll, try engine.isInsideClosed(operation) { continue }
                    rows.append(operation)
                }
                guard found.count == query.limit, let last = found.last else { break }
                query.before = last.id
            }
            return rows
        }
        let own = filter.isAll || engine.session == 0 ? nil : engine.session
        var found = try rows(session: own)
        // A session without operations of its own sees those of all.
        if found.isEmpty, own != nil { found = try rows(session: nil) }
        try show(found, engine, isJSON: isJSON)
    }

    private mutating func show(_ rows: [LoggedOperation], _ engine: UndoEngine, isJSON: Bool) throws(UndoError) {
        if isJSON {
            output = Array("[".utf8)
            for (index, operation) in rows.enumerated() {
                output += Array((index == 0 ? "\n" : ",\n").utf8) + Array((text.json(operation) + "}").utf8)
            }
            output += Array("\n]\n".utf8)
            return
        }
        for operation in rows { output += text.row(operation, changes: try engine.count(operation)) + [10] }
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
        output += text.row(operation, changes: try engine.count(operation)) + [10]
        for line in operation.command.split(separator: 10, omittingEmptySubsequences: true).dropFirst() {
            output += Array("       > ".utf8) + text.printable(Array(line)) + [10]
        }
        output += Array("in ".utf8) + text.printable(operation.directory)
        output += Array(
            ", session \(operation.session), process \(operation.process), status \(operation.status)\n".utf8)
        var line = "began \(text.date(operation.began))"
        if operation.ended > operation.began { line += ", took \(text.duration(operation.ended - operation.began))" }
        if operation.outcome == .interrupted { line += ", interrupted" }
        if operation.outcome == .replaced { line += ", ended with the program that took the shell's place" }
        if operation.transaction != 0 { line += ", in the transaction @\(operation.transaction)" }
        if operation.target != 0 { line += ", about @\(operation.target)" }
        if let entry = operation.entry, entry.changed != entry.id, entry.changed != entry.position {
            switch entry.state {
            case .undone: line += ", undone by @\(entry.changed)"
            case .done: line += ", redone by @\(entry.changed)"
            case .open: break
            }
        }
        if operation.isExpired { line += ", expired: what it replaced is no longer kept" }
        output += Array((line + "\n").utf8)
        for change in changes { output += Array("  ".utf8) + text.row(change) + [10] }
    }
}

extension UndoEngine {
    /// Whether an operation belongs to a transaction that was committed or rolled back.
    func isInsideClosed(_ operation: LoggedOperation) throws(UndoError) -> Bool {
        guard operation.transaction != 0, let around = try self.operation(operation.transaction) else { return false }
        if around.entry?.state != .open { return true }
        return try isInsideClosed(around)
    }

    /// Changes of an operation, or of everything in a transaction, as people count them.
    func count(_ operation: LoggedOperation) throws(UndoError) -> Int {
        operation.kind == .begin ? try details(operation.id).1.roots.count : operation.changes
    }

    /// Operations that changed a path, or something below it, and the transactions around them.
    func entries(touching path: [UInt8]) throws(UndoError) -> Set<OperationID> {
        guard let scope = absolute(path) else { return [] }
        var found: Set<OperationID> = []
        for id in try load({ () throws(StoreError) in try log.operations(touching: scope) }) {
            var next = id
            while next != 0, found.insert(next).inserted { next = try operation(next)?.transaction ?? 0 }
        }
        return found
    }
}
