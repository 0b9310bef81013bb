// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// The words of a command line that name files which are there: without them the line is of no use any more, and is not
/// proposed.
enum HistoryPaths {
    /// The words that are paths of something that exists, each followed by NUL; at most sixteen.
    static func existing(in command: [UInt8]) -> [UInt8] {
        var found: [UInt8] = []
        var count = 0
        for word in words(command).dropFirst() where count < 16 {
            if word.first == 45 || word.first == 126 || word.count > 1024 { continue }
            if (try? FileStatus(word, follow: false)) != nil {
                found += word + [0]
                count += 1
            }
        }
        return found
    }

    /// Whether all paths of such a list are there.
    static func areThere(_ list: [UInt8]) -> Bool {
        for path in list.split(separator: 0) where (try? FileStatus(path, follow: false)) == nil { return false }
        return true
    }

    /// Words without expansions, their quotes taken off. Words that anything is expanded in are left out.
    static func words(_ command: [UInt8]) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var word: [UInt8] = []
        var isWord = false
        var isPlain = true
        var index = 0
        func finish() {
            if isWord, isPlain || words.isEmpty { words.append(word) }
            word = []
            isWord = false
            isPlain = true
        }
        while index < command.count {
            let byte = command[index]
            index += 1
            switch byte {
            case 32, 9, 10, 59, 38, 124, 40, 41, 60, 62: finish()
            case 39:
                isWord = true
                while index < command.count, command[index] != 39 {
                    word.append(command[index])
                    index += 1
                }
                index += 1
            case 34:
                isWord = true
                while index < command.count, command[index] != 34 {
                    if command[index] == 36 || command[index] == 96 { isPlain = false }
                    if command[index] == 92, index + 1 < command.count { index += 1 }
                    word.append(command[index])
                    index += 1
                }
                index += 1
            case 92:
                isWord = true
                if index < command.count {
                    word.append(command[index])
                    index += 1
                }
            case 36, 96, 42, 63, 91, 123:
                isWord = true
                isPlain = false
            default:
                isWord = true
                word.append(byte)
            }
        }
        finish()
        return words
    }
}
