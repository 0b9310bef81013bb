// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Moving, inserting and cutting. Places are byte offsets at the starts of clusters; "line" is a line of the buffer.
extension LineEditor {
    func insert(_ bytes: [UInt8]) {
        text.insert(contentsOf: bytes, at: min(cursor, text.count))
        cursor = min(cursor, text.count) + bytes.count
    }

    func paste(_ bytes: [UInt8]) {
        insert(bytes)
        suggests = true
    }

    func replaceLine(_ new: [UInt8]) {
        text = new
        cursor = new.count
    }

    func move(by count: Int) {
        if count < 0 {
            cursor = Cluster.start(before: cursor, in: text)
        } else {
            cursor = Cluster.end(after: cursor, in: text)
        }
    }

    var lineStart: Int {
        var at = min(cursor, text.count)
        while at > 0, text[at - 1] != 10 { at -= 1 }
        return at
    }

    var lineEnd: Int {
        var at = cursor
        while at < text.count, text[at] != 10 { at += 1 }
        return at
    }

    func moveToLineStart() {
        // At the start already: to the start of everything.
        cursor = cursor == lineStart ? 0 : lineStart
    }

    func moveToLineEnd() { cursor = lineEnd }

    func moveToLineEndOrAccept() {
        beginMove()
        if cursor == text.count, !suggestion.isEmpty {
            acceptSuggestion()
        } else if cursor == lineEnd {
            cursor = text.count
        } else {
            cursor = lineEnd
        }
    }

    func moveRightOrAccept() {
        beginMove()
        if cursor == text.count, !suggestion.isEmpty { acceptSuggestion() } else { move(by: 1) }
    }

    func moveWordOrAccept() {
        beginMove()
        if cursor == text.count, !suggestion.isEmpty {
            var end = 0
            while end < suggestion.count, !isWordByte(suggestion[end]) { end += 1 }
            while end < suggestion.count, isWordByte(suggestion[end]) { end += 1 }
            insert(Array(suggestion[0..<end]))
            suggestion.removeSubrange(0..<end)
        } else {
            while cursor < text.count, !isWordByte(text[cursor]) { cursor += 1 }
            while cursor < text.count, isWordByte(text[cursor]) { cursor += 1 }
        }
    }

    private func beginMove() {
        kills.joins = false
        kills.yanked = nil
        recall = HistoryRecall()
        suggests = true
    }

    private func acceptSuggestion() {
        insert(suggestion)
        suggestion = []
    }

    /// Shift-Delete: the proposed line goes out of the history.
    func forgetSuggestion() {
        if suggestion.isEmpty {
            deleteForward()
            return
        }
        services.history.forget(text + suggestion)
        suggestion = []
        dropSuggestion()
    }

    func isWordByte(_ byte: UInt8) -> Bool {
        byte >= 128 || byte >= 48 && byte <= 57 || byte >= 65 && byte <= 90 || byte >= 97 && byte <= 122 || byte == 95
    }

    func deleteBackward() {
        let start = Cluster.start(before: cursor, in: text)
        text.removeSubrange(start..<cursor)
        cursor = start
    }

    func deleteForward() {
        let end = Cluster.end(after: cursor, in: text)
        if end > cursor { text.removeSubrange(cursor..<end) } else { bell() }
    }

    // MARK: cutting

    func cut(_ range: Range<Int>, isBefore: Bool) {
        kills.cut(Array(text[range]), isBefore: isBefore)
        text.removeSubrange(range)
        cursor = range.lowerBound
    }

    func cutToLineEnd() {
        var end = lineEnd
        // At the end already: the newline itself.
        if end == cursor && end < text.count { end += 1 }
        cut(cursor..<end, isBefore: false)
    }

    func cutToLineStart() {
        var start = lineStart
        if start == cursor && start > 0 { start -= 1 }
        cut(start..<cursor, isBefore: true)
    }

    func cutWordBack(isBig: Bool) {
        var start = cursor
        func isPart(_ byte: UInt8) -> Bool { isBig ? byte != 32 && byte != 9 && byte != 10 : isWordByte(byte) }
        while start > 0, !isPart(text[start - 1]) { start -= 1 }
        while start > 0, isPart(text[start - 1]) { start -= 1 }
        cut(start..<cursor, isBefore: true)
    }

    func cutWordForward() {
        var end = cursor
        while end < text.count, !isWordByte(text[end]) { end += 1 }
        while end < text.count, isWordByte(text[end]) { end += 1 }
        cut(cursor..<end, isBefore: false)
    }

    func yank() {
        kills.joins = false
        guard let bytes = kills.newest else {
            bell()
            return
        }
        let start = cursor
        insert(bytes)
        kills.yanked = start..<cursor
    }

    func yankPop() {
        guard let range = kills.yanked, range.upperBound <= text.count, let bytes = kills.rotate() else {
            bell()
            return
        }
        text.replaceSubrange(range, with: bytes)
        cursor = range.lowerBound + bytes.count
        kills.yanked = range.lowerBound..<cursor
    }

    func exchangeMark() {
        var place = min(mark, text.count)
        // The line may have changed since: never into the middle of a character.
        while place > 0, place < text.count, text[place] & 0xC0 == 0x80 { place -= 1 }
        mark = cursor
        cursor = place
    }

    // MARK: undoing edits

    func undoEdit() { restore(edits.undo()) }
    func redoEdit() { restore(edits.redo()) }
    func undoAllEdits() { restore(edits.undoAll()) }

    private func restore(_ state: EditHistory.State?) {
        kills.joins = false
        kills.yanked = nil
        guard let state else {
            bell()
            return
        }
        text = state.text
        cursor = min(state.cursor, text.count)
        suggests = true
    }

    /// Alt-S: `sudo` before the line, or away; on an empty line the last one with it.
    func toggleSudo() {
        let word = Array("sudo ".utf8)
        if text.isEmpty, let last = services.history.entry(before: nil, prefix: []) { replaceLine(last.command) }
        if text.starts(with: word) {
            text.removeFirst(word.count)
            cursor = max(0, cursor - word.count)
        } else {
            text.insert(contentsOf: word, at: 0)
            cursor += word.count
        }
    }
}
