(* SPDX-License-Identifier: MPL-2.0 *)
(** * The machine: a disk and its history

    [History] decides which entry is undone or redone; the machine does it to a state. Every event that changes the state is
    logged under its number with the inverse of its plan, an undo no less than a command. The state is any one that
    satisfies [Cells]; [FileMachine] at the end is the one with files.

    [begun] keeps the states at the open begins. No step reads it: it is there so that theorem 4 can be said. *)

From Coq Require Import List NArith Lia Bool.
From Vsh Require Import Cells History HistoryLists HistoryValid HistoryFacts.
Import ListNotations.
Open Scope N_scope.

Section Machine.

Variables D place value : Type.
Variable get : place -> D -> value.
Variable set : place -> value -> D -> D.
Variable wf : D -> Prop.
Variable fits : place -> value -> Prop.
Hypothesis fits_get : forall p s, wf s -> fits p (get p s).
Hypothesis wf_set : forall p v s, wf s -> fits p v -> wf (set p v s).
Hypothesis set_back : forall p v s, wf s -> fits p v -> set p (get p s) (set p v s) = s.

Notation plan := (plan place value).
Notation run := (run D place value set).
Notation inverse := (inverse D place value get set).
Notation sound := (sound place value fits).

Record machine := MakeMachine {
  disk : D;
  history : History;
  log : list (N * plan);
  begun : list D
}.

Inductive event :=
| Do (n : N) (a : plan)
| Undo (n : N)
| Redo (n : N)
| Begin (n : N)
| Commit (n : N)
| Rollback (n : N).

Fixpoint logged (n : N) (l : list (N * plan)) : plan :=
  match l with [] => [] | (k, a) :: rest => if k =? n then a else logged n rest end.

(** What takes operations back: their logged inverses, the last operation first. *)
Definition back (l : list (N * plan)) (numbers : list N) : plan := flat_map (fun n => logged n l) (rev numbers).

Definition changing (n : N) (a : plan) (happened : HistoryEvent) (begun : list D) (m : machine) : option machine :=
  match applying happened (history m) with
  | accepted h => Some (MakeMachine (run a (disk m)) h ((n, inverse a (disk m)) :: log m) begun)
  | refused _ => None
  end.

Definition step (m : machine) (e : event) : option machine :=
  match e with
  | Do n a => changing n a (operation n) (begun m) m
  | Undo n =>
    match done (history m) with
    | [] => None
    | x :: _ => changing n (back (log m) (effective x)) (undo n (id x)) (begun m) m
    end
  | Redo n =>
    match redoable (history m) with
    | [] => None
    | x :: _ => changing n (back (log m) (effective x)) (redo n (id x)) (begun m) m
    end
  | Begin n =>
    match applying (begin n) (history m) with
    | accepted h => Some (MakeMachine (disk m) h (log m) (disk m :: begun m))
    | refused _ => None
    end
  | Commit n =>
    match applying (commit n) (history m) with
    | accepted h => Some (MakeMachine (disk m) h (log m) (tl (begun m)))
    | refused _ => None
    end
  | Rollback n =>
    changing n (back (log m) (effectiveInside (level (history m)) (history m))) (rollback n) (tl (begun m)) m
  end.

(** ** The invariant: every list of entries leads from the present state to an earlier one *)

Definition takes (l : list (N * plan)) (numbers : list N) (s s' : D) : Prop :=
  sound (back l numbers) /\ run (back l numbers) s = s'.

(** Undoing the entries one after another leads from one state to the other. *)
Fixpoint leads (l : list (N * plan)) (es : list Entry) (s s' : D) : Prop :=
  match es with
  | [] => s = s'
  | e :: rest => exists m, takes l (effective e) s m /\ leads l rest m s'
  end.

(** Redoing them one after another works; behind a transaction that was rolled back nothing can be redone any more. *)
Fixpoint redoes (l : list (N * plan)) (es : list Entry) (s : D) : Prop :=
  match es with
  | [] => True
  | e :: rest => exists m, takes l (effective e) s m /\ (position e = 0 \/ redoes l rest m)
  end.

Definition level_ok (l : list (N * plan)) (h : History) (t : N) (s b : D) : Prop :=
  leads l (doneIn t h) s b /\ redoes l (redoableIn t h) s.

(** The levels from the innermost out: each leads back to the state at its begin. *)
Fixpoint levels_ok (l : list (N * plan)) (h : History) (ts : list N) (s : D) (bs : list D) (s0 : D) : Prop :=
  match ts, bs with
  | [], [] => level_ok l h 0 s s0
  | t :: ts', b :: bs' => level_ok l h t s b /\ levels_ok l h ts' b bs' s0
  | _, _ => False
  end.

Record inv (s0 : D) (m : machine) : Prop := {
  inv_valid : valid (history m);
  inv_wf : wf (disk m);
  inv_levels : levels_ok (log m) (history m) (rev (transactions (history m))) (disk m) (begun m) s0
}.

(** ** Lemmas *)

Lemma logged_other : forall n k a l, n <> k -> logged n ((k, a) :: l) = logged n l.
Proof. intros. simpl. destruct (N.eqb_spec k n); congruence. Qed.

Lemma back_extended : forall n a l ns, (forall x, In x ns -> x < n) -> back ((n, a) :: l) ns = back l ns.
Proof.
  intros n a l ns B. unfold back.
  assert (E : forall x, In x (rev ns) -> logged x ((n, a) :: l) = logged x l).
  { intros x X. apply in_rev in X. apply logged_other. specialize (B x X). lia. }
  induction (rev ns) as [|x r IH]; auto. cbn [flat_map]. rewrite E by (simpl; auto). f_equal. apply IH.
  intros y Y. apply E. simpl; auto.
Qed.

Lemma back_one : forall n a l, back ((n, a) :: l) [n] = a.
Proof. intros. unfold back. simpl. rewrite N.eqb_refl, app_nil_r. auto. Qed.

Definition extends (l' l : list (N * plan)) (n : N) : Prop :=
  l' = l \/ exists a k, n < k /\ l' = (k, a) :: l.

Lemma takes_extended : forall l l' n ns s s', extends l' l n -> (forall x, In x ns -> x <= n) ->
  takes l ns s s' -> takes l' ns s s'.
Proof.
  intros l l' n ns s s' [->|(a & k & L & ->)] B T; auto. unfold takes. rewrite back_extended; auto.
  intros x X. specialize (B x X). lia.
Qed.

Definition effects_below (n : N) (es : list Entry) : Prop := forall e x, In e es -> In x (effective e) -> x <= n.

Lemma leads_extended : forall l l' n es s s', extends l' l n -> effects_below n es -> leads l es s s' -> leads l' es s s'.
Proof.
  induction es as [|e es IH]; simpl; intros s s' X B H; auto. destruct H as (m & T & H). exists m. split.
  - eapply takes_extended; eauto. intros x Y. apply (B e); simpl; auto.
  - apply IH; auto. intros e' x I Y. apply (B e'); simpl; auto.
Qed.

Lemma redoes_extended : forall l l' n es s, extends l' l n -> effects_below n es -> redoes l es s -> redoes l' es s.
Proof.
  induction es as [|e es IH]; simpl; intros s X B H; auto. destruct H as (m & T & H). exists m. split.
  - eapply takes_extended; eauto. intros x Y. apply (B e); simpl; auto.
  - destruct H as [H|H]; auto. right. apply IH; auto. intros e' x I Y. apply (B e'); simpl; auto.
Qed.

Lemma below_done : forall h t, valid h -> effects_below (newest h) (doneIn t h).
Proof. intros h t V e x I X. apply in_doneIn in I. apply (effects_seen h V e); tauto. Qed.

Lemma below_redoable : forall h t, valid h -> effects_below (newest h) (redoableIn t h).
Proof. intros h t V e x I X. apply in_redoableIn in I. apply (effects_seen h V e); tauto. Qed.

Lemma level_kept_ok : forall l l' h h' t s b, valid h -> extends l' l (newest h) -> level_kept t h h' ->
  level_ok l h t s b -> level_ok l' h' t s b.
Proof.
  intros l l' h h' t s b V X [K1 K2] [A B]. unfold level_ok. rewrite K1, K2. split.
  - eapply leads_extended; eauto using below_done.
  - eapply redoes_extended; eauto using below_redoable.
Qed.

Lemma levels_kept_ok : forall l l' h h' s0, valid h -> extends l' l (newest h) ->
  forall ts s bs, (forall t, In t (0 :: ts) -> level_kept t h h') ->
  levels_ok l h ts s bs s0 -> levels_ok l' h' ts s bs s0.
Proof.
  intros l l' h h' s0 V X. induction ts as [|t ts IH]; intros s [|b bs] K H; simpl in *; try tauto.
  - eapply level_kept_ok; eauto.
  - destruct H as [A B]. split; [eapply level_kept_ok; eauto|]. apply IH; auto. intros u [U|U]; auto.
Qed.

(** The innermost level, and those around it. *)
Definition around (l : list (N * plan)) (h : History) (ts : list N) (bs : list D) (s0 : D) : Prop :=
  match ts, bs with
  | [], [] => True
  | _ :: ts', b :: bs' => levels_ok l h ts' b bs' s0
  | _, _ => False
  end.

Lemma levels_split : forall l h ts s bs s0,
  levels_ok l h ts s bs s0 <-> level_ok l h (hd 0 ts) s (hd s0 bs) /\ around l h ts bs s0.
Proof. intros l h [|t ts] s [|b bs] s0; simpl; tauto. Qed.

Lemma level_hd : forall h, level h = hd 0 (rev (transactions h)).
Proof.
  intros h. unfold level. induction (transactions h) as [|t l _] using rev_ind; auto.
  rewrite last_last, rev_app_distr. auto.
Qed.

Lemma around_kept : forall l l' h h' ts bs s0, valid h -> extends l' l (newest h) ->
  ts = rev (transactions h) -> (forall t, t <> level h -> level_kept t h h') ->
  around l h ts bs s0 -> around l' h' ts bs s0.
Proof.
  intros l l' h h' ts bs s0 V X E K A. destruct ts as [|t ts], bs as [|b bs]; simpl in *; auto.
  assert (Lt : level h = t) by (rewrite level_hd, <- E; auto).
  apply (levels_kept_ok l l' h h' s0 V X); auto. intros u U. apply K. rewrite Lt. intros ->.
  pose proof (levels_differ h V) as Df. apply NoDup_rev in Df. rewrite <- E in Df. apply NoDup_cons_iff in Df.
  destruct U as [U|U]; [|tauto].
  assert (I : In t (transactions h)) by (apply in_rev; rewrite <- E; simpl; auto).
  apply (levels_seen h V) in I. lia.
Qed.

(** The same when the innermost level was closed. *)
Lemma around_outer : forall l l' h h' outer bs s0, valid h -> valid h' -> extends l' l (newest h) ->
  transactions h' = outer -> (forall t, t <> level h' -> level_kept t h h') ->
  around l h (rev outer) bs s0 -> around l' h' (rev outer) bs s0.
Proof.
  intros l l' h h' outer bs s0 V V' X E K A. subst outer.
  destruct (rev (transactions h')) as [|t ts] eqn:R, bs as [|b bs]; simpl in *; auto.
  assert (Lt : level h' = t) by (rewrite level_hd, R; auto).
  apply (levels_kept_ok l l' h h' s0 V X); auto. intros u U. apply K. rewrite Lt. intros ->.
  pose proof (levels_differ h' V') as Df. apply NoDup_rev in Df. rewrite R in Df. apply NoDup_cons_iff in Df.
  destruct U as [U|U]; [|tauto].
  assert (I : In t (transactions h')) by (apply in_rev; rewrite R; simpl; auto).
  apply (levels_seen h' V') in I. lia.
Qed.

(** Undoing a list of entries is undoing all that they stand for. *)
Lemma leads_takes : forall l es s s', leads l es s s' -> takes l (flat_map effective (rev es)) s s'.
Proof.
  induction es as [|e es IH]; simpl; intros s s' H.
  - split; [constructor|auto].
  - destruct H as (m & [S T] & H). apply IH in H. destruct H as [S' T'].
    assert (B : back l (flat_map effective (rev es ++ [e])) = back l (effective e) ++ back l (flat_map effective (rev es))).
    { unfold back. rewrite flat_map_app. simpl. rewrite app_nil_r, rev_app_distr, flat_map_app. auto. }
    unfold takes. rewrite B. split; [apply Forall_app; auto|].
    rewrite (run_app D place value set). rewrite T. auto.
Qed.

Lemma takes_inverse : forall n l a s, wf s -> sound a -> takes ((n, inverse a s) :: l) [n] (run a s) s.
Proof.
  intros n l a s W S. unfold takes. rewrite back_one. split.
  - apply (sound_inverse D place value get set wf fits); auto.
  - apply (plan_inverse D place value get set wf fits); auto.
Qed.

(** Plans that commands make are sound. *)
Definition sound_event (e : event) : Prop := match e with Do _ a => sound a | _ => True end.

Ltac changed_machine H := unfold changing in H;
  match type of H with match applying ?e ?h with _ => _ end = _ => destruct (applying e h) as [h'|] eqn:A; [|discriminate] end;
  inversion H; subst; clear H.

Lemma wf_runs : forall a s, wf s -> sound a -> wf (run a s).
Proof. intros. apply (wf_run D place value set wf fits); auto. Qed.

Lemma effects_inside_seen : forall h x, valid h -> In x (effectiveInside (level h) h) -> x <= newest h.
Proof.
  intros h x V X. unfold effectiveInside in X. apply in_flat_map in X. destruct X as (e & I & X).
  apply in_rev in I. apply (below_done h (level h) V e); auto.
Qed.

Lemma closing_levels : forall h outer t, transactions h = outer ++ [t] -> rev (transactions h) = t :: rev outer.
Proof. intros h outer t ->. rewrite rev_app_distr. auto. Qed.

(** ** Every step keeps the invariant *)

(** Every event keeps what holds of the machine. *)
Theorem step_keeps : forall s0 m e m', inv s0 m -> sound_event e -> step m e = Some m' -> inv s0 m'.
Proof.
  intros s0 m e m' [V W L] S H. apply levels_split in L. destruct L as [[Ld Rd] Ar]. rewrite <- level_hd in Ld, Rd.
  destruct e as [n a|n|n|n|n|n]; unfold step in H; simpl in S.
  - (* a command *)
    changed_machine H. destruct (operation_step _ _ _ V A) as (e & Ei & Ee & Dn & Re & K & Ts & Nw & Lt & V').
    assert (X : extends ((n, inverse a (disk m)) :: log m) (log m) (newest (history m))) by (right; eauto).
    split; simpl; auto using wf_runs. rewrite Ts. apply levels_split. rewrite <- level_hd. split.
    + unfold level_ok. rewrite Dn, Re. split; [|exact I]. simpl. rewrite Ee. exists (disk m). split.
      * apply takes_inverse; auto.
      * eapply leads_extended; eauto using below_done.
    + apply (around_kept (log m) _ (history m)); auto.
  - (* undo *)
    unfold done in H. destruct (doneIn (level (history m)) (history m)) as [|x rest] eqn:Dn; [discriminate|].
    changed_machine H. destruct (undo_step _ _ _ _ _ V Dn A) as (e & Ei & Ee & Ep & D1 & R1 & K & Ts & Nw & Lt & V').
    simpl in Ld. destruct Ld as (mid & [So Ru] & Ld).
    assert (B : effects_below (newest (history m)) (x :: rest)) by (rewrite <- Dn; apply below_done; auto).
    set (p := back (log m) (effective x)) in *.
    assert (X : extends ((n, inverse p (disk m)) :: log m) (log m) (newest (history m))) by (right; eauto).
    split; simpl; auto using wf_runs. rewrite Ts. apply levels_split. rewrite <- level_hd. split.
    + unfold level_ok. rewrite D1, R1. split.
      * rewrite Ru. eapply leads_extended; eauto. intros e' y I Y. apply (B e'); simpl; auto.
      * simpl. rewrite Ee. exists (disk m). split; [apply takes_inverse; auto|]. right.
        eapply redoes_extended; eauto using below_redoable.
    + apply (around_kept (log m) _ (history m)); auto.
  - (* redo *)
    unfold redoable in H. destruct (redoableIn (level (history m)) (history m)) as [|x rest] eqn:Rn; [discriminate|].
    changed_machine H. destruct (redo_step _ _ _ _ _ V Rn A) as (e & Ei & Ee & D1 & R1 & K & Ts & Nw & Lt & V').
    simpl in Rd. destruct Rd as (mid & [So Ru] & Rd).
    assert (B : effects_below (newest (history m)) (x :: rest)) by (rewrite <- Rn; apply below_redoable; auto).
    set (p := back (log m) (effective x)) in *.
    assert (X : extends ((n, inverse p (disk m)) :: log m) (log m) (newest (history m))) by (right; eauto).
    split; simpl; auto using wf_runs. rewrite Ts. apply levels_split. rewrite <- level_hd. split.
    + unfold level_ok. rewrite D1, R1. split.
      * simpl. rewrite Ee. exists (disk m). split; [apply takes_inverse; auto|].
        eapply leads_extended; eauto using below_done.
      * destruct (N.eqb_spec (position x) 0); [exact I|]. destruct Rd as [Z|Rd]; [congruence|].
        rewrite Ru. eapply redoes_extended; eauto. intros e' y I Y. apply (B e'); simpl; auto.
    + apply (around_kept (log m) _ (history m)); auto.
  - (* begin *)
    destruct (applying (begin n) (history m)) as [h'|] eqn:A; [|discriminate]. inversion H; subst; clear H.
    destruct (begin_step _ _ _ V A) as (D1 & R1 & Lv & K & Ts & Nw & Lt & V').
    split; simpl; auto. rewrite Ts, rev_app_distr. simpl. split.
    + unfold level_ok. rewrite D1, R1. split; [reflexivity|exact I].
    + apply (levels_kept_ok (log m) (log m) (history m) h'); auto; [left; auto| |].
      * intros t T. apply K. intros ->. destruct T as [<-|T]; [lia|].
        apply in_rev in T. apply (levels_seen _ V) in T. lia.
      * apply levels_split. rewrite <- level_hd. split; auto. split; auto.
  - (* commit *)
    destruct (applying (commit n) (history m)) as [h'|] eqn:A; [|discriminate]. inversion H; subst; clear H.
    unfold applying in A. destruct (transactions (history m)) as [|t0 ts0] eqn:Ts0; [discriminate|].
    assert (Ne : transactions (history m) <> []) by congruence. rewrite <- Ts0 in *. clear Ts0 t0 ts0.
    destruct (N.leb_spec n (newest (history m))) as [Le|Le]; [discriminate|].
    apply leads_takes in Ld. change (flat_map effective (rev (doneIn (level (history m)) (history m)))) with (effectiveInside (level (history m)) (history m)) in Ld.
    destruct (close_step _ _ _ _ _ V Ne Le (ltac:(discriminate) : Done <> Open)
      (fun x X => N.le_trans _ _ _ (effects_inside_seen _ x V X) (N.lt_le_incl _ _ Le)) A)
      as (outer & t & Ts & Tl & Ts' & Lne & Nw & V' & K & C).
    pose proof (closing_levels _ _ _ Ts) as Rt. rewrite Rt in Ar.
    destruct (begun m) as [|b bs] eqn:Bg; [simpl in Ar; tauto|]. simpl in Ar. simpl hd in Ld.
    assert (Lh : level h' = hd 0 (rev outer)) by (rewrite level_hd, Ts'; auto).
    assert (X : extends (log m) (log m) (newest (history m))) by (left; auto).
    split; simpl; auto. rewrite Ts'. apply levels_split in Ar. rewrite <- Lh in Ar. destruct Ar as [[Od Or] Oar].
    apply levels_split. rewrite <- Lh.
    assert (Oar' : around (log m) h' (rev outer) bs s0) by (apply (around_outer (log m) _ (history m)); auto).
    split; auto.
    destruct (effectiveInside (level (history m)) (history m)) as [|x0 e0] eqn:Ef.
    + destruct Ld as [_ Ld]. simpl in Ld. subst b. apply (level_kept_ok (log m) _ (history m)); auto. split; auto.
    + destruct C as (e & Ee & Ei & D1 & R1). unfold level_ok. rewrite D1, R1. split; [|exact I].
      simpl. rewrite Ee. exists b. auto.
  - (* rollback *)
    changed_machine H. unfold applying in A.
    destruct (transactions (history m)) as [|t0 ts0] eqn:Ts0; [discriminate|].
    assert (Ne : transactions (history m) <> []) by congruence. rewrite <- Ts0 in *. clear Ts0 t0 ts0.
    destruct (N.leb_spec n (newest (history m))) as [Le|Le]; [discriminate|].
    apply leads_takes in Ld. change (flat_map effective (rev (doneIn (level (history m)) (history m)))) with (effectiveInside (level (history m)) (history m)) in Ld.
    set (eff := effectiveInside (level (history m)) (history m)) in *.
    assert (A' : close (history m) n Undone (match eff with [] => [] | _ => [n] end) = accepted h').
    { destruct eff; auto. }
    assert (Bn : forall x, In x (match eff with [] => [] | _ => [n] end) -> x <= n).
    { intros x X. destruct eff; simpl in X; [tauto|]. destruct X as [<-|[]]; lia. }
    destruct (close_step _ _ _ _ _ V Ne Le (ltac:(discriminate) : Undone <> Open)
      Bn A')
      as (outer & t & Ts & Tl & Ts' & Lne & Nw & V' & K & C).
    pose proof (closing_levels _ _ _ Ts) as Rt. rewrite Rt in Ar.
    destruct (begun m) as [|b bs] eqn:Bg; [simpl in Ar; tauto|]. simpl in Ar. simpl hd in Ld.
    assert (Lh : level h' = hd 0 (rev outer)) by (rewrite level_hd, Ts'; auto).
    destruct Ld as [So Ru]. set (p := back (log m) eff) in *.
    assert (X : extends ((n, inverse p (disk m)) :: log m) (log m) (newest (history m))) by (right; eauto).
    split; simpl; auto using wf_runs. rewrite Ts'. apply levels_split in Ar. rewrite <- Lh in Ar.
    destruct Ar as [[Od Or] Oar]. apply levels_split. rewrite <- Lh.
    assert (Oar' : around ((n, inverse p (disk m)) :: log m) h' (rev outer) bs s0) by (apply (around_outer (log m) _ (history m)); auto).
    split; auto. rewrite Ru.
    destruct eff as [|x0 e0] eqn:Ef.
    + apply (level_kept_ok (log m) _ (history m)); auto. split; auto.
    + destruct C as (e & Ee & Ei & D1 & R1 & P0). unfold level_ok. rewrite D1, R1. split.
      * eapply leads_extended; eauto using below_done.
      * simpl. rewrite Ee. exists (disk m). split; [|auto]. rewrite <- Ru at 1. apply takes_inverse; auto.
Qed.

(** The machine as it begins, and every machine that it can become. *)
Definition start (s : D) : machine := MakeMachine s (MakeHistory [] [] 0) [] [].

Inductive reachable (s0 : D) : machine -> Prop :=
| reachable_start : reachable s0 (start s0)
| reachable_step : forall m e m', reachable s0 m -> sound_event e -> step m e = Some m' -> reachable s0 m'.

Lemma reachable_inv : forall s0 m, wf s0 -> reachable s0 m -> inv s0 m.
Proof.
  intros s0 m W R. induction R; [|eapply step_keeps; eauto].
  split; simpl; auto using valid_empty. split; simpl; auto.
Qed.

(** ** Theorem 2: undo and redo *)

Section Reachable.
Variables (s0 : D) (m : machine).
Hypothesis W : wf s0.
Hypothesis R : reachable s0 m.

(** Undo of a command is the identity: the state before it, whole. *)
Theorem undo_after_do : forall n a m1 k m2, sound a -> step m (Do n a) = Some m1 -> step m1 (Undo k) = Some m2 ->
  disk m2 = disk m.
Proof.
  intros n a m1 k m2 S H1 H2. pose proof (reachable_inv s0 m W R) as [V Wd L].
  unfold step in H1. unfold changing in H1. destruct (applying (operation n) (history m)) as [h1|] eqn:A1; [|discriminate].
  inversion H1; subst; clear H1.
  destruct (operation_step _ _ _ V A1) as (e & Ei & Ee & Dn & _ & _ & Ts & _).
  assert (Lv : level h1 = level (history m)) by (rewrite !level_hd, Ts; auto).
  unfold step in H2. unfold done in H2. simpl history in H2. rewrite Lv, Dn in H2. unfold changing in H2.
  destruct (applying (undo k (id e)) _) as [h2|] eqn:A2; [|discriminate]. inversion H2; subst; clear H2. simpl.
  rewrite Ee, back_one. apply (plan_inverse D place value get set wf fits); auto.
Qed.

(** Redo after undo is the identity. *)
Theorem redo_after_undo : forall n m1 k m2, step m (Undo n) = Some m1 -> step m1 (Redo k) = Some m2 -> disk m2 = disk m.
Proof.
  intros n m1 k m2 H1 H2. pose proof (reachable_inv s0 m W R) as [V Wd L].
  apply levels_split in L. destruct L as [[Ld Rd] Ar]. rewrite <- level_hd in Ld, Rd.
  unfold step in H1. unfold done in H1. destruct (doneIn (level (history m)) (history m)) as [|x rest] eqn:Dn; [discriminate|].
  unfold changing in H1. destruct (applying (undo n (id x)) (history m)) as [h1|] eqn:A1; [|discriminate].
  inversion H1; subst; clear H1.
  destruct (undo_step _ _ _ _ _ V Dn A1) as (e & Ei & Ee & _ & _ & R1 & _ & Ts & _).
  assert (Lv : level h1 = level (history m)) by (rewrite !level_hd, Ts; auto).
  unfold step in H2. unfold redoable in H2. simpl history in H2. rewrite Lv, R1 in H2. unfold changing in H2.
  destruct (applying (redo k (id e)) _) as [h2|] eqn:A2; [|discriminate]. inversion H2; subst; clear H2. simpl.
  simpl in Ld. destruct Ld as (mid & [So Ru] & Ld).
  rewrite Ee, back_one. apply (plan_inverse D place value get set wf fits); auto.
Qed.

(** Undo after redo is the identity. *)
Theorem undo_after_redo : forall n m1 k m2, step m (Redo n) = Some m1 -> step m1 (Undo k) = Some m2 -> disk m2 = disk m.
Proof.
  intros n m1 k m2 H1 H2. pose proof (reachable_inv s0 m W R) as [V Wd L].
  apply levels_split in L. destruct L as [[Ld Rd] Ar]. rewrite <- level_hd in Ld, Rd.
  unfold step in H1. unfold redoable in H1.
  destruct (redoableIn (level (history m)) (history m)) as [|x rest] eqn:Rn; [discriminate|].
  unfold changing in H1. destruct (applying (redo n (id x)) (history m)) as [h1|] eqn:A1; [|discriminate].
  inversion H1; subst; clear H1.
  destruct (redo_step _ _ _ _ _ V Rn A1) as (e & Ei & Ee & D1 & _ & _ & Ts & _).
  assert (Lv : level h1 = level (history m)) by (rewrite !level_hd, Ts; auto).
  unfold step in H2. unfold done in H2. simpl history in H2. rewrite Lv, D1 in H2. unfold changing in H2.
  destruct (applying (undo k (id e)) _) as [h2|] eqn:A2; [|discriminate]. inversion H2; subst; clear H2. simpl.
  simpl in Rd. destruct Rd as (mid & [So Ru] & Rd).
  rewrite Ee, back_one. apply (plan_inverse D place value get set wf fits); auto.
Qed.

(** Undo is never refused while something is done. *)
Theorem undo_never_fails : forall n, done (history m) <> [] -> newest (history m) < n -> step m (Undo n) <> None.
Proof.
  intros n Ne Lt. pose proof (reachable_inv s0 m W R) as [V _ _]. unfold step, changing.
  destruct (done (history m)) as [|x rest] eqn:Dn; [congruence|].
  destruct (undo_is_never_refused _ n x rest V Dn Lt) as [h ->]. discriminate.
Qed.

(** When everything was undone the state is the one at the beginning, whatever came in between: commands, undos, redos,
    branches, transactions. *)
Theorem operation_sequence_reversible : transactions (history m) = [] -> done (history m) = [] -> disk m = s0.
Proof.
  intros T Dn. pose proof (reachable_inv s0 m W R) as [V Wd L]. rewrite T in L. simpl in L.
  destruct (begun m); [|tauto]. destruct L as [L _].
  assert (Lv : level (history m) = 0) by (unfold level; rewrite T; auto).
  unfold done in Dn. rewrite Lv in Dn. rewrite Dn in L. exact L.
Qed.

(** ** Theorem 4: transactions *)

(** A rollback gives the state at the begin of the innermost open transaction, whatever was done in it, inner transactions
    included. *)
Theorem rollback_restores : forall n m', step m (Rollback n) = Some m' -> disk m' = hd s0 (begun m).
Proof.
  intros n m' H. pose proof (reachable_inv s0 m W R) as [V Wd L].
  apply levels_split in L. destruct L as [[Ld Rd] Ar]. rewrite <- level_hd in Ld.
  apply leads_takes in Ld. destruct Ld as [So Ru].
  unfold step, changing in H. destruct (applying (rollback n) (history m)); [|discriminate].
  inversion H; subst; clear H. exact Ru.
Qed.

(** The state at the begin is the one that [Begin] saw, and only closing a transaction forgets it. *)
Theorem begin_remembers : forall n m', step m (Begin n) = Some m' -> begun m' = disk m :: begun m /\ disk m' = disk m.
Proof.
  intros n m' H. unfold step in H. destruct (applying (begin n) (history m)); inversion H; auto.
Qed.

(** A commit leaves the disk as it is, and is one entry: one undo gives the state at the begin. With nothing in effect it is
    no entry, and the state is the one at the begin already. *)
Theorem commit_is_one_entry : forall n m1, step m (Commit n) = Some m1 ->
  disk m1 = disk m /\
  match effectiveInside (level (history m)) (history m) with
  | [] => disk m = hd s0 (begun m)
  | _ => forall k m2, step m1 (Undo k) = Some m2 -> disk m2 = hd s0 (begun m)
  end.
Proof.
  intros n m1 H. pose proof (reachable_inv s0 m W R) as [V Wd L].
  apply levels_split in L. destruct L as [[Ld Rd] Ar]. rewrite <- level_hd in Ld. apply leads_takes in Ld.
  change (flat_map effective (rev (doneIn (level (history m)) (history m))))
    with (effectiveInside (level (history m)) (history m)) in Ld.
  unfold step in H. destruct (applying (commit n) (history m)) as [h'|] eqn:A; [|discriminate].
  inversion H; subst; clear H. split; [reflexivity|].
  unfold applying in A. destruct (transactions (history m)) as [|t0 ts0] eqn:Ts0; [discriminate|].
  assert (Ne : transactions (history m) <> []) by congruence. clear Ts0.
  destruct (N.leb_spec n (newest (history m))) as [Le|Le]; [discriminate|].
  destruct (close_step _ _ _ _ _ V Ne Le (ltac:(discriminate) : Done <> Open)
    (fun x X => N.le_trans _ _ _ (effects_inside_seen _ x V X) (N.lt_le_incl _ _ Le)) A)
    as (outer & t & Ts & Tl & Ts' & Lne & Nw & V' & K & C).
  destruct (effectiveInside (level (history m)) (history m)) as [|x0 e0] eqn:Ef.
  - destruct Ld as [_ Ld]. exact Ld.
  - intros k m2 H. destruct C as (e & Ee & Ei & D1 & R1). unfold step, done in H. simpl history in H. rewrite D1 in H.
    unfold changing in H. destruct (applying (undo k (id e)) _); [|discriminate]. inversion H; subst; clear H. simpl.
    rewrite Ee. destruct Ld as [_ Ld]. exact Ld.
Qed.

End Reachable.
End Machine.
