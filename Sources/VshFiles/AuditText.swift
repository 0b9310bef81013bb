// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

/// How rows of the audit log are shown.
struct AuditText {
    private let text = UndoText()
    private var names: [Int64: [UInt8]] = [:]

    init() { for user in UserDatabase.localUsers() { names[Int64(user.id)] = names[Int64(user.id)] ?? user.name } }

    /// The name of a user, or the number.
    func name(_ user: Int64) -> [UInt8] { names[user] ?? Array("\(user)".utf8) }

    /// The number of a user given by name or number.
    func number(_ user: [UInt8]) -> Int64? {
        if let number = Int64(String(decoding: user, as: UTF8.self)) { return number }
        return names.first { $0.value == user }?.key
    }

    /// `2026-11-21 10:00:05`, local time.
    static func time(_ nanoseconds: Int64) -> String {
        guard let local = try? Clock.local(nanoseconds / 1_000_000_000, rereadsZone: false) else { return "" }
        return
            "\(two(local.year))-\(two(local.month))-\(two(local.day)) \(two(local.hour)):\(two(local.minute)):\(two(local.second))"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// `2026-11-21T10:00:05.000000123Z`
    static func timestamp(_ nanoseconds: Int64) -> String {
        let seconds = nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : -((999_999_999 - nanoseconds) / 1_000_000_000)
        let days = seconds >= 0 ? seconds / 86400 : -((86399 - seconds) / 86400)
        let rest = Int(seconds - days * 86400)
        // Days since 0000-03-01, in eras of 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let day = shifted - era * 146_097
        let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365
        let ofYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let date = Int(ofYear - (153 * month + 2) / 5 + 1)
        let civil = Int(month < 10 ? month + 3 : month - 9)
        let fraction = String(nanoseconds - seconds * 1_000_000_000)
        let zeros = String(repeating: "0", count: 9 - fraction.utf8.count)
        return "\(Int(year + era * 400) + (civil <= 2 ? 1 : 0))-\(two(civil))-\(two(date))T"
            + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)).\(zeros)\(fraction)Z"
    }

    /// A moment as an option gives it: `2026-11-21`, `2026-11-21T10:00:05`, or a while ago: `30m`, `2h`, `7d`.
    static func moment(_ word: [UInt8], now: Int64) -> Int64? {
        let units: [UInt8: Int64] = [115: 1, 109: 60, 104: 3600, 100: 86400, 119: 604_800]
        if let last = word.last, let unit = units[last],
            let count = Int64(String(decoding: word.dropLast(), as: UTF8.self)), count >= 0, count < 1 << 30
        {
            return now - count * unit * 1_000_000_000
        }
        let numbers = word.split(whereSeparator: { $0 < 48 || $0 > 57 }).map {
            Int(String(decoding: $0, as: UTF8.self)) ?? -1
        }
        guard numbers.count >= 3, numbers.count <= 6, !numbers.contains(-1), word.count >= 8, word.count <= 19,
            numbers[1] <= 12, numbers[2] <= 31
        else { return nil }
        func field(_ index: Int) -> Int { index < numbers.count ? numbers[index] : 0 }
        guard
            let seconds = try? Clock.seconds(
                year: numbers[0], month: numbers[1], day: numbers[2], hour: field(3), minute: field(4), second: field(5)
            )
        else { return nil }
        return seconds * 1_000_000_000
    }

    private func summary(_ entry: AuditEntry) -> [UInt8] {
        func joined(_ parts: [[UInt8]]) -> [UInt8] { Array(parts.filter { !$0.isEmpty }.joined(separator: [32])) }
        switch entry.row.type {
        case .start, .obliteration, .expiration: return text.printable(joined(entry.notes))
        case .refusal:
            return text.printable(entry.notes.first ?? []) + [32] + text.printable(entry.paths.first ?? [])
        default:
            let lines = entry.command.split(separator: 10, maxSplits: 1)
            return text.printable(Array(lines.first ?? [])) + (lines.count > 1 ? Array(" …".utf8) : [])
        }
    }

    /// One line.
    func line(_ entry: AuditEntry) -> [UInt8] {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.utf8.count))
        }
        let row = entry.row
        var line = padded("\(row.number)", 7) + Self.time(row.ended) + "  " + padded(row.type.name, 13)
        line += padded(row.type.isOperation ? "@\(row.subject)" : "", 8)
        line += padded(row.type.isOperation && row.changes > 0 ? text.count(Int(row.changes), "change") : "", 13)
        return Array(line.utf8) + name(row.user) + [32, 32] + summary(entry)
    }

    private static var outcomes: [String] { ["finished", "interrupted", "failed", "replaced"] }

    private static func outcome(_ row: AuditRow) -> String {
        row.outcome >= 0 && row.outcome < 4 ? outcomes[Int(row.outcome)] : "\(row.outcome)"
    }

    /// A line of JSON.
    func json(_ entry: AuditEntry) -> String {
        let row = entry.row
        var line = "{\"row\":\(row.number),\"type\":\"\(row.type.name)\",\"time\":\"\(Self.timestamp(row.ended))\""
        line += ",\"began\":\"\(Self.timestamp(row.began))\",\"user\":\(text.json(name(row.user))),\"uid\":\(row.user)"
        line += ",\"subject\":\(row.subject),\"session\":\(row.session),\"process\":\(row.process)"
        line += ",\"outcome\":\"\(Self.outcome(row))\",\"status\":\(row.status),\"changes\":\(row.changes)"
        line += ",\"missing\":\(row.missing),\"target\":\(row.target),\"transaction\":\(row.transaction)"
        line += "," + clear(entry)
        return line + ",\"hash\":\"\(hex(row.hash))\"}"
    }

    /// The clear text as members of a JSON object.
    func clear(_ entry: AuditEntry) -> String {
        var members = "\"directory\":\(text.json(entry.directory)),\"command\":\(text.json(entry.command))"
        members += ",\"paths\":[" + entry.paths.map { text.json($0) }.joined(separator: ",") + "]"
        members += ",\"notes\":[" + entry.notes.map { text.json($0) }.joined(separator: ",") + "]"
        return members
    }

    static var csvHeader: String {
        "row,type,time,began,user,subject,session,process,outcome,status,changes,missing,target,transaction,directory,command,paths,notes,hash"
    }

    /// A record as RFC 4180 has it. Lists have a newline between.
    func csv(_ entry: AuditEntry) -> [UInt8] {
        let row = entry.row
        func quoted(_ bytes: [UInt8]) -> [UInt8] {
            let special: [UInt8] = [34, 44, 10, 13]
            if !bytes.contains(where: { special.contains($0) }) { return bytes }
            var field: [UInt8] = [34]
            for byte in bytes {
                if byte == 34 { field.append(34) }
                field.append(byte)
            }
            return field + [34]
        }
        func lines(_ list: [[UInt8]]) -> [UInt8] { Array(list.map { text.printable($0) }.joined(separator: [10])) }
        var fields: [[UInt8]] = [
            "\(row.number)", row.type.name, Self.timestamp(row.ended), Self.timestamp(row.began),
        ].map { Array($0.utf8) }
        fields.append(name(row.user))
        for number in ["\(row.subject)", "\(row.session)", "\(row.process)", Self.outcome(row)] {
            fields.append(Array(number.utf8))
        }
        for number in [row.status, row.changes, row.missing] { fields.append(Array("\(number)".utf8)) }
        for number in [row.target, row.transaction] { fields.append(Array("\(number)".utf8)) }
        fields.append(text.printable(entry.directory))
        fields.append(text.printable(entry.command))
        fields.append(lines(entry.paths))
        fields.append(lines(entry.notes))
        fields.append(Array(hex(row.hash).utf8))
        return Array(fields.map(quoted).joined(separator: [44])) + [13, 10]
    }
}
