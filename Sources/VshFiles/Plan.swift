// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// What undoing one entry takes: the changes of its operations in effect.
struct Plan {
    struct Part {
        var operation: OperationID
        /// Nanoseconds since 1970.
        var ended: Int64
        var changes: [ChangeRecord]
        var results: [[UInt8]: ResultRecord]
    }

    /// The newest first.
    var parts: [Part] = []
    var isExpired = false
    /// Paths that change, in the order in which they were first touched.
    var paths: [[UInt8]] = []
    /// Paths that cannot be put back.
    var missing: [[UInt8]] = []

    mutating func add(_ other: Plan) {
        parts += other.parts
        parts.sort { $0.operation > $1.operation }
        paths += other.paths
        missing += other.missing
        isExpired = isExpired || other.isExpired
    }

    /// Only what concerns the paths and what is below them.
    func restricted(to scopes: [[UInt8]]) -> Plan {
        func isInside(_ path: [UInt8]) -> Bool { scopes.contains { isBelow(path, $0) } }
        var plan = Plan()
        plan.isExpired = isExpired
        for part in parts {
            var kept = part
            kept.changes = part.changes.filter { change in
                isInside(change.path) || change.kind == .moved && isInside(change.other)
                    || change.kind == .directoryTimes
                        && scopes.contains { isBelow($0, change.path) && parent(of: $0) == change.path }
            }
            plan.parts.append(kept)
        }
        plan.paths = paths.filter(isInside)
        plan.missing = missing.filter(isInside)
        return plan
    }
}

/// The directory part of an absolute path.
func parent(of path: [UInt8]) -> [UInt8] {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")), slash > 0 else { return [UInt8(ascii: "/")] }
    return Array(path[..<slash])
}

/// What happened to one path in an operation, for display.
public struct PathChange: Sendable {
    public enum Kind: Sendable {
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
}

extension UndoEngine {
    /// Gathers the changes of operations, given oldest first.
    func plan(_ operations: [OperationID]) throws(UndoError) -> Plan {
        var plan = Plan()
        var seen: Set<[UInt8]> = []
        for id in operations.reversed() {
            guard let operation = try operation(id) else { continue }
            let changes: [ChangeRecord]
            let results: [ResultRecord]
            do {
                changes = try log.changes(of: id)
                results = try log.results(of: id)
            } catch {
                throw .store(error)
            }
            plan.isExpired = plan.isExpired || operation.isExpired
            var table: [[UInt8]: ResultRecord] = [:]
            table.reserveCapacity(results.count)
            for result in results { table[result.path] = result }
            plan.parts.append(
                Plan.Part(operation: id, ended: operation.ended, changes: changes, results: table))
            for change in changes where change.kind != .directoryTimes {
                if seen.insert(change.path).inserted { plan.paths.append(change.path) }
                if change.kind == .moved, seen.insert(change.other).inserted { plan.paths.append(change.other) }
                if change.preimage == .missing { plan.missing.append(change.path) }
            }
        }
        return plan
    }
}

extension Plan {
    /// One line for each path: from its first state to its last.
    var changesByPath: [PathChange] {
        var order: [[UInt8]] = []
        var found: [[UInt8]: PathChange] = [:]
        for part in parts.reversed() {
            for change in part.changes where change.kind != .directoryTimes {
                let after = part.results[change.path]?.after ?? .absent
                if found[change.path] != nil {
                    found[change.path]!.after = after
                } else {
                    order.append(change.path)
                    found[change.path] = PathChange(
                        path: change.path, kind: .attributes, before: change.before, after: after, missing: .none)
                }
                if change.preimage == .missing { found[change.path]!.missing = change.reason }
                if change.kind == .moved {
                    if part.results[change.other]?.after.isSameObject(as: change.before) == true {
                        found[change.path]!.kind = .moved(change.other)
                    }
                    found[change.other]?.after = part.results[change.other]?.after ?? .absent
                }
                if change.kind == .content || change.kind == .appended || change.kind == .tail {
                    found[change.path]!.kind = .written
                }
            }
        }
        return order.compactMap { path in
            guard var change = found[path] else { return nil }
            switch (change.before.isAbsent, change.after.isAbsent) {
            case (true, true): return nil
            case (true, false): change.kind = .created
            case (false, true):
                if case .moved = change.kind { break }
                change.kind = .removed
            case (false, false):
                if !change.before.isSameObject(as: change.after) { change.kind = .replaced }
            }
            return change
        }
    }
}
