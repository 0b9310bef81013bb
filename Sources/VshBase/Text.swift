// SPDX-License-Identifier: MPL-2.0

/// A string of bytes, the one form of shell text: 24 bytes, holding up to 15 bytes inline, else a slice of a shared heap block.
///
/// Substrings share the block, so taking one costs no copy; appending to the last slice of an unshared block is amortised O(1).
/// Bytes are whatever the user gave: not necessarily UTF-8, never NUL.
public struct Text {
    /// Inline: bytes 0–7. Slice: offset into `storage`.
    @usableFromInline var low: UInt64
    /// Inline: bytes 8–14, and the count in the top byte. Slice: count.
    @usableFromInline var high: UInt64
    @usableFromInline var storage: ByteStorage?

    /// The most bytes that are held without a heap block.
    public static let inlineCapacity = 15

    /// The empty text.
    @inline(__always)
    public init() {
        low = 0
        high = 0
        storage = nil
    }

    @inline(__always)
    init(slice storage: ByteStorage, offset: Int, count: Int) {
        low = UInt64(truncatingIfNeeded: offset)
        high = UInt64(truncatingIfNeeded: count)
        self.storage = storage
    }

    @inline(__always)
    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
        storage = nil
    }

    /// A copy of `bytes`.
    @inline(__always)
    public init(_ bytes: UnsafeBufferPointer<UInt8>) {
        if bytes.count <= Text.inlineCapacity {
            self.init(inline: bytes)
        } else {
            self.init(block: bytes, capacity: bytes.count)
        }
    }

    @inline(__always)
    init(inline bytes: UnsafeBufferPointer<UInt8>) {
        (low, high) = Text.words(bytes)
        high |= UInt64(truncatingIfNeeded: bytes.count) << 56
        storage = nil
    }

    /// At most 15 bytes as two words, 0 behind them: by loads that overlap, as a call of memcpy takes longer.
    @inline(__always)
    private static func words(_ bytes: UnsafeBufferPointer<UInt8>) -> (UInt64, UInt64) {
        let count = bytes.count
        guard count > 0, let base = bytes.baseAddress else { return (0, 0) }
        let start = UnsafeRawPointer(base)
        if count >= 8 {
            let last = start.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            return (start.loadUnaligned(as: UInt64.self), last >> UInt64(truncatingIfNeeded: (16 &- count) &* 8))
        }
        if count >= 4 {
            let last = UInt64(start.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
            return (
                UInt64(start.loadUnaligned(as: UInt32.self)) | last &<< UInt64(truncatingIfNeeded: (count &- 4) &* 8), 0
            )
        }
        let middle = count &>> 1
        return (
            UInt64(base[0]) | UInt64(base[middle]) &<< UInt64(truncatingIfNeeded: middle &* 8)
                | UInt64(base[count &- 1]) &<< UInt64(truncatingIfNeeded: (count &- 1) &* 8), 0
        )
    }

    /// A copy of the bytes `range` of `bytes`.
    @inline(__always)
    public init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
        let count = range.count
        if count <= Text.inlineCapacity && range.lowerBound &+ 16 <= bytes.count {
            // Two words are there to be loaded: no copying byte by byte.
            let start = UnsafeRawPointer(bytes.baseAddress! + range.lowerBound)
            let first = start.loadUnaligned(as: UInt64.self)
            let second = start.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            let kept = count > 8 ? second & ((1 &<< UInt64(truncatingIfNeeded: (count &- 8) &* 8)) &- 1) : 0
            self.init(
                low: count >= 8 ? first : first & ((1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1),
                high: kept | UInt64(truncatingIfNeeded: count) << 56)
        } else {
            self.init(UnsafeBufferPointer(rebasing: bytes[range]))
        }
    }

    @inline(never)
    init(block bytes: UnsafeBufferPointer<UInt8>, capacity: Int) {
        let block = ByteStorage.allocate(capacity)
        block.base.update(from: bytes.baseAddress!, count: bytes.count)
        block.header.used = bytes.count
        self.init(slice: block, offset: 0, count: bytes.count)
    }

    /// A copy of `bytes`.
    @inline(__always)
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.init(bytes.bindMemory(to: UInt8.self))
    }

    /// A copy of `bytes`.
    public init(_ bytes: [UInt8]) {
        self = bytes.withUnsafeBufferPointer { Text($0) }
    }

    /// A copy of `bytes`.
    public init(_ bytes: ArraySlice<UInt8>) {
        self = bytes.withUnsafeBufferPointer { Text($0) }
    }

    /// The bytes of a literal.
    public init(_ literal: StaticString) {
        self.init(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// The UTF-8 bytes of `string`; for messages, not for shell data.
    @_disfavoredOverload
    public init(_ string: String) {
        self.init(Array(string.utf8))
    }

    /// A copy of the bytes up to the NUL.
    public init(cString: UnsafePointer<CChar>) {
        var count = 0
        while cString[count] != 0 { count += 1 }
        self = cString.withMemoryRebound(to: UInt8.self, capacity: count) {
            Text(UnsafeBufferPointer(start: $0, count: count))
        }
    }

    /// The decimal digits of `value`.
    public init(decimal value: Int) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        self = withUnsafeMutableBytes(of: &digits) { raw in
            var place = 24
            var rest = value.magnitude
            repeat {
                place -= 1
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                raw[place] = UInt8(truncatingIfNeeded: digit) &+ 48
                rest = quotient
            } while rest != 0
            if value < 0 {
                place -= 1
                raw[place] = 45
            }
            return Text(UnsafeRawBufferPointer(rebasing: raw[place..<24]))
        }
    }

    /// Bytes in the text.
    @inline(__always)
    public var count: Int {
        storage == nil ? Int(truncatingIfNeeded: high >> 56) : Int(truncatingIfNeeded: high)
    }

    @inline(__always)
    public var isEmpty: Bool { high == 0 }

    /// Calls `body` with the bytes. The pointer is valid during the call only; the text itself must not be changed by `body`.
    @inline(__always)
    public func withBytes<R, E: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        if let storage {
            defer { withExtendedLifetime(storage) {} }
            return try body(
                UnsafeBufferPointer(
                    start: storage.base + Int(truncatingIfNeeded: low), count: Int(truncatingIfNeeded: high)))
        }
        var words = (low, high)
        return try withUnsafePointer(to: &words) { (pointer) throws(E) -> R in
            try body(
                UnsafeBufferPointer(
                    start: UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self),
                    count: Int(truncatingIfNeeded: high >> 56)))
        }
    }

    /// Byte `index`, counted from 0.
    @inline(__always)
    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "byte index out of range")
        if let storage { return storage.base[Int(truncatingIfNeeded: low) &+ index] }
        let word = index < 8 ? low : high
        return UInt8(truncatingIfNeeded: word >> (UInt64(truncatingIfNeeded: index & 7) << 3))
    }

    /// The bytes `range`, sharing the block where that pins little memory.
    @inline(__always)
    public func slice(_ range: Range<Int>) -> Text {
        let length = range.count
        if let storage, length > Text.inlineCapacity, length &* 8 >= storage.header.capacity {
            precondition(range.lowerBound >= 0 && range.upperBound <= count, "slice out of range")
            return Text(slice: storage, offset: Int(truncatingIfNeeded: low) &+ range.lowerBound, count: length)
        }
        return withBytes { Text(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    /// Appends `bytes`, in place when this is the last slice of a block nobody else holds.
    public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        let added = bytes.count
        if added == 0 { return }
        let old = count
        if storage == nil {
            let total = old &+ added
            if total <= Text.inlineCapacity {
                let (first, second) = Text.words(bytes)
                let shift = UInt64(truncatingIfNeeded: old &* 8)
                high &= 0x00FF_FFFF_FFFF_FFFF
                if old < 8 {
                    low |= first &<< shift
                    high |= second &<< shift | first >> (64 &- shift)
                } else {
                    high |= first &<< (shift &- 64)
                }
                high |= UInt64(truncatingIfNeeded: total) << 56
                return
            }
            grow(bytes, total)
            return
        }
        let offset = Int(truncatingIfNeeded: low)
        if isKnownUniquelyReferenced(&storage) {
            let block = storage.unsafelyUnwrapped
            if offset &+ old &+ added <= block.header.capacity {
                (block.base + offset + old).update(from: bytes.baseAddress!, count: added)
                block.header.used = offset &+ old &+ added
                high = UInt64(truncatingIfNeeded: old &+ added)
                return
            }
        }
        grow(bytes, old &+ added)
    }

    @inline(never)
    private mutating func grow(_ bytes: UnsafeBufferPointer<UInt8>, _ total: Int) {
        let block = ByteStorage.allocate(max(total &* 2, 48))
        let old = count
        withBytes { if old > 0 { block.base.update(from: $0.baseAddress!, count: old) } }
        (block.base + old).update(from: bytes.baseAddress!, count: bytes.count)
        block.header.used = total
        self = Text(slice: block, offset: 0, count: total)
    }

    /// Appends the bytes of `other`.
    @inline(__always)
    public mutating func append(_ other: Text) {
        other.withBytes { self.append($0) }
    }

    /// Puts `bytes` in front, in place where there is room before this slice of a block nobody else holds.
    public mutating func prepend(_ bytes: UnsafeBufferPointer<UInt8>) {
        let added = bytes.count
        if added == 0 { return }
        let total = count &+ added
        if total <= Text.inlineCapacity {
            var whole = Text(inline: bytes)
            whole.append(self)
            self = whole
            return
        }
        let offset = Int(truncatingIfNeeded: low)
        if isKnownUniquelyReferenced(&storage), offset >= added {
            (storage.unsafelyUnwrapped.base + offset - added).update(from: bytes.baseAddress!, count: added)
            low = UInt64(truncatingIfNeeded: offset &- added)
            high = UInt64(truncatingIfNeeded: total)
            return
        }
        let block = ByteStorage.allocate(max(total &* 2, 48))
        let start = block.header.capacity &- total
        (block.base + start).update(from: bytes.baseAddress!, count: added)
        withBytes { if !$0.isEmpty { (block.base + start + added).update(from: $0.baseAddress!, count: $0.count) } }
        block.header.used = block.header.capacity
        self = Text(slice: block, offset: start, count: total)
    }

    /// A copy of the bytes as an array.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// True when both are the same bytes of one block, or the same inline: nobody assigned another text meanwhile.
    @inline(__always)
    public func isIdentical(to other: borrowing Text) -> Bool {
        low == other.low && high == other.high && storage === other.storage
    }

    /// The bytes read as UTF-8, with invalid ones replaced: for messages only.
    public var description: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    /// Calls `body` with the bytes followed by a NUL.
    @inline(__always)
    public func withCString<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        if storage == nil {
            // The byte after the inline bytes is 0 unless it is the count of a full one.
            var words = (low, high & 0x00FF_FFFF_FFFF_FFFF)
            return try withUnsafePointer(to: &words) { (pointer) throws(E) -> R in
                try body(UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
        }
        let length = count
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: length + 1)
        defer { copy.deallocate() }
        withBytes { UnsafeMutableRawPointer(copy).copyMemory(from: $0.baseAddress!, byteCount: length) }
        copy[length] = 0
        return try body(copy)
    }
}

extension Text: Equatable, Hashable {
    @inline(__always)
    public static func == (left: Text, right: Text) -> Bool {
        if left.storage == nil && right.storage == nil { return left.low == right.low && left.high == right.high }
        return equalBlocks(left, right)
    }

    @inline(never)
    private static func equalBlocks(_ left: Text, _ right: Text) -> Bool {
        if left.count != right.count { return false }
        return left.withBytes { a in right.withBytes { b in bytesEqual(a, b) } }
    }

    public func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// True when the bytes are those of `literal`.
    @inline(__always)
    public func equals(_ literal: StaticString) -> Bool {
        count == literal.utf8CodeUnitCount
            && withBytes {
                bytesEqual($0, UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
            }
    }
}

extension Text {
    /// The value when the whole text is a decimal integer that fits: an optional sign, then digits only. No blanks.
    @inline(__always)
    public var decimalInteger: Int? { withBytes { parseDecimal($0) } }

    /// An absolute path without `.`, `..`, doubled slashes and a slash at its end: where no part of it is a symbolic link there is
    /// no other for the same file.
    public var isCleanPath: Bool {
        withBytes { bytes in
            let (slash, dot) = (UInt8(ascii: "/"), UInt8(ascii: "."))
            if bytes.count < 2 { return bytes.first == slash }
            if bytes[0] != slash { return false }
            var start = 1
            for index in 1...bytes.count where index == bytes.count || bytes[index] == slash {
                let count = index - start
                if count == 0 || count < 3 && bytes[start] == dot && bytes[index - 1] == dot { return false }
                start = index + 1
            }
            return true
        }
    }
}

/// True when both have the same bytes.
@inline(__always)
public func bytesEqual(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    let count = a.count
    if count != b.count { return false }
    if count == 0 { return true }
    return compareMemory(a.baseAddress!, b.baseAddress!, count) == 0
}

/// Compares `count` bytes as unsigned numbers: negative, zero or positive, as memcmp.
public func compareMemory(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Int {
    var index = 0
    let rawA = UnsafeRawPointer(a)
    let rawB = UnsafeRawPointer(b)
    while index &+ 8 <= count {
        let left = rawA.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let right = rawB.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        if left != right {
            return left.byteSwapped < right.byteSwapped ? -1 : 1
        }
        index &+= 8
    }
    while index < count {
        if a[index] != b[index] { return Int(a[index]) &- Int(b[index]) }
        index &+= 1
    }
    return 0
}

/// The value of an optional sign and decimal digits that fill `bytes`; nil when there is anything else, or it does not fit.
@inline(__always)
public func parseDecimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    let count = bytes.count
    var index = 0
    var isNegative = false
    if count > 0, bytes[0] == 45 || bytes[0] == 43 {
        isNegative = bytes[0] == 45
        index = 1
    }
    if index == count { return nil }
    if count &- index <= 18 {
        var value = 0
        while index < count {
            let digit = bytes[index] &- 48
            if digit > 9 { return nil }
            value = value &* 10 &+ Int(digit)
            index &+= 1
        }
        return isNegative ? 0 &- value : value
    }
    var value = 0
    while index < count {
        let digit = bytes[index] &- 48
        if digit > 9 { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflow2) =
            isNegative
            ? product.subtractingReportingOverflow(Int(digit)) : product.addingReportingOverflow(Int(digit))
        if overflow || overflow2 { return nil }
        value = sum
        index &+= 1
    }
    return value
}
