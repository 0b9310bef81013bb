// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

extension FileCommand {
    /// The words of a command as its name and arguments.
    convenience init(_ shell: Shell, _ arguments: Arguments) {
        var words: [Text] = []
        words.reserveCapacity(arguments.count)
        for index in 1..<max(1, arguments.count) { words.append(shell.argument(arguments, index)) }
        self.init(shell: shell, name: shell.argument(arguments, 0), words: words)
    }
}

extension Shell {
    /// Adds the row of a file utility: a run with an option that `body` does not know goes to the external program, unchanged.
    func registerFile(
        _ name: StaticString, synopsis: StaticString, summary: StaticString,
        _ body: @escaping (FileCommand) -> FileCommand.Outcome
    ) {
        register(
            name, .file, traits: .usesInput, synopsis: synopsis, summary: summary,
            function: { (shell, arguments) throws(ShellError) -> Flow in
                // Names of the process's own descriptors mean something else in here than in a program.
                for index in 1..<max(1, arguments.count) where namesDescriptor(shell.argument(arguments, index)) {
                    if let planner = shell.files.planner { return explainExternal(planner) }
                    return try shell.runExternal(arguments)
                }
                let command = FileCommand(shell, arguments)
                switch body(command) {
                case .external:
                    if let planner = shell.files.planner { return explainExternal(planner) }
                    return try shell.runExternal(arguments)
                case .done:
                    shell.status = command.status
                    return .normal
                }
            })
    }
}

/// `explain` of a run that goes to the external program.
private func explainExternal(_ planner: Planner) -> Flow {
    planner.isExternal = true
    return .normal
}

/// Whether a path leads to the process's own descriptors or state: /dev/stdin, /dev/fd/3, /proc/self.
private func namesDescriptor(_ path: Text) -> Bool {
    path.withBytes { bytes in
        guard bytes.count > 6, bytes[0] == 47 else { return false }
        func begins(_ prefix: StaticString) -> Bool {
            bytes.count >= prefix.utf8CodeUnitCount
                && bytesEqual(
                    UnsafeBufferPointer(rebasing: bytes[..<prefix.utf8CodeUnitCount]),
                    UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
        }
        return begins("/dev/std") || begins("/dev/fd") || begins("/proc/self")
    }
}
