// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshCore
import VshSystem
import XCTest

@testable import VshStore

final class JournalTests: XCTestCase {
    private var top = ""
    private var state = StateDirectory(path: [])

    override func setUp() {
        var template = Array("/tmp/vsh-store-XXXXXX".utf8CString)
        top = String(cString: mkdtemp(&template))
        state = StateDirectory(path: Array((top + "/state/vsh").utf8))
    }

    override func tearDown() { _ = system("rm -rf '\(top)'") }

    private func control() throws -> Control { try Control(state, highest: { (0, 0) }) }

    private func journal(_ control: Control) throws -> Journal {
        try Journal(
            state, control: control, session: 1, owner: getpid(), shell: (getpid(), System.startTime(of: getpid()) ?? 0)
        )
    }

    private func header(_ id: OperationID) -> OperationRecord {
        var record = OperationRecord()
        record.id = id
        record.session = 1
        record.command = Array("text".utf8)
        return record
    }

    @discardableResult
    private func created(_ journal: Journal, _ id: OperationID, _ path: String) -> Int? {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        return Array(path.utf8).withUnsafeBytes {
            journal.appendChange(
                operation: id, kind: .created, preimage: .inRecord, reason: .none, item: 0, before: .absent, path: $0,
                other: nothing, location: nothing, attributes: nothing, content: nothing)
        }
    }

    func testRecordsComeBackAcrossWindows() throws {
        let control = try control()
        let journal = try journal(control)
        XCTAssertNotNil(journal.append(header(7)))
        for index in 0..<40_000 { XCTAssertNotNil(created(journal, 7, "/some/where/\(index)")) }
        let operations = try XCTUnwrap(journal.bytes(from: JournalLayout.headerSize)).operations()
        XCTAssertEqual(operations.count, 1)
        XCTAssertEqual(operations[0].changes.count, 40_000)
        XCTAssertEqual(operations[0].changes[39_999].path, Array("/some/where/39999".utf8))
        let fd = try FileDescriptor(journal.path, .readWrite)
        let file = try XCTUnwrap(JournalFile(number: journal.number, path: journal.path, fd: fd.rawValue))
        XCTAssertEqual(file.bytes.operations().first?.changes.count, 40_000)
        XCTAssertEqual(file.sighting, JournalSighting(ownerIsAlive: true, isUnlocked: false))
    }

    func testDamagedRecordsAreSkipped() throws {
        let control = try control()
        let journal = try journal(control)
        _ = journal.append(header(7))
        var offsets: [Int] = []
        for index in 0..<50 { offsets.append(created(journal, 7, "/p/\(index)")!) }
        let fd = try FileDescriptor(journal.path, .readWrite)
        // One byte within, a size of nonsense, and a reserved place that was never written.
        for (offset, bytes) in [
            (offsets[10] + 30, [UInt8(0xff)]), (offsets[20], [0xf8, 0xff, 0xff, 0xff]), (offsets[30], [0, 0, 0, 0]),
        ] {
            _ = try bytes.withUnsafeBytes { try System.write(fd.rawValue, $0, offset: Int64(offset)) }
        }
        let operations = try XCTUnwrap(journal.bytes(from: JournalLayout.headerSize)).operations()
        let expected = (0..<50).filter { ![10, 20, 30].contains($0) }.map { Array("/p/\($0)".utf8) }
        XCTAssertEqual(operations.first?.changes.map(\.path), expected)
    }

    func testVoidTakesAChangeBack() throws {
        let control = try control()
        let journal = try journal(control)
        _ = journal.append(header(7))
        let offset = try XCTUnwrap(created(journal, 7, "/a"))
        created(journal, 7, "/b")
        _ = journal.appendVoid(offset, operation: 7)
        let operations = try XCTUnwrap(journal.bytes(from: JournalLayout.headerSize)).operations()
        XCTAssertEqual(operations.first?.changes.map(\.path), [Array("/b".utf8)])
    }

    func testSeveralProcessesAppendAtOnce() throws {
        let control = try control()
        let journal = try journal(control)
        _ = journal.append(header(7))
        var children: [pid_t] = []
        for child in 0..<4 {
            let pid = Glibc.fork()
            if pid == 0 {
                for index in 0..<3000 { created(journal, 7, "/\(child)/\(index)") }
                _exit(0)
            }
            children.append(pid)
        }
        for pid in children { waitpid(pid, nil, 0) }
        let operations = try XCTUnwrap(journal.bytes(from: JournalLayout.headerSize)).operations()
        XCTAssertEqual(operations.first?.changes.count, 12_000)
        XCTAssertEqual(Set(operations.first?.changes.map(\.path) ?? []).count, 12_000)
    }

    func testNumbersAreUniqueAcrossProcesses() throws {
        let control = try control()
        var pids: [pid_t] = []
        for _ in 0..<4 {
            let pid = Glibc.fork()
            if pid == 0 {
                for _ in 0..<1000 { _ = control.nextNumber() }
                _exit(0)
            }
            pids.append(pid)
        }
        for pid in pids { waitpid(pid, nil, 0) }
        XCTAssertEqual(control.nextNumber(), 4001)
        XCTAssertEqual(try self.control().nextNumber(), 4002)
    }

    func testImportDrainsDeadJournalsAndLeavesLivingOnes() throws {
        let control = try control()
        let pid = Glibc.fork()
        if pid == 0 {
            // A finished operation, an unfinished one, and death.
            let journal = try! self.journal(control)
            _ = journal.append(header(10))
            created(journal, 10, "\(top)/a")
            var result = ResultRecord()
            result.path = Array("\(top)/a".utf8)
            _ = journal.append(result, operation: 10)
            var end = EndRecord()
            end.changes = 1
            _ = journal.append(end, operation: 10)
            _ = journal.append(header(11))
            created(journal, 11, "\(top)/b")
            _ = system("echo x > '\(top)/b'")
            kill(getpid(), SIGKILL)
        }
        waitpid(pid, nil, 0)
        let living = try journal(control)
        _ = living.append(header(12))
        created(living, 12, "\(top)/c")
        for _ in 0..<2 {
            let log = try OperationLog(state)
            try log.importJournals(state)
            let operations = try log.operations(OperationLog.Query())
            XCTAssertEqual(operations.map(\.id), [11, 10])
            XCTAssertEqual(operations.map(\.outcome), [.interrupted, .finished])
            XCTAssertEqual(try log.results(of: 11).map(\.after.size), [2])
        }
        XCTAssertNil(try? FileStatus(state.journal(1)))
        XCTAssertNotNil(try? FileStatus(living.path))
    }

    func testRowsCannotBeChanged() throws {
        let log = try { () throws -> OperationLog in
            try self.state.create()
            return try OperationLog(self.state)
        }()
        try log.database.run("INSERT INTO states VALUES(1, 1, 0, 1, 1, x'')")
        XCTAssertThrowsError(try log.database.run("UPDATE states SET state = 1"))
        XCTAssertThrowsError(try log.database.run("DELETE FROM states"))
    }
}
