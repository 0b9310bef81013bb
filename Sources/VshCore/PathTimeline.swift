// SPDX-License-Identifier: MPL-2.0

/// What happened at names in the course of an operation, each by the number of its change. Asked what happened last, or next, to
/// what a path leads to: at the path, or at a directory that it lies in.
public struct PathTimeline<Event> {
    /// Something that happened.
    public struct Moment {
        /// Bytes of the path at which it was: all of those asked about, or those of a directory.
        public let length: Int
        public let number: Int
        public let event: Event
    }

    private var events: PathMap<[(number: Int, event: Event)]> = [:]
    /// Whether something happened at a path of so many bytes: most directories need not be looked for.
    private var lengths: [Bool] = []

    public init() {}

    /// To be called in the order of the numbers.
    /// - Parameter path: absolute, free of symbolic links.
    public mutating func add(_ event: Event, at path: [UInt8], number: Int) {
        events[path, default: []].append((number, event))
        if path.count >= lengths.count {
            lengths.append(contentsOf: repeatElement(false, count: path.count + 1 - lengths.count))
        }
        lengths[path.count] = true
    }

    /// The last event before a change.
    public func last(at path: [UInt8], before number: Int) -> Moment? {
        search(path) { list in
            let end = Self.partition(list, number)
            return end > 0 ? end - 1 : nil
        } isBetter: {
            $0 > $1
        }
    }

    /// The first event from a change on that the condition holds of.
    public func next(at path: [UInt8], from number: Int, where condition: (Event) -> Bool) -> Moment? {
        search(path) { list in
            list[Self.partition(list, number)...].firstIndex { condition($0.event) }
        } isBetter: {
            $0 < $1
        }
    }

    private func search(
        _ path: [UInt8], _ find: ([(number: Int, event: Event)]) -> Int?, isBetter: (Int, Int) -> Bool
    ) -> Moment? {
        var best: Moment?
        var above = path[...]
        while !above.isEmpty {
            if above.count < lengths.count, lengths[above.count], let list = events[Array(above)],
                let index = find(list),
                best.map({ isBetter(list[index].number, $0.number) }) ?? true
            {
                best = Moment(length: above.count, number: list[index].number, event: list[index].event)
            }
            above = above[..<(above.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
        }
        return best
    }

    /// Count of the events before a change.
    private static func partition(_ list: [(number: Int, event: Event)], _ number: Int) -> Int {
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The renames of an operation, to find under which names something was known in it, and when.
public struct Renames {
    /// A name of an object, and the changes during which it had it: after the first number, up to the second.
    public struct Name: Equatable, Sendable {
        public let path: [UInt8]
        public let since: Int
        public let until: Int

        public init(path: [UInt8], since: Int, until: Int) {
            self.path = path
            self.since = since
            self.until = until
        }

        /// Whether the change with a number was made while it had the name; its renaming to the next one too.
        public func holds(at number: Int) -> Bool { since < number && number <= until }
    }

    private var arrivals = PathTimeline<[UInt8]>()

    public init() {}

    /// To be called in the order of the numbers.
    public mutating func add(from old: [UInt8], to new: [UInt8], number: Int) {
        arrivals.add(old, at: new, number: number)
    }

    /// The path as it is when all is done, and what it was called before each rename that took it along; the last name first.
    public func names(of path: [UInt8]) -> [Name] {
        var names: [Name] = []
        var (path, until) = (path, Int.max)
        while let move = arrivals.last(at: path, before: until) {
            names.append(Name(path: path, since: move.number, until: until))
            path = move.event + path[move.length...]
            until = move.number
        }
        names.append(Name(path: path, since: -1, until: until))
        return names
    }
}
