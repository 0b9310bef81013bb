// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Parameter expansions and assignments of bash that POSIX does not have: never read in POSIX mode (docs/extensions.md).
extension Parser {
    /// `!name` after `${`: fills in `part`. False, with the cursor on `!`, when the parameter is `!` itself.
    mutating func indirection(_ code: Code, _ part: inout Part) throws(Stop) -> Bool {
        let next = base[pos &+ 1]
        let kind = classOf(next)
        if kind & ByteClass.digit != 0 {
            var p = pos &+ 1
            while classOf(base[p]) & ByteClass.digit != 0 { p &+= 1 }
            part.a = symbols.intern(bytes(pos &+ 1, p))
            pos = p
        } else if kind & ByteClass.name != 0 {
            pos &+= 1
            part.a = name()
            let byte = current()
            if byte == Byte.star || byte == Byte.at, following().byte == Byte.closeBrace {
                part.op = .names
                part.c = Int32(byte)
                pos = following().offset
            }
            if part.op == .none && base[pos] == Byte.openBracket {
                part.kind = .parameter
                if try indirectElement(code, &part) { return true }
            }
        } else if next == Byte.hash && base[pos &+ 2] == Byte.closeBrace {
            part.a = symbols.intern(bytes(pos &+ 1, pos &+ 2))
            pos &+= 2
        } else {
            return false
        }
        part.kind = .indirectParameter
        return true
    }

    /// `offset}` or `offset:length}` after `${x:`.
    mutating func substring(_ code: Code, _ start: Int, _ part: inout Part) throws(Stop) {
        let position = place(start)
        part.op = .substring
        part.b = try arithmeticOperand(code, position, isQuoted: part.isQuoted, .colonOrBrace)
        if base[pos] == Byte.colon {
            pos &+= 1
            part.c = try arithmeticOperand(code, position, isQuoted: part.isQuoted, .brace)
        }
        pos &+= 1
    }

    /// Makes the word of `x+=word` the value of x and then what it is.
    func appendValue(_ code: Code, _ index: Int32, _ symbol: Symbol) {
        let word = code.words[index]
        let first = Int32(truncatingIfNeeded: code.parts.count)
        code.parts.append(
            Part(.parameter, isQuoted: true, op: .useDefault, flags: .hasBraces, a: symbol))
        let isQuoted = word.flags.contains(.hasQuotes)
        switch word.form {
        case .general:
            for part in word.a..<word.a &+ word.count { code.parts.append(code.parts[part]) }
        case .variable, .quotedVariable:
            code.parts.append(
                Part(.parameter, isQuoted: word.form == .quotedVariable, a: word.a))
        case .positional, .quotedPositional:
            code.parts.append(
                Part(.positional, isQuoted: word.form == .quotedPositional, a: word.a))
        case .allParameters:
            code.parts.append(Part(.special, isQuoted: true, a: Int32(Byte.at)))
        default: code.parts.append(Part(.literal, isQuoted: isQuoted, a: word.a))
        }
        code.words[index] = Word(
            .general, flags: word.flags, count: Int32(truncatingIfNeeded: code.parts.count) &- first, a: first)
    }
}
