// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// Keys that the user gave another meaning: that of another key, a text to be typed, or a command to be run.
public final class KeyBindings {
    enum Meaning {
        case key(Key)
        case text([UInt8])
        /// Keys, as of readline's macros.
        case keys([Key])
        /// Run with the line in READLINE_LINE, and the line taken from there.
        case command([UInt8])
    }

    /// Of what `bind -m` names; nil: of both modes.
    enum Map { case emacs, vi }

    private var entries: [(keys: [Key], map: Map?, name: [UInt8], meaning: Meaning, text: [UInt8])] = []
    /// The mode in which keys are looked up.
    var map = Map.emacs

    public init() {}

    /// Whether a key begins a sequence of several that has a meaning.
    var hasSequences: Bool { entries.contains { $0.keys.count > 1 } }

    private func acts(_ other: Map?) -> Bool { other == nil || other == map }

    /// What keys were bound to; nil meaning: they begin a longer sequence. nil: nothing.
    func match(_ keys: [Key]) -> (meaning: Meaning?, Void)? {
        if let entry = entries.first(where: { $0.keys == keys && acts($0.map) }) { return (entry.meaning, ()) }
        return entries.contains { $0.keys.starts(with: keys) && acts($0.map) } ? (nil, ()) : nil
    }

    /// What a key was bound to.
    func meaning(of key: Key) -> Meaning? {
        entries.isEmpty ? nil : entries.first { $0.keys == [key] && acts($0.map) }?.meaning
    }

    /// Commands that would make the bindings.
    var commands: [[UInt8]] {
        entries.map { entry in
            switch entry.meaning {
            // As readline writes it.
            case _ where entry.name.isEmpty: entry.text
            case .keys: entry.text
            case .key: Array("bind ".utf8) + entry.name + [32] + entry.text
            case .text: Array("bind -s ".utf8) + entry.name + [32] + KeyBindings.quoted(entry.text)
            case .command: Array("bind -x ".utf8) + entry.name + [32] + KeyBindings.quoted(entry.text)
            }
        }
    }

    static func quoted(_ text: [UInt8]) -> [UInt8] {
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
            "bind", .extension_,
            synopsis:
                "[-m keymap] [key key | -s key text | -x key command | -r key | '\"keys\": function' | '\"keys\": \"keys\"' | -x '\"keys\": command']",
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
        var map: Map?
        if words.count > 1, words[0] == Array("-m".utf8) {
            map = words[1].starts(with: Array("vi".utf8)) ? .vi : .emacs
            let isCommandMap = map == .vi && words[1] != Array("vi-insert".utf8)
            words.removeFirst(2)
            // Keys of vi's command mode are not bound.
            if isCommandMap { return }
        }
        guard let first = words.first else { return }
        let option = first.count == 2 && first[0] == 45 ? words.removeFirst()[1] : 0
        if words.isEmpty, "plPsSvVX".utf8.contains(option) { return }
        if words.count == 1, option == 0 || option == 120, bindAsReadline(shell, words[0], map, runs: option == 120) {
            return
        }
        guard words.count == (option == 114 ? 1 : 2), [0, 114, 115, 120].contains(option) else {
            shell.report(arguments, Text(), "needs a key and a key, -s key text, -x key command, or -r key")
            shell.status = 2
            return
        }
        guard
            let keys = Self.key(named: words[0]).map({ [$0] })
                ?? (option == 114 ? ReadlineBinding.sequence(words[0]) : nil)
        else { return unknown(shell, arguments, words[0]) }
        var meaning: Meaning?
        if option == 115 {
            meaning = .text(words[1])
        } else if option == 120 {
            meaning = .command(words[1])
        } else if option == 0 {
            guard let other = Self.key(named: words[1]) else { return unknown(shell, arguments, words[1]) }
            meaning = .key(other)
        }
        entries.removeAll { $0.keys == keys && (map == nil || $0.map == map) }
        if let meaning { entries.append((keys, nil, words[0], meaning, words[1])) }
    }

    /// `"keys": function` and the like, and `set variable value`, of which only `editing-mode` has a meaning here. False: it is none of these.
    private func bindAsReadline(_ shell: Shell, _ line: [UInt8], _ map: Map?, runs: Bool) -> Bool {
        let words = line.split(separator: 32).map { Array($0) }
        if words.first == Array("set".utf8) {
            if words.count == 3, words[1] == Array("editing-mode".utf8) {
                let isVi = words[2] == Array("vi".utf8)
                shell.setOption(isVi ? .vi : .emacs, true)
            }
            return true
        }
        guard let (keys, text) = ReadlineBinding.parse(line) else { return false }
        var meaning: Meaning
        if let quote = text.first, quote == 34 || quote == 39, text.count > 1 {
            let body = text.last == quote ? text.dropFirst().dropLast() : text.dropFirst()
            // Alt-Space is readline's mark.
            let typed = ReadlineBinding.keys(ReadlineBinding.bytes(body)).map { $0 == .alt(32) ? .control(0) : $0 }
            meaning = runs ? .command(Array(body)) : .keys(typed)
        } else if runs {
            meaning = .command(Array(text))
        } else if let key = ReadlineBinding.key(of: Array(text)) {
            meaning = .key(key)
        } else {
            guard ReadlineBinding.isKnown(Array(text)) else {
                shell.report("bind: \(String(decoding: text, as: UTF8.self)): no such function here")
                shell.status = 1
                return true
            }
            meaning = .keys([])
        }
        entries.removeAll { $0.keys == keys && (map == nil || $0.map == map) }
        let option = map.map { $0 == .vi ? "-m vi-insert " : "-m emacs " } ?? ""
        let command = Array("bind \(option)\(runs ? "-x " : "")".utf8) + KeyBindings.quoted(line)
        entries.append((keys, map, [], meaning, command))
        return true
    }

    private func unknown(_ shell: Shell, _ arguments: Arguments, _ name: [UInt8]) {
        shell.report(arguments, Text(name), "no such key; names are Ctrl-N, Alt-x, F5, Up, Shift-Tab and the like")
        shell.status = 1
    }
}

extension LineEditor {
    /// What a key, with those before it that began a sequence, was bound to.
    func boundMeaning(_ key: inout Key) -> (meaning: KeyBindings.Meaning?, waits: Bool) {
        guard let keyBindings else { return (nil, false) }
        keyBindings.map = isVi ? .vi : .emacs
        if !keyBindings.hasSequences { return (keyBindings.meaning(of: key), false) }
        heldKeys.append(key)
        if let found = keyBindings.match(heldKeys) {
            if found.meaning != nil { heldKeys = [] }
            return (found.meaning, found.meaning == nil)
        }
        // None of the sequences after all: the first is what it is, and the others come again.
        let keys = heldKeys
        heldKeys = []
        replay.replay(Array(keys.dropFirst()), times: 1)
        key = keys[0]
        return (keyBindings.meaning(of: key), false)
    }

    /// Types the keys of a macro, unless one types itself without end.
    func typeMacro(_ keys: [Key]) {
        expansions = replay.isReplayed ? expansions + 1 : 0
        if expansions > 1000 { bell() } else { type(keys) }
    }

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
