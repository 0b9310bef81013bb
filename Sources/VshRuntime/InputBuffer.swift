// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Bytes read ahead from one descriptor by `read` or as commands.
///
/// Only regular files are read ahead, because what is not used can be given back by seeking; of others a byte at a time is taken.
struct InputBuffer: ~Copyable {
    /// The process's descriptor read from, or -1.
    var descriptor: Int32 = -1
    /// Seeking back is possible.
    var isSeekable = false
    var bytes = ByteStack(capacity: 16)
    /// The first byte not used yet.
    var position = 0

    /// Drops what is there.
    mutating func forget() {
        descriptor = -1
        bytes.pop(to: 0)
        position = 0
    }
}

extension Shell {
    /// Gives input that was read ahead back to its file.
    public func syncInput() {
        let unread = inputBuffer.bytes.count - inputBuffer.position
        if inputBuffer.descriptor >= 0 && unread > 0 {
            _ = try? System.seek(inputBuffer.descriptor, -Int64(unread), from: .current)
        }
        inputBuffer.bytes.pop(to: 0)
        inputBuffer.position = 0
    }

    /// Reads from the script's `descriptor` up to `delimiter`, which is kept, or the end of input, and appends it to `scratch`.
    /// - Returns: whether the delimiter was found; nil after an error (a negative errno is in `error`) or an interruption by a trapped signal.
    public func readDelimited(_ descriptor: Int, _ delimiter: UInt8, error: inout Int32) -> Bool? {
        let real = realDescriptor(descriptor)
        if real <= DescriptorEntry.firstMemory { return readMemory(Int(DescriptorEntry.firstMemory - real), delimiter) }
        if real < 0 {
            error = -Errno.badDescriptor.rawValue
            return nil
        }
        if inputBuffer.descriptor != real {
            syncInput()
            inputBuffer.descriptor = real
            let position = (try? System.seek(real, 0, from: .current)) ?? -1
            inputBuffer.isSeekable = position >= 0 && ((try? FileStatus(descriptor: real))?.isRegular ?? false)
        }
        while true {
            let available = inputBuffer.bytes.count - inputBuffer.position
            if available > 0 {
                let start = inputBuffer.position
                let found = inputBuffer.bytes.withBytes(from: start) { bytes -> Int? in
                    guard let place = findByte(bytes, delimiter) else {
                        scratch.append(bytes)
                        return nil
                    }
                    scratch.append(UnsafeBufferPointer(rebasing: bytes[0...place]))
                    return place
                }
                if let found {
                    inputBuffer.position = start + found + 1
                    return true
                }
                inputBuffer.bytes.pop(to: 0)
                inputBuffer.position = 0
            }
            let room = inputBuffer.isSeekable ? 65536 : 1
            var result = 0
            inputBuffer.position = 0
            inputBuffer.bytes.pop(to: 0)
            inputBuffer.bytes.append(unfilled: room) { space in
                do throws(Errno) {
                    result = try System.read(real, into: UnsafeMutableRawBufferPointer(space))
                } catch {
                    result = -Int(error.rawValue)
                }
                return max(result, 0)
            }
            if result == 0 { return false }
            if result < 0 {
                error = Int32(result)
                if result == -Int(Errno.interrupted.rawValue) {
                    if !hasPendingSignals { continue }
                    if !signalsInterrupt() { continue }
                }
                return nil
            }
        }
    }

    private func readMemory(_ index: Int, _ delimiter: UInt8) -> Bool {
        let here = hereTexts[index]
        var found = false
        var end = here.text.count
        here.text.withBytes { bytes in
            let rest = UnsafeBufferPointer(rebasing: bytes[here.position...])
            if let place = findByte(rest, delimiter) {
                found = true
                end = here.position + place + 1
            }
            scratch.append(UnsafeBufferPointer(rebasing: bytes[here.position..<end]))
        }
        hereTexts[index].position = end
        return found
    }
}

/// The first place of `byte`, searching eight bytes at a time.
@inline(__always)
func findByte(_ bytes: UnsafeBufferPointer<UInt8>, _ byte: UInt8) -> Int? {
    VshSystem.ByteSearch.first(byte, in: bytes)
}
