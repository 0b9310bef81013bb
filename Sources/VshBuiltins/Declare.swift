// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `declare` and `typeset` of bash.
func registerDeclare(_ shell: Shell) {
    shell.register(
        "declare", .extension_, traits: .declaration, synopsis: "[-aAfFgilnprux] [name[=value]...]",
        summary: "Give variables values and attributes; local ones in a function. -p and -f show them.",
        function: declare)
    shell.register(
        "typeset", .extension_, traits: .declaration, synopsis: "[-aAfFgilnprux] [name[=value]...]",
        summary: "The same as \"declare\".", function: declare)
}

/// What the options of `declare`, `local`, `readonly` and `export` ask for.
struct DeclarationOptions {
    var added: VariableFlags = []
    var removed: VariableFlags = []
    var shows = false
    /// The letter f or F.
    var functions: UInt8 = 0
    var isGlobal = false
    /// `-t`, `+t`: functions inherit DEBUG and RETURN.
    var traces: Bool?
    /// The first operand.
    var index = 1

    /// Nil when an option is wrong, after a message.
    init?(_ shell: Shell, _ arguments: Arguments, _ known: StaticString) {
        var options = OptionReader()
        while let option = options.next(shell, arguments, known) {
            switch option {
            case 102, 70: functions = option
            case 103: isGlobal = true
            case 112: shows = true
            case 116: traces = true
            default: added.formUnion(DeclarationOptions.flag(option))
            }
        }
        if options.isStopped { return nil }
        index = options.index
        // `+x` takes an attribute away.
        while index < arguments.count, shell.fields[arguments.base + index].count > 1,
            shell.fields[arguments.base + index][0] == 43
        {
            for letter in shell.argument(arguments, index).bytes.dropFirst() {
                if letter == 116 { traces = false }
                removed.formUnion(DeclarationOptions.flag(letter))
            }
            index += 1
        }
    }

    private static func flag(_ letter: UInt8) -> VariableFlags {
        switch letter {
        case 97: .array
        case 65: [.array, .associative]
        case 105: .numeric
        case 108: .lowercase
        case 110: .reference
        case 114: .readonly
        case 117: .uppercase
        case 120: .exported
        default: []
        }
    }
}

private func declare(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    guard let options = DeclarationOptions(shell, arguments, "aAfFgilnprtux") else {
        return try shell.endUsage(arguments)
    }
    shell.status = 0
    if options.functions != 0 {
        if let traces = options.traces, options.index < arguments.count {
            traceFunctions(shell, arguments, options.index, traces)
            return .normal
        }
        showFunctions(shell, arguments, options.index, withBody: options.functions == 102)
        return .normal
    }
    if options.index == arguments.count {
        for symbol in shell.sortedSymbols({ shell.isName(shell.symbols.name($0)) && isDeclared(shell, $0) })
        where shell.variables[symbol].flags.isSuperset(of: options.added) {
            show(shell, symbol)
        }
        return .normal
    }
    if !options.shows {
        return try declareOperands(
            shell, arguments, options, isLocal: shell.functionDepth > 0 && !options.isGlobal)
    }
    for index in options.index..<arguments.count {
        let word = shell.argument(arguments, index)
        if let symbol = shell.symbols.find(word), isDeclared(shell, symbol) {
            show(shell, symbol)
        } else {
            shell.report(arguments, word, "not set")
            shell.status = 1
        }
    }
    return .normal
}

/// The operands of `declare` and `local`.
func declareOperands(
    _ shell: Shell, _ arguments: Arguments, _ options: DeclarationOptions, isLocal: Bool
) throws(ShellError) -> Flow {
    for index in options.index..<max(options.index, arguments.count) {
        guard var declaration = Declaration(shell, arguments, index) else {
            return try shell.fail(arguments, shell.argument(arguments, index), "not a variable name", status: 2)
        }
        if !isLocal && !options.added.contains(.reference) && !options.removed.contains(.reference) {
            declaration.symbol = shell.resolved(declaration.symbol)
        }
        let symbol = declaration.symbol
        let flags = shell.variables[symbol].flags
        let isProtected =
            isLocal
            ? shell.resistsLocal(symbol)
            : flags.contains(.readonly)
                && (declaration.assigns || !options.added.isEmpty || !options.removed.isEmpty)
        if isProtected {
            return try shell.fail(arguments, shell.symbols.name(symbol), "is read only")
        }
        if isLocal {
            if shell.makeLocal(symbol) { shell.clearLocal(symbol, keepsExport: declaration.assigns) }
        }
        if options.added.contains(.array) || shell.variables[symbol].flags.contains(.array) {
            try declaration.readList(shell)
        }
        if try !setKind(shell, arguments, options, declaration) { return .normal }
        if !options.added.contains(.reference) { try declaration.assign(shell) }
        if options.removed.contains(.exported) { shell.setExported(symbol, false) }
        if options.added.contains(.exported) { shell.setExported(symbol) }
        if options.added.contains(.readonly) { shell.setReadonly(symbol) }
    }
    return .normal
}

/// Gives a variable the attributes that matter to what is assigned; false after a message when it cannot have them.
func setKind(
    _ shell: Shell, _ arguments: Arguments, _ options: DeclarationOptions, _ declaration: Declaration
) throws(ShellError) -> Bool {
    let symbol = declaration.symbol
    let flags = shell.variables[symbol].flags
    if options.added.contains(.reference) {
        if let target = declaration.value ?? (shell.isSet(symbol) ? shell.value(symbol) : nil) {
            let name = shell.symbols.name(symbol)
            if target == name || !shell.isReference(target) && !target.isEmpty {
                _ = try shell.fail(
                    arguments, target, target == name ? "a reference to itself" : "not a name to refer to")
                return false
            }
            shell.setReference(symbol, target)
        } else {
            shell.setReference(symbol, Text())
        }
        return true
    }
    if options.removed.contains(.reference) { shell.removeReference(symbol) }
    if options.added.contains(.array), flags.contains(.array),
        flags.contains(.associative) != options.added.contains(.associative)
    {
        _ = try shell.fail(
            arguments, shell.symbols.name(symbol),
            flags.contains(.associative)
                ? "an associative array does not become an indexed one"
                : "an indexed array does not become an associative one")
        return false
    }
    let kept: VariableFlags = [.numeric, .lowercase, .uppercase]
    if !options.added.union(options.removed).isDisjoint(with: kept) {
        shell.setAttributes(
            symbol, added: options.added.intersection(kept), removed: options.removed.intersection(kept))
    }
    let becomesArray = options.added.contains(.array) || declaration.list != nil
    if becomesArray && !flags.contains(.array) {
        shell.becomeArray(symbol, isAssociative: options.added.contains(.associative))
    }
    return true
}

/// Whether there is anything to say about a variable.
private func isDeclared(_ shell: Shell, _ symbol: Symbol) -> Bool {
    if shell.isSet(symbol) || shell.array(symbol)?.count ?? 0 > 0 { return true }
    let flags = shell.variables[symbol].flags
    return !flags.contains(.dynamic)
        && !flags.isDisjoint(with: [.array, .numeric, .reference, .lowercase, .uppercase, .exported, .readonly, .local])
}

private func show(_ shell: Shell, _ symbol: Symbol) {
    shell.output.append(shell.declarationText(symbol))
    shell.output.append(10)
}

/// `declare -ft`: functions inherit DEBUG and RETURN; `-f +t`: no more.
private func traceFunctions(_ shell: Shell, _ arguments: Arguments, _ first: Int, _ traces: Bool) {
    for index in first..<arguments.count {
        if let symbol = shell.symbols.find(shell.argument(arguments, index)), shell.functions[symbol] != nil {
            if traces { shell.tracedFunctions.insert(symbol) } else { shell.tracedFunctions.remove(symbol) }
        } else {
            shell.status = 1
        }
    }
}

/// `declare -f`: functions as they would be written; `-F`: their names.
private func showFunctions(_ shell: Shell, _ arguments: Arguments, _ first: Int, withBody: Bool) {
    var found: [Symbol] = []
    for index in first..<arguments.count {
        if let symbol = shell.symbols.find(shell.argument(arguments, index)), shell.functions[symbol] != nil {
            found.append(symbol)
        } else {
            shell.status = 1
        }
    }
    if first == arguments.count { found = shell.sortedSymbols { shell.functions[$0] != nil } }
    for symbol in found {
        if withBody {
            shell.output.append(shell.functionText(symbol))
        } else {
            if first == arguments.count { shell.output.append("declare -f ") }
            shell.output.append(shell.symbols.name(symbol))
        }
        shell.output.append(10)
    }
}
