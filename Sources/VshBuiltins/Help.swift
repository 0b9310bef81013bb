// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `help` and `--help`, from the builtin table.
func registerHelp(_ shell: Shell) {
    shell.register(
        "help", .extension_, traits: .isPure, synopsis: "[name...]",
        summary: "List the builtins, or say how those named are used.", function: help)
}

extension Shell {
    /// Writes synopsis and summary of the builtin called `name`; false when there is none.
    @discardableResult
    func writeHelp(_ name: Text) -> Bool {
        guard let row = builtin(named: name) else { return false }
        writeSynopsis(row)
        output.append("    ")
        output.append(row.summary)
        output.append(10)
        return true
    }

    private func writeSynopsis(_ row: Builtin) {
        output.append(row.name)
        if row.synopsis.utf8CodeUnitCount > 0 {
            output.append(32)
            output.append(row.synopsis)
        }
        output.append(10)
    }

    /// Indices of the rows that can be found in the present mode, sorted by name.
    fileprivate func sortedBuiltins() -> [Int] {
        var rows: [Int] = []
        for index in 0..<builtinTable.count {
            if builtinTable[index].kind == .extension_ && options.contains(.posix) { continue }
            rows.append(index)
        }
        rows.sort { isOrderedBefore(Text(literal: builtinTable[$0].name), Text(literal: builtinTable[$1].name)) }
        return rows
    }
}

private func help(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    while options.next(shell, arguments, "") != nil {}
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    if options.index == arguments.count {
        for index in shell.sortedBuiltins() {
            let row = shell.builtinTable[index]
            shell.output.append(Text(literal: row.name), padTo: 10)
            shell.output.append(32)
            shell.output.append(row.summary)
            shell.output.append(10)
        }
        return .normal
    }
    for index in options.index..<arguments.count {
        let name = shell.argument(arguments, index)
        if !shell.writeHelp(name) {
            shell.report(arguments, name, "no such builtin; \"help\" lists them")
            shell.status = 1
        }
    }
    return .normal
}

extension Text {
    init(literal: StaticString) {
        self.init(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }
}
