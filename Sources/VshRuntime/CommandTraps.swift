// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// The traps of bash that are no signals: DEBUG before each command, ERR after one that fails, RETURN after functions and dot scripts.
///
/// They cost nothing while they are not set: a bit among the held signals sends the check for signals, which is made before
/// each command anyhow, here; ERR is a bit of the options that `errexit` is tested with.
public enum CommandTrap: Int, CaseIterable {
    case debug = 65
    case error, `return`

    public var name: StaticString {
        switch self {
        case .debug: "DEBUG"
        case .error: "ERR"
        case .return: "RETURN"
        }
    }
}

extension Shell {
    /// No signal has this number (the C library keeps it for itself).
    static var commandTrapBit: SignalSet { SignalSet(Signal(rawValue: 32)) }

    /// After traps were set, or put back.
    func updateCommandTraps() {
        var hasHook = false
        for trap in [CommandTrap.debug, .return] where trapAction(trap.rawValue) != nil { hasHook = true }
        if hasHook { heldSignals.formUnion(Shell.commandTrapBit) } else { heldSignals.subtract(Shell.commandTrapBit) }
        if trapAction(CommandTrap.error.rawValue) != nil {
            options.insert(.hasErrorTrap)
        } else {
            options.remove(.hasErrorTrap)
        }
    }

    /// The command of a trap, where it acts: not in functions and subshells that do not inherit it.
    private func command(_ trap: CommandTrap) -> Text? {
        guard trap.rawValue < traps.entries.count, let entry = traps.entries[trap.rawValue], entry.level >= 0,
            case .command(let text) = entry.action
        else { return nil }
        let inherits = options.contains(trap == .error ? .errtrace : .functrace)
        if !inherits && (entry.level != subshellDepth || entry.functionDepth < functionDepth && !isTraced(trap)) {
            return nil
        }
        return text
    }

    /// In a function that `declare -ft` gave DEBUG and RETURN.
    private func isTraced(_ trap: CommandTrap) -> Bool {
        !tracedFunctions.isEmpty && trap != .error && callStack.count > 0
            && tracedFunctions.contains(callStack[callStack.count - 1].symbol)
    }

    /// DEBUG before a stage of a pipeline. Stages that are no single commands, and those of a shell whose processes inherit the trap, run it themselves.
    @inline(never)
    func attendStage(_ code: Code, _ index: Int32) throws(ShellError) -> Flow {
        let node = code.nodes[index]
        if options.contains(.functrace), !isProgram(node) { return .normal }
        switch node.kind {
        case .simpleCommand, .assignment, .conditionalCommand, .arithmeticCommand: return try attend(code, node)
        default: return .normal
        }
    }

    /// Before a command: DEBUG, then signals.
    @inline(never)
    func attend(_ code: Code, _ node: Node) throws(ShellError) -> Flow {
        if heldSignals.contains(Signal(rawValue: 32)), !isInCommandTrap, let text = command(.debug) {
            let outer = currentPosition
            currentPosition = node.position
            noteCommand(code, node)
            let flow = try runCommandTrap(text)
            currentPosition = outer
            if flow != .normal { return flow }
        }
        return try runPendingTraps()
    }

    /// At the start of a function that inherits it: DEBUG, once more for the call.
    @inline(never)
    func attendEntry() throws(ShellError) -> Flow {
        guard heldSignals.contains(Signal(rawValue: 32)), !isInCommandTrap, let text = command(.debug) else {
            return .normal
        }
        return try runCommandTrap(text)
    }

    /// After a function or a dot script: RETURN, then signals.
    @inline(never)
    func attendReturn(_ flow: Flow) throws(ShellError) -> Flow {
        if flow != .normal && flow != .returned { return flow }
        if heldSignals.contains(Signal(rawValue: 32)), !isInCommandTrap, let text = command(.return) {
            let trapFlow = try runCommandTrap(text)
            if trapFlow == .exited { return trapFlow }
        }
        if flow == .returned { return flow }
        return try runPendingTraps()
    }

    /// A command failed where nothing asks for its status: ERR, then `errexit`.
    @inline(never)
    func afterFailure() -> Flow {
        let hasErrexit = options.contains(.errexit)
        if !isInCommandTrap && !options.contains(.posix) { noteFailedCommand() }
        if options.contains(.hasErrorTrap), !isInCommandTrap, let text = command(.error) {
            do throws(ShellError) {
                let flow = try runCommandTrap(text)
                if flow != .normal { return flow }
            } catch {
                status = error.status
                return .exited
            }
        }
        return hasErrexit ? .exited : .normal
    }

    private func runCommandTrap(_ text: Text) throws(ShellError) -> Flow {
        let (saved, outer, position, pipeline) = (status, trapEntryStatus, currentPosition, lastPipeline)
        isInCommandTrap = true
        trapEntryStatus = saved
        defer {
            isInCommandTrap = false
            trapEntryStatus = outer
            currentPosition = position
        }
        let flow = try runString(text, origin: .trap, name: name)
        if flow == .normal {
            status = saved
            lastPipeline = pipeline
        }
        return flow
    }

    /// For the traps ERR and EXIT, the command that failed is looked for by its place.
    private func noteFailedCommand() {
        if !options.contains(.hasErrorTrap) && trapAction(0) == nil { return }
        guard let code = currentCode else { return }
        for index in 0..<code.nodes.count where code.nodes[index].position == currentPosition {
            switch code.nodes[index].kind {
            case .simpleCommand, .assignment, .conditionalCommand, .arithmeticCommand:
                return noteCommand(code, code.nodes[index])
            default: continue
            }
        }
    }

    /// BASH_COMMAND is the text of the command.
    private func noteCommand(_ code: Code, _ node: Node) {
        let symbol = symbols.intern("BASH_COMMAND")
        syncTables()
        assignUnchecked(symbol, Text(unparse(code, node, symbols: symbols)))
    }
}
