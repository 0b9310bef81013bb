/- SPDX-License-Identifier: MPL-2.0

NOT CHECKED BY ANY LEAN; see Plans.lean.

Theorem 6: path resolution with `..`, absolute and relative symbolic links and a limit ends in a real directory. -/

namespace Vsh

inductive Component where
  | here : Component
  | up : Component
  | name : Nat → Component

/-- What stands at a name. -/
inductive Entry where
  | absent : Entry
  | directory : Entry
  | link : Bool → List Component → Entry
  | other : Entry

/-- A tree of files by what is in its directories; a position is the names from the root, the innermost first. -/
structure Files where
  entry : List Nat → Nat → Entry
  isDirectory : List Nat → Prop
  root : isDirectory []
  into : ∀ p n, isDirectory p → entry p n = Entry.directory → isDirectory (n :: p)
  outOf : ∀ p, isDirectory p → isDirectory p.tail

/-- The directory that a path leads to: `none` when there is none, or too many links. -/
def walk (f : Files) : Nat → List Nat → List Component → Option (List Nat)
  | _, p, [] => some p
  | 0, _, _ :: _ => none
  | fuel + 1, p, Component.here :: rest => walk f fuel p rest
  | fuel + 1, p, Component.up :: rest => walk f fuel p.tail rest
  | fuel + 1, p, Component.name n :: rest =>
    match f.entry p n with
    | Entry.absent => none
    | Entry.other => none
    | Entry.directory => walk f fuel (n :: p) rest
    | Entry.link absolute target => walk f fuel (if absolute then [] else p) (target ++ rest)

/-- `..` in the root stays in the root. -/
theorem up_in_the_root (f : Files) (fuel : Nat) (rest : List Component) :
    walk f (fuel + 1) [] (Component.up :: rest) = walk f fuel [] rest := rfl

/-- Theorem 6: wherever resolution ends, the kernel gets there from the root through real directories alone. -/
theorem sandbox_contains (f : Files) :
    ∀ (fuel : Nat) (p : List Nat) (cs : List Component) (q : List Nat),
      f.isDirectory p → walk f fuel p cs = some q → f.isDirectory q := by
  intro fuel
  induction fuel with
  | zero =>
    intro p cs q d h
    cases cs with
    | nil => exact Option.some.inj h ▸ d
    | cons c rest => simp [walk] at h
  | succ fuel ih =>
    intro p cs q d h
    cases cs with
    | nil =>
      simp only [walk] at h
      exact Option.some.inj h ▸ d
    | cons c rest =>
      cases c with
      | here => exact ih p rest q d h
      | up => exact ih p.tail rest q (f.outOf p d) h
      | name n =>
        simp only [walk] at h
        cases e : f.entry p n with
        | absent => simp [e] at h
        | other => simp [e] at h
        | directory =>
          rw [e] at h
          exact ih (n :: p) rest q (f.into p n d e) h
        | link absolute target =>
          rw [e] at h
          cases absolute with
          | true => exact ih [] (target ++ rest) q f.root h
          | false => exact ih p (target ++ rest) q d h

end Vsh
