// SPDX-License-Identifier: MPL-2.0
import XCTest

@testable import VshCore

extension Generator {
    fileprivate mutating func path() -> [UInt8] {
        var path: [UInt8] = []
        for _ in 0...below(3) { path += [47, 97 + UInt8(below(3))] }
        return path
    }
}

final class PathTimelineTests: XCTestCase {
    func testLastAndNextAreWhatASearchFinds() {
        for seed in 1...500 {
            var random = Generator(seed: UInt64(seed))
            var timeline = PathTimeline<Bool>()
            var all: [(path: [UInt8], number: Int, event: Bool)] = []
            for number in 0..<random.below(60) where random.below(4) > 0 {
                let (path, event) = (random.path(), random.below(2) == 0)
                timeline.add(event, at: path, number: number)
                all.append((path, number, event))
            }
            for _ in 0..<40 {
                let (path, number) = (random.path(), random.below(70))
                let around = all.filter { isBelow(path, $0.path) }
                let last = around.last { $0.number < number }
                let found = timeline.last(at: path, before: number)
                XCTAssertEqual(found?.number, last?.number)
                XCTAssertEqual(found?.length, last?.path.count)
                let next = around.first { $0.number >= number && $0.event }
                let later = timeline.next(at: path, from: number) { $0 }
                XCTAssertEqual(later?.number, next?.number)
                XCTAssertEqual(later?.length, next?.path.count)
            }
        }
    }

    /// The names of what is at a path are those that it had before each change, in a tree that is really renamed.
    func testNamesAreThoseOfTheTime() {
        for seed in 1...1000 {
            var random = Generator(seed: UInt64(seed))
            var places: [Int: [UInt8]] = [:]
            for object in 0..<12 {
                let path = random.path()
                if !places.values.contains(path) { places[object] = path }
            }
            var renames = Renames()
            var history: [[Int: [UInt8]]] = []
            for number in 0..<(5 + random.below(40)) {
                history.append(places)
                let (old, new) = (random.path(), random.path())
                if isBelow(new, old) || places.values.contains(where: { isBelow($0, new) }) { continue }
                renames.add(from: old, to: new, number: number)
                places = places.mapValues { isBelow($0, old) ? new + $0[old.count...] : $0 }
            }
            for (object, path) in places {
                let names = renames.names(of: path)
                XCTAssertEqual(names.first?.path, path)
                for (number, before) in history.enumerated() {
                    let then = names.filter { $0.holds(at: number) }
                    XCTAssertEqual(then.map(\.path), [before[object]!], "seed \(seed), change \(number)")
                }
            }
        }
    }
}
