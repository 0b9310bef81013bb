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
    var words: [[UInt8]] = []
    for index in 1..<max(arguments.count, 1) { words.append(shell.argument(arguments, index).bytes) }
    if words.first == Array("--help".utf8) {
        shell.writeHelp(shell.argument(arguments, 0))
        shell.status = 0
        return .normal
    }
    let result = StoreCommand.run(words, shell.files)
    shell.output.append(result.output)
    for message in result.messages {
        var line = ByteStack(capacity: 128)
        line.append("vsh: store: ")
        line.append(message)
        line.append(10)
        shell.writeError(line)
    }
    shell.status = result.status
    return .normal
}
