// SPDX-License-Identifier: MPL-2.0
import CEdit
import VshBase

/// A command of vi mode that takes text. libedit takes it out of the line; where it goes, and whether it comes back, is decided here: libedit has
/// neither registers nor operators besides `d`, `c` and `y`.
struct ViOperation {
    enum Purpose {
        case cut
        /// The text comes back.
        case yank
        /// The text comes back in upper case, lower case, or each letter in the other: `U`, `u`, `~`.
        case letters(UInt32)
    }
    var purpose: Purpose
    /// The letter that was typed, which once more means the whole line.
    var name: UInt32
    /// The line before.
    var text: [UInt8]
    var cursor: Int

    /// What libedit is sent for it.
    var command: UInt32 { name == 99 ? 99 : 100 }

    /// What is missing from the line, which has its cursor where it was taken, or at the end of what is left.
    func removed(_ now: [UInt8], cursor: Int) -> Range<Int>? {
        let count = text.count - now.count
        if count <= 0 { return nil }
        for place in [cursor, now.count] {
            let rest = place + count
            if text[..<place].elementsEqual(now[..<place]), text[rest...].elementsEqual(now[place...]) {
                return place..<rest
            }
        }
        var place = 0
        while place < now.count, now[place] == text[place] { place += 1 }
        return text[(place + count)...].elementsEqual(now[place...]) ? place..<place + count : nil
    }
}

/// What vi mode has besides libedit: where text goes that was taken, marks, and characters that libedit is to get next.
struct ViMemory {
    var operation: ViOperation?
    /// The register of the next command, after `"`.
    var register: UInt8?
    var registers: [UInt8: [UInt8]] = [:]
    var marks: [UInt8: Int] = [:]
    var queued: [UInt32] = []
}

extension LineEditor {
    /// A command that takes text begins.
    func begin(_ name: UInt32, _ purpose: ViOperation.Purpose = .cut) -> Binding {
        vi.operation = ViOperation(purpose: purpose, name: name, text: text, cursor: cursor)
        kills.joins = false
        return .character("xXsSCD".unicodeScalars.contains { $0.value == name } ? name : vi.operation!.command)
    }

    /// libedit has done the command that took text.
    func finishOperation() {
        guard let operation = vi.operation, vi.queued.isEmpty, viState.isAtRest else { return }
        vi.operation = nil
        guard let range = operation.removed(text, cursor: cursor) else {
            vi.register = nil
            return
        }
        let taken = Array(operation.text[range])
        switch operation.purpose {
        case .cut:
            store(taken)
            return
        case .yank:
            store(taken)
            text = operation.text
        case .letters(let which):
            text = operation.text
            text.replaceSubrange(range, with: LineEditor.letters(of: taken, which))
        }
        cursor = range.lowerBound
        engine?.write(text, cursor: cursor)
    }

    /// Into the register that was named, or at the end of it when its name is a capital; else where ^Y finds it too.
    func store(_ taken: [UInt8]) {
        guard let name = vi.register else {
            kills.joins = false
            kills.cut(taken, isBefore: false)
            kills.joins = false
            return
        }
        vi.register = nil
        let isCapital = name >= 65 && name <= 90
        vi.registers[name | 32] = isCapital ? (vi.registers[name | 32] ?? []) + taken : taken
    }

    /// `p` and `P`.
    func put(isBefore: Bool, times: Int) {
        let name = vi.register
        vi.register = nil
        guard let bytes = name.map({ vi.registers[$0 | 32] }) ?? kills.newest, !bytes.isEmpty else { return bell() }
        if !isBefore { cursor = Cluster.end(after: cursor, in: text) }
        for _ in 0..<min(times, max(1, (1 << 16) / bytes.count)) { insert(bytes) }
        cursor = Cluster.start(before: cursor, in: text)
    }

    static func letters(of bytes: [UInt8], _ which: UInt32) -> [UInt8] {
        var result: [UInt8] = []
        bytes.withUnsafeBufferPointer { bytes in
            var at = 0
            while at < bytes.count {
                let (value, length) = UTF8Characters.decode(bytes.baseAddress!, at, bytes.count)
                at += length
                let upper = value < UTF8Characters.invalid ? vsh_edit_upper(value) : value
                let lower = value < UTF8Characters.invalid ? vsh_edit_lower(value) : value
                Engine.append(which == 85 ? upper : which == 117 ? lower : upper == value ? lower : upper, to: &result)
            }
        }
        return result
    }

    /// The operator and `i` or `a` were typed: the letter of the object. libedit gets the operator over as many characters.
    func selectObject(_ operation: ViOperation, _ letter: UInt32, isInner: Bool) {
        guard let range = ViObjects(text: text, cursor: cursor).range(letter, isInner: isInner) else {
            vi.register = nil
            return bell()
        }
        cursor = range.lowerBound
        if range.isEmpty {
            vi.queued = operation.name == 99 ? [105] : []
            return
        }
        let count = text[range].withUnsafeBufferPointer { bytes in
            var (at, count) = (0, 0)
            while at < bytes.count {
                at += UTF8Characters.decode(bytes.baseAddress!, at, bytes.count).length
                count += 1
            }
            return count
        }
        vi.operation = ViOperation(purpose: operation.purpose, name: operation.name, text: text, cursor: cursor)
        vi.queued = [operation.command] + String(count).unicodeScalars.map(\.value) + [108]
    }

    /// The next of the characters that libedit is to get.
    func nextQueued() -> UInt32? {
        if vi.queued.isEmpty { return nil }
        let character = vi.queued.removeFirst()
        viState.didSend(character)
        engine?.makeRoom(text, cursor: cursor)
        return character
    }

    // MARK: motions

    /// `ge` and `gE`: back to the end of a word.
    func moveToPreviousWordEnd(isBig: Bool) {
        func kind(_ place: Int) -> Int {
            let kind = ViObjects.kind(text[place])
            return kind == 3 ? 0 : isBig ? min(kind, 1) : kind
        }
        if text.isEmpty { return }
        var at = min(cursor, text.count - 1)
        let here = kind(at)
        while at > 0, here != 0, kind(at) == here { at -= 1 }
        while at > 0, kind(at) == 0 { at -= 1 }
        cursor = Cluster.start(before: at + 1, in: text)
    }

    /// `g_`: to the last character of the line that is no blank.
    func moveToLastCharacter() {
        var at = lineEnd
        while at > lineStart, ViObjects.isBlank(text[at - 1]) { at -= 1 }
        cursor = at > lineStart ? Cluster.start(before: at, in: text) : at
    }

    /// `J`: the next line of the buffer comes to the end of this one, with a blank between.
    func joinLines() {
        let end = lineEnd
        guard end < text.count else { return bell() }
        var rest = end + 1
        while rest < text.count, ViObjects.isBlank(text[rest]) { rest += 1 }
        text.replaceSubrange(end..<rest, with: [32])
        cursor = end
    }

    /// `` ` `` and the letter of a mark.
    func goToMark(_ name: UInt8) {
        guard let place = vi.marks[name] else { return bell() }
        mark = place
        let here = cursor
        exchangeMark()
        mark = here
    }
}
