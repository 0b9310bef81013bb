// SPDX-License-Identifier: MPL-2.0
import VshCore
import VshStore
import VshSystem

/// What the shell can say of an operation right after its end.
public struct EndedOperation: Sendable {
    public var id: UInt64 = 0
    /// Paths changed, and those among them that cannot be put back.
    public var changes = 0
    public var missing = 0
    /// Files that were removed or whose content was replaced, each by itself.
    var files = 0
    /// Where trees that were removed whole lie in the store.
    var trees: [[UInt8]] = []

    init() {}

    init(_ operation: JournaledOperation, _ results: Results, _ store: PreimageStore?) {
        id = operation.record.id
        changes = results.changed
        missing = results.missing
        // What an undo or redo replaces, the next redo or undo brings back: nobody has to be told.
        if [.undo, .redo, .rollback].contains(operation.record.kind) { return }
        if !operation.changes.contains(where: { $0.isDestructive && $0.preimage != .missing }) { return }
        // What the operation made itself does not come back.
        let isMixed = operation.changes.contains { $0.kind == .created }
        let own = isMixed ? OwnChanges(operation.changes) : nil
        for (number, change) in operation.changes.enumerated() where change.preimage != .missing {
            guard change.isDestructive, own?.contains(number) != true else { continue }
            switch change.kind {
            case .removed where change.before.kind == .directory:
                if change.preimage == .object, let store, trees.count < 1024 {
                    trees.append(store.path(change.item, location: change.location))
                }
            default: files += 1
            }
        }
    }

    /// Whether it removed files or replaced what was in them, so that an undo brings something back.
    public var isDestructive: Bool { files > 0 || !trees.isEmpty }

    /// Files that an undo brings back; counting stops at `limit`.
    public func restoredFiles(limit: Int = 1_000_000) -> Int {
        var count = files
        var left = trees
        while let tree = left.popLast(), count < limit {
            guard var reader = try? DirectoryReader(tree, follow: false) else { continue }
            while let entry = try? reader.next() {
                if entry.isDot { continue }
                if entry.type == .directory { left.append(tree + [47] + Array(entry.name)) } else { count += 1 }
            }
        }
        return count
    }
}

extension ChangeRecord {
    /// It removes something or replaces content.
    fileprivate var isDestructive: Bool { kind == .removed || kind == .content || kind == .tail }
}
