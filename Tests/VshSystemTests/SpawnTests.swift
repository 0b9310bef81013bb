// SPDX-License-Identifier: MPL-2.0
import VshSystem
import XCTest

final class SpawnTests: DirectoryTestCase {
    func testStatus() throws {
        XCTAssertEqual(try execute("/bin/true", ["true"]).shellStatus, 0)
        XCTAssertEqual(try execute("/bin/sh", ["sh", "-c", "exit 37"]).shellStatus, 37)
        let killed = try execute("/bin/sh", ["sh", "-c", "kill -TERM $$"])
        XCTAssertTrue(killed.wasSignaled)
        XCTAssertEqual(killed.signal, .terminate)
        XCTAssertEqual(killed.shellStatus, 128 + 15)
    }

    func testArgumentsAndEnvironment() throws {
        let strange: [UInt8] = [0xff, 0x0a, 0x20, 0xc3]
        let (argv, envp) = (ArgumentList(), ArgumentList())
        argv.vector.append(bytes("sh"))
        argv.vector.append(bytes("-c"))
        argv.vector.append(bytes("[ \"$1\" = \"$X\" ] && [ ${#} = 2000 ]"))
        argv.vector.append(bytes("sh"))
        for _ in 0..<2000 { argv.vector.append(strange) }
        envp.vector.open()
        for byte in bytes("X=") { envp.vector.extend(byte) }
        strange.withUnsafeBufferPointer { envp.vector.extend($0) }
        envp.vector.close()
        XCTAssertEqual(argv.vector.count, 2004)
        let pid = try System.spawn(
            "/bin/sh", arguments: argv.vector.pointers(), environment: envp.vector.pointers())
        XCTAssertEqual(try System.waitForeground(pid)?.status.shellStatus, 0)
        argv.vector.removeAll()
        argv.vector.append(bytes("false"))
        let second = try System.spawn(
            "/bin/false", arguments: argv.vector.pointers(), environment: envp.vector.pointers())
        XCTAssertEqual(try System.waitForeground(second)?.status.shellStatus, 1)
    }

    /// A class, because a noncopyable value cannot stand in a tuple.
    private final class ArgumentList { var vector = ArgumentVector() }

    func testExecErrors() throws {
        try write("plain", "text", mode: 0o644)
        try System.symbolicLink(target: "loop", path: path("loop"))
        func failure(_ path: String, _ arguments: [[UInt8]] = [[120]]) -> Errno? {
            errno { () throws(Errno) in _ = try System.spawn(path, arguments) }
        }
        XCTAssertEqual(failure(path("missing")), .noEntry)
        XCTAssertEqual(failure(path("plain")), .accessDenied)
        XCTAssertEqual(failure(path("plain/below")), .notDirectory)
        XCTAssertEqual(failure(directory), .accessDenied)
        XCTAssertEqual(failure(path("loop")), .tooManySymbolicLinks)
        XCTAssertEqual(failure("/bin/true", [[120], .init(repeating: 97, count: 4 << 20)]), .argumentsTooLong)
        XCTAssertEqual(errno { () throws(Errno) in _ = try System.poll() }, .noChild, "a failed child was not reaped")
    }

    func testUnknownFormat() throws {
        try write("script", "printf '<%s>' \"$0\" \"$@\" >>\"$OUT\"; exit 9", mode: 0o755)
        XCTAssertEqual(
            errno { () throws(Errno) in _ = try System.spawn(path("script"), [bytes("script")]) }, .execFormat)
        let out = ["OUT=" + path("out")]
        try "/bin/sh".withCString { shell in
            try "sh0".withCString { name in
                var launch = Launch()
                launch.interpreter = shell
                launch.interpreterName = name
                let status = try execute(path("script"), ["ignored", "a", "b c"], environment: out, launch)
                XCTAssertEqual(status.shellStatus, 9)
                XCTAssertEqual(try execute(path("script"), [], environment: out, launch).shellStatus, 9)
            }
        }
        XCTAssertEqual(try content("out"), "<\(path("script"))><a><b c><\(path("script"))>")
    }

    /// Descriptors exchanged, rotated, copied in chains and closed in random lists, against a model in which every
    /// source is the parent's.
    func testRandomDescriptorActions() throws {
        let count: Int32 = 6
        let base: Int32 = 100
        for i in 0..<count {
            let file = try FileDescriptor(path("f\(i)"), [.readWrite, .create])
            try System.duplicate(file.rawValue, to: base + i, closeOnExec: true)
        }
        defer { for i in 0..<count { try? System.close(base + i) } }
        var random = SystemRandomNumberGenerator()
        var lists: [[DescriptorChange]] = [
            [.init(0, 1), .init(1, 0)],
            [.init(0, 1), .init(1, 2), .init(2, 3), .init(3, 0)],
            [.init(0, 0)],
            [.init(0, 1), .init(0, nil), .init(1, 0)],
        ]
        for _ in 0..<20 {
            lists.append(
                (0..<Int.random(in: 1...9, using: &random)).map { _ in
                    let target = Int32.random(in: 0..<count, using: &random)
                    return Int.random(in: 0..<5, using: &random) == 0
                        ? .init(target, nil) : .init(Int32.random(in: 0..<count, using: &random), target)
                })
        }
        for list in lists {
            var expected = [String](repeating: "none", count: Int(count))
            for change in list {
                guard let target = change.target else {
                    expected[Int(change.source)] = "none"
                    continue
                }
                expected[Int(target)] = path("f\(change.source)")
            }
            let actions: [DescriptorAction] = list.map { change in
                guard let target = change.target else { return .close(base + change.source) }
                return .duplicate(base + change.source, to: base + target)
            }
            let script = "for n; do readlink /proc/$$/fd/$n || echo none; done"
            let text = try output(of: script, (0..<count).map { String(base + $0) }, actions: actions)
            XCTAssertEqual(text.split(separator: "\n").map(String.init), expected, "\(list)")
        }
    }

    /// `source` goes to `target`, or is closed.
    private struct DescriptorChange {
        var source: Int32
        var target: Int32?
        init(_ source: Int32, _ target: Int32?) {
            self.source = source
            self.target = target
        }
    }

    func testExchangeStandardInputAndOutput() throws {
        try write("in", "", mode: 0o644)
        let status = try inChild {
            let source = try System.open(path("in"), .readWrite)
            let target = try System.open(path("out"), [.readWrite, .create])
            try System.duplicate(source, to: 0)
            try System.duplicate(target, to: 1)
            let actions: [DescriptorAction] = [.duplicate(0, to: 1), .duplicate(1, to: 0), .close(2)]
            return try execute("/bin/sh", ["sh", "-c", "echo to-in; echo to-out >&0; echo lost >&2"], actions: actions)
                .shellStatus
        }
        XCTAssertEqual(status.shellStatus, 2, "descriptor 2 should have been closed")
        XCTAssertEqual(try content("in"), "to-in\n")
        XCTAssertEqual(try content("out"), "to-out\n")
    }

    func testBadSourceFails() throws {
        XCTAssertEqual(
            errno { () throws(Errno) in
                _ = try System.spawn("/bin/true", [[120]], actions: [.duplicate(1000, to: 1)])
            }, .badDescriptor)
        XCTAssertEqual(try execute("/bin/true", ["x"], actions: [.close(1000)]).shellStatus, 0)
    }

    func testWorkingDirectory() throws {
        let place = try FileDescriptor(directory, [.path, .directory])
        var launch = Launch()
        launch.directory = place.rawValue
        XCTAssertEqual(try output(of: "pwd -P", launch: launch), try realDirectory() + "\n")
    }

    private func realDirectory() throws -> String {
        let place = try FileDescriptor(directory, [.path, .directory])
        return string(try System.readLink("/proc/self/fd/\(place.rawValue)"))
    }

    func testProcessGroups() throws {
        let script = "cut -d' ' -f5 /proc/$$/stat; echo $$"
        let inherited = try output(of: script).split(separator: "\n")
        XCTAssertEqual(Int32(inherited[0]), System.processGroup)
        var launch = Launch()
        launch.processGroup = .own
        let own = try output(of: script, launch: launch).split(separator: "\n")
        XCTAssertEqual(own[0], own[1])
        let leader = try System.spawn("/bin/sleep", [bytes("sleep"), bytes("10")], launch)
        launch.processGroup = .join(leader)
        let joined = try output(of: script, launch: launch).split(separator: "\n")
        XCTAssertEqual(Int32(joined[0]), leader)
        try Signals.send(.kill, to: leader)
        XCTAssertEqual(try System.waitForeground(leader)?.status.signal, .kill)
        launch.processGroup = .join(leader)
        XCTAssertEqual(
            errno { () throws(Errno) in _ = try System.spawn("/bin/true", [[120]], launch) }, .permission)
    }

    /// The new group gets the terminal before the program starts, and a background shell takes it back.
    func testTerminalHandOver() throws {
        let (controller, peer) = try System.openPseudoTerminal()
        defer { try? System.close(controller) }
        let status = try inChild {
            try System.startSession()
            let terminal = try System.open(peer, .readWrite)
            try System.acquireTerminal(terminal)
            var launch = Launch()
            launch.processGroup = .own
            launch.terminal = terminal
            let pid = try System.spawn(
                "/bin/sh", ["sh", "-c", "[ $(cut -d' ' -f8 /proc/$$/stat) = $$ ]"].map(bytes),
                environment: [bytes("PATH=/usr/bin:/bin")], launch)
            guard try System.waitForeground(pid)?.status.shellStatus == 0 else { return 1 }
            guard try System.foregroundGroup(terminal) == pid else { return 2 }
            try System.setForegroundGroup(terminal, System.processGroup)
            return try System.foregroundGroup(terminal) == System.processGroup ? 0 : 3
        }
        XCTAssertEqual(status.shellStatus, 0)
    }

    func testSignalDispositions() throws {
        for signal in [Signal.interrupt, .user1, .user2] { try Signals.set(signal, .caught) }
        try Signals.set(.quit, .ignored)
        defer { for signal in [Signal.interrupt, .user1, .user2, .quit] { try? Signals.set(signal, .default) } }
        func state(_ launch: Launch) throws -> [String: UInt64] {
            let text = try output(of: "exec cat /proc/self/status", launch: launch)
            var result: [String: UInt64] = [:]
            for line in text.split(separator: "\n") where line.hasPrefix("Sig") && !line.hasPrefix("SigQ") {
                let parts = line.split(separator: "\t")
                result[String(parts[0].dropLast())] = UInt64(parts[1], radix: 16)
            }
            return result
        }
        let quit = SignalSet(.quit).rawValue
        var result = try state(Launch())
        XCTAssertEqual(result["SigCgt"], 0)
        XCTAssertEqual(try XCTUnwrap(result["SigIgn"]) & quit, quit, "ignored signals are inherited")
        XCTAssertEqual(try XCTUnwrap(result["SigIgn"]) & SignalSet(.interrupt, .user1).rawValue, 0)
        XCTAssertEqual(result["SigBlk"], 0)

        var launch = Launch()
        launch.defaultSignals = .init(.quit)
        launch.ignoredSignals = .init(.interrupt, .terminate)
        launch.mask = .init(.user2)
        result = try state(launch)
        XCTAssertEqual(
            try XCTUnwrap(result["SigIgn"]) & (quit | launch.ignoredSignals.rawValue), launch.ignoredSignals.rawValue)
        XCTAssertEqual(result["SigBlk"], SignalSet(.user2).rawValue)
        XCTAssertEqual(Signals.disposition(.interrupt), .caught, "the parent keeps its own")
        try Signals.send(.interrupt, to: System.processID)
        XCTAssertEqual(Signals.take(), .init(.interrupt))
    }

    /// A signal that reaches the child before exec must have its default effect there: the handler would write into the
    /// parent's memory.
    func testHandlersDoNotRunInTheChild() throws {
        try Signals.set(.user1, .caught)
        defer { try? Signals.set(.user1, .default) }
        var launch = Launch()
        launch.prepare = { _ in
            try? Signals.send(.user1, to: System.processID)
            return 0
        }
        XCTAssertEqual(try execute("/bin/true", ["true"], launch).signal, .user1)
        XCTAssertFalse(Signals.isPending)
        launch.ignoredSignals = .init(.user1)
        XCTAssertEqual(try execute("/bin/true", ["true"], launch).shellStatus, 0)
        XCTAssertFalse(Signals.isPending)
        launch.ignoredSignals = []
        launch.mask = .init(.user1)
        XCTAssertEqual(try execute("/bin/true", ["true"], launch).shellStatus, 0, "blocked, so still pending at exit")
    }

    func testPrepareRunsLast() throws {
        var value: Int32 = 0
        try withUnsafeMutablePointer(to: &value) { pointer in
            var launch = Launch()
            launch.context = UnsafeMutableRawPointer(pointer)
            launch.prepare = { context in
                context!.assumingMemoryBound(to: Int32.self).pointee = 42
                return 0
            }
            XCTAssertEqual(try execute("/bin/true", ["true"], launch).shellStatus, 0)
            launch.prepare = { _ in -28 }
            XCTAssertEqual(errno { () throws(Errno) in _ = try System.spawn("/bin/true", [[120]], launch) }, .noSpace)
        }
        XCTAssertEqual(value, 42, "the child of vfork writes into the parent's memory")
    }

    func testExecInPlace() throws {
        let status = try inChild {
            try Signals.set(.user1, .caught)
            let argv = ArgumentList()
            let envp = ArgumentList()
            argv.vector.append(bytes("sh"))
            argv.vector.append(bytes("-c"))
            argv.vector.append(bytes("echo $PPID; exit 5"))
            var failed: Errno?
            do throws(Errno) {
                try System.exec(
                    path("missing"), arguments: argv.vector.pointers(), environment: envp.vector.pointers())
            } catch { failed = error }
            guard failed == .noEntry, Signals.disposition(.user1) == .caught else { return 1 }
            try Signals.send(.user1, to: System.processID)  // the handler must be back, or this kills
            guard Signals.take().contains(.user1) else { return 2 }
            let out = try System.open(path("out"), [.writeOnly, .create])
            let actions: [DescriptorAction] = [.duplicate(out, to: 1)]
            try actions.withUnsafeBufferPointer {
                try System.exec(
                    "/bin/sh", arguments: argv.vector.pointers(), environment: envp.vector.pointers(), actions: $0)
            }
        }
        XCTAssertEqual(status.shellStatus, 5)
        XCTAssertEqual(try content("out"), "\(System.processID)\n")
    }

    func testForkResetsSignals() throws {
        try Signals.set(.user1, .caught)
        try Signals.set(.user2, .caught)
        defer { for signal in [Signal.user1, .user2] { try? Signals.set(signal, .default) } }
        try Signals.send(.user1, to: System.processID)
        let depth = System.forkDepth
        guard let pid = try System.fork(resetSignals: .init(.user1), ignoredSignals: .init(.interrupt)) else {
            let isRight =
                !Signals.isPending && Signals.disposition(.user1) == .default && Signals.disposition(.user2) == .default
                && Signals.disposition(.interrupt) == .ignored && Signals.block([]) == []
                && System.forkDepth == depth + 1
            System.exit(isRight ? 0 : 1)
        }
        XCTAssertEqual(try System.waitForeground(pid)?.status.shellStatus, 0)
        XCTAssertEqual(Signals.take(), .init(.user1))
        XCTAssertEqual(System.forkDepth, depth)
    }
}
