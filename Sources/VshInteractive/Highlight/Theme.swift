// SPDX-License-Identifier: MPL-2.0

/// What the parts of a line and of the panels below it look like. Only the terminal's own sixteen colours are used.
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
