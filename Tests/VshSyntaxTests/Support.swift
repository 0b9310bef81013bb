// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase
import VshSyntax
import XCTest

/// Everything a script parses to, for comparisons.
struct Parsed {
    /// The dump of each complete command.
    var trees: [String] = []
    /// The text of each complete command, as `unparse` writes it.
    var texts: [[UInt8]] = []
    var error: SyntaxError?

    /// The trees, one per line, and the message of the error.
    var summary: String {
        var lines = trees
        if let error { lines.append("error: " + String(decoding: error.message, as: UTF8.self)) }
        return lines.joined(separator: "\n")
    }
}

/// Parses `script` as one file. With `lines`, the parser gets it a line at a time.
func parse(
    _ script: [UInt8], aliases: [String: String] = [:], lines: Bool = false, style: UnparseStyle? = nil,
    symbols: SymbolTable = SymbolTable(), options: ParserOptions = ParserOptions()
) -> Parsed {
    var options = options
    // Debug builds need several times the stack.
    options.maximumDepth = min(options.maximumDepth, 300)
    let source = Source(name: Text("test"), origin: .file, text: Text(lines ? [] : script))
    let code = Code(source: source)
    var parser = Parser(source: source, symbols: symbols, options: options)
    if !aliases.isEmpty {
        for name in aliases.keys { _ = symbols.intern(Text(name)) }
        parser.alias = { symbol in aliases[symbols.name(symbol).description].map { Text($0) } }
    }
    if lines {
        var rest = script[...]
        parser.refill = {
            if rest.isEmpty { return false }
            let end = rest.firstIndex(of: 10).map { $0 + 1 } ?? rest.endIndex
            source.append(Text(rest[..<end]))
            rest = rest[end...]
            return true
        }
    }
    var parsed = Parsed()
    do throws(SyntaxError) {
        while true {
            switch try parser.nextCommand(into: code) {
            case .endOfInput: return parsed
            case .empty: break
            case .command(let root):
                parsed.trees.append(TreeDump.command(code, root, symbols))
                if let style { parsed.texts.append(unparse(code, root, symbols: symbols, style: style)) }
            }
            code.reset()
        }
    } catch {
        parsed.error = error
    }
    return parsed
}

func parse(_ script: String, aliases: [String: String] = [:], lines: Bool = false) -> Parsed {
    parse(Array(script.utf8), aliases: aliases, lines: lines)
}

/// Checks that `script` parses to `expected`: one line per complete command, the last one `error: …` after a syntax error.
func expect(
    _ script: String, _ expected: String, aliases: [String: String] = [:], file: StaticString = #filePath,
    line: UInt = #line
) {
    XCTAssertEqual(parse(script, aliases: aliases).summary, expected, "\n\(script)", file: file, line: line)
    // The same text a line at a time: nothing may depend on what was read already.
    if aliases.isEmpty {
        XCTAssertEqual(parse(script, lines: true).summary, expected, "in lines:\n\(script)", file: file, line: line)
    }
}

/// Checks that what `unparse` makes of each command parses to the same tree, and is stable.
func expectRoundTrip(_ script: [UInt8], file: StaticString = #filePath, line: UInt = #line) {
    let symbols = SymbolTable()
    for style in [UnparseStyle.singleLine, .multiLine] {
        let original = parse(script, style: style, symbols: symbols)
        for (tree, text) in zip(original.trees, original.texts) {
            let again = parse(Array("{\n".utf8) + text + Array("\n}".utf8), symbols: symbols)
            if again.summary.withoutBackquotes != "(brace " + tree.withoutBackquotes + ")" {
                XCTFail(
                    "\(style): \(String(decoding: text, as: UTF8.self))\n\(tree)\n\(again.summary)", file: file,
                    line: line)
                return
            }
        }
    }
}

extension String {
    /// The tree with all command substitutions written alike.
    var withoutBackquotes: String {
        var result = ""
        var iterator = makeIterator()
        var pending = iterator.next()
        while let character = pending {
            pending = iterator.next()
            result.append(character == "`" && pending == "(" ? "$" : character)
        }
        return result
    }
}

/// The shell scripts of this machine.
enum Corpus {
    static func scripts(limit: Int = 200_000) -> [(path: String, bytes: [UInt8])] {
        var found: [(String, [UInt8])] = []
        for directory in [
            "/usr/bin", "/usr/sbin", "/etc/init.d", "/etc", "/lib/lsb", "/usr/share/debconf", "/var/lib/dpkg/info",
        ] {
            guard let stream = opendir(directory) else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                let path = directory + "/" + name
                guard let bytes = read(path, limit), isScript(bytes) else { continue }
                found.append((path, bytes))
            }
        }
        return found.sorted { $0.0 < $1.0 }
    }

    private static func isScript(_ bytes: [UInt8]) -> Bool {
        let line = String(decoding: bytes.prefix { $0 != 10 }.prefix(64), as: UTF8.self)
        guard line.hasPrefix("#!"), line.hasSuffix("/sh") || line.contains("/sh ") || line.hasSuffix("/dash") else {
            return false
        }
        // What starts another interpreter for itself goes on in that one's language.
        let start = String(decoding: bytes.prefix(400), as: UTF8.self)
        return !["expect", "tclsh", "wish"].contains { start.contains("\nexec \($0)") }
    }

    static func read(_ path: String, _ limit: Int) -> [UInt8]? {
        var status = stat()
        if stat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFREG || status.st_size > limit { return nil }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return count < 0 ? nil : Array(bytes.prefix(count))
    }
}
