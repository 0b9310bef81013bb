// SPDX-License-Identifier: MPL-2.0
import CVshRecorder
import CVshSystem

/// Files of a process's own: overlays over the places that it may change, and all else to be read only
/// (docs/recorder.md, "Trials"). What it changes lies in memory.
public enum Isolation {
    /// Why a process could not have files of its own.
    public struct Failure: Error, Sendable {
        public var error: Errno
        /// What was tried: words or a path.
        public var step: [UInt8]
    }

    /// Two ends of a connection: the process that will be isolated tells its shell how that went.
    public static func connection() throws(Errno) -> (child: Int32, shell: Int32) {
        var pair: (Int32, Int32) = (-1, -1)
        try run(
            withUnsafeMutablePointer(to: &pair) {
                $0.withMemoryRebound(to: Int32.self, capacity: 2) { vsh_isolation_open($0) }
            })
        return (pair.0, pair.1)
    }

    /// Gives this process files of its own, for ever, and tells the shell. Whether that worked.
    /// - Parameter places: absolute paths of directories, each behind those that it lies in.
    public static func enter(_ places: [[UInt8]], answer connection: Int32) -> Bool {
        var list: [UInt8] = []
        for place in places { list += place + [0] }
        list.append(0)
        var isolation = vsh_isolation()
        let memory = list.withPath { vsh_isolate($0, &isolation) }
        let isTold = vsh_isolation_send(connection, &isolation, memory) == 0
        if memory >= 0 { try? System.close(memory) }
        return memory >= 0 && isTold
    }

    /// Waits for what the process has to tell. Where its changes lie: a directory with a file `areas`, the paths of the places, each
    /// with a zero byte behind it, some empty; `0/u` holds the changes of the first, as overlayfs leaves them.
    public static func receive(_ connection: Int32) throws(Failure) -> FileDescriptor {
        var isolation = vsh_isolation()
        return try receive(connection, &isolation)
    }

    private static func receive(
        _ connection: Int32, _ isolation: inout vsh_isolation
    ) throws(Failure) -> FileDescriptor {
        let memory = vsh_isolation_receive(connection, &isolation)
        if memory >= 0 { return FileDescriptor(owning: memory) }
        let step = withUnsafeBytes(of: &isolation.step) { Array($0.prefix { $0 != 0 }) }
        throw Failure(error: Errno(rawValue: -isolation.error), step: step)
    }

    /// Whether a process can have files of its own here; found out by one that ends at once. Whether that takes a user namespace.
    public static func probe() throws(Failure) -> Bool {
        let ends: (child: Int32, shell: Int32)
        var child: Int32?
        do throws(Errno) {
            ends = try connection()
            child = try System.fork()
        } catch {
            throw Failure(error: error, step: Array("fork".utf8))
        }
        guard let child else { System.exit(enter([Array("/tmp".utf8)], answer: ends.child) ? 0 : 1) }
        try? System.close(ends.child)
        defer {
            try? System.close(ends.shell)
            _ = try? System.waitForeground(child)
        }
        var isolation = vsh_isolation()
        _ = try receive(ends.shell, &isolation)
        return isolation.is_user != 0
    }

    /// `System.fork` from a thread that is not confined (`ProgramRecorder.hasWayOut`).
    public static func forkOutside(resetSignals: SignalSet, ignoredSignals: SignalSet) throws(Errno) -> Int32? {
        let pid = try check(vsh_fork_by({ vsh_way_out_copy() }, resetSignals.rawValue, ignoredSignals.rawValue))
        return pid == 0 ? nil : pid
    }
}
