// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshSyntax
import VshSystem

/// Commands in the background.
extension Shell {
    /// `command &` (XCU 2.9.3.1).
    func runBackground(_ code: Code, _ node: Node) throws(ShellError) {
        if isVirtualSubshell {
            jobs.prepare()
            try becomeProcess()
        }
        let usesJobControl = self.usesJobControl
        let pid =
            isPlainProgram(code, code.nodes[node.a])
            ? try spawnBackground(code, code.nodes[node.a]) : try forkBackground(code, node.a)
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

    /// Signals that a background command ignores (XCU 2.12).
    private var ignoredInBackground: SignalSet { usesJobControl ? [] : SignalSet(.interrupt, .quit) }

    /// Runs a command in a copy of this process; -1: none, the copy ends with the present status.
    private func forkBackground(_ code: Code, _ index: Int32) throws(ShellError) -> Int32 {
        let usesJobControl = self.usesJobControl
        prepareDescriptorsForProcess()
        if index >= 0, isProgram(code.nodes[index]) { files.prepareForProgram(isWanted: options.contains(.record)) }
        let pid = try forkProcess(role: .ownOperation, isJob: usesJobControl, ignored: ignoredInBackground)
        if pid == 0 {
            if usesJobControl { enterJob(group: 0, -1) } else if let null = openNull() { descriptors[0] = null }
            if index < 0 { endProcess() }
            finishInChild(code, index)
        }
        if usesJobControl { try? System.setProcessGroup(pid, pid) }
        return pid
    }

    /// Standard input of a command without job control.
    private func openNull() -> DescriptorEntry? {
        let name: StaticString = "/dev/null"
        guard let null = try? System.open(name, [.readOnly, .closeOnExec]) else { return nil }
        noteOpened(null)
        return DescriptorEntry(real: null, isOwned: true, isVerified: true)
    }

    /// Starts a program without a copy of this process.
    private func spawnBackground(_ code: Code, _ command: Node) throws(ShellError) -> Int32 {
        let usesJobControl = self.usesJobControl
        let ignored = ignoredInBackground
        let (mark, depth) = (descriptorUndo.count, redirectionDepth)
        redirectionDepth += 1
        defer {
            endRedirections(to: mark)
            redirectionDepth = depth
        }
        if !usesJobControl, let null = openNull() { redirect(0, to: null) }
        var isRedirected = true
        if command.e >= 0 { isRedirected = try beginRedirections(code, command.e) != nil }
        status = 1
        if isRedirected {
            let pid = try startProgram(code, command, .background) { launch in
                if usesJobControl { launch.processGroup = .own }
                launch.ignoredSignals = ignored
            }
            if pid > 0 { return pid }
        }
        // What is wrong was said.
        return try forkBackground(code, -1)
    }

    /// Whether a command is a program that is there, and whose words and redirections ask for nothing that takes time, waits or leaves a
    /// trace: then it makes no difference that they are looked at before it runs.
    private func isPlainProgram(_ code: Code, _ command: Node) -> Bool {
        guard isProgram(command), command.d == 0, !command.flags.contains(.hasSubstitution) else { return false }
        for word in command.a..<command.a &+ command.n where !isPlain(code, code.words[word]) { return false }
        var index = command.e
        while index >= 0 {
            let redirection = code.redirections[index]
            if !isPlain(code, redirection) { return false }
            index = redirection.isLast ? -1 : index + 1
        }
        if !commandPaths[command.b].isEmpty { return true }
        if case .found = searchPath(symbols.name(command.b)) { return true }
        return false
    }

    private func isPlain(_ code: Code, _ word: Word) -> Bool {
        switch word.form {
        case .constant, .positional, .quotedPositional, .allParameters, .glob: return true
        case .variable, .quotedVariable: return isPlain(word.a)
        case .general:
            for index in word.a..<word.a &+ word.count {
                let part = code.parts[index]
                switch part.kind {
                case .literal, .positional: break
                case .parameter where isPlain(part.a): break
                // Of `$-` not all that is set here is set in a copy.
                case .special where part.a != Int32(UInt8(ascii: "-")): break
                default: return false
                }
                if part.op != .none { return false }
            }
            return true
        default: return false
        }
    }

    /// A variable that is the same in a copy of this shell.
    private func isPlain(_ symbol: Symbol) -> Bool {
        variables[symbol].flags.isDisjoint(with: [.dynamic, .array, .reference])
    }

    /// A redirection from or to `/dev/null`, or to what is open.
    private func isPlain(_ code: Code, _ redirection: Redirection) -> Bool {
        let word = code.words[redirection.word]
        if redirection.descriptor < 0 || word.form != .constant { return false }
        switch redirection.op {
        case .duplicateInput, .duplicateOutput: return true
        case .input, .output, .clobber, .append: return code.constants[word.a].equals("/dev/null")
        default: return false
        }
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
