// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Writes what is special to arrays.
extension Unparser {
    /// What follows the name in `x[i]=…`, `x=(…)` and the forms with `+=`.
    mutating func arrayAssignment(_ assignment: Assignment) {
        if assignment.flags.contains(.element) { elementSubscript(assignment.subscriptWord) }
        out.append(assignment.flags.contains(.append) ? "+=" : "=")
        word(assignment.word, .assignment)
    }

    /// `[…]`: `index` is the first of three in `Code.ints`.
    mutating func elementSubscript(_ index: Int32) {
        out.append(Byte.openBracket)
        switch code.ints[index + 1] {
        case Parser.allElements: out.append(Byte.at)
        case Parser.joinedElements: out.append(Byte.star)
        case let text: word(text, .assignment)
        }
        out.append(Byte.closeBracket)
    }

    /// `(…)`
    mutating func list(_ w: Word) {
        out.append(Byte.openParen)
        for element in 0..<w.count {
            let index = w.a + 3 * element
            if element > 0 { out.append(Byte.space) }
            let hasSubscript = code.ints[index] >= 0
            if hasSubscript {
                elementSubscript(code.ints[index])
                out.append(code.ints[index + 2] == 1 ? "+=" : "=")
            }
            word(code.ints[index + 1], hasSubscript ? .assignment : .field)
        }
        out.append(Byte.closeParen)
    }
}
