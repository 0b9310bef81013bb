// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Appends rows to the audit log, within the transaction that holds the database's write lock.
final class AuditWriter {
    private let database: Database
    private var last: AuditHead?
    private var insert: Statement?
    private var insertSide: Statement?
    /// The newest row written here.
    private(set) var head: AuditHead?

    init(_ database: Database) { self.database = database }

    private static var schema: StaticString {
        """
        CREATE TABLE audit(
          number INTEGER PRIMARY KEY, type INTEGER NOT NULL, subject INTEGER NOT NULL, session INTEGER NOT NULL,
          process INTEGER NOT NULL, user INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,
          outcome INTEGER NOT NULL, status INTEGER NOT NULL, changes INTEGER NOT NULL, missing INTEGER NOT NULL,
          target INTEGER NOT NULL, transaction_id INTEGER NOT NULL, records INTEGER NOT NULL,
          items BLOB NOT NULL, hash BLOB NOT NULL);
        CREATE INDEX audit_subject ON audit(subject);
        CREATE TABLE audit_clear(number INTEGER PRIMARY KEY, salts BLOB NOT NULL, note BLOB NOT NULL);
        CREATE TRIGGER audit_keep BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'append only'); END;
        CREATE TRIGGER audit_stay BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'append only'); END;
        """
    }

    /// Makes sure that there is a chain. To be called before the first operation of a transaction is entered.
    func open() throws(StoreError) {
        if last != nil { return }
        if try Self.exists(database) {
            let query = try database.prepare("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
            defer { query.reset() }
            if try query.step() {
                last = AuditHead(number: query.int(0), hash: query.bytes(1))
                return
            }
        } else {
            try database.run(Self.schema)
        }
        var row = AuditRow()
        row.began = Clock.realTime
        row.ended = row.began
        row.process = Int64(System.processID)
        row.user = Int64(System.effectiveUserID)
        let query = try database.prepare("SELECT max(id) FROM operations")
        if try query.step() { row.subject = query.number(0) }
        query.reset()
        last = AuditHead(number: -1, hash: [UInt8](repeating: 0, count: AuditRow.hashSize))
        try append(&row, note: Self.machine)
    }

    static func exists(_ database: Database) throws(StoreError) -> Bool {
        let query = try database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'audit'")
        defer { query.reset() }
        return try query.step()
    }

    /// Name and number of the machine, and the user's name, with zeros between.
    private static var machine: [UInt8] {
        func line(_ path: StaticString) -> [UInt8] {
            guard let file = try? FileDescriptor(path, .readOnly), let text = try? file.readAll(limit: 256) else {
                return []
            }
            return Array(text.prefix { $0 != 10 })
        }
        let user = System.effectiveUserID
        let name = UserDatabase.localUsers().first { $0.id == user }?.name ?? Array("\(user)".utf8)
        return line("/proc/sys/kernel/hostname") + [0] + line("/etc/machine-id") + [0] + name
    }

    /// Chains a row that has only a note, its item 0, and enters it.
    func append(_ row: inout AuditRow, note: [UInt8]) throws(StoreError) {
        let salts = try Salts(count: 1)
        var items = Commitments()
        items.add(note, salt: salts[0])
        row.items = items.digests
        try append(&row, salts: salts.bytes, note: note)
    }

    /// Chains a row whose items are given.
    func append(_ row: inout AuditRow, salts: [UInt8], note: [UInt8]) throws(StoreError) {
        try open()
        guard let before = last else { return }
        try enter(&row, after: before, salts: salts, note: note)
    }

    private func enter(_ row: inout AuditRow, after before: AuditHead, salts: [UInt8], note: [UInt8])
        throws(StoreError)
    {
        row.number = before.number + 1
        row.hash = row.digest(after: before.hash)
        if insert == nil {
            insert = try database.prepare(
                "INSERT INTO audit VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)")
            insertSide = try database.prepare("INSERT OR REPLACE INTO audit_clear VALUES(?1,?2,?3)")
        }
        guard let insert, let insertSide else { return }
        for number in row.numbers { insert.bind(number) }
        try insert.bind(row.items).bind(row.hash).run()
        try insertSide.bind(row.number).bind(salts).bind(note).run()
        last = AuditHead(row)
        head = last
    }

    /// The row of an operation, with the numbers that its row in `operations` has. Its results are as `inOrder` gives them.
    /// - Parameters:
    ///   - numbers: all but the contents.
    ///   - state: the row of `states` that it left.
    func append(
        _ operation: JournaledOperation, transaction: OperationIDValue, target: OperationIDValue,
        numbers: AuditNumbers, state: StateRow?
    ) throws(StoreError) {
        let record = operation.record
        let end = operation.end ?? EndRecord()
        var row = AuditRow()
        row.type = AuditType(record.kind)
        row.subject = record.id
        row.session = record.session
        row.process = Int64(record.process)
        row.user = Int64(System.effectiveUserID)
        row.began = record.began
        row.ended = operation.end == nil ? record.began : end.ended
        row.outcome = Int64(end.outcome.rawValue)
        row.status = Int64(end.status)
        row.changes = Int64(end.changes)
        row.missing = Int64(end.missing)
        row.target = target
        row.transaction = transaction
        row.records = AuditLayout.records(operation.changes.count)
        var numbers = numbers
        for change in operation.changes where !change.content.isEmpty { numbers.contents += 1 }
        let count = 3 + operation.changes.count + Int(numbers.contents) + operation.results.count
        let salts = try Salts(count: count)
        var items = Commitments()
        items.reserveCapacity(count)
        items.add(record.command, salt: salts[0])
        items.add(record.directory, salt: salts[1])
        items.add(state, salt: salts[2])
        for change in operation.changes {
            items.add(change, hasContent: !change.content.isEmpty, salt: salts[items.count])
        }
        if numbers.contents > 0 {
            for change in operation.changes where !change.content.isEmpty {
                items.add(change.content, salt: salts[items.count])
            }
        }
        for result in operation.results { items.addResult(result, salt: salts[items.count]) }
        row.items = numbers.slot + items.digests
        // The note stands in the table of operations.
        try append(&row, salts: salts.bytes, note: [])
    }

    /// The row of a refusal, or of a program that was let out.
    /// - Parameter id: made of the journal's number and the place in it.
    func append(_ refusal: RefusalRecord, id: UInt64) throws(StoreError) {
        var row = AuditRow()
        row.type = refusal.isUnconfined ? .unconfined : .refusal
        row.subject = id
        row.session = refusal.session
        row.process = Int64(refusal.process)
        row.user = Int64(refusal.user)
        row.began = refusal.time
        row.ended = refusal.time
        row.status = refusal.isUnconfined ? 0 : 1
        row.target = refusal.operation
        row.records = AuditLayout.records(0)
        let salts = try Salts(count: 2)
        var items = Commitments()
        items.add(refusal.noteWithoutCommand, salt: salts[0])
        items.add(refusal.command, salt: salts[1])
        row.items = items.digests
        try append(&row, salts: salts.bytes, note: refusal.note)
    }

    /// The row that tells which operations' pre-images were given up, if there is a chain.
    /// - Parameters:
    ///   - target: the entry that it was asked of, or 0.
    ///   - began: 0: at some time before.
    func append(expired operations: [OperationIDValue], target: OperationIDValue, began: Int64, ended: Int64)
        throws(StoreError)
    {
        if operations.isEmpty { return }
        guard try Self.exists(database) else { return }
        var row = AuditRow()
        row.type = .expiration
        row.process = Int64(System.processID)
        row.user = Int64(System.effectiveUserID)
        row.began = began
        row.ended = ended
        row.changes = Int64(operations.count)
        row.target = target
        row.items = AuditRow.slots(operations.map { Int64(bitPattern: $0) })
        try append(&row, salts: [], note: [])
    }

    /// What had expired before there were such rows: for a log of an earlier version.
    func adoptExpirations() throws(StoreError) {
        guard try Self.exists(database) else { return }
        let query = try database.prepare(
            """
            SELECT operation FROM expirations
            WHERE operation > (SELECT subject FROM audit ORDER BY number LIMIT 1) ORDER BY operation
            """)
        var found: [OperationIDValue] = []
        while try query.step() { found.append(query.number(0)) }
        try append(expired: found, target: 0, began: 0, ended: Clock.realTime)
    }
}

typealias OperationIDValue = UInt64

extension StateDirectory {
    /// The newest head, kept beside the database: a database that was rolled back or replaced does not have it.
    public var head: [UInt8] { path + Array("/head".utf8) }

    /// The heads that the file `head` holds. More than one when an earlier one is not in the chain.
    func savedHeads() -> [AuditHead] {
        guard let file = try? FileDescriptor(head, .readOnly), let text = try? file.readAll(limit: 1 << 16) else {
            return []
        }
        return text.split(separator: 10).compactMap { AuditHead($0) }
    }
}

extension OperationLog {
    /// Saves a new head. One saved before that the chain does not have stays: it says that something is gone.
    func save(_ head: AuditHead, _ state: StateDirectory) {
        var lines = ""
        for old in state.savedHeads() {
            if let known = try? hash(of: old.number), known == old.hash { continue }
            lines += old.text + "\n"
        }
        lines += head.text + "\n"
        let temporary = state.head + Array(".\(System.processID)".utf8)
        do {
            let file = try FileDescriptor(temporary, [.writeOnly, .create, .truncate], mode: 0o600)
            try file.writeAll(Array(lines.utf8))
            try System.rename(temporary, to: state.head)
        } catch {
            try? System.unlink(temporary)
        }
    }

    /// The hash of a row, or nil.
    func hash(of number: Int64) throws(StoreError) -> [UInt8]? {
        let query = try database.prepare("SELECT hash FROM audit WHERE number = ?1").bind(number)
        defer { query.reset() }
        return try query.step() ? query.bytes(0) : nil
    }
}
