// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// Commands of bash that POSIX does not have (docs/extensions.md).
extension Shell {
    @inline(never)
    func runExtended(_ code: Code, _ index: Int32) throws(ShellError) -> Flow {
        let node = code.nodes[index]
        switch node.kind {
        case .conditionalCommand: return try runConditional(code, index)
        case .arithmeticCommand:
            currentPosition = node.position
            status = try arithmeticCommand(code, node.a) ?? 0 == 0 ? 1 : 0
            return status == 0 ? .normal : checkErrexit()
        case .arithmeticFor: return try runArithmeticFor(code, node)
        case .selectClause: return try runSelect(code, node)
        case .timed: return try runTimed(code, node)
        case .processScope: return try runProcessScope(code, node)
        default: preconditionFailure("the parser makes no such node")
        }
    }

    /// The text of a function, as it could be written.
    public func functionText(_ symbol: Symbol) -> Text {
        guard let body = functions[symbol] else { return Text() }
        var text = symbols.name(symbol)
        text.append(Text("() "))
        text.append(Text(unparse(body.code, body.node, symbols: symbols)))
        return text
    }

    // MARK: arithmetic

    /// The value of `((…))`; nil when it has none, after a message.
    private func arithmeticCommand(_ code: Code, _ word: Int32) throws(ShellError) -> Int? {
        if options.contains(.xtrace) {
            let mark = fields.count
            fields.append(Text("(("))
            fields.append(try expandToText(code, code.parts[code.words[word].a].b))
            fields.append(Text("))"))
            trace(Arguments(base: mark, count: 3), isQuoting: false)
            fields.pop(to: mark)
        }
        do throws(ShellError) {
            return try evaluate(code, word: word)
        } catch {
            // An unset parameter under `set -u` ends the shell all the same.
            if error.kind == .expansion && !options.contains(.nounset) { return nil }
            throw error
        }
    }

    /// The value of an expression given as text, as `let` takes it.
    public func evaluateArithmetic(_ text: Text) throws(ShellError) -> Int { try evaluateText(text, 0) }

    private func runArithmeticFor(_ code: Code, _ node: Node) throws(ShellError) -> Flow {
        currentPosition = node.position
        // An expression that is wrong ends the loop.
        if node.a >= 0, try arithmeticCommand(code, node.a) == nil {
            status = 1
            return .normal
        }
        loopDepth &+= 1
        defer { loopDepth &-= 1 }
        var last: Int32 = 0
        while true {
            if needsAttention {
                let flow = try runPendingTraps()
                if flow != .normal { return flow }
            }
            if node.b >= 0 {
                guard let value = try arithmeticCommand(code, node.b) else {
                    last = 1
                    break
                }
                if value == 0 { break }
            }
            let flow = try run(code, node.d, tail: false)
            if flow != .normal, let flow = endOfLoop(flow) { return flow }
            last = status
            if needsAttention {
                let flow = try runPendingTraps()
                if flow != .normal, let flow = endOfLoop(flow) { return flow }
            }
            if node.c >= 0, try arithmeticCommand(code, node.c) == nil {
                last = 1
                break
            }
        }
        status = last
        return .normal
    }

    // MARK: select

    private func runSelect(_ code: Code, _ node: Node) throws(ShellError) -> Flow {
        let mark = fields.count
        defer { fields.pop(to: mark) }
        try pushLoopWords(code, node)
        let end = fields.count
        status = 0
        if end == mark { return .normal }
        loopDepth &+= 1
        defer { loopDepth &-= 1 }
        var showsMenu = true
        while true {
            if showsMenu { writeMenu(mark, end) }
            guard let reply = try readReply() else {
                output.append(10)
                flushOutput(from: outputMark)
                status = 1
                return .normal
            }
            showsMenu = reply.isEmpty
            if showsMenu { continue }
            let number = reply.decimalInteger ?? 0
            try assign(node.b, number >= 1 && number <= end - mark ? fields[mark + number - 1] : Text())
            let flow = try run(code, node.c, tail: false)
            if flow != .normal, let flow = endOfLoop(flow) { return flow }
            showsMenu = value(.reply).isEmpty
        }
    }

    private func writeMenu(_ mark: Int, _ end: Int) {
        var menu = ByteStack(capacity: 256)
        let width = Text(decimal: end - mark).count
        for index in mark..<end {
            let number = Text(decimal: index - mark + 1)
            for _ in number.count..<width { menu.append(32) }
            menu.append(number)
            menu.append(") ")
            menu.append(fields[index])
            menu.append(10)
        }
        writeError(menu)
    }

    /// Asks with PS3 and reads REPLY; nil at the end of the input.
    private func readReply() throws(ShellError) -> Text? {
        var prompt = ByteStack(capacity: 16)
        let symbol = symbols.find(Text("PS3"))
        prompt.append(symbol.map { isSet($0) ? value($0) : Text("#? ") } ?? Text("#? "))
        writeError(prompt)
        guard let name = symbols.find(Text("read")) else { return nil }
        let mark = fields.count
        defer { fields.pop(to: mark) }
        fields.append(Text("read"))
        fields.append(Text("-r"))
        _ = try runBuiltin(builtinNumber(name), Arguments(base: mark, count: 2))
        return status == 0 ? value(.reply) : nil
    }

    // MARK: time

    private func runTimed(_ code: Code, _ node: Node) throws(ShellError) -> Flow {
        let start = Clock.monotonic
        let before = try? Clock.times()
        var flow = Flow.normal
        if node.a >= 0 { flow = try run(code, node.a, tail: false) } else { status = 0 }
        let real = (Clock.monotonic - start) / 1000
        guard let before, let after = try? Clock.times() else { return flow }
        let times = Timing(
            real: Int(real), user: Int(after.user - before.user + after.childUser - before.childUser),
            system: Int(after.system - before.system + after.childSystem - before.childSystem))
        var format = Text("\nreal\t%3lR\nuser\t%3lU\nsys\t%3lS")
        if node.flags.contains(.isPortable) {
            format = Text("real %2R\nuser %2U\nsys %2S")
        } else if let symbol = symbols.find(Text("TIMEFORMAT")), isSet(symbol) {
            format = value(symbol)
        }
        if format.isEmpty { return flow }
        var line = ByteStack(capacity: 64)
        guard format.withBytes({ times.write($0, to: &line) }) else {
            report(name: Text("TIMEFORMAT"), "an unknown letter after '%'; there are R, U, S and P")
            return flow
        }
        line.append(10)
        writeError(line)
        return flow
    }

    // MARK: process substitution

    /// A command whose words or redirections make descriptors for `<(…)`: they are closed after it.
    private func runProcessScope(_ code: Code, _ node: Node) throws(ShellError) -> Flow {
        let mark = descriptorUndo.count
        defer {
            if descriptorUndo.count > mark {
                redirectionDepth += 1
                endRedirections(to: mark)
            }
            reapSubstitutions()
        }
        return try run(code, node.a, tail: false)
    }

    /// `<(list)` or `>(list)`: starts the list as a process with a pipe; the name of the other end.
    func expandProcessSubstitution(_ code: Code, _ part: Part) throws(ShellError) -> Text {
        if isVirtualSubshell { try becomeProcess() }
        let ends: (read: Int32, write: Int32)
        do throws(Errno) {
            ends = try System.pipe()
        } catch {
            report("cannot make a pipe: ", error.message)
            throw ShellError(.expansion, status: 2)
        }
        noteOpened(ends.read)
        noteOpened(ends.write)
        let isOutput = part.b == 1
        let (mine, theirs) = isOutput ? (ends.write, ends.read) : (ends.read, ends.write)
        prepareDescriptorsForProcess()
        let pid = try forkProcess(role: .ownOperation)
        if pid == 0 {
            try? System.close(mine)
            substitutionPids = []
            descriptors[isOutput ? 0 : 1] = DescriptorEntry(
                real: theirs, isOwned: true, isVerified: true, isWritable: !isOutput)
            finishInChild(code, part.a)
        }
        try? System.close(theirs)
        substitutionPids.append(pid)
        // The script's number: high, and not one that is in use.
        var number = 63
        while number > 9, number < descriptors.count, descriptors[number].real >= 0,
            descriptors[number].real != Int32(number) || System.isOpen(Int32(number))
        {
            number -= 1
        }
        redirect(
            number, to: DescriptorEntry(real: mine, isOwned: true, isVerified: true, isWritable: isOutput))
        return Text("/dev/fd/\(number)")
    }

    /// Takes the statuses of process substitutions that have ended.
    private func reapSubstitutions() {
        substitutionPids.removeAll { pid in
            do throws(Errno) {
                return try System.poll(pid) != nil
            } catch {
                return true
            }
        }
    }
}
