// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshSystem
import XCTest

final class WaitTests: XCTestCase {
    /// Every status that the kernel can give, against the C library's macros (waitstatus.h) written out.
    func testStatusMacros() {
        for code: Int32 in 0...255 {
            let status = WaitStatus(rawValue: code << 8)
            XCTAssertTrue(status.hasExited && !status.wasSignaled && !status.isStopped && !status.isContinued)
            XCTAssertEqual(status.shellStatus, code)
            let stopped = WaitStatus(rawValue: code << 8 | 0x7f)
            XCTAssertTrue(stopped.isStopped && !stopped.hasExited && !stopped.wasSignaled)
            XCTAssertEqual(stopped.stopSignal.rawValue, code)
        }
        for signal: Int32 in 1...64 {
            for core: Int32 in [0, 0x80] {
                let status = WaitStatus(rawValue: signal | core)
                XCTAssertTrue(status.wasSignaled && !status.hasExited && !status.isStopped)
                XCTAssertEqual(status.signal.rawValue, signal)
                XCTAssertEqual(status.shellStatus, 128 + signal)
                XCTAssertEqual(status.hasCore, core != 0)
            }
        }
        let continued = WaitStatus(rawValue: 0xffff)
        XCTAssertTrue(continued.isContinued && !continued.hasExited && !continued.wasSignaled && !continued.isStopped)
    }

    func testStopAndContinue() throws {
        let pid = try System.spawn("/bin/sleep", [bytes("sleep"), bytes("10")])
        try Signals.send(.stop, to: pid)
        let stopped = try XCTUnwrap(try System.waitForeground(pid, .stopped))
        XCTAssertTrue(stopped.status.isStopped)
        XCTAssertEqual(stopped.status.shellStatus, 128 + SIGSTOP)
        try Signals.send(.continue, to: pid)
        XCTAssertTrue(try XCTUnwrap(try System.waitForeground(pid, .continued)).status.isContinued)
        try Signals.send(.kill, to: pid)
        XCTAssertEqual(try System.waitForeground(pid)?.status.shellStatus, 137)
    }

    func testUsage() throws {
        let pid = try System.spawn(
            "/bin/sh", ["sh", "-c", "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"].map(bytes))
        var usage = ResourceUsage()
        XCTAssertEqual(try System.waitForeground(pid, usage: &usage)?.status.shellStatus, 0)
        XCTAssertGreaterThan(usage.user + usage.system, 1000)
        XCTAssertGreaterThan(usage.maxResident, 100)
        let times = try Clock.times()
        XCTAssertGreaterThanOrEqual(times.childUser + times.childSystem, usage.user + usage.system)
    }
}
