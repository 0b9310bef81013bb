(* SPDX-License-Identifier: MPL-2.0 *)
(** * What records restore

    Names and objects, the records of an operation, and taking them back from the newest to the oldest; and which changes make no
    difference to that, because the records say what was there. Names stand for objects here, without directories. *)

From Coq Require Import List NArith Bool Lia.
From Vsh Require Import Planner.
Import ListNotations.
Open Scope N_scope.

(** ** Names, objects, records *)

(** [attributes o false] are the plain attributes of an object, [attributes o true] the extended ones. *)
Record state := State {
  names : N -> option N;
  content : N -> list N;
  attributes : N -> bool -> N
}.

Definition update {A} (f : N -> A) (k : N) (v : A) : N -> A := fun x => if x =? k then v else f x.

Definition set_name (p : N) (v : option N) (s : state) : state :=
  State (update (names s) p v) (content s) (attributes s).
Definition set_content (o : N) (c : list N) (s : state) : state :=
  State (names s) (update (content s) o c) (attributes s).
Definition set_attribute (o : N) (extended : bool) (a : N) (s : state) : state :=
  State (names s) (content s)
    (update (attributes s) o (fun e => if Bool.eqb e extended then a else attributes s o e)).

(** What a record keeps. *)
Inductive record :=
| Created (p : N)
| Removed (p o : N)
| Moved (p q : N)
| Content (o : N) (c : list N) (a x : N)
| Size (o : N) (n : nat) (a : N)
| Attributes (o : N) (a : N)
| Extended (o : N) (a x : N).

(** Taking a record back. *)
Definition undo (r : record) (s : state) : state :=
  match r with
  | Created p => set_name p None s
  | Removed p o => set_name p (Some o) s
  | Moved p q => set_name q None (set_name p (names s q) s)
  | Content o c a x => set_attribute o true x (set_attribute o false a (set_content o c s))
  | Size o n a => set_attribute o false a (set_content o (firstn n (content s o)) s)
  | Attributes o a => set_attribute o false a s
  | Extended o a x => set_attribute o true x (set_attribute o false a s)
  end.

(** Records are taken back from the newest, which is in front, to the oldest. *)
Fixpoint restore (rs : list record) (s : state) : state :=
  match rs with [] => s | r :: rest => restore rest (undo r s) end.

Ltac cases := unfold update; intros; repeat match goal with
  | |- context [?a =? ?b] => destruct (N.eqb_spec a b); subst; auto
  | |- context [Bool.eqb ?a ?b] => first [is_var a; destruct a | is_var b; destruct b]; simpl; auto
  end; try congruence.

Ltac same_states := split; simpl; [cases|intros ? ?; split; cases].

(** ** States that are the same for undo *)

Section Facts.

(** The objects that had a name before the operation. *)
Variable old : N -> Prop.

Definition same (s t : state) : Prop :=
  (forall p, names s p = names t p) /\
  (forall o, old o -> content s o = content t o /\ forall e, attributes s o e = attributes t o e).

Lemma same_refl : forall s, same s s.
Proof. split; auto. Qed.

Lemma same_trans : forall s t u, same s t -> same t u -> same s u.
Proof.
  intros s t u [A B] [C D]. split; [congruence|]. intros o O. destruct (B o O), (D o O). split; congruence.
Qed.

Lemma undo_same : forall r s t, same s t -> same (undo r s) (undo r t).
Proof.
  intros r s t [A B].
  assert (C : forall o, old o -> content s o = content t o) by (intros; apply B; auto).
  assert (D : forall o e, old o -> attributes s o e = attributes t o e) by (intros; apply B; auto).
  destruct r; split; simpl; cases; rewrite ?A; auto; split; cases; rewrite ?C; auto.
Qed.

Lemma restore_same : forall rs s t, same s t -> same (restore rs s) (restore rs t).
Proof. induction rs as [|r rs IH]; simpl; auto using undo_same. Qed.

(** ** What records cover *)

(** Taken back, the records give a name what it stood for, whatever it stands for now. *)
Fixpoint covers (rs : list record) (p : N) : bool :=
  match rs with
  | [] => false
  | Created q :: rest | Removed q _ :: rest => (q =? p) || covers rest p
  | Moved a b :: rest => negb (b =? p) && ((a =? p) || covers rest p)
  | _ :: rest => covers rest p
  end.

Fixpoint covers_content (rs : list record) (o : N) : bool :=
  match rs with
  | [] => false
  | Content q _ _ _ :: rest => (q =? o) || covers_content rest o
  | Size q _ _ :: rest => negb (q =? o) && covers_content rest o
  | _ :: rest => covers_content rest o
  end.

(** The length to which the newest record of a content cuts it. *)
Fixpoint cut (rs : list record) (o : N) : option nat :=
  match rs with
  | [] => None
  | Content q _ _ _ :: rest => if q =? o then None else cut rest o
  | Size q n _ :: rest => if q =? o then Some n else cut rest o
  | _ :: rest => cut rest o
  end.

Fixpoint covers_attributes (rs : list record) (o : N) (extended : bool) : bool :=
  match rs with
  | [] => false
  | Content q _ _ _ :: rest | Extended q _ _ :: rest => (q =? o) || covers_attributes rest o extended
  | Size q _ _ :: rest | Attributes q _ :: rest => (negb extended && (q =? o)) || covers_attributes rest o extended
  | _ :: rest => covers_attributes rest o extended
  end.

Lemma name_does_not_matter : forall rs s p v, covers rs p = true ->
  same (restore rs (set_name p v s)) (restore rs s).
Proof.
  induction rs as [|r rs IH]; intros s p v C; [discriminate|]. simpl in *.
  assert (commutes : same (undo r (set_name p v s)) (set_name p v (undo r s)) -> covers rs p = true ->
    same (restore rs (undo r (set_name p v s))) (restore rs (undo r s))).
  { intros S K. eapply same_trans; [apply restore_same; exact S|]. apply IH; auto. }
  destruct r as [q|q o|a b|o c a x|o n a|o a|o a x]; try (apply commutes; [same_states|exact C]).
  - apply orb_prop in C. destruct C as [C|C]; [|destruct (N.eqb_spec q p) as [E|E]; [|apply commutes; [same_states|exact C]]];
      apply restore_same; try apply N.eqb_eq in C; subst; same_states.
  - apply orb_prop in C. destruct C as [C|C]; [|destruct (N.eqb_spec q p) as [E|E]; [|apply commutes; [same_states|exact C]]];
      apply restore_same; try apply N.eqb_eq in C; subst; same_states.
  - apply andb_prop in C. destruct C as [B C]. apply negb_true_iff, N.eqb_neq in B.
    destruct (N.eqb_spec a p) as [E|E].
    + apply restore_same. subst. same_states.
    + apply commutes; [|simpl in C; exact C]. same_states.
Qed.

Lemma content_does_not_matter : forall rs s o c, covers_content rs o = true ->
  same (restore rs (set_content o c s)) (restore rs s).
Proof.
  induction rs as [|r rs IH]; intros s o c C; [discriminate|]. simpl in *.
  assert (commutes : same (undo r (set_content o c s)) (set_content o c (undo r s)) -> covers_content rs o = true ->
    same (restore rs (undo r (set_content o c s))) (restore rs (undo r s))).
  { intros S K. eapply same_trans; [apply restore_same; exact S|]. apply IH; auto. }
  destruct r as [q|q o'|a b|q d a x|q n a|q a|q a x]; try (apply commutes; [same_states|exact C]).
  - destruct (N.eqb_spec q o) as [E|E]; [|apply commutes; [same_states|exact C]].
    apply restore_same. subst. same_states.
  - apply andb_prop in C. destruct C as [B C]. apply negb_true_iff, N.eqb_neq in B.
    apply commutes; [same_states|exact C].
Qed.

(** What was added to a file that will be cut does not matter. *)
Lemma growth_does_not_matter : forall rs s o c n, cut rs o = Some n -> (n <= length (content s o))%nat ->
  same (restore rs (set_content o (content s o ++ c) s)) (restore rs s).
Proof.
  induction rs as [|r rs IH]; intros s o c n C L; [discriminate|]. simpl in *.
  assert (commutes : same (undo r (set_content o (content s o ++ c) s)) (set_content o (content (undo r s) o ++ c) (undo r s)) ->
    cut rs o = Some n -> content (undo r s) o = content s o ->
    same (restore rs (undo r (set_content o (content s o ++ c) s))) (restore rs (undo r s))).
  { intros S K E. eapply same_trans; [apply restore_same; exact S|]. apply (IH _ o c n); auto. rewrite E. auto. }
  destruct r as [q|q o'|a b|q d a x|q m a|q a|q a x]; try (apply commutes; [same_states|exact C|reflexivity]).
  - destruct (N.eqb_spec q o) as [E|E]; [discriminate|].
    apply commutes; [same_states|exact C|]. simpl. cases.
  - destruct (N.eqb_spec q o) as [E|E].
    + inversion C; subst. apply restore_same. split; simpl; auto. intros p O. split; cases.
      rewrite firstn_app. replace (n - length (content s o))%nat with 0%nat by lia. simpl. apply app_nil_r.
    + apply commutes; [same_states|exact C|]. simpl. cases.
Qed.

Lemma attributes_do_not_matter : forall rs s o e a, covers_attributes rs o e = true ->
  same (restore rs (set_attribute o e a s)) (restore rs s).
Proof.
  induction rs as [|r rs IH]; intros s o e v C; [discriminate|]. simpl in *.
  assert (commutes : same (undo r (set_attribute o e v s)) (set_attribute o e v (undo r s)) -> covers_attributes rs o e = true ->
    same (restore rs (undo r (set_attribute o e v s))) (restore rs (undo r s))).
  { intros S K. eapply same_trans; [apply restore_same; exact S|]. apply IH; auto. }
  assert (absorbs : same (undo r (set_attribute o e v s)) (undo r s) ->
    same (restore rs (undo r (set_attribute o e v s))) (restore rs (undo r s))) by apply restore_same.
  destruct r as [q|q o'|a b|q d a x|q m a|q a|q a x]; try (apply commutes; [same_states|exact C]);
    destruct (N.eqb_spec q o) as [E|E]; subst; destruct e; simpl in C;
    try (apply absorbs; split; simpl; auto; intros p O; split; cases; destruct e; auto; fail);
    apply commutes; auto; split; simpl; auto; intros p O; split; cases; destruct e; simpl; auto.
Qed.

End Facts.

Arguments undo_same {old}.
Arguments restore_same {old}.
Arguments same_trans {old}.
Arguments name_does_not_matter {old}.
Arguments content_does_not_matter {old}.
Arguments growth_does_not_matter {old}.
Arguments attributes_do_not_matter {old}.
