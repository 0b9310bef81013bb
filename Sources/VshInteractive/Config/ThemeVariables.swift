// SPDX-License-Identifier: MPL-2.0

extension Theme {
    /// Takes over `VSH_COLORS`: `name=sgr:name=sgr…`, such as `suggestion=2:unknown=31;4`. Unknown names are the prompt's.
    mutating func apply(_ list: [UInt8]) {
        for entry in list.split(separator: 58) {
            guard let equals = entry.firstIndex(of: 61) else { continue }
            var style = Style()
            style.apply(entry[(equals + 1)...])
            switch String(decoding: entry[..<equals], as: UTF8.self) {
            case "undoable": undoable = style
            case "irrevocable": irrevocable = style
            case "builtin": builtin = style
            case "unknown": unknownCommand = style
            case "reserved": reservedWord = style
            case "operator": `operator` = style
            case "string": string = style
            case "variable": variable = style
            case "option": option = style
            case "comment": comment = style
            case "error": error = style
            case "assignment": assignment = style
            case "suggestion": suggestion = style
            case "description": description = style
            case "matched": matched = style
            case "heredoc": hereDocument = style
            case "status": status = style
            case "directory": directory = style
            default: continue
            }
        }
    }
}
