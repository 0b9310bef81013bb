// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

extension Shell {
    // MARK: reading

    /// The value of a variable, empty when unset.
    @inline(__always)
    public func value(_ symbol: Symbol) -> Text {
        if variables[symbol].flags.contains(.hasText) { return variables[symbol].text }
        return makeText(symbol)
    }

    @inline(__always)
    public func value(_ known: KnownSymbol) -> Text { value(known.rawValue) }

    /// The value of a variable that is expanded.
    /// - Throws: when it is unset and that is an error (`set -u`).
    @inline(__always)
    func parameterValue(_ symbol: Symbol) throws(ShellError) -> Text {
        if variables[symbol].flags.isSuperset(of: .textValue) { return variables[symbol].text }
        return try uncommonValue(symbol)
    }

    @inline(never)
    private func uncommonValue(_ symbol: Symbol) throws(ShellError) -> Text {
        if !isSet(symbol) {
            if !variables[symbol].flags.isDisjoint(with: [.reference, .array]), let text = try unusualValue(symbol) {
                return text
            }
            if options.contains(.nounset) { throw unsetError(symbols.name(symbol)) }
        }
        // A subshell that is told its process is one from here on.
        if symbol == KnownSymbol.bashpid.rawValue, variables[symbol].flags.contains(.dynamic) { try becomeProcess() }
        return value(symbol)
    }

    /// Whether a variable has a value.
    @inline(__always)
    public func isSet(_ symbol: Symbol) -> Bool { variables[symbol].flags.contains(.isSet) }

    /// Writes out the text of a variable that is known as an integer or computed.
    @inline(never)
    private func makeText(_ symbol: Symbol) -> Text {
        let flags = variables[symbol].flags
        if !flags.isDisjoint(with: [.reference, .array]) { return (try? unusualValue(symbol)) ?? Text() }
        if flags.contains(.dynamic) { return dynamicInteger(symbol).map { Text(decimal: $0) } ?? computedText(symbol) }
        let text = Text(decimal: variables[symbol].integer)
        variables[symbol].text = text
        variables[symbol].flags.insert(.hasText)
        return text
    }

    /// The value of a variable that is computed, of those that the shell knows from its start.
    private func dynamicInteger(_ symbol: Symbol) -> Int? {
        switch symbol {
        case KnownSymbol.lineno.rawValue: return currentLine
        case KnownSymbol.bashpid.rawValue: return Int(System.processID)
        case KnownSymbol.random.rawValue:
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) & 32767
        case KnownSymbol.seconds.rawValue: return Int((Clock.monotonic - startTime) / 1_000_000_000)
        default: return nil
        }
    }

    /// The line of the command that runs.
    public var currentLine: Int { currentCode?.source.line(at: Int(currentPosition)) ?? 1 }

    /// The value as an integer when the text is a plain decimal one; unset and empty are 0. The result is kept beside the text.
    @inline(__always)
    func integerValue(_ symbol: Symbol) -> Int? {
        let flags = variables[symbol].flags
        if flags.contains(.hasInteger) { return variables[symbol].integer }
        return parseInteger(symbol)
    }

    @inline(never)
    private func parseInteger(_ symbol: Symbol) -> Int? {
        let flags = variables[symbol].flags
        // Their field `integer` is something else.
        if !flags.isDisjoint(with: [.reference, .array]) { return value(symbol).isEmpty ? 0 : nil }
        if flags.contains(.dynamic) {
            return symbol == KnownSymbol.bashpid.rawValue && isVirtualSubshell
                ? nil : dynamicInteger(symbol) ?? computedText(symbol).decimalInteger
        }
        if variables[symbol].text.isEmpty { return 0 }
        let text = variables[symbol].text
        guard let integer = text.decimalInteger else { return nil }
        let first = text[0]
        // Octal, or a sign that decimal text does not keep.
        if first == 48 && text.count > 1 || first == 43 { return nil }
        if first == 45 && text[1] == 48 { return nil }
        variables[symbol].integer = integer
        variables[symbol].flags.insert(.hasInteger)
        return integer
    }

    // MARK: writing

    /// Notes the present value for the virtual subshell that is about to change it.
    @inline(__always)
    func willChange(_ symbol: Symbol) {
        if variables[symbol].epoch != epoch { recordTrail(symbol) }
    }

    @inline(never)
    private func recordTrail(_ symbol: Symbol) {
        variableTrail.append(saved(symbol))
        variables[symbol].epoch = epoch
    }

    /// `symbol=text`. Throws when the variable is read-only.
    @inline(__always)
    public func assign(_ symbol: Symbol, _ text: Text) throws(ShellError) {
        if variables[symbol].flags.isDisjoint(with: .assignmentNeedsCare) && !options.contains(.allexport) {
            willChange(symbol)
            variables[symbol].text = text
            variables[symbol].flags = variables[symbol].flags.subtracting(.hasInteger).union(.textValue)
            return
        }
        try assignWithCare(symbol, text)
    }

    /// `symbol=value` for a number; the text is made when it is read.
    @inline(__always)
    public func assign(_ symbol: Symbol, integer: Int) throws(ShellError) {
        if variables[symbol].flags.isDisjoint(with: .assignmentNeedsCare) && !options.contains(.allexport) {
            willChange(symbol)
            variables[symbol].integer = integer
            variables[symbol].flags = variables[symbol].flags.subtracting(.hasText).union([.isSet, .hasInteger])
            return
        }
        try assignWithCare(symbol, Text(decimal: integer))
    }

    public func assign(_ known: KnownSymbol, _ text: Text) throws(ShellError) { try assign(known.rawValue, text) }

    @inline(never)
    private func assignWithCare(_ symbol: Symbol, _ text: Text) throws(ShellError) {
        let flags = variables[symbol].flags
        if flags.contains(.reference) {
            let target = resolved(symbol)
            if target != symbol && !variables[target].flags.contains(.reference) { return try assign(target, text) }
            if variables[target].text.isEmpty || isName(variables[target].text) {
                // A reference without a target gets one.
                willChange(symbol)
                variables[symbol].text = text
                return
            }
            if let reference = try reference(variables[target].text) { try assign(reference, text) }
            return
        }
        if flags.contains(.readonly) { throw readonlyError(symbol) }
        assignUnchecked(symbol, try converted(symbol, text))
    }

    /// The error of an assignment to a read-only variable.
    public func readonlyError(_ symbol: Symbol) -> ShellError {
        report(name: symbols.name(symbol), "is read only")
        return ShellError(.expansion, status: 2)
    }

    /// Assigns whether or not the variable is read-only, with all consequences.
    public func assignUnchecked(_ symbol: Symbol, _ text: Text) {
        if variables[symbol].flags.contains(.array) { return assignFirst(symbol, text) }
        willChange(symbol)
        variables[symbol].text = text
        var flags = variables[symbol].flags.subtracting([.hasInteger]).union(.textValue)
        if flags.contains(.dynamic) {
            if symbol == KnownSymbol.random.rawValue {
                random = UInt64(bitPattern: Int64(text.decimalInteger ?? 0))
                flags.subtract(.hasText)
            } else if symbol == KnownSymbol.seconds.rawValue {
                startTime = Clock.monotonic - Int64(text.decimalInteger ?? 0) * 1_000_000_000
                flags.subtract(.hasText)
            } else {
                flags.subtract(.dynamic)
            }
        }
        variables[symbol].flags = flags
        if options.contains(.allexport) { setExported(symbol) }
        if flags.contains(.exported) { environmentIsStale = true }
        if flags.contains(.watched) { variableChanged(symbol) }
    }

    /// `x=text` where x is an array: its element 0.
    @inline(never)
    private func assignFirst(_ symbol: Symbol, _ text: Text) {
        if variables[symbol].flags.contains(.dynamic) { return }
        let array = writableArray(symbol)
        if array.isAssociative { array.set(Text("0"), text) } else { array.set(0, text) }
        didChangeArray(symbol, array)
    }

    /// Makes a variable part of the environment of commands.
    public func setExported(_ symbol: Symbol) {
        if variables[symbol].flags.contains(.exported) { return }
        willChange(symbol)
        variables[symbol].flags.insert(.exported)
        noteExported(symbol)
    }

    /// `export` or `export -n`.
    public func setExported(_ symbol: Symbol, _ isExported: Bool) {
        if isExported { return setExported(symbol) }
        willChange(symbol)
        variables[symbol].flags.remove(.exported)
        environmentIsStale = true
    }

    /// Enters a symbol whose `exported` flag was just set into the list the environment is made from.
    func noteExported(_ symbol: Symbol) {
        environmentIsStale = true
        if exportedSymbols.count < 64 {
            for index in 0..<exportedSymbols.count where exportedSymbols[index] == symbol { return }
        } else if isListed(symbol) {
            return
        }
        exportedSymbols.append(symbol)
    }

    /// Whether a symbol is in the list, when that is long; it is from now on.
    @inline(never)
    private func isListed(_ symbol: Symbol) -> Bool {
        func list(_ symbol: Symbol) {
            while exportedMarks.count <= Int(symbol) { exportedMarks.append(false) }
            exportedMarks[symbol] = true
        }
        if exportedMarks.isEmpty { for index in 0..<exportedSymbols.count { list(exportedSymbols[index]) } }
        if Int(symbol) < exportedMarks.count && exportedMarks[symbol] { return true }
        list(symbol)
        return false
    }

    public func setReadonly(_ symbol: Symbol) {
        willChange(symbol)
        variables[symbol].flags.insert(.readonly)
    }

    /// `unset`. Throws when the variable is read-only.
    public func unset(_ symbol: Symbol) throws(ShellError) {
        if variables[symbol].flags.contains(.readonly) { throw readonlyError(symbol) }
        if variables[symbol].flags.contains(.local), !options.contains(.posix), uncover(symbol) { return }
        willChange(symbol)
        if variables[symbol].flags.contains(.exported) { environmentIsStale = true }
        variables[symbol].text = Text()
        let kept = variables[symbol].flags.intersection([.watched, .local])
        variables[symbol].flags = kept.union(.hasText)
        if kept.contains(.watched) { variableChanged(symbol) }
    }

    /// `local symbol`: the variable keeps its value and gets the old one back when the function returns.
    /// False when it is that already.
    @discardableResult
    public func makeLocal(_ symbol: Symbol) -> Bool {
        if isLocal(symbol) { return false }
        localTrail.append(saved(symbol))
        willChange(symbol)
        variables[symbol].flags.insert(.local)
        return true
    }

    /// `unset` in a function that a function with the local variable called, as bash has it: the variable behind that one is seen from now on.
    /// False when the running function declared it itself.
    private func uncover(_ symbol: Symbol) -> Bool {
        if isLocal(symbol) { return false }
        for index in (0..<min(localFrame, localTrail.count)).reversed() where localTrail[index].symbol == symbol {
            let change = localTrail[index]
            if isVirtualSubshell { stateTrail.append(.localVariable(index, change)) }
            restore(symbol, change.old)
            localTrail[index] = VariableChange(symbol: VariableChange.none, old: Variable())
            return true
        }
        return false
    }

    /// Whether the running function declared the variable; `.local` may be due to one of its callers.
    private func isLocal(_ symbol: Symbol) -> Bool {
        let start = localFrame
        for index in start..<max(start, localTrail.count) where localTrail[index].symbol == symbol { return true }
        return false
    }

    /// Whether `local` may not declare it: it is read-only, and no variable of a caller, which would only be hidden.
    public func resistsLocal(_ symbol: Symbol) -> Bool {
        let flags = variables[symbol].flags
        return flags.contains(.readonly) && (!flags.contains(.local) || options.contains(.posix) || isLocal(symbol))
    }

    /// Makes the options local to the running function.
    public func makeOptionsLocal() {
        let start = localFrame
        for index in start..<max(start, localTrail.count)
        where localTrail[index].symbol == VariableChange.options { return }
        var saved = Variable()
        saved.integer = Int(bitPattern: UInt(options.rawValue))
        localTrail.append(VariableChange(symbol: VariableChange.options, old: saved))
    }

    private func restoreOptions(_ old: ShellOptions) {
        for row in ShellOptions.rows where row.canChange && options.contains(row.option) != old.contains(row.option) {
            setOption(row.option, old.contains(row.option))
        }
    }

    /// Puts a variable back to `old`, with all consequences.
    func restore(_ symbol: Symbol, _ old: Variable) {
        willChange(symbol)
        let epoch = variables[symbol].epoch
        let flags = variables[symbol].flags.union(old.flags)
        variables[symbol] = old
        variables[symbol].epoch = epoch
        if flags.contains(.exported) { environmentIsStale = true }
        if flags.contains(.watched) { variableChanged(symbol) }
    }

    /// Restores the variables that became local after `mark`.
    func popLocals(to mark: Int) {
        while localTrail.count > mark {
            let change = localTrail.removeLast()
            if change.symbol == VariableChange.none { continue }
            if change.symbol == VariableChange.options {
                restoreOptions(ShellOptions(rawValue: UInt64(UInt(bitPattern: change.old.integer))))
            } else {
                restore(change.symbol, change.old)
            }
        }
    }

    // MARK: variables that steer the shell

    /// What follows from a new value of a watched variable.
    func variableChanged(_ symbol: Symbol) {
        switch symbol {
        case KnownSymbol.ifs.rawValue: updateIFS()
        case KnownSymbol.path.rawValue: forgetCommandPaths()
        case KnownSymbol.optind.rawValue:
            getoptsIndex = value(symbol).decimalInteger ?? 1
            getoptsPlace = 0
        case KnownSymbol.lcAll.rawValue, KnownSymbol.lcCtype.rawValue, KnownSymbol.lang.rawValue: updateLocale()
        default: break
        }
    }

    func setDefaultIFS() {
        for known in [KnownSymbol.ifs, .path, .optind, .lcAll, .lcCtype, .lang] {
            variables[known.rawValue].flags.insert(.watched)
        }
        updateIFS()
    }

    private func updateIFS() {
        ifsText.withBytes { for byte in $0 { ifsClass[Int(byte)] &= 4 } }
        let symbol = KnownSymbol.ifs.rawValue
        if isSet(symbol) {
            ifsText = value(symbol)
            ifsJoin = ifsText.isEmpty ? -1 : Int(ifsText[0])
        } else {
            ifsText = Text(" \t\n")
            ifsJoin = 32
        }
        ifsText.withBytes { bytes in
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                let length = isUTF8 ? utf8Length(bytes.baseAddress! + index, bytes.count - index) : 1
                ifsClass[Int(byte)] |= length > 1 ? 8 : byte == 32 || byte == 9 || byte == 10 ? 1 : 2
                index += length
            }
        }
        ifsIsDefault = ifsText.equals(" \t\n")
    }

    /// Bytes of the IFS character of several bytes that `bytes` begin with; 0 when they begin with none.
    @inline(never)
    public func longSeparator(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let length = utf8Length(bytes.baseAddress!, bytes.count)
        if length == 1 { return 0 }
        let character = UnsafeBufferPointer(rebasing: bytes[..<length])
        return ifsText.withBytes { separators in
            var index = 0
            while index + length <= separators.count {
                if separators[index..<index + length].elementsEqual(character) { return length }
                index += 1
            }
            return 0
        }
    }

    /// The characters are UTF-8 when the first of LC_ALL, LC_CTYPE and LANG that is not empty says so (XBD 8.2).
    private func updateLocale() {
        var name = value(.lcAll)
        if name.isEmpty { name = value(.lcCtype) }
        if name.isEmpty { name = value(.lang) }
        let wasUTF8 = isUTF8
        isUTF8 = name.withBytes { bytes in
            guard let dot = bytes.lastIndex(of: 46) else { return false }
            // `utf8` in any case, hyphens left out, before an `@`.
            var letters: UInt64 = 0
            for byte in bytes[(dot + 1)...] {
                if byte == 64 { break }
                if byte != 45 { letters = letters << 8 | UInt64(byte >= 65 && byte <= 90 ? byte | 32 : byte) }
                if letters >> 32 != 0 { return false }
            }
            return letters == 0x7574_6638
        }
        if isUTF8 != wasUTF8 && !ifsIsDefault { updateIFS() }
    }

    /// The `count` is what `${#x}` says of `text`: characters in UTF-8, else bytes.
    func characterCount(_ text: Text) -> Int {
        if !isUTF8 { return text.count }
        return text.withBytes { utf8Count($0) }
    }
}

/// Characters in `bytes` read as UTF-8; each byte that is not part of a valid sequence counts as one.
func utf8Count(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let count = bytes.count
    guard let base = bytes.baseAddress else { return 0 }
    let raw = UnsafeRawPointer(base)
    var index = 0
    var characters = 0
    while index < count {
        while index &+ 8 <= count,
            raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
            index &+= 8
            characters &+= 8
        }
        if index >= count { break }
        index &+= utf8Length(base + index, count &- index)
        characters &+= 1
    }
    return characters
}

/// Bytes of the character at `base`: 1 for ASCII and for a byte that begins no valid sequence (RFC 3629).
@inline(__always)
public func utf8Length(_ base: UnsafePointer<UInt8>, _ left: Int) -> Int {
    let first = base[0]
    if first < 0xC2 { return 1 }
    let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1
    if length == 1 || length > left { return 1 }
    for index in 1..<length where base[index] & 0xC0 != 0x80 { return 1 }
    if first == 0xE0 && base[1] < 0xA0 || first == 0xED && base[1] > 0x9F { return 1 }
    if first == 0xF0 && base[1] < 0x90 || first == 0xF4 && base[1] > 0x8F { return 1 }
    return length
}
