; SPDX-License-Identifier: MPL-2.0
; Theorem 1: the inverse of the inverse of an assignment does it again.
(set-logic ALL)
(declare-sort Place 0)
(declare-sort Value 0)
(define-sort Disk () (Array Place Value))
(declare-const s Disk)
(declare-const p Place)
(declare-const v Value)
(define-fun s1 () Disk (store s p v))
(define-fun undone () Disk (store s1 p (select s p)))
(define-fun redone () Disk (store undone p (select s1 p)))
; claim
(assert (not (= redone s1)))
; end
(check-sat)
