// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshSyntax
import VshSystem

/// What a virtual subshell puts back when it is left, besides what is on the trails.
struct SubshellState {
    let epoch: UInt32
    let variableMark: Int
    let stateMark: Int
    let options: ShellOptions
    let paramBase: Int
    let paramCount: Int
    let paramFrame: Int
    let paramFloor: Int
    let paramMark: Int
    let loopDepth: Int
    let dotDepth: Int
    let getoptsPlace: Int
    let getoptsIndex: Int
    let lastBackgroundPid: Int32
    let directoryDirty: Bool
    let savedDirectory: Int32
    let workingDirectory: Text
    let umaskDirty: Bool
    let position: Int32
    let errexitIgnored: Int
    let isExiting: Bool
    let random: UInt64
    let trapEntryStatus: Int32?
}

extension Shell {
    /// A subshell environment (XCU 2.13) without a process: what changes in it is put back when it is left.
    @inline(__always)
    func enterSubshell() -> SubshellState {
        let state = SubshellState(
            epoch: epoch, variableMark: variableTrail.count, stateMark: stateTrail.count, options: options,
            paramBase: paramBase,
            paramCount: paramCount, paramFrame: paramFrame, paramFloor: paramFloor, paramMark: params.count,
            loopDepth: loopDepth,
            dotDepth: dotDepth, getoptsPlace: getoptsPlace, getoptsIndex: getoptsIndex,
            lastBackgroundPid: lastBackgroundPid, directoryDirty: workingDirectoryDirty, savedDirectory: savedDirectory,
            workingDirectory: workingDirectory, umaskDirty: umaskDirty, position: currentPosition,
            errexitIgnored: errexitIgnored, isExiting: isExiting, random: random, trapEntryStatus: trapEntryStatus)
        epoch = nextEpoch
        nextEpoch &+= 1
        subshellDepth &+= 1
        paramFloor = params.count
        loopDepth = 0
        workingDirectoryDirty = false
        savedDirectory = -1
        umaskDirty = false
        isExiting = false
        trapEntryStatus = nil
        return state
    }

    @inline(__always)
    func leaveSubshell(_ state: SubshellState) {
        if variableTrail.count > state.variableMark { restoreVariables(to: state.variableMark) }
        if stateTrail.count > state.stateMark { restoreState(to: state.stateMark) }
        if workingDirectoryDirty || umaskDirty { restoreProcessState(state) }
        epoch = state.epoch
        subshellDepth &-= 1
        options = state.options
        paramBase = state.paramBase
        paramCount = state.paramCount
        paramFrame = state.paramFrame
        paramFloor = state.paramFloor
        params.pop(to: state.paramMark)
        loopDepth = state.loopDepth
        dotDepth = state.dotDepth
        getoptsPlace = state.getoptsPlace
        getoptsIndex = state.getoptsIndex
        lastBackgroundPid = state.lastBackgroundPid
        workingDirectoryDirty = state.directoryDirty
        savedDirectory = state.savedDirectory
        umaskDirty = state.umaskDirty
        currentPosition = state.position
        errexitIgnored = state.errexitIgnored
        isExiting = state.isExiting
        random = state.random
        trapEntryStatus = state.trapEntryStatus
    }

    /// Whether the present environment is a subshell without a process of its own.
    @inline(__always)
    public var isVirtualSubshell: Bool { subshellDepth != processDepth }

    @inline(never)
    private func restoreVariables(to mark: Int) {
        while variableTrail.count > mark {
            let change = variableTrail.removeLast()
            let flags = variables[change.symbol].flags.union(change.old.flags)
            variables[change.symbol] = change.old
            if flags.contains(.exported) { environmentIsStale = true }
            if flags.contains(.watched) {
                let place = getoptsPlace
                variableChanged(change.symbol)
                getoptsPlace = place
            }
        }
    }

    @inline(never)
    private func restoreState(to mark: Int) {
        while stateTrail.count > mark {
            switch stateTrail.removeLast() {
            case .function(let symbol, let body): functions[symbol] = body
            case .alias(let symbol, let text): aliases[symbol] = text
            case .trap(let number, let entry):
                traps.replace(number, entry)
                traps.uniformLevel = -1
                if number > 64 { updateCommandTraps() }
            case .descriptor(let descriptor, let old): restoreDescriptor(descriptor, old)
            case .commandPath(let symbol, let path): commandPaths[symbol] = path
            // Those of functions that the subshell called are gone.
            case .localVariable(let index, let change): if index < localTrail.count { localTrail[index] = change }
            }
        }
    }

    @inline(never)
    private func restoreProcessState(_ state: SubshellState) {
        if workingDirectoryDirty {
            do throws(Errno) {
                try System.changeDirectory(descriptor: savedDirectory)
            } catch {
                report("cannot go back to the working directory: ", error.message)
            }
            try? System.close(savedDirectory)
            workingDirectory = state.workingDirectory
            files.didChangeDirectory()
        }
        if umaskDirty { _ = System.setFileModeMask(savedMask) }
    }

    /// Sets the file mode creation mask of this environment.
    public func setFileCreationMask(_ mask: UInt32) {
        let old = System.setFileModeMask(mask)
        if isVirtualSubshell && !umaskDirty {
            umaskDirty = true
            savedMask = old
        }
    }

    /// To be called before the working directory changes.
    func willChangeDirectory() {
        if !isVirtualSubshell || workingDirectoryDirty { return }
        if let descriptor = try? System.open(".", [.path, .directory, .closeOnExec]) {
            noteOpened(descriptor)
            savedDirectory = descriptor
            workingDirectoryDirty = true
        }
    }

    /// Runs a command in a subshell environment; `status` is its exit status. Only an interruption is thrown on.
    @inline(__always)
    func runInSubshell(_ code: Code, _ node: Int32) throws(ShellError) {
        let state = enterSubshell()
        let undoMark = descriptorUndo.count
        let fieldMark = fields.count
        let localMark = localTrail.count
        let depth = redirectionDepth
        do throws(ShellError) {
            _ = try run(code, node, tail: true)
        } catch {
            status = error.status
            fields.pop(to: fieldMark)
            while descriptorUndo.count > undoMark { endRedirections(to: descriptorUndo.count - 1) }
            redirectionDepth = depth
            while localTrail.count > localMark { _ = localTrail.removeLast() }
            if error.kind == .interrupted {
                leaveSubshell(state)
                throw error
            }
        }
        if traps.exitLevel == subshellDepth { runExitTrap() }
        if isForkedChild && subshellDepth == processDepth { endProcess() }
        leaveSubshell(state)
    }

    /// Turns the present virtual subshell into a process: returns in the child, which runs the rest of the subshell.
    ///
    /// The parent gathers what the child writes to captures, waits for it, and throws to the boundary of the subshell.
    public func becomeProcess() throws(ShellError) {
        if !isVirtualSubshell { return }
        let pipes = try openCapturePipes(alsoHidden: true)
        prepareDescriptorsForProcess()
        // The EXIT trap of this subshell is the child's, which ends it.
        let exitTrap = traps.exitLevel == subshellDepth ? traps.entries[0] : nil
        let pid = try forkProcess(role: .sharedOperation)
        if pid == 0 {
            processDepth = subshellDepth
            if exitTrap != nil { traps.replace(0, exitTrap) }
            useCapturePipes(pipes)
            workingDirectoryDirty = false
            umaskDirty = false
            return
        }
        gather(pipes)
        status = waitForChild(pid)
        if exitTrap != nil { isExiting = true }
        throw ShellError(.continuedElsewhere, status: status)
    }

    /// Runs `body` in a process of its own, whose exit status becomes `status`: what it sets does not reach this shell.
    public func runInProcess(_ body: () -> Void) throws(ShellError) {
        let pipes = try openCapturePipes()
        prepareDescriptorsForProcess()
        let pid = try forkProcess(role: .sharedOperation)
        if pid == 0 {
            useCapturePipes(pipes)
            body()
            endProcess()
        }
        gather(pipes)
        status = waitForChild(pid)
    }

    /// The same with files of its own. Nil: it ran; else why it could not, and nothing was done.
    public func run(_ trial: Trial, _ body: () -> Void) throws(ShellError) -> String? {
        let pipes = try openCapturePipes()
        prepareDescriptorsForProcess()
        let pid = try forkProcess(role: .sharedOperation, isOutside: trial.startsOutside)
        if pid == 0 {
            useCapturePipes(pipes)
            if !trial.enter() { System.exit(1) }
            body()
            endProcess()
        }
        let obstacle = trial.begin()
        gather(pipes)
        let result = waitForChild(pid)
        if obstacle == nil { status = result }
        return obstacle
    }

    /// Before a program is started in a virtual subshell: a signal that it sends to its parent must do what it does to a
    /// subshell, not what it does to a shell that has traps or is interactive. The program that ends a subshell takes its
    /// place, and has no parent in it.
    @inline(__always)
    func becomeParent() throws(ShellError) {
        if isVirtualSubshell && (traps.signalCommands > 0 || isInteractive) { try becomeProcess() }
    }

    /// Forks with all that has to be in order first. 0 in the child.
    /// - Parameters:
    ///   - isJob: the child is a process of a job: the terminal may stop it, after `enterJob`. Otherwise it could not be continued.
    ///   - isOutside: the child is to be one of a thread that is not confined.
    ///   - ignored: signals that are ignored in the child, until it uses `trap`.
    func forkProcess(
        role: ForkRole, isJob: Bool = false, isOutside: Bool = false, ignored: SignalSet = []
    ) throws(ShellError) -> Int32 {
        flushOutput(from: outputMark)
        files.willFork()
        let defaults = traps.defaultInChildren.subtracting(Shell.stopSignals)
        stopsOfJob = isJob ? traps.defaultInChildren.intersection(Shell.stopSignals) : []
        do throws(Errno) {
            let kept = ignored.union(traps.ignoredInChildren)
            let pid =
                isOutside
                ? try Isolation.forkOutside(resetSignals: defaults, ignoredSignals: kept)
                : try System.fork(resetSignals: defaults, ignoredSignals: kept)
            if let pid { return pid }
        } catch {
            report("cannot fork: ", error.message)
            throw ShellError(.expansion, status: 2)
        }
        isForkedChild = true
        if isInteractive { changesIgnoredSignals = true }
        inputBuffer.didFork()
        ownDescriptors()
        options.subtract([.interactive, .monitor])
        heldSignals = []
        traps.didFork(ignored: ignored)
        jobs.didFork()
        files.didFork(role)
        return 0
    }

    /// In a forked child: what descriptors lead to is its own, and closed when `exec` leads them elsewhere, so that whoever reads
    /// the other end of a pipe sees its end.
    private func ownDescriptors() {
        for descriptor in 0..<descriptors.count where descriptors[descriptor].real > 2 {
            let real = descriptors[descriptor].real
            if real == Int32(descriptor) { continue }
            var isFirst = true
            for earlier in 0..<descriptor where descriptors[earlier].real == real { isFirst = false }
            descriptors[descriptor].isOwned = isFirst
        }
    }

    /// Ends a forked child: its exit trap, its output, and no step further.
    func endProcess() -> Never {
        if needsAttention { runLastTraps() }
        runExitTrap()
        flushOutput(from: outputMark)
        files.noteNeeds()
        files.endOperation(status: status)
        System.exit(status)
    }

    // MARK: captures read through pipes

    /// A pipe for each capture that a descriptor leads to.
    struct CapturePipe {
        let level: Int
        let read: Int32
        let write: Int32
    }

    /// A descriptor other than standard output leads to a capture too: `$(… 2>&1)`.
    var capturesAnotherDescriptor: Bool {
        if captures.isEmpty { return false }
        for descriptor in 0..<descriptors.count where descriptor != 1 && descriptors[descriptor].isCapture {
            return true
        }
        return false
    }

    /// - Parameter alsoHidden: for captures too that descriptors lead to again when redirections end.
    func openCapturePipes(alsoHidden: Bool = false) throws(ShellError) -> [CapturePipe] {
        if captures.isEmpty { return [] }
        var pipes: [CapturePipe] = []
        for descriptor in 0..<descriptors.count { try openCapturePipe(descriptors[descriptor], &pipes) }
        if alsoHidden {
            for index in 0..<descriptorUndo.count { try openCapturePipe(descriptorUndo[index].old, &pipes) }
        }
        return pipes
    }

    /// Adds a pipe for the capture that `entry` leads to, when it does and there is none.
    private func openCapturePipe(_ entry: DescriptorEntry, _ pipes: inout [CapturePipe]) throws(ShellError) {
        if !entry.isCapture { return }
        let level = Shell.captureLevel(entry.real)
        if pipes.contains(where: { $0.level == level }) { return }
        do throws(Errno) {
            let ends = try System.pipe()
            noteOpened(ends.read)
            noteOpened(ends.write)
            pipes.append(CapturePipe(level: level, read: ends.read, write: ends.write))
        } catch {
            for pipe in pipes { closePipe(pipe) }
            report("cannot make a pipe: ", error.message)
            throw ShellError(.expansion, status: 2)
        }
    }

    private func closePipe(_ pipe: CapturePipe) {
        try? System.close(pipe.read)
        try? System.close(pipe.write)
    }

    /// In a forked child: descriptors that led to captures lead to the pipes.
    func useCapturePipes(_ pipes: [CapturePipe]) {
        for pipe in pipes {
            try? System.close(pipe.read)
            let code = Int32(-2 - pipe.level)
            var entry = DescriptorEntry(real: pipe.write, isOwned: true, isVerified: true)
            // The oldest entry owns the pipe: it is the last that comes back.
            for index in 0..<descriptorUndo.count where descriptorUndo[index].old.real == code {
                descriptorUndo[index].old = entry
                entry.isOwned = false
            }
            for descriptor in 0..<descriptors.count where descriptors[descriptor].real == code {
                descriptors[descriptor] = entry
                entry.isOwned = false
            }
        }
        // What was gathered so far is the parent's.
        outputMark = output.count
        while captures.count > 0 { _ = captures.removeLast() }
    }

    /// In the parent: reads the pipes to their ends and adds what comes to the captures.
    func gather(_ pipes: [CapturePipe]) {
        for pipe in pipes { try? System.close(pipe.write) }
        if pipes.count == 1, pipes[0].level == captures.count - 1 {
            readAll(pipes[0].read)
            try? System.close(pipes[0].read)
            outputMark = output.count
            return
        }
        var open = pipes
        files.handOverProgram()
        while !open.isEmpty {
            // Whichever has something; a short wait in turn keeps a writer to one from blocking on the other.
            for index in open.indices.reversed() {
                let mark = output.count
                let isEnd = !readSome(open[index].read, wait: open.count == 1)
                let text = output.text(from: mark)
                output.pop(to: mark)
                if !text.isEmpty { insertCaptured(text, level: open[index].level) }
                if isEnd {
                    try? System.close(open[index].read)
                    open.remove(at: index)
                }
            }
        }
        outputMark = output.count
    }

    /// Appends all that can be read from `real` to `output`.
    func readAll(_ real: Int32) {
        while readSome(real, wait: true) {}
    }

    /// Appends what is there to `output`; false at the end of input.
    private func readSome(_ real: Int32, wait: Bool) -> Bool {
        if !wait, let count = try? System.readableBytes(real), count == 0,
            (try? System.waitReady(real, .readable, timeout: 5_000_000)) == nil
        {
            return true
        }
        var isEnd = false
        if wait { files.watchProgram(-1, descriptor: real) }
        output.append(unfilled: 65536) { space in
            while true {
                do throws(Errno) {
                    let count = try System.read(real, into: UnsafeMutableRawBufferPointer(space))
                    if count == 0 { isEnd = true }
                    return count
                } catch {
                    if error == .interrupted { continue }
                    isEnd = true
                    return 0
                }
            }
        }
        return !isEnd
    }
}
