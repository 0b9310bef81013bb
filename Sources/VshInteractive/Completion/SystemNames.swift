// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Lists that files of the system hold.
enum SystemNames {
    static func bytes(_ text: StaticString) -> [UInt8] {
        Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    static var reservedWords: [StaticString] {
        [
            "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "select",
            "function", "time",
        ]
    }

    static func searchDirectories(_ path: [UInt8]) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for part in path.split(separator: 58) where !found.contains(Array(part)) { found.append(Array(part)) }
        return found
    }

    static func contents(_ path: [UInt8], limit: Int = 4 << 20) -> [UInt8]? {
        guard let file = try? FileDescriptor(path, [.readOnly, .nonBlocking]) else { return nil }
        return try? file.readAll(limit: limit)
    }

    static func contents(_ path: String) -> [UInt8]? { contents(Array(path.utf8)) }

    /// Names in a directory, those that begin with a dot left out.
    static func entries(_ path: [UInt8], type: FileType? = nil) -> [[UInt8]] {
        guard var reader = try? DirectoryReader(path) else { return [] }
        var found: [[UInt8]] = []
        while let entry = try? reader.next() {
            if entry.name[0] == 46 { continue }
            if let type, entry.type != type, entry.type != .unknown { continue }
            found.append(Array(entry.name))
        }
        return found
    }

    /// Hosts of /etc/hosts, of ssh's known_hosts as far as they are not hashed, and of its configuration.
    static func hosts(home: [UInt8]) -> [(name: [UInt8], description: StaticString)] {
        var found: [(name: [UInt8], description: StaticString)] = []
        for file in [home + Array("/.ssh/config".utf8), Array("/etc/ssh/ssh_config".utf8)] {
            addConfigured(file, home: home, depth: 0, to: &found)
        }
        for file in [home + Array("/.ssh/known_hosts".utf8), Array("/etc/ssh/ssh_known_hosts".utf8)] {
            for line in (contents(file) ?? []).split(separator: 10) where line.first != 35 && line.first != 124 {
                let fields = line.split(separator: 32, maxSplits: 1)
                guard let names = line.first == 64 ? line.split(separator: 32).dropFirst().first : fields.first else {
                    continue
                }
                for name in names.split(separator: 44) {
                    var host = Array(name)
                    // [host]:port
                    if host.first == 91, let end = host.firstIndex(of: 93) { host = Array(host[1..<end]) }
                    if !host.contains(where: { $0 == 42 || $0 == 63 || $0 == 124 }) {
                        found.append((host, "known host"))
                    }
                }
            }
        }
        for line in (contents("/etc/hosts") ?? []).split(separator: 10) {
            let fields = line.prefix { $0 != 35 }.split { $0 == 32 || $0 == 9 }
            for name in fields.dropFirst() { found.append((Array(name), "/etc/hosts")) }
        }
        return found
    }

    private static func addConfigured(
        _ file: [UInt8], home: [UInt8], depth: Int, to found: inout [(name: [UInt8], description: StaticString)]
    ) {
        guard depth < 4, let text = contents(file) else { return }
        for line in text.split(separator: 10) {
            let words = line.split { $0 == 32 || $0 == 9 || $0 == 61 }
            guard let key = words.first.map({ String(decoding: $0.map(lowercased), as: UTF8.self) }) else { continue }
            if key == "host" {
                for name in words.dropFirst() where !name.contains(where: { $0 == 42 || $0 == 63 || $0 == 33 }) {
                    found.append((Array(name), "ssh configuration"))
                }
            } else if key == "include" {
                for word in words.dropFirst() {
                    var path = Array(word)
                    if path.starts(with: [126, 47]) { path = home + path.dropFirst() }
                    if path.first != 47 { path = home + Array("/.ssh/".utf8) + path }
                    if path.last == 42, let slash = path.lastIndex(of: 47) {
                        let directory = Array(path[..<slash])
                        for name in entries(directory) {
                            addConfigured(directory + [47] + name, home: home, depth: depth + 1, to: &found)
                        }
                    } else {
                        addConfigured(path, home: home, depth: depth + 1, to: &found)
                    }
                }
            }
        }
    }

    /// Processes of this machine, the newest numbers first: number, name and command line. Threads of the kernel, which have none, are left out.
    static func processes() -> [(pid: [UInt8], name: [UInt8], command: [UInt8])] {
        var found: [(pid: [UInt8], name: [UInt8], command: [UInt8])] = []
        let pids = entries(Array("/proc".utf8)).filter { $0.allSatisfy { $0 >= 48 && $0 <= 57 } }
        for pid in pids.sorted(by: { $0.count != $1.count ? $0.count > $1.count : $1.lexicographicallyPrecedes($0) }) {
            let directory = Array("/proc/".utf8) + pid
            guard var name = contents(directory + Array("/comm".utf8), limit: 4096) else { continue }
            if name.last == 10 { name.removeLast() }
            let command = (contents(directory + Array("/cmdline".utf8), limit: 1 << 16) ?? []).map { $0 == 0 ? 32 : $0 }
            if command.isEmpty { continue }
            found.append((pid, name, WordQuoting.display(Array(command.prefix(120)))))
        }
        return found
    }

    /// Targets of the makefile in the working directory.
    static func makeTargets(_ file: [UInt8]?, directory: [UInt8]?) -> [(name: [UInt8], description: [UInt8])] {
        var text: [UInt8]?
        let base = directory.map { $0 + [47] } ?? []
        if let file {
            text = contents(base + file)
        } else {
            for name in ["GNUmakefile", "makefile", "Makefile"] {
                text = contents(base + Array(name.utf8))
                if text != nil { break }
            }
        }
        var found: [(name: [UInt8], description: [UInt8])] = []
        var seen: Set<[UInt8]> = []
        for line in (text ?? []).split(separator: 10) {
            guard let first = line.first, first != 9, first != 35, first != 46, first != 32,
                let colon = line.firstIndex(of: 58)
            else { continue }
            if colon + 1 < line.endIndex, line[colon + 1] == 61 { continue }
            let names = line[..<colon]
            if names.contains(where: { $0 == 61 || $0 == 36 || $0 == 37 }) { continue }
            var description: [UInt8] = []
            if let mark = find([35, 35, 32], in: line) { description = Array(line[(mark + 3)...]) }
            for name in names.split(separator: 32) where seen.insert(Array(name)).inserted {
                found.append((Array(name), description))
            }
        }
        return found
    }

    private static func find(_ text: [UInt8], in line: ArraySlice<UInt8>) -> Int? {
        if line.count < text.count { return nil }
        for start in line.startIndex...(line.endIndex - text.count) where line[start...].starts(with: text) {
            return start
        }
        return nil
    }

    /// Units of systemd, from the directories that it reads.
    static func services(ofUser: Bool) -> [[UInt8]] {
        let directories =
            ofUser
            ? ["/usr/lib/systemd/user", "/etc/systemd/user", "/usr/local/lib/systemd/user"]
            : [
                "/usr/lib/systemd/system", "/lib/systemd/system", "/etc/systemd/system", "/run/systemd/system",
                "/run/systemd/generator",
            ]
        var found: Set<[UInt8]> = []
        for directory in directories {
            for name in entries(Array(directory.utf8)) where name.contains(46) && !name.contains(64) {
                if name.suffix(2) != [46, 100][...], !name.reversed().starts(with: "stnaw.".utf8) {
                    found.insert(name)
                }
            }
        }
        return Array(found)
    }

    /// Packages that dpkg has installed, with the first line of their description.
    static func installedPackages(_ wanted: (ArraySlice<UInt8>) -> Bool) -> [(name: [UInt8], description: [UInt8])] {
        packages("/var/lib/dpkg/status", isStatus: true, wanted)
    }

    /// Packages that apt knows of.
    static func availablePackages(_ wanted: (ArraySlice<UInt8>) -> Bool) -> [(name: [UInt8], description: [UInt8])] {
        var found: [(name: [UInt8], description: [UInt8])] = []
        let directory = Array("/var/lib/apt/lists".utf8)
        for name in entries(directory) where name.reversed().starts(with: "segakcaP_".utf8) {
            found += packages(String(decoding: directory + [47] + name, as: UTF8.self), isStatus: false, wanted)
        }
        return found.isEmpty ? installedPackages(wanted) : found
    }

    private static func packages(_ path: String, isStatus: Bool, _ wanted: (ArraySlice<UInt8>) -> Bool)
        -> [(name: [UInt8], description: [UInt8])]
    {
        guard let text = contents(Array(path.utf8), limit: 256 << 20) else { return [] }
        var found: [(name: [UInt8], description: [UInt8])] = []
        let (package, summary) = (Array("Package: ".utf8), Array("Description: ".utf8))
        text.withUnsafeBufferPointer { text in
            var index = 0
            var isWanted = false
            while index < text.count {
                let rest = UnsafeBufferPointer(rebasing: text[index...])
                let length = ByteSearch.first(10, in: rest) ?? rest.count
                if length > 9, rest[0] == 80, rest[7] == 58, rest.starts(with: package) {
                    let name = Array(rest[9..<length])
                    isWanted = found.count < 2000 && wanted(name[...])
                    if isWanted { found.append((name, [])) }
                } else if isWanted, length > 13, rest[0] == 68, rest.starts(with: summary), found.count > 0 {
                    found[found.count - 1].description = Array(rest[13..<min(length, 93)])
                } else if isWanted, isStatus, length > 7, rest[0] == 83, rest.starts(with: "Status: ".utf8),
                    !rest[..<length].reversed().starts(with: "dellatsni ".utf8)
                {
                    found.removeLast()
                    isWanted = false
                }
                index += length + 1
            }
        }
        return found
    }

    /// Names of manual pages with their sections.
    static func manualPages(section: [UInt8]?, _ wanted: (ArraySlice<UInt8>) -> Bool) -> [(
        name: [UInt8], section: [UInt8]
    )] {
        var found: [(name: [UInt8], section: [UInt8])] = []
        for root in ["/usr/share/man", "/usr/local/share/man"] {
            for number in 1...9 {
                if let section, section != Array("\(number)".utf8) { continue }
                for file in entries(Array("\(root)/man\(number)".utf8)) where wanted(file[...]) {
                    var name = file[...]
                    if name.suffix(3).elementsEqual(".gz".utf8) { name = name.dropLast(3) }
                    guard let dot = name.lastIndex(of: 46) else { continue }
                    found.append((Array(name[..<dot]), Array(name[(dot + 1)...])))
                }
            }
        }
        return found
    }
}
