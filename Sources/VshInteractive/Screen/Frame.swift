// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What is to be seen in one place of the screen.
struct Cell: Equatable {
    /// In `Frame.bytes`.
    var offset: Int32
    var length: Int32
    var width: UInt8
    /// See `Cluster.isUncertain`.
    var isUncertain: Bool
    var style: Style
}

/// A row of cells. Rows are of any number; which of them are on the screen the renderer decides.
struct Row {
    /// In `Frame.cells`.
    var cells: Range<Int>
    /// Columns taken.
    var width: Int
    /// The text goes on in the next row because this one is full.
    var isSoft: Bool
}

/// A laid-out picture: what is to be on the screen from the first row of the prompt down, and where the cursor is.
struct Frame {
    var bytes: [UInt8] = []
    var cells: [Cell] = []
    var rows: [Row] = []
    var cursorRow = 0
    var cursorColumn = 0

    func isEqual(_ cell: Cell, in other: Frame, _ otherCell: Cell) -> Bool {
        if cell.length != otherCell.length || cell.width != otherCell.width || cell.style != otherCell.style {
            return false
        }
        if cell.length == 1 { return bytes[Int(cell.offset)] == other.bytes[Int(otherCell.offset)] }
        for index in 0..<Int(cell.length)
        where bytes[Int(cell.offset) + index] != other.bytes[Int(otherCell.offset) + index] {
            return false
        }
        return true
    }
}

/// Lays text out into rows of a width.
struct FrameBuilder {
    let width: Int
    private(set) var frame = Frame()
    private var rowStart = 0
    private(set) var column = 0
    /// The cursor belongs before what comes next.
    private var awaitsCursor = false
    /// What is put now is clipped at the end of the row.
    var clips = false

    init(width: Int) {
        self.width = max(width, 1)
        frame.cells.reserveCapacity(128)
        frame.bytes.reserveCapacity(256)
    }

    /// Rows so far, the unfinished one included.
    var rowCount: Int { frame.rows.count + 1 }

    /// The cursor is where the next cell goes.
    mutating func placeCursor() { awaitsCursor = true }

    private mutating func setCursor() {
        frame.cursorRow = frame.rows.count
        frame.cursorColumn = column
        awaitsCursor = false
    }

    private mutating func endRow(isSoft: Bool) {
        frame.rows.append(Row(cells: rowStart..<frame.cells.count, width: column, isSoft: isSoft))
        rowStart = frame.cells.count
        column = 0
    }

    /// Begins a row.
    mutating func newline() {
        if awaitsCursor {
            if column >= width { endRow(isSoft: true) }
            setCursor()
        }
        endRow(isSoft: false)
    }

    /// Puts one cell.
    mutating func put(
        _ bytes: UnsafeBufferPointer<UInt8>, width cellWidth: Int, _ style: Style, isUncertain: Bool = false
    ) {
        if cellWidth > width {
            var mark: UInt8 = 63
            withUnsafePointer(to: &mark) { put(UnsafeBufferPointer(start: $0, count: 1), width: 1, style) }
            return
        }
        if column + cellWidth > width {
            if clips { return }
            endRow(isSoft: column == width)
        }
        if awaitsCursor { setCursor() }
        frame.cells.append(
            Cell(
                offset: Int32(frame.bytes.count), length: Int32(bytes.count), width: UInt8(cellWidth),
                isUncertain: isUncertain, style: style))
        frame.bytes.append(contentsOf: bytes)
        column += cellWidth
    }

    mutating func put(byte: UInt8, _ style: Style) {
        var copy = byte
        withUnsafePointer(to: &copy) { put(UnsafeBufferPointer(start: $0, count: 1), width: 1, style) }
    }

    /// Puts text of one style, on as many rows as it takes. Newlines are shown as `newlineMark` says.
    mutating func put(_ text: [UInt8], _ style: Style) {
        text.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress else { return }
            var at = 0
            while at < text.count { at = putCluster(base, at, text.count, style) }
        }
    }

    /// Puts the cluster at `at`, whatever it is but a newline, and returns its end.
    mutating func putCluster(_ base: UnsafePointer<UInt8>, _ at: Int, _ limit: Int, _ style: Style) -> Int {
        let cluster = Cluster.at(base, at, limit)
        let bytes = UnsafeBufferPointer(start: base + at, count: cluster.length)
        if cluster.width > 0 {
            put(bytes, width: cluster.width, style, isUncertain: cluster.isUncertain)
        } else if cluster.width == 0 {
            // A combining character needs something to combine with that is not the prompt.
            var carrier: [UInt8] = [0xE2, 0x97, 0x8C]
            carrier += bytes
            carrier.withUnsafeBufferPointer { put($0, width: 1, style, isUncertain: true) }
        } else {
            putUnprintable(base[at], bytes, style)
        }
        return at + cluster.length
    }

    private mutating func putUnprintable(_ first: UInt8, _ bytes: UnsafeBufferPointer<UInt8>, _ style: Style) {
        let marked = style.with(.reversed)
        if first == 9 {
            let count = clips ? 1 : min(8 - column % 8, max(width - column % width, 1))
            for _ in 0..<count { put(byte: 32, style) }
        } else if first < 32 || first == 127 {
            put(byte: 94, marked)
            put(byte: first ^ 64, marked)
        } else {
            let digits: [UInt8] = Array("0123456789abcdef".utf8)
            if bytes.count == 1 {
                put(byte: 92, marked)
                put(byte: 120, marked)
                put(byte: digits[Int(first >> 4)], marked)
                put(byte: digits[Int(first & 15)], marked)
                return
            }
            var value = UTF8Characters.decode(bytes.baseAddress!, 0, bytes.count).value
            var hex: [UInt8] = []
            repeat {
                hex.insert(digits[Int(value & 15)], at: 0)
                value >>= 4
            } while value > 0
            for byte in Array("<U+".utf8) + hex + [62] { put(byte: byte, marked) }
        }
    }

    /// Puts text that has SGR sequences and newlines in it (a prompt); other escape sequences and control characters are left out.
    mutating func put(prompt text: [UInt8], colours: Bool) {
        var style = Style()
        text.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress else { return }
            var at = 0
            while at < text.count {
                let byte = base[at]
                if byte == 10 {
                    newline()
                    at += 1
                } else if byte == 27 {
                    at = skipEscape(base, at, text.count) { parameters in
                        style.apply(parameters)
                        if !colours { style = style.colourless }
                    }
                } else if byte < 32 && byte != 9 || byte == 127 {
                    at += 1
                } else {
                    at = putCluster(base, at, text.count, style)
                }
            }
        }
    }

    private func skipEscape(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ limit: Int, _ sgr: (ArraySlice<UInt8>) -> Void
    ) -> Int {
        var at = start + 1
        if at >= limit { return limit }
        if base[at] == 91 {
            at += 1
            let begin = at
            while at < limit, base[at] < 64 || base[at] > 126 { at += 1 }
            if at >= limit { return limit }
            if base[at] == 109 { sgr(Array(UnsafeBufferPointer(start: base + begin, count: at - begin))[...]) }
            return at + 1
        }
        if base[at] == 93 || base[at] == 80 || base[at] == 95 || base[at] == 94 {
            // OSC, DCS, APC, PM: up to BEL or ST.
            while at < limit, base[at] != 7 {
                if base[at] == 27, at + 1 < limit, base[at + 1] == 92 { return at + 2 }
                at += 1
            }
            return min(at + 1, limit)
        }
        return at + 1
    }

    /// Puts text at the right edge of the row that is open, with at least one column free on each side; else nothing.
    mutating func put(right text: [UInt8], _ colours: Bool) {
        var other = FrameBuilder(width: width)
        other.put(prompt: text, colours: colours)
        if other.rowCount != 1 || other.column == 0 || column + other.column + 2 > width { return }
        if awaitsCursor { setCursor() }
        while column + other.column + 1 < width { put(byte: 32, Style()) }
        for cell in other.frame.cells {
            let range = Int(cell.offset)..<Int(cell.offset + cell.length)
            other.frame.bytes[range].withUnsafeBufferPointer {
                put($0, width: Int(cell.width), cell.style, isUncertain: cell.isUncertain)
            }
        }
    }

    /// The picture; the cursor is at the end when it was not placed.
    mutating func finish() -> Frame {
        if awaitsCursor {
            if column >= width { endRow(isSoft: true) }
            setCursor()
        }
        endRow(isSoft: false)
        return frame
    }
}
