// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// Undoing single paths, and finding out what rests on an operation.
extension UndoEngine {
    /// Undoes what the newest operation in effect did to each path, or below it. Done again, it goes one operation
    /// further back.
    /// - Parameter paths: as the user gave them, relative to the working directory.
    public func undo(paths: [[UInt8]], policy: ConflictPolicy = .refuse, dryRun: Bool = false) throws(UndoError)
        -> UndoReport
    {
        var scopes: [[UInt8]] = []
        for path in paths {
            guard let scope = absolute(path) else { throw .untouched(path) }
            scopes.append(scope)
        }
        var report = UndoReport()
        report.isDryRun = dryRun
        var chosen: [(operation: LoggedOperation, scopes: [[UInt8]], single: PathSet)] = []
        var ignored: [OperationID] = []
        for (path, scope) in zip(paths, scopes) {
            guard let found = try newest(touching: scope), let operation = try operation(found.operation) else {
                if let directory = try removed(around: scope) { throw .wentWith(path, directory) }
                let touched = try load { () throws(StoreError) in try log.operations(at: scope, after: 0) }
                throw touched.isEmpty ? .untouched(path) : .nothingLeft(path)
            }
            ignored += found.passed
            let index: Int
            if let known = chosen.firstIndex(where: { $0.operation.id == operation.id }) {
                index = known
            } else {
                index = chosen.count
                chosen.append((operation, [], []))
            }
            if found.passed.isEmpty {
                chosen[index].scopes.append(scope)
            } else {
                chosen[index].single.formUnion(found.paths)
            }
        }
        var plan = Plan()
        for choice in chosen {
            let whole = try self.plan([choice.operation.id])
            if whole.isExpired { throw .expired(choice.operation.id) }
            let part = whole.restricted(to: choice.scopes, and: choice.single)
            var summary = summary(choice.operation, part)
            let total = whole.changesByPath.roots.count
            if total > summary.changes { summary.total = total }
            report.entries.append(summary)
            plan.add(part)
        }
        let newest = chosen.reduce(0) { max($0, $1.operation.id) }
        report.lost = plan.missing
        let verification = Verification(
            self, among: chosen.map(\.operation.id), position: newest, ignored: ignored)
        if dryRun {
            if let part = plan.parts.first { report.conflicts = try verification.check(part) }
            if policy == .refuse, !report.conflicts.isEmpty, let first = report.entries.first {
                throw .conflicts(report.conflicts, first)
            }
            return report
        }
        var text = Array("undo".utf8)
        for path in paths { text += [32] + path }
        report.conflicts = try named(report.entries.first) { () throws(UndoError) in
            try execute(plan, .undoPaths, target: newest, verification, policy, command: text)
        }
        try importOwn()
        return report
    }

    /// The absolute path of a name, also when the directories that it is in are gone.
    func absolute(_ path: [UInt8]) -> [UInt8]? {
        let isFound = (path + [0]).withPath {
            files.locate($0, nil, files.first) || files.locateObject($0, nil, files.first)
        }
        if isFound { return files.first.array }
        let slash = UInt8(ascii: "/")
        guard let end = path.lastIndex(where: { $0 != slash }) else { return nil }
        let name = path[...end]
        guard let cut = name.lastIndex(of: slash), cut > 0 else { return nil }
        let last = Array(name[(cut + 1)...])
        if last == Array(".".utf8) || last == Array("..".utf8) { return nil }
        return absolute(Array(name[..<cut])).map { $0 + [slash] + last }
    }

    /// A directory around a path that an operation in effect took away.
    private func removed(around path: [UInt8]) throws(UndoError) -> [UInt8]? {
        var directory = parent(of: path)
        while directory.count > 1 {
            if (try? FileStatus(directory, follow: false)) != nil { return nil }
            let found = try load { () throws(StoreError) in try log.operations(at: directory, after: 0) }
            if !found.isEmpty { return directory }
            directory = parent(of: directory)
        }
        return nil
    }

    /// The newest operation in effect of which something is left at a path or below it.
    private func newest(touching scope: [UInt8]) throws(UndoError) -> (
        operation: OperationID, paths: [[UInt8]], passed: [OperationID]
    )? {
        let candidates = try load { () throws(StoreError) in try log.operations(touching: scope) }
        var touches: [PathTouches] = []
        for id in candidates {
            guard try entryInEffect(id) != nil, let kind = try operation(id)?.kind else { continue }
            let results = try load { () throws(StoreError) in try log.results(of: id) }
            let paths = results.filter { !$0.isSoft && isBelow($0.path, scope) }.map(\.path)
            touches.append(PathTouches(operation: id, takesBack: kind == .undoPaths, paths: paths))
            // Mostly the first one is it.
            if let found = PathHistory.newest(touches) { return found }
        }
        return nil
    }

    /// Gives a conflict the entry that it is about.
    func named<R>(_ summary: EntrySummary?, _ body: () throws(UndoError) -> R) throws(UndoError) -> R {
        do {
            return try body()
        } catch {
            if case .differing(let conflicts) = error, let summary { throw .conflicts(conflicts, summary) }
            throw error
        }
    }

    // MARK: Dependents

    /// Entries in effect that came later and rest on an entry, directly or through others; the newest first.
    func dependents(of entry: Entry) throws(UndoError) -> [Dependent] {
        var touches: [OperationID: [Touch]] = [:]
        var indexes: [OperationID: TouchIndex] = [:]
        func known(_ entry: Entry) throws(UndoError) -> [Touch] {
            if let known = touches[entry.id] { return known }
            var found: [Touch] = []
            for change in try plan(entry.effective).changesByPath {
                let isName = change.kind != .written && change.kind != .attributes
                found.append(Touch(change.path, changesName: isName))
                if case .moved(let other) = change.kind { found.append(Touch(other, changesName: true)) }
            }
            touches[entry.id] = found
            return found
        }
        var paths: [OperationID: [[UInt8]]] = [:]
        var entries: [OperationID: Entry] = [entry.id: entry]
        func direct(_ id: OperationID) throws(UndoError) -> [OperationID] {
            guard let earlier = entries[id] else { return [] }
            let own = try known(earlier)
            let index = indexes[id] ?? TouchIndex(own)
            indexes[id] = index
            let from = earlier.effective.max() ?? earlier.id
            var found: [OperationID] = []
            for candidate in try candidates(own, after: from) {
                guard let later = try entryInEffect(candidate), later.id != id, later.position > earlier.position
                else { continue }
                if entries[later.id] == nil { entries[later.id] = later }
                let shown = try known(later).filter { index.carries($0) }
                if shown.isEmpty { continue }
                if id == entry.id { paths[later.id] = shown.map(\.path) }
                found.append(later.id)
            }
            return found
        }
        let all = try Dependency.closure(of: entry.id, direct: direct)
        var dependents: [Dependent] = []
        for id in all {
            guard let operation = try operation(id) else { continue }
            dependents.append(Dependent(operation: operation, paths: paths[id] ?? []))
        }
        return dependents
    }

    /// Operations that may rest on what was touched.
    private func candidates(_ touches: [Touch], after operation: OperationID) throws(UndoError) -> Set<OperationID> {
        var found: Set<OperationID> = []
        var around: PathSet = []
        let named = Set(touches.filter(\.changesName).map(\.path))
        try load { () throws(StoreError) in
            for touch in touches {
                found.formUnion(try log.operations(at: touch.path, after: operation))
                let directory = parent(of: touch.path)
                // What is below a directory that is in the list itself is found with it.
                if touch.changesName, !named.contains(directory) {
                    found.formUnion(try log.operations(below: touch.path, after: operation))
                }
                var above = directory
                while around.insert(above), above.count > 1 { above = parent(of: above) }
            }
            for directory in around where !named.contains(directory) {
                found.formUnion(try log.operations(at: directory, after: operation))
            }
        }
        return found
    }
}
