// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import VshSystem

/// One run of a file utility: its words, and the shell that it works for.
///
/// Changes go through `files`, which records them; only reading calls are made directly.
final class FileCommand {
    /// What to do after the options were read.
    enum Outcome {
        /// The utility ran; `status` is its exit status.
        case done
        /// A word is an option that is not known here: nothing was changed or written, the external program is to run.
        case external
    }

    let shell: Shell
    /// The name that the utility was called by, which messages begin with.
    let name: Text
    /// The words after the name.
    let words: [Text]
    var status: Int32 = 0

    init(shell: Shell, name: Text, words: [Text]) {
        self.shell = shell
        self.name = name
        self.words = words
    }

    // MARK: surroundings

    /// What changes files, and records it.
    var files: FileSystem { shell.files }

    /// Writes to standard error, after what is in the shell's output.
    func deliverError(_ bytes: borrowing ByteStack) {
        if let planner = files.planner {
            planner.messages.append(bytes.text(from: 0).bytes)
        } else {
            shell.writeError(bytes)
        }
    }

    /// The process's descriptor that is standard input; -1: closed.
    var inputDescriptor: Int32 { shell.inputDescriptor(0) }

    /// The value of an exported variable.
    func variable(_ name: StaticString) -> Text? {
        let symbol = shell.symbols.intern(name)
        shell.syncTables()
        return shell.isSet(symbol) ? shell.value(symbol) : nil
    }

    /// Names may show characters beyond ASCII (the locale's encoding is UTF-8).
    var isUTF8: Bool { shell.isUTF8 }

    // MARK: messages

    /// `NAME: MESSAGE: REASON` on standard error; the exit status becomes 1.
    /// - Parameter code: an errno, 0 for no reason.
    @inline(never)
    func report(_ message: Message, _ code: Int32 = 0) {
        status = max(status, 1)
        warn(message, code)
    }

    /// The same without a change of the exit status.
    @inline(never)
    func warn(_ message: Message, _ code: Int32 = 0) {
        var line = ByteStack(capacity: 256)
        line.append(name)
        line.append(": ")
        message.write(to: &line, isUTF8: isUTF8)
        if code != 0 {
            line.append(": ")
            line.append(string: Errno(rawValue: code).message)
        }
        line.append(10)
        deliverError(line)
    }

    /// A usage error: the message, if there is one, and where to find help.
    @inline(never)
    func reportUsage(_ message: Message?) {
        status = max(status, 1)
        var line = ByteStack(capacity: 256)
        if let message {
            line.append(name)
            line.append(": ")
            message.write(to: &line, isUTF8: isUTF8)
            line.append(10)
        }
        line.append("Try '")
        line.append(name)
        line.append(" --help' for more information.\n")
        deliverError(line)
    }

    /// A line on standard output.
    @inline(never)
    func say(_ message: Message) {
        if files.isPlanning { return }
        message.write(to: &shell.output, isUTF8: isUTF8)
        shell.output.append(10)
        shell.flushOutput()
    }

    /// `NAME: QUESTION` on standard error, and whether the next line of standard input says yes: begins with y or Y.
    @inline(never)
    func asks(_ question: Message) -> Bool {
        let first = answer(question)
        return first == 121 || first == 89
    }

    /// `NAME: QUESTION` on standard error, and the first byte of the next line of standard input, 0 when there is none.
    func answer(_ question: Message) -> UInt8 {
        var line = ByteStack(capacity: 256)
        line.append(name)
        line.append(": ")
        question.write(to: &line, isUTF8: isUTF8)
        line.append(" ")
        if let planner = files.planner {
            planner.questions.append(line.text(from: 0).bytes)
            return UInt8(ascii: "y")
        }
        deliverError(line)
        return readAnswer()
    }

    /// The first byte of a line, which is read byte by byte: what follows belongs to somebody else.
    private func readAnswer() -> UInt8 {
        let descriptor = inputDescriptor
        guard descriptor >= 0 else { return 0 }
        var first: UInt8 = 0
        var byte: UInt8 = 0
        var isFirst = true
        while true {
            do throws(Errno) {
                let count = try withUnsafeMutableBytes(of: &byte) { (buffer) throws(Errno) -> Int in
                    try System.read(descriptor, into: buffer)
                }
                if count == 0 { break }
            } catch {
                if error == .interrupted { continue }
                return 0
            }
            if isFirst {
                first = byte
                isFirst = false
            }
            if byte == 10 { break }
        }
        return first
    }

    /// Whether the variable POSIXLY_CORRECT is set: options end at the first operand.
    var isPOSIX: Bool { variable("POSIXLY_CORRECT") != nil }
}

/// A message under construction: texts and names, which are quoted when it is written.
///
/// `\(name)` is always quoted so that a shell would read it as one word: 'name', 'it'\''s', 'a'$'\n''b'; `\(bare: name)` only
/// where that is needed, `\(said: name)` in plain quotes with C escapes, `\(raw: text)` not at all.
struct Message: ExpressibleByStringInterpolation {
    enum Part {
        case literal(String)
        case name(Text, QuotingStyle)
        case raw(Text)
    }

    var parts: [Part] = []

    init(stringLiteral value: String) { parts = [.literal(value)] }
    init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

    struct StringInterpolation: StringInterpolationProtocol {
        var parts: [Part] = []

        init(literalCapacity: Int, interpolationCount: Int) { parts.reserveCapacity(interpolationCount * 2 + 1) }
        mutating func appendLiteral(_ literal: String) { if !literal.isEmpty { parts.append(.literal(literal)) } }
        mutating func appendInterpolation(_ name: Text) { parts.append(.name(name, .shellEscapeAlways)) }
        mutating func appendInterpolation(bare name: Text) { parts.append(.name(name, .shellEscape)) }
        mutating func appendInterpolation(said name: Text) { parts.append(.name(name, .locale)) }
        mutating func appendInterpolation(raw text: Text) { parts.append(.raw(text)) }
        mutating func appendInterpolation(_ number: Int) { parts.append(.raw(Text(decimal: number))) }
        mutating func appendInterpolation(_ message: Message) { parts += message.parts }
        mutating func appendInterpolation(_ literal: String) { parts.append(.literal(literal)) }
    }

    func write(to out: inout ByteStack, isUTF8: Bool) {
        for part in parts {
            switch part {
            case .literal(let string): out.append(string: string)
            case .raw(let text): out.append(text)
            case .name(let name, let style):
                var quoting = Quoting(style, isUTF8: isUTF8)
                quoting.quotesColon = style == .shellEscape
                quoting.append(name, to: &out)
            }
        }
    }
}
