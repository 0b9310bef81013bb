// SPDX-License-Identifier: MPL-2.0
import VshBase

/// The elements of an array: by subscript in ascending order, or by key in the order in which they came.
///
/// Variables name it by number (`Shell.arrays`); see decisions/0010-arrays.md.
public final class ArrayValue {
    public private(set) var values: [Text] = []
    /// Indexed: the subscripts of `values`, ascending; nil while they are 0, 1, 2, …
    private var subscripts: [Int]?
    /// Associative: the keys of `values`, and the place of each.
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
        self.values = values
        isAssociative = false
    }

    func copy() -> ArrayValue {
        let other = ArrayValue(isAssociative: isAssociative)
        other.values = values
        other.subscripts = subscripts
        other.keys = keys
        other.places = places
        return other
    }

    public var count: Int { values.count }

    // MARK: by number

    /// One more than the highest subscript.
    public var nextSubscript: Int { subscripts.map { $0.last.map { $0 &+ 1 } ?? 0 } ?? values.count }

    /// Subscript of the element at `place`.
    func subscriptNumber(_ place: Int) -> Int { subscripts?[place] ?? place }

    /// The place of the first element whose subscript is not below `number`.
    func lowerBound(_ number: Int) -> Int {
        guard let subscripts else { return min(max(number, 0), values.count) }
        var (low, high) = (0, subscripts.count)
        while low < high {
            let middle = (low + high) / 2
            if subscripts[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    public subscript(number: Int) -> Text? {
        let place = lowerBound(number)
        return place < values.count && subscriptNumber(place) == number ? values[place] : nil
    }

    public func set(_ number: Int, _ value: Text) {
        let place = lowerBound(number)
        if place < values.count && subscriptNumber(place) == number {
            values[place] = value
            return
        }
        if subscripts == nil && number != values.count { subscripts = Array(0..<values.count) }
        values.insert(value, at: place)
        subscripts?.insert(number, at: place)
    }

    public func remove(_ number: Int) {
        let place = lowerBound(number)
        if place >= values.count || subscriptNumber(place) != number { return }
        if subscripts == nil && place < values.count - 1 { subscripts = Array(0..<values.count) }
        values.remove(at: place)
        subscripts?.remove(at: place)
    }

    // MARK: by key

    public subscript(key: Text) -> Text? { places[key].map { values[$0] } }

    public func set(_ key: Text, _ value: Text) {
        if let place = places[key] {
            values[place] = value
            return
        }
        places[key] = values.count
        keys.append(key)
        values.append(value)
    }

    public func remove(_ key: Text) {
        guard let place = places.removeValue(forKey: key) else { return }
        keys.remove(at: place)
        values.remove(at: place)
        for later in place..<keys.count { places[keys[later]] = later }
    }

    // MARK: both

    /// The subscript of the element at `place`, as text.
    public func subscriptText(_ place: Int) -> Text {
        isAssociative ? keys[place] : Text(decimal: subscriptNumber(place))
    }

    public var subscriptTexts: [Text] { values.indices.map { subscriptText($0) } }

    /// What the name of the array alone stands for: the element 0.
    var first: Text? { isAssociative ? self[Text("0")] : self[0] }
}
