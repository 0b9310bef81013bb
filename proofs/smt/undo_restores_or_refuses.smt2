; SPDX-License-Identifier: MPL-2.0
; Theorem 3 over arrays: whatever state d others left, an undo of two assignments that looks first restores the two places and no
; other, or leaves d.
(set-logic ALL)
(declare-sort Place 0)
(declare-sort Value 0)
(define-sort Disk () (Array Place Value))
(declare-const s Disk)
(declare-const p Place)
(declare-const q Place)
(declare-const v Value)
(declare-const w Value)
(define-fun s1 () Disk (store s p v))
(define-fun s2 () Disk (store s1 q w))
(declare-const d Disk)
(define-fun d1 () Disk (store d q (select s1 q)))
(define-fun d2 () Disk (store d1 p (select s p)))
(define-fun allowed () Bool (and (= (select d q) (select s2 q)) (= (select d1 p) (select s1 p))))
(define-fun result () Disk (ite allowed d2 d))
(declare-const r Place)
; claim
(assert (not (ite allowed
  (and (= (select result p) (select s p)) (= (select result q) (select s q))
       (=> (and (not (= r p)) (not (= r q))) (= (select result r) (select d r))))
  (= result d))))
; end
(check-sat)
