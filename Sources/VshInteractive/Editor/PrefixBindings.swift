// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Keys that only say what the next one means: the control character or letter, which is `keyPrefix` until then.
enum Prefix {
    static var quote: UInt8 { 22 }
    static var extended: UInt8 { 24 }
    static var forward: UInt8 { 29 }
    /// Alt and `^]`.
    static var backward: UInt8 { 157 }
}

extension LineEditor {
    func prefix(_ code: UInt8) -> Binding {
        keyPrefix = code
        return .nothing
    }

    /// The second key.
    func after(_ prefix: UInt8, _ key: Key) -> Binding {
        let given = replay.takeCount()
        let count = given ?? 1
        switch prefix {
        case Prefix.extended: return extended(key, count, hasCount: given != nil)
        case Prefix.quote: return quoted(key, max(count, 1))
        case Prefix.forward: return edit { $0.goTo(key, count) }
        case Prefix.backward: return edit { $0.goTo(key, -count) }
        default: return afterVi(prefix, key)
        }
    }

    /// A key after a count; nil: as without it.
    func counted(_ key: Key, _ count: Int) -> Binding? {
        switch key {
        case .control(22), .control(17), .control(29), .control(24), .altControl(29):
            // The count is for the key after that.
            replay.keepCount(count)
            return nil
        case .text(let value):
            if count <= 0 { return .nothing }
            var bytes: [UInt8] = []
            Engine.append(value, to: &bytes)
            return edit { for _ in 0..<count { $0.insert(bytes) } }
        case .alt(46), .alt(95): return act { $0.insertArgument(count) }
        case .altControl(25): return edit { $0.insertArgument(count) }
        default: break
        }
        guard let keys = LineEditor.counted(key, count) else { return nil }
        return .action { [unowned self] in
            self.type(keys)
            return .changed
        }
    }

    /// ^V and a key: the character itself.
    private func quoted(_ key: Key, _ count: Int) -> Binding {
        var bytes: [UInt8] = []
        switch key {
        case .text(let value): Engine.append(value, to: &bytes)
        case .control(let code): bytes = [code]
        case .alt(let value):
            bytes = [27]
            Engine.append(value, to: &bytes)
        case .special(.tab, _): bytes = [9]
        case .special(.enter, _): bytes = [10]
        case .special(.escape, _): bytes = [27]
        case .special(.backspace, _): bytes = [127]
        default: return .nothing
        }
        return edit { for _ in 0..<count { $0.insert(bytes) } }
    }

    /// ^X and a key.
    private func extended(_ key: Key, _ count: Int, hasCount: Bool) -> Binding {
        switch key {
        case .control(5): act { $0.editExternally() }
        case .control(21): act { $0.undoEdit() }
        case .control(24): edit { $0.exchangeMark() }
        case .special(.backspace, _): cut { $0.cutToLineStart() }
        case .text(40): act { $0.replay.beginMacro() }  // (
        case .text(42): edit { $0.insertPathnames(appendsStar: hasCount) }  // *
        case .text(103): act { $0.listPathnames(appendsStar: hasCount) }  // g
        case .text(41): act { $0.endMacro() }  // )
        case .text(101): act { $0.runMacro(times: count) }  // e
        default: .nothing
        }
    }
}
