// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem
import XCTest

@testable import VshInteractive

/// The history on disk: what Up, search and suggestions find, what is kept out, what is deleted.
final class HistoryStoreTests: XCTestCase {
    private var directory: [UInt8] = []

    override func setUpWithError() throws {
        directory = Array("/tmp/vsh-history-\(System.processID)-\(Clock.monotonic)".utf8)
        try System.makeDirectory(directory, mode: 0o700)
    }

    override func tearDown() {
        for name in SystemNames.entries(directory) { try? System.unlink(directory + [47] + name) }
        try? System.removeDirectory(directory)
    }

    private func store(session: Int64 = 1) -> HistoryStore {
        HistoryStore(path: directory + Array("/history.db".utf8), session: session, isKeptOut: Secrets.isIn)
    }

    private func add(_ store: HistoryStore, _ lines: String..., directory: String = "/home") {
        for line in lines {
            store.add(Array(line.utf8), directory: Array(directory.utf8), start: Clock.realTime)
            store.finish(duration: 5, status: 0, undoable: false)
        }
    }

    private func text(_ entry: HistoryEntry?) -> String? { entry.map { String(decoding: $0.command, as: UTF8.self) } }

    func testUpIsThisSessionFirstAndEachCommandOnce() {
        let (other, own) = (store(session: 2), store(session: 1))
        add(own, "one", "two", "one")
        add(other, "elsewhere", "two")
        var found: [String] = []
        var id: Int64?
        while let entry = own.entry(before: id, prefix: []) {
            found.append(text(entry)!)
            id = entry.id
        }
        XCTAssertEqual(found, ["one", "two", "elsewhere"])
        var back: [String] = []
        while let entry = own.entry(after: id!, prefix: []) {
            back.append(text(entry)!)
            id = entry.id
        }
        XCTAssertEqual(back, ["two", "one"])
    }

    func testPrefixesOfAnyBytes() {
        let own = store()
        own.add([101, 0xFF, 0xFF, 65], directory: [47], start: 1)
        own.add([102], directory: [47], start: 2)
        XCTAssertEqual(own.entry(before: nil, prefix: [101, 0xFF])?.command, [101, 0xFF, 0xFF, 65])
        XCTAssertNil(own.entry(before: nil, prefix: [0xFF]))
    }

    func testFileIsPrivateAndSharedByShells() throws {
        let (first, second) = (store(session: 1), store(session: 2))
        add(first, "from the first")
        XCTAssertEqual(text(second.entry(before: nil, prefix: [])), "from the first")
        XCTAssertEqual(try FileStatus(first.path).permissions, 0o600)
    }

    func testLeadingSpaceAndSecretsAreKeptOut() {
        let own = store()
        add(own, " spaced", "export TOKEN=abc", "visible")
        XCTAssertEqual(own.search([], filter: .global, limit: 10).map { text($0)! }, ["visible"])
    }

    func testSuggestionPrefersTheDirectoryAndPathsThatAreThere() throws {
        let own = store()
        let here = directory
        add(own, "make test", directory: String(decoding: here, as: UTF8.self))
        add(own, "make elsewhere", directory: "/")
        XCTAssertEqual(own.suggestion(for: Array("ma".utf8), directory: here), Array("make test".utf8))
        XCTAssertEqual(own.suggestion(for: Array("ma".utf8), directory: [47]), Array("make elsewhere".utf8))
        let file = here + Array("/gone".utf8)
        try FileDescriptor(file, [.writeOnly, .create]).close()
        let line = Array("cat ".utf8) + file
        own.add(line, directory: [47], start: 3)
        XCTAssertEqual(own.suggestion(for: Array("cat".utf8), directory: [47]), line)
        try System.unlink(file)
        own.rest()
        XCTAssertNil(own.suggestion(for: Array("cat".utf8), directory: [47]))
    }

    func testSearchInAnyCaseAndByFilter() {
        let (own, other) = (store(session: 1), store(session: 2))
        add(own, "git Log", "ls")
        add(other, "git status", directory: "/other")
        XCTAssertEqual(own.search(Array("log".utf8), filter: .global, limit: 9).map { text($0)! }, ["git Log"])
        XCTAssertEqual(own.search(Array("LOG".utf8), filter: .global, limit: 9).count, 0)
        XCTAssertEqual(own.search(Array("git".utf8), filter: .session, limit: 9).map { text($0)! }, ["git Log"])
        own.workingDirectory = { Array("/other".utf8) }
        XCTAssertEqual(own.search(Array("git".utf8), filter: .directory, limit: 9).map { text($0)! }, ["git status"])
    }

    func testDeleteAndRedactLeaveNothingInTheFile() throws {
        let own = store()
        add(own, "keep me", "drop hunter2 now", "echo hunter2")
        XCTAssertEqual(own.remove(.containing(Array("drop".utf8))), 1)
        XCTAssertEqual(own.redact(Array("hunter2".utf8)), 1)
        XCTAssertEqual(own.search([], filter: .global, limit: 9).map { text($0)! }, ["echo ***", "keep me"])
        own.rest()
        for name in SystemNames.entries(directory) {
            let bytes = SystemNames.contents(directory + [47] + name) ?? []
            let needle = Array("hunter2".utf8)
            let found = bytes.withUnsafeBufferPointer { all in
                needle.withUnsafeBufferPointer { ByteSearch.first($0, in: all) }
            }
            XCTAssertNil(found, "in \(String(decoding: name, as: UTF8.self))")
        }
    }

    func testImportIsOrderedByTimeAndDoneOnce() {
        let own = store()
        add(own, "now")
        let lines = HistoryImport.read(Array("#1500000001\nsecond\n#1500000000\nfirst\n".utf8))
        XCTAssertEqual(own.enter(lines), 2)
        XCTAssertEqual(own.enter(lines), 0)
        XCTAssertEqual(
            own.older(than: nil, limit: 10).map { String(decoding: $0.command, as: UTF8.self) },
            ["first", "second", "now"])
    }

    func testStatusDurationAndOperation() {
        var newest: UInt64 = 7
        let own = HistoryStore(
            path: directory + Array("/history.db".utf8), session: 1, newestOperation: { newest })
        own.add(Array("rm x".utf8), directory: [47], start: 9)
        newest = 8
        own.finish(duration: 1234, status: 3, undoable: true)
        let entry = own.entry(before: nil, prefix: [])
        XCTAssertEqual(entry?.status, 3)
        XCTAssertEqual(entry?.duration, 1234)
        XCTAssertEqual(entry?.undoable, true)
    }

    func testNothingWaitsForAnotherShellThatWrites() throws {
        let own = store()
        add(own, "before")
        let other = try HistoryDatabase.open(directory + Array("/history.db".utf8), patience: 0)
        try other.run("BEGIN IMMEDIATE")
        let start = Clock.monotonic
        for number in 0..<100 { add(own, "echo \(number % 3)") }
        XCTAssertLessThan(Clock.monotonic - start, 5_000_000_000, "100 lines wait")
        var found: [String] = []
        var id: Int64?
        while let entry = own.entry(before: id, prefix: []) {
            found.append(text(entry)!)
            id = entry.id
        }
        XCTAssertEqual(found, ["echo 0", "echo 2", "echo 1", "before"])
        var back: [String] = []
        while let entry = own.entry(after: id!, prefix: []) {
            back.append(text(entry)!)
            id = entry.id
        }
        XCTAssertEqual(back, ["echo 1", "echo 2", "echo 0"])
        try other.run("ROLLBACK")
        XCTAssertTrue(own.flush(patience: 1000))
        XCTAssertEqual(own.older(than: nil, limit: 1000).count, 101)
        XCTAssertEqual(own.entry(before: nil, prefix: [])?.duration, 5)
    }

    /// Lookups at 100,000 entries: a few milliseconds in this unoptimized build, below two in the shell.
    func testLookupsInALargeHistory() throws {
        let own = store(session: 5)
        var lines: [HistoryImport.Line] = []
        for number in 0..<100_000 {
            lines.append(
                HistoryImport.Line(
                    command: Array("command\(number % 30_000) --option \(number) file\(number % 77)".utf8),
                    start: Int64(number) * 1_000_000_000 + 1_500_000_000_000_000_000))
        }
        XCTAssertEqual(own.enter(lines), 100_000)
        add(own, "mine")
        var slowest: [String: Int64] = [:]
        // Of the processor, which other processes do not make longer.
        func time() -> Int64 {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        }
        func measure(_ name: String, _ body: () -> Void) {
            body()
            for _ in 0..<20 {
                let start = time()
                body()
                slowest[name] = max(slowest[name] ?? 0, time() - start)
            }
        }
        measure("up") { _ = own.entry(before: nil, prefix: []) }
        measure("prefix, near") { _ = own.entry(before: nil, prefix: Array("comm".utf8)) }
        measure("prefix, none") { _ = own.entry(before: nil, prefix: Array("nothing".utf8)) }
        measure("suggestion") {
            own.rest()
            _ = own.suggestion(for: Array("command1".utf8), directory: [47])
        }
        measure("suggestion, none") {
            own.rest()
            _ = own.suggestion(for: Array("zzz".utf8), directory: [47])
        }
        measure("search, near") { _ = own.search(Array("file7".utf8), filter: .global, limit: 50) }
        measure("search, again, none") { _ = own.search(Array("no such text".utf8), filter: .global, limit: 50) }
        if let path = ProcessInfo.processInfo.environment["VSH_FIGURES"] {
            let lines = slowest.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value / 1000) µs\n" }.joined()
            try? lines.write(toFile: path, atomically: false, encoding: .utf8)
        }
        for (name, time) in slowest.sorted(by: { $0.key < $1.key }) {
            XCTAssertLessThan(time, 60_000_000, "\(name): \(time / 1000) µs")
        }
    }
}

final class SecretsTests: XCTestCase {
    func testWhatLooksLikeASecret() {
        for line in [
            "export GITHUB_TOKEN=abc", "DB_PASSWORD='x y' ./run", "curl -H 'Authorization: Bearer abc123' http://x",
            "mysql --password=hunter2", "tool --api-key abcdef", "git clone https://me:pw@host/x.git",
            "echo ghp_abcdefghijklmnopqrstuvwxyz0123", "aws configure set aws_secret_access_key=AbCd",
            "docker login -u me --password hunter2", "PGPASSWORD=x psql", "echo AKIAABCDEFGHIJKLMNOP",
        ] {
            XCTAssertTrue(Secrets.isIn(Array(line.utf8)), line)
        }
    }

    func testWhatDoesNot() {
        for line in [
            "export TOKEN=$OTHER", "mysql --password", "echo password", "git clone https://host/x.git", "ls -la",
            "tokenize=1 x", "grep -r token .", "curl -u $USER:$PASS http://x", "pass show mail", "cat password.txt",
            "vim /etc/passwd", "ssh-keygen -t ed25519", "--password-file=/run/secret x", "TOKEN= x",
        ] {
            XCTAssertFalse(Secrets.isIn(Array(line.utf8)), line)
        }
    }
}

final class HistoryImportTests: XCTestCase {
    private func commands(_ text: String) -> [String] {
        HistoryImport.read(Array(text.utf8)).map { String(decoding: $0.command, as: UTF8.self) }
    }

    func testBash() {
        XCTAssertEqual(commands("ls\ncd x\n"), ["ls", "cd x"])
        let timed = HistoryImport.read(Array("#1600000000\nfor i in 1\ndo :\ndone\n#1600000005\nls\n".utf8))
        XCTAssertEqual(timed.count, 2)
        XCTAssertEqual(timed[0].command, Array("for i in 1\ndo :\ndone".utf8))
        XCTAssertEqual(timed[1].start, 1_600_000_005_000_000_000)
    }

    func testZsh() {
        let lines = HistoryImport.read(Array(": 1600000000:7;echo a\\\nb\n: 1600000001:0;ls\n".utf8))
        XCTAssertEqual(lines.map(\.command), [Array("echo a\nb".utf8), Array("ls".utf8)])
        XCTAssertEqual(lines[0].duration, 7_000_000_000)
        // é is written with its second byte, 0xA9, behind 0x83.
        let meta = HistoryImport.read(Array(": 1600000000:0;echo ".utf8) + [0xC3, 0x83, 0xA9 ^ 32, 10])
        XCTAssertEqual(meta[0].command, Array("echo é".utf8))
    }

    func testFish() {
        let lines = HistoryImport.read(
            Array("- cmd: a\\nb \\\\ c\n  when: 1600000000\n  paths:\n    - x\n- cmd: ls\n".utf8))
        XCTAssertEqual(lines.map(\.command), [Array("a\nb \\ c".utf8), Array("ls".utf8)])
        XCTAssertEqual(lines[0].start, 1_600_000_000_000_000_000)
    }
}
