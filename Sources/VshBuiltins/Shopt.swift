// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `shopt`, `caller` and `complete` of bash.
func registerShopt(_ shell: Shell) {
    shell.register(
        "shopt", .extension_, synopsis: "[-pqsu] [-o] [option...]",
        summary: "Show, set (-s) or unset (-u) options of bash.",
        function: shopt)
    shell.register(
        "caller", .extension_, synopsis: "[level]",
        summary: "Write the line, function and file that called the present one.",
        function: caller)
    // The real ones take their place when the first is called.
    for name in ["complete", "compgen", "compopt"] as [StaticString] {
        shell.register(
            name, .extension_, synopsis: "[argument...]", summary: "Define or write how words are completed.",
            function: complete)
    }
}

private func complete(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    shell.status = 0
    guard let prepare = shell.preparesCompletion else { return .normal }
    shell.preparesCompletion = nil
    shell.completions = prepare(shell)
    return try shell.runBuiltinWords(arguments)
}

private func shopt(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var wanted: Bool?
    var isQuiet = false
    var asCommands = false
    var ofSet = false
    while let option = options.next(shell, arguments, "opqsu") {
        switch option {
        case 111: ofSet = true
        case 112: asCommands = true
        case 113: isQuiet = true
        default: wanted = option == 115
        }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    if options.index == arguments.count {
        for row in rows(ofSet: ofSet) where wanted == nil || state(shell, row) == wanted {
            if !isQuiet { write(shell, row, state(shell, row), asCommands, ofSet) }
        }
        return .normal
    }
    for index in options.index..<arguments.count {
        let name = shell.argument(arguments, index)
        guard let row = rows(ofSet: ofSet).first(where: { name.equals($0.name) }) else {
            shell.report(arguments, name, "no option of vsh")
            shell.status = 1
            continue
        }
        let isOn = state(shell, row)
        guard let wanted else {
            if !isOn { shell.status = 1 }
            if !isQuiet { write(shell, row, isOn, asCommands, ofSet) }
            continue
        }
        if let option = row.option, option != .login {
            shell.setOption(option, wanted == row.isOn)
        } else if wanted != isOn {
            let message = isOn ? "is always on in vsh" : "is always off in vsh"
            shell.report(arguments, name, row.option == nil ? message : "cannot be changed")
            shell.status = 1
        }
    }
    return .normal
}

private typealias Row = (option: ShellOptions?, isOn: Bool, name: StaticString)

/// The options by name; one without a bit is always `isOn`, one with a bit is on while the bit is that.
private func rows(ofSet: Bool) -> [Row] {
    var found: [Row] = []
    if ofSet {
        for row in ShellOptions.rows where row.canChange {
            if let name = row.name { found.append((row.option, true, name)) }
        }
        return found
    }
    for row in ShellOptions.shoptRows { found.append((row.option, true, row.name)) }
    for row in ShellOptions.invertedRows { found.append((row.option, false, row.name)) }
    for name in ShellOptions.alwaysOn { found.append((nil, true, name)) }
    for name in ShellOptions.alwaysOff { found.append((nil, false, name)) }
    found.append((.login, true, "login_shell"))
    return found.sorted { isOrderedBefore(Text($0.name), Text($1.name)) }
}

private func state(_ shell: Shell, _ row: Row) -> Bool {
    row.option.map { shell.options.contains($0) == row.isOn } ?? row.isOn
}

private func write(_ shell: Shell, _ row: Row, _ isOn: Bool, _ asCommands: Bool, _ ofSet: Bool) {
    if asCommands {
        shell.output.append(ofSet ? isOn ? "set -o " : "set +o " : isOn ? "shopt -s " : "shopt -u ")
        shell.output.append(row.name)
    } else {
        shell.output.append(Text(row.name), padTo: 15)
        shell.output.append(isOn ? "\ton" : "\toff")
    }
    shell.output.append(10)
}

private func caller(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    let level = arguments.count > 1 ? shell.argument(arguments, 1).decimalInteger : 0
    guard let level else { return try shell.usageError(arguments, "the level is no number") }
    guard let found = shell.caller(level, isNamed: arguments.count > 1) else {
        shell.status = 1
        return .normal
    }
    shell.output.append(decimal: found.line)
    shell.output.append(32)
    if arguments.count > 1 {
        shell.output.append(found.function)
        shell.output.append(32)
    }
    shell.output.append(found.file)
    shell.output.append(10)
    shell.status = 0
    return .normal
}
