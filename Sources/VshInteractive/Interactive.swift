// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

extension Shell {
    /// Start-up files, then commands from the terminal until the end of input: the line editor where the terminal can be drawn on, else
    /// plain lines.
    public func runInteractiveSession(readsFiles: Bool, file: Text?) -> Never {
        let abbreviations = Abbreviations()
        abbreviations.register(self)
        startInteractive(readsFiles: readsFiles, file: file)
        InteractiveShell.install(self)
        let keyBindings = KeyBindings()
        keyBindings.register(self)
        let config = ConfigCommand.register(
            self, abbreviations: { abbreviations.all }, bindings: { keyBindings.commands })
        if readsFiles && file == nil { StartupFiles.readConfiguration(self) }
        let services = Services.make(self)
        config.noteStarted()
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

    /// The value of a variable by its name; empty when it is unset.
    func environmentText(_ name: StaticString) -> [UInt8] {
        var text = ByteStack(capacity: 32)
        text.append(name)
        guard let symbol = symbols.find(text.text(from: 0)) else { return [] }
        return value(symbol).bytes
    }
}
