// SPDX-License-Identifier: MPL-2.0

import Glibc
import Testing
import VshBase

@testable import VshRuntime

/// A directory of its own that is removed afterwards.
private final class Tree {
    let path: String

    init() {
        var name = Array("/tmp/vsh-glob-test.XXXXXX".utf8CString)
        precondition(mkdtemp(&name) != nil)
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { system("rm -rf \(path)") }

    func directory(_ name: [UInt8]) { mkdir(Array(path.utf8) + [47] + name) }
    func file(_ name: [UInt8]) {
        let descriptor = open(
            (Array(path.utf8) + [47] + name + [0]).map { CChar(bitPattern: $0) }, O_CREAT | O_WRONLY, 0o644)
        close(descriptor)
    }
    func link(_ target: String, _ name: String) { symlink(target, path + "/" + name) }

    private func mkdir(_ name: [UInt8]) { Glibc.mkdir((name + [0]).map { CChar(bitPattern: $0) }, 0o755) }

    /// What `pattern` matches below the directory, without the directory's own path.
    func expand(_ pattern: String) -> [[UInt8]] { expand(Array(pattern.utf8)) }

    func expand(_ pattern: [UInt8]) -> [[UInt8]] {
        var fields = Table<Text>()
        var unreadable: Text?
        let count = expandPathnames(
            Text(Array(path.utf8) + [47] + pattern), isUTF8: false, into: &fields, unreadable: &unreadable)
        #expect(count == fields.count)
        return fields.withElements { $0.map { Array($0.bytes.dropFirst(path.utf8.count + 1)) } }
    }

    func strings(_ pattern: String) -> [String] { expand(pattern).map { String(decoding: $0, as: UTF8.self) } }
}

@Suite struct PathnameExpansionTests {
    @Test func `dots, slashes and kinds of files`() {
        let tree = Tree()
        for name in ["d", ".h", "d/e", "d-x", "no"] { tree.directory(Array(name.utf8)) }
        for name in ["a", ".b", "d/f", "d/e/g", "d-x/f", "[x", "a*b", "b\\c"] { tree.file(Array(name.utf8)) }
        tree.link("d", "link")
        tree.link("nowhere", "dead")
        #expect(tree.strings("*") == ["[x", "a", "a*b", "b\\c", "d", "d-x", "dead", "link", "no"])
        #expect(tree.strings(".*") == [".b", ".h"])
        #expect(tree.strings("\\.*") == [".b", ".h"])
        #expect(tree.strings("[.]b") == [])
        #expect(tree.strings("?b") == [])
        #expect(tree.strings("*/") == ["d-x/", "d/", "link/", "no/"])
        #expect(tree.strings("*//") == ["d-x//", "d//", "link//", "no//"])
        #expect(tree.strings("*/*") == ["d-x/f", "d/e", "d/f", "link/e", "link/f"])
        #expect(tree.strings("*//e/*") == ["d//e/g", "link//e/g"])
        #expect(tree.strings("*/f") == ["d-x/f", "d/f", "link/f"])
        #expect(tree.strings("*/f/") == [])
        #expect(tree.strings("de*d") == ["dead"])
        #expect(tree.strings("d/../*a") == ["d/../a"])
        #expect(tree.strings("./*/e") == ["./d/e", "./link/e"])
        #expect(tree.strings("[[]x") == ["[x"])
        #expect(tree.strings("\\[*") == ["[x"])
        #expect(tree.strings("a\\**") == ["a*b"])
        #expect(tree.strings("*\\\\*") == ["b\\c"])
        #expect(tree.strings("d[/]f*") == [])
        #expect(tree.strings("d\\/f*") == ["d/f"])
        #expect(tree.strings("a/*") == [])
        #expect(tree.strings("a") == [])
        #expect(tree.strings("nothing*") == [])
    }

    @Test func `any bytes, and the order of bytes`() {
        let tree = Tree()
        let names: [[UInt8]] = [
            [0x0A], [0x20, 0x61], [0x61], [0x61, 0x0A], [0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69],
            [0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A], [0x62], [0xC3], [0xC3, 0xA9], [0xFF],
        ]
        for name in names.reversed() { tree.file(name) }
        #expect(tree.expand("*") == names)
        #expect(tree.expand([0x5B, 0xC3, 0x5D, 0x2A]) == [[0xC3], [0xC3, 0xA9]])
    }

    @Test func `many names, sorted as a plain sort does`() {
        let tree = Tree()
        var state: UInt64 = 7
        var names = Set<[UInt8]>()
        while names.count < 3000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var name = names.count % 3 == 0 ? Array("common-prefix-".utf8) : []
            for shift in 0..<Int(3 + state % 13) { name.append(97 + UInt8(state >> UInt64(8 + shift * 3) & 3)) }
            if names.insert(name).inserted { tree.file(name) }
        }
        let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
        #expect(tree.expand("*") == sorted)
        #expect(tree.expand("c*") == sorted.filter { $0[0] == 99 })
        #expect(tree.expand("common-*") == sorted.filter { $0.starts(with: Array("common-".utf8)) })
        #expect(tree.expand("*a") == sorted.filter { $0.last == 97 })
    }

    @Test func `paths longer than the system takes`() {
        let tree = Tree()
        let name = [UInt8](repeating: 0x6E, count: 200)
        // The path is 5,000 bytes long: only relative steps make and find it.
        let here = open(".", O_RDONLY | O_DIRECTORY)
        defer {
            fchdir(here)
            close(here)
        }
        var pattern: [UInt8] = []
        chdir(tree.path)
        for _ in 0..<25 {
            mkdir((name + [0]).map { CChar(bitPattern: $0) }, 0o755)
            #expect(chdir((name + [0]).map { CChar(bitPattern: $0) }) == 0)
            pattern += [0x6E, 0x2A, 0x2F]
        }
        fchdir(here)
        #expect(tree.expand(pattern).map(\.count) == [25 * 201])
    }

    @Test func `a directory that cannot be read has no names`() {
        if geteuid() == 0 { return }
        let tree = Tree()
        tree.directory(Array("closed".utf8))
        tree.file(Array("closed/f".utf8))
        chmod(tree.path + "/closed", 0o311)
        #expect(tree.strings("closed/*") == [])
        #expect(tree.strings("c*/f") == ["closed/f"])
        chmod(tree.path + "/closed", 0o755)
    }
}
