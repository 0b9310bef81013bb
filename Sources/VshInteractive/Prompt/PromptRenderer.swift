// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshStore
import VshSystem

/// The prompts: `PS1`, `PS2`, `VSH_RPROMPT` with bash's backslash escapes and vsh's segments, then parameter expansion; before
/// each, `PROMPT_COMMAND` is run.
///
/// What escapes insert is protected from the expansion that follows: a directory called `$(reboot)` is shown, not run.
public final class PromptRenderer: PromptSource {
    unowned let shell: Shell
    /// Of the command that ran last: nanoseconds, or -1 before the first.
    private(set) var duration: Int64 = -1
    private(set) var commandNumber = 1
    private var hasHinted = false
    private var lastOperation: UInt64 = 0
    /// Called before anything of the user's runs: the history's file is closed.
    private let willRunCommands: () -> Void
    /// The status shown: that of the command, not of what the prompt runs.
    private(set) var status: Int32 = 0

    public init(_ shell: Shell, willRunCommands: @escaping () -> Void = {}) {
        self.shell = shell
        self.willRunCommands = willRunCommands
    }

    /// A text with the backslash escapes of a prompt replaced; what they stand for is protected from the expansion that follows.
    func decoded(_ text: Text) -> Text {
        var escapes = PromptEscapes(self)
        return Text(escapes.decoded(text.bytes))
    }

    /// What PS1 is when nobody set it.
    static var standard: StaticString {
        "\\{user}\\{directory}\\{git}\\{transaction}\\{sandbox}\\{status}\\{duration}\\$ "
    }

    public func commandEnded(duration: Int64, status: Int32) {
        self.duration = duration
        commandNumber += 1
        giveHint()
    }

    /// After the first command of a session that destroyed something: what `undo` would bring back.
    private func giveHint() {
        if hasHinted { return }
        guard let operation = shell.files.lastOperation, operation.id != lastOperation else { return }
        lastOperation = operation.id
        if !operation.isDestructive || operation.missing > 0 || variable("VSH_HINTS") == Array("off".utf8) { return }
        let count = operation.restoredFiles()
        if count == 0 { return }
        hasHinted = true
        let text = "undo restores \(ProgressLine.grouped(count)) \(count == 1 ? "file" : "files")"
        let isPlain = variable("NO_COLOR") != nil
        _ = shell.write(Text(Array((isPlain ? "\(text)\n" : "\u{1B}[2m\(text)\u{1B}[0m\n").utf8)), to: 2)
    }

    public func prompt() -> [UInt8] {
        status = shell.status
        runPromptCommand()
        let text = render(shell.value(.ps1).bytes)
        duration = -1
        return text
    }

    public func rightPrompt() -> [UInt8] {
        guard let raw = variable("VSH_RPROMPT") else { return [] }
        return render(raw)
    }

    public func continuation() -> [UInt8] { render(shell.value(.ps2).bytes) }

    /// The value of a variable; nil when it is unset or empty.
    func variable(_ name: StaticString) -> [UInt8]? {
        guard let symbol = shell.symbols.find(Text(name)), Int(symbol) < shell.variables.count, shell.isSet(symbol)
        else { return nil }
        let value = shell.value(symbol)
        return value.isEmpty ? nil : value.bytes
    }

    private func set(_ name: StaticString, _ value: Int) {
        let symbol = shell.symbols.intern(name)
        shell.syncTables()
        try? shell.assign(symbol, integer: value)
    }

    /// `PROMPT_COMMAND`, with `VSH_DURATION` (milliseconds) and `VSH_JOBS` set and `$?` that of the command. Nothing of it is
    /// recorded for undo.
    private func runPromptCommand() {
        guard let symbol = shell.symbols.find(Text("PROMPT_COMMAND")) else { return }
        let commands = shell.elementValues(symbol).filter { !$0.isEmpty }
        if commands.isEmpty { return }
        willRunCommands()
        set("VSH_DURATION", Int(max(duration, 0) / 1_000_000))
        set("VSH_JOBS", shell.jobs.jobs.count)
        let wasRecording = shell.files.pauseRecording()
        defer {
            shell.files.resumeRecording(wasRecording)
            shell.status = status
        }
        for command in commands {
            shell.status = status
            do throws(ShellError) {
                if try shell.runString(command, origin: .eval, name: shell.name) == .exited { shell.exitShell() }
            } catch {}
        }
    }

    /// Escapes, then expansion. In POSIX mode only the expansion, and `!` for the number of the command (XCU 2.5.3).
    func render(_ raw: [UInt8]) -> [UInt8] {
        var text: [UInt8]
        if shell.options.contains(.posix) {
            // vsh's own prompt is made of escapes that POSIX mode does not know.
            if Text(raw).equals(PromptRenderer.standard) { return [System.effectiveUserID == 0 ? 35 : 36, 32] }
            text = historyNumbers(raw)
        } else {
            var escapes = PromptEscapes(self)
            text = escapes.decoded(raw)
        }
        if text.contains(where: { $0 == 36 || $0 == 96 || $0 == 92 }) {
            willRunCommands()
            let saved = shell.status
            shell.status = status
            let wasRecording = shell.files.pauseRecording()
            text = ((try? shell.expandPrompt(Text(text))) ?? Text(text)).bytes
            shell.files.resumeRecording(wasRecording)
            shell.status = saved
        }
        return PromptRenderer.cleaned(text)
    }

    private func historyNumbers(_ raw: [UInt8]) -> [UInt8] {
        guard raw.contains(33) else { return raw }
        var text: [UInt8] = []
        var index = 0
        while index < raw.count {
            if raw[index] != 33 {
                text.append(raw[index])
            } else if index + 1 < raw.count, raw[index + 1] == 33 {
                text.append(33)
                index += 1
            } else {
                text += Array(String(nextHistoryNumber).utf8)
            }
            index += 1
        }
        return text
    }

    /// The number that the next command gets in the history.
    var nextHistoryNumber: Int { (shell.history?.entries.last?.number ?? 0) + 1 }

    /// Keeps text, newlines and SGR sequences; of other control characters and sequences nothing is left: a program that sets
    /// the prompt may write titles and marks, which are vsh's own.
    static func cleaned(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(where: { $0 < 32 && $0 != 10 || $0 == 127 }) else { return text }
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == 9 {
                result.append(32)
            } else if byte == 27 {
                guard index < text.count else { break }
                let kind = text[index]
                if kind == 91 {
                    let start = index - 1
                    index += 1
                    while index < text.count, text[index] < 64 { index += 1 }
                    if index < text.count {
                        if text[index] == 109 { result += text[start...index] }
                        index += 1
                    }
                } else if kind == 93 || kind == 80 || kind == 94 || kind == 95 {
                    // Up to BEL or ST.
                    while index < text.count, text[index] != 7 {
                        if text[index] == 27, index + 1 < text.count, text[index + 1] == 92 {
                            index += 1
                            break
                        }
                        index += 1
                    }
                    index += 1
                } else {
                    index += kind == 40 || kind == 41 ? 2 : 1
                }
            } else if byte >= 32 && byte != 127 || byte == 10 {
                result.append(byte)
            }
        }
        return result
    }
}
