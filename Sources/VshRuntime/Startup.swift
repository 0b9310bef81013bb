// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

extension Shell {
    /// Takes over the environment and gives the variables of XCU 2.5.3 their first values.
    public func start() {
        shellPid = System.processID
        startTime = Clock.monotonic
        random = UInt64(truncatingIfNeeded: startTime) ^ UInt64(UInt32(bitPattern: shellPid)) << 32
        importEnvironment(System.environment)
        // IFS is not taken from the environment (XCU 2.5.3).
        let ifs = KnownSymbol.ifs.rawValue
        variables[ifs].flags.remove(.exported)
        assignUnchecked(ifs, Text(" \t\n"))
        assignUnchecked(KnownSymbol.optind.rawValue, Text("1"))
        assignUnchecked(KnownSymbol.ppid.rawValue, Text(decimal: Int(System.parentID)))
        if !isSet(KnownSymbol.ps4.rawValue) { assignUnchecked(KnownSymbol.ps4.rawValue, Text("+ ")) }
        if !isSet(KnownSymbol.path.rawValue) { assignUnchecked(KnownSymbol.path.rawValue, Shell.defaultPath) }
        variables[KnownSymbol.lineno.rawValue].flags = [.isSet, .dynamic]
        variables[KnownSymbol.bashpid.rawValue].flags = [.isSet, .dynamic]
        if !options.contains(.posix) {
            variables[KnownSymbol.random.rawValue].flags = [.isSet, .dynamic]
            variables[KnownSymbol.seconds.rawValue].flags = [.isSet, .dynamic]
            let login = KnownSymbol.shell.rawValue
            if !isSet(login) { variables[login].flags = [.isSet, .dynamic] }
            if !isSet(KnownSymbol.opterr.rawValue) { assignUnchecked(KnownSymbol.opterr.rawValue, Text("1")) }
        }
        setWorkingDirectory()
        hasComputedVariables = !options.contains(.posix)
        if hasComputedVariables { overrideEnvironment() }
    }

    /// `PWD` is kept when it names the working directory, else found out.
    private func setWorkingDirectory() {
        let inherited = value(.pwd)
        if isAbsoluteAndClean(inherited), let there = try? FileStatus(inherited), let here = try? FileStatus(Text(".")),
            there.isSameFile(as: here)
        {
            workingDirectory = inherited
        } else if let path = try? System.currentDirectory() {
            workingDirectory = Text(path)
        }
        let pwd = KnownSymbol.pwd.rawValue
        if !workingDirectory.isEmpty {
            let wasExported = variables[pwd].flags.contains(.exported)
            assignUnchecked(pwd, workingDirectory)
            if !wasExported { setExported(pwd) }
        }
    }

    /// An absolute path without `.` and `..`.
    private func isAbsoluteAndClean(_ path: Text) -> Bool {
        if path.isEmpty || path[0] != 47 { return false }
        return path.withBytes { bytes in
            var start = 1
            while start < bytes.count {
                var end = start
                while end < bytes.count && bytes[end] != 47 { end += 1 }
                let isDots = end - start == 1 || end - start == 2 && bytes[start + 1] == 46
                if isDots && bytes[start] == 46 { return false }
                start = end + 1
            }
            return true
        }
    }

    /// The signals and the terminal, once the options are set.
    public func startJobControl() {
        if options.contains(.notify) { Signals.watchChildren() }
        if !options.contains(.monitor) && !isInteractive { return }
        takeTerminal()
        applySignalDispositions()
    }

    /// Job control, prompts, history and start-up file of an interactive shell.
    public func startInteractive(readsFiles: Bool, file: Text?) {
        startJobControl()
        prepareInteractive(readsFiles: readsFiles, file: file)
        offerLeftOpen()
    }

    /// The same without job control: for a shell that only looks at what an interactive one would have.
    public func prepareInteractive(readsFiles: Bool, file: Text?) {
        interactive = InteractiveSupport()
        if !isSet(KnownSymbol.ps1.rawValue) {
            assignUnchecked(KnownSymbol.ps1.rawValue, Text(System.effectiveUserID == 0 ? "# " : "$ "))
        }
        if !isSet(KnownSymbol.ps2.rawValue) { assignUnchecked(KnownSymbol.ps2.rawValue, Text("> ")) }
        guard readsFiles else { return }
        if options.contains(.login) { readProfiles() }
        var path = file
        if path == nil, isSet(KnownSymbol.env.rawValue), !System.isSetUserOrGroupID {
            path = (try? expandPrompt(value(.env))) ?? value(.env)
        }
        guard let path, !path.isEmpty, file != nil || (try? FileStatus(path)) != nil else { return }
        do throws(ShellError) {
            let flow = try runFile(path)
            if flow == .exited { exitShell() }
        } catch {
            status = error.status
        }
    }
}

extension Shell {
    /// What a login shell reads first: /etc/profile and ~/.profile, where they are.
    public func readProfiles() {
        readStartupFile(Text("/etc/profile"))
        let home = value(.home)
        if home.isEmpty || home[0] != 47 { return }
        var path = home
        path.append(Text("/.profile"))
        readStartupFile(path)
    }

    private func readStartupFile(_ path: Text) {
        if (try? FileStatus(path)) == nil || !System.isAccessible(path, .read) { return }
        do throws(ShellError) {
            if try runFile(path) == .exited { exitShell() }
        } catch {
            status = error.status
        }
    }
}

/// Reads a line from standard input after showing the prompt: for terminals without the line editor.
public func plainLineReader(_ shell: Shell, _ isContinuation: Bool) throws(ShellError) -> Text? {
    let prompt = (try? shell.expandPrompt(shell.value(isContinuation ? .ps2 : .ps1))) ?? Text()
    return try plainLineReader(shell, prompt: prompt)
}

/// The same after a prompt that is written as it is.
public func plainLineReader(_ shell: Shell, prompt: Text) throws(ShellError) -> Text? {
    _ = shell.write(prompt, to: 2)
    let mark = shell.scratch.count
    defer { shell.scratch.pop(to: mark) }
    while true {
        var error: Int32 = 0
        if shell.awaitInput() && shell.readDelimited(0, 10, error: &error) != nil { break }
        if error != 0 && error != -Errno.interrupted.rawValue { break }
        shell.scratch.pop(to: mark)
        _ = shell.write(Text("\n"), to: 2)
        if try shell.runPendingTraps() == .exited { shell.exitShell() }
        if shell.hasNews { shell.notifyJobs() }
        _ = shell.write(prompt, to: 2)
    }
    return shell.scratch.count == mark ? nil : shell.scratch.text(from: mark)
}
