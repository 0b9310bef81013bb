// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `kill` (XCU kill).
func registerKill(_ shell: Shell) {
    shell.register(
        "kill", .intrinsic, synopsis: "[-s name|-n number|-name|-number] pid|%job... | -l [status...]",
        summary: "Send a signal to processes or jobs, or list the signals.", function: kill)
}

private func kill(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var index = 1
    var signal = Int(Signal.terminate.rawValue)
    if arguments.count == 1 { return try shell.usageError(arguments, "needs a process") }
    let word = shell.argument(arguments, 1)
    if word.count > 1 && word[0] == 45 {
        index = 2
        if word.equals("--help") {
            shell.writeHelp(shell.argument(arguments, 0))
            shell.status = 0
            return .normal
        }
        if word.equals("-l") || word.equals("-L") { return try list(shell, arguments) }
        if !word.equals("--") {
            var name = word.slice(1..<word.count)
            let letter = word[1]
            if (letter == 115 || letter == 110) && !isSignal(name) {
                if word.count > 2 {
                    name = word.slice(2..<word.count)
                } else if arguments.count > 2 {
                    name = shell.argument(arguments, 2)
                    index = 3
                } else {
                    return try shell.usageError(arguments, "option \(word.description) needs an argument")
                }
            }
            guard let number = signalNumber(name) else {
                return try shell.fail(arguments, name, "no such signal; \"kill -l\" lists them")
            }
            signal = number
            if index < arguments.count, shell.argument(arguments, index).equals("--") { index += 1 }
        }
    }
    if index >= arguments.count { return try shell.usageError(arguments, "needs a process") }
    shell.status = 0
    for place in index..<arguments.count {
        let operand = shell.argument(arguments, place)
        // The signal is for the shell, which waits, and not for the subshell that sends it.
        if let pid = operand.decimalInteger, pid == Int(System.processID) || pid <= 0 { try shell.becomeProcess() }
        send(shell, arguments, operand, signal)
    }
    return .normal
}

private func isSignal(_ name: Text) -> Bool { name.count > 1 && signalNumber(named: name) != nil }

private func send(_ shell: Shell, _ arguments: Arguments, _ operand: Text, _ signal: Int) {
    var failed: String?
    if !operand.isEmpty && operand[0] == 37 {
        failed = shell.signalJob(operand, Signal(rawValue: Int32(signal)))
    } else if let pid = operand.decimalInteger, let pid = Int32(exactly: pid), operand[0] != 43 {
        // What the shell wrote so far is seen before what the signal does.
        if pid == System.processID || pid <= 0 { shell.flushOutputNow() }
        // A child that has ended is no process any more, so that a loop of `kill -0` ends with it.
        if shell.ownsJobs, shell.jobs.index(ofPid: pid) != nil { shell.pollJobs() }
        do throws(Errno) {
            try Signals.send(Signal(rawValue: Int32(signal)), to: pid)
        } catch {
            failed = error.message
        }
    } else {
        failed = "not a process or job"
    }
    if let failed {
        shell.report(arguments, operand, failed)
        shell.status = 1
    }
}

/// Writes the names of all signals.
func listSignals(_ shell: Shell) {
    for number in 1...Int(Signal.maximum) {
        let name = signalName(number)
        if name.isEmpty { continue }
        shell.output.append(name)
        shell.output.append(10)
    }
}

private func list(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    shell.status = 0
    var first = 2
    if first < arguments.count, shell.argument(arguments, first).equals("--") { first += 1 }
    if first == arguments.count {
        listSignals(shell)
        return .normal
    }
    for index in first..<arguments.count {
        let word = shell.argument(arguments, index)
        if let status = word.decimalInteger {
            // An exit status of a process that a signal ended, or a signal's number.
            let number = status > 128 ? status - 128 : status
            let name = number >= 0 && number <= Int(Signal.maximum) ? signalName(number) : Text()
            if !name.isEmpty {
                shell.output.append(name)
                shell.output.append(10)
                continue
            }
        } else if let number = signalNumber(named: word) {
            shell.output.append(decimal: number)
            shell.output.append(10)
            continue
        }
        shell.report(arguments, word, "no such signal")
        shell.status = 1
    }
    return .normal
}
