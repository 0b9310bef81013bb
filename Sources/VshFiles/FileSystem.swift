// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// All changes to the file system that the shell itself makes, and their recording for `undo`. One per shell process.
///
/// Names are relative to a `Directory` (the working directory when none is given) or absolute; what is absolute starts
/// at the root. Every changing call first keeps what is needed to undo it, then acts. Nothing touches the disk until the
/// first change of an operation; a command that changes no file costs nothing.
///
/// When the recording itself fails (no space, a store that cannot be written, a file over the cap), the change is still
/// made, is listed as not undoable, and `takeNotice()` gives one line for the user.
public final class FileSystem {
    /// Whether changes are recorded (`--no-undo` and POSIX mode turn it off, a state directory that cannot be had too).
    public internal(set) var isRecording: Bool
    /// The same, whatever `norecord` says: the recorder of programs can be had. So it can in a sandbox that somebody asked for, to refuse.
    var mayRecord: Bool
    /// Where names without a directory start. Valid for the life of the file system.
    public let workingDirectory: Directory
    /// Where the journals and the log lie; nil when the environment names no place.
    /// Found out when it is first asked for: most commands never need it.
    private(set) lazy var state: StateDirectory? = {
        let place = StateDirectory.place(stateHome: stateHome(), home: home())
        return place.isEmpty ? nil : StateDirectory(place: place)
    }()
    /// The bounds of what may be changed; nil: none. They are looked up when they are first asked for.
    public var sandbox: Sandbox? {
        @inline(__always) get {
            if findBounds != nil { setUpSandbox() }
            return bounds
        }
    }
    var findBounds: (() -> SandboxRequest)?
    /// Somebody types commands.
    public var isAtTerminal = false
    var bounds: Sandbox?
    /// The level came by default, and a shell around this one confines it: nothing more is done here.
    var isConfinedByOther = false
    /// A program is to be started outside the bounds.
    var leavesSandbox = false
    /// Calls of programs that were refused, as far as it was told, and what may have made the last program fail.
    var refusalsTold: UInt32 = 0
    var lacksPrivileges = false
    /// Writes a line to the script's standard error, with the shell's name in front, when something lies outside them.
    public var onRefusal: (([UInt8]) -> Void)?
    var hasSaidNoLandlock = false
    private let stateHome: () -> Text
    private let home: () -> Text
    /// After each operation `takeAnnouncement` says what it changed.
    public var isAnnouncing = false {
        didSet { recorder?.isAnnouncing = isAnnouncing }
    }
    /// While `explain` looks at a command.
    public internal(set) var planner: Planner?
    /// Nil until the first change.
    private(set) var recorder: Recorder?
    /// What forked children needed; nil before the first fork.
    var needs: ChildNeeds?
    private var command = Text()
    private var kind = OperationKind.command
    /// Where the running command was begun, once it has left there.
    private var startDirectory: [UInt8]?
    private var notice: [UInt8]?
    /// Room for the absolute paths of a change: the only one or the old name, and the new name.
    private(set) lazy var first = PathBuffer()
    private(set) lazy var second = PathBuffer()
    /// The directory part that was resolved last.
    private var parentName: [UInt8] = []
    private var parentDirectory: Int32 = 0
    private var parentEpoch = -1
    private var parentPath: [UInt8] = []
    /// Why `locate` failed last, where that says nothing about what is at the path.
    var trouble: Errno?
    /// The last file that was opened to be written, or made if need be, was made.
    var makesFiles = false
    /// Nothing may be changed unrecorded: states are being put back.
    var isStrict = false

    /// - Parameters:
    ///   - stateHome: the value of XDG_STATE_HOME; empty: not set.
    ///   - home: the value of HOME; empty: not set.
    public init(
        isRecording: Bool, stateHome: @escaping @autoclosure () -> Text = Text(),
        home: @escaping @autoclosure () -> Text = Text()
    ) {
        self.isRecording = isRecording
        mayRecord = isRecording
        self.stateHome = stateHome
        self.home = home
        workingDirectory = Directory(descriptor: At.current)
    }

    // MARK: Operations

    /// Opens an operation: what one `undo` takes back. Cheap: only notes the text.
    /// - Parameter command: the text to show in `ops` (the command line, or the script's name and arguments).
    public func beginOperation(command: Text) {
        self.command = command
        kind = .command
        startDirectory = nil
        if let recorder {
            recorder.startDirectory = nil
            recorder.describe(command: command.bytes)
        }
    }

    /// After an undo: what follows in the same command is described by the command again.
    func describeAgain() { recorder?.describe(kind: kind, command: command.bytes) }

    /// What the running command still does is not named by its text any more when that is one of these, which were obliterated.
    func forgetCommand(among texts: [[UInt8]]) {
        if !texts.contains(command.bytes) { return }
        recorder?.forget(command.bytes)
        command = Text(OperationLog.erasedCommand)
        describeAgain()
    }

    /// Closes the operation, if it changed anything, with the exit status of its command. Nothing in a child that was
    /// forked with `.sharedOperation`.
    @inline(__always)
    public func endOperation(status: Int32) { recorder?.end(status: status) }

    /// Ends the running operation here, and lets what follows in the same command be a new one.
    func splitOperation() { recorder?.close(status: 0, outcome: .finished) }

    /// To be called before the redirections of `undo` and its like: what the command did so far is an operation of its
    /// own, and the redirections are none that a later undo could take back.
    public func beginAside() {
        splitOperation()
        kind = .aside
        describeAgain()
    }

    /// To be called when such a command and its redirections have ended.
    public func endAside() {
        splitOperation()
        kind = .command
        describeAgain()
    }

    /// Whether the running operation has changed something, so that somebody has to end it.
    public var hasOpenChanges: Bool { recorder?.isOpen ?? false }

    /// To be called before the shell replaces itself by a program (`exec`, last command in place). The operation ends
    /// with that program, when someone next looks at the log.
    public func willExec(status: Int32) {
        noteNeeds()
        recorder?.willExec()
    }

    /// To be called before the working directory changes: an operation is said to be of the directory it was begun in.
    public func willChangeDirectory() {
        if startDirectory != nil || !isRecording { return }
        startDirectory = try? System.currentDirectory()
        recorder?.startDirectory = startDirectory
    }

    /// To be called after the working directory changed.
    public func didChangeDirectory() {
        workingDirectory.forgetPath()
        parentEpoch = -1
    }

    /// To be called after a program ran or was started: files may have changed without this object seeing it.
    public func didRunProgram() { recorder?.forgetPaths() }

    /// To be called when there is nothing else to do: takes finished operations into the log, if many wait.
    public func idle() { recorder?.idle() }

    /// A line for standard error, without the newline and the `vsh: ` in front: what could not be made undoable since
    /// the last call. Nil when there is nothing to say. To be asked after `endOperation` and after redirections.
    @inline(__always)
    public func takeNotice() -> [UInt8]? {
        if notice == nil, recorder == nil { return nil }
        return takeNoticeSlowly()
    }

    @inline(never)
    private func takeNoticeSlowly() -> [UInt8]? {
        if let line = notice {
            notice = nil
            return line
        }
        return recorder?.takeNotice()
    }

    /// Where journals, log and store lie; nil when the environment names no place.
    public var stateDirectory: StateDirectory? { state }

    /// The last operation of this process that changed something, once it has ended.
    public var lastOperation: EndedOperation? { recorder?.lastEnded }

    /// A line for standard error, without its newline: what the operations that ended since the last call changed. Nil
    /// when there is nothing to say.
    public func takeAnnouncement() -> [UInt8]? { recorder?.takeAnnouncement() }

    /// How much may be copied to keep what a change overwrites.
    public var limits: PreimageLimits {
        get { openRecorder()?.limits ?? PreimageLimits() }
        set { openRecorder()?.limits = newValue }
    }

    /// `durability=full`: records reach the disk before each destructive change.
    public var isDurable: Bool {
        get { recorder?.isDurable ?? false }
        set { openRecorder()?.isDurable = newValue }
    }

    /// The recorder; nil and a notice, once, when there is no place for the state.
    @inline(__always)
    func openRecorder() -> Recorder? { recorder ?? openRecorderSlowly() }

    @inline(never)
    private func openRecorderSlowly() -> Recorder? {
        guard let state else {
            if isRecording { notice = Array("changes cannot be undone: HOME is not set".utf8) }
            isRecording = false
            mayRecord = false
            return nil
        }
        // A shell around this one records all that happens here; to record it twice would make two operations of it.
        if mayRecord, ProgramRecorder.isNested {
            isRecording = false
            mayRecord = false
            return nil
        }
        let made = Recorder(state: state)
        made.describe(kind: kind, command: command.bytes)
        made.isAnnouncing = isAnnouncing
        made.startDirectory = startDirectory
        made.sandbox = sandbox
        recorder = made
        return made
    }

    /// In a process that sees files of its own: nothing is recorded, and it confines itself anew.
    func isolate() {
        isRecording = false
        mayRecord = false
        bounds = bounds.map { Sandbox(isolated: $0) }
        didChangeDirectory()
    }

    /// The recorder with an open operation, when changes are recorded.
    @inline(__always)
    func recording() -> Recorder? {
        guard isRecording, let recorder = openRecorder(), recorder.open() else { return nil }
        return recorder
    }

    // MARK: Paths

    /// Finds the absolute path, free of symbolic links but for the last component, that a name stands for.
    /// False when the name ends in `.` or `..`, is the root or too long, or its directory is not there.
    func locate(_ path: UnsafePointer<CChar>, _ directory: Directory?, _ buffer: PathBuffer) -> Bool {
        let bytes = UnsafeRawPointer(path).assumingMemoryBound(to: UInt8.self)
        let slash = UInt8(ascii: "/")
        var end = 0
        while bytes[end] != 0 { end += 1 }
        while end > 0, bytes[end - 1] == slash { end -= 1 }
        var start = end
        while start > 0, bytes[start - 1] != slash { start -= 1 }
        trouble = nil
        let name = UnsafeBufferPointer(start: bytes + start, count: end - start)
        let dot = UInt8(ascii: ".")
        if name.isEmpty || name[0] == dot && (name.count == 1 || name.count == 2 && name[1] == dot) { return false }
        let epoch = recorder?.epoch ?? 0
        let base = directory ?? workingDirectory
        if start == 0 {
            guard let parent = base.path(epoch: epoch) else {
                trouble = base.trouble
                return false
            }
            return parent.withUnsafeBufferPointer { buffer.set($0, name) }
        }
        let parent = UnsafeBufferPointer(start: bytes, count: start)
        if parentEpoch == epoch, parentDirectory == base.descriptor,
            parentName.withUnsafeBufferPointer({ bytesEqual($0, parent) })
        {
            return parentPath.withUnsafeBufferPointer { buffer.set($0, name) }
        }
        guard let found = resolve(Array(parent) + [0], base) else { return false }
        // Numbers of descriptors are given again: only the working directory's is known to mean the same later.
        if base === workingDirectory {
            parentName = Array(parent)
            parentPath = found
            parentDirectory = base.descriptor
            parentEpoch = epoch
        }
        return found.withUnsafeBufferPointer { buffer.set($0, name) }
    }

    /// The absolute path of a directory, free of symbolic links.
    private func resolve(_ name: [UInt8], _ base: Directory) -> [UInt8]? {
        do {
            let fd = try FileDescriptor(name, [.path, .directory], at: base.descriptor)
            return try pathOfOpenFile(fd.rawValue)
        } catch {
            if !error.saysUnreachable { trouble = error }
            return nil
        }
    }

    /// Finds the absolute path of the very object that a name leads to, through symbolic links and `..`.
    func locateObject(_ path: UnsafePointer<CChar>, _ directory: Directory?, _ buffer: PathBuffer) -> Bool {
        let at = (directory ?? workingDirectory).descriptor
        trouble = nil
        do {
            let fd = try FileDescriptor(path, .path, at: at)
            guard let found = try pathOfOpenFile(fd.rawValue) else { return false }
            return buffer.set(found)
        } catch {
            if !error.saysUnreachable { trouble = error }
            return false
        }
    }

    /// Whether a path is the state directory's own, where nothing is recorded.
    func isState(_ path: PathBuffer) -> Bool {
        state?.holds(path.bytes) ?? false
    }

    /// Whether a path is in a store: what is there was removed, and the working directory may have gone there with it.
    /// For whoever is in it nothing can be made or written any more, as in a removed directory.
    func isRemoved(_ path: PathBuffer) -> Bool {
        guard let state else { return false }
        return state.stores(path.bytes) || recorder?.store?.holds(path.bytes) ?? false
    }

    @inline(__always)
    func at(_ directory: Directory?) -> Int32 { (directory ?? workingDirectory).descriptor }

    /// Runs a system call and gives its failure the name.
    @inline(__always)
    func attempt<R>(_ path: Text, _ body: () throws(Errno) -> R) throws(FileOpError) -> R {
        do {
            return try body()
        } catch {
            throw FileOpError(cause: error, path: path.bytes)
        }
    }
}
