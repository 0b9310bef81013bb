// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase
import VshSyntax
import XCTest

/// The inputs that Tests/fuzz/run found worth keeping, through the same checks.
final class FuzzCorpusTests: XCTestCase {
    func testCorpus() throws {
        let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/fuzz/corpus"
        let stream = try XCTUnwrap(opendir(folder))
        defer { closedir(stream) }
        var count = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let bytes = Corpus.read(folder + "/" + name, 10000), !bytes.isEmpty else { continue }
            count += 1
            expectTokens(bytes, name)
            XCTAssertEqual(parse(bytes, lines: true).summary, parse(bytes).summary, name)
            if !bytes.contains(0) { expectReadable(bytes, name) }
        }
        XCTAssertGreaterThan(count, 50)
    }

    private func expectTokens(_ bytes: [UInt8], _ name: String) {
        let source = Source(name: Text("test"), origin: .file, text: Text(bytes))
        var end = 0
        for token in tokens(of: source, symbols: SymbolTable()).tokens {
            XCTAssertEqual(token.range.lowerBound, end, name)
            end = token.range.upperBound
        }
        XCTAssertEqual(end, bytes.count, name)
    }

    /// What both styles of `unparse` write is read as one thing.
    private func expectReadable(_ bytes: [UInt8], _ name: String) {
        let symbols = SymbolTable()
        func again(_ text: [UInt8]) -> [[UInt8]] {
            parse(Array("{\n".utf8) + text + Array("\n}".utf8), style: .singleLine, symbols: symbols).texts
        }
        let brief = parse(bytes, style: .singleLine, symbols: symbols).texts
        let long = parse(bytes, style: .multiLine, symbols: symbols).texts
        for (one, other) in zip(brief, long) {
            XCTAssertEqual(again(one).count, 1, name)
            XCTAssertEqual(again(one), again(other), name)
        }
    }
}
