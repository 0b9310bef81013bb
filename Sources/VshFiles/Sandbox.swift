// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

/// How far commands are confined.
public enum SandboxLevel: UInt8, Comparable, Sendable {
    case off = 0
    /// Reading and running anywhere; changes below the root, in the directories for temporary files, and to terminals.
    case write = 1
    /// Reading too only there and in the system's own directories.
    case strict = 2

    public static func < (a: SandboxLevel, b: SandboxLevel) -> Bool { a.rawValue < b.rawValue }

    public var name: String {
        switch self {
        case .off: "off"
        case .write: "write"
        case .strict: "strict"
        }
    }
}

/// The bounds of what commands may change, and the kernel's rules that keep them. It can be tightened, never loosened.
public final class Sandbox {
    /// Absolute, free of symbolic links.
    public let root: [UInt8]
    public private(set) var level: SandboxLevel
    /// Directories below which changes are allowed, the root first.
    let zones: [[UInt8]]
    /// The shell's own state and configuration: no command reaches them.
    private(set) var forbidden: [[UInt8]]
    private let store: [UInt8]
    private let state: StateDirectory?
    /// Version of Landlock, 0 when the kernel has none.
    public let landlock: Int
    /// Rules for programs; -1 until the first one.
    let programRules = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    private var restricted = SandboxLevel.off
    private var hasProgramRules = false

    /// - Parameters:
    ///   - temporary: directories for temporary files, as the environment gives them.
    ///   - state: the state directory, if there is one.
    ///   - configuration: absolute; it need not exist.
    init?(root: [UInt8], level: SandboxLevel, temporary: [[UInt8]], state: StateDirectory?, configuration: [UInt8]?) {
        guard let fd = try? FileDescriptor(root, [.path, .directory]), let found = pathOfDescriptor(fd.rawValue) else {
            return nil
        }
        self.root = found
        self.level = level
        var zones = [found]
        for path in temporary + ["/tmp", "/var/tmp", "/dev/shm"].map({ Array($0.utf8) }) {
            guard path.first == UInt8(ascii: "/"), let fd = try? FileDescriptor(path, [.path, .directory]),
                let place = pathOfDescriptor(fd.rawValue), place.count > 1, !zones.contains(place)
            else { continue }
            zones.append(place)
        }
        self.zones = zones
        self.state = state
        forbidden = ((state.map { [$0.path] } ?? []) + (configuration.map { [$0] } ?? [])).map(Self.canonical)
        store = Array("/.vsh-\(System.effectiveUserID)".utf8)
        landlock = Machine.landlock
        programRules.initialize(to: -1)
    }

    deinit {
        if programRules.pointee >= 0 { try? System.close(programRules.pointee) }
        programRules.deallocate()
    }

    /// Free of symbolic links as far as it exists.
    private static func canonical(_ path: [UInt8]) -> [UInt8] {
        if let fd = try? FileDescriptor(path, .path), let found = pathOfDescriptor(fd.rawValue) { return found }
        let above = parent(of: path)
        if above == path { return path }
        let base = canonical(above)
        return (base.count == 1 ? [] : base) + path[(above.count == 1 ? 0 : above.count)...]
    }

    // MARK: Decisions

    /// Whether something at this path, which is free of symbolic links but for its last component, may be changed.
    func allows(_ path: [UInt8]) -> Bool {
        zones.contains { path.count > $0.count && isBelow(path, $0) || path == $0 } && !isForbidden(path)
    }

    /// Whether a name in this directory may be made, removed or replaced.
    func allows(_ name: UnsafeBufferPointer<UInt8>, in directory: [UInt8], replaces: Bool) -> Bool {
        let path = (directory.count == 1 ? [] : directory) + [UInt8(ascii: "/")] + name
        guard zones.contains(where: { isBelow(directory, $0) }), !isForbidden(path) else { return false }
        // What the shell's own directories lie in stays where it is.
        return !replaces || !forbidden.contains { isBelow($0, path) }
    }

    /// Whether it is, holds, or lies in one of the shell's own directories.
    func isOwn(_ path: [UInt8]) -> Bool { isForbidden(path) || forbidden.contains { isBelow($0, path) } }

    func isForbidden(_ path: [UInt8]) -> Bool {
        if forbidden.contains(where: { isBelow(path, $0) }) { return true }
        if path.count < store.count { return false }
        var start = 0
        while let slash = path[start...].firstIndex(of: UInt8(ascii: "/")) {
            let end = slash + store.count
            if end <= path.count, path[slash..<end].elementsEqual(store),
                end == path.count || path[end] == UInt8(ascii: "/")
            {
                return true
            }
            start = slash + 1
        }
        return false
    }

    /// Device files that may be written, by the directory they are in.
    static func isDevice(_ name: [UInt8], in directory: [UInt8]) -> Bool {
        if directory.elementsEqual("/dev/pts".utf8) { return name.allSatisfy { $0 >= 48 && $0 <= 57 } }
        guard directory.elementsEqual("/dev".utf8) else { return false }
        return ["null", "zero", "full", "tty", "random", "urandom", "ptmx"].contains { name.elementsEqual($0.utf8) }
    }

    // MARK: The kernel

    /// The rights that changes need, as far as the kernel knows them.
    private var writing: Landlock.Rights {
        var rights: Landlock.Rights = [.writeFile, .changes]
        if landlock >= 2 { rights.insert(.refer) }
        if landlock >= 3 { rights.insert(.truncate) }
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

    private func makeRules(own: Bool) throws(Errno) -> Int32 {
        let isStrict = level == .strict
        let all = isStrict ? writing.union(Self.reading) : writing
        let rules = try Landlock.ruleset(all)
        func allow(_ path: some PathArgument, _ rights: Landlock.Rights) { try? Landlock.allow(rules, path, rights) }
        // Device files could be another way to a disk.
        for zone in zones { allow(zone, all.subtracting(.makeDevice)) }
        if own { for path in forbidden { allow(path, all) } }
        for device in Self.devices {
            allow(device, isStrict ? [.writeFile, .truncate, .readFile, .readDirectory] : [.writeFile, .truncate])
        }
        if isStrict { for directory in Self.systemDirectories { allow(directory, Self.reading) } }
        return rules
    }

    /// Has the kernel confine this process and all that it starts, where it can. The shell's own directories stay open to
    /// it. To be called before the first change and the first program; costs nothing after that.
    @inline(__always)
    func engage() { if restricted != level { engageSlowly() } }

    @inline(never)
    private func engageSlowly() {
        restricted = level
        hasProgramRules = false
        if programRules.pointee >= 0 { try? System.close(programRules.pointee) }
        programRules.pointee = -1
        guard landlock > 0 else { return }
        // Rules are about what exists, and the state directory is about to be needed.
        if let state, (try? FileStatus(state.path)) == nil { try? state.create() }
        guard let rules = try? makeRules(own: true) else { return }
        defer { try? System.close(rules) }
        try? Landlock.restrict(rules)
    }

    /// Rules for the next program, which keep it from the shell's own directories too. Nil: the kernel has none.
    func rulesForPrograms() -> UnsafeMutablePointer<Int32>? {
        engage()
        if hasProgramRules { return programRules.pointee >= 0 ? programRules : nil }
        hasProgramRules = true
        guard landlock > 0, let rules = try? makeRules(own: false) else { return nil }
        programRules.pointee = (try? System.duplicate(rules, from: 500)) ?? rules
        if programRules.pointee != rules { try? System.close(rules) }
        return programRules
    }

    /// Confines from now on more than before. False when that would be looser.
    func tighten(to new: SandboxLevel) -> Bool {
        if new < level { return false }
        level = new
        engage()
        return true
    }

    // MARK: Telling

    /// What `sandbox` prints.
    public var summary: String {
        let kernel = landlock > 0 ? "Landlock \(landlock)" : "nothing: the shell's own checks alone"
        let others = zones.dropFirst().map { String(decoding: UndoText().printable($0), as: UTF8.self) }
        return "level      \(level.name)\nroot       \(String(decoding: UndoText().printable(root), as: UTF8.self))\n"
            + "temporary  \(others.joined(separator: " "))\nkernel     \(kernel)\n"
    }
}

/// The path of what is open as `fd`; nil when it has none, or cannot be found out.
func pathOfDescriptor(_ fd: Int32) -> [UInt8]? {
    guard let found = try? pathOfOpenFile(fd) else { return nil }
    return found
}
