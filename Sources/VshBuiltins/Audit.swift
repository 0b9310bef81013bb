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
    shell.answer(arguments) { AuditCommand.run($0, shell.files, environment: shell.environment) }
    return .normal
}
