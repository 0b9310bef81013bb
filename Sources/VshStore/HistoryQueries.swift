// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// Questions about the history as a whole.
extension OperationLog {
    /// Every change of an entry's state, in the order in which they happened.
    /// - Parameter session: only of entries of this session.
    public func stateEvents(session: UInt64?) throws(StoreError) -> [StateEvent] {
        let query = try database.prepare(
            """
            SELECT s.entry, o.transaction_id, s.state, s.event FROM states s JOIN operations o ON o.id = s.entry
            WHERE ?1 = 0 OR o.session = ?1 ORDER BY s.event, s.number
            """
        ).bind(session ?? 0)
        var found: [StateEvent] = []
        while try query.step() {
            found.append(
                StateEvent(
                    entry: query.number(0), transaction: query.number(1),
                    state: Entry.State(rawValue: UInt8(truncatingIfNeeded: query.int(2))), event: query.number(3)))
        }
        return found
    }

    /// A point of the history with a name.
    public struct Checkpoint: Sendable {
        public var id: OperationID
        public var session: UInt64
        public var transaction: OperationID
        /// Nanoseconds since 1970.
        public var time: Int64
        public var name: [UInt8]
    }

    /// Checkpoints, newest first.
    /// - Parameter name: only those with this name.
    public func checkpoints(named name: [UInt8]? = nil) throws(StoreError) -> [Checkpoint] {
        let query = try database.prepare(
            """
            SELECT id, session, transaction_id, began, command FROM operations
            WHERE kind = 9 AND (?1 = 0 OR command = ?2) ORDER BY id DESC
            """
        ).bind(Int64(name == nil ? 0 : 1)).bind(name ?? [])
        var found: [Checkpoint] = []
        while try query.step() {
            found.append(
                Checkpoint(
                    id: query.number(0), session: query.number(1), transaction: query.number(2), time: query.int(3),
                    name: query.bytes(4)))
        }
        return found
    }

    /// Operations with numbers above `operation` that changed something, the newest first.
    public func changing(after operation: OperationID) throws(StoreError) -> [OperationID] {
        let query = try database.prepare(
            "SELECT DISTINCT operation FROM changes WHERE operation > ?1 ORDER BY operation DESC"
        ).bind(operation)
        return try all(query)
    }

    /// Operations with numbers above `operation` that left a state at a path (not just new times of a directory).
    public func operations(at path: [UInt8], after operation: OperationID) throws(StoreError) -> [OperationID] {
        let query = try database.prepare(
            "SELECT operation FROM results WHERE path = ?1 AND operation > ?2 AND soft = 0"
        ).bind(path).bind(operation)
        return try all(query)
    }

    /// The same of what is below a path.
    public func operations(below path: [UInt8], after operation: OperationID) throws(StoreError) -> [OperationID] {
        let query = try database.prepare(
            """
            SELECT DISTINCT operation FROM results
            WHERE path > ?1 AND path < ?2 AND operation > ?3 AND soft = 0
            """)
        let slash = UInt8(ascii: "/")
        query.bind(path == [slash] ? path : path + [slash]).bind(path == [slash] ? [slash + 1] : path + [slash + 1])
        return try all(query.bind(operation))
    }

    /// The newest operation with a number below `operation` that changed the times of a directory which was there: what they were before
    /// and after it. One that put another there first says nothing of this one, though that may have got the same times (`cp -a`).
    public func directoryTimes(of path: [UInt8], leftBefore operation: OperationID) throws(StoreError) -> (
        operation: OperationID, before: NodeState, after: NodeState
    )? {
        let result = try database.prepare(
            "SELECT operation, after FROM results WHERE path = ?1 AND operation < ?2 ORDER BY operation DESC LIMIT 1"
        ).bind(path).bind(operation)
        guard try result.step() else { return nil }
        let found = result.number(0)
        let change = try database.prepare(
            """
            SELECT before, kind FROM changes WHERE operation = ?1 AND (path = ?2 OR kind = 3 AND other = ?2)
              ORDER BY number LIMIT 1
            """
        ).bind(found).bind(path)
        guard let after = NodeState(encoded: result.bytes(1)), try change.step(), [6, 7].contains(change.int(1)),
            let before = NodeState(encoded: change.bytes(0))
        else { return nil }
        return (found, before, after)
    }

    /// The newest operation that began at or before a time (nanoseconds since 1970), or 0.
    public func newest(before time: Int64) throws(StoreError) -> OperationID {
        // Numbers grow with the time of begin: a binary search over them needs no index.
        let query = try database.prepare("SELECT began FROM operations WHERE id >= ?1 ORDER BY id LIMIT 1")
        let last = try highestNumbers().operation
        var (low, high) = (OperationID(0), last + 1)
        while low + 1 < high {
            let middle = (low + high) / 2
            query.bind(middle)
            let began = try query.step() ? query.int(0) : Int64.max
            query.reset()
            if began <= time { low = middle } else { high = middle }
        }
        return low
    }

    private func all(_ query: Statement) throws(StoreError) -> [OperationID] {
        var found: [OperationID] = []
        while try query.step() { found.append(query.number(0)) }
        return found
    }
}
