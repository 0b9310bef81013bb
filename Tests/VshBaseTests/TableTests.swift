// SPDX-License-Identifier: MPL-2.0

import Testing

@testable import VshBase

@Suite struct TableTests {
    @Test func `a table grows from nothing`() {
        var table = Table<Int>(capacity: 0)
        for number in 0..<1000 { table.append(number) }
        #expect(table.count == 1000)
        for number in 0..<1000 where table[number] != number { Issue.record("element \(number)") }
        #expect(table.removeLast() == 999)
    }

    @Test func `elements of several tables in one block`() {
        var bytes = Table<UInt8>()
        var texts = Table<Text>()
        for number in 0..<5 {
            bytes.append(UInt8(number))
            texts.append(Text("a text that takes a block of its own"))
        }
        var size = BlockSize()
        size.add(bytes)
        size.add(texts)
        #expect(size.bytes == 8 + 5 * MemoryLayout<Text>.stride)
        let block = UnsafeMutableRawPointer.allocate(byteCount: size.bytes, alignment: 16)
        var free = block
        var room = bytes.takeRoom(&free)
        let spare = texts.takeRoom(&free)
        #expect(free == block + size.bytes)
        #expect(bytes.capacity == 0)
        #expect(bytes[4] == 4)
        #expect(texts[4].count == 36)
        #expect(spare.capacity > 0)
        room.append(7)
        #expect(room.count == 1)
        // One that grows leaves the block.
        bytes.append(5)
        #expect(bytes.count == 6)
        #expect(bytes[3] == 3)
        texts.pop(to: 0)
        block.deallocate()
    }

    @Test func `texts in 16 bytes`() {
        let long = Text("longer than what is held inline")
        var texts = TextTable(capacity: 0)
        for _ in 0..<3 {
            texts.append(Text())
            texts.append(Text("fifteen bytes.."))
            texts.append(long)
            texts.append(long.slice(3..<28))
        }
        #expect(texts[Int32(0)].count == 0)
        #expect(texts[1].equals("fifteen bytes.."))
        #expect(texts[2].equals("longer than what is held inline"))
        #expect(texts[11].equals("ger than what is held inl"))
        texts.pop(to: 2)
        #expect(texts.count == 2)
        texts.append(long)
        #expect(texts[2].equals("longer than what is held inline"))
        #expect(long.count == 31)
    }
}
