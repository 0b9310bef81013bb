// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import VshSystem
import XCTest

final class MemoryTests: DirectoryTestCase {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// FIPS 180-4 and NIST CAVP vectors.
    func testSHA256() {
        for (message, digest) in [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ] { XCTAssertEqual(hex(SHA256.digest(bytes(message))), digest) }
    }

    /// Every length around the block's end, in pieces of random size, against sha256sum.
    func testSHA256Pieces() throws {
        var script = ""
        var digests: [String] = []
        for length in 0...200 {
            let message = (0..<length).map { _ in UInt8.random(in: 97...122) }
            var hash = SHA256()
            var rest = message[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...80))
                hash.add(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            digests.append(hex(hash.digest()))
            XCTAssertEqual(hash.digest(), SHA256.digest(message))
            script += "printf %s '\(string(message))' | sha256sum | cut -d' ' -f1\n"
        }
        XCTAssertEqual(try output(of: script).split(separator: "\n").map(String.init), digests)
    }

    /// Many messages at once, of any length and number, have the digests that each has alone.
    func testSHA256Many() {
        for count in [0, 1, 7, 8, 9, 40] {
            var (messages, ends, expected): ([UInt8], [Int], [UInt8]) = ([], [], [])
            for _ in 0..<count {
                let message = (0..<Int.random(in: 0...300)).map { _ in UInt8.random(in: 0...255) }
                messages += message
                ends.append(messages.count)
                expected += SHA256.digest(message)
            }
            XCTAssertEqual(SHA256.digests(messages, ends: ends), expected)
            var portable = [UInt8](repeating: 0, count: 32 * count)
            messages.append(0)
            vsh_sha256_many_portable(messages, ends.map { UInt($0) } + [0], count, &portable)
            XCTAssertEqual(portable, expected)
        }
    }

    /// RFC 3720 B.4.
    func testCRC32C() {
        func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32C.checksum($0) } }
        XCTAssertEqual(crc(bytes("123456789")), 0xE306_9283)
        XCTAssertEqual(crc(.init(repeating: 0, count: 32)), 0x8A91_36AA)
        XCTAssertEqual(crc(.init(repeating: 255, count: 32)), 0x62A8_AB43)
        XCTAssertEqual(crc(Array(0..<32)), 0x46DD_794E)
        XCTAssertEqual(crc(Array((0..<32).reversed())), 0x113F_DB5C)
        XCTAssertEqual(crc([]), 0)
        let data = (0..<6000).map { _ in UInt8.random(in: 0...255) }
        data.withUnsafeBytes { raw in
            for _ in 0..<500 {
                let start = Int.random(in: 0..<6000)
                let part = UnsafeRawBufferPointer(rebasing: raw[start..<Int.random(in: start...6000)])
                guard let base = part.baseAddress else { continue }
                let whole = CRC32C.checksum(part)
                XCTAssertEqual(whole, vsh_crc32c_portable(0, base, part.count))
                let cut = part.count / 3
                let first = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: part[..<cut]))
                XCTAssertEqual(
                    CRC32C.checksum(UnsafeRawBufferPointer(rebasing: part[cut...]), continuing: first), whole)
            }
        }
    }

    /// Processes that add and exchange in one shared mapping lose nothing.
    func testAtomicsAcrossProcesses() throws {
        let file = try FileDescriptor(path("shared"), [.readWrite, .create])
        try System.truncate(file.rawValue, to: 4096)
        let memory = try System.map(file.rawValue, length: 4096)
        defer { try? System.unmap(memory, length: 4096) }
        let added = memory.assumingMemoryBound(to: UInt64.self)
        let exchanged = (memory + 8).assumingMemoryBound(to: UInt64.self)
        let small = (memory + 16).assumingMemoryBound(to: UInt32.self)
        var children: [Int32] = []
        for _ in 0..<4 {
            guard let pid = try System.fork() else {
                for _ in 0..<20_000 {
                    _ = added.fetchAdd(1)
                    _ = small.fetchAdd(3)
                    var seen = exchanged.loadAcquiring()
                    while !exchanged.compareExchange(&seen, seen + 2) {}
                }
                System.exit(0)
            }
            children.append(pid)
        }
        for pid in children { XCTAssertEqual(try System.waitForeground(pid)?.status.shellStatus, 0) }
        XCTAssertEqual(added.loadAcquiring(), 80_000)
        XCTAssertEqual(exchanged.loadAcquiring(), 160_000)
        XCTAssertEqual(small.loadAcquiring(), 240_000)
        added.storeReleasing(1 << 40)
        var expected: UInt64 = 5
        XCTAssertFalse(added.compareExchange(&expected, 6))
        XCTAssertEqual(expected, 1 << 40)
        try System.syncMap(memory, length: 4096)
        XCTAssertEqual(try file.readAll().prefix(8), [0, 0, 0, 0, 0, 1, 0, 0])
    }

    func testSearch() {
        let text = bytes("abcabcabd")
        text.withUnsafeBufferPointer { text in
            XCTAssertEqual(ByteSearch.first(98, in: text), 1)
            XCTAssertEqual(ByteSearch.last(98, in: text), 7)
            XCTAssertNil(ByteSearch.first(120, in: text))
            for (pattern, place) in [("cab", 2), ("abd", 6), ("abe", nil), ("", 0), ("abcabcabda", nil)]
                as [(String, Int?)]
            {
                bytes(pattern).withUnsafeBufferPointer { XCTAssertEqual(ByteSearch.first($0, in: text), place) }
            }
            let empty = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            XCTAssertNil(ByteSearch.first(97, in: empty))
            XCTAssertEqual(ByteSearch.first(empty, in: empty), 0)
            XCTAssertGreaterThan(ByteSearch.compare(text, empty), 0)
        }
    }
}
