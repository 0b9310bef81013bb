// SPDX-License-Identifier: MPL-2.0
import VshBase

/// A line of /etc/passwd.
public struct UserEntry: Equatable, Sendable {
    public var name: [UInt8]
    public var id: UInt32
    public var group: UInt32
    public var home: [UInt8]
    public var shell: [UInt8]

    /// The entry of one line, without newline; nil when it is malformed, a comment, or a NIS line (+, -).
    public init?(line: ArraySlice<UInt8>) {
        let fields = line.split(separator: 58, omittingEmptySubsequences: false)
        guard fields.count == 7, !fields[0].isEmpty, !"#+-".utf8.contains(fields[0].first!),
            let id = number(fields[2]), let group = number(fields[3])
        else { return nil }
        name = Array(fields[0])
        self.id = id
        self.group = group
        home = Array(fields[5])
        shell = Array(fields[6])
    }
}

/// A line of /etc/group.
public struct GroupEntry: Equatable, Sendable {
    public var name: [UInt8]
    public var id: UInt32

    /// The entry of one line, without newline; nil when it is malformed, a comment, or a NIS line (+, -).
    public init?(line: ArraySlice<UInt8>) {
        let fields = line.split(separator: 58, omittingEmptySubsequences: false)
        guard fields.count == 4, !fields[0].isEmpty, !"#+-".utf8.contains(fields[0].first!),
            let id = number(fields[2])
        else { return nil }
        name = Array(fields[0])
        self.id = id
    }
}

/// A decimal number without sign, nil when it is none or too big.
private func number(_ digits: ArraySlice<UInt8>) -> UInt32? {
    var value: UInt32 = 0
    for digit in digits {
        guard digit >= 48, digit <= 57 else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt32(digit - 48))
        if overflow || carry { return nil }
        value = sum
    }
    return digits.isEmpty ? nil : value
}

/// Users and groups by name and number. Each call reads the file anew (the caller keeps what it needs) and, for what is
/// not in it, asks getent(1), which loads the network name services that a static program cannot.
public enum UserDatabase {
    public static func user(named name: [UInt8]) -> UserEntry? {
        find("/etc/passwd", "passwd", key: name, UserEntry.init(line:)) { $0.name == name }
    }

    public static func user(id: UInt32) -> UserEntry? {
        find("/etc/passwd", "passwd", key: Array(String(id).utf8), UserEntry.init(line:)) { $0.id == id }
    }

    public static func group(named name: [UInt8]) -> GroupEntry? {
        find("/etc/group", "group", key: name, GroupEntry.init(line:)) { $0.name == name }
    }

    public static func group(id: UInt32) -> GroupEntry? {
        find("/etc/group", "group", key: Array(String(id).utf8), GroupEntry.init(line:)) { $0.id == id }
    }

    /// All users of /etc/passwd, for completion of `~`.
    public static func localUsers() -> [UserEntry] {
        guard let bytes = contents("/etc/passwd") else { return [] }
        return bytes.split(separator: 10).compactMap { UserEntry(line: $0) }
    }

    /// All groups of /etc/group.
    public static func localGroups() -> [GroupEntry] {
        guard let bytes = contents("/etc/group") else { return [] }
        return bytes.split(separator: 10).compactMap { GroupEntry(line: $0) }
    }

    private static func find<Entry>(
        _ file: StaticString, _ database: String, key: [UInt8], _ parse: (ArraySlice<UInt8>) -> Entry?,
        _ matches: (Entry) -> Bool
    ) -> Entry? {
        if key.isEmpty || key.contains(10) || key.contains(58) || key.contains(0) { return nil }
        if let bytes = contents(file), let entry = firstEntry(in: bytes, parse, matches) { return entry }
        if let bytes = getent(database, key) { return firstEntry(in: bytes, parse, matches) }
        return nil
    }

    static func firstEntry<Entry>(
        in bytes: [UInt8], _ parse: (ArraySlice<UInt8>) -> Entry?, _ matches: (Entry) -> Bool
    ) -> Entry? {
        for line in bytes.split(separator: 10) {
            if let entry = parse(line), matches(entry) { return entry }
        }
        return nil
    }

    private static func contents(_ path: StaticString) -> [UInt8]? {
        guard let file = try? FileDescriptor(path, .readOnly) else { return nil }
        return try? file.readAll(limit: 64 << 20)
    }

    /// What `getent database key` prints; nil when there is no getent or it finds nothing. A key that starts with `-` would
    /// be an option.
    static func getent(_ database: String, _ key: [UInt8]) -> [UInt8]? {
        guard key.first != 45, let null = try? FileDescriptor("/dev/null" as StaticString, .readWrite),
            let ends = try? System.pipe()
        else { return nil }
        let reading = FileDescriptor(owning: ends.read)
        let writing = FileDescriptor(owning: ends.write)
        let arguments = [Array("getent".utf8), Array(database.utf8), key]
        let actions: [DescriptorAction] = [
            .duplicate(null.rawValue, to: 0), .duplicate(writing.rawValue, to: 1), .duplicate(null.rawValue, to: 2),
        ]
        let environment = [Array("PATH=/usr/bin:/bin".utf8)]
        for program in ["/usr/bin/getent", "/bin/getent"] as [StaticString] {
            guard let pid = try? System.spawn(program, arguments, environment: environment, actions: actions) else {
                continue
            }
            try? writing.close()
            let output = try? reading.readAll()
            let child = try? System.waitForeground(pid)
            return child?.status.shellStatus == 0 ? output : nil
        }
        return nil
    }
}
