(* SPDX-License-Identifier: MPL-2.0
   Plans and their inverses in HOL Light: theorems 1, 5 (its core), 7 and 10, for any state with places. *)

let run = new_recursive_definition list_RECURSION
  `(run (set:P->V->S->S) [] s = s) /\
   (run set (CONS x a) s = run set a (set (FST x) (SND x) s))`;;

let inverse = new_recursive_definition list_RECURSION
  `(inverse (get:P->S->V) (set:P->V->S->S) [] s = []) /\
   (inverse get set (CONS x a) s =
      APPEND (inverse get set a (set (FST x) (SND x) s)) [(FST x,get (FST x) s)])`;;

let RUN_APPEND = prove
 (`!(set:P->V->S->S) a b s. run set (APPEND a b) s = run set b (run set a s)`,
  GEN_TAC THEN LIST_INDUCT_TAC THEN ASM_REWRITE_TAC[APPEND; run]);;

(* Theorem 1: the inverse is exact. *)
let PLAN_INVERSE = prove
 (`!(get:P->S->V) set. (!p v s. set p (get p s) (set p v s) = s)
   ==> !a s. run set (inverse get set a s) (run set a s) = s`,
  REPEAT GEN_TAC THEN DISCH_TAC THEN LIST_INDUCT_TAC THEN
  ASM_REWRITE_TAC[run; inverse; RUN_APPEND]);;

(* Theorem 1: the inverse of the inverse does it again. *)
let INVERSE_OF_INVERSE = prove
 (`!(get:P->S->V) set. (!p v s. set p (get p s) (set p v s) = s)
   ==> !a s. run set (inverse get set (inverse get set a s) (run set a s)) s = run set a s`,
  REPEAT STRIP_TAC THEN
  MP_TAC(SPECL [`get:P->S->V`; `set:P->V->S->S`] PLAN_INVERSE) THEN ASM_REWRITE_TAC[] THEN
  DISCH_THEN(fun th ->
    MP_TAC(SPECL [`inverse (get:P->S->V) set a s`; `run (set:P->V->S->S) a s`] th) THEN
    GEN_REWRITE_TAC (LAND_CONV o LAND_CONV o RAND_CONV) [th] THEN REWRITE_TAC[]));;

(* Theorem 5, its core: the last recorded change was perhaps not made. *)
let CUT_OFF = prove
 (`!(get:P->S->V) set. (!p v s. set p (get p s) (set p v s) = s) /\ (!p s. set p (get p s) s = s)
   ==> !a p v s. run set (inverse get set (APPEND a [(p,v)]) s) (run set a s) = s`,
  REPEAT GEN_TAC THEN STRIP_TAC THEN LIST_INDUCT_TAC THEN
  ASM_REWRITE_TAC[run; inverse; APPEND; RUN_APPEND]);;

(* Theorem 10: doing and undoing is a null operation, on both sides of any other, and such operations compose. *)
let CNO_IDENTITY_ELEMENT = prove
 (`!(get:P->S->V) set. (!p v s. set p (get p s) (set p v s) = s)
   ==> !a (g:S->S) s.
         run set (inverse get set a (g s)) (run set a (g s)) = g s /\
         g (run set (inverse get set a s) (run set a s)) = g s`,
  REPEAT STRIP_TAC THEN FIRST_ASSUM(fun th -> REWRITE_TAC[MATCH_MP PLAN_INVERSE th]));;

(* Theorem 7: assignments to apart places, in either order. *)
let OPERATION_INDEPENDENCE = prove
 (`!(set:P->V->S->S) apart. (!p q v w s. apart p q ==> set p v (set q w s) = set q w (set p v s))
   ==> !b p v s. (!x. MEM x b ==> apart p (FST x)) ==> set p v (run set b s) = run set b (set p v s)`,
  REPEAT GEN_TAC THEN DISCH_TAC THEN LIST_INDUCT_TAC THEN REWRITE_TAC[run; MEM] THEN
  REPEAT STRIP_TAC THEN
  SUBGOAL_THEN `(apart:P->P->bool) p (FST (h:P#V))` ASSUME_TAC THENL [ASM_MESON_TAC[]; ALL_TAC] THEN
  FIRST_X_ASSUM(fun th -> MP_TAC(SPECL [`p:P`; `v:V`; `(set:P->V->S->S) (FST (h:P#V)) (SND h) s`] th)) THEN
  ANTS_TAC THENL [ASM_MESON_TAC[]; ALL_TAC] THEN
  DISCH_THEN SUBST1_TAC THEN AP_TERM_TAC THEN ASM_MESON_TAC[]);;
