(* SPDX-License-Identifier: MPL-2.0 *)
(** * What holds of the history

    Each event changes the lists of done and redoable entries of its own level as two stacks would, and no other level.
    Theorem 2 (undo and redo) and half of theorem 4 (transactions) are here for the history alone; [Machine] adds the disk. *)

From Coq Require Import List NArith Lia Bool Sorted.
From Vsh Require Import History HistoryLists HistoryValid.
Import ListNotations.
Open Scope N_scope.

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
