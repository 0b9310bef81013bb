// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

/// The command lines of all of a user's shells, in an SQLite file that they share.
///
/// The connection is opened by the first question after a command and closed before the next one runs (`rest`): no
/// descriptor of it stands while the user's commands run. When the file cannot be had, nothing is kept and nothing found; while
/// another shell writes, lines wait here (`WaitingLine`).
public final class HistoryStore: HistorySource {
    let path: [UInt8]
    /// Names this shell among all.
    public let session: Int64
    /// The number of the newest operation that the shell recorded, or 0: asked before and after a command.
    private let newestOperation: () -> UInt64
    /// Why a command is kept out, if it is.
    private let isKeptOut: ([UInt8]) -> Bool
    private var open: Connection?
    private var cannotOpen = false
    /// When the file was found to be held by another process, for all that is, and by one that writes.
    private var opening = Refusal()
    var writing = Refusal()
    /// The command that runs; its row, as soon as it has one.
    var running: (id: Int64?, command: [UInt8], start: Int64)?
    /// Lines that have still to be written, oldest first.
    var waiting: [WaitingLine] = []
    /// A line that waited has got its row.
    var hasRenumbered = false
    private var operationBefore: UInt64 = 0
    /// An editor enters the lines.
    private(set) var isDriven = false
    private var lastSuggestion: (prefix: [UInt8], directory: [UInt8], line: [UInt8]?)?
    private var searchCache: SearchCache?
    /// Whether a process of its own may be started to shorten the file's write-ahead log.
    public var shortens = false

    /// Rows that a lookup goes through one by one before it turns to the index of commands.
    static var window: Int64 { 2000 }

    /// Milliseconds that a prompt waits for another shell that writes, and that a command of the user's does.
    static var promptPatience: Int32 { 10 }
    static var commandPatience: Int32 { 5000 }

    public init(
        path: [UInt8], session: Int64, newestOperation: @escaping () -> UInt64 = { 0 },
        isKeptOut: @escaping ([UInt8]) -> Bool = { _ in false }
    ) {
        self.path = path
        self.session = session
        self.newestOperation = newestOperation
        self.isKeptOut = isKeptOut
    }

    /// A connection and its statements, prepared when first needed.
    final class Connection {
        let database: Database
        private var prepared: [Int: Statement] = [:]

        init(_ path: [UInt8], patience: Int32) throws(StoreError) {
            database = try HistoryDatabase.open(path, patience: patience)
        }

        func statement(_ number: Int, _ sql: StaticString) throws(StoreError) -> Statement {
            if let known = prepared[number] {
                known.reset()
                return known
            }
            let made = try database.prepare(sql)
            prepared[number] = made
            return made
        }
    }

    /// The connection; nil when there is none to be had now, or no file yet and `makes` is false.
    func connection(makes: Bool = false, patience: Int32 = promptPatience) -> Connection? {
        if let open { return open }
        if cannotOpen || patience == Self.promptPatience && opening.isRecent { return nil }
        if !makes, (try? FileStatus(path)) == nil { return nil }
        if makes, (try? FileStatus(path)) == nil { makeDirectory() }
        do {
            open = try Connection(path, patience: patience)
        } catch {
            opening.note(error)
            if !error.isBusy { cannotOpen = true }
        }
        return open
    }

    private func makeDirectory() {
        guard let slash = path.lastIndex(of: 47) else { return }
        try? StateDirectory(path: Array(path[..<slash])).create()
    }

    /// Why the file cannot be used; nil when it can, or can be made.
    func whyNot() -> String? {
        guard let slash = path.lastIndex(of: 47) else { return "no directory" }
        do {
            if (try? FileStatus(path)) == nil {
                try StateDirectory(path: Array(path[..<slash])).create()
                return nil
            }
            open = try Connection(path, patience: Self.promptPatience)
            return nil
        } catch {
            opening.note(error)
            if error.isBusy { return nil }
            cannotOpen = true
            return "\(String(decoding: error.path, as: UTF8.self)): \(error.reason)"
        }
    }

    /// Closes the file until the next question: to be called before anything of the user's runs.
    public func rest() {
        open = nil
        searchCache = nil
        lastSuggestion = nil
    }

    // MARK: Entering lines

    public func add(_ command: [UInt8], directory: [UInt8], start: Int64) {
        isDriven = true
        record(command, directory: directory, start: start)
    }

    /// Enters a line that is about to run, unless it is to be kept out.
    func record(_ command: [UInt8], directory: [UInt8], start: Int64) {
        running = nil
        operationBefore = newestOperation()
        defer {
            rest()
            if shortens { HistoryDatabase.shorten(path) }
        }
        if command.isEmpty || command[0] == 32 || isKeptOut(command) { return }
        running = (nil, command, start)
        waiting.append(
            WaitingLine(command: command, directory: directory, start: start, paths: HistoryPaths.existing(in: command))
        )
        flush()
    }

    public func finish(duration: Int64, status: Int32, undoable: Bool) {
        guard let running else { return }
        let newest = newestOperation()
        var operations: [UInt8] = []
        if newest != operationBefore { withUnsafeBytes(of: newest.littleEndian) { operations = Array($0) } }
        var place = waiting.count
        if running.id == nil, let known = waiting.lastIndex(where: { $0.start == running.start }) {
            place = known
        } else {
            waiting.append(WaitingLine(command: running.command, start: running.start, id: running.id))
        }
        waiting[place].duration = duration
        waiting[place].status = status
        waiting[place].undoable = undoable
        waiting[place].operations = operations
        flush()
    }

    /// Takes the line that runs out again.
    func takeBack() {
        guard let running else { return }
        self.running = nil
        waiting.removeAll { $0.start == running.start && $0.command == running.command }
        if let id = running.id { remove(id: id) }
    }

    private func remove(id: Int64) {
        guard let connection = connection() else { return }
        try? connection.database.transaction { () throws(StoreError) in
            let query = try connection.statement(3, "SELECT command FROM history WHERE id = ?1").bind(id)
            let command = try query.step() ? query.bytes(0) : []
            query.reset()
            try connection.statement(4, "DELETE FROM history WHERE id = ?1").bind(id).run()
            try connection.statement(5, "DELETE FROM latest WHERE id = ?1").bind(id).run()
            try connection.statement(
                6,
                """
                INSERT OR REPLACE INTO latest(id, command)
                SELECT max(id), command FROM history WHERE command = ?1 GROUP BY command
                """
            ).bind(command).run()
        }
    }

    public func forget(_ command: [UInt8]) {
        rest()
        waiting.removeAll { $0.command == command }
        guard let connection = connection(patience: Self.commandPatience) else { return }
        try? connection.database.transaction { () throws(StoreError) in
            try connection.statement(7, "DELETE FROM history WHERE command = ?1").bind(command).run()
            try connection.statement(8, "DELETE FROM latest WHERE command = ?1").bind(command).run()
        }
        rest()
    }

    // MARK: Up and Down

    private static func entry(_ row: Statement) -> HistoryEntry {
        HistoryEntry(
            id: row.int(0), command: row.bytes(1), directory: row.bytes(2), start: row.int(3), duration: row.int(4),
            status: Int32(truncatingIfNeeded: row.int(5)), session: row.int(6), undoable: row.int(7) != 0)
    }

    /// The whole row of a number.
    func entry(id: Int64) -> HistoryEntry? {
        let query = try? connection()?.statement(
            10,
            "SELECT id, command, directory, start, duration, status, session, undoable FROM history WHERE id = ?1"
        ).bind(id)
        guard let query, (try? query.step()) ?? false else { return nil }
        defer { query.reset() }
        return Self.entry(query)
    }

    public func entry(before: Int64?, prefix: [UInt8]) -> HistoryEntry? {
        if let found = waitingEntry(before: before, prefix) { return found }
        guard let connection = connection() else { return nil }
        var limit = before ?? Int64.max
        // This session's lines first, then those of all others.
        if limit >= WaitingLine.firstNumber || isOwn(limit) {
            if let found = own(connection, prefix, below: limit) { return found }
            limit = Int64.max
        }
        return other(connection, prefix, below: limit)
    }

    public func entry(after: Int64, prefix: [UInt8]) -> HistoryEntry? {
        guard after < WaitingLine.firstNumber, let connection = connection() else {
            return waitingEntry(after: after, prefix)
        }
        var limit = after
        if !isOwn(after) {
            if let found = other(connection, prefix, above: after) { return found }
            limit = 0
        }
        return own(connection, prefix, above: limit) ?? waitingEntry(after: after, prefix)
    }

    private func isOwn(_ id: Int64) -> Bool { entry(id: id)?.session == session }

    private func first(_ query: Statement?) -> HistoryEntry? {
        guard let query, (try? query.step()) ?? false else { return nil }
        defer { query.reset() }
        return Self.entry(query)
    }

    private func own(_ connection: Connection, _ prefix: [UInt8], below limit: Int64) -> HistoryEntry? {
        let query = try? connection.statement(
            11,
            """
            SELECT id, command, directory, start, duration, status, session, undoable
            FROM history h INDEXED BY history_session
            WHERE session = ?1 AND id < ?2 AND command >= ?3 AND command < ?4
              AND NOT EXISTS(SELECT 1 FROM history n WHERE n.command = h.command AND n.session = ?1 AND n.id > h.id)
            ORDER BY id DESC LIMIT 1
            """)
        query?.bind(session).bind(limit).bind(prefix).bind(HistoryDatabase.upperBound(prefix))
        return first(query)
    }

    private func own(_ connection: Connection, _ prefix: [UInt8], above limit: Int64) -> HistoryEntry? {
        let query = try? connection.statement(
            12,
            """
            SELECT id, command, directory, start, duration, status, session, undoable
            FROM history h INDEXED BY history_session
            WHERE session = ?1 AND id > ?2 AND command >= ?3 AND command < ?4
              AND NOT EXISTS(SELECT 1 FROM history n WHERE n.command = h.command AND n.session = ?1 AND n.id > h.id)
            ORDER BY id LIMIT 1
            """)
        query?.bind(session).bind(limit).bind(prefix).bind(HistoryDatabase.upperBound(prefix))
        return first(query)
    }

    /// Among the lines that this session has not run: the newest below `limit`.
    private func other(_ connection: Connection, _ prefix: [UInt8], below limit: Int64) -> HistoryEntry? {
        let newest = min(limit, newestRow(connection) + 1)
        let near = try? connection.statement(
            13,
            """
            SELECT l.id FROM latest l NOT INDEXED
            WHERE l.id < ?1 AND l.id >= ?2 AND l.command >= ?3 AND l.command < ?4
              AND NOT EXISTS(SELECT 1 FROM history n WHERE n.command = l.command AND n.session = ?5)
            ORDER BY l.id DESC LIMIT 1
            """)
        near?.bind(newest).bind(newest - Self.window).bind(prefix).bind(HistoryDatabase.upperBound(prefix))
        near?.bind(session)
        if let id = number(near) { return entry(id: id) }
        let far = try? connection.statement(
            14,
            """
            SELECT max(l.id) FROM latest l INDEXED BY latest_command
            WHERE l.id < ?1 AND l.command >= ?2 AND l.command < ?3
              AND NOT EXISTS(SELECT 1 FROM history n WHERE n.command = l.command AND n.session = ?4)
            """)
        let all = try? connection.statement(
            15,
            """
            SELECT l.id FROM latest l NOT INDEXED
            WHERE l.id < ?1 AND NOT EXISTS(SELECT 1 FROM history n WHERE n.command = l.command AND n.session = ?2)
            ORDER BY l.id DESC LIMIT 1
            """)
        if prefix.isEmpty {
            all?.bind(newest - Self.window).bind(session)
            return number(all).flatMap { entry(id: $0) }
        }
        far?.bind(newest - Self.window).bind(prefix).bind(HistoryDatabase.upperBound(prefix)).bind(session)
        return number(far).flatMap { entry(id: $0) }
    }

    private func other(_ connection: Connection, _ prefix: [UInt8], above limit: Int64) -> HistoryEntry? {
        let near = try? connection.statement(
            16,
            """
            SELECT l.id FROM latest l NOT INDEXED
            WHERE l.id > ?1 AND l.command >= ?2 AND l.command < ?3
              AND NOT EXISTS(SELECT 1 FROM history n WHERE n.command = l.command AND n.session = ?4)
            ORDER BY l.id LIMIT 1
            """)
        near?.bind(limit).bind(prefix).bind(HistoryDatabase.upperBound(prefix)).bind(session)
        return number(near).flatMap { entry(id: $0) }
    }

    private func newestRow(_ connection: Connection) -> Int64 {
        number(try? connection.statement(17, "SELECT max(id) FROM latest")) ?? 0
    }

    private func number(_ query: Statement?) -> Int64? {
        guard let query, (try? query.step()) ?? false else { return nil }
        defer { query.reset() }
        let value = query.int(0)
        return value == 0 ? nil : value
    }

    // MARK: Suggestions

    public func suggestion(for prefix: [UInt8], directory: [UInt8]) -> [UInt8]? {
        if prefix.isEmpty { return nil }
        // What was proposed for less text is proposed as long as the text goes its way.
        if let last = lastSuggestion, last.directory == directory, prefix.starts(with: last.prefix) {
            guard let line = last.line else { return nil }
            if line.count > prefix.count, line.starts(with: prefix) { return line }
        }
        guard let connection = connection() else { return nil }
        let upper = HistoryDatabase.upperBound(prefix)
        let here = try? connection.statement(
            20,
            """
            SELECT command, paths FROM
              (SELECT command, paths FROM history INDEXED BY history_directory
               WHERE directory = ?1 ORDER BY id DESC LIMIT 400)
            WHERE command > ?2 AND command < ?3 LIMIT 8
            """
        ).bind(directory).bind(prefix).bind(upper)
        var line = usable(here)
        if line == nil {
            let newest = newestRow(connection)
            let near = try? connection.statement(
                21,
                """
                SELECT h.command, h.paths FROM latest l NOT INDEXED JOIN history h ON h.id = l.id
                WHERE l.id > ?1 AND l.command > ?2 AND l.command < ?3 ORDER BY l.id DESC LIMIT 8
                """
            ).bind(newest - Self.window).bind(prefix).bind(upper)
            line = usable(near)
        }
        if line == nil {
            let far = try? connection.statement(
                22,
                """
                SELECT h.command, h.paths FROM
                  (SELECT id FROM
                    (SELECT id FROM latest INDEXED BY latest_command WHERE command > ?1 AND command < ?2 LIMIT 2000)
                   ORDER BY id DESC LIMIT 8) l
                JOIN history h ON h.id = l.id ORDER BY h.id DESC
                """
            ).bind(prefix).bind(upper)
            line = usable(far)
        }
        lastSuggestion = (prefix, directory, line)
        return line
    }

    /// The first line whose paths are all there.
    private func usable(_ query: Statement?) -> [UInt8]? {
        guard let query else { return nil }
        defer { query.reset() }
        while (try? query.step()) ?? false {
            if HistoryPaths.areThere(query.bytes(1)) { return query.bytes(0) }
        }
        return nil
    }

    // MARK: Search

    public func search(_ text: [UInt8], filter: HistoryFilter, limit: Int) -> [HistoryEntry] {
        guard let connection = connection() else { return [] }
        switch filter {
        case .session:
            let query = try? connection.statement(
                30,
                """
                SELECT id, command, directory, start, duration, status, session, undoable
                FROM history INDEXED BY history_session WHERE session = ?1 ORDER BY id DESC
                """
            ).bind(session)
            return matches(query, text, limit)
        case .directory:
            let query = try? connection.statement(
                31,
                """
                SELECT id, command, directory, start, duration, status, session, undoable
                FROM history INDEXED BY history_directory WHERE directory = ?1 ORDER BY id DESC LIMIT 20000
                """
            ).bind(here)
            return matches(query, text, limit)
        case .global: return searchAll(connection, text, limit)
        }
    }

    /// The working directory, as `add` is given it.
    var here: [UInt8] { workingDirectory() }
    /// Set by the shell; tests leave it at the process's own.
    var workingDirectory: () -> [UInt8] = { (try? System.currentDirectory()) ?? [] }

    /// Rows that contain the text, each command once.
    private func matches(_ query: Statement?, _ text: [UInt8], _ limit: Int) -> [HistoryEntry] {
        guard let query else { return [] }
        defer { query.reset() }
        let pattern = SearchPattern(text)
        var found: [HistoryEntry] = []
        var seen: Set<[UInt8]> = []
        while found.count < limit, (try? query.step()) ?? false {
            if !query.withBytes(1, { pattern.matches($0) }) { continue }
            let entry = Self.entry(query)
            if seen.insert(entry.command).inserted { found.append(entry) }
        }
        return found
    }

    private func searchAll(_ connection: Connection, _ text: [UInt8], _ limit: Int) -> [HistoryEntry] {
        let pattern = SearchPattern(text)
        var found: [HistoryEntry] = []
        let newest = newestRow(connection)
        let near = try? connection.statement(
            32, "SELECT id, command FROM latest WHERE id > ?1 ORDER BY id DESC"
        ).bind(newest - Self.window)
        if let near {
            while found.count < limit, (try? near.step()) ?? false {
                if near.withBytes(1, { pattern.matches($0) }), let row = entry(id: near.int(0)) { found.append(row) }
            }
            near.reset()
        }
        if found.count >= limit || newest <= Self.window { return found }
        if searchCache == nil { searchCache = SearchCache(connection, below: newest - Self.window + 1) }
        for id in searchCache?.find(pattern, limit: limit - found.count) ?? [] {
            if let row = entry(id: id), row.command.withUnsafeBufferPointer({ pattern.matches($0) }) {
                found.append(row)
            }
        }
        return found
    }
}
