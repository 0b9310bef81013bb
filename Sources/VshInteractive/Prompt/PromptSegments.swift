// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshStore
import VshSystem

/// What `\{name}` in a prompt stands for. Each segment that has something to say ends in a space.
struct PromptSegments {
    private let renderer: PromptRenderer
    private var shell: Shell { renderer.shell }

    init(_ renderer: PromptRenderer) { self.renderer = renderer }

    static var names: [StaticString] {
        ["user", "directory", "git", "transaction", "sandbox", "status", "duration", "jobs"]
    }

    func segment(_ name: String) -> [UInt8] {
        switch name {
        case "user": user
        case "directory": styled("directory", "1;34", directory(trimmed: false))
        case "git": GitState.of(shell.workingDirectory.bytes).map { styled("git", "35", $0.text) } ?? []
        case "transaction": transaction
        case "sandbox": sandbox
        case "status": renderer.status == 0 ? [] : styled("status", "31", Array("[\(renderer.status)]".utf8))
        case "duration":
            renderer.duration < 2_000_000_000
                ? [] : styled("duration", "33", Array(DurationText.short(renderer.duration).utf8))
        case "jobs":
            shell.jobs.jobs.isEmpty ? [] : styled("jobs", "36", Array("&\(shell.jobs.jobs.count)".utf8))
        default: Array("\\{\(name)}".utf8)
        }
    }

    /// The text in the colour that `VSH_COLORS` (`name=sgr:name=sgr…`) or the default gives it, and a space.
    private func styled(_ name: String, _ standard: String, _ text: [UInt8]) -> [UInt8] {
        if !usesColour { return text + [32] }
        let code =
            PromptSegments.colour(name, renderer.variable("VSH_COLORS") ?? [])
            ?? Array((Theme.isLight(shell) ? PromptSegments.light(standard) : standard).utf8)
        if code.isEmpty { return text + [32] }
        return [27, 91] + code + [109] + text + [27, 91, 48, 109, 32]
    }

    /// What is read on white in place of green, yellow and cyan.
    private static func light(_ code: String) -> String {
        switch code {
        case "32": "38;5;28"
        case "33": "38;5;130"
        case "36": "38;5;30"
        case "1;33": "1;38;5;130"
        case "1;36": "1;38;5;30"
        default: code
        }
    }

    /// The SGR parameters for a name; nil when the list does not say, empty for none.
    static func colour(_ name: String, _ list: [UInt8]) -> [UInt8]? {
        let wanted = Array("\(name)=".utf8)
        for entry in list.split(separator: 58) where entry.starts(with: wanted) {
            let code = entry.dropFirst(wanted.count)
            return code.allSatisfy { $0 >= 48 && $0 <= 57 || $0 == 59 } ? Array(code) : nil
        }
        return nil
    }

    private var usesColour: Bool {
        renderer.variable("NO_COLOR") == nil && !shell.value(.term).equals("dumb") && !shell.value(.term).isEmpty
    }

    // MARK: who and where

    var userName: [UInt8] {
        if let name = renderer.variable("USER") ?? renderer.variable("LOGNAME") { return name }
        return UserDatabase.user(id: System.effectiveUserID)?.name ?? Array("\(System.effectiveUserID)".utf8)
    }

    static var hostName: [UInt8] { (try? System.systemName())?.node ?? [] }

    static var terminalName: [UInt8] {
        guard let path = try? System.readLink("/proc/self/fd/0" as StaticString) else { return Array("tty".utf8) }
        return Array(path[((path.lastIndex(of: 47).map { $0 + 1 }) ?? 0)...])
    }

    /// `user@host` of a shell on another machine; `root` here.
    private var user: [UInt8] {
        let isRemote = renderer.variable("SSH_CONNECTION") != nil || renderer.variable("SSH_TTY") != nil
        if isRemote {
            return styled("user", "32", userName + [64] + PromptSegments.hostName.prefix { $0 != 46 })
        }
        return System.effectiveUserID == 0 ? styled("user", "1;31", Array("root".utf8)) : []
    }

    /// The working directory, `~` for the home directory; with `PROMPT_DIRTRIM` only its last names (`trimmed`).
    func directory(trimmed: Bool) -> [UInt8] {
        let here = shell.workingDirectory.bytes
        if here.isEmpty { return Array("?".utf8) }
        var path = here
        let home = shell.value(.home).bytes
        if home.count > 1, here.starts(with: home), here.count == home.count || here[home.count] == 47 {
            path = [126] + here.dropFirst(home.count)
        }
        path = PromptSegments.printable(path)
        if trimmed, let count = renderer.variable("PROMPT_DIRTRIM").flatMap({ Text($0).decimalInteger }), count > 0 {
            let parts = path.split(separator: 47)
            if parts.count > count + 1 {
                let head: [UInt8] = path.first == 126 ? Array("~/...".utf8) : Array("...".utf8)
                path = head
                for part in parts.suffix(count) { path += [47] + part }
            }
        }
        return path
    }

    var directoryName: [UInt8] {
        let path = directory(trimmed: false)
        if path == [126] || path == [47] { return path }
        return Array(path[((path.lastIndex(of: 47).map { $0 + 1 }) ?? 0)...])
    }

    /// Without control characters.
    static func printable(_ text: [UInt8]) -> [UInt8] { text.map { $0 < 32 || $0 == 127 ? 63 : $0 } }

    // MARK: badges

    private func badge(_ text: [UInt8]) -> [UInt8] {
        shell.isUTF8 ? Array("‹".utf8) + text + Array("›".utf8) : [60] + text + [62]
    }

    /// `‹txn:name +3›`: the innermost open transaction and how many operations it has.
    private var transaction: [UInt8] {
        guard let id = shell.files.transactions.last, let state = shell.files.stateDirectory else { return [] }
        var text = Array("txn".utf8)
        if let log = try? OperationLog(state) {
            _ = try? log.importJournals(state)
            if let name = (try? log.operation(id))??.command, !name.isEmpty {
                text += [58] + PromptSegments.printable(name)
            }
            let count = (try? log.effective(inside: id))?.count ?? 0
            text += Array(" +\(count)".utf8)
        }
        return styled("transaction", "1;33", badge(text))
    }

    /// `‹sandbox:root›`: where changes are confined to; `‹sandbox›` when nobody asked for it.
    private var sandbox: [UInt8] {
        guard let sandbox = shell.files.sandbox else { return [] }
        var text = Array((sandbox.level == .strict ? "strict" : "sandbox").utf8)
        if !sandbox.isDefault { text += [58] + PromptSegments.printable(sandbox.root) }
        return styled("sandbox", "1;36", badge(text))
    }
}
