(* SPDX-License-Identifier: MPL-2.0
   The model against the real shell: commands, undo, redo, transactions, interference and kills in a new place, and after each
   step the disk is read back and asked. *)

open Model
open Disk
open Calls

let shell = ref ""

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
  | MakeSymlink (w, c) -> Printf.sprintf "ln -sT -- %s %s" (quote (shown c)) (p w)
  | Rename (a, b) -> Printf.sprintf "mv -fT %s %s" (p a) (p b)
  | Chmod (w, m) -> Printf.sprintf "chmod %o %s" m (p w)
  | RemoveTree w -> "rm -rf " ^ p w
  | _ -> invalid_arg "command"

type process = { pid : int; input : out_channel; output : in_channel }

let start place =
  let in_read, in_write = Unix.pipe ~cloexec:true () and out_read, out_write = Unix.pipe ~cloexec:true () in
  let env = [| "HOME=" ^ place ^ "/home"; "PATH=" ^ Sys.getenv "PATH"; "LC_ALL=C" |] in
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
  let place = Report.fresh_place () in
  Unix.mkdir (place ^ "/tree") 0o755; Unix.mkdir (place ^ "/home") 0o755;
  Sys.chdir (place ^ "/tree");
  let wrong = ref None in
  let expect what ok detail =
    if !wrong = None then if ok then (if counted then incr Report.passed) else wrong := Some (what ^ "\n" ^ detail ()) in
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
        List.iter (fun o -> ignore (call o)) ops;
        let s2 = here () in
        let status, out = ask !p [ "undo" ] in
        let s3 = here () in
        let refused = status <> 0 in
        let s0, s1 = without_lost_names !states.(!at - 1) !states.(!at) s2 in
        expect (Printf.sprintf "undo after interference (%s): status %d: %s" (String.concat "; " (List.map op_text ops)) status
                  (String.concat "; " out))
          (footprint_or_nothing refused s0 s1 s2 s3)
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
  Sys.chdir !Report.base;
  Report.remove place;
  !wrong

