// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshFiles
import VshSystem

extension FileCommand {
    /// The names in an open directory, without `.` and `..`, in the order of the file system.
    func entries(of directory: Directory) throws(Errno) -> [(name: Text, type: FileType)] {
        var reader = try DirectoryReader(".", at: directory.descriptor)
        var result: [(name: Text, type: FileType)] = []
        while let entry = try reader.next() {
            if !entry.isDot { result.append((Text(entry.name), entry.type)) }
        }
        return result
    }

    /// `parent/name`, for messages.
    func joined(_ parent: Text, _ name: Text) -> Text {
        var path = parent
        if parent.isEmpty || parent[parent.count - 1] != 47 { path.append(Text("/")) }
        path.append(name)
        return path
    }

    /// The last component of a path, trailing slashes left out.
    func lastComponent(_ path: Text) -> Text {
        var end = path.count
        while end > 1 && path[end - 1] == 47 { end -= 1 }
        var start = end
        while start > 0 && path[start - 1] != 47 { start -= 1 }
        return path.slice(start..<end)
    }
}
