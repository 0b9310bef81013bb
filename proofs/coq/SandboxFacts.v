(* SPDX-License-Identifier: MPL-2.0 *)
(** * Nothing outside the sandbox is changed

    Theorem 6 for the shell: the kernel searches ([Resolver.walk]), the shell decides ([Sandbox]). Whatever links and `..` a name
    has, the change is made below one of the zones, outside of the shell's own directories, and at a name that is no link that
    would lead on. *)

From Coq Require Import List NArith Bool Lia.
From Vsh Require Import Entries Cells Tree Inodes Access Resolver Sandbox.
Import ListNotations.
Open Scope N_scope.

Section Search.

(** What the shell found last: a directory, and a name in it or the directory itself. *)
Inductive place := At (directory : Path) (name : Name) | Itself (directory : Path).

Definition allowed (b : Bounds) (replaces : bool) (p : place) : bool :=
  match p with At d n => allowsName n d replaces b | Itself d => allows d b end.

(** One search of the kernel's: the directory that a path's last component is in; whether a slash stands behind that. *)
Definition found (c : caller) (s : istate) (from : position) (cs : list component) : option (place * bool) :=
  match walk (steps c) link_limit no_link c s from cs with
  | inl (Ending q (Inodes.Name n) slash) => Some (At (rev q) n, slash)
  | inl (Ending q Here _) => Some (Itself (rev q), false)
  | inl (Ending q Up _) => Some (Itself (rev (tl q)), false)
  | _ => None
  end.

Definition target_at (s : istate) (p : place) : option (bool * list component) :=
  match p with
  | At d n =>
    match directory s (rev d) with
    | Some es => match Entries.find n es with Some t => link_of s t | None => None end
    | None => None
    end
  | Itself _ => None
  end.

(** Failed: there is no such directory, or there are too many links. *)
Inductive outcome := Used (p : place) | Refused | Failed | Unfinished.

(** The searches of the shell. *)
Fixpoint confined (rounds : nat) (c : caller) (b : Bounds) (replaces : bool) (search : ConfinedSearch) (s : istate)
  (from : position) (cs : list component) : outcome :=
  match rounds with
  | O => Unfinished
  | S rounds' =>
    match found c s from cs with
    | None => Failed
    | Some (p, slash) =>
      match confinedStep (allowed b replaces p) (match target_at s p with Some _ => true | None => false end) slash search with
      | ConfinedStep_use => Used p
      | ConfinedStep_refuse => Refused
      | ConfinedStep_tooManyLinks => Failed
      | ConfinedStep_search next =>
        match target_at s p with
        | Some (absolute, target) =>
          confined rounds' c b replaces next s
            (if absolute then [] else match p with At d _ => rev d | Itself d => rev d end)
            (target ++ if slash then [Slash] else [])
        | None => Failed
        end
      end
    end
  end.

Lemma isBelow_spec : forall d p, isBelow p d = true <-> exists rest, p = d ++ rest.
Proof.
  induction d as [|x d IH]; simpl; intros p.
  - split; [eauto|]. destruct p; reflexivity.
  - destruct p as [|y p]; simpl.
    + split; [discriminate|]. intros [rest E]; discriminate.
    + rewrite andb_true_iff, N.eqb_eq, IH. split.
      * intros [-> [rest ->]]. eauto.
      * intros [rest E]. inversion E; subst. split; eauto.
Qed.

Definition directory_of (p : place) : Path := match p with At d _ => d | Itself d => d end.
Definition path_of (p : place) : Path := match p with At d n => d ++ [n] | Itself d => d end.

(** What the bounds allow lies below a zone, is none of the shell's own and lies in none; and when it may be replaced, it
    holds none. *)
Theorem allowed_is_inside : forall b replaces p, allowed b replaces p = true ->
  (exists zone rest, In zone (zones b) /\ directory_of p = zone ++ rest) /\
  (forall place rest, In place (own b) -> path_of p <> place ++ rest) /\
  ~ In (store b) (path_of p) /\
  (forall d n, p = At d n -> replaces = true -> forall place rest, In place (own b) -> place <> path_of p ++ rest).
Proof.
  intros b replaces p A.
  assert (Z : isInZone (directory_of p) b = true /\ isForbidden (path_of p) b = false).
  { destruct p as [d n|d]; simpl in *; unfold allowsName, allows in A; rewrite !andb_true_iff in A; unfold appending in A.
    - destruct A as [[A B] _]. apply negb_true_iff in B. auto.
    - destruct A as [A B]. apply negb_true_iff in B. auto. }
  destruct Z as [Z F]. unfold isForbidden in F. apply orb_false_iff in F. destruct F as [F G].
  split; [|split; [|split]].
  - apply existsb_exists in Z. destruct Z as (zone & I & B). apply isBelow_spec in B. destruct B as [rest E]. eauto.
  - intros place rest I E. assert (X : existsb (fun place => isBelow (path_of p) place) (own b) = true).
    { apply existsb_exists. exists place. split; auto. apply isBelow_spec. eauto. }
    congruence.
  - intros I. assert (X : hasName (path_of p) (store b) = true).
    { apply existsb_exists. exists (store b). split; auto. apply N.eqb_refl. }
    congruence.
  - intros d n -> R place rest I E. simpl in A. unfold allowsName in A. rewrite !andb_true_iff in A. destruct A as [_ A].
    rewrite R in A. simpl in A. apply negb_true_iff in A.
    assert (X : existsb (fun place => isBelow place (appending d n)) (own b) = true).
    { apply existsb_exists. exists place. split; auto. apply isBelow_spec. eauto. }
    congruence.
Qed.

(** In a free directory every name is allowed that is not a store's and does not lead to the shell's own. *)
Theorem free_directory : forall b d n replaces, isFree d b = true -> n <> store b ->
  (forall place, In place (own b) -> isBelow place (appending d n) = false) -> allowsName n d replaces b = true.
Proof.
  intros b d n replaces O Ne L. unfold isFree in O. apply andb_true_iff in O. destruct O as [Z F].
  apply negb_true_iff in F. unfold isForbidden in F. apply orb_false_iff in F. destruct F as [F G].
  unfold allowsName. rewrite Z. simpl. apply andb_true_iff. split; apply negb_true_iff.
  - unfold isForbidden. apply orb_false_iff. split.
    + destruct (existsb (fun place => isBelow (appending d n) place) (own b)) eqn:E; auto. apply existsb_exists in E.
      destruct E as (place & I & B). apply isBelow_spec in B. destruct B as [rest E]. exfalso.
      destruct rest as [|r0 rest0].
      * rewrite app_nil_r in E. specialize (L place I). rewrite (proj2 (isBelow_spec (appending d n) place)) in L; [discriminate|].
        exists []. rewrite app_nil_r. congruence.
      * destruct (@exists_last N (r0 :: rest0)) as (front & x & R); [discriminate|]. unfold appending in E.
        rewrite R, app_assoc in E. apply app_inj_tail in E. destruct E as [E _].
        rewrite (proj2 (existsb_exists _ _)) in F; [discriminate|]. exists place. split; auto. apply isBelow_spec. eauto.
    + unfold hasName, appending in *. rewrite existsb_app, G. simpl. rewrite (proj2 (N.eqb_neq n (store b))); auto.
  - destruct replaces; auto. simpl. destruct (existsb (fun place => isBelow place (appending d n)) (own b)) eqn:E; auto.
    apply existsb_exists in E. destruct E as (place & I & B). rewrite (L place I) in B. discriminate.
Qed.

(** Theorem 6: wherever a name leads, through any links and any `..`, what is used lies in a real directory in or below a
    zone, and neither it nor what it lies in is the shell's own; when links are to be followed it is no link. *)
Theorem sandbox_contains : forall rounds c b replaces search s from cs p,
  is_directory s [] -> is_directory s from -> confined rounds c b replaces search s from cs = Used p ->
  (exists zone rest, In zone (zones b) /\ directory_of p = zone ++ rest) /\
  (forall place rest, In place (own b) -> path_of p <> place ++ rest) /\
  is_directory s (rev (directory_of p)) /\
  (follow search = true -> target_at s p = None).
Proof.
  induction rounds as [|rounds IH]; intros c b replaces [fo th n] s from cs p R D H; simpl in H; [discriminate|].
  destruct (found c s from cs) as [[q slash]|] eqn:F; [|discriminate].
  assert (Q : is_directory s (rev (directory_of q)))
    by (unfold found in F; destruct (walk (steps c) link_limit no_link c s from cs) as [[w [| |m| |] sl]|e] eqn:W;
        inversion F; subst; simpl; rewrite rev_involutive;
        pose proof (resolution_is_physical _ _ _ _ _ _ _ _ R D W); auto using directory_pop).
  unfold confinedStep in H. simpl in H.
  destruct (allowed b replaces q) eqn:A; destruct (target_at s q) as [[absolute target]|] eqn:T;
    destruct fo, th, slash, (40 <=? n); simpl in H; try discriminate.
  all: try (inversion H; subst; destruct (allowed_is_inside b replaces p A) as (X1 & X2 & _); repeat split; auto;
    simpl; first [discriminate | congruence]).
  all: match type of H with confined _ _ _ _ ?next _ _ _ = _ => apply (IH c b replaces next s _ _ p R) in H; [exact H|] end.
  all: destruct absolute; auto; destruct q; simpl in Q; exact Q.
Qed.

(** Every search ends: after no more links than the kernel follows. *)
Theorem search_ends : forall rounds c b replaces search s from cs,
  followed search <= 40 -> 40 < followed search + N.of_nat rounds ->
  confined rounds c b replaces search s from cs <> Unfinished.
Proof.
  induction rounds as [|rounds IH]; intros c b replaces [fo th n] s from cs L M;
    cbn [confined followed] in *; [lia|].
  destruct (found c s from cs) as [[q slash]|]; [|discriminate].
  unfold confinedStep. cbn [followed].
  destruct (target_at s q) as [[absolute target]|]; cbn [andb];
    repeat match goal with |- context [if ?x then _ else _] => destruct x eqn:? end; try discriminate;
    try (destruct (allowed b replaces q); discriminate).
  all: apply IH; cbn [followed]; rewrite ?N.leb_gt in *; lia.
Qed.

End Search.
