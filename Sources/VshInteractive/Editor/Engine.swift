// SPDX-License-Identifier: MPL-2.0
import CEdit
import VshBase

/// What libedit asks of the editor around it. Its functions get no other context than the `EditLine`.
protocol EngineClient: AnyObject {
    /// The next character for libedit, or nil to give the line up.
    func nextCharacter() -> UInt32?
    /// Does what was decided when `Engine.keyCode` was returned.
    func performKey() -> Engine.Outcome
    /// Which key map libedit is in: an answer to `Engine.probeCode`.
    func didProbe(isCommandMode: Bool)
    /// libedit rang the bell.
    func bell()
}

/// libedit as the editing engine: the buffer, the commands of vi mode and those of emacs mode that it has. What it draws goes nowhere.
///
/// Text is handed over as bytes. A byte that is no UTF-8 is, in libedit's buffer, the character `UTF8Characters.invalid` + byte.
final class Engine {
    /// What a key of ours did to the line.
    enum Outcome: Int32 {
        /// CC_NEWLINE: the line is complete.
        case accepted = 1
        /// CC_EOF
        case ended = 2
        /// CC_ARGHACK: libedit's counts and operators stay.
        case unnoticed = 3
        /// CC_REFRESH: libedit's picture of the line is to be made anew.
        case changed = 4
    }

    enum Mode { case emacs, vi }

    // Characters 0x80…0x9F are looked up in the key maps, but are never text.
    static var keyCode: UInt32 { 0x80 }
    static var probeCode: UInt32 { 0x81 }
    static var nextWordCode: UInt32 { 0x82 }
    static var previousWordCode: UInt32 { 0x83 }
    static var upperCaseCode: UInt32 { 0x84 }
    static var lowerCaseCode: UInt32 { 0x85 }
    static var capitalCode: UInt32 { 0x86 }
    static var transposeCode: UInt32 { 0x87 }

    private let edit: OpaquePointer
    private(set) var mode: Mode?

    /// nil when there is no memory for it.
    init?(descriptor: Int32, client: EngineClientBox) {
        vsh_edit_use_utf8()
        let data = Unmanaged.passUnretained(client).toOpaque()
        let opened = vsh_edit_open(
            descriptor, data,
            { data, bytes, count in
                guard let data, let bytes else { return Int(count) }
                // The bell is the one thing of libedit's output that is passed on.
                for index in 0..<Int(count) where bytes[index] == 7 {
                    Unmanaged<EngineClientBox>.fromOpaque(data).takeUnretainedValue().client?.bell()
                    break
                }
                return Int(count)
            },
            { edit, character in
                guard let character, let client = Engine.client(edit) else { return -1 }
                guard let next = client.nextCharacter() else { return -1 }
                character.pointee = wchar_t(bitPattern: next)
                return 1
            })
        guard let opened else { return nil }
        edit = opened
        vsh_edit_keep_queues(edit)
        // libedit frees neither names nor functions, so each is added once.
        Engine.add(edit, "vsh-key") { edit, _ in
            UInt8(truncatingIfNeeded: (Engine.client(edit)?.performKey() ?? .changed).rawValue)
        }
        Engine.add(edit, "vsh-in-insert-map") { edit, _ in
            Engine.client(edit)?.didProbe(isCommandMode: false)
            return UInt8(Outcome.unnoticed.rawValue)
        }
        Engine.add(edit, "vsh-in-command-map") { edit, _ in
            Engine.client(edit)?.didProbe(isCommandMode: true)
            return UInt8(Outcome.unnoticed.rawValue)
        }
    }

    private static func client(_ edit: OpaquePointer?) -> (any EngineClient)? {
        guard let edit, let data = vsh_edit_data(edit) else { return nil }
        return Unmanaged<EngineClientBox>.fromOpaque(data).takeUnretainedValue().client
    }

    private static func add(_ edit: OpaquePointer, _ name: String, _ function: vsh_edit_function) {
        withWide(name) { _ = vsh_edit_add(edit, $0, function) }
    }

    private static func withWide(_ text: String, _ body: (UnsafePointer<wchar_t>) -> Void) {
        let wide = text.unicodeScalars.map { wchar_t(bitPattern: $0.value) } + [0]
        // libedit keeps the name it is given, so it must stay.
        let kept = UnsafeMutablePointer<wchar_t>.allocate(capacity: wide.count)
        kept.initialize(from: wide, count: wide.count)
        body(kept)
    }

    /// Chooses the key maps and puts our keys into them.
    func use(_ new: Mode) {
        if mode == new { return }
        mode = new
        Engine.withWide(new == .vi ? "vi" : "emacs") { _ = vsh_edit_set_mode(edit, $0) }
        bind(0, Engine.keyCode, "vsh-key")
        bind(0, Engine.probeCode, "vsh-in-insert-map")
        let commands: [(UInt32, String)] = [
            (Engine.nextWordCode, "em-next-word"), (Engine.previousWordCode, "ed-prev-word"),
            (Engine.upperCaseCode, "em-upper-case"), (Engine.lowerCaseCode, "em-lower-case"),
            (Engine.capitalCode, "em-capitol-case"), (Engine.transposeCode, "ed-transpose-chars"),
        ]
        for (code, name) in commands { bind(0, code, name) }
        if new == .vi {
            bind(1, Engine.keyCode, "vsh-key")
            bind(1, Engine.probeCode, "vsh-in-command-map")
            for (code, name) in commands { bind(1, code, name) }
            // Ours, and never sent. Should one come when libedit is thought to insert, its own commands would read on by themselves.
            for code in "/?nNuUjJkKGv#_:@=*\\+-.".unicodeScalars { bind(1, code.value, "vsh-in-command-map") }
            // Lead-ins of the arrow keys' sequences, which libedit never gets.
            for code in [UInt32(79), 91] { bind(1, code, "ed-unassigned") }
            bind(0, 27, "vi-command-mode")
        }
    }

    private func bind(_ isAlternative: Int32, _ code: UInt32, _ name: String) {
        let key: [wchar_t] = [wchar_t(bitPattern: code), 0]
        Engine.withWide(name) { name in
            key.withUnsafeBufferPointer { _ = vsh_edit_bind(edit, isAlternative, $0.baseAddress!, name) }
        }
    }

    /// Edits a line until a key of ours accepts or ends it, or `nextCharacter` gives nil.
    func run() {
        var count: Int32 = 0
        _ = el_wgets(edit, &count)
    }

    /// Has libedit draw into one row, at the start of a line. What it draws is never seen, but where it believes the cursor to be and where
    /// the last row is come apart when a line is replaced, or is taller than the screen, and then it writes past its picture of the screen.
    func flatten() { vsh_edit_flatten(edit) }

    /// Makes libedit's buffer twice as long as the text. Deleting, it copies as much from behind the text as it deletes.
    func makeRoom(_ text: [UInt8], cursor: Int) {
        if text.count > Engine.roomAtLeast { write(text, cursor: cursor) }
    }

    /// libedit's buffer is never shorter than twice that.
    private static var roomAtLeast: Int { 256 }

    /// The buffer, and the cursor as an offset in its bytes.
    func read() -> (text: [UInt8], cursor: Int) {
        guard let line = el_wline(edit), let start = line.pointee.buffer, var end = line.pointee.lastchar,
            var place = line.pointee.cursor
        else { return ([], 0) }
        // vi's `$` in an empty line puts the cursor before the buffer: what is inserted next would be written there. Whatever
        // command leaves the line so, its ends and its cursor are put in order again before the next.
        if end < start || place < start || place > end {
            end = max(end, start)
            place = min(max(place, start), end)
            let own = UnsafeMutablePointer(mutating: line)
            own.pointee.lastchar = end
            own.pointee.cursor = place
        }
        let count = end - start
        let cursorIndex = place - start
        var text: [UInt8] = []
        text.reserveCapacity(count + 16)
        var cursor = 0
        for index in 0..<count {
            if index == cursorIndex { cursor = text.count }
            Engine.append(UInt32(bitPattern: start[index]), to: &text)
        }
        if cursorIndex == count { cursor = text.count }
        return (text, cursor)
    }

    /// Replaces the buffer. `cursor` is an offset in the bytes of `text`, at the start of a character.
    func write(_ text: [UInt8], cursor: Int) {
        guard let line = el_wline(edit) else { return }
        var wide: [wchar_t] = []
        wide.reserveCapacity(text.count + 1)
        var cursorIndex = 0
        text.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress else { return }
            var at = 0
            while at < text.count {
                if at <= cursor { cursorIndex = wide.count }
                let (value, length) = UTF8Characters.decode(base, at, text.count)
                at += length
                // NUL would end the text for libedit.
                wide.append(wchar_t(bitPattern: value == 0 ? 0xFFFD : value))
            }
            if cursor >= text.count { cursorIndex = wide.count }
        }
        if wide.isEmpty {
            // el_wreplacestr refuses the empty text, and deleting would fill vi's yank buffer. libedit hands out its own line here.
            let own = UnsafeMutablePointer(mutating: line)
            own.pointee.cursor = own.pointee.buffer
            own.pointee.lastchar = own.pointee.buffer
            return
        }
        let count = wide.count
        if count > Engine.roomAtLeast { wide += repeatElement(32, count: count) }
        wide.append(0)
        _ = wide.withUnsafeBufferPointer { el_wreplacestr(edit, $0.baseAddress!) }
        if let buffer = line.pointee.buffer { UnsafeMutablePointer(mutating: line).pointee.lastchar = buffer + count }
        // No further than the text goes: libedit adds to a pointer before it looks.
        _ = el_cursor(edit, -Int32(line.pointee.cursor - line.pointee.buffer))
        _ = el_cursor(edit, Int32(cursorIndex))
    }

    static func append(_ value: UInt32, to text: inout [UInt8]) {
        switch value {
        case 0..<0x80: text.append(UInt8(value))
        case 0x80..<0x800: text += [UInt8(0xC0 | value >> 6), UInt8(0x80 | value & 63)]
        case 0x800..<0x1_0000:
            text += [UInt8(0xE0 | value >> 12), UInt8(0x80 | value >> 6 & 63), UInt8(0x80 | value & 63)]
        case 0x1_0000..<0x11_0000:
            text += [UInt8(0xF0 | value >> 18), UInt8(0x80 | value >> 12 & 63)]
            text += [UInt8(0x80 | value >> 6 & 63), UInt8(0x80 | value & 63)]
        default: text.append(UInt8(truncatingIfNeeded: value &- UTF8Characters.invalid))
        }
    }
}

/// A place that libedit can point to.
final class EngineClientBox {
    weak var client: (any EngineClient)?
    init() {}
}
