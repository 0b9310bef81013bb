// SPDX-License-Identifier: MPL-2.0
import VshBase
import XCTest

@testable import VshInteractive

final class LineSyntaxTests: XCTestCase {
    private func syntax(_ line: String) -> LineSyntax { LineSyntax(Array(line.utf8), symbols: SymbolTable()) }

    private func words(_ line: String) -> [String] {
        syntax(line).words.map { word in
            (word.isCommand ? "!" : "") + (word.value.map { String(decoding: $0, as: UTF8.self) } ?? "?")
        }
    }

    func testWords() {
        XCTAssertEqual(words("echo a 'b c' \"d\"e \\f"), ["!echo", "a", "b c", "de", "f"])
        XCTAssertEqual(words("x=1 cmd $x \"$y\" ~/z"), ["!cmd", "?", "?", "~/z"])
        XCTAssertEqual(words("if true; then rm x; fi | wc -l"), ["!true", "!rm", "x", "!wc", "-l"])
        XCTAssertEqual(words("a && b || c & d"), ["!a", "!b", "!c", "!d"])
        XCTAssertEqual(words(""), [])
    }

    func testIncompleteLines() {
        XCTAssertEqual(words("echo 'open"), ["!echo", "open"])
        XCTAssertEqual(words("if true; then ec"), ["!true", "!ec"])
        XCTAssertTrue(syntax("echo 'open").failure?.isIncomplete ?? false)
        XCTAssertFalse(syntax("echo )").failure?.isIncomplete ?? true)
        XCTAssertNil(syntax("echo").failure)
    }

    func testRedirections() {
        let words = syntax("cat <in >>out 2>err x").words
        XCTAssertEqual(
            words.map { $0.redirection.map { String(decoding: $0, as: UTF8.self) } }, [nil, "<", ">>", "2>", nil])
    }

    func testCommands() {
        let commands = syntax("ls; rm -f a b >c").commands
        XCTAssertEqual(commands.map { $0.name.value ?? [] }, [Array("ls".utf8), Array("rm".utf8)])
        XCTAssertEqual(commands[1].arguments, ["-f", "a", "b"].map { Array($0.utf8) })
    }

    /// Tokens cover the line without gaps, whatever it is.
    func testTokensCoverTheLine() {
        var random = Sequence(seed: 11)
        let pieces = [
            "if", " ", "x", "'", "\"", "$", "(", ")", "{", "}", ";", "|", "&", "<", ">", "\n", "`", "\\", "#", "日", "=",
            "done",
        ]
        for _ in 0..<3000 {
            let line = (0..<Int.random(in: 1..<12, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }
            .joined()
            let found = syntax(line)
            var place = 0
            for token in found.tokens {
                XCTAssertEqual(token.range.lowerBound, place, line)
                place = token.range.upperBound
            }
            XCTAssertEqual(place, line.utf8.count, line)
            for word in found.words { XCTAssertTrue(word.range.upperBound <= line.utf8.count) }
        }
    }
}
