{-# OPTIONS --safe --without-K #-}
-- SPDX-License-Identifier: MPL-2.0
-- Plans and their inverses, again from the beginning and in another system: theorems 1, 2, 3 (its core), 4, 5 (its core), 7 and 10
-- for any state whose places can be read and set. Nothing is imported.

module Plans where

-- Equality

data _≡_ {A : Set} (x : A) : A → Set where
  refl : x ≡ x

infix 4 _≡_

sym : {A : Set} {x y : A} → x ≡ y → y ≡ x
sym refl = refl

trans : {A : Set} {x y z : A} → x ≡ y → y ≡ z → x ≡ z
trans refl q = q

cong : {A B : Set} (f : A → B) {x y : A} → x ≡ y → f x ≡ f y
cong f refl = refl

-- Lists and pairs

data List (A : Set) : Set where
  []  : List A
  _∷_ : A → List A → List A

infixr 5 _∷_

_++_ : {A : Set} → List A → List A → List A
[] ++ ys = ys
(x ∷ xs) ++ ys = x ∷ (xs ++ ys)

infixr 5 _++_

record _×_ (A B : Set) : Set where
  constructor _,_
  field
    first  : A
    second : B

infixr 4 _,_
open _×_

-- A state with places: to write what is there changes nothing, and to put back what was there restores the whole state.

module Cells
  (State Place Value : Set)
  (get : Place → State → Value)
  (set : Place → Value → State → State)
  (set-get  : ∀ p s → set p (get p s) s ≡ s)
  (set-back : ∀ p v s → set p (get p s) (set p v s) ≡ s)
  where

  Plan : Set
  Plan = List (Place × Value)

  run : Plan → State → State
  run [] s = s
  run ((p , v) ∷ rest) s = run rest (set p v s)

  -- The values that a plan overwrites, the last one first.
  inverse : Plan → State → Plan
  inverse [] s = []
  inverse ((p , v) ∷ rest) s = inverse rest (set p v s) ++ ((p , get p s) ∷ [])

  run-++ : ∀ a b s → run (a ++ b) s ≡ run b (run a s)
  run-++ [] b s = refl
  run-++ ((p , v) ∷ a) b s = run-++ a b (set p v s)

  -- Theorem 1: the inverse is exact.
  plan-inverse : ∀ a s → run (inverse a s) (run a s) ≡ s
  plan-inverse [] s = refl
  plan-inverse ((p , v) ∷ a) s =
    trans (run-++ (inverse a (set p v s)) ((p , get p s) ∷ []) (run a (set p v s)))
    (trans (cong (set p (get p s)) (plan-inverse a (set p v s)))
           (set-back p v s))

  -- Theorem 1: the inverse of the inverse does it again.
  inverse-of-inverse : ∀ a s → run (inverse (inverse a s) (run a s)) s ≡ run a s
  inverse-of-inverse a s =
    trans (cong (run (inverse (inverse a s) (run a s))) (sym (plan-inverse a s)))
          (plan-inverse (inverse a s) (run a s))

  -- Theorem 5, its core: a command that was cut off in a change that was recorded, and perhaps not made.
  cut-off : ∀ a p v s → run (inverse (a ++ ((p , v) ∷ [])) s) (run a s) ≡ s
  cut-off [] p v s = set-get p s
  cut-off ((q , w) ∷ a) p v s =
    trans (run-++ (inverse (a ++ ((p , v) ∷ [])) (set q w s)) ((q , get q s) ∷ []) (run a (set q w s)))
    (trans (cong (set q (get q s)) (cut-off a p v (set q w s)))
           (set-back q w s))

  -- Theorem 10: null programs.
  Null : (State → State) → Set
  Null f = ∀ s → f s ≡ s

  do-undo : Plan → State → State
  do-undo a s = run (inverse a s) (run a s)

  cno-do-undo : ∀ a → Null (do-undo a)
  cno-do-undo = plan-inverse

  cno-left : ∀ f → Null f → (g : State → State) → ∀ s → f (g s) ≡ g s
  cno-left f n g s = n (g s)

  cno-right : ∀ f → Null f → (g : State → State) → ∀ s → g (f s) ≡ g s
  cno-right f n g s = cong g (n s)

  cno-composes : ∀ f g → Null f → Null g → Null (λ s → g (f s))
  cno-composes f g n m s = trans (cong g (n s)) (m s)

  -- A session: what was done and what can be redone, each with the plan that takes it back or does it again. Either list
  -- leads from the present state.

  data Leads : List Plan → State → State → Set where
    here : ∀ {s} → Leads [] s s
    step : ∀ {a as s t} → Leads as (run a s) t → Leads (a ∷ as) s t

  record Session : Set where
    constructor session
    field
      disk : State
      done : List Plan
      undone : List Plan
  open Session

  Sound : State → Session → Set
  Sound s₀ m = Leads (done m) (disk m) s₀

  perform : Plan → Session → Session
  perform a (session s d u) = session (run a s) (inverse a s ∷ d) []

  undo : Session → Session
  undo (session s [] u) = session s [] u
  undo (session s (a ∷ d) u) = session (run a s) d (inverse a s ∷ u)

  redo : Session → Session
  redo (session s d []) = session s d []
  redo (session s d (a ∷ u)) = session (run a s) (inverse a s ∷ d) u

  leads-back : ∀ {d a s t} → Leads d s t → Leads (inverse a s ∷ d) (run a s) t
  leads-back {d} {a} {s} {t} l = step (subst (plan-inverse a s) l)
    where
    subst : ∀ {x y} → x ≡ y → Leads d y t → Leads d x t
    subst refl m = m

  -- Theorem 2: every event keeps the way back to the beginning.
  perform-sound : ∀ s₀ a m → Sound s₀ m → Sound s₀ (perform a m)
  perform-sound s₀ a (session s d u) l = leads-back {a = a} l

  undo-sound : ∀ s₀ m → Sound s₀ m → Sound s₀ (undo m)
  undo-sound s₀ (session s [] u) l = l
  undo-sound s₀ (session s (a ∷ d) u) (step l) = l

  redo-sound : ∀ s₀ m → Sound s₀ m → Sound s₀ (redo m)
  redo-sound s₀ (session s d []) l = l
  redo-sound s₀ (session s d (a ∷ u)) l = leads-back {a = a} l

  -- Theorem 2: with everything undone, the state is the one at the beginning.
  all-undone : ∀ s₀ m → Sound s₀ m → done m ≡ [] → disk m ≡ s₀
  all-undone s₀ (session s .[] u) here refl = refl

  -- Theorem 2: undo after a command is the identity; redo after undo too.
  undo-perform : ∀ a m → disk (undo (perform a m)) ≡ disk m
  undo-perform a (session s d u) = plan-inverse a s

  redo-undo : ∀ a s d u → disk (redo (undo (session s (a ∷ d) u))) ≡ s
  redo-undo a s d u = plan-inverse a s

  undo-redo : ∀ a s d u → disk (undo (redo (session s d (a ∷ u)))) ≡ s
  undo-redo a s d u = plan-inverse a s

  -- Theorem 4: a rollback undoes what was done since begin, whatever that was.
  undo-all : List Plan → State → State
  undo-all [] s = s
  undo-all (a ∷ d) s = undo-all d (run a s)

  rollback-restores : ∀ {d s b} → Leads d s b → undo-all d s ≡ b
  rollback-restores here = refl
  rollback-restores (step l) = rollback-restores l

  -- Theorem 7: independent commands can change their order.
  module Independence
    (Apart : Place → Place → Set)
    (set-comm : ∀ p q v w s → Apart p q → set p v (set q w s) ≡ set q w (set p v s))
    where

    data All (p : Place) : Plan → Set where
      none : All p []
      more : ∀ {q w b} → Apart p q → All p b → All p ((q , w) ∷ b)

    data Independent : Plan → Plan → Set where
      none : ∀ {b} → Independent [] b
      more : ∀ {p v a b} → All p b → Independent a b → Independent ((p , v) ∷ a) b

    set-run : ∀ p v b s → All p b → set p v (run b s) ≡ run b (set p v s)
    set-run p v [] s none = refl
    set-run p v ((q , w) ∷ b) s (more i is) =
      trans (set-run p v b (set q w s) is) (cong (run b) (set-comm p q v w s i))

    operation-independence : ∀ a b s → Independent a b → run a (run b s) ≡ run b (run a s)
    operation-independence [] b s none = refl
    operation-independence ((p , v) ∷ a) b s (more i is) =
      trans (cong (run a) (set-run p v b s i)) (operation-independence a b (set p v s) is)
