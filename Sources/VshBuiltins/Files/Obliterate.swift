// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// The row of `obliterate`.
func registerObliterate(_ shell: Shell) {
    shell.register(
        "obliterate", .extension_, traits: [.usesInput, .standsApart],
        synopsis: "[-fr] [--level clear|purge|destroy] [--all-links] path... | [-f] --operation @id",
        summary: "Erase files, and all that is kept of them, for good: this cannot be undone.",
        function: { (shell, arguments) throws(ShellError) -> Flow in
            let command = FileCommand(shell, arguments)
            var obliteration = Obliteration(command)
            obliteration.run()
            shell.status = command.status
            return .normal
        })
}

/// One run of `obliterate`.
private struct Obliteration {
    let command: FileCommand
    var isForced = false
    var isRecursive = false
    var followsAllLinks = false
    var level = ErasureLevel.purge
    var operation: UInt64?

    init(_ command: FileCommand) { self.command = command }

    private func usage(_ message: Message) {
        command.report(message)
        command.status = 2
    }

    mutating func run() {
        let options = FileOptions(
            command.words, letters: "frR",
            long: [
                .init("level", 256, argument: 1), .init("all-links", 257), .init("operation", 258, argument: 1),
                .init("help", 259), .init("force", 102), .init("recursive", 114),
            ], isPOSIX: command.isPOSIX)
        if options.isUnknown { return usage("unknown option, or a value is missing") }
        for (code, value) in options.given {
            switch code {
            case 102: isForced = true
            case 114, 82: isRecursive = true
            case 256:
                switch value.map({ String(decoding: $0.bytes, as: UTF8.self) }) {
                case "clear": level = .clear
                case "purge": level = .purge
                case "destroy": level = .destroy
                default: return usage("the level is clear, purge or destroy, not \(value ?? Text())")
                }
            case 257: followsAllLinks = true
            case 258:
                let digits = value.map { $0.bytes.first == 64 ? Array($0.bytes.dropFirst()) : [] } ?? []
                guard let number = UInt64(String(decoding: digits, as: UTF8.self)), number > 0 else {
                    return usage("not an operation, such as @12: \(value ?? Text())")
                }
                operation = number
            default:
                command.shell.writeHelp(command.name)
                return
            }
        }
        if operation == nil ? options.operands.isEmpty : !options.operands.isEmpty {
            return usage(operation == nil ? "a path is missing" : "--operation takes no paths")
        }
        do throws(Obliterator.Problem) {
            let obliterator = try Obliterator(command.files, level: level)
            if let operation {
                try erase(operation: operation, obliterator)
            } else {
                try erase(options.operands.map(\.bytes), obliterator)
            }
        } catch {
            command.report("\(raw: Text(error.path)): \(error.reason)")
        }
    }

    private func showFailures(_ obliterator: Obliterator) {
        for failure in obliterator.failures { command.report("\(bare: Text(failure.path)): \(failure.reason)") }
    }

    private func erase(_ paths: [[UInt8]], _ obliterator: Obliterator) throws(Obliterator.Problem) {
        var targets: [Obliterator.Target] = []
        for path in paths {
            if let target = obliterator.survey(path, isRecursive: isRecursive, followsAllLinks: followsAllLinks) {
                targets.append(target)
            }
        }
        if !obliterator.failures.isEmpty { return showFailures(obliterator) }
        for warning in obliterator.warnings { command.warn("\(raw: Text(warning))") }
        let count = targets.reduce(0) { $0 + $1.files }
        let bytes = targets.reduce(Int64(0)) { $0 + $1.bytes }
        if !isForced {
            let what: Message = "\(count) \(count == 1 ? "file" : "files") (\(Int(bytes)) bytes)"
            if !command.asks("erase \(what), and all that is kept of \(count == 1 ? "it" : "them"), for good?") {
                command.status = 1
                return
            }
        }
        let evidence = try obliterator.erase(targets, followsAllLinks: followsAllLinks)
        show(evidence, obliterator)
    }

    private func erase(operation: UInt64, _ obliterator: Obliterator) throws(Obliterator.Problem) {
        if !isForced, !command.asks("erase what is kept of @\(Int(operation)) for good?") {
            command.status = 1
            return
        }
        guard let evidence = try obliterator.erase(operation: operation) else {
            return command.report("there is no operation @\(Int(operation))")
        }
        show(evidence, obliterator)
    }

    private func show(_ evidence: Obliterator.Evidence?, _ obliterator: Obliterator) {
        command.shell.forgetHistory(obliterator.erasedCommands)
        showFailures(obliterator)
        var line: Message = "erased \(obliterator.erasedFiles) \(obliterator.erasedFiles == 1 ? "file" : "files")"
        if let evidence {
            line = "\(line); evidence: row \(evidence.row), opened by \(evidence.opening)"
        }
        command.say(line)
    }
}
