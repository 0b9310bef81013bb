// SPDX-License-Identifier: MPL-2.0

/// How long something took, in few letters: `340ms`, `2.1s`, `3m12s`, `1h04m`.
enum DurationText {
    static func short(_ nanoseconds: Int64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1000
        if seconds < 60 { return "\(seconds).\(milliseconds % 1000 / 100)s" }
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if seconds < 3600 { return "\(seconds / 60)m\(two(seconds % 60))s" }
        if seconds < 86400 { return "\(seconds / 3600)h\(two(seconds % 3600 / 60))m" }
        return "\(seconds / 86400)d\(two(seconds % 86400 / 3600))h"
    }

    /// How long ago: `just now`, `5 minutes ago`, `3 days ago`.
    static func age(_ nanoseconds: Int64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        if seconds < 10 { return "just now" }
        if seconds < 60 { return "\(seconds) seconds ago" }
        func ago(_ count: Int64, _ unit: String) -> String { "\(count) \(unit)\(count == 1 ? "" : "s") ago" }
        if seconds < 3600 { return ago(seconds / 60, "minute") }
        if seconds < 86400 { return ago(seconds / 3600, "hour") }
        return ago(seconds / 86400, "day")
    }
}
