// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// A process of a job.
public struct JobProcess {
    /// 0 when it could not be started; `status` then says so.
    public let pid: Int32
    /// How it ended or stopped; nil while it runs.
    public var status: WaitStatus?
    public var isDone: Bool { if let status { !status.isStopped } else { false } }
}

/// A pipeline or list that was started in the background, or runs in the foreground under job control.
public struct Job {
    public let number: Int
    /// The process group, or 0 without job control.
    public let group: Int32
    public var processes: [JobProcess]
    public let command: Text
    /// That it ended or stopped has not been told to the user.
    public var isChanged = false
    /// The terminal's modes when it stopped.
    public var terminal: TerminalAttributes?
    /// `pipefail` was set when it was started.
    var hasPipefail = false

    public enum State { case running, stopped, done }

    public var state: State {
        var isStopped = false
        for process in processes {
            guard let status = process.status else { return .running }
            if status.isStopped { isStopped = true }
        }
        return isStopped ? .stopped : .done
    }

    /// How the job ended, by its last process (or with `pipefail` the last that failed), or what stopped it; nil while it runs.
    public var status: WaitStatus? {
        switch state {
        case .running: return nil
        case .stopped: return processes.last { $0.status?.isStopped ?? false }?.status
        case .done:
            if hasPipefail, let failed = processes.last(where: { $0.status?.rawValue != 0 }) { return failed.status }
            return processes.last?.status
        }
    }

    /// `$!` of it.
    public var lastPid: Int32 { processes.last?.pid ?? 0 }
}

/// The jobs of this shell, by number.
public struct JobTable {
    /// By rising number.
    public internal(set) var jobs: [Job] = []
    /// `%+` and `%-`: job numbers, or 0.
    public internal(set) var current = 0
    public internal(set) var previous = 0
    /// Statuses of jobs that are in the table no more, for `wait`: newest last.
    private var remembered: [(pid: Int32, status: Int32)] = []
    /// In a forked child the jobs are its parent's: to be listed, not waited for.
    public internal(set) var isInherited = false
    /// The number of jobs at which those that ended are looked for.
    private var sweepSize = 128

    public init() {}

    /// Room for the processes of a job that is about to be made.
    private var next: [JobProcess] = []

    /// To be called before a fork whose child adds a job: the runtime makes the types here, once, and not in each child.
    mutating func prepare() {
        if jobs.capacity == 0 { jobs.reserveCapacity(4) }
        if next.capacity == 0 { next.reserveCapacity(1) }
    }

    /// Adds a job and makes it the current one; its number.
    mutating func add(_ processes: [JobProcess], group: Int32, command: Text, hasPipefail: Bool = false) -> Int {
        if isInherited {
            jobs = []
            isInherited = false
            current = 0
            previous = 0
        }
        let number = (jobs.last?.number ?? 0) + 1
        jobs.append(
            Job(number: number, group: group, processes: processes, command: command, hasPipefail: hasPipefail))
        makeCurrent(number)
        return number
    }

    /// So many jobs that it is time to drop some.
    var isFull: Bool { jobs.count >= sweepSize }

    /// Drops jobs that ended, but for their statuses.
    mutating func sweep() {
        for index in jobs.indices.reversed() where jobs[index].state == .done { retire(at: index) }
        sweepSize = max(128, jobs.count * 2)
    }

    public mutating func makeCurrent(_ number: Int) {
        if current != number {
            previous = current
            current = number
        }
    }

    public func index(ofNumber number: Int) -> Int? { jobs.lastIndex { $0.number == number } }

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

    /// Removes a job that ended and keeps its status for `wait`.
    public mutating func retire(at index: Int) {
        let job = jobs[index]
        if let status = job.status, job.lastPid > 0 {
            if remembered.count >= 8192 { remembered.removeFirst(4096) }
            remembered.append((job.lastPid, status.shellStatus))
        }
        remove(at: index)
    }

    /// The status of a job that was retired; nil when it is not known, or was asked for before.
    public mutating func takeRemembered(_ pid: Int) -> Int32? {
        guard let index = remembered.lastIndex(where: { Int($0.pid) == pid }) else { return nil }
        return remembered.remove(at: index).status
    }

    /// Notes what wait said of a process.
    mutating func note(_ child: System.Child) {
        guard let index = index(ofPid: child.pid) else { return }
        for place in jobs[index].processes.indices where jobs[index].processes[place].pid == child.pid {
            jobs[index].processes[place].status = child.status.isContinued ? nil : child.status
        }
        jobs[index].isChanged = jobs[index].state != .running
        if child.status.isStopped { makeCurrent(jobs[index].number) }
    }

    /// The processes of the job that still run are gone without our seeing how.
    mutating func noteLost(at index: Int) {
        for place in jobs[index].processes.indices where jobs[index].processes[place].status == nil {
            jobs[index].processes[place].status = WaitStatus(rawValue: 127 << 8)
        }
    }

    /// The job was sent SIGCONT, or will end: it counts as running.
    public mutating func noteContinued(at index: Int) {
        for place in jobs[index].processes.indices where jobs[index].processes[place].status?.isStopped ?? false {
            jobs[index].processes[place].status = nil
        }
        jobs[index].isChanged = false
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

    /// Waits until the job at `index` is done, or stopped under job control. Its status; nil when a trapped signal came first
    /// (then `status` is 128 + its number).
    public func waitForJob(at index: Int) -> Int32? {
        let number = jobs.jobs[index].number
        while let place = jobs.index(ofNumber: number) {
            let state = jobs.jobs[place].state
            if state == .done || state == .stopped && options.contains(.monitor) {
                return jobs.jobs[place].status?.shellStatus ?? 0
            }
            do throws(Errno) {
                guard let child = try System.waitInterruptible(-1, [.stopped, .continued]) else { return 127 }
                jobs.note(child)
                // A signal that came first counts, though the system reports the child first.
                if let signal = pendingTrappedSignal(), signal != Signal.child.rawValue {
                    status = 128 + signal
                    return nil
                }
            } catch {
                if error != .interrupted {
                    // No children are left.
                    jobs.noteLost(at: place)
                } else if let signal = pendingTrappedSignal() {
                    status = 128 + signal
                    return nil
                }
            }
        }
        return 127
    }

    /// Waits until one of the jobs in `numbers` is done (`wait -n`): its place, or -1 when there is none of them; nil as above.
    public func waitForAny(_ numbers: [Int]) -> Int? {
        while true {
            let places = jobs.jobs.indices.filter { numbers.contains(jobs.jobs[$0].number) }
            if places.isEmpty { return -1 }
            if let place = places.first(where: { jobs.jobs[$0].state == .done }) { return place }
            do throws(Errno) {
                guard let child = try System.waitInterruptible(-1, [.stopped, .continued]) else { return -1 }
                jobs.note(child)
            } catch {
                if error != .interrupted {
                    for place in places { jobs.noteLost(at: place) }
                } else if let signal = pendingTrappedSignal() {
                    status = 128 + signal
                    return nil
                }
            }
        }
    }

    /// `[1] + Stopped (SIGTSTP)    command`, without a newline (XCU jobs).
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
            if let status = job.status {
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
        repeat { line.append(32) } while line.count < 28
        line.append(job.command)
        return line.text(from: 0)
    }
}
