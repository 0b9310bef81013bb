// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// The environment in the form that exec wants: one block of bytes and a vector of pointers into it, kept until a variable in it changes.
struct EnvironmentBlock: ~Copyable {
    fileprivate var bytes = ByteStack(capacity: 4096)
    fileprivate var offsets = Table<Int>(capacity: 64)
    fileprivate var vector = Table<UnsafeMutablePointer<CChar>?>(capacity: 64)
}

extension Shell {
    /// Takes over the environment this process was started with.
    public func importEnvironment(_ environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
        guard let environment else { return }
        var index = 0
        while let entry = environment[index] {
            index += 1
            let text = Text(cString: entry)
            guard let equals = text.withBytes({ $0.firstIndex(of: 61) }), equals > 0 else {
                foreignEnvironment.append(text)
                continue
            }
            let name = text.slice(0..<equals)
            if !isName(name) {
                foreignEnvironment.append(text)
                continue
            }
            let symbol = symbols.intern(name)
            syncTables()
            variables[symbol].flags.insert(.exported)
            noteExported(symbol)
            assignUnchecked(symbol, text.slice(equals + 1..<text.count))
        }
    }

    /// Calls `body` with the environment of a command: NULL-terminated.
    func withEnvironment<R>(
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        if environmentIsStale { buildEnvironment() }
        return environmentBlock.vector.withElements { body($0.baseAddress!) }
    }

    private func buildEnvironment() {
        environmentIsStale = false
        environmentBlock.bytes.pop(to: 0)
        environmentBlock.offsets.removeAll()
        for index in 0..<exportedSymbols.count {
            let symbol = exportedSymbols[index]
            let flags = variables[symbol].flags
            if !flags.contains(.exported) || !flags.contains(.isSet) { continue }
            environmentBlock.offsets.append(environmentBlock.bytes.count)
            environmentBlock.bytes.append(symbols.name(symbol))
            environmentBlock.bytes.append(61)
            environmentBlock.bytes.append(value(symbol))
            environmentBlock.bytes.append(0)
        }
        for entry in foreignEnvironment {
            environmentBlock.offsets.append(environmentBlock.bytes.count)
            environmentBlock.bytes.append(entry)
            environmentBlock.bytes.append(0)
        }
        environmentBlock.vector.removeAll()
        environmentBlock.bytes.withBytes { bytes in
            for index in 0..<environmentBlock.offsets.count {
                let start = UnsafeMutablePointer(mutating: bytes.baseAddress! + environmentBlock.offsets[index])
                environmentBlock.vector.append(UnsafeMutableRawPointer(start).assumingMemoryBound(to: CChar.self))
            }
        }
        environmentBlock.vector.append(nil)
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
