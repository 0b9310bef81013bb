(* SPDX-License-Identifier: MPL-2.0
   oracle [--shell PATH] [--kernel N] [--operations N] [--kills N] [--seed S] [--tmp DIR]

   Compares the model with the kernel (every operation in every pair of path situations, then N random calls) and with the real
   shell (N random commands with undo, redo, transactions, interference and kills): the disk is read back into the model's
   states, and the extracted properties are asked. A failure is shrunk to a short script. Last line: 'N passed, N failed'. *)

open Model

let shell = ref "" and kernel_count = ref 50_000 and operations = ref 50_000 and kills = ref 100 and seed = ref 1
let tmp = ref (Filename.get_temp_dir_name ())
let passed = ref 0 and failed = ref 0

let check ok what = if ok then incr passed else (incr failed; Printf.printf "FAILED: %s\n%!" (what ()))

(* Names as numbers *)

let known = [| "a"; "b c"; "d\ne"; "f\xff"; "-g"; "h'i" |]
let codes : (string, int) Hashtbl.t = Hashtbl.create 64
let texts : (int, string) Hashtbl.t = Hashtbl.create 64

let code text =
  match Hashtbl.find_opt codes text with
  | Some c -> c
  | None ->
    let c = Hashtbl.length codes + 1 in
    Hashtbl.add codes text c; Hashtbl.add texts c text; c

let () = Array.iter (fun n -> ignore (code n)) known

let component_of = function "." | "" -> Here | ".." -> Up | n -> Name (code n)
let text_of = function Here -> "." | Up -> ".." | Name c -> Hashtbl.find texts c
let where text =
  { from_root = false; components = List.map component_of (List.filter (fun s -> s <> "") (String.split_on_char '/' text)) }
let shown w = String.concat "/" (List.map text_of w.components)

(* The disk as a state of the model *)

let bytes_of text = List.init (String.length text) (fun i -> Char.code text.[i])
let string_of bytes = String.init (List.length bytes) (fun i -> Char.chr (List.nth bytes i))

let contents path =
  let channel = open_in_bin path in
  Fun.protect ~finally:(fun () -> close_in channel) (fun () -> really_input_string channel (in_channel_length channel))

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
      let target = Unix.readlink path in
      leaf (fun () -> Symlink (meta, target.[0] = '/', (where target).components))
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

let rec describe_tree nodes indent = function
  | Leaf i ->
    (match List.assoc_opt i nodes with
     | Some (File (m, b)) -> Printf.sprintf " file %o #%d t%d %S" m.mode i m.time (string_of b)
     | Some (Symlink (_, _, c)) -> " -> " ^ String.concat "/" (List.map text_of c)
     | None -> " ?")
  | Dir (m, es) ->
    Printf.sprintf " dir %o" m.mode
    ^ String.concat "" (List.map (fun (k, t) -> Printf.sprintf "\n%s%S%s" indent (Hashtbl.find texts k) (describe_tree nodes (indent ^ "  ") t)) es)

let describe s = describe_tree s.nodes "    " s.names

let caller () = { uid = Unix.geteuid (); gid = Unix.getegid (); cwd = []; now = 0; steps = 4096 }

(* Operations as system calls *)

let with_file flags path mode bytes =
  let fd = Unix.openfile path (Unix.O_WRONLY :: Unix.O_CREAT :: flags) mode in
  Fun.protect ~finally:(fun () -> Unix.close fd) (fun () ->
      let text = string_of bytes in
      ignore (Unix.write_substring fd text 0 (String.length text)))

let rec remove_tree path =
  match (Unix.lstat path).st_kind with
  | Unix.S_DIR -> Array.iter (fun n -> remove_tree (path ^ "/" ^ n)) (Sys.readdir path); Unix.rmdir path
  | _ -> Unix.unlink path

(* A path of no components is the empty path to the kernel; the model knows only the root by it. *)
let call o =
  try
    (match o with
     | Mkdir (w, m) -> Unix.mkdir (shown w) m
     | Rmdir w -> Unix.rmdir (shown w)
     | Write (w, b, m) -> with_file [ Unix.O_TRUNC ] (shown w) m b
     | Append (w, b, m) -> with_file [ Unix.O_APPEND ] (shown w) m b
     | Unlink w -> Unix.unlink (shown w)
     | Link (p, q) -> Unix.link ~follow:false (shown p) (shown q)
     | MakeSymlink (w, _, c) -> Unix.symlink (String.concat "/" (List.map text_of c)) (shown w)
     | Rename (p, q) -> Unix.rename (shown p) (shown q)
     | Chmod (w, m) -> Unix.chmod (shown w) m
     | RemoveTree w -> remove_tree (shown w));
    None
  with Unix.Unix_error (e, _, _) ->
    Some (match e with
        | Unix.ENOENT -> "ENOENT" | ENOTDIR -> "ENOTDIR" | EEXIST -> "EEXIST" | EISDIR -> "EISDIR" | ENOTEMPTY -> "ENOTEMPTY"
        | EINVAL -> "EINVAL" | ELOOP -> "ELOOP" | EBUSY -> "EBUSY" | EPERM -> "EPERM" | e -> Unix.error_message e)

let error_name = function
  | None -> "success"
  | Some e ->
    (match e with
     | ENOENT -> "ENOENT" | ENOTDIR -> "ENOTDIR" | EEXIST -> "EEXIST" | EISDIR -> "EISDIR" | ENOTEMPTY -> "ENOTEMPTY"
     | EINVAL -> "EINVAL" | ELOOP -> "ELOOP" | EBUSY -> "EBUSY" | EPERM -> "EPERM")

let op_text o =
  let f name words = name ^ " " ^ String.concat " " (List.map (Printf.sprintf "%S") words) in
  match o with
  | Mkdir (w, m) -> f (Printf.sprintf "mkdir %o" m) [ shown w ]
  | Rmdir w -> f "rmdir" [ shown w ]
  | Write (w, _, _) -> f "write" [ shown w ]
  | Append (w, _, _) -> f "append" [ shown w ]
  | Unlink w -> f "unlink" [ shown w ]
  | Link (p, q) -> f "link" [ shown p; shown q ]
  | MakeSymlink (w, _, c) -> f "symlink" [ String.concat "/" (List.map text_of c); shown w ]
  | Rename (p, q) -> f "rename" [ shown p; shown q ]
  | Chmod (w, m) -> f (Printf.sprintf "chmod %o" m) [ shown w ]
  | RemoveTree w -> f "rm -r" [ shown w ]

(* Random operations *)

let pick a = a.(Random.int (Array.length a))

let random_path ?(up = true) () =
  let depth = pick [| 1; 1; 2; 2; 3 |] in
  let parts = List.init depth (fun _ -> pick known) in
  let parts = if up && depth > 1 && Random.int 12 = 0 then List.concat (List.mapi (fun i p -> if i = 1 then [ ".."; p ] else [ p ]) parts) else parts in
  let parts = if up && Random.int 25 = 0 then "." :: parts else parts in
  where (String.concat "/" parts)

let word () = bytes_of (Printf.sprintf "%d\n" (Random.int 100000))

let random_op () =
  match Random.int 20 with
  | 0 | 1 | 2 | 3 -> Mkdir (random_path (), 0o755)
  | 4 -> Rmdir (random_path ())
  | 5 | 6 | 7 | 8 -> Write (random_path (), word (), 0o644)
  | 9 | 10 -> Append (random_path (), word (), 0o644)
  | 11 -> Unlink (random_path ())
  | 12 | 13 -> Link (random_path (), random_path ())
  | 14 -> MakeSymlink (random_path (), false, (random_path ~up:false ()).components)
  | 15 | 16 | 17 -> Rename (random_path (), random_path ())
  | 18 -> Chmod (random_path (), pick [| 0o755; 0o700; 0o711; 0o777 |])
  | _ -> RemoveTree (random_path ())

(* Places to work in *)

let counter = ref 0
let base = ref ""
let fresh_place () =
  incr counter;
  let place = Printf.sprintf "%s/%d" !base !counter in
  Unix.mkdir place 0o755; Unix.mkdir (place ^ "/tree") 0o755; Unix.mkdir (place ^ "/home") 0o755;
  place

(* MARK: the kernel *)

let compare_call o before =
  let model, expected = perform (caller ()) o before in
  let got = call o in
  let got = match got with None -> "success" | Some e -> e in
  let after = read "." in
  let ok = got = error_name expected && same_files false (canonical model) after in
  check ok (fun () ->
      Printf.sprintf "kernel: %s: %s, the model says %s\n  before%s\n  after%s\n  model%s" (op_text o) got (error_name expected)
        (describe before) (describe after) (describe (canonical model)));
  check (inverse_restores (caller ()) o before && error_changes_nothing (caller ()) o before && undo_restores (caller ()) o before)
    (fun () -> "a proven property says no: " ^ op_text o);
  after

let situations =
  [ "absent"; "absent/x"; "f"; "g"; "h"; "f/x"; "e"; "e/x"; "d"; "d/x"; "d/s"; "d/s/y"; "lf"; "ld"; "ld/x"; "ld/new"; "le"; "dl"; "dl/x";
    "loop"; "loop/x"; "lx"; "."; "d/."; "d/.."; "ld/.."; "e/.."; "f/.."; "absent/.."; "d/../f"; "ls/../x"; "ls"; "./d/s"; "d/s/.." ]

let situation_setup () =
  List.iter (fun o -> if call o <> None then failwith ("setup: " ^ op_text o))
    [ Write (where "f", bytes_of "f", 0o644); Link (where "f", where "h"); Write (where "g", bytes_of "g", 0o600); Mkdir (where "e", 0o755);
      Mkdir (where "d", 0o755); Write (where "d/x", bytes_of "x", 0o644); Mkdir (where "d/s", 0o700);
      MakeSymlink (where "lf", false, [ Name (code "f") ]); MakeSymlink (where "ld", false, [ Name (code "d") ]);
      MakeSymlink (where "le", false, [ Name (code "e") ]); MakeSymlink (where "dl", false, [ Name (code "nowhere") ]);
      MakeSymlink (where "loop", false, [ Name (code "loop") ]); MakeSymlink (where "lx", false, [ Name (code "f"); Name (code "x") ]);
      MakeSymlink (where "ls", false, [ Name (code "d"); Name (code "s") ]) ]

let kernel_situations () =
  let one o =
    let place = fresh_place () in
    Sys.chdir (place ^ "/tree");
    situation_setup ();
    ignore (compare_call o (read "."));
    Sys.chdir !base;
    remove_tree place in
  let b = bytes_of "new" in
  List.iter (fun p ->
      let w = where p in
      List.iter one [ Mkdir (w, 0o755); Rmdir w; Write (w, b, 0o644); Append (w, b, 0o644); Unlink w; Chmod (w, 0o711);
                      MakeSymlink (w, false, [ Name (code "f") ]) ];
      List.iter (fun q -> one (Link (w, where q)); one (Rename (w, where q))) situations) situations

let kernel_random () =
  let count = ref 0 in
  while !count < !kernel_count && !failed = 0 do
    let place = fresh_place () in
    Sys.chdir (place ^ "/tree");
    let state = ref (read ".") in
    for _ = 1 to 100 do
      if !failed = 0 then begin
        let o = random_op () in
        (* The removal of a tree is many calls; its model is the shell's. *)
        (match o with RemoveTree _ -> ignore (try ignore (call o) with _ -> ()); state := read "." | _ -> state := compare_call o !state);
        incr count
      end
    done;
    Sys.chdir !base;
    remove_tree place
  done

(* MARK: the shell *)

type act =
  | Run of op list            (* one operation of the shell *)
  | Transaction of op list * op list * bool   (* begin; …; begin; …; rollback; commit, or all rolled back *)
  | Undo
  | Redo
  | Interfere of op list      (* by others, and then undo *)
  | Kill of op list * float   (* the shell is killed in it; another one undoes *)

let quote text = "'" ^ String.concat "'\\''" (String.split_on_char '\'' text) ^ "'"

let command o =
  let p w = quote ("./" ^ shown w) in
  let text b = string_of (List.filteri (fun i _ -> i < List.length b - 1) b) in
  match o with
  | Mkdir (w, _) -> "mkdir " ^ p w
  | Rmdir w -> "rmdir " ^ p w
  | Write (w, b, _) -> Printf.sprintf "echo %s > %s" (text b) (p w)
  | Append (w, b, _) -> Printf.sprintf "echo %s >> %s" (text b) (p w)
  | Unlink w -> "rm -f " ^ p w
  | Link (a, b) -> Printf.sprintf "ln -T %s %s" (p a) (p b)
  | MakeSymlink (w, _, c) -> Printf.sprintf "ln -sT -- %s %s" (quote (String.concat "/" (List.map text_of c))) (p w)
  | Rename (a, b) -> Printf.sprintf "mv -fT %s %s" (p a) (p b)
  | Chmod (w, m) -> Printf.sprintf "chmod %o %s" m (p w)
  | RemoveTree w -> "rm -rf " ^ p w

type process = { pid : int; input : out_channel; output : in_channel }

let start place =
  let in_read, in_write = Unix.pipe ~cloexec:true () and out_read, out_write = Unix.pipe ~cloexec:true () in
  let env = [| "HOME=" ^ place ^ "/home"; "PATH=" ^ Sys.getenv "PATH"; "LC_ALL=C"; "VSH_NORECORD=1" |] in
  let pid = Unix.create_process_env !shell [| !shell |] env in_read out_write out_write in
  Unix.close in_read; Unix.close out_write;
  { pid; input = Unix.out_channel_of_descr in_write; output = Unix.in_channel_of_descr out_read }

let stop p =
  (try close_out p.input with Sys_error _ -> ());
  (try close_in p.output with Sys_error _ -> ());
  ignore (Unix.waitpid [] p.pid)

exception Broken of string

(* Runs lines; the status of the last, and what was written. *)
let ask p lines =
  List.iter (fun l -> output_string p.input (l ^ "\n")) lines;
  output_string p.input "echo \"#$?\"\n";
  flush p.input;
  let rec gather acc =
    match input_line p.output with
    | exception End_of_file -> raise (Broken "the shell ended")
    | line when String.length line > 1 && line.[0] = '#' -> (int_of_string (String.sub line 1 (String.length line - 1)), List.rev acc)
    | line -> gather (line :: acc) in
  gather []

(* The entry that undo would take, as it names it. *)
let newest p =
  let text = String.concat " " (snd (ask p [ "undo -n" ])) in
  match String.index_opt text '@' with
  | None -> ""
  | Some at ->
    let stop = ref (at + 1) in
    while !stop < String.length text && text.[!stop] >= '0' && text.[!stop] <= '9' do incr stop done;
    String.sub text at (!stop - at)

(* What the model says a list of commands does. Where the utilities do more than the one call (mv of two names of one file), nothing. *)
let foretell ops state =
  List.fold_left (fun state o -> match state with
      | None -> None
      | Some s ->
        (match o, planned (caller ()) o s with
         | Rename _, Inl [] -> None
         | _ -> Some (fst (perform (caller ()) o s)))) (Some state) ops

let ran = ref 0 and undos = ref 0

(* One round in a new place; what went wrong, or nothing. [count]: whether the checks count. *)
let round counted acts =
  let place = fresh_place () in
  Sys.chdir (place ^ "/tree");
  let wrong = ref None in
  let expect what ok detail =
    if !wrong = None then if ok then (if counted then incr passed) else wrong := Some (what ^ "\n" ^ detail ()) in
  let p = ref (start place) in
  let here () = read "." in
  let same what want got =
    expect what (same_files true want got) (fun () -> Printf.sprintf "  want%s\n  got%s" (describe want) (describe got)) in
  let states = ref [| here () |] and at = ref 0 in
  let forget () =
    stop !p;
    ignore (Sys.command (Printf.sprintf "rm -rf %s/home/.local" (Filename.quote place)));
    p := start place;
    states := [| here () |]; at := 0 in
  (* What undo, redo or rollback said and left: the state that it had to give. Nobody interfered, so that a refusal is wrong. *)
  let given what (status, out) before want =
    if counted then incr undos;
    let now = here () in
    if status = 0 then begin
      expect (Printf.sprintf "%s: %s" what (String.concat "; " out)) (same_files true want now)
        (fun () -> Printf.sprintf "  want%s\n  got%s" (describe want) (describe now));
      true
    end else begin
      expect (Printf.sprintf "%s, refused without interference: status %d: %s" what status (String.concat "; " out)) false
        (fun () -> Printf.sprintf "  before%s\n  now%s" (describe before) (describe now));
      false
    end in
  let entered before after top =
    (* A command that changed nothing in the end is no entry. *)
    if newest !p <> top then begin
      states := Array.append (Array.sub !states 0 (!at + 1)) [| after |];
      incr at
    end else same "no entry, so no change" before after in
  let foretold what ops before after =
    match foretell ops before with
    | None -> ()
    | Some model ->
      expect what (same_files false (canonical model) after)
        (fun () -> Printf.sprintf "  before%s\n  model%s\n  disk%s" (describe before) (describe (canonical model)) (describe after)) in
  let step act =
    match act with
    | Run ops ->
      let before = here () and top = newest !p in
      ignore (ask !p (List.map command ops));
      let after = here () in
      ran := !ran + List.length ops;
      foretold "what the model foretells of the commands" ops before after;
      entered before after top
    | Transaction (outer, inner, keep) ->
      let before = here () and top = newest !p in
      ignore (ask !p ("begin" :: List.map command outer));
      let middle = here () in
      ignore (ask !p ("begin" :: List.map command inner));
      ran := !ran + List.length outer + List.length inner;
      let changed = here () in
      if given "rollback of the inner transaction" (ask !p [ "rollback" ]) changed middle then begin
        if keep then begin
          ignore (ask !p [ "commit" ]);
          same "commit" middle (here ());
          entered before (here ()) top
        end else if given "rollback" (ask !p [ "rollback" ]) middle before then
          (* It stands there to be redone: where that leads is not followed. *)
          forget ()
      end
    | Undo ->
      if !at > 0 then begin
        let before = here () in
        if given "undo" (ask !p [ "undo" ]) before !states.(!at - 1) then decr at
      end
    | Redo ->
      if !at + 1 < Array.length !states then begin
        let before = here () in
        if given "redo" (ask !p [ "redo" ]) before !states.(!at + 1) then incr at
      end
    | Interfere ops ->
      if !at > 0 then begin
        ignore (ask !p [ "ops -n 1 >/dev/null" ]);
        List.iter (fun o -> ignore (try call o with _ -> None)) ops;
        let s2 = here () in
        let status, out = ask !p [ "undo" ] in
        let s3 = here () in
        let refused = status <> 0 in
        expect (Printf.sprintf "undo after interference (%s): status %d: %s" (String.concat "; " (List.map op_text ops)) status
                  (String.concat "; " out))
          (footprint_or_nothing refused !states.(!at - 1) !states.(!at) s2 s3)
          (fun () -> Printf.sprintf "  before%s\n  left%s\n  interfered%s\n  undone%s" (describe !states.(!at - 1)) (describe !states.(!at))
              (describe s2) (describe s3));
        forget ()
      end
    | Kill (ops, delay) ->
      let before = here () in
      List.iter (fun o -> output_string !p.input (command o ^ "\n")) ops;
      (try flush !p.input with Sys_error _ -> ());
      Unix.sleepf delay;
      Unix.kill !p.pid Sys.sigkill;
      stop !p;
      ran := !ran + List.length ops;
      p := start place;
      let left = here () in
      let restored = same_files true before left || given "undo after a kill" (ask !p [ "undo" ]) left before in
      if restored then forget () in
  (try List.iter (fun act -> if !wrong = None then step act) acts with
   | Broken text -> wrong := Some text
   | Sys_error text -> wrong := Some text);
  (try stop !p with _ -> ());
  Sys.chdir !base;
  ignore (Sys.command (Printf.sprintf "rm -rf %s" (Filename.quote place)));
  !wrong

let some low high = List.init (low + Random.int (high - low + 1)) (fun _ -> random_op ())

let random_round () =
  List.concat (List.init 12 (fun _ ->
      match Random.int 12 with
      | 0 | 1 | 2 | 3 | 4 | 5 -> [ Run (some 1 60) ]
      | 6 -> [ Transaction (some 1 20, some 1 20, Random.bool ()) ]
      | 7 | 8 -> [ Undo ]
      | 9 -> [ Undo; Redo ]
      | 10 -> [ Undo; Undo; Redo ]
      | _ -> [ Run (some 1 10); Interfere (some 1 3) ]))

let script act =
  let lines ops = List.map command ops in
  match act with
  | Run ops -> lines ops @ [ "ops -n 1 >/dev/null   # the operation ends" ]
  | Transaction (a, b, keep) -> [ "begin" ] @ lines a @ [ "begin" ] @ lines b @ [ "rollback"; (if keep then "commit" else "rollback") ]
  | Undo -> [ "undo" ]
  | Redo -> [ "redo" ]
  | Interfere ops -> List.map (fun o -> "# by others: " ^ op_text o) ops @ [ "undo" ]
  | Kill (ops, d) -> lines ops @ [ Printf.sprintf "# killed after %.4f s" d; "undo" ]

(* Shrinking: acts are left out, then commands, as long as it still fails. *)
let shrink acts =
  let budget = ref 300 in
  let fails acts = decr budget; !budget > 0 && round false acts <> None in
  let rec drop make items =
    let n = List.length items in
    let rec at size start =
      if size = 0 then items
      else if start >= n then at (size / 2) 0
      else
        let shorter = List.filteri (fun i _ -> i < start || i >= start + size) items in
        if shorter <> items && fails (make shorter) then drop make shorter else at size (start + size) in
    at (max 1 (n / 2)) 0 in
  let acts = ref (drop (fun x -> x) acts) in
  List.iteri (fun i act ->
      let replace a = List.mapi (fun j b -> if i = j then a else b) !acts in
      match act with
      | Run ops -> acts := replace (Run (drop (fun o -> replace (Run o)) ops))
      | Interfere ops -> acts := replace (Interfere (drop (fun o -> replace (Interfere o)) ops))
      | Transaction (a, b, k) ->
        let a = drop (fun o -> replace (Transaction (o, b, k))) a in
        let b = drop (fun o -> replace (Transaction (a, o, k))) b in
        acts := replace (Transaction (a, b, k))
      | _ -> ()) !acts;
  !acts

let try_round acts =
  match round true acts with
  | None -> true
  | Some first ->
    let least = shrink acts in
    let text = match round false least with Some t -> t | None -> first ^ "\n(not again: it depends on the moment)" in
    check false (fun () -> Printf.sprintf "%s\n-- the script --\n%s" text (String.concat "\n" (List.concat (List.map script least))));
    false

let () =
  Arg.parse
    [ ("--shell", Arg.Set_string shell, "PATH"); ("--kernel", Arg.Set_int kernel_count, "N"); ("--operations", Arg.Set_int operations, "N");
      ("--kills", Arg.Set_int kills, "N"); ("--seed", Arg.Set_int seed, "S"); ("--tmp", Arg.Set_string tmp, "DIR") ]
    (fun _ -> ()) "oracle";
  Sys.set_signal Sys.sigpipe Sys.Signal_ignore;
  ignore (Unix.umask 0o022);
  Random.init !seed;
  base := Filename.concat !tmp (Printf.sprintf "vsh-oracle-%d" (Unix.getpid ()));
  Unix.mkdir !base 0o755;
  let finish () = Sys.chdir "/"; ignore (Sys.command ("rm -rf " ^ Filename.quote !base)) in
  at_exit finish;
  let start_time = Unix.gettimeofday () in
  let since () = Unix.gettimeofday () -. start_time in
  Printf.printf "seed %d\n%!" !seed;
  if !kernel_count > 0 then begin
    kernel_situations ();
    Printf.printf "kernel: every operation in %d path situations, and every pair of them: %.1f s\n%!" (List.length situations) (since ());
    kernel_random ();
    Printf.printf "kernel: %d random calls: %.1f s\n%!" !kernel_count (since ())
  end;
  if !shell <> "" then begin
    Random.init !seed;
    let good = ref true in
    while !good && !ran < !operations do good := try_round (random_round ()) done;
    Printf.printf "shell: %d commands: %.1f s\n%!" !ran (since ());
    for _ = 1 to !kills do
      if !good then good := try_round [ Run (some 5 20); Kill (some 20 60, Random.float 0.03) ]
    done;
    Printf.printf "shell: %d kills: %.1f s\n%!" !kills (since ());
    Printf.printf "shell: %d undos, redos and rollbacks\n%!" !undos
  end;
  Printf.printf "%d passed, %d failed\n" !passed !failed;
  exit (if !failed > 0 then 1 else 0)
