(* SPDX-License-Identifier: MPL-2.0 *)
(** * Decisions: what is compared, how a path is put back, what recovery does

    The three decisions of the shell that look at the disk or at a journal and say what to do. They see states of nodes, not
    trees. [Sources/VshCore/Generated] is made from the definitions; the theorems say what is decided. *)

From Coq Require Import List NArith ZArith Bool Lia.
Import ListNotations.
Open Scope N_scope.

(** ** States of nodes *)

Inductive Kind :=
| Kind_absent | Kind_fifo | Kind_characterDevice | Kind_directory | Kind_blockDevice | Kind_regular | Kind_symbolicLink
| Kind_socket.

Definition Kind_eqb (a b : Kind) : bool :=
  match a, b with
  | Kind_absent, Kind_absent | Kind_fifo, Kind_fifo | Kind_characterDevice, Kind_characterDevice
  | Kind_directory, Kind_directory | Kind_blockDevice, Kind_blockDevice | Kind_regular, Kind_regular
  | Kind_symbolicLink, Kind_symbolicLink | Kind_socket, Kind_socket => true
  | _, _ => false
  end.

Record Timestamp := MakeTimestamp { seconds : Z; nanoseconds : N }.

Definition Timestamp_eqb (a b : Timestamp) : bool :=
  (seconds a =? seconds b)%Z && (nanoseconds a =? nanoseconds b).

(** The birth that a file system gives that does not know it. *)
Definition Timestamp_unknown : Timestamp := MakeTimestamp 0%Z 0.

(** What is at a path: nothing, or an object with its attributes. *)
Record NodeState := MakeNodeState {
  kind : Kind;
  permissions : N;
  owner : N;
  group : N;
  device : N;
  inode : N;
  size : N;
  representedDevice : N;
  modification : Timestamp;
  birth : Timestamp
}.

Definition isAbsent (node : NodeState) : bool := Kind_eqb (kind node) Kind_absent.

(** Whether both are the same object: a number that was given to a new object later has another birth time. Devices are
    compared only where births are unknown, since device numbers may differ after a restart. *)
Definition isSameObject (node : NodeState) (other : NodeState) : bool :=
  if isAbsent node || isAbsent other then false
  else if negb (inode node =? inode other) || negb (Kind_eqb (kind node) (kind other)) then false
  else if Timestamp_eqb (birth node) Timestamp_unknown || Timestamp_eqb (birth other) Timestamp_unknown
  then device node =? device other
  else Timestamp_eqb (birth node) (birth other).

(** How what is at a path differs from what a record says. *)
Inductive Difference :=
| Difference_none
(** Only the times differ: whoever can compares the content. *)
| Difference_timesOnly
| Difference_appeared
| Difference_disappeared
(** Another object, or one of another type. *)
| Difference_replaced
| Difference_permissions
| Difference_owner
(** Size, or times together with a content that is not known to be the same. *)
| Difference_content.

Definition timesDifference (node : NodeState) (present : NodeState) : Difference :=
  if Timestamp_eqb (modification node) (modification present) then Difference_none else Difference_timesOnly.

(** Compares what a record expects with what is there now. Directories are compared without size and times: what is in them
    is compared by itself. *)
Definition difference (node : NodeState) (present : NodeState) (sameObject : bool) : Difference :=
  if isAbsent node then (if isAbsent present then Difference_none else Difference_appeared)
  else if isAbsent present then Difference_disappeared
  else if negb (Kind_eqb (kind node) (kind present)) then Difference_replaced
  else if sameObject && negb (isSameObject node present) then Difference_replaced
  else if negb (owner node =? owner present) || negb (group node =? group present) then Difference_owner
  else if Kind_eqb (kind node) Kind_symbolicLink then timesDifference node present
  else if negb (permissions node =? permissions present) then Difference_permissions
  else match kind node with
  | Kind_regular =>
    if negb (size node =? size present) then Difference_content else timesDifference node present
  | Kind_characterDevice | Kind_blockDevice =>
    if representedDevice node =? representedDevice present then Difference_none else Difference_replaced
  | _ => Difference_none
  end.

Lemma Kind_eqb_spec : forall a b, Kind_eqb a b = true <-> a = b.
Proof. intros [] []; simpl; split; congruence. Qed.

Lemma Timestamp_eqb_spec : forall a b, Timestamp_eqb a b = true <-> a = b.
Proof.
  intros [s n] [t m]; unfold Timestamp_eqb; simpl. rewrite andb_true_iff, Z.eqb_eq, N.eqb_eq.
  split; [intros [-> ->]; auto | intros E; inversion E; auto].
Qed.

Ltac decide_cases := repeat match goal with
  | H : context [if ?b then _ else _] |- _ => destruct b eqn:?; try discriminate
  end.

(** What "no difference" means, in full: nothing was there and nothing is; or the very same object with the same owner and
    group, and the same of all that its type is compared by. *)
Theorem no_difference : forall a b, difference a b true = Difference_none ->
  (isAbsent a = true /\ isAbsent b = true) \/
  (isSameObject a b = true /\ kind a = kind b /\ owner a = owner b /\ group a = group b /\
   (kind a = Kind_symbolicLink \/ permissions a = permissions b) /\
   (kind a = Kind_regular -> size a = size b /\ modification a = modification b) /\
   (kind a = Kind_symbolicLink -> modification a = modification b) /\
   (kind a = Kind_characterDevice \/ kind a = Kind_blockDevice -> representedDevice a = representedDevice b)).
Proof.
  intros a b H. unfold difference in H. destruct (isAbsent a) eqn:A; [destruct (isAbsent b) eqn:B; [auto|discriminate]|].
  right. destruct (isAbsent b) eqn:B; [discriminate|].
  destruct (Kind_eqb (kind a) (kind b)) eqn:K; [|discriminate]. apply Kind_eqb_spec in K. simpl in H.
  destruct (isSameObject a b) eqn:S; [|discriminate]. simpl in H.
  destruct (owner a =? owner b) eqn:O; [|discriminate]. destruct (group a =? group b) eqn:G; [|discriminate]. simpl in H.
  apply N.eqb_eq in O. apply N.eqb_eq in G.
  assert (T : timesDifference a b = Difference_none -> modification a = modification b).
  { unfold timesDifference. destruct (Timestamp_eqb (modification a) (modification b)) eqn:E; [|discriminate].
    intros _. apply Timestamp_eqb_spec; auto. }
  destruct (Kind_eqb (kind a) Kind_symbolicLink) eqn:L.
  - apply Kind_eqb_spec in L.
    repeat match goal with
    | |- _ /\ _ => split
    | |- _ -> _ => intro
    | X : _ \/ _ |- _ => destruct X
    end; auto; congruence.
  - destruct (permissions a =? permissions b) eqn:P; [|discriminate]. apply N.eqb_eq in P. simpl in H.
    destruct (kind a) eqn:Ka; try discriminate;
      repeat match goal with
      | |- _ /\ _ => split
      | |- _ -> _ => intro
      | X : _ \/ _ |- _ => destruct X
      end; auto; try discriminate;
      try (destruct (size a =? size b) eqn:Z; [apply N.eqb_eq; auto|discriminate]);
      try (destruct (size a =? size b) eqn:Z; [auto|discriminate]);
      try (destruct (representedDevice a =? representedDevice b) eqn:D; [apply N.eqb_eq; auto|discriminate]).
Qed.

(** What was left as it was never differs from itself. *)
Theorem no_difference_from_itself : forall a, difference a a true = Difference_none.
Proof.
  intros a. unfold difference. destruct (isAbsent a) eqn:A; auto.
  assert (K : Kind_eqb (kind a) (kind a) = true) by (apply Kind_eqb_spec; auto).
  assert (B : Timestamp_eqb (birth a) (birth a) = true) by (apply Timestamp_eqb_spec; auto).
  assert (M : Timestamp_eqb (modification a) (modification a) = true) by (apply Timestamp_eqb_spec; auto).
  rewrite K. simpl. unfold isSameObject. rewrite A, K, !N.eqb_refl, B. simpl.
  destruct (Timestamp_eqb (birth a) Timestamp_unknown); simpl;
    unfold timesDifference; rewrite M; destruct (kind a); auto.
Qed.

(** ** How a path is put back *)

(** What a change record says about its path before the change. *)
Inductive ChangeKind :=
(** Nothing was there. *)
| ChangeKind_created
(** An object was there; its pre-image is a store item (the object itself, another link to it, or a copy), or it can be made
    again from the record alone (directory, symbolic link, node). *)
| ChangeKind_removed
(** The object was there and went to `other` with its identity. *)
| ChangeKind_moved
(** A regular file with this content; the pre-image is in the record or a store item. *)
| ChangeKind_content
(** A regular file of this size, which only grew. *)
| ChangeKind_appended
(** Mode, owner, times, extended attributes. *)
| ChangeKind_attributes
(** A directory whose times changed because something in it did. Put back only when they are still as left. *)
| ChangeKind_directoryTimes
(** A regular file that is cut; the pre-image is what stands from the cut on. *)
| ChangeKind_tail.

(** Where the pre-image of a change is. *)
Inductive Preimage :=
(** Nowhere: the change cannot be undone. *)
| Preimage_missing
(** In the record: all that is needed. *)
| Preimage_inRecord
(** A store item that is the object itself, or another link to it. *)
| Preimage_object
(** A store item that is a copy of the content. *)
| Preimage_copy.

(** What is seen when a path is to be put back to the state that a record says. *)
Record RestoreSighting := MakeRestoreSighting {
  (** What is at the path. *)
  present : NodeState;
  (** What the store item is, absent when there is none (any more). *)
  item : NodeState;
  (** What is at the place that a moved object went to. *)
  other : NodeState
}.

(** One step that puts a path back. `putAway` means: into the store, so that this can be undone in turn. *)
Inductive RestoreStep :=
| RestoreStep_nothing
(** Remove what is at the path. *)
| RestoreStep_putAway
(** Move the store item to the path, after putting away what is there. *)
| RestoreStep_placeItem (putAway : bool)
(** Copy the store item to the path (its object is not the one that was there), after putting away what is there. *)
| RestoreStep_copyItem (putAway : bool)
(** Make a directory, symbolic link or node from the record, after putting away what is there. *)
| RestoreStep_recreate (putAway : bool)
(** Rename `other` back to the path, after putting away what is there. *)
| RestoreStep_moveBack (putAway : bool)
(** Write the content before into the object, then its attributes. *)
| RestoreStep_rewrite
(** Cut the object to its size before, then its attributes. *)
| RestoreStep_cut
(** Write what was cut off behind the rest, then the attributes. *)
| RestoreStep_restoreTail
| RestoreStep_setAttributes
(** The pre-image is gone, or was never taken. *)
| RestoreStep_impossible.

(** Whether the pre-image of a content is to be had. *)
Definition hasContent (preimage : Preimage) (sighting : RestoreSighting) : bool :=
  match preimage with
  | Preimage_missing => false
  | Preimage_inRecord => true
  | Preimage_object | Preimage_copy => negb (isAbsent (item sighting))
  end.

(** The inverse of a change, from the record and what is there now. Whether the change was ever made is not known: each step
    is right in both cases, and asking again after it gives `nothing` or the same step. *)
Definition restoreStep (kind_ : ChangeKind) (before : NodeState) (preimage : Preimage) (sighting : RestoreSighting)
  : RestoreStep :=
  let present := present sighting in
  let putAway := negb (isAbsent present) in
  match kind_ with
  | ChangeKind_created => if putAway then RestoreStep_putAway else RestoreStep_nothing
  | ChangeKind_removed =>
    if isSameObject present before then RestoreStep_nothing
    else match preimage with
    | Preimage_missing => RestoreStep_impossible
    | Preimage_inRecord => RestoreStep_recreate putAway
    | Preimage_object => if isAbsent (item sighting) then RestoreStep_impossible else RestoreStep_placeItem putAway
    | Preimage_copy => if isAbsent (item sighting) then RestoreStep_impossible else RestoreStep_copyItem putAway
    end
  | ChangeKind_moved =>
    if isSameObject (other sighting) before then RestoreStep_moveBack putAway
    else if isSameObject present before then RestoreStep_nothing
    else RestoreStep_impossible
  | ChangeKind_content =>
    if Kind_eqb (kind present) Kind_regular && hasContent preimage sighting
    then RestoreStep_rewrite else RestoreStep_impossible
  | ChangeKind_tail =>
    if Kind_eqb (kind present) Kind_regular && hasContent preimage sighting
    then RestoreStep_restoreTail else RestoreStep_impossible
  | ChangeKind_appended =>
    if Kind_eqb (kind present) Kind_regular && (size before <=? size present)
    then RestoreStep_cut else RestoreStep_impossible
  | ChangeKind_attributes | ChangeKind_directoryTimes =>
    if Kind_eqb (kind present) (kind before) then RestoreStep_setAttributes else RestoreStep_impossible
  end.

Definition absent : NodeState := MakeNodeState Kind_absent 0 0 0 0 0 0 0 Timestamp_unknown Timestamp_unknown.

(** What a step makes of the three places, given what each step is defined to do: what is moved is gone from where it was,
    and what is made or written from the record is what the record says. *)
Definition after_step (step : RestoreStep) (before : NodeState) (s : RestoreSighting) : RestoreSighting :=
  match step with
  | RestoreStep_nothing | RestoreStep_impossible => s
  | RestoreStep_putAway => MakeRestoreSighting absent (item s) (other s)
  | RestoreStep_placeItem _ => MakeRestoreSighting (item s) absent (other s)
  | RestoreStep_copyItem _ | RestoreStep_recreate _ => MakeRestoreSighting before (item s) (other s)
  | RestoreStep_moveBack _ => MakeRestoreSighting (other s) (item s) absent
  | RestoreStep_rewrite | RestoreStep_cut | RestoreStep_restoreTail | RestoreStep_setAttributes =>
    MakeRestoreSighting before (item s) (other s)
  end.

(** Records that the shell writes: nothing was there before a creation, and something before everything else. *)
Definition record_ok (kind_ : ChangeKind) (before : NodeState) : Prop :=
  match kind_ with ChangeKind_created => isAbsent before = true | _ => isAbsent before = false end.

(** The store item is the object that was there, when the record says so. *)
Definition item_ok (preimage : Preimage) (before : NodeState) (s : RestoreSighting) : Prop :=
  preimage = Preimage_object -> isAbsent (item s) = false -> isSameObject (item s) before = true.

(** The path shows what the record says: nothing, or the same object (for removals and moves), or an object with the
    attributes of the record (for the rest). *)
Definition restored (kind_ : ChangeKind) (before : NodeState) (s : RestoreSighting) : Prop :=
  match kind_ with
  | ChangeKind_created => isAbsent (present s) = true
  | ChangeKind_removed | ChangeKind_moved => isSameObject (present s) before = true
  | _ => present s = before
  end.

Lemma same_object_refl : forall n, isAbsent n = false -> isSameObject n n = true.
Proof.
  intros n A. unfold isSameObject. rewrite A, N.eqb_refl. simpl.
  rewrite (proj2 (Kind_eqb_spec _ _) eq_refl), (proj2 (Timestamp_eqb_spec (birth n) _) eq_refl), N.eqb_refl.
  destruct (Timestamp_eqb (birth n) Timestamp_unknown); auto.
Qed.

Lemma same_object_present : forall a b, isSameObject a b = true -> isAbsent a = false.
Proof. intros a b H. unfold isSameObject in H. destruct (isAbsent a); simpl in H; congruence. Qed.

(** Theorem 5, one path: a step that is possible restores the state that the record says, whether the change had been made
    or not. *)
Theorem step_restores : forall k before pre s, record_ok k before -> item_ok pre before s ->
  restoreStep k before pre s <> RestoreStep_impossible ->
  restored k before (after_step (restoreStep k before pre s) before s).
Proof.
  intros k before pre s R I P. unfold record_ok in R. unfold restoreStep in *.
  destruct k; simpl in *;
    repeat match goal with
    | P : context [if ?b then _ else _] |- _ => destruct b eqn:?; simpl in *
    end; auto; try congruence;
    try (apply negb_false_iff; assumption);
    destruct pre; simpl in *; auto using same_object_refl; congruence.
Qed.

(** Asked again after its step, it answers that nothing is to be done, or the same step, which leaves all as it is: an undo
    that was killed can be run again. *)
Theorem step_idempotent : forall k before pre s, record_ok k before -> item_ok pre before s ->
  let step := restoreStep k before pre s in
  step <> RestoreStep_impossible ->
  let s' := after_step step before s in
  after_step (restoreStep k before pre s') before s' = s'.
Proof.
  intros k before pre s R I step P s'. pose proof (step_restores k before pre s R I P) as X.
  fold step in X. fold s' in X. unfold restored in X. unfold restoreStep at 1.
  destruct k; simpl in *.
  - rewrite X. auto.
  - rewrite X. auto.
  - destruct (isSameObject (other s') before) eqn:O; [|rewrite X; auto].
    (* the object cannot still be at the other place: it was moved back from there *)
    exfalso. subst s' step. unfold restoreStep in *. simpl in *.
    destruct (isSameObject (other s) before) eqn:O2; simpl in O.
    + unfold isSameObject, isAbsent in O. simpl in O. discriminate.
    + destruct (isSameObject (present s) before); simpl in O; congruence.
  - destruct (Kind_eqb (kind (present s')) Kind_regular && hasContent pre s'); simpl; auto.
    rewrite <- X. destruct s'; auto.
  - destruct (Kind_eqb (kind (present s')) Kind_regular && (size before <=? size (present s'))); simpl; auto.
    rewrite <- X. destruct s'; auto.
  - destruct (Kind_eqb (kind (present s')) (kind before)); simpl; auto. rewrite <- X. destruct s'; auto.
  - destruct (Kind_eqb (kind (present s')) (kind before)); simpl; auto. rewrite <- X. destruct s'; auto.
  - destruct (Kind_eqb (kind (present s')) Kind_regular && hasContent pre s'); simpl; auto.
    rewrite <- X. destruct s'; auto.
Qed.

(** A pre-image that was never taken, or is gone, is never taken for an empty one. *)
Theorem missing_preimage_is_said : forall before s, isSameObject (present s) before = false ->
  restoreStep ChangeKind_removed before Preimage_missing s = RestoreStep_impossible /\
  restoreStep ChangeKind_content before Preimage_missing s = RestoreStep_impossible /\
  (isAbsent (item s) = true -> forall pre, pre = Preimage_object \/ pre = Preimage_copy ->
     restoreStep ChangeKind_removed before pre s = RestoreStep_impossible /\
     restoreStep ChangeKind_content before pre s = RestoreStep_impossible).
Proof.
  intros before s H. unfold restoreStep. rewrite H. simpl. rewrite andb_false_r.
  repeat split; auto; intros; destruct H1; subst; simpl; rewrite H0; simpl; rewrite ?andb_false_r; auto.
Qed.

(** ** What recovery does with an operation in a journal *)

(** What is seen of a journal from outside. *)
Record JournalSighting := MakeJournalSighting {
  (** The process that began it still runs (same number, same start time, same boot). *)
  ownerIsAlive : bool;
  (** No process has it open. *)
  isUnlocked : bool
}.

(** Nobody can add to it any more. A living owner without a lock has handed the operation over (exec), or is about to take it
    up again after a subshell began it; a lock without an owner is a subshell that outlived its shell. *)
Definition isAbandoned (sighting : JournalSighting) : bool := negb (ownerIsAlive sighting) && isUnlocked sighting.

(** How an operation in a journal stands. *)
Inductive OperationOutcome :=
| OperationOutcome_finished
(** Its process died before it ended; what it recorded can be undone. *)
| OperationOutcome_interrupted
(** An undo, redo or rollback that failed half-way and was taken back. *)
| OperationOutcome_failed
(** Handed to a program that replaced the shell, and ended with it. *)
| OperationOutcome_replaced.

(** What recovery does with an operation that it finds in a journal. *)
Inductive RecoveryAction :=
(** Still running: leave it. *)
| RecoveryAction_leave
(** Take it into the log as it stands in the journal. *)
| RecoveryAction_take (outcome : OperationOutcome)
(** Look at the present state of its paths, add that as the state after, then take it. *)
| RecoveryAction_completeAndTake (outcome : OperationOutcome)
(** It changed nothing. *)
| RecoveryAction_drop.

(** - Parameters:
      - sighting: the journal that it stands in.
      - ending: the outcome in the end record, when there is one.
      - wasReplaced: the shell noted that it was about to exec.
      - changes: valid change records.
      - isEvent: a begin or commit, which is complete in one record.
      - standsEmpty: it means something without changes, once it has ended (an undo, a redo, a rollback). *)
Definition recoveryAction (sighting : JournalSighting) (ending : option OperationOutcome) (wasReplaced : bool)
  (changes : N) (isEvent : bool) (standsEmpty : bool) : RecoveryAction :=
  if isEvent then RecoveryAction_take OperationOutcome_finished
  else match ending with
  | Some outcome =>
    if (changes =? 0) && negb standsEmpty then RecoveryAction_drop else RecoveryAction_take outcome
  | None =>
    if negb (isAbandoned sighting) then RecoveryAction_leave
    else if changes =? 0 then RecoveryAction_drop
    else RecoveryAction_completeAndTake
      (if wasReplaced then OperationOutcome_replaced else OperationOutcome_interrupted)
  end.

(** A running operation is left alone. *)
Theorem running_is_left : forall s w n e, isAbandoned s = false ->
  recoveryAction s None w n false e = RecoveryAction_leave.
Proof. intros. unfold recoveryAction. rewrite H. auto. Qed.

(** What a dead process recorded is never dropped. *)
Theorem recorded_changes_are_kept : forall s o w n v e, 0 < n -> isAbandoned s = true ->
  exists outcome, recoveryAction s o w n v e = RecoveryAction_take outcome \/
                  recoveryAction s o w n v e = RecoveryAction_completeAndTake outcome.
Proof.
  intros s o w n v e L A. unfold recoveryAction. rewrite A. simpl.
  destruct (N.eqb_spec n 0); [lia|]. destruct v; eauto. destruct o; simpl; eauto.
Qed.
