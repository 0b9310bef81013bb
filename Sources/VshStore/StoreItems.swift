// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// A store item: its number, and the store directory it is in (empty: the state directory's).
public struct ItemKey: Hashable, Sendable {
    public var item: UInt64
    public var location: [UInt8]
}

/// What lies in a store directory.
struct StoreContents {
    /// Bytes on disk of each item.
    var items: [UInt64: UInt64] = [:]
    var oldest: Int64 = .max

    /// Reads a store directory. Names that are no items are left alone.
    /// - Throws: only that ^C was pressed.
    init(_ directory: [UInt8], _ progress: inout ProgressLine) throws(Errno) {
        try ItemNames.forEach(in: directory) { (item, name, group) throws(Errno) in
            guard let status = try? FileStatus(name, at: group, follow: false) else { return }
            if !progress.step() { throw .interrupted }
            var bytes = UInt64(status.blocks) * 512
            if status.isDirectory { bytes += try Self.size(name, group, &progress) }
            items[item] = bytes
            oldest = min(oldest, status.changeTime.totalNanoseconds)
        }
    }

    var bytes: UInt64 { items.values.reduce(0, +) }

    private static func size(_ path: some PathArgument, _ directory: Int32, _ progress: inout ProgressLine)
        throws(Errno) -> UInt64
    {
        guard var reader = try? DirectoryReader(path, at: directory, follow: false) else { return 0 }
        var bytes: UInt64 = 0
        while let entry = try? reader.next() {
            if entry.isDot { continue }
            if !progress.step() { throw .interrupted }
            guard let status = try? FileStatus(entry.path, at: reader.descriptor, follow: false) else { continue }
            bytes += UInt64(status.blocks) * 512
            if status.isDirectory { bytes += try size(entry.path, reader.descriptor, &progress) }
        }
        return bytes
    }
}

/// Removal of store items for good.
enum StoreRemoval {
    /// Removes a file or a whole tree, also one with directories that are closed to writing. What ^C leaves of it is removed
    /// the next time.
    static func remove(_ path: some PathArgument, at directory: Int32 = At.current, _ progress: inout ProgressLine)
        throws(Errno)
    {
        if !progress.step() { throw .interrupted }
        do {
            return try System.unlink(path, at: directory)
        } catch {
            if error == .noEntry { return }
            guard error == .isDirectory || error == .permission || error == .accessDenied else { throw error }
        }
        guard try FileStatus(path, at: directory, follow: false).isDirectory else { throw .permission }
        try empty(path, at: directory, &progress)
        try System.removeDirectory(path, at: directory)
    }

    private static func empty(_ path: some PathArgument, at directory: Int32, _ progress: inout ProgressLine)
        throws(Errno)
    {
        // Its own directories are the user's to open, whatever they were.
        try? System.changeMode(path, 0o700, at: directory, follow: false)
        var reader = try DirectoryReader(path, at: directory, follow: false)
        while let entry = try reader.next() {
            if !entry.isDot { try remove(entry.path, at: reader.descriptor, &progress) }
        }
    }
}
