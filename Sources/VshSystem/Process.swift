// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc

/// Identity, session and environment of this process.
extension System {
    /// (C: getpid)
    public static var processID: Int32 { getpid() }
    /// (C: getppid)
    public static var parentID: Int32 { getppid() }
    public static var userID: UInt32 { getuid() }
    public static var effectiveUserID: UInt32 { geteuid() }
    public static var groupID: UInt32 { getgid() }
    public static var effectiveGroupID: UInt32 { getegid() }
    /// Real and effective identities differ, or file capabilities were gained (AT_SECURE is not looked at).
    public static var isSetUserOrGroupID: Bool { getuid() != geteuid() || getgid() != getegid() }

    /// Supplementary groups. (C: getgroups)
    public static func groups() throws(Errno) -> [UInt32] {
        while true {
            let capacity = Int(try check(vsh_groups(nil, 0)))
            var result: Int32 = 0
            let list = [UInt32](unsafeUninitializedCapacity: max(capacity, 1)) { buffer, count in
                result = vsh_groups(buffer.baseAddress, Int32(capacity))
                count = Int(max(result, 0))
            }
            if result == -EINVAL { continue }
            _ = try check(result)
            return list
        }
    }

    /// (C: getpgrp)
    public static var processGroup: Int32 { getpgrp() }
    /// (C: setpgid) 0 means this process, or the same number as `pid`.
    public static func setProcessGroup(_ pid: Int32 = 0, _ group: Int32 = 0) throws(Errno) {
        if setpgid(pid, group) < 0 { throw Errno(rawValue: errno) }
    }
    /// (C: getsid)
    public static var session: Int32 { getsid(0) }
    /// (C: setsid)
    public static func startSession() throws(Errno) {
        if setsid() < 0 { throw Errno(rawValue: errno) }
    }

    /// The environment that the process was started with: NAME=VALUE strings, NULL at the end. (C: environ)
    public static var environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { vsh_environment() }

    /// The words of the command line, the name first.
    public static var arguments: UnsafeBufferPointer<UnsafeMutablePointer<CChar>?> {
        UnsafeBufferPointer(start: vsh_arguments(), count: Int(vsh_argument_count()))
    }

    /// The start of a process in clock ticks since boot, which with its pid names it for ever; nil when it is gone.
    /// (/proc/PID/stat, field 22)
    public static func startTime(of pid: Int32) -> UInt64? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { room in
            var count = 0
            func put(_ text: StaticString) {
                for index in 0..<text.utf8CodeUnitCount { room[count + index] = text.utf8Start[index] }
                count += text.utf8CodeUnitCount
            }
            put("/proc/")
            let number = max(pid, 0)
            var place: Int32 = 1
            while number / place >= 10 { place *= 10 }
            while place > 0 {
                room[count] = 48 + UInt8(number / place % 10)
                count += 1
                place /= 10
            }
            put("/stat")
            room[count] = 0
            let path = UnsafeRawPointer(room.baseAddress!).assumingMemoryBound(to: CChar.self)
            guard let fd = try? FileDescriptor(path, .readOnly),
                let size = try? System.read(fd.rawValue, into: UnsafeMutableRawBufferPointer(room))
            else { return nil }
            return startTime(in: UnsafeBufferPointer(rebasing: room[..<size]))
        }
    }

    /// The same, from the text of the file.
    private static func startTime(in text: UnsafeBufferPointer<UInt8>) -> UInt64? {
        // The name in parentheses may hold anything.
        guard var next = text.lastIndex(of: 41) else { return nil }
        next += 2
        var field = 0
        var start: UInt64 = 0
        while next < text.count, field <= 28 {
            if field == 0, text[next] == UInt8(ascii: "Z") { return nil }
            var value: UInt64 = 0
            while next < text.count, text[next] > 32 {
                value = value &* 10 &+ UInt64(text[next] &- 48)
                next += 1
            }
            // PF_EXITING, or SIGKILL pending: it runs no instruction any more, as a zombie does not.
            if field == 6 && value & 4 != 0 || field == 28 && value & 1 << 8 != 0 { return nil }
            if field == 19 { start = value }
            field += 1
            next += 1
        }
        return field > 28 ? start : nil
    }

    /// Names of the system. (C: uname)
    public struct SystemName: Sendable {
        public var system: [UInt8], node: [UInt8], release: [UInt8], version: [UInt8], machine: [UInt8]
    }

    /// (C: uname)
    public static func systemName() throws(Errno) -> SystemName {
        var raw = vsh_system_name()
        try run(vsh_uname(&raw))
        func bytes<T>(_ field: T) -> [UInt8] { withUnsafeBytes(of: field) { Array($0.prefix { $0 != 0 }) } }
        return SystemName(
            system: bytes(raw.system), node: bytes(raw.node), release: bytes(raw.release),
            version: bytes(raw.version), machine: bytes(raw.machine))
    }

    /// Unpredictable bytes. (C: getrandom)
    public static func random(count: Int) throws(Errno) -> [UInt8] {
        var result: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: max(count, 1)) { buffer, filled in
            result = vsh_random(buffer.baseAddress!, count)
            filled = result < 0 ? 0 : count
        }
        try run(result)
        return bytes
    }

    /// The nice value, -20 to 19. (C: getpriority)
    public static func nice() throws(Errno) -> Int {
        var value: Int32 = 0
        try run(vsh_nice(&value))
        return Int(value)
    }
}
