(* SPDX-License-Identifier: MPL-2.0 *)
(** * The crash protocol

    One operation of the shell and the recovery after it, step by step, with a kill between any two of them. A change is
    three steps: its pre-image is kept, a record goes to the journal, the change is made. Recovery is two: the log takes the
    operation in one transaction, then the journal is removed. What recovery does is [Decisions.recoveryAction], the function
    that the shell runs.

    Assumed, and not proven: a system call is made whole or not at all, and a database transaction too; a record that was
    written to the journal is still there after the process was killed. *)

From Coq Require Import List NArith Lia Bool.
From Vsh Require Import Cells Decisions.
Import ListNotations.
Open Scope N_scope.

Section Crash.

Variables D place value : Type.
Variable get : place -> D -> value.
Variable set : place -> value -> D -> D.
Variable wf : D -> Prop.
Variable fits : place -> value -> Prop.
Hypothesis wf_set : forall p v s, wf s -> fits p v -> wf (set p v s).
Hypothesis set_get : forall p s, wf s -> set p (get p s) s = s.
Hypothesis set_back : forall p v s, wf s -> fits p v -> set p (get p s) (set p v s) = s.

Notation plan := (plan place value).
Notation run := (run D place value set).
Notation inverse := (inverse D place value get set).
Notation sound := (sound place value fits).

(** What is on the disk, and what a kill leaves of the shell's own files. *)
Record world := World {
  disk : D;
  (** The value before the change at hand, in the store. *)
  kept : option value;
  (** The records, the newest first; none when the journal was removed. *)
  journal : option plan;
  ended : bool;
  (** What the log has of the operation. *)
  taken : option plan
}.

Inductive micro := Keep (p : place) | Write (p : place) | Change (p : place) (v : value) | End.

Definition does (m : micro) (w : world) : world :=
  match m with
  | Keep p => World (disk w) (Some (get p (disk w))) (journal w) (ended w) (taken w)
  | Write p =>
    match kept w, journal w with
    | Some v, Some j => World (disk w) None (Some ((p, v) :: j)) (ended w) (taken w)
    | _, _ => w
    end
  | Change p v => World (set p v (disk w)) (kept w) (journal w) (ended w) (taken w)
  | End => World (disk w) (kept w) (journal w) true (taken w)
  end.

Definition protocol (a : plan) : list micro :=
  flat_map (fun x => [Keep (fst x); Write (fst x); Change (fst x) (snd x)]) a ++ [End].

Definition goes (ms : list micro) (w : world) : world := fold_left (fun w m => does m w) ms w.

Definition opened (s : D) : world := World s None (Some []) false None.

(** ** Recovery *)

(** The shell was killed: nobody can add to its journal. *)
Definition dead : JournalSighting := MakeJournalSighting false true.

Inductive repair := Take | Remove.

Definition repairs (r : repair) (w : world) : world :=
  match r, journal w with
  | Take, Some j =>
    match taken w with
    | Some _ => w
    | None =>
      match recoveryAction dead (if ended w then Some OperationOutcome_finished else None) false
              (N.of_nat (length j)) false false with
      | RecoveryAction_take _ | RecoveryAction_completeAndTake _ => World (disk w) (kept w) (Some j) (ended w) (Some j)
      | RecoveryAction_leave | RecoveryAction_drop => w
      end
    end
  | Remove, Some _ => World (disk w) (kept w) None (ended w) (taken w)
  | _, None => w
  end.

(** A recovery that came to its end, and those that were killed before. *)
Definition recover (w : world) : world := repairs Remove (repairs Take w).

Definition killed_recovery (n : nat) (w : world) : world :=
  fold_left (fun w r => repairs r w) (firstn n [Take; Remove]) w.

(** ** Theorem 5 *)

(** What holds at every instant: the journal, run from its newest record, leads back to the state before. *)
Definition leads_back (s : D) (w : world) : Prop :=
  wf (disk w) /\ taken w = None /\ exists j, journal w = Some j /\ run j (disk w) = s.

Lemma goes_app : forall a b w, goes (a ++ b) w = goes b (goes a w).
Proof. intros. unfold goes. apply fold_left_app. Qed.

Lemma three_steps : forall s p v w j, wf (disk w) -> fits p v -> taken w = None -> journal w = Some j -> run j (disk w) = s ->
  leads_back s (does (Keep p) w) /\
  leads_back s (does (Write p) (does (Keep p) w)) /\
  leads_back s (does (Change p v) (does (Write p) (does (Keep p) w))) /\
  wf (disk (does (Change p v) (does (Write p) (does (Keep p) w)))).
Proof.
  intros s p v w j W F T J R. unfold leads_back. simpl. rewrite J. simpl.
  assert (G : set p (get p (disk w)) (disk w) = disk w) by (apply set_get; auto).
  assert (B : set p (get p (disk w)) (set p v (disk w)) = disk w) by (apply set_back; auto).
  repeat split; auto; eexists; split; try reflexivity; simpl; rewrite ?G, ?B; auto.
Qed.

Lemma at_every_step : forall a s w, sound a -> leads_back s w ->
  forall n, leads_back s (goes (firstn n (protocol a)) w).
Proof.
  induction a as [|[p v] a IH]; intros s w So L n.
  - simpl. destruct n as [|n]; simpl; auto. rewrite firstn_nil. simpl. exact L.
  - inversion So; subst. simpl in H1. destruct L as (W & T & j & J & R).
    destruct (three_steps s p v w j W H1 T J R) as (A & B & C & Wc).
    assert (L : leads_back s w) by (repeat split; eauto).
    change (protocol ((p, v) :: a)) with (Keep p :: Write p :: Change p v :: protocol a).
    destruct n as [|[|[|n]]]; auto. change (firstn (S (S (S n))) (Keep p :: Write p :: Change p v :: protocol a))
      with (Keep p :: Write p :: Change p v :: firstn n (protocol a)).
    change (goes (Keep p :: Write p :: Change p v :: firstn n (protocol a)) w)
      with (goes (firstn n (protocol a)) (does (Change p v) (does (Write p) (does (Keep p) w)))).
    apply IH; auto.
Qed.

(** At every instant of an operation, what the journal holds leads back to the state before it, exactly. *)
Theorem journal_leads_back : forall a s n, wf s -> sound a ->
  leads_back s (goes (firstn n (protocol a)) (opened s)).
Proof. intros. apply at_every_step; auto. repeat split; simpl; eauto. Qed.

(** Recovery does not touch the disk. *)
Theorem recovery_keeps_the_disk : forall w, disk (recover w) = disk w.
Proof.
  intros w. unfold recover, repairs. destruct (journal w) as [j|] eqn:J; [|rewrite J; auto].
  destruct (taken w); [rewrite J; auto|].
  destruct (recoveryAction dead _ false (N.of_nat (length j)) false false); rewrite ?J; simpl; auto.
Qed.

(** What the log knows after a kill at any instant, and however many recoveries that were killed themselves: nothing, and
    then the disk is as before the operation; or the operation, and undoing what the log has gives the state before. *)
Theorem crash_recovers : forall a s n kills, wf s -> sound a ->
  let w := goes (firstn n (protocol a)) (opened s) in
  let r := recover (fold_left (fun w k => killed_recovery k w) kills w) in
  disk r = disk w /\
  match taken r with
  | None => disk r = s
  | Some rs => run rs (disk r) = s
  end.
Proof.
  intros a s n kills W S w r.
  destruct (journal_leads_back a s n W S) as (Ww & T & j & J & R). fold w in Ww, T, J, R.
  (* what killed recoveries keep *)
  set (good := fun x : world => disk x = disk w /\ ended x = ended w /\
    ((taken x = Some j /\ (journal x = Some j \/ journal x = None)) \/
     (taken x = None /\ journal x = Some j) \/
     (taken x = None /\ journal x = None /\ j = []))).
  assert (Gt : forall x, good x -> good (repairs Take x) /\
     (journal (repairs Take x) <> None -> taken (repairs Take x) = Some j \/ j = [])).
  { intros x (Dx & Ex & Cx). unfold repairs. destruct (journal x) as [i|] eqn:Jx.
    - destruct (taken x) as [t|] eqn:Tx.
      + split; [repeat split; auto; rewrite ?Jx, ?Tx; intuition|]. intros _. rewrite Tx.
        destruct Cx as [[Q _]|[[Q _]|[Q _]]]; auto; discriminate.
      + assert (i = j) as -> by (destruct Cx as [[Q _]|[[_ Q]|[_ [Q _]]]]; congruence).
        destruct j as [|e j'].
        * unfold recoveryAction. simpl. destruct (ended x) eqn:En; simpl; (split; [|auto]);
            (split; [exact Dx|split; [congruence|right; left; auto]]).
        * assert (K : exists o, recoveryAction dead (if ended x then Some OperationOutcome_finished else None) false
                        (N.of_nat (length (e :: j'))) false false = RecoveryAction_take o \/
                      recoveryAction dead (if ended x then Some OperationOutcome_finished else None) false
                        (N.of_nat (length (e :: j'))) false false = RecoveryAction_completeAndTake o).
          { apply recorded_changes_are_kept; auto. simpl length. lia. }
          destruct K as [o [K|K]]; rewrite K; simpl; (split; [|auto]);
            (split; [exact Dx|split; [simpl; congruence|left; simpl; auto]]).
    - split; [unfold good; rewrite ?Jx; intuition|]. rewrite Jx. congruence. }
  assert (Gr : forall x, good x -> (journal x <> None -> taken x = Some j \/ j = []) -> good (repairs Remove x)).
  { intros x (Dx & Ex & Cx) H. unfold repairs. destruct (journal x) as [i|] eqn:Jx; [|unfold good; rewrite Jx; auto].
    unfold good; simpl. repeat split; auto. destruct H as [H|H]; [congruence|left; auto|].
    destruct Cx as [[Q _]|[[Q _]|[Q _]]]; rewrite Q; auto. }
  assert (Gk : forall k x, good x -> good (killed_recovery k x)).
  { intros k x G. destruct (Gt x G) as [G1 H1]. unfold killed_recovery.
    destruct k as [|[|k]]; simpl; auto. destruct k; simpl; apply Gr; auto. }
  assert (G : good (fold_left (fun w k => killed_recovery k w) kills w)).
  { assert (Gf : forall ks x, good x -> good (fold_left (fun w k => killed_recovery k w) ks x)).
    { induction ks as [|k ks IH]; simpl; intros x G0; auto. }
    apply Gf. split; [reflexivity|split; [reflexivity|right; left; auto]]. }
  destruct (Gt _ G) as [G1 H1]. pose proof (Gr _ G1 H1) as (Dr & Er & Cr).
  change (repairs Remove (repairs Take (fold_left (fun w k => killed_recovery k w) kills w))) with r in *.
  split; auto. rewrite Dr. clear G1. 
  destruct Cr as [[Q _]|[[Q Z]|[Q [_ Z]]]]; rewrite Q; auto.
  - exfalso. unfold r, recover in Z. destruct (repairs Take _) as [d k jj en tk] eqn:E in Z. destruct jj; discriminate.
  - subst j. exact R.
Qed.

(** Running recovery again changes nothing. *)
Theorem recovery_idempotent : forall w, recover (recover w) = recover w.
Proof.
  intros w. assert (J : journal (recover w) = None).
  { unfold recover. destruct (repairs Take w) as [d k [j|] e t]; auto. }
  unfold recover at 1. destruct (recover w) as [d k j e t]. simpl in J. subst j. auto.
Qed.

(** An operation that came to its end left the state after it, and can be undone. *)
Theorem finished_is_after : forall a s, wf s -> sound a ->
  let w := goes (protocol a) (opened s) in disk w = run a s /\ ended w = true.
Proof.
  assert (H : forall a w, disk (goes (protocol a) w) = run a (disk w) /\ ended (goes (protocol a) w) = true).
  { induction a as [|[p v] a IH]; intros w; [simpl; auto|].
    change (protocol ((p, v) :: a)) with (Keep p :: Write p :: Change p v :: protocol a).
    change (goes (Keep p :: Write p :: Change p v :: protocol a) w)
      with (goes (protocol a) (does (Change p v) (does (Write p) (does (Keep p) w)))).
    destruct (IH (does (Change p v) (does (Write p) (does (Keep p) w)))) as [A B]. rewrite A, B. simpl.
    destruct (journal w); auto. }
  intros a s _ _ w. apply H.
Qed.

End Crash.
