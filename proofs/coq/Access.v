(* SPDX-License-Identifier: MPL-2.0 *)
(** * Who may do what

    The permission bits of files and directories, as the kernel applies them to a caller without capabilities, or with all of
    them (root). Not here: supplementary groups, access control lists, set-user-ID bits, attributes like `immutable`. *)

From Coq Require Import List NArith Bool.
From Vsh Require Import Entries Tree Inodes.
Import ListNotations.
Open Scope N_scope.

(** A position: names from the root, the innermost first. *)
Definition position := list N.

(** Who asks, from where, and when; how many components a resolution may pass (more than any path can have); and whether the
    kernel is told to guard hard links (`fs.protected_hardlinks`). *)
Record caller := Caller { uid : N; gid : N; cwd : position; now : N; steps : nat; guards_links : bool }.

Definition is_root (c : caller) : bool := uid c =? 0.

(** A bit of a mode, given by its value. *)
Definition has_bit (bit mode : N) : bool := N.modulo (N.div mode bit) 2 =? 1.

(** Whether a bit, given as the one for others (4 to read, 2 to write, 1 to search), is there for this caller. The class that
    the caller is in decides alone. *)
Definition may (c : caller) (m : meta) (bit : N) : bool :=
  is_root c || has_bit (bit * (if uid c =? owner m then 64 else if gid c =? group m then 8 else 1)) (mode m).

Definition may_read c m := may c m 4.
Definition may_write c m := may c m 2.
Definition may_search c m := may c m 1.

(** Attributes are the owner's to change. *)
Definition owns (c : caller) (m : meta) : bool := is_root c || (uid c =? owner m).

(** In a sticky directory names are removed by the owner of the object or of the directory. *)
Definition is_kept (c : caller) (directory object : meta) : bool :=
  has_bit 512 (mode directory) && negb (owns c directory || owns c object).
