// SPDX-License-Identifier: MPL-2.0

/// What a change record says about its path before the change.
public enum ChangeKind: UInt8, Sendable {
    /// Nothing was there.
    case created = 1
    /// An object was there; its pre-image is a store item (the object itself, another link to it, or a copy), or it can
    /// be made again from the record alone (directory, symbolic link, node).
    case removed = 2
    /// The object was there and went to `other` with its identity.
    case moved = 3
    /// A regular file with this content; the pre-image is in the record or a store item.
    case content = 4
    /// A regular file of this size, which only grew.
    case appended = 5
    /// Mode, owner, times, extended attributes.
    case attributes = 6
    /// A directory whose times changed because something in it did. Put back only when they are still as left.
    case directoryTimes = 7
    /// A regular file that is cut; the pre-image is what stands from the cut on.
    case tail = 8
}

/// What is seen when a path is to be put back to the state that a record says.
public struct RestoreSighting: Equatable, Sendable {
    /// What is at the path.
    public var present: NodeState
    /// What the store item is, absent when there is none (any more).
    public var item: NodeState
    /// What is at the place that a moved object went to.
    public var other: NodeState

    public init(present: NodeState, item: NodeState = .absent, other: NodeState = .absent) {
        self.present = present
        self.item = item
        self.other = other
    }
}

/// One step that puts a path back. `putAway` means: into the store, so that this can be undone in turn.
public enum RestoreStep: Equatable, Sendable {
    case nothing
    /// Remove what is at the path.
    case putAway
    /// Move the store item to the path, after putting away what is there.
    case placeItem(putAway: Bool)
    /// Copy the store item to the path (its object is not the one that was there), after putting away what is there.
    case copyItem(putAway: Bool)
    /// Make a directory, symbolic link or node from the record, after putting away what is there.
    case recreate(putAway: Bool)
    /// Rename `other` back to the path, after putting away what is there.
    case moveBack(putAway: Bool)
    /// Write the content before into the object, then its attributes.
    case rewrite
    /// Cut the object to its size before, then its attributes.
    case cut
    /// Write what was cut off behind the rest, then the attributes.
    case restoreTail
    case setAttributes
    /// The pre-image is gone, or was never taken.
    case impossible
}

/// Where the pre-image of a change is.
public enum Preimage: UInt8, Sendable {
    /// Nowhere: the change cannot be undone.
    case missing = 0
    /// In the record: all that is needed.
    case inRecord = 1
    /// A store item that is the object itself, or another link to it.
    case object = 2
    /// A store item that is a copy of the content.
    case copy = 3
}

public enum Restoring {
    /// The inverse of a change, from the record and what is there now. Whether the change was ever made is not known:
    /// each step is right in both cases, and asking again after it gives `nothing` or the same step.
    public static func step(_ kind: ChangeKind, before: NodeState, preimage: Preimage, sighting: RestoreSighting)
        -> RestoreStep
    {
        let present = sighting.present
        let putAway = !present.isAbsent
        switch kind {
        case .created:
            return putAway ? .putAway : .nothing
        case .removed:
            if present.isSameObject(as: before) { return .nothing }
            switch preimage {
            case .missing: return .impossible
            case .inRecord: return .recreate(putAway: putAway)
            case .object: return sighting.item.isAbsent ? .impossible : .placeItem(putAway: putAway)
            case .copy: return sighting.item.isAbsent ? .impossible : .copyItem(putAway: putAway)
            }
        case .moved:
            if sighting.other.isSameObject(as: before) { return .moveBack(putAway: !present.isAbsent) }
            return present.isSameObject(as: before) ? .nothing : .impossible
        case .content, .tail:
            guard present.kind == .regular else { return .impossible }
            switch preimage {
            case .missing: return .impossible
            case .inRecord: break
            case .object, .copy: if sighting.item.isAbsent { return .impossible }
            }
            return kind == .content ? .rewrite : .restoreTail
        case .appended:
            guard present.kind == .regular, present.size >= before.size else { return .impossible }
            return .cut
        case .attributes, .directoryTimes:
            return present.kind == before.kind ? .setAttributes : .impossible
        }
    }
}
