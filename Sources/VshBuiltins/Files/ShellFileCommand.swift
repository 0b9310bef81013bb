// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

extension FileCommand {
    /// The words of a command as its name and arguments.
    convenience init(_ shell: Shell, _ arguments: Arguments) {
        var words: [Text] = []
        words.reserveCapacity(arguments.count)
        for index in 1..<max(1, arguments.count) { words.append(shell.argument(arguments, index)) }
        self.init(shell: shell, name: shell.argument(arguments, 0), words: words)
    }
}

/// The row of a file utility: a run with an option that `body` does not know goes to the external program, unchanged.
func fileRow(
    _ name: StaticString, synopsis: StaticString, summary: StaticString,
    _ body: @escaping (FileCommand) -> FileCommand.Outcome
) -> Builtin {
    Builtin(
        name, .file, traits: .usesInput, synopsis: synopsis, summary: summary,
        function: { (shell, arguments) throws(ShellError) -> Flow in
            let command = FileCommand(shell, arguments)
            switch body(command) {
            case .external: return try shell.runExternal(arguments)
            case .done:
                shell.status = command.status
                return .normal
            }
        })
}
