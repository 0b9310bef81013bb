// SPDX-License-Identifier: MPL-2.0
import VshBase
import XCTest

@testable import VshInteractive

/// Incremental drawing gives the same screen as drawing all anew, whatever is shown after whatever.
final class RendererTests: XCTestCase {
    private static let pieces = [
        "a", "b", " ", "x", "word ", "e\u{301}", "日", "本", "é", "🙂", "👩‍👩‍👧", "\n", "\t", "ls -l | wc", "\u{1}", "ｗ", "한",
        "❤️",
        "🇩🇪", "o\u{308}\u{323}", "0123456789",
    ]

    /// A random picture: prompt, text with a cursor and styles, panel.
    private func frame(_ width: Int, _ random: inout some RandomNumberGenerator) -> (frame: Frame, editRows: Int) {
        var builder = FrameBuilder(width: width)
        let prompts = ["$ ", "\u{1B}[1;32muser\u{1B}[0m:~> ", "first\nsecond> ", "日本> ", ""]
        builder.put(prompt: Array(prompts[Int.random(in: 0..<prompts.count, using: &random)].utf8), colours: true)
        var isPlaced = false
        for _ in 0..<Int.random(in: 0..<30, using: &random) {
            if !isPlaced, Int.random(in: 0..<8, using: &random) == 0 {
                builder.placeCursor()
                isPlaced = true
            }
            let style = Style(UInt32.random(in: 0..<4, using: &random), Bool.random(using: &random) ? .underlined : [])
            let piece = RendererTests.pieces[Int.random(in: 0..<RendererTests.pieces.count, using: &random)]
            if piece == "\n" { builder.newline() } else { builder.put(Array(piece.utf8), style) }
        }
        if !isPlaced { builder.placeCursor() }
        if Bool.random(using: &random) { builder.put(right: Array("\u{1B}[2mright".utf8), true) }
        let editRows = builder.rowCount
        for _ in 0..<[0, 0, 1, 3, 9][Int.random(in: 0..<5, using: &random)] {
            builder.newline()
            builder.clips = true
            builder.put(Array("menu 日本 entry \(Int.random(in: 0..<100, using: &random))".utf8), Style(8))
            builder.clips = false
        }
        return (builder.finish(), editRows)
    }

    private func rows(of picture: (frame: Frame, editRows: Int), lines: Int) -> [Int] {
        let panel = min(
            picture.frame.rows.count - picture.editRows, max(lines - min(picture.editRows, max(lines / 2, 1)), 0))
        let view = Renderer.viewport(
            of: picture.editRows, around: picture.frame.cursorRow, room: max(lines - panel, 1), previousTop: 0)
        return Array(view) + Array(picture.editRows..<picture.editRows + panel)
    }

    func testIncrementalEqualsFull() {
        var random = Sequence(seed: 42)
        for width in Array(2...12) + [20, 23, 40, 79, 80, 81, 132, 200] {
            for lines in [3, 5, 24] {
                var renderer = Renderer(columns: width, lines: lines)
                var screen = TerminalModel(columns: width, lines: lines)
                var out: [UInt8] = []
                renderer.begin(columns: width, lines: lines, marksPartialLine: false, into: &out)
                screen.feed(out)
                for step in 0..<60 {
                    let picture = frame(width, &random)
                    let visible = rows(of: picture, lines: lines)
                    out = []
                    renderer.paint(picture.frame, rows: visible, into: &out)
                    screen.feed(out)
                    XCTAssertEqual(screen.problems, [], "width \(width), lines \(lines), step \(step)")

                    // The same picture drawn from nothing, by a renderer that knows nothing, as far down as the first one is.
                    var fresh = Renderer(columns: width, lines: lines)
                    var reference = TerminalModel(columns: width, lines: lines)
                    let origin = screen.row - (visible.firstIndex(of: picture.frame.cursorRow) ?? 0) - screen.top
                    XCTAssertGreaterThanOrEqual(origin, 0)
                    var whole: [UInt8] = []
                    for _ in 0..<max(origin, 0) { whole += [13, 10] }
                    fresh.paint(picture.frame, rows: visible, into: &whole)
                    reference.feed(whole)
                    if !screen.sees(reference) {
                        XCTFail(
                            """
                            width \(width), lines \(lines), step \(step): cursor \(screen.row - screen.top),\(screen.column) \
                            \(reference.row - reference.top),\(reference.column)
                            \(screen.description)
                            ---
                            \(reference.description)
                            """)
                        return
                    }
                }
            }
        }
    }

    /// The same picture again costs nothing.
    func testNothingToDo() {
        var random = Sequence(seed: 7)
        var renderer = Renderer(columns: 40, lines: 24)
        for _ in 0..<100 {
            let picture = frame(40, &random)
            let visible = rows(of: picture, lines: 24)
            var out: [UInt8] = []
            renderer.paint(picture.frame, rows: visible, into: &out)
            out = []
            renderer.paint(picture.frame, rows: visible, into: &out)
            XCTAssertEqual(out, [])
        }
    }

    /// A character typed at the end writes little more than the character.
    func testTypingIsCheap() {
        var renderer = Renderer(columns: 80, lines: 24)
        var text = Array("$ echo hell".utf8)
        for _ in 0..<2 {
            var builder = FrameBuilder(width: 80)
            builder.put(text, Style())
            builder.placeCursor()
            var out: [UInt8] = []
            let frame = builder.finish()
            renderer.paint(frame, rows: [0], into: &out)
            if text.last == 111 { XCTAssertLessThanOrEqual(out.count, 24) }
            text.append(111)
        }
    }

    /// After leaving the screen, all of the last picture is in the history and on it.
    func testLeave() {
        var renderer = Renderer(columns: 10, lines: 4)
        var screen = TerminalModel(columns: 10, lines: 4)
        var builder = FrameBuilder(width: 10)
        builder.put(Array("$ 0123456789012345678901234567890123456789012345678901234567".utf8), Style())
        builder.placeCursor()
        let frame = builder.finish()
        var out: [UInt8] = []
        renderer.paint(frame, rows: [3, 4, 5], into: &out)
        renderer.paint(frame, rows: Array(0..<frame.rows.count), into: &out)
        renderer.leave(into: &out)
        screen.feed(out)
        XCTAssertEqual(screen.problems.filter { $0 != "a movement off the screen" }, [])
        XCTAssertEqual(screen.column, 0)
        XCTAssertTrue(screen.description.contains("8901234567"))
    }

    func testPartialLineMark() {
        for column in [0, 1, 5, 9] {
            var renderer = Renderer(columns: 10, lines: 4)
            var screen = TerminalModel(columns: 10, lines: 4)
            var out = [UInt8](repeating: 65, count: column)
            renderer.begin(columns: 10, lines: 4, marksPartialLine: true, into: &out)
            screen.feed(out)
            XCTAssertEqual(screen.column, 0)
            XCTAssertEqual(screen.row, column == 0 ? 0 : 1)
            XCTAssertEqual(screen.rows[0].map(\.text).contains([0xE2, 0x8F, 0x8E]), column > 0)
        }
    }
}

/// Random numbers that are the same in each run. (Splitmix64.)
struct Sequence: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
