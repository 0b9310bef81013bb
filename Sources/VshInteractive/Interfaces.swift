// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

// What the line editor asks of the rest of the interactive shell: completion, history, prompts. All text is bytes.
// `Services.make` says which implementations are used.

/// What a candidate stands for; decides its colour in the menu.
public enum CandidateKind: UInt8, Sendable {
    case command, builtin, file, directory, option, variable, user, host, job, signal, operation, other
}

/// One possible completion of a word.
public struct Candidate: Sendable {
    /// What replaces the word from `Completion.start` up to the cursor, quoted for the shell.
    public var text: [UInt8]
    /// What the menu shows; without control characters.
    public var display: [UInt8]
    /// Shown to the right of it, dim; may be empty.
    public var description: [UInt8]
    public var kind: CandidateKind
    /// Nothing is to follow the text (`dir/`, `--name=`, `$HOM`); otherwise a space does when it is the only one or is chosen.
    public var noSpace: Bool

    public init(
        text: [UInt8], display: [UInt8], description: [UInt8] = [], kind: CandidateKind = .other, noSpace: Bool = false
    ) {
        self.text = text
        self.display = display
        self.description = description
        self.kind = kind
        self.noSpace = noSpace
    }
}

/// The candidates for the word at the cursor, best first.
public struct Completion: Sendable {
    /// Byte offset in the line of the word that is replaced; the cursor is its end.
    public var start: Int
    public var candidates: [Candidate]

    public init(start: Int, candidates: [Candidate] = []) {
        self.start = start
        self.candidates = candidates
    }
}

/// The completion engine.
public protocol CompletionSource: AnyObject {
    /// - Parameters:
    ///   - line: the whole buffer, which may have several lines.
    ///   - cursor: byte offset in it, at the end of a character.
    /// Never runs a program that it does not know to be harmless; may be interrupted only by being quick.
    func complete(_ line: [UInt8], at cursor: Int) -> Completion
}

/// Which entries of the history a search sees; `^R` goes through them in this order.
public enum HistoryFilter: UInt8, Sendable {
    /// Lines of this shell.
    case session
    /// Lines run in the present directory.
    case directory
    /// All lines.
    case global
}

/// A command line that was run.
public struct HistoryEntry: Sendable {
    /// Larger is newer.
    public var id: Int64
    /// The text, without the last newline; may have several lines.
    public var command: [UInt8]
    public var directory: [UInt8]
    /// When it started, in nanoseconds since 1970; 0: unknown.
    public var start: Int64
    /// How long it ran, in nanoseconds; -1: unknown or still running.
    public var duration: Int64
    /// Its exit status; -1: unknown or still running.
    public var status: Int32
    /// The shell that ran it.
    public var session: Int64
    /// What it changed is recorded and can be undone.
    public var undoable: Bool

    public init(
        id: Int64, command: [UInt8], directory: [UInt8] = [], start: Int64 = 0, duration: Int64 = -1,
        status: Int32 = -1, session: Int64 = 0, undoable: Bool = false
    ) {
        self.id = id
        self.command = command
        self.directory = directory
        self.start = start
        self.duration = duration
        self.status = status
        self.session = session
        self.undoable = undoable
    }
}

/// The store of command lines. Every call must stay below a millisecond at 100,000 entries: `suggestion` is asked at each key.
public protocol HistorySource: AnyObject {
    /// The newest entry that begins with `prefix` and is older than `before` (nil: the newest of all). This session's lines come
    /// before others' (Up is this session first); entries equal to a newer one may be left out.
    func entry(before: Int64?, prefix: [UInt8]) -> HistoryEntry?
    /// The next entry in the other direction; nil when there is none.
    func entry(after: Int64, prefix: [UInt8]) -> HistoryEntry?
    /// Entries that contain `text` (all, when empty), newest first, each command once.
    func search(_ text: [UInt8], filter: HistoryFilter, limit: Int) -> [HistoryEntry]
    /// The whole line that is proposed in grey for what was typed so far, which it begins with: newest of this directory, newest of all.
    /// Destructive commands and lines whose paths are gone are left out by the editor (`Suggestions`).
    func suggestion(for prefix: [UInt8], directory: [UInt8]) -> [UInt8]?
    /// A line is about to run. Decides whether it is kept (leading space, secrets). Called by the editor for each line read.
    func add(_ command: [UInt8], directory: [UInt8], start: Int64)
    /// The line last added has ended.
    /// - Parameter undoable: it changed something that `undo` takes back.
    func finish(duration: Int64, status: Int32, undoable: Bool)
    /// Takes out the lines equal to this one (Shift-Delete on a suggestion).
    func forget(_ command: [UInt8])
}

/// The prompts, expanded and with their colours: UTF-8 with SGR sequences (`ESC [ … m`), newlines, and nothing else of control
/// characters; the editor takes the widths from the text itself, so `\[` and `\]` are not needed and are to be dropped.
/// Title, OSC 7 and OSC 133 are the editor's (Screen/Announcements.swift).
public protocol PromptSource: AnyObject {
    /// What stands before the first line of a command. Called once for each command, after `commandEnded`.
    func prompt() -> [UInt8]
    /// What stands at the right edge of that line; empty: nothing.
    func rightPrompt() -> [UInt8]
    /// What stands before the other lines of a command (PS2).
    func continuation() -> [UInt8]
    /// What the next prompt shows of the command that ended: nanoseconds and exit status. Not called before the first prompt.
    func commandEnded(duration: Int64, status: Int32)
}
