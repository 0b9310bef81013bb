// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// What file operations would do. While a file system has one, its changing calls check everything that the system would
/// check, note the change, and make none: later calls see the files as they would then be.
public final class Planner {
    /// How what a change replaces would be kept.
    public enum Keeping: Sendable {
        /// Nothing has to be kept.
        case nothing
        /// In the record: old values, a size, a little content.
        case record
        /// By a rename into the store.
        case rename
        /// By a second link in the store.
        case link
        /// By a copy of so many bytes.
        case copy(UInt64)
        case not(MissingReason)
    }

    public struct Change: Sendable {
        public enum Kind: Equatable, Sendable { case create, remove, removeTree, move, overwrite, append, attributes }
        public var kind: Kind
        public var path: [UInt8]
        /// Where it would move.
        public var other: [UInt8]
        public var before: NodeState
        public var after: NodeState
        public var keeping: Keeping
        /// Entries of a tree.
        public var entries = 0
    }

    private struct Planned {
        var state: NodeState
        /// Where the children of a directory really lie; nil: it would be new.
        var origin: [UInt8]?
    }

    private unowned let files: FileSystem
    private var planned: PathMap<Planned> = [:]
    public private(set) var changes: [Change] = []
    /// Lines that the command would write as messages, with their newline.
    public var messages: [[UInt8]] = []
    /// Questions that it would ask.
    public var questions: [[UInt8]] = []
    /// An option is not known here: the external program would run.
    public var isExternal = false
    /// What would go to something that is no file.
    public private(set) var outside: [[UInt8]] = []
    private var copied: UInt64 = 0

    init(_ files: FileSystem) { self.files = files }

    // MARK: Looking

    private static func look(_ path: [UInt8]) -> NodeState {
        (try? FileStatus(path, follow: false)).map { NodeState($0) } ?? .absent
    }

    /// What would be at an absolute path.
    private func find(_ path: [UInt8]) -> Planned {
        if planned.isEmpty { return Planned(state: Self.look(path), origin: path) }
        if let known = planned[path] { return known }
        var above = path
        while above.count > 1 {
            above = parent(of: above)
            guard let known = planned[above] else { continue }
            guard let origin = known.origin, known.state.isDirectory else { return Planned(state: .absent) }
            let real = origin + path[above.count...]
            return Planned(state: Self.look(real), origin: real)
        }
        return Planned(state: Self.look(path), origin: path)
    }

    private func absolute(_ name: UnsafePointer<CChar>, _ directory: Directory?) throws(Errno) -> [UInt8] {
        let bytes = Array(UnsafeBufferPointer(start: name, count: stringLength(name))).map { UInt8(bitPattern: $0) }
        if bytes.isEmpty { throw .noEntry }
        if files.locate(name, directory, files.first) { return files.first.array }
        if let found = (bytes + [0]).withPath({
            files.locateObject($0, directory, files.first) ? files.first.array : nil
        }) {
            return found
        }
        // Its directory would be new.
        let slash = UInt8(ascii: "/")
        guard let end = bytes.lastIndex(where: { $0 != slash }) else { throw .noEntry }
        let whole = Array(bytes[...end])
        guard let cut = whole.lastIndex(of: slash), cut > 0 else { throw .noEntry }
        let around = try (Array(whole[..<cut]) + [0]).withPath { (name) throws(Errno) in try absolute(name, directory) }
        return around + [slash] + whole[(cut + 1)...]
    }

    private func stringLength(_ name: UnsafePointer<CChar>) -> Int {
        var count = 0
        while name[count] != 0 { count += 1 }
        return count
    }

    /// The end of a chain of symbolic links.
    private func follow(_ path: [UInt8]) throws(Errno) -> [UInt8] {
        var path = path
        for _ in 0..<40 {
            let found = find(path)
            guard found.state.kind == .symbolicLink, let origin = found.origin else { return path }
            guard let target = try? System.readLink(origin) else { return path }
            let next = target.first == UInt8(ascii: "/") ? target : parent(of: path) + [UInt8(ascii: "/")] + target
            path = try (next + [0]).withPath { (name) throws(Errno) in try absolute(name, nil) }
        }
        throw .tooManySymbolicLinks
    }

    private var isRoot: Bool { System.effectiveUserID == 0 }

    /// Whether names in the directory of a path may be made and removed.
    private func checkDirectory(_ path: [UInt8], removing: NodeState? = nil) throws(Errno) {
        let directory = parent(of: path)
        let found = find(directory)
        if found.state.isAbsent { throw .noEntry }
        if !found.state.isDirectory { throw .notDirectory }
        if let origin = found.origin { try System.checkAccess(origin, [.write, .execute]) }
        guard let removing, found.state.permissions & Mode.sticky != 0, !isRoot else { return }
        let user = System.effectiveUserID
        if found.state.owner != user && removing.owner != user { throw .permission }
    }

    private func add(
        _ kind: Change.Kind, _ path: [UInt8], other: [UInt8] = [], _ before: NodeState, _ after: NodeState,
        _ keeping: Keeping, entries: Int = 0
    ) {
        changes.append(
            Change(
                kind: kind, path: path, other: other, before: before, after: after, keeping: keeping, entries: entries))
    }

    // MARK: Keeping

    /// Whether an object can leave for the store by a rename.
    private func canRename(_ path: [UInt8]) -> Bool {
        guard let status = try? FileStatus(path, follow: false), let state = files.state else { return false }
        var home = state.path
        while home.count > 1, (try? FileStatus(home)) == nil { home = parent(of: home) }
        if let there = try? FileStatus(home), there.device == status.device, there.mount == status.mount { return true }
        // A store at the top of its own file system.
        var top = parent(of: path)
        while top.count > 1, let above = try? FileStatus(parent(of: top)), above.device == status.device,
            above.mount == status.mount
        {
            top = parent(of: top)
        }
        let store = (top.count == 1 ? [] : top) + Array("/.vsh-\(System.effectiveUserID)".utf8)
        return (try? FileStatus(store)) != nil || System.isAccessible(top, [.write, .execute])
    }

    private func copy(_ state: NodeState) -> Keeping {
        if state.kind != .regular || state.size == 0 { return .record }
        if state.size > files.plannedLimits.file { return .not(.fileCap) }
        copied += state.size
        return copied > files.plannedLimits.operation ? .not(.operationCap) : .copy(state.size)
    }

    private func keepRemoved(_ path: [UInt8], _ found: Planned) -> Keeping {
        guard let origin = found.origin else { return .nothing }
        if canRename(origin) { return .rename }
        return found.state.kind == .socket ? .not(.unrepeatable) : copy(found.state)
    }

    private func keepContent(_ state: NodeState, _ origin: [UInt8]?) -> Keeping {
        guard let origin, state.size > 0 else { return origin == nil ? .nothing : .record }
        if !System.isAccessible(origin, .read) { return .not(.unreadable) }
        return state.size <= 8192 ? .record : copy(state)
    }

    // MARK: Making names

    func create(_ name: UnsafePointer<CChar>, _ directory: Directory?, mode: UInt32) throws(Errno) {
        let path = try absolute(name, directory)
        if !find(path).state.isAbsent { throw .exists }
        try checkDirectory(path)
        put(path, mode: mode & ~(mode & 0o170000 == 0o120000 ? 0 : System.fileModeMask()), size: 0)
    }

    private func put(_ path: [UInt8], mode: UInt32, size: UInt64) {
        var state = NodeState()
        state.mode = mode
        state.size = size
        state.owner = System.effectiveUserID
        planned[path] = Planned(state: state, origin: nil)
        add(.create, path, .absent, state, .nothing)
    }

    func link(
        _ from: UnsafePointer<CChar>, _ fromDirectory: Directory?, _ to: UnsafePointer<CChar>,
        _ toDirectory: Directory?, follow isFollowing: Bool
    ) throws(Errno) {
        var source = try absolute(from, fromDirectory)
        if isFollowing { source = try follow(source) }
        let object = find(source)
        if object.state.isAbsent { throw .noEntry }
        if object.state.isDirectory { throw .permission }
        let path = try absolute(to, toDirectory)
        if !find(path).state.isAbsent { throw .exists }
        try checkDirectory(path)
        if let there = find(parent(of: path)).origin, let status = try? FileStatus(there),
            object.origin != nil, status.device != object.state.device
        {
            throw .crossDevice
        }
        planned[path] = object
        add(.create, path, other: source, .absent, object.state, .nothing)
    }

    // MARK: Attributes

    func alter(
        _ name: UnsafePointer<CChar>, _ directory: Directory?, follow isFollowing: Bool, needsOwner: Bool,
        needsRoot: Bool = false, _ change: (inout NodeState) -> Void
    ) throws(Errno) {
        var path = try absolute(name, directory)
        if isFollowing { path = try follow(path) }
        let found = find(path)
        if found.state.isAbsent { throw .noEntry }
        let user = System.effectiveUserID
        if user != 0 {
            if needsRoot || needsOwner && found.state.owner != user { throw .permission }
            if found.state.owner != user, let origin = found.origin, !System.isAccessible(origin, .write) {
                throw .accessDenied
            }
        }
        var after = found.state
        change(&after)
        planned[path] = Planned(state: after, origin: found.origin)
        if found.origin == nil { return }
        if after == found.state { return }
        add(.attributes, path, found.state, after, .record)
    }

    // MARK: Content

    /// Gives a descriptor that takes what is written and keeps nothing.
    func open(_ name: UnsafePointer<CChar>, _ directory: Directory?, _ flags: OpenFlags, _ mode: UInt32) throws(Errno)
        -> Int32
    {
        var path = try absolute(name, directory)
        if !flags.contains(.exclusive) { path = try follow(path) }
        let found = find(path)
        if found.state.isAbsent {
            if !flags.contains(.create) { throw .noEntry }
            try checkDirectory(path)
            put(path, mode: 0o100000 | mode & ~System.fileModeMask(), size: 0)
            return try sink()
        }
        if flags.contains([.create, .exclusive]) { throw .exists }
        if found.state.isDirectory { throw .isDirectory }
        if let origin = found.origin { try System.checkAccess(origin, .write) }
        guard found.state.kind == .regular else {
            if path != Array("/dev/null".utf8) { outside.append(path) }
            return try sink()
        }
        var after = found.state
        if flags.contains(.truncate) { after.size = 0 }
        planned[path] = Planned(state: after, origin: found.origin)
        if flags.contains(.append), !flags.contains(.truncate) {
            add(.append, path, found.state, after, .record)
        } else {
            add(.overwrite, path, found.state, after, keepContent(found.state, found.origin))
        }
        return try sink()
    }

    private func sink() throws(Errno) -> Int32 {
        try System.open("/dev/null" as StaticString, [.writeOnly, .closeOnExec])
    }

    // MARK: Removing and renaming

    func unlink(_ name: UnsafePointer<CChar>, _ directory: Directory?) throws(Errno) {
        let path = try absolute(name, directory)
        let found = find(path)
        if found.state.isAbsent { throw .noEntry }
        if found.state.isDirectory { throw .isDirectory }
        try checkDirectory(path, removing: found.state)
        add(.remove, path, found.state, .absent, keepRemoved(path, found))
        planned[path] = Planned(state: .absent)
    }

    /// The names that would be in a directory.
    private func isEmpty(_ path: [UInt8], _ found: Planned) -> Bool {
        for (other, state) in planned where !state.state.isAbsent && parent(of: other) == path { return false }
        guard let origin = found.origin, var reader = try? DirectoryReader(origin + [0], follow: false) else {
            return true
        }
        while let entry = try? reader.next() {
            if entry.isDot { continue }
            if let known = planned[path + [UInt8(ascii: "/")] + Array(entry.name)], known.state.isAbsent { continue }
            return false
        }
        return true
    }

    func removeDirectory(_ name: UnsafePointer<CChar>, _ directory: Directory?) throws(Errno) {
        let path = try absolute(name, directory)
        let found = find(path)
        if found.state.isAbsent { throw .noEntry }
        if !found.state.isDirectory { throw .notDirectory }
        if !isEmpty(path, found) { throw .directoryNotEmpty }
        try checkDirectory(path, removing: found.state)
        add(.remove, path, found.state, .absent, .record)
        planned[path] = Planned(state: .absent)
    }

    /// Whether a tree would go in one piece.
    func removeTree(_ name: UnsafePointer<CChar>, _ directory: Directory?) -> Bool {
        guard let path = try? absolute(name, directory) else { return false }
        let found = find(path)
        guard found.state.isDirectory, let origin = found.origin, origin == path, canRename(origin),
            let state = files.state, !isBelow(state.path, path), !TreeCheck.hasMounts(below: path),
            isRoot || TreeCheck.isRemovable(path + [0], at: At.current),
            (try? checkDirectory(path, removing: found.state)) != nil,
            !planned.keys.contains(where: { $0 != path && isBelow($0, path) })
        else { return false }
        add(.removeTree, path, found.state, .absent, .rename, entries: Self.count(path))
        planned[path] = Planned(state: .absent)
        return true
    }

    /// Entries below a directory, at most ten thousand.
    private static func count(_ path: [UInt8]) -> Int {
        var count = 0
        var waiting = [path]
        while let next = waiting.popLast(), count < 10_000 {
            guard var reader = try? DirectoryReader(next + [0], follow: false) else { continue }
            while let entry = try? reader.next() {
                if entry.isDot { continue }
                count += 1
                let child = next + [UInt8(ascii: "/")] + Array(entry.name)
                if entry.type == .directory { waiting.append(child) }
            }
        }
        return count
    }

    func rename(
        _ old: UnsafePointer<CChar>, _ oldDirectory: Directory?, _ new: UnsafePointer<CChar>,
        _ newDirectory: Directory?, noReplace: Bool
    ) throws(Errno) {
        let (from, to) = (try absolute(old, oldDirectory), try absolute(new, newDirectory))
        let (object, replaced) = (find(from), find(to))
        if object.state.isAbsent { throw .noEntry }
        if from == to { return }
        if isBelow(to, from) { throw .invalid }
        try checkDirectory(from, removing: object.state)
        try checkDirectory(to, removing: replaced.state.isAbsent ? nil : replaced.state)
        if let there = find(parent(of: to)).origin, let status = try? FileStatus(there), let origin = object.origin,
            let here = try? FileStatus(origin, follow: false),
            here.device != status.device || here.mount != status.mount
        {
            throw .crossDevice
        }
        if !replaced.state.isAbsent {
            if noReplace { throw .exists }
            if replaced.origin != nil, object.origin != nil, replaced.state.isSameObject(as: object.state) { return }
            if object.state.isDirectory {
                if !replaced.state.isDirectory { throw .notDirectory }
                if !isEmpty(to, replaced) { throw .directoryNotEmpty }
            } else if replaced.state.isDirectory {
                throw .isDirectory
            }
            let keeping: Keeping =
                replaced.origin == nil
                ? .nothing
                : replaced.state.isDirectory ? .record : canRename(replaced.origin!) ? .link : copy(replaced.state)
            add(.remove, to, replaced.state, object.state, keeping)
        }
        add(.move, from, other: to, object.state, object.state, .record)
        planned[to] = object
        planned[from] = Planned(state: .absent)
    }
}

extension FileSystem {
    /// Runs `body` with all changing calls only looked at.
    public func planning<E: Error>(_ body: () throws(E) -> Void) throws(E) -> Planner {
        let made = Planner(self)
        let outer = planner
        planner = made
        defer { planner = outer }
        try body()
        return made
    }

    /// Changes are only looked at.
    @inline(__always)
    public var isPlanning: Bool { planner != nil }

    /// The caps that copies will have to keep to.
    var plannedLimits: PreimageLimits { recorder?.limits ?? PreimageLimits() }
}
