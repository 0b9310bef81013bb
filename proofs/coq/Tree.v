(* SPDX-License-Identifier: MPL-2.0 *)
(** * Layer T: file trees

    A tree of directories over leaves of any kind: with files for leaves it is what a user sees (layer T), with inode
    numbers for leaves it is how the kernel keeps it (layer I, [Inodes]). A place is an entry of a directory, or the
    attributes of a directory itself; both kinds satisfy what [Cells] asks for, so every theorem there holds of trees. *)

From Coq Require Import List NArith Lia Bool.
From Vsh Require Import Entries Cells.
Import ListNotations.
Open Scope N_scope.

(** What a directory or file has beside its content. The time is that of the last modification. *)
Record meta := Meta { mode : N; owner : N; group : N; time : N }.

Section Tree.
Variable leaf : Type.

Inductive tree :=
| Leaf (l : leaf)
| Dir (m : meta) (es : list (N * tree)).

Definition path := list N.

(** What is at a path; no symbolic link is followed. *)
Fixpoint at_path (d : path) (t : tree) : option tree :=
  match d with
  | [] => Some t
  | n :: d' =>
    match t with
    | Dir _ es => match find n es with Some c => at_path d' c | None => None end
    | Leaf _ => None
    end
  end.

(** The tree with what is at a path changed by [f]; where nothing is, nothing changes. *)
Fixpoint change (d : path) (f : tree -> tree) (t : tree) : tree :=
  match d with
  | [] => f t
  | n :: d' =>
    match t with
    | Dir m es => match find n es with Some c => Dir m (put n (Some (change d' f c)) es) | None => t end
    | Leaf _ => t
    end
  end.

Inductive place :=
| Entry (d : path) (n : N)
| Attributes (d : path).

Inductive value :=
| Object (t : option tree)
| Metadata (m : option meta).

Definition entry_of (n : N) (t : tree) : option tree :=
  match t with Dir _ es => find n es | Leaf _ => None end.

Definition meta_of (t : tree) : option meta :=
  match t with Dir m _ => Some m | Leaf _ => None end.

Definition with_entry (n : N) (v : option tree) (t : tree) : tree :=
  match t with Dir m es => Dir m (put n v es) | Leaf _ => t end.

Definition with_meta (v : option meta) (t : tree) : tree :=
  match t, v with Dir _ es, Some m => Dir m es | _, _ => t end.

Definition get (p : place) (t : tree) : value :=
  match p with
  | Entry d n => Object (match at_path d t with Some u => entry_of n u | None => None end)
  | Attributes d => Metadata (match at_path d t with Some u => meta_of u | None => None end)
  end.

Definition set (p : place) (v : value) (t : tree) : tree :=
  match p, v with
  | Entry d n, Object w => change d (with_entry n w) t
  | Attributes d, Metadata w => change d (with_meta w) t
  | _, _ => t
  end.

(** ** Well-formed trees: sorted all the way down *)

Inductive wf : tree -> Prop :=
| wf_leaf : forall l, wf (Leaf l)
| wf_dir : forall m es, sorted es -> Forall (fun e => wf (snd e)) es -> wf (Dir m es).

Definition fits (p : place) (v : value) : Prop :=
  match p, v with
  | Entry _ _, Object (Some t) => wf t
  | Entry _ _, Object None => True
  | Attributes _, Metadata _ => True
  | _, _ => False
  end.

Lemma wf_find : forall n es c, Forall (fun e => wf (snd e)) es -> find n es = Some c -> wf c.
Proof.
  intros n es c F H. apply find_in in H. rewrite Forall_forall in F. apply (F (n, c)); auto.
Qed.

Lemma wf_at : forall d t u, wf t -> at_path d t = Some u -> wf u.
Proof.
  induction d as [|n d IH]; simpl; intros t u W H.
  - inversion H; subst; auto.
  - destruct W as [|m es S F]; [discriminate|].
    destruct (find n es) eqn:E; [|discriminate]. eapply IH; [|eassumption]. eapply wf_find; eauto.
Qed.

Lemma wf_change : forall d f t, (forall u, wf u -> wf (f u)) -> wf t -> wf (change d f t).
Proof.
  induction d as [|n d IH]; simpl; intros f t K W; auto.
  destruct W as [|m es S F]; [constructor|].
  destruct (find n es) eqn:E; constructor; auto using sorted_put.
  apply forall_put; auto. intros a H; inversion H; subst. apply IH; auto. eapply wf_find; eauto.
Qed.

Lemma wf_with_entry : forall n v u, (forall t, v = Some t -> wf t) -> wf u -> wf (with_entry n v u).
Proof.
  intros n v u V W. destruct W; simpl; constructor; auto using sorted_put. apply forall_put; auto.
Qed.

Lemma wf_with_meta : forall v u, wf u -> wf (with_meta v u).
Proof. intros v u W. destruct W, v; simpl; constructor; auto. Qed.

(** ** What a change does at its own path *)

Lemma at_change : forall d f t, wf t ->
  at_path d (change d f t) = match at_path d t with Some u => Some (f u) | None => None end.
Proof.
  induction d as [|n d IH]; simpl; intros f t W; auto.
  destruct W as [|m es S F]; simpl; auto.
  destruct (find n es) eqn:E; simpl.
  - rewrite find_put; auto. apply IH. eapply wf_find; eauto.
  - rewrite E. auto.
Qed.

Lemma change_same : forall d f t, wf t -> (forall u, at_path d t = Some u -> f u = u) -> change d f t = t.
Proof.
  induction d as [|n d IH]; simpl; intros f t W H; auto.
  destruct W as [|m es S F]; auto.
  destruct (find n es) eqn:E; auto. rewrite IH; auto.
  - rewrite <- E. rewrite put_find; auto.
  - eapply wf_find; eauto.
Qed.

Lemma change_change : forall d f g t, wf t -> change d f (change d g t) = change d (fun u => f (g u)) t.
Proof.
  induction d as [|n d IH]; simpl; intros f g t W; auto.
  destruct W as [|m es S F]; auto.
  destruct (find n es) eqn:E; simpl; [|rewrite E; auto].
  rewrite find_put; auto. rewrite put_put; auto. rewrite IH; auto. eapply wf_find; eauto.
Qed.

(** ** The laws of [Cells] *)

Lemma fits_get : forall p t, wf t -> fits p (get p t).
Proof.
  intros [d n|d] t W; simpl; auto.
  destruct (at_path d t) as [u|] eqn:A; auto. destruct (entry_of n u) as [c|] eqn:E; auto.
  pose proof (wf_at _ _ _ W A) as U. destruct U; simpl in E; [discriminate|]. eapply wf_find; eauto.
Qed.

Lemma wf_set : forall p v t, wf t -> fits p v -> wf (set p v t).
Proof.
  intros [d n|d] [w|w] t W F; simpl in *; auto; apply wf_change; auto; intros u U.
  - apply wf_with_entry; auto. intros c ->. auto.
  - apply wf_with_meta; auto.
Qed.

Lemma set_back : forall p v t, wf t -> fits p v -> set p (get p t) (set p v t) = t.
Proof.
  intros [d n|d] [w|w] t W F; simpl in *; try tauto; rewrite change_change by auto;
    apply change_same; auto; intros u A; rewrite A; pose proof (wf_at _ _ _ W A) as U; destruct U; simpl; auto.
  - rewrite put_put, put_find; auto.
  - destruct w; auto.
Qed.

Lemma set_get : forall p t, wf t -> set p (get p t) t = t.
Proof.
  intros [d n|d] t W; simpl in *; apply change_same; auto; intros u A; rewrite A;
    pose proof (wf_at _ _ _ W A) as U; destruct U; simpl; auto. rewrite put_find; auto.
Qed.

(** ** Independence: neither path is a prefix of the other *)

Fixpoint prefix (d e : path) : Prop :=
  match d, e with
  | [], _ => True
  | n :: d', m :: e' => n = m /\ prefix d' e'
  | _, [] => False
  end.

(** An entry covers all that is below it; attributes are one value, not covered by anything above but entries. *)
Definition independent (p q : place) : Prop :=
  match p, q with
  | Entry d n, Entry e m => ~ prefix (d ++ [n]) (e ++ [m]) /\ ~ prefix (e ++ [m]) (d ++ [n])
  | Entry d n, Attributes e => ~ prefix (d ++ [n]) e
  | Attributes d, Entry e m => ~ prefix (e ++ [m]) d
  | Attributes d, Attributes e => d <> e
  end.

(** The same, walking down both paths: [k] is the name of an entry, or nothing for attributes. *)
Fixpoint apart (d : path) (k : option N) (e : path) (j : option N) : Prop :=
  match d, e with
  | [], [] => k <> j
  | [], m :: _ => k <> Some m
  | n :: _, [] => j <> Some n
  | n :: d', m :: e' => n <> m \/ apart d' k e' j
  end.

Definition dir_of (p : place) : path := match p with Entry d _ => d | Attributes d => d end.
Definition key_of (p : place) : option N := match p with Entry _ n => Some n | Attributes _ => None end.

Lemma independent_apart : forall p q, independent p q -> apart (dir_of p) (key_of p) (dir_of q) (key_of q).
Proof.
  intros p q. destruct p as [d n|d], q as [e m|e]; simpl.
  - revert e. induction d as [|x d IH]; intros [|y e]; simpl; intros [A B].
    + intros E. inversion E; subst. apply A; auto.
    + intros E. inversion E; subst. apply A; auto.
    + intros E. inversion E; subst. apply B; auto.
    + destruct (N.eq_dec x y) as [->|]; [right; apply IH; tauto|auto].
  - revert e. induction d as [|x d IH]; intros [|y e]; simpl; intros A; try congruence.
    + intros E. inversion E; subst. apply A; auto.
    + destruct (N.eq_dec x y) as [->|]; [right; apply IH; tauto|auto].
  - revert d. induction e as [|y e IH]; intros [|x d]; simpl; intros A; try congruence.
    + intros E. inversion E; subst. apply A; auto.
    + destruct (N.eq_dec x y) as [->|]; [right; apply IH; tauto|auto].
  - revert e. induction d as [|x d IH]; intros [|y e]; simpl; intros A; try congruence.
    destruct (N.eq_dec x y) as [->|]; [right; apply IH; congruence|auto].
Qed.

(** What an assignment does to its directory, and what a place shows of it. *)
Definition act (k : option N) (v : value) (u : tree) : tree :=
  match k, v with
  | Some n, Object w => with_entry n w u
  | None, Metadata w => with_meta w u
  | _, _ => u
  end.

Definition show (k : option N) (u : option tree) : value :=
  match k with
  | Some n => Object (match u with Some u => entry_of n u | None => None end)
  | None => Metadata (match u with Some u => meta_of u | None => None end)
  end.

Lemma set_act : forall p v t, wf t -> set p v t = change (dir_of p) (act (key_of p) v) t.
Proof. intros [d n|d] [w|w] t W; simpl; auto; symmetry; apply change_same; auto. Qed.

Lemma get_show : forall p t, get p t = show (key_of p) (at_path (dir_of p) t).
Proof. intros [d n|d] t; simpl; auto. Qed.

Definition fits_key (k : option N) (v : value) : Prop :=
  match k, v with
  | Some _, Object (Some t) => wf t
  | Some _, Object None => True
  | None, Metadata _ => True
  | _, _ => False
  end.

Lemma fits_fits_key : forall p v, fits p v -> fits_key (key_of p) v.
Proof. intros [d n|d] [[t|]|w]; simpl; auto. Qed.

Lemma find_act : forall k v m es x, sorted es -> k <> Some x ->
  exists m' es', act k v (Dir m es) = Dir m' es' /\ find x es' = find x es /\ sorted es'
    /\ (forall w, exists es'', act k v (Dir m (put x w es)) = Dir m' es'' /\ es'' = put x w es').
Proof.
  intros k v m es x S D. destruct k as [n|], v as [w|[w|]]; simpl;
    try (do 2 eexists; repeat split; eauto; fail).
  do 2 eexists. repeat split.
  - apply find_put_other; auto. congruence.
  - apply sorted_put; auto.
  - intros u. eexists. split; eauto. apply put_comm; auto. congruence.
Qed.

Lemma act_comm : forall k v j w u, wf u -> fits_key k v -> fits_key j w -> k <> j ->
  act k v (act j w u) = act j w (act k v u).
Proof.
  intros k v j w u W F G D. destruct W as [|m es S E].
  - destruct k, v as [|[]], j, w as [|[]]; simpl; auto.
  - destruct k as [n|], v as [x|[x|]], j as [i|], w as [y|[y|]]; simpl; auto; try tauto; try congruence.
    f_equal. apply put_comm; auto. congruence.
Qed.

Lemma wf_act : forall k v u, fits_key k v -> wf u -> wf (act k v u).
Proof.
  intros [n|] [w|w] u F W; simpl in *; auto.
  - apply wf_with_entry; auto. intros c ->. auto.
  - apply wf_with_meta; auto.
Qed.

Lemma act_comm_apart : forall d e k v j w t, wf t -> fits_key k v -> fits_key j w -> apart d k e j ->
  change d (act k v) (change e (act j w) t) = change e (act j w) (change d (act k v) t).
Proof.
  assert (half : forall x e k v j w t, wf t -> fits_key k v -> fits_key j w -> k <> Some x ->
    act k v (change (x :: e) (act j w) t) = change (x :: e) (act j w) (act k v t)).
  { intros x e k v j w t W F G A. destruct W as [|m es S E].
    - destruct k, v as [|[]]; simpl; auto.
    - simpl. destruct (find_act k v m es x S A) as (m' & es' & H & I & J & K).
      destruct (find x es) as [c|] eqn:Fx.
      + destruct (K (Some (change e (act j w) c))) as (es'' & L & ->). rewrite L, H. simpl. rewrite I. auto.
      + rewrite H. simpl. rewrite I. auto. }
  induction d as [|x d IH]; destruct e as [|y e]; intros k v j w t W F G A.
  - simpl. apply act_comm; auto.
  - apply (half y e); auto.
  - symmetry. apply (half x d); auto.
  - simpl in A. destruct W as [|m es S E]; [simpl; auto|].
    destruct (N.eq_dec x y) as [->|D].
    + destruct A as [A|A]; [congruence|]. simpl. destruct (find y es) as [c|] eqn:Fy; simpl.
      * rewrite !find_put by auto. rewrite !put_put by auto. rewrite IH; auto. eapply wf_find; eauto.
      * rewrite Fy. auto.
    + simpl. destruct (find x es) as [c|] eqn:Fx; destruct (find y es) as [b|] eqn:Fy; simpl;
        repeat (rewrite ?find_put_other by auto; rewrite ?Fx, ?Fy); auto. rewrite put_comm; auto.
Qed.

(** Assignments to independent places can change their order. *)
Lemma set_comm : forall p q v w t, wf t -> fits p v -> fits q w -> independent p q ->
  set p v (set q w t) = set q w (set p v t).
Proof.
  intros p q v w t W F G I. rewrite (set_act p v t), (set_act q w t); auto.
  rewrite (set_act p v), (set_act q w); auto.
  - apply act_comm_apart; auto using fits_fits_key, independent_apart.
  - apply wf_change; auto. intros. apply wf_act; auto using fits_fits_key.
  - apply wf_change; auto. intros. apply wf_act; auto using fits_fits_key.
Qed.

Lemma show_act_other : forall k v j u, wf u -> k <> j -> show j (Some (act k v u)) = show j (Some u).
Proof.
  intros k v j u W D. destruct W as [|m es S E].
  - destruct k, v as [|[]], j; simpl; auto.
  - destruct k as [n|], v as [x|[x|]], j as [i|]; simpl; auto; try congruence.
    rewrite find_put_other; auto. congruence.
Qed.

Lemma show_apart : forall d e k v j t, wf t -> fits_key k v -> apart d k e j ->
  show j (at_path e (change d (act k v) t)) = show j (at_path e t).
Proof.
  induction d as [|x d IH]; destruct e as [|y e]; simpl; intros k v j t W F A.
  - apply show_act_other; auto.
  - destruct W as [|m es S E].
    + destruct k, v as [|[]]; simpl; auto.
    + destruct (find_act k v m es y S A) as (m' & es' & H & I & _). rewrite H, I. auto.
  - destruct W as [|m es S E]; auto. destruct (find x es) as [c|] eqn:Fx; auto.
    destruct j as [i|]; simpl; auto. rewrite find_put_other; auto. congruence.
  - destruct W as [|m es S E]; auto. destruct (find x es) as [c|] eqn:Fx; auto.
    destruct (N.eq_dec x y) as [->|D].
    + destruct A as [A|A]; [congruence|]. rewrite find_put, Fx; auto. apply IH; auto. eapply wf_find; eauto.
    + rewrite find_put_other; auto.
Qed.

(** What is independent of an assigned place shows what it showed. *)
Lemma get_set_independent : forall p q v t, wf t -> fits p v -> independent p q -> get q (set p v t) = get q t.
Proof.
  intros p q v t W F I. rewrite set_act, !get_show; auto.
  apply show_apart; auto using fits_fits_key, independent_apart.
Qed.

Definition exists_at (d : path) (t : tree) : Prop := exists m es, at_path d t = Some (Dir m es).

Lemma apart_dec : forall d k e j, apart d k e j \/ ~ apart d k e j.
Proof.
  assert (dec : forall a b : option N, a = b \/ a <> b).
  { intros [a|] [b|]; try (right; congruence); auto. destruct (N.eq_dec a b); [left|right]; congruence. }
  induction d as [|x d IH]; destruct e as [|y e]; simpl; intros j.
  - destruct (dec k j); [right|left]; tauto.
  - destruct (dec k (Some y)); [right|left]; tauto.
  - destruct (dec j (Some x)); [right|left]; tauto.
  - destruct (IH k e j); auto. destruct (N.eq_dec x y); [right|left]; tauto.
Qed.

(** A tree that may be missing, its entry, and what is at a path in it. *)
Definition wfo (o : option tree) : Prop := forall t, o = Some t -> wf t.
Definition child (x : N) (o : option tree) : option tree := match o with Some u => entry_of x u | None => None end.
Definition look (d : path) (o : option tree) : option tree := match o with Some t => at_path d t | None => None end.
Definition mapo (f : tree -> tree) (o : option tree) : option tree := match o with Some t => Some (f t) | None => None end.

Lemma look_child : forall x d o, look (x :: d) o = look d (child x o).
Proof. intros x d [[l|m es]|]; simpl; auto. Qed.

Lemma wfo_child : forall x o, wfo o -> wfo (child x o).
Proof.
  unfold wfo. intros x [u|] W t H; simpl in H; [|discriminate]. specialize (W u eq_refl).
  destruct W; simpl in H; [discriminate|]. eapply wf_find; eauto.
Qed.

Lemma child_change : forall x d f o, wfo o -> child x (mapo (change (x :: d) f) o) = mapo (change d f) (child x o).
Proof.
  intros x d f [u|] W; simpl; auto. specialize (W u eq_refl). destruct W as [|m es S E]; simpl; auto.
  destruct (find x es) eqn:F; simpl; [rewrite find_put; auto|auto].
Qed.

Lemma show_congruent : forall d e k v j s t, wfo s -> wfo t -> fits_key k v -> ~ apart d k e j ->
  show k (look d s) = show k (look d t) -> show j (look e s) = show j (look e t) ->
  show k (look d (mapo (change d (act k v)) s)) = v -> show k (look d (mapo (change d (act k v)) t)) = v ->
  show j (look e (mapo (change d (act k v)) s)) = show j (look e (mapo (change d (act k v)) t)).
Proof.
  assert (dec : forall a b : option N, a = b \/ a <> b).
  { intros [a|] [b|]; try (right; congruence); auto. destruct (N.eq_dec a b); [left|right]; congruence. }
  assert (chl : forall x o, show (Some x) o = Object (child x o)) by (intros x [u|]; reflexivity).
  assert (nil : forall o, look [] o = o) by (intros [u|]; reflexivity).
  induction d as [|x d IH]; destruct e as [|y e]; intros k v j s t Ws Wt F A P Q R T; simpl in A.
  - destruct (dec k j) as [<-|]; [congruence|tauto].
  - destruct (dec k (Some y)) as [->|]; [|tauto].
    rewrite !nil, !chl in *. rewrite !look_child.
    assert (E : forall a b : option tree, Object a = Object b -> a = b) by congruence.
    rewrite (E _ _ (eq_trans R (eq_sym T))). auto.
  - destruct (dec j (Some x)) as [->|]; [|tauto].
    rewrite !nil, !chl in *. rewrite !child_change by auto. congruence.
  - rewrite !look_child in *. rewrite !child_change in * by auto.
    destruct (N.eq_dec x y) as [->|]; [|tauto].
    rewrite !child_change by auto. apply IH; auto using wfo_child.
Qed.

(** What a place shows after an assignment depends only on what it and the assigned place showed before. *)
Lemma get_set_congruent : forall p q v s t, wf s -> wf t -> fits p v ->
  get p s = get p t -> get q s = get q t -> get p (set p v s) = v -> get p (set p v t) = v ->
  get q (set p v s) = get q (set p v t).
Proof.
  intros p q v s t Ws Wt F P Q R T.
  destruct (apart_dec (dir_of p) (key_of p) (dir_of q) (key_of q)) as [A|A].
  - rewrite !set_act, !get_show in * by auto.
    rewrite !show_apart by auto using fits_fits_key. auto.
  - rewrite !set_act, !get_show in * by auto.
    apply (show_congruent (dir_of p) (dir_of q) (key_of p) v (key_of q) (Some s) (Some t));
      auto using fits_fits_key; unfold wfo; congruence.
Qed.

(** ** Counterexamples: what is not independent does not commute *)

(** To make a directory and to make something in it cannot change their order. *)
Example prefix_does_not_commute : forall m l,
  let a := Entry [] 1 in let b := Entry [1] 2 in
  let s := Dir m [] in
  set b (Object (Some (Leaf l))) (set a (Object (Some (Dir m []))) s) <>
  set a (Object (Some (Dir m []))) (set b (Object (Some (Leaf l))) s).
Proof. intros m l; simpl. congruence. Qed.

(** Nor can two different assignments to one place. *)
Example same_place_does_not_commute : forall m l,
  let a := Entry [] 1 in
  let s := Dir m [] in
  set a (Object None) (set a (Object (Some (Leaf l))) s) <> set a (Object (Some (Leaf l))) (set a (Object None) s).
Proof. intros m l; simpl. congruence. Qed.

End Tree.

Arguments Leaf {leaf}.
Arguments Dir {leaf}.
Arguments at_path {leaf}.
Arguments change {leaf}.
Arguments Object {leaf}.
Arguments Metadata {leaf}.
Arguments get {leaf}.
Arguments set {leaf}.
Arguments wf {leaf}.
Arguments fits {leaf}.
Arguments entry_of {leaf}.
Arguments meta_of {leaf}.
Arguments with_entry {leaf}.
Arguments with_meta {leaf}.
