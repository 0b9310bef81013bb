// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// Records as the journal holds them.
extension Journal {
    public func append(_ record: OperationRecord) -> Int? {
        let count = 64 + record.targets.count * 8 + record.directory.count + record.command.count
        return append(.operation, operation: record.id, count: count) { writer in
            writer.put(record.kind.rawValue)
            writer.put(record.session)
            writer.put(record.transaction)
            writer.put(record.process)
            writer.put(record.began)
            writer.put(UInt32(record.targets.count))
            for target in record.targets { writer.put(target) }
            writer.put(record.directory)
            writer.put(record.command)
        }
    }

    /// The hot one: no arrays. Byte ranges are copied straight into the mapped page.
    @inline(__always)
    public func appendChange(
        operation: OperationID, kind: ChangeKind, preimage: Preimage, reason: MissingReason, item: UInt64,
        before: NodeState, path: UnsafeRawBufferPointer, other: UnsafeRawBufferPointer,
        location: UnsafeRawBufferPointer, attributes: UnsafeRawBufferPointer, content: UnsafeRawBufferPointer
    ) -> Int? {
        let count = 12 + before.encodedCount + 20 + path.count + other.count + location.count + attributes.count
        return append(.change, operation: operation, count: count + content.count) { writer in
            writer.put(kind.rawValue)
            writer.put(preimage.rawValue)
            writer.put(reason.rawValue)
            writer.put(UInt8(0))
            writer.put(item)
            writer.put(before)
            writer.put(path)
            writer.put(other)
            writer.put(location)
            writer.put(attributes)
            writer.put(content)
        }
    }

    public func append(_ record: ResultRecord, operation: OperationID) -> Int? {
        append(
            .result, operation: operation,
            count: record.after.encodedCount + 9 + record.path.count + record.digest.count
        ) { writer in
            writer.put(record.isSoft ? UInt8(1) : 0)
            writer.put(record.after)
            writer.put(record.path)
            writer.put(record.digest)
        }
    }

    public func append(_ record: EndRecord, operation: OperationID) -> Int? {
        append(.end, operation: operation, count: 28) { writer in
            writer.put(record.outcome.rawValue)
            writer.put(record.status)
            writer.put(record.ended)
            writer.put(record.changes)
            writer.put(record.missing)
            writer.put(record.touched)
        }
    }

    /// Notes that the shell is about to be replaced by a program.
    public func appendReplaced(operation: OperationID) -> Int? {
        append(.replaced, operation: operation, count: 0) { _ in }
    }

    /// Notes that the change recorded at `offset` was not made.
    public func appendVoid(_ offset: Int, operation: OperationID) -> Int? {
        append(.void, operation: operation, count: 8) { $0.put(UInt64(offset)) }
    }
}

/// An operation as it stands in a journal.
public struct JournaledOperation {
    public var record: OperationRecord
    /// In the order in which they were made.
    public var changes: [ChangeRecord] = []
    var offsets: [Int] = []
    public var results: [ResultRecord] = []
    public var end: EndRecord?
    public var wasReplaced = false

    init(_ record: OperationRecord) { self.record = record }

    /// Whether records of another operation with this number may follow.
    public var isComplete: Bool { end != nil || record.kind.isEvent }
}

extension JournalBytes {
    /// The operations, in the order in which they began. Records without an operation record are left out.
    /// - Parameter withContents: false: contents and extended attributes before are left out of the changes.
    public func operations(withContents: Bool = true) -> [JournaledOperation] {
        var operations: [JournaledOperation] = []
        var place: [OperationID: Int] = [:]
        var last: (id: OperationID, index: Int) = (0, 0)
        forEach { record in
            var reader = reader(record)
            if record.kind == .operation {
                guard let header = OperationRecord(&reader, id: record.operation) else { return }
                place[record.operation] = operations.count
                last = (record.operation, operations.count)
                operations.append(JournaledOperation(header))
                return
            }
            if last.id != record.operation {
                guard let index = place[record.operation] else { return }
                last = (record.operation, index)
            }
            let index = last.index
            switch record.kind {
            case .operation, .refusal: break
            case .change:
                guard let change = ChangeRecord(&reader, withContents: withContents) else { return }
                operations[index].changes.append(change)
                operations[index].offsets.append(record.offset)
            case .result:
                guard let result = ResultRecord(&reader) else { return }
                operations[index].results.append(result)
            case .end:
                operations[index].end = EndRecord(&reader)
            case .replaced:
                operations[index].wasReplaced = true
            case .void:
                let offset = Int(truncatingIfNeeded: reader.get(UInt64.self))
                if let change = operations[index].offsets.lastIndex(of: offset) {
                    operations[index].offsets.remove(at: change)
                    operations[index].changes.remove(at: change)
                }
            }
        }
        return operations
    }
}

extension OperationRecord {
    init?(_ reader: inout RecordReader, id: OperationID) {
        self.init()
        self.id = id
        guard let kind = OperationKind(rawValue: reader.get()) else { return nil }
        self.kind = kind
        session = reader.get()
        transaction = reader.get()
        process = reader.get()
        began = reader.get()
        let count = reader.get(UInt32.self)
        for _ in 0..<count where !reader.isDamaged { targets.append(reader.get()) }
        directory = reader.getBytes()
        command = reader.getBytes()
        if reader.isDamaged { return nil }
    }
}

extension ChangeRecord {
    init?(_ reader: inout RecordReader, withContents: Bool) {
        self.init()
        guard let kind = ChangeKind(rawValue: reader.get()), let preimage = Preimage(rawValue: reader.get()),
            let reason = MissingReason(rawValue: reader.get())
        else { return nil }
        self.kind = kind
        self.preimage = preimage
        self.reason = reason
        _ = reader.get(UInt8.self)
        item = reader.get()
        before = reader.getState()
        path = reader.getBytes()
        other = reader.getBytes()
        location = reader.getBytes()
        if withContents {
            attributes = reader.getBytes()
            content = reader.getBytes()
        } else {
            reader.skipBytes()
            reader.skipBytes()
        }
        if reader.isDamaged { return nil }
    }
}

extension ResultRecord {
    init?(_ reader: inout RecordReader) {
        self.init()
        isSoft = reader.get(UInt8.self) != 0
        after = reader.getState()
        path = reader.getBytes()
        digest = reader.getBytes()
        if reader.isDamaged { return nil }
    }
}

extension EndRecord {
    init?(_ reader: inout RecordReader) {
        self.init()
        guard let outcome = OperationOutcome(rawValue: reader.get()) else { return nil }
        self.outcome = outcome
        status = reader.get()
        ended = reader.get()
        changes = reader.get()
        missing = reader.get()
        if !reader.isAtEnd { touched = reader.get() }
        if reader.isDamaged { return nil }
    }
}
