// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// Backslash escapes of PS1 and its like, as bash has them (bash(1), PROMPTING), and `\{name}` for vsh's segments.
struct PromptEscapes {
    private let renderer: PromptRenderer
    private var shell: Shell { renderer.shell }
    private var out: [UInt8] = []
    private var time: Clock.LocalTime?

    init(_ renderer: PromptRenderer) { self.renderer = renderer }

    /// The text with escapes replaced. `$`, backquotes and backslashes that escapes insert have a backslash before them, as
    /// the expansion that follows takes it off again.
    mutating func decoded(_ raw: [UInt8]) -> [UInt8] {
        guard raw.contains(92) else { return raw }
        var index = 0
        while index < raw.count {
            if raw[index] != 92 || index + 1 >= raw.count {
                out.append(raw[index])
                index += 1
                continue
            }
            let letter = raw[index + 1]
            index += 2
            switch letter {
            case 123:  // \{
                guard let end = raw[index...].firstIndex(of: 125) else {
                    out += [92, 92, 123]
                    continue
                }
                insert(PromptSegments(renderer).segment(String(decoding: raw[index..<end], as: UTF8.self)))
                index = end + 1
            case 68 where index < raw.count && raw[index] == 123:  // \D{format}
                let end = raw[index...].firstIndex(of: 125) ?? raw.count
                insert(strftime(Array(raw[(index + 1)..<max(end, index + 1)])))
                index = min(end + 1, raw.count)
            case 48...55:
                var value = Int(letter - 48)
                var digits = 1
                while digits < 3, index < raw.count, raw[index] >= 48, raw[index] <= 55 {
                    value = value * 8 + Int(raw[index] - 48)
                    index += 1
                    digits += 1
                }
                insert([UInt8(truncatingIfNeeded: value)])
            default: escape(letter)
            }
        }
        return out
    }

    private mutating func insert(_ bytes: [UInt8]) {
        for byte in bytes {
            if byte == 36 || byte == 96 || byte == 92 { out.append(92) }
            out.append(byte)
        }
    }

    private mutating func insert(_ text: String) { insert(Array(text.utf8)) }

    private mutating func escape(_ letter: UInt8) {
        switch letter {
        case 97: out.append(7)  // \a
        case 101: out.append(27)  // \e
        case 110: out.append(10)  // \n
        case 114: out.append(13)  // \r
        case 91, 93: break  // \[ \]: widths are taken from the text itself
        case 92: insert([92])
        case 36: insert(System.effectiveUserID == 0 ? "#" : "$")
        case 117: insert(PromptSegments(renderer).userName)
        case 104: insert(PromptSegments.hostName.prefix { $0 != 46 }.map { $0 })
        case 72: insert(PromptSegments.hostName)
        case 119: insert(PromptSegments(renderer).directory(trimmed: true))
        case 87: insert(PromptSegments(renderer).directoryName)
        case 115: insert(shell.invokedName.bytes)
        case 106: insert(String(shell.jobs.jobs.count))
        case 33: insert(String(renderer.nextHistoryNumber))
        case 35: insert(String(renderer.commandNumber))
        case 118: insert("0.1")
        case 86: insert("0.1.0")
        case 108: insert(PromptSegments.terminalName)
        case 100: insert(strftime(Array("%a %b %d".utf8)))
        case 116: insert(strftime(Array("%H:%M:%S".utf8)))
        case 84: insert(strftime(Array("%I:%M:%S".utf8)))
        case 64: insert(strftime(Array("%I:%M %p".utf8)))
        case 65: insert(strftime(Array("%H:%M".utf8)))
        default: insert([92, letter])
        }
    }

    // MARK: time

    private static var weekdays: [StaticString] {
        ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    }
    private static var months: [StaticString] {
        [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
    }

    /// strftime(3) in the POSIX locale.
    private mutating func strftime(_ format: [UInt8]) -> [UInt8] {
        if time == nil { time = try? Clock.local(Clock.realTime / 1_000_000_000) }
        guard let time else { return [] }
        var text = ""
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        func short(_ name: StaticString) -> String { String(String(describing: name).prefix(3)) }
        let twelve = time.hour % 12 == 0 ? 12 : time.hour % 12
        var index = 0
        let format = format.isEmpty ? Array("%H:%M:%S".utf8) : format
        while index < format.count {
            guard format[index] == 37, index + 1 < format.count else {
                text += String(decoding: [format[index]], as: UTF8.self)
                index += 1
                continue
            }
            switch format[index + 1] {
            case 97: text += short(Self.weekdays[time.weekday])
            case 65: text += String(describing: Self.weekdays[time.weekday])
            case 98, 104: text += short(Self.months[time.month - 1])
            case 66: text += String(describing: Self.months[time.month - 1])
            case 100: text += two(time.day)
            case 101: text += time.day < 10 ? " \(time.day)" : "\(time.day)"
            case 72: text += two(time.hour)
            case 73: text += two(twelve)
            case 77: text += two(time.minute)
            case 83: text += two(time.second)
            case 112: text += time.hour < 12 ? "AM" : "PM"
            case 109: text += two(time.month)
            case 121: text += two(time.year % 100)
            case 89: text += "\(time.year)"
            case 106: text += String(repeating: "0", count: max(0, 3 - "\(time.dayOfYear)".count)) + "\(time.dayOfYear)"
            case 70: text += "\(time.year)-\(two(time.month))-\(two(time.day))"
            case 68: text += "\(two(time.month))/\(two(time.day))/\(two(time.year % 100))"
            case 84: text += "\(two(time.hour)):\(two(time.minute)):\(two(time.second))"
            case 82: text += "\(two(time.hour)):\(two(time.minute))"
            case 90: text += String(decoding: time.zone, as: UTF8.self)
            case 122:
                let minutes = abs(time.offset) / 60
                text += (time.offset < 0 ? "-" : "+") + two(minutes / 60) + two(minutes % 60)
            case 115: text += "\(Clock.realTime / 1_000_000_000)"
            case 117: text += "\(time.weekday == 0 ? 7 : time.weekday)"
            case 119: text += "\(time.weekday)"
            case 110: text += "\n"
            case 116: text += " "
            case 37: text += "%"
            default: text += "%" + String(decoding: [format[index + 1]], as: UTF8.self)
            }
            index += 2
        }
        return Array(text.utf8)
    }
}
