(* SPDX-License-Identifier: MPL-2.0 *)
(** * Operations

    What the file commands ask of the kernel: each looks at the state and plans assignments, or fails with an error of
    XSH. The order in which errors are found is the kernel's (compared with it by the oracle, for every operation in every
    situation of its paths, asked by root and by another user). *)

From Coq Require Import List NArith Bool.
From Vsh Require Import Entries Cells Tree Inodes Access Resolver.
Import ListNotations.
Open Scope N_scope.

Definition iplan := plan iplace ivalue.
Definition irun := run istate iplace ivalue iset.
Definition iinverse := inverse istate iplace ivalue iget iset.

(** A path: whether it begins at the root, its components, and how many bytes it has. *)
Record where_ := Where { from_root : bool; components : list component; bytes : N }.

Inductive op :=
| Mkdir (w : where_) (mode : N)
| Rmdir (w : where_)
| Write (w : where_) (content : list N) (mode : N)      (* open with O_CREAT and O_TRUNC, and write *)
| Append (w : where_) (content : list N) (mode : N)
| Truncate (w : where_) (size : N)
| Unlink (w : where_)
| Link (old new : where_)                               (* a link at the end of the old path is not followed *)
| MakeSymlink (w : where_) (target : where_)
| Rename (old new : where_)
| Chmod (w : where_) (mode : N)
| Chown (w : where_) (owner group : N)
| Utime (w : where_) (to : option N)                    (* nothing: the present time *)
| Stat (w : where_) (follow : bool)
| ReadLink (w : where_)
| Read (w : where_)                                     (* open for reading *)
| RemoveTree (w : where_).

(** ** Looking *)

(** What the kernel takes at most of a path, with the byte behind it. *)
Definition path_limit : N := 4096.

(** A path as a text: it cannot be empty, nor too long. *)
Definition text_error (w : where_) : option error :=
  if bytes w =? 0 then Some ENOENT else if path_limit <=? bytes w then Some ENAMETOOLONG else None.

Definition resolve (c : caller) (s : istate) (follow : following) (w : where_) : ending + error :=
  match text_error w with
  | Some e => inr e
  | None => walk (steps c) link_limit follow c s (if from_root w then [] else cwd c) (components w)
  end.

Definition entry_at (s : istate) (p : position) (n : N) : option (tree N) :=
  match directory s p with Some es => find n es | None => None end.

(** An object that exists: a directory, or what a number stands for. *)
Inductive object := ADirectory (d : path) | ANode (i : N).

(** The object that a path leads to, for what looks through names. A slash behind a name asks for a directory. *)
Definition find_object (c : caller) (s : istate) (follow : bool) (w : where_) : object + error :=
  match resolve c s (Following follow true) w with
  | inr e => inr e
  | inl (Ending p (Name n) slash) =>
    match entry_at s p n with
    | None => inr ENOENT
    | Some (Dir _ _) => inl (ADirectory (rev p ++ [n]))
    | Some (Leaf i) => if slash then inr ENOTDIR else inl (ANode i)
    end
  | inl (Ending p Up _) => inl (ADirectory (rev (tl p)))
  | inl (Ending _ Long _) => inr ENAMETOOLONG
  | inl (Ending p _ _) => inl (ADirectory (rev p))
  end.

Definition node_meta (n : node) : meta := match n with File m _ => m | Symlink m _ _ => m end.

Definition no_meta : meta := Meta 0 0 0 0.

Definition directory_meta (s : istate) (d : path) : meta :=
  match at_path d (names s) with Some (Dir m _) => m | _ => no_meta end.

Definition number_meta (s : istate) (i : N) : meta := match find i (nodes s) with Some n => node_meta n | None => no_meta end.

Definition tree_meta (s : istate) (t : tree N) : meta := match t with Dir m _ => m | Leaf i => number_meta s i end.

Definition object_meta (s : istate) (o : object) : meta :=
  match o with ADirectory d => directory_meta s d | ANode i => number_meta s i end.

(** ** Assignments *)

Definition name (p : position) (n : N) (t : option (tree N)) : iplace * ivalue :=
  (Named (Entry (rev p) n), Of (Object t)).

Definition inode (i : N) (o : option node) : iplace * ivalue := (Inode i, Node o).

(** The assignment that gives a directory the present time, if it is there. *)
Definition touch (c : caller) (s : istate) (p : position) : iplan :=
  match at_path (rev p) (names s) with
  | Some (Dir m _) =>
    [(Named (Attributes (rev p)), Of (Metadata (Some (Meta (mode m) (owner m) (group m) (now c)))))]
  | _ => []
  end.

(** The assignment that changes the attributes of an object. *)
Definition with_attributes (s : istate) (o : object) (f : meta -> meta) : iplan :=
  match o with
  | ADirectory d => [(Named (Attributes d), Of (Metadata (Some (f (directory_meta s d)))))]
  | ANode i =>
    match find i (nodes s) with
    | Some (File m b) => [inode i (Some (File (f m) b))]
    | Some (Symlink m a t) => [inode i (Some (Symlink (f m) a t))]
    | None => []
    end
  end.

(** How many names a number has in a tree. *)
Fixpoint count (i : N) (t : tree N) : N :=
  match t with
  | Leaf j => if i =? j then 1 else 0
  | Dir _ es => (fix all es := match es with [] => 0 | (_, u) :: r => count i u + all r end) es
  end.

Fixpoint leaves (t : tree N) : list N :=
  match t with
  | Leaf j => [j]
  | Dir _ es => (fix all es := match es with [] => [] | (_, u) :: r => leaves u ++ all r end) es
  end.

(** Numbers that have no name left when [t] is gone. *)
Definition drop (s : istate) (t : tree N) : iplan :=
  map (fun i => inode i None)
    (filter (fun i => count i (names s) =? count i t) (nodup N.eq_dec (leaves t))).

Definition fresh (s : istate) : N := fold_left (fun m e => N.max m (fst e + 1)) (nodes s) 1.

Definition is_dir (t : tree N) : bool := match t with Dir _ _ => true | Leaf _ => false end.
Definition is_empty (t : tree N) : bool := match t with Dir _ [] => true | _ => false end.

(** ** Names *)

(** Where a name can be made. A slash behind it is for directories. *)
Definition free_name (c : caller) (s : istate) (slashes : bool) (w : where_) : (position * N) + error :=
  match resolve c s no_link w with
  | inr e => inr e
  | inl (Ending p (Name n) slash) =>
    match entry_at s p n with
    | Some _ => inr EEXIST
    | None => if slash && negb slashes then inr ENOENT else inl (p, n)
    end
  | inl (Ending _ Long _) => inr ENAMETOOLONG
  | inl _ => inr EEXIST
  end.

(** Whether names in a directory may be made. *)
Definition writable (c : caller) (s : istate) (p : position) : bool := may_write c (directory_meta s (rev p)).

(** Whether a name for a thing in a directory may be taken away; if not, why. *)
Definition removal_error (c : caller) (s : istate) (p : position) (t : tree N) : option error :=
  if negb (writable c s p) then Some EACCES
  else if is_kept c (directory_meta s (rev p)) (tree_meta s t) then Some EPERM
  else None.

(** Whether what is not its own may be given a further name. *)
Definition may_link (c : caller) (s : istate) (o : object) : bool :=
  negb (guards_links c) || owns c (object_meta s o) ||
  match o with
  | ANode i =>
    match find i (nodes s) with Some (File m _) => may_read c m && may_write c m | _ => false end
  | ADirectory _ => false
  end.

Definition write (c : caller) (s : istate) (w : where_) (mode : N) (f : list N -> list N) : iplan + error :=
  match resolve c s (Following true false) w with
  | inr e => inr e
  | inl (Ending p (Name n) false) =>
    match entry_at s p n with
    | Some (Dir _ _) => inr EISDIR
    | Some (Leaf i) =>
      match find i (nodes s) with
      | Some (File m b) =>
        if may_write c m then inl [inode i (Some (File (Meta (Tree.mode m) (owner m) (group m) (now c)) (f b)))] else inr EACCES
      | _ => inr EINVAL
      end
    | None =>
      if writable c s p then
        let i := fresh s in
        inl (inode i (Some (File (Meta mode (uid c) (gid c) (now c)) (f []))) :: name p n (Some (Leaf i)) :: touch c s p)
      else inr EACCES
    end
  | inl (Ending _ Long false) => inr ENAMETOOLONG
  | inl _ => inr EISDIR
  end.

(** To a size: cut off, or with zeros behind. *)
Definition resized (size : N) (b : list N) : list N :=
  firstn (N.to_nat size) b ++ repeat 0 (N.to_nat (size - N.of_nat (length b))).

Definition truncate (c : caller) (s : istate) (w : where_) (size : N) : iplan + error :=
  match find_object c s true w with
  | inr e => inr e
  | inl (ADirectory _) => inr EISDIR
  | inl (ANode i) =>
    match find i (nodes s) with
    | Some (File m b) =>
      if may_write c m then inl [inode i (Some (File (Meta (mode m) (owner m) (group m) (now c)) (resized size b)))] else inr EACCES
    | _ => inr EINVAL
    end
  end.

Fixpoint is_prefix (a b : path) : bool :=
  match a, b with [], _ => true | x :: a', y :: b' => (x =? y) && is_prefix a' b' | _, [] => false end.

Definition same_object (t u : tree N) : bool := match t, u with Leaf i, Leaf j => i =? j | _, _ => false end.

(** Of a name [n] in [p] to [m] in [q]; [slash]: one stands behind one of the two. *)
Definition rename (c : caller) (s : istate) (p : position) (n : N) (q : position) (m : N) (slash : bool) : iplan + error :=
  match entry_at s p n with
  | None => inr ENOENT
  | Some t =>
    let move := [name p n None; name q m (Some t)] ++ touch c s p ++ touch c s q in
    (* The `..` of a directory that comes into another is written to. *)
    let is_held := is_dir t && negb (list_eqb N.eqb p q) && negb (may_write c (tree_meta s t)) in
    if negb (is_dir t) && slash then inr ENOTDIR
    else if is_prefix (rev p ++ [n]) (rev q) then inr EINVAL
    else if is_prefix (rev q ++ [m]) (rev p) then inr ENOTEMPTY
    else match entry_at s q m with
    | None =>
      match removal_error c s p t with
      | Some e => inr e
      | None => if negb (writable c s q) then inr EACCES else if is_held then inr EACCES else inl move
      end
    | Some u =>
      if same_object t u || list_eqb N.eqb (n :: p) (m :: q) then inl []
      else match removal_error c s p t with
      | Some e => inr e
      | None =>
        match removal_error c s q u with
        | Some e => inr e
        | None =>
          if is_dir t && negb (is_dir u) then inr ENOTDIR
          else if negb (is_dir t) && is_dir u then inr EISDIR
          else if is_held then inr EACCES
          else if is_dir u && negb (is_empty u) then inr ENOTEMPTY
          else inl (move ++ drop s u)
        end
      end
    end
  end.

Definition plain (c : component) : bool := match c with Name _ | Long => true | _ => false end.

Definition planned (c : caller) (o : op) (s : istate) : iplan + error :=
  match o with
  | Mkdir w mode =>
    match free_name c s true w with
    | inr e => inr e
    | inl (p, n) =>
      if writable c s p
      then inl (name p n (Some (Dir (Meta mode (uid c) (gid c) (now c)) [])) :: touch c s p)
      else inr EACCES
    end
  | Rmdir w =>
    match resolve c s no_link w with
    | inr e => inr e
    | inl (Ending p (Name n) _) =>
      match entry_at s p n with
      | None => inr ENOENT
      | Some t =>
        match removal_error c s p t with
        | Some e => inr e
        | None =>
          if negb (is_dir t) then inr ENOTDIR else if negb (is_empty t) then inr ENOTEMPTY
          else inl (name p n None :: touch c s p)
        end
      end
    | inl (Ending _ Up _) => inr ENOTEMPTY
    | inl (Ending _ Long _) => inr ENAMETOOLONG
    | inl _ => inr (match components w with [] => EBUSY | _ => EINVAL end)
    end
  | Write w content mode => write c s w mode (fun _ => content)
  | Append w content mode => write c s w mode (fun old => old ++ content)
  | Truncate w size => truncate c s w size
  | Unlink w =>
    match resolve c s no_link w with
    | inr e => inr e
    | inl (Ending p (Name n) slash) =>
      match entry_at s p n with
      | None => inr ENOENT
      | Some t =>
        if slash then inr (if is_dir t then EISDIR else ENOTDIR)
        else match removal_error c s p t with
        | Some e => inr e
        | None => if is_dir t then inr EISDIR else inl (name p n None :: touch c s p ++ drop s t)
        end
      end
    | inl (Ending _ Long _) => inr ENAMETOOLONG
    | inl _ => inr EISDIR
    end
  | Link old new =>
    match find_object c s false old with
    | inr e => inr e
    | inl found =>
      match free_name c s false new with
      | inr e => inr e
      | inl (q, m) =>
        if negb (may_link c s found) then inr EPERM
        else if negb (writable c s q) then inr EACCES
        else match found with
        | ADirectory _ => inr EPERM
        | ANode i => inl (name q m (Some (Leaf i)) :: touch c s q)
        end
      end
    end
  | MakeSymlink w target =>
    match text_error target with
    | Some e => inr e
    | None =>
      match free_name c s false w with
      | inr e => inr e
      | inl (p, n) =>
        if writable c s p then
          let i := fresh s in
          inl (inode i (Some (Symlink (Meta 511 (uid c) (gid c) (now c)) (from_root target) (components target)))
            :: name p n (Some (Leaf i)) :: touch c s p)
        else inr EACCES
      end
    end
  | Rename old new =>
    match resolve c s no_link old with
    | inr e => inr e
    | inl (Ending p a slash) =>
      match resolve c s no_link new with
      | inr e => inr e
      | inl (Ending q b slash') =>
        if negb (plain a && plain b) then inr EBUSY
        else match a, b with
        | Name n, Name m => rename c s p n q m (slash || slash')
        | Name n, _ => inr (match entry_at s p n with None => ENOENT | Some _ => ENAMETOOLONG end)
        | _, _ => inr ENAMETOOLONG
        end
      end
    end
  | Chmod w mode =>
    match find_object c s true w with
    | inr e => inr e
    | inl found =>
      if owns c (object_meta s found)
      then inl (with_attributes s found (fun m => Meta mode (owner m) (group m) (time m)))
      else inr EPERM
    end
  | Chown w owner group =>
    match find_object c s true w with
    | inr e => inr e
    | inl found =>
      let m := object_meta s found in
      if is_root c || ((uid c =? Tree.owner m) && (owner =? Tree.owner m) && ((group =? Tree.group m) || (group =? gid c)))
      then inl (with_attributes s found (fun m => Meta (mode m) owner group (time m)))
      else inr EPERM
    end
  | Utime w to =>
    match find_object c s true w with
    | inr e => inr e
    | inl found =>
      let m := object_meta s found in
      match to with
      | Some t =>
        if owns c m then inl (with_attributes s found (fun m => Meta (mode m) (owner m) (group m) t)) else inr EPERM
      | None =>
        if owns c m || may_write c m
        then inl (with_attributes s found (fun m => Meta (mode m) (owner m) (group m) (now c))) else inr EACCES
      end
    end
  | Stat w follow =>
    match find_object c s follow w with inr e => inr e | inl _ => inl [] end
  | ReadLink w =>
    match find_object c s false w with
    | inr e => inr e
    | inl (ADirectory _) => inr EINVAL
    | inl (ANode i) => match find i (nodes s) with Some (Symlink _ _ _) => inl [] | _ => inr EINVAL end
    end
  | Read w =>
    match find_object c s true w with
    | inr e => inr e
    | inl found => if may_read c (object_meta s found) then inl [] else inr EACCES
    end
  | RemoveTree w =>
    match resolve c s no_link w with
    | inr e => inr e
    | inl (Ending p (Name n) _) =>
      match entry_at s p n with
      | None => inr ENOENT
      | Some t => inl (name p n None :: touch c s p ++ drop s t)
      end
    | inl _ => inr EINVAL
    end
  end.

(** Doing an operation: its plan is run, or the error is returned and nothing changes. *)
Definition perform (c : caller) (o : op) (s : istate) : istate * option error :=
  match planned c o s with inl a => (irun a s, None) | inr e => (s, Some e) end.

(** For proofs: all the ways in which something can have been planned. *)
Ltac cases H :=
  repeat match type of H with
  | inr _ = inl _ => discriminate H
  | match ?x with _ => _ end = inl _ => destruct x eqn:?
  | (if ?x then _ else _) = inl _ => destruct x eqn:?
  end; try discriminate H.
