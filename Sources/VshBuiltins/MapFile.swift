// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `mapfile` and `readarray` of bash.
func registerMapFile(_ shell: Shell) {
    shell.register(
        "mapfile", .extension_, traits: .usesInput,
        synopsis: "[-t] [-d delimiter] [-n count] [-O origin] [-s count] [-u descriptor] [-C command -c count] [array]",
        summary: "Read lines into the elements of an array.", function: mapFile)
    shell.register(
        "readarray", .extension_, traits: .usesInput,
        synopsis: "[-t] [-d delimiter] [-n count] [-O origin] [-s count] [-u descriptor] [-C command -c count] [array]",
        summary: "The same as \"mapfile\".", function: mapFile)
}

private func mapFile(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var drops = false
    var delimiter: UInt8 = 10
    var limit = 0
    var origin: Int?
    var skipped = 0
    var descriptor = 0
    var callback: Text?
    var quantum = 5000
    while let option = options.next(shell, arguments, "td:n:O:s:u:C:c:") {
        switch option {
        case 116: drops = true
        case 100: delimiter = options.value.isEmpty ? 0 : options.value[0]
        case 67: callback = options.value
        default:
            guard let number = options.value.decimalInteger, number >= 0 else {
                return try shell.fail(arguments, options.value, "not a number", status: 1)
            }
            switch option {
            case 110: limit = number
            case 79: origin = number
            case 115: skipped = number
            case 99: quantum = max(1, number)
            default: descriptor = min(number, 1 << 20)
            }
        }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    let name = options.index < arguments.count ? shell.argument(arguments, options.index) : Text("MAPFILE")
    if !shell.isName(name) { return try shell.fail(arguments, name, "not a variable name", status: 1) }
    let symbol = shell.resolved(shell.intern(name))
    let flags = shell.variables[symbol].flags
    if flags.contains(.readonly) { return try shell.fail(arguments, name, "is read only", status: 1) }
    if flags.contains(.associative) {
        return try shell.fail(arguments, name, "an associative array cannot hold lines", status: 1)
    }
    if shell.inputDescriptor(descriptor) < 0 {
        return try shell.fail(arguments, Text(decimal: descriptor), Errno.badDescriptor.message, status: 1)
    }
    let isWhole = callback == nil && (origin == nil || origin == 0 && !flags.contains(.array))
    if origin == nil || !flags.contains(.array) { shell.setArray(symbol, ArrayValue()) }
    var next = origin ?? 0
    var count = 0
    shell.status = 0
    // What replaces the array and is seen by nobody before is set at once.
    var lines: [Text] = []
    defer { if isWhole { shell.setArray(symbol, ArrayValue(lines)) } }
    while limit == 0 || count < limit {
        let mark = shell.scratch.count
        var error: Int32 = 0
        let found = shell.readDelimited(descriptor, delimiter, error: &error)
        if found == nil && -error == Errno.interrupted.rawValue {
            if shell.pendingTrappedSignal() == nil { continue }
            shell.scratch.pop(to: mark)
            shell.status = 130
            break
        }
        if found == nil && error != 0 {
            shell.scratch.pop(to: mark)
            return try shell.fail(arguments, Text(decimal: descriptor), Errno(rawValue: -error).message, status: 1)
        }
        if shell.scratch.count == mark { break }
        if found == true && (drops || delimiter == 0) { shell.scratch.pop(to: shell.scratch.count - 1) }
        let line = shell.scratch.text(from: mark)
        shell.scratch.pop(to: mark)
        if skipped > 0 {
            skipped -= 1
        } else {
            count += 1
            if let callback, count % quantum == 0 {
                var command = callback
                command.append(Text(" \(next) "))
                command.append(shell.quotedAlways(line))
                let flow = try shell.runString(command, origin: .eval, name: shell.name)
                if flow != .normal { return flow }
            }
            if isWhole {
                lines.append(line)
                if found == true { continue } else { break }
            }
            let array = shell.writableArray(symbol)
            array.set(next, line)
            shell.didChangeArray(symbol, array)
            next += 1
        }
        if found != true { break }
    }
    return .normal
}
