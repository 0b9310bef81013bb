// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase
import VshFiles
import VshSyntax

@testable import VshRuntime

/// The entry point of libFuzzer for word expansion: the words of the commands in the text at `data` are expanded, and nothing is run. Bits of
/// the first byte choose IFS and options. Text with a command or process substitution is left out.
@_cdecl("LLVMFuzzerTestOneInput")
public func expandOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> Int32 {
    guard size > 1 else { return 0 }
    let script = Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
    for index in script.indices {
        if script[index] == UInt8(ascii: "`") { return 0 }
        guard script[index] == UInt8(ascii: "("), index > 0 else { continue }
        // `$(` but for `$((`, `<(` and `>(`, also across line continuations.
        var before = index - 1
        while before >= 1 && script[before] == 10 && script[before - 1] == UInt8(ascii: "\\") { before -= 2 }
        let isArithmetic = index + 1 < script.count && script[index + 1] == UInt8(ascii: "(")
        guard before >= 0 else { continue }
        if script[before] == UInt8(ascii: "$") && !isArithmetic { return 0 }
        if script[before] == UInt8(ascii: "<") || script[before] == UInt8(ascii: ">") { return 0 }
    }
    expandAll(script, Int(data[0]))
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

private func makeShell(_ choice: Int, isNamingPaths: Bool) -> Shell {
    let shell = Shell(files: FileSystem(isRecording: false))
    shell.descriptors[1] = .closed
    shell.descriptors[2] = .closed
    let values: [(String, String)] = [
        ("a", " x  y "), ("b", "*"), ("c", "a:b::c:"), ("e", ""), ("n", "12"), ("x", "n+1"), ("u", "\u{e9}a\\*[b]"),
        ("HOME", "/h o*"),
    ]
    for (name, value) in values { assign(shell, name, Array(value.utf8)) }
    let separators = [nil, "", ":", " :", "ab", "\u{e9} "]
    if let ifs = separators[choice % separators.count] { assign(shell, "IFS", Array(ifs.utf8)) }
    if choice & 64 != 0 { shell.setOption(.nounset, true) }
    // `/*/*/*` would read the whole machine.
    if choice & 128 != 0 || isNamingPaths { shell.setOption(.noglob, true) }
    var words = Table<Text>(capacity: 4)
    for word in ["1 2", "", "*:"].prefix(choice / 8 % 4) { words.append(Text(Array(word.utf8))) }
    shell.setParameters(words, from: 0)
    return shell
}

private func assign(_ shell: Shell, _ name: String, _ value: [UInt8]) {
    let symbol = shell.symbols.intern(Text(Array(name.utf8)))
    shell.syncTables()
    do throws(ShellError) { try shell.assign(symbol, Text(value)) } catch {}
}

private func expandAll(_ script: [UInt8], _ choice: Int) {
    let shell = makeShell(choice, isNamingPaths: script.contains(UInt8(ascii: "/")))
    let source = Source(name: Text("fuzz"), origin: .file, text: Text(script))
    let code = Code(source: source)
    var options = ParserOptions()
    options.maximumDepth = 100
    options.maximumBraceWords = 1 << 10
    var parser = Parser(source: source, symbols: shell.symbols, options: options)
    while true {
        let mark = code.mark
        do throws(SyntaxError) {
            if case .endOfInput = try parser.nextCommand(into: code) { break }
        } catch {
            // What was read of the command has gaps.
            code.reset(to: mark)
            break
        }
    }
    shell.syncTables()
    // No node runs; a substitution that got past the filter is left out all the same.
    for index in 0..<code.parts.count where code.parts[index].kind == .commandSubstitution { return }
    for index in 0..<code.nodes.count {
        let node = code.nodes[index]
        guard node.kind == .simpleCommand, node.n > 0 else { continue }
        for word in node.a..<node.a + node.n { expandTwice(shell, code, word) }
    }
    for index in 0..<code.redirections.count { text(shell, code, code.redirections[index].word) }
    for index in 0..<code.assignments.count { assign(shell, code, code.assignments[index]) }
    for index in 0..<code.caseItems.count {
        let item = code.caseItems[index]
        for word in item.firstPattern..<item.firstPattern + item.patternCount {
            let scratch = shell.scratch.count
            do throws(ShellError) { _ = try shell.expandToPattern(code, word).matches(Text("a*b")) } catch {}
            check(shell.scratch.count == scratch && shell.runs.count == 0, "a pattern leaves nothing behind")
        }
    }
}

private func text(_ shell: Shell, _ code: Code, _ word: Int32) {
    leavesNothing(shell) { () throws(ShellError) in _ = try shell.expandToText(code, word) }
}

/// The value of a variable is expanded; a list or an element is assigned too.
private func assign(_ shell: Shell, _ code: Code, _ assignment: Assignment) {
    switch code.words[assignment.word].form {
    case .list, .arrayElement: leavesNothing(shell) { () throws(ShellError) in try shell.perform(code, assignment) }
    default: text(shell, code, assignment.word)
    }
}

private func leavesNothing(_ shell: Shell, _ body: () throws(ShellError) -> Void) {
    let scratch = shell.scratch.count
    do throws(ShellError) { try body() } catch {}
    check(shell.scratch.count == scratch && shell.runs.count == 0, "a text leaves nothing behind")
    check(shell.fields.count == 0, "a text is no field")
}

/// The fields of a word, or nil after an error.
private func fields(_ shell: Shell, _ code: Code, _ word: Int32) -> [[UInt8]]? {
    var result: [[UInt8]]? = []
    let scratch = shell.scratch.count
    do throws(ShellError) { try shell.expand(code, word) } catch { result = nil }
    check(shell.scratch.count == scratch && shell.runs.count == 0, "fields leave nothing behind")
    if result != nil {
        for index in 0..<shell.fields.count { result!.append(shell.fields[index].withBytes { Array($0) }) }
    }
    shell.fields.pop(to: 0)
    return result
}

private func expandTwice(_ shell: Shell, _ code: Code, _ word: Int32) {
    let first = fields(shell, code, word)
    let form = code.words[word].form
    if form == .constant || form == .quotedVariable || form == .quotedPositional {
        check(first == nil || first!.count == 1, "a quoted value is one field")
    }
    if code.words[word].flags.contains(.hasSideEffects) { return }
    // Directories change meanwhile.
    if !shell.options.contains(.noglob) { return }
    check(fields(shell, code, word) == first, "the same again")
}
