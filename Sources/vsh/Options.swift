// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime

/// The command line: `vsh [options] [-c text [name [args]] | -s [args] | file [args]]`.
struct Invocation {
    var options: ShellOptions = [.hashall, .braceexpand]
    var unset: ShellOptions = []
    var hasCommandString = false
    var readsInput = false
    var isLogin = false
    var forcesInteractive = false
    var skipsStartupFiles = false
    var startupFile: Text?
    var recordsUndo = true
    /// Nil: as the environment, the user's configuration and the default have it.
    var sandbox: SandboxLevel?
    var root: Text?
    var showsVersion = false
    var showsHelp = false
    var showsDoctor = false
    /// The index of the first word after the options.
    var firstOperand = 1
    /// What is wrong with the command line.
    var error: String?

    /// - Parameters:
    ///   - words: argv.
    ///   - isPosix: called as `sh`.
    init(_ words: borrowing Table<Text>, isPosix: Bool) {
        if isPosix {
            options.insert(.posix)
            recordsUndo = false
            sandbox = .off
        }
        var index = 1
        loop: while index < words.count {
            let word = words[index]
            guard word.count > 1, word[0] == 45 || word[0] == 43 else {
                if word.equals("-") { index += 1 }
                break
            }
            index += 1
            if word.equals("--") { break }
            if word[0] == 45 && word[1] == 45 {
                readLong(word, words, &index)
                if error != nil { return }
                continue
            }
            readLetters(word, words, &index)
            if error != nil { return }
        }
        firstOperand = min(index, words.count)
        if hasCommandString && firstOperand == words.count { error = "-c: a command string is missing" }
    }

    private mutating func readLong(_ word: Text, _ words: borrowing Table<Text>, _ index: inout Int) {
        var name = word
        var value: Text?
        if let equals = word.withBytes({ $0.firstIndex(of: 61) }) {
            name = word.slice(0..<equals)
            value = word.slice(equals + 1..<word.count)
        }
        if name.equals("--login") {
            isLogin = true
        } else if name.equals("--posix") {
            options.insert(.posix)
            recordsUndo = false
            sandbox = .off
        } else if name.equals("--norc") {
            skipsStartupFiles = true
        } else if name.equals("--rcfile") {
            startupFile = value ?? next(words, &index)
            if startupFile == nil { error = "--rcfile: a file name is missing" }
        } else if name.equals("--version") {
            showsVersion = true
        } else if name.equals("--doctor") {
            showsDoctor = true
        } else if name.equals("--help") {
            showsHelp = true
        } else if name.equals("--no-undo") {
            recordsUndo = false
        } else if name.equals("--undo") {
            recordsUndo = true
        } else if name.equals("--no-sandbox") {
            sandbox = .off
        } else if name.equals("--sandbox") {
            if value == nil || value!.equals("write") {
                sandbox = .write
            } else if value!.equals("strict") {
                sandbox = .strict
            } else {
                error = "--sandbox: the level is write or strict, not \(value!.description)"
            }
        } else if name.equals("--root") {
            root = value ?? next(words, &index)
            if root == nil { error = "--root: a directory is missing" }
            if sandbox == .off { sandbox = .write }
        } else {
            error = "\(word.description): unknown option; vsh --help lists them"
        }
    }

    /// The word after an option that takes one.
    private func next(_ words: borrowing Table<Text>, _ index: inout Int) -> Text? {
        guard index < words.count else { return nil }
        index += 1
        return words[index - 1]
    }

    private mutating func readLetters(_ word: Text, _ words: borrowing Table<Text>, _ index: inout Int) {
        let isOn = word[0] == 45
        for place in 1..<word.count {
            switch word[place] {
            case 99: hasCommandString = true
            case 115 where isOn: readsInput = true
            case 105: forcesInteractive = isOn
            case 108: isLogin = isOn
            case 111:
                guard index < words.count else {
                    error = "-o: an option name is missing"
                    return
                }
                index += 1
                guard let option = ShellOptions.option(name: words[index - 1]) else {
                    error = "\(words[index - 1].description): unknown option name"
                    return
                }
                set(option, isOn)
            case 79 where !options.contains(.posix):
                guard index < words.count, let found = ShellOptions.shoptOption(name: words[index]) else {
                    error = "-O: needs the name of an option of shopt"
                    return
                }
                index += 1
                set(found.option, isOn == found.isOn)
            default:
                guard let option = ShellOptions.option(letter: word[place]) else {
                    error = "\(word.description): unknown option; vsh --help lists them"
                    return
                }
                set(option, isOn)
            }
        }
    }

    private mutating func set(_ given: ShellOptions, _ isOn: Bool) {
        let option = given == .hashall ? [.hashall, .locatesInDefinitions] : given
        if isOn {
            options.insert(option)
            unset.remove(option)
        } else {
            options.remove(option)
            unset.insert(option)
        }
    }
}
