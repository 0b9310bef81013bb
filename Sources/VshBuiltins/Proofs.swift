// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// `proofs`: what is proven of the shell, from proofs/manifest.
func registerProofs(_ shell: Shell) {
    shell.register(
        "proofs", .extension_, traits: .isPure, synopsis: "[theorem...]",
        summary: "List what is proven of undo, or say of theorems what states, tests and runs them.", function: proofs)
}

private func proofs(_ shell: Shell, _ arguments: Arguments) throws(ShellError) -> Flow {
    var options = OptionReader()
    while options.next(shell, arguments, "") != nil {}
    if options.isStopped { return try shell.endUsage(arguments) }
    shell.status = 0
    if options.index == arguments.count {
        for index in 0..<ProofManifest.count { writeHeading(shell, index) }
        return .normal
    }
    for place in options.index..<arguments.count {
        let word = shell.argument(arguments, place)
        guard let index = theorem(word) else {
            var line = ByteStack(capacity: 64)
            line.append("vsh: proofs: ")
            line.append(word)
            line.append(": no such theorem\n")
            shell.writeError(line)
            shell.status = 1
            continue
        }
        writeHeading(shell, index)
        shell.output.append(ProofManifest.details(index))
        shell.output.append(10)
    }
    return .normal
}

private func writeHeading(_ shell: Shell, _ index: Int) {
    shell.output.append(ProofManifest.number(index))
    shell.output.append(32)
    shell.output.append(ProofManifest.name(index))
    shell.output.append(": ")
    shell.output.append(ProofManifest.says(index))
    shell.output.append(10)
}

/// The place of a theorem that is named by its number or its name.
private func theorem(_ word: Text) -> Int? {
    for index in 0..<ProofManifest.count {
        if word == Text(literal: ProofManifest.name(index)) || word == Text(literal: ProofManifest.number(index)) {
            return index
        }
    }
    return nil
}
