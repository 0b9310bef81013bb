(* SPDX-License-Identifier: MPL-2.0 *)
(** * The order of entries

    Undo and redo take the entry that was changed last. Two lists of entries in that order with the same members are one
    list, so that what an event does to a list can be said by its members. *)

From Coq Require Import List NArith Lia Bool Sorted.
From Vsh Require Import History.
Import ListNotations.
Open Scope N_scope.

Definition newer (a b : Entry) : Prop := changed b < changed a.
Definition descending (l : list Entry) : Prop := StronglySorted newer l.

Lemma in_insert : forall A (key : A -> N) x y l, In y (insert key x l) <-> y = x \/ In y l.
Proof.
  induction l as [|z l IH]; simpl; [intuition congruence|].
  destruct (key x <=? key z); simpl; [intuition congruence|]. rewrite IH. intuition congruence.
Qed.

Lemma in_sortedBy : forall A (key : A -> N) y l, In y (sortedBy key l) <-> In y l.
Proof.
  induction l as [|x l IH]; simpl; [tauto|]. rewrite in_insert, IH. intuition congruence.
Qed.

Definition older (a b : Entry) : Prop := changed a < changed b.

Lemma sorted_insert : forall x l, StronglySorted older l -> ~ In (changed x) (map changed l) ->
  StronglySorted older (insert changed x l).
Proof.
  induction l as [|y l IH]; simpl; intros S D; [repeat constructor|].
  inversion S; subst. destruct (N.leb_spec (changed x) (changed y)).
  - constructor; auto. constructor; unfold older in *; [assert (changed y <> changed x) by tauto; lia|].
    eapply Forall_impl; [|eassumption]. simpl; intros. assert (changed y <> changed x) by tauto. lia.
  - constructor; [apply IH; tauto|]. apply Forall_forall. intros z Z. apply in_insert in Z.
    rewrite Forall_forall in H2. destruct Z as [->|Z]; auto.
Qed.

Lemma sorted_sortedBy : forall l, NoDup (map changed l) -> StronglySorted older (sortedBy changed l).
Proof.
  induction l as [|x l IH]; simpl; intros D; [constructor|]. inversion D; subst.
  apply sorted_insert; auto. intros I. apply in_map_iff in I. destruct I as [y [E I]]. apply in_sortedBy in I.
  apply H1. rewrite <- E. apply in_map; auto.
Qed.

Lemma descending_rev : forall l, StronglySorted older l -> descending (rev l).
Proof.
  unfold descending. induction l as [|x l IH]; simpl; intros S; [constructor|]. inversion S; subst.
  assert (A : forall a y, StronglySorted newer a -> Forall (fun e => newer e y) a -> StronglySorted newer (a ++ [y])).
  { clear. induction a as [|b a IH]; simpl; intros y S F; [repeat constructor|].
    inversion S; inversion F; subst. constructor; auto. apply Forall_app. split; auto. }
  apply A; auto. apply Forall_forall. intros e E. apply in_rev in E. rewrite Forall_forall in H2.
  apply H2 in E. exact E.
Qed.

Lemma nodup_filter : forall f (l : list Entry), NoDup (map changed l) -> NoDup (map changed (filter f l)).
Proof.
  induction l as [|x l IH]; simpl; intros D; auto. inversion D; subst.
  destruct (f x); simpl; auto. constructor; auto.
  intros I. apply in_map_iff in I. destruct I as [y [E I]]. apply filter_In in I. destruct I as [I _].
  apply H1. rewrite <- E. apply in_map; auto.
Qed.

(** Two sorted lists with the same members are the same list. *)
Lemma descending_unique : forall a b, descending a -> descending b ->
  (forall e, In e a <-> In e b) -> a = b.
Proof.
  unfold descending. induction a as [|x a IH]; intros [|y b] S T E; auto.
  - destruct (proj2 (E y)); simpl; auto.
  - destruct (proj1 (E x)); simpl; auto.
  - inversion S; inversion T; subst. rewrite Forall_forall in *. unfold newer in *.
    assert (x = y) as <-.
    { destruct (proj1 (E x)) as [|X]; simpl; auto. destruct (proj2 (E y)) as [|Y]; simpl; auto.
      apply H2 in Y. apply H6 in X. lia. }
    f_equal. apply IH; auto. intros e. split; intros I.
    + destruct (proj1 (E e)) as [<-|]; simpl; auto. apply H2 in I. lia.
    + destruct (proj2 (E e)) as [<-|]; simpl; auto. apply H6 in I. lia.
Qed.

Lemma descending_filter : forall f l, descending l -> descending (filter f l).
Proof.
  unfold descending. induction l as [|x l IH]; simpl; intros S; auto. inversion S; subst.
  destruct (f x); auto. constructor; auto. rewrite Forall_forall in *. intros e E. apply filter_In in E. intuition.
Qed.
