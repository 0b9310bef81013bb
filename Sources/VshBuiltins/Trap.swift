// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `trap` (XCU trap).
func registerTrap(_ shell: Shell) {
    shell.register(
        "trap", .special, synopsis: "[action condition...] | [condition...] | -p [condition...] | -l",
        summary: "Set, reset or write what is done when signals arrive or the shell exits.", function: trap)
}

private func trap(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var writes = false
    var listsSignals = false
    // `trap -` has an action, not an option.
    let isPosix = shell.options.contains(.posix)
    while let option = options.next(shell, arguments, isPosix ? "p" : "lp") {
        if option == 108 { listsSignals = true } else { writes = true }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    if listsSignals {
        listSignals(shell)
        return .normal
    }
    var first = options.index
    if first == arguments.count {
        writeAll(shell, withDefaults: writes)
        return .normal
    }
    if writes {
        for index in first..<arguments.count {
            let word = shell.argument(arguments, index)
            if let number = condition(shell, arguments, word) { write(shell, number, withDefaults: number <= 64) }
        }
        return .normal
    }
    // The first operand is an unsigned integer, or the only one: all are conditions to be reset.
    let word = shell.argument(arguments, first)
    var action: Text?
    let isNumber = !word.isEmpty && word.withBytes { bytes in bytes.allSatisfy { $0 >= 48 && $0 <= 57 } }
    if !isNumber && first + 1 < arguments.count {
        first += 1
        if !word.equals("-") { action = word }
    }
    for index in first..<arguments.count {
        guard let number = condition(shell, arguments, shell.argument(arguments, index)) else { continue }
        _ = try shell.setTrap(number, action)
    }
    return .normal
}

/// The number of a condition; nil after a message. Invalid conditions do not end the shell.
private func condition(_ shell: Shell, _ arguments: Arguments, _ word: Text) -> Int? {
    if let number = signalNumber(word) { return number }
    if !shell.options.contains(.posix), let trap = CommandTrap.allCases.first(where: { word.equals($0.name) }) {
        return trap.rawValue
    }
    var subject = ByteStack(capacity: 32)
    if word.isEmpty { subject.append("''") } else { subject.append(word) }
    shell.report(arguments, subject.text(from: 0), "no such signal or condition")
    shell.status = 1
    return nil
}

private func writeAll(_ shell: Shell, withDefaults: Bool) {
    for number in 0...Int(Signal.maximum) {
        if Signal(rawValue: Int32(number)).isUncatchable || signalName(number).isEmpty { continue }
        write(shell, number, withDefaults: withDefaults)
    }
    for trap in CommandTrap.allCases { write(shell, trap.rawValue, withDefaults: false) }
}

/// `trap -- 'action' CONDITION`, which `trap` reads back.
private func write(_ shell: Shell, _ number: Int, withDefaults: Bool) {
    let action = shell.trapAction(number)
    if action == nil && !withDefaults { return }
    shell.output.append("trap -- ")
    switch action {
    case .command(let text): shell.output.append(quoted: text)
    case .ignore: shell.output.append("''")
    case nil: shell.output.append(45)
    }
    shell.output.append(32)
    if let trap = CommandTrap(rawValue: number) {
        shell.output.append(trap.name)
    } else {
        shell.output.append(signalName(number))
    }
    shell.output.append(10)
}
