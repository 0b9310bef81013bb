(* SPDX-License-Identifier: MPL-2.0 *)
(** * What holds of the check of the log

    The check of [LogCheck] and the machine of [History] agree, event by event: what the machine does is accepted, and what it
    would refuse is refused. An accepted log is the log of a run of the machine (theorem 9, together with [Audit]). *)

From Coq Require Import List NArith Bool Lia.
From Vsh Require Import Decisions History HistoryLists HistoryValid HistoryFacts LogCheck.
Import ListNotations.
Open Scope N_scope.

(** What the shell logs of an event: its number, what it says, and the transaction that it is in. A commit stands outside of
    the transaction that it closes, a rollback in it. *)
Definition logged (event : HistoryEvent) (h : History) : N * LogEvent * N :=
  match event with
  | operation number => (number, LogEvent_operation true, level h)
  | begin number => (number, LogEvent_begin, level h)
  | commit number => (number, LogEvent_commit (level h), 0)
  | rollback number => (number, LogEvent_rollback (level h) OperationOutcome_finished, level h)
  | undo number target => (number, LogEvent_undo target OperationOutcome_finished, level h)
  | redo number target => (number, LogEvent_redo target OperationOutcome_finished, level h)
  end.

Definition number_of (event : HistoryEvent) : N :=
  match event with
  | operation n | begin n | commit n | rollback n | undo n _ | redo n _ => n
  end.

(** A target of 0 stands for none: such a row is of single paths, and of no entry. *)
Definition names_an_entry (event : HistoryEvent) (h : History) : Prop :=
  match event with undo _ target | redo _ target => target <> 0 | rollback _ => transactions h <> [] | _ => True end.

Definition standing_of (s : EntryState) : LogStanding :=
  match s with Done => LogStanding_done | Undone => LogStanding_undone | Open => LogStanding_open end.

Definition is_entry (s : LogStanding) : bool :=
  match s with LogStanding_done | LogStanding_undone | LogStanding_open => true | _ => false end.

Definition check_event (event : HistoryEvent) (h : History) (c : LogCheck) : LogResult :=
  match logged event h with (id, e, transaction) => checking id e transaction c end.

(** The check knows of a history what it has to know: which entries there are, how they stand, and which transaction each is
    in; and that what is in effect can be taken back by something. *)
Record agrees (h : History) (c : LogCheck) : Prop := {
  from_the_start : oldest c = 0;
  nothing_newer : forall n, isLogged n c = true -> 0 < n <= newest h;
  entries_stand : forall e, In e (entries h) -> lookup (id e) (standings c) = Some (standing_of (state e));
  standing_are_entries : forall n s, lookup n (standings c) = Some s -> is_entry s = true ->
    exists e, In e (entries h) /\ id e = n;
  entries_are_members : forall e, In e (entries h) -> In (id e) (listAt (transaction e) (members c));
  members_lie_inside : forall t n e, In n (listAt t (members c)) -> In e (entries h) -> id e = n -> transaction e = t;
  members_are_logged : forall t n, In n (listAt t (members c)) -> isLogged n c = true;
  effects_exist : forall e, In e (entries h) -> state e = Done -> effective e <> []
}.

Definition nothing_logged : LogCheck := MakeLogCheck 0 [] [].

Lemma agrees_at_the_start : agrees (MakeHistory [] [] 0) nothing_logged.
Proof. split; simpl; try tauto; try discriminate. Qed.

(** ** Tables *)

Lemma lookup_assign : forall A k (v : A) t n, lookup n (assign k v t) = if k =? n then Some v else lookup n t.
Proof. reflexivity. Qed.

Lemma listAt_push : forall k m t n, listAt n (push k m t) = if k =? n then listAt n t ++ [m] else listAt n t.
Proof. intros. unfold push, listAt at 1. rewrite lookup_assign. destruct (N.eqb_spec k n); subst; auto. Qed.

Lemma LogStanding_eqb_spec : forall a b, LogStanding_eqb a b = true <-> a = b.
Proof. intros [] []; simpl; split; congruence. Qed.

Lemma isLogged_spec : forall n c, isLogged n c = true <-> exists s, lookup n (standings c) = Some s.
Proof.
  intros. unfold isLogged. destruct (lookup n (standings c)); split; intros; eauto; try discriminate. destruct H; discriminate.
Qed.

(** ** Looking things up *)

Lemma never_older : forall h c n, agrees h c -> isOlder n c = false.
Proof.
  intros h c n A. unfold isOlder. rewrite (from_the_start h c A).
  destruct (N.eqb_spec n 0); simpl; auto. destruct (N.leb_spec n 0); auto. lia.
Qed.

Lemma fresh_is_not_logged : forall h c n, agrees h c -> newest h < n -> isLogged n c = false.
Proof.
  intros h c n A L. destruct (isLogged n c) eqn:E; auto. pose proof (nothing_newer h c A n E). lia.
Qed.

(** What is looked for stands as it must exactly when the history has such an entry. *)
Lemma may_stand : forall h c n s, agrees h c -> is_entry s = true ->
  (mayStand s n c = true <-> exists e, In e (entries h) /\ id e = n /\ standing_of (state e) = s).
Proof.
  intros h c n s A E. unfold mayStand. rewrite (never_older h c n A). split.
  - destruct (lookup n (standings c)) as [found|] eqn:L; [|discriminate]. intros Q.
    apply LogStanding_eqb_spec in Q. subst found. destruct (standing_are_entries h c A n s L E) as (e & I & <-).
    exists e. repeat split; auto. pose proof (entries_stand h c A e I). congruence.
  - intros (e & I & <- & S). rewrite (entries_stand h c A e I). apply LogStanding_eqb_spec. auto.
Qed.

Lemma in_effect : forall h c n, agrees h c ->
  (isInEffect n c = true <-> exists e, In e (entries h) /\ id e = n /\ state e = Done).
Proof.
  intros h c n A.
  assert (Q : isInEffect n c = mayStand LogStanding_done n c).
  { unfold isInEffect, mayStand. rewrite (never_older h c n A). reflexivity. }
  rewrite Q, (may_stand h c n LogStanding_done A eq_refl). split; intros (e & I & E & S); exists e; repeat split; auto.
  - destruct (state e); simpl in S; congruence.
  - rewrite S. reflexivity.
Qed.

(** A transaction has an effect when something in it is done: then its rollback has something to take back. *)
Lemma has_effect : forall h c t, valid h -> agrees h c -> (hasEffect t c = false <-> effectiveInside t h = []).
Proof.
  intros h c t V A. unfold hasEffect. rewrite (never_older h c t A). simpl.
  assert (D : existsb (fun m => isInEffect m c) (listAt t (members c)) = true <-> exists e, In e (doneIn t h)).
  { rewrite existsb_exists. split.
    - intros (n & M & F). apply (in_effect h c n A) in F. destruct F as (e & I & E & S).
      exists e. apply in_doneIn. repeat split; auto. apply (members_lie_inside h c A t n e); auto.
    - intros (e & I). apply in_doneIn in I. destruct I as (I & T & S). exists (id e). split.
      + rewrite <- T. apply (entries_are_members h c A e I).
      + apply (in_effect h c (id e) A). eauto. }
  unfold effectiveInside. split.
  - intros F. destruct (doneIn t h) as [|e l] eqn:E; auto.
    rewrite (proj2 D) in F; [discriminate|]. exists e. simpl. auto.
  - intros F. destruct (existsb _ _) eqn:X; auto. exfalso. destruct (proj1 D eq_refl) as (e & I).
    assert (B : forall x l, In x l -> effective x <> [] -> flat_map effective l <> []).
    { clear. induction l as [|y l IH]; simpl; [tauto|]. intros [->|I] N Q; apply app_eq_nil in Q; destruct Q; auto.
      apply IH; auto. }
    apply (B e (rev (doneIn t h))); auto; [apply -> in_rev; auto|].
    apply in_doneIn in I. destruct I as (I & _ & S). apply (effects_exist h c A e I S).
Qed.

Lemma level_stands_open : forall h c, valid h -> agrees h c -> transactions h <> [] ->
  mayStand LogStanding_open (level h) c = true.
Proof.
  intros h c V A N. destruct (level_open h V N) as (outer & e & _ & _ & I & E & S & _).
  apply (may_stand h c _ LogStanding_open A eq_refl). exists e. rewrite S. auto.
Qed.

(** The row of an event at the present level is let through the first two questions. *)
Lemma inside_the_level : forall h c, valid h -> agrees h c ->
  negb (level h =? 0) && negb (mayStand LogStanding_open (level h) c) = false.
Proof.
  intros h c V A. destruct (transactions h) as [|t l] eqn:T.
  - unfold level. rewrite T. reflexivity.
  - rewrite (level_stands_open h c V A); [|congruence]. apply andb_false_r.
Qed.

(** ** The steps *)

(** Something new is entered: an entry, at the present level. *)
Lemma agrees_entered : forall h c e ts n, valid h -> agrees h c -> newest h < n -> id e = n ->
  (state e = Done -> effective e <> []) ->
  agrees (MakeHistory (entries h ++ [e]) ts n) (entering n (transaction e) (standing_of (state e)) c).
Proof.
  intros h c e ts n V A L E F.
  assert (fresh : forall f, In f (entries h) -> id f <> n).
  { intros f I Q. pose proof (numbers_seen h V f I). lia. }
  assert (unlogged := fresh_is_not_logged h c n A L).
  split; simpl.
  - apply (from_the_start h c A).
  - intros m. rewrite isLogged_spec. unfold entering. simpl standings. rewrite lookup_assign.
    destruct (N.eqb_spec n m) as [<-|D]; [lia|]. intros (s & Q).
    assert (X : isLogged m c = true) by (apply isLogged_spec; eauto). pose proof (nothing_newer h c A m X). lia.
  - intros f I. apply in_app_iff in I. destruct I as [I|[<-|[]]].
    + destruct (N.eqb_spec n (id f)); [exfalso; eapply fresh; eauto|]. apply (entries_stand h c A f I).
    + destruct (N.eqb_spec n (id e)); congruence.
  - intros m s. destruct (N.eqb_spec n m) as [<-|D]; intros Q S.
    + exists e. rewrite in_app_iff. simpl. auto.
    + destruct (standing_are_entries h c A m s Q S) as (f & I & G). exists f. rewrite in_app_iff. auto.
  - intros f I. rewrite listAt_push. apply in_app_iff in I. destruct I as [I|[<-|[]]].
    + pose proof (entries_are_members h c A f I). destruct (transaction e =? transaction f); auto. apply in_or_app. auto.
    + rewrite N.eqb_refl. apply in_or_app. simpl. auto.
  - intros t m f. rewrite listAt_push. intros M I G. apply in_app_iff in I.
    assert (Old : In m (listAt t (members c)) -> transaction f = t).
    { intros O. destruct I as [I|[<-|[]]]; [eapply (members_lie_inside h c A); eauto|].
      pose proof (members_are_logged h c A t m O) as X. congruence. }
    destruct (N.eqb_spec (transaction e) t) as [Q|Q]; auto.
    apply in_app_iff in M. destruct M as [M|[M|[]]]; auto.
    destruct I as [I|[<-|[]]]; auto. exfalso. apply (fresh f I). congruence.
  - intros t m. rewrite listAt_push. intros M. apply isLogged_spec. simpl. destruct (N.eqb_spec n m) as [Q|Q]; [eauto|].
    apply isLogged_spec. apply (members_are_logged h c A t m).
    destruct (transaction e =? t); auto. apply in_app_iff in M. destruct M as [M|[M|[]]]; congruence.
  - intros f I S. apply in_app_iff in I. destruct I as [I|[<-|[]]]; auto. apply (effects_exist h c A f I S).
Qed.

(** An event that is no entry itself, and after which another entry stands otherwise: one that was there is replaced, or is
    no entry any more. *)
Lemma agrees_moved : forall h c f es ts n t s, valid h -> agrees h c -> newest h < n -> In f (entries h) ->
  (forall e, In e es -> (In e (entries h) /\ id e <> id f) \/
     (id e = id f /\ transaction e = transaction f /\ standing_of (state e) = s /\ (state e = Done -> effective e <> []))) ->
  (forall e, In e (entries h) -> id e <> id f -> In e es) ->
  (is_entry s = true -> exists e, In e es /\ id e = id f) ->
  agrees (MakeHistory es ts n) (setting (id f) s (entering n t LogStanding_event c)).
Proof.
  intros h c f es ts n t s V A L If M K P.
  assert (fresh : forall e, In e (entries h) -> id e <> n).
  { intros e I Q. pose proof (numbers_seen h V e I). lia. }
  assert (unlogged := fresh_is_not_logged h c n A L).
  assert (there : lookup (id f) (standings c) = Some (standing_of (state f))) by (apply (entries_stand h c A f If)).
  split; simpl.
  - apply (from_the_start h c A).
  - intros m. rewrite isLogged_spec. simpl. destruct (N.eqb_spec (id f) m) as [<-|D].
    + pose proof (numbers_seen h V f If). lia.
    + destruct (N.eqb_spec n m) as [<-|D']; [lia|]. intros (x & Q).
      assert (X : isLogged m c = true) by (apply isLogged_spec; eauto). pose proof (nothing_newer h c A m X). lia.
  - intros e I. destruct (M e I) as [(O & D)|(E & _ & S & _)].
    + destruct (N.eqb_spec (id f) (id e)); [congruence|].
      destruct (N.eqb_spec n (id e)); [exfalso; eapply fresh; eauto|]. apply (entries_stand h c A e O).
    + rewrite E, N.eqb_refl. congruence.
  - intros m x. destruct (N.eqb_spec (id f) m) as [<-|D]; intros Q S.
    + inversion Q; subst. auto.
    + destruct (N.eqb_spec n m) as [<-|D']; [inversion Q; subst; discriminate|].
      destruct (standing_are_entries h c A m x Q S) as (e & I & G). exists e. split; auto. apply K; auto. congruence.
  - intros e I. rewrite listAt_push.
    assert (O : In (id e) (listAt (transaction e) (members c))).
    { destruct (M e I) as [(O & D)|(E & T & _)]; [apply (entries_are_members h c A e O)|].
      rewrite E, T. apply (entries_are_members h c A f If). }
    destruct (t =? transaction e); auto. apply in_or_app. auto.
  - intros u m e. rewrite listAt_push. intros I J G.
    assert (O : In m (listAt u (members c)) -> transaction e = u).
    { intros O. destruct (M e J) as [(O' & D)|(E & T & _)]; [eapply (members_lie_inside h c A); eauto|].
      rewrite T. eapply (members_lie_inside h c A u m f); eauto. congruence. }
    destruct (t =? u); auto. apply in_app_iff in I. destruct I as [I|[I|[]]]; auto. exfalso.
    destruct (M e J) as [(O' & D)|(E & _)]; [apply (fresh e O'); congruence|]. apply (fresh f If). congruence.
  - intros u m. rewrite listAt_push. intros I. apply isLogged_spec. simpl.
    destruct (N.eqb_spec (id f) m); [eauto|]. destruct (N.eqb_spec n m); [eauto|].
    apply isLogged_spec. apply (members_are_logged h c A u m).
    destruct (t =? u); auto. apply in_app_iff in I. destruct I as [I|[I|[]]]; congruence.
  - intros e I S. destruct (M e I) as [(O & D)|(_ & _ & _ & F)]; auto. apply (effects_exist h c A e O S).
Qed.

Lemma agrees_replaced : forall h c f e ts n t s, valid h -> agrees h c -> newest h < n -> In f (entries h) ->
  id e = id f -> transaction e = transaction f -> standing_of (state e) = s -> effective e <> [] ->
  agrees (MakeHistory (replacing e (entries h)) ts n) (setting (id f) s (entering n t LogStanding_event c)).
Proof.
  intros h c f e ts n t s V A L I E T S F. apply (agrees_moved h c f); auto.
  - intros x X. apply in_replacing in X. destruct X as [[X D]|[-> _]]; [left; split; auto; congruence|right; auto].
  - intros x X D. apply in_replacing. left. split; auto. congruence.
  - intros _. exists e. split; auto. apply in_replacing. right. split; auto. exists f. auto.
Qed.

Lemma agrees_removed : forall h c f ts n t, valid h -> agrees h c -> newest h < n -> In f (entries h) ->
  agrees (MakeHistory (filter (fun e => negb (id e =? id f)) (entries h)) ts n)
    (setting (id f) LogStanding_closed (entering n t LogStanding_event c)).
Proof.
  intros h c f ts n t V A L I. apply (agrees_moved h c f); auto.
  - intros x X. apply filter_In in X. rewrite negb_true_iff, N.eqb_neq in X. auto.
  - intros x X D. apply filter_In. rewrite negb_true_iff, N.eqb_neq. auto.
  - discriminate.
Qed.

(** ** Theorem 9: the check is the machine *)

(** Of what the machine says about an event, and what the check says about its row. *)
Definition same_verdict (m : HistoryResult) (c : LogResult) : Prop :=
  match m, c with
  | accepted h', LogResult_accepted c' => agrees h' c'
  | refused _, LogResult_refused _ => True
  | _, _ => False
  end.

Lemma moving_refused : forall i t target w s v c, mayStand w target c = false ->
  exists x, moving i t target w s v c = LogResult_refused x.
Proof. intros. unfold moving. rewrite H. destruct (isLogged target c); eauto. Qed.

(** An event with a new number: the machine does it, and the check accepts its row and agrees with the history afterwards; or
    both refuse. *)
Theorem check_is_the_machine : forall h c event, valid h -> agrees h c -> newest h < number_of event ->
  names_an_entry event h -> same_verdict (applying event h) (check_event event h c).
Proof.
  intros h c event V A L Nm. unfold check_event.
  assert (unlogged := fresh_is_not_logged h c (number_of event) A L).
  assert (fresh : number_of event <=? newest h = false) by (apply N.leb_gt; auto).
  pose proof (inside_the_level h c V A) as Lv.
  destruct event as [n|n|n|n|n target|n target]; simpl in *; unfold checking; rewrite ?unlogged, ?Lv, ?fresh; simpl.
  - apply (agrees_entered h c (MakeEntry n (level h) (head h) false Done n n [n])); simpl; auto. discriminate.
  - apply (agrees_entered h c (MakeEntry n (level h) (head h) true Open 0 n [])); simpl; auto. discriminate.
  - destruct (transactions h) as [|t0 l] eqn:T.
    + assert (Q : mayStand LogStanding_open (level h) c = false).
      { destruct (mayStand LogStanding_open (level h) c) eqn:Q; auto. exfalso.
        apply (may_stand h c _ LogStanding_open A eq_refl) in Q. destruct Q as (e & I & E & _).
        pose proof (numbers_seen h V e I). unfold level in E. rewrite T in E. simpl in E. lia. }
      destruct (moving_refused n 0 (level h) LogStanding_open
        (if hasEffect (level h) c then LogStanding_done else LogStanding_closed) (LogViolation_notOpen (level h)) c Q)
        as [x ->].
      exact I.
    + assert (Tn : transactions h <> []) by congruence.
      unfold moving. rewrite (level_stands_open h c V A Tn).
      destruct (level_open h V Tn) as (outer & f & _ & _ & I & E & S & Tf).
      unfold close. rewrite <- E, (entry_found h f V I). rewrite !E.
      pose proof (has_effect h c (level h) V A) as X. destruct (hasEffect (level h) c) eqn:H.
      * destruct (effectiveInside (level h) h) as [|x es] eqn:F; [exfalso; destruct X as [_ X]; specialize (X eq_refl); discriminate|].
        simpl. rewrite <- E. apply (agrees_replaced h c f); simpl; auto. discriminate.
      * rewrite (proj1 X eq_refl). simpl. rewrite <- E. apply agrees_removed; auto.
  - assert (R : (level h =? 0) = false \/ transactions h = []).
    { destruct (N.eqb_spec (level h) 0) as [Z|Z]; auto. right.
      destruct (transactions h) as [|t0 l] eqn:T; auto. exfalso.
      destruct (level_open h V) as (outer & f & _ & _ & I & E & _); [congruence|].
      pose proof (numbers_seen h V f I). lia. }
    destruct (transactions h) as [|t0 l] eqn:T; [congruence|].
    destruct R as [->|R]; [|discriminate]. assert (Tn : transactions h <> []) by congruence.
    unfold moving. rewrite (level_stands_open h c V A Tn).
    destruct (level_open h V Tn) as (outer & f & _ & _ & I & E & S & Tf).
    pose proof (has_effect h c (level h) V A) as X.
    destruct (effectiveInside (level h) h) as [|x es] eqn:F; unfold close; rewrite <- E, (entry_found h f V I), !E.
    + rewrite (proj2 X eq_refl). simpl. rewrite <- E. apply agrees_removed; auto.
    + destruct (hasEffect (level h) c) eqn:H; [|destruct X as [X _]; specialize (X eq_refl); discriminate].
      simpl. rewrite <- E. apply (agrees_replaced h c f); simpl; auto. discriminate.
  - destruct (N.eqb_spec target 0); [contradiction|].
    pose proof (may_stand h c target LogStanding_done A eq_refl) as X.
    destruct (entry target h) as [f|] eqn:F.
    + destruct (found_entry target h f F) as (I & <-). destruct (isDone f) eqn:D; simpl.
      * apply isDone_spec in D. unfold moving. rewrite (proj2 X); [|exists f; rewrite D; auto].
        simpl. apply (agrees_replaced h c f); simpl; auto. discriminate.
      * destruct (mayStand LogStanding_done (id f) c) eqn:Q.
        -- exfalso. destruct (proj1 X eq_refl) as (e & J & E & S). rewrite (same_id h e f V J I E) in S.
           unfold isDone in D. destruct (state f); discriminate.
        -- edestruct moving_refused as [x ->]; [exact Q|]. exact Logic.I.
    + destruct (mayStand LogStanding_done target c) eqn:Q.
      * exfalso. destruct (proj1 X eq_refl) as (e & J & E & S). subst target. rewrite (entry_found h e V J) in F. discriminate.
      * edestruct moving_refused as [x ->]; [exact Q|]. exact Logic.I.
  - destruct (N.eqb_spec target 0); [contradiction|].
    pose proof (may_stand h c target LogStanding_undone A eq_refl) as X.
    destruct (entry target h) as [f|] eqn:F.
    + destruct (found_entry target h f F) as (I & <-). destruct (isUndone f) eqn:D; simpl.
      * apply isUndone_spec in D. unfold moving. rewrite (proj2 X); [|exists f; rewrite D; auto].
        simpl. apply (agrees_replaced h c f); simpl; auto. discriminate.
      * destruct (mayStand LogStanding_undone (id f) c) eqn:Q.
        -- exfalso. destruct (proj1 X eq_refl) as (e & J & E & S). rewrite (same_id h e f V J I E) in S.
           unfold isUndone in D. destruct (state f); discriminate.
        -- edestruct moving_refused as [x ->]; [exact Q|]. exact Logic.I.
    + destruct (mayStand LogStanding_undone target c) eqn:Q.
      * exfalso. destruct (proj1 X eq_refl) as (e & J & E & S). subst target. rewrite (entry_found h e V J) in F. discriminate.
      * edestruct moving_refused as [x ->]; [exact Q|]. exact Logic.I.
Qed.

Lemma valid_applying : forall h event h', valid h -> applying event h = accepted h' ->
  valid h' /\ newest h' = number_of event.
Proof.
  intros h event h' V H.
  destruct event as [n|n|n|n|n target|n target]; simpl in *.
  - pose proof (operation_step h n h' V) as X. simpl in X. destruct (X H) as (e & _ & _ & _ & _ & _ & _ & Q & _ & W). auto.
  - pose proof (begin_step h n h' V) as X. simpl in X. destruct (X H) as (_ & _ & _ & _ & _ & Q & _ & W). auto.
  - destruct (transactions h) as [|t0 l] eqn:T; [discriminate|]. destruct (N.leb_spec n (newest h)) as [|L]; [discriminate|].
    destruct (close_step h n Done (effectiveInside (level h) h) h') as (o & t & _ & _ & _ & _ & Q & W & _); auto; try congruence.
    intros x X. unfold effectiveInside in X. apply in_flat_map in X. destruct X as (e & I & X).
    apply in_rev, in_doneIn in I. pose proof (effects_seen h V e x (proj1 I) X). lia.
  - destruct (transactions h) as [|t0 l] eqn:T; [discriminate|]. destruct (N.leb_spec n (newest h)) as [|L]; [discriminate|].
    destruct (effectiveInside (level h) h) as [|x es] eqn:F.
    + destruct (close_step h n Undone [] h') as (o & t & _ & _ & _ & _ & Q & W & _); auto; try congruence; try discriminate.
      simpl. tauto.
    + destruct (close_step h n Undone [n] h') as (o & t & _ & _ & _ & _ & Q & W & _); auto; try congruence; try discriminate.
      simpl. intros y [<-|[]]. lia.
  - destruct (entry target h) as [f|] eqn:F; [|discriminate]. destruct (found_entry target h f F) as (I & E).
    destruct (isDone f) eqn:D; [|discriminate]. apply isDone_spec in D.
    simpl in H. destruct (N.leb_spec n (newest h)) as [|L]; [discriminate|]. inversion H; subst h'. split; auto.
    apply (valid_replace h f); simpl; auto; try discriminate.
    + pose proof (numbers_seen h V f I). lia.
    + intros x [<-|[]]. lia.
    + left. split; auto. congruence.
  - destruct (entry target h) as [f|] eqn:F; [|discriminate]. destruct (found_entry target h f F) as (I & E).
    destruct (isUndone f) eqn:D; [|discriminate]. apply isUndone_spec in D.
    simpl in H. destruct (N.leb_spec n (newest h)) as [|L]; [discriminate|]. inversion H; subst h'. split; auto.
    apply (valid_replace h f); simpl; auto; try discriminate.
    + pose proof (numbers_seen h V f I). destruct (position f =? 0); lia.
    + intros x [<-|[]]. lia.
    + left. split; auto. congruence.
Qed.

(** Nothing is logged twice. *)
Theorem nothing_is_logged_twice : forall id event transaction c c',
  checking id event transaction c = LogResult_accepted c' -> isLogged id c = false.
Proof. intros id event transaction c c' H. unfold checking in H. destruct (isLogged id c); [discriminate|reflexivity]. Qed.

(** ** Whole logs *)

(** The machine takes up events, each with a new number; the log has a row of each. *)
Inductive run : History -> list HistoryEvent -> History -> Prop :=
| run_end : forall h, run h [] h
| run_step : forall h event h' events h'', newest h < number_of event -> names_an_entry event h ->
    applying event h = accepted h' -> run h' events h'' -> run h (event :: events) h''.

(** The rows of events, each at the level that the ones before it lead to; whether the check accepts them all. *)
Inductive checked : History -> LogCheck -> list HistoryEvent -> LogCheck -> Prop :=
| checked_end : forall h c, checked h c [] c
| checked_step : forall h c event h' c' events c'', check_event event h c = LogResult_accepted c' ->
    applying event h = accepted h' -> checked h' c' events c'' -> checked h c (event :: events) c''.

(** The log of every run of the machine is accepted: the check raises no false alarm. *)
Theorem runs_are_accepted : forall h c events h', valid h -> agrees h c -> run h events h' ->
  exists c', checked h c events c' /\ agrees h' c'.
Proof.
  intros h c events h' V A R. revert c A. induction R as [h|h event h1 events h2 L Nm H R IH]; intros c A.
  - exists c. split; auto. constructor.
  - pose proof (check_is_the_machine h c event V A L Nm) as S. rewrite H in S.
    destruct (check_event event h c) as [c1|] eqn:E; simpl in S; [|contradiction].
    destruct (valid_applying h event h1 V H) as (V1 & _). destruct (IH V1 c1 S) as (c2 & C & A2).
    exists c2. split; auto. econstructor; eauto.
Qed.

(** After a run, the first event that the machine would refuse is refused by the check: an accepted log is the log of a run. *)
Theorem what_is_accepted_is_a_run : forall h c events h' c' event, valid h -> agrees h c -> run h events h' ->
  checked h c events c' -> newest h' < number_of event -> names_an_entry event h' ->
  (exists c'', check_event event h' c' = LogResult_accepted c'') -> exists h'', run h (events ++ [event]) h''.
Proof.
  intros h c events h' c' event V A R. revert c c' A.
  induction R as [h|h first h1 events h2 L Nm H R IH]; intros c c' A C L' Nm' (c'' & X); inversion C; subst.
  - pose proof (check_is_the_machine h c' event V A L' Nm') as S. rewrite X in S.
    destruct (applying event h) as [h'|] eqn:E; simpl in S; [|contradiction].
    exists h'. econstructor; eauto. constructor.
  - pose proof (check_is_the_machine h c first V A L Nm) as S.
    match goal with E : check_event _ _ _ = _ |- _ => rewrite E in S end. rewrite H in S. simpl in S.
    destruct (valid_applying h first h1 V H) as (V1 & _).
    match goal with E : applying first h = accepted ?y |- _ => assert (y = h1) by congruence; subst end.
    match goal with K : checked h1 _ events _ |- _ => destruct (IH V1 _ _ S K L' Nm') as (h3 & R3); eauto end. exists h3. simpl. econstructor; eauto.
Qed.
