; SPDX-License-Identifier: MPL-2.0
; Theorem 5, the decision: what a dead process recorded is taken; a running operation without an end is left; what is dropped
; changed nothing. The definition is that of coq/Decisions.v (and of the Swift made from it).
(set-logic ALL)
(declare-datatypes ((Action 0)) (((leave) (take) (complete) (drop))))
(declare-const alive Bool)
(declare-const unlocked Bool)
(declare-const hasEnd Bool)
(declare-const changes Int)
(declare-const isEvent Bool)
(declare-const standsEmpty Bool)
(assert (>= changes 0))
(define-fun abandoned () Bool (and (not alive) unlocked))
(define-fun action () Action
  (ite isEvent take
    (ite hasEnd (ite (and (= changes 0) (not standsEmpty)) drop take)
      (ite (not abandoned) leave (ite (= changes 0) drop complete)))))
; claim
(assert (not (and
  (=> (and (> changes 0) abandoned) (or (= action take) (= action complete)))
  (=> (and (not isEvent) (not hasEnd) (not abandoned)) (= action leave))
  (=> (= action drop) (= changes 0))
  (=> (= action complete) (and (not hasEnd) abandoned)))))
; end
(check-sat)
