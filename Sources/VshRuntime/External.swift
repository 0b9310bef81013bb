// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshSyntax
import VshSystem

/// Starting programs.
extension Shell {
    /// Runs a program as a child, or in place of this process when nothing is left to do.
    public func runExternal(_ arguments: Arguments) throws(ShellError) -> Flow {
        try runExternal(arguments, symbol: symbols.find(argument(arguments, 0)) ?? -1, tail: false)
    }

    /// Runs a program, found as commands are, outside the sandbox.
    /// - Parameter isAllowed: is asked about the path that was found; no other is run.
    public func runOutsideSandbox(_ arguments: Arguments, isAllowed: (Text) -> Bool) throws(ShellError) -> Flow {
        guard let path = locate(arguments, -1) else { return .normal }
        if !isAllowed(path) {
            status = 1
            return .normal
        }
        return try files.outsideSandbox(path) { () throws(ShellError) in try runProgram(path, arguments) }
    }

    /// Runs the program at `path` with the words given.
    func runProgram(_ path: Text, _ arguments: Arguments) throws(ShellError) -> Flow {
        try start(path, arguments, symbol: -1, tail: false)
    }

    @inline(never)
    func runExternal(_ arguments: Arguments, symbol: Symbol, tail: Bool) throws(ShellError) -> Flow {
        guard let path = locate(arguments, symbol) else { return .normal }
        if typedCode != nil, currentCode === typedCode, files.leavesByItself(path) {
            return try files.outsideSandbox(path) { () throws(ShellError) in try runProgram(path, arguments) }
        }
        let canReplace =
            tail && !isVirtualSubshell && traps.isEmpty && captures.isEmpty && !files.explainsFailures
            && !options.contains(.monitor) && (options.contains(.record) ? files.canHandOver : !files.hasOpenChanges)
        if canReplace {
            files.willExec(status: 0)
            prepareDescriptorsForProcess()
            let error = exec(path, arguments)
            spawnFailed(arguments, error)
            return .normal
        }
        return try start(path, arguments, symbol: symbol, tail: tail)
    }

    private func start(_ path: Text, _ arguments: Arguments, symbol: Symbol, tail: Bool) throws(ShellError) -> Flow {
        if usesJobControl {
            try runForegroundJob(arguments, path)
            return .normal
        }
        if !tail { try becomeParent() }
        let pipes = try openCapturePipes()
        let pid: Int32
        do throws(Errno) {
            pid = try spawn(path, arguments, .awaited, pipes: pipes)
        } catch {
            for pipe in pipes {
                try? System.close(pipe.read)
                try? System.close(pipe.write)
            }
            if error == .noEntry, symbol >= 0, !commandPaths[symbol].isEmpty {
                // The remembered path is stale: search again.
                commandPaths[symbol] = Text()
                if let found = locateQuietly(argument(arguments, 0)), found != path {
                    return try runExternal(arguments, symbol: symbol, tail: false)
                }
            }
            spawnFailed(arguments, error)
            return .normal
        }
        if !pipes.isEmpty { gather(pipes) }
        files.watchProgram(pid)
        status = waitForChild(pid)
        files.didAwaitProgram()
        files.didRunProgram()
        files.explainFailure(status)
        return .normal
    }

    /// Waits for a foreground child and returns its status; other children stay as they are.
    func waitForChild(_ pid: Int32) -> Int32 {
        do throws(Errno) {
            guard let child = try System.waitForeground(pid) else { return 127 }
            noteDeath(child.status)
            return child.status.shellStatus
        } catch {
            return 127
        }
    }

    /// Signals by which the system ends a program that went wrong.
    private static var faults: SignalSet { SignalSet(.segmentation, .bus, .illegalInstruction, .arithmetic, .trap) }

    /// Says what a signal did to a foreground command, where the user would not know otherwise: in a script only faults.
    func noteDeath(_ status: WaitStatus) {
        if !status.wasSignaled || status.signal == .interrupt { return }
        if status.signal == .pipe || !isInteractive && !Shell.faults.contains(status.signal) { return }
        var line = ByteStack(capacity: 64)
        line.append(status.signal.description)
        if status.hasCore { line.append(" (core dumped)") }
        line.append(10)
        writeError(line)
    }

    /// The path of the program to run; nil after a message, with `status` 126 or 127.
    func locate(_ arguments: Arguments, _ symbol: Symbol) -> Text? {
        if symbol >= 0, !commandPaths[symbol].isEmpty { return commandPaths[symbol] }
        let name = argument(arguments, 0)
        switch searchPath(name) {
        case .found(let path):
            if symbol >= 0 && options.contains(.hashall) && name.withBytes({ !$0.contains(47) }) {
                commandPaths[symbol] = path
            }
            return path
        case .notExecutable:
            report(name: name, Errno.accessDenied.message)
            status = 126
            return nil
        case .missing:
            if name.withBytes({ $0.contains(47) }) {
                report(name: name, Errno.noEntry.message)
            } else if !(interactive?.commandNotFound(self, arguments) ?? false) {
                report(name: name, "command not found")
            }
            status = 127
            return nil
        }
    }

    private func locateQuietly(_ name: Text) -> Text? {
        if case .found(let path) = searchPath(name) { return path }
        return nil
    }

    func spawnFailed(_ arguments: Arguments, _ error: Errno) {
        report(name: argument(arguments, 0), error.message)
        status = error == .noEntry || error == .notDirectory ? 127 : 126
    }

    /// Fills `argumentVector` and the descriptor actions for a new process.
    private func prepareLaunch(_ arguments: Arguments, pipes: [CapturePipe], as newName: Text? = nil) {
        argumentVector.removeAll()
        argumentVector.append(newName ?? fields[arguments.base])
        for index in arguments.base + 1..<arguments.base + arguments.count { argumentVector.append(fields[index]) }
        prepareDescriptorsForProcess()
        descriptorActions.removeAll()
        for descriptor in 0..<descriptors.count {
            let entry = descriptors[descriptor]
            if entry.real == Int32(descriptor) && !entry.isOwned { continue }
            if entry.real >= 0 {
                descriptorActions.append(.duplicate(entry.real, to: Int32(descriptor)))
            } else if entry.real == -1 {
                descriptorActions.append(.close(Int32(descriptor)))
            } else {
                for pipe in pipes where entry.real == Int32(-2 - pipe.level) {
                    descriptorActions.append(.duplicate(pipe.write, to: Int32(descriptor)))
                }
            }
        }
    }

    /// Starts a program; the pid.
    func spawn(
        _ path: Text, _ arguments: Arguments, _ role: ProgramRole, pipes: [CapturePipe] = [],
        configure: (inout Launch) -> Void = { _ in }
    ) throws(Errno) -> Int32 {
        prepareLaunch(arguments, pipes: pipes)
        flushOutput(from: outputMark)
        do throws(Errno) {
            return try launch(path, role, configure) {
                (path, vector, environment, actions, launch) throws(Errno) -> Int32 in
                try System.spawn(
                    path, arguments: vector, environment: environment, actions: actions, launch)
            }
        } catch {
            if role == .awaited { files.didAwaitProgram() }
            if error == .accessDenied { files.noteUnrunnable(path) }
            throw error
        }
    }

    /// Puts a program in the place of this process; returns only when that fails.
    func exec(_ path: Text, _ arguments: Arguments, as newName: Text? = nil) -> Errno {
        prepareLaunch(arguments, pipes: [], as: newName)
        flushOutput(from: outputMark)
        do throws(Errno) {
            _ = try launch(path, .replacement, { _ in }) {
                (path, vector, environment, actions, launch) throws(Errno) -> Int32 in
                try System.exec(path, arguments: vector, environment: environment, actions: actions, launch)
            }
            return .noEntry
        } catch {
            if error == .accessDenied { files.noteUnrunnable(path) }
            return error
        }
    }

    @inline(__always)
    private func launch(
        _ path: Text, _ role: ProgramRole, _ configure: (inout Launch) -> Void,
        _ body: (
            UnsafePointer<CChar>, UnsafePointer<UnsafeMutablePointer<CChar>?>,
            UnsafePointer<UnsafeMutablePointer<CChar>?>, UnsafeBufferPointer<DescriptorAction>, Launch
        ) throws(Errno) -> Int32
    ) throws(Errno) -> Int32 {
        if environmentIsStale { buildEnvironment() }
        var launch = Launch()
        let self_: StaticString = "/proc/self/exe"
        let name: StaticString = options.contains(.posix) ? "sh" : "vsh"
        launch.interpreter = UnsafeRawPointer(self_.utf8Start).assumingMemoryBound(to: CChar.self)
        launch.interpreterName = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        configure(&launch)
        launch.defaultSignals = traps.defaultInChildren
        launch.ignoredSignals.formUnion(traps.ignoredInChildren)
        // The terminal may stop what takes the place of this process, although it is no job.
        if role != .replacement && launch.processGroup == .inherit { launch.defaultSignals.subtract(Shell.stopSignals) }
        if let reason = files.sandbox == nil ? nil : files.refusal(ofProgram: path) {
            report(name: path, reason)
            throw .permission
        }
        var recording: UnsafeMutablePointer<ProgramRecording>?
        if options.contains(.record) || files.sandbox != nil {
            let exempt = symbols.find(Text("VSH_NORECORD"))
            recording = files.willStartProgram(
                path, role, exempt: exempt.flatMap { isSet($0) ? value($0) : nil },
                isAlone: argumentVector.hasOnlyOptions, isWanted: options.contains(.record),
                startsStrictShell: FileSystem.isShell(path) && isAskedStrict)
            if let recording { launch.record(recording) }
            if recording == nil, files.mayNotStartProgram {
                report(name: path, "the sandbox cannot confine it: too few descriptors or processes")
                throw .permission
            }
            // Afterwards nobody could say it.
            if role == .replacement, let notice = files.takeNotice() { showNotice(notice) }
        }
        if recording == nil { files.confineProgram(&launch) }
        defer { if let recording { files.didStartProgram(recording) } }
        let vector = argumentVector.pointers()
        let environment = environmentVector.pointers()
        return try path.withCString { (path) throws(Errno) -> Int32 in
            try descriptorActions.withElements { (actions) throws(Errno) -> Int32 in
                try body(path, vector, environment, actions, launch)
            }
        }
    }

    /// Whether a vsh that is started with `argumentVector` is to be one of the level `strict`.
    private var isAskedStrict: Bool {
        if argumentVector.contains("--sandbox=strict") { return true }
        guard let symbol = symbols.find(Text("VSH_SANDBOX")), isSet(symbol) else { return false }
        return value(symbol).equals("strict")
    }

    /// Whether a program that `exec` names can be started as a child of this shell, and the virtual subshell be left with its status:
    /// nobody can tell that from a process of the subshell in whose place the program came. No trap is left to run after it.
    private var canEndInProgram: Bool {
        isVirtualSubshell && !isInteractive && !usesJobControl && traps.signalCommands == 0
            && traps.exitLevel != subshellDepth
    }

    /// `exec command …`: only returns when it failed, with `status` set.
    /// `newName` is what the program finds as its name; `withoutEnvironment`: no variables are given to it.
    public func execCommand(
        _ arguments: Arguments, as newName: Text? = nil, withoutEnvironment: Bool = false
    ) throws(ShellError) -> Flow {
        let name = argument(arguments, 0)
        if newName == nil, !withoutEnvironment, canEndInProgram, case .found(let path) = searchPath(name) {
            _ = try start(path, arguments, symbol: -1, tail: true)
            throw ShellError(.continuedElsewhere, status: status)
        }
        try becomeProcess()
        guard case .found(let path) = searchPath(name) else {
            _ = locate(arguments, -1)
            return .normal
        }
        files.willExec(status: 0)
        releaseTerminal()
        if withoutEnvironment {
            environmentVector.removeAll()
            environmentIsStale = false
        }
        let error = exec(path, arguments, as: newName)
        if withoutEnvironment { environmentIsStale = true }
        spawnFailed(arguments, error)
        return .normal
    }
}
