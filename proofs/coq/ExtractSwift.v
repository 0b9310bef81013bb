(* SPDX-License-Identifier: MPL-2.0 *)
(** * What is generated for the shell

    proofs/swift.py makes Swift of the JSON that this writes. *)

From Coq Require Import Extraction.
From Vsh Require History Decisions LogCheck Planner Sandbox Audit.

Extraction Language JSON.
Separate Extraction
  History.applying History.restored History.done History.undone History.redoable History.head History.entry
  History.effectiveInside History.level
  Decisions.difference Decisions.restoreStep Decisions.recoveryAction
  LogCheck.checking
  Planner.contentPlan Planner.needsAttributes Planner.needsRemoval Planner.needsCreation Planner.needsTimes Planner.renamePlan
  Sandbox.allows Sandbox.allowsName Sandbox.isFree Sandbox.isOwn Sandbox.confinedStep
  Audit.chainVerdict.
