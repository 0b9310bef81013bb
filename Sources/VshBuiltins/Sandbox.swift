// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime

/// `sandbox`: the bounds of what commands may change.
func registerSandbox(_ shell: Shell) {
    shell.register(
        "sandbox", .extension_, synopsis: "[write | strict]",
        summary: "Show the bounds of what commands may change, or tighten them for the rest of this shell.",
        function: sandbox)
}

private func sandbox(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    shell.status = 0
    if arguments.count == 1 {
        shell.output.append(string: shell.files.sandbox?.summary ?? "level      off\n")
        return .normal
    }
    let word = shell.argument(arguments, 1)
    if word.equals("--help") {
        shell.writeHelp(shell.argument(arguments, 0))
        return .normal
    }
    guard arguments.count == 2, word.equals("write") || word.equals("strict") else {
        shell.report(name: shell.argument(arguments, 0), "the level is write or strict")
        shell.status = 2
        return .normal
    }
    if let reason = shell.files.tighten(to: word.equals("strict") ? .strict : .write) {
        shell.report(name: shell.argument(arguments, 0), reason)
        shell.status = 1
    }
    return .normal
}
