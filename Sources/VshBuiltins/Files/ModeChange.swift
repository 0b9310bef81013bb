// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// A change of permission bits as chmod reads it: octal digits, or symbolic clauses (XCU chmod).
struct ModeChange {
    private struct Action {
        /// Which of user, group and others: bits 0o4700, 0o2070, 0o1007 or 0 for none given (all, less the mask).
        var who: UInt32
        var op: UInt8
        /// Permission bits for all three classes; or a class to copy from.
        var bits: UInt32
        var copies: UInt32 = 0
        var executesIfAny = false
        /// Octal digits after the operator: `=755`.
        var isNumeric = false
    }

    private var octal: UInt32?
    /// An octal mode of five digits or more also clears the set-ID bits of directories.
    private var octalDigits = 0
    private var actions: [Action] = []

    /// nil when the text is not a mode.
    init?(_ text: Text) {
        let bytes = text.bytes
        if bytes.isEmpty { return nil }
        if bytes.allSatisfy({ $0 >= 48 && $0 <= 55 }) {
            var value: UInt32 = 0
            for byte in bytes {
                value = value << 3 | UInt32(byte - 48)
                if value > 0o7777 { return nil }
            }
            octal = value
            octalDigits = bytes.count
            return
        }
        for clause in bytes.split(separator: 44, omittingEmptySubsequences: false) {
            if !readClause(Array(clause)) { return nil }
        }
    }

    private mutating func readClause(_ clause: [UInt8]) -> Bool {
        var index = 0
        var who: UInt32 = 0
        scan: while index < clause.count {
            switch clause[index] {
            case 117: who |= 0o4700
            case 103: who |= 0o2070
            case 111: who |= 0o1007
            case 97: who |= 0o7777
            default: break scan
            }
            index += 1
        }
        if index == clause.count { return false }
        while index < clause.count {
            let op = clause[index]
            guard op == 43 || op == 45 || op == 61 else { return false }
            index += 1
            var action = Action(who: who, op: op, bits: 0)
            if index < clause.count, clause[index] >= 48, clause[index] <= 55 {
                while index < clause.count, clause[index] >= 48, clause[index] <= 55 {
                    action.bits = action.bits << 3 | UInt32(clause[index] - 48)
                    index += 1
                }
                if who != 0 || action.bits > 0o7777 { return false }
                action.who = 0o7777
                action.isNumeric = true
                actions.append(action)
                continue
            }
            if index < clause.count, clause[index] == 117 || clause[index] == 103 || clause[index] == 111 {
                action.copies = clause[index] == 117 ? 0o700 : clause[index] == 103 ? 0o070 : 0o007
                index += 1
                actions.append(action)
                continue
            }
            scan: while index < clause.count {
                switch clause[index] {
                case 114: action.bits |= 0o444
                case 119: action.bits |= 0o222
                case 120: action.bits |= 0o111
                case 88: action.executesIfAny = true
                case 115: action.bits |= 0o6000
                case 116: action.bits |= 0o1000
                default: break scan
                }
                index += 1
            }
            actions.append(action)
        }
        return true
    }

    /// Every clause says whose bits it changes, so that the mask has no part in it.
    var namesEveryWho: Bool { octal != nil || actions.allSatisfy { $0.who != 0 } }

    /// The permission bits that the change speaks of.
    func affected(mask: UInt32) -> UInt32 {
        if octal != nil { return 0o7777 }
        var result: UInt32 = 0
        for action in actions {
            let who = (action.who == 0 ? ~mask | 0o7000 : action.who) & 0o7777
            if action.op == 61 || action.copies != 0 {
                result |= action.who == 0 ? 0o777 : who & 0o777
                result |= action.bits & 0o7000 & who
            } else {
                result |= (action.executesIfAny ? action.bits | 0o111 : action.bits) & who
            }
        }
        return result
    }

    /// The permission bits that result from `mode`.
    func apply(to mode: UInt32, isDirectory: Bool, mask: UInt32) -> UInt32 {
        if let octal {
            // GNU keeps the set-ID bits of directories unless the mode has five digits.
            if isDirectory && octalDigits < 5 { return octal | mode & 0o6000 }
            return octal
        }
        var result = mode & 0o7777
        for action in actions {
            var bits = action.bits
            if action.copies != 0 {
                let shift: UInt32 = action.copies == 0o700 ? 6 : action.copies == 0o070 ? 3 : 0
                let value = (result & action.copies) >> shift
                bits = value << 6 | value << 3 | value
            }
            if action.executesIfAny && (isDirectory || result & 0o111 != 0) { bits |= 0o111 }
            let who = action.who == 0 ? ~mask & 0o7777 | 0o7000 : action.who
            let affected = who & 0o7777
            bits &= affected
            switch action.op {
            case 43: result |= bits
            case 45: result &= ~bits
            default:
                var cleared = action.who == 0 ? 0o7777 : affected
                if action.isNumeric { cleared = 0o7777 }
                if isDirectory && !action.isNumeric && action.bits & 0o6000 == 0 { cleared &= ~0o6000 }
                result = result & ~cleared | bits
            }
        }
        return result
    }
}

/// A mode as `ls -l` shows its nine permissions.
func permissionLetters(_ mode: UInt32) -> Text {
    var letters: [UInt8] = []
    for shift in [6, 3, 0] as [UInt32] {
        let bits = mode >> shift & 7
        letters.append(bits & 4 != 0 ? 114 : 45)
        letters.append(bits & 2 != 0 ? 119 : 45)
        let special = shift == 6 ? mode & 0o4000 : shift == 3 ? mode & 0o2000 : mode & 0o1000
        let letter: UInt8 = shift == 0 ? 116 : 115
        letters.append(special != 0 ? (bits & 1 != 0 ? letter : letter - 32) : bits & 1 != 0 ? 120 : 45)
    }
    return Text(letters)
}

/// A mode as four octal digits.
func octalMode(_ mode: UInt32) -> Text {
    var digits: [UInt8] = []
    for shift in [9, 6, 3, 0] as [UInt32] {
        let digit = mode >> shift & 7
        digits.append(UInt8(truncatingIfNeeded: 48 + digit))
    }
    return Text(digits)
}
