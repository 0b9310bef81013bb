// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `command`, `type`, `hash` and `norecord`.
func registerCommandName(_ shell: Shell) {
    shell.register(
        "command", .intrinsic, synopsis: "[-p] [-v|-V] command [argument...]",
        summary: "Run a command that is no function, or say what a name stands for.", function: command)
    shell.register(
        "type", .intrinsic, synopsis: "[-afpPt] name...", summary: "Say what names stand for.", function: type)
    shell.register(
        "hash", .intrinsic, synopsis: "[-lr] [-p path] [-dt] [name...]",
        summary: "Remember, write or forget where commands are found.", function: hash)
    shell.register(
        "norecord", .extension_, synopsis: "command [argument...]",
        summary: "Run a command without recording its changes.", function: norecord)
}

/// What a name stands for when it is the first word of a command (XCU 2.9.1.4).
private enum Meaning {
    case alias(Symbol)
    case reservedWord
    case specialBuiltin
    case function
    case builtin
    case file(Text)
    case nothing
}

private func command(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var usesDefaultPath = false
    var describes: UInt8 = 0
    while let option = options.next(shell, arguments, "pvV") {
        if option == 112 { usesDefaultPath = true } else { describes = option }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    if options.index == arguments.count {
        if describes != 0 { return try shell.usageError(arguments, "needs a name") }
        shell.status = 0
        return .normal
    }
    if describes == 0 {
        return try shell.runCommandWords(arguments.dropping(options.index), useDefaultPath: usesDefaultPath)
    }
    shell.status = 0
    let path = usesDefaultPath ? Shell.defaultPath : nil
    for index in options.index..<arguments.count {
        let name = shell.argument(arguments, index)
        if describes == 86 {
            describe(shell, arguments, name, path, isAbsolute: true)
        } else if !writeName(shell, name, path) {
            shell.status = 1
        }
    }
    return .normal
}

private func type(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var wanted = TypeOptions()
    while let option = options.next(shell, arguments, shell.options.contains(.posix) ? "" : "afpPt") {
        wanted.set(option)
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    if options.index == arguments.count { return try shell.usageError(arguments, "needs a name") }
    shell.status = 0
    if !wanted.isPlain {
        for index in options.index..<arguments.count
        where !writeType(shell, shell.argument(arguments, index), wanted) {
            shell.status = 1
        }
        return .normal
    }
    for index in options.index..<arguments.count {
        describe(shell, arguments, shell.argument(arguments, index), nil, isAbsolute: false)
    }
    return .normal
}

private func meaning(_ shell: Shell, _ name: Text, _ path: Text?) -> Meaning {
    if isKeyword(shell, name) { return .reservedWord }
    if let symbol = shell.symbols.find(name) {
        if shell.aliases[symbol] != nil { return .alias(symbol) }
        let row = shell.builtin(named: name)
        if let row, row.kind == .special { return .specialBuiltin }
        if shell.functions[symbol] != nil { return .function }
        if let row {
            if !shell.options.contains(.posix) || row.kind != .file {
                return shell.findsBuiltin(symbol) ? .builtin : .nothing
            }
            // One that PATH leads to: its path is what is asked for.
            if let found = shell.findCommand(name, path: path) { return .file(found) }
            return shell.findsBuiltin(symbol) ? .builtin : .nothing
        }
    }
    return path == nil ? rememberedFile(shell, name) : shell.findCommand(name, path: path).map { .file($0) } ?? .nothing
}

/// The file found in PATH: where it was found before when it still is there, and remembered now.
private func rememberedFile(_ shell: Shell, _ name: Text) -> Meaning {
    if let symbol = shell.symbols.find(name), !shell.commandPaths[symbol].isEmpty,
        System.isAccessible(shell.commandPaths[symbol], .execute)
    {
        return .file(shell.commandPaths[symbol])
    }
    guard let found = shell.findCommand(name) else { return .nothing }
    if shell.options.contains(.hashall) && name.withBytes({ !$0.contains(47) }) {
        let symbol = shell.symbols.intern(name)
        shell.syncTables()
        shell.rememberCommandPath(symbol, found)
    }
    return .file(found)
}

/// The reserved words of XCU 2.4.
private func isReservedWord(_ name: Text) -> Bool {
    switch name.count {
    case 1: name.equals("!") || name.equals("{") || name.equals("}")
    case 2: name.equals("do") || name.equals("fi") || name.equals("if") || name.equals("in")
    case 3: name.equals("for")
    case 4:
        name.equals("case") || name.equals("done") || name.equals("elif") || name.equals("else") || name.equals("esac")
            || name.equals("then")
    case 5: name.equals("until") || name.equals("while")
    default: false
    }
}

/// The reserved words of bash that POSIX does not have.
private func isExtendedReservedWord(_ name: Text) -> Bool {
    name.equals("[[") || name.equals("function") || name.equals("select") || name.equals("time")
}

/// Whether a name is a reserved word in the present mode.
func isKeyword(_ shell: Shell, _ name: Text) -> Bool {
    isReservedWord(name) || !shell.options.contains(.posix) && isExtendedReservedWord(name)
}

/// `path` with the working directory in front when it is relative.
private func absolute(_ shell: Shell, _ path: Text) -> Text {
    if path[0] == 47 || shell.workingDirectory.isEmpty { return path }
    var start = 0
    while start + 2 < path.count && path[start] == 46 && path[start + 1] == 47 { start += 2 }
    return joined(shell.workingDirectory, path.slice(start..<path.count))
}

/// Whether a command name is not looked up in PATH: what is written of it is itself.
private func isPath(_ name: Text) -> Bool { name.withBytes { $0.contains(47) } }

/// `command -v`: a form that can be used as a command; false when the name stands for nothing.
private func writeName(_ shell: Shell, _ name: Text, _ path: Text?) -> Bool {
    switch meaning(shell, name, path) {
    case .alias(let symbol):
        shell.output.append("alias ")
        shell.appendAlias(symbol)
    case .reservedWord, .specialBuiltin, .function, .builtin: shell.output.append(name)
    case .file(let path): shell.output.append(isPath(name) ? path : absolute(shell, path))
    case .nothing: return false
    }
    shell.output.append(10)
    return true
}

/// `type` and `command -V`: a sentence.
///
/// `isAbsolute`: with the path that `command -v` gives; otherwise as PATH has it, like dash and bash.
private func describe(_ shell: Shell, _ arguments: Arguments, _ name: Text, _ path: Text?, isAbsolute: Bool) {
    let meaning = meaning(shell, name, path)
    if case .nothing = meaning {
        shell.report(arguments, name, "not found")
        shell.status = 1
        return
    }
    shell.output.append(name)
    switch meaning {
    case .alias(let symbol):
        shell.output.append(" is an alias for ")
        shell.output.append(shell.aliases[symbol] ?? Text())
    case .reservedWord: shell.output.append(" is a shell keyword")
    case .specialBuiltin: shell.output.append(" is a special shell builtin")
    case .function:
        shell.output.append(" is a function")
        if !shell.options.contains(.posix), !isAbsolute, let symbol = shell.symbols.find(name) {
            shell.output.append(10)
            return writeFunction(shell, symbol)
        }
    case .builtin: shell.output.append(" is a shell builtin")
    case .file(let path):
        shell.output.append(" is ")
        shell.output.append(isAbsolute && !isPath(name) ? absolute(shell, path) : path)
    case .nothing: break
    }
    shell.output.append(10)
}

private func hash(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var forgets = false
    var wanted: UInt8 = 0
    var path: Text?
    while let option = options.next(shell, arguments, shell.options.contains(.posix) ? "r" : "rdltp:") {
        switch option {
        case 114: forgets = true
        case 112: path = options.value
        default: wanted = option
        }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    if forgets { shell.forgetCommandPaths() }
    if options.index == arguments.count {
        if wanted == 116 || wanted == 100 { return try shell.usageError(arguments, "needs a name") }
        if !forgets { listRemembered(shell, asCommands: wanted == 108) }
        return .normal
    }
    for index in options.index..<arguments.count {
        let name = shell.argument(arguments, index)
        if name.withBytes({ $0.contains(47) }) { continue }
        if let path {
            shell.rememberCommandPath(shell.intern(name), path)
            continue
        }
        if wanted == 116 || wanted == 100 {
            handleRemembered(
                shell, arguments, name, forgets: wanted == 100, showsName: arguments.count - options.index > 1)
            continue
        }
        if let symbol = shell.symbols.find(name), shell.functions[symbol] != nil || shell.findsBuiltin(symbol) {
            continue
        }
        if let path = shell.findCommand(name) {
            let symbol = shell.symbols.intern(name)
            shell.syncTables()
            shell.rememberCommandPath(symbol, path)
        } else {
            shell.report(arguments, name, "not found")
            shell.status = 1
        }
    }
    return .normal
}

private func listRemembered(_ shell: Shell, asCommands: Bool) {
    for symbol in shell.sortedSymbols({ !shell.commandPaths[$0].isEmpty }) {
        if asCommands { shell.output.append("builtin hash -p ") }
        shell.output.append(shell.commandPaths[symbol])
        if asCommands {
            shell.output.append(32)
            shell.output.append(shell.symbols.name(symbol))
        }
        shell.output.append(10)
    }
}

/// `hash -d` and `-t`: forgets, or writes, where a command was found.
private func handleRemembered(_ shell: Shell, _ arguments: Arguments, _ name: Text, forgets: Bool, showsName: Bool) {
    guard let symbol = shell.symbols.find(name), !shell.commandPaths[symbol].isEmpty else {
        shell.report(arguments, name, "not found")
        shell.status = 1
        return
    }
    if forgets { return shell.rememberCommandPath(symbol, Text()) }
    if showsName {
        shell.output.append(name)
        shell.output.append(9)
    }
    shell.output.append(shell.commandPaths[symbol])
    shell.output.append(10)
}

private func norecord(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    let first = arguments.count > 1 && shell.fields[arguments.base + 1].equals("--") ? 2 : 1
    if first >= arguments.count { return try shell.usageError(arguments, "needs a command") }
    let wasRecording = shell.files.pauseRecording()
    defer { shell.files.resumeRecording(wasRecording) }
    return try shell.runCommandWords(arguments.dropping(first), useDefaultPath: false)
}
