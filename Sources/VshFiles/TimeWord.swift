// SPDX-License-Identifier: MPL-2.0
import VshCore
import VshSystem

/// A point in time as people type it.
enum TimeWord {
    /// Nanoseconds since 1970.
    case time(Int64)
    case operation(OperationID)

    /// `10s 5m 2h 3d 1w` (ago), `14:30[:10]` (today), `2026-11-21[ 14:30[:10]]` (local time), `@12` (an operation).
    static func parse(_ word: [UInt8], now: Int64) -> TimeWord? {
        guard let first = word.first, let last = word.last else { return nil }
        if first == UInt8(ascii: "@") { return UndoCommand.identifier(word).map { .operation($0) } }
        let units: [(UInt8, Int64)] = [(115, 1), (109, 60), (104, 3600), (100, 86400), (119, 604_800)]
        if let unit = units.first(where: { $0.0 == last }), let count = UndoCommand.number(Array(word.dropLast())) {
            return .time(now - Int64(count) * unit.1 * 1_000_000_000)
        }
        let parts = word.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == 32 || $0 == 84 }
        guard let today = try? Clock.local(now / 1_000_000_000) else { return nil }
        var (year, month, day) = (today.year, today.month, today.day)
        var (hour, minute, second) = (0, 0, 0)
        var clock: ArraySlice<UInt8>?
        let date = parts[0].split(separator: 45, omittingEmptySubsequences: false).map { UndoCommand.number(Array($0)) }
        if date.count == 3 {
            guard let y = date[0], let m = date[1], let d = date[2], 1...12 ~= m, 1...31 ~= d, y > 1900 else {
                return nil
            }
            (year, month, day) = (y, m, d)
            clock = parts.count == 2 ? parts[1] : nil
        } else if parts.count == 1 {
            clock = parts[0]
        } else {
            return nil
        }
        if let clock {
            let fields = clock.split(separator: 58, omittingEmptySubsequences: false).map {
                UndoCommand.number(Array($0))
            }
            guard fields.count == 2 || fields.count == 3, let h = fields[0], let m = fields[1], h < 24, m < 60 else {
                return nil
            }
            (hour, minute) = (h, m)
            if fields.count == 3 {
                guard let s = fields[2], s < 61 else { return nil }
                second = s
            }
        }
        guard
            let seconds = try? Clock.seconds(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        return .time(Int64(seconds) * 1_000_000_000)
    }
}
