// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// The engine of `printf` (XCU printf, POSIX.1-2024), independent of the shell: the format is read anew at each run, and nothing is
/// allocated but what floating-point numbers and errors need.
///
/// Beyond the standard it takes `*` as width and precision, the length modifiers of C, `%q`, and `\e` and `\xHH`.
struct PrintfFormat {
    /// What was wrong; the status is then 1. All but `badConversion` and `tooWide` leave the output going on.
    struct Failure {
        enum Kind: UInt8 {
            case noNumber, trailingBytes, outOfRange, badConversion, missingConversion, tooWide, noMemory
        }
        let kind: Kind
        let subject: Text

        var message: String {
            switch kind {
            case .noNumber: "expected numeric value"
            case .trailingBytes: "not completely converted"
            case .outOfRange: "value out of range"
            case .badConversion: "invalid conversion"
            case .missingConversion: "conversion is missing"
            case .tooWide: "too wide"
            case .noMemory: "not enough memory"
            }
        }
    }

    /// A conversion specification as it is being read.
    struct Conversion {
        var flags: FloatingPoint.Flags = []
        var width = 0
        /// Negative: none was given.
        var precision = -1
    }

    /// More bytes than any column needs; a conversion that asks for more fails instead of taking all memory.
    private static var widest: Int { 1 << 27 }

    private let arguments: UnsafeBufferPointer<Text>
    private let isUTF8: Bool
    private let startTime: Int64?
    /// What TZ is, for `%(…)T`; empty: not set.
    var zone: (() -> Text)?
    /// The first argument of this pass over the format.
    private var base = 0
    /// Arguments taken in this pass in order.
    private var taken = 0
    /// The highest argument number named in this pass.
    private var highest = 0
    /// In the order in which they happened.
    private(set) var failures: [Failure] = []

    /// - Parameters:
    ///   - arguments: the operands after the format.
    ///   - isUTF8: the value of `'c` is a code point, not a byte.
    ///   - startTime: when the shell started, by the monotonic clock; nil: there is no `%(…)T`.
    init(arguments: UnsafeBufferPointer<Text>, isUTF8: Bool, startTime: Int64? = nil) {
        self.startTime = startTime
        self.arguments = arguments
        self.isUTF8 = isUTF8
    }

    /// Appends what `format` makes of the arguments, using it again as long as there are arguments left.
    mutating func run(_ format: Text, into output: inout ByteStack) {
        format.withBytes { bytes in
            repeat {
                taken = 0
                highest = 0
                if !pass(bytes, &output) { return }
                base += max(taken, highest)
            } while base < arguments.count && max(taken, highest) > 0
        }
    }

    /// One pass over the format; false when the output ends here.
    private mutating func pass(_ format: UnsafeBufferPointer<UInt8>, _ output: inout ByteStack) -> Bool {
        let count = format.count
        var at = 0
        while at < count {
            var end = at
            while end < count && format[end] != 37 && format[end] != 92 { end &+= 1 }
            if end > at { output.append(UnsafeBufferPointer(rebasing: format[at..<end])) }
            if end == count { return true }
            at = end &+ 1
            if format[end] == 92 {
                _ = output.appendEscape(format, &at, .format)
            } else if at < count && format[at] == 37 {
                output.append(37)
                at &+= 1
            } else if !convert(format, &at, &output) {
                return false
            }
        }
        return true
    }

    /// The conversion whose `%` is before `at`; false when the output ends here.
    private mutating func convert(
        _ format: UnsafeBufferPointer<UInt8>, _ at: inout Int, _ output: inout ByteStack
    ) -> Bool {
        let start = at &- 1
        let count = format.count
        var conversion = Conversion()
        let number = argumentNumber(format, &at)
        flags: while at < count {
            switch format[at] {
            case 45: conversion.flags.insert(.left)
            case 43: conversion.flags.insert(.plus)
            case 32: conversion.flags.insert(.blank)
            case 35: conversion.flags.insert(.alternate)
            case 48: conversion.flags.insert(.zero)
            case 39: break  // no grouping in the POSIX locale
            default: break flags
            }
            at &+= 1
        }
        guard let width = size(format, &at) else { return fail(.tooWide, format, start, at) }
        if let width {
            if width < 0 { conversion.flags.insert(.left) }
            conversion.width = Int(width.magnitude)
        }
        if at < count && format[at] == 46 {
            at &+= 1
            guard let precision = size(format, &at) else { return fail(.tooWide, format, start, at) }
            conversion.precision = precision ?? 0
        }
        modifiers: while at < count {
            switch format[at] {
            case 104, 106, 108, 116, 122, 76: at &+= 1  // h j l t z L: all numbers have 64 bits
            default: break modifiers
            }
        }
        if at == count { return fail(.missingConversion, format, start, at) }
        let letter = format[at]
        at &+= 1
        if letter == 40 && startTime != nil { return appendTime(format, start, &at, conversion, &output) }
        switch letter {
        case 115:
            let argument = take(number)
            if conversion.width == 0 && conversion.precision < 0 {
                output.append(argument)
            } else {
                argument.withBytes { appendPadded($0, conversion, &output) }
            }
        case 100, 105: appendSigned(signed(take(number)), conversion, &output)
        case 117, 111, 120, 88: appendUnsigned(unsigned(take(number)), letter, conversion, &output)
        case 99:
            // A NUL for the empty argument, as every shell but yash.
            let argument = take(number)
            withUnsafePointer(to: argument.isEmpty ? 0 : argument[0]) {
                conversion.precision = -1
                appendPadded(UnsafeBufferPointer(start: $0, count: 1), conversion, &output)
            }
        case 98: return appendEscaped(take(number), conversion, &output)
        case 97, 65, 101, 69, 102, 70, 103, 71:
            let argument = take(number)
            if !FloatingPoint.append(
                double(argument), conversion.flags, width: conversion.width, precision: conversion.precision,
                conversion: letter, to: &output)
            {
                failures.append(Failure(kind: .noMemory, subject: argument))
            }
        case 113:
            var quoted = ByteStack(capacity: 64)
            quoted.append(shellWord: take(number), isUTF8: isUTF8)
            quoted.withBytes { appendPadded($0, conversion, &output) }
        default: return fail(.badConversion, format, start, at)
        }
        return true
    }

    /// `%(format)T`: an argument of -1, or none, is now, -2 the start of the shell. The cursor is after the parenthesis.
    private mutating func appendTime(
        _ format: UnsafeBufferPointer<UInt8>, _ start: Int, _ at: inout Int, _ conversion: Conversion,
        _ output: inout ByteStack
    ) -> Bool {
        let first = at
        while at < format.count && format[at] != 41 { at &+= 1 }
        if at &+ 1 >= format.count || format[at &+ 1] != 84 { return fail(.badConversion, format, start, at) }
        var wanted = Text(UnsafeBufferPointer(rebasing: format[first..<at]))
        if wanted.isEmpty { wanted = Text("%X") }
        at &+= 2
        let argument = take(0)
        var seconds = argument.isEmpty ? -1 : Int64(signed(argument))
        let now = Clock.realTime / 1_000_000_000
        if seconds == -1 { seconds = now }
        if seconds == -2 { seconds = now - (Clock.monotonic - (startTime ?? 0)) / 1_000_000_000 }
        if let zone { Clock.setZone(zone()) }
        let bytes = (try? Clock.formatted(seconds, wanted)) ?? []
        bytes.withUnsafeBufferPointer { appendPadded($0, conversion, &output) }
        return true
    }

    private mutating func fail(
        _ kind: Failure.Kind, _ format: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int
    ) -> Bool {
        failures.append(Failure(kind: kind, subject: Text(UnsafeBufferPointer(rebasing: format[start..<end]))))
        return false
    }

    // MARK: arguments

    /// The next argument, or the one with `number`, counted from 1; empty when there is none.
    private mutating func take(_ number: Int) -> Text {
        var index = base &+ taken
        if number > 0 {
            highest = max(highest, number)
            index = base &+ number &- 1
        } else {
            taken &+= 1
        }
        return index < arguments.count ? arguments[index] : Text()
    }

    /// `n$` at `at`; 0 when there is none.
    private func argumentNumber(_ format: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> Int {
        var end = at
        var value = 0
        while end < format.count, format[end] &- 48 <= 9, value < 1 << 20 {
            value = value &* 10 &+ Int(format[end] &- 48)
            end &+= 1
        }
        if value == 0 || end == format.count || format[end] != 36 { return 0 }
        at = end &+ 1
        return value
    }

    /// A width or precision at `at`: digits, `*` or `*n$`; `.some(nil)` when there is none, nil when it is too large.
    private mutating func size(_ format: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> Int?? {
        if at < format.count && format[at] == 42 {
            at &+= 1
            let value = signed(take(argumentNumber(format, &at)))
            return value.magnitude > Self.widest ? nil : .some(value)
        }
        var value = 0
        let start = at
        while at < format.count, format[at] &- 48 <= 9 {
            value = value &* 10 &+ Int(format[at] &- 48)
            if value > Self.widest { return nil }
            at &+= 1
        }
        return .some(at > start ? value : nil)
    }
}

extension PrintfFormat {
    // MARK: numbers from arguments

    private mutating func signed(_ text: Text) -> Int {
        let number = text.withBytes { PrintfInteger($0, isUTF8: isUTF8) }
        if number.isPlain { return number.isNegative ? 0 &- Int(number.magnitude) : Int(number.magnitude) }
        report(number, text)
        if number.isNegative {
            if number.magnitude <= UInt64(Int64.max) + 1, !number.isOverflowing {
                return Int(truncatingIfNeeded: 0 &- number.magnitude)
            }
        } else if number.magnitude <= UInt64(Int64.max), !number.isOverflowing {
            return Int(number.magnitude)
        }
        if !number.isOverflowing { failures.append(Failure(kind: .outOfRange, subject: text)) }
        return number.isNegative ? Int.min : Int.max
    }

    /// As strtoull: a minus sign takes the value from 2^64.
    private mutating func unsigned(_ text: Text) -> UInt64 {
        let number = text.withBytes { PrintfInteger($0, isUTF8: isUTF8) }
        if !number.isPlain { report(number, text) }
        if number.isOverflowing { return UInt64.max }
        return number.isNegative ? 0 &- number.magnitude : number.magnitude
    }

    private mutating func report(_ number: PrintfInteger, _ text: Text) {
        if number.isOverflowing {
            failures.append(Failure(kind: .outOfRange, subject: text))
        } else if number.digits == 0 {
            // No shell but yash, nor coreutils, minds the empty argument.
            if !text.isEmpty { failures.append(Failure(kind: .noNumber, subject: text)) }
        } else if number.length < text.count {
            failures.append(Failure(kind: .trailingBytes, subject: text))
        }
    }

    private mutating func double(_ text: Text) -> Double {
        if text.isEmpty { return 0 }
        if text[0] == 39 || text[0] == 34 { return Double(unsigned(text)) }
        let (value, length, isOutOfRange) = FloatingPoint.parse(text)
        if isOutOfRange {
            failures.append(Failure(kind: .outOfRange, subject: text))
        } else if length == 0 {
            failures.append(Failure(kind: .noNumber, subject: text))
        } else if length < text.count {
            failures.append(Failure(kind: .trailingBytes, subject: text))
        }
        return value
    }

    // MARK: output

    /// `%b`; false after `\c`.
    private func appendEscaped(_ text: Text, _ conversion: Conversion, _ output: inout ByteStack) -> Bool {
        if conversion.width == 0 && conversion.precision < 0 { return output.append(escaped: text, .argument) }
        var expanded = ByteStack(capacity: text.count)
        let goesOn = expanded.append(escaped: text, .argument)
        expanded.withBytes { appendPadded($0, conversion, &output) }
        return goesOn
    }

    /// At most `precision` of the bytes, blanks up to the width.
    private func appendPadded(
        _ bytes: UnsafeBufferPointer<UInt8>, _ conversion: Conversion, _ output: inout ByteStack
    ) {
        let count = conversion.precision >= 0 ? min(bytes.count, conversion.precision) : bytes.count
        let padding = conversion.width - count
        if padding > 0 && !conversion.flags.contains(.left) { output.append(padding, times: 32) }
        output.append(UnsafeBufferPointer(rebasing: bytes[..<count]))
        if padding > 0 && conversion.flags.contains(.left) { output.append(padding, times: 32) }
    }

    private func appendSigned(_ value: Int, _ conversion: Conversion, _ output: inout ByteStack) {
        var sign: UInt8 = 0
        if value < 0 {
            sign = 45
        } else if conversion.flags.contains(.plus) {
            sign = 43
        } else if conversion.flags.contains(.blank) {
            sign = 32
        }
        appendDigits(UInt64(value.magnitude), 10, 0, sign, 0, conversion, &output)
    }

    private func appendUnsigned(_ value: UInt64, _ letter: UInt8, _ conversion: Conversion, _ output: inout ByteStack) {
        switch letter {
        case 117: appendDigits(value, 10, 0, 0, 0, conversion, &output)
        case 111: appendDigits(value, 8, 0, 0, 0, conversion, &output)
        default:
            let prefix = conversion.flags.contains(.alternate) && value != 0 ? letter : 0
            appendDigits(value, 16, letter == 120 ? 0x20 : 0, 0, prefix, conversion, &output)
        }
    }

    /// Appends sign, prefix, zeros and digits.
    /// - Parameters:
    ///   - letterCase: 0x20 for small hexadecimal digits.
    ///   - sign: 0 for none.
    ///   - prefix: the letter of `0x`, 0 for none.
    @inline(__always)
    private func appendDigits(
        _ value: UInt64, _ radix: UInt64, _ letterCase: UInt8, _ sign: UInt8, _ prefix: UInt8,
        _ conversion: Conversion, _ output: inout ByteStack
    ) {
        var room: InlineArray<24, UInt8> = .init(repeating: 0)
        var place = 24
        var rest = value
        while rest != 0 {
            place &-= 1
            let digit = UInt8(truncatingIfNeeded: rest % radix)
            room[place] = digit < 10 ? digit &+ 48 : (digit &+ 55) | letterCase
            rest /= radix
        }
        var digits = 24 &- place
        var zeros = max(0, (conversion.precision < 0 ? 1 : conversion.precision) &- digits)
        if radix == 8, conversion.flags.contains(.alternate), zeros == 0 { zeros = 1 }
        digits += zeros + (sign != 0 ? 1 : 0) + (prefix != 0 ? 2 : 0)
        var padding = max(0, conversion.width - digits)
        if padding > 0 && !conversion.flags.contains(.left) {
            if conversion.flags.contains(.zero) && conversion.precision < 0 {
                zeros += padding
            } else {
                output.append(padding, times: 32)
            }
            padding = 0
        }
        if sign != 0 { output.append(sign) }
        if prefix != 0 {
            output.append(48)
            output.append(prefix)
        }
        if zeros > 0 { output.append(zeros, times: 48) }
        withUnsafeBytes(of: &room) {
            output.append(UnsafeBufferPointer(rebasing: $0.bindMemory(to: UInt8.self)[place...]))
        }
        if padding > 0 { output.append(padding, times: 32) }
    }
}

/// An integer constant of C with blanks before it, or `'c`.
struct PrintfInteger {
    private(set) var magnitude: UInt64 = 0
    private(set) var isNegative = false
    /// The magnitude has more than 64 bits.
    private(set) var isOverflowing = false
    /// Digits read, 0 when there is no number.
    private(set) var digits = 0
    /// Bytes read.
    private(set) var length = 0
    /// All bytes were read and the value fits in any type.
    private(set) var isPlain = false

    init(_ bytes: UnsafeBufferPointer<UInt8>, isUTF8: Bool) {
        let count = bytes.count
        var at = 0
        while at < count, bytes[at] == 32 || bytes[at] &- 9 <= 4 { at &+= 1 }
        if at < count, bytes[at] == 39 || bytes[at] == 34 {
            readCharacter(bytes, at &+ 1, isUTF8)
            return
        }
        if at < count, bytes[at] == 43 || bytes[at] == 45 {
            isNegative = bytes[at] == 45
            at &+= 1
        }
        var radix: UInt64 = 10
        if at < count, bytes[at] == 48 {
            radix = 8
            if at &+ 2 < count, bytes[at &+ 1] | 0x20 == 120, hexadecimalDigit(bytes[at &+ 2]) != nil {
                radix = 16
                at &+= 2
            }
        }
        while at < count, let digit = hexadecimalDigit(bytes[at]), UInt64(digit) < radix {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: radix)
            let (sum, overflow2) = product.addingReportingOverflow(UInt64(digit))
            magnitude = sum
            if overflow || overflow2 { isOverflowing = true }
            digits &+= 1
            at &+= 1
        }
        if digits == 0 { isNegative = false }
        length = at
        isPlain = digits > 0 && at == count && !isOverflowing && magnitude <= UInt64(Int64.max)
    }

    /// The value of the character after a quote; what follows is ignored, as by dash, bash and yash.
    private mutating func readCharacter(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ isUTF8: Bool) {
        digits = 1
        length = bytes.count
        isPlain = true
        if at >= bytes.count { return }
        magnitude = UInt64(bytes[at])
        if isUTF8, let base = bytes.baseAddress {
            let (value, _) = UTF8Characters.decode(base, at, bytes.count)
            if value < UTF8Characters.invalid { magnitude = UInt64(value) }
        }
    }
}

extension ByteStack {
    /// Appends `count` bytes `byte`.
    @inline(__always)
    mutating func append(_ count: Int, times byte: UInt8) {
        append(unfilled: count) {
            $0.baseAddress!.initialize(repeating: byte, count: count)
            return count
        }
    }
}
