// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// `explain`, `try` and `replay`: commands looked at, tried out, and run again.
func registerTrials(_ shell: Shell) {
    shell.register(
        "explain", .extension_, traits: .takesRedirections, synopsis: "command [argument...]",
        summary: "Say what a command would change and how that would be undone; change nothing.", function: explain)
    shell.register(
        "try", .extension_, traits: [.takesRedirections, .usesInput], synopsis: "[-d] [-y | -n] command [argument...]",
        summary: "Run a command, show what it changed, and ask whether to keep that.", function: tryCommand)
    shell.register(
        "replay", .extension_, traits: .usesInput, synopsis: "@id[..@id] [--into directory] [-n]",
        summary: "Run recorded commands again, here or in another directory.", function: replay)
}

/// Whether a single word is shell text, not the name of a command.
func isText(_ word: Text) -> Bool {
    word.withBytes { bytes in
        bytes.contains { $0 <= 32 || $0 == 59 || $0 == 124 || $0 == 38 || $0 == 60 || $0 == 62 || $0 == 40 }
    }
}

private func explain(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if arguments.count > 1, shell.asksForHelp(arguments) { return .normal }
    let first = arguments.count > 1 && shell.argument(arguments, 1).equals("--") ? 2 : 1
    let files = try shell.takeOwnRedirections()
    if first >= arguments.count && files.isEmpty { return try shell.usageError(arguments, "needs a command") }
    var status: Int32 = 0
    var failure: ShellError?
    let planner = shell.files.planning {
        let explanation = Explanation(shell)
        do throws(ShellError) {
            if first + 1 == arguments.count, isText(shell.argument(arguments, first)),
                !shell.isFunction(shell.argument(arguments, first))
            {
                try explanation.explain(text: shell.argument(arguments, first))
            }
            let isRest = first + 1 != arguments.count || !isText(shell.argument(arguments, first))
            if isRest || !files.isEmpty {
                let words = isRest ? arguments.dropping(first) : Arguments(base: arguments.base, count: 0)
                try explanation.explain(words, files)
            }
        } catch {
            failure = error
        }
        status = explanation.status
    }
    _ = planner
    if let failure { throw failure }
    shell.status = status
    return .normal
}

/// Lines about one command after the other.
private final class Explanation {
    let shell: Shell
    var status: Int32 = 0
    private var said = 0

    init(_ shell: Shell) { self.shell = shell }

    private var planner: Planner? { shell.files.planner }

    private func put(_ line: [UInt8]) {
        shell.output.append(line)
        shell.output.append(10)
    }

    private func put(_ line: String) { put(Array(line.utf8)) }

    func explain(text: Text) throws(ShellError) {
        try shell.explainText(text) { (command) throws(ShellError) in
            switch command {
            case .simple(let words, let files): try explain(words, files)
            case .unknown(let what): put("\(what): unknown until run; will be recorded")
            }
        }
    }

    func explain(_ words: Arguments, _ files: [(sign: StaticString, file: Text)]) throws(ShellError) {
        if words.count > 0 {
            var line: [UInt8] = []
            for index in 0..<words.count {
                if index > 0 { line.append(32) }
                line += shell.quoted(shell.argument(words, index)).bytes
            }
            for (sign, file) in files { line += [32] + Array("\(sign)".utf8) + [32] + shell.quoted(file).bytes }
            put(line)
        }
        for (sign, file) in files { redirection(sign, file) }
        if words.count > 0 { try command(words) }
        showPlan()
    }

    // MARK: redirections

    private func redirection(_ sign: StaticString, _ file: Text) {
        let text = "\(sign)"
        if text == "<" {
            do throws(Errno) {
                try System.checkAccess(file, .read)
            } catch {
                fail(Array("cannot read ".utf8) + file.bytes + Array(": \(error.message)".utf8))
            }
            return
        }
        if text == ">!", (try? FileStatus(file))?.isRegular ?? false {
            return fail(file.bytes + Array(": file exists (noclobber is set; >| overwrites)".utf8))
        }
        var flags: OpenFlags = text == "<>" ? [.readWrite, .create] : [.writeOnly, .create]
        if text == ">>" { flags.insert(.append) }
        if text == ">" || text == ">!" { flags.insert(.truncate) }
        let result = shell.files.open(file, flags: flags.rawValue)
        if result < 0 { return fail(file.bytes + Array(": \(Errno(rawValue: -result).message)".utf8)) }
        try? System.close(result)
    }

    private func fail(_ message: [UInt8]) {
        status = 1
        put(Array("  would fail: ".utf8) + message)
    }

    // MARK: commands

    /// The command that the words of another one give after its options: `exec -a name command`, `command -p command`.
    private func wrapped(_ words: Arguments, by wrapper: StaticString) throws(ShellError) {
        var rest = words
        while rest.count > 0 {
            let option = shell.argument(rest, 0)
            if option.count < 2 || option[0] != 45 { break }
            rest = rest.dropping(1)
            if option.equals("--") { break }
            if "\(wrapper)" == "exec" && option[option.count - 1] == UInt8(ascii: "a") && rest.count > 0 {
                rest = rest.dropping(1)
            }
            if "\(wrapper)" == "command" {
                if !option.equals("-p") { return put("  changes no file") }
                if rest.count > 0 { return program(shell.argument(rest, 0)) }
            }
        }
        if rest.count > 0 { try command(rest) }
    }

    private func command(_ words: Arguments) throws(ShellError) {
        let name = shell.argument(words, 0)
        if shell.isFunction(name) { return put("  a function: unknown until run; will be recorded") }
        guard let builtin = shell.builtin(named: name) else { return program(name) }
        let rest = words.dropping(1)
        switch "\(builtin.name)" {
        case "mkdir", "rmdir", "touch", "rm", "cp", "mv", "ln", "chmod", "chown":
            let flow = try builtin.function(shell, words)
            _ = flow
            if planner?.isExternal ?? false {
                planner?.isExternal = false
                program(name)
            }
            if shell.status != 0 { status = max(status, shell.status) }
        case "undo", "redo", "restore":
            // They can show by themselves what they would do.
            let mark = shell.fields.count
            for index in 0..<words.count { shell.fields.append(shell.argument(words, index)) }
            shell.fields.append(Text("-n"))
            _ = try builtin.function(shell, Arguments(base: mark, count: words.count + 1))
            shell.fields.pop(to: mark)
            status = max(status, shell.status)
        case "command", "builtin", "exec", "explain", "try": try wrapped(rest, by: builtin.name)
        case "norecord":
            put("  runs unrecorded: what it changes cannot be undone")
        case "unconfined": put("  runs outside the sandbox, unrecorded: what it changes cannot be undone")
        case "eval":
            if rest.count == 1 { try explain(text: shell.argument(rest, 0)) }
        case ".", "source", "replay", "rollback", "commit": put("  unknown until run; will be recorded")
        case "obliterate": put("  erases files for good: cannot be undone")
        case "cd", "exit", "export", "set", "unset", "umask", "read", "trap", "alias", "unalias":
            put("  changes the shell only, no file")
        default: put("  changes no file")
        }
    }

    private func program(_ name: Text) {
        guard let path = shell.findProgram(name) else {
            status = 127
            return put("  would fail: command not found")
        }
        if !shell.options.contains(.record) || !shell.files.isRecording {
            return put("  \(path.description): unknown until run; will not be recorded (set -o record)")
        }
        put("  \(path.description): unknown until run; will be recorded")
    }

    // MARK: changes

    private func showPlan() {
        guard let planner else { return }
        for message in planner.messages { fail(Array(message.dropLast())) }
        for question in planner.questions { put(Array("  would ask: ".utf8) + question) }
        planner.messages = []
        planner.questions = []
        for line in PlannerText.lines(planner, from: said, isRecording: shell.files.isRecording) { put(line) }
        said = planner.changes.count
    }
}

// MARK: replay

private func replay(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if arguments.count > 1, shell.asksForHelp(arguments) { return .normal }
    var range: Text?
    var target: Text?
    var isDry = false
    var index = 1
    while index < arguments.count {
        let word = shell.argument(arguments, index)
        if word.equals("--into"), index + 1 < arguments.count {
            index += 1
            target = shell.argument(arguments, index)
        } else if word.equals("-n") {
            isDry = true
        } else if range == nil {
            range = word
        } else {
            return try shell.usageError(arguments, "too many arguments")
        }
        index += 1
    }
    guard let range, let list = UndoCommand.commands(range.bytes, shell.files) else {
        return try shell.usageError(arguments, "needs operations: @A or @A..@B")
    }
    if let message = list.message { return try shell.fail(arguments, message) }
    var steps: [(directory: Text, command: Text)] = []
    for step in list.steps {
        var directory = Text(step.directory)
        if let target {
            // Directories stay where they were relative to each other.
            let below = step.directory.dropFirst(list.top.count).drop { $0 == 47 }
            directory = joined(target, Text(Array(below)))
            if below.isEmpty { directory = target }
        }
        steps.append((directory, Text(step.command)))
    }
    if isDry {
        for step in steps {
            shell.output.append(shell.quoted(step.directory))
            shell.output.append(": ")
            shell.output.append(step.command)
            shell.output.append(10)
        }
        shell.status = 0
        return .normal
    }
    do throws(UndoError) {
        _ = try shell.files.beginTransaction(name: Array("replay ".utf8) + range.bytes)
    } catch {
        return try shell.fail(arguments, "nothing is recorded in this shell")
    }
    let depth = shell.files.transactions.count
    var failed = false
    for (place, step) in steps.enumerated() {
        var text = Text("( ")
        if target != nil {
            text.append(Text("mkdir -p -- "))
            text.append(shell.quoted(step.directory))
            text.append(Text(" && "))
        }
        text.append(Text("cd -- "))
        text.append(shell.quoted(step.directory))
        text.append(Text(" && eval "))
        text.append(shell.quoted(step.command))
        text.append(Text("\n)"))
        shell.files.nextOperation(command: step.command)
        do throws(ShellError) {
            _ = try shell.runString(text, origin: .eval, name: shell.name)
        } catch {
            shell.status = error.status
        }
        shell.flushOutput()
        if shell.status != 0 && list.steps[place].status == 0 {
            shell.report(arguments, step.command, "status \(shell.status), which was 0: stopped here")
            failed = true
            break
        }
    }
    let status = shell.status
    while shell.files.transactions.count >= depth {
        let result = UndoCommand.run("commit", [], shell.files)
        if result.status != 0 { break }
        if shell.files.transactions.count == depth - 1 { shell.output.append(result.output) }
    }
    shell.flushOutput()
    shell.status = failed ? status : 0
    return .normal
}
