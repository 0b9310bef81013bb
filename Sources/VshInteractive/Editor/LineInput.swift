// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// What comes to the editor: keys, signals, and changes of the terminal's modes.
extension LineEditor {

    /// libedit's raw mode, but control characters are keys: one that is pasted must not act.
    func enterRawMode() {
        guard var modes = try? TerminalAttributes(0) else { return }
        let now = modes
        modes.sendsSignals = false
        modes.keepsQueues = true
        if !(now == modes) { try? modes.apply(to: 0, .drained) }
        raw = modes
    }

    /// The terminal's modes without what the editor has added between lines.
    func userModes() -> TerminalAttributes? {
        guard var modes = try? TerminalAttributes(0) else { return nil }
        if keepsQueues { modes.keepsQueues = false }
        return modes
    }

    /// Before a prompt is written: ^C would throw away what the terminal has not read yet, in the middle of a sequence.
    func keepQueues() {
        if keepsQueues { return }
        guard var modes = cooked, !modes.keepsQueues else { return }
        modes.keepsQueues = true
        try? modes.apply(to: 0, .now)
        keepsQueues = true
    }

    /// After the line: the modes that were there before it, such as those of `stty -echo`, which libedit would not keep. What a program left that
    /// read keys one by one is no mode for others.
    /// - Parameter runsCommands: false: the next prompt comes at once, and what is written is still not to be thrown away.
    func keepModes(runsCommands: Bool = true) {
        guard var modes = try? TerminalAttributes(0), let cooked else { return }
        let now = modes
        if cooked.isCanonical { modes = cooked }
        modes.keepsQueues = cooked.keepsQueues || !runsCommands
        keepsQueues = modes.keepsQueues && !cooked.keepsQueues
        if !(now == modes) { try? modes.apply(to: 0, .drained) }
    }

    /// The modes that commands expect, while the line waits.
    func setModes(runsCommands: Bool) {
        guard var modes = cooked else { return }
        if !runsCommands { modes.keepsQueues = true }
        keepsQueues = !runsCommands && cooked?.keepsQueues == false
        try? modes.apply(to: 0, .drained)
    }

    /// vi's `.`: the keys of the last change come again, and then those that are typed. Meanwhile the terminal sends the signals of ^C and ^\, as no
    /// typed key is looked at.
    func repeatChange() {
        // A change that went another way than when it was typed has come to a `.` in the text it inserted.
        if viChange.isRepeating || !viChange.repeatLast() {
            bell()
            return
        }
        setSignals(true)
    }

    /// What completes the word at the cursor. ^C ends a function of the user's that is asked, and the line.
    func findCompletion() -> Completion {
        let mayRun = (shell.interactive as? InteractiveShell)?.completions.isEmpty == false
        if mayRun { setSignals(true) }
        defer { if mayRun { setSignals(false) } }
        return services.completion.complete(text, at: cursor)
    }

    func setSignals(_ areSent: Bool) {
        guard var modes = raw, modes.sendsSignals != areSent else { return }
        modes.sendsSignals = areSent
        try? modes.apply(to: 0, .now)
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
        if Signals.isPending || shell.holdsSignals, !handleSignals() { return nil }
        if let key = viChange.nextRepeated() ?? replay.next() { return key }
        setSignals(false)
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
        if shell.hasNews { suspendScreen(runsCommands: false) { shell.notifyJobs() } }
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
    func interrupt() {
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
        viChange.stopRepeating()
        replay.stop()
        available = 0
        result = .interrupted
    }
}
