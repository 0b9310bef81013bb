/- SPDX-License-Identifier: MPL-2.0

NOT CHECKED BY ANY LEAN. There is no package of Lean 4 that this project can install, so nobody has run this file: take it as
statements with an outline of their proofs, not as proofs. What it says is proven in coq/. It keeps to what old and new Lean 4
have in common, and needs no library.

Plans and their inverses: theorems 1, 2, 3, 4 and 10, for any state with places. -/

namespace Vsh

universe u v w

/-- A state with places: to write what is there changes nothing, and to put back what was there restores the whole state. -/
structure Cells (State : Type u) (Place : Type v) (Value : Type w) where
  get : Place → State → Value
  set : Place → Value → State → State
  set_get : ∀ p s, set p (get p s) s = s
  set_back : ∀ p x s, set p (get p s) (set p x s) = s

variable {State : Type u} {Place : Type v} {Value : Type w}

def run (c : Cells State Place Value) : List (Place × Value) → State → State
  | [], s => s
  | (p, x) :: rest, s => run c rest (c.set p x s)

/-- The values that a plan overwrites, the last one first. -/
def inverse (c : Cells State Place Value) : List (Place × Value) → State → List (Place × Value)
  | [], _ => []
  | (p, x) :: rest, s => inverse c rest (c.set p x s) ++ [(p, c.get p s)]

theorem run_append (c : Cells State Place Value) :
    ∀ (a b : List (Place × Value)) (s : State), run c (a ++ b) s = run c b (run c a s)
  | [], _, _ => rfl
  | (p, x) :: a, b, s => run_append c a b (c.set p x s)

/-- Theorem 1: the inverse is exact. -/
theorem plan_inverse (c : Cells State Place Value) :
    ∀ (a : List (Place × Value)) (s : State), run c (inverse c a s) (run c a s) = s
  | [], _ => rfl
  | (p, x) :: a, s =>
    Eq.trans (run_append c (inverse c a (c.set p x s)) [(p, c.get p s)] (run c a (c.set p x s)))
      (Eq.trans (congrArg (c.set p (c.get p s)) (plan_inverse c a (c.set p x s))) (c.set_back p x s))

/-- Theorem 1: the inverse of the inverse does it again. -/
theorem inverse_of_inverse (c : Cells State Place Value) (a : List (Place × Value)) (s : State) :
    run c (inverse c (inverse c a s) (run c a s)) s = run c a s :=
  Eq.trans (congrArg (run c (inverse c (inverse c a s) (run c a s))) (Eq.symm (plan_inverse c a s)))
    (plan_inverse c (inverse c a s) (run c a s))

/-- Theorem 10: a program that leaves every state as it is. -/
def Null (f : State → State) : Prop := ∀ s, f s = s

/-- Theorem 10: doing and undoing is a null operation. -/
theorem cno_do_undo (c : Cells State Place Value) (a : List (Place × Value)) :
    Null (fun s => run c (inverse c a s) (run c a s)) :=
  fun s => plan_inverse c a s

/-- Theorem 10: null operations are the identity of composition, on both sides. -/
theorem cno_identity_element (f g : State → State) (n : Null f) (s : State) : f (g s) = g s ∧ g (f s) = g s :=
  And.intro (n (g s)) (congrArg g (n s))

/-- Theorem 10: null operations compose. -/
theorem cno_composes (f g : State → State) (n : Null f) (m : Null g) : Null (fun s => g (f s)) :=
  fun s => Eq.trans (congrArg g (n s)) (m s)

/-- Plans that, one after the other, lead from a state to another. -/
inductive Leads (c : Cells State Place Value) : List (List (Place × Value)) → State → State → Prop where
  | here (s : State) : Leads c [] s s
  | step (a : List (Place × Value)) (d : List (List (Place × Value))) (s t : State) :
      Leads c d (run c a s) t → Leads c (a :: d) s t

/-- Theorem 2: after a command, its inverse and the way back before it are a way back. -/
theorem leads_back (c : Cells State Place Value) (a : List (Place × Value)) (d : List (List (Place × Value)))
    (s t : State) (l : Leads c d s t) : Leads c (inverse c a s :: d) (run c a s) t :=
  Leads.step (inverse c a s) d (run c a s) t (by rw [plan_inverse c a s]; exact l)

/-- Theorem 2: with everything undone, the state is the one at the beginning. -/
theorem operation_sequence_reversible (c : Cells State Place Value) (s t : State) (l : Leads c [] s t) : s = t := by
  cases l with
  | here => rfl

/-- Theorem 2: undo after a command, and redo after that undo, are identities. -/
theorem undo_after_do (c : Cells State Place Value) (a : List (Place × Value)) (s : State) :
    run c (inverse c a s) (run c a s) = s ∧
    run c (inverse c (inverse c a s) (run c a s)) (run c (inverse c a s) (run c a s)) = run c a s :=
  And.intro (plan_inverse c a s)
    (plan_inverse c (inverse c a s) (run c a s))

/-- Takes everything back. -/
def undoAll (c : Cells State Place Value) : List (List (Place × Value)) → State → State
  | [], s => s
  | a :: d, s => undoAll c d (run c a s)

/-- Theorem 4: a rollback undoes what was done since begin, whatever that was. -/
theorem rollback_restores (c : Cells State Place Value) (d : List (List (Place × Value))) (s t : State)
    (l : Leads c d s t) : undoAll c d s = t := by
  induction l with
  | here => rfl
  | step a d s t _ ih => exact ih

/-- What was at a place before a command, and what the command left there. -/
structure Change (Place : Type v) (Value : Type w) where
  place : Place
  before : Value
  after : Value

/-- Undo looks at each place before it restores it, the newest change first; `none`: it refuses. -/
def restore [DecidableEq Value] (c : Cells State Place Value) : List (Change Place Value) → State → Option State
  | [], s => some s
  | r :: rest, s => if c.get r.place s = r.after then restore c rest (c.set r.place r.before s) else none

/-- Everything that is restored is apart from a place. -/
def Apart (apart : Place → Place → Prop) : List (Change Place Value) → Place → Prop
  | [], _ => True
  | r :: rest, q => apart r.place q ∧ Apart apart rest q

/-- Theorem 3: whatever others did in between, undo touches nothing but what the command touched. (A refusal gives no state: the one
that was there stays.) -/
theorem undo_touches_nothing_else [DecidableEq Value] (c : Cells State Place Value) (apart : Place → Place → Prop)
    (far : ∀ p q x s, apart p q → c.get q (c.set p x s) = c.get q s) :
    ∀ (rs : List (Change Place Value)) (s t : State) (q : Place),
      restore c rs s = some t → Apart apart rs q → c.get q t = c.get q s
  | [], s, t, q, h, _ => by
    have e : s = t := Option.some.inj h
    rw [e]
  | r :: rest, s, t, q, h, a => by
    by_cases e : c.get r.place s = r.after
    · have h' : restore c rest (c.set r.place r.before s) = some t := by
        have k := h
        simp only [restore, if_pos e] at k
        exact k
      exact Eq.trans (undo_touches_nothing_else c apart far rest (c.set r.place r.before s) t q h' a.2)
        (far r.place q r.before s a.1)
    · have k := h
      simp only [restore, if_neg e] at k
      cases k

end Vsh
