// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// Names like one that was not found.
enum DidYouMean {
    /// At most three names, the likeliest first. Of short names only what differs in one place counts.
    static func names(like name: [UInt8], among candidates: some Sequence<[UInt8]>) -> [[UInt8]] {
        if name.count < 2 || name.count > 40 { return [] }
        let limit = name.count <= 4 ? 1 : 2
        var found: [(name: [UInt8], distance: Int)] = []
        var seen: Set<[UInt8]> = []
        for candidate in candidates where abs(candidate.count - name.count) <= limit {
            guard let distance = distance(name, candidate, limit: limit), distance > 0, seen.insert(candidate).inserted
            else { continue }
            found.append((candidate, distance))
        }
        found.sort { a, b in
            if a.distance != b.distance { return a.distance < b.distance }
            // The first letter is seldom the wrong one.
            let (left, right) = (a.name.first == name.first, b.name.first == name.first)
            if left != right { return left }
            // Letters that changed places are the commonest slip of all.
            let (leftSame, rightSame) = (a.name.sorted() == name.sorted(), b.name.sorted() == name.sorted())
            if leftSame != rightSame { return leftSame }
            return a.name.lexicographicallyPrecedes(b.name)
        }
        return found.prefix(3).map(\.name)
    }

    /// Insertions, deletions, changes and swaps of neighbours (Damerau–Levenshtein); nil above the limit.
    static func distance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int? {
        var before = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        var row = last
        for i in 1...max(a.count, 1) where i <= a.count {
            row[0] = i
            var smallest = i
            for j in 1...max(b.count, 1) where j <= b.count {
                let cost = a[i - 1] == b[j - 1] ? 0 : 1
                var value = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { value = min(value, before[j - 2] + 1) }
                row[j] = value
                smallest = min(smallest, value)
            }
            if smallest > limit { return nil }
            (before, last, row) = (last, row, before)
        }
        return last[b.count] <= limit ? last[b.count] : nil
    }
}

extension InteractiveShell {
    /// bash's handler function, likely names, Debian's handler; the status is 127.
    func sayNotFound(_ shell: Shell, _ arguments: Arguments) -> Bool {
        let name = shell.argument(arguments, 0)
        if let symbol = shell.symbols.find(Text("command_not_found_handle")), shell.functions[symbol] != nil {
            return runHandler("command_not_found_handle", shell, arguments)
        }
        shell.report(name: name, "command not found")
        let likely = DidYouMean.names(like: name.bytes, among: knownCommands(shell))
        if !likely.isEmpty {
            var line = ByteStack(capacity: 64)
            line.append("did you mean ")
            for (index, candidate) in likely.enumerated() {
                if index > 0 { line.append(index == likely.count - 1 ? " or " : ", ") }
                line.append(WordQuoting.display(candidate))
            }
            line.append("?\n")
            shell.writeError(line)
        } else if !shell.isForkedChild, (try? FileStatus("/usr/lib/command-not-found" as StaticString)) != nil {
            // It opens its database for writing and goes on without: what it is refused is nobody's question.
            let told = shell.files.onRefusal
            shell.files.onRefusal = nil
            defer { shell.files.onRefusal = told }
            _ = runHandler("/usr/lib/command-not-found --no-failure-msg --", shell, arguments)
        }
        shell.status = 127
        return true
    }

    private func runHandler(_ handler: StaticString, _ shell: Shell, _ arguments: Arguments) -> Bool {
        var text = ByteStack(capacity: 64)
        text.append(handler)
        let count = handler.utf8Start.pointee == 47 ? 1 : arguments.count
        for index in 0..<count {
            text.append(32)
            text.append(shell.quoted(shell.argument(arguments, index)))
        }
        do throws(ShellError) {
            _ = try shell.runString(text.text(from: 0), origin: .eval, name: shell.name)
        } catch {
            shell.status = 127
        }
        return true
    }

    private func knownCommands(_ shell: Shell) -> [[UInt8]] {
        var names: [[UInt8]] = []
        for index in 0..<shell.builtinTable.count { names.append(SystemNames.bytes(shell.builtinTable[index].name)) }
        for (symbol, _) in shell.aliases { names.append(shell.symbols.name(symbol).bytes) }
        for symbol in 0..<Int32(min(shell.symbols.count, shell.functions.count)) where shell.functions[symbol] != nil {
            names.append(shell.symbols.name(symbol).bytes)
        }
        for directory in SystemNames.searchDirectories(shell.value(.path).bytes) {
            names += SystemNames.entries(directory)
        }
        return names
    }
}
