// SPDX-License-Identifier: MPL-2.0
// What the generated code asks of paths, which are lists of names in the model and bytes here.

/// Whether `path` is `directory` or below it; both absolute.
public func isBelow(_ path: [UInt8], _ directory: [UInt8]) -> Bool {
    path.withUnsafeBufferPointer { path in directory.withUnsafeBufferPointer { isBelow(path, $0) } }
}

/// The same for paths that are no arrays.
public func isBelow(_ path: UnsafeBufferPointer<UInt8>, _ directory: UnsafeBufferPointer<UInt8>) -> Bool {
    path.count >= directory.count && path.starts(with: directory)
        && (path.count == directory.count || directory.last == UInt8(ascii: "/")
            || path[directory.count] == UInt8(ascii: "/"))
}

/// A name in a directory; the directory is absolute.
func appending(_ directory: [UInt8], _ name: [UInt8]) -> [UInt8] {
    (directory.count == 1 ? [] : directory) + [UInt8(ascii: "/")] + name
}

/// Whether one of the names in an absolute path is this one.
func hasName(_ path: [UInt8], _ name: [UInt8]) -> Bool {
    if path.count <= name.count { return false }
    var start = 0
    while let slash = path[start...].firstIndex(of: UInt8(ascii: "/")) {
        start = slash + 1
        let end = start + name.count
        if end <= path.count, path[start..<end].elementsEqual(name),
            end == path.count || path[end] == UInt8(ascii: "/")
        {
            return true
        }
    }
    return false
}
