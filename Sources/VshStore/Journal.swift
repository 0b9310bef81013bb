// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// The layout of a journal file: a header, then records one after another, each starting at a multiple of 8.
///
/// A record: 32-bit count of all its bytes, CRC-32C of everything behind the checksum (continued from the file's salt),
/// 64-bit operation number, kind, three zero bytes, 32 zero bits, payload, zeros up to a multiple of 8. Host byte order.
enum JournalLayout {
    static var magic: UInt64 { 0x0132_6c72_7463_6873 }
    static var headerSize: Int { 128 }
    static var recordHeaderSize: Int { 24 }
    /// Longer ones are no records.
    static var longestRecord: Int { 1 << 24 }

    // Offsets of 64-bit fields in the header.
    static var salt: Int { 8 }
    static var session: Int { 16 }
    static var process: Int { 24 }
    static var processStart: Int { 32 }
    /// End of the last record reserved.
    static var tail: Int { 40 }
    /// Store items numbered.
    static var items: Int { 48 }
    /// The shell that the session belongs to.
    static var shell: Int { 56 }
    static var shellStart: Int { 64 }
}

/// The journal that this shell, and the subshells that it forks, append to.
///
/// The file is mapped and shared: a record is complete in memory that survives the process before the change that it
/// tells of is made. Several processes append without locks; each reserves its place by moving the tail. No descriptor
/// stays open (the numbers belong to the script); the mapping keeps the lock that says the journal is in use.
public final class Journal {
    public let number: UInt64
    public let path: [UInt8]
    private let first: UnsafeMutableRawPointer
    private var window: UnsafeMutableRawPointer?
    private var windowStart = 0
    private var windowSize = 0
    private let salt: UInt32

    private static var firstSize: Int { 1 << 15 }
    /// Of the first and of the largest window.
    private static var windowSizes: ClosedRange<Int> { 1 << 17...1 << 20 }
    private static var pageSize: Int { 4096 }

    /// Makes a new journal.
    /// - Parameters:
    ///   - owner: the process whose death ends its operations: the shell for all but background jobs.
    ///   - shell: the process that the session belongs to, and when it began.
    public init(
        _ state: StateDirectory, control: Control, session: UInt64, owner: Int32, shell: (process: Int32, start: UInt64)
    ) throws(StoreError) {
        (number, path, first) = try Self.make(state, control)
        let random = (try? System.random(count: 4)) ?? [1, 2, 3, 4]
        salt = random.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        field(JournalLayout.salt).pointee = UInt64(salt)
        field(JournalLayout.session).pointee = session
        field(JournalLayout.process).pointee = UInt64(owner)
        field(JournalLayout.processStart).pointee =
            shell.process == owner ? shell.start : System.startTime(of: owner) ?? 0
        field(JournalLayout.shell).pointee = UInt64(shell.process)
        field(JournalLayout.shellStart).pointee = shell.start
        field(JournalLayout.tail).pointee = UInt64(JournalLayout.headerSize)
        field(0).storeReleasing(JournalLayout.magic)
        _ = control.addJournal()
    }

    /// One in memory alone, which nobody sees: for a rehearsal.
    public init() throws(Errno) {
        first = try System.map(-1, length: Self.firstSize)
        (number, path, salt) = (0, [], 1)
        field(JournalLayout.tail).pointee = UInt64(JournalLayout.headerSize)
    }

    private static func make(_ state: StateDirectory, _ control: Control) throws(StoreError) -> (
        UInt64, [UInt8], UnsafeMutableRawPointer
    ) {
        var attempt = 0
        while true {
            let number = control.nextNumber()
            let path = state.journal(number)
            do {
                let fd = try FileDescriptor(path, [.readWrite, .create, .exclusive], mode: 0o600)
                try System.lock(fd.rawValue, .shared)
                // A recovery that came between found a journal of nobody, and removed it.
                if try FileStatus(descriptor: fd.rawValue).linkCount > 0 {
                    try extend(fd.rawValue, to: firstSize)
                    return (number, path, try System.map(fd.rawValue, length: firstSize))
                }
            } catch {
                if error != .exists && error != .interrupted { throw StoreError(.system(error), path) }
            }
            attempt += 1
            if attempt == 100 { throw StoreError(.system(.busy), path) }
        }
    }

    /// Joins a journal that another process of this shell made.
    public init(joining number: UInt64, _ state: StateDirectory) throws(StoreError) {
        let path = state.journal(number)
        do {
            let fd = try FileDescriptor(path, .readWrite)
            try System.lock(fd.rawValue, .shared)
            guard try FileStatus(descriptor: fd.rawValue).linkCount > 0 else { throw Errno.noEntry }
            first = try System.map(fd.rawValue, length: Self.firstSize)
        } catch let error {
            throw StoreError(.system((error as? Errno) ?? .inputOutput), path)
        }
        self.number = number
        self.path = path
        salt = UInt32(
            truncatingIfNeeded: (first + JournalLayout.salt).assumingMemoryBound(to: UInt64.self).pointee)
    }

    deinit {
        try? System.unmap(first, length: Self.firstSize)
        if let window { try? System.unmap(window, length: windowSize) }
    }

    @inline(__always)
    private func field(_ offset: Int) -> UnsafeMutablePointer<UInt64> {
        (first + offset).assumingMemoryBound(to: UInt64.self)
    }

    /// Where the next record will start.
    public var tail: Int { Int(field(JournalLayout.tail).loadAcquiring()) }

    /// A number for a store item, never given twice: the journal's number and one within it.
    public func nextItem() -> UInt64 { number << 32 | (field(JournalLayout.items).fetchAdd(1) + 1) }

    /// Appends a record.
    /// - Parameters:
    ///   - count: at least the bytes that `write` puts.
    /// - Returns: the record's offset, or nil when the disk is full.
    @inline(__always)
    public func append(
        _ kind: RecordKind, operation: OperationID, count: Int, _ write: (inout RecordWriter) -> Void
    ) -> Int? {
        let size = (JournalLayout.recordHeaderSize + count + 7) & ~7
        let start = Int(field(JournalLayout.tail).fetchAdd(UInt64(size)))
        guard let place = place(start, size) else { return nil }
        var writer = RecordWriter(place + JournalLayout.recordHeaderSize, count: size - JournalLayout.recordHeaderSize)
        (place + 8).storeBytes(of: operation, as: UInt64.self)
        (place + 16).storeBytes(of: UInt64(kind.rawValue), as: UInt64.self)
        write(&writer)
        let checked = UnsafeRawBufferPointer(start: place + 8, count: size - 8)
        (place + 4).storeBytes(of: CRC32C.checksum(checked, continuing: salt), as: UInt32.self)
        place.assumingMemoryBound(to: UInt32.self).storeReleasing(UInt32(size))
        return start
    }

    @inline(__always)
    private func place(_ start: Int, _ size: Int) -> UnsafeMutableRawPointer? {
        if start + size <= Self.firstSize { return first + start }
        if let window, start >= windowStart, start + size <= windowStart + windowSize {
            return window + (start - windowStart)
        }
        return slide(start, size)
    }

    /// Moves the window over the file so that it holds the place.
    @inline(never)
    private func slide(_ start: Int, _ size: Int) -> UnsafeMutableRawPointer? {
        let newStart = start & ~(Self.pageSize - 1)
        let usual = min(max(windowSize * 2, Self.windowSizes.lowerBound), Self.windowSizes.upperBound)
        let newSize = max(usual, (start + size - newStart + Self.pageSize - 1) & ~(Self.pageSize - 1))
        do {
            let fd = try FileDescriptor(path, .readWrite)
            try Self.extend(fd.rawValue, to: newStart + newSize)
            let mapped = try System.map(fd.rawValue, length: newSize, offset: Int64(newStart))
            // All at once: a fault for each page would cost more than what is written there.
            System.populate(mapped, length: newSize)
            if let window { try? System.unmap(window, length: windowSize) }
            window = mapped
            windowStart = newStart
            windowSize = newSize
            return mapped + (start - newStart)
        } catch {
            return nil
        }
    }

    /// Gives the file blocks up to `size`, so that a full disk is found here and not as SIGBUS in a mapped page.
    private static func extend(_ fd: Int32, to size: Int) throws(Errno) {
        do {
            try System.allocate(fd, length: Int64(size))
        } catch {
            guard error == .notSupported else { throw error }
            if try FileStatus(descriptor: fd).size < size { try System.truncate(fd, to: Int64(size)) }
        }
    }

    /// The records from `start` on.
    public func bytes(from start: Int) -> JournalBytes? {
        let end = tail
        if end <= Self.firstSize {
            return JournalBytes(
                JournalMemory(copying: UnsafeRawBufferPointer(start: first + start, count: end - start)), salt: salt,
                firstOffset: start)
        }
        let page = start & ~(Self.pageSize - 1)
        guard let fd = try? FileDescriptor(path, .readOnly),
            let memory = try? JournalMemory(mapping: fd.rawValue, from: page, count: end - page)
        else { return nil }
        return JournalBytes(memory, from: start - page, salt: salt, firstOffset: start)
    }

    /// Waits until everything so far is on disk (`durability=full`).
    public func sync() {
        guard let fd = try? FileDescriptor(path, .readWrite) else { return }
        try? System.syncData(fd.rawValue)
    }
}

/// The bytes of a journal in memory.
final class JournalMemory {
    let bytes: UnsafeMutableRawBufferPointer
    private let isMapped: Bool

    init(copying other: UnsafeRawBufferPointer) {
        bytes = .allocate(byteCount: other.count, alignment: 8)
        bytes.copyMemory(from: other)
        isMapped = false
    }

    /// Reads up to `count` bytes of a file.
    init(reading fd: Int32, count: Int) throws(Errno) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        var done = 0
        do {
            while done < count {
                let read = try System.read(
                    fd, into: UnsafeMutableRawBufferPointer(rebasing: room[done...]), offset: Int64(done))
                if read == 0 { break }
                done += read
            }
        } catch {
            room.deallocate()
            throw error
        }
        bytes = UnsafeMutableRawBufferPointer(start: room.baseAddress, count: done)
        isMapped = false
    }

    /// Maps a file that nobody shortens. `offset` is a multiple of the page size.
    init(mapping fd: Int32, from offset: Int, count: Int) throws(Errno) {
        bytes = UnsafeMutableRawBufferPointer(
            start: try System.map(fd, length: count, isWritable: false, offset: Int64(offset)), count: count)
        isMapped = true
    }

    deinit {
        guard let start = bytes.baseAddress else { return }
        if isMapped { try? System.unmap(start, length: bytes.count) } else { start.deallocate() }
    }

    /// A 64-bit field of the header, 0 where there is none.
    func field(_ offset: Int) -> UInt64 {
        bytes.count >= offset + 8 ? bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) : 0
    }
}

/// Records as they were found in a file.
public struct JournalBytes {
    private let memory: JournalMemory
    private let bytes: UnsafeRawBufferPointer
    let salt: UInt32
    /// Offset in the file of the first byte.
    let firstOffset: Int

    public struct Record {
        public let kind: RecordKind
        public let operation: OperationID
        public let offset: Int
        let payload: Range<Int>
        /// Bytes of the whole record.
        var size: Int { payload.count + JournalLayout.recordHeaderSize }
    }

    /// - Parameters:
    ///   - start, end: the records within the memory; `firstOffset` is the place of the first in the file.
    init(_ memory: JournalMemory, from start: Int = 0, to end: Int? = nil, salt: UInt32, firstOffset: Int) {
        self.memory = memory
        let end = max(min(end ?? memory.bytes.count, memory.bytes.count), 0)
        bytes = UnsafeRawBufferPointer(rebasing: memory.bytes[min(start, end)..<end])
        self.salt = salt
        self.firstOffset = firstOffset
    }

    /// Calls `body` with each valid record in turn. What a killed writer left half-done is skipped.
    public func forEach(_ body: (Record) -> Void) {
        defer { withExtendedLifetime(memory) {} }
        var offset = 0
        while offset + JournalLayout.recordHeaderSize <= bytes.count {
            let size = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            if size >= JournalLayout.recordHeaderSize, size & 7 == 0, size <= JournalLayout.longestRecord,
                offset + size <= bytes.count,
                let kind = RecordKind(rawValue: bytes[offset + 16]),
                CRC32C.checksum(
                    UnsafeRawBufferPointer(rebasing: bytes[(offset + 8)..<(offset + size)]), continuing: salt)
                    == bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            {
                body(
                    Record(
                        kind: kind, operation: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self),
                        offset: firstOffset + offset,
                        payload: (offset + JournalLayout.recordHeaderSize)..<(offset + size)))
                offset += size
            } else {
                offset += 8
            }
        }
    }

    /// All bytes of a record.
    func copy(_ record: Record) -> [UInt8] {
        Array(bytes[(record.payload.lowerBound - JournalLayout.recordHeaderSize)..<record.payload.upperBound])
    }

    /// Of a record of these bytes, which must outlive it.
    func reader(_ record: Record) -> RecordReader {
        RecordReader(UnsafeRawBufferPointer(rebasing: bytes[record.payload]))
    }
}

/// A journal as another process finds it.
public struct JournalFile {
    public let number: UInt64
    public let path: [UInt8]
    public let session: UInt64
    /// The process that its operations belong to.
    public let process: Int32
    public let sighting: JournalSighting
    private let file: FileStatus
    let shell: UInt64
    let shellStart: UInt64
    public let bytes: JournalBytes
    /// Store items that were numbered: 1 to this, within the journal.
    public let items: UInt64

    /// Reads the journal at `path`.
    /// - Parameters:
    ///   - fd: open on it for reading and writing; when nobody else uses the journal, it is locked afterwards for as long as
    ///     the descriptor is open.
    ///   - patience: how long to wait for a process to be quite gone that was just killed, in milliseconds.
    /// - Returns: nil when it is gone.
    public init?(number: UInt64, path: [UInt8], fd: Int32, patience: Int = 0) throws(Errno) {
        self.number = number
        self.path = path
        let isUnlocked = Self.lock(fd, try FileStatus(descriptor: fd), patience: patience)
        // Another may have taken it in meanwhile, and removed it.
        let status = try FileStatus(descriptor: fd)
        guard status.linkCount > 0, let size = Int(exactly: status.size) else { return nil }
        file = status
        // Room is made for many records, and mostly there are few.
        var all = try JournalMemory(reading: fd, count: min(size, 4096))
        let isJournal = all.field(0) == JournalLayout.magic
        let used = isJournal ? Int(truncatingIfNeeded: min(all.field(JournalLayout.tail), UInt64(size))) : 0
        if used > 4096 { all = try JournalMemory(reading: fd, count: used) }
        session = isJournal ? all.field(JournalLayout.session) : 0
        process = isJournal ? Int32(truncatingIfNeeded: all.field(JournalLayout.process)) : 0
        items = isJournal ? all.field(JournalLayout.items) : 0
        shell = isJournal ? all.field(JournalLayout.shell) : 0
        shellStart = isJournal ? all.field(JournalLayout.shellStart) : 0
        let start = isJournal ? System.startTime(of: process) : nil
        sighting = JournalSighting(
            ownerIsAlive: start != nil && start == all.field(JournalLayout.processStart), isUnlocked: isUnlocked)
        bytes = JournalBytes(
            all, from: JournalLayout.headerSize,
            to: isJournal ? Int(truncatingIfNeeded: all.field(JournalLayout.tail)) : JournalLayout.headerSize,
            salt: UInt32(truncatingIfNeeded: all.field(JournalLayout.salt)), firstOffset: JournalLayout.headerSize)
    }

    /// Whether it is at its path still: the whole state may have been removed, and begun anew by another shell.
    var isInPlace: Bool { (try? FileStatus(path, follow: false))?.isSameFile(as: file) ?? false }

    /// How long a recorder of programs may need to end after its shell, in milliseconds.
    private static var parting: Int { 24 }

    /// Whether nobody else uses the journal. The lock of a process that was killed can outlast it a little: waits so long. Not quite
    /// as long for another that lives and has one too: a recorder, which ends soon unless its programs go on.
    private static func lock(_ fd: Int32, _ status: FileStatus, patience: Int) -> Bool {
        if (try? System.lock(fd, .exclusive, wait: false)) != nil { return true }
        guard patience > 0, let header = try? JournalMemory(reading: fd, count: JournalLayout.headerSize) else {
            return false
        }
        let owner = Int32(truncatingIfNeeded: header.field(JournalLayout.process))
        if header.field(0) != JournalLayout.magic
            || System.startTime(of: owner) == header.field(JournalLayout.processStart)
        {
            return false
        }
        // Another shell that takes the journal in is waited for, a program that has a lock of its own on it is not.
        func isOther(_ process: Int32, _ isShared: Bool) -> Bool {
            process != owner && System.startTime(of: process) != nil && (isShared || !System.isSameProgram(process))
        }
        for attempt in 0..<patience {
            if attempt >= parting, attempt % 8 == 0,
                System.lockHolders(status.inode).contains(where: { isOther($0.process, $0.isShared) })
            {
                return false
            }
            try? Clock.sleep(nanoseconds: 1_000_000)
            if (try? System.lock(fd, .exclusive, wait: false)) != nil { return true }
        }
        return false
    }
}
