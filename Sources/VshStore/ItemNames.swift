// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshSystem

/// How the items of a store are named. (C: preimage.c)
///
/// An item of the shell lies in the store directory. Those that the recorder keeps of programs, which may be many thousands,
/// lie in groups of 64, each in a directory of its own of one block: ext4 searches a large one twice for each new name.
public enum ItemNames {
    /// In the number of an item: it lies in a group.
    static let grouped: UInt64 = 1 << 31
    private static let groupShift: UInt64 = 6

    /// Of the name of an item: what the kernel keeps together with its entry.
    static let length = 39
    static let filler = UInt8(ascii: "_")
    private static let groupMark = Array(".g".utf8)

    /// `12.3` with a filler behind it: item 3 of journal 12.
    ///
    /// The names are long for speed's sake: of short ones ext4 puts 250 into a block, which it searches twice for each new one.
    public static func name(_ item: UInt64) -> [UInt8] {
        var name: [UInt8] = []
        name.reserveCapacity(length + 1)
        append(item, to: &name)
        return name
    }

    private static func append(_ item: UInt64, to path: inout [UInt8]) {
        let end = path.count + length
        path.append(decimal: item >> 32)
        path.append(UInt8(ascii: "."))
        path.append(decimal: item & 0xffff_ffff)
        path.append(contentsOf: repeatElement(filler, count: end - path.count))
    }

    /// The path of an item of the store `directory`, without NUL.
    static func path(_ item: UInt64, in directory: [UInt8]) -> [UInt8] {
        var path = directory
        path.reserveCapacity(path.count + length + 26)  // two slashes, the name of a group, and a NUL
        appendGroup(of: item, to: &path)
        path.append(UInt8(ascii: "/"))
        append(item, to: &path)
        return path
    }

    /// `12.g3` behind a slash: group 3 of journal 12; nothing for an item that is in none.
    static func appendGroup(of item: UInt64, to path: inout [UInt8]) {
        guard item & grouped != 0 else { return }
        path.append(UInt8(ascii: "/"))
        path.append(decimal: item >> 32)
        path.append(contentsOf: groupMark)
        path.append(decimal: (item & (grouped - 1)) >> groupShift)
    }

    /// The number of the item of that name.
    static func item(_ name: [UInt8]) -> UInt64? {
        guard name.count == length, let dot = name.firstIndex(of: UInt8(ascii: ".")) else { return nil }
        let end = name.firstIndex(of: filler) ?? length
        guard dot < end, name[end...].allSatisfy({ $0 == filler }), let journal = number(name[..<dot]),
            let item = number(name[(dot + 1)..<end])
        else { return nil }
        return item > 0 ? journal << 32 | item : nil
    }

    /// The journal whose group has that name.
    static func journal(ofGroup name: [UInt8]) -> UInt64? {
        guard let dot = name.firstIndex(of: UInt8(ascii: ".")), name[dot...].starts(with: groupMark),
            number(name[(dot + groupMark.count)...]) != nil
        else { return nil }
        return number(name[..<dot])
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        if digits.isEmpty || digits.count > 10 { return nil }
        var number: UInt64 = 0
        for digit in digits {
            guard digit >= 48, digit <= 57 else { return nil }
            number = number * 10 + UInt64(digit - 48)
        }
        return number < 1 << 32 ? number : nil
    }

    /// Calls `body` with each item of the store `directory`: its number, and its name in an open directory. Names that are no
    /// items are left alone.
    static func forEach<Failure: Error>(
        in directory: [UInt8], _ body: (UInt64, UnsafePointer<CChar>, Int32) throws(Failure) -> Void
    ) throws(Failure) {
        guard var reader = try? DirectoryReader(directory, follow: false) else { return }
        while let entry = try? reader.next() {
            let name = Array(entry.name)
            if let item = item(name) {
                try body(item, entry.path, reader.descriptor)
            } else if journal(ofGroup: name) != nil,
                var group = try? DirectoryReader(entry.path, at: reader.descriptor, follow: false)
            {
                while let entry = try? group.next() {
                    if let item = item(Array(entry.name)) { try body(item, entry.path, group.descriptor) }
                }
            }
        }
    }

    /// Removes groups in which nothing is left, but those of journals that are still there.
    static func removeEmptyGroups(in directory: [UInt8], except busy: Set<UInt64>) {
        guard var reader = try? DirectoryReader(directory, follow: false) else { return }
        while let entry = try? reader.next() {
            if let journal = journal(ofGroup: Array(entry.name)), !busy.contains(journal) {
                try? System.removeDirectory(entry.path, at: reader.descriptor)
            }
        }
    }
}

extension [UInt8] {
    /// Appends the decimal digits of a number.
    mutating func append(decimal value: UInt64) {
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") + UInt8(value % 10))
    }
}
