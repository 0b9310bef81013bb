// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What the keys go to.
enum Interaction {
    case editing
    case menu(CompletionMenu)
    case search(HistorySearch)

    var isEditing: Bool {
        if case .editing = self { return true }
        return false
    }
}

extension LineEditor {
    /// Gives a key to the menu or the search. False: it was closed, and the key is for the line.
    func handleInteraction(_ key: Key) -> Bool {
        switch interaction {
        case .editing: return false
        case .menu(let menu): return handleMenu(menu, key)
        case .search(let search): return handleSearch(search, key)
        }
    }

    /// What is shown below the line.
    func putPanel(into builder: inout FrameBuilder, room: Int) {
        if room <= 0 { return }
        switch interaction {
        case .menu(var menu):
            menu.put(into: &builder, room: room, highlighter.theme)
            interaction = .menu(menu)
        case .search(var search):
            search.put(into: &builder, room: room, highlighter.theme, directory: shell.workingDirectory.bytes)
            interaction = .search(search)
        case .editing:
            var left = room
            for line in message where left > 0 {
                builder.newline()
                builder.clips = true
                builder.put(prompt: line, colours: usesColour)
                builder.clips = false
                left -= 1
            }
        }
    }
}
