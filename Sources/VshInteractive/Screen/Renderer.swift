// SPDX-License-Identifier: MPL-2.0

/// Keeps a part of the terminal's screen the same as the last frame, writing only what changed.
///
/// The part begins at the first row of the prompt, where the cursor was when `begin` was called, in the first column. All movements are
/// relative to it, so that scrolling does not matter. Nothing is asked of the terminal. The sequences used, and why, are in docs/terminal.md.
struct Renderer {
    private(set) var columns: Int
    private(set) var lines: Int
    /// The terminal wraps rows anew when its width changes, as all but a few do.
    var reflows = true

    private var shown = Frame()
    /// The rows of `shown` that are on the screen, from the top.
    private var shownRows: [Int] = []
    /// Where the terminal's cursor is; rows from the first one of ours.
    private var row = 0
    private var column = 0
    /// The last column was just written: the cursor is still on it, and the next character wraps.
    private var isPending = false
    /// Rows of the screen that are ours.
    private var height = 1
    private var style = Style()

    init(columns: Int, lines: Int) {
        self.columns = max(columns, 1)
        self.lines = max(lines, 1)
    }

    /// The cursor is at the start of an empty row: what comes is painted from there. `out` gets what makes it so.
    mutating func begin(columns: Int, lines: Int, marksPartialLine: Bool, into out: inout [UInt8]) {
        self.columns = max(columns, 1)
        self.lines = max(lines, 1)
        if marksPartialLine {
            // Text without a newline before the prompt: the mark stands after it, and the spaces fill up the row. On an empty row they
            // end where it ends, and the mark is overwritten.
            Style(8).write(to: &out)
            out += [0xE2, 0x8F, 0x8E]
            Style().write(to: &out)
            for _ in 1..<max(self.columns, 2) { out.append(32) }
            out += [13, 32, 13]
        }
        out += Renderer.eraseBelow
        forget()
    }

    /// From the first column: erases this row and all below. The row first, and the rest from the second column: a terminal that keeps what
    /// is erased from the top of the screen on (tmux) would otherwise fill its history with prompts.
    private static var eraseBelow: [UInt8] { Array("\u{1B}[K\u{1B}[C\u{1B}[J\r".utf8) }

    /// What was shown is no more, and the cursor is at the start of an empty row.
    mutating func forget() {
        shown = Frame()
        shownRows = []
        (row, column, height) = (0, 0, 1)
        isPending = false
        style = Style()
    }

    /// Rows of the frame's first `count` that are to be seen in `room` rows, so that the cursor's row is among them.
    static func viewport(of count: Int, around cursor: Int, room: Int, previousTop: Int) -> Range<Int> {
        if count <= room { return 0..<count }
        var top = min(max(previousTop, 0), count - room)
        if cursor < top { top = cursor }
        if cursor >= top + room { top = cursor - room + 1 }
        return top..<top + room
    }

    /// Makes the screen show these rows of the frame, and the cursor in the frame's place, which must be in one of them.
    mutating func paint(_ frame: Frame, rows: [Int], into out: inout [UInt8]) {
        let begin = out.count
        out += Renderer.beginSynchronized
        let empty = out.count
        for index in rows.indices { paintRow(frame, rows, index, &out) }
        if shownRows.count > rows.count {
            move(to: rows.count, 0, &out)
            setStyle(Style(), &out)
            out += [27, 91, 74]
        }
        height = max(rows.count, 1)
        if row >= height {
            // Rows that are gone belong to nobody; the cursor leaves them below.
            move(to: height - 1, 0, &out)
        }
        shown = frame
        shownRows = rows
        setStyle(Style(), &out)
        let cursorRow = rows.firstIndex(of: frame.cursorRow) ?? max(rows.count - 1, 0)
        move(to: cursorRow, min(frame.cursorColumn, columns - 1), &out)
        if out.count == empty {
            out.removeSubrange(begin...)
        } else {
            out += Renderer.endSynchronized
        }
    }

    static var beginSynchronized: [UInt8] { Array("\u{1B}[?2026h".utf8) }
    static var endSynchronized: [UInt8] { Array("\u{1B}[?2026l".utf8) }

    private mutating func paintRow(_ frame: Frame, _ rows: [Int], _ index: Int, _ out: inout [UInt8]) {
        let new = frame.rows[rows[index]]
        var same = 0
        var at = 0
        var old = Row(cells: 0..<0, width: 0, isSoft: false)
        let isNew = index >= shownRows.count
        if !isNew {
            old = shown.rows[shownRows[index]]
            let count = min(new.cells.count, old.cells.count)
            while same < count {
                let cell = frame.cells[new.cells.lowerBound + same]
                if !frame.isEqual(cell, in: shown, shown.cells[old.cells.lowerBound + same]) { break }
                at += Int(cell.width)
                same += 1
            }
            if same == new.cells.count && same == old.cells.count { return }
        } else if new.cells.isEmpty {
            move(to: index, 0, &out)
            return
        }
        let follows =
            isPending && row == index - 1 && at == 0 && !new.cells.isEmpty && index > 0
            && rows[index] == rows[index - 1] + 1 && frame.rows[rows[index - 1]].isSoft
        if follows {
            // The character to come wraps by itself, so that the terminal knows the two rows as one line.
            row = index
            column = 0
            isPending = false
            height = max(height, index + 1)
        } else {
            move(to: index, at, &out)
        }
        for cell in new.cells.dropFirst(same) { write(frame, frame.cells[cell], &out) }
        if new.width < columns {
            let isUnsure = old.cells.contains { shown.cells[$0].isUncertain }
            if old.width > new.width || isUnsure {
                setStyle(Style(), &out)
                out += [27, 91, 75]
            }
        }
    }

    private mutating func write(_ frame: Frame, _ cell: Cell, _ out: inout [UInt8]) {
        setStyle(cell.style, &out)
        out += frame.bytes[Int(cell.offset)..<Int(cell.offset + cell.length)]
        column += Int(cell.width)
        isPending = column >= columns
        if cell.isUncertain {
            if isPending {
                column = columns - 1
                isPending = false
            }
            out.append(13)
            Renderer.sequence(column, 67, &out)
        }
    }

    private mutating func setStyle(_ new: Style, _ out: inout [UInt8]) {
        if new == style { return }
        new.write(to: &out)
        style = new
    }

    /// `ESC [ count final`; nothing when `count` is 0.
    private static func sequence(_ count: Int, _ final: UInt8, _ out: inout [UInt8]) {
        if count <= 0 { return }
        out += [27, 91]
        if count > 1 { out += Array("\(count)".utf8) }
        out.append(final)
    }

    private mutating func move(to newRow: Int, _ newColumn: Int, _ out: inout [UInt8]) {
        if isPending {
            out.append(13)
            column = 0
            isPending = false
        }
        if newRow >= height {
            // Rows that are not ours yet: the screen may have to scroll, in the colours of the plain style.
            Renderer.sequence(height - 1 - row, 66, &out)
            setStyle(Style(), &out)
            for _ in height...newRow { out += [13, 10] }
            height = newRow + 1
            column = 0
        } else if newRow < row {
            Renderer.sequence(row - newRow, 65, &out)
        } else {
            Renderer.sequence(newRow - row, 66, &out)
        }
        row = newRow
        if newColumn == column { return }
        if newColumn == 0 {
            out.append(13)
        } else if newColumn > column {
            Renderer.sequence(newColumn - column, 67, &out)
        } else {
            Renderer.sequence(column - newColumn, 68, &out)
        }
        column = newColumn
    }

    /// Takes everything of ours off the screen; the cursor is then where the first row was, and `paint` starts anew there.
    mutating func clear(into out: inout [UInt8]) {
        setStyle(Style(), &out)
        move(to: 0, 0, &out)
        out += Renderer.eraseBelow
        forget()
    }

    /// Leaves what is shown where it is: the cursor goes to the start of the row below.
    mutating func leave(into out: inout [UInt8]) {
        setStyle(Style(), &out)
        move(to: max(height - 1, 0), column, &out)
        out += [13, 10]
        forget()
    }

    /// Clears the whole screen; painting starts anew at its top.
    mutating func clearScreen(into out: inout [UInt8]) {
        setStyle(Style(), &out)
        out += Array("\u{1B}[H\u{1B}[2J".utf8)
        forget()
    }

    /// The terminal has another size. What is on the screen was wrapped anew by the terminal; it is taken off.
    mutating func resize(columns newColumns: Int, lines newLines: Int, into out: inout [UInt8]) {
        let newColumns = max(newColumns, 1)
        if newColumns == columns && newLines == lines { return }
        var up = row
        if newColumns != columns && reflows {
            up = 0
            var joined = 0
            for index in 0..<row {
                let shownRow = index < shownRows.count ? shown.rows[shownRows[index]] : nil
                joined += shownRow?.width ?? 0
                let continues =
                    shownRow?.isSoft ?? false && index + 1 < shownRows.count
                    && shownRows[index + 1] == shownRows[index] + 1
                if continues { continue }
                up += max(1, (joined + newColumns - 1) / newColumns)
                joined = 0
            }
            up += (joined + min(column, columns - 1)) / newColumns
        }
        setStyle(Style(), &out)
        columns = newColumns
        lines = max(newLines, 1)
        out.append(13)
        Renderer.sequence(min(up, lines - 1), 65, &out)
        out += Renderer.eraseBelow
        forget()
    }
}
