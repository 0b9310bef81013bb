// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime

/// `store`: the words go to `StoreCommand`, its text comes back.
func registerStore(_ shell: Shell) {
    shell.register(
        "store", .extension_, traits: .standsApart, synopsis: "[gc | purge @id... | purge --all | quota [size]]",
        summary: "Show what is kept for undo, and give it up.", function: store)
}

private func store(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    shell.answer(arguments) { StoreCommand.run($0, shell.files) }
    return .normal
}
