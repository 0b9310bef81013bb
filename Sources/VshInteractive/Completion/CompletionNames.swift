// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshBuiltins
import VshCore
import VshFiles
import VshRuntime
import VshStore
import VshSystem

/// Candidates that are names of something other than files and commands.
extension Completer {
    func names(
        _ kind: WordKind, _ context: LineContext, _ words: [[UInt8]], _ typed: [UInt8], whole: Bool,
        into list: inout CandidateList
    ) {
        func add(_ name: [UInt8], _ description: [UInt8], _ kind: CandidateKind) {
            list.add(name) {
                Candidate(
                    text: quoted(name, context, whole: whole), display: WordQuoting.display(name),
                    description: WordQuoting.display(description), kind: kind)
            }
        }
        func add(_ names: [[UInt8]], _ kind: CandidateKind) { for name in names { add(name, [], kind) } }
        func add(_ names: [(name: [UInt8], description: [UInt8])]) {
            for item in names { add(item.name, item.description, .other) }
        }
        switch kind {
        case .user: for user in UserDatabase.localUsers() { add(user.name, gecos(user), .user) }
        case .group: for group in UserDatabase.localGroups() { add(group.name, [], .user) }
        case .host: hosts(context, typed, whole, into: &list)
        case .signal: for (name, text) in Completer.signals { add(name, text, .signal) }
        case .process:
            jobs(context, into: &list)
            list.isSorted = false
            for process in SystemNames.processes() {
                // By number, or by name.
                if list.accepts(process.pid) != nil {
                    add(process.pid, process.command, .other)
                } else if !typed.isEmpty, process.name.starts(with: typed) {
                    list.add(typed + process.pid) {
                        Candidate(text: process.pid, display: process.pid, description: process.command, kind: .other)
                    }
                }
            }
        case .processName: for process in SystemNames.processes() { add(process.name, process.command, .other) }
        case .job: jobs(context, into: &list)
        case .variable:
            for symbol in 0..<Int32(min(shell.symbols.count, shell.variables.count)) where shell.isSet(symbol) {
                let name = shell.symbols.name(symbol)
                if shell.isName(name) { add(name.bytes, Array(shell.value(symbol).bytes.prefix(60)), .variable) }
            }
        case .function:
            for symbol in 0..<Int32(min(shell.symbols.count, shell.functions.count))
            where shell.functions[symbol] != nil {
                add(shell.symbols.name(symbol).bytes, [], .command)
            }
        case .alias: for (symbol, text) in shell.aliases { add(shell.symbols.name(symbol).bytes, text.bytes, .command) }
        case .builtin:
            for index in 0..<shell.builtinTable.count {
                let row = shell.builtinTable[index]
                add(SystemNames.bytes(row.name), SystemNames.bytes(row.summary), .builtin)
            }
            for topic in HelpTopics.all { add(SystemNames.bytes(topic.name), SystemNames.bytes(topic.summary), .other) }
        case .shellOption:
            for row in ShellOptions.rows {
                if let name = row.name {
                    add(
                        SystemNames.bytes(name), Array((shell.options.contains(row.option) ? "on" : "off").utf8),
                        .option)
                }
            }
        case .operation:
            operations(context, typed, isForUndo: words.first == Array("undo".utf8), into: &list)
        case .gitRef:
            for name in GitNames.branches(shell) { add(name, Array("branch".utf8), .other) }
            for name in GitNames.remoteBranches(shell) { add(name, Array("remote branch".utf8), .other) }
            for name in GitNames.tags(shell) { add(name, Array("tag".utf8), .other) }
            add(Array("HEAD".utf8), [], .other)
        case .gitBranch: for name in GitNames.branches(shell) { add(name, Array("branch".utf8), .other) }
        case .gitTag: add(GitNames.tags(shell), .other)
        case .gitRemote: for (name, url) in GitNames.remotes(shell) { add(name, url, .other) }
        case .gitStash: for (name, text) in GitNames.stashes(shell) { add(name, text, .other) }
        case .gitChanged: return  // files, which `complete` falls back to
        case .makeTarget: makeTargets(words, add)
        case .service:
            let isUser = words.contains(Array("--user".utf8))
            add(SystemNames.services(ofUser: isUser), .other)
        case .package:
            add(SystemNames.availablePackages { list.accepts($0) != nil })
        case .installedPackage:
            add(SystemNames.installedPackages { list.accepts($0) != nil })
        case .mountPoint:
            for line in (SystemNames.contents("/proc/mounts") ?? []).split(separator: 10) {
                let fields = line.split(separator: 32)
                if fields.count > 2 { add(Array(fields[1]), Array(fields[2]), .directory) }
            }
        case .blockDevice:
            for name in SystemNames.entries(Array("/sys/class/block".utf8)) {
                add(Array("/dev/".utf8) + name, [], .file)
            }
        case .interface: add(SystemNames.entries(Array("/sys/class/net".utf8)), .other)
        case .module:
            for line in (SystemNames.contents("/proc/modules") ?? []).split(separator: 10) {
                if let name = line.split(separator: 32).first { add(Array(name), [], .other) }
            }
        case .manualPage:
            let section = words.count > 1 && words[1].count == 1 ? words[1] : nil
            for page in SystemNames.manualPages(section: section, { list.accepts($0.prefix { $0 != 46 }) != nil }) {
                add(page.name, Array("section ".utf8) + page.section, .other)
            }
        case .npmScript: for (name, text) in npmScripts() { add(name, text, .other) }
        case .tmuxSession: add(ServerNames.tmuxSessions(shell, words))
        case .container: add(ServerNames.containers(shell, all: true))
        case .runningContainer: add(ServerNames.containers(shell, all: false))
        case .image: add(ServerNames.images(shell))
        case .volume: add(ServerNames.volumes(shell))
        case .network: add(ServerNames.networks(shell))
        case .words(let names): for name in names { add(name.name, name.description, .other) }
        case .file, .directory, .nothing, .command, .commandLine: return
        }
    }

    private func gecos(_ user: UserEntry) -> [UInt8] { user.home }

    static var signals: [([UInt8], [UInt8])] {
        var found: [([UInt8], [UInt8])] = []
        for number in 1...31 {
            let signal = Signal(rawValue: Int32(number))
            if !signal.name.isEmpty { found.append((signal.name, signal.description)) }
        }
        return found
    }

    /// `user@host`, `host:`: the host.
    private func hosts(_ context: LineContext, _ typed: [UInt8], _ whole: Bool, into list: inout CandidateList) {
        let prefix = typed.lastIndex(of: 64).map { Array(typed[...$0]) } ?? []
        for (name, description) in SystemNames.hosts(home: shell.value(.home).bytes) {
            list.add(prefix + name) {
                Candidate(
                    text: quoted(prefix + name, context, whole: whole), display: WordQuoting.display(prefix + name),
                    description: SystemNames.bytes(description), kind: .host)
            }
        }
    }

    private func jobs(_ context: LineContext, into list: inout CandidateList) {
        for job in shell.jobs.jobs {
            let name = Array("%\(job.number)".utf8)
            let state: StaticString =
                switch job.state {
                case .running: "running: "
                case .stopped: "stopped: "
                case .done: "done: "
                }
            list.add(name) {
                Candidate(
                    text: name, display: name,
                    description: SystemNames.bytes(state) + WordQuoting.display(job.command.bytes), kind: .job)
            }
        }
    }

    private func makeTargets(_ words: [[UInt8]], _ add: ([UInt8], [UInt8], CandidateKind) -> Void) {
        var (file, directory): ([UInt8]?, [UInt8]?)
        for (index, word) in words.enumerated() where index + 1 < words.count {
            if word == [45, 102] { file = words[index + 1] }
            if word == [45, 67] { directory = words[index + 1] }
        }
        for target in SystemNames.makeTargets(file, directory: directory) {
            add(target.name, target.description, .other)
        }
    }

    /// `"scripts": { "name": "text", … }` of package.json.
    private func npmScripts() -> [([UInt8], [UInt8])] {
        guard let text = SystemNames.contents("package.json"), case .object(let fields)? = JSON(text)["scripts"]
        else { return [] }
        return fields.map { ($0.name, $0.value.text) }
    }

    // MARK: operations

    /// Operations that can be undone, the newest first, with what they did and when; `@` may be left out.
    private func operations(
        _ context: LineContext, _ typed: [UInt8], isForUndo: Bool, into list: inout CandidateList
    ) {
        guard let state = shell.files.stateDirectory,
            (try? FileStatus(state.log)) != nil || (try? FileStatus(state.control)) != nil,
            let log = try? OperationLog(state)
        else { return }
        _ = try? log.importJournals(state)
        var query = OperationLog.Query()
        query.entriesOnly = true
        query.limit = 60
        list.isSorted = false
        let now = Clock.realTime
        let isBare = typed.first != 64 && !typed.isEmpty
        let operations = (try? log.operations(query)) ?? []
        let open = Set(operations.filter { $0.entry?.state == .open }.map(\.id))
        for operation in operations {
            if isForUndo, let entry = operation.entry {
                // Undone, or part of a transaction that is undone as a whole.
                if entry.state == .undone || entry.transaction != 0 && !open.contains(entry.transaction) { continue }
            }
            let name = Array("@\(operation.id)".utf8)
            var description = Array(operation.command.prefix { $0 != 10 }.prefix(60))
            let count = "\(operation.changes) \(operation.changes == 1 ? "change" : "changes")"
            description += Array("  (\(count), \(DurationText.age(now - operation.began)))".utf8)
            list.add(isBare ? Array(name.dropFirst()) : name) {
                Candidate(text: name, display: name, description: WordQuoting.display(description), kind: .operation)
            }
        }
    }
}
