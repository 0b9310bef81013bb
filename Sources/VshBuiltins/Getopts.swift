// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `getopts` (XCU getopts).
func registerGetopts(_ shell: Shell) {
    shell.register(
        "getopts", .intrinsic, synopsis: "optstring name [argument...]",
        summary: "Read the next option of the arguments or positional parameters into a variable.",
        function: getopts)
}

/// The words that `getopts` reads, counted from 1.
private struct OptionWords {
    let shell: Shell
    let count: Int
    /// Index of word 1 in `fields`, or -1 when the positional parameters are read.
    let base: Int

    subscript(index: Int) -> Text {
        base >= 0 ? shell.fields[base + index - 1] : shell.params[shell.paramBase + index - 1]
    }
}

private func getopts(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    while options.next(shell, arguments, "") != nil {}
    if options.isStopped { return try shell.endUsage(arguments) }
    let first = options.index
    if arguments.count < first + 2 { return try shell.usageError(arguments, "needs an option string and a name") }
    let specification = shell.argument(arguments, first)
    let name = shell.argument(arguments, first + 1)
    let isExplicit = arguments.count > first + 2
    let words = OptionWords(
        shell: shell, count: isExplicit ? arguments.count - first - 2 : shell.paramCount,
        base: isExplicit ? arguments.base + first + 2 : -1)

    let isSilent = !specification.isEmpty && specification[0] == 58
    var index = max(1, shell.getoptsIndex)
    var place = shell.getoptsPlace
    // The words are not those of the call before.
    if place > 0 && (index > words.count || place >= words[index].count) { place = 0 }
    if place == 0 {
        if index > words.count { return try endOfOptions(shell, arguments, name, words.count + 1) }
        let word = words[index]
        if word.count < 2 || word[0] != 45 { return try endOfOptions(shell, arguments, name, index) }
        if word.count == 2 && word[1] == 45 { return try endOfOptions(shell, arguments, name, index + 1) }
        place = 1
    }
    let word = words[index]
    let letter = word[place]
    place += 1
    var result = letter
    var argument: Text?
    let letterText = word.slice(place - 1..<place)
    if let takesArgument = find(letter, specification) {
        if takesArgument {
            if place < word.count {
                argument = word.slice(place..<word.count)
            } else if index < words.count {
                index += 1
                argument = words[index]
            } else if isSilent {
                result = 58
                argument = letterText
            } else {
                result = 63
                complain(shell, letter, ": this option needs an argument: -")
            }
            place = word.count
        }
    } else {
        result = 63
        if isSilent { argument = letterText } else { complain(shell, letter, ": unknown option: -") }
    }
    if place >= word.count {
        index += 1
        place = 0
    }
    return try finish(shell, arguments, name, Text([result]), argument, index, place, status: 0)
}

/// Whether `letter` takes an argument; nil when it is no option of `specification`.
private func find(_ letter: UInt8, _ specification: Text) -> Bool? {
    if letter == 58 || letter == 63 { return nil }
    return specification.withBytes { bytes in
        for index in bytes.indices where bytes[index] == letter {
            return index + 1 < bytes.count && bytes[index + 1] == 58
        }
        return nil
    }
}

private func endOfOptions(_ shell: Shell, _ arguments: Arguments, _ name: Text, _ index: Int) throws(ShellError) -> Flow
{
    try finish(shell, arguments, name, Text("?"), nil, index, 0, status: 1)
}

/// The message begins with the script's name, as XCU getopts wants; `OPTERR=0` silences it (as in bash and yash).
private func complain(_ shell: Shell, _ letter: UInt8, _ message: StaticString) {
    if shell.value(.opterr).equals("0") { return }
    var line = ByteStack(capacity: 64)
    line.append(shell.name)
    line.append(message)
    line.append(letter)
    line.append(10)
    shell.writeError(line)
}

private func finish(
    _ shell: Shell, _ arguments: Arguments, _ name: Text, _ result: Text, _ argument: Text?, _ index: Int, _ place: Int,
    status: Int32
) throws(ShellError) -> Flow {
    do throws(ShellError) {
        if let argument {
            try shell.assign(.optarg, argument)
        } else if shell.isSet(KnownSymbol.optarg.rawValue) {
            try shell.unset(KnownSymbol.optarg.rawValue)
        }
        if index != shell.getoptsIndex || !shell.isSet(KnownSymbol.optind.rawValue) {
            try shell.assign(KnownSymbol.optind.rawValue, Text(decimal: index))
        }
        shell.getoptsIndex = index
        shell.getoptsPlace = place
        if !shell.isName(name) { return try shell.fail(arguments, name, "not a variable name", status: 2) }
        let symbol = shell.symbols.intern(name)
        shell.syncTables()
        try shell.assign(symbol, result)
        shell.status = status
    } catch {
        // A read-only variable; this is no special builtin, so the shell goes on.
        shell.status = 2
    }
    return .normal
}
