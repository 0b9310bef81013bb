// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

/// What a command without its shell leaves for the shell to show.
public protocol CommandAnswer {
    /// What goes to standard output.
    var output: [UInt8] { get }
    /// Lines for standard error, to be written with the command's name in front.
    var messages: [[UInt8]] { get }
    var status: Int32 { get }
}

/// The command `audit` without its shell: words in, text and status out. Statuses: 0 done and in order, 1 something is
/// wrong with the log, or there is none, 2 usage.
public struct AuditCommand: CommandAnswer {
    /// What goes to standard output.
    public internal(set) var output: [UInt8] = []
    /// Lines for standard error, to be written with the command's name in front.
    public private(set) var messages: [[UInt8]] = []
    public internal(set) var status: Int32 = 0

    let files: FileSystem
    /// Of the programs that it runs: NAME=value.
    let environment: [[UInt8]]

    init(_ files: FileSystem, _ environment: [[UInt8]]) {
        self.files = files
        self.environment = environment
    }

    /// Runs the command.
    /// - Parameters:
    ///   - words: those after the name.
    ///   - environment: of the programs that it runs: NAME=value.
    public static func run(_ words: [[UInt8]], _ files: FileSystem, environment: [[UInt8]]) -> AuditCommand {
        var command = AuditCommand(files, environment)
        let rest = Array(words.dropFirst())
        do throws(StoreError) {
            switch words.first.map({ String(decoding: $0, as: UTF8.self) }) {
            case "verify": try command.verify(rest)
            case "head": try command.head(rest)
            case "log": try command.log(rest)
            case "push": try command.push(rest)
            case nil: command.wrong("one of verify, head, log or push is needed")
            default: command.wrong("unknown subcommand ", words[0])
            }
        } catch {
            command.status = 1
            command.messages.append(UndoText().printable(error.path) + Array(": \(error.reason)".utf8))
        }
        return command
    }

    mutating func wrong(_ message: String, _ word: [UInt8] = []) {
        messages.append(Array(message.utf8) + UndoText().printable(word))
        status = 2
    }

    mutating func say(_ message: String) { messages.append(Array(message.utf8)) }

    /// The log with everything that waits taken in; nil after a message when there is none.
    mutating func openLog() throws(StoreError) -> (OperationLog, StateDirectory)? {
        files.splitOperation()
        guard let state = files.state, (try? FileStatus(state.control)) != nil else {
            say("nothing is logged")
            status = 1
            return nil
        }
        let log = try OperationLog(state)
        try log.importJournals(state)
        return (log, state)
    }

    // MARK: verify, head

    private mutating func verify(_ words: [[UInt8]]) throws(StoreError) {
        var expected: AuditHead?
        var index = 0
        while index < words.count {
            if words[index] == Array("--head".utf8), index + 1 < words.count {
                guard let head = AuditHead(words[index + 1][...]) else {
                    return wrong("not a head, such as `audit head` prints: ", words[index + 1])
                }
                expected = head
                index += 2
            } else {
                return wrong("unknown argument ", words[index])
            }
        }
        guard let (log, state) = try openLog() else { return }
        let report = try log.verifyAudit(state, expected: expected)
        for finding in report.findings {
            status = 1
            say(finding.row.map { "row \($0) \(finding.text)" } ?? finding.text)
        }
        if !report.findings.isEmpty { return }
        guard let head = report.head else {
            // Before the first operation there is no chain.
            output = Array("0 rows\n".utf8)
            if expected != nil {
                status = 1
                say("the log is empty: it was replaced")
            }
            return
        }
        var line = "\(report.rows) rows in order, \(report.opened) commitments fit"
        if report.erased > 0 { line += ", \(report.erased) erased" }
        output = Array((line + "\n\(head.text)\n").utf8)
    }

    private mutating func head(_ words: [[UInt8]]) throws(StoreError) {
        if !words.isEmpty { return wrong("too many arguments") }
        guard let (log, _) = try openLog() else { return }
        guard let head = try log.auditHead() else {
            say("nothing is logged")
            status = 1
            return
        }
        output = Array((head.text + "\n").utf8)
    }

    // MARK: log

    private enum Format { case text, json, csv }

    private mutating func log(_ words: [[UInt8]]) throws(StoreError) {
        let text = AuditText()
        var query = AuditQuery()
        var format = Format.text
        var newest: Int?
        var index = 0
        while index < words.count {
            let word = String(decoding: words[index], as: UTF8.self)
            switch word {
            case "--json": format = .json
            case "--csv": format = .csv
            case "--since", "--user", "--path", "--type", "-n":
                index += 1
                guard index < words.count else { return wrong("\(word) needs a value") }
                if let problem = read(word, words[index], &query, &newest, text) { return wrong(problem, words[index]) }
            default: return wrong("unknown argument ", words[index])
            }
            index += 1
        }
        query.wantsPaths = format != .text
        guard let (log, _) = try openLog() else { return }
        var rows: [[UInt8]] = []
        try log.forEachAuditEntry(query) { entry in
            switch format {
            case .text: rows.append(text.line(entry) + [10])
            case .json: rows.append(Array(text.json(entry).utf8) + [10])
            case .csv: rows.append(text.csv(entry))
            }
        }
        if format == .csv { output = Array((AuditText.csvHeader + "\r\n").utf8) }
        for row in rows.suffix(newest ?? rows.count) { output += row }
    }

    /// Takes up an option with its value. What is wrong with it, or nil.
    private func read(
        _ option: String, _ value: [UInt8], _ query: inout AuditQuery, _ newest: inout Int?, _ text: AuditText
    ) -> String? {
        switch option {
        case "--since":
            guard let moment = AuditText.moment(value, now: Clock.realTime) else {
                return "not a date such as 2026-01-31, nor a while such as 2h: "
            }
            query.since = moment
        case "--user":
            guard let user = text.number(value) else { return "no such user: " }
            query.user = user
        case "--type":
            let name = String(decoding: value, as: UTF8.self)
            if !AuditType.isName(name) { return "no such type: " }
            query.types.append(name)
        case "--path": query.path = absolute(value)
        default:
            guard let number = Int(String(decoding: value, as: UTF8.self)), number >= 0 else {
                return "not a number: "
            }
            newest = number
        }
        return nil
    }

    /// Free of symbolic links where the directory exists.
    private func absolute(_ path: [UInt8]) -> [UInt8] {
        let isFound = (path + [0]).withPath {
            files.locate($0, nil, files.first) || files.locateObject($0, nil, files.first)
        }
        if isFound { return files.first.array }
        if path.first == UInt8(ascii: "/") { return path }
        return ((try? System.currentDirectory()) ?? []) + [UInt8(ascii: "/")] + path
    }
}
