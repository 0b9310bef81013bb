// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `help` and `--help`, from the builtin table.
func registerHelp(_ shell: Shell) {
    shell.register(
        "help", .extension_, traits: .isPure, synopsis: "[builtin|topic...]",
        summary: "List builtins and topics, or say how those named are used.", function: help)
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
        if let options = BuiltinOptions.text(name) { writeOptions(options) }
        return true
    }

    /// The same for builtins of other modules.
    public func writeBuiltinHelp(_ name: Text) { writeHelp(name) }

    /// Options with what they do, one a line; those of subcommands below these.
    private func writeOptions(_ options: StaticString) {
        let text = UnsafeBufferPointer(start: options.utf8Start, count: options.utf8CodeUnitCount)
        for line in text.split(separator: 10) {
            guard let first = line.first, first != 60 else { continue }
            let bar = line.indices.first { line[$0...].starts(with: [32, 124, 32]) } ?? line.endIndex
            var head = Array(line[..<bar])
            if first == 64 { head = Array(head.drop { $0 == 64 || $0 == 32 }) } else { head = [32, 32] + head }
            // `=kind` is for completion: here it is what stands for an argument.
            var words: [[UInt8]] = []
            for word in head.split(separator: 32) {
                guard word.first == 61 else {
                    words.append(Array(word))
                    continue
                }
                let kind = word.dropFirst().drop { $0 == 63 }
                let name: [UInt8] =
                    kind.first == 40 || kind.elementsEqual("none".utf8) || kind.last == 41
                    ? Array("ARG".utf8)
                    : kind.map { $0 >= 97 && $0 <= 122 ? $0 & 0xDF : $0 }
                words.append(name)
            }
            words.removeAll { $0.last == 41 }
            let shown = Text((first == 64 ? [32, 32] : [32, 32, 32, 32]) + Array(words.joined(separator: [32])))
            output.append(shown, padTo: 30)
            if bar < line.endIndex {
                output.append(32)
                output.append(Text(Array(line[(bar + 3)...])))
            }
            output.append(10)
        }
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
        shell.output.append("\nTopics (help TOPIC):\n")
        for topic in HelpTopics.all {
            shell.output.append(Text(literal: topic.name), padTo: 14)
            shell.output.append(32)
            shell.output.append(topic.summary)
            shell.output.append(10)
        }
        return .normal
    }
    for index in options.index..<arguments.count {
        let name = shell.argument(arguments, index)
        let isBuiltin = shell.writeHelp(name)
        if let topic = HelpTopics.text(name) {
            if isBuiltin { shell.output.append(10) }
            shell.output.append(topic)
            shell.output.append(10)
        } else if !isBuiltin {
            shell.report(arguments, name, "no such builtin or topic; \"help\" lists them")
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
