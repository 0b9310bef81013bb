// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What a path, a name or another C string can be given as: `Text`, `[UInt8]` and slices of it (with or without the
/// final NUL; a NUL inside ends the name), a pointer to NUL-terminated bytes, or a literal.
///
/// Nothing is allocated for a pointer, for an array that ends in NUL, and for up to 255 bytes.
public protocol PathArgument {
    /// Calls `body` with the NUL-terminated bytes, valid during the call.
    func withPath<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R
}

/// Calls `body` with `bytes` and a NUL after them.
@inline(__always)
private func withTerminated<R, E: Error>(
    _ bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafePointer<CChar>) throws(E) -> R
) throws(E) -> R {
    let count = bytes.count
    if count > 0, bytes[count - 1] == 0 {
        return try body(UnsafeRawPointer(bytes.baseAddress!).assumingMemoryBound(to: CChar.self))
    }
    if count < 256 {
        var room: InlineArray<256, UInt8> = .init(repeating: 0)
        return try withUnsafeMutableBytes(of: &room) { (raw) throws(E) -> R in
            if count > 0 { raw.copyMemory(from: UnsafeRawBufferPointer(bytes)) }
            return try body(UnsafeRawPointer(raw.baseAddress!).assumingMemoryBound(to: CChar.self))
        }
    }
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: count + 1)
    defer { copy.deallocate() }
    copy.update(from: bytes.baseAddress!, count: count)
    copy[count] = 0
    return try body(UnsafeRawPointer(copy).assumingMemoryBound(to: CChar.self))
}

extension Array: PathArgument where Element == UInt8 {
    @inline(__always)
    public func withPath<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        try withUnsafeBufferPointer { (bytes) throws(E) -> R in try withTerminated(bytes, body) }
    }
}

extension ArraySlice: PathArgument where Element == UInt8 {
    @inline(__always)
    public func withPath<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        try withUnsafeBufferPointer { (bytes) throws(E) -> R in try withTerminated(bytes, body) }
    }
}

extension UnsafeBufferPointer: PathArgument where Element == UInt8 {
    @inline(__always)
    public func withPath<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        try withTerminated(self, body)
    }
}

extension Text: PathArgument {
    @inline(__always)
    public func withPath<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        try withCString(body)
    }
}

/// A type of C string elements: `CChar` or `UInt8`.
public protocol CStringElement {}
extension CChar: CStringElement {}
extension UInt8: CStringElement {}

extension UnsafePointer: PathArgument where Pointee: CStringElement {
    @inline(__always)
    public func withPath<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawPointer(self).assumingMemoryBound(to: CChar.self))
    }
}

extension UnsafeMutablePointer: PathArgument where Pointee: CStringElement {
    @inline(__always)
    public func withPath<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawPointer(self).assumingMemoryBound(to: CChar.self))
    }
}

extension StaticString: PathArgument {
    @inline(__always)
    public func withPath<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self))
    }
}

/// For literals and tests: shell text is never a `String`.
extension String: PathArgument {
    public func withPath<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        try Array(utf8).withPath(body)
    }
}
