// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// The row of `printf`.
func registerPrintf(_ shell: Shell) {
    shell.register(
        "printf", .regular, traits: .isPure, synopsis: "[-v name] format [argument ...]",
        summary: "Write arguments as a format says.", function: printf)
}

private func printf(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    var first = 1
    var variable: VariableReference?
    if arguments.count > 2, shell.fields[arguments.base + 1].equals("-v"), !shell.options.contains(.posix) {
        let name = shell.argument(arguments, 2)
        variable = try shell.reference(name)
        if variable == nil { return try shell.fail(arguments, name, "not a variable name", status: 2) }
        first = 3
    }
    if first < arguments.count, shell.fields[arguments.base + first].equals("--") { first += 1 }
    if first >= arguments.count { return try shell.usageError(arguments, "a format is missing") }
    let format = shell.argument(arguments, first)
    let mark = shell.output.count
    let failures = shell.fields.withElements { fields in
        let operands = UnsafeBufferPointer(
            rebasing: fields[arguments.base + first + 1..<arguments.base + arguments.count])
        var engine = PrintfFormat(
            arguments: operands, isUTF8: shell.isUTF8,
            startTime: shell.options.contains(.posix) ? nil : shell.startTime)
        engine.run(format, into: &shell.output)
        return engine.failures
    }
    if let variable {
        let text = shell.output.text(from: mark)
        shell.output.pop(to: mark)
        if shell.variables[variable.symbol].flags.contains(.readonly) {
            return try shell.fail(arguments, shell.symbols.name(variable.symbol), "is read only")
        }
        try shell.assign(variable, text)
    }
    shell.status = 0
    // Afterwards: a message may go where the output goes.
    for failure in failures {
        shell.report(arguments, failure.subject, failure.message)
        shell.status = 1
    }
    return .normal
}
