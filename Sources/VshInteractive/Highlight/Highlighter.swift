// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSyntax
import VshSystem

/// A style that holds up to a place in the line.
struct StyleSpan: Equatable {
    var end: Int
    var style: Style
}

/// Colours a line while it is typed.
final class Highlighter {
    private unowned let shell: Shell
    var theme = Theme()
    /// Names in lines that are only looked at.
    private(set) var symbols = SymbolTable()
    private var effects = CommandEffects()
    private var paths: [[UInt8]: Bool] = [:]
    private var last: (line: [UInt8], syntax: LineSyntax)?

    init(_ shell: Shell) { self.shell = shell }

    /// A line has run: commands and files may have come and gone.
    func forget() {
        effects.forget()
        paths.removeAll(keepingCapacity: true)
        last = nil
        // What was typed stays interned, so that a table is used for a while only.
        if symbols.count > 4000 { symbols = SymbolTable() }
    }

    /// The syntax of a line; that of the last one is kept.
    func syntax(of line: [UInt8]) -> LineSyntax {
        if let last, last.line == line { return last.syntax }
        let syntax = LineSyntax(line, symbols: symbols)
        last = (line, syntax)
        return syntax
    }

    /// Effect of a command name.
    func effect(of name: [UInt8]) -> CommandEffect { effects.effect(of: name, shell) }

    /// The styles of a line, without gaps, to its end.
    func spans(of line: [UInt8]) -> [StyleSpan] {
        if line.isEmpty { return [] }
        let syntax = syntax(of: line)
        var styles = [Style](repeating: Style(), count: line.count)
        for token in syntax.tokens {
            let style = style(of: token, line)
            if style != Style() { for place in token.range { styles[place] = style } }
        }
        var budget = 32
        for word in syntax.words {
            if word.isCommand { colourCommand(word, &styles) } else { colourArgument(word, &styles, &budget) }
        }
        if let failure = syntax.failure, failure.isIncomplete, failure.range.lowerBound < line.count {
            // The quote that was never closed.
            let place = failure.range.lowerBound
            if line[place] == 34 || line[place] == 39 || line[place] == 96 { styles[place] = theme.error }
        }
        var spans: [StyleSpan] = []
        for place in line.indices {
            if let last = spans.last, last.style == styles[place] {
                spans[spans.count - 1].end = place + 1
            } else {
                spans.append(StyleSpan(end: place + 1, style: styles[place]))
            }
        }
        return spans
    }

    private func style(of token: Token, _ line: [UInt8]) -> Style {
        switch token.kind {
        case .comment: theme.comment
        case .reservedWord: theme.reservedWord
        case .operator, .redirection: theme.operator
        case .singleQuoted, .doubleQuoted, .escape: theme.string
        case .parameter, .arithmetic: theme.variable
        case .substitution: theme.operator
        case .assignment: theme.assignment
        case .function: theme.builtin
        case .hereDocument, .hereDocumentDelimiter: theme.hereDocument
        case .error: theme.error
        case .blank, .newline, .command, .word, .tilde: Style()
        }
    }

    private func colourCommand(_ word: LineSyntax.Word, _ styles: inout [Style]) {
        guard let name = word.value, !name.isEmpty else { return }
        let style: Style
        switch effects.effect(of: name, shell) {
        case .unknown: style = theme.unknownCommand
        case .harmless: style = theme.builtin
        case .undoable: style = theme.undoable
        case .irrevocable: style = theme.irrevocable
        }
        for place in word.range { styles[place] = style }
    }

    private func colourArgument(_ word: LineSyntax.Word, _ styles: inout [Style], _ budget: inout Int) {
        guard let value = word.value, !value.isEmpty else { return }
        if value[0] == 45, !word.isQuoted, word.redirection == nil {
            for place in word.range { styles[place] = theme.option }
            return
        }
        if word.isPattern || budget == 0 || value.count > 1024 { return }
        budget -= 1
        if exists(value) {
            for place in word.range { styles[place].attributes.insert(.underlined) }
        }
    }

    /// Whether a path is there; a tilde alone is the home directory.
    func exists(_ path: [UInt8]) -> Bool {
        if let known = paths[path] { return known }
        var full = path
        if path.first == 126, path.count == 1 || path[1] == 47 {
            full = shell.value(.home).bytes + path.dropFirst()
        }
        let found = (try? FileStatus(Text(full), follow: false)) != nil
        paths[path] = found
        return found
    }
}
