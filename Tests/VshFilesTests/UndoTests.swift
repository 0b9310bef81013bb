// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase
import VshSystem
import XCTest

@testable import VshFiles
@testable import VshStore

final class UndoTests: XCTestCase {
    /// Runs a change, undoes and redoes it twice, and compares the tree each time.
    private func check(
        on place: String = "/tmp", stateOn: String? = nil, setUp: (Sandbox) throws -> Void,
        change: (Sandbox, FileSystem) throws -> Void, file: StaticString = #filePath, line: UInt = #line
    ) throws {
        let sandbox = Sandbox(on: place, stateOn: stateOn)
        sandbox.files.isRecording = false
        try setUp(sandbox)
        sandbox.files.isRecording = true
        let before = sandbox.snapshot()
        try sandbox.operation { try change(sandbox, $0) }
        let after = sandbox.snapshot()
        XCTAssertNotEqual(before, after, file: file, line: line)
        for round in 1...2 {
            let undone = try sandbox.undo()
            XCTAssertEqual(undone.entries.count, 1)
            assertSame(before, sandbox.snapshot(), "undo \(round)", file: file, line: line)
            XCTAssertEqual(try sandbox.redo().entries.count, 1)
            assertSame(after, sandbox.snapshot(), "redo \(round)", file: file, line: line)
        }
        _ = try sandbox.undo()
        assertSame(before, sandbox.snapshot(), "last undo", file: file, line: line)
    }

    func testCreateDirectoriesAndFiles() throws {
        try check { _ in
        } change: { sandbox, files in
            try files.makeDirectory(sandbox.path("d"))
            try files.makeDirectory(sandbox.path("d/e"))
            sandbox.write("d/e/f", "content")
            try files.symbolicLink(target: Text("nowhere"), at: sandbox.path("l"))
            try files.makeNode(sandbox.path("p"), mode: S_IFIFO | 0o640)
            try files.link(sandbox.path("d/e/f"), to: sandbox.path("h"))
        }
    }

    func testOverwriteAppendTruncate() throws {
        try check { sandbox in
            sandbox.write("small", "old")
            sandbox.write("big", String(repeating: "0123456789", count: 100_000))
            sandbox.write("log", "one\n")
            sandbox.write("biglog", String(repeating: "x", count: 300_000))
            sandbox.write("empty", "")
            chmod(sandbox.work + "/small", 0o4711)
            link(sandbox.work + "/small", sandbox.work + "/other")
        } change: { sandbox, _ in
            sandbox.write("small", "new content")
            sandbox.write("big", "x")
            sandbox.write("log", "two\n", append: true)
            sandbox.write("log", "three\n", append: true)
            sandbox.write("biglog", String(repeating: "y", count: 300_000), append: true)
            sandbox.write("empty", "no more")
        }
    }

    func testRemoveAndRemoveTree() throws {
        for (place, state) in [("/tmp", nil), ("/dev/shm", nil), ("/dev/shm", "/tmp"), ("/tmp", "/dev/shm")] {
            try check(on: place, stateOn: state) { sandbox in
                for name in ["t", "t/a", "t/a/b", "e"] { mkdir(sandbox.work + "/" + name, 0o755) }
                sandbox.write("t/f", "content")
                sandbox.write("t/a/b/g", String(repeating: "long", count: 10_000))
                symlink("f", sandbox.work + "/t/l")
                link(sandbox.work + "/t/f", sandbox.work + "/t/a/h")
                sandbox.write("f", "file")
                mkfifo(sandbox.work + "/p", 0o600)
                chmod(sandbox.work + "/e", 0o2750)
            } change: { sandbox, files in
                XCTAssertTrue(files.removeTree(sandbox.path("t")))
                try files.unlink(sandbox.path("f"))
                try files.unlink(sandbox.path("p"))
                try files.removeDirectory(sandbox.path("e"))
            }
        }
    }

    func testRenames() throws {
        try check { sandbox in
            for name in ["d", "d/e", "empty", "target"] { mkdir(sandbox.work + "/" + name, 0o755) }
            sandbox.write("a", "A")
            sandbox.write("b", "B")
            sandbox.write("d/e/f", "F")
        } change: { sandbox, files in
            try files.rename(sandbox.path("a"), to: sandbox.path("b"))
            try files.rename(sandbox.path("b"), to: sandbox.path("c"))
            sandbox.write("a", "new")
            try files.rename(sandbox.path("a"), to: sandbox.path("c"))
            try files.rename(sandbox.path("d"), to: sandbox.path("target"))
            sandbox.write("target/e/f", "changed")
            sandbox.write("target/new", "n")
            try files.rename(sandbox.path("target"), to: sandbox.path("empty"))
            try files.makeDirectory(sandbox.path("d"))
            sandbox.write("d/e", "e")
        }
    }

    func testAttributes() throws {
        try check { sandbox in
            mkdir(sandbox.work + "/d", 0o751)
            sandbox.write("f", "x")
            chmod(sandbox.work + "/f", 0o4755)
            Sandbox.run("setfattr -n user.note -v hello '\(sandbox.work)/f'; setfacl -m u:7:r '\(sandbox.work)/f'")
            symlink("f", sandbox.work + "/l")
        } change: { sandbox, files in
            try files.setMode(sandbox.path("d"), mode: 0o777)
            try files.setMode(sandbox.path("l"), mode: 0o600)
            try files.setOwner(sandbox.path("f"), owner: 7, group: 8)
            try files.setTimes(sandbox.path("f"), access: .now, modification: .at(seconds: 5, nanoseconds: 6))
            try files.setTimes(
                sandbox.path("l"), access: .now, modification: .at(seconds: 7, nanoseconds: 8), follow: false)
            try files.setAttribute(sandbox.path("f"), name: Text("user.more"), value: [1, 2, 0, 3])
            try files.setAttribute(sandbox.path("f"), name: Text("user.note"), value: nil)
        }
    }

    func testLinksToNothingAndThroughDirectories() throws {
        try check { sandbox in
            mkdir(sandbox.work + "/d", 0o755)
            symlink("d", sandbox.work + "/dl")
            symlink("d/made", sandbox.work + "/l")
            symlink("l", sandbox.work + "/ll")
        } change: { sandbox, _ in
            sandbox.write("ll", "through")
            sandbox.write("dl/x", "x")
            XCTAssertEqual(sandbox.read("d/made"), "through")
        }
    }

    func testWholeCreatedTreeGoesInOnePieceAndComesBack() throws {
        let sandbox = Sandbox()
        try sandbox.operation { files in
            try files.makeDirectory(sandbox.path("t"))
            for index in 0..<200 { sandbox.write("t/\(index)", "x") }
        }
        let inode = try FileStatus(sandbox.work + "/t/7").inode
        _ = try sandbox.undo()
        XCTAssertFalse(sandbox.exists("t"))
        _ = try sandbox.redo()
        XCTAssertEqual(try FileStatus(sandbox.work + "/t/7").inode, inode)
    }

    func testNothingIsWrittenWithoutAChange() throws {
        let sandbox = Sandbox()
        sandbox.operation { files in
            let fd = files.open(Text("/dev/null"), flags: O_WRONLY | O_TRUNC)
            XCTAssertGreaterThanOrEqual(fd, 0)
            close(fd)
            XCTAssertEqual(files.open(sandbox.path("missing"), flags: O_RDONLY), -ENOENT)
        }
        XCTAssertFalse(sandbox.hasState)
        XCTAssertThrowsError(try sandbox.undo())
        XCTAssertFalse(sandbox.hasState)
    }

    func testFailedCallsLeaveNothingToUndo() throws {
        let sandbox = Sandbox()
        sandbox.operation { _ in sandbox.write("f", "x") }
        try sandbox.operation("fails") { files in
            XCTAssertThrowsError(try files.makeDirectory(sandbox.path("f")))
            XCTAssertThrowsError(try files.makeDirectory(sandbox.path("no/d")))
            XCTAssertThrowsError(try files.removeDirectory(sandbox.path("f")))
            XCTAssertThrowsError(try files.rename(sandbox.path("f"), to: Text("/dev/shm/vsh-never/f")))
            XCTAssertThrowsError(try files.link(sandbox.path("f"), to: sandbox.path("no/f")))
        }
        let report = try sandbox.undo()
        XCTAssertNotEqual(report.entries.first?.operation.command, Array("fails".utf8))
        XCTAssertFalse(sandbox.exists("f"))
    }

    func testRefusalSkipAndForce() throws {
        for policy in [ConflictPolicy.refuse, .skip, .force] {
            let sandbox = Sandbox()
            sandbox.write("a", "1")
            sandbox.write("b", "2")
            sandbox.files.endOperation(status: 0)
            sandbox.operation { files in
                sandbox.write("a", "11")
                sandbox.write("b", "22")
            }
            Sandbox.run("echo outside > '\(sandbox.work)/a'")
            if policy == .refuse {
                XCTAssertThrowsError(try sandbox.undo()) { error in
                    guard case .conflicts(let list, _) = error as? UndoError else { return XCTFail("\(error)") }
                    XCTAssertEqual(list.map(\.path), [Array((sandbox.work + "/a").utf8)])
                }
                XCTAssertEqual(sandbox.read("b"), "22")
                XCTAssertEqual(sandbox.read("a"), "outside\n")
                continue
            }
            let before = sandbox.snapshot()
            _ = try sandbox.undo(policy: policy)
            XCTAssertEqual(sandbox.read("b"), "2")
            XCTAssertEqual(sandbox.read("a"), policy == .skip ? "outside\n" : "1")
            _ = try sandbox.redo()
            assertSame(before, sandbox.snapshot(), "\(policy): what was there is saved")
        }
    }

    func testTouchedButSameContentIsNoConflict() throws {
        let sandbox = Sandbox()
        sandbox.operation { _ in sandbox.write("f", "content") }
        Sandbox.run("touch -d 2001-01-01 '\(sandbox.work)/f'")
        _ = try sandbox.undo()
        XCTAssertFalse(sandbox.exists("f"))
    }

    func testNeighboursStay() throws {
        let sandbox = Sandbox()
        try sandbox.operation { try $0.makeDirectory(sandbox.path("d")) }
        Sandbox.run("echo mine > '\(sandbox.work)/d/mine'")
        XCTAssertThrowsError(try sandbox.undo())
        XCTAssertEqual(sandbox.read("d/mine"), "mine\n")
    }

    func testChangeInsideARestoredTreeStopsRedo() throws {
        let sandbox = Sandbox()
        Sandbox.run("mkdir -p '\(sandbox.work)/t/a'; echo x > '\(sandbox.work)/t/a/f'")
        sandbox.operation { XCTAssertTrue($0.removeTree(sandbox.path("t"))) }
        _ = try sandbox.undo()
        usleep(10_000)
        Sandbox.run("echo y > '\(sandbox.work)/t/a/f'")
        XCTAssertThrowsError(try sandbox.redo())
        XCTAssertEqual(sandbox.read("t/a/f"), "y\n")
    }

    func testAnotherShellAndLaterOperations() throws {
        let sandbox = Sandbox()
        sandbox.operation("first") { _ in sandbox.write("f", "1") }
        let other = sandbox.anotherShell()
        other.beginOperation(command: Text("second"))
        try other.rename(sandbox.path("f"), to: sandbox.path("g"))
        other.endOperation(status: 0)
        XCTAssertThrowsError(try sandbox.undo()) { error in
            guard case .conflicts(let list, _) = error as? UndoError else { return XCTFail("\(error)") }
            XCTAssertEqual(list.count, 1)
        }
        let third = sandbox.anotherShell()
        let report = try UndoEngine(third).undo()
        XCTAssertTrue(report.isOtherSession)
        XCTAssertEqual(report.entries.first?.operation.command, Array("second".utf8))
        XCTAssertEqual(sandbox.read("f"), "1")
        _ = try sandbox.undo()
        XCTAssertFalse(sandbox.exists("f"))
    }

    func testTransactions() throws {
        let sandbox = Sandbox()
        sandbox.operation { _ in sandbox.write("f", "0") }
        let start = sandbox.snapshot()
        _ = try sandbox.files.beginTransaction(name: Array("outer".utf8))
        sandbox.operation { _ in sandbox.write("f", "1") }
        let one = sandbox.snapshot()
        _ = try sandbox.files.beginTransaction(name: [])
        sandbox.operation { _ in sandbox.write("f", "2") }
        sandbox.operation { files in try? files.unlink(sandbox.path("f")) }
        _ = try UndoEngine(sandbox.files).rollback()
        assertSame(one, sandbox.snapshot(), "inner rollback")
        _ = try sandbox.redo()
        XCTAssertFalse(sandbox.exists("f"))
        _ = try sandbox.undo()
        assertSame(one, sandbox.snapshot(), "undo of the inner transaction")
        sandbox.operation { _ in sandbox.write("g", "g") }
        let end = sandbox.snapshot()
        _ = try UndoEngine(sandbox.files).commit()
        XCTAssertThrowsError(try UndoEngine(sandbox.files).commit())
        _ = try sandbox.undo()
        assertSame(start, sandbox.snapshot(), "undo of the commit")
        _ = try sandbox.redo()
        assertSame(end, sandbox.snapshot(), "redo of the commit")
    }

    func testUndoOfSinglePaths() throws {
        let sandbox = Sandbox()
        sandbox.operation { _ in
            sandbox.write("a", "1")
            sandbox.write("b", "1")
        }
        sandbox.operation { _ in
            sandbox.write("a", "2")
            sandbox.write("b", "2")
        }
        let before = sandbox.snapshot()
        _ = try UndoEngine(sandbox.files).undo(paths: [Array((sandbox.work + "/b").utf8)])
        XCTAssertEqual(sandbox.read("a"), "2")
        XCTAssertEqual(sandbox.read("b"), "1")
        _ = try sandbox.undo()
        assertSame(before, sandbox.snapshot())
        XCTAssertThrowsError(try UndoEngine(sandbox.files).undo(paths: [Array((sandbox.work + "/never").utf8)]))
    }

    func testOverTheCapIsSaidAndNotPretended() throws {
        let sandbox = Sandbox()
        sandbox.write("big", String(repeating: "x", count: 100_000))
        sandbox.files.endOperation(status: 0)
        sandbox.files.limits.file = 50_000
        sandbox.operation { _ in
            sandbox.write("big", "y")
            sandbox.write("new", "n")
        }
        XCTAssertEqual(
            sandbox.files.takeNotice().map { String(decoding: $0, as: UTF8.self) },
            "1 of 2 changes not undoable: big (100 kB, over the cap)")
        let report = try sandbox.undo()
        XCTAssertEqual(report.lost, [Array((sandbox.work + "/big").utf8)])
        XCTAssertFalse(sandbox.exists("new"))
        XCTAssertEqual(sandbox.read("big"), "y")
    }

    func testForkedSubshellsJoinTheOperation() throws {
        let sandbox = Sandbox()
        let before = sandbox.snapshot()
        sandbox.operation { files in
            for name in ["a", "b"] {
                files.willFork()
                let pid = Glibc.fork()
                if pid == 0 {
                    files.didFork(.sharedOperation)
                    sandbox.write(name, "child")
                    files.endOperation(status: 0)
                    _exit(0)
                }
                waitpid(pid, nil, 0)
            }
            sandbox.write("c", "parent")
        }
        let report = try sandbox.undo()
        XCTAssertEqual(report.entries.first?.changes, 3)
        assertSame(before, sandbox.snapshot())
    }

    func testBackgroundJobsAreOperationsOfTheirOwn() throws {
        let sandbox = Sandbox()
        sandbox.operation { files in
            sandbox.write("a", "parent")
            files.willFork()
            let pid = Glibc.fork()
            if pid == 0 {
                files.didFork(.ownOperation)
                sandbox.write("b", "child")
                files.endOperation(status: 0)
                _exit(0)
            }
            waitpid(pid, nil, 0)
        }
        _ = try sandbox.undo()
        XCTAssertTrue(sandbox.exists("a") != sandbox.exists("b"))
        _ = try sandbox.undo()
        XCTAssertFalse(sandbox.exists("a") || sandbox.exists("b"))
    }
}
