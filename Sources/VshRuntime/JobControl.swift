// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// Job control (XCU 2.11): jobs in the foreground, and the terminal that they are given.
extension Shell {
    /// Signals by which a terminal stops a process.
    @inline(__always)
    static var stopSignals: SignalSet {
        SignalSet(.terminalStop).union(SignalSet(.terminalInput)).union(SignalSet(.terminalOutput))
    }

    /// What runs here is a job of its own.
    @inline(__always)
    var usesJobControl: Bool { options.contains(.monitor) && !isVirtualSubshell }

    /// The terminal to give to a foreground job, or -1: a script in the background has none to give.
    var foregroundTerminal: Int32 {
        if terminalDescriptor < 0 || isInteractive { return terminalDescriptor }
        return (try? System.foregroundGroup(terminalDescriptor)) == System.processGroup ? terminalDescriptor : -1
    }

    /// The text of a command, as `jobs` shows it.
    func commandText(_ code: Code, _ index: Int32) -> Text {
        Text(unparse(code, index, symbols: symbols, style: .singleLine))
    }

    /// The text of the simple command that runs.
    private func commandText(_ arguments: Arguments) -> Text {
        if let code = currentCode {
            for index in 0..<Int32(code.nodes.count) {
                let node = code.nodes[index]
                if node.kind == .simpleCommand && node.position == currentPosition { return commandText(code, index) }
            }
        }
        var text = Text()
        for index in 0..<arguments.count {
            if index > 0 { text.append(Text(" ")) }
            text.append(quoted(argument(arguments, index)))
        }
        return text
    }

    /// Runs a program in the foreground as a job of its own.
    func runForegroundJob(_ arguments: Arguments, _ path: Text) throws(ShellError) {
        let terminal = foregroundTerminal
        let pid: Int32
        do throws(Errno) {
            pid = try spawn(path, arguments, .awaited) { launch in
                launch.processGroup = .own
                launch.terminal = terminal
            }
        } catch {
            spawnFailed(arguments, error)
            return
        }
        let number = jobs.add([JobProcess(pid: pid)], group: pid, command: commandText(arguments))
        files.watchProgram(pid)
        status = waitInForeground(number, terminal)
        files.didAwaitProgram()
        files.didRunProgram()
        files.explainFailure(status)
    }

    /// `( … )` as a job of its own: the terminal can stop it.
    func runSubshellJob(_ code: Code, _ index: Int32) throws(ShellError) {
        let terminal = foregroundTerminal
        prepareDescriptorsForProcess()
        let pid = try forkProcess(role: .sharedOperation, isJob: true)
        if pid == 0 {
            enterJob(group: 0, terminal)
            finishInChild(code, code.nodes[index].a)
        }
        try? System.setProcessGroup(pid, pid)
        giveTerminal(terminal, to: pid)
        let number = jobs.add([JobProcess(pid: pid)], group: pid, command: commandText(code, index))
        status = waitInForeground(number, terminal)
        files.didRunProgram()
    }

    /// In a forked child: becomes a member of a job's process group, or with 0 its leader, which has the terminal before it runs.
    func enterJob(group: Int32, _ terminal: Int32) {
        try? System.setProcessGroup(0, group)
        // Not before: a ^Z that comes while the child is still in the shell's group is for the shell.
        while let signal = stopsOfJob.popFirst() { try? Signals.set(signal, .default) }
        if group == 0 && terminal >= 0 { try? System.setForegroundGroup(terminal, System.processGroup) }
    }

    /// The stages of a pipeline that runs in the foreground; its status.
    func waitForPipelineJob(_ text: Text, _ stages: [JobProcess], _ group: Int32, _ terminal: Int32) -> Int32 {
        let number = jobs.add(stages, group: group, command: text, hasPipefail: options.contains(.pipefail))
        giveTerminal(terminal, to: group)
        pollJobs()
        // A ^Z or ^C that came while the stages were started is for those too that joined the group after it.
        if let place = jobs.index(ofNumber: number), jobs.jobs[place].state == .running {
            let statuses = jobs.jobs[place].processes.compactMap(\.status)
            if statuses.contains(where: { $0.isStoppedByTerminal }) { try? Signals.send(.terminalStop, to: -group) }
            if terminal >= 0, statuses.contains(where: { $0.wasSignaled && $0.signal == .interrupt }) {
                try? Signals.send(.interrupt, to: -group)
            }
        }
        return waitInForeground(number, terminal)
    }

    /// The terminal for a job that was forked, which takes it too: whoever comes first. When this has returned, signals of keys go to the job.
    private func giveTerminal(_ terminal: Int32, to group: Int32) {
        if terminal >= 0 { try? System.setForegroundGroup(terminal, group) }
    }

    /// Waits until a job that has the terminal ends or stops, and takes the terminal back; its status.
    func waitInForeground(_ number: Int, _ terminal: Int32) -> Int32 {
        // A ^C that came before the job had the terminal was meant for it.
        if isInteractive, terminal >= 0, Signals.isInterruptPending, let place = jobs.index(ofNumber: number) {
            try? Signals.send(.interrupt, to: -jobs.jobs[place].group)
        }
        while let place = jobs.index(ofNumber: number), jobs.jobs[place].state == .running {
            do throws(Errno) {
                guard let child = try System.waitForeground(-1, .stopped) else { break }
                jobs.note(child)
                if options.contains(.notify) { notifyJobs(except: number) }
            } catch {
                jobs.noteLost(at: place)
            }
        }
        if terminal >= 0 { try? System.setForegroundGroup(terminal, System.processGroup) }
        guard let place = jobs.index(ofNumber: number) else { return 127 }
        let job = jobs.jobs[place]
        jobs.jobs[place].isChanged = false
        lastPipeline = PipelineStatuses(
            statuses: job.processes.map { $0.status?.exitCode ?? 148 }, status: job.status?.exitCode ?? 148)
        if job.state == .stopped {
            if terminal >= 0 {
                jobs.jobs[place].terminal = try? TerminalAttributes(terminal)
                restoreTerminal(terminal)
            }
            if isInteractive, let text = describeJob(at: place) { writeLine(text, onNewLine: true) }
        } else {
            jobs.remove(at: place)
            if let status = job.status, status.wasSignaled {
                if terminal >= 0 { restoreTerminal(terminal) }
                noteDeath(status)
                // What interrupted the job is meant for the loop around it too, but did not reach this process group.
                if status.signal == .interrupt && terminal >= 0 && trapAction(Int(Signal.interrupt.rawValue)) == nil {
                    try? Signals.send(.interrupt, to: System.processID)
                }
            } else if terminal >= 0 && isInteractive {
                shellTerminal = (try? TerminalAttributes(terminal)) ?? shellTerminal
            }
        }
        return job.status?.shellStatus ?? 127
    }

    private func restoreTerminal(_ terminal: Int32) {
        if let shellTerminal { try? shellTerminal.apply(to: terminal) }
    }

    private func writeLine(_ text: Text, onNewLine: Bool = false) {
        var line = ByteStack(capacity: 64)
        if onNewLine && System.isTerminal(2) { line.append(10) }
        line.append(text)
        line.append(10)
        writeError(line)
    }

    /// Continues a stopped job, in the foreground or in the background; the status of `fg` or `bg`.
    public func continueJob(at index: Int, inForeground: Bool) -> Int32 {
        let job = jobs.jobs[index]
        let terminal = foregroundTerminal
        jobs.noteContinued(at: index)
        jobs.makeCurrent(job.number)
        if inForeground && terminal >= 0 {
            if let modes = job.terminal { try? modes.apply(to: terminal) }
            try? System.setForegroundGroup(terminal, job.group)
        }
        do throws(Errno) {
            try Signals.send(.continue, to: job.group != 0 ? -job.group : job.lastPid)
        } catch {
            if job.state != .done { return 1 }
        }
        return inForeground ? waitInForeground(job.number, terminal) : 0
    }

    // MARK: the user is told

    /// Tells of background jobs that ended or stopped.
    public func notifyJobs(except foreground: Int = 0) {
        pollJobs()
        for index in jobs.jobs.indices where jobs.jobs[index].isChanged && jobs.jobs[index].number != foreground {
            if let text = describeJob(at: index) { writeLine(text) }
        }
        for index in jobs.jobs.indices.reversed()
        where jobs.jobs[index].isChanged && jobs.jobs[index].number != foreground {
            jobs.jobs[index].isChanged = false
            if jobs.jobs[index].state == .done { jobs.retire(at: index) }
        }
    }

    /// `set -b`: a line reader is to call `notifyJobs` at once when this is true, and then show its prompt again.
    /// SIGCHLD interrupts its wait for input.
    public var hasNews: Bool {
        if !options.contains(.notify) { return false }
        Signals.clearChild()
        pollJobs()
        return jobs.jobs.contains { $0.isChanged }
    }

    /// For line readers: waits for standard input. False when a signal came first that has a trap or is an interrupt
    /// (`runPendingTraps` handles it, and throws for the interrupt), or there is news of a job. None is lost in between.
    public func awaitInput() -> Bool {
        let heedsChildren = options.contains(.notify)
        let descriptor = inputDescriptor(0)
        if descriptor < 0 { return true }
        if holdsSignals, pendingTrappedSignal() != nil { return false }
        while true {
            do throws(Errno) {
                _ = try System.waitReady(descriptor, heedsChildren: heedsChildren)
                return true
            } catch {
                if error != .interrupted { return true }
                if pendingTrappedSignal() != nil || hasNews { return false }
            }
        }
    }

    // MARK: the terminal

    /// Job control needs the terminal: waits until this shell is in the foreground, and makes it lead its own group.
    func takeTerminal() {
        guard options.contains(.monitor), terminalDescriptor < 0 else { return }
        guard let descriptor = try? System.open("/dev/tty", [.readWrite, .closeOnExec, .nonBlocking]) else {
            if isInteractive { loseJobControl() }
            return
        }
        let terminal = (try? System.duplicate(descriptor, from: 10)) ?? descriptor
        if terminal != descriptor { try? System.close(descriptor) }
        noteOpened(terminal)
        if isInteractive {
            var isForeground = false
            // A group that is orphaned is not stopped and never gets the terminal.
            for _ in 0..<16 where !isForeground {
                isForeground = (try? System.foregroundGroup(terminal)) == System.processGroup
                if !isForeground { try? Signals.send(.terminalInput, to: 0) }
            }
            if !isForeground {
                try? System.close(terminal)
                loseJobControl()
                return
            }
            originalGroup = System.processGroup
            if System.processGroup != System.processID { try? System.setProcessGroup(0, 0) }
            try? System.setForegroundGroup(terminal, System.processGroup)
        }
        terminalDescriptor = terminal
        shellTerminal = try? TerminalAttributes(terminal)
    }

    private func loseJobControl() {
        report("no terminal for job control")
        options.remove(.monitor)
    }

    /// Before this process ends or is replaced: the terminal goes back to the group that had it.
    func releaseTerminal() {
        if !isForkedChild { interactive?.willEnd() }
        if isForkedChild || terminalDescriptor < 0 || originalGroup == 0 || originalGroup == System.processGroup {
            return
        }
        try? System.setForegroundGroup(terminalDescriptor, originalGroup)
        try? System.setProcessGroup(0, originalGroup)
        originalGroup = 0
    }
}
