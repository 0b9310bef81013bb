// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Which builtins a name finds (XCU 2.9.1.4). In POSIX mode an extension is not found, a file utility only where PATH leads to the program it
/// stands for, and another utility that is not intrinsic in every PATH but the empty one: scripts count on `echo` and `[`, as every shell but
/// yash has them in any PATH. Until it is known that a builtin is found, its entry in `builtinIndex` is −2 − index.
extension Shell {
    /// The index in `builtinTable` of what the name finds, or -1.
    @inline(__always)
    func builtinNumber(_ symbol: Symbol) -> Int16 {
        let index = builtinIndex[symbol]
        return index < -1 ? searchBuiltin(symbol, -2 - index) : index
    }

    /// The same as if PATH had the standard utilities.
    func builtinAnywhere(_ symbol: Symbol) -> Int16 {
        let index = builtinIndex[symbol]
        if index >= -1 { return index }
        return builtinTable[Int(-2 - index)].kind == .extension_ ? -1 : -2 - index
    }

    /// The row of this name that can be found in the present mode, whatever PATH is.
    public func builtin(named name: Text) -> Builtin? {
        guard let symbol = symbols.find(name) else { return nil }
        let index = builtinAnywhere(symbol)
        return index < 0 ? nil : builtinTable[Int(index)]
    }

    /// Whether the name runs a builtin.
    public func findsBuiltin(_ symbol: Symbol) -> Bool { builtinNumber(symbol) >= 0 }

    @inline(never)
    private func searchBuiltin(_ symbol: Symbol, _ index: Int16) -> Int16 {
        // A path that is remembered was found not to be the builtin's.
        if builtinTable[Int(index)].kind == .extension_ || !commandPaths[symbol].isEmpty { return -1 }
        let name = symbols.name(symbol)
        if case .found(let path) = searchPath(name) {
            if options.contains(.hashall) && builtinTable[Int(index)].kind == .file {
                rememberCommandPath(symbol, path)
            }
            if !isInStandardDirectory(path) { return -1 }
        } else if findCommand(name, path: Shell.defaultPath) != nil {
            return -1
        }
        // On a system without such a program the builtin is all there is.
        builtinIndex[symbol] = index
        return index
    }

    /// Whether the builtins stand for the programs of the directory that `path` is in.
    private func isInStandardDirectory(_ path: Text) -> Bool {
        func begins(_ prefix: StaticString) -> Bool {
            path.count > prefix.utf8CodeUnitCount && path.slice(0..<prefix.utf8CodeUnitCount).equals(prefix)
        }
        return begins("/usr/bin/") || begins("/bin/") || begins("/usr/sbin/") || begins("/sbin/")
    }

    /// What `builtinIndex` is to say of a row before any search.
    func placed(_ index: Int16, _ kind: Builtin.Class) -> Int16 {
        if !options.contains(.posix) { return index }
        switch kind {
        case .special, .intrinsic: return index
        case .regular: return isSet(KnownSymbol.path.rawValue) && value(.path).isEmpty ? -2 - index : index
        case .file, .extension_: return -2 - index
        }
    }

    /// Forgets what was searched: PATH or the mode changed.
    @inline(never)
    func placeBuiltins() {
        for index in 0..<builtinTable.count {
            builtinIndex[symbols.intern(builtinTable[index].name)] = placed(Int16(index), builtinTable[index].kind)
        }
    }
}
