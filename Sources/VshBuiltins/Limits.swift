// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `ulimit` (XCU ulimit) and `umask`.
func registerLimit(_ shell: Shell) {
    shell.register(
        "ulimit", .intrinsic,
        synopsis: "[-H|-S] [-a | -c|-d|-e|-f|-i|-l|-m|-n|-p|-q|-r|-R|-s|-t|-u|-v|-x] [limit|unlimited|soft|hard]",
        summary: "Write or set limits of resources.", function: ulimit)
    shell.register(
        "umask", .intrinsic, synopsis: "[-pS] [mask]",
        summary: "Write or set the permissions that new files do not get.", function: umask)
}

/// A resource as `ulimit` names it.
private struct LimitRow {
    let letter: UInt8
    let resource: ResourceLimit.Resource
    /// Bytes (or whatever the system counts) per unit of the builtin.
    let unit: UInt64
    let description: StaticString
}

private func limitRow(_ index: Int) -> LimitRow? {
    switch index {
    case 0: LimitRow(letter: 99, resource: .core, unit: 512, description: "core file size (512-byte blocks)")
    case 1: LimitRow(letter: 100, resource: .data, unit: 1024, description: "data segment size (KiB)")
    case 2: LimitRow(letter: 101, resource: .nice, unit: 1, description: "nice value (20 - n)")
    case 3: LimitRow(letter: 102, resource: .fileSize, unit: 512, description: "file size (512-byte blocks)")
    case 4: LimitRow(letter: 105, resource: .pendingSignals, unit: 1, description: "pending signals")
    case 5: LimitRow(letter: 108, resource: .lockedMemory, unit: 1024, description: "locked memory (KiB)")
    case 6: LimitRow(letter: 109, resource: .residentSet, unit: 1024, description: "resident set size (KiB)")
    case 7: LimitRow(letter: 110, resource: .openFiles, unit: 1, description: "open files")
    case 8: LimitRow(letter: 113, resource: .messageQueues, unit: 1, description: "message queues (bytes)")
    case 9: LimitRow(letter: 114, resource: .realTimePriority, unit: 1, description: "real-time priority")
    case 10: LimitRow(letter: 82, resource: .realTimeTime, unit: 1, description: "real-time run (microseconds)")
    case 11: LimitRow(letter: 115, resource: .stack, unit: 1024, description: "stack size (KiB)")
    case 12: LimitRow(letter: 116, resource: .cpuTime, unit: 1, description: "processor time (seconds)")
    case 13: LimitRow(letter: 117, resource: .processes, unit: 1, description: "processes of the user")
    case 14: LimitRow(letter: 118, resource: .addressSpace, unit: 1024, description: "address space (KiB)")
    case 15: LimitRow(letter: 120, resource: .fileLocks, unit: 1, description: "file locks")
    default: nil
    }
}

/// The row of an option letter; `p` is what dash calls `u`.
private func limitRow(letter: UInt8) -> LimitRow? {
    let letter = letter == 112 ? 117 : letter
    var index = 0
    while let row = limitRow(index) {
        if row.letter == letter { return row }
        index += 1
    }
    return nil
}

private func ulimit(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var usesHard = false
    var usesSoft = false
    var listsAll = false
    var letters: [UInt8] = []
    while let option = options.next(shell, arguments, "HSacdefilmnpqrRstuvx") {
        switch option {
        case 72: usesHard = true
        case 83: usesSoft = true
        case 97: listsAll = true
        default: letters.append(option)
        }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    let first = options.index
    if first + 1 < arguments.count || listsAll && first < arguments.count {
        return try shell.usageError(arguments, "too many operands")
    }
    shell.status = 0
    if listsAll {
        var index = 0
        while let row = limitRow(index) {
            if !write(shell, arguments, row, hard: usesHard && !usesSoft, described: true) { return .normal }
            index += 1
        }
        return .normal
    }
    if letters.isEmpty { letters = [102] }
    if first == arguments.count {
        for letter in letters {
            guard let row = limitRow(letter: letter) else { continue }
            if !write(shell, arguments, row, hard: usesHard && !usesSoft, described: letters.count > 1) {
                return .normal
            }
        }
        return .normal
    }
    // Limits are the process's: a subshell needs one of its own.
    try shell.becomeProcess()
    for letter in letters {
        guard let row = limitRow(letter: letter) else { continue }
        if !set(shell, arguments, row, shell.argument(arguments, first), hard: usesHard, soft: usesSoft) {
            return .normal
        }
    }
    return .normal
}

private func write(_ shell: Shell, _ arguments: Arguments, _ row: LimitRow, hard: Bool, described: Bool) -> Bool {
    do throws(Errno) {
        let limit = try ResourceLimit(row.resource)
        let value = hard ? limit.hard : limit.soft
        if described {
            shell.output.append(45)
            shell.output.append(row.letter)
            shell.output.append(": ")
            shell.output.append(Text(literal: row.description), padTo: 34)
        }
        if value == ResourceLimit.unlimited {
            shell.output.append("unlimited")
        } else {
            shell.output.append(decimal: Int(clamping: value / row.unit))
        }
        shell.output.append(10)
        return true
    } catch {
        shell.report(arguments, error.message)
        shell.status = 1
        return false
    }
}

/// Without -H and -S both limits are set.
private func set(
    _ shell: Shell, _ arguments: Arguments, _ row: LimitRow, _ operand: Text, hard: Bool, soft: Bool
) -> Bool {
    do throws(Errno) {
        var limit = try ResourceLimit(row.resource)
        let value: UInt64
        if operand.equals("unlimited") {
            value = ResourceLimit.unlimited
        } else if operand.equals("hard") {
            value = limit.hard
        } else if operand.equals("soft") {
            value = limit.soft
        } else if let number = operand.decimalInteger, number >= 0, operand[0] != 43,
            case let (product, overflow) = UInt64(number).multipliedReportingOverflow(by: row.unit), !overflow
        {
            value = product
        } else {
            shell.report(arguments, operand, "not a limit")
            shell.status = 2
            return false
        }
        if hard || !soft { limit.hard = value }
        if soft || !hard { limit.soft = value }
        try limit.apply(to: row.resource)
        return true
    } catch {
        shell.report(arguments, operand, error.message)
        shell.status = 1
        return false
    }
}

// MARK: umask

private func umask(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var isSymbolic = false
    var asCommand = false
    let isPosix = shell.options.contains(.posix)
    while let option = options.next(shell, arguments, isPosix ? "S" : "Sp") {
        if option == 112 { asCommand = true } else { isSymbolic = true }
    }
    if options.isStopped {
        return try shell.endUsage(arguments)
    }
    if options.index + 1 < arguments.count { return try shell.usageError(arguments, "too many operands") }
    let mask = System.fileModeMask()
    shell.status = 0
    if options.index == arguments.count {
        if asCommand { shell.output.append(isSymbolic ? "umask -S " : "umask ") }
        if isSymbolic { appendSymbolic(shell, ~mask & 0o777) } else { appendOctal(shell, mask) }
        shell.output.append(10)
        return .normal
    }
    let operand = shell.argument(arguments, options.index)
    guard let new = fileModeMask(operand, present: mask) else {
        return try shell.fail(arguments, operand, "neither an octal mask nor symbolic permissions")
    }
    shell.setFileCreationMask(new)
    if isSymbolic && !isPosix {
        appendSymbolic(shell, ~new & 0o777)
        shell.output.append(10)
    }
    return .normal
}

private func appendOctal(_ shell: Shell, _ mask: UInt32) {
    for shift in [UInt32(9), 6, 3, 0] { shell.output.append(UInt8(truncatingIfNeeded: mask >> shift & 7) + 48) }
}

private func appendSymbolic(_ shell: Shell, _ permissions: UInt32) {
    let classes: [(UInt8, UInt32)] = [(117, 6), (103, 3), (111, 0)]
    for (letter, shift) in classes {
        if letter != 117 { shell.output.append(44) }
        shell.output.append(letter)
        shell.output.append(61)
        let bits = permissions >> shift
        if bits & 4 != 0 { shell.output.append(114) }
        if bits & 2 != 0 { shell.output.append(119) }
        if bits & 1 != 0 { shell.output.append(120) }
    }
}

/// The mask that `operand` means: octal digits, or symbolic permissions applied to what `present` leaves (XCU umask).
private func fileModeMask(_ operand: Text, present: UInt32) -> UInt32? {
    if operand.isEmpty { return nil }
    if operand[0] >= 48 && operand[0] <= 57 {
        var value: UInt32 = 0
        for byte in operand.bytes {
            guard byte >= 48 && byte <= 55 else { return nil }
            value = value << 3 | UInt32(byte - 48)
            if value > 0o7777 { return nil }
        }
        return value & 0o777
    }
    // With no bits masked, a clause that names nobody is for all.
    guard let change = ModeChange(operand) else { return nil }
    return ~change.apply(to: ~present & 0o777, isDirectory: false, mask: 0) & 0o777
}
