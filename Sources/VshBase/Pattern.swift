// SPDX-License-Identifier: MPL-2.0

/// A compiled shell pattern (XCU 2.14).
public struct Pattern {
    /// The pattern text: a backslash makes the next byte literal.
    public let text: Text

    public init(_ text: Text) { self.text = text }
}
