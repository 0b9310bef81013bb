// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `fc` (XCU fc) and `history`.
func registerHistory(_ shell: Shell) {
    shell.register(
        "fc", .intrinsic,
        synopsis: "[-r] [-e editor] [first [last]] | -l [-nr] [first [last]] | -s [old=new] [first]",
        summary: "List, edit or run again commands of the history.", function: fc)
    shell.register(
        "history", .extension_,
        synopsis:
            "[count] | -c | -d number... | -s command | -anrw | search text | delete text | redact text | import file",
        summary: "List, search, delete or import the commands of the history.", function: history)
}

/// The entries that `fc` may name: all but the line that runs.
private func pastEntries(_ history: CommandHistory) -> ArraySlice<CommandHistory.Entry> {
    if let last = history.entries.last, last.number == history.runningNumber { return history.entries.dropLast() }
    return history.entries[...]
}

private func fc(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var (lists, isReversed, isBare, runs) = (false, false, false, false)
    var editor: Text?
    while !isNegativeNumber(shell, arguments, options.index), let option = options.next(shell, arguments, "e:lnrs") {
        switch option {
        case 101: editor = options.value
        case 108: lists = true
        case 110: isBare = true
        case 114: isReversed = true
        default: runs = true
        }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    if let editor, editor.equals("-") { runs = true }
    var first = options.index
    shell.status = 0
    guard let history = shell.history else { return try shell.fail(arguments, "this shell keeps no history") }
    history.willList()
    let entries = pastEntries(history)
    var replacement: (Text, Text)?
    if runs && first < arguments.count {
        let word = shell.argument(arguments, first)
        if let equals = word.withBytes({ $0.firstIndex(of: 61) }) {
            replacement = (word.slice(0..<equals), word.slice(equals + 1..<word.count))
            first += 1
        }
    }
    if arguments.count - first > (runs ? 1 : 2) { return try shell.usageError(arguments, "too many operands") }
    if entries.isEmpty {
        return lists ? .normal : try shell.fail(arguments, "the history is empty")
    }
    let past = Array(entries)
    var places: [Int] = []
    for index in first..<max(first, arguments.count) {
        let word = shell.argument(arguments, index)
        guard let place = find(word, past) else {
            return try shell.fail(arguments, word, "no such command in the history")
        }
        places.append(place)
    }
    let from = places.first ?? (lists ? max(past.count - 16, 0) : past.count - 1)
    let to = places.count > 1 ? places[1] : lists ? past.count - 1 : from
    var selected = Array(past[min(from, to)...max(from, to)])
    if (from > to) != isReversed { selected.reverse() }
    if lists {
        for entry in selected { write(shell, entry, isBare: isBare) }
        return .normal
    }
    if runs {
        var text = selected[0].text
        if let replacement { text = replacing(text, replacement.0, replacement.1) }
        return try runAgain(shell, history, text)
    }
    return try edit(shell, arguments, history, selected.map(\.text), editor)
}

private func isNegativeNumber(_ shell: Shell, _ arguments: Arguments, _ index: Int) -> Bool {
    if index >= arguments.count { return false }
    let word = shell.argument(arguments, index)
    return word.count > 1 && word[0] == 45 && word[1] >= 48 && word[1] <= 57 && word.decimalInteger != nil
}

/// The place of the entry that an operand means: by number (the nearest one when there is none), counted back from the
/// newest, or the newest command that begins with it.
private func find(_ word: Text, _ entries: [CommandHistory.Entry]) -> Int? {
    if let number = word.decimalInteger {
        if number >= 0 && word[0] != 45 {
            return min(entries.firstIndex { $0.number >= number } ?? entries.count - 1, entries.count - 1)
        }
        return min(max(entries.count + number, 0), entries.count - 1)
    }
    return entries.lastIndex { entry in
        entry.text.count >= word.count && entry.text.slice(0..<word.count) == word
    }
}

/// `%d\t%s\n`, further lines of a command indented by a tab.
private func write(_ shell: Shell, _ entry: CommandHistory.Entry, isBare: Bool) {
    if !isBare { shell.output.append(decimal: entry.number) }
    shell.output.append(9)
    for byte in entry.text.bytes {
        shell.output.append(byte)
        if byte == 10 { shell.output.append(9) }
    }
    shell.output.append(10)
    shell.flushOutput()
}

/// The first `old` replaced by `new`.
private func replacing(_ text: Text, _ old: Text, _ new: Text) -> Text {
    let place = text.withBytes { bytes in old.withBytes { ByteSearch.first($0, in: bytes) } }
    guard let place else { return text }
    var result = text.slice(0..<place)
    result.append(new)
    result.append(text.slice(place + old.count..<text.count))
    return result
}

/// Shows the command, enters it in place of the `fc` line, and runs it.
private func runAgain(_ shell: Shell, _ history: CommandHistory, _ text: Text) throws(ShellError) -> Flow {
    var line = ByteStack(capacity: text.count + 1)
    line.append(text)
    line.append(10)
    shell.writeError(line)
    history.removeRunning()
    history.add(text)
    return try shell.runString(text, origin: .eval, name: shell.name)
}

private func edit(
    _ shell: Shell, _ arguments: Arguments, _ history: CommandHistory, _ commands: [Text], _ editor: Text?
) throws(ShellError) -> Flow {
    let path: Text
    do throws(Errno) {
        path = try writeTemporary(shell, commands)
    } catch {
        return try shell.fail(arguments, "cannot make a file to edit: \(error.message)")
    }
    defer { try? System.unlink(path) }
    // The value of FCEDIT is text that the shell interprets, as XCU fc says of "the pathname of a utility" with its words.
    var text = editor ?? shell.value(.fcedit)
    if text.isEmpty { text = Text("ed") }
    var command = ByteStack(capacity: 64)
    command.append(text)
    command.append(32)
    command.append(quoted: path)
    let flow = try shell.runString(command.text(from: 0), origin: .eval, name: shell.name)
    if flow != .normal || shell.status != 0 { return flow }
    let edited: [UInt8]
    do throws(Errno) {
        edited = try FileDescriptor(path, .readOnly).readAll()
    } catch {
        return try shell.fail(arguments, path, error.message)
    }
    var end = edited.count
    while end > 0 && edited[end - 1] == 10 { end -= 1 }
    if end == 0 { return .normal }
    return try runAgain(shell, history, Text(edited[..<end]))
}

private func writeTemporary(_ shell: Shell, _ commands: [Text]) throws(Errno) -> Text {
    var directory = shell.value(.tmpdir)
    if directory.isEmpty { directory = Text("/tmp") }
    while true {
        var name = Array("vsh-fc-".utf8)
        for byte in try System.random(count: 8) { name.append(97 + byte % 26) }
        let path = joined(directory, Text(name))
        let file: FileDescriptor
        do throws(Errno) {
            file = try FileDescriptor(path, [.writeOnly, .create, .exclusive], mode: 0o600)
        } catch {
            if error == .exists { continue }
            throw error
        }
        for command in commands {
            try file.writeAll(command.bytes)
            try file.writeAll([10])
        }
        return path
    }
}

private func history(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    shell.status = 0
    guard let history = shell.history ?? shell.opensHistory?(shell) else { return .normal }
    var words: [[UInt8]] = []
    for index in 1..<max(arguments.count, 1) { words.append(shell.argument(arguments, index).bytes) }
    let isListed = words.isEmpty || words.count == 1 && words[0].allSatisfy { $0 >= 48 && $0 <= 57 }
    if !isListed, let result = history.run(words) {
        shell.output.append(result.output)
        for message in result.messages { shell.report(arguments, message) }
        shell.status = result.status
        return .normal
    }
    var options = OptionReader()
    var (forgets, enters, synchronizes) = (false, false, false)
    while let option = options.next(shell, arguments, "acnrsw") {
        switch option {
        case 99: forgets = true
        case 115: enters = true
        default: synchronizes = true
        }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    if enters {
        // In place of the line that says it.
        history.removeRunning()
        history.add(Text(Array(words.dropFirst(options.index - 1).joined(separator: [32]))))
        return .normal
    }
    if synchronizes {
        if options.index < arguments.count { return try shell.usageError(arguments, "only for bash's own files") }
        // Lines are stored, and seen by all shells, as soon as they run.
        return .normal
    }
    if forgets {
        history.removeAll()
        return .normal
    }
    history.willList()
    var count = history.entries.count
    if options.index < arguments.count {
        let word = shell.argument(arguments, options.index)
        guard let number = word.decimalInteger, number >= 0 else {
            return try shell.fail(arguments, word, "not a count", status: 2)
        }
        count = min(number, count)
    }
    // As bash: its users cut the number off with sed.
    for entry in history.entries.suffix(count) {
        let number = Text(decimal: entry.number)
        shell.output.append(Text(Array(repeating: 32, count: max(5 - number.count, 0))))
        shell.output.append(number)
        shell.output.append("  ")
        shell.output.append(entry.text)
        shell.output.append(10)
        shell.flushOutput()
    }
    return .normal
}
