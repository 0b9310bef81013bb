// SPDX-License-Identifier: MPL-2.0
import VshSystem
import XCTest

final class DirectoryTests: DirectoryTestCase {
    private func names(buffer: UnsafeMutableRawBufferPointer? = nil) throws -> [[UInt8]: FileType] {
        var reader = try DirectoryReader(directory, buffer: buffer)
        var names: [[UInt8]: FileType] = [:]
        var dots = 0
        while let entry = try reader.next() {
            if entry.isDot { dots += 1 } else { names[Array(entry.name)] = entry.type }
            XCTAssertEqual(entry.path[entry.name.count], 0)
        }
        XCTAssertEqual(dots, 2)
        XCTAssertNil(try reader.next())
        try reader.rewind()
        XCTAssertNotNil(try reader.next())
        return names
    }

    func testStrangeNames() throws {
        let strange: [[UInt8]] = [
            bytes("new\nline"), [0xff, 0xfe, 0x80], bytes(" "), bytes("..."), bytes(".hidden"), bytes("*"), [0x01],
            .init(repeating: 0xc3, count: 255), bytes("-rf"), bytes("é"), bytes("e\u{301}"),
        ]
        for name in strange { try System.close(try System.open(bytes(path("")) + name, [.writeOnly, .create])) }
        try System.makeDirectory(path("d"))
        try System.symbolicLink(target: "x", path: path("s"))
        let found = try names()
        XCTAssertEqual(Set(found.keys), Set(strange + [bytes("d"), bytes("s")]))
        for (name, type) in found where type != .unknown {
            let expected: FileType = name == bytes("d") ? .directory : name == bytes("s") ? .symbolicLink : .regular
            XCTAssertEqual(type, expected)
        }
    }

    /// More entries than one buffer holds, and a small buffer that is used again.
    func testManyEntries() throws {
        let expected = (0..<4000).map { bytes("entry-with-a-longer-name-\($0)") }
        for name in expected { try System.close(try System.open(bytes(path("")) + name, [.writeOnly, .create])) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
        defer { buffer.deallocate() }
        for buffer in [nil, buffer, buffer] {
            XCTAssertEqual(Set(try names(buffer: buffer).keys), Set(expected))
        }
    }

    func testErrorsAndOwnership() throws {
        try write("f", "")
        XCTAssertEqual(errno { () throws(Errno) in _ = try DirectoryReader(path("f")) }, .notDirectory)
        try System.symbolicLink(target: ".", path: path("s"))
        XCTAssertNotNil(errno { () throws(Errno) in _ = try DirectoryReader(path("s"), follow: false) })
        var number: Int32 = -1
        do {
            let reader = try DirectoryReader(path("s"))
            number = reader.descriptor
            XCTAssertTrue(try System.isClosedOnExec(number))
        }
        XCTAssertFalse(System.isOpen(number))
    }

    func testWorkingDirectory() throws {
        let status = try inChild {
            var expected = bytes(try realPath(directory))
            try System.changeDirectory(directory)
            for _ in 0..<10 {  // longer than the first buffer
                let name = [UInt8](repeating: 110, count: 200)
                try System.makeDirectory(name)
                try System.changeDirectory(name)
                expected += [47] + name
            }
            guard try System.currentDirectory() == expected else { return 1 }
            let place = try FileDescriptor(directory, [.path, .directory])
            try System.changeDirectory(descriptor: place.rawValue)
            return try System.currentDirectory() == bytes(try realPath(directory)) ? 0 : 2
        }
        XCTAssertEqual(status.shellStatus, 0)
    }

    private func realPath(_ path: String) throws -> String {
        let place = try FileDescriptor(path, [.path, .directory])
        return string(try System.readLink("/proc/self/fd/\(place.rawValue)"))
    }
}
