(* SPDX-License-Identifier: MPL-2.0 *)
(** * What holds of every operation

    The theorems of [Cells], which are about any plans, said of the plans that the operations on files make: their inverses,
    their undo after interference, their independence. *)

From Coq Require Import List NArith Bool.
From Vsh Require Import Entries Cells Tree Inodes Access Resolver Operations.
Import ListNotations.
Open Scope N_scope.

Definition isound := sound iplace ivalue ifits.

(** ** Every plan is sound *)

Lemma sound_name : forall p n t, (forall u, t = Some u -> wf u) -> ifits (fst (name p n t)) (snd (name p n t)).
Proof. intros p n [t|] H; simpl; auto. Qed.

Lemma sound_touch : forall c s p, isound (touch c s p).
Proof.
  intros. unfold touch. destruct (at_path (rev p) (names s)) as [[i|m es]|]; repeat constructor.
Qed.

Lemma sound_drop : forall s t, isound (drop s t).
Proof. intros. unfold drop. apply Forall_map. apply Forall_forall. simpl. auto. Qed.

Lemma sound_with_attributes : forall s o f, isound (with_attributes s o f).
Proof.
  intros s [d|i] f; simpl; [repeat constructor|]. destruct (find i (nodes s)) as [[m b|m a t]|]; repeat constructor.
Qed.

Lemma wf_entry_at : forall s p n t, iwf s -> entry_at s p n = Some t -> wf t.
Proof.
  unfold entry_at, directory. intros s p n t [W S] H.
  destruct (at_path (rev p) (names s)) as [[i|m es]|] eqn:A; try discriminate.
  pose proof (wf_at N _ _ _ W A) as U. inversion U; subst. eapply wf_find; eauto.
Qed.

Ltac sound_plan :=
  repeat match goal with
  | |- isound (_ ++ _) => apply Forall_app; split
  | |- isound (touch _ _ _) => apply sound_touch
  | |- isound (drop _ _) => apply sound_drop
  | |- isound (name _ _ _ :: _) => apply Forall_cons; [apply sound_name|]
  | |- isound (inode _ _ :: _) => apply Forall_cons; [exact I|]
  | |- isound _ => progress (try apply Forall_nil)
  | |- Forall _ (_ ++ _) => apply Forall_app; split
  | |- Forall _ (touch _ _ _) => apply sound_touch
  | |- Forall _ (drop _ _) => apply sound_drop
  | |- Forall _ (name _ _ _ :: _) => apply Forall_cons; [apply sound_name|]
  | |- Forall _ (inode _ _ :: _) => apply Forall_cons; [exact I|]
  | |- Forall _ [] => apply Forall_nil
  | |- forall u, None = Some u -> _ => intros ? Q; discriminate
  | |- forall u, Some _ = Some u -> wf u => let Q := fresh in intros ? Q; inversion Q; subst; clear Q
  | |- wf (Leaf _) => constructor
  | |- wf (Dir _ []) => constructor; simpl; auto
  | |- wf _ => eapply wf_entry_at; eauto
  end.

Lemma planned_sound : forall c o s a, iwf s -> planned c o s = inl a -> isound a.
Proof.
  intros c o s a W H. destruct o; simpl in H; unfold write, truncate, rename in H; cases H;
    inversion H; subst; clear H; auto using sound_with_attributes;
    try (sound_plan; fail); try (repeat constructor; fail).
Qed.

(** ** Theorem 1 *)

(** The inverse of each operation restores the exact state: names, hard links, contents, attributes and times. *)
Theorem op_inverse : forall c o s a, iwf s -> planned c o s = inl a -> irun (iinverse a s) (irun a s) = s.
Proof.
  intros. apply (plan_inverse istate iplace ivalue iget iset iwf ifits); auto using ifits_get, iwf_set, iset_back.
  eapply planned_sound; eauto.
Qed.

(** The inverse of the inverse does the operation again. *)
Theorem op_redo : forall c o s a, iwf s -> planned c o s = inl a ->
  irun (iinverse (iinverse a s) (irun a s)) s = irun a s.
Proof.
  intros. apply (inverse_of_inverse istate iplace ivalue iget iset iwf ifits);
    auto using ifits_get, iwf_set, iset_back. eapply planned_sound; eauto.
Qed.

(** An operation that fails changes nothing. *)
Theorem error_noop : forall c o s s' e, perform c o s = (s', Some e) -> s' = s.
Proof. unfold perform. intros c o s s' e H. destruct (planned c o s); inversion H; auto. Qed.

Lemma perform_wf : forall c o s, iwf s -> iwf (fst (perform c o s)).
Proof.
  intros c o s W. unfold perform. destruct (planned c o s) as [a|e] eqn:P; simpl; auto.
  apply (wf_run istate iplace ivalue iset iwf ifits); auto using iwf_set. eapply planned_sound; eauto.
Qed.

(** A command of several operations that fails half-way and takes back what it did leaves the state as it was. *)
Theorem command_compensates : forall c os s s' e, iwf s ->
  command istate iplace ivalue iget iset error (map (planned c) os) s = (s', Some e) -> s' = s.
Proof.
  intros c os s s' e W H.
  apply (compensation_restores istate iplace ivalue iget iset iwf ifits iwf_set iset_back
    error (map (planned c) os) s s' e); auto.
  apply Forall_map. apply Forall_forall. intros o _ t a Wt P. eapply planned_sound; eauto.
Qed.

(** Removing a directory undoes making it (times of the directory above apart, which [op_inverse] restores too). *)
Theorem mkdir_rmdir_reversible : forall (t : tree N) p m, wf t -> get p t = Object None ->
  set p (Object None) (set p (Object (Some (Dir m []))) t) = t.
Proof.
  intros t p m W H. rewrite <- H. apply set_back; auto.
  destruct p; simpl in *; [constructor; simpl; auto|discriminate].
Qed.

(** Deleting a file undoes creating it. *)
Theorem create_delete_file_reversible : forall s p i c, iwf s ->
  iget p s = Of (Object None) -> (exists d n, p = Named (Entry d n)) -> iget (Inode i) s = Node None ->
  irun [(p, Of (Object None)); (Inode i, Node None)] (irun [(Inode i, Node c); (p, Of (Object (Some (Leaf i))))] s) = s.
Proof.
  intros s p i c W H [d [n ->]] F.
  pose proof (plan_inverse istate iplace ivalue iget iset iwf ifits iwf_set iset_back
    [(Inode i, Node c); (Named (Entry d n), Of (Object (Some (Leaf i))))] s W) as K.
  destruct s as [t b]. simpl in *. inversion H as [H']. inversion F as [F'].
  rewrite H' in K. rewrite F' in K. rewrite H', F'. apply K. repeat constructor.
Qed.

(** Writing the old content undoes writing a new one, through whatever name. *)
Theorem write_file_reversible : forall s i old new, iwf s -> iget (Inode i) s = Node (Some old) ->
  iset (Inode i) (Node (Some old)) (iset (Inode i) (Node (Some new)) s) = s.
Proof. intros s i old new W H. rewrite <- H. apply iset_back; simpl; auto. Qed.

(** ** Theorem 10, for operations *)

(** Doing an operation and undoing it is a certified null operation: it composes with any other as the identity. *)
Theorem cno_operation : forall c o s, iwf s ->
  match planned c o s with
  | inl a => do_and_undo istate iplace ivalue iget iset a s = s
  | inr _ => True
  end.
Proof. intros c o s W. destruct (planned c o s) as [a|] eqn:P; auto. unfold do_and_undo. eapply op_inverse; eauto. Qed.

(** ** Theorem 3, for operations *)

Definition irecords := records istate iplace ivalue iget iset.
Definition iundo := undo istate iplace ivalue iget iset value_eqb.

(** Whatever others did in between, undo restores what the operation touched and nothing else, or refuses and changes nothing. *)
Theorem op_undo_restores_or_refuses : forall c o s0 a s2, iwf s0 -> iwf s2 -> planned c o s0 = inl a ->
  match iundo (irecords a s0) s2 with
  | Restored _ s3 =>
      (forall r, In r (irecords a s0) -> iget (at_place _ _ r) s3 = iget (at_place _ _ r) s0) /\
      (forall q, (forall r, In r (irecords a s0) -> iindependent (at_place _ _ r) q) -> iget q s3 = iget q s2)
  | Refused _ s3 => s3 = s2
  end.
Proof.
  intros c o s0 a s2 W0 W2 P.
  apply (undo_restores_or_refuses istate iplace ivalue iget iset iwf ifits ifits_get iwf_set iset_back
    value_eqb value_eqb_spec iindependent iget_iset_independent iget_iset_congruent); auto.
  exact (planned_sound c o s0 a W0 P).
Qed.

(** Without interference it does not refuse, and the whole state is the one before. *)
Theorem op_undo_without_interference : forall c o s a, iwf s -> planned c o s = inl a ->
  iundo (irecords a s) (irun a s) = Restored _ s.
Proof.
  intros c o s a W P.
  apply (undo_without_interference istate iplace ivalue iget iset iwf ifits iwf_set iset_back
    value_eqb value_eqb_spec); auto.
  exact (planned_sound c o s a W P).
Qed.

(** ** Theorem 7, for plans of files *)

(** Commands whose footprints are independent give the same state in either order. *)
Theorem files_independence : forall a b s, iwf s -> isound a -> isound b ->
  independent_plans iplace ivalue iindependent a b -> irun a (irun b s) = irun b (irun a s).
Proof.
  apply (operation_independence istate iplace ivalue iset iwf ifits iwf_set iindependent iset_comm).
Qed.
