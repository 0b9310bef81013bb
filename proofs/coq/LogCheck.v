(* SPDX-License-Identifier: MPL-2.0 *)
(** * The check of the log

    The audit log tells events in order; [checking] takes them up one after the other and refuses the first that the machine
    of [History] could not have made. [LogCheckFacts] proves that it refuses exactly those.

    [Sources/VshCore/Generated/ProvenLogCheck.swift] is made from these definitions, and `audit verify` runs it. *)

From Coq Require Import List NArith Bool.
From Vsh Require Import Decisions.
Import ListNotations.
Open Scope N_scope.

(** ** Tables *)

(** A value for each of some numbers: the one that was given last. *)
Definition Table (A : Type) := list (N * A).

Section Tables.
Variable A : Type.

Fixpoint lookup (number : N) (table : Table A) : option A :=
  match table with
  | [] => None
  | (key, value) :: rest => if key =? number then Some value else lookup number rest
  end.

Definition assign (number : N) (value : A) (table : Table A) : Table A := (number, value) :: table.

End Tables.
Arguments lookup {A}.
Arguments assign {A}.

(** Tables of lists: the list of a number, which is empty when there is none. *)
Definition listAt (number : N) (table : Table (list N)) : list N :=
  match lookup number table with Some list => list | None => [] end.

(** With one more at the end of a number's list. *)
Definition push (number : N) (member : N) (table : Table (list N)) : Table (list N) :=
  assign number (listAt number table ++ [member]) table.

(** ** The check *)

(** How something that was logged stands. *)
Inductive LogStanding :=
(** Its changes are in effect. *)
| LogStanding_done
| LogStanding_undone
(** A transaction that has not ended. *)
| LogStanding_open
(** A transaction that ended without effect. *)
| LogStanding_closed
(** No entry: nothing that can be undone. *)
| LogStanding_event.

Definition LogStanding_eqb (a b : LogStanding) : bool :=
  match a, b with
  | LogStanding_done, LogStanding_done | LogStanding_undone, LogStanding_undone | LogStanding_open, LogStanding_open
  | LogStanding_closed, LogStanding_closed | LogStanding_event, LogStanding_event => true
  | _, _ => false
  end.

(** What a row of the log says. *)
Inductive LogEvent :=
(** A command, or the undo of single paths; whether there is something to undo in it. *)
| LogEvent_operation (isEntry : bool)
| LogEvent_undo (target : N) (outcome : OperationOutcome)
| LogEvent_redo (target : N) (outcome : OperationOutcome)
| LogEvent_rollback (target : N) (outcome : OperationOutcome)
| LogEvent_begin
| LogEvent_commit (target : N)
(** Logged, but nothing that can be undone. *)
| LogEvent_other.

(** Why an event cannot have happened. *)
Inductive LogViolation :=
| LogViolation_repeated (id : N)
(** What it is about was never logged. *)
| LogViolation_unknown (id : N)
| LogViolation_notDone (id : N)
| LogViolation_notUndone (id : N)
| LogViolation_notOpen (id : N).

(** Whether a sequence of logged events is one that the undo machine can have produced: nothing undone that was not in
    effect, nothing redone that was not undone, no transaction closed that was not open. *)
Record LogCheck := MakeLogCheck {
  (** What is not newer than this was logged before the check begins, and is believed. *)
  oldest : N;
  (** Of everything that was logged since. *)
  standings : Table LogStanding;
  (** What was logged inside each transaction. *)
  members : Table (list N)
}.

Inductive LogResult :=
| LogResult_accepted (check : LogCheck)
| LogResult_refused (violation : LogViolation).

(** Whether something was logged since the check began. *)
Definition isLogged (id : N) (check : LogCheck) : bool :=
  match lookup id (standings check) with Some _ => true | None => false end.

(** Whether it was there when the check began. *)
Definition isOlder (id : N) (check : LogCheck) : bool := negb (id =? 0) && (id <=? oldest check).

(** Whether something stands so, or may, because it is older than the check. *)
Definition mayStand (wanted : LogStanding) (id : N) (check : LogCheck) : bool :=
  match lookup id (standings check) with
  | Some found => LogStanding_eqb found wanted
  | None => isOlder id check
  end.

(** Whether something is known to be in effect. *)
Definition isInEffect (id : N) (check : LogCheck) : bool :=
  match lookup id (standings check) with
  | Some found => LogStanding_eqb found LogStanding_done
  | None => false
  end.

(** Whether something in a transaction is in effect, or may be. *)
Definition hasEffect (transaction : N) (check : LogCheck) : bool :=
  isOlder transaction check || existsb (fun member => isInEffect member check) (listAt transaction (members check)).

(** With something that was logged inside a transaction. *)
Definition entering (id : N) (transaction : N) (standing : LogStanding) (check : LogCheck) : LogCheck :=
  MakeLogCheck (oldest check) (assign id standing (standings check)) (push transaction id (members check)).

(** With something that stands otherwise from now on. *)
Definition setting (id : N) (standing : LogStanding) (check : LogCheck) : LogCheck :=
  MakeLogCheck (oldest check) (assign id standing (standings check)) (members check).

(** A step back or forth that changes how its target stands, or refuses when that cannot have stood as it must. *)
Definition moving (id : N) (transaction : N) (target : N) (wanted : LogStanding) (standing : LogStanding)
  (violation : LogViolation) (check : LogCheck) : LogResult :=
  if mayStand wanted target check
  then LogResult_accepted (setting target standing (entering id transaction LogStanding_event check))
  else if isLogged target check then LogResult_refused violation
  else LogResult_refused (LogViolation_unknown target).

(** How far an undo or its like came. *)
Inductive LogReach :=
| LogReach_whole
(** Cut short: something to be taken back itself. *)
| LogReach_partial
(** It was taken back. *)
| LogReach_nothing.

(** Of an undo, redo or rollback; a target of 0 stands for none. *)
Definition reach (target : N) (outcome : OperationOutcome) : LogReach :=
  match outcome with
  | OperationOutcome_failed => LogReach_nothing
  | OperationOutcome_finished => if target =? 0 then LogReach_partial else LogReach_whole
  | _ => LogReach_partial
  end.

(** Takes up a row's event.
    - Parameters:
      - id: the number under which it was logged.
      - transaction: the one that it was logged in, or 0. *)
Definition checking (id : N) (event : LogEvent) (transaction : N) (check : LogCheck) : LogResult :=
  if isLogged id check then LogResult_refused (LogViolation_repeated id)
  else if negb (transaction =? 0) && negb (mayStand LogStanding_open transaction check) then
    if isLogged transaction check then LogResult_refused (LogViolation_notOpen transaction)
    else LogResult_refused (LogViolation_unknown transaction)
  else match event with
  | LogEvent_operation isEntry =>
    LogResult_accepted (entering id transaction (if isEntry then LogStanding_done else LogStanding_event) check)
  | LogEvent_begin => LogResult_accepted (entering id transaction LogStanding_open check)
  | LogEvent_other => LogResult_accepted (entering id transaction LogStanding_event check)
  | LogEvent_commit target =>
    let standing := if hasEffect target check then LogStanding_done else LogStanding_closed in
    moving id transaction target LogStanding_open standing (LogViolation_notOpen target) check
  | LogEvent_undo target outcome =>
    match reach target outcome with
    | LogReach_nothing => LogResult_accepted (entering id transaction LogStanding_event check)
    | LogReach_partial => LogResult_accepted (entering id transaction LogStanding_done check)
    | LogReach_whole =>
      moving id transaction target LogStanding_done LogStanding_undone (LogViolation_notDone target) check
    end
  | LogEvent_redo target outcome =>
    match reach target outcome with
    | LogReach_nothing => LogResult_accepted (entering id transaction LogStanding_event check)
    | LogReach_partial => LogResult_accepted (entering id transaction LogStanding_done check)
    | LogReach_whole =>
      moving id transaction target LogStanding_undone LogStanding_done (LogViolation_notUndone target) check
    end
  | LogEvent_rollback target outcome =>
    match reach target outcome with
    | LogReach_nothing => LogResult_accepted (entering id transaction LogStanding_event check)
    | LogReach_partial => LogResult_accepted (entering id transaction LogStanding_done check)
    | LogReach_whole =>
      let standing := if hasEffect target check then LogStanding_undone else LogStanding_closed in
      moving id transaction target LogStanding_open standing (LogViolation_notOpen target) check
    end
  end.
