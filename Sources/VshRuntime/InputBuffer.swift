// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Bytes read ahead from one descriptor by `read` or as commands.
///
/// Regular files are read ahead, because what is not used can be given back by seeking. What waits in a pipe is looked at by tee(2),
/// which takes nothing out, and then exactly the bytes up to the delimiter are taken. Of anything else a byte at a time is read.
struct InputBuffer: ~Copyable {
    /// The process's descriptor read from, or -1.
    var descriptor: Int32 = -1
    /// Seeking back is possible.
    var isSeekable = false
    /// It is the shell's terminal.
    var isTerminal = false
    /// `bytes` are copies of what waits in the pipe; they are still to be taken.
    var isPipe = false
    /// A pipe of our own that tee(2) copies into, or -1: made for the first pipe read from.
    var copyRead: Int32 = -1
    var copyWrite: Int32 = -1
    var bytes = ByteStack(capacity: 16)
    /// The first byte not used yet.
    var position = 0

    /// Drops what is there.
    mutating func forget() {
        descriptor = -1
        bytes.pop(to: 0)
        position = 0
    }

    /// In a new process: the pipe of our own is shared with the parent, so it must not be used.
    mutating func didFork() {
        forget()
        closeCopy()
    }

    mutating func closeCopy() {
        if copyRead < 0 { return }
        try? System.close(copyRead)
        try? System.close(copyWrite)
        copyRead = -1
        copyWrite = -1
    }

    /// Bytes of a pipe looked at together.
    static var peekCount: Int { 16384 }
}

extension Shell {
    /// Gives input that was read ahead back to its file.
    public func syncInput() {
        let unread = inputBuffer.bytes.count - inputBuffer.position
        if inputBuffer.descriptor >= 0 && unread > 0 && inputBuffer.isSeekable {
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
        if inputBuffer.descriptor != real { chooseInput(real) }
        if inputBuffer.isPipe {
            if let found = readPipe(real, delimiter, error: &error) { return found }
            if error != 0 { return nil }
        }
        let waits = !inputBuffer.isSeekable && heedsSignals
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
            // A ^C between the two takes away what was there to be read. The shell's own way to the terminal does not wait then.
            let source = waits && inputBuffer.isTerminal && terminalDescriptor >= 0 ? terminalDescriptor : real
            var result = 0
            inputBuffer.position = 0
            inputBuffer.bytes.pop(to: 0)
            inputBuffer.bytes.append(unfilled: room) { space in
                do throws(Errno) {
                    if waits { _ = try System.waitReady(real) }
                    result = try System.read(source, into: UnsafeMutableRawBufferPointer(space))
                } catch {
                    result = -Int(error.rawValue)
                }
                return max(result, 0)
            }
            if result == 0 { return false }
            if source != real, result == -Int(Errno.wouldBlock.rawValue) { continue }
            if result < 0 {
                error = Int32(result)
                if result == -Int(Errno.interrupted.rawValue) && pendingTrappedSignal() == nil { continue }
                return nil
            }
        }
    }

    /// The buffer is for the process's descriptor `real` from now on.
    private func chooseInput(_ real: Int32) {
        syncInput()
        inputBuffer.descriptor = real
        let status = try? FileStatus(descriptor: real)
        inputBuffer.isSeekable =
            status?.isRegular ?? false && ((try? System.seek(real, 0, from: .current)) ?? -1) >= 0
        inputBuffer.isPipe = status?.isPipe ?? false
        inputBuffer.isTerminal =
            terminalDescriptor >= 0 && (try? System.foregroundGroup(real)) != nil
    }

    /// Whether more than is asked for may be read from the script's `descriptor`, as it can be given back. If not, nothing that was read ahead
    /// is left in the buffer.
    public func canReadAhead(_ descriptor: Int) -> Bool {
        let real = realDescriptor(descriptor)
        if real >= 0 && inputBuffer.descriptor != real { chooseInput(real) }
        if real >= 0 && inputBuffer.isSeekable { return true }
        syncInput()
        return false
    }

    /// The next byte of such a descriptor; -1 at the end of the file; for an error -1 less its number.
    public func nextByte(_ descriptor: Int) -> Int {
        if inputBuffer.position == inputBuffer.bytes.count {
            let real = realDescriptor(descriptor)
            inputBuffer.position = 0
            inputBuffer.bytes.pop(to: 0)
            var result = 0
            inputBuffer.bytes.append(unfilled: 65536) { space in
                result = attempt { () throws(Errno) in
                    try System.read(real, into: UnsafeMutableRawBufferPointer(space))
                }
                return max(result, 0)
            }
            if result <= 0 { return result - 1 }
        }
        let byte = inputBuffer.bytes[inputBuffer.position]
        inputBuffer.position &+= 1
        return Int(byte)
    }

    /// Signals may end a read, also one that arrives just before it starts: it has to be waited for with them blocked.
    private var heedsSignals: Bool { isInteractive || traps.signalCommands > 0 }

    /// `readDelimited` for a pipe. nil with `error` 0: the pipe cannot be looked at.
    private func readPipe(_ real: Int32, _ delimiter: UInt8, error: inout Int32) -> Bool? {
        error = 0
        if inputBuffer.copyRead < 0 {
            guard let ends = try? System.pipe([.closeOnExec]) else {
                inputBuffer.isPipe = false
                return nil
            }
            inputBuffer.copyRead = ends.read
            inputBuffer.copyWrite = ends.write
        }
        while true {
            var result = 0
            let available = inputBuffer.bytes.count - inputBuffer.position
            if available > 0 {
                let place = inputBuffer.bytes.withBytes(from: inputBuffer.position) { findByte($0, delimiter) }
                let wanted = place.map { $0 + 1 } ?? available
                scratch.append(unfilled: wanted) { space in
                    result = attempt { () throws(Errno) in
                        try System.read(real, into: UnsafeMutableRawBufferPointer(space))
                    }
                    return max(result, 0)
                }
                inputBuffer.position += wanted
                if result != wanted {
                    // Another reader of the pipe was faster.
                    inputBuffer.bytes.pop(to: 0)
                    inputBuffer.position = 0
                }
                if result > 0 {
                    if place != nil && scratch[scratch.count - 1] == delimiter { return true }
                    continue
                }
            } else {
                inputBuffer.bytes.pop(to: 0)
                inputBuffer.position = 0
                result = attempt { () throws(Errno) in
                    if heedsSignals { _ = try System.waitReady(real) }
                    return try System.tee(
                        from: real, to: inputBuffer.copyWrite, count: InputBuffer.peekCount, waits: true)
                }
                if result > 0 {
                    let count = result
                    inputBuffer.bytes.append(unfilled: count) { space in
                        let room = UnsafeMutableRawBufferPointer(space)
                        return max(attempt { () throws(Errno) in try System.read(inputBuffer.copyRead, into: room) }, 0)
                    }
                    continue
                }
                if result == -Int(Errno.invalid.rawValue) {
                    inputBuffer.isPipe = false
                    return nil
                }
            }
            if result == 0 { return false }
            error = Int32(result)
            if result == -Int(Errno.interrupted.rawValue) && pendingTrappedSignal() == nil {
                error = 0
                continue
            }
            return nil
        }
    }

    /// The count that `body` gives, or the error's number, negative.
    @inline(__always)
    private func attempt(_ body: () throws(Errno) -> Int) -> Int {
        do throws(Errno) { return try body() } catch { return -Int(error.rawValue) }
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
