// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshCore
import VshSystem
import XCTest

@testable import VshStore

final class AuditTests: XCTestCase {
    private var top = ""
    private var state = StateDirectory(path: [])

    override func setUp() {
        var template = Array("/tmp/vsh-audit-XXXXXX".utf8CString)
        top = String(cString: mkdtemp(&template))
        state = StateDirectory(path: Array((top + "/state/vsh").utf8))
    }

    override func tearDown() { _ = system("rm -rf '\(top)'") }

    /// A log with three operations of an ended shell, and a refusal.
    private func filled() throws -> OperationLog {
        let control = try Control(state, highest: { (0, 0) })
        do {
            let journal = try Journal(
                state, control: control, session: 1, owner: getpid(),
                shell: (getpid(), System.startTime(of: getpid()) ?? 0))
            for id in UInt64(1)...3 {
                var record = OperationRecord()
                record.id = id
                record.session = 1
                record.command = Array("command \(id)".utf8)
                _ = journal.append(record)
                let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                _ = Array("/path/\(id)".utf8).withUnsafeBytes {
                    journal.appendChange(
                        operation: id, kind: .created, preimage: .inRecord, reason: .none, item: 0, before: .absent,
                        path: $0, other: nothing, location: nothing, attributes: nothing, content: nothing)
                }
                var end = EndRecord()
                end.outcome = .finished
                end.changes = 1
                _ = journal.append(end, operation: id)
            }
            var refusal = RefusalRecord()
            refusal.action = Array("open".utf8)
            refusal.path = Array("/etc/motd".utf8)
            _ = journal.append(refusal)
        }
        let log = try OperationLog(state)
        _ = try log.importJournals(state)
        return log
    }

    private func rows(_ log: OperationLog) throws -> [AuditRow] {
        var found: [AuditRow] = []
        try log.forEachAuditRow(from: 0) { row in
            found.append(row)
            return true
        }
        return found
    }

    /// A shell that has the log open while a later vsh migrates it adds nothing that the later one would miss.
    func testNothingIsAddedToALogThatWasMigratedMeanwhile() throws {
        let control = try Control(state, highest: { (0, 0) })
        let journal = try Journal(
            state, control: control, session: 1, owner: getpid(), shell: (getpid(), System.startTime(of: getpid()) ?? 0)
        )
        var record = OperationRecord()
        record.id = 1
        record.session = 1
        record.kind = .begin
        _ = journal.append(record)
        _ = journal.append(EndRecord(), operation: 1)
        let log = try OperationLog(state)
        try OperationLog(state).database.run("PRAGMA user_version=4")
        XCTAssertThrowsError(try log.importJournals(state)) { error in
            guard case .newer = (error as? StoreError)?.code else { return XCTFail("\(error)") }
        }
        try log.database.run("PRAGMA user_version=3")
        _ = try log.importJournals(state)
        XCTAssertEqual(try rows(log).map(\.subject), [0, 1])
    }

    /// The value is that of another program: hashlib's sha256 of the hash before, fifteen `>q` and the items.
    func testDigestIsWhatTheManualSays() {
        var row = AuditRow()
        row.number = 3
        row.type = AuditType(rawValue: 2)
        row.subject = 7
        row.session = 1
        row.process = 42
        row.user = 1000
        row.began = 5
        row.ended = -1
        row.outcome = 0
        row.status = 1
        row.changes = 2
        row.missing = 1
        row.target = 6
        row.transaction = 4
        row.records = 9
        row.items = [UInt8](repeating: 1, count: 32) + [UInt8](repeating: 2, count: 32)
        XCTAssertEqual(
            hex(row.digest(after: (0..<32).map { UInt8($0) })),
            "0447db05fc1b3021ecb1ead71b39d8ce5b3fa2a04421b31bd526f2192143d1fa")
        XCTAssertEqual(row.itemCount, 2)
        XCTAssertEqual(Array(row.item(1)), [UInt8](repeating: 2, count: 32))
        XCTAssertEqual(row.item(2), [])
    }

    func testEveryColumnIsInTheDigest() {
        let row = AuditRow()
        let before = [UInt8](repeating: 0, count: 32)
        let columns: [WritableKeyPath<AuditRow, Int64>] = [
            \.number, \.process, \.user, \.began, \.ended, \.outcome, \.status, \.changes, \.missing, \.records,
        ]
        var digests: Set<[UInt8]> = [row.digest(after: before)]
        for column in columns {
            var other = row
            other[keyPath: column] = 5
            digests.insert(other.digest(after: before))
        }
        for column: WritableKeyPath<AuditRow, UInt64> in [\.subject, \.session, \.target, \.transaction] {
            var other = row
            other[keyPath: column] = 5
            digests.insert(other.digest(after: before))
        }
        XCTAssertEqual(digests.count, 15)
    }

    func testHeadsAreReadBack() throws {
        let hash = (0..<32).map { UInt8($0 * 7) }
        let head = AuditHead(number: 57, hash: hash)
        XCTAssertEqual(AuditHead(Array(head.text.utf8)[...]), head)
        XCTAssertEqual(AuditHead(Array(head.text.uppercased().utf8)[...]), head)
        for text in [
            "", "57", "57:", ":" + hex(hash), "-1:" + hex(hash), "57:" + hex(hash) + "0",
            "57:" + hex(hash).dropLast() + "g",
        ] {
            XCTAssertNil(AuditHead(Array(text.utf8)[...]), text)
        }
    }

    func testTypesHaveNames() {
        let names = (0..<12).map { AuditType(rawValue: $0).name }
        XCTAssertEqual(Set(names).count, 12)
        XCTAssertFalse(names.contains { $0.hasPrefix("type-") })
        XCTAssertEqual(AuditType(.undo).operation, .undo)
        XCTAssertNil(AuditType.refusal.operation)
        XCTAssertEqual(AuditType(rawValue: 77).name, "type-77")
    }

    func testCommitmentsTellTextsAndSaltsApart() {
        let salt = [UInt8](repeating: 9, count: 16)
        var items = Commitments()
        items.add(directory: Array("/a".utf8), command: Array("b".utf8), salt: salt[...])
        items.add(directory: Array("/".utf8), command: Array("ab".utf8), salt: salt[...])
        items.add(directory: Array("/a".utf8), command: Array("b".utf8), salt: (salt.dropLast() + [8])[...])
        items.add(directory: Array("/a".utf8), command: Array("b".utf8), salt: salt[...])
        let digests = (0..<4).map { Array(items.digests[($0 * 32)..<($0 * 32 + 32)]) }
        XCTAssertEqual(Set(digests).count, 3)
        XCTAssertEqual(digests[0], digests[3])
        // Fields behind their counts of 32 bits, the low byte first.
        let clear = salt + [2, 0, 0, 0] + Array("/a".utf8) + [1, 0, 0, 0] + Array("b".utf8)
        XCTAssertEqual(digests[0], SHA256.digest(clear))
    }

    func testJournalsBecomeAChain() throws {
        let log = try filled()
        let rows = try rows(log)
        guard rows.count == 5 else { return XCTFail("\(rows.map(\.type.name))") }
        XCTAssertEqual(rows.map(\.type.name), ["start", "command", "command", "command", "refusal"])
        var before = [UInt8](repeating: 0, count: 32)
        for (number, row) in rows.enumerated() {
            XCTAssertEqual(row.number, Int64(number))
            XCTAssertEqual(row.hash, row.digest(after: before))
            before = row.hash
        }
        XCTAssertEqual(try log.auditHead(), AuditHead(rows[4]))
        let report = try log.verifyAudit(state, expected: AuditHead(rows[2]))
        XCTAssertEqual(report.findings.map(\.text), [])
        XCTAssertEqual(report.rows, 5)
    }

    func testGuardsRefuse() throws {
        let log = try filled()
        XCTAssertThrowsError(try log.database.run("UPDATE audit SET status = 9 WHERE number = 2"))
        XCTAssertThrowsError(try log.database.run("DELETE FROM audit WHERE number = 4"))
        XCTAssertEqual(try log.verifyAudit(state, expected: nil).findings.map(\.text), [])
    }

    func testFirstBadRowIsNamed() throws {
        let log = try filled()
        try log.database.run("DROP TRIGGER audit_keep")
        try log.database.run("UPDATE audit SET status = 9 WHERE number = 2")
        XCTAssertEqual(try log.verifyAudit(state, expected: nil).findings.compactMap(\.row).first, 2)
    }

    func testForeignHeadIsNotInTheChain() throws {
        let log = try filled()
        let other = AuditHead(number: 2, hash: [UInt8](repeating: 3, count: 32))
        XCTAssertFalse(try log.verifyAudit(state, expected: other).findings.isEmpty)
    }
}
