// SPDX-License-Identifier: MPL-2.0

/// That an operation touched a path.
public struct Touch: Equatable, Sendable {
    /// Absolute, free of symbolic links.
    public var path: [UInt8]
    /// What the name stands for changed: something came, went, or was replaced. Otherwise the object stayed, with another
    /// content or other attributes.
    public var changesName: Bool

    public init(_ path: [UInt8], changesName: Bool) {
        self.path = path
        self.changesName = changesName
    }
}

/// Which operations build on which.
public enum Dependency {
    /// Whether what `later` did to a path rests on what `earlier` did to one: the same path; a path below one that
    /// `earlier` made, moved or removed; or a directory, made to stand for something else, around the earlier path.
    public static func exists(_ later: Touch, on earlier: Touch) -> Bool {
        if later.path == earlier.path { return true }
        if earlier.changesName, isInside(later.path, earlier.path) { return true }
        return later.changesName && isInside(earlier.path, later.path)
    }

    /// Whether `path` is below `directory`.
    public static func isInside(_ path: [UInt8], _ directory: [UInt8]) -> Bool {
        let slash = UInt8(ascii: "/")
        if directory.count == 1, directory[0] == slash { return path.count > 1 }
        return path.count > directory.count && path[directory.count] == slash && path.starts(with: directory)
    }

    /// Everything that rests on an operation, also through others, the newest first.
    /// - Parameter direct: the later operations that rest on one directly.
    public static func closure<E: Error>(
        of operation: OperationID, direct: (OperationID) throws(E) -> [OperationID]
    ) throws(E) -> [OperationID] {
        var found: Set<OperationID> = []
        var waiting = [operation]
        while let next = waiting.popLast() {
            for later in try direct(next) where later != operation && found.insert(later).inserted {
                waiting.append(later)
            }
        }
        return found.sorted(by: >)
    }
}

/// What one operation touched, to ask quickly whether something rests on it.
public struct TouchIndex: Sendable {
    private var paths: PathSet = []
    private var named: PathSet = []
    private var around: PathSet = []

    public init(_ touches: [Touch]) {
        for touch in touches {
            paths.insert(touch.path)
            if touch.changesName { named.insert(touch.path) }
            var above = touch.path
            while let directory = Self.directory(of: above), around.insert(directory) { above = directory }
        }
    }

    private static func directory(of path: [UInt8]) -> [UInt8]? {
        guard path.count > 1, let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return slash == 0 ? [UInt8(ascii: "/")] : Array(path[..<slash])
    }

    /// Whether a later touch rests on one of these (see `Dependency.exists`).
    public func carries(_ later: Touch) -> Bool {
        if paths.contains(later.path) || later.changesName && around.contains(later.path) { return true }
        if named.isEmpty { return false }
        var above = later.path
        while let directory = Self.directory(of: above) {
            if named.contains(directory) { return true }
            above = directory
        }
        return false
    }
}

/// What happened to paths, for taking back single ones.
public struct PathTouches: Sendable {
    public var operation: OperationID
    /// It took back single paths itself: each is by one step further back.
    public var takesBack: Bool
    public var paths: [[UInt8]]

    public init(operation: OperationID, takesBack: Bool, paths: [[UInt8]]) {
        self.operation = operation
        self.takesBack = takesBack
        self.paths = paths
    }
}

public enum PathHistory {
    /// The newest operation of which something is left to take back, and at which paths. Each path that was taken back
    /// once cancels the newest operation on it that was not yet cancelled.
    /// - Parameter touches: of operations in effect, the newest first.
    /// - Returns: also the operations passed over, which a comparison with what is there has to leave out.
    public static func newest(_ touches: [PathTouches]) -> (
        operation: OperationID, paths: [[UInt8]], passed: [OperationID]
    )? {
        var pending: PathMap<Int> = [:]
        var passed: [OperationID] = []
        for touch in touches {
            if touch.takesBack {
                for path in touch.paths { pending[path, default: 0] += 1 }
                passed.append(touch.operation)
                continue
            }
            if pending.isEmpty { return (touch.operation, touch.paths, passed) }
            var left: [[UInt8]] = []
            for path in touch.paths {
                if let count = pending[path], count > 0 {
                    pending[path] = count == 1 ? nil : count - 1
                } else {
                    left.append(path)
                }
            }
            if !left.isEmpty { return (touch.operation, left, passed) }
            passed.append(touch.operation)
        }
        return nil
    }
}
