// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `cd` and `pwd`.
func registerWorkingDirectory(_ shell: Shell) {
    shell.register(
        "cd", .intrinsic, synopsis: "[-L|-P [-e]] [directory|-]",
        summary: "Change the working directory: to HOME without an operand, back with \"-\".", function: cd)
    shell.register(
        "pwd", .regular, traits: .isPure, synopsis: "[-L|-P]", summary: "Write the path of the working directory.",
        function: pwd)
}

/// Bytes of a path that the system takes, the NUL included.
private let pathMaximum = 4096

/// The steps are those of XCU cd.
private func cd(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var isPhysical = false
    var mustKnow = false
    while let option = options.next(shell, arguments, "LPe") {
        switch option {
        case 76: isPhysical = false
        case 80: isPhysical = true
        default: mustKnow = true
        }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    if options.index + 1 < arguments.count { return try shell.fail(arguments, "too many operands") }
    let old = currentDirectory(shell)
    var writesPath = false
    var operand: Text
    if options.index == arguments.count {
        // Steps 1 and 2.
        operand = shell.value(.home)
        if operand.isEmpty {
            return try shell.fail(
                arguments, shell.isSet(KnownSymbol.home.rawValue) ? "HOME is empty" : "HOME is not set")
        }
    } else {
        operand = shell.argument(arguments, options.index)
        if operand.isEmpty { return try shell.fail(arguments, "the directory's name is empty") }
        if operand.equals("-") {
            operand = shell.value(.oldpwd)
            if operand.isEmpty { return try shell.fail(arguments, "OLDPWD is not set") }
            writesPath = true
        }
    }
    // Steps 3 to 6.
    var path = operand
    if !beginsWithDot(operand) && operand[0] != 47, let found = searchCDPATH(shell, operand) {
        path = found.path
        writesPath = writesPath || found.isNamed
    } else if shell.options.contains(.cdableVars), let value = namedDirectory(shell, operand) {
        path = value
        writesPath = true
    }
    // Steps 7 to 9.
    var logical = Text()
    if !isPhysical {
        var known = 0
        if path[0] == 47 {
            logical = path
        } else {
            logical = old
            known = old.count
            if old.isEmpty || old[old.count - 1] != 47 { logical.append(Text("/")) }
            logical.append(path)
        }
        guard let canonical = canonicalized(logical, known: known) else {
            return try shell.fail(arguments, operand, failure(of: operand))
        }
        logical = canonical
        path = logical
        if path.count + 1 > pathMaximum && operand.count + 1 <= pathMaximum {
            path = relative(path, to: old) ?? path
        }
    }
    // Step 10.
    let error = shell.changeDirectory(path)
    if error != 0 { return try shell.fail(arguments, operand, Errno(rawValue: error).message) }
    shell.status = 0
    if isPhysical {
        if let bytes = try? System.currentDirectory() {
            logical = Text(bytes)
        } else {
            logical = path
            if mustKnow { shell.status = 1 }
        }
    }
    shell.workingDirectory = logical
    do throws(ShellError) {
        // Both are environment variables, whatever they were before (XCU cd).
        try shell.assign(.oldpwd, old)
        shell.setExported(KnownSymbol.oldpwd.rawValue)
        try shell.assign(.pwd, logical)
        shell.setExported(KnownSymbol.pwd.rawValue)
    } catch {
        shell.status = 1
    }
    if writesPath {
        shell.output.append(logical)
        shell.output.append(10)
    }
    return .normal
}

/// Whether the first component of a path is `.` or `..`.
private func beginsWithDot(_ path: Text) -> Bool {
    if path[0] != 46 { return false }
    if path.count == 1 || path[1] == 47 { return true }
    return path[1] == 46 && (path.count == 2 || path[2] == 47)
}

/// `shopt -s cdable_vars`: the value of the variable that an operand names, where there is no such directory.
private func namedDirectory(_ shell: Shell, _ operand: Text) -> Text? {
    if (try? FileStatus(operand)) != nil { return nil }
    guard let symbol = shell.symbols.find(operand), shell.isName(operand) else { return nil }
    let value = shell.value(symbol)
    return value.isEmpty ? nil : value
}

/// A directory found by way of CDPATH, and whether the part of CDPATH was not empty (then the path is written).
private func searchCDPATH(_ shell: Shell, _ operand: Text) -> (path: Text, isNamed: Bool)? {
    let list = shell.value(.cdpath)
    if list.isEmpty { return nil }
    var result: (Text, Bool)?
    forEachPath(list) { part in
        let candidate = joined(part, operand)
        guard let status = try? FileStatus(candidate), status.isDirectory else { return true }
        result = (candidate, !part.isEmpty)
        return false
    }
    return result
}

/// Step 8: without `.` and `..` components and superfluous slashes. nil when what is before a `..` is not a directory.
///
/// The first `known` bytes are the working directory, which is not looked at: `cd ..` leads out of one that was removed,
/// as in every shell but yash.
private func canonicalized(_ path: Text, known: Int) -> Text? {
    var result = ByteStack(capacity: path.count + 2)
    /// Lengths of `result` before each component, and where the component ends in `path`.
    var starts: [(length: Int, end: Int)] = []
    let slashes = path.withBytes { bytes in bytes.prefix(while: { $0 == 47 }).count }
    if slashes == 2 { result.append(47) }
    let root = result.count
    var index = 0
    let count = path.count
    while index < count {
        if path[index] == 47 {
            index += 1
            continue
        }
        var end = index
        while end < count && path[end] != 47 { end += 1 }
        let length = end - index
        if length == 1 && path[index] == 46 {
            index = end
            continue
        }
        if length == 2 && path[index] == 46 && path[index + 1] == 46 {
            if let start = starts.popLast() {
                if start.end > known {
                    guard let status = try? FileStatus(result.text(from: 0)), status.isDirectory else { return nil }
                }
                result.pop(to: start.length)
            }
            index = end
            continue
        }
        starts.append((result.count, end))
        result.append(47)
        result.append(path.slice(index..<end))
        index = end
    }
    if result.count == root { result.append(47) }
    return result.text(from: 0)
}

/// Why the system does not go along `path`.
private func failure(of path: Text) -> String {
    do throws(Errno) {
        _ = try FileStatus(path)
        return Errno.notDirectory.message
    } catch {
        return error.message
    }
}

/// `path` as seen from `directory` when it lies below it (step 9).
private func relative(_ path: Text, to directory: Text) -> Text? {
    var start = directory.count
    if path.count <= start || path.slice(0..<start) != directory { return nil }
    if directory[start - 1] != 47 {
        if path[start] != 47 { return nil }
        start += 1
    }
    return path.slice(start..<path.count)
}

/// The working directory as `pwd` shows it; asks the system when the shell does not know. Empty when that fails.
private func currentDirectory(_ shell: Shell) -> Text {
    if !shell.workingDirectory.isEmpty { return shell.workingDirectory }
    guard let bytes = try? System.currentDirectory() else { return Text() }
    shell.workingDirectory = Text(bytes)
    return shell.workingDirectory
}

private func pwd(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var isPhysical = false
    if arguments.count > 1 {
        var options = OptionReader()
        while let option = options.next(shell, arguments, "LP") { isPhysical = option == 80 }
        if options.isStopped { return try shell.endUsage(arguments) }
        // Operands are ignored, as in dash, bash and ksh.
    }
    if isPhysical || shell.workingDirectory.isEmpty {
        do throws(Errno) {
            shell.output.append(try System.currentDirectory())
        } catch {
            return try shell.fail(arguments, error.message)
        }
    } else {
        shell.output.append(shell.workingDirectory)
    }
    shell.output.append(10)
    shell.status = 0
    return .normal
}
