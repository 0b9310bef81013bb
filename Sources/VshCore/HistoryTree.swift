// SPDX-License-Identifier: MPL-2.0

/// A change of an entry's state, as the log holds it.
public struct StateEvent: Equatable, Sendable {
    public var entry: OperationID
    /// The transaction around the entry, or 0.
    public var transaction: OperationID
    /// Nil: a transaction that was closed without effect, and is no entry any more.
    public var state: Entry.State?
    /// The operation that gave it this state.
    public var event: OperationID

    public init(entry: OperationID, transaction: OperationID = 0, state: Entry.State?, event: OperationID) {
        self.entry = entry
        self.transaction = transaction
        self.state = state
        self.event = event
    }
}

/// All that was ever done on one level of the history (outside transactions, or inside one), as a tree: each entry
/// hangs on the one that was in effect last when it came. Of every point it is known which entries were in effect.
///
/// A point is named by the number of an event: the state right after it. Laws (tested): every entry is either in effect
/// or not; the steps from one point to another lead exactly there; no point is ever lost.
public struct HistoryTree: Sendable {
    public struct Node: Equatable, Sendable {
        public var id: OperationID
        /// The entry in effect last when it came, or 0: the start.
        public var parent: OperationID
        public var isDone: Bool
        /// The event that brought it into effect first: the point that it is the name of.
        public var event: OperationID
    }

    /// In the order in which they came into effect first.
    public private(set) var nodes: [Node] = []
    /// Lists that share their older parts: each cell is an entry in effect on top of the cell `below`.
    private var cells: [(entry: OperationID, below: Int32)] = []
    private var top: Int32 = -1
    private var points: [(event: OperationID, top: Int32)] = []
    private var places: [OperationID: Int] = [:]

    /// - Parameters:
    ///   - events: in the order of `event`.
    ///   - transaction: the level: 0, or an open transaction.
    public init(events: [StateEvent], transaction: OperationID = 0) {
        for event in events where event.transaction == transaction { apply(event) }
    }

    private mutating func apply(_ event: StateEvent) {
        switch event.state {
        case .done:
            if let place = places[event.entry] {
                if nodes[place].isDone { return }
                nodes[place].isDone = true
                if nodes[place].event == 0 { nodes[place].event = event.event }
            } else {
                places[event.entry] = nodes.count
                nodes.append(Node(id: event.entry, parent: head, isDone: true, event: event.event))
            }
            push(event.entry)
        case .undone:
            guard let place = places[event.entry] else {
                // A transaction that was rolled back: it was never in effect on this level.
                places[event.entry] = nodes.count
                nodes.append(Node(id: event.entry, parent: head, isDone: false, event: 0))
                break
            }
            if nodes[place].isDone { remove(event.entry) }
            nodes[place].isDone = false
        case .open, nil: return
        }
        points.append((event.event, top))
    }

    private mutating func push(_ entry: OperationID) {
        cells.append((entry, top))
        top = Int32(cells.count - 1)
    }

    private mutating func remove(_ entry: OperationID) {
        var above: [OperationID] = []
        while top >= 0, cells[Int(top)].entry != entry {
            above.append(cells[Int(top)].entry)
            top = cells[Int(top)].below
        }
        if top >= 0 { top = cells[Int(top)].below }
        for entry in above.reversed() { push(entry) }
    }

    /// The entry in effect that came last, or 0.
    public var head: OperationID { top < 0 ? 0 : cells[Int(top)].entry }

    public func node(_ id: OperationID) -> Node? { places[id].map { nodes[$0] } }

    /// The entries in effect now, oldest first.
    public var sequence: [OperationID] { list(top) }

    /// The entries that were in effect right after an event, or, when the number is none of this level, after the last
    /// event before it.
    public func sequence(at event: OperationID) -> [OperationID] { list(cell(at: event)) }

    /// The entry that was in effect last at a point, or 0.
    public func head(at event: OperationID) -> OperationID {
        let cell = cell(at: event)
        return cell < 0 ? 0 : cells[Int(cell)].entry
    }

    private func cell(at event: OperationID) -> Int32 {
        var (low, high) = (0, points.count)
        while low < high {
            let middle = (low + high) / 2
            if points[middle].event <= event { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? -1 : points[low - 1].top
    }

    private func list(_ top: Int32) -> [OperationID] {
        var list: [OperationID] = []
        var cell = top
        while cell >= 0 {
            list.append(cells[Int(cell)].entry)
            cell = cells[Int(cell)].below
        }
        return list.reversed()
    }

    /// Whether an event of this level has the number.
    public func isPoint(_ event: OperationID) -> Bool {
        var (low, high) = (0, points.count)
        while low < high {
            let middle = (low + high) / 2
            if points[middle].event < event { low = middle + 1 } else { high = middle }
        }
        return low < points.count && points[low].event == event
    }

    /// What leads from the entries in effect to others: first `undo`, the newest in front, then `redo`, the oldest in
    /// front. An entry that is in effect at both ends stays: what was taken out below it did not concern it.
    public static func steps(from present: [OperationID], to wanted: [OperationID]) -> (
        undo: [OperationID], redo: [OperationID]
    ) {
        let (has, wants) = (Set(present), Set(wanted))
        return (present.reversed().filter { !wants.contains($0) }, wanted.filter { !has.contains($0) })
    }
}
