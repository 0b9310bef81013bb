// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// Reads the options of a builtin by the guidelines of XBD 12.2: clusters, option-arguments attached or in the next word, `--`.
///
///     var options = OptionReader()
///     while let option = options.next(shell, arguments, "ab:") { … }
///     if options.isStopped { return try shell.endUsage(arguments) }
///
/// Afterwards `index` is the first operand.
struct OptionReader {
    /// The word being read; after the last option, the first operand.
    private(set) var index = 1
    /// Byte inside the word, 0 when none of it was read.
    private var place = 0
    /// The argument of the last option that takes one.
    private(set) var value = Text()
    /// An unknown option, a missing option-argument or `--help`: the message or the help has been written and `status` set.
    private(set) var isStopped = false

    /// The next option letter, or nil when there is none.
    /// - Parameter known: the letters, each followed by `:` when it takes an argument.
    mutating func next(_ shell: Shell, _ arguments: Arguments, _ known: StaticString) -> UInt8? {
        if index >= arguments.count { return nil }
        if place == 0 {
            let count = shell.fields[arguments.base + index].count
            if count < 2 || shell.fields[arguments.base + index][0] != 45 { return nil }
            if shell.fields[arguments.base + index][1] == 45 {
                if count == 2 {
                    index += 1
                    return nil
                }
                stopAtLongOption(shell, arguments)
                return nil
            }
            place = 1
        }
        let word = shell.argument(arguments, index)
        let letter = word[place]
        place += 1
        let isLast = place == word.count
        let takesValue = OptionReader.find(letter, known)
        guard let takesValue else {
            shell.reportUsage(arguments, "unknown option -\(OptionReader.printable(letter))")
            isStopped = true
            return nil
        }
        if takesValue {
            if !isLast {
                value = word.slice(place..<word.count)
            } else if index + 1 < arguments.count {
                index += 1
                value = shell.argument(arguments, index)
            } else {
                shell.reportUsage(arguments, "option -\(OptionReader.printable(letter)) needs an argument")
                isStopped = true
                return nil
            }
        }
        if isLast || takesValue {
            index += 1
            place = 0
        }
        return letter
    }

    private mutating func stopAtLongOption(_ shell: Shell, _ arguments: Arguments) {
        isStopped = true
        if shell.argument(arguments, index).equals("--help") {
            shell.writeHelp(shell.argument(arguments, 0))
            shell.status = 0
            return
        }
        shell.reportUsage(arguments, "unknown option \(shell.argument(arguments, index).description)")
    }

    /// Whether `letter` takes an argument; nil when it is not among `known`.
    private static func find(_ letter: UInt8, _ known: StaticString) -> Bool? {
        if letter == 58 { return nil }
        let bytes = UnsafeBufferPointer(start: known.utf8Start, count: known.utf8CodeUnitCount)
        for index in bytes.indices where bytes[index] == letter {
            return index + 1 < bytes.count && bytes[index + 1] == 58
        }
        return nil
    }

    static func printable(_ byte: UInt8) -> String { String(decoding: [byte], as: UTF8.self) }
}

extension Shell {
    /// `builtin: message` and the usage line on standard error; `status` becomes 2.
    func reportUsage(_ arguments: Arguments, _ message: String) {
        report(arguments, message)
        if let row = builtin(named: argument(arguments, 0)) {
            var line = ByteStack(capacity: 128)
            line.append("usage: ")
            line.append(row.name)
            if row.synopsis.utf8CodeUnitCount > 0 {
                line.append(32)
                line.append(row.synopsis)
            }
            line.append(10)
            writeError(line)
        }
        status = 2
    }

    /// The way out of a builtin after a usage error that was reported, or after `--help`: an error of a special builtin
    /// ends a non-interactive shell (XCU 2.8.1).
    @inline(never)
    func endUsage(_ arguments: Arguments) throws(ShellError) -> Flow {
        if status != 0 && isSpecialBuiltin(arguments) { throw ShellError(.specialBuiltin, status: status) }
        return .normal
    }

    /// Reports a usage error and ends the builtin.
    @inline(never)
    func usageError(_ arguments: Arguments, _ message: String) throws(ShellError) -> Flow {
        reportUsage(arguments, message)
        return try endUsage(arguments)
    }

    /// Reports an error and ends the builtin with `status`, else with 1; a special builtin with 2, as in dash.
    @inline(never)
    func fail(
        _ arguments: Arguments, _ subject: Text, _ message: String, status: Int32? = nil
    ) throws(ShellError) -> Flow {
        report(arguments, subject, message)
        self.status = status ?? (isSpecialBuiltin(arguments) ? 2 : 1)
        return try endUsage(arguments)
    }

    /// The same without a subject.
    func fail(_ arguments: Arguments, _ message: String, status: Int32? = nil) throws(ShellError) -> Flow {
        try fail(arguments, Text(), message, status: status)
    }

    func report(_ arguments: Arguments, _ message: String) { report(arguments, Text(), message) }

    func isSpecialBuiltin(_ arguments: Arguments) -> Bool {
        guard let row = builtin(named: argument(arguments, 0)) else { return false }
        return row.kind == .special
    }

    /// Whether the command's first operand asks for help, for builtins that read no options.
    func asksForHelp(_ arguments: Arguments) -> Bool {
        if arguments.count != 2 || !fields[arguments.base + 1].equals("--help") { return false }
        writeHelp(argument(arguments, 0))
        status = 0
        return true
    }
}
