// SPDX-License-Identifier: MPL-2.0

/// What vsh itself knows of programs, in the form that `SpecReader` reads. Text in the program file: nothing is read or made
/// before the first Tab that asks for it.
enum OwnSpecs {
    /// Names that have a spec, for tests.
    static var names: [StaticString] {
        [
            "git", "apt", "apt-get", "apt-cache", "dpkg", "systemctl", "journalctl", "sudo", "su", "mount", "umount",
            "df", "du", "ps", "pkill", "pgrep", "killall", "ip", "tar", "grep", "sed", "awk", "find", "xargs", "sort",
            "uniq", "cut", "head", "tail", "wc", "diff", "less", "gzip", "zip", "unzip", "man", "date", "make", "ssh",
            "scp", "rsync", "curl", "wget", "docker", "tmux", "python3", "pip", "npm", "cargo", "go", "swift", "gcc",
            "ping",
        ]
    }

    static func text(_ name: [UInt8]) -> StaticString? {
        switch String(decoding: name, as: UTF8.self) {
        case "git": git
        case "apt": apt
        case "apt-get": aptGet
        case "apt-cache": aptCache
        case "dpkg": dpkg
        case "systemctl": systemctl
        case "journalctl": journalctl
        case "sudo", "doas": sudo
        case "su": su
        case "mount": mount
        case "umount": umount
        case "df": df
        case "du": du
        case "ps": ps
        case "pkill": pkill
        case "pgrep", "pidof": pgrep
        case "killall": killall
        case "ip": ip
        case "tar", "bsdtar": tar
        case "grep", "egrep", "fgrep": grep
        case "sed": sed
        case "awk", "gawk", "mawk": awk
        case "find": find
        case "xargs": xargs
        case "sort": sort
        case "uniq": uniq
        case "cut": cut
        case "head": head
        case "tail": tail
        case "wc": wc
        case "diff": diff
        case "less": less
        case "gzip", "gunzip": gzip
        case "zip": zip
        case "unzip": unzip
        case "man": man
        case "date": date
        case "make", "gmake": make
        case "ssh", "sftp", "mosh": ssh
        case "scp": scp
        case "rsync": rsync
        case "curl": curl
        case "wget": wget
        case "docker", "podman": docker
        case "tmux": tmux
        case "python3", "python": python
        case "pip", "pip3": pip
        case "npm": npm
        case "cargo": cargo
        case "go": go
        case "swift": swift
        case "gcc", "g++", "cc", "c++", "clang", "clang++": gcc
        case "ping", "traceroute", "mtr": ping
        case "which", "whereis", "command", "type", "nohup", "nice", "time", "watch", "env", "timeout": "< command-line"
        case "chsh", "usermod", "passwd", "id", "groups", "finger": "< user"
        case "modprobe": "< none"
        case "rmmod", "modinfo": "< module"
        case "rmdir", "pushd", "tree": "< dir"
        default: nil
        }
    }

    /// The description in a spec's first line.
    static func summary(_ name: [UInt8]) -> [UInt8] {
        guard let text = text(name), text.utf8Start.pointee == 64 else { return [] }
        let bytes = UnsafeBufferPointer(start: text.utf8Start, count: min(200, text.utf8CodeUnitCount))
        let line = bytes.prefix { $0 != 10 }
        guard let bar = line.firstIndex(of: 124) else { return [] }
        return Array(line[(bar + 1)...].drop { $0 == 32 })
    }
}
