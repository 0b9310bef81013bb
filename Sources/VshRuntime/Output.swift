// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// A command substitution whose output is gathered in `Shell.output`, from `mark` on. Descriptors that lead there hold -2 − its level.
struct Capture {
    var mark: Int
}

extension Shell {
    /// The level of the capture that the descriptor entry stands for.
    @inline(__always)
    static func captureLevel(_ real: Int32) -> Int { Int(-2 &- real) }

    /// What a builtin has written so far goes where its standard output goes; `mark` is where its output began.
    ///
    /// Each builtin command makes one write: those of different commands are never merged.
    @inline(__always)
    func flushOutput(from mark: Int) {
        if output.count == mark { return }
        let real = descriptors[1].real
        if real <= -2, Shell.captureLevel(real) == captures.count &- 1 { return }  // gathered where it stands
        flushSlowly(from: mark, to: 1)
    }

    /// For builtins with much output: writes what is there when it is more than a pipe holds.
    public func flushOutput() {
        if output.count - outputMark > 65536 { flushOutput(from: outputMark) }
    }

    /// Writes what the running builtin has put into `output` now, for builtins that go on to read or wait.
    public func flushOutputNow() { flushOutput(from: outputMark) }

    @inline(never)
    private func flushSlowly(from mark: Int, to descriptor: Int) {
        let real = descriptors[descriptor].real
        if real >= 0 {
            let result = output.withBytes(from: mark) { writeAll(real, $0) }
            output.pop(to: mark)
            if result < 0 { writeFailed(result) }
        } else if real == -1 {
            output.pop(to: mark)
            writeFailed(-9)
        } else {
            let text = output.text(from: mark)
            output.pop(to: mark)
            insertCaptured(text, level: Shell.captureLevel(real))
        }
    }

    /// A builtin could not write: it fails, and says so unless its reader is gone.
    private func writeFailed(_ result: Int32) {
        outputFailed = true
        if -result != Errno.brokenPipe.rawValue {
            report("write error: ", Errno(rawValue: -result).message)
        }
    }

    /// Writes `bytes` to a descriptor as the script numbers it.
    /// - Returns: 0 or a negative errno.
    public func write(_ bytes: Text, to descriptor: Int) -> Int32 {
        let real = realDescriptor(descriptor)
        if real >= 0 { return bytes.withBytes { writeAll(real, $0) } }
        if real == -1 { return -9 }
        insertCaptured(bytes, level: Shell.captureLevel(real))
        return 0
    }

    /// Adds to a capture; what captures further in have gathered moves up.
    func insertCaptured(_ text: Text, level: Int) {
        if level + 1 >= captures.count {
            output.append(text)
            return
        }
        let place = captures[level + 1].mark  // the next inner capture begins here
        let inner = output.text(from: place)
        output.pop(to: place)
        output.append(text)
        output.append(inner)
        for index in level + 1..<captures.count { captures[index].mark += text.count }
        outputMark += text.count
    }

    private func writeAll(_ real: Int32, _ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
        var done = 0
        while done < bytes.count {
            do throws(Errno) {
                done += try System.write(real, UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[done...])))
            } catch {
                if error == .interrupted { continue }
                return -error.rawValue
            }
        }
        return 0
    }

    // MARK: messages

    /// Writes bytes to standard error, after what the running builtin has written.
    public func writeError(_ bytes: borrowing ByteStack) {
        flushOutput(from: outputMark)
        bytes.withBytes { pointer in
            _ = write(Text(pointer), to: 2)
        }
    }

    /// `vsh: line 3: name: message` on standard error.
    public func report(name: Text, _ message: String) {
        var line = messageStart()
        if name.count > 4096 {
            line.append(name.slice(0..<200))
            line.append("…")
        } else {
            line.append(name)
        }
        line.append(": ")
        line.append(string: message)
        line.append(10)
        writeError(line)
    }

    /// `vsh: line 3: message` on standard error; `tail` follows directly.
    public func report(_ message: String, _ tail: String = "") {
        var line = messageStart()
        line.append(string: message)
        line.append(string: tail)
        line.append(10)
        writeError(line)
    }

    /// `vsh: line 3: builtin: subject: message`, the form of errors of builtins; `subject` may be empty.
    public func report(_ arguments: Arguments, _ subject: Text = Text(), _ message: String) {
        var line = messageStart()
        line.append(argument(arguments, 0))
        line.append(": ")
        if !subject.isEmpty {
            line.append(subject)
            line.append(": ")
        }
        line.append(string: message)
        line.append(10)
        writeError(line)
    }

    /// The beginning of a message: the shell's name and the line, without the line at an interactive prompt.
    func messageStart() -> ByteStack {
        var line = ByteStack(capacity: 128)
        let code = currentCode
        line.append(invokedName)
        line.append(": ")
        if let code, code.source.origin == .file || code.source.origin == .dot {
            line.append(code.source.name)
            line.append(":")
            line.append(decimal: code.source.line(at: Int(currentPosition)))
            line.append(":")
            line.append(decimal: code.source.column(at: Int(currentPosition)))
            line.append(": ")
        } else if let code, code.source.origin != .terminal {
            line.append("line ")
            line.append(decimal: code.source.line(at: Int(currentPosition)))
            line.append(": ")
        }
        return line
    }
}
