// SPDX-License-Identifier: MPL-2.0
import XCTest

@testable import VshCore

/// A machine that keeps the whole state after every event, to compare the history with.
private struct Model {
    /// Which entries are in effect, in order: a state. Entries of inner transactions stand in it too.
    var state: [OperationID] = []
    var done: [[OperationID]] = [[]]
    var undone: [[OperationID]] = [[]]
    var begun: [(id: OperationID, state: [OperationID])] = []
    /// The operations that a committed transaction stands for.
    var inside: [OperationID: [OperationID]] = [:]
    var rolledBack: Set<OperationID> = []

    func expand(_ id: OperationID) -> [OperationID] { inside[id] ?? [id] }

    mutating func operation(_ id: OperationID) {
        state.append(id)
        done[done.count - 1].append(id)
        undone[undone.count - 1] = []
    }
    mutating func undo() -> OperationID {
        let id = done[done.count - 1].removeLast()
        undone[undone.count - 1].append(id)
        state.removeLast(expand(id).count)
        return id
    }
    mutating func redo() -> OperationID {
        let id = undone[undone.count - 1].removeLast()
        // A transaction that was rolled back is new work when it comes into effect.
        if rolledBack.remove(id) != nil { undone[undone.count - 1] = [] }
        done[done.count - 1].append(id)
        state += expand(id)
        return id
    }
    mutating func begin(_ id: OperationID) {
        begun.append((id, state))
        done.append([])
        undone.append([])
    }
    mutating func commit() {
        let (id, _) = begun.removeLast()
        let children = done.removeLast()
        undone.removeLast()
        if children.isEmpty { return }
        inside[id] = children.flatMap { expand($0) }
        done[done.count - 1].append(id)
        undone[undone.count - 1] = []
    }
    mutating func rollback() {
        let (id, before) = begun.removeLast()
        let children = done.removeLast()
        undone.removeLast()
        state = before
        if children.isEmpty { return }
        inside[id] = children.flatMap { expand($0) }
        rolledBack.insert(id)
        undone[undone.count - 1].append(id)
    }
}

final class HistoryTests: XCTestCase {
    func testRandomRunsAgreeWithTheModel() throws {
        for seed in 1...60 {
            var random = Generator(seed: UInt64(seed))
            var (model, history) = (Model(), History())
            var next: OperationID = 0
            var operations = 0
            for _ in 0..<120 {
                next += UInt64(random.below(3) + 1)
                switch random.below(10) {
                case 0...3:
                    try history.apply(.operation(next))
                    model.operation(next)
                    operations += 1
                case 4, 5:
                    if let top = history.done.first {
                        XCTAssertEqual(model.undo(), top.id)
                        try history.apply(.undo(next, entry: top.id))
                    } else {
                        XCTAssertTrue(model.done.last!.isEmpty)
                    }
                case 6, 7:
                    if let top = history.redoable.first {
                        XCTAssertEqual(model.redo(), top.id)
                        try history.apply(.redo(next, entry: top.id))
                    } else {
                        XCTAssertTrue(model.undone.last!.isEmpty)
                    }
                case 8:
                    try history.apply(.begin(next))
                    model.begin(next)
                default:
                    if model.begun.isEmpty {
                        XCTAssertThrowsError(try history.apply(.commit(next)))
                        XCTAssertThrowsError(try history.apply(.rollback(next)))
                    } else if random.below(2) == 0 {
                        try history.apply(.commit(next))
                        model.commit()
                    } else {
                        try history.apply(.rollback(next))
                        model.rollback()
                    }
                }
                XCTAssertEqual(history.done.map(\.id), model.done.last!.reversed(), "seed \(seed)")
                XCTAssertEqual(history.redoable.map(\.id), model.undone.last!.reversed(), "seed \(seed)")
                XCTAssertEqual(history.transactions, model.begun.map(\.id))
                let here = history.entries.filter { $0.transaction == history.level && $0.state != .open }
                XCTAssertEqual(history.done.count + history.undone.count, here.count)
                let rebuilt = History(entries: history.entries.reversed())
                XCTAssertEqual(rebuilt.done, history.done)
                XCTAssertEqual(rebuilt.redoable, history.redoable)
                XCTAssertEqual(rebuilt.transactions, history.transactions)
                for entry in history.entries { XCTAssertEqual(history.entry(entry.id), entry) }
            }
            XCTAssertGreaterThan(operations, 0)
        }
    }

    func testUndoAndRedoAreInverse() throws {
        var history = History()
        for id in 1...5 { try history.apply(.operation(UInt64(id))) }
        let before = history.done.map(\.id)
        try history.apply(.undo(6, entry: 5))
        XCTAssertEqual(history.entry(5)?.effective, [6])
        try history.apply(.redo(7, entry: 5))
        XCTAssertEqual(history.done.map(\.id), before)
        XCTAssertEqual(history.redoable, [])
        XCTAssertEqual(history.entry(5)?.effective, [7])
        XCTAssertThrowsError(try history.apply(.redo(8, entry: 5))) {
            XCTAssertEqual($0 as? HistoryError, .notUndone(5))
        }
        XCTAssertThrowsError(try history.apply(.undo(8, entry: 9))) {
            XCTAssertEqual($0 as? HistoryError, .unknownEntry(9))
        }
        XCTAssertThrowsError(try history.apply(.operation(7))) { XCTAssertEqual($0 as? HistoryError, .outOfOrder(7)) }
    }

    func testNewWorkAfterAnUndoStartsABranch() throws {
        var history = History()
        for id in 1...3 { try history.apply(.operation(UInt64(id))) }
        try history.apply(.undo(4, entry: 3))
        try history.apply(.undo(5, entry: 2))
        try history.apply(.operation(6))
        XCTAssertEqual(history.redoable, [])
        XCTAssertEqual(history.undone.map(\.id), [2, 3])
        XCTAssertEqual(history.entry(6)?.parent, 1)
        XCTAssertEqual(history.entry(3)?.parent, 2)
        XCTAssertEqual(history.done.map(\.id), [6, 1])
    }

    func testCommitIsOneEntryWithTheOperationsInEffect() throws {
        var history = History()
        try history.apply(.begin(1))
        try history.apply(.operation(2))
        try history.apply(.operation(3))
        try history.apply(.undo(4, entry: 3))
        try history.apply(.begin(5))
        try history.apply(.operation(6))
        try history.apply(.commit(7))
        try history.apply(.commit(8))
        XCTAssertEqual(history.done.map(\.id), [1])
        XCTAssertEqual(history.done.first?.effective, [2, 6])
        XCTAssertEqual(history.done.first?.position, 8)
    }
}

/// xorshift64*: the same numbers for the same seed on every machine.
struct Generator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
    mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % bound }
}
