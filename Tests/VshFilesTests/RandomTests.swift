// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase
import VshSystem
import XCTest

@testable import VshFiles
@testable import VshStore

/// The same numbers for the same seed on every machine (xorshift64*).
struct Generator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func below(_ bound: Int) -> Int {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
    mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
}

/// Random file operations, made through a `FileSystem`.
struct RandomChanges {
    var random: Generator
    let top: String
    private let names: [[UInt8]] = [
        Array("a".utf8), Array("b".utf8), Array("c d".utf8), Array("new\nline".utf8), [0x78, 0xff, 0x80],
        Array("é".utf8),
        Array("-".utf8), Array("...".utf8),
    ]

    init(seed: UInt64, top: String) {
        random = Generator(seed: seed)
        self.top = top
    }

    /// A path up to three directories deep, which may or may not exist.
    mutating func path() -> Text {
        var bytes = Array(top.utf8)
        for _ in 0...random.below(3) { bytes += [47] + random.pick(names) }
        return Text(bytes)
    }

    /// One that exists, if there is any.
    mutating func existing() -> Text {
        var bytes = Array(top.utf8)
        for _ in 0..<4 {
            guard var reader = try? DirectoryReader(bytes, follow: false) else { break }
            var entries: [[UInt8]] = []
            while let entry = try? reader.next() { if !entry.isDot { entries.append(Array(entry.name)) } }
            if entries.isEmpty { break }
            entries.sort { $0.lexicographicallyPrecedes($1) }
            bytes += [47] + random.pick(entries)
            if random.below(2) == 0 { break }
        }
        return Text(bytes.count == top.utf8.count ? bytes + Array("/a".utf8) : bytes)
    }

    mutating func write(_ files: FileSystem, _ path: Text, _ flags: Int32) {
        let fd = files.open(path, flags: flags | O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK)
        if fd < 0 { return }
        let size = random.pick([0, 1, 10, 100, 5000, 9000, 20_000])
        let byte = UInt8(97 + random.below(26))
        _ = [UInt8](repeating: byte, count: size).withUnsafeBytes { Glibc.write(fd, $0.baseAddress, size) }
        close(fd)
    }

    mutating func change(_ files: FileSystem) {
        switch random.below(19) {
        case 0, 1, 2: try? files.makeDirectory(path(), mode: random.pick([0o777, 0o700, 0o750]))
        case 3, 4: write(files, path(), O_TRUNC)
        case 5: write(files, existing(), O_TRUNC)
        case 6: write(files, existing(), O_APPEND)
        case 7: write(files, path(), O_EXCL)
        case 8: try? files.unlink(existing())
        case 9: try? files.removeDirectory(existing())
        case 10: _ = files.removeTree(existing())
        case 11, 12: try? files.rename(existing(), to: random.below(2) == 0 ? path() : existing())
        case 13: try? files.link(existing(), to: path())
        case 14:
            let target = random.below(2) == 0 ? Text("a") : existing()
            try? files.symbolicLink(target: target, at: path())
        case 15: try? files.setMode(existing(), mode: UInt32(random.pick([0o755, 0o700, 0o4711, 0o644, 0o2770])))
        case 16:
            let seconds = Int64(1_000_000_000 + random.below(1000))
            try? files.setTimes(
                existing(), access: .now, modification: .at(seconds: seconds, nanoseconds: Int64(random.below(1000))),
                follow: random.below(2) == 0)
        case 17:
            try? files.setAttribute(
                existing(), name: Text("user.n\(random.below(2))"),
                value: random.below(3) == 0 ? nil : [UInt8(random.below(256))])
        default:
            switch random.below(3) {
            case 0: try? files.makeNode(path(), mode: S_IFIFO | 0o644)
            case 1: try? files.setOwner(existing(), owner: UInt32(random.below(3)), group: nil, follow: false)
            default: write(files, existing(), 0)
            }
        }
    }
}

final class RandomTests: XCTestCase {
    /// VSH_STEPS=1000 makes it the two thousand operations of a thorough run (some two minutes).
    func testOperationsWithUndoRedoAndTransactions() throws {
        let steps = ProcessInfoless.environment("VSH_STEPS") ?? 250
        for place in ["/tmp", "/dev/shm"] { try run(seed: 1, steps: steps, on: place, stateOn: nil) }
    }

    func testStateOnAnotherFileSystem() throws {
        try run(seed: 2, steps: 100, on: "/dev/shm", stateOn: "/tmp")
        try run(seed: 3, steps: 100, on: "/tmp", stateOn: "/dev/shm")
    }

    func testMoreSeeds() throws {
        let count = ProcessInfoless.environment("VSH_SEEDS") ?? 2
        for seed in 0..<count { try run(seed: UInt64(100 + seed), steps: 150, on: "/dev/shm", stateOn: nil) }
    }

    /// What the tree is to be after each undo and redo.
    private struct Level {
        /// Trees before and after each entry.
        var done: [(before: Snapshot, after: Snapshot)] = []
        var undone: [(before: Snapshot, after: Snapshot)] = []
        var begin: Snapshot
        var isRolledBack: [Bool] = []
    }

    func run(seed: UInt64, steps: Int, on place: String, stateOn: String?) throws {
        let sandbox = Sandbox(on: place, stateOn: stateOn)
        defer {
            if getenv("VSH_KEEP") != nil { Sandbox.run("rm -rf /tmp/kept; cp -a '\(sandbox.top)' /tmp/kept") }
        }
        var changes = RandomChanges(seed: seed, top: sandbox.work)
        var random = Generator(seed: seed &+ 77)
        var levels = [Level(begin: sandbox.snapshot())]
        var present = sandbox.snapshot()
        var counts = [0, 0, 0, 0]
        for step in 0..<steps {
            let label = "seed \(seed) on \(place), step \(step)"
            switch random.below(12) {
            case 0...5:
                sandbox.files.beginOperation(command: Text("step \(step)"))
                for _ in 0...random.below(6) { changes.change(sandbox.files) }
                sandbox.files.endOperation(status: 0)
                XCTAssertNil(sandbox.files.takeNotice())
                let now = sandbox.snapshot()
                // Failed calls, and those that set what was there, are no operation.
                var query = OperationLog.Query()
                query.entriesOnly = true
                query.limit = 1
                let newest = try? UndoEngine(sandbox.files).operations(query).first
                if newest?.command == Array("step \(step)".utf8) {
                    levels[levels.count - 1].done.append((present, now))
                    levels[levels.count - 1].undone = []
                    counts[0] += 1
                } else if !now.isSame(as: present, exceptDirectoryTimes: true) {
                    return XCTFail("\(label): not recorded\n\(present.differences(from: now))")
                }
                present = now
            case 6, 7:
                let count = 1 + random.below(3)
                if levels[levels.count - 1].done.isEmpty {
                    XCTAssertThrowsError(try sandbox.undo())
                    continue
                }
                do { _ = try sandbox.undo(count) } catch { return XCTFail("\(label): undo \(count): \(error)") }
                for _ in 0..<min(count, levels[levels.count - 1].done.count) {
                    var entry = levels[levels.count - 1].done.removeLast()
                    // Times of directories may have moved on without any operation.
                    entry.after = present
                    levels[levels.count - 1].undone.append(entry)
                    present = entry.before
                }
                counts[1] += 1
                let now = sandbox.snapshot()
                if now != present { return XCTFail("\(label): undo \(count)\n\(present.differences(from: now))") }
            case 8, 9:
                guard let entry = levels[levels.count - 1].undone.popLast() else {
                    XCTAssertThrowsError(try sandbox.redo())
                    continue
                }
                do { _ = try sandbox.redo() } catch { return XCTFail("\(label): redo: \(error)") }
                levels[levels.count - 1].done.append((present, entry.after))
                present = entry.after
                counts[2] += 1
                let now = sandbox.snapshot()
                if now != present { return XCTFail("\(label): redo\n\(present.differences(from: now))") }
            case 10:
                if levels.count < 4 {
                    _ = try sandbox.files.beginTransaction(name: [])
                    levels.append(Level(begin: present))
                }
            default:
                if levels.count == 1 { continue }
                let inner = levels.removeLast()
                // Operations that came to nothing may have touched the times of directories before the first entry.
                let begin = inner.done.first?.before ?? inner.begin
                counts[3] += 1
                if random.below(2) == 0 {
                    _ = try UndoEngine(sandbox.files).commit()
                    if inner.done.isEmpty { continue }
                    levels[levels.count - 1].done.append((begin, present))
                    levels[levels.count - 1].undone = []
                } else {
                    do { _ = try UndoEngine(sandbox.files).rollback() } catch {
                        return XCTFail("\(label): rollback: \(error)")
                    }
                    let now = sandbox.snapshot()
                    if !now.isSame(as: begin, exceptDirectoryTimes: inner.done.isEmpty) {
                        return XCTFail("\(label): rollback\n\(begin.differences(from: now))")
                    }
                    // What it took back can be redone; then it is new work, and the rest cannot any more.
                    if !inner.done.isEmpty { levels[levels.count - 1].undone = [(begin, present)] }
                    present = now
                }
            }
        }
        XCTAssertGreaterThan(counts.min() ?? 0, 0, "seed \(seed): \(counts)")
    }
}

enum ProcessInfoless {
    static func environment(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
}

extension RandomTests {
    /// One seed alone, to look at.
    func testOneSeed() throws {
        guard let seed = ProcessInfoless.environment("VSH_SEED") else { return }
        try run(seed: UInt64(seed), steps: 150, on: "/dev/shm", stateOn: nil)
    }
}
