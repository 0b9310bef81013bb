// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// `sandbox` and `unconfined`: the bounds of what commands may change.
func registerSandbox(_ shell: Shell) {
    shell.register(
        "sandbox", .extension_, synopsis: "[write | strict]",
        summary: "Show the bounds of what commands may change, or tighten them for the rest of this shell.",
        function: sandbox)
    shell.register(
        "unconfined", .extension_, synopsis: "command [argument...]",
        summary: "Run a program outside the sandbox, after asking at the terminal.", function: unconfined)
}

private func sandbox(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    shell.status = 0
    if arguments.count == 1 {
        shell.output.append(string: shell.files.sandboxSummary)
        return .normal
    }
    let word = shell.argument(arguments, 1)
    guard arguments.count == 2, let level = SandboxLevel(word.bytes), level != .off else {
        shell.report(name: shell.argument(arguments, 0), "the level is write or strict")
        shell.status = 2
        return .normal
    }
    if let reason = shell.files.tighten(to: level) {
        shell.report(name: shell.argument(arguments, 0), reason)
        shell.status = 1
    }
    return .normal
}

/// The person at the terminal is asked, each time: a function, an alias or a script could have come here too.
private func unconfined(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    let first = arguments.count > 1 && shell.fields[arguments.base + 1].equals("--") ? 2 : 1
    if first >= arguments.count { return try shell.usageError(arguments, "needs a command") }
    if let reason = shell.files.reasonAgainstLeaving {
        shell.report(name: shell.argument(arguments, 0), reason)
        shell.status = 1
        return .normal
    }
    let words = arguments.dropping(first)
    return try shell.runOutsideSandbox(words) { path in shell.files.sandbox == nil || mayLeave(shell, path, words) }
}

/// Shows the program that was found, with its words, and waits for a y at the terminal, whatever was typed before. A command in the
/// sandbox may have put a program of that name where it is found first.
private func mayLeave(_ shell: Shell, _ path: Text, _ words: Arguments) -> Bool {
    var question = ByteStack(capacity: 128)
    question.append("unconfined: run outside the sandbox:")
    for index in 0..<words.count {
        question.append(" ")
        question.append(shell.quoted(index == 0 ? path : shell.argument(words, index)))
    }
    if shell.files.mayBeChangedInside(path) { question.append(" (commands in the sandbox can change it)") }
    question.append("? [y/N] ")
    guard let terminal = try? FileDescriptor(Text("/dev/tty"), [.readWrite]) else { return false }
    // What was typed ahead, or put there, is no answer.
    try? TerminalAttributes(terminal.rawValue).apply(to: terminal.rawValue, .flushed)
    try? System.writeAll(terminal.rawValue, question.text(from: 0).bytes)
    var answer = [UInt8](repeating: 0, count: 64)
    let count = try? answer.withUnsafeMutableBytes { (space) throws(Errno) in
        try System.read(terminal.rawValue, into: space)
    }
    return (count ?? 0) > 0 && (answer[0] | 0x20) == UInt8(ascii: "y")
}
