// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// The commands on the history of operations: the words go to `UndoCommand`, its text comes back.
func registerUndo(_ shell: Shell) {
    func add(_ name: StaticString, _ synopsis: StaticString, _ summary: StaticString) {
        shell.register(name, .extension_, traits: .standsApart, synopsis: synopsis, summary: summary) {
            (shell, arguments) throws(ShellError) in run(name, shell, arguments)
        }
    }
    add("undo", "[count | @id... | path...] [-n] [--skip | --force]", "Take back what commands did to the file system.")
    add("redo", "[count] [-n] [--skip | --force]", "Take back an undo.")
    add(
        "ops", "[-n count] [--path path] [--since time] [--all] [--json] | show @id [--json]",
        "List the operations that can be undone, or what one changed.")
    add("begin", "[name]", "Begin a transaction: what follows is undone or kept as one.")
    add("commit", "", "Make everything since begin one operation.")
    add("rollback", "[--skip | --force]", "Take back everything since begin.")
    add("graph", "[-n count] [--all]", "Draw the history with its branches.")
    add("checkpoint", "[name]", "Give the present point of the history a name, or list the names.")
    add("restore", "@id | name [-n] [--skip | --force]", "Go to a point of the history, on whatever branch.")
    shell.register(
        "diff", .extension_, traits: [.standsApart, .mayBeProgram], synopsis: "[count | @id | @id..[@id] | name]",
        summary: "Show what operations changed, as a unified diff; with two files, the program.", function: diff)
}

private func diff(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    // With files to compare, or options, it is the program.
    let isProgram =
        arguments.count > 2 || arguments.count == 2 && shell.argument(arguments, 1).withBytes { $0.first == 45 }
    return isProgram ? try shell.runExternal(arguments) : run("diff", shell, arguments)
}

private func run(_ name: StaticString, _ shell: Shell, _ arguments: Arguments) -> Flow {
    let descriptor = shell.realDescriptor(1)
    shell.answer(arguments) {
        UndoCommand.run(
            name, $0, shell.files, isTerminal: descriptor >= 0 && System.isTerminal(descriptor), isUTF8: shell.isUTF8)
    }
    return .normal
}
