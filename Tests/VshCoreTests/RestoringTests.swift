// SPDX-License-Identifier: MPL-2.0
import XCTest

@testable import VshCore

final class RestoringTests: XCTestCase {
    private func file(_ inode: UInt64, size: UInt64 = 3) -> NodeState {
        var state = NodeState()
        state.mode = 0o100644
        state.inode = inode
        state.size = size
        state.birth = Timestamp(seconds: Int64(inode))
        return state
    }

    private func directory(_ inode: UInt64) -> NodeState {
        var state = file(inode)
        state.mode = 0o040755
        return state
    }

    /// What the world looks like after a step, in a world that is only these three places.
    private func after(_ step: RestoreStep, before: NodeState, _ sighting: RestoreSighting) -> RestoreSighting {
        var next = sighting
        switch step {
        case .nothing, .impossible: break
        case .putAway: next.present = .absent
        case .placeItem:
            next.present = sighting.item
            next.item = .absent
        case .copyItem, .recreate:
            next.present = before
        case .moveBack:
            next.present = sighting.other
            next.other = .absent
        case .rewrite, .cut, .restoreTail, .setAttributes:
            next.present = before
        }
        return next
    }

    func testStepsReachTheStateBeforeAndAreIdempotent() {
        let objects: [NodeState] = [.absent, file(1), file(2), directory(3)]
        var reached = 0
        for kind in [ChangeKind.created, .removed, .moved, .content, .tail, .appended, .attributes] {
            for before in objects where (kind == .created) == before.isAbsent {
                for present in objects {
                    for item in [NodeState.absent, before] {
                        for other in [NodeState.absent, before, file(9)] {
                            for preimage in [Preimage.missing, .inRecord, .object, .copy] {
                                var sighting = RestoreSighting(present: present, item: item, other: other)
                                let step = Restoring.step(kind, before: before, preimage: preimage, sighting: sighting)
                                if step == .impossible { continue }
                                sighting = after(step, before: before, sighting)
                                XCTAssertEqual(sighting.present.mode, before.mode, "\(kind) \(step)")
                                if [.removed, .moved].contains(kind) {
                                    XCTAssertTrue(sighting.present.isSameObject(as: before))
                                }
                                let again = Restoring.step(kind, before: before, preimage: preimage, sighting: sighting)
                                if [.created, .removed, .moved].contains(kind) {
                                    XCTAssertEqual(again, .nothing, "\(kind) \(step)")
                                }
                                reached += 1
                            }
                        }
                    }
                }
            }
        }
        XCTAssertGreaterThan(reached, 200)
    }

    func testAMissingPreimageIsNeverTakenForAnEmptyOne() {
        for preimage in [Preimage.missing, .object, .copy] {
            let sighting = RestoreSighting(present: .absent)
            XCTAssertEqual(
                Restoring.step(.removed, before: directory(1), preimage: preimage, sighting: sighting), .impossible)
            XCTAssertEqual(
                Restoring.step(
                    .content, before: file(1), preimage: preimage, sighting: RestoreSighting(present: file(1))),
                .impossible)
        }
    }

    func testDifferences() {
        XCTAssertEqual(NodeState.absent.difference(from: .absent), .none)
        XCTAssertEqual(NodeState.absent.difference(from: file(1)), .appeared)
        XCTAssertEqual(file(1).difference(from: .absent), .disappeared)
        XCTAssertEqual(file(1).difference(from: file(2)), .replaced)
        XCTAssertEqual(file(1).difference(from: file(2), sameObject: false), .none)
        XCTAssertEqual(file(1).difference(from: directory(1)), .replaced)
        XCTAssertEqual(file(1).difference(from: file(1, size: 4)), .content)
        var touched = file(1)
        touched.modification.nanoseconds = 1
        XCTAssertEqual(file(1).difference(from: touched), .timesOnly)
        var mode = file(1)
        mode.mode = 0o104644
        XCTAssertEqual(file(1).difference(from: mode), .permissions)
        var owner = file(1)
        owner.group = 7
        XCTAssertEqual(file(1).difference(from: owner), .owner)
        var reborn = file(1)
        reborn.birth.nanoseconds = 5
        XCTAssertEqual(file(1).difference(from: reborn), .replaced, "a number given anew")
    }

    func testRecoveryDecisions() {
        let dead = JournalSighting(ownerIsAlive: false, isUnlocked: true)
        func action(
            _ sighting: JournalSighting, _ end: OperationOutcome?, changes: Int, replaced: Bool = false,
            event: Bool = false, empty: Bool = false
        ) -> RecoveryAction {
            RecoveryDecision.action(
                for: sighting, end: end, wasReplaced: replaced, changes: changes, isEvent: event, standsEmpty: empty)
        }
        for (alive, unlocked) in [(true, true), (true, false), (false, false)] {
            let sighting = JournalSighting(ownerIsAlive: alive, isUnlocked: unlocked)
            XCTAssertEqual(action(sighting, nil, changes: 3), .leave)
            XCTAssertEqual(action(sighting, nil, changes: 0, empty: true), .leave)
            XCTAssertEqual(action(sighting, .finished, changes: 3), .take(.finished))
            XCTAssertEqual(action(sighting, nil, changes: 0, event: true), .take(.finished))
        }
        XCTAssertEqual(action(dead, nil, changes: 3), .completeAndTake(.interrupted))
        XCTAssertEqual(action(dead, nil, changes: 3, replaced: true), .completeAndTake(.replaced))
        XCTAssertEqual(action(dead, nil, changes: 0), .drop)
        XCTAssertEqual(action(dead, nil, changes: 0, empty: true), .drop)
        XCTAssertEqual(action(dead, .finished, changes: 0, empty: true), .take(.finished))
        XCTAssertEqual(action(dead, .finished, changes: 0), .drop)
    }
}
