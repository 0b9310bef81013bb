// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshBuiltins
import VshFiles
import VshInteractive
import VshRuntime
import VshSystem

/// Entry point: the shell runs on a stack deep enough for recursion in scripts.
@main
enum Main {
    static func main() {
        _ = try? Stack.run(size: 1 << 30, nil) { _ in Main.run() }
    }

    /// Reads the command line and runs what it asks for; does not return.
    static func run() -> Never {
        var words = Table<Text>(capacity: System.arguments.count)
        for argument in System.arguments {
            if let argument { words.append(Text(cString: argument)) }
        }
        if words.isEmpty { words.append(Text("vsh")) }
        let zero = words[0]
        var base = zero
        if let slash = zero.withBytes({ $0.lastIndex(of: 47) }) { base = zero.slice(slash + 1..<zero.count) }
        var isLogin = false
        if base.count > 1 && base[0] == 45 {
            isLogin = true
            base = base.slice(1..<base.count)
        }
        let invocation = Invocation(words, isPosix: base.equals("sh"))
        if let error = invocation.error { fail(error) }
        if invocation.showsHelp { show(help) }
        if invocation.showsVersion { show("vsh \(version)\n") }
        if invocation.showsDoctor {
            let report = Doctor.report(
                home: environment("HOME"), stateHome: environment("XDG_STATE_HOME"), temporary: environment("TMPDIR"))
            try? System.writeAll(1, report)
            System.exit(0)
        }

        let files = FileSystem(
            isRecording: invocation.recordsUndo, stateHome: environment("XDG_STATE_HOME"), home: environment("HOME"))
        let shell = Shell(files: files)
        shell.name = zero
        if !base.isEmpty { shell.invokedName = base }
        shell.options = invocation.options
        if isLogin || invocation.isLogin { shell.options.insert(.login) }
        if invocation.recordsUndo {
            shell.options.insert(.undo)
            if !invocation.unset.contains(.record) { shell.options.insert(.record) }
        }
        if shell.options.contains(.announce) { files.isAnnouncing = true }
        registerBuiltins(shell)
        registerFileBuiltins(shell)
        registerListingBuiltins(shell)
        shell.start()
        if invocation.sandbox != .off || invocation.mayBeConfined { confine(shell, invocation) }

        var operand = invocation.firstOperand
        if invocation.hasCommandString {
            shell.options.insert(.commandString)
            let text = words[operand]
            operand += 1
            if operand < words.count {
                shell.name = words[operand]
                operand += 1
            }
            shell.setParameters(words, from: operand)
            if invocation.forcesInteractive { shell.options.insert(.interactive) }
            shell.startJobControl()
            if shell.options.contains(.login) { readProfiles(shell, invocation) }
            files.beginOperation(command: text)
            shell.runCommandString(text)
        }
        if !invocation.readsInput, operand < words.count {
            let file = words[operand]
            shell.name = file
            shell.setParameters(words, from: operand + 1)
            if invocation.forcesInteractive { shell.options.insert(.interactive) }
            shell.startJobControl()
            if shell.options.contains(.login) { readProfiles(shell, invocation) }
            files.beginOperation(command: file)
            shell.runScript(file)
        }
        shell.options.insert(.readsStandardInput)
        shell.setParameters(words, from: operand)
        if invocation.forcesInteractive || System.isTerminal(0) && System.isTerminal(2) {
            shell.options.insert(.interactive)
            if !invocation.unset.contains(.monitor) && System.isTerminal(2) { shell.options.insert(.monitor) }
            shell.runInteractiveSession(readsFiles: !invocation.skipsStartupFiles, file: invocation.startupFile)
        }
        shell.startJobControl()
        if shell.options.contains(.login) { readProfiles(shell, invocation) }
        files.beginOperation(command: Text("standard input"))
        shell.runStandardInput()
    }

    /// The start-up files of a login shell that is not interactive.
    @inline(never)
    static func readProfiles(_ shell: Shell, _ invocation: borrowing Invocation) {
        if !invocation.skipsStartupFiles { shell.readProfiles() }
    }

    /// Turns the sandbox on, when the command line or VSH_ROOT asks for it.
    static func confine(_ shell: Shell, _ invocation: Invocation) {
        let named = environment("VSH_ROOT")
        var level = invocation.sandbox
        if level == .off, named != nil { level = .write }
        if level == .off { return }
        let here = shell.workingDirectory.bytes
        var root = invocation.root?.bytes ?? named ?? here
        if invocation.root == nil, named == nil, let home = environment("HOME"), home.count > 1,
            here.starts(with: home), here.count == home.count || here[home.count] == 47
        {
            root = home
        }
        let configuration = environment("XDG_CONFIG_HOME") ?? environment("HOME").map { $0 + Array("/.config".utf8) }
        let temporary = environment("TMPDIR").map { [$0] } ?? []
        let isDone = shell.files.confine(
            root: root, level: level, temporary: temporary,
            configuration: configuration.flatMap { $0.first == 47 ? $0 + Array("/vsh".utf8) : nil })
        if !isDone {
            fail("\(String(decoding: root, as: UTF8.self)): no directory: it cannot be the root of the sandbox")
        }
        shell.files.onRefusal = { [unowned shell] line in shell.showNotice(line) }
    }

    /// The value of a variable that the process was started with.
    static func environment(_ name: StaticString) -> [UInt8]? {
        guard var next = System.environment else { return nil }
        let count = name.utf8CodeUnitCount
        while let entry = next.pointee {
            let bytes = UnsafeRawPointer(entry).assumingMemoryBound(to: UInt8.self)
            var index = 0
            while index < count, bytes[index] == name.utf8Start[index] { index += 1 }
            if index == count, bytes[count] == UInt8(ascii: "=") {
                var end = count + 1
                while bytes[end] != 0 { end += 1 }
                return end == count + 1
                    ? nil : Array(UnsafeBufferPointer(start: bytes + count + 1, count: end - count - 1))
            }
            next += 1
        }
        return nil
    }

    static func show(_ text: String) -> Never {
        try? System.writeAll(1, Array(text.utf8))
        System.exit(0)
    }

    static func fail(_ message: String) -> Never {
        try? System.writeAll(2, Array("vsh: \(message)\n".utf8))
        System.exit(2)
    }

    static var version: String { "0.1.0" }

    static var help: String {
        """
        usage: vsh [options] [-c text [name [arguments]] | -s [arguments] | file [arguments]]

          -c text          run the commands in text
          -s               read commands from standard input
          -i               be interactive
          -l, --login      be a login shell
          -abCefhmnuvx     set options, as the set builtin does; +x unsets
          -o name          set an option by name
          --posix          POSIX mode; undo is off unless --undo follows
          --norc           read no start-up file
          --rcfile FILE    read FILE instead of $ENV when interactive
          --no-undo        do not record changes to files
          --sandbox[=strict]
                           allow changes only below the root; strict: reading too
          --root DIR       the same, with the root DIR (else $VSH_ROOT, the home or the working directory)
          --no-sandbox     do not confine, whatever $VSH_ROOT says
          --doctor         tell what this machine supports, and what follows
          --version, --help

        """
    }
}
