(* SPDX-License-Identifier: MPL-2.0 *)
(** * The audit chain

    Each row holds a number, a body and a link: the digest of the link before it, the number and the body. A log is accepted
    when every link is right and the numbers count from one. The digest is any function: nothing is assumed of it, and where
    one would say "SHA-256 has no collisions" the theorem hands over the collision. *)

From Coq Require Import List NArith Lia Bool.
Import ListNotations.
Open Scope N_scope.

Section Audit.
Variables body link : Type.
(** Digest of a link, a number and a body. *)
Variable digest : link -> N -> body -> link.
Variable same : link -> link -> bool.
Hypothesis same_spec : forall a b, same a b = true <-> a = b.
Variable body_eq_dec : forall a b : body, {a = b} + {a <> b}.
(** What stands before the first row. *)
Variable genesis : link.

Record row := Row { number : N; content : body; hash : link }.

(** What is found of one row. *)
Inductive ChainVerdict :=
| ChainVerdict_fits
(** It does not have the next number: rows are missing, or were moved. *)
| ChainVerdict_misplaced
(** Its link is not the digest of the one before and of what it holds. *)
| ChainVerdict_broken.

(** - Parameters:
      - expected: the number that comes next.
      - number: the row's.
      - computed: the digest of the link before, and what the row holds.
      - stored: the row's link. *)
Definition chainVerdict (expected : N) (number : N) (computed : link) (stored : link) : ChainVerdict :=
  if negb (number =? expected) then ChainVerdict_misplaced
  else if same computed stored then ChainVerdict_fits
  else ChainVerdict_broken.

(** The number of the first row that does not fit; none when all fit. *)
Fixpoint firstBroken (previous : link) (expected : N) (rows : list row) : option N :=
  match rows with
  | [] => None
  | r :: rest =>
    match chainVerdict expected (number r) (digest previous (number r) (content r)) (hash r) with
    | ChainVerdict_fits => firstBroken (hash r) (expected + 1) rest
    | _ => Some expected
    end
  end.

Lemma fits_spec : forall e n c s, chainVerdict e n c s = ChainVerdict_fits <-> n = e /\ s = c.
Proof.
  intros e n c s. unfold chainVerdict. destruct (N.eqb_spec n e); simpl; [|split; [discriminate|tauto]].
  destruct (same c s) eqn:S; [apply same_spec in S|]; split; intros; try discriminate; auto.
  destruct H as [_ ->]. rewrite (proj2 (same_spec c c) eq_refl) in S. discriminate.
Qed.

Definition accepted (rows : list row) : Prop := firstBroken genesis 0 rows = None.

Definition head (rows : list row) : link := last (map hash rows) genesis.

Lemma link_eq_dec : forall a b : link, {a = b} + {a <> b}.
Proof.
  intros a b. destruct (same a b) eqn:S; [left; apply same_spec; auto|right].
  intros ->. rewrite (proj2 (same_spec b b) eq_refl) in S. discriminate.
Qed.

(** Two different inputs with one digest. *)
Record collision := Collision {
  link1 : link; number1 : N; body1 : body;
  link2 : link; number2 : N; body2 : body;
  they_differ : (link1, number1, body1) <> (link2, number2, body2);
  same_digest : digest link1 number1 body1 = digest link2 number2 body2
}.

(** Rows from a link and a number on, to a link and the number after it. *)
Inductive chained : link -> N -> list row -> link -> N -> Prop :=
| chained_nil : forall l n, chained l n [] l n
| chained_cons : forall l n r rest l' n', number r = n -> hash r = digest l n (content r) ->
    chained (hash r) (n + 1) rest l' n' -> chained l n (r :: rest) l' n'.

Lemma last_map_cons : forall r (rows : list row) l, last (map hash (r :: rows)) l = last (map hash rows) (hash r).
Proof.
  intros r rows l. simpl. destruct (map hash rows) as [|x xs] eqn:E; auto. clear. revert x.
  induction xs as [|y ys IHy]; intros; simpl; auto. destruct ys; auto. apply (IHy y).
Qed.

Lemma accepted_chained : forall rows l n, firstBroken l n rows = None ->
  chained l n rows (last (map hash rows) l) (n + N.of_nat (length rows)).
Proof.
  induction rows as [|r rows IH]; intros l n H; simpl in H.
  - simpl. replace (n + 0) with n by lia. constructor.
  - destruct (chainVerdict n (number r) (digest l (number r) (content r)) (hash r)) eqn:V; try discriminate.
    apply fits_spec in V. destruct V as [V1 V2]. rewrite last_map_cons.
    replace (n + N.of_nat (length (r :: rows))) with (n + 1 + N.of_nat (length rows)) by (simpl length; lia).
    constructor; auto; congruence.
Qed.

Lemma chained_snoc : forall rows l n l' n', chained l n rows l' n' -> rows <> [] ->
  exists front r m, rows = front ++ [r] /\ chained l n front m (n' - 1) /\ number r = n' - 1 /\ l' = hash r /\
    hash r = digest m (n' - 1) (content r) /\ n < n'.
Proof.
  induction 1 as [l n|l n r rest l' n' Hn Hl C IH]; intros N; [congruence|].
  destruct rest as [|r2 rest].
  - inversion C; subst. exists [], r, l. replace (number r + 1 - 1) with (number r) by lia.
    repeat split; auto; try lia. constructor.
  - destruct IH as (front & q & m & E & C' & Q1 & Q2 & Q3 & Q4); [discriminate|].
    exists (r :: front), q, m. repeat split; auto; try lia.
    + rewrite E. auto.
    + constructor; auto.
Qed.

(** Theorem 9, the step: two chains that end in one link are equal, or a collision is shown. *)
Lemma chains_agree : forall k rows rows' l l' n n', length rows = k ->
  chained genesis 0 rows l n -> chained genesis 0 rows' l' n' -> l = l' -> rows <> [] -> rows' <> [] ->
  (rows = rows') + collision.
Proof.
  induction k as [|k IH]; intros rows rows' l l' n n' K C C' E N N'; [destruct rows; [congruence|discriminate]|].
  assert (X : {front & {r | rows = front ++ [r]}}).
  { destruct (exists_last N) as (f & r & Q). exists f, r. exact Q. }
  assert (X' : {front & {r | rows' = front ++ [r]}}).
  { destruct (exists_last N') as (f & r & Q). exists f, r. exact Q. }
  destruct X as (f & r & Q), X' as (f' & r' & Q').
  assert (S : exists m, chained genesis 0 f m (n - 1) /\ number r = n - 1 /\ l = hash r /\
     hash r = digest m (n - 1) (content r) /\ 0 < n).
  { destruct (chained_snoc _ _ _ _ _ C N) as (a & b & m & A & B & R). rewrite Q in A. apply app_inj_tail in A.
    destruct A as [-> ->]. eauto. }
  assert (S' : exists m, chained genesis 0 f' m (n' - 1) /\ number r' = n' - 1 /\ l' = hash r' /\
     hash r' = digest m (n' - 1) (content r') /\ 0 < n').
  { destruct (chained_snoc _ _ _ _ _ C' N') as (a & b & m & A & B & R). rewrite Q' in A. apply app_inj_tail in A.
    destruct A as [-> ->]. eauto. }
  set (m := last (map hash f) genesis). set (m' := last (map hash f') genesis).
  assert (det : forall rows l n l' n', chained l n rows l' n' -> l' = last (map hash rows) l).
  { clear. induction 1; auto. rewrite last_map_cons. auto. }
  assert (T : chained genesis 0 f m (n - 1) /\ number r = n - 1 /\ l = hash r /\ hash r = digest m (n - 1) (content r) /\ 0 < n).
  { destruct S as (x & A & B). pose proof (det _ _ _ _ _ A) as Z. subst x. auto. }
  assert (T' : chained genesis 0 f' m' (n' - 1) /\ number r' = n' - 1 /\ l' = hash r' /\ hash r' = digest m' (n' - 1) (content r') /\ 0 < n').
  { destruct S' as (x & A & B). pose proof (det _ _ _ _ _ A) as Z. subst x. auto. }
  clear S S'. destruct T as (A1 & A2 & A3 & A4 & A5), T' as (B1 & B2 & B3 & B4 & B5).
  assert (SD : digest m (number r) (content r) = digest m' (number r') (content r')) by congruence.
  destruct (link_eq_dec m m') as [Em|Em]; [|right; refine (Collision m (number r) (content r) m' (number r') (content r') _ SD); congruence].
  destruct (N.eq_dec (number r) (number r')) as [En|En]; [|right; refine (Collision m (number r) (content r) m' (number r') (content r') _ SD); congruence].
  destruct (body_eq_dec (content r) (content r')) as [Ec|Ec]; [|right; refine (Collision m (number r) (content r) m' (number r') (content r') _ SD); congruence].
  assert (En' : n = n') by lia.
  assert (cnt : forall rows l n l' n', chained l n rows l' n' -> n' = n + N.of_nat (length rows)).
  { clear. induction 1; simpl length; lia. }
  assert (Lf : length f = length f').
  { pose proof (cnt _ _ _ _ _ A1). pose proof (cnt _ _ _ _ _ B1). lia. }
  assert (Er : r = r'). { destruct r, r'; simpl in *; congruence. }
  destruct f as [|x f0].
  - left. destruct f'; [|discriminate]. congruence.
  - destruct f' as [|x' f0']; [discriminate|].
    destruct (IH (x :: f0) (x' :: f0') m m' (n - 1) (n' - 1)) as [F|F]; auto; try discriminate.
    { rewrite Q, app_length in K. simpl in K. simpl. lia. }
    left. rewrite Q, Q', F, Er. reflexivity.
Qed.

(** Theorem 9: two accepted logs with one head are the same log, or a collision of the digest is in hand. No axiom, and no
    assumption on the digest. *)
Theorem one_head_one_log : forall rows rows', accepted rows -> accepted rows' -> rows <> [] -> rows' <> [] ->
  head rows = head rows' -> (rows = rows') + collision.
Proof.
  intros rows rows' A A' N N' H.
  apply (chains_agree (length rows) rows rows' (head rows) (head rows')
    (0 + N.of_nat (length rows)) (0 + N.of_nat (length rows'))); auto; apply accepted_chained; auto.
Qed.

(** What the checker reports is the first row that does not fit the one before it: a wrong number, or a wrong link. *)
Theorem report_is_right : forall rows l n k, firstBroken l n rows = Some k ->
  exists front r rest, rows = front ++ r :: rest /\ k = n + N.of_nat (length front) /\
    firstBroken l n front = None /\
    (number r <> k \/ hash r <> digest (last (map hash front) l) (number r) (content r)).
Proof.
  induction rows as [|r rows IH]; intros l n k H; simpl in H; [discriminate|].
  destruct (chainVerdict n (number r) (digest l (number r) (content r)) (hash r)) eqn:E.
  - destruct (IH (hash r) (n + 1) k H) as (front & q & rest & Q & R & S & T).
    exists (r :: front), q, rest. rewrite last_map_cons. simpl firstBroken. rewrite E.
    repeat split; auto; [simpl; congruence|simpl length; lia].
  - exists [], r, rows. inversion H; subst. repeat split; auto; [simpl; lia|]. left. intros X.
    unfold chainVerdict in E. rewrite X, N.eqb_refl in E. simpl in E. destruct (same _ _) in E; discriminate.
  - exists [], r, rows. inversion H; subst. repeat split; auto; [simpl; lia|]. right. intros X.
    unfold chainVerdict in E. destruct (N.eqb_spec (number r) k); [|discriminate]. simpl in E, X.
    rewrite <- X in E. rewrite (proj2 (same_spec _ _) eq_refl) in E. discriminate.
Qed.

End Audit.
