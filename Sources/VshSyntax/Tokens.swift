// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What a piece of a source is, for highlighting.
public enum TokenKind: UInt8, Sendable {
    /// Spaces, tabs, line continuations.
    case blank
    /// The newline that ends a line of commands.
    case newline
    /// From `#` to the end of the line.
    case comment
    /// The name of a command, or a part of it.
    case command
    /// Another word, or an unquoted part of it.
    case word
    /// The name and the `=` of an assignment.
    case assignment
    /// The name in a function definition.
    case function
    case reservedWord
    /// `;` `&` `&&` `||` `|` `;;` `;&` `(` `)` between commands, and in case items.
    case `operator`
    /// The operator of a redirection, with its number.
    case redirection
    /// Quoted text, with its quotes: `'…'` and `$'…'`, `"…"`, `\x`.
    case singleQuoted, doubleQuoted, escape
    /// `$x`, and of `${…}` all that is not another kind inside it.
    case parameter
    /// `$(` and `)`, the backquotes; what is between them is tokens of its own where the text stands as it is.
    case substitution
    /// `$((…))`, except for expansions inside.
    case arithmetic
    /// A tilde-prefix.
    case tilde
    /// The delimiter of a here-document after its operator, and the line that ends the body.
    case hereDocumentDelimiter
    /// The text of a here-document, except for expansions inside.
    case hereDocument
    /// What follows the place where the text stopped making sense.
    case error
}

/// A piece of a source.
public struct Token: Equatable, Sendable {
    public var kind: TokenKind
    /// Bytes of the source; never empty.
    public var range: Range<Int>

    public init(kind: TokenKind, range: Range<Int>) {
        self.kind = kind
        self.range = range
    }
}

/// A place where the kind changes.
struct TokenMark {
    var kind: TokenKind
    var offset: Int
}

/// The tokens of `source`, as the parser sees them: each starts where the one before it ends, and together they are the whole source.
///
/// `failure` is the syntax error, if there is one. After an error that more input could mend, the tokens go on to the end as what they would be; after
/// another one, what is left from its place on is one token of kind `error`.
public func tokens(of source: Source, symbols: SymbolTable) -> (tokens: [Token], failure: SyntaxError?) {
    var options = ParserOptions()
    options.isWhole = false
    var parser = Parser(source: source, symbols: symbols, options: options)
    parser.isRecording = true
    let code = Code(source: source)
    var failure: SyntaxError?
    do throws(SyntaxError) {
        reading: while true {
            switch try parser.nextCommand(into: code) {
            case .endOfInput: break reading
            default: code.reset()
            }
        }
    } catch {
        failure = error
    }
    if let failure, !failure.isIncomplete { parser.markError(failure.range.lowerBound) }
    return (parser.takeTokens(), failure)
}

extension Parser {
    /// Says that from `offset` of the text being read on, the kind is `kind`.
    @inline(__always)
    mutating func note(_ kind: TokenKind, _ offset: Int) {
        if isRecording { noteSlowly(kind, offset) }
    }

    @inline(never)
    private mutating func noteSlowly(_ kind: TokenKind, _ offset: Int) {
        // Text that was unescaped has no places of its own.
        if mapping.fixedEnd > 0 { return }
        let place = offset &+ mapping.delta
        if !tokenMarks.isEmpty {
            let last = tokenMarks.last
            if last.offset == place {
                tokenMarks[tokenMarks.count - 1].kind = kind
                return
            }
            if last.offset > place { return }
        }
        tokenMarks.append(TokenMark(kind: kind, offset: place))
    }

    /// Goes past an operator of `count` bytes, up to `end`.
    @inline(__always)
    mutating func takeOperator(_ end: Int) {
        note(.operator, pos)
        pos = end
        note(.blank, pos)
    }

    /// Goes past the reserved word that `lead` or `reservedWord` found.
    @inline(__always)
    mutating func takeReserved() {
        note(.reservedWord, pos)
        pos = tokenEnd
        note(.blank, pos)
    }

    /// A word of this kind.
    @inline(__always)
    mutating func word(_ code: Code, _ context: WordContext, as kind: TokenKind) throws(Stop) -> Word {
        if isRecording { return try recordedWord(code, context, kind) }
        return try word(code, context)
    }

    @inline(never)
    private mutating func recordedWord(_ code: Code, _ context: WordContext, _ kind: TokenKind) throws(Stop) -> Word {
        wordKind = kind
        note(kind, pos)
        let word = try word(code, context)
        wordKind = .word
        note(.blank, pos)
        return word
    }

    /// The last word was not the name of a command but of a function.
    mutating func noteFunctionName() {
        for index in stride(from: tokenMarks.count - 1, through: 0, by: -1) where tokenMarks[index].kind == .command {
            tokenMarks[index].kind = .function
            return
        }
    }

    fileprivate mutating func markError(_ offset: Int) {
        while !tokenMarks.isEmpty, tokenMarks.last.offset >= offset { tokenMarks.pop(to: tokenMarks.count - 1) }
        tokenMarks.append(TokenMark(kind: .error, offset: offset))
    }

    fileprivate mutating func takeTokens() -> [Token] {
        var tokens: [Token] = []
        tokens.reserveCapacity(tokenMarks.count)
        let count = source.count
        if tokenMarks.isEmpty || tokenMarks[0].offset != 0 {
            let end = tokenMarks.isEmpty ? count : tokenMarks[0].offset
            if end > 0 { tokens.append(Token(kind: .blank, range: 0..<end)) }
        }
        for index in 0..<tokenMarks.count {
            let mark = tokenMarks[index]
            let end = index + 1 < tokenMarks.count ? tokenMarks[index + 1].offset : count
            if mark.offset >= end { continue }
            if let last = tokens.last, last.kind == mark.kind, mark.kind == .blank {
                tokens[tokens.count - 1].range = last.range.lowerBound..<end
            } else {
                tokens.append(Token(kind: mark.kind, range: mark.offset..<end))
            }
        }
        return tokens
    }
}
