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
    var engine: Engine?
    private let box = EngineClientBox()
    var renderer: Renderer
    var decoder = KeyDecoder()
    /// Bytes that the terminal is known to have.
    var available = 0
    var announcements: Announcements
    let usesColour: Bool
    private var themeText: [UInt8] = []
    private var hasLightTheme = false

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
    var viState = ViState()
    /// What `.` does in vi mode.
    var viChange = ViChange()
    var vi = ViMemory()
    /// Counts and macros.
    var replay = KeyReplay()
    /// Keys that may begin a sequence that was bound.
    var heldKeys: [Key] = []
    /// Macros that were typed by macros.
    var expansions = 0
    /// The line that the next prompt begins with.
    var following: HistoryEntry?
    private var isFresh = true
    /// What ended the line.
    var result = Result.none
    enum Result { case none, line, end, interrupted }

    private(set) var isContinuation = false
    var promptText: [UInt8] = []
    var rightPromptText: [UInt8] = []
    var continuationText: [UInt8] = []
    var isDirty = true
    var rings = false
    var viewTop = 0
    var cooked: TerminalAttributes?
    /// NOFLSH is on between lines, and only because of the editor.
    var keepsQueues = false
    var raw: TerminalAttributes?
    /// When the command that was read last began to run.
    var commandStart: Int64?
    /// The newest operation before it.
    var lastOperation: UInt64 = 0
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
        cooked = userModes()
        if engine == nil { engine = Engine(descriptor: 0, client: box) }
        guard let engine, cooked != nil else { return try plainLineReader(shell, isContinuation) }
        keepQueues()
        engine.use(shell.options.contains(.vi) ? .vi : .emacs)
        self.isContinuation = isContinuation
        noteCommandEnd()
        resetLine()
        // Both only have to end the wait for a key.
        let wakers = [Signal.windowChange, .continue].filter { Signals.disposition($0) == .default }
        for signal in wakers { try? Signals.set(signal, .caught) }
        defer {
            for signal in wakers where shell.trapAction(Int(signal.rawValue)) == nil {
                try? Signals.set(signal, .default)
            }
        }
        startScreen()
        while true {
            result = .none
            raw = nil
            isFresh = true
            engine.run()
            switch result {
            case .line:
                keepModes(runsCommands: isContinuation || !isBlank)
                if !isContinuation { noteCommandStart() }
                return Text(text + [10])
            case .end, .none:
                finishScreen()
                keepModes()
                return nil
            case .interrupted:
                keepModes(runsCommands: shell.trapAction(Int(Signal.interrupt.rawValue)) != nil)
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
        replay.dropCount()
        heldKeys = []
        pendingKey = nil
        viChange.lineEnds(isInserting: !viState.isCommandMode)
        viState = ViState()
        vi.operation = nil
        vi.register = nil
        vi.marks = [:]
        vi.queued = []
        viewTop = 0
        available = 0
        isDirty = true
        highlighter.forget()
        useTheme()
        takeFollowing()
    }

    /// The colours that `VSH_COLORS` says.
    private func useTheme() {
        if !usesColour { return }
        let text = shell.environmentText("VSH_COLORS")
        let isLight = Theme.isLight(shell)
        if text == themeText && isLight == hasLightTheme { return }
        themeText = text
        hasLightTheme = isLight
        highlighter.theme = isLight ? .light : Theme()
        highlighter.theme.apply(text)
    }

    // MARK: libedit's side

    func nextCharacter() -> UInt32? {
        guard let engine else { return nil }
        if isFresh {
            isFresh = false
            enterRawMode()
            engine.flatten()
            if !text.isEmpty { engine.write(text, cursor: cursor) }
        }
        (text, cursor) = engine.read()
        if isVi { finishOperation() }
        if interaction.isEditing, !viChange.isRepeating, vi.queued.isEmpty { edits.note(text, cursor) }
        if let character = nextQueued() { return character }
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
            viChange.note(key, isCommandMode: true, viState)
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
        let isCommandMode = isCommandMode
        replay.note(key)
        // The name of a register is no command.
        if isVi, keyPrefix != 34 { viChange.note(key, isCommandMode: isCommandMode && keyPrefix == 0, viState) }
        switch binding(of: key, isCommandMode: isCommandMode, viState) {
        case .action(let action):
            pendingKey = action
            viState.didAct()
            vi.operation = nil
            return Engine.keyCode
        case .character(let character):
            suggests = true
            refused = nil
            recall = HistoryRecall()
            if isVi {
                viState.didSend(character)
                if isCommandMode { engine?.makeRoom(text, cursor: cursor) }
            }
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

    /// Rings the bell with the next painting. What failed is not gone on with.
    func bell() {
        rings = true
        viChange.stopRepeating()
        replay.stop()
    }

    var isVi: Bool { engine?.mode == .vi }

    /// The history changed: what was proposed may be gone.
    func dropSuggestion() { suggestionKey = nil }

    /// Whether vi's command mode is on.
    var isCommandMode: Bool { engine?.mode == .vi && viState.isCommandMode }

    // MARK: ends of lines, for the commands

    /// Nothing is to be run.
    var isBlank: Bool { text.allSatisfy { $0 == 32 || $0 == 9 || $0 == 10 } }

    /// The line is complete.
    func accept() -> Engine.Outcome {
        result = .line
        finishScreen(isCommand: !isContinuation && !isBlank)
        return .accepted
    }

    func endOfInput() -> Engine.Outcome {
        result = .end
        return .ended
    }
}
