// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// What differs between two states of the files that some operations touched.
struct Differences {
    /// A path with what it was and what it is; of a rename both names.
    struct Pair {
        var oldPath: [UInt8]
        var newPath: [UInt8]
        var old: PastTree.Node?
        var new: PastTree.Node?
    }

    private let old: PastTree
    private let new: PastTree
    private(set) var pairs: [Pair] = []
    /// Paths of which mode, owner, times or attributes were set by themselves.
    private(set) var set: PathSet = []
    /// Hard links that were made, and of what.
    private(set) var linked: PathMap<[UInt8]> = [:]

    /// - Parameters:
    ///   - touched: operations whose paths are compared.
    init(_ engine: UndoEngine, from old: PastTree, to new: PastTree, touched: [OperationID]) throws(UndoError) {
        self.old = old
        self.new = new
        var paths: PathSet = []
        for id in touched {
            let changes = try engine.load { () throws(StoreError) in try engine.log.changes(of: id) }
            for change in changes where change.kind != .directoryTimes {
                paths.insert(change.path)
                if change.kind == .moved { paths.insert(change.other) }
                if change.kind == .attributes { set.insert(change.path) }
                if change.kind == .created, change.item == 0, !change.location.isEmpty {
                    linked[change.path] = change.location
                }
            }
        }
        match(paths)
    }

    /// Finds out what became of each path.
    private mutating func match(_ paths: PathSet) {
        var newNames: [InodeKey: [UInt8]] = [:]
        for path in paths {
            guard let node = new.node(at: path) else { continue }
            // Of several names one that is there before is no new one.
            let key = InodeKey(node.state)
            if newNames[key] == nil || old.node(at: path) == nil { newNames[key] = path }
        }
        var renamed: PathMap<[UInt8]> = [:]
        var cameFrom: PathMap<[UInt8]> = [:]
        for path in paths.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let node = old.node(at: path), let name = newNames[InodeKey(node.state)], name != path else {
                continue
            }
            if let still = new.node(at: path), InodeKey(still.state) == InodeKey(node.state) { continue }
            if cameFrom[name] != nil { continue }
            // It is there under its old name in a directory that was renamed as a whole.
            if mapped(path, renamed) == name { continue }
            renamed[path] = name
            cameFrom[name] = path
        }
        var seen: PathSet = []
        func add(_ oldPath: [UInt8], _ newPath: [UInt8], _ node: PastTree.Node?, _ newNode: PastTree.Node?) {
            if node == nil && newNode == nil { return }
            guard seen.insert(oldPath + [0] + newPath) else { return }
            pairs.append(Pair(oldPath: oldPath, newPath: newPath, old: node, new: newNode))
        }
        for path in paths {
            if let node = old.node(at: path) {
                let name = mapped(path, renamed)
                // Where it was something else stands that came from elsewhere.
                let isTaken = name == path && cameFrom[path] != nil
                add(path, name, node, isTaken ? nil : new.node(at: name))
            }
            if let node = new.node(at: path) {
                let name = mapped(path, cameFrom)
                add(name, path, old.node(at: name), node)
                if old.node(at: name) == nil { continue }
            }
        }
        pairs.removeAll { pair in
            // What came, seen once more under a name that something else had.
            pair.old != nil && pair.new != nil && pair.oldPath == pair.newPath && cameFrom[pair.newPath] != nil
        }
        pairs.sort { $0.newPath.lexicographicallyPrecedes($1.newPath) }
    }

    /// The path, or what it became with itself or a directory around it.
    private func mapped(_ path: [UInt8], _ names: PathMap<[UInt8]>) -> [UInt8] {
        if names.isEmpty { return path }
        var above = path
        while above.count > 1 {
            if let name = names[above] { return name + path[above.count...] }
            above = parent(of: above)
        }
        return path
    }

    /// Visits every difference; trees that came or went entry by entry.
    func forEach(_ body: (Pair) -> Void) {
        let oldPaths = Set(pairs.filter { $0.old != nil }.map(\.oldPath))
        let newPaths = Set(pairs.filter { $0.new != nil }.map(\.newPath))
        func visit(_ path: [UInt8], _ node: PastTree.Node, isOld: Bool) {
            body(
                Pair(oldPath: path, newPath: path, old: isOld ? node : nil, new: isOld ? nil : node))
            guard node.state.isDirectory else { return }
            let tree = isOld ? old : new
            for name in tree.names(in: node) {
                let child = path + [UInt8(ascii: "/")] + name
                if (isOld ? oldPaths : newPaths).contains(child) { continue }
                if let next = tree.child(name, of: node) { visit(child, next, isOld: isOld) }
            }
        }
        for pair in pairs {
            switch (pair.old, pair.new) {
            case (let node?, nil): visit(pair.oldPath, node, isOld: true)
            case (nil, let node?): visit(pair.newPath, node, isOld: false)
            case (let node?, let other?):
                if node.state.kind == other.state.kind {
                    body(pair)
                } else {
                    visit(pair.oldPath, node, isOld: true)
                    visit(pair.newPath, other, isOld: false)
                }
            case (nil, nil): break
            }
        }
    }
}
