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
            isRecording: invocation.recordsUndo, stateHome: variable("XDG_STATE_HOME"), home: variable("HOME"))
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
        if invocation.sandbox != .off { confine(shell, invocation) }

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
            start(shell, invocation)
            files.beginOperation(command: text)
            shell.runCommandString(text)
        }
        if !invocation.readsInput, operand < words.count {
            let file = words[operand]
            shell.name = file
            shell.setParameters(words, from: operand + 1)
            start(shell, invocation)
            files.beginOperation(command: file)
            shell.runScript(file)
        }
        shell.options.insert(.readsStandardInput)
        shell.setParameters(words, from: operand)
        if invocation.forcesInteractive || System.isTerminal(0) && System.isTerminal(2) {
            shell.options.insert(.interactive)
            files.isAtTerminal = System.isTerminal(0) && System.isTerminal(2)
            if !invocation.unset.contains(.monitor) && System.isTerminal(2) { shell.options.insert(.monitor) }
            shell.runInteractiveSession(readsFiles: !invocation.skipsStartupFiles, file: invocation.startupFile)
        }
        start(shell, invocation)
        files.beginOperation(command: Text("standard input"))
        shell.runStandardInput()
    }

    /// What a shell that gets its commands from elsewhere than a prompt has before the first.
    @inline(__always)
    static func start(_ shell: Shell, _ invocation: borrowing Invocation) {
        if invocation.forcesInteractive || shell.options.contains(.login) { return startAsAsked(shell, invocation) }
        shell.registerForScripts()
        shell.startJobControl()
    }

    /// The start-up files of a login shell, or all that `-i` means.
    @inline(never)
    static func startAsAsked(_ shell: Shell, _ invocation: borrowing Invocation) {
        if invocation.forcesInteractive {
            shell.options.insert(.interactive)
            shell.startSession(readsFiles: !invocation.skipsStartupFiles, file: invocation.startupFile)
            return
        }
        shell.registerForScripts()
        shell.startJobControl()
        if !invocation.skipsStartupFiles { shell.readProfiles() }
    }

    /// The bounds of what commands may change. What nobody asked for is found out when the first change or program needs it.
    static func confine(_ shell: Shell, _ invocation: Invocation) {
        var level = invocation.sandbox
        if level == nil, let word = environment("VSH_SANDBOX") {
            level = SandboxLevel(word)
            if level == nil { fail("VSH_SANDBOX: it is off, write or strict") }
            if level == .off, invocation.root == nil { return }
            if level == .off { level = .write }
        }
        shell.files.onRefusal = { [unowned shell] line in shell.showNotice(line) }
        let here = shell.workingDirectory
        let isRooted = invocation.root != nil
        let root = invocation.root ?? variable("VSH_ROOT")
        if level == nil, !isRooted, root.isEmpty {
            shell.files.confine { defaultBounds(here) }
            return
        }
        var request = bounds(level ?? .write, here)
        if isRooted || !root.isEmpty {
            if root.isEmpty || root[0] != 47 {
                request.root = here
                request.root.append(Text("/"))
            }
            request.root.append(root)
        }
        if !shell.files.confine(request) {
            fail("\(String(decoding: root.bytes, as: UTF8.self)): no directory: it cannot be the root of the sandbox")
        }
    }

    private static func bounds(_ level: SandboxLevel, _ here: Text) -> SandboxRequest {
        let home = variable("HOME")
        var request = SandboxRequest(level: level, here: here, home: home)
        var directory = variable("XDG_CONFIG_HOME")
        if directory.isEmpty, !home.isEmpty {
            directory = home
            directory.append(Text("/.config"))
        }
        if !directory.isEmpty, directory[0] == 47 {
            directory.append(Text("/vsh"))
            request.configuration = directory
        }
        request.temporary = variable("TMPDIR")
        return request
    }

    /// What holds when nobody asks for anything. `off`: no bounds; the user wants none, or everything would lie in them.
    private static func defaultBounds(_ here: Text) -> SandboxRequest {
        var request = bounds(.write, here)
        request.isDefault = true
        if here.count == 1 { request.level = .off }
        if request.level == .off || request.configuration.isEmpty { return request }
        // No copy of the text: that would ask the runtime for metadata.
        var file = Text()
        file.append(request.configuration)
        file.append(Text("/sandbox"))
        guard let fd = try? FileDescriptor(file, .readOnly) else { return request }
        var word: UInt32 = 0
        _ = try? withUnsafeMutableBytes(of: &word) { (space) throws(Errno) in
            try System.read(fd.rawValue, into: space)
        }
        if withUnsafeBytes(of: word, { $0.starts(with: "off".utf8) && $0[3] <= 32 }) { request.level = .off }
        return request
    }

    /// The value of a variable that the process was started with.
    static func environment(_ name: StaticString) -> [UInt8]? {
        let value = variable(name)
        return value.isEmpty ? nil : value.bytes
    }

    /// The same as shell text. Empty: it is not set.
    private static func variable(_ name: StaticString) -> Text {
        guard var next = System.environment else { return Text() }
        let count = name.utf8CodeUnitCount
        while let entry = next.pointee {
            let bytes = UnsafeRawPointer(entry).assumingMemoryBound(to: UInt8.self)
            var index = 0
            while index < count, bytes[index] == name.utf8Start[index] { index += 1 }
            if index == count, bytes[count] == UInt8(ascii: "=") {
                return Text(cString: entry + count + 1)
            }
            next += 1
        }
        return Text()
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
          -O name          set an option of shopt
          --posix          POSIX mode; undo is off unless --undo follows
          --norc           read no start-up file
          --rcfile FILE    read FILE instead of $ENV when interactive
          --no-undo        do not record changes to files
          --sandbox[=write|strict]
                           allow changes only below the root (the default); strict: reading too
          --root DIR       the root (else $VSH_ROOT, the home directory if it starts in it, or where it starts)
          --no-sandbox     allow changes everywhere, as VSH_SANDBOX=off does
          --doctor         tell what this machine supports, and what follows
          --version, --help

        """
    }
}
