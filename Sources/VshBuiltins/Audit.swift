// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime

/// `audit`: the words go to `AuditCommand`, its text comes back.
func registerAudit(_ shell: Shell) {
    shell.register(
        "audit", .extension_, traits: .standsApart,
        synopsis:
            "verify [--head head] | head | log [-n count] [--since time] [--user name] [--path path] [--type type] [--json | --csv] | push url [--follow] [--no-text]",
        summary: "Check, show or ship the log of everything that was done.", function: audit)
}

private func audit(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var words: [[UInt8]] = []
    for index in 1..<max(arguments.count, 1) { words.append(shell.argument(arguments, index).bytes) }
    if words.first == Array("--help".utf8) {
        shell.writeHelp(shell.argument(arguments, 0))
        shell.status = 0
        return .normal
    }
    let result = AuditCommand.run(words, shell.files, environment: shell.environment)
    shell.output.append(result.output)
    for message in result.messages {
        var line = ByteStack(capacity: 128)
        line.append("vsh: audit: ")
        line.append(message)
        line.append(10)
        shell.writeError(line)
    }
    shell.status = result.status
    return .normal
}
