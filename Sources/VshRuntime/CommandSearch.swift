// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Where a command name leads (XCU 2.9.1.4).
public enum CommandLocation {
    case found(Text)
    /// A file of that name is there but cannot be executed.
    case notExecutable
    case missing
}

extension Shell {
    /// Looks a program up in PATH, or `path`; a name with a slash is its own path.
    public func searchPath(_ name: Text, path: Text? = nil) -> CommandLocation {
        if name.withBytes({ $0.contains(47) }) { return check(name) }
        if name.isEmpty { return .missing }
        var result = CommandLocation.missing
        let list = path ?? value(.path)
        if path == nil && !isSet(KnownSymbol.path.rawValue) { return searchPath(name, path: Shell.defaultPath) }
        let mark = scratch.count
        defer { scratch.pop(to: mark) }
        var start = 0
        while start <= list.count {
            var end = start
            while end < list.count && list[end] != 58 { end += 1 }
            scratch.pop(to: mark)
            if end > start {
                scratch.append(list.slice(start..<end))
                if scratch[scratch.count - 1] != 47 { scratch.append(47) }
            } else {
                scratch.append("./")
            }
            scratch.append(name)
            let candidate = scratch.text(from: mark)
            switch check(candidate) {
            case .found: return .found(candidate)
            case .notExecutable: result = .notExecutable
            case .missing: break
            }
            start = end + 1
        }
        return result
    }

    private func check(_ path: Text) -> CommandLocation {
        // One call for each directory that does not have it.
        guard let info = try? FileStatus(path) else { return .missing }
        return !info.isDirectory && System.isAccessible(path, .execute) ? .found(path) : .notExecutable
    }

    /// The path of a program, or nil when there is none that can be run.
    public func findCommand(_ name: Text, path: Text? = nil) -> Text? {
        if case .found(let found) = searchPath(name, path: path) { return found }
        return nil
    }

    /// Where the standard utilities are (`getconf PATH`).
    public static var defaultPath: Text { Text("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") }

    /// Forgets where commands were found (`hash -r`, a new PATH).
    public func forgetCommandPaths() {
        for index in 0..<commandPaths.count where !commandPaths[index].isEmpty { commandPaths[index] = Text() }
        if options.contains(.posix) { placeBuiltins() }
    }
}
