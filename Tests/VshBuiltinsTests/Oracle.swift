// SPDX-License-Identifier: MPL-2.0

import Glibc
import Testing

/// What `shell` writes to standard output when it reads `script`; nil when it is not installed.
func output(of shell: String, _ script: [UInt8]) throws -> [UInt8]? {
    if system("command -v \(shell) >/dev/null") != 0 { return nil }
    var name = Array("/tmp/vsh-oracle.XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    try #require(descriptor >= 0)
    defer { unlink(name) }
    #expect(write(descriptor, script, script.count) == script.count)
    close(descriptor)
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let stream = try #require(popen("LC_ALL=C \(shell) \(path) 2>/dev/null", "r"))
    var bytes: [UInt8] = []
    while case let byte = fgetc(stream), byte >= 0 { bytes.append(UInt8(byte)) }
    pclose(stream)
    return bytes
}

/// `text` in single quotes.
func quoted(_ text: [UInt8]) -> [UInt8] {
    [39] + Array(text.split(separator: 39, omittingEmptySubsequences: false).joined(separator: Array("'\\''".utf8))) + [
        39
    ]
}

/// A generator whose sequence is the same in every run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
