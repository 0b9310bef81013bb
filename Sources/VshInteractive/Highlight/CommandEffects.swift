// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// What a command name stands for, as far as the colours while typing say it.
enum CommandEffect: UInt8 {
    case unknown
    /// Builtins, functions and aliases that by themselves change nothing that lasts.
    case harmless
    /// Its changes to files are recorded.
    case undoable
    /// It may do what vsh cannot take back: nothing is recorded, or it acts on other machines, processes or devices.
    case irrevocable
}

/// Looks up what command names stand for. Answers are kept while a line is edited, so that a key costs no search of PATH.
struct CommandEffects {
    private var known: [[UInt8]: CommandEffect] = [:]
    /// Programs that act outside the files vsh can restore: other machines, processes, devices, other users' rights.
    private static func actsElsewhere(_ name: [UInt8]) -> Bool {
        switch String(decoding: name, as: UTF8.self) {
        case "ssh", "scp", "sftp", "rsync", "curl", "wget", "ftp", "telnet", "nc", "ncat", "socat", "mail", "sendmail",
            "sudo", "su", "doas", "pkexec", "chroot", "nsenter", "docker", "podman", "kubectl", "virsh",
            "kill", "pkill", "killall", "shutdown", "reboot", "halt", "poweroff", "systemctl", "service", "init",
            "dd", "fdisk", "parted", "sfdisk", "cfdisk", "mkswap", "mount", "umount", "losetup", "cryptsetup", "wipefs",
            "fsck", "badblocks", "shred", "blkdiscard", "apt", "apt-get", "dpkg", "dnf", "yum", "rpm", "pacman",
            "zypper",
            "ip", "iptables", "nft", "ifconfig", "route", "crontab", "at", "useradd", "userdel", "usermod", "passwd",
            "sysctl", "modprobe", "insmod", "rmmod":
            return true
        default: return name.starts(with: Array("mkfs".utf8))
        }
    }

    mutating func forget() { known.removeAll(keepingCapacity: true) }

    mutating func effect(of name: [UInt8], _ shell: Shell) -> CommandEffect {
        if let effect = known[name] { return effect }
        let effect = find(name, shell)
        known[name] = effect
        return effect
    }

    private func find(_ name: [UInt8], _ shell: Shell) -> CommandEffect {
        let text = Text(name)
        let records = shell.options.contains(.undo) && shell.files.isRecording
        if let symbol = shell.symbols.find(text) {
            if shell.aliases[symbol] != nil { return .harmless }
            if shell.functions[symbol] != nil { return .harmless }
            if let builtin = shell.builtin(named: text) {
                if builtin.kind == .file { return records ? .undoable : .irrevocable }
                let isFinal =
                    text.equals("kill") || text.equals("obliterate") || text.equals("norecord")
                    || text.equals("unconfined")
                return isFinal ? .irrevocable : .harmless
            }
        }
        if name.contains(47) {
            guard case .found = shell.searchPath(expandingTilde(name, shell)) else {
                return isDirectory(name, shell) ? .harmless : .unknown
            }
        } else {
            guard case .found = shell.searchPath(text) else { return .unknown }
        }
        let base = name.lastIndex(of: 47).map { Array(name[($0 + 1)...]) } ?? name
        if CommandEffects.actsElsewhere(base) { return .irrevocable }
        return records && shell.options.contains(.record) ? .undoable : .irrevocable
    }

    private func isDirectory(_ name: [UInt8], _ shell: Shell) -> Bool {
        (try? FileStatus(expandingTilde(name, shell)))?.isDirectory ?? false
    }

    private func expandingTilde(_ name: [UInt8], _ shell: Shell) -> Text {
        if name.starts(with: [126, 47]) { return Text(shell.value(.home).bytes + name.dropFirst()) }
        return Text(name)
    }

    /// Whether a command destroys, ends or takes back something: such a line is not proposed before its name is typed.
    static func isDestructive(_ name: [UInt8], _ arguments: [[UInt8]]) -> Bool {
        let base = name.lastIndex(of: 47).map { Array(name[($0 + 1)...]) } ?? name
        func has(_ words: String...) -> Bool {
            arguments.contains { argument in words.contains { Array($0.utf8) == argument } }
        }
        switch String(decoding: base, as: UTF8.self) {
        case "rm", "rmdir", "unlink", "shred", "truncate", "dd", "wipefs", "blkdiscard", "undo", "redo", "rollback",
            "restore", "obliterate", "kill", "pkill", "killall", "reboot", "shutdown", "halt", "poweroff", "userdel",
            "sudo", "doas",
            "su",
            "crontab", "exec", "exit", "logout", "dropdb", "fdisk", "parted", "mkswap":
            return true
        case "mv", "cp", "ln": return has("-f", "--force", "-rf", "-fr")
        case "git":
            return has("clean", "--hard", "--force", "-f", "push", "rebase", "-D", "gc", "filter-branch", "rm")
        case "find": return has("-delete", "-exec", "-execdir")
        case "xargs", "env", "nohup", "time", "command", "nice":
            if let inner = arguments.firstIndex(where: { $0.first != 45 }) {
                return isDestructive(arguments[inner], Array(arguments[(inner + 1)...]))
            }
            return false
        case "docker", "podman": return has("rm", "rmi", "prune", "kill", "stop")
        case "systemctl": return has("stop", "disable", "mask", "kill", "restart", "poweroff", "reboot")
        case "apt", "apt-get", "dnf", "yum", "pacman", "zypper", "dpkg", "rpm":
            return has("remove", "purge", "autoremove", "erase", "-r", "-R", "-e", "-P", "-Rs", "rm")
        default: return base.starts(with: Array("mkfs".utf8))
        }
    }
}
