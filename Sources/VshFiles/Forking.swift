// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// What the changes of a forked child belong to.
public enum ForkRole: Sendable {
    /// A part of the same command (pipeline stage, subshell, command substitution): changes join the parent's operation.
    case sharedOperation
    /// A background job: an operation of its own, which ends when the child exits.
    case ownOperation
}

/// What forked children had to do for themselves, in memory that they share with this process. It does the same before it forks the next
/// one, which then finds it done (docs/decisions/0018).
struct ChildNeeds {
    private let words: UnsafeMutablePointer<UInt64>

    init?() {
        guard let mapped = try? System.map(-1, length: 4096) else { return nil }
        words = mapped.assumingMemoryBound(to: UInt64.self)
    }

    /// A child confined itself.
    var areBounds: Bool { words.loadAcquiring() != 0 }
    /// A child recorded changes in an operation of its own.
    var areRecords: Bool { (words + 1).loadAcquiring() != 0 }

    func note(bounds: Bool, records: Bool) {
        if bounds { words.storeReleasing(1) }
        if records { (words + 1).storeReleasing(1) }
    }
}

extension FileSystem {
    /// To be called in the parent before every fork (not before a spawn): what the child changes must be seen here.
    public func willFork() {
        if let needs {
            if needs.areBounds, let sandbox, !sandbox.isEngaged {
                sandbox.engage()
                // Any name will do: the first look makes what all later ones use.
                _ = isInside("name", nil)
            }
            if needs.areRecords, isRecording { recorder?.prepareForChildren() }
        } else {
            needs = ChildNeeds()
        }
        if isRecording, state != nil { openRecorder()?.willFork() }
    }

    /// To be called in the child after every fork (not after a spawn).
    public func didFork(_ role: ForkRole) { recorder?.didFork(role) }

    /// To be called when a forked child is about to end, or to become a program.
    @inline(__always)
    public func noteNeeds() { if bounds != nil || recorder != nil { noteNeedsSlowly() } }

    @inline(never)
    private func noteNeedsSlowly() {
        if System.forkDepth == 0 { return }
        needs?.note(
            bounds: bounds?.isEngaged ?? false, records: recorder.map { $0.isBackground && $0.isOpen } ?? false)
    }
}

extension Recorder {
    /// Before a fork: what the child begins must be seen here.
    func willFork() {
        session.share()
        running.share()
        // The program that may take the child's place is to be a descendant of the shell that reads for its recorder.
        if ProgramRecorder.readsAsAncestor, checkPrograms() { _ = startPrograms() }
    }

    func didFork(_ role: ForkRole) {
        if role == .sharedOperation, running.isShared { becomeHelper() } else { becomeOwner() }
    }

    /// Once: what each child with an operation of its own would have to do. Of that the larger part is the runtime's, which makes types
    /// when they are first used.
    func prepareForChildren() {
        if isPrepared { return }
        isPrepared = true
        guard (try? openControl()) != nil, let journal = try? Journal() else { return }
        _ = shellStart
        rehearse(journal)
    }

    /// Goes through the records and the end of an operation that nobody sees.
    private func rehearse(_ journal: Journal) {
        var operation = OperationRecord()
        operation.id = 1
        operation.command = next.command
        operation.directory = startDirectory ?? (try? System.currentDirectory()) ?? []
        var change = ChangeRecord()
        change.path = state.control
        guard let start = journal.append(operation) else { return }
        change.path.withUnsafeBytes { path in
            let none = UnsafeRawBufferPointer(start: nil, count: 0)
            _ = journal.appendChange(
                operation: 1, kind: .created, preimage: .inRecord, reason: .none, item: 0, before: .absent, path: path,
                other: none, location: none, attributes: none, content: none)
        }
        var paths = PathTable()
        change.path.withUnsafeBufferPointer { paths.insert($0, .covered) }
        var inodes: [InodeKey: InodeFlags] = [:]
        if let status = try? FileStatus(change.path) { inodes[Self.key(status), default: []].formUnion(.born) }
        guard let found = journal.bytes(from: start)?.operations(withContents: false).last(where: { $0.record.id == 1 })
        else { return }
        let results = Results(observing: found.changes)
        for result in results.records { _ = journal.append(result, operation: 1) }
        _ = journal.append(EndRecord(), operation: 1)
    }
}
