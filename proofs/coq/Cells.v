(* SPDX-License-Identifier: MPL-2.0 *)
(** * Plans and their inverses

    A command is planned as a list of assignments to places, and undo is the list of the values that were there. This file
    knows nothing of files: it takes any state with places whose values can be read and set, and proves once what holds
    of every command. [Tree], [Inodes] and [Machine] fill it in. *)

From Coq Require Import List Bool.
Import ListNotations.

Section Cells.

(** ** What a state must offer *)

Variables state place value : Type.
Variable get : place -> state -> value.
Variable set : place -> value -> state -> state.

(** States that can occur (entries sorted), and values that can stand at a place. *)
Variable wf : state -> Prop.
Variable fits : place -> value -> Prop.

Hypothesis fits_get : forall p s, wf s -> fits p (get p s).
Hypothesis wf_set : forall p v s, wf s -> fits p v -> wf (set p v s).

(** To write what is there changes nothing. *)
Hypothesis set_get : forall p s, wf s -> set p (get p s) s = s.

(** To put back what was there restores the whole state, not only that place. *)
Hypothesis set_back : forall p v s, wf s -> fits p v -> set p (get p s) (set p v s) = s.

(** ** Plans *)

Definition plan := list (place * value).

Fixpoint run (a : plan) (s : state) : state :=
  match a with
  | [] => s
  | (p, v) :: rest => run rest (set p v s)
  end.

(** The inverse of a plan in a state: the values that it overwrites, the last one first. *)
Fixpoint inverse (a : plan) (s : state) : plan :=
  match a with
  | [] => []
  | (p, v) :: rest => inverse rest (set p v s) ++ [(p, get p s)]
  end.

Definition sound (a : plan) : Prop := Forall (fun x => fits (fst x) (snd x)) a.

Lemma run_app : forall a b s, run (a ++ b) s = run b (run a s).
Proof. induction a as [|[p v] a IH]; simpl; intros; auto. Qed.

Lemma wf_run : forall a s, wf s -> sound a -> wf (run a s).
Proof.
  induction a as [|[p v] a IH]; simpl; intros s W F; auto.
  inversion F; subst. apply IH; auto.
Qed.

Lemma sound_inverse : forall a s, wf s -> sound a -> sound (inverse a s).
Proof.
  induction a as [|[p v] a IH]; simpl; intros s W F; [constructor|].
  inversion F; subst. apply Forall_app. split; [apply IH; auto|]. constructor; auto. apply fits_get; auto.
Qed.

(** ** Theorem 1: the inverse is exact *)

(** Running the inverse of a plan after the plan gives back the very state before it. *)
Theorem plan_inverse : forall a s, wf s -> sound a -> run (inverse a s) (run a s) = s.
Proof.
  induction a as [|[p v] a IH]; simpl; intros s W F; auto.
  inversion F; subst. rewrite run_app. rewrite IH; auto. simpl. apply set_back; auto.
Qed.

(** The inverse of the inverse does again what the plan did: this is redo. *)
Theorem inverse_of_inverse : forall a s, wf s -> sound a ->
  run (inverse (inverse a s) (run a s)) s = run a s.
Proof.
  intros a s W F.
  pose proof (plan_inverse (inverse a s) (run a s) (wf_run a s W F) (sound_inverse a s W F)) as Q.
  rewrite (plan_inverse a s W F) in Q. exact Q.
Qed.

(** A command that was cut off: the first [n] assignments were made, and the last of those that were recorded perhaps
    not. Taking back what was recorded restores the state before, either way. *)
Theorem inverse_of_interrupted : forall a b p v s, wf s -> sound (a ++ (p, v) :: b) ->
  run (inverse (a ++ [(p, v)]) s) (run (a ++ [(p, v)]) s) = s /\
  run (inverse (a ++ [(p, v)]) s) (run a s) = s.
Proof.
  intros a b p v s W F. unfold sound in F. apply Forall_app in F. destruct F as [A F]. inversion F; subst. split.
  - apply plan_inverse; auto. apply Forall_app. auto.
  - assert (I : forall a s, inverse (a ++ [(p, v)]) s = (p, get p (run a s)) :: inverse a s).
    { clear. induction a as [|[q w] a IH]; simpl; intros; auto. rewrite IH. auto. }
    rewrite I. simpl. rewrite set_get; [|apply wf_run; auto]. apply plan_inverse; auto.
Qed.

(** ** Commands of several steps *)

(** A step looks at the state and plans, or fails. A command stops at the first failure and takes back what it did. *)
Section Commands.
Variable error : Type.
Definition step := state -> plan + error.

Fixpoint attempt (c : list step) (s : state) : plan * option error :=
  match c with
  | [] => ([], None)
  | f :: rest =>
    match f s with
    | inr e => ([], Some e)
    | inl a => let (b, e) := attempt rest (run a s) in (a ++ b, e)
    end
  end.

Definition command (c : list step) (s : state) : state * option error :=
  match attempt c s with
  | (a, None) => (run a s, None)
  | (a, Some e) => (run (inverse a s) (run a s), Some e)
  end.

Definition plans_soundly (f : step) : Prop := forall s a, wf s -> f s = inl a -> sound a.

Lemma attempt_sound : forall c s, wf s -> Forall plans_soundly c -> sound (fst (attempt c s)).
Proof.
  induction c as [|f c IH]; simpl; intros s W F; [constructor|].
  inversion F; subst. destruct (f s) as [a|e] eqn:E; [|constructor].
  assert (A : sound a) by (eapply H1; eauto).
  specialize (IH (run a s) (wf_run a s W A) H2). destruct (attempt c (run a s)) as [b e]; simpl in *.
  apply Forall_app; auto.
Qed.

(** A command that fails half-way leaves the state as it found it. *)
Theorem compensation_restores : forall c s s' e, wf s -> Forall plans_soundly c ->
  command c s = (s', Some e) -> s' = s.
Proof.
  unfold command. intros c s s' e W F H. pose proof (attempt_sound c s W F) as A.
  destruct (attempt c s) as [a [x|]]; inversion H; subst. apply plan_inverse; auto.
Qed.
End Commands.

(** ** Theorem 10: certified null operations *)

(** A program that leaves every state as it is. *)
Definition null (f : state -> state) : Prop := forall s, wf s -> f s = s.

Definition do_and_undo (a : plan) (s : state) : state := run (inverse a s) (run a s).

(** Doing and undoing is a null operation. *)
Theorem cno_do_undo : forall a, sound a -> null (do_and_undo a).
Proof. unfold null, do_and_undo. intros. apply plan_inverse; auto. Qed.

(** Null operations are the identity of composition, on both sides, with any program that keeps states well formed. *)
Theorem cno_identity_element : forall f, null f -> forall g, (forall s, wf s -> wf (g s)) ->
  forall s, wf s -> f (g s) = g s /\ g (f s) = g s.
Proof. unfold null. intros f F g G s W. rewrite F; auto. rewrite F; auto. Qed.

(** Null operations compose. *)
Theorem cno_composes : forall f g, null f -> null g -> null (fun s => g (f s)).
Proof. unfold null. intros f g F G s W. rewrite F; auto. Qed.

(** ** Theorem 3: interference *)

(** Each record says what was at a place before, and what the command left there; the newest record first. *)
Record record := Record { at_place : place; before : value; after : value }.

Fixpoint records (a : plan) (s : state) : list record :=
  match a with
  | [] => []
  | (p, v) :: rest => records rest (set p v s) ++ [Record p (get p s) (get p (set p v s))]
  end.

Variable same : value -> value -> bool.
Hypothesis same_spec : forall v w, same v w = true <-> v = w.

(** Undo looks at each place before it restores it, and whether the restoring took. *)
Fixpoint restore (rs : list record) (s : state) : option state :=
  match rs with
  | [] => Some s
  | r :: rest =>
    if same (get (at_place r) s) (after r) then
      let s' := set (at_place r) (before r) s in
      if same (get (at_place r) s') (before r) then restore rest s' else None
    else None
  end.

Inductive verdict := Restored (s : state) | Refused (s : state).

Definition undo (rs : list record) (s : state) : verdict :=
  match restore rs s with Some s' => Restored s' | None => Refused s end.

Variable independent : place -> place -> Prop.
Hypothesis get_set_independent : forall p q v s, wf s -> fits p v -> independent p q ->
  get q (set p v s) = get q s.

(** What a place shows after an assignment depends only on what it and the assigned place showed before. *)
Hypothesis get_set_congruent : forall p q v s t, wf s -> wf t -> fits p v ->
  get p s = get p t -> get q s = get q t ->
  get p (set p v s) = v -> get p (set p v t) = v ->
  get q (set p v s) = get q (set p v t).

Definition records_fit (rs : list record) : Prop := Forall (fun r => fits (at_place r) (before r)) rs.

(** The way back along which the records lead when nobody interferes. *)
Inductive way : list record -> state -> state -> Prop :=
| way_end : forall s, way [] s s
| way_step : forall p old new rest t s, get p t = new -> get p (set p old t) = old ->
    way rest (set p old t) s -> way (Record p old new :: rest) t s.

Lemma way_snoc : forall rs t u p old new s, way rs t u -> get p u = new -> get p (set p old u) = old ->
  set p old u = s -> way (rs ++ [Record p old new]) t s.
Proof.
  induction 1; intros; simpl.
  - constructor; auto. rewrite H1. constructor.
  - constructor; auto.
Qed.

Lemma records_fit_records : forall a s, wf s -> sound a -> records_fit (records a s).
Proof.
  induction a as [|[p v] a IH]; simpl; intros s W F; [constructor|].
  inversion F; subst. apply Forall_app. split; [apply IH; auto|]. constructor; auto. apply fits_get; auto.
Qed.

Lemma way_records : forall a s, wf s -> sound a -> way (records a s) (run a s) s.
Proof.
  induction a as [|[p v] a IH]; simpl; intros s W F; [constructor|].
  inversion F; subst. eapply way_snoc; [apply IH; auto| reflexivity | | apply set_back; auto].
  rewrite set_back; auto.
Qed.

Lemma restore_way : forall rs t s0 s s' seen, way rs t s0 -> wf t -> wf s -> records_fit rs ->
  (forall q, In q seen -> get q s = get q t) ->
  restore rs s = Some s' ->
  wf s' /\ (forall q, In q seen \/ In q (map at_place rs) -> get q s' = get q s0).
Proof.
  induction rs as [|r rs IH]; simpl; intros t s0 s s' seen Wy Wt Ws F A R.
  - inversion R; subst. inversion Wy; subst. split; auto. intros q [Q|[]]; auto.
  - inversion Wy; subst. inversion F; subst. simpl in *.
    destruct (same (get p s) (get p t)) eqn:E1; [|discriminate].
    destruct (same (get p (set p old s)) old) eqn:E2; [|discriminate].
    apply same_spec in E1. apply same_spec in E2.
    destruct (IH (set p old t) s0 (set p old s) s' (p :: seen)) as [W' A']; auto.
    { intros q [->|Q].
      - rewrite E2. auto.
      - apply get_set_congruent; auto. }
    split; auto. intros q [Q|[Q|Q]]; apply A'; simpl; auto.
Qed.

Lemma restore_elsewhere : forall rs s s', wf s -> records_fit rs -> restore rs s = Some s' ->
  forall q, (forall r, In r rs -> independent (at_place r) q) -> get q s' = get q s.
Proof.
  induction rs as [|r rs IH]; simpl; intros s s' W F R q I.
  - inversion R; auto.
  - inversion F; subst.
    destruct (same (get (at_place r) s) (after r)); [|discriminate].
    destruct (same (get (at_place r) (set (at_place r) (before r) s)) (before r)); [|discriminate].
    rewrite (IH _ _ (wf_set _ _ _ W H1) H2 R q); auto.
Qed.

(** Whatever others did to the state in between ([s2] is any state), undo restores exactly what the command touched and
    leaves everything independent of it as the others left it; or it refuses and changes nothing. *)
Theorem undo_restores_or_refuses : forall a s0 s2, wf s0 -> wf s2 -> sound a ->
  match undo (records a s0) s2 with
  | Restored s3 =>
      (forall r, In r (records a s0) -> get (at_place r) s3 = get (at_place r) s0) /\
      (forall q, (forall r, In r (records a s0) -> independent (at_place r) q) -> get q s3 = get q s2)
  | Refused s3 => s3 = s2
  end.
Proof.
  intros a s0 s2 W0 W2 F. unfold undo. destruct (restore (records a s0) s2) as [s3|] eqn:R; auto.
  split.
  - intros r I.
    destruct (restore_way (records a s0) (run a s0) s0 s2 s3 [] (way_records a s0 W0 F) (wf_run a s0 W0 F) W2
                (records_fit_records a s0 W0 F)) as [_ A]; auto.
    { simpl; tauto. }
    apply A. right. apply in_map; auto.
  - intros q I. apply (restore_elsewhere (records a s0)); auto using records_fit_records.
Qed.

(** Without interference undo never refuses, and the whole state is the one before. *)
Theorem undo_without_interference : forall a s, wf s -> sound a -> undo (records a s) (run a s) = Restored s.
Proof.
  intros a s W F. unfold undo.
  assert (H : forall rs t u, way rs t u -> restore rs t = Some u).
  { induction 1; simpl; auto.
    rewrite (proj2 (same_spec _ _) H), (proj2 (same_spec _ _) H0). auto. }
  rewrite (H _ _ _ (way_records a s W F)). reflexivity.
Qed.

(** ** Theorem 7: independence *)

Hypothesis set_comm : forall p q v w s, wf s -> fits p v -> fits q w -> independent p q ->
  set p v (set q w s) = set q w (set p v s).

Definition independent_plans (a b : plan) : Prop :=
  forall x y, In x a -> In y b -> independent (fst x) (fst y).

Lemma set_run_comm : forall b p v s, wf s -> fits p v -> sound b ->
  (forall y, In y b -> independent p (fst y)) -> set p v (run b s) = run b (set p v s).
Proof.
  induction b as [|[q w] b IH]; simpl; intros p v s W F S I; auto.
  inversion S; subst. rewrite IH; auto. rewrite set_comm; auto. apply (I (q, w)). auto.
Qed.

(** Commands whose footprints are independent can be done in either order. *)
Theorem operation_independence : forall a b s, wf s -> sound a -> sound b -> independent_plans a b ->
  run a (run b s) = run b (run a s).
Proof.
  induction a as [|[p v] a IH]; simpl; intros b s W A B I; auto.
  inversion A; subst. rewrite set_run_comm; auto.
  - apply IH; auto. intros x y X Y. apply I; simpl; auto.
  - intros y Y. apply (I (p, v) y); simpl; auto.
Qed.

End Cells.
