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
            try runInSubshell(code, node)
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
}
