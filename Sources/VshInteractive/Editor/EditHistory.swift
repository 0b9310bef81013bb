// SPDX-License-Identifier: MPL-2.0

/// The states of the line that is edited, for undoing and redoing edits. (Nothing to do with undoing what commands did to files.)
struct EditHistory {
    struct State {
        var text: [UInt8]
        var cursor: Int
    }

    private var states: [State] = [State(text: [], cursor: 0)]
    private var place = 0
    private var bytes = 0
    /// The newest state grew by typing, so that more typing is part of it.
    private var isTyping = false

    /// Text kept at most.
    static var limit: Int { 1 << 20 }

    /// Notes what the line is now. Typing in one go is one state; a blank begins another.
    mutating func note(_ text: [UInt8], _ cursor: Int) {
        if states[place].text == text {
            states[place].cursor = cursor
            return
        }
        let last = states[place]
        let isInsertion =
            text.count > last.text.count && text.count - last.text.count <= 4 && cursor > 0 && cursor <= text.count
            && cursor - (text.count - last.text.count) == last.cursor
        let startsWord = isInsertion && text[cursor - 1] == 32
        if place + 1 < states.count {
            for state in states[(place + 1)...] { bytes -= state.text.count }
            states.removeSubrange((place + 1)...)
        }
        if isInsertion && isTyping && !startsWord && place > 0 {
            bytes += text.count - last.text.count
            states[place] = State(text: text, cursor: cursor)
        } else {
            states.append(State(text: text, cursor: cursor))
            bytes += text.count
            place += 1
            while bytes > EditHistory.limit && states.count > 2 {
                bytes -= states[0].text.count
                states.removeFirst()
                place -= 1
            }
        }
        isTyping = isInsertion
    }

    mutating func undo() -> State? {
        if place == 0 { return nil }
        place -= 1
        isTyping = false
        return states[place]
    }

    var canRedo: Bool { place + 1 < states.count }

    mutating func redo() -> State? {
        if place + 1 >= states.count { return nil }
        place += 1
        isTyping = false
        return states[place]
    }

    mutating func undoAll() -> State? {
        if place == 0 { return nil }
        place = 0
        isTyping = false
        return states[0]
    }
}
