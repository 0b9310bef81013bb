(* SPDX-License-Identifier: MPL-2.0 *)
(** * Layer I: names and inodes

    What the kernel keeps: a tree whose leaves are inode numbers, and a table of what each number stands for. Two names with
    one number are hard links. Layer T, what a user sees, is an image of it: every number replaced by what it stands for.

    Directories cannot have two names, so they stand in the tree and not in the table. *)

From Coq Require Import List NArith Lia Bool.
From Vsh Require Import Entries Cells Tree.
Import ListNotations.
Open Scope N_scope.

(** A step of a path, after it was split at the slashes: `.`, `..`, a name, a name that is longer than names can be, and the
    slash behind the last one. *)
Inductive component := Here | Up | Name (n : N) | Long | Slash.

(** What an inode number can stand for. *)
Inductive node :=
| File (m : meta) (bytes : list N)
| Symlink (m : meta) (absolute : bool) (target : list component).

Record istate := State { names : tree N; nodes : list (N * node) }.

Inductive iplace := Named (p : place) | Inode (i : N).
Inductive ivalue := Of (v : value N) | Node (o : option node).

Definition iget (p : iplace) (s : istate) : ivalue :=
  match p with Named q => Of (get q (names s)) | Inode i => Node (find i (nodes s)) end.

Definition iset (p : iplace) (v : ivalue) (s : istate) : istate :=
  match p, v with
  | Named q, Of w => State (set q w (names s)) (nodes s)
  | Inode i, Node o => State (names s) (put i o (nodes s))
  | _, _ => s
  end.

Definition iwf (s : istate) : Prop := wf (names s) /\ sorted (nodes s).

Definition ifits (p : iplace) (v : ivalue) : Prop :=
  match p, v with Named q, Of w => fits q w | Inode _, Node _ => True | _, _ => False end.

Definition iindependent (p q : iplace) : Prop :=
  match p, q with
  | Named a, Named b => independent a b
  | Inode i, Inode j => i <> j
  | _, _ => True
  end.

(** ** The laws of [Cells] *)

Lemma ifits_get : forall p s, iwf s -> ifits p (iget p s).
Proof. intros [p|i] [t b] [W S]; simpl in *; auto using fits_get. Qed.

Lemma iwf_set : forall p v s, iwf s -> ifits p v -> iwf (iset p v s).
Proof. intros [p|i] [v|o] [t b] [W S] F; simpl in *; split; simpl; auto using wf_set, sorted_put; tauto. Qed.

Lemma iset_get : forall p s, iwf s -> iset p (iget p s) s = s.
Proof.
  intros [p|i] [t b] [W S]; simpl in *; f_equal; auto using set_get, put_find.
Qed.

Lemma iset_back : forall p v s, iwf s -> ifits p v -> iset p (iget p s) (iset p v s) = s.
Proof.
  intros [p|i] [v|o] [t b] [W S] F; simpl in *; try tauto; f_equal; auto using set_back.
  rewrite put_put, put_find; auto.
Qed.

Lemma iget_iset_independent : forall p q v s, iwf s -> ifits p v -> iindependent p q ->
  iget q (iset p v s) = iget q s.
Proof.
  intros [p|i] [q|j] [v|o] [t b] [W S] F I; simpl in *; try tauto; f_equal; auto using get_set_independent.
  apply find_put_other; auto.
Qed.

Lemma iset_comm : forall p q v w s, iwf s -> ifits p v -> ifits q w -> iindependent p q ->
  iset p v (iset q w s) = iset q w (iset p v s).
Proof.
  intros [p|i] [q|j] [v|o] [w|u] [t b] [W S] F G I; simpl in *; try tauto; f_equal; auto using set_comm.
  apply put_comm; auto.
Qed.

Lemma iget_iset_congruent : forall p q v s t, iwf s -> iwf t -> ifits p v ->
  iget p s = iget p t -> iget q s = iget q t ->
  iget p (iset p v s) = v -> iget p (iset p v t) = v ->
  iget q (iset p v s) = iget q (iset p v t).
Proof.
  intros [p|i] [q|j] [v|o] [t b] [t' b'] [W S] [W' S'] F P Q R T; simpl in *; try tauto; try congruence.
  - f_equal. apply (get_set_congruent N p q v t t'); auto; congruence.
  - destruct (N.eq_dec i j) as [->|]; [congruence|]. rewrite !find_put_other; auto.
Qed.

(** ** Equality of values is decided by a program *)

Definition meta_eqb (a b : meta) : bool :=
  (mode a =? mode b) && (owner a =? owner b) && (group a =? group b) && (time a =? time b).

Definition option_eqb {A} (eqb : A -> A -> bool) (a b : option A) : bool :=
  match a, b with Some x, Some y => eqb x y | None, None => true | _, _ => false end.

Fixpoint list_eqb {A} (eqb : A -> A -> bool) (a b : list A) : bool :=
  match a, b with
  | [], [] => true
  | x :: a', y :: b' => eqb x y && list_eqb eqb a' b'
  | _, _ => false
  end.

Definition component_eqb (a b : component) : bool :=
  match a, b with
  | Here, Here | Up, Up | Long, Long | Slash, Slash => true
  | Name n, Name m => n =? m
  | _, _ => false
  end.

Definition node_eqb (a b : node) : bool :=
  match a, b with
  | File m x, File n y => meta_eqb m n && list_eqb N.eqb x y
  | Symlink m f x, Symlink n g y => meta_eqb m n && Bool.eqb f g && list_eqb component_eqb x y
  | _, _ => false
  end.

Fixpoint tree_eqb (a b : tree N) : bool :=
  match a, b with
  | Leaf i, Leaf j => i =? j
  | Dir m es, Dir n fs =>
    meta_eqb m n &&
    (fix all es fs := match es, fs with
     | [], [] => true
     | (k, t) :: es', (l, u) :: fs' => (k =? l) && tree_eqb t u && all es' fs'
     | _, _ => false
     end) es fs
  | _, _ => false
  end.

Definition value_eqb (a b : ivalue) : bool :=
  match a, b with
  | Of (Object x), Of (Object y) => option_eqb tree_eqb x y
  | Of (Metadata x), Of (Metadata y) => option_eqb meta_eqb x y
  | Node x, Node y => option_eqb node_eqb x y
  | _, _ => false
  end.

Definition state_eqb (a b : istate) : bool :=
  tree_eqb (names a) (names b)
  && list_eqb (fun x y => (fst x =? fst y) && node_eqb (snd x) (snd y)) (nodes a) (nodes b).

Lemma meta_eqb_spec : forall a b, meta_eqb a b = true <-> a = b.
Proof.
  intros [] []; unfold meta_eqb; simpl. rewrite !andb_true_iff, !N.eqb_eq. split.
  - intros [[[-> ->] ->] ->]. auto.
  - intros E; inversion E; auto.
Qed.

Lemma option_eqb_spec : forall A (eqb : A -> A -> bool), (forall x y, eqb x y = true <-> x = y) ->
  forall a b, option_eqb eqb a b = true <-> a = b.
Proof.
  intros A eqb H [x|] [y|]; simpl; try (split; congruence). rewrite H. split; congruence.
Qed.

Lemma list_eqb_spec : forall A (eqb : A -> A -> bool), (forall x y, eqb x y = true <-> x = y) ->
  forall a b, list_eqb eqb a b = true <-> a = b.
Proof.
  intros A eqb H. induction a as [|x a IH]; intros [|y b]; simpl; try (split; congruence).
  rewrite andb_true_iff, H, IH. split; [intros [-> ->]; auto | intros E; inversion E; auto].
Qed.

Lemma component_eqb_spec : forall a b, component_eqb a b = true <-> a = b.
Proof. intros [] []; simpl; try (split; congruence). rewrite N.eqb_eq. split; congruence. Qed.

Lemma node_eqb_spec : forall a b, node_eqb a b = true <-> a = b.
Proof.
  intros [] []; simpl; try (split; congruence); rewrite !andb_true_iff, meta_eqb_spec.
  - rewrite (list_eqb_spec N N.eqb N.eqb_eq). split; [intros [-> ->]; auto | intros E; inversion E; auto].
  - rewrite (list_eqb_spec _ _ component_eqb_spec), Bool.eqb_true_iff.
    split; [intros [[-> ->] ->]; auto | intros E; inversion E; auto].
Qed.

Lemma tree_eqb_spec : forall a b, tree_eqb a b = true <-> a = b.
Proof.
  fix IH 1. intros [i|m es] [j|n fs]; simpl; try (split; congruence).
  - rewrite N.eqb_eq. split; congruence.
  - rewrite andb_true_iff, meta_eqb_spec.
    match goal with |- _ /\ ?f es fs = true <-> _ => assert (H : f es fs = true <-> es = fs) end.
    + revert fs. induction es as [|[k t] es IHes]; intros [|[l u] fs]; try (split; congruence).
      rewrite !andb_true_iff, N.eqb_eq, IH, IHes.
      split; [intros [[-> ->] ->]; auto | intros E; inversion E; auto].
    + rewrite H. split; [intros [-> ->]; auto | intros E; inversion E; auto].
Qed.

Lemma value_eqb_spec : forall a b, value_eqb a b = true <-> a = b.
Proof.
  intros [[x|x]|x] [[y|y]|y]; simpl; try (split; congruence).
  - rewrite (option_eqb_spec _ _ tree_eqb_spec). split; congruence.
  - rewrite (option_eqb_spec _ _ meta_eqb_spec). split; congruence.
  - rewrite (option_eqb_spec _ _ node_eqb_spec). split; congruence.
Qed.

(** Two states that the program calls equal are the same term. *)
Lemma state_eqb_spec : forall a b, state_eqb a b = true <-> a = b.
Proof.
  intros [t x] [u y]; unfold state_eqb; simpl. rewrite andb_true_iff, tree_eqb_spec, list_eqb_spec.
  - split; [intros [-> ->]; auto | intros E; inversion E; auto].
  - intros [k c] [l d]; simpl. rewrite andb_true_iff, N.eqb_eq, node_eqb_spec.
    split; [intros [-> ->]; auto | intros E; inversion E; auto].
Qed.

(** ** Theorem 11: link, unlink and rename refine layer T *)

(** What a number without a node shows as; well-formed states have none. *)
Definition nothing : node := File (Meta 0 0 0 0) [].
Definition node_of (s : list (N * node)) (i : N) : node := match find i s with Some n => n | None => nothing end.

(** The image of a tree of numbers under a table. *)
Fixpoint image (b : list (N * node)) (t : tree N) : tree node :=
  match t with
  | Leaf i => Leaf (node_of b i)
  | Dir m es => Dir m (map (fun e => (fst e, image b (snd e))) es)
  end.

Definition seen (s : istate) : tree node := image (nodes s) (names s).

Definition image_value (b : list (N * node)) (v : value N) : value node :=
  match v with Object o => Object (option_map (image b) o) | Metadata m => Metadata m end.

Definition mapped (f : tree N -> tree node) (es : list (N * tree N)) := map (fun e => (fst e, f (snd e))) es.

Lemma find_mapped : forall f n es, find n (mapped f es) = option_map f (find n es).
Proof.
  induction es as [|[k t] es IH]; simpl; auto. destruct (n ?= k); auto.
Qed.

Lemma put_mapped : forall f n v es, put n (option_map f v) (mapped f es) = mapped f (put n v es).
Proof.
  induction es as [|[k t] es IH]; simpl.
  - destruct v; auto.
  - destruct (n ?= k); simpl; destruct v; simpl in *; auto; f_equal; auto.
Qed.

Lemma at_image : forall b d t, at_path d (image b t) = option_map (image b) (at_path d t).
Proof.
  induction d as [|n d IH]; intros t; simpl; auto. destruct t as [i|m es]; simpl; auto.
  change (map _ es) with (mapped (image b) es). rewrite find_mapped. destruct (find n es); simpl; auto.
Qed.

Lemma change_image : forall b d f g t, (forall u, image b (f u) = g (image b u)) ->
  image b (change d f t) = change d g (image b t).
Proof.
  induction d as [|n d IH]; intros f g t H; simpl; auto. destruct t as [i|m es]; simpl; auto.
  change (map (fun e => (fst e, image b (snd e))) es) with (mapped (image b) es). rewrite find_mapped.
  destruct (find n es) as [c|] eqn:F; simpl; auto. f_equal.
  rewrite <- (IH f g c H). symmetry. apply (put_mapped (image b) n (Some (change d f c))).
Qed.

(** Reading and assigning names commute with the image: layer I does to names what layer T does to files. *)
Theorem seen_get : forall p s, get p (seen s) = image_value (nodes s) (get p (names s)).
Proof.
  intros [d n|d] [t b]; unfold seen; simpl; rewrite at_image; destruct (at_path d t) as [u|]; simpl; auto;
    destruct u as [i|m es]; simpl; auto.
  change (map _ es) with (mapped (image b) es). rewrite find_mapped. auto.
Qed.

(** Setting a name, seen as a tree of files, is setting it in that tree. *)
Theorem seen_set : forall p v s, seen (iset (Named p) (Of v) s) = set p (image_value (nodes s) v) (seen s).
Proof.
  intros [d n|d] [w|w] [t b]; unfold seen; simpl; auto; apply change_image; intros [i|m es]; simpl; auto.
  - f_equal. symmetry. apply (put_mapped (image b) n w).
  - destruct w; auto.
Qed.

(** A hard link: seen from layer T, the new name gets what the old one has. *)
Theorem link_refines : forall p q s i, get p (names s) = Object (Some (Leaf i)) ->
  seen (iset (Named q) (Of (Object (Some (Leaf i)))) s) = set q (get p (seen s)) (seen s).
Proof. intros p q s i H. rewrite seen_set, seen_get, H. auto. Qed.

(** Removing a name: seen from layer T, that name is gone and nothing else; other links keep the file. *)
Theorem unlink_refines : forall p s,
  seen (iset (Named p) (Of (Object None)) s) = set p (Object None) (seen s).
Proof. intros p s. rewrite seen_set. auto. Qed.

(** Renaming moves whatever the name has, files and directories alike. *)
Theorem rename_refines : forall p q s,
  seen (iset (Named q) (Of (get p (names s))) (iset (Named p) (Of (Object None)) s)) =
  set q (get p (seen s)) (set p (Object None) (seen s)).
Proof. intros p q s. rewrite seen_set, seen_set. simpl. rewrite seen_get. auto. Qed.

(** A file with several names is one: what is written through one name is read through every other. *)
Theorem write_reaches_every_name : forall d n s i c, iwf s ->
  get (Entry d n) (names s) = Object (Some (Leaf i)) ->
  get (Entry d n) (seen (iset (Inode i) (Node (Some c)) s)) = Object (Some (Leaf c)).
Proof.
  intros d n [t b] i c [W S] H. rewrite seen_get. simpl names in *. simpl nodes. rewrite H. simpl.
  unfold node_of. rewrite find_put; auto.
Qed.
