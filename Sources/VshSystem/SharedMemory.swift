// SPDX-License-Identifier: MPL-2.0
import CVshSystem

/// Atomic access at naturally aligned addresses, which may be memory shared with other processes.
extension UnsafeMutablePointer where Pointee == UInt64 {
    @inline(__always)
    public func loadAcquiring() -> UInt64 { vsh_load_acquire64(self) }
    @inline(__always)
    public func storeReleasing(_ value: UInt64) { vsh_store_release64(self, value) }
    /// Adds and returns the value before.
    @inline(__always)
    public func fetchAdd(_ value: UInt64) -> UInt64 { vsh_fetch_add64(self, value) }
    /// Stores `new` when `expected` is there; otherwise puts what is there into `expected`.
    @inline(__always)
    public func compareExchange(_ expected: inout UInt64, _ new: UInt64) -> Bool {
        vsh_compare_exchange64(self, &expected, new) != 0
    }
}

extension UnsafeMutablePointer where Pointee == UInt32 {
    @inline(__always)
    public func loadAcquiring() -> UInt32 { vsh_load_acquire32(self) }
    @inline(__always)
    public func storeReleasing(_ value: UInt32) { vsh_store_release32(self, value) }
    /// Adds and returns the value before.
    @inline(__always)
    public func fetchAdd(_ value: UInt32) -> UInt32 { vsh_fetch_add32(self, value) }
    /// Stores `new` when `expected` is there; otherwise puts what is there into `expected`.
    @inline(__always)
    public func compareExchange(_ expected: inout UInt32, _ new: UInt32) -> Bool {
        vsh_compare_exchange32(self, &expected, new) != 0
    }
}
