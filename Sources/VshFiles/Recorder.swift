// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshCore
import VshStore
import VshSystem

/// How much may be copied to keep what a change overwrites.
public struct PreimageLimits: Sendable {
    /// Bytes of one file.
    public var file: UInt64 = 64 << 20
    /// Bytes of one operation.
    public var operation: UInt64 = 1 << 30

    public init() {}
    static var none: PreimageLimits {
        var limits = PreimageLimits()
        limits.file = .max
        limits.operation = .max
        return limits
    }
}

/// Keeps, for the running operation, what is needed to take its changes back. Its life: nothing until the first change;
/// then the state directory, a journal and a number; records; and at the end the states that were left.
final class Recorder {
    let state: StateDirectory
    private(set) var control: Control?
    private(set) var journal: Journal?
    private(set) var store: PreimageStore?

    /// Of the session: shared by the shell and all that it forks.
    let session = SharedWords()
    /// Of the operation: a background job gets its own.
    let running = SharedWords()
    private var shell: Int32
    /// When that began, which names it for ever.
    private(set) lazy var shellStart = System.startTime(of: shell) ?? 0
    /// What children need has been done here.
    var isPrepared = false
    private var owner: Int32
    /// Whether this process ends the operation: not a subshell that works for its parent.
    private(set) var isOwner = true
    /// This process is a background job, which ends its own operation.
    private(set) var isBackground = false
    /// The recorder of programs could not be started.
    var hasNoPrograms = false
    /// In a sandbox, for lack of something that a script can take away.
    var mayNotStart = false
    /// Programs of the running command that gained privileges: what they changed nobody knows.
    var unseenPrograms: UInt32 = 0
    /// Programs that were watched by the shell itself.
    var heldPrograms = 0
    /// Programs that were waited for in an operation, but for those.
    var awaitedPrograms = 0
    var awaitingOperation: OperationID = 0
    /// What programs are kept in.
    var sandbox: Sandbox?
    /// What is handed to the program that is about to start.
    let recording = UnsafeMutablePointer<ProgramRecording>.allocate(capacity: 1)

    /// The operation that the tables below are about, or 0.
    private(set) var operation: OperationID = 0
    var paths = PathTable()
    private var inodes: [InodeKey: InodeFlags] = [:]
    /// Copies of objects on mounts without a store: the item of each.
    var copies: [InodeKey: UInt64] = [:]
    /// Hard links that the operation made, and from where.
    var linked: PathMap<[UInt8]> = [:]
    /// Paths found in one epoch are looked up again in the next: something changed what names mean.
    private(set) var epoch = 0

    var limits = PreimageLimits()
    var isDurable = false
    /// What the next operation is, for its first record.
    private(set) var next = OperationRecord()
    private(set) var notice: [UInt8]?
    var isAnnouncing = false
    /// Where the running command was begun, once it has left there.
    var startDirectory: [UInt8]?
    private var announcement: [UInt8] = []
    /// The last operation that changed something.
    private(set) var lastEnded: EndedOperation?
    private var hasSaidWhyNot = false
    /// The running operation cannot be recorded.
    private var hasFailed = false
    private var hasMadeRoom = false

    /// Journals that may wait before one operation's end takes them into the log.
    private static var journalsWaiting: UInt64 { 64 }
    /// An operation with so many records is taken into the log at once, by a process that nobody waits for: what an undo
    /// would have to do first.
    private static var largeOperation: Int { 1000 }
    /// Whether such a one has ended.
    private var hasLarge = false
    /// A journal longer than this is not continued by the next operation.
    private static var longJournal: Int { 4 << 20 }

    init(state: StateDirectory) {
        self.state = state
        shell = System.processID
        owner = shell
        recording.initialize(to: ProgramRecording())
    }

    deinit { recording.deallocate() }

    // MARK: Operations

    /// Whether the running operation has changed something.
    var isOpen: Bool { running.operation != 0 }

    /// Notes what the next operation is; nothing more until it changes something.
    func describe(kind: OperationKind = .command, command: [UInt8], targets: [OperationID] = []) {
        next.kind = kind
        next.command = command
        next.targets = targets
        hasFailed = false
        // Another may have renamed the working directory since.
        changeEpoch()
        unseenPrograms = 0
    }

    var transaction: OperationID { session.transaction }
    var transactions: [OperationID] {
        get { session.transactions }
        set { session.transactions = newValue }
    }
    var sessionNumber: UInt64 { session.session }

    /// Makes sure that records can be written for the running operation. False when they cannot; the notice says why.
    @inline(__always)
    func open() -> Bool {
        let current = running.operation
        return current != 0 && current == operation ? true : openSlowly()
    }

    /// Opens the operation for a program: numbers of journal and operation, and where its first record stands.
    func openForProgram() -> (journal: UInt64, operation: UInt64, start: UInt64)? {
        open() ? (running.journal, running.operation, running.start) : nil
    }

    @inline(never)
    private func openSlowly() -> Bool {
        if hasFailed { return false }
        do {
            if running.operation == 0 { try begin() }
            try join()
            return true
        } catch {
            hasFailed = true
            if !hasSaidWhyNot {
                hasSaidWhyNot = true
                var line = Array("changes cannot be undone: ".utf8)
                line.append(contentsOf: error.path)
                line.append(contentsOf: Array(": \(error.reason)".utf8))
                notice = line
            }
            return false
        }
    }

    /// The control page; makes the state directory when needed.
    func openControl() throws(StoreError) -> Control {
        if let control { return control }
        let state = state
        let opened = try Control(state, highest: { Self.highest(state) })
        control = opened
        return opened
    }

    private static func highest(_ state: StateDirectory) -> (number: UInt64, operation: OperationID) {
        var known = state.highestNumbers()
        if (try? FileStatus(state.log)) != nil, let log = try? OperationLog(state),
            let logged = try? log.highestNumbers()
        {
            known = (max(known.number, logged.number), max(known.operation, logged.operation))
        }
        return known
    }

    /// The session's number; makes one at first.
    func openSession(_ control: Control) -> UInt64 {
        if session.session == 0 { session.session = control.nextNumber() }
        return session.session
    }

    /// Opens an operation. Subshells that come here at once do it one after another.
    private func begin() throws(StoreError) {
        let control = try openControl()
        if !running.isShared { return try begin(control) }
        try running.exclusively { () throws(StoreError) in
            if running.operation == 0 { try begin(control) }
        }
    }

    /// The text of a command that runs was obliterated: what other processes of this shell still do in it is not named by it either.
    func forget(_ command: [UInt8]) { session.forget(command) }

    /// The text for a record: that of the running command, unless it was obliterated.
    private var commandText: [UInt8] { session.hasForgotten(next.command) ? OperationLog.erasedText : next.command }

    /// Number, journal, first record.
    private func begin(_ control: Control) throws(StoreError) {
        let number = openSession(control)
        if journal == nil || journal!.tail > Self.longJournal {
            journal = try Journal(state, control: control, session: number, owner: owner, shell: (shell, shellStart))
        }
        guard let journal else { return }
        let id = control.nextOperation()
        next.command = commandText
        next.id = id
        next.session = number
        next.transaction = session.transaction
        next.process = System.processID
        next.began = Clock.realTime
        if let directory = startDirectory ?? (try? System.currentDirectory()) { next.directory = directory }
        guard let start = journal.append(next) else { throw StoreError(.system(.noSpace), journal.path) }
        running.clearCopied()
        running.journal = journal.number
        running.start = UInt64(start)
        running.operation = id
    }

    /// Takes part in the running operation, which another process of this shell may have begun.
    private func join() throws(StoreError) {
        let id = running.operation
        if id == operation { return }
        if journal?.number != running.journal { journal = try Journal(joining: running.journal, state) }
        if control == nil { _ = try openControl() }
        if store == nil { store = PreimageStore(state) }
        forgetOperation()
        operation = id
    }

    private func forgetOperation() {
        operation = 0
        paths.removeAll()
        // What is empty is left alone: to empty it again the runtime has to make its type, in each forked child.
        if !inodes.isEmpty { inodes = [:] }
        if !copies.isEmpty { copies = [:] }
        if !linked.isEmpty { linked = [:] }
        hasMadeRoom = false
    }

    /// Writes an event (begin, commit) and returns its number.
    func addEvent(_ kind: OperationKind, name: [UInt8], transaction: OperationID) throws(StoreError) -> OperationID {
        let control = try openControl()
        let number = openSession(control)
        if journal == nil {
            journal = try Journal(state, control: control, session: number, owner: owner, shell: (shell, shellStart))
        }
        guard let journal else { return 0 }
        var record = OperationRecord()
        record.id = control.nextOperation()
        record.kind = kind
        record.session = number
        record.transaction = transaction
        record.process = System.processID
        record.began = Clock.realTime
        record.command = name
        if journal.append(record) == nil { throw StoreError(.system(.noSpace), journal.path) }
        return record.id
    }

    /// Writes something refused down for the audit log.
    func add(_ refusal: RefusalRecord) {
        guard let control = try? openControl() else { return }
        let number = openSession(control)
        if journal == nil {
            journal = try? Journal(state, control: control, session: number, owner: owner, shell: (shell, shellStart))
        }
        var refusal = refusal
        refusal.time = Clock.realTime
        refusal.session = number
        refusal.operation = running.operation
        refusal.process = System.processID
        refusal.user = System.effectiveUserID
        refusal.directory = (try? System.currentDirectory()) ?? []
        refusal.command = commandText
        _ = journal?.append(refusal)
    }

    /// Ends the operation: the states it left, and its end. Nothing when it changed nothing, or when this process works
    /// for another that will end it.
    @inline(__always)
    func end(status: Int32) {
        if running.operation != 0, isOwner {
            close(status: status, outcome: .finished)
            careLater()
        }
    }

    /// Ends the operation, whoever began it.
    @inline(never)
    func close(status: Int32, outcome: OperationOutcome) {
        guard running.operation != 0 else { return }
        defer {
            running.operation = 0
            forgetOperation()
        }
        ProgramRecorder.close(operation: running.operation)
        do { try join() } catch { return }
        guard let journal, let all = journal.bytes(from: Int(running.start)) else { return }
        let id = operation
        guard let found = all.operations(withContents: false).last(where: { $0.record.id == id }) else { return }
        let results = Results(observing: found.changes)
        for result in results.records { _ = journal.append(result, operation: id) }
        var end = EndRecord()
        end.outcome = outcome
        end.status = status
        end.ended = Clock.realTime
        end.changes = UInt32(results.changed)
        end.missing = UInt32(results.missing)
        end.touched = UInt32(results.touched)
        let hidden = ProgramRecorder.takeUnseen()
        if hidden > 0 { say(Array("\(hidden) changes of programs that hide their memory cannot be undone".utf8)) }
        if end.changes > 0 || hidden > 0 {
            end.changes += unseenPrograms + hidden
            end.missing += unseenPrograms + hidden
        }
        unseenPrograms = 0
        _ = journal.append(end, operation: id)
        // Nobody asks a process that ends with it.
        if results.changed > 0, !isBackground { lastEnded = EndedOperation(found, results, store) }
        if isDurable { journal.sync() }
        if let first = results.firstMissing { noteMissing(first, results) }
        if isAnnouncing, found.record.kind == .command, outcome == .finished, results.changed > 0 {
            let line = Announcement.line(found.changes, results)
            if !announcement.isEmpty { announcement.append(10) }
            announcement += line
        }
        hasLarge = hasLarge || found.changes.count + results.records.count >= Self.largeOperation
        if let control, control.waitingJournals >= Self.journalsWaiting { importJournals(control) }
    }

    /// Takes journals into the log, unless another shell is at it; now and then looks after the stores.
    private func importJournals(_ control: Control) {
        let waiting = control.waitingJournals
        control.clearJournals()
        do {
            let log = try OperationLog(state, patience: 0)
            if let name = log.setAside { say(Self.damaged(name)) }
            try log.importJournals(state, canStop: true)
            if control.takeCare() || isShortOfSpace { try log.care(state, quota: control.quota) }
        } catch {
            // Again after half as many.
            control.addJournals(waiting / 2)
        }
        careLater()
    }

    /// Has a large operation taken into the log, and the log's write-ahead part into the database, in the background. No
    /// connection may be open here.
    func careLater() {
        let isLarge = hasLarge
        hasLarge = false
        guard let control, isLarge || OperationLog.isLong(state) && control.takeTrim() else { return }
        guard let isChild = try? System.detach(), isChild else { return }
        // The mapping would keep the journal locked.
        journal = nil
        if isLarge { OperationLog.takeIn(state) }
        if !isLarge || OperationLog.isLong(state) && control.takeTrim() { OperationLog.shorten(state) }
        System.exit(0)
    }

    /// Gives up what old entries keep, once in an operation.
    func makeRoom() {
        if hasMadeRoom { return }
        hasMadeRoom = true
        guard let control, let log = try? OperationLog(state, patience: 50) else { return }
        _ = try? log.importJournals(state)
        _ = try? log.care(state, quota: control.quota)
    }

    /// The line about a log that was set aside.
    static func damaged(_ name: [UInt8]) -> [UInt8] {
        Array("the log was damaged and is kept as ".utf8) + name + Array("; what was done before cannot be undone".utf8)
    }

    /// Less than 5 % is free where the state directory is.
    private var isShortOfSpace: Bool {
        guard let directory = try? FileDescriptor(state.store, [.path, .directory]),
            let status = try? System.fileSystemStatus(directory.rawValue)
        else { return false }
        return Eviction.isShort(StoreRoom(used: 0, available: status.availableBytes, total: status.totalBytes))
    }

    /// Takes what waits into the log: to be called when the shell has nothing else to do.
    func idle() {
        if let control, !isOpen, control.waitingJournals >= Self.journalsWaiting / 4 { importJournals(control) }
    }

    /// `1 of 37 changes not undoable: disk.img (12 GB, over the cap)`
    private func noteMissing(_ first: (path: [UInt8], reason: MissingReason, size: UInt64), _ results: Results) {
        var line: [UInt8] = []
        line.append(decimal: UInt64(results.missing))
        line.append(contentsOf: " of ".utf8)
        line.append(decimal: UInt64(results.paths))
        line.append(contentsOf: (results.paths == 1 ? " change not undoable: " : " changes not undoable: ").utf8)
        line.append(contentsOf: first.path[(first.path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...])
        let reason =
            switch first.reason {
            case .none, .fileCap: "over the cap"
            case .operationCap: "over the cap of one operation"
            case .unreadable: "cannot be read"
            case .storeFailed: "cannot be kept"
            case .unrepeatable: "cannot be made again"
            case .noRoom: "no space to keep it"
            case .otherNames: "only its content; its other names cannot be linked to it again"
            }
        line.append(contentsOf: " (\(humanSize(first.size)), \(reason))".utf8)
        notice = line
    }

    func takeNotice() -> [UInt8]? {
        if notice == nil { return nil }
        defer { notice = nil }
        return notice
    }

    func say(_ line: [UInt8]) { notice = line }

    func takeAnnouncement() -> [UInt8]? {
        if announcement.isEmpty { return nil }
        defer { announcement = [] }
        return announcement
    }

    /// Begins anew as the owner of operations of its own: a forked child.
    func becomeOwner() {
        isOwner = true
        isBackground = true
        owner = System.processID
        running.leave()
        journal = nil
        forgetOperation()
    }

    /// A forked child that works for its parent, which ends the operation.
    func becomeHelper() { isOwner = false }

    /// The operation goes on in the program that replaces this shell; whoever finds the journal afterwards ends it.
    func willExec() {
        guard running.operation != 0, isOwner else { return }
        do { try join() } catch { return }
        _ = journal?.appendReplaced(operation: operation)
    }

    // MARK: Tables

    /// Names may mean something else from now on.
    func forgetPaths() {
        epoch += 1
        paths.removeAll()
    }

    func changeEpoch() { epoch += 1 }

    @inline(__always)
    func flags(_ status: FileStatus) -> InodeFlags { inodes.isEmpty ? [] : inodes[Self.key(status)] ?? [] }

    @inline(__always)
    func insert(_ status: FileStatus, _ flags: InodeFlags) { inodes[Self.key(status), default: []].formUnion(flags) }

    func forget(_ status: FileStatus) { inodes[Self.key(status)] = nil }

    @inline(__always)
    static func key(_ status: FileStatus) -> InodeKey {
        InodeKey(
            inode: status.inode, device: status.device, birth: status.birthTime.map(\.totalNanoseconds) ?? 0)
    }

    /// Counts bytes about to be copied. False when that is over a cap.
    func mayCopy(_ bytes: UInt64) -> MissingReason {
        if bytes > limits.file { return .fileCap }
        return running.addCopied(bytes) > limits.operation ? .operationCap : .none
    }
}

/// `12 GB`, `640 bytes`: two digits, powers of ten.
func humanSize(_ bytes: UInt64) -> String {
    if bytes < 1000 { return "\(bytes) byte\(bytes == 1 ? "" : "s")" }
    var value = bytes
    for unit in ["kB", "MB", "GB", "TB", "PB"] {
        if value < 1_000_000 {
            return value < 10_000 ? "\(value / 1000).\(value / 100 % 10) \(unit)" : "\(value / 1000) \(unit)"
        }
        value /= 1000
    }
    return "\(value / 1000) EB"
}
