// SPDX-License-Identifier: MPL-2.0
import VshBase

/// The kinds of command nodes. Each case shows its shell syntax and what the fields of `Node` mean in it.
///
/// "child" is an index into `Code.nodes`; "words", "assignments", … are indices into the tables of that name.
public enum NodeKind: UInt8 {
    /// `a=b c=d`: nothing but assignments. `n` assignments from `a`.
    case assignment
    /// `name=value word … <redirection`: `n` words from `a`; `b` symbol of the first word when it is a constant without expansions, else -1;
    /// `d` assignments from `c`; `e` first redirection, or -1. `n` may be 0.
    case simpleCommand
    /// `x; y; z`: `n` children, in `ints` from `a`.
    case sequence
    /// `x && y || z`: `n` pairs in `ints` from `a`: child, and 0 for `&&` or 1 for `||` before it (0 in the first pair).
    case andOr
    /// `! x`: child `a`.
    case not
    /// `x | y | z`: `n` children, in `ints` from `a`; n ≥ 2.
    case pipeline
    /// `x &`: child `a`. `b` is the end of its text (offset after it): the text of the job is `position ..< b` of the source.
    case background
    /// `compound <redirection`: child `a`, first redirection `e`.
    case redirected
    /// `{ x; }`: child `a`.
    case braceGroup
    /// `( x )`: child `a`.
    case subshell
    /// `if a; then b; else c; fi`: children; `c` is -1 without `else`; flag `isElif` when `c` is an `ifClause` written as `elif`.
    case ifClause
    /// `while a; do b; done`
    case whileClause
    /// `until a; do b; done`
    case untilClause
    /// `for b in words; do c; done`: `b` symbol of the variable, `n` words from `a`, child `c`, `d` 0 when there is no `in` (then "$@").
    case forClause
    /// `case a in … esac`: `a` word, `n` case items from `b`.
    case caseClause
    /// `a() b`: `a` symbol of the name, `b` child (with its redirections).
    case functionDefinition
    /// An empty list, as in the body of a command substitution `$()`.
    case empty
    /// The body of a command substitution that is parsed again each time it is run, as aliases can change it: `a` child as it is without aliases,
    /// `b` its text, a constant.
    case text
    /// `(( a ))`: `a` a word whose only part is the arithmetic.
    case arithmeticCommand
    /// `[[ … ]]`, or an expression in it: `n` a `ConditionalOperator`. `a` and `b` are expressions (`&&`, `||`, `!`, parentheses) or words;
    /// `c` is the letter of a unary operator.
    case conditionalCommand
    /// `select b in words; do c; done`: as `forClause`.
    case selectClause
    /// `for ((a; b; c)); do d; done`: words as in `arithmeticCommand`, or -1 where nothing is written; child `d`.
    case arithmeticFor
    /// `time a`: child `a`, or -1. Flag `isPortable` for `time -p`.
    case timed
    /// A command one of whose words or redirections holds `<(x)` or `>(x)`: child `a`; the descriptors are closed after it.
    case processScope
}

/// A command node: 32 bytes without references, so that reading one costs no reference counting.
public struct Node {
    public var kind: NodeKind
    public var flags: NodeFlags
    public var n: Int32
    public var a: Int32
    public var b: Int32
    public var c: Int32
    public var d: Int32
    public var e: Int32
    /// Offset of the first byte in the source of the code, for messages and `LINENO`.
    public var position: Int32

    @inline(__always)
    public init(
        _ kind: NodeKind, flags: NodeFlags = [], n: Int32 = 0, a: Int32 = -1, b: Int32 = -1, c: Int32 = -1,
        d: Int32 = -1,
        e: Int32 = -1, position: Int32
    ) {
        self.kind = kind
        self.flags = flags
        self.n = n
        self.a = a
        self.b = b
        self.c = c
        self.d = d
        self.e = e
        self.position = position
    }
}

public struct NodeFlags: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The else part of an `ifClause` was written `elif`.
    public static let isElif = NodeFlags(rawValue: 1)
    /// A simple command one of whose words holds a command substitution (its status is the command's without a name).
    public static let hasSubstitution = NodeFlags(rawValue: 2)
    /// `time -p`
    public static let isPortable = NodeFlags(rawValue: 4)
}

/// What an expression in `[[ … ]]` is: see `NodeKind.conditionalCommand`.
public enum ConditionalOperator: Int32 {
    case and, or, not, group
    /// `-f a`: the letter is in `c`.
    case unary
    /// A word alone: it is not empty.
    case word
    /// `a == b`, `a = b`, `a != b`: `b` a pattern.
    case equal, singleEqual, notEqual
    /// `a =~ b`: `b` an extended regular expression.
    case matches
    /// `a < b`, `a > b`: by bytes.
    case before, after
    /// `a -eq b` and so on: numbers.
    case eq, ne, lt, le, gt, ge
    /// `a -nt b`, `-ot`, `-ef`: files.
    case newer, older, sameFile

    /// As it is written.
    public var text: StaticString {
        switch self {
        case .and: "&&"
        case .or: "||"
        case .not: "!"
        case .group, .unary, .word: ""
        case .equal: "=="
        case .singleEqual: "="
        case .notEqual: "!="
        case .matches: "=~"
        case .before: "<"
        case .after: ">"
        case .eq: "-eq"
        case .ne: "-ne"
        case .lt: "-lt"
        case .le: "-le"
        case .gt: "-gt"
        case .ge: "-ge"
        case .newer: "-nt"
        case .older: "-ot"
        case .sameFile: "-ef"
        }
    }
}

/// How a word is expanded: common shapes have a form of their own, the rest is a list of parts.
public enum WordForm: UInt8 {
    /// No expansion and no active pattern character: `a` constant, quotes removed.
    case constant
    /// `$x` or `${x}`, unquoted, nothing else: `a` symbol.
    case variable
    /// `"$x"`: `a` symbol.
    case quotedVariable
    /// `$1`, unquoted, nothing else: `a` number.
    case positional
    /// `"$1"`: `a` number.
    case quotedPositional
    /// `"$@"`, nothing else.
    case allParameters
    /// Constant text with unquoted `*`, `?` or `[`: `a` constant with quotes removed (the result when nothing matches), `b` constant with the
    /// pattern text, in which each quoted byte that is special in patterns has a backslash before it.
    case glob
    /// In a pattern context (case item, operand of `#` `##` `%` `%%`), text known at parse time: `a` constant with the pattern text as above,
    /// `b` index into `Code.patterns`.
    case pattern
    /// `count` parts from `a`. In a pattern context `b` is an index into `Code.patterns`, else -1.
    case general
    /// A word with braces that make several of it: `count` words from `a`; `b` constant with its text, or -1.
    case braces
    /// The value of `x[i]=…`: `a` the word of the value.
    case arrayElement
    /// `(…)` of `x=(…)`: `count` elements in `ints` from `a`, each three: its subscript (as for `PartKind.element`, the symbol -1) or -1, its
    /// word, and 1 for `[i]+=…`. As an argument of a declaration utility: `b` constant with `x=` or `x+=`, else -1.
    case list
}

/// A word: 16 bytes.
public struct Word {
    public var form: WordForm
    public var flags: WordFlags
    public var count: Int32
    public var a: Int32
    public var b: Int32

    @inline(__always)
    public init(
        _ form: WordForm, flags: WordFlags = [], count: Int32 = 0, a: Int32 = -1, b: Int32 = -1
    ) {
        self.form = form
        self.flags = flags
        self.count = count
        self.a = a
        self.b = b
    }
}

public struct WordFlags: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Some part of the word was quoted (an empty result is then still a field; a here-document delimiter stops expansion).
    public static let hasQuotes = WordFlags(rawValue: 1)
    /// The word holds a command substitution.
    public static let hasSubstitution = WordFlags(rawValue: 2)
    /// Evaluating it can assign variables or run commands (`:=`, arithmetic assignment, command substitution).
    public static let hasSideEffects = WordFlags(rawValue: 4)
    /// Constant: the text has the form NAME=value with an unquoted NAME and `=` (for `export a=~b`, XCU 2.9.1.1 declaration utilities); the
    /// parser then also expands tildes after `=` and `:` in it as parts when the command name is a declaration utility.
    public static let isAssignmentLike = WordFlags(rawValue: 8)
    /// Of the form `pattern`: the text has no byte that patterns or their groups know, so that it matches itself only.
    public static let isLiteral = WordFlags(rawValue: 16)
}

public enum PartKind: UInt8 {
    /// Constant bytes: `a` constant (quotes removed). `isQuoted` decides whether pattern characters are active.
    case literal
    /// `~` or `~user` at a place where it is expanded: `a` constant with the user name, empty for `~`. Its result is quoted.
    case tilde
    /// `$x`, `${x…}`: `a` symbol.
    case parameter
    /// `$1`, `${10…}`: `a` number, from 1.
    case positional
    /// `$@`, `$*`, `$#`, `$?`, `$-`, `$$`, `$!`, `$0`: `a` the byte.
    case special
    /// `$(x)`, `` `x` ``: `a` child node in the same code; kind `empty` when there is no command. Flag `isBackquoted`.
    case commandSubstitution
    /// `$((x))`: `a` root in `Code.arithmetic`, or -1 when the text can only be parsed after expansion; `b` word with the text to expand
    /// (as if in double quotes) and parse then: always there; `c` 0 where the expression has nodes of kind `operand`, else -1.
    case arithmetic
    /// `${…}` that means nothing, an error when it is expanded: `a` constant with its text.
    case badSubstitution
    /// `${!x…}`: `a` symbol of the parameter whose value is the name of the one that is meant; the rest as in `parameter`.
    case indirectParameter
    /// `<(x)`, `>(x)`: `a` child node as in `commandSubstitution`; `b` 0 for `<`, 1 for `>`.
    case processSubstitution
    /// `${x[i]…}`: `a` the first of three in `ints`: the symbol, the word of the subscript (-1 `@`, -2 `*`), and the root of its expression in
    /// `Code.arithmetic` when it is a constant, or -1. With the flag `isIndirect` `${!x[i]…}`.
    case element
}

/// The operator of a parameter expansion (XCU 2.6.2).
public enum ParameterOperator: UInt8 {
    case none
    /// `${x:-w}` and `${x-w}`; likewise the next three.
    case useDefault, assignDefault, indicateError, useAlternative
    /// `${#x}`
    case length
    /// `${x#w}`, `${x##w}`, `${x%w}`, `${x%%w}`
    case removeSmallestPrefix, removeLargestPrefix, removeSmallestSuffix, removeLargestSuffix
    /// `${x/p/w}`, `${x//p/w}`, `${x/#p/w}`, `${x/%p/w}`: an extension; the replacement is `Part.c`.
    case replaceFirst, replaceAll, replacePrefix, replaceSuffix
    /// `${x:a:b}`: `Part.b` and `Part.c` are words whose only part is arithmetic; `c` -1 without a length.
    case substring
    /// `${x^p}`, `${x^^p}`, `${x,p}`, `${x,,p}`
    case upper, upperAll, lower, lowerAll
    /// `${!x*}` and `${!x@}`: the names of the variables that begin with x; `Part.c` the byte.
    case names
    /// `${!x[@]}` and `${!x[*]}`: the subscripts.
    case keys
    /// `${x@Q}` and others: `Part.c` the letter.
    case transform
}

/// A part of a word: 16 bytes.
public struct Part {
    public var kind: PartKind
    /// The part stood in quotes: no field splitting, no pathname expansion of its result.
    public var isQuoted: Bool
    public var op: ParameterOperator
    public var flags: PartFlags
    public var a: Int32
    /// The operand word of a parameter expansion, or -1.
    public var b: Int32
    /// The replacement of `${x/p/w}`, a word, or -1.
    public var c: Int32

    @inline(__always)
    public init(
        _ kind: PartKind, isQuoted: Bool, op: ParameterOperator = .none, flags: PartFlags = [], a: Int32, b: Int32 = -1,
        c: Int32 = -1
    ) {
        self.kind = kind
        self.isQuoted = isQuoted
        self.op = op
        self.flags = flags
        self.a = a
        self.b = b
        self.c = c
    }
}

public struct PartFlags: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The operator had a colon: an empty value counts as unset.
    public static let colon = PartFlags(rawValue: 1)
    /// Written with backquotes.
    public static let isBackquoted = PartFlags(rawValue: 2)
    /// Written with braces.
    public static let hasBraces = PartFlags(rawValue: 4)
    /// An element whose value names the parameter that is meant.
    public static let isIndirect = PartFlags(rawValue: 8)
}

/// `name=word` before or instead of a command. 16 bytes.
public struct Assignment {
    public var symbol: Symbol
    /// The value: expanded with tilde expansion after `=` and `:`, without splitting and pathname expansion.
    public var word: Int32
    public var flags: AssignmentFlags
    /// Of `x[i]=…` the subscript, as for `PartKind.element`; else -1.
    public var subscriptWord: Int32

    public init(symbol: Symbol, word: Int32, flags: AssignmentFlags = []) {
        self.symbol = symbol
        self.word = word
        self.flags = flags
        subscriptWord = -1
    }
}

public struct AssignmentFlags: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// `x=$x…` or `x="$x…"`: the word is general, and its first part is the plain value of the same variable in quotes or not, so that the rest
    /// may be appended in place unless it changes the variable.
    public static let appendsToSelf = AssignmentFlags(rawValue: 1)
    /// `x+=word`: the word begins with a part for the value of x.
    public static let append = AssignmentFlags(rawValue: 2)
    /// `x[i]=word`, with `append` `x[i]+=word`: the word has the form `arrayElement`.
    public static let element = AssignmentFlags(rawValue: 4)
    /// `x=(…)`, with `append` `x+=(…)`: the word has the form `list`.
    public static let list = AssignmentFlags(rawValue: 8)
    /// With `appendsToSelf`: the rest may change the variable.
    public static let mayChangeSelf = AssignmentFlags(rawValue: 32)
    /// `x=…$x` or `x="…$x"`: as `appendsToSelf`, the value of the variable being the last part.
    public static let prependsToSelf = AssignmentFlags(rawValue: 16)
}

public enum RedirectionOperator: UInt8 {
    /// `<` `>` `>|` `>>` `<>` `<&` `>&` `<<` `<<-`
    case input, output, clobber, append, readWrite, duplicateInput, duplicateOutput, hereDocument, hereDocumentStrip
    /// `&>` `&>>`: standard output and standard error, an extension.
    case outputAndError, appendOutputAndError
    /// `<<<`
    case hereString
}

/// A redirection. Those of one command follow each other in the table up to the one with `isLast`.
public struct Redirection {
    public var op: RedirectionOperator
    public var isLast: Bool
    /// The here-document delimiter was quoted: its body is not expanded (then `word` is a constant).
    public var isQuoted: Bool
    /// The descriptor redirected: as written, else 0 or 1 by the operator. Below 0 it is in a variable (`{x}>f`): see `variable`.
    public var descriptor: Int32
    /// The target; for here-documents the body, expanded as in double quotes.
    public var word: Int32
    /// Constant with the delimiter of a here-document (quotes removed), else -1.
    public var delimiter: Int32
    public var position: Int32

    /// What `descriptor` is for `{x}>f`.
    static func named(_ symbol: Symbol) -> Int32 { -2 &- symbol }

    /// The variable that has the number, or gets it.
    public var variable: Symbol? { descriptor < -1 ? -2 &- descriptor : nil }

    public init(
        op: RedirectionOperator, isLast: Bool = false, isQuoted: Bool = false, descriptor: Int32, word: Int32,
        delimiter: Int32 = -1,
        position: Int32
    ) {
        self.op = op
        self.isLast = isLast
        self.isQuoted = isQuoted
        self.descriptor = descriptor
        self.word = word
        self.delimiter = delimiter
        self.position = position
    }
}

/// `pattern | pattern) list ;;` — `patternCount` words from `firstPattern` (pattern context), `body` a child or -1.
public struct CaseItem {
    public enum Terminator: UInt8 {
        /// `;;` `;&` `;;&`
        case breakCase, fallThrough, testNext
    }

    public var firstPattern: Int32
    public var patternCount: Int32
    public var body: Int32
    public var terminator: Terminator

    public init(firstPattern: Int32, patternCount: Int32, body: Int32, terminator: Terminator) {
        self.firstPattern = firstPattern
        self.patternCount = patternCount
        self.body = body
        self.terminator = terminator
    }
}

/// The operators of arithmetic expressions: those of C that XCU 2.6.4 requires.
public enum ArithmeticOperator: UInt8 {
    /// `a` index into `Code.integers`.
    case constant
    /// A variable by name: `a` symbol.
    case variable
    /// `$x`, `${…}`, `$(…)` at the place of an operand: `a` word. When its text is not a plain decimal integer the whole expression is expanded as text
    /// and parsed again (`Part.b`).
    case expansion
    /// The same where some operand of the expression is more than `$x` or `$1`: `a` its place among the operands, which are all expanded before.
    case operand
    /// `+a` `-a` `~a` `!a`
    case plus, negate, complement, not
    /// `a op b`
    case multiply, divide, remainder, add, subtract, shiftLeft, shiftRight
    case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
    case bitAnd, bitXor, bitOr, and, or
    /// `a ? b : c`
    case conditional
    /// `a , b`
    case comma
    /// `x = b` and `x op= b`: `a` symbol, `b` value; `c` the raw value of the binary operator, or -1 for plain `=`.
    case assign
    /// `++x` `--x` `x++` `x--`: `a` symbol.
    case preIncrement, preDecrement, postIncrement, postDecrement
    /// `a ** b`
    case power
    /// `x[i]`: `a` symbol, `b` root of the subscript or -1 when it is no expression, `c` constant with its text.
    case element
    /// `x[i] = b` and `x[i] op= b`: `a` a node of kind `element`, the rest as in `assign`.
    case assignElement
    /// `++x[i]` and so on: `a` a node of kind `element`, `c` the raw value of the operator for a variable.
    case stepElement
    /// `a` is the root of a chain of binary operators, a tree so deep to the left that it is to be walked without recursion.
    case chain

    /// Whether `a` is the left operand or, of `chain`, all there is.
    public var leansLeft: Bool {
        switch self {
        case .multiply, .divide, .remainder, .add, .subtract, .shiftLeft, .shiftRight, .less, .lessOrEqual, .greater,
            .greaterOrEqual, .equal, .notEqual, .bitAnd, .bitXor, .bitOr, .and, .or, .comma, .power, .chain:
            true
        default: false
        }
    }
}

/// An arithmetic node; `a`, `b`, `c` are indices into `Code.arithmetic` unless the operator says otherwise.
public struct ArithmeticNode {
    public var op: ArithmeticOperator
    public var a: Int32
    public var b: Int32
    public var c: Int32

    @inline(__always)
    public init(_ op: ArithmeticOperator, a: Int32 = -1, b: Int32 = -1, c: Int32 = -1) {
        self.op = op
        self.a = a
        self.b = b
        self.c = c
    }
}
