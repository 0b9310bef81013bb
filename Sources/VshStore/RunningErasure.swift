// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// What the journals hold of an operation that still runs.
public struct RunningErasure: Sendable {
    public var operation: OperationID
    /// The journal's number.
    var journal: UInt64
    /// Places of change records in it.
    var changes: Set<Int> = []
    var command: [UInt8]
    /// What changed nothing is not in the log, but may stand in the journal of a shell that runs.
    var hasEnded = false
    /// Store items of all its changes, by their places.
    var items: [Int: [UInt8]] = [:]
}

/// Forgetting what operations that still run have recorded so far: in their journals, while they append to them.
extension OperationLog {
    /// Operations that are in journals, with the changes that they have recorded.
    func running(_ state: StateDirectory) -> [(trace: RunningErasure, changes: [(place: Int, change: ChangeRecord)])] {
        var found: [(trace: RunningErasure, changes: [(place: Int, change: ChangeRecord)])] = []
        let store = PreimageStore(state)
        forEachJournal(state) { number, fd in
            guard let journal = try? JournalFile(number: number, path: state.journal(number), fd: fd) else {
                return
            }
            for operation in journal.bytes.operations(withContents: false) {
                var trace = RunningErasure(
                    operation: operation.record.id, journal: number, command: operation.record.command)
                trace.hasEnded = operation.isComplete
                let changes = zip(operation.offsets, operation.changes).map { (place: $0, change: $1) }
                for (place, change) in changes where change.item != 0 {
                    trace.items[place] = store.path(change.item, location: change.location)
                }
                found.append((trace, changes))
            }
        }
        return found
    }

    /// Whether an operation is in a journal, and has not ended.
    public func isRunning(_ operation: OperationID, _ state: StateDirectory) -> Bool {
        running(state).contains { $0.trace.operation == operation && !$0.trace.hasEnded }
    }

    private func forEachJournal(_ state: StateDirectory, _ body: (UInt64, Int32) -> Void) {
        guard var reader = try? DirectoryReader(state.journals) else { return }
        while let entry = try? reader.next() {
            guard let number = UInt64(String(decoding: entry.name, as: UTF8.self)),
                let file = try? FileDescriptor(state.journal(number), .readWrite)
            else { continue }
            body(number, file.rawValue)
        }
    }

    /// Overwrites the records of operations, and of refusals, in journals that are still in use: the log has them. Of operations that still
    /// run, the records meant, and the text of the command.
    public func wipeRecords(of erasure: Erasure, _ state: StateDirectory) {
        let operations = Set(erasure.operations + erasure.namesakes)
        let whole = Set(erasure.operations)
        forEachJournal(state) { number, fd in
            guard let journal = try? JournalFile(number: number, path: state.journal(number), fd: fd) else {
                return
            }
            let running = erasure.running.filter { $0.journal == number }
            var isWiped = false
            func write(_ bytes: [UInt8], _ place: Int) {
                var done = 0
                while done < bytes.count {
                    let count = bytes.withUnsafeBytes {
                        try? System.write(
                            fd, UnsafeRawBufferPointer(rebasing: $0[done...]), offset: Int64(place + done))
                    }
                    guard let count, count > 0 else { return }
                    done += count
                }
                isWiped = true
            }
            journal.bytes.forEach { record in
                let isRunning = running.contains { $0.operation == record.operation }
                // A program that outlives its operation begins the next one with the same first record: it stays.
                if record.kind == .operation, isRunning || operations.contains(record.operation) {
                    var reader = journal.bytes.reader(record)
                    if let old = OperationRecord(&reader, id: record.operation), !old.command.isEmpty {
                        write(journal.bytes.renamed(record, from: old.command, to: Self.erasedText), record.offset)
                    }
                    return
                }
                let isErased =
                    switch record.kind {
                    case .refusal: erasure.refusalRecords.contains(number << 32 | UInt64(record.offset))
                    default:
                        whole.contains(record.operation)
                            || running.contains {
                                $0.operation == record.operation && $0.changes.contains(record.offset)
                            }
                    }
                if isErased { write([UInt8](repeating: 0, count: record.size), record.offset) }
            }
            if isWiped { try? System.syncData(fd) }
        }
    }
}

extension JournalBytes {
    /// The bytes of an operation's first record with another text for its command, which stands at the end; as long as before: of a text that is
    /// too long, its beginning.
    fileprivate func renamed(_ record: Record, from old: [UInt8], to new: [UInt8]) -> [UInt8] {
        var bytes = copy(record)
        // Behind the text are zeros up to a multiple of 8.
        func counted(_ text: [UInt8]) -> [UInt8] {
            withUnsafeBytes(of: UInt32(text.count)) { Array($0) } + text
        }
        let wanted = counted(old)
        guard bytes.count >= wanted.count,
            let start = (0...(bytes.count - wanted.count)).last(where: { bytes[$0...].starts(with: wanted) })
        else { return bytes }
        let tail = counted(Array(new.prefix(old.count)))
        for place in start..<bytes.count { bytes[place] = place - start < tail.count ? tail[place - start] : 0 }
        let sum = bytes[8...].withUnsafeBytes { CRC32C.checksum($0, continuing: salt) }
        withUnsafeBytes(of: sum) { for (place, byte) in $0.enumerated() { bytes[4 + place] = byte } }
        return bytes
    }
}
