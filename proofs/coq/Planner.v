(* SPDX-License-Identifier: MPL-2.0 *)
(** * What is recorded before a change

    Before the shell changes something it writes a record from which the state before can be had again. Much needs no record,
    because an earlier one of the same operation says enough: what these functions decide. [PlannerFacts] proves that all
    that is left out was rightly left out.

    [Sources/VshCore/Generated/ProvenPlanner.swift] is made from these definitions. *)

From Coq Require Import Bool.

(** What the records of an operation say of an object already. *)
Record ObjectKnowledge := MakeObjectKnowledge {
  (** The operation made it: undo takes it away, whatever it holds. *)
  isBorn : bool;
  (** Its content, with all else. *)
  hasContent : bool;
  (** How long it was before it grew, and its attributes. *)
  hasSize : bool;
  (** Mode, owner and times. *)
  hasAttributes : bool;
  (** Extended attributes. *)
  hasExtended : bool
}.

(** What the records of an operation say of a name already. *)
Record NameKnowledge := MakeNameKnowledge {
  (** What it stood for, or that there was nothing. *)
  isCovered : bool;
  (** It was made by the operation. *)
  isCreated : bool;
  (** The times of the directory that it stands for. *)
  isTouched : bool
}.

(** What has to be kept of a file before it is written to. *)
Inductive ContentPlan :=
| ContentPlan_nothing
(** How long it is: it will only grow. *)
| ContentPlan_size
| ContentPlan_content.

Definition contentPlan (grows : bool) (known : ObjectKnowledge) : ContentPlan :=
  if isBorn known || hasContent known then ContentPlan_nothing
  else if grows then (if hasSize known then ContentPlan_nothing else ContentPlan_size)
  else ContentPlan_content.

(** Whether the attributes of an object have to be kept before they are changed. *)
Definition needsAttributes (extended : bool) (known : ObjectKnowledge) : bool :=
  negb (isBorn known || (if extended then hasExtended known else hasAttributes known)).

(** Whether an object has to be kept when a name of it is removed. *)
Definition needsRemoval (known : ObjectKnowledge) : bool := negb (isBorn known).

(** Whether it has to be noted that a name is made. Of a link it must be known what it was. *)
Definition needsCreation (isLink : bool) (known : NameKnowledge) : bool := isLink || negb (isCovered known).

(** Whether the times of a directory have to be kept before something in it changes. *)
Definition needsTimes (known : NameKnowledge) : bool := negb (isTouched known || isCreated known).

(** What has to be recorded before a rename, in this order. *)
Record RenamePlan := MakeRenamePlan {
  (** What the new name stands for. *)
  keepsReplaced : bool;
  (** That there was nothing under the new name. *)
  notesCreation : bool;
  (** That the object moved. What the operation made itself is taken away wherever it is. *)
  notesMove : bool
}.

Definition renamePlan (moved : ObjectKnowledge) (replaced : option ObjectKnowledge) (target : NameKnowledge) : RenamePlan :=
  match replaced with
  | None => MakeRenamePlan false (negb (isCovered target)) (negb (isBorn moved))
  | Some there => MakeRenamePlan (negb (isCovered target && isBorn there)) false (negb (isBorn moved))
  end.
