(* SPDX-License-Identifier: MPL-2.0
   The model against the kernel: every operation in every situation of its path, or pair of its paths, asked by root and by
   another user; then random calls. *)

open Model
open Disk
open Calls

(* Which operations give files the present time *)
let sets_time = function Write _ | Append _ | Truncate _ | MakeSymlink _ | Utime (_, None) -> true | _ -> false

(* What a call made of a state, against what the model says of it. After an error all is as it was, times of directories too. *)
let compare_call who o before got after =
  let model, expected = perform who o before in
  let ok =
    got = error_name expected
    && if expected <> None then before = after else same_files (not (sets_time o)) (canonical model) after in
  Report.check ok (fun () ->
      Printf.sprintf "kernel, user %d: %s: %s, the model says %s\n  before%s\n  after%s\n  model%s" who.uid (op_text o) got (error_name expected)
        (describe before) (describe after) (describe (canonical model)));
  Report.check
    (if expected = None then inverse_restores who o before && undo_restores who o before else error_changes_nothing who o before)
    (fun () -> "a proven property says no: " ^ op_text o)

(* MARK: Situations *)

type made = Folder of int | Text of int | Points of string | Same of string

(* What there is, in a root of its own: [mine] belongs to whoever asks, the rest to another. Calls are made in /w. *)
let mine =
  [ ("w", Folder 0o755); ("w/f", Text 0o644); ("w/h", Same "w/f"); ("w/g", Text 0o600); ("w/e", Folder 0o755); ("w/d", Folder 0o755);
    ("w/d/x", Text 0o644); ("w/d/s", Folder 0o700); ("w/lf", Points "f"); ("w/ld", Points "d"); ("w/le", Points "e");
    ("w/dl", Points "nowhere"); ("w/loop", Points "loop"); ("w/lx", Points "f/x"); ("w/ls", Points "d/s"); ("w/ld_", Points "d/");
    ("w/lf_", Points "f/"); ("w/dl_", Points "nowhere/"); ("w/dot", Points "."); ("w/up", Points ".."); ("w/abs", Points "/w/d");
    ("w/root", Points "/"); ("w/ns", Folder 0o600); ("w/ns/x", Text 0o644); ("w/ns/e", Folder 0o755); ("w/lns", Points "ns/x");
    ("w/ro", Folder 0o555); ("w/ro/x", Text 0o644); ("w/ro/e", Folder 0o755); ("w/rf", Text 0o444); ("w/wf", Text 0o200);
    ("w/st", Folder 0o1777); ("w/st/m", Text 0o644); ("w/st/md", Folder 0o755); ("w/od", Folder 0o755); ("w/od/x", Text 0o644);
    ("w/od/e", Folder 0o755) ]

(* Who is not root could not read back what is closed to its owner. *)
let mine =
  let closed (name, _) = List.exists (fun c -> String.starts_with ~prefix:c name) [ "w/ns"; "w/wf"; "w/ro/" ] in
  if Unix.geteuid () = 0 then mine else List.filter (fun entry -> not (closed entry)) mine

let others =
  [ "w/st", 0o1777; "w/od", 0o755 ], [ ("w/st/o", Text 0o644); ("w/st/od", Folder 0o755); ("w/of", Text 0o600); ("w/or", Text 0o604) ]

let relative =
  [ ""; "absent"; "absent/"; "absent/x"; "absent/."; "absent/.."; "f"; "f/"; "f/x"; "f/."; "f/.."; "g"; "h"; "e"; "e/"; "e/x"; "e/."; "e/..";
    "d"; "d/"; "d/x"; "d/x/"; "d/s"; "d/s/y"; "d/s/.."; "d/."; "d/.."; "d/../f"; "./d/s"; "lf"; "lf/"; "lf/x"; "ld"; "ld/"; "ld/x"; "ld/new";
    "ld/.."; "ld/."; "le"; "le/"; "dl"; "dl/"; "dl/x"; "loop"; "loop/"; "loop/x"; "lx"; "ls"; "ls/"; "ls/../x"; "ld_"; "ld_/"; "ld_/x"; "lf_"; "dl_";
    "."; "./"; ".."; "../"; "../w/f"; "up"; "up/"; "up/w/d"; "ns"; "ns/"; "ns/."; "ns/.."; "ns/x"; "ns/e"; "ns/absent"; "lns"; "ro"; "ro/"; "ro/x"; "ro/e";
    "ro/absent"; "ro/."; "rf"; "wf"; "st"; "st/o"; "st/od"; "st/m"; "st/md"; "st/absent"; "of"; "or"; "od"; "od/x"; "od/e"; "od/absent";
    too_long; too_long ^ "/"; too_long ^ "/x"; "d/" ^ too_long; "f/" ^ too_long; "ns/" ^ too_long; String.make 255 'm';
    String.concat "" (List.init 2047 (fun _ -> "./")) ^ "f"; String.concat "" (List.init 2048 (fun _ -> "./"));
    String.concat "" (List.init 40 (fun _ -> "dot/")) ^ "f"; String.concat "" (List.init 41 (fun _ -> "dot/")) ^ "f" ]

let absolute = [ "/"; "//"; "/.."; "/."; "/w/d"; "/w/absent"; "/absent"; "/w/f/"; "abs"; "abs/"; "abs/x"; "root"; "root/"; "root/w/f"; "root/.." ]

(* The same as [made] says, whatever was there. *)
let build place user other =
  Array.iter (fun n -> if n <> "w" then remove_tree (place ^ "/" ^ n)) (Sys.readdir place);
  Unix.chmod (place ^ "/w") 0o755;
  Array.iter (fun n -> remove_tree (place ^ "/w/" ^ n)) (Sys.readdir (place ^ "/w"));
  let make who (name, what) =
    let path = place ^ "/" ^ name in
    match what with
    | Folder _ -> if name <> "w" then Unix.mkdir path 0o755; Unix.chown path who who
    | Text m -> with_file [] path 0o600 (bytes_of name); Unix.chmod path m; Unix.chown path who who
    | Points target -> Unix.symlink target path
    | Same old -> Unix.link (place ^ "/" ^ old) path in
  Unix.chmod place 0o755;
  List.iter (make user) mine;
  List.iter (make other) (snd others);
  List.iter (fun (name, _) -> Unix.chown (place ^ "/" ^ name) other other) (fst others);
  List.iter (function name, Folder m -> Unix.chmod (place ^ "/" ^ name) m | _ -> ()) mine

(* A process of that user which makes calls, in a root of its own when it can. *)
let servant place user =
  let asks_in, asks_out = Unix.pipe ~cloexec:true () and says_in, says_out = Unix.pipe ~cloexec:true () in
  match Unix.fork () with
  | 0 ->
    let home = if Unix.geteuid () = 0 then (Unix.chroot place; "/w") else place ^ "/w" in
    if user <> Unix.geteuid () then begin Unix.setgroups [||]; Unix.setgid user; Unix.setuid user end;
    Unix.close asks_out;
    let input = Unix.in_channel_of_descr asks_in and output = Unix.out_channel_of_descr says_out in
    (try
       while true do
         let (o : op) = Marshal.from_channel input in
         Unix.chdir home;
         Marshal.to_channel output (call o) [];
         flush output
       done
     with End_of_file -> ());
    Unix._exit 0
  | pid ->
    Unix.close asks_in; Unix.close says_out;
    let output = Unix.out_channel_of_descr asks_out and input = Unix.in_channel_of_descr says_in in
    ( (fun (o : op) -> Marshal.to_channel output o []; flush output; (Marshal.from_channel input : string)),
      fun () -> close_out output; close_in input; ignore (Unix.waitpid [] pid) )

let calls_of user other situations =
  let b = bytes_of "new" in
  let paths = List.map where situations in
  let alone w =
    [ Mkdir (w, 0o755); Rmdir w; Write (w, b, 0o644); Append (w, b, 0o644); Truncate (w, 2); Truncate (w, 40); Unlink w; Chmod (w, 0o711);
      Chown (w, user, user); Chown (w, other, user); Utime (w, Some 5_000_000); Utime (w, None); Stat (w, true); Stat (w, false); ReadLink w;
      Read w; MakeSymlink (w, where "f") ] in
  let pair w v = [ Link (w, v); Rename (w, v); MakeSymlink (w, v) ] in
  List.concat_map (fun w -> alone w @ List.concat_map (pair w) paths) paths

(* The number of situations and of calls. *)
let situations_of user other =
  let situations = if Unix.geteuid () = 0 then relative @ absolute else relative in
  let calls = calls_of user other situations in
  let place = Report.fresh_place () in
  Unix.mkdir (place ^ "/w") 0o755;
  build place user other;
  let ask, stop = servant place user in
  let who = { (caller_in [ code "w" ]) with uid = user; gid = (if user = Unix.geteuid () then Unix.getegid () else user) } in
  let before = ref (read place) in
  let count = ref 0 in
  List.iter (fun o ->
      incr count;
      let got = ask o in
      let after = read place in
      compare_call who o !before got after;
      if !before <> after then begin build place user other; before := read place end)
    calls;
  stop ();
  Report.remove place;
  (List.length situations, !count)

(* MARK: Random calls *)

let random count =
  let made = ref 0 in
  while !made < count && !Report.failed = 0 do
    let place = Report.fresh_place () in
    Unix.mkdir (place ^ "/tree") 0o755;
    Sys.chdir (place ^ "/tree");
    let state = ref (read ".") in
    for _ = 1 to 100 do
      if !Report.failed = 0 then begin
        let o = random_call () in
        let got = call o in
        let after = read "." in
        (* The removal of a tree is many calls; its model is the shell's. *)
        (match o with RemoveTree _ -> () | _ -> compare_call (caller ()) o !state got after);
        state := after;
        incr made
      end
    done;
    Sys.chdir !Report.base;
    remove_tree place
  done
