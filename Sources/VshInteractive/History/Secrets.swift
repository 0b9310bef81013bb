// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// What looks like a secret in a command line: such lines are not stored.
///
/// A value that only names a variable (`TOKEN=$TOKEN`, `--password "$PW"`) is none.
enum Secrets {
    /// Whether the line holds something that looks like a password, a key or a token.
    static func isIn(_ command: [UInt8]) -> Bool {
        if hasKnownForm(command) { return true }
        let words = command.split { $0 == 32 || $0 == 9 || $0 == 10 || $0 == 59 || $0 == 38 || $0 == 124 }
        var expectsValue = false
        var isAuthorization = false
        for slice in words {
            let word = unquoted(Array(slice))
            if expectsValue {
                expectsValue = false
                if isSecretValue(word) { return true }
            }
            if isAuthorization,
                equalsIgnoringCase(word, "bearer") || equalsIgnoringCase(word, "basic")
                    || equalsIgnoringCase(word, "token")
            {
                expectsValue = true
            }
            isAuthorization = endsIgnoringCase(word, "authorization:") || isAuthorization && !expectsValue
            if let equals = word.firstIndex(where: { $0 == 61 || $0 == 58 }), equals > 0 {
                let name = Array(word[..<equals])
                let value = unquoted(Array(word[(equals + 1)...]))
                if isSecretName(name), isSecretValue(value) { return true }
                if hasPassword(word) { return true }
                if isSecretName(name), value.isEmpty, word[equals] == 58 { expectsValue = true }
            } else if word.count > 2, word[0] == 45, word[1] == 45, isSecretName(word) {
                expectsValue = true
            }
        }
        return false
    }

    /// `name=`, `--name`, `Name:` that hold secrets.
    private static func isSecretName(_ name: [UInt8]) -> Bool {
        var folded: [UInt8] = []
        for byte in name where byte != 45 && byte != 95 && byte != 46 { folded.append(lowercased(byte)) }
        for ending in endings where folded.count >= ending.utf8CodeUnitCount {
            let tail = folded.suffix(ending.utf8CodeUnitCount)
            if tail.elementsEqual(UnsafeBufferPointer(start: ending.utf8Start, count: ending.utf8CodeUnitCount)) {
                return true
            }
        }
        return false
    }

    private static var endings: [StaticString] {
        [
            "password", "passwd", "passphrase", "pwd64", "token", "secret", "secretkey", "apikey", "accesskey",
            "accesskeyid", "privatekey", "credential", "credentials", "authkey", "clientsecret", "pgpassword",
            "mysqlpwd", "bearer", "xapikey",
        ]
    }

    /// Something of its own, not the name of a variable, a command or a file.
    private static func isSecretValue(_ value: [UInt8]) -> Bool {
        guard let first = value.first else { return false }
        if first == 36 || first == 96 || first == 60 || first == 45 || first == 42 { return false }
        // @file, and names of files that programs read a secret from.
        return first != 64 && first != 47
    }

    /// `scheme://user:password@host`
    private static func hasPassword(_ word: [UInt8]) -> Bool {
        guard let scheme = find("://", in: word) else { return false }
        let rest = word[(scheme + 3)...]
        let host = rest.prefix { $0 != 47 && $0 != 63 }
        guard let at = host.lastIndex(of: 64), let colon = host[..<at].firstIndex(of: 58), colon + 1 < at else {
            return false
        }
        return host[colon + 1] != 36
    }

    /// Tokens that say themselves what they are.
    private static func hasKnownForm(_ command: [UInt8]) -> Bool {
        for (start, length) in forms {
            var from = 0
            while let place = find(start, in: command, from: from) {
                from = place + 1
                if place > 0, isTokenByte(command[place - 1]) { continue }
                var end = place + start.utf8CodeUnitCount
                while end < command.count, isTokenByte(command[end]) { end += 1 }
                if end - place - start.utf8CodeUnitCount >= length { return true }
            }
        }
        return find("-----BEGIN ", in: command) != nil && find("PRIVATE KEY", in: command) != nil
    }

    private static var forms: [(StaticString, Int)] {
        [
            ("ghp_", 20), ("gho_", 20), ("ghs_", 20), ("ghu_", 20), ("github_pat_", 20), ("glpat-", 16),
            ("xoxb-", 16), ("xoxp-", 16), ("AKIA", 16), ("ASIA", 16), ("sk-", 24), ("sk_live_", 16), ("npm_", 24),
            ("pypi-", 24), ("AIza", 30), ("eyJhbGciOi", 20), ("hf_", 24), ("dop_v1_", 24),
        ]
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte >= 48 && byte <= 57 || byte | 32 >= 97 && byte | 32 <= 122 || byte == 95 || byte == 45
    }

    private static func find(_ text: StaticString, in bytes: [UInt8], from start: Int = 0) -> Int? {
        if start >= bytes.count { return nil }
        return bytes.withUnsafeBufferPointer { all in
            let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            return ByteSearch.first(wanted, in: UnsafeBufferPointer(rebasing: all[start...])).map { $0 + start }
        }
    }

    private static func unquoted(_ word: [UInt8]) -> [UInt8] { word.filter { $0 != 34 && $0 != 39 } }

    private static func equalsIgnoringCase(_ word: [UInt8], _ text: StaticString) -> Bool {
        word.count == text.utf8CodeUnitCount && endsIgnoringCase(word, text)
    }

    private static func endsIgnoringCase(_ word: [UInt8], _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        if word.count < count { return false }
        for index in 0..<count where lowercased(word[word.count - count + index]) != text.utf8Start[index] {
            return false
        }
        return true
    }
}
