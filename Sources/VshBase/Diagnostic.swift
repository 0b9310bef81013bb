// SPDX-License-Identifier: MPL-2.0

/// Something to tell the user: what is wrong, where, and what to do next.
public struct Diagnostic {
    public enum Severity { case error, warning, note }

    public var severity: Severity
    /// One line, without the place.
    public var message: [UInt8]
    /// The text the place is in, and the bytes meant; nil when there is no place.
    public var source: Source?
    public var range: Range<Int>
    /// Further lines: hints, related places.
    public var notes: [[UInt8]]

    public init(
        _ severity: Severity = .error, _ message: [UInt8], source: Source? = nil, range: Range<Int> = 0..<0,
        notes: [[UInt8]] = []
    ) {
        self.severity = severity
        self.message = message
        self.source = source
        self.range = range
        self.notes = notes
    }

    /// Appends the rendering to `out`: `prefix: line N: message`, or `prefix: file:line:column: message` for a file; with
    /// `showsSource`, also the line itself with the place underlined. Each line ends in a newline.
    public func render(prefix: Text, showsSource: Bool, into out: inout ByteStack) {
        out.append(prefix)
        out.append(": ")
        if let source {
            switch source.origin {
            case .file, .dot, .environment:
                if source.name != prefix {
                    out.append(source.name)
                    out.append(":")
                }
                out.append(decimal: source.line(at: range.lowerBound))
                out.append(":")
                out.append(decimal: source.column(at: range.lowerBound))
                out.append(": ")
            default:
                let line = source.line(at: range.lowerBound)
                out.append("line ")
                out.append(decimal: line)
                out.append(": ")
            }
        }
        switch severity {
        case .error: break
        case .warning: out.append("warning: ")
        case .note: out.append("note: ")
        }
        out.append(message)
        out.append(10)
        if showsSource, let source, source.count > 0 {
            let line = source.lineBytes(at: range.lowerBound)
            out.append("  ")
            out.append(line)
            out.append("\n  ")
            let column = source.column(at: range.lowerBound)
            for byte in line.prefix(column - 1) { out.append(byte == 9 ? 9 : 32) }
            for _ in 0..<max(1, min(range.count, line.count - column + 1)) { out.append(94) }
            out.append(10)
        }
        for note in notes {
            out.append("  ")
            out.append(note)
            out.append(10)
        }
    }
}
