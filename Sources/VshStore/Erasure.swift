// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// What is to be forgotten.
public struct ErasureScope: Sendable {
    /// Absolute paths free of symbolic links; what was recorded below them is meant too.
    public var paths: [[UInt8]] = []
    /// The objects that are there now: what was recorded of them under other names is meant too.
    public var objects: [NodeState] = []
    /// Everything that this operation recorded.
    public var operation: OperationID?

    public init() {}
}

/// What the log and the stores hold of it.
public struct Erasure: Sendable {
    /// Files and trees in the stores.
    public var items: [[UInt8]] = []
    /// Numbers of change records by operation.
    var changes: [OperationID: Set<Int64>] = [:]
    /// Paths of results by operation.
    var results: [OperationID: PathSet] = [:]
    /// Rows of the audit log that tell of refusals there.
    var refusals: [Int64] = []
    /// Rows that tell of refusals to the commands whose texts go: these go there too, and what was refused stays.
    var refusedCommands: [Int64] = []
    /// The numbers of all these refusals: of the journal, and the place in it.
    public var refusalRecords: Set<UInt64> = []
    /// The operations whose records go, oldest first; their command texts go too.
    public var operations: [OperationID] = []
    /// Other operations of which only the text of the command goes: it is the same.
    public var namesakes: [OperationID] = []
    /// The command texts that go.
    public var commands: [[UInt8]] = []
    /// Operations that still run: of them go the records in the journals, and the text.
    public var running: [RunningErasure] = []

    public init() {}

    public var isEmpty: Bool { operations.isEmpty && items.isEmpty && refusals.isEmpty && running.isEmpty }
}

/// The number that stands for an object: device, inode, birth.
private struct ObjectKey: Hashable {
    var inode: UInt64
    var device: UInt64
    var birth: Int64

    init?(_ state: NodeState) {
        guard state.kind == .regular else { return nil }
        inode = state.inode
        birth = state.birth.seconds &* 1_000_000_000 &+ Int64(state.birth.nanoseconds)
        device = birth == 0 ? state.device : 0
    }
}

extension OperationLog {
    /// Finds everything that is kept of what the scope means. Looks at every record of the log.
    public func erasure(_ scope: ErasureScope, _ state: StateDirectory) throws(StoreError) -> Erasure {
        var found = Erasure()
        let store = PreimageStore(state)
        var objects = Set(scope.objects.compactMap { ObjectKey($0) })
        func isMeant(_ path: [UInt8]) -> Bool { !path.isEmpty && scope.paths.contains { isBelow(path, $0) } }
        let open = running(state)
        // The objects that had these names at some time.
        if scope.operation == nil {
            try forEachChange { _, _, change in
                if isMeant(change.path) || isMeant(change.other), let key = ObjectKey(change.before) {
                    objects.insert(key)
                }
            }
            try forEachResult { _, result in
                if isMeant(result.path), let key = ObjectKey(result.after) { objects.insert(key) }
            }
            for (_, changes) in open {
                for (_, change) in changes where isMeant(change.path) || isMeant(change.other) {
                    if let key = ObjectKey(change.before) { objects.insert(key) }
                }
            }
        }
        func isMeant(_ path: [UInt8], _ state: NodeState) -> Bool {
            isMeant(path) || ObjectKey(state).map { objects.contains($0) } ?? false
        }
        func isMeant(_ change: ChangeRecord) -> Bool {
            isMeant(change.path, change.before) || change.kind == .moved && isMeant(change.other)
        }
        var items: PathSet = []
        /// Of a tree in the store, what has one of the paths in it.
        func insertParts(of item: [UInt8], _ change: ChangeRecord) {
            if item.isEmpty || !change.before.isDirectory { return }
            for path in scope.paths where path.count > change.path.count && isBelow(path, change.path) {
                items.insert(item + path[change.path.count...])
            }
        }
        try forEachChange { operation, number, change in
            let item = change.item == 0 ? [] : store.path(change.item, location: change.location)
            if scope.operation.map({ $0 == operation }) ?? isMeant(change) {
                found.changes[operation, default: []].insert(number)
                if !item.isEmpty { items.insert(item) }
            } else {
                insertParts(of: item, change)
            }
        }
        for (trace, changes) in open where !trace.hasEnded {
            var trace = trace
            for (place, change) in changes {
                let item = trace.items[place] ?? []
                if isMeant(change) {
                    trace.changes.insert(place)
                    if !item.isEmpty { items.insert(item) }
                } else {
                    insertParts(of: item, change)
                }
            }
            if trace.changes.isEmpty { continue }
            found.running.append(trace)
            if !trace.command.isEmpty { found.commands.append(trace.command) }
        }
        try forEachResult { operation, result in
            if scope.operation.map({ $0 == operation }) ?? isMeant(result.path, result.after) {
                found.results[operation, default: []].insert(result.path)
            }
        }
        found.items = items.sorted { $0.lexicographicallyPrecedes($1) }
        found.operations = Set(found.changes.keys).union(found.results.keys).union(scope.operation.map { [$0] } ?? [])
            .sorted()
        for id in found.operations {
            if let operation = try operation(id), !operation.command.isEmpty {
                found.commands.append(operation.command)
            }
        }
        // Other parts of the same command, or the same command at another time: the text is the same.
        let (texts, whole) = (Set(found.commands), Set(found.operations))
        if !texts.isEmpty {
            let named = try database.prepare("SELECT id, command FROM operations ORDER BY id")
            while try named.step() {
                if texts.contains(named.bytes(1)), !whole.contains(named.number(0)) {
                    found.namesakes.append(named.number(0))
                }
            }
        }
        for (trace, _) in open
        where found.commands.contains(trace.command)
            && !found.running.contains(where: { $0.operation == trace.operation })
        {
            found.running.append(trace)
        }
        if scope.operation == nil {
            var query = AuditQuery()
            query.types = [AuditType.refusal.name, AuditType.unconfined.name]
            try forEachAuditEntry(query) { entry in
                if entry.paths.contains(where: { isMeant($0) }) { found.refusals.append(entry.row.number) }
            }
        }
        try findRefusedCommands(&found)
        return found
    }

    /// Adds the refusals to commands whose texts go.
    private func findRefusedCommands(_ found: inout Erasure) throws(StoreError) {
        let (operations, commands) = (Set(found.operations + found.namesakes), Set(found.commands))
        let whole = Set(found.refusals)
        var query = AuditQuery()
        query.types = [AuditType.refusal.name, AuditType.unconfined.name]
        try forEachAuditEntry(query) { entry in
            let isCommand = operations.contains(entry.row.target) || commands.contains(entry.command)
            if whole.contains(entry.row.number) || isCommand { found.refusalRecords.insert(entry.row.subject) }
            if isCommand, !whole.contains(entry.row.number) { found.refusedCommands.append(entry.row.number) }
        }
    }

    private func forEachChange(_ body: (OperationID, Int64, ChangeRecord) -> Void) throws(StoreError) {
        let query = try database.prepare(
            "SELECT operation, number, kind, item, path, other, location, before FROM changes")
        while try query.step() {
            var change = ChangeRecord()
            change.kind = ChangeKind(rawValue: UInt8(truncatingIfNeeded: query.int(2))) ?? .created
            change.item = query.number(3)
            change.path = query.bytes(4)
            change.other = query.bytes(5)
            change.location = query.bytes(6)
            change.before = NodeState(encoded: query.bytes(7)) ?? .absent
            body(query.number(0), query.int(1), change)
        }
    }

    private func forEachResult(_ body: (OperationID, ResultRecord) -> Void) throws(StoreError) {
        let query = try database.prepare("SELECT operation, path, after FROM results")
        while try query.step() {
            var result = ResultRecord()
            result.path = query.bytes(1)
            result.after = NodeState(encoded: query.bytes(2)) ?? .absent
            body(query.number(0), result)
        }
    }

    /// The text that stands for a command that was erased.
    public static var erasedCommand: StaticString { "[obliterated]" }

    /// Deletes the rows, with the salts of their commitments. An operation of which nothing but times of directories is
    /// left is no entry of the history any more.
    public func erase(_ erasure: Erasure) throws(StoreError) {
        try database.transaction { () throws(StoreError) in
            try database.run("DROP TRIGGER IF EXISTS operations_keep")
            let rename = try database.prepare("UPDATE operations SET command = ?2 WHERE id = ?1")
            let dropChange = try database.prepare("DELETE FROM changes WHERE operation = ?1 AND number = ?2")
            let dropResult = try database.prepare("DELETE FROM results WHERE operation = ?1 AND path = ?2")
            let left = try database.prepare("SELECT count(*) FROM changes WHERE operation = ?1 AND kind <> ?2")
            let standing = try database.prepare(
                "SELECT state FROM states WHERE entry = ?1 ORDER BY number DESC LIMIT 1")
            let close = try database.prepare(
                "INSERT INTO states(entry, state, position, event, effective) VALUES(?1, 255, 0, ?1, x'')")
            for id in erasure.operations {
                try forgetSalts(id, erasure)
                for number in erasure.changes[id] ?? [] { try dropChange.bind(id).bind(number).run() }
                for path in erasure.results[id] ?? [] { try dropResult.bind(id).bind(path).run() }
                try rename.bind(id).bind(Self.erasedText).run()
                left.bind(id).bind(Int64(ChangeKind.directoryTimes.rawValue))
                let isEmpty = try left.step() && left.int(0) == 0
                left.reset()
                standing.bind(id)
                let isEntry = try standing.step() && [0, 1].contains(standing.int(0))
                standing.reset()
                let isTransaction = try operation(id)?.kind == .begin
                if isEmpty, isEntry, !isTransaction { try close.bind(id).run() }
            }
            for id in erasure.namesakes {
                try forgetSalts(id, erasure)
                try rename.bind(id).bind(Self.erasedText).run()
            }
            let forget = try database.prepare(
                "UPDATE audit_clear SET salts = zeroblob(length(salts)), note = x'' WHERE number = ?1")
            for number in erasure.refusals { try forget.bind(number).run() }
            let clear = try database.prepare("SELECT note, salts FROM audit_clear WHERE number = ?1")
            let change = try database.prepare("UPDATE audit_clear SET salts = ?2, note = ?3 WHERE number = ?1")
            for number in erasure.refusedCommands {
                clear.bind(number)
                var refusal = try clear.step() ? RefusalRecord(note: clear.bytes(0)) : nil
                var salts = Salts(clear.bytes(1))
                clear.reset()
                refusal?.command = Self.erasedText
                // In rows of the first arrangement, one salt for all of it.
                salts.erase(salts.count - 1)
                try change.bind(number).bind(salts.bytes).bind(refusal?.note ?? []).run()
            }
            try database.run(
                """
                CREATE TRIGGER IF NOT EXISTS operations_keep BEFORE UPDATE ON operations
                  BEGIN SELECT raise(ABORT, 'append only'); END
                """)
        }
    }

    /// Whether a text is the one that stands for erased ones.
    static func isErased(_ text: [UInt8]) -> Bool { text == erasedText }

    public static var erasedText: [UInt8] {
        Array(UnsafeBufferPointer(start: erasedCommand.utf8Start, count: erasedCommand.utf8CodeUnitCount))
    }

    /// Zeros in place of the salts of the command, and of the changes and results that go.
    private func forgetSalts(_ id: OperationID, _ erasure: Erasure) throws(StoreError) {
        try changeSalts(of: id) { (salts, layout) throws(StoreError) in
            var index = layout.results.lowerBound
            for result in try resultsInOrder(of: id) {
                while index < layout.results.upperBound, salts.isErased(index) { index += 1 }
                if erasure.results[id]?.contains(result.path) == true { salts.erase(index) }
                index += 1
            }
            let gone = erasure.changes[id] ?? []
            index = layout.contents.lowerBound
            if !layout.contents.isEmpty {
                let kept = try database.prepare(
                    "SELECT number FROM changes WHERE operation = ?1 AND length(content) > 0 ORDER BY number"
                ).bind(id)
                while try kept.step() {
                    while index < layout.contents.upperBound, salts.isErased(index) { index += 1 }
                    if gone.contains(kept.int(0)) { salts.erase(index) }
                    index += 1
                }
            }
            for number in gone where number > 0 && number <= layout.changes.count {
                salts.erase(layout.changes.lowerBound + Int(number) - 1)
            }
            salts.erase(0)
        }
    }

    /// The same for the contents of an operation that are given up.
    func forgetContents(of id: OperationID) throws(StoreError) {
        try changeSalts(of: id) { (salts, layout) throws(StoreError) in
            for index in layout.contents { salts.erase(index) }
        }
    }

    private func changeSalts(of id: OperationID, _ body: (inout Salts, AuditLayout) throws(StoreError) -> Void)
        throws(StoreError)
    {
        guard try AuditWriter.exists(database) else { return }
        let query = try database.prepare(
            """
            SELECT a.number, a.records, a.items, c.salts FROM audit a JOIN audit_clear c ON c.number = a.number
            WHERE a.subject = ?1 AND a.type > 0 AND a.type < 100
            """
        ).bind(id)
        guard try query.step() else { return query.reset() }
        var row = AuditRow()
        row.number = query.int(0)
        row.records = query.int(1)
        row.items = query.bytes(2)
        var salts = Salts(query.bytes(3))
        query.reset()
        guard let layout = AuditLayout(row) else { return }
        try body(&salts, layout)
        try database.prepare("UPDATE audit_clear SET salts = ?2 WHERE number = ?1").bind(row.number).bind(salts.bytes)
            .run()
    }

    // MARK: Traces in files

    /// Overwrites a file with zeros and waits until they are on the disk.
    static func wipe(_ path: [UInt8]) {
        guard let file = try? FileDescriptor(path, [.readWrite, .noFollow]),
            let status = try? FileStatus(descriptor: file.rawValue)
        else { return }
        try? System.overwrite(file.rawValue, size: max(status.size, status.blocks * 512), value: 0, seed: 0)
    }

    /// Writes the database anew, without free pages, and overwrites its write-ahead log.
    public func scrub(_ state: StateDirectory) throws(StoreError) {
        try Self.scrub(database, state.log)
        if let file = try? FileDescriptor(state.path, [.readOnly, .directory]) { try? System.sync(file.rawValue) }
    }

    /// Takes lines out of the history that interactive shells keep, for good.
    public static func eraseHistory(_ lines: [[UInt8]], _ state: StateDirectory) throws(StoreError) {
        let path = state.path + Array("/history.db".utf8)
        if lines.isEmpty || (try? FileStatus(path)) == nil { return }
        let history = try Database(path: path)
        try history.run("PRAGMA secure_delete=ON")
        var count: Int64 = 0
        try history.transaction { () throws(StoreError) in
            let known = try history.prepare("SELECT count(*) FROM history WHERE command = ?1")
            let drop = try history.prepare("DELETE FROM history WHERE command = ?1")
            let dropLatest = try history.prepare("DELETE FROM latest WHERE command = ?1")
            for line in lines {
                known.bind(line)
                if try known.step() { count += known.int(0) }
                known.reset()
                try drop.bind(line).run()
                try dropLatest.bind(line).run()
            }
        }
        if count > 0 { try scrub(history, path) }
    }

    private static func scrub(_ database: Database, _ path: [UInt8]) throws(StoreError) {
        try database.run("PRAGMA temp_store=MEMORY")
        try checkpoint("PRAGMA wal_checkpoint(FULL)", database, path)
        try database.run("VACUUM")
        try checkpoint("PRAGMA wal_checkpoint(RESTART)", database, path)
        // Everything is in the database, and nobody can write: readers do not look into the log now.
        try database.run("BEGIN IMMEDIATE")
        wipe(path + Array("-wal".utf8))
        try database.run("COMMIT")
        try checkpoint("PRAGMA wal_checkpoint(TRUNCATE)", database, path)
    }

    private static func checkpoint(_ sql: StaticString, _ database: Database, _ path: [UInt8]) throws(StoreError) {
        for attempt in 0..<20 {
            let query = try database.prepare(sql)
            let isBusy = try query.step() && query.int(0) != 0
            query.reset()
            if !isBusy { return }
            try? Clock.sleep(nanoseconds: Int64(attempt + 1) * 10_000_000)
        }
        throw StoreError(.system(.busy), path)
    }
}

/// The evidence of an obliteration.
public struct ObliterationEvidence: Sendable {
    public var began: Int64 = 0
    public var session: UInt64 = 0
    /// The operation that was erased, or 0.
    public var operation: OperationID = 0
    /// All of which records go.
    public var operations: [OperationID] = []
    public var files = 0
    public var passesVerified = 0
    /// How: `purge, 3 passes`.
    public var method = ""
    /// What: committed to, not kept.
    public var paths: [[UInt8]] = []

    public init() {}
}

extension OperationLog {
    /// Enters an obliteration.
    /// - Parameter outcome: interrupted: it is about to begin; then it has ended or failed.
    /// - Returns: the row's number, and the salt of the commitment to the paths, each with a zero after it: it is kept
    ///   nowhere else.
    @discardableResult
    public func add(_ evidence: ObliterationEvidence, _ outcome: OperationOutcome, _ state: StateDirectory)
        throws(StoreError) -> (row: Int64, salt: [UInt8])
    {
        let writer = AuditWriter(database)
        guard let random = try? System.random(count: 2 * AuditRow.saltSize) else {
            throw StoreError(.system(.inputOutput), state.log)
        }
        let size = AuditRow.saltSize
        let number = try database.transaction { () throws(StoreError) -> Int64 in
            var row = AuditRow()
            row.type = .obliteration
            row.session = evidence.session
            row.process = Int64(System.processID)
            row.user = Int64(System.effectiveUserID)
            row.began = evidence.began
            row.ended = Clock.realTime
            row.outcome = Int64(outcome.rawValue)
            row.status = outcome == .failed ? 1 : 0
            row.changes = Int64(evidence.files)
            row.missing = Int64(evidence.passesVerified)
            row.target = evidence.operation
            let note = Array(evidence.method.utf8)
            var paths: [UInt8] = []
            for path in evidence.paths { paths += path + [0] }
            var items = Commitments()
            items.add(note, salt: random[..<size])
            items.add(paths, salt: random[size...])
            row.items = items.digests
            if outcome == .interrupted {
                // Before anything is touched: what is gone in these may be gone.
                row.records = AuditLayout.records(evidence.operations.count)
                row.items += AuditRow.slots(evidence.operations.map { Int64(bitPattern: $0) })
            }
            let kept = Array(random[..<size]) + [UInt8](repeating: 0, count: size)
            try writer.append(&row, salts: kept, note: note)
            return row.number
        }
        if let head = writer.head { save(head, state) }
        return (number, Array(random[size...]))
    }

    /// When something was obliterated last, unless something else was done since; nil when there is nothing such.
    /// - Parameter session: where; nil: in any session.
    public func newestObliteration(session: UInt64?) throws(StoreError) -> Int64? {
        guard try AuditWriter.exists(database) else { return nil }
        let query = try database.prepare(
            """
            SELECT type, ended FROM audit WHERE (?1 = 0 OR session = ?1) AND type NOT IN (100, 103) AND outcome <> 1
            ORDER BY number DESC LIMIT 1
            """
        ).bind(session ?? 0)
        defer { query.reset() }
        return try query.step() && query.int(0) == AuditType.obliteration.rawValue ? query.int(1) : nil
    }
}
