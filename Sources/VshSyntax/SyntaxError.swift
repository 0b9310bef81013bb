// SPDX-License-Identifier: MPL-2.0
import VshBase

/// Text that is not shell language: what was found, what was expected, and where.
public struct SyntaxError: Error {
    /// One line, without the place: `unexpected ')'; expected a command`.
    public var message: [UInt8]
    /// Bytes of the code's source.
    public var range: Range<Int>
    /// More input could make it right: an open quote, an unfinished `if`.
    public var isIncomplete: Bool
    /// Related places and hints.
    public var notes: [[UInt8]]

    public init(_ message: [UInt8], range: Range<Int>, isIncomplete: Bool = false, notes: [[UInt8]] = []) {
        self.message = message
        self.range = range
        self.isIncomplete = isIncomplete
        self.notes = notes
    }
}
