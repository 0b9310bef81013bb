// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// The bounds of what commands may change, and the kernel's rules that keep them. It can be tightened, never loosened.
///
/// Most shells make one just before a program takes their place. Until a change is to be judged there are no arrays, for which the
/// runtime would first have to make their types (docs/decisions/0006-cold-start.md).
public final class Sandbox {
    /// Absolute, free of symbolic links; empty when there is no such directory.
    public var root: [UInt8] { rootPlace.bytes }
    private let rootPlace: Text
    public private(set) var level: SandboxLevel
    /// Nobody asked for it.
    public private(set) var isDefault: Bool
    /// A person at the terminal may run single programs outside.
    public var hasWayOut = false
    /// Directories below which changes are allowed, the root first.
    private(set) lazy var zones = Self.arrays(places)
    private let places: Table<Text>
    /// The shell's own state and configuration: no command reaches them.
    private(set) lazy var forbidden = Self.arrays(ownPlaces)
    private let ownPlaces: Table<Text>
    /// What decides: the zones, the shell's own directories, and the name of its stores.
    private lazy var limits = Bounds(
        zones: zones, own: forbidden, store: Array(".vsh-\(System.effectiveUserID)".utf8))
    private let state: StateDirectory?
    /// Programs have a recorder, which keeps them from what no rules can take out.
    private var isWatched: Bool
    /// A shell around this one has a recorder, which sees what is done here.
    var isInside = false
    /// It keeps these bounds too, for this shell and its programs (docs/decisions/0013).
    private(set) var isHeldByOther = false
    private var hasToldOther = false
    /// Version of Landlock, 0 when the kernel has none.
    public var landlock: Int {
        if isInside, !hasToldOther { tellOther() }
        return knownLandlock
    }
    private lazy var knownLandlock = Machine.landlock
    /// Rules for programs; -1 until the first one, or when what holds for the shell holds for them too.
    let programRules = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    private var restricted = SandboxLevel.off
    private var hasProgramRules = false
    private var rulesTime: Int64 = 0
    private var areRulesBrief = false
    /// The kernel could, but no rules could be made for programs.
    private(set) var hasNoRules = false
    /// A directory in which every name may be changed but those of stores and these, which lead to the shell's own directories.
    private var free: [UInt8] = []
    private var ownNames: [[UInt8]] = []

    /// - Parameters:
    ///   - state: the state directory, if there is one.
    ///   - isWatched: programs are to have a recorder.
    init(_ request: SandboxRequest, state: StateDirectory?, isWatched: Bool) {
        self.isWatched = isWatched && state != nil
        level = request.level
        isDefault = request.isDefault
        let isGiven = !request.root.isEmpty
        var root = Self.directory(isGiven ? request.root : request.here)
        if !isGiven, request.home.count > 1, request.home != root {
            let home = Self.directory(request.home)
            if !home.isEmpty, Self.isBelow(root, home) { root = home }
        }
        rootPlace = root
        var places = Table<Text>(capacity: 5)
        if !root.isEmpty { places.append(root) }
        Self.add(request.temporary, to: &places)
        Self.add(Text("/tmp"), to: &places)
        Self.add(Text("/var/tmp"), to: &places)
        Self.add(Text("/dev/shm"), to: &places)
        self.places = places
        var own = Table<Text>(capacity: 2)
        if let state { own.append(Self.canonical(state.place)) }
        if !request.configuration.isEmpty { own.append(Self.canonical(request.configuration)) }
        ownPlaces = own
        self.state = state
        programRules.initialize(to: -1)
    }

    /// Adds a directory, if there is one that is not in the others.
    private static func add(_ path: Text, to places: inout Table<Text>) {
        let place = directory(path)
        if place.count < 2 || isBelow(place, oneOf: places) { return }
        places.append(place)
    }

    private static func isBelow(_ path: Text, oneOf places: borrowing Table<Text>) -> Bool {
        for index in 0..<places.count where isBelow(path, places[index]) { return true }
        return false
    }

    private static func isBelow(_ path: Text, _ directory: Text) -> Bool {
        path.withBytes { path in directory.withBytes { directory in VshCore.isBelow(path, directory) } }
    }

    private static func arrays(_ places: borrowing Table<Text>) -> [[UInt8]] {
        (0..<places.count).map { places[$0].bytes }
    }

    /// The same bounds for a process that sees files of its own, and is confined by nothing yet.
    init(isolated other: Sandbox) {
        rootPlace = other.rootPlace
        level = other.level
        isDefault = other.isDefault
        places = Table(copying: other.places)
        ownPlaces = Table(copying: other.ownPlaces)
        state = nil
        isWatched = false
        programRules.initialize(to: -1)
    }

    /// Whether the kernel confines this process already.
    var isConfined: Bool { isEngaged && landlock > 0 }

    /// The directory that an absolute path leads to; empty when it leads to none.
    static func directory(_ path: Text) -> Text {
        path.isEmpty || path[0] != UInt8(ascii: "/") ? Text() : resolved(path, [.path, .directory]) ?? Text()
    }

    /// What is at an absolute path, free of symbolic links; nil when nothing is. Mostly it is what was given, which costs a tenth of
    /// asking /proc.
    private static func resolved(_ path: Text, _ flags: OpenFlags) -> Text? {
        if path.isCleanPath, (try? FileDescriptor(path, flags.union(.noLinks))) != nil { return path }
        guard let fd = try? FileDescriptor(path, flags), let found = pathOfDescriptor(fd.rawValue) else { return nil }
        return Text(found)
    }

    deinit {
        if programRules.pointee >= 0 { try? System.close(programRules.pointee) }
        programRules.deallocate()
    }

    /// Free of symbolic links as far as it exists.
    private static func canonical(_ path: Text) -> Text {
        if let found = resolved(path, .path) { return found }
        let end = path.withBytes { bytes in bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0 }
        if path.count < 2 { return path }
        var whole = canonical(end == 0 ? Text("/") : path.slice(0..<end))
        whole.append(path.slice((whole.count == 1 ? end + 1 : end)..<path.count))
        return whole
    }

    // MARK: Decisions

    /// Whether something at this path, which is free of symbolic links but for its last component, may be changed.
    func allows(_ path: [UInt8]) -> Bool { limits.allows(path) }

    /// Whether a name in this directory may be made, removed or replaced.
    func allows(_ name: UnsafeBufferPointer<UInt8>, in directory: [UInt8], replaces: Bool) -> Bool {
        if !isStore(name), isFree(directory), !leadsToOwn(name) { return true }
        return limits.allows(Array(name), in: directory, replaces: replaces)
    }

    /// The name of a store, or its beginning.
    private func isStore(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        name.count > 4 && name[0] == UInt8(ascii: ".") && name[1] == UInt8(ascii: "v")
    }

    /// Whether one of the shell's own directories is, or lies below, this name in the directory `free`.
    @inline(__always)
    private func leadsToOwn(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        for own in ownNames where name.count == own.count && name.elementsEqual(own) { return true }
        return false
    }

    /// Whether every name in a directory may be changed, whatever it is, but for those of stores and `ownNames`.
    @inline(__always)
    private func isFree(_ directory: [UInt8]) -> Bool { directory == free || findFree(directory) }

    private func findFree(_ directory: [UInt8]) -> Bool {
        guard limits.isFree(directory) else { return false }
        free = directory
        let start = directory.count == 1 ? 1 : directory.count + 1
        ownNames = forbidden.compactMap { own in
            VshCore.isBelow(own, directory) ? Array(own[start...].prefix { $0 != UInt8(ascii: "/") }) : nil
        }
        return true
    }

    /// Whether what is at this path, which is free of symbolic links, may be read at the level `strict`.
    func mayRead(_ path: [UInt8]) -> Bool {
        readable.contains { VshCore.isBelow(path, $0) } || forbidden.contains { VshCore.isBelow(path, $0) }
    }

    /// Where programs may read at the level `strict`, free of symbolic links: what `makeRules` grants.
    private lazy var readable: [[UInt8]] = {
        var found = zones
        for place in Self.systemDirectories + Self.devices {
            guard let place = Self.resolved(Text(place), .path)?.bytes else { continue }
            if !found.contains(where: { VshCore.isBelow(place, $0) }) { found.append(place) }
        }
        return found
    }()

    /// Has what programs read looked at before, at the level `strict`: what Landlock refuses is said and logged then (reading.c).
    /// False: it is not to be asked for.
    private(set) lazy var watchesReading: Bool = {
        var list: [UInt8] = []
        for place in readable { list += place + [0] }
        list.append(0)
        return list.withUnsafeBytes { list in
            if isHeldByOther { ProgramRecorder.tellReadable(list) }
            return !isHeldByOther && ProgramRecorder.watchReading(list)
        }
    }()

    /// Whether it is, holds, or lies in one of the shell's own directories.
    func isOwn(_ path: [UInt8]) -> Bool { limits.isOwn(path) }

    /// Device files that may be written, by the directory they are in.
    static func isDevice(_ name: [UInt8], in directory: [UInt8]) -> Bool {
        if directory.elementsEqual("/dev/pts".utf8) { return name.allSatisfy { $0 >= 48 && $0 <= 57 } }
        guard directory.elementsEqual("/dev".utf8) else { return false }
        return ["null", "zero", "full", "tty", "random", "urandom", "ptmx"].contains { name.elementsEqual($0.utf8) }
    }

    // MARK: The kernel

    /// Whether the kernel need not look after cutting, which it can only by a look at every file that is opened, for reading too: the
    /// recorder makes all calls that cut what is not open for writing (docs/decisions/0012-covered-places.md).
    private var isCuttingWatched: Bool {
        needsCallsMade && isWatched && !isHeldByOther && level == .write && landlock >= 3 && ProgramRecorder.looksFreely
    }

    /// The rights that changes need, as far as the kernel knows them.
    private func writing(cutting: Bool) -> Landlock.Rights {
        var rights: Landlock.Rights = [.writeFile, .changes]
        if landlock >= 2 { rights.insert(.refer) }
        if landlock >= 3, cutting { rights.insert(.truncate) }
        return rights
    }

    private static var reading: Landlock.Rights { [.execute, .readFile, .readDirectory] }

    private static var devices: [StaticString] {
        ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom", "/dev/ptmx", "/dev/pts"]
    }

    private static var systemDirectories: [StaticString] {
        [
            "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr", "/etc", "/opt", "/nix", "/proc", "/sys",
            "/run/systemd/resolve", "/var/lib/locales", "/proc/self/exe",
        ]
    }

    private func makeRules(own: Bool, cutting: Bool = true) throws(Errno) -> Int32 {
        let isStrict = level == .strict
        let writing = writing(cutting: cutting)
        let opening = writing.intersection([.writeFile, .truncate])
        let all = isStrict ? writing.union(Self.reading) : writing
        let rules = try Landlock.ruleset(all)
        func allow(_ path: some PathArgument, _ rights: Landlock.Rights) { try? Landlock.allow(rules, path, rights) }
        // Device files could be another way to a disk.
        // The same rights everywhere: what gains some by a rename is not let through.
        for index in 0..<places.count { allow(places[index], all.subtracting(.makeDevice)) }
        if own { for index in 0..<ownPlaces.count { allow(ownPlaces[index], all.subtracting(.makeDevice)) } }
        // What the shell was given to write to may be opened again by another name: /dev/stdout, /dev/fd/2.
        for descriptor in Int32(0)...2 { try? Landlock.allow(rules, open: descriptor, opening) }
        for device in Self.devices {
            allow(device, isStrict ? opening.union([.readFile, .readDirectory]) : opening)
        }
        if isStrict { for directory in Self.systemDirectories { allow(directory, Self.reading) } }
        return rules
    }

    /// Has the kernel confine this process and all that it starts, where it can. The shell's own directories stay open to
    /// it. To be called before the first change and the first program; costs nothing after that.
    var isEngaged: Bool { restricted != .off }

    @inline(__always)
    func engage() { if restricted != level { engageSlowly() } }

    @inline(never)
    private func engageSlowly() {
        restricted = level
        forgetProgramRules()
        ProgramRecorder.retireStarter()
        guard landlock > 0 else { return }
        if hasWayOut { hasWayOut = ProgramRecorder.keepWayOut() }
        // Rules are about what exists, and the state directory is about to be needed.
        if isWatched, !isHeldByOther, let state, (try? FileStatus(state.place)) == nil { try? state.create() }
        // It lets nobody change its own, which are mostly the same.
        guard let rules = try? makeRules(own: !isHeldByOther, cutting: !isCuttingWatched) else {
            hasNoRules = true
            return
        }
        defer { try? System.close(rules) }
        do { try Landlock.restrict(rules) } catch { hasNoRules = true }
    }

    /// Has the recorder of the shell around this one keep the bounds, and let rules through.
    private func tellOther() {
        hasToldOther = true
        isHeldByOther = withLists { ProgramRecorder.takeBounds($0) }
        if isHeldByOther, level == .strict { _ = watchesReading }
    }

    /// The zones and the shell's own directories, as the recorder takes them: each path with a zero byte behind it, and behind both groups
    /// another one.
    func withLists<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        var size = 2
        for index in 0..<places.count { size += places[index].count + 1 }
        for index in 0..<ownPlaces.count { size += ownPlaces[index].count + 1 }
        return withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { list in
            list.initializeMemory(as: UInt8.self, repeating: 0)
            var at = 0
            func put(_ path: borrowing Text) {
                path.withBytes {
                    UnsafeMutableRawBufferPointer(rebasing: list[at...]).copyMemory(from: UnsafeRawBufferPointer($0))
                }
                at += path.count + 1
            }
            for index in 0..<places.count { put(places[index]) }
            at += 1
            for index in 0..<ownPlaces.count { put(ownPlaces[index]) }
            return body(UnsafeRawBufferPointer(list))
        }
    }

    private func forgetProgramRules() {
        hasProgramRules = false
        areRulesBrief = false
        if programRules.pointee >= 0 { try? System.close(programRules.pointee) }
        programRules.pointee = -1
        ProgramRecorder.forgetRules()
    }

    /// Whether the shell's own directories are all in the zones, where rules cannot take a part out.
    private var rulesTakeNothingOut: Bool { ownPlacesInside == ownPlaces.count }

    /// How many of the shell's own directories are in the zones.
    private lazy var ownPlacesInside: Int = {
        var count = 0
        for index in 0..<ownPlaces.count where Self.isBelow(ownPlaces[index], oneOf: places) { count += 1 }
        return count
    }()

    /// Whether the recorder makes the calls of programs on names itself: no rules keep these from the shell's own directories.
    var needsCallsMade: Bool { ownPlacesInside > 0 }

    /// Whether the store is on the root's mount. Else the recorder, as the shell, is not to make one outside the root, where
    /// the shell could take nothing from it.
    private lazy var isStoreNear: Bool = {
        guard let state, let there = try? FileStatus(state.place), let here = try? FileStatus(rootPlace) else {
            return false
        }
        return there.mount == here.mount && there.device == here.device
    }()

    /// Rules for the next program, which keep it from the shell's own directories too. Nil: what it inherits is all there is.
    /// - Parameter isFirst: many shells start one program, which changes nothing, or only what is below the directory they are in.
    func rulesForPrograms(isFirst: Bool = false) -> UnsafeMutablePointer<Int32>? {
        // What looks into other processes must not be confined otherwise than they are.
        if isInside || level == .strict || rulesTakeNothingOut || needsCallsMade || !isStoreNear { engage() }
        if rulesTakeNothingOut, !isWatched, !isHeldByOther { return nil }
        if hasProgramRules, areRulesBrief ? !isFirst : areRulesOld() { forgetProgramRules() }
        if hasProgramRules { return programRules.pointee >= 0 ? programRules : nil }
        hasProgramRules = true
        guard landlock > 0 else { return nil }
        guard let rules = try? makeCoveringRules(isBrief: isFirst) ?? makeWideRules() else {
            hasNoRules = true
            return nil
        }
        // Out of the way of the numbers that scripts use, under whatever limit.
        let moved = [500, 96, 20].lazy.compactMap { try? System.duplicate(rules, from: $0) }.first
        programRules.pointee = moved ?? rules
        if programRules.pointee != rules { try? System.close(rules) }
        return programRules
    }

    /// The same for one that no recorder watches, although one was to be had.
    func rulesForUnwatched() -> UnsafeMutablePointer<Int32>? {
        if isCuttingWatched {
            isWatched = false
            restricted = .off
            engage()
        }
        return rulesForPrograms()
    }

    /// What runs in narrower bounds than the shell and its recorder cannot trace them; nobody in a sandbox makes device files.
    private func makeWideRules() throws(Errno) -> Int32 {
        let inheritsAll = rulesTakeNothingOut && !isCuttingWatched || isHeldByOther
        return try inheritsAll ? Landlock.ruleset(.makeDevice) : makeRules(own: false)
    }

    /// Rules that let programs make most of their calls themselves although the shell's own directories lie below the root
    /// (docs/sandbox.md). Nil: they cannot be made, and the recorder makes all calls.
    private func makeCoveringRules(isBrief: Bool) -> Int32? {
        guard needsCallsMade, isWatched, !isHeldByOther, level == .write, landlock >= 3 else { return nil }
        rulesTime = Clock.monotonic
        areRulesBrief = isBrief
        let writing = writing(cutting: !isCuttingWatched)
        guard let rules = try? Landlock.ruleset(writing) else { return nil }
        do throws(Errno) {
            let rights = writing.subtracting(.makeDevice)
            try withLists { lists in
                Result { () throws(Errno) in try ProgramRecorder.cover(rules, rights, lists, isBrief: isBrief) }
            }
            .get()
            try Landlock.allow(
                rules, "/dev/null" as StaticString, writing.intersection([.writeFile, .truncate]))
            return rules
        } catch {
            try? System.close(rules)
            // Nothing is covered by others.
            ProgramRecorder.forgetRules()
            return nil
        }
    }

    /// Whether there may be directories that the rules do not know: the one that the shell is in, or, which is asked four times a
    /// second at most, any other.
    private func areRulesOld() -> Bool {
        guard ProgramRecorder.hasRules else { return false }
        if ProgramRecorder.isSomewhereNew { return true }
        let now = Clock.monotonic
        if now - rulesTime <= 250_000_000 { return false }
        rulesTime = now
        return ProgramRecorder.areRulesOld
    }

    /// Confines from now on more than before. False when that would be looser.
    func tighten(to new: SandboxLevel) -> Bool {
        if new < level { return false }
        level = new
        hasWayOut = false
        isDefault = false
        engage()
        if isHeldByOther, level == .strict { _ = watchesReading }
        if needsCallsMade { ProgramRecorder.makeCalls(isAsked: true) }
        return true
    }

    // MARK: Telling

    /// What `sandbox` prints.
    public var summary: String {
        let kernel = landlock > 0 ? "Landlock \(landlock)" : "nothing: the shell's own checks alone"
        let others = zones.dropFirst().map { String(decoding: UndoText().printable($0), as: UTF8.self) }
        return "level      \(level.name)\nroot       \(String(decoding: UndoText().printable(root), as: UTF8.self))\n"
            + (hasWayOut ? "way out    unconfined COMMAND\n" : "")
            + "temporary  \(others.joined(separator: " "))\nkernel     \(kernel)\n"
    }
}

/// The path of what is open as `fd`; nil when it has none, or cannot be found out.
func pathOfDescriptor(_ fd: Int32) -> [UInt8]? {
    guard let found = try? pathOfOpenFile(fd) else { return nil }
    return found
}
