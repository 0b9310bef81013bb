// SPDX-License-Identifier: MPL-2.0
import VshSystem

/// Numbers that a shell shares with the subshells it forks: its session, open transactions, running operation and
/// journal. Plain memory until the first fork, then a shared mapping.
final class SharedWords {
    private var base: UnsafeMutablePointer<UInt64>
    private(set) var isShared = false
    static var deepest: Int { 64 }
    private static var count: Int { 9 + deepest }
    private static var size: Int { 4096 }

    init() {
        base = .allocate(capacity: Self.count)
        base.initialize(repeating: 0, count: Self.count)
    }

    deinit {
        if isShared { try? System.unmap(UnsafeMutableRawPointer(base), length: Self.size) } else { base.deallocate() }
    }

    /// Moves the numbers to memory that forked children write to as well.
    func share() {
        if isShared { return }
        guard let mapped = try? System.map(-1, length: Self.size) else { return }
        let words = mapped.assumingMemoryBound(to: UInt64.self)
        words.update(from: base, count: Self.count)
        base.deallocate()
        base = words
        isShared = true
    }

    /// In a forked child with an operation of its own: numbers of its own. What is shared stays mapped, since such a child often
    /// lives no longer than it takes to unmap it.
    func leave() {
        base = .allocate(capacity: Self.count)
        base.initialize(repeating: 0, count: Self.count)
        isShared = false
    }

    private func word(_ index: Int) -> UnsafeMutablePointer<UInt64> { base + index }

    var session: UInt64 {
        get { word(0).loadAcquiring() }
        set { word(0).storeReleasing(newValue) }
    }

    /// The running operation that has changed something, or 0.
    var operation: UInt64 {
        @inline(__always) get { word(1).loadAcquiring() }
        set { word(1).storeReleasing(newValue) }
    }

    /// The journal of the running operation.
    var journal: UInt64 {
        get { word(2).loadAcquiring() }
        set { word(2).storeReleasing(newValue) }
    }

    /// Where the operation's first record stands in the journal.
    var start: UInt64 {
        get { word(3).loadAcquiring() }
        set { word(3).storeReleasing(newValue) }
    }

    /// Notes the text of a command that was obliterated while it ran: the last of them.
    func forget(_ text: [UInt8]) { word(5).storeReleasing(Self.number(text)) }

    func hasForgotten(_ text: [UInt8]) -> Bool {
        let forgotten = word(5).loadAcquiring()
        return forgotten != 0 && Self.number(text) == forgotten
    }

    /// What stands for a text in this memory, which is never on a disk (FNV-1a).
    private static func number(_ text: [UInt8]) -> UInt64 {
        let value = text.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return value == 0 ? 1 : value
    }

    /// Runs `body` while no other process of this shell is in here. One that was killed in it, or hangs, keeps nobody out. No lock of a file:
    /// the user's programs could hold that too.
    func exclusively<E>(_ body: () throws(E) -> Void) throws(E) {
        let own = UInt64(UInt32(bitPattern: System.processID))
        let lock = word(6)
        for attempt in 0..<10_000 {
            var holder: UInt64 = 0
            if lock.compareExchange(&holder, own) { break }
            if attempt % 64 == 63, System.startTime(of: Int32(truncatingIfNeeded: holder)) == nil,
                lock.compareExchange(&holder, own)
            {
                break
            }
            try? Clock.sleep(nanoseconds: 50_000)
        }
        defer {
            var held = own
            _ = lock.compareExchange(&held, 0)
        }
        try body()
    }

    /// Bytes copied for pre-images of the operation.
    func addCopied(_ bytes: UInt64) -> UInt64 { word(4).fetchAdd(bytes) + bytes }
    func clearCopied() { word(4).storeReleasing(0) }

    /// Open transactions, the innermost last.
    var transactions: [UInt64] {
        get { (0..<min(Int(word(8).loadAcquiring()), Self.deepest)).map { word(9 + $0).loadAcquiring() } }
        set {
            let depth = min(newValue.count, Self.deepest)
            for index in 0..<depth { word(9 + index).storeReleasing(newValue[index]) }
            word(8).storeReleasing(UInt64(depth))
        }
    }

    var transaction: UInt64 {
        let depth = Int(word(8).loadAcquiring())
        return depth == 0 ? 0 : word(8 + min(depth, Self.deepest)).loadAcquiring()
    }
}
