// SPDX-License-Identifier: MPL-2.0
import CVshSystem

/// The native stack: deep shell recursion needs far more than the 8 MiB of the first thread.
public enum Stack {
    /// Runs `function(argument)` on a fresh stack of up to `size` bytes, returns when it does, and gives the size
    /// obtained. Memory is used only where touched. When the system refuses, half is tried, down to 8 MiB.
    @discardableResult
    public static func run(
        size: Int, _ argument: UnsafeMutableRawPointer?, _ function: @convention(c) (UnsafeMutableRawPointer?) -> Void
    ) throws(Errno) -> Int {
        Int(try check(vsh_run_on_big_stack(size, function, argument)))
    }

    /// Bytes left: one load and one subtraction. Huge when not inside `run`.
    @inline(__always)
    public static var left: Int { vsh_stack_left() }
}
