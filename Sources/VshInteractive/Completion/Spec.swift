// SPDX-License-Identifier: MPL-2.0

/// What a word of a command can be.
enum WordKind: Equatable {
    case file, directory, nothing
    case command, commandLine
    case user, group, host, process, processName, signal, job
    case variable, function, alias, builtin, shellOption
    case operation
    case gitRef, gitBranch, gitRemote, gitChanged, gitStash, gitTag
    case makeTarget, service, package, installedPackage, mountPoint, blockDevice, interface, module, manualPage,
        tmuxSession
    case npmScript
    case container, runningContainer, image, volume, network
    case words([(name: [UInt8], description: [UInt8])])

    static func == (a: WordKind, b: WordKind) -> Bool {
        switch (a, b) {
        case (.words(let left), .words(let right)): left.elementsEqual(right) { $0.name == $1.name }
        default: a.name == b.name
        }
    }

    /// Its name in the text of a spec.
    var name: String {
        switch self {
        case .file: "file"
        case .directory: "dir"
        case .nothing: "none"
        case .command: "command"
        case .commandLine: "command-line"
        case .user: "user"
        case .group: "group"
        case .host: "host"
        case .process: "pid"
        case .processName: "process"
        case .signal: "signal"
        case .job: "job"
        case .variable: "variable"
        case .function: "function"
        case .alias: "alias"
        case .builtin: "builtin"
        case .shellOption: "shell-option"
        case .operation: "operation"
        case .gitRef: "git-ref"
        case .gitBranch: "git-branch"
        case .gitRemote: "git-remote"
        case .gitChanged: "git-changed"
        case .gitStash: "git-stash"
        case .gitTag: "git-tag"
        case .makeTarget: "target"
        case .service: "service"
        case .package: "package"
        case .installedPackage: "installed"
        case .mountPoint: "mount"
        case .blockDevice: "device"
        case .interface: "interface"
        case .module: "module"
        case .manualPage: "manual"
        case .tmuxSession: "session"
        case .npmScript: "script"
        case .container: "container"
        case .runningContainer: "running"
        case .image: "image"
        case .volume: "volume"
        case .network: "network"
        case .words: "("
        }
    }

    /// Where there is none of that kind, a file is meant no more than before.
    var isNeverFile: Bool {
        switch self {
        case .nothing, .tmuxSession, .container, .runningContainer, .image, .volume, .network: true
        default: false
        }
    }

    private static var named: [WordKind] {
        [
            .file, .directory, .nothing, .command, .commandLine, .user, .group, .host, .process, .processName, .signal,
            .job, .variable, .function, .alias, .builtin, .shellOption, .operation, .gitRef, .gitBranch, .gitRemote,
            .gitChanged, .gitStash, .gitTag, .makeTarget, .service, .package, .installedPackage, .mountPoint,
            .blockDevice, .interface, .module, .manualPage, .tmuxSession, .npmScript, .container, .runningContainer,
            .image, .volume, .network,
        ]
    }

    /// The kind that a spec calls so; words in parentheses are themselves.
    init(_ text: [UInt8]) {
        if text.first == 40 {
            let inner = text.dropFirst().prefix { $0 != 41 }
            self = .words(inner.split(separator: 32).map { (name: Array($0), description: []) })
            return
        }
        let name = String(decoding: text, as: UTF8.self)
        self = WordKind.named.first { $0.name == name } ?? .nothing
    }
}

/// An option of a command: `-f --file`, with or without an argument.
struct SpecOption {
    /// With their hyphens.
    var names: [[UInt8]]
    /// Nil: takes none.
    var argument: WordKind?
    /// It can stand without its argument, which then is attached: `--color=auto`.
    var isArgumentOptional = false
    var description: [UInt8] = []
}

/// What is known of a command, or of a subcommand, for completion. Made when it is needed, from text, by `SpecReader`.
struct CommandSpec {
    var name: [UInt8] = []
    var description: [UInt8] = []
    var options: [SpecOption] = []
    var subcommands: [(names: [[UInt8]], description: [UInt8], spec: CommandSpec)] = []
    /// Kinds of the operands by place; the last one repeats. Empty: files.
    var operands: [WordKind] = []
    /// Options may be letters without a hyphen, as of tar and ps.
    var isComplete = false

    func subcommand(_ name: [UInt8]) -> CommandSpec? {
        subcommands.first { $0.names.contains(name) }?.spec
    }

    func option(_ name: [UInt8]) -> SpecOption? { options.first { $0.names.contains(name) } }

    /// Adds what the other knows and this one does not.
    mutating func add(_ other: CommandSpec) {
        var known: Set<[UInt8]> = []
        for option in options { known.formUnion(option.names) }
        for option in other.options {
            let names = option.names.filter { !known.contains($0) }
            if names.isEmpty { continue }
            var added = option
            added.names = names
            options.append(added)
        }
        for subcommand in other.subcommands where self.subcommand(subcommand.names[0]) == nil {
            subcommands.append(subcommand)
        }
        if operands.isEmpty { operands = other.operands }
    }
}

/// Reads the text form of specs:
///
///     @ name, alias | Description
///     -f --file =file | Description     an option; `=?kind`: its argument may be missing; (a b c): these words
///     < kind kind                       the operands by place, the last repeats
///     @@ name | Description             a subcommand, with lines of its own
enum SpecReader {
    static func read(_ text: StaticString) -> CommandSpec {
        read(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    static func read(_ bytes: some Collection<UInt8>) -> CommandSpec {
        var stack: [CommandSpec] = [CommandSpec()]
        var heads: [(names: [[UInt8]], description: [UInt8])] = [([], [])]
        func close(to depth: Int) {
            while stack.count > depth {
                let spec = stack.removeLast()
                let head = heads.removeLast()
                if stack.isEmpty {
                    stack.append(spec)
                } else {
                    stack[stack.count - 1].subcommands.append((head.names, head.description, spec))
                }
                if stack.count <= depth { return }
            }
        }
        for slice in bytes.split(separator: 10) {
            let line = Array(slice.drop { $0 == 32 })
            guard let first = line.first else { continue }
            let (left, description) = halves(line)
            switch first {
            case 64:  // @
                let depth = left.prefix { $0 == 64 }.count
                let names = left.dropFirst(depth).split { $0 == 44 || $0 == 32 }.map { Array($0) }
                guard let name = names.first else { continue }
                var spec = CommandSpec()
                spec.name = name
                spec.description = description
                if depth == 1 {
                    stack = [spec]
                    heads = [(names, description)]
                } else {
                    close(to: depth - 1)
                    stack.append(spec)
                    heads.append((names, description))
                }
            case 60:  // <
                stack[stack.count - 1].operands = tokens(Array(left.dropFirst())).map { WordKind($0) }
            case 45: stack[stack.count - 1].options.append(option(left, description))
            default: continue
            }
        }
        close(to: 1)
        return stack[0]
    }

    /// What the synopsis of a builtin says: `[-n] [--skip] @id`.
    static func synopsis(_ synopsis: StaticString, name: [UInt8]) -> CommandSpec {
        var spec = CommandSpec()
        spec.name = name
        let text = UnsafeBufferPointer(start: synopsis.utf8Start, count: synopsis.utf8CodeUnitCount)
        for slice in text.split(whereSeparator: { $0 == 32 || $0 == 91 || $0 == 93 || $0 == 124 }) {
            let word = Array(slice.prefix { $0 != 46 })
            if word.count > 1, word[0] == 45 {
                if spec.option(word) == nil { spec.options.append(SpecOption(names: [word])) }
            } else if spec.operands.isEmpty {
                switch String(decoding: word, as: UTF8.self) {
                case "@id": spec.operands = [.operation]
                case "file", "path": spec.operands = [.file]
                case "dir", "directory": spec.operands = [.directory]
                case "command": spec.operands = [.commandLine]
                default: continue
                }
            }
        }
        return spec
    }

    private static func halves(_ line: [UInt8]) -> ([UInt8], [UInt8]) {
        var index = 0
        while index + 2 < line.count {
            if line[index] == 32, line[index + 1] == 124, line[index + 2] == 32 {
                return (Array(line[..<index]), Array(line[(index + 3)...]))
            }
            index += 1
        }
        return (line, [])
    }

    /// Split at spaces, but not inside parentheses.
    private static func tokens(_ text: [UInt8]) -> [[UInt8]] {
        var tokens: [[UInt8]] = []
        var token: [UInt8] = []
        var depth = 0
        for byte in text {
            if byte == 40 { depth += 1 }
            if byte == 41 { depth -= 1 }
            if byte == 32, depth == 0 {
                if !token.isEmpty { tokens.append(token) }
                token = []
            } else {
                token.append(byte)
            }
        }
        if !token.isEmpty { tokens.append(token) }
        return tokens
    }

    private static func option(_ left: [UInt8], _ description: [UInt8]) -> SpecOption {
        var option = SpecOption(names: [], argument: nil, description: description)
        for token in tokens(left) {
            if token.first == 61 {
                var kind = Array(token.dropFirst())
                if kind.first == 63 {
                    option.isArgumentOptional = true
                    kind.removeFirst()
                }
                option.argument = WordKind(kind)
            } else {
                option.names.append(token.last == 44 ? Array(token.dropLast()) : token)
            }
        }
        return option
    }
}
