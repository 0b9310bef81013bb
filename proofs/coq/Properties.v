(* SPDX-License-Identifier: MPL-2.0 *)
(** * Properties, as programs

    What the oracle asks of the states that it reads from the disk. Those about operations are proven to answer yes whatever
    state, operation and caller they are asked about; the others say of states, read before and after the real shell acted,
    what the theorems say of the model's. *)

From Coq Require Import List NArith Bool.
From Vsh Require Import Entries Cells Tree Inodes Access Resolver Operations OperationsFacts.
Import ListNotations.
Open Scope N_scope.

(** Theorem 1 for one operation in one state. *)
Definition inverse_restores (c : caller) (o : op) (s : istate) : bool :=
  match planned c o s with
  | inl a => state_eqb (irun (iinverse a s) (irun a s)) s
  | inr _ => true
  end.

(** It always answers yes. *)
Theorem inverse_restores_always : forall c o s, iwf s -> inverse_restores c o s = true.
Proof.
  intros c o s W. unfold inverse_restores. destruct (planned c o s) as [a|] eqn:P; auto.
  apply state_eqb_spec. eapply op_inverse; eauto.
Qed.

(** An operation that fails changes nothing. *)
Definition error_changes_nothing (c : caller) (o : op) (s : istate) : bool :=
  match perform c o s with (s', Some _) => state_eqb s' s | (_, None) => true end.

(** It always answers yes. *)
Theorem error_changes_nothing_always : forall c o s, error_changes_nothing c o s = true.
Proof.
  intros c o s. unfold error_changes_nothing. destruct (perform c o s) as [s' [e|]] eqn:P; auto.
  apply state_eqb_spec. eapply error_noop; eauto.
Qed.

(** Undo without interference gives the state before. *)
Definition undo_restores (c : caller) (o : op) (s : istate) : bool :=
  match planned c o s with
  | inl a =>
    match iundo (irecords a s) (irun a s) with Restored _ s' => state_eqb s' s | Refused _ _ => false end
  | inr _ => true
  end.

(** It always answers yes. *)
Theorem undo_restores_always : forall c o s, iwf s -> undo_restores c o s = true.
Proof.
  intros c o s W. unfold undo_restores. destruct (planned c o s) as [a|] eqn:P; auto.
  rewrite (op_undo_without_interference c o s a W P). apply state_eqb_spec. auto.
Qed.

(** A state without the times of directories, which change with what is in them. *)
Definition timeless (m : meta) : meta := Meta (mode m) (owner m) (group m) 0.

Fixpoint calm (t : tree N) : tree N :=
  match t with
  | Leaf i => Leaf i
  | Dir m es =>
    Dir (timeless m) ((fix all es := match es with [] => [] | (k, u) :: r => (k, calm u) :: all r end) es)
  end.

(** Two states are the same but for the times of directories; [files] false: but for all times. *)
Definition without_times (n : node) : node :=
  match n with File m b => File (timeless m) b | Symlink m a c => Symlink (timeless m) a c end.

Definition same_files (times : bool) (a b : istate) : bool :=
  let f := fun s => State (calm (names s))
    (if times then nodes s else map (fun e => (fst e, without_times (snd e))) (nodes s)) in
  state_eqb (f a) (f b).

(** A state is the same as itself. *)
Theorem same_files_of_equals : forall times s, same_files times s s = true.
Proof. intros. unfold same_files. apply state_eqb_spec. auto. Qed.

(** What is at each path: the object with its attributes and content, not what is below it. *)
Inductive shallow := ADirectory (m : meta) | ANode (n : node).

Definition shallow_eqb (a b : shallow) : bool :=
  match a, b with
  | ADirectory m, ADirectory n => meta_eqb (timeless m) (timeless n)
  | ANode x, ANode y => node_eqb x y
  | _, _ => false
  end.

Fixpoint paths (b : list (N * node)) (p : path) (t : tree N) : list (path * shallow) :=
  match t with
  | Leaf i => [(rev p, ANode (node_of b i))]
  | Dir m es =>
    (rev p, ADirectory m) ::
    (fix all es := match es with [] => [] | (k, u) :: r => paths b (k :: p) u ++ all r end) es
  end.

Definition listing (s : istate) : list (path * shallow) := paths (nodes s) [] (names s).

Definition at_listing (l : list (path * shallow)) (p : path) : option shallow :=
  match List.find (fun e => list_eqb N.eqb (fst e) p) l with Some (_, x) => Some x | None => None end.

(** Whether the same object, under the same name, is somewhere in a listing. *)
Definition somewhere (p : path) (x : option shallow) (l : list (path * shallow)) : bool :=
  match x with
  | None => true
  | Some _ => existsb (fun e => (last (fst e) 0 =? last p 0) && option_eqb shallow_eqb (Some (snd e)) x) l
  end.

(** Theorem 3 of states that were read: [s0] before a command, [s1] after it, [s2] after others interfered, [s3] after undo.
    A refusal leaves [s2]. Otherwise every path that the command changed is as in [s0], and every other as in [s2]; what others
    put into a directory that the command moved goes with it, and is not lost. *)
Definition footprint_or_nothing (refused : bool) (s0 s1 s2 s3 : istate) : bool :=
  if refused then same_files true s3 s2
  else
    let l0 := listing s0 in let l1 := listing s1 in let l2 := listing s2 in let l3 := listing s3 in
    let same := option_eqb shallow_eqb in
    let changed := filter (fun p => negb (same (at_listing l0 p) (at_listing l1 p))) (map fst l0 ++ map fst l1) in
    forallb (fun p =>
      if same (at_listing l0 p) (at_listing l1 p) then
        same (at_listing l3 p) (at_listing l2 p) ||
        (existsb (fun q => is_prefix q p) changed &&
          somewhere p (at_listing l2 p) l3 && somewhere p (at_listing l3 p) l2)
      else same (at_listing l3 p) (at_listing l0 p))
      (map fst l0 ++ map fst l1 ++ map fst l2 ++ map fst l3).
