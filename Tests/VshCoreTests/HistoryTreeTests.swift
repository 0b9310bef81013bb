// SPDX-License-Identifier: MPL-2.0
import XCTest

@testable import VshCore

final class HistoryTreeTests: XCTestCase {
    /// Random events on one level, with the whole sequence kept after every one.
    func testEveryPointIsKeptAndReached() {
        for seed in 1...80 {
            var random = Generator(seed: UInt64(seed))
            var events: [StateEvent] = []
            var sequence: [OperationID] = []
            var undone: [OperationID] = []
            var points: [(event: OperationID, sequence: [OperationID])] = []
            var parents: [OperationID: OperationID] = [:]
            var next: OperationID = 0
            for _ in 0..<60 {
                next += UInt64(random.below(3) + 1)
                switch random.below(5) {
                case 0, 1:
                    parents[next] = sequence.last ?? 0
                    sequence.append(next)
                    events.append(StateEvent(entry: next, state: .done, event: next))
                case 2:
                    guard let entry = sequence.popLast() else { continue }
                    undone.append(entry)
                    events.append(StateEvent(entry: entry, state: .undone, event: next))
                case 3:
                    // One that is not the last.
                    if sequence.isEmpty { continue }
                    let entry = sequence.remove(at: random.below(sequence.count))
                    undone.append(entry)
                    events.append(StateEvent(entry: entry, state: .undone, event: next))
                default:
                    guard let entry = undone.popLast() else { continue }
                    sequence.append(entry)
                    events.append(StateEvent(entry: entry, state: .done, event: next))
                }
                points.append((next, sequence))
            }
            // Events of other levels do not count.
            events.append(StateEvent(entry: next + 1, transaction: 7, state: .done, event: next + 1))
            let tree = HistoryTree(events: events)
            XCTAssertEqual(tree.sequence, sequence, "seed \(seed)")
            XCTAssertEqual(tree.head, sequence.last ?? 0)
            XCTAssertEqual(tree.nodes.filter(\.isDone).count + tree.nodes.filter { !$0.isDone }.count, parents.count)
            XCTAssertEqual(Set(tree.nodes.filter(\.isDone).map(\.id)), Set(sequence))
            XCTAssertEqual(Set(tree.nodes.filter { !$0.isDone }.map(\.id)), Set(undone))
            for node in tree.nodes {
                XCTAssertEqual(node.parent, parents[node.id])
                XCTAssertEqual(tree.sequence(at: node.event).last, node.id)
            }
            for (event, wanted) in points {
                XCTAssertTrue(tree.isPoint(event))
                XCTAssertEqual(tree.sequence(at: event), wanted)
                XCTAssertEqual(tree.head(at: event), wanted.last ?? 0)
                // The steps lead there.
                let steps = HistoryTree.steps(from: sequence, to: wanted)
                var here = Set(sequence)
                for entry in steps.undo { XCTAssertNotNil(here.remove(entry)) }
                for entry in steps.redo { XCTAssertTrue(here.insert(entry).inserted) }
                XCTAssertEqual(here, Set(wanted))
                XCTAssertEqual(steps.undo, sequence.reversed().filter { !wanted.contains($0) })
                XCTAssertEqual(steps.redo, wanted.filter { !sequence.contains($0) })
            }
            XCTAssertEqual(tree.sequence(at: 0), [])
            XCTAssertFalse(tree.isPoint(next + 1))
        }
    }

    func testTransactionsAreLevels() {
        let tree = HistoryTree(events: [
            StateEvent(entry: 1, state: .done, event: 1), StateEvent(entry: 2, state: .open, event: 2),
            StateEvent(entry: 3, transaction: 2, state: .done, event: 3), StateEvent(entry: 2, state: .done, event: 4),
            StateEvent(entry: 5, state: .open, event: 5), StateEvent(entry: 6, transaction: 5, state: .done, event: 6),
            StateEvent(entry: 5, state: .undone, event: 7), StateEvent(entry: 8, state: .open, event: 8),
            StateEvent(entry: 8, state: nil, event: 9), StateEvent(entry: 5, state: .done, event: 10),
        ])
        XCTAssertEqual(tree.nodes.map(\.id), [1, 2, 5])
        XCTAssertEqual(tree.sequence, [1, 2, 5])
        XCTAssertEqual(tree.sequence(at: 4), [1, 2])
        XCTAssertEqual(tree.sequence(at: 2), [1])
        XCTAssertEqual(tree.node(5)?.event, 10)
    }

    // MARK: Drawing

    func testEveryNodeIsDrawnOnceAndLinesLeadToParents() {
        for seed in 1...60 {
            var random = Generator(seed: UInt64(seed))
            var nodes: [(id: OperationID, parent: OperationID)] = []
            for id in 1...OperationID(random.below(25) + 1) {
                nodes.append((id, OperationID(random.below(Int(id)))))
            }
            let head = OperationID(random.below(nodes.count + 1))
            let rows = GraphLayout.rows(nodes, head: head)
            XCTAssertEqual(rows.compactMap(\.node), (0..<nodes.count).reversed() + [nodes.count])
            // Follows the lines down from each node: they end at its parent.
            for (place, row) in rows.enumerated() {
                guard let number = row.node, number < nodes.count else { continue }
                var lane = row.glyphs.firstIndex(of: .node)!
                if nodes[number].id == head { XCTAssertEqual(lane, 0) }
                var found: OperationID?
                for below in rows[(place + 1)...] {
                    switch below.glyphs[lane] {
                    case .corner, .tee:
                        while below.glyphs[lane] != .join { lane -= 1 }
                    case .node:
                        found = below.node == nodes.count ? 0 : nodes[below.node!].id
                    case .vertical, .join, .cross: break
                    default: XCTFail("a line ends at nothing, seed \(seed)")
                    }
                    if found != nil { break }
                }
                XCTAssertEqual(found, nodes[number].parent, "seed \(seed)")
            }
        }
    }

    // MARK: Dependencies

    private func path(_ random: inout Generator) -> [UInt8] {
        var path: [UInt8] = []
        for _ in 0...random.below(3) { path += Array("/\(["a", "b", "ab"][random.below(3)])".utf8) }
        return path
    }

    func testIndexAgreesWithTheRule() {
        var random = Generator(seed: 5)
        for _ in 0..<3000 {
            let touches = (0...random.below(4)).map { _ in
                Touch(path(&random), changesName: random.below(2) == 0)
            }
            let later = Touch(path(&random), changesName: random.below(2) == 0)
            XCTAssertEqual(
                TouchIndex(touches).carries(later), touches.contains { Dependency.exists(later, on: $0) })
        }
        XCTAssertFalse(Dependency.isInside(Array("/ab".utf8), Array("/a".utf8)))
        XCTAssertTrue(Dependency.isInside(Array("/a/b".utf8), Array("/".utf8)))
    }

    func testClosureIsTransitiveAndTerminates() {
        let edges: [OperationID: [OperationID]] = [1: [3, 4], 3: [6], 4: [6, 3], 6: [1], 5: [9]]
        XCTAssertEqual(Dependency.closure(of: 1) { edges[$0] ?? [] }, [6, 4, 3])
        XCTAssertEqual(Dependency.closure(of: 9) { edges[$0] ?? [] }, [])
    }

    func testSinglePathsGoBackStepByStep() {
        let (f, g) = (Array("/f".utf8), Array("/g".utf8))
        func touch(_ id: OperationID, _ paths: [[UInt8]], takesBack: Bool = false) -> PathTouches {
            PathTouches(operation: id, takesBack: takesBack, paths: paths)
        }
        let first = PathHistory.newest([touch(3, [f, g]), touch(1, [f])])
        XCTAssertEqual(first?.operation, 3)
        XCTAssertEqual(first?.paths, [f, g])
        let second = PathHistory.newest([touch(4, [f], takesBack: true), touch(3, [f, g]), touch(1, [f])])
        XCTAssertEqual(second?.operation, 3)
        XCTAssertEqual(second?.paths, [g])
        XCTAssertEqual(second?.passed, [4])
        let third = PathHistory.newest([touch(4, [f], takesBack: true), touch(3, [f]), touch(1, [f])])
        XCTAssertEqual(third?.operation, 1)
        XCTAssertEqual(third?.passed, [4, 3])
        XCTAssertNil(
            PathHistory.newest([
                touch(5, [f], takesBack: true), touch(4, [f], takesBack: true), touch(3, [f]), touch(1, [f]),
            ]))
    }

    // MARK: Lines

    private func text(_ random: inout Generator) -> [UInt8] {
        var text: [UInt8] = []
        for _ in 0..<random.below(30) { text += Array("\(["a", "b", "c", "dd"][random.below(4)])\n".utf8) }
        if random.below(3) == 0 { text += Array("end".utf8) }
        return text
    }

    func testChangesMakeOneTextOfTheOther() {
        for seed in 1...400 {
            var random = Generator(seed: UInt64(seed))
            let (old, new) = (LineDiff.lines(text(&random)), LineDiff.lines(text(&random)))
            let changes = LineDiff.changes(old, new)
            var made: [ArraySlice<UInt8>] = []
            var (place, newPlace) = (0, 0)
            for change in changes {
                XCTAssertFalse(change.old.isEmpty && change.new.isEmpty)
                made += old[place..<change.old.lowerBound]
                newPlace += change.old.lowerBound - place
                XCTAssertEqual(newPlace, change.new.lowerBound)
                made += new[change.new]
                (place, newPlace) = (change.old.upperBound, change.new.upperBound)
            }
            made += old[place...]
            XCTAssertEqual(made, new, "seed \(seed)")
            // As short as the longest common subsequence allows.
            let edits = changes.reduce(0) { $0 + $1.old.count + $1.new.count }
            XCTAssertEqual(edits, old.count + new.count - 2 * common(old, new), "seed \(seed)")
            checkHunks(changes, old.count, new.count)
        }
        XCTAssertEqual(LineDiff.changes([], []), [])
    }

    private func common(_ a: [ArraySlice<UInt8>], _ b: [ArraySlice<UInt8>]) -> Int {
        var row = [Int](repeating: 0, count: b.count + 1)
        for x in a {
            var diagonal = 0
            for index in b.indices {
                let above = row[index + 1]
                row[index + 1] = x == b[index] ? diagonal + 1 : max(above, row[index])
                diagonal = above
            }
        }
        return row[b.count]
    }

    private func checkHunks(_ changes: [LineDiff.Change], _ oldCount: Int, _ newCount: Int) {
        let hunks = LineDiff.hunks(changes, oldCount: oldCount, newCount: newCount)
        XCTAssertEqual(hunks.flatMap(\.changes), changes)
        var end = 0
        for hunk in hunks {
            XCTAssertGreaterThanOrEqual(hunk.old.lowerBound, end)
            XCTAssertLessThanOrEqual(hunk.old.upperBound, oldCount)
            XCTAssertLessThanOrEqual(hunk.new.upperBound, newCount)
            let changed = hunk.changes.reduce(0) { $0 + $1.new.count - $1.old.count }
            XCTAssertEqual(hunk.new.count - hunk.old.count, changed)
            end = hunk.old.upperBound
        }
    }
}
