#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Attempts to leave the bounds of a shell inside another one's (decision 0013), as root and as nobody.

Without arguments the attempts of test_sandbox.py that programs make, in a strict shell inside a default one, and some in the other
combinations; --all: all in all."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "Tests" / "lib"), str(TOP / "Tests" / "undo")]
from escapes import ATTEMPTS, C_RACE  # noqa: E402
from test_sandbox import Suite, difference, prepare, run, run_suites, snapshot  # noqa: E402

# (name, options of the shell around, of those inside, of the innermost, where it starts). TOP holds root and outside.
KINDS = (
    ("strict in a default one", [], [], ["--sandbox=strict", "--root", "TOP/root"], ""),
    ("write in a default one", [], [], ["--root", "TOP/root"], ""),
    ("write in one without bounds", ["--no-sandbox"], [], ["--root", "TOP/root"], ""),
    ("a wider one in a narrow one", ["--root", "TOP/root"], [], ["--root", "TOP"], "/root"),
    ("three", [], ["--root", "TOP"], ["--sandbox=strict", "--root", "TOP/root"], ""),
)
SOME = ("write through ..", "chmod program", "rename what the root is in", "Python: setxattr", "Python: exchange", "C: threads that change the path and the descriptor",
        "Python: a daemon", "Python: a socket", "Python: openat2")


class Inside(Suite):
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
            if not self.everything and name not in SOME and (kind != KINDS[0] or "/bin/" not in script and "python3" not in script or "race" in name):
                self.skipped += 1
                continue
            top = prepare(self.base, self.user)
            try:
                before = snapshot(top + "/outside")
                result = self.inside(kind, top, script)
                changed = difference(before, snapshot(top + "/outside"), top)
                problem = f"changed {changed}" if changed else ""
                if "idle" in marks and result.returncode == 9:
                    problem = "it was allowed"
                if sorted(os.listdir(top)) != ["home", "outside", "root"]:
                    problem = f"left {os.listdir(top)}"
                self.verdict(f"{kind[0]}: {name}", problem)
            except subprocess.TimeoutExpired:
                self.verdict(f"{kind[0]}: {name}", "did not end")
            finally:
                shutil.rmtree(top, ignore_errors=True)

    def checks(self):
        pass


if __name__ == "__main__":
    if "--all" in sys.argv:
        sys.argv.remove("--all")
        Inside.everything = True
    run_suites(Inside, ATTEMPTS, "vsh", {"race": C_RACE})
