// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase
import VshSyntax
import XCTest

/// Properties that hold for every text: over the scripts of this machine, over scripts made at random, and over broken ones.
final class PropertyTests: XCTestCase {
    /// Scripts of the machine that are no POSIX shell scripts although their first line says so.
    private static let foreign = ["("]

    func testScriptsOfThisMachine() {
        let scripts = Corpus.scripts()
        var refused = 0
        for (path, bytes) in scripts {
            let whole = parse(bytes)
            if let error = whole.error {
                refused += 1
                print("\(path): \(String(decoding: error.message, as: UTF8.self))")
            }
            XCTAssertEqual(parse(bytes, lines: true).summary, whole.summary, path)
        }
        // Arrays and the like in scripts that only name /bin/sh.
        XCTAssertLessThanOrEqual(refused * 50, scripts.count)
    }

    func testRoundTripOfScripts() {
        for (_, bytes) in Corpus.scripts(limit: 30000) { expectRoundTrip(bytes) }
    }

    func testRoundTripOfRandomScripts() {
        for seed in 0..<40 {
            var generator = ScriptGenerator(seed)
            let script = generator.script()
            let parsed = parse(script)
            if let error = parsed.error {
                XCTFail("seed \(seed): \(String(decoding: error.message, as: UTF8.self)) at \(error.range)")
                continue
            }
            expectRoundTrip(script)
            XCTAssertEqual(parse(script, lines: true).summary, parsed.summary, "seed \(seed)")
        }
    }

    /// Broken scripts are refused or accepted, at once, and leave the parser usable.
    func testMutations() {
        let scripts = Corpus.scripts(limit: 8000)
        let pieces = [
            "$(", ")", "`", "\"", "'", "${", "}", "$((", "))", "\\\n", "\\", "\n", "<<E\n", "E\n", ";;", "case x in ",
            "esac", "if ",
            "then ", "fi", "do ", "done", "{ ", "( ", "&&", "|", "&", ";", "~", "$x", "*", "[", "]", "#", "<", ">",
            "\0", "$'",
            "for i in ", "x=", "f() ", "1", " ", "!", "%", ":-", "<<-'E'\n\t", "é", "\u{1}", "\"${x-", "\\`",
        ].map { Array($0.utf8) }
        var random = Random(11)
        for round in 0..<1500 where !scripts.isEmpty {
            let original = random.one(of: scripts).bytes
            let start = random.below(original.count)
            var bytes = Array(original[start...].prefix(random.below(800)))
            for _ in 0..<1 + random.below(5) {
                let place = random.below(bytes.count + 1)
                switch random.below(4) {
                case 0: if place < bytes.count { bytes[place] = UInt8(random.below(256)) }
                case 1: if place < bytes.count { bytes.remove(at: place) }
                case 2: bytes.insert(contentsOf: random.one(of: pieces), at: place)
                default: bytes.append(contentsOf: bytes[place...].prefix(100))
                }
            }
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            let began = time
            let parsed = parse(bytes)
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            XCTAssertLessThan(time.tv_sec - began.tv_sec, 3, "round \(round)")
            if let error = parsed.error {
                XCTAssertFalse(error.message.isEmpty)
                XCTAssertLessThanOrEqual(error.range.upperBound, bytes.count)
            }
            if !bytes.contains(0) {
                XCTAssertEqual(parse(bytes, lines: true).summary, parsed.summary, "round \(round)")
            }
        }
    }

    /// Time grows with the size, not with its square.
    func testLongTexts() {
        let long = 300_000
        let texts = [
            String(repeating: "a", count: long), "'" + String(repeating: "a\n", count: long),
            "a" + String(repeating: " $x", count: long / 4),
            "a \"" + String(repeating: "$x ", count: long / 4) + "\"",
            "a $((" + String(repeating: "1+", count: 8000) + "1))",
            String(repeating: "a\\\n", count: long / 4),
            "cat <<E\n" + String(repeating: "a $x\n", count: long / 8) + "E\n",
            String(repeating: "$((", count: 1000), String(repeating: "#\n", count: long),
            String(repeating: "a=b ", count: long / 8),
            String(repeating: "`a` ", count: long / 40),
            "case x in " + String(repeating: "a) b;; ", count: long / 10) + "esac",
        ]
        for text in texts {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            let began = time.tv_sec
            _ = parse(text)
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            XCTAssertLessThan(time.tv_sec - began, 10, "\(text.prefix(20))")
        }
    }
}
