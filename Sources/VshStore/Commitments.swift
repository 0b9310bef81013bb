// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// How the items of a row are arranged. Rows of the first arrangement stay as they are and are checked as they were made.
///
/// Operations, first: command with directory, changes, results. Changes without what they keep.
/// Operations, second: a slot of plain numbers (`AuditNumbers`), then commitments to the command, the directory, the row of `states`, each
/// change with all its columns, each content that is not empty, each result. Refusals, second: the note without its command, the command.
struct AuditLayout: Equatable {
    static var newest: Int64 { 2 }
    private static var shift: Int64 { 48 }

    var format: Int64
    /// Slots before the commitments.
    var front: Int
    var changes: Range<Int>
    var contents: Range<Int>
    var results: Range<Int>

    /// Of an operation. Nil when the row does not hold what it says.
    init?(_ row: AuditRow) {
        format = row.records >> Self.shift
        let count = row.records & (1 << Self.shift - 1)
        var kept: Int64 = 0
        switch format {
        case 0:
            front = 0
            changes = 1..<1
        case 2:
            front = 1
            changes = 3..<3
            guard let numbers = AuditNumbers(row.item(0)) else { return nil }
            kept = numbers.contents
        default: return nil
        }
        let commitments = Int64(row.itemCount - front)
        guard count >= 0, kept >= 0, kept <= count, Int64(changes.lowerBound) + count + kept <= commitments else {
            return nil
        }
        changes = changes.lowerBound..<(changes.lowerBound + Int(count))
        contents = changes.upperBound..<(changes.upperBound + Int(kept))
        results = contents.upperBound..<Int(commitments)
    }

    /// The column `records` of a row of the newest arrangement.
    static func records(_ count: Int) -> Int64 { newest << shift | Int64(count) }

    /// Of any row.
    static func format(_ row: AuditRow) -> Int64 { row.records >> shift }
}

/// What is neither secret nor long, and stands in the first slot of an operation's row.
struct AuditNumbers: Equatable {
    /// `operations.parent`.
    var parent: Int64 = 0
    /// `sessions.process` and `sessions.start` of its session; 0 when there is no such row.
    var process: Int64 = 0
    var start: Int64 = 0
    /// Changes with a content that is not empty.
    var contents: Int64 = 0

    init() {}

    init?(_ slot: ArraySlice<UInt8>) {
        guard slot.count == AuditRow.hashSize else { return nil }
        let values = slot.withUnsafeBytes { raw in
            (0..<4).map { Int64(bigEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
        }
        (parent, process, start, contents) = (values[0], values[1], values[2], values[3])
    }

    /// 64 bits each, the high byte first.
    var slot: [UInt8] { AuditRow.slots([parent, process, start, contents]) }
}

extension AuditRow {
    /// Numbers as items: 64 bits each, the high byte first, filled up with zeros.
    static func slots(_ numbers: [Int64]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity((numbers.count + 3) / 4 * hashSize)
        for number in numbers { withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) } }
        while bytes.count % hashSize != 0 { bytes.append(0) }
        return bytes
    }

    /// Of an expiration: the operations.
    public var expired: [OperationID] { type == .expiration ? numbers(from: 0) : [] }

    /// Of an obliteration that is about to begin: the operations of which records go.
    var obliterated: [OperationID] {
        type == .obliteration && AuditLayout.format(self) > 0 ? numbers(from: 2) : []
    }

    /// The numbers of operations in the slots from one on.
    private func numbers(from slot: Int) -> [OperationID] {
        items.withUnsafeBytes { raw in
            stride(from: slot * Self.hashSize, to: raw.count & ~7, by: 8).compactMap {
                let id = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: $0, as: UInt64.self))
                return id == 0 ? nil : id
            }
        }
    }
}

/// A row of `states`, as it is committed to.
struct StateRow {
    var number: Int64
    var entry: Int64
    var state: Int64
    var position: Int64
    var event: Int64
    /// Numbers of operations, as the table has them.
    var effective: [UInt8]
}

/// A row of `changes`, as the table has it: a value that no shell wrote must not be taken for another.
struct ChangeColumns {
    var kind: Int64
    var preimage: Int64
    var reason: Int64
    var item: Int64
    var path: [UInt8]
    var other: [UInt8]
    var location: [UInt8]
    var before: [UInt8]
    var attributes: [UInt8]
}

/// Clear texts as they are committed to, each behind its salt. In those of the first arrangement counts are of 32 bits, the low byte first; in
/// later ones numbers and counts are of seven bits a byte, the low ones first, all but the last with the high bit set.
struct Commitments {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    var count: Int { ends.count }

    mutating func reserveCapacity(_ count: Int) {
        bytes.reserveCapacity(count * 200)
        ends.reserveCapacity(count)
    }

    /// The commitments, 32 bytes each.
    var digests: [UInt8] { SHA256.digests(bytes, ends: ends) }

    mutating func add(_ text: [UInt8], salt: ArraySlice<UInt8>) {
        bytes.append(contentsOf: salt)
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
    }

    // MARK: The second arrangement

    @inline(__always)
    private mutating func put(number: Int64) {
        var value = UInt64(bitPattern: number)
        while value >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 128)
            value >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    @inline(__always)
    private mutating func put(text: [UInt8]) {
        put(number: Int64(text.count))
        bytes.append(contentsOf: text)
    }

    /// - Parameter row: nil: the operation left none.
    mutating func add(_ row: StateRow?, salt: ArraySlice<UInt8>) {
        bytes.append(contentsOf: salt)
        if let row {
            for number in [row.number, row.entry, row.state, row.position, row.event] { put(number: number) }
            put(text: row.effective)
        }
        ends.append(bytes.count)
    }

    mutating func add(_ change: ChangeRecord, hasContent: Bool, salt: ArraySlice<UInt8>) {
        bytes.append(contentsOf: salt)
        put(number: Int64(change.kind.rawValue))
        put(number: Int64(change.preimage.rawValue))
        put(number: Int64(change.reason.rawValue))
        put(number: Int64(bitPattern: change.item))
        put(number: hasContent ? 1 : 0)
        put(text: change.path)
        put(text: change.other)
        put(text: change.location)
        put(number: Int64(change.before.encodedCount))
        change.before.withEncoded { bytes.append(contentsOf: $0) }
        put(text: change.attributes)
        ends.append(bytes.count)
    }

    /// The same bytes.
    mutating func add(_ change: ChangeColumns, hasContent: Bool, salt: ArraySlice<UInt8>) {
        bytes.append(contentsOf: salt)
        for number in [change.kind, change.preimage, change.reason, change.item, hasContent ? 1 : 0] {
            put(number: number)
        }
        for text in [change.path, change.other, change.location, change.before, change.attributes] { put(text: text) }
        ends.append(bytes.count)
    }

    mutating func add(path: [UInt8], after: [UInt8], digest: [UInt8], soft: Int64, salt: ArraySlice<UInt8>) {
        bytes.append(contentsOf: salt)
        put(number: soft)
        put(text: path)
        put(text: after)
        put(text: digest)
        ends.append(bytes.count)
    }

    mutating func addResult(_ result: ResultRecord, salt: ArraySlice<UInt8>) {
        bytes.append(contentsOf: salt)
        put(number: result.isSoft ? 1 : 0)
        put(text: result.path)
        put(number: Int64(result.after.encodedCount))
        result.after.withEncoded { bytes.append(contentsOf: $0) }
        put(text: result.digest)
        ends.append(bytes.count)
    }
}

/// The first arrangement, in which rows of earlier builds were made.
extension Commitments {
    private mutating func put(_ part: [UInt8]) {
        withUnsafeBytes(of: UInt32(part.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: part)
    }

    private mutating func put(_ state: NodeState) {
        withUnsafeBytes(of: UInt32(state.encodedCount).littleEndian) { bytes.append(contentsOf: $0) }
        state.withEncoded { bytes.append(contentsOf: $0) }
    }

    /// What an operation was called.
    mutating func add(directory: [UInt8], command: [UInt8], salt: ArraySlice<UInt8>) {
        bytes.append(contentsOf: salt)
        put(directory)
        put(command)
        ends.append(bytes.count)
    }

    mutating func add(_ change: ChangeRecord, salt: ArraySlice<UInt8>) {
        bytes.append(contentsOf: salt)
        bytes.append(change.kind.rawValue)
        put(change.path)
        put(change.other)
        put(change.before)
        ends.append(bytes.count)
    }

    mutating func add(_ result: ResultRecord, salt: ArraySlice<UInt8>) {
        bytes.append(contentsOf: salt)
        bytes.append(result.isSoft ? 1 : 0)
        put(result.path)
        put(result.after)
        put(result.digest)
        ends.append(bytes.count)
    }
}

/// Random bytes, so many for each commitment.
struct Salts {
    private(set) var bytes: [UInt8]

    init(count: Int) throws(StoreError) {
        guard let bytes = try? System.random(count: count * AuditRow.saltSize) else {
            throw StoreError(.system(.inputOutput), [])
        }
        self.bytes = bytes
    }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var count: Int { bytes.count / AuditRow.saltSize }

    /// Whether the clear text was erased, and its salt with it. What is not there counts as that.
    func isErased(_ index: Int) -> Bool { index >= count || self[index].allSatisfy { $0 == 0 } }

    /// Zeros in place of a salt.
    mutating func erase(_ index: Int) {
        if index < count {
            for byte in (index * AuditRow.saltSize)..<((index + 1) * AuditRow.saltSize) { bytes[byte] = 0 }
        }
    }

    subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[(index * AuditRow.saltSize)..<((index + 1) * AuditRow.saltSize)]
    }
}
