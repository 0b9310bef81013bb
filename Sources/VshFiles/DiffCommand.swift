// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// `diff [N | @ID | @A..[@B] | NAME]`: what changed, as a unified diff that patch(1) and git-apply(1) read.
extension UndoCommand {
    mutating func diff(_ words: [[UInt8]]) throws(UndoError) {
        if words.count > 1 {
            wrong("more than one point")
            return
        }
        let engine = try UndoEngine(files)
        let word = words.first ?? Array("1".utf8)
        var from: OperationID
        var to: OperationID?
        var touched: [OperationID]
        if let count = Self.number(word), count > 0 {
            let view = try engine.view { $0.done.count >= count }
            let entries = view.history.done.prefix(count)
            if entries.isEmpty {
                say("no operation is in effect")
                status = 1
                return
            }
            touched = entries.flatMap(\.effective)
            from = (touched.min() ?? 1) - 1
            to = nil
        } else if let id = Self.identifier(word) {
            guard let operation = try engine.operation(id) else { throw .unknown(id) }
            touched = [id]
            if operation.kind == .begin {
                touched = try engine.load { () throws(StoreError) in try engine.log.members(of: id) }
            }
            if operation.kind == .checkpoint {
                touched = try engine.load { () throws(StoreError) in try engine.log.changing(after: id) }
                from = id
            } else {
                from = (touched.min() ?? id) - 1
                to = touched.max() ?? id
            }
        } else if let (start, end) = Self.range(word) {
            for id in [start, end ?? start] where try engine.operation(id) == nil { throw .unknown(id) }
            (from, to) = (min(start, end ?? start), end.map { max($0, start) })
            touched = try engine.load { () throws(StoreError) in try engine.log.changing(after: from) }
            if let to { touched.removeAll { $0 > to } }
        } else {
            let found = try engine.load { () throws(StoreError) in try engine.log.checkpoints(named: word) }
            guard let checkpoint = found.first(where: { $0.session == engine.session }) ?? found.first else {
                throw .unknownName(word)
            }
            from = checkpoint.id
            touched = try engine.load { () throws(StoreError) in try engine.log.changing(after: from) }
        }
        let old = try PastTree(engine, after: from)
        let new = try PastTree(engine, after: to)
        let differences = try Differences(engine, from: old, to: new, touched: touched)
        var lines: [UInt8] = []
        let writer = DiffWriter(text: text, isTerminal: isTerminal, set: differences.set, linked: differences.linked)
        differences.forEach { pair in lines += writer.difference(pair) }
        output += lines
    }

    /// `@A..` and `@A..@B`.
    static func range(_ word: [UInt8]) -> (OperationID, OperationID?)? {
        let dots = Array("..".utf8)
        guard let cut = word.indices.dropLast().first(where: { Array(word[$0...($0 + 1)]) == dots }),
            let start = identifier(Array(word[..<cut]))
        else { return nil }
        let rest = Array(word[(cut + 2)...])
        if rest.isEmpty { return (start, nil) }
        return identifier(rest).map { (start, $0) }
    }
}

/// Words one difference.
struct DiffWriter {
    let text: UndoText
    let isTerminal: Bool
    let set: PathSet
    let linked: PathMap<[UInt8]>

    /// Files above this size are not compared line by line.
    private static var longest: Int { 8 << 20 }

    private func colored(_ bytes: [UInt8], _ parameters: String) -> [UInt8] {
        isTerminal ? Array("\u{1b}[\(parameters)m".utf8) + bytes + Array("\u{1b}[m".utf8) : bytes
    }

    private func header(_ line: String) -> [UInt8] { colored(Array(line.utf8), "1") + [10] }
    private func header(_ bytes: [UInt8]) -> [UInt8] { colored(bytes, "1") + [10] }

    /// `a/path`, in quotes when it has unusual bytes.
    private func name(_ prefix: String, _ path: [UInt8]) -> [UInt8] {
        let shown = text.path(path)
        let whole = Array(prefix.utf8) + (shown.first == UInt8(ascii: "/") ? shown : [UInt8(ascii: "/")] + shown)
        let isPlain = !path.contains { $0 < 32 || $0 == 34 || $0 == 92 || $0 == 127 } && shown.count <= path.count
        return isPlain ? whole : [34] + whole + [34]
    }

    private func mode(_ state: NodeState) -> String {
        if state.kind == .symbolicLink { return "120000" }
        let digits = String(state.mode, radix: 8)
        return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }

    /// What a patch cannot say stands on lines of its own between the patches.
    func difference(_ pair: Differences.Pair) -> [UInt8] {
        let (old, new) = (pair.old, pair.new)
        guard let state = (new ?? old)?.state else { return [] }
        if state.kind != .regular && state.kind != .symbolicLink { return node(pair, state) }
        let head = header(Array("diff --git ".utf8) + name("a", pair.oldPath) + [32] + name("b", pair.newPath))
        var lines: [UInt8] = []
        if let old, let new {
            if pair.oldPath != pair.newPath {
                lines += header(Array("rename from ".utf8) + text.path(pair.oldPath))
                lines += header(Array("rename to ".utf8) + text.path(pair.newPath))
            }
            if old.state.permissions != new.state.permissions, state.kind == .regular {
                lines = header("old mode \(mode(old.state))") + header("new mode \(mode(new.state))") + lines
            }
            let content = contents(pair)
            lines += content
            return attributes(pair, old, new, showsTime: content.isEmpty) + (lines.isEmpty ? [] : head + lines)
        }
        let shown = text.path(pair.newPath)
        if new != nil, let source = linked[pair.newPath] {
            return header(Array("new hard link ".utf8) + shown + Array(" to ".utf8) + text.path(source))
        }
        if let old, old.state.kind == .regular, old.state.links > 1 {
            return header(Array("deleted hard link ".utf8) + shown)
        }
        return head + header("\(new == nil ? "deleted" : "new") file mode \(mode(state))") + contents(pair)
    }

    /// A directory, fifo, socket or device.
    private func node(_ pair: Differences.Pair, _ state: NodeState) -> [UInt8] {
        let kind = Array(text.name(state.kind).utf8)
        let rights = Array(" (mode \(String(state.permissions, radix: 8)))".utf8)
        guard let old = pair.old else {
            return header(Array("new ".utf8) + kind + [32] + text.path(pair.newPath) + rights)
        }
        guard let new = pair.new else {
            return header(Array("deleted ".utf8) + kind + [32] + text.path(pair.oldPath) + rights)
        }
        var lines: [UInt8] = []
        if pair.oldPath != pair.newPath {
            lines += header(
                Array("renamed ".utf8) + kind + [32] + text.path(pair.oldPath) + Array(" -> ".utf8)
                    + text.path(pair.newPath))
        }
        if old.state.permissions != new.state.permissions {
            lines += header(
                Array("mode of ".utf8) + text.path(pair.newPath)
                    + Array(
                        ": \(String(old.state.permissions, radix: 8)) -> \(String(new.state.permissions, radix: 8))"
                            .utf8))
        }
        return lines + attributes(pair, old, new, showsTime: true)
    }

    private func attributes(
        _ pair: Differences.Pair, _ old: PastTree.Node, _ new: PastTree.Node, showsTime: Bool
    ) -> [UInt8] {
        var lines: [UInt8] = []
        let of = Array(" of ".utf8) + text.path(pair.newPath) + Array(": ".utf8)
        if old.state.owner != new.state.owner || old.state.group != new.state.group {
            lines += header(
                Array("owner".utf8) + of
                    + Array("\(old.state.owner):\(old.state.group) -> \(new.state.owner):\(new.state.group)".utf8))
        }
        if showsTime, set.contains(pair.oldPath) || set.contains(pair.newPath),
            old.state.modification != new.state.modification
        {
            lines += header(
                Array("time".utf8) + of
                    + Array("\(time(old.state.modification)) -> \(time(new.state.modification))".utf8))
        }
        if old === new || old.attributes.isEmpty && new.attributes.isEmpty { return lines }
        let (before, after) = (
            AttributeList.decode(PastTree.attributes(old)), AttributeList.decode(PastTree.attributes(new))
        )
        for (name, value) in before {
            let now = after.first { $0.name == name }?.value
            if now != value { lines += attribute(name, of, value, now) }
        }
        for (name, value) in after where !before.contains(where: { $0.name == name }) {
            lines += attribute(name, of, nil, value)
        }
        return lines
    }

    private func attribute(_ name: [UInt8], _ of: [UInt8], _ old: [UInt8]?, _ new: [UInt8]?) -> [UInt8] {
        func shown(_ value: [UInt8]?) -> [UInt8] {
            guard let value else { return Array("none".utf8) }
            let isList = name.starts(with: Array("system.".utf8)) || name.starts(with: Array("security.".utf8))
            if isList || value.count > 200 { return Array("\(value.count) bytes".utf8) }
            return [34] + text.printable(value) + [34]
        }
        return header(
            Array("attribute ".utf8) + text.printable(name) + of + shown(old) + Array(" -> ".utf8)
                + shown(new))
    }

    private func time(_ time: Timestamp) -> String {
        let digits = String(time.nanoseconds)
        return text.date(time.seconds * 1_000_000_000) + "."
            + String(repeating: "0", count: 9 - digits.utf8.count) + digits
    }

    // MARK: Content

    private func bytes(_ node: PastTree.Node?) -> [UInt8]? {
        guard let node else { return [] }
        switch node.state.kind {
        case .symbolicLink: return node.target
        case .regular: return PastTree.bytes(node.content, limit: Self.longest + 1)
        default: return []
        }
    }

    private func isSame(_ old: PastTree.Node, _ new: PastTree.Node) -> Bool {
        if case .file(let a) = old.content, case .file(let b) = new.content, a == b, old.state.size == new.state.size {
            return true
        }
        return false
    }

    private func contents(_ pair: Differences.Pair) -> [UInt8] {
        let kind = (pair.new ?? pair.old)?.state.kind
        if kind != .regular && kind != .symbolicLink { return [] }
        if let old = pair.old, let new = pair.new, kind == .regular, isSame(old, new) { return [] }
        guard let old = bytes(pair.old) else { return header("the content before is not known") }
        guard let new = bytes(pair.new) else { return header("the content after is not known") }
        if old == new { return [] }
        let isLong = old.count > Self.longest || new.count > Self.longest
        if isLong || old.prefix(8000).contains(0) || new.prefix(8000).contains(0) {
            let sizes = [pair.old, pair.new].map { humanSize($0?.state.size ?? 0) }
            var line = Array("Binary files ".utf8)
            line += pair.old == nil ? Array("/dev/null".utf8) : name("a", pair.oldPath)
            line += Array(" and ".utf8)
            line += pair.new == nil ? Array("/dev/null".utf8) : name("b", pair.newPath)
            return line + Array(" differ (\(sizes[0]) -> \(sizes[1]))\n".utf8)
        }
        var lines = header(
            Array("--- ".utf8) + (pair.old == nil ? Array("/dev/null".utf8) : name("a", pair.oldPath)))
        lines += header(
            Array("+++ ".utf8) + (pair.new == nil ? Array("/dev/null".utf8) : name("b", pair.newPath)))
        return lines + unified(LineDiff.lines(old), LineDiff.lines(new))
    }

    private func unified(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [UInt8] {
        var lines: [UInt8] = []
        func put(_ sign: Character, _ line: ArraySlice<UInt8>, _ color: String?) {
            let isWhole = line.last == 10
            let shown = Array(String(sign).utf8) + (isWhole ? line.dropLast() : line)
            lines += (color.map { colored(shown, $0) } ?? shown) + [10]
            if !isWhole { lines += Array("\\ No newline at end of file\n".utf8) }
        }
        func range(_ range: Range<Int>) -> String {
            if range.count == 1 { return "\(range.lowerBound + 1)" }
            return "\(range.isEmpty ? range.lowerBound : range.lowerBound + 1),\(range.count)"
        }
        let changes = LineDiff.changes(old, new)
        for hunk in LineDiff.hunks(changes, oldCount: old.count, newCount: new.count) {
            lines += colored(Array("@@ -\(range(hunk.old)) +\(range(hunk.new)) @@".utf8), "36") + [10]
            var place = hunk.old.lowerBound
            for change in hunk.changes {
                while place < change.old.lowerBound {
                    put(" ", old[place], nil)
                    place += 1
                }
                for index in change.old { put("-", old[index], "31") }
                for index in change.new { put("+", new[index], "32") }
                place = change.old.upperBound
            }
            while place < hunk.old.upperBound {
                put(" ", old[place], nil)
                place += 1
            }
        }
        return lines
    }
}
