// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// Running text: command strings, files, standard input, `eval`, `.` and traps.
extension Shell {
    /// Parses and runs `text` in the present environment.
    public func runString(_ text: Text, origin: Source.Origin, name: Text, isTail: Bool = false) throws(ShellError)
        -> Flow
    {
        if Stack.left < Shell.stackReserve { throw depthError() }
        let firstLine = origin == .eval || origin == .trap ? currentLine : 1
        var place = -1
        if isKeepable(text),
            let entry = parsedTexts.find(
                text, origin, name: name, firstLine: firstLine, parserOptions, place: &place)
        {
            return try run(entry, isTail: isTail)
        }
        let source = Source(name: name, origin: origin, firstLine: firstLine, text: text)
        return try run(source, isTail: isTail, place: place, text: text)
    }

    /// Runs a file in the present environment, as `.` does.
    public func runFile(_ path: Text) throws(ShellError) -> Flow { try runDot(openSource(path, origin: .dot)) }

    /// `.`: runs what was read in the present environment; the positional parameters stay unless words are given by the caller.
    func runDot(_ source: Source) throws(ShellError) -> Flow {
        if Stack.left < Shell.stackReserve { throw depthError() }
        dotDepth += 1
        defer { dotDepth -= 1 }
        var flow = try run(source, isTail: false)
        if needsAttention { flow = try attendReturn(flow) }
        return flow == .returned ? .normal : flow
    }

    /// Reads a whole script; a message when that fails.
    public func openSource(_ path: Text, origin: Source.Origin) throws(ShellError) -> Source {
        do throws(Errno) {
            return try readSource(path, origin: origin)
        } catch {
            report(name: path, error.message)
            status = error == .noEntry ? 127 : 126
            throw ShellError(.specialBuiltin, status: status)
        }
    }

    /// Reads a whole script.
    public func readSource(_ path: Text, origin: Source.Origin) throws(Errno) -> Source {
        let descriptor: Int32
        do throws(Errno) {
            descriptor = try System.open(processPath(path), [.readOnly, .closeOnExec])
        } catch {
            files.noteUnreadable(processPath(path), error)
            throw error
        }
        defer { try? System.close(descriptor) }
        let info = try FileStatus(descriptor: descriptor)
        if info.isDirectory { throw .isDirectory }
        let source = Source(name: path, origin: origin, bytes: UnsafeBufferPointer(start: nil, count: 0))
        // One byte more than there should be: so the end shows in the second read.
        var room = info.isRegular ? Int(info.size) + 1 : 4096
        var before = -1
        while source.count > before {
            before = source.count
            try source.append(unfilled: room) { (buffer) throws(Errno) in
                while true {
                    do throws(Errno) {
                        return try System.read(descriptor, into: UnsafeMutableRawBufferPointer(buffer))
                    } catch {
                        if error != .interrupted { throw error }
                    }
                }
            }
            // All that there was to be: the room for one byte more is left.
            if info.isRegular && info.size > 0 && source.count == Int(info.size) { break }
            room = info.isRegular ? 4096 : max(4096, source.count)
        }
        // A NUL in the first line: a program, not a script (XCU sh, "binary").
        if origin == .file {
            for index in 0..<source.count where source.base[index] == 0 || source.base[index] == 10 {
                if source.base[index] == 0 { throw .execFormat }
                break
            }
        }
        return source
    }

    /// Parses a source command by command and runs each before the next is parsed, so that aliases and options take effect.
    ///
    /// `recovers`: an error does not end it, but the command alone, as in an interactive shell (XCU 2.8.1). `place`: where `parsedTexts` keeps what
    /// `text`, which is all of the source, is parsed as; or -1.
    func run(
        _ source: Source, isTail: Bool, refill: (() -> Bool)? = nil, recovers: Bool = false, place: Int = -1,
        text: Text = Text()
    ) throws(ShellError) -> Flow {
        var code = takeCode(source)
        let callerCode = currentCode
        let position = currentPosition
        currentCode = code
        if source.origin == .dot { noteDotScript(source, callerCode, position) }
        defer {
            if source.origin == .dot { forgetDotScript() }
            currentCode = callerCode
            currentPosition = position
            giveBack(code)
        }
        let room = parserRooms.popLast() ?? ParserRoom()
        var parser = Parser(source: source, symbols: symbols, options: parserOptions, room: room)
        defer {
            parser.leave(room)
            if parserRooms.count < 8 { parserRooms.append(room) }
        }
        parser.refill = refill
        keepLastArgument(source, isGrowing: refill != nil)
        var ranCommand = false
        while true {
            let mark = code.mark
            if !aliases.isEmpty {
                if parser.alias == nil { parser.alias = { [unowned self] symbol in self.aliases[symbol] } }
            } else if parser.alias != nil {
                parser.alias = nil
            }
            if parser.options.isPosix != options.contains(.posix)
                || parser.options.expandsBraces != options.contains(.braceexpand)
                || parser.options.hasPatternGroups != options.contains(.extglob)
            {
                parser.options = parserOptions
            }
            let start = parser.position
            let parsed: ParsedCommand
            do throws(SyntaxError) {
                parsed = try parser.nextCommand(into: code)
            } catch {
                syncTables()
                if options.contains(.verbose) { echoInput(source, start) }
                reportSyntax(error, source)
                throw ShellError(.expansion, status: 2)
            }
            syncTables()
            if options.contains(.verbose) { echoInput(source, start, parser.position) }
            guard case .command(let root) = parsed else {
                if case .empty = parsed { continue }
                if !ranCommand && (source.origin != .trap) { status = 0 }
                return options.contains(.noexec) && !isInteractive ? .abandoned : .normal
            }
            let isWhole = place >= 0 && !ranCommand && isKeepable(text) && isAtEnd(source, parser.position)
            ranCommand = true
            if options.contains(.noexec) && !isInteractive {
                code.reset(to: mark)
                continue
            }
            let isLast = isTail && refill == nil && isAtEnd(source, parser.position)
            if lastPipeline != nil && source.origin != .eval { agePipeline() }
            var flow = Flow.normal
            do throws(ShellError) {
                flow = try run(code, root, tail: isLast)
            } catch {
                let goesOn =
                    recovers
                    || error.kind == .discarded && source.origin.isMain && !options.contains(.errexit)
                if !goesOn || error.kind == .interrupted || error.kind == .continuedElsewhere { throw error }
                status = error.status
                unwind()
            }
            // After `set -n` the rest is only read.
            if flow == .abandoned { flow = .normal }
            if code.isKept {
                // The functions keep what defined them and no more, so that it goes when they are defined again.
                code = code.takeRoom(for: source)
                currentCode = code
            } else if isWhole {
                code = keepParsed(code, root, text, options: parser.options, at: place)
                currentCode = code
            } else {
                code.reset(to: mark)
            }
            if flow != .normal { return flow }
        }
    }

    private func noteDotScript(_ source: Source, _ caller: Code?, _ position: Int32) {
        dotNames.append(source.name)
        callStack.append(
            CallRecord(
                symbol: -1, position: position, caller: caller.map { Unmanaged.passUnretained($0) }))
    }

    private func forgetDotScript() {
        dotNames.removeLast()
        _ = callStack.removeLast()
    }

    var parserOptions: ParserOptions {
        var result = ParserOptions()
        result.isPosix = options.contains(.posix)
        result.expandsBraces = options.contains(.braceexpand)
        result.hasPatternGroups = options.contains(.extglob) && !options.contains(.posix)
        return result
    }

    /// Nothing but white space follows.
    private func isAtEnd(_ source: Source, _ position: Int) -> Bool {
        var place = position
        while place < source.count {
            let byte = source.base[place]
            if byte != 32 && byte != 9 && byte != 10 { return false }
            place += 1
        }
        return true
    }

    /// Code objects are used again, as most sources are short (`eval`, traps).
    private func takeCode(_ source: Source) -> Code {
        if let code = codePool.popLast() {
            code.source = source
            return code
        }
        return Code(source: source)
    }

    private func giveBack(_ code: Code) {
        if code.isKept {
            giveBack(code.takeRoom(for: emptySource))
        } else if codePool.count < 8 {
            code.reset()
            code.source = emptySource
            codePool.append(code)
        }
    }

    /// `set -v`: shows input as it is read.
    private func echoInput(_ source: Source, _ start: Int, _ end: Int? = nil) {
        let stop = end ?? source.count
        if stop <= start { return }
        var copy = ByteStack(capacity: stop - start)
        copy.append(UnsafeBufferPointer(start: source.base + start, count: stop - start))
        writeError(copy)
    }

    /// Writes what is wrong with the syntax, with the place.
    func reportSyntax(_ error: SyntaxError, _ source: Source) {
        var out = ByteStack(capacity: 256)
        var message = Array("syntax error: ".utf8)
        message += error.message
        let diagnostic = Diagnostic(.error, message, source: source, range: error.range, notes: error.notes)
        diagnostic.render(prefix: invokedName, showsSource: isInteractive && System.isTerminal(2), into: &out)
        writeError(out)
        status = 2
    }

    // MARK: the main program

    /// Runs the command string of `-c`.
    public func runCommandString(_ text: Text) -> Never {
        finish { () throws(ShellError) -> Flow in
            try run(
                Source(name: name, origin: .commandString, firstLine: 1, text: text), isTail: !isInteractive,
                recovers: isInteractive)
        }
    }

    /// Runs a script file.
    public func runScript(_ path: Text) -> Never {
        finish { () throws(ShellError) -> Flow in
            let source = try openSource(path, origin: .file)
            return try run(source, isTail: false, recovers: isInteractive)
        }
    }

    /// Runs commands from standard input, reading no further than the line that is needed.
    public func runStandardInput() -> Never {
        finish { () throws(ShellError) -> Flow in
            let empty = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            let source = Source(name: name, origin: .standardInput, bytes: empty)
            return try run(source, isTail: false, refill: { [unowned self] in self.readLine(into: source) })
        }
    }

    /// Appends a line of standard input to a source; false at its end. A read error ends the shell (XCU 2.8.1).
    func readLine(into source: Source) -> Bool {
        let mark = scratch.count
        var error: Int32 = 0
        var found: Bool?
        repeat {
            error = 0
            found = readDelimited(0, 10, error: &error)
        } while found == nil && error == -Errno.interrupted.rawValue
        defer { scratch.pop(to: mark) }
        if found == nil && error != 0 {
            report("cannot read commands: ", Errno(rawValue: -error).message)
            status = 128
            exitShell()
        }
        if scratch.count == mark { return false }
        scratch.withBytes(from: mark) { source.append($0) }
        return true
    }

    private func finish(_ body: () throws(ShellError) -> Flow) -> Never {
        do throws(ShellError) {
            _ = try body()
        } catch {
            status = error.status
        }
        exitShell()
    }

    /// Ends the shell with `status`: EXIT trap, recording, exit.
    public func exitShell() -> Never {
        if needsAttention { runLastTraps() }
        runExitTrap()
        flushOutput(from: outputMark)
        syncInput()
        files.endOperation(status: status)
        showAfterOperation()
        noteOpenTransaction()
        releaseTerminal()
        System.exit(status & 255)
    }
}
