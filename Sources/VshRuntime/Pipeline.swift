// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshSyntax
import VshSystem

extension Shell {
    /// `a | b | c` (XCU 2.9.2): programs are spawned, other stages forked; the last one runs here as a virtual subshell.
    func runPipeline(_ code: Code, _ node: Node) throws(ShellError) {
        let usesJobControl = options.contains(.monitor) && !isVirtualSubshell
        var pids: [Int32] = []
        var statuses: [Int32] = []
        var input: Int32 = -1
        var group: Int32 = 0
        var failure: ShellError?
        let lastIsHere = !usesJobControl
        for place in 0..<node.n {
            let child = code.ints[node.a &+ place]
            let isLast = place == node.n &- 1
            var ends: (read: Int32, write: Int32) = (-1, -1)
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
                if isLast && lastIsHere {
                    try runInSubshell(code, child)
                    statuses.append(status)
                    pids.append(0)
                } else {
                    let pid = try startStage(code, child, group: usesJobControl ? group : -1, closing: ends.read)
                    if group == 0 { group = pid }
                    pids.append(pid)
                    statuses.append(status)
                }
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
        if failure != nil, input >= 0 { try? System.close(input) }
        if usesJobControl {
            try waitForPipelineJob(code, node, pids, group, &statuses)
        } else {
            for (index, pid) in pids.enumerated() where pid > 0 { statuses[index] = waitForChild(pid) }
        }
        files.didRunProgram()
        if let failure { throw failure }
        status = statuses.last ?? 0
        if options.contains(.pipefail) {
            for stage in statuses where stage != 0 { status = stage }
        }
    }

    /// Starts one stage as a process; its pid, or 0 when it could not be started (then `status` says why).
    private func startStage(_ code: Code, _ index: Int32, group: Int32, closing: Int32) throws(ShellError) -> Int32 {
        let node = code.nodes[index]
        if node.kind == .simpleCommand, node.b >= 0, functions[node.b] == nil, builtinIndex[node.b] < 0, node.d == 0,
            node.e < 0,
            captures.isEmpty || descriptors[1].real >= 0
        {
            return try spawnStage(code, node, group: group)
        }
        let pipes = try openCapturePipes()
        prepareDescriptorsForProcess()
        let pid = try forkProcess(role: .sharedOperation)
        if pid == 0 {
            if group >= 0 {
                try? System.setProcessGroup(0, group)
                // The first stage takes the terminal before it can read from it.
                if group == 0 && terminalDescriptor >= 0 {
                    try? System.setForegroundGroup(terminalDescriptor, System.processGroup)
                }
            }
            if closing >= 0 { try? System.close(closing) }
            useCapturePipes(pipes)
            finishInChild(code, index)
        }
        if group >= 0 { try? System.setProcessGroup(pid, group == 0 ? pid : group) }
        // A stage that writes to a capture past the pipe is read when the pipeline is waited for.
        if !pipes.isEmpty { gather(pipes) }
        return pid
    }

    /// A stage that is a program: its words are expanded in a virtual subshell, then it is spawned.
    private func spawnStage(_ code: Code, _ node: Node, group: Int32) throws(ShellError) -> Int32 {
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
            let pipes: [CapturePipe] = []
            let pid = try spawn(path, arguments, pipes: pipes) { launch in
                if group >= 0 { launch.defaultSignals = Shell.jobSignals }
                if group == 0 {
                    launch.processGroup = .own
                    launch.terminal = terminalDescriptor
                }
                if group > 0 { launch.processGroup = .join(group) }
            }
            return pid
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
        let usesJobControl = options.contains(.monitor)
        prepareDescriptorsForProcess()
        let ignored: SignalSet = usesJobControl ? [] : [SignalSet(.interrupt), SignalSet(.quit)]
        let pid = try forkProcess(role: .ownOperation, ignored: ignored)
        if pid == 0 {
            if usesJobControl {
                try? System.setProcessGroup(0, 0)
            } else {
                traps.ignoreInherited(ignored)
                if let null = try? System.open("/dev/null", [.readOnly, .closeOnExec]) {
                    noteOpened(null)
                    descriptors[0] = DescriptorEntry(real: null, isOwned: true, isVerified: true)
                }
            }
            finishInChild(code, node.a)
        }
        if usesJobControl { try? System.setProcessGroup(pid, pid) }
        lastBackgroundPid = pid
        let text = jobText(code, node)
        let number = jobs.add(pids: [pid], group: usesJobControl ? pid : 0, command: text, isBackground: true)
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
