#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Attempts to leave the bounds of a shell inside another one's (decision 0013), as root and as nobody.

Without arguments the attempts of test_sandbox.py that programs make, in a strict shell inside a default one, and some in the other
combinations; --all: all in all."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "Tests" / "lib"), str(TOP / "Tests" / "undo")]
from escapes import ATTEMPTS, C_RACE  # noqa: E402
from test_sandbox import Verdicts, prepare, run, run_suites  # noqa: E402

# (name, options of the shell around, of those inside, of the innermost, where it starts). TOP holds root and outside.
KINDS = (
    ("strict in a default one", [], [], ["--sandbox=strict", "--root", "TOP/root"], ""),
    ("write in a default one", [], [], ["--root", "TOP/root"], ""),
    ("write in one without bounds", ["--no-sandbox"], [], ["--root", "TOP/root"], ""),
    ("a wider one in a narrow one", ["--root", "TOP/root"], [], ["--root", "TOP"], "/root"),
    ("three", [], ["--root", "TOP"], ["--sandbox=strict", "--root", "TOP/root"], ""),
)
SOME = ("write through ..", "chmod program", "rename what the root is in", "Python: setxattr", "Python: exchange", "Python: a daemon", "Python: a socket", "Python: openat2")


class Inside(Verdicts):
    everything = False

    def inside(self, kind, top, script, **more):
        _, around, between, inner, here = kind
        words = [word.replace("TOP", top) for level in ([self.shell, *between, "-c", '"$@"', "x"] if between else [], [self.shell, *inner, "-c", f"cd $R; {script}"]) for word in level]
        env = {"HOME": top + "/home", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "O": top + "/outside", "R": top + "/root", "TESTEE": self.shell, **more}
        who = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        command = [self.shell, *(word.replace("TOP", top) for word in around), "-c", '"$@"', "x", *words]
        return subprocess.run(command, cwd=top + here, env=env, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, **who)

    def attempt(self, name, script, marks):
        if "root" in marks and self.who != "root" or "c" in marks and not shutil.which("cc"):
            return
        for kind in KINDS:
            is_for_programs = "/bin/" in script or "python3" in script or "c" in marks
            if not self.everything and name not in SOME and (kind != KINDS[0] or not is_for_programs or "race" in name):
                self.skipped += 1
                continue
            self.holds(f"{kind[0]}: {name}", marks, lambda top, kind=kind: self.inside(kind, top, script))

    def expect(self, name, script, output, message="", status=0, kind=KINDS[0]):
        """What a script in the innermost shell prints, and what it says."""
        def tried(top):
            os.chmod(top + "/outside/f", 0o644)
            return self.inside(kind, top, script)
        self.says(f"{kind[0]}: {name}", tried, output, [message] if message else None, status)

    def around(self, name, script, output, *words):
        """What a script in the shell around prints; `$IN DIR SCRIPT` runs one in bounds of its own."""
        def tried(top):
            with open(top + "/root/in", "w") as file:
                file.write(f'#!/bin/sh\nexec {self.shell} ${{LEVEL:---sandbox}} --root "$1" -c "cd $1; $2"\n')
            os.chmod(top + "/root/in", 0o755)
            return run(self.shell, top, self.user, script, [], IN=top + "/root/in", here="")
        self.says(name, tried, output, words)

    def reading(self, kind, script, expected):
        """What programs could not read and run in a strict shell inside is in the log of the one around."""
        top = prepare(self.base, self.user)
        try:
            shutil.copy("/bin/true", top + "/outside/prog")
            result = self.inside(kind, top, script)
            log = run(self.shell, top, self.user, "audit log --json --type refusal; audit verify > /dev/null", ["--no-sandbox"])
            seen = [(row["notes"][0], row["paths"][0].replace(top + "/", "")) for row in map(json.loads, log.stdout.splitlines())]
            self.verdict(f"{kind[0]}: {script}", "" if seen == expected and not (expected and log.returncode) else f"{seen} {result.stderr!r} {log.stderr!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def checks(self):
        strict = ("strict in a strict one", ["--sandbox=strict", "--root", "TOP"], [], KINDS[0][3], "")
        free = ("strict in one without bounds", ["--no-sandbox"], [], KINDS[0][3], "")
        for kind in (KINDS[0], KINDS[4], strict, free):
            self.reading(kind, "/bin/cat $O/f; sh -c $O/prog; /bin/cat $O/f f d/../f; ls -R > /dev/null; $O/prog; cat $O/g",
                         [("read", "outside/f"), ("run", "outside/prog"), ("read", "outside/g")])
            self.reading(kind, "/bin/cat f /etc/passwd; sh -c 'ls; cat d/g'", [])
        self.reading(KINDS[1], "/bin/cat $O/f; sh -c $O/prog", [])
        for kind in (KINDS[0], KINDS[1], KINDS[4]):
            self.expect("work", "/bin/sh -c 'echo a > new; mkdir x; mv new x/; chmod 700 x; touch -d @7 f; ln f hard; rm hard; ln -s f l; cat l x/new; stat -c %Y f; echo b > /dev/stdout | cat'; "
                        "echo c > g; mkdir -p p/q; /bin/rm -r p; mktemp > t; rm $(cat t)", "inside\na\n7\nb\n", kind=kind)
            self.expect("the message of a program", "/bin/chmod 777 $O/f", "", "vsh: sandbox: chmod: TOP/outside/f: outside the root TOP/root\n", 1, kind)
        self.expect("reading", "/bin/cat $O/f || echo no; cat < f; /bin/cat d/g", "no\ninside\ninside\n", "Permission denied")
        self.expect("tightened", "/bin/cat $O/g; sandbox strict; /bin/cat $O/g || echo no; /bin/cat f; (sandbox strict; /bin/touch x); sandbox write || ls", "victim\nno\ninside\nd\nf\nx\n",
                    "cannot be loosened", kind=KINDS[1])
        self.around("undo takes back what was done inside", "$IN $R 'echo x > f; /bin/rm d/g; /bin/mkdir n; chmod 600 d'; undo > /dev/null; cat root/f root/d/g; ls root", "inside\ninside\nd\nf\nin\n")
        self.around("refusals are in the log", "$IN $R '/bin/touch $O/new; echo x > $O/f; /bin/rm $O/g'; audit log --type refusal | sed 's,.*  ,,'", "open TOP/outside/new\nopen TOP/outside/f\nremove TOP/outside/g\n")
        # One filter, one listener: those of one program of the shell around share them.
        self.around("one after the other", "sh -c '$IN $R \"/bin/touch a; /bin/touch $O/b\"; touch $O/c; $IN $O \"/bin/touch d; /bin/touch $R/e\"; touch $R/g'; ls root outside",
                    "outside:\nc\nd\nempty\nf\ng\ntree\n\nroot:\na\nd\nf\ng\nin\n", "TOP/outside/b", "TOP/root/e")
        self.around("at a time", "sh -c '$IN $R \"sleep 0.2; /bin/touch a; /bin/touch $O/b\" & $IN $O \"sleep 0.2; /bin/touch d; /bin/touch $R/e\" & wait'; ls root outside",
                    "outside:\nd\nempty\nf\ng\ntree\n\nroot:\na\nd\nf\nin\n", "TOP/outside/b", "TOP/root/e")
        self.around("what outlives its shell", "sh -c '$IN $R \"/bin/sh -c \\\"(sleep 0.3; touch $O/x; touch $R/y) &\\\"\"; sleep 0.7'; ls root outside",
                    "outside:\nempty\nf\ng\ntree\n\nroot:\nd\nf\nin\ny\n", "TOP/outside/x")
        self.around("more than there is room for", "sh -c 'i=0; while [ $i -lt 70 ]; do i=$((i + 1)); mkdir $R/$i; LEVEL=--sandbox=strict $IN $R/$i \"/bin/touch f\"; done; touch $R/1/g; ls -d root/*/f | wc -l; ls root/1'",
                    "70\nf\ng\n")


if __name__ == "__main__":
    if "--all" in sys.argv:
        sys.argv.remove("--all")
        Inside.everything = True
    run_suites(Inside, ATTEMPTS, "vsh", {"race": C_RACE})
