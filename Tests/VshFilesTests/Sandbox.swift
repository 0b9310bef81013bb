// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase
import VshSystem
import XCTest

@testable import VshFiles
@testable import VshStore

/// A directory to work in and a state directory beside it, on a file system of choice; both go when the test ends.
final class Sandbox {
    let top: String
    let files: FileSystem

    var work: String { top + "/work" }
    var stateHome: [UInt8] { Array((top + "/state").utf8) }

    /// - Parameter stateOn: a directory on another file system for the state.
    init(on place: String = "/tmp", stateOn: String? = nil) {
        var template = Array((place + "/vsh-test-XXXXXX").utf8CString)
        top = String(cString: mkdtemp(&template))
        mkdir(top + "/work", 0o755)
        other = stateOn.map { place in
            var template = Array((place + "/vsh-state-XXXXXX").utf8CString)
            return String(cString: mkdtemp(&template))
        }
        files = FileSystem(isRecording: true, stateHome: Text(self.other ?? top + "/state"))
    }
    private let other: String?

    /// Another shell of the same user.
    func anotherShell() -> FileSystem {
        FileSystem(isRecording: true, stateHome: self.other.map { Text($0) } ?? Text(stateHome))
    }

    deinit {
        Sandbox.run("chmod -R u+rwx '\(top)'; rm -rf '\(top)' \(other ?? "")")
    }

    static func run(_ command: String) { _ = system(command) }

    func path(_ name: String) -> Text { Text(work + "/" + name) }

    /// Runs `body` as one operation.
    func operation(_ command: String = "test", _ body: (FileSystem) throws -> Void) rethrows {
        files.beginOperation(command: Text(command))
        try body(files)
        files.endOperation(status: 0)
    }

    func write(_ name: String, _ content: String, append: Bool = false) {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC)
        let fd = files.open(path(name), flags: flags)
        precondition(fd >= 0, "\(name): \(fd)")
        _ = content.withCString { Glibc.write(fd, $0, content.utf8.count) }
        close(fd)
    }

    func read(_ name: String) -> String? {
        guard let fd = try? FileDescriptor(work + "/" + name, .readOnly), let bytes = try? fd.readAll() else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func exists(_ name: String) -> Bool { (try? FileStatus(work + "/" + name, follow: false)) != nil }

    func undo(_ count: Int = 1, policy: ConflictPolicy = .refuse) throws -> UndoReport {
        try UndoEngine(files).undo(count: count, policy: policy)
    }

    func redo(_ count: Int = 1) throws -> UndoReport { try UndoEngine(files).redo(count: count) }

    func snapshot() -> Snapshot { Snapshot(work) }

    var journals: Int { (try? FileManagerless.count(top + "/state/vsh/journal")) ?? 0 }
    var hasState: Bool { (try? FileStatus(stateHome, follow: false)) != nil }
}

enum FileManagerless {
    static func count(_ path: String) throws -> Int {
        var reader = try DirectoryReader(path)
        var count = 0
        while let entry = try reader.next() { count += entry.isDot ? 0 : 1 }
        return count
    }
}

/// Everything that a restored tree must agree in.
struct Snapshot: Equatable, CustomStringConvertible {
    private var nodes: [[UInt8]: String] = [:]

    init(_ top: String) {
        var links: [UInt64: [UInt8]] = [:]
        walk(Array(top.utf8), [], &links)
    }

    private mutating func walk(_ path: [UInt8], _ name: [UInt8], _ links: inout [UInt64: [UInt8]]) {
        guard let status = try? FileStatus(path, follow: false) else { return }
        let time = status.modificationTime
        var line =
            "\(String(status.mode, radix: 8)) \(status.owner):\(status.group) \(time.seconds).\(time.nanoseconds)"
        if !status.isDirectory {
            // Which names are one file; not the number of links, which a link kept in the store raises (docs/undo.md).
            let known = links[status.inode]
            if known == nil { links[status.inode] = name }
            line += " size \(status.size) link \(known.map { String(decoding: $0, as: UTF8.self) } ?? "-")"
        }
        if status.isSymbolicLink { line += " -> \((try? System.readLink(path)) ?? [])" }
        if status.isRegular, let fd = try? FileDescriptor(path, .readOnly), let bytes = try? fd.readAll() {
            var hash: UInt64 = 14_695_981_039_346_656_037
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
            line += " hash \(hash)"
        }
        if !status.isSymbolicLink {
            (path + [0]).withPath { path in
                for name in ((try? ExtendedAttributes.names(.path(path, follow: false))) ?? []).sorted(by: {
                    $0.lexicographicallyPrecedes($1)
                }) {
                    let value = (try? ExtendedAttributes.value(.path(path, follow: false), name)) ?? nil
                    line += " \(String(decoding: name, as: UTF8.self))=\(value ?? [])"
                }
            }
        }
        nodes[name] = line
        guard status.isDirectory, var reader = try? DirectoryReader(path, follow: false) else { return }
        var entries: [[UInt8]] = []
        while let entry = try? reader.next() { if !entry.isDot { entries.append(Array(entry.name)) } }
        entries.sort { $0.lexicographicallyPrecedes($1) }
        for entry in entries { walk(path + [47] + entry, name + [47] + entry, &links) }
    }

    var description: String {
        nodes.map { "\(String(decoding: $0.key, as: UTF8.self)): \($0.value)" }.sorted().joined(separator: "\n")
    }

    func isSame(as other: Snapshot, exceptDirectoryTimes: Bool) -> Bool {
        if !exceptDirectoryTimes { return self == other }
        func stripped(_ line: String) -> String {
            guard line.hasPrefix("4") else { return line }
            return line.split(separator: " ").enumerated().filter { $0.offset != 2 }.map(\.element).joined(
                separator: " ")
        }
        return nodes.mapValues(stripped) == other.nodes.mapValues(stripped)
    }

    /// Lines that are in only one of the two.
    func differences(from other: Snapshot) -> String {
        var lines: [String] = []
        for (name, line) in nodes where other.nodes[name] != line {
            lines.append("- \(String(decoding: name, as: UTF8.self)): \(line)")
        }
        for (name, line) in other.nodes where nodes[name] != line {
            lines.append("+ \(String(decoding: name, as: UTF8.self)): \(line)")
        }
        return lines.sorted { $0.dropFirst() < $1.dropFirst() }.joined(separator: "\n")
    }
}

func assertSame(
    _ a: Snapshot, _ b: Snapshot, _ message: String = "", file: StaticString = #filePath, line: UInt = #line
) {
    if a != b { XCTFail("\(message)\n\(a.differences(from: b))", file: file, line: line) }
}
