(* SPDX-License-Identifier: MPL-2.0 *)
(** * What each operation requires

    An operation that is not refused found what it needs. Each line below is a precondition that [mutations] takes away from
    [Operations] by turns: then the theorem fails. *)

From Coq Require Import List NArith Bool.
From Vsh Require Import Entries Cells Tree Inodes Resolver Operations.
Import ListNotations.
Open Scope N_scope.

(** A path names a place in a directory. *)
Definition names_a_place (c : caller) (s : istate) (follow : bool) (w : where_) (p : position) (n : N) : Prop :=
  resolve c s follow w = inl (p, Name n).

(** What must hold for an operation to plan something. *)
Definition requires (c : caller) (o : op) (s : istate) (a : iplan) : Prop :=
  match o with
  | Mkdir w _ | MakeSymlink w _ _ => exists p n, names_a_place c s false w p n /\
      entry_at s p n = None                                             (* nothing is there *)
  | Rmdir w => exists p n m, names_a_place c s false w p n /\
      entry_at s p n = Some (Dir m [])                                  (* a directory is there, and it is empty *)
  | Write w _ _ | Append w _ _ => exists p n, names_a_place c s true w p n /\
      (entry_at s p n = None \/
       exists i m b, entry_at s p n = Some (Leaf i) /\ find i (nodes s) = Some (File m b))   (* nothing, or a file *)
  | Unlink w => exists p n i, names_a_place c s false w p n /\
      entry_at s p n = Some (Leaf i)                                    (* something that is no directory *)
  | Link old new => exists p x i q m, resolve c s false old = inl (p, x) /\
      match x with Name n => entry_at s p n | _ => Some (names s) end = Some (Leaf i) /\
      names_a_place c s false new q m /\ entry_at s q m = None          (* no directory is linked; nothing is at the new name *)
  | Rename old new => exists p n q m t, names_a_place c s false old p n /\ names_a_place c s false new q m /\
      entry_at s p n = Some t /\                                        (* something is there *)
      is_prefix (rev p ++ [n]) (rev q) = false /\                       (* it does not go into itself *)
      is_prefix (rev q ++ [m]) (rev p) = false /\                       (* nor over what it is in *)
      (a = [] \/ match entry_at s q m with
       | None => True
       | Some u => is_dir t = is_dir u /\                               (* directories replace directories, and nothing else *)
           (is_dir u = true -> is_empty u = true)                       (* which must be empty *)
       end)
  | Chmod w _ => exists p x, resolve c s true w = inl (p, x) /\
      match x with Name n => entry_at s p n <> None | _ => True end     (* something is there *)
  | RemoveTree w => exists p n, names_a_place c s false w p n /\
      entry_at s p n <> None                                            (* something is there *)
  end.

(** What an operation plans, it plans only when all of this holds. *)
Theorem what_is_planned_was_allowed : forall c o s a, planned c o s = inl a -> requires c o s a.
Proof.
  intros c o s a H. unfold requires, names_a_place.
  destruct o; simpl in H; unfold write, rename, chmod_directory in H; cases H; inversion H; subst; clear H.
  all: try (do 2 eexists; split; [reflexivity|]; eauto; try congruence; fail).
  all: try (do 3 eexists; split; [reflexivity|]; eauto; fail).
  all: try (do 5 eexists; repeat split; try eassumption; try reflexivity; eauto; fail).
  - (* rmdir *)
    destruct t as [i|m [|e es]]; try discriminate. do 3 eexists. split; [reflexivity|]. eassumption.
  - (* write *) do 2 eexists. split; [reflexivity|]. right. eauto 6.
  - (* append *) do 2 eexists. split; [reflexivity|]. right. eauto 6.
  - (* link *)
    destruct t as [i|m es]; [|discriminate]. do 5 eexists. repeat split; try eassumption; reflexivity.
  - (* rename over something *)
    do 5 eexists. repeat split; try eassumption; try reflexivity. right.
    match goal with E : entry_at s p2 n0 = Some _ |- _ => rewrite E end.
    destruct t as [i|m [|e es]], t0 as [j|k [|f fs]]; simpl in *; try discriminate; auto.
  - (* rename *)
    do 5 eexists. repeat split; try eassumption; try reflexivity. right.
    match goal with E : entry_at s p2 n0 = None |- _ => rewrite E end. exact I.
Qed.
