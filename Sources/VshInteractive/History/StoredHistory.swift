// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshStore
import VshSystem

/// The history that `fc` and `history` work on, kept in the store. Numbers are those of the store's rows.
public final class StoredHistory: CommandHistory {
    let store: HistoryStore
    private unowned let shell: Shell
    private var isLoaded = false
    /// The next line takes the place of one that was taken out: the editor knows nothing of it.
    private var replaces = false
    /// What is executed is not entered by an editor.
    private var isPlain: Bool { !store.isDriven }

    public init(_ store: HistoryStore, _ shell: Shell) {
        self.store = store
        self.shell = shell
        super.init()
    }

    public override func number(for text: Text, next: Int) -> Int? {
        settleNumbers()
        if replaces || isPlain {
            replaces = false
            store.record(text.bytes, directory: shell.workingDirectory.bytes, start: Clock.realTime)
        }
        // One that is kept out of the store is kept out of the list as well.
        return store.running.map { $0.id.map { Int($0) } ?? next }
    }

    /// After lines got other numbers than they had here while they waited.
    private func settleNumbers() {
        if !store.hasRenumbered { return }
        store.hasRenumbered = false
        reload()
        if runningNumber != 0, let id = store.running?.id { runningNumber = Int(id) }
    }

    public override func line(_ number: Int) -> Text? { store.running.map { Text($0.command) } }

    public override func didRemove(_ entry: Entry) {
        store.takeBack()
        replaces = true
    }

    public override func willList() {
        setLimit()
        store.flush(patience: HistoryStore.commandPatience)
        settleNumbers()
        if isLoaded { return }
        isLoaded = true
        defer { store.rest() }
        prepend(
            store.older(than: entries.first.map { Int64($0.number) }, limit: limit).map {
                Entry(number: Int($0.id), text: Text($0.command))
            })
    }

    private func setLimit() {
        if let size = shell.value(.histsize).decimalInteger, size > 0 { limit = size }
    }

    public override func removeAll() {
        super.removeAll()
        _ = store.remove(.all)
        isLoaded = true
    }

    public override func run(_ words: [[UInt8]]) -> (output: [UInt8], messages: [String], status: Int32)? {
        defer { store.rest() }
        return HistoryCommand.run(words, self, home: shell.value(.home).bytes)
    }

    /// Takes out the line that runs, for good.
    func dropRunning() {
        if runningNumber == 0 { return }
        let number = runningNumber
        store.takeBack()
        remove { $0.number == number }
        runningNumber = 0
    }

    /// Takes rows out of the store and the list.
    func remove(_ selection: HistoryStore.Selection) -> Int? {
        let count = store.remove(selection)
        remove { entry in selection.matches(Int64(entry.number), entry.text.bytes) }
        return count
    }

    /// Replaces a text in all rows; those of the list are read anew.
    func redact(_ text: [UInt8]) -> Int? {
        let count = store.redact(text)
        remove { _ in true }
        isLoaded = false
        willList()
        return count
    }

    /// After an import, which may give rows other numbers.
    func reload() {
        remove { _ in true }
        isLoaded = false
    }
}

extension HistoryStore {
    /// Rows to take out.
    enum Selection {
        case all
        case numbers([Int64])
        case exactly([UInt8])
        case beginning([UInt8])
        case containing([UInt8])

        func matches(_ id: Int64, _ command: [UInt8]) -> Bool {
            switch self {
            case .all: true
            case .numbers(let numbers): numbers.contains(id)
            case .exactly(let text): command == text
            case .beginning(let text): command.starts(with: text)
            case .containing(let text):
                text.withUnsafeBufferPointer { wanted in
                    command.withUnsafeBufferPointer { ByteSearch.first(wanted, in: $0) != nil }
                }
            }
        }
    }

    /// Rows before a number (nil: all), oldest first, at most so many of the newest.
    func older(than id: Int64?, limit: Int) -> [(id: Int64, command: [UInt8])] {
        guard
            let query = try? connection()?.statement(
                40, "SELECT id, command FROM history WHERE id < ?1 ORDER BY id DESC LIMIT ?2")
        else { return [] }
        query.bind(id ?? Int64.max).bind(Int64(limit))
        var found: [(Int64, [UInt8])] = []
        while (try? query.step()) ?? false { found.append((query.int(0), query.bytes(1))) }
        return found.reversed()
    }

    /// Takes rows out, so that nothing of them is left in the file. How many; nil when the store failed.
    func remove(_ selection: Selection) -> Int? {
        flush(patience: Self.commandPatience)
        rest()
        guard let connection = connection(patience: Self.commandPatience) else { return 0 }
        let database = connection.database
        do {
            try database.run("PRAGMA secure_delete=ON")
            let count = try database.transaction { () throws(StoreError) -> Int in
                var count = 0
                switch selection {
                case .all:
                    try database.run("DELETE FROM history")
                    count = database.changedRows
                case .numbers(let numbers):
                    for number in numbers {
                        try connection.statement(41, "DELETE FROM history WHERE id = ?1").bind(number).run()
                        count += database.changedRows
                    }
                case .exactly(let text):
                    try connection.statement(42, "DELETE FROM history WHERE command = ?1").bind(text).run()
                    count = database.changedRows
                case .beginning(let text):
                    try connection.statement(43, "DELETE FROM history WHERE command >= ?1 AND command < ?2")
                        .bind(text).bind(HistoryDatabase.upperBound(text)).run()
                    count = database.changedRows
                case .containing(let text):
                    try connection.statement(44, "DELETE FROM history WHERE instr(command, ?1) > 0").bind(text).run()
                    count = database.changedRows
                }
                if count > 0 { try HistoryDatabase.rebuildLatest(database) }
                return count
            }
            try? database.run("PRAGMA wal_checkpoint(TRUNCATE)")
            return count
        } catch {
            return nil
        }
    }

    /// Puts `***` in place of a text in all rows. How many had it; nil when the store failed.
    func redact(_ text: [UInt8]) -> Int? {
        flush(patience: Self.commandPatience)
        rest()
        guard !text.isEmpty, let connection = connection(patience: Self.commandPatience) else { return 0 }
        let database = connection.database
        do {
            try database.run("PRAGMA secure_delete=ON")
            let count = try database.transaction { () throws(StoreError) -> Int in
                let query = try connection.statement(
                    45, "SELECT id, command FROM history WHERE instr(command, ?1) > 0"
                ).bind(text)
                var rows: [(Int64, [UInt8])] = []
                while try query.step() { rows.append((query.int(0), query.bytes(1))) }
                for (id, command) in rows {
                    let update = try connection.statement(
                        46, "UPDATE history SET command = ?2, paths = x'' WHERE id = ?1")
                    try update.bind(id).bind(Self.replacing(text, in: command)).run()
                }
                if !rows.isEmpty { try HistoryDatabase.rebuildLatest(database) }
                return rows.count
            }
            try? database.run("PRAGMA wal_checkpoint(TRUNCATE)")
            return count
        } catch {
            return nil
        }
    }

    private static func replacing(_ text: [UInt8], in command: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < command.count {
            if command[index] == text[0], command[index...].starts(with: text) {
                result += [42, 42, 42]
                index += text.count
            } else {
                result.append(command[index])
                index += 1
            }
        }
        return result
    }

    /// Enters lines from elsewhere. All rows are then numbered by their time, unknown ones first.
    /// - Returns: how many were new; nil when the store failed.
    func enter(_ lines: [HistoryImport.Line]) -> Int? {
        rest()
        guard let connection = connection(makes: true, patience: Self.commandPatience) else { return nil }
        let database = connection.database
        defer { try? database.run("PRAGMA wal_checkpoint(TRUNCATE)") }
        return try? database.transaction { () throws(StoreError) -> Int in
            var count = 0
            let known = try connection.statement(47, "SELECT 1 FROM history WHERE command = ?1 AND start = ?2")
            let insert = try connection.statement(
                48, "INSERT INTO history(command, directory, start, duration, session) VALUES(?1, x'', ?2, ?3, 0)")
            for line in lines {
                known.bind(line.command).bind(line.start)
                let isKnown = try known.step()
                known.reset()
                if isKnown { continue }
                try insert.bind(line.command).bind(line.start).bind(line.duration).run()
                count += 1
            }
            if count == 0 { return 0 }
            try database.run(
                """
                CREATE TEMP TABLE ordered AS SELECT * FROM history ORDER BY start, id;
                DELETE FROM history;
                DELETE FROM sqlite_sequence WHERE name = 'history';
                INSERT INTO history SELECT NULL, command, directory, start, duration, status, session, undoable,
                  operations, paths FROM ordered ORDER BY rowid;
                DROP TABLE ordered;
                """)
            try HistoryDatabase.rebuildLatest(database)
            return count
        }
    }
}
