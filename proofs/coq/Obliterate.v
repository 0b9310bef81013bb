(* SPDX-License-Identifier: MPL-2.0 *)
(** * Obliteration

    What a machine keeps of a content: the files themselves, pre-images in the store, records in the journal, clear text and
    salts in the side table, and salted commitments in the audit chain. Obliteration takes the content from all but the last;
    the chain keeps the commitment, and stays verifiable.

    The commitment is any function. Where one would say that it hides, the theorem asks that the two machines show the same
    commitments: a commitment hides exactly when for every other content there is a salt that makes it so. *)

From Coq Require Import List NArith Bool.
Import ListNotations.
Open Scope N_scope.

Section Obliterate.
Variable content : Type.
Variable commit : N -> content -> N.

(** Each kind of copy, under the number of the thing that was obliterated. *)
Record machine := Machine {
  files : list (N * content);
  store : list (N * content);
  journal : list (N * content);
  side : list (N * (N * content));
  chain : list (N * N)
}.

Definition without {A} (n : N) (l : list (N * A)) : list (N * A) := filter (fun e => negb (fst e =? n)) l.

(** The files, pre-images, records and side rows of [n] go; the chain gets a row of evidence. *)
Definition obliterate (n : N) (evidence : N) (m : machine) : machine :=
  Machine (without n (files m)) (without n (store m)) (without n (journal m)) (without n (side m))
    (chain m ++ [(n, evidence)]).

(** The chain holds the commitments to what stands in the side table. *)
Definition committed (m : machine) : Prop :=
  forall n salt c, In (n, (salt, c)) (side m) -> In (n, commit salt c) (chain m).

(** Two machines that differ in nothing but what they keep under [n]. *)
Definition differ_only_in (n : N) (a b : machine) : Prop :=
  without n (files a) = without n (files b) /\ without n (store a) = without n (store b) /\
  without n (journal a) = without n (journal b) /\ without n (side a) = without n (side b) /\ chain a = chain b.

(** Theorem 8: after obliteration they do not differ at all: nothing that is left depends on the content. *)
Theorem obliteration_is_final : forall n e a b, differ_only_in n a b -> obliterate n e a = obliterate n e b.
Proof. unfold differ_only_in, obliterate. intros n e a b (-> & -> & -> & -> & ->). reflexivity. Qed.

(** No content of that number is left anywhere. *)
Theorem nothing_is_left : forall n e m c,
  ~ In (n, c) (files (obliterate n e m)) /\ ~ In (n, c) (store (obliterate n e m)) /\
  ~ In (n, c) (journal (obliterate n e m)) /\ (forall salt, ~ In (n, (salt, c)) (side (obliterate n e m))).
Proof.
  assert (H : forall A (l : list (N * A)) n x, ~ In (n, x) (without n l)).
  { intros A l n x I. apply filter_In in I. simpl in I. rewrite N.eqb_refl in I. destruct I; discriminate. }
  intros n e m c. simpl. repeat split; auto.
Qed.

(** Everything else is left. *)
Theorem the_rest_is_left : forall n e m k c, k <> n -> In (k, c) (files m) -> In (k, c) (files (obliterate n e m)).
Proof.
  intros n e m k c D I. apply filter_In. split; auto. simpl. apply negb_true_iff, N.eqb_neq. auto.
Qed.

(** Hence nothing can undo it: a function that gave back the machine before would have to give two machines at once. *)
Theorem obliteration_has_no_inverse : forall n e a b, differ_only_in n a b -> a <> b ->
  ~ exists back, forall m, back (obliterate n e m) = m.
Proof.
  intros n e a b D Ne [back H]. apply Ne. rewrite <- (H a), <- (H b), (obliteration_is_final n e a b D). reflexivity.
Qed.

(** And there are such machines, for every two contents that salts can make look alike. *)
Theorem such_machines_exist : forall n s1 c1 s2 c2, c1 <> c2 -> commit s1 c1 = commit s2 c2 ->
  let m := fun s c => Machine [(n, c)] [(n, c)] [(n, c)] [(n, (s, c))] [(n, commit s c)] in
  differ_only_in n (m s1 c1) (m s2 c2) /\ m s1 c1 <> m s2 c2 /\ committed (m s1 c1) /\ committed (m s2 c2).
Proof.
  intros n s1 c1 s2 c2 D E m. split; [|split; [|split]].
  - unfold differ_only_in, m, without. simpl. rewrite N.eqb_refl, E. simpl. auto.
  - unfold m. intros X. inversion X. congruence.
  - unfold committed, m. simpl. intros k s c [X|[]]. inversion X; subst. auto.
  - unfold committed, m. simpl. intros k s c [X|[]]. inversion X; subst. auto.
Qed.

(** The chain is only added to, so that it stays verifiable. *)
Theorem chain_is_kept : forall n e m, exists more, chain (obliterate n e m) = chain m ++ more.
Proof. intros. eexists. reflexivity. Qed.

End Obliterate.
