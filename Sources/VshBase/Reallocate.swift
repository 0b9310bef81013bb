// SPDX-License-Identifier: MPL-2.0

/// Memory of `UnsafeMutablePointer.allocate`, which on Linux is malloc's, can grow without being copied: large blocks are
/// mapped, and the kernel moves their pages. (C: realloc; declared here because VshBase imports nothing)
@_silgen_name("realloc")
private func cReallocate(_ block: UnsafeMutableRawPointer, _ size: Int) -> UnsafeMutableRawPointer?

/// Moves `base` to a block of `capacity` elements, bit by bit; what is beyond the smaller of both sizes is lost.
/// Elements must not need more than 16 bytes of alignment.
@inline(never)
func reallocate<Element>(_ base: UnsafeMutablePointer<Element>, capacity: Int) -> UnsafeMutablePointer<Element> {
    let (size, overflow) = capacity.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, let block = cReallocate(UnsafeMutableRawPointer(base), max(size, 1)) else {
        preconditionFailure("out of memory")
    }
    return block.assumingMemoryBound(to: Element.self)
}
