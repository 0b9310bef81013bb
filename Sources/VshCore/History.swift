// SPDX-License-Identifier: MPL-2.0

/// Number of an operation, a transaction or an event of the history. Numbers grow in the order of begin; 0 is none.
public typealias OperationID = UInt64

extension Entry {
    public typealias State = EntryState
}

/// What the history decides is generated (Generated/ProvenHistory.swift); here is how Swift calls it.
extension History {
    public init() { self.init(entries: [], transactions: [], newest: 0) }

    /// A history from stored entries, in any order. Nested open transactions are recognised by their numbers.
    public init(entries: [Entry]) { self = Self.restored(entries) }

    /// Takes up an event.
    public mutating func apply(_ event: HistoryEvent) throws(HistoryError) {
        switch applying(event) {
        case .accepted(let history): self = history
        case .refused(let error): throw error
        }
    }
}
