// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime
import VshSystem

/// The widest of each column of the files shown together.
struct ListWidths {
    var inode = 0, blocks = 0, links = 0, owner = 0, group = 0, size = 0, major = 0, minor = 0
    var anyACL = false
}

/// Names of users and groups, each looked up once.
final class NameCache {
    private var users: [UInt32: Text] = [:]
    private var groups: [UInt32: Text] = [:]

    /// The name, or the number when there is none.
    func user(_ id: UInt32) -> Text {
        if let name = users[id] { return name }
        if users.isEmpty { for entry in UserDatabase.localUsers().reversed() { users[entry.id] = Text(entry.name) } }
        if let name = users[id] { return name }
        let name = UserDatabase.user(id: id).map { Text($0.name) } ?? Text(decimal: Int(id))
        users[id] = name
        return name
    }

    func group(_ id: UInt32) -> Text {
        if let name = groups[id] { return name }
        if groups.isEmpty { for entry in UserDatabase.localGroups().reversed() { groups[entry.id] = Text(entry.name) } }
        if let name = groups[id] { return name }
        let name = UserDatabase.group(id: id).map { Text($0.name) } ?? Text(decimal: Int(id))
        groups[id] = name
        return name
    }
}

/// The long format, and the numbers in it.
extension Listing {
    private var unknown: Text { Text("?") }

    func inodeText(_ entry: ListEntry) -> Text {
        entry.inode == 0 && entry.status == nil ? unknown : Text(decimal: Int(truncatingIfNeeded: entry.inode))
    }

    func blockText(_ entry: ListEntry) -> Text { entry.status.map { blockText($0.blocks) } ?? unknown }

    /// Blocks of 512 bytes in the units asked for.
    func blockText(_ blocks: Int64) -> Text {
        if options.units == .plain { return Text(decimal: Int((blocks + 1) / 2)) }
        return sizeText(blocks * 512)
    }

    private func sizeText(_ bytes: Int64) -> Text {
        if options.units == .plain { return Text(decimal: Int(bytes)) }
        return scaled(UInt64(bytes), base: options.units == .binary ? 1024 : 1000)
    }

    /// Rounded up to two digits or to a whole number, with the letter of the power: 1023, 1.1K, 11M.
    private func scaled(_ value: UInt64, base: UInt64) -> Text {
        var amount = value
        var tenths: UInt64 = 0
        var rounding: UInt64 = 0
        var power = 0
        var text = ByteStack(capacity: 16)
        var hasPoint = false
        if amount >= base {
            repeat {
                let r10 = (amount % base) * 10 + tenths
                let r2 = (r10 % base) * 2 + (rounding >> 1)
                amount /= base
                tenths = r10 / base
                rounding = r2 < base ? (r2 + rounding != 0 ? 1 : 0) : 2 + (base < r2 + rounding ? 1 : 0)
                power += 1
            } while base <= amount && power < 8
            if amount < 10 {
                if rounding > 0 {
                    tenths += 1
                    rounding = 0
                    if tenths == 10 {
                        amount += 1
                        tenths = 0
                    }
                }
                if amount < 10 {
                    hasPoint = true
                    rounding = 0
                }
            }
        }
        if !hasPoint && tenths + rounding > 0 {
            amount += 1
            tenths = 0
            if amount == base && power < 8 {
                power += 1
                hasPoint = true
                amount = 1
            }
        }
        text.append(decimal: Int(amount))
        if hasPoint {
            text.append(46)
            text.append(decimal: Int(tenths))
        }
        if power > 0 {
            let letters: StaticString = "KMGTPEZY"
            text.append(power == 1 && base == 1000 ? 107 : letters.utf8Start[power - 1])
        }
        return text.text(from: 0)
    }

    private func ownerText(_ status: FileStatus) -> Text {
        options.numericIDs ? Text(decimal: Int(status.owner)) : names.user(status.owner)
    }
    private func groupText(_ status: FileStatus) -> Text {
        options.numericIDs ? Text(decimal: Int(status.group)) : names.group(status.group)
    }

    /// Widens the columns for an entry.
    func measure(_ entry: ListEntry) {
        if options.showsInode { widths.inode = max(widths.inode, inodeText(entry).count) }
        guard options.format == .long || options.showsBlocks, let status = entry.status else { return }
        widths.blocks = max(widths.blocks, blockText(entry).count)
        guard options.format == .long else { return }
        if entry.hasACL { widths.anyACL = true }
        if options.showsOwner { widths.owner = max(widths.owner, width(ownerText(status))) }
        if options.showsGroup { widths.group = max(widths.group, width(groupText(status))) }
        widths.links = max(widths.links, Text(decimal: Int(status.linkCount)).count)
        if isDevice(status) {
            let device = status.representedDevice
            widths.major = max(widths.major, Text(decimal: Int(FileStatus.major(device))).count)
            widths.minor = max(widths.minor, Text(decimal: Int(FileStatus.minor(device))).count)
            widths.size = max(widths.size, widths.major + 2 + widths.minor)
        } else {
            widths.size = max(widths.size, sizeText(status.size).count)
        }
    }

    private func isDevice(_ status: FileStatus) -> Bool {
        status.type == .characterDevice || status.type == .blockDevice
    }

    private func width(_ text: Text) -> Int { text.withBytes { displayWidth($0, isUTF8: command.isUTF8) } }

    func appendLong(_ entry: ListEntry) {
        if options.showsInode {
            appendRight(inodeText(entry), widths.inode)
            command.shell.output.append(32)
        }
        if options.showsBlocks {
            appendRight(blockText(entry), widths.blocks)
            command.shell.output.append(32)
        }
        appendMode(entry)
        command.shell.output.append(32)
        appendRight(entry.status.map { Text(decimal: Int($0.linkCount)) } ?? unknown, widths.links)
        command.shell.output.append(32)
        if options.showsOwner {
            appendID(entry.status.map { ownerText($0) }, entry.status?.owner ?? 0, widths.owner)
        }
        if options.showsGroup {
            appendID(entry.status.map { groupText($0) }, entry.status?.group ?? 0, widths.group)
        }
        if let status = entry.status, isDevice(status) {
            let device = status.representedDevice
            let blanks = max(0, widths.size - (widths.major + 2 + widths.minor))
            appendRight(Text(decimal: Int(FileStatus.major(device))), widths.major + blanks)
            command.shell.output.append(", ")
            appendRight(Text(decimal: Int(FileStatus.minor(device))), widths.minor)
        } else {
            appendRight(entry.status.map { sizeText($0.size) } ?? unknown, widths.size)
        }
        command.shell.output.append(32)
        appendTime(entry)
        command.shell.output.append(32)
        if isAligned && someAreQuoted && !entry.isQuoted { command.shell.output.append(32) }
        appendName(entry.name, quoting)
        if let target = entry.linkTarget {
            command.shell.output.append(" -> ")
            appendName(target, quoting)
            let mark = indicator(entry.linkMode)
            if mark != 0 { command.shell.output.append(mark) }
        } else if entry.type != .symbolicLink {
            let mark = indicator(entry)
            if mark != 0 { command.shell.output.append(mark) }
        }
    }

    /// A name is aligned to the left, a number to the right.
    private func appendID(_ text: Text?, _ id: UInt32, _ width: Int) {
        let text = text ?? unknown
        if text == Text(decimal: Int(id)) {
            appendRight(text, width)
        } else {
            command.shell.output.append(text)
            let used = self.width(text)
            for _ in used..<max(used, width) { command.shell.output.append(32) }
        }
        command.shell.output.append(32)
    }

    private func appendMode(_ entry: ListEntry) {
        let mode = entry.status?.mode ?? entry.type.mode
        let letter: UInt8
        switch FileType(mode: mode) {
        case .regular: letter = 45
        case .directory: letter = 100
        case .symbolicLink: letter = 108
        case .characterDevice: letter = 99
        case .blockDevice: letter = 98
        case .fifo: letter = 112
        case .socket: letter = 115
        case .unknown: letter = 63
        }
        command.shell.output.append(letter)
        guard entry.status != nil else {
            command.shell.output.append("?????????")
            if widths.anyACL { command.shell.output.append(63) }
            return
        }
        for shift in [6, 3, 0] as [UInt32] {
            let bits = mode >> shift
            command.shell.output.append(bits & 4 != 0 ? 114 : 45)
            command.shell.output.append(bits & 2 != 0 ? 119 : 45)
            let special = shift == 6 ? mode & 0o4000 : shift == 3 ? mode & 0o2000 : mode & 0o1000
            let set: UInt8 = shift == 0 ? 116 : 115
            if special != 0 {
                command.shell.output.append(bits & 1 != 0 ? set : set - 32)
            } else {
                command.shell.output.append(bits & 1 != 0 ? 120 : 45)
            }
        }
        if widths.anyACL { command.shell.output.append(entry.hasACL ? 43 : 32) }
    }

    /// The zone is read once; files made together share the second.
    private func localTime(_ seconds: Int64) -> Clock.LocalTime? {
        if let lastTime, lastTime.seconds == seconds { return lastTime.local }
        guard let local = try? Clock.local(seconds, rereadsZone: lastTime == nil) else { return nil }
        lastTime = (seconds, local)
        return local
    }

    private func appendTime(_ entry: ListEntry) {
        let time = time(entry)
        guard entry.status != nil, let local = localTime(time.seconds) else {
            let width: Int
            switch options.timeStyle {
            case .locale: width = 12
            case .iso: width = 11
            case .longISO: width = 16
            case .fullISO: width = 35
            }
            let text = entry.status == nil ? unknown : Text(decimal: Int(time.seconds))
            appendRight(text, width)
            return
        }
        if time.totalNanoseconds > now { now = Clock.realTime }
        // Half of the mean Gregorian year.
        let halfYear: Int64 = 31_556_952 / 2 * 1_000_000_000
        let isRecent = now - halfYear < time.totalNanoseconds && time.totalNanoseconds <= now
        switch options.timeStyle {
        case .locale:
            let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
            command.shell.output.append(
                UnsafeBufferPointer(start: months.utf8Start + (local.month - 1) * 3, count: 3))
            command.shell.output.append(32)
            appendRight(Text(decimal: local.day), 2)
            command.shell.output.append(32)
            if isRecent {
                appendClock(local)
            } else {
                command.shell.output.append(32)
                command.shell.output.append(decimal: local.year)
            }
        case .iso:
            if isRecent {
                appendDate(local, showsYear: false)
                command.shell.output.append(32)
                appendClock(local)
            } else {
                appendDate(local, showsYear: true)
                command.shell.output.append(32)
            }
        case .longISO:
            appendDate(local, showsYear: true)
            command.shell.output.append(32)
            appendClock(local)
        case .fullISO:
            appendDate(local, showsYear: true)
            command.shell.output.append(32)
            appendClock(local)
            command.shell.output.append(58)
            appendPadded(local.second, 2)
            command.shell.output.append(46)
            appendPadded(Int(time.nanoseconds), 9)
            command.shell.output.append(32)
            let minutes = abs(local.offset) / 60
            command.shell.output.append(local.offset < 0 ? 45 : 43)
            appendPadded(minutes / 60, 2)
            appendPadded(minutes % 60, 2)
        }
    }

    private func appendDate(_ local: Clock.LocalTime, showsYear: Bool) {
        if showsYear {
            command.shell.output.append(decimal: local.year)
            command.shell.output.append(45)
        }
        appendPadded(local.month, 2)
        command.shell.output.append(45)
        appendPadded(local.day, 2)
    }

    private func appendClock(_ local: Clock.LocalTime) {
        appendPadded(local.hour, 2)
        command.shell.output.append(58)
        appendPadded(local.minute, 2)
    }

    private func appendPadded(_ number: Int, _ digits: Int) {
        let text = Text(decimal: number)
        for _ in text.count..<max(text.count, digits) { command.shell.output.append(48) }
        command.shell.output.append(text)
    }
}
