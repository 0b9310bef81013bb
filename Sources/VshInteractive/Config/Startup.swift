// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// Start-up files that only vsh has.
enum StartupFiles {
    /// `${XDG_CONFIG_HOME:-~/.config}/vsh/vshrc`
    static func configuration(_ shell: Shell) -> [UInt8]? {
        let base = shell.environmentText("XDG_CONFIG_HOME")
        if base.first == 47 { return base + Array("/vsh/vshrc".utf8) }
        let home = shell.value(.home).bytes
        return home.first == 47 ? home + Array("/.config/vsh/vshrc".utf8) : nil
    }

    /// Reads it, if it is there. Not in POSIX mode.
    static func readConfiguration(_ shell: Shell) {
        if shell.options.contains(.posix) { return }
        guard let path = configuration(shell), (try? FileStatus(path)) != nil else { return }
        do throws(ShellError) {
            if try shell.runFile(Text(path)) == .exited { shell.exitShell() }
        } catch {
            shell.status = error.status
        }
    }

    /// One line at the very first start, for those who have set nothing up yet.
    static func welcome(_ shell: Shell) {
        guard let state = shell.files.stateDirectory else { return }
        let marker = state.path + Array("/welcomed".utf8)
        if (try? FileStatus(marker)) != nil { return }
        // Where no mark can be left the line would come again each time.
        try? state.create()
        guard (try? FileDescriptor(marker, [.writeOnly, .create], mode: 0o600)) != nil else { return }
        _ = shell.write(
            Text("Welcome to vsh. undo takes back what a command did to files; help tells more.\n"), to: 2)
    }
}
