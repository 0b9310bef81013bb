// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// Names that no file holds, but a server that runs: Docker's (or Podman's) is asked through its socket, tmux's by `tmux list-sessions`, where
/// a server has a socket. Asked when Tab wants such a name, and waited for half a second at most.
enum ServerNames {
    typealias Name = (name: [UInt8], description: [UInt8])

    private static var patience: Int64 { 500_000_000 }

    // MARK: Docker

    static func containers(_ shell: Shell, all: Bool) -> [Name] {
        var found: [Name] = []
        for item in ask(shell, all ? "/containers/json?all=1" : "/containers/json").elements {
            let description = (item["Image"]?.text ?? []) + Array(", ".utf8) + (item["Status"]?.text ?? [])
            // A name begins with a slash; with further ones it is a link.
            for name in item["Names"]?.elements.map(\.text) ?? [] where name.lastIndex(of: 47) == 0 {
                found.append((Array(name.dropFirst()), description))
            }
        }
        return found
    }

    static func images(_ shell: Shell) -> [Name] {
        var found: [Name] = []
        for item in ask(shell, "/images/json").elements {
            let number = Array((item["Id"]?.text ?? []).drop { $0 != 58 }.dropFirst().prefix(12))
            let tags = (item["RepoTags"]?.elements.map(\.text) ?? []).filter { $0.first != 60 }
            found += tags.map { (name: $0, description: number) }
            if tags.isEmpty, !number.isEmpty { found.append((number, Array("without a name".utf8))) }
        }
        return found
    }

    static func volumes(_ shell: Shell) -> [Name] {
        (ask(shell, "/volumes")["Volumes"]?.elements ?? []).compactMap(named)
    }

    static func networks(_ shell: Shell) -> [Name] { ask(shell, "/networks").elements.compactMap(named) }

    private static func named(_ item: JSON) -> Name? {
        item["Name"].map { (name: $0.text, description: item["Driver"]?.text ?? []) }
    }

    /// What the Engine API answers to a GET; an empty text when there is no server. (HTTP/1.0: the answer ends with the connection.)
    private static func ask(_ shell: Shell, _ resource: String) -> JSON {
        var sockets = [Array("/var/run/docker.sock".utf8), Array("/run/podman/podman.sock".utf8)]
        let runtime = shell.environmentText("XDG_RUNTIME_DIR")
        if !runtime.isEmpty {
            sockets = [runtime + Array("/docker.sock".utf8), runtime + Array("/podman/podman.sock".utf8)] + sockets
        }
        let host = shell.environmentText("DOCKER_HOST")
        if !host.isEmpty { sockets = host.starts(with: "unix://".utf8) ? [Array(host.dropFirst(7))] : [] }
        for socket in sockets {
            guard let fd = try? System.connect(toLocal: socket) else { continue }
            defer { try? System.close(fd) }
            let request = Array("GET \(resource) HTTP/1.0\r\nHost: docker\r\n\r\n".utf8)
            guard (try? System.writeAll(fd, request)) != nil else { continue }
            let answer = readAll(fd)
            guard answer.starts(with: "HTTP/1.".utf8), answer.dropFirst(9).starts(with: "200".utf8),
                let body = bodyStart(answer)
            else { continue }
            return JSON(Array(answer[body...]))
        }
        return JSON([])
    }

    private static func bodyStart(_ answer: [UInt8]) -> Int? {
        var at = 0
        while at + 4 <= answer.count {
            if answer[at] == 13, answer[at + 1] == 10, answer[at + 2] == 13, answer[at + 3] == 10 { return at + 4 }
            at += 1
        }
        return nil
    }

    /// What comes until the end, or until patience ends.
    private static func readAll(_ fd: Int32) -> [UInt8] {
        var found: [UInt8] = []
        let end = Clock.monotonic + patience
        withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 8) { buffer in
            while found.count < 16 << 20 {
                let left = end - Clock.monotonic
                guard left > 0, (try? System.waitReady(fd, timeout: left)) == true,
                    let count = try? System.read(fd, into: buffer), count > 0
                else { return }
                found += buffer[..<count]
            }
        }
        return found
    }

    // MARK: tmux

    static func tmuxSessions(_ shell: Shell, _ words: [[UInt8]]) -> [Name] {
        // The server that the command line means, else that of the environment.
        var server: [[UInt8]] = []
        for (index, word) in words.enumerated() where word == Array("-L".utf8) || word == Array("-S".utf8) {
            if index + 1 < words.count { server += [word, words[index + 1]] }
        }
        if server.isEmpty, shell.environmentText("TMUX").isEmpty {
            let directory = shell.environmentText("TMUX_TMPDIR")
            let sockets = (directory.isEmpty ? Array("/tmp".utf8) : directory) + Array("/tmux-\(System.userID)".utf8)
            if SystemNames.entries(sockets).isEmpty { return [] }
        }
        guard let program = shell.findProgram(Text(Array("tmux".utf8))) else { return [] }
        let format = "#{session_name}\t#{session_windows} windows#{?session_attached, (attached),}"
        let output = run(
            program.bytes, [Array("tmux".utf8)] + server + ["list-sessions", "-F", format].map { Array($0.utf8) }, shell
        )
        return output.split(separator: 10).map { line in
            (name: Array(line.prefix { $0 != 9 }), description: Array(line.drop { $0 != 9 }.dropFirst()))
        }
    }

    /// The standard output of a program that is let see no more than it needs, and is ended when it takes too long.
    private static func run(_ path: [UInt8], _ arguments: [[UInt8]], _ shell: Shell) -> [UInt8] {
        var environment: [[UInt8]] = [Array("LC_ALL=C.UTF-8".utf8)]
        for name: StaticString in ["PATH", "HOME", "TERM", "TMUX", "TMUX_TMPDIR"] {
            let value = shell.environmentText(name)
            if !value.isEmpty { environment.append(SystemNames.bytes(name) + [61] + value) }
        }
        guard let null = try? System.open("/dev/null" as StaticString, [.readWrite, .closeOnExec]) else { return [] }
        defer { try? System.close(null) }
        guard let pipe = try? System.pipe() else { return [] }
        defer { try? System.close(pipe.read) }
        var launch = Launch()
        launch.processGroup = .own
        launch.defaultSignals = .all
        let child = try? shell.files.startHelper(
            path, arguments, environment: environment,
            actions: [.duplicate(null, to: 0), .duplicate(pipe.write, to: 1), .duplicate(null, to: 2)], launch)
        try? System.close(pipe.write)
        guard let child else { return [] }
        let output = readAll(pipe.read)
        // It has ended, or is late.
        try? Signals.send(.kill, to: child)
        _ = try? System.waitForeground(child)
        return output
    }
}
