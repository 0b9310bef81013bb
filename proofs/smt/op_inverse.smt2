; SPDX-License-Identifier: MPL-2.0
; Theorem 1 over arrays: two assignments, to places that may be the same, are taken back exactly by their old values, the last first.
; The file system is any array from places to values.
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
(define-fun back () Disk (store (store s2 q (select s1 q)) p (select s p)))
; claim
(assert (not (= back s)))
; end
(check-sat)
