// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshStore
import VshSystem

extension Services {
    /// The history in the state directory, the prompt that `PS1` describes, completion from all its sources. Called after the
    /// start-up files.
    static func standard(_ shell: Shell) -> Services {
        let stored = shell.history as? StoredHistory
        let history: any HistorySource = stored?.store ?? SessionHistory()
        let prompt = PromptRenderer(shell, willRunCommands: { stored?.store.rest() })
        return Services(completion: Completer(shell), history: history, prompt: prompt)
    }

    /// PS1 that nobody set is vsh's own, where it can be shown.
    static func setDefaultPrompt(_ shell: Shell) {
        let ps1 = shell.value(.ps1)
        let isDefault = ps1.equals("$ ") || ps1.equals("# ")
        let isExported = shell.variables[KnownSymbol.ps1.rawValue].flags.contains(.exported)
        if !isDefault || isExported || shell.options.contains(.posix) || !LineEditor.isUsable(shell) { return }
        shell.assignUnchecked(KnownSymbol.ps1.rawValue, Text(PromptRenderer.standard))
    }
}

/// What vsh's interactive shell has besides: the stored history, and suggestions for commands that are not found.
public final class InteractiveShell: InteractiveSupport {
    /// What `complete` defined.
    let completions = UserCompletions()

    /// Takes the place of what every interactive shell has. To be called before vsh's own start-up file is read.
    public static func install(_ shell: Shell) {
        let support = InteractiveShell(history: storedHistory(shell) ?? CommandHistory())
        support.completions.register(shell)
        shell.interactive = support
    }

    /// The lines that the user's interactive shells keep; nil when none are to be kept.
    static func storedHistory(_ shell: Shell) -> CommandHistory? { makeStore(shell).map { StoredHistory($0, shell) } }

    public override func willEnd() { (history as? StoredHistory)?.store.leave() }

    public override func commandNotFound(_ shell: Shell, _ arguments: Arguments) -> Bool {
        sayNotFound(shell, arguments)
    }

    /// Nil when nothing is to be kept: HISTFILE is set to nothing or /dev/null, or there is no place.
    private static func makeStore(_ shell: Shell) -> HistoryStore? {
        let file = KnownSymbol.histfile.rawValue
        if shell.isSet(file), shell.value(file).isEmpty || shell.value(file).equals("/dev/null") { return nil }
        guard let state = shell.files.stateDirectory else { return nil }
        let now = Clock.realTime
        let store = HistoryStore(
            path: state.path + Array("/history.db".utf8), session: now ^ Int64(System.processID) << 40 & Int64.max,
            newestOperation: { [unowned shell] in shell.files.lastOperation?.id ?? 0 },
            isKeptOut: { [unowned shell] in isKeptOut($0, shell) })
        store.shortens = true
        store.workingDirectory = { [unowned shell] in shell.workingDirectory.bytes }
        if let reason = store.whyNot() {
            shell.report("the history is kept in memory only: ", reason)
            return nil
        }
        return store
    }

    /// Lines with secrets, unless `VSH_HISTORY_SECRETS` is `keep`; everything while HISTFILE is set to nothing.
    private static func isKeptOut(_ command: [UInt8], _ shell: Shell) -> Bool {
        let file = KnownSymbol.histfile.rawValue
        if shell.isSet(file), shell.value(file).isEmpty || shell.value(file).equals("/dev/null") { return true }
        if let keep = shell.symbols.find(Text("VSH_HISTORY_SECRETS")), shell.value(keep).equals("keep") { return false }
        return Secrets.isIn(command)
    }
}
