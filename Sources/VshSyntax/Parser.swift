// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What the parser is told about the shell.
public struct ParserOptions: Sendable, Equatable {
    /// Nothing beyond POSIX.1-2024 is recognised.
    public var isPosix = false
    /// The input is whole: its end also ends a here-document whose delimiter is missing. Otherwise that is an incomplete command, as is
    /// a line continuation at the end.
    public var isWhole = true
    /// Braces make several words of one (`set -B`).
    public var expandsBraces = true
    /// `@(a|b)` and the like are patterns (`shopt -s extglob`).
    public var hasPatternGroups = false
    /// How many constructs may stand in each other before the parser refuses the text.
    public var maximumDepth = 3000
    /// How many words braces may make of one.
    public var maximumBraceWords = 1 << 22
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

/// The text cannot be parsed; what is wrong is in `Parser.failure`. Without payload, so that throwing costs one register.
struct Stop: Error {}

/// A here-document whose body was not read yet.
struct PendingHereDocument {
    /// The word to fill in, in `Code.words`.
    var word: Int32
    /// Its delimiter, in `Code.constants`.
    var delimiter: Int32
    /// `<<-`
    var stripsTabs: Bool
    var isQuoted: Bool
    var position: Int32
}

/// The memory that a parser builds in. Texts are short and many (`eval`, traps), so it is handed from one to the next.
public final class ParserRoom {
    var frames = Table<Frame>(capacity: 2)
    var words = Table<Word>(capacity: 32)
    var parts = Table<Part>(capacity: 32)
    var ints = Table<Int32>(capacity: 64)
    var assignments = Table<Assignment>(capacity: 0)
    var redirections = Table<Redirection>(capacity: 0)
    var caseItems = Table<CaseItem>(capacity: 0)
    var text = ByteStack(capacity: 512)

    public init() {}
}

/// One pass over bytes: tokens, words and commands, straight into the tables of a `Code`.
///
/// There is no token array: the grammar functions look at the bytes at the cursor. The cursor is always in `base[0 ... end]`, and
/// `base[end]` is 0. Each grammar function takes the code as a parameter, which costs no reference counting.
public struct Parser: ~Copyable {
    public let source: Source
    public let symbols: SymbolTable
    public var options: ParserOptions
    /// The value of an alias, or nil; asked only for words where XCU 2.3.1 allows substitution. nil when no alias is defined.
    public var alias: ((Symbol) -> Text?)?
    /// Appends at least one more line to `source`; false at the end of input. nil when `source` is complete.
    public var refill: (() -> Bool)?

    // The text that is read: see Input.swift.
    var base: UnsafeMutablePointer<UInt8>
    var pos = 0
    var end: Int
    var mapping = PlaceMapping()
    var frame = FrameKind.source
    /// The texts that the one being read stands in.
    var frames: Table<Frame>
    /// The block that `base` points into, when it is the parser's own.
    var block: UnsafeMutablePointer<UInt8>?
    /// The number of the text being read, different for each.
    var serial = 0
    var lastSerial = 0
    var aliases = Table<ActiveAlias>(capacity: 0)
    /// `refill` said that there is no more.
    var isAtEnd = false

    // Stacks of things under construction; each construct copies its own to the code when it is complete.
    var words: Table<Word>
    var parts: Table<Part>
    var ints: Table<Int32>
    var assignments: Table<Assignment>
    var redirections: Table<Redirection>
    var caseItems: Table<CaseItem>
    var pending = Table<PendingHereDocument>(capacity: 0)
    /// Here-documents below this index belong to a command around the substitution that is parsed.
    var pendingMark = 0
    /// The bytes of the literals of the words under construction.
    var text: ByteStack

    // The word under construction: see Words.swift.
    var build = WordBuild()

    var depth = 0
    /// A command named `alias` was read in the present command substitution.
    var definesAlias = false
    /// End of the reserved word that `lead` found.
    var tokenEnd = 0
    /// Offsets of `$((` that turned out to be a command substitution.
    var notArithmetic = Table<Int>(capacity: 0)
    /// Constructs stand in each other beyond the limit: nothing else is tried then.
    var isTooDeep = false
    /// The syntax error, if there is one: in a table, since the end of an optional asks the runtime for metadata (60 µs at start).
    var failures = Table<SyntaxError>(capacity: 0)

    /// How many `<(…)` and `>(…)` were read.
    var processSubstitutions = 0

    // For `tokens(of:)`: see Tokens.swift.
    var isRecording = false
    var tokenMarks = Table<TokenMark>(capacity: 0)
    /// The kind of what is unquoted in the word that is read.
    var wordKind = TokenKind.word

    /// Offset of the first byte that is not parsed yet.
    public var position: Int { frames.isEmpty ? pos : frames[0].pos }

    /// - Parameter room: memory to work in, until `leave`.
    public init(source: Source, symbols: SymbolTable, options: ParserOptions, room: ParserRoom = ParserRoom()) {
        self.source = source
        self.symbols = symbols
        self.options = options
        base = source.base
        end = source.count
        frames = room.frames.takeAll()
        words = room.words.takeAll()
        parts = room.parts.takeAll()
        ints = room.ints.takeAll()
        assignments = room.assignments.takeAll()
        redirections = room.redirections.takeAll()
        caseItems = room.caseItems.takeAll()
        text = room.text.takeAll()
    }

    /// Leaves its memory for another parser. Nothing can be parsed afterwards.
    public mutating func leave(_ room: ParserRoom) {
        while !frames.isEmpty { leaveFrame() }
        forgetUnfinished()
        swap(&frames, &room.frames)
        swap(&words, &room.words)
        swap(&parts, &room.parts)
        swap(&ints, &room.ints)
        swap(&assignments, &room.assignments)
        swap(&redirections, &room.redirections)
        swap(&caseItems, &room.caseItems)
        text.shrink(to: 4096)
        swap(&text, &room.text)
    }

    /// Empties the stacks; memory of an unusual size is given back.
    private mutating func forgetUnfinished() {
        words.removeAll(keepingCapacityUpTo: 1024)
        parts.removeAll(keepingCapacityUpTo: 1024)
        ints.removeAll(keepingCapacityUpTo: 1024)
        assignments.removeAll(keepingCapacityUpTo: 1024)
        redirections.removeAll(keepingCapacityUpTo: 1024)
        caseItems.removeAll(keepingCapacityUpTo: 1024)
        text.pop(to: 0)
    }

    deinit {
        // Only an alias value can be left half read.
        block?.deallocate()
        for index in 0..<frames.count { frames[index].block?.deallocate() }
    }

    /// Parses the next complete command (XCU 2.10.2 `complete_command`: up to and including its newline) into `code`, whose source must be
    /// `source`. After an error the position is somewhere in the wrong command: see `skipLine`.
    public mutating func nextCommand(into code: Code) throws(SyntaxError) -> ParsedCommand {
        isAtEnd = false
        depth = 0
        wordKind = .word
        if !notArithmetic.isEmpty { notArithmetic.removeAll() }
        isTooDeep = false
        if frame == .source {
            base = source.base
            end = source.count
        }
        do throws(Stop) {
            return try completeCommand(code)
        } catch {
            throw recover()
        }
    }

    /// Goes on after the end of the line that the position is in: after an error in interactive input.
    public mutating func skipLine() {
        while pos < end, base[pos] != Byte.newline { pos += 1 }
        if pos < end { pos += 1 }
    }

    /// Forgets everything under construction and returns the error.
    private mutating func recover() -> SyntaxError {
        while !frames.isEmpty { leaveFrame() }
        forgetUnfinished()
        pending.removeAll()
        pendingMark = 0
        aliases.removeAll()
        build = WordBuild()
        let error = failures.isEmpty ? SyntaxError(Array("syntax error".utf8), range: pos..<pos) : failures[0]
        failures.removeAll()
        return error
    }
}
