// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What the parser is told about the shell.
public struct ParserOptions: Sendable {
    /// Nothing beyond POSIX.1-2024 is recognised.
    public var isPosix = false
    public init() {}
}

/// What `nextCommand` found.
public enum ParsedCommand {
    /// A complete command: the root, in `Code.nodes`.
    case command(Int32)
    /// A line without a command.
    case empty
    case endOfInput
}

/// One pass over bytes: tokens, words and commands, straight into the tables of a `Code`.
public struct Parser: ~Copyable {
    public let source: Source
    public let symbols: SymbolTable
    public var options: ParserOptions
    /// The value of an alias, or nil; asked only for words where XCU 2.3.1 allows substitution. nil when no alias is defined.
    public var alias: ((Symbol) -> Text?)?
    /// Appends at least one more line to `source`; false at the end of input. nil when `source` is complete.
    public var refill: (() -> Bool)?
    /// Offset of the first byte that is not parsed yet.
    public private(set) var position: Int

    public init(source: Source, symbols: SymbolTable, options: ParserOptions) {
        self.source = source
        self.symbols = symbols
        self.options = options
        position = 0
    }

    /// Parses the next complete command (XCU 2.10.2 `complete_command`: up to and including its newline) into `code`, whose source must be `source`.
    public mutating func nextCommand(into code: Code) throws(SyntaxError) -> ParsedCommand {
        .endOfInput
    }
}

/// Parses text that resulted from expansion as an arithmetic expression into `code`: the root, in `Code.arithmetic`.
///
/// `text` has no `$` left. Names are interned in `symbols`.
public func parseArithmetic(
    _ text: UnsafeBufferPointer<UInt8>, symbols: SymbolTable, into code: Code
) throws(SyntaxError) -> Int32 {
    throw SyntaxError(Array("not yet".utf8), range: 0..<0)
}
