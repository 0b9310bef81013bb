// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore

/// Room for one absolute path, with a NUL behind it: filled again for each change, never allocated.
final class PathBuffer {
    /// The longest path that the system takes, with its NUL.
    static var capacity: Int { 4096 }

    let base: UnsafeMutablePointer<UInt8>
    /// Bytes of the path, without NUL.
    private(set) var count = 0
    /// Bytes of its directory, without the slash after it unless it is the root.
    private(set) var parentCount = 0

    init() {
        base = .allocate(capacity: Self.capacity)
        base[0] = 0
    }

    deinit { base.deallocate() }

    /// Joins a directory and a name. False when the path is too long.
    func set(_ directory: UnsafeBufferPointer<UInt8>, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard directory.count + name.count + 2 <= Self.capacity else { return false }
        base.update(from: directory.baseAddress!, count: directory.count)
        parentCount = directory.count
        count = directory.count
        if directory.count > 1 {
            base[count] = UInt8(ascii: "/")
            count += 1
        }
        (base + count).update(from: name.baseAddress!, count: name.count)
        count += name.count
        base[count] = 0
        return true
    }

    /// A whole path, free of symbolic links.
    func set(_ path: [UInt8]) -> Bool {
        guard path.count + 1 <= Self.capacity, let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return false }
        path.withUnsafeBufferPointer { base.update(from: $0.baseAddress!, count: path.count) }
        count = path.count
        base[count] = 0
        parentCount = max(slash, 1)
        return true
    }

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }
    var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }
    var parent: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: parentCount) }
    var path: UnsafePointer<CChar> { UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self) }
    var array: [UInt8] { Array(bytes) }
}

/// What is known of paths within one operation: a set of flags for each, in open addressing over one block of bytes.
struct PathTable {
    struct Flags: OptionSet {
        var rawValue: UInt8
        /// A record of the operation says what was there before.
        static var covered: Flags { .init(rawValue: 1) }
        /// Nothing was there before the operation.
        static var created: Flags { .init(rawValue: 2) }
        /// The directory's times before are recorded.
        static var touched: Flags { .init(rawValue: 4) }

        /// The same for the generated planner.
        @inline(__always)
        var known: NameKnowledge {
            NameKnowledge(
                isCovered: contains(.covered), isCreated: contains(.created), isTouched: contains(.touched))
        }
    }

    private struct Slot {
        var hash: UInt32
        var flags: UInt8  // 0: free
        var start: Int
        var count: Int32
    }

    private var bytes: [UInt8] = []
    private var slots: [Slot] = []
    private(set) var count = 0

    mutating func removeAll() {
        if count == 0 { return }
        bytes.removeAll(keepingCapacity: bytes.count < 1 << 16)
        slots.removeAll(keepingCapacity: false)
        count = 0
    }

    private func hash(_ path: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for byte in path { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return hash
    }

    private func find(_ path: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Int {
        let mask = slots.count - 1
        var index = Int(hash &* 0x9E37_79B1) & mask
        while slots[index].flags != 0 {
            if slots[index].hash == hash, Int(slots[index].count) == path.count {
                let start = slots[index].start
                let same = bytes.withUnsafeBufferPointer {
                    bytesEqual(UnsafeBufferPointer(rebasing: $0[start..<(start + path.count)]), path)
                }
                if same { return index }
            }
            index = (index + 1) & mask
        }
        return index
    }

    subscript(path: UnsafeBufferPointer<UInt8>) -> Flags {
        if count == 0 { return [] }
        return Flags(rawValue: slots[find(path, hash(path))].flags)
    }

    mutating func insert(_ path: UnsafeBufferPointer<UInt8>, _ flags: Flags) {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        let hash = hash(path)
        let index = find(path, hash)
        if slots[index].flags == 0 {
            slots[index] = Slot(hash: hash, flags: 0, start: bytes.count, count: Int32(path.count))
            bytes.append(contentsOf: path)
            count += 1
        }
        slots[index].flags |= flags.rawValue
    }

    /// Takes flags away. The slot stays in use: it keeps `touched` where nothing else is left.
    mutating func remove(_ path: UnsafeBufferPointer<UInt8>, _ flags: Flags) {
        if count == 0 { return }
        let index = find(path, hash(path))
        if slots[index].flags != 0 { slots[index].flags = slots[index].flags & ~flags.rawValue | 0x80 }
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(hash: 0, flags: 0, start: 0, count: 0), count: max(old.count * 2, 64))
        let mask = slots.count - 1
        for slot in old where slot.flags != 0 {
            var index = Int(slot.hash &* 0x9E37_79B1) & mask
            while slots[index].flags != 0 { index = (index + 1) & mask }
            slots[index] = slot
        }
    }
}

/// An object for as long as it exists: a number that is given again comes with another birth time.
struct InodeKey: Hashable {
    var inode: UInt64
    var device: UInt64
    var birth: Int64

    init(inode: UInt64, device: UInt64, birth: Int64) {
        self.inode = inode
        self.device = device
        self.birth = birth
    }

    init(_ state: NodeState) {
        inode = state.inode
        device = state.device
        birth = state.birth.seconds &* 1_000_000_000 &+ Int64(state.birth.nanoseconds)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(inode) }
}

/// What is known of an object within one operation.
struct InodeFlags: OptionSet {
    var rawValue: UInt8
    /// Made by the operation.
    static var born: InodeFlags { .init(rawValue: 1) }
    /// Its content before is recorded.
    static var content: InodeFlags { .init(rawValue: 2) }
    /// Its size before is recorded.
    static var appended: InodeFlags { .init(rawValue: 4) }
    /// Mode, owner and times before are recorded.
    static var attributes: InodeFlags { .init(rawValue: 8) }
    /// Extended attributes before are recorded too.
    static var extended: InodeFlags { .init(rawValue: 16) }

    /// The same for the generated planner.
    @inline(__always)
    var known: ObjectKnowledge {
        ObjectKnowledge(
            isBorn: contains(.born), hasContent: contains(.content), hasSize: contains(.appended),
            hasAttributes: contains(.attributes), hasExtended: contains(.extended))
    }
}
