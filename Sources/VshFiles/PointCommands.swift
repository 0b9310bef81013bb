// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// `checkpoint`, `restore` and `graph`.
extension UndoCommand {
    // MARK: checkpoint

    mutating func checkpoint(_ words: [[UInt8]]) throws(UndoError) {
        guard let name = words.first else { return try listCheckpoints() }
        if words.count > 1 {
            wrong("more than one name")
            return
        }
        let isNumber = name.allSatisfy { $0 >= 48 && $0 <= 57 }
        if name.isEmpty || isNumber || name[0] == UInt8(ascii: "@") || name[0] == UInt8(ascii: "-") {
            wrong("a name begins neither with @ nor with -, and is no number: ", name)
            return
        }
        _ = try files.addCheckpoint(name: name)
    }

    private mutating func listCheckpoints() throws(UndoError) {
        let engine: UndoEngine
        do throws(UndoError) {
            engine = try UndoEngine(files)
        } catch .nothing {
            return
        }
        for checkpoint in try engine.checkpoints() {
            let age = text.age(of: checkpoint.time)
            output += Array("@\(checkpoint.id)".utf8).padded(7) + Array(age.utf8).padded(16)
            output += text.printable(checkpoint.name) + [10]
        }
    }

    // MARK: restore

    mutating func restore(_ words: [[UInt8]]) throws(UndoError) {
        var policy = ConflictPolicy.refuse
        var isDry = false
        var operand: [UInt8]?
        for word in words {
            if Self.equals(word, "-n") || Self.equals(word, "--dry-run") {
                isDry = true
            } else if Self.equals(word, "--skip") {
                policy = .skip
            } else if Self.equals(word, "--force") {
                policy = .force
            } else if word.first == UInt8(ascii: "-") {
                wrong("unknown option ", word)
                return
            } else if operand == nil {
                operand = word
            } else {
                wrong("more than one point")
                return
            }
        }
        guard let operand else {
            wrong("needs a point: @ID, or the name of a checkpoint")
            return
        }
        let engine = try UndoEngine(files)
        let point: UndoEngine.Point
        if let id = Self.identifier(operand) {
            point = try engine.point(id)
        } else {
            point = try engine.point(named: operand)
        }
        let name = text.printable(operand)
        let report: RestoreReport
        do throws(UndoError) {
            report = try engine.restore(
                point, policy: policy, dryRun: isDry, text: Array("restore ".utf8) + operand)
        } catch {
            guard case .conflicts(let conflicts, _) = error else { throw error }
            say("nothing was changed, since on the way to ", name + Array(":".utf8))
            return showConflicts(conflicts, false)
        }
        if isDry {
            output += Array("would go to ".utf8) + name + [10]
            for operation in report.undone { output += Array("  undo ".utf8) + text.brief(operation) + [10] }
            for operation in report.redone { output += Array("  redo ".utf8) + text.brief(operation) + [10] }
            if !report.conflicts.isEmpty {
                showConflicts(report.conflicts, false)
                if policy != .refuse { status = 0 }
            }
            return
        }
        if report.operation == 0 {
            output += name + Array(": nothing is different there\n".utf8)
            return
        }
        output += Array("restored ".utf8) + name
        var counts: [String] = []
        if !report.undone.isEmpty { counts.append("\(report.undone.count) undone") }
        if !report.redone.isEmpty { counts.append("\(report.redone.count) redone") }
        if report.isOfAll { counts.append("of all sessions") }
        output += Array(" (@\(report.operation): \(counts.joined(separator: ", ")), ".utf8)
        output += Array("\(text.count(report.rows.roots.count, "change")))\n".utf8)
        output += text.rows(report.rows, isBackwards: true)
        var shown = UndoReport()
        shown.conflicts = report.conflicts
        shown.lost = report.lost
        show(shown, "", policy)
    }

    // MARK: graph

    mutating func graph(_ words: [[UInt8]]) throws(UndoError) {
        var limit = 60
        var isAll = false
        var index = 0
        while index < words.count {
            let word = words[index]
            if Self.equals(word, "--all") {
                isAll = true
            } else if Self.equals(word, "-n"), index + 1 < words.count, let number = Self.number(words[index + 1]) {
                limit = number
                index += 1
            } else if word.starts(with: Array("-n".utf8)), let number = Self.number(Array(word.dropFirst(2))) {
                limit = number
            } else {
                unknown(word)
                return
            }
            index += 1
        }
        let engine: UndoEngine
        do throws(UndoError) {
            engine = try UndoEngine(files)
        } catch .nothing {
            return
        }
        let landscape = try engine.landscape(all: isAll)
        let tree = landscape.tree
        if tree.nodes.isEmpty { return }
        var marks: [OperationID: [[UInt8]]] = [:]
        for checkpoint in try engine.checkpoints().reversed() {
            if !landscape.isOfAll, checkpoint.session != engine.session { continue }
            if try engine.operation(checkpoint.id)?.transaction != engine.level { continue }
            marks[tree.head(at: checkpoint.id), default: []].append(checkpoint.name)
        }
        let rows = GraphLayout.rows(tree.nodes.map { ($0.id, $0.parent) }, head: tree.head)
        var shown = 0
        for row in rows {
            if let number = row.node {
                if shown == limit, number < tree.nodes.count {
                    output += Array((isUTF8 ? "⋮" : ":").utf8) + Array(" \(number + 1) more\n".utf8)
                    return
                }
                shown += 1
            }
            try draw(row, tree, marks, engine)
        }
    }

    private mutating func draw(
        _ row: GraphLayout.Row, _ tree: HistoryTree, _ marks: [OperationID: [[UInt8]]], _ engine: UndoEngine
    ) throws(UndoError) {
        let node = row.node.flatMap { $0 < tree.nodes.count ? tree.nodes[$0] : nil }
        let isStart = row.node == tree.nodes.count
        let isHere = row.node != nil && (node?.id ?? 0) == tree.head
        var line: [UInt8] = []
        for (lane, glyph) in row.glyphs.enumerated() {
            let sign: String
            switch glyph {
            case .empty: sign = " "
            case .vertical: sign = isUTF8 ? "│" : "|"
            case .corner: sign = isUTF8 ? "╯" : "'"
            case .tee: sign = isUTF8 ? "┴" : "'"
            case .cross: sign = isUTF8 ? "│" : "|"
            case .join: sign = isUTF8 ? "├" : "|"
            case .horizontal: sign = isUTF8 ? "─" : "-"
            case .node:
                if isStart {
                    sign = isUTF8 ? (isHere ? "◆" : "◇") : (isHere ? "@" : "o")
                } else if isHere {
                    sign = isUTF8 ? "◉" : "@"
                } else {
                    sign = node?.isDone == true ? (isUTF8 ? "●" : "*") : (isUTF8 ? "○" : "o")
                }
            }
            line += colored(
                Array(sign.utf8), glyph == .node ? (isHere ? "1;32" : node?.isDone == true ? "1" : "2") : "2")
            line += colored(Array((row.extends[lane] ? (isUTF8 ? "─" : "-") : " ").utf8), "2")
        }
        if row.node != nil {
            line.append(32)
            if isStart {
                line += Array("the start".utf8)
            } else if let node, let operation = try engine.operation(node.id) {
                line += colored(Array("@\(node.id)".utf8), "33") + [32] + text.command(operation)
                let state = node.isDone ? text.state(operation) : "undone"
                let about = text.age(of: operation.began) + (state.isEmpty ? "" : ", \(state)")
                line += colored(Array(" (\(about))".utf8), "2")
            }
            for mark in marks[node?.id ?? 0] ?? [] {
                line += [32] + colored(Array("[".utf8) + text.printable(mark) + Array("]".utf8), "1;36")
            }
            if isHere { line += colored(Array((isUTF8 ? " ← here" : " <- here").utf8), "1;32") }
        }
        while line.last == 32 { line.removeLast() }
        output += line + [10]
    }

    /// Bytes in a colour (parameters of SGR, ECMA-48 8.3.117), on a terminal.
    func colored(_ bytes: [UInt8], _ parameters: String) -> [UInt8] {
        isTerminal && bytes != [32] ? Array("\u{1b}[\(parameters)m".utf8) + bytes + Array("\u{1b}[m".utf8) : bytes
    }
}

extension [UInt8] {
    /// With spaces behind, up to `width`.
    func padded(_ width: Int) -> [UInt8] { self + [UInt8](repeating: 32, count: Swift.max(0, width - count)) }
}
