// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshSyntax
import VshSystem

extension Shell {
    /// `a | b | c` (XCU 2.9.2): programs are spawned, other stages forked; the last one runs here as a virtual subshell, or
    /// where a forked child ends with the pipeline as that child itself.
    func runPipeline(_ code: Code, _ index: Int32, tail: Bool) throws(ShellError) -> Flow {
        try becomeParent()
        // Stages write to the capture at the same time as this shell, which could not read what they write.
        if capturesAnotherDescriptor { try becomeProcess() }
        let node = code.nodes[index]
        let usesJobControl = self.usesJobControl
        let endsHere = tail && isForkedChild && !isVirtualSubshell && traps.isEmpty
        var flow = Flow.normal
        let terminal = usesJobControl ? foregroundTerminal : -1
        var stages: [JobProcess] = []
        var input: Int32 = -1
        var group: Int32 = 0
        var failure: ShellError?
        for place in 0..<node.n {
            let child = code.ints[node.a &+ place]
            let isLast = place == node.n &- 1
            var ends: (read: Int32, write: Int32) = (-1, -1)
            if heldSignals.contains(Shell.commandTrapBit) {
                do throws(ShellError) { flow = try attendStage(code, child) } catch { failure = error }
                if flow != .normal || failure != nil { break }
            }
            if !isLast {
                do throws(Errno) {
                    ends = try System.pipe()
                    noteOpened(ends.read)
                    noteOpened(ends.write)
                } catch {
                    report("cannot make a pipe: ", error.message)
                    failure = ShellError(.expansion, status: 2)
                    break
                }
            }
            let mark = descriptorUndo.count
            redirectionDepth += 1
            if input >= 0 { redirect(0, to: DescriptorEntry(real: input, isVerified: true)) }
            if !isLast { redirect(1, to: DescriptorEntry(real: ends.write, isVerified: true)) }
            do throws(ShellError) {
                var pid: Int32 = 0
                if isLast && endsHere {
                    loopDepth = 0
                    flow = try run(code, child, tail: !options.contains(.pipefail))
                } else if isLast && !usesJobControl {
                    try runInSubshell(code, child)
                } else if !usesJobControl, runsAhead(code.nodes[child]) {
                    pid = try runAhead(code, child, closing: ends.read)
                } else {
                    pid = try startStage(
                        code, child, group: usesJobControl ? group : -1, terminal: terminal, closing: ends.read)
                    if group == 0 { group = pid }
                }
                // A stage that has no process is over, with the present status.
                stages.append(JobProcess(pid: pid, status: pid > 0 ? nil : WaitStatus(exitCode: status)))
            } catch {
                failure = error
            }
            if inputBuffer.descriptor == input { inputBuffer.forget() }
            endRedirections(to: mark)
            if input >= 0 { try? System.close(input) }
            if !isLast { try? System.close(ends.write) }
            input = ends.read
            if failure != nil { break }
        }
        if input >= 0 { try? System.close(input) }
        if usesJobControl && group > 0 {
            status = waitForPipelineJob(commandText(code, index), stages, group, terminal)
        } else {
            wait(for: stages)
        }
        files.didRunProgram()
        files.explainFailure(status)
        if let failure { throw failure }
        return flow == .exited ? .exited : .normal
    }

    /// Waits for the stages without job control; `status` is the pipeline's.
    private func wait(for stages: [JobProcess]) {
        var result: Int32 = 0
        var statuses: [Int32] = []
        for (index, stage) in stages.enumerated() {
            let own = stage.pid > 0 ? waitForChild(stage.pid) : stage.status?.exitCode ?? 0
            statuses.append(own)
            if options.contains(.pipefail) ? own != 0 : index == stages.count - 1 { result = own }
        }
        status = result
        lastPipeline = PipelineStatuses(statuses: statuses, status: result)
    }

    /// Whether a stage is a builtin that reads nothing and changes nothing, so that it can run before the others start.
    private func runsAhead(_ node: Node) -> Bool {
        guard node.kind == .simpleCommand, node.b >= 0, functions[node.b] == nil, node.d == 0, node.e < 0,
            !node.flags.contains(.hasSubstitution)
        else { return false }
        let number = builtinNumber(node.b)
        return number >= 0 && builtinTable[Int(number)].traits.contains(.isPure)
    }

    /// Runs such a stage here, and leaves what it wrote in the pipe. A process writes what does not fit: its pid, else 0.
    private func runAhead(_ code: Code, _ index: Int32, closing: Int32) throws(ShellError) -> Int32 {
        let (outerMark, outerStatus, outerCount) = (outputMark, substitutionStatus, substitutionCount)
        try capture(code, index)
        let text = output.text(from: captures.last.mark)
        output.pop(to: captures.last.mark)
        _ = captures.removeLast()
        status = substitutionStatus
        (outputMark, substitutionStatus, substitutionCount) = (outerMark, outerStatus, outerCount)
        let capacity = text.count <= 4096 ? 4096 : (try? System.pipeCapacity(descriptors[1].real)) ?? 0
        if text.count <= capacity {
            _ = write(text, to: 1)
            return 0
        }
        prepareDescriptorsForProcess()
        let pid = try forkProcess(role: .sharedOperation)
        if pid == 0 {
            try? System.close(closing)
            useCapturePipes([])
            if write(text, to: 1) < 0 { status = 1 }
            endProcess()
        }
        return pid
    }

    /// Whether a command is a program, by its name.
    func isProgram(_ node: Node) -> Bool {
        node.kind == .simpleCommand && node.b >= 0 && functions[node.b] == nil && builtinNumber(node.b) < 0
    }

    /// Starts one stage as a process; its pid, or 0 when it could not be started (then `status` says why).
    private func startStage(
        _ code: Code, _ index: Int32, group: Int32, terminal: Int32, closing: Int32
    ) throws(ShellError) -> Int32 {
        let node = code.nodes[index]
        if isProgram(node), node.d == 0, node.e < 0, captures.isEmpty || descriptors[1].real >= 0 {
            return try spawnStage(code, node, group: group, terminal: terminal)
        }
        prepareDescriptorsForProcess()
        let pid = try forkProcess(role: .sharedOperation, isJob: group >= 0)
        if pid == 0 {
            if group >= 0 { enterJob(group: group, terminal) }
            if closing >= 0 { try? System.close(closing) }
            useCapturePipes([])
            finishInChild(code, index)
        }
        if group >= 0 { try? System.setProcessGroup(pid, group == 0 ? pid : group) }
        return pid
    }

    /// A stage that is a program: its words are expanded in a virtual subshell, then it is spawned.
    private func spawnStage(
        _ code: Code, _ node: Node, group: Int32, terminal: Int32
    ) throws(ShellError) -> Int32 {
        let state = enterSubshell()
        let mark = fields.count
        defer {
            fields.pop(to: mark)
            leaveSubshell(state)
        }
        currentPosition = node.position
        do throws(ShellError) {
            for word in node.a..<node.a &+ node.n { try expand(code, word) }
        } catch {
            status = error.status
            if error.kind == .interrupted { throw error }
            return 0
        }
        if options.contains(.xtrace) { trace(Arguments(base: mark, count: fields.count - mark)) }
        let arguments = Arguments(base: mark, count: fields.count - mark)
        guard let path = locate(arguments, node.b) else { return 0 }
        do throws(Errno) {
            return try spawn(path, arguments) { launch in
                if group == 0 {
                    launch.processGroup = .own
                    launch.terminal = terminal
                }
                if group > 0 { launch.processGroup = .join(group) }
            }
        } catch {
            spawnFailed(arguments, error)
            return 0
        }
    }

    /// In a forked child: runs the command and ends.
    func finishInChild(_ code: Code, _ index: Int32) -> Never {
        processDepth = subshellDepth
        loopDepth = 0
        do throws(ShellError) {
            _ = try run(code, index, tail: true)
        } catch {
            status = error.status
        }
        endProcess()
    }

    /// `command &` (XCU 2.9.3.1).
    func runBackground(_ code: Code, _ node: Node) throws(ShellError) {
        if isVirtualSubshell { try becomeProcess() }
        let usesJobControl = self.usesJobControl
        prepareDescriptorsForProcess()
        if isProgram(code.nodes[node.a]) { files.prepareForProgram(isWanted: options.contains(.record)) }
        let ignored: SignalSet = usesJobControl ? [] : SignalSet(.interrupt, .quit)
        let pid = try forkProcess(role: .ownOperation, isJob: usesJobControl, ignored: ignored)
        if pid == 0 {
            if usesJobControl {
                enterJob(group: 0, -1)
            } else {
                if let null = try? System.open("/dev/null", [.readOnly, .closeOnExec]) {
                    noteOpened(null)
                    descriptors[0] = DescriptorEntry(real: null, isOwned: true, isVerified: true)
                }
            }
            finishInChild(code, node.a)
        }
        if usesJobControl { try? System.setProcessGroup(pid, pid) }
        lastBackgroundPid = pid
        if jobs.isFull && !isInteractive && !jobs.isInherited {
            pollJobs()
            jobs.sweep()
        }
        let number = jobs.add(
            [JobProcess(pid: pid)], group: usesJobControl ? pid : 0, command: jobText(code, node))
        if isInteractive && !isForkedChild {
            var line = ByteStack(capacity: 32)
            line.append("[")
            line.append(decimal: number)
            line.append("] ")
            line.append(decimal: Int(pid))
            line.append(10)
            writeError(line)
        }
        status = 0
    }

    /// The source text of a background command, for `jobs`.
    private func jobText(_ code: Code, _ node: Node) -> Text {
        let start = Int(node.position)
        let end = Int(node.b)
        if start < 0 || end <= start || end > code.source.count { return Text() }
        var stop = end
        while stop > start, code.source.base[stop - 1] == 32 || code.source.base[stop - 1] == 10 { stop -= 1 }
        return Text(UnsafeBufferPointer(start: code.source.base + start, count: stop - start))
    }
}
