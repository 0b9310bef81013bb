// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What a key does.
enum Binding {
    /// libedit gets this character.
    case character(UInt32)
    /// Ours, run when libedit comes back with `Engine.keyCode`.
    case action(() -> Engine.Outcome)
    case nothing
}

extension LineEditor {
    /// What a key does to the line that is edited; docs/interactive.md lists the keys.
    func binding(of key: Key, isCommandMode: Bool, _ vi: ViState) -> Binding {
        let prefix = keyPrefix
        keyPrefix = 0
        var key = key
        if prefix == 0, let digit = countDigit(key) { return digit }
        let bound = prefix == 0 ? boundMeaning(&key) : (meaning: nil, waits: false)
        if bound.waits { return .nothing }
        switch bound.meaning {
        case .key(let other)?: key = other
        case .keys(let keys)?: return act { $0.typeMacro(keys) }
        case .text(let text)?: return .action { [unowned self] in self.type(text) }
        case .command(let command)?: return edit { $0.run(bound: command) }
        case nil: break
        }
        if prefix != 0 { return after(prefix, key) }
        if let count = replay.takeCount(), let binding = counted(key, count) { return binding }
        switch key {
        case .text(let value): return isCommandMode ? commandKey(value, vi) : typed(value)
        case .paste(let pasted): return edit { $0.paste(pasted) }
        case .control(let code): return control(code, isCommandMode)
        case .alt(let value): return alt(value, isCommandMode)
        case .special(let special, let modifiers): return self.special(special, modifiers, isCommandMode)
        case .altControl(let code): return altControl(code)
        case .unknown: return .nothing
        }
    }

    /// An action that changes or moves, after which cuts and yanks start anew.
    func edit(_ body: @escaping (LineEditor) -> Void) -> Binding {
        .action { [unowned self] in
            self.kills.joins = false
            self.kills.yanked = nil
            self.suggests = true
            self.recall = HistoryRecall()
            self.refused = nil
            body(self)
            return .changed
        }
    }

    /// An action that minds the state of cuts, yanks and the history by itself.
    func act(_ body: @escaping (LineEditor) -> Void) -> Binding {
        .action { [unowned self] in
            body(self)
            return .changed
        }
    }

    func finish(_ body: @escaping (LineEditor) -> Engine.Outcome) -> Binding {
        .action { [unowned self] in body(self) }
    }

    func cut(_ body: @escaping (LineEditor) -> Void) -> Binding {
        .action { [unowned self] in
            self.kills.yanked = nil
            self.suggests = true
            self.recall = HistoryRecall()
            body(self)
            self.kills.joins = true
            return .changed
        }
    }

    // MARK: text

    private func typed(_ value: UInt32) -> Binding {
        kills.joins = false
        kills.yanked = nil
        if value == 32, abbreviations.expansion(in: text, cursor: cursor, highlighter) != nil {
            return edit {
                $0.expandAbbreviation()
                $0.insert([32])
            }
        }
        // Control characters of C1, and those that libedit would look up or refuse.
        if value >= 0x80 && value < 0x100 || value >= UTF8Characters.invalid {
            return edit {
                var bytes: [UInt8] = []
                Engine.append(value, to: &bytes)
                $0.insert(bytes)
            }
        }
        return .character(value)
    }

    // MARK: control keys

    private func control(_ code: UInt8, _ isCommandMode: Bool) -> Binding {
        switch code {
        case 1: return edit { $0.moveToLineStart() }
        case 2: return edit { $0.move(by: -1) }
        case 3, 7: return .action { [unowned self] in self.abandon() }
        case 4:
            if text.isEmpty { return finish { $0.endOfInput() } }
            return edit { $0.deleteForward() }
        case 5: return act { $0.moveToLineEndOrAccept() }
        case 6: return act { $0.moveRightOrAccept() }
        case 11: return cut { $0.cutToLineEnd() }
        case 12: return act { $0.clearScreen() }
        case 14: return act { $0.down() }
        case 15: return finish { $0.enterAndGetNext() }
        case 16: return act { $0.up() }
        case 18 where isCommandMode && edits.canRedo: return act { $0.redoEdit() }
        case 18, 19: return act { $0.beginSearch() }
        case 20: return .character(Engine.transposeCode)
        case 21: return cut { $0.cutToLineStart() }
        case 22, 17: return prefix(22)
        case 23: return cut { $0.cutWordBack(isBig: true) }
        case 24, 29: return prefix(code)
        case 25: return act { $0.yank() }
        case 31: return act { $0.undoEdit() }
        case 0: return edit { $0.mark = $0.cursor }
        default: return .nothing
        }
    }

    // MARK: Alt

    private func alt(_ value: UInt32, _ isCommandMode: Bool) -> Binding {
        switch value {
        case 98: return .character(Engine.previousWordCode)  // b
        case 102: return act { $0.moveWordOrAccept() }  // f
        case 100: return cut { $0.cutWordForward() }  // d
        case 117: return .character(Engine.upperCaseCode)  // u
        case 108: return .character(Engine.lowerCaseCode)  // l
        case 99: return .character(Engine.capitalCode)  // c
        case 116: return edit { $0.transposeWords() }  // t
        case 114: return act { $0.undoAllEdits() }  // r
        case 92: return edit { $0.deleteBlanks() }  // \
        case 42: return edit { $0.insertAllCompletions() }  // *
        case 61, 63: return act { $0.listCompletions() }  // = ?
        case 121: return act { $0.yankPop() }  // y
        case 101, 118: return act { $0.editExternally() }  // e v
        case 46, 95: return act { $0.insertArgument() }  // . _
        case 47: return act { $0.redoEdit() }  // /
        case 60: return act { $0.oldest() }  // <
        case 62: return act { $0.newest() }  // >
        case 35: return finish { $0.commentOut() }  // #
        case 104: return act { $0.showHelp() }  // h
        case 112: return act { $0.showLastOperation() }  // p
        case 32: return edit { $0.insert([32]) }
        case 115: return edit { $0.toggleSudo() }  // s
        default: return .nothing
        }
    }

    private func altControl(_ code: UInt8) -> Binding {
        switch code {
        case 2: edit { $0.cursor = $0.shellWordStart }
        case 4: cut { $0.cut($0.cursor..<$0.shellWordEnd, isBefore: false) }
        case 5: edit { $0.expandLine() }
        case 6: edit { $0.cursor = $0.shellWordEnd }
        case 25: edit { $0.insertArgument(1) }  // y
        case 29: prefix(Prefix.backward)
        default: .nothing
        }
    }

    // MARK: special keys

    private func special(_ key: Key.Special, _ modifiers: Key.Modifiers, _ isCommandMode: Bool) -> Binding {
        let jumps = modifiers.contains(.control) || modifiers.contains(.alt)
        switch key {
        case .enter:
            if modifiers.contains(.alt) || modifiers.contains(.shift) { return edit { $0.insert([10]) } }
            return finish { $0.enter() }
        case .tab where modifiers.contains(.alt): return edit { $0.insert([9]) }
        case .tab: return act { $0.complete(isBackward: modifiers.contains(.shift)) }
        case .backspace:
            if jumps { return cut { $0.cutWordBack(isBig: false) } }
            if isCommandMode { return edit { $0.move(by: -1) } }
            return edit { $0.deleteBackward() }
        case .delete:
            if modifiers.contains(.shift) { return act { $0.forgetSuggestion() } }
            if jumps { return cut { $0.cutWordForward() } }
            return edit { $0.deleteForward() }
        case .up: return act { $0.up() }
        case .down: return act { $0.down() }
        case .left:
            if modifiers.contains(.alt), text.isEmpty { return act { $0.changeDirectory(back: true) } }
            return jumps ? .character(Engine.previousWordCode) : edit { $0.move(by: -1) }
        case .right:
            if modifiers.contains(.alt), text.isEmpty { return act { $0.changeDirectory(back: false) } }
            return jumps ? act { $0.moveWordOrAccept() } : act { $0.moveRightOrAccept() }
        case .home: return edit { $0.moveToLineStart() }
        case .end: return act { $0.moveToLineEndOrAccept() }
        case .pageUp: return act { $0.oldest() }
        case .pageDown: return act { $0.newest() }
        case .escape:
            if isVi { return .character(27) }
            return .nothing
        case .f1: return act { $0.showHelp() }
        case .f2, .f3, .f4, .f5, .f6, .f7, .f8, .f9, .f10, .f11, .f12, .insert, .focusIn, .focusOut: return .nothing
        }
    }
}
