// SPDX-License-Identifier: MPL-2.0
import VshRuntime

/// What the parts of a line and of the panels below it look like. On a dark background only the terminal's own sixteen colours are used.
struct Theme {
    /// A command whose changes to files can be undone.
    var undoable = Style(2)
    /// A command that may do what cannot be undone.
    var irrevocable = Style(3)
    /// A builtin, function or alias that changes no files by itself.
    var builtin = Style(6)
    var unknownCommand = Style(1)
    var reservedWord = Style(5)
    var `operator` = Style(13)
    var string = Style(11)
    var variable = Style(14)
    var option = Style(12)
    var comment = Style(8)
    var error = Style(9, .bold)
    var assignment = Style(14)
    var hereDocument = Style(11)
    var suggestion = Style(8)
    var description = Style(8)
    var matched = Style(nil, .bold)
    var status = Style(1)
    var directory = Style(12)

    /// Dark colours of the palette of 256, which are the same everywhere: the bright ones of the sixteen cannot be read on white.
    static var light: Theme {
        var theme = Theme()
        theme.undoable = Style(28)
        theme.irrevocable = Style(130)
        theme.builtin = Style(30)
        theme.unknownCommand = Style(160)
        theme.reservedWord = Style(90)
        theme.operator = Style(127)
        theme.string = Style(94)
        theme.variable = Style(24)
        theme.option = Style(25)
        theme.comment = Style(243)
        theme.error = Style(160, .bold)
        theme.assignment = Style(24)
        theme.hereDocument = Style(94)
        theme.suggestion = Style(245)
        theme.description = Style(243)
        theme.status = Style(160)
        theme.directory = Style(25)
        return theme
    }

    /// Whether the terminal is light: `VSH_THEME` says so, or COLORFGBG, which some terminals set (text;background). It is not asked.
    static func isLight(_ shell: Shell) -> Bool {
        let wanted = shell.environmentText("VSH_THEME")
        if !wanted.isEmpty { return wanted == Array("light".utf8) }
        let background = shell.environmentText("COLORFGBG").split(separator: 59).last ?? []
        return background.elementsEqual("7".utf8) || background.elementsEqual("15".utf8)
    }

    static var colourless: Theme {
        var theme = Theme()
        theme.undoable = Style()
        theme.irrevocable = Style()
        theme.builtin = Style()
        theme.unknownCommand = Style(nil, .struck)
        theme.reservedWord = Style(nil, .bold)
        theme.operator = Style()
        theme.string = Style()
        theme.variable = Style()
        theme.option = Style()
        theme.comment = Style(nil, .dim)
        theme.error = Style(nil, [.bold, .underlined])
        theme.assignment = Style()
        theme.hereDocument = Style()
        theme.suggestion = Style(nil, .dim)
        theme.description = Style(nil, .dim)
        theme.status = Style(nil, .bold)
        theme.directory = Style()
        return theme
    }
}
