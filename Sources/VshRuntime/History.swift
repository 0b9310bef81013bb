// SPDX-License-Identifier: MPL-2.0
import VshBase

/// The command lines of an interactive session, numbered from 1 (XCU fc). Non-interactive shells have none.
///
/// The line editor keeps them on disk by overriding `didAppend`.
open class CommandHistory {
    public struct Entry {
        public let number: Int
        public let text: Text
    }

    /// The entries kept, oldest first; their numbers go up by one.
    public private(set) var entries: [Entry] = []
    /// Entries kept at most (HISTSIZE).
    public var limit: Int
    /// The number of the line that runs, which `fc` does not count; 0 when it was not entered.
    public var runningNumber = 0
    /// The number of the line whose `exit` was held back because of stopped jobs, or 0.
    public var exitWarning = 0
    private var nextNumber = 1

    public init(limit: Int = 5000) { self.limit = limit }

    /// Enters the command line that is about to run, without its newline.
    public func add(_ text: Text) {
        runningNumber = 0
        if text.isEmpty { return }
        let entry = Entry(number: nextNumber, text: text)
        nextNumber += 1
        entries.append(entry)
        // Dropped in batches, so that entering stays cheap.
        if entries.count > limit + limit / 4 + 16 { entries.removeFirst(entries.count - max(limit, 1)) }
        runningNumber = entry.number
        didAppend(entry)
    }

    /// Takes out the line that runs: `fc` is not entered when it runs commands again.
    public func removeRunning() {
        if runningNumber > 0, let last = entries.last, last.number == runningNumber {
            entries.removeLast()
            nextNumber = runningNumber
            didRemove(last)
        }
        runningNumber = 0
    }

    /// Forgets all entries.
    public func removeAll() { entries.removeAll() }

    /// Called after an entry was made.
    open func didAppend(_ entry: Entry) {}

    /// Called after the newest entry was taken back.
    open func didRemove(_ entry: Entry) {}
}
