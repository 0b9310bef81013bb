// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshBuiltins
import VshRuntime
import VshSystem

extension Shell {
    /// Start-up files, then commands from the terminal until the end of input: the line editor where the terminal can be drawn on, else
    /// plain lines.
    public func runInteractiveSession(readsFiles: Bool, file: Text?) -> Never {
        let (abbreviations, keyBindings, hasDefaultPrompt) = startSession(readsFiles: readsFiles, file: file)
        let services = Services.make(self)
        if hasDefaultPrompt { StartupFiles.welcome(self) }
        guard LineEditor.isUsable(self) else {
            runInteractively { (shell: Shell, isContinuation: Bool) throws(ShellError) -> Text? in
                let prompt = isContinuation ? services.prompt.continuation() : services.prompt.prompt()
                return try plainLineReader(shell, prompt: Text(prompt))
            }
        }
        let editor = LineEditor(self, services, abbreviations: abbreviations)
        editor.keyBindings = keyBindings
        runInteractively { (_: Shell, isContinuation: Bool) throws(ShellError) -> Text? in
            try editor.readLine(isContinuation: isContinuation)
        }
    }

    /// What an interactive shell has before its first command, whoever gives it commands: start-up files, history, `abbr`, `bind` and `config`.
    @discardableResult
    public func startSession(readsFiles: Bool, file: Text?) -> (Abbreviations, KeyBindings, hasDefaultPrompt: Bool) {
        let abbreviations = Abbreviations()
        abbreviations.register(self)
        registerLogout(self)
        countLevel()
        decodesPrompt = { PromptRenderer($0).decoded($1) }
        startInteractive(readsFiles: readsFiles, file: file)
        InteractiveShell.install(self)
        let keyBindings = KeyBindings()
        keyBindings.register(self)
        let completions = (interactive as? InteractiveShell)?.completions
        let config = ConfigCommand(
            self, abbreviations: { abbreviations.all },
            bindings: { keyBindings.commands + (completions?.commands ?? []) })
        ConfigCommand.register(self) { (_: Shell, arguments: Arguments) throws(ShellError) -> Flow in
            config.run(arguments)
            return .normal
        }
        // A prompt of /etc/profile's for plain shells gives way; one that vshrc sets stays, be it `$ `.
        Services.setDefaultPrompt(self)
        if readsFiles && file == nil { StartupFiles.readConfiguration(self) }
        let hasDefaultPrompt = value(.ps1).equals(PromptRenderer.standard)
        config.noteStarted()
        return (abbreviations, keyBindings, hasDefaultPrompt)
    }

    /// SHLVL counts interactive shells inside others, as in bash, zsh and fish.
    private func countLevel() {
        if options.contains(.posix) { return }
        let level = Int(String(decoding: environmentText("SHLVL"), as: UTF8.self)) ?? 0
        _ = try? runString(Text("export SHLVL=\(min(max(level, 0), 998) + 1)"), origin: .eval, name: name)
    }

    /// What other shells have of it: `history` works on the lines that interactive ones keep, `config` shows what one would have.
    public func registerForScripts() {
        opensHistory = { InteractiveShell.storedHistory($0) }
        decodesPrompt = { PromptRenderer($0).decoded($1) }
        preparesCompletion = {
            let completions = UserCompletions()
            completions.register($0)
            return completions
        }
        ConfigCommand.register(self) { (shell: Shell, arguments: Arguments) throws(ShellError) -> Flow in
            try shell.runInProcess { shell.showConfiguration(arguments) }
            return .normal
        }
    }

    /// In a process of its own: becomes what an interactive shell is when its start-up files were read, and shows that.
    private func showConfiguration(_ arguments: Arguments) {
        options.insert(.interactive)
        let abbreviations = Abbreviations()
        abbreviations.register(self)
        let keyBindings = KeyBindings()
        keyBindings.register(self)
        let completions = UserCompletions()
        completions.register(self)
        prepareInteractive(readsFiles: true, file: nil)
        Services.setDefaultPrompt(self)
        StartupFiles.readConfiguration(self)
        let config = ConfigCommand(
            self, abbreviations: { abbreviations.all }, bindings: { keyBindings.commands + completions.commands })
        config.noteStarted()
        config.run(arguments)
    }

    /// The value of a variable by its name; empty when it is unset.
    func environmentText(_ name: StaticString) -> [UInt8] {
        var text = ByteStack(capacity: 32)
        text.append(name)
        guard let symbol = symbols.find(text.text(from: 0)) else { return [] }
        return value(symbol).bytes
    }
}
