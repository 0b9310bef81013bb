// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

extension Shell {
    /// What `~+` and `~-` stand for in bash: PWD and OLDPWD, where they are set.
    private func rememberedDirectory(_ sign: UInt8) -> Text? {
        guard let symbol = symbols.find(Text(sign == 43 ? "PWD" : "OLDPWD")), isSet(symbol) else { return nil }
        return value(symbol)
    }

    /// `~` and `~user` (XCU 2.6.1): the result is not split nor expanded further; an unknown user leaves the text as it is.
    func appendTilde(_ user: Text, _ builder: inout WordBuilder) {
        if user.isEmpty {
            if isSet(KnownSymbol.home.rawValue) {
                builder.hasQuotes = true
                appendQuoted(value(.home), &builder)
                return
            }
        } else if user.count == 1, user[0] == 43 || user[0] == 45, !options.contains(.posix),
            let directory = rememberedDirectory(user[0])
        {
            builder.hasQuotes = true
            appendQuoted(directory, &builder)
            return
        } else if let home = UserDatabase.user(named: user.bytes) {
            builder.hasQuotes = true
            appendQuoted(Text(home.home), &builder)
            return
        }
        appendQuoted(Text("~"), &builder)
        appendQuoted(user, &builder)
    }
}
