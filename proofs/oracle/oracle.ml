(* SPDX-License-Identifier: MPL-2.0
   oracle [--shell PATH] [--kernel N] [--situations 0] [--operations N] [--kills N] [--seed S] [--tmp DIR]

   Compares the model with the kernel (every operation in every pair of path situations, then N random calls) and with the real
   shell (N random commands with undo, redo, transactions, interference and kills): the disk is read back into the model's
   states, and the extracted properties are asked. A failure is shrunk to a short script. Last line: 'N passed, N failed'. *)

let kernel = ref 50_000 and situations = ref 1 and operations = ref 50_000 and kills = ref 100 and seed = ref 1
let tmp = ref (Filename.get_temp_dir_name ())

let nobody = 65534

(* Each user's calls in a process of its own, at the same time. *)
let ask_situations since =
  let users = if Unix.geteuid () = 0 then [ (0, nobody); (nobody, 0) ] else [ (Unix.geteuid (), Unix.geteuid ()) ] in
  let start (user, other) =
    let input, output = Unix.pipe ~cloexec:true () in
    match Unix.fork () with
    | 0 ->
      Report.base := Printf.sprintf "%s/%d" !Report.base user;
      Unix.mkdir !Report.base 0o755;
      let kinds, calls = Kernel.situations_of user other in
      let channel = Unix.out_channel_of_descr output in
      Marshal.to_channel channel (kinds, calls, !Report.passed, !Report.failed) [];
      flush channel;
      Unix._exit 0
    | pid -> Unix.close output; (user, pid, Unix.in_channel_of_descr input) in
  List.iter (fun (user, pid, channel) ->
      (match (Marshal.from_channel channel : int * int * int * int) with
       | kinds, calls, passed, failed ->
         Report.passed := !Report.passed + passed; Report.failed := !Report.failed + failed;
         Printf.printf "kernel: user %d: %d calls: every operation in %d situations of its path, or all pairs of them: %.1f s\n%!" user
           calls kinds (since ())
       | exception End_of_file -> Report.check false (fun () -> Printf.sprintf "kernel: user %d: not to the end" user));
      close_in channel;
      ignore (Unix.waitpid [] pid)) (List.map start users)

let ask_kernel since =
  if !situations > 0 then ask_situations since;
  Kernel.random !kernel;
  Printf.printf "kernel: %d random calls: %.1f s\n%!" !kernel (since ())

let ask_shell since =
  Random.init !seed;
  let good = ref true in
  while !good && !Rounds.ran < !operations do good := Shrinking.try_round (Shrinking.random_round ()) done;
  Printf.printf "shell: %d commands: %.1f s\n%!" !Rounds.ran (since ());
  for _ = 1 to !kills do
    if !good then good := Shrinking.try_round Rounds.[ Run (Shrinking.some 5 20); Kill (Shrinking.some 20 60, Random.float 0.03) ]
  done;
  Printf.printf "shell: %d kills: %.1f s\n%!" !kills (since ());
  Printf.printf "shell: %d undos, redos and rollbacks\n%!" !Rounds.undos

let () =
  Arg.parse
    [ ("--shell", Arg.Set_string Rounds.shell, "PATH"); ("--kernel", Arg.Set_int kernel, "N"); ("--situations", Arg.Set_int situations, "0 or 1");
      ("--operations", Arg.Set_int operations, "N"); ("--kills", Arg.Set_int kills, "N"); ("--seed", Arg.Set_int seed, "S");
      ("--tmp", Arg.Set_string tmp, "DIR") ]
    (fun _ -> ()) "oracle";
  Gc.set { (Gc.get ()) with minor_heap_size = 1 lsl 20; space_overhead = 400 };
  Sys.set_signal Sys.sigpipe Sys.Signal_ignore;
  ignore (Unix.umask 0o022);
  Random.init !seed;
  Report.base := Filename.concat !tmp (Printf.sprintf "vsh-oracle-%d" (Unix.getpid ()));
  Unix.mkdir !Report.base 0o755;
  let owner = Unix.getpid () in
  at_exit (fun () -> if Unix.getpid () = owner then begin Sys.chdir "/"; Report.remove !Report.base end);
  let start = Unix.gettimeofday () in
  let since () = Unix.gettimeofday () -. start in
  Printf.printf "seed %d\n%!" !seed;
  if !kernel > 0 then ask_kernel since;
  if !Rounds.shell <> "" then ask_shell since;
  Printf.printf "%d passed, %d failed\n" !Report.passed !Report.failed;
  exit (if !Report.failed > 0 then 1 else 0)
