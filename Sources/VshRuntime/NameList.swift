// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// A stack of names read from directories: their bytes one after another in one block, and an entry of 16 bytes for each.
struct NameList: ~Copyable {
    struct Entry {
        /// The eight bytes after those that all names compared have in common, the first one highest; 0 where the name has ended.
        var key: UInt64 = 0
        /// Where the name begins in `bytes`.
        var offset: UInt32
        var count: UInt16
        var type: FileType
    }

    private var bytes = ByteStack(capacity: 4096)
    private var entries: UnsafeMutablePointer<Entry>
    private(set) var count = 0
    private var capacity = 128

    init() { entries = .allocate(capacity: capacity) }

    deinit { entries.deallocate() }

    /// Appends `name`, and a slash when `isDirectory`: pathnames are to be in the order of all their bytes, the slash included.
    @inline(__always)
    mutating func append(_ name: UnsafeBufferPointer<UInt8>, _ type: FileType, isDirectory: Bool) {
        if count == capacity { grow() }
        (entries + count).initialize(
            to: Entry(
                offset: UInt32(truncatingIfNeeded: bytes.count),
                count: UInt16(truncatingIfNeeded: name.count &+ (isDirectory ? 1 : 0)), type: type))
        count &+= 1
        bytes.append(name)
        if isDirectory { bytes.append(47) }
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: entries, count: count)
        entries.deallocate()
        entries = larger
        capacity *= 2
    }

    /// What the directory says of name `index`.
    @inline(__always)
    func type(_ index: Int) -> FileType {
        precondition(index >= 0 && index < count, "no such name")
        return entries[index].type
    }

    /// Calls `body` with the bytes of name `index`, the slash included.
    @inline(__always)
    func withName<R>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        precondition(index >= 0 && index < count, "no such name")
        let entry = entries[index]
        return bytes.withBytes(from: Int(entry.offset)) {
            body(UnsafeBufferPointer(rebasing: $0[..<Int(entry.count)]))
        }
    }

    /// Bytes of all names.
    var byteCount: Int { bytes.count }

    /// Drops the names from `mark` on, which came when the names had `byteMark` bytes.
    mutating func pop(to mark: Int, bytes byteMark: Int) {
        bytes.pop(to: byteMark)
        count = mark
    }

    /// Puts the names from `mark` on in the order of their bytes.
    mutating func sort(from mark: Int) {
        let length = count - mark
        if length < 2 { return }
        let list = entries + mark
        bytes.withBytes { names in
            guard let base = names.baseAddress else { return }
            let sorter = NameSorter(base: base, end: names.count, skipped: commonPrefix(list, length, base))
            for index in 0..<length { list[index].key = sorter.key(list[index]) }
            sorter.sort(list, length)
        }
    }

    /// How many bytes all names begin with in common.
    private func commonPrefix(_ list: UnsafeMutablePointer<Entry>, _ length: Int, _ base: UnsafePointer<UInt8>) -> Int {
        let first = base + Int(list[0].offset)
        var common = Int(list[0].count)
        for index in 1..<length where common > 0 {
            let other = base + Int(list[index].offset)
            let limit = min(common, Int(list[index].count))
            var equal = 0
            while equal < limit && first[equal] == other[equal] { equal &+= 1 }
            common = equal
        }
        return common
    }
}

/// Sorts entries of a name list by merging; stable, and no slower on hostile names.
private struct NameSorter {
    let base: UnsafePointer<UInt8>
    /// Bytes at `base`.
    let end: Int
    /// Bytes that all names have in common.
    let skipped: Int

    func key(_ entry: NameList.Entry) -> UInt64 {
        let rest = Int(entry.count) - skipped
        let start = Int(entry.offset) + skipped
        if rest <= 0 { return 0 }
        if start + 8 <= end {
            let word = UInt64(bigEndian: UnsafeRawPointer(base + start).loadUnaligned(as: UInt64.self))
            return rest >= 8 ? word : word & ~(UInt64.max >> UInt64(rest * 8))
        }
        var word: UInt64 = 0
        for index in 0..<8 { word = word << 8 | (index < rest ? UInt64(base[start + index]) : 0) }
        return word
    }

    @inline(__always)
    func precedes(_ a: NameList.Entry, _ b: NameList.Entry) -> Bool {
        a.key != b.key ? a.key < b.key : tailPrecedes(a, b)
    }

    @inline(never)
    func tailPrecedes(_ a: NameList.Entry, _ b: NameList.Entry) -> Bool {
        let start = skipped + 8
        let common = Int(min(a.count, b.count)) - start
        if common > 0 {
            let order = compareMemory(base + (Int(a.offset) + start), base + (Int(b.offset) + start), common)
            if order != 0 { return order < 0 }
        }
        return a.count < b.count
    }

    func sort(_ list: UnsafeMutablePointer<NameList.Entry>, _ count: Int) {
        let run = 12
        var start = 0
        while start < count {
            insertionSort(list + start, min(run, count - start))
            start += run
        }
        if count <= run { return }
        let room = UnsafeMutablePointer<NameList.Entry>.allocate(capacity: count)
        defer { room.deallocate() }
        var width = run
        while width < count {
            start = 0
            while start + width < count {
                merge(list + start, width, min(2 * width, count - start), room)
                start += 2 * width
            }
            width *= 2
        }
    }

    private func insertionSort(_ list: UnsafeMutablePointer<NameList.Entry>, _ count: Int) {
        var index = 1
        while index < count {
            let entry = list[index]
            var place = index
            while place > 0 && precedes(entry, list[place &- 1]) {
                list[place] = list[place &- 1]
                place &-= 1
            }
            list[place] = entry
            index &+= 1
        }
    }

    /// Merges the sorted halves `..<middle` and `middle ..< count`.
    private func merge(
        _ list: UnsafeMutablePointer<NameList.Entry>, _ middle: Int, _ count: Int,
        _ room: UnsafeMutablePointer<NameList.Entry>
    ) {
        if !precedes(list[middle], list[middle - 1]) { return }
        room.update(from: list, count: middle)
        var left = 0
        var right = middle
        var place = 0
        while left < middle && right < count {
            if precedes(list[right], room[left]) {
                list[place] = list[right]
                right &+= 1
            } else {
                list[place] = room[left]
                left &+= 1
            }
            place &+= 1
        }
        (list + place).update(from: room + left, count: middle - left)
    }
}
