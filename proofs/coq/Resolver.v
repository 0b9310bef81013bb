(* SPDX-License-Identifier: MPL-2.0 *)
(** * Path resolution

    From a path to the directory that the kernel stops at and the last component: `.` and `..`, absolute and relative
    symbolic links, a limit on links. The tree that is walked is what the process sees as its root: `..` in the root stays
    in the root, and an absolute link starts there. *)

From Coq Require Import List NArith Lia Bool.
From Vsh Require Import Entries Cells Tree Inodes.
Import ListNotations.
Open Scope N_scope.

Inductive error := ENOENT | ENOTDIR | EEXIST | EISDIR | ENOTEMPTY | EINVAL | ELOOP | EBUSY | EPERM.

(** A position: names from the root, the innermost first. *)
Definition position := list N.

Definition directory (s : istate) (p : position) : option (list (N * tree N)) :=
  match at_path (rev p) (names s) with Some (Dir _ es) => Some es | _ => None end.

Definition link_of (s : istate) (t : tree N) : option (bool * list component) :=
  match t with
  | Leaf i => match find i (nodes s) with Some (Symlink _ a c) => Some (a, c) | _ => None end
  | Dir _ _ => None
  end.

(** The directory and the last component. [links]: how many links may still be followed; [follow]: also the last one. *)
Fixpoint walk (fuel : nat) (links : N) (follow : bool) (s : istate) (p : position) (cs : list component)
  : (position * component) + error :=
  match fuel with
  | O => inr ELOOP
  | S fuel' =>
    match cs with
    | [] => inl (p, Here)
    | c :: rest =>
      match directory s p, c, rest with
      | None, _, _ => inr ENOTDIR
      | Some _, Here, [] => inl (p, Here)
      | Some _, Up, [] => inl (p, Up)
      | Some _, Here, _ => walk fuel' links follow s p rest
      | Some _, Up, _ => walk fuel' links follow s (tl p) rest
      | Some es, Name n, _ =>
        match find n es with
        | None => match rest with [] => inl (p, Name n) | _ => inr ENOENT end
        | Some t =>
          let last := match rest with [] => true | _ => false end in
          match link_of s t with
          | Some (absolute, target) =>
            if last && negb follow then inl (p, Name n)
            else if links =? 0 then inr ELOOP
            else walk fuel' (links - 1) follow s (if absolute then [] else p) (target ++ rest)
          | None =>
            if last then inl (p, Name n)
            else match t with Dir _ _ => walk fuel' links follow s (n :: p) rest | Leaf _ => inr ENOTDIR end
          end
        end
      end
    end
  end.

(** What Linux follows at most in one resolution. *)
Definition link_limit : N := 40.

(** ** Theorem 6: resolution ends in real directories, and does not leave the root *)

Definition is_directory (s : istate) (p : position) : Prop := directory s p <> None.

Lemma directory_push : forall s p es n m fs, directory s p = Some es -> find n es = Some (Dir m fs) ->
  is_directory s (n :: p).
Proof.
  unfold is_directory, directory. intros s p es n m fs D F. simpl.
  assert (A : forall d (t : tree N), at_path (d ++ [n]) t =
    match at_path d t with Some u => entry_of n u | None => None end).
  { clear. induction d as [|x d IH]; intros t; simpl.
    - destruct t as [i|k gs]; simpl; auto. destruct (find n gs); auto.
    - destruct t as [i|k gs]; auto. destruct (find x gs); auto. }
  rewrite A. destruct (at_path (rev p) (names s)) as [[i|k gs]|]; try discriminate.
  inversion D; subst. simpl. rewrite F. discriminate.
Qed.

Lemma directory_pop : forall s p, is_directory s p -> is_directory s (tl p).
Proof.
  unfold is_directory, directory. intros s [|n p] H; simpl in *; auto.
  assert (A : forall d (t : tree N), at_path (d ++ [n]) t =
    match at_path d t with Some u => entry_of n u | None => None end).
  { clear. induction d as [|x d IH]; intros t; simpl.
    - destruct t as [i|k gs]; simpl; auto. destruct (find n gs); auto.
    - destruct t as [i|k gs]; auto. destruct (find x gs); auto. }
  rewrite A in H. destruct (at_path (rev p) (names s)) as [[i|k gs]|]; simpl in *; try discriminate; congruence.
Qed.

(** Wherever resolution ends, the kernel gets there from the root through real directories alone: no symbolic link and no
    `..` is left in the position, so that following it cannot lead elsewhere. *)
Theorem resolution_is_physical : forall fuel links follow s p cs q c,
  is_directory s [] -> is_directory s p -> walk fuel links follow s p cs = inl (q, c) -> is_directory s q.
Proof.
  induction fuel as [|fuel IH]; simpl; intros links follow s p cs q c R D H; [discriminate|].
  destruct cs as [|c0 rest]; [inversion H; subst; auto|].
  destruct (directory s p) as [es|] eqn:E; [|discriminate].
  destruct c0 as [| |n].
  - destruct rest; [inversion H; subst; auto|]. eapply IH; eauto.
  - destruct rest; [inversion H; subst; auto|]. eapply IH; [auto|apply directory_pop; exact D|eauto].
  - destruct (find n es) as [t|] eqn:F.
    + destruct (link_of s t) as [[absolute target]|] eqn:L.
      * destruct ((match rest with [] => true | _ => false end) && negb follow); [inversion H; subst; auto|].
        destruct (links =? 0); [discriminate|].
        eapply (IH _ _ s (if absolute then [] else p)); [exact R|destruct absolute; auto|eassumption].
      * destruct rest as [|r rest]; [inversion H; subst; auto|].
        destruct t as [i|m fs]; [discriminate|].
        eapply IH; [auto|eapply directory_push; eauto|eauto].
    + destruct rest; [inversion H; subst; auto|discriminate].
Qed.

(** Theorem 6, for a root of its own (chroot): the root of the walk is a directory [r] of the whole tree. The position found
    is below [r] in the whole tree, and a real directory there. *)
Theorem resolution_in_a_root : forall fuel links follow whole r t s p cs q c,
  at_path r (names whole) = Some t -> s = State t (nodes whole) ->
  is_directory s [] -> is_directory s p -> walk fuel links follow s p cs = inl (q, c) ->
  exists m es, at_path (r ++ rev q) (names whole) = Some (Dir m es) /\ prefix r (r ++ rev q).
Proof.
  intros fuel links follow whole r t s p cs q c A E R D H.
  pose proof (resolution_is_physical _ _ _ _ _ _ _ _ R D H) as Q.
  assert (cut : forall a b u, at_path (a ++ b) u =
    match at_path a u with Some v => at_path b v | None => @None (tree N) end).
  { clear. induction a as [|x a IH]; intros b u; simpl; auto.
    destruct u as [i|k gs]; auto. destruct (find x gs); auto. }
  unfold is_directory, directory in Q. subst s. simpl in Q.
  destruct (at_path (rev q) t) as [[i|m es]|] eqn:B; try congruence.
  exists m, es. split.
  - rewrite cut, A. auto.
  - clear. induction r; simpl; auto.
Qed.

(** What lies outside the root has no part in the answer. *)
Theorem root_is_blind : forall fuel links follow a b r t p cs,
  at_path r (names a) = Some t -> at_path r (names b) = Some t -> nodes a = nodes b ->
  forall u v, at_path r (names a) = Some u -> at_path r (names b) = Some v ->
  walk fuel links follow (State u (nodes a)) p cs = walk fuel links follow (State v (nodes b)) p cs.
Proof. intros. congruence. Qed.

(** `..` in the root stays in the root. *)
Theorem up_in_the_root : forall fuel links follow s c cs, is_directory s [] ->
  walk (S fuel) links follow s [] (Up :: c :: cs) = walk fuel links follow s [] (c :: cs).
Proof. intros. unfold is_directory in H. simpl. destruct (directory s []); congruence. Qed.
