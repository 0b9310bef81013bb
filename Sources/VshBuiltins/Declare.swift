// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `declare` and `typeset` of bash, for variables that are no arrays.
func registerDeclare(_ shell: Shell) {
    shell.register(
        "declare", .extension_, traits: .declaration, synopsis: "[-fFgprx] [name[=value]...]",
        summary: "Give variables values and attributes; local ones in a function. -p and -f show them.",
        function: declare)
    shell.register(
        "typeset", .extension_, traits: .declaration, synopsis: "[-fFgprx] [name[=value]...]",
        summary: "The same as \"declare\".", function: declare)
}

private func declare(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var flags: VariableFlags = []
    var shows = false
    var functions: UInt8 = 0
    var isLocal = shell.functionDepth > 0
    while let option = options.next(shell, arguments, "aAfFgiprx") {
        switch option {
        case 97, 65:
            return try shell.fail(
                arguments, Text([45, option]),
                "there are no arrays; the positional parameters can hold a list: set -- a b c", status: 2)
        case 105:
            return try shell.fail(
                arguments, Text("-i"), "there are no integer variables; write name=$((expression))", status: 2)
        case 102, 70: functions = option
        case 103: isLocal = false
        case 112: shows = true
        case 114: flags.insert(.readonly)
        default: flags.insert(.exported)
        }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    if functions != 0 {
        showFunctions(shell, arguments, options.index, withBody: functions == 102)
        return .normal
    }
    if options.index == arguments.count {
        for symbol in shell.sortedSymbols({ shell.isName(shell.symbols.name($0)) && shell.isSet($0) })
        where shell.variables[symbol].flags.isSuperset(of: flags) {
            show(shell, symbol)
        }
        return .normal
    }
    for index in options.index..<arguments.count {
        let word = shell.argument(arguments, index)
        if shows {
            guard let symbol = shell.symbols.find(word), shell.isSet(symbol) else {
                shell.report(arguments, word, "not set")
                shell.status = 1
                continue
            }
            show(shell, symbol)
            continue
        }
        guard let declaration = Declaration(shell, word) else {
            return try shell.fail(arguments, word, "not a variable name", status: 2)
        }
        let symbol = declaration.symbol
        if shell.variables[symbol].flags.contains(.readonly), isLocal || declaration.value != nil {
            return try shell.fail(arguments, shell.symbols.name(symbol), "is read only")
        }
        if isLocal {
            let isNew = !shell.variables[symbol].flags.contains(.local)
            shell.makeLocal(symbol)
            if isNew && declaration.value == nil { try shell.unset(symbol) }
        }
        if let value = declaration.value { try shell.assign(symbol, value) }
        if flags.contains(.exported) { shell.setExported(symbol) }
        if flags.contains(.readonly) { shell.setReadonly(symbol) }
    }
    return .normal
}

/// `declare -x name="value"`
private func show(_ shell: Shell, _ symbol: Symbol) {
    let flags = shell.variables[symbol].flags
    shell.output.append("declare -")
    if flags.contains(.readonly) { shell.output.append(114) }
    if flags.contains(.exported) { shell.output.append(120) }
    if flags.isDisjoint(with: [.readonly, .exported]) { shell.output.append(45) }
    shell.output.append(32)
    shell.output.append(shell.symbols.name(symbol))
    shell.output.append("=\"")
    for byte in shell.value(symbol).bytes {
        if [34, 36, 92, 96].contains(byte) { shell.output.append(92) }
        shell.output.append(byte)
    }
    shell.output.append("\"\n")
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
