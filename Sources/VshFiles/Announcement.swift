// SPDX-License-Identifier: MPL-2.0
import VshCore
import VshStore

/// `set -o announce`: one line about an operation, such as `created directory projects`.
enum Announcement {
    static func line(_ changes: [ChangeRecord], _ results: Results) -> [UInt8] {
        var table: PathMap<ResultRecord> = [:]
        for result in results.records { table[result.path] = result }
        var plan = Plan()
        plan.parts = [Plan.Part(operation: 0, ended: 0, changes: changes, results: table)]
        let text = UndoText()
        var groups: [(verb: String, one: String, many: String, names: [[UInt8]])] = []
        for change in plan.changesByPath.roots {
            let state = change.after.isAbsent ? change.before : change.after
            let one = text.name(state.kind)
            let many = state.isDirectory ? "directories" : one + "s"
            var name = text.path(change.path)
            let verb: String
            switch change.kind {
            case .created: verb = "created"
            case .removed: verb = "removed"
            case .replaced: verb = "replaced"
            case .written: verb = "changed"
            case .attributes:
                if change.before.permissions != change.after.permissions {
                    verb = "changed mode of"
                } else if change.before.owner != change.after.owner || change.before.group != change.after.group {
                    verb = "changed owner of"
                } else if change.before.modification != change.after.modification {
                    verb = "changed times of"
                } else {
                    verb = "changed attributes of"
                }
            case .moved(let other):
                verb = "moved"
                name += Array(" to ".utf8) + text.path(other)
            }
            if let known = groups.firstIndex(where: { $0.verb == verb && $0.one == one }) {
                groups[known].names.append(name)
            } else {
                groups.append((verb, one, many, [name]))
            }
        }
        var line: [UInt8] = []
        for group in groups.prefix(4) {
            if !line.isEmpty { line += Array("; ".utf8) }
            line += Array("\(group.verb) \(group.names.count == 1 ? group.one : group.many) ".utf8)
            line += Array(group.names.prefix(3).joined(separator: Array(", ".utf8)))
            if group.names.count > 3 { line += Array(" and \(group.names.count - 3) more".utf8) }
        }
        return line
    }
}
