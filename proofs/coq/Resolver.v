(* SPDX-License-Identifier: MPL-2.0 *)
(** * Path resolution

    From a path to the directory that the kernel stops at and the last component: `.` and `..`, absolute and relative
    symbolic links, a limit on links, permission to search. The tree that is walked is what the process sees as its root: `..` in the root stays
    in the root, and an absolute link starts there. *)

From Coq Require Import List NArith Lia Bool.
From Vsh Require Import Entries Cells Tree Inodes Access.
Import ListNotations.
Open Scope N_scope.

Inductive error :=
  ENOENT | ENOTDIR | EEXIST | EISDIR | ENOTEMPTY | EINVAL | ELOOP | EBUSY | EPERM | EACCES | ENAMETOOLONG.

Definition directory (s : istate) (p : position) : option (list (N * tree N)) :=
  match at_path (rev p) (names s) with Some (Dir _ es) => Some es | _ => None end.

(** Whether names in a directory may be looked up. *)
Definition searchable (c : caller) (s : istate) (p : position) : bool :=
  match at_path (rev p) (names s) with Some (Dir m _) => may_search c m | _ => false end.

Definition link_of (s : istate) (t : tree N) : option (bool * list component) :=
  match t with
  | Leaf i => match find i (nodes s) with Some (Symlink _ a c) => Some (a, c) | _ => None end
  | Dir _ _ => None
  end.

(** Which links at the end of a path are followed: one that nothing stands behind, and one that a slash stands behind. *)
Record following := Following { bare : bool; slashed : bool }.

(** None: for what makes, removes and renames names. *)
Definition no_link := Following false false.

(** Where resolution ends: a directory, the last component, which is looked up in it, and whether a slash stands behind that. *)
Record ending := Ending { parent : position; final : component; slash : bool }.

Definition is_slash (c : component) : bool := match c with Slash => true | _ => false end.

(** [links]: how many links may still be followed. *)
Fixpoint walk (fuel : nat) (links : N) (follow : following) (c : caller) (s : istate) (p : position) (cs : list component)
  : ending + error :=
  match fuel with
  | O => inr ELOOP
  | S fuel' =>
    match cs with
    | [] => inl (Ending p Here false)
    | Slash :: rest => walk fuel' links follow c s p rest
    | x :: rest =>
      let last := forallb is_slash rest in
      let slash := match rest with [] => false | _ => true end in
      match directory s p with
      | None => inr ENOTDIR
      | Some es =>
        if negb (searchable c s p) then inr EACCES else
        match x with
        | Here => if last then inl (Ending p Here slash) else walk fuel' links follow c s p rest
        | Up => if last then inl (Ending p Up slash) else walk fuel' links follow c s (tl p) rest
        | Name n =>
          match find n es with
          | None => if last then inl (Ending p x slash) else inr ENOENT
          | Some t =>
            match link_of s t with
            | Some (absolute, target) =>
              if last && negb (if slash then slashed follow else bare follow) then inl (Ending p x slash)
              else if links =? 0 then inr ELOOP
              else walk fuel' (links - 1) follow c s (if absolute then [] else p) (target ++ rest)
            | None =>
              if last then inl (Ending p x slash)
              else match t with Dir _ _ => walk fuel' links follow c s (n :: p) rest | Leaf _ => inr ENOTDIR end
            end
          end
        | _ => if last then inl (Ending p x slash) else inr ENAMETOOLONG
        end
      end
    end
  end.

(** What Linux follows at most in one resolution. *)
Definition link_limit : N := 40.

(** ** Theorem 6: resolution ends in real directories, and does not leave the root *)

Definition is_directory (s : istate) (p : position) : Prop := directory s p <> None.

Lemma at_path_app : forall a b (t : tree N),
  at_path (a ++ b) t = match at_path a t with Some u => at_path b u | None => None end.
Proof.
  induction a as [|x a IH]; intros b t; simpl; auto. destruct t as [i|m es]; auto. destruct (find x es); auto.
Qed.

Lemma directory_push : forall s p es n m fs, directory s p = Some es -> find n es = Some (Dir m fs) ->
  is_directory s (n :: p).
Proof.
  unfold is_directory, directory. intros s p es n m fs D F. simpl. rewrite at_path_app.
  destruct (at_path (rev p) (names s)) as [[i|k gs]|]; try discriminate. inversion D; subst. simpl. rewrite F. discriminate.
Qed.

Lemma directory_pop : forall s p, is_directory s p -> is_directory s (tl p).
Proof.
  unfold is_directory, directory. intros s [|n p] H; simpl in *; auto. rewrite at_path_app in H.
  destruct (at_path (rev p) (names s)) as [[i|k gs]|]; simpl in *; congruence.
Qed.

(** Wherever resolution ends, the kernel gets there from the root through real directories alone: no symbolic link and no
    `..` is left in the position, so that following it cannot lead elsewhere. *)
Theorem resolution_is_physical : forall fuel links follow c s p cs e,
  is_directory s [] -> is_directory s p -> walk fuel links follow c s p cs = inl e -> is_directory s (parent e).
Proof.
  induction fuel as [|fuel IH]; simpl; intros links follow c s p cs e R D H; [discriminate|].
  destruct cs as [|x rest]; [inversion H; subst; auto|].
  destruct (directory s p) as [es|] eqn:E; [|destruct x; try discriminate; eapply IH; eauto].
  destruct (searchable c s p); [|destruct x; try discriminate; eapply IH; eauto].
  destruct (forallb is_slash rest) eqn:L, x as [| |n| |]; simpl in H; try discriminate;
    try (inversion H; subst; auto; fail); try (eapply IH; eauto; fail);
    try (eapply (IH _ _ _ _ (tl p)); [exact R|apply directory_pop; exact D|exact H]).
  all: destruct (find n es) as [t|] eqn:F; [|inversion H; subst; auto].
  all: destruct (link_of s t) as [[absolute target]|]; [|destruct t; try (inversion H; subst; auto; fail)].
  all: try (eapply IH; [auto|eapply directory_push; eauto|eauto]; fail).
  all: repeat match type of H with (if ?b then _ else _) = _ => destruct b; simpl in H end; try discriminate;
    try (inversion H; subst; auto; fail).
  all: destruct absolute; (eapply IH; [exact R| |exact H]); auto.
Qed.

(** A name is found only in a directory that may be searched. *)
Theorem names_are_searched_for : forall fuel links follow c s p cs q n b,
  walk fuel links follow c s p cs = inl (Ending q (Name n) b) -> searchable c s q = true.
Proof.
  induction fuel as [|fuel IH]; simpl; intros links follow c s p cs q n b H; [discriminate|].
  repeat match type of H with
  | inl _ = inl _ => inversion H; subst; clear H
  | match ?x with _ => _ end = inl _ => destruct x eqn:?; try discriminate H; try (eapply IH; exact H)
  end.
  all: match goal with F : negb _ = false |- _ => apply negb_false_iff in F; exact F end.
Qed.

(** Theorem 6, for a root of its own (chroot): the root of the walk is a directory [r] of the whole tree. The position found
    is below [r] in the whole tree, and a real directory there. *)
Theorem resolution_in_a_root : forall fuel links follow c whole r t s p cs e,
  at_path r (names whole) = Some t -> s = State t (nodes whole) ->
  is_directory s [] -> is_directory s p -> walk fuel links follow c s p cs = inl e ->
  exists m es, at_path (r ++ rev (parent e)) (names whole) = Some (Dir m es) /\ prefix r (r ++ rev (parent e)).
Proof.
  intros fuel links follow c whole r t s p cs e A E R D H.
  pose proof (resolution_is_physical _ _ _ _ _ _ _ _ R D H) as Q.
  destruct e as [q x b]; simpl in *.
  unfold is_directory, directory in Q. subst s. simpl in Q.
  destruct (at_path (rev q) t) as [[i|m es]|] eqn:B; try congruence.
  exists m, es. split.
  - rewrite at_path_app, A. auto.
  - clear. induction r; simpl; auto.
Qed.

(** What lies outside the root has no part in the answer. *)
Theorem root_is_blind : forall fuel links follow c a b r t p cs,
  at_path r (names a) = Some t -> at_path r (names b) = Some t -> nodes a = nodes b ->
  forall u v, at_path r (names a) = Some u -> at_path r (names b) = Some v ->
  walk fuel links follow c (State u (nodes a)) p cs = walk fuel links follow c (State v (nodes b)) p cs.
Proof. intros. congruence. Qed.

(** `..` in the root stays in the root. *)
Theorem up_in_the_root : forall fuel links follow c s n cs, is_directory s [] -> searchable c s [] = true ->
  walk (S fuel) links follow c s [] (Up :: Name n :: cs) = walk fuel links follow c s [] (Name n :: cs).
Proof. intros. unfold is_directory in H. simpl. rewrite H0. destruct (directory s []); simpl; congruence. Qed.
