; SPDX-License-Identifier: MPL-2.0
; Theorem 5, one path: the step for a removed object (pre-image: the object itself, in the store) puts it back, and asked again it
; says that nothing is to be done. Objects are numbers, 0 is nothing.
(set-logic ALL)
(declare-const present Int)
(declare-const item Int)
(declare-const before Int)
(assert (> before 0))
(assert (or (= item 0) (= item before)))
(declare-datatypes ((Step 0)) (((nothing) (place) (impossible))))
(define-fun chosen ((there Int) (kept Int)) Step (ite (= there before) nothing (ite (= kept 0) impossible place)))
(define-fun step () Step (chosen present item))
(define-fun present1 () Int (ite (= step place) item present))
(define-fun item1 () Int (ite (= step place) 0 item))
(assert (not (= step impossible)))
; claim
(assert (not (and (= present1 before) (= (chosen present1 item1) nothing))))
; end
(check-sat)
