// SPDX-License-Identifier: MPL-2.0

/// What an operator of vi mode takes after `i` or `a`: words, and what is between quotes or brackets.
struct ViObjects {
    let text: [UInt8]
    let cursor: Int

    /// The object of a letter; nil when there is none here. `isInner`: after `i`, without what surrounds it.
    func range(_ letter: UInt32, isInner: Bool) -> Range<Int>? {
        switch letter {
        case 119: word(isInner) { ViObjects.kind($0) }
        case 87: word(isInner) { $0 == 10 ? 3 : ViObjects.isBlank($0) ? 0 : 1 }
        case 34, 39, 96: quotes(UInt8(letter), isInner)
        case 40, 41, 98: brackets(40, 41, isInner)
        case 91, 93: brackets(91, 93, isInner)
        case 123, 125, 66: brackets(123, 125, isInner)
        case 60, 62: brackets(60, 62, isInner)
        default: nil
        }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

    /// Blank, letter or digit, mark, newline.
    static func kind(_ byte: UInt8) -> Int {
        switch byte {
        case 10: 3
        case 32, 9: 0
        case 48...57, 65...90, 97...122, 95, 128...255: 1
        default: 2
        }
    }

    private func word(_ isInner: Bool, _ kind: (UInt8) -> Int) -> Range<Int>? {
        if cursor >= text.count { return nil }
        func run(at place: Int) -> Range<Int> {
            var (start, end) = (place, place)
            while start > 0, kind(text[start - 1]) == kind(text[place]) { start -= 1 }
            while end < text.count, kind(text[end]) == kind(text[place]) { end += 1 }
            return start..<end
        }
        var found = run(at: cursor)
        if isInner { return found }
        let (start, end) = (found.lowerBound, found.upperBound)
        if kind(text[cursor]) == 0 {
            // Blanks, and the word after them.
            if end < text.count, text[end] != 10 { found = start..<run(at: end).upperBound }
        } else if end < text.count, kind(text[end]) == 0 {
            found = start..<run(at: end).upperBound
        } else if start > 0, kind(text[start - 1]) == 0 {
            found = run(at: start - 1).lowerBound..<end
        }
        return found
    }

    /// The quotes around the cursor in its line, or the next after it.
    private func quotes(_ quote: UInt8, _ isInner: Bool) -> Range<Int>? {
        var start = min(cursor, text.count)
        while start > 0, text[start - 1] != 10 { start -= 1 }
        var (at, open) = (start, -1)
        while at < text.count, text[at] != 10 {
            if text[at] == 92, quote != 39 {
                at += 2
                continue
            }
            if text[at] == quote {
                if open >= 0, at >= cursor { return isInner ? open + 1..<at : open..<at + 1 }
                open = open < 0 ? at : -1
            }
            at += 1
        }
        return nil
    }

    private func brackets(_ open: UInt8, _ close: UInt8, _ isInner: Bool) -> Range<Int>? {
        var (depth, start) = (0, cursor)
        if start >= text.count { return nil }
        while true {
            if text[start] == open {
                if depth == 0 { break }
                depth -= 1
            } else if text[start] == close, start != cursor {
                depth += 1
            }
            if start == 0 { return nil }
            start -= 1
        }
        depth = 0
        var end = start + 1
        while end < text.count {
            if text[end] == close {
                if depth == 0 { return isInner ? start + 1..<end : start..<end + 1 }
                depth -= 1
            } else if text[end] == open {
                depth += 1
            }
            end += 1
        }
        return nil
    }
}
