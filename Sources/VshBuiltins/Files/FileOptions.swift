// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Reads the options of a file utility as GNU getopt_long does: options may follow operands (unless POSIXLY_CORRECT is set), long
/// names may be shortened, `--` ends them.
struct FileOptions {
    /// An option as the utility names it: its letter, or for those without one a number from 256 on.
    struct Long {
        let name: StaticString
        let code: Int
        /// 0 takes no argument, 1 needs one, 2 may have one (`--name=value`).
        let argument: Int

        init(_ name: StaticString, _ code: Int, argument: Int = 0) {
            self.name = name
            self.code = code
            self.argument = argument
        }
    }

    /// What was given, in order: the code, and the argument or nil.
    private(set) var given: [(code: Int, value: Text?)] = []
    private(set) var operands: [Text] = []
    /// An option is not known here: the external program is to run.
    private(set) var isUnknown = false

    /// - Parameters:
    ///   - letters: as for getopt: a letter, followed by `:` when it needs an argument.
    init(_ words: [Text], letters: StaticString, long: [Long], isPOSIX: Bool) {
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if word.count < 2 || word[0] != 45 {
                operands.append(word)
                if isPOSIX { break }
                continue
            }
            if word[1] != 45 {
                if !readLetters(word, letters, words, &index) { return }
                continue
            }
            if word.count == 2 { break }
            if !readLong(word, long, words, &index) { return }
        }
        operands += words[index...]
    }

    private mutating func readLetters(_ word: Text, _ letters: StaticString, _ words: [Text], _ index: inout Int)
        -> Bool
    {
        var place = 1
        while place < word.count {
            let letter = word[place]
            place += 1
            var known = -1
            for position in 0..<letters.utf8CodeUnitCount where letter != 58 && letters.utf8Start[position] == letter {
                known = position
            }
            if known < 0 {
                isUnknown = true
                return false
            }
            let takesArgument = known + 1 < letters.utf8CodeUnitCount && letters.utf8Start[known + 1] == 58
            if !takesArgument {
                given.append((Int(letter), nil))
                continue
            }
            if place < word.count {
                given.append((Int(letter), word.slice(place..<word.count)))
            } else if index < words.count {
                given.append((Int(letter), words[index]))
                index += 1
            } else {
                isUnknown = true  // the external program says what is missing
                return false
            }
            return true
        }
        return true
    }

    private mutating func readLong(_ word: Text, _ long: [Long], _ words: [Text], _ index: inout Int) -> Bool {
        let equals = word.withBytes { $0.firstIndex(of: 61) }
        let name = word.slice(2..<(equals ?? word.count))
        var match: Long?
        for option in long {
            if name.equals(option.name) {
                match = option
                break
            }
            let isPrefix = name.withBytes { bytes in
                bytes.count < option.name.utf8CodeUnitCount
                    && bytesEqual(bytes, UnsafeBufferPointer(start: option.name.utf8Start, count: bytes.count))
            }
            if isPrefix {
                if let other = match, other.code != option.code {
                    isUnknown = true
                    return false
                }
                match = option
            }
        }
        guard let match, !(equals != nil && match.argument == 0) else {
            isUnknown = true
            return false
        }
        var value: Text?
        if let equals {
            value = word.slice(equals + 1..<word.count)
        } else if match.argument == 1 {
            guard index < words.count else {
                isUnknown = true
                return false
            }
            value = words[index]
            index += 1
        }
        given.append((match.code, value))
        return true
    }
}
