// SPDX-License-Identifier: MPL-2.0
import VshBase

extension Shell {
    /// Runs what was read as `.` does. The words of `arguments` after the first become its positional parameters; when there are
    /// none it sees those of its caller, and what `set` and `shift` do to them stays (XCU dot leaves arguments open).
    public func runDot(_ source: Source, parameters arguments: Arguments) throws(ShellError) -> Flow {
        if arguments.count < 2 { return try runDot(source) }
        let (base, count, frame) = (paramBase, paramCount, paramFrame)
        let mark = params.count
        for index in arguments.base + 1..<arguments.base + arguments.count { params.append(fields[index]) }
        paramBase = mark
        paramFrame = mark
        paramCount = arguments.count - 1
        defer {
            params.pop(to: mark)
            paramBase = base
            paramCount = count
            paramFrame = frame
        }
        return try runDot(source)
    }
}
