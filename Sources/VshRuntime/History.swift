// SPDX-License-Identifier: MPL-2.0
import VshBase

/// The command lines of an interactive session, each with a number that grows (XCU fc). Non-interactive shells have none.
///
/// This one keeps them in memory; a subclass may keep them elsewhere and give numbers of its own.
open class CommandHistory {
    public struct Entry {
        public let number: Int
        public let text: Text

        public init(number: Int, text: Text) {
            self.number = number
            self.text = text
        }
    }

    /// The entries kept, oldest first; their numbers go up.
    public private(set) var entries: [Entry] = []
    /// Entries kept at most (HISTSIZE).
    public var limit: Int
    /// The number of the line that runs, which `fc` does not count; 0 when it was not entered.
    public var runningNumber = 0
    /// Lines entered or kept out.
    public private(set) var lineCount = 0
    /// `lineCount` at the line whose `exit` was held back because of stopped jobs, or 0.
    public var exitWarning = 0
    private var nextNumber = 1

    public init(limit: Int = 5000) { self.limit = limit }

    /// Enters the command line that is about to run, without its newline.
    public func add(_ text: Text) {
        runningNumber = 0
        if text.isEmpty { return }
        lineCount += 1
        guard let number = number(for: text, next: nextNumber) else { return }
        if let last = entries.last, last.number == number {
            // A further command of the same lines.
            runningNumber = number
            return
        }
        nextNumber = number + 1
        entries.append(Entry(number: number, text: line(number) ?? text))
        // Dropped in batches, so that entering stays cheap.
        if entries.count > limit + limit / 4 + 16 { entries.removeFirst(entries.count - max(limit, 1)) }
        runningNumber = number
    }

    /// Takes out the line that runs: `fc` is not entered when it runs commands again.
    public func removeRunning() {
        if runningNumber > 0, let last = entries.last, last.number == runningNumber {
            entries.removeLast()
            nextNumber = runningNumber
            lineCount -= 1
            didRemove(last)
        }
        runningNumber = 0
    }

    /// Puts older entries before those of this session.
    public func prepend(_ older: [Entry]) { entries.insert(contentsOf: older, at: 0) }

    /// Takes out the lines given, wherever they are kept: what they tell of was obliterated.
    open func forget(_ lines: Set<[UInt8]>) { entries.removeAll { lines.contains($0.text.bytes) } }

    /// Forgets all entries.
    open func removeAll() { entries.removeAll() }

    /// Forgets the entries with these numbers.
    public func remove(where isGone: (Entry) -> Bool) { entries.removeAll(where: isGone) }

    /// The number of a line that is about to be entered; nil keeps it out. That of the last entry: it is part of it.
    open func number(for text: Text, next: Int) -> Int? { next }

    /// The whole text of the entry that is made with this number, when it is more than the command given to `add`.
    open func line(_ number: Int) -> Text? { nil }

    /// Called before the entries are listed or looked up: older ones that are kept elsewhere can be put before them.
    open func willList() {}

    /// Called after the newest entry was taken back.
    open func didRemove(_ entry: Entry) {}

    /// `history` with operands and options that the builtin does not know itself: what it writes and its status; nil: nobody
    /// knows them.
    open func run(_ words: [[UInt8]]) -> (output: [UInt8], messages: [String], status: Int32)? { nil }
}

/// What an interactive shell has besides: its history, and what it says of commands that are not found.
open class InteractiveSupport {
    public var history: CommandHistory

    public init(history: CommandHistory = CommandHistory()) { self.history = history }

    /// A command name without a slash was found nowhere. True when that has been said; the status is 127 then.
    open func commandNotFound(_ shell: Shell, _ arguments: Arguments) -> Bool { false }

    /// The shell ends, or becomes another program.
    open func willEnd() {}
}

extension Shell {
    /// Takes lines out of the history, if there is one.
    public func forgetHistory(_ lines: [[UInt8]]) {
        if !lines.isEmpty { history?.forget(Set(lines)) }
    }
}
