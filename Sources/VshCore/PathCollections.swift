// SPDX-License-Identifier: MPL-2.0

/// A path as a key: hashed a word at a time, where the library hashes an array byte by byte.
public struct PathKey: Hashable, Sendable {
    public let path: [UInt8]

    @inlinable public init(_ path: [UInt8]) { self.path = path }

    @inlinable public func hash(into hasher: inout Hasher) { path.withUnsafeBytes { hasher.combine(bytes: $0) } }

    @inlinable public static func == (a: PathKey, b: PathKey) -> Bool { a.path == b.path }
}

/// A set of paths.
public struct PathSet: Sequence, ExpressibleByArrayLiteral, Sendable {
    @usableFromInline var keys: Set<PathKey>

    public init() { keys = [] }
    public init(arrayLiteral paths: [UInt8]...) { self.init(paths) }
    public init(_ paths: some Sequence<[UInt8]>) { keys = Set(paths.lazy.map { PathKey($0) }) }

    public var isEmpty: Bool { keys.isEmpty }
    public var count: Int { keys.count }
    public mutating func reserveCapacity(_ count: Int) { keys.reserveCapacity(count) }
    public func contains(_ path: [UInt8]) -> Bool { keys.contains(PathKey(path)) }
    /// False when it was there already.
    @discardableResult
    public mutating func insert(_ path: [UInt8]) -> Bool { keys.insert(PathKey(path)).inserted }
    public mutating func remove(_ path: [UInt8]) { keys.remove(PathKey(path)) }
    public mutating func formUnion(_ paths: some Sequence<[UInt8]>) { for path in paths { insert(path) } }
    public mutating func subtract(_ other: PathSet) { keys.subtract(other.keys) }
    public func makeIterator() -> some IteratorProtocol<[UInt8]> { keys.lazy.map(\.path).makeIterator() }
}

/// What belongs to paths.
public struct PathMap<Value>: Sequence, ExpressibleByDictionaryLiteral {
    public typealias Element = (key: [UInt8], value: Value)

    @usableFromInline var table: [PathKey: Value] = [:]

    public init() {}
    public init(dictionaryLiteral pairs: ([UInt8], Value)...) {
        for (path, value) in pairs { table[PathKey(path)] = value }
    }

    public var isEmpty: Bool { table.isEmpty }
    public var count: Int { table.count }
    public var keys: some Sequence<[UInt8]> { table.keys.lazy.map(\.path) }
    public func makeIterator() -> some IteratorProtocol<Element> {
        table.lazy.map { (key: $0.key.path, value: $0.value) }.makeIterator()
    }
    public mutating func removeAll() { table.removeAll() }
    public var values: some Collection<Value> { table.values }
    public mutating func reserveCapacity(_ count: Int) { table.reserveCapacity(count) }
    @inlinable public subscript(path: [UInt8]) -> Value? {
        get { table[PathKey(path)] }
        _modify { yield &table[PathKey(path)] }
    }
    @inlinable public subscript(path: [UInt8], default value: @autoclosure () -> Value) -> Value {
        get { table[PathKey(path), default: value()] }
        _modify { yield &table[PathKey(path), default: value()] }
    }
}
extension PathMap: Sendable where Value: Sendable {}
