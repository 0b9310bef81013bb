// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// A command that is tried out: a process runs it that sees files of its own. What it changes nobody else sees, until it is
/// kept.
public final class Trial {
    /// Whether the process has to come from a thread that is not confined.
    public let startsOutside: Bool
    private let places: [[UInt8]]
    private let connection: (child: Int32, shell: Int32)
    /// Where its changes lie, and what they are changes of; empty paths: of nothing.
    private var memory: Int32 = -1
    private(set) var areas: [[UInt8]] = []
    let files: FileSystem
    var list: [TrialChange] = []

    fileprivate init(_ files: FileSystem, _ places: [[UInt8]], startsOutside: Bool) throws(Errno) {
        self.files = files
        self.places = places
        self.startsOutside = startsOutside
        connection = try Isolation.connection()
    }

    deinit { if memory >= 0 { try? System.close(memory) } }

    /// In the process that is to run the command. False: it has to end at once.
    public func enter() -> Bool {
        try? System.close(connection.shell)
        let isDone = Isolation.enter(places, answer: connection.child)
        try? System.close(connection.child)
        if isDone { files.isolate() }
        return isDone
    }

    /// In the shell, after the process was started, or could not be. Nil: the command runs; else why not.
    public func begin() -> String? {
        try? System.close(connection.child)
        defer { try? System.close(connection.shell) }
        do {
            memory = try Isolation.receive(connection.shell).release()
        } catch {
            return "\(String(decoding: UndoText().printable(error.step), as: UTF8.self)): \(error.error.message)"
        }
        guard let list = try? FileDescriptor("areas", .readOnly, at: memory), let text = try? list.readAll() else {
            return "nothing can be read of it"
        }
        areas = text.split(separator: 0, omittingEmptySubsequences: false).dropLast().map { Array($0) }
        return nil
    }

    /// The directory with the changes of an area, as a path.
    func place(ofArea number: Int) -> [UInt8] { Array("/proc/self/fd/\(memory)/\(number)/u".utf8) }
}

extension FileSystem {
    /// Prepares the trial of a command. Nil and the reason, where nothing can be hidden from others.
    public func prepareTrial() -> (trial: Trial?, reason: String) {
        guard let sandbox else { return (nil, "no sandbox") }
        if sandbox.level == .strict { return (nil, "the sandbox is strict") }
        if sandbox.isConfined, !ProgramRecorder.hasWayOut { return (nil, "the shell has confined itself before") }
        // The root has an overlay of its own where it lies in another: what is around it need not be copied.
        let places = sandbox.zones.sorted { $0.count < $1.count }
        if places.isEmpty || places[0].count == 1 { return (nil, "no sandbox") }
        // Of the shell's own directories both sides are to know.
        if let state = stateDirectory, (try? FileStatus(state.path)) == nil { try? state.create() }
        guard let trial = try? Trial(self, places, startsOutside: sandbox.isConfined) else {
            return (nil, "too few descriptors")
        }
        return (trial, "")
    }

    /// Whether what is kept could be undone.
    public var canBeUndone: Bool { isRecording && openRecorder() != nil && isRecording }
}
