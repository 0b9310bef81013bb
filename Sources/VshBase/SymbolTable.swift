// SPDX-License-Identifier: MPL-2.0

/// A name, as its index in the one symbol table: variables, functions, builtins and commands are found by it.
public typealias Symbol = Int32

/// Names interned to small integers, so that the interpreter indexes tables instead of hashing names.
///
/// Symbols are never removed. `KnownSymbol` names are interned first, in order, so that their numbers are constants.
public final class SymbolTable {
    private var names: Table<Text>
    private var hashes: Table<UInt32>
    /// Open addressing; -1 is free. Its size is a power of two, at least twice the number of names.
    private var buckets: UnsafeMutablePointer<Int32>
    private var mask: Int

    public init() {
        names = Table(capacity: 208)
        hashes = Table(capacity: 208)
        mask = 511
        buckets = UnsafeMutablePointer<Int32>.allocate(capacity: 512)
        buckets.initialize(repeating: -1, count: 512)
        for known in KnownSymbol.allCases {
            let symbol = intern(known.name)
            precondition(symbol == known.rawValue, "known symbols are interned first, in order")
        }
    }

    deinit { buckets.deallocate() }

    /// Symbols interned so far.
    @inline(__always)
    public var count: Int { names.count }

    /// The bytes of `symbol`.
    @inline(__always)
    public func name(_ symbol: Symbol) -> Text { names[symbol] }

    /// The symbol of `bytes`, made if it is new.
    public func intern(_ bytes: UnsafeBufferPointer<UInt8>) -> Symbol {
        let hash = SymbolTable.hash(bytes)
        var place = Int(truncatingIfNeeded: hash) & mask
        while true {
            let symbol = buckets[place]
            if symbol < 0 { break }
            if hashes[symbol] == hash, names[symbol].withBytes({ bytesEqual($0, bytes) }) { return symbol }
            place = (place &+ 1) & mask
        }
        let symbol = Int32(truncatingIfNeeded: names.count)
        names.append(Text(bytes))
        hashes.append(hash)
        buckets[place] = symbol
        if names.count &* 2 > mask { rehash() }
        return symbol
    }

    public func intern(_ text: Text) -> Symbol { text.withBytes { intern($0) } }

    public func intern(_ literal: StaticString) -> Symbol {
        intern(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// The symbol of `bytes`, or nil when there is none.
    public func find(_ bytes: UnsafeBufferPointer<UInt8>) -> Symbol? {
        let hash = SymbolTable.hash(bytes)
        var place = Int(truncatingIfNeeded: hash) & mask
        while true {
            let symbol = buckets[place]
            if symbol < 0 { return nil }
            if hashes[symbol] == hash, names[symbol].withBytes({ bytesEqual($0, bytes) }) { return symbol }
            place = (place &+ 1) & mask
        }
    }

    @inline(__always)
    public func find(_ text: Text) -> Symbol? { text.withBytes { find($0) } }

    private func rehash() {
        let size = (mask + 1) * 2
        buckets.deallocate()
        buckets = UnsafeMutablePointer<Int32>.allocate(capacity: size)
        buckets.initialize(repeating: -1, count: size)
        mask = size - 1
        for symbol in 0..<names.count {
            var place = Int(truncatingIfNeeded: hashes[symbol]) & mask
            while buckets[place] >= 0 { place = (place &+ 1) & mask }
            buckets[place] = Int32(truncatingIfNeeded: symbol)
        }
    }

    /// Multiplies and folds, eight bytes at a time.
    @inline(__always)
    public static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: bytes.count)
        let count = bytes.count
        var index = 0
        if count >= 8 {
            let raw = UnsafeRawPointer(bytes.baseAddress!)
            while index &+ 8 <= count {
                hash = (hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0xff51_afd7_ed55_8ccd
                hash ^= hash >> 32
                index &+= 8
            }
        }
        var tail: UInt64 = 0
        while index < count {
            tail = tail << 8 | UInt64(bytes[index])
            index &+= 1
        }
        hash = (hash ^ tail) &* 0xff51_afd7_ed55_8ccd
        hash ^= hash >> 29
        return UInt32(truncatingIfNeeded: hash ^ (hash >> 32))
    }
}

/// The names the shell itself speaks of, with constant symbol numbers.
public enum KnownSymbol: Int32, CaseIterable {
    case ifs, path, home, pwd, oldpwd, ps1, ps2, ps4, optind, optarg, lineno, ppid, cdpath, env, lcAll, lcCtype, lang
    case histfile, histsize, fcedit, mail, mailcheck, mailpath, editor, visual, term, shell, user, logname, tmpdir
    case columns, lines, random, seconds, reply, underscore, lcCollate, lcMessages, lcNumeric, nlspath, opterr, bashpid

    /// The bytes of the name.
    public var name: StaticString {
        switch self {
        case .ifs: "IFS"
        case .path: "PATH"
        case .home: "HOME"
        case .pwd: "PWD"
        case .oldpwd: "OLDPWD"
        case .ps1: "PS1"
        case .ps2: "PS2"
        case .ps4: "PS4"
        case .optind: "OPTIND"
        case .optarg: "OPTARG"
        case .lineno: "LINENO"
        case .ppid: "PPID"
        case .cdpath: "CDPATH"
        case .env: "ENV"
        case .lcAll: "LC_ALL"
        case .lcCtype: "LC_CTYPE"
        case .lang: "LANG"
        case .histfile: "HISTFILE"
        case .histsize: "HISTSIZE"
        case .fcedit: "FCEDIT"
        case .mail: "MAIL"
        case .mailcheck: "MAILCHECK"
        case .mailpath: "MAILPATH"
        case .editor: "EDITOR"
        case .visual: "VISUAL"
        case .term: "TERM"
        case .shell: "SHELL"
        case .user: "USER"
        case .logname: "LOGNAME"
        case .tmpdir: "TMPDIR"
        case .columns: "COLUMNS"
        case .lines: "LINES"
        case .random: "RANDOM"
        case .seconds: "SECONDS"
        case .reply: "REPLY"
        case .underscore: "_"
        case .lcCollate: "LC_COLLATE"
        case .lcMessages: "LC_MESSAGES"
        case .lcNumeric: "LC_NUMERIC"
        case .nlspath: "NLSPATH"
        case .opterr: "OPTERR"
        case .bashpid: "BASHPID"
        }
    }
}
