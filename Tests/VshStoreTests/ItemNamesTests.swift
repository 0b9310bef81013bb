// SPDX-License-Identifier: MPL-2.0
import XCTest

@testable import VshStore

final class ItemNamesTests: XCTestCase {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    func testPathsOfItems() {
        let store = Array("/s".utf8)
        let filler = String(repeating: "_", count: 39)
        XCTAssertEqual(text(ItemNames.path(12 << 32 | 3, in: store)), "/s/12.3" + filler.prefix(35))
        let grouped = 12 << 32 | ItemNames.grouped | 64
        XCTAssertEqual(text(ItemNames.path(grouped, in: store)), "/s/12.g1/12.2147483712" + filler.prefix(26))
        XCTAssertEqual(ItemNames.journal(ofGroup: Array("12.g1".utf8)), 12)
    }

    func testNamesAndNumbers() {
        let items: [UInt64] = [
            1 << 32 | 1, 12 << 32 | 63, 12 << 32 | ItemNames.grouped | 1, UInt64(UInt32.max) << 32 | 0xffff_ffff,
        ]
        for item in items {
            let name = ItemNames.name(item)
            XCTAssertEqual(name.count, ItemNames.length)
            XCTAssertEqual(ItemNames.item(name), item)
            XCTAssertNil(ItemNames.journal(ofGroup: name))
        }
    }

    func testWhatIsNoItem() {
        let filler = String(repeating: "_", count: 39)
        for name in ["", "12.3", "not-ours", "12.g1", "1.2_3", "._.", "12.", ".12", "1.0"] {
            XCTAssertNil(ItemNames.item(Array(name.utf8)), name)
            if name != "12.3" { XCTAssertNil(ItemNames.item(Array((name + filler).utf8.prefix(39))), name) }
        }
        for name in ["12.3", "12.g", ".g1", "12.g1x", "x.g1", "12.gg1", "99999999999.g1"] {
            XCTAssertNil(ItemNames.journal(ofGroup: Array(name.utf8)), name)
        }
    }
}
