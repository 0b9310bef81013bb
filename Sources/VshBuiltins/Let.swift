// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `let` of bash.
func registerLet(_ shell: Shell) {
    shell.register(
        "let", .extension_, synopsis: "expression...",
        summary: "Evaluate arithmetic expressions; the status says whether the last is not 0.", function: `let`)
}

private func `let`(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    if arguments.count < 2 { return try shell.usageError(arguments, "needs an expression") }
    var last = 0
    for index in 1..<arguments.count {
        do throws(ShellError) {
            last = try shell.evaluateArithmetic(shell.argument(arguments, index))
        } catch {
            if error.kind != .expansion { throw error }
            last = 0
            break
        }
    }
    shell.status = last == 0 ? 1 : 0
    return .normal
}
