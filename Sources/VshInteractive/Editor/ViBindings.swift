// SPDX-License-Identifier: MPL-2.0
import VshBase

extension LineEditor {
    /// What a character does in vi's command mode.
    func commandKey(_ value: UInt32, _ state: ViState) -> Binding {
        if value >= 0x80 { return .nothing }
        if state.hasOperator { return afterOperator(value, state) }
        switch value {
        case 106, 43: return act { $0.down() }  // j +
        case 107, 45: return act { $0.up() }  // k -
        case 71: return act { $0.oldest() }  // G
        case 47, 63: return act { $0.beginSearch() }  // / ?
        case 110, 78: return act { $0.repeatSearch(isOlder: value == 110) }  // n N
        case 117: return act { $0.undoEdit() }  // u
        case 85: return act { $0.undoAllEdits() }  // U
        case 118: return act { $0.editExternally() }  // v
        case 35: return finish { $0.commentOut() }  // #
        case 95: return act { $0.insertArgument() }  // _
        case 61, 42, 92: return act { $0.complete(isBackward: false) }  // = * \
        case 46:  // .
            repeatChange()
            return .nothing
        case 58, 64: return .nothing  // : @
        case 112, 80: return edit { $0.put(isBefore: value == 80, times: max(state.count, 1)) }  // p P
        case 121: return begin(value, .yank)  // y
        case 89: return edit { $0.store(Array($0.text[$0.cursor..<$0.lineEnd])) }  // Y
        case 99, 100, 120, 88, 115, 83, 67, 68: return begin(value)  // c d x X s S C D
        case 74: return edit { $0.joinLines() }  // J
        case 34, 96, 103, 109: return prefix(UInt8(value))  // " ` g m
        case 48 where state.digits == 0 && text.contains(10): return edit { $0.moveToLineStart() }
        case 94 where text.contains(10): return edit { $0.moveToLineStart() }
        case 36 where text.contains(10): return edit { $0.moveToLineEnd() }
        // Counts of more than four digits are slips, and expensive ones.
        case 48...57 where state.digits >= 4: return .nothing
        default:
            kills.joins = false
            return .character(value)
        }
    }

    /// Motions, counts, objects and the operator again; any other command ends the operator, and does nothing itself.
    private func afterOperator(_ value: UInt32, _ state: ViState) -> Binding {
        guard let operation = vi.operation else { return act { _ in } }
        if value == operation.name { return .character(operation.command) }
        if value == 105 || value == 97 {
            if state.digits > 0 { return act { _ in } }
            return prefix(UInt8(value))
        }
        let goesOn = "0123456789^$|%hl wWbBeEfFtT;,".unicodeScalars.contains { $0.value == value }
        if !goesOn { return act { _ in } }
        return value >= 48 && value <= 57 && state.digits >= 4 ? .nothing : .character(value)
    }

    /// The key after `"`, `` ` ``, `g`, `m`, or after an operator and `i` or `a`.
    func afterVi(_ prefix: UInt8, _ key: Key) -> Binding {
        guard case .text(let value) = key, value < 128 else { return act { _ in } }
        let name = UInt8(value)
        switch (prefix, name) {
        case (105, _), (97, _):
            guard let operation = vi.operation else { return act { _ in } }
            return edit { $0.selectObject(operation, value, isInner: prefix == 105) }
        case (34, 48...57), (34, 65...90), (34, 97...122): vi.register = name
        case (109, 97...122): vi.marks[name] = cursor
        case (96, _): return edit { $0.goToMark(name) }
        case (103, 103): return edit { $0.cursor = 0 }
        case (103, 101), (103, 69): return edit { $0.moveToPreviousWordEnd(isBig: name == 69) }
        case (103, 95): return edit { $0.moveToLastCharacter() }
        case (103, 117), (103, 85), (103, 126): return begin(value, .letters(value))
        default: bell()
        }
        return .nothing
    }
}
