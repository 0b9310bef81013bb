// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// The states that an operation left, observed when it ends.
public struct Results {
    public var records: [ResultRecord] = []
    /// Changes as people count them: a tree that came or went is one, and so is a rename.
    public var changed = 0
    /// Paths whose state is not what it was before, and those among them that cannot be put back.
    public var paths = 0
    public var missing = 0
    /// Directories of which only the times changed.
    public var touched = 0
    /// The first of those, and why.
    public var firstMissing: (path: [UInt8], reason: MissingReason, size: UInt64)?

    /// A file up to this size gets a digest, when the operation has few results.
    private static var digestSize: UInt64 { 1 << 16 }
    private static var digestCount: Int { 64 }

    /// Looks at every path of the changes.
    public init(observing changes: [ChangeRecord]) {
        let touched = TouchedPaths(changes)
        records = touched.all.map { path in
            var record = ResultRecord()
            record.path = path.path
            record.isSoft = path.isSoft
            return record
        }
        var isUnknown = false
        var absence = Absence()
        var look = Look()
        for index in records.indices where !absence.holds(records[index].path) {
            do throws(Errno) {
                records[index].after = try look.present(records[index].path)
            } catch .noEntry {
                absence.note(records[index].path)
            } catch .notDirectory {
            } catch {
                // Nothing can be said of it: no result, rather than a wrong one.
                records[index].path = []
                if !records[index].isSoft { paths += 1 }
                isUnknown = true
            }
        }
        let links = LeftLinks(records)
        for index in records.indices where links.isAround(records[index].path) { records[index].after = .absent }
        var came = [Bool](repeating: false, count: records.count)
        var went = came
        var wholes = 0
        for index in records.indices where !records[index].path.isEmpty {
            let (path, after) = (touched.all[index], records[index].after)
            if path.isSoft {
                if !path.before.isAbsent, path.before.modification != after.modification { self.touched += 1 }
                continue
            }
            if Self.isSame(path.before, after, exact: path.isExact) { continue }
            paths += 1
            if path.missing != .none {
                missing += 1
                if firstMissing == nil { firstMissing = (path.path, path.missing, path.before.size) }
            }
            if after.kind == .regular, after.size > 0, after.size <= Self.digestSize, records.count <= Self.digestCount
            {
                records[index].digest = Self.digest(of: records[index].path, size: Int(after.size)) ?? []
            }
            came[index] = path.before.isAbsent
            went[index] = after.isAbsent
            if came[index] || went[index] { wholes += 1 }
        }
        changed = wholes < 2 ? paths : max(1, paths - parts(changes, touched.index, came, went))
        if isUnknown { records.removeAll { $0.path.isEmpty } }
    }

    /// How many changes belong to others: what came or went with its directory is a part of that change, and a new name a
    /// part of the rename.
    private func parts(_ changes: [ChangeRecord], _ seen: PathMap<Int>, _ came: [Bool], _ went: [Bool]) -> Int {
        var came = came
        var parts = 0
        // Most have the directory of the one before.
        var (directory, place): ([UInt8], Int?) = ([], nil)
        for index in records.indices where came[index] || went[index] {
            let path = records[index].path
            guard let slash = path.lastIndex(of: UInt8(ascii: "/")), slash > 0 else { continue }
            if slash != directory.count || !path.starts(with: directory) {
                directory = Array(path[..<slash])
                place = seen[directory]
            }
            guard let around = place else { continue }
            if came[index] && came[around] || went[index] && went[around] {
                parts += 1
            }
        }
        for change in changes where change.kind == .moved {
            guard let old = seen[change.path], let new = seen[change.other], went[old], came[new],
                records[new].after.isSameObject(as: change.before)
            else { continue }
            if let slash = change.other.lastIndex(of: UInt8(ascii: "/")), slash > 0,
                let around = seen[Array(change.other[..<slash])], came[around]
            {
                continue
            }
            parts += 1
            came[new] = false
        }
        return parts
    }

    /// Whether nothing happened to a path after all: the call failed, or set what was there.
    /// - Parameter exact: content or extended attributes may differ though all else is the same; then the time of the
    ///   last change of status decides.
    private static func isSame(_ before: NodeState, _ after: NodeState, exact: Bool) -> Bool {
        if before.isAbsent || after.isAbsent { return before.isAbsent && after.isAbsent }
        return before.isLike(after) && (!exact || before.change == after.change)
    }

    /// SHA-256 of a file's content, or nil when it cannot be read or has another size by now.
    public static func digest(of path: [UInt8], size: Int) -> [UInt8]? {
        // Without a trace in its access time, where that is the user's own file.
        let flags: OpenFlags = [.readOnly, .noFollow, .nonBlocking]
        guard let fd = (try? FileDescriptor(path, flags.union(.noAccessTime))) ?? (try? FileDescriptor(path, flags)),
            let bytes = try? fd.readAll(expecting: size, limit: size + 1), bytes.count == size
        else { return nil }
        return SHA256.digest(bytes)
    }
}

/// Looks at paths one after another. Names of one directory mostly come together: from the second on they are looked up in it, which
/// spares the way there.
private struct Look: ~Copyable {
    /// Up to the slash.
    private var length = 0
    private var last: [UInt8] = []
    private var directory: Int32 = -1

    deinit { if directory >= 0 { try? System.close(directory) } }

    /// What is at a path. After an unusual failure it looks twice: without the state after, an undo knows less.
    mutating func present(_ path: [UInt8]) throws(Errno) -> NodeState {
        enter(path)
        do {
            if directory >= 0 {
                return NodeState(try FileStatus(path[(length + 1)...], at: directory, follow: false))
            }
            return NodeState(try FileStatus(path, follow: false))
        } catch {
            if error == .noEntry || error == .notDirectory { throw error }
            return NodeState(try FileStatus(path, follow: false))
        }
    }

    /// Opens the directory of a path when the path before was in it too.
    private mutating func enter(_ path: [UInt8]) {
        let slash = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
        if slash == length, slash > 0, path.count > slash + 1, Self.haveSameStart(path, last, count: slash + 1) {
            if directory < 0 {
                directory = (try? System.open(path[..<slash], [.path, .directory, .closeOnExec])) ?? -1
            }
            return
        }
        if directory >= 0 { try? System.close(directory) }
        directory = -1
        length = slash
        last = path
    }

    private static func haveSameStart(_ path: [UInt8], _ other: [UInt8], count: Int) -> Bool {
        path.withUnsafeBufferPointer { path in
            other.withUnsafeBufferPointer { other in
                other.count >= count
                    && ByteSearch.compare(
                        UnsafeBufferPointer(rebasing: path[..<count]), UnsafeBufferPointer(rebasing: other[..<count]))
                        == 0
            }
        }
    }
}

/// A directory that is not there: no name below it has to be looked for.
private struct Absence {
    private var gone: [UInt8] = []
    private var present: [UInt8] = []

    func holds(_ path: [UInt8]) -> Bool { !gone.isEmpty && isBelow(path, gone) }

    /// Nothing is at a path. Names of one directory mostly come together.
    mutating func note(_ path: [UInt8]) {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")), slash > 0 else { return }
        if slash == present.count, isBelow(path, present) { return }
        let directory = Array(path[..<slash])
        do throws(Errno) {
            _ = try FileStatus(directory, follow: false)
            present = directory
        } catch {
            if error == .noEntry { gone = directory }
        }
    }
}

extension NodeState {
    /// The same object, with the same mode, owner, size and time of modification.
    public func isLike(_ other: NodeState) -> Bool {
        isSameObject(as: other) && mode == other.mode && owner == other.owner && group == other.group
            && size == other.size && modification == other.modification
    }
}

/// Symbolic links that an operation left. Recorded paths are free of them: what is found through one is not what the path stood for.
public struct LeftLinks {
    private let paths: PathSet

    public init(_ results: some Sequence<ResultRecord>) {
        paths = PathSet(results.lazy.filter { $0.after.kind == .symbolicLink }.map(\.path))
    }

    /// Whether a path leads through one.
    public func isAround(_ path: [UInt8]) -> Bool {
        if paths.isEmpty { return false }
        var above = path[...]
        while let slash = above.lastIndex(of: UInt8(ascii: "/")), slash > 0 {
            above = above[..<slash]
            if paths.contains(Array(above)) { return true }
        }
        return false
    }
}
