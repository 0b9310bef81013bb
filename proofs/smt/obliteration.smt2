; SPDX-License-Identifier: MPL-2.0
; Theorem 8 over arrays: two machines that differ only in what they keep under n are equal after n is taken from files, store,
; journal and side table.
(set-logic ALL)
(declare-sort Content 0)
(declare-const gone Content)
(define-sort Keeps () (Array Int Content))
(declare-datatypes ((Machine 0)) (((machine (files Keeps) (kept Keeps) (journal Keeps) (side Keeps) (chain Int)))))
(declare-const a Machine)
(declare-const b Machine)
(declare-const n Int)
(define-fun same ((x Keeps) (y Keeps)) Bool (= (store x n gone) (store y n gone)))
(assert (and (same (files a) (files b)) (same (kept a) (kept b)) (same (journal a) (journal b)) (same (side a) (side b))
  (= (chain a) (chain b))))
(define-fun obliterate ((m Machine)) Machine
  (machine (store (files m) n gone) (store (kept m) n gone) (store (journal m) n gone) (store (side m) n gone) (chain m)))
; claim
(assert (not (= (obliterate a) (obliterate b))))
; end
(check-sat)
