// SPDX-License-Identifier: MPL-2.0
import VshSystem

/// A file operation that the system refused.
public struct FileOpError: Error, Sendable {
    public let cause: Errno
    /// The name as it was given to the operation.
    public let path: [UInt8]

    public init(cause: Errno, path: [UInt8]) {
        self.cause = cause
        self.path = path
    }

    /// The errno value, positive.
    public var code: Int32 { cause.rawValue }
}
