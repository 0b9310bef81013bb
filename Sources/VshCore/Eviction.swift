// SPDX-License-Identifier: MPL-2.0

/// What an entry of the history keeps in one store.
public struct KeptEntry: Equatable, Sendable {
    public var id: OperationID
    /// When it, or the last undo or redo of it, ended; nanoseconds since 1970.
    public var ended: Int64
    public var bytes: UInt64

    public init(id: OperationID, ended: Int64, bytes: UInt64) {
        self.id = id
        self.ended = ended
        self.bytes = bytes
    }
}

/// The room of a store and of the file system it is on, in bytes.
public struct StoreRoom: Equatable, Sendable {
    /// What the store holds, with what no entry needs any more.
    public var used: UInt64
    /// What an ordinary user can still write.
    public var available: UInt64
    public var total: UInt64

    public init(used: UInt64, available: UInt64, total: UInt64) {
        self.used = used
        self.available = available
        self.total = total
    }
}

/// Which entries give up their pre-images.
public enum Eviction {
    /// 10 GiB.
    public static var largestQuota: UInt64 { 10 << 30 }
    /// The newest entry is kept for so long even where space is short, in nanoseconds.
    public static var grace: Int64 { 3_600_000_000_000 }

    /// How much a store may hold: what was asked for, or 10 GiB, but not more than a tenth of the space that is not
    /// taken by others.
    public static func limit(_ room: StoreRoom, quota: UInt64 = 0) -> UInt64 {
        quota != 0 ? quota : min(largestQuota, (room.available &+ room.used) / 10)
    }

    /// Less than 5 % of the file system is free.
    public static func isShort(_ room: StoreRoom) -> Bool { room.available < room.total / 20 }

    /// Entries to be given up, oldest first.
    ///
    /// Laws (tested): they are the oldest ones; no more than needed; the newest stays, unless space is short and it is
    /// older than `grace`.
    public static func choose(_ entries: [KeptEntry], room: StoreRoom, quota: UInt64 = 0, now: Int64) -> [OperationID] {
        let order = entries.filter { $0.bytes > 0 }.sorted { ($0.ended, $0.id) < ($1.ended, $1.id) }
        let limit = limit(room, quota: quota)
        var room = room
        var chosen: [OperationID] = []
        for (index, entry) in order.enumerated() {
            let isShort = isShort(room)
            if room.used <= limit, !isShort { break }
            if index == order.count - 1, !isShort || now - entry.ended < grace { break }
            chosen.append(entry.id)
            room.used -= min(room.used, entry.bytes)
            room.available += entry.bytes
        }
        return chosen
    }
}
