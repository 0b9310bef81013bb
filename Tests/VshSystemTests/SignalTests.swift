// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshSystem
import XCTest

final class SignalTests: XCTestCase {
    override func tearDown() {
        for signal in [Signal.user1, .user2, .alarm, .child] { try? Signals.set(signal, .default) }
        _ = Signals.take()
        Signals.clearChild()
    }

    func testPendingMask() throws {
        try Signals.set(.user1, .caught)
        try Signals.set(.user2, .caught)
        XCTAssertFalse(Signals.isPending)
        for signal in [Signal.user2, .user1, .user1] { try Signals.send(signal, to: System.processID) }
        XCTAssertTrue(Signals.isPending)
        var set = Signals.take()
        XCTAssertEqual(set.popFirst(), .user1)
        XCTAssertEqual(set.popFirst(), .user2)
        XCTAssertNil(set.popFirst())
        XCTAssertFalse(Signals.isPending)
        XCTAssertEqual(Signals.take(), [])
        XCTAssertTrue(Signals.caught.contains(.user1))
    }

    func testRealTimeAndHighestSignal() throws {
        let last = Signal(rawValue: Signal.maximum)
        try Signals.set(last, .caught)
        defer { try? Signals.set(last, .default) }
        try Signals.send(last, to: System.processID)
        XCTAssertEqual(Signals.take(), .init(last))
        for number: Int32 in [0, 32, 65, -1] {
            XCTAssertEqual(
                errno { () throws(Errno) in try Signals.set(Signal(rawValue: number), .caught) }, .invalid)
        }
        XCTAssertEqual(errno { () throws(Errno) in try Signals.set(.kill, .caught) }, .invalid)
    }

    func testIgnoredAtStart() throws {
        XCTAssertFalse(Signals.wasIgnoredAtStart(.user1))
        let status = try inChild {
            signal(SIGURG, SIG_IGN)  // as a parent would have left it: nothing here has looked at it before
            try Signals.set(Signal(rawValue: SIGURG), .caught)
            guard Signals.wasIgnoredAtStart(Signal(rawValue: SIGURG)) else { return 1 }
            try Signals.set(Signal(rawValue: SIGURG), .default)
            guard Signals.wasIgnoredAtStart(Signal(rawValue: SIGURG)) else { return 2 }
            signal(SIGWINCH, SIG_IGN)
            return Signals.disposition(.windowChange) == .ignored ? 0 : 3
        }
        XCTAssertEqual(status.shellStatus, 0)
    }

    func testBlockAndSuspend() throws {
        try Signals.set(.user1, .caught)
        let old = Signals.block(.init(.user1))
        try Signals.send(.user1, to: System.processID)
        XCTAssertFalse(Signals.isPending)
        Signals.suspend(mask: old)
        XCTAssertEqual(Signals.take(), .init(.user1))
        XCTAssertEqual(Signals.setMask(old), old.union(.init(.user1)))
    }

    func testChildFlag() throws {
        try Signals.set(.child, .caught, restarts: true)
        XCTAssertFalse(Signals.childChanged)
        _ = try execute("/bin/true", ["true"])
        XCTAssertTrue(Signals.childChanged)
        XCTAssertFalse(Signals.isPending, "a child's end alone does not disturb the shell")
        Signals.clearChild()
        XCTAssertFalse(Signals.childChanged)
        try Signals.set(.child, .caught, countsChild: true)
        _ = try execute("/bin/true", ["true"])
        XCTAssertEqual(Signals.take(), .init(.child))
    }

    /// An ignored SIGCHLD, by trap or from the start, is inherited but does not cost the shell the statuses.
    func testIgnoredChildSignal() throws {
        func isIgnoredByChild() throws -> Bool {
            let pattern = "^SigIgn:.*[13579bdf]....$"  // bit 16; not through a shell, which may catch SIGCHLD
            return try execute("/bin/grep", ["grep", "-q", pattern, "/proc/self/status"]).shellStatus == 0
        }
        let status = try inChild {
            guard try !isIgnoredByChild() else { return 1 }
            try Signals.set(.child, .ignored)
            guard try execute("/bin/sh", ["sh", "-c", "exit 3"]).shellStatus == 3, try isIgnoredByChild() else {
                return 2
            }
            let pid = try System.spawn("/bin/sh", ["sh", "-c", "exit 4"].map(bytes))
            guard try System.waitInterruptible(pid)?.status.shellStatus == 4, try isIgnoredByChild() else { return 3 }
            guard Signals.disposition(.child) == .ignored else { return 4 }
            try Signals.set(.child, .default)
            return try isIgnoredByChild() ? 5 : 0
        }
        XCTAssertEqual(status.shellStatus, 0)
    }

    func testReadIsInterrupted() throws {
        let ends = try System.pipe()
        let (reading, writing) = (FileDescriptor(owning: ends.read).release(), ends.write)
        defer {
            try? System.close(reading)
            try? System.close(writing)
        }
        try Signals.set(.alarm, .caught)
        startTimer(milliseconds: 30)
        var byte: UInt8 = 0
        withUnsafeMutableBytes(of: &byte) { buffer in
            XCTAssertEqual(errno { () throws(Errno) in _ = try System.read(reading, into: buffer) }, .interrupted)
        }
        XCTAssertEqual(Signals.take(), .init(.alarm))
    }

    func testWaitIsInterrupted() throws {
        try Signals.set(.alarm, .caught)
        let pid = try System.spawn("/bin/sleep", [bytes("sleep"), bytes("0.3")])
        startTimer(milliseconds: 30)
        XCTAssertEqual(errno { () throws(Errno) in _ = try System.waitInterruptible(pid) }, .interrupted)
        XCTAssertEqual(
            errno { () throws(Errno) in _ = try System.waitInterruptible(pid) }, .interrupted, "still pending")
        _ = Signals.take()
        XCTAssertNil(try System.poll(pid))
        startTimer(milliseconds: 30)
        XCTAssertEqual(try System.waitForeground(pid)?.status.shellStatus, 0, "goes on through the signal")
        XCTAssertEqual(Signals.take(), .init(.alarm))
        XCTAssertEqual(errno { () throws(Errno) in _ = try System.waitInterruptible(pid) }, .noChild)
        let second = try System.spawn("/bin/sleep", [bytes("sleep"), bytes("0.05")])
        XCTAssertEqual(try System.waitInterruptible(-1)?.pid, second)
    }

    func testPollIsInterrupted() throws {
        let ends = try System.pipe()
        defer {
            try? System.close(ends.read)
            try? System.close(ends.write)
        }
        try Signals.set(.user1, .caught)
        XCTAssertFalse(try System.waitReady(ends.read, timeout: 1_000_000))
        try Signals.send(.user1, to: System.processID)
        XCTAssertEqual(errno { () throws(Errno) in _ = try System.waitReady(ends.read) }, .interrupted)
        _ = Signals.take()
        try System.writeAll(ends.write, [1, 2, 3])
        XCTAssertTrue(try System.waitReady(ends.read))
        XCTAssertEqual(try System.readableBytes(ends.read), 3)
        var items = [System.PollItem(ends.read, .readable), System.PollItem(ends.write, .writable)]
        XCTAssertEqual(try System.poll(&items, timeout: 0), 2)
        XCTAssertEqual(items[0].result, .readable)
        XCTAssertEqual(items[1].result, .writable)
    }

    func testNames() throws {
        XCTAssertEqual(string(Signal.interrupt.name), "INT")
        XCTAssertEqual(string(Signal(rawValue: 0).name), "EXIT")
        XCTAssertEqual(string(Signal(rawValue: SIGPOLL).name), "POLL")
        XCTAssertEqual(Signal(rawValue: 32).name, [])
        XCTAssertEqual(Signal(rawValue: 65).name, [])
        for number in Array(1...31) + Array(34...64) {
            let signal = Signal(rawValue: Int32(number))
            XCTAssertFalse(signal.name.isEmpty, "\(number)")
            XCTAssertEqual(Signal(name: signal.name), signal)
        }
        for (name, number) in [
            ("RTMIN", 34), ("RTMIN+15", 49), ("RTMAX-14", 50), ("RTMAX", 64), ("RTMIN+30", 64), ("RTMAX-30", 34),
            ("CLD", 17), ("IOT", 6), ("IO", 29), ("EXIT", 0),
        ] { XCTAssertEqual(Signal(name: bytes(name))?.rawValue, Int32(number), name) }
        for name in ["", "int", "SIGINT", "RTMIN+31", "RTMIN+", "RTMAX-31", "RTMIN+1x", "INTR", "IN"] {
            XCTAssertNil(Signal(name: bytes(name)), name)
        }
        XCTAssertEqual(string(Signal.terminate.description), "Terminated")
    }

    func testDie() throws {
        let status = try inChild {
            Signals.block(.all)
            try Signals.set(.interrupt, .ignored)
            Signals.die(.interrupt)
            return 1
        }
        XCTAssertEqual(status.signal, .interrupt)
        XCTAssertTrue(status.wasSignaled)
    }

    private func startTimer(milliseconds: Int) {
        var timer = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: 0, tv_usec: milliseconds * 1000))
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }
}
