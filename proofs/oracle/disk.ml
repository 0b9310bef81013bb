(* SPDX-License-Identifier: MPL-2.0
   The disk as a state of the model: names as numbers, paths as components, trees as terms. *)

open Model

let codes : (string, int) Hashtbl.t = Hashtbl.create 64
let texts : (int, string) Hashtbl.t = Hashtbl.create 64

let code text =
  match Hashtbl.find_opt codes text with
  | Some c -> c
  | None ->
    let c = Hashtbl.length codes + 1 in
    Hashtbl.add codes text c; Hashtbl.add texts c text; c

(* Paths *)

let too_long = String.make 256 'n'

let component_of name =
  match name with
  | "." -> Here
  | ".." -> Up
  | _ -> if String.length name > 255 then Long else Name (code name)

let text_of = function Here -> "." | Up -> ".." | Name c -> Hashtbl.find texts c | Long -> too_long | Slash -> ""

let where text =
  let names = List.filter (fun s -> s <> "") (String.split_on_char '/' text) in
  let from_root = text <> "" && text.[0] = '/' in
  let slash = if names <> [] && text.[String.length text - 1] = '/' then [ Slash ] else [] in
  { from_root; components = List.map component_of names @ slash; bytes = String.length text }

let shown w = (if w.from_root then "/" else "") ^ String.concat "/" (List.map text_of w.components)

(* A path for a message *)
let brief w = let text = shown w in if String.length text > 100 then String.sub text 0 40 ^ "..." else text

(* States *)

let bytes_of text = List.init (String.length text) (fun i -> Char.code text.[i])
let string_of bytes = String.concat "" (List.map (fun b -> String.make 1 (Char.chr b)) bytes)

(* Not by a channel: each has a buffer of its own, for the collector to clean up after. *)
let buffer = Bytes.create 65536

let contents path =
  let fd = Unix.openfile path [ Unix.O_RDONLY; Unix.O_CLOEXEC ] 0 in
  Fun.protect ~finally:(fun () -> Unix.close fd) (fun () -> Bytes.sub_string buffer 0 (Unix.read fd buffer 0 (Bytes.length buffer)))

let read top =
  let numbers = Hashtbl.create 64 and table = ref [] in
  let rec go path =
    let s = Unix.lstat path in
    let meta = { mode = s.st_perm; owner = s.st_uid; group = s.st_gid; time = int_of_float (s.st_mtime *. 1e6) } in
    let leaf node =
      match Hashtbl.find_opt numbers (s.st_dev, s.st_ino) with
      | Some n -> Leaf n
      | None ->
        let n = Hashtbl.length numbers + 1 in
        Hashtbl.add numbers (s.st_dev, s.st_ino) n;
        table := (n, node ()) :: !table;
        Leaf n in
    match s.st_kind with
    | Unix.S_DIR ->
      let entries = List.sort compare (List.map (fun n -> (code n, n)) (Array.to_list (Sys.readdir path))) in
      Dir (meta, List.map (fun (c, n) -> (c, go (path ^ "/" ^ n))) entries)
    | Unix.S_LNK ->
      let target = where (Unix.readlink path) in
      leaf (fun () -> Symlink (meta, target.from_root, target.components))
    | _ -> leaf (fun () -> File (meta, bytes_of (contents path))) in
  let names = go top in
  { names; nodes = List.rev !table }

(* Numbers of inodes in the order in which a walk meets them: the same for the same hard links *)
let canonical s =
  let numbers = Hashtbl.create 64 and table = ref [] in
  let rec go = function
    | Leaf i ->
      (match Hashtbl.find_opt numbers i with
       | Some n -> Leaf n
       | None ->
         let n = Hashtbl.length numbers + 1 in
         Hashtbl.add numbers i n;
         table := (n, List.assoc i s.nodes) :: !table;
         Leaf n)
    | Dir (m, es) -> Dir (m, List.map (fun (k, t) -> let u = go t in (k, u)) es) in
  let names = go s.names in
  { names; nodes = List.rev !table }

(* The states before and after a command without second names of files that others took away since: what is still there of
   such a file is what undo is about. *)
let without_lost_names s0 s1 s2 =
  let leaves s =
    let rec go path = function
      | Leaf n -> [ (List.rev path, n) ]
      | Dir (_, es) -> List.concat_map (fun (c, t) -> go (c :: path) t) es in
    go [] s.names in
  let l0 = leaves s0 and l1 = leaves s1 and l2 = leaves s2 in
  let is_lost (p, n) =
    match List.assoc_opt p l0 with
    | None -> false
    | Some n0 ->
      let there = List.assoc_opt p l2 in
      let is_apart q = match List.assoc_opt q l2 with None -> false | some -> some <> there in
      List.exists (fun (q, m) -> q <> p && m = n0 && (there = None || (List.assoc_opt q l1 = Some n && is_apart q))) l0 in
  let lost = List.map fst (List.filter is_lost l1) in
  let rec prune path = function
    | Leaf n -> Leaf n
    | Dir (m, es) ->
      let kept = List.filter (fun (c, _) -> not (List.mem (List.rev (c :: path)) lost)) es in
      Dir (m, List.map (fun (c, t) -> (c, prune (c :: path) t)) kept) in
  ({ s0 with names = prune [] s0.names }, { s1 with names = prune [] s1.names })

let rec describe_tree nodes indent = function
  | Leaf i ->
    (match List.assoc_opt i nodes with
     | Some (File (m, b)) -> Printf.sprintf " file %o %d:%d #%d t%d %S" m.mode m.owner m.group i m.time (string_of b)
     | Some (Symlink (_, root, c)) -> " -> " ^ brief { from_root = root; components = c; bytes = 0 }
     | None -> " ?")
  | Dir (m, es) ->
    Printf.sprintf " dir %o %d:%d" m.mode m.owner m.group
    ^ String.concat "" (List.map (fun (k, t) -> Printf.sprintf "\n%s%S%s" indent (Hashtbl.find texts k) (describe_tree nodes (indent ^ "  ") t)) es)

let describe s = describe_tree s.nodes "    " s.names

(* Who asks *)

let guards_links =
  try String.trim (contents "/proc/sys/fs/protected_hardlinks") <> "0" with Unix.Unix_error _ -> false

let caller_in cwd = { uid = Unix.geteuid (); gid = Unix.getegid (); cwd; now = 0; steps = 4096; guards_links }
let caller () = caller_in []
