// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `export`, `readonly`, `local` and `unset`.
func registerDeclaration(_ shell: Shell) {
    shell.register(
        "export", .special, traits: .declaration, synopsis: "[-p] [name[=value]...]",
        summary: "Give variables to the environment of commands.", function: export)
    shell.register(
        "readonly", .special, traits: .declaration, synopsis: "[-p] [name[=value]...]",
        summary: "Make variables unchangeable.", function: readonly)
    shell.register(
        "local", .intrinsic, traits: .declaration, synopsis: "[-] [name[=value]...]",
        summary: "Give a function variables, or options (-), of its own until it returns.", function: local)
    shell.register(
        "unset", .special, synopsis: "[-f|-v] name...", summary: "Remove variables, or functions with -f.",
        function: unset)
}

/// An operand `name` or `name=value`.
struct Declaration {
    var symbol: Symbol
    var value: Text?

    /// nil when the part before `=` is not a name.
    init?(_ shell: Shell, _ word: Text) {
        let equals = word.withBytes { $0.firstIndex(of: 61) }
        var name = equals == nil ? word : word.slice(0..<equals!)
        let appends = equals != nil && name.count > 1 && name[name.count - 1] == 43 && !shell.options.contains(.posix)
        if appends { name = name.slice(0..<name.count - 1) }
        if !shell.isName(name) { return nil }
        symbol = shell.symbols.intern(name)
        shell.syncTables()
        value = equals == nil ? nil : word.slice((equals! + 1)..<word.count)
        if appends, let end = value {
            var whole = shell.value(symbol)
            whole.append(end)
            value = whole
        }
    }
}

private func export(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    try declare(shell, arguments, .exported, "export ")
}

private func readonly(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    try declare(shell, arguments, .readonly, "readonly ")
}

private func declare(
    _ shell: Shell, _ arguments: Arguments, _ flag: VariableFlags, _ command: StaticString
) throws(ShellError) -> Flow {
    var options = OptionReader()
    while options.next(shell, arguments, "p") != nil {}
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    if options.index == arguments.count {
        list(shell, flag, command)
        return .normal
    }
    for index in options.index..<arguments.count {
        let word = shell.argument(arguments, index)
        guard let declaration = Declaration(shell, word) else {
            return try shell.fail(arguments, word, "not a variable name", status: 2)
        }
        if let value = declaration.value { try assign(shell, arguments, declaration.symbol, value) }
        if flag == .exported { shell.setExported(declaration.symbol) } else { shell.setReadonly(declaration.symbol) }
    }
    return .normal
}

/// Assigns for a builtin: a read-only variable is that builtin's error.
private func assign(
    _ shell: Shell, _ arguments: Arguments, _ symbol: Symbol, _ value: Text
) throws(ShellError) {
    if shell.variables[symbol].flags.contains(.readonly) {
        _ = try shell.fail(arguments, shell.symbols.name(symbol), "is read only", status: 1)
        throw ShellError(.specialBuiltin, status: 1)
    }
    try shell.assign(symbol, value)
}

/// Writes the variables that have `flag` as commands that give them value and flag again.
private func list(_ shell: Shell, _ flag: VariableFlags, _ command: StaticString) {
    for symbol in shell.sortedSymbols({ shell.variables[$0].flags.contains(flag) }) {
        shell.output.append(command)
        shell.output.append(shell.symbols.name(symbol))
        if shell.isSet(symbol) {
            shell.output.append(61)
            shell.output.append(quotedOnOneLine: shell.value(symbol))
        }
        shell.output.append(10)
    }
}

/// Without a value the variable keeps the one it has, as in dash.
private func local(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    if shell.functionDepth == 0 { return try shell.fail(arguments, "not in a function") }
    shell.status = 0
    var index = 1
    if arguments.count > 1, shell.fields[arguments.base + 1].equals("--") { index = 2 }
    while index < arguments.count {
        let word = shell.argument(arguments, index)
        index += 1
        if word.equals("-") {
            shell.makeOptionsLocal()
            continue
        }
        guard let declaration = Declaration(shell, word) else {
            return try shell.fail(arguments, word, "not a variable name", status: 2)
        }
        if shell.variables[declaration.symbol].flags.contains(.readonly) {
            return try shell.fail(arguments, shell.symbols.name(declaration.symbol), "is read only")
        }
        shell.makeLocal(declaration.symbol)
        if let value = declaration.value { try shell.assign(declaration.symbol, value) }
    }
    return .normal
}

private func unset(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var removesFunctions = false
    while let option = options.next(shell, arguments, "fv") { removesFunctions = option == 102 }
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    for index in options.index..<max(options.index, arguments.count) {
        let name = shell.argument(arguments, index)
        if removesFunctions {
            if let symbol = shell.symbols.find(name), shell.functions[symbol] != nil { shell.setFunction(symbol, nil) }
            continue
        }
        if !shell.isName(name) { return try shell.fail(arguments, name, "not a variable name", status: 2) }
        guard let symbol = shell.symbols.find(name) else { continue }
        if shell.variables[symbol].flags.contains(.readonly) { return try shell.fail(arguments, name, "is read only") }
        try shell.unset(symbol)
    }
    return .normal
}
