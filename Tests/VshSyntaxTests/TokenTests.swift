// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import XCTest

final class TokenTests: XCTestCase {
    private func list(_ script: [UInt8]) -> (tokens: [Token], failure: SyntaxError?) {
        tokens(of: Source(name: Text("t"), origin: .file, text: Text(script)), symbols: SymbolTable())
    }

    /// The tokens but for blanks, as `kind:text`, separated by spaces.
    private func kinds(_ script: String) -> String {
        let bytes = Array(script.utf8)
        let parts = list(bytes).tokens.filter { $0.kind != .blank }.map { token -> String in
            let text = String(decoding: bytes[token.range], as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            return "\(token.kind):" + text.joined(separator: "\\n")
        }
        return parts.joined(separator: " ")
    }

    private func expectLossless(_ script: [UInt8], _ name: String = "") {
        var end = 0
        for token in list(script).tokens {
            XCTAssertEqual(token.range.lowerBound, end, name)
            XCTAssertFalse(token.range.isEmpty, name)
            end = token.range.upperBound
        }
        XCTAssertEqual(end, script.count, name)
    }

    func testKinds() {
        XCTAssertEqual(
            kinds("x=1 a b >c 2>&1 # d\ne"),
            "assignment:x= word:1 command:a word:b redirection:> word:c redirection:2>& word:1 comment:# d newline:\\n command:e"
        )
        XCTAssertEqual(
            kinds("a 'b'\"c $x\"\\d$y~ ~z/"),
            "command:a singleQuoted:'b' doubleQuoted:\"c  parameter:$x doubleQuoted:\" escape:\\d parameter:$y word:~ tilde:~z word:/"
        )
        XCTAssertEqual(
            kinds("if a; then (b); fi"),
            "reservedWord:if command:a operator:; reservedWord:then operator:( command:b operator:) operator:; reservedWord:fi"
        )
        XCTAssertEqual(
            kinds("f() { a& }"), "function:f operator:( operator:) reservedWord:{ command:a operator:& reservedWord:}")
        XCTAssertEqual(
            kinds("case x in a|b) c;; esac"),
            "reservedWord:case word:x reservedWord:in word:a operator:| word:b operator:) command:c operator:;; reservedWord:esac"
        )
        XCTAssertEqual(
            kinds("for i in a; do b; done"),
            "reservedWord:for word:i reservedWord:in word:a operator:; reservedWord:do command:b operator:; reservedWord:done"
        )
        XCTAssertEqual(
            kinds("a $(b c) `d` $((1+$x)) ${y-'z'}"),
            "command:a substitution:$( command:b word:c substitution:) substitution:` command:d substitution:` "
                + "arithmetic:$((1+ parameter:$x arithmetic:)) parameter:${y- singleQuoted:'z' parameter:}")
        XCTAssertEqual(
            kinds("a <<E <<'F'\nx $y\nE\nz\nF\n"),
            "command:a redirection:<< hereDocumentDelimiter:E redirection:<< hereDocumentDelimiter:'F' newline:\\n "
                + "hereDocument:x  parameter:$y hereDocument:\\n hereDocumentDelimiter:E\\n hereDocument:z\\n hereDocumentDelimiter:F\\n"
        )
        XCTAssertEqual(
            kinds("$((a); b)"), "substitution:$( operator:( command:a operator:) operator:; command:b substitution:)")
    }

    func testErrors() {
        XCTAssertEqual(kinds("a; ) b"), "command:a operator:; error:) b")
        XCTAssertEqual(kinds("a 'b c"), "command:a singleQuoted:'b c")
        XCTAssertEqual(kinds("if a; then"), "reservedWord:if command:a operator:; reservedWord:then")
        XCTAssertEqual(kinds("a \"b $(c 'd"), "command:a doubleQuoted:\"b  substitution:$( command:c singleQuoted:'d")
        XCTAssertEqual(list(Array("a \\\n".utf8)).failure?.isIncomplete, true)
        XCTAssertEqual(list(Array("a <<E\nb\n".utf8)).failure?.isIncomplete, true)
        XCTAssertNil(list(Array("a <<E\nb\nE\n".utf8)).failure)
    }

    func testLossless() {
        expectLossless([])
        expectLossless(Array("\n \t#\n".utf8))
        expectLossless([97, 0, 98, 10, 0, 255, 254, 32])
        var random = Random(7)
        for (path, bytes) in Corpus.scripts(limit: 20000) {
            expectLossless(bytes, path)
            expectLossless(Array(bytes.prefix(random.below(bytes.count))), path)
        }
    }
}
