(* SPDX-License-Identifier: MPL-2.0 *)
(** * What holds of the history

    Each event changes the lists of done and redoable entries of its own level as two stacks would, and no other level.
    Theorem 2 (undo and redo) and half of theorem 4 (transactions) are here for the history alone; [Machine] adds the disk. *)

From Coq Require Import List NArith Lia Bool Sorted.
From Vsh Require Import History.
Import ListNotations.
Open Scope N_scope.

(** ** Lists sorted by the event that changed them, the newest first *)

Definition newer (a b : Entry) : Prop := changed b < changed a.
Definition descending (l : list Entry) : Prop := StronglySorted newer l.

Lemma in_insert : forall A (key : A -> N) x y l, In y (insert key x l) <-> y = x \/ In y l.
Proof.
  induction l as [|z l IH]; simpl; [intuition congruence|].
  destruct (key x <=? key z); simpl; [intuition congruence|]. rewrite IH. intuition congruence.
Qed.

Lemma in_sortedBy : forall A (key : A -> N) y l, In y (sortedBy key l) <-> In y l.
Proof.
  induction l as [|x l IH]; simpl; [tauto|]. rewrite in_insert, IH. intuition congruence.
Qed.

Definition older (a b : Entry) : Prop := changed a < changed b.

Lemma sorted_insert : forall x l, StronglySorted older l -> ~ In (changed x) (map changed l) ->
  StronglySorted older (insert changed x l).
Proof.
  induction l as [|y l IH]; simpl; intros S D; [repeat constructor|].
  inversion S; subst. destruct (N.leb_spec (changed x) (changed y)).
  - constructor; auto. constructor; unfold older in *; [assert (changed y <> changed x) by tauto; lia|].
    eapply Forall_impl; [|eassumption]. simpl; intros. assert (changed y <> changed x) by tauto. lia.
  - constructor; [apply IH; tauto|]. apply Forall_forall. intros z Z. apply in_insert in Z.
    rewrite Forall_forall in H2. destruct Z as [->|Z]; auto.
Qed.

Lemma sorted_sortedBy : forall l, NoDup (map changed l) -> StronglySorted older (sortedBy changed l).
Proof.
  induction l as [|x l IH]; simpl; intros D; [constructor|]. inversion D; subst.
  apply sorted_insert; auto. intros I. apply in_map_iff in I. destruct I as [y [E I]]. apply in_sortedBy in I.
  apply H1. rewrite <- E. apply in_map; auto.
Qed.

Lemma descending_rev : forall l, StronglySorted older l -> descending (rev l).
Proof.
  unfold descending. induction l as [|x l IH]; simpl; intros S; [constructor|]. inversion S; subst.
  assert (A : forall a y, StronglySorted newer a -> Forall (fun e => newer e y) a -> StronglySorted newer (a ++ [y])).
  { clear. induction a as [|b a IH]; simpl; intros y S F; [repeat constructor|].
    inversion S; inversion F; subst. constructor; auto. apply Forall_app. split; auto. }
  apply A; auto. apply Forall_forall. intros e E. apply in_rev in E. rewrite Forall_forall in H2.
  apply H2 in E. exact E.
Qed.

Lemma nodup_filter : forall f (l : list Entry), NoDup (map changed l) -> NoDup (map changed (filter f l)).
Proof.
  induction l as [|x l IH]; simpl; intros D; auto. inversion D; subst.
  destruct (f x); simpl; auto. constructor; auto.
  intros I. apply in_map_iff in I. destruct I as [y [E I]]. apply filter_In in I. destruct I as [I _].
  apply H1. rewrite <- E. apply in_map; auto.
Qed.

(** Two sorted lists with the same members are the same list. *)
Lemma descending_unique : forall a b, descending a -> descending b ->
  (forall e, In e a <-> In e b) -> a = b.
Proof.
  unfold descending. induction a as [|x a IH]; intros [|y b] S T E; auto.
  - destruct (proj2 (E y)); simpl; auto.
  - destruct (proj1 (E x)); simpl; auto.
  - inversion S; inversion T; subst. rewrite Forall_forall in *. unfold newer in *.
    assert (x = y) as <-.
    { destruct (proj1 (E x)) as [|X]; simpl; auto. destruct (proj2 (E y)) as [|Y]; simpl; auto.
      apply H2 in Y. apply H6 in X. lia. }
    f_equal. apply IH; auto. intros e. split; intros I.
    + destruct (proj1 (E e)) as [<-|]; simpl; auto. apply H2 in I. lia.
    + destruct (proj2 (E e)) as [<-|]; simpl; auto. apply H6 in I. lia.
Qed.

Lemma descending_filter : forall f l, descending l -> descending (filter f l).
Proof.
  unfold descending. induction l as [|x l IH]; simpl; intros S; auto. inversion S; subst.
  destruct (f x); auto. constructor; auto. rewrite Forall_forall in *. intros e E. apply filter_In in E. intuition.
Qed.

(** ** Histories that can occur *)

Record valid (h : History) : Prop := {
  ids_differ : NoDup (map id (entries h));
  events_differ : NoDup (map changed (entries h));
  numbers_seen : forall e, In e (entries h) ->
    0 < id e <= newest h /\ transaction e <= newest h /\ position e <= newest h /\ changed e <= newest h;
  effects_seen : forall e n, In e (entries h) -> In n (effective e) -> n <= newest h;
  levels_nest : forall outer t inner, transactions h = outer ++ t :: inner ->
    exists e, In e (entries h) /\ id e = t /\ state e = Open /\ transaction e = last outer 0;
  open_unplaced : forall e, In e (entries h) -> state e = Open -> position e = 0;
  levels_differ : NoDup (transactions h);
  levels_seen : forall t, In t (transactions h) -> 0 < t <= newest h
}.

Lemma valid_empty : valid (MakeHistory [] [] 0).
Proof. split; simpl; try constructor; try tauto. intros [|? ?]; discriminate. Qed.

(** ** The lists, by their members *)

Lemma isDone_spec : forall e, isDone e = true <-> state e = Done.
Proof. intros e. unfold isDone. destruct (state e); split; congruence. Qed.
Lemma isUndone_spec : forall e, isUndone e = true <-> state e = Undone.
Proof. intros e. unfold isUndone. destruct (state e); split; congruence. Qed.

Lemma in_doneIn : forall t h e, In e (doneIn t h) <-> In e (entries h) /\ transaction e = t /\ state e = Done.
Proof.
  intros. unfold doneIn. rewrite <- in_rev, in_sortedBy, filter_In, andb_true_iff, N.eqb_eq, isDone_spec. tauto.
Qed.

Lemma in_undoneIn : forall t h e, In e (undoneIn t h) <-> In e (entries h) /\ transaction e = t /\ state e = Undone.
Proof.
  intros. unfold undoneIn. rewrite <- in_rev, in_sortedBy, filter_In, andb_true_iff, N.eqb_eq, isUndone_spec. tauto.
Qed.

Lemma in_redoableIn : forall t h e, In e (redoableIn t h) <->
  In e (entries h) /\ transaction e = t /\ state e = Undone /\ newestIn t h < changed e.
Proof. intros. unfold redoableIn. rewrite filter_In, in_undoneIn, N.ltb_lt. tauto. Qed.

Lemma descending_doneIn : forall t h, NoDup (map changed (entries h)) -> descending (doneIn t h).
Proof. intros. apply descending_rev, sorted_sortedBy, nodup_filter; auto. Qed.

Lemma descending_redoableIn : forall t h, NoDup (map changed (entries h)) -> descending (redoableIn t h).
Proof. intros. apply descending_filter, descending_rev, sorted_sortedBy, nodup_filter; auto. Qed.

Lemma fold_max : forall (p : Entry -> bool) l a,
  let m := fold_left (fun h e => if p e then N.max h (position e) else h) l a in
  a <= m /\ (forall e, In e l -> p e = true -> position e <= m) /\
  (m = a \/ exists e, In e l /\ p e = true /\ m = position e).
Proof.
  induction l as [|x l IH]; simpl; intros a.
  - split; [lia|]. split; [tauto|auto].
  - destruct (IH (if p x then N.max a (position x) else a)) as (A & B & C). simpl in *.
    repeat split.
    + destruct (p x); lia.
    + intros e [->|E] P; auto. rewrite P in *. lia.
    + destruct C as [C|(e & E & P & M)]; [|right; exists e; auto].
      rewrite C. destruct (p x) eqn:P; auto. destruct (N.max_spec a (position x)) as [[_ ->]|[_ ->]]; auto.
      right. exists x. auto.
Qed.

(** The place in time of the newest entry of a level, by its bounds. *)
Lemma newestIn_spec : forall t h m,
  (forall e, In e (entries h) -> transaction e = t -> state e <> Open -> position e <= m) ->
  (m = 0 \/ exists e, In e (entries h) /\ transaction e = t /\ state e <> Open /\ position e = m) ->
  newestIn t h = m.
Proof.
  intros t h m B X. unfold newestIn.
  assert (O : forall e, (transaction e =? t) && negb (isOpen e) = true <-> transaction e = t /\ state e <> Open).
  { intros e. unfold isOpen. rewrite andb_true_iff, N.eqb_eq. destruct (state e); simpl; intuition congruence. }
  destruct (fold_max (fun e => (transaction e =? t) && negb (isOpen e)) (entries h) 0) as (_ & C & D). simpl in *.
  apply N.le_antisymm.
  - destruct D as [->|(e & I & P & ->)]; [lia|]. apply O in P. apply B; tauto.
  - destruct X as [->|(e & I & T & S & <-)]; [lia|]. apply C; auto. apply O. auto.
Qed.

Lemma newestIn_bound : forall t h e, In e (entries h) -> transaction e = t -> state e <> Open ->
  position e <= newestIn t h.
Proof.
  intros t h e I T S. unfold newestIn.
  destruct (fold_max (fun e => (transaction e =? t) && negb (isOpen e)) (entries h) 0) as (_ & C & _). apply C; auto.
  unfold isOpen. rewrite andb_true_iff, N.eqb_eq. destruct (state e); simpl; intuition congruence.
Qed.

Lemma newestIn_reached : forall t h, newestIn t h = 0 \/
  exists e, In e (entries h) /\ transaction e = t /\ state e <> Open /\ position e = newestIn t h.
Proof.
  intros t h. unfold newestIn.
  destruct (fold_max (fun e => (transaction e =? t) && negb (isOpen e)) (entries h) 0) as (_ & _ & D). simpl in *.
  destruct D as [->|(e & I & P & M)]; auto. right. exists e. rewrite M.
  unfold isOpen in P. rewrite andb_true_iff, N.eqb_eq in P. destruct (state e); simpl in *; intuition congruence.
Qed.

Lemma newestIn_seen : forall t h, valid h -> newestIn t h <= newest h.
Proof.
  intros t h V. destruct (newestIn_reached t h) as [->|(e & I & _ & _ & <-)]; [lia|]. apply (numbers_seen h V e I).
Qed.

(** ** Members of changed lists *)

Lemma in_replacing : forall r l e, In e (replacing r l) <->
  (In e l /\ id e <> id r) \/ (e = r /\ exists f, In f l /\ id f = id r).
Proof.
  intros r l e. unfold replacing. rewrite in_map_iff. split.
  - intros [f [E I]]. destruct (N.eqb_spec (id f) (id r)); subst; [right; eauto|left; auto].
  - intros [[I D]|[-> [f [I E]]]].
    + exists e. destruct (N.eqb_spec (id e) (id r)); [congruence|auto].
    + exists f. rewrite E, N.eqb_refl. auto.
Qed.

Lemma map_id_replacing : forall r l, map id (replacing r l) = map id l.
Proof.
  intros r l. unfold replacing. rewrite map_map. apply map_ext. intros e. destruct (N.eqb_spec (id e) (id r)); auto.
Qed.

Lemma same_id : forall h e f, valid h -> In e (entries h) -> In f (entries h) -> id e = id f -> e = f.
Proof.
  intros h e f V I J E. pose proof (ids_differ h V) as D. revert I J.
  induction (entries h) as [|x l IH]; simpl; [tauto|]. simpl in D. inversion D; subst.
  intros [->|I] [->|J]; auto.
  - exfalso. apply H1. rewrite E. apply in_map; auto.
  - exfalso. apply H1. rewrite <- E. apply in_map; auto.
Qed.

Lemma nodup_changed_replacing : forall r l n, NoDup (map id l) -> NoDup (map changed l) ->
  (forall e, In e l -> changed e <= n) -> n < changed r -> NoDup (map changed (replacing r l)).
Proof.
  intros r l n D C B R. revert D C B. unfold replacing.
  induction l as [|x l IH]; simpl; intros D C B; [constructor|]. inversion D; inversion C; subst.
  assert (T : forall e, In e (map (fun e => if id e =? id r then r else e) l) -> e = r \/ In e l).
  { intros e E. apply in_map_iff in E. destruct E as [f [E I]]. destruct (id f =? id r); subst; auto. }
  constructor; [|apply IH; auto].
  intros I. apply in_map_iff in I. destruct I as [e [E I]].
  destruct (N.eqb_spec (id x) (id r)) as [X|X].
  - apply in_map_iff in I. destruct I as [f [F I]].
    destruct (N.eqb_spec (id f) (id r)).
    + apply H1. rewrite X, <- e0. apply in_map; auto.
    + subst f. assert (changed e <= n) by auto. lia.
  - destruct (T e I) as [->|J].
    + assert (changed x <= n) by auto. lia.
    + apply H5. rewrite <- E. apply in_map; auto.
Qed.

Lemma found_entry : forall n h e, entry n h = Some e -> In e (entries h) /\ id e = n.
Proof. unfold entry. intros n h e H. apply find_some in H. rewrite N.eqb_eq in H. auto. Qed.

Lemma entry_found : forall h e, valid h -> In e (entries h) -> entry (id e) h = Some e.
Proof.
  intros h e V I. unfold entry. destruct (find _ (entries h)) as [f|] eqn:F.
  - apply find_some in F. rewrite N.eqb_eq in F. destruct F as [J E]. f_equal. eapply same_id; eauto.
  - exfalso. eapply find_none in F; [|eassumption]. simpl in F. rewrite N.eqb_refl in F. discriminate.
Qed.

Lemma last_app1 : forall (l : list N) t, last (l ++ [t]) 0 = t.
Proof. intros. apply last_last. Qed.

Lemma level_open : forall h, valid h -> transactions h <> [] ->
  exists outer e, transactions h = outer ++ [level h] /\ removelast (transactions h) = outer /\
    In e (entries h) /\ id e = level h /\ state e = Open /\ transaction e = last outer 0.
Proof.
  intros h V N. unfold level. destruct (exists_last N) as [outer [t E]].
  destruct (levels_nest h V outer t []) as (e & I & J & S & T); [auto|].
  exists outer, e. rewrite E, last_last, removelast_last. repeat split; auto.
Qed.

Ltac conjuncts := repeat match goal with |- _ /\ _ => split end.

Ltac sizes V := repeat match goal with
  | I : In ?e (entries _) |- _ =>
    lazymatch goal with _ : 0 < id e <= _ /\ _ |- _ => fail | _ => pose proof (numbers_seen _ V e I) end
  end.

Lemma nodup_snoc : forall A (l : list A) x, NoDup l -> ~ In x l -> NoDup (l ++ [x]).
Proof.
  induction l as [|y l IH]; simpl; intros x D N; [repeat constructor; tauto|]. inversion D; subst.
  constructor; [|apply IH; tauto]. rewrite in_app_iff. simpl. intuition.
Qed.

Lemma level_seen : forall h, valid h -> level h <= newest h.
Proof.
  intros h V. unfold level.
  assert (B : forall t, In t (transactions h) -> t <= newest h) by (intros t I; apply (levels_seen h V); auto).
  revert B. induction (transactions h) as [|t l _] using rev_ind; simpl; intros B; [lia|].
  rewrite last_last. apply B. apply in_or_app. simpl. auto.
Qed.

(** A history with one more entry is one that can occur. *)
Lemma valid_append : forall h e ts n, valid h -> newest h < n -> id e = n -> changed e = n ->
  transaction e = level h -> position e <= n -> (forall x, In x (effective e) -> x <= n) ->
  (state e = Open -> position e = 0) ->
  (ts = transactions h \/ (ts = transactions h ++ [n] /\ state e = Open)) ->
  valid (MakeHistory (entries h ++ [e]) ts n).
Proof.
  intros h e ts n V L I C T P F Op Ts. pose proof (level_seen h V) as Lv.
  assert (M : forall x, In x (entries h ++ [e]) -> In x (entries h) \/ x = e).
  { intros x. rewrite in_app_iff. simpl. intuition. }
  split; simpl.
  - rewrite map_app. apply nodup_snoc; [apply ids_differ; auto|]. intros X. apply in_map_iff in X.
    destruct X as [x [E X]]. sizes V. lia.
  - rewrite map_app. apply nodup_snoc; [apply events_differ; auto|]. intros X. apply in_map_iff in X.
    destruct X as [x [E X]]. sizes V. lia.
  - intros x X. apply M in X. destruct X as [X| ->]; [sizes V; lia|]. rewrite I, C, T. lia.
  - intros x y X Y. apply M in X. destruct X as [X| ->]; auto. pose proof (effects_seen h V x y X Y). lia.
  - intros outer t inner E. destruct Ts as [->|[-> O]].
    + destruct (levels_nest h V outer t inner E) as (x & X & R). exists x. rewrite in_app_iff. tauto.
    + destruct inner as [|i inner] using rev_ind.
      * apply app_inj_tail in E. destruct E as [E <-]. exists e. rewrite in_app_iff. simpl.
        rewrite <- E. repeat split; auto.
      * clear IHinner. rewrite app_comm_cons, app_assoc in E. apply app_inj_tail in E. destruct E as [E _].
        destruct (levels_nest h V outer t inner E) as (x & X & R). exists x. rewrite in_app_iff. tauto.
  - intros x X. apply M in X. destruct X as [X| ->]; auto. apply (open_unplaced h V); auto.
  - destruct Ts as [->|[-> O]]; [apply levels_differ; auto|]. apply nodup_snoc; [apply levels_differ; auto|].
    intros X. apply (levels_seen h V) in X. lia.
  - intros t X. destruct Ts as [->|[-> O]].
    + apply (levels_seen h V) in X. lia.
    + apply in_app_or in X. destruct X as [X|[<-|[]]]; [apply (levels_seen h V) in X|]; lia.
Qed.

(** So is one in which an entry that is not open was changed by a new event. *)
Lemma valid_replace : forall h f e ts n, valid h -> newest h < n -> In f (entries h) -> id e = id f -> changed e = n ->
  transaction e = transaction f -> position e <= n -> (forall x, In x (effective e) -> x <= n) -> state e <> Open ->
  (ts = transactions h /\ state f <> Open) \/ (ts ++ [id f] = transactions h) ->
  valid (MakeHistory (replacing e (entries h)) ts n).
Proof.
  intros h f e ts n V L J I C T P F Op Ts.
  assert (M : forall x, In x (replacing e (entries h)) -> In x (entries h) /\ id x <> id e \/ x = e).
  { intros x X. apply in_replacing in X. intuition. }
  assert (N : forall t outer inner, outer ++ t :: inner = ts -> outer ++ t :: inner = transactions h \/
     exists rest, outer ++ t :: rest = transactions h).
  { intros t outer inner <-. destruct Ts as [[-> _]|Ts]; auto. right. rewrite <- Ts. rewrite <- app_assoc. simpl. eauto. }
  split; simpl.
  - rewrite map_id_replacing. apply ids_differ; auto.
  - apply (nodup_changed_replacing e (entries h) (newest h)); auto; try (apply ids_differ; auto);
      try (apply events_differ; auto); [|lia]. intros x X. sizes V. lia.
  - intros x X. apply M in X. destruct X as [[X _]| ->]; sizes V; lia.
  - intros x y X Y. apply M in X. destruct X as [[X _]| ->]; auto. pose proof (effects_seen h V x y X Y). lia.
  - intros outer t inner E.
    assert (K : exists rest, outer ++ t :: rest = transactions h).
    { destruct (N t outer inner) as [K|K]; eauto. }
    destruct K as [rest K]. symmetry in K.
    destruct (levels_nest h V outer t rest K) as (x & X & XI & XS & XT). exists x. split; auto.
    apply in_replacing. left. split; auto. rewrite I. intros Y.
    assert (x = f) by (eapply same_id; eauto). subst x.
    destruct Ts as [[_ Ts]|Ts]; [congruence|].
    (* the closed one is the innermost, and [t] is not *)
    pose proof (levels_differ h V) as D. rewrite <- Ts in D. rewrite E, XI in D.
    apply NoDup_remove_2 in D. apply D. rewrite app_nil_r. apply in_or_app. right. simpl. auto.
  - intros x X. apply M in X. destruct X as [[X _]| ->]; [apply (open_unplaced h V); auto|congruence].
  - destruct Ts as [[-> _]|Ts]; [apply levels_differ; auto|].
    pose proof (levels_differ h V) as D. rewrite <- Ts in D. apply NoDup_remove_1 in D. rewrite app_nil_r in D. auto.
  - intros t X. assert (In t (transactions h)).
    { destruct Ts as [[-> _]|Ts]; auto. rewrite <- Ts. apply in_or_app. auto. }
    apply (levels_seen h V) in H. lia.
Qed.

(** So is one from which the innermost open transaction was taken away. *)
Lemma valid_remove : forall h f ts n, valid h -> newest h < n -> In f (entries h) -> ts ++ [id f] = transactions h ->
  valid (MakeHistory (filter (fun e => negb (id e =? id f)) (entries h)) ts n).
Proof.
  intros h f ts n V L J Ts.
  assert (M : forall x, In x (filter (fun e => negb (id e =? id f)) (entries h)) <-> In x (entries h) /\ id x <> id f).
  { intros x. rewrite filter_In, negb_true_iff, N.eqb_neq. tauto. }
  pose proof (levels_differ h V) as D. rewrite <- Ts in D.
  split; simpl.
  - assert (G : forall p (l : list Entry), NoDup (map id l) -> NoDup (map id (filter p l))).
    { clear. induction l as [|x l IH]; simpl; intros D; auto. inversion D; subst. destruct (p x); simpl; auto.
      constructor; auto. intros I. apply H1. apply in_map_iff in I. destruct I as [y [E I]].
      apply filter_In in I. rewrite <- E. apply in_map; tauto. }
    apply G, ids_differ; auto.
  - apply nodup_filter, events_differ; auto.
  - intros x X. apply M in X. destruct X as [X _]. sizes V. lia.
  - intros x y X Y. apply M in X. destruct X as [X _]. pose proof (effects_seen h V x y X Y). lia.
  - intros outer t inner E. destruct (levels_nest h V outer t (inner ++ [id f])) as (x & X & XI & XS & XT).
    { rewrite <- Ts, E. rewrite <- app_assoc. auto. }
    exists x. split; auto. apply M. split; auto. rewrite XI. intros ->.
    apply NoDup_remove_2 in D. apply D. rewrite app_nil_r, E. apply in_or_app. right. simpl. auto.
  - intros x X. apply M in X. destruct X as [X _]. apply (open_unplaced h V); auto.
  - apply NoDup_remove_1 in D. rewrite app_nil_r in D. auto.
  - intros t X. assert (In t (transactions h)) by (rewrite <- Ts; apply in_or_app; auto).
    apply (levels_seen h V) in H. lia.
Qed.

(** ** Theorem 2: what each event does to the lists *)

(** A level is as it was: the same to undo, the same to redo. *)
Definition level_kept (t : N) (h h' : History) : Prop :=
  doneIn t h' = doneIn t h /\ redoableIn t h' = redoableIn t h.

(** Nothing that the level sees is different. *)
Lemma kept : forall t h h', valid h -> valid h' ->
  (forall e, transaction e = t -> state e <> Open -> (In e (entries h') <-> In e (entries h))) -> level_kept t h h'.
Proof.
  intros t h h' V V' S. assert (N : newestIn t h' = newestIn t h).
  { apply newestIn_spec.
    - intros e I T O. apply newestIn_bound; auto. apply S; auto.
    - destruct (newestIn_reached t h) as [->|(e & I & T & O & P)]; auto. right. exists e. split; auto. apply S; auto. }
  split; apply descending_unique; try (apply descending_doneIn); try (apply descending_redoableIn);
    try (apply events_differ; auto; fail).
  - intros e. rewrite !in_doneIn. split; intros (I & T & O); repeat split; auto; apply S; auto; congruence.
  - intros e. rewrite !in_redoableIn, N. split; intros (I & T & O & C); repeat split; auto; apply S; auto; congruence.
Qed.

Lemma nothing_redoable : forall t h, (forall e, In e (entries h) -> transaction e = t -> state e = Undone ->
  changed e <= newestIn t h) -> redoableIn t h = [].
Proof.
  intros t h B. destruct (redoableIn t h) as [|e l] eqn:E; auto. exfalso.
  assert (I : In e (redoableIn t h)) by (rewrite E; simpl; auto).
  apply in_redoableIn in I. destruct I as (I & T & S & C). specialize (B e I T S). lia.
Qed.

(** A new operation is the first to undo, and nothing can be redone; other levels stay as they are. *)
Theorem operation_step : forall h n h', valid h -> applying (operation n) h = accepted h' ->
  exists e, id e = n /\ effective e = [n] /\ doneIn (level h) h' = e :: doneIn (level h) h /\
    redoableIn (level h) h' = [] /\
    (forall t, t <> level h -> level_kept t h h') /\
    transactions h' = transactions h /\ newest h' = n /\ newest h < n /\ valid h'.
Proof.
  intros h n h' V H. simpl in H. destruct (N.leb_spec n (newest h)) as [L|L]; [discriminate|].
  inversion H as [E]. clear H. set (e := MakeEntry _ _ _ _ _ _ _ _) in *. rewrite E. exists e.
  assert (V' : valid h').
  { rewrite <- E. apply valid_append; simpl; auto; try lia; discriminate. }
  assert (M : forall x, In x (entries h') <-> In x (entries h) \/ x = e).
  { intros x. rewrite <- E. simpl. rewrite in_app_iff. simpl. intuition. }
  conjuncts; auto; try (rewrite <- E; simpl; auto; fail).
  - apply descending_unique; [apply descending_doneIn, events_differ; auto| |].
    + constructor; [apply descending_doneIn, events_differ; auto|]. apply Forall_forall. intros x X.
      apply in_doneIn in X. destruct X as (X & _ & _). unfold newer. simpl. sizes V. lia.
    + intros x. simpl. rewrite !in_doneIn, M. split.
      * intros ([I| ->] & T & S); auto.
      * intros [<-|I]; [repeat split; auto|tauto].
  - apply nothing_redoable. intros x X T S. apply M in X. destruct X as [X| ->]; [|discriminate].
    assert (position e <= newestIn (level h) h').
    { apply newestIn_bound; [apply M; right; reflexivity|reflexivity|discriminate]. }
    simpl in H. sizes V. lia.
  - intros t Tl. apply kept; auto. intros x T S. rewrite M. split; auto. intros [I| ->]; auto. simpl in T. congruence.
Qed.

(** Undo takes the first entry, which becomes the first to redo. *)
Theorem undo_step : forall h n e rest h', valid h -> doneIn (level h) h = e :: rest ->
  applying (undo n (id e)) h = accepted h' ->
  exists e', id e' = id e /\ effective e' = [n] /\ position e' = position e /\
    doneIn (level h) h' = rest /\ redoableIn (level h) h' = e' :: redoableIn (level h) h /\
    (forall t, t <> level h -> level_kept t h h') /\
    transactions h' = transactions h /\ newest h' = n /\ newest h < n /\ valid h'.
Proof.
  intros h n e rest h' V D H.
  assert (I : In e (doneIn (level h) h)) by (rewrite D; simpl; auto).
  apply in_doneIn in I. destruct I as (I & T & S).
  simpl in H. rewrite (entry_found h e V I) in H. rewrite (proj2 (isDone_spec e) S) in H. simpl in H.
  destruct (N.leb_spec n (newest h)) as [L|L]; [discriminate|].
  inversion H as [E]. clear H. set (e' := standing e Undone (position e) n [n]) in *. rewrite E. exists e'.
  assert (V' : valid h').
  { rewrite <- E. apply (valid_replace h e e'); simpl; auto; try (sizes V; lia); try discriminate.
    left. split; auto. congruence. }
  assert (M : forall x, In x (entries h') <-> (In x (entries h) /\ id x <> id e) \/ x = e').
  { intros x. rewrite <- E. simpl. rewrite in_replacing. simpl. intuition. right. eauto. }
  assert (U : forall x, In x (entries h) -> id x = id e -> x = e) by (intros x X Q; exact (same_id h x e V X I Q)).
  assert (N : newestIn (level h) h' = newestIn (level h) h).
  { apply newestIn_spec.
    - intros x X XT XS. apply M in X. destruct X as [[X _]| ->]; [apply newestIn_bound; auto|].
      simpl. apply newestIn_bound; auto. congruence.
    - destruct (newestIn_reached (level h) h) as [->|(x & X & XT & XS & XP)]; auto. right.
      destruct (N.eq_dec (id x) (id e)) as [Q|Q].
      + assert (x = e) by auto. subst x. exists e'. split; [apply M; right; reflexivity|].
        split; [exact T|]. split; [discriminate|exact XP].
      + exists x. repeat split; auto. apply M; auto. }
  assert (Dd : descending (e :: rest)) by (rewrite <- D; apply descending_doneIn, events_differ; auto).
  apply StronglySorted_inv in Dd. destruct Dd as [Dr Dh]. rewrite Forall_forall in Dh. unfold newer in Dh.
  conjuncts; auto; try (rewrite <- E; simpl; auto; fail).
  - apply descending_unique; auto; [apply descending_doneIn, events_differ; auto|].
    intros x. rewrite in_doneIn, M. split.
    + intros ([[X Q]| ->] & XT & XS); [|discriminate].
      assert (X' : In x (doneIn (level h) h)) by (apply in_doneIn; auto). rewrite D in X'.
      destruct X' as [<-|X']; auto. congruence.
    + intros X. assert (X' : In x (doneIn (level h) h)) by (rewrite D; simpl; auto).
      apply in_doneIn in X'. destruct X' as (X' & XT & XS). repeat split; auto. left. split; auto.
      intros Q. rewrite (U x X' Q) in X. apply Dh in X. lia.
  - apply descending_unique; [apply descending_redoableIn, events_differ; auto| |].
    + constructor; [apply descending_redoableIn, events_differ; auto|]. apply Forall_forall. intros x X.
      apply in_redoableIn in X. destruct X as (X & _). unfold newer. simpl. sizes V. lia.
    + intros x. simpl. rewrite !in_redoableIn, M, N. split.
      * intros ([[X Q]| ->] & XT & XS & XC); auto.
      * intros [<-|(X & XT & XS & XC)].
        -- repeat split; auto. simpl. pose proof (newestIn_seen (level h) h V). lia.
        -- repeat split; auto. left. split; auto. intros Q. rewrite (U x X Q) in XS. congruence.
  - intros t Tl. apply kept; auto. intros x XT XS. rewrite M. split.
    + intros [[X _]| ->]; auto. simpl in XT. congruence.
    + intros X. left. split; auto. intros Q. rewrite (U x X Q) in XT. congruence.
Qed.

(** Redo takes the entry undone last, which becomes the first to undo. What else could be redone still can, unless the
    entry takes its place only now (a transaction that had been rolled back). *)
Theorem redo_step : forall h n e rest h', valid h -> redoableIn (level h) h = e :: rest ->
  applying (redo n (id e)) h = accepted h' ->
  exists e', id e' = id e /\ effective e' = [n] /\
    doneIn (level h) h' = e' :: doneIn (level h) h /\
    redoableIn (level h) h' = (if position e =? 0 then [] else rest) /\
    (forall t, t <> level h -> level_kept t h h') /\
    transactions h' = transactions h /\ newest h' = n /\ newest h < n /\ valid h'.
Proof.
  intros h n e rest h' V D H.
  assert (I : In e (redoableIn (level h) h)) by (rewrite D; simpl; auto).
  apply in_redoableIn in I. destruct I as (I & T & S & C).
  simpl in H. rewrite (entry_found h e V I) in H. rewrite (proj2 (isUndone_spec e) S) in H. simpl in H.
  destruct (N.leb_spec n (newest h)) as [L|L]; [discriminate|].
  inversion H as [E]. clear H.
  set (e' := standing e Done (if position e =? 0 then n else position e) n [n]) in *. rewrite E. exists e'.
  assert (P : position e' <= n) by (simpl; sizes V; destruct (position e =? 0); lia).
  assert (V' : valid h').
  { rewrite <- E. apply (valid_replace h e e'); simpl; auto; try (sizes V; lia); try discriminate.
    left. split; auto. congruence. }
  assert (M : forall x, In x (entries h') <-> (In x (entries h) /\ id x <> id e) \/ x = e').
  { intros x. rewrite <- E. simpl. rewrite in_replacing. simpl. intuition. right. eauto. }
  assert (U : forall x, In x (entries h) -> id x = id e -> x = e) by (intros x X Q; exact (same_id h x e V X I Q)).
  assert (E' : In e' (entries h')) by (apply M; auto).
  assert (Dd : descending (e :: rest)) by (rewrite <- D; apply descending_redoableIn, events_differ; auto).
  apply StronglySorted_inv in Dd. destruct Dd as [Dr Dh]. rewrite Forall_forall in Dh. unfold newer in Dh.
  conjuncts; auto; try (rewrite <- E; simpl; auto; fail).
  - apply descending_unique; [apply descending_doneIn, events_differ; auto| |].
    + constructor; [apply descending_doneIn, events_differ; auto|]. apply Forall_forall. intros x X.
      apply in_doneIn in X. destruct X as (X & _). unfold newer. simpl. sizes V. lia.
    + intros x. simpl. rewrite !in_doneIn, M. split.
      * intros ([[X Q]| ->] & XT & XS); auto.
      * intros [<-|(X & XT & XS)]; [repeat split; auto|].
        repeat split; auto. left. split; auto. intros Q. rewrite (U x X Q) in XS. congruence.
  - destruct (N.eqb_spec (position e) 0) as [Z|Z].
    + apply nothing_redoable. intros x X XT XS. apply M in X. destruct X as [[X Q]| ->]; [|discriminate].
      assert (position e' <= newestIn (level h) h').
      { apply newestIn_bound; [exact E'|exact T|discriminate]. }
      simpl in H. sizes V. lia.
    + assert (Pe : position e' = position e) by reflexivity.
      assert (N : newestIn (level h) h' = newestIn (level h) h).
      { apply newestIn_spec.
        - intros x X XT XS. apply M in X. destruct X as [[X _]| ->]; [apply newestIn_bound; auto|].
          rewrite Pe. apply newestIn_bound; auto. congruence.
        - destruct (newestIn_reached (level h) h) as [->|(x & X & XT & XS & XP)]; auto. right.
          destruct (N.eq_dec (id x) (id e)) as [Q|Q].
          + assert (x = e) by auto. subst x. exists e'. split; [exact E'|].
            split; [exact T|]. split; [discriminate|]. rewrite Pe. exact XP.
          + exists x. repeat split; auto. apply M; auto. }
      apply descending_unique; auto; [apply descending_redoableIn, events_differ; auto|].
      intros x. rewrite in_redoableIn, M, N. split.
      * intros ([[X Q]| ->] & XT & XS & XC); [|discriminate].
        assert (X' : In x (redoableIn (level h) h)) by (apply in_redoableIn; auto). rewrite D in X'.
        destruct X' as [<-|X']; auto. congruence.
      * intros X. assert (X' : In x (redoableIn (level h) h)) by (rewrite D; simpl; auto).
        apply in_redoableIn in X'. destruct X' as (X' & XT & XS & XC). repeat split; auto. left. split; auto.
        intros Q. rewrite (U x X' Q) in X. apply Dh in X. lia.
  - intros t Tl. apply kept; auto. intros x XT XS. rewrite M. split.
    + intros [[X _]| ->]; auto. simpl in XT. congruence.
    + intros X. left. split; auto. intros Q. rewrite (U x X Q) in XT. congruence.
Qed.

(** ** Theorem 4, for the history: transactions *)

(** A transaction begins with nothing to undo and nothing to redo inside it; outside nothing changes. *)
Theorem begin_step : forall h n h', valid h -> applying (begin n) h = accepted h' ->
  doneIn n h' = [] /\ redoableIn n h' = [] /\ level h' = n /\
  (forall t, t <> n -> level_kept t h h') /\
  transactions h' = transactions h ++ [n] /\ newest h' = n /\ newest h < n /\ valid h'.
Proof.
  intros h n h' V H. simpl in H. destruct (N.leb_spec n (newest h)) as [L|L]; [discriminate|].
  inversion H as [E]. clear H. set (e := MakeEntry _ _ _ _ _ _ _ _) in *. rewrite E.
  assert (V' : valid h').
  { rewrite <- E. apply valid_append; simpl; auto; lia. }
  assert (M : forall x, In x (entries h') <-> In x (entries h) \/ x = e).
  { intros x. rewrite <- E. simpl. rewrite in_app_iff. simpl. intuition. }
  conjuncts; auto; try (rewrite <- E; simpl; auto; fail).
  - destruct (doneIn n h') as [|x l] eqn:D; auto. exfalso.
    assert (X : In x (doneIn n h')) by (rewrite D; simpl; auto).
    apply in_doneIn in X. destruct X as (X & XT & XS). apply M in X. destruct X as [X| ->]; [|discriminate].
    sizes V. lia.
  - apply nothing_redoable. intros x X XT XS. apply M in X. destruct X as [X| ->]; [|discriminate]. sizes V. lia.
  - rewrite <- E. unfold level. simpl. apply last_last.
  - intros t Tn. apply kept; auto. intros x XT XS. rewrite M. split; auto. intros [X| ->]; auto.
    exfalso. apply XS. reflexivity.
Qed.

(** A transaction closes. With operations in effect it becomes one entry of the level around it that stands for them all;
    with none it is no entry, and the level around it is as it was. *)
Theorem close_step : forall h n st eff h', valid h -> transactions h <> [] -> newest h < n -> st <> Open ->
  (forall x, In x eff -> x <= n) -> close h n st eff = accepted h' ->
  exists outer t, transactions h = outer ++ [t] /\ t = level h /\ transactions h' = outer /\ level h' <> t /\
    newest h' = n /\ valid h' /\
    (forall s, s <> level h' -> level_kept s h h') /\
    match eff with
    | [] => level_kept (level h') h h'
    | _ => exists e, effective e = eff /\ id e = t /\
      match st with
      | Done => doneIn (level h') h' = e :: doneIn (level h') h /\ redoableIn (level h') h' = []
      | _ => doneIn (level h') h' = doneIn (level h') h /\
             redoableIn (level h') h' = e :: redoableIn (level h') h /\ position e = 0
      end
    end.
Proof.
  intros h n st eff h' V N L St B H.
  destruct (level_open h V N) as (outer & f & Ts & Tr & I & F & S & T).
  unfold close in H. rewrite <- F, (entry_found h f V I) in H.
  exists outer, (level h). rewrite Tr in H. rewrite <- F in *.
  assert (lastne : last outer 0 <> id f).
  { intros Q. destruct outer as [|o outer _] using rev_ind.
    - simpl in Q. sizes V. lia.
    - rewrite last_last in Q. subst o. pose proof (levels_differ h V) as Df. rewrite Ts in Df.
      apply NoDup_remove_2 in Df. apply Df. rewrite app_nil_r. apply in_or_app. right. simpl. auto. }
  destruct eff as [|x0 eff0].
  - inversion H as [E]. clear H. rewrite E.
    assert (Lv : level h' = last outer 0) by (rewrite <- E; reflexivity).
    assert (V' : valid h') by (rewrite <- E; apply (valid_remove h f outer n); auto).
    assert (K : forall s, level_kept s h h').
    { intros s. apply kept; auto. intros x XT XS. rewrite <- E. simpl.
      rewrite filter_In, negb_true_iff, N.eqb_neq. split; [tauto|]. intros X. split; auto. intros Q.
      rewrite (same_id h x f V X I Q) in XS. congruence. }
    conjuncts; auto; try (rewrite <- E; simpl; auto; fail); rewrite Lv; auto.
  - set (eff := x0 :: eff0) in *.
    set (e := standing f st (match st with Done => n | _ => position f end) n eff).
    assert (E : MakeHistory (replacing e (entries h)) outer n = h') by (inversion H; reflexivity). clear H. rewrite <- E at 1.
    assert (Lv : level h' = last outer 0) by (rewrite <- E; reflexivity).
    assert (P : position e <= n) by (simpl; sizes V; destruct st; lia).
    assert (V' : valid h').
    { rewrite <- E. apply (valid_replace h f e); auto. }
    assert (M : forall x, In x (entries h') <-> (In x (entries h) /\ id x <> id f) \/ x = e).
    { intros x. rewrite <- E. simpl. rewrite in_replacing. simpl. intuition. right. eauto. }
    assert (U : forall x, In x (entries h) -> id x = id f -> x = f) by (intros x X Q; exact (same_id h x f V X I Q)).
    assert (E' : In e (entries h')) by (apply M; auto).
    assert (Te : transaction e = level h') by (rewrite Lv; exact T).
    conjuncts; auto; try (rewrite <- E; simpl; auto; fail); try (rewrite Lv; auto; fail).
    + intros s Sl. apply kept; auto. intros x XT XS. rewrite M. split.
      * intros [[X _]| ->]; auto. congruence.
      * intros X. left. split; auto. intros Q. rewrite (U x X Q) in XS. congruence.
    + exists e. conjuncts; auto. destruct st; [| |congruence].
      * assert (Dn : doneIn (level h') h' = e :: doneIn (level h') h).
        { apply descending_unique; [apply descending_doneIn, events_differ; auto| |].
          - constructor; [apply descending_doneIn, events_differ; auto|]. apply Forall_forall. intros x X.
            apply in_doneIn in X. destruct X as (X & _). unfold newer. simpl. sizes V. lia.
          - intros x. simpl. rewrite !in_doneIn, M. split.
            + intros ([[X Q]| ->] & XT & XS); auto.
            + intros [<-|(X & XT & XS)]; [repeat split; auto|].
              repeat split; auto. left. split; auto. intros Q. rewrite (U x X Q) in XS. congruence. }
        split; auto. apply nothing_redoable. intros x X XT XS. apply M in X. destruct X as [[X Q]| ->]; [|discriminate].
        assert (position e <= newestIn (level h') h') by (apply newestIn_bound; [exact E'|exact Te|discriminate]).
        simpl in H. sizes V. lia.
      * split.
        -- apply descending_unique; [apply descending_doneIn, events_differ; auto|apply descending_doneIn, events_differ; auto|].
           intros x. rewrite !in_doneIn, M. split.
           ++ intros ([[X Q]| ->] & XT & XS); [auto|discriminate].
           ++ intros (X & XT & XS). repeat split; auto. left. split; auto. intros Q. rewrite (U x X Q) in XS. congruence.
        -- assert (Z : position f = 0) by (apply (open_unplaced h V); auto). split; [|exact Z].
           assert (Nn : newestIn (level h') h' = newestIn (level h') h).
           { apply newestIn_spec.
             - intros x X XT XS. apply M in X. destruct X as [[X _]| ->]; [apply newestIn_bound; auto|]. simpl. lia.
             - destruct (newestIn_reached (level h') h) as [->|(x & X & XT & XS & XP)]; auto. right.
               exists x. repeat split; auto. apply M. left. split; auto. intros Q. rewrite (U x X Q) in XS. congruence. }
           apply descending_unique; [apply descending_redoableIn, events_differ; auto| |].
           ++ constructor; [apply descending_redoableIn, events_differ; auto|]. apply Forall_forall. intros x X.
              apply in_redoableIn in X. destruct X as (X & _). unfold newer. simpl. sizes V. lia.
           ++ intros x. simpl. rewrite !in_redoableIn, M, Nn. split.
              ** intros ([[X Q]| ->] & XT & XS & XC); auto.
              ** intros [<-|(X & XT & XS & XC)].
                 { repeat split; auto. simpl. pose proof (newestIn_seen (level h') h V). lia. }
                 repeat split; auto. left. split; auto. intros Q. rewrite (U x X Q) in XS. congruence.
Qed.

(** Every entry of a level is done or undone: none is lost. *)
Theorem done_and_undone_are_all : forall t h,
  (length (doneIn t h) + length (undoneIn t h))%nat =
  length (filter (fun e => (transaction e =? t) && negb (isOpen e)) (entries h)).
Proof.
  assert (L : forall A (key : A -> N) l, length (sortedBy key l) = length l).
  { induction l as [|x l IH]; simpl; auto. rewrite <- IH. clear.
    induction (sortedBy key l) as [|y r IH]; simpl; auto. destruct (key x <=? key y); simpl; auto. }
  intros t h. unfold doneIn, undoneIn. rewrite !rev_length, !L.
  induction (entries h) as [|e l IH]; simpl; auto.
  unfold isDone, isUndone, isOpen in *. destruct (transaction e =? t), (state e); simpl; lia.
Qed.

(** Undo of what is done is never refused, given a new number; nor is redo. *)
Theorem undo_is_never_refused : forall h n e rest, valid h -> doneIn (level h) h = e :: rest -> newest h < n ->
  exists h', applying (undo n (id e)) h = accepted h'.
Proof.
  intros h n e rest V D L.
  assert (I : In e (doneIn (level h) h)) by (rewrite D; simpl; auto). apply in_doneIn in I. destruct I as (I & _ & S).
  simpl. rewrite (entry_found h e V I), (proj2 (isDone_spec e) S). simpl.
  destruct (N.leb_spec n (newest h)); [lia|]. eauto.
Qed.

(** What can be redone is redone without refusal. *)
Theorem redo_is_never_refused : forall h n e rest, valid h -> redoableIn (level h) h = e :: rest -> newest h < n ->
  exists h', applying (redo n (id e)) h = accepted h'.
Proof.
  intros h n e rest V D L.
  assert (I : In e (redoableIn (level h) h)) by (rewrite D; simpl; auto). apply in_redoableIn in I.
  destruct I as (I & _ & S & _). simpl. rewrite (entry_found h e V I), (proj2 (isUndone_spec e) S). simpl.
  destruct (N.leb_spec n (newest h)); [lia|]. eauto.
Qed.
