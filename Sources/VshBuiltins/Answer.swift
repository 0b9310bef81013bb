// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime

extension Shell {
    /// For builtins whose work is done elsewhere: hands the words over, and shows what comes back.
    func answer<Answer: CommandAnswer>(_ arguments: Arguments, _ work: ([[UInt8]]) -> Answer) {
        if asksForHelp(arguments) { return }
        var words: [[UInt8]] = []
        for index in 1..<max(arguments.count, 1) { words.append(argument(arguments, index).bytes) }
        let answer = work(words)
        output.append(answer.output)
        for message in answer.messages {
            var line = ByteStack(capacity: 128)
            line.append("vsh: ")
            line.append(argument(arguments, 0))
            line.append(": ")
            line.append(message)
            line.append(10)
            writeError(line)
        }
        status = answer.status
    }
}
