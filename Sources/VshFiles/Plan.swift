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
        var results: PathMap<ResultRecord>
        /// Of its entry in the history, where that differs from part to part (`restore`).
        var position: OperationID?
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

    /// Puts the parts of another plan behind these, to be carried out after them.
    mutating func append(_ other: Plan, position: OperationID) {
        for var part in other.parts {
            part.position = position
            parts.append(part)
        }
        paths += other.paths
        missing += other.missing
        isExpired = isExpired || other.isExpired
    }

    /// Only what concerns the paths and what is below them, and single other paths.
    func restricted(to scopes: [[UInt8]], and single: PathSet = []) -> Plan {
        func isInside(_ path: [UInt8]) -> Bool { single.contains(path) || scopes.contains { isBelow(path, $0) } }
        let directories = Set(single.map { parent(of: $0) }).union(scopes.map { parent(of: $0) })
        var plan = Plan()
        plan.isExpired = isExpired
        for part in parts {
            var kept = part
            let subjects = TouchedPaths(part.changes).subjects
            kept.changes = zip(part.changes, subjects).compactMap { change, subject in
                if isInside(change.path) || change.kind == .moved && isInside(change.other)
                    || change.kind == .directoryTimes && directories.contains(change.path)
                    // Directories that went too, and have to be there again.
                    || change.kind == .removed && change.before.isDirectory && change.preimage == .inRecord
                        && (directories.contains(change.path) || scopes.contains { isBelow($0, change.path) })
                {
                    return change
                }
                // It had another name in the meantime, or the directory around it.
                guard change.kind != .directoryTimes, isInside(subject.path) else { return nil }
                var change = change
                if let now = subject.now { (change.path, change.other) = now }
                return change
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

extension UndoEngine {
    /// Gathers the changes of operations, given oldest first.
    func plan(_ operations: [OperationID]) throws(UndoError) -> Plan {
        var plan = Plan()
        var seen: PathSet = []
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
            var table: PathMap<ResultRecord> = [:]
            table.reserveCapacity(results.count)
            for result in results { table[result.path] = result }
            plan.parts.append(
                Plan.Part(operation: id, ended: operation.ended, changes: changes, results: table))
            seen.reserveCapacity(seen.count + changes.count)
            for change in changes where change.kind != .directoryTimes {
                if seen.insert(change.path) { plan.paths.append(change.path) }
                if change.kind == .moved, seen.insert(change.other) { plan.paths.append(change.other) }
                if change.preimage == .missing { plan.missing.append(change.path) }
            }
        }
        return plan
    }
}
