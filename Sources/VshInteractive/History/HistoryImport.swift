// SPDX-License-Identifier: MPL-2.0

/// Reads the history files of bash, zsh and fish.
enum HistoryImport {
    struct Line {
        var command: [UInt8]
        /// Nanoseconds since 1970; 0: unknown.
        var start: Int64 = 0
        /// Nanoseconds; -1: unknown.
        var duration: Int64 = -1
    }

    enum Format { case bash, zsh, fish }

    /// What the first lines look like.
    static func format(_ bytes: [UInt8]) -> Format {
        for line in bytes.prefix(1 << 16).split(separator: 10).prefix(50) {
            if line.starts(with: Array("- cmd: ".utf8)) { return .fish }
            if zshHeader(Array(line)) != nil { return .zsh }
        }
        return .bash
    }

    static func read(_ bytes: [UInt8]) -> [Line] {
        switch format(bytes) {
        case .bash: readBash(bytes)
        case .zsh: readZsh(bytes)
        case .fish: readFish(bytes)
        }
    }

    /// Lines, each with `#seconds` before it when HISTTIMEFORMAT was set; then lines up to the next time are one command.
    private static func readBash(_ bytes: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var time: Int64 = 0
        var continues = false
        for slice in bytes.split(separator: 10) {
            if slice.first == 35, slice.count > 5, let seconds = number(slice.dropFirst()) {
                time = seconds
                continues = false
                continue
            }
            if continues, time != 0, !lines.isEmpty {
                lines[lines.count - 1].command += [10] + Array(slice)
                continue
            }
            lines.append(Line(command: Array(slice), start: time &* 1_000_000_000))
            continues = true
        }
        return lines
    }

    /// `: seconds:duration;command`, or the command alone; a newline inside is behind a backslash. Bytes from 0x83 on are
    /// written as 0x83 and the byte with bit 5 changed.
    private static func readZsh(_ raw: [UInt8]) -> [Line] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            if raw[index] == 0x83, index + 1 < raw.count {
                bytes.append(raw[index + 1] ^ 32)
                index += 2
            } else {
                bytes.append(raw[index])
                index += 1
            }
        }
        var lines: [Line] = []
        var line: [UInt8] = []
        func finish() {
            if line.isEmpty { return }
            if let header = zshHeader(line) {
                let command = Array(line[header.length...])
                if !command.isEmpty {
                    lines.append(
                        Line(
                            command: command, start: header.start &* 1_000_000_000,
                            duration: header.duration &* 1_000_000_000))
                }
            } else {
                lines.append(Line(command: line))
            }
            line = []
        }
        for byte in bytes {
            if byte != 10 {
                line.append(byte)
            } else if line.last == 92 {
                line[line.count - 1] = 10
            } else {
                finish()
            }
        }
        finish()
        return lines
    }

    private static func zshHeader(_ line: [UInt8]) -> (start: Int64, duration: Int64, length: Int)? {
        guard line.starts(with: [58, 32]), let semicolon = line.firstIndex(of: 59),
            let colon = line[2..<semicolon].firstIndex(of: 58), let start = number(line[2..<colon]),
            let duration = number(line[(colon + 1)..<semicolon])
        else { return nil }
        return (start, duration, semicolon + 1)
    }

    /// `- cmd: text` with `\n` and `\\`, then `  when: seconds`.
    private static func readFish(_ bytes: [UInt8]) -> [Line] {
        var lines: [Line] = []
        let (cmd, when) = (Array("- cmd: ".utf8), Array("  when: ".utf8))
        for slice in bytes.split(separator: 10) {
            if slice.starts(with: cmd) {
                lines.append(Line(command: unescaped(slice.dropFirst(cmd.count))))
            } else if slice.starts(with: when), !lines.isEmpty, let seconds = number(slice.dropFirst(when.count)) {
                lines[lines.count - 1].start = seconds &* 1_000_000_000
            }
        }
        return lines.filter { !$0.command.isEmpty }
    }

    private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var isEscaped = false
        for byte in text {
            if isEscaped {
                result.append(byte == 110 ? 10 : byte)
                isEscaped = false
            } else if byte == 92 {
                isEscaped = true
            } else {
                result.append(byte)
            }
        }
        return result
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        if digits.isEmpty || digits.count > 12 { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard digit >= 48, digit <= 57 else { return nil }
            value = value * 10 + Int64(digit - 48)
        }
        return value
    }
}
