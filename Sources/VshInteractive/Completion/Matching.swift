// SPDX-License-Identifier: MPL-2.0

/// How well a name fits what was typed. The best kind that any name has is the only one shown.
enum MatchQuality: Int, Comparable {
    case exact = 0
    case prefix = 1
    /// The same in another case.
    case foldedPrefix = 2
    /// Somewhere inside, in any case.
    case inside = 3
    /// Its letters in this order, with others between them.
    case scattered = 4

    static func < (a: MatchQuality, b: MatchQuality) -> Bool { a.rawValue < b.rawValue }

    /// Nil: not at all.
    init?(_ name: some Collection<UInt8>, typed: [UInt8]) {
        if typed.isEmpty {
            self = .prefix
            return
        }
        if name.starts(with: typed) {
            self = name.count == typed.count ? .exact : .prefix
            return
        }
        let folded = name.map(lowercased)
        let wanted = typed.map(lowercased)
        if folded.starts(with: wanted) {
            self = .foldedPrefix
            return
        }
        if folded.count < wanted.count { return nil }
        // One letter is somewhere in everything.
        if wanted.count > 1 {
            for start in 0...(folded.count - wanted.count) where folded[start...].starts(with: wanted) {
                self = .inside
                return
            }
        }
        var place = 0
        for byte in folded where place < wanted.count && byte == wanted[place] { place += 1 }
        // The first letter has to be the name's, so that few fit by chance.
        guard wanted.count > 1, place == wanted.count, folded.first == wanted.first else { return nil }
        self = .scattered
    }
}

/// Gathers candidates and keeps those that fit best.
struct CandidateList {
    private let typed: [UInt8]
    private var best = MatchQuality.scattered
    private var found: [(candidate: Candidate, key: [UInt8], quality: MatchQuality)] = []
    private var seen: Set<[UInt8]> = []
    /// Sorted by name; else in the order in which they came.
    var isSorted = true
    static var limit: Int { 5000 }

    init(typed: [UInt8]) { self.typed = typed }

    var isEmpty: Bool { found.isEmpty }
    var count: Int { found.count }

    /// Whether a name would be kept now.
    func accepts(_ name: some Collection<UInt8>) -> MatchQuality? {
        guard let quality = MatchQuality(name, typed: typed) else { return nil }
        let kept = max(best, .prefix)
        return quality <= kept ? quality : nil
    }

    /// - Parameter name: what is compared with the typed text.
    mutating func add(_ name: [UInt8], _ make: () -> Candidate) {
        guard let quality = accepts(name), found.count < Self.limit else { return }
        if !seen.insert(name).inserted { return }
        if quality < best {
            best = quality
            let kept = max(best, .prefix)
            found.removeAll { $0.quality > kept }
        }
        found.append((make(), name, quality))
    }

    /// The candidates, best first.
    func finished() -> [Candidate] {
        if !isSorted { return found.map(\.candidate) }
        return found.sorted { a, b in
            if a.quality != b.quality { return a.quality < b.quality }
            return CandidateList.isOrdered(a.key, b.key)
        }.map(\.candidate)
    }

    /// Without regard to case first; of names that then are the same, by their bytes.
    private static func isOrdered(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        for index in 0..<min(a.count, b.count) {
            let (left, right) = (lowercased(a[index]), lowercased(b[index]))
            if left != right { return left < right }
        }
        if a.count != b.count { return a.count < b.count }
        return a.lexicographicallyPrecedes(b)
    }
}
