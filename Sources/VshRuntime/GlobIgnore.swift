// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Pathname expansion for words, with bash's GLOBIGNORE.
extension Shell {
    /// Appends the pathnames that `pattern` matches to the fields, and returns how many.
    func matchPathnames(_ pattern: Text) -> Int {
        if let symbol = symbols.find(Text("GLOBIGNORE")), !options.contains(.posix), isSet(symbol) {
            let ignored = value(symbol)
            if !ignored.isEmpty { return matchPathnames(pattern, ignoring: ignored) }
        }
        return matchAllPathnames(pattern, options)
    }

    private func matchAllPathnames(_ pattern: Text, _ options: ShellOptions) -> Int {
        var unreadable: Text?
        let found = expandPathnames(
            pattern, isUTF8: isUTF8, options: options, into: &fields, unreadable: &unreadable)
        if let unreadable { files.noteUnreadable(unreadable, .accessDenied) }
        return found
    }

    /// Without those that a pattern of the list `ignored`, separated by colons, matches; names that begin with a dot are found as with `dotglob`.
    @inline(never)
    private func matchPathnames(_ pattern: Text, ignoring ignored: Text) -> Int {
        let mark = fields.count
        _ = matchAllPathnames(pattern, options.union(.dotglob))
        let patterns = patternList(ignored).map { pattern in components(pattern).map { compiledPathPattern($0) } }
        var kept = mark
        for index in mark..<fields.count {
            let names = components(fields[index])
            let isIgnored = patterns.contains { pattern in
                pattern.count == names.count && zip(pattern, names).allSatisfy { $0.matches(pathText($1)) }
            }
            if isIgnored { continue }
            fields[kept] = fields[index]
            kept += 1
        }
        fields.pop(to: kept)
        return kept - mark
    }

    private func compiledPathPattern(_ text: Text) -> Pattern {
        options.contains(.extglob)
            ? Pattern(extended: pathText(text), isUTF8: isUTF8) : Pattern(pathText(text), isUTF8: isUTF8)
    }

    private func pathText(_ text: Text) -> Text { options.contains(.nocaseglob) ? lowercased(text) : text }

    /// What stands between slashes.
    private func components(_ path: Text) -> [Text] {
        path.withBytes {
            $0.split(separator: 47, omittingEmptySubsequences: false).map { Text(UnsafeBufferPointer(rebasing: $0)) }
        }
    }

    /// What stands between colons, but for those in brackets, in parentheses, and after a backslash.
    private func patternList(_ text: Text) -> [Text] {
        var list: [Text] = []
        text.withBytes { bytes in
            var (start, index, depth) = (0, 0, 0)
            while index < bytes.count {
                switch bytes[index] {
                case 92: index += 1
                case 91: index = endOfBrackets(bytes, index)
                case 40: depth += 1
                case 41: depth -= 1
                case 58 where depth <= 0:
                    list.append(Text(UnsafeBufferPointer(rebasing: bytes[start..<index])))
                    start = index + 1
                default: break
                }
                index += 1
            }
            list.append(Text(UnsafeBufferPointer(rebasing: bytes[start...])))
        }
        return list.filter { !$0.isEmpty }
    }

    /// The place of the bracket that closes the one at `start`, or `start` when none does.
    private func endOfBrackets(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var index = start + 1
        if index < bytes.count, bytes[index] == 33 || bytes[index] == 94 { index += 1 }
        if index < bytes.count, bytes[index] == 93 { index += 1 }
        while index < bytes.count, bytes[index] != 93 {
            if bytes[index] == 91, index + 1 < bytes.count, [58, 46, 61].contains(bytes[index + 1]) {
                let kind = bytes[index + 1]
                index += 2
                while index + 1 < bytes.count, bytes[index] != kind || bytes[index + 1] != 93 { index += 1 }
                index += 1
            }
            index += 1
        }
        return index < bytes.count ? index : start
    }
}
