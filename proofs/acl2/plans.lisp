; SPDX-License-Identifier: MPL-2.0
; Plans and their inverses in ACL2: theorems 1, 5 (its core and its decision), 7 and 10, for directories as lists of what is at each
; name. Only ACL2's own axioms and induction; nothing is skipped.

(defun get-at (n s)
  (if (endp s) nil (if (zp n) (car s) (get-at (1- n) (cdr s)))))

(defun set-at (n v s)
  (if (endp s) s (if (zp n) (cons v (cdr s)) (cons (car s) (set-at (1- n) v (cdr s))))))

; To write what is there changes nothing.
(defthm set-get
  (equal (set-at p (get-at p s) s) s))

; To put back what was there restores the whole state.
(defthm set-back
  (equal (set-at p (get-at p s) (set-at p v s)) s))

(defun run (plan s)
  (if (endp plan) s (run (cdr plan) (set-at (caar plan) (cdar plan) s))))

(defun inverse (plan s)
  (if (endp plan)
      nil
    (append (inverse (cdr plan) (set-at (caar plan) (cdar plan) s))
            (list (cons (caar plan) (get-at (caar plan) s))))))

(defthm run-append
  (equal (run (append a b) s) (run b (run a s))))

; Theorem 1: the inverse is exact.
(defthm plan-inverse
  (equal (run (inverse a s) (run a s)) s))

; Theorem 1: the inverse of the inverse does it again.
(defthm inverse-of-inverse
  (equal (run (inverse (inverse a s) (run a s)) s) (run a s))
  :hints (("Goal" :use ((:instance plan-inverse (a (inverse a s)) (s (run a s)))) :in-theory (disable run inverse))))

; Theorem 5, its core: the last recorded change was perhaps not made.
(defthm cut-off
  (equal (run (inverse (append a (list (cons p v))) s) (run a s)) s))

; Theorem 7: different places, either order.
(defthm set-comm
  (implies (and (natp p) (natp q) (not (equal p q)))
           (equal (set-at p v (set-at q w s)) (set-at q w (set-at p v s))))
  :rule-classes nil)

; Theorem 10: doing and undoing is a null operation, before and after any other.
(defun do-undo (a s) (run (inverse a s) (run a s)))

(defthm cno-do-undo
  (equal (do-undo a s) s))

(defthm cno-identity-element
  (and (equal (do-undo a (run b s)) (run b s))
       (equal (run b (do-undo a s)) (run b s))))

(defthm cno-composes
  (equal (do-undo b (do-undo a s)) s))

; Theorem 5, the decision: what a dead process recorded is kept, and what is dropped changed nothing.
(defun action (alive unlocked end changes is-event stands-empty)
  (cond (is-event 'take)
        (end (if (and (equal changes 0) (not stands-empty)) 'drop 'take))
        ((not (and (not alive) unlocked)) 'leave)
        ((equal changes 0) 'drop)
        (t 'complete)))

(defthm recorded-changes-are-kept
  (implies (and (posp changes) (not alive) unlocked)
           (member-equal (action alive unlocked end changes is-event stands-empty) '(take complete))))

(defthm dropped-changed-nothing
  (implies (equal (action alive unlocked end changes is-event stands-empty) 'drop)
           (equal changes 0))
  :rule-classes nil)
