// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshSyntax
import VshSystem

extension Shell {
    /// Performs the redirections from `first` on, to be undone by `endRedirections(to:)` with the mark that is returned.
    ///
    /// When one fails, those before it are undone, the message is written and nil is returned (XCU 2.8.1: the command fails).
    func beginRedirections(_ code: Code, _ first: Int32) throws(ShellError) -> Int? {
        let mark = descriptorUndo.count
        redirectionDepth += 1
        var index = first
        while true {
            let redirection = code.redirections[index]
            var isDone = false
            do throws(ShellError) {
                isDone = try perform(code, redirection)
            } catch {
                endRedirections(to: mark)
                throw error
            }
            if !isDone {
                endRedirections(to: mark)
                return nil
            }
            if redirection.isLast { return mark }
            index += 1
        }
    }

    private func perform(_ code: Code, _ redirection: Redirection) throws(ShellError) -> Bool {
        if redirection.descriptor < 0 { return try performNamed(code, redirection) }
        let descriptor = Int(redirection.descriptor)
        switch redirection.op {
        case .input: return try openFile(code, redirection, OpenFlags.readOnly.rawValue)
        case .output where options.contains(.noclobber): return try openNew(code, redirection)
        case .output, .clobber:
            return try openFile(code, redirection, OpenFlags([.writeOnly, .create, .truncate]).rawValue)
        case .append: return try openFile(code, redirection, OpenFlags([.writeOnly, .create, .append]).rawValue)
        case .readWrite: return try openFile(code, redirection, OpenFlags([.readWrite, .create]).rawValue)
        case .duplicateInput, .duplicateOutput: return try duplicate(code, redirection)
        case .hereDocument, .hereDocumentStrip:
            let text = try expandHereDocument(code, redirection.word)
            hereTexts.append(HereText(text: text, position: 0))
            let code = DescriptorEntry.firstMemory - Int32(hereTexts.count - 1)
            redirect(descriptor, to: DescriptorEntry(real: code, isOwned: true))
            return true
        case .outputAndError: return try outputAndError(code, redirection, .output)
        case .appendOutputAndError: return try outputAndError(code, redirection, .append)
        case .hereString:
            var text = try expandToText(code, redirection.word)
            text.append(Text("\n"))
            hereTexts.append(HereText(text: text, position: 0))
            let code = DescriptorEntry.firstMemory - Int32(hereTexts.count - 1)
            redirect(descriptor, to: DescriptorEntry(real: code, isOwned: true))
            return true
        }
    }

    /// `{x}>file`: on a descriptor of its own from 10 on, which outlives the command, and whose number x gets. `{x}>&-` closes that one.
    @inline(never)
    private func performNamed(_ code: Code, _ redirection: Redirection) throws(ShellError) -> Bool {
        guard let variable = redirection.variable else { return false }
        let isDuplicate = redirection.op == .duplicateInput || redirection.op == .duplicateOutput
        var closes = false
        if isDuplicate { closes = try expandToText(code, redirection.word).equals("-") }
        guard let descriptor = closes ? value(variable).decimalInteger : unusedDescriptor(),
            descriptor >= 0 && descriptor < 1 << 20
        else {
            reportRedirection(
                redirection, symbols.name(variable), closes ? "not a descriptor number" : Errno.tooManyFiles.message)
            return false
        }
        var numbered = redirection
        numbered.descriptor = Int32(descriptor)
        let mark = descriptorUndo.count
        if try !perform(code, numbered) { return false }
        redirectionDepth += 1
        let result = keepRedirections(from: mark)
        if result < 0 {
            reportRedirection(redirection, symbols.name(variable), Errno(rawValue: -result).message)
            return false
        }
        if !closes { try assign(variable, integer: descriptor) }
        return true
    }

    /// The least number from 10 on that the script has not in use; nil when there is none.
    private func unusedDescriptor() -> Int? {
        for number in 10..<1 << 16 {
            if number >= descriptors.count { growDescriptors(number) }
            let real = descriptors[number].real
            if real == -1 || real == Int32(number) && !descriptors[number].isOwned && !System.isOpen(real) {
                return number
            }
        }
        return nil
    }

    /// `&>file` and `&>>file`: standard output by `op`, and standard error to the same.
    private func outputAndError(
        _ code: Code, _ redirection: Redirection, _ op: RedirectionOperator
    ) throws(ShellError) -> Bool {
        var first = redirection
        first.op = op
        if try !perform(code, first) { return false }
        var entry = descriptors[1]
        entry.isOwned = false
        redirect(2, to: entry)
        return true
    }

    private func openFile(_ code: Code, _ redirection: Redirection, _ flags: Int32) throws(ShellError) -> Bool {
        let path = try expandToText(code, redirection.word)
        if let number = descriptorNamed(path), number < descriptors.count, descriptors[number].real != Int32(number) {
            // The process's descriptor of that number is not the script's.
            var entry = descriptors[number]
            entry.isOwned = false
            if entry.real != -1 {
                redirect(Int(redirection.descriptor), to: entry)
                return true
            }
        }
        return finishOpen(redirection, path, files.open(path, flags: flags | OpenFlags.closeOnExec.rawValue))
    }

    /// `path`, or, when it names a descriptor of the script that is another one of the process (/dev/stdin, /dev/fd/3), the name of that.
    public func processPath(_ path: Text) -> Text {
        guard let number = descriptorNamed(path), number < descriptors.count, descriptors[number].real != Int32(number),
            descriptors[number].real >= -1 || descriptors[number].isMemory
        else { return path }
        syncInput()
        return Text(Array("/dev/fd/\(inputDescriptor(number))".utf8))
    }

    /// The number that /dev/stdin, /dev/stdout, /dev/stderr, /dev/fd/N and /proc/self/fd/N name.
    private func descriptorNamed(_ path: Text) -> Int? {
        if path.count < 9 || path[0] != 47 { return nil }
        if path[1] == 112, path.count > 14, path.slice(0..<14).equals("/proc/self/fd/") {
            return path.slice(14..<path.count).decimalInteger.flatMap { $0 >= 0 ? $0 : nil }
        }
        if path[1] != 100 || path[4] != 47 { return nil }
        if path.equals("/dev/stdin") { return 0 }
        if path.equals("/dev/stdout") { return 1 }
        if path.equals("/dev/stderr") { return 2 }
        if path.slice(0..<8).equals("/dev/fd/") {
            return path.slice(8..<path.count).decimalInteger.flatMap { $0 >= 0 ? $0 : nil }
        }
        return nil
    }

    @inline(__always)
    private func finishOpen(_ redirection: Redirection, _ path: Text, _ result: Int32) -> Bool {
        if result < 0 {
            if result == -Errno.interrupted.rawValue && hasPendingSignals { return false }
            reportRedirection(redirection, path, Errno(rawValue: -result).message)
            return false
        }
        noteOpened(result)
        redirect(
            Int(redirection.descriptor),
            to: DescriptorEntry(real: result, isOwned: true, isVerified: true, isWritable: redirection.op != .input))
        if let notice = files.takeNotice() { showNotice(notice) }
        return true
    }

    /// What is to be said after an operation: what could not be recorded, and under `set -o announce` what it changed.
    func showAfterOperation() {
        if let notice = files.takeNotice() { showNotice(notice) }
        if options.contains(.announce), let text = files.takeAnnouncement() {
            var line = ByteStack(capacity: 128)
            line.append(text)
            line.append(10)
            writeError(line)
        }
    }

    /// Transactions that ended sessions left open, offered at the start of an interactive shell.
    func offerLeftOpen() {
        for line in UndoCommand.leftOpen(files) { showNotice(line) }
    }

    /// Says which transaction is left open when the shell ends.
    func noteOpenTransaction() {
        if isForkedChild { return }
        guard let open = files.transactions.last else { return }
        showNotice(Array("the transaction @\(open) is left open: rollback takes it back, commit keeps it".utf8))
    }

    /// Says once what could not be recorded.
    public func showNotice(_ notice: [UInt8]) {
        var line = ByteStack(capacity: 128)
        line.append("vsh: ")
        line.append(notice)
        line.append(10)
        writeError(line)
    }

    /// `>` under `set -C`: the file must be new, or not a regular file (XCU 2.7.2).
    private func openNew(_ code: Code, _ redirection: Redirection) throws(ShellError) -> Bool {
        let path = try expandToText(code, redirection.word)
        let flags = OpenFlags([.writeOnly, .closeOnExec]).rawValue
        var result = files.open(path, flags: flags | OpenFlags([.create, .exclusive]).rawValue)
        if result == -Errno.exists.rawValue {
            let isRegular = (try? FileStatus(path))?.isRegular ?? false
            if isRegular {
                reportRedirection(redirection, path, "file exists (noclobber is set; >| overwrites)")
                return false
            }
            result = files.open(path, flags: flags)
        }
        return finishOpen(redirection, path, result)
    }

    private func duplicate(_ code: Code, _ redirection: Redirection) throws(ShellError) -> Bool {
        var target = try expandToText(code, redirection.word)
        let descriptor = Int(redirection.descriptor)
        // `5>&3-` moves a descriptor.
        let isMove =
            target.count > 1 && target[target.count - 1] == UInt8(ascii: "-") && !options.contains(.posix)
            && target.withBytes { $0.dropLast().allSatisfy { $0 &- 48 <= 9 } }
        if isMove { target = target.withBytes { Text(UnsafeBufferPointer(rebasing: $0.dropLast())) } }
        if target.equals("-") {
            redirect(descriptor, to: .closed)
            return true
        }
        guard let number = target.decimalInteger, number >= 0, number < 1 << 20, target[0] != 43 else {
            if redirection.op == .duplicateOutput && descriptor == 1 && !target.isEmpty && target.decimalInteger == nil
                && !options.contains(.posix)
            {
                // `>&file` is an old way to write `&>file`.
                return try outputAndError(code, redirection, .output)
            }
            reportRedirection(redirection, target, "not a descriptor number")
            return false
        }
        if number >= descriptors.count { growDescriptors(number) }
        var entry = descriptors[number]
        if entry.real >= 0 && !entry.isVerified && !entry.isOwned {
            if System.isOpen(entry.real) {
                descriptors[number].isVerified = true
            } else {
                entry = .closed
            }
        }
        if entry.real == -1 {
            reportRedirection(redirection, target, Errno.badDescriptor.message)
            return false
        }
        if redirection.op == .duplicateOutput && entry.real >= 0 && !entry.isWritable {
            if let flags = try? System.statusFlags(entry.real), flags.rawValue & 3 == OpenFlags.readOnly.rawValue {
                reportRedirection(redirection, target, "not open for output")
                return false
            }
            descriptors[number].isWritable = true
            entry.isWritable = true
        }
        entry.isOwned = false
        redirect(descriptor, to: entry)
        if isMove && number != descriptor { redirect(number, to: .closed) }
        return true
    }

    private func reportRedirection(_ redirection: Redirection, _ target: Text, _ message: String) {
        let position = currentPosition
        currentPosition = redirection.position
        report(name: target, message)
        currentPosition = position
        status = 1
    }
}
