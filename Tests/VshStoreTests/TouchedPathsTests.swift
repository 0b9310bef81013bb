// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshCore
import XCTest

@testable import VshStore

/// Names of objects, each followed through renames: what `TouchedPaths` has to find out from records alone.
private final class Entry {
    var parent: Entry?
    var name: String
    let object: UInt64
    let isDirectory: Bool
    /// The name that it was linked from, and at which change.
    let source: Entry?
    let linkedAt: Int
    /// Its path when the operation began; nil: it is newer.
    var first: [UInt8]?
    var isThere = true
    var children: [String: Entry] = [:]
    /// Numbers of the changes that renamed it itself.
    var renames: [Int] = []

    init(
        _ parent: Entry?, _ name: String, _ object: UInt64, isDirectory: Bool, source: Entry? = nil, at number: Int = 0
    ) {
        self.parent = parent
        self.name = name
        self.object = object
        self.isDirectory = isDirectory
        self.source = source
        linkedAt = number
        parent?.children[name] = self
    }

    var path: [UInt8] { (parent?.path ?? []) + Array("/\(name)".utf8) }

    /// Where it is when all is done; nil: nowhere.
    var last: [UInt8]? { isThere ? path : nil }

    func isInside(_ other: Entry) -> Bool { self === other || parent?.isInside(other) ?? false }

    func remove() {
        isThere = false
        parent?.children[name] = nil
    }

    var state: NodeState {
        var state = NodeState()
        state.mode = isDirectory ? 0o040755 : 0o100644
        state.inode = object
        return state
    }
}

/// A file system with a history of random changes, recorded as an operation.
private struct Model {
    var random: Generator
    let top: Entry
    var objects: UInt64 = 1
    var changes: [ChangeRecord] = []
    /// The name that each change was made at, and the directory that it was in.
    var made: [(entry: Entry?, directory: Entry)] = []
    private let names = ["a", "b", "c", "d"]

    init(seed: UInt64) {
        random = Generator(state: seed)
        top = Entry(nil, "t", 1, isDirectory: true)
        top.first = top.path
        for _ in 0..<12 { _ = make(isDirectory: random.next() % 2 == 0, at: 0) }
        changes = []
        made = []
        func note(_ entry: Entry) {
            entry.first = entry.path
            for child in entry.children.values { note(child) }
        }
        note(top)
    }

    private mutating func pick<T>(_ list: [T]) -> T { list[Int(random.next() % UInt64(list.count))] }

    private mutating func place() -> (Entry, String) {
        var directory = top
        while random.next() % 2 == 0 {
            let inside = directory.children.values.filter(\.isDirectory).sorted { $0.name < $1.name }
            if inside.isEmpty { break }
            directory = pick(inside)
        }
        return (directory, pick(names))
    }

    private mutating func record(
        _ kind: ChangeKind, _ entry: Entry?, in directory: Entry, _ name: String, other: [UInt8] = [],
        location: [UInt8] = []
    ) {
        var change = ChangeRecord()
        change.kind = kind
        change.path = directory.path + Array("/\(name)".utf8)
        change.before = entry?.state ?? .absent
        change.other = other
        change.location = location
        changes.append(change)
        made.append((entry, directory))
    }

    private mutating func make(isDirectory: Bool, at number: Int) -> Bool {
        let (directory, name) = place()
        if directory.children[name] != nil { return false }
        objects += 1
        let entry = Entry(directory, name, objects, isDirectory: isDirectory)
        record(.created, nil, in: directory, name)
        made[made.count - 1].entry = entry
        return true
    }

    mutating func step() {
        let (directory, name) = place()
        let entry = directory.children[name]
        switch random.next() % 10 {
        case 0, 1: _ = make(isDirectory: random.next() % 2 == 0, at: changes.count)
        case 2:
            guard let entry, entry.children.isEmpty else { return }
            record(.removed, entry, in: directory, name)
            entry.remove()
        case 3, 4:
            guard let entry, !entry.isDirectory else { return }
            let (target, new) = place()
            if target.children[new] != nil { return }
            record(.created, nil, in: target, new, location: entry.path)
            made[made.count - 1].entry = Entry(
                target, new, entry.object, isDirectory: false, source: entry, at: changes.count - 1)
        case 5, 6:
            guard let entry else { return }
            record(entry.isDirectory ? .attributes : .content, entry, in: directory, name)
        default:
            guard let entry else { return }
            let (target, new) = place()
            let there = target.children[new]
            if target.isInside(entry) || there === entry { return }
            if let there {
                if there.isDirectory != entry.isDirectory || !there.children.isEmpty || there.object == entry.object {
                    return
                }
                record(.removed, there, in: target, new)
                there.remove()
            } else {
                record(.created, nil, in: target, new)
            }
            record(.moved, entry, in: directory, name, other: target.path + Array("/\(new)".utf8))
            entry.renames.append(changes.count - 1)
            directory.children[name] = nil
            (entry.parent, entry.name) = (target, new)
            target.children[new] = entry
        }
    }

    /// What `TouchedPaths` is to say: what was at each path before.
    var expected: [[UInt8]: NodeState] {
        var real: [[UInt8]: NodeState] = [:]
        var new: Set<[UInt8]> = []
        for (number, change) in changes.enumerated() {
            // A name that is only made here does not stand for anything before.
            let isMade = change.kind == .created
            let (entry, directory) = made[number]
            let isBefore = entry != nil && !isMade
            var chain: [Entry] = []
            var isRenamed = false
            if isBefore, var current = entry {
                var until = number
                chain.append(current)
                while true {
                    isRenamed = isRenamed || current.renames.contains { $0 < until }
                    guard current.first == nil, let source = current.source else { break }
                    isRenamed = true
                    until = current.linkedAt
                    current = source
                    chain.append(current)
                }
            }
            let name = Array(change.path[(change.path.lastIndex(of: 47) ?? 0)...])
            let lasting = directory.last.map { $0 + name }
            var path = change.path
            if isBefore, chain.last!.first == nil {
                new.insert(path)
            } else {
                if isRenamed {
                    path = chain.last!.first!
                } else if isBefore {
                    path = lasting ?? chain.last!.first!
                } else {
                    path = []
                }
                if isBefore, real[path] == nil { real[path] = change.before }
            }
            new.formUnion(chain.compactMap(\.last))
            if change.kind == .moved { new.insert(change.other) }
        }
        for path in new where real[path] == nil { real[path] = .absent }
        return real
    }
}

private struct Generator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}

final class TouchedPathsTests: XCTestCase {
    private func change(
        _ kind: ChangeKind, _ path: String, inode: UInt64 = 0, other: String = "", location: String = ""
    )
        -> ChangeRecord
    {
        var change = ChangeRecord()
        change.kind = kind
        change.path = Array(path.utf8)
        if inode != 0 {
            change.before.mode = 0o100644
            change.before.inode = inode
        }
        change.other = Array(other.utf8)
        change.location = Array(location.utf8)
        return change
    }

    private func table(_ changes: [ChangeRecord]) -> [String: UInt64] {
        var found: [String: UInt64] = [:]
        for touched in TouchedPaths(changes).all {
            found[String(decoding: touched.path, as: UTF8.self)] = touched.before.inode
        }
        return found
    }

    func testAChangeUnderASecondNameIsOneOfTheFirst() {
        let changes = [
            change(.created, "/t/a", location: "/t/g"), change(.appended, "/t/a", inode: 5),
            change(.removed, "/t/a", inode: 5),
        ]
        XCTAssertEqual(table(changes), ["/t/a": 0, "/t/g": 5])
        XCTAssertTrue(TouchedPaths(changes).all.contains { $0.path == Array("/t/g".utf8) && $0.isWritten })
    }

    func testAChangeInADirectoryThatWasAwayIsOneOfItsLastingName() {
        let changes = [
            change(.created, "/t/e"), change(.moved, "/t/d", inode: 2, other: "/t/e"),
            change(.content, "/t/e/x", inode: 3),
            change(.moved, "/t/e", inode: 2, other: "/t/d"),
        ]
        XCTAssertEqual(table(changes), ["/t/d": 2, "/t/e": 0, "/t/d/x": 3])
    }

    func testNamesOfRandomHistories() {
        for seed in 1...4000 {
            var model = Model(seed: UInt64(seed))
            for _ in 0..<(4 + seed % 60) { model.step() }
            let touched = TouchedPaths(model.changes)
            let expected = model.expected
            for path in touched.all {
                guard let before = expected[path.path] else {
                    // Where nothing was renamed or linked, names that were made are listed too; so are those that it had for a while.
                    XCTAssertTrue(path.before.isAbsent, "seed \(seed): \(String(decoding: path.path, as: UTF8.self))")
                    continue
                }
                XCTAssertEqual(
                    path.before.inode, before.inode, "seed \(seed): \(String(decoding: path.path, as: UTF8.self))")
            }
            let found = Set(touched.all.map(\.path))
            for (path, _) in expected {
                XCTAssertTrue(found.contains(path), "seed \(seed): \(String(decoding: path, as: UTF8.self)) is missing")
            }
            for (key, index) in touched.index { XCTAssertEqual(touched.all[index].path, key) }
        }
    }

    /// However often a program renames, what names meant is found out in one go.
    func testManyRenamesEndSoon() {
        var changes = [change(.created, "/t/b")]
        for _ in 0..<10_000 {
            changes.append(change(.moved, "/t/a", inode: 7, other: "/t/b"))
            changes.append(change(.content, "/t/b", inode: 7))
            changes.append(change(.moved, "/t/b", inode: 7, other: "/t/a"))
        }
        let start = Seconds.now
        XCTAssertEqual(table(changes), ["/t/a": 7, "/t/b": 0])
        XCTAssertLessThan(Seconds.now - start, 20)
        // Through ever new names.
        changes = []
        for index in 0..<20_000 {
            changes.append(change(.created, "/t/\(index + 1)"))
            changes.append(change(.moved, "/t/\(index)", inode: 7, other: "/t/\(index + 1)"))
        }
        let found = table(changes)
        XCTAssertEqual(found["/t/0"], 7)
        XCTAssertEqual(found.count, 20_001)
        XCTAssertLessThan(Seconds.now - start, 40)
    }
}

private enum Seconds {
    /// Seconds.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
