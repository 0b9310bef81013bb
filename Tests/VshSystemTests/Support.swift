// SPDX-License-Identifier: MPL-2.0
import VshSystem
import XCTest

func bytes(_ string: String) -> [UInt8] { Array(string.utf8) }
func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The error that `body` throws; a failure when it throws none.
func errno(line: UInt = #line, _ body: () throws(Errno) -> Void) -> Errno? {
    do {
        try body()
    } catch {
        return error
    }
    XCTFail("no error was thrown", line: line)
    return nil
}

/// An array of pointers for argv and envp, alive during `body`.
func execute(
    _ path: String, _ arguments: [String], environment: [String] = ["PATH=/usr/bin:/bin"],
    actions: [DescriptorAction] = [], _ launch: Launch = Launch()
) throws -> WaitStatus {
    let pid = try System.spawn(
        path, arguments.map(bytes), environment: environment.map(bytes), actions: actions, launch)
    return try XCTUnwrap(try System.waitForeground(pid)).status
}

/// What a shell script prints, run with the actions and as `launch` says.
func output(
    of script: String, _ arguments: [String] = [], actions: [DescriptorAction] = [], launch: Launch = Launch()
)
    throws -> String
{
    let ends = try System.pipe()
    let reading = FileDescriptor(owning: ends.read)
    let pid: Int32
    do {
        let writing = FileDescriptor(owning: ends.write)
        pid = try System.spawn(
            "/bin/sh", (["sh", "-c", script, "sh"] + arguments).map(bytes),
            environment: [bytes("PATH=/usr/bin:/bin")], actions: actions + [.duplicate(writing.rawValue, to: 1)], launch
        )
    }
    let text = string(try reading.readAll())
    _ = try System.waitForeground(pid)
    return text
}

/// Runs `body` in a forked child and returns its exit status: for what would upset the test process. A thrown error is 99.
func inChild(_ body: () throws -> Int32) throws -> WaitStatus {
    guard let pid = try System.fork() else {
        System.exit((try? body()) ?? 99)
    }
    return try XCTUnwrap(try System.waitForeground(pid)).status
}

/// A test case with a fresh directory, removed afterwards.
class DirectoryTestCase: XCTestCase {
    var directory = ""

    override func setUpWithError() throws {
        let name = "vsh-test-\(System.processID)-\(string(try System.random(count: 6).map { 97 + $0 % 26 }))"
        directory = (ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp") + "/" + name
        try System.makeDirectory(directory)
    }

    override func tearDownWithError() throws {
        _ = try execute("/bin/rm", ["rm", "-rf", directory])
    }

    func path(_ name: String) -> String { directory + "/" + name }

    func write(_ name: String, _ content: String, mode: UInt32 = 0o644) throws {
        let file = try FileDescriptor(path(name), [.writeOnly, .create, .truncate])
        try file.writeAll(bytes(content))
        try System.changeMode(descriptor: file.rawValue, mode)
    }

    func content(_ name: String) throws -> String { string(try FileDescriptor(path(name), .readOnly).readAll()) }
}
