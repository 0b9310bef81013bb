// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

extension Errno {
    /// Nothing is there, or nothing that this user may reach: the call itself will say so.
    var saysUnreachable: Bool {
        switch self {
        case .noEntry, .notDirectory, .accessDenied, .tooManySymbolicLinks, .nameTooLong: true
        default: false
        }
    }
}

extension FileStatus {
    /// What is at a path; nil when nothing is, or nothing that can be reached. Other failures (EIO, ENOMEM) are thrown:
    /// what cannot be looked at must not be taken for absent.
    static func look(_ path: some PathArgument, at directory: Int32 = At.current) throws(Errno) -> FileStatus? {
        do {
            return try FileStatus(path, at: directory, follow: false)
        } catch {
            if error.saysUnreachable { return nil }
            throw error
        }
    }
}

/// Changes whose path cannot be found out.
extension FileSystem {
    /// To be called when `locate` gave no path and the change will be made unrecorded. Where the reason is that
    /// something could not be had (descriptors, a disk that works), the user is told; while states are put back the
    /// change is refused instead, for it could not be taken back in turn.
    func passUnrecorded(_ path: UnsafePointer<CChar>) throws(Errno) {
        guard let cause = trouble else { return }
        trouble = nil
        if isStrict { throw cause }
        var line = Array("cannot be undone: ".utf8)
        var index = 0
        while path[index] != 0 {
            line.append(UInt8(bitPattern: path[index]))
            index += 1
        }
        line.append(contentsOf: ": \(cause.message)".utf8)
        openRecorder()?.say(line)
    }
}
