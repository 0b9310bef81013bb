{-# OPTIONS --safe --without-K #-}
-- SPDX-License-Identifier: MPL-2.0
-- A state that satisfies what Plans asks for: directories as functions would need extensionality, so the names of one directory
-- are a list of places, each with a file or nothing. It shows that the laws can be met, so that the theorems are not empty.

module Tree where

open import Plans

data Nat : Set where
  zero : Nat
  suc  : Nat → Nat

data Maybe (A : Set) : Set where
  nothing : Maybe A
  just    : A → Maybe A

-- What is at each name, by the number of the name; beyond the end nothing is and nothing can be put.
module Names (File : Set) where

  State : Set
  State = List (Maybe File)

  get : Nat → State → Maybe File
  get n [] = nothing
  get zero (x ∷ xs) = x
  get (suc n) (x ∷ xs) = get n xs

  set : Nat → Maybe File → State → State
  set n v [] = []
  set zero v (x ∷ xs) = v ∷ xs
  set (suc n) v (x ∷ xs) = x ∷ set n v xs

  set-get : ∀ p s → set p (get p s) s ≡ s
  set-get n [] = refl
  set-get zero (x ∷ xs) = refl
  set-get (suc n) (x ∷ xs) = cong (x ∷_) (set-get n xs)

  set-back : ∀ p v s → set p (get p s) (set p v s) ≡ s
  set-back n v [] = refl
  set-back zero v (x ∷ xs) = refl
  set-back (suc n) v (x ∷ xs) = cong (x ∷_) (set-back n v xs)

  data Apart : Nat → Nat → Set where
    zero-suc : ∀ {n} → Apart zero (suc n)
    suc-zero : ∀ {n} → Apart (suc n) zero
    suc-suc  : ∀ {n m} → Apart n m → Apart (suc n) (suc m)

  set-comm : ∀ p q v w s → Apart p q → set p v (set q w s) ≡ set q w (set p v s)
  set-comm p q v w [] i = refl
  set-comm zero (suc m) v w (x ∷ xs) zero-suc = refl
  set-comm (suc n) zero v w (x ∷ xs) suc-zero = refl
  set-comm (suc n) (suc m) v w (x ∷ xs) (suc-suc i) = cong (x ∷_) (set-comm n m v w xs i)

  open Cells State Nat (Maybe File) get set set-get set-back public
  open Independence Apart set-comm public

  -- Making a file and removing it again restores the directory.
  create-delete-file-reversible : ∀ n f s → get n s ≡ nothing → set n nothing (set n (just f) s) ≡ s
  create-delete-file-reversible n f s e =
    trans (cong (λ v → set n v (set n (just f) s)) (sym e)) (set-back n (just f) s)

  write-file-reversible : ∀ n old new s → get n s ≡ just old → set n (just old) (set n (just new) s) ≡ s
  write-file-reversible n old new s e =
    trans (cong (λ v → set n v (set n (just new) s)) (sym e)) (set-back n (just new) s)
