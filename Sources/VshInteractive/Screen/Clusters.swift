// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What the terminal shows in one place: a character with the combining characters and joined emoji that follow it.
struct Cluster {
    /// Bytes of text.
    var length: Int
    /// Columns: 1 or 2; 0 for a combining character without a base; -1 for what cannot be shown as it is.
    var width: Int
    /// Terminals disagree about the columns it takes, so the cursor has to be placed anew after it.
    var isUncertain: Bool

    /// The cluster at `at`, which is the start of a character below `limit`.
    ///
    /// Nearly what Unicode calls an extended grapheme cluster (UAX 29): zero-width characters, emoji modifiers and what a zero-width joiner
    /// joins belong to the character before; two regional indicators are a flag.
    static func at(_ base: UnsafePointer<UInt8>, _ at: Int, _ limit: Int) -> Cluster {
        let (first, length) = UTF8Characters.decode(base, at, limit)
        if first < 0x7F && first >= 0x20 {
            // The common case: ASCII that nothing combines with.
            if at + length >= limit || base[at + length] < 0x80 {
                return Cluster(length: length, width: 1, isUncertain: false)
            }
        } else if first < 0x20 || first >= UTF8Characters.invalid || first == 0x7F {
            return Cluster(length: length, width: -1, isUncertain: false)
        }
        var cluster = Cluster(length: length, width: CharacterWidth.of(first), isUncertain: false)
        if cluster.width < 0 {
            // Emoji that are younger than the table.
            if first < 0x1F000 || first > 0x1FAFF { return cluster }
            cluster.width = 2
            cluster.isUncertain = true
        }
        let isFlag = isRegional(first)
        var joins = false
        var count = 1
        while at + cluster.length < limit, base[at + cluster.length] >= 0x80 {
            let (next, size) = UTF8Characters.decode(base, at + cluster.length, limit)
            if next >= UTF8Characters.invalid { break }
            if next == 0x200D {
                joins = true
                cluster.isUncertain = true
            } else if CharacterWidth.of(next) == 0 {
                joins = false
                if next == 0xFE0F && cluster.width == 1 {
                    cluster.width = 2
                    cluster.isUncertain = true
                } else if next >= 0x1F3FB {
                    cluster.isUncertain = true
                }
            } else if next >= 0x1F3FB && next <= 0x1F3FF && cluster.width == 2 {
                cluster.isUncertain = true
            } else if joins && (next >= 0x2190) {
                joins = false
                cluster.width = 2
            } else if isFlag && count == 1 && isRegional(next) {
                cluster.width = 2
                cluster.isUncertain = true
            } else {
                break
            }
            cluster.length += size
            count += 1
            // No text needs more; a run of combining characters must not make a cell of any size.
            if count == 16 { break }
        }
        if isFlag { cluster.isUncertain = true }
        return cluster
    }

    private static func isRegional(_ character: UInt32) -> Bool { character >= 0x1F1E6 && character <= 0x1F1FF }

    /// The end of the cluster that begins at `offset`.
    static func end(after offset: Int, in text: [UInt8]) -> Int {
        if offset >= text.count { return text.count }
        return text.withUnsafeBufferPointer { offset + Cluster.at($0.baseAddress!, offset, $0.count).length }
    }

    /// The start of the cluster that ends at `offset`: found from the start of the line, as clusters have no other sure sign.
    static func start(before offset: Int, in text: [UInt8]) -> Int {
        if offset <= 0 { return 0 }
        return text.withUnsafeBufferPointer { text in
            let base = text.baseAddress!
            if base[offset - 1] < 0x80 { return offset - 1 }
            var at = offset
            // Clusters begin anew after each ASCII character.
            while at > 0, base[at - 1] >= 0x80 { at -= 1 }
            if at > 0 { at -= 1 }
            while true {
                let next = at + Cluster.at(base, at, text.count).length
                if next >= offset { return at }
                at = next
            }
        }
    }

    /// The columns that text takes on one row.
    static func width(of text: [UInt8]) -> Int {
        text.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress else { return 0 }
            var (at, width) = (0, 0)
            while at < text.count {
                let cluster = Cluster.at(base, at, text.count)
                width += max(cluster.width, cluster.width < 0 ? 2 : 0)
                at += cluster.length
            }
            return width
        }
    }
}
