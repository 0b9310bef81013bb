// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// What the line editor works with.
public struct Services {
    public var completion: any CompletionSource
    public var history: any HistorySource
    public var prompt: any PromptSource

    public init(completion: any CompletionSource, history: any HistorySource, prompt: any PromptSource) {
        self.completion = completion
        self.history = history
        self.prompt = prompt
    }

    /// The services of an interactive shell, made when its first prompt is near: after the start-up files.
    public static func make(_ shell: Shell) -> Services {
        standard(shell)
    }
}

/// The lines of this session, in memory: what is used where there is no store.
final class SessionHistory: HistorySource {
    private var entries: [HistoryEntry] = []

    func entry(before: Int64?, prefix: [UInt8]) -> HistoryEntry? {
        entries.last { (before == nil || $0.id < before!) && $0.command.starts(with: prefix) }
    }

    func entry(after: Int64, prefix: [UInt8]) -> HistoryEntry? {
        entries.first { $0.id > after && $0.command.starts(with: prefix) }
    }

    func search(_ text: [UInt8], filter: HistoryFilter, limit: Int) -> [HistoryEntry] {
        var found: [HistoryEntry] = []
        for entry in entries.reversed() where found.count < limit {
            if contains(entry.command, text), !found.contains(where: { $0.command == entry.command }) {
                found.append(entry)
            }
        }
        return found
    }

    func suggestion(for prefix: [UInt8], directory: [UInt8]) -> [UInt8]? {
        let matches = entries.reversed().filter { $0.command.count > prefix.count && $0.command.starts(with: prefix) }
        return (matches.first { $0.directory == directory } ?? matches.first)?.command
    }

    func add(_ command: [UInt8], directory: [UInt8], start: Int64) {
        if command.isEmpty || command[0] == 32 { return }
        entries.append(
            HistoryEntry(
                id: (entries.last?.id ?? 0) + 1, command: command, directory: directory, start: start))
    }

    func finish(duration: Int64, status: Int32, undoable: Bool) {
        if entries.isEmpty { return }
        entries[entries.count - 1].duration = duration
        entries[entries.count - 1].status = status
        entries[entries.count - 1].undoable = undoable
    }

    func forget(_ command: [UInt8]) { entries.removeAll { $0.command == command } }

    private func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        if part.isEmpty { return true }
        if part.count > text.count { return false }
        return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
    }
}
