// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// What `trap` set for a condition.
public enum TrapAction {
    case ignore
    case command(Text)
}

/// A trap, and the subshell level that set it: further in it is listed, but does not act.
struct TrapEntry {
    var action: TrapAction
    var level: Int
    /// The functions that ran when it was set: DEBUG, ERR and RETURN do not act further in.
    var functionDepth = 0
}

/// The traps by condition: 0 is EXIT, the rest are signal numbers.
public struct TrapTable {
    var entries: [TrapEntry?] = []
    /// Traps with a command that act somewhere in this process.
    private var count = 0
    /// Those of them that are for signals.
    private(set) var signalCommands = 0
    /// The subshell level at which all commands were set, where that is known; else -1.
    var uniformLevel = -1
    /// The level at which an EXIT trap acts, or -1.
    private(set) var exitLevel = -1
    /// Signals whose traps are being run.
    var running: SignalSet = []
    /// Signals ignored where no trap says otherwise: SIGINT and SIGQUIT in an asynchronous list (XCU 2.12).
    private var ignoredInList: SignalSet = []
    /// Signals for which an interactive shell has forgotten that they were ignored when it started.
    private var cleared: SignalSet = []
    /// What the shell catches or ignores for itself, and its children must not: by default, or ignored as when the shell started.
    private(set) var defaultInChildren: SignalSet = []
    private(set) var ignoredInChildren: SignalSet = []

    public init() {}

    /// No trap of this process holds it back from being replaced.
    var isEmpty: Bool { count == 0 }

    /// A signal without a trap is ignored, as it was before the shell had a say.
    func isIgnoredWithoutTrap(_ signal: Signal) -> Bool {
        ignoredInList.contains(signal) || !cleared.contains(signal) && Signals.wasIgnoredAtStart(signal)
    }

    /// `trap` was used for the signal.
    mutating func noteSet(_ signal: Signal) {
        ignoredInList.remove(SignalSet(signal))
        cleared.insert(SignalSet(signal))
    }

    /// The shell does something with a signal for itself (`isOwn`), or does no longer.
    mutating func noteOwn(_ signal: Signal, _ isOwn: Bool) {
        let set = SignalSet(signal)
        defaultInChildren.remove(set)
        ignoredInChildren.remove(set)
        if !isOwn { return }
        if isIgnoredWithoutTrap(signal) { ignoredInChildren.insert(set) } else { defaultInChildren.insert(set) }
    }

    /// In a forked child commands are listed, but do not act; `ignored` are the signals of an asynchronous list.
    mutating func didFork(ignored: SignalSet) {
        for index in entries.indices {
            if case .command = entries[index]?.action { entries[index]?.level = -1 }
        }
        uniformLevel = -1
        defaultInChildren = []
        ignoredInChildren = []
        running = []
        ignoredInList.formUnion(ignored)
        recount()
    }

    mutating func recount() {
        (count, signalCommands, exitLevel) = (0, 0, -1)
        for index in entries.indices { account(index, 1) }
    }

    /// Sets an entry, and keeps the counts.
    mutating func replace(_ index: Int, _ entry: TrapEntry?) {
        account(index, -1)
        entries[index] = entry
        account(index, 1)
    }

    /// Adds an entry to the counts, or takes it off.
    private mutating func account(_ index: Int, _ sign: Int) {
        guard let entry = entries[index], entry.level >= 0, case .command = entry.action else { return }
        count += sign
        if index == 0 { exitLevel = sign > 0 ? entry.level : -1 } else if index <= 64 { signalCommands += sign }
    }
}

extension Shell {
    /// What `trap` lists for a condition: in a subshell its parent's traps, until it sets one itself.
    public func trapAction(_ number: Int) -> TrapAction? {
        number < traps.entries.count ? traps.entries[number]?.action : nil
    }

    /// Sets a trap: nil resets to the default, an empty text ignores the signal. 0 is EXIT.
    /// - Returns: false when the signal was ignored when a non-interactive shell started and cannot be trapped (that is no error).
    public func setTrap(_ number: Int, _ action: Text?) throws(ShellError) -> Bool {
        let isSignal = number > 0 && number <= 64
        // Before a fork: each such subshell would have the runtime make the table's type again.
        if traps.entries.isEmpty { traps.entries = Array(repeating: nil, count: 68) }
        if isSignal && isVirtualSubshell { try becomeProcess() }
        let signal = Signal(rawValue: Int32(number))
        if isSignal {
            if !changesIgnoredSignals && !isInteractive && Signals.wasIgnoredAtStart(signal) { return false }
            if !signal.isUncatchable { traps.noteSet(signal) }
        }
        forgetInheritedTraps()
        saveTrap(number)
        let entry = action.map {
            TrapEntry(action: $0.isEmpty ? .ignore : .command($0), level: subshellDepth, functionDepth: functionDepth)
        }
        traps.replace(number, entry)
        if number > 64 { updateCommandTraps() }
        if isSignal && !signal.isUncatchable { applyDisposition(signal) }
        return true
    }

    private func saveTrap(_ number: Int) {
        if isVirtualSubshell { stateTrail.append(.trap(number, traps.entries[number])) }
    }

    /// The first `trap` of a subshell makes its parent's commands disappear from the list.
    private func forgetInheritedTraps() {
        if traps.uniformLevel == subshellDepth { return }
        for index in traps.entries.indices {
            guard let entry = traps.entries[index], entry.level != subshellDepth, case .command = entry.action else {
                continue
            }
            saveTrap(index)
            traps.replace(index, nil)
        }
        traps.uniformLevel = subshellDepth
    }

    /// Makes the system do for a signal what its trap says, or what an interactive shell needs.
    func applyDisposition(_ signal: Signal) {
        let isStop = signal == .terminalStop || signal == .terminalInput || signal == .terminalOutput
        var isOwn = false
        switch traps.entries.isEmpty ? nil : traps.entries[Int(signal.rawValue)]?.action {
        case .ignore: try? Signals.set(signal, .ignored)
        case .command: try? Signals.set(signal, .caught, countsChild: signal == .child)
        case nil:
            if isInteractive && signal == .interrupt {
                isOwn = true
                try? Signals.set(signal, .caught)
            } else if isInteractive && (signal == .quit || signal == .terminate)
                || options.contains(.monitor) && isStop
            {
                isOwn = true
                try? Signals.set(signal, .ignored)
            } else {
                try? Signals.set(signal, traps.isIgnoredWithoutTrap(signal) ? .ignored : .default)
            }
        }
        traps.noteOwn(signal, isOwn)
    }

    /// Sets up the signals of an interactive shell or of job control.
    public func applySignalDispositions() {
        for signal in [Signal.interrupt, .quit, .terminate, .terminalStop, .terminalInput, .terminalOutput] {
            applyDisposition(signal)
        }
    }

    /// A caught signal arrived that has not been handled yet.
    @inline(__always)
    var needsAttention: Bool { Signals.isPending || heldSignals.rawValue != 0 }

    /// One that was taken from the system, but not yet acted on.
    public var holdsSignals: Bool {
        heldSignals.subtracting(traps.running).subtracting(Shell.commandTrapBit).rawValue != 0
    }

    @inline(__always)
    var hasPendingSignals: Bool { Signals.isPending }

    /// The trap command of a signal, if it acts in this process; in a virtual subshell it is that of the shell around it.
    private func signalCommand(_ signal: Signal) -> Text? {
        let number = Int(signal.rawValue)
        guard number < traps.entries.count, let entry = traps.entries[number], entry.level >= 0,
            case .command(let text) = entry.action
        else { return nil }
        return text
    }

    /// Signals that a terminal sends to a subshell as well as to the shell around it.
    private static var terminalSignals: SignalSet { SignalSet(.interrupt, .quit) }

    /// The number of a signal that arrived and has a trap here, or ends what is being done; it stays pending.
    public func pendingTrappedSignal() -> Int32? {
        heldSignals.formUnion(Signals.take())
        var set = heldSignals.subtracting(traps.running)
        if isVirtualSubshell { set.formIntersection(Shell.terminalSignals) }
        while let signal = set.popFirst() {
            if signalCommand(signal) != nil || signal == .interrupt && isInteractive { return signal.rawValue }
        }
        return nil
    }

    /// Runs the actions of trapped signals that arrived (XCU 2.12), in a virtual subshell not before it is left.
    @inline(never)
    public func runPendingTraps() throws(ShellError) -> Flow {
        heldSignals.formUnion(Signals.take())
        if isVirtualSubshell {
            // A process of its own would not have the trap, and be ended.
            if let number = pendingTrappedSignal() {
                if signalCommand(Signal(rawValue: number)) == nil { try interrupt() }
                throw ShellError(.continuedElsewhere, status: 128 + number)
            }
            return .normal
        }
        // Those that came together run one after the other, and not one in the first command of another.
        var due = heldSignals.subtracting(traps.running).subtracting(Shell.commandTrapBit)
        heldSignals.subtract(due)
        while let signal = due.popFirst() {
            if let text = signalCommand(signal) {
                var flow = Flow.exited
                // Whatever ends this, the others are not lost.
                defer { if flow != .normal { heldSignals.formUnion(due) } }
                flow = try runTrap(text, signal)
                if flow != .normal { return flow }
            } else if signal == .interrupt && isInteractive {
                heldSignals.formUnion(due)
                try interrupt()
            }
        }
        return .normal
    }

    /// At the end of a process: the actions of signals that arrived during its last command.
    func runLastTraps() {
        do throws(ShellError) {
            _ = try runPendingTraps()
        } catch {
            status = error.status
        }
    }

    /// Back to the prompt.
    private func interrupt() throws(ShellError) {
        heldSignals.remove(SignalSet(.interrupt))
        status = 130
        throw ShellError(.interrupted, status: 130)
    }

    /// Runs a trap's command and puts `$?` back. The same signal waits meanwhile.
    private func runTrap(_ text: Text, _ signal: Signal) throws(ShellError) -> Flow {
        let running = traps.running
        traps.running.insert(SignalSet(signal))
        defer { traps.running = running }
        let saved = status
        let outer = trapEntryStatus
        let position = currentPosition
        trapEntryStatus = saved
        defer {
            trapEntryStatus = outer
            currentPosition = position
        }
        let flow = try runString(text, origin: .trap, name: name)
        if flow == .normal { status = saved }
        return flow
    }

    /// Runs the EXIT trap of this environment, once.
    func runExitTrap() {
        if isExiting || traps.exitLevel != subshellDepth { return }
        isExiting = true
        guard let entry = traps.entries[0], case .command(let text) = entry.action else { return }
        saveTrap(0)
        traps.replace(0, nil)
        let saved = status
        let outer = trapEntryStatus
        trapEntryStatus = saved
        let ignored = errexitIgnored
        do throws(ShellError) {
            let flow = try runString(text, origin: .trap, name: name)
            if flow == .normal { status = saved }
        } catch {
            status = error.status
        }
        errexitIgnored = ignored
        trapEntryStatus = outer
    }
}
