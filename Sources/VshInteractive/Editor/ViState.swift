// SPDX-License-Identifier: MPL-2.0

/// What is known of libedit's vi mode, which it does not tell: learned by probes and from what it was sent.
struct ViState {
    var isCommandMode = false
    /// The map may have changed since it was last known.
    var needsProbe = false
    /// The next character is read by a command (`f`, `F`, `t`, `T`) without its key map.
    var readsRaw = false
    /// `r` was sent: libedit is in its insert map for one character.
    var replacesOne = false
    /// An operator (`d`, `c`, `y`) waits for its motion.
    private(set) var hasOperator = false
    /// Digits of a count so far.
    private(set) var digits = 0 {
        didSet { if digits == 0 { count = 0 } }
    }
    /// The count itself; 0: none.
    private(set) var count = 0

    /// A command begins with the next key.
    var isAtRest: Bool { !hasOperator && digits == 0 && !readsRaw && !replacesOne }

    /// A character goes to libedit.
    mutating func didSend(_ character: UInt32) {
        if character == 27 {
            needsProbe = true
            hasOperator = false
            digits = 0
            return
        }
        if !isCommandMode {
            // After `r` one character is inserted, and then libedit is in command mode again.
            if replacesOne { needsProbe = true }
            replacesOne = false
            return
        }
        needsProbe = true
        switch character {
        case 48 where digits == 0: hasOperator = false
        case 48...57:
            digits += 1
            count = count * 10 + Int(character) - 48
        case 99, 100, 121:
            hasOperator = !hasOperator
            digits = 0
        default:
            readsRaw = character == 70 || character == 102 || character == 84 || character == 116
            replacesOne = character == 114
            hasOperator = false
            digits = 0
        }
    }

    /// A key of ours was handled.
    mutating func didAct() {
        hasOperator = false
        digits = 0
        if isCommandMode { needsProbe = true }
    }
}
