; SPDX-License-Identifier: MPL-2.0
; Theorem 7 over arrays: assignments to two different places give the same state in either order.
(set-logic ALL)
(declare-sort Place 0)
(declare-sort Value 0)
(define-sort Disk () (Array Place Value))
(declare-const s Disk)
(declare-const p Place)
(declare-const q Place)
(declare-const v Value)
(declare-const w Value)
(assert (not (= p q)))
; claim
(assert (not (= (store (store s p v) q w) (store (store s q w) p v))))
; end
(check-sat)
