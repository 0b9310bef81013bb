// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

extension UndoEngine {
    /// Nothing of a plan is done when a part of it lies outside the sandbox: made with another root, or with none.
    private func refuseOutside(_ plan: Plan) throws(UndoError) {
        guard let sandbox = files.sandbox else { return }
        for part in plan.parts {
            for change in part.changes where change.kind != .directoryTimes {
                for place in change.kind == .moved ? [change.path, change.other] : [change.path]
                where !sandbox.allows(place) {
                    _ = files.refuse(place, "undo")
                    throw .outsideSandbox(place)
                }
            }
        }
    }

    /// Carries a plan out, as an operation of its own: part after part is compared with what is there, then taken back.
    /// When a part is not as it was left, or a step fails, what was done goes back.
    /// - Parameters:
    ///   - target: the entry that this is about, or 0.
    ///   - verification: nil: whatever is there.
    ///   - text: what the log is to show, when it is not the usual.
    /// - Returns: paths that were not as they were left, under a policy that goes on.
    func execute(
        _ plan: Plan, _ kind: OperationKind, target: OperationID, _ verification: Verification?,
        _ policy: ConflictPolicy, command text: [UInt8]? = nil
    ) throws(UndoError) -> [Conflict] {
        var conflicts: [Conflict] = []
        // The newest part before anything is begun: mostly it is the only one.
        if let verification, let part = plan.parts.first {
            conflicts = try verification.check(part)
            if !conflicts.isEmpty, policy == .refuse { throw .differing(conflicts) }
        }
        let command: String
        switch kind {
        case .redo: command = "redo @\(target)"
        case .rollback: command = "rollback @\(target)"
        case .repair: command = "repair @\(target)"
        default: command = target == 0 ? "undo" : "undo @\(target)"
        }
        try refuseOutside(plan)
        recorder.describe(kind: kind, command: text ?? Array(command.utf8), targets: target == 0 ? [] : [target])
        let limits = recorder.limits
        recorder.limits = .none
        files.isStrict = true
        defer {
            files.isStrict = false
            recorder.limits = limits
            files.describeAgain()
        }
        guard recorder.open() else {
            let line = recorder.takeNotice() ?? []
            throw .store(StoreError(.system(.inputOutput), line))
        }
        let number = recorder.operation
        lastExecuted = number
        let restorer = Restorer(files, recorder, verification, policy)
        var progress = ProgressLine(
            kind == .redo ? "redo" : kind == .rollback ? "rollback" : "undo",
            total: plan.parts.reduce(0) { $0 + $1.changes.count }, canStop: kind != .repair)
        do throws(UndoError) {
            for (index, part) in plan.parts.enumerated() {
                if let verification, index > 0 {
                    let found = try verification.check(part)
                    if !found.isEmpty, policy == .refuse { throw .differing(found) }
                    conflicts += found
                }
                let whole = part.wholeDirectories(except: verification?.differing ?? [])
                var own: OwnChanges?
                for (number, change) in part.changes.enumerated().reversed() {
                    if !progress.step() { throw .failed(change.path, .interrupted, isClean: true) }
                    if !whole.isEmpty, hasAncestor(change.path, in: whole) { continue }
                    do {
                        try restorer.restore(change)
                    } catch {
                        own = own ?? OwnChanges(part.changes)
                        // A link may stand where a directory of the operation's own was.
                        let isGone = error.cause == .noEntry || error.cause == .tooManySymbolicLinks
                        if isGone, own?.contains(number) ?? false { continue }
                        throw .failed(error.path, error.cause, isClean: true)
                    }
                }
            }
        } catch {
            recorder.close(status: 1, outcome: .failed)
            var isClean = kind != .repair
            if isClean {
                do {
                    try importOwn()
                    let done = try self.plan([number])
                    _ = try execute(done, .repair, target: number, nil, .force)
                    try importOwn()
                } catch {
                    isClean = false
                }
            }
            if case .failed(let path, let cause, _) = error { throw .failed(path, cause, isClean: isClean) }
            throw error
        }
        recorder.close(status: 0, outcome: .finished)
        if kind == .undoPaths || kind == .restore {
            // What changed nothing is no entry; the objects that it moved about go back to where entries look for them.
            try importOwn()
            guard let made = try operation(number), made.entry == nil else { return conflicts }
            lastExecuted = 0
            _ = try execute(try self.plan([number]), .repair, target: number, nil, .force)
            try importOwn()
            lastExecuted = 0
        }
        return conflicts
    }
}

extension Plan.Part {
    private func isDirectoryMade(_ change: ChangeRecord) -> Bool {
        change.kind == .created && change.item == 0 && results[change.path]?.after.isDirectory == true
    }

    /// Directories that the operation made and that go into the store in one piece with all that it made in them.
    /// - Parameter differing: paths that need a look of their own.
    func wholeDirectories(except differing: PathSet) -> PathSet {
        var first: PathSet = []
        var whole: PathSet = []
        var linked: PathSet = []
        guard changes.contains(where: isDirectoryMade) else { return [] }
        for change in changes where change.kind != .directoryTimes {
            // A rename may have carried something in or out.
            if change.kind == .moved { return [] }
            // A link kept in the store would show in the number of links of what stays outside.
            if change.kind == .created, !change.location.isEmpty, change.item == 0 {
                var above = parent(of: change.path)
                while above.count > 1 {
                    linked.insert(above)
                    above = parent(of: above)
                }
            }
            if change.kind == .created, change.item != 0 {
                // It goes back to its item by itself, with what is in it as it was there.
                var above = parent(of: change.path)
                while above.count > 1, linked.insert(above) { above = parent(of: above) }
            }
            if first.insert(change.path), isDirectoryMade(change), !hasAncestor(change.path, in: whole) {
                whole.insert(change.path)
            }
        }
        whole.subtract(linked)
        for path in differing {
            var path = path
            while path.count > 1 {
                whole.remove(path)
                path = parent(of: path)
            }
        }
        return whole
    }
}

/// Whether a directory above the path is in the set.
private func hasAncestor(_ path: [UInt8], in set: PathSet) -> Bool {
    var path = parent(of: path)
    while path.count > 1 {
        if set.contains(path) { return true }
        path = parent(of: path)
    }
    return false
}
