// SPDX-License-Identifier: MPL-2.0

/// How a cell looks: what SGR (ECMA-48 8.3.117) can say of it.
struct Style: Equatable {
    struct Attributes: OptionSet, Equatable {
        var rawValue: UInt8
        static var bold: Attributes { .init(rawValue: 1) }
        static var dim: Attributes { .init(rawValue: 2) }
        static var italic: Attributes { .init(rawValue: 4) }
        static var underlined: Attributes { .init(rawValue: 8) }
        static var blinking: Attributes { .init(rawValue: 16) }
        static var reversed: Attributes { .init(rawValue: 32) }
        static var hidden: Attributes { .init(rawValue: 64) }
        static var struck: Attributes { .init(rawValue: 128) }
    }

    /// 0: the terminal's own; 1 << 24 + n: number n of the palette; 2 << 24 + rgb.
    var foreground: UInt32 = 0
    var background: UInt32 = 0
    var attributes: Attributes = []

    static var plain: Style { Style() }

    init(_ palette: UInt32? = nil, _ attributes: Attributes = []) {
        if let palette { foreground = 1 << 24 | palette }
        self.attributes = attributes
    }

    func with(_ more: Attributes) -> Style {
        var style = self
        style.attributes.formUnion(more)
        return style
    }

    /// Without its colours, which leaves what can be told apart on any terminal.
    var colourless: Style {
        var style = Style()
        style.attributes = attributes
        return style
    }

    /// Takes over the parameters of one SGR sequence, `1;38;5;196`; what is unknown is left out.
    mutating func apply(_ parameters: ArraySlice<UInt8>) {
        var numbers: [UInt32] = [0]
        for byte in parameters {
            if byte == 59 || byte == 58 {
                numbers.append(0)
            } else if byte >= 48 && byte <= 57 {
                numbers[numbers.count - 1] = min(numbers[numbers.count - 1] &* 10 &+ UInt32(byte - 48), 9999)
            }
        }
        var index = 0
        while index < numbers.count {
            let number = numbers[index]
            switch number {
            case 0: self = Style()
            case 1...5, 7...9: attributes.insert(Style.attribute(number))
            case 22: attributes.subtract([.bold, .dim])
            case 23, 25, 27, 28, 29: attributes.remove(Style.attribute(number - 20))
            case 24: attributes.remove(.underlined)
            case 30...37: foreground = 1 << 24 | (number - 30)
            case 90...97: foreground = 1 << 24 | (number - 82)
            case 39: foreground = 0
            case 40...47: background = 1 << 24 | (number - 40)
            case 100...107: background = 1 << 24 | (number - 92)
            case 49: background = 0
            case 38, 48:
                var colour: UInt32 = 0
                if index + 2 < numbers.count, numbers[index + 1] == 5 {
                    colour = 1 << 24 | (numbers[index + 2] & 255)
                    index += 2
                } else if index + 4 < numbers.count, numbers[index + 1] == 2 {
                    colour = 2 << 24 | (numbers[index + 2] & 255) << 16 | (numbers[index + 3] & 255) << 8
                    colour |= numbers[index + 4] & 255
                    index += 4
                }
                if number == 38 { foreground = colour } else { background = colour }
            default: break
            }
            index += 1
        }
    }

    private static func attribute(_ number: UInt32) -> Attributes {
        switch number {
        case 1: .bold
        case 2: .dim
        case 3: .italic
        case 4: .underlined
        case 5: .blinking
        case 7: .reversed
        case 8: .hidden
        default: .struck
        }
    }

    /// Appends the sequence that sets this style whatever was set before.
    func write(to out: inout [UInt8]) {
        out += [27, 91]
        if self == Style() {
            out.append(109)
            return
        }
        out.append(48)
        for number in 1...9 as ClosedRange<UInt32>
        where number != 6 && attributes.contains(Style.attribute(number)) {
            out += [59, UInt8(48 + number)]
        }
        Style.write(foreground, 30, to: &out)
        Style.write(background, 40, to: &out)
        out.append(109)
    }

    private static func write(_ colour: UInt32, _ base: UInt32, to out: inout [UInt8]) {
        let number = colour & 0xFFFFFF
        switch colour >> 24 {
        case 1 where number < 8: out += Array(";\(base + number)".utf8)
        case 1 where number < 16: out += Array(";\(base + 52 + number)".utf8)
        case 1: out += Array(";\(base + 8);5;\(number)".utf8)
        case 2:
            out += Array(";\(base + 8);2;\(number >> 16);\(number >> 8 & 255);\(number & 255)".utf8)
        default: break
        }
    }
}
