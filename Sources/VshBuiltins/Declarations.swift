// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `export`, `readonly`, `local` and `unset`.
func registerDeclaration(_ shell: Shell) {
    shell.register(
        "export", .special, traits: .declaration, synopsis: "[-np] [name[=value]...]",
        summary: "Give variables to the environment of commands.", function: export)
    shell.register(
        "readonly", .special, traits: .declaration, synopsis: "[-aAp] [name[=value]...]",
        summary: "Make variables unchangeable.", function: readonly)
    shell.register(
        "local", .intrinsic, traits: .declaration, synopsis: "[-aAilnrux] [-] [name[=value]...]",
        summary: "Give a function variables, or options (-), of its own until it returns.", function: local)
    shell.register(
        "unset", .special, synopsis: "[-f|-n|-v] name...", summary: "Remove variables, or functions with -f.",
        function: unset)
}

/// An operand `name`, `name=value`, `name+=value`, `name[i]=value` or `name=(…)`.
struct Declaration {
    var symbol: Symbol
    private(set) var value: Text?
    private(set) var list: [ListElement]?
    private var subscriptText: Text?
    private var isAppending = false

    /// nil when the part before `=` is not a name.
    init?(_ shell: Shell, _ arguments: Arguments, _ index: Int) {
        let word = shell.argument(arguments, index)
        list = shell.takeDeclaredList(arguments.base + index)
        let isPosix = shell.options.contains(.posix)
        var end = word.withBytes { $0.firstIndex { $0 == 61 || $0 == 91 && !isPosix } } ?? word.count
        var name = word.slice(0..<end)
        if end < word.count && word[end] == 91 {
            guard let close = word.withBytes({ bytes in bytes[end...].firstIndex { $0 == 93 } }) else { return nil }
            subscriptText = word.slice(end + 1..<close)
            end = close + 1
            if end < word.count && word[end] == 43 {
                isAppending = true
                end += 1
            }
            if end < word.count && word[end] != 61 { return nil }
        } else if end < word.count && end > 1 && word[end - 1] == 43 && !isPosix {
            isAppending = true
            name = name.slice(0..<end - 1)
        }
        if !shell.isName(name) { return nil }
        symbol = shell.symbols.intern(name)
        shell.syncTables()
        if end < word.count && list == nil { value = word.slice(end + 1..<word.count) }
    }

    /// `declare -a 'x=(a b)'`: for an array the value is read as the list that it looks like, as in bash.
    mutating func readList(_ shell: Shell) throws(ShellError) {
        guard let value, subscriptText == nil, value.count > 1, value[0] == 40, value[value.count - 1] == 41 else {
            return
        }
        if let read = try shell.list(value) { (list, self.value) = (read, nil) }
    }

    /// It has a value.
    var assigns: Bool { value != nil || list != nil }

    func assign(_ shell: Shell) throws(ShellError) {
        if let list { return try shell.assignList(symbol, list, isAppending: isAppending) }
        guard let value else { return }
        if let subscriptText {
            let reference = VariableReference(symbol: symbol, subscriptText: subscriptText)
            try shell.assign(reference, value, isAppending: isAppending)
        } else if isAppending {
            try shell.append(symbol, value)
        } else {
            try shell.assign(symbol, value)
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
    let isPosix = shell.options.contains(.posix)
    guard let options = DeclarationOptions(shell, arguments, isPosix ? "p" : flag == .exported ? "fnp" : "aAfp") else {
        return try shell.endUsage(arguments)
    }
    shell.status = 0
    if options.index == arguments.count {
        list(shell, flag, command)
        return .normal
    }
    if options.functions != 0 {
        for index in options.index..<arguments.count where flag == .exported {
            let name = shell.argument(arguments, index)
            guard let symbol = shell.symbols.find(name), shell.functions[symbol] != nil else {
                shell.report(arguments, name, "no function")
                shell.status = 1
                continue
            }
            // Here -n takes the attribute away.
            shell.exportFunction(symbol, !options.added.contains(.reference))
        }
        return .normal
    }
    for index in options.index..<arguments.count {
        guard var declaration = Declaration(shell, arguments, index) else {
            return try shell.fail(arguments, shell.argument(arguments, index), "not a variable name", status: 2)
        }
        declaration.symbol = shell.resolved(declaration.symbol)
        let symbol = declaration.symbol
        if declaration.assigns {
            if shell.variables[symbol].flags.contains(.readonly) {
                // That is the builtin's error.
                _ = try shell.fail(arguments, shell.symbols.name(symbol), "is read only", status: 1)
                throw ShellError(.specialBuiltin, status: 1)
            }
            var kind = options
            kind.added.subtract(.reference)
            if try !setKind(shell, arguments, kind, declaration) { return .normal }
            try declaration.assign(shell)
        }
        if flag == .readonly {
            shell.setReadonly(symbol)
        } else {
            // Here -n takes the attribute away.
            shell.setExported(symbol, !options.added.contains(.reference))
        }
    }
    return .normal
}

/// Writes the variables that have `flag` as commands that give them value and flag again.
private func list(_ shell: Shell, _ flag: VariableFlags, _ command: StaticString) {
    for symbol in shell.sortedSymbols({ shell.variables[$0].flags.contains(flag) }) {
        shell.output.append(command)
        if let array = shell.array(symbol) {
            if array.isAssociative { shell.output.append("-A ") } else { shell.output.append("-a ") }
            shell.output.append(shell.symbols.name(symbol))
            shell.output.append(61)
            shell.output.append(shell.listText(array))
            shell.output.append(10)
            continue
        }
        shell.output.append(shell.symbols.name(symbol))
        if shell.isSet(symbol) {
            shell.output.append(61)
            shell.output.append(quotedOnOneLine: shell.value(symbol))
        }
        shell.output.append(10)
    }
}

/// In POSIX mode a variable without a value keeps the one it has, as in dash; else it has none, as in bash.
private func local(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    if shell.functionDepth == 0 { return try shell.fail(arguments, "not in a function") }
    shell.status = 0
    if !shell.options.contains(.posix) && arguments.count > 1 && !shell.fields[arguments.base + 1].equals("-") {
        guard let options = DeclarationOptions(shell, arguments, "aAilnprux") else {
            return try shell.endUsage(arguments)
        }
        var rest = options
        while rest.index < arguments.count, shell.fields[arguments.base + rest.index].equals("-") {
            shell.makeOptionsLocal()
            rest.index += 1
        }
        return try declareOperands(shell, arguments, rest, isLocal: true)
    }
    var index = 1
    if arguments.count > 1, shell.fields[arguments.base + 1].equals("--") { index = 2 }
    while index < arguments.count {
        let word = shell.argument(arguments, index)
        index += 1
        if word.equals("-") {
            shell.makeOptionsLocal()
            continue
        }
        guard let declaration = Declaration(shell, arguments, index - 1) else {
            return try shell.fail(arguments, word, "not a variable name", status: 2)
        }
        if shell.resistsLocal(declaration.symbol) {
            return try shell.fail(arguments, shell.symbols.name(declaration.symbol), "is read only")
        }
        shell.makeLocal(declaration.symbol)
        try declaration.assign(shell)
    }
    return .normal
}

private func unset(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var removesFunctions = false
    var removesReferences = false
    var removesVariables = false
    while let option = options.next(shell, arguments, shell.options.contains(.posix) ? "fv" : "fvn") {
        removesFunctions = option == 102
        removesReferences = option == 110
        removesVariables = option == 118
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    for index in options.index..<max(options.index, arguments.count) {
        let name = shell.argument(arguments, index)
        if removesFunctions {
            if let symbol = shell.symbols.find(name), shell.functions[symbol] != nil { shell.setFunction(symbol, nil) }
            continue
        }
        guard var reference = try shell.reference(name) else {
            return try shell.fail(arguments, name, "not a variable name", status: 2)
        }
        if shell.variables[reference.symbol].flags.contains(.reference) && !removesReferences {
            guard let target = try shell.target(reference) else { continue }
            reference = target
        }
        if shell.variables[reference.symbol].flags.contains(.readonly) {
            return try shell.fail(arguments, name, "is read only")
        }
        let symbol = reference.symbol
        if shell.variables[symbol].flags.isDisjoint(with: [.isSet, .array, .local]), shell.functions[symbol] != nil,
            !removesVariables, !removesReferences, !shell.options.contains(.posix)
        {
            // No variable has the name: as in bash the function is meant.
            shell.setFunction(symbol, nil)
            continue
        }
        try shell.unset(reference)
    }
    return .normal
}
