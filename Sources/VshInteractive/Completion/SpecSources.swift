// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshBuiltins
import VshRuntime
import VshSystem

/// Finds what is known of a command: the builtins' table, vsh's own specs, fish's completion files, manual pages.
final class SpecSources {
    private unowned let shell: Shell
    /// Made in this session, by command words joined with spaces.
    private var known: [[UInt8]: CommandSpec] = [:]
    private var manuals: ManualOptions

    init(_ shell: Shell) {
        self.shell = shell
        manuals = ManualOptions(cache: SpecSources.cachePath(shell))
    }

    /// `${XDG_CACHE_HOME:-~/.cache}/vsh/manual.db`
    private static func cachePath(_ shell: Shell) -> [UInt8]? {
        let cache = shell.environmentText("XDG_CACHE_HOME")
        if cache.first == 47 { return cache + Array("/vsh/manual.db".utf8) }
        let home = shell.value(.home).bytes
        return home.first == 47 ? home + Array("/.cache/vsh/manual.db".utf8) : nil
    }

    /// What is known of a command. Manual pages are looked at only when options are asked for.
    func spec(for name: [UInt8], wantsOptions: Bool) -> CommandSpec {
        let key = name + (wantsOptions ? [32, 45] : [])
        if let spec = known[key] { return spec }
        let spec = make(name, wantsOptions: wantsOptions)
        if known.count > 200 { known.removeAll() }
        known[key] = spec
        return spec
    }

    /// Whether nothing is known that could complete the word: neither a builtin nor one with a spec of vsh's own, nor what fish has.
    func isUnknown(_ name: [UInt8], isOption: Bool) -> Bool {
        if shell.builtin(named: Text(name)) != nil || OwnSpecs.text(name) != nil { return false }
        let spec = spec(for: name, wantsOptions: isOption)
        return isOption ? spec.options.isEmpty : spec.subcommands.isEmpty
    }

    private func make(_ name: [UInt8], wantsOptions: Bool) -> CommandSpec {
        if let row = shell.builtin(named: Text(name)), let text = BuiltinOptions.text(Text(name)) {
            var spec = SpecReader.read(text)
            spec.name = name
            spec.description = SystemNames.bytes(row.summary)
            // A run with an option that a file utility does not have goes to the program.
            if row.kind == .file, wantsOptions { spec.add(manual(name)) }
            addProgram(name, to: &spec)
            return spec
        }
        if let row = shell.builtin(named: Text(name)), row.kind == .extension_ {
            var spec = SpecReader.synopsis(row.synopsis, name: name)
            addProgram(name, to: &spec)
            return spec
        }
        var spec = OwnSpecs.text(name).map { SpecReader.read($0) } ?? CommandSpec()
        spec.name = name
        if var fish = FishCompletions.read(
            name, home: shell.value(.home).bytes, shell.environmentText("XDG_CONFIG_HOME"))
        {
            // git's own spec has all of them; fish lists those of `git submodule` among them.
            if name == Array("git".utf8) { fish.subcommands.removeAll { spec.subcommand($0.names[0]) == nil } }
            spec.add(fish)
        }
        if wantsOptions, !spec.isComplete { spec.add(manual(name)) }
        return spec
    }

    /// `diff` of two files is the program's.
    private func addProgram(_ name: [UInt8], to spec: inout CommandSpec) {
        if let text = OwnSpecs.text(name) { spec.add(SpecReader.read(text)) }
    }

    /// A subcommand with what its own manual page (`git-add`) adds.
    func completed(_ spec: CommandSpec, path: [[UInt8]]) -> CommandSpec {
        let page = Array(path.joined(separator: [45]))
        if let made = known[page + [32, 45]] { return made }
        var made = spec
        made.add(manual(page))
        known[page + [32, 45]] = made
        return made
    }

    private func manual(_ page: [UInt8]) -> CommandSpec {
        if page.contains(47) || page.first == 46 || page.isEmpty { return CommandSpec() }
        return manuals.spec(for: page)
    }

    /// One line about a program, where a spec says it without reading anything.
    func summary(of name: [UInt8]) -> [UInt8] { OwnSpecs.summary(name) }
}
