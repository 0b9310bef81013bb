// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

/// `vsh --doctor`: what this machine supports, and what follows from it. Changes nothing.
public struct Doctor {
    /// Values of the environment.
    let home: [UInt8]?
    let stateHome: [UInt8]?
    let temporary: [UInt8]?
    private var text: [UInt8] = []
    private var consequences: [String] = []

    public init(home: [UInt8]?, stateHome: [UInt8]?, temporary: [UInt8]?) {
        self.home = home
        self.stateHome = stateHome
        self.temporary = temporary
    }

    /// The whole report, line by line.
    public static func report(home: [UInt8]?, stateHome: [UInt8]?, temporary: [UInt8]?) -> [UInt8] {
        var doctor = Doctor(home: home, stateHome: stateHome, temporary: temporary)
        doctor.kernel()
        doctor.isolation()
        let state = doctor.stateDirectory()
        doctor.places(state)
        doctor.text.append(10)
        for line in doctor.consequences { doctor.text += Array("\(line)\n".utf8) }
        return doctor.text
    }

    private mutating func line(_ name: String, _ value: String) { line(Array(name.utf8), value) }

    private mutating func line(_ name: [UInt8], _ value: String) {
        text += name + [UInt8](repeating: 32, count: max(1, 22 - name.count)) + Array("\(value)\n".utf8)
    }

    // MARK: Kernel

    private mutating func kernel() {
        let name = try? System.systemName()
        let release = name.map { String(decoding: $0.release, as: UTF8.self) } ?? "unknown"
        line("kernel", "\(release) \(name.map { String(decoding: $0.machine, as: UTF8.self) } ?? "")")
        var numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).map { Int($0) ?? 0 }
        while numbers.count < 2 { numbers.append(0) }
        let version = numbers[0] * 1000 + numbers[1]

        var failure: Errno?
        do throws(Errno) { try ProgramRecorder.check() } catch { failure = error }
        switch failure {
        case nil:
            line("user notification", version >= 6006 ? "yes" : "yes, slower than with 6.6")
            consequences.append("What programs change is recorded and can be undone.")
            if version < 6006 {
                consequences.append("Programs that change many files run slower than with kernel 6.6.")
            }
            if ProgramRecorder.readsAsAncestor {
                consequences.append("What programs change after their shell has ended cannot be undone (ptrace_scope).")
            }
        case .busy?:
            line("user notification", "in use by a recorder around this shell")
            consequences.append("This shell is recorded by another one: undo there takes back what is done here.")
        case .notSupported?, .invalid?:
            line("user notification", "no (seccomp, Linux 5.19)")
            consequences.append("Programs run unrecorded; builtins and redirections can be undone.")
        case .permission?:
            line("user notification", "yes, but processes may not look at each other")
            consequences.append(
                "Programs run unrecorded: kernel.yama.ptrace_scope is 2 or 3. Builtins and redirections can be undone.")
        case let error?:
            line("user notification", "no: \(error.message)")
            consequences.append("Programs run unrecorded; builtins and redirections can be undone.")
        }
        line("ptrace_scope", ptraceScope ?? "none")
        let landlock = Machine.landlock
        line("Landlock", landlock > 0 ? "version \(landlock)" : "no")
        consequences.append(
            landlock >= 3
                ? "Programs can be confined to a directory."
                : landlock > 0
                    ? "Programs can be confined to a directory, but not kept from truncating files (Landlock 3, Linux 6.2)."
                    : "Programs cannot be confined to a directory.")
    }

    private mutating func isolation() {
        do throws(Isolation.Failure) {
            line("isolation", try Isolation.probe() ? "yes, in a user namespace" : "yes, in a mount namespace")
            consequences.append("Nobody sees what a command does under `try` before it is kept.")
        } catch {
            line("isolation", "no: \(shown(error.step)): \(error.error.message)")
            consequences.append("`try` makes changes for real, recorded, and takes them back.")
        }
    }

    private var ptraceScope: String? {
        guard let fd = try? FileDescriptor("/proc/sys/kernel/yama/ptrace_scope", .readOnly) else { return nil }
        var digit = [UInt8](repeating: 0, count: 1)
        let count = digit.withUnsafeMutableBytes { try? System.read(fd.rawValue, into: $0) }
        return count == 1 ? String(decoding: digit, as: UTF8.self) : nil
    }

    // MARK: Places

    private mutating func stateDirectory() -> StateDirectory? {
        let place = StateDirectory.place(stateHome: Text(stateHome ?? []), home: Text(home ?? []))
        if place.isEmpty {
            line("state", "none: HOME is not set")
            consequences.append("Nothing can be undone: there is no place for what undo needs.")
            return nil
        }
        let state = StateDirectory(place: place)
        let path = state.path
        guard let status = try? FileStatus(path) else {
            let place = existing(path)
            let canBeMade = (try? System.checkAccess(place, .write)) != nil
            line("state", "\(shown(path)), \(canBeMade ? "to be made" : "which cannot be made")")
            if !canBeMade { consequences.append("Nothing can be undone: \(shown(place)) cannot be written.") }
            return state
        }
        if status.owner != System.effectiveUserID {
            line("state", "\(shown(path)), which belongs to another user")
            consequences.append("Nothing can be undone: the state directory belongs to another user.")
            return state
        }
        let journals = content(state.journals)
        let kept = content(state.store)
        let log = (try? FileStatus(state.log))?.size ?? 0
        line("state", shown(path))
        line("  log", humanSize(UInt64(max(0, log))))
        line("  journals", "\(journals.count), \(humanSize(journals.bytes))")
        line("  kept", "\(kept.count) object\(kept.count == 1 ? "" : "s"), \(humanSize(kept.bytes))")
        return state
    }

    /// What lies in a directory: how many names, and bytes of files.
    private func content(_ path: [UInt8]) -> (count: Int, bytes: UInt64) {
        guard var reader = try? DirectoryReader(path) else { return (0, 0) }
        var found: (count: Int, bytes: UInt64) = (0, 0)
        while let entry = try? reader.next() {
            if entry.isDot { continue }
            found.count += 1
            if let status = try? FileStatus(entry.path, at: reader.descriptor, follow: false), status.isRegular {
                found.bytes += UInt64(max(0, status.blocks)) * 512
            }
        }
        return found
    }

    private mutating func places(_ state: StateDirectory?) {
        let limits = PreimageLimits()
        line("copies", "up to \(limits.file >> 20) MiB a file, \(limits.operation >> 30) GiB an operation")
        let current = (try? System.currentDirectory()) ?? Array("/".utf8)
        var copies: [String] = []
        for (name, path) in [("home", home), ("temporary", temporary ?? Array("/tmp".utf8)), ("here", current)] {
            guard let path, let status = try? FileStatus(path) else {
                line(name, "none")
                continue
            }
            let info = try? Machine.fileSystem(path)
            let shares = try? Machine.sharesBlocks(path)
            let type = info.map { $0.name ?? "type 0x" + String($0.type, radix: 16) } ?? "unknown"
            let free = info.map { humanSize($0.available) + " free" } ?? ""
            line(
                name,
                "\(shown(path)): \(type), \(free), \(shares.map { $0 ? "reflinks" : "no reflinks" } ?? "not to be written")"
            )
            line("  store", store(near: path, status, state))
            if shares == false { copies.append("\(shown(path))") }
        }
        if !copies.isEmpty {
            consequences.append(
                "Files that are overwritten are copied first, up to the limits, in: \(copies.joined(separator: ", ")).")
        }
    }

    /// Where what is changed at a place is kept.
    private func store(near path: [UInt8], _ status: FileStatus, _ state: StateDirectory?) -> String {
        guard let state else { return "none" }
        if let main = try? FileStatus(existing(state.store)), main.mount == status.mount, main.device == status.device {
            return "\(shown(state.store))"
        }
        var top = path
        while top.count > 1 {
            let parent = above(top)
            guard let around = try? FileStatus(parent), around.mount == status.mount, around.device == status.device
            else { break }
            top = parent
        }
        let place = (top.count == 1 ? [] : top) + Array("/.vsh-\(System.effectiveUserID)".utf8)
        if let found = try? FileStatus(place, follow: false) {
            let isOurs = found.isDirectory && found.owner == System.effectiveUserID && found.permissions & 0o077 == 0
            return isOurs ? shown(place) : "none: \(shown(place)) is not ours alone; what is changed here is copied"
        }
        return (try? System.checkAccess(top, .write)) != nil
            ? "\(shown(place)), to be made" : "none: \(shown(top)) cannot be written; what is changed here is copied"
    }

    private func above(_ path: [UInt8]) -> [UInt8] {
        let slash = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return slash == 0 ? [UInt8(ascii: "/")] : Array(path[..<slash])
    }

    /// The path, or the nearest above it that is there.
    private func existing(_ path: [UInt8]) -> [UInt8] {
        var path = path
        while path.count > 1, (try? FileStatus(path)) == nil { path = above(path) }
        return path
    }

    /// A path for a message: control characters would play with the terminal.
    private func shown(_ path: [UInt8]) -> String {
        String(decoding: path.map { $0 < 32 || $0 == 127 ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }
}
