// SPDX-License-Identifier: MPL-2.0
import VshBase

/// One parse unit: the tables that its nodes index. A function value is (code, node): its definition keeps the unit alive.
public final class Code {
    /// The text that positions are offsets of.
    public var source: Source
    public var nodes: Table<Node>
    public var words: Table<Word>
    public var parts: Table<Part>
    public var ints: Table<Int32>
    public var assignments: Table<Assignment>
    public var redirections: Table<Redirection>
    public var caseItems: Table<CaseItem>
    public var arithmetic: Table<ArithmeticNode>
    public var integers: Table<Int>
    public var constants: TextTable
    /// What the constants are made by.
    private var texts = TextArena()
    /// Where the elements of all tables are, once it is kept.
    private var block: UnsafeMutableRawPointer?
    /// One slot for each word in a pattern context, filled by the interpreter when the pattern is first used.
    public var patterns: Table<Pattern?>
    /// A function was defined by this code, so its tables must outlive the command: set by the interpreter.
    public var isKept = false

    public init(source: Source) {
        self.source = source
        nodes = Table(capacity: 16)
        words = Table(capacity: 32)
        parts = Table(capacity: 32)
        ints = Table(capacity: 16)
        assignments = Table(capacity: 8)
        redirections = Table(capacity: 8)
        caseItems = Table(capacity: 8)
        arithmetic = Table(capacity: 8)
        integers = Table(capacity: 8)
        constants = TextTable(capacity: 32)
        patterns = Table(capacity: 4)
    }

    /// Adds a constant with these bytes; returns its index.
    @inline(__always)
    func addConstant(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
        constants.append(texts.text(bytes))
        return Int32(truncatingIfNeeded: constants.count &- 1)
    }

    /// How full the tables are.
    public struct Mark {
        var nodes, words, parts, ints, assignments, redirections, caseItems, arithmetic, integers, constants,
            patterns: Int
    }

    /// How full the tables are now, to drop what is added from here on by `reset(to:)`.
    public var mark: Mark {
        Mark(
            nodes: nodes.count, words: words.count, parts: parts.count, ints: ints.count,
            assignments: assignments.count,
            redirections: redirections.count, caseItems: caseItems.count, arithmetic: arithmetic.count,
            integers: integers.count, constants: constants.count, patterns: patterns.count)
    }

    /// Drops what was added since `mark`: commands that have been run and defined no function.
    public func reset(to mark: Mark) {
        nodes.pop(to: mark.nodes)
        words.pop(to: mark.words)
        parts.pop(to: mark.parts)
        ints.pop(to: mark.ints)
        assignments.pop(to: mark.assignments)
        redirections.pop(to: mark.redirections)
        caseItems.pop(to: mark.caseItems)
        arithmetic.pop(to: mark.arithmetic)
        integers.pop(to: mark.integers)
        constants.pop(to: mark.constants)
        texts.reuse()
        patterns.pop(to: mark.patterns)
    }

    /// Empties the tables.
    public func reset() {
        nodes.removeAll(keepingCapacityUpTo: 4096)
        words.removeAll(keepingCapacityUpTo: 8192)
        parts.removeAll(keepingCapacityUpTo: 8192)
        ints.removeAll(keepingCapacityUpTo: 4096)
        assignments.removeAll(keepingCapacityUpTo: 4096)
        redirections.removeAll(keepingCapacityUpTo: 4096)
        caseItems.removeAll(keepingCapacityUpTo: 4096)
        arithmetic.removeAll(keepingCapacityUpTo: 4096)
        integers.removeAll(keepingCapacityUpTo: 4096)
        constants.removeAll(keepingCapacityUpTo: 8192)
        texts.reuse()
        patterns.removeAll(keepingCapacityUpTo: 1024)
    }

    /// Keeps just the memory that the tables fill, in one block, for code that is kept; what room they had goes to the code returned,
    /// which is empty.
    public func takeRoom(for source: Source) -> Code {
        var next = TextArena()
        swap(&next, &texts)
        var size = BlockSize()
        size.add(nodes)
        size.add(words)
        size.add(parts)
        size.add(ints)
        size.add(assignments)
        size.add(redirections)
        size.add(caseItems)
        size.add(arithmetic)
        size.add(integers)
        size.add(constants)
        size.add(patterns)
        let (old, fresh) = (block, UnsafeMutableRawPointer.allocate(byteCount: size.bytes, alignment: 16))
        defer { old?.deallocate() }
        block = fresh
        var free = fresh
        return Code(
            source: source, texts: next, nodes: nodes.takeRoom(&free), words: words.takeRoom(&free),
            parts: parts.takeRoom(&free), ints: ints.takeRoom(&free), assignments: assignments.takeRoom(&free),
            redirections: redirections.takeRoom(&free), caseItems: caseItems.takeRoom(&free),
            arithmetic: arithmetic.takeRoom(&free), integers: integers.takeRoom(&free),
            constants: constants.takeRoom(&free), patterns: patterns.takeRoom(&free))
    }

    deinit {
        guard let block else { return }
        // Of the other tables' elements nothing is left to be done.
        constants.pop(to: 0)
        patterns.pop(to: 0)
        block.deallocate()
    }

    private init(
        source: Source, texts: consuming TextArena, nodes: consuming Table<Node>, words: consuming Table<Word>,
        parts: consuming Table<Part>,
        ints: consuming Table<Int32>, assignments: consuming Table<Assignment>,
        redirections: consuming Table<Redirection>, caseItems: consuming Table<CaseItem>,
        arithmetic: consuming Table<ArithmeticNode>, integers: consuming Table<Int>,
        constants: consuming TextTable, patterns: consuming Table<Pattern?>
    ) {
        self.source = source
        self.texts = texts
        self.nodes = nodes
        self.words = words
        self.parts = parts
        self.ints = ints
        self.assignments = assignments
        self.redirections = redirections
        self.caseItems = caseItems
        self.arithmetic = arithmetic
        self.integers = integers
        self.constants = constants
        self.patterns = patterns
    }
}
