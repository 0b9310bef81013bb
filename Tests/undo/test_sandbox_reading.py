#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Reading and running at the level `strict`: what leads outside is refused, said, and in the audit log once, with the path where it leads; what
stays inside leaves no trace there. As root and as nobody."""
import json
import os
import shutil
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "Tests" / "lib"), str(TOP / "Tests" / "undo")]
from escapes import KILL_RECORDER  # noqa: E402
from test_sandbox import Verdicts, prepare, run, run_suites  # noqa: E402

# Each word is a way to reach a path; all are raw calls of a static program.
C_READS = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **words) {
  char *how = words[1], *path = words[2], *name = strrchr(path, '/') + 1, *none[] = {path, NULL};
  char directory[4096];
  snprintf(directory, sizeof directory, "%.*s", (int)(name - path), path);
  int there = open(directory, O_PATH), result = -1;
  if (!strcmp(how, "open")) result = syscall(SYS_open, path, O_RDONLY);
  if (!strcmp(how, "openat")) result = syscall(SYS_openat, there, name, O_RDONLY | O_CLOEXEC);
  if (!strcmp(how, "chdir")) result = chdir(directory) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
  if (!strcmp(how, "fchdir")) result = fchdir(there) ? -1 : (int)syscall(SYS_open, name, O_RDONLY | O_NOFOLLOW);
  if (!strcmp(how, "openat2")) {
    struct open_how flags = {.flags = O_RDONLY};
    result = syscall(437, there, name, &flags, sizeof flags);
  }
  if (!strcmp(how, "again")) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", open(path, O_PATH));
    result = open(link, O_RDONLY);
  }
  if (!strcmp(how, "execve")) syscall(SYS_execve, path, none, NULL);
  if (!strcmp(how, "marked")) syscall(SYS_execve, path, none, NULL, 0L, 0L, 1L);
  if (!strcmp(how, "execveat")) syscall(SYS_execveat, there, name, none, NULL, 0);
  if (!strcmp(how, "fexecve")) syscall(SYS_execveat, open(path, O_PATH), "", none, NULL, AT_EMPTY_PATH);
  if (!strcmp(how, "fork")) {
    for (int i = 0; i < 3; i++)
      if (vfork() == 0) {
        execve(path, none, NULL);
        _exit(1);
      }
  }
  if (!strcmp(how, "memory")) {
    char link[64];
    int memory = memfd_create("m", 0);
    snprintf(link, sizeof link, "/proc/self/fd/%d", memory);
    result = open(link, O_RDONLY);
    // Nor are these attempts to read: a name alone, what is not there, and a link that is not followed.
    if (open(path, O_PATH) < 0 || open("/nonexistent", O_RDONLY) >= 0) result = -1;
  }
  printf("%s\n", result < 0 ? "no" : "yes");
  return 0;
}
"""

F, G, D, P = "outside/f", "outside/g", "outside", "outside/prog"
PYTHON = "/usr/bin/python3"
# (name, script, what the log is to hold, options and marks). $C: the C program; $O, $R: outside and the root, where it starts.
CASES = (
    ("cat", "/bin/cat $O/f", [("read", F)]),
    ("ls", "/bin/ls ../outside", [("read", D)]),
    ("/", "/bin/ls / || /bin/ls /", [("read", "/")]),
    ("Python", f"{PYTHON} -c 'open(\"../outside/f\")'", [("read", F)]),
    ("Python, later", f"{PYTHON} -c 'import time; time.sleep(0.1); open(\"../outside/f\")'", [("read", F)]),
    ("a link that points out", "ln -s $O/f l; /bin/cat l; ln -s l m; /bin/cat m", [("read", F)]),
    ("a link in the path", "ln -s $O l; /bin/cat l/f l/g", [("read", F), ("read", G)]),
    ("..", "/bin/cat d/../../outside/f; cd d; /bin/cat ../../outside/f", [("read", F)]),
    ("/proc", "/bin/cat /proc/self/root$O/f /proc/self/cwd/../outside/g", [("read", F), ("read", G)]),
    ("a program", "sh -c $O/prog", [("run", P)]),
    ("a program of the shell's", "$O/prog; command $O/prog", [("run", P)] * 2),
    ("in the shell's place", "exec $O/prog", [("run", P)]),
    ("an interpreter", "sh -c ./script; sh -c ./script", [("run", P)]),
    ("an interpreter, for the shell", "./script", [("run", P)]),
    ("an interpreter of an interpreter", "printf '#!./script\\n' > s; chmod 755 s; sh -c ./s", [("run", P)]),
    ("a loader", "echo 'int main() {}' > x.c; cc -Wl,--dynamic-linker=$O/prog x.c -o x && sh -c ./x", [("run", P)], "cc"),
    ("openings", "for i in open openat chdir fchdir again; do $C $i $O/f; done", [("read", F)], "C"),
    ("openat2", "$C openat2 $O/f", [("read", F)], "C"),
    ("starts", "for i in execve execveat fexecve marked fork; do $C $i $O/prog; done", [("run", P)], "C"),
    ("reading and running", "$C open $O/prog; $C execve $O/prog", [("read", P), ("run", P)], "C"),
    ("no attempts", "$C memory $O/f; /bin/ls -ld $O $O/f; [ -r $O/f ]; stat $O/g; /bin/cat $O/nothing /nonexistent; sh -c $O/nothing", [], "C"),
    ("many times", "for i in 1 2 3 4 5 6 7 8 9; do /bin/cat $O/f; done; sh -c 'cat $O/f; cat $O/f'", [("read", F)]),
    ("in a pipeline", "/bin/cat $O/f | cat; echo $(/bin/cat $O/g)", [("read", F), ("read", G)]),
    ("in the background", "/bin/cat $O/f & (sleep 0.1; /bin/cat $O/g) & wait", [("read", F), ("read", G)]),
    ("unrecorded", "set +o record; /bin/cat $O/f; norecord sh -c $O/prog", [("read", F), ("run", P)]),
    ("--no-undo", "/bin/cat $O/f; sh -c $O/prog", [("read", F), ("run", P)], "--no-undo"),
    ("builtins", "cat $O/f; read x < $O/g; ls $O; ln -s $O/tree l; command . ./l/deep/h; cp -r l/deep x", [("read", F), ("read", G), ("read", D), ("read", "outside/tree/deep/h"), ("read", "outside/tree/deep")]),
    ("patterns", "echo $O/*; for i in d/../../outside/tree/*; do :; done", [("read", D), ("read", "outside/tree")]),
    ("tightened", "/bin/cat $O/f; sandbox strict; /bin/cat $O/g", [("read", G)], "--root"),
    ("tightened in a process of its own", "(sandbox strict; /bin/cat $O/f; :) & wait; /bin/cat $O/g; $C openat2 $O/g", [("read", F)], "--root", "C"),
    ("not at the level write", "/bin/cat $O/f; sh -c $O/prog; $C openat2 $O/g; ls $O", [], "--root", "C"),
    ("a recorder that was killed", "/bin/cat $O/f; " + PYTHON + " -c '" + KILL_RECORDER.replace("'", '"') + "'; /bin/cat $O/g", None),
    ("more than are noted", f"for i in 1 2 3; do {PYTHON} -c 'import os\nfor i in range(300):\n try: open(os.environ[\"O\"] + \"/many/%d\" % i)\n except OSError: pass'; done", 201),
    ("inside", "/bin/cat f d/g ./d/../f $R/f; ls -la . d; find . > x; sort x > y; grep -r inside . > /tmp/$$; rm /tmp/$$; sh -c './own; . ./f' 2> x; date > x; cp f z; ln -s $R/f l; cat l; /bin/cat l; id > x; "
     f"{PYTHON} -c 'import json, tempfile, subprocess; print(open(tempfile.mkstemp()[1]).read(), subprocess.run([\"/bin/true\"]))' > x; /bin/cat /etc/passwd /proc/self/status /dev/null > x; ls /proc/self/fd > x; "
     "/bin/ls -l /dev/stdin /proc/self/exe > x; /bin/cat < f; echo a | /bin/cat /dev/stdin; perl -e 'print 1' > x; git --version > x; awk 1 f; sed -i s/a/a/ f; tar cf t.tar d; tar xf t.tar; make --version > x; ./own", []),
)


class Reading(Verdicts):
    def make(self):
        top = prepare(self.base, self.user)
        os.mkdir(top + "/outside/many")
        os.chmod(top + "/outside/many", 0o755)
        for i in range(300):
            open(f"{top}/outside/many/{i}", "w").close()
        shutil.copy("/bin/true", top + "/outside/prog")
        for name, interpreter in (("script", top + "/outside/prog"), ("own", "/bin/sh")):
            with open(f"{top}/root/{name}", "w") as file:
                file.write(f"#!{interpreter}\n")
            os.chmod(f"{top}/root/{name}", 0o755)
        for path, dirs, files in os.walk(top):
            for name in [""] + dirs + files:
                os.lchown(os.path.join(path, name), self.user, self.user) if self.user else None
        return top

    def attempt(self, name, script, expected, *marks, **more):
        if "C" in marks and not os.path.exists(self.base + "/reads") or "cc" in marks and not shutil.which("cc"):
            self.skipped += 1
            return
        top = self.make()
        try:
            shutil.copy(self.base + "/reads", top + "/root/reads")
            options = ["--root", top + "/root"] + ["--sandbox=strict"] * ("--root" not in marks) + ["--no-undo"] * ("--no-undo" in marks)
            path = "/usr/sbin:/usr/bin:/sbin:/bin"
            result = run(self.shell, top, self.user, script, options, C=top + "/root/reads", PATH=path, **more)
            log = run(self.shell, top, self.user, "audit log --json --type refusal; audit verify > /dev/null", ["--no-sandbox"], PATH=path)
            rows = [json.loads(line) for line in log.stdout.splitlines()]
            seen = sorted((row["notes"][0], row["paths"][0].replace(top + "/", "")) for row in rows)
            problem = ""
            if isinstance(expected, int):
                problem = "" if len(seen) == expected else f"{len(seen)} rows"
            elif expected is not None:
                problem = "" if seen == sorted(expected) else f"{seen}: {result.stderr!r}"
            if log.returncode != 0 and (seen or b"nothing is logged" not in log.stderr):
                problem += f" audit verify: {log.stderr!r}"
            if b"victim" in result.stdout and "--root" not in marks:
                problem += " it was read"
            self.verdict(name, problem)
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def says(self, name, script, *words, options=("--sandbox=strict",)):
        top = self.make()
        try:
            result = run(self.shell, top, self.user, script, [*options, "--root", top + "/root"], PATH="/usr/bin:/bin")
            said = result.stderr.decode(errors="replace").replace(top, "TOP")
            self.verdict(f"the message: {name}", "" if all(word in said for word in words) and (words or not said) else repr(said))
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def checks(self):
        self.says("a program", "/bin/cat ../outside/f", "/bin/cat: ../outside/f: Permission denied\nvsh: sandbox: read: TOP/outside/f: outside the root TOP/root\n")
        self.says("a list", "ls . > /dev/null; /bin/ls /", "sandbox: read: /: outside the root TOP/root\n")
        self.says("running", "sh -c ./script", "sandbox: run: TOP/outside/prog: outside the root TOP/root\n")
        self.says("running, by the shell", "./script", "sandbox: run: TOP/outside/prog: outside the root TOP/root\n", "./script: Permission denied")
        self.says("a link", "ln -s $O/f l; cat l", "sandbox: read: TOP/outside/f: outside the root TOP/root\n")
        self.says("a pattern", "echo $O/*", "sandbox: read: TOP/outside: outside the root TOP/root\n")
        self.says("none when it succeeds", "sh -c 'cat $O/f 2> /dev/null; :'")
        self.says("unrecorded", "/bin/cat $O/f", "sandbox: read: TOP/outside/f", options=("--sandbox=strict", "--no-undo"))
        # Where the recorder may not read the memory of programs, a thread of the shell does.
        for name, script, expected, *marks in CASES:
            if name in ("cat", "Python, later", "an interpreter", "openings", "starts", "in a pipeline", "in the background", "inside"):
                self.attempt(f"{name} (ptrace_scope 1)", script, expected, *marks, VSH_PTRACE_SCOPE="1")


if __name__ == "__main__":
    run_suites(Reading, [(name, script, expected, *marks) for name, script, expected, *marks in CASES], "vsh", {"reads": C_READS})
