(* SPDX-License-Identifier: MPL-2.0 *)
(** * The sandbox: what may be changed, and where a name leads

    The shell lets the kernel find the directory that a name is in, looks where that directory is, and decides: the change is
    made there without following a link, or a link is followed by a new search, or the change is refused. The decisions are
    here, and [Sources/VshCore/Generated/ProvenSandbox.swift] is made from them; [SandboxFacts] proves what follows from them. *)

From Coq Require Import List NArith Bool.
Import ListNotations.
Open Scope N_scope.

(** ** Bounds *)

(** A path without symbolic links and dots: the names from the root. *)
Definition Path := list N.
(** A name in a directory. *)
Definition Name := N.

(** Whether a path is a directory, or lies in it. *)
Fixpoint isBelow (path : Path) (directory : Path) : bool :=
  match directory, path with
  | [], _ => true
  | d :: directory', p :: path' => (d =? p) && isBelow path' directory'
  | _, [] => false
  end.

(** A name in a directory, as a path. *)
Definition appending (directory : Path) (name : Name) : Path := directory ++ [name].

(** Whether one of the names in a path is this one. *)
Definition hasName (path : Path) (name : Name) : bool := existsb (fun n => n =? name) path.

(** What commands may change. *)
Record Bounds := MakeBounds {
  (** Directories below which changes are allowed. *)
  zones : list Path;
  (** The shell's own directories. *)
  own : list Path;
  (** The name of the shell's stores, wherever they are. *)
  store : Name
}.

(** Whether it is, or lies in, one of the shell's own directories. *)
Definition isForbidden (path : Path) (bounds : Bounds) : bool :=
  existsb (fun place => isBelow path place) (own bounds) || hasName path (store bounds).

(** Whether it is, holds, or lies in one of the shell's own directories. *)
Definition isOwn (path : Path) (bounds : Bounds) : bool :=
  isForbidden path bounds || existsb (fun place => isBelow place path) (own bounds).

(** Whether it is one of the zones, or lies in one. *)
Definition isInZone (path : Path) (bounds : Bounds) : bool := existsb (fun zone => isBelow path zone) (zones bounds).

(** Whether what is at a path may be changed. *)
Definition allows (path : Path) (bounds : Bounds) : bool := isInZone path bounds && negb (isForbidden path bounds).

(** Whether a name in a directory may be made, or when it `replaces`, be removed or replaced too: what the shell's own
    directories lie in stays where it is. *)
Definition allowsName (name : Name) (directory : Path) (replaces : bool) (bounds : Bounds) : bool :=
  let path := appending directory name in
  isInZone directory bounds && negb (isForbidden path bounds) &&
    negb (replaces && existsb (fun place => isBelow place path) (own bounds)).

(** Whether every name in a directory may be changed, but for those of stores and those that lead to the shell's own directories. *)
Definition isFree (directory : Path) (bounds : Bounds) : bool := isInZone directory bounds && negb (isForbidden directory bounds).

(** ** Searches *)

(** A search for the place of a name, through links. *)
Record ConfinedSearch := MakeConfinedSearch {
  (** A link stands for what it leads to. *)
  follow : bool;
  (** The call looks through a name that a slash stands behind. *)
  looksThrough : bool;
  (** How many links were followed so far. *)
  followed : N
}.

(** What is done with a name whose directory was found. *)
Inductive ConfinedStep :=
(** The change is made at this name, in this directory, without following a link. *)
| ConfinedStep_use
(** The name is a symbolic link: its target is searched for, with a slash behind it when there was one. *)
| ConfinedStep_search (next : ConfinedSearch)
| ConfinedStep_refuse
(** As many links were followed as the kernel follows. *)
| ConfinedStep_tooManyLinks.

(** - Parameters:
      - isAllowed: the bounds allow the name in its directory.
      - isLink: the name is a symbolic link, as far as that was asked.
      - hasSlash: a slash stands behind the name. *)
Definition confinedStep (isAllowed : bool) (isLink : bool) (hasSlash : bool) (search : ConfinedSearch) : ConfinedStep :=
  if isLink && (follow search || (looksThrough search && hasSlash && isAllowed)) then
    if 40 <=? followed search then ConfinedStep_tooManyLinks
    else ConfinedStep_search (MakeConfinedSearch (follow search) (looksThrough search) (followed search + 1))
  else if isAllowed then ConfinedStep_use
  else ConfinedStep_refuse.
