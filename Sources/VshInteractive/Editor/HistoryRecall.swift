// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// Going through the history with Up and Down: entries that begin with what was typed.
struct HistoryRecall {
    /// The entry that is shown; nil: what was typed.
    var id: Int64?
    var isActive = false
    var typed: [UInt8] = []
    var typedCursor = 0
    /// The place in the words of `insertArgument`: which entry, and what it inserted.
    var argumentID: Int64?
    var argumentRange: Range<Int>?
    var argumentNumber: Int?
}

extension LineEditor {
    /// Up: the line above in the buffer, else the entry before.
    func up() {
        if !recall.isActive, lineStart > 0 {
            moveVertically(toLineBefore: lineStart)
            return
        }
        older()
    }

    func down() {
        if !recall.isActive, lineEnd < text.count {
            moveVertically(toLineAfter: lineEnd)
            return
        }
        newer()
    }

    private func older() {
        beginRecall()
        guard let entry = services.history.entry(before: recall.id, prefix: recall.typed) else {
            bell()
            return
        }
        recall.id = entry.id
        if entry.command == text, entry.command == recall.typed {
            // What is there already would look as if nothing had happened.
            if let next = services.history.entry(before: entry.id, prefix: recall.typed) {
                recall.id = next.id
                replaceLine(next.command)
            }
            return
        }
        replaceLine(entry.command)
    }

    private func newer() {
        guard recall.isActive, let id = recall.id else {
            bell()
            return
        }
        if let entry = services.history.entry(after: id, prefix: recall.typed) {
            recall.id = entry.id
            replaceLine(entry.command)
        } else {
            recall.id = nil
            text = recall.typed
            cursor = min(recall.typedCursor, text.count)
        }
    }

    private func beginRecall() {
        kills.joins = false
        kills.yanked = nil
        refused = nil
        if recall.isActive { return }
        recall = HistoryRecall()
        recall.isActive = true
        recall.typed = text
        recall.typedCursor = cursor
        suggests = false
        suggestion = []
    }

    func oldest() {
        beginRecall()
        var last: HistoryEntry?
        // Stops at some thousand: a store may be of any size.
        for _ in 0..<5000 {
            guard let entry = services.history.entry(before: last?.id ?? recall.id, prefix: recall.typed) else { break }
            last = entry
        }
        if let last {
            recall.id = last.id
            replaceLine(last.command)
        } else {
            bell()
        }
    }

    func newest() {
        guard recall.isActive else { return }
        recall.id = nil
        text = recall.typed
        cursor = min(recall.typedCursor, text.count)
    }

    /// To the line that ends before `start`, in the same column.
    private func moveVertically(toLineBefore start: Int) {
        let column = Cluster.width(of: Array(text[start..<cursor]))
        cursor = start - 1
        let first = lineStart
        cursor = place(inLineAt: first, column: column)
    }

    private func moveVertically(toLineAfter end: Int) {
        let column = Cluster.width(of: Array(text[lineStart..<cursor]))
        cursor = place(inLineAt: end + 1, column: column)
    }

    private func place(inLineAt start: Int, column: Int) -> Int {
        var at = start
        var width = 0
        while at < text.count, text[at] != 10, width < column {
            let end = Cluster.end(after: at, in: text)
            width += Cluster.width(of: Array(text[at..<end]))
            at = end
        }
        return at
    }

    /// Alt-.: the last word of the line before; again: of the one before that. With a count that word: 0 is the command, below 0 counts from the end.
    func insertArgument(_ number: Int? = nil) {
        kills.joins = false
        kills.yanked = nil
        let again = recall.argumentRange
        guard let entry = services.history.entry(before: again == nil ? nil : recall.argumentID, prefix: []) else {
            bell()
            return
        }
        let words = LineSyntax(entry.command, symbols: highlighter.symbols).words
        let number = number ?? recall.argumentNumber ?? -1
        let place = number < 0 ? words.count + number : number
        guard words.indices.contains(place) else { return bell() }
        if let again, again.upperBound <= text.count {
            text.removeSubrange(again)
            cursor = again.lowerBound
        }
        let start = cursor
        insert(Array(entry.command[words[place].range]))
        recall.argumentID = entry.id
        recall.argumentNumber = number
        recall.argumentRange = start..<cursor
    }
}
