// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Copying the content of regular files.
public enum ContentCopy {
    public enum Sharing: Sendable {
        /// Shared blocks where the file system can, else a copy.
        case whenPossible
        case always
        case never
    }

    public struct Failure: Error, Sendable {
        public var cause: Errno
        /// The source could not be read; else the target could not be written.
        public var isReading: Bool
    }

    /// Copies everything from the present offset of `source`, which is normally 0, to the end of the empty file
    /// `target`. Holes stay holes.
    public static func copy(from source: Int32, to target: Int32, sharing: Sharing = .whenPossible) throws(Failure) {
        if sharing != .never {
            do {
                try System.clone(from: source, to: target)
                return
            } catch {
                if sharing == .always { throw Failure(cause: error, isReading: false) }
            }
        }
        let status = try? FileStatus(descriptor: source)
        if let status, status.isRegular, status.size > 0 {
            if status.blocks < (status.size + 511) / 512 {
                if try copySegments(from: source, to: target, size: status.size) { return }
            } else if try copyRange(from: source, to: target, limit: Int64.max) {
                // A file may grow while it is copied, and some (/proc) say nothing of their size: the end is where
                // reading finds it.
            }
        }
        try copyByReading(from: source, to: target)
    }

    /// Data between the holes. False when the file system cannot tell where they are.
    private static func copySegments(from source: Int32, to target: Int32, size: Int64) throws(Failure) -> Bool {
        var offset: Int64 = 0
        while offset < size {
            let data: Int64
            let end: Int64
            do {
                data = try System.seek(source, offset, from: .data)
                end = try System.seek(source, data, from: .hole)
                _ = try System.seek(source, data)
                _ = try System.seek(target, data)
            } catch {
                if error == .noDeviceAddress { break }  // only a hole is left
                if offset == 0 {
                    _ = try? System.seek(source, 0)
                    _ = try? System.seek(target, 0)
                    return false
                }
                throw Failure(cause: error, isReading: true)
            }
            if try !copyRange(from: source, to: target, limit: end - data) {
                let left: Int64
                do {
                    left = end - (try System.seek(source, 0, from: .current))
                } catch {
                    throw Failure(cause: error, isReading: true)
                }
                try copyByReading(from: source, to: target, limit: left)
            }
            offset = end
        }
        do {
            try System.truncate(target, to: size)
        } catch {
            throw Failure(cause: error, isReading: false)
        }
        return true
    }

    /// In the kernel, up to `limit` bytes or the end. False when that is not possible here; offsets then stand where
    /// reading can go on.
    private static func copyRange(from source: Int32, to target: Int32, limit: Int64) throws(Failure) -> Bool {
        var left = limit
        while left > 0 {
            do {
                let count = try System.copyRange(from: source, to: target, count: Int(min(left, 1 << 30)))
                if count == 0 { return left == limit ? false : true }
                left -= Int64(count)
            } catch {
                if error == .interrupted { continue }
                if error == .noSpace || error == .quotaExceeded || error == .inputOutput || error == .fileTooBig {
                    throw Failure(cause: error, isReading: error == .inputOutput)
                }
                return false
            }
        }
        return true
    }

    private static func copyByReading(from source: Int32, to target: Int32, limit: Int64 = Int64.max) throws(Failure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 4096)
        defer { buffer.deallocate() }
        var left = limit
        while left > 0 {
            var count = 0
            do {
                count = try System.read(
                    source, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(left, 1 << 17))]))
            } catch {
                if error == .interrupted { continue }
                throw Failure(cause: error, isReading: true)
            }
            if count == 0 { return }
            do {
                try System.writeAll(target, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } catch {
                throw Failure(cause: error, isReading: false)
            }
            left -= Int64(count)
        }
    }
}
