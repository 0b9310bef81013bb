// SPDX-License-Identifier: MPL-2.0

/// The differences of two sequences of lines (E. Myers, An O(ND) Difference Algorithm and Its Variations, 1986).
public enum LineDiff {
    /// A stretch of lines that differ: those of the old text are replaced by those of the new one; one may be empty.
    public struct Change: Equatable, Sendable {
        public var old: Range<Int>
        public var new: Range<Int>

        public init(old: Range<Int>, new: Range<Int>) {
            self.old = old
            self.new = new
        }
    }

    /// Lines shown together: changes with the context around them.
    public struct Hunk: Equatable, Sendable {
        public var old: Range<Int>
        public var new: Range<Int>
        public var changes: [Change]
    }

    /// Above so many edits the rest is taken for all different.
    private static var limit: Int { 2000 }

    /// A text as its lines, each with its newline; the last may have none.
    public static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        for index in text.indices where text[index] == 10 {
            lines.append(text[start...index])
            start = index + 1
        }
        if start < text.count { lines.append(text[start...]) }
        return lines
    }

    /// The changes that make one text of the other, from front to end.
    public static func changes(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [Change] {
        // Lines as numbers, so that they are compared once.
        var numbers: [ArraySlice<UInt8>: Int32] = [:]
        func number(_ line: ArraySlice<UInt8>) -> Int32 {
            if let known = numbers[line] { return known }
            let next = Int32(numbers.count)
            numbers[line] = next
            return next
        }
        let (a, b) = (old.map(number), new.map(number))
        var start = 0
        while start < a.count, start < b.count, a[start] == b[start] { start += 1 }
        var (aEnd, bEnd) = (a.count, b.count)
        while aEnd > start, bEnd > start, a[aEnd - 1] == b[bEnd - 1] {
            aEnd -= 1
            bEnd -= 1
        }
        let found = middle(Array(a[start..<aEnd]), Array(b[start..<bEnd]))
        return found.map {
            Change(
                old: $0.old.lowerBound + start..<$0.old.upperBound + start,
                new: $0.new.lowerBound + start..<$0.new.upperBound + start)
        }
    }

    private static func middle(_ a: [Int32], _ b: [Int32]) -> [Change] {
        if a.isEmpty && b.isEmpty { return [] }
        if a.isEmpty || b.isEmpty { return [Change(old: 0..<a.count, new: 0..<b.count)] }
        let most = min(a.count + b.count, limit)
        // The furthest place on each diagonal, for every number of edits.
        var trace: [[Int32]] = []
        var furthest = [Int32](repeating: 0, count: 2 * most + 3)
        let zero = most + 1
        for edits in 0...most {
            for diagonal in stride(from: -edits, through: edits, by: 2) {
                let down =
                    diagonal == -edits
                    || diagonal != edits && furthest[zero + diagonal - 1] < furthest[zero + diagonal + 1]
                var x = Int(down ? furthest[zero + diagonal + 1] : furthest[zero + diagonal - 1] + 1)
                var y = x - diagonal
                while x < a.count, y < b.count, a[x] == b[y] {
                    x += 1
                    y += 1
                }
                furthest[zero + diagonal] = Int32(x)
                if x >= a.count && y >= b.count {
                    trace.append(Array(furthest[(zero - edits - 1)...(zero + edits + 1)]))
                    return backtrack(a.count, b.count, trace)
                }
            }
            trace.append(Array(furthest[(zero - edits - 1)...(zero + edits + 1)]))
        }
        return [Change(old: 0..<a.count, new: 0..<b.count)]
    }

    /// Walks back from the end; `trace[d]` holds the diagonals -d-1 ... d+1 after d edits.
    private static func backtrack(_ count: Int, _ newCount: Int, _ trace: [[Int32]]) -> [Change] {
        var (x, y) = (count, newCount)
        var reversed: [Change] = []
        func add(_ old: Range<Int>, _ new: Range<Int>) {
            if let last = reversed.last, last.old.lowerBound == old.upperBound, last.new.lowerBound == new.upperBound {
                reversed[reversed.count - 1] = Change(
                    old: old.lowerBound..<last.old.upperBound, new: new.lowerBound..<last.new.upperBound)
            } else {
                reversed.append(Change(old: old, new: new))
            }
        }
        var edits = trace.count - 1
        while edits > 0 {
            let before = trace[edits - 1]
            // `before` starts at diagonal -edits.
            func furthest(_ diagonal: Int) -> Int { Int(before[diagonal + edits]) }
            let diagonal = x - y
            let down = diagonal == -edits || diagonal != edits && furthest(diagonal - 1) < furthest(diagonal + 1)
            let previous = down ? diagonal + 1 : diagonal - 1
            let fromX = furthest(previous)
            let fromY = fromX - previous
            if down { add(fromX..<fromX, fromY..<fromY + 1) } else { add(fromX..<fromX + 1, fromY..<fromY) }
            (x, y) = (fromX, fromY)
            edits -= 1
        }
        return reversed.reversed()
    }

    /// Changes with `context` lines around them; those that come close are one hunk.
    public static func hunks(_ changes: [Change], oldCount: Int, newCount: Int, context: Int = 3) -> [Hunk] {
        var hunks: [Hunk] = []
        for change in changes {
            if var last = hunks.last, change.old.lowerBound - (last.changes.last?.old.upperBound ?? 0) <= 2 * context {
                last.changes.append(change)
                hunks[hunks.count - 1] = last
            } else {
                hunks.append(Hunk(old: 0..<0, new: 0..<0, changes: [change]))
            }
        }
        for index in hunks.indices {
            let (first, last) = (hunks[index].changes.first!, hunks[index].changes.last!)
            let before = min(context, first.old.lowerBound, first.new.lowerBound)
            let after = min(context, oldCount - last.old.upperBound)
            hunks[index].old = first.old.lowerBound - before..<last.old.upperBound + after
            hunks[index].new = first.new.lowerBound - before..<last.new.upperBound + after
        }
        return hunks
    }
}
