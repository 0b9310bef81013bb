(* SPDX-License-Identifier: MPL-2.0 *)
(** * Operations

    What the file commands ask of the kernel: each looks at the state and plans assignments, or fails with an error of
    XSH. The order in which errors are found is the kernel's (compared with it by the oracle). *)

From Coq Require Import List NArith Lia Bool.
From Vsh Require Import Entries Cells Tree Inodes Resolver.
Import ListNotations.
Open Scope N_scope.

Definition iplan := plan iplace ivalue.
Definition irun := run istate iplace ivalue iset.
Definition iinverse := inverse istate iplace ivalue iget iset.
Definition isound := sound iplace ivalue ifits.

(** A path: whether it begins at the root, and its components. *)
Record where_ := Where { from_root : bool; components : list component }.

Inductive op :=
| Mkdir (w : where_) (mode : N)
| Rmdir (w : where_)
| Write (w : where_) (bytes : list N) (mode : N)
| Append (w : where_) (bytes : list N) (mode : N)
| Unlink (w : where_)
| Link (old new : where_)
| MakeSymlink (w : where_) (absolute : bool) (target : list component)
| Rename (old new : where_)
| Chmod (w : where_) (mode : N)
| RemoveTree (w : where_).

(** Who asks, from where, and when; and how many components a resolution may pass (more than any path can have). *)
Record caller := Caller { uid : N; gid : N; cwd : position; now : N; steps : nat }.

Definition resolve (c : caller) (s : istate) (follow : bool) (w : where_) : (position * component) + error :=
  walk (steps c) link_limit follow s (if from_root w then [] else cwd c) (components w).

Definition entry_at (s : istate) (p : position) (n : N) : option (tree N) :=
  match directory s p with Some es => find n es | None => None end.

Definition name (p : position) (n : N) (t : option (tree N)) : iplace * ivalue :=
  (Named (Entry (rev p) n), Of (Object t)).

Definition inode (i : N) (o : option node) : iplace * ivalue := (Inode i, Node o).

(** The assignment that gives a directory the present time, if it is there. *)
Definition touch (c : caller) (s : istate) (p : position) : iplan :=
  match at_path (rev p) (names s) with
  | Some (Dir m _) =>
    [(Named (Attributes (rev p)), Of (Metadata (Some (Meta (mode m) (owner m) (group m) (now c)))))]
  | _ => []
  end.

(** How many names a number has in a tree. *)
Fixpoint count (i : N) (t : tree N) : N :=
  match t with
  | Leaf j => if i =? j then 1 else 0
  | Dir _ es => (fix all es := match es with [] => 0 | (_, u) :: r => count i u + all r end) es
  end.

Fixpoint leaves (t : tree N) : list N :=
  match t with
  | Leaf j => [j]
  | Dir _ es => (fix all es := match es with [] => [] | (_, u) :: r => leaves u ++ all r end) es
  end.

(** Numbers that have no name left when [t] is gone. *)
Definition drop (s : istate) (t : tree N) : iplan :=
  map (fun i => inode i None)
    (filter (fun i => count i (names s) =? count i t) (nodup N.eq_dec (leaves t))).

Definition fresh (s : istate) : N := fold_left (fun m e => N.max m (fst e + 1)) (nodes s) 1.

Definition is_dir (t : tree N) : bool := match t with Dir _ _ => true | Leaf _ => false end.
Definition is_empty (t : tree N) : bool := match t with Dir _ [] => true | _ => false end.

Definition write (c : caller) (s : istate) (w : where_) (mode : N) (f : list N -> list N) : iplan + error :=
  match resolve c s true w with
  | inr e => inr e
  | inl (p, Name n) =>
    match entry_at s p n with
    | Some (Dir _ _) => inr EISDIR
    | Some (Leaf i) =>
      match find i (nodes s) with
      | Some (File m b) => inl [inode i (Some (File (Meta (Tree.mode m) (owner m) (group m) (now c)) (f b)))]
      | _ => inr EINVAL
      end
    | None =>
      let i := fresh s in
      inl (inode i (Some (File (Meta mode (uid c) (gid c) (now c)) (f []))) :: name p n (Some (Leaf i)) :: touch c s p)
    end
  | inl _ => inr EISDIR
  end.

Fixpoint is_prefix (a b : path) : bool :=
  match a, b with [], _ => true | x :: a', y :: b' => (x =? y) && is_prefix a' b' | _, [] => false end.

Definition same_object (t u : tree N) : bool := match t, u with Leaf i, Leaf j => i =? j | _, _ => false end.

Definition rename (c : caller) (s : istate) (p : position) (n : N) (q : position) (m : N) : iplan + error :=
  match entry_at s p n with
  | None => inr ENOENT
  | Some t =>
    let move := [name p n None; name q m (Some t)] ++ touch c s p ++ touch c s q in
    if is_prefix (rev p ++ [n]) (rev q) then inr EINVAL
    else if is_prefix (rev q ++ [m]) (rev p) then inr ENOTEMPTY
    else match entry_at s q m with
    | None => inl move
    | Some u =>
      if same_object t u || (option_eqb tree_eqb (Some t) (Some u) && is_prefix (rev p ++ [n]) (rev q ++ [m])) then inl []
      else if is_dir t && negb (is_dir u) then inr ENOTDIR
      else if negb (is_dir t) && is_dir u then inr EISDIR
      else if is_dir u && negb (is_empty u) then inr ENOTEMPTY
      else inl (move ++ drop s u)
    end
  end.

Definition chmod (m : meta) (mode : N) : meta := Meta mode (owner m) (group m) (time m).

Definition chmod_directory (s : istate) (d : path) (mode : N) : iplan + error :=
  match at_path d (names s) with
  | Some (Dir m _) => inl [(Named (Attributes d), Of (Metadata (Some (chmod m mode))))]
  | _ => inr ENOENT
  end.

Definition planned (c : caller) (o : op) (s : istate) : iplan + error :=
  match o with
  | Mkdir w mode =>
    match resolve c s false w with
    | inr e => inr e
    | inl (p, Name n) =>
      match entry_at s p n with
      | Some _ => inr EEXIST
      | None => inl (name p n (Some (Dir (Meta mode (uid c) (gid c) (now c)) [])) :: touch c s p)
      end
    | inl _ => inr EEXIST
    end
  | Rmdir w =>
    match resolve c s false w with
    | inr e => inr e
    | inl (p, Name n) =>
      match entry_at s p n with
      | None => inr ENOENT
      | Some t =>
        if negb (is_dir t) then inr ENOTDIR else if negb (is_empty t) then inr ENOTEMPTY
        else inl (name p n None :: touch c s p)
      end
    | inl (_, Up) => inr ENOTEMPTY
    | inl (_, Here) => inr (match components w with [] => EBUSY | _ => EINVAL end)
    end
  | Write w bytes mode => write c s w mode (fun _ => bytes)
  | Append w bytes mode => write c s w mode (fun old => old ++ bytes)
  | Unlink w =>
    match resolve c s false w with
    | inr e => inr e
    | inl (p, Name n) =>
      match entry_at s p n with
      | None => inr ENOENT
      | Some (Dir _ _) => inr EISDIR
      | Some t => inl (name p n None :: touch c s p ++ drop s t)
      end
    | inl _ => inr EISDIR
    end
  | Link old new =>
    match resolve c s false old with
    | inr e => inr e
    | inl (p, a) =>
      let source := match a with Name n => entry_at s p n | _ => Some (names s) end in
      match source with
      | None => inr ENOENT
      | Some t =>
        match resolve c s false new with
        | inr e => inr e
        | inl (q, Name m) =>
          match entry_at s q m with
          | Some _ => inr EEXIST
          | None => if is_dir t then inr EPERM else inl (name q m (Some t) :: touch c s q)
          end
        | inl _ => inr EEXIST
        end
      end
    end
  | MakeSymlink w absolute target =>
    match resolve c s false w with
    | inr e => inr e
    | inl (p, Name n) =>
      match entry_at s p n with
      | Some _ => inr EEXIST
      | None =>
        let i := fresh s in
        inl (inode i (Some (Symlink (Meta 511 (uid c) (gid c) (now c)) absolute target))
          :: name p n (Some (Leaf i)) :: touch c s p)
      end
    | inl _ => inr EEXIST
    end
  | Rename old new =>
    match resolve c s false old with
    | inr e => inr e
    | inl (p, a) =>
      match resolve c s false new with
      | inr e => inr e
      | inl (q, b) =>
        match a, b with Name n, Name m => rename c s p n q m | _, _ => inr EBUSY end
      end
    end
  | Chmod w mode =>
    match resolve c s true w with
    | inr e => inr e
    | inl (p, Here) => chmod_directory s (rev p) mode
    | inl (p, Up) => chmod_directory s (rev (tl p)) mode
    | inl (p, Name n) =>
      match entry_at s p n with
      | None => inr ENOENT
      | Some (Dir _ _) => chmod_directory s (rev p ++ [n]) mode
      | Some (Leaf i) =>
        match find i (nodes s) with
        | Some (File m b) => inl [inode i (Some (File (chmod m mode) b))]
        | _ => inr EINVAL
        end
      end
    end
  | RemoveTree w =>
    match resolve c s false w with
    | inr e => inr e
    | inl (p, Name n) =>
      match entry_at s p n with
      | None => inr ENOENT
      | Some t => inl (name p n None :: touch c s p ++ drop s t)
      end
    | inl _ => inr EINVAL
    end
  end.

(** Doing an operation: its plan is run, or the error is returned and nothing changes. *)
Definition perform (c : caller) (o : op) (s : istate) : istate * option error :=
  match planned c o s with inl a => (irun a s, None) | inr e => (s, Some e) end.

(** ** Every plan is sound *)

Lemma sound_name : forall p n t, (forall u, t = Some u -> wf u) -> ifits (fst (name p n t)) (snd (name p n t)).
Proof. intros p n [t|] H; simpl; auto. Qed.

Lemma sound_touch : forall c s p, isound (touch c s p).
Proof.
  intros. unfold touch. destruct (at_path (rev p) (names s)) as [[i|m es]|]; repeat constructor.
Qed.

Lemma sound_drop : forall s t, isound (drop s t).
Proof. intros. unfold drop. apply Forall_map. apply Forall_forall. simpl. auto. Qed.

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

Ltac cases H :=
  repeat match type of H with
  | inr _ = inl _ => discriminate H
  | match ?x with _ => _ end = inl _ => destruct x eqn:?
  | (if ?x then _ else _) = inl _ => destruct x eqn:?
  end; try discriminate H.

Lemma planned_sound : forall c o s a, iwf s -> planned c o s = inl a -> isound a.
Proof.
  intros c o s a W H. destruct o; simpl in H; unfold write, rename, chmod_directory in H; cases H;
    inversion H; subst; clear H;
    try (sound_plan; fail); try (repeat constructor; fail).
  destruct t; [sound_plan|discriminate].
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
