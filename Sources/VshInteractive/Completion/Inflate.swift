// SPDX-License-Identifier: MPL-2.0

/// Unpacks gzip files (RFC 1951, RFC 1952): manual pages are packed so, and no program is run to read them.
struct Inflate {
    private let input: [UInt8]
    private var place: Int
    private var bits: UInt32 = 0
    private var bitCount = 0
    private var output: [UInt8] = []
    private let limit: Int

    /// The content of a gzip file, at most `limit` bytes of it; nil when it is none or damaged.
    static func gzip(_ bytes: [UInt8], limit: Int = 8 << 20) -> [UInt8]? {
        guard bytes.count > 18, bytes[0] == 0x1F, bytes[1] == 0x8B, bytes[2] == 8 else { return nil }
        let flags = bytes[3]
        var place = 10
        if flags & 4 != 0 { place += 2 + Int(bytes[10]) + Int(bytes[11]) << 8 }
        for flag in [8, 16] as [UInt8] where flags & flag != 0 {
            while place < bytes.count, bytes[place] != 0 { place += 1 }
            place += 1
        }
        if flags & 2 != 0 { place += 2 }
        guard place < bytes.count else { return nil }
        var inflate = Inflate(bytes, at: place, limit: limit)
        return inflate.run() ? inflate.output : nil
    }

    private init(_ input: [UInt8], at place: Int, limit: Int) {
        self.input = input
        self.place = place
        self.limit = limit
        output.reserveCapacity(min(input.count * 4, limit))
    }

    private mutating func take(_ count: Int) -> Int? {
        while bitCount < count {
            guard place < input.count else { return nil }
            bits |= UInt32(input[place]) << UInt32(bitCount)
            place += 1
            bitCount += 8
        }
        let value = Int(bits & (1 << UInt32(count) - 1))
        bits >>= UInt32(count)
        bitCount -= count
        return value
    }

    /// Canonical Huffman codes: how many of each length, and the symbols in order.
    private struct Codes {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int]

        init(_ lengths: ArraySlice<Int>) {
            for length in lengths { counts[length] += 1 }
            counts[0] = 0
            var offsets = [Int](repeating: 0, count: 16)
            for length in 1..<15 { offsets[length + 1] = offsets[length] + counts[length] }
            symbols = [Int](repeating: 0, count: lengths.count)
            for (symbol, length) in lengths.enumerated() where length > 0 {
                symbols[offsets[length]] = symbol
                offsets[length] += 1
            }
        }
    }

    private mutating func decode(_ codes: Codes) -> Int? {
        var (code, first, index) = (0, 0, 0)
        for length in 1...15 {
            guard let bit = take(1) else { return nil }
            code |= bit
            let count = codes.counts[length]
            if code - count < first { return codes.symbols[index + code - first] }
            index += count
            first = (first + count) << 1
            code <<= 1
        }
        return nil
    }

    private mutating func run() -> Bool {
        while true {
            guard let isLast = take(1), let kind = take(2) else { return false }
            switch kind {
            case 0: if !copyStored() { return false }
            case 1:
                let lengths =
                    [Int](repeating: 8, count: 144) + [Int](repeating: 9, count: 112) + [Int](repeating: 7, count: 24)
                    + [Int](repeating: 8, count: 8)
                if !copy(Codes(lengths[...]), Codes([Int](repeating: 5, count: 30)[...])) { return false }
            case 2:
                guard let (literals, distances) = readCodes(), copy(literals, distances) else { return false }
            default: return false
            }
            if isLast == 1 || output.count >= limit { return true }
        }
    }

    private mutating func copyStored() -> Bool {
        bits = 0
        bitCount = 0
        guard place + 4 <= input.count else { return false }
        let length = Int(input[place]) | Int(input[place + 1]) << 8
        place += 4
        guard place + length <= input.count else { return false }
        output += input[place..<(place + length)]
        place += length
        return true
    }

    private mutating func readCodes() -> (Codes, Codes)? {
        guard let literals = take(5), let distances = take(5), let lengths = take(4) else { return nil }
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        var table = [Int](repeating: 0, count: 19)
        for index in 0..<(lengths + 4) {
            guard let length = take(3) else { return nil }
            table[order[index]] = length
        }
        let codes = Codes(table[...])
        let count = literals + 257 + distances + 1
        var all: [Int] = []
        while all.count < count {
            guard let symbol = decode(codes) else { return nil }
            switch symbol {
            case 0..<16: all.append(symbol)
            case 16:
                guard let last = all.last, let more = take(2) else { return nil }
                all += [Int](repeating: last, count: more + 3)
            case 17:
                guard let more = take(3) else { return nil }
                all += [Int](repeating: 0, count: more + 3)
            default:
                guard let more = take(7) else { return nil }
                all += [Int](repeating: 0, count: more + 11)
            }
        }
        guard all.count == count else { return nil }
        return (Codes(all[..<(literals + 257)]), Codes(all[(literals + 257)...]))
    }

    private mutating func copy(_ literals: Codes, _ distances: Codes) -> Bool {
        while true {
            guard let symbol = decode(literals) else { return false }
            if symbol < 256 {
                output.append(UInt8(symbol))
                if output.count >= limit { return true }
                continue
            }
            if symbol == 256 { return true }
            let index = symbol - 257
            guard index < 29 else { return false }
            let lengthBits = index < 8 || index == 28 ? 0 : (index - 4) / 4
            let base = index < 8 ? index + 3 : index == 28 ? 258 : (4 + index % 4) << lengthBits + 3
            guard let extra = take(lengthBits), let code = decode(distances), code < 30 else { return false }
            let distanceBits = code < 4 ? 0 : (code - 2) / 2
            let distanceBase = code < 4 ? code + 1 : (2 + code % 2) << distanceBits + 1
            guard let more = take(distanceBits) else { return false }
            let distance = distanceBase + more
            guard distance <= output.count else { return false }
            for _ in 0..<(base + extra) { output.append(output[output.count - distance]) }
        }
    }
}
