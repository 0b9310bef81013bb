// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What emacs mode has besides the usual: exchanging words, going to a character, blanks, words of the shell, arguments of earlier lines.
extension LineEditor {
    /// Alt-T: the word at or before the cursor changes places with the one before it; the cursor comes behind both.
    func transposeWords() {
        func end(from place: Int) -> Int {
            var at = place
            while at < text.count, !isWordByte(text[at]) { at += 1 }
            while at < text.count, isWordByte(text[at]) { at += 1 }
            return at
        }
        func start(from place: Int) -> Int {
            var at = place
            while at > 0, !isWordByte(text[at - 1]) { at -= 1 }
            while at > 0, isWordByte(text[at - 1]) { at -= 1 }
            return at
        }
        var secondEnd = end(from: cursor)
        var second = start(from: secondEnd)
        // Behind the last word, where only blanks follow: the two before.
        if secondEnd == text.count, second < secondEnd, !isWordByte(text[secondEnd - 1]) {
            secondEnd = end(from: second)
        }
        let first = start(from: second)
        let firstEnd = end(from: first)
        guard first < firstEnd, firstEnd <= second, second < secondEnd else {
            bell()
            return
        }
        let words = text[second..<secondEnd] + text[firstEnd..<second] + text[first..<firstEnd]
        text.replaceSubrange(first..<secondEnd, with: Array(words))
        second = first
        cursor = secondEnd
    }

    /// `^]` and a character: the next one like it; with a count below zero, or after Alt-`^]`, the one before.
    func goTo(_ key: Key, _ count: Int) {
        guard case .text(let value) = key else { return bell() }
        var wanted: [UInt8] = []
        Engine.append(value, to: &wanted)
        func isThere(_ place: Int) -> Bool { text[place...].starts(with: wanted) }
        var (place, left) = (cursor, abs(count))
        while left > 0 {
            let next = count > 0 ? Cluster.end(after: place, in: text) : Cluster.start(before: place, in: text)
            if next == place || next >= text.count { return bell() }
            place = next
            if isThere(place) { left -= 1 }
        }
        cursor = place
    }

    /// Alt-\: no blanks around the cursor.
    func deleteBlanks() {
        var (start, end) = (cursor, cursor)
        while start > 0, text[start - 1] == 32 || text[start - 1] == 9 { start -= 1 }
        while end < text.count, text[end] == 32 || text[end] == 9 { end += 1 }
        text.removeSubrange(start..<end)
        cursor = start
    }

    // MARK: words of the shell

    private var shellWords: [Range<Int>] { LineSyntax(text, symbols: highlighter.symbols).words.map(\.range) }

    /// Alt-^F: behind the word, quotes and all.
    var shellWordEnd: Int { shellWords.first { $0.upperBound > cursor }?.upperBound ?? text.count }
    /// Alt-^B: to the start of the word.
    var shellWordStart: Int { shellWords.last { $0.lowerBound < cursor }?.lowerBound ?? 0 }

    /// Alt-^E: variables and command substitutions in the line are replaced by what they give; the commands have the terminal.
    func expandLine() {
        let saved = shell.status
        suspendScreen {
            if let expanded = try? shell.expandPrompt(Text(withoutQuotes)) { replaceLine(expanded.bytes) }
        }
        shell.status = saved
    }

    /// The line without the double quotes that are not in a substitution.
    private var withoutQuotes: [UInt8] {
        var (depth, isBackquoted) = (0, false)
        var result: [UInt8] = []
        for (place, byte) in text.enumerated() {
            switch byte {
            case 96: isBackquoted.toggle()
            case 40 where depth > 0 || place > 0 && text[place - 1] == 36: depth += 1
            case 41 where depth > 0: depth -= 1
            case 34 where depth == 0 && !isBackquoted: continue
            default: break
            }
            result.append(byte)
        }
        return result
    }

    // MARK: completion

    /// Alt-*: all that the word could become.
    func insertAllCompletions() { insertAll(of: findCompletion()) }

    /// ^X*: the pathnames that the word before the cursor matches, in its place.
    func insertPathnames(appendsStar: Bool) { insertAll(of: findPathnames(appendsStar)) }

    /// ^Xg: they are shown.
    func listPathnames(appendsStar: Bool) {
        kills.joins = false
        openMenu(findPathnames(appendsStar), insertsPrefix: false)
        if interaction.isEditing { bell() }
    }

    private func findPathnames(_ appendsStar: Bool) -> Completion {
        let before = Array(text[..<cursor])
        guard let word = LineSyntax(before, symbols: highlighter.symbols).words.last, word.range.upperBound == cursor,
            word.value != nil
        else { return Completion(start: cursor) }
        let pattern = Text(before[word.range] + (appendsStar ? [42] : []))
        return Completion(
            start: word.range.lowerBound,
            candidates: shell.pathnames(of: pattern).map { name in
                Candidate(
                    text: WordQuoting.quoted(name, in: .none, isFirst: true, closes: true),
                    display: WordQuoting.display(name), kind: .file)
            })
    }

    private func insertAll(of completion: Completion) {
        let start = min(max(completion.start, 0), cursor)
        if completion.candidates.isEmpty { return bell() }
        let all = Array(completion.candidates.prefix(1000).map(\.text).joined(separator: [32])) + [32]
        text.replaceSubrange(start..<cursor, with: all)
        cursor = start + all.count
    }

    // MARK: history

    /// `^O`: runs the line; the next prompt has the line that followed it in the history.
    func enterAndGetNext() -> Engine.Outcome {
        let next = recall.id.flatMap { services.history.entry(after: $0, prefix: []) }
        let outcome = enter()
        if outcome == .accepted { following = next }
        return outcome
    }

    /// The line that `^O` asked for.
    func takeFollowing() {
        guard let entry = following else { return }
        following = nil
        replaceLine(entry.command)
        recall.isActive = true
        recall.id = entry.id
        suggests = false
    }
}
