// SPDX-License-Identifier: MPL-2.0

/// The words of a command read by its spec: which subcommand they lead to, and what the next word is.
struct SpecPath {
    /// Of the command and its subcommands, the innermost last.
    private(set) var specs: [CommandSpec]
    var spec: CommandSpec { specs[specs.count - 1] }
    /// The argument that the last word, an option, waits for.
    private(set) var pending: WordKind?
    /// `--` was there.
    private(set) var isOverOptions = false
    /// Operands of the innermost command so far.
    private var operandCount = 0
    /// The first is a known subcommand that has to come first.
    private(set) var takesSubcommand = false
    /// Long options take their argument as the next word (`-name value`): no `=` is put after them.
    private(set) var separatesArguments = false

    init(_ root: CommandSpec, words: [[UInt8]], _ sources: SpecSources) {
        specs = [root]
        var path = [words[0].lastIndex(of: 47).map { Array(words[0][($0 + 1)...]) } ?? words[0]]
        for word in words.dropFirst() {
            if pending != nil {
                pending = nil
                continue
            }
            if word == [45, 45] {
                isOverOptions = true
                continue
            }
            if !isOverOptions, word.count > 1, word[0] == 45 {
                readOption(word)
                continue
            }
            if operandCount == 0, !isOverOptions, let found = spec.subcommand(word) {
                path.append(found.name.isEmpty ? word : found.name)
                specs.append(sources.completed(found, path: path))
                continue
            }
            operandCount += 1
        }
        takesSubcommand = operandCount == 0 && !spec.subcommands.isEmpty && !isOverOptions
    }

    private mutating func readOption(_ word: [UInt8]) {
        if word.contains(61), word[1] == 45 { return }
        if let found = option(word) {
            if let argument = found.argument, !found.isArgumentOptional { pending = argument }
            return
        }
        // A cluster: `-xzf`; the last letter may wait for its argument.
        if word[1] != 45 {
            for (index, letter) in word.enumerated().dropFirst() {
                guard let found = option([45, letter]) else { return }
                if let argument = found.argument {
                    if index == word.count - 1, !found.isArgumentOptional { pending = argument }
                    return
                }
            }
        }
    }

    func option(_ name: [UInt8]) -> SpecOption? {
        for spec in specs.reversed() {
            if let found = spec.option(name) { return found }
        }
        return nil
    }

    /// What the word at the cursor is when it is no option.
    var operand: WordKind {
        let kinds = spec.operands
        if kinds.isEmpty { return specs.count > 1 || spec.subcommands.isEmpty ? .file : .nothing }
        return kinds[min(operandCount, kinds.count - 1)]
    }
}

/// Commands that run another command given by their arguments.
enum WrapperCommands {
    /// The words of the command inside; empty when its name comes next, nil when the command is no such one.
    static func inner(_ words: [[UInt8]]) -> [[UInt8]]? {
        guard let name = words.first, let letters = lettersWithArgument(name) else { return nil }
        var index = 1
        while index < words.count {
            let word = words[index]
            if word == [45, 45] {
                index += 1
                break
            }
            if word.count > 1, word[0] == 45 {
                index += 1
                if word.count == 2, letters.contains(word[1]) {
                    if index >= words.count { return nil }
                    index += 1
                }
                continue
            }
            // Assignments of env and sudo.
            if let equals = word.firstIndex(of: 61), equals > 0, name == Array("env".utf8) || name == Array("sudo".utf8)
            {
                index += 1
                continue
            }
            if name == Array("timeout".utf8), index == words.count - 1 || isDuration(word) {
                index += 1
                if index == words.count { return [] }
            }
            break
        }
        return Array(words[min(index, words.count)...])
    }

    private static func isDuration(_ word: [UInt8]) -> Bool { word.first.map { $0 >= 48 && $0 <= 57 } ?? false }

    private static func lettersWithArgument(_ name: [UInt8]) -> [UInt8]? {
        switch String(decoding: name, as: UTF8.self) {
        case "sudo": Array("ughpCDRTrt".utf8)
        case "doas": Array("uC".utf8)
        case "env": Array("uCS".utf8)
        case "nice", "ionice", "chrt": Array("ncp".utf8)
        case "xargs": Array("IdEnLPsa".utf8)
        case "watch": Array("nd".utf8)
        case "timeout": Array("ks".utf8)
        case "exec": Array("a".utf8)
        case "nohup", "setsid", "command", "builtin", "norecord", "unconfined", "explain", "try", "strace",
            "ltrace", "time",
            "stdbuf", "type",
            "which", "hash":
            name == Array("strace".utf8) ? Array("eopsuEP".utf8) : []
        default: nil
        }
    }
}
