(* SPDX-License-Identifier: MPL-2.0 *)
(** * What is left out was rightly left out

    An operation of any commands, each recorded as [Planner] decides: at every moment its records, taken back from the newest
    to the oldest, give the names as they were before it, and the objects that had names then as they were (theorem 1, for
    what the shell records). Directories, whose renaming moves names, only make the shell forget what it knows ([forget]). *)

From Coq Require Import List NArith Bool Lia.
From Vsh Require Import Planner Records.
Import ListNotations.
Open Scope N_scope.

Section Facts.

(** The objects that had names before the operation. *)
Variable old : N -> Prop.

Local Notation same := (same old).

(** ** Commands *)

(** What the shell knows in the middle of an operation, and the records that it has written, the newest first. *)
Record machine := Machine {
  now : state;
  written : list record;
  of_object : N -> ObjectKnowledge;
  of_name : N -> NameKnowledge
}.

Definition note_object (o : N) (f : ObjectKnowledge -> ObjectKnowledge) (k : N -> ObjectKnowledge) := update k o (f (k o)).
Definition cover (p : N) (k : N -> NameKnowledge) : N -> NameKnowledge :=
  update k p (MakeNameKnowledge true (isCreated (k p)) (isTouched (k p))).

Definition with_content (k : ObjectKnowledge) := MakeObjectKnowledge (isBorn k) true (hasSize k) true true.
Definition with_size (k : ObjectKnowledge) := MakeObjectKnowledge (isBorn k) (hasContent k) true true (hasExtended k).
Definition with_attributes (extended : bool) (k : ObjectKnowledge) :=
  MakeObjectKnowledge (isBorn k) (hasContent k) (hasSize k) true (hasExtended k || extended).
Definition born (k : ObjectKnowledge) := MakeObjectKnowledge true (hasContent k) (hasSize k) (hasAttributes k) (hasExtended k).

Definition when {A} (b : bool) (x : A) (l : list A) : list A := if b then x :: l else l.

(** The commands, each with the records that are written before it and what is known after it. *)
Inductive step : machine -> machine -> Prop :=
(** A new object gets a new name. Whether the shell notes that it made the object is its own affair. *)
| make : forall m p o c a noted, names (now m) p = None -> ~ old o -> (forall q, names (now m) q <> Some o) ->
    of_object m o = MakeObjectKnowledge false false false false false ->
    step m (Machine
      (State (update (names (now m)) p (Some o)) (update (content (now m)) o c) (update (attributes (now m)) o a))
      (when (needsCreation false (of_name m p)) (Created p) (written m))
      (if noted : bool then note_object o born (of_object m) else of_object m)
      (cover p (of_name m)))
(** A hard link. *)
| link : forall m p q o, names (now m) p = Some o -> names (now m) q = None ->
    step m (Machine (set_name q (Some o) (now m)) (when (needsCreation true (of_name m q)) (Created q) (written m))
      (of_object m) (cover q (of_name m)))
(** Something else is written into a file, through whatever name. *)
| write : forall m o c a,
    step m (Machine (set_attribute o false a (set_content o c (now m)))
      (match contentPlan false (of_object m o) with
       | ContentPlan_nothing => written m
       | _ => Content o (content (now m) o) (attributes (now m) o false) (attributes (now m) o true) :: written m
       end)
      (match contentPlan false (of_object m o) with
       | ContentPlan_nothing => of_object m
       | _ => note_object o with_content (of_object m)
       end)
      (of_name m))
(** A file grows. *)
| append : forall m o c a,
    step m (Machine (set_attribute o false a (set_content o (content (now m) o ++ c) (now m)))
      (match contentPlan true (of_object m o) with
       | ContentPlan_size => Size o (length (content (now m) o)) (attributes (now m) o false) :: written m
       | _ => written m
       end)
      (match contentPlan true (of_object m o) with
       | ContentPlan_size => note_object o with_size (of_object m)
       | _ => of_object m
       end)
      (of_name m))
(** Attributes are set. *)
| alter : forall m o (extended : bool) a x,
    step m (Machine (let s := set_attribute o false a (now m) in if extended then set_attribute o true x s else s)
      (when (needsAttributes extended (of_object m o))
        (if extended then Extended o (attributes (now m) o false) (attributes (now m) o true)
         else Attributes o (attributes (now m) o false)) (written m))
      (if needsAttributes extended (of_object m o) then note_object o (with_attributes extended) (of_object m)
       else of_object m)
      (of_name m))
(** A name is removed. *)
| unlink : forall m p o, names (now m) p = Some o ->
    step m (Machine (set_name p None (now m)) (when (needsRemoval (of_object m o)) (Removed p o) (written m))
      (of_object m) (if needsRemoval (of_object m o) then cover p (of_name m) else of_name m))
(** A rename to a name that stands for nothing, or for another object. *)
| rename : forall m p q o r, p <> q -> names (now m) p = Some o -> names (now m) q = r -> r <> Some o ->
    let plan := renamePlan (of_object m o) (option_map (of_object m) r) (of_name m q) in
    step m (Machine (set_name p None (set_name q (Some o) (now m)))
      (when (notesMove plan) (Moved p q)
        (when (notesCreation plan) (Created q)
          (match r with Some o' => when (keepsReplaced plan) (Removed q o') (written m) | None => written m end)))
      (of_object m) (cover p (cover q (of_name m))))
(** Something of what was known is forgotten: always after the renaming of a directory. *)
| forget : forall m objects_ names_,
    (forall o, objects_ o = of_object m o \/ objects_ o = MakeObjectKnowledge false false false false false) ->
    (forall p, isCovered (names_ p) = true -> isCovered (of_name m p) = true) ->
    step m (Machine (now m) (written m) objects_ names_).

(** ** What holds at every moment *)

(** What the shell knows is true of what it has written. *)
Record sound (m : machine) : Prop := {
  born_is_new : forall o, isBorn (of_object m o) = true -> ~ old o /\ hasSize (of_object m o) = false;
  born_is_covered : forall p o, names (now m) p = Some o -> isBorn (of_object m o) = true -> covers (written m) p = true;
  empty_is_covered : forall p, names (now m) p = None -> isCovered (of_name m p) = true -> covers (written m) p = true;
  content_is_covered : forall o, hasContent (of_object m o) = true -> covers_content (written m) o = true;
  size_is_covered : forall o, hasSize (of_object m o) = true ->
    covers_content (written m) o = true \/
    exists n, cut (written m) o = Some n /\ (n <= length (content (now m) o))%nat;
  attributes_are_covered : forall o, hasAttributes (of_object m o) = true -> covers_attributes (written m) o false = true;
  extended_are_covered : forall o, hasExtended (of_object m o) = true -> covers_attributes (written m) o true = true;
  content_has_attributes : forall o, hasContent (of_object m o) = true \/ hasSize (of_object m o) = true \/
    hasExtended (of_object m o) = true -> hasAttributes (of_object m o) = true
}.

(** Nothing is known when an operation begins. *)
Definition begun (s : state) : machine :=
  Machine s [] (fun _ => MakeObjectKnowledge false false false false false) (fun _ => MakeNameKnowledge false false false).

Lemma sound_begun : forall s, sound (begun s).
Proof. split; simpl; try discriminate. intros o [|[|]]; discriminate. Qed.

(** A step of the machine, taken back by the records that it wrote, is no step for those before them. *)
Definition taken_back (m m' : machine) : Prop := same (restore (written m') (now m')) (restore (written m) (now m)).

Lemma not_born_not_old : forall m o, sound m -> isBorn (of_object m o) = true -> ~ old o.
Proof. intros m o S B. apply (born_is_new m S o B). Qed.

Ltac two_steps := eapply same_trans.

(** Each command is taken back by what was recorded of it, and by what was recorded before. *)
Theorem each_step_is_taken_back : forall m m', sound m -> step m m' -> taken_back m m'.
Proof.
  intros m m' S H. unfold taken_back. destruct H; simpl.
  - (* make *)
    assert (X : same (State (update (names (now m)) p (Some o)) (update (content (now m)) o c) (update (attributes (now m)) o a))
              (set_name p (Some o) (now m))).
    { split; simpl; auto. intros x O. unfold update. destruct (N.eqb_spec x o); subst; [contradiction|auto]. }
    unfold needsCreation. simpl. destruct (isCovered (of_name m p)) eqn:C; simpl.
    + two_steps; [apply restore_same; exact X|]. apply name_does_not_matter. apply (empty_is_covered m S p); auto.
    + apply restore_same. two_steps; [apply (undo_same (Created p)); exact X|]. split; simpl; [cases|auto].
  - (* link *)
    unfold needsCreation. simpl. apply restore_same. split; simpl; [cases|auto].
  - (* write *)
    unfold contentPlan. destruct (isBorn (of_object m o)) eqn:B; simpl; [|destruct (hasContent (of_object m o)) eqn:C; simpl].
    + apply restore_same. pose proof (not_born_not_old m o S B). split; simpl; auto. intros x O. split; cases; contradiction.
    + two_steps; [apply attributes_do_not_matter; apply (attributes_are_covered m S o); apply (content_has_attributes m S o); auto|].
      apply content_does_not_matter. apply (content_is_covered m S o C).
    + apply restore_same. split; simpl; auto. intros x O. split; cases; destruct e; simpl; auto.
  - (* append *)
    unfold contentPlan. destruct (isBorn (of_object m o)) eqn:B; simpl.
    { apply restore_same. pose proof (not_born_not_old m o S B). split; simpl; auto. intros x O. split; cases; contradiction. }
    destruct (hasContent (of_object m o)) eqn:C; simpl.
    { two_steps; [apply attributes_do_not_matter; apply (attributes_are_covered m S o); apply (content_has_attributes m S o); auto|].
      apply content_does_not_matter. apply (content_is_covered m S o C). }
    destruct (hasSize (of_object m o)) eqn:Z; simpl.
    + two_steps; [apply attributes_do_not_matter; apply (attributes_are_covered m S o); apply (content_has_attributes m S o); auto|].
      destruct (size_is_covered m S o Z) as [Y|(n & K & L)]; [apply content_does_not_matter; auto|].
      eapply growth_does_not_matter; eauto.
    + apply restore_same. split; simpl; auto. intros x O. split; cases; try (destruct e; simpl; auto; fail).
      rewrite firstn_app, PeanoNat.Nat.sub_diag, firstn_all. simpl. apply app_nil_r.
  - (* alter *)
    unfold needsAttributes. destruct (isBorn (of_object m o)) eqn:B; simpl.
    { apply restore_same. pose proof (not_born_not_old m o S B). destruct extended; split; simpl; auto; intros y O; split; cases; contradiction. }
    destruct extended.
    + destruct (hasExtended (of_object m o)) eqn:X; simpl.
      * two_steps; [apply attributes_do_not_matter; apply (extended_are_covered m S o X)|].
        apply attributes_do_not_matter. apply (attributes_are_covered m S o). apply (content_has_attributes m S o). auto.
      * apply restore_same. split; simpl; auto. intros y O. split; cases; destruct e; simpl; auto.
    + destruct (hasAttributes (of_object m o)) eqn:X; simpl.
      * apply attributes_do_not_matter. apply (attributes_are_covered m S o X).
      * apply restore_same. split; simpl; auto. intros y O. split; cases; destruct e; simpl; auto.
  - (* unlink *)
    unfold needsRemoval. destruct (isBorn (of_object m o)) eqn:B; simpl.
    + apply name_does_not_matter. apply (born_is_covered m S p o); auto.
    + apply restore_same. split; simpl; [cases|auto].
  - (* rename *)
    subst plan. unfold renamePlan. destruct (isBorn (of_object m o)) eqn:B.
    + (* what the operation made leaves no trace under the old name *)
      assert (K : covers (written m) p = true) by (apply (born_is_covered m S p o); auto).
      assert (X : forall rs, covers rs p = true -> same (restore rs (set_name p None (set_name q (Some o) (now m))))
        (restore rs (set_name q (Some o) (now m)))) by (intros; apply name_does_not_matter; auto).
      assert (Y : forall v rest, names (now m) q = v -> covers rest p = true ->
        same (restore rest (set_name q v (set_name p None (set_name q (Some o) (now m))))) (restore rest (now m))).
      { intros v rest E C. eapply same_trans; [|apply (name_does_not_matter rest (now m) p None C)].
        apply restore_same. split; simpl; [cases|auto]. }
      destruct r as [o'|]; simpl.
      * destruct (isCovered (of_name m q)) eqn:C; destruct (isBorn (of_object m o')) eqn:B'; simpl;
          try (apply (Y (Some o')); auto; fail).
        two_steps; [apply X; auto|]. apply name_does_not_matter. apply (born_is_covered m S q o'); auto.
      * destruct (isCovered (of_name m q)) eqn:C; simpl; [|apply (Y None); auto].
        two_steps; [apply X; auto|]. apply name_does_not_matter. apply (empty_is_covered m S q); auto.
    + (* everything else is moved back, and what it replaced comes back *)
      assert (Y : forall v rest, names (now m) q = v ->
        same (restore rest (set_name q v (undo (Moved p q) (set_name p None (set_name q (Some o) (now m)))))) (restore rest (now m))).
      { intros v rest E. apply restore_same. split; simpl; [cases|auto]. }
      destruct r as [o'|]; simpl.
      * destruct (isCovered (of_name m q)) eqn:C; destruct (isBorn (of_object m o')) eqn:B'; simpl;
          try (apply (Y (Some o')); auto; fail).
        two_steps; [|apply (name_does_not_matter (written m) (now m) q None); apply (born_is_covered m S q o'); auto].
        apply restore_same. split; simpl; [cases|auto].
      * destruct (isCovered (of_name m q)) eqn:C; simpl; [|apply (Y None); auto].
        apply restore_same. split; simpl; [cases|auto].
  - (* forget *)
    apply same_refl.
Qed.

(** A step that writes nothing about objects, and knows nothing new of them. *)
Lemma names_only : forall m s rs k, sound m ->
  (forall o, covers_content rs o = covers_content (written m) o /\ cut rs o = cut (written m) o /\
    forall e, covers_attributes rs o e = covers_attributes (written m) o e) ->
  (forall o, content s o = content (now m) o) ->
  (forall p o, names s p = Some o -> isBorn (of_object m o) = true -> covers rs p = true) ->
  (forall p, names s p = None -> isCovered (k p) = true -> covers rs p = true) ->
  sound (Machine s rs (of_object m) k).
Proof.
  intros m s rs k S R C B E.
  split; simpl; auto; try apply S; intros o K; destruct (R o) as (R1 & R2 & R3).
  - rewrite R1. apply (content_is_covered m S o K).
  - rewrite R1, R2, C. apply (size_is_covered m S o K).
  - rewrite R3. apply (attributes_are_covered m S o K).
  - rewrite R3. apply (extended_are_covered m S o K).
Qed.

(** A step that writes of one object alone, or nothing, and knows nothing new of names. *)
Lemma object_only : forall m o s rs f, sound m ->
  names s = names (now m) -> (forall x, x <> o -> content s x = content (now m) x) ->
  (forall p, covers rs p = covers (written m) p) ->
  (forall x, x <> o -> covers_content rs x = covers_content (written m) x /\ cut rs x = cut (written m) x /\
    forall e, covers_attributes rs x e = covers_attributes (written m) x e) ->
  isBorn f = isBorn (of_object m o) ->
  (isBorn f = true -> hasSize f = false) ->
  (hasContent f = true -> covers_content rs o = true) ->
  (hasSize f = true -> covers_content rs o = true \/ exists n, cut rs o = Some n /\ (n <= length (content s o))%nat) ->
  (hasAttributes f = true -> covers_attributes rs o false = true) ->
  (hasExtended f = true -> covers_attributes rs o true = true) ->
  (hasContent f = true \/ hasSize f = true \/ hasExtended f = true -> hasAttributes f = true) ->
  sound (Machine s rs (update (of_object m) o f) (of_name m)).
Proof.
  intros m o s rs f S N C W R B Z K1 K2 K3 K4 K5.
  assert (born : forall x, isBorn (update (of_object m) o f x) = isBorn (of_object m x)).
  { intros x. unfold update. destruct (N.eqb_spec x o); subst; auto. }
  split; simpl.
  - intros x. rewrite born. intros Q. split; [apply (born_is_new m S x Q)|].
    unfold update. destruct (N.eqb_spec x o); subst; [apply Z; congruence|apply (born_is_new m S x Q)].
  - intros p x. rewrite N, born, W. apply (born_is_covered m S p x).
  - intros p. rewrite N, W. apply (empty_is_covered m S p).
  - intros x. unfold update. destruct (N.eqb_spec x o); subst; auto. destruct (R x) as (R1 & _); auto.
    rewrite R1. apply (content_is_covered m S x).
  - intros x. unfold update. destruct (N.eqb_spec x o); subst; auto. destruct (R x) as (R1 & R2 & _); auto.
    rewrite R1, R2, C; auto. apply (size_is_covered m S x).
  - intros x. unfold update. destruct (N.eqb_spec x o); subst; auto. destruct (R x) as (_ & _ & R3); auto.
    rewrite R3. apply (attributes_are_covered m S x).
  - intros x. unfold update. destruct (N.eqb_spec x o); subst; auto. destruct (R x) as (_ & _ & R3); auto.
    rewrite R3. apply (extended_are_covered m S x).
  - intros x. unfold update. destruct (N.eqb_spec x o); subst; auto. apply (content_has_attributes m S x).
Qed.

Lemma update_same : forall A (f : N -> A) k x, update f k (f k) x = f x.
Proof. intros. unfold update. destruct (N.eqb_spec x k); subst; auto. Qed.

(** What is known may be said by another function that knows the same. *)
Lemma sound_known : forall s rs k k' n, sound (Machine s rs k n) -> (forall o, k' o = k o) -> sound (Machine s rs k' n).
Proof.
  intros s rs k k' n S E. destruct S. simpl in *. split; simpl; intros; rewrite ?E in *; eauto.
Qed.

Ltac other_object := intros; simpl; repeat split; intros; repeat match goal with
  | H : ?x <> ?o |- context [?o =? ?x] => rewrite (proj2 (N.eqb_neq o x)); [|congruence]
  end; rewrite ?andb_false_r; simpl; auto.

(** What the shell knows stays true. *)
Theorem each_step_is_sound : forall m m', sound m -> step m m' -> sound m'.
Proof.
  intros m m' S H. destruct H.
  - (* make *)
    assert (T : sound (Machine
      (State (update (names (now m)) p (Some o)) (update (content (now m)) o c) (update (attributes (now m)) o a))
      (when (needsCreation false (of_name m p)) (Created p) (written m)) (of_object m) (cover p (of_name m)))).
    { assert (N : covers (when (needsCreation false (of_name m p)) (Created p) (written m)) p = true).
      { unfold needsCreation. destruct (isCovered (of_name m p)) eqn:C; simpl; [apply (empty_is_covered m S p); auto|].
        rewrite N.eqb_refl. auto. }
      assert (M : forall x, covers (written m) x = true ->
        covers (when (needsCreation false (of_name m p)) (Created p) (written m)) x = true).
      { intros x X. destruct (needsCreation false (of_name m p)); simpl; rewrite X; auto using orb_true_r. }
      split; simpl; try apply S.
      - intros x y. unfold update. destruct (N.eqb_spec x p) as [->|]; auto. intros E B. apply M.
        apply (born_is_covered m S x y E B).
      - intros x. unfold cover, update. destruct (N.eqb_spec x p) as [->|D]; [discriminate|]. intros E C. apply M.
        apply (empty_is_covered m S x E C).
      - intros x K. destruct (isCovered (of_name m p)); simpl; apply (content_is_covered m S x K).
      - intros x K. unfold update. destruct (N.eqb_spec x o) as [->|].
        + rewrite H2 in K. discriminate.
        + destruct (isCovered (of_name m p)); simpl; apply (size_is_covered m S x K).
      - intros x K. destruct (isCovered (of_name m p)); simpl; apply (attributes_are_covered m S x K).
      - intros x K. destruct (isCovered (of_name m p)); simpl; apply (extended_are_covered m S x K). }
    destruct noted; [|exact T].
    assert (F : forall x, note_object o born (of_object m) x =
      if x =? o then MakeObjectKnowledge true false false false false else of_object m x).
    { intros x. unfold note_object, update. destruct (x =? o); auto. unfold born. rewrite H2. auto. }
    assert (here : covers (when (needsCreation false (of_name m p)) (Created p) (written m)) p = true).
    { unfold needsCreation. destruct (isCovered (of_name m p)) eqn:C; simpl; [apply (empty_is_covered m S p); auto|].
      rewrite N.eqb_refl. auto. }
    split; simpl.
    + intros x. rewrite F. destruct (N.eqb_spec x o) as [->|]; [split; auto|]. apply (born_is_new _ T x).
    + intros x y E. rewrite F. destruct (N.eqb_spec y o) as [->|]; [|apply (born_is_covered _ T x y E)].
      unfold update in E. destruct (N.eqb_spec x p) as [Q|Q]; [intros _; rewrite Q; exact here|]. exfalso. apply (H1 x E).
    + apply (empty_is_covered _ T).
    + intros x. rewrite F. destruct (N.eqb_spec x o); [discriminate|]. apply (content_is_covered _ T x).
    + intros x. rewrite F. destruct (N.eqb_spec x o); [discriminate|]. apply (size_is_covered _ T x).
    + intros x. rewrite F. destruct (N.eqb_spec x o); [discriminate|]. apply (attributes_are_covered _ T x).
    + intros x. rewrite F. destruct (N.eqb_spec x o); [discriminate|]. apply (extended_are_covered _ T x).
    + intros x. rewrite F. destruct (N.eqb_spec x o); [intros [|[|]]; discriminate|]. apply (content_has_attributes _ T x).
  - (* link *)
    apply names_only; auto; simpl.
    + intros x o'. unfold update. destruct (N.eqb_spec x q) as [->|D]; intros E B.
      * rewrite N.eqb_refl. auto.
      * rewrite (born_is_covered m S x o' E B). apply orb_true_r.
    + intros x. unfold update, cover. destruct (N.eqb_spec x q) as [->|D]; intros E C; [discriminate|].
      unfold update in C. destruct (N.eqb_spec x q); [congruence|].
      rewrite (empty_is_covered m S x E C). apply orb_true_r.
  - (* write *)
    unfold contentPlan. destruct (isBorn (of_object m o)) eqn:B; simpl; [|destruct (hasContent (of_object m o)) eqn:C; simpl].
    + eapply sound_known; [|intros ?; symmetry; apply (update_same _ (of_object m) o)].
      pose proof (born_is_new m S o B) as (_ & Z).
      apply object_only; auto; try apply S; try (rewrite Z; discriminate). other_object.
      unfold update. rewrite (proj2 (N.eqb_neq x o)); auto.
    + eapply sound_known; [|intros ?; symmetry; apply (update_same _ (of_object m) o)].
      apply object_only; auto; try apply S; try congruence.
      * other_object. unfold update. rewrite (proj2 (N.eqb_neq x o)); auto.
      * intros _. left. apply (content_is_covered m S o C).
    + apply object_only; simpl; rewrite ?N.eqb_refl; auto; try congruence.
      * other_object. unfold update. rewrite (proj2 (N.eqb_neq x o)); auto.
      * other_object.
  - (* append *)
    unfold contentPlan. destruct (isBorn (of_object m o)) eqn:B; simpl.
    { eapply sound_known; [|intros ?; symmetry; apply (update_same _ (of_object m) o)].
      pose proof (born_is_new m S o B) as (_ & Z).
      apply object_only; auto; try apply S; try (rewrite Z; discriminate). other_object.
      unfold update. rewrite (proj2 (N.eqb_neq x o)); auto. }
    destruct (hasContent (of_object m o)) eqn:C; simpl.
    { eapply sound_known; [|intros ?; symmetry; apply (update_same _ (of_object m) o)].
      apply object_only; auto; try apply S; try congruence.
      - other_object. unfold update. rewrite (proj2 (N.eqb_neq x o)); auto.
      - intros _. left. apply (content_is_covered m S o C). }
    destruct (hasSize (of_object m o)) eqn:Z; simpl.
    + eapply sound_known; [|intros ?; symmetry; apply (update_same _ (of_object m) o)].
      apply object_only; auto; try apply S; try congruence.
      * other_object. unfold update. rewrite (proj2 (N.eqb_neq x o)); auto.
      * intros _. destruct (size_is_covered m S o Z) as [Y|(n & K & L)]; auto. right. exists n. split; auto.
        simpl. unfold update. rewrite N.eqb_refl, app_length. lia.
    + apply object_only; simpl; rewrite ?N.eqb_refl; simpl; auto; try congruence.
      * other_object. unfold update. rewrite (proj2 (N.eqb_neq x o)); auto.
      * other_object.
      * intros _. right. eexists. split; [reflexivity|]. unfold update. rewrite N.eqb_refl, app_length. lia.
      * intros E. apply (extended_are_covered m S o E).
  - (* alter *)
    set (s := if extended then _ else _).
    assert (sn : names s = names (now m)) by (destruct extended; reflexivity).
    assert (sc : content s = content (now m)) by (destruct extended; reflexivity).
    unfold needsAttributes. destruct (isBorn (of_object m o)) eqn:B; simpl.
    { eapply sound_known; [|intros ?; symmetry; apply (update_same _ (of_object m) o)].
      apply object_only; auto; try apply S; intros; rewrite ?sc; auto. apply (size_is_covered m S o). auto. }
    assert (Q : (if extended then hasExtended (of_object m o) else hasAttributes (of_object m o)) = true \/
      (if extended then hasExtended (of_object m o) else hasAttributes (of_object m o)) = false)
      by (destruct extended; destruct (hasExtended (of_object m o)), (hasAttributes (of_object m o)); auto).
    destruct Q as [Q|Q]; rewrite Q; simpl.
    + eapply sound_known; [|intros ?; symmetry; apply (update_same _ (of_object m) o)].
      apply object_only; auto; try apply S; intros; rewrite ?sc; auto. apply (size_is_covered m S o). auto.
    + apply object_only; auto; rewrite ?sc; auto; destruct extended; simpl; rewrite ?N.eqb_refl; auto; try congruence;
        try (other_object; fail);
        try (intros; rewrite orb_false_r in *; apply S; auto; fail);
        try (intros K; rewrite ?orb_true_r; auto; fail);
        try apply (content_is_covered m S o); try apply (size_is_covered m S o).
  - (* unlink *)
    unfold needsRemoval. destruct (isBorn (of_object m o)) eqn:B; simpl.
    + apply names_only; auto; simpl.
      * intros x o'. unfold update. destruct (N.eqb_spec x p); [discriminate|]. apply (born_is_covered m S).
      * intros x. unfold update. destruct (N.eqb_spec x p) as [->|]; [|apply (empty_is_covered m S)].
        intros _ _. apply (born_is_covered m S p o); auto.
    + apply names_only; auto; simpl.
      * intros x o'. unfold update. destruct (N.eqb_spec x p); [discriminate|]. intros E X.
        rewrite (born_is_covered m S x o' E X). apply orb_true_r.
      * intros x. unfold update, cover. destruct (N.eqb_spec x p) as [->|D]; intros E C; [rewrite N.eqb_refl; auto|].
        unfold update in C. destruct (N.eqb_spec x p); [congruence|].
        rewrite (empty_is_covered m S x E C). apply orb_true_r.
  - (* rename *)
    set (rest := when (notesCreation plan) (Created q)
        (match r with Some o' => when (keepsReplaced plan) (Removed q o') (written m) | None => written m end)).
    assert (R0 : forall x, x <> q -> covers rest x = covers (written m) x).
    { intros x D. subst rest. assert (E : (q =? x) = false) by (apply N.eqb_neq; congruence).
      destruct r as [o'|]; destruct (notesCreation plan), (keepsReplaced plan); simpl; rewrite ?E; auto. }
    assert (Rq : covers rest q = true).
    { subst rest plan. unfold renamePlan. destruct r as [o'|]; simpl.
      - destruct (isCovered (of_name m q)) eqn:C; destruct (isBorn (of_object m o')) eqn:B; simpl; rewrite ?N.eqb_refl; auto.
        apply (born_is_covered m S q o'); auto.
      - destruct (isCovered (of_name m q)) eqn:C; simpl; rewrite ?N.eqb_refl; auto.
        apply (empty_is_covered m S q); auto. }
    assert (M : notesMove plan = negb (isBorn (of_object m o))) by (subst plan; destruct r; reflexivity).
    assert (qp : (q =? p) = false) by (apply N.eqb_neq; congruence).
    apply names_only; auto.
    + intros x. subst rest. destruct r as [o'|]; destruct (notesMove plan), (notesCreation plan), (keepsReplaced plan); simpl; auto.
    + intros x y. simpl. unfold update. destruct (N.eqb_spec x p) as [->|D]; [discriminate|].
      rewrite M. destruct (N.eqb_spec x q) as [->|D']; intros E B.
      * inversion E; subst y. rewrite B. simpl. exact Rq.
      * assert (K : covers rest x = true) by (rewrite R0; auto; apply (born_is_covered m S x y E B)).
        destruct (negb (isBorn (of_object m o))); simpl; auto.
        rewrite (proj2 (N.eqb_neq q x)), (proj2 (N.eqb_neq p x)); auto; congruence.
    + intros x. simpl. unfold update, cover. destruct (N.eqb_spec x p) as [->|D].
      * intros _ _. rewrite M. destruct (isBorn (of_object m o)) eqn:B; simpl.
        -- rewrite R0; [|congruence]. apply (born_is_covered m S p o); auto.
        -- rewrite qp, N.eqb_refl. auto.
      * destruct (N.eqb_spec x q) as [->|D']; [discriminate|]. intros E C.
        unfold update in C. rewrite (proj2 (N.eqb_neq x p)), (proj2 (N.eqb_neq x q)) in C; auto.
        assert (K : covers rest x = true) by (rewrite R0; auto; apply (empty_is_covered m S x E C)).
        rewrite M. destruct (negb (isBorn (of_object m o))); simpl; auto.
        rewrite (proj2 (N.eqb_neq q x)), (proj2 (N.eqb_neq p x)); auto; congruence.
  - (* forget *)
    split; simpl; intros.
    + destruct (H o) as [Q|Q]; rewrite Q in *; [apply (born_is_new m S o); auto|discriminate].
    + destruct (H o) as [Q|Q]; rewrite Q in *; [eapply (born_is_covered m S); eauto|discriminate].
    + apply (empty_is_covered m S p); auto.
    + destruct (H o) as [Q|Q]; rewrite Q in *; [apply (content_is_covered m S); auto|discriminate].
    + destruct (H o) as [Q|Q]; rewrite Q in *; [apply (size_is_covered m S); auto|discriminate].
    + destruct (H o) as [Q|Q]; rewrite Q in *; [apply (attributes_are_covered m S); auto|discriminate].
    + destruct (H o) as [Q|Q]; rewrite Q in *; [apply (extended_are_covered m S); auto|discriminate].
    + destruct (H o) as [Q|Q]; rewrite Q in *; [apply (content_has_attributes m S); auto|]. destruct H1 as [|[|]]; discriminate.
Qed.

(** Any number of commands. *)
Inductive steps : machine -> machine -> Prop :=
| no_step : forall m, steps m m
| one_more : forall m m' m'', steps m m' -> step m' m'' -> steps m m''.

(** Theorem 1, for what the shell records: after any commands, the records that were written give the state at the beginning
    of the operation: every name stands for what it stood for, and every object that had a name is as it was. *)
Theorem records_restore : forall s m, steps (begun s) m -> same (restore (written m) (now m)) s.
Proof.
  intros s m H. assert (K : sound m /\ same (restore (written m) (now m)) s); [|apply K].
  remember (begun s) as b eqn:E. induction H as [b|b m m' H IH St]; subst.
  - split; [apply sound_begun|apply same_refl].
  - destruct (IH eq_refl) as (S & R). split; [eapply each_step_is_sound; eauto|].
    eapply same_trans; [apply (each_step_is_taken_back m m' S St)|exact R].
Qed.

End Facts.
