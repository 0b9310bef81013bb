// SPDX-License-Identifier: MPL-2.0
import Glibc
import Testing

/// The inputs that `Tests/fuzz/run --expand` found worth keeping, through the same checks (Expand.swift is a link to what it runs).
/// A check that fails ends the test program with its message.
@Suite struct ExpandCorpusTests {
    @Test func corpus() throws {
        let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/fuzz/corpus-expand"
        let stream = try #require(opendir(folder))
        defer { closedir(stream) }
        var count = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let file = fopen(folder + "/" + name, "r") else { continue }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let size = fread(&bytes, 1, bytes.count, file)
            if size < 2 { continue }
            count += 1
            #expect(bytes.withUnsafeBufferPointer { expandOneInput($0.baseAddress!, size) } == 0)
        }
        #expect(count > 100)
    }
}
