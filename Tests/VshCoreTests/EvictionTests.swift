// SPDX-License-Identifier: MPL-2.0
import XCTest

@testable import VshCore

final class EvictionTests: XCTestCase {
    private let gigabyte: UInt64 = 1 << 30

    private func entries(_ sizes: [UInt64]) -> [KeptEntry] {
        sizes.enumerated().map { KeptEntry(id: UInt64($0 + 1), ended: Int64($0), bytes: $1) }
    }

    func testNothingWithinTheQuota() {
        let room = StoreRoom(used: gigabyte, available: 100 * gigabyte, total: 200 * gigabyte)
        XCTAssertEqual(Eviction.choose(entries([gigabyte]), room: room, now: 0), [])
    }

    func testTheQuotaIsTheSmallerOne() {
        XCTAssertEqual(
            Eviction.limit(StoreRoom(used: 0, available: 1000 * gigabyte, total: 2000 * gigabyte)), 10 * gigabyte)
        XCTAssertEqual(
            Eviction.limit(StoreRoom(used: 2 * gigabyte, available: 8 * gigabyte, total: 20 * gigabyte)), gigabyte)
        XCTAssertEqual(
            Eviction.limit(StoreRoom(used: 0, available: gigabyte, total: gigabyte), quota: 5), 5)
    }

    func testOldestFirstAndNoMoreThanNeeded() {
        let room = StoreRoom(used: 100, available: 1 << 40, total: 1 << 41)
        XCTAssertEqual(Eviction.choose(entries([10, 20, 30, 40]), room: room, quota: 75, now: 0), [1, 2])
        // What keeps nothing is not given up.
        XCTAssertEqual(Eviction.choose(entries([0, 20, 30, 50]), room: room, quota: 85, now: 0), [2])
    }

    func testTheNewestStays() {
        let room = StoreRoom(used: 100, available: 1 << 40, total: 1 << 41)
        XCTAssertEqual(Eviction.choose(entries([10, 90]), room: room, quota: 5, now: .max), [1])
        let short = StoreRoom(used: 100, available: 0, total: 10_000)
        XCTAssertEqual(Eviction.choose(entries([10, 90]), room: short, now: Eviction.grace), [1])
        XCTAssertEqual(Eviction.choose(entries([10, 90]), room: short, now: Eviction.grace + 2), [1, 2])
    }

    /// Random stores: a prefix of the oldest, enough of it, and never one too many.
    func testLaws() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let sizes = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                UInt64.random(in: 1...100, using: &generator)
            }
            let used = sizes.reduce(0, +) + UInt64.random(in: 0...50, using: &generator)
            let room = StoreRoom(
                used: used, available: UInt64.random(in: 0...3000, using: &generator), total: 3000 + used)
            let quota = UInt64.random(in: 1...600, using: &generator)
            let list = entries(sizes)
            let chosen = Eviction.choose(list.shuffled(), room: room, quota: quota, now: 0)
            XCTAssertEqual(chosen, Array(list.map(\.id).prefix(chosen.count)))
            func isEnough(_ count: Int) -> Bool {
                let freed = sizes.prefix(count).reduce(0, +)
                let after = StoreRoom(used: used - freed, available: room.available + freed, total: room.total)
                return after.used <= quota && !Eviction.isShort(after)
            }
            if !chosen.isEmpty { XCTAssertFalse(isEnough(chosen.count - 1)) }
            if chosen.count < sizes.count - 1 { XCTAssertTrue(isEnough(chosen.count)) }
        }
    }
}
