// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// The screen between lines: when a prompt starts, when a line is done, and while something else has the terminal.
extension LineEditor {
    func startScreen() {
        var out: [UInt8] = []
        if !isContinuation {
            promptText = services.prompt.prompt()
            rightPromptText = services.prompt.rightPrompt()
            continuationText = services.prompt.continuation()
        } else {
            promptText = continuationText.isEmpty ? services.prompt.continuation() : continuationText
            rightPromptText = []
        }
        // PROMPT_COMMAND may have changed them.
        cooked = userModes() ?? cooked
        let size = terminalSize()
        renderer.begin(
            columns: size.columns, lines: size.rows, marksPartialLine: !isContinuation, into: &out)
        if !isContinuation {
            announcements.promptStarts(
                directory: shell.workingDirectory.bytes, home: shell.value(.home).bytes, into: &out)
            directories.visit(shell.workingDirectory.bytes)
        }
        out += Array("\u{1B}[?2004h".utf8)
        if engine?.mode == .vi { out += Array("\u{1B}[6 q".utf8) }
        write(out)
    }

    /// The line is done: the screen keeps it, without what was only shown while editing.
    /// - Parameter isCommand: it is going to run. The terminal is told so while ^C throws nothing away.
    func finishScreen(isCommand: Bool = false) {
        var out: [UInt8] = []
        interaction = .editing
        suggestion = []
        message = []
        paint(isFinal: true, into: &out)
        renderer.leave(into: &out)
        endModes(into: &out)
        if isCommand { announcements.commandStarts(text, into: &out) }
        write(out)
    }

    func endModes(into out: inout [UInt8]) {
        out += Array("\u{1B}[?2004l".utf8)
        if engine?.mode == .vi { out += Array("\u{1B}[0 q".utf8) }
    }

    func noteCommandStart() {
        if isBlank { return }
        commandStart = Clock.monotonic
        lastOperation = shell.files.lastOperation?.id ?? 0
        services.history.add(text, directory: shell.workingDirectory.bytes, start: Clock.realTime)
    }

    func noteCommandEnd() {
        guard let start = commandStart, !isContinuation else { return }
        commandStart = nil
        let duration = Clock.monotonic - start
        var out: [UInt8] = []
        announcements.commandEnded(status: shell.status, into: &out)
        if !out.isEmpty { write(out) }
        services.prompt.commandEnded(duration: duration, status: shell.status)
        let operation = shell.files.lastOperation
        let isUndoable = operation.map { $0.id != lastOperation && $0.missing < $0.changes } ?? false
        services.history.finish(duration: duration, status: shell.status, undoable: isUndoable)
    }

    /// Takes what is ours off the screen, runs `body` with the terminal as commands expect it, and paints again below its output.
    /// - Parameter runsCommands: false: it only writes.
    func suspendScreen(runsCommands: Bool = true, _ body: () -> Void) {
        var out: [UInt8] = []
        renderer.clear(into: &out)
        endModes(into: &out)
        write(out)
        setModes(runsCommands: runsCommands)
        body()
        available = 0
        resumeScreen()
    }

    /// The terminal is ours again; the cursor is at the start of a row or after some text.
    func resumeScreen() {
        cooked = userModes() ?? cooked
        try? raw?.apply(to: 0, .drained)
        var out: [UInt8] = []
        startPainting(marksPartialLine: true, into: &out)
        write(out)
    }

    func startPainting(marksPartialLine: Bool, into out: inout [UInt8]) {
        let size = terminalSize()
        renderer.begin(columns: size.columns, lines: size.rows, marksPartialLine: marksPartialLine, into: &out)
        out += Array("\u{1B}[?2004h".utf8)
        if engine?.mode == .vi { out += Array((viState.isCommandMode ? "\u{1B}[2 q" : "\u{1B}[6 q").utf8) }
        isDirty = true
    }

    /// The prompt is to be expanded anew: the directory changed.
    func refreshPrompt() {
        promptText = services.prompt.prompt()
        rightPromptText = services.prompt.rightPrompt()
        isDirty = true
    }

    func clearScreen() {
        var out: [UInt8] = []
        renderer.clearScreen(into: &out)
        write(out)
        isDirty = true
    }
}
