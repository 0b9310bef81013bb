// SPDX-License-Identifier: MPL-2.0

/// How a tree is drawn on lines of text: the newest node on top, a lane for each branch, the present branch at the left.
public enum GraphLayout {
    /// What stands in a lane of a row.
    public enum Glyph: Equatable, Sendable {
        case empty
        case node
        /// A branch goes on downwards.
        case vertical
        /// Branches end here and go to the left: the last one, one on the way, and one that only crosses.
        case corner, tee, cross
        /// Where they end: into the branch that goes on.
        case join
        case horizontal
    }

    public struct Row: Equatable, Sendable {
        public var glyphs: [Glyph]
        /// The number of the node that stands in it; nil: only lines.
        public var node: Int?
        /// Lanes after which a line goes to the right.
        public var extends: [Bool]
    }

    /// - Parameters:
    ///   - nodes: each with its parent's id (0: the start), parents before their children.
    ///   - head: the node whose branch is drawn at the left, or 0.
    /// - Returns: rows from top to bottom; the last one is the start, whose `node` is `nodes.count`.
    public static func rows(_ nodes: [(id: OperationID, parent: OperationID)], head: OperationID) -> [Row] {
        /// What each lane leads down to.
        var lanes: [OperationID?] = [head]
        var rows: [Row] = []

        func put(_ number: Int, _ id: OperationID) {
            var own = lanes.indices.filter { lanes[$0] == id }
            if own.isEmpty {
                let free = lanes.indices.dropFirst().first { lanes[$0] == nil } ?? lanes.count
                if free == lanes.count { lanes.append(id) } else { lanes[free] = id }
                own = [free]
            }
            let first = own[0]
            if let last = own.dropFirst().last {
                var row = Row(glyphs: [], node: nil, extends: [])
                for lane in lanes.indices {
                    let glyph: Glyph
                    switch lane {
                    case first: glyph = .join
                    case last: glyph = .corner
                    case _ where own.contains(lane): glyph = .tee
                    case first..<last: glyph = lanes[lane] == nil ? .horizontal : .cross
                    default: glyph = lanes[lane] == nil ? .empty : .vertical
                    }
                    row.glyphs.append(glyph)
                    row.extends.append(lane >= first && lane < last)
                }
                rows.append(row)
                for lane in own.dropFirst() { lanes[lane] = nil }
                while let end = lanes.last, end == nil { lanes.removeLast() }
            }
            var row = Row(glyphs: lanes.map { $0 == nil ? .empty : .vertical }, node: number, extends: [])
            row.glyphs[first] = .node
            row.extends = lanes.map { _ in false }
            rows.append(row)
        }

        for number in nodes.indices.reversed() {
            put(number, nodes[number].id)
            for lane in lanes.indices where lanes[lane] == nodes[number].id { lanes[lane] = nodes[number].parent }
        }
        put(nodes.count, 0)
        return rows
    }
}
