// SPDX-License-Identifier: MPL-2.0
import XCTest

@testable import VshInteractive

final class EditHistoryTests: XCTestCase {
    private func typed(_ text: String, into history: inout EditHistory) {
        for count in 1...text.utf8.count { history.note(Array(text.utf8.prefix(count)), count) }
    }

    func testWordsAreUndoneOneByOne() {
        var history = EditHistory()
        typed("echo one two", into: &history)
        XCTAssertEqual(history.undo()?.text, Array("echo one".utf8))
        XCTAssertEqual(history.undo()?.text, Array("echo".utf8))
        XCTAssertEqual(history.redo()?.text, Array("echo one".utf8))
        XCTAssertEqual(history.undoAll()?.text, [])
        XCTAssertNil(history.undo())
        XCTAssertEqual(history.redo()?.text, Array("echo".utf8))
    }

    func testAnEditAfterUndoDropsWhatWasUndone() {
        var history = EditHistory()
        typed("ab cd", into: &history)
        _ = history.undo()
        history.note(Array("xy".utf8), 2)
        XCTAssertNil(history.redo())
        XCTAssertEqual(history.undo()?.text, Array("ab".utf8))
    }

    func testLimit() {
        var history = EditHistory()
        for round in 0..<100 { history.note([UInt8](repeating: UInt8(round), count: 100_000), 0) }
        var count = 0
        while history.undo() != nil { count += 1 }
        XCTAssertLessThanOrEqual(count, 12)
        XCTAssertGreaterThan(count, 5)
    }
}
