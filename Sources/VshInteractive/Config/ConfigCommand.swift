// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshBuiltins
import VshRuntime
import VshSystem

/// `config`: what is set, as commands that would set it, each with where it comes from.
final class ConfigCommand {
    private let shell: Shell
    private let abbreviations: () -> [(name: [UInt8], text: [UInt8])]
    private let bindings: () -> [[UInt8]]
    /// Values when the start-up files had been read.
    private var started: [String: [UInt8]] = [:]

    init(
        _ shell: Shell, abbreviations: @escaping () -> [(name: [UInt8], text: [UInt8])],
        bindings: @escaping () -> [[UInt8]]
    ) {
        self.shell = shell
        self.bindings = bindings
        self.abbreviations = abbreviations
    }

    static func register(_ shell: Shell, _ function: @escaping BuiltinFunction) {
        shell.register(
            "config", .extension_, synopsis: "[--json]", summary: "Show the settings, and where each comes from.",
            function: function)
    }

    private static var variables: [StaticString] {
        [
            "PS1", "PS2", "PS4", "VSH_RPROMPT", "PROMPT_COMMAND", "PROMPT_DIRTRIM", "VSH_THEME", "VSH_COLORS",
            "NO_COLOR",
            "VSH_NO_OSC",
            "VSH_HINTS", "HISTSIZE", "HISTFILE", "VSH_HISTORY_SECRETS", "VSH_NORECORD", "VSH_SANDBOX", "EDITOR",
            "VISUAL",
            "FCEDIT", "PAGER", "ENV", "CDPATH", "TERM", "COLORTERM", "LANG", "LC_ALL", "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
        ]
    }

    /// A setting: the command that would make it, and what a start-up file that makes it holds.
    private struct Setting {
        var key: String
        var command: [UInt8]
        /// Texts of a line that sets it.
        var marks: [[UInt8]]
        var value: [UInt8]
        var environment: [UInt8]?
        var isDefault: Bool
    }

    private func settings() -> [Setting] {
        var list: [Setting] = []
        for name in Self.variables {
            guard let symbol = shell.symbols.find(Text(name)), shell.isSet(symbol) else { continue }
            let value = shell.value(symbol).bytes
            let bytes = SystemNames.bytes(name)
            let isDefault =
                name.description == "PS1" && shell.value(symbol).equals(PromptRenderer.standard)
                || name.description == "PS1" && (value == [36, 32] || value == [35, 32])
                || name.description == "PS2" && value == Array("> ".utf8)
                || name.description == "PS4" && value == Array("+ ".utf8)
            list.append(
                Setting(
                    key: "variable \(name)", command: bytes + [61] + quoted(value), marks: [bytes + [61]], value: value,
                    environment: initial(bytes), isDefault: isDefault))
        }
        for row in ShellOptions.rows {
            guard let name = row.name else { continue }
            let isOn = shell.options.contains(row.option)
            let bytes = SystemNames.bytes(name)
            let standard: [String] = ["hashall", "monitor", "record"]
            list.append(
                Setting(
                    key: "option \(name)", command: Array("set \(isOn ? "-" : "+")o ".utf8) + bytes,
                    marks: [Array("set -o ".utf8) + bytes, Array("set +o ".utf8) + bytes], value: [isOn ? 1 : 0],
                    environment: nil, isDefault: isOn == standard.contains(name.description)))
        }
        for symbol in shell.aliases.keys.sorted() {
            let name = shell.symbols.name(symbol).bytes
            let text = shell.aliases[symbol]?.bytes ?? []
            let start = Array("alias ".utf8) + name + [61]
            list.append(
                Setting(
                    key: "alias \(symbol)", command: start + quoted(text), marks: [start], value: text,
                    environment: nil,
                    isDefault: false))
        }
        for (name, text) in abbreviations() {
            let start = Array("abbr ".utf8) + name + [32]
            list.append(
                Setting(
                    key: "abbr \(String(decoding: name, as: UTF8.self))", command: start + quoted(text), marks: [start],
                    value: text, environment: nil, isDefault: false))
        }
        for command in bindings() {
            let marks = command.split(separator: 32).prefix(command.starts(with: Array("bind -s".utf8)) ? 3 : 2)
            list.append(
                Setting(
                    key: String(decoding: command, as: UTF8.self), command: command,
                    marks: [Array(marks.joined(separator: [32]))], value: [], environment: nil, isDefault: false))
        }
        return list
    }

    /// To be called when the start-up files have been read: what differs later was set by hand.
    func noteStarted() {
        for setting in settings() { started[setting.key] = setting.value }
    }

    /// The value that the process was started with.
    private func initial(_ name: [UInt8]) -> [UInt8]? {
        guard var next = System.environment else { return nil }
        while let entry = next.pointee {
            let bytes = UnsafeRawPointer(entry).assumingMemoryBound(to: UInt8.self)
            var index = 0
            while index < name.count, bytes[index] == name[index] { index += 1 }
            if index == name.count, bytes[index] == 61 {
                var end = index + 1
                while bytes[end] != 0 { end += 1 }
                return Array(UnsafeBufferPointer(start: bytes + index + 1, count: end - index - 1))
            }
            next += 1
        }
        return nil
    }

    private func quoted(_ text: [UInt8]) -> [UInt8] {
        if !text.isEmpty,
            text.allSatisfy({ $0 == 95 || $0 >= 43 && $0 <= 58 && $0 != 44 || $0 | 32 >= 97 && $0 | 32 <= 122 })
        {
            return text
        }
        return shell.quoted(Text(text)).bytes
    }

    // MARK: where from

    private struct File {
        var path: [UInt8]
        var lines: [ArraySlice<UInt8>]
    }

    /// Start-up files that this shell read, the one read last first.
    private func files() -> [File] {
        var paths: [[UInt8]] = []
        if let path = StartupFiles.configuration(shell) { paths.append(path) }
        let env = (try? shell.expandPrompt(shell.value(.env)))?.bytes ?? []
        if !env.isEmpty { paths.append(env) }
        if shell.options.contains(.login) {
            paths.append(shell.value(.home).bytes + Array("/.profile".utf8))
            paths.append(Array("/etc/profile".utf8))
        }
        return paths.compactMap { path in
            guard let text = SystemNames.contents(path) else { return nil }
            return File(path: path, lines: text.split(separator: 10, omittingEmptySubsequences: false))
        }
    }

    private func origin(_ setting: Setting, _ files: [File]) -> [UInt8] {
        let isAsStarted = started[setting.key] == setting.value
        if !isAsStarted, started[setting.key] != nil || !setting.isDefault { return Array("this session".utf8) }
        if let value = setting.environment, value == setting.value { return Array("environment".utf8) }
        for file in files {
            for (number, line) in file.lines.enumerated().reversed() {
                let text = line.drop { $0 == 32 || $0 == 9 }
                if text.first == 35 { continue }
                for mark in setting.marks where contains(text, mark) {
                    return abbreviated(file.path) + Array(":\(number + 1)".utf8)
                }
            }
        }
        return Array((setting.isDefault ? "default" : "start-up").utf8)
    }

    private func contains(_ text: ArraySlice<UInt8>, _ part: [UInt8]) -> Bool {
        if text.count < part.count { return false }
        for start in text.startIndex...(text.endIndex - part.count) where text[start...].starts(with: part) {
            if start == text.startIndex { return true }
            let before = text[start - 1]
            if before == 32 || before == 9 || before == 59 { return true }
        }
        return false
    }

    private func abbreviated(_ path: [UInt8]) -> [UInt8] {
        let home = shell.value(.home).bytes
        return home.count > 1 && path.starts(with: home + [47]) ? [126] + path.dropFirst(home.count) : path
    }

    // MARK: writing

    func run(_ arguments: Arguments) {
        shell.status = 0
        var isJSON = false
        for index in 1..<max(arguments.count, 1) {
            let word = shell.argument(arguments, index)
            if word.equals("--json") {
                isJSON = true
            } else if word.equals("--help") {
                shell.writeBuiltinHelp(Text("config"))
                return
            } else {
                shell.report(arguments, word, "unknown argument")
                shell.status = 2
                return
            }
        }
        let files = files()
        let rows = settings().map { ($0.command, origin($0, files), $0.isDefault) }
        if isJSON { return writeJSON(rows) }
        var section: UInt8 = 0
        for (command, origin, _) in rows {
            // Variables, options, aliases and abbreviations are set apart.
            let kind: UInt8 =
                command.starts(with: Array("set ".utf8))
                ? 1 : command.starts(with: Array("a".utf8)) || command.starts(with: Array("bind ".utf8)) ? 2 : 0
            if kind != section { shell.output.append(10) }
            section = kind
            shell.output.append(command)
            for _ in 0..<max(2, 44 - command.count) { shell.output.append(32) }
            shell.output.append("# ")
            shell.output.append(origin)
            shell.output.append(10)
        }
        shell.output.append(10)
        for file in files.reversed() {
            shell.output.append("# read: ")
            shell.output.append(abbreviated(file.path))
            shell.output.append(10)
        }
        if let state = shell.files.stateDirectory {
            shell.output.append("# state: ")
            shell.output.append(abbreviated(state.path))
            shell.output.append(10)
        }
    }

    private func writeJSON(_ rows: [([UInt8], [UInt8], Bool)]) {
        shell.output.append("[")
        for (index, row) in rows.enumerated() {
            shell.output.append(index == 0 ? "\n" : ",\n")
            shell.output.append("{\"setting\":")
            writeJSON(row.0)
            shell.output.append(",\"origin\":")
            writeJSON(row.1)
            shell.output.append("}")
        }
        shell.output.append("\n]\n")
    }

    private func writeJSON(_ text: [UInt8]) {
        shell.output.append(34)
        let hex = Array("0123456789abcdef".utf8)
        for byte in Array(String(decoding: text, as: UTF8.self).utf8) {
            switch byte {
            case 34, 92:
                shell.output.append(92)
                shell.output.append(byte)
            case 0..<32:
                shell.output.append("\\u00")
                shell.output.append(hex[Int(byte >> 4)])
                shell.output.append(hex[Int(byte & 15)])
            default: shell.output.append(byte)
            }
        }
        shell.output.append(34)
    }
}
