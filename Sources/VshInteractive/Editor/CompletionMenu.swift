// SPDX-License-Identifier: MPL-2.0
import VshBase

/// The candidates of a completion below the line, in columns, with what they are to the right.
struct CompletionMenu {
    /// The line before anything was chosen.
    let text: [UInt8]
    let cursor: Int
    let start: Int
    let candidates: [Candidate]
    /// The one that stands in the line; nil at first.
    var selected: Int?
    /// Columns and rows of the last painting, for the arrow keys.
    private(set) var columnCount = 1
    private(set) var rowCount = 1
    private var top = 0

    init(text: [UInt8], cursor: Int, completion: Completion) {
        self.text = text
        self.cursor = cursor
        start = min(max(completion.start, 0), cursor)
        candidates = completion.candidates
    }

    /// Candidates looked at for the width of the columns; of more, only the beginning is laid out.
    private static var widest: Int { 4000 }

    mutating func put(into builder: inout FrameBuilder, room: Int, _ theme: Theme) {
        let count = candidates.count
        if count == 0 || room <= 0 { return }
        var nameWidth = 1
        var descriptionWidth = 0
        for candidate in candidates.prefix(CompletionMenu.widest) {
            nameWidth = max(nameWidth, Cluster.width(of: candidate.display))
            descriptionWidth = max(descriptionWidth, Cluster.width(of: candidate.description))
        }
        let width = builder.width
        nameWidth = min(nameWidth, max(width - 1, 1))
        // A description that leaves the name no room is cut; one that has none is left out.
        descriptionWidth = min(descriptionWidth, 60)
        var cellWidth = nameWidth + (descriptionWidth > 0 ? descriptionWidth + 2 : 0)
        if cellWidth > width - 1 {
            descriptionWidth = max(0, min(descriptionWidth, width - 1 - nameWidth - 2))
            if descriptionWidth < 4 { descriptionWidth = 0 }
            cellWidth = nameWidth + (descriptionWidth > 0 ? descriptionWidth + 2 : 0)
        }
        columnCount = max(1, (width + 1) / (cellWidth + 2))
        columnCount = min(columnCount, count)
        rowCount = (count + columnCount - 1) / columnCount
        columnCount = (count + rowCount - 1) / rowCount
        let hasMore = rowCount > room
        let shown = hasMore ? max(room - 1, 1) : rowCount
        top = min(top, max(rowCount - shown, 0))
        if let selected {
            let row = selected % rowCount
            if row < top { top = row }
            if row >= top + shown { top = row - shown + 1 }
        } else {
            top = 0
        }
        builder.clips = true
        for row in top..<min(top + shown, rowCount) {
            builder.newline()
            for column in 0..<columnCount {
                let index = column * rowCount + row
                if index >= count { break }
                if column > 0 {
                    while builder.column < column * (cellWidth + 2), builder.column < width {
                        builder.put(byte: 32, Style())
                    }
                }
                putCandidate(index, into: &builder, nameWidth, descriptionWidth, theme)
            }
        }
        if hasMore && room > 1 {
            builder.newline()
            let left = rowCount - (top + shown)
            let below = min(count, left * columnCount)
            builder.put(
                below > 0 ? Array("…\(below) more".utf8) : Array("\(count) in all".utf8), theme.description)
        }
        builder.clips = false
    }

    private func putCandidate(
        _ index: Int, into builder: inout FrameBuilder, _ nameWidth: Int, _ descriptionWidth: Int, _ theme: Theme
    ) {
        let candidate = candidates[index]
        let isSelected = selected == index
        var style = CompletionMenu.style(of: candidate.kind, theme)
        if isSelected { style = style.with(.reversed) }
        let begin = builder.column
        putClipped(candidate.display, nameWidth, into: &builder, style)
        if descriptionWidth == 0 || candidate.description.isEmpty {
            if isSelected {
                while builder.column < begin + nameWidth, builder.column < builder.width {
                    builder.put(byte: 32, style)
                }
            }
            return
        }
        let filler = isSelected ? theme.description.with(.reversed) : Style()
        while builder.column < begin + nameWidth + 2, builder.column < builder.width { builder.put(byte: 32, filler) }
        putClipped(
            candidate.description, descriptionWidth, into: &builder,
            isSelected ? theme.description.with(.reversed) : theme.description)
    }

    private func putClipped(_ bytes: [UInt8], _ width: Int, into builder: inout FrameBuilder, _ style: Style) {
        let end = min(builder.column + width, builder.width)
        let fits = Cluster.width(of: bytes) <= width
        bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            var at = 0
            while at < bytes.count {
                let cluster = Cluster.at(base, at, bytes.count)
                let reach = builder.column + max(cluster.width, 1)
                if reach > (fits ? end : end - 1) || cluster.width < 0 { break }
                at = builder.putCluster(base, at, bytes.count, style)
            }
            if !fits, at < bytes.count, builder.column < end { builder.put([0xE2, 0x80, 0xA6], style) }
        }
    }

    static func style(of kind: CandidateKind, _ theme: Theme) -> Style {
        switch kind {
        case .command: theme.undoable
        case .builtin: theme.builtin
        case .directory: theme.directory
        case .option: theme.option
        case .variable: theme.variable
        case .file, .user, .host, .job, .signal, .operation, .other: Style()
        }
    }

    /// The line with a candidate in it.
    func line(with index: Int) -> (text: [UInt8], cursor: Int) {
        let candidate = candidates[index]
        let new = Array(text[0..<start]) + candidate.text
        return (new + text[cursor...], new.count)
    }
}

extension LineEditor {
    /// Tab: completes as far as there is no choice; then shows the choices.
    func complete(isBackward: Bool) {
        kills.joins = false
        kills.yanked = nil
        recall = HistoryRecall()
        suggests = true
        refused = nil
        // In vi's command mode the word is the one that the cursor is on.
        if isCommandMode, cursor < text.count { move(by: 1) }
        let completion = findCompletion()
        openMenu(completion, insertsPrefix: true)
    }

    /// Alt-?: the choices, and nothing inserted.
    func listCompletions() {
        kills.joins = false
        openMenu(findCompletion(), insertsPrefix: false)
        if interaction.isEditing { bell() }
    }

    func openMenu(_ completion: Completion, insertsPrefix: Bool) {
        let candidates = completion.candidates
        let start = min(max(completion.start, 0), cursor)
        if candidates.isEmpty {
            interaction = .editing
            if insertsPrefix { bell() }
            return
        }
        if candidates.count == 1, insertsPrefix {
            insertCandidate(candidates[0], start)
            return
        }
        if insertsPrefix, let prefix = commonPrefix(candidates), prefix.count > cursor - start,
            prefix.starts(with: text[start..<cursor])
        {
            text.replaceSubrange(start..<cursor, with: prefix)
            cursor = start + prefix.count
        }
        suggestion = []
        interaction = .menu(
            CompletionMenu(text: text, cursor: cursor, completion: Completion(start: start, candidates: candidates)))
    }

    private func insertCandidate(_ candidate: Candidate, _ start: Int) {
        var new = candidate.text
        if !candidate.noSpace, cursor >= text.count || text[cursor] != 32 { new.append(32) }
        text.replaceSubrange(start..<cursor, with: new)
        cursor = start + new.count
    }

    /// What all candidates begin with, in whole characters.
    private func commonPrefix(_ candidates: [Candidate]) -> [UInt8]? {
        guard var prefix = candidates.first?.text else { return nil }
        for candidate in candidates.dropFirst() {
            var count = 0
            while count < prefix.count, count < candidate.text.count, prefix[count] == candidate.text[count] {
                count += 1
            }
            prefix.removeSubrange(count...)
            if prefix.isEmpty { return nil }
        }
        // Not within a character, nor after a lone backslash.
        while let last = prefix.last, last >= 0x80, !isWhole(prefix) { prefix.removeLast() }
        var slashes = 0
        while slashes < prefix.count, prefix[prefix.count - 1 - slashes] == 92 { slashes += 1 }
        if slashes % 2 == 1 { prefix.removeLast() }
        return prefix
    }

    private func isWhole(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBufferPointer { UTF8Characters.isValid($0) } }

    private func select(_ menu: CompletionMenu, _ index: Int?) {
        var menu = menu
        menu.selected = index
        if let index {
            (text, cursor) = menu.line(with: index)
        } else {
            (text, cursor) = (menu.text, menu.cursor)
        }
        interaction = .menu(menu)
    }

    /// Closes the menu with what stands in the line; a chosen candidate is followed by a space.
    private func closeMenu(_ menu: CompletionMenu, addsSpace: Bool) {
        interaction = .editing
        if addsSpace, let selected = menu.selected, !menu.candidates[selected].noSpace,
            cursor >= text.count || text[cursor] != 32
        {
            insert([32])
        }
    }

    /// A key while the menu is shown; false when it closed the menu and is for the line.
    func handleMenu(_ menu: CompletionMenu, _ key: Key) -> Bool {
        let count = menu.candidates.count
        switch key {
        case .special(.tab, let modifiers):
            if modifiers.contains(.shift) {
                select(menu, menu.selected.map { $0 > 0 ? $0 - 1 : count - 1 } ?? count - 1)
            } else {
                select(menu, menu.selected.map { ($0 + 1) % count } ?? 0)
            }
        case .special(.down, _), .control(14): select(menu, menu.selected.map { ($0 + 1) % count } ?? 0)
        case .special(.up, _), .control(16):
            if menu.selected == nil {
                interaction = .editing
                return false
            }
            select(menu, menu.selected.map { ($0 + count - 1) % count })
        case .special(.right, _):
            guard let selected = menu.selected else {
                interaction = .editing
                return false
            }
            let next = selected + menu.rowCount
            select(menu, next < count ? next : min(selected % menu.rowCount, count - 1))
        case .special(.left, _):
            guard let selected = menu.selected else {
                interaction = .editing
                return false
            }
            var previous = selected - menu.rowCount
            if previous < 0 {
                previous = selected + (menu.columnCount - 1) * menu.rowCount
                while previous >= count { previous -= menu.rowCount }
            }
            select(menu, max(previous, 0))
        case .special(.pageDown, _): select(menu, min((menu.selected ?? -1) + max(panelRoom - 1, 1), count - 1))
        case .special(.pageUp, _): select(menu, max((menu.selected ?? 0) - max(panelRoom - 1, 1), 0))
        case .special(.escape, _), .control(7):
            (text, cursor) = (menu.text, menu.cursor)
            interaction = .editing
        case .special(.enter, let modifiers) where modifiers.isEmpty:
            if menu.selected == nil {
                interaction = .editing
                return false
            }
            closeMenu(menu, addsSpace: true)
        case .special(.backspace, _):
            if menu.selected != nil { (text, cursor) = (menu.text, menu.cursor) }
            if cursor > menu.start {
                deleteBackward()
                filterMenu()
            } else {
                interaction = .editing
                return false
            }
        case .text(let value):
            if menu.selected != nil {
                // A slash after a directory goes on inside it; anything else begins what follows.
                let isSlash = value == 47 && text[0..<cursor].last == 47
                interaction = .editing
                return isSlash
            }
            var bytes: [UInt8] = []
            Engine.append(value, to: &bytes)
            insert(bytes)
            if value == 32 { interaction = .editing } else { filterMenu() }
        case .special(.focusIn, _), .special(.focusOut, _), .unknown: break
        default:
            interaction = .editing
            return false
        }
        return true
    }

    /// What was typed narrows the choices.
    private func filterMenu() {
        openMenu(findCompletion(), insertsPrefix: false)
    }
}
