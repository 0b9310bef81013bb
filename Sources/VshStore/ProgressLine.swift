// SPDX-License-Identifier: MPL-2.0
import VshSystem

/// Shows how far long work is: one line on the terminal, from half a second on, taken away at the end. And asks whether ^C
/// wants it to stop.
///
/// Nothing is shown where standard error is no terminal.
public struct ProgressLine: ~Copyable {
    private let what: StaticString
    private let total: Int
    private var done = 0
    private var nextLook: Int64
    private var isShown = false
    private let isTerminal: Bool
    /// Work that must not be left half done is not stopped.
    private let canStop: Bool

    private static var firstLook: Int64 { 500_000_000 }
    private static var interval: Int64 { 100_000_000 }

    /// - Parameters:
    ///   - what: what is done, as the line begins with: `undo`.
    ///   - total: steps there are; 0: not known.
    public init(_ what: StaticString, total: Int, canStop: Bool) {
        self.what = what
        self.total = total
        self.canStop = canStop
        isTerminal = total == 0 || total > 64 ? System.isTerminal(2) : false
        nextLook = Clock.monotonic + Self.firstLook
    }

    deinit { if isShown { Self.write("\r\u{1B}[K") } }

    /// One more step is to be done. False: an interrupt came, the work is to stop here.
    @inline(__always)
    public mutating func step() -> Bool {
        done += 1
        if canStop, Signals.isInterruptPending { return false }
        if isTerminal, done & 31 == 0 { look() }
        return true
    }

    /// What comes before the next step takes long: the line is shown at once.
    public mutating func expectDelay() {
        if isTerminal { show() }
    }

    private mutating func look() {
        let now = Clock.monotonic
        if now < nextLook { return }
        nextLook = now + Self.interval
        show()
    }

    private mutating func show() {
        isShown = true
        var line = "\r\u{1B}[K\(what): \(Self.grouped(done))"
        if total > 0 { line += " of \(Self.grouped(total)) (\(done * 100 / max(total, 1)) %)" }
        Self.write(canStop ? line + ", ^C stops" : line)
    }

    private static func write(_ text: String) { try? System.writeAll(2, Array(text.utf8)) }

    /// `1,204`
    public static func grouped(_ count: Int) -> String {
        var text = ""
        for (place, digit) in String(count).reversed().enumerated() {
            if place > 0, place % 3 == 0 { text = "," + text }
            text = String(digit) + text
        }
        return text
    }
}
