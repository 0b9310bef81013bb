// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What terminals are told beside the text: the title, the directory (OSC 7) and where prompts, commands and their output are (OSC 133).
struct Announcements {
    /// False where the terminal would show the sequences as text, or the user does not want them (`VSH_NO_OSC`).
    var isOn: Bool
    var host: [UInt8]

    init(term: [UInt8], isRefused: Bool, host: [UInt8]) {
        isOn = !isRefused && !term.starts(with: Array("linux".utf8)) && term != Array("dumb".utf8)
        self.host = host
    }

    /// Before the prompt.
    func promptStarts(directory: [UInt8], home: [UInt8], into out: inout [UInt8]) {
        if !isOn { return }
        out += [27] + Array("]7;file://".utf8) + host
        for byte in directory {
            let isPlain =
                byte >= 48 && byte <= 57 || byte >= 65 && byte <= 90 || byte >= 97 && byte <= 122
                || byte >= 45 && byte <= 47 || byte == 95 || byte == 126
            if isPlain { out.append(byte) } else { out += [37, hex(byte >> 4), hex(byte & 15)] }
        }
        out.append(7)
        var shown = directory
        if !home.isEmpty, directory.starts(with: home),
            directory.count == home.count || directory[home.count] == 47
        {
            shown = [126] + directory.dropFirst(home.count)
        }
        title(shown, into: &out)
        out += Array("\u{1B}]133;A\u{7}".utf8)
    }

    /// The line is accepted, and the command's output begins.
    func commandStarts(_ command: [UInt8], into out: inout [UInt8]) {
        if !isOn { return }
        title(Array(command.prefix { $0 != 10 }.prefix(80)), into: &out)
        out += Array("\u{1B}]133;C\u{7}".utf8)
    }

    func commandEnded(status: Int32, into out: inout [UInt8]) {
        if isOn { out += Array("\u{1B}]133;D;\(status)\u{7}".utf8) }
    }

    private func title(_ text: [UInt8], into out: inout [UInt8]) {
        out += Array("\u{1B}]0;".utf8)
        // Control characters, and the C1 ones that UTF-8 spells 0xC2 0x80…0x9F, would end the sequence.
        var last: UInt8 = 0
        for byte in text {
            let isControl = byte < 32 || byte == 127 || last == 0xC2 && byte < 0xA0
            out.append(isControl ? 63 : byte)
            last = byte
        }
        out.append(7)
    }

    private func hex(_ digit: UInt8) -> UInt8 { digit < 10 ? 48 + digit : 55 + digit }
}
