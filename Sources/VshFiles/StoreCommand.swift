// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// The command `store` without its shell: what is kept to undo things, how much it is, and how to get rid of it.
/// Statuses: 0 done, 1 nothing there or failed, 2 usage.
public struct StoreCommand: CommandAnswer {
    /// What goes to standard output.
    public private(set) var output: [UInt8] = []
    /// Lines for standard error, to be written with the command's name in front.
    public private(set) var messages: [[UInt8]] = []
    public private(set) var status: Int32 = 0

    private let files: FileSystem
    private let text = UndoText()

    private init(_ files: FileSystem) { self.files = files }

    public static func run(_ words: [[UInt8]], _ files: FileSystem) -> StoreCommand {
        var command = StoreCommand(files)
        do throws(UndoError) {
            let rest = Array(words.dropFirst())
            switch words.first.map({ String(decoding: $0, as: UTF8.self) }) {
            case nil: try command.show()
            case "gc": try command.collect(rest)
            case "purge": try command.purge(rest)
            case "quota": try command.quota(rest)
            default: command.wrong("unknown argument ", words[0])
            }
        } catch {
            command.show(error)
        }
        return command
    }

    private mutating func wrong(_ message: String, _ word: [UInt8] = []) {
        messages.append(Array(message.utf8) + text.printable(word))
        status = 2
    }

    private mutating func say(_ line: [UInt8]) { output += line + [10] }
    private mutating func say(_ line: String) { output += Array(line.utf8) + [10] }

    private mutating func show(_ error: UndoError) {
        status = 1
        switch error {
        case .nothing: messages.append(Array("nothing is kept".utf8))
        case .off: messages.append(Array("nothing is recorded in this shell".utf8))
        case .unknown(let id): messages.append(Array("there is no operation @\(id)".utf8))
        case .partOf(let id, let transaction):
            messages.append(Array("@\(id) is a part of @\(transaction)".utf8))
        case .running(let id): messages.append(Array("@\(id) is still open".utf8))
        case .store(let error):
            messages.append(text.printable(error.path) + Array(": \(error.reason)".utf8))
        default: messages.append(Array("failed".utf8))
        }
    }

    private func load<R>(_ body: () throws(StoreError) -> R) throws(UndoError) -> R {
        do {
            return try body()
        } catch {
            throw .store(error)
        }
    }

    private func control(_ engine: UndoEngine) throws(UndoError) -> Control {
        try load { () throws(StoreError) in try engine.recorder.openControl() }
    }

    // MARK: store

    private mutating func show() throws(UndoError) {
        let engine = try UndoEngine(files)
        let survey = try load { () throws(StoreError) in try engine.log.survey(engine.state) }
        let quota = try control(engine).quota
        for place in survey.places where place.items > 0 || place.location.isEmpty {
            var line = text.printable(place.path)
            line += Array(": \(humanSize(place.room.used)) in \(text.count(place.items, "item"))".utf8)
            if place.oldest != .max, place.items > 0 {
                line += Array(", the oldest from \(text.age(of: place.oldest))".utf8)
            }
            let limit = Eviction.limit(place.room, quota: quota)
            line += Array("; quota \(humanSize(limit))".utf8)
            line += Array("; \(humanSize(place.room.available)) of \(humanSize(place.room.total)) free".utf8)
            if !place.orphans.isEmpty {
                line += Array("; \(humanSize(place.orphanBytes)) that nothing needs: store gc removes it".utf8)
            }
            say(line)
        }
        say(
            "\(text.count(survey.entries.count, "operation")) \(survey.entries.count == 1 ? "keeps" : "keep") something there"
        )
        let chosen = survey.evictable(quota: quota, now: Clock.realTime)
        if chosen.isEmpty {
            say("nothing is over the quota")
        } else {
            say(
                "eviction would take \(text.count(chosen.count, "operation")), \(humanSize(survey.bytes(of: chosen))): "
                    + chosen.prefix(8).map { "@\($0)" }.joined(separator: " ") + (chosen.count > 8 ? " …" : ""))
        }
        var log: UInt64 = 0
        for end in ["", "-wal"] {
            if let status = try? FileStatus(engine.state.log + Array(end.utf8)) { log += UInt64(status.size) }
        }
        say(text.printable(engine.state.log) + Array(": \(humanSize(log))".utf8))
        if let aside = OperationLog.newestSetAside(engine.state) {
            say(text.printable(aside) + Array(": a damaged log; what it kept stays until that file is removed".utf8))
        }
    }

    // MARK: store gc

    private mutating func collect(_ words: [[UInt8]]) throws(UndoError) {
        if !words.isEmpty {
            wrong("too many arguments")
            return
        }
        let engine = try UndoEngine(files)
        let quota = try control(engine).quota
        let before = try load { () throws(StoreError) in try engine.log.survey(engine.state) }
        let expired = try load { () throws(StoreError) in try engine.log.care(engine.state, quota: quota) }
        try load { () throws(StoreError) in try engine.log.trim() }
        let orphans = before.places.reduce(0) { $0 + $1.orphans.count }
        let bytes = before.places.reduce(before.bytes(of: expired)) { $0 + $1.orphanBytes }
        if expired.isEmpty, orphans == 0 {
            say("nothing to remove")
            return
        }
        if !expired.isEmpty {
            say(
                "expired: " + expired.prefix(8).map { "@\($0)" }.joined(separator: " ")
                    + (expired.count > 8 ? " …" : ""))
        }
        say("removed \(humanSize(bytes))")
    }

    // MARK: store purge

    private mutating func purge(_ words: [[UInt8]]) throws(UndoError) {
        var ids: [OperationID] = []
        var isAll = false
        for word in words {
            if word == Array("--all".utf8) {
                isAll = true
            } else if word.first == UInt8(ascii: "@"),
                let id = OperationID(String(decoding: word.dropFirst(), as: UTF8.self))
            {
                ids.append(id)
            } else {
                wrong("not an operation, such as @12: ", word)
                return
            }
        }
        if isAll == !ids.isEmpty {
            wrong("purge needs operations, such as @12, or --all")
            return
        }
        let engine = try UndoEngine(files)
        let survey = try load { () throws(StoreError) in try engine.log.survey(engine.state) }
        for id in ids {
            guard let operation = try engine.operation(id) else {
                throw engine.log.isRunning(id, engine.state) ? .running(id) : .unknown(id)
            }
            if operation.entry?.state == .open { throw .running(id) }
            if operation.entry == nil, operation.target != 0 { throw .partOf(id, transaction: operation.target) }
        }
        if isAll { ids = survey.entries.keys.sorted() }
        try load { () throws(StoreError) in try engine.log.purge(ids, engine.state) }
        let after = try load { () throws(StoreError) in try engine.log.survey(engine.state) }
        func used(_ survey: StoreSurvey) -> UInt64 { survey.places.reduce(0) { $0 + $1.room.used } }
        let freed = used(survey) > used(after) ? used(survey) - used(after) : 0
        say(
            "purged \(text.count(ids.count, "operation")), \(humanSize(freed)): \(ids.count == 1 ? "it" : "they") can no longer be undone"
        )
    }

    // MARK: store quota

    private mutating func quota(_ words: [[UInt8]]) throws(UndoError) {
        if words.count > 1 {
            wrong("too many arguments")
            return
        }
        let engine = try UndoEngine(files)
        let control = try control(engine)
        if let word = words.first {
            guard let bytes = Self.size(word) else {
                wrong("not a size, such as 500M or 10G, or default: ", word)
                return
            }
            control.quota = bytes
            return
        }
        say(
            control.quota != 0
                ? humanSize(control.quota)
                : "\(humanSize(Eviction.largestQuota)), or a tenth of the free space where that is less")
    }

    /// `500M`, `10G`; 0 for `default`.
    private static func size(_ word: [UInt8]) -> UInt64? {
        if word == Array("default".utf8) { return 0 }
        let digits = word.prefix { $0 >= 48 && $0 <= 57 }
        guard !digits.isEmpty, var bytes = UInt64(String(decoding: digits, as: UTF8.self)), bytes > 0 else {
            return nil
        }
        let shift: UInt64
        switch word[digits.count...] {
        case []: shift = 0
        case [UInt8(ascii: "K")], [UInt8(ascii: "k")]: shift = 10
        case [UInt8(ascii: "M")]: shift = 20
        case [UInt8(ascii: "G")]: shift = 30
        case [UInt8(ascii: "T")]: shift = 40
        default: return nil
        }
        guard bytes < 1 << (63 - shift) else { return nil }
        bytes <<= shift
        return bytes
    }
}
