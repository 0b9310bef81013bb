// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// The number that a user means: a signal's name in any case, with or without SIG in front, EXIT, or a number.
func signalNumber(_ text: Text) -> Int? {
    if let first = text.isEmpty ? nil : text[0], first >= 48 && first <= 57 {
        guard let number = text.decimalInteger, number <= Int(Signal.maximum) else { return nil }
        return number == 0 || !Signal(rawValue: Int32(number)).name.isEmpty ? number : nil
    }
    return signalNumber(named: text)
}

/// The same for names alone.
func signalNumber(named text: Text) -> Int? {
    var bytes = text.bytes
    for index in bytes.indices where bytes[index] >= 97 && bytes[index] <= 122 { bytes[index] &= 0xDF }
    if bytes.starts(with: [83, 73, 71]) { bytes.removeFirst(3) }
    return Signal(name: bytes).map { Int($0.rawValue) }
}

/// The name of a signal without SIG; EXIT for 0.
func signalName(_ number: Int) -> Text { Text(Signal(rawValue: Int32(truncatingIfNeeded: number)).name) }
