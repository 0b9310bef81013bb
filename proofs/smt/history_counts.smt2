; SPDX-License-Identifier: MPL-2.0
; Theorem 2, the numbers: the entry that undo takes (done, changed last) becomes the one that redo takes (undone, changed last), and
; as many are done or undone as before. Three entries with the events that changed them; n is the new event.
(set-logic ALL)
(declare-datatypes ((Entry 0)) (((entry (changed Int) (isDone Bool)))))
(declare-const a Entry)
(declare-const b Entry)
(declare-const c Entry)
(declare-const newest Int)
(declare-const n Int)
(define-fun seen ((x Entry)) Bool (and (< 0 (changed x)) (<= (changed x) newest)))
(assert (and (seen a) (seen b) (seen c) (< newest n)))
(assert (distinct (changed a) (changed b) (changed c)))
(define-fun before ((x Entry) (y Entry)) Bool (=> (isDone y) (<= (changed y) (changed x))))
; a is the one to undo
(assert (and (isDone a) (before a b) (before a c)))
(define-fun a1 () Entry (entry n false))
(define-fun last_undone ((x Entry) (y Entry)) Bool (=> (not (isDone y)) (<= (changed y) (changed x))))
(define-fun one ((x Bool)) Int (ite x 1 0))
(define-fun dones ((x Entry) (y Entry) (z Entry)) Int (+ (one (isDone x)) (one (isDone y)) (one (isDone z))))
(define-fun undones ((x Entry) (y Entry) (z Entry)) Int (- 3 (dones x y z)))
; claim
(assert (not (and (last_undone a1 b) (last_undone a1 c) (= (dones a1 b c) (- (dones a b c) 1))
  (= (undones a1 b c) (+ (undones a b c) 1)))))
; end
(check-sat)
