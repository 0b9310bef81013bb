(* SPDX-License-Identifier: MPL-2.0 *)
(** * Sorted entries

    The entries of a directory: names, coded as numbers, in increasing order. Because they are sorted, two directories with
    the same entries are the same term, and "the same state" can be said with plain equality. *)

From Coq Require Import List NArith Lia.
Import ListNotations.
Open Scope N_scope.

Section Entries.
Variable A : Type.
Definition entries := list (N * A).

Fixpoint find (n : N) (es : entries) : option A :=
  match es with
  | [] => None
  | (k, a) :: rest =>
    match n ?= k with Eq => Some a | Lt => None | Gt => find n rest end
  end.

(** Gives a name a value, or takes the name away. *)
Fixpoint put (n : N) (v : option A) (es : entries) : entries :=
  match es with
  | [] => match v with Some a => [(n, a)] | None => [] end
  | (k, b) :: rest =>
    match n ?= k with
    | Eq => match v with Some a => (n, a) :: rest | None => rest end
    | Lt => match v with Some a => (n, a) :: es | None => es end
    | Gt => (k, b) :: put n v rest
    end
  end.

Definition below (k : N) (es : entries) : Prop := Forall (fun e => k < fst e) es.

Fixpoint sorted (es : entries) : Prop :=
  match es with [] => True | (k, _) :: rest => below k rest /\ sorted rest end.

Ltac compare n k := destruct (N.compare_spec n k).

Lemma below_trans : forall k l es, k < l -> below l es -> below k es.
Proof. unfold below. intros. eapply Forall_impl; [|eassumption]. simpl. intros; lia. Qed.

Lemma find_below : forall n es, below n es -> find n es = None.
Proof.
  intros n [|[k a] es] H; simpl; auto. inversion H; subst; simpl in *. compare n k; auto; lia.
Qed.

Lemma put_below : forall n v es, below n es -> put n v es = match v with Some a => (n, a) :: es | None => es end.
Proof.
  intros n v [|[k a] es] H; simpl; auto. inversion H; subst; simpl in *. compare n k; auto; lia.
Qed.

Lemma below_put : forall k n v es, k < n -> below k es -> below k (put n v es).
Proof.
  unfold below. induction es as [|[l b] es IH]; simpl; intros K B.
  - destruct v; auto.
  - inversion B; subst. compare n l; destruct v; auto.
Qed.

Lemma sorted_put : forall n v es, sorted es -> sorted (put n v es).
Proof.
  induction es as [|[k b] es IH]; simpl; intros S.
  - destruct v; simpl; auto. split; auto. constructor.
  - destruct S as [B S]. compare n k; subst; destruct v; simpl; auto; repeat split; auto.
    + constructor; simpl; auto. eapply below_trans; eauto.
    + apply below_put; auto.
    + apply below_put; auto.
Qed.

Lemma find_put : forall n v es, sorted es -> find n (put n v es) = v.
Proof.
  induction es as [|[k b] es IH]; simpl; intros S.
  - destruct v; simpl; auto. rewrite N.compare_refl; auto.
  - destruct S as [B S]. compare n k; subst.
    + destruct v; simpl. rewrite N.compare_refl; auto. apply find_below; auto.
    + destruct v; simpl. rewrite N.compare_refl; auto. compare n k; auto; lia.
    + simpl. compare n k; auto; lia.
Qed.

Lemma find_put_other : forall n m v es, sorted es -> n <> m -> find n (put m v es) = find n es.
Proof.
  induction es as [|[k b] es IH]; simpl; intros S D.
  - destruct v; simpl; auto. compare n m; auto; congruence.
  - destruct S as [B S]. compare m k; subst.
    + destruct v; simpl; compare n k; auto; try congruence. apply find_below; eapply below_trans; eauto.
    + destruct v; simpl; auto. compare n m; auto; try congruence. compare n k; auto; lia.
    + simpl. compare n k; auto.
Qed.

Lemma put_put : forall n v w es, sorted es -> put n v (put n w es) = put n v es.
Proof.
  induction es as [|[k b] es IH]; simpl; intros S.
  - destruct w; simpl; auto. rewrite N.compare_refl; auto.
  - destruct S as [B S]. compare n k; subst.
    + destruct w; simpl. rewrite N.compare_refl; auto. apply put_below; auto.
    + destruct w; simpl. rewrite N.compare_refl; auto. compare n k; auto; lia.
    + simpl. compare n k; try lia. rewrite IH; auto.
Qed.

Lemma put_find : forall n es, sorted es -> put n (find n es) es = es.
Proof.
  induction es as [|[k b] es IH]; simpl; intros S; auto.
  destruct S as [B S]. compare n k; subst; simpl; auto. rewrite IH; auto.
Qed.

(** Two sorted lists that answer every question alike are the same list. *)
Lemma find_ext : forall es fs, sorted es -> sorted fs -> (forall n, find n es = find n fs) -> es = fs.
Proof.
  induction es as [|[k a] es IH]; destruct fs as [|[l b] fs]; simpl; intros S T E; auto.
  - specialize (E l). rewrite N.compare_refl in E. discriminate.
  - specialize (E k). rewrite N.compare_refl in E. discriminate.
  - destruct S as [B S], T as [C T].
    assert (k = l).
    { pose proof (E k) as K. pose proof (E l) as L. rewrite N.compare_refl in K, L.
      compare k l; auto; try discriminate. compare l k; try lia; discriminate. }
    subst l. pose proof (E k) as K. rewrite N.compare_refl in K. inversion K; subst. f_equal. apply IH; auto.
    intros n. specialize (E n). compare n k; auto; subst; rewrite !find_below; auto;
      eapply below_trans; eauto.
Qed.

Lemma put_comm : forall n m v w es, sorted es -> n <> m -> put n v (put m w es) = put m w (put n v es).
Proof.
  intros n m v w es S D. apply find_ext; auto using sorted_put. intros k.
  destruct (N.eq_dec k n) as [E|E]; destruct (N.eq_dec k m) as [F|F]; subst; try congruence;
    repeat (rewrite ?find_put, ?find_put_other by auto using sorted_put); auto.
Qed.

Lemma find_in : forall n a es, find n es = Some a -> In (n, a) es.
Proof.
  induction es as [|[k b] es IH]; simpl; intros H; [discriminate|].
  compare n k; subst; try discriminate; auto. inversion H; auto.
Qed.

(** What holds of all values goes on holding when one is put in for which it holds. *)
Lemma forall_put : forall (P : A -> Prop) n v es, (forall a, v = Some a -> P a) ->
  Forall (fun e => P (snd e)) es -> Forall (fun e => P (snd e)) (put n v es).
Proof.
  induction es as [|[k b] es IH]; simpl; intros V F.
  - destruct v; auto.
  - inversion F; subst. compare n k; destruct v; auto.
Qed.

End Entries.

Arguments find {A}.
Arguments put {A}.
Arguments sorted {A}.
Arguments below {A}.
