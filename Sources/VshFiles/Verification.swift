// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// Compares what is there with what an operation left, before the operation is undone. The parts of a plan are checked
/// one after another, each when those after it have been undone.
final class Verification {
    private let engine: UndoEngine
    private let among: Set<OperationID>
    private let position: OperationID
    /// Later operations that are none for this purpose: others made up for them.
    private let ignored: Set<OperationID>
    private let newest: OperationID
    private let later: OperationLog.LaterResults?
    /// Places in the history of the entries that later operations belong to; nil: not in effect.
    private var positions: [OperationID: OperationID?] = [:]
    /// Everything that the operations recorded, under the names of that time.
    private var recorded: PathSet = []
    /// Paths that are not as they were left.
    private(set) var differing: PathSet = []
    /// Objects that were made again since.
    var aliases = Aliases()
    /// Files whose content or attributes are written back, of the part checked last.
    private var written: PathSet = []
    private var links = LeftLinks([])
    private lazy var store = PreimageStore(engine.state)
    /// Directories of the part checked last, and what their times are to be.
    private var times: PathMap<DirectoryTimes> = [:]
    /// The directory around the path that was looked at last. Nothing changes while a part is checked.
    private var around: (path: [UInt8], isGone: Bool) = ([], false)

    /// - Parameters:
    ///   - among: operations whose inverses belong together.
    ///   - position: the place of the plan's entry in the history. What a redo brought back from before that place is no
    ///     later operation. A part may have one of its own.
    ///   - ignored: later operations that are not to count as such.
    init(_ engine: UndoEngine, among: [OperationID], position: OperationID, ignored: [OperationID] = []) {
        self.engine = engine
        self.among = Set(among)
        self.position = position
        self.ignored = Set(ignored)
        newest = (try? engine.log.newestOperation()) ?? 0
        later = try? engine.log.laterResults()
    }

    /// The times that a directory is to get, or nil: they are left as they will be.
    /// - Parameter before: as it was before the change that is taken back.
    func times(of directory: [UInt8], before: NodeState) throws(UndoError) -> NodeState? {
        switch times[directory] ?? .before {
        case .before: return before
        case .standing(let operation): return try standing(directory, before, operation)
        case .kept(let state): return state
        case .left: return nil
        }
    }

    /// Paths of the part that are not as they should be.
    func check(_ part: Plan.Part) throws(UndoError) -> [Conflict] {
        var conflicts: [Conflict] = []
        var checked: PathSet = []
        checked.reserveCapacity(part.changes.count)
        recorded.reserveCapacity(recorded.count + part.changes.count)
        times = [:]
        around = ([], false)
        for change in part.changes where change.kind != .directoryTimes {
            recorded.insert(change.path)
            if change.kind == .moved { recorded.insert(change.other) }
        }
        links = LeftLinks(part.results.values)
        let names = PartNames(part.changes)
        let touched = TouchedPaths(part.changes)
        written = PathSet(touched.all.filter { ($0.isWritten || $0.isExact) && !$0.before.isAbsent }.map(\.path))
        for change in part.changes {
            if change.kind == .directoryTimes || change.kind == .attributes && change.before.isDirectory {
                try checkTimes(change.path, part)
                if change.kind == .directoryTimes { continue }
            }
            if checked.insert(change.path), let conflict = try check(change.path, part, names) {
                conflicts.append(conflict)
            }
            if change.kind == .moved, checked.insert(change.other),
                let conflict = try check(change.other, part, names)
            {
                conflicts.append(conflict)
            }
        }
        // What was changed through names that are gone again.
        for touched in touched.all where !touched.isSoft {
            if checked.insert(touched.path), let conflict = try check(touched.path, part, names) {
                conflicts.append(conflict)
            }
        }
        let inPlace: [ChangeKind] = [.content, .appended, .tail, .attributes]
        let own = Set(part.changes.filter { inPlace.contains($0.kind) }.map { InodeKey($0.before) })
        var made: OwnChanges?
        for (number, change) in part.changes.enumerated()
        where isChangedElsewhere(change) && !own.contains(InodeKey(change.before)) {
            // Of what the operation made itself no change is recorded.
            made = made ?? OwnChanges(part.changes)
            if made?.contains(number) ?? false { continue }
            conflicts.append(Conflict(path: change.path, reason: .changedElsewhere))
        }
        for conflict in conflicts { differing.insert(conflict.path) }
        return conflicts
    }

    /// What operations outside the plan left at a path between an operation of the plan and the next one of the plan
    /// that touched it, newest first.
    private func laterResults(_ path: [UInt8], _ part: Plan.Part) throws(UndoError) -> [(
        operation: OperationID, result: ResultRecord
    )] {
        guard newest > part.operation, let later else { return [] }
        let all: [(operation: OperationID, result: ResultRecord)]
        do {
            all = try later.find(path, after: part.operation)
        } catch {
            throw .store(error)
        }
        var found: [(operation: OperationID, result: ResultRecord)] = []
        for (operation, result) in all.reversed() {
            if among.contains(operation) { break }
            found.append((operation, result))
        }
        return found.reversed()
    }

    /// Whether a file that was removed, and is kept as a link, was changed since under another name.
    private func isChangedElsewhere(_ change: ChangeRecord) -> Bool {
        guard change.kind == .removed, change.preimage == .object, change.before.kind == .regular,
            change.before.links > 1,
            let status = try? FileStatus(store.path(change.item, location: change.location), follow: false)
        else { return false }
        let kept = NodeState(status)
        return kept.isSameObject(as: change.before) && !kept.isLike(change.before)
    }

    /// What the last operation that left anything at a path left there. (What went in a tree came back in it.)
    private func newestResult(_ path: [UInt8]) throws(UndoError) -> NodeState? {
        guard let later else { return nil }
        return try engine.load { () throws(StoreError) in
            try later.find(path, after: 0).first { !$0.result.after.isAbsent }?.result.after
        }
    }

    private func present(_ path: [UInt8]) throws(UndoError) -> NodeState {
        if links.isAround(path) { return .absent }
        do {
            if try isGone(directoryOf: path) { return .absent }
            return try FileStatus.look(path).map { NodeState($0) } ?? .absent
        } catch {
            throw .failed(path, error, isClean: true)
        }
    }

    /// Whether the directory of a path is not there: with a tree that was removed no name in it is looked for.
    private func isGone(directoryOf path: [UInt8]) throws(Errno) -> Bool {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")), slash > 0 else { return false }
        if around.path.elementsEqual(path[..<slash]) { return around.isGone }
        around.path = Array(path[..<slash])
        around.isGone = try FileStatus.look(around.path) == nil
        return around.isGone
    }

    private func checkTimes(_ path: [UInt8], _ part: Plan.Part) throws(UndoError) {
        if times[path] != nil { return }
        let later = try laterResults(path, part)
        let present = try present(path)
        if let own = part.results[path], let newest = later.first {
            noteAlias(own.after, newest.result.after, present)
        }
        let expected = later.first?.result ?? part.results[path]
        guard let expected, !expected.after.isAbsent else {
            times[path] = .before
            return
        }
        if present.modification != expected.after.modification {
            times[path] = .left
            return
        }
        for (operation, _) in later where !ignored.contains(operation) {
            if try isLater(operation, part.position ?? position) {
                times[path] = .kept(present)
                return
            }
        }
        times[path] = .standing(part.operation)
    }

    /// The times of a directory before an operation, as if all that is not in effect had never been.
    private func standing(_ path: [UInt8], _ before: NodeState, _ operation: OperationID) throws(UndoError) -> NodeState
    {
        var (state, earliest) = (before, operation)
        for _ in 0..<1000 {
            let found = try engine.load { () throws(StoreError) in
                try engine.log.directoryTimes(of: path, leftBefore: earliest)
            }
            guard let found, found.after.modification == state.modification, !among.contains(found.operation),
                try !engine.stands(found.operation, beside: operation)
            else { break }
            (state, earliest) = (found.before, found.operation)
        }
        return state
    }

    private func check(_ path: [UInt8], _ part: Plan.Part, _ names: PartNames) throws(UndoError) -> Conflict? {
        guard let own = part.results[path] else { return nil }
        let later = try laterResults(path, part)
        for (operation, result) in later where !result.isSoft && !ignored.contains(operation) {
            if try isLater(operation, part.position ?? position) {
                return Conflict(path: path, reason: .laterOperation(operation))
            }
        }
        let present = try present(path)
        // The same state, perhaps of an object that was made again.
        if let newest = later.first { noteAlias(own.after, newest.result.after, present) }
        var difference = aliases.current(own.after).difference(from: present)
        if difference == .replaced, Self.isMadeAgain(own.after, present) {
            aliases.add(own.after, is: present)
            difference = .none
        }
        switch difference {
        case .none: break
        case .timesOnly
        where present.kind == .regular && !own.digest.isEmpty
            && Results.digest(of: path, size: Int(present.size)) == own.digest:
            break
        default: return Conflict(path: path, reason: .changed(difference == .timesOnly ? .content : difference))
        }
        if present.kind == .regular, present.links > own.after.links, written.contains(path),
            present.links > own.after.links + store.links(to: present, near: parent(of: path))
        {
            return Conflict(path: path, reason: .linked)
        }
        if present.isDirectory { return try checkContents(of: path, present, part, names) }
        return nil
    }

    /// Whether what is there was made again, under a name that it had in the meantime, by an undo that put the times back too.
    /// (Files come back themselves, from the store.)
    private static func isMadeAgain(_ own: NodeState, _ present: NodeState) -> Bool {
        own.kind == present.kind && own.kind != .regular && own.modification == present.modification
            && (own.kind == .directory || own.size == present.size)
            && own.difference(from: present, sameObject: false) == .none
    }

    /// Operations that were taken back may have left another object that stands for the same.
    private func noteAlias(_ own: NodeState, _ later: NodeState, _ present: NodeState) {
        // Not when the later one is gone again, and what is there is the first one.
        if aliases.current(own).isSameObject(as: present) { return }
        if !own.isAbsent, !later.isAbsent, !own.isSameObject(as: later) { aliases.add(own, is: later) }
    }

    private func isLater(_ operation: OperationID, _ position: OperationID) throws(UndoError) -> Bool {
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
    private func checkContents(of path: [UInt8], _ present: NodeState, _ part: Plan.Part, _ names: PartNames)
        throws(UndoError) -> Conflict?
    {
        // Names at which the operation put something of its own.
        var made: PathSet = []
        let numbers = names.changes(of: path)
        // It only came along with a directory around it, whose contents are compared with it.
        guard let last = numbers.last else { return nil }
        let around = names.changes(around: path).map { (number: $0, change: part.changes[$0]) }
        if around.contains(where: { $0.number > last && $0.change.kind == .created && $0.change.preimage == .object }) {
            return nil
        }
        for change in numbers.map({ part.changes[$0] }) {
            if change.kind == .created {
                made.insert(change.path)
            } else if !made.contains(change.path), aliases.current(change.before).isSameObject(as: present) {
                // It was there before the operation, which only moved or changed it.
                return nil
            }
            // What comes after it is new, though no record says that it was made.
            if change.kind == .removed || change.kind == .moved { made.insert(change.path) }
            if change.kind == .created, change.preimage == .object {
                guard let changed = try changedInside(path, part, names) else { return nil }
                return Conflict(path: path, reason: .changedInside(changed))
            }
        }
        guard var reader = try? DirectoryReader(path + [0], follow: false) else { return nil }
        while let entry = try? reader.next() {
            if entry.isDot { continue }
            let child = path + [UInt8(ascii: "/")] + Array(entry.name)
            if !names.names(of: child).contains(where: { recorded.contains($0.path) }) {
                return Conflict(path: path, reason: .holds(Array(entry.name)))
            }
        }
        return nil
    }

    /// A place in a tree that changed after the tree was put there, other than by what was recorded.
    private func changedInside(_ path: [UInt8], _ part: Plan.Part, _ names: PartNames) throws(UndoError) -> [UInt8]? {
        guard var reader = try? DirectoryReader(path + [0], follow: false) else {
            return try isUntouched(path) ? nil : path
        }
        while let entry = try? reader.next() {
            if entry.isDot { continue }
            let child = path + [UInt8(ascii: "/")] + Array(entry.name)
            guard let status = try? FileStatus(entry.path, at: reader.descriptor, follow: false) else {
                return try isUntouched(path) ? nil : child
            }
            if status.changeTime.totalNanoseconds > part.ended,
                !names.names(of: child).contains(where: { recorded.contains($0.path) })
            {
                let state = NodeState(status)
                let known = try newestResult(child)
                let isKnown = known.map {
                    $0.difference(from: state) == .none && $0.modification == state.modification
                        || Self.isMadeAgain($0, state)
                }
                if isKnown != true { return child }
            }
            if status.isDirectory, let found = try changedInside(child, part, names) { return found }
        }
        return nil
    }
}

extension Verification {
    /// Whether the status of a directory into which the user may not look is as it was left: then nothing in it changed either.
    private func isUntouched(_ path: [UInt8]) throws(UndoError) -> Bool {
        guard let known = try newestResult(path), let status = try? FileStatus(path + [0], follow: false) else {
            return false
        }
        return known.change == NodeState(status).change && known.isSameObject(as: NodeState(status))
    }
}

/// What the times of a directory are to be after an undo.
private enum DirectoryTimes {
    /// Those that the record says.
    case before
    /// The same, but for what an operation left that is not in effect any more: the last change before this operation.
    case standing(OperationID)
    /// Those that a later operation, which stays in effect, gave it.
    case kept(NodeState)
    /// Another changed something in it.
    case left
}

/// Objects that undo made again, where it could not keep them: records know them by their first numbers.
struct Aliases {
    private var objects: [InodeKey: NodeState] = [:]

    mutating func add(_ old: NodeState, is new: NodeState) {
        let key = InodeKey(old)
        if key != InodeKey(new) { objects[key] = new }
    }

    /// The state with the numbers that the object has now.
    func current(_ state: NodeState) -> NodeState {
        if objects.isEmpty || state.isAbsent { return state }
        var state = state
        // As often as an object can have been made again in one history; a circle cannot arise, but must not hang.
        for _ in 0..<1000 {
            guard let new = objects[InodeKey(state)] else { break }
            state.inode = new.inode
            state.device = new.device
            state.birth = new.birth
        }
        return state
    }
}

/// Under which names the changes of a part are recorded.
private struct PartNames {
    private var renames = Renames()
    /// Numbers of the changes at each path. (Times are recorded of directories made here too, when they change again.)
    private var numbers: PathMap<[Int]> = [:]

    init(_ changes: [ChangeRecord]) {
        for (number, change) in changes.enumerated() where change.kind != .directoryTimes {
            numbers[change.path, default: []].append(number)
            if change.kind == .moved { renames.add(from: change.path, to: change.other, number: number) }
        }
    }

    func names(of path: [UInt8]) -> [Renames.Name] { renames.names(of: path) }

    /// The changes that were made at a path, under the name that it had then, in their order.
    func changes(of path: [UInt8]) -> [Int] {
        names(of: path).reversed().flatMap { name in (numbers[name.path] ?? []).filter(name.holds) }
    }

    /// The changes that were made at the directories around it.
    func changes(around path: [UInt8]) -> [Int] {
        var found: [Int] = []
        for name in names(of: path) {
            var above = parent(of: name.path)
            while above.count > 1 {
                found += (numbers[above] ?? []).filter(name.holds)
                above = parent(of: above)
            }
        }
        return found
    }
}
