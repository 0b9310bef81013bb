// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

extension Shell {
    /// `set --`: the words from number `first` on become the positional parameters.
    public func setParameters(_ arguments: Arguments, from first: Int) {
        if paramFrame < paramFloor {
            // The present frame belongs to the environment outside: a new one goes on top.
            paramFrame = params.count
        } else {
            params.pop(to: paramFrame)
        }
        paramBase = paramFrame
        for index in arguments.base + first..<max(arguments.base + first, arguments.base + arguments.count) {
            params.append(fields[index])
        }
        paramCount = params.count - paramBase
    }

    /// The positional parameters of a new shell: the words from `first` on.
    public func setParameters(_ words: borrowing Table<Text>, from first: Int) {
        params.pop(to: paramFrame)
        paramBase = paramFrame
        for index in first..<max(first, words.count) { params.append(words[index]) }
        paramCount = params.count - paramBase
    }

    /// `shift n`, n ≤ `paramCount`.
    public func shiftParameters(_ n: Int) {
        paramBase += n
        paramCount -= n
    }

    /// Parameter `number`, counted from 1 and at most `paramCount`.
    public func parameter(_ number: Int) -> Text { params[paramBase + number - 1] }

    /// Remembers where a command was found (`hash`).
    public func rememberCommandPath(_ symbol: Symbol, _ path: Text) {
        if isVirtualSubshell { stateTrail.append(.commandPath(symbol, commandPaths[symbol])) }
        commandPaths[symbol] = path
    }

    /// Turns an option on or off, with what follows from it.
    public func setOption(_ option: ShellOptions, _ isOn: Bool) {
        if isOn { options.insert(option) } else { options.remove(option) }
        if option == .extglob { ifsClass[40] = ifsClass[40] & 3 | (isOn ? 4 : 0) }
        if option == .notify && isOn { Signals.watchChildren() }
        if option == .hashall { setOption(.locatesInDefinitions, isOn) }
        if option == .posix { placeBuiltins() }
        if option == .announce { files.isAnnouncing = isOn }
        if option == .monitor && !isVirtualSubshell {
            if isOn && terminalDescriptor < 0 { takeTerminal() }
            applySignalDispositions()
        }
    }

    /// Changes the working directory of this environment, without touching `PWD`: 0, or a positive errno.
    public func changeDirectory(_ path: Text) -> Int32 {
        willChangeDirectory()
        files.willChangeDirectory()
        do throws(Errno) {
            try files.changeDirectory(path)
        } catch {
            return error.rawValue
        }
        files.didChangeDirectory()
        return 0
    }

    /// `builtin name …`: runs the builtin that the first word names.
    public func runBuiltinWords(_ arguments: Arguments) throws(ShellError) -> Flow {
        guard let symbol = symbols.find(argument(arguments, 0)) else { return .normal }
        let number = builtinAnywhere(symbol)
        return number >= 0 ? try runBuiltin(number, arguments) : .normal
    }

    /// `command name …`: runs the words without looking at functions.
    public func runCommandWords(_ arguments: Arguments, useDefaultPath: Bool) throws(ShellError) -> Flow {
        let name = argument(arguments, 0)
        let number = symbols.find(name).map { useDefaultPath ? builtinAnywhere($0) : builtinNumber($0) } ?? -1
        if number >= 0 {
            do throws(ShellError) {
                return try runBuiltin(number, arguments)
            } catch {
                if error.kind == .specialBuiltin {
                    status = error.status
                    return .normal
                }
                throw error
            }
        }
        if useDefaultPath {
            guard let path = findCommand(name, path: Shell.defaultPath) else {
                report(name: name, "command not found")
                status = 127
                return .normal
            }
            return try runProgram(path, arguments)
        }
        return try runExternal(arguments)
    }
}
