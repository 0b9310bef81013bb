(* SPDX-License-Identifier: MPL-2.0 *)
(** * Histories that can occur

    What holds of every history that events made from the empty one ([valid]), and that to append, replace and remove entries as
    events do keeps it; the members of the lists of done and of redoable entries. *)

From Coq Require Import List NArith Lia Bool Sorted.
From Vsh Require Import History HistoryLists.
Import ListNotations.
Open Scope N_scope.

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
