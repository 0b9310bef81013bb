// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax

/// Texts that `eval` and traps ran, as they were parsed: a loop that evaluates the same text again and again parses it twice.
///
/// A text is kept from its second time on, so that those that never come again cost no more than a look. It is one complete command that
/// defines no function, and no alias is there that could make another one of it.
struct ParsedTexts {
    /// What a text was parsed as.
    final class Entry {
        let text: Text
        let options: ParserOptions
        let code: Code
        let root: Int32
        var source: Source { code.source }

        init(text: Text, options: ParserOptions, code: Code, root: Int32) {
            self.text = text
            self.options = options
            self.code = code
            self.root = root
        }
    }

    /// Longer texts are not kept, in bytes.
    static var longest: Int { 512 }
    /// A power of two: places are by hash, and a text has two of them.
    private static var size: Int { 256 }

    private var entries: [Entry?] = []
    /// The hashes of the texts that were seen last, by place.
    private var seen: [UInt32] = []
    /// What is known of a text; else `place` is where it belongs if it was seen before.
    mutating func find(
        _ text: Text, _ origin: Source.Origin, name: Text, firstLine: Int, _ options: ParserOptions, place: inout Int
    ) -> Entry? {
        if entries.isEmpty {
            entries = [Entry?](repeating: nil, count: ParsedTexts.size)
            seen = [UInt32](repeating: 0, count: ParsedTexts.size)
        }
        let hash =
            text.withBytes { SymbolTable.hash($0) } ^ UInt32(truncatingIfNeeded: firstLine) &* 0x9E37_79B1
        let first = Int(truncatingIfNeeded: hash) & (ParsedTexts.size - 1)
        let second = first ^ 1
        let known = seen[first] == hash ? first : seen[second] == hash ? second : -1
        if known >= 0 {
            place = known
            guard let entry = entries[known], entry.text == text, entry.source.firstLine == firstLine,
                entry.source.origin == origin, entry.options == options, entry.source.name == name
            else { return nil }
            return entry
        }
        // The one of the two without a text gives way.
        let free = entries[first] == nil || entries[second] != nil ? first : second
        seen[free] = hash
        entries[free] = nil
        return nil
    }

    mutating func keep(_ entry: Entry, at place: Int) { entries[place] = entry }
}

extension Shell {
    /// Whether what a text is parsed as depends on nothing but the text, the options and the line.
    func isKeepable(_ text: Text) -> Bool {
        text.count <= ParsedTexts.longest && aliases.isEmpty && options.isDisjoint(with: [.verbose, .noexec])
    }

    /// Runs a text that was parsed before.
    func run(_ entry: ParsedTexts.Entry, isTail: Bool) throws(ShellError) -> Flow {
        let (callerCode, position) = (currentCode, currentPosition)
        currentCode = entry.code
        defer {
            currentCode = callerCode
            currentPosition = position
        }
        if lastPipeline != nil && entry.source.origin != .eval { agePipeline() }
        let flow = try run(entry.code, entry.root, tail: isTail)
        return flow == .abandoned ? .normal : flow
    }

    /// Keeps the code of a whole text; the code returned takes its place.
    func keepParsed(_ code: Code, _ root: Int32, _ text: Text, options: ParserOptions, at place: Int) -> Code {
        let fresh = code.takeRoom(for: code.source)
        parsedTexts.keep(ParsedTexts.Entry(text: text, options: options, code: code, root: root), at: place)
        return fresh
    }
}
