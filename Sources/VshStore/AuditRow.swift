// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// What a row of the audit log is about. Rows of operations have the number of their kind plus one.
public struct AuditType: RawRepresentable, Equatable, Sendable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    init(_ kind: OperationKind) { rawValue = Int64(kind.rawValue) + 1 }

    /// The first row of a chain.
    public static var start: AuditType { AuditType(rawValue: 0) }
    /// Something the sandbox did not allow.
    public static var refusal: AuditType { AuditType(rawValue: 100) }
    /// Operations whose pre-images were given up: their numbers are the items.
    public static var expiration: AuditType { AuditType(rawValue: 103) }
    /// A program that was let out of the sandbox.
    public static var unconfined: AuditType { AuditType(rawValue: 102) }
    /// An `obliterate` that is about to begin (outcome 1), and one that has ended (outcome 0 or 2).
    public static var obliteration: AuditType { AuditType(rawValue: 101) }

    /// The kind of operation, or nil.
    public var operation: OperationKind? {
        rawValue > 0 && rawValue < 100 ? OperationKind(rawValue: UInt8(rawValue - 1)) : nil
    }
    /// Whether it is an operation, also of a kind that this version does not know.
    public var isOperation: Bool { rawValue > 0 && rawValue < 100 }

    private static var names: [String] {
        [
            "start", "command", "undo", "redo", "rollback", "begin", "commit", "undo-paths", "repair", "aside",
            "checkpoint", "restore",
        ]
    }

    /// Whether a type is called so.
    public static func isName(_ name: String) -> Bool {
        names.contains(name) || [refusal, obliteration, unconfined, expiration].contains { $0.name == name }
    }

    public var name: String {
        if self == .refusal { return "refusal" }
        if self == .obliteration { return "obliteration" }
        if self == .unconfined { return "unconfined" }
        if self == .expiration { return "expiration" }
        return rawValue >= 0 && rawValue < Self.names.count ? Self.names[Int(rawValue)] : "type-\(rawValue)"
    }
}

/// A row of the audit log, as it is chained.
///
/// What the row tells in numbers stands in it; names, commands and contents do not. For those it holds *commitments*:
/// SHA-256 of a random salt and the clear text. Clear text and salts lie in other tables, from which they can be erased
/// without breaking the chain; and without the salt nobody can find out by trying what the clear text was.
public struct AuditRow: Equatable, Sendable {
    /// From 0, without gaps.
    public var number: Int64 = 0
    public var type = AuditType.start
    /// Number of the operation, refusal or obliteration; of the first row: the newest operation before there was a chain.
    public var subject: UInt64 = 0
    public var session: UInt64 = 0
    public var process: Int64 = 0
    public var user: Int64 = 0
    /// Nanoseconds since 1970.
    public var began: Int64 = 0
    public var ended: Int64 = 0
    public var outcome: Int64 = 0
    public var status: Int64 = 0
    /// Paths changed, and those among them that cannot be put back. Of an obliteration: files, and passes verified.
    public var changes: Int64 = 0
    public var missing: Int64 = 0
    public var target: UInt64 = 0
    public var transaction: UInt64 = 0
    /// Of an operation: its change records; and in the high 16 bits the arrangement of the items (`AuditLayout`).
    public var records: Int64 = 0
    /// Slots of 32 bytes each: commitments, behind what `AuditLayout` puts in front of them.
    public var items: [UInt8] = []
    public var hash: [UInt8] = []

    static var saltSize: Int { 16 }
    static var hashSize: Int { 32 }

    public init() {}

    /// SHA-256 of the hash before, the numbers as 64 bits with the high byte first, and the items: what PostgreSQL's
    /// `sha256` and `int8send` give too.
    public func digest(after previous: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(160)
        bytes.append(contentsOf: previous)
        for value in numbers {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        var hash = SHA256()
        hash.add(bytes)
        hash.add(items)
        return hash.digest()
    }

    /// The columns between `previous` and `items`, in their order.
    public var numbers: [Int64] {
        [
            number, type.rawValue, Int64(bitPattern: subject), Int64(bitPattern: session), process, user, began, ended,
            outcome, status, changes, missing, Int64(bitPattern: target), Int64(bitPattern: transaction), records,
        ]
    }

    /// The slot with this index.
    func item(_ index: Int) -> ArraySlice<UInt8> {
        let start = index * Self.hashSize
        return start + Self.hashSize <= items.count ? items[start..<(start + Self.hashSize)] : []
    }

    var itemCount: Int { items.count / Self.hashSize }
}

/// A head of the chain: the number and hash of a row. Written as `57:` and 64 hexadecimal digits.
public struct AuditHead: Equatable, Sendable {
    public var number: Int64
    public var hash: [UInt8]

    public init(_ row: AuditRow) {
        number = row.number
        hash = row.hash
    }

    init(number: Int64, hash: [UInt8]) {
        self.number = number
        self.hash = hash
    }

    /// Nil when the text is no head.
    public init?(_ text: ArraySlice<UInt8>) {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), text.endIndex - colon == 65,
            let number = Int64(String(decoding: text[..<colon], as: UTF8.self)), number >= 0
        else { return nil }
        var hash: [UInt8] = []
        var high: UInt8?
        for digit in text[(colon + 1)...] {
            let value: UInt8
            switch digit {
            case 48...57: value = digit - 48
            case 97...102: value = digit - 87
            case 65...70: value = digit - 55
            default: return nil
            }
            if let first = high {
                hash.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        self.number = number
        self.hash = hash
    }

    public var text: String { "\(number):\(hex(hash))" }
}

/// Lower-case hexadecimal digits.
public func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
