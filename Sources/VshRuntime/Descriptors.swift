// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Where a descriptor of the script leads.
///
/// The script's numbers are looked up in `Shell.descriptors`; a redirection changes the entry and leaves the process's own
/// descriptors alone. Only a new process gets them in place, by dup2 between fork and exec (docs/process-model.md).
struct DescriptorEntry {
    /// The process's descriptor; -1 closed; -2 − level a capture; -1000 − index a text in memory.
    var real: Int32
    /// Opened for this entry (with close-on-exec), or a text made for it: closed or dropped when the entry goes.
    var isOwned = false
    /// `real` was seen to be open.
    var isVerified = false
    /// It was opened for writing.
    var isWritable = false

    static let closed = DescriptorEntry(real: -1)
    static let firstMemory: Int32 = -1000

    @inline(__always)
    var isMemory: Bool { real <= DescriptorEntry.firstMemory }

    @inline(__always)
    var isCapture: Bool { real <= -2 && !isMemory }
}

/// An entry to be put back when the redirections of a command end.
struct DescriptorUndo {
    let descriptor: Int32
    var old: DescriptorEntry
}

/// A here-document that no process needed so far: builtins read it from memory.
struct HereText {
    var text: Text
    var position: Int
}

extension Shell {
    /// The process's descriptor behind the script's `descriptor`, or a negative code as in `DescriptorEntry.real`.
    @inline(__always)
    public func realDescriptor(_ descriptor: Int) -> Int32 {
        if descriptor < descriptors.count { return descriptors[descriptor].real }
        return Int32(truncatingIfNeeded: descriptor)
    }

    /// The same for builtins that read it by system calls: a text in memory becomes a pipe or file first. -1 when closed or not readable so.
    public func inputDescriptor(_ descriptor: Int) -> Int32 {
        if descriptor < descriptors.count, descriptors[descriptor].isMemory { materialize(descriptor) }
        return max(realDescriptor(descriptor), -1)
    }

    /// Makes room in the table for `descriptor`.
    func growDescriptors(_ descriptor: Int) {
        while descriptors.count <= descriptor { descriptors.append(DescriptorEntry(real: Int32(descriptors.count))) }
    }

    /// Notes that the system gave out `real`: a number of the script's that was thought to be inherited is not open then.
    @inline(__always)
    func noteOpened(_ real: Int32) {
        if Int(real) < descriptors.count {
            if descriptors[Int(real)].real == real { descriptors[Int(real)] = .closed }
        } else if real < 256 {
            growDescriptors(Int(real))
            descriptors[Int(real)] = .closed
        }
    }

    /// Points `descriptor` somewhere else until the redirections of the command end.
    @inline(__always)
    func redirect(_ descriptor: Int, to entry: DescriptorEntry) {
        if descriptor >= descriptors.count { growDescriptors(descriptor) }
        descriptorUndo.append(
            DescriptorUndo(descriptor: Int32(truncatingIfNeeded: descriptor), old: descriptors[descriptor]))
        descriptors[descriptor] = entry
    }

    /// Ends the redirections made since `mark`.
    @inline(__always)
    func endRedirections(to mark: Int) {
        while descriptorUndo.count > mark {
            let undo = descriptorUndo.removeLast()
            let current = descriptors[Int(undo.descriptor)]
            if current.isOwned { drop(current) }
            descriptors[Int(undo.descriptor)] = undo.old
        }
        redirectionDepth &-= 1
    }

    /// Closes what an entry owned; input read ahead is given back to a file that others may share.
    func drop(_ entry: DescriptorEntry) {
        if entry.isMemory { return dropMemory(entry) }
        if inputBuffer.descriptor == entry.real { inputBuffer.forget() }
        try? System.close(entry.real)
    }

    private func dropMemory(_ entry: DescriptorEntry) {
        let index = Int(DescriptorEntry.firstMemory - entry.real)
        if index == hereTexts.count - 1 { hereTexts.pop(to: index) }
    }

    /// Makes the redirections since `mark` permanent (`exec` without a command).
    func keepRedirections(from mark: Int) -> Int32 {
        var result: Int32 = 0
        redirectionDepth -= 1
        var changed: [Int] = []
        for index in mark..<max(mark, descriptorUndo.count) {
            let descriptor = Int(descriptorUndo[index].descriptor)
            if !changed.contains(descriptor) { changed.append(descriptor) }
        }
        for descriptor in changed where descriptors[descriptor].isMemory { materialize(descriptor) }
        if redirectionDepth == 0 && subshellDepth == 0 {
            result = placeDescriptors(changed)
        } else {
            for descriptor in changed {
                let entry = descriptors[descriptor]
                if entry.real >= 0 && !entry.isOwned {
                    do throws(Errno) {
                        let copy = try System.duplicate(entry.real)
                        descriptors[descriptor] = DescriptorEntry(real: copy, isOwned: true, isVerified: true)
                    } catch {
                        result = -error.rawValue
                    }
                }
            }
        }
        // What the entries held before is given up, or kept for the end of the virtual subshell.
        while descriptorUndo.count > mark {
            let undo = descriptorUndo.removeLast()
            if isVirtualSubshell {
                stateTrail.append(.descriptor(Int(undo.descriptor), undo.old))
            } else if undo.old.isOwned && !isReferenced(undo.old.real) {
                drop(undo.old)
            }
        }
        return result
    }

    /// Before the last command of a forked child: where its redirections led away from is given up, since it never comes back to
    /// that. Otherwise a loop in the background would keep a pipe open that it does not use.
    func settleRedirections(from mark: Int) {
        if !isForkedChild || isVirtualSubshell { return }
        while descriptorUndo.count > mark {
            let old = descriptorUndo.removeLast().old
            if old.isMemory {
                if old.isOwned { drop(old) }
            } else if old.real >= 0, !isReferenced(old.real) {
                if old.real > 2 {
                    if old.isOwned || old.isVerified { drop(old) }
                } else if descriptors[Int(old.real)].real >= 0 {
                    // The system's own number stays in use, so that no file gets it.
                    try? System.duplicate(descriptors[Int(old.real)].real, to: old.real)
                }
            }
        }
    }

    private func isReferenced(_ real: Int32) -> Bool {
        for index in 0..<descriptors.count where descriptors[index].real == real {
            descriptors[index].isOwned = true
            return true
        }
        return false
    }

    /// Gives the process's own descriptors the places that the script's numbers say.
    private func placeDescriptors(_ changed: [Int]) -> Int32 {
        var result: Int32 = 0
        syncInput()
        inputBuffer.forget()
        inputBuffer.closeCopy()
        var copies: [Int32] = []
        for descriptor in changed {
            let entry = descriptors[descriptor]
            copies.append(entry.real >= 0 ? (try? System.duplicate(entry.real)) ?? -1 : -1)
        }
        for descriptor in changed {
            let entry = descriptors[descriptor]
            if entry.isOwned && Int(entry.real) != descriptor { try? System.close(entry.real) }
        }
        for (index, descriptor) in changed.enumerated() {
            if copies[index] >= 0 {
                do throws(Errno) {
                    try System.duplicate(copies[index], to: Int32(descriptor))
                } catch {
                    result = -error.rawValue
                }
                try? System.close(copies[index])
                descriptors[descriptor] = DescriptorEntry(real: Int32(descriptor), isVerified: true)
            } else {
                if descriptors[descriptor].real >= 0 { result = -Errno.badDescriptor.rawValue }
                try? System.close(Int32(descriptor))
                descriptors[descriptor] = .closed
            }
        }
        return result
    }

    /// Puts entries back when a virtual subshell is left.
    func restoreDescriptor(_ descriptor: Int, _ old: DescriptorEntry) {
        let current = descriptors[descriptor]
        if current.isOwned && current.real != old.real { drop(current) }
        descriptors[descriptor] = old
    }

    // MARK: texts in memory

    /// Gives a here-document that is in memory to the system, for a process to read.
    func materialize(_ descriptor: Int) {
        let entry = descriptors[descriptor]
        let index = Int(DescriptorEntry.firstMemory - entry.real)
        let here = hereTexts[index]
        let rest = here.text.slice(here.position..<here.text.count)
        hereTexts[index].text = Text()
        hereTexts[index].position = 0
        var replacement = DescriptorEntry.closed
        do throws(Errno) {
            let real = try hold(rest)
            noteOpened(real)
            replacement = DescriptorEntry(real: real, isVerified: true)
        } catch {
            report("cannot make a here-document: ", error.message)
        }
        // Copies lead there too, also those that come back when redirections end; the entry that owned the text owns what stands for it.
        func replaced(_ old: DescriptorEntry) -> DescriptorEntry {
            var new = replacement
            new.isOwned = old.isOwned && replacement.real >= 0
            return new
        }
        for other in 0..<descriptors.count where descriptors[other].real == entry.real {
            descriptors[other] = replaced(descriptors[other])
        }
        for index in 0..<descriptorUndo.count where descriptorUndo[index].old.real == entry.real {
            descriptorUndo[index].old = replaced(descriptorUndo[index].old)
        }
        for index in 0..<stateTrail.count {
            guard case .descriptor(let number, let old) = stateTrail[index], old.real == entry.real else { continue }
            stateTrail[index] = .descriptor(number, replaced(old))
        }
    }

    /// A descriptor to read `text` from: a pipe when it fits into one, else a file in memory.
    private func hold(_ text: Text) throws(Errno) -> Int32 {
        if text.count <= 4096 {
            let ends = try System.pipe()
            noteOpened(ends.write)
            try text.withBytes { (bytes) throws(Errno) in try System.writeAll(ends.write, UnsafeRawBufferPointer(bytes))
            }
            try? System.close(ends.write)
            return ends.read
        }
        let file = try System.memoryFile("here-document")
        try text.withBytes { (bytes) throws(Errno) in try System.writeAll(file, UnsafeRawBufferPointer(bytes)) }
        _ = try System.seek(file, 0)
        return file
    }

    /// Gives all texts in memory to the system and input read ahead back to its file: before another process may read them.
    @inline(__always)
    func prepareDescriptorsForProcess() {
        if inputBuffer.descriptor >= 0 { syncInput() }
        if hereTexts.count > 0 {
            for descriptor in 0..<descriptors.count where descriptors[descriptor].isMemory { materialize(descriptor) }
        }
    }
}
