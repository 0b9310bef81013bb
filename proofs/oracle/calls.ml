(* SPDX-License-Identifier: MPL-2.0
   Operations as system calls, their errors, and operations at random. *)

open Model
open Disk

let with_file flags path mode bytes =
  let fd = Unix.openfile path (Unix.O_WRONLY :: Unix.O_CREAT :: flags) mode in
  Fun.protect ~finally:(fun () -> Unix.close fd) (fun () ->
      let text = string_of bytes in
      ignore (Unix.write_substring fd text 0 (String.length text)))

let rec remove_tree path =
  match (Unix.lstat path).st_kind with
  | Unix.S_DIR -> Array.iter (fun n -> remove_tree (path ^ "/" ^ n)) (Sys.readdir path); Unix.rmdir path
  | _ -> Unix.unlink path

(* The name of the error, or "success". *)
let call o =
  try
    (match o with
     | Mkdir (w, m) -> Unix.mkdir (shown w) m
     | Rmdir w -> Unix.rmdir (shown w)
     | Write (w, b, m) -> with_file [ Unix.O_TRUNC ] (shown w) m b
     | Append (w, b, m) -> with_file [ Unix.O_APPEND ] (shown w) m b
     | Truncate (w, size) -> Unix.truncate (shown w) size
     | Unlink w -> Unix.unlink (shown w)
     | Link (p, q) -> Unix.link ~follow:false (shown p) (shown q)
     | MakeSymlink (w, target) -> Unix.symlink (shown target) (shown w)
     | Rename (p, q) -> Unix.rename (shown p) (shown q)
     | Chmod (w, m) -> Unix.chmod (shown w) m
     | Chown (w, u, g) -> Unix.chown (shown w) u g
     | Utime (w, Some t) -> let t = float_of_int t /. 1e6 in Unix.utimes (shown w) t t
     | Utime (w, None) -> Unix.utimes (shown w) 0. 0.
     | Stat (w, follow) -> ignore (if follow then Unix.stat (shown w) else Unix.lstat (shown w))
     | ReadLink w -> ignore (Unix.readlink (shown w))
     | Read w -> Unix.close (Unix.openfile (shown w) [ Unix.O_RDONLY ] 0)
     | RemoveTree w -> remove_tree (shown w));
    "success"
  with Unix.Unix_error (e, _, _) ->
    (match e with
     | Unix.ENOENT -> "ENOENT" | ENOTDIR -> "ENOTDIR" | EEXIST -> "EEXIST" | EISDIR -> "EISDIR" | ENOTEMPTY -> "ENOTEMPTY"
     | EINVAL -> "EINVAL" | ELOOP -> "ELOOP" | EBUSY -> "EBUSY" | EPERM -> "EPERM" | EACCES -> "EACCES"
     | ENAMETOOLONG -> "ENAMETOOLONG" | e -> Unix.error_message e)

let error_name = function
  | None -> "success"
  | Some e ->
    (match e with
     | ENOENT -> "ENOENT" | ENOTDIR -> "ENOTDIR" | EEXIST -> "EEXIST" | EISDIR -> "EISDIR" | ENOTEMPTY -> "ENOTEMPTY"
     | EINVAL -> "EINVAL" | ELOOP -> "ELOOP" | EBUSY -> "EBUSY" | EPERM -> "EPERM" | EACCES -> "EACCES"
     | ENAMETOOLONG -> "ENAMETOOLONG")

let op_text o =
  let f name paths = name ^ " " ^ String.concat " " (List.map (fun w -> Printf.sprintf "%S" (brief w)) paths) in
  match o with
  | Mkdir (w, m) -> f (Printf.sprintf "mkdir %o" m) [ w ]
  | Rmdir w -> f "rmdir" [ w ]
  | Write (w, _, _) -> f "write" [ w ]
  | Append (w, _, _) -> f "append" [ w ]
  | Truncate (w, size) -> f (Printf.sprintf "truncate %d" size) [ w ]
  | Unlink w -> f "unlink" [ w ]
  | Link (p, q) -> f "link" [ p; q ]
  | MakeSymlink (w, target) -> f "symlink" [ target; w ]
  | Rename (p, q) -> f "rename" [ p; q ]
  | Chmod (w, m) -> f (Printf.sprintf "chmod %o" m) [ w ]
  | Chown (w, u, g) -> f (Printf.sprintf "chown %d:%d" u g) [ w ]
  | Utime (w, t) -> f (match t with Some t -> Printf.sprintf "utime %d" t | None -> "utime now") [ w ]
  | Stat (w, follow) -> f (if follow then "stat" else "lstat") [ w ]
  | ReadLink w -> f "readlink" [ w ]
  | Read w -> f "read" [ w ]
  | RemoveTree w -> f "rm -r" [ w ]

(* Random operations *)

let known = [| "a"; "b c"; "d\ne"; "f\xff"; "-g"; "h'i" |]
let () = Array.iter (fun n -> ignore (code n)) known

let pick a = a.(Random.int (Array.length a))

let random_path ?(up = true) () =
  let depth = pick [| 1; 1; 2; 2; 3 |] in
  let parts = List.init depth (fun _ -> pick known) in
  let parts = if up && depth > 1 && Random.int 12 = 0 then List.concat (List.mapi (fun i p -> if i = 1 then [ ".."; p ] else [ p ]) parts) else parts in
  let parts = if up && Random.int 25 = 0 then "." :: parts else parts in
  where (String.concat "/" parts)

let word () = bytes_of (Printf.sprintf "%d\n" (Random.int 100000))

(* What the shell is asked too *)
let random_op () =
  match Random.int 20 with
  | 0 | 1 | 2 | 3 -> Mkdir (random_path (), 0o755)
  | 4 -> Rmdir (random_path ())
  | 5 | 6 | 7 | 8 -> Write (random_path (), word (), 0o644)
  | 9 | 10 -> Append (random_path (), word (), 0o644)
  | 11 -> Unlink (random_path ())
  | 12 | 13 -> Link (random_path (), random_path ())
  | 14 -> MakeSymlink (random_path (), random_path ~up:false ())
  | 15 | 16 | 17 -> Rename (random_path (), random_path ())
  | 18 -> Chmod (random_path (), pick [| 0o755; 0o700; 0o711; 0o777 |])
  | _ -> RemoveTree (random_path ())

(* What the kernel is asked *)
let random_call () =
  match Random.int 30 with
  | 0 -> Truncate (random_path (), Random.int 9)
  | 1 -> Utime (random_path (), pick [| None; Some 5_000_000 |])
  | 2 -> Stat (random_path (), Random.bool ())
  | 3 -> ReadLink (random_path ())
  | 4 -> Read (random_path ())
  | _ -> random_op ()
