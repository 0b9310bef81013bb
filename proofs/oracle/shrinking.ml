(* SPDX-License-Identifier: MPL-2.0
   Random rounds of the shell; one that fails is shrunk to a short script. *)

open Calls
open Rounds

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
  drop (fun x -> x) !acts

let try_round acts =
  match round true acts with
  | None -> true
  | Some first ->
    let least = shrink acts in
    let text = match round false least with Some t -> t | None -> first ^ "\n(not again: it depends on the moment)" in
    Report.check false (fun () -> Printf.sprintf "%s\n-- the script --\n%s" text (String.concat "\n" (List.concat (List.map script least))));
    false

