// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// What an `ls` command line asks for. nil from `init`: something in it is left to the external program.
struct ListOptions {
    enum Format: UInt8 {
        /// `-l`; one name a line; columns filled downwards, rightwards; `-m`.
        case long, onePerLine, columns, rows, commas
    }
    enum Sorting: UInt8 { case name, none, size, time, `extension` }
    enum Time: UInt8 { case modification, change, access, birth }
    enum TimeStyle: UInt8 { case locale, iso, longISO, fullISO }
    enum Hidden: UInt8 {
        /// Names that begin with a dot are left out; only `.` and `..` are; none is.
        case dotNames, dots, none
    }
    enum Indicators: UInt8 { case none, slash, fileType, classify }
    enum Following: UInt8 {
        /// Symbolic links are shown themselves; those in the command line are followed when they lead to directories, always; all are.
        case never, commandLineDirectories, commandLine, always
    }
    enum Units: UInt8 {
        /// Sizes in bytes and blocks in KiB; both with a letter, in powers of 1024 or of 1000.
        case plain, binary, decimal
    }

    var format: Format = .onePerLine
    var sorting: Sorting = .name
    var time: Time = .modification
    var timeStyle: TimeStyle = .locale
    var hidden: Hidden = .dotNames
    var indicators: Indicators = .none
    var following: Following = .never
    var units: Units = .plain
    var quoting: QuotingStyle = .literal
    var isReversed = false
    var isRecursive = false
    var listsDirectoriesThemselves = false
    var directoriesFirst = false
    var showsInode = false
    var showsBlocks = false
    var showsOwner = true
    var showsGroup = true
    var numericIDs = false
    var hidesBackups = false
    /// Unprintable characters are shown as `?`.
    var marksUnprintable = false
    /// Columns of a line; 0: no limit.
    var lineLength = 80
    var tabSize = 8
    var operands: [Text] = []

    private static let letters: StaticString = "aAbBcCdfFgGhHiklLmnNopqQrRsStT:uUw:xX1"
    private static let long: [FileOptions.Long] = [
        .init("all", 97), .init("almost-all", 65), .init("escape", 98), .init("ignore-backups", 66),
        .init("directory", 100), .init("no-group", 71), .init("human-readable", 104), .init("inode", 105),
        .init("kibibytes", 107), .init("dereference", 76), .init("dereference-command-line", 72),
        .init("numeric-uid-gid", 110), .init("literal", 78), .init("hide-control-chars", 113),
        .init("quote-name", 81), .init("reverse", 114), .init("recursive", 82), .init("size", 115),
        .init("tabsize", 84, argument: 1), .init("width", 119, argument: 1),
        .init("classify", 300, argument: 2), .init("file-type", 301), .init("full-time", 302),
        .init("group-directories-first", 303), .init("si", 304), .init("show-control-chars", 305),
        .init("color", 306, argument: 2), .init("format", 307, argument: 1), .init("sort", 308, argument: 1),
        .init("time", 309, argument: 1), .init("time-style", 310, argument: 1),
        .init("indicator-style", 311, argument: 1), .init("quoting-style", 312, argument: 1),
        .init("dereference-command-line-symlink-to-dir", 313),
        // Known so that a shortened name is not taken for another one; the external program runs.
        .init("author", 400), .init("block-size", 400, argument: 1), .init("context", 400), .init("dired", 400),
        .init("hide", 401, argument: 1), .init("hyperlink", 402, argument: 2), .init("ignore", 403, argument: 1),
        .init("zero", 404), .init("help", 405), .init("version", 406),
    ]

    /// - Parameters:
    ///   - terminal: the terminal that standard output is, or -1.
    init?(_ command: FileCommand, terminal: Int32) {
        let given = FileOptions(
            command.words, letters: ListOptions.letters, long: ListOptions.long, isPOSIX: command.isPOSIX)
        if given.isUnknown || command.isPOSIX || !ListOptions.suits(command) { return nil }
        operands = given.operands
        var format: Format? = terminal >= 0 ? .columns : .onePerLine
        var sorting: Sorting?
        var marks: Bool?
        var quoting: QuotingStyle?
        var following: Following?
        var width: Int?
        var timeIsExplicit = false
        for (code, value) in given.given {
            switch code {
            case 97: hidden = .none
            case 65: hidden = .dots
            case 98: quoting = .escape
            case 66: hidesBackups = true
            case 99:
                time = .change
                timeIsExplicit = true
            case 67: format = .columns
            case 100: listsDirectoriesThemselves = true
            case 102:
                hidden = .none
                sorting = ListOptions.Sorting.none
                if format == .long { format = nil }
                showsBlocks = false
            case 70: indicators = .classify
            case 103:
                format = .long
                showsOwner = false
            case 71: showsGroup = false
            case 104: units = .binary
            case 72: following = .commandLine
            case 105: showsInode = true
            case 107: units = units == .plain ? .plain : units
            case 108: format = .long
            case 76: following = .always
            case 109: format = .commas
            case 110:
                numericIDs = true
                format = .long
            case 78: quoting = .literal
            case 111:
                format = .long
                showsGroup = false
            case 112: indicators = .slash
            case 113: marks = true
            case 81: quoting = .c
            case 114: isReversed = true
            case 82: isRecursive = true
            case 115: showsBlocks = true
            case 83: sorting = .size
            case 116: sorting = .time
            case 84:
                guard let number = ListOptions.number(value!) else { return nil }
                tabSize = number
            case 117:
                time = .access
                timeIsExplicit = true
            case 85: sorting = ListOptions.Sorting.none
            case 119:
                guard let number = ListOptions.number(value!) else { return nil }
                width = number
            case 120: format = .rows
            case 88: sorting = .extension
            case 49: if format != .long { format = .onePerLine }
            case 300:
                guard let shows = ListOptions.when(value, terminal) else { return nil }
                if shows { indicators = .classify }
            case 301: indicators = .fileType
            case 302:
                format = .long
                timeStyle = .fullISO
            case 303: directoriesFirst = true
            case 304: units = .decimal
            case 305: marks = false
            case 306: if ListOptions.when(value, terminal) != false { return nil }
            case 307:
                guard let style = ListOptions.format(value!) else { return nil }
                format = style
            case 308:
                guard let order = ListOptions.sorting(value!) else { return nil }
                sorting = order
            case 309:
                guard let which = ListOptions.time(value!) else { return nil }
                time = which
                timeIsExplicit = true
            case 310:
                guard let style = ListOptions.timeStyle(value!) else { return nil }
                timeStyle = style
            case 311:
                guard let style = ListOptions.indicators(value!) else { return nil }
                indicators = style
            case 312:
                guard let style = ListOptions.quoting(value!) else { return nil }
                quoting = style
            case 313: following = .commandLineDirectories
            default: return nil
            }
        }
        self.format = format ?? (terminal >= 0 ? .columns : .onePerLine)
        if self.format == .long, let style = command.variable("TIME_STYLE"),
            !given.given.contains(where: { $0.code == 310 || $0.code == 302 })
        {
            guard let style = ListOptions.timeStyle(style) else { return nil }
            timeStyle = style
        }
        self.sorting = sorting ?? (timeIsExplicit && self.format != .long ? .time : .name)
        if let quoting {
            self.quoting = quoting
        } else if let style = command.variable("QUOTING_STYLE") {
            guard let style = ListOptions.quoting(style) else { return nil }
            self.quoting = style
        } else {
            self.quoting = terminal >= 0 ? .shellEscape : .literal
        }
        marksUnprintable = marks ?? (terminal >= 0)
        self.following =
            following
            ?? (listsDirectoriesThemselves || indicators == .classify || self.format == .long
                ? .never : .commandLineDirectories)
        if let width {
            lineLength = width
        } else if terminal >= 0, let size = try? System.terminalSize(terminal), size.columns > 0 {
            lineLength = size.columns
        } else if let columns = command.variable("COLUMNS"), !columns.isEmpty {
            guard let number = ListOptions.number(columns) else { return nil }
            lineLength = number
        }
    }

    /// Whether the environment asks for nothing that only the external program has: a locale with an order or a language of its own,
    /// units, a security module.
    private static func suits(_ command: FileCommand) -> Bool {
        let all = command.variable("LC_ALL") ?? Text()
        for name in ["LC_COLLATE", "LC_CTYPE", "LC_TIME", "LC_MESSAGES", "LC_NUMERIC"] as [StaticString] {
            var locale = all
            if locale.isEmpty { locale = command.variable(name) ?? Text() }
            if locale.isEmpty { locale = command.variable("LANG") ?? Text() }
            let isPlain =
                locale.isEmpty || locale.equals("C") || locale.equals("POSIX") || locale.equals("C.UTF-8")
                || locale.equals("C.utf8")
            if !isPlain { return false }
        }
        for name in ["BLOCK_SIZE", "LS_BLOCK_SIZE", "BLOCKSIZE", "TABSIZE"] as [StaticString]
        where command.variable(name) != nil { return false }
        // The zone is that of the C library's environment.
        let zone = command.variable("TZ")
        let initial = ListOptions.initialZone()
        guard let zone, let initial else { return zone == nil && initial == nil }
        return zone == initial
    }

    private static func initialZone() -> Text? {
        guard var next = System.environment else { return nil }
        while let entry = next.pointee {
            let text = Text(cString: entry)
            if text.count >= 3, text[0] == 84, text[1] == 90, text[2] == 61 { return text.slice(3..<text.count) }
            next += 1
        }
        return nil
    }

    private static func number(_ text: Text) -> Int? {
        if text.isEmpty || text.count > 6 { return nil }
        var value = 0
        for index in 0..<text.count {
            guard text[index] >= 48, text[index] <= 57 else { return nil }
            value = value * 10 + Int(text[index] - 48)
        }
        return value
    }

    /// `always`, `auto` and `never` with their other names; nil: none of them.
    private static func when(_ value: Text?, _ terminal: Int32) -> Bool? {
        guard let value else { return true }
        if value.equals("always") || value.equals("yes") || value.equals("force") { return true }
        if value.equals("never") || value.equals("no") || value.equals("none") { return false }
        if value.equals("auto") || value.equals("tty") || value.equals("if-tty") { return terminal >= 0 }
        return nil
    }

    private static func format(_ value: Text) -> Format? {
        if value.equals("verbose") || value.equals("long") { return .long }
        if value.equals("commas") { return .commas }
        if value.equals("horizontal") || value.equals("across") { return .rows }
        if value.equals("vertical") { return .columns }
        return value.equals("single-column") ? .onePerLine : nil
    }

    private static func sorting(_ value: Text) -> Sorting? {
        if value.equals("none") { return ListOptions.Sorting.none }
        if value.equals("size") { return .size }
        if value.equals("time") { return .time }
        return value.equals("extension") ? .extension : nil
    }

    private static func time(_ value: Text) -> Time? {
        if value.equals("atime") || value.equals("access") || value.equals("use") { return .access }
        return value.equals("ctime") || value.equals("status") ? .change : nil
    }

    private static func timeStyle(_ value: Text) -> TimeStyle? {
        // In the C locale a style with "posix-" before it is the locale's own.
        if value.equals("locale") || value.withBytes({ $0.starts(with: "posix-".utf8) }) { return .locale }
        if value.equals("iso") { return .iso }
        if value.equals("long-iso") { return .longISO }
        return value.equals("full-iso") ? .fullISO : nil
    }

    private static func indicators(_ value: Text) -> Indicators? {
        if value.equals("none") { return ListOptions.Indicators.none }
        if value.equals("slash") { return .slash }
        if value.equals("file-type") { return .fileType }
        return value.equals("classify") ? .classify : nil
    }

    private static func quoting(_ value: Text) -> QuotingStyle? {
        if value.equals("literal") { return .literal }
        if value.equals("shell") { return .shell }
        if value.equals("shell-always") { return .shellAlways }
        if value.equals("shell-escape") { return .shellEscape }
        if value.equals("shell-escape-always") { return .shellEscapeAlways }
        if value.equals("c") { return .c }
        return value.equals("escape") ? .escape : nil
    }

    func nameQuoting(isUTF8: Bool) -> Quoting {
        var quoting = Quoting(quoting, isUTF8: isUTF8)
        quoting.escapesSpace = self.quoting == .escape
        switch indicators {
        case .fileType: quoting.quotesIndicators = 2
        case .classify: quoting.quotesIndicators = 1
        default: break
        }
        return quoting
    }

    var alignsQuotes: Bool {
        let isPlaced = format == .long || (format == .columns || format == .rows) && lineLength > 0
        return isPlaced && (quoting == .shell || quoting == .shellEscape)
    }

    /// Whether more than the names is needed of every file.
    var needsStatus: Bool { sorting == .time || sorting == .size || format == .long || showsBlocks }
    /// Whether at least the type is.
    var needsType: Bool { !needsStatus && (isRecursive || indicators != .none || directoriesFirst) }
}
