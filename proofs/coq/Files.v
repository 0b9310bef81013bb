(* SPDX-License-Identifier: MPL-2.0 *)
(** * The machine with files

    [Machine] and [Crash] hold for any state with places; here they are said of files, with the operations of [Operations] for
    commands. These are the statements that the manifest names. *)

From Coq Require Import List NArith Bool.
From Vsh Require Import Cells Tree Inodes Resolver Operations OperationsFacts.
From Vsh Require History HistoryFacts Machine Crash.
Import ListNotations.
Open Scope N_scope.

Definition fmachine := Machine.machine istate iplace ivalue.
Definition fevent := Machine.event iplace ivalue.
Definition fstep : fmachine -> fevent -> option fmachine := Machine.step istate iplace ivalue iget iset.
Definition fstart : istate -> fmachine := Machine.start istate iplace ivalue.
Definition fdisk : fmachine -> istate := Machine.disk istate iplace ivalue.

(** A machine that commands made: each command is an operation that the kernel did not refuse. *)
Inductive made (s0 : istate) : fmachine -> Prop :=
| made_start : made s0 (fstart s0)
| made_do : forall m n c o a m', made s0 m -> planned c o (fdisk m) = inl a ->
    fstep m (Machine.Do _ _ n a) = Some m' -> made s0 m'
| made_step : forall m e m', made s0 m -> (forall n a, e <> Machine.Do _ _ n a) -> fstep m e = Some m' -> made s0 m'.

Lemma made_reachable : forall s0 m, iwf s0 -> made s0 m ->
  Machine.reachable istate iplace ivalue iget iset ifits s0 m.
Proof.
  intros s0 m W M. induction M as [|m n c o a m' M IH P S|m e m' M IH N S].
  - constructor.
  - econstructor; [exact IH| |exact S]. simpl. eapply planned_sound; [|exact P].
    exact (Machine.inv_wf _ _ _ _ _ _ _ _ (Machine.reachable_inv istate iplace ivalue iget iset iwf ifits
      ifits_get iwf_set iset_back s0 m W IH)).
  - econstructor; [exact IH| |exact S]. destruct e; simpl; auto. exfalso. eapply N. reflexivity.
Qed.

(** Theorem 2: when all commands were undone, by whatever way, the files are the ones at the beginning. *)
Theorem operation_sequence_reversible : forall s0 m, iwf s0 -> made s0 m ->
  History.transactions (Machine.history _ _ _ m) = [] -> History.done (Machine.history _ _ _ m) = [] -> fdisk m = s0.
Proof.
  intros s0 m W M. apply (Machine.operation_sequence_reversible istate iplace ivalue iget iset iwf ifits
    ifits_get iwf_set iset_back s0 m W (made_reachable s0 m W M)).
Qed.

(** Theorem 2: redo after undo leaves the files as they are. *)
Theorem redo_after_undo : forall s0 m n m1 k m2, iwf s0 -> made s0 m ->
  fstep m (Machine.Undo _ _ n) = Some m1 -> fstep m1 (Machine.Redo _ _ k) = Some m2 -> fdisk m2 = fdisk m.
Proof.
  intros s0 m n m1 k m2 W M. apply (Machine.redo_after_undo istate iplace ivalue iget iset iwf ifits
    ifits_get iwf_set iset_back s0 m W (made_reachable s0 m W M)).
Qed.

(** Theorem 2: undo after redo leaves the files as they are. *)
Theorem undo_after_redo : forall s0 m n m1 k m2, iwf s0 -> made s0 m ->
  fstep m (Machine.Redo _ _ n) = Some m1 -> fstep m1 (Machine.Undo _ _ k) = Some m2 -> fdisk m2 = fdisk m.
Proof.
  intros s0 m n m1 k m2 W M. apply (Machine.undo_after_redo istate iplace ivalue iget iset iwf ifits
    ifits_get iwf_set iset_back s0 m W (made_reachable s0 m W M)).
Qed.

(** Theorem 4: a rollback gives the files at the begin. *)
Theorem rollback_restores : forall s0 m n m', iwf s0 -> made s0 m ->
  fstep m (Machine.Rollback _ _ n) = Some m' -> fdisk m' = hd s0 (Machine.begun _ _ _ m).
Proof.
  intros s0 m n m' W M. apply (Machine.rollback_restores istate iplace ivalue iget iset iwf ifits
    ifits_get iwf_set iset_back s0 m W (made_reachable s0 m W M)).
Qed.

(** Theorem 5: killed at any instant of an operation, and in any number of recoveries, the shell knows nothing of the
    operation and the files are as before it, or it knows what leads back to the files before it. *)
Theorem crash_recovers : forall c o s a n kills, iwf s -> planned c o s = inl a ->
  let w := Crash.goes istate iplace ivalue iget iset (firstn n (Crash.protocol iplace ivalue a))
             (Crash.opened istate iplace ivalue s) in
  let r := Crash.recover istate iplace ivalue
             (fold_left (fun w k => Crash.killed_recovery istate iplace ivalue k w) kills w) in
  Crash.disk _ _ _ r = Crash.disk _ _ _ w /\
  match Crash.taken _ _ _ r with
  | None => Crash.disk _ _ _ r = s
  | Some rs => irun rs (Crash.disk _ _ _ r) = s
  end.
Proof.
  intros c o s a n kills W P.
  apply (Crash.crash_recovers istate iplace ivalue iget iset iwf ifits iwf_set iset_get iset_back); auto.
  exact (planned_sound c o s a W P).
Qed.
