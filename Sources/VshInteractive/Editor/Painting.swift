// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// What the editor shows: prompt, line, suggestion and panel, as a frame that the renderer brings to the terminal.
extension LineEditor {
    func terminalSize() -> (rows: Int, columns: Int) {
        let size = (try? System.terminalSize(2)) ?? (rows: 24, columns: 80)
        return (size.rows > 0 ? size.rows : 24, size.columns > 0 ? size.columns : 80)
    }

    func checkSize() {
        let size = terminalSize()
        if size.columns == renderer.columns && size.rows == renderer.lines { return }
        var out: [UInt8] = []
        renderer.resize(columns: size.columns, lines: size.rows, into: &out)
        write(out)
        isDirty = true
    }

    func write(_ bytes: [UInt8]) {
        if !bytes.isEmpty { try? System.writeAll(2, bytes) }
    }

    func paint() {
        checkSize()
        updateSuggestion()
        var out: [UInt8] = []
        paint(isFinal: false, into: &out)
        if rings {
            rings = false
            out.append(7)
        }
        write(out)
        isDirty = false
    }

    func updateSuggestion() {
        guard suggests, interaction.isEditing, cursor == text.count, !text.isEmpty, !isCommandMode,
            !text.contains(10)
        else {
            suggestion = []
            return
        }
        if let key = suggestionKey {
            if key.text == text {
                suggestion = key.whole.map { Array($0.dropFirst(text.count)) } ?? []
                return
            }
            // Still the beginning of what was proposed.
            if let whole = key.whole, whole.count > text.count, text.count > key.text.count, whole.starts(with: text) {
                suggestion = Array(whole.dropFirst(text.count))
                return
            }
        }
        var whole = services.history.suggestion(for: text, directory: shell.workingDirectory.bytes)
        if let line = whole, line.count <= text.count || !line.starts(with: text) { whole = nil }
        if let line = whole, !highlighter.mayPropose(line, after: text.count) { whole = nil }
        suggestionKey = (text, whole)
        suggestion = whole.map { Array($0.dropFirst(text.count)) } ?? []
    }

    func paint(isFinal: Bool, into out: inout [UInt8]) {
        var builder = FrameBuilder(width: renderer.columns)
        builder.put(prompt: promptText, colours: usesColour)
        putLine(into: &builder, isFinal: isFinal)
        let editRows = builder.rowCount
        if isFinal {
            let frame = builder.finish()
            // A line taller than the screen goes into the terminal's history as a whole.
            renderer.paint(frame, rows: Array(0..<frame.rows.count), into: &out)
            return
        }
        let textCursorRow = builder.frame.cursorRow
        let room = max(renderer.lines - min(editRows, max(renderer.lines / 2, 1)), 0)
        panelRoom = room
        putPanel(into: &builder, room: room)
        let frame = builder.finish()
        let panelRows = frame.rows.count - editRows
        let cursorRow = min(frame.cursorRow < editRows ? frame.cursorRow : textCursorRow, max(editRows - 1, 0))
        let view = Renderer.viewport(
            of: editRows, around: cursorRow, room: max(renderer.lines - max(panelRows, 0), 1), previousTop: viewTop)
        viewTop = view.lowerBound
        var rows = Array(view)
        if panelRows > 0 { rows += Array(editRows..<frame.rows.count) }
        renderer.paint(frame, rows: rows, into: &out)
    }

    /// The line after its prompt, with its colours, the cursor, the suggestion and the right prompt.
    private func putLine(into builder: inout FrameBuilder, isFinal: Bool) {
        let spans = highlighter.spans(of: text)
        var span = 0
        let firstRow = builder.rowCount
        text.withUnsafeBufferPointer { text in
            var at = 0
            while at < text.count {
                if at == cursor { builder.placeCursor() }
                while span < spans.count, spans[span].end <= at { span += 1 }
                let style = span < spans.count ? spans[span].style : Style()
                if text[at] == 10 {
                    if builder.rowCount == firstRow, !isFinal { builder.put(right: rightPromptText, usesColour) }
                    builder.newline()
                    builder.put(prompt: continuationText, colours: usesColour)
                    at += 1
                    continue
                }
                let end = builder.putCluster(text.baseAddress!, at, text.count, style)
                // A cursor inside a cluster (vi can put it there) is shown at the end of it.
                if cursor > at && cursor < end { builder.placeCursor() }
                at = end
            }
        }
        if cursor >= text.count { builder.placeCursor() }
        if isFinal { return }
        if !suggestion.isEmpty { putSuggestion(into: &builder) }
        if builder.rowCount == firstRow { builder.put(right: rightPromptText, usesColour) }
    }

    /// As much of the suggestion as the row has room for.
    private func putSuggestion(into builder: inout FrameBuilder) {
        let room = builder.width - builder.column - 1
        if room <= 1 { return }
        var shown: [UInt8] = []
        var width = 0
        var at = 0
        var isWhole = true
        suggestion.withUnsafeBufferPointer { bytes in
            while at < bytes.count {
                if bytes[at] == 10 {
                    isWhole = false
                    return
                }
                let cluster = Cluster.at(bytes.baseAddress!, at, bytes.count)
                if cluster.width < 1 || width + cluster.width > room - 1 {
                    isWhole = at + cluster.length >= bytes.count && cluster.width == 1 && width + 1 <= room
                    if isWhole { shown += bytes[at..<at + cluster.length] }
                    return
                }
                shown += bytes[at..<at + cluster.length]
                width += cluster.width
                at += cluster.length
            }
        }
        builder.put(shown, highlighter.theme.suggestion)
        if !isWhole { builder.put([0xE2, 0x80, 0xA6], highlighter.theme.suggestion) }
    }
}
