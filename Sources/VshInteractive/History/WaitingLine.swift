// SPDX-License-Identifier: MPL-2.0
import VshStore
import VshSystem

/// A line that is still to be written to the history, or what is to be added to its row. It waits only while another shell writes: no
/// prompt waits for that.
struct WaitingLine {
    let command: [UInt8]
    var directory: [UInt8] = []
    let start: Int64
    var paths: [UInt8] = []
    /// Its row, when it has one.
    var id: Int64?
    var duration: Int64 = -1
    var status: Int32 = -1
    var undoable = false
    var operations: [UInt8] = []
    /// It could not be written once; a copy of this process may have done it since.
    var hasWaited = false

    /// Lines without a row are numbered from here on, above all rows.
    static var firstNumber: Int64 { 1 << 62 }
    /// More than that are not kept.
    static var limit: Int { 1000 }
}

/// When another process had the file: it is not asked for again at each key.
struct Refusal {
    private var time: Int64?

    mutating func note(_ error: StoreError) { if error.isBusy { time = Clock.monotonic } }

    var isRecent: Bool { time.map { Clock.monotonic - $0 < 250_000_000 } ?? false }
}

extension HistoryStore {
    /// Writes what waits. False: another process has the file, or it cannot be written.
    @discardableResult
    func flush(patience: Int32 = promptPatience) -> Bool {
        if waiting.isEmpty { return true }
        if patience != Self.promptPatience { rest() } else if writing.isRecent { return keepWaiting() }
        guard let connection = connection(makes: true, patience: patience) else { return keepWaiting() }
        let lines = waiting
        do {
            let rows = try connection.database.transaction { () throws(StoreError) -> [Int64] in
                var rows: [Int64] = []
                for line in lines { rows.append(try write(line, connection)) }
                return rows
            }
            for (line, row) in zip(lines, rows) where line.id == nil {
                if line.hasWaited { hasRenumbered = true }
                if running?.start == line.start { running?.id = row }
            }
            waiting = []
            return true
        } catch {
            writing.note(error)
            return keepWaiting()
        }
    }

    private func keepWaiting() -> Bool {
        for index in waiting.indices { waiting[index].hasWaited = true }
        if waiting.count > WaitingLine.limit { waiting.removeFirst(waiting.count - WaitingLine.limit) }
        return false
    }

    /// - Returns: the number of its row.
    private func write(_ line: WaitingLine, _ connection: Connection) throws(StoreError) -> Int64 {
        var id = line.id
        if id == nil, line.hasWaited {
            let query = try connection.statement(
                9, "SELECT id FROM history WHERE session = ?1 AND start = ?2 AND command = ?3")
            if try query.bind(session).bind(line.start).bind(line.command).step() { id = query.int(0) }
            query.reset()
        }
        if let id {
            let update = try connection.statement(
                2,
                """
                UPDATE history SET duration = ?2, status = ?3, undoable = ?4, operations = ?5
                WHERE id = ?1 AND start = ?6
                """)
            update.bind(id).bind(line.duration).bind(Int64(line.status)).bind(Int64(line.undoable ? 1 : 0))
            try update.bind(line.operations).bind(line.start).run()
            return id
        }
        let insert = try connection.statement(
            0,
            """
            INSERT INTO history(command, directory, start, session, paths, duration, status, undoable, operations)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            """)
        insert.bind(line.command).bind(line.directory).bind(line.start).bind(session).bind(line.paths)
        insert.bind(line.duration).bind(Int64(line.status)).bind(Int64(line.undoable ? 1 : 0))
        try insert.bind(line.operations).run()
        let row = connection.database.lastRow
        try connection.statement(1, "INSERT OR REPLACE INTO latest(id, command) VALUES(?1, ?2)")
            .bind(row).bind(line.command).run()
        return row
    }

    /// The shell ends, or becomes another program: a process that nobody waits for writes what could not be written.
    func leave() {
        if flush() { return }
        rest()
        guard (try? System.detach()) == true else { return }
        flush(patience: 60_000)
        System.exit(0)
    }

    // MARK: Up and Down

    func waitingEntry(before: Int64?, _ prefix: [UInt8]) -> HistoryEntry? {
        var place = waiting.count
        if let before { place = before >= WaitingLine.firstNumber ? Int(before - WaitingLine.firstNumber) : 0 }
        return waiting.indices.prefix(place).last { isShown($0, prefix) }.map { entry(waiting: $0) }
    }

    func waitingEntry(after: Int64, _ prefix: [UInt8]) -> HistoryEntry? {
        let place = after >= WaitingLine.firstNumber ? Int(after - WaitingLine.firstNumber) + 1 : 0
        return waiting.indices.dropFirst(place).first { isShown($0, prefix) }.map { entry(waiting: $0) }
    }

    /// It has no row, and is the newest of its text.
    private func isShown(_ place: Int, _ prefix: [UInt8]) -> Bool {
        let line = waiting[place]
        return line.id == nil && line.command.starts(with: prefix)
            && !waiting[(place + 1)...].contains { $0.id == nil && $0.command == line.command }
    }

    private func entry(waiting place: Int) -> HistoryEntry {
        let line = waiting[place]
        return HistoryEntry(
            id: WaitingLine.firstNumber + Int64(place), command: line.command, directory: line.directory,
            start: line.start, duration: line.duration, status: line.status, session: session, undoable: line.undoable)
    }
}
