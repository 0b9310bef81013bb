// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Variables of bash, in vsh's own mode, that get their value when a script first names them or each time it asks.
extension Shell {
    /// Gives a new variable its meaning, if it has one.
    func noteComputedVariable(_ symbol: Symbol) {
        let name = symbols.name(symbol)
        if name.count < 3 || name.count > 13 { return }
        if isComputedArray(name) { variables[symbol].flags = [.array, .dynamic] }
        if isComputedText(name) { variables[symbol].flags = [.isSet, .dynamic] }
        if isOptionList(name) { variables[symbol].flags = [.isSet, .dynamic, .readonly] }
        if let constant = constant(name) {
            variables[symbol].text = constant
            variables[symbol].flags = .textValue
        }
    }

    /// UID and EUID are what the system says, whatever the environment said.
    func overrideEnvironment() {
        override(Text("UID"))
        override(Text("EUID"))
    }

    private func override(_ name: Text) {
        guard let symbol = symbols.find(name), let value = constant(name) else { return }
        assignUnchecked(symbol, value)
    }

    private func isComputedText(_ name: Text) -> Bool {
        switch name[0] {
        case UInt8(ascii: "E"): name.equals("EPOCHSECONDS") || name.equals("EPOCHREALTIME")
        case UInt8(ascii: "B"): name.equals("BASH_SUBSHELL")
        case UInt8(ascii: "S"): name.equals("SRANDOM")
        default: false
        }
    }

    private func isOptionList(_ name: Text) -> Bool { name.equals("SHELLOPTS") || name.equals("BASHOPTS") }

    /// The names of the options of `set`, or of `shopt`, that are on.
    private func optionList(ofSet: Bool) -> Text {
        var names: [StaticString] = []
        if ofSet {
            // A bash that gets the list does not know those of vsh.
            let known = options.subtracting([.announce, .record, .globstar])
            for row in ShellOptions.rows where row.canChange && known.contains(row.option) {
                if let name = row.name { names.append(name) }
            }
            names.append("interactive-comments")
        } else {
            for row in ShellOptions.shoptRows where options.contains(row.option) { names.append(row.name) }
            for row in ShellOptions.invertedRows where !options.contains(row.option) { names.append(row.name) }
            names += ShellOptions.alwaysOn
        }
        let list = names.map { Text($0).bytes }.sorted { $0.lexicographicallyPrecedes($1) }
        return Text(Array(list.joined(separator: [58])))
    }

    /// The present value of a variable for which `isComputedText` or `isOptionList` holds.
    func computedText(_ symbol: Symbol) -> Text {
        let name = symbols.name(symbol)
        if isOptionList(name) { return optionList(ofSet: name[0] == UInt8(ascii: "S")) }
        switch name[0] {
        case UInt8(ascii: "B"): return Text(decimal: subshellDepth)
        case UInt8(ascii: "S") where name.equals("SHELL"):
            return Text(UserDatabase.user(id: System.userID)?.shell ?? Array("/bin/sh".utf8))
        case UInt8(ascii: "S"):
            let bytes = (try? System.random(count: 4)) ?? []
            return Text(decimal: bytes.reduce(0) { $0 << 8 | Int($1) })
        default:
            let now = Clock.realTime
            var text = Text(decimal: Int(now / 1_000_000_000))
            if name.equals("EPOCHSECONDS") { return text }
            let fraction = Text(decimal: Int(now % 1_000_000_000 / 1000 + 1_000_000))
            text.append(Text("."))
            text.append(fraction.slice(1..<7))
            return text
        }
    }

    /// Values that do not change while the shell runs.
    private func constant(_ name: Text) -> Text? {
        switch name[0] {
        case UInt8(ascii: "U"): return name.equals("UID") ? Text(decimal: Int(System.userID)) : nil
        case UInt8(ascii: "E"): return name.equals("EUID") ? Text(decimal: Int(System.effectiveUserID)) : nil
        case UInt8(ascii: "O"): return name.equals("OSTYPE") ? Text("linux-gnu") : nil
        case UInt8(ascii: "H"), UInt8(ascii: "M"):
            guard name.equals("HOSTNAME") || name.equals("HOSTTYPE") || name.equals("MACHTYPE") else { return nil }
            guard let system = try? System.systemName() else { return Text() }
            if name.equals("HOSTNAME") { return Text(system.node) }
            if name.equals("HOSTTYPE") { return Text(system.machine) }
            let vendor = system.machine.starts(with: "x86_64".utf8) ? "-pc" : "-unknown"
            return Text(system.machine + Array("\(vendor)-linux-gnu".utf8))
        default: return nil
        }
    }
}
