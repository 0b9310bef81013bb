// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// `read` (XCU read).
func registerRead(_ shell: Shell) {
    shell.register(
        "read", .intrinsic,
        synopsis:
            "[-rs] [-a array] [-d delimiter] [-n count | -N count] [-p prompt] [-t seconds] [-u descriptor] [name...]",
        summary: "Read a line from standard input and split it into variables.", function: read)
}

/// What the options of `read` ask for.
private struct ReadOptions {
    var isRaw = false
    var delimiter: UInt8 = 10
    var prompt = Text()
    /// Characters at most, or -1.
    var limit = -1
    /// Nanoseconds, or -1.
    var timeout: Int64 = -1
    var isSilent = false
    /// `-N`: the delimiter is text, and nothing is split.
    var isExact = false
    /// `-a`: all fields become the elements of this array.
    var array: Symbol = -1
    /// A name is that of an element of an array.
    var hasElements = false
    var descriptor = 0

    /// Bytes have to be taken one at a time, by system calls.
    var isBytewise: Bool { limit >= 0 || timeout >= 0 || isSilent }
}

/// How the input ended.
private enum ReadEnd {
    case delimiter, endOfFile, limit, timeout, interrupted
    case error(Int32)
}

private func read(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    var wanted = ReadOptions()
    let known: StaticString = shell.options.contains(.posix) ? "rd:" : "rd:n:p:st:N:u:a:ei:"
    while let option = options.next(shell, arguments, known) {
        switch option {
        case 114: wanted.isRaw = true
        case 100: wanted.delimiter = options.value.isEmpty ? 0 : options.value[0]
        case 112: wanted.prompt = options.value
        case 115: wanted.isSilent = true
        case 97:
            if !shell.isName(options.value) {
                return try shell.fail(arguments, options.value, "not a variable name", status: 2)
            }
            wanted.array = shell.intern(options.value)
        case 101, 105: break
        case 117:
            guard let descriptor = options.value.decimalInteger, descriptor >= 0, descriptor < 1 << 20 else {
                return try shell.fail(arguments, options.value, "not a descriptor number", status: 2)
            }
            wanted.descriptor = descriptor
        case 110, 78:
            wanted.isExact = option == 78
            guard let count = options.value.decimalInteger, count >= 0 else {
                return try shell.fail(arguments, options.value, "not a count", status: 2)
            }
            wanted.limit = count
        default:
            guard let time = nanoseconds(options.value) else {
                return try shell.fail(arguments, options.value, "not a time in seconds", status: 2)
            }
            wanted.timeout = time
        }
    }
    if options.isStopped { return try shell.endUsage(arguments) }
    let first = options.index
    for index in first..<max(first, arguments.count)
    where !shell.isName(shell.fields[arguments.base + index]) {
        wanted.hasElements = shell.isReference(shell.argument(arguments, index))
        if wanted.hasElements { continue }
        return try shell.fail(arguments, shell.argument(arguments, index), "not a variable name", status: 2)
    }

    let mark = shell.scratch.count
    defer { shell.scratch.pop(to: mark) }
    let end = readLine(shell, wanted, mark)
    switch end {
    case .delimiter:
        shell.scratch.pop(to: shell.scratch.count - 1)
        shell.status = 0
    case .limit: shell.status = 0
    case .endOfFile: shell.status = 1
    case .timeout: shell.status = 142
    case .interrupted: shell.status = 128 + (shell.pendingTrappedSignal() ?? 0)
    case .error(let error):
        return try shell.fail(arguments, Errno(rawValue: error).message, status: 2)
    }
    dropNULs(shell, mark)
    if wanted.array >= 0 { return try splitIntoArray(shell, arguments, mark, wanted) }
    if wanted.isExact && first < arguments.count {
        for index in first + 1..<max(first + 1, arguments.count) {
            _ = try assign(shell, arguments, shell.argument(arguments, index), Text(), hasElements: wanted.hasElements)
        }
        let symbol = shell.symbols.intern(shell.argument(arguments, first))
        shell.syncTables()
        return try assign(shell, arguments, symbol, shell.scratch.text(from: mark), wanted)
    }
    if first == arguments.count {
        return try assign(shell, arguments, KnownSymbol.reply.rawValue, shell.scratch.text(from: mark), wanted)
    }
    return try split(shell, arguments, first, mark, wanted)
}

// MARK: reading

/// Appends one logical line to `shell.scratch`, its delimiter included, escapes still in it.
private func readLine(_ shell: Shell, _ wanted: ReadOptions, _ mark: Int) -> ReadEnd {
    if wanted.isBytewise || !wanted.prompt.isEmpty { return readWithTerminal(shell, wanted, mark) }
    while true {
        var error: Int32 = 0
        guard let found = shell.readDelimited(wanted.descriptor, wanted.delimiter, error: &error) else {
            return failure(error)
        }
        if !found { return .endOfFile }
        if wanted.isRaw || !endsEscaped(shell, mark) { return .delimiter }
        continueLine(shell, wanted)
    }
}

private func failure(_ error: Int32) -> ReadEnd {
    -error == Errno.interrupted.rawValue ? .interrupted : .error(-error)
}

/// Whether the delimiter at the end of `scratch` has an odd number of backslashes before it.
private func endsEscaped(_ shell: Shell, _ mark: Int, isOpen: Bool = false) -> Bool {
    shell.scratch.withBytes(from: mark) { bytes in
        // `isOpen`: what would be escaped is still to come.
        let end = isOpen ? bytes.count : bytes.count - 1
        var index = end
        while index > 0 && bytes[index - 1] == 92 { index -= 1 }
        return (end - index) & 1 == 1
    }
}

/// After an escaped delimiter: a newline and its backslash go, another delimiter stays, escaped.
private func continueLine(_ shell: Shell, _ wanted: ReadOptions) {
    if wanted.delimiter != 10 { return }
    shell.scratch.pop(to: shell.scratch.count - 2)
    if shell.isInteractive && System.isTerminal(shell.inputDescriptor(0)) {
        var prompt = ByteStack(capacity: 16)
        prompt.append((try? shell.expandPrompt(shell.value(.ps2))) ?? Text())
        shell.writeError(prompt)
    }
}

/// `-p`, `-s`, `-n` and `-t`: shows the prompt, sets up the terminal, and reads a byte at a time.
private func readWithTerminal(_ shell: Shell, _ wanted: ReadOptions, _ mark: Int) -> ReadEnd {
    let descriptor = shell.inputDescriptor(wanted.descriptor)
    if descriptor < 0 { return .error(Errno.badDescriptor.rawValue) }
    let isAhead = shell.canReadAhead(wanted.descriptor)
    let isTerminal = !isAhead && System.isTerminal(descriptor)
    if isTerminal && !wanted.prompt.isEmpty {
        var prompt = ByteStack(capacity: 64)
        prompt.append(wanted.prompt)
        shell.writeError(prompt)
    }
    if !wanted.isBytewise {
        var plain = wanted
        plain.prompt = Text()
        return readLine(shell, plain, mark)
    }
    var restored: TerminalAttributes?
    if isTerminal, wanted.isSilent || wanted.limit >= 0, let old = try? TerminalAttributes(descriptor) {
        restored = old
        var changed = old
        if wanted.isSilent { changed.echoes = false }
        if wanted.limit >= 0 {
            changed.isCanonical = false
            changed[control: 6] = 1
            changed[control: 5] = 0
        }
        try? changed.apply(to: descriptor)
    }
    defer { if let restored { try? restored.apply(to: descriptor) } }
    if isTerminal || wanted.timeout >= 0 { shell.syncInput() }
    return readBytes(shell, wanted, mark, descriptor)
}

private func readBytes(_ shell: Shell, _ wanted: ReadOptions, _ mark: Int, _ descriptor: Int32) -> ReadEnd {
    let deadline = wanted.timeout >= 0 ? Clock.monotonic &+ wanted.timeout : -1
    // What is read ahead of a file can be given back.
    let isBuffered = wanted.timeout < 0 && shell.canReadAhead(wanted.descriptor)
    var characters = 0
    /// Bytes of the present character that are still to come.
    var pending = 0
    while true {
        if wanted.limit >= 0 && characters >= wanted.limit && pending == 0 { return .limit }
        if isBuffered {
            let next = shell.nextByte(wanted.descriptor)
            if next < 0 { return next == -1 ? .endOfFile : .error(Int32(-1 - next)) }
            shell.scratch.append(UInt8(truncatingIfNeeded: next))
        } else if let end = readByte(shell, wanted, descriptor, deadline) {
            return end
        }
        let byte = shell.scratch[shell.scratch.count - 1]
        if byte == wanted.delimiter && !wanted.isExact {
            if wanted.isRaw || !endsEscaped(shell, mark) { return .delimiter }
            continueLine(shell, wanted)
            continue
        }
        if pending > 0 {
            pending -= 1
        } else {
            pending = !shell.isUTF8 || byte < 0xC2 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : byte < 0xF5 ? 3 : 0
        }
        // A backslash is no character of its own; what it takes the meaning from is one.
        if !wanted.isRaw && pending == 0 && byte == 92 && endsEscaped(shell, mark, isOpen: true) {
            continue
        }
        if pending == 0 { characters += 1 }
    }
}

/// Appends the next byte to `shell.scratch` as soon as it is there; else why there is none.
private func readByte(
    _ shell: Shell, _ wanted: ReadOptions, _ descriptor: Int32, _ deadline: Int64
) -> ReadEnd? {
    while true {
        var isEnd = false
        do throws(Errno) {
            let left = deadline >= 0 ? max(0, deadline - Clock.monotonic) : nil
            if try !System.waitReady(descriptor, timeout: left) { return .timeout }
            // `read -t 0` only asks whether there is input.
            if wanted.timeout == 0 { return .limit }
            try shell.scratch.append(unfilled: 1) { (space) throws(Errno) -> Int in
                let count = try System.read(descriptor, into: UnsafeMutableRawBufferPointer(space))
                isEnd = count == 0
                return count
            }
        } catch {
            if error != .interrupted { return .error(error.rawValue) }
            if shell.pendingTrappedSignal() != nil { return .interrupted }
            continue
        }
        return isEnd ? .endOfFile : nil
    }
}

/// Nanoseconds of a decimal number of seconds; nil when it is none.
private func nanoseconds(_ text: Text) -> Int64? {
    var whole: Int64 = 0
    var fraction: Int64 = 0
    var scale: Int64 = -1
    for byte in text.bytes {
        if byte == 46 && scale < 0 {
            scale = 1_000_000_000
            continue
        }
        guard byte >= 48 && byte <= 57 else { return nil }
        if scale < 0 {
            whole = whole * 10 + Int64(byte - 48)
            if whole > 1_000_000_000 { return nil }
        } else {
            scale /= 10
            fraction += Int64(byte - 48) * scale
        }
    }
    return text.isEmpty || text.equals(".") ? nil : whole * 1_000_000_000 + fraction
}

/// NUL bytes cannot be in a variable: they are left out.
@inline(__always)
private func dropNULs(_ shell: Shell, _ mark: Int) {
    let hasNUL = shell.scratch.withBytes(from: mark) { ByteSearch.first(0, in: $0) != nil }
    if hasNUL { removeNULs(shell, mark) }
}

@inline(never)
private func removeNULs(_ shell: Shell, _ mark: Int) {
    var kept = mark
    for index in mark..<shell.scratch.count where shell.scratch[index] != 0 {
        shell.scratch[kept] = shell.scratch[index]
        kept += 1
    }
    shell.scratch.pop(to: kept)
}

// MARK: splitting

private func split(
    _ shell: Shell, _ arguments: Arguments, _ first: Int, _ mark: Int, _ wanted: ReadOptions
) throws(ShellError) -> Flow {
    let hasEscapes =
        !wanted.isRaw && shell.scratch.withBytes(from: mark) { ByteSearch.first(92, in: $0) != nil }
    let isSingle = first + 1 == arguments.count
    if isSingle && !hasEscapes && (shell.ifsIsDefault || shell.ifsText.isEmpty) {
        // Only white space separates, or nothing: the line without it at both ends.
        let trims = shell.ifsIsDefault
        let text = shell.scratch.withBytes(from: mark) { bytes in
            var start = 0
            var end = bytes.count
            if trims {
                while start < end && isDefaultIFS(bytes[start]) { start &+= 1 }
                while end > start && isDefaultIFS(bytes[end &- 1]) { end &-= 1 }
            }
            return Text(UnsafeBufferPointer(rebasing: bytes[start..<end]))
        }
        return try assign(
            shell, arguments, shell.argument(arguments, first), text, hasElements: wanted.hasElements)
    }
    let line = SplitLine(shell: shell, mark: mark, hasEscapes: hasEscapes)
    let length = line.count
    var position = line.start()
    for index in first..<arguments.count {
        var text = Text()
        if position < length {
            if index + 1 < arguments.count {
                let (field, next) = line.field(position)
                text = line.value(field)
                position = next
            } else {
                text = line.value(line.rest(position))
            }
        }
        let flow = try assign(
            shell, arguments, shell.argument(arguments, index), text, hasElements: wanted.hasElements)
        if shell.status > 1 { return flow }
    }
    return .normal
}

/// `read -a`
private func splitIntoArray(
    _ shell: Shell, _ arguments: Arguments, _ mark: Int, _ wanted: ReadOptions
) throws(ShellError) -> Flow {
    let hasEscapes =
        !wanted.isRaw && shell.scratch.withBytes(from: mark) { ByteSearch.first(92, in: $0) != nil }
    let line = SplitLine(shell: shell, mark: mark, hasEscapes: hasEscapes)
    let length = line.count
    var values: [Text] = []
    var position = line.start()
    while position < length {
        let (field, next) = line.field(position)
        values.append(line.value(field))
        position = next
    }
    let symbol = shell.resolved(wanted.array)
    let name = shell.symbols.name(symbol)
    let flags = shell.variables[symbol].flags
    if flags.contains(.readonly) { return try shell.fail(arguments, name, "is read only", status: 2) }
    if flags.contains(.associative) {
        return try shell.fail(arguments, name, "an associative array cannot be read", status: 2)
    }
    shell.setArray(symbol, ArrayValue(values))
    return .normal
}

@inline(__always)
private func isDefaultIFS(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 }

// MARK: assigning

@inline(__always)
private func assign(
    _ shell: Shell, _ arguments: Arguments, _ name: Text, _ text: Text, hasElements: Bool = false
) throws(ShellError) -> Flow {
    if hasElements { return try assignElement(shell, name, text) }
    let symbol = shell.symbols.intern(name)
    shell.syncTables()
    if shell.variables[symbol].flags.contains(.readonly) {
        return try shell.fail(arguments, name, "is read only", status: 2)
    }
    try shell.assign(symbol, text)
    return .normal
}

@inline(never)
private func assignElement(_ shell: Shell, _ name: Text, _ text: Text) throws(ShellError) -> Flow {
    if let reference = try shell.reference(name) { try shell.assign(reference, text) }
    return .normal
}

/// `read` without a name: the line as it is, but for escapes.
private func assign(
    _ shell: Shell, _ arguments: Arguments, _ symbol: Symbol, _ line: Text, _ wanted: ReadOptions
) throws(ShellError) -> Flow {
    var text = line
    if !wanted.isRaw {
        let start = shell.scratch.count - line.count
        text = SplitLine(shell: shell, mark: start, hasEscapes: true).value(0..<line.count)
    }
    return try assign(shell, arguments, shell.symbols.name(symbol), text, hasElements: wanted.hasElements)
}
