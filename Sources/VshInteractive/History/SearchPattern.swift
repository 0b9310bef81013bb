// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

/// A text to look for: in any case, unless it has capitals itself.
struct SearchPattern {
    let text: [UInt8]
    let lowered: [UInt8]
    let heedsCase: Bool

    init(_ text: [UInt8]) {
        self.text = text
        heedsCase = text.contains { $0 >= 65 && $0 <= 90 }
        lowered = text.map(lowercased)
    }

    func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if text.isEmpty { return true }
        if bytes.count < text.count { return false }
        if heedsCase { return text.withUnsafeBufferPointer { ByteSearch.first($0, in: bytes) } != nil }
        return lowered.withUnsafeBufferPointer { wanted in
            let first = wanted[0]
            var place = 0
            let end = bytes.count - wanted.count
            while place <= end {
                if lowercased(bytes[place]) == first {
                    var index = 1
                    while index < wanted.count, lowercased(bytes[place + index]) == wanted[index] { index += 1 }
                    if index == wanted.count { return true }
                }
                place += 1
            }
            return false
        }
    }
}

/// An ASCII capital as its small letter.
@inline(__always)
func lowercased(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte | 32 : byte }

/// All older commands in one block, in small letters: what a search goes through that finds nothing among the newest.
/// Lives from the first such search to the next command.
final class SearchCache {
    private var block: [UInt8] = []
    private var ends: [Int32] = []
    private var ids: [Int64] = []

    init?(_ connection: HistoryStore.Connection, below limit: Int64) {
        guard
            let query = try? connection.database.prepare(
                "SELECT id, command FROM latest WHERE id < ?1 ORDER BY id DESC"
            ).bind(limit)
        else { return nil }
        block.reserveCapacity(1 << 20)
        while (try? query.step()) ?? false {
            if block.count > 1 << 30 { break }
            query.withBytes(1) { bytes in
                block.append(contentsOf: bytes)
                block.append(10)
            }
            ids.append(query.int(0))
            ends.append(Int32(block.count))
        }
        block.withUnsafeMutableBufferPointer { bytes in
            for index in bytes.indices { bytes[index] = lowercased(bytes[index]) }
        }
    }

    /// Numbers of commands that contain the text, newest first.
    func find(_ pattern: SearchPattern, limit: Int) -> [Int64] {
        if pattern.text.isEmpty { return Array(ids.prefix(limit)) }
        var found: [Int64] = []
        block.withUnsafeBufferPointer { block in
            pattern.lowered.withUnsafeBufferPointer { wanted in
                var start = 0
                var row = 0
                while found.count < limit, start < block.count {
                    let rest = UnsafeBufferPointer(rebasing: block[start...])
                    guard let place = ByteSearch.first(wanted, in: rest) else { return }
                    let offset = start + place
                    // The row that the place is in; rows are visited in order.
                    var low = row
                    var high = ends.count - 1
                    while low < high {
                        let middle = (low + high) / 2
                        if Int(ends[middle]) <= offset { low = middle + 1 } else { high = middle }
                    }
                    row = low
                    found.append(ids[row])
                    start = Int(ends[row])
                    row += 1
                    if row >= ends.count { return }
                }
            }
        }
        return found
    }
}
