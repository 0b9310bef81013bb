// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `type` with the options of bash, and `builtin`.
func registerBuiltinCommand(_ shell: Shell) {
    shell.register(
        "builtin", .extension_, traits: .declaration, synopsis: "name [argument...]",
        summary: "Run a builtin, whatever functions and programs have its name.", function: builtin)
}

private func builtin(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    if shell.asksForHelp(arguments) { return .normal }
    let first = arguments.count > 1 && shell.fields[arguments.base + 1].equals("--") ? 2 : 1
    shell.status = 0
    if first >= arguments.count { return .normal }
    let name = shell.argument(arguments, first)
    if shell.builtin(named: name) == nil { return try shell.fail(arguments, name, "no builtin") }
    return try shell.runBuiltinWords(arguments.dropping(first))
}

/// What `type -a`, `-f`, `-p`, `-P` and `-t` ask for.
struct TypeOptions {
    var all = false
    var skipsFunctions = false
    /// Only paths of files; of all names, even of those that stand for something else.
    var onlyPaths = false
    var forcesPaths = false
    var onlyKinds = false

    var isPlain: Bool { !all && !skipsFunctions && !onlyPaths && !forcesPaths && !onlyKinds }

    mutating func set(_ letter: UInt8) {
        switch letter {
        case 97: all = true
        case 102: skipsFunctions = true
        case 112: onlyPaths = true
        case 80: forcesPaths = true
        default: onlyKinds = true
        }
    }
}

/// Writes what a name stands for as the options ask; false when it is nothing.
func writeType(_ shell: Shell, _ name: Text, _ options: TypeOptions) -> Bool {
    var found = false
    func write(_ kind: StaticString, _ sentence: StaticString, _ end: Text = Text()) -> Bool {
        found = true
        if options.onlyPaths || options.forcesPaths { return !options.all }
        if options.onlyKinds {
            shell.output.append(kind)
        } else {
            shell.output.append(name)
            shell.output.append(sentence)
            shell.output.append(end)
        }
        shell.output.append(10)
        return !options.all
    }
    let symbol = shell.symbols.find(name)
    if !options.forcesPaths {
        if let symbol, let text = shell.aliases[symbol], write("alias", " is aliased to `", quotedEnd(text)) {
            return true
        }
        if isKeyword(shell, name), write("keyword", " is a shell keyword") { return true }
        if let symbol, !options.skipsFunctions, shell.functions[symbol] != nil {
            let isDone = write("function", " is a function")
            if !options.onlyKinds && !options.onlyPaths { writeFunction(shell, symbol) }
            if isDone { return true }
        }
        // A file builtin stands for a program, whose path is asked for.
        let row = shell.builtin(named: name)
        if let row, !options.onlyPaths || row.kind != .file, write("builtin", " is a shell builtin") { return true }
    }
    for path in files(shell, name, all: options.all) {
        found = true
        if options.onlyKinds {
            shell.output.append("file")
        } else {
            if !options.onlyPaths && !options.forcesPaths {
                shell.output.append(name)
                shell.output.append(" is ")
            }
            shell.output.append(path)
        }
        shell.output.append(10)
        if !options.all { break }
    }
    return found
}

/// A function as it would be written.
func writeFunction(_ shell: Shell, _ symbol: Symbol) {
    shell.output.append(shell.functionText(symbol))
    shell.output.append(10)
}

private func quotedEnd(_ text: Text) -> Text {
    var end = text
    end.append(Text("'"))
    return end
}

/// The programs of that name, in the order of PATH.
private func files(_ shell: Shell, _ name: Text, all: Bool) -> [Text] {
    if name.withBytes({ $0.contains(47) }) || !all { return shell.findCommand(name).map { [$0] } ?? [] }
    var found: [Text] = []
    for directory in shell.value(.path).bytes.split(separator: 58, omittingEmptySubsequences: false) {
        let path = joined(Text(directory), name)
        if System.isAccessible(path, .execute), let status = try? FileStatus(path), status.isRegular {
            found.append(path)
        }
    }
    return found
}
