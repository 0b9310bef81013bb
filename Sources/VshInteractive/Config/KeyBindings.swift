// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// Keys that the user gave another meaning: that of another key, a text to be typed, or a command to be run.
public final class KeyBindings {
    enum Meaning {
        case key(Key)
        case text([UInt8])
        /// Run with the line in READLINE_LINE, and the line taken from there.
        case command([UInt8])
    }

    private var entries: [(key: Key, name: [UInt8], meaning: Meaning, text: [UInt8])] = []

    public init() {}

    /// What a key was bound to.
    func meaning(of key: Key) -> Meaning? {
        entries.isEmpty ? nil : entries.first { $0.key == key }?.meaning
    }

    /// Commands that would make the bindings.
    var commands: [[UInt8]] {
        entries.map { entry in
            switch entry.meaning {
            case .key: Array("bind ".utf8) + entry.name + [32] + entry.text
            case .text: Array("bind -s ".utf8) + entry.name + [32] + KeyBindings.quoted(entry.text)
            case .command: Array("bind -x ".utf8) + entry.name + [32] + KeyBindings.quoted(entry.text)
            }
        }
    }

    private static func quoted(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [36, 39]
        for byte in text {
            switch byte {
            case 10: result += [92, 110]
            case 9: result += [92, 116]
            case 39, 92: result += [92, byte]
            default: result.append(byte)
            }
        }
        return result + [39]
    }

    /// The key that a name such as `Ctrl-N`, `^N`, `Alt-x`, `F5` or `Shift-Tab` means; nil when it is none.
    static func key(named name: [UInt8]) -> Key? {
        var rest = name[...]
        var modifiers = Key.Modifiers()
        func drop(_ prefix: String) -> Bool {
            guard rest.count > prefix.utf8.count,
                rest.prefix(prefix.utf8.count).map({ $0 | 32 }).elementsEqual(prefix.utf8.map { $0 | 32 })
            else { return false }
            rest = rest.dropFirst(prefix.utf8.count)
            return true
        }
        while true {
            if drop("Ctrl-") || drop("C-") {
                modifiers.insert(.control)
            } else if drop("Alt-") || drop("M-") {
                modifiers.insert(.alt)
            } else if drop("Shift-") || drop("S-") {
                modifiers.insert(.shift)
            } else {
                break
            }
        }
        if rest.count == 2, rest.first == 94 {
            modifiers.insert(.control)
            rest = rest.dropFirst()
        }
        if rest.count == 1, let byte = rest.first, byte > 32, byte < 127 {
            if modifiers == .control {
                let code = byte & 31
                return byte >= 64 && code > 0 ? .control(code) : nil
            }
            if modifiers == .alt { return .alt(UInt32(byte)) }
            return modifiers.isEmpty ? .text(UInt32(byte)) : nil
        }
        guard let special = special(String(decoding: rest.map { $0 | 32 }, as: UTF8.self)) else { return nil }
        return .special(special, modifiers)
    }

    private static func special(_ name: String) -> Key.Special? {
        switch name {
        case "up": .up
        case "down": .down
        case "left": .left
        case "right": .right
        case "home": .home
        case "end": .end
        case "insert": .insert
        case "delete": .delete
        case "pageup": .pageUp
        case "pagedown": .pageDown
        case "escape", "esc": .escape
        case "enter", "return": .enter
        case "tab": .tab
        case "backspace": .backspace
        case "f1": .f1
        case "f2": .f2
        case "f3": .f3
        case "f4": .f4
        case "f5": .f5
        case "f6": .f6
        case "f7": .f7
        case "f8": .f8
        case "f9": .f9
        case "f10": .f10
        case "f11": .f11
        case "f12": .f12
        default: nil
        }
    }

    /// Defines the builtin `bind`.
    public func register(_ shell: Shell) {
        shell.register(
            "bind", .extension_, synopsis: "[key key | -s key text | -x key command | -r key]",
            summary: "Give a key the meaning of another, a text to type, or a command to run."
        ) { (shell: Shell, arguments: Arguments) throws(ShellError) -> Flow in
            self.run(shell, arguments)
            return .normal
        }
    }

    private func run(_ shell: Shell, _ arguments: Arguments) {
        shell.status = 0
        var words: [[UInt8]] = []
        for index in 1..<max(arguments.count, 1) { words.append(shell.argument(arguments, index).bytes) }
        if words.isEmpty {
            for command in commands {
                shell.output.append(command)
                shell.output.append(10)
            }
            return
        }
        if words == [Array("--help".utf8)] {
            shell.writeBuiltinHelp(Text("bind"))
            return
        }
        let option = words[0].count == 2 && words[0][0] == 45 ? words.removeFirst()[1] : 0
        guard words.count == (option == 114 ? 1 : 2), [0, 114, 115, 120].contains(option) else {
            shell.report(arguments, Text(), "needs a key and a key, -s key text, -x key command, or -r key")
            shell.status = 2
            return
        }
        guard let key = Self.key(named: words[0]) else { return unknown(shell, arguments, words[0]) }
        var meaning: Meaning?
        if option == 115 {
            meaning = .text(words[1])
        } else if option == 120 {
            meaning = .command(words[1])
        } else if option == 0 {
            guard let other = Self.key(named: words[1]) else { return unknown(shell, arguments, words[1]) }
            meaning = .key(other)
        }
        entries.removeAll { $0.key == key }
        if let meaning { entries.append((key, words[0], meaning, words[1])) }
    }

    private func unknown(_ shell: Shell, _ arguments: Arguments, _ name: [UInt8]) {
        shell.report(arguments, Text(name), "no such key; names are Ctrl-N, Alt-x, F5, Up, Shift-Tab and the like")
        shell.status = 1
    }
}

extension LineEditor {
    /// Types a text; a newline at its end enters the line.
    func type(_ text: [UInt8]) -> Engine.Outcome {
        insert(text.last == 10 ? Array(text.dropLast()) : text)
        return text.last == 10 ? enter() : .changed
    }

    /// Runs a command that a key was bound to. It finds the line in READLINE_LINE and the cursor in READLINE_POINT, in characters, and may set
    /// both, as for bash's `bind -x`.
    func run(bound command: [UInt8]) {
        let names = [shell.symbols.intern("READLINE_LINE"), shell.symbols.intern("READLINE_POINT")]
        shell.syncTables()
        let saved = shell.status
        do throws(ShellError) {
            try shell.assign(names[0], Text(text))
            try shell.assign(names[1], integer: text[..<cursor].count { $0 & 0xC0 != 0x80 })
        } catch {}
        suspendScreen {
            do throws(ShellError) {
                if try shell.runString(Text(command), origin: .eval, name: shell.name) == .exited { shell.exitShell() }
            } catch {}
        }
        shell.status = saved
        let line = shell.value(names[0]).bytes
        let characters = Int(String(decoding: shell.value(names[1]).bytes, as: UTF8.self)) ?? line.count
        var place = 0
        for _ in 0..<min(max(characters, 0), line.count) where place < line.count {
            place += 1
            while place < line.count, line[place] & 0xC0 == 0x80 { place += 1 }
        }
        text = line
        cursor = place
        directories.visit(shell.workingDirectory.bytes)
        refreshPrompt()
    }
}
