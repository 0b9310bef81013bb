// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// Keys and functions as readline's `bind` and `~/.inputrc` call them: `"\C-x\C-r": history-search-backward`.
enum ReadlineBinding {
    /// The bytes of a key sequence, or of the text that one types: `\C-`, `\M-` and the escapes of strings.
    static func bytes(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte != 92 {
                result.append(byte)
            } else if rest.count > 2, rest.starts(with: Array("C-".utf8)) {
                rest = rest.dropFirst(2)
                if rest.starts(with: Array("\\M-".utf8)), rest.count > 3 {
                    result.append(27)
                    rest = rest.dropFirst(3)
                }
                if rest.first == 92, rest.count > 1 { rest = rest.dropFirst() }
                let letter = rest.popFirst() ?? 64
                result.append(letter == 63 ? 127 : letter & 31)
            } else if rest.count > 2, rest.starts(with: Array("M-".utf8)) {
                rest = rest.dropFirst(2)
                result.append(27)
            } else {
                result.append(escaped(&rest))
            }
        }
        return result
    }

    /// The character of a sequence whose backslash was taken.
    private static func escaped(_ rest: inout ArraySlice<UInt8>) -> UInt8 {
        guard let byte = rest.popFirst() else { return 92 }
        switch byte {
        case 97: return 7
        case 98: return 8
        case 100: return 127
        case 101: return 27
        case 102: return 12
        case 110: return 10
        case 114: return 13
        case 116: return 9
        case 118: return 11
        case 48...55:
            var value = Int(byte - 48)
            for _ in 0..<2 {
                guard let next = rest.first, next >= 48, next <= 55 else { break }
                value = value * 8 + Int(next - 48)
                rest = rest.dropFirst()
            }
            return UInt8(truncatingIfNeeded: value)
        default: return byte
        }
    }

    /// The keys that a terminal means by the bytes.
    static func keys(_ bytes: [UInt8]) -> [Key] {
        var decoder = KeyDecoder()
        decoder.feed(bytes)
        var keys: [Key] = []
        while let key = decoder.next() ?? decoder.timeOut() { keys.append(key) }
        return keys
    }

    /// The keys of a sequence, which may be in quotes.
    static func sequence(_ text: [UInt8]) -> [Key]? {
        let isQuoted = text.count > 1 && text.first == 34 && text.last == 34
        let keys = keys(bytes(isQuoted ? text[1..<(text.count - 1)] : text[...]))
        return keys.isEmpty ? nil : keys
    }

    /// `"keys": function`, `"keys": "text"`, or with `-x` `"keys": command`: the keys and what is behind the colon; nil: it is none of these.
    static func parse(_ line: [UInt8]) -> (keys: [Key], meaning: ArraySlice<UInt8>)? {
        var rest = line[...].drop { $0 == 32 || $0 == 9 }
        var sequence: ArraySlice<UInt8>
        if rest.first == 34 {
            rest = rest.dropFirst()
            var end = rest.startIndex
            while end < rest.endIndex, rest[end] != 34 { end += rest[end] == 92 ? 2 : 1 }
            if end >= rest.endIndex { return nil }
            sequence = rest[..<end]
            rest = rest[(end + 1)...]
        } else {
            // `Control-x: …`, `\C-x: …`
            guard let colon = rest.firstIndex(of: 58) else { return nil }
            sequence = rest[..<colon]
            rest = rest[colon...]
            if sequence.starts(with: Array("Control-".utf8)) {
                sequence = (Array("\\C-".utf8) + sequence.dropFirst(8))[...]
            } else if sequence.starts(with: Array("Meta-".utf8)) {
                sequence = (Array("\\M-".utf8) + sequence.dropFirst(5))[...]
            }
        }
        rest = rest.drop { $0 == 32 || $0 == 9 }
        guard rest.first == 58 else { return nil }
        rest = rest.dropFirst().drop { $0 == 32 || $0 == 9 }
        let keys = keys(bytes(sequence))
        return keys.isEmpty ? nil : (keys, rest)
    }

    /// A function of readline's for which there is no key here, because it is not needed.
    static func isKnown(_ function: [UInt8]) -> Bool {
        [
            "self-insert", "redraw-current-line", "history-expand-line", "glob-expand-word",
            "glob-list-expansions",
            "vi-movement-mode", "vi-insertion-mode", "vi-editing-mode", "emacs-editing-mode", "re-read-init-file",
            "do-lowercase-version",
            "magic-space", "tab-insert", "dabbrev-expand", "dump-functions", "overwrite-mode", "bracketed-paste-begin",
            "export-completions",
        ].contains { $0.utf8.elementsEqual(function) }
    }

    /// The key that does what a function of readline's does; nil: there is none.
    static func key(of function: [UInt8]) -> Key? {
        switch String(decoding: function, as: UTF8.self) {
        case "accept-line": .special(.enter, [])
        case "abort": .control(7)
        case "backward-char": .control(2)
        case "backward-delete-char": .special(.backspace, [])
        case "backward-kill-line": .control(21)
        case "backward-kill-word": .special(.backspace, .alt)
        case "backward-word": .alt(98)
        case "beginning-of-history": .alt(60)
        case "beginning-of-line": .control(1)
        case "capitalize-word": .alt(99)
        case "character-search": .control(29)
        case "character-search-backward": .altControl(29)
        case "clear-screen", "clear-display": .control(12)
        case "complete", "menu-complete", "possible-completions": .special(.tab, [])
        case "menu-complete-backward", "old-menu-complete": .special(.tab, .shift)
        case "delete-char", "end-of-file": .control(4)
        case "delete-horizontal-space": .alt(92)
        case "downcase-word": .alt(108)
        case "edit-and-execute-command": .alt(101)
        case "end-of-history": .alt(62)
        case "end-of-line": .control(5)
        case "exchange-point-and-mark": .control(24)
        case "forward-char": .control(6)
        case "forward-word": .alt(102)
        case "history-search-backward", "history-substring-search-backward", "previous-history", "previous-screen-line":
            .special(.up, [])
        case "history-search-forward", "history-substring-search-forward", "next-history", "next-screen-line":
            .special(.down, [])
        case "insert-comment": .alt(35)
        case "insert-completions": .alt(42)
        case "kill-line": .control(11)
        case "kill-word": .alt(100)
        case "operate-and-get-next": .control(15)
        case "quoted-insert": .control(22)
        case "reverse-search-history", "forward-search-history", "non-incremental-reverse-search-history": .control(18)
        case "revert-line": .alt(114)
        case "set-mark": .control(0)
        case "shell-expand-line": .altControl(5)
        case "shell-backward-word": .altControl(2)
        case "shell-forward-word": .altControl(6)
        case "shell-kill-word": .altControl(4)
        case "transpose-chars": .control(20)
        case "transpose-words": .alt(116)
        case "undo": .control(31)
        case "unix-line-discard", "kill-whole-line": .control(21)
        case "unix-word-rubout": .control(23)
        case "upcase-word": .alt(117)
        case "yank": .control(25)
        case "yank-last-arg", "insert-last-argument": .alt(46)
        case "yank-nth-arg": .altControl(25)
        case "yank-pop": .alt(121)
        default: nil
        }
    }
}
