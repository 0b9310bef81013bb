// SPDX-License-Identifier: MPL-2.0
import Glibc
import XCTest

@testable import VshSystem

/// Depth of a recursion that the optimiser cannot flatten.
@inline(never)
private func descend(_ depth: Int, _ margin: Int) -> Int {
    if Stack.left < margin { return depth }
    var room: (Int, Int, Int, Int) = (depth, 1, 2, 3)
    let result = withUnsafePointer(to: &room) { descend($0.pointee.0 + 1, margin) }
    return room.1 == 1 ? result : 0
}

final class ProcessTests: XCTestCase {
    func testErrnoMessages() {
        for number: Int32 in 1...133 {
            XCTAssertEqual(Errno(rawValue: number).message, String(cString: strerror(number)))
        }
        XCTAssertEqual(Errno(rawValue: 12345).message, String(cString: strerror(12345)))
        XCTAssertEqual(Errno.noEntry.message, "No such file or directory")
    }

    func testBigStack() throws {
        var result = 0
        let size = try withUnsafeMutablePointer(to: &result) { pointer in
            try Stack.run(size: 256 << 20, pointer) { context in
                let pointer = context!.assumingMemoryBound(to: Int.self)
                guard Stack.left > 1 << 20, let pid = try? System.fork() else {
                    // A child of fork has the same stack.
                    System.exit(descend(0, 1 << 20) > 100_000 ? 0 : 1)
                }
                let status = try? System.waitForeground(pid)?.status.shellStatus
                pointer.pointee = status == 0 ? descend(0, 1 << 20) : -1
            }
        }
        XCTAssertEqual(size, 256 << 20)
        XCTAssertGreaterThan(result, 100_000)
        XCTAssertGreaterThan(Stack.left, 1 << 40, "outside, no limit is known")
    }

    func testBigStackUnderALimit() throws {
        let status = try inChild {
            let limit = try ResourceLimit(.addressSpace)
            try ResourceLimit(soft: 2 << 30, hard: limit.hard).apply(to: .addressSpace)
            let size = try Stack.run(size: 1 << 40, nil) { _ in }
            return size >= 8 << 20 && size < 2 << 30 ? 0 : 1
        }
        XCTAssertEqual(status.shellStatus, 0)
    }

    func testSpawnFromBigStack() throws {
        var status: Int32 = -1
        try withUnsafeMutablePointer(to: &status) { pointer in
            try Stack.run(size: 1 << 30, pointer) { context in
                let pid = try? System.spawn("/bin/sh", ["sh", "-c", "exit 3"].map(bytes))
                let child = pid.flatMap { try? System.waitForeground($0) }
                context!.assumingMemoryBound(to: Int32.self).pointee = child?.status.shellStatus ?? -2
            }
        }
        XCTAssertEqual(status, 3)
    }

    func testLimits() throws {
        for resource in ResourceLimit.Resource.allCases { XCTAssertNoThrow(try ResourceLimit(resource)) }
        let status = try inChild {
            var limit = try ResourceLimit(.openFiles)
            limit.soft = 50
            try limit.apply(to: .openFiles)
            guard try ResourceLimit(.openFiles) == limit else { return 1 }
            do {
                for _ in 0..<60 { _ = try System.open("/dev/null", .readOnly) }
                return 2
            } catch {
                return error as? Errno == .tooManyFiles ? 0 : 3
            }
        }
        XCTAssertEqual(status.shellStatus, 0)
        XCTAssertEqual(
            errno { () throws(Errno) in try ResourceLimit(soft: 2, hard: 1).apply(to: .core) }, .invalid)
    }

    func testClock() throws {
        let (start, real) = (Clock.monotonic, Clock.realTime)
        try Clock.sleep(nanoseconds: 2_000_000)
        XCTAssertGreaterThanOrEqual(Clock.monotonic - start, 2_000_000)
        XCTAssertGreaterThan(Clock.realTime - real, 1_000_000)
        XCTAssertLessThan(abs(Clock.realTime / 1_000_000_000 - Int64(Glibc.time(nil))), 3)
        let seconds = try Clock.seconds(year: 2024, month: 2, day: 29, hour: 13, minute: 14, second: 15, isUTC: true)
        XCTAssertEqual(seconds, 1_709_212_455)
        XCTAssertEqual(
            try Clock.seconds(year: 1969, month: 12, day: 31, hour: 23, minute: 59, second: 59, isUTC: true), -1)
        let local = try Clock.local(seconds)
        XCTAssertEqual(
            try Clock.seconds(
                year: local.year, month: local.month, day: local.day, hour: local.hour, minute: local.minute,
                second: local.second), seconds)
        XCTAssertEqual(local.weekday, 4)
        XCTAssertEqual(local.dayOfYear, 60)
    }

    func testUsers() throws {
        let line = bytes("lars:x:1000:100:Lars \u{ff},,,:/home/la rs:/bin/zsh")
        let user = try XCTUnwrap(UserEntry(line: line[...]))
        XCTAssertEqual(string(user.name), "lars")
        XCTAssertEqual(user.id, 1000)
        XCTAssertEqual(user.group, 100)
        XCTAssertEqual(string(user.home), "/home/la rs")
        XCTAssertEqual(string(user.shell), "/bin/zsh")
        for bad in [
            "", "lars", "lars:x:1000:100:g:/home", ":x:1:1::/:", "+::::::", "#a:x:1:1::/:", "a:x:-1:1::/:",
            "a:x::1::/:", "a:x:4294967296:1::/:", "a:x:1:1::/::extra",
        ] { XCTAssertNil(UserEntry(line: bytes(bad)[...]), bad) }
        XCTAssertEqual(UserEntry(line: bytes("a:x:4294967295:0:::")[...])?.id, UInt32.max)
        let group = try XCTUnwrap(GroupEntry(line: bytes("adm:x:4:a,b")[...]))
        XCTAssertEqual(string(group.name), "adm")
        XCTAssertEqual(group.id, 4)
        XCTAssertNil(GroupEntry(line: bytes("adm:x:4")[...]))

        XCTAssertEqual(UserDatabase.user(named: bytes("root"))?.id, 0)
        XCTAssertEqual(UserDatabase.user(id: 0).map { string($0.name) }, "root")
        XCTAssertEqual(UserDatabase.group(id: 0).map { string($0.name) }, "root")
        XCTAssertEqual(UserDatabase.group(named: bytes("root"))?.id, 0)
        for name in ["", "no-such-user", "-root", "root:x", "ro\not"] {
            XCTAssertNil(UserDatabase.user(named: bytes(name)), name)
        }
        XCTAssertNil(UserDatabase.user(id: 4_000_000_000))
        XCTAssertTrue(UserDatabase.localUsers().contains { $0.id == 0 })
    }

    func testGetent() throws {
        guard System.isAccessible("/usr/bin/getent", .execute) else { throw XCTSkip("no getent here") }
        let line = try XCTUnwrap(UserDatabase.getent("passwd", bytes("root")))
        XCTAssertEqual(
            UserDatabase.firstEntry(in: line, UserEntry.init(line:)) { $0.id == 0 }.map { string($0.name) }, "root")
        XCTAssertNil(UserDatabase.getent("passwd", bytes("no-such-user")))
        XCTAssertEqual(errno { () throws(Errno) in _ = try System.poll() }, .noChild)
    }

    func testIdentity() throws {
        XCTAssertEqual(System.processID, getpid())
        XCTAssertEqual(try System.systemName().system, bytes("Linux"))
        XCTAssertNotNil(System.startTime(of: System.processID))
        XCTAssertNil(System.startTime(of: 999_999_999))
        let text = try String(contentsOfFile: "/proc/\(getppid())/stat", encoding: .utf8)
        let fields = text[text.lastIndex(of: ")")!...].split(separator: " ")
        XCTAssertEqual(System.startTime(of: getppid()).map(String.init), String(fields[20]))
        let first = System.startTime(of: System.processID)
        let status = try inChild { System.startTime(of: System.processID)! >= first! ? 0 : 1 }
        XCTAssertEqual(status.shellStatus, 0)
        XCTAssertNotEqual(try System.random(count: 16), try System.random(count: 16))
        XCTAssertEqual(try System.random(count: 0), [])
        XCTAssertNotNil(System.environment)
        _ = try System.groups()
        XCTAssertEqual(try output(of: "nice").trimmingCharacters(in: .newlines), String(try System.nice()))
    }

    func testTerminal() throws {
        XCTAssertEqual(errno { () throws(Errno) in _ = try System.foregroundGroup(9999) }, .badDescriptor)
        let (controller, peer) = try System.openPseudoTerminal()
        let terminal = try FileDescriptor(peer, [.readWrite, .noControllingTerminal])
        XCTAssertTrue(System.isTerminal(terminal.rawValue))
        XCTAssertEqual(errno { () throws(Errno) in _ = try System.foregroundGroup(terminal.rawValue) }, .notTerminal)
        try System.setTerminalSize(controller, rows: 31, columns: 97)
        let size = try System.terminalSize(terminal.rawValue)
        XCTAssertEqual(size.rows, 31)
        XCTAssertEqual(size.columns, 97)
        let saved = try TerminalAttributes(terminal.rawValue)
        XCTAssertTrue(saved.isCanonical && saved.echoes)
        var raw = saved
        raw.isCanonical = false
        raw.echoes = false
        raw[control: 6] = 1
        try raw.apply(to: terminal.rawValue)
        let now = try TerminalAttributes(terminal.rawValue)
        XCTAssertFalse(now.isCanonical || now.echoes)
        XCTAssertTrue(now == raw)
        try saved.apply(to: terminal.rawValue)
        XCTAssertTrue(try TerminalAttributes(terminal.rawValue) == saved)
        try System.close(controller)
        let null = try FileDescriptor("/dev/null", .readOnly)
        XCTAssertFalse(System.isTerminal(null.rawValue))
    }
}
