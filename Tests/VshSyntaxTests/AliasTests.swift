// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import XCTest

final class AliasTests: XCTestCase {
    func testCommandNames() {
        let aliases = ["ll": "ls -l", "e": "echo a b"]
        expect("ll x", "(cmd ls -l x)", aliases: aliases)
        expect(
            "ll; a | ll && ll", "(seq (cmd ls -l) (andor (pipe (cmd a) (cmd ls -l)) && (cmd ls -l)))", aliases: aliases)
        expect(
            "(ll) ; { ll; }; ! ll", "(seq (sub (cmd ls -l)) (brace (cmd ls -l)) (not (cmd ls -l)))", aliases: aliases)
        expect("x=1 ll; >f ll", "(seq (cmd x=1 ls -l) (cmd ls -l 1>f))", aliases: aliases)
        expect("if ll; then e; fi", "(if (cmd ls -l) (cmd echo a b))", aliases: aliases)
        expect("$(ll) `e`", "(cmd [$(text (cmd ll))] [`(text (cmd e))] !sub)", aliases: aliases)
        expect("case ll in ll) ll;; esac", "(case ll (/ll/ (cmd ls -l)))", aliases: aliases)
    }

    func testWordsThatAreNone() {
        let aliases = ["ll": "ls -l", "if": "no", "a": "b"]
        expect("echo ll", "(cmd echo ll)", aliases: aliases)
        expect("'ll' \\ll l''l l\"l\" $ll ll$x", "(cmd 'll' 'll' 'll' 'll' $ll [ll $x])", aliases: aliases)
        expect("\\ll; ll'' ", "(seq (cmd 'll') (cmd 'll'))", aliases: aliases)
        expect("if x; then y; fi", "(if (cmd x) (cmd y))", aliases: aliases)
        expect("for a in ll; do a; done", "(for a in ll do (cmd b))", aliases: aliases)
        expect("llx xll ll-", "(cmd llx xll ll-)", aliases: aliases)
    }

    func testTrailingBlank() {
        let aliases = ["sudo": "sudo ", "ll": "ls -l", "deep": "sudo nice ", "nice": "nice\t"]
        expect("sudo ll x ll", "(cmd sudo ls -l x ll)", aliases: aliases)
        expect("sudo sudo ll ll", "(cmd sudo sudo ls -l ll)", aliases: aliases)
        expect("sudo \\\n ll", "(cmd sudo ls -l)", aliases: aliases)
        expect("sudo; ll", "(seq (cmd sudo) (cmd ls -l))", aliases: aliases)
        expect("sudo 'll' ll", "(cmd sudo 'll' ll)", aliases: aliases)
        expect("deep ll", "(cmd sudo nice ls -l)", aliases: aliases)
        expect("sudo x\nll y", "(cmd sudo x)\n(cmd ls -l y)", aliases: aliases)
    }

    func testRecursion() {
        expect("a x", "(cmd a a x)", aliases: ["a": "a a"])
        expect("a x; b", "(seq (cmd a x) (cmd b))", aliases: ["a": "b", "b": "a"])
        expect("a", "(cmd d)", aliases: ["a": "b", "b": "c", "c": "d"])
        expect("a; a", "(seq (cmd a b) (cmd a b))", aliases: ["a": "a b"])
        expect("a a", "(cmd a a)", aliases: ["a": "a "])
        expect("a b", "(cmd x x)", aliases: ["a": "b ", "b": "x"])
    }

    func testSyntaxInValues() {
        expect("IF a; THEN b; FI", "(if (cmd a) (cmd b))", aliases: ["IF": "if", "THEN": "then", "FI": "fi"])
        expect("loop echo; done", "(while (cmd :) (cmd echo))", aliases: ["loop": "while :; do "])
        expect("two; c", "(seq (cmd a) (cmd b) (cmd c))", aliases: ["two": "a; b"])
        expect("two c\nd", "(cmd a)\n(cmd b c)\n(cmd d)", aliases: ["two": "a\nb"])
        expect("q b' c", "(cmd echo 'a\\sb' c)", aliases: ["q": "echo 'a"])
        expect("q b\n' c\nd", "(cmd echo 'a\\sb\\n' c)\n(cmd d)", aliases: ["q": "echo 'a"])
        expect("open b\n)", "(cmd echo [$(cmd a b)] !sub)", aliases: ["open": "echo $(a"])
        expect("h x\na\nE\nb", "(cmd cat x 0<<E:'a\\n')\n(cmd b)", aliases: ["h": "cat <<E"])
        expect("h\nb", "(cmd cat 0<<E:'a\\n')\n(cmd b)", aliases: ["h": "cat <<E\na\nE"])
        expect("r f x", "(cmd x 1>f)", aliases: ["r": ">"])
        expect("c x", "(cmd a)", aliases: ["c": "a #"])
        expect("empty a; empty", "(cmd a)", aliases: ["empty": ""])
        expect("f() { a; }", "(fun g (brace (cmd a)))", aliases: ["f": "g"])
        expect("fn { a; }", "(fun g (brace (cmd a)))", aliases: ["fn": "g()"])
        expect("p a; q", "(cmd x [$((1;'1'))] a)", aliases: ["p": "x $((1))", "q": "\n"])
    }

    /// The next line sees what a command defined, the same line does not.
    func testDefinedBetweenCommands() throws {
        let symbols = SymbolTable()
        let source = Source(name: Text("t"), origin: .file, text: Text("ll; ll\nll\n"))
        let code = Code(source: source)
        var parser = Parser(source: source, symbols: symbols, options: ParserOptions())
        guard case .command(let first) = try parser.nextCommand(into: code) else { return XCTFail("no command") }
        XCTAssertEqual(TreeDump.command(code, first, symbols), "(seq (cmd ll) (cmd ll))")
        let ll = symbols.intern("ll")
        parser.alias = { $0 == ll ? Text("ls") : nil }
        code.reset()
        guard case .command(let second) = try parser.nextCommand(into: code) else { return XCTFail("no command") }
        XCTAssertEqual(TreeDump.command(code, second, symbols), "(cmd ls)")
    }

    func testPlaces() throws {
        let symbols = SymbolTable()
        let source = Source(name: Text("t"), origin: .file, text: Text("  a; z && ll y; w\n"))
        let ll = symbols.intern("ll")
        let code = Code(source: source)
        var parser = Parser(source: source, symbols: symbols, options: ParserOptions())
        parser.alias = { $0 == ll ? Text("much longer value; last") : nil }
        guard case .command(let root) = try parser.nextCommand(into: code) else { return XCTFail("no command") }
        XCTAssertEqual(
            TreeDump.command(code, root, symbols),
            "(seq (cmd a) (andor (cmd z) && (cmd much longer value)) (cmd last y) (cmd w))")
        let places = (0..<code.nodes[root].n).map { code.nodes[code.ints[code.nodes[root].a + $0]].position }
        XCTAssertEqual(places, [2, 5, 10, 16])
        XCTAssertEqual(parser.position, source.count)
    }

    func testManyOnOneLine() {
        // Linear: each substitution must not copy the rest of the line.
        let count = 20000
        let script = String(repeating: "a;", count: count)
        let parsed = parse(script, aliases: ["a": "some longer value", "some": "b c d "])
        XCTAssertNil(parsed.error)
        XCTAssertEqual(parsed.trees.first?.split(separator: "(").count, count + 1)
    }
}
