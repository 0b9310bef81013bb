// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// Compares rows with the clear text that is still there.
final class CommitmentCheck {
    /// Operations of whose records something was erased, with their rows: an obliteration must tell of them.
    private(set) var erasedOperations: [(id: OperationID, row: Int64)] = []
    private let log: OperationLog
    private let clear: Statement
    private let plain: Statement
    private let session: Statement
    private let states: Statement
    private let changes: Statement
    private let results: Statement

    init(_ log: OperationLog) throws(StoreError) {
        self.log = log
        clear = try log.database.prepare("SELECT salts, note FROM audit_clear WHERE number = ?1")
        plain = try log.database.prepare(
            """
            SELECT kind, session, process, began, ended, outcome, status, changes, missing, target, transaction_id,
              directory, command, parent FROM operations WHERE id = ?1
            """)
        session = try log.database.prepare("SELECT process, start FROM sessions WHERE id = ?1")
        states = try log.database.prepare(
            """
            SELECT number, entry, state, position, event, effective FROM states
            WHERE entry IN (?1, ?2) AND event = ?1 ORDER BY number
            """)
        changes = try log.database.prepare(
            """
            SELECT number, kind, preimage, reason, item, path, other, location, before, attributes, content
            FROM changes WHERE operation = ?1 ORDER BY number
            """)
        results = try log.database.prepare(
            "SELECT path, after, digest, soft FROM results WHERE operation = ?1 ORDER BY path")
    }

    func check(_ row: AuditRow, _ report: inout AuditReport, _ add: (Int64?, String) -> Void) throws(StoreError) {
        clear.bind(row.number)
        guard try clear.step() else {
            clear.reset()
            // What is erased leaves zeros.
            if row.itemCount > 0 || AuditLayout.format(row) > 0 {
                add(row.number, "has lost the salts of its commitments")
            }
            return
        }
        let (salts, note) = (clear.bytes(0), clear.bytes(1))
        clear.reset()
        let layout = row.type.isOperation ? AuditLayout(row) : nil
        if row.type.isOperation, layout == nil {
            return add(row.number, "is arranged in a way that this version does not know")
        }
        let count: Int =
            switch row.type {
            case .expiration: 0
            case .obliteration: min(2, row.itemCount)
            default: row.itemCount - (layout?.front ?? 0)
            }
        if salts.count != count * AuditRow.saltSize {
            return add(row.number, "has lost the salts of its commitments")
        }
        var opening = Opening(row: row, front: layout?.front ?? 0, salts: salts)
        if let layout {
            if !note.isEmpty { return add(row.number, "has a text that nothing vouches for") }
            try layout.format == 0 ? checkFirst(row, &opening, add) : check(row, layout, &opening, add)
        } else {
            checkNote(row, note, &opening)
        }
        opening.compare()
        report.opened += opening.opened
        report.erased += opening.erased
        if let what = opening.wrong { add(row.number, what) }
    }

    /// What stands beside the row itself.
    private func checkNote(_ row: AuditRow, _ note: [UInt8], _ opening: inout Opening) {
        let isRefusal = row.type == .refusal || row.type == .unconfined
        if isRefusal, AuditLayout.format(row) > 0 {
            if opening.isErased(0), opening.isErased(1) {
                if !note.isEmpty { opening.fail("has a text that nothing vouches for: its salt was erased") }
                return
            }
            guard let refusal = RefusalRecord(note: note), refusal.note == note else {
                return opening.fail("does not fit its clear text, which was changed")
            }
            opening.expect(0) { $0.add(refusal.noteWithoutCommand, salt: $1) }
            if !opening.isErased(1) {
                opening.expect(1) { $0.add(refusal.command, salt: $1) }
            } else if !OperationLog.isErased(refusal.command) {
                opening.fail("has a text that nothing vouches for: its salt was erased")
            }
            return
        }
        if row.type == .expiration {
            if !note.isEmpty { opening.fail("has a text that nothing vouches for") }
            return
        }
        if !opening.isErased(0) {
            opening.expect(0) { $0.add(note, salt: $1) }
        } else if !note.isEmpty, !(RefusalRecord(note: note).map { OperationLog.isErased($0.command) } ?? false) {
            return opening.fail("has a text that nothing vouches for: its salt was erased")
        }
        // The salt that opens the commitment to what was obliterated is kept nowhere.
        if row.type == .obliteration, row.itemCount > 1, !opening.isErased(1) {
            opening.fail("has a salt that was not kept")
        }
    }

    /// Whether the operation's own row says what the chain does. `plain` stands on it.
    private func checkNumbers(_ row: AuditRow, _ add: (Int64?, String) -> Void) throws(StoreError) -> Bool {
        plain.bind(row.subject)
        guard try plain.step() else {
            add(row.number, "is about @\(row.subject), which the log no longer has")
            return false
        }
        let stated: [Int64] = [
            row.type.rawValue - 1, Int64(bitPattern: row.session), row.process, row.began, row.ended, row.outcome,
            row.status, row.changes, row.missing, Int64(bitPattern: row.target), Int64(bitPattern: row.transaction),
        ]
        for (column, value) in stated.enumerated() where plain.int(Int32(column)) != value {
            add(row.number, "says something else of @\(row.subject) than the log does")
            return false
        }
        return true
    }

    // MARK: The second arrangement

    private func check(
        _ row: AuditRow, _ layout: AuditLayout, _ opening: inout Opening, _ add: (Int64?, String) -> Void
    ) throws(StoreError) {
        defer { plain.reset() }
        guard try checkNumbers(row, add), let numbers = AuditNumbers(row.item(0)) else { return }
        session.bind(row.session)
        let owner = try session.step() ? (session.int(0), session.int(1)) : (0, 0)
        session.reset()
        if plain.int(13) != numbers.parent {
            return add(row.number, "says something else of @\(row.subject) than the log does")
        }
        if owner != (numbers.process, numbers.start) {
            return add(row.number, "says something else of the session \(row.session) than the log does")
        }
        let isErased = opening.isErased(0)
        if !isErased {
            opening.expect(0) { $0.add(plain.bytes(12), salt: $1) }
        } else if !OperationLog.isErased(plain.bytes(12)) {
            return add(row.number, "has a command that nothing vouches for: its salt was erased")
        } else {
            erasedOperations.append((row.subject, row.number))
        }
        opening.expect(1) { $0.add(plain.bytes(11), salt: $1) }
        try checkState(row, isErased, &opening)
        try checkChanges(row, layout, isErased, &opening)
        try checkResults(row, layout, isErased, &opening)
    }

    /// The row of `states` that the operation left, if any.
    private func checkState(_ row: AuditRow, _ isErased: Bool, _ opening: inout Opening) throws(StoreError) {
        states.bind(row.subject).bind(row.target)
        var found: [StateRow] = []
        while try states.step() {
            let state = StateRow(
                number: states.int(0), entry: states.int(1), state: states.int(2), position: states.int(3),
                event: states.int(4), effective: states.bytes(5))
            // An entry of which nothing is left was closed when it was obliterated.
            let isClosed = state.state == 255 && state.entry == state.event
            if isErased, isClosed, state.position == 0, state.effective.isEmpty { continue }
            found.append(state)
        }
        if found.count > 1 { return opening.fail("left more than one state in the log, as nothing vouches for") }
        opening.expect(2) { $0.add(found.first, salt: $1) }
    }

    private func checkChanges(_ row: AuditRow, _ layout: AuditLayout, _ isErased: Bool, _ opening: inout Opening)
        throws(StoreError)
    {
        changes.bind(row.subject)
        defer { changes.reset() }
        let isExpired = try log.isExpired(row.subject)
        var kept = layout.contents.lowerBound
        var seen = 0
        while try changes.step() {
            let number = changes.int(0)
            guard number > 0, number <= layout.changes.count else {
                return opening.fail("@\(row.subject) has a change too many")
            }
            let index = layout.changes.lowerBound + Int(number) - 1
            if opening.isErased(index) { return opening.fail("@\(row.subject) has a change too many") }
            seen += 1
            let content = changes.bytes(10)
            let change = ChangeColumns(
                kind: changes.int(1), preimage: changes.int(2), reason: changes.int(3), item: changes.int(4),
                path: changes.bytes(5), other: changes.bytes(6), location: changes.bytes(7), before: changes.bytes(8),
                attributes: changes.bytes(9))
            // What expired may have had one.
            opening.expect(index) { $0.add(change, hasContent: !content.isEmpty, salt: $1) }
            if content.isEmpty {
                if isExpired { opening.orExpect(index) { $0.add(change, hasContent: true, salt: $1) } }
                continue
            }
            while kept < layout.contents.upperBound, opening.isErased(kept) { kept += 1 }
            if kept >= layout.contents.upperBound { return opening.fail("@\(row.subject) has a content too many") }
            opening.expect(kept) { $0.add(content, salt: $1) }
            kept += 1
        }
        // What was erased went together with the text of the command, or with all contents of the operation.
        let gone = layout.changes.reduce(0) { $0 + (opening.isErased($1) ? 1 : 0) }
        if seen + gone != layout.changes.count || gone > 0 && !isErased {
            return opening.fail("a change of @\(row.subject) is missing from the log")
        }
        for index in layout.contents where opening.isOpen(index) {
            return opening.fail("a content of @\(row.subject) is missing from the log")
        }
    }

    private func checkResults(_ row: AuditRow, _ layout: AuditLayout, _ isErased: Bool, _ opening: inout Opening)
        throws(StoreError)
    {
        results.bind(row.subject)
        defer { results.reset() }
        var index = layout.results.lowerBound
        while try results.step() {
            while index < layout.results.upperBound, opening.isErased(index) { index += 1 }
            if index >= layout.results.upperBound { return opening.fail("@\(row.subject) has a result too many") }
            let (path, after, digest, soft) = (results.bytes(0), results.bytes(1), results.bytes(2), results.int(3))
            opening.expect(index) { $0.add(path: path, after: after, digest: digest, soft: soft, salt: $1) }
            index += 1
        }
        for index in layout.results where opening.isOpen(index) || opening.isErased(index) && !isErased {
            return opening.fail("a result of @\(row.subject) is missing from the log")
        }
    }

    // MARK: The first arrangement

    private func checkFirst(_ row: AuditRow, _ opening: inout Opening, _ add: (Int64?, String) -> Void)
        throws(StoreError)
    {
        defer { plain.reset() }
        guard try checkNumbers(row, add) else { return }
        if !opening.isErased(0) {
            opening.expect(0) { $0.add(directory: plain.bytes(11), command: plain.bytes(12), salt: $1) }
        } else if !OperationLog.isErased(plain.bytes(12)) {
            return add(row.number, "has a command that nothing vouches for: its salt was erased")
        }
        let changes = try log.numberedChanges(of: row.subject)
        let results = try log.resultsInOrder(of: row.subject)
        let split = Int(row.records) + 1
        // Rows that expired to make room are gone altogether.
        if changes.isEmpty, results.isEmpty, row.itemCount > 1, try log.isExpired(row.subject) {
            opening.erased += row.itemCount - 1
            return
        }
        for (number, change) in changes {
            let index = Int(number)
            if index < 1 || index >= split { return add(row.number, "@\(row.subject) has a change too many") }
            if !opening.isErased(index) { opening.expect(index) { $0.add(change, salt: $1) } }
        }
        for index in 1..<max(split, 1) where opening.isOpen(index) {
            return add(row.number, "a change of @\(row.subject) is missing from the log")
        }
        var index = split
        for result in results {
            while index < row.itemCount, opening.isErased(index) { index += 1 }
            if index >= row.itemCount { return add(row.number, "@\(row.subject) has a result too many") }
            opening.expect(index) { $0.add(result, salt: $1) }
            index += 1
        }
        while index < row.itemCount, opening.isErased(index) { index += 1 }
        if index < row.itemCount { return add(row.number, "a result of @\(row.subject) is missing from the log") }
    }
}

/// The commitments of one row, with their salts.
private struct Opening {
    let row: AuditRow
    /// Slots before the first commitment.
    let front: Int
    let salts: Salts
    var opened = 0
    var erased = 0
    private(set) var wrong: String?
    private var checked: Set<Int> = []
    private var expected: [Int] = []
    private var texts = Commitments()

    init(row: AuditRow, front: Int, salts: [UInt8]) {
        self.row = row
        self.front = front
        self.salts = Salts(salts)
    }

    /// Notes what is wrong, if it is the first.
    mutating func fail(_ text: String) { wrong = wrong ?? text }

    /// Whether the clear text was erased on purpose: with its salt. Counts it.
    mutating func isErased(_ index: Int) -> Bool {
        if !salts.isErased(index) { return false }
        if checked.insert(index).inserted { erased += 1 }
        return true
    }

    /// Whether there should be a clear text that was not seen.
    mutating func isOpen(_ index: Int) -> Bool { !isErased(index) && !checked.contains(index) }

    /// Notes a clear text, to be compared with the commitment of that number when all of them are there.
    mutating func expect(_ index: Int, _ add: (inout Commitments, ArraySlice<UInt8>) -> Void) {
        checked.insert(index)
        opened += 1
        expected.append(index)
        add(&texts, salts[index])
    }

    /// Notes another text that the one before may have had.
    mutating func orExpect(_ index: Int, _ add: (inout Commitments, ArraySlice<UInt8>) -> Void) {
        expected.append(index)
        add(&texts, salts[index])
    }

    /// Compares what was expected.
    mutating func compare() {
        let digests = texts.digests
        var place = 0
        while place < expected.count, wrong == nil {
            let index = expected[place]
            var fits = false
            while place < expected.count, expected[place] == index {
                let start = place * AuditRow.hashSize
                if digests[start..<(start + AuditRow.hashSize)] == row.item(front + index) { fits = true }
                place += 1
            }
            if !fits { wrong = "does not fit its clear text, which was changed" }
        }
    }
}
