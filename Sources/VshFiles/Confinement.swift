// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// Changes inside the sandbox.
///
/// A name is resolved to a descriptor of the directory that it is in; that descriptor is looked at, and the change is made
/// relative to it without following a symbolic link. Nobody can exchange a directory between the look and the change.
extension FileSystem {
    /// Runs `body` with a name and the directory it is in, both as given when there is no sandbox.
    /// - Parameters:
    ///   - action: for the message and the audit log.
    ///   - replaces: what is there may go: its removal or renaming.
    ///   - isEmpty: nothing goes but an empty directory: none that the shell's own directories lie below.
    ///   - creates: the name must not be there yet.
    ///   - follow: a symbolic link stands for what it leads to; `body` must not follow it again.
    @inline(__always)
    func inside<R>(
        _ name: UnsafePointer<CChar>, _ directory: Directory?, _ action: StaticString, replaces: Bool = false,
        isEmpty: Bool = false, creates: Bool = false, follow: Bool = false,
        _ body: (UnsafePointer<CChar>, Directory?) throws(Errno) -> R
    ) throws(Errno) -> R {
        if sandbox == nil { return try body(name, directory) }
        return try insideSlowly(name, directory, action, replaces, isEmpty, creates, follow, body)
    }

    @inline(never)
    private func insideSlowly<R>(
        _ name: UnsafePointer<CChar>, _ directory: Directory?, _ action: StaticString, _ replaces: Bool,
        _ isEmpty: Bool, _ creates: Bool, _ follow: Bool,
        _ body: (UnsafePointer<CChar>, Directory?) throws(Errno) -> R
    ) throws(Errno) -> R {
        if !follow, let sandbox, isAllowed(name, directory, replaces && !isEmpty, sandbox) {
            return try body(name, directory)
        }
        let place = try find(
            name, directory, action, replaces: replaces, isEmpty: isEmpty, creates: creates, follow: follow)
        return try place.name.withPath { (name) throws(Errno) in try body(name, place.directory) }
    }

    /// Whether a name without a directory in front may be changed: most are such, and nothing has to be opened for them.
    private func isAllowed(
        _ name: UnsafePointer<CChar>, _ directory: Directory?, _ replaces: Bool, _ sandbox: Sandbox
    ) -> Bool {
        var count = 0
        while name[count] != 0 {
            if name[count] == 47 { return false }
            count += 1
        }
        if count == 0 || name[0] == 46 && (count == 1 || count == 2 && name[1] == 46) { return false }
        sandbox.engage()
        guard let parent = (directory ?? workingDirectory).path(epoch: recorder?.epoch ?? 0) else { return false }
        return sandbox.allows(
            UnsafeBufferPointer(start: UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self), count: count),
            in: parent, replaces: replaces)
    }

    /// Whether a path may be opened as it is written if no part of it is a symbolic link: then the kernel, which is told so, gets
    /// nowhere else.
    private func isAllowedAsWritten(
        _ given: UnsafePointer<CChar>, _ directory: Directory?, _ sandbox: Sandbox
    ) -> Bool {
        let (slash, dot) = (UInt8(ascii: "/"), UInt8(ascii: "."))
        let path = UnsafeBufferPointer(
            start: UnsafeRawPointer(given).assumingMemoryBound(to: UInt8.self), count: length(given))
        var (start, last) = (0, 0)
        for index in 0...path.count where index == path.count || path[index] == slash {
            let count = index - start
            if count == 0 && index > 0 { return false }
            if count > 0 && count < 3 && path[start] == dot && path[index - 1] == dot { return false }
            last = start
            start = index + 1
        }
        if last == 0 { return false }
        var parent = Array(path[..<(last - 1)])
        if path[0] != slash {
            guard let base = (directory ?? workingDirectory).path(epoch: recorder?.epoch ?? 0) else { return false }
            parent = (base.count == 1 ? [] : base) + [slash] + parent
        } else if parent.isEmpty {
            parent = [slash]
        }
        return sandbox.allows(UnsafeBufferPointer(rebasing: path[last...]), in: parent, replaces: false)
    }

    /// A name in a directory that was looked at.
    struct Place {
        /// Nil: the working directory.
        var directory: Directory?
        /// One component, NUL-terminated; perhaps a slash behind it.
        var name: [UInt8]
    }

    private func find(
        _ given: UnsafePointer<CChar>, _ directory: Directory?, _ action: StaticString, replaces: Bool,
        isEmpty: Bool, creates: Bool, follow: Bool
    ) throws(Errno) -> Place {
        sandbox?.engage()
        var path = bytes(given)
        var base = directory
        // A link with a slash behind it: removing, renaming and making fail by themselves.
        var search = ConfinedSearch(follow: follow, looksThrough: !replaces && !creates)
        while true {
            let (place, parent) = try findParent(path, base)
            guard let sandbox else { return place }
            let isInside = place.name.dropLast().withUnsafeBufferPointer { name in
                let name = UnsafeBufferPointer(
                    rebasing: name[..<(name.lastIndex { $0 != UInt8(ascii: "/") }.map { $0 + 1 } ?? 0)])
                return name.elementsEqual([UInt8(ascii: ".")])
                    ? sandbox.allows(parent) : sandbox.allows(name, in: parent, replaces: replaces && !isEmpty)
            }
            let hasSlash = place.name.count > 2 && place.name[place.name.count - 2] == UInt8(ascii: "/")
            var target: [UInt8]?
            if search.follow || search.looksThrough && hasSlash {
                var bare = Array(place.name.dropLast())
                while bare.last == UInt8(ascii: "/"), bare.count > 1 { bare.removeLast() }
                target = try? System.readLink(bare, at: at(place.directory))
            }
            switch search.step(isInside, isLink: target != nil, hasSlash: hasSlash) {
            case .use: return place
            case .search(let next):
                search = next
                let target = target ?? []
                path = target + (hasSlash ? [UInt8(ascii: "/")] : [])
                base = target.first == UInt8(ascii: "/") ? nil : place.directory
                continue
            case .tooManyLinks: throw .tooManySymbolicLinks
            case .refuse: break
            }
            if creates, (try? FileStatus(place.name, at: at(place.directory), follow: false)) != nil { throw .exists }
            // A name from a walk says nothing by itself.
            let bare = place.name.dropLast()
            let whole = (parent.count == 1 ? [] : parent) + [UInt8(ascii: "/")] + bare
            throw refuse(directory == nil ? bytes(given) : whole, action, isOwn: sandbox.isOwn(whole))
        }
    }

    func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        Array(
            UnsafeBufferPointer(
                start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: length(text)))
    }

    func length(_ text: UnsafePointer<CChar>) -> Int {
        var count = 0
        while text[count] != 0 { count += 1 }
        return count
    }

    /// Opens the directory that a path's last component is in, whatever leads there, and finds out what it is.
    func findParent(_ path: [UInt8], _ base: Directory?) throws(Errno) -> (Place, parent: [UInt8]) {
        let slash = UInt8(ascii: "/")
        if path.isEmpty { throw .noEntry }
        var end = path.count
        while end > 0, path[end - 1] == slash { end -= 1 }
        var start = end
        while start > 0, path[start - 1] != slash { start -= 1 }
        let last = path[start..<end]
        let isDots = last.isEmpty || last.elementsEqual([46]) || last.elementsEqual([46, 46])
        if !isDots, start == 0 {
            let directory = base ?? workingDirectory
            guard let parent = directory.path(epoch: recorder?.epoch ?? 0) else { throw .noEntry }
            return (Place(directory: base, name: Array(path) + [0]), parent)
        }
        let name = isDots ? path : Array(path[..<start])
        let fd = try System.open(name, [.path, .directory, .closeOnExec], at: at(base))
        let opened = Directory(descriptor: fd)
        guard let parent = opened.path(epoch: recorder?.epoch ?? 0) else { throw .noEntry }
        return (Place(directory: opened, name: isDots ? [UInt8(ascii: "."), 0] : Array(path[start...]) + [0]), parent)
    }

    /// Says that something lies outside, enters it for the audit log, and gives the error to throw.
    func refuse(_ path: [UInt8], _ action: StaticString, isOwn: Bool = false) -> Errno {
        onRefusal?(refusalLine(Array("\(action)".utf8), path, isOwn: isOwn))
        noteRefusal(path, action)
        return .accessDenied
    }

    /// Enters it for the audit log.
    private func noteRefusal(_ path: [UInt8], _ action: StaticString) {
        var record = RefusalRecord()
        record.action = Array("\(action)".utf8)
        record.path = path
        record.root = sandbox?.root ?? []
        if mayRecord, let recorder = openRecorder() {
            recorder.add(record)
        } else if sandbox?.isHeldByOther == true {
            ProgramRecorder.noteRefusal(action, path)
        }
    }

    // MARK: Opening

    /// open(2) for writing.
    func openInside(
        _ given: UnsafePointer<CChar>, _ directory: Directory?, _ flags: OpenFlags, _ mode: UInt32
    ) throws(Errno) -> Int32 {
        guard let sandbox else { throw .invalid }
        sandbox.engage()
        if isNull(given) {
            let fd = try System.open(given, flags.subtracting([.create, .exclusive, .truncate]).union(.noFollow))
            if let status = try? FileStatus(descriptor: fd), status.type == .characterDevice { return fd }
            try? System.close(fd)
        } else {
            let isPlain = isAllowed(given, directory, false, sandbox)
            if isPlain || isAllowedAsWritten(given, directory, sandbox) {
                do {
                    return try openHere(
                        given, directory, flags.union(isPlain ? .noFollow : [.noFollow, .noLinks]), mode)
                } catch {
                    // A link: it is looked where it leads.
                    if error != .tooManySymbolicLinks && (isPlain || error != .notImplemented) { throw error }
                }
            }
        }
        let whole = bytes(given)
        var path = whole
        var base = directory
        var search = ConfinedSearch(follow: !flags.contains(.noFollow), looksThrough: false)
        while true {
            let (place, parent) = try findParent(path, base)
            let name = Array(place.name.dropLast())
            if parent.starts(with: Array("/proc/".utf8)), parent.suffix(3).elementsEqual("/fd".utf8) {
                return try reopen(place, name, flags, whole)
            }
            if Sandbox.isDevice(name, in: parent) {
                let plain = flags.subtracting([.create, .exclusive, .truncate]).union(.noFollow)
                let fd = try System.open(place.name, plain, at: at(place.directory))
                if let status = try? FileStatus(descriptor: fd), status.type == .characterDevice { return fd }
                try? System.close(fd)
                throw refuse(whole, "open")
            }
            let isInside =
                name.elementsEqual([UInt8(ascii: ".")])
                ? sandbox.allows(parent)
                : name.withUnsafeBufferPointer { sandbox.allows($0, in: parent, replaces: false) }
            if search.step(isInside, isLink: false, hasSlash: false) == .use {
                do {
                    return try place.name.withPath { (name) throws(Errno) in
                        try openHere(name, place.directory, flags.union(.noFollow), mode)
                    }
                } catch {
                    if error != .tooManySymbolicLinks || !search.follow { throw error }
                }
            }
            let target = try? System.readLink(place.name, at: at(place.directory))
            let step = search.step(isInside, isLink: target != nil, hasSlash: false)
            guard case .search(let next) = step, let target else {
                if isInside || step == .tooManyLinks { throw .tooManySymbolicLinks }
                throw refuse(whole, "open")
            }
            search = next
            path = target
            base = target.first == UInt8(ascii: "/") ? nil : place.directory
        }
    }

    private func isNull(_ path: UnsafePointer<CChar>) -> Bool {
        let name: StaticString = "/dev/null"
        for index in 0...name.utf8CodeUnitCount where UInt8(bitPattern: path[index]) != name.utf8Start[index] {
            return false
        }
        return true
    }

    /// Opens anew what is open: allowed when it is open for writing already, or when it lies inside.
    private func reopen(_ place: Place, _ name: [UInt8], _ flags: OpenFlags, _ whole: [UInt8]) throws(Errno) -> Int32 {
        let object = Directory(descriptor: try System.open(place.name, [.path, .closeOnExec], at: at(place.directory)))
        var isAllowed = false
        if let path = pathOfDescriptor(object.descriptor) {
            isAllowed =
                sandbox?.allows(path) == true
                || Sandbox.isDevice(Array(path[((path.lastIndex(of: 47) ?? 0) + 1)...]), in: parent(of: path))
        } else {
            isAllowed = true  // a pipe, a socket, memory
        }
        if !isAllowed, let number = Int32(String(decoding: name, as: UTF8.self)),
            let status = try? FileStatus(descriptor: number), let seen = try? FileStatus(descriptor: object.descriptor),
            status.isSameFile(as: seen), let mode = try? System.statusFlags(number)
        {
            isAllowed = mode.isWritable
        }
        if !isAllowed { throw refuse(whole, "open") }
        var link = Array("/proc/self/fd/".utf8)
        link.append(decimal: UInt64(object.descriptor))
        link.append(0)
        return try System.open(link, flags.subtracting([.create, .exclusive]))
    }
}

/// What the shell asks and tells.
extension FileSystem {
    /// Confines all changes from now on.
    /// - Returns: false when the root is no directory.
    public func confine(_ request: SandboxRequest) -> Bool {
        if !request.root.isEmpty, Sandbox.directory(request.root).isEmpty { return false }
        findBounds = { request }
        if request.level == .strict { sandbox?.engage() }
        return true
    }

    /// The same, with bounds that are found out when they are first needed; level `off`: there are none.
    public func confine(_ find: @escaping () -> SandboxRequest) { findBounds = find }

    /// The first change, or the first program: nothing was needed so far.
    @inline(never)
    func setUpSandbox() {
        guard let find = findBounds else { return }
        findBounds = nil
        let request = find()
        if request.level == .off { return }
        if request.isDefault, ProgramRecorder.isNested {
            // A shell around this one has bounds, or has none because its user wants none.
            isConfinedByOther = ProgramRecorder.isConfined
            return
        }
        if !request.isDefault { mayRecord = true }
        let made = Sandbox(request, state: state, isWatched: mayRecord)
        made.hasWayOut = request.isDefault && isAtTerminal
        made.isInside = !request.isDefault && ProgramRecorder.isNested
        bounds = made
    }

    /// Lines for `sandbox`.
    public var sandboxSummary: String {
        if let sandbox { return sandbox.summary }
        return isConfinedByOther ? "level      that of the shell around this one\n" : "level      off\n"
    }

    /// Whether commands in the sandbox can change what a path leads to.
    public func mayBeChangedInside(_ path: Text) -> Bool {
        guard let sandbox, let fd = try? FileDescriptor(path, .path), let found = pathOfDescriptor(fd.rawValue) else {
            return false
        }
        return sandbox.allows(found)
    }

    /// Whether a program may be run outside the bounds now. Nil: it may; else why not.
    public var reasonAgainstLeaving: String? {
        guard let sandbox else { return isConfinedByOther ? "the sandbox is that of the shell around this one" : nil }
        if !sandbox.hasWayOut { return "the sandbox of this shell has no way out" }
        return sandbox.isEngaged && !ProgramRecorder.hasWayOut ? "not in a subshell" : nil
    }

    /// Starts the program that `body` starts outside the bounds, once `reasonAgainstLeaving` is nil; a row of the audit log says so.
    public func outsideSandbox<R, E: Error>(_ program: Text, _ body: () throws(E) -> R) throws(E) -> R {
        leavesSandbox = sandbox != nil
        if leavesSandbox { noteRefusal(program.bytes, "unconfined") }
        defer { leavesSandbox = false }
        return try body()
    }

    /// To be called before a program is started that is not recorded.
    public func confineProgram(_ launch: inout Launch) {
        guard let sandbox else { return }
        if leavesSandbox, !sandbox.isEngaged { return }
        if leavesSandbox, ProgramRecorder.hasWayOut {
            launch.leave()
        } else if let rules = sandbox.rulesForUnwatched() {
            launch.confine(rules)
        }
    }

    /// Whether somebody asked for bounds: then the shell says of its last program too what it was not allowed, for which it has to wait.
    public var explainsFailures: Bool { System.forkDepth == 0 && (sandbox.map { !$0.isDefault } ?? false) }

    /// To be called when a program has ended: when it failed, says what it was not allowed.
    @inline(__always)
    public func explainFailure(_ status: Int32) { if bounds != nil { explain(status) } }

    @inline(never)
    private func explain(_ status: Int32) {
        let hadNoPrivileges = lacksPrivileges
        lacksPrivileges = false
        let (count, action, path) = ProgramRecorder.lastRefusal
        let isNew = count != refusalsTold
        refusalsTold = count
        if status == 0 { return }
        if isNew {
            let isRead = action.elementsEqual("read".utf8) || action.elementsEqual("run".utf8)
            onRefusal?(refusalLine(action, path, isOwn: !isRead && bounds?.isOwn(path) ?? false))
        } else if hadNoPrivileges {
            onRefusal?(Array("sandbox: it ran without the privileges of its file\(wayOut)".utf8))
        }
    }

    /// What is to be done by whoever wants more; empty when the bounds were asked for.
    private var wayOut: String {
        guard let bounds, bounds.isDefault else { return "" }
        return bounds.hasWayOut
            ? " (`unconfined COMMAND` runs it outside)" : " (vsh --root DIR and --no-sandbox allow more)"
    }

    private func refusalLine(_ action: [UInt8], _ path: [UInt8], isOwn: Bool) -> [UInt8] {
        let text = UndoText()
        var line = Array("sandbox: ".utf8) + action + Array(": ".utf8) + text.printable(path)
        line += Array((isOwn ? ": belongs to the shell itself, in the root " : ": outside the root ").utf8)
        line += text.printable(bounds?.root ?? [])
        return line + Array(wayOut.utf8)
    }

    /// `sandbox strict`. Nil: done; else why not.
    public func tighten(to level: SandboxLevel) -> String? {
        guard let sandbox else { return "the sandbox is off in this shell; it is turned on when a shell starts" }
        return sandbox.tighten(to: level) ? nil : "it cannot be loosened"
    }

    /// Why a program may not run in the sandbox: words for a message; nil: it may.
    public func refusal(ofProgram path: Text) -> String? {
        guard let sandbox else { return nil }
        if leavesSandbox { return nil }
        let privileges = ProgramRecorder.privileges(path)
        // A group or a capability more is nothing that most such programs cannot do without.
        lacksPrivileges = privileges == .other && sandbox.level == .write
        if privileges != .none, !lacksPrivileges {
            noteRefusal(path.bytes, "run")
            let reason = "gains privileges, which the sandbox does not allow"
            if sandbox.level == .strict { return reason }
            return sandbox.hasWayOut
                ? "\(reason); `unconfined COMMAND` runs it outside"
                : "\(reason); run it from a shell started with --no-sandbox"
        }
        if sandbox.landlock > 0 {
            _ = sandbox.rulesForPrograms(isFirst: startsFirst)
            if sandbox.hasNoRules { return "the sandbox cannot confine it: too few descriptors" }
        } else {
            // The recorder of a shell around this one makes the calls, and takes no bounds more.
            let reason = ProgramRecorder.isConfined ? "inside another sandbox" : "the kernel has no Landlock"
            if sandbox.level == .strict { return "\(reason): nothing would confine the program" }
            // Scripts do not say it each time when nobody asked.
            if !hasSaidNoLandlock, !sandbox.isDefault || sandbox.hasWayOut {
                hasSaidNoLandlock = true
                onRefusal?(Array("sandbox: \(reason): programs are not confined".utf8))
            }
        }
        return nil
    }

}

extension FileSystem {
    /// Whether a name may be removed, without a message.
    func isInside(_ name: UnsafePointer<CChar>, _ directory: Directory?) -> Bool {
        guard let sandbox else { return true }
        let path = bytes(name)
        guard let (place, parent) = try? findParent(path, directory) else { return false }
        return place.name.dropLast().withUnsafeBufferPointer { sandbox.allows($0, in: parent, replaces: true) }
    }
}
