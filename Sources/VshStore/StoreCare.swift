// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// What the stores hold, and for which entries of the history.
public struct StoreSurvey: Sendable {
    public struct Place: Sendable {
        /// As change records have it: empty for the state directory's own store.
        public var location: [UInt8]
        public var path: [UInt8]
        public var items = 0
        public var room: StoreRoom
        /// When the oldest item came, nanoseconds since 1970; `.max`: none.
        public var oldest: Int64
        /// Entries with items here.
        public var entries: [KeptEntry] = []
        /// What belongs to no operation, or only to expired ones.
        public var orphans: [UInt64] = []
        public var orphanBytes: UInt64 = 0
    }

    public var places: [Place] = []
    /// Journals that are still there.
    var busy: Set<UInt64> = []
    /// All operations of an entry: those that undid and redid it, the members of a transaction.
    var operations: [OperationID: [OperationID]] = [:]
    /// Entries that keep something, the newest operation's age of each.
    public var entries: [OperationID: Int64] = [:]

    /// Entries that the quota, or a shortage of space, would take, oldest first.
    public func evictable(quota: UInt64, now: Int64) -> [OperationID] {
        var chosen: Set<OperationID> = []
        for place in places {
            chosen.formUnion(Eviction.choose(place.entries, room: place.room, quota: quota, now: now))
        }
        return chosen.sorted { (entries[$0] ?? 0, $0) < (entries[$1] ?? 0, $1) }
    }

    /// Bytes that the entries keep.
    public func bytes(of ids: [OperationID]) -> UInt64 {
        let chosen = Set(ids)
        return places.reduce(0) { sum, place in
            place.entries.reduce(sum) { chosen.contains($1.id) ? $0 + $1.bytes : $0 }
        }
    }
}

/// Looking after the stores. Everything here may be killed at any point and done again: operations are marked expired
/// before their items are removed, and items of expired operations are orphans.
extension OperationLog {
    /// Looks at all stores. Items of journals that are still there are left out: they may be in use.
    public func survey(_ state: StateDirectory) throws(StoreError) -> StoreSurvey {
        var survey = StoreSurvey()
        var roots: [OperationID: OperationID] = [:]
        var owner: [ItemKey: OperationID] = [:]
        var locations: PathSet = [[]]
        var ended: [OperationID: Int64] = [:]
        // Ascending: the newest operation that needs an item is the last to claim it.
        let query = try database.prepare(
            """
            SELECT c.operation, c.location, c.item, o.ended,
              EXISTS(SELECT 1 FROM expirations x WHERE x.operation = c.operation)
            FROM changes c JOIN operations o ON o.id = c.operation WHERE c.item <> 0 ORDER BY c.operation
            """)
        while try query.step() {
            let operation = query.number(0)
            let location = query.bytes(1)
            locations.insert(location)
            if query.int(4) != 0 { continue }
            owner[ItemKey(item: query.number(2), location: location)] = operation
            ended[operation] = query.int(3)
        }
        for operation in ended.keys.sorted() {
            let root = try entryAround(operation, &roots)
            survey.operations[root, default: []].append(operation)
            survey.entries[root] = max(survey.entries[root] ?? 0, ended[operation] ?? 0)
        }
        for found in PreimageStore(state).knownLocations() { locations.insert(found) }
        let (busy, floor) = try busyJournals(state)
        survey.busy = busy
        var progress = ProgressLine("looking at what is kept", total: 0, canStop: true)
        for location in locations.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let path = location.isEmpty ? state.store : location
            guard let directory = try? FileDescriptor(path, [.path, .directory, .noFollow]),
                let status = try? System.fileSystemStatus(directory.rawValue)
            else { continue }
            let contents: StoreContents
            do {
                contents = try StoreContents(path, &progress)
            } catch {
                throw StoreError(.system(error), path)
            }
            var place = StoreSurvey.Place(
                location: location, path: path,
                room: StoreRoom(
                    used: contents.bytes, available: status.availableBytes, total: status.totalBytes),
                oldest: contents.oldest)
            place.items = contents.items.count
            var sizes: [OperationID: UInt64] = [:]
            for (item, bytes) in contents.items {
                if let operation = owner[ItemKey(item: item, location: location)] {
                    sizes[roots[operation] ?? operation, default: 0] += bytes
                } else if !busy.contains(item >> 32), item >> 32 > floor {
                    place.orphans.append(item)
                    place.orphanBytes += bytes
                }
            }
            place.entries = sizes.map { KeptEntry(id: $0.key, ended: survey.entries[$0.key] ?? 0, bytes: $0.value) }
            survey.places.append(place)
        }
        return survey
    }

    /// The entry that an operation belongs to: what it undid or redid, the outermost closed transaction around it.
    private func entryAround(_ id: OperationID, _ known: inout [OperationID: OperationID]) throws(StoreError)
        -> OperationID
    {
        if let root = known[id] { return root }
        let query = try database.prepare("SELECT kind, target, transaction_id FROM operations WHERE id = ?1")
        var root = id
        for _ in 0..<10_000 {
            query.bind(root)
            guard try query.step() else { break }
            let (kind, target, transaction) = (query.int(0), query.number(1), query.number(2))
            query.reset()
            let isAbout = [1, 2, 3, 5, 7].contains(kind) && target != 0
            let next = isAbout ? target : transaction
            if next == 0 || next >= root && !isAbout { break }
            root = next
        }
        known[id] = root
        return root
    }

    /// Journals that exist, whose items may be on their way; and the highest number that a log set aside knew: what it
    /// kept is not ours to remove as long as that file is there.
    private func busyJournals(_ state: StateDirectory) throws(StoreError) -> (Set<UInt64>, floor: UInt64) {
        var busy: Set<UInt64> = []
        var floor: UInt64 = 0
        do {
            var journals = try DirectoryReader(state.journals)
            while let entry = try journals.next() {
                if let number = UInt64(String(decoding: entry.name, as: UTF8.self)) { busy.insert(number) }
            }
            var files = try DirectoryReader(state.path)
            while let entry = try files.next() {
                if let number = Self.setAside(Array(entry.name)) { floor = max(floor, number) }
            }
        } catch {
            throw StoreError(.system(error), state.path)
        }
        return (busy, floor)
    }

    /// Marks entries as expired, with all their operations, and removes what only they kept.
    /// - Parameter ids: entries of the survey; others are ignored.
    public func expire(_ ids: [OperationID], _ survey: StoreSurvey, _ state: StateDirectory) throws(StoreError) {
        let now = Clock.realTime
        let writer = AuditWriter(database)
        try database.transaction { () throws(StoreError) in
            let insert = try database.prepare("INSERT OR IGNORE INTO expirations VALUES(?1, ?2)")
            let forget = try database.prepare(
                "UPDATE changes SET content = x'' WHERE operation = ?1 AND length(content) > 0")
            var new: [OperationID] = []
            for id in ids {
                for operation in Set((survey.operations[id] ?? []) + [id]).sorted() {
                    try insert.bind(operation).bind(now).run()
                    if database.changedRows > 0 { new.append(operation) }
                    try forget.bind(operation).run()
                    if database.changedRows > 0 { try forgetContents(of: operation) }
                }
            }
            try writer.append(expired: new, target: ids.count == 1 ? ids[0] : 0, began: now, ended: now)
        }
        if let head = writer.head { save(head, state) }
        try removeOrphans(try self.survey(state))
    }

    /// Removes what no operation needs.
    public func removeOrphans(_ survey: StoreSurvey) throws(StoreError) {
        var progress = ProgressLine("removing what is not needed", total: 0, canStop: true)
        for place in survey.places {
            for item in place.orphans {
                let path = ItemNames.path(item, in: place.path)
                do {
                    try StoreRemoval.remove(path, &progress)
                } catch {
                    throw StoreError(.system(error), path)
                }
            }
            ItemNames.removeEmptyGroups(in: place.path, except: survey.busy)
        }
    }

    /// All operations of an entry, also those that keep nothing in a store.
    public func family(of id: OperationID) throws(StoreError) -> [OperationID] {
        let query = try database.prepare(
            """
            WITH RECURSIVE family(id) AS (
              SELECT id FROM operations WHERE id = ?1
              UNION SELECT o.id FROM operations o JOIN family f
                ON o.transaction_id = f.id OR o.target = f.id AND o.kind IN (1, 2, 3, 7))
            SELECT id FROM family ORDER BY id
            """
        ).bind(id)
        var found: [OperationID] = []
        while try query.step() { found.append(query.number(0)) }
        return found
    }

    /// Gives up what an operation keeps, whatever the quota.
    public func purge(_ ids: [OperationID], _ state: StateDirectory) throws(StoreError) {
        var survey = StoreSurvey()
        for id in ids { survey.operations[id] = try family(of: id) }
        try expire(ids, survey, state)
        try trim()
    }

    /// Copies the write-ahead log into the database and cuts it, when nobody is in the way.
    public func trim() throws(StoreError) {
        let query = try database.prepare("PRAGMA wal_checkpoint(TRUNCATE)")
        _ = try query.step()
        query.reset()
    }

    /// Whether the write-ahead log is so long that it should go into the database.
    public static func isLong(_ state: StateDirectory) -> Bool {
        ((try? FileStatus(state.log + Array("-wal".utf8)).size) ?? 0) > 1 << 22
    }

    /// Takes journals into the log, in a process that nobody waits for. What cannot be done now is left to the next that asks,
    /// and so is a damaged log, of which the user is to be told.
    public static func takeIn(_ state: StateDirectory) {
        guard let log = try? OperationLog(undamaged: state) else { return }
        _ = try? log.importJournals(state)
    }

    /// Copies the write-ahead log into the database and begins it anew. Waits for the disk, but nobody waits for this: to be
    /// called in a process of its own.
    public static func shorten(_ state: StateDirectory) {
        do {
            let database = try Database(path: state.log)
            try database.run("PRAGMA synchronous=NORMAL")
            let query = try database.prepare("PRAGMA wal_checkpoint(PASSIVE)")
            let isWhole = try query.step() && query.int(1) == query.int(2)
            query.reset()
            // The first write after it waits for the disk once more.
            if isWhole { try database.run("BEGIN IMMEDIATE; PRAGMA application_id=1987274798; COMMIT") }
        } catch {}
    }

    /// What is due from time to time: expires what is over the quota, removes orphans.
    /// - Returns: the entries that expired.
    @discardableResult
    public func care(_ state: StateDirectory, quota: UInt64) throws(StoreError) -> [OperationID] {
        let survey = try survey(state)
        let chosen = survey.evictable(quota: quota, now: Clock.realTime)
        if chosen.isEmpty {
            try removeOrphans(survey)
        } else {
            try expire(chosen, survey, state)
        }
        return chosen
    }
}

extension PreimageStore {
    /// Stores of this state directory on the mounts that there are now, whether or not the log tells of them.
    func knownLocations() -> [[UInt8]] {
        guard let fd = try? FileDescriptor("/proc/self/mountinfo", .readOnly), let text = try? fd.readAll() else {
            return []
        }
        var found: [[UInt8]] = []
        for line in text.split(separator: 10) {
            let fields = line.split(separator: 32, maxSplits: 5)
            guard fields.count > 4 else { continue }
            // A blank in a name is not worth the trouble here: the log knows such places.
            let top = fields[4].count == 1 ? [] : Array(fields[4])
            let path = directory(at: top)
            if let status = try? FileStatus(path, follow: false), status.isDirectory,
                status.owner == System.effectiveUserID
            {
                found.append(path)
            }
        }
        return found
    }
}
