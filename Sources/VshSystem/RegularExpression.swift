// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase

/// A POSIX extended regular expression (XBD 9.4), compiled. No locale is set: it works on bytes.
public final class RegularExpression {
    /// The text that it was made of.
    public let text: Text
    /// Small letters of ASCII stand for capital ones too.
    public let ignoresCase: Bool
    private var compiled = regex_t()

    /// Nil when `text` is no regular expression. (C: regcomp)
    public init?(_ text: Text, ignoresCase: Bool = false) {
        self.text = text
        self.ignoresCase = ignoresCase
        let flags = ignoresCase ? REG_EXTENDED | REG_ICASE : REG_EXTENDED
        if text.withCString({ regcomp(&compiled, $0, flags) }) != 0 { return nil }
    }

    deinit { regfree(&compiled) }

    /// Bytes of `subject` that the expression and each of its groups match; an empty range for a group that took no part. Nil when nothing
    /// matches. (C: regexec)
    public func match(_ subject: Text) -> [Range<Int>]? {
        let count = Int(compiled.re_nsub) + 1
        var found = [regmatch_t](repeating: regmatch_t(), count: count)
        if subject.withCString({ regexec(&compiled, $0, count, &found, 0) }) != 0 { return nil }
        return found.map { $0.rm_so < 0 ? 0..<0 : Int($0.rm_so)..<Int($0.rm_eo) }
    }
}
