// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// Where pre-images lie: `store/` of the state directory for its own mount, `.vsh-<uid>` at the top of each other one.
public final class PreimageStore {
    private let main: [UInt8]
    private let state: StateDirectory
    /// Of the state directory: the same user may have several, with items of the same numbers.
    private lazy var identity: UInt64 = Control.identity(state)
    private let mainMount: UInt64
    private let mainDevice: UInt64
    /// What is known of other mounts: the directory, or nil when none can be had there.
    private var others: [Place: [UInt8]?] = [:]

    private struct Place: Hashable {
        var mount: UInt64
        var device: UInt64
    }

    public init(_ state: StateDirectory) {
        main = state.store
        self.state = state
        let status = try? FileStatus(state.store)
        mainMount = status?.mount ?? 0
        mainDevice = status?.device ?? 0
    }

    /// Path of an item, without NUL. `location`: empty for the main store.
    public func path(_ item: UInt64, location: [UInt8] = []) -> [UInt8] {
        ItemNames.path(item, in: location.isEmpty ? main : location)
    }

    /// The directory that an item is in: the store, or a group of it.
    public func directory(of item: UInt64, location: [UInt8]) -> [UInt8] {
        var path = location.isEmpty ? main : location
        ItemNames.appendGroup(of: item, to: &path)
        return path
    }

    /// Makes the group that an item goes back to, which may have been removed. False: it is there, or is none.
    public func makeGroup(of item: UInt64, location: [UInt8]) -> Bool {
        let group = directory(of: item, location: location)
        guard group != (location.isEmpty ? main : location) else { return false }
        return (try? System.makeDirectory(group, mode: 0o700)) != nil
    }

    /// Whether an object on this mount can be expected to go into the main store by a rename.
    @inline(__always)
    public func isMain(mount: UInt64, device: UInt64) -> Bool {
        mount == 0 ? device == mainDevice : mount == mainMount
    }

    /// The store directory on the mount of `directory`, an absolute path free of symbolic links.
    /// - Returns: nil when there is none: the mount's top cannot be written, or what is there belongs to another.
    public func location(near directory: [UInt8]) -> [UInt8]? {
        guard let status = try? FileStatus(directory, follow: false) else { return nil }
        let place = Place(mount: status.mount, device: status.device)
        if let known = others[place] { return known }
        let found = find(directory, place)
        others[place] = .some(found)
        return found
    }

    /// How many items are names of a file in `directory`. Looks at all items: for what is seldom asked.
    public func links(to file: NodeState, near directory: [UInt8]) -> UInt32 {
        let place = (try? FileStatus(directory)).map { isMain(mount: $0.mount, device: $0.device) } ?? true
        guard let store = place ? main : location(near: directory) else { return 0 }
        var count: UInt32 = 0
        ItemNames.forEach(in: store) { _, name, group in
            guard let item = try? FileStatus(name, at: group, follow: false) else { return }
            if file.isSameObject(as: NodeState(item)) { count += 1 }
        }
        return count
    }

    /// Climbs to the top of the mount (of the subvolume), and checks or makes the directory there.
    private func find(_ directory: [UInt8], _ place: Place) -> [UInt8]? {
        var top = directory
        while top.count > 1 {
            let slash = top.lastIndex(of: UInt8(ascii: "/")) ?? 0
            let parent = slash == 0 ? [UInt8(ascii: "/")] : Array(top[..<slash])
            guard let status = try? FileStatus(parent, follow: false),
                status.mount == place.mount, status.device == place.device
            else { break }
            top = parent
        }
        if identity == 0 { return nil }
        let path = self.directory(at: top.count == 1 ? [] : top)
        for part in [parent(of: path), path] {
            do {
                try System.makeDirectory(part, mode: 0o700)
            } catch {
                if error != .exists { return nil }
            }
            // As the trash specification asks: a real directory, ours, closed to others, on this very file system.
            guard let status = try? FileStatus(part, follow: false), status.isDirectory,
                status.owner == System.effectiveUserID, status.permissions & 0o077 == 0,
                status.mount == place.mount, status.device == place.device
            else { return nil }
        }
        return path
    }

    private func parent(of path: [UInt8]) -> [UInt8] {
        Array(path[..<(path.lastIndex(of: UInt8(ascii: "/")) ?? path.count)])
    }

    /// `TOP/.vsh-UID/IDENTITY`
    func directory(at top: [UInt8]) -> [UInt8] {
        var path = top + Array("/.vsh-".utf8)
        path.append(decimal: UInt64(System.effectiveUserID))
        path.append(UInt8(ascii: "/"))
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            path.append(Array("0123456789abcdef".utf8)[Int(identity >> shift & 15)])
        }
        return path
    }

    /// Whether an absolute path is in a store on another mount.
    public func holds(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        for case .some(let other) in others.values
        where path.count > other.count && path[other.count] == UInt8(ascii: "/") && path.starts(with: other) {
            return true
        }
        return false
    }
}
