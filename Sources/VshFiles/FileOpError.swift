// SPDX-License-Identifier: MPL-2.0
/// A file operation that the system refused.
public struct FileOpError: Error {
    /// The errno value, positive.
    public let code: Int32
    /// The name as it was given to the operation.
    public let path: [UInt8]

    public init(code: Int32, path: [UInt8]) {
        self.code = code
        self.path = path
    }
}
