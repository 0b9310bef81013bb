// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// The row of `cat`.
func registerCat(_ shell: Shell) {
    shell.registerFile("cat", synopsis: "[-AbeEnstTuv] [file...]", summary: "Concatenate files.", concatenate)
}

private func concatenate(_ command: FileCommand) -> FileCommand.Outcome {
    let options = FileOptions(
        command.words, letters: "AbeEnstTuv",
        long: [
            .init("show-all", 65), .init("number-nonblank", 98), .init("show-ends", 69), .init("number", 110),
            .init("squeeze-blank", 115), .init("show-tabs", 84), .init("show-nonprinting", 118),
            // Known so that a shortened name that could mean these is not taken for another one.
            .init("help", 256), .init("version", 257),
        ], isPOSIX: command.isPOSIX)
    if options.isUnknown { return .external }
    var run = Concatenation(command)
    for (code, _) in options.given {
        switch UInt8(truncatingIfNeeded: code) {
        case _ where code >= 256: return .external
        case UInt8(ascii: "A"):
            run.showsNonprinting = true
            run.showsEnds = true
            run.showsTabs = true
        case UInt8(ascii: "b"):
            run.numbers = true
            run.numbersBlank = false
        case UInt8(ascii: "e"):
            run.showsEnds = true
            run.showsNonprinting = true
        case UInt8(ascii: "E"): run.showsEnds = true
        case UInt8(ascii: "n"): run.numbers = true
        case UInt8(ascii: "s"): run.squeezes = true
        case UInt8(ascii: "t"):
            run.showsTabs = true
            run.showsNonprinting = true
        case UInt8(ascii: "T"): run.showsTabs = true
        case UInt8(ascii: "v"): run.showsNonprinting = true
        default: break  // -u: nothing is kept back anyway
        }
    }
    run.copyAll(options.operands.isEmpty ? [Text("-")] : options.operands)
    return .done
}

/// One run of cat.
private struct Concatenation {
    let command: FileCommand
    var showsNonprinting = false
    var showsEnds = false
    var showsTabs = false
    var numbers = false
    var numbersBlank = true
    var squeezes = false

    /// The process's descriptor to write to; negative when output is gathered in the shell.
    private let target: Int32
    /// Standard output, when a file that is written cannot also be read.
    private var targetStatus: FileStatus?
    private var line = 0
    /// Newlines in a row before this place, at most 2; -1 inside a line. Goes on from file to file.
    private var newlines = 0
    /// A carriage return was read and not yet shown: before a newline it is `^M`.
    private var holdsReturn = false
    /// Output failed: nothing more is to be done.
    private var isBroken = false

    init(_ command: FileCommand) {
        self.command = command
        target = command.shell.realDescriptor(1)
    }

    private var isPlain: Bool { !(showsNonprinting || showsEnds || showsTabs || numbers || squeezes) }

    mutating func copyAll(_ operands: [Text]) {
        // A pipe that nobody reads ends this command, not the shell.
        let ends = target >= 0 && Signals.disposition(.pipe) == .default
        if ends { try? Signals.set(.pipe, .ignored) }
        defer { if ends { try? Signals.set(.pipe, .default) } }
        if target >= 0 {
            do throws(Errno) {
                let status = try FileStatus(descriptor: target)
                if status.isRegular { targetStatus = status }
            } catch {
                command.report("standard output", error.rawValue)
                return
            }
        } else if target == -1 {
            command.report("standard output", Errno.badDescriptor.rawValue)
            return
        }
        let buffer = command.shell.copyBuffer
        var readsInput = false
        for name in operands {
            if isBroken { break }
            if name.equals("-") {
                readsInput = true
                command.shell.syncInput()  // what `read` took ahead belongs to this reader
                copy(name, command.inputDescriptor, buffer)
                continue
            }
            do throws(Errno) {
                let descriptor = try open(name)
                copy(name, descriptor, buffer)
                try? System.close(descriptor)
            } catch {
                command.report("\(bare: name)", error.rawValue)
            }
        }
        if holdsReturn && !isBroken {
            let mark = command.shell.output.count
            command.shell.output.append(13)
            deliver(from: mark)
        }
        if readsInput && command.inputDescriptor < 0 && !isBroken {
            command.report("closing standard input", Errno.badDescriptor.rawValue)
        }
    }

    /// Opening a FIFO waits, and a signal that the shell notes ends the wait.
    private func open(_ name: Text) throws(Errno) -> Int32 {
        while true {
            do throws(Errno) {
                return try System.open(name, [.readOnly, .closeOnExec])
            } catch {
                if error == .interrupted, !isInterrupted { continue }
                command.files.noteUnreadable(name, error)
                throw error
            }
        }
    }

    private mutating func copy(_ name: Text, _ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) {
        do throws(Errno) {
            if descriptor < 0 { throw .badDescriptor }
            let status = try FileStatus(descriptor: descriptor)
            if let targetStatus, targetStatus.isSameFile(as: status) {
                let place = (try? System.seek(descriptor, 0, from: .current)) ?? -1
                if place < status.size {
                    command.report("\(bare: name): input file is output file")
                    return
                }
            }
            while !isBroken {
                let count: Int
                do throws(Errno) {
                    count = try System.read(descriptor, into: buffer)
                } catch {
                    if error != .interrupted { throw error }
                    if !isInterrupted { continue }
                    isBroken = true
                    command.status = 130
                    break
                }
                if count == 0 { break }
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                if !isPlain {
                    let mark = command.shell.output.count
                    show(bytes)
                    deliver(from: mark)
                } else if target >= 0 {
                    writeOut(bytes)
                } else {
                    bytes.withMemoryRebound(to: UInt8.self) { command.shell.output.append($0) }
                    command.shell.flushOutput()
                }
            }
        } catch {
            command.report("\(bare: name)", error.rawValue)
        }
    }

    /// A signal came in at the prompt: the user wants it back. In a script reading goes on, and a trap runs afterwards.
    private var isInterrupted: Bool { command.shell.options.contains(.interactive) && Signals.isPending }

    // MARK: output

    private mutating func writeOut(_ bytes: UnsafeRawBufferPointer) {
        do throws(Errno) {
            try System.writeAll(target, bytes)
        } catch {
            isBroken = true
            if error == .brokenPipe {
                command.status = 141  // as if SIGPIPE had ended it
            } else {
                command.report("write error", error.rawValue)
            }
        }
    }

    /// What was formatted from `mark` on goes out; where it is gathered it stays.
    private mutating func deliver(from mark: Int) {
        let shell = command.shell
        if target < 0 {
            shell.flushOutput()
            return
        }
        let text = shell.output.text(from: mark)
        shell.output.pop(to: mark)
        text.withBytes { writeOut(UnsafeRawBufferPointer($0)) }
    }

    /// Appends `bytes` to the output as the options say.
    private mutating func show(_ bytes: UnsafeRawBufferPointer) {
        let shell = command.shell
        for byte in bytes {
            if byte == 10 {
                newlines += 1
                if newlines >= 2 {
                    newlines = 2
                    if squeezes { continue }
                }
                if newlines > 0 && numbers && numbersBlank { appendNumber() }
                if showsEnds {
                    if holdsReturn { shell.output.append("^M") }
                    holdsReturn = false
                    shell.output.append(36)
                }
                shell.output.append(10)
                continue
            }
            if holdsReturn {
                shell.output.append(13)
                holdsReturn = false
            }
            if newlines >= 0 && numbers { appendNumber() }
            newlines = -1
            if byte == 9 {
                if showsTabs { shell.output.append("^I") } else { shell.output.append(9) }
            } else if showsNonprinting {
                appendVisible(byte)
            } else if byte == 13 && showsEnds {
                holdsReturn = true
            } else {
                shell.output.append(byte)
            }
        }
    }

    private mutating func appendNumber() {
        line += 1
        let digits = Text(decimal: line)
        for _ in 0..<max(0, 6 - digits.count) { command.shell.output.append(32) }
        command.shell.output.append(digits)
        command.shell.output.append(9)
    }

    /// `^X` for control characters, `M-` before what has the eighth bit.
    private func appendVisible(_ byte: UInt8) {
        let shell = command.shell
        if byte >= 128 { shell.output.append("M-") }
        let low = byte & 127
        if low == 127 {
            shell.output.append("^?")
        } else if low < 32 {
            shell.output.append(94)
            shell.output.append(low + 64)
        } else {
            shell.output.append(low)
        }
    }
}
