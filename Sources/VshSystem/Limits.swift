// SPDX-License-Identifier: MPL-2.0
import CVshSystem
import Glibc

/// Limits of the resources of a process (XCU ulimit).
public struct ResourceLimit: Equatable, Sendable {
    /// The raw values are Linux's RLIMIT_ numbers.
    public enum Resource: Int32, CaseIterable, Sendable {
        /// Seconds of processor time.
        case cpuTime = 0
        /// Bytes of a file that is written.
        case fileSize = 1
        /// Bytes of the data segment.
        case data = 2
        /// Bytes of the stack.
        case stack = 3
        /// Bytes of a core file.
        case core = 4
        /// Bytes resident (no effect).
        case residentSet = 5
        /// Processes of the user.
        case processes = 6
        /// One more than the highest descriptor.
        case openFiles = 7
        /// Bytes locked in memory.
        case lockedMemory = 8
        /// Bytes of address space.
        case addressSpace = 9
        case fileLocks = 10
        case pendingSignals = 11
        /// Bytes of POSIX message queues.
        case messageQueues = 12
        /// 20 - the lowest nice value.
        case nice = 13
        case realTimePriority = 14
        /// Microseconds of processor time of a real-time process without a blocking call.
        case realTimeTime = 15
    }

    public static var unlimited: UInt64 { .max }

    public var soft: UInt64
    public var hard: UInt64
    public init(soft: UInt64, hard: UInt64) {
        self.soft = soft
        self.hard = hard
    }

    /// (C: getrlimit)
    public init(_ resource: Resource) throws(Errno) {
        soft = 0
        hard = 0
        try run(vsh_limit_get(resource.rawValue, &soft, &hard))
    }

    /// EPERM: the hard limit would rise; EINVAL: soft above hard. (C: setrlimit)
    public func apply(to resource: Resource) throws(Errno) { try run(vsh_limit_set(resource.rawValue, soft, hard)) }
}
