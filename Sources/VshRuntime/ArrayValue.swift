// SPDX-License-Identifier: MPL-2.0
import VshBase

/// The elements of an array: by subscript in ascending order, or by key in the order in which they came.
///
/// Variables name it by number (`Shell.arrays`); see decisions/0010-arrays.md.
public final class ArrayValue {
    /// What was removed but from the end stays here, dead, until somebody asks for all elements, or more is dead than alive: so many
    /// removals take no longer than as many elements were.
    private var stored: [Text] = []
    /// Which of `stored` are dead; empty while none is.
    private var dead: [Bool] = []
    private var deadCount = 0
    /// Indexed: the subscripts of `stored`, ascending; nil while they are 0, 1, 2, …
    private var subscripts: [Int]?
    /// Indexed: while elements came in no order, the places of their subscripts, which `stored` and `subscripts` hold as they came, and the highest
    /// of those that ever were. Whoever needs the order sorts them (`order`).
    private var loose: [Int: Int]?
    private var highest = 0
    /// Associative: the keys of `stored`, and the place of each that is alive.
    private var keys: [Text] = []
    private var places: [Text: Int] = [:]
    public let isAssociative: Bool
    /// A saved state has it too: it must not change.
    var isShared = false
    /// Nothing was assigned to it yet.
    public var isDeclaredOnly = false

    public init(isAssociative: Bool = false) { self.isAssociative = isAssociative }

    /// An indexed array of `values`, from 0 on.
    public init(_ values: [Text]) {
        stored = values
        isAssociative = false
    }

    func copy() -> ArrayValue {
        compact()
        let other = ArrayValue(isAssociative: isAssociative)
        other.stored = stored
        other.subscripts = subscripts
        other.keys = keys
        other.places = places
        return other
    }

    public var count: Int { stored.count - deadCount }

    public var values: [Text] {
        compact()
        return stored
    }

    // MARK: removing

    private func isDead(_ place: Int) -> Bool { !dead.isEmpty && dead[place] }

    private func remove(place: Int) {
        if place < stored.count - 1 || loose != nil {
            stored[place] = Text()
            if dead.isEmpty { dead = [Bool](repeating: false, count: stored.count) }
            dead[place] = true
            deadCount += 1
            if deadCount > 16, deadCount > stored.count / 2 { compact() }
            return
        }
        dropLast()
        while !dead.isEmpty, dead.last == true {
            deadCount -= 1
            dropLast()
        }
    }

    private func dropLast() {
        stored.removeLast()
        subscripts?.removeLast()
        if isAssociative { keys.removeLast() }
        if !dead.isEmpty { dead.removeLast() }
    }

    /// Makes the order that of the subscripts again.
    private func order() {
        guard loose != nil, let numbers = subscripts else { return }
        loose = nil
        let places = stored.indices.filter { !isDead($0) }.sorted { numbers[$0] < numbers[$1] }
        stored = places.map { stored[$0] }
        subscripts = places.map { numbers[$0] }
        dead = []
        deadCount = 0
    }

    /// Closes the gaps that removals left.
    private func compact() {
        order()
        if deadCount == 0 { return }
        let alive = stored.indices.filter { !dead[$0] }
        if !isAssociative { subscripts = alive.map { subscripts?[$0] ?? $0 } }
        stored = alive.map { stored[$0] }
        if isAssociative {
            keys = alive.map { keys[$0] }
            for (place, key) in keys.enumerated() { places[key] = place }
        }
        dead = []
        deadCount = 0
    }

    private func append(_ value: Text) {
        stored.append(value)
        if !dead.isEmpty { dead.append(false) }
    }

    // MARK: by number

    /// One more than the highest subscript.
    public var nextSubscript: Int {
        if loose != nil { return highest &+ 1 }
        return subscripts.map { $0.last.map { $0 &+ 1 } ?? 0 } ?? stored.count
    }

    /// Subscript of the element at `place` of `values`.
    func subscriptNumber(_ place: Int) -> Int {
        compact()
        return subscripts?[place] ?? place
    }

    /// The place in `values` of the first element whose subscript is not below `number`.
    func lowerBound(_ number: Int) -> Int {
        compact()
        return search(number)
    }

    /// The same in `stored`.
    private func search(_ number: Int) -> Int {
        if let loose { return loose[number] ?? stored.count }
        guard let subscripts else { return min(max(number, 0), stored.count) }
        var (low, high) = (0, subscripts.count)
        while low < high {
            let middle = (low + high) / 2
            if subscripts[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func has(_ number: Int, at place: Int) -> Bool {
        place < stored.count && (subscripts?[place] ?? place) == number
    }

    public subscript(number: Int) -> Text? {
        let place = search(number)
        return has(number, at: place) && !isDead(place) ? stored[place] : nil
    }

    public func set(_ number: Int, _ value: Text) {
        let place = search(number)
        if has(number, at: place) {
            stored[place] = value
            if isDead(place) {
                dead[place] = false
                deadCount -= 1
            }
            return
        }
        if subscripts == nil && number != stored.count { subscripts = Array(0..<stored.count) }
        if loose == nil && stored.count - place > 64 { loosen() }
        if loose != nil {
            loose?[number] = stored.count
            highest = max(highest, number)
            subscripts?.append(number)
            return append(value)
        }
        subscripts?.insert(number, at: place)
        if place == stored.count { return append(value) }
        stored.insert(value, at: place)
        if !dead.isEmpty { dead.insert(false, at: place) }
    }

    /// What comes in no order would have to move half of the elements each time.
    private func loosen() {
        guard let subscripts else { return }
        var places = [Int: Int](minimumCapacity: subscripts.count * 2)
        for (place, number) in subscripts.enumerated() { places[number] = place }
        loose = places
        highest = subscripts.last ?? 0
    }

    public func remove(_ number: Int) {
        let place = search(number)
        if has(number, at: place) && !isDead(place) { remove(place: place) }
        if loose != nil && number == highest { order() }
    }

    // MARK: by key

    public subscript(key: Text) -> Text? { places[key].map { stored[$0] } }

    public func set(_ key: Text, _ value: Text) {
        if let place = places[key] {
            stored[place] = value
            return
        }
        places[key] = stored.count
        keys.append(key)
        append(value)
    }

    public func remove(_ key: Text) {
        guard let place = places.removeValue(forKey: key) else { return }
        remove(place: place)
    }

    // MARK: both

    /// The subscript of the element at `place` of `values`, as text.
    public func subscriptText(_ place: Int) -> Text {
        compact()
        return isAssociative ? keys[place] : Text(decimal: subscriptNumber(place))
    }

    public var subscriptTexts: [Text] { values.indices.map { subscriptText($0) } }

    /// What the name of the array alone stands for: the element 0.
    var first: Text? { isAssociative ? self[Text("0")] : self[0] }
}
