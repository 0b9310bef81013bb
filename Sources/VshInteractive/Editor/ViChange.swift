// SPDX-License-Identifier: MPL-2.0

/// The keys of vi mode's last change, which `.` types again. (libedit's own `.` hands its recorded characters to whatever mode it is in, past
/// all that watches over the cursor, and knows only what went through libedit.)
struct ViChange {
    /// The last change: its count, its command, and what was inserted, with the Escape behind it.
    private var keys: [Key] = []
    /// The command that is being typed.
    private var current: [Key]?
    /// What `.` has still to type, the next key last.
    private var left: [Key] = []

    var isRepeating: Bool { !left.isEmpty }

    /// A key comes to the line. `state` is what it was before it.
    mutating func note(_ key: Key, isCommandMode: Bool, _ state: ViState) {
        if isRepeating || isLast { return }
        if isCommandMode, state.isAtRest {
            finish()
            current = [key]
        } else if ViChange.isText(key) {
            current?.append(key)
        }
    }

    /// The line is done. What was inserted up to here is a change too.
    mutating func lineEnds(isInserting: Bool) {
        if isInserting { current?.append(.special(.escape, [])) }
        finish()
        stopRepeating()
    }

    /// `.` was typed, perhaps after a count, which libedit has and which stands for the count of the change. False: there was no change.
    mutating func repeatLast() -> Bool {
        let count = (current ?? []).prefix { ViChange.isDigit($0) }
        current = nil
        if keys.isEmpty { return false }
        if !count.isEmpty {
            keys = Array(count) + keys.drop { ViChange.isDigit($0) }
        }
        left = (count.isEmpty ? keys : Array(keys.drop { ViChange.isDigit($0) })).reversed()
        return true
    }

    /// The next key that `.` types.
    mutating func nextRepeated() -> Key? {
        isLast = left.count == 1
        return left.popLast()
    }

    mutating func stopRepeating() { left = [] }

    /// The key that is handled now was the last that `.` typed.
    private var isLast = false

    private mutating func finish() {
        if let command = current?.first(where: { !ViChange.isDigit($0) }), case .text(let letter) = command,
            letter < 128, "xXpPdcrRsSiIaAC~DJg".utf8.contains(UInt8(letter)), letter != 103 || changesLetters
        {
            keys = current ?? []
        }
        current = nil
    }

    /// `gu`, `gU` or `g~`, and no motion.
    private var changesLetters: Bool {
        guard let current, let place = current.firstIndex(of: .text(103)), place + 1 < current.count else {
            return false
        }
        return [.text(117), .text(85), .text(126)].contains(current[place + 1])
    }

    /// Keys that insert or delete at the cursor; what is chosen from menus or histories is not repeated.
    private static func isText(_ key: Key) -> Bool {
        switch key {
        case .text, .paste, .special(.backspace, _), .special(.escape, _), .control(22), .control(23), .control(21):
            true
        default: false
        }
    }

    private static func isDigit(_ key: Key) -> Bool {
        if case .text(let value) = key { return value >= 48 && value <= 57 }
        return false
    }
}
