// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// How entries are placed on lines.
extension Listing {
    /// Appends a name as it is shown to the output.
    func appendName(_ name: Text, _ quoting: Quoting) {
        let isUTF8 = command.isUTF8
        let marks =
            options.marksUnprintable
            && (quoting.style == .shell || quoting.style == .shellAlways || quoting.style == .literal)
        if quoting.style == .literal && !marks {
            command.shell.output.append(name)
            return
        }
        let mark = command.shell.output.count
        quoting.append(name, to: &command.shell.output)
        if marks {
            let shown = command.shell.output.text(from: mark)
            command.shell.output.pop(to: mark)
            shown.withBytes { appendMarked($0, isUTF8) }
        }
    }

    /// Unprintable characters become `?`.
    private func appendMarked(_ bytes: UnsafeBufferPointer<UInt8>, _ isUTF8: Bool) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x80 || !isUTF8 {
                command.shell.output.append(byte >= 32 && byte < 127 ? byte : 63)
                index += 1
                continue
            }
            let (value, length) = UTF8Characters.decode(bytes.baseAddress!, index, bytes.count)
            if value >= UTF8Characters.invalid || CharacterWidth.of(value) < 0 {
                command.shell.output.append(63)
            } else {
                command.shell.output.append(UnsafeBufferPointer(rebasing: bytes[index..<index + length]))
            }
            index += length
        }
    }

    /// Columns of a name with what stands before and after it.
    private func frillWidth(_ entry: ListEntry) -> Int {
        var width = 0
        let isLoose = options.format == .commas
        if options.showsInode { width += 1 + (isLoose ? inodeText(entry).count : widths.inode) }
        if options.showsBlocks { width += 1 + (isLoose ? blockText(entry).count : widths.blocks) }
        let mark = command.shell.output.count
        appendName(entry.name, quoting)
        let isUTF8 = command.isUTF8
        width += command.shell.output.withBytes(from: mark) { displayWidth($0, isUTF8: isUTF8) }
        command.shell.output.pop(to: mark)
        if isAligned && someAreQuoted && !entry.isQuoted { width += 1 }
        if options.indicators != .none && indicator(entry) != 0 { width += 1 }
        return width
    }

    private func appendFrills(_ entry: ListEntry) {
        let isLoose = options.format == .commas
        if options.showsInode {
            appendRight(inodeText(entry), isLoose ? 0 : widths.inode)
            command.shell.output.append(32)
        }
        if options.showsBlocks {
            appendRight(blockText(entry), isLoose ? 0 : widths.blocks)
            command.shell.output.append(32)
        }
        if isAligned && someAreQuoted && !entry.isQuoted { command.shell.output.append(32) }
        appendName(entry.name, quoting)
        let mark = indicator(entry)
        if mark != 0 { command.shell.output.append(mark) }
    }

    func appendRight(_ text: Text, _ width: Int) {
        for _ in text.count..<max(text.count, width) { command.shell.output.append(32) }
        command.shell.output.append(text)
    }

    /// The character after a name that tells its type; 0: none.
    func indicator(_ entry: ListEntry) -> UInt8 {
        if let status = entry.status { return indicator(status.mode) }
        if entry.isDirectory { return options.indicators == .none ? 0 : 47 }
        return indicator(entry.type.mode)
    }

    func indicator(_ mode: UInt32) -> UInt8 {
        if options.indicators == .none { return 0 }
        switch mode & Mode.type {
        case 0o100000: return options.indicators == .classify && mode & 0o111 != 0 ? 42 : 0
        case 0o040000: return 47
        case _ where options.indicators == .slash: return 0
        case 0o120000: return 64
        case 0o010000: return 124
        case 0o140000: return 61
        default: return 0
        }
    }

    func showEntries() {
        let newline: UInt8 = 10
        switch options.format {
        case .long:
            for entry in entries {
                appendLong(entry)
                command.shell.output.append(newline)
                command.shell.flushOutput()
            }
        case .onePerLine:
            for entry in entries {
                appendFrills(entry)
                command.shell.output.append(newline)
                command.shell.flushOutput()
            }
        case .columns, .rows:
            if options.lineLength == 0 { showSeparated(by: 32) } else { showColumns() }
        case .commas: showSeparated(by: 44)
        }
    }

    private func showSeparated(by separator: UInt8) {
        var position = 0
        for (index, entry) in entries.enumerated() {
            let width = options.lineLength > 0 ? frillWidth(entry) : 0
            if index > 0 {
                let fits = options.lineLength == 0 || position + width + 2 < options.lineLength
                position = fits ? position + 2 : 0
                command.shell.output.append(separator)
                command.shell.output.append(fits ? 32 : 10)
            }
            appendFrills(entry)
            position += width
        }
        command.shell.output.append(10)
    }

    /// As many columns as fit, filled downwards or rightwards.
    private func showColumns() {
        let count = entries.count
        let lengths = entries.map { frillWidth($0) }
        let isDownwards = options.format == .columns
        let least = 3
        let most = max(1, min(options.lineLength / least + (options.lineLength % least != 0 ? 1 : 0), count))
        var columns = most
        var widths: [Int] = []
        while true {
            widths = [Int](repeating: least, count: columns)
            let rows = (count + columns - 1) / columns
            for index in 0..<count {
                let column = isDownwards ? index / rows : index % columns
                widths[column] = max(widths[column], lengths[index] + (column == columns - 1 ? 0 : 2))
            }
            if columns == 1 || widths.reduce(0, +) < options.lineLength { break }
            columns -= 1
        }
        let rows = (count + columns - 1) / columns
        for row in 0..<rows {
            var position = 0
            for column in 0..<columns {
                let index = isDownwards ? column * rows + row : row * columns + column
                if index >= count { break }
                if column > 0 {
                    let last = isDownwards ? index - rows : index - 1
                    indent(from: position - widths[column - 1] + lengths[last], to: position)
                }
                appendFrills(entries[index])
                position += widths[column]
            }
            command.shell.output.append(10)
            command.shell.flushOutput()
        }
    }

    private func indent(from: Int, to: Int) {
        var from = from
        while from < to {
            if options.tabSize != 0 && to / options.tabSize > (from + 1) / options.tabSize {
                command.shell.output.append(9)
                from += options.tabSize - from % options.tabSize
            } else {
                command.shell.output.append(32)
                from += 1
            }
        }
    }
}

/// Columns of a terminal that `bytes` take; unprintable characters none, bytes that are no UTF-8 one each.
func displayWidth(_ bytes: UnsafeBufferPointer<UInt8>, isUTF8: Bool) -> Int {
    var width = 0
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        if byte < 0x80 || !isUTF8 {
            if byte >= 32 && byte < 127 { width += 1 }
            index += 1
            continue
        }
        let (value, length) = UTF8Characters.decode(bytes.baseAddress!, index, bytes.count)
        width += value >= UTF8Characters.invalid ? 1 : max(CharacterWidth.of(value), 0)
        index += length
    }
    return width
}
