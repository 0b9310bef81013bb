(* SPDX-License-Identifier: MPL-2.0 *)
(** * What the oracle evaluates

    The operations and their errors, the decisions of undo, and the properties, as OCaml. Numbers and lengths become OCaml's
    integers; the harness keeps them small. *)

From Coq Require Import Extraction ExtrOcamlBasic ExtrOcamlNatInt ExtrOcamlZInt.
From Vsh Require Inodes Operations Properties.

Extraction "model.ml"
  Operations.planned Operations.perform Inodes.state_eqb Inodes.seen
  Properties.inverse_restores Properties.error_changes_nothing Properties.undo_restores Properties.same_files
  Properties.footprint_or_nothing.
