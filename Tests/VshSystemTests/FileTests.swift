// SPDX-License-Identifier: MPL-2.0
import Glibc
import VshBase
import VshSystem
import XCTest

final class FileTests: DirectoryTestCase {
    func testPathArguments() throws {
        let long = [UInt8](repeating: 97, count: 255)
        let forms: [[UInt8]] = [bytes(path("a")), bytes(path("a")) + [0], bytes(path("")) + long]
        for form in forms {
            try System.close(try System.open(form, [.writeOnly, .create]))
            _ = try FileStatus(form[...])
            let name = form.last == 0 ? Array(form.dropLast()) : form
            _ = try FileStatus(Text(name))
            try form.withUnsafeBufferPointer { _ = try FileStatus($0) }
            try (name + [0]).withUnsafeBufferPointer { _ = try FileStatus($0.baseAddress!) }
        }
        _ = try FileStatus("/" as StaticString)
        XCTAssertEqual(errno { () throws(Errno) in _ = try FileStatus([UInt8]()) }, .noEntry)
        XCTAssertEqual(
            errno { () throws(Errno) in _ = try FileStatus([UInt8](repeating: 97, count: 300)) }, .nameTooLong)
    }

    func testStatusAgreesWithStat() throws {
        try write("f", "hello", mode: 0o4751)
        try System.link(path("f"), to: path("g"))
        let status = try FileStatus(path("f"))
        var raw = stat()
        XCTAssertEqual(stat(path("f"), &raw), 0)
        XCTAssertEqual(status.type, .regular)
        XCTAssertTrue(status.isRegular)
        XCTAssertEqual(status.mode, raw.st_mode)
        XCTAssertEqual(status.permissions, 0o4751)
        XCTAssertEqual(status.size, 5)
        XCTAssertEqual(status.linkCount, 2)
        XCTAssertEqual(status.device, UInt64(raw.st_dev))
        XCTAssertEqual(status.inode, UInt64(raw.st_ino))
        XCTAssertEqual(status.owner, raw.st_uid)
        XCTAssertEqual(status.group, raw.st_gid)
        XCTAssertEqual(status.blocks, Int64(raw.st_blocks))
        XCTAssertEqual(status.blockSize, Int(raw.st_blksize))
        XCTAssertEqual(status.modificationTime.seconds, Int64(raw.st_mtim.tv_sec))
        XCTAssertEqual(status.modificationTime.nanoseconds, UInt32(raw.st_mtim.tv_nsec))
        XCTAssertEqual(
            status.changeTime.totalNanoseconds, Int64(raw.st_ctim.tv_sec * 1_000_000_000 + raw.st_ctim.tv_nsec))
        XCTAssertTrue(status.isSameFile(as: try FileStatus(path("g"))))
        if let birth = status.birthTime { XCTAssertLessThanOrEqual(birth, status.changeTime) }
        let file = try FileDescriptor(path("f"), .readOnly)
        XCTAssertTrue(status.isSameFile(as: try FileStatus(descriptor: file.rawValue)))
        XCTAssertTrue(try FileStatus(directory).isDirectory)
        let null = try FileStatus("/dev/null")
        XCTAssertEqual(null.type, .characterDevice)
        XCTAssertEqual(FileStatus.major(null.representedDevice), 1)
        XCTAssertEqual(FileStatus.minor(null.representedDevice), 3)
        XCTAssertEqual(FileStatus.device(major: 1, minor: 3), null.representedDevice)
        XCTAssertEqual(FileStatus.major(FileStatus.device(major: 0x12345, minor: 0x6789a)), 0x12345)
        XCTAssertEqual(FileStatus.minor(FileStatus.device(major: 0x12345, minor: 0x6789a)), 0x6789a)
    }

    func testLinks() throws {
        try System.symbolicLink(target: "no\u{1}where", path: path("s"))
        XCTAssertEqual(try System.readLink(path("s")), bytes("no\u{1}where"))
        let long = String(repeating: "x/", count: 1000)
        try System.symbolicLink(target: long, path: path("long"))
        XCTAssertEqual(try System.readLink(path("long")), bytes(long))
        XCTAssertTrue(try FileStatus(path("s"), follow: false).isSymbolicLink)
        XCTAssertEqual(errno { () throws(Errno) in _ = try FileStatus(path("s")) }, .noEntry)
        XCTAssertEqual(
            errno { () throws(Errno) in _ = try System.open(path("s"), [.readOnly, .noFollow]) }, .tooManySymbolicLinks)
        XCTAssertFalse(System.isAccessible(path("s"), .exists))
        XCTAssertTrue(System.isAccessible(path("s"), .exists, follow: false))
    }

    func testRename() throws {
        try write("a", "A")
        try write("b", "B")
        XCTAssertEqual(
            errno { () throws(Errno) in try System.rename(path("a"), to: path("b"), .noReplace) }, .exists)
        try System.rename(path("a"), to: path("b"), .exchange)
        XCTAssertEqual(try content("a"), "B")
        try System.rename(path("a"), to: path("b"))
        XCTAssertEqual(try content("b"), "B")
        try System.unlink(path("b"))
        XCTAssertEqual(errno { () throws(Errno) in try System.unlink(path("b")) }, .noEntry)
        try System.makeDirectory(path("d"), mode: 0o700)
        XCTAssertEqual(errno { () throws(Errno) in try System.unlink(path("d")) }, .isDirectory)
        try System.removeDirectory(path("d"))
    }

    func testResolve() throws {
        try write("inside", "x")
        try System.symbolicLink(target: "/etc/passwd", path: path("out"))
        let root = try FileDescriptor(directory, [.path, .directory])
        let inside = try FileDescriptor("inside", .readOnly, at: root.rawValue, resolve: .beneath)
        XCTAssertEqual(string(try inside.readAll()), "x")
        for outside in ["../x", "/etc/passwd", "out"] {
            XCTAssertEqual(
                errno { () throws(Errno) in
                    _ = try System.open(outside, .readOnly, at: root.rawValue, resolve: .beneath)
                }, .crossDevice)
        }
        XCTAssertEqual(
            errno { () throws(Errno) in
                _ = try System.open("out", .readOnly, at: root.rawValue, resolve: .noSymbolicLinks)
            }, .tooManySymbolicLinks)
        XCTAssertTrue(
            try FileStatus(
                descriptor: System.open("/", [.path, .directory], at: root.rawValue, resolve: .inRoot)
            ).isSameFile(as: FileStatus(directory)))
        let created = try FileDescriptor(
            "made", [.writeOnly, .create], mode: 0o600, at: root.rawValue, resolve: .beneath)
        XCTAssertEqual(try FileStatus(descriptor: created.rawValue).permissions, 0o600)
    }

    func testTemporaryFileGetsAName() throws {
        let file = try FileDescriptor(directory, [.writeOnly, .temporaryFile], mode: 0o600)
        try file.writeAll(bytes("late"))
        try System.link(descriptor: file.rawValue, to: path("named"))
        XCTAssertEqual(try content("named"), "late")
        XCTAssertEqual(
            errno { () throws(Errno) in try System.link(descriptor: file.rawValue, to: path("named")) }, .exists)
    }

    func testDescriptors() throws {
        let fd = try System.open("/dev/null", .readOnly)
        XCTAssertFalse(try System.isClosedOnExec(fd))
        let copy = try System.duplicate(fd)
        XCTAssertGreaterThanOrEqual(copy, 10)
        XCTAssertTrue(try System.isClosedOnExec(copy))
        try System.setClosedOnExec(copy, false)
        XCTAssertFalse(try System.isClosedOnExec(copy))
        try System.duplicate(copy, to: copy, closeOnExec: true)
        XCTAssertTrue(try System.isClosedOnExec(copy))
        try System.close(copy)
        XCTAssertFalse(System.isOpen(copy))
        XCTAssertEqual(errno { () throws(Errno) in try System.close(copy) }, .badDescriptor)
        XCTAssertEqual(errno { () throws(Errno) in try System.duplicate(copy, to: copy) }, .badDescriptor)
        try System.close(fd)

        let ends = try System.pipe()
        XCTAssertTrue(try System.isClosedOnExec(ends.read))
        XCTAssertGreaterThanOrEqual(try System.pipeCapacity(ends.write), 4096)
        try System.writeAll(ends.write, [7, 8])
        let other = try System.pipe()
        XCTAssertEqual(try System.tee(from: ends.read, to: other.write, count: 100), 2)
        XCTAssertEqual(try System.readableBytes(other.read), 2)
        XCTAssertEqual(try System.readableBytes(ends.read), 2, "not consumed")
        XCTAssertEqual(errno { () throws(Errno) in _ = try System.seek(ends.read, 0) }, .illegalSeek)
        try System.setStatusFlags(other.read, .nonBlocking)
        XCTAssertTrue(try System.statusFlags(other.read).contains(.nonBlocking))
        for fd in [ends.read, ends.write, other.read, other.write] { try System.close(fd) }

        var number: Int32 = -1
        do {
            let owner = try FileDescriptor("/dev/null", .readOnly)
            number = owner.rawValue
            XCTAssertTrue(System.isOpen(number))
        }
        XCTAssertFalse(System.isOpen(number), "closed with its owner")
        let status = try inChild {
            let fd = try System.open("/dev/null", .readOnly)
            try System.closeRange(UInt32(fd)...UInt32.max)
            return System.isOpen(fd) ? 1 : 0
        }
        XCTAssertEqual(status.shellStatus, 0)
    }

    func testContent() throws {
        let data = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let source = try FileDescriptor(path("source"), [.readWrite, .create])
        try source.writeAll(data)
        XCTAssertEqual(try System.seek(source.rawValue, 0), 0)
        let target = try FileDescriptor(path("target"), [.readWrite, .create])
        var copied = 0
        while true {
            let count = try System.copyRange(from: source.rawValue, to: target.rawValue, count: 1 << 20)
            if count == 0 { break }
            copied += count
        }
        XCTAssertEqual(copied, data.count)
        _ = try System.seek(target.rawValue, 0)
        XCTAssertEqual(try target.readAll(), data)
        _ = try System.seek(target.rawValue, 0)
        XCTAssertEqual(errno { () throws(Errno) in _ = try target.readAll(limit: 1000) }, .fileTooBig)
        try System.truncate(target.rawValue, to: 10)
        XCTAssertEqual(try FileStatus(path("target")).size, 10)
        do {
            try System.clone(from: source.rawValue, to: target.rawValue)
            _ = try System.seek(target.rawValue, 0)
            XCTAssertEqual(try target.readAll(), data)
        } catch {
            XCTAssertTrue([.notSupported, .invalid, .notTerminal, .notImplemented].contains(error), "\(error)")
        }
        let memory = FileDescriptor(owning: try System.memoryFile())
        try memory.writeAll([1, 2, 3])
        var buffer: [UInt8] = [0, 0]
        XCTAssertEqual(try buffer.withUnsafeMutableBytes { try System.read(memory.rawValue, into: $0, offset: 1) }, 2)
        XCTAssertEqual(buffer, [2, 3])
        try System.sync(source.rawValue)
        try System.syncData(source.rawValue)
        XCTAssertGreaterThan(try System.fileSystemStatus(source.rawValue).totalBytes, 0)
    }

    func testLocks() throws {
        let a = try FileDescriptor(path("lock"), [.readWrite, .create])
        let b = try FileDescriptor(path("lock"), .readWrite)
        try System.lock(a.rawValue, .exclusive)
        XCTAssertEqual(
            errno { () throws(Errno) in try System.lock(b.rawValue, .shared, wait: false) }, .wouldBlock)
        try System.lock(a.rawValue, .unlocked)
        try System.lock(b.rawValue, .shared, wait: false)
        try System.lockRange(a.rawValue, .exclusive, start: 0, length: 10)
        try System.lockRange(b.rawValue, .exclusive, start: 10, length: 10, wait: false)
        let refused = errno { () throws(Errno) in
            try System.lockRange(b.rawValue, .shared, start: 9, length: 1, wait: false)
        }
        XCTAssertTrue(refused == .wouldBlock || refused == .accessDenied)
    }

    func testMetadata() throws {
        try write("f", "x")
        try System.symbolicLink(target: "f", path: path("s"))
        let time = FileTime(seconds: -5, nanoseconds: 123_456_789)
        let linkTime = FileTime(seconds: 1_000_000_000, nanoseconds: 1)
        try System.setTimes(path("f"), access: .set(linkTime), modification: .set(time))
        try System.setTimes(path("s"), access: .keep, modification: .set(linkTime), follow: false)
        let status = try FileStatus(path("s"))
        XCTAssertEqual(status.modificationTime, time)
        XCTAssertEqual(status.accessTime, linkTime)
        XCTAssertEqual(try FileStatus(path("s"), follow: false).modificationTime, linkTime)
        let file = try FileDescriptor(path("f"), .readOnly)
        let before = Clock.realTime
        try System.setTimes(descriptor: file.rawValue, access: .keep, modification: .now)
        let now = try FileStatus(path("f"))
        XCTAssertGreaterThan(now.modificationTime.totalNanoseconds, before - 100_000_000)
        XCTAssertEqual(now.accessTime, linkTime)

        try System.changeMode(path("s"), 0o1640)
        XCTAssertEqual(try FileStatus(path("f")).permissions, 0o1640)
        XCTAssertEqual(
            errno { () throws(Errno) in try System.changeMode(path("s"), 0o600, follow: false) }, .notSupported)
        let place = try FileDescriptor(path("f"), .path)
        try System.changeMode(descriptor: place.rawValue, 0o604)
        XCTAssertEqual(try FileStatus(path("f")).permissions, 0o604)
        try System.changeOwner(path("s"), owner: System.userID, group: nil, follow: false)
        try System.changeOwner(descriptor: place.rawValue, owner: nil, group: System.groupID)
        let mask = System.setFileModeMask(0o027)
        XCTAssertEqual(System.fileModeMask(), 0o027)
        try System.makeNode(path("fifo"), mode: FileType.fifo.mode | 0o666)
        System.setFileModeMask(mask)
        XCTAssertEqual(try FileStatus(path("fifo")).type, .fifo)
        XCTAssertEqual(try FileStatus(path("fifo")).permissions, 0o640)
    }

    func testExtendedAttributes() throws {
        try write("f", "x")
        try System.symbolicLink(target: "f", path: path("s"))
        let value: [UInt8] = [0, 255, 10]
        let name = "user.vsh\u{e9}"
        try path("s").withCString { link in
            do {
                try ExtendedAttributes.set(.path(link, follow: true), name, value)
            } catch let error as Errno where error == .notSupported {
                throw XCTSkip("no extended attributes here")
            }
            XCTAssertEqual(try ExtendedAttributes.names(.path(link, follow: true)), [bytes(name)])
            XCTAssertEqual(try ExtendedAttributes.names(.path(link, follow: false)), [])
            XCTAssertEqual(try ExtendedAttributes.value(.path(link, follow: true), name), value)
            XCTAssertNil(try ExtendedAttributes.value(.path(link, follow: true), "user.other"))
        }
        let file = try FileDescriptor(path("f"), .readOnly)
        XCTAssertEqual(try ExtendedAttributes.value(.descriptor(file.rawValue), name), value)
        let place = try FileDescriptor(path("f"), .path)
        try ExtendedAttributes.set(.place(place.rawValue), name, [])
        XCTAssertEqual(try ExtendedAttributes.value(.descriptor(file.rawValue), name), [])
        try ExtendedAttributes.remove(.descriptor(file.rawValue), name)
        XCTAssertEqual(
            errno { () throws(Errno) in try ExtendedAttributes.remove(.place(place.rawValue), name) }, .noData)
    }
}
