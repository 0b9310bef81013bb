// SPDX-License-Identifier: MPL-2.0
import VshStore
import VshSystem

/// Options that manual pages describe: a page is read the first time they are asked for, and what it says is kept in a database
/// of the cache directory until the page changes.
final class ManualOptions {
    private let cache: [UInt8]?

    init(cache: [UInt8]?) { self.cache = cache }

    private static var roots: [StaticString] { ["/usr/local/share/man", "/usr/local/man", "/usr/share/man"] }

    /// The page's file.
    static func page(_ name: [UInt8]) -> [UInt8]? {
        for root in roots {
            for section in [1, 8, 6] {
                let base = SystemNames.bytes(root) + Array("/man\(section)/".utf8) + name + Array(".\(section)".utf8)
                for path in [base + Array(".gz".utf8), base] where (try? FileStatus(path)) != nil { return path }
            }
        }
        return nil
    }

    func spec(for name: [UInt8]) -> CommandSpec {
        guard let path = Self.page(name), let status = try? FileStatus(path), status.size < 4 << 20 else {
            return CommandSpec()
        }
        let time = status.modificationTime.totalNanoseconds
        let database = openCache()
        if let database, let text = cached(database, path, time) { return SpecReader.read(text) }
        let options = Self.read(path)
        var spec = CommandSpec()
        spec.options = options
        if let database { keep(database, path, time, Self.text(of: options)) }
        return spec
    }

    /// The options of a page; a page that only names another one (`.so`) is that other one.
    static func read(_ path: [UInt8], depth: Int = 0) -> [SpecOption] {
        guard var source = SystemNames.contents(path) else { return [] }
        if source.starts(with: [0x1F, 0x8B]) {
            guard let unpacked = Inflate.gzip(source) else { return [] }
            source = unpacked
        }
        if source.count < 300, depth < 3, source.starts(with: Array(".so ".utf8)) {
            let target = source.dropFirst(4).prefix { $0 != 10 && $0 != 32 }
            // `.so man1/other.1`, from the directory above.
            guard let slash = path.lastIndex(of: 47), let above = path[..<slash].lastIndex(of: 47) else { return [] }
            let other = Array(path[..<(target.contains(47) ? above : slash)]) + [47] + target
            let file = (try? FileStatus(other)) != nil ? other : other + Array(".gz".utf8)
            return read(file, depth: depth + 1)
        }
        return ManualPage.options(source)
    }

    // MARK: cache

    private func openCache() -> Database? {
        guard let cache, let slash = cache.lastIndex(of: 47) else { return nil }
        let directory = Array(cache[..<slash])
        if (try? FileStatus(directory)) == nil {
            let parent = Array(directory[..<(directory.lastIndex(of: 47) ?? 0)])
            try? System.makeDirectory(parent, mode: 0o700)
            try? System.makeDirectory(directory, mode: 0o700)
        }
        Database.useHighDescriptors()
        guard let database = try? Database(path: cache, patience: 50) else { return nil }
        do {
            try database.run("PRAGMA synchronous=OFF")
            try database.run(
                """
                CREATE TABLE IF NOT EXISTS manual1(
                  path BLOB PRIMARY KEY, time INTEGER NOT NULL, options BLOB NOT NULL) WITHOUT ROWID
                """)
        } catch {
            return nil
        }
        return database
    }

    private func cached(_ database: Database, _ path: [UInt8], _ time: Int64) -> [UInt8]? {
        guard let query = try? database.prepare("SELECT options FROM manual1 WHERE path = ?1 AND time = ?2") else {
            return nil
        }
        query.bind(path).bind(time)
        defer { query.reset() }
        return ((try? query.step()) ?? false) ? query.bytes(0) : nil
    }

    private func keep(_ database: Database, _ path: [UInt8], _ time: Int64, _ text: [UInt8]) {
        let insert = try? database.prepare("INSERT OR REPLACE INTO manual1 VALUES(?1, ?2, ?3)")
        try? insert?.bind(path).bind(time).bind(text).run()
    }

    /// Options in the form that `SpecReader` reads.
    static func text(of options: [SpecOption]) -> [UInt8] {
        var text: [UInt8] = []
        for option in options {
            text += Array(option.names.joined(separator: [32]))
            if let argument = option.argument {
                text += Array(" =\(option.isArgumentOptional ? "?" : "")\(argument.name)".utf8)
            }
            text += Array(" | ".utf8) + option.description.map { $0 == 10 ? 32 : $0 } + [10]
        }
        return text
    }
}
