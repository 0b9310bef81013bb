// SPDX-License-Identifier: MPL-2.0

/// What each byte means to the scanner, as bits; a table of 256 in a literal, so that reading it needs no initialisation.
///
/// Bit 6 is always set, which keeps the literal printable.
enum ByteClass {
    /// Letters, digits and `_`.
    static var name: UInt8 { 1 }
    /// What a scan of unquoted word text stops at: delimiters, quotes, `$`, `` ` ``, `\\`, `*`, `?`, `[`, `~`, `{`, `}`.
    static var stop: UInt8 { 2 }
    /// What ends a word: blanks, newline, the bytes that operators consist of, NUL.
    static var delimiter: UInt8 { 4 }
    /// What a scan of double-quoted or here-document text stops at: `"`, `$`, `` ` ``, `\\`, `}`, newline, NUL.
    static var quotedStop: UInt8 { 8 }
    static var digit: UInt8 { 16 }
    /// Space and tab.
    static var blank: UInt8 { 32 }

    /// The table; index it with the byte.
    @inline(__always)
    static var table: UnsafePointer<UInt8> { literal.utf8Start }

    private static var literal: StaticString {
        """
        N@@@@@@@@fN@@@@@@@@@@@@@@@@@@@@@\
        f@J@J@FBFFB@@@@@QQQQQQQQQQ@FF@FB\
        @AAAAAAAAAAAAAAAAAAAAAAAAAABJ@@A\
        JAAAAAAAAAAAAAAAAAAAAAAAAAABFJB@\
        @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
        """
    }
}

/// Bytes by their names.
enum Byte {
    static var tab: UInt8 { 9 }
    static var newline: UInt8 { 10 }
    static var space: UInt8 { 32 }
    static var bang: UInt8 { 33 }
    static var doubleQuote: UInt8 { 34 }
    static var hash: UInt8 { 35 }
    static var dollar: UInt8 { 36 }
    static var percent: UInt8 { 37 }
    static var ampersand: UInt8 { 38 }
    static var singleQuote: UInt8 { 39 }
    static var openParen: UInt8 { 40 }
    static var closeParen: UInt8 { 41 }
    static var star: UInt8 { 42 }
    static var plus: UInt8 { 43 }
    static var comma: UInt8 { 44 }
    static var minus: UInt8 { 45 }
    static var dot: UInt8 { 46 }
    static var slash: UInt8 { 47 }
    static var zero: UInt8 { 48 }
    static var nine: UInt8 { 57 }
    static var colon: UInt8 { 58 }
    static var semicolon: UInt8 { 59 }
    static var less: UInt8 { 60 }
    static var equal: UInt8 { 61 }
    static var greater: UInt8 { 62 }
    static var question: UInt8 { 63 }
    static var at: UInt8 { 64 }
    static var openBracket: UInt8 { 91 }
    static var backslash: UInt8 { 92 }
    static var closeBracket: UInt8 { 93 }
    static var caret: UInt8 { 94 }
    static var underscore: UInt8 { 95 }
    static var backquote: UInt8 { 96 }
    static var openBrace: UInt8 { 123 }
    static var bar: UInt8 { 124 }
    static var closeBrace: UInt8 { 125 }
    static var tilde: UInt8 { 126 }
}
