// SPDX-License-Identifier: MPL-2.0
import VshCore
import VshStore

/// What happened to one path in an operation, for display.
public struct PathChange: Sendable {
    public enum Kind: Equatable, Sendable {
        case created, removed, replaced, written, attributes
        /// To this path.
        case moved([UInt8])
    }

    public var path: [UInt8]
    public var kind: Kind
    public var before: NodeState
    public var after: NodeState
    /// Why it cannot be put back.
    public var missing: MissingReason
    /// It came or went together with the directory that it is in.
    public var isInside = false
    /// The same seen from the other side.
    var inverse: PathChange {
        var other = self
        swap(&other.before, &other.after)
        switch kind {
        case .created: other.kind = .removed
        case .removed: other.kind = .created
        case .moved(let path):
            other.path = path
            other.kind = .moved(self.path)
        default: break
        }
        return other
    }
}

extension Array where Element == PathChange {
    /// Changes as people count them: without what came or went with its directory.
    var roots: [PathChange] { filter { !$0.isInside } }
}

extension Plan {
    /// One line for each path: from its first state to its last.
    var changesByPath: [PathChange] {
        var order: [[UInt8]] = []
        var found: PathMap<PathChange> = [:]
        // Of which more may have changed than the states say.
        var altered: PathSet = []
        var moves: [(from: [UInt8], to: [UInt8], object: NodeState)] = []
        for part in parts.reversed() {
            let all = TouchedPaths(part.changes).all
            order.reserveCapacity(order.count + all.count)
            found.reserveCapacity(found.count + all.count)
            for touched in all where !touched.isSoft {
                let path = touched.path
                let after = part.results[path]?.after ?? .absent
                if found[path] != nil {
                    found[path]!.after = after
                } else {
                    order.append(path)
                    found[path] = PathChange(
                        path: path, kind: .attributes, before: touched.before, after: after, missing: .none)
                }
                if touched.missing != .none { found[path]!.missing = touched.missing }
                if touched.isWritten { found[path]!.kind = .written }
                if touched.isExact { altered.insert(path) }
            }
            for change in part.changes where change.kind == .moved {
                moves.append((change.path, change.other, change.before))
            }
        }
        let targets = renames(moves, &found)
        var changes = order.compactMap { path -> PathChange? in
            guard var change = found[path], !targets.contains(path) else { return nil }
            switch (change.before.isAbsent, change.after.isAbsent) {
            case (true, true): return nil
            case (true, false): change.kind = .created
            case (false, true):
                if case .moved = change.kind { break }
                change.kind = .removed
            case (false, false):
                if !change.before.isSameObject(as: change.after) {
                    change.kind = .replaced
                } else if change.kind == .attributes, !altered.contains(path), change.before.isLike(change.after) {
                    // It was away for a while.
                    return nil
                }
            }
            return change
        }
        // What came or went with its directory.
        var (came, went): (PathSet, PathSet) = ([], [])
        for change in changes {
            if change.kind == .created, change.after.isDirectory { came.insert(change.path) }
            if change.kind == .removed, change.before.isDirectory { went.insert(change.path) }
        }
        if came.isEmpty && went.isEmpty { return changes }
        for index in changes.indices {
            let around = parent(of: changes[index].path)
            switch changes[index].kind {
            case .created: changes[index].isInside = came.contains(around)
            case .removed: changes[index].isInside = went.contains(around)
            default: break
            }
        }
        return changes
    }

    /// Marks what was renamed; the new names, which are no changes of their own.
    private func renames(
        _ moves: [(from: [UInt8], to: [UInt8], object: NodeState)], _ found: inout PathMap<PathChange>
    ) -> PathSet {
        var targets: PathSet = []
        // Where each rename led in the end, from the last one back.
        var ends: [[UInt8]] = []
        var current: PathMap<[UInt8]> = [:]
        for move in moves.reversed() {
            let end = current[move.to] ?? move.to
            ends.append(end)
            current[move.to] = nil
            current[move.from] = end
        }
        for (move, end) in zip(moves, ends.reversed()) {
            guard let old = found[move.from], old.before.isSameObject(as: move.object), old.after.isAbsent else {
                continue
            }
            guard let new = found[end], new.after.isSameObject(as: move.object) else { continue }
            found[move.from]!.kind = .moved(end)
            if new.before.isAbsent { targets.insert(end) }
        }
        return targets
    }
}
