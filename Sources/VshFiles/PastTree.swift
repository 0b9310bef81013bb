// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// Files as they were at a point of the past, seen through the log. Nothing on disk is changed: the records of all later
/// operations are taken back in memory, over what is there now and what the store keeps.
final class PastTree {
    /// Where the content of a regular file is.
    indirect enum Content {
        /// In a file: the path, without NUL.
        case file([UInt8])
        case bytes([UInt8])
        /// The first bytes of another content.
        case prefix(Content, UInt64)
        /// The first bytes of one, then another.
        case joined(Content, UInt64, Content)
        /// It was not kept.
        case unknown
    }

    final class Node {
        var state: NodeState
        var content: Content
        /// Extended attributes as in a record; empty: those of what lies at `source`.
        var attributes: [UInt8] = []
        /// Of a symbolic link.
        var target: [UInt8] = []
        /// Entries that are known; nil: there is none of that name.
        var entries: PathMap<Node?> = [:]
        /// Where the object lies, when it does: path without NUL.
        let source: [UInt8]?

        init(_ state: NodeState, content: Content, source: [UInt8]? = nil) {
            self.state = state
            self.content = content
            self.source = source
        }
    }

    private struct Item: Hashable {
        var number: UInt64
        var location: [UInt8]
    }

    private let engine: UndoEngine
    private let root: Node
    /// Files with several names are one node.
    private var objects: [InodeKey: Node] = [:]
    /// Objects that later came out of store items, or that are nowhere at that time.
    private var items: [Item: Node] = [:]
    private var gone: [InodeKey: Node] = [:]

    /// - Parameter operation: the state right after it; nil: the present.
    init(_ engine: UndoEngine, after operation: OperationID?) throws(UndoError) {
        self.engine = engine
        var state = NodeState()
        state.mode = 0o040755
        root = Node(state, content: .unknown, source: [UInt8(ascii: "/")])
        guard let operation else { return }
        let later = try engine.load { () throws(StoreError) in try engine.log.changing(after: operation) }
        for id in later {
            let changes = try engine.load { () throws(StoreError) in try engine.log.changes(of: id) }
            let results = try engine.load { () throws(StoreError) in try engine.log.results(of: id) }
            for result in results where !result.isSoft { compare(result) }
            for change in changes.reversed() { takeBack(change) }
        }
    }

    // MARK: Looking

    /// What was at an absolute path; nil: nothing.
    func node(at path: [UInt8]) -> Node? {
        var node = root
        for name in path.split(separator: UInt8(ascii: "/")) {
            guard let next = entry(Array(name), in: node) else { return nil }
            node = next
        }
        return node
    }

    private func entry(_ name: [UInt8], in node: Node) -> Node? {
        if let known = node.entries[name] { return known }
        guard node.state.isDirectory, let source = node.source else { return nil }
        let path = source.count == 1 ? source + name : source + [UInt8(ascii: "/")] + name
        let found = lookUp(path)
        node.entries[name] = .some(found)
        return found
    }

    /// The node of what lies at a real path.
    private func lookUp(_ path: [UInt8]) -> Node? {
        guard let status = try? FileStatus(path, follow: false) else { return nil }
        let state = NodeState(status)
        let isShared = state.kind == .regular && state.links > 1
        if isShared, let known = objects[InodeKey(state)] { return known }
        let node = Node(state, content: .file(path), source: path)
        if status.isSymbolicLink { node.target = (try? System.readLink(path)) ?? [] }
        if isShared { objects[InodeKey(state)] = node }
        return node
    }

    /// Names in a directory, sorted.
    func names(in node: Node) -> [[UInt8]] {
        var names = Set(node.entries.compactMap { $0.value == nil ? nil : $0.key })
        if let source = node.source, node.state.isDirectory,
            var reader = try? DirectoryReader(source + [0], follow: false)
        {
            while let next = try? reader.next() {
                let name = Array(next.name)
                if !next.isDot, node.entries[name] == nil { names.insert(name) }
            }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    func child(_ name: [UInt8], of node: Node) -> Node? { entry(name, in: node) }

    /// The bytes of a regular file; nil when they were not kept or cannot be read.
    static func bytes(_ content: Content, limit: Int = 1 << 26) -> [UInt8]? {
        switch content {
        case .file(let path):
            guard let fd = try? FileDescriptor(path + [0], [.readOnly, .noFollow, .nonBlocking]) else { return nil }
            return try? fd.readAll(limit: limit)
        case .bytes(let bytes): return bytes
        case .prefix(let whole, let count):
            guard let bytes = bytes(whole, limit: limit) else { return nil }
            return Array(bytes.prefix(Int(count)))
        case .joined(let head, let count, let tail):
            guard let first = bytes(head, limit: limit), let rest = bytes(tail, limit: limit) else { return nil }
            return Array(first.prefix(Int(count))) + rest
        case .unknown: return nil
        }
    }

    /// Extended attributes, as a record has them.
    static func attributes(_ node: Node) -> [UInt8] {
        if !node.attributes.isEmpty { return node.attributes }
        guard let source = node.source else { return [] }
        return (source + [0]).withPath { AttributeList.read(.path($0, follow: false)) }
    }

    // MARK: Taking back

    private func put(_ node: Node?, at path: [UInt8]) {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return }
        let directory = slash == 0 ? root : self.node(at: Array(path[..<slash]))
        directory?.entries[Array(path[(slash + 1)...])] = .some(node)
    }

    /// Where others changed what an operation left, it is only known what it was like.
    private func compare(_ result: ResultRecord) {
        let present = node(at: result.path)
        if let present, present.state.kind == result.after.kind {
            present.state.mode = result.after.mode
            present.state.owner = result.after.owner
            present.state.group = result.after.group
        }
        switch result.after.difference(from: present?.state ?? .absent, sameObject: false) {
        case .none: return
        case .timesOnly:
            if let present, !result.digest.isEmpty, let bytes = Self.bytes(present.content),
                SHA256.digest(bytes) == result.digest
            {
                present.state.modification = result.after.modification
                return
            }
        default: break
        }
        if result.after.isAbsent { return put(nil, at: result.path) }
        if result.after.isDirectory, present?.state.isDirectory ?? false { return }
        put(Node(result.after, content: .unknown), at: result.path)
    }

    private func takeBack(_ change: ChangeRecord) {
        let present = node(at: change.path)
        switch change.kind {
        case .created:
            if let present {
                gone[InodeKey(present.state)] = present
                if change.item != 0 { items[Item(number: change.item, location: change.location)] = present }
            }
            put(nil, at: change.path)
        case .removed:
            if let present, present.state.isSameObject(as: change.before) { return }
            put(removed(change), at: change.path)
        case .moved:
            guard let moved = node(at: change.other) else { return }
            put(nil, at: change.other)
            put(moved, at: change.path)
        case .content:
            guard let present else { return }
            present.content = kept(change)
            setAttributes(present, change)
        case .appended:
            guard let present else { return }
            present.content = .prefix(present.content, change.before.size)
            setAttributes(present, change)
        case .tail:
            guard let present, let start = UInt64(String(decoding: change.other, as: UTF8.self)) else { return }
            present.content = .joined(present.content, start, kept(change))
            setAttributes(present, change)
        case .attributes:
            if let present { setAttributes(present, change, sizeToo: false) }
        case .directoryTimes:
            present?.state.modification = change.before.modification
            present?.state.access = change.before.access
        }
    }

    private func setAttributes(_ node: Node, _ change: ChangeRecord, sizeToo: Bool = true) {
        let size = node.state.size
        node.state = change.before
        if !sizeToo { node.state.size = size }
        if !change.attributes.isEmpty { node.attributes = change.attributes }
    }

    /// The content that a record keeps.
    private func kept(_ change: ChangeRecord) -> Content {
        switch change.preimage {
        case .inRecord: return .bytes(change.content)
        case .missing: return .unknown
        case .object, .copy:
            let path = PreimageStore(engine.state).path(change.item, location: change.location)
            return (try? FileStatus(path, follow: false)) == nil ? .unknown : .file(path)
        }
    }

    private func removed(_ change: ChangeRecord) -> Node {
        if change.preimage == .object {
            if let known = items.removeValue(forKey: Item(number: change.item, location: change.location)) {
                return known
            }
            let path = PreimageStore(engine.state).path(change.item, location: change.location)
            if let found = lookUp(path) {
                found.state = change.before
                return found
            }
        }
        if let known = gone[InodeKey(change.before)] { return known }
        if change.preimage == .inRecord, !change.location.isEmpty, let other = node(at: change.location) {
            return other
        }
        let node = Node(change.before, content: .unknown)
        node.attributes = change.attributes
        if change.before.kind == .regular, change.preimage != .object { node.content = kept(change) }
        if change.before.kind == .symbolicLink { node.target = change.other }
        return node
    }
}
