// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshRuntime
import XCTest

@testable import VshBuiltins

/// The two halves of the builtins' table agree.
final class OptionTableTests: XCTestCase {
    /// Every option letter of a synopsis has a line that says what it does.
    func testSynopsesAndOptions() {
        let shell = Shell(files: FileSystem(isRecording: false))
        registerBuiltins(shell)
        registerFileBuiltins(shell)
        registerListingBuiltins(shell)
        for index in 0..<shell.builtinTable.count {
            let row = shell.builtinTable[index]
            let name = "\(row.name)"
            if name == "kill" { continue }  // -name and -number stand for many
            let synopsis = Array("\(row.synopsis)".utf8)
            guard let text = BuiltinOptions.text(Text(row.name)) else { continue }
            let lines = "\(text)"
            let known = lines.split(separator: "\n").filter { $0.first == "-" }.flatMap { line in
                line.split(separator: "|")[0].split(separator: " ").map(String.init)
            }
            for place in synopsis.indices where synopsis[place] == 45 {
                guard place == 0 || synopsis[place - 1] == 91 || synopsis[place - 1] == 124 || synopsis[place - 1] == 32
                else { continue }
                var end = place + 1
                while end < synopsis.count, synopsis[end] >= 48, synopsis[end] < 127, synopsis[end] != 91,
                    synopsis[end] != 93, synopsis[end] != 124
                { end += 1 }
                let letters = synopsis[(place + 1)..<end]
                if letters.isEmpty || letters.first == 45 { continue }
                for letter in letters {
                    let option = "-" + String(decoding: [letter], as: UTF8.self)
                    XCTAssertTrue(known.contains(option), "\(name): \(option) of the synopsis is not in the table")
                }
            }
        }
    }
}
