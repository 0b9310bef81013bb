// SPDX-License-Identifier: MPL-2.0
import XCTest

@testable import VshInteractive

final class KeyDecoderTests: XCTestCase {
    /// The keys of a text that comes at once, and then nothing more.
    private func keys(_ text: String) -> [Key] { keys(Array(text.utf8)) }

    private func keys(_ bytes: [UInt8]) -> [Key] {
        var decoder = KeyDecoder()
        decoder.feed(bytes)
        var found: [Key] = []
        while let key = decoder.next() { found.append(key) }
        while let key = decoder.timeOut() { found.append(key) }
        return found
    }

    func testText() {
        XCTAssertEqual(keys("aé日🙂"), [.text(97), .text(0xE9), .text(0x65E5), .text(0x1F642)])
        XCTAssertEqual(keys([0xFF, 97]), [.text(0x11_0000 + 0xFF), .text(97)])
        XCTAssertEqual(keys([0xE6, 97]), [.text(0x11_0000 + 0xE6), .text(97)])
    }

    func testSpecialKeys() {
        XCTAssertEqual(keys("\u{1B}[A\u{1B}OB"), [.special(.up, []), .special(.down, [])])
        XCTAssertEqual(keys("\u{1B}[1;5C\u{1B}[1;3D"), [.special(.right, .control), .special(.left, .alt)])
        XCTAssertEqual(keys("\u{1B}[3~\u{1B}[3;2~"), [.special(.delete, []), .special(.delete, .shift)])
        XCTAssertEqual(keys("\u{1B}[Z"), [.special(.tab, .shift)])
        XCTAssertEqual(keys("\u{1B}[[A\u{1B}OP\u{1B}[11~"), [.special(.f1, []), .special(.f1, []), .special(.f1, [])])
        XCTAssertEqual(keys("\u{1B}"), [.special(.escape, [])])
        XCTAssertEqual(keys("\u{1B}f\u{1B}\u{7F}"), [.alt(102), .special(.backspace, .alt)])
        XCTAssertEqual(keys("\u{1B}\u{1B}[A"), [.special(.up, .alt)])
        XCTAssertEqual(keys("\u{1B}[13;2u"), [.special(.enter, .shift)])
        XCTAssertEqual(keys("\u{1B}[97;5u"), [.control(1)])
    }

    func testUnknownSequencesAreSwallowed() {
        XCTAssertEqual(keys("\u{1B}[99~a"), [.unknown, .text(97)])
        XCTAssertEqual(keys("\u{1B}[?1;2ca"), [.unknown, .text(97)])
        XCTAssertEqual(keys("\u{1B}]11;rgb:0/0/0\u{7}a"), [.text(97)])
        XCTAssertEqual(keys("\u{1B}P1$r0m\u{1B}\\a"), [.text(97)])
    }

    func testPaste() {
        XCTAssertEqual(
            keys("\u{1B}[200~a\rb\r\nc\u{1B}[1m\u{3}\n\u{1B}[201~x"), [.paste(Array("a\nb\nc[1m".utf8)), .text(120)])
    }

    /// Any way of cutting the bytes gives the same keys.
    func testPieces() {
        let text = Array("aé\u{1B}[1;5C\u{1B}[200~pasted\u{1B}[x\r\u{1B}[201~🙂\u{1B}OAq".utf8)
        let whole = keys(text)
        for cut in 1..<text.count {
            var decoder = KeyDecoder()
            var found: [Key] = []
            for part in [text[0..<cut], text[cut...]] {
                decoder.feed(Array(part))
                while let key = decoder.next() { found.append(key) }
            }
            XCTAssertEqual(found, whole, "cut at \(cut)")
        }
    }

    /// Noise ends in keys and never stands still.
    func testNoise() {
        var random = Sequence(seed: 3)
        let interesting: [UInt8] = [27, 91, 79, 48, 49, 50, 59, 126, 65, 117, 93, 7, 92, 200, 0xE6, 0x97, 0xA5, 13, 97]
        for _ in 0..<2000 {
            var decoder = KeyDecoder()
            for _ in 0..<20 {
                decoder.feed((0..<3).map { _ in interesting[Int.random(in: 0..<interesting.count, using: &random)] })
                while decoder.next() != nil {}
            }
            while decoder.timeOut() != nil {}
            _ = decoder.abandonPaste()
            XCTAssertTrue(decoder.isEmpty)
        }
    }
}
