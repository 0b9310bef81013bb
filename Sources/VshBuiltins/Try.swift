// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// `try`: runs a command so that nobody sees what it changes, or else so that it can be taken back, and keeps that or not.
func tryCommand(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if arguments.count > 1, shell.asksForHelp(arguments) { return .normal }
    var run = TrialRun(shell: shell, arguments: arguments)
    var first = 1
    while first < arguments.count {
        let word = shell.argument(arguments, first)
        if word.equals("-y") {
            run.answer = true
        } else if word.equals("-n") {
            run.answer = false
        } else if word.equals("-d") {
            run.showsDifference = true
        } else {
            if word.equals("--") { first += 1 }
            break
        }
        first += 1
    }
    if first >= arguments.count { return try shell.usageError(arguments, "needs a command") }
    run.words = arguments.dropping(first)
    if shell.files.isPlanning {
        shell.status = 0
        return .normal
    }
    guard shell.files.canBeUndone else {
        return try shell.fail(arguments, "nothing is recorded in this shell, so nothing could be taken back")
    }
    var (trial, reason) = shell.files.prepareTrial()
    if let found = trial {
        guard let obstacle = try shell.run(found, { run.runAlone() }) else {
            try run.keepOrDrop(found)
            return .normal
        }
        reason = obstacle
        trial = nil
    }
    return try run.runRecorded(reason)
}

/// One run of `try`.
private struct TrialRun {
    let shell: Shell
    let arguments: Arguments
    var words: Arguments
    /// Given by an option.
    var answer: Bool?
    var showsDifference = false

    init(shell: Shell, arguments: Arguments) {
        self.shell = shell
        self.arguments = arguments
        words = arguments
    }

    private func command() throws(ShellError) -> Flow {
        let ran = try shell.withOwnRedirections { () throws(ShellError) -> Flow in
            let flow: Flow
            if words.count == 1, isText(shell.argument(words, 0)), !shell.isFunction(shell.argument(words, 0)) {
                flow = try shell.runString(shell.argument(words, 0), origin: .eval, name: shell.name)
            } else {
                flow = try shell.runWords(words)
            }
            shell.flushOutput()
            return flow
        }
        if ran == nil { shell.status = 1 }
        return ran ?? .normal
    }

    /// What the history shows.
    private var name: Text {
        var name = Text("try")
        for index in 0..<words.count {
            name.append(Text(" "))
            name.append(words.count == 1 ? shell.argument(words, 0) : shell.quoted(shell.argument(words, index)))
        }
        return name
    }

    private func say(_ bytes: [UInt8]) {
        shell.output.append(bytes)
        shell.flushOutput()
    }

    /// Asks until there is an answer. `difference`: what changed, in detail.
    private func asks(_ difference: () -> [UInt8]) -> Bool {
        let asking = FileCommand(shell: shell, name: Text("try"), words: [])
        while true {
            switch asking.answer("keep these changes? [y/N/d]") {
            case UInt8(ascii: "y"), UInt8(ascii: "Y"): return true
            case UInt8(ascii: "d"), UInt8(ascii: "D"): say(difference())
            default: return false
            }
        }
    }

    private var isTerminal: Bool {
        let descriptor = shell.realDescriptor(1)
        return descriptor >= 0 && System.isTerminal(descriptor)
    }

    // MARK: with files of its own

    /// In the process that has them.
    func runAlone() {
        do throws(ShellError) {
            _ = try command()
        } catch {
            shell.status = error.status
        }
    }

    func keepOrDrop(_ trial: Trial) throws(ShellError) {
        let status = shell.status
        trial.look()
        let summary = trial.summary(status: status)
        say(summary.output)
        if showsDifference { say(trial.difference(isTerminal: isTerminal)) }
        var isKept = answer ?? true
        if answer == nil, summary.isChanged { isKept = asks { trial.difference(isTerminal: isTerminal) } }
        if !isKept || !summary.isChanged {
            if !isKept, summary.isChanged { say(Array("dropped: nothing was changed\n".utf8)) }
            shell.status = !isKept && answer == nil && status == 0 ? 1 : status
            return
        }
        do throws(UndoError) {
            _ = try shell.files.beginTransaction(name: name.bytes)
        } catch {
            _ = try shell.fail(arguments, "nothing can be recorded now, so nothing is kept")
            return
        }
        do throws(FileOpError) {
            try trial.keep()
        } catch {
            let result = UndoCommand.run("rollback", [], shell.files)
            for message in result.messages { shell.report(arguments, Text(message).description) }
            let reason = error.cause == .staleHandle ? "was changed by somebody else meanwhile" : error.cause.message
            shell.report(arguments, Text(error.path), reason)
            _ = try shell.fail(arguments, "nothing was kept")
            return
        }
        finish(UndoCommand.run("commit", [], shell.files), isKept: true, isChanged: true, status)
    }

    // MARK: with the recorder

    /// - Parameter reason: why the command has no files of its own.
    func runRecorded(_ reason: String) throws(ShellError) -> Flow {
        let transaction: UInt64
        do throws(UndoError) {
            transaction = try shell.files.beginTransaction(name: name.bytes)
        } catch {
            return try shell.fail(arguments, "nothing is recorded in this shell, so nothing could be taken back")
        }
        var flow = Flow.normal
        var failure: ShellError?
        do throws(ShellError) {
            flow = try command()
        } catch {
            failure = error
            shell.status = error.status
        }
        let status = shell.status
        // Transactions that it began and left open belong to it.
        while let inner = shell.files.transactions.last, inner != transaction {
            _ = UndoCommand.run("commit", [], shell.files)
        }
        guard shell.files.transactions.last == transaction else {
            // It ended the transaction itself.
            if let failure { throw failure }
            return flow
        }
        let summary = UndoCommand.tried(transaction, status: status, reason: reason, shell.files)
        say(summary.output)
        let difference = {
            UndoCommand.run("diff", [Array("@\(transaction)".utf8)], shell.files, isTerminal: isTerminal).output
        }
        if showsDifference { say(difference()) }
        var isKept = answer ?? true
        if answer == nil, summary.isChanged { isKept = asks(difference) }
        let result = UndoCommand.run(isKept ? "commit" : "rollback", [], shell.files)
        finish(result, isKept: isKept, isChanged: summary.isChanged, status)
        if let failure { throw failure }
        return flow
    }

    /// - Parameters:
    ///   - result: of the commit or rollback.
    ///   - status: of the command.
    private func finish(_ result: UndoCommand, isKept: Bool, isChanged: Bool, _ status: Int32) {
        if !isKept || result.status != 0 {
            for message in result.messages { shell.report(arguments, Text(message).description) }
            if isChanged, !isKept { say(Array("rolled back: nothing is changed\n".utf8)) }
        }
        shell.status =
            result.status != 0 && isChanged ? result.status : !isKept && answer == nil && status == 0 ? 1 : status
    }
}
