(* SPDX-License-Identifier: MPL-2.0
   What was checked, and where the oracle works. *)

let passed = ref 0 and failed = ref 0

let check ok what = if ok then incr passed else (incr failed; Printf.printf "FAILED: %s\n%!" (what ()))

(* The directory of this run; a new place in it for each thing that is tried. *)
let base = ref ""
let counter = ref 0

let fresh_place () =
  incr counter;
  let place = Printf.sprintf "%s/%d" !base !counter in
  Unix.mkdir place 0o755;
  place

let remove place = ignore (Sys.command (Printf.sprintf "chmod -R u+rwX %s 2>/dev/null; rm -rf %s" (Filename.quote place) (Filename.quote place)))
