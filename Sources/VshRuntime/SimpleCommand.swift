// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

extension Shell {
    /// `name word …` with assignments and redirections (XCU 2.9.1).
    func runSimple(_ code: Code, _ node: Node, tail: Bool) throws(ShellError) -> Flow {
        if needsAttention {
            let flow = try attend(code, node)
            if flow != .normal { return flow }
        }
        currentPosition = node.position
        let mark = fields.count
        defer {
            if keepsLastArgument { noteLastArgument(mark) }
            fields.pop(to: mark)
        }
        let substitutions = substitutionCount
        for index in node.a..<node.a &+ node.n { try expand(code, index) }
        if node.e >= 0 || node.d > 0 || fields.count == mark || options.contains(.xtrace) {
            return try runDecorated(code, node, mark, substitutions, tail: tail)
        }
        var symbol = node.b
        if symbol < 0 { symbol = fields[mark].withBytes { symbols.find($0) } ?? -1 }
        let arguments = Arguments(base: mark, count: fields.count &- mark)
        if symbol >= 0 {
            if functions[symbol] != nil {
                let flow = try call(symbol, arguments)
                return flow == .normal ? checkErrexit() : flow
            }
            let builtin = builtinNumber(symbol)
            if builtin >= 0 {
                let flow = try runBuiltin(builtin, arguments)
                return flow == .normal ? checkErrexit() : flow
            }
        }
        let flow = try runExternal(arguments, symbol: symbol, tail: tail)
        return flow == .normal ? checkErrexit() : flow
    }

    /// `$_` becomes the last word of the command whose words are from `mark` on.
    @inline(never)
    private func noteLastArgument(_ mark: Int) {
        if fields.count == mark { return }
        let symbol = KnownSymbol.underscore.rawValue
        if variables[symbol].flags.isDisjoint(with: VariableFlags.assignmentNeedsCare.subtracting(.exported)) {
            if variables[symbol].flags.contains(.exported) { setExported(symbol, false) }
            willChange(symbol)
            variables[symbol].text = fields[fields.count &- 1]
            variables[symbol].flags = variables[symbol].flags.subtracting(.hasInteger).union(.textValue)
        }
    }

    /// Whether `source` mentions `$_`; from then on it is kept. Not exported any more: it changes with each command.
    func keepLastArgument(_ source: Source, isGrowing: Bool) {
        if keepsLastArgument || options.contains(.posix) { return }
        switch source.origin {
        case .terminal, .standardInput, .environment: if !isGrowing { return }
        case .file, .commandString, .dot: if !mentionsLastArgument(source) { return }
        default: return
        }
        keepsLastArgument = true
        setExported(KnownSymbol.underscore.rawValue, false)
    }

    private func mentionsLastArgument(_ source: Source) -> Bool {
        var place = 0
        while let found = ByteSearch.first(
            95, in: UnsafeBufferPointer(start: source.base + place, count: source.count - place))
        {
            place += found + 1
            if place < 2 || isNameByte(source.base[place]) { continue }
            let before = source.base[place - 2]
            if before == 36 || before == 123 && place > 2 && source.base[place - 3] == 36 { return true }
        }
        return false
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        byte == 95 || byte &- 48 < 10 || (byte | 32) &- 97 < 26
    }

    /// Runs a builtin on the words given, and writes out what it printed.
    @inline(__always)
    func runBuiltin(_ index: Int16, _ arguments: Arguments) throws(ShellError) -> Flow {
        let mark = outputMark
        outputMark = output.count
        let start = outputMark
        let flow: Flow
        do throws(ShellError) {
            flow = try builtinTable[Int(index)].function(self, arguments)
        } catch {
            flushOutput(from: outputMark)
            outputMark = output.count == start ? mark : output.count
            throw error
        }
        if output.count != start { flushOutput(from: outputMark) }
        // What a capture gathered stays where it is and is no longer this command's to write.
        outputMark = output.count == start ? mark : output.count
        if outputFailed {
            outputFailed = false
            if status == 0 { status = 1 }
        }
        return flow
    }

    /// Calls a function with the words as its parameters.
    @inline(__always)
    func call(_ symbol: Symbol, _ arguments: Arguments) throws(ShellError) -> Flow {
        guard let body = functions[symbol] else { preconditionFailure("no such function") }
        if Stack.left < Shell.stackReserve { throw depthError() }
        let (base, count, frame, locals) = (paramBase, paramCount, paramFrame, localFrame)
        let (loops, callerCode, position) = (loopDepth, currentCode, currentPosition)
        let mark = params.count
        for index in arguments.base &+ 1..<arguments.base &+ arguments.count { params.append(fields[index]) }
        paramBase = mark
        paramFrame = mark
        paramCount = arguments.count &- 1
        localFrame = localTrail.count
        loopDepth = 0
        callStack.append(
            CallRecord(
                symbol: symbol, position: position, caller: callerCode.map { Unmanaged.passUnretained($0) }))
        currentCode = body.code
        defer {
            _ = callStack.removeLast()
            if localTrail.count > localFrame { popLocals(to: localFrame) }
            localFrame = locals
            params.pop(to: mark)
            paramBase = base
            paramCount = count
            paramFrame = frame
            loopDepth = loops
            currentCode = callerCode
            currentPosition = position
        }
        var flow = needsAttention ? try attendEntry() : .normal
        if flow == .normal { flow = try run(body.code, body.node, tail: false) }
        // A trap that is due has the function's parameters.
        if needsAttention { flow = try attendReturn(flow) }
        switch flow {
        case .returned, .breaking, .continuing: return .normal
        default: return flow
        }
    }

    /// `exec` without a command: the redirections of the command whose words these are last; those of a command around it do not.
    public func keepOwnRedirections(_ arguments: Arguments) {
        keepsRedirections = redirectedWords.contains(arguments.base)
    }

    /// Bytes of native stack kept for finishing what has begun.
    static var stackReserve: Int { 512 * 1024 }

    /// The error of recursion without end.
    func depthError() -> ShellError {
        report("recursion is too deep")
        return ShellError(.expansion, status: 2)
    }

    /// A command with assignments, redirections or tracing, or without any word.
    @inline(never)
    private func runDecorated(
        _ code: Code, _ node: Node, _ mark: Int, _ substitutions: Int, tail: Bool
    ) throws(ShellError) -> Flow {
        if fields.count == mark { return try runWithoutCommand(code, node, substitutions) }
        var symbol = node.b
        if symbol < 0 { symbol = fields[mark].withBytes { symbols.find($0) } ?? -1 }
        let arguments = Arguments(base: mark, count: fields.count - mark)
        let isFunction = symbol >= 0 && functions[symbol] != nil
        let builtin = !isFunction && symbol >= 0 ? builtinNumber(symbol) : -1
        let isSpecial = builtin >= 0 && builtinTable[Int(builtin)].kind == .special
        var redirections = -1
        if options.contains(.xtrace) && node.d == 0 { trace(arguments) }
        let traits = builtin >= 0 && node.e >= 0 ? builtinTable[Int(builtin)].traits : []
        let standsApart = traits.contains(.standsApart) && !(traits.contains(.mayBeProgram) && arguments.count > 2)
        ownRedirections = traits.contains(.takesRedirections) ? OwnRedirections(code: code, first: node.e) : nil
        if standsApart { files.beginAside() }
        defer { if standsApart { files.endAside() } }
        if node.e >= 0 && !traits.contains(.takesRedirections) {
            guard let begun = try beginRedirections(code, node.e) else {
                status = 1
                if isSpecial { throw ShellError(.specialBuiltin, status: 1) }
                return checkErrexit()
            }
            redirections = begun
        }
        defer { if redirections >= 0 { endRedirections(to: redirections) } }
        let assignments = localTemporaries.count
        if node.d > 0 {
            // `exec` with a command passes them on; otherwise those before a special builtin last.
            let lasts = isSpecial && !(arguments.count > 1 && argument(arguments, 0).equals("exec"))
            try assignTemporarily(code, node, permanent: lasts, mark)
        }
        defer { if localTemporaries.count > assignments { endTemporaries(to: assignments) } }
        let flow: Flow
        if isFunction {
            if tail && redirections >= 0 { settleRedirections(from: redirections) }
            flow = try call(symbol, arguments)
        } else if builtin >= 0 {
            if redirections >= 0 { redirectedWords = mark..<mark + arguments.count }
            defer { redirectedWords = 0..<0 }
            flow = try runBuiltin(builtin, arguments)
            if keepsRedirections {
                keepsRedirections = false
                let error = keepRedirections(from: redirections)
                redirections = -1
                if error < 0 {
                    report(arguments, Text(), Errno(rawValue: -error).message)
                    throw ShellError(.specialBuiltin, status: 1)
                }
            }
        } else {
            flow = try runExternal(arguments, symbol: symbol, tail: tail)
        }
        return flow == .normal ? checkErrexit() : flow
    }

    /// Assignments and redirections without a command name.
    private func runWithoutCommand(_ code: Code, _ node: Node, _ substitutions: Int) throws(ShellError) -> Flow {
        if node.e >= 0 {
            // In a subshell environment (XCU 2.9.1.3).
            let state = enterSubshell()
            let mark: Int?
            do throws(ShellError) {
                mark = try beginRedirections(code, node.e)
            } catch {
                leaveSubshell(state)
                throw error
            }
            if let mark { endRedirections(to: mark) }
            leaveSubshell(state)
            if mark == nil {
                status = 1
                return checkErrexit()
            }
        }
        for index in node.c..<node.c &+ node.d {
            try perform(code, code.assignments[index])
            if options.contains(.xtrace) {
                traceAssignment(code.assignments[index].symbol, isLast: index == node.c + node.d - 1)
            }
        }
        status = substitutions == substitutionCount ? 0 : substitutionStatus
        return checkErrexit()
    }

    /// The assignments before a command: they last as long as it does, except before special builtins.
    private func assignTemporarily(_ code: Code, _ node: Node, permanent: Bool, _ mark: Int) throws(ShellError) {
        for index in node.c..<node.c &+ node.d {
            let assignment = code.assignments[index]
            if code.words[assignment.word].form == .list || code.words[assignment.word].form == .arrayElement {
                if !permanent { localTemporaries.append(saved(assignment.symbol)) }
                try performArray(code, assignment)
                continue
            }
            let text = try expandToText(code, assignment.word)
            if variables[assignment.symbol].flags.contains(.readonly) { throw readonlyError(assignment.symbol) }
            if !permanent {
                localTemporaries.append(saved(assignment.symbol))
                willChange(assignment.symbol)
                if !variables[assignment.symbol].flags.contains(.exported) {
                    variables[assignment.symbol].flags.insert(.exported)
                    noteExported(assignment.symbol)
                }
            }
            assignUnchecked(assignment.symbol, text)
        }
        if options.contains(.xtrace) { trace(Arguments(base: mark, count: fields.count - mark), code, node) }
    }

    func endTemporaries(to mark: Int) {
        while localTemporaries.count > mark {
            let change = localTemporaries.removeLast()
            restore(change.symbol, change.old)
        }
    }

    // MARK: set -x

    /// Writes PS4 and the words of a command to standard error.
    func trace(_ arguments: Arguments, _ code: Code? = nil, _ node: Node? = nil, isQuoting: Bool = true) {
        var line = traceStart()
        if let code, let node {
            for index in node.c..<node.c &+ node.d {
                let symbol = code.assignments[index].symbol
                line.append(symbols.name(symbol))
                line.append(61)
                line.append(quoted(value(symbol)))
                line.append(32)
            }
        }
        for index in 0..<arguments.count {
            if index > 0 { line.append(32) }
            line.append(isQuoting ? quoted(argument(arguments, index)) : argument(arguments, index))
        }
        line.append(10)
        writeError(line)
    }

    func traceAssignment(_ symbol: Symbol, isLast: Bool) {
        var line = traceStart()
        line.append(symbols.name(symbol))
        line.append(61)
        line.append(quoted(value(symbol)))
        line.append(10)
        writeError(line)
    }

    private func traceStart() -> ByteStack {
        var line = ByteStack(capacity: 128)
        options.remove(.xtrace)
        let (savedStatus, count, substitution) = (status, substitutionCount, substitutionStatus)
        let prompt = value(.ps4)
        line.append((try? expandPrompt(prompt)) ?? prompt)
        (status, substitutionCount, substitutionStatus) = (savedStatus, count, substitution)
        options.insert(.xtrace)
        return line
    }

    /// `text` in single quotes where it needs quoting, so that it can be read back by the shell.
    public func quoted(_ text: Text) -> Text {
        let isSafe = text.withBytes { bytes in
            if bytes.isEmpty { return false }
            for byte in bytes {
                let isAlphanumeric = byte | 32 >= 97 && byte | 32 <= 122 || byte >= 48 && byte <= 57
                switch byte {
                case 95, 45, 46, 47, 58, 44, 43, 37, 64, 61: continue
                default: if !isAlphanumeric && byte < 128 { return false }
                }
            }
            return true
        }
        if isSafe { return text }
        var result = ByteStack(capacity: text.count + 16)
        result.append(39)
        text.withBytes { bytes in
            for byte in bytes {
                if byte == 39 { result.append("'\\''") } else { result.append(byte) }
            }
        }
        result.append(39)
        return result.text(from: 0)
    }
}
