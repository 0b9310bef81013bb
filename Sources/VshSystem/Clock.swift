import CVshSystem
import Glibc
// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Clocks, and time used.
public enum Clock {
    /// Nanoseconds since 1970. (C: clock_gettime)
    public static var realTime: Int64 { vsh_clock(0) }
    /// Nanoseconds since some moment; never goes back. (C: clock_gettime)
    public static var monotonic: Int64 { vsh_clock(1) }

    /// The time zone of what comes after, as TZ names it; empty: that of the system. (C: setenv, tzset)
    public static func setZone(_ zone: Text) { zone.withCString { vsh_set_zone($0) } }

    /// Sleeps; EINTR is thrown. (C: nanosleep)
    public static func sleep(nanoseconds: Int64) throws(Errno) { try run(vsh_sleep(nanoseconds)) }

    /// Processor time in microseconds.
    public struct ProcessTimes: Sendable {
        public var user: Int64, system: Int64, childUser: Int64, childSystem: Int64
    }

    /// Of this process, and of its children that were waited for. (C: getrusage)
    public static func times() throws(Errno) -> ProcessTimes {
        let (own, children) = (try usage(ofChildren: false), try usage(ofChildren: true))
        return ProcessTimes(
            user: own.user, system: own.system, childUser: children.user, childSystem: children.system)
    }

    /// (C: getrusage)
    public static func usage(ofChildren: Bool) throws(Errno) -> ResourceUsage {
        var usage = ResourceUsage()
        try run(vsh_usage(ofChildren ? -1 : 0, &usage.raw))
        return usage
    }

    /// A moment in the zone that the environment's TZ names (of the C library's environ), or else the system's.
    public struct LocalTime: Sendable {
        public var second: Int, minute: Int, hour: Int
        /// Day 1…31, month 1…12, weekday 0 (Sunday)…6, day of the year 1…366.
        public var day: Int, month: Int, year: Int, weekday: Int, dayOfYear: Int
        public var isDaylightSaving: Bool
        /// Seconds east of Greenwich.
        public var offset: Int
        /// Abbreviation of the zone.
        public var zone: [UInt8]
    }

    /// - Parameter rereadsZone: false: the zone is that of the call before, which saves a look at the zone's file.
    /// (C: localtime_r)
    public static func local(_ seconds: Int64, rereadsZone: Bool = true) throws(Errno) -> LocalTime {
        var fields = [Int32](repeating: 0, count: 9)
        var zone = [CChar](repeating: 0, count: 16)
        var offset: Int32 = 0
        try run(vsh_local_time(seconds, rereadsZone ? 1 : 0, &fields, &offset, &zone))
        return LocalTime(
            second: Int(fields[0]), minute: Int(fields[1]), hour: Int(fields[2]), day: Int(fields[3]),
            month: Int(fields[4]) + 1, year: Int(fields[5]) + 1900, weekday: Int(fields[6]),
            dayOfYear: Int(fields[7]) + 1, isDaylightSaving: fields[8] > 0, offset: Int(offset),
            zone: zone.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }

    /// A moment as `format` says, in the local zone, in English; empty when that is too long. (C: strftime)
    public static func formatted(_ seconds: Int64, _ format: Text) throws(Errno) -> [UInt8] {
        var bytes = [CChar](repeating: 0, count: 1024)
        let count = format.withCString { vsh_format_time(seconds, $0, &bytes, 1024) }
        try run(min(count, 0))
        return bytes.prefix(Int(count)).map { UInt8(bitPattern: $0) }
    }

    /// Seconds since 1970 of a date in the local zone or in UTC. Fields out of range carry over. (C: mktime, timegm)
    public static func seconds(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, isUTC: Bool = false
    ) throws(Errno) -> Int64 {
        guard let year = Int32(exactly: year - 1900), let month = Int32(exactly: month - 1),
            let day = Int32(exactly: day), let hour = Int32(exactly: hour), let minute = Int32(exactly: minute),
            let second = Int32(exactly: second)
        else { throw .overflow }
        let fields: [Int32] = [second, minute, hour, day, month, year, 0, 0, isUTC ? 0 : -1]
        var time: Int64 = 0
        try run(vsh_make_time(fields, isUTC ? 1 : 0, &time))
        return time
    }
}
