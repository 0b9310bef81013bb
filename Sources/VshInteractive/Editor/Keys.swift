// SPDX-License-Identifier: MPL-2.0

/// A key as the editor knows it, whatever the terminal sent for it.
enum Key: Equatable {
    /// A character by its code point, above space and not 127; bytes that are no UTF-8 are `UTF8Characters.invalid` + byte.
    case text(UInt32)
    /// Control and a letter: the code, 0…31 or 127.
    case control(UInt8)
    /// Alt and a character.
    case alt(UInt32)
    /// Alt, Control and a letter.
    case altControl(UInt8)
    case special(Special, Modifiers)
    /// Text from a bracketed paste, cleaned.
    case paste([UInt8])
    /// A sequence that is complete but means nothing here.
    case unknown

    enum Special: UInt8 {
        case up, down, left, right, home, end, insert, delete, pageUp, pageDown
        case escape, enter, tab, backspace
        case f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12
        case focusIn, focusOut
    }

    struct Modifiers: OptionSet {
        var rawValue: UInt8
        static var shift: Modifiers { .init(rawValue: 1) }
        static var alt: Modifiers { .init(rawValue: 2) }
        static var control: Modifiers { .init(rawValue: 4) }
    }
}
