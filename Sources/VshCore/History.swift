// SPDX-License-Identifier: MPL-2.0

/// Number of an operation, a transaction or an event of the history. Numbers grow in the order of begin; 0 is none.
public typealias OperationID = UInt64

/// Something that can be undone in one step: an operation, or a committed transaction.
public struct Entry: Equatable, Sendable {
    public enum State: UInt8, Sendable {
        /// Its changes are in effect.
        case done
        /// They were taken back by the operation `changed`.
        case undone
        /// A transaction that has neither been committed nor rolled back.
        case open
    }

    public var id: OperationID
    /// The transaction around it, or 0.
    public var transaction: OperationID
    /// The entry that was done last when this one came, in the same transaction, or 0: its place in the tree.
    public var parent: OperationID
    public var isTransaction: Bool
    public var state: State
    /// When it took its place in the history: its own number; of a transaction the commit's, and 0 before.
    public var position: OperationID
    /// The event that gave it its present state.
    public var changed: OperationID
    /// Operations whose inverses, taken from the last to the first, undo it (when done) or redo it (when undone).
    public var effective: [OperationID]

    public init(
        id: OperationID, transaction: OperationID = 0, parent: OperationID = 0, isTransaction: Bool = false,
        state: State = .done, position: OperationID, changed: OperationID, effective: [OperationID]
    ) {
        self.id = id
        self.transaction = transaction
        self.parent = parent
        self.isTransaction = isTransaction
        self.state = state
        self.position = position
        self.changed = changed
        self.effective = effective
    }
}

/// What happened, in the order of the numbers.
public enum HistoryEvent: Equatable, Sendable {
    /// A command that changed files.
    case operation(OperationID)
    case begin(OperationID)
    /// The innermost open transaction becomes one entry.
    case commit(OperationID)
    /// The innermost open transaction was taken back by the operation with this number.
    case rollback(OperationID)
    case undo(OperationID, entry: OperationID)
    case redo(OperationID, entry: OperationID)
}

public enum HistoryError: Error, Equatable, Sendable {
    case noTransaction
    case unknownEntry(OperationID)
    case notDone(OperationID)
    case notUndone(OperationID)
    /// Numbers must grow.
    case outOfOrder(OperationID)
}

/// The history of one session: entries with linear undo and redo, and nested transactions.
///
/// Undo takes the entry that came into effect last. Redo takes the entry that was undone last, as long as nothing new
/// was done since. A new operation after an undo starts a new branch: what was undone before stays in the history, and
/// `parent` of each entry gives the tree.
///
/// Laws (tested): done + undone = total; redo after undo and undo after redo are identities; a rollback leaves what
/// `begin` found; a commit is one entry; a history rebuilt from its entries behaves as the one that made them.
public struct History: Equatable, Sendable {
    /// In the order of `id`.
    public private(set) var entries: [Entry]
    /// Numbers of the open transactions, the innermost last.
    public private(set) var transactions: [OperationID]
    private var last: OperationID

    public init() {
        entries = []
        transactions = []
        last = 0
    }

    /// A history from stored entries, in any order. Nested open transactions are recognised by their numbers.
    public init(entries: [Entry]) {
        self.entries = entries.sorted { $0.id < $1.id }
        transactions = self.entries.filter { $0.state == .open }.map(\.id)
        last = entries.reduce(0) { max($0, $1.position, $1.changed) }
    }

    /// The innermost open transaction, or 0: undo and redo stay inside it.
    public var level: OperationID { transactions.last ?? 0 }

    private func isHere(_ entry: Entry) -> Bool { entry.transaction == level && entry.state != .open }

    /// Entries of the present level that are in effect, the one to undo first in front.
    public var done: [Entry] {
        entries.filter { isHere($0) && $0.state == .done }.sorted { $0.changed > $1.changed }
    }

    /// All entries of the present level that are taken back, the latest in front.
    public var undone: [Entry] {
        entries.filter { isHere($0) && $0.state == .undone }.sorted { $0.changed > $1.changed }
    }

    /// Entries that redo can take up, in order: those undone after the last thing that was newly done.
    public var redoable: [Entry] {
        let newest = entries.reduce(0) { isHere($1) ? max($0, $1.position) : $0 }
        return undone.filter { $0.changed > newest }
    }

    /// The entry of the present level that came into effect last, or 0.
    public var head: OperationID {
        var newest: (id: OperationID, changed: OperationID) = (0, 0)
        for entry in entries where isHere(entry) && entry.state == .done && entry.changed > newest.changed {
            newest = (entry.id, entry.changed)
        }
        return newest.id
    }

    public func entry(_ id: OperationID) -> Entry? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].id == id ? entries[low] : nil
    }

    private func index(_ id: OperationID) throws(HistoryError) -> Int {
        guard let index = entries.lastIndex(where: { $0.id == id }) else { throw .unknownEntry(id) }
        return index
    }

    /// Takes up an event.
    public mutating func apply(_ event: HistoryEvent) throws(HistoryError) {
        switch event {
        case .operation(let id):
            try advance(id)
            entries.append(
                Entry(
                    id: id, transaction: level, parent: head, position: id, changed: id, effective: [id]))
        case .begin(let id):
            try advance(id)
            entries.append(
                Entry(
                    id: id, transaction: level, parent: head, isTransaction: true, state: .open, position: 0,
                    changed: id, effective: []))
            transactions.append(id)
        case .commit(let id):
            guard let open = transactions.last else { throw .noTransaction }
            try advance(id)
            close(open, state: .done, event: id, effective: effectiveInside(open))
        case .rollback(let id):
            guard let open = transactions.last else { throw .noTransaction }
            try advance(id)
            close(open, state: .undone, event: id, effective: effectiveInside(open).isEmpty ? [] : [id])
        case .undo(let id, let entry):
            let index = try index(entry)
            guard entries[index].state == .done else { throw .notDone(entry) }
            try advance(id)
            entries[index].state = .undone
            entries[index].changed = id
            entries[index].effective = [id]
        case .redo(let id, let entry):
            let index = try index(entry)
            guard entries[index].state == .undone else { throw .notUndone(entry) }
            try advance(id)
            // A transaction that was rolled back takes its place only now.
            if entries[index].position == 0 { entries[index].position = id }
            entries[index].state = .done
            entries[index].changed = id
            entries[index].effective = [id]
        }
    }

    /// The operations in effect inside a transaction, oldest first: what its rollback takes back.
    public func effectiveInside(_ transaction: OperationID) -> [OperationID] {
        entries.filter { $0.transaction == transaction && $0.state == .done }
            .sorted { $0.changed < $1.changed }.flatMap(\.effective)
    }

    private mutating func close(
        _ transaction: OperationID, state: Entry.State, event: OperationID, effective: [OperationID]
    ) {
        transactions.removeLast()
        guard let index = entries.firstIndex(where: { $0.id == transaction }) else { return }
        if effective.isEmpty {
            // Nothing in it is in effect: no entry. What was undone inside stays below it in the log.
            entries.remove(at: index)
            return
        }
        entries[index].state = state
        if state == .done { entries[index].position = event }
        entries[index].changed = event
        entries[index].effective = effective
    }

    private mutating func advance(_ id: OperationID) throws(HistoryError) {
        guard id > last else { throw .outOfOrder(id) }
        last = id
    }
}
