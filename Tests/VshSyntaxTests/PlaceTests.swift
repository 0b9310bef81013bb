// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import XCTest

/// Places in errors and trees, input that goes on, limits.
final class PlaceTests: XCTestCase {
    private func failure(
        _ script: String, options: ParserOptions = ParserOptions(), file: StaticString = #filePath, line: UInt = #line
    ) -> SyntaxError {
        guard let error = parse(Array(script.utf8), options: options).error else {
            XCTFail("no error", file: file, line: line)
            return SyntaxError([], range: 0..<0)
        }
        return error
    }

    private func expectFailure(
        _ script: String, at text: String, incomplete: Bool, notes: [String] = [], file: StaticString = #filePath,
        line: UInt = #line
    ) {
        let error = failure(script, file: file, line: line)
        let found = String(decoding: Array(script.utf8)[error.range], as: UTF8.self)
        XCTAssertEqual(found, text, file: file, line: line)
        XCTAssertEqual(error.isIncomplete, incomplete, file: file, line: line)
        XCTAssertEqual(error.notes.map { String(decoding: $0, as: UTF8.self) }, notes, file: file, line: line)
    }

    func testRanges() {
        expectFailure("a; done", at: "done", incomplete: false)
        expectFailure("a\nb )", at: ")", incomplete: false)
        expectFailure("a 'b", at: "'", incomplete: true)
        expectFailure("a \"b $(c) ${d}", at: "\"", incomplete: true)
        expectFailure("a ${x-", at: "${", incomplete: true)
        expectFailure("a $((1", at: "$((", incomplete: true)
        expectFailure("a &&", at: "", incomplete: true)
        expectFailure("a;; b", at: ";;", incomplete: false)
        expectFailure("a `b (c`", at: "c", incomplete: false)
        expectFailure("a `b \\$ (c`", at: "`", incomplete: false)
    }

    func testNotes() {
        expectFailure("if a\n\nthen b\n", at: "", incomplete: true, notes: ["'if' was opened in line 1"])
        expectFailure("\n\n{ a\n", at: "", incomplete: true, notes: ["'{' was opened in line 3"])
        expectFailure(
            "if a then b; fi", at: "fi", incomplete: false,
            notes: ["'if' was opened in line 1", "'then' in line 1 is an argument: put ';' or a newline before it"])
        expectFailure(
            "x\nfor i in a b do c\ndone", at: "done", incomplete: false,
            notes: ["'for' was opened in line 2", "'do' in line 2 is an argument: put ';' or a newline before it"])
        expectFailure("case x in a) b", at: "", incomplete: true, notes: ["'case' was opened in line 1"])
    }

    func testIncomplete() {
        let incomplete = [
            "if", "if a", "if a; then b", "while a; do", "for", "for x", "for x in a", "case x", "case x in",
            "case x in a)", "{",
            "(", "(a", "f()", "a |", "a &&", "a ||\n#\n", "!", "a '", "a \"", "a `b", "a $(b", "a ${b", "a $((1", "a >",
            "a <<",
        ]
        for script in incomplete {
            XCTAssertTrue(failure(script).isIncomplete, script)
            XCTAssertTrue(
                failure(script + "\n").isIncomplete || script.hasSuffix(">") || script.hasSuffix("<<")
                    || script == "for" || script == "!", script)
        }
        for script in [")", "a (b)", "if ;", "for 1", "case x y", "a > ;", "a && ;", "f() a", "a `if`"] {
            XCTAssertFalse(failure(script).isIncomplete, script)
        }
        var partial = ParserOptions()
        partial.isWhole = false
        for script in ["cat <<E\na\n", "cat <<E", "a \\\n", "a <<-E\n\tE \n"] {
            XCTAssertTrue(failure(script, options: partial).isIncomplete, script)
            XCTAssertNil(parse(script).error, script)
        }
        XCTAssertNil(parse(Array("a # \\\n".utf8), options: partial).error)
        XCTAssertNil(parse(Array("cat <<E\nE\n".utf8), options: partial).error)
    }

    /// The parser asks for no more input than the command needs.
    func testInputIsNotReadAhead() throws {
        let lines = ["a\n", "if b\n", "then c; fi\n", "cat <<E\n", "x\n", "E\n", "d \\\n", "e\n", "f # g \\\n", "h\n"]
        let expected = [1, 3, 6, 8, 9, 10]
        let symbols = SymbolTable()
        let source = Source(name: Text("t"), origin: .standardInput, text: Text())
        let code = Code(source: source)
        var parser = Parser(source: source, symbols: symbols, options: ParserOptions())
        var next = 0
        parser.refill = {
            if next == lines.count { return false }
            source.append(Text(lines[next]))
            next += 1
            return true
        }
        for count in expected {
            guard case .command = try parser.nextCommand(into: code) else { return XCTFail("no command") }
            XCTAssertEqual(next, count)
            XCTAssertEqual(parser.position, source.count)
        }
        guard case .endOfInput = try parser.nextCommand(into: code) else { return XCTFail("more commands") }
    }

    func testAfterAnError() throws {
        let symbols = SymbolTable()
        let source = Source(name: Text("t"), origin: .terminal, text: Text("a $(b ; ) `c; (d ) ) 'x\ne\n"))
        let code = Code(source: source)
        var parser = Parser(source: source, symbols: symbols, options: ParserOptions())
        XCTAssertThrowsError(try parser.nextCommand(into: code))
        let second = Source(name: Text("t"), origin: .terminal, text: Text("a ) b\nif c; then d; fi\n"))
        let code2 = Code(source: second)
        var parser2 = Parser(source: second, symbols: symbols, options: ParserOptions())
        XCTAssertThrowsError(try parser2.nextCommand(into: code2))
        parser2.skipLine()
        code2.reset()
        guard case .command(let root) = try parser2.nextCommand(into: code2) else { return XCTFail("no command") }
        XCTAssertEqual(TreeDump.command(code2, root, symbols), "(if (cmd c) (cmd d))")
    }

    func testPositions() throws {
        let script = "a\n  if b; then\n c $x; fi | d"
        let symbols = SymbolTable()
        let source = Source(name: Text("t"), origin: .file, text: Text(script))
        let code = Code(source: source)
        var parser = Parser(source: source, symbols: symbols, options: ParserOptions())
        _ = try parser.nextCommand(into: code)
        code.reset()
        guard case .command(let root) = try parser.nextCommand(into: code) else { return XCTFail("no command") }
        XCTAssertEqual(code.nodes[root].position, 4)
        let clause = code.nodes[code.ints[code.nodes[root].a]]
        XCTAssertEqual(clause.kind, .ifClause)
        let body = code.nodes[clause.b]
        XCTAssertEqual(source.line(at: Int(body.position)), 3)
        XCTAssertEqual(source.column(at: Int(body.position)), 2)
    }

    func testBackgroundText() throws {
        let script = "a; sleep 5 | b   & c"
        let symbols = SymbolTable()
        let source = Source(name: Text("t"), origin: .file, text: Text(script))
        let code = Code(source: source)
        var parser = Parser(source: source, symbols: symbols, options: ParserOptions())
        guard case .command(let root) = try parser.nextCommand(into: code) else { return XCTFail("no command") }
        let job = code.nodes[code.ints[code.nodes[root].a + 1]]
        XCTAssertEqual(job.kind, .background)
        let text = Array(script.utf8)[Int(job.position)..<Int(job.b)]
        XCTAssertEqual(String(decoding: text, as: UTF8.self), "sleep 5 | b")
    }

    func testDepth() {
        var options = ParserOptions()
        options.maximumDepth = 200
        let pairs = [
            ("( ", ")"), ("{ ", ";}"), ("$(", ")"), ("\"$(", ")\""), ("${x-", "}"), ("\"${x-", "}\""), ("${x#", "}"),
            ("$((", "))"),
            ("if ", "; then b; fi"), ("f() { ", "; }"), ("case x in a) ", ";; esac"), ("while ", "; do b; done"),
        ]
        for (open, close) in pairs {
            for depth in [20, 500] {
                let script = Array(
                    (String(repeating: open, count: depth) + "a" + String(repeating: close, count: depth)).utf8)
                let error = parse(script, options: options).error
                if depth == 20 {
                    XCTAssertNil(error, open)
                } else {
                    XCTAssertEqual(error.map { String(decoding: $0.message, as: UTF8.self) }, "nested too deeply", open)
                }
                XCTAssertNotNil(parse(Array(script.prefix(depth * open.utf8.count)), options: options).error, open)
            }
        }
        // Long is not deep.
        for script in [
            "a" + String(repeating: " | a", count: 5000), "a" + String(repeating: " && a", count: 5000),
            String(repeating: "a; ", count: 5000),
            "if a; then b" + String(repeating: "; elif a; then b", count: 800) + "; fi",
        ] {
            XCTAssertNil(parse(script).error)
        }
    }

    func testArithmeticOfExpandedText() throws {
        let symbols = SymbolTable()
        let code = Code(source: Source(name: Text("t"), origin: .file, text: Text()))
        func root(_ text: String) throws -> String {
            let bytes = Array(text.utf8)
            let root = try bytes.withUnsafeBufferPointer { try parseArithmetic($0, symbols: symbols, into: code) }
            var dump = TreeDump(code, symbols)
            dump.arithmetic(root)
            return String(decoding: dump.out, as: UTF8.self)
        }
        XCTAssertEqual(try root("1+x"), "(add 1 x)")
        XCTAssertEqual(try root(""), "0")
        XCTAssertEqual(try root(" \t"), "0")
        for (text, message) in [
            ("1+", "unexpected end; expected an operand in '1+'"), ("09", "invalid number in '09'"),
            ("1 2", "unexpected text after the expression in '1 2'"), ("(1", "expected ')' in '(1'"),
            ("1?2", "expected ':' in '1?2'"), ("\u{1}", "expected an operand in '\u{1}'"),
            ("x=", "unexpected end; expected an operand in 'x='"),
        ] {
            XCTAssertThrowsError(try root(text)) { error in
                XCTAssertEqual((error as? SyntaxError).map { String(decoding: $0.message, as: UTF8.self) }, message)
            }
        }
        for text in [
            String(repeating: "(", count: 5000), String(repeating: "-", count: 5000) + "1",
            String(repeating: "x=", count: 5000) + "1", String(repeating: "1?", count: 5000),
        ] {
            XCTAssertThrowsError(try root(text))
        }
        XCTAssertNoThrow(try root(String(repeating: "1+", count: 5000) + "1"))
        // As long as one likes, though too deep for the dump.
        let long = Array((String(repeating: "1+", count: 50000) + "1").utf8)
        XCTAssertNoThrow(try long.withUnsafeBufferPointer { try parseArithmetic($0, symbols: symbols, into: code) })
    }
}
