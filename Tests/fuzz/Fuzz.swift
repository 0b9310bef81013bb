// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase
import VshSyntax

/// The entry point of libFuzzer: what holds for every text is checked on `size` bytes at `data`. The first byte says what the rest is.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> Int32 {
    guard size > 0 else { return 0 }
    let rest = Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
    switch data[0] {
    case UInt8(ascii: "p"): checkPattern(rest)
    case UInt8(ascii: "a"): checkArithmetic(rest)
    case UInt8(ascii: "l"): checkAliases(rest)
    default: checkScript(Array(UnsafeBufferPointer(start: data, count: size)))
    }
    return 0
}

/// A check that says in an optimised build, too, what is wrong.
private func check(_ condition: Bool, _ message: StaticString) {
    if condition { return }
    write(2, "check failed: ", 14)
    write(2, message.utf8Start, message.utf8CodeUnitCount)
    write(2, "\n", 1)
    abort()
}

/// The text of each complete command of `script`, as `unparse` writes it, and whether the whole was accepted.
private func parse(
    _ script: [UInt8], _ symbols: SymbolTable, style: UnparseStyle, lines: Bool = false, aliases: [Symbol: Text] = [:]
) -> (texts: [[UInt8]], isAccepted: Bool) {
    var options = ParserOptions()
    options.maximumDepth = 100
    options.maximumBraceWords = 1 << 10
    let source = Source(name: Text("fuzz"), origin: .file, text: Text(lines ? [] : script))
    let code = Code(source: source)
    var parser = Parser(source: source, symbols: symbols, options: options)
    if !aliases.isEmpty { parser.alias = { aliases[$0] } }
    if lines {
        var rest = script[...]
        parser.refill = {
            if rest.isEmpty { return false }
            let end = rest.firstIndex(of: 10).map { $0 + 1 } ?? rest.endIndex
            source.append(Text(Array(rest[..<end])))
            rest = rest[end...]
            return true
        }
    }
    var texts: [[UInt8]] = []
    do throws(SyntaxError) {
        while true {
            switch try parser.nextCommand(into: code) {
            case .endOfInput: return (texts, true)
            case .empty: break
            case .command(let root): texts.append(unparse(code, root, symbols: symbols, style: style))
            }
            code.reset()
        }
    } catch {
        check(error.range.upperBound <= source.count, "the place of an error is in the source")
        return (texts, false)
    }
}

/// What `text` is when it was read and written again.
private func again(_ text: [UInt8], _ symbols: SymbolTable, _ style: UnparseStyle, inBraces: Bool = true) -> [UInt8] {
    let (texts, isAccepted) = parse(
        inBraces ? Array("{\n".utf8) + text + Array("\n}".utf8) : text, symbols, style: style)
    if !isAccepted || texts.count != 1 { write(2, text, text.count) }
    check(isAccepted && texts.count == 1, "what is written can be read")
    return texts[0]
}

private func checkScript(_ script: [UInt8]) {
    let symbols = SymbolTable()
    checkTokens(script, symbols)
    // The parser skips NULs, so that `i\0f` is no reserved word but a word that would be read as one.
    if script.contains(0) { return }
    let (texts, isAccepted) = parse(script, symbols, style: .singleLine)
    let inLines = parse(script, symbols, style: .singleLine, lines: true)
    check(inLines.texts == texts && inLines.isAccepted == isAccepted, "the same, a line at a time")
    // In braces, as a list in lines of its own is more than one command.
    let brief = texts.map { again($0, symbols, .singleLine) }
    let long = parse(script, symbols, style: .multiLine).texts
    for (index, text) in long.enumerated() {
        check(again(text, symbols, .singleLine) == brief[index], "both styles are of one tree")
        check(again(brief[index], symbols, .singleLine, inBraces: false) == brief[index], "and stay as they are")
    }
}

private func checkTokens(_ script: [UInt8], _ symbols: SymbolTable) {
    let source = Source(name: Text("fuzz"), origin: .file, text: Text(script))
    var end = 0
    for token in tokens(of: source, symbols: symbols).tokens {
        check(token.range.lowerBound == end && !token.range.isEmpty, "tokens follow each other")
        end = token.range.upperBound
    }
    check(end == script.count, "tokens are the whole source")
}

/// Lines `name=value`, an empty line, and a script that is read with these aliases.
private func checkAliases(_ bytes: [UInt8]) {
    let symbols = SymbolTable()
    var aliases: [Symbol: Text] = [:]
    var rest = bytes[...]
    while let end = rest.firstIndex(of: 10), end > rest.startIndex {
        let line = rest[..<end]
        rest = rest[(end + 1)...]
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
        aliases[symbols.intern(Text(Array(line[..<equals])))] = Text(
            line[(equals + 1)...].map { $0 == UInt8(ascii: "^") ? 10 : $0 })
    }
    let whole = parse(Array(rest), symbols, style: .singleLine, aliases: aliases)
    let inLines = parse(Array(rest), symbols, style: .singleLine, lines: true, aliases: aliases)
    check(whole.texts == inLines.texts && whole.isAccepted == inLines.isAccepted, "the same, a line at a time")
}

/// A pattern, a newline and a subject.
private func checkPattern(_ bytes: [UInt8]) {
    let split = bytes.firstIndex(of: 10) ?? bytes.endIndex
    let subject = Array(bytes[min(split + 1, bytes.count)...])
    for isUTF8 in [false, true] {
        let pattern = Pattern(Text(Array(bytes[..<split])), isUTF8: isUTF8)
        subject.withUnsafeBufferPointer { subject in
            let matches = pattern.matches(subject)
            let longest = pattern.prefixLength(subject, longest: true)
            let shortest = pattern.prefixLength(subject, longest: false)
            check((longest == nil) == (shortest == nil), "a longest match is a match")
            if matches { check(longest == subject.count, "a match is the longest match at the start") }
            if let longest, let shortest {
                check(shortest <= longest && longest <= subject.count, "lengths are in the subject")
            }
            let first = pattern.suffixStart(subject, longest: true)
            if matches { check(first == 0, "a match is the longest match at the end") }
        }
    }
}

private func checkArithmetic(_ bytes: [UInt8]) {
    checkScript(Array("echo $((".utf8) + bytes + Array("))\n".utf8))
}
