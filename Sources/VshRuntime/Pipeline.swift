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
                } else if isLast && !usesJobControl && runsLastStageHere {
                    flow = try run(code, child, tail: false)
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
        // For LINENO in the ERR trap.
        currentPosition = node.position
        files.didRunProgram()
        files.explainFailure(status)
        if let failure { throw failure }
        return flow == .exited || runsLastStageHere ? flow : .normal
    }

    /// `shopt -s lastpipe`
    private var runsLastStageHere: Bool { options.contains(.lastpipe) && !options.contains(.posix) }

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
            return try startProgram(code, node, .accompanied) { launch in
                if group == 0 {
                    launch.processGroup = .own
                    launch.terminal = terminal
                }
                if group > 0 { launch.processGroup = .join(group) }
            }
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

    /// Starts a program that nothing waits for: its words are expanded in a virtual subshell. Its pid, or 0 when it could not be started
    /// (then `status` says why).
    func startProgram(
        _ code: Code, _ node: Node, _ role: ProgramRole, configure: (inout Launch) -> Void
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
            return try spawn(path, arguments, role, configure: configure)
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
}
