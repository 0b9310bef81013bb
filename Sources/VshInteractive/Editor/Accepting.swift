// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSyntax
import VshSystem

/// What the end of a line asks for.
extension LineEditor {
    private enum Verdict {
        case complete
        case incomplete
        case wrong(SyntaxError)
    }

    /// What the parser says of the line as it would be run.
    private func judge(_ line: [UInt8]) -> Verdict {
        let source = (line + [10]).withUnsafeBufferPointer { Source(name: Text(), origin: .terminal, bytes: $0) }
        var options = ParserOptions()
        options.isPosix = shell.options.contains(.posix)
        options.isWhole = false
        var parser = Parser(source: source, symbols: shell.symbols, options: options)
        let shell = self.shell
        if !shell.aliases.isEmpty { parser.alias = { shell.aliases[$0] } }
        let code = Code(source: source)
        defer { shell.syncTables() }
        do throws(SyntaxError) {
            while true {
                if case .endOfInput = try parser.nextCommand(into: code) { return .complete }
            }
        } catch {
            return error.isIncomplete ? .incomplete : .wrong(error)
        }
    }

    /// Enter: runs a complete command, and gives an incomplete one another line.
    func enter() -> Engine.Outcome {
        kills.joins = false
        kills.yanked = nil
        // From here on ^C is for the command, and not a key of the next line.
        setSignals(true)
        if expandAbbreviation() { suggestion = [] }
        if text.allSatisfy({ $0 == 32 || $0 == 9 }) { return accept() }
        switch judge(text) {
        case .complete: return accept()
        case .incomplete:
            // A backslash at the end is to be followed by the newline, wherever the cursor is.
            if cursor < text.count, text.last == 92 { cursor = text.count }
            insert([10])
            recall = HistoryRecall()
            return .changed
        case .wrong(let error):
            // An alias whose text comes later, a mistake of ours: the second Enter is believed.
            if refused == text { return accept() }
            refused = text
            showError(error)
            return .changed
        }
    }

    /// The message below the line, with the place marked under a copy of its line.
    private func showError(_ error: SyntaxError) {
        let place = min(error.range.lowerBound, text.count)
        var start = place
        while start > 0, text[start - 1] != 10 { start -= 1 }
        var end = place
        while end < text.count, text[end] != 10 { end += 1 }
        var red: [UInt8] = []
        highlighter.theme.error.write(to: &red)
        var plain: [UInt8] = []
        Style().write(to: &plain)
        message = [red + Array("syntax error: ".utf8) + plain + error.message]
        let before = Cluster.width(of: Array(text[start..<place]))
        let marked = max(1, Cluster.width(of: Array(text[place..<max(place, min(error.range.upperBound, end))])))
        // The part of a long line that has the place.
        let room = max(renderer.columns - 4, 8)
        if end - start <= room || before < room {
            let line = text[start..<end].map { $0 < 32 || $0 == 127 ? UInt8(63) : $0 }
            message.append(Array("  ".utf8) + line)
            message.append(
                [UInt8](repeating: 32, count: before + 2) + red + [UInt8](repeating: 94, count: marked) + plain)
        }
        for note in error.notes { message.append(Array("  ".utf8) + note) }
        message.append(Array("  (Enter again runs it as it is)".utf8))
        bell()
    }

    /// Alt-#: the line becomes a comment in the history and on the screen.
    func commentOut() -> Engine.Outcome {
        text.insert(35, at: 0)
        cursor = 0
        return accept()
    }

    /// ^C or ^G that came as a character.
    func abandon() -> Engine.Outcome {
        if text.isEmpty { return .changed }
        replaceLine([])
        return .changed
    }

    // MARK: the editor of the user's choice

    /// Alt-E: the line in $VISUAL, $EDITOR or vi; what it leaves there is the line.
    func editExternally() {
        let folder = shell.value(.tmpdir).isEmpty ? Array("/tmp".utf8) : shell.value(.tmpdir).bytes
        var path: [UInt8] = []
        var file: Int32 = -1
        var seed = UInt64(truncatingIfNeeded: Clock.realTime) ^ UInt64(UInt32(bitPattern: System.processID)) << 32
        for _ in 0..<16 where file < 0 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            path = folder + Array("/vsh-\(String(seed >> 24, radix: 36)).sh".utf8)
            file =
                (try? System.open(Text(path), [.writeOnly, .create, .exclusive, .closeOnExec, .noFollow], mode: 0o600))
                ?? -1
        }
        if file < 0 {
            message = [Array("no temporary file could be made in ".utf8) + folder]
            return
        }
        do throws(Errno) {
            try System.writeAll(file, text + [10])
            try System.close(file)
        } catch {
            message = [Array("the line could not be written: \(error.message)".utf8)]
            try? System.unlink(Text(path))
            return
        }
        // What the editor does to the file of the line is nothing to undo.
        let runs = shell.options.contains(.posix) ? [] : Array("norecord ".utf8)
        let command =
            runs + Array("${VISUAL:-${EDITOR:-vi}} '".utf8) + path.flatMap { $0 == 39 ? Array("'\\''".utf8) : [$0] } + [
                39
            ]
        let saved = shell.status
        suspendScreen {
            do throws(ShellError) { _ = try shell.runString(Text(command), origin: .eval, name: shell.name) } catch {}
        }
        let failed = shell.status != 0
        shell.status = saved
        if let fd = try? System.open(Text(path), [.readOnly, .closeOnExec]) {
            if !failed, var new = try? System.readAll(fd, limit: 1 << 20) {
                while new.last == 10 { new.removeLast() }
                replaceLine(new.filter { $0 != 0 })
            }
            try? System.close(fd)
        }
        try? System.unlink(Text(path))
        recall = HistoryRecall()
    }

    // MARK: directories

    /// Alt-← and Alt-→ on an empty line: the directories that this session was in.
    func changeDirectory(back: Bool) {
        guard let target = back ? directories.back() : directories.forward() else {
            bell()
            return
        }
        let command = Array("cd -- '".utf8) + target.flatMap { $0 == 39 ? Array("'\\''".utf8) : [$0] } + [39]
        let saved = shell.status
        do throws(ShellError) { _ = try shell.runString(Text(command), origin: .eval, name: shell.name) } catch {}
        shell.status = saved
        directories.settle(shell.workingDirectory.bytes)
        refreshPrompt()
    }

    // MARK: what is shown below

    /// F1, Alt-H: help for the command that the cursor is in.
    func showHelp() {
        let syntax = highlighter.syntax(of: text)
        let name = syntax.words.last { $0.isCommand && $0.range.lowerBound <= cursor }?.value
        var command = Array("help".utf8)
        if let name, !name.isEmpty, !name.contains(39) { command += Array(" '".utf8) + name + [39] }
        show(command, orElse: name == nil ? nil : Array("help".utf8))
    }

    /// Alt-P: what the last operation changed, which undo would take back.
    func showLastOperation() { show(Array("undo -n 2>&1".utf8), orElse: nil) }

    /// Shows the output of a builtin below the line.
    private func show(_ command: [UInt8], orElse other: [UInt8]?) {
        let saved = shell.status
        defer { shell.status = saved }
        for candidate in [command, other ?? []] where !candidate.isEmpty {
            let prompt = Text(Array("$(2>/dev/null ".utf8) + candidate + [41])
            guard let output = try? shell.expandPrompt(prompt), !output.isEmpty else { continue }
            var lines = output.bytes.split(separator: 10, omittingEmptySubsequences: false).map { line in
                line.map { $0 < 32 && $0 != 27 && $0 != 9 ? UInt8(63) : $0 }
            }
            let room = max(renderer.lines - 3, 2)
            if lines.count > room {
                let left = lines.count - (room - 1)
                lines.removeSubrange((room - 1)...)
                lines.append(Array("…\(left) more lines".utf8))
            }
            message = lines
            return
        }
        bell()
    }
}

/// The directories that the shell was in, with the place where it is.
struct DirectoryTrail {
    private var paths: [[UInt8]] = []
    private var place = -1

    /// The shell is at a prompt in this directory.
    mutating func visit(_ path: [UInt8]) {
        if path.isEmpty || place >= 0 && paths[place] == path { return }
        if place + 1 < paths.count { paths.removeSubrange((place + 1)...) }
        paths.append(path)
        if paths.count > 100 { paths.removeFirst() }
        place = paths.count - 1
    }

    mutating func back() -> [UInt8]? {
        if place <= 0 { return nil }
        place -= 1
        return paths[place]
    }

    mutating func forward() -> [UInt8]? {
        if place + 1 >= paths.count { return nil }
        place += 1
        return paths[place]
    }

    /// The move has been made, or failed: then the shell is still where it was.
    mutating func settle(_ path: [UInt8]) {
        if paths.indices.contains(place), paths[place] == path { return }
        if let found = paths.lastIndex(of: path) { place = found }
    }
}
