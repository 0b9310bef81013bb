// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// What an operation is.
public enum OperationKind: UInt8, Sendable {
    case command = 0
    case undo = 1
    case redo = 2
    case rollback = 3
    case begin = 4
    case commit = 5
    /// The undoing of single paths: a change like any other.
    case undoPaths = 6
    /// What took back an undo, redo or rollback that failed half-way.
    case repair = 7
    /// The redirections of an undo command: logged, but no entry, or the next undo would take them back.
    case aside = 8
    /// A name for the present point of the history.
    case checkpoint = 9
    /// The way to another point of the history: a change like any other.
    case restore = 10

    /// Begin, commit and checkpoint stand without changes.
    public var isEvent: Bool { self == .begin || self == .commit || self == .checkpoint }

    /// Whether it means something even when no path changed.
    public var standsEmpty: Bool {
        self == .undo || self == .redo || self == .rollback || self == .undoPaths || self == .restore
    }
}

/// Why a change has no pre-image.
public enum MissingReason: UInt8, Sendable {
    case none = 0
    /// Larger than the cap for one file.
    case fileCap = 1
    /// The operation's cap was reached.
    case operationCap = 2
    /// The content could not be read.
    case unreadable = 3
    /// The store could not be written (space, permission).
    case storeFailed = 4
    /// Such an object cannot be made again (socket).
    case unrepeatable = 5
    /// The content is kept, but it will be a file of its own: the other names it had cannot be linked to it again.
    case otherNames = 6
    /// Hardly anything is free on the file system of the store.
    case noRoom = 7
}

/// The first record of an operation.
public struct OperationRecord: Equatable, Sendable {
    public var id: OperationID = 0
    public var kind: OperationKind = .command
    public var session: UInt64 = 0
    /// The transaction around it, or 0. Of a commit: the one that it closes.
    public var transaction: OperationID = 0
    public var process: Int32 = 0
    /// Nanoseconds since 1970.
    public var began: Int64 = 0
    /// Entries that an undo or redo is about, newest first; of a rollback the transaction.
    public var targets: [OperationID] = []
    public var directory: [UInt8] = []
    /// The command's text; of a begin the name given.
    public var command: [UInt8] = []

    public init() {}
}

/// One change, as recorded before it was made.
public struct ChangeRecord: Equatable, Sendable {
    public var kind: ChangeKind = .created
    public var preimage: Preimage = .inRecord
    public var reason: MissingReason = .none
    /// Number of the store item, or 0.
    public var item: UInt64 = 0
    public var before: NodeState = .absent
    /// Absolute and free of symbolic links, but for the last component.
    public var path: [UInt8] = []
    /// Where a moved object went; of a symbolic link before: its target; of another that was removed and is kept as a copy:
    /// another name that it had then.
    public var other: [UInt8] = []
    /// The store directory of the item when it is not the state directory's; without an item, of a hard link made or
    /// removed: another path of the object.
    public var location: [UInt8] = []
    /// Extended attributes before (see `AttributeList`), when they matter.
    public var attributes: [UInt8] = []
    /// Content before, when it is small.
    public var content: [UInt8] = []

    public init() {}
}

/// The state of a path after an operation.
public struct ResultRecord: Equatable, Sendable {
    public var path: [UInt8] = []
    public var after: NodeState = .absent
    /// SHA-256 of the content of a small file, else empty.
    public var digest: [UInt8] = []
    /// Only the times of a directory were recorded: something in it changed; or a link of the file came or went.
    public var isSoft = false

    public init() {}
}

/// The last record of an operation.
public struct EndRecord: Equatable, Sendable {
    public var outcome: OperationOutcome = .finished
    public var status: Int32 = 0
    /// Nanoseconds since 1970.
    public var ended: Int64 = 0
    /// Paths changed, and those among them that cannot be put back.
    public var changes: UInt32 = 0
    public var missing: UInt32 = 0
    /// Directories of which only the times changed.
    public var touched: UInt32 = 0

    public init() {}
}

/// Kinds of journal records.
public enum RecordKind: UInt8, Sendable {
    case operation = 1
    case change = 2
    case result = 3
    case end = 4
    /// The shell is about to be replaced by a program.
    case replaced = 5
    /// The change record at the offset given was not made after all.
    case void = 6
    /// The sandbox did not allow something.
    case refusal = 16
}

/// Writes the payload of a record: fixed-size fields in host order, then bytes after their 32-bit counts.
public struct RecordWriter: ~Copyable {
    private var next: UnsafeMutableRawPointer
    private let end: UnsafeMutableRawPointer

    init(_ start: UnsafeMutableRawPointer, count: Int) {
        next = start
        end = start + count
    }

    @inline(__always)
    public mutating func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        precondition(next + MemoryLayout<T>.size <= end)
        next.storeBytes(of: value, as: T.self)
        next += MemoryLayout<T>.size
    }

    @inline(__always)
    public mutating func put(_ bytes: UnsafeRawBufferPointer) {
        put(UInt32(bytes.count))
        precondition(next + bytes.count <= end)
        if let start = bytes.baseAddress { next.copyMemory(from: start, byteCount: bytes.count) }
        next += bytes.count
    }

    @inline(__always)
    public mutating func put(_ bytes: [UInt8]) { bytes.withUnsafeBytes { put($0) } }

    @inline(__always)
    public mutating func put(_ state: NodeState) {
        put(state.mode)
        if state.isAbsent { return }
        put(state.owner)
        put(state.group)
        put(state.links)
        put(state.device)
        put(state.inode)
        put(state.size)
        put(state.representedDevice)
        put(state.modification)
        put(state.access)
        put(state.change)
        put(state.birth)
    }

    @inline(__always)
    private mutating func put(_ time: Timestamp) {
        put(time.seconds)
        put(time.nanoseconds)
    }
}

/// Reads what `RecordWriter` wrote; a short or wrong payload gives zeros and sets `isDamaged`.
public struct RecordReader {
    private var next: UnsafeRawPointer
    private var left: Int
    public private(set) var isDamaged = false

    /// - Parameter bytes: must stay as they are while the reader is in use.
    init(_ bytes: UnsafeRawBufferPointer) {
        next = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
        left = bytes.count
    }

    /// Calls `body` with a reader of the bytes.
    public static func reading<R>(_ bytes: [UInt8], _ body: (inout RecordReader) -> R) -> R {
        bytes.withUnsafeBytes { raw in
            var reader = RecordReader(raw)
            return body(&reader)
        }
    }

    /// All was read: what a record of an earlier version does not have is behind its end.
    public var isAtEnd: Bool { left == 0 }

    /// Where the next `count` bytes are, which are then behind; nil when there are fewer.
    @inline(__always)
    private mutating func take(_ count: Int) -> UnsafeRawPointer? {
        guard left >= count else {
            isDamaged = true
            left = 0
            return nil
        }
        defer {
            next += count
            left -= count
        }
        return next
    }

    @inline(__always)
    public mutating func get<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) -> T {
        take(MemoryLayout<T>.size)?.loadUnaligned(as: T.self) ?? 0
    }

    public mutating func getBytes() -> [UInt8] {
        let count = Int(get(UInt32.self))
        guard let start = take(count), count > 0 else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Passes over what `getBytes` would give.
    public mutating func skipBytes() { _ = take(Int(get(UInt32.self))) }

    public mutating func getState() -> NodeState {
        var state = NodeState()
        state.mode = get()
        if state.isAbsent { return state }
        state.owner = get()
        state.group = get()
        state.links = get()
        state.device = get()
        state.inode = get()
        state.size = get()
        state.representedDevice = get()
        state.modification = getTime()
        state.access = getTime()
        state.change = getTime()
        state.birth = getTime()
        return state
    }

    private mutating func getTime() -> Timestamp { Timestamp(seconds: get(), nanoseconds: get()) }
}

extension NodeState {
    /// Bytes that `RecordWriter` needs for it.
    @inline(__always)
    var encodedCount: Int { isAbsent ? 4 : 96 }

    /// The bytes that stand for it in the log.
    public var encoded: [UInt8] {
        let count = encodedCount
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var writer = RecordWriter(UnsafeMutableRawPointer(buffer.baseAddress!), count: count)
            writer.put(self)
            filled = count
        }
    }

    /// The same bytes, for as long as the body runs.
    func withEncoded<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withUnsafeTemporaryAllocation(byteCount: 96, alignment: 8) { buffer in
            var writer = RecordWriter(buffer.baseAddress!, count: encodedCount)
            writer.put(self)
            return body(UnsafeRawBufferPointer(rebasing: buffer[..<encodedCount]))
        }
    }

    /// The state that `encoded` gave, or nil.
    public init?(encoded bytes: [UInt8]) {
        let state = RecordReader.reading(bytes) { reader -> NodeState? in
            let state = reader.getState()
            return reader.isDamaged ? nil : state
        }
        guard let state else { return nil }
        self = state
    }

    /// What statx said.
    @inline(__always)
    public init(_ status: FileStatus) {
        self.init()
        mode = status.mode
        owner = status.owner
        group = status.group
        links = status.linkCount
        device = status.device
        inode = status.inode
        size = UInt64(bitPattern: status.size)
        representedDevice = status.representedDevice
        modification = Timestamp(status.modificationTime)
        access = Timestamp(status.accessTime)
        change = Timestamp(status.changeTime)
        birth = status.birthTime.map { Timestamp($0) } ?? Timestamp()
    }
}

extension Timestamp {
    @inline(__always)
    public init(_ time: FileTime) { self.init(seconds: time.seconds, nanoseconds: time.nanoseconds) }

    public var fileTime: FileTime { FileTime(seconds: seconds, nanoseconds: nanoseconds) }
}
