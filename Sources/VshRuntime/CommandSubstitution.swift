// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

extension Shell {
    /// `$(…)` (XCU 2.6.3): runs as a virtual subshell whose output is gathered in memory; newlines at the end are removed.
    func expandCommandSubstitution(_ code: Code, _ part: Part, _ builder: inout WordBuilder) throws(ShellError) {
        let outerMark = outputMark
        let scratchMark = scratch.count
        try capture(code, part.a)
        let mark = captures.last.mark
        var end = output.count
        while end > mark && output[end - 1] == 10 { end &-= 1 }
        var text = output.text(mark..<end)
        output.pop(to: mark)
        _ = captures.removeLast()
        outputMark = outerMark
        precondition(scratch.count == scratchMark, "scratch is balanced")
        if text.withBytes({ VshSystem.ByteSearch.first(0, in: $0) != nil }) {
            text = Text(text.bytes.filter { $0 != 0 })
        }
        append(text, quoted: part.isQuoted, &builder)
    }

    /// Runs a command with its standard output gathered in `output` from `captures.last.mark` on; the caller takes both off.
    ///
    /// `$?` stays that of the last pipeline of this environment (XCU 2.5.2); `substitutionStatus` is for commands without a name.
    func capture(_ code: Code, _ node: Int32) throws(ShellError) {
        captures.append(Capture(mark: output.count))
        outputMark = output.count
        let (position, statusBefore) = (currentPosition, status)
        let mark = descriptorUndo.count
        redirectionDepth &+= 1
        redirect(1, to: DescriptorEntry(real: Int32(-2 - (captures.count - 1)), isVerified: true))
        do throws(ShellError) {
            let command = code.nodes[node]
            if command.kind == .simpleCommand && isOnlyInput(code, command) {
                try captureFile(code, command)
            } else {
                try runInSubshell(code, node)
            }
        } catch {
            endRedirections(to: mark)
            output.pop(to: captures.last.mark)
            _ = captures.removeLast()
            outputMark = output.count
            throw error
        }
        endRedirections(to: mark)
        currentPosition = position
        substitutionStatus = status
        status = statusBefore
        substitutionCount &+= 1
    }

    /// `< file` and nothing else.
    @inline(__always)
    private func isOnlyInput(_ code: Code, _ command: Node) -> Bool {
        if command.n != 0 || command.d > 0 || command.e < 0 { return false }
        let redirection = code.redirections[command.e]
        return redirection.isLast && redirection.op == .input && redirection.descriptor == 0
    }

    /// `$(<file)`: what the file holds, as in ksh, bash and zsh.
    @inline(never)
    private func captureFile(_ code: Code, _ command: Node) throws(ShellError) {
        currentPosition = command.position
        let state = enterSubshell()
        defer { leaveSubshell(state) }
        guard let mark = try beginRedirections(code, command.e) else {
            status = 1
            return
        }
        defer { endRedirections(to: mark) }
        status = 0
        let descriptor = inputDescriptor(0)
        while true {
            do throws(Errno) {
                if try !readInput(descriptor) { return }
            } catch {
                if error == .interrupted && !hasPendingSignals { continue }
                report(error.message)
                status = 1
                return
            }
        }
    }

    /// Appends up to 64 KiB to the output; false at the end of the file.
    private func readInput(_ descriptor: Int32) throws(Errno) -> Bool {
        try withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { (buffer) throws(Errno) in
            let count = try System.read(descriptor, into: buffer)
            output.append(UnsafeBufferPointer(rebasing: buffer.bindMemory(to: UInt8.self)[..<count]))
            return count > 0
        }
    }
}
