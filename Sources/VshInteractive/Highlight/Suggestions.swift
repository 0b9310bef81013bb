// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

extension Highlighter {
    /// Whether the rest of `line` may be proposed in grey after `typed`, with which it begins: it destroys nothing that was not asked for,
    /// and its paths are there.
    func mayPropose(_ line: [UInt8], after typed: Int) -> Bool {
        let syntax = LineSyntax(line, symbols: symbols)
        for command in syntax.commands {
            guard let name = command.name.value else { continue }
            // Its name was typed, with a blank after it: it is wanted.
            if command.name.range.upperBound < typed { continue }
            if CommandEffects.isDestructive(name, command.arguments) { return false }
            if name.starts(with: [46, 47]) || name.first == 47, !exists(name) { return false }
        }
        var checked = 0
        for word in syntax.words where word.range.upperBound > typed && !word.isCommand {
            guard let value = word.value, !value.isEmpty else { continue }
            if let operation = word.redirection {
                // Writing over a file.
                if operation.last == 62 || operation.last == 124, !operation.elementsEqual([62, 62]), exists(value) {
                    return word.range.lowerBound < typed
                }
                continue
            }
            if word.isPattern || value[0] == 45 || checked == 8 { continue }
            let isPath = value.contains(47) && !value.contains(58) && !value.contains(61)
            if isPath {
                checked += 1
                if !exists(value) { return false }
            }
        }
        // `cd name` and the like, without a slash.
        if let first = syntax.commands.first, first.arguments.count == 1, first.name.value == [99, 100] {
            let target = first.arguments[0]
            if !target.isEmpty, target != [45], !exists(target) { return false }
        }
        return true
    }
}
