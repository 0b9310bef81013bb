// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// The commands on the history of operations: the words go to `UndoCommand`, its text comes back.
func registerUndo(_ shell: Shell) {
    shell.register(
        "undo", .extension_, traits: .standsApart, synopsis: "[count | @id... | path...] [-n] [--skip | --force]",
        summary: "Take back what commands did to the file system.", function: undo)
    shell.register(
        "redo", .extension_, traits: .standsApart, synopsis: "[count] [-n] [--skip | --force]",
        summary: "Take back an undo.", function: redo)
    shell.register(
        "ops", .extension_, traits: .standsApart,
        synopsis: "[-n count] [--path path] [--since time] [--all] [--json] | show @id [--json]",
        summary: "List the operations that can be undone, or what one changed.", function: ops)
    shell.register(
        "begin", .extension_, traits: .standsApart, synopsis: "[name]",
        summary: "Begin a transaction: what follows is undone or kept as one.", function: begin)
    shell.register(
        "commit", .extension_, traits: .standsApart, synopsis: "",
        summary: "Make everything since begin one operation.", function: commit)
    shell.register(
        "rollback", .extension_, traits: .standsApart, synopsis: "[--skip | --force]",
        summary: "Take back everything since begin.", function: rollback)
    shell.register(
        "graph", .extension_, traits: .standsApart, synopsis: "[-n count] [--all]",
        summary: "Draw the history with its branches.", function: graph)
    shell.register(
        "checkpoint", .extension_, traits: .standsApart, synopsis: "[name]",
        summary: "Give the present point of the history a name, or list the names.", function: checkpoint)
    shell.register(
        "restore", .extension_, traits: .standsApart, synopsis: "@id | name [-n] [--skip | --force]",
        summary: "Go to a point of the history, on whatever branch.", function: restore)
    shell.register(
        "diff", .extension_, traits: [.standsApart, .mayBeProgram], synopsis: "[count | @id | @id..[@id] | name]",
        summary: "Show what operations changed, as a unified diff; with two files, the program.", function: diff)
}

private func undo(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow { run("undo", shell, arguments) }
private func redo(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow { run("redo", shell, arguments) }
private func ops(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow { run("ops", shell, arguments) }
private func begin(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow { run("begin", shell, arguments) }
private func commit(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    run("commit", shell, arguments)
}
private func rollback(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    run("rollback", shell, arguments)
}
private func graph(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow { run("graph", shell, arguments) }
private func checkpoint(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    run("checkpoint", shell, arguments)
}
private func restore(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    run("restore", shell, arguments)
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
