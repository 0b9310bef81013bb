// SPDX-License-Identifier: MPL-2.0
import VshCore

/// A path that an operation touched, and what was there before it.
public struct TouchedPath {
    public var path: [UInt8]
    public var before: NodeState
    /// Only the times of a directory changed, because something in it did; or the number of links.
    public var isSoft: Bool
    /// Content or extended attributes may differ though all else is the same.
    public var isExact: Bool
    /// Its content was written.
    public var isWritten = false
    /// Why it cannot be put back.
    public var missing: MissingReason
    /// What was there before is a guess: nothing, as the name was given in the operation.
    fileprivate var isNew = false
}

/// The paths that an operation touched, under the names that they have before and after it: a file that is changed through
/// a second name, or in a directory that was renamed for a while, has changed under its lasting name.
public struct TouchedPaths {
    public private(set) var all: [TouchedPath] = []
    /// Where a path is in `all`.
    public private(set) var index: PathMap<Int> = [:]
    /// Of each change: the path that it is listed under; and, when it was made in a directory that has another name by now, its
    /// paths as they are now.
    public private(set) var subjects: [(path: [UInt8], now: (path: [UInt8], other: [UInt8])?)] = []

    public init(_ changes: [ChangeRecord]) {
        index.reserveCapacity(changes.count)
        all.reserveCapacity(changes.count)
        let alone = Self.lastNames(changes)
        // When no object changed its name or got another, and no tree was put there whole, each path is its own name.
        let names =
            changes.contains { $0.kind == .moved || $0.isLink || $0.kind == .created && $0.item != 0 }
            ? Names(changes) : nil
        for (number, change) in changes.enumerated() {
            let isLost =
                change.preimage == .missing || change.reason == .otherNames && !alone.contains(change.before.inode)
            var touched = TouchedPath(
                path: change.path, before: change.before, isSoft: change.kind == .directoryTimes,
                isExact: change.kind == .content || change.kind == .attributes,
                isWritten: change.kind == .content || change.kind == .appended || change.kind == .tail,
                missing: isLost ? change.reason : .none)
            // Another name of a link that comes or goes: its number of links changes, and with that the time of its status.
            if change.item == 0, !change.location.isEmpty, change.kind == .created || change.kind == .removed {
                note(TouchedPath(path: change.location, before: .absent, isSoft: true, isExact: false, missing: .none))
            }
            subjects.append((change.path, nil))
            guard let names, !touched.isSoft else {
                note(touched)
                if change.kind == .moved { noteNew(change.other, touched) }
                continue
            }
            let origin = names.origin(of: change.path, before: number)
            if origin.isBorn {
                touched.before = .absent
                touched.isNew = true
            } else if origin.isRenamed {
                touched.path = origin.path
            } else {
                touched.path = names.lastingPath(of: change.path, from: number) ?? origin.path
                if touched.path != change.path {
                    let other = change.kind == .moved ? names.lastingPath(of: change.other, from: number + 1) : nil
                    subjects[number].now = (touched.path, other ?? change.other)
                }
            }
            subjects[number].path = touched.path
            // That nothing was there may be said of a name in a directory that has another name now.
            if change.kind == .created { touched.isNew = true }
            note(touched)
            for (name, since) in origin.names + [(change.path, number)] {
                if let last = names.place(of: name, from: since) { noteNew(last, touched) }
            }
            if change.kind == .moved { noteNew(change.other, touched) }
        }
    }

    /// A name that an object did not have before.
    private mutating func noteNew(_ path: [UInt8], _ touched: TouchedPath) {
        if path == touched.path { return }
        note(TouchedPath(path: path, before: .absent, isSoft: false, isExact: false, missing: .none, isNew: true))
    }

    private mutating func note(_ touched: TouchedPath) {
        let known = Self.enter(&index[touched.path, default: all.count])
        if known == all.count { return all.append(touched) }
        // Of a directory whose times were noted first, the first real change says what was before.
        if all[known].isSoft && !touched.isSoft || all[known].isNew && !touched.isNew && !touched.isSoft {
            all[known].isSoft = false
            all[known].isNew = touched.isNew
            all[known].before = touched.before
        }
        all[known].isExact = all[known].isExact || touched.isExact
        all[known].isWritten = all[known].isWritten || touched.isWritten
        if all[known].missing == .none { all[known].missing = touched.missing }
    }

    /// The place of a path, which is in the index now: found and entered in one go.
    private static func enter(_ place: inout Int) -> Int { place }

    /// Objects all of whose names were removed: undo links these again.
    private static func lastNames(_ changes: [ChangeRecord]) -> Set<UInt64> {
        var names: [UInt64: (removed: UInt32, links: UInt32)] = [:]
        for change in changes where change.kind == .removed && change.before.kind != .directory {
            if change.reason != .otherNames, names.isEmpty { continue }
            let known = names[change.before.inode] ?? (0, 0)
            names[change.before.inode] = (known.removed + 1, max(known.links, change.before.links))
        }
        return Set(names.filter { $0.value.removed >= $0.value.links }.keys)
    }
}

/// Which changes of an operation were of objects that it had made itself. When such a one goes there need be no record of that.
public struct OwnChanges {
    private let changes: [ChangeRecord]
    private let names: Names

    public init(_ changes: [ChangeRecord]) {
        self.changes = changes
        names = Names(changes)
    }

    public func contains(_ number: Int) -> Bool { names.origin(of: changes[number].path, before: number).isBorn }
}

/// What names meant in the course of an operation.
///
/// What was found is kept: a program may rename one thing back and forth a hundred thousand times.
private final class Names {
    private enum Event {
        /// An object came there by a rename; from where.
        case came([UInt8])
        /// A second name of what is at another path.
        case linked([UInt8])
        /// Something new.
        case made
        case left([UInt8])
        case gone

        var frees: Bool {
            switch self {
            case .left, .gone: true
            default: false
            }
        }
    }

    /// A path at an event.
    private struct Moment: Hashable {
        let path: [UInt8]
        let number: Int
    }

    private var origins: [Moment: Origin] = [:]
    private var places: [Moment: [UInt8]?] = [:]
    private var events = PathTimeline<Event>()

    init(_ changes: [ChangeRecord]) {
        for (number, change) in changes.enumerated() {
            switch change.kind {
            case .moved:
                events.add(.left(change.other), at: change.path, number: number)
                events.add(.came(change.path), at: change.other, number: number)
            case .created:
                events.add(change.isLink ? .linked(change.location) : .made, at: change.path, number: number)
            case .removed: events.add(.gone, at: change.path, number: number)
            default: break
            }
        }
    }

    /// What the object that is at a path when a change is made was called when the operation began.
    struct Origin {
        var path: [UInt8]
        /// It was not there.
        var isBorn = false
        /// It was renamed or linked itself, not just along with a directory.
        var isRenamed = false
        /// Names that it had on the way, and from which change on; but for those that an earlier answer told of.
        var names: [([UInt8], since: Int)] = []
    }

    func origin(of path: [UInt8], before number: Int) -> Origin {
        var number = number
        var origin = Origin(path: path)
        var steps: [(moment: Moment, isExact: Bool)] = []
        // What is known of the way from the last step back to the beginning.
        var isRenamedBefore = false
        while let last = events.last(at: origin.path, before: number) {
            let isExact = last.length == origin.path.count
            switch last.event {
            case .came(let old): origin.path = old + origin.path[last.length...]
            case .linked(let source) where isExact: origin.path = source
            default: origin.isBorn = true
            }
            if origin.isBorn { break }
            number = last.number
            origin.isRenamed = origin.isRenamed || isExact
            origin.names.append((origin.path, number))
            let moment = Moment(path: origin.path, number: number)
            if let known = origins[moment] {
                origin.path = known.path
                origin.isBorn = known.isBorn
                origin.isRenamed = origin.isRenamed || known.isRenamed
                isRenamedBefore = isExact || known.isRenamed
                break
            }
            steps.append((moment, isExact))
        }
        var rest = Origin(path: origin.path, isBorn: origin.isBorn, isRenamed: isRenamedBefore)
        for (moment, isExact) in steps.reversed() {
            origins[moment] = rest
            rest.isRenamed = rest.isRenamed || isExact
        }
        return origin
    }

    /// Where a name is when the operation ends, whatever has become of what it stood for: it goes with its directory.
    func lastingPath(of path: [UInt8], from number: Int) -> [UInt8]? {
        let slash = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return place(of: Array(path[..<slash]), from: number).map { $0 + path[slash...] }
    }

    /// Where what a name stands for at a change is when the operation ends; nil: nowhere any more.
    func place(of path: [UInt8], from number: Int) -> [UInt8]? {
        var (name, number) = (path, number)
        var result: [UInt8]?
        var steps: [Moment] = []
        while true {
            guard let next = events.next(at: name, from: number, where: \.frees) else {
                result = name
                break
            }
            guard case .left(let new) = next.event else { break }
            let moment = Moment(path: name, number: next.number)
            if let known = places[moment] {
                result = known
                break
            }
            steps.append(moment)
            name = new + name[next.length...]
            number = next.number + 1
        }
        for moment in steps { places[moment] = .some(result) }
        return result
    }
}

extension ChangeRecord {
    /// The making of a second name, whose `location` is a name that the object had.
    public var isLink: Bool { kind == .created && item == 0 && !location.isEmpty }
}
