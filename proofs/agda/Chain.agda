{-# OPTIONS --safe --without-K #-}
-- SPDX-License-Identifier: MPL-2.0
-- Theorem 9 in its simplest form: two chains of the same length and with the same head have the same rows, or two different inputs
-- of the digest with one value are in hand.

module Chain where

open import Plans

data Either (A B : Set) : Set where
  left  : A → Either A B
  right : B → Either A B

data Empty : Set where

Not : Set → Set
Not A = A → Empty

module Digests (Link Row : Set) (digest : Link → Row → Link) (genesis : Link)
  (same-link : (a b : Link) → Either (a ≡ b) (Not (a ≡ b)))
  (same-row : (a b : Row) → Either (a ≡ b) (Not (a ≡ b))) where

  -- The newest row first.
  head : List Row → Link
  head [] = genesis
  head (r ∷ rows) = digest (head rows) r

  record Collision : Set where
    constructor collision
    field
      link₁ link₂ : Link
      row₁ row₂ : Row
      differ : Not ((link₁ ≡ link₂) × (row₁ ≡ row₂))
      agree : digest link₁ row₁ ≡ digest link₂ row₂

  data SameLength : List Row → List Row → Set where
    none : SameLength [] []
    more : ∀ {r q rs qs} → SameLength rs qs → SameLength (r ∷ rs) (q ∷ qs)

  one-head-one-log : ∀ rs qs → SameLength rs qs → head rs ≡ head qs → Either (rs ≡ qs) Collision
  one-head-one-log [] [] none h = left refl
  one-head-one-log (r ∷ rs) (q ∷ qs) (more l) h with same-link (head rs) (head qs) | same-row r q
  ... | right n | _ = right (collision (head rs) (head qs) r q (λ p → n (_×_.first p)) h)
  ... | left _ | right n = right (collision (head rs) (head qs) r q (λ p → n (_×_.second p)) h)
  ... | left e | left refl with one-head-one-log rs qs l e
  ...   | left refl = left refl
  ...   | right c = right c
