// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// Compares what is there with what operations left, before anything is undone.
///
/// Plans are checked in the order in which they will be carried out; a path that a newer plan restores is not looked at
/// again for an older one, since it will then be as the older one left it.
struct Verification {
    private let engine: UndoEngine
    private let among: Set<OperationID>
    private let newest: OperationID
    private let later: OperationLog.LaterResults?
    /// Places in the history of the entries that later operations belong to; nil: not in effect.
    private var positions: [OperationID: OperationID?] = [:]
    private var position: OperationID = 0
    /// Paths that were looked at.
    private var checked: Set<[UInt8]> = []
    /// Everything that the operations recorded, under the names of that time.
    private var recorded: Set<[UInt8]> = []
    /// Paths that are not as they were left.
    private(set) var differing: Set<[UInt8]> = []
    /// Directories, and whether their times are as they were left.
    private var times: [[UInt8]: Bool] = [:]

    /// - Parameter among: operations whose inverses belong together.
    init(_ engine: UndoEngine, among: [OperationID]) {
        self.engine = engine
        self.among = Set(among)
        newest = (try? engine.log.newestOperation()) ?? 0
        later = try? engine.log.laterResults()
    }

    /// Whether the times of a directory may be put back.
    func mayRestoreTimes(of directory: [UInt8]) -> Bool { times[directory] ?? true }

    /// Paths of the plan that are not as they should be.
    /// - Parameter position: the place of the plan's entry in the history. What a redo brought back from before that
    ///   place is no later operation.
    mutating func check(_ plan: Plan, position: OperationID) throws(UndoError) -> [Conflict] {
        self.position = position
        var conflicts: [Conflict] = []
        for part in plan.parts {
            for change in part.changes where change.kind != .directoryTimes {
                recorded.insert(change.path)
                if change.kind == .moved { recorded.insert(change.other) }
            }
            let moves = Moves(part.changes)
            for change in part.changes {
                if change.kind == .directoryTimes {
                    try checkTimes(change.path, part)
                    continue
                }
                if let conflict = try check(change.path, part, moves) { conflicts.append(conflict) }
                if change.kind == .moved, let conflict = try check(change.other, part, moves) {
                    conflicts.append(conflict)
                }
            }
        }
        for conflict in conflicts { differing.insert(conflict.path) }
        return conflicts
    }

    /// What later operations outside the plan left at a path, newest first.
    private func laterResults(_ path: [UInt8], _ part: Plan.Part) throws(UndoError) -> [(
        operation: OperationID, result: ResultRecord
    )] {
        guard newest > part.operation, let later else { return [] }
        do {
            return try later.find(path, after: part.operation).filter { !among.contains($0.operation) }
        } catch {
            throw .store(error)
        }
    }

    private static func present(_ path: [UInt8]) -> NodeState {
        (path + [0]).withPath { path in (try? FileStatus(path, follow: false)).map { NodeState($0) } ?? .absent }
    }

    private mutating func checkTimes(_ path: [UInt8], _ part: Plan.Part) throws(UndoError) {
        if times[path] != nil { return }
        let expected = try laterResults(path, part).first?.result ?? part.results[path]
        guard let expected, !expected.after.isAbsent else {
            times[path] = true
            return
        }
        times[path] = Self.present(path).modification == expected.after.modification
    }

    private mutating func check(_ path: [UInt8], _ part: Plan.Part, _ moves: Moves) throws(UndoError) -> Conflict? {
        guard checked.insert(path).inserted, let own = part.results[path] else { return nil }
        var expected = own
        let later = try laterResults(path, part)
        for (operation, result) in later where !result.isSoft {
            if try isLater(operation) { return Conflict(path: path, reason: .laterOperation(operation)) }
        }
        if let newest = later.first {
            // Operations that were taken back: the object may be a new one, but all else is as it was.
            let difference = own.after.difference(from: newest.result.after, sameObject: false)
            if difference != .none, !(difference == .timesOnly && own.after.isDirectory) {
                return Conflict(path: path, reason: .changed(difference))
            }
            expected.after = newest.result.after
        }
        let present = Self.present(path)
        let difference = expected.after.difference(from: present)
        switch difference {
        case .none: break
        case .timesOnly
        where present.kind == .regular && !own.digest.isEmpty
            && Results.digest(of: path, size: Int(present.size)) == own.digest:
            break
        default: return Conflict(path: path, reason: .changed(difference == .timesOnly ? .content : difference))
        }
        if present.isDirectory { return try checkContents(of: path, present, part, moves) }
        return nil
    }

    private mutating func isLater(_ operation: OperationID) throws(UndoError) -> Bool {
        let found: OperationID?
        if let known = positions[operation] {
            found = known
        } else {
            found = try engine.entryInEffect(operation)?.position
            positions[operation] = .some(found)
        }
        return found.map { $0 > position } ?? false
    }

    /// A directory that the operation made, and that undo will take away, may hold only what the operation made too.
    private func checkContents(of path: [UInt8], _ present: NodeState, _ part: Plan.Part, _ moves: Moves)
        throws(UndoError) -> Conflict?
    {
        let origin = moves.origin(of: path)
        for change in part.changes where change.path == origin || change.path == path {
            if change.before.isSameObject(as: present) { return nil }
            if change.kind == .created, change.preimage == .object {
                guard let changed = try changedInside(path, part) else { return nil }
                return Conflict(path: path, reason: .changedInside(changed))
            }
        }
        guard var reader = try? DirectoryReader(path + [0], follow: false) else { return nil }
        while let entry = try? reader.next() {
            if entry.isDot { continue }
            let child = path + [UInt8(ascii: "/")] + Array(entry.name)
            if !moves.names(of: child).contains(where: { recorded.contains($0) }) {
                return Conflict(path: path, reason: .holds(Array(entry.name)))
            }
        }
        return nil
    }

    /// A place in a tree that changed after the tree was put there, other than by what was recorded.
    private func changedInside(_ path: [UInt8], _ part: Plan.Part) throws(UndoError) -> [UInt8]? {
        guard var reader = try? DirectoryReader(path + [0], follow: false) else { return path }
        while let entry = try? reader.next() {
            if entry.isDot { continue }
            let child = path + [UInt8(ascii: "/")] + Array(entry.name)
            guard let status = try? FileStatus(entry.path, at: reader.descriptor, follow: false) else { return child }
            if status.changeTime.totalNanoseconds > part.ended, !recorded.contains(child) {
                let state = NodeState(status)
                let known = try laterResults(child, part).first?.result.after
                if known?.difference(from: state) != Difference.none || known?.modification != state.modification {
                    return child
                }
            }
            if status.isDirectory, let found = try changedInside(child, part) { return found }
        }
        return nil
    }
}

/// The renames of an operation, to find under which names a path was known in it.
struct Moves {
    private var moves: [(from: [UInt8], to: [UInt8])] = []

    init(_ changes: [ChangeRecord]) {
        for change in changes where change.kind == .moved { moves.append((change.path, change.other)) }
    }

    /// The path, and what it was called before each rename that took it along.
    func names(of path: [UInt8]) -> [[UInt8]] {
        var names = [path]
        var path = path
        for (from, to) in moves.reversed() where isBelow(path, to) {
            path = from + path[to.count...]
            names.append(path)
        }
        return names
    }

    func origin(of path: [UInt8]) -> [UInt8] { moves.isEmpty ? path : names(of: path).last ?? path }
}
