// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `set` (XCU set).
func registerSet(_ shell: Shell) {
    shell.register(
        "set", .special, synopsis: "[-abCefhmnuvx] [-o option] [+abCefhmnuvx] [+o option] [--] [argument...]",
        summary: "Set shell options and positional parameters, or list variables.", function: set)
}

private func set(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if arguments.count == 1 {
        listVariables(shell)
        shell.status = 0
        return .normal
    }
    if shell.asksForHelp(arguments) { return .normal }
    shell.status = 0
    var index = 1
    var replaces = false
    while index < arguments.count {
        let word = shell.argument(arguments, index)
        let first = word.isEmpty ? 0 : word[0]
        if first != 45 && first != 43 { break }
        if word.count == 1 {
            index += 1
            // A lone `+` is no operand and turns nothing off, as in dash and bash.
            if first == 43 { continue }
            // `set -`: the obsolescent form turns tracing off and, unlike `--`, keeps the parameters when none follow.
            shell.setOption(.xtrace, false)
            shell.setOption(.verbose, false)
            break
        }
        index += 1
        if word.equals("--") {
            replaces = true
            break
        }
        if try !setCluster(shell, arguments, word, &index) { return try shell.endUsage(arguments) }
    }
    if replaces || index < arguments.count { shell.setParameters(arguments, from: index) }
    return shell.options.contains(.noexec) && !shell.isInteractive ? .abandoned : .normal
}

/// Applies a word of option letters; `index` moves over the option names that `o` takes. False after an error.
private func setCluster(
    _ shell: Shell, _ arguments: Arguments, _ word: Text, _ index: inout Int
) throws(ShellError) -> Bool {
    let isOn = word[0] == 45
    var place = 1
    while place < word.count {
        let letter = word[place]
        place += 1
        if letter == 111 {
            let rest = word.slice(place..<word.count)
            if !rest.isEmpty, let option = known(shell, ShellOptions.option(name: rest)) {
                try change(shell, option, isOn)
                return true
            }
            if index >= arguments.count {
                if isOn { listOptions(shell) } else { listOptionCommands(shell) }
                continue
            }
            let name = shell.argument(arguments, index)
            index += 1
            if !shell.options.contains(.posix), ShellOptions.isFixed(name: name, isOn) { continue }
            guard let option = known(shell, ShellOptions.option(name: name)) else {
                shell.reportUsage(arguments, "unknown option \(name.description); \"set -o\" lists them")
                return false
            }
            try change(shell, option, isOn)
            continue
        }
        if !isOn && letter == 72 && !shell.options.contains(.posix) { continue }
        guard let option = known(shell, ShellOptions.option(letter: letter)) else {
            shell.reportUsage(arguments, "unknown option \(isOn ? "-" : "+")\(OptionReader.printable(letter))")
            return false
        }
        try change(shell, option, isOn)
    }
    return true
}

/// The option, unless it is one that POSIX mode does not have.
private func known(_ shell: Shell, _ option: ShellOptions?) -> ShellOptions? {
    guard let option, shell.options.contains(.posix), ShellOptions.extensions.contains(option) else { return option }
    return nil
}

/// Sets an option. Of the two editing modes one is on at most; a subshell with job control is a process.
private func change(_ shell: Shell, _ option: ShellOptions, _ isOn: Bool) throws(ShellError) {
    if isOn && option == .monitor { try shell.becomeProcess() }
    if isOn && option == .vi { shell.setOption(.emacs, false) }
    if isOn && option == .emacs { shell.setOption(.vi, false) }
    shell.setOption(option, isOn)
}

/// `set`: the variables in a form that can be read back, sorted.
private func listVariables(_ shell: Shell) {
    let isListed = { (symbol: Symbol) in shell.isSet(symbol) || shell.array(symbol)?.count ?? 0 > 0 }
    for symbol in shell.sortedSymbols({ isListed($0) && shell.isName(shell.symbols.name($0)) }) {
        shell.output.append(shell.symbols.name(symbol))
        shell.output.append(61)
        if let array = shell.array(symbol) {
            shell.output.append(shell.listText(array))
            shell.output.append(10)
            continue
        }
        shell.output.append(quotedOnOneLine: shell.value(symbol))
        shell.output.append(10)
    }
}

/// `set -o`: for people.
private func listOptions(_ shell: Shell) {
    for row in ShellOptions.rows {
        guard let name = row.name, known(shell, row.option) != nil else { continue }
        shell.output.append(Text(literal: name), padTo: 15)
        shell.output.append(shell.options.contains(row.option) ? " on\n" : " off\n")
    }
}

/// `set +o`: for the shell.
private func listOptionCommands(_ shell: Shell) {
    for row in ShellOptions.rows {
        guard let name = row.name, known(shell, row.option) != nil else { continue }
        shell.output.append(shell.options.contains(row.option) ? "set -o " : "set +o ")
        shell.output.append(name)
        shell.output.append(10)
    }
}
