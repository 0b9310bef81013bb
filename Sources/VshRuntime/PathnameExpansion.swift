// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// Appends the pathnames that `pattern` matches to `fields`, in the order of their bytes, and returns how many (XCU 2.6.6, 2.14.3).
///
/// In `pattern` a backslash makes the next byte literal. No component that matches by a pattern is `.` or `..`; a leading dot is
/// matched by a dot only, unless `dotglob` is on. With `globstar` a component `**` matches any number of directories. A pattern none of whose components has an active character matches nothing and reads nothing.
/// - Parameter unreadable: the first directory that could not be read for want of permission; nil: none.
func expandPathnames(
    _ pattern: Text, isUTF8: Bool, options: ShellOptions = [], into fields: inout Table<Text>,
    unreadable: inout Text?
) -> Int {
    var expansion = PathnameExpansion()
    expansion.hasGlobstar = options.contains(.globstar) && !options.contains(.posix)
    expansion.options = options
    let found = expansion.parse(pattern, isUTF8: isUTF8) ? expansion.run(into: &fields) : 0
    unreadable = expansion.unreadable
    return found
}

extension Shell {
    /// The pathnames that a word, quotes and all, stands for; none when it matches nothing. It is to have no substitutions: they would be made.
    public func pathnames(of word: Text) -> [[UInt8]] {
        var text = Text("true ")
        text.append(word)
        text.append(Text("\n"))
        let code = Code(source: Source(name: name, origin: .eval, text: text))
        var parser = Parser(source: code.source, symbols: symbols, options: parserOptions)
        let parsed = try? parser.nextCommand(into: code)
        syncTables()
        guard case .command(let root)? = parsed, code.nodes[root].kind == .simpleCommand, code.nodes[root].n == 2,
            code.nodes[root].e < 0
        else { return [] }
        let mark = fields.count
        defer { fields.pop(to: mark) }
        do throws(ShellError) { try expand(code, code.nodes[root].a + 1) } catch { return [] }
        let names = (mark..<fields.count).map { fields[$0].bytes }
        // What matches nothing stays as it is.
        if names.count == 1, (try? FileStatus(Text(names[0]), follow: false)) == nil { return [] }
        return names
    }
}

/// One expansion. Directories are opened relative to the one before, so no path is too long, and a symbolic link that is changed
/// meanwhile leads nowhere else than where its name was read.
private struct PathnameExpansion: ~Copyable {
    /// What stands between slashes.
    struct Component {
        /// Nil: the name is `literal`.
        var pattern: Pattern?
        var literal: Text
        /// Slashes after it.
        var slashes: Int
        /// The pattern begins with a dot.
        var matchesDot = false
        /// `**`: any number of directories.
        var isRecursive = false
    }

    var hasGlobstar = false
    var options: ShellOptions = []

    private var components = Table<Component>(capacity: 4)
    /// The pathname under construction.
    private var path = ByteStack(capacity: 256)
    private var names = NameList()
    private var buffer: UnsafeMutableRawBufferPointer?
    private var matched = 0
    fileprivate var unreadable: Text?

    deinit { buffer?.deallocate() }

    /// Splits `text` at slashes; false when no component has an active character.
    mutating func parse(_ text: Text, isUTF8: Bool) -> Bool {
        var isActive = false
        let count = text.count
        var start = 0
        while start < count {
            var end = start
            var next = start
            while next < count && text[next] != 47 {
                if text[next] == 92 && next + 1 < count {
                    next += 1
                    // A quoted slash is a slash all the same.
                    if text[next] == 47 { break }
                }
                next += 1
                end = next
            }
            var slashes = 0
            while next < count && text[next] == 47 {
                slashes += 1
                next += 1
            }
            let part = text.slice(start..<end)
            start = next
            let pattern = compile(part, isUTF8: isUTF8)
            if pattern.isLiteral {
                components.append(Component(pattern: nil, literal: pattern.literal, slashes: slashes))
            } else {
                isActive = true
                let matchesDot =
                    options.contains(.dotglob) || part[0] == 46 || part.count > 1 && part[0] == 92 && part[1] == 46
                components.append(
                    Component(
                        pattern: pattern, literal: Text(), slashes: slashes, matchesDot: matchesDot,
                        isRecursive: hasGlobstar && part.equals("**")))
            }
        }
        return isActive
    }

    private func compile(_ part: Text, isUTF8: Bool) -> Pattern {
        if options.isDisjoint(with: [.extglob, .nocaseglob]) { return Pattern(part, isUTF8: isUTF8) }
        let text = options.contains(.nocaseglob) ? lowercased(part) : part
        return options.contains(.extglob) ? Pattern(extended: text, isUTF8: isUTF8) : Pattern(text, isUTF8: isUTF8)
    }

    mutating func run(into fields: inout Table<Text>) -> Int {
        buffer = .allocate(byteCount: DirectoryReader.bufferSize, alignment: 8)
        walk(0, At.current, 0, &fields)
        if hasGlobstar { sort(&fields) }
        return matched
    }

    /// Directories found by `**` come before what is in them, not where their names would stand.
    private func sort(_ fields: inout Table<Text>) {
        let first = fields.count - matched
        var found = (first..<fields.count).map { fields[$0] }
        found.sort { left, right in
            left.withBytes { a in right.withBytes { b in VshSystem.ByteSearch.compare(a, b) < 0 } }
        }
        for (offset, text) in found.enumerated() { fields[first + offset] = text }
    }

    /// Goes on with component `index`. The path from `start` on is relative to `directory`.
    private mutating func walk(_ index: Int, _ directory: Int32, _ start: Int, _ fields: inout Table<Text>) {
        var index = index
        while index < components.count && components[index].pattern == nil {
            path.append(components[index].literal)
            appendSlashes(index)
            index += 1
        }
        if index == components.count {
            let exists = withPath(from: start) { (try? FileStatus($0, at: directory, follow: false)) != nil }
            if exists { appendResult(&fields) }
            return
        }
        if components[index].isRecursive {
            // `a/**` matches `a/` as well.
            if index == components.count - 1 && !path.isEmpty { appendResult(&fields) }
            return descend(index, directory, start, &fields)
        }
        guard let reader = open(directory, start) else { return }
        list(index, reader, &fields)
    }

    /// The directory that the path from `start` on names.
    private mutating func open(_ directory: Int32, _ start: Int) -> DirectoryReader? {
        let flags: OpenFlags = [.readOnly, .directory, .closeOnExec]
        func open(_ name: some PathArgument) -> Int32 {
            do throws(Errno) { return try System.open(name, flags, at: directory) } catch { return -error.rawValue }
        }
        let opened = start == path.count ? open(".") : withPath(from: start) { open($0) }
        if opened == -Errno.accessDenied.rawValue, unreadable == nil {
            unreadable = path.isEmpty ? Text(".") : path.text(from: 0)
        }
        return opened < 0 ? nil : DirectoryReader(FileDescriptor(owning: opened), buffer: buffer)
    }

    /// `**`: what follows is matched in the directory and in all below it. Symbolic links are not followed.
    private mutating func descend(_ index: Int, _ directory: Int32, _ start: Int, _ fields: inout Table<Text>) {
        let isLast = index == components.count - 1
        let pathMark = path.count
        if !isLast {
            walk(index + 1, directory, start, &fields)
            path.pop(to: pathMark)
        }
        guard var reader = open(directory, start) else { return }
        let mark = names.count
        let byteMark = names.byteCount
        read(index, &reader, isDirectory: false)
        names.sort(from: mark)
        for name in mark..<names.count {
            names.withName(name) { path.append($0) }
            let isDirectory =
                names.type(name) == .directory
                || names.type(name) == .unknown && isPlainDirectory(reader.descriptor, pathMark)
            if isLast && (isDirectory || components[index].slashes == 0) {
                if components[index].slashes > 0 { path.append(47) }
                appendResult(&fields)
                if components[index].slashes > 0 { path.pop(to: path.count - 1) }
            }
            if isDirectory {
                path.append(47)
                descend(index, reader.descriptor, pathMark, &fields)
            }
            path.pop(to: pathMark)
        }
        names.pop(to: mark, bytes: byteMark)
    }

    private mutating func isPlainDirectory(_ directory: Int32, _ start: Int) -> Bool {
        withPath(from: start) { (try? FileStatus($0, at: directory, follow: false))?.isDirectory ?? false }
    }

    /// The names of one directory that component `index` matches, each with all that follows.
    private mutating func list(_ index: Int, _ reader: consuming DirectoryReader, _ fields: inout Table<Text>) {
        let mark = names.count
        let byteMark = names.byteCount
        let slashes = components[index].slashes
        read(index, &reader, isDirectory: slashes > 0)
        names.sort(from: mark)
        let isLast = index == components.count - 1
        let pathMark = path.count
        if isLast && slashes == 0 && pathMark == 0 {
            for name in mark..<names.count { fields.append(names.withName(name) { Text($0) }) }
            matched += names.count - mark
            names.pop(to: mark, bytes: byteMark)
            return
        }
        for name in mark..<names.count {
            names.withName(name) { path.append($0) }
            if slashes > 1 { appendSlashes(index, from: 1) }
            if !isLast {
                walk(index + 1, reader.descriptor, pathMark, &fields)
            } else if slashes == 0 || names.type(name) == .directory
                || withPath(from: pathMark, { (try? FileStatus($0, at: reader.descriptor)) != nil })
            {
                appendResult(&fields)
            }
            path.pop(to: pathMark)
        }
        names.pop(to: mark, bytes: byteMark)
    }

    /// Puts the names that component `index` matches on `names`. A directory that cannot be read has none.
    private mutating func read(_ index: Int, _ reader: inout DirectoryReader, isDirectory: Bool) {
        let matchesDot = components[index].matchesDot
        guard let pattern = components[index].pattern else { return }
        let ignoresCase = options.contains(.nocaseglob)
        while let entry = try? reader.next() {
            if entry.name[0] == 46 && (!matchesDot || entry.isDot) { continue }
            if isDirectory {
                switch entry.type {
                case .directory, .symbolicLink, .unknown: break
                default: continue
                }
            }
            let isMatch =
                ignoresCase ? pattern.matches(lowercased(Text(entry.name))) : pattern.matches(entry.name)
            if isMatch { names.append(entry.name, entry.type, isDirectory: isDirectory) }
        }
    }

    private mutating func appendSlashes(_ index: Int, from first: Int = 0) {
        for _ in first..<components[index].slashes { path.append(47) }
    }

    private mutating func appendResult(_ fields: inout Table<Text>) {
        fields.append(path.text(from: 0))
        matched += 1
    }

    /// Calls `body` with the path from `start` on, NUL-terminated.
    private mutating func withPath<R>(from start: Int, _ body: (UnsafePointer<UInt8>) -> R) -> R {
        path.append(0)
        defer { path.pop(to: path.count - 1) }
        return path.withBytes(from: start) { body($0.baseAddress!) }
    }
}

/// The letters of ASCII as small ones.
func lowercased(_ text: Text) -> Text {
    text.withBytes { bytes in
        if !bytes.contains(where: { $0 >= 65 && $0 <= 90 }) { return text }
        return Text(bytes.map { $0 >= 65 && $0 <= 90 ? $0 | 32 : $0 })
    }
}
