// SPDX-License-Identifier: MPL-2.0
import VshBase

/// A piece of a word with braces: a byte that was not quoted, or a part of any other kind.
private enum BraceElement {
    case byte(UInt8)
    /// Of a literal `a` and `b` are the offset and the count of its bytes in `Parser.text`.
    case part(Part)

    func isByte(_ wanted: UInt8) -> Bool {
        if case .byte(let byte) = self { return byte == wanted }
        return false
    }
}

/// Where the braces that an element opens end, 0 when nowhere, and whether a comma is in them but in no further ones.
private struct BraceEnd {
    var index = 0
    var hasComma = false
}

/// `a{b,c}d` and `{1..9..2}` of bash, before all other expansions: done at parse time, so that words without braces cost nothing.
extension Parser {
    /// The word under construction, in which an unquoted `{` was seen. `endWord` must follow. `start`: where it began in the text being
    /// read, or -1 when that is not what is read now.
    mutating func braceWord(
        _ code: Code, _ context: WordContext, _ position: Int32, _ start: Int
    ) throws(Stop) -> Word {
        var elements: [BraceElement] = []
        for index in build.partMark..<parts.count {
            let part = parts[index]
            if part.kind == .literal && !part.isQuoted {
                for offset in Int(part.a)..<Int(part.a) &+ Int(part.b) { elements.append(.byte(text[offset])) }
            } else {
                elements.append(.part(part))
            }
        }
        var count = 1
        var results = [[BraceElement]]()
        let ends = closingBraces(elements)
        guard expandBraces(elements[...], ends, &results, &count) else { throw tooManyWords(position) }
        // A sequence of one, as `{3..3}`, is shorter than what it is written as.
        if results.count == 1 && results[0].count == elements.count { return makeWord(code, context) }
        let original = build
        let mark = words.count
        for result in results where !result.isEmpty {
            let word = alternative(code, context, result, original.flags)
            words.append(word)
        }
        build = original
        let total = words.count &- mark
        let constant = start < 0 ? -1 : self.constant(code, start, pos)
        let first = takeWords(code, mark)
        return Word(
            .braces, flags: original.flags, count: Int32(truncatingIfNeeded: total), a: first, b: constant)
    }

    /// One of the words, made like any other.
    private mutating func alternative(
        _ code: Code, _ context: WordContext, _ elements: [BraceElement], _ flags: WordFlags
    ) -> Word {
        build = WordBuild(partMark: parts.count, textMark: text.count)
        build.flags = flags.subtracting(.hasQuotes)
        for element in elements[tildeLength(code, elements)...] {
            switch element {
            case .byte(let byte):
                literal(byte: byte, isQuoted: false)
                switch byte {
                case Byte.star, Byte.question: build.hasPattern = true
                case Byte.openBracket: build.hasOpenBracket = true
                case Byte.closeBracket where build.hasOpenBracket: build.hasPattern = true
                default: break
                }
            case .part(let part):
                if part.isQuoted && part.kind != .tilde { build.flags.insert(.hasQuotes) }
                if part.kind == .literal {
                    openLiteral(isQuoted: true)
                    let bytes = text.text(Int(part.a)..<Int(part.a) &+ Int(part.b))
                    text.append(bytes)
                    parts.last.b &+= part.b
                } else {
                    parts.append(part)
                }
            }
        }
        let word = makeWord(code, context)
        parts.pop(to: build.partMark)
        text.pop(to: build.textMark)
        return word
    }

    /// A tilde-prefix that only the expansion put first, as in `{~,x}/y`, becomes a part: how many elements it takes.
    private mutating func tildeLength(_ code: Code, _ elements: [BraceElement]) -> Int {
        guard elements[0].isByte(Byte.tilde) else { return 0 }
        var user: [UInt8] = []
        for element in elements.dropFirst() {
            guard case .byte(let byte) = element else { return 0 }
            if byte == Byte.slash { break }
            user.append(byte)
        }
        code.constants.append(Text(user))
        parts.append(
            Part(
                .tilde, isQuoted: true, a: Int32(truncatingIfNeeded: code.constants.count &- 1)))
        return 1 + user.count
    }

    // MARK: Alternatives

    /// Appends what `elements` stands for; false when that is too much. `count` is how many words there are in all.
    private func expandBraces(
        _ elements: ArraySlice<BraceElement>, _ ends: [BraceEnd], _ results: inout [[BraceElement]], _ count: inout Int
    ) -> Bool {
        var open = elements.startIndex
        while open < elements.endIndex {
            let close = ends[open].index
            if close > 0 && close < elements.endIndex {
                let inner = elements[open + 1..<close]
                var alternatives: [[BraceElement]] = []
                if ends[open].hasComma {
                    for part in commaParts(inner) where !expandBraces(part, ends, &alternatives, &count) {
                        return false
                    }
                } else if let values = sequence(inner) {
                    alternatives = values
                } else {
                    // Not what braces are for; there may be others inside.
                    open += 1
                    continue
                }
                var rests: [[BraceElement]] = []
                if !expandBraces(elements[(close + 1)...], ends, &rests, &count) { return false }
                count = alternatives.count &* rests.count
                if count > options.maximumBraceWords || results.count > options.maximumBraceWords { return false }
                if open == elements.startIndex && close == elements.endIndex - 1 {
                    count = alternatives.count
                    results += alternatives
                    return results.count <= options.maximumBraceWords
                }
                let preamble = Array(elements[..<open])
                for alternative in alternatives {
                    for rest in rests { results.append(preamble + alternative + rest) }
                }
                return true
            }
            open += 1
        }
        results.append(Array(elements))
        return true
    }

    private func closingBraces(_ elements: [BraceElement]) -> [BraceEnd] {
        var ends = [BraceEnd](repeating: BraceEnd(), count: elements.count)
        var open: [Int] = []
        for (index, element) in elements.enumerated() {
            if element.isByte(Byte.openBrace) {
                open.append(index)
            } else if element.isByte(Byte.closeBrace), let last = open.popLast() {
                ends[last].index = index
            } else if element.isByte(Byte.comma), let last = open.last {
                ends[last].hasComma = true
            }
        }
        return ends
    }

    /// What stands between the commas that are in no further braces.
    private func commaParts(_ inner: ArraySlice<BraceElement>) -> [ArraySlice<BraceElement>] {
        var found: [ArraySlice<BraceElement>] = []
        var depth = 0
        var start = inner.startIndex
        for index in inner.indices {
            if inner[index].isByte(Byte.openBrace) { depth += 1 }
            if inner[index].isByte(Byte.closeBrace) { depth -= 1 }
            if depth == 0 && inner[index].isByte(Byte.comma) {
                found.append(inner[start..<index])
                start = index + 1
            }
        }
        found.append(inner[start...])
        return found
    }

    // MARK: Sequences

    /// The values of `x..y` or `x..y..step`: integers, or single letters. Nil when it is no sequence.
    private func sequence(_ inner: ArraySlice<BraceElement>) -> [[BraceElement]]? {
        var texts: [[UInt8]] = [[]]
        var index = inner.startIndex
        while index < inner.endIndex {
            guard case .byte(let byte) = inner[index], byte != Byte.openBrace else { return nil }
            if byte == Byte.dot && index + 1 < inner.endIndex && inner[index + 1].isByte(Byte.dot) {
                texts.append([])
                index += 2
                continue
            }
            texts[texts.count - 1].append(byte)
            index += 1
        }
        if texts.count < 2 || texts.count > 3 { return nil }
        var step = 1
        if texts.count == 3 {
            guard let given = Text(texts[2]).decimalInteger else { return nil }
            step = given == 0 || given == Int.min ? 1 : abs(given)
        }
        let isLetter = { (text: [UInt8]) in text.count == 1 && text[0] | 32 >= 97 && text[0] | 32 <= 122 }
        if isLetter(texts[0]) && isLetter(texts[1]) {
            return values(Int(texts[0][0]), Int(texts[1][0]), step) { [.byte(UInt8(truncatingIfNeeded: $0))] }
        }
        guard let first = Text(texts[0]).decimalInteger, let last = Text(texts[1]).decimalInteger else { return nil }
        let width = isPadded(texts[0]) || isPadded(texts[1]) ? max(texts[0].count, texts[1].count) : 0
        return values(first, last, step) { value in
            var digits = Text(decimal: value).bytes
            let sign = value < 0 ? 1 : 0
            while digits.count < width { digits.insert(Byte.zero, at: sign) }
            return digits.map { .byte($0) }
        }
    }

    /// Whether zeros stand before the number.
    private func isPadded(_ text: [UInt8]) -> Bool {
        let digits = text[0] == Byte.minus || text[0] == Byte.plus ? text.dropFirst() : text[...]
        return digits.count > 1 && digits.first == Byte.zero
    }

    private func values(
        _ first: Int, _ last: Int, _ step: Int, _ element: (Int) -> [BraceElement]
    ) -> [[BraceElement]]? {
        let (distance, overflow) = last.subtractingReportingOverflow(first)
        if overflow || distance == Int.min || abs(distance) / step > 2 * options.maximumBraceWords { return nil }
        var values: [[BraceElement]] = []
        values.reserveCapacity(abs(distance) / step + 1)
        for index in 0...abs(distance) / step {
            values.append(element(distance < 0 ? first - index * step : first + index * step))
        }
        return values
    }
}
