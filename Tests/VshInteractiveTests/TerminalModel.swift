// SPDX-License-Identifier: MPL-2.0
import VshBase

@testable import VshInteractive

/// A small terminal: what the renderer's sequences do to a screen of cells, with the pending wrap of real ones and a history.
struct TerminalModel: Equatable {
    struct Cell: Equatable {
        var text: [UInt8] = [32]
        var style = Style()
        /// The right half of a wide character.
        var isTail = false
    }

    let columns: Int
    let lines: Int
    /// Rows that were scrolled off, and the screen.
    var rows: [[Cell]]
    var top = 0
    var row = 0
    var column = 0
    var isPending = false
    var style = Style()
    var problems: [String] = []

    init(columns: Int, lines: Int) {
        self.columns = columns
        self.lines = lines
        rows = Array(repeating: Array(repeating: Cell(), count: columns), count: lines)
    }

    /// The text of the screen, for messages.
    var description: String {
        rows.map { row in String(decoding: row.filter { !$0.isTail }.flatMap(\.text), as: UTF8.self) }
            .joined(separator: "|\n")
    }

    mutating func feed(_ bytes: [UInt8]) {
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case 13:
                column = 0
                isPending = false
                at += 1
            case 10:
                lineFeed()
                at += 1
            case 7: at += 1
            case 27: at = escape(bytes, at)
            case 0..<32:
                problems.append("control character \(byte)")
                at += 1
            default:
                let cluster = bytes.withUnsafeBufferPointer { Cluster.at($0.baseAddress!, at, $0.count) }
                put(Array(bytes[at..<at + cluster.length]), max(cluster.width, 1))
                at += cluster.length
            }
        }
    }

    private mutating func lineFeed() {
        if row == top + lines - 1 {
            rows.append(Array(repeating: Cell(), count: columns))
            top += 1
        }
        row += 1
        isPending = false
    }

    private mutating func put(_ text: [UInt8], _ width: Int) {
        if isPending || column + width > columns {
            lineFeed()
            column = 0
        }
        // Writing over one half of a wide character blanks the other.
        for place in column..<min(column + width, columns) {
            if rows[row][place].isTail, place > 0 { rows[row][place - 1] = Cell() }
            if place + 1 < columns, rows[row][place + 1].isTail { rows[row][place + 1] = Cell() }
        }
        rows[row][column] = Cell(text: text, style: style)
        if width == 2 { rows[row][column + 1] = Cell(text: [], style: style, isTail: true) }
        column += width
        isPending = column == columns
        if isPending { column = columns - 1 }
    }

    private mutating func escape(_ bytes: [UInt8], _ start: Int) -> Int {
        var at = start + 1
        guard at < bytes.count, bytes[at] == 91 else {
            problems.append("an escape sequence that is no CSI")
            return at
        }
        at += 1
        let begin = at
        while at < bytes.count, bytes[at] < 64 { at += 1 }
        guard at < bytes.count else {
            problems.append("an unfinished sequence")
            return at
        }
        let body = bytes[begin..<at]
        if body.first == 63 { return at + 1 }
        let number = body.reduce(0) { $1 >= 48 && $1 <= 57 ? $0 * 10 + Int($1 - 48) : $0 }
        let count = max(number, 1)
        switch bytes[at] {
        case 65: move(row - count, column)
        case 66: move(row + count, column)
        case 67: move(row, column + count)
        case 68: move(row, column - count)
        case 72: move(top, 0)
        case 74 where number == 2: for place in top..<top + lines { blank(place, 0) }
        case 74:
            blank(row, column)
            for place in row + 1..<max(top + lines, row + 1) { blank(place, 0) }
        case 75:
            // What it erases when the last column was just written differs between terminals.
            if isPending { problems.append("erasing on a full row") }
            blank(row, column)
        case 109: style.apply(Array(body)[...])
        default: problems.append("sequence \(bytes[at])")
        }
        return at + 1
    }

    private mutating func move(_ newRow: Int, _ newColumn: Int) {
        if newRow < top || newRow >= top + lines { problems.append("a movement off the screen") }
        if newColumn < 0 || newColumn >= columns { problems.append("a movement past the edge") }
        row = min(max(newRow, top), top + lines - 1)
        column = min(max(newColumn, 0), columns - 1)
        isPending = false
    }

    private mutating func blank(_ line: Int, _ from: Int) {
        if style != Style() { problems.append("erasing in a style") }
        if from < columns, rows[line][from].isTail { rows[line][from - 1] = Cell() }
        for place in from..<columns { rows[line][place] = Cell() }
    }

    /// What a reader sees: cells and cursor of the screen.
    func sees(_ other: TerminalModel) -> Bool {
        Array(rows[top..<top + lines]) == Array(other.rows[other.top..<other.top + lines])
            && row - top == other.row - other.top
            && column == other.column
    }
}
