// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// Reads command lines from the terminal: libedit edits, `Renderer` draws, the `Services` complete, remember and prompt.
///
/// One call of `readLine` is one run of libedit, which asks `nextCharacter` for each character. There keys are decoded and most of them
/// handled; between two keys, when no more input waits, the screen is painted.
public final class LineEditor: EngineClient {
    unowned let shell: Shell
    let services: Services
    let highlighter: Highlighter
    let abbreviations: Abbreviations
    /// What the user bound to keys.
    var keyBindings: KeyBindings?
    private var engine: Engine?
    private let box = EngineClientBox()
    var renderer: Renderer
    private var decoder = KeyDecoder()
    /// Bytes that the terminal is known to have.
    private var available = 0
    private var announcements: Announcements
    let usesColour: Bool
    private var themeText: [UInt8] = []

    // The line.
    var text: [UInt8] = []
    var cursor = 0
    var edits = EditHistory()
    var kills = KillRing()
    /// What is proposed after the end of the line.
    var suggestion: [UInt8] = []
    var suggestionKey: (text: [UInt8], whole: [UInt8]?)?
    /// Whether suggestions are made: not after going through the history, until something is typed.
    var suggests = true
    var recall = HistoryRecall()
    var interaction = Interaction.editing
    /// Lines shown below until the next key.
    var message: [[UInt8]] = []
    /// The line that Enter refused because of its syntax: Enter again runs it.
    var refused: [UInt8]?
    var directories = DirectoryTrail()

    /// Where ^@ was typed.
    var mark = 0
    /// What `^R` searched last.
    var lastQuery: [UInt8] = []

    // Keys.
    var keyPrefix: UInt8 = 0
    private var pendingKey: (() -> Engine.Outcome)?
    private var viState = ViState()
    private var isFresh = true
    /// What ended the line.
    private var result = Result.none
    enum Result { case none, line, end, interrupted }

    var promptText: [UInt8] = []
    var rightPromptText: [UInt8] = []
    var continuationText: [UInt8] = []
    var isDirty = true
    var rings = false
    var viewTop = 0
    private var cooked: TerminalAttributes?
    private var raw: TerminalAttributes?
    /// When the command that was read last began to run.
    private var commandStart: Int64?
    /// The newest operation before it.
    private var lastOperation: UInt64 = 0
    var panelRoom = 0

    public init(_ shell: Shell, _ services: Services, abbreviations: Abbreviations) {
        self.shell = shell
        self.services = services
        self.abbreviations = abbreviations
        highlighter = Highlighter(shell)
        let term = shell.value(.term).bytes
        let noColour = shell.environmentText("NO_COLOR")
        usesColour = noColour.isEmpty
        if !usesColour { highlighter.theme = .colourless }
        renderer = Renderer(columns: 80, lines: 24)
        let isInner = term.starts(with: Array("screen".utf8)) && shell.environmentText("TMUX").isEmpty
        renderer.reflows =
            !term.starts(with: Array("linux".utf8)) && !isInner && shell.environmentText("XTERM_VERSION").isEmpty
        announcements = Announcements(
            term: term, isRefused: !shell.environmentText("VSH_NO_OSC").isEmpty, host: LineEditor.hostName())
        box.client = self
    }

    private static func hostName() -> [UInt8] {
        guard let fd = try? System.open("/proc/sys/kernel/hostname" as StaticString, [.readOnly, .closeOnExec]) else {
            return []
        }
        defer { try? System.close(fd) }
        return ((try? System.readAll(fd, limit: 256)) ?? []).filter { $0 > 32 && $0 < 127 }
    }

    /// Whether the terminal can be drawn on.
    public static func isUsable(_ shell: Shell) -> Bool {
        let term = shell.value(.term)
        return System.isTerminal(0) && System.isTerminal(2) && !term.isEmpty && !term.equals("dumb")
            && !term.equals("unknown") && !term.equals("emacs")
    }

    // MARK: one line

    /// Reads a command, newline included; nil at the end of input.
    /// - Parameter isContinuation: the parser wants more of the command that was read last.
    public func readLine(isContinuation: Bool) throws(ShellError) -> Text? {
        if !LineEditor.isUsable(shell) { return try plainLineReader(shell, isContinuation) }
        if engine == nil { engine = Engine(descriptor: 0, client: box) }
        guard let engine else { return try plainLineReader(shell, isContinuation) }
        cooked = try? TerminalAttributes(0)
        guard cooked != nil else { return try plainLineReader(shell, isContinuation) }
        engine.use(shell.options.contains(.vi) ? .vi : .emacs)
        noteCommandEnd(isContinuation)
        resetLine()
        // Both only have to end the wait for a key.
        let wakers = [Signal.windowChange, .continue].filter { Signals.disposition($0) == .default }
        for signal in wakers { try? Signals.set(signal, .caught) }
        defer {
            for signal in wakers where shell.trapAction(Int(signal.rawValue)) == nil {
                try? Signals.set(signal, .default)
            }
        }
        startScreen(isContinuation)
        while true {
            result = .none
            raw = nil
            isFresh = true
            engine.run()
            switch result {
            case .line:
                let line = Text(text + [10])
                if !isContinuation { noteCommandStart() }
                return line
            case .end, .none:
                finishScreen()
                return nil
            case .interrupted:
                status130()
                do throws(ShellError) { _ = try shell.runPendingTraps() } catch {}
                throw ShellError(.interrupted, status: 130)
            }
        }
    }

    private func status130() { shell.status = 130 }

    private func resetLine() {
        text = []
        cursor = 0
        edits = EditHistory()
        suggestion = []
        suggestionKey = nil
        suggests = true
        recall = HistoryRecall()
        interaction = .editing
        message = []
        refused = nil
        keyPrefix = 0
        pendingKey = nil
        viState = ViState()
        viewTop = 0
        available = 0
        isDirty = true
        highlighter.forget()
        useTheme()
    }

    /// The colours that `VSH_COLORS` says.
    private func useTheme() {
        let text = usesColour ? shell.environmentText("VSH_COLORS") : []
        if text == themeText { return }
        themeText = text
        highlighter.theme = Theme()
        highlighter.theme.apply(text)
    }

    private func startScreen(_ isContinuation: Bool) {
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
    private func finishScreen() {
        var out: [UInt8] = []
        interaction = .editing
        suggestion = []
        message = []
        paint(isFinal: true, into: &out)
        renderer.leave(into: &out)
        endModes(into: &out)
        write(out)
    }

    private func endModes(into out: inout [UInt8]) {
        out += Array("\u{1B}[?2004l".utf8)
        if engine?.mode == .vi { out += Array("\u{1B}[0 q".utf8) }
    }

    private func noteCommandStart() {
        if text.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 10 }) { return }
        commandStart = Clock.monotonic
        lastOperation = shell.files.lastOperation?.id ?? 0
        services.history.add(text, directory: shell.workingDirectory.bytes, start: Clock.realTime)
        var out: [UInt8] = []
        announcements.commandStarts(text, into: &out)
        write(out)
    }

    private func noteCommandEnd(_ isContinuation: Bool) {
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

    // MARK: libedit's side

    func nextCharacter() -> UInt32? {
        guard let engine else { return nil }
        if isFresh {
            isFresh = false
            enterRawMode()
            if !text.isEmpty { engine.write(text, cursor: cursor) }
        }
        (text, cursor) = engine.read()
        if interaction.isEditing { edits.note(text, cursor) }
        if engine.mode == .vi, viState.needsProbe, !viState.readsRaw {
            viState.needsProbe = false
            return Engine.probeCode
        }
        isDirty = true
        while true {
            guard let key = nextKey() else { return nil }
            message = []
            isDirty = true
            if let character = handle(key) { return character }
            // Handled here, without libedit: it gets the line as it is now.
            engine.write(text, cursor: cursor)
        }
    }

    /// What libedit gets for a key; nil when it was handled here.
    private func handle(_ key: Key) -> UInt32? {
        if viState.readsRaw {
            viState.readsRaw = false
            viState.didSend(27)
            if case .text(let value) = key { return value }
            return 27
        }
        if !interaction.isEditing {
            // A key that ends the menu or the search and means something to the line goes on below.
            if handleInteraction(key) { return nil }
            engine?.write(text, cursor: cursor)
        }
        let isCommandMode = engine?.mode == .vi && viState.isCommandMode
        switch binding(of: key, isCommandMode: isCommandMode, viState) {
        case .action(let action):
            pendingKey = action
            viState.didAct()
            return Engine.keyCode
        case .character(let character):
            suggests = true
            refused = nil
            recall = HistoryRecall()
            if engine?.mode == .vi { viState.didSend(character) }
            return character
        case .nothing: return nil
        }
    }

    func performKey() -> Engine.Outcome {
        guard let action = pendingKey else { return .changed }
        pendingKey = nil
        let outcome = action()
        engine?.write(text, cursor: cursor)
        return outcome
    }

    func didProbe(isCommandMode: Bool) {
        if viState.isCommandMode != isCommandMode {
            viState.isCommandMode = isCommandMode
            write(Array((isCommandMode ? "\u{1B}[2 q" : "\u{1B}[6 q").utf8))
        }
    }

    /// Rings the bell with the next painting.
    func bell() { rings = true }

    var isVi: Bool { engine?.mode == .vi }

    /// The history changed: what was proposed may be gone.
    func dropSuggestion() { suggestionKey = nil }

    /// Whether vi's command mode is on.
    var isCommandMode: Bool { engine?.mode == .vi && viState.isCommandMode }

    // MARK: input

    /// libedit's raw mode, but control characters are keys: one that is pasted must not act.
    private func enterRawMode() {
        guard var modes = try? TerminalAttributes(0) else { return }
        modes.sendsSignals = false
        try? modes.apply(to: 0, .drained)
        raw = modes
    }

    /// The signal that the terminal would send for a key (`stty intr`, `quit`, `susp`), unless the key is to be taken as it is.
    private func signal(of key: Key) -> Signal? {
        guard case .control(let code) = key, keyPrefix != 22, let cooked else { return nil }
        switch code {
        case cooked[control: 0]: return .interrupt
        case cooked[control: 1]: return .quit
        case cooked[control: 10]: return .terminalStop
        default: return nil
        }
    }

    /// The next key; nil when the line is to be given up, for the reason in `result`.
    func nextKey() -> Key? {
        while true {
            if let key = decoder.next() {
                guard let signal = signal(of: key) else { return key }
                // As the terminal would have done it; there is nothing to stop.
                if signal != .terminalStop { try? Signals.send(signal, to: System.processID) }
                if !handleSignals() { return nil }
                continue
            }
            if available == 0 { available = (try? System.readableBytes(0)) ?? 0 }
            if available == 0 {
                if decoder.isPasting {
                    // A paste that breaks off is not waited for.
                    guard let isReady = waitForInput(2_000_000_000) else { return nil }
                    if !isReady, let key = decoder.abandonPaste() { return key }
                    if !isReady { continue }
                } else if decoder.isWaiting {
                    guard let isReady = waitForInput(30_000_000) else { return nil }
                    if !isReady {
                        if let key = decoder.timeOut() { return key }
                        continue
                    }
                } else {
                    if isDirty { paint() }
                    guard waitForInput(nil) != nil else { return nil }
                }
                available = (try? System.readableBytes(0)) ?? 0
            }
            if !readInput() {
                result = .end
                return nil
            }
        }
    }

    /// Takes bytes from the terminal; false at its end. What comes after the line belongs to the command, so that no more is taken than a
    /// byte, but in a paste.
    private func readInput() -> Bool {
        let room = decoder.isPasting ? min(max(available, 1), 4096) : 1
        return withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { buffer in
            do throws(Errno) {
                let count = try System.read(0, into: buffer)
                if count == 0 { return false }
                available = max(0, available - count)
                decoder.feed(UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
                return true
            } catch {
                available = 0
                return error == .interrupted || error == .wouldBlock
            }
        }
    }

    /// Waits for input: false when `timeout` has passed; nil when the line is given up.
    private func waitForInput(_ timeout: Int64?) -> Bool? {
        while true {
            do throws(Errno) {
                return try System.waitReady(0, timeout: timeout, heedsChildren: shell.options.contains(.notify))
            } catch {
                if error != .interrupted { return true }
                if !handleSignals() { return nil }
                if isDirty { paint() }
            }
        }
    }

    /// False when the line is to be given up.
    private func handleSignals() -> Bool {
        if let number = shell.pendingTrappedSignal() {
            if number == Signal.interrupt.rawValue {
                interrupt()
                return false
            }
            suspendScreen {
                do throws(ShellError) {
                    if try shell.runPendingTraps() == .exited { shell.exitShell() }
                } catch {}
            }
        } else if Signals.isPending {
            do throws(ShellError) { _ = try shell.runPendingTraps() } catch {}
        }
        checkModes()
        checkSize()
        if shell.hasNews { suspendScreen { shell.notifyJobs() } }
        return true
    }

    /// After the shell was stopped and continued: whoever had the terminal meanwhile has changed its modes and its screen.
    private func checkModes() {
        guard let raw, let now = try? TerminalAttributes(0), !(now == raw) else { return }
        try? raw.apply(to: 0, .drained)
        var out: [UInt8] = []
        startPainting(marksPartialLine: true, into: &out)
        write(out)
    }

    /// ^C: what was typed stays to be seen, and is given up.
    private func interrupt() {
        var out: [UInt8] = []
        interaction = .editing
        suggestion = []
        message = []
        cursor = text.count
        paint(isFinal: true, into: &out)
        Style(8).write(to: &out)
        out += Array("^C".utf8)
        Style().write(to: &out)
        renderer.leave(into: &out)
        endModes(into: &out)
        write(out)
        decoder.reset()
        available = 0
        result = .interrupted
    }

    // MARK: ends of lines, for the commands

    /// The line is complete.
    func accept() -> Engine.Outcome {
        result = .line
        finishScreen()
        return .accepted
    }

    func endOfInput() -> Engine.Outcome {
        result = .end
        return .ended
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

    private func startPainting(marksPartialLine: Bool, into out: inout [UInt8]) {
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
