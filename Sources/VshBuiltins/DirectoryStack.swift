// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `pushd`, `popd` and `dirs` of bash.
func registerDirectoryStack(_ shell: Shell) {
    shell.register(
        "pushd", .extension_, synopsis: "[directory | +n | -n]",
        summary: "Change to a directory and keep the present one on a stack; without operand, change places.",
        function: push)
    shell.register(
        "popd", .extension_, synopsis: "[+n | -n]", summary: "Go back to the directory on top of the stack.",
        function: pop)
    shell.register(
        "dirs", .extension_, synopsis: "[-clpv]", summary: "Show the stack of directories.", function: dirs)
}

/// The directories below the working directory, the upper first: kept in a variable whose name no script can write, so that a subshell gives them back.
private struct DirectoryStack {
    let shell: Shell
    let symbol: Symbol

    init(_ shell: Shell) {
        self.shell = shell
        symbol = shell.symbols.intern("directory stack")
        shell.syncTables()
    }

    var entries: [Text] {
        shell.value(symbol).bytes.split(separator: 0).map { Text($0) }
    }

    func store(_ entries: [Text]) {
        var bytes: [UInt8] = []
        for entry in entries { bytes += entry.bytes + [0] }
        shell.assignUnchecked(symbol, Text(bytes))
    }

    /// The working directory and the entries.
    var all: [Text] { [shell.workingDirectory] + entries }

    /// Makes the first of `all` the working directory, by `cd`, and the others the entries. Writes what there is then.
    func change(_ all: [Text]) throws(ShellError) -> Flow {
        let old = self.all
        if all[0] != old[0] {
            let flow = try enter(all[0])
            if flow != .normal || shell.status != 0 { return flow }
        }
        store(Array(all.dropFirst()))
        write(separator: 32)
        shell.output.append(10)
        shell.status = 0
        return .normal
    }

    /// Runs `cd`; what that itself would write is left out, as the list has it.
    func enter(_ directory: Text) throws(ShellError) -> Flow {
        guard let cd = shell.builtin(named: Text("cd")) else { return .normal }
        let mark = shell.fields.count
        defer { shell.fields.pop(to: mark) }
        for word in [Text("cd"), Text("--"), directory] { shell.fields.append(word) }
        let outputMark = shell.output.count
        let flow = try cd.function(shell, Arguments(base: mark, count: 3))
        shell.output.pop(to: outputMark)
        return flow
    }

    func write(separator: UInt8, isLong: Bool = false, isNumbered: Bool = false) {
        let home = shell.value(.home)
        for (index, entry) in all.enumerated() {
            if index > 0 { shell.output.append(separator) }
            if isNumbered {
                if index < 10 { shell.output.append(32) }
                shell.output.append(decimal: index)
                shell.output.append("  ")
            }
            let isBelow = home.count > 1 && entry.count >= home.count && entry.slice(0..<home.count) == home
            if !isLong && isBelow && (entry.count == home.count || entry[home.count] == 47) {
                shell.output.append(126)
                shell.output.append(entry.slice(home.count..<entry.count))
            } else {
                shell.output.append(entry)
            }
        }
    }
}

/// The place that `+n` or `-n` means among `count`; nil when the word is not written so, -1 when there is no such place.
private func place(_ word: Text, _ count: Int) -> Int? {
    guard word.count > 1, word[0] == 43 || word[0] == 45, word[1] >= 48, word[1] <= 57,
        let number = word.slice(1..<word.count).decimalInteger
    else { return nil }
    let place = word[0] == 43 ? number : count - 1 - number
    return place >= 0 && place < count ? place : -1
}

private func push(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    let stack = DirectoryStack(shell)
    var all = stack.all
    let first = arguments.count > 1 && shell.argument(arguments, 1).equals("--") ? 2 : 1
    if first + 1 < arguments.count { return try shell.usageError(arguments, "too many operands") }
    if first >= arguments.count {
        if all.count < 2 { return try shell.fail(arguments, "there is no other directory") }
        all.swapAt(0, 1)
        return try stack.change(all)
    }
    let word = shell.argument(arguments, first)
    if first == 1, let place = place(word, all.count) {
        if place < 0 { return try shell.fail(arguments, word, "the stack of directories is not so deep") }
        return try stack.change(Array(all[place...] + all[..<place]))
    }
    // `cd` finds the directory; what it then is called is the new top.
    let flow = try stack.enter(word)
    if flow != .normal || shell.status != 0 { return flow }
    return try stack.change([shell.workingDirectory] + all)
}

private func pop(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    let stack = DirectoryStack(shell)
    var all = stack.all
    if all.count < 2 { return try shell.fail(arguments, "there is no other directory") }
    var removed = 0
    if arguments.count > 1 {
        let word = shell.argument(arguments, 1)
        guard arguments.count == 2, let place = place(word, all.count) else {
            return try shell.usageError(arguments, "takes no operand but +n or -n")
        }
        if place < 0 { return try shell.fail(arguments, word, "the stack of directories is not so deep") }
        removed = place
    }
    all.remove(at: removed)
    return try stack.change(all)
}

private func dirs(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var (clears, isLong, isNumbered, perLine) = (false, false, false, false)
    while let option = options.next(shell, arguments, "clpv") {
        switch option {
        case 99: clears = true
        case 108: isLong = true
        case 112: perLine = true
        default: isNumbered = true
        }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    if options.index < arguments.count { return try shell.usageError(arguments, "takes no operands") }
    let stack = DirectoryStack(shell)
    shell.status = 0
    if clears {
        stack.store([])
        return .normal
    }
    stack.write(separator: perLine || isNumbered ? 10 : 32, isLong: isLong, isNumbered: isNumbered)
    shell.output.append(10)
    return .normal
}
