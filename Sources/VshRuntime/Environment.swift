// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

extension Shell {
    /// Takes over the environment this process was started with.
    public func importEnvironment(_ environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
        guard let environment else { return }
        environmentIsStale = true
        var index = 0
        while let entry = environment[index] {
            index += 1
            let bytes = UnsafeRawPointer(entry).assumingMemoryBound(to: UInt8.self)
            var equals = 0
            while bytes[equals] != 0 && bytes[equals] != 61 { equals += 1 }
            let name = UnsafeBufferPointer(start: bytes, count: equals)
            guard bytes[equals] == 61, isShellName(name) else {
                foreignEnvironment.append(Text(cString: entry))
                continue
            }
            let symbol = symbols.intern(name)
            syncTables()
            if !variables[symbol].flags.contains(.exported) {
                variables[symbol].flags.insert(.exported)
                exportedSymbols.append(symbol)
            }
            assignUnchecked(symbol, Text(cString: entry + equals + 1))
        }
    }

    /// Fills `environmentVector` with the exported variables.
    func buildEnvironment() {
        environmentIsStale = false
        environmentVector.removeAll()
        for index in 0..<exportedSymbols.count {
            let symbol = exportedSymbols[index]
            let flags = variables[symbol].flags
            if !flags.contains(.exported) || !flags.contains(.isSet) || flags.contains(.array) { continue }
            environmentVector.open()
            environmentVector.extend(symbols.name(symbol))
            environmentVector.extend(61)
            environmentVector.extend(value(symbol))
            environmentVector.close()
        }
        for entry in foreignEnvironment { environmentVector.append(entry) }
        if !exportedFunctions.isEmpty { for entry in functionEntries { environmentVector.append(entry) } }
    }

    /// `export -f name`, or with `isOn` false `export -nf name`: whether there is such a function.
    public func exportFunction(_ symbol: Symbol, _ isOn: Bool) {
        if isOn { exportedFunctions.insert(symbol) } else { exportedFunctions.remove(symbol) }
        environmentIsStale = true
    }

    /// The exported functions as bash looks for them: `BASH_FUNC_name%%=() { …; }`.
    private var functionEntries: [Text] {
        exportedFunctions.sorted().compactMap { (symbol: Symbol) -> Text? in
            guard let body = functions[symbol] else { return nil }
            var text = unparse(body.code, body.node, symbols: symbols)
            if text.first != UInt8(ascii: "{") { text = Array("{\n".utf8) + text + Array("\n}".utf8) }
            return Text(Array("BASH_FUNC_".utf8) + symbols.name(symbol).bytes + Array("%%=() ".utf8) + text)
        }
    }

    /// The environment of programs: NAME=value.
    public var environment: [[UInt8]] {
        var list: [[UInt8]] = []
        for index in 0..<exportedSymbols.count {
            let symbol = exportedSymbols[index]
            let flags = variables[symbol].flags
            if !flags.contains(.exported) || !flags.contains(.isSet) || flags.contains(.array) { continue }
            list.append(symbols.name(symbol).bytes + [61] + value(symbol).bytes)
        }
        return list + foreignEnvironment.map(\.bytes) + functionEntries.map(\.bytes)
    }

    /// Whether `text` is a name (XBD 3.216): letters, digits and underscores, not beginning with a digit.
    public func isName(_ text: Text) -> Bool { text.withBytes { isShellName($0) } }
}

/// Whether `bytes` are a name (XBD 3.216).
public func isShellName(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    if bytes.isEmpty || bytes[0] >= 48 && bytes[0] <= 57 { return false }
    for byte in bytes {
        let isLetter = byte | 32 >= 97 && byte | 32 <= 122
        if !isLetter && byte != 95 && !(byte >= 48 && byte <= 57) { return false }
    }
    return true
}
