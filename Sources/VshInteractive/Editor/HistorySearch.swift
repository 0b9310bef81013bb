// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// `^R`: the lines of the history that contain what is typed, in a list below the prompt.
struct HistorySearch {
    var query: [UInt8] = []
    var filter = HistoryFilter.session
    var entries: [HistoryEntry] = []
    var selected = 0
    /// The line before the search, and its cursor.
    let text: [UInt8]
    let cursor: Int
    private var top = 0

    init(text: [UInt8], cursor: Int) {
        self.text = text
        self.cursor = cursor
    }

    private var filterName: String {
        switch filter {
        case .session: "this session"
        case .directory: "this directory"
        case .global: "all"
        }
    }

    /// Columns: when, status, duration, directory, whether it can be undone, the command.
    mutating func put(into builder: inout FrameBuilder, room: Int, _ theme: Theme, directory: [UInt8]) {
        builder.newline()
        builder.clips = true
        builder.put(Array("history (\(filterName)): ".utf8), theme.description)
        builder.put(query.map { $0 == 10 ? 32 : $0 }, theme.matched)
        // The cursor needs a column of its own.
        if builder.column >= builder.width { builder.newline() }
        builder.placeCursor()
        builder.put(byte: 32, Style())
        let shown = max(room - 1, 0)
        if selected < top { top = selected }
        if selected >= top + shown { top = selected - shown + 1 }
        top = max(0, min(top, max(entries.count - shown, 0)))
        let now = Clock.realTime
        let isWide = builder.width >= 60
        for index in top..<min(top + shown, entries.count) {
            let entry = entries[index]
            let isSelected = index == selected
            builder.newline()
            func style(_ style: Style) -> Style { isSelected ? style.with(.reversed) : style }
            func column(_ text: [UInt8], _ width: Int, _ kind: Style) {
                let end = builder.column + width
                for _ in 0..<max(0, width - Cluster.width(of: text)) { builder.put(byte: 32, style(Style())) }
                builder.put(text, style(kind))
                while builder.column < end, builder.column < builder.width { builder.put(byte: 32, style(Style())) }
                builder.put(byte: 32, style(Style()))
            }
            column(HistorySearch.age(entry.start, now), 4, theme.description)
            column(
                entry.status < 0 ? [] : entry.status == 0 ? [0xE2, 0x9C, 0x93] : Array("\(entry.status)".utf8), 3,
                entry.status == 0 ? theme.description : theme.status)
            if isWide {
                column(HistorySearch.duration(entry.duration), 5, theme.description)
                let folder = entry.directory == directory ? [46] : HistorySearch.lastPart(entry.directory)
                column(Array(folder.prefix(16)), 16, theme.directory)
            }
            column(entry.undoable ? [0xE2, 0x9F, 0xB2] : [], 1, theme.undoable)
            let line = entry.command.map { $0 == 10 ? UInt8(32) : $0 }
            HistorySearch.put(line, matching: query, into: &builder, isSelected, theme)
            if isSelected { while builder.column < builder.width { builder.put(byte: 32, style(Style())) } }
        }
        builder.clips = false
    }

    private static func put(
        _ line: [UInt8], matching query: [UInt8], into builder: inout FrameBuilder, _ isSelected: Bool, _ theme: Theme
    ) {
        func style(_ style: Style) -> Style { isSelected ? style.with(.reversed) : style }
        guard !query.isEmpty, query.count <= line.count,
            let place = (0...line.count - query.count).first(where: { line[$0..<$0 + query.count].elementsEqual(query) }
            )
        else {
            builder.put(line, style(Style()))
            return
        }
        builder.put(Array(line[0..<place]), style(Style()))
        builder.put(Array(line[place..<place + query.count]), style(theme.matched))
        builder.put(Array(line[(place + query.count)...]), style(Style()))
    }

    private static func lastPart(_ path: [UInt8]) -> [UInt8] {
        guard let slash = path.lastIndex(of: 47), path.count > 1 else { return path }
        return Array(path[(slash + 1)...])
    }

    /// How long ago: `12s`, `5m`, `3h`, `2d`, `8w`, `1y`.
    static func age(_ start: Int64, _ now: Int64) -> [UInt8] {
        if start <= 0 { return [] }
        let seconds = max(0, (now - start) / 1_000_000_000)
        switch seconds {
        case 0..<60: return Array("\(seconds)s".utf8)
        case 60..<3600: return Array("\(seconds / 60)m".utf8)
        case 3600..<86400: return Array("\(seconds / 3600)h".utf8)
        case 86400..<1_209_600: return Array("\(seconds / 86400)d".utf8)
        case 1_209_600..<31_536_000: return Array("\(seconds / 604_800)w".utf8)
        default: return Array("\(seconds / 31_536_000)y".utf8)
        }
    }

    static func duration(_ nanoseconds: Int64) -> [UInt8] {
        if nanoseconds < 0 { return [] }
        let milliseconds = nanoseconds / 1_000_000
        if milliseconds < 1000 { return Array("\(milliseconds)ms".utf8) }
        if milliseconds < 60_000 { return Array("\(milliseconds / 1000).\(milliseconds % 1000 / 100)s".utf8) }
        return Array("\(milliseconds / 60_000)m\(milliseconds / 1000 % 60)s".utf8)
    }
}

extension LineEditor {
    func beginSearch() {
        kills.joins = false
        kills.yanked = nil
        recall = HistoryRecall()
        var search = HistorySearch(text: text, cursor: cursor)
        search.query = text.contains(10) ? [] : text
        suggestion = []
        find(&search)
        // A session that has nothing yet to offer: the next filter that has.
        while search.entries.isEmpty, search.filter != .global {
            search.filter = search.filter == .session ? .directory : .global
            find(&search)
        }
        if search.entries.isEmpty { search.filter = .session }
        interaction = .search(search)
    }

    private func find(_ search: inout HistorySearch) {
        search.entries = services.history.search(search.query, filter: search.filter, limit: 200)
        search.selected = 0
    }

    /// vi's `n` and `N`: the next line that contains what was searched last.
    func repeatSearch(isOlder: Bool) {
        guard !lastQuery.isEmpty else {
            bell()
            return
        }
        let entries = services.history.search(lastQuery, filter: .global, limit: 200)
        let here = entries.firstIndex { $0.command == text }
        let next = here.map { isOlder ? $0 + 1 : $0 - 1 } ?? 0
        if entries.indices.contains(next) { replaceLine(entries[next].command) } else { bell() }
    }

    func handleSearch(_ old: HistorySearch, _ key: Key) -> Bool {
        var search = old
        switch key {
        case .control(18):
            switch search.filter {
            case .session: search.filter = .directory
            case .directory: search.filter = .global
            case .global: search.filter = .session
            }
            find(&search)
        // The newest is at the top, so that down is further back.
        case .special(.down, _), .control(14):
            search.selected = min(search.selected + 1, max(search.entries.count - 1, 0))
        case .special(.up, _), .control(16), .control(19): search.selected = max(search.selected - 1, 0)
        case .special(.pageDown, _):
            search.selected = min(search.selected + max(panelRoom - 1, 1), max(search.entries.count - 1, 0))
        case .special(.pageUp, _): search.selected = max(search.selected - max(panelRoom - 1, 1), 0)
        case .text(let value):
            Engine.append(value, to: &search.query)
            find(&search)
        case .paste(let bytes):
            search.query += bytes.prefix { $0 != 10 }
            find(&search)
        case .special(.backspace, _):
            let start = Cluster.start(before: search.query.count, in: search.query)
            search.query.removeSubrange(start...)
            find(&search)
        case .control(21):
            search.query = []
            find(&search)
        case .special(.delete, let modifiers) where modifiers.contains(.shift):
            if search.entries.indices.contains(search.selected) {
                services.history.forget(search.entries[search.selected].command)
                dropSuggestion()
                let place = search.selected
                find(&search)
                search.selected = min(place, max(search.entries.count - 1, 0))
            }
        case .special(.escape, _), .control(7):
            (text, cursor) = (search.text, search.cursor)
            interaction = .editing
            return true
        case .special(.focusIn, _), .special(.focusOut, _), .unknown: break
        case .special(.enter, _), .special(.tab, _), .special(.right, _), .special(.left, _), .special(.end, _),
            .special(.home, _), .control(5), .control(1):
            // Into the line; another Enter runs it.
            if search.entries.indices.contains(search.selected) {
                replaceLine(search.entries[search.selected].command)
            }
            lastQuery = search.query
            interaction = .editing
            suggests = false
            return true
        case .control(4):
            interaction = .editing
            return true
        default:
            (text, cursor) = (search.text, search.cursor)
            interaction = .editing
            return false
        }
        interaction = .search(search)
        return true
    }
}
