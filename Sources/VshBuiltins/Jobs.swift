// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `jobs`, `fg`, `bg` and `wait`.
func registerJob(_ shell: Shell) {
    shell.register("jobs", .intrinsic, synopsis: "[-l|-p] [%job...]", summary: "List the jobs.", function: jobs)
    shell.register(
        "fg", .intrinsic, synopsis: "[%job]", summary: "Continue a job in the foreground.", function: foreground)
    shell.register(
        "bg", .intrinsic, synopsis: "[%job...]", summary: "Continue stopped jobs in the background.",
        function: background)
    shell.register(
        "wait", .intrinsic, synopsis: "[-n] [-p name] [pid|%job...]",
        summary: "Wait until jobs, or all of them, are done; with -n until one is.",
        function: wait)
    shell.register(
        "disown", .extension_, synopsis: "[-ahr] [%job...]",
        summary: "Forget jobs, so that the shell neither lists them nor ends them with itself.", function: disown)
}

extension Shell {
    /// The place of the job that an operand names, or nil after a message.
    func job(_ arguments: Arguments, _ operand: Text) -> Int? {
        var isAmbiguous = false
        if let index = findJob(operand, isAmbiguous: &isAmbiguous) { return index }
        if operand.isEmpty {
            report(arguments, "there is no job")
        } else {
            report(arguments, operand, isAmbiguous ? "more than one job begins so" : "no such job")
        }
        return nil
    }

    /// Whether the jobs in the table are children of this environment.
    var ownsJobs: Bool { !isVirtualSubshell && !jobs.isInherited }

    /// Sends a signal to a job, for `kill`: nil, or why that failed.
    func signalJob(_ operand: Text, _ signal: Signal) -> String? {
        var isAmbiguous = false
        guard let index = findJob(operand, isAmbiguous: &isAmbiguous) else {
            return isAmbiguous ? "more than one job begins so" : "no such job"
        }
        let job = jobs.jobs[index]
        do throws(Errno) {
            if job.group != 0 {
                try Signals.send(signal, to: -job.group)
            } else {
                for process in job.processes where !process.isDone { try Signals.send(signal, to: process.pid) }
            }
            // A stopped job goes on to meet its end.
            if job.state == .stopped {
                switch signal {
                case .terminate, .hangup: _ = continueJob(at: index, inForeground: false)
                case .kill, .continue: jobs.noteContinued(at: index)
                default: break
                }
            }
        } catch {
            return error.message
        }
        return nil
    }
}

private func jobs(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var (isLong, showsGroups) = (false, false)
    while let option = options.next(shell, arguments, "lp") {
        isLong = option == 108
        showsGroups = option == 112
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    shell.pollJobs()
    var selected: [Int] = []
    if options.index == arguments.count {
        selected = Array(shell.jobs.jobs.indices)
    } else {
        for index in options.index..<arguments.count {
            if let place = shell.job(arguments, shell.argument(arguments, index)) {
                selected.append(place)
            } else {
                shell.status = 1
            }
        }
    }
    for place in selected {
        if showsGroups {
            let job = shell.jobs.jobs[place]
            shell.output.append(decimal: Int(job.group != 0 ? job.group : job.processes.first?.pid ?? 0))
        } else if let text = shell.describeJob(at: place, isLong: isLong) {
            shell.output.append(text)
        }
        shell.output.append(10)
    }
    // What has been told of is forgotten (XCU jobs).
    if shell.ownsJobs && !showsGroups {
        for place in Set(selected).sorted(by: >) where shell.jobs.jobs[place].state == .done {
            shell.jobs.remove(at: place)
        }
    }
    return .normal
}

private func foreground(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    try resume(shell, arguments, inForeground: true)
}

private func background(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    try resume(shell, arguments, inForeground: false)
}

private func resume(_ shell: Shell, _ arguments: Arguments, inForeground: Bool) throws(ShellError) -> Flow {
    var options = OptionReader()
    while options.next(shell, arguments, "") != nil {}
    if options.isStopped { return try shell.endUsage(arguments) }
    if !shell.options.contains(.monitor) || !shell.ownsJobs {
        return try shell.fail(arguments, "no job control in this shell")
    }
    if inForeground && options.index + 1 < arguments.count {
        return try shell.usageError(arguments, "too many operands")
    }
    shell.status = 0
    shell.pollJobs()
    for index in options.index..<max(options.index + 1, arguments.count) {
        let operand = index < arguments.count ? shell.argument(arguments, index) : Text()
        guard let place = shell.job(arguments, operand) else {
            shell.status = 1
            continue
        }
        let job = shell.jobs.jobs[place]
        if job.state == .done {
            shell.report(arguments, operand, "the job has ended")
            shell.status = 1
            continue
        }
        if !inForeground {
            shell.output.append(91)
            shell.output.append(decimal: job.number)
            shell.output.append("] ")
        }
        shell.output.append(job.command)
        shell.output.append(10)
        shell.flushOutputNow()
        shell.status = shell.continueJob(at: place, inForeground: inForeground)
    }
    return .normal
}

private func wait(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var waitsForOne = false
    var variable: Text?
    let known: StaticString = shell.options.contains(.posix) ? "" : "np:"
    while let option = options.next(shell, arguments, known) {
        if option == 112 { variable = options.value } else { waitsForOne = true }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    if let variable {
        guard let reference = try shell.reference(variable) else {
            return try shell.fail(arguments, variable, "not a variable name", status: 1)
        }
        try shell.unset(reference)
    }
    if waitsForOne { return try waitForOne(shell, arguments, options.index, variable) }
    if let variable, options.index < arguments.count {
        let last = shell.argument(arguments, arguments.count - 1)
        let place = last[0] == 37 ? shell.job(arguments, last) : nil
        let pid = place.flatMap { shell.jobs.jobs[$0].processes.last.map { Int($0.pid) } } ?? last.decimalInteger
        if let pid { try shell.assign(shell.intern(variable), Text(decimal: pid)) }
    }
    shell.status = 0
    if options.index == arguments.count {
        if !shell.ownsJobs { return .normal }
        // A stopped job is passed over: it would not end.
        var place = 0
        while place < shell.jobs.jobs.count {
            let number = shell.jobs.jobs[place].number
            if shell.waitForJob(at: place) == nil { return .normal }
            guard let now = shell.jobs.index(ofNumber: number) else { continue }
            if shell.jobs.jobs[now].state == .done { shell.jobs.remove(at: now) } else { place = now + 1 }
        }
        shell.status = 0
        return .normal
    }
    var status: Int32 = 0
    for index in options.index..<arguments.count {
        let operand = shell.argument(arguments, index)
        var place: Int?
        if !operand.isEmpty && operand[0] == 37 {
            place = shell.job(arguments, operand)
        } else if let pid = operand.decimalInteger, let pid = Int32(exactly: pid), pid >= 0 {
            place = shell.jobs.index(ofPid: pid)
        } else {
            shell.report(arguments, operand, "not a process or job")
            status = 2
            continue
        }
        guard let place, shell.ownsJobs else {
            status = (shell.ownsJobs ? shell.jobs.takeRemembered(operand.decimalInteger ?? -1) : nil) ?? 127
            continue
        }
        guard let ended = try wait(shell, place, pid: operand.decimalInteger) else { return .normal }
        status = ended
    }
    shell.status = status
    return .normal
}

/// Waits for a job, which is then forgotten; its status or that of its process `pid`. nil after a signal.
private func wait(_ shell: Shell, _ place: Int, pid: Int?) throws(ShellError) -> Int32? {
    let number = shell.jobs.jobs[place].number
    guard let status = shell.waitForJob(at: place) else { return nil }
    guard let now = shell.jobs.index(ofNumber: number) else { return status }
    let job = shell.jobs.jobs[now]
    if job.state == .done { shell.jobs.remove(at: now) }
    if let pid, let own = job.processes.first(where: { Int($0.pid) == pid })?.status { return own.shellStatus }
    return status
}

/// `wait -n`: the status of the job that ends first, of those named or of all; 127 when there is none.
private func waitForOne(
    _ shell: Shell, _ arguments: Arguments, _ first: Int, _ variable: Text?
) throws(ShellError) -> Flow {
    shell.status = 127
    if !shell.ownsJobs { return .normal }
    var numbers: [Int] = []
    for index in first..<arguments.count {
        let operand = shell.argument(arguments, index)
        if !operand.isEmpty && operand[0] == 37 {
            if let place = shell.job(arguments, operand) { numbers.append(shell.jobs.jobs[place].number) }
        } else if let pid = operand.decimalInteger, let pid = Int32(exactly: pid), pid > 0 {
            if let place = shell.jobs.index(ofPid: pid) { numbers.append(shell.jobs.jobs[place].number) }
        } else {
            shell.report(arguments, operand, "not a process or job")
        }
    }
    if first == arguments.count { numbers = shell.jobs.jobs.map(\.number) }
    guard let place = shell.waitForAny(numbers), place >= 0 else { return .normal }
    shell.status = shell.jobs.jobs[place].status?.shellStatus ?? 127
    if let variable, let pid = shell.jobs.jobs[place].processes.last?.pid {
        try shell.assign(shell.intern(variable), Text(decimal: Int(pid)))
    }
    shell.jobs.remove(at: place)
    return .normal
}

private func disown(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var isAll = false
    while let option = options.next(shell, arguments, "ahr") { if option != 104 { isAll = true } }
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    if isAll && options.index == arguments.count {
        while !shell.jobs.jobs.isEmpty { shell.jobs.remove(at: 0) }
        return .normal
    }
    let operands = options.index == arguments.count ? [Text()] : []
    for operand in operands + (options.index..<arguments.count).map({ shell.argument(arguments, $0) }) {
        let place = operand.decimalInteger.flatMap { shell.jobs.index(ofPid: Int32(truncatingIfNeeded: $0)) }
        guard let index = place ?? shell.job(arguments, operand) else {
            shell.status = 1
            continue
        }
        shell.jobs.remove(at: index)
    }
    return .normal
}
