(* SPDX-License-Identifier: MPL-2.0 *)
(** * What each operation requires

    An operation that is not refused found what it needs. Each line below is a precondition that [mutations] takes away from
    [Operations] by turns: then the theorem fails. *)

From Coq Require Import List NArith Bool.
From Vsh Require Import Entries Cells Tree Inodes Access Resolver Operations.
Import ListNotations.
Open Scope N_scope.

(** A path names a place in a directory. *)
Definition names_a_place (c : caller) (s : istate) (follow : following) (w : where_) (p : position) (n : N) (slash : bool) : Prop :=
  resolve c s follow w = inl (Ending p (Name n) slash).

(** Nothing has the name, and the directory may be written to. *)
Definition is_free (c : caller) (s : istate) (p : position) (n : N) : Prop :=
  entry_at s p n = None /\ writable c s p = true.

(** A name for a thing may be taken away. *)
Definition may_go (c : caller) (s : istate) (p : position) (t : tree N) : Prop :=
  writable c s p = true /\                                               (* the directory may be written to *)
  is_kept c (directory_meta s (rev p)) (tree_meta s t) = false            (* and is not sticky, or the thing is the caller's *).

(** A file's content may be written. *)
Definition is_writable_file (c : caller) (s : istate) (i : N) : Prop :=
  exists m b, find i (nodes s) = Some (File m b) /\ may_write c m = true.

(** What must hold for an operation to plan something. *)
Definition requires (c : caller) (o : op) (s : istate) (a : iplan) : Prop :=
  match o with
  | Mkdir w _ => exists p n slash, names_a_place c s no_link w p n slash /\
      is_free c s p n                                                     (* nothing is there *)
  | MakeSymlink w target => exists p n, names_a_place c s no_link w p n false /\  (* no slash is behind it *)
      is_free c s p n /\ text_error target = None                         (* the link's text can be one *)
  | Rmdir w => exists p n slash m, names_a_place c s no_link w p n slash /\
      entry_at s p n = Some (Dir m []) /\                                 (* a directory is there, and it is empty *)
      may_go c s p (Dir m [])
  | Write w _ _ | Append w _ _ => exists p n, names_a_place c s (Following true false) w p n false /\
      (is_free c s p n \/ exists i, entry_at s p n = Some (Leaf i) /\ is_writable_file c s i)   (* nothing, or a file *)
  | Truncate w _ => exists i, find_object c s true w = inl (ANode i) /\ is_writable_file c s i
  | Unlink w => exists p n i, names_a_place c s no_link w p n false /\
      entry_at s p n = Some (Leaf i) /\                                   (* something that is no directory *)
      may_go c s p (Leaf i)
  | Link old new => exists i q m, find_object c s false old = inl (ANode i) /\   (* no directory is linked *)
      names_a_place c s no_link new q m false /\ is_free c s q m /\       (* nothing is at the new name *)
      may_link c s (ANode i) = true                                       (* and it is not guarded *)
  | Rename old new => exists p n b q m b' t, names_a_place c s no_link old p n b /\ names_a_place c s no_link new q m b' /\
      entry_at s p n = Some t /\                                          (* something is there *)
      (b || b' = true -> is_dir t = true) /\                              (* slashes are for directories *)
      is_prefix (rev p ++ [n]) (rev q) = false /\                         (* it does not go into itself *)
      is_prefix (rev q ++ [m]) (rev p) = false /\                         (* nor over what it is in *)
      (a = [] \/
        may_go c s p t /\
        (is_dir t = true -> p <> q -> may_write c (tree_meta s t) = true) /\   (* its `..` may be written *)
        match entry_at s q m with
        | None => writable c s q = true
        | Some u => may_go c s q u /\
            is_dir t = is_dir u /\                                        (* directories replace directories, and nothing else *)
            (is_dir u = true -> is_empty u = true)                        (* which must be empty *)
        end)
  | Chmod w _ => exists o, find_object c s true w = inl o /\
      owns c (object_meta s o) = true                                     (* attributes are the owner's *)
  | Chown w u g => exists o, find_object c s true w = inl o /\
      (is_root c = true \/ (uid c = Tree.owner (object_meta s o) /\ u = Tree.owner (object_meta s o) /\
        (g = Tree.group (object_meta s o) \/ g = gid c)))                 (* nobody gives anything away *)
  | Utime w to => exists o, find_object c s true w = inl o /\
      (owns c (object_meta s o) = true \/ (to = None /\ may_write c (object_meta s o) = true))
  | Stat w follow => exists o, find_object c s follow w = inl o           (* something is there *)
  | ReadLink w => exists i m absolute target, find_object c s false w = inl (ANode i) /\
      find i (nodes s) = Some (Symlink m absolute target)                 (* it is a link *)
  | Read w => exists o, find_object c s true w = inl o /\ may_read c (object_meta s o) = true
  | RemoveTree w => exists p n slash, names_a_place c s no_link w p n slash /\
      entry_at s p n <> None                                              (* something is there *)
  end.

Lemma free_name_spec : forall c s slashes w p n, free_name c s slashes w = inl (p, n) ->
  exists slash, names_a_place c s no_link w p n slash /\ entry_at s p n = None /\ (slashes = false -> slash = false).
Proof.
  unfold free_name, names_a_place. intros c s slashes w p n H. cases H. inversion H; subst.
  exists slash. repeat split; auto. intros ->. destruct slash; auto.
Qed.

Lemma removal_spec : forall c s p t, removal_error c s p t = None -> may_go c s p t.
Proof.
  unfold removal_error, may_go. intros c s p t H. destruct (writable c s p); simpl in H; [|discriminate].
  destruct (is_kept c (directory_meta s (rev p)) (tree_meta s t)); [discriminate|auto].
Qed.

Lemma slash_spec : forall t slash, negb (is_dir t) && slash = false -> slash = true -> is_dir t = true.
Proof. intros t slash H ->. destruct (is_dir t); auto. Qed.

Lemma held_spec : forall c s p q t,
  is_dir t && negb (list_eqb N.eqb p q) && negb (may_write c (tree_meta s t)) = false ->
  is_dir t = true -> p <> q -> may_write c (tree_meta s t) = true.
Proof.
  intros c s p q t H D N. rewrite D in H. destruct (may_write c (tree_meta s t)); auto.
  destruct (list_eqb N.eqb p q) eqn:E; [|discriminate]. apply (list_eqb_spec _ _ N.eqb_eq) in E. contradiction.
Qed.

Lemma kinds_spec : forall t u, is_dir t && negb (is_dir u) = false -> negb (is_dir t) && is_dir u = false -> is_dir t = is_dir u.
Proof. intros t u. destruct (is_dir t), (is_dir u); simpl; congruence. Qed.

Lemma empty_spec : forall u, is_dir u && negb (is_empty u) = false -> is_dir u = true -> is_empty u = true.
Proof. intros u. destruct (is_dir u), (is_empty u); simpl; congruence. Qed.

(** What the tests that were passed say. *)
Ltac facts :=
  repeat match goal with
  | F : free_name _ _ _ _ = inl _ |- _ => apply free_name_spec in F; destruct F as (? & ? & ? & ?)
  | F : removal_error _ _ _ _ = None |- _ => apply removal_spec in F
  | F : negb _ = false |- _ => apply negb_false_iff in F
  | F : false = false -> ?slash = false |- _ => specialize (F eq_refl); subst slash
  | F : _ || _ = true |- _ => apply orb_true_iff in F
  | F : _ && _ = true |- _ => apply andb_true_iff in F; destruct F
  end.

(** Each part that is among the facts. *)
Ltac each := repeat (split; [first [assumption | apply slash_spec; assumption]|]).

(** What an operation plans, it plans only when all of this holds. *)
Theorem what_is_planned_was_allowed : forall c o s a, planned c o s = inl a -> requires c o s a.
Proof.
  intros c o s a H. unfold requires.
  destruct o; simpl in H; unfold write, truncate, rename in H; cases H; inversion H; subst; clear H; facts;
    unfold is_free, is_writable_file, names_a_place in *;
    try (repeat match goal with |- exists _, _ => eexists end; repeat split; eassumption).
  - (* rmdir *)
    destruct t as [i|m [|e es]]; try discriminate. exists parent, n, slash, m. auto.
  - (* write over a file *) exists parent, n. split; auto. right. eauto 6.
  - (* write, a new file *) exists parent, n. auto.
  - (* append to a file *) exists parent, n. split; auto. right. eauto 6.
  - (* append, a new file *) exists parent, n. auto.
  - (* truncate *) eauto 6.
  - (* unlink *) destruct t as [i|m es]; [|discriminate]. exists parent, n, i. auto.
  - (* rename over another name of the same thing *)
    exists parent, n, slash, parent0, n0, slash0, t. each. left. reflexivity.
  - (* rename over something *)
    exists parent, n, slash, parent0, n0, slash0, t. each. right. each. split; [exact (held_spec _ _ _ _ _ ltac:(eassumption))|].
    match goal with E : entry_at s _ _ = Some t0 |- _ => rewrite E end.
    each. split; [apply kinds_spec|apply empty_spec]; assumption.
  - (* rename *)
    exists parent, n, slash, parent0, n0, slash0, t. each. right. each. split; [exact (held_spec _ _ _ _ _ ltac:(eassumption))|].
    match goal with E : entry_at s _ _ = None |- _ => rewrite E end. assumption.
  - (* chown *)
    exists o. split; auto. destruct Heqb; facts; auto. rewrite !N.eqb_eq in *. tauto.
  - (* utime, a time *) eauto.
  - (* utime, now *) exists o. split; auto. tauto.
  - (* rm -r *) exists parent, n, slash. split; auto. congruence.
Qed.

(** What is there: a directory at its path, a number in some entry. *)
Definition is_there (s : istate) (o : object) : Prop :=
  match o with
  | ADirectory d => exists m es, at_path d (names s) = Some (Dir m es)
  | ANode i => exists p n, entry_at s p n = Some (Leaf i)
  end.

Lemma directory_is_there : forall s p, is_directory s p -> is_there s (ADirectory (rev p)).
Proof.
  unfold is_directory, directory. intros s p H. simpl.
  destruct (at_path (rev p) (names s)) as [[i|m es]|]; try congruence. eauto.
Qed.

(** What looks through a path finds something that is there, and only by a text that can be a path. *)
Theorem what_is_found_is_there : forall c s follow w o,
  is_directory s [] -> is_directory s (if from_root w then [] else cwd c) ->
  find_object c s follow w = inl o -> text_error w = None /\ is_there s o.
Proof.
  intros c s follow w o R D H. unfold find_object, resolve in H.
  destruct (text_error w); [discriminate|]. split; auto.
  destruct (walk (steps c) link_limit (Following follow true) c s (if from_root w then [] else cwd c) (components w))
    as [[p x slash]|e] eqn:W; [|discriminate].
  pose proof (resolution_is_physical _ _ _ _ _ _ _ _ R D W) as Q. simpl in Q.
  destruct x as [| |n| |]; try discriminate;
    try (inversion H; subst; auto using directory_is_there, directory_pop; fail).
  destruct (entry_at s p n) as [[i|m es]|] eqn:E; [destruct slash; [discriminate|]| |discriminate];
    inversion H; subst; [simpl; eauto|].
  apply (directory_is_there s (n :: p)). unfold entry_at in E.
  destruct (directory s p) eqn:Dp; [|discriminate]. eapply directory_push; eauto.
Qed.
