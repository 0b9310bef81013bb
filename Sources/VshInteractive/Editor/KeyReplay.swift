// SPDX-License-Identifier: MPL-2.0

/// Keys that come again without being typed: one with a count (Alt-5 and the key), and those of a macro (`^X (`, `^X )`, `^X e`).
struct KeyReplay {
    /// What has still to come, the next key last.
    private var left: [Key] = []
    /// The digits of the count that is being typed; empty after Alt-- alone.
    private var digits: [UInt8]?
    private var isNegative = false
    private var macro: [Key] = []
    private var recorded: [Key]?

    /// Counts and replays are cut off here: what is longer is a slip.
    private static var longest: Int { 9999 }

    var isReplaying: Bool { !left.isEmpty }
    var isRecording: Bool { recorded != nil }
    var isCounting: Bool { digits != nil }

    /// The key that is handled was not typed.
    private(set) var isReplayed = false

    mutating func next() -> Key? {
        isReplayed = !left.isEmpty
        return left.popLast()
    }

    mutating func stop() { left = [] }

    // MARK: counts

    /// A digit, or `-` before the first.
    mutating func count(_ character: UInt8) {
        if character == 45 {
            (digits, isNegative) = ([], true)
        } else if (digits ?? []).count < 4 {
            digits = (digits ?? []) + [character]
        }
    }

    /// The count so far, as it is shown.
    var shownCount: [UInt8] { Array("(count: ".utf8) + (isNegative ? [45] : []) + (digits ?? []) + [41] }

    /// Ends the count: nil when there was none.
    mutating func takeCount() -> Int? {
        guard let digits else { return nil }
        let value = digits.isEmpty ? 1 : digits.reduce(0) { $0 * 10 + Int($1 - 48) }
        defer { dropCount() }
        return isNegative ? -value : value
    }

    /// The count is for a later key.
    mutating func keepCount(_ count: Int) {
        digits = Array(String(abs(count)).utf8)
        isNegative = count < 0
    }

    mutating func dropCount() { (digits, isNegative) = (nil, false) }

    /// These keys come next, `times` times.
    mutating func replay(_ keys: [Key], times: Int) {
        let times = min(times, KeyReplay.longest / max(keys.count, 1))
        for _ in 0..<max(times, 0) { left += keys.reversed() }
    }

    // MARK: macros

    /// A key was typed.
    mutating func note(_ key: Key) { if !isReplaying { recorded?.append(key) } }

    mutating func beginMacro() { recorded = [] }

    /// `^X )`: those two keys are not part of it. False: none was begun.
    mutating func endMacro() -> Bool {
        guard let keys = recorded else { return false }
        macro = Array(keys.dropLast(2))
        recorded = nil
        return true
    }

    /// `^X e`. False: there is no macro, or it is being made.
    mutating func runMacro(times: Int) -> Bool {
        if macro.isEmpty || isRecording { return false }
        replay(macro, times: times)
        return true
    }
}

extension LineEditor {
    /// Alt and a digit or `-`, or a digit after one: nil when the key is none of a count.
    func countDigit(_ key: Key) -> Binding? {
        switch key {
        case .alt(let value) where value >= 48 && value <= 57 || value == 45 && !replay.isCounting:
            replay.count(UInt8(value))
        case .text(let value) where replay.isCounting && value >= 48 && value <= 57: replay.count(UInt8(value))
        default: return nil
        }
        message = [replay.shownCount]
        return .nothing
    }

    /// The keys that a key with a count stands for; nil: the key has a use of its own for a count, or none.
    static func counted(_ key: Key, _ count: Int) -> [Key]? {
        switch key {
        case .control(2), .control(6), .control(4), .control(14), .control(16), .control(23), .control(20),
            .control(31),
            .alt(98), .alt(102), .alt(100), .alt(116), .alt(47), .altControl(2), .altControl(6), .altControl(4):
            break
        case .alt(117), .alt(108), .alt(99):
            // The words before the cursor: there and back.
            if count < 0 { return [Key](repeating: .alt(98), count: -count) + [Key](repeating: key, count: -count) }
        case .special(let special, _):
            switch special {
            case .left, .right, .up, .down, .delete, .backspace: break
            default: return nil
            }
        case .control(11), .control(21): return count < 0 ? [opposite(key)] : nil
        default: return nil
        }
        return [Key](repeating: count < 0 ? opposite(key) : key, count: abs(count))
    }

    private static func opposite(_ key: Key) -> Key {
        switch key {
        case .control(2): .control(6)
        case .control(6): .control(2)
        case .control(4): .special(.backspace, [])
        case .control(14): .control(16)
        case .control(16): .control(14)
        case .control(11): .control(21)
        case .control(21): .control(11)
        case .control(23): .alt(100)
        case .alt(98): .alt(102)
        case .alt(102): .alt(98)
        case .alt(100): .special(.backspace, .alt)
        case .altControl(2): .altControl(6)
        case .altControl(6): .altControl(2)
        case .special(.left, let modifiers): .special(.right, modifiers)
        case .special(.right, let modifiers): .special(.left, modifiers)
        case .special(.up, let modifiers): .special(.down, modifiers)
        case .special(.down, let modifiers): .special(.up, modifiers)
        case .special(.backspace, let modifiers): .special(.delete, modifiers)
        case .special(.delete, let modifiers): .special(.backspace, modifiers)
        default: key
        }
    }

    /// Keys come again; ^C ends that.
    func type(_ keys: [Key], times: Int = 1) {
        replay.replay(keys, times: times)
        if replay.isReplaying { setSignals(true) }
    }

    func endMacro() { if !replay.endMacro() { bell() } }

    func runMacro(times: Int) {
        if replay.runMacro(times: times) { setSignals(true) } else { bell() }
    }
}
