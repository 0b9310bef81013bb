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
    // The argument that names the variable, or 0.
    var variable = 0
    if arguments.count > 2, shell.fields[arguments.base + 1].equals("-v"), !shell.options.contains(.posix) {
        let name = shell.argument(arguments, 2)
        if !shell.isReference(name) { return try shell.fail(arguments, name, "not a variable name", status: 2) }
        variable = 2
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
        engine.zone = { shell.zoneText }
        engine.run(format, into: &shell.output)
        return engine.failures
    }
    if variable > 0 {
        let text = shell.output.text(from: mark)
        shell.output.pop(to: mark)
        if try !assign(shell, arguments, shell.argument(arguments, variable), text) { return .normal }
    }
    shell.status = 0
    // Afterwards: a message may go where the output goes.
    for failure in failures {
        shell.report(arguments, failure.subject, failure.message)
        shell.status = 1
    }
    return .normal
}

extension Shell {
    /// TZ as programs get it; empty: they do not.
    fileprivate var zoneText: Text {
        guard let zone = symbols.find(Text("TZ")), variables[zone].flags.contains(.exported) else { return Text() }
        return value(zone)
    }
}

/// `-v name`; false after a message when it is read-only.
@inline(never)
private func assign(_ shell: Shell, _ arguments: Arguments, _ name: Text, _ text: Text) throws(ShellError) -> Bool {
    guard let reference = try shell.reference(name) else { return false }
    if shell.variables[reference.symbol].flags.contains(.readonly) {
        _ = try shell.fail(arguments, shell.symbols.name(reference.symbol), "is read only")
        return false
    }
    try shell.assign(reference, text)
    return true
}
