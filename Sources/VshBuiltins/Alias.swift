// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `alias` and `unalias`.
func registerAlias(_ shell: Shell) {
    shell.register(
        "alias", .intrinsic, synopsis: "[name[=text]...]", summary: "Define or write aliases.", function: alias)
    shell.register(
        "unalias", .intrinsic, synopsis: "-a | name...", summary: "Remove aliases.", function: unalias)
}

private func alias(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var asCommands = false
    while options.next(shell, arguments, "p") != nil { asCommands = true }
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    if options.index == arguments.count {
        for symbol in shell.aliases.keys.sorted(by: { isOrderedBefore(shell.symbols.name($0), shell.symbols.name($1)) })
        {
            if asCommands && !shell.options.contains(.posix) { shell.output.append("alias ") }
            shell.appendAlias(symbol)
            shell.output.append(10)
        }
        return .normal
    }
    for index in options.index..<arguments.count {
        let word = shell.argument(arguments, index)
        if let equals = word.withBytes({ $0.firstIndex(of: 61) }), equals > 0 {
            let name = word.slice(0..<equals)
            if !isAliasName(name) {
                shell.report(arguments, name, "not a name for an alias")
                shell.status = 1
                continue
            }
            let symbol = shell.symbols.intern(name)
            shell.syncTables()
            shell.setAlias(symbol, word.slice((equals + 1)..<word.count))
        } else if let symbol = shell.symbols.find(word), shell.aliases[symbol] != nil {
            if asCommands && !shell.options.contains(.posix) { shell.output.append("alias ") }
            shell.appendAlias(symbol)
            shell.output.append(10)
        } else {
            shell.report(arguments, word, "no such alias")
            shell.status = 1
        }
    }
    return .normal
}

extension Shell {
    /// Appends `name='text'`, which `alias` reads back.
    func appendAlias(_ symbol: Symbol) {
        output.append(symbols.name(symbol))
        output.append(61)
        output.append(quoted: aliases[symbol] ?? Text())
    }
}

/// Any word that the tokenizer leaves in one piece (XBD 3.10 allows more than its list).
private func isAliasName(_ name: Text) -> Bool {
    name.withBytes { bytes in
        for byte in bytes {
            switch byte {
            case 0...32, 127: return false
            // " $ & ' ( ) / ; < = > \ ` |
            case 34, 36, 38, 39, 40, 41, 47, 59, 60, 61, 62, 92, 96, 124: return false
            default: continue
            }
        }
        return !bytes.isEmpty
    }
}

private func unalias(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var removesAll = false
    while options.next(shell, arguments, "a") != nil { removesAll = true }
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    if removesAll {
        if options.index < arguments.count { return try shell.usageError(arguments, "-a takes no operands") }
        for symbol in Array(shell.aliases.keys) { shell.setAlias(symbol, nil) }
        return .normal
    }
    if options.index == arguments.count { return try shell.usageError(arguments, "needs the name of an alias, or -a") }
    for index in options.index..<arguments.count {
        let name = shell.argument(arguments, index)
        if let symbol = shell.symbols.find(name), shell.aliases[symbol] != nil {
            shell.setAlias(symbol, nil)
        } else {
            shell.report(arguments, name, "no such alias")
            shell.status = 1
        }
    }
    return .normal
}
