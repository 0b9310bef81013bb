// SPDX-License-Identifier: MPL-2.0

/// Text that was cut, newest last.
struct KillRing {
    private var entries: [[UInt8]] = []
    /// The entry that the last yank took.
    private var place = 0
    /// Where the yanked text is in the line, while the next key may exchange it.
    var yanked: Range<Int>?
    /// The last key cut text as well, so that the next cut joins it.
    var joins = false

    static var limit: Int { 30 }

    mutating func cut(_ text: [UInt8], isBefore: Bool) {
        if text.isEmpty { return }
        if joins, let last = entries.last {
            entries[entries.count - 1] = isBefore ? text + last : last + text
        } else {
            entries.append(text)
            if entries.count > KillRing.limit { entries.removeFirst() }
        }
        place = entries.count - 1
        joins = true
    }

    var newest: [UInt8]? {
        mutating get {
            if entries.isEmpty { return nil }
            place = entries.count - 1
            return entries[place]
        }
    }

    /// The entry before the one yanked last, around the ring.
    mutating func rotate() -> [UInt8]? {
        if entries.isEmpty { return nil }
        place = (place + entries.count - 1) % entries.count
        return entries[place]
    }
}
