// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// Names of files.
extension Completer {
    enum FileFilter { case any, directory, command }

    /// Candidates for the last component of the path at the cursor; the components before stay as they were typed.
    func files(_ context: LineContext, from place: WordPlace?, kind: FileFilter = .any) -> Completion {
        let word = context.current
        var start = word.baseStart
        var value = word.baseValue
        var quote = word.baseQuote
        // A quote that was opened inside the last component is written anew with the name.
        let firstPart = max(
            place == .equals ? word.equalsStart : -1,
            context.kind == .assignment || place == .equals ? word.colonStart : -1)
        if firstPart > start || (word.baseValue == 0 && firstPart >= 0) {
            start = firstPart
            value = word.colonStart == firstPart ? word.colonValue : word.equalsValue
            quote = .none
        }
        let typed = Array(word.value[min(value, word.value.count)...])
        guard let directory = directory(of: word, upTo: value, place, context), !word.isOpaque else {
            return Completion(start: start)
        }
        if quote == .none, context.quote != .none { quote = context.quote == .single ? .single : .double }
        let reopens = word.baseQuote == .none && quote != .none
        var list = CandidateList(typed: typed)
        guard var reader = try? DirectoryReader(directory) else { return Completion(start: start) }
        while let entry = try? reader.next() {
            if entry.isDot || entry.name[0] == 46 && typed.first != 46 { continue }
            guard list.accepts(entry.name) != nil else { continue }
            var isDirectory = entry.type == .directory
            var description: StaticString = ""
            if entry.type == .symbolicLink || entry.type == .unknown {
                let status = try? FileStatus(entry.name, at: reader.descriptor)
                isDirectory = status?.isDirectory ?? false
                if entry.type == .symbolicLink { description = status == nil ? "broken link" : "link" }
            }
            switch kind {
            case .any: break
            case .directory: if !isDirectory { continue }
            case .command:
                if !isDirectory, !System.isAccessible(entry.name, .execute, at: reader.descriptor) { continue }
            }
            let name = Array(entry.name)
            list.add(name) {
                var text = WordQuoting.quoted(
                    name, in: quote, isFirst: start == word.start, closes: !isDirectory)
                if reopens { text = [quote == .single ? 39 : 34] + text }
                var display = WordQuoting.display(name)
                if isDirectory {
                    text = WordQuoting.withSlash(text)
                    display.append(47)
                }
                return Candidate(
                    text: text, display: display, description: SystemNames.bytes(description),
                    kind: isDirectory ? .directory : .file, noSpace: isDirectory)
            }
        }
        return Completion(start: start, candidates: list.finished())
    }

    /// The directory to look into: what stands before the last component, its tilde expanded; nil when that is unknown.
    private func directory(of word: LineContext.Word, upTo value: Int, _ place: WordPlace?, _ context: LineContext)
        -> [UInt8]?
    {
        var first = 0
        if place == .equals || context.kind == .assignment {
            if word.equalsStart >= 0 { first = word.equalsValue }
            if word.colonStart >= 0, word.colonValue > first { first = word.colonValue }
        }
        if value <= first { return [46] }
        var path = Array(word.value[first..<value])
        if path.first == 126 {
            let end = path.firstIndex(of: 47) ?? path.count
            let name = Array(path[1..<end])
            guard let home = home(of: name) else { return nil }
            path = home + path[end...]
        }
        return path
    }

    private func home(of name: [UInt8]) -> [UInt8]? {
        if name.isEmpty {
            let home = shell.value(.home).bytes
            return home.isEmpty ? nil : home
        }
        return UserDatabase.localUsers().first { $0.name == name }?.home
    }
}

extension WordQuoting {
    /// A slash after a name, inside `$'…'` when it is written so.
    static func withSlash(_ text: [UInt8]) -> [UInt8] {
        text.starts(with: [36, 39]) && text.last == 39 ? text.dropLast() + [47, 39] : text + [47]
    }
}
