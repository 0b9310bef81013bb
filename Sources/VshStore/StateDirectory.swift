// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// A failure of the durable state.
public struct StoreError: Error, Equatable, Sendable {
    public enum Code: Equatable, Sendable {
        case system(Errno)
        /// The database's own result code.
        case database(Int32)
        /// The directory belongs to another user, or is not one.
        case notOurs
        /// A file of the state is not what it should be.
        case damaged
        /// A later version of the shell made it.
        case newer
        /// A program that is no shell keeps it locked; -1: it cannot be named.
        case foreignLock(Int32)
    }

    public var code: Code
    /// What was being used: a path.
    public var path: [UInt8]

    public init(_ code: Code, _ path: [UInt8]) {
        self.code = code
        self.path = path
    }

    /// Another process has the file.
    public var isBusy: Bool {
        switch code {
        case .database(let code): [5, 6, 15].contains(code & 0xFF)
        case .foreignLock: true
        default: false
        }
    }

    /// One line for messages, without the path.
    public var reason: String {
        switch code {
        case .system(.interrupted): "interrupted"
        case .system(let error): error.message
        case .database(let code):
            switch code & 0xff {
            case 5, 6: "another shell keeps it locked"
            case 7: "no memory"
            case 8: "read-only"
            case 10: "input/output error"
            case 11, 26: "damaged"
            case 13: "no space left"
            case 14: "cannot be opened"
            default: "database error \(code)"
            }
        case .foreignLock(let process):
            process > 0
                ? "process \(process)\(Self.name(of: process)), which is no shell, keeps it locked"
                : "a program that is no shell keeps it locked"
        case .newer: "made by a later version of vsh"
        case .notOurs: "belongs to another user"
        case .damaged: "damaged"
        }
    }
}

extension StoreError {
    /// ` (python3)`, or nothing.
    private static func name(of process: Int32) -> String {
        guard let file = try? FileDescriptor("/proc/\(process)/comm", .readOnly), let text = try? file.readAll() else {
            return ""
        }
        let name = text.prefix { $0 != 10 }
        // Programs choose it themselves.
        return name.isEmpty || name.contains { $0 < 32 || $0 > 126 }
            ? "" : " (\(String(decoding: name, as: UTF8.self)))"
    }
}

/// The shell's state directory and what lies in it: `control`, `journal/`, `store/`, `log.sqlite`.
public struct StateDirectory {
    /// Absolute, without a slash at the end. No array: a start that ends in a program needs none
    /// (docs/decisions/0006-cold-start.md).
    public let place: Text
    public var path: [UInt8] { place.bytes }

    public init(place: Text) { self.place = place }

    public init(path: [UInt8]) { self.init(place: Text(path)) }

    /// `${XDG_STATE_HOME:-$HOME/.local/state}/vsh`; empty when neither, where empty means that it is not set, names an absolute
    /// directory.
    public static func place(stateHome: Text, home: Text) -> Text {
        let slash = UInt8(ascii: "/")
        if !stateHome.isEmpty, stateHome[0] == slash { return name("/vsh", in: stateHome) }
        if home.isEmpty || home[0] != slash { return Text() }
        return name("/.local/state/vsh", in: home)
    }

    private static func name(_ name: StaticString, in directory: Text) -> Text {
        var count = directory.count
        while count > 0, directory[count - 1] == UInt8(ascii: "/") { count -= 1 }
        var path = Text()
        path.append(directory.slice(0..<count))
        path.append(Text(name))
        return path
    }

    public var control: [UInt8] { below("/control") }
    public var journals: [UInt8] { below("/journal") }
    public var store: [UInt8] { below("/store") }
    public var log: [UInt8] { below("/log.sqlite") }

    private func below(_ name: StaticString) -> [UInt8] { Self.name(name, in: place).bytes }

    /// Whether an absolute path is this directory's or that of something in it.
    public func holds(_ path: UnsafeBufferPointer<UInt8>) -> Bool { place.withBytes { isBelow(path, $0) } }

    /// Whether it is that of something in the store.
    public func stores(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        let store: StaticString = "/store/"
        return holds(path) && path.count > place.count + store.utf8CodeUnitCount
            && path[place.count...].starts(
                with: UnsafeBufferPointer(start: store.utf8Start, count: store.utf8CodeUnitCount))
    }

    /// Path of the journal with this number.
    public func journal(_ number: UInt64) -> [UInt8] { journals + Array("/\(number)".utf8) }

    /// Makes the directory and what is around it, each 0700.
    ///
    /// Root makes none inside a directory of another user (`sudo` with the user's HOME): that user's own shell could not
    /// use it afterwards.
    public func create() throws(StoreError) {
        let slash = UInt8(ascii: "/")
        let path = path
        var end = 0
        var ends: [Int] = []
        while end < path.count {
            end += 1
            while end < path.count, path[end] != slash { end += 1 }
            ends.append(end)
        }
        let user = System.effectiveUserID
        // From the deepest directory that exists.
        var existing = ends.count
        while existing > 0 {
            let part = Array(path[..<ends[existing - 1]])
            if let status = try? FileStatus(part) {
                guard status.isDirectory else { throw StoreError(.system(.notDirectory), part) }
                if existing == ends.count ? status.owner != user : user == 0 && status.owner != 0 {
                    throw StoreError(.notOurs, part)
                }
                break
            }
            existing -= 1
        }
        for index in existing..<ends.count { try Self.make(Array(path[..<ends[index]])) }
        try Self.make(journals)
        try Self.make(store)
    }

    private static func make(_ path: [UInt8]) throws(StoreError) {
        do {
            try System.makeDirectory(path, mode: 0o700)
        } catch {
            if error != .exists { throw StoreError(.system(error), path) }
        }
    }
}

/// Numbers shared by all shells of the user: a page of `control`, mapped.
public final class Control {
    private let page: UnsafeMutablePointer<UInt64>
    private static var size: Int { 4096 }
    private static var magic: UInt64 { 0x0001_6c72_7463_6873 }

    /// The recorder of programs knows them too: journal.c, preimage.c.
    private enum Field: Int { case magic, number, journals, operation, identity, quota, care, trim }

    private func field(_ field: Field) -> UnsafeMutablePointer<UInt64> { page + field.rawValue }

    /// Opens the control file; makes it, and the directory around it, when it is not there.
    /// - Parameter highest: asked when the file is new: the highest numbers that the log and the journals know.
    public init(_ state: StateDirectory, highest: () -> (number: UInt64, operation: OperationID)) throws(StoreError) {
        let path = state.control
        let fd: FileDescriptor
        do {
            fd = try Self.open(path, state)
        } catch {
            throw error
        }
        do {
            let status = try FileStatus(descriptor: fd.rawValue)
            guard status.owner == System.effectiveUserID else { throw StoreError(.notOurs, state.path) }
            if status.size < Self.size { try System.allocate(fd.rawValue, length: Int64(Self.size)) }
            page = try System.map(fd.rawValue, length: Self.size).assumingMemoryBound(to: UInt64.self)
        } catch let error as Errno {
            throw StoreError(.system(error), path)
        } catch {
            throw StoreError(.notOurs, state.path)
        }
        if field(.magic).loadAcquiring() == Self.magic, field(.identity).loadAcquiring() != 0 { return }
        do {
            try System.lock(fd.rawValue, .exclusive)
        } catch {
            throw StoreError(.system(error), path)
        }
        if field(.magic).loadAcquiring() != Self.magic {
            let known = highest()
            field(.number).storeReleasing(known.number)
            field(.operation).storeReleasing(known.operation)
            field(.magic).storeReleasing(Self.magic)
        }
        if field(.identity).loadAcquiring() == 0 {
            let random = (try? System.random(count: 8)) ?? []
            let number = random.reduce(0) { $0 << 8 | UInt64($1) }
            field(.identity).storeReleasing(number == 0 ? 1 : number)
        }
        // The mapping would keep the lock after the descriptor is closed.
        try? System.lock(fd.rawValue, .unlocked)
    }

    deinit { try? System.unmap(UnsafeMutableRawPointer(page), length: Self.size) }

    private static func open(_ path: [UInt8], _ state: StateDirectory) throws(StoreError) -> FileDescriptor {
        do {
            return try FileDescriptor(path, .readWrite)
        } catch {
            if error != .noEntry { throw StoreError(.system(error), path) }
        }
        try state.create()
        do {
            return try FileDescriptor(path, [.readWrite, .create], mode: 0o600)
        } catch {
            throw StoreError(.system(error), path)
        }
    }

    /// A new number of a session or a journal. They grow and are never given twice.
    public func nextNumber() -> UInt64 { field(.number).fetchAdd(1) + 1 }

    /// A new number of an operation or an event. They grow and are never given twice.
    public func nextOperation() -> OperationID { field(.operation).fetchAdd(1) + 1 }

    /// Notes one more journal that waits for import; returns how many there are about.
    public func addJournal() -> UInt64 { field(.journals).fetchAdd(1) + 1 }

    /// Counts journals again that an import did not take.
    public func addJournals(_ count: UInt64) { _ = field(.journals).fetchAdd(count) }

    /// Journals made since the last import.
    public var waitingJournals: UInt64 { field(.journals).loadAcquiring() }

    /// How much a store may hold, in bytes; 0: as `Eviction.limit` says.
    public var quota: UInt64 {
        get { field(.quota).loadAcquiring() }
        set { field(.quota).storeReleasing(newValue) }
    }

    /// Whether the stores were not looked after for an hour. Then this process is the one to do it.
    public func takeCare() -> Bool {
        let last = field(.care).loadAcquiring()
        let now = UInt64(Clock.realTime / 1_000_000_000)
        if now >= last, now - last < 3600 { return false }
        field(.care).storeReleasing(now)
        return true
    }

    /// Whether the log was not shortened in this second. Then this process is the one to do it.
    public func takeTrim() -> Bool {
        let now = UInt64(Clock.realTime / 1_000_000_000)
        if field(.trim).loadAcquiring() == now { return false }
        field(.trim).storeReleasing(now)
        return true
    }

    /// The random number that tells this state directory from others; 0 when it cannot be read.
    static func identity(_ state: StateDirectory) -> UInt64 {
        var number: UInt64 = 0
        guard let fd = try? FileDescriptor(state.control, .readOnly) else { return 0 }
        let offset = Int64(Field.identity.rawValue * 8)
        let count = withUnsafeMutableBytes(of: &number) { try? System.read(fd.rawValue, into: $0, offset: offset) }
        return count == 8 ? number : 0
    }

    /// To be called before an import.
    public func clearJournals() { field(.journals).storeReleasing(0) }
}

extension StateDirectory {
    /// The highest numbers that journals and store items know: what a control file that was lost has to go on from.
    public func highestNumbers() -> (number: UInt64, operation: OperationID) {
        var highest: (number: UInt64, operation: OperationID) = (0, 0)
        if var reader = try? DirectoryReader(journals) {
            while let entry = try? reader.next() {
                guard let number = UInt64(String(decoding: entry.name, as: UTF8.self)) else { continue }
                highest.number = max(highest.number, number)
                guard let fd = try? FileDescriptor(journal(number), .readWrite),
                    let journal = try? JournalFile(number: number, path: journal(number), fd: fd.rawValue)
                else { continue }
                highest.number = max(highest.number, journal.session)
                for operation in journal.bytes.operations() {
                    highest.operation = max(highest.operation, operation.record.id)
                }
            }
        }
        // Store items carry the numbers of journals that are gone.
        ItemNames.forEach(in: store) { item, _, _ in highest.number = max(highest.number, item >> 32) }
        return highest
    }
}
