; SPDX-License-Identifier: MPL-2.0
; Theorem 9 for two rows: where the digest is injective on what is there, one head means one log.
(set-logic ALL)
(declare-sort Body 0)
(declare-fun digest (Int Int Body) Int)
(declare-const genesis Int)
(declare-const a1 Body)
(declare-const a2 Body)
(declare-const b1 Body)
(declare-const b2 Body)
(define-fun l1 () Int (digest genesis 0 a1))
(define-fun l2 () Int (digest l1 1 a2))
(define-fun m1 () Int (digest genesis 0 b1))
(define-fun m2 () Int (digest m1 1 b2))
; no collision among the inputs
(assert (=> (= l2 m2) (and (= l1 m1) (= a2 b2))))
(assert (=> (= l1 m1) (= a1 b1)))
(assert (= l2 m2))
; claim
(assert (not (and (= a1 b1) (= a2 b2))))
; end
(check-sat)
