// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Something that the sandbox did not allow, or a program that was let out of it, as the journal holds it until it is taken into the audit log.
public struct RefusalRecord: Equatable, Sendable {
    /// Nanoseconds since 1970.
    public var time: Int64 = 0
    public var session: UInt64 = 0
    /// The operation in which it was tried, or 0.
    public var operation: UInt64 = 0
    public var process: Int32 = 0
    public var user: UInt32 = 0
    /// What was tried: `open`, `rename`, `chmod`, …; `unconfined`: a program was let out.
    public var action: [UInt8] = []
    /// The name as it was given.
    public var path: [UInt8] = []
    public var root: [UInt8] = []
    public var directory: [UInt8] = []
    public var command: [UInt8] = []

    public init() {}

    var isUnconfined: Bool { action.elementsEqual("unconfined".utf8) }

    init?(_ reader: inout RecordReader) {
        time = reader.get()
        session = reader.get()
        operation = reader.get()
        process = reader.get()
        user = reader.get()
        getTexts(&reader)
        if reader.isDamaged { return nil }
    }

    /// What the audit log keeps beside the row, and commits to.
    var note: [UInt8] {
        var note: [UInt8] = []
        for part in [action, path, root, directory, command] {
            withUnsafeBytes(of: UInt32(part.count).littleEndian) { note.append(contentsOf: $0) }
            note.append(contentsOf: part)
        }
        return note
    }

    /// The same with an empty command.
    var noteWithoutCommand: [UInt8] {
        var other = self
        other.command = []
        return other.note
    }

    /// The parts of such a note.
    init?(note: [UInt8]) {
        let isDamaged = RecordReader.reading(note) { reader in
            getTexts(&reader)
            return reader.isDamaged
        }
        if isDamaged { return nil }
    }

    private mutating func getTexts(_ reader: inout RecordReader) {
        action = reader.getBytes()
        path = reader.getBytes()
        root = reader.getBytes()
        directory = reader.getBytes()
        command = reader.getBytes()
    }
}

extension Journal {
    /// Appends a refusal; false when there is no room.
    public func append(_ refusal: RefusalRecord) -> Bool {
        let texts = [refusal.action, refusal.path, refusal.root, refusal.directory, refusal.command]
        let count = 32 + texts.reduce(0) { $0 + 4 + $1.count }
        return append(.refusal, operation: refusal.operation, count: count) { writer in
            writer.put(refusal.time)
            writer.put(refusal.session)
            writer.put(refusal.operation)
            writer.put(refusal.process)
            writer.put(refusal.user)
            for text in texts { writer.put(text) }
        } != nil
    }
}

extension JournalFile {
    /// The refusals, with their numbers: the journal's, and the place in it.
    var refusals: [(id: UInt64, record: RefusalRecord)] {
        var found: [(UInt64, RefusalRecord)] = []
        bytes.forEach { record in
            guard record.kind == .refusal else { return }
            var reader = bytes.reader(record)
            if let refusal = RefusalRecord(&reader) { found.append((number << 32 | UInt64(record.offset), refusal)) }
        }
        return found
    }
}
