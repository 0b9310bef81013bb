#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Attempts to leave the sandbox, as root and as nobody: by redirections, builtins, programs, Python, C, and races.

Each attempt runs twice. In the sandbox nothing outside may change. Without it (the same script, so that no attempt is idle)
something must; attempts that cannot change anything even then are marked and only run once."""
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "Tests" / "lib"))
from escapes import ATTEMPTS, C_RACE, C_WITHOUT, HIDDEN, KILL_RECORDER, RESOLVED, STATE_RACE, TRACE_SHELL  # noqa: E402

SHELL = str(TOP / ".build" / "release" / "vsh")


# What programs do where the recorder makes their calls on names; it must be as without.
CALLS_MADE = (
    "umask 027; : > a; mkdir b; stat -c %a a b; umask 0; : > c; mkfifo d; stat -c %a c d",
    "mkdir -p a/b/c a/b/c /usr; cd a/b; ln -s ../x l; echo hi > l; cat ../x l; rm -r ../b/c; rmdir c || echo no",
    "echo 1 > a; ln a b; ln -s a l; ln l m; cp -P l n; mv a z; cat b; readlink l m n; ls | wc -l; mv nothing x; ln b z; rm b/",
    "mkfifo p; (sleep 0.2; cat p) & echo through > p; wait; (cat < p & echo y > p; wait)",
    "mkfifo p; (read x < p; echo got $x) & exec 3<> p; echo y >&3; wait",
    "echo x > /dev/null; echo a > /dev/stdout; echo b > /dev/fd/1; echo c > /proc/self/fd/1; set -C; echo x > a; echo y > a || echo kept; cat a",
    'printf "#!/bin/sh\necho ran\n" > s; chmod 755 s; ./s; cp s t; ./t; for i in 1 2 3 4 5 6 7 8; do cp /bin/true u; ./u || echo busy; done',
    "mkdir d; echo x > d/; echo x > .; echo x > ''; rm d; rmdir . d/..; mv . e; mkdir d; ln d e; echo x > no/thing; mkdir no/thing",
    "exec 9> lock; flock 9; echo l > t; mv -T t lock2; truncate -s 5 lock2; stat -c %s lock2; : > \"$(mktemp)\"; mktemp -d > /dev/null",
    "mkdir far; cd far; rmdir ../far; : > f; mkdir g; true", "ln -s nothing a; echo x > a; cat nothing; ln -s b b; echo x > b; set -C; ln -s c d; echo x > d; cat c",
    "echo a > f; tar cf t.tar f; rm f; tar xf t.tar; cat f; sed -i s/a/b/ f; cat f; sort -o f f; install -m 600 f g; stat -c %a g",
    "python3 -c 'import os, tempfile; f = os.open(\".\", os.O_TMPFILE | os.O_RDWR); "
    "os.link(\"/proc/self/fd/%d\" % f, \"named\", src_dir_fd=f); print(os.path.exists(\"named\")); d = os.open(os.environ[\"HOME\"], os.O_RDONLY); os.mkdir(\"m\", dir_fd=d); os.rename(\"m\", \"n\", src_dir_fd=d, dst_dir_fd=d); "
    "print([x for x in os.listdir(d) if x[0] != \".\"]); os.close(d)\ntry: os.mkdir(\"q\", dir_fd=d)\nexcept OSError as e: print(e)'",
)


def snapshot(top):
    """Everything about what is below a directory, and the directory itself."""
    seen = {}
    for base, dirs, files in os.walk(top):
        for name in [""] * (base == top) + dirs + files:
            path = os.path.join(base, name)
            s = os.lstat(path)
            content = None
            if stat.S_ISREG(s.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.sha1(file.read()).hexdigest()
            elif stat.S_ISLNK(s.st_mode):
                content = os.readlink(path)
            attributes = {} if stat.S_ISLNK(s.st_mode) else {name: os.getxattr(path, name) for name in os.listxattr(path)}
            seen[path] = (s.st_mode, s.st_uid, s.st_gid, s.st_mtime_ns, s.st_nlink, content, attributes)
    return seen


def prepare(base, user):
    """The directories of one attempt."""
    top = tempfile.mkdtemp(prefix="vsh-sandbox.", dir=base)
    for name in ("root/d", "outside/tree/deep", "outside/empty", "home"):
        os.makedirs(os.path.join(top, name))
    for name, text in (("root/f", "inside"), ("root/d/g", "inside"), ("outside/f", "victim"), ("outside/g", "victim"), ("outside/tree/deep/h", "victim")):
        with open(os.path.join(top, name), "w") as file:
            file.write(text + "\n")
    try:
        os.setxattr(os.path.join(top, "outside/f"), "user.kept", b"1")
    except OSError:
        pass
    os.chmod(top, 0o755)
    if user:
        for path, dirs, files in os.walk(top):
            for name in [""] + dirs + files:
                os.lchown(os.path.join(path, name), user, user)
    return top


def compile_c(text, target):
    """A program for the tests, when there is a compiler."""
    if shutil.which("cc"):
        source = target + ".c"
        with open(source, "w") as file:
            file.write(text)
        subprocess.run(["cc", "-O1", "-pthread", "-w", source, "-o", target], check=True)
        os.chmod(target, 0o755)


def run(shell, top, user, script, options, wrapper=(), here="/root", **more):
    env = {"HOME": top + "/home", "PATH": os.environ["PATH"], "LC_ALL": "C", "O": top + "/outside", "R": top + "/root", "TESTEE": shell, **more}
    who = {"user": user, "group": user, "extra_groups": []} if user else {}
    return subprocess.run([*wrapper, shell, *options, "-c", script], cwd=top + here if here != "/" else here, env=env, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, **who)


def difference(before, after, top):
    return [path[len(top) + 1:] for path in sorted(set(before) | set(after)) if before.get(path) != after.get(path)]


class Verdicts:
    """What the suites of attempts share: their counts, and how what was tried is judged."""

    def __init__(self, shell, base, user):
        self.shell, self.base, self.user = shell, base, user
        self.who = "nobody" if user else ("root" if os.geteuid() == 0 else "user")
        self.passed = self.failed = self.skipped = 0

    def left_out(self):
        return f"{self.skipped} not for this user"

    def verdict(self, name, problem):
        if problem:
            self.failed += 1
            print(f"FAILED {self.who}: {name}: {problem}")
        else:
            self.passed += 1

    def holds(self, name, marks, tried):
        """`tried(top)` runs an attempt in the sandbox: it may change nothing outside."""
        top = prepare(self.base, self.user)
        try:
            before = snapshot(top + "/outside")
            result = tried(top)
            changed = difference(before, snapshot(top + "/outside"), top)
            problem = f"changed {changed}" if changed else ""
            if "idle" in marks and result.returncode == 9:
                problem = "it was allowed"
            if sorted(os.listdir(top)) != ["home", "outside", "root"]:
                problem = f"left {os.listdir(top)}"
            self.verdict(name, problem)
        except subprocess.TimeoutExpired:
            self.verdict(name, "did not end")
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def says(self, name, tried, output, messages=(), status=None):
        """What `tried(top)` prints, with TOP for top; `messages`: words on standard error, None: there is nothing on it."""
        top = prepare(self.base, self.user)
        try:
            result = tried(top)
            got, said = (text.decode(errors="replace").replace(top, "TOP") for text in (result.stdout, result.stderr))
            right = status in (None, result.returncode) and got == output and (not said if messages is None else all(word in said for word in messages))
            self.verdict(name, "" if right else f"{result.returncode} {got!r} {said!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)


class Suite(Verdicts):
    def attempt(self, name, script, marks):
        if "root" in marks and self.who != "root" or "c" in marks and not shutil.which("cc"):
            self.skipped += 1
            return
        self.holds(name, marks, lambda top: run(self.shell, top, self.user, script, ["--root", top + "/root"]))
        if "idle" in marks or name in ("mount", "unshare", "a device of its own", "Python: a race between a directory and a link"):
            return
        top = prepare(self.base, self.user)
        try:
            before = snapshot(top + "/outside")
            result = run(self.shell, top, self.user, script, ["--no-sandbox"])
            if not difference(before, snapshot(top + "/outside") if os.path.isdir(top + "/outside") else {}, top):
                self.verdict(name + " (free)", f"changed nothing even without the sandbox: {result.stderr[:300]!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)

    # What must work, and what must be said.

    def check(self, name, script, status, output=None, message=None, options=None, test=None, wrapper=()):
        top = prepare(self.base, self.user)
        try:
            result = run(self.shell, top, self.user, script, options or ["--root", top + "/root"], wrapper)
            problem = ""
            if status is not None and result.returncode != status:
                problem = f"status {result.returncode}: {result.stdout!r} {result.stderr!r}"
            elif output is not None and result.stdout != output:
                problem = f"printed {result.stdout!r} {result.stderr!r}"
            elif message is not None and not all(word.encode() in result.stderr for word in message):
                problem = f"said {result.stderr!r}"
            elif test:
                problem = test(top)
            self.verdict(name, problem)
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def checks(self):
        check = self.check
        check("work inside", "echo a > new; mkdir -p x/y; cp f x/y/; mv x z; ln f hard; ln -s f soft; echo b >> soft; chmod 600 f; touch -d @5 f; rm -r z; "
              "cat new soft", 0, b"a\ninside\nb\n")
        check("programs inside", "/bin/sh -c 'echo a > new; mkdir x; mv new x/; chmod 700 x; touch -d @7 f; ln f hard; rm hard; cat x/new; stat -c %Y f'", 0, b"a\n7\n")
        check("absolute links inside", "ln -s $R/d l; echo x > l/g; cat d/g; ln -s $R/f m; echo y > m; chmod 644 m; cat f", 0, b"x\ny\n")
        check(".. inside", "cd d; echo x > ../f; mkdir ../e; /bin/sh -c 'echo y >> ../f'; cat ../f", 0, b"x\ny\n")
        check("reading outside", "cat $O/f; cat < ../outside/g; /bin/cat $O/tree/deep/h; ls $O > l; cd ../outside && cat f", 0, b"victim\n" * 4)
        check("devices", "{ echo x > /dev/null; : >> /dev/null; /bin/sh -c 'echo x > /dev/null'; echo a > /dev/stdout; /bin/sh -c 'echo b > /dev/stdout' | cat; "
              "echo c > /dev/fd/1; /bin/sh -c 'echo d > /proc/self/fd/1'; } | cat", 0, b"a\nb\nc\nd\n")
        check("temporary files", "t=$(mktemp); echo x > $t; cat $t; rm $t; echo y > /tmp/vsh-inside.$$; cat /tmp/vsh-inside.$$; rm /tmp/vsh-inside.$$", 0, b"x\ny\n")
        check("undo inside", "rm f\nundo\ncat f", None, None, test=lambda top: "" if os.path.exists(top + "/root/f") else "f is gone")
        check("undo of a program", "begin; sed -i s/inside/changed/ f; /bin/rm d/g; rollback; cat f d/g", None,
              test=lambda top: "" if open(top + "/root/f").read() == "inside\n" and os.path.exists(top + "/root/d/g") else "not undone")
        check("the message", "echo x > ../outside/new", 1, b"", ["../outside/new", "outside the root"])
        check("the message of a builtin", "mkdir $O/new", 1, b"", ["/outside/new", "outside the root", "/root"])
        check("status of a program", "/bin/mkdir $O/new", 1, b"", ["ermission denied"])
        check("the audit log", "echo x > ../outside/new; chmod 777 $O/f; /bin/chmod 777 $O/f; /bin/rm $O/g; audit log --type refusal", 0, None, None,
              test=None)
        check("sandbox says", "sandbox | head -n 1", 0, b"level      write\n")
        check("it can be tightened", "sandbox strict && sandbox | head -n 1", 0, b"level      strict\n")
        check("it cannot be loosened", "sandbox strict; sandbox write", 1, b"", ["cannot be loosened"])
        check("off", "sandbox; echo x > ../outside/new && cat ../outside/new", 0, b"level      off\nx\n", options=["--no-sandbox"])
        check("strict: reading outside", "cat $O/f", 1, b"", options=["--sandbox=strict"])
        check("strict: reading outside by <", "read x < $O/f; echo \"[$x]\"", 0, b"[]\n", options=["--sandbox=strict"])
        check("strict: listing outside", "echo $O/*; /bin/ls $O", None, None, options=["--sandbox=strict"],
              test=None)
        check("strict: programs", "/bin/cat $O/f || echo no; /bin/cat f; ls -l f > l; /bin/sh -c 'echo a > new'; cat new; sort new", 0, b"no\ninside\na\na\n",
              options=["--sandbox=strict"])
        check("strict: a script outside", ". $O/f", None, b"", options=["--sandbox=strict"])
        check("strict: builtins say what they may not read", "for i in 'cat $O/f' 'ls $O' 'cp $O/f g' 'command . $O/f'; do eval $i && echo $i; done; audit log --type refusal | wc -l", 0, b"4\n",
              ["read: ", "/outside/f: outside the root", "/outside: outside the root"], options=["--sandbox=strict"])
        check("strict: cd", "ln -s $O l; for i in $O .. l /proc/self/cwd/.. $O/../root d .. /usr /tmp $R; do cd $i && echo ok; done; cd $O", 1, b"ok\n" * 7,
              ["sandbox: cd: ", "/outside: outside the root"], options=["--sandbox=strict"])
        check("strict: tightening", "cat $O/f; sandbox strict; cat $O/f || echo no", 0, b"victim\nno\n")
        check("VSH_ROOT", "VSH_ROOT=$R $TESTEE -c 'echo x > $O/new'; VSH_ROOT=$R $TESTEE --no-sandbox -c 'echo y > $O/free'; ls $O", 0, b"empty\nf\nfree\ng\ntree\n",
              options=["--no-sandbox"])
        check("no such root", ":", 2, b"", ["vsh: /nonexistent: no directory"], options=["--root", "/nonexistent"])
        check("the state is out of reach", "cd; echo x > .local/state/vsh/log.sqlite; rm -rf .local; mv .local x; rm -rf .local/state/vsh; chmod 777 .local/state/vsh; "
              "echo x > .local/state/vsh/new; /bin/sh -c 'rm -rf .local/state/vsh; echo x > .local/state/vsh/control'; /bin/mv .local x; "
              "python3 -c 'import os; os.rename(\".local/state/vsh/log.sqlite\", \"x\")'; audit verify > /dev/null && echo good; ls", None, b"good\n",
              options=None, test=lambda top: "" if not os.path.exists(top + "/home/.local/state/vsh/new") and os.path.getsize(top + "/home/.local/state/vsh/control") == 4096
              else "the state was changed")
        check("too few descriptors", "ulimit -n 12; /bin/chmod 777 $O/f; /bin/rm $O/g; echo x > new && cat < new", None, None, ["cannot confine"],
              test=lambda top: "" if os.stat(top + "/outside/f").st_mode & 0o777 != 0o777 and os.path.exists(top + "/outside/g") else "changed")
        check("hardly any descriptor", "ulimit -n 4; /bin/chmod 777 $O/f; /bin/rm $O/g", None, None,
              test=lambda top: "" if os.stat(top + "/outside/f").st_mode & 0o777 != 0o777 and os.path.exists(top + "/outside/g") else "changed")
        check("a killed recorder", "/bin/sh -c ': > new'; python3 -c '" + KILL_RECORDER + "'; /bin/chmod 777 $O/f; /bin/chmod 777 $O/f", None, None,
              test=lambda top: "" if os.stat(top + "/outside/f").st_mode & 0o777 != 0o777 else "changed")
        if shutil.which("cc"):
            without = [os.path.join(self.base, "without")]
            check("without Landlock: said once", "/bin/true; /bin/true; echo ok", 0, b"ok\n", ["no Landlock"], wrapper=without)
            check("without Landlock: builtins are held", "mkdir $O/new", 1, b"", ["outside the root"], wrapper=without)
            check("without Landlock: attributes are held", "/bin/chmod 777 $O/f", 1, b"", ["chmod"], wrapper=without)
            check("without Landlock: strict runs nothing", "/bin/true", 126, b"", ["no Landlock"], options=["--sandbox=strict"], wrapper=without)
        self.home()
        self.privileged()
        self.helpers()
        self.old_undo()
        self.refusals()
        self.defaults()

    def home(self):
        """The state lies below the root: home is the root."""
        top = prepare(self.base, self.user)
        try:
            env_root = ["--root", top + "/home"]
            script = ("cd; echo x > fine; echo x > .local/state/vsh/log.sqlite; rm -rf .local; mv .local x; /bin/rm -rf .local/state/vsh/journal; "
                      "/bin/mv .local/state x; /bin/sh -c 'echo x > .local/state/vsh/control'; audit verify | tail -n 1 | cut -d: -f1 > n; cat fine")
            result = run(self.shell, top, self.user, script, env_root)
            verify = run(self.shell, top, self.user, "audit verify", ["--no-sandbox"])
            problem = "" if result.stdout == b"x\n" and verify.returncode == 0 else f"{result.stdout!r} {result.stderr!r} {verify.stderr!r}"
            self.verdict("the state below the root is out of reach", problem)
        finally:
            shutil.rmtree(top, ignore_errors=True)
        self.unrecorded()
        self.home_in_a_race([])
        self.home_in_a_race(["--root"])
        self.calls_made()

    def unrecorded(self):
        """`--no-undo` leaves the state where it is, and out of reach."""
        for options in ([], ["--sandbox"]):
            top = prepare(self.base, self.user)
            try:
                state = top + "/home/.local/state/vsh"
                run(self.shell, top, self.user, ": > f; mkdir -p .config/vsh", ["--no-sandbox"], here="/home")
                before = snapshot(state)
                script = "echo x > .local/state/vsh/log.sqlite; rm -rf .local/state; mv .local x; echo x > .local/state/vsh/new; echo off > .config/vsh/sandbox; ls -A"
                if options:
                    script += "; /bin/sh -c 'echo x > .local/state/vsh/control; chmod 777 .local'; /bin/rm -rf .local/state/vsh; /bin/chmod 777 $O/f; mv $O/f y"
                result = run(self.shell, top, self.user, script, ["--no-undo", *options], here="/home")
                changed = [path for path in difference(before, snapshot(state), top) if "/journal/" not in path and not path.endswith(("/vsh", "/journal", "control"))]
                right = not changed and result.stdout == b".config\n.local\nf\n" and not os.listdir(top + "/home/.config/vsh")
                self.verdict(f"--no-undo {options}: the state is out of reach", "" if right else f"{changed} {result.stdout!r} {result.stderr!r}")
                if options:
                    log = run(self.shell, top, self.user, "audit log --json --type refusal | wc -l", ["--no-sandbox"])
                    held = os.stat(top + "/outside/f").st_mode & 0o777 != 0o777
                    self.verdict("--no-undo --sandbox: attributes are held, refusals are in the log", "" if held and int(log.stdout) > 5 else f"{held} {log.stdout!r}")
            finally:
                shutil.rmtree(top, ignore_errors=True)

    def race_for_the_state(self, root, top, place):
        state = top + "/home/.local/state/vsh"
        here = {"here": place, "S": state}
        plant, race = STATE_RACE.replace("$HOME", "$PWD").split("\n", 1)
        planted = run(self.shell, top, self.user, f"/bin/rm -rf $S/planted $S/kept; {plant}", ["--no-sandbox", "--no-undo"], **here)
        before = snapshot(state + "/planted"), snapshot(state + "/kept")
        result = run(self.shell, top, self.user, race, root, **here)
        changed = before != (snapshot(state + "/planted"), snapshot(state + "/kept")) or os.path.lexists(state + "/new")
        self.verdict(f"the state below the root {root[:1]}, in a race in {place}",
                     f"changed: {sorted(os.listdir(state))} {planted.stderr!r} {result.stderr!r}" if changed else "")

    def home_in_a_race(self, root):
        """The same against programs that race, trace and hide."""
        top = prepare(self.base, self.user)
        root = [*root, top + "/home"] if root else root
        here = {"here": "/home", "S": top + "/home/.local/state/vsh"}
        try:
            run(self.shell, top, self.user, "mkdir work; : > f; : > work/f; mkdir g work/g", ["--no-sandbox"], **here)
            if shutil.which("cc"):
                # In the home directory the recorder makes the calls; in one beside the state it leaves them to the program, and the bounds to Landlock.
                for place in ("/home", "/home/work"):
                    self.race_for_the_state(root, top, place)
            for name, script in (("the shell and its recorder are not traced", TRACE_SHELL), ("a program that hides its memory", HIDDEN), ("openat2", RESOLVED),
                                 ("ssh-agent", "timeout 10 sh -c 'eval $(ssh-agent) > /dev/null; ssh-agent -k > /dev/null; exit 7'")):
                result = run(self.shell, top, self.user, script, root, **here)
                self.verdict(f"{name} {root[:1]}", "" if result.returncode == 7 else f"{result.returncode} {result.stderr!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def calls_made(self):
        """What must go on working where the recorder makes the calls."""
        # The covered directory has both: what goes out of it the recorder makes.
        for script, place in ((script, place) for script in CALLS_MADE for place in ("/home", "/home/work")):
            found = []
            for wrapper in ([], [self.shell, "-c", '"$@"', "x"]):
                top = prepare(self.base, self.user)
                try:
                    run("/bin/sh", top, self.user, "mkdir work", [], here="/home")
                    result = run("/bin/bash", top, self.user, script, [], wrapper=wrapper, here=place)
                    found.append((result.stdout + result.stderr).decode(errors="replace").replace(top, "TOP"))
                finally:
                    shutil.rmtree(top, ignore_errors=True)
            self.verdict(f"calls made by the recorder in {place}: {script}", "" if found[0] == found[1] else f"{found[1]!r}, not {found[0]!r}")

    def privileged(self):
        """A set-user-ID program is refused, and how to run it is said."""
        if os.geteuid() != 0 or not self.user:
            return
        top = prepare(self.base, self.user)
        try:
            shutil.copy("/bin/true", top + "/outside/suid")
            os.chown(top + "/outside/suid", 0, 0)
            os.chmod(top + "/outside/suid", 0o4755)
            result = run(self.shell, top, self.user, "$O/suid", ["--root", top + "/root"])
            said = b"gains privileges" in result.stderr and b"--no-sandbox" in result.stderr
            self.verdict("a program that gains privileges", "" if said and result.returncode == 126 else f"{result.returncode} {result.stderr!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def helpers(self):
        """What a builtin runs is confined even where nothing of the shell was yet."""
        for options in ([], ["--sandbox=strict"], ["--no-undo"]):
            top = prepare(self.base, self.user)
            try:
                run(self.shell, top, self.user, "printf '#!/bin/sh\n: > ran\nchmod 777 $O/f\necho x > $O/g\n: > $HOME/.local/state/vsh/new\n' > psql; chmod 755 psql", [])
                run(self.shell, top, self.user, "audit head", [])
                before = snapshot(top + "/outside")
                result = run(self.shell, top, self.user, "PATH=$R:$PATH; audit push postgresql://x", ["--root", top + "/root", *options])
                changed = difference(before, snapshot(top + "/outside"), top)
                right = not changed and os.path.exists(top + "/root/ran") and not os.path.exists(top + "/home/.local/state/vsh/new")
                self.verdict(f"audit push {options}", "" if right else f"{changed} {os.listdir(top + '/root')} {result.stderr!r}")
            finally:
                shutil.rmtree(top, ignore_errors=True)

    def old_undo(self):
        top = prepare(self.base, self.user)
        try:
            run(self.shell, top, self.user, "echo changed > $O/f", ["--no-sandbox"])
            before = snapshot(top + "/outside")
            result = run(self.shell, top, self.user, "undo", ["--root", top + "/root"])
            changed = difference(before, snapshot(top + "/outside"), top)
            self.verdict("undo of what was done outside before", f"changed {changed} {result.stderr!r}" if changed or result.returncode == 0 else "")
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def expect(self, name, script, output, message="", status=0, options=(), **where):
        """Runs a script as any user would; `message`: words on standard error, none when empty."""
        self.says("by default: " + name, lambda top: run(self.shell, top, self.user, script, options, **{key: value.replace("TOP", top) for key, value in where.items()}),
                  output, [message] if message else None, status)

    def defaults(self):
        """What holds when nobody asks for anything."""
        expect = self.expect
        look = "sandbox | head -n 2 | tr -s ' '"
        expect("on, where the shell starts", look, "level write\nroot TOP/root\n")
        expect("the home directory", look, "level write\nroot TOP/home\n", here="/home")
        expect("below the home directory", "mkdir e; cd e; echo x > ../f; cat ../f; " + look, "x\nlevel write\nroot TOP\n", HOME="TOP")
        expect("cd does not move the root", "cd d; echo x > ../new; cd /; " + look, "level write\nroot TOP/root\n")
        expect("in / there is none", "sandbox; echo x > $O/f; cat $O/f", "level      off\nx\n", here="/")
        expect("not as sh", "echo x > $O/f; cat $O/f", "x\n", options=["--posix"])
        expect("VSH_SANDBOX=off", look, "level off\n", VSH_SANDBOX="off")
        expect("VSH_SANDBOX=strict", look, "level strict\nroot TOP/root\n", VSH_SANDBOX="strict")
        expect("VSH_SANDBOX=strict with a root", look, "level strict\nroot TOP/root\n", VSH_SANDBOX="strict", options=["--root", "."])
        expect("VSH_SANDBOX=off with a root", look, "level write\nroot TOP/root\n", VSH_SANDBOX="off", options=["--root", "."])
        expect("VSH_SANDBOX=nonsense", look, "", "off, write or strict", 2, VSH_SANDBOX="nonsense")
        expect("an option comes first", look, "level write\nroot TOP/root\n", VSH_SANDBOX="off", options=["--sandbox"])
        expect("the configuration", f"sh -c 'mkdir -p $R/c/vsh; echo off > $R/c/vsh/sandbox'; XDG_CONFIG_HOME=$R/c $TESTEE -c \"{look}\"", "level off\n",
               options=["--no-sandbox", "--no-undo"])
        expect("out of reach", "echo off > $HOME/.config/vsh/sandbox || echo no", "no\n", "No such file", HOME="TOP")
        expect("the configuration cannot be written", "mkdir -p .config/vsh; echo off > .config/vsh/sandbox; ls .config", "", ".config", here="/home")
        expect("an empty directory where it will be", "mkdir .config; rmdir .config/; /bin/mkdir .config; /bin/rmdir .config; mkdir .config; undo > /dev/null; { /bin/rmdir .local; rmdir .local/state; } 2> /dev/null; ls -A", ".local\n", here="/home")
        expect("not one that is not empty, nor a link with a slash behind it", "mkdir .config e; : > .config/x; ln -s e l; { rmdir l/; rmdir .config; } 2> /dev/null; ls -A . .config",
               ".:\n.config\n.local\ne\nl\n\n.config:\nx\n", here="/home")
        expect("a shell inside a shell", "cd d; $TESTEE -c 'echo x > ../new; sandbox'; cat ../new", "level      that of the shell around this one\nx\n")
        expect("a message when a program fails", "/bin/sh -c 'echo x > ../outside/new'", "", "vsh: sandbox: open: TOP/outside/new: outside the root TOP/root (vsh --root", 2)
        expect("none when it does not", "/bin/sh -c '(echo x > ../outside/new) 2> /dev/null; :'", "")
        expect("in a pipeline", "echo x | tee ../outside/new > /dev/null", "", "outside the root", 1)
        expect("norecord records nothing, and refuses", "norecord /bin/sh -c 'echo x > f; chmod 777 ../outside/f 2> /dev/null || echo no; :'; undo 2> /dev/null; cat f", "no\nx\n")
        expect("making what is there", "mkdir -p $O; mkdir $O 2> /dev/null; ln -s x $O/f 2> /dev/null; echo $?", "1\n")
        expect("no way out of a script", "unconfined /bin/true", "", "no way out", 1)
        expect("standard output is a file outside", "exec 3>&1; $TESTEE --root $R -c 'echo a; echo b > /dev/stdout; /bin/sh -c \"echo c >> /dev/stdout; echo d >> /dev/fd/1\"' >> $O/f; cat $O/f",
               "b\nc\nd\n", options=["--no-sandbox", "--no-undo"])
        expect("an undo that reaches out is none", "$TESTEE --no-sandbox -c 'echo x > f; echo x > $O/f'; $TESTEE -c undo; cat f $O/f", "x\nx\n", "nothing was changed: it reaches out of the sandbox",
               options=["--no-sandbox", "--no-undo"])
        if os.geteuid() == 0 and self.user:
            top = prepare(self.base, self.user)
            try:
                shutil.copy("/bin/false", top + "/root/setgid")
                os.chown(top + "/root/setgid", 0, 1)
                os.chmod(top + "/root/setgid", 0o2755)
                result = run(self.shell, top, self.user, "./setgid", [])
                self.verdict("a program that gains a group", "" if result.returncode == 1 and b"without the privileges" in result.stderr else f"{result.returncode} {result.stderr!r}")
            finally:
                shutil.rmtree(top, ignore_errors=True)

    def refusals(self):
        import json
        top = prepare(self.base, self.user)
        try:
            run(self.shell, top, self.user, "echo x > ../outside/new; chmod 777 $O/f; /bin/chmod 777 $O/f; /bin/rm $O/g; :", ["--root", top + "/root"])
            result = run(self.shell, top, self.user, "audit verify > /dev/null && audit log --json --type refusal", ["--no-sandbox"])
            rows = [json.loads(line) for line in result.stdout.splitlines()]
            seen = [(row["notes"][0], os.path.basename(row["paths"][0])) for row in rows]
            expected = [("open", "new"), ("chmod", "f"), ("chmod", "f"), ("remove", "g")]
            self.verdict("refusals are in the audit log", "" if seen == expected else f"{seen} {result.stderr!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)


def run_suites(make, attempts, name, programs):
    """Runs the attempts that the arguments name, or all and what is to be checked besides, as root and as nobody, or as whoever this is.

    make: a suite of (shell, directory, user); name: of the copy of the shell; programs: {name: C text}.
    """
    arguments = sys.argv[1:]
    shell = SHELL
    if "--shell" in arguments:
        place = arguments.index("--shell")
        shell = os.path.abspath(arguments[place + 1])
        del arguments[place:place + 2]
    # Not in /tmp, where changes are allowed.
    isroot = os.geteuid() == 0
    base = tempfile.mkdtemp(prefix="vsh-sandbox-test.", dir="/srv" if isroot and os.path.isdir("/srv") else "/" if isroot else os.path.expanduser("~"))
    os.chmod(base, 0o755)
    shell = shutil.copy(shell, os.path.join(base, name))
    passed = failed = 0
    try:
        for program, text in programs.items():
            if shutil.which("cc"):
                compile_c(text, os.path.join(base, program))
        for user in ([0, 65534] if isroot else [0]):
            suite = make(shell, base, user)
            for attempt in attempts:
                if all(word in attempt[0] for word in arguments):
                    suite.attempt(*attempt)
            if not arguments:
                suite.checks()
            print(f"{suite.who}: {suite.passed} held, {suite.failed} failed, {suite.left_out()}")
            passed += suite.passed
            failed += suite.failed
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(int(failed > 0))


if __name__ == "__main__":
    run_suites(Suite, ATTEMPTS, "vsh", {"race": C_RACE, "without": C_WITHOUT})
