// SPDX-License-Identifier: MPL-2.0
import XCTest

@testable import VshCore

final class LogCheckTests: XCTestCase {
    /// The row that the shell logs of an event.
    private func row(_ event: HistoryEvent, _ history: History) -> (OperationID, LogEvent, OperationID) {
        switch event {
        case .operation(let id): (id, .operation(true), history.level)
        case .begin(let id): (id, .begin, history.level)
        case .commit(let id): (id, .commit(history.level), 0)
        case .rollback(let id): (id, .rollback(history.level, outcome: .finished), history.level)
        case .undo(let id, let target): (id, .undo(target, outcome: .finished), history.level)
        case .redo(let id, let target): (id, .redo(target, outcome: .finished), history.level)
        }
    }

    /// LogCheckFacts.check_is_the_machine, of the generated Swift: random events, possible and impossible ones.
    func testTheCheckIsTheMachine() {
        var (taken, refused) = (0, 0)
        for seed in 1...200 {
            var random = Generator(seed: UInt64(seed))
            var (history, check) = (History(), LogCheck(oldest: 0))
            for id in 1...60 {
                let id = OperationID(id)
                let target = OperationID(random.below(Int(id)) + 1)
                let event: HistoryEvent
                switch random.below(9) {
                case 0, 1: event = .operation(id)
                case 2: event = .begin(id)
                case 3: event = .commit(id)
                case 4: event = history.transactions.isEmpty ? .commit(id) : .rollback(id)
                case 5: event = .undo(id, entry: target)
                case 6: event = .redo(id, entry: target)
                case 7: event = .undo(id, entry: history.done.first?.id ?? target)
                default: event = .redo(id, entry: history.redoable.first?.id ?? target)
                }
                let (number, logged, inside) = row(event, history)
                let before = check
                let isPossible = (try? history.apply(event)) != nil
                let isAccepted = (try? check.apply(number, logged, inside: inside)) != nil
                XCTAssertEqual(isPossible, isAccepted, "seed \(seed): \(event)")
                if !isAccepted { XCTAssertEqual(check, before) }
                taken += isAccepted ? 1 : 0
                refused += isAccepted ? 0 : 1
                for entry in history.entries {
                    XCTAssertEqual(
                        check.standings[entry.id],
                        entry.state == .done ? .done : entry.state == .undone ? .undone : .open)
                }
            }
        }
        XCTAssertGreaterThan(taken, 1000)
        XCTAssertGreaterThan(refused, 1000)
    }

    func testViolations() throws {
        var check = LogCheck(oldest: 10)
        func fails(_ violation: LogViolation, _ id: OperationID, _ event: LogEvent, inside: OperationID = 0) {
            XCTAssertThrowsError(try check.apply(id, event, inside: inside)) {
                XCTAssertEqual($0 as? LogViolation, violation)
            }
        }
        try check.apply(11, .operation(true), inside: 0)
        fails(.repeated(11), 11, .begin)
        fails(.unknown(12), 13, .undo(12, outcome: .finished))
        fails(.notUndone(11), 13, .redo(11, outcome: .finished))
        fails(.notOpen(11), 13, .commit(11))
        fails(.notOpen(11), 13, .operation(true), inside: 11)
        fails(.unknown(0), 13, .commit(0))
        try check.apply(13, .undo(11, outcome: .finished), inside: 0)
        fails(.notDone(11), 14, .undo(11, outcome: .finished))
        // What is older is believed; what was cut short is something to be taken back itself.
        try check.apply(14, .undo(9, outcome: .finished), inside: 0)
        try check.apply(15, .undo(11, outcome: .interrupted), inside: 0)
        XCTAssertEqual(check.standings, [9: .undone, 11: .undone, 13: .event, 14: .event, 15: .done])
        // A transaction without effect is none.
        try check.apply(20, .begin, inside: 0)
        try check.apply(21, .operation(false), inside: 20)
        try check.apply(22, .commit(20), inside: 0)
        XCTAssertEqual(check.standings[20], .closed)
    }
}
