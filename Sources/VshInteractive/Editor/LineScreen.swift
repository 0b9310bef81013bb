// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// The screen between lines: when a prompt starts, when a line is done, and while something else has the terminal.
extension LineEditor {
    func startScreen(_ isContinuation: Bool) {
        var out: [UInt8] = []
        if !isContinuation {
            promptText = services.prompt.prompt()
            rightPromptText = services.prompt.rightPrompt()
            continuationText = services.prompt.continuation()
        } else {
            promptText = continuationText.isEmpty ? services.prompt.continuation() : continuationText
            rightPromptText = []
        }
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
    func finishScreen() {
        var out: [UInt8] = []
        interaction = .editing
        suggestion = []
        message = []
        paint(isFinal: true, into: &out)
        renderer.leave(into: &out)
        endModes(into: &out)
        write(out)
    }

    func endModes(into out: inout [UInt8]) {
        out += Array("\u{1B}[?2004l".utf8)
        if engine?.mode == .vi { out += Array("\u{1B}[0 q".utf8) }
    }

    func noteCommandStart() {
        if text.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 10 }) { return }
        commandStart = Clock.monotonic
        lastOperation = shell.files.lastOperation?.id ?? 0
        services.history.add(text, directory: shell.workingDirectory.bytes, start: Clock.realTime)
        var out: [UInt8] = []
        announcements.commandStarts(text, into: &out)
        write(out)
    }

    func noteCommandEnd(_ isContinuation: Bool) {
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
    func suspendScreen(_ body: () -> Void) {
        var out: [UInt8] = []
        renderer.clear(into: &out)
        endModes(into: &out)
        write(out)
        try? cooked?.apply(to: 0, .drained)
        body()
        available = 0
        resumeScreen()
    }

    /// The terminal is ours again; the cursor is at the start of a row or after some text.
    func resumeScreen() {
        if let modes = try? TerminalAttributes(0) { cooked = modes }
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
