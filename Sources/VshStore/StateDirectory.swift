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
    }

    public var code: Code
    /// What was being used: a path.
    public var path: [UInt8]

    public init(_ code: Code, _ path: [UInt8]) {
        self.code = code
        self.path = path
    }

    /// One line for messages, without the path.
    public var reason: String {
        switch code {
        case .system(let error): error.message
        case .database(let code): "database error \(code)"
        case .notOurs: "belongs to another user"
        case .damaged: "damaged"
        }
    }
}

/// The shell's state directory and what lies in it: `control`, `journal/`, `store/`, `log.sqlite`.
public struct StateDirectory: Sendable {
    /// Absolute, without a slash at the end.
    public let path: [UInt8]

    public init(path: [UInt8]) { self.path = path }

    /// `${XDG_STATE_HOME:-$HOME/.local/state}/vsh`, or nil when neither names an absolute directory.
    public static func path(stateHome: [UInt8]?, home: [UInt8]?) -> [UInt8]? {
        let slash = UInt8(ascii: "/")
        if let stateHome, stateHome.first == slash { return trimmed(stateHome) + Array("/vsh".utf8) }
        guard let home, home.first == slash else { return nil }
        return trimmed(home) + Array("/.local/state/vsh".utf8)
    }

    private static func trimmed(_ path: [UInt8]) -> [UInt8] {
        var path = path
        while path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
        return path.count == 1 ? [] : path
    }

    public var control: [UInt8] { path + Array("/control".utf8) }
    public var journals: [UInt8] { path + Array("/journal".utf8) }
    public var store: [UInt8] { path + Array("/store".utf8) }
    public var log: [UInt8] { path + Array("/log.sqlite".utf8) }

    /// Path of the journal with this number.
    public func journal(_ number: UInt64) -> [UInt8] { journals + Array("/\(number)".utf8) }

    /// Makes the directory and what is around it, each 0700.
    ///
    /// Root makes none inside a directory of another user (`sudo` with the user's HOME): that user's own shell could not
    /// use it afterwards.
    public func create() throws(StoreError) {
        let slash = UInt8(ascii: "/")
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

    private enum Field: Int { case magic, number, journals, operation }

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
        if field(.magic).loadAcquiring() == Self.magic { return }
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

    /// Journals made since the last import.
    public var waitingJournals: UInt64 { field(.journals).loadAcquiring() }

    /// To be called before an import.
    public func clearJournals() { field(.journals).storeReleasing(0) }
}
