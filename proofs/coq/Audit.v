(* SPDX-License-Identifier: MPL-2.0 *)
(** * The audit chain

    Each row holds a number, a body and a link: the digest of the link before it, the number and the body. A log is accepted
    when every link is right and the numbers count from one. The digest is any function: nothing is assumed of it, and where
    one would say "SHA-256 has no collisions" the theorem hands over the collision. *)

From Coq Require Import List NArith Lia Bool.
Import ListNotations.
Open Scope N_scope.

Section Audit.
Variable body : Type.
(** Digest of a link, a number and a body. *)
Variable digest : N -> N -> body -> N.
Variable body_eq_dec : forall a b : body, {a = b} + {a <> b}.

Record row := Row { number : N; content : body; link : N }.

Definition genesis : N := 0.

(** The place of the first row that is not as it must be, counted from one; 0 when all are right. *)
Fixpoint firstBroken (previous : N) (expected : N) (rows : list row) : N :=
  match rows with
  | [] => 0
  | r :: rest =>
    if (number r =? expected) && (link r =? digest previous (number r) (content r))
    then firstBroken (link r) (expected + 1) rest
    else expected
  end.

Definition accepted (rows : list row) : Prop := firstBroken genesis 1 rows = 0.

Definition head (rows : list row) : N := last (map link rows) genesis.

(** Two different inputs with one digest. *)
Record collision := Collision {
  link1 : N; number1 : N; body1 : body;
  link2 : N; number2 : N; body2 : body;
  they_differ : (link1, number1, body1) <> (link2, number2, body2);
  same_digest : digest link1 number1 body1 = digest link2 number2 body2
}.

(** Rows from a link and a number on, the last first. *)
Inductive chained : N -> N -> list row -> N -> N -> Prop :=
| chained_nil : forall l n, chained l n [] l n
| chained_cons : forall l n r rest l' n', number r = n -> link r = digest l n (content r) ->
    chained (link r) (n + 1) rest l' n' -> chained l n (r :: rest) l' n'.

Lemma accepted_chained : forall rows l n, 0 < n -> firstBroken l n rows = 0 ->
  chained l n rows (last (map link rows) l) (n + N.of_nat (length rows)).
Proof.
  induction rows as [|r rows IH]; intros l n L H; simpl in *.
  - replace (n + 0) with n by lia. constructor.
  - destruct (N.eqb_spec (number r) n); simpl in H; [|lia].
    destruct (N.eqb_spec (link r) (digest l (number r) (content r))); simpl in H; [|lia].
    constructor; auto; [congruence|].
    replace (n + N.pos (Pos.of_succ_nat (length rows))) with (n + 1 + N.of_nat (length rows)) by lia.
    replace (match map link rows with [] => link r | _ :: _ => last (map link rows) l end)
      with (last (map link rows) (link r)).
    + apply IH; auto; lia.
    + destruct (map link rows) as [|x xs] eqn:E; auto. clear. revert x. induction xs as [|y ys IHy]; intros; simpl; auto.
      destruct ys; auto. apply (IHy y).
Qed.

Lemma chained_snoc : forall rows l n l' n', chained l n rows l' n' -> rows <> [] ->
  exists front r m, rows = front ++ [r] /\ chained l n front m (n' - 1) /\ number r = n' - 1 /\ l' = link r /\
    link r = digest m (n' - 1) (content r) /\ n < n'.
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
  chained genesis 1 rows l n -> chained genesis 1 rows' l' n' -> l = l' -> rows <> [] -> rows' <> [] ->
  (rows = rows') + collision.
Proof.
  induction k as [|k IH]; intros rows rows' l l' n n' K C C' E N N'; [destruct rows; [congruence|discriminate]|].
  assert (X : {front & {r | rows = front ++ [r]}}).
  { destruct (exists_last N) as (f & r & Q). exists f, r. exact Q. }
  assert (X' : {front & {r | rows' = front ++ [r]}}).
  { destruct (exists_last N') as (f & r & Q). exists f, r. exact Q. }
  destruct X as (f & r & Q), X' as (f' & r' & Q').
  assert (S : exists m, chained genesis 1 f m (n - 1) /\ number r = n - 1 /\ l = link r /\
     link r = digest m (n - 1) (content r) /\ 1 < n).
  { destruct (chained_snoc _ _ _ _ _ C N) as (a & b & m & A & B & R). rewrite Q in A. apply app_inj_tail in A.
    destruct A as [-> ->]. eauto. }
  assert (S' : exists m, chained genesis 1 f' m (n' - 1) /\ number r' = n' - 1 /\ l' = link r' /\
     link r' = digest m (n' - 1) (content r') /\ 1 < n').
  { destruct (chained_snoc _ _ _ _ _ C' N') as (a & b & m & A & B & R). rewrite Q' in A. apply app_inj_tail in A.
    destruct A as [-> ->]. eauto. }
  set (m := last (map link f) genesis). set (m' := last (map link f') genesis).
  assert (det : forall rows l n l' n', chained l n rows l' n' -> l' = last (map link rows) l).
  { clear. induction 1; auto. subst. simpl. destruct (map link rest) as [|x xs] eqn:M; auto.
    clear. revert x. induction xs as [|y ys IHy]; intros; simpl; auto. destruct ys; auto. apply (IHy y). }
  assert (T : chained genesis 1 f m (n - 1) /\ number r = n - 1 /\ l = link r /\ link r = digest m (n - 1) (content r) /\ 1 < n).
  { destruct S as (x & A & B). pose proof (det _ _ _ _ _ A) as Z. subst x. auto. }
  assert (T' : chained genesis 1 f' m' (n' - 1) /\ number r' = n' - 1 /\ l' = link r' /\ link r' = digest m' (n' - 1) (content r') /\ 1 < n').
  { destruct S' as (x & A & B). pose proof (det _ _ _ _ _ A) as Z. subst x. auto. }
  clear S S'. destruct T as (A1 & A2 & A3 & A4 & A5), T' as (B1 & B2 & B3 & B4 & B5).
  assert (SD : digest m (number r) (content r) = digest m' (number r') (content r')) by congruence.
  destruct (N.eq_dec m m') as [Em|Em]; [|right; refine (Collision m (number r) (content r) m' (number r') (content r') _ SD); congruence].
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
    (1 + N.of_nat (length rows)) (1 + N.of_nat (length rows'))); auto; apply accepted_chained; auto; lia.
Qed.

(** A row that was edited, removed or moved is found at its place or behind it, unless its link was forged together with it;
    what the checker reports is a row that does not fit the one before it. *)
Theorem report_is_right : forall rows l n, 0 < n -> firstBroken l n rows <> 0 ->
  exists front r rest, rows = front ++ r :: rest /\ firstBroken l n rows = n + N.of_nat (length front) /\
    firstBroken l n front = 0 /\
    (number r <> n + N.of_nat (length front) \/ link r <> digest (last (map link front) l) (number r) (content r)).
Proof.
  induction rows as [|r rows IH]; intros l n L H; simpl in H; [congruence|].
  destruct ((number r =? n) && (link r =? digest l (number r) (content r))) eqn:E.
  - destruct (IH (link r) (n + 1)) as (front & q & rest & Q & R & S & T); auto; [lia|].
    exists (r :: front), q, rest. simpl. rewrite E. rewrite Q at 1. repeat split; auto.
    + rewrite R. lia.
    + assert (Z : last (map link front) (link r) =
        match map link front with [] => link r | _ :: _ => last (map link front) l end).
      { destruct (map link front) as [|x xs] eqn:M; auto. clear. revert x.
        induction xs as [|y ys IHy]; intros; simpl; auto. destruct ys; auto. apply (IHy y). }
      rewrite <- Z. destruct T as [T|T]; [left; lia|right; auto].
  - exists [], r, rows. simpl. rewrite E. repeat split; auto; [lia|].
    rewrite andb_false_iff in E. destruct E as [E|E]; apply N.eqb_neq in E; [left; lia|right; auto].
Qed.

End Audit.
