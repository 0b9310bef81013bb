// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What `time` measured, in microseconds.
struct Timing {
    let real: Int
    let user: Int
    let system: Int

    /// Writes TIMEFORMAT of bash: `%[p][l]R` (real), `U` (user), `S` (system) with p decimals (0 to 3; 3) and with minutes after `l`, `%P` the
    /// share of the processor in percent, `%%`. False when another letter follows `%`.
    func write(_ format: UnsafeBufferPointer<UInt8>, to line: inout ByteStack) -> Bool {
        var index = 0
        while index < format.count {
            if format[index] != UInt8(ascii: "%") || index + 1 == format.count {
                line.append(format[index])
                index += 1
                continue
            }
            index += 1
            var decimals = 3
            var hasMinutes = false
            if format[index] >= 48 && format[index] <= 57 {
                decimals = min(Int(format[index] - 48), 3)
                index += 1
            }
            if index < format.count && format[index] == UInt8(ascii: "l") {
                hasMinutes = true
                index += 1
            }
            if index == format.count { return false }
            switch format[index] {
            case UInt8(ascii: "%"): line.append(37)
            case UInt8(ascii: "R"): Timing.write(real, decimals, hasMinutes, to: &line)
            case UInt8(ascii: "U"): Timing.write(user, decimals, hasMinutes, to: &line)
            case UInt8(ascii: "S"): Timing.write(system, decimals, hasMinutes, to: &line)
            case UInt8(ascii: "P"):
                // In hundredths of a percent, as if they were 10 ms.
                let share = real == 0 ? 0 : min(10_000, (user + system) * 10_000 / real)
                Timing.write(share * 10_000, 2, false, to: &line)
            default: return false
            }
            index += 1
        }
        return true
    }

    private static func write(_ microseconds: Int, _ decimals: Int, _ hasMinutes: Bool, to line: inout ByteStack) {
        var seconds = microseconds / 1_000_000
        if hasMinutes {
            line.append(decimal: seconds / 60)
            line.append(UInt8(ascii: "m"))
            seconds %= 60
        }
        line.append(decimal: seconds)
        if decimals > 0 {
            line.append(UInt8(ascii: "."))
            var unit = 100_000
            for _ in 0..<decimals {
                line.append(48 + UInt8(microseconds / unit % 10))
                unit /= 10
            }
        }
        if hasMinutes { line.append(UInt8(ascii: "s")) }
    }
}
