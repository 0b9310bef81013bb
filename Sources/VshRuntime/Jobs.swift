// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// A process of a job.
public struct JobProcess {
    public let pid: Int32
    /// How it ended or stopped; nil while it runs.
    public var status: WaitStatus?
    public var isDone: Bool { if let status { !status.isStopped } else { false } }
}

/// A pipeline or list that was started in the background, or stopped.
public struct Job {
    public let number: Int
    /// The process group, or 0 without job control.
    public let group: Int32
    public var processes: [JobProcess]
    public let command: Text
    /// Its change of state has not been told to the user.
    public var isChanged = false
    /// The terminal's modes when it stopped.
    public var terminal: TerminalAttributes?

    public enum State { case running, stopped, done }

    public var state: State {
        if processes.allSatisfy(\.isDone) { return .done }
        return processes.contains { $0.status == nil } ? .running : .stopped
    }

    /// The status of the last process, when it ended or stopped.
    public var status: WaitStatus? { processes.last?.status }
}

/// The jobs of this shell, by number.
public struct JobTable {
    public internal(set) var jobs: [Job] = []
    /// `%+` and `%-`: job numbers, or 0.
    public internal(set) var current = 0
    public internal(set) var previous = 0
    /// Statuses of jobs whose end the user was told of, for `wait`: newest last.
    public internal(set) var remembered: [(pid: Int32, status: Int32)] = []
    /// In a forked child the jobs are its parent's: to be listed, not waited for.
    public internal(set) var isInherited = false

    public init() {}

    mutating func add(pids: [Int32], group: Int32, command: Text, isBackground: Bool) -> Int {
        if isInherited {
            jobs = []
            isInherited = false
            current = 0
            previous = 0
        }
        let number = (jobs.map(\.number).max() ?? 0) + 1
        jobs.append(
            Job(
                number: number, group: group, processes: pids.map { JobProcess(pid: $0, status: nil) }, command: command
            ))
        makeCurrent(number)
        return number
    }

    public mutating func makeCurrent(_ number: Int) {
        if current != number {
            previous = current
            current = number
        }
    }

    public func index(ofNumber number: Int) -> Int? { jobs.firstIndex { $0.number == number } }

    public func index(ofPid pid: Int32) -> Int? {
        jobs.lastIndex { job in job.processes.contains { $0.pid == pid } }
    }

    public mutating func remove(at index: Int) {
        let number = jobs[index].number
        jobs.remove(at: index)
        if previous == number { previous = 0 }
        if current == number {
            current = previous
            previous = 0
        }
        if current == 0 { current = jobs.last { $0.number != previous }?.number ?? 0 }
        if previous == 0 { previous = jobs.last { $0.number != current }?.number ?? 0 }
    }

    /// Notes what wait said of a process.
    mutating func note(_ child: System.Child) {
        guard let index = index(ofPid: child.pid) else { return }
        for place in jobs[index].processes.indices where jobs[index].processes[place].pid == child.pid {
            jobs[index].processes[place].status = child.status.isContinued ? nil : child.status
        }
        jobs[index].isChanged = true
        if child.status.isStopped { makeCurrent(jobs[index].number) }
    }

    mutating func didFork() { isInherited = true }
}

extension Shell {
    /// Takes note of children that ended or stopped, without waiting.
    public func pollJobs() {
        if jobs.isInherited { return }
        while let child = try? System.poll(-1, [.stopped, .continued]) { jobs.note(child) }
    }

    /// The place of the job that `%…` names; nil when there is none (`isAmbiguous`: more than one).
    public func findJob(_ spec: Text, isAmbiguous: inout Bool) -> Int? {
        isAmbiguous = false
        let rest = spec.count > 0 && spec[0] == 37 ? spec.slice(1..<spec.count) : spec
        if rest.isEmpty || rest.equals("%") || rest.equals("+") { return jobs.index(ofNumber: jobs.current) }
        if rest.equals("-") { return jobs.index(ofNumber: jobs.previous == 0 ? jobs.current : jobs.previous) }
        if let number = rest.decimalInteger { return jobs.index(ofNumber: number) }
        let isSearch = rest[0] == 63
        let needle = isSearch ? rest.slice(1..<rest.count).bytes : rest.bytes
        var found: Int?
        for index in jobs.jobs.indices {
            let command = jobs.jobs[index].command.bytes
            let isMatch =
                isSearch
                ? needle.isEmpty || command.indices.contains { command[$0...].starts(with: needle) }
                : command.starts(with: needle)
            if isMatch {
                if found != nil {
                    isAmbiguous = true
                    return nil
                }
                found = index
            }
        }
        return found
    }

    /// Waits until the job at `index` is done (or, with `untilStopped`, stopped). The status; nil when a trapped signal came first
    /// (then `status` is 128 + its number).
    public func waitForJob(at index: Int, untilStopped: Bool = false) -> Int32? {
        let number = jobs.jobs[index].number
        while let place = jobs.index(ofNumber: number) {
            let job = jobs.jobs[place]
            if job.state == .done || untilStopped && job.state == .stopped { return job.status?.shellStatus ?? 0 }
            do throws(Errno) {
                guard let child = try System.waitInterruptible(-1, [.stopped, .continued]) else { return 127 }
                jobs.note(child)
            } catch {
                if error == .interrupted {
                    guard let signal = pendingTrappedSignal() else { continue }
                    status = 128 + signal
                    return nil
                }
                // No children are left: those of the job are gone without our seeing how.
                for process in jobs.jobs[place].processes.indices
                where jobs.jobs[place].processes[process].status == nil {
                    jobs.jobs[place].processes[process].status = WaitStatus(rawValue: 127 << 8)
                }
            }
        }
        return 127
    }

    /// Runs a program in the foreground as a job of its own.
    func runForegroundJob(_ arguments: Arguments, _ path: Text) throws(ShellError) {
        let terminal = terminalDescriptor
        let pid: Int32
        do throws(Errno) {
            pid = try spawn(path, arguments) { launch in
                launch.processGroup = .own
                launch.terminal = terminal
                launch.defaultSignals = Shell.jobSignals
            }
        } catch {
            spawnFailed(arguments, error)
            return
        }
        var text = Text()
        for index in 0..<arguments.count {
            if index > 0 { text.append(Text(" ")) }
            text.append(quoted(argument(arguments, index)))
        }
        let number = jobs.add(pids: [pid], group: pid, command: text, isBackground: false)
        status = try waitInForeground(number)
        files.didRunProgram()
    }

    /// Signals that an interactive shell ignores or catches, and its children must not.
    static var jobSignals: SignalSet {
        SignalSet(.interrupt, .quit, .terminate, .terminalStop, .terminalInput, .terminalOutput)
    }

    /// Waits for a job that has the terminal, and takes the terminal back.
    func waitInForeground(_ number: Int) throws(ShellError) -> Int32 {
        var result: Int32 = 127
        while let place = jobs.index(ofNumber: number) {
            let job = jobs.jobs[place]
            if job.state != .running {
                result = job.status?.shellStatus ?? 0
                break
            }
            do throws(Errno) {
                guard let child = try System.waitForeground(-1, .stopped) else { break }
                jobs.note(child)
            } catch {
                break
            }
        }
        let terminal = terminalDescriptor
        if terminal >= 0 { try? System.setForegroundGroup(terminal, System.processGroup) }
        guard let place = jobs.index(ofNumber: number) else { return result }
        let job = jobs.jobs[place]
        if job.state == .stopped {
            if terminal >= 0 {
                jobs.jobs[place].terminal = try? TerminalAttributes(terminal)
                restoreTerminal(terminal)
            }
            if isInteractive, let text = describeJob(at: place) { writeErrorText(text) }
            jobs.jobs[place].isChanged = false
        } else {
            if let status = job.status, status.wasSignaled {
                noteDeath(status)
                if terminal >= 0 { restoreTerminal(terminal) }
            } else if terminal >= 0 {
                shellTerminal = (try? TerminalAttributes(terminal)) ?? shellTerminal
            }
            jobs.remove(at: place)
        }
        return result
    }

    private func restoreTerminal(_ terminal: Int32) {
        if let shellTerminal { try? shellTerminal.apply(to: terminal) }
    }

    private func writeErrorText(_ text: Text) {
        var line = ByteStack(capacity: 64)
        line.append(text)
        line.append(10)
        writeError(line)
    }

    /// `[1]+  Stopped    command`, without a newline.
    public func describeJob(at index: Int, isLong: Bool = false) -> Text? {
        let job = jobs.jobs[index]
        var line = ByteStack(capacity: 64)
        line.append("[")
        line.append(decimal: job.number)
        line.append("] ")
        line.append(job.number == jobs.current ? 43 : job.number == jobs.previous ? 45 : 32)
        line.append(32)
        if isLong {
            line.append(decimal: Int(job.group != 0 ? job.group : job.processes.last?.pid ?? 0))
            line.append(32)
        }
        switch job.state {
        case .running: line.append("Running")
        case .stopped:
            line.append("Stopped")
            if let status = job.processes.last(where: { $0.status?.isStopped ?? false })?.status {
                line.append(" (SIG")
                line.append(status.stopSignal.name)
                line.append(")")
            }
        case .done:
            if let status = job.status, status.wasSignaled {
                line.append(status.signal.description)
                if status.hasCore { line.append(" (core dumped)") }
            } else if let status = job.status, status.exitCode != 0 {
                line.append("Done(")
                line.append(decimal: Int(status.exitCode))
                line.append(")")
            } else {
                line.append("Done")
            }
        }
        while line.count < 28 { line.append(32) }
        line.append(job.command)
        return line.text(from: 0)
    }

    /// The end of a pipeline under job control.
    func waitForPipelineJob(
        _ code: Code, _ node: Node, _ pids: [Int32], _ group: Int32, _ statuses: inout [Int32]
    ) throws(ShellError) {
        let live = pids.filter { $0 > 0 }
        if live.isEmpty { return }
        let terminal = terminalDescriptor
        if terminal >= 0 { try? System.setForegroundGroup(terminal, group) }
        let number = jobs.add(pids: live, group: group, command: nodeText(code, node), isBackground: false)
        let result = try waitInForeground(number)
        if let place = jobs.index(ofNumber: number) {
            _ = place
            statuses[statuses.count - 1] = result
            return
        }
        if pids.last ?? 0 > 0 { statuses[statuses.count - 1] = result }
    }

    private func nodeText(_ code: Code, _ node: Node) -> Text {
        let start = Int(node.position)
        if start < 0 || start >= code.source.count { return Text() }
        let line = code.source.lineBytes(at: start)
        let column = code.source.column(at: start) - 1
        return Text(Array(line[min(column, line.count)...]))
    }

    /// Continues a stopped job, in the foreground or in the background; the status of `fg` or `bg`.
    public func continueJob(at index: Int, inForeground: Bool) throws(ShellError) -> Int32 {
        let job = jobs.jobs[index]
        let terminal = terminalDescriptor
        for place in jobs.jobs[index].processes.indices
        where jobs.jobs[index].processes[place].status?.isStopped ?? false {
            jobs.jobs[index].processes[place].status = nil
        }
        jobs.makeCurrent(job.number)
        if inForeground && terminal >= 0 {
            if let modes = job.terminal { try? modes.apply(to: terminal) }
            try? System.setForegroundGroup(terminal, job.group)
        }
        do throws(Errno) {
            try Signals.send(.continue, to: job.group != 0 ? -job.group : job.processes.last?.pid ?? 0)
        } catch {
            if job.state != .done { return 1 }
        }
        return inForeground ? try waitInForeground(job.number) : 0
    }
}
