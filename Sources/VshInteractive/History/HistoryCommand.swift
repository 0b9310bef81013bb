// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// What the `history` builtin does beyond listing.
enum HistoryCommand {
    typealias Result = (output: [UInt8], messages: [String], status: Int32)

    private static func wrong(_ message: String) -> Result { ([], [message], 2) }

    /// Nil for words that are not of these commands.
    static func run(_ words: [[UInt8]], _ history: StoredHistory, home: [UInt8]) -> Result? {
        guard let first = words.first else { return nil }
        let rest = Array(words.dropFirst())
        // The line that names what is to go is not kept either.
        if first == Array("delete".utf8) || first == Array("redact".utf8) { history.dropRunning() }
        switch String(decoding: first, as: UTF8.self) {
        case "-d": return delete(numbers: rest, history)
        case "search": return search(rest, history)
        case "delete": return delete(rest, history)
        case "redact":
            if rest.count != 1 || rest[0].isEmpty { return wrong("redact needs one text") }
            return counted(history.redact(rest[0]), "redacted")
        case "import":
            if rest.isEmpty { return wrong("import needs a file, such as ~/.bash_history") }
            return load(rest, history)
        default: return nil
        }
    }

    private static func counted(_ count: Int?, _ done: String) -> Result {
        guard let count else { return ([], ["the history cannot be written"], 1) }
        return (Array("\(done) \(count) \(count == 1 ? "entry" : "entries")\n".utf8), [], count == 0 ? 1 : 0)
    }

    private static func delete(numbers words: [[UInt8]], _ history: StoredHistory) -> Result {
        var numbers: [Int64] = []
        for word in words {
            // A range as in bash: 5-9.
            let ends = word.split(separator: 45, maxSplits: 1, omittingEmptySubsequences: false)
            guard let low = number(Array(ends[0])), let high = ends.count > 1 ? number(Array(ends[1])) : low,
                high >= low, high - low < 1_000_000
            else { return wrong("not the number of an entry: \(String(decoding: word, as: UTF8.self))") }
            numbers += Array(low...high)
        }
        if numbers.isEmpty { return wrong("-d needs numbers of entries") }
        guard let count = history.remove(.numbers(numbers)) else { return ([], ["the history cannot be written"], 1) }
        return count == 0 ? ([], ["no such entry"], 1) : ([], [], 0)
    }

    private static func number(_ word: [UInt8]) -> Int64? {
        if word.isEmpty || word.count > 15 || !word.allSatisfy({ $0 >= 48 && $0 <= 57 }) { return nil }
        return Int64(String(decoding: word, as: UTF8.self))
    }

    private static func delete(_ words: [[UInt8]], _ history: StoredHistory) -> Result {
        var mode = 0
        var text: [UInt8]?
        for word in words {
            switch String(decoding: word, as: UTF8.self) {
            case "--prefix": mode = 1
            case "--contains": mode = 2
            case "--exact": mode = 0
            default:
                if text != nil { return wrong("delete takes one text; quote it") }
                text = word
            }
        }
        guard let text, !text.isEmpty else { return wrong("delete needs a text") }
        let selection: HistoryStore.Selection =
            mode == 0 ? .exactly(text) : mode == 1 ? .beginning(text) : .containing(text)
        return counted(history.remove(selection), "deleted")
    }

    private static func load(_ files: [[UInt8]], _ history: StoredHistory) -> Result {
        var lines: [HistoryImport.Line] = []
        var kept = 0
        for file in files {
            guard let descriptor = try? FileDescriptor(file, .readOnly),
                let bytes = try? descriptor.readAll(limit: 1 << 30)
            else { return ([], ["\(String(decoding: file, as: UTF8.self)): cannot be read"], 1) }
            for line in HistoryImport.read(bytes) {
                if Secrets.isIn(line.command) { kept += 1 } else { lines.append(line) }
            }
        }
        guard let count = history.store.enter(lines) else { return ([], ["the history cannot be written"], 1) }
        history.reload()
        var text = "imported \(count) \(count == 1 ? "entry" : "entries")"
        if lines.count > count { text += ", \(lines.count - count) known already" }
        if kept > 0 { text += ", \(kept) with secrets left out" }
        return (Array((text + "\n").utf8), [], 0)
    }

    // MARK: search

    private static func search(_ words: [[UInt8]], _ history: StoredHistory) -> Result {
        var filter = HistoryFilter.global
        var limit = 20
        var text: [UInt8] = []
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            switch String(decoding: word, as: UTF8.self) {
            case "--session": filter = .session
            case "--here": filter = .directory
            case "-n":
                guard index < words.count, let count = number(words[index]) else { return wrong("-n needs a number") }
                limit = Int(count)
                index += 1
            default:
                if !text.isEmpty { text.append(32) }
                text += word
            }
        }
        let found = history.store.search(text, filter: filter, limit: limit)
        var output: [UInt8] = []
        for entry in found.reversed() {
            output += row(entry)
            output.append(10)
        }
        return (output, [], found.isEmpty ? 1 : 0)
    }

    /// `  123  2026-11-21 07:35   0   1.2s  command`
    private static func row(_ entry: HistoryEntry) -> [UInt8] {
        var line = padded(String(entry.id), 6) + [32, 32]
        line += entry.start > 0 ? Array(date(entry.start).utf8) : [UInt8](repeating: 32, count: 16)
        line += padded(entry.status < 0 ? "" : String(entry.status), 5)
        line += padded(entry.duration < 0 ? "" : DurationText.short(entry.duration), 8) + [32]
        line += Array((entry.undoable ? "⟲ " : "  ").utf8)
        var isFirst = true
        for part in entry.command.split(separator: 10, omittingEmptySubsequences: false) {
            if !isFirst { line += Array("\n\t".utf8) }
            line += part
            isFirst = false
        }
        return line
    }

    private static func padded(_ text: String, _ width: Int) -> [UInt8] {
        [UInt8](repeating: 32, count: max(0, width - text.utf8.count)) + Array(text.utf8)
    }

    private static func date(_ nanoseconds: Int64) -> String {
        guard let time = try? Clock.local(nanoseconds / 1_000_000_000, rereadsZone: false) else { return "" }
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(time.year)-\(two(time.month))-\(two(time.day)) \(two(time.hour)):\(two(time.minute))"
    }
}
