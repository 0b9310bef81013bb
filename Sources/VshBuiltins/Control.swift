// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// Builtins that steer the shell: `break` `:` `continue` `.` `eval` `exec` `exit` `return` `shift` `times`, `true` and `false`.
func registerControl(_ shell: Shell) {
    shell.register("break", .special, synopsis: "[n]", summary: "Leave the n-th enclosing loop.", function: breakLoop)
    shell.register(
        ":", .special, traits: .isPure, synopsis: "[word...]", summary: "Do nothing, successfully.", function: colon
    )
    shell.register(
        "continue", .special, synopsis: "[n]", summary: "Go on with the next round of the n-th enclosing loop.",
        function: continueLoop)
    shell.register(
        ".", .special, synopsis: "file [argument...]", summary: "Run the commands of a file in this shell.",
        function: dot)
    shell.register(
        "source", .regular, synopsis: "file [argument...]", summary: "The same as \".\".", function: dot)
    shell.register(
        "eval", .special, synopsis: "[word...]", summary: "Run the words, joined by spaces, as shell text.",
        function: eval)
    shell.register(
        "exec", .special, synopsis: "[-cl] [-a name] [command [argument...]]",
        summary: "Put a command in the place of the shell, or keep the redirections.", function: exec)
    shell.register("exit", .special, synopsis: "[n]", summary: "Leave the shell with status n.", function: exitShell)
    shell.register(
        "return", .special, synopsis: "[n]", summary: "Leave the function or dot script with status n.",
        function: returnFromFunction)
    shell.register(
        "shift", .special, synopsis: "[n]", summary: "Drop the first n positional parameters.", function: shift)
    shell.register(
        "times", .special, traits: .isPure, synopsis: "",
        summary: "Write the processor time of the shell and of its children.", function: times)
    shell.register("true", .regular, traits: .isPure, synopsis: "", summary: "Return status 0.", function: colon)
    shell.register("false", .regular, traits: .isPure, synopsis: "", summary: "Return status 1.", function: falseStatus)
}

/// `logout`, for interactive shells.
public func registerLogout(_ shell: Shell) {
    shell.register(
        "logout", .extension_, synopsis: "[n]", summary: "Leave a login shell with status n."
    ) { (shell: Shell, arguments: Arguments) throws(ShellError) -> Flow in
        if shell.asksForHelp(arguments) { return .normal }
        if !shell.options.contains(.login) { return try shell.fail(arguments, "not a login shell; use exit") }
        return try exitShell(shell, arguments)
    }
}

private func colon(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    shell.status = 0
    return .normal
}

private func falseStatus(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    shell.status = 1
    return .normal
}

// MARK: loops

private func breakLoop(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    try leaveLoops(shell, arguments, .breaking)
}

private func continueLoop(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    try leaveLoops(shell, arguments, .continuing)
}

/// Outside loops nothing happens, as in dash and bash; more levels than there are mean all (XCU break).
private func leaveLoops(_ shell: Shell, _ arguments: Arguments, _ flow: Flow) throws(ShellError) -> Flow {
    var levels = 1
    if arguments.count > 1 {
        if shell.asksForHelp(arguments) { return .normal }
        // Further operands are ignored, as in dash, mksh and zsh.
        let first = firstOperand(shell, arguments)
        if first < arguments.count {
            let word = shell.argument(arguments, first)
            guard let number = word.decimalInteger, number > 0 else {
                return try shell.fail(arguments, word, "not a positive integer", status: 2)
            }
            levels = number
        }
    }
    shell.status = 0
    if shell.loopDepth == 0 { return .normal }
    shell.pendingLevels = min(levels, shell.loopDepth)
    return flow
}

/// The index of the first operand of a builtin without options.
private func firstOperand(_ shell: Shell, _ arguments: Arguments) -> Int {
    arguments.count > 1 && shell.fields[arguments.base + 1].equals("--") ? 2 : 1
}

// MARK: leaving

private func exitShell(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    guard let status = try statusOperand(shell, arguments) else { return .normal }
    if shell.isInteractive && !shell.isVirtualSubshell && warnsOfStoppedJobs(shell, arguments) {
        shell.status = 1
        return .normal
    }
    shell.status = status
    return .exited
}

/// Says that jobs are stopped, the first time: `exit` again as the next command leaves them.
private func warnsOfStoppedJobs(_ shell: Shell, _ arguments: Arguments) -> Bool {
    guard let history = shell.history else { return false }
    shell.pollJobs()
    if !shell.jobs.jobs.contains(where: { $0.state == .stopped }) { return false }
    if history.exitWarning > 0 && history.lineCount == history.exitWarning + 1 { return false }
    history.exitWarning = history.lineCount
    shell.report(arguments, "there are stopped jobs; exit again to leave them")
    return true
}

private func returnFromFunction(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    guard let status = try statusOperand(shell, arguments) else { return .normal }
    if shell.functionDepth == 0 && shell.dotDepth == 0 && shell.isInteractive && !shell.isVirtualSubshell {
        return try shell.fail(arguments, "not in a function or dot script")
    }
    shell.status = status
    return .returned
}

/// The status to leave with: the operand modulo 256, or the present status; in a trap action, that from before it
/// (XCU exit, return), also in a function of the action, as in bash, mksh and yash. nil after an error.
private func statusOperand(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Int32? {
    let first = firstOperand(shell, arguments)
    if first == arguments.count { return shell.trapEntryStatus ?? shell.status }
    if first + 1 < arguments.count {
        _ = try shell.usageError(arguments, "too many operands")
        return nil
    }
    let word = shell.argument(arguments, first)
    guard let number = word.decimalInteger else {
        _ = try shell.fail(arguments, word, "not a decimal integer", status: 2)
        return nil
    }
    return Int32(truncatingIfNeeded: number & 0xFF)
}

// MARK: running text

private func eval(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    let first = firstOperand(shell, arguments)
    if first == arguments.count {
        shell.status = 0
        return .normal
    }
    if first + 1 == arguments.count {
        return try shell.runString(shell.argument(arguments, first), origin: .eval, name: shell.name)
    }
    var text = shell.argument(arguments, first)
    for index in first + 1..<arguments.count {
        text.append(Text(" "))
        text.append(shell.argument(arguments, index))
    }
    return try shell.runString(text, origin: .eval, name: shell.name)
}

/// Searches PATH for a readable file when the name has no slash (XCU dot).
private func dot(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    let first = firstOperand(shell, arguments)
    if first >= arguments.count { return try shell.usageError(arguments, "needs the name of a file") }
    let name = shell.argument(arguments, first)
    var path = name
    if !name.withBytes({ $0.contains(47) }) {
        if let found = findReadable(shell, name) {
            path = found
        } else {
            let isHere = System.isAccessible(name, .read)
            // As in bash, outside POSIX mode: after PATH, what is here.
            if !isHere || shell.options.contains(.posix) {
                let hint = isHere ? "; for the file here write ./" + name.description : ""
                return try shell.fail(arguments, name, "not found in PATH" + hint, status: 1)
            }
        }
    }
    let source: Source
    do throws(Errno) {
        source = try shell.readSource(path, origin: .dot)
    } catch {
        if error != .isDirectory { return try shell.fail(arguments, name, error.message, status: 1) }
        // Not fatal in any shell but yash.
        shell.report(arguments, name, error.message)
        shell.status = 1
        return .normal
    }
    return try shell.runDot(source, parameters: arguments.dropping(first))
}

private func findReadable(_ shell: Shell, _ name: Text) -> Text? {
    let list = shell.isSet(KnownSymbol.path.rawValue) ? shell.value(.path) : Shell.defaultPath
    var found: Text?
    forEachPath(list) { directory in
        let candidate = joined(directory, name)
        if System.isAccessible(candidate, .read), let status = try? FileStatus(candidate), !status.isDirectory {
            found = candidate
            return false
        }
        return true
    }
    return found
}

/// Calls `body` with each part of a list separated by colons until it returns false.
func forEachPath(_ list: Text, _ body: (Text) -> Bool) {
    var start = 0
    for index in 0...list.count where index == list.count || list[index] == 58 {
        if !body(list.slice(start..<index)) { return }
        start = index + 1
    }
}

/// `directory/name`; an empty directory is the working directory.
func joined(_ directory: Text, _ name: Text) -> Text {
    if directory.isEmpty {
        var path = Text("./")
        path.append(name)
        return path
    }
    var path = directory
    if directory[directory.count - 1] != 47 { path.append(Text("/")) }
    path.append(name)
    return path
}

private func exec(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    var (name, isLogin, isBare) = (nil as Text?, false, false)
    var first = firstOperand(shell, arguments)
    if !shell.options.contains(.posix) {
        var options = OptionReader()
        while let option = options.next(shell, arguments, "a:cl") {
            switch option {
            case UInt8(ascii: "a"): name = options.value
            case UInt8(ascii: "c"): isBare = true
            default: isLogin = true
            }
        }
        if options.isStopped { return try shell.endUsage(arguments) }
        first = options.index
    }
    if first == arguments.count {
        shell.keepOwnRedirections(arguments)
        shell.status = 0
        return .normal
    }
    if isLogin {
        var hyphened = Text("-")
        hyphened.append(name ?? shell.argument(arguments, first))
        name = hyphened
    }
    let flow = try shell.execCommand(arguments.dropping(first), as: name, withoutEnvironment: isBare)
    if flow != .normal || shell.status == 0 { return flow }
    // Only an interactive shell goes on after a command that could not be executed, also with `command` (XCU exec).
    return shell.isInteractive ? .normal : .exited
}

// MARK: parameters and times

private func shift(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var count = 1
    if arguments.count > 1 {
        if shell.asksForHelp(arguments) { return .normal }
        let first = firstOperand(shell, arguments)
        if first + 1 < arguments.count { return try shell.usageError(arguments, "too many operands") }
        if first < arguments.count {
            let word = shell.argument(arguments, first)
            guard let number = word.decimalInteger, number >= 0 else {
                return try shell.fail(arguments, word, "not a count", status: 2)
            }
            count = number
        }
    }
    if count > shell.paramCount {
        // Scripts for bash ask for the status.
        if !shell.options.contains(.posix) {
            shell.status = 1
            return .normal
        }
        return try shell.fail(
            arguments,
            "cannot shift \(count) positional parameters: there \(shell.paramCount == 1 ? "is 1" : "are \(shell.paramCount)")"
        )
    }
    shell.shiftParameters(count)
    shell.status = 0
    return .normal
}

private func times(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    while options.next(shell, arguments, "") != nil {}
    if options.isStopped { return try shell.endUsage(arguments) }
    if options.index < arguments.count { return try shell.usageError(arguments, "takes no operands") }
    do throws(Errno) {
        let times = try Clock.times()
        appendTime(shell, times.user, 32)
        appendTime(shell, times.system, 10)
        appendTime(shell, times.childUser, 32)
        appendTime(shell, times.childSystem, 10)
    } catch {
        return try shell.fail(arguments, error.message)
    }
    shell.status = 0
    return .normal
}

/// `%dm%fs` (XCU times).
private func appendTime(_ shell: Shell, _ microseconds: Int64, _ end: UInt8) {
    let (minutes, rest) = Int(microseconds).quotientAndRemainder(dividingBy: 60_000_000)
    shell.output.append(decimal: minutes)
    shell.output.append(109)
    shell.output.append(decimal: rest / 1_000_000)
    shell.output.append(46)
    shell.output.append(decimal: rest % 1_000_000, digits: 6)
    shell.output.append(115)
    shell.output.append(end)
}
