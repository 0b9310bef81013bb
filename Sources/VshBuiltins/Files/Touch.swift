// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// The row of `touch`.
func registerTouch(_ shell: Shell) {
    shell.registerFile(
        "touch", synopsis: "[-acmh] [-r file | -t time | -d time] file...",
        summary: "Set file times; make missing files.",
        touch)
}

private func touch(_ command: FileCommand) -> FileCommand.Outcome {
    let options = FileOptions(
        command.words, letters: "acmhfr:t:d:",
        long: [
            .init("no-create", 99), .init("no-dereference", 104), .init("reference", 114, argument: 1),
            .init("date", 100, argument: 1), .init("time", 256, argument: 1),
        ], isPOSIX: command.isPOSIX)
    if options.isUnknown { return .external }
    var setsAccess = false
    var setsModification = false
    var creates = true
    var follows = true
    var access = FileSystem.Time.now
    var modification = FileSystem.Time.now
    var sources = 0
    for (code, value) in options.given {
        switch code {
        case 97: setsAccess = true
        case 109: setsModification = true
        case 99: creates = false
        case 104: follows = false
        case 102: break
        case 256:
            guard let value else { return .external }
            if value.equals("access") || value.equals("atime") || value.equals("use") {
                setsAccess = true
            } else if value.equals("modify") || value.equals("mtime") {
                setsModification = true
            } else {
                return .external
            }
        case 114:
            sources += 1
            let path = value ?? Text()
            guard let info = try? FileStatus(path, follow: follows) else { return .external }
            access = .at(seconds: info.accessTime.seconds, nanoseconds: Int64(info.accessTime.nanoseconds))
            modification = .at(
                seconds: info.modificationTime.seconds, nanoseconds: Int64(info.modificationTime.nanoseconds))
        default:
            sources += 1
            let text = value ?? Text()
            let time = code == 116 ? TouchTime.stamp(text) : TouchTime.date(text)
            // Relative dates, zones by name and errors are left to the external program.
            guard let time else { return .external }
            access = .at(seconds: time.seconds, nanoseconds: time.nanoseconds)
            modification = access
        }
    }
    if sources > 1 { return .external }
    if options.operands.isEmpty {
        command.reportUsage("missing file operand")
        return .done
    }
    if setsAccess != setsModification {
        if setsAccess { modification = .omit } else { access = .omit }
    }
    for path in options.operands {
        if path.equals("-") { return .external }
    }
    for path in options.operands { set(command, path, access, modification, creates: creates, follows: follows) }
    return .done
}

private func set(
    _ command: FileCommand, _ path: Text, _ access: FileSystem.Time, _ modification: FileSystem.Time, creates: Bool,
    follows: Bool
) {
    var openError: Int32 = 0
    if creates && follows && (try? FileStatus(path)) == nil {
        let flags = OpenFlags([.writeOnly, .create, .nonBlocking, .noControllingTerminal, .closeOnExec])
        let result = command.files.open(path, flags: flags.rawValue)
        if result >= 0 {
            try? System.close(result)
            if case .now = access, case .now = modification { return }
        } else {
            openError = -result
        }
    }
    do throws(FileOpError) {
        try command.files.setTimes(path, access: access, modification: modification, follow: follows)
    } catch {
        if !creates && error.code == Errno.noEntry.rawValue { return }
        openError = telling(openError, path, opens: creates && follows)
        if openError != 0 {
            command.report("cannot touch \(path)", openError)
        } else {
            command.report("setting times of \(path)", error.code)
        }
    }
}

/// What opening the file for writing would say that is worth telling: not that it is a directory or may not be written at all.
private func telling(_ openError: Int32, _ path: Text, opens: Bool) -> Int32 {
    var code = openError
    if code == 0 && opens {
        do throws(Errno) {
            try System.close(try System.open(path, [.writeOnly, .nonBlocking, .noControllingTerminal, .closeOnExec]))
        } catch {
            code = error.rawValue
        }
    }
    if path.count > 1 && path[path.count - 1] == 47 && code == Errno.notDirectory.rawValue,
        (try? FileStatus(path.slice(0..<path.count - 1), follow: false)) != nil
    {
        return 0
    }
    let isUsual =
        code == Errno.isDirectory.rawValue || code == Errno.invalid.rawValue || code == Errno.permission.rawValue
    return isUsual ? 0 : code
}

/// Dates as touch reads them.
private enum TouchTime {
    /// `[[CC]YY]MMDDhhmm[.SS]` (XCU touch -t), local time.
    static func stamp(_ text: Text) -> (seconds: Int64, nanoseconds: Int64)? {
        var digits = text.bytes
        var second = 0
        if let dot = digits.firstIndex(of: 46) {
            guard let value = number(digits[(dot + 1)...], 2...2), value <= 60 else { return nil }
            second = value
            digits = Array(digits[..<dot])
        }
        guard digits.count == 8 || digits.count == 10 || digits.count == 12,
            digits.allSatisfy({ $0 >= 48 && $0 <= 57 })
        else { return nil }
        func two(_ place: Int) -> Int { Int(digits[place] - 48) * 10 + Int(digits[place + 1] - 48) }
        let start = digits.count - 8
        var year: Int
        switch digits.count {
        case 12: year = two(0) * 100 + two(2)
        case 10: year = two(0) + (two(0) < 69 ? 2000 : 1900)
        default:
            guard let now = try? Clock.local(Clock.realTime / 1_000_000_000) else { return nil }
            year = now.year
        }
        let (month, day, hour, minute) = (two(start), two(start + 2), two(start + 4), two(start + 6))
        guard isValid(year, month, day), hour < 24, minute < 60,
            let seconds = try? Clock.seconds(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        return (seconds, 0)
    }

    /// `@seconds`, `YYYY-MM-DD`, `YYYY-MM-DD[T ]hh:mm[:ss[.fraction]][Z]`, `now`.
    static func date(_ text: Text) -> (seconds: Int64, nanoseconds: Int64)? {
        var bytes = text.bytes
        if text.equals("now") || text.equals("") {
            let now = Clock.realTime
            return (now / 1_000_000_000, now % 1_000_000_000)
        }
        if bytes.first == 64 {
            bytes.removeFirst()
            let parts = bytes.split(separator: 46, maxSplits: 1, omittingEmptySubsequences: false)
            guard let seconds = Text(parts[0]).decimalInteger else { return nil }
            var nanoseconds: Int64 = 0
            if parts.count == 2 {
                guard seconds >= 0, let value = fraction(parts[1]) else { return nil }
                nanoseconds = value
            }
            return (Int64(seconds), nanoseconds)
        }
        guard bytes.count >= 10, bytes[4] == 45, bytes[7] == 45, let year = number(bytes[0..<4], 4...4),
            let month = number(bytes[5..<7], 2...2), let day = number(bytes[8..<10], 2...2), isValid(year, month, day)
        else { return nil }
        var (hour, minute, second) = (0, 0, 0)
        var nanoseconds: Int64 = 0
        var isUTC = false
        if bytes.count > 10 {
            guard bytes[10] == 32 || bytes[10] == 84 else { return nil }
            var time = Array(bytes[11...])
            if time.last == 90 {
                isUTC = true
                time.removeLast()
            }
            let parts = time.split(separator: 58, omittingEmptySubsequences: false)
            guard parts.count == 2 || parts.count == 3, let h = number(parts[0], 2...2),
                let m = number(parts[1], 2...2), h < 24,
                m < 60
            else { return nil }
            (hour, minute) = (h, m)
            if parts.count == 3 {
                let pieces = parts[2].split(separator: 46, maxSplits: 1, omittingEmptySubsequences: false)
                guard let s = number(pieces[0], 2...2), s <= 60 else { return nil }
                second = s
                if pieces.count == 2 {
                    guard let value = fraction(pieces[1]) else { return nil }
                    nanoseconds = value
                }
            }
        }
        guard
            let seconds = try? Clock.seconds(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second, isUTC: isUTC)
        else { return nil }
        return (seconds, nanoseconds)
    }

    private static func isValid(_ year: Int, _ month: Int, _ day: Int) -> Bool {
        guard month >= 1, month <= 12, day >= 1 else { return false }
        let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
        return day <= [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    private static func number(_ digits: ArraySlice<UInt8>, _ length: ClosedRange<Int>) -> Int? {
        guard length.contains(digits.count), digits.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    /// Nanoseconds of the digits after a decimal point.
    private static func fraction(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard !digits.isEmpty, digits.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        var value: Int64 = 0
        var count = 0
        for digit in digits.prefix(9) {
            value = value * 10 + Int64(digit - 48)
            count += 1
        }
        while count < 9 {
            value *= 10
            count += 1
        }
        return value
    }
}
