(* SPDX-License-Identifier: MPL-2.0 *)
(** * The history of a session

    Entries with linear undo and redo, and nested transactions. Undo takes the entry that came into effect last; redo takes
    the entry that was undone last, as long as nothing new was done since. New work after an undo starts a new branch: what
    was undone stays in the history, and the parents give the tree.

    [Sources/VshCore/Generated/ProvenHistory.swift] is made from these definitions; [HistoryFacts] proves what holds of them. *)

From Coq Require Import List NArith Bool.
Import ListNotations.
Open Scope N_scope.

(** How an entry stands. *)
Inductive EntryState :=
(** Its changes are in effect. *)
| Done
(** They were taken back by the operation [changed]. *)
| Undone
(** A transaction that has neither been committed nor rolled back. *)
| Open.

(** Something that can be undone in one step: an operation, or a committed transaction. *)
Record Entry := MakeEntry {
  id : N;
  (** The transaction around it, or 0. *)
  transaction : N;
  (** The entry that was done last when this one came, in the same transaction, or 0: its place in the tree. *)
  parent : N;
  isTransaction : bool;
  state : EntryState;
  (** When it took its place in the history: its own number; of a transaction the commit's, and 0 before. *)
  position : N;
  (** The event that gave it its present state. *)
  changed : N;
  (** Operations whose inverses, taken from the last to the first, undo it (when done) or redo it (when undone). *)
  effective : list N
}.

(** What happened, in the order of the numbers. *)
Inductive HistoryEvent :=
(** A command that changed files. *)
| operation (id : N)
| begin (id : N)
(** The innermost open transaction becomes one entry. *)
| commit (id : N)
(** The innermost open transaction was taken back by the operation with this number. *)
| rollback (id : N)
| undo (id : N) (entry : N)
| redo (id : N) (entry : N).

Inductive HistoryError :=
| noTransaction
| unknownEntry (id : N)
| notDone (id : N)
| notUndone (id : N)
(** Numbers must grow. *)
| outOfOrder (id : N).

(** The history of one session. *)
Record History := MakeHistory {
  (** In the order of [id]. *)
  entries : list Entry;
  (** Numbers of the open transactions, the innermost last. *)
  transactions : list N;
  (** The highest number seen. *)
  newest : N
}.

Inductive HistoryResult :=
| accepted (history : History)
| refused (error : HistoryError).

Definition isDone (entry : Entry) : bool := match state entry with Done => true | _ => false end.
Definition isUndone (entry : Entry) : bool := match state entry with Undone => true | _ => false end.
Definition isOpen (entry : Entry) : bool := match state entry with Open => true | _ => false end.

(** Sorting by a number, the lowest first; equal numbers keep their order. *)
Section Sorting.
Variable A : Type.
Variable key : A -> N.
Fixpoint insert (x : A) (sorted : list A) : list A :=
  match sorted with
  | [] => [x]
  | y :: rest => if key x <=? key y then x :: sorted else y :: insert x rest
  end.
Fixpoint sortedBy (unsorted : list A) : list A :=
  match unsorted with [] => [] | x :: rest => insert x (sortedBy rest) end.
End Sorting.
Arguments insert {A}.
Arguments sortedBy {A}.

(** The highest number that an entry mentions. *)
Definition newestNumber (entries : list Entry) : N :=
  fold_left (fun highest entry => N.max highest (N.max (position entry) (changed entry))) entries 0.

(** A history from stored entries, in any order. Nested open transactions are recognised by their numbers. *)
Definition restored (entries : list Entry) : History :=
  let sorted := sortedBy id entries in
  MakeHistory sorted (map id (filter isOpen sorted)) (newestNumber entries).

(** The innermost open transaction, or 0: undo and redo stay inside it. *)
Definition level (history : History) : N := last (transactions history) 0.

(** The entries of a transaction that are in effect, the one to undo first in front. *)
Definition doneIn (transaction_ : N) (history : History) : list Entry :=
  rev (sortedBy changed (filter (fun entry => (transaction entry =? transaction_) && isDone entry) (entries history))).

(** All entries of a transaction that are taken back, the latest in front. *)
Definition undoneIn (transaction_ : N) (history : History) : list Entry :=
  rev (sortedBy changed (filter (fun entry => (transaction entry =? transaction_) && isUndone entry) (entries history))).

(** The last time that something was newly done in a transaction. *)
Definition newestIn (transaction_ : N) (history : History) : N :=
  fold_left (fun highest entry => if (transaction entry =? transaction_) && negb (isOpen entry) then N.max highest (position entry) else highest)
    (entries history) 0.

(** Entries that redo can take up, in order: those undone after the last thing that was newly done. *)
Definition redoableIn (transaction_ : N) (history : History) : list Entry :=
  let newest := newestIn transaction_ history in
  filter (fun entry => newest <? changed entry) (undoneIn transaction_ history).

(** Entries of the present level that are in effect, the one to undo first in front. *)
Definition done (history : History) : list Entry := doneIn (level history) history.

(** All entries of the present level that are taken back, the latest in front. *)
Definition undone (history : History) : list Entry := undoneIn (level history) history.

(** What redo can take up at the present level, in order. *)
Definition redoable (history : History) : list Entry := redoableIn (level history) history.

(** The entry of the present level that came into effect last, or 0. *)
Definition head (history : History) : N :=
  match done history with entry :: _ => id entry | [] => 0 end.

(** The entry with a number. *)
Definition entry (number : N) (history : History) : option Entry :=
  find (fun entry => id entry =? number) (entries history).

(** The operations in effect inside a transaction, oldest first: what its rollback takes back. *)
Definition effectiveInside (transaction_ : N) (history : History) : list N :=
  flat_map effective (rev (doneIn transaction_ history)).

(** The entry as an event leaves it. *)
Definition standing (entry : Entry) (state : EntryState) (position : N) (event : N) (effective : list N) : Entry :=
  MakeEntry (id entry) (transaction entry) (parent entry) (isTransaction entry) state position event effective.

(** With one entry in place of the one that has its number. *)
Definition replacing (replacement : Entry) (entries : list Entry) : list Entry :=
  map (fun entry => if id entry =? id replacement then replacement else entry) entries.

(** Closes the innermost transaction. When nothing in it is in effect it is no entry; what was undone inside stays below
    it in the log. *)
Definition close (history : History) (number : N) (state : EntryState) (effective : list N) : HistoryResult :=
  match entry (level history) history with
  | None => refused (unknownEntry (level history))
  | Some found =>
    let outer := removelast (transactions history) in
    match effective with
    | [] => accepted (MakeHistory (filter (fun entry => negb (id entry =? id found)) (entries history)) outer number)
    | _ =>
      let place := match state with Done => number | _ => position found end in
      accepted (MakeHistory (replacing (standing found state place number effective) (entries history)) outer number)
    end
  end.

(** Takes up an event. *)
Definition applying (event : HistoryEvent) (history : History) : HistoryResult :=
  match event with
  | operation number =>
    if number <=? newest history then refused (outOfOrder number)
    else
      let added := MakeEntry number (level history) (head history) false Done number number [number] in
      accepted (MakeHistory (entries history ++ [added]) (transactions history) number)
  | begin number =>
    if number <=? newest history then refused (outOfOrder number)
    else
      let added := MakeEntry number (level history) (head history) true Open 0 number [] in
      accepted (MakeHistory (entries history ++ [added]) (transactions history ++ [number]) number)
  | commit number =>
    match transactions history with
    | [] => refused noTransaction
    | _ =>
      if number <=? newest history then refused (outOfOrder number)
      else close history number Done (effectiveInside (level history) history)
    end
  | rollback number =>
    match transactions history with
    | [] => refused noTransaction
    | _ =>
      if number <=? newest history then refused (outOfOrder number)
      else
        match effectiveInside (level history) history with
        | [] => close history number Undone []
        | _ => close history number Undone [number]
        end
    end
  | undo number target =>
    match entry target history with
    | None => refused (unknownEntry target)
    | Some found =>
      if negb (isDone found) then refused (notDone target)
      else if number <=? newest history then refused (outOfOrder number)
      else
        let changed := standing found Undone (position found) number [number] in
        accepted (MakeHistory (replacing changed (entries history)) (transactions history) number)
    end
  | redo number target =>
    match entry target history with
    | None => refused (unknownEntry target)
    | Some found =>
      if negb (isUndone found) then refused (notUndone target)
      else if number <=? newest history then refused (outOfOrder number)
      else
        (* A transaction that was rolled back takes its place only now. *)
        let place := if position found =? 0 then number else position found in
        let changed := standing found Done place number [number] in
        accepted (MakeHistory (replacing changed (entries history)) (transactions history) number)
    end
  end.
