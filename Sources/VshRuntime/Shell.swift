// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshSyntax
import VshSystem

/// The state of the one shell of this process: a shell execution environment (XCU 2.13), its stacks, and what it knows of the system.
///
/// Tables indexed by symbol always have an element for every symbol interned (`syncTables`).
public final class Shell {
    // MARK: names and what they stand for

    public let symbols = SymbolTable()
    public var variables = Table<Variable>(capacity: 208)
    public var functions = Table<FunctionBody?>(capacity: 208)
    /// By symbol: index into `builtinTable`, or -1; −2 − index when it is not known to be found (see BuiltinSearch.swift).
    public var builtinIndex = Table<Int16>(capacity: 208)
    public var builtinTable = Table<Builtin>(capacity: 96)
    /// By symbol: the path found in PATH, or empty.
    public var commandPaths = Table<Text>(capacity: 208)
    public var aliases: [Symbol: Text] = [:]
    /// Symbols that were ever exported; those that still are make the environment.
    var exportedSymbols = Table<Symbol>(capacity: 64)
    /// By symbol, whether it is in that list; empty while the list is short.
    var exportedMarks = Table<Bool>(capacity: 0)
    /// Entries of the initial environment whose names are not shell names: passed on unchanged.
    var foreignEnvironment: [Text] = []
    var environmentIsStale = true

    /// Room for builtins that copy; only what was used of it takes memory.
    public private(set) lazy var copyBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 131072, alignment: 4096)

    // MARK: execution state

    public var options: ShellOptions = [.hashall, .braceexpand]
    /// `$?`
    public var status: Int32 = 0
    /// Levels that `break` or `continue` still has to leave.
    public var pendingLevels = 0
    /// Loops around the present command in this function or script.
    public var loopDepth = 0
    /// Functions and dot scripts being run.
    public var functionDepth: Int { callStack.count &- dotDepth }
    public var dotDepth = 0
    var callStack = Table<CallRecord>(capacity: 32)
    /// What the dot scripts among them read.
    var dotNames: [Text] = []
    /// Functions that inherit DEBUG and RETURN (`declare -ft`).
    public var tracedFunctions: Set<Symbol> = []
    /// DEBUG, ERR or RETURN is being run: none of them acts meanwhile.
    var isInCommandTrap = false
    /// Names such as PIPESTATUS have their meaning.
    var hasComputedVariables = false
    /// The statuses of the last pipeline, and the status that it had.
    var lastPipeline: PipelineStatuses?
    /// While above zero, a failing command does not end the shell by `errexit` (conditions, `!`, `&&` `||`).
    var errexitIgnored = 0
    /// What messages call the shell: the last component of the name it was called by.
    public var invokedName = Text("vsh")
    /// `$0`
    public var name = Text()
    /// The process that `$$` names.
    public var shellPid: Int32 = 0
    /// `$!`, or 0.
    public var lastBackgroundPid: Int32 = 0
    /// The exit status of the last command substitution, when `substitutionCount` moved.
    var substitutionStatus: Int32 = 0
    var substitutionCount = 0
    /// The code and the offset of the command that runs, for messages and `LINENO`.
    var currentCode: Code?
    /// What was typed at the prompt and runs now: not the functions, files and hooks that it runs.
    var typedCode: Code?
    var currentPosition: Int32 = 0
    /// Exit traps are run once.
    var isExiting = false
    /// This process is a forked child, not the shell the user started.
    public internal(set) var isForkedChild = false

    // MARK: stacks

    /// Words of the commands being expanded and run.
    public var fields = Table<Text>(capacity: 24)
    /// Positional parameters of all frames; the present ones are `paramBase ..< paramBase + paramCount`.
    public var params = Table<Text>(capacity: 16)
    public var paramBase = 0
    public var paramCount = 0
    /// Where the present frame began (`shift` moves `paramBase` up).
    var paramFrame = 0
    /// Parameters below belong to an environment outside the present virtual subshell.
    var paramFloor = 0
    public var scratch = ByteStack(capacity: 512)
    /// Quoting runs of the word under construction in `scratch`.
    var runs = Table<QuoteRun>(capacity: 16)
    /// What builtins write, and what is captured of it. See Output.swift.
    public var output = ByteStack(capacity: 512)
    var captures = Table<Capture>(capacity: 8)
    /// Where the output of the running builtin began in `output`.
    var outputMark = 0
    /// The running builtin could not write its output.
    var outputFailed = false

    /// The element whose operator is about to be applied.
    var presentElement: Text?

    // MARK: virtual subshells

    var epoch: UInt32 = 0
    var nextEpoch: UInt32 = 1
    public internal(set) var subshellDepth = 0
    var variableTrail = Table<VariableChange>(capacity: 8)
    var stateTrail = Table<StateChange>(capacity: 4)
    var localTrail = Table<VariableChange>(capacity: 8)
    /// Where the locals of the running function begin in `localTrail`.
    var localFrame = 0
    var workingDirectoryDirty = false
    var savedDirectory: Int32 = -1
    var umaskDirty = false

    /// A pattern matched nothing under `shopt -s failglob`.
    var hasFailedPattern = false

    // MARK: field splitting

    /// By byte, added up: 1 IFS white space, 2 another IFS character, 4 pattern character, 8 the first byte of an IFS
    /// character of several bytes.
    public internal(set) var ifsClass = Table<UInt8>(capacity: 256)
    public internal(set) var ifsText = Text()
    public internal(set) var ifsIsDefault = true
    /// The first byte of IFS joins `"$*"`; -1: nothing does.
    var ifsJoin: Int = 32
    public internal(set) var isUTF8 = false

    /// The mask to put back when the present virtual subshell is left.
    var savedMask: UInt32 = 0
    /// `subshellDepth` when this process was forked: deeper levels are virtual.
    var processDepth = 0
    /// Assignments that last as long as the command they stand before.
    var localTemporaries = Table<VariableChange>(capacity: 8)
    /// The elements of arrays, by the number that their variables have.
    var arrays: [ArrayValue?] = []
    var freeArrays: [Int] = []
    /// How many there may be before those are looked for that nothing names.
    var arraySweep = 64
    /// Lists among the arguments of the declaration utility that is about to run, by their places in `fields`.
    var declaredLists: [(place: Int, elements: [ListElement])] = []
    var codePool: [Code] = []
    var parsedTexts = ParsedTexts()
    /// Those that no parser works in.
    var parserRooms: [ParserRoom] = []
    /// The regular expressions that `=~` used last, the latest first.
    var expressions: [RegularExpression] = []
    /// BASH_REMATCH, once it was set.
    var matchSymbol: Symbol = -1
    /// Process substitutions whose end was not seen yet.
    var substitutionPids: [Int32] = []

    // MARK: descriptors, children, signals, files

    /// `$_` is kept: the shell is interactive, or its text mentions it.
    var keepsLastArgument = false
    var argumentVector = ArgumentVector()
    var environmentVector = ArgumentVector()
    var descriptorActions = Table<DescriptorAction>(capacity: 8)
    /// Signals that were taken but could not be handled yet.
    var heldSignals: SignalSet = []
    /// Signals that stop the child that is forked, once it is in its job's group.
    var stopsOfJob: SignalSet = []
    /// Inside a trap action: the status before it.
    public internal(set) var trapEntryStatus: Int32?
    /// This process was forked by an interactive shell: it can trap signals that were ignored when that started.
    var changesIgnoredSignals = false
    /// Of the builtin that is about to run, when it deals with them itself.
    var ownRedirections: OwnRedirections?
    /// The words on `fields` of the builtin with redirections that is about to run.
    var redirectedWords = 0..<0
    /// The redirections of the running `exec` stay.
    var keepsRedirections = false
    /// The terminal of job control, or -1.
    public var terminalDescriptor: Int32 = -1
    var shellTerminal: TerminalAttributes?
    /// The process group that had the terminal before this shell, or 0.
    var originalGroup: Int32 = 0

    var descriptors = Table<DescriptorEntry>(capacity: 16)
    var redirectionDepth = 0
    var descriptorUndo = Table<DescriptorUndo>(capacity: 16)
    var hereTexts = Table<HereText>(capacity: 4)
    var inputBuffer = InputBuffer()
    public var jobs = JobTable()
    public var traps = TrapTable()
    public let files: FileSystem
    /// The working directory as `pwd` shows it, or empty when it is not known.
    public var workingDirectory = Text()
    /// The arguments still to parse of `getopts`: place inside the present word, and the OPTIND it belongs to.
    public var getoptsPlace = 0
    public var getoptsIndex = 1
    var random: UInt64 = 0
    /// When it started, by the monotonic clock.
    public internal(set) var startTime: Int64 = 0
    /// Nil in shells that are not interactive.
    public var interactive: InteractiveSupport?
    public var history: CommandHistory? { interactive?.history }
    /// Opens the history for a shell that is not interactive and keeps none itself.
    public var opensHistory: ((Shell) -> CommandHistory?)?
    /// Replaces the backslash escapes of a prompt, for `${x@P}`.
    public var decodesPrompt: ((Shell, Text) -> Text)?
    /// Makes `complete`, `compgen` and `compopt` for a shell that is not interactive, when the first is called.
    public var preparesCompletion: ((Shell) -> AnyObject)?
    public var completions: AnyObject?
    /// Functions that bash gets by the environment (`export -f`).
    public var exportedFunctions: Set<Symbol> = []
    let emptySource = Source(name: Text(), origin: .eval, text: Text())
    /// Expressions that were parsed when they ran, by how deep they lie in each other; the first `arithmeticLevel` are being evaluated.
    var arithmeticTexts: [ArithmeticText] = []
    var arithmeticLevel = 0
    /// Where on `fields` the operands of the expression that is being evaluated begin.
    var operandBase = 0

    /// A shell without variables, whose environment and arguments are set up by `Startup`.
    public init(files: FileSystem) {
        self.files = files
        for byte in 0..<256 { ifsClass.append(byte == 42 || byte == 63 || byte == 91 ? 4 : 0) }
        for index in 0..<10 { descriptors.append(DescriptorEntry(real: Int32(index))) }
        syncTables()
        setDefaultIFS()
    }

    /// Gives every symbol its place in the tables. To be called after anything that interns names.
    @inline(__always)
    public func syncTables() {
        if variables.count < symbols.count { growTables() }
    }

    @inline(never)
    private func growTables() {
        while variables.count < symbols.count {
            variables.append(Variable())
            if hasComputedVariables { noteComputedVariable(Symbol(truncatingIfNeeded: variables.count &- 1)) }
            functions.append(nil)
            builtinIndex.append(-1)
            commandPaths.append(Text())
        }
    }

    /// Adds a row to the builtin table. (Row by row: an array of rows would have its metadata made at every start.)
    public func register(
        _ name: StaticString, _ kind: Builtin.Class, traits: Builtin.Traits = [], synopsis: StaticString,
        summary: StaticString, function: @escaping BuiltinFunction
    ) {
        let symbol = symbols.intern(name)
        syncTables()
        builtinIndex[symbol] = placed(Int16(builtinTable.count), kind)
        builtinTable.append(
            Builtin(name, kind, traits: traits, synopsis: synopsis, summary: summary, function: function))
    }

    @inline(__always)
    public var isInteractive: Bool { options.contains(.interactive) }

    /// Word `index` of a command, 0 being its name.
    @inline(__always)
    public func argument(_ arguments: Arguments, _ index: Int) -> Text { fields[arguments.base + index] }
}
