// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// What the line editor does for the shell: shows the prompt and returns the next lines, the last newline included; nil at the end of
/// input. The flag says that the lines go on with the command of those returned last (PS2).
/// Before it reads it waits by `awaitInput`, and does what that asks for; `plainLineReader` is the model.
public typealias LineReader = (Shell, Bool) throws(ShellError) -> Text?

extension Shell {
    /// Expands a prompt (PS1, PS2, PS4): parameters, command substitutions and arithmetic (XCU 2.5.3).
    public func expandPrompt(_ prompt: Text) throws(ShellError) -> Text {
        if prompt.withBytes({ bytes in !bytes.contains { $0 == 36 || $0 == 96 || $0 == 92 } }) { return prompt }
        var text = Text("<<EndOfPrompt\n")
        text.append(prompt)
        text.append(Text("\nEndOfPrompt\n"))
        let code = Code(source: Source(name: name, origin: .eval, text: text))
        var parser = Parser(source: code.source, symbols: symbols, options: parserOptions)
        do throws(SyntaxError) {
            guard case .command(let root) = try parser.nextCommand(into: code) else { return prompt }
            syncTables()
            let node = code.nodes[root]
            guard node.kind == .simpleCommand, node.e >= 0 else { return prompt }
            let expanded = try? expandToText(code, code.redirections[node.e].word)
            guard let expanded else { return prompt }
            return expanded.slice(0..<max(0, expanded.count - 1))
        } catch {
            syncTables()
            return prompt
        }
    }

    /// Reads and runs commands from a terminal until the end of input.
    public func runInteractively(_ readLine: @escaping LineReader) -> Never {
        var endsOfInput = 0
        while true {
            notifyJobs()
            let empty = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            let source = Source(name: name, origin: .terminal, bytes: empty)
            var isAtEnd = false
            var isFirst = true
            var interrupted = false
            let refill: () -> Bool = { [unowned self] in
                if isAtEnd || interrupted { return false }
                let isContinuation = !isFirst
                isFirst = false
                do throws(ShellError) {
                    guard let line = try readLine(self, isContinuation) else {
                        isAtEnd = true
                        return false
                    }
                    source.append(line)
                    return true
                } catch {
                    interrupted = true
                    return false
                }
            }
            let saved = status
            var flow = Flow.normal
            do throws(ShellError) {
                flow = try runOneCommand(source, refill)
            } catch {
                if error.kind != .interrupted { status = error.status } else if !interrupted { writeError(newline) }
                unwind()
            }
            if interrupted {
                status = 130
                continue
            }
            if flow == .exited { exitShell() }
            if isAtEnd && source.count == 0 {
                status = saved
                if options.contains(.ignoreeof) && endsOfInput < 50 {
                    endsOfInput += 1
                    report("use \"exit\" to leave the shell")
                    continue
                }
                if endsOfInput == 0, jobs.jobs.contains(where: { $0.state == .stopped }) {
                    endsOfInput += 1
                    report("there are stopped jobs; exit again to leave them")
                    continue
                }
                writeError(newline)
                exitShell()
            }
            endsOfInput = 0
        }
    }

    private var newline: ByteStack {
        var line = ByteStack(capacity: 16)
        if System.isTerminal(2) { line.append(10) }
        return line
    }

    /// Reads one complete command and runs it as one operation.
    private func runOneCommand(_ source: Source, _ refill: @escaping () -> Bool) throws(ShellError) -> Flow {
        let code = Code(source: source)
        var parser = Parser(source: source, symbols: symbols, options: parserOptions)
        parser.refill = refill
        currentCode = code
        typedCode = code
        defer {
            currentCode = nil
            typedCode = nil
        }
        while true {
            parser.alias = aliases.isEmpty ? nil : { [unowned self] symbol in self.aliases[symbol] }
            let start = parser.position
            let parsed: ParsedCommand
            do throws(SyntaxError) {
                parsed = try parser.nextCommand(into: code)
            } catch {
                syncTables()
                if source.count == 0 { return .normal }
                reportSyntax(error, source)
                return .normal
            }
            syncTables()
            guard case .command(let root) = parsed else { return .normal }
            let end = min(parser.position, source.count)
            let text = Text(UnsafeBufferPointer(start: source.base + start, count: max(0, end - start)))
            files.beginOperation(command: trimmed(text))
            history?.add(trimmed(text))
            defer {
                files.endOperation(status: status)
                showAfterOperation()
            }
            lastPipeline = nil
            try writePrompt0()
            // A ^C between Enter and the command's start.
            if needsAttention, try runPendingTraps() == .exited { return .exited }
            let flow = try run(code, root, tail: false)
            if flow == .exited { return flow }
            if needsAttention {
                let flow = try runPendingTraps()
                if flow == .exited { return flow }
            }
            if parser.position >= source.count { return .normal }
        }
    }

    /// PS0, expanded, before a command runs; not in POSIX mode.
    private func writePrompt0() throws(ShellError) {
        guard !options.contains(.posix), let symbol = symbols.find(Text("PS0")), isSet(symbol) else { return }
        let saved = status
        var line = ByteStack(capacity: 16)
        line.append(try expandPrompt(value(symbol)))
        status = saved
        if line.count > 0 { writeError(line) }
    }

    private func trimmed(_ text: Text) -> Text {
        var end = text.count
        while end > 0 && (text[end - 1] == 10 || text[end - 1] == 32) { end -= 1 }
        return text.slice(0..<end)
    }

    /// After an error of an interactive shell: nothing of the abandoned command is left on the stacks.
    func unwind() {
        while descriptorUndo.count > 0 { endRedirections(to: descriptorUndo.count - 1) }
        redirectionDepth = 0
        fields.pop(to: 0)
        scratch.pop(to: 0)
        runs.pop(to: 0)
        errexitIgnored = 0
        loopDepth = 0
        if localTemporaries.count > 0 { endTemporaries(to: 0) }
    }
}
