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
}

/// The traps by condition: 0 is EXIT, the rest are signal numbers.
public struct TrapTable {
    var entries: [TrapEntry?] = []
    /// Some entry exists.
    var count = 0
    /// The level at which an EXIT trap acts, or -1.
    var exitLevel = -1

    public init() {}

    /// No trap of this process holds it back from being replaced.
    var isEmpty: Bool { count == 0 }

    mutating func didFork(at level: Int) {
        exitLevel = -1
        for index in entries.indices {
            if case .command = entries[index]?.action { entries[index]?.level = -1 }
        }
        count = 0
    }

    mutating func ignoreInherited(_ set: SignalSet) {}
}

extension Shell {
    /// What `trap` lists for a condition: in a subshell its parent's traps, until it sets one itself.
    public func trapAction(_ number: Int) -> TrapAction? {
        number < traps.entries.count ? traps.entries[number]?.action : nil
    }

    /// Sets a trap: nil resets to the default, an empty text ignores the signal. 0 is EXIT.
    /// - Returns: false when the signal was ignored when a non-interactive shell started and cannot be trapped (that is no error).
    public func setTrap(_ number: Int, _ action: Text?) throws(ShellError) -> Bool {
        if number > 0 && isVirtualSubshell { try becomeProcess() }
        let signal = Signal(rawValue: Int32(number))
        if number > 0 && !isInteractive && Signals.wasIgnoredAtStart(signal) { return false }
        while traps.entries.count <= 64 { traps.entries.append(nil) }
        forgetInheritedTraps()
        saveTrap(number)
        if let action {
            traps.entries[number] = TrapEntry(action: action.isEmpty ? .ignore : .command(action), level: subshellDepth)
        } else {
            traps.entries[number] = nil
        }
        traps.exitLevel = -1
        traps.count = 0
        for index in traps.entries.indices {
            guard let entry = traps.entries[index], entry.level == subshellDepth, case .command = entry.action else {
                continue
            }
            traps.count += 1
            if index == 0 { traps.exitLevel = entry.level }
        }
        if number > 0 && !signal.isUncatchable { applyDisposition(signal) }
        return true
    }

    private func saveTrap(_ number: Int) {
        if isVirtualSubshell { stateTrail.append(.trap(number, traps.entries[number])) }
    }

    /// The first `trap` of a subshell makes its parent's commands disappear from the list.
    private func forgetInheritedTraps() {
        for index in traps.entries.indices {
            guard let entry = traps.entries[index], entry.level != subshellDepth, case .command = entry.action else {
                continue
            }
            saveTrap(index)
            traps.entries[index] = nil
        }
    }

    /// Makes the system do for a signal what its trap says, or what an interactive shell needs.
    func applyDisposition(_ signal: Signal) {
        switch traps.entries.isEmpty ? nil : traps.entries[Int(signal.rawValue)]?.action {
        case .ignore: try? Signals.set(signal, .ignored)
        case .command: try? Signals.set(signal, .caught, countsChild: signal == .child)
        case nil:
            if isInteractive && signal == .interrupt {
                try? Signals.set(signal, .caught)
            } else if isInteractive && (signal == .quit || signal == .terminate) {
                try? Signals.set(signal, .ignored)
            } else if options.contains(.monitor)
                && (signal == .terminalStop || signal == .terminalInput || signal == .terminalOutput)
            {
                try? Signals.set(signal, .ignored)
            } else {
                try? Signals.set(signal, .default)
            }
        }
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

    @inline(__always)
    var hasPendingSignals: Bool { Signals.isPending }

    /// Whether a signal that arrived ends a `read`: a trapped one, or an interrupt at the prompt.
    func signalsInterrupt() -> Bool { pendingTrappedSignal() != nil || isInteractive }

    /// The number of a signal that arrived and has a trap; it stays pending.
    func pendingTrappedSignal() -> Int32? {
        heldSignals.formUnion(Signals.take())
        var set = heldSignals
        while let signal = set.popFirst() {
            if trapAction(Int(signal.rawValue)) != nil { return signal.rawValue }
            if signal == .interrupt && isInteractive { return signal.rawValue }
        }
        return nil
    }

    func runTrapsIfPossible() { heldSignals.formUnion(Signals.take()) }

    /// Runs the actions of trapped signals that arrived (XCU 2.12), in a virtual subshell not before it is left.
    @inline(never)
    public func runPendingTraps() throws(ShellError) -> Flow {
        if isVirtualSubshell { return .normal }
        heldSignals.formUnion(Signals.take())
        while let signal = heldSignals.popFirst() {
            let number = Int(signal.rawValue)
            if number < traps.entries.count, let entry = traps.entries[number], entry.level == subshellDepth {
                if case .command(let text) = entry.action {
                    let flow = try runTrap(text)
                    if flow != .normal { return flow }
                }
            } else if signal == .interrupt && isInteractive {
                status = 130
                throw ShellError(.interrupted, status: 130)
            }
        }
        return .normal
    }

    /// Runs a trap's command and puts `$?` back.
    private func runTrap(_ text: Text) throws(ShellError) -> Flow {
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
        traps.entries[0] = nil
        traps.exitLevel = -1
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
